"""Mails in quarantine in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from domain.errors import NotKnown, StillDangerous
from domain.quarantine import QuarantinedMail
from tests.unit.channels.conversation_fakes import AT, hex_id


def mail(number: int) -> QuarantinedMail:
    return QuarantinedMail(
        quarantine_id=hex_id(number),
        received_at=AT,
        reason="parts: 900 over 500",
        bytes=1_204_511,
        content_hash="ab" * 32,
        sender="customer-7@example.com",
        recipients=("support@example.org",),
    )


@dataclass
class FakeQuarantine:
    """Implements `QuarantineDesk`: the first can be released, the second cannot."""

    mails: dict[str, QuarantinedMail] = field(
        default_factory=lambda: {hex_id(number): mail(number) for number in (1, 2)}
    )

    async def waiting(self, limit: int) -> Sequence[QuarantinedMail]:
        return [one for one in self.mails.values() if one.verdict is None][:limit]

    async def get(self, quarantine_id: str) -> QuarantinedMail:
        if quarantine_id not in self.mails:
            raise NotKnown("mail in quarantine", quarantine_id)
        return self.mails[quarantine_id]

    async def release(self, quarantine_id: str) -> QuarantinedMail:
        found = await self.get(quarantine_id)
        if quarantine_id == hex_id(2):
            raise StillDangerous(quarantine_id, found.reason)
        self.mails[quarantine_id] = replace(found, verdict="released")
        return self.mails[quarantine_id]

    async def drop(self, quarantine_id: str) -> None:
        await self.get(quarantine_id)
        del self.mails[quarantine_id]
