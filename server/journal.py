"""What is done with every event: the journal stores it, the queue log tells of it.

Each is a reader of the stream with an inbox of its own and a task that lets events gather
for a moment and takes whatever has come, so a slow disk makes the batches larger and nobody
wait.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from bus.local import INBOX_MAX, LocalBus, LocalSubscription
from domain.errors import StoreError
from domain.events import Envelope
from domain.ports import Clock
from store.journal import Journal
from store.queue_log import QueueLog
from store.queue_log_file import QueueLogFile

BATCH_MAX: Final = 200
"""Events of one write: to put them into their form takes 1 ms of the event loop."""
JOURNAL_GATHER_S: Final = 0.05
"""How long events wait for company before they are handed to the store, where they may wait
as long again: a kill loses the events of the last tenth of a second at most."""
QUEUE_LOG_GATHER_S: Final = 0.25
"""How long lines of the queue log wait for company, and what of them a kill can lose. It is a
file for reports; a thread is woken for each write."""
RETRY_S: Final = 1.0
"""Pause after a failure: a full disk or a locked database does not pass in less."""
STOP_TRIES: Final = 3
"""At a stop a failing write is tried so often, then its events are given up and counted."""

_log = structlog.get_logger(__name__)

Write = Callable[[Sequence[Envelope]], Awaitable[None]]


class EventRecorder:
    """Async context manager; hands every event to a function, in order, in batches.

    A batch that fails is tried again until it succeeds; meanwhile events wait in the inbox,
    and when that is full the oldest are lost and counted. Leaving writes all that has been
    published until then.
    """

    def __init__(
        self,
        bus: LocalBus,
        name: str,
        write: Write,
        *,
        batch_max: int = BATCH_MAX,
        retry_s: float = RETRY_S,
        gather_s: float = 0.0,
        inbox_max: int = INBOX_MAX,
    ) -> None:
        """Read a bus.

        Args:
            bus: Events published from now on are recorded.
            name: In log lines and in the bus's figures.
            write: Records events, all or none; raises StoreError for none.
            batch_max: Events of one call of `write`.
            retry_s: Pause after a failure.
            gather_s: From an event that finds the inbox empty to the write that takes it, with
                all that came meanwhile.
            inbox_max: Events that may wait.
        """
        self._subscription: LocalSubscription = bus.subscribe(name, inbox_max=inbox_max)
        self._name = name
        self._write = write
        self._batch_max = batch_max
        self._retry_s = retry_s
        self._gather_s = gather_s
        self._stopping = False
        self._waking: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._given_up = 0
        self._failures = 0

    async def __aenter__(self) -> "EventRecorder":
        self._task = asyncio.create_task(self._run(), name=f"recorder-{self._name}")
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._stopping = True
        self._wake()
        self._subscription.close()
        if self._task is not None:
            await self._task
            self._task = None

    @property
    def lost(self) -> int:
        """Events that were published and are not recorded."""
        return self._subscription.lost + self._given_up

    @property
    def failures(self) -> int:
        """Attempts to write that failed."""
        return self._failures

    @property
    def waiting(self) -> int:
        """Events in the inbox now."""
        return self._subscription.waiting

    async def _run(self) -> None:
        while await self._subscription.arrival():
            if self._gather_s and self._subscription.waiting < self._batch_max:
                await self._pause(self._gather_s)
            await self._record(self._subscription.take(self._batch_max))

    async def _record(self, batch: Sequence[Envelope]) -> None:
        tries_at_stop = 0
        while True:
            try:
                await self._write(batch)
                return
            except StoreError as error:
                self._failures += 1
                _log.error(
                    "events not recorded, to be tried again",
                    recorder=self._name,
                    events=len(batch),
                    waiting=self._subscription.waiting,
                    cause=str(error),
                )
            except Exception as error:
                # It would fail again for ever; the events after it shall not wait for that.
                _log.exception("recorder failed", recorder=self._name)
                self._give_up(batch, error)
                return
            if self._stopping:
                tries_at_stop += 1
                if tries_at_stop >= STOP_TRIES:
                    self._give_up(batch, None)
                    return
            if self._stopping:
                await asyncio.sleep(self._retry_s)
            else:
                await self._pause(self._retry_s)

    def _give_up(self, batch: Sequence[Envelope], error: Exception | None) -> None:
        self._given_up += len(batch)
        _log.error(
            "events given up",
            recorder=self._name,
            first=batch[0].sequence,
            last=batch[-1].sequence,
            cause=str(error or "the node is stopping"),
        )

    async def _pause(self, seconds: float) -> None:
        """Wait, but not on after the node begins to stop."""
        if self._stopping:
            return
        loop = asyncio.get_running_loop()
        self._waking = loop.create_future()
        timer = loop.call_later(seconds, self._wake)
        try:
            await self._waking
        finally:
            timer.cancel()

    def _wake(self) -> None:
        if self._waking is not None and not self._waking.done():
            self._waking.set_result(None)


class JournalWriter:
    """Async context manager: while it is entered, every event goes into the journal.

    Enter it before, and leave it after, everything that publishes: the number of an event
    that is published later could be given again after the next start.
    """

    def __init__(
        self,
        bus: LocalBus,
        journal: Journal,
        *,
        retry_s: float = RETRY_S,
        gather_s: float = JOURNAL_GATHER_S,
    ) -> None:
        """Store the events of a bus from now on."""
        self._journal = journal
        self.recorder: Final = EventRecorder(
            bus, "journal", journal.append, retry_s=retry_s, gather_s=gather_s
        )

    async def __aenter__(self) -> "JournalWriter":
        await self.recorder.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.recorder.__aexit__(*exc)
        # So that the run is not marked as ended with all its events stored.
        self._journal.note_missing(self.recorder.lost)


class QueueLogWriter:
    """Async context manager: while it is entered, the queue log tells of every event."""

    def __init__(
        self,
        bus: LocalBus,
        queue_log: QueueLog,
        file: QueueLogFile,
        clock: Clock,
        *,
        retry_s: float = RETRY_S,
        gather_s: float = QUEUE_LOG_GATHER_S,
    ) -> None:
        """Translate the events of a bus from now on, and append them to a file."""
        self._queue_log = queue_log
        self._file = file
        self._clock = clock
        self._unwritten: list[str] = []
        self._translated = 0
        self.recorder: Final = EventRecorder(
            bus, "queue_log", self._append, retry_s=retry_s, gather_s=gather_s
        )

    async def __aenter__(self) -> "QueueLogWriter":
        self._unwritten.append(self._queue_log.started(self._clock.utc()))
        await self._flush_or_log()
        await self.recorder.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.recorder.__aexit__(*exc)
        await self._flush_or_log()
        await asyncio.to_thread(self._file.close)

    async def _flush_or_log(self) -> None:
        try:
            await self._flush()
        except StoreError as error:
            _log.error("queue log not written", lines=len(self._unwritten), cause=str(error))

    async def _append(self, batch: Sequence[Envelope]) -> None:
        for envelope in batch:
            # A batch that is tried again has been translated: the translation remembers
            # what it has seen, and to see it twice would count a caller twice.
            if envelope.sequence > self._translated:
                self._translated = envelope.sequence
                self._unwritten += self._queue_log.lines(envelope)
        await self._flush()

    async def _flush(self) -> None:
        if not self._unwritten:
            return
        lines = list(self._unwritten)
        await asyncio.to_thread(self._file.append, lines)
        del self._unwritten[: len(lines)]
