"""The command-line client of docs/examples does what its page says, against the real server."""

import asyncio
import importlib.util
import inspect
import os
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, TextIO

import pytest

from channels.chat.closing import CloseCode
from tests.chat_support import ORIGIN, chat_rig, until
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


def test_it_is_sixty_lines_at_most(example: ModuleType) -> None:
    assert len(inspect.getsource(example).splitlines()) <= 60
