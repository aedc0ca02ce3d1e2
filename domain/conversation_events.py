"""The events of conversations, messages, tickets and identity, of `domain.events.Event`.

They name things by id: what was written, and by whom, is read from the store by those who may.
"""

from dataclasses import dataclass

from domain.contact import Channel
from domain.conversation import ConversationState
from domain.message import Author, Delivery
from domain.proof import Proof
from domain.ticket import TicketReason, TicketState


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationChanged:
    """A conversation stands elsewhere.

    Attributes:
        contact_id: Its open contact; None while it is idle.
        agent_id: Who has it; None for nobody.
    """

    conversation_id: str
    channel: Channel
    queue_id: str
    before: ConversationState
    after: ConversationState
    contact_id: str | None
    agent_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStored:
    """A message is committed.

    Attributes:
        sequence: Its place in the conversation, from 1.
        contact_id: The contact that it belongs to; None for none.
        agent_id: The agent who has written it; None for others.
        attachments: How many files came with it.
    """

    message_id: str
    conversation_id: str
    sequence: int
    contact_id: str | None
    queue_id: str
    channel: Channel
    author: Author
    agent_id: str | None
    attachments: int = 0
    automatic: bool = False
    internal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryChanged:
    """Messages to the customer have come further, or one could not be delivered.

    Attributes:
        sequence: Up to which message; of `FAILED`, which one.
        reason: Why it failed, without an address; "" otherwise.
    """

    conversation_id: str
    contact_id: str | None
    sequence: int
    delivery: Delivery
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRecognised:
    """It is known whose conversation or call it is, or it may be.

    Attributes:
        customer_id: The customer; None: several could be, and an agent is asked.
        candidates: How many could be.
    """

    contact_id: str
    conversation_id: str | None
    customer_id: str | None
    proof: Proof
    candidates: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersMerged:
    """Two customers are one from now on.

    Attributes:
        customer_id: Who is left.
        member_id: Who is part of him now.
        by: Who has said so: an agent's id, or "api".
    """

    merge_id: str
    customer_id: str
    member_id: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersUnmerged:
    """A merge was undone: they are two again, each with what was his."""

    merge_id: str
    customer_id: str
    member_id: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketChanged:
    """A ticket was opened, or something about it has changed.

    Attributes:
        number: As people call it.
        before: None: it is new.
        by: Who did it: an agent's id, "rule", "customer" or "api".
        change: What has changed: "opened", "state", "owner", "priority", "due", "linked", "merged",
            "noted".
    """

    ticket_id: str
    number: int
    queue_id: str
    before: TicketState | None
    after: TicketState
    change: str
    by: str
    owner_id: str | None
    reason: TicketReason
