"""How contacts of conversations are written down: soon, in order, and again where it failed.

Nobody waits for these rows: what is acknowledged is the message, and after a restart the
conversation itself says how things stand.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Self

import structlog

from domain.contact import Contact, Interaction
from domain.conversation import Conversation
from domain.conversation_ports import ConversationStore
from domain.errors import Outdated, StoreError
from domain.ports import ContactLedger

RETRY_S: Final = 2.0
"""A full disk or a locked file is tried again this often."""
BACKLOG_MAX: Final = 20_000
"""Writes kept while the store fails. Over it the oldest is dropped and counted: a contact stays
open in the store and is closed at the next start, a conversation is taken up as it stood."""
AT_ONCE: Final = 100
"""Writes begun together; the store puts them into one transaction."""

Write = Callable[[], Awaitable[None]]

_log = structlog.get_logger(__name__)


class ContactRecords:
    """The ledger, and how conversations stand, behind a bounded inbox; async context manager.

    Attributes:
        dropped: Writes given up because the store failed for too long.
    """

    def __init__(self, ledger: ContactLedger, store: ConversationStore) -> None:
        """Write there."""
        self.dropped = 0
        self._ledger = ledger
        self._store = store
        self._inbox: deque[Write] = deque()
        self._unwritten: dict[str, Contact] = {}
        self._wanted = asyncio.Event()
        self._lock = asyncio.Lock()
        self._pump: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._inbox)

    async def __aenter__(self) -> Self:
        self._pump = asyncio.create_task(self._write_on(), name="conversation records")
        return self

    async def __aexit__(self, *exc: object) -> None:
        pump, self._pump = self._pump, None
        if pump is not None:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)
        await self.settle()

    async def settle(self) -> None:
        """Write what waits; what fails now is lost."""
        while self._inbox or self._lock.locked():
            failed = await self._write_some()
            if failed:
                _log.error("records lost", count=len(failed) + len(self._inbox))
                self._inbox.clear()

    def open(self, contact: Contact) -> None:
        """Write a new contact, or one that goes on in this run."""
        self._put(lambda: self._ledger.open(contact))

    def update(self, contact: Contact) -> None:
        """Write how a contact stands by then; one write for all steps that came until then."""
        contact_id = contact.contact_id
        if self._unwritten.get(contact_id) is contact:
            return

        async def write() -> None:
            self._unwritten.pop(contact_id, None)
            await self._ledger.update(contact)

        self._put(write)
        self._unwritten[contact_id] = contact

    def close(self, contact: Contact, reason: str) -> None:
        """Write how a contact ended."""
        self._put(lambda: self._ledger.close(contact, reason))

    def interaction(self, interaction: Interaction) -> None:
        """Write one agent's part."""
        self._put(lambda: self._ledger.add_interaction(interaction))

    def standing(self, of: Callable[[], Conversation | None]) -> None:
        """Write how a conversation stands by then; None: no more than was written since."""

        async def write() -> None:
            conversation = of()
            if conversation is not None:
                await self._store.update(conversation)

        self._put(write)

    def _put(self, write: Write) -> None:
        if len(self._inbox) >= BACKLOG_MAX:
            self._inbox.popleft()
            self.dropped += 1
            # It may be what a later step relies on.
            self._unwritten.clear()
        self._inbox.append(write)
        self._wanted.set()

    async def _write_on(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._inbox:
                failed = await self._write_some()
                if failed:
                    self._inbox.extendleft(reversed(failed))
                    await asyncio.sleep(RETRY_S)

    async def _write_some(self) -> list[Write]:
        """Write the oldest; return what the store did not take, in order."""
        async with self._lock:
            return await self._write_next()

    async def _write_next(self) -> list[Write]:
        some = [self._inbox.popleft() for _ in range(min(AT_ONCE, len(self._inbox)))]
        # Tasks take their first step, into the store's inbox, in this order.
        try:
            done = await asyncio.gather(*(write() for write in some), return_exceptions=True)
        except asyncio.CancelledError:
            # Writing twice does no harm; not at all would.
            self._inbox.extendleft(reversed(some))
            raise
        failed: list[Write] = []
        for write, error in zip(some, done, strict=True):
            if isinstance(error, Outdated):
                # Of a conversation that was forgotten meanwhile: it will not be there again.
                _log.warning("record of what is no longer stored")
            elif isinstance(error, StoreError):
                failed.append(write)
            elif isinstance(error, BaseException):
                _log.error("record not written", kind=type(error).__name__)
        if failed:
            _log.error("records not written, will be tried again", count=len(failed))
        return failed
