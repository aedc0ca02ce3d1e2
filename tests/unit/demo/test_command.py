import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from demo.board import Board
from demo.command import _print_json, _wrong
from demo.director import Director
from demo.journey import Journey
from demo.node import NodeProcess
from demo.timeline import Timeline
from run_pbx import app
from tests.unit.demo.test_timeline import WHOLE


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_that_cannot_be_played_is_named_and_nothing_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    pytest.importorskip("soundfile")

    def started(*_args: object, **_named: object) -> None:
        raise AssertionError("a node was started")

    monkeypatch.setattr("demo.command.NodeProcess", started)
    folder = tmp_path if there else tmp_path / "none"
    result = CliRunner().invoke(app, ["demo", "--audio", str(folder)])
    assert result.exit_code == 1
    assert f"error: {folder}: " in result.output
    assert ("no recording in it" if there else "not a folder") in result.output


@pytest.mark.parametrize("with_journey", [True, False])
def test_the_json_tells_of_the_timeline_where_there_is_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], with_journey: bool
) -> None:
    node = NodeProcess(tmp_path, "")
    node.http = "http://127.0.0.1:1"
    journey = Journey(node, "token", "k" * 40, Board()) if with_journey else None
    director = Director(node, "token", {}, Board(), journey=journey)
    if journey is not None:
        journey.timeline = Timeline(WHOLE)
        journey.wrong = ["mail: the node receives no mail"]
        assert _wrong([], director, journey) == ["cut-off: mail: the node receives no mail"]
    _print_json([], director, journey, ok=True, elapsed_s=61.04)
    lines = capsys.readouterr().out.splitlines()
    told = json.loads(lines.pop())
    assert lines == []
    expected = {"channels": ["chat", "voice", "mail"], "attachments": 1} if with_journey else None
    assert told.get("timeline") == expected
    assert (told["ok"], told["elapsed_s"]) == (True, 61.0)
