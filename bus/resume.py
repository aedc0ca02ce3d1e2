"""A reader who has been away goes on where he stopped.

A reader here has no inbox but a place in the stream. He is served from the events in
memory as long as they reach back to his place, else from the journal; so he may be slow
without losing anything, and a hundred of them cost no memory while they wait.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from bus.local import LocalBus
from domain.errors import EventsGone
from domain.events import Envelope
from domain.ports import EventJournal

PAGE_EVENTS: Final = 200
"""Events of one read from the journal: the event loop stands still for 4 ms."""


class Resume:
    """Implements `ResumableStream` over the bus of this process and its journal."""

    def __init__(
        self, bus: LocalBus, journal: EventJournal, *, page_events: int = PAGE_EVENTS
    ) -> None:
        """Join a bus and the journal that holds its earlier events."""
        assert page_events >= 1
        self._bus = bus
        self._journal = journal
        self._page_events = page_events

    def follow(self, after: int | None = None) -> "Following":
        """Return a subscription without a gap from a known place on.

        Args:
            after: Sequence number of the last event that the reader has, 0 for all that is
                kept; None: only events from now on.
        """
        return Following(self._bus, self._journal, after, self._page_events)


class Following:
    """A place in the stream that moves on as the reader reads: an endless iterator."""

    def __init__(
        self, bus: LocalBus, journal: EventJournal, after: int | None, page_events: int
    ) -> None:
        """Made by `Resume.follow`."""
        self._bus = bus
        self._journal = journal
        self._known = after is None
        self._position = bus.last if after is None else after
        self._page_events = page_events
        self._page: deque[Envelope] = deque()

    def __aiter__(self) -> "Following":
        return self

    async def __anext__(self) -> Envelope:
        if not self._known:
            await self._check_kept()
        while not self._page:
            page = self._bus.recent(self._position, self._page_events)
            if page is None:
                page = await self._from_journal()
            elif not page:
                await self._bus.published(self._position)
            self._page.extend(page)
        envelope = self._page.popleft()
        self._position = envelope.sequence
        return envelope

    async def _check_kept(self) -> None:
        """Refuse a place that was never reached here, or from which events are gone."""
        first, last = await self._journal.bounds()
        last = max(last, self._bus.last)
        if first == 0:
            first = self._bus.recent_first
        # 0 asks for whatever is kept, so an old end that was trimmed is no loss to it.
        too_old = 0 < self._position < first - 1
        if too_old or self._position > last:
            raise EventsGone(self._position, first, last)
        self._position = max(self._position, first - 1)
        self._known = True

    async def _from_journal(self) -> Sequence[Envelope]:
        """Return the next page of stored events.

        Raises:
            EventsGone: An event between the place and those in memory is in neither.
        """
        # Taken before the read: whatever is older than this was in the journal by then,
        # because memory holds more events than can be on their way to the journal.
        in_memory = self._bus.recent_first
        page = await self._journal.after(self._position, limit=self._page_events)
        expected = max(self._position + 1, self._bus.first)
        for index, envelope in enumerate(page):
            if envelope.sequence < self._bus.first:
                continue  # An earlier run; between runs numbers may jump.
            if envelope.sequence != expected:
                if index:
                    return page[:index]
                raise EventsGone(self._position, envelope.sequence, self._bus.last)
            expected += 1
        if not page:
            if in_memory > expected:
                raise EventsGone(self._position, in_memory, self._bus.last)
            self._position = expected - 1
        return page
