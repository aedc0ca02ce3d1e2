"""Conversations and attachments in memory, small and complete, for what stands on their ports."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from domain.attachment import Attachment, Scan
from domain.attachment_name import clean_name
from domain.contact import Channel, Disposition
from domain.conversation import Conversation, ConversationState
from domain.conversation_ports import (
    Marked,
    NewMessage,
    OfferGone,
    OfferShown,
    Receipt,
    Standing,
    Update,
)
from domain.customer import Identifier, IdentifierKind
from domain.errors import (
    AttachmentRefused,
    IllegalTransition,
    LimitExceeded,
    NobodyServes,
    NotKnown,
    NotServing,
)
from domain.message import Author, Delivery, Draft, Inbound, Message
from domain.proof import Proof
from domain.skill import SkillRequirement

AT = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
BACKLOG_MAX = 1_000


def hex_id(number: int) -> str:
    return f"{number:032x}"


def conversation(number: int, agent_id: str | None = "alice", **more: object) -> Conversation:
    served = agent_id is not None
    made = Conversation(
        conversation_id=hex_id(number),
        source="chat",
        channel=Channel.CHAT,
        queue_id="support",
        address=Identifier(IdentifierKind.APP, f"user-{number:06}"),
        language="en",
        opened_at=AT,
        last_at=AT,
        proof=Proof.PROVED,
        name="Ana Müller",
        customer_id=hex_id(number + 900),
        state=ConversationState.SERVED if served else ConversationState.WAITING,
        contact_id=hex_id(number + 500),
        agent_id=agent_id,
    )
    return replace(made, **more)  # type: ignore[arg-type]


class Followed:
    """One follower's updates, bounded as the port says."""

    def __init__(self, fake: "FakeConversations", agent_id: str) -> None:
        self._fake, self._agent_id = fake, agent_id
        self.waiting: asyncio.Queue[Update] = asyncio.Queue()
        self.closed = False

    def __aiter__(self) -> AsyncIterator[Update]:
        return self

    async def __anext__(self) -> Update:
        if self.waiting.qsize() > BACKLOG_MAX:
            raise LimitExceeded("updates of a follower", self.waiting.qsize(), BACKLOG_MAX)
        return await self.waiting.get()

    async def aclose(self) -> None:
        self.closed = True
        self._fake.followers.remove(self)

    @property
    def agent_id(self) -> str:
        return self._agent_id


