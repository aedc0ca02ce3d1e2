"""A message: what one side of a conversation has written, on any channel."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.attachment import Attachment
from domain.contact import Channel
from domain.customer import Identifier
from domain.proof import Proof

TEXT_CHARACTERS_MAX: Final = 200_000
"""Of one message: a long mail has 20,000; what is longer is kept as an attachment."""
ATTACHMENTS_MAX: Final = 20
"""Of one message."""
CLIENT_ID_CHARACTERS_MAX: Final = 128
"""Of the id that a client gives a message, so that it is stored once however often it is sent."""


class Author(StrEnum):
    """Who has written a message."""

    CUSTOMER = "customer"
    AGENT = "agent"
    SYSTEM = "system"
    """We ourselves: a greeting, a notice, a message to the customer that a rule has sent."""


class Delivery(StrEnum):
    """How far a message to the customer has come; those of the customer are `STORED`."""

    STORED = "stored"
    """Committed; nobody has it yet."""
    SENT = "sent"
    """The next system has taken it over: a mail server, a messenger."""
    DELIVERED = "delivered"
    """It has reached the customer's device."""
    READ = "read"
    FAILED = "failed"
    """Given up; `Message.failure` says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, as it is stored.

    Attributes:
        message_id: Sortable by time, 32 hexadecimal digits.
        sequence: Its place in the conversation, from 1, without a gap.
        contact_id: The contact that it belongs to; None for one outside any.
        agent_id: Of the agent who has written it; None for others.
        client_id: As its sender calls it; "" when he does not.
        text: Plain text, lines end with a line feed; of a mail without what it quotes and
            the signature.
        html: Cleaned HTML of a mail; "" without.
        quoted: What a mail quotes and its signature, plain text; "" without.
        subject: Of a mail or a ticket's message; "" without.
        automatic: Written by a machine: an auto-reply, a bounce, a list. Nobody is asked to
            answer it, and nothing answers it by itself (RFC 3834).
        internal: A note among agents; never goes to the customer.
        failure: Why it could not be delivered; "" otherwise.
    """

    message_id: str
    conversation_id: str
    sequence: int
    channel: Channel
    author: Author
    at: datetime
    text: str = field(repr=False)
    contact_id: str | None = None
    agent_id: str | None = None
    client_id: str = ""
    html: str = field(default="", repr=False)
    quoted: str = field(default="", repr=False)
    subject: str = field(default="", repr=False)
    language: str = ""
    attachments: tuple[Attachment, ...] = ()
    delivery: Delivery = Delivery.STORED
    automatic: bool = False
    internal: bool = False
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A message of a customer as a channel hands it over, before it is stored.

    Attributes:
        source: Where it comes in: "chat", "mail", or the id of a messenger.
        sender: Under which address; with `source` and `client_id` it says whether the message
            was handed over before. An app's user and a visitor are senders too.
        proof: What speaks for it that the sender is who he seems to be.
        client_id: The sender's id of the message: a client's, a messenger's, a Message-ID.
        conversation_id: The conversation that it belongs to, where the channel knows; None: the
            newest one of that source and sender, else a new one; a mail then begins a new one.
        queue_id: Where a new contact waits.
        language: BCP 47 tag; "": that of the conversation, else of the queue.
        name: What the sender calls himself; "" when he does not.
        attachments: Ids of attachments that are stored already and belong to nothing yet.
        present: The customer is there and waits for the answer: a chat. False: he has written and
            gone, and the contact is served in its time.
        priority: Steps added to that of the queue.
        headers: What a channel wants kept with it: a mail's Message-ID, its evidence of origin.
        mail_id: A Message-ID by which answers find the conversation; "": none.
    """

    source: str
    channel: Channel
    sender: Identifier
    proof: Proof
    client_id: str
    queue_id: str
    text: str = field(repr=False)
    conversation_id: str | None = None
    language: str = ""
    name: str = field(default="", repr=False)
    html: str = field(default="", repr=False)
    quoted: str = field(default="", repr=False)
    subject: str = field(default="", repr=False)
    attachments: tuple[str, ...] = ()
    present: bool = False
    automatic: bool = False
    priority: int = 0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    mail_id: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an agent, or a program on his behalf, wants to have said.

    Attributes:
        agent_id: Who says it; None: the system.
        client_id: His id of it; said again under the same id, it is stored once.
        subject: Of a mail; "": that of the conversation.
        attachments: Ids of attachments that are stored already and belong to nothing yet.
        internal: A note for colleagues.
    """

    client_id: str
    text: str = field(repr=False)
    agent_id: str | None = None
    subject: str = field(default="", repr=False)
    html: str = field(default="", repr=False)
    attachments: tuple[str, ...] = ()
    internal: bool = False
