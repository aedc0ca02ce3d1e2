"""A mail that was not read because it is dangerous, and who keeps and judges such mails."""

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


class QuarantineShelf(QuarantineStore, Protocol):
    """The list as operators look at it. Every method may raise `StoreError`."""

    async def get(self, quarantine_id: str) -> QuarantinedMail:
        """Return one.

        Raises:
            NotKnown: There is no such mail.
        """
        ...

    async def waiting(self, limit: int) -> Sequence[QuarantinedMail]:
        """Return those that nobody has judged, the oldest first."""
        ...

    async def judge(self, quarantine_id: str, verdict: str) -> None:
        """Write what an operator has decided: "released" or "dropped"."""
        ...


class QuarantineDesk(Protocol):
    """Mails in quarantine, for operators. Every method may raise `StoreError`."""

    async def waiting(self, limit: int) -> Sequence[QuarantinedMail]:
        """Return those that nobody has judged, the oldest first."""
        ...

    async def get(self, quarantine_id: str) -> QuarantinedMail:
        """Return one.

        Raises:
            NotKnown: There is no such mail.
        """
        ...

    async def release(self, quarantine_id: str) -> QuarantinedMail:
        """Read one again and take it in, past what stopped it where that is safe.

        Raises:
            NotKnown: There is no such mail.
            StillDangerous: It is stopped again, and stays where it is; or it was released before.
        """
        ...

    async def drop(self, quarantine_id: str) -> None:
        """Delete one for good.

        Raises:
            NotKnown: There is no such mail.
        """
        ...
