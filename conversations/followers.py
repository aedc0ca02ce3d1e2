"""Followers: who is told what happens in a conversation, or to an agent, as it happens."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Final, Self

from domain.conversation_ports import NewMessage, Update
from domain.errors import LimitExceeded

FOLLOWERS_MAX: Final = 50
"""Of one conversation or agent: a customer has a few windows and telephones, an agent a few tabs.
The oldest is ended when one more comes."""


class Follower(AsyncIterator[Update]):
    """One reader's inbox. Registered when it is made; `aclose` ends it."""

    def __init__(self, updates_max: int, closed: "Callable[[Follower], None]") -> None:
        self._updates: deque[Update] = deque()
        self._updates_max = updates_max
        self._closed = closed
        self._waiting: asyncio.Future[None] | None = None
        self._over = False
        self._error: LimitExceeded | None = None

    def tell(self, update: Update) -> None:
        """Put an update into the inbox; one too many ends the reader."""
        if self._over:
            return
        if len(self._updates) >= self._updates_max:
            limit = self._updates_max
            self._error = LimitExceeded("updates a follower has not read", limit + 1, limit)
            self._updates.clear()
            self._end()
            return
        self._updates.append(update)
        self._wake()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Update:
        while not self._updates:
            if self._error is not None:
                raise self._error
            if self._over:
                raise StopAsyncIteration
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        return self._updates.popleft()

    async def aclose(self) -> None:
        """Be told nothing more; harmless when repeated."""
        self._updates.clear()
        self._end()

    def end(self) -> None:
        """Let the reader read what is there, and then no more."""
        self._end()

    def _end(self) -> None:
        if not self._over:
            self._over = True
            self._closed(self)
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class Followers:
    """The followers of many conversations, or of many agents, by id."""

    def __init__(self, updates_max: int, gone: Callable[[str], None] | None = None) -> None:
        """Begin with nobody.

        Args:
            updates_max: Of one inbox.
            gone: Told of an id whose last follower is gone.
        """
        self._updates_max = updates_max
        self._gone = gone
        self._by_id: dict[str, dict[Follower, None]] = {}

    def __contains__(self, whose: object) -> bool:
        return whose in self._by_id

    def __len__(self) -> int:
        return sum(len(followers) for followers in self._by_id.values())

    def follow(self, whose: str) -> Follower:
        """Register one more."""

        def closed(follower: Follower) -> None:
            known = self._by_id.get(whose, {})
            known.pop(follower, None)
            if not known and self._by_id.pop(whose, None) is not None and self._gone is not None:
                self._gone(whose)

        follower = Follower(self._updates_max, closed)
        known = self._by_id.setdefault(whose, {})
        known[follower] = None
        if len(known) > FOLLOWERS_MAX:
            next(iter(known)).end()
        return follower

    def tell(self, whose: str, update: Update) -> None:
        """Tell everybody who follows this one."""
        for follower in list(self._by_id.get(whose, ())):
            follower.tell(update)

    def end_of(self, whose: str) -> None:
        """Nothing more happens there: end everybody who follows this one."""
        for follower in list(self._by_id.get(whose, ())):
            follower.end()

    def end(self) -> None:
        """The node stops: end everybody."""
        for known in list(self._by_id.values()):
            for follower in list(known):
                follower.end()


def is_internal(update: Update) -> bool:
    """Tell whether an update is for agents alone."""
    return isinstance(update, NewMessage) and update.message.internal
