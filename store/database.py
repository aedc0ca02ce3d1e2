"""A database: one connection that writes, a few that read, a schema of the right version."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from domain.errors import StoreError
from store.look_ups import LookUps
from store.migrations.upgrade import upgrade
from store.readers import LoopReaders, Readers, Reading, ThreadReaders
from store.statements import Query, Row, Step
from store.transaction import BEGIN, LoopTransactor, ThreadTransactor, Transactor
from store.writer import Writer, WriterFigures, explain

READERS: Final = 4
"""Connections that read at once, each with a thread when the database is SQLite."""
READER_WAIT_S: Final = 10.0
"""How long a reader waits for a free connection before he gets an error."""
BUSY_S: Final = 5.0
"""How long SQLite waits for another process to give up the write lock: a backup's or the
command line's writes are over in less."""
WAL_BYTES_MAX: Final = 64 * 1024 * 1024
"""What the write-ahead log is cut down to after a burst."""
ASYNC_DRIVERS: Final = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}

Synchronous = Literal["normal", "full"]


def sqlite_url(path: Path) -> URL:
    """Return the URL of a SQLite file."""
    return URL.create("sqlite+aiosqlite", database=str(path))


def parse_url(url: str) -> URL:
    """Return the URL with the asynchronous driver of its database.

    Raises:
        StoreError: It is no URL, or of a database that the store is not written for.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"store.url: {error}") from error
    backend = parsed.get_backend_name()
    if backend not in ASYNC_DRIVERS:
        raise StoreError(f"store.url: {backend!r} is neither sqlite nor postgresql")
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StoreError("store.url: a SQLite database in memory would be gone with the node")
    return parsed.set(drivername=ASYNC_DRIVERS[backend])


class Database:
    """Async context manager: entering migrates and starts the writer, leaving commits all."""

    def __init__(self, url: URL, *, synchronous: Synchronous = "normal") -> None:
        """Prepare; nothing is opened yet.

        Args:
            url: From `sqlite_url` or `parse_url`.
            synchronous: SQLite only. "normal": a committed write survives the end of this
                process by any signal, because the operating system has it; a power cut may
                take the last commits with it, the file stays whole. "full": it survives a
                power cut too, and each commit waits for the disk.

        Raises:
            StoreError: The driver that the URL needs is not installed.
        """
        self._url = url
        self._synchronous = synchronous
        self.name: Final = url.render_as_string(hide_password=True)
        self.dialect: Final = url.get_backend_name()
        try:
            self._readers: Readers
            self._look_ups: LookUps | None = None
            self._transactor: Transactor
            if self.dialect == "sqlite":
                readers = self._sqlite("BEGIN", "query_only = ON", connections=READERS)
                self._readers = ThreadReaders(readers, count=READERS, wait_s=READER_WAIT_S)
                self._look_ups = LookUps(self._sqlite("BEGIN", "query_only = ON", connections=1))
                self._transactor = ThreadTransactor(self._sqlite_writer())
            else:
                self._readers = LoopReaders(self._asynchronous(READERS))
                self._transactor = LoopTransactor(self._asynchronous(1))
        except ImportError as error:
            raise StoreError(f"store.url: {self.name}: {error}") from error
        self._writer = Writer(self._transactor, database=self.name)

    async def __aenter__(self) -> "Database":
        try:
            await self._transactor.run_sync(partial(upgrade, database=self.name))
            await self._writer.__aenter__()
        except (SQLAlchemyError, OSError) as error:
            await self._dispose()
            raise explain("opening", self.name, error) from error
        except BaseException:
            await self._dispose()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        try:
            await self._writer.__aexit__(*exc)
        finally:
            await self._dispose()

    async def _dispose(self) -> None:
        # The writer's connection last: the last one to close SQLite folds the write-ahead
        # log into the file, which one that only reads cannot.
        if self._look_ups is not None:
            await self._look_ups.close()
        await self._readers.close()
        await self._transactor.close()

    async def write(self, what: str, *steps: Step, urgent: bool = True) -> None:
        """Run the steps in one transaction; see `Writer.write`.

        Raises:
            StoreError: They are not committed.
        """
        await self._writer.write(what, *steps, urgent=urgent)

    @asynccontextmanager
    async def reading(self, what: str) -> AsyncIterator[Reading]:
        """Lend a connection whose reads all see the database at one moment.

        Args:
            what: Names the read in an error.

        Raises:
            StoreError: The database cannot be read, or all connections were taken.
        """
        try:
            async with self._readers.lend() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise explain(what, self.name, error) from error

    async def rows(self, what: str, query: Query, values: Row) -> Sequence[Any]:
        """Return the rows of one question, each with the columns' values by their names.

        For what is asked often and an index answers: the question is prepared once, and those that
        are asked in one turn of the event loop are asked in one go.

        Args:
            what: Names the read in an error.
            query: The same object each time; few rows are expected.
            values: Its parameters by name, the same names each time.

        Raises:
            StoreError: The database cannot be read, or too many wait for it.
        """
        try:
            if self._look_ups is not None:
                return await self._look_ups.rows(query, values)
            # asyncpg prepares its statements itself.
            async with self._readers.lend() as connection:
                return (await connection.execute(query, dict(values))).all()
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise explain(what, self.name, error) from error

    def figures(self) -> WriterFigures:
        """Return what the writer has done since the start."""
        return self._writer.figures()

    def _asynchronous(self, pool_size: int) -> AsyncEngine:
        return create_async_engine(
            self._url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=READER_WAIT_S,
            # A connection may be dead by the time it is used.
            pool_pre_ping=True,
            hide_parameters=True,  # Bind parameters are personal data and end up in logs.
        )

    def _sqlite_writer(self) -> Engine:
        return self._sqlite(
            BEGIN,
            "journal_mode = WAL",  # Readers and the writer do not wait for each other.
            f"journal_size_limit = {WAL_BYTES_MAX}",
            f"synchronous = {self._synchronous.upper()}",
            connections=1,
        )

    def _sqlite(self, begin: str, *pragmas: str, connections: int) -> Engine:
        engine = create_engine(
            self._url.set(drivername="sqlite"),
            pool_size=connections,
            max_overflow=0,
            hide_parameters=True,
        )
        _prepare(engine, begin, *pragmas)
        return engine


def _prepare(engine: Engine, begin: str, *pragmas: str) -> None:
    """Say how SQLite's connections of an engine are set up and begin a transaction.

    The driver would begin one late, at the first change, and by then another process may
    have changed what was read; so it is told to leave that to us.
    """

    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (f"busy_timeout = {int(BUSY_S * 1_000)}", *pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
