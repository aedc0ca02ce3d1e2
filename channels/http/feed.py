"""The events of the node for those who follow them over a WebSocket.

A reader is served from the place where it stopped. It may be slow: the stream keeps its
place and no event waits in memory for it. A reader that takes nothing at all is closed.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Collection, Coroutine
from enum import IntEnum
from typing import Final, NamedTuple

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from channels.http.figures import HttpFigures
from domain.errors import EventsGone, LimitExceeded, WarmlineError
from domain.event_codec import EVENT_CODEC_VERSION, encode
from domain.events import Envelope
from domain.ports import Clock, ResumableStream

_log = structlog.get_logger(__name__)

ENCODED_MAX: Final = 1_024
"""Readers at the head of the stream read the same events at the same time."""
TURN_EVENTS: Final = 16
"""Events sent before the event loop turns: a reader that catches up takes half a
millisecond at a time from the calls."""


class CloseCode(IntEnum):
    """Why we close a reader (RFC 6455 section 7.4; 4000 and up are ours)."""

    GOING_AWAY = 1001
    """The node stops. Follow again from the last `seq` when it is back."""
    ONE_WAY = 1008
    """The reader sent something; nothing is expected."""
    INTERNAL = 1011
    """The log holds the cause."""
    TRY_AGAIN = 1013
    """Stored events could not be read just now."""
    TOO_SLOW = 4008
    """The reader took nothing for `http.event_send_s_max` seconds."""
    EVENTS_GONE = 4010
    """The events after that `seq` are no longer stored, or never were here."""


class Ending(NamedTuple):
    """How a reader's connection ends; code None: the reader has gone himself."""

    code: CloseCode | None
    reason: str = ""


