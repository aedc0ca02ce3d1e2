import json

import pytest
import typer
from typer.testing import CliRunner

from router.simulation.arrivals_csv import COLUMNS
from router.simulation.compare import REQUIRED
from server.commands import sim
from tests.unit.router.simulation.rig import TINY

RUNNER = CliRunner()
ENV = {"NO_COLOR": "1", "COLUMNS": "100"}


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    app = typer.Typer()
    sim.register(app)
    return lambda *words: RUNNER.invoke(app, words, env=ENV)


def test_the_last_line_of_json_is_the_comparison(invoke, tmp_path) -> None:
    result = invoke(
        "--workload", "tiny.yaml", "--policy", "fifo,warmline", "--seed", "3", "--seeds", "2",
        "--json", "--markdown", "page.md", "--plot", "day.png", "--workers", "1",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    last = json.loads(result.stdout.splitlines()[-1])
    assert last["seeds"] == 2
    assert list(last["policies"]) == ["fifo", "warmline"]
    for figures in last["policies"].values():
        assert set(REQUIRED) <= set(figures)
        assert set(figures["asa_s"]) == {"mean", "ci95"}
    assert "value-weighted wait" in result.stdout
    assert (tmp_path / "page.md").read_text(encoding="utf-8").startswith("# Simulator\n")
    assert (tmp_path / "day.png").stat().st_size > 10_000


def test_the_same_command_prints_the_same(invoke) -> None:
    words = ("--workload", "tiny.yaml", "--policy", "rings", "--json", "--workers", "1")
    assert invoke(*words).stdout == invoke(*words).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--workload", "tiny.yaml", "--policy", "best"), "found 'best'; allowed: each once: fifo"),
        (("--workload", "tiny.yaml", "--policy", "fifo,fifo"), "found 'fifo'; allowed: each once"),
        (("--workload", "none.yaml"), "none.yaml:1:1:"),
        (("--workload", "bad.yaml"), "bad.yaml:1:1: error: contact: found unknown key"),
        (("--workload", "day.csv"), "needs --config"),
        (("--workload", "day.csv", "--config", "tiny.yaml"), "day.csv:2: channel: found 'fax'"),
    ],
)
def test_wrong_input_is_named_and_ends_with_2(invoke, tmp_path, words, said) -> None:
    (tmp_path / "bad.yaml").write_text("contact: 1\n" + TINY, encoding="utf-8")
    (tmp_path / "day.csv").write_text(f"{','.join(COLUMNS)}\n1,fax,sales,,,,,\n", encoding="utf-8")
    result = invoke(*words)
    assert result.exit_code == 2
    assert said in result.stderr
