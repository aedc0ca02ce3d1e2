"""Ports of conversations: what channels and agents ask of them, and what they ask of the store.

    a channel's shell  ->  Conversations  ->  ConversationStore
    an agent's desk    ->  Conversations  ->  Outlet  ->  the channel's shell

A method that stores returns when it is committed: whatever is acknowledged to a customer is kept.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from domain.attachment import Attachment, Scan
from domain.contact import Channel, Disposition
from domain.conversation import Conversation
from domain.customer import Identifier
from domain.message import Author, Delivery, Draft, Inbound, Message
from domain.skill import SkillRequirement
from domain.timeline import TimelinePage


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a message that was handed over.

    Attributes:
        duplicate: It had been stored before; `message` is that one.
    """

    message: Message
    conversation: Conversation
    duplicate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """Told to followers: a message is committed."""

    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Typing:
    """Told to followers: somebody types, or no longer; never stored."""

    conversation_id: str
    author: Author
    typing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """Told to followers: one side has messages up to a sequence, or has read them."""

    conversation_id: str
    by: Author
    delivery: Delivery
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Told to followers: the conversation has changed; the agent's name is the one shown.

    Attributes:
        position: Place in the queue, from 1; None while it does not wait.
        expected_wait_s: None when nothing can be said.
        agent_name: Who serves; "" for nobody.
        present: The customer is connected now.
    """

    conversation: Conversation
    position: int | None = None
    expected_wait_s: float | None = None
    agent_name: str = ""
    present: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferShown:
    """Told to an agent's followers: he is offered a conversation.

    Attributes:
        expires_s: Seconds until it lapses.
        preview: Beginning of the newest message, at most 200 characters.
    """

    offer_id: str
    contact_id: str
    conversation: Conversation
    expires_s: float
    preview: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferGone:
    """Told to an agent's followers: that offer is settled; `reason` as of `OfferWithdrawn`."""

    offer_id: str
    contact_id: str
    reason: str


Update = NewMessage | Typing | Marked | Standing | OfferShown | OfferGone
"""What followers are told. A follower who is too slow is ended with `LimitExceeded`."""


