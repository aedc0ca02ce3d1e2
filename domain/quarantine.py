"""A mail that was not read because it is dangerous, and where the list of such mails is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedMail:
    """A mail that lies in quarantine.

    Attributes:
        content_hash: SHA-256 of its bytes: the name of its file.
        reason: Why it was not read; none of its content.
        verdict: "released" or "dropped"; None: nobody has looked at it.
    """

    quarantine_id: str
    received_at: datetime
    reason: str
    bytes: int
    content_hash: str
    sender: str = field(repr=False)
    recipients: tuple[str, ...] = field(repr=False)
    verdict: str | None = None


class QuarantineStore(Protocol):
    """The list of mails in quarantine. Every method may raise `StoreError`."""

    async def add(self, mail: QuarantinedMail) -> None:
        """Write it; harmless when the same mail is there already."""
        ...

    async def older_than(self, before: datetime, limit: int) -> Sequence[QuarantinedMail]:
        """Return those that came before a time, the oldest first."""
        ...

    async def remove(self, quarantine_id: str) -> bool:
        """Drop one; return whether another one has the same content."""
        ...
