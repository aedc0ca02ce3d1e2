"""A conversation: messages in one thread with one customer, over as many contacts as it takes.

A contact is one request for service and ends; the conversation goes on when the customer writes
again, and a call that grows out of it belongs to it too.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.contact import Channel
from domain.customer import Identifier
from domain.machine import step
from domain.proof import Proof


class ConversationState(StrEnum):
    """Where a conversation stands."""

    IDLE = "idle"
    """No contact is open: nothing is asked of us."""
    WAITING = "waiting"
    """Its contact waits for an agent, or is being offered."""
    SERVED = "served"
    """An agent has it."""
    PARKED = "parked"
    """An agent has laid it aside until a time, or until the customer writes."""


class ConversationTrigger(StrEnum):
    """What moves a conversation on."""

    ASK = "ask"
    """The customer wants something: a contact is opened and waits."""
    SERVE = "serve"
    """An agent has accepted it."""
    REQUEUE = "requeue"
    """Handed on, or its agent is gone: it waits again."""
    PARK = "park"
    RESUME = "resume"
    """Taken up again: its time has come or the customer has written; it waits, and next for the
    agent who parked it."""
    CLOSE = "close"


TRANSITIONS: Final[dict[tuple[ConversationState, ConversationTrigger], ConversationState]] = {
    (ConversationState.IDLE, ConversationTrigger.ASK): ConversationState.WAITING,
    (ConversationState.WAITING, ConversationTrigger.SERVE): ConversationState.SERVED,
    (ConversationState.WAITING, ConversationTrigger.CLOSE): ConversationState.IDLE,
    (ConversationState.SERVED, ConversationTrigger.REQUEUE): ConversationState.WAITING,
    (ConversationState.SERVED, ConversationTrigger.PARK): ConversationState.PARKED,
    (ConversationState.SERVED, ConversationTrigger.CLOSE): ConversationState.IDLE,
    (ConversationState.PARKED, ConversationTrigger.RESUME): ConversationState.WAITING,
    (ConversationState.PARKED, ConversationTrigger.CLOSE): ConversationState.IDLE,
}


def next_conversation_state(
    state: ConversationState, trigger: ConversationTrigger
) -> ConversationState:
    """Return the state that follows.

    Raises:
        IllegalTransition: There is no such step.
    """
    return step(TRANSITIONS, state, trigger)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One thread with one customer, as it is stored.

    Attributes:
        conversation_id: Sortable by time, 32 hexadecimal digits.
        source: Where it takes place: "chat", "mail", or the id of a messenger.
        address: The customer's, in that place; personal data.
        proof: The strongest that was given for it.
        customer_id: Whose it is; None while nobody can say.
        language: BCP 47 tag in which it is served.
        contact_id: Its open contact; None while it is idle.
        agent_id: Who has it, or had it last; None: nobody yet.
        last_sequence: Of its newest message; 0 before the first.
        customer_got, customer_read: Up to which message the customer's device has it, and he has
            read it.
        agent_read: Up to which message an agent has read it.
        parked_until: When it is taken up again by itself; None: when the customer writes.
        due_at: When it shall be answered; None: as soon as can be.
        topic: What it is about; "" while nobody has said.
    """

    conversation_id: str
    source: str
    channel: Channel
    queue_id: str
    address: Identifier
    language: str
    opened_at: datetime
    last_at: datetime
    proof: Proof = Proof.NONE
    customer_id: str | None = None
    name: str = field(default="", repr=False)
    subject: str = field(default="", repr=False)
    state: ConversationState = ConversationState.IDLE
    contact_id: str | None = None
    agent_id: str | None = None
    last_sequence: int = 0
    customer_got: int = 0
    customer_read: int = 0
    agent_read: int = 0
    parked_until: datetime | None = None
    due_at: datetime | None = None
    topic: str = ""
