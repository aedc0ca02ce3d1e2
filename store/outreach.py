"""What customers were written of our own accord."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from domain.contact import Channel
from domain.outreach import OutreachRecord, Refused
from store.conversation_schema import OUTREACH
from store.database import Database
from store.statements import Step, insert_into
from store.vault import Vault


class Outreach:
    """Implements `domain.outreach.OutreachStore`."""

    def __init__(self, database: Database, vault: Vault) -> None:
        """Keep it in a database that is open.

        Args:
            database: Open.
            vault: Marks keys: a caller may have put somebody's address into one.
        """
        self._database = database
        self._vault = vault
        self._put = insert_into(database.dialect, OUTREACH).on_conflict_do_nothing(
            index_elements=["key_mark"]
        )

    async def find(self, key: str) -> OutreachRecord | None:
        """Return what was asked under a key; None: nothing.

        Raises:
            StoreError: The database cannot be read.
        """
        query = select(OUTREACH).where(OUTREACH.c.key_mark == self._mark(key))
        async with self._database.reading("outreach of a key") as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _record(row)

    async def add(self, key: str, record: OutreachRecord) -> None:
        """Write what became of it; a key that is there keeps its first record.

        Raises:
            StoreError: It is not written.
        """
        row = {
            "key_mark": self._mark(key),
            "outreach_id": record.outreach_id,
            "template": record.template_id,
            "customer_id": record.customer_id,
            "channel": None if record.channel is None else record.channel.value,
            "message_id": record.message_id,
            "refused": "" if record.refused is None else record.refused.value,
            "at": record.at,
        }
        await self._database.write(f"outreach {record.outreach_id}", Step(self._put, (row,)))

    async def of_customer(self, customer_id: str, *, limit: int) -> Sequence[OutreachRecord]:
        """Return the records of a customer, the newest first.

        Raises:
            StoreError: The database cannot be read.
        """
        query = (
            select(OUTREACH)
            .where(OUTREACH.c.customer_id == customer_id)
            .order_by(OUTREACH.c.at.desc(), OUTREACH.c.outreach_id.desc())
            .limit(limit)
        )
        async with self._database.reading(f"outreach of customer {customer_id}") as connection:
            return [_record(row) for row in (await connection.execute(query)).all()]

    def _mark(self, key: str) -> bytes:
        return self._vault.mark(f"outreach\n{key}")


def _record(row: Row[Any]) -> OutreachRecord:
    return OutreachRecord(
        outreach_id=row.outreach_id,
        template_id=row.template,
        customer_id=row.customer_id,
        at=row.at,
        channel=None if row.channel is None else Channel(row.channel),
        message_id=row.message_id,
        refused=Refused(row.refused) if row.refused else None,
    )
