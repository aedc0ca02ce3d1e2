"""Attachments: what is known of each in the database, their content beside it.

The row is committed before the file has its place: a kill between the two leaves a row that
nobody was told of, which is dropped with the other unused ones.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, select, update

from domain.attachment import Attachment, Scan
from domain.attachment_name import clean_name
from domain.conversation_ports import AttachmentVault
from domain.errors import AttachmentRefused, StoreError
from domain.ports import Clock
from store.attachment_check import Allowed, check_file
from store.attachment_files import AttachmentFiles, IncomingFile
from store.clamd import Scanner, Verdict
from store.conversation_schema import ATTACHMENTS, QUARANTINE
from store.database import Database
from store.statements import Step
from store.vault import Vault

BATCH_MAX: Final = 200
"""Rows looked at in one question."""
INLINE_ID_CHARACTERS_MAX: Final = 255
_WHY: Final = {
    Verdict.INFECTED: "the scanner found something in it",
    Verdict.UNKNOWN: "the scanner could not look at it",
    Verdict.DOWN: "the scanner does not answer, and nothing is taken unseen",
}


class _Down(Exception):
    """The scanner does not answer."""


class Attachments(AttachmentVault):
    """Implements `AttachmentVault`."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        files: AttachmentFiles,
        clock: Clock,
        *,
        allowed: Allowed,
        bytes_max: int,
        scanner: Scanner | None = None,
        hold: bool = True,
    ) -> None:
        """Keep attachments.

        Args:
            database: Open.
            vault: Seals their names.
            files: Holds their content.
            clock: Gives the times of upload.
            allowed: Which files are taken in.
            bytes_max: Of one.
            scanner: Looks at each; None: nobody does.
            hold: Whether files are kept shut while the scanner does not answer; else refused.
        """
        self._database = database
        self._vault = vault
        self._files = files
        self._clock = clock
        self._allowed = allowed
        self._bytes_max = bytes_max
        self._scanner = scanner
        self._hold = hold
        # Whether a content is still needed may not change between the look and its deletion.
        self._placing = asyncio.Lock()
        # So that nothing is asked of the database while nothing is held; unknown at the start.
        self._holds = True
        columns = ATTACHMENTS.c
        self._insert = insert(ATTACHMENTS)
        self._set_scan = (
            update(ATTACHMENTS)
            .where(columns.attachment_id == bindparam("which"))
            .values(scan=bindparam("found"))
        )
        self._delete_unused = delete(ATTACHMENTS).where(
            columns.attachment_id == bindparam("which"), columns.message_id.is_(None)
        )

    async def put(
        self, content: AsyncIterator[bytes], *, name: str, claimed_type: str, inline_id: str = ""
    ) -> Attachment:
        """Store a file; see `AttachmentVault.put`."""
        attachment_id = secrets.token_hex(16)
        async with self._files.take(content, self._bytes_max) as incoming:
            checked = await asyncio.to_thread(
                check_file,
                incoming.file,
                incoming.bytes,
                claimed=claimed_type,
                name=name,
                allowed=self._allowed,
            )
            if checked.refused is not None:
                raise AttachmentRefused(attachment_id, checked.refused)
            attachment = Attachment(
                attachment_id=attachment_id,
                name=clean_name(name),
                media_type=checked.media_type,
                bytes=incoming.bytes,
                content_hash=incoming.content_hash,
                uploaded_at=self._clock.utc(),
                scan=await self._scan(attachment_id, _pieces(incoming)),
                inline_id=inline_id[:INLINE_ID_CHARACTERS_MAX],
            )
            async with self._placing:
                await self._database.write(
                    f"attachment {attachment_id}", Step(self._insert, (self._row(attachment),))
                )
                await self._files.keep(incoming)
        return attachment

    async def get(self, attachment_id: str) -> Attachment | None:
        """Return what is known of a file; None: there is none."""
        query = select(ATTACHMENTS).where(ATTACHMENTS.c.attachment_id == attachment_id)
        async with self._database.reading(f"attachment {attachment_id}") as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else attachment_of(row, self._vault)

    async def read(
        self, attachment: Attachment, *, begin: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """Yield its bytes; see `AttachmentVault.read`."""
        if not attachment.opens:
            raise AttachmentRefused(attachment.attachment_id, f"its scan says {attachment.scan}")
        last = attachment.bytes if end is None else min(end, attachment.bytes)
        async for piece in self._files.read(attachment.content_hash, begin, last):
            yield piece

    async def set_scan(self, attachment_id: str, scan: Scan) -> None:
        """Write what a scanner found."""
        await self._database.write(
            f"scan of attachment {attachment_id}",
            Step(self._set_scan, ({"which": attachment_id, "found": scan.value},)),
        )

    async def rescan(self) -> int:
        """Ask the scanner again about files that are held; return how many are held still."""
        if not self._holds:
            return 0
        self._holds = False
        held = 0
        after = ""
        try:
            while rows := await self._waiting(after):
                for row in rows:
                    found = await self._scan_again(row)
                    if found is Scan.WAITING:
                        held += 1
                    else:
                        await self.set_scan(row.attachment_id, found)
                after = rows[-1].attachment_id
        except (StoreError, _Down):
            # The others would only wait for it too.
            self._holds = True
            return max(held, 1)
        self._holds = self._holds or held > 0
        return held

    async def _waiting(self, after: str) -> Sequence[Any]:
        columns = ATTACHMENTS.c
        query = (
            select(ATTACHMENTS)
            .where(columns.scan == Scan.WAITING.value, columns.attachment_id > after)
            .order_by(columns.attachment_id)
            .limit(BATCH_MAX)
        )
        async with self._database.reading("attachments that are held") as connection:
            return (await connection.execute(query)).all()

    async def _scan_again(self, row: Any) -> Scan:
        if self._scanner is None:
            return Scan.NONE
        verdict = await self._scanner.scan(self._files.read(row.content_hash, 0, row.bytes))
        if verdict is Verdict.DOWN:
            raise _Down
        return {Verdict.CLEAN: Scan.CLEAN, Verdict.INFECTED: Scan.INFECTED}.get(
            verdict, Scan.WAITING
        )

    async def drop_unused(self, keep_s: float) -> int:
        """Delete files that nothing has taken up for so long; return how many."""
        before = self._clock.utc() - timedelta(seconds=keep_s)
        query = (
            select(ATTACHMENTS.c.attachment_id, ATTACHMENTS.c.content_hash)
            .where(ATTACHMENTS.c.message_id.is_(None), ATTACHMENTS.c.uploaded_at < before)
            .order_by(ATTACHMENTS.c.uploaded_at)
            .limit(BATCH_MAX)
        )
        dropped = 0
        while True:
            async with self._database.reading("unused attachments") as connection:
                rows = (await connection.execute(query)).all()
            if not rows:
                return dropped
            which = tuple({"which": row.attachment_id} for row in rows)
            await self._database.write(
                "dropping unused attachments", Step(self._delete_unused, which), urgent=False
            )
            await self.drop_contents(sorted({row.content_hash for row in rows}))
            dropped += len(rows)

    async def drop_contents(self, hashes: Sequence[str]) -> int:
        """Delete contents that no row names any more; return how many."""
        dropped = 0
        for begin in range(0, len(hashes), BATCH_MAX):
            batch = hashes[begin : begin + BATCH_MAX]
            async with self._placing:
                for content_hash in sorted({*batch} - await self._named(batch)):
                    await self._files.drop(content_hash)
                    dropped += 1
        return dropped

    async def clear_incoming(self) -> int:
        """Delete what dead uploads have left; return how many. Called before any is taken."""
        return await self._files.clear_incoming()

    async def drop_orphans(self) -> int:
        """Delete contents whose row a killed node has deleted but not the file; return how many."""
        return await self.drop_contents(await self._files.hashes())

    async def _named(self, hashes: Sequence[str]) -> set[str]:
        named: set[str] = set()
        async with self._database.reading("contents in use") as connection:
            for column in (ATTACHMENTS.c.content_hash, QUARANTINE.c.content_hash):
                found = await connection.execute(select(column).where(column.in_(hashes)))
                named.update(found.scalars())
        return named

    async def _scan(self, attachment_id: str, content: AsyncIterator[bytes]) -> Scan:
        """Return what the scanner says.

        Raises:
            AttachmentRefused: It found something, or does not answer and nothing is held.
        """
        if self._scanner is None:
            return Scan.NONE
        verdict = await self._scanner.scan(content)
        if verdict is Verdict.CLEAN:
            return Scan.CLEAN
        if verdict is Verdict.DOWN and self._hold:
            self._holds = True
            return Scan.WAITING
        raise AttachmentRefused(attachment_id, _WHY[verdict])

    def _row(self, attachment: Attachment) -> dict[str, Any]:
        return {
            "attachment_id": attachment.attachment_id,
            "message_id": None,
            "place": 0,
            "content_hash": attachment.content_hash,
            "name": self._vault.seal(
                attachment.name, table="attachments", column="name", row=attachment.attachment_id
            ),
            "media_type": attachment.media_type,
            "bytes": attachment.bytes,
            "inline_id": attachment.inline_id,
            "scan": attachment.scan.value,
            "uploaded_at": attachment.uploaded_at,
        }


def attachment_of(row: Any, vault: Vault) -> Attachment:
    """Return the attachment that a row of `attachments` tells of."""
    return Attachment(
        attachment_id=row.attachment_id,
        name=vault.open(row.name, table="attachments", column="name", row=row.attachment_id),
        media_type=row.media_type,
        bytes=row.bytes,
        content_hash=row.content_hash,
        uploaded_at=row.uploaded_at,
        scan=Scan(row.scan),
        inline_id=row.inline_id,
    )


async def _pieces(incoming: IncomingFile) -> AsyncIterator[bytes]:
    await asyncio.to_thread(incoming.file.seek, 0)
    while piece := await asyncio.to_thread(incoming.file.read, 65_536):
        yield piece
