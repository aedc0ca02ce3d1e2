from pathlib import Path

import pytest
from typer.testing import CliRunner

from run_pbx import app
from tests.config_support import RIGHT

CLI = CliRunner()
ENV = {"WARMLINE_CONFIG": "", "NO_COLOR": "1", "COLUMNS": "160"}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    file = tmp_path / "site.yaml"
    file.write_text(RIGHT, encoding="utf-8")
    return file


def run(site: Path, *words: str):
    return CLI.invoke(app, ["tickets", *words, "--config", str(site)], env=ENV)


def right(site: Path, *words: str) -> str:
    result = run(site, *words)
    assert result.exit_code == 0, result.output
    return result.output


def test_from_open_to_solved(site: Path) -> None:
    assert (
        right(site, "open", "Router [bold]broken", "--queue", "service", "--note", "night") == "1\n"
    )
    assert right(site, "assign", "1", "anna") == "ticket 1: anna\n"
    assert right(site, "step", "1", "take", "--by", "anna") == "ticket 1: open\n"
    right(site, "note", "1", "called him")
    listed = right(site, "list")
    assert "Router [bold]broken" in listed
    assert "anna" in listed
    shown = right(site, "show", "1")
    for part in ("new → open", "called him", "night", "operator"):
        assert part in shown
    assert right(site, "step", "1", "solve") == "ticket 1: solved\n"
    assert "no tickets" in right(site, "list")
    assert "solved" in right(site, "list", "--state", "solved")
    assert right(site, "assign", "1") == "ticket 1: nobody\n"


def test_merged(site: Path) -> None:
    right(site, "open", "One", "--queue", "service")
    right(site, "open", "Two", "--queue", "service", "--priority", "4")
    assert right(site, "merge", "1", "2").startswith("ticket 2: 0 links, due 2")
    listed = right(site, "list", "--queue", "service")
    assert "Two" in listed
    assert "One" not in listed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "7"), "no ticket '7'"),
        (("open", "x", "--queue", "gone"), "no queue 'gone'"),
        (("open", "x", "--queue", "service", "--owner", "bob"), "no agent 'bob'"),
        (("step", "1", "reopen"), "no step 'reopen' from state 'new'"),
    ],
)
def test_what_cannot_be_done_is_said(site: Path, words: tuple[str, ...], said: str) -> None:
    right(site, "open", "One", "--queue", "service")
    result = run(site, *words)
    assert result.exit_code == 1
    assert said in result.output
