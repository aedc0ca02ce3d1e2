"""How a call is written down: at once where the caller waits for it, else in order behind it."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, Self

import structlog

from domain.contact import Contact, Interaction
from domain.errors import StoreError
from domain.ports import ContactLedger

log = structlog.get_logger(__name__)

RETRY_S: Final = 2.0
"""A full disk or a locked file is tried again this often."""
BACKLOG_MAX: Final = 10_000
"""Writes kept while the store fails; about 3,000 calls. Over it the oldest is dropped and
counted: the contact stays open in the store and is closed as lost at the next start."""


class CallRecords:
    """The ledger, with a backlog that outlives its failures.

    Attributes:
        dropped: Writes given up because the store failed for too long.
    """

    def __init__(self, ledger: ContactLedger) -> None:
        """Write to this ledger."""
        self.dropped = 0
        self._ledger = ledger
        self._backlog: deque[Callable[[], Awaitable[None]]] = deque()
        self._wanted = asyncio.Event()
        self._retrying: asyncio.Task[None] | None = None
        self._writing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._retrying = asyncio.create_task(self._retry(), name="call records")
        return self

    async def __aexit__(self, *exc: object) -> None:
        await asyncio.gather(*self._writing, return_exceptions=True)
        task, self._retrying = self._retrying, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        while self._backlog:
            try:
                await self._write_oldest()
            except StoreError as error:
                log.error("records lost at stop", count=len(self._backlog), reason=str(error))
                return

    async def open(self, contact: Contact) -> None:
        """Commit a new contact before anything is acknowledged to its caller.

        Raises:
            StoreError: It could not be written; the call must be refused.
        """
        await self._ledger.open(contact)

    def forget(self, contact: Contact) -> None:
        """Take back a contact that was opened for a call that never came, soon."""
        self._start(self._keep(lambda: self._ledger.forget(contact.contact_id)))

    def update(self, contact: Contact) -> None:
        """Write how the contact stands, soon; a failure is left to the final record."""

        async def write() -> None:
            try:
                await self._ledger.update(contact)
            except StoreError as error:
                log.warning("contact not updated", contact=contact.contact_id, reason=str(error))

        self._start(write())

    async def close(self, contact: Contact, reason: str) -> None:
        """Write how the contact ended; return when it is committed, or kept to be tried again."""
        # As a task, so that it comes after the updates that were started before it.
        await self._start(self._keep(lambda: self._ledger.close(contact, reason)))

    def interaction(self, interaction: Interaction) -> None:
        """Write one agent's part, soon."""
        self._start(self._keep(lambda: self._ledger.add_interaction(interaction)))

    def _start(self, writing: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin to write. Tasks take their first step, into the store's inbox, in this order."""
        task = asyncio.create_task(writing, name="call record")
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        return task

    async def _keep(self, write: Callable[[], Awaitable[None]]) -> None:
        try:
            await write()
        except StoreError as error:
            log.error("record not written, will be tried again", reason=str(error))
            if len(self._backlog) >= BACKLOG_MAX:
                self._backlog.popleft()
                self.dropped += 1
            self._backlog.append(write)
            self._wanted.set()

    async def _retry(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._backlog:
                try:
                    await self._write_oldest()
                except StoreError:
                    await asyncio.sleep(RETRY_S)

    async def _write_oldest(self) -> None:
        # Taken out while it is written: a full backlog drops its oldest meanwhile.
        write = self._backlog.popleft()
        try:
            await write()
        except (StoreError, asyncio.CancelledError):
            self._backlog.appendleft(write)
            raise
