"""What operators do with mails in quarantine: look, release, drop."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import structlog

from channels.mail.intake import Intake
from channels.mail.parsed import Envelope
from channels.mail.quarantine import Quarantine
from domain.errors import StillDangerous, StoreError
from domain.quarantine import QuarantinedMail, QuarantineShelf

RELEASED: Final = "released"

_log = structlog.get_logger(__name__)


class JudgedQuarantine:
    """Implements `QuarantineDesk`."""

    def __init__(self, shelf: QuarantineShelf, quarantine: Quarantine, intake: Intake) -> None:
        """Join the list, the files, and the way in."""
        self._shelf = shelf
        self._quarantine = quarantine
        self._intake = intake
        self._judging = asyncio.Lock()

    async def waiting(self, limit: int) -> Sequence[QuarantinedMail]:
        """Return those that nobody has judged, the oldest first."""
        return await self._shelf.waiting(limit)

    async def get(self, quarantine_id: str) -> QuarantinedMail:
        """Return one.

        Raises:
            NotKnown: There is no such mail.
        """
        return await self._shelf.get(quarantine_id)

    async def release(self, quarantine_id: str) -> QuarantinedMail:
        """Read one again and take it in; two who release the same do it once.

        Its file stays until `mail.quarantine_days` have passed.

        Raises:
            NotKnown: There is no such mail.
            StillDangerous: It is stopped again, and stays; or it was released before.
            StoreError: Its file cannot be read, or it cannot be stored now.
        """
        async with self._judging:
            mail = await self._shelf.get(quarantine_id)
            if mail.verdict is not None:
                raise StillDangerous(quarantine_id, f"it was {mail.verdict} before")
            raw = await self._quarantine.read(mail)
            envelope = Envelope(sender=mail.sender or None, recipients=mail.recipients)
            try:
                stopped = await self._intake.release(raw, envelope)
            except TimeoutError:
                raise StoreError("the mail could not be taken in time") from None
            if stopped is not None:
                raise StillDangerous(quarantine_id, f"{stopped.rule}: {stopped.reason}")
            await self._shelf.judge(quarantine_id, RELEASED)
        _log.info("mail released", quarantine_id=quarantine_id, rule=mail.reason.partition(":")[0])
        return replace(mail, verdict=RELEASED)

    async def drop(self, quarantine_id: str) -> None:
        """Delete one for good, with its file when no other mail has the same content.

        Raises:
            NotKnown: There is no such mail.
        """
        async with self._judging:
            await self._quarantine.drop(await self._shelf.get(quarantine_id))
        _log.info("mail dropped", quarantine_id=quarantine_id)
