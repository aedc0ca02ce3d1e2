"""Who sends too much is told so, though he is still sending."""

import asyncio

import pytest

from channels.http import lingering
from channels.http.lingering import LINGER_BYTES_MAX, LingeringTransport
from tests.chat_support import chat_rig

PART = bytes(65_536)


class FakeStream:
    def __init__(self) -> None:
        self.did: list[str] = []

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.did.append("eof")

    def resume_reading(self) -> None:
        self.did.append("reads")

    def close(self) -> None:
        self.did.append("closed")

    def is_closing(self) -> bool:
        return "closed" in self.did


async def test_who_owes_nothing_is_closed_at_once() -> None:
    stream = FakeStream()
    transport = LingeringTransport(stream, lambda: False)  # type: ignore[arg-type]
    assert not transport.passes_over(b"request")
    transport.close()
    assert stream.did == ["closed"]
    assert transport.is_closing()


async def test_who_goes_on_for_too_long_is_closed() -> None:
    stream = FakeStream()
    transport = LingeringTransport(stream, lambda: True)  # type: ignore[arg-type]
    transport.close()
    transport.close()
    assert stream.did == ["eof", "reads"]
    assert transport.is_closing()
    for _ in range(LINGER_BYTES_MAX // len(PART)):
        assert transport.passes_over(PART)
    assert stream.did == ["eof", "reads"]
    assert transport.passes_over(PART)
    assert stream.did == ["eof", "reads", "closed"]


async def test_who_says_nothing_more_is_closed_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lingering, "LINGER_S_MAX", 0.0)
    stream = FakeStream()
    LingeringTransport(stream, lambda: True).close()  # type: ignore[arg-type]
    async with asyncio.timeout(5):
        while not stream.is_closing():  # noqa: ASYNC110 - a fake tells nobody
            await asyncio.sleep(0)


async def test_the_answer_comes_to_who_reads_only_when_all_is_sent() -> None:
    async with chat_rig() as rig:
        client, _ = await rig.enter()
        reader, writer = await asyncio.open_connection(*rig.server.address)
        count = rig.service.settings.attachment_bytes_max // len(PART) + 1
        head = (
            "POST /chat/v1/attachments HTTP/1.1\r\nHost: x\r\nX-File-Name: a\r\n"
            f"Authorization: Bearer {client.welcome['session']}\r\n"
            f"Content-Length: {count * len(PART)}\r\n\r\n"
        )
        writer.write(head.encode())
        async with asyncio.timeout(20):
            for _ in range(count):
                writer.write(PART)
                await writer.drain()
            answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"chat.attachment_bytes_max" in answer
        writer.close()
