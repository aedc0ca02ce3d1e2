"""The threads in memory: all that are not idle, and those that were used last. Bounded.

All state of a conversation is changed under its one lock.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from conversations.recent import Recent
from conversations.thread import Thread
from domain.conversation import Conversation, ConversationState
from domain.errors import NotKnown

IDLE_MAX: Final = 10_000
"""Idle conversations kept; the one unused longest is read from the store when it is needed again.
About 2 KB each."""
SAID_MAX: Final = 64
"""Messages of agents to one conversation whose client ids are remembered; older ones are looked
up in the store."""


@dataclass(slots=True, eq=False)
class Entry:
    """One thread and what its shell knows of it.

    Attributes:
        written: The conversation as it was committed last.
        users: Who holds or awaits the lock.
        shown_to: The agent whose followers were told of it last; None: nobody's.
        outside: The full queue that it waits for; None: none.
        place: Position and expected wait as told last.
        preview: Beginning of the newest message; None: not known.
        is_whole: All that agents ever said in it is in `said`.
        said: Messages of agents by agent and client id, the newest last.
        recent: The newest messages.
    """

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    held: Thread | None = None
    written: Conversation | None = None
    users: int = 0
    shown_to: str | None = None
    outside: str | None = None
    place: tuple[int | None, float | None] = (None, None)
    preview: str | None = None
    is_whole: bool = False
    said: OrderedDict[tuple[str, str], str] = field(default_factory=OrderedDict)
    recent: Recent = field(default_factory=lambda: Recent(0))

    @property
    def thread(self) -> Thread:
        """The thread; whoever holds the lock has one."""
        assert self.held is not None
        return self.held

    def note_said(self, agent_id: str, client_id: str, message_id: str) -> None:
        """Remember a message by its sender's id of it."""
        self.said[agent_id, client_id] = message_id
        if len(self.said) > SAID_MAX:
            self.said.popitem(last=False)
            self.is_whole = False


class Entries:
    """Entries by conversation_id."""

    def __init__(
        self,
        load: Callable[[str], Awaitable[Thread | None]],
        idle_max: int = IDLE_MAX,
    ) -> None:
        """Begin with none.

        Args:
            load: Reads one that is not in memory; None: there is no such conversation.
            idle_max: Idle ones kept.
        """
        self._load = load
        self._idle_max = idle_max
        self._entries: dict[str, Entry] = {}
        self._idle: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self._entries.values()))

    def get(self, conversation_id: str) -> Entry | None:
        """Return an entry with a thread that is in memory."""
        entry = self._entries.get(conversation_id)
        return None if entry is None or entry.held is None else entry

    def put(self, thread: Thread) -> Entry:
        """Take in a thread that is new or was read already."""
        conversation = thread.conversation
        entry = self._entries.setdefault(conversation.conversation_id, Entry())
        entry.held, entry.written = thread, conversation
        entry.recent = Recent(conversation.last_sequence)
        return entry

    def drop(self, conversation_id: str) -> None:
        """Forget a conversation that came to nothing; whoever holds it must not go on with it."""
        entry = self._entries.pop(conversation_id, None)
        if entry is not None:
            entry.held = None

    def drop_idle(self, before: datetime) -> None:
        """Drop idle ones whose last message is older: they are no longer in the store."""
        for conversation_id in tuple(self._idle):
            held = self._entries[conversation_id].held
            if held is not None and held.conversation.last_at < before:
                del self._idle[conversation_id]
                del self._entries[conversation_id]

    @asynccontextmanager
    async def holding(self, conversation_id: str) -> AsyncIterator[Entry]:
        """Hold the lock of a conversation, read from the store if it is not here.

        Raises:
            NotKnown: There is no such conversation.
            StoreError: It cannot be read.
        """
        entry = self._entries.setdefault(conversation_id, Entry())
        self._idle.pop(conversation_id, None)
        entry.users += 1
        try:
            async with entry.lock:
                if entry.held is None:
                    entry.held = await self._load(conversation_id)
                    if entry.held is None:
                        raise NotKnown("conversation", conversation_id)
                    entry.written = entry.held.conversation
                    entry.recent = Recent(entry.written.last_sequence)
                yield entry
        finally:
            entry.users -= 1
            self._let_go(conversation_id, entry)

    def _let_go(self, conversation_id: str, entry: Entry) -> None:
        if entry.users:
            return
        if entry.held is None:
            self._entries.pop(conversation_id, None)
        elif entry.held.conversation.state is ConversationState.IDLE:
            self._idle[conversation_id] = None
            if len(self._idle) > self._idle_max:
                oldest, _ = self._idle.popitem(last=False)
                del self._entries[oldest]