class Conversations(Protocol):
    """What channels and agents' desks ask of the conversations."""

    async def receive(self, inbound: Inbound) -> Receipt:
        """Commit a customer's message; open a contact and let it wait if none is open.

        The same `source`, `sender` and `client_id` again returns the first message and does
        nothing more. An `automatic` message opens no contact.

        Raises:
            NotKnown: There is no such queue, conversation or unused attachment.
            LimitExceeded: The text, the attachments or the waiting contacts of the queue: nothing
                is stored then, but for a full queue with a customer who is not present, whose
                message is stored and waits outside the queue until there is room.
            StoreError: It is not committed.
        """
        ...

    async def conversation(self, conversation_id: str) -> Conversation:
        """Return how a conversation stands.

        Raises:
            NotKnown: There is no such conversation.
        """
        ...

    async def open_with(self, source: str, address: Identifier) -> Conversation | None:
        """Return the newest conversation of an address in one place; None: there is none."""
        ...

    async def messages(
        self, conversation_id: str, *, after: int = 0, limit: int = 200, internal: bool = False
    ) -> Sequence[Message]:
        """Return messages with a higher sequence, in order; notes only with `internal`.

        Raises:
            NotKnown: There is no such conversation.
        """
        ...

    async def mark(
        self, conversation_id: str, by: Author, delivery: Delivery, sequence: int
    ) -> None:
        """One side has messages up to a sequence (`DELIVERED`), or has read them (`READ`).

        Harmless when it is said already. Raises `NotKnown` for no such conversation or message.
        """
        ...

    async def failed(self, conversation_id: str, sequence: int, reason: str) -> None:
        """A message to the customer could not be delivered, and is given up.

        Raises `NotKnown` for no such conversation or message. The reason names no address.
        """
        ...

    def typing(self, conversation_id: str, author: Author, typing: bool) -> None:
        """Tell the other side; harmless for a conversation that nobody follows."""
        ...

    def presence(self, conversation_id: str, present: bool) -> None:
        """The customer's client has connected, or the last one is gone.

        A chat whose customer stays away for `conversations.away_s` becomes an asynchronous
        contact: it is served in its time, and the answer goes out by push or waits for him.
        """
        ...

    def follow(self, conversation_id: str) -> AsyncIterator[Update]:
        """Return what happens in a conversation from now on, without internal notes.

        Registered when it is called, so that nothing is missed between a read and the first
        `anext`; ended by `aclose`. While iterating raises LimitExceeded for a reader who has
        let more than 1,000 updates gather.
        """
        ...

    def follow_agent(self, agent_id: str) -> AsyncIterator[Update]:
        """Return what happens in all conversations of an agent, his offers too.

        As long as one follower is there, the agent can be offered conversations; when the last
        one is gone for `conversations.agent_away_s`, his conversations wait again.
        """
        ...

    async def agent_has(self, agent_id: str) -> Sequence[Conversation]:
        """Return the conversations that an agent serves or has parked, the oldest first."""
        ...

    async def accept(self, agent_id: str, offer_id: str) -> Conversation | None:
        """The agent takes an offer. None: too late, it is settled otherwise."""
        ...

    async def decline(self, agent_id: str, offer_id: str) -> None:
        """The agent refuses an offer; harmless if it is settled already."""
        ...

    async def say(self, conversation_id: str, draft: Draft) -> Message:
        """Commit a message to the customer, or a note, and send it on its way.

        The same agent and client_id again returns the first message.

        Raises:
            NotKnown: No such conversation or unused attachment.
            NotServing: An agent who does not have the conversation; notes are free.
            LimitExceeded: See `Inbound`.
        """
        ...

    async def park(self, conversation_id: str, agent_id: str, until: datetime | None) -> None:
        """Lay a mail or message aside; it no longer takes one of the agent's slots.

        Raises:
            NotServing: He does not have it.
            IllegalTransition: A chat whose customer is present cannot be parked.
        """
        ...

    async def resume(self, conversation_id: str) -> None:
        """Take a parked conversation up again: it waits, and next for the agent who parked it."""
        ...

    async def transfer(
        self,
        conversation_id: str,
        agent_id: str,
        *,
        to_agent: str | None = None,
        to_queue: str | None = None,
        requirement: SkillRequirement | None = None,
    ) -> None:
        """Hand a conversation on: to an agent, a queue, or whoever has a skill; one of the three.

        Raises:
            NotServing: `agent_id` does not have it.
            NotKnown: No such agent or queue.
            NobodyServes: Nobody who is logged in has the skill.
        """
        ...

    async def close(
        self, conversation_id: str, *, agent_id: str | None, disposition: Disposition
    ) -> None:
        """End its contact; the conversation is idle until the customer writes again.

        Raises:
            NotServing: An agent who does not have it.
            IllegalTransition: No contact is open.
        """
        ...


class Outlet(Protocol):
    """A channel's way out to the customer, one for each `source`."""

    async def deliver(self, conversation: Conversation, message: Message) -> None:
        """Send a committed message on its way; returns when it is queued durably or was pushed.

        Called again after a restart for what had not been handed over. What becomes of it is told
        by `Conversations.mark` and `Conversations.failed`.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredInbound:
    """What the store made of an inbound message: see `ConversationStore.add`."""

    message: Message
    conversation: Conversation
    duplicate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One hit of a search.

    Attributes:
        excerpt: Around the hit, at most 300 characters.
    """

    message_id: str
    conversation_id: str
    customer_id: str | None
    channel: Channel
    at: datetime
    excerpt: str = field(repr=False)


