import pytest

from config.mistake import ConfigurationMistakes
from config.workload import AGENTS_MAX, USUAL, seconds_of
from config.workload_file import read_workload
from tests.house import ROOT
from tests.unit.router.simulation.rig import TINY, workload

EXAMPLES = sorted((ROOT / "config" / "examples" / "workloads").glob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_a_workload_of_that_name(path) -> None:
    assert read_workload(path.read_bytes(), path).name == path.stem


def test_the_standard_centre_is_as_large_as_it_says() -> None:
    path = next(path for path in EXAMPLES if path.stem == "centre")
    centre = read_workload(path.read_bytes(), path)
    assert sum(team.agents for team in centre.teams) == 200
    assert {name for queue in centre.queues for name in queue.channels} == set(USUAL)


def test_what_is_not_said_of_a_channel_is_usual() -> None:
    assert workload().channel("voice") is USUAL["voice"]
    assert seconds_of("08:30") == 30_600.0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"09:00": 3', '"07:00": 3', "times must grow"),
        ('"08:00": 1, "09:00": 3, "11:00": 2', '"08:00": 0, "09:00": 0', "over 0"),
        ("id: help", "id: sales", "queues: sales stands there twice"),
        ("agents: 4, ", f"agents: {AGENTS_MAX}, ", f"at most {AGENTS_MAX}"),
        ("agents: 4, ", "agents: 4, shifts: [night], ", "team desk: no shift night"),
        ('end: "12:00"', 'end: "08:05"', "more time than for breaks"),
    ],
)
def test_what_does_not_fit_together_is_refused(old: str, new: str, said: str) -> None:
    assert old in TINY
    with pytest.raises(ConfigurationMistakes, match=said):
        workload(TINY.replace(old, new))
