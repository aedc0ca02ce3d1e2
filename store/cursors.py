"""How far each reader of the events has come: a restart takes him up where he stopped."""

from collections.abc import Mapping

from sqlalchemy import bindparam, delete, select

from domain.ports import Clock
from store.database import Database
from store.schema import CURSORS
from store.statements import Row, Step, upsert
from store.write_behind import WriteBehind


class Cursors:
    """Implements `CursorStore`; async context manager."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Keep cursors in a database that is open."""
        self._database = database
        self._clock = clock
        self._behind: WriteBehind[Row] = WriteBehind("cursors", self._write)
        self._put = upsert(database.dialect, CURSORS)
        self._drop = delete(CURSORS).where(CURSORS.c.reader == bindparam("gone"))

    async def __aenter__(self) -> "Cursors":
        await self._behind.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._behind.__aexit__(*exc)

    @property
    def behind(self) -> WriteBehind[Row]:
        """What still waits to be written, for the figures."""
        return self._behind

    async def load(self) -> Mapping[str, int]:
        """Return the sequence number of the last event that a reader is done with, by his name.

        Raises:
            StoreError: The database cannot be read.
        """
        async with self._database.reading("cursors") as connection:
            rows = (await connection.execute(select(CURSORS))).all()
        return {row.reader: row.sequence for row in rows}

    def save(self, reader: str, sequence: int) -> None:
        """Keep how far a reader has come; written soon, never waits."""
        self._behind.put(
            reader,
            {"reader": reader, "sequence": sequence, "saved_at": self._clock.utc()},
        )

    async def forget(self, reader: str) -> None:
        """Drop a reader who is no more; harmless if he is not known.

        Raises:
            StoreError: The database cannot be written.
        """
        await self._database.write(f"cursor of {reader}", Step(self._drop, ({"gone": reader},)))

    async def _write(self, rows: Mapping[str, Row]) -> None:
        await self._database.write(
            f"cursors of {len(rows)} readers", Step(self._put, tuple(rows.values())), urgent=False
        )
