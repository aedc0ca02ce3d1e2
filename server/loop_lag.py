"""How late the event loop is: the delay that every call feels when something blocks it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Self

import structlog

from domain.ports import Clock

_log = structlog.get_logger(__name__)

INTERVAL_S: Final = 0.25
"""Four wake-ups a second cost nothing and see every stall that a caller could hear."""
LATE_S: Final = 0.5
"""Retransmissions of SIP begin after half a second (T1, RFC 3261 section 17.1.1.1)."""


class LoopLag:
    """Sleeps and measures by how much it overslept. An async context manager."""

    def __init__(
        self,
        clock: Clock,
        observe: Callable[[float], None],
        *,
        interval_s: float = INTERVAL_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Prepare to measure.

        Args:
            clock: Measures.
            observe: Takes each lag in seconds.
            interval_s: Between two measurements.
            sleep: Waits; tests give their own.
        """
        self._clock = clock
        self._observe = observe
        self._interval_s = interval_s
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None
        self._worst_s = 0.0

    def take_worst_s(self) -> float:
        """Return the worst lag since the last such question, seconds."""
        worst_s, self._worst_s = self._worst_s, 0.0
        return worst_s

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._measure(), name="loop lag")
        return self

    async def __aexit__(self, *exc: object) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _measure(self) -> None:
        while True:
            due_s = self._clock.monotonic_s() + self._interval_s
            await self._sleep(self._interval_s)
            lag_s = max(0.0, self._clock.monotonic_s() - due_s)
            self._worst_s = max(self._worst_s, lag_s)
            self._observe(lag_s)
            if lag_s > LATE_S:
                _log.warning("event loop was blocked", lag_s=round(lag_s, 3))
