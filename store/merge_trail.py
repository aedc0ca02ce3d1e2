"""The trail of merges as it is stored: who was made one with whom, by whom, why, and undone when.

The reason is sealed: people write of people there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, or_, select

from domain.customer_merging import MEMBERS_MAX
from domain.errors import LimitExceeded
from domain.identity_ports import MergeRecord
from store.conversation_schema import CUSTOMER_MERGES
from store.database import Database
from store.vault import Vault

SHOWN_MAX: Final = 500
"""Merges of one customer that are told, the newest: undone ones are kept for ever."""
_TICK: Final = timedelta(microseconds=1)


class MergeTrail:
    """Reads merges, and makes rows of them."""

    def __init__(self, database: Database, vault: Vault) -> None:
        """Read from a database that is open."""
        self._database = database
        self._vault = vault

    async def get(self, merge_id: str) -> MergeRecord | None:
        """Return a merge; None: there is none.

        Raises:
            StoreError: The database cannot be read.
        """
        query = select(CUSTOMER_MERGES).where(CUSTOMER_MERGES.c.merge_id == merge_id)
        async with self._database.reading(f"merge {merge_id}") as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else self._merge(row)

    async def of(self, customer_ids: Sequence[str]) -> list[MergeRecord]:
        """Return every merge that holds and reaches one of these customers, over others too.

        Raises:
            LimitExceeded: They are more than can have been merged.
            StoreError: The database cannot be read.
        """
        found: dict[str, MergeRecord] = {}
        known: set[str] = set()
        edge = set(customer_ids)
        async with self._database.reading("merges of customers") as connection:
            while edge:
                known |= edge
                if len(known) > len(customer_ids) * MEMBERS_MAX:
                    raise LimitExceeded("customers who are one", len(known), MEMBERS_MAX)
                query = select(CUSTOMER_MERGES).where(
                    CUSTOMER_MERGES.c.undone_at.is_(None),
                    or_(
                        CUSTOMER_MERGES.c.customer_id.in_(edge),
                        CUSTOMER_MERGES.c.member_id.in_(edge),
                    ),
                )
                for row in await connection.execute(query):
                    found[row.merge_id] = self._merge(row)
                reached = {
                    one for merge in found.values() for one in (merge.customer_id, merge.member_id)
                }
                edge = reached - known
        return list(found.values())

    async def all_of(self, customer_ids: Sequence[str]) -> list[MergeRecord]:
        """Return every merge of some customers, undone ones too, the newest first.

        Raises:
            StoreError: The database cannot be read.
        """
        table = CUSTOMER_MERGES.c
        query = (
            select(CUSTOMER_MERGES)
            .where(or_(table.customer_id.in_(customer_ids), table.member_id.in_(customer_ids)))
            .order_by(table.merged_at.desc(), table.merge_id.desc())
            .limit(SHOWN_MAX)
        )
        async with self._database.reading("merges of a customer") as connection:
            return [self._merge(row) for row in await connection.execute(query)]

    def after(self, trail: Sequence[MergeRecord], now: datetime) -> datetime:
        """Return the time of the next merge: later than those of the trail, whatever the clock."""
        last = max((one.merged_at for one in trail), default=None)
        return now if last is None else max(now, last + _TICK)

    def undone(self, merge: MergeRecord, now: datetime, by: str, reason: str) -> MergeRecord:
        """Return a merge as it is when it has been undone."""
        return replace(merge, undone_at=now, undone_by=by, undone_reason=reason)

    def row(self, merge: MergeRecord) -> Mapping[str, Any]:
        """Return the columns of `customer_merges`."""
        undone = merge.undone_reason
        return {
            "merge_id": merge.merge_id,
            "customer_id": merge.customer_id,
            "member_id": merge.member_id,
            "by": merge.by,
            "reason": self._vault.seal(merge.reason, **_place("reason", merge.merge_id)),
            "merged_at": merge.merged_at,
            "undone_at": merge.undone_at,
            "undone_by": merge.undone_by,
            "undone_reason": None
            if undone is None
            else self._vault.seal(undone, **_place("undone_reason", merge.merge_id)),
        }

    def _merge(self, row: Row[Any]) -> MergeRecord:
        undone = row.undone_reason
        return MergeRecord(
            merge_id=row.merge_id,
            customer_id=row.customer_id,
            member_id=row.member_id,
            by=row.by,
            reason=self._vault.open(row.reason, **_place("reason", row.merge_id)),
            merged_at=row.merged_at,
            undone_at=row.undone_at,
            undone_by=row.undone_by,
            undone_reason=None
            if undone is None
            else self._vault.open(undone, **_place("undone_reason", row.merge_id)),
        )


def _place(column: str, merge_id: str) -> dict[str, str]:
    return {"table": "customer_merges", "column": column, "row": merge_id}
