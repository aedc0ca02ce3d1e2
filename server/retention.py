"""Forgets conversations that have rested for longer than they are kept, at the start and daily."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol, Self

import structlog

from domain.errors import StoreError
from domain.ports import Clock

EVERY_S: Final = 86_400.0
AGAIN_S: Final = 600.0
"""After the database could not be written."""

_log = structlog.get_logger(__name__)


class OldConversations(Protocol):
    """Where they are forgotten."""

    async def forget_before(self, until: datetime) -> int:
        """Forget idle conversations whose last message is older; return how many."""
        ...


class Retention:
    """Async context manager: while it is entered, what is too old is forgotten."""

    def __init__(
        self,
        store: OldConversations,
        clock: Clock,
        *,
        days: int,
        on_forgotten: Callable[[datetime], None],
        every_s: float = EVERY_S,
        again_s: float = AGAIN_S,
    ) -> None:
        """Prepare.

        Args:
            store: Forgets.
            clock: Gives wall times.
            days: Kept after the last message; 0: for ever.
            on_forgotten: Told up to when, so that nobody goes on with what he remembers of them.
            every_s: Seconds from one time to the next.
            again_s: Seconds after one that failed.
        """
        self._store = store
        self._clock = clock
        self._days = days
        self._on_forgotten = on_forgotten
        self._every_s = every_s
        self._again_s = again_s
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._days:
            self._task = asyncio.create_task(self._run(), name="retention")
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _run(self) -> None:
        while True:
            until = self._clock.utc() - timedelta(days=self._days)
            pause_s = self._every_s
            try:
                forgotten = await self._store.forget_before(until)
            except StoreError as error:
                _log.warning("old conversations not forgotten", cause=type(error).__name__)
                pause_s = self._again_s
            else:
                if forgotten:
                    _log.info("old conversations forgotten", conversations=forgotten)
            # Also after a failure, for some may be gone.
            self._on_forgotten(until)
            await asyncio.sleep(pause_s)
