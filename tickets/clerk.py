"""Sees that what has to be done about tickets is done, by the events and by the clock."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from domain.errors import StoreError, WarmlineError
from tickets.attendant import Attendant
from tickets.figures import TicketFigures
from tickets.tracker import Matter

CURSOR: Final = "tickets"
"""Name under which the place in the events is kept."""
GATHER_S: Final = 0.1
"""How long a thing waits for others, so that one question and one place kept do for all of them: at
a hundred messages a second for ten. Nobody waits for a ticket."""
AGAIN_S: Final = 5.0
"""Pause after the store could not be read or written."""
ROUND_S: Final = 30.0
"""Time from one round to the next; due times are hours."""

_log = structlog.get_logger(__name__)


class Clerk:
    """Has the attendant do what `tickets.tracker` asks for, again where the store fails."""

    def __init__(
        self,
        attendant: Attendant,
        figures: TicketFigures,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Take who does it, figures to count in, and what waits for seconds."""
        self._attendant = attendant
        self._figures = figures
        self._sleep = sleep

    def passed_over(self) -> None:
        """Count events that no ticket is opened about."""
        self._figures.passed_over += 1

    async def do(self, matters: Sequence[Matter]) -> None:
        """Attend to matters, one after the other."""
        concerned = await self._concerned(matters)
        for matter in matters:
            await self._attend(matter, concerned)

    async def _concerned(self, matters: Sequence[Matter]) -> frozenset[str]:
        while True:
            try:
                return await self._attendant.concerned(matters)
            except StoreError as error:
                self._figures.undone += 1
                _log.warning("tickets not read", cause=str(error))
                await self._sleep(AGAIN_S)

    async def _attend(self, matter: Matter, concerned: frozenset[str]) -> None:
        while True:
            try:
                await self._attendant.attend(matter, concerned)
                return
            except StoreError as error:
                self._figures.undone += 1
                _log.warning("ticket not written", cause=str(error))
                await self._sleep(AGAIN_S)
            except WarmlineError as error:
                # Such as a rule's queue that was taken out of the configuration meanwhile.
                self._figures.broken += 1
                _log.error("no ticket for what has happened", cause=str(error))
                return
            except Exception:
                # A mistake of ours, which the same event would bring up for ever.
                self._figures.broken += 1
                _log.exception("tickets broke on what has happened")
                return

    async def go_round(self) -> None:
        """Look after what the clock asks for, for ever."""
        while True:
            try:
                await self._attendant.go_round()
            except WarmlineError as error:
                self._figures.undone += 1
                _log.warning("tickets not looked after", cause=str(error))
            except Exception:
                self._figures.broken += 1
                _log.exception("looking after tickets broke")
            await self._sleep(ROUND_S)
