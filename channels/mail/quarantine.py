"""Mails that were not read because they are dangerous, laid aside for an operator.

A mail's bytes are a file under its hash, never opened here; the list of them is in the database.
"""

import asyncio
import hashlib
import os
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog

from channels.mail.parsed import Envelope, Quarantined
from domain.errors import StoreError
from domain.ports import Clock
from domain.quarantine import QuarantinedMail, QuarantineStore

SWEEP_S: Final = 3_600.0
"""How often what is too old is dropped."""
SWEEP_MAILS: Final = 500
"""Dropped at once before others have their turn."""
FULL_BYTES: Final = 2_147_483_648
"""2 GiB: a flood of dangerous mail must not fill the disk. Then such mail is put off."""

_log = structlog.get_logger(__name__)


class Quarantine:
    """Keeps such mails for some days."""

    def __init__(
        self,
        folder: Path,
        store: QuarantineStore,
        clock: Clock,
        *,
        days: int,
        bytes_max: int = FULL_BYTES,
    ) -> None:
        """Prepare; the folder is made with the first mail.

        Args:
            folder: For the files, on the disk of the database.
            store: The list.
            clock: The node's.
            days: How long one is kept.
            bytes_max: Of all files together.
        """
        self._folder = folder
        self._store = store
        self._clock = clock
        self._days = days
        self._bytes_max = bytes_max
        self._bytes: int | None = None
        self._lock = asyncio.Lock()

    async def put(self, raw: bytes, envelope: Envelope, why: Quarantined) -> QuarantinedMail:
        """Lay a mail aside; returns when file and row are written.

        The same mail again is there once.

        Raises:
            StoreError: It could not be written, or there is no more room.
        """
        digest = hashlib.sha256(raw).hexdigest()
        mail = QuarantinedMail(
            # The same mail to the same recipients has the same id.
            quarantine_id=hashlib.sha256(
                "\0".join((digest, *sorted(envelope.recipients))).encode()
            ).hexdigest()[:32],
            received_at=self._clock.utc(),
            reason=f"{why.rule}: {why.reason}",
            bytes=len(raw),
            content_hash=digest,
            sender=envelope.sender or "",
            recipients=envelope.recipients,
        )
        async with self._lock:
            if self._bytes is None:
                self._bytes = await asyncio.to_thread(_bytes_in, self._folder)
            if self._bytes + len(raw) > self._bytes_max:
                raise StoreError(f"quarantine: over the limit of {self._bytes_max} bytes")
            try:
                written = await asyncio.to_thread(_write, self._path(digest), raw)
            except OSError as error:
                raise StoreError(f"quarantine: {error.strerror}") from error
            self._bytes += written
            await self._store.add(mail)
        return mail

    async def read(self, mail: QuarantinedMail) -> bytes:
        """Return the bytes of one.

        Raises:
            StoreError: Its file cannot be read.
        """
        try:
            return await asyncio.to_thread(self._path(mail.content_hash).read_bytes)
        except OSError as error:
            raise StoreError(f"quarantine: {error.strerror}") from error

    async def sweep(self) -> int:
        """Drop what is older than the days allowed; return how many were dropped.

        Raises:
            StoreError: The list cannot be read or written.
        """
        before = self._clock.utc() - timedelta(days=self._days)
        old = await self._store.older_than(before, SWEEP_MAILS)
        for mail in old:
            await self.drop(mail)
        return len(old)

    async def drop(self, mail: QuarantinedMail) -> None:
        """Drop one, and its file when nothing else has it."""
        async with self._lock:
            if await self._store.remove(mail.quarantine_id):
                return
            await asyncio.to_thread(self._path(mail.content_hash).unlink, missing_ok=True)
            if self._bytes is not None:
                self._bytes = max(0, self._bytes - mail.bytes)

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("??/*") if path.is_file())


def _write(path: Path, raw: bytes) -> int:
    """Write a file whole or not at all; return how many bytes are new."""
    if path.exists():
        return 0
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return len(raw)
