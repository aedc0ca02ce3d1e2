"""Rooms: everybody who is connected as one customer, told what happens in his conversation.

A room follows its conversation once, however many tabs there are, and encodes each message once.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Final, Protocol

import structlog

from channels.chat.closing import CloseCode
from channels.chat.figures import ChatFigures
from channels.chat.identity import Person, key_of
from channels.chat.protocol import FromServer, Status, TypesToo, encode
from channels.chat.session import Session, SessionState
from channels.chat.telling import first_status, marked, status, told
from domain.conversation import Conversation
from domain.conversation_ports import (
    Conversations,
    Marked,
    NewMessage,
    Standing,
    Typing,
    Update,
)
from domain.customer import Identifier
from domain.errors import WarmlineError
from domain.message import Author, Message

PAGE: Final = 100
"""Messages read at a time; at the longest text these are 0.5 MB."""

_log = structlog.get_logger(__name__)


class Member(Protocol):
    """One connection, as its room sees it."""

    session: Session

    def send(self, message: bytes) -> None:
        """Put a message into its buffer; never waits, closes it when it is too far behind."""
        ...

    async def drained(self) -> None:
        """Return when the buffer has room, or the connection is gone."""
        ...

    def close(self, code: CloseCode, reason: str = "") -> None:
        """Close it."""
        ...


class Room:
    """One customer's connections and the conversation that they share."""

    __slots__ = (
        "_conversations",
        "_figures",
        "_last",
        "_members",
        "_task",
        "conversation_id",
        "person",
        "status",
    )

    def __init__(self, person: Person, conversations: Conversations, figures: ChatFigures) -> None:
        """Begin without a conversation."""
        self.person = person
        self.conversation_id: str | None = None
        self.status: Status | None = None
        self._conversations = conversations
        self._figures = figures
        self._members: set[Member] = set()
        self._last = 0
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._members)

    def enter(self, member: Member) -> None:
        """Let a connection hear what happens; messages only from `catch_up` on."""
        self._members.add(member)
        if len(self._members) == 1 and self.conversation_id is not None:
            self._conversations.presence(self.conversation_id, True)

    def leave(self, member: Member) -> None:
        """Let it go."""
        self._members.discard(member)
        if not self._members:
            if self.conversation_id is not None:
                self._conversations.presence(self.conversation_id, False)
            self.stop()

    def stop(self) -> None:
        """Follow no more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def attach(self, conversation: Conversation) -> bool:
        """Share a conversation from now on; False: it is shared already."""
        if self.conversation_id == conversation.conversation_id and self._task is not None:
            return False
        self.stop()
        if self.conversation_id != conversation.conversation_id:
            for member in self._members:
                member.session.sent = 0
        for member in self._members:
            member.session.live = False
        self.conversation_id = conversation.conversation_id
        self.status = first_status(conversation)
        # Registered before anything is read, so that nothing falls between.
        updates = self._conversations.follow(conversation.conversation_id)
        self._last = conversation.last_sequence
        self._task = asyncio.create_task(self._follow(updates), name="chat room")
        if self._members:
            self._conversations.presence(conversation.conversation_id, True)
        return True

    async def catch_up(self, member: Member) -> None:
        """Send a connection what it misses, until it is level with the conversation."""
        session = member.session
        session.live = False
        while (conversation_id := self.conversation_id) is not None:
            known = self._last
            page = await self._conversations.messages(
                conversation_id, after=session.sent, limit=PAGE
            )
            if conversation_id != self.conversation_id:
                continue  # He has another one by now, which begins anew.
            for message in page:
                self._tell(message, (member,))
            if len(page) < PAGE and known == self._last:
                # No await since that look: from here on the room tells it everything.
                break
            await member.drained()
        session.live = session.state is not SessionState.ENDED

    async def catch_up_others(self) -> None:
        """Bring every connection up that is not live; after a message opened a conversation."""
        for member in [one for one in self._members if not one.session.live]:
            await self.catch_up(member)
        if self.status is not None:
            self.broadcast(self.status)

    def broadcast(self, message: FromServer, *, but: Member | None = None) -> None:
        """Send something to every connection."""
        encoded = encode(message)
        for member in list(self._members):
            if member is not but:
                member.send(encoded)

    def close(self, code: CloseCode) -> None:
        """Close every connection."""
        for member in list(self._members):
            member.close(code)

    async def _follow(self, updates: AsyncIterator[Update]) -> None:
        try:
            async for update in updates:
                await self._take(update)
            # The conversations end a follower only when the node stops.
            self.close(CloseCode.GOING_AWAY)
        except WarmlineError as error:
            _log.warning("chat room fell behind", cause=str(error))
            self.close(CloseCode.TRY_AGAIN)
        except asyncio.CancelledError:
            raise
        except Exception:
            _log.exception("chat room broke")
            self.close(CloseCode.INTERNAL)
        finally:
            close = getattr(updates, "aclose", None)
            if close is not None:
                await close()

    async def _take(self, update: Update) -> None:
        if isinstance(update, NewMessage):
            await self._take_message(update.message)
        elif isinstance(update, Typing):
            if update.author is Author.AGENT:
                self.broadcast(TypesToo(typing=update.typing))
        elif isinstance(update, Marked):
            mark = marked(update)
            if mark is not None:
                self.broadcast(mark)
        elif isinstance(update, Standing):
            now = status(update)
            if now != self.status:
                self.status = now
                self.broadcast(now)

    async def _take_message(self, message: Message) -> None:
        if message.sequence <= self._last or message.internal:
            return
        messages = [message]
        if message.sequence > self._last + 1:
            # Between them lie notes among agents, or a message whose news comes later.
            assert self.conversation_id is not None
            messages = [
                one
                for one in await self._conversations.messages(
                    self.conversation_id, after=self._last, limit=PAGE
                )
                if one.sequence < message.sequence
            ] + messages
        live = [member for member in self._members if member.session.live]
        for one in messages:
            self._tell(one, live)
        self._last = message.sequence

    def _tell(self, message: Message, members: "list[Member] | tuple[Member, ...]") -> None:
        if message.internal:
            return
        takers = [member for member in members if member.session.takes(message.sequence)]
        if takers:
            encoded = encode(told(message))
            self._figures.told += len(takers)
            for member in takers:
                member.send(encoded)


class Rooms:
    """All rooms, by customer; each exists as long as somebody is in it."""

    def __init__(self, conversations: Conversations, figures: ChatFigures) -> None:
        """Begin without any."""
        self._conversations = conversations
        self._figures = figures
        self._rooms: dict[str, Room] = {}

    def of(self, person: Person) -> Room:
        """Return a customer's room, a new one if nobody is in it yet."""
        room = self._rooms.get(person.key)
        if room is None:
            room = self._rooms[person.key] = Room(person, self._conversations, self._figures)
        return room

    def leave(self, room: Room, member: Member) -> None:
        """Let a connection go, and the room with the last one."""
        room.leave(member)
        if not len(room):
            self._rooms.pop(room.person.key, None)

    def present(self, address: Identifier) -> int:
        """Return how many connections a customer has."""
        room = self._rooms.get(key_of(address))
        return 0 if room is None else len(room)

    def close(self, code: CloseCode) -> None:
        """Close every connection."""
        for room in list(self._rooms.values()):
            room.close(code)

    @property
    def all(self) -> Mapping[str, Room]:
        """Every room."""
        return self._rooms
