"""What is read from the files that SIPp writes."""

import shutil
from pathlib import Path

import pytest

from bench.sipp import SCENARIOS, Sipp, SippMissing, require_sipp

STAT = """\
StartTime;LastResetTime;SuccessfulCall(P);SuccessfulCall(C);FailedCall(P);FailedCall(C);
a;b;1;1;0;0;
a;b;6;7;1;2;
"""
LOG = """\
I 1 2026-01-01\t09:30:00.250000\t1767259800.250000
A caller 1 2026-01-01\t09:30:01.500000\t1767259801.500000
a line of SIPp's own
B 2026-01-01\t00:00:00.000001\t1767225600.000001
"""


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")


def sipp(folder: Path, **values: object) -> Sipp:
    return Sipp(
        "caller", folder, local="127.0.0.2", port=5_080, remote="127.0.0.1:5060", values=values
    )


def test_a_missing_program_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert require_sipp() == "/usr/bin/sipp"
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(SippMissing, match="apt-get install sip-tester"):
        require_sipp()


def test_before_anything_is_written_nothing_is_counted(tmp_path: Path) -> None:
    counts = sipp(tmp_path).counts()
    assert (counts.successful, counts.failed, counts.lines) == (0, 0, [])
    assert sipp(tmp_path).errors() == ""


def test_the_last_row_has_the_counts_since_the_start(tmp_path: Path) -> None:
    made = sipp(tmp_path)
    (tmp_path / "caller-5080.csv").write_text(STAT)
    counts = made.counts()
    assert (counts.successful, counts.failed) == (7, 2)


@pytest.mark.parametrize("text", ["", STAT.splitlines()[0] + "\n"])
def test_a_file_without_rows_counts_nothing(tmp_path: Path, text: str) -> None:
    made = sipp(tmp_path)
    (tmp_path / "caller-5080.csv").write_text(text)
    assert made.counts().successful == 0


def test_a_row_that_is_still_being_written_counts_nothing(tmp_path: Path) -> None:
    made = sipp(tmp_path)
    (tmp_path / "caller-5080.csv").write_text(STAT.splitlines()[0] + "\na;b;\n")
    counts = made.counts()
    assert (counts.successful, counts.failed) == (0, 0)


def test_a_logged_line_is_its_words_and_the_time_of_day(tmp_path: Path) -> None:
    made = sipp(tmp_path)
    (tmp_path / "caller-5080.log").write_text(LOG)
    assert made.counts().lines == [
        ("I", "1", "34200.25"),
        ("A", "caller", "1", "34201.5"),
        ("B", "1e-06"),
    ]


def test_complaints_are_read_whatever_their_bytes(tmp_path: Path) -> None:
    made = sipp(tmp_path)
    (tmp_path / "caller-5080.err").write_bytes(b"Aborting call \xff\n")
    assert made.errors().startswith("Aborting call")


def test_what_an_earlier_run_left_is_not_counted(tmp_path: Path) -> None:
    (tmp_path / "caller-5080.csv").write_text(STAT)
    assert sipp(tmp_path).counts().successful == 0


def test_values_are_filled_into_the_scenario(tmp_path: Path) -> None:
    sipp(tmp_path, rtp_port=6_000, hold_ms=30_000)
    text = (tmp_path / "caller-5080.xml").read_text()
    assert "m=audio 6000 RTP/AVP" in text
    assert "@rtp_port@" not in text
    assert "@hold_ms@" not in text


def test_every_scenario_of_the_benches_can_be_read() -> None:
    assert {file.stem for file in SCENARIOS.glob("*.xml")} == {"agent", "caller"}
