"""Signals and the ready file, with a node that only notes what it is told."""

import asyncio
import json
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from config.load import Loaded
from domain.care_ports import ModelView
from domain.consent import EmotionPolicy
from domain.errors import StoreError
from server import life
from tests.config_support import RIGHT, loaded


class FakeControl:
    def __init__(self) -> None:
        self.graces_s: list[float] = []
        self.draining = asyncio.Event()
        self.idle = asyncio.Event()

    def calls(self) -> list[str]:
        return ["a call"]

    async def drain(self, grace_s: float) -> int:
        self.graces_s.append(grace_s)
        self.draining.set()
        if grace_s:
            await self.idle.wait()
        return 0


class FakeNode:
    def __init__(self, configuration: Loaded) -> None:
        self.configuration = configuration.configuration
        self.observation = SimpleNamespace(readiness=SimpleNamespace(draining=False))
        self.edge = SimpleNamespace(listening=[("udp", "127.0.0.1", 5062)], draining=False)
        self.http = SimpleNamespace(url="http://127.0.0.1:8080")
        self.written = SimpleNamespace(chat=None, mail=None)
        self.control = FakeControl()
        self.care = SimpleNamespace(
            is_at_work=False, model=lambda: ModelView(enabled=False, policy=EmotionPolicy.NOTICE)
        )
        self.ready = asyncio.Event()
        self.left = False


Serving = Callable[[], tuple[FakeNode, "asyncio.Task[None]"]]


@pytest.fixture
def ready_file(tmp_path: Path) -> Path:
    return tmp_path / "ready.json"


@pytest.fixture
def old_ready_file(ready_file: Path) -> Path:
    ready_file.write_text("{}")
    return ready_file


def content(ready_file: Path) -> object:
    return json.loads(ready_file.read_text()) if ready_file.exists() else None


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch, ready_file: Path) -> Serving:
    """Begin to serve with a fake node, which leaves this process as it is."""
    monkeypatch.setattr(sys, "setswitchinterval", lambda _: None)
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    monkeypatch.setattr(os, "setpriority", lambda *_: None)
    configuration = loaded(RIGHT)

    def begin() -> tuple[FakeNode, asyncio.Task[None]]:
        node = FakeNode(configuration)

        @asynccontextmanager
        async def run_node(_: Loaded) -> AsyncIterator[FakeNode]:
            asyncio.get_running_loop().call_soon(node.ready.set)
            yield node
            node.left = True

        monkeypatch.setattr(life, "run_node", run_node)
        return node, asyncio.create_task(life.serve(configuration, ready_file=ready_file))

    return begin


@pytest.mark.parametrize("number", life.STOP_SIGNALS)
async def test_a_signal_drains_and_stops(
    serving: Serving, ready_file: Path, number: signal.Signals
) -> None:
    node, task = serving()
    await node.ready.wait()
    assert content(ready_file) == {
        "pid": os.getpid(),
        "sip": [["udp", "127.0.0.1", 5062]],
        "http": "http://127.0.0.1:8080",
        "chat": None,
        "smtp": None,
    }
    os.kill(os.getpid(), number)
    await node.control.draining.wait()
    assert node.observation.readiness.draining
    assert node.edge.draining
    assert not task.done(), "running calls may go on"
    node.control.idle.set()
    await task
    assert node.control.graces_s == [node.configuration.node.drain_grace_s]
    assert node.left
    assert content(ready_file) is None


async def test_a_second_signal_ends_the_grace(serving: Serving) -> None:
    node, task = serving()
    await node.ready.wait()
    os.kill(os.getpid(), signal.SIGTERM)
    await node.control.draining.wait()
    os.kill(os.getpid(), signal.SIGINT)
    await task
    assert node.control.graces_s == [node.configuration.node.drain_grace_s, 0.0]
    assert node.left


async def test_a_part_that_cannot_start_leaves_no_ready_file_and_no_signal_handler(
    serving: Serving, monkeypatch: pytest.MonkeyPatch, old_ready_file: Path
) -> None:
    @asynccontextmanager
    async def run_node(_: Loaded) -> AsyncIterator[FakeNode]:
        raise StoreError("the disk is full")
        yield

    _, task = serving()
    monkeypatch.setattr(life, "run_node", run_node)
    with pytest.raises(StoreError, match="the disk is full"):
        await task
    assert content(old_ready_file) is None
    assert not asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)


@pytest.mark.parametrize(
    ("limits", "allowed"),
    [
        ((1_024, 1_048_576), (65_536, 1_048_576)),
        ((1_024, 4_096), (4_096, 4_096)),
        ((1_024, resource.RLIM_INFINITY), (65_536, resource.RLIM_INFINITY)),
        ((100_000, 1_048_576), None),
        ((4_096, 4_096), None),
    ],
)
def test_as_many_files_are_allowed_as_the_system_lets_us(
    limits: tuple[int, int],
    allowed: tuple[int, int] | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, wanted: asked.append(wanted))
    life._allow_files()
    assert asked == ([] if allowed is None else [allowed])


@pytest.mark.parametrize(("wanted", "now", "reached"), [(-10, 0, -10), (0, 5, 0), (5, 0, 0)])
def test_the_node_comes_as_early_as_its_cells_and_never_later_than_now(
    wanted: int, now: int, reached: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(os, "getpriority", lambda *_: now)
    monkeypatch.setattr(os, "setpriority", lambda _which, _who, level: asked.append(level))
    life._come_first(wanted)
    assert asked == [reached]


def test_without_the_right_to_it_the_node_runs_where_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refuse)
    life._come_first(-10)
