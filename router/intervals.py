"""Figures by interval, made from the stream of events. Pure: events and times come in.

Each event counts once, whatever order a batch comes in and however often: its number says whether
it is known already. Wall time that was set back stands still until it has caught up, so no interval
that is over changes any more.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from domain.agent import AgentState
from domain.contact import Disposition
from domain.events import (
    AgentStateChanged,
    ContactClosed,
    ContactConnected,
    ContactQueued,
    ContactTransferred,
    Envelope,
)
from domain.intervals import (
    QUARTER_S,
    AgentCounters,
    AgentInterval,
    QueueCounters,
    QueueInterval,
    next_quarter,
    quarter_of,
)
from domain.offer_events import (
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferWithdrawn,
)

OPEN_MAX: Final = 100_000
"""Contacts followed: far more than can be open; beyond it the oldest is forgotten, and what
becomes of it is not counted."""
ROWS_MAX: Final = 100_000
"""Rows of figures that wait to be stored, about 30 MB; with 200 agents and 20 queues more than
four days of a store that fails. Beyond it the oldest are dropped and counted."""

_LEFT: Final = frozenset({Disposition.ABANDONED, Disposition.CALLER_ENDED})
"""The customer's own doing, for a contact that waits."""
_STATES: Final = {
    AgentState.NOT_READY: "not_ready_s",
    AgentState.READY: "ready_s",
    AgentState.BUSY: "busy_s",
    AgentState.WRAP_UP: "wrap_up_s",
}
"""The figure of each state whose time is counted; nobody works who is logged out."""

Counted = QueueInterval | AgentInterval
RowName = tuple[datetime, str, str]
"""Begin of the quarter, "queue" or "agent", and the id."""


class _Stage(StrEnum):
    """How far a contact is in its queue."""

    WAITING = "waiting"
    ANSWERED = "answered"
    TALKING = "talking"
    AWAY = "away"
    """Its conversation has ended, and it is not closed yet."""


@dataclass(slots=True)
class _Contact:
    queue_id: str
    stage: _Stage = _Stage.WAITING
    agent_id: str = ""
    connected_at: datetime | None = None


@dataclass(slots=True)
class _Standing:
    state: AgentState
    since: datetime
    """Up to when his time is counted."""
    queue_id: str = ""
    """Of the contact he answered last."""
    wrapping_since: datetime | None = None


@dataclass(slots=True, kw_only=True)
class _Memory:
    """All that later events are read with; it is stored, so that a restart loses nothing."""

    sequence: int = 0
    at: datetime | None = None
    contacts: dict[str, _Contact] = field(default_factory=dict)
    agents: dict[str, _Standing] = field(default_factory=dict)


