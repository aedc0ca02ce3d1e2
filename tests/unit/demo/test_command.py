from pathlib import Path

import pytest
from typer.testing import CliRunner

from run_pbx import app


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
