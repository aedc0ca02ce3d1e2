import pytest

from config.mistake import ConfigurationMistakes
from domain.errors import SimulationError
from router.simulation.arrivals_csv import COLUMNS
from server.simulate.sources import read_source
from tests.house import ROOT
from tests.unit.router.simulation.rig import TINY

ROWS = f"{','.join(COLUMNS)}\n30000,voice,sales,,3,offer,a,90\n"


@pytest.fixture
def files(tmp_path):
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    (tmp_path / "day.csv").write_text("\ufeff" + ROWS, encoding="utf-8")
    return tmp_path


def test_a_workload_draws_its_own_contacts(files) -> None:
    source = read_source(files / "tiny.yaml", None)
    assert source.workload.name == "tiny"
    assert source.arrivals(source.centre(1)) is None


def test_a_table_takes_agents_from_a_workload_or_a_configuration(files) -> None:
    for config in (files / "tiny.yaml", ROOT / "config" / "examples" / "small-office.yaml"):
        source = read_source(files / "day.csv", config)
        (arrival,) = source.arrivals(source.centre(1)) or ()
        assert (arrival.at_s, arrival.queue_id, arrival.value) == (30_000.0, "sales", 3)
    # The office's queue is answered in English.
    assert arrival.language == "en"


def test_a_table_has_as_many_days_as_it_needs(files) -> None:
    (files / "week.csv").write_text(ROWS + "520000,voice,sales,,3,offer,a,90\n", encoding="utf-8")
    assert read_source(files / "week.csv", files / "tiny.yaml").days == 7
    assert read_source(files / "day.csv", files / "tiny.yaml").days == 1
    assert read_source(files / "tiny.yaml", None).days == 1


def test_what_does_not_belong_together_is_refused(files) -> None:
    with pytest.raises(SimulationError, match="needs --config"):
        read_source(files / "day.csv", None)
    with pytest.raises(SimulationError, match="stand in itself"):
        read_source(files / "tiny.yaml", files / "tiny.yaml")
    with pytest.raises(ConfigurationMistakes, match="no such file"):
        read_source(files / "none.yaml", None)
    (files / "bad.csv").write_bytes(b"arrival_s\n\xff\n")
    with pytest.raises(SimulationError, match=r"bad.csv:2: found byte 0xff"):
        read_source(files / "bad.csv", files / "tiny.yaml")
