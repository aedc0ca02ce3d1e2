"""Connections that read, for each kind of database.

SQLite's are threads of ours, for the reason that `store/transaction.py` gives for the writer: a
read of one statement costs the event loop one switch of threads, where aiosqlite takes eight.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Engine, Executable, FrozenResult, Result
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import StoreError
from store.work_thread import WorkThread


class Reading(Protocol):
    """A connection whose reads all see the database at one moment."""

    async def execute(self, statement: Executable, parameters: Any = None) -> Result[Any]:
        """Return the rows of a statement, all of them here already."""
        ...

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        """Return the first column of the first row; None: there is no row."""
        ...


class Readers(Protocol):
    """A few connections that read."""

    def lend(self) -> AbstractAsyncContextManager[Reading]:
        """Lend one; whoever finds all of them taken waits a stated time for his turn.

        Raises:
            StoreError: All of them stayed taken.
        """
        ...

    async def close(self) -> None:
        """Close them."""
        ...


class ThreadReading:
    """One connection of a synchronous engine and the thread that uses it."""

    def __init__(self, engine: Engine, name: str) -> None:
        """Prepare; thread and connection come with the first read."""
        self._engine = engine
        self._connection: Connection | None = None
        self._thread: WorkThread[Any] = WorkThread(name)

    async def execute(self, statement: Executable, parameters: Any = None) -> Result[Any]:
        """Return the rows of a statement, read whole in the thread."""
        found: list[FrozenResult[Any]] = []

        def ask(_: object) -> None:
            found.append(self._connected().execute(statement, parameters).freeze())

        await self._thread.run(ask, None)
        return found[0]()

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        """Return the first column of the first row; None: there is no row."""
        return (await self.execute(statement, parameters)).scalar()

    def end(self) -> None:
        """Let go of the moment that was read; the next read of this connection comes after it."""
        self._thread.post(self._rollback, None)

    async def close(self) -> None:
        """Close the connection and end the thread."""
        if self._connection is not None:
            await self._thread.run(self._close, None)
        self._thread.close()

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _rollback(self, _: object) -> None:
        connection = self._connection
        if connection is not None:
            try:
                connection.rollback()
            except SQLAlchemyError:
                # The next read gets another one, or an error that somebody hears.
                self._connection = None
                connection.invalidate()

    def _close(self, _: object) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class ThreadReaders:
    """Reading threads over one engine, lent in the order in which they are asked for."""

    def __init__(self, engine: Engine, *, count: int, wait_s: float) -> None:
        """Prepare.

        Args:
            engine: With room for as many connections; nobody else uses it.
            count: Connections that read at once.
            wait_s: How long somebody waits for his turn before he gets an error.
        """
        self._engine = engine
        self._wait_s: Final = wait_s
        self._all = [ThreadReading(engine, f"store-reader-{number}") for number in range(count)]
        self._idle = list(self._all)
        self._waiting: deque[asyncio.Future[ThreadReading]] = deque()

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[Reading]:
        """Lend a connection; see `Readers`."""
        reader = self._idle.pop() if self._idle else await self._turn()
        try:
            yield reader
        finally:
            reader.end()
            self._give(reader)

    async def close(self) -> None:
        """Close all of them, each when what it reads is read."""
        for reader in self._all:
            await reader.close()
        self._engine.dispose()

    async def _turn(self) -> ThreadReading:
        turn: asyncio.Future[ThreadReading] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(self._wait_s):
                try:
                    return await turn
                except asyncio.CancelledError:
                    if not turn.cancelled():
                        # It was his already when he gave up, or his time was over.
                        self._give(turn.result())
                    raise
        except TimeoutError:
            waiting = sum(not one.done() for one in self._waiting)
            raise StoreError(
                f"all {len(self._all)} connections that read were taken for {self._wait_s:g} s,"
                f" {waiting} wait"
            ) from None

    def _give(self, reader: ThreadReading) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(reader)
                return
        self._idle.append(reader)


class LoopReaders:
    """Connections of an asynchronous engine, which keeps and lends them itself."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use an engine that nobody else uses."""
        self._engine = engine
        self.lend: Final[Callable[[], AbstractAsyncContextManager[Reading]]] = engine.connect

    async def close(self) -> None:
        """Close the connections."""
        await self._engine.dispose()
