"""Conversations in one SQLite file, for benches of the chat's protocol alone.

Every message is committed before it is told, many in one transaction as in `store/`; queues, agents
and the router are left out, so that what is measured is the customer's side.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from domain.contact import Channel, Disposition
from domain.conversation import Conversation, ConversationState
from domain.conversation_ports import Marked, NewMessage, Receipt, Update
from domain.customer import Identifier
from domain.errors import NotKnown
from domain.message import Author, Delivery, Inbound, Message


class Follower:
    """One reader of updates."""

    __slots__ = ("_all", "_inbox")

    def __init__(self, everybody: set["Follower"]) -> None:
        """Register."""
        self._inbox: asyncio.Queue[Update] = asyncio.Queue()
        self._all = everybody
        everybody.add(self)

    def tell(self, update: Update) -> None:
        """Hand it an update."""
        self._inbox.put_nowait(update)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Update:
        return await self._inbox.get()

    async def aclose(self) -> None:
        """Leave."""
        self._all.discard(self)


class BenchConversations:
    """Async context manager; what the customer's side asks of `Conversations`."""

    def __init__(self, file: Path) -> None:
        """Prepare; the file is made when it is entered."""
        self._file = file
        self._by_address: dict[Identifier, str] = {}
        self.conversations: dict[str, Conversation] = {}
        self._stored: dict[str, list[Message]] = {}
        self._followers: dict[str, set[Follower]] = {}
        self._batch: list[Message] = []
        self._committed: asyncio.Future[None] | None = None
        self._wake = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._database = sqlite3.connect(self._file, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute(
            "CREATE TABLE message (conversation TEXT, sequence INTEGER, author TEXT,"
            " client_id TEXT, text TEXT, PRIMARY KEY (conversation, sequence))"
        )
        self._committed = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._write())
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._database.close()

    async def receive(self, inbound: Inbound) -> Receipt:
        """Commit a customer's message."""
        conversation_id = self._by_address.get(inbound.sender)
        if conversation_id is None:
            conversation_id = f"{len(self.conversations) + 1:032x}"
            now = datetime.now(UTC)
            self.conversations[conversation_id] = Conversation(
                conversation_id=conversation_id,
                source=inbound.source,
                channel=Channel.CHAT,
                queue_id=inbound.queue_id,
                address=inbound.sender,
                language=inbound.language,
                opened_at=now,
                last_at=now,
                state=ConversationState.SERVED,
            )
            self._by_address[inbound.sender] = conversation_id
            self._stored[conversation_id] = []
        message = await self.say(
            conversation_id, Author.CUSTOMER, inbound.text, client_id=inbound.client_id
        )
        return Receipt(message=message, conversation=self.conversations[conversation_id])

    async def say(
        self, conversation_id: str, author: Author, text: str, *, client_id: str = ""
    ) -> Message:
        """Commit a message and tell the followers."""
        conversation = self.conversations[conversation_id]
        sequence = conversation.last_sequence + 1
        message = Message(
            message_id=f"{sequence:032x}",
            conversation_id=conversation_id,
            sequence=sequence,
            channel=Channel.CHAT,
            author=author,
            at=datetime.now(UTC),
            text=text,
            client_id=client_id,
        )
        self.conversations[conversation_id] = replace(conversation, last_sequence=sequence)
        self._batch.append(message)
        self._wake.set()
        assert self._committed is not None
        await asyncio.shield(self._committed)
        return message

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._batch = self._batch, []
            done = self._committed
            assert done is not None
            self._committed = asyncio.get_running_loop().create_future()
            await asyncio.to_thread(self._commit, batch)
            for message in batch:
                self._stored[message.conversation_id].append(message)
                for follower in self._followers.get(message.conversation_id, ()):
                    follower.tell(NewMessage(message=message))
            done.set_result(None)

    def _commit(self, batch: Sequence[Message]) -> None:
        with self._database:
            self._database.executemany(
                "INSERT INTO message VALUES (?, ?, ?, ?, ?)",
                [(m.conversation_id, m.sequence, m.author, m.client_id, m.text) for m in batch],
            )

    async def conversation(self, conversation_id: str) -> Conversation:
        """Return how it stands."""
        try:
            return self.conversations[conversation_id]
        except KeyError:
            raise NotKnown("conversation", conversation_id) from None

    async def open_with(self, source: str, address: Identifier) -> Conversation | None:
        """Return the one of an address."""
        found = self._by_address.get(address)
        return None if found is None else self.conversations[found]

    async def messages(
        self, conversation_id: str, *, after: int = 0, limit: int = 200, internal: bool = False
    ) -> Sequence[Message]:
        """Return messages with a higher sequence."""
        return [one for one in self._stored[conversation_id] if one.sequence > after][:limit]

    async def mark(
        self, conversation_id: str, by: Author, delivery: Delivery, sequence: int
    ) -> None:
        """Tell the followers."""
        for follower in self._followers.get(conversation_id, ()):
            follower.tell(
                Marked(conversation_id=conversation_id, by=by, delivery=delivery, sequence=sequence)
            )

    def typing(self, conversation_id: str, author: Author, typing: bool) -> None:
        """Nobody is told."""

    def presence(self, conversation_id: str, present: bool) -> None:
        """Nobody is told."""

    def follow(self, conversation_id: str) -> AsyncIterator[Update]:
        """Return what happens from now on."""
        return Follower(self._followers.setdefault(conversation_id, set()))

    async def close(
        self, conversation_id: str, *, agent_id: str | None, disposition: Disposition
    ) -> None:
        """Close nothing."""
