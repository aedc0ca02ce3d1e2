"""Keeps customers' summaries up to date from the events, so that a restart loses nothing.

Two tasks: one reads the stream and makes lessons, one has them written, as many at once as have
gathered. The place in the stream is kept after they are written; a lesson that comes a second
time after a kill changes nothing.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Self

import structlog

from customers.figures import CustomerFigures
from customers.ports import CustomerMemory
from customers.tracker import Tracker
from domain.customer_lessons import Lesson
from domain.errors import EventCodecError, EventsGone, StoreError, WarmlineError
from domain.events import Envelope
from domain.ports import CursorStore, ResumableStream

CURSOR: Final = "customers"
"""Name under which the place in the stream is kept."""
LESSONS_MAX: Final = 1_000
"""Lessons that wait to be written; at the limit the stream is not read further, which loses
nothing."""
BATCH_MAX: Final = 200
"""Lessons of one write: some 20 ms of the event loop, in pieces."""
AGAIN_S: Final = 5.0
"""Pause after the store could not be read or written."""
TURN_EVENTS: Final = 100
"""Events looked at before others have their turn of the event loop."""
PLACE_EVENTS: Final = 1_000
"""Events without a lesson after which the place is kept anew."""

_log = structlog.get_logger(__name__)

Sleep = Callable[[float], Awaitable[None]]


class Keeper:
    """Async context manager; enter it after the journal and before what publishes."""

    def __init__(
        self,
        memory: CustomerMemory,
        *,
        stream: ResumableStream,
        cursors: CursorStore,
        figures: CustomerFigures,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            memory: Takes the lessons.
            stream: The events, stored ones too.
            cursors: Where the place in the stream is kept.
            figures: Counted in.
            sleep: Waits for seconds.
        """
        self._memory = memory
        self._stream = stream
        self._cursors = cursors
        self._figures = figures
        self._sleep = sleep
        self._tracker = Tracker()
        self._lessons: asyncio.Queue[Lesson] = asyncio.Queue(LESSONS_MAX)
        self._unwritten: deque[int] = deque()
        self._place: int | None = None
        self._kept: int | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._kept = self._place = (await self._cursors.load()).get(CURSOR)
        # Taken here, so that nothing published from now on is missed by one who is new.
        events = self._stream.follow(self._place)
        self._tasks = [
            asyncio.create_task(self._read(events), name="customers-reads"),
            asyncio.create_task(self._write(), name="customers-learns"),
        ]
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        # What waits is found again in the stream.
        self._keep_place()

    async def _read(self, events: AsyncIterator[Envelope]) -> None:
        seen = 0
        while True:
            try:
                async for envelope in events:
                    lesson = self._tracker.hear(envelope)
                    if lesson is not None:
                        self._unwritten.append(envelope.sequence)
                        await self._lessons.put(lesson)
                    self._place = envelope.sequence
                    seen += 1
                    if self._kept is None or seen % PLACE_EVENTS == 0:
                        self._keep_place()
                    if seen % TURN_EVENTS == 0:
                        await asyncio.sleep(0)
                return  # A stream that ends: in tests alone.
            except EventsGone as error:
                # Older events are lost to the summaries; contacts to come are not.
                self._figures.passed_over += 1
                self._place = error.first - 1 if error.after < error.first else None
                _log.error("customers pass over events that are not kept", cause=str(error))
            except EventCodecError as error:
                # Of a version that this one does not know: it would stand in the way for ever.
                self._figures.passed_over += 1
                self._place = None
                _log.error("customers pass over events that are not known", cause=str(error))
            except WarmlineError as error:
                _log.warning("customers cannot read the events", cause=str(error))
                await self._sleep(AGAIN_S)
            events = self._stream.follow(self._place)

    async def _write(self) -> None:
        while True:
            batch = [await self._lessons.get()]
            while len(batch) < BATCH_MAX and not self._lessons.empty():
                batch.append(self._lessons.get_nowait())
            await self._take(batch)
            for _ in batch:
                self._unwritten.popleft()
            self._keep_place()

    async def _take(self, lessons: list[Lesson]) -> None:
        while True:
            try:
                self._figures.learnt += await self._memory.take(lessons)
                return
            except StoreError as error:
                self._figures.unlearnt += 1
                _log.warning("customers' lessons not written", cause=str(error))
                await self._sleep(AGAIN_S)
            except Exception:
                # A mistake of ours, which the same lessons would bring up for ever.
                self._figures.unlearnt += 1
                _log.exception("customers' lessons broke", lessons=len(lessons))
                return

    def _keep_place(self) -> None:
        """Have it stored how far everything is written."""
        oldest = [*list(self._unwritten)[:1], *filter(None, (self._tracker.needed_from,))]
        place = min((one - 1 for one in oldest), default=self._place)
        if place is not None and place != self._kept:
            self._cursors.save(CURSOR, place)
            self._kept = place
