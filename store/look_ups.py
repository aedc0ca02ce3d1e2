"""Reads of one statement that an index answers, those that wait together in one transaction.

Lending a connection for each would tie the rate to the turns of the event loop: four connections
make four reads a turn, however long it is, and with a thousand new chats at once a turn is long.
Here whatever was asked in one turn is read in one go, with one switch of threads for all.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Engine, Executable, Row
from sqlalchemy.exc import SQLAlchemyError

from domain.errors import StoreError
from store.work_thread import WorkThread

ASKED_MAX: Final = 10_000
"""Questions that may wait: at 0.1 to 0.2 ms each one to two seconds."""
BATCH_MAX: Final = 200
"""Questions of one go, which bounds what the first of them waits for."""

Rows = Sequence[Row[Any]]


class _Question:
    __slots__ = ("done", "error", "parameters", "rows", "statement")

    def __init__(
        self,
        statement: Executable,
        parameters: Mapping[str, Any] | None,
        done: "asyncio.Future[None]",
    ) -> None:
        self.statement = statement
        self.parameters = parameters
        self.done = done
        self.rows: Rows = ()
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
        self._asked_max = asked_max
        self._asked: list[_Question] = []
        self._connection: Connection | None = None
        self._thread: WorkThread[Any] = WorkThread("store-look-ups")
        self._reads: asyncio.Task[None] | None = None

    async def rows(self, statement: Executable, parameters: Mapping[str, Any] | None) -> Rows:
        """Return the rows of a statement, as of now or later.

        Raises:
            StoreError: Too many wait.
            SQLAlchemyError: The database cannot answer.
        """
        if len(self._asked) >= self._asked_max:
            raise StoreError(f"{len(self._asked)} reads wait, the limit is {self._asked_max}")
        question = _Question(statement, parameters, asyncio.get_running_loop().create_future())
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
            for question in batch:
                self._answer(self._connection, question)
            # The next ones see what is committed by then.
            self._connection.rollback()
        except SQLAlchemyError as error:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.invalidate()
            for question in batch:
                question.error = error

    def _answer(self, connection: Connection, question: _Question) -> None:
        try:
            question.rows = connection.execute(question.statement, question.parameters).all()
            question.error = None
        except Exception as error:
            question.error = error

    def _close(self, _: object) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