@dataclass
class FakeConversations:
    """Implements `Conversations`."""

    kept: dict[str, Conversation] = field(default_factory=dict)
    said: dict[str, list[Message]] = field(default_factory=dict)
    offers: dict[str, OfferShown] = field(default_factory=dict)
    followers: list[Followed] = field(default_factory=list)
    typed: list[tuple[str, Author, bool]] = field(default_factory=list)
    transfers: list[tuple[str, str | None, str | None, SkillRequirement | None]] = field(
        default_factory=list
    )
    declined: list[str] = field(default_factory=list)
    error: Exception | None = None

    def add(self, *conversations: Conversation) -> None:
        for one in conversations:
            self.kept[one.conversation_id] = one
            self.said.setdefault(one.conversation_id, [])

    def tell(self, agent_id: str | None, update: Update) -> None:
        for follower in self.followers:
            if follower.agent_id == agent_id:
                follower.waiting.put_nowait(update)

    def offer(self, number: int, agent_id: str = "alice") -> OfferShown:
        """Offer a new conversation."""
        one = conversation(number, agent_id=None)
        self.add(one)
        shown = OfferShown(
            offer_id=hex_id(number + 700),
            contact_id=hex_id(number + 500),
            conversation=one,
            expires_s=20.0,
            preview="Where is my order?",
        )
        self.offers[shown.offer_id] = shown
        self.tell(agent_id, shown)
        return shown

    def customer_says(self, conversation_id: str, text: str, **more: object) -> Message:
        message = self._next(conversation_id, Author.CUSTOMER, text)
        message = replace(message, **more)  # type: ignore[arg-type]
        self._store(message)
        return message

    async def receive(self, inbound: Inbound) -> Receipt:
        raise AssertionError("no desk hands over a customer's message")

    async def conversation(self, conversation_id: str) -> Conversation:
        if self.error:
            raise self.error
        if conversation_id not in self.kept:
            raise NotKnown("conversation", conversation_id)
        return self.kept[conversation_id]

    async def open_with(self, source: str, address: Identifier) -> Conversation | None:
        raise AssertionError("no desk looks for an address")

    async def messages(
        self, conversation_id: str, *, after: int = 0, limit: int = 200, internal: bool = False
    ) -> Sequence[Message]:
        await self.conversation(conversation_id)
        return [
            one
            for one in self.said[conversation_id]
            if one.sequence > after and (internal or not one.internal)
        ][:limit]

    async def mark(
        self, conversation_id: str, by: Author, delivery: Delivery, sequence: int
    ) -> None:
        one = await self.conversation(conversation_id)
        if sequence > one.last_sequence:
            raise NotKnown("message", sequence)
        read = delivery is Delivery.READ
        if by is Author.AGENT:
            one = replace(one, agent_read=max(one.agent_read, sequence))
        else:
            one = replace(one, customer_got=max(one.customer_got, sequence))
            one = replace(one, customer_read=max(one.customer_read, sequence) if read else 0)
        self.kept[conversation_id] = one
        self.tell(
            one.agent_id,
            Marked(conversation_id=conversation_id, by=by, delivery=delivery, sequence=sequence),
        )

    async def failed(self, conversation_id: str, sequence: int, reason: str) -> None:
        raise AssertionError("no desk gives a message up")

    def typing(self, conversation_id: str, author: Author, typing: bool) -> None:
        self.typed.append((conversation_id, author, typing))

    def presence(self, conversation_id: str, present: bool) -> None:
        raise AssertionError("no desk is a customer's client")

    def follow(self, conversation_id: str) -> AsyncIterator[Update]:
        raise AssertionError("a desk follows its agent")

    def follow_agent(self, agent_id: str) -> AsyncIterator[Update]:
        follower = Followed(self, agent_id)
        self.followers.append(follower)
        return follower

    async def agent_has(self, agent_id: str) -> Sequence[Conversation]:
        if self.error:
            raise self.error
        states = {ConversationState.SERVED, ConversationState.PARKED}
        return [
            one for one in self.kept.values() if one.agent_id == agent_id and one.state in states
        ]

    async def accept(self, agent_id: str, offer_id: str) -> Conversation | None:
        offer = self.offers.pop(offer_id, None)
        if offer is None:
            return None
        one = self.kept[offer.conversation.conversation_id]
        self._stand(replace(one, state=ConversationState.SERVED, agent_id=agent_id))
        self.tell(
            agent_id,
            OfferGone(offer_id=offer_id, contact_id=offer.contact_id, reason="accepted"),
        )
        return self.kept[one.conversation_id]

    async def decline(self, agent_id: str, offer_id: str) -> None:
        offer = self.offers.pop(offer_id, None)
        if offer is not None:
            self.declined.append(offer_id)
            self.tell(
                agent_id,
                OfferGone(offer_id=offer_id, contact_id=offer.contact_id, reason="declined"),
            )

    async def say(self, conversation_id: str, draft: Draft) -> Message:
        one = await self.conversation(conversation_id)
        for before in self.said[conversation_id]:
            if (before.agent_id, before.client_id) == (draft.agent_id, draft.client_id):
                return before
        if draft.agent_id is not None and not draft.internal:
            self._serving(one, draft.agent_id)
        author = Author.SYSTEM if draft.agent_id is None else Author.AGENT
        message = replace(
            self._next(conversation_id, author, draft.text),
            agent_id=draft.agent_id,
            client_id=draft.client_id,
            internal=draft.internal,
            subject=draft.subject,
        )
        self._store(message)
        return message

    async def park(self, conversation_id: str, agent_id: str, until: datetime | None) -> None:
        one = self._serving(await self.conversation(conversation_id), agent_id)
        if one.channel is Channel.CHAT:
            raise IllegalTransition("Conversation", "present", "park")
        self._stand(replace(one, state=ConversationState.PARKED, parked_until=until))

    async def resume(self, conversation_id: str) -> None:
        one = await self.conversation(conversation_id)
        if one.state is not ConversationState.PARKED:
            raise IllegalTransition("Conversation", one.state, "resume")
        self._stand(replace(one, state=ConversationState.WAITING, parked_until=None))

    async def transfer(
        self,
        conversation_id: str,
        agent_id: str,
        *,
        to_agent: str | None = None,
        to_queue: str | None = None,
        requirement: SkillRequirement | None = None,
    ) -> None:
        one = self._serving(await self.conversation(conversation_id), agent_id)
        if to_agent == "nobody":
            raise NotKnown("agent", to_agent)
        if requirement is not None and requirement.proficiency_min > 4:
            raise NobodyServes(requirement.skill)
        self.transfers.append((conversation_id, to_agent, to_queue, requirement))
        self._stand(replace(one, state=ConversationState.WAITING))

    async def close(
        self, conversation_id: str, *, agent_id: str | None, disposition: Disposition
    ) -> None:
        one = await self.conversation(conversation_id)
        if one.contact_id is None:
            raise IllegalTransition("Conversation", one.state, "close")
        if agent_id is not None:
            self._serving(one, agent_id)
        self._stand(replace(one, state=ConversationState.IDLE, contact_id=None))

    def _serving(self, one: Conversation, agent_id: str) -> Conversation:
        if one.agent_id != agent_id or one.state is not ConversationState.SERVED:
            raise NotServing(agent_id, one.conversation_id)
        return one

    def _next(self, conversation_id: str, author: Author, text: str) -> Message:
        one = self.kept[conversation_id]
        sequence = one.last_sequence + 1
        return Message(
            message_id=hex_id(int(conversation_id, 16) * 100_000 + sequence),
            conversation_id=conversation_id,
            sequence=sequence,
            channel=one.channel,
            author=author,
            at=AT + timedelta(seconds=sequence),
            text=text,
            contact_id=one.contact_id,
        )

    def _store(self, message: Message) -> None:
        one = self.kept[message.conversation_id]
        self.kept[one.conversation_id] = replace(
            one, last_sequence=message.sequence, last_at=message.at
        )
        self.said[one.conversation_id].append(message)
        self.tell(one.agent_id, NewMessage(message=message))

    def _stand(self, one: Conversation) -> None:
        self.kept[one.conversation_id] = one
        self.tell(one.agent_id, Standing(conversation=one, present=True))


