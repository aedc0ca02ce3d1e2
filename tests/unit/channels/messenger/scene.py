"""Conversations, files and a row of outgoing messages, as messengers need them in tests."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from domain.attachment import Attachment, Scan
from domain.contact import Channel
from domain.conversation import Conversation
from domain.conversation_ports import Outgoing, Receipt
from domain.customer import Identifier, IdentifierKind
from domain.errors import NotKnown
from domain.message import Author, Delivery, Inbound, Message
from tests.unit.channels.http.fakes import START

CONVERSATION = Conversation(
    conversation_id="c" * 32,
    source="chatty",
    channel=Channel.MESSAGE,
    queue_id="support",
    address=Identifier(IdentifierKind.APP, "chatty:77"),
    language="zh",
    opened_at=START,
    last_at=START,
)
FILE = Attachment(
    attachment_id="a" * 32,
    name="发票 1.pdf",
    media_type="application/pdf",
    bytes=4,
    content_hash="0" * 64,
    uploaded_at=START,
)


def message(sequence: int, text: str = "It arrives.", **rest: Any) -> Message:
    given = {
        "message_id": f"{sequence:032x}",
        "conversation_id": CONVERSATION.conversation_id,
        "sequence": sequence,
        "channel": Channel.MESSAGE,
        "author": Author.AGENT,
        "agent_id": "anna",
        "at": START,
        "text": text,
    }
    return Message(**{**given, **rest})


@dataclass
class FakeConversations:
    """Takes messages, and notes what else it is told."""

    stored: dict[tuple[str, str, str], Message] = field(default_factory=dict)
    inbound: list[Inbound] = field(default_factory=list)
    told: list[tuple[object, ...]] = field(default_factory=list)
    known: dict[str, Conversation] = field(
        default_factory=lambda: {CONVERSATION.conversation_id: CONVERSATION}
    )

    async def receive(self, inbound: Inbound) -> Receipt:
        key = (inbound.source, inbound.sender.value, inbound.client_id)
        duplicate = key in self.stored
        if not duplicate:
            self.inbound.append(inbound)
            self.stored[key] = message(len(self.stored) + 1, inbound.text)
        return Receipt(
            message=self.stored[key],
            conversation=replace(CONVERSATION, source=inbound.source, address=inbound.sender),
            duplicate=duplicate,
        )

    async def conversation(self, conversation_id: str) -> Conversation:
        if conversation_id not in self.known:
            raise NotKnown("conversation", conversation_id)
        return self.known[conversation_id]

    async def mark(
        self, conversation_id: str, by: Author, delivery: Delivery, sequence: int
    ) -> None:
        self.told.append((conversation_id, by, delivery, sequence))

    async def failed(self, conversation_id: str, sequence: int, reason: str) -> None:
        self.told.append((conversation_id, "failed", sequence, reason))


@dataclass
class FakeFiles:
    """Keeps files in memory."""

    kept: dict[str, tuple[Attachment, bytes]] = field(
        default_factory=lambda: {FILE.attachment_id: (FILE, b"%PDF")}
    )

    async def put(
        self, content: AsyncIterator[bytes], *, name: str, claimed_type: str, inline_id: str = ""
    ) -> Attachment:
        body = b"".join([part async for part in content])
        made = replace(
            FILE,
            attachment_id=f"{len(self.kept):032x}",
            name=name,
            media_type=claimed_type,
            bytes=len(body),
        )
        self.kept[made.attachment_id] = (made, body)
        return made

    async def get(self, attachment_id: str) -> Attachment | None:
        found = self.kept.get(attachment_id)
        return None if found is None else found[0]

    async def read(
        self, attachment: Attachment, *, begin: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        yield self.kept[attachment.attachment_id][1][begin:end]

    async def set_scan(self, attachment_id: str, scan: Scan) -> None:
        raise NotImplementedError


@dataclass
class FakeOutgoing:
    """What waits to go out, in order."""

    rows: dict[str, Outgoing] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    settled: list[tuple[str, Delivery, str]] = field(default_factory=list)

    def put(self, *messages: Message, conversation_id: str = CONVERSATION.conversation_id) -> None:
        for one in messages:
            self.messages[one.message_id] = one
            self.rows[one.message_id] = Outgoing(
                message_id=one.message_id,
                conversation_id=conversation_id,
                source="chatty",
                destination="chatty:77",
                attempts=0,
                due_at=START,
            )

    async def message(self, message_id: str) -> Message | None:
        return self.messages.get(message_id)

    async def due(self, source: str, now: datetime, limit: int) -> list[Outgoing]:
        assert source == "chatty"
        return [row for row in self.rows.values() if row.due_at <= now][:limit]

    async def next_due(self, source: str) -> datetime | None:
        return min((row.due_at for row in self.rows.values()), default=None)

    async def postpone(self, message_id: str, due_at: datetime, error: str) -> None:
        row = self.rows[message_id]
        self.rows[message_id] = replace(row, due_at=due_at, attempts=row.attempts + 1)

    async def settle(
        self, message_id: str, delivery: Delivery, *, remote_id: str = "", error: str = ""
    ) -> None:
        del self.rows[message_id]
        self.settled.append((message_id, delivery, error))

    def later(self, seconds: float) -> datetime:
        return START + timedelta(seconds=seconds)
