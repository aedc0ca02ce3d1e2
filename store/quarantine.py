"""The list of mails in quarantine; their bytes are files, written elsewhere."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, func, select, update

from domain.errors import NotKnown
from domain.quarantine import QuarantinedMail
from store.conversation_schema import QUARANTINE
from store.database import Database
from store.statements import Step, insert_into
from store.vault import Vault

_PLACE: Final = "quarantine"
PAGE_MAX: Final = 500
"""Rows of one question."""


class QuarantineList:
    """Implements `QuarantineStore`. Sender and recipients are sealed."""

    def __init__(self, database: Database, vault: Vault) -> None:
        """Keep it in a database that is open."""
        self._database = database
        self._vault = vault
        self._add = insert_into(database.dialect, QUARANTINE).on_conflict_do_nothing()
        self._remove = delete(QUARANTINE).where(QUARANTINE.c.quarantine_id == bindparam("which"))
        self._judge = (
            update(QUARANTINE)
            .where(QUARANTINE.c.quarantine_id == bindparam("which"))
            .values(verdict=bindparam("said"))
        )

    async def add(self, mail: QuarantinedMail) -> None:
        """Write one; harmless when the same mail is there already.

        Raises:
            StoreError: It is not written.
        """
        envelope = json.dumps([mail.sender, list(mail.recipients)])
        row = {
            "quarantine_id": mail.quarantine_id,
            "received_at": mail.received_at,
            "reason": mail.reason,
            "bytes": mail.bytes,
            "envelope": self._vault.seal(
                envelope, table=_PLACE, column="envelope", row=mail.quarantine_id
            ),
            "content_hash": mail.content_hash,
            "verdict": mail.verdict,
        }
        await self._database.write(f"quarantine {mail.quarantine_id}", Step(self._add, (row,)))

    async def get(self, quarantine_id: str) -> QuarantinedMail:
        """Return one.

        Raises:
            NotKnown: There is no such mail.
            StoreError: It cannot be read.
        """
        query = select(QUARANTINE).where(QUARANTINE.c.quarantine_id == quarantine_id)
        async with self._database.reading("quarantine") as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotKnown("mail in quarantine", quarantine_id)
        return self._mail(row)

    async def waiting(self, limit: int = PAGE_MAX) -> Sequence[QuarantinedMail]:
        """Return those that nobody has judged, the oldest first."""
        query = (
            select(QUARANTINE)
            .where(QUARANTINE.c.verdict.is_(None))
            .order_by(QUARANTINE.c.received_at)
            .limit(min(limit, PAGE_MAX))
        )
        async with self._database.reading("quarantine") as connection:
            return [self._mail(row) for row in await connection.execute(query)]

    async def older_than(self, before: datetime, limit: int) -> Sequence[QuarantinedMail]:
        """Return those that came before a time, the oldest first."""
        query = (
            select(QUARANTINE)
            .where(QUARANTINE.c.received_at < before)
            .order_by(QUARANTINE.c.received_at)
            .limit(min(limit, PAGE_MAX))
        )
        async with self._database.reading("quarantine") as connection:
            return [self._mail(row) for row in await connection.execute(query)]

    async def judge(self, quarantine_id: str, verdict: str) -> None:
        """Write what an operator has decided: "released" or "dropped"."""
        row = {"which": quarantine_id, "said": verdict}
        await self._database.write(f"quarantine {quarantine_id}", Step(self._judge, (row,)))

    async def remove(self, quarantine_id: str) -> bool:
        """Drop one; return whether another one has the same content."""
        mail = await self.get(quarantine_id)
        row = {"which": quarantine_id}
        await self._database.write(f"quarantine {quarantine_id}", Step(self._remove, (row,)))
        query = select(func.count()).where(QUARANTINE.c.content_hash == mail.content_hash)
        async with self._database.reading("quarantine") as connection:
            return bool((await connection.execute(query)).scalar_one())

    def _mail(self, row: Row[Any]) -> QuarantinedMail:
        envelope = self._vault.open(
            row.envelope, table=_PLACE, column="envelope", row=row.quarantine_id
        )
        sender, recipients = json.loads(envelope)
        return QuarantinedMail(
            quarantine_id=row.quarantine_id,
            received_at=row.received_at,
            reason=row.reason,
            bytes=row.bytes,
            content_hash=row.content_hash,
            sender=sender,
            recipients=tuple(recipients),
            verdict=row.verdict,
        )