@dataclass
class FakeVault:
    """Implements `AttachmentVault`."""

    kept: dict[str, Attachment] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    bytes_max: int = 1_000_000
    piece_bytes: int = 7

    async def put(
        self, content: AsyncIterator[bytes], *, name: str, claimed_type: str, inline_id: str = ""
    ) -> Attachment:
        taken = b""
        async for piece in content:
            taken += piece
            if len(taken) > self.bytes_max:
                raise LimitExceeded("attachments.bytes_max", len(taken), self.bytes_max)
        attachment_id = hex_id(4_000 + len(self.kept))
        if taken.startswith(b"MZ"):
            raise AttachmentRefused(attachment_id, "files of that type are not taken")
        made = Attachment(
            attachment_id=attachment_id,
            name=clean_name(name),
            media_type=claimed_type or "application/octet-stream",
            bytes=len(taken),
            content_hash=hashlib.sha256(taken).hexdigest(),
            uploaded_at=AT,
            inline_id=inline_id,
        )
        self.kept[attachment_id] = made
        self.contents[made.content_hash] = taken
        return made

    async def get(self, attachment_id: str) -> Attachment | None:
        return self.kept.get(attachment_id)

    async def read(
        self, attachment: Attachment, *, begin: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        if not attachment.opens:
            raise AttachmentRefused(attachment.attachment_id, "shut")
        content = self.contents[attachment.content_hash][begin:end]
        for place in range(0, len(content), self.piece_bytes):
            yield content[place : place + self.piece_bytes]

    async def set_scan(self, attachment_id: str, scan: Scan) -> None:
        self.kept[attachment_id] = replace(self.kept[attachment_id], scan=scan)
