"""How the steps of many writes become one transaction, for each kind of database.

SQLite runs in this process: its transactions are run by a thread of their own, so that one
of any size costs the event loop one switch of threads (aiosqlite switches at every cursor,
statement and commit, which measured at eight for the smallest transaction).
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Engine, FromClause
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql.dml import UpdateBase

from domain.errors import Outdated
from store.prepared import PreparedStatements
from store.statements import Row, Step
from store.work_thread import WorkThread

BEGIN: Final = "BEGIN IMMEDIATE"
"""SQLite takes the write lock now: a transaction that begins by reading may find later that it
cannot have it."""


class Transactor(Protocol):
    """Runs transactions, one at a time."""

    async def run(self, steps: Sequence[Step]) -> None:
        """Run the steps in order, all or none, and return when they are committed."""
        ...

    async def run_sync(self, work: Callable[[Connection], None]) -> None:
        """Run a function on the connection; it commits what it does itself."""
        ...

    async def close(self) -> None:
        """Close the connection."""
        ...


class ThreadTransactor:
    """Transactions of a synchronous engine in one thread."""

    def __init__(self, engine: Engine) -> None:
        """Use an engine that nobody else uses."""
        self._engine = engine
        self._connection: Connection | None = None
        self._prepared = PreparedStatements(engine.dialect)
        self._thread: WorkThread[Any] = WorkThread("store-writer")

    async def run(self, steps: Sequence[Step]) -> None:
        """Run the steps in order, all or none, and return when they are committed."""
        await self._thread.run(self._run, steps)

    async def run_sync(self, work: Callable[[Connection], None]) -> None:
        """Run a function on the connection; it commits what it does itself."""
        await self._thread.run(self._run_sync, work)

    async def close(self) -> None:
        """Close the connection and end the thread."""
        await self._thread.run(lambda _: self._close(), None)
        self._thread.close()

    def _run(self, steps: Sequence[Step]) -> None:
        # SQLAlchemy's own way to the driver takes four times as long as SQLite does.
        driver = self._connected().connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        try:
            driver.execute(BEGIN)
            try:
                for statement, rows, exact in gathered(steps):
                    self._execute(driver, statement, rows, exact=exact)
                driver.execute("COMMIT")
            finally:
                if driver.in_transaction:
                    driver.execute("ROLLBACK")
        except sqlite3.Error as error:
            # As SQLAlchemy would raise it.
            raise DBAPIError.instance(
                None, None, error, sqlite3.Error, hide_parameters=True
            ) from error

    def _execute(
        self, driver: sqlite3.Connection, statement: UpdateBase, rows: list[Row], *, exact: bool
    ) -> None:
        prepared = self._prepared.get(statement, rows[0].keys())
        parameters = prepared.parameters(rows)
        cursor = (
            driver.execute(prepared.sql, parameters[0])
            if len(parameters) == 1
            else driver.executemany(prepared.sql, parameters)
        )
        if exact:
            # Of many rows the driver counts all that they have changed.
            _expect(statement, len(rows), cursor.rowcount)

    def _connected(self) -> Connection:
        # Kept from one transaction to the next: to take it from the pool and give it back
        # costs two fifths of the smallest transaction.
        if self._connection is None or self._connection.closed:
            self._connection = self._engine.connect()
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()

    def _run_sync(self, work: Callable[[Connection], None]) -> None:
        connection = self._connected()
        try:
            work(connection)
        finally:
            if connection.in_transaction():
                connection.rollback()


class LoopTransactor:
    """Transactions of an asynchronous engine in the event loop."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use an engine that nobody else uses."""
        self._engine = engine

    async def run(self, steps: Sequence[Step]) -> None:
        """Run the steps in order, all or none, and return when they are committed."""
        async with self._engine.begin() as connection:
            for statement, rows, exact in gathered(steps):
                if not exact:
                    await connection.execute(statement, rows)
                    continue
                for row in rows:
                    # Of many rows at once asyncpg does not say how many they have changed.
                    result = await connection.execute(statement, row)
                    _expect(statement, 1, result.rowcount)

    async def run_sync(self, work: Callable[[Connection], None]) -> None:
        """Run a function on the connection; it commits what it does itself."""
        async with self._engine.connect() as connection:
            await connection.run_sync(work)

    async def close(self) -> None:
        """Close the connection."""
        await self._engine.dispose()


def _expect(statement: UpdateBase, wanted: int, changed: int) -> None:
    if changed != wanted:
        table = getattr(statement.table, "name", "")
        raise Outdated(f"{wanted} rows of {table} were to be changed, {changed} could be")


def gathered(steps: Sequence[Step]) -> Iterator[tuple[UpdateBase, list[Row], bool]]:
    """Yield each statement with its rows, and whether each must change one row.

    Neighbours of one statement travel as one. Neighbours are those of the same table: no table
    refers to another and all steps are committed together, so only the order within a table
    means anything.
    """
    tables: dict[FromClause, list[tuple[UpdateBase, list[Row], bool]]] = {}
    for step in steps:
        runs = tables.setdefault(step.statement.table, [])
        if not runs or runs[-1][0] is not step.statement or runs[-1][2] is not step.exact:
            runs.append((step.statement, [], step.exact))
        runs[-1][1].extend(step.rows)
    for runs in tables.values():
        yield from runs
