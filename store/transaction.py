"""How the steps of many writes become one transaction, for each kind of database.

SQLite runs in this process: its transactions are run by a thread of their own, so that one
of any size costs the event loop one switch of threads (aiosqlite switches at every cursor,
statement and commit, which measured at eight for the smallest transaction).
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql.dml import UpdateBase

from store.statements import Row, Step


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
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-writer")

    async def run(self, steps: Sequence[Step]) -> None:
        """Run the steps in order, all or none, and return when they are committed."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._run, steps)

    async def run_sync(self, work: Callable[[Connection], None]) -> None:
        """Run a function on the connection; it commits what it does itself."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._run_sync, work)

    async def close(self) -> None:
        """Close the connection and end the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _run(self, steps: Sequence[Step]) -> None:
        connection = self._connected()
        with connection.begin():
            for statement, rows in gathered(steps):
                connection.execute(statement, rows)

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
            for statement, rows in gathered(steps):
                await connection.execute(statement, rows)

    async def run_sync(self, work: Callable[[Connection], None]) -> None:
        """Run a function on the connection; it commits what it does itself."""
        async with self._engine.connect() as connection:
            await connection.run_sync(work)

    async def close(self) -> None:
        """Close the connection."""
        await self._engine.dispose()


def gathered(steps: Sequence[Step]) -> Iterator[tuple[UpdateBase, list[Row]]]:
    """Yield each statement with its rows; neighbours of one statement travel as one."""
    statement: UpdateBase | None = None
    rows: list[Row] = []
    for step in steps:
        if step.statement is not statement:
            if statement is not None:
                yield statement, rows
            statement = step.statement
            rows = []
        rows.extend(step.rows)
    if statement is not None:
        yield statement, rows
