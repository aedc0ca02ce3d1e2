"""A chat on a real port, over conversations that are kept in memory."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from channels.chat.app import build_chat_app
from channels.chat.identity import SignedIdentity
from channels.chat.server import ChatServer
from channels.chat.service import ChatService
from channels.chat.visitor import VisitorTokens
from config.chat import Chat
from domain.attachment import Attachment, Scan
from domain.contact import Channel, Disposition
from domain.conversation import Conversation, ConversationState
from domain.conversation_ports import (
    Marked,
    NewMessage,
    Receipt,
    Standing,
    Typing,
    Update,
)
from domain.customer import Identifier
from domain.errors import (
    AttachmentRefused,
    IllegalTransition,
    LimitExceeded,
    NotKnown,
    StoreError,
)
from domain.message import Author, Delivery, Draft, Inbound, Message
from domain.skill import SkillRequirement

START = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
ORIGIN = "https://shop.example.org"
KEY = bytes(range(32))


@dataclass
class FakeClock:
    now_s: float = 1_000.0

    def monotonic_s(self) -> float:
        return self.now_s

    def utc(self) -> datetime:
        return START + timedelta(seconds=self.now_s - 1_000.0)


class Follower:
    """One reader of updates; registered when it is made."""

    def __init__(self, followers: set["Follower"]) -> None:
        self.inbox: asyncio.Queue[Update | Exception] = asyncio.Queue()
        self._followers = followers
        followers.add(self)

    def __aiter__(self) -> "Follower":
        return self

    async def __anext__(self) -> Update:
        update = await self.inbox.get()
        if isinstance(update, Exception):
            raise update
        return update

    async def aclose(self) -> None:
        self._followers.discard(self)


@dataclass
class FakeConversations:
    """`Conversations` in memory, with one agent who is called by methods of the test."""

    clock: FakeClock = field(default_factory=FakeClock)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    stored: dict[str, list[Message]] = field(default_factory=dict)
    followers: dict[str, set[Follower]] = field(default_factory=dict)
    inbounds: list[Inbound] = field(default_factory=list)
    marks: list[tuple[str, Author, Delivery, int]] = field(default_factory=list)
    typed: list[tuple[str, bool]] = field(default_factory=list)
    presences: list[tuple[str, bool]] = field(default_factory=list)
    closed: list[tuple[str, Disposition]] = field(default_factory=list)
    fail: Exception | None = None
    """Raised by the next `receive`."""
    hold: asyncio.Event | None = None
    """`messages` waits for it."""
    slow: asyncio.Event | None = None
    """`receive` waits for it."""
    receiving: int = 0
    """How often `receive` was called."""
    vault: "FakeVault | None" = None

    async def receive(self, inbound: Inbound) -> Receipt:
        self.receiving += 1
        await asyncio.sleep(0)
        if self.slow is not None:
            await self.slow.wait()
        if self.fail is not None:
            error, self.fail = self.fail, None
            raise error
        for conversation in self.conversations.values():
            if conversation.address == inbound.sender:
                for message in self.stored[conversation.conversation_id]:
                    if message.client_id == inbound.client_id:
                        return Receipt(message=message, conversation=conversation, duplicate=True)
                break
        else:
            conversation = Conversation(
                conversation_id=f"{len(self.conversations) + 1:032x}",
                source=inbound.source,
                channel=inbound.channel,
                queue_id=inbound.queue_id,
                address=inbound.sender,
                language=inbound.language,
                opened_at=self.clock.utc(),
                last_at=self.clock.utc(),
                state=ConversationState.WAITING,
                contact_id="c" * 32,
            )
            self.conversations[conversation.conversation_id] = conversation
            self.stored[conversation.conversation_id] = []
        attachments = []
        for name in inbound.attachments:
            if self.vault is None or name not in self.vault.files:
                raise NotKnown("attachment", name)
            attachments.append(self.vault.files[name][0])
        self.inbounds.append(inbound)
        message = self._add(
            conversation.conversation_id,
            Author.CUSTOMER,
            inbound.text,
            client_id=inbound.client_id,
            attachments=tuple(attachments),
        )
        now = self.conversations[conversation.conversation_id]
        if now.state is ConversationState.IDLE:
            now = self.stand(now.conversation_id, ConversationState.WAITING)
        return Receipt(message=message, conversation=now)

    def _add(
        self,
        conversation_id: str,
        author: Author,
        text: str,
        *,
        client_id: str = "",
        attachments: tuple[Attachment, ...] = (),
        internal: bool = False,
        tell: bool = True,
    ) -> Message:
        conversation = self.conversations[conversation_id]
        sequence = conversation.last_sequence + 1
        message = Message(
            message_id=hashlib.sha256(f"{conversation_id}{sequence}".encode()).hexdigest()[:32],
            conversation_id=conversation_id,
            sequence=sequence,
            channel=Channel.CHAT,
            author=author,
            at=self.clock.utc(),
            text=text,
            client_id=client_id,
            attachments=attachments,
            internal=internal,
        )
        self.stored[conversation_id].append(message)
        self.conversations[conversation_id] = replace(conversation, last_sequence=sequence)
        if tell and not internal:
            self.tell(conversation_id, NewMessage(message=message))
        return message

    def tell(self, conversation_id: str, update: Update | Exception) -> None:
        for follower in list(self.followers.get(conversation_id, ())):
            follower.inbox.put_nowait(update)

    def agent_says(self, conversation_id: str, text: str, **more: Any) -> Message:
        return self._add(conversation_id, Author.AGENT, text, **more)

    def stand(
        self,
        conversation_id: str,
        state: ConversationState,
        *,
        agent: str = "",
        position: int | None = None,
        expected_wait_s: float | None = None,
    ) -> Conversation:
        conversation = replace(self.conversations[conversation_id], state=state)
        self.conversations[conversation_id] = conversation
        self.tell(
            conversation_id,
            Standing(
                conversation=conversation,
                agent_name=agent,
                position=position,
                expected_wait_s=expected_wait_s,
            ),
        )
        return conversation

    async def conversation(self, conversation_id: str) -> Conversation:
        try:
            return self.conversations[conversation_id]
        except KeyError:
            raise NotKnown("conversation", conversation_id) from None

    async def open_with(self, source: str, address: Identifier) -> Conversation | None:
        if isinstance(self.fail, StoreError):
            raise self.fail
        found = [one for one in self.conversations.values() if one.address == address]
        return found[-1] if found else None

    async def messages(
        self, conversation_id: str, *, after: int = 0, limit: int = 200, internal: bool = False
    ) -> Sequence[Message]:
        page = [
            one
            for one in self.stored[conversation_id]
            if one.sequence > after and (internal or not one.internal)
        ][:limit]
        if self.hold is not None:
            await self.hold.wait()
        return page

    async def failed(self, conversation_id: str, sequence: int, reason: str) -> None:
        raise NotKnown("message", sequence)

    async def mark(
        self, conversation_id: str, by: Author, delivery: Delivery, sequence: int
    ) -> None:
        if sequence > self.conversations[conversation_id].last_sequence:
            raise NotKnown("message", sequence)
        self.marks.append((conversation_id, by, delivery, sequence))
        now = self.conversations[conversation_id]
        if by is Author.CUSTOMER:
            read = sequence if delivery is Delivery.READ else now.customer_read
            self.conversations[conversation_id] = replace(
                now, customer_got=max(now.customer_got, sequence), customer_read=read
            )
        self.tell(
            conversation_id,
            Marked(conversation_id=conversation_id, by=by, delivery=delivery, sequence=sequence),
        )

    def typing(self, conversation_id: str, author: Author, typing: bool) -> None:
        if author is Author.CUSTOMER:
            self.typed.append((conversation_id, typing))
        self.tell(
            conversation_id, Typing(conversation_id=conversation_id, author=author, typing=typing)
        )

    def presence(self, conversation_id: str, present: bool) -> None:
        self.presences.append((conversation_id, present))

    def follow(self, conversation_id: str) -> AsyncIterator[Update]:
        return Follower(self.followers.setdefault(conversation_id, set()))

    async def close(
        self, conversation_id: str, *, agent_id: str | None, disposition: Disposition
    ) -> None:
        if self.conversations[conversation_id].state is ConversationState.IDLE:
            raise IllegalTransition("conversation", "idle", "close")
        self.closed.append((conversation_id, disposition))
        self.stand(conversation_id, ConversationState.IDLE)

    # What the customer's side never asks for.

    def follow_agent(self, agent_id: str) -> AsyncIterator[Update]:
        raise NotImplementedError

    async def agent_has(self, agent_id: str) -> Sequence[Conversation]:
        raise NotImplementedError

    async def accept(self, agent_id: str, offer_id: str) -> Conversation | None:
        raise NotImplementedError

    async def decline(self, agent_id: str, offer_id: str) -> None:
        raise NotImplementedError

    async def say(self, conversation_id: str, draft: Draft) -> Message:
        raise NotImplementedError

    async def park(self, conversation_id: str, agent_id: str, until: datetime | None) -> None:
        raise NotImplementedError

    async def resume(self, conversation_id: str) -> None:
        raise NotImplementedError

    async def transfer(
        self,
        conversation_id: str,
        agent_id: str,
        *,
        to_agent: str | None = None,
        to_queue: str | None = None,
        requirement: SkillRequirement | None = None,
    ) -> None:
        raise NotImplementedError


@dataclass
class FakeVault:
    """`AttachmentVault` in memory; takes anything but what is named .exe."""

    files: dict[str, tuple[Attachment, bytes]] = field(default_factory=dict)
    bytes_max: int = 1_000_000

    async def put(
        self, content: AsyncIterator[bytes], *, name: str, claimed_type: str, inline_id: str = ""
    ) -> Attachment:
        body = b""
        async for part in content:
            body += part
            if len(body) > self.bytes_max:
                raise LimitExceeded("attachments.bytes_max", len(body), self.bytes_max)
        if name.endswith(".exe"):
            raise AttachmentRefused(name, "a program")
        kind = "image/png" if body.startswith(b"\x89PNG") else "text/html"
        attachment = Attachment(
            attachment_id=f"{len(self.files) + 1:032x}",
            name=name,
            media_type=kind,
            bytes=len(body),
            content_hash=hashlib.sha256(body).hexdigest(),
            uploaded_at=START,
        )
        self.files[attachment.attachment_id] = (attachment, body)
        return attachment

    async def get(self, attachment_id: str) -> Attachment | None:
        found = self.files.get(attachment_id)
        return found[0] if found else None

    async def read(
        self, attachment: Attachment, *, begin: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        yield self.files[attachment.attachment_id][1][begin:end]

    async def set_scan(self, attachment_id: str, scan: Scan) -> None:
        raise NotImplementedError


async def until(true: Callable[[], bool]) -> None:
    """Wait until something that another task does is done."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


