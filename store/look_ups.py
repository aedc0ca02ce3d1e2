"""Questions that an index answers: prepared once, and those that wait together in one transaction.

Lending a connection for each would tie the rate to the turns of the event loop: four connections
make four reads a turn, however long it is, and with a thousand new chats at once a turn is long.
Here whatever was asked in one turn is read in one go, with one switch of threads for all.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from domain.errors import StoreError
from store.prepared import PreparedQueries
from store.statements import Query, Row
from store.work_thread import WorkThread

ASKED_MAX: Final = 10_000
"""Questions that may wait: at 0.1 to 0.2 ms each one to two seconds."""
BATCH_MAX: Final = 200
"""Questions of one go, which bounds what the first of them waits for."""


class _Question:
    __slots__ = ("done", "error", "query", "rows", "values")

    def __init__(
        self,
        query: Query,
        values: Row,
        done: "asyncio.Future[None]",
    ) -> None:
        self.query = query
        self.values = values
        self.done = done
        self.rows: Sequence[Any] = ()
        self.error: Exception | None = StoreError("it was not read")


class LookUps:
    """One connection of a synchronous engine, and the thread that uses it."""

    def __init__(self, engine: Engine, *, asked_max: int = ASKED_MAX) -> None:
        """Prepare; thread and connection come with the first question.

        Args:
            engine: Nobody else uses it.
            asked_max: A question beyond this many that wait is refused at once.
        """
        self._engine = engine
        self._queries = PreparedQueries(engine.dialect)
        self._asked_max = asked_max
        self._asked: list[_Question] = []
        self._connection: Connection | None = None
        self._thread: WorkThread[Any] = WorkThread("store-look-ups")
        self._reads: asyncio.Task[None] | None = None

    async def rows(self, query: Query, values: Row) -> Sequence[Any]:
        """Return the rows of a question, as of now or later; see `Database.rows`.

        Raises:
            StoreError: Too many wait.
            SQLAlchemyError, sqlite3.Error: The database cannot answer.
        """
        if len(self._asked) >= self._asked_max:
            raise StoreError(f"{len(self._asked)} reads wait, the limit is {self._asked_max}")
        question = _Question(query, values, asyncio.get_running_loop().create_future())
        self._asked.append(question)
        if self._reads is None:
            self._reads = asyncio.create_task(self._read_on(), name="store look-ups")
        await question.done
        if question.error is not None:
            raise question.error
        return question.rows

    async def close(self) -> None:
        """Answer what was asked, close the connection and end the thread."""
        if self._reads is not None:
            await self._reads
        if self._connection is not None:
            await self._thread.run(self._close, None)
        self._thread.close()
        self._engine.dispose()

    async def _read_on(self) -> None:
        try:
            while self._asked:
                batch = self._asked[:BATCH_MAX]
                del self._asked[:BATCH_MAX]
                try:
                    await self._thread.run(self._read, batch)
                finally:
                    for question in batch:
                        if not question.done.done():  # Else its caller was cancelled.
                            question.done.set_result(None)
        finally:
            self._reads = None

    def _read(self, batch: Sequence[_Question]) -> None:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = self._engine.connect()
            if len(batch) > 1:
                # One alone sees one moment anyway, and a transaction costs as much as it does.
                self._connection.begin()
            driver = self._connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            for question in batch:
                self._answer(driver, question)
            # The next ones see what is committed by then.
            self._connection.rollback()
        except SQLAlchemyError as error:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.invalidate()
            for question in batch:
                question.error = error

    def _answer(self, driver: sqlite3.Connection, question: _Question) -> None:
        try:
            prepared = self._queries.get(question.query, question.values.keys())
            cursor = driver.execute(prepared.sql, prepared.parameters(question.values))
            question.rows = prepared.rows(cursor.fetchall())
            question.error = None
        except Exception as error:
            question.error = error

    def _close(self, _: object) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
