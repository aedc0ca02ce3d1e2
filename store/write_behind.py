"""The newest value of each key, written soon, by one task, without making anyone wait."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final, Generic, TypeVar

import structlog

from domain.errors import LimitExceeded, StoreError

Value = TypeVar("Value")

KEYS_MAX: Final = 100_000
"""Keys that may wait; each agent is one."""
RETRY_S: Final = 1.0
"""Pause before a failed write is tried again: long enough to cost nothing, short enough
to lose little when the process is killed."""

_log = structlog.get_logger()


class WriteBehind(Generic[Value]):
    """Async context manager; leaving writes what still waits, once."""

    def __init__(
        self,
        what: str,
        write: Callable[[Mapping[str, Value]], Awaitable[None]],
        *,
        retry_s: float = RETRY_S,
        keys_max: int = KEYS_MAX,
    ) -> None:
        """Write values through a function.

        Args:
            what: Names the values in a log line.
            write: Stores values by key, all or none; raises StoreError for none.
            retry_s: Pause after a failure.
            keys_max: A further key is refused.
        """
        self._what = what
        self._write = write
        self._retry_s = retry_s
        self._keys_max = keys_max
        self._waiting: dict[str, Value] = {}
        self._arrived = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failures = 0

    @property
    def waiting(self) -> int:
        """Keys whose newest value is not stored yet."""
        return len(self._waiting)

    @property
    def failures(self) -> int:
        """Attempts to write that failed."""
        return self._failures

    async def __aenter__(self) -> "WriteBehind[Value]":
        self._task = asyncio.create_task(self._run(), name=f"store-{self._what}")
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._stopping.set()
        self._arrived.set()
        if self._task is not None:
            await self._task
            self._task = None

    def put(self, key: str, value: Value) -> None:
        """Have the value stored, in the place of one of that key that still waits.

        Raises:
            LimitExceeded: Too many keys wait.
        """
        if key not in self._waiting and len(self._waiting) >= self._keys_max:
            raise LimitExceeded(self._what, len(self._waiting) + 1, self._keys_max)
        self._waiting[key] = value
        self._arrived.set()

    async def _run(self) -> None:
        while True:
            if not self._waiting:
                if self._stopping.is_set():
                    return
                self._arrived.clear()
                await self._arrived.wait()
                continue
            last_try = self._stopping.is_set()
            taken, self._waiting = self._waiting, {}
            try:
                await self._write(taken)
            except StoreError as error:
                self._failures += 1
                # A value that was put meanwhile is newer.
                self._waiting = {**taken, **self._waiting}
                _log.error(
                    "not stored, to be tried again" if not last_try else "not stored",
                    what=self._what,
                    keys=len(taken),
                    cause=str(error),
                )
                if last_try:
                    return
                await self._pause()

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._retry_s):
                await self._stopping.wait()
