"""The stream of events inside one process.

Publishing numbers an event, hands it to every reader's inbox and returns; it never waits
and no reader can make it fail. The last events stay in memory as well (`recent`), so that
a reader who was away for a moment costs the journal nothing.
"""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from domain.events import Envelope, Event
from domain.ports import Clock

INBOX_MAX: Final = 10_000
"""Envelopes; at 100 events a second a reader may stand still for 100 s."""
RECENT_MAX: Final = 16_384
"""More than the journal's inbox and its batch in flight together, so that every event is
at every moment in memory, in the journal or in both."""
READERS_MAX: Final = 1_000
"""Publishing costs time for each reader; more than this is a leak."""
JUMP: Final = 1_000_000
"""Numbers left unused after a stop that was not clean: some events may have been seen and
never journaled, and their numbers must not name other events."""


def first_sequence(journal_last: int, *, clean: bool) -> int:
    """Return the number of a new run's first event.

    Args:
        journal_last: The last number in the journal, 0 when it is empty.
        clean: The run before ended with all its events in the journal.
    """
    return journal_last + 1 if clean else journal_last + JUMP


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderFigures:
    """How one reader of the stream keeps up.

    Attributes:
        waiting: Events in his inbox now.
        lost: Events dropped from it because it was full, the oldest first.
    """

    name: str
    waiting: int
    lost: int


class LocalBus:
    """Implements `EventStream` for the node's one event loop.

    To be used from the thread that made it and from no other: a lock would cost every
    event for something that must not happen, so it is asserted.
    """

    def __init__(self, clock: Clock, *, first: int = 1, recent_max: int = RECENT_MAX) -> None:
        """Start an empty stream.

        Args:
            clock: Gives each event its wall time.
            first: Number of the first event, from `first_sequence`.
            recent_max: How many of the last events stay in memory.
        """
        assert first >= 1
        assert recent_max >= 1
        self._clock = clock
        self._thread = threading.get_ident()
        self._readers: dict[int, LocalSubscription] = {}
        self._readers_made = 0
        self._recent: deque[Envelope] = deque(maxlen=recent_max)
        self._next_published: asyncio.Future[None] | None = None
        self.first: Final = first
        self._last = first - 1

    @property
    def last(self) -> int:
        """Number of the last event; before the first event, the number before `first`."""
        return self._last

    @property
    def recent_first(self) -> int:
        """Number of the oldest event in memory; `last + 1` when there is none."""
        return self._recent[0].sequence if self._recent else self._last + 1

    def publish(self, event: Event) -> int:
        """Hand the event to every reader; never waits. Return its sequence number."""
        assert threading.get_ident() == self._thread, "publish from the event loop's thread only"
        self._last += 1
        envelope = Envelope(sequence=self._last, at=self._clock.utc(), event=event)
        self._recent.append(envelope)
        for reader in self._readers.values():
            reader.put(envelope)
        waiting = self._next_published
        if waiting is not None:
            self._next_published = None
            if not waiting.done():
                waiting.set_result(None)
        return self._last

    def subscribe(self, name: str, *, inbox_max: int = INBOX_MAX) -> "LocalSubscription":
        """Return a subscription that sees every event published from now on.

        Args:
            name: Stands in the figures beside what this reader lost.
            inbox_max: Envelopes that may wait; when it is full the oldest is dropped.
        """
        assert threading.get_ident() == self._thread, "subscribe from the event loop's thread only"
        assert inbox_max >= 1
        assert len(self._readers) < READERS_MAX, "subscriptions are not closed"
        self._readers_made += 1
        reader = LocalSubscription(self, self._readers_made, name, inbox_max)
        self._readers[self._readers_made] = reader
        return reader

    def recent(self, after: int, limit: int) -> Sequence[Envelope] | None:
        """Return up to `limit` events in memory with a higher number, in order.

        None: memory no longer reaches back that far.
        """
        # Within a run numbers have no holes, so a place in the stream is an index.
        start = after + 1 - self.recent_first
        if start < 0:
            return None
        # By index and not by `islice`, which would walk all of it for a reader at the end.
        return [self._recent[i] for i in range(start, min(start + limit, len(self._recent)))]

    async def published(self, after: int) -> None:
        """Return when there is an event with a higher number."""
        while self._last <= after:
            if self._next_published is None:
                self._next_published = asyncio.get_running_loop().create_future()
            # Shielded because all who wait share it and one who is cancelled must not
            # cancel the others.
            await asyncio.shield(self._next_published)

    def figures(self) -> Sequence[ReaderFigures]:
        """Return how each reader keeps up."""
        return [
            ReaderFigures(name=reader.name, waiting=reader.waiting, lost=reader.lost)
            for reader in self._readers.values()
        ]

    def forget(self, key: int) -> None:
        """Drop a reader; harmless if he is dropped already."""
        self._readers.pop(key, None)


class LocalSubscription:
    """One reader's inbox; `async with` it, `async for` over it."""

    def __init__(self, bus: LocalBus, key: int, name: str, inbox_max: int) -> None:
        """Made by `LocalBus.subscribe`."""
        self._bus = bus
        self._key = key
        self._inbox: deque[Envelope] = deque()
        self._inbox_max = inbox_max
        self._arrived = asyncio.Event()
        self._closed = False
        self._lost = 0
        self.name: Final = name

    async def __aenter__(self) -> "LocalSubscription":
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Receive nothing more; what is in the inbox can still be read. Twice is harmless."""
        self._closed = True
        self._bus.forget(self._key)
        self._arrived.set()

    @property
    def lost(self) -> int:
        """Events that this reader was too slow for; the oldest are dropped."""
        return self._lost

    @property
    def waiting(self) -> int:
        """Events in the inbox now."""
        return len(self._inbox)

    def put(self, envelope: Envelope) -> None:
        """Take an event into the inbox; called by the bus."""
        if len(self._inbox) >= self._inbox_max:
            self._inbox.popleft()
            self._lost += 1
        self._inbox.append(envelope)
        if len(self._inbox) == 1:
            self._arrived.set()

    async def arrival(self) -> bool:
        """Wait until an event is in the inbox.

        False: the subscription is closed and everything has been read.
        """
        while not self._inbox and not self._closed:
            self._arrived.clear()
            await self._arrived.wait()
        return bool(self._inbox)

    def take(self, limit: int) -> Sequence[Envelope]:
        """Return what is in the inbox now, the oldest first, up to `limit`."""
        if len(self._inbox) <= limit:
            taken = list(self._inbox)
            self._inbox.clear()
            return taken
        return [self._inbox.popleft() for _ in range(limit)]

    async def batch(self, limit: int) -> Sequence[Envelope]:
        """Wait for an event and return it with all that came meanwhile, up to `limit`.

        Empty: the subscription is closed and everything has been read.
        """
        await self.arrival()
        return self.take(limit)

    async def __aiter__(self) -> AsyncIterator[Envelope]:
        while batch := await self.batch(1):
            yield batch[0]
