"""Has something done about the events, each once or again after a kill, never left out.

One task reads the stream and asks what is to be done, one has it done, as much at once as has
gathered. The place in the stream is kept after things are done, so whoever does them must bear
that they come a second time.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final, Generic, Protocol, Self, TypeVar

import structlog

from domain.errors import EventCodecError, EventsGone, WarmlineError
from domain.events import Envelope
from domain.ports import CursorStore, ResumableStream

WAITING_MAX: Final = 1_000
"""Things that wait to be done; at the limit the stream is not read further, which loses
nothing."""
BATCH_MAX: Final = 200
"""Things done at once: lessons of one write, some 20 ms of the event loop, in pieces."""
AGAIN_S: Final = 5.0
"""Pause after the events could not be read."""
TURN_EVENTS: Final = 100
"""Events looked at before others have their turn of the event loop."""
PLACE_EVENTS: Final = 1_000
"""Events about which nothing is to be done after which the place is kept anew."""

_log = structlog.get_logger(__name__)

Sleep = Callable[[float], Awaitable[None]]
Thing = TypeVar("Thing")
Made_co = TypeVar("Made_co", covariant=True)
Taken_contra = TypeVar("Taken_contra", contravariant=True)


class Tracker(Protocol[Made_co]):
    """Makes of events what is to be done."""

    @property
    def needed_from(self) -> int | None:
        """Sequence number of the oldest event that is still needed; None: of none."""
        ...

    def hear(self, envelope: Envelope) -> Made_co | None:
        """Take the next event; return what is to be done now, if anything."""
        ...


class Doer(Protocol[Taken_contra]):
    """Does it."""

    async def do(self, things: Sequence[Taken_contra]) -> None:
        """Do things in order; return when they are done or given up, and raise nothing."""
        ...

    def passed_over(self) -> None:
        """Count that events are lost, or of a kind that is not known."""
        ...


class StreamKeeper(Generic[Thing]):
    """Async context manager; enter it after the journal and before what publishes."""

    def __init__(
        self,
        name: str,
        tracker: Tracker[Thing],
        doer: Doer[Thing],
        *,
        stream: ResumableStream,
        cursors: CursorStore,
        gather_s: float = 0.0,
        beside: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            name: Under which the place in the stream is kept.
            tracker: Is told of every event.
            doer: Does what the tracker asks for.
            stream: The events, stored ones too.
            cursors: Where the place is kept.
            gather_s: How long one thing waits for others, to be done with them.
            beside: What runs as long.
            sleep: Waits for seconds.
        """
        self._name = name
        self._tracker = tracker
        self._doer = doer
        self._stream = stream
        self._cursors = cursors
        self._gather_s = gather_s
        self._beside = beside
        self._sleep = sleep
        self._waiting: asyncio.Queue[Thing] = asyncio.Queue(WAITING_MAX)
        self._undone: deque[int] = deque()
        self._place: int | None = None
        self._kept: int | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._kept = self._place = (await self._cursors.load()).get(self._name)
        # Taken_contra here, so that nothing published from now on is missed by one who is new.
        events = self._stream.follow(self._place)
        self._tasks = [
            asyncio.create_task(self._read(events), name=f"{self._name} reads"),
            asyncio.create_task(self._work(), name=f"{self._name} works"),
            *(asyncio.create_task(each(), name=f"{self._name} beside") for each in self._beside),
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
                    thing = self._tracker.hear(envelope)
                    if thing is not None:
                        self._undone.append(envelope.sequence)
                        await self._waiting.put(thing)
                    self._place = envelope.sequence
                    seen += 1
                    if self._kept is None or seen % PLACE_EVENTS == 0:
                        self._keep_place()
                    if seen % TURN_EVENTS == 0:
                        await asyncio.sleep(0)
                return  # A stream that ends: in tests alone.
            except EventsGone as error:
                # Older events are lost; what happens from now on is not.
                self._doer.passed_over()
                self._place = error.first - 1 if error.after < error.first else None
                _log.error("events passed over, not kept", reader=self._name, cause=str(error))
            except EventCodecError as error:
                # Of a version that this one does not know: it would stand in the way for ever.
                self._doer.passed_over()
                self._place = None
                _log.error("events passed over, not known", reader=self._name, cause=str(error))
            except WarmlineError as error:
                _log.warning("events cannot be read", reader=self._name, cause=str(error))
                await self._sleep(AGAIN_S)
            events = self._stream.follow(self._place)

    async def _work(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            if self._gather_s:
                await self._sleep(self._gather_s)
            while len(batch) < BATCH_MAX and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            await self._doer.do(batch)
            for _ in batch:
                self._undone.popleft()
            self._keep_place()

    def _keep_place(self) -> None:
        """Have it stored how far everything is done."""
        oldest = [*list(self._undone)[:1], *filter(None, (self._tracker.needed_from,))]
        place = min((one - 1 for one in oldest), default=self._place)
        if place is not None and place != self._kept:
            self._cursors.save(self._name, place)
            self._kept = place
