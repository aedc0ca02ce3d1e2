"""Figures by interval: made of every event, stored soon, told at any time.

The stored rows carry the number of the last event that they hold, so after a restart, a kill too,
the events after it are read from the journal and none is lost or counted twice.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Self

import structlog

from bus.local import LocalBus
from domain.errors import EventCodecError, StoreError
from domain.events import Envelope
from domain.interval_ports import Figures, IntervalMark, IntervalStore
from domain.intervals import AgentInterval, QueueInterval, quarter_of
from domain.ports import Clock, EventJournal
from router.intervals import IntervalReducer, rows_of_agents, rows_of_queues
from server.journal import EventRecorder

SAVE_EVERY_S: Final = 10.0
"""How often changed figures are stored: what a kill leaves unstored is made again from at most
so many seconds of the journal."""
GATHER_S: Final = 0.25
"""How long events wait for company before they are counted."""
PAGE: Final = 500
"""Events read from the journal in one go, 15 ms of the event loop."""

_log = structlog.get_logger(__name__)


class IntervalRecorder:
    """Implements `IntervalFigures`; async context manager.

    Entering counts what the journal holds beyond the stored figures; leaving stores all.
    Enter it inside of the journal's writer and outside of all that publishes.

    Attributes:
        recorder: The reader of the stream, for the figures.
        save_failures: Attempts to store that failed.
        missed: Events that were no longer in the journal when they were needed: about so many
            are in no figure.
    """

    def __init__(
        self,
        bus: LocalBus,
        store: IntervalStore,
        journal: EventJournal,
        clock: Clock,
        target_of: Callable[[str], float],
        *,
        save_every_s: float = SAVE_EVERY_S,
        gather_s: float = GATHER_S,
    ) -> None:
        """Count the events of a bus from now on.

        Args:
            bus: Of this node.
            store: Keeps the figures.
            journal: Holds the events of the runs before.
            clock: Gives wall times.
            target_of: Returns the seconds of `service_level.target_s` of a queue, also of one
                that is configured no longer.
            save_every_s: Pause between two writes.
            gather_s: How long events wait for company before they are counted.
        """
        self.recorder: Final = EventRecorder(bus, "intervals", self._count, gather_s=gather_s)
        self.save_failures = 0
        self.missed = 0
        self._first = bus.first
        self._store = store
        self._journal = journal
        self._clock = clock
        self._reducer = IntervalReducer(target_of)
        self._save_every_s = save_every_s
        self._saving = asyncio.Lock()
        self._leaving = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._take_up()
        await self.recorder.__aenter__()
        self._task = asyncio.create_task(self._run(), name="interval recorder")
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.recorder.__aexit__(*exc)
        self._leaving.set()
        if self._task is not None:
            await self._task
            self._task = None

    @property
    def dropped(self) -> int:
        """Rows of figures that were given up because the store failed for too long."""
        return self._reducer.dropped

    def live(self) -> Figures:
        """Return the figures of the quarter of an hour that is not over, up to this moment."""
        self._reducer.settle(self._clock.utc())
        rows = self._reducer.open_rows()
        return Figures(
            queues=sorted(rows_of_queues(rows), key=lambda row: row.queue_id),
            agents=sorted(rows_of_agents(rows), key=lambda row: row.agent_id),
        )

    async def queues(
        self, bounds: Sequence[datetime], queue_id: str | None = None
    ) -> Sequence[QueueInterval]:
        """Return figures of queues by interval; see `IntervalFigures.queues`.

        Raises:
            LimitExceeded: There are too many.
            StoreError: They cannot be stored or read.
        """
        await self._save()
        return await self._store.queues(bounds, queue_id)

    async def agents(
        self, bounds: Sequence[datetime], agent_id: str | None = None
    ) -> Sequence[AgentInterval]:
        """Return figures of agents by interval; see `IntervalFigures.queues`.

        Raises:
            LimitExceeded: There are too many.
            StoreError: They cannot be stored or read.
        """
        await self._save()
        return await self._store.agents(bounds, agent_id)

    async def _take_up(self) -> None:
        """Go on where the run before stopped, or begin here if there was none."""
        mark = await self._store.load()
        if mark is None:
            return
        reducer = self._reducer
        try:
            reducer.resume(mark.document, ())
            if reducer.at is not None:
                stored = await self._store.quarter(quarter_of(reducer.at))
                reducer.resume(mark.document, (*stored.queues, *stored.agents))
        except ValueError as error:
            _log.error("figures begin anew, their mark cannot be read", cause=str(error))
            return
        await self._catch_up(mark.sequence)
        reducer.begin_run()

    async def _catch_up(self, sequence: int) -> None:
        """Count the events of runs before that are stored and not yet counted."""
        first, _ = await self._journal.bounds()
        if first > sequence + 1:
            # Numbers may jump, so this is at most how many.
            self.missed = first - sequence - 1
            _log.warning("events of the figures are no longer stored", events_at_most=self.missed)
        while True:
            try:
                page = await self._journal.after(sequence, limit=PAGE)
            except EventCodecError as error:
                _log.error("figures go on after events that cannot be read", cause=str(error))
                return
            page = [one for one in page if one.sequence < self._first]
            if not page:
                return
            self._reducer.take(page)
            sequence = page[-1].sequence
            await asyncio.sleep(0)

    async def _count(self, batch: Sequence[Envelope]) -> None:
        self._reducer.take(batch)

    async def _run(self) -> None:
        while not self._leaving.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), self._save_every_s)
            try:
                await self._save()
            except StoreError as error:
                _log.error("figures not stored, will be tried again", cause=str(error))

    async def _save(self) -> None:
        """Store what has changed, up to this moment.

        Raises:
            StoreError: It is not stored, and kept for the next time.
        """
        async with self._saving:
            reducer = self._reducer
            reducer.settle(self._clock.utc())
            mark = IntervalMark(sequence=reducer.sequence, document=reducer.mark())
            rows = reducer.changed()
            figures = Figures(queues=rows_of_queues(rows), agents=rows_of_agents(rows))
            try:
                await self._store.save(figures, mark)
            except StoreError:
                self.save_failures += 1
                reducer.give_back(rows)
                raise
