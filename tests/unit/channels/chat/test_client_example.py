"""The command-line client of docs/examples does what its page says, against the real server."""

import asyncio
import importlib.util
import inspect
import os
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any, TextIO

import pytest

from channels.chat.closing import CloseCode
from tests.chat_support import ORIGIN, ChatRig, chat_rig, until
from tests.house import ROOT


@pytest.fixture
def example() -> ModuleType:
    source = ROOT / "docs" / "examples" / "chat_client.py"
    spec = importlib.util.spec_from_file_location("chat_client", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[TextIO]:
    """What the customer types on."""
    reads, writes = os.pipe()
    with os.fdopen(reads, encoding="utf-8") as typed, os.fdopen(writes, "w") as keyboard:
        monkeypatch.setattr(sys, "stdin", typed)
        yield keyboard


async def test_it_chats_and_comes_again(
    example: ModuleType, capsys: pytest.CaptureFixture[str], keys: TextIO
) -> None:
    waiting: dict[str, str] = {}
    live: list[Any] = []
    said: list[str] = []

    async def shows(count: int) -> None:
        """Wait until so many messages are printed, and all that was typed is accepted."""

        def shown() -> bool:
            printed = capsys.readouterr().out.splitlines()
            said.extend(line for line in printed if line.startswith(("agent:", "customer:")))
            return len(said) == count and not waiting

        await until(shown)

    async with chat_rig() as rig:
        running = asyncio.create_task(example.chat(rig.server.url, ORIGIN, waiting, live))
        print("Hello", file=keys, flush=True)
        await shows(1)
        conversation_id = next(iter(rig.conversations.conversations))
        rig.service.rooms.close(CloseCode.TRY_AGAIN)
        await until(lambda: not live)
        rig.conversations.agent_says(conversation_id, "Missed")
        print("Still there", file=keys, flush=True)
        await shows(3)
        keys.close()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        texts = [one.text for one in rig.conversations.stored[conversation_id]]
    assert texts == ["Hello", "Missed", "Still there"]
    assert said == ["customer: Hello", "agent: Missed", "customer: Still there"]


async def test_it_waits_as_long_as_it_is_told(
    example: ModuleType, keys: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: dict[str, str] = {}
    live: list[Any] = []
    pauses: list[float] = []
    async with chat_rig(messages_burst=2, messages_per_min=60) as rig:

        async def passes(delay_s: float) -> None:
            pauses.append(delay_s)
            rig.conversations.clock.now_s += delay_s
            await asyncio.sleep(0)

        # Its own view of asyncio alone, for the server's pauses are to stay what they are.
        hurried = SimpleNamespace(**{**vars(asyncio), "sleep": passes})
        monkeypatch.setattr(example, "asyncio", hurried)
        running = asyncio.create_task(example.chat(rig.server.url, ORIGIN, waiting, live))
        await until(lambda: bool(live))
        for text in ("One", "Two", "Three"):
            print(text, file=keys, flush=True)
        await until(lambda: len(texts_of(rig)) == 3 and not waiting)
        keys.close()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert texts_of(rig) == ["One", "Two", "Three"]
        assert rig.service.figures.errors["too-fast"] == 1
    assert pauses[0] == 0
    assert 1.0 <= pauses[1] <= 1.1


async def test_it_does_not_come_again_where_nothing_would_change(
    example: ModuleType, capsys: pytest.CaptureFixture[str], keys: TextIO
) -> None:
    live: list[Any] = []
    async with chat_rig() as rig:
        running = asyncio.create_task(example.chat(rig.server.url, ORIGIN, {}, live))
        await until(lambda: bool(live))
        rig.service.rooms.close(CloseCode.ORIGIN)
        await running
        keys.close()
    assert "[closed: Enter ends it]" in capsys.readouterr().out.splitlines()


def texts_of(rig: ChatRig) -> list[str]:
    """Return all that customers have said."""
    said = rig.conversations.stored.values()
    return [one.text for conversation in said for one in conversation]


def test_it_is_sixty_lines_at_most(example: ModuleType) -> None:
    assert len(inspect.getsource(example).splitlines()) <= 60
