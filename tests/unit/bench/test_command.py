import inspect
from importlib import import_module
from types import SimpleNamespace

import pytest
import typer

from bench import command


@pytest.mark.parametrize("name", command.NAMES)
def test_a_bench_that_is_named_can_be_run(name: str) -> None:
    run = import_module(f"bench.{name}").run
    parameters = inspect.signature(run).parameters
    assert parameters["json"].default is False
    assert all(each.default is not inspect.Parameter.empty for each in parameters.values())


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    runs: list[tuple[str, bool]] = []

    def fake(module: str) -> SimpleNamespace:
        return SimpleNamespace(run=lambda *, json: runs.append((module, json)))

    monkeypatch.setattr(command, "import_module", fake)
    return runs


def test_one_is_run_by_its_name(ran: list[tuple[str, bool]]) -> None:
    command.bench("records", as_json=True)
    assert ran == [("bench.records", True)]


def test_all_are_run_one_after_the_other(ran: list[tuple[str, bool]]) -> None:
    command.bench("all")
    assert ran == [(f"bench.{name}", False) for name in command.NAMES]


def test_a_bench_that_is_not_there_is_refused(ran: list[tuple[str, bool]]) -> None:
    with pytest.raises(typer.BadParameter, match="no bench 'nonsense'; there are: calls"):
        command.bench("nonsense")
    assert ran == []


def test_the_help_tells_of_each() -> None:
    told = command._epilog()
    for name, what in command.NAMES.items():
        assert name in told
        assert what in told