def chat_settings(**more: Any) -> Chat:
    return Chat.model_validate(
        {
            "enabled": True,
            "listen": {"port": 0},
            "allowed_origins": [ORIGIN],
            "widgets": [
                {
                    "id": "web",
                    "queue_id": "sales",
                    "title": {"en": "Ask us", "zh": "联系我们"},
                    "notice": {"en": "Chats are kept.", "zh": "聊天会被保存。"},
                }
            ],
            **more,
        }
    )


@dataclass
class Client:
    """One tab of a customer."""

    socket: ClientConnection
    welcome: dict[str, Any]
    after: int = 0

    async def say(self, text: str, client_id: str, **more: Any) -> None:
        await self.send({"type": "message", "client_id": client_id, "text": text, **more})

    async def send(self, message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def next(self, kind: str | None = None) -> dict[str, Any]:
        """Return the next message, of a type when one is given."""
        async with asyncio.timeout(5):
            while True:
                message: dict[str, Any] = json.loads(await self.socket.recv())
                if message["type"] == "message":
                    assert message["sequence"] > self.after
                    self.after = message["sequence"]
                if kind in (None, message["type"]):
                    return message

    async def close_code(self) -> int | None:
        """Return the code with which the server closes it."""
        async with asyncio.timeout(5):
            await self.socket.wait_closed()
        return self.socket.close_code


@dataclass
class ChatRig:
    """The chat and those who use it."""

    conversations: FakeConversations
    service: ChatService
    server: ChatServer
    http: httpx.AsyncClient
    exits: AsyncExitStack
    vault: FakeVault

    @property
    def socket_url(self) -> str:
        return self.server.url.replace("http", "ws") + "/chat/v1/socket"

    async def ticket(self, *, origin: str | None = ORIGIN, **wish: str) -> httpx.Response:
        headers = {} if origin is None else {"Origin": origin}
        return await self.http.post("/chat/v1/tickets", json=wish, headers=headers)

    async def connect(self, *, origin: str | None = ORIGIN, **more: Any) -> ClientConnection:
        # Debian's Python knows no origin; websockets types it as its own kind of text.
        return await self.exits.enter_async_context(
            connect(self.socket_url, origin=origin, **more)  # type: ignore[arg-type]
        )

    async def enter(
        self,
        visitor: str = "",
        *,
        resume: dict[str, Any] | None = None,
        language: str = "en",
        **wish: str,
    ) -> tuple[Client, str]:
        """Return a tab that is welcome, and its visitor's token."""
        given = (await self.ticket(visitor=visitor, **wish)).json()
        client = Client(await self.connect(compression=None), {})
        if resume is not None:
            client.after = resume["after"]
        await client.send(
            {
                "type": "hello",
                "version": 1,
                "ticket": given["ticket"],
                "language": language,
                "resume": resume,
            }
        )
        client.welcome = await client.next("welcome")
        return client, given["visitor"]


@asynccontextmanager
async def chat_rig(**more: Any) -> AsyncIterator[ChatRig]:
    """Run a chat on a free port; `more` are settings of the section `chat`."""
    settings = chat_settings(**more)
    clock = FakeClock()
    vault = FakeVault()
    conversations = FakeConversations(clock=clock, vault=vault)
    service = ChatService(settings, conversations, clock=clock)
    app = build_chat_app(
        service,
        visitors=VisitorTokens(KEY),
        identity=None if settings.identity is None else SignedIdentity(settings.identity),
        vault=vault,
    )
    async with AsyncExitStack() as exits:
        server = await exits.enter_async_context(ChatServer(app, service))
        http = await exits.enter_async_context(httpx.AsyncClient(base_url=server.url, verify=False))
        inner = await exits.enter_async_context(AsyncExitStack())
        yield ChatRig(conversations, service, server, http, inner, vault)