class IntervalReducer:
    """Makes figures from events.

    Attributes:
        dropped: Rows of figures that were given up because too many waited for the store.
        repeated: Events that were known already.
    """

    def __init__(self, target_of: Callable[[str], float]) -> None:
        """Begin with nothing.

        Args:
            target_of: Returns the seconds of `service_level.target_s` of a queue, also of one
                that is configured no longer.
        """
        self.dropped = 0
        self.repeated = 0
        self._target_of = target_of
        self._memory = _Memory()
        self._rows: dict[RowName, QueueCounters | AgentCounters] = {}
        self._changed: dict[RowName, None] = {}

    @property
    def sequence(self) -> int:
        """Number of the last event that is counted; 0 before the first."""
        return self._memory.sequence

    @property
    def at(self) -> datetime | None:
        """Wall time up to which is counted; None before the first event."""
        return self._memory.at

    def take(self, envelopes: Iterable[Envelope]) -> None:
        """Count these events; those that are known already change nothing."""
        for envelope in sorted(envelopes, key=lambda one: one.sequence):
            if envelope.sequence <= self._memory.sequence:
                self.repeated += 1
                continue
            self._memory.sequence = envelope.sequence
            at = self._clamped(envelope.at)
            count = _COUNTS.get(type(envelope.event))
            if count is not None:
                count(self, envelope.event, at)

    def settle(self, at: datetime) -> None:
        """Count the time that agents have spent in their states until now."""
        at = self._clamped(at)
        for agent_id, standing in self._memory.agents.items():
            self._spend(agent_id, standing, at)
        self._trim()

    def begin_run(self) -> None:
        """A node has started: nobody was in any state since the last event of the run before."""
        if self._memory.at is not None:
            self.settle(self._memory.at)
        self._memory.agents.clear()

    def mark(self) -> str:
        """Return as JSON all that `resume` needs beside the rows of the open quarter."""
        return msgspec.json.encode(self._memory).decode()

    def resume(self, mark: str, rows: Iterable[Counted]) -> None:
        """Go on where a run before stopped.

        Args:
            mark: What `mark` returned.
            rows: As stored with it, of the quarter of its time at least.

        Raises:
            ValueError: It is no such mark.
        """
        self._memory = msgspec.json.decode(mark, type=_Memory)
        self._rows = {_name(row): replace(row.counters) for row in rows}
        self._changed.clear()

    def changed(self) -> list[Counted]:
        """Return the rows that changed since the last call, and forget quarters that are over."""
        rows = [_row(name, self._rows[name]) for name in self._changed]
        self._changed.clear()
        if self._memory.at is not None:
            open_from = quarter_of(self._memory.at)
            for name in [name for name in self._rows if name[0] < open_from]:
                del self._rows[name]
        return rows

    def give_back(self, rows: Iterable[Counted]) -> None:
        """Take back rows that could not be stored; those that changed meanwhile are newer."""
        for row in rows:
            name = _name(row)
            self._rows.setdefault(name, row.counters)
            self._changed.setdefault(name)
        self._trim()

    def open_rows(self) -> list[Counted]:
        """Return the figures of the quarter that is not over."""
        if self._memory.at is None:
            return []
        begin = quarter_of(self._memory.at)
        return [_row(name, each) for name, each in self._rows.items() if name[0] == begin]

    def _clamped(self, at: datetime) -> datetime:
        """Return the time, or that of what was counted last if it was set back."""
        last = self._memory.at
        self._memory.at = at if last is None else max(at, last)
        return self._memory.at

    def _queue(self, queue_id: str, at: datetime) -> QueueCounters:
        name = (quarter_of(at), "queue", queue_id)
        self._changed[name] = None
        counters = self._rows.setdefault(name, QueueCounters())
        assert isinstance(counters, QueueCounters)
        return counters

    def _agent(self, agent_id: str, at: datetime) -> AgentCounters:
        name = (quarter_of(at), "agent", agent_id)
        self._changed[name] = None
        counters = self._rows.setdefault(name, AgentCounters())
        assert isinstance(counters, AgentCounters)
        return counters

    def _spend(self, agent_id: str, standing: _Standing, until: datetime) -> None:
        """Count the time of a state, divided among the quarters that it spans."""
        figure = _STATES.get(standing.state)
        while standing.since < until:
            end = min(until, next_quarter(quarter_of(standing.since)))
            if figure is not None:
                counters = self._agent(agent_id, standing.since)
                spent_s = (end - standing.since).total_seconds()
                setattr(counters, figure, getattr(counters, figure) + spent_s)
            standing.since = end

    def _trim(self) -> None:
        while len(self._rows) > ROWS_MAX:
            oldest = next(iter(self._rows))
            del self._rows[oldest]
            self.dropped += 1
            self._changed.pop(oldest, None)

    def _queued(self, event: ContactQueued, at: datetime) -> None:
        contact = self._memory.contacts.get(event.contact_id)
        if contact is not None:
            if contact.stage is _Stage.TALKING:
                since = contact.connected_at or at
                self._talked(contact, max(0.0, (at - since).total_seconds()), at)
            elif contact.stage is _Stage.WAITING:
                if contact.queue_id == event.queue_id:
                    return  # It comes back after an offer that came to nothing.
                self._queue(contact.queue_id, at).overflowed += 1
        self._memory.contacts[event.contact_id] = _Contact(event.queue_id)
        self._queue(event.queue_id, at).arrived += 1
        if len(self._memory.contacts) > OPEN_MAX:
            del self._memory.contacts[next(iter(self._memory.contacts))]

    def _made(self, event: OfferMade, at: datetime) -> None:
        self._queue(event.queue_id, at).offers += 1
        self._agent(event.agent_id, at).offers += 1

    def _accepted(self, event: OfferAccepted, at: datetime) -> None:
        queue = self._queue(event.queue_id, at)
        queue.accepted += 1
        queue.answered += 1
        queue.answered_in_target += event.waited_s <= self._target_of(event.queue_id)
        queue.answer_wait_s += event.waited_s
        queue.longest_wait_s = max(queue.longest_wait_s, event.waited_s)
        self._agent(event.agent_id, at).accepted += 1
        contact = self._memory.contacts.get(event.contact_id)
        if contact is not None:
            contact.stage = _Stage.ANSWERED
            contact.agent_id = event.agent_id
        standing = self._memory.agents.get(event.agent_id)
        if standing is not None:
            standing.queue_id = event.queue_id

    def _missed(self, event: OfferExpired, at: datetime) -> None:
        self._queue(event.queue_id, at).missed += 1
        self._agent(event.agent_id, at).missed += 1

    def _declined(self, event: OfferDeclined, at: datetime) -> None:
        self._queue(event.queue_id, at).declined += 1
        self._agent(event.agent_id, at).declined += 1

    def _withdrawn(self, event: OfferWithdrawn, at: datetime) -> None:
        self._queue(event.queue_id, at).withdrawn += 1
        self._agent(event.agent_id, at).withdrawn += 1

    def _connected(self, event: ContactConnected, at: datetime) -> None:
        contact = self._memory.contacts.get(event.contact_id)
        if contact is not None:
            contact.stage = _Stage.TALKING
            contact.agent_id = event.agent_id
            contact.connected_at = at

    def _transferred(self, event: ContactTransferred, at: datetime) -> None:
        self._queue(event.queue_id, at).transferred += 1
        self._agent(event.agent_id, at).transferred += 1
        contact = self._memory.contacts.get(event.contact_id)
        if contact is not None and contact.stage is _Stage.TALKING:
            self._talked(contact, event.talk_s, at)

    def _closed(self, event: ContactClosed, at: datetime) -> None:
        if event.disposition is Disposition.QUEUE_FULL:
            self._queue(event.queue_id, at).refused += 1
        contact = self._memory.contacts.pop(event.contact_id, None)
        if contact is None:
            return
        if contact.stage is _Stage.TALKING:
            self._talked(contact, event.talk_s, at)
        elif contact.stage is _Stage.WAITING:
            self._gone(contact, event, at)

    def _gone(self, contact: _Contact, event: ContactClosed, at: datetime) -> None:
        """Count a contact that ended while it waited."""
        queue = self._queue(contact.queue_id, at)
        if event.disposition in _LEFT:
            waited_s = event.wait_s or 0.0
            queue.abandoned += 1
            queue.abandoned_in_target += waited_s <= self._target_of(contact.queue_id)
            queue.abandon_wait_s += waited_s
            queue.longest_wait_s = max(queue.longest_wait_s, waited_s)
        elif event.disposition is Disposition.WAIT_EXCEEDED:
            queue.released += 1
        else:
            queue.lost += 1

    def _talked(self, contact: _Contact, talk_s: float, at: datetime) -> None:
        """Count a conversation that has ended."""
        queue, agent = self._queue(contact.queue_id, at), self._agent(contact.agent_id, at)
        for counters in (queue, agent):
            counters.handled += 1
            counters.talk_s += talk_s
        contact.stage = _Stage.AWAY

    def _changed_state(self, event: AgentStateChanged, at: datetime) -> None:
        standing = self._memory.agents.get(event.agent_id)
        if standing is None:
            standing = self._memory.agents[event.agent_id] = _Standing(event.before, at)
        self._spend(event.agent_id, standing, at)
        if standing.wrapping_since is not None:
            if standing.queue_id:
                wrapped_s = (at - standing.wrapping_since).total_seconds()
                self._queue(standing.queue_id, at).wrap_up_s += wrapped_s
            standing.wrapping_since = None
        standing.state = event.after
        if event.after is AgentState.WRAP_UP:
            standing.wrapping_since = at
        elif event.after is AgentState.LOGGED_OUT:
            del self._memory.agents[event.agent_id]


