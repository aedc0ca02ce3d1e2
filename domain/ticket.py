"""A ticket: a customer's matter that outlives the contact, until it is settled."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.machine import step

SUBJECT_CHARACTERS_MAX: Final = 200
PRIORITY_MAX: Final = 4
"""1 low, 2 ordinary, 3 high, 4 urgent."""


class TicketState(StrEnum):
    """Where a ticket stands."""

    NEW = "new"
    """Nobody has taken it up."""
    OPEN = "open"
    """Somebody works on it."""
    PENDING = "pending"
    """The customer is to answer; its due time rests."""
    SOLVED = "solved"
    """Settled as far as we know; opens again when the customer writes."""
    CLOSED = "closed"
    """Final: what he writes later begins another ticket."""


class TicketTrigger(StrEnum):
    """What moves a ticket on."""

    TAKE = "take"
    ASK_CUSTOMER = "ask_customer"
    ANSWERED = "answered"
    """The customer has written or called."""
    SOLVE = "solve"
    REOPEN = "reopen"
    CLOSE = "close"


class TicketReason(StrEnum):
    """Why a ticket was opened."""

    COMPLAINT = "complaint"
    """A mail or message that complains."""
    UNRESOLVED = "unresolved"
    """A contact whose matter was not settled."""
    ANGRY = "angry"
    """A caller who was angry at the end."""
    UNANSWERED = "unanswered"
    """A customer who was not served: he gave up, or nobody was there."""
    BY_HAND = "by_hand"


TRANSITIONS: Final[dict[tuple[TicketState, TicketTrigger], TicketState]] = {
    (TicketState.NEW, TicketTrigger.TAKE): TicketState.OPEN,
    (TicketState.NEW, TicketTrigger.ASK_CUSTOMER): TicketState.PENDING,
    (TicketState.NEW, TicketTrigger.SOLVE): TicketState.SOLVED,
    (TicketState.OPEN, TicketTrigger.ASK_CUSTOMER): TicketState.PENDING,
    (TicketState.OPEN, TicketTrigger.SOLVE): TicketState.SOLVED,
    (TicketState.PENDING, TicketTrigger.ANSWERED): TicketState.OPEN,
    (TicketState.PENDING, TicketTrigger.TAKE): TicketState.OPEN,
    (TicketState.PENDING, TicketTrigger.SOLVE): TicketState.SOLVED,
    (TicketState.SOLVED, TicketTrigger.ANSWERED): TicketState.OPEN,
    (TicketState.SOLVED, TicketTrigger.REOPEN): TicketState.OPEN,
    (TicketState.SOLVED, TicketTrigger.CLOSE): TicketState.CLOSED,
}


def next_ticket_state(state: TicketState, trigger: TicketTrigger) -> TicketState:
    """Return the state that follows.

    Raises:
        IllegalTransition: There is no such step.
    """
    return step(TRANSITIONS, state, trigger)


class LinkKind(StrEnum):
    """What a ticket may be linked to."""

    CONTACT = "contact"
    CONVERSATION = "conversation"
    MESSAGE = "message"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True, order=True)
class TicketLink:
    """Something that belongs to a ticket's matter."""

    kind: LinkKind
    target_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One matter, as it is stored.

    Attributes:
        ticket_id: Sortable by time, 32 hexadecimal digits.
        number: As people call it, from 1 on.
        customer_id: Whose matter; None while nobody can say.
        priority: 1 to 4, see `PRIORITY_MAX`.
        owner_id: The agent who works on it; None: nobody.
        due_at: When it shall be settled, by business hours; None: at no time, or it rests.
        left_s: Business seconds left when it began to rest; None while it does not.
        merged_into: The ticket that holds its matter now; None: itself.
        links: What belongs to it.
    """

    ticket_id: str
    number: int
    queue_id: str
    reason: TicketReason
    subject: str = field(repr=False)
    opened_at: datetime
    changed_at: datetime
    state: TicketState = TicketState.NEW
    customer_id: str | None = None
    priority: int = 2
    owner_id: str | None = None
    language: str = ""
    topic: str = ""
    due_at: datetime | None = None
    left_s: float | None = None
    solved_at: datetime | None = None
    merged_into: str | None = None
    links: tuple[TicketLink, ...] = ()