class ConversationStore(Protocol):
    """The record of conversations and messages. Every method may raise `StoreError`."""

    async def find_duplicate(self, inbound: Inbound) -> Message | None:
        """Return the message that was stored of the same source, sender and client id."""
        ...

    async def find_said(
        self, conversation_id: str, agent_id: str | None, client_id: str
    ) -> Message | None:
        """Return what an agent, or the system, has said there under a client id."""
        ...

    async def open(self, conversation: Conversation) -> None:
        """Write a new conversation."""
        ...

    async def update(self, conversation: Conversation) -> None:
        """Write how a conversation stands."""
        ...

    async def get(self, conversation_id: str) -> Conversation | None:
        """Return a conversation; None: there is none."""
        ...

    async def of_address(self, source: str, address: Identifier) -> Conversation | None:
        """Return the newest conversation of an address in one place."""
        ...

    async def unsettled(self) -> Sequence[Conversation]:
        """Return every conversation that is not idle, the oldest first: read at the start."""
        ...

    async def add(
        self,
        conversation: Conversation,
        message: Message,
        *,
        inbound: Inbound | None,
        is_new: bool,
        outgoing: bool = False,
    ) -> None:
        """Write a message, how its conversation stands, its timeline entry and search words.

        One transaction. Attachments are bound to it; with `outgoing` a row for the outlet is
        written too.

        Args:
            conversation: As it stands with the message.
            message: Its `attachments` are bound; each belonged to nothing before.
            inbound: What it came as; its key is kept so that it is never stored twice, and its
                Message-ID leads to the conversation unless it leads to another already.
            is_new: The conversation is not stored yet.
            outgoing: It shall go out to the customer by an `Outlet` that queues.

        Raises:
            Duplicate: The same was stored meanwhile: `find_duplicate` or `find_said` finds it.
            Outdated: An attachment belongs to another message or is gone.
        """
        ...

    async def messages(
        self, conversation_id: str, *, after: int, limit: int, internal: bool
    ) -> Sequence[Message]:
        """Return messages with a higher sequence, in order."""
        ...

    async def message(self, message_id: str) -> Message | None:
        """Return one message; None: there is none."""
        ...

    async def headers(self, message_id: str) -> Mapping[str, str]:
        """Return `Inbound.headers` of a message; empty for none."""
        ...

    async def set_delivery(self, message_id: str, delivery: Delivery, failure: str = "") -> None:
        """Write how far a message to the customer has come."""
        ...

    async def assign(self, conversation_id: str, customer_id: str, proof: str) -> None:
        """Write whose conversation it is; its entries go to that customer's timeline."""
        ...

    async def search(
        self,
        words: str,
        *,
        customer_ids: Sequence[str] = (),
        limit: int = 50,
        before: str | None = None,
    ) -> Sequence[Found]:
        """Return the newest messages with all these words; Chinese is found by its characters."""
        ...


class Timelines(Protocol):
    """Timelines as the API asks for them."""

    async def timeline(
        self, customer_id: str, *, limit: int = 50, before: str | None = None
    ) -> TimelinePage:
        """Return a page, merged customers included, the newest first.

        Raises:
            NotKnown: There is no such customer.
        """
        ...


class AttachmentVault(Protocol):
    """Files by their content, outside the database. Every method may raise `StoreError`."""

    async def put(
        self, content: AsyncIterator[bytes], *, name: str, claimed_type: str, inline_id: str = ""
    ) -> Attachment:
        """Store a file; it belongs to nothing yet and is dropped after a day if that stays so.

        Raises:
            LimitExceeded: It is too large; nothing is kept.
            AttachmentRefused: Its type is not allowed, or a scanner found something.
        """
        ...

    async def get(self, attachment_id: str) -> Attachment | None:
        """Return what is known of a file; None: there is none."""
        ...

    def read(
        self, attachment: Attachment, *, begin: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """Return its bytes from `begin` to before `end`, in pieces.

        Raises:
            AttachmentRefused: Nobody may open it.
        """
        ...

    async def set_scan(self, attachment_id: str, scan: Scan) -> None:
        """Write what a scanner found."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message that waits to leave by a channel that queues.

    Attributes:
        destination: The customer's address.
        attempts: Tries that came to nothing.
        remote_id: What the next system calls it, such as a Message-ID; "" before the first try.
    """

    message_id: str
    conversation_id: str
    source: str
    destination: str = field(repr=False)
    attempts: int
    due_at: datetime
    remote_id: str = ""


class OutgoingStore(Protocol):
    """What waits to leave; a restart loses nothing. Every method may raise `StoreError`."""

    async def due(self, source: str, now: datetime, limit: int) -> Sequence[Outgoing]:
        """Return what may be tried now, the oldest first."""
        ...

    async def next_due(self, source: str) -> datetime | None:
        """Return when the next one may be tried; None: nothing waits."""
        ...

    async def postpone(self, message_id: str, due_at: datetime, error: str) -> None:
        """A try came to nothing; count it."""
        ...

    async def settle(
        self, message_id: str, delivery: Delivery, *, remote_id: str = "", error: str = ""
    ) -> None:
        """It is out, or given up; the message's delivery is written with it."""
        ...

    async def by_remote_id(self, source: str, remote_id: str) -> Outgoing | None:
        """Return what the next system calls so, out or not: for bounces and read marks."""
        ...

    async def set_remote_id(self, message_id: str, remote_id: str) -> None:
        """Keep what it will be called, before it is sent."""
        ...

    async def counts(self) -> Mapping[tuple[str, str], int]:
        """Return how many stand in each (source, state)."""
        ...