def _name(row: Counted) -> RowName:
    if isinstance(row, QueueInterval):
        return (row.begin, "queue", row.queue_id)
    return (row.begin, "agent", row.agent_id)


def _row(name: RowName, counters: QueueCounters | AgentCounters) -> Counted:
    begin, _, whose = name
    if isinstance(counters, QueueCounters):
        return QueueInterval(
            begin=begin, seconds=QUARTER_S, queue_id=whose, counters=replace(counters)
        )
    return AgentInterval(begin=begin, seconds=QUARTER_S, agent_id=whose, counters=replace(counters))


_COUNTS: Final[dict[type, Callable[[IntervalReducer, Any, datetime], None]]] = {
    ContactQueued: IntervalReducer._queued,
    OfferMade: IntervalReducer._made,
    OfferAccepted: IntervalReducer._accepted,
    OfferExpired: IntervalReducer._missed,
    OfferDeclined: IntervalReducer._declined,
    OfferWithdrawn: IntervalReducer._withdrawn,
    ContactConnected: IntervalReducer._connected,
    ContactTransferred: IntervalReducer._transferred,
    ContactClosed: IntervalReducer._closed,
    AgentStateChanged: IntervalReducer._changed_state,
}
"""What counts; other events only carry the number on."""


def rows_of_queues(rows: Iterable[Counted]) -> Sequence[QueueInterval]:
    """Return the rows that are of queues."""
    return [row for row in rows if isinstance(row, QueueInterval)]


def rows_of_agents(rows: Iterable[Counted]) -> Sequence[AgentInterval]:
    """Return the rows that are of agents."""
    return [row for row in rows if isinstance(row, AgentInterval)]
