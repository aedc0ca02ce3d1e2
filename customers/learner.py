"""Learns of customers from what has happened: lessons are written until they are."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from customers.figures import CustomerFigures
from customers.ports import CustomerMemory
from domain.customer_lessons import Lesson
from domain.errors import StoreError

CURSOR: Final = "customers"
"""Name under which the place in the events is kept."""
AGAIN_S: Final = 5.0
"""Pause after the store could not be written."""

_log = structlog.get_logger(__name__)


class Learner:
    """Does what `customers.tracker` asks for. A lesson that comes twice changes nothing."""

    def __init__(
        self,
        memory: CustomerMemory,
        figures: CustomerFigures,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Take the memory that learns, figures to count in, and what waits for seconds."""
        self._memory = memory
        self._figures = figures
        self._sleep = sleep

    def passed_over(self) -> None:
        """Count events that cannot be learnt from; contacts to come are not touched."""
        self._figures.passed_over += 1

    async def do(self, lessons: Sequence[Lesson]) -> None:
        """Have lessons written, in one go."""
        while True:
            try:
                self._figures.learnt += await self._memory.take(lessons)
                return
            except StoreError as error:
                self._figures.unlearnt += 1
                _log.warning("customers' lessons not written", cause=str(error))
                await self._sleep(AGAIN_S)
            except Exception:
                # A mistake of ours, which the same lessons would bring up for ever.
                self._figures.unlearnt += 1
                _log.exception("customers' lessons broke", lessons=len(lessons))
                return
