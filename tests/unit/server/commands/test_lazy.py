import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from run_pbx import COMMANDS, app
from server.commands.lazy import load

ROOT = Path(__file__).parents[4]
DEAR = {"fastapi", "matplotlib", "onnxruntime", "ortools", "scipy", "soundfile", "sqlalchemy"}


def run(*words):
    return CliRunner().invoke(app, words)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_says(name):
    first = load(name, COMMANDS[name]).help.strip().split("\n\n")[0]
    assert " ".join(first.split()) == COMMANDS[name].told


def test_the_list_has_all_in_order():
    shown = run("--help").output
    places = [shown.index(f"\u2502 {name} ") for name in COMMANDS]
    assert places == sorted(places)


def test_a_command_that_is_not_there():
    result = run("serv")
    assert result.exit_code == 2
    assert "No such command 'serv'" in result.output


@pytest.mark.parametrize("words", [("users", "list", "--help"), ("analyse", "--help"), ("--help",)])
def test_nobody_waits_for_what_others_need(words):
    code = f"""
import sys, run_pbx
try:
    run_pbx.app({words!r})
except SystemExit:
    print(*sys.modules)
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(ran.stdout.splitlines()[-1].split())
    assert "run_pbx" in loaded
    assert not loaded & DEAR
