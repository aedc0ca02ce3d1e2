import asyncio
import json
from typing import Any

import pytest
from starlette.websockets import WebSocket

from channels.http.feed import CloseCode, EventFeed
from channels.http.figures import HttpFigures
from domain.errors import LimitExceeded, StoreError
from domain.events import CellStarted, DisclosurePlayed
from tests.unit.channels.http.fakes import FakeClock, FakeStream


class Peer:
    """The other end of a WebSocket, at the ASGI seam."""

    def __init__(self, *, reads: bool = True) -> None:
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.says: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.says.put_nowait({"type": "websocket.connect"})
        self._reads = asyncio.Event()
        if reads:
            self._reads.set()
        self.websocket = WebSocket({"type": "websocket"}, self.says.get, self._take)

    async def _take(self, message: Any) -> None:
        if message["type"] == "websocket.send":
            await self._reads.wait()
        self.sent.put_nowait(message)

    async def next(self) -> Any:
        message = await self.sent.get()
        if message["type"] == "websocket.send":
            return json.loads(message["text"])
        return message

    async def closing(self) -> tuple[int, str]:
        while (message := await self.next()).get("type") != "websocket.close":
            pass
        return message["code"], message["reason"]


class Setup:
    def __init__(self, **more: Any) -> None:
        self.stream = FakeStream()
        self.figures = HttpFigures()
        settings: dict[str, Any] = {"readers_max": 2, "heartbeat_s": 60, "send_s_max": 60, **more}
        self.feed = EventFeed(self.stream, clock=FakeClock(), figures=self.figures, **settings)

    async def follow(
        self, peer: Peer, after: int | None = None, types: frozenset[str] = frozenset()
    ) -> "asyncio.Task[None]":
        """Return when the handshake is answered, or the task has ended."""
        task = asyncio.create_task(
            self.feed.serve(peer.websocket, subprotocol="x", after=after, types=types)
        )
        message = await peer.next()
        assert message["type"] == "websocket.accept"
        assert message["subprotocol"] == "x"
        return task


async def test_only_new_events_without_a_place() -> None:
    setup, peer = Setup(), Peer()
    setup.stream.publish(DisclosurePlayed(contact_id="old"))
    task = await setup.follow(peer)
    setup.stream.publish(DisclosurePlayed(contact_id="new"))
    event = await peer.next()
    assert (event["seq"], event["event"]) == (2, {"contact_id": "new"})
    peer.says.put_nowait({"type": "websocket.disconnect", "code": 1000})
    await task
    assert setup.figures.event_readers == 0
    assert setup.figures.events_sent == 1
    assert peer.sent.empty()


async def test_from_a_known_place_on_in_order_and_without_a_gap() -> None:
    setup, peer = Setup(), Peer()
    for number in range(40):
        setup.stream.publish(DisclosurePlayed(contact_id=str(number)))
    await setup.follow(peer, after=5)
    setup.stream.publish(DisclosurePlayed(contact_id="live"))
    assert [(await peer.next())["seq"] for _ in range(36)] == list(range(6, 42))
    await setup.feed.stop(5)


async def test_a_filter() -> None:
    setup, peer = Setup(), Peer()
    await setup.follow(peer, types=frozenset({"CellStarted"}))
    setup.stream.publish(DisclosurePlayed(contact_id="x"))
    setup.stream.publish(CellStarted(cell_id="c-1", pid=7))
    assert (await peer.next())["type"] == "CellStarted"
    await setup.feed.stop(5)


async def test_a_heartbeat_tells_how_far_the_stream_was_read() -> None:
    setup, peer = Setup(heartbeat_s=0), Peer()
    await setup.follow(peer, after=0, types=frozenset({"CellStarted"}))
    setup.stream.publish(DisclosurePlayed(contact_id="x"))
    while (heartbeat := await peer.next())["seq"] != 1:
        assert heartbeat["seq"] == 0
    assert heartbeat["type"] == "Heartbeat"
    assert heartbeat["v"] == 1
    await setup.feed.stop(5)


async def test_stopping_closes_every_reader_and_takes_no_more() -> None:
    setup, peers = Setup(), [Peer(), Peer()]
    tasks = [await setup.follow(peer) for peer in peers]
    await setup.feed.stop(5)
    await asyncio.gather(*tasks)
    for peer in peers:
        assert await peer.closing() == (CloseCode.GOING_AWAY, "the node stops")
    assert setup.feed.stopping
    await setup.feed.stop(5)


async def test_stopping_does_not_wait_for_ever() -> None:
    setup = Setup()
    setup.figures.event_readers = 1
    setup.feed._idle.clear()
    await setup.feed.stop(0)
    assert setup.feed.stopping


async def test_readers_are_bounded() -> None:
    setup = Setup()
    for _ in range(2):
        await setup.follow(Peer())
    with pytest.raises(LimitExceeded, match=r"http\.event_readers_max: 3 is over the limit of 2"):
        await setup.feed.serve(Peer().websocket, subprotocol=None, after=None, types=frozenset())
    assert setup.figures.event_readers_refused == 1
    await setup.feed.stop(5)
    assert setup.figures.event_readers == 0


async def test_a_reader_that_takes_nothing_is_closed() -> None:
    setup, peer = Setup(send_s_max=0), Peer(reads=False)
    task = await setup.follow(peer, after=0)
    setup.stream.publish(DisclosurePlayed(contact_id="x"))
    assert await peer.closing() == (CloseCode.TOO_SLOW, "nothing taken; go on after=0")
    await task
    assert setup.figures.event_readers_slow == 1
    assert setup.figures.events_sent == 0


async def test_a_reader_that_says_something_is_closed() -> None:
    setup, peer = Setup(), Peer()
    await setup.follow(peer)
    peer.says.put_nowait({"type": "websocket.receive", "text": "hello"})
    assert (await peer.closing())[0] == CloseCode.ONE_WAY


@pytest.mark.parametrize(
    ("error", "code"),
    [(StoreError("locked"), CloseCode.TRY_AGAIN), (KeyError("x"), CloseCode.INTERNAL)],
)
async def test_a_stream_that_fails(error: Exception, code: CloseCode) -> None:
    setup, peer = Setup(), Peer()
    setup.stream.error = error
    task = await setup.follow(peer)
    got, reason = await peer.closing()
    await task
    assert got == code
    assert "locked" not in reason


async def test_a_place_that_was_never_reached() -> None:
    setup, peer = Setup(), Peer()
    task = await setup.follow(peer, after=99)
    assert (await peer.closing())[0] == CloseCode.EVENTS_GONE
    await task


async def test_an_event_is_encoded_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[int] = []

    def encode(envelope: Any) -> str:
        encoded.append(envelope.sequence)
        return "{}"

    monkeypatch.setattr("channels.http.feed.encode", encode)
    setup, peers = Setup(), [Peer(), Peer()]
    for peer in peers:
        await setup.follow(peer)
    setup.stream.publish(DisclosurePlayed(contact_id="x"))
    for peer in peers:
        assert await peer.next() == {}
    assert encoded == [1]
    await setup.feed.stop(5)


def test_close_reasons_fit_into_a_close_frame() -> None:
    # RFC 6455 section 5.5: 125 bytes with the code.
    assert len(f"nothing taken; go on after={2**63}") <= 123
    assert len(f"events after {2**63} are not kept: only {2**63} to {2**63}") <= 123
