"""Every change of a ticket, as a function from how it stands to how it then stands. Pure.

Each returns the ticket and the entry of its trail. What always holds: a due time is set only
while the ticket is new or open, time left only while it is pending, a merged ticket is closed and
never changes again, and no link is lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from domain.business_hours import BusinessHours
from domain.errors import IllegalTransition
from domain.ticket import (
    PRIORITY_MAX,
    SUBJECT_CHARACTERS_MAX,
    LinkKind,
    Ticket,
    TicketLink,
    TicketState,
    TicketTrigger,
    next_ticket_state,
)
from domain.ticket_ports import TicketWish, TrailEntry

RUNNING: Final = frozenset({TicketState.NEW, TicketState.OPEN})
"""Its due time runs."""
LIVE: Final = frozenset({*RUNNING, TicketState.PENDING})
"""Somebody has something to do."""
ARROW: Final = " → "
"""Parts what it was from what it is, in the text of an entry."""
NOTHING: Final = "-"
_MACHINE: Final = "Ticket"


class Changed(NamedTuple):
    """A ticket after a change, and what its trail says of it."""

    ticket: Ticket
    entry: TrailEntry


class Merged(NamedTuple):
    """Two tickets after one was merged into the other."""

    source: Changed
    target: Changed


@dataclass(frozen=True, slots=True)
class DuePolicy:
    """How long a ticket may take.

    Attributes:
        hours: When somebody works.
        due_s: Business seconds by priority, 1 to 4; a priority that is not here is never due.
    """

    hours: BusinessHours
    due_s: Mapping[int, float]

    def due(self, now: datetime, priority: int) -> datetime | None:
        """Return when a ticket is due whose time begins now."""
        seconds = self.due_s.get(priority)
        return None if seconds is None else self.hours.due(now, seconds)


def opened(wish: TicketWish, policy: DuePolicy, now: datetime, *, ticket_id: str) -> Changed:
    """Return a new ticket; its number is given by the store, and 0 until then.

    Raises:
        ValueError: There is no such priority.
    """
    _check_priority(wish.priority)
    ticket = Ticket(
        ticket_id=ticket_id,
        number=0,
        queue_id=wish.queue_id,
        reason=wish.reason,
        subject=" ".join(wish.subject.split())[:SUBJECT_CHARACTERS_MAX],
        opened_at=now,
        changed_at=now,
        customer_id=wish.customer_id,
        priority=wish.priority,
        owner_id=wish.owner_id,
        language=wish.language,
        topic=wish.topic,
        due_at=policy.due(now, wish.priority),
        links=tuple(sorted(set(wish.links))),
    )
    return Changed(ticket, TrailEntry(at=now, by=wish.by, change="opened", text=wish.reason.value))


def stepped(
    ticket: Ticket,
    trigger: TicketTrigger,
    policy: DuePolicy,
    now: datetime,
    by: str,
    *,
    taker: str | None = None,
) -> Changed:
    """Return the ticket a step further.

    Its due time rests while it is pending and runs on afterwards. One that was solved and opens
    again has its whole time anew: the customer has come again. `taker` becomes the owner of one
    that is taken up and has none.

    Raises:
        IllegalTransition: There is no such step.
    """
    now = max(now, ticket.changed_at)
    before, after = ticket.state, next_ticket_state(ticket.state, trigger)
    due_at, left_s = ticket.due_at, ticket.left_s
    if after in RUNNING:
        if before is TicketState.PENDING:
            due_at = None if left_s is None else policy.hours.due(now, left_s)
        elif before is TicketState.SOLVED:
            due_at = policy.due(now, ticket.priority)
        left_s = None
    elif after is TicketState.PENDING:
        if due_at is not None:
            left_s = max(0.0, policy.hours.between(now, due_at))
        due_at = None
    else:
        due_at = left_s = None
    solved_at = None
    if after not in LIVE:
        solved_at = now if after is TicketState.SOLVED else ticket.solved_at
    owner_id = ticket.owner_id
    if trigger is TicketTrigger.TAKE and owner_id is None:
        owner_id = taker
    changed = replace(
        ticket,
        state=after,
        due_at=due_at,
        left_s=left_s,
        solved_at=solved_at,
        owner_id=owner_id,
        changed_at=now,
    )
    return Changed(changed, _entry(now, by, "state", before.value, after.value))


def assigned(ticket: Ticket, owner_id: str | None, now: datetime, by: str) -> Changed:
    """Return the ticket with another owner, or with none.

    Raises:
        IllegalTransition: It is closed.
    """
    _refuse_closed(ticket, "assign")
    now = max(now, ticket.changed_at)
    entry = _entry(now, by, "owner", ticket.owner_id or NOTHING, owner_id or NOTHING)
    return Changed(replace(ticket, owner_id=owner_id, changed_at=now), entry)


def prioritised(
    ticket: Ticket, priority: int, policy: DuePolicy, now: datetime, by: str
) -> Changed:
    """Return the ticket with another priority, less the time that it has taken already.

    Raises:
        IllegalTransition: It is closed.
        ValueError: There is no such priority.
    """
    _check_priority(priority)
    _refuse_closed(ticket, "set_priority")
    now = max(now, ticket.changed_at)
    due_at, left_s = _time_of(ticket, priority, policy, now)
    changed = replace(ticket, priority=priority, due_at=due_at, left_s=left_s, changed_at=now)
    return Changed(changed, _entry(now, by, "priority", str(ticket.priority), str(priority)))


def noted(ticket: Ticket, text: str, now: datetime, by: str) -> Changed:
    """Return the ticket with a note; allowed at any time."""
    now = max(now, ticket.changed_at)
    entry = TrailEntry(at=now, by=by, change="noted", text=text)
    return Changed(replace(ticket, changed_at=now), entry)


def overdue(ticket: Ticket, now: datetime, by: str) -> Changed:
    """Return the ticket whose due time has passed, so that it is told once."""
    assert ticket.due_at is not None
    assert ticket.due_at <= now
    now = max(now, ticket.changed_at)
    entry = TrailEntry(at=now, by=by, change="due", text=ticket.due_at.isoformat())
    return Changed(replace(ticket, changed_at=now), entry)


def linked(
    ticket: Ticket, link: TicketLink, now: datetime, by: str, *, customer_id: str | None = None
) -> Changed | None:
    """Return the ticket with a link more; None: it has it already.

    `customer_id`, whose the linked thing is, becomes that of a ticket of nobody.

    Raises:
        IllegalTransition: It is merged, or would be linked to itself.
    """
    _refuse_merged(ticket, "link")
    if link == TicketLink(LinkKind.TICKET, ticket.ticket_id):
        raise IllegalTransition(_MACHINE, "itself", "link")
    if link in ticket.links:
        return None
    now = max(now, ticket.changed_at)
    changed = replace(
        ticket,
        links=tuple(sorted({*ticket.links, link})),
        customer_id=ticket.customer_id or customer_id,
        changed_at=now,
    )
    entry = TrailEntry(at=now, by=by, change="linked", text=f"{link.kind} {link.target_id}")
    return Changed(changed, entry)


def merged(source: Ticket, target: Ticket, policy: DuePolicy, now: datetime, by: str) -> Merged:
    """Return both when the target holds the matter of the source too.

    The links move, the higher priority and the earlier due time count; a target that was solved
    opens again when the source was not. The source is closed.

    Raises:
        IllegalTransition: They are the same, one is merged already, or the target is closed.
    """
    if source.ticket_id == target.ticket_id:
        raise IllegalTransition(_MACHINE, "itself", "merge")
    _refuse_merged(source, "merge")
    _refuse_merged(target, "merge")
    _refuse_closed(target, "merge")
    now = max(now, source.changed_at, target.changed_at)
    state, solved_at = target.state, target.solved_at
    due_at, left_s = target.due_at, target.left_s
    priority = target.priority
    if source.state in LIVE:
        priority = max(priority, source.priority)
        if state is TicketState.SOLVED:
            state, solved_at = TicketState.OPEN, None
            due_at = source.due_at or policy.due(now, priority)
        elif priority > target.priority:
            due_at, left_s = _time_of(target, priority, policy, now)
        if state in RUNNING:
            due_at = min(filter(None, (due_at, source.due_at)), default=None)
    links = {*target.links, *source.links} - {TicketLink(LinkKind.TICKET, target.ticket_id)}
    kept = replace(
        target,
        state=state,
        solved_at=solved_at,
        priority=priority,
        due_at=due_at,
        left_s=left_s,
        customer_id=target.customer_id or source.customer_id,
        links=tuple(sorted(links)),
        changed_at=now,
    )
    gone = replace(
        source,
        state=TicketState.CLOSED,
        due_at=None,
        left_s=None,
        merged_into=target.ticket_id,
        links=(),
        changed_at=now,
    )
    told = f"#{source.number}{ARROW}#{target.number}"
    states = (source.state.value, gone.state.value), (target.state.value, kept.state.value)
    first, second = (
        TrailEntry(at=now, by=by, change="merged", text=f"{told}, {ARROW.join(each)}")
        for each in states
    )
    return Merged(Changed(gone, first), Changed(kept, second))


def is_recent(ticket: Ticket, now: datetime, days: float) -> bool:
    """Tell whether what the customer writes now belongs to a matter that was solved."""
    return ticket.solved_at is not None and now - ticket.solved_at <= timedelta(days=days)


def _time_of(
    ticket: Ticket, priority: int, policy: DuePolicy, now: datetime
) -> tuple[datetime | None, float | None]:
    """Return due time and time left under another priority."""
    whole_s, new_s = policy.due_s.get(ticket.priority), policy.due_s.get(priority)
    if new_s is None or ticket.state not in LIVE:
        return None, None
    resting = ticket.state is TicketState.PENDING
    if resting:
        left_s = ticket.left_s
    else:
        left_s = None if ticket.due_at is None else policy.hours.between(now, ticket.due_at)
    used_s = 0.0 if whole_s is None or left_s is None else max(0.0, whole_s - left_s)
    new_left_s = max(0.0, new_s - used_s)
    if resting:
        return None, new_left_s
    if new_left_s == 0 and ticket.due_at is not None:
        # It was due in either case; since when, stays.
        return min(ticket.due_at, now), None
    return policy.hours.due(now, new_left_s), None


def _entry(at: datetime, by: str, change: str, before: str, after: str) -> TrailEntry:
    return TrailEntry(at=at, by=by, change=change, text=f"{before}{ARROW}{after}")


def _check_priority(priority: int) -> None:
    if not 1 <= priority <= PRIORITY_MAX:
        raise ValueError(f"priority {priority} is not from 1 to {PRIORITY_MAX}")


def _refuse_merged(ticket: Ticket, what: str) -> None:
    if ticket.merged_into is not None:
        raise IllegalTransition(_MACHINE, "merged", what)


def _refuse_closed(ticket: Ticket, what: str) -> None:
    if ticket.state is TicketState.CLOSED:
        raise IllegalTransition(_MACHINE, ticket.state.value, what)
