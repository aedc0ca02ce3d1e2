"""A journey through a node that is not there, or not whole: what is wrong is told by its step."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from demo import journey as module
from demo.board import Board
from demo.journey import Journey
from demo.letter import picture
from demo.node import NodeProcess
from tests.unit.demo.test_timeline import FILE, WHOLE

CUSTOMER = "5f1c0a3be8d94b7c9a0d2e64f7b81c35"


@pytest.fixture
async def made(tmp_path: Path):
    node = NodeProcess(tmp_path, "")
    # Nobody listens where somebody has just listened.
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    node.http = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await server.wait_closed()
    return Journey(node, "token", "k" * 40, Board())


class Answers:
    """The API, with one timeline and one file."""

    def __init__(self, entries: list[dict[str, Any]], content: bytes) -> None:
        self.entries = entries
        self.bytes = content
        self.asked: list[str] = []

    async def get(self, path: str) -> dict[str, Any]:
        self.asked.append(path)
        return {"entries": self.entries[::-1]}

    async def content(self, path: str) -> bytes:
        self.asked.append(path)
        return self.bytes


def whole() -> list[dict[str, Any]]:
    entries = [dict(one) for one in WHOLE]
    said = {**entries[4]["message"], "attachments": [{**FILE, "attachment_id": "a1"}]}
    entries[4]["message"] = said
    return entries


async def test_no_call_is_placed_by_who_could_not_chat(made: Journey) -> None:
    async def place() -> None:
        raise AssertionError("a call was placed")

    await made.make(place)
    (fault,) = made.wrong
    assert fault.startswith("desk: ")
    assert made.timeline.as_json() == {"channels": [], "attachments": 0}


async def test_a_whole_timeline_with_the_picture_has_no_fault(made: Journey) -> None:
    made._api = answers = Answers(whole(), picture())  # type: ignore[assignment]
    await made._look(CUSTOMER)
    assert made.wrong == []
    assert answers.asked == [
        f"/customers/{CUSTOMER}/timeline?limit=200",
        "/attachments/a1/content",
    ]


async def test_another_picture_is_a_fault(made: Journey) -> None:
    made._api = Answers(whole(), b"another")  # type: ignore[assignment]
    await made._look(CUSTOMER)
    assert made.wrong == ["desk: invoice.png is not the picture that was mailed"]


async def test_what_stays_missing_is_a_fault(
    made: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TIMELINE_S_MAX", 0.05)
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.0)
    made._api = Answers(whole()[:4], picture())  # type: ignore[assignment]
    await made._look(CUSTOMER)
    assert made.wrong == ["desk: 0 attachments, not 1"]
