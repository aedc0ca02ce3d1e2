"""The stored stream of events, the newest `events_max` of them."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, delete, func, select, update

from domain.event_codec import decode, encode
from domain.events import Envelope
from store.database import Database
from store.schema import JOURNAL, RUNS
from store.statements import Step, insert_into

TRIM_SHARE: Final = 100
"""The journal may grow by a hundredth over its limit before it is cut: one large cut costs
less than many small ones."""
FULL_ROWS: Final = 100
"""Events that are company enough: waiting for more would save nothing."""
TRIM_ROWS: Final = 5_000
"""Rows deleted in one transaction, so that a call's record never waits for a long one."""


class Journal:
    """Implements `EventJournal`, and takes events in."""

    def __init__(self, database: Database, *, run_id: str, events_max: int) -> None:
        """Keep events in a database.

        Args:
            database: Open.
            run_id: Of the run whose sign of life each event is.
            events_max: Events kept; the oldest go first.
        """
        assert events_max >= 1
        self._database = database
        self._run_id = run_id
        self._events_max = events_max
        self._stored: int | None = None
        self._missing = 0
        # A repeated append, after a commit whose outcome was not known, changes nothing.
        self._add = insert_into(database.dialect, JOURNAL).on_conflict_do_nothing(
            index_elements=["sequence"]
        )
        self._trim = delete(JOURNAL).where(JOURNAL.c.sequence <= bindparam("up_to"))
        self._alive = (
            update(RUNS).where(RUNS.c.run_id == bindparam("run")).values(alive_at=bindparam("at"))
        )

    @property
    def missing(self) -> int:
        """Events of this run that were published and are not stored."""
        return self._missing

    def note_missing(self, events: int) -> None:
        """Count events that could not be stored; such a run does not end cleanly."""
        self._missing += events

    async def append(self, envelopes: Sequence[Envelope]) -> None:
        """Store events, and return when they are committed.

        Raises:
            StoreError: None of them is stored.
            EventCodecError: One has no JSON form, and none is stored.
        """
        if not envelopes:
            return
        rows = tuple({"sequence": e.sequence, "line": encode(e)} for e in envelopes)
        alive = {"run": self._run_id, "at": envelopes[-1].at}
        first, last = envelopes[0].sequence, envelopes[-1].sequence
        await self._database.write(
            f"events {first} to {last}",
            Step(self._add, rows),
            Step(self._alive, (alive,)),
            urgent=len(rows) >= FULL_ROWS,
        )
        await self._keep_to_limit(len(rows))

    async def after(self, sequence: int, *, limit: int = 1_000) -> Sequence[Envelope]:
        """Return stored events with a higher sequence number, in order.

        Raises:
            StoreError: The database cannot be read.
            EventCodecError: A stored event is of a version that this one does not know.
        """
        assert limit >= 1
        query = (
            select(JOURNAL.c.line)
            .where(JOURNAL.c.sequence > sequence)
            .order_by(JOURNAL.c.sequence)
            .limit(limit)
        )
        async with self._database.reading(f"events after {sequence}") as connection:
            lines = (await connection.execute(query)).scalars().all()
        return [decode(line) for line in lines]

    async def bounds(self) -> tuple[int, int]:
        """Return the first and the last stored sequence number; (0, 0) when empty.

        Raises:
            StoreError: The database cannot be read.
        """
        # Two queries, because SQLite answers a lone min or max from the key alone and
        # reads the whole table for both in one.
        async with self._database.reading("bounds of the journal") as connection:
            first = await connection.scalar(select(func.min(JOURNAL.c.sequence)))
            last = await connection.scalar(select(func.max(JOURNAL.c.sequence)))
        return (first or 0, last or 0)

    async def _keep_to_limit(self, added: int) -> None:
        """Cut the journal down once it is over its limit by a hundredth."""
        if self._stored is None:
            async with self._database.reading("size of the journal") as connection:
                count = await connection.scalar(select(func.count()).select_from(JOURNAL))
            self._stored = count or 0
        else:
            self._stored += added
        if self._stored <= self._events_max + self._events_max // TRIM_SHARE:
            return
        while self._stored > self._events_max:
            surplus = min(self._stored - self._events_max, TRIM_ROWS)
            query = select(JOURNAL.c.sequence).order_by(JOURNAL.c.sequence).offset(surplus - 1)
            async with self._database.reading("oldest events") as connection:
                up_to = await connection.scalar(query.limit(1))
            if up_to is None:
                self._stored = None  # Somebody else has trimmed it; count again next time.
                return
            await self._database.write(
                "oldest events", Step(self._trim, ({"up_to": up_to},)), urgent=False
            )
            self._stored -= surplus
