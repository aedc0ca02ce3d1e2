"""The one writer: whoever writes waits for the commit, and many share one.

While a transaction is being committed, further writes gather in the inbox; the next
transaction takes them all. So a single write is as fast as the database, and under load
the cost of a commit is divided among hundreds.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)

from domain.errors import Duplicate, Outdated, StoreError
from store.statements import Step
from store.transaction import Transactor

INBOX_MAX: Final = 10_000
"""Writes that may wait: at 40 calls a second and ten writes a call, 25 s of a database
that does not answer."""
BATCH_MAX: Final = 500
"""Writes of one transaction, which bounds what the last of them waits for."""
SOON_S: Final = 0.05
"""How long a write that is not urgent waits for company: at 60 calls a second that makes
20 transactions of what would be several hundred."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterFigures:
    """What the writer has done since the start.

    Attributes:
        waiting: Writes in the inbox now.
        written: Writes committed.
        commits: Transactions that carried them.
        failed: Writes that the database refused; each caller got a `StoreError`.
        refused: Writes turned away because the inbox was full or the store closed.
    """

    waiting: int
    written: int
    commits: int
    failed: int
    refused: int


@dataclass(slots=True, eq=False)
class _Write:
    what: str
    steps: Sequence[Step]
    done: "asyncio.Future[None]"


def explain(what: str, database: str, error: BaseException) -> StoreError:
    """Return the error that a caller of the store sees, with the cause in plain words."""
    cause = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    if isinstance(error, Outdated):
        return Outdated(f"{what}: database {database}: {cause}")
    if isinstance(error, IntegrityError) and "unique" in cause.lower():
        # PostgreSQL goes on with the values, in another line.
        return Duplicate(f"{what}: database {database}: {cause.splitlines()[0]}")
    if "disk is full" in cause or "No space left" in cause:
        cause += "; free space on its disk, nothing further is recorded until then"
    elif "is locked" in cause:
        cause += "; another process holds its write lock"
    return StoreError(f"{what}: database {database}: {cause}")


class Writer:
    """Async context manager; leaving commits what is in the inbox."""

    def __init__(
        self,
        transactor: Transactor,
        *,
        database: str,
        inbox_max: int = INBOX_MAX,
        batch_max: int = BATCH_MAX,
    ) -> None:
        """Write through a connection of its own.

        Args:
            transactor: Nobody else uses it while the writer runs.
            database: What error messages call it.
            inbox_max: A write beyond this many that wait is refused at once.
            batch_max: Writes of one transaction.
        """
        self._transactor = transactor
        self._database = database
        self._inbox_max = inbox_max
        self._batch_max = batch_max
        self._inbox: deque[_Write] = deque()
        self._due = False
        self._waking: asyncio.Future[None] | None = None
        self._soon: asyncio.TimerHandle | None = None
        self._closing = True
        self._task: asyncio.Task[None] | None = None
        self._written = self._commits = self._failed = self._refused = 0

    async def __aenter__(self) -> "Writer":
        self._closing = False
        self._task = asyncio.create_task(self._run(), name="store-writer")
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._closing = True
        self._commit_now()
        if self._task is not None:
            await self._task
            self._task = None

    def figures(self) -> WriterFigures:
        """Return what the writer has done since the start."""
        return WriterFigures(
            waiting=len(self._inbox),
            written=self._written,
            commits=self._commits,
            failed=self._failed,
            refused=self._refused,
        )

    async def write(self, what: str, *steps: Step, urgent: bool = True) -> None:
        """Run the steps, all or none of them, and return when they are committed.

        What was handed over is written even if the caller is cancelled while he waits.

        Args:
            what: Names the write in an error, such as "contact 018f...".
            steps: Run in order, in one transaction, after all writes handed over before.
            urgent: False for one that nobody waits for: it may wait for company.

        Raises:
            StoreError: The database refused it, the inbox is full or the store is closed.
        """
        if self._closing:
            self._refused += 1
            raise StoreError(f"{what}: database {self._database} is closed")
        if len(self._inbox) >= self._inbox_max:
            self._refused += 1
            raise StoreError(
                f"{what}: database {self._database} does not keep up: {len(self._inbox)} writes"
                f" wait, the limit is {self._inbox_max}"
            )
        loop = asyncio.get_running_loop()
        write = _Write(what, steps, loop.create_future())
        self._inbox.append(write)
        if urgent or len(self._inbox) >= self._batch_max:
            self._commit_now()
        elif self._soon is None and not self._due:
            self._soon = loop.call_later(SOON_S, self._commit_now)
        await write.done

    async def _run(self) -> None:
        try:
            while self._inbox or not self._closing:
                if not self._due and not self._closing:
                    self._waking = asyncio.get_running_loop().create_future()
                    await self._waking
                    continue
                size = min(len(self._inbox), self._batch_max)
                batch = [self._inbox.popleft() for _ in range(size)]
                # What does not fit has waited long enough: it goes into the next one.
                self._due = bool(self._inbox)
                self._cancel_soon()
                await self._commit(batch)
        finally:
            self._closing = True
            self._cancel_soon()
            while self._inbox:
                self._settle(self._inbox.popleft(), StoreError("the store's writer has ended"))

    def _commit_now(self) -> None:
        """Let the inbox be committed as soon as the transaction that runs has ended."""
        self._due = True
        self._cancel_soon()
        if self._waking is not None and not self._waking.done():
            self._waking.set_result(None)

    def _cancel_soon(self) -> None:
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None

    async def _commit(self, batch: Sequence[_Write]) -> None:
        """Commit these writes; no error leaves this method, each goes to its caller."""
        try:
            await self._transactor.run([step for write in batch for step in write.steps])
        except (OperationalError, InterfaceError, OSError) as error:
            # The database is full, locked or gone: true for each of them.
            self._log_failure(batch, error)
            for write in batch:
                self._settle(write, explain(write.what, self._database, error))
        except Exception as error:
            if len(batch) == 1:
                explained = explain(batch[0].what, self._database, error)
                # Who writes under a condition deals with its failing himself.
                if not isinstance(explained, Duplicate | Outdated):
                    self._log_failure(batch, error)
                self._settle(batch[0], explained)
                return
            # One of them is at fault and must not take the others with it.
            for write in batch:
                await self._commit([write])
        except BaseException:
            for write in batch:
                self._settle(write, StoreError(f"{write.what}: the store's writer was cancelled"))
            raise
        else:
            self._commits += 1
            for write in batch:
                self._settle(write, None)

    def _settle(self, write: _Write, error: StoreError | None) -> None:
        if error is None:
            self._written += 1
        else:
            self._failed += 1
        if write.done.done():
            return  # The caller was cancelled.
        if error is None:
            write.done.set_result(None)
        else:
            write.done.set_exception(error)

    def _log_failure(self, batch: Sequence[_Write], error: Exception) -> None:
        # The driver's own words, and not SQLAlchemy's, which repeat the parameters.
        cause = error.orig if isinstance(error, DBAPIError) else error
        shown = type(error).__name__ if isinstance(cause, SQLAlchemyError) else str(cause)
        _log.error("store write failed", database=self._database, writes=len(batch), cause=shown)
