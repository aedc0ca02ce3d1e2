"""Tells the router what happens elsewhere: how customers feel, what became of contacts.

An outcome has parts that come apart: whether the customer was calmer at the end is known when the
contact closes, whether his matter is settled when somebody says so. The router learns from a
contact once, so the parts are put together here, and what nobody completes is told after a while.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Final

import structlog

from domain.events import ContactClosed, Event, MoodChanged, OutcomeReported
from domain.mood import Mood
from domain.ports import Clock, EventStream
from router.inputs import OutcomeKnown
from router.service import RouterService

CONTACTS_MAX: Final = 20_000
"""Contacts of which something is remembered; at the limit the oldest is told as it stands."""
REPORT_S_MAX: Final = 1_800.0
"""How long a report is waited for: agents write theirs in wrap-up, surveys come within minutes."""
SWEEP_S: Final = 30.0
DAY_S: Final = 86_400.0

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Felt:
    """How a customer felt first and last, and when his contact closed."""

    first: Mood
    last: Mood
    closed_s: float | None = None

    @property
    def calmer(self) -> bool | None:
        """Whether he was calmer at the end; None: nothing was ever wrong."""
        if max(self.first.rank, self.last.rank) <= Mood.CALM.rank:
            return None
        return self.last.rank < self.first.rank


class OutcomeParts:
    """Puts the parts of outcomes together. Pure: events and times in, whole outcomes out."""

    def __init__(self, contacts_max: int = CONTACTS_MAX) -> None:
        self._felt: OrderedDict[str, _Felt] = OrderedDict()
        self._contacts_max = contacts_max

    def __len__(self) -> int:
        return len(self._felt)

    def take(self, event: Event, now_s: float) -> list[OutcomeKnown]:
        """Take an event; return the outcomes that are whole by it."""
        match event:
            case MoodChanged(contact_id=contact_id, after=mood):
                felt = self._felt.get(contact_id)
                if felt is None:
                    self._felt[contact_id] = _Felt(mood, mood)
                elif felt.closed_s is None:
                    felt.last = mood
            case ContactClosed(contact_id=contact_id) if contact_id in self._felt:
                self._felt[contact_id].closed_s = now_s
            case OutcomeReported(resolved=None, satisfied=None):
                pass  # What it was about is nothing to learn from; the rest may still come.
            case OutcomeReported(contact_id=contact_id):
                felt = self._felt.pop(contact_id, None)
                calmer = None if felt is None else felt.calmer
                return [OutcomeKnown(contact_id, event.resolved, event.satisfied, calmer)]
            case _:
                pass
        if len(self._felt) > self._contacts_max:
            contact_id, felt = self._felt.popitem(last=False)
            return [OutcomeKnown(contact_id, calmer=felt.calmer)]
        return []

    def overdue(self, now_s: float) -> list[OutcomeKnown]:
        """Return the outcomes of contacts about which nobody has reported in time."""
        late = [
            contact_id
            for contact_id, felt in self._felt.items()
            if felt.closed_s is not None and felt.closed_s + REPORT_S_MAX <= now_s
        ]
        return [OutcomeKnown(name, calmer=self._felt.pop(name).calmer) for name in late]


def days_of(at: datetime) -> float:
    """Return a wall time in days since 1970, UTC."""
    return at.timestamp() / DAY_S


class RouterFeed:
    """Reads the stream and tells the router; an async context manager."""

    def __init__(self, router: RouterService, events: EventStream, clock: Clock) -> None:
        self._router = router
        self._events = events
        self._clock = clock
        self._parts = OutcomeParts()
        self._tasks: list[asyncio.Task[None]] = []
        self.learnt_from = 0
        """Outcomes told to the router."""

    async def __aenter__(self) -> "RouterFeed":
        listening = asyncio.Event()
        self._tasks = [
            asyncio.create_task(self._read(listening.set), name="router feed"),
            asyncio.create_task(self._sweep(), name="router feed overdue"),
        ]
        await listening.wait()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _read(self, listening: Callable[[], None]) -> None:
        async with self._events.subscribe("router") as stream:
            listening()
            async for envelope in stream:
                try:
                    self._take(envelope.event)
                except Exception:
                    # One contact must not end the learning from all others.
                    _log.exception("event not taken", kind=type(envelope.event).__name__)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            self._tell(self._parts.overdue(self._clock.monotonic_s()))

    def _take(self, event: Event) -> None:
        if isinstance(event, MoodChanged):
            self._router.mood_observed(event.contact_id, event.after)
        self._tell(self._parts.take(event, self._clock.monotonic_s()))

    def _tell(self, outcomes: list[OutcomeKnown]) -> None:
        for outcome in outcomes:
            self.learnt_from += 1
            self._router.outcome_known(
                OutcomeKnown(
                    outcome.contact_id,
                    outcome.resolved,
                    outcome.satisfied,
                    outcome.calmer,
                    days_of(self._clock.utc()),
                )
            )