class EventFeed:
    """Every reader of the events."""

    def __init__(
        self,
        stream: ResumableStream,
        *,
        clock: Clock,
        figures: HttpFigures,
        readers_max: int,
        heartbeat_s: float,
        send_s_max: float,
    ) -> None:
        """Serve readers from `stream`.

        Args:
            stream: Stored events, then live ones.
            clock: For the times of heartbeats.
            figures: Where readers and events are counted.
            readers_max: Readers at once.
            heartbeat_s: Silence after which a heartbeat is sent.
            send_s_max: Seconds that a reader may take nothing.
        """
        self._stream = stream
        self._clock = clock
        self._figures = figures
        self._readers_max = readers_max
        self._heartbeat_s = heartbeat_s
        self._send_s_max = send_s_max
        self._encoded: OrderedDict[int, str] = OrderedDict()
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def stopping(self) -> bool:
        """Whether no more readers are taken."""
        return self._stopping.is_set()

    async def stop(self, grace_s: float) -> None:
        """Close every reader with 1001 and take no more; return when they are gone.

        Args:
            grace_s: Seconds to wait for them at most.
        """
        self._stopping.set()
        try:
            async with asyncio.timeout(grace_s):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("event readers left open", readers=self._figures.event_readers)

    def check_room(self) -> None:
        """Refuse a reader too many, before its handshake is answered.

        Raises:
            LimitExceeded: `readers_max` are there already.
        """
        if self._figures.event_readers >= self._readers_max:
            self._figures.event_readers_refused += 1
            raise LimitExceeded(
                "http.event_readers_max", self._figures.event_readers + 1, self._readers_max
            )

    async def serve(
        self,
        websocket: WebSocket,
        *,
        subprotocol: str | None,
        after: int | None,
        types: Collection[str],
    ) -> None:
        """Accept a reader and serve it until it goes or is closed.

        Args:
            websocket: Not yet accepted.
            subprotocol: To answer the handshake with.
            after: Sequence number of the last event that it has; None: only new events.
            types: Names of the events that it wants; empty: all.

        Raises:
            LimitExceeded: `readers_max` are there already; nothing was accepted.
        """
        self.check_room()
        self._figures.event_readers += 1
        self._idle.clear()
        try:
            # Before the handshake is answered, so that a reader who causes an event after it
            # is sure to see that event.
            events = self._stream.follow(after)
            await websocket.accept(subprotocol)
            reader = _Reader(websocket, types, after)
            ending = await self._first_of(
                self._send_events(reader, events),
                self._send_heartbeats(reader),
                _watch(websocket),
                self._watch_stop(),
            )
            await self._close(websocket, ending)
        finally:
            self._figures.event_readers -= 1
            if self._figures.event_readers == 0:
                self._idle.set()

    async def _first_of(self, *parts: Coroutine[None, None, Ending]) -> Ending:
        """Return how the first part ended, with all the others ended too."""
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        # In the order of the parts, so that the same race always ends the same way.
        return next(_ending_of(task) for task in tasks if task in done)

    async def _close(self, websocket: WebSocket, ending: Ending) -> None:
        if ending.code is None:
            return
        if ending.code is CloseCode.TOO_SLOW:
            self._figures.event_readers_slow += 1
        try:
            async with asyncio.timeout(self._send_s_max):
                await websocket.close(ending.code, ending.reason)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            # Gone meanwhile, or still not reading: the connection is cut below us.
            return

    async def _send_events(self, reader: "_Reader", events: AsyncIterator[Envelope]) -> Ending:
        in_turn = 0
        async for envelope in events:
            reader.sequence = envelope.sequence
            if reader.wants(envelope):
                if not await self._send(reader, self._encode(envelope)):
                    return Ending(CloseCode.TOO_SLOW, f"nothing taken; go on after={reader.sent}")
                reader.sent = envelope.sequence
                self._figures.events_sent += 1
            in_turn += 1
            if in_turn >= TURN_EVENTS:
                in_turn = 0
                await asyncio.sleep(0)
        return Ending(CloseCode.TRY_AGAIN, "the stream has ended")

    async def _send_heartbeats(self, reader: "_Reader") -> Ending:
        while True:
            messages = reader.messages
            await asyncio.sleep(self._heartbeat_s)
            if reader.messages != messages:
                continue
            heartbeat = json.dumps(
                {
                    "v": EVENT_CODEC_VERSION,
                    "seq": reader.sequence,
                    "at": self._clock.utc().isoformat(timespec="microseconds"),
                    "type": "Heartbeat",
                },
                separators=(",", ":"),
            )
            if not await self._send(reader, heartbeat):
                return Ending(CloseCode.TOO_SLOW, f"nothing taken; go on after={reader.sent}")

    async def _send(self, reader: "_Reader", text: str) -> bool:
        """Send, or return False when the reader takes nothing for too long."""
        try:
            async with asyncio.timeout(self._send_s_max):
                await reader.websocket.send_text(text)
        except TimeoutError:
            return False
        reader.messages += 1
        return True

    async def _watch_stop(self) -> Ending:
        await self._stopping.wait()
        return Ending(CloseCode.GOING_AWAY, "the node stops")

    def _encode(self, envelope: Envelope) -> str:
        text = self._encoded.get(envelope.sequence)
        if text is None:
            text = encode(envelope)
            self._encoded[envelope.sequence] = text
            if len(self._encoded) > ENCODED_MAX:
                self._encoded.popitem(last=False)
        return text


class _Reader:
    """One reader and how far it has come.

    Attributes:
        sequence: The last event looked at, whether it was wanted or not.
        sent: The last event sent, from which the reader goes on after a failure.
        messages: Number of messages sent, heartbeats too.
    """

    __slots__ = ("_types", "messages", "sent", "sequence", "websocket")

    def __init__(self, websocket: WebSocket, types: Collection[str], after: int | None) -> None:
        self.websocket = websocket
        self._types = frozenset(types)
        self.sequence = after
        self.sent = after
        self.messages = 0

    def wants(self, envelope: Envelope) -> bool:
        return not self._types or type(envelope.event).__name__ in self._types


async def _watch(websocket: WebSocket) -> Ending:
    """Return when the reader goes, or says something."""
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        return Ending(None)
    return Ending(CloseCode.ONE_WAY, "this stream is for reading only")


def _ending_of(task: "asyncio.Task[Ending]") -> Ending:
    """Return how a part ended, whatever it raised."""
    error = task.exception()
    if error is None:
        return task.result()
    if isinstance(error, WebSocketDisconnect):
        return Ending(None)
    if isinstance(error, EventsGone):
        return Ending(CloseCode.EVENTS_GONE, str(error))
    if isinstance(error, WarmlineError):
        _log.warning("event reader closed", cause=str(error))
        return Ending(CloseCode.TRY_AGAIN, "stored events could not be read; try again")
    _log.error("event reader failed", exc_info=error)
    return Ending(CloseCode.INTERNAL, "the log holds the cause")
