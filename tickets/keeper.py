"""Keeps tickets up to date from the events and the clock, so that a restart loses nothing.

One task reads the stream, one does what has to be done about it, one goes round by the clock. The
place in the stream is kept after things are done; what comes a second time after a kill changes
nothing.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Self

import structlog

from domain.errors import EventCodecError, EventsGone, StoreError, WarmlineError
from domain.events import Envelope
from domain.ports import CursorStore, ResumableStream
from tickets.attendant import Attendant
from tickets.figures import TicketFigures
from tickets.tracker import Matter, Tracker

CURSOR: Final = "tickets"
"""Name under which the place in the stream is kept."""
MATTERS_MAX: Final = 1_000
"""Things that wait to be done; at the limit the stream is not read further, which loses
nothing."""
BATCH_MAX: Final = 200
"""Things of which it is asked in one question whether a ticket is about them."""
GATHER_S: Final = 0.1
"""How long a thing waits for others, so that one question and one place kept do for all of them: at
a hundred messages a second for ten. Nobody waits for a ticket."""
AGAIN_S: Final = 5.0
"""Pause after the store could not be read or written."""
ROUND_S: Final = 30.0
"""Time from one round to the next; due times are hours."""
TURN_EVENTS: Final = 100
"""Events looked at before others have their turn of the event loop."""
PLACE_EVENTS: Final = 1_000
"""Events that concern no ticket after which the place is kept anew."""

_log = structlog.get_logger(__name__)

Sleep = Callable[[float], Awaitable[None]]


class Keeper:
    """Async context manager; enter it after the journal and before what publishes."""

    def __init__(
        self,
        attendant: Attendant,
        *,
        stream: ResumableStream,
        cursors: CursorStore,
        figures: TicketFigures,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            attendant: Does what has to be done.
            stream: The events, stored ones too.
            cursors: Where the place in the stream is kept.
            figures: Counted in.
            sleep: Waits for seconds.
        """
        self._attendant = attendant
        self._stream = stream
        self._cursors = cursors
        self._figures = figures
        self._sleep = sleep
        self._tracker = Tracker()
        self._matters: asyncio.Queue[Matter] = asyncio.Queue(MATTERS_MAX)
        self._undone: deque[int] = deque()
        self._place: int | None = None
        self._kept: int | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._kept = self._place = (await self._cursors.load()).get(CURSOR)
        # Taken here, so that nothing published from now on is missed by one who is new.
        events = self._stream.follow(self._place)
        self._tasks = [
            asyncio.create_task(self._read(events), name="tickets-reads"),
            asyncio.create_task(self._attend(), name="tickets-attends"),
            asyncio.create_task(self._go_round(), name="tickets-goes-round"),
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
                    matter = self._tracker.hear(envelope)
                    if matter is not None:
                        self._undone.append(envelope.sequence)
                        await self._matters.put(matter)
                    self._place = envelope.sequence
                    seen += 1
                    if self._kept is None or seen % PLACE_EVENTS == 0:
                        self._keep_place()
                    if seen % TURN_EVENTS == 0:
                        await asyncio.sleep(0)
                return  # A stream that ends: in tests alone.
            except EventsGone as error:
                self._figures.passed_over += 1
                self._place = error.first - 1 if error.after < error.first else None
                _log.error("tickets pass over events that are not kept", cause=str(error))
            except EventCodecError as error:
                # Of a version that this one does not know: it would stand in the way for ever.
                self._figures.passed_over += 1
                self._place = None
                _log.error("tickets pass over events that are not known", cause=str(error))
            except WarmlineError as error:
                _log.warning("tickets cannot read the events", cause=str(error))
                await self._sleep(AGAIN_S)
            events = self._stream.follow(self._place)

    async def _attend(self) -> None:
        while True:
            batch = [await self._matters.get()]
            await self._sleep(GATHER_S)
            while len(batch) < BATCH_MAX and not self._matters.empty():
                batch.append(self._matters.get_nowait())
            concerned = await self._concerned(batch)
            for matter in batch:
                await self._do(matter, concerned)
                self._undone.popleft()
            self._keep_place()

    async def _concerned(self, batch: list[Matter]) -> frozenset[str]:
        while True:
            try:
                return await self._attendant.concerned(batch)
            except StoreError as error:
                self._figures.undone += 1
                _log.warning("tickets not read", cause=str(error))
                await self._sleep(AGAIN_S)

    async def _do(self, matter: Matter, concerned: frozenset[str]) -> None:
        while True:
            try:
                await self._attendant.attend(matter, concerned)
                return
            except StoreError as error:
                self._figures.undone += 1
                _log.warning("ticket not written", cause=str(error))
                await self._sleep(AGAIN_S)
            except WarmlineError as error:
                # Such as a rule's queue that was taken out of the configuration meanwhile.
                self._figures.broken += 1
                _log.error("no ticket for what has happened", cause=str(error))
                return
            except Exception:
                # A mistake of ours, which the same event would bring up for ever.
                self._figures.broken += 1
                _log.exception("tickets broke on what has happened")
                return

    async def _go_round(self) -> None:
        while True:
            try:
                await self._attendant.go_round()
            except WarmlineError as error:
                self._figures.undone += 1
                _log.warning("tickets not looked after", cause=str(error))
            except Exception:
                self._figures.broken += 1
                _log.exception("looking after tickets broke")
            await self._sleep(ROUND_S)

    def _keep_place(self) -> None:
        """Have it stored how far everything is done."""
        oldest = [*list(self._undone)[:1], *filter(None, (self._tracker.needed_from,))]
        place = min((one - 1 for one in oldest), default=self._place)
        if place is not None and place != self._kept:
            self._cursors.save(CURSOR, place)
            self._kept = place
