"""Opening the store: folder, keys, database, the run that begins."""

import errno
import fcntl
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import bindparam, insert, select, update

from domain.addressing import Addressing
from domain.errors import StoreError
from domain.ports import Clock
from store.bindings import Bindings
from store.callbacks import Callbacks
from store.contacts import Contacts
from store.conversation_schema import ATTACHMENTS, CONVERSATIONS, MESSAGES, QUARANTINE
from store.conversations import ConversationRecords
from store.cursors import Cursors
from store.customer_directory import CustomerDirectory
from store.customer_export import CustomerExport
from store.customers import Customers
from store.database import Database, Synchronous, parse_url, sqlite_url
from store.dead_letters import DeadLetters
from store.decisions import Decisions
from store.forgetting import Forgetting
from store.intervals import Intervals
from store.journal import Journal
from store.learning import LearningStates
from store.mail_ids import MailIds
from store.need_histories import NeedHistories
from store.outgoing import OutgoingMessages
from store.outreach import Outreach
from store.quarantine import QuarantineList
from store.schema import CONTACTS, CUSTOMER_IDENTIFIERS, CUSTOMER_RECORDS, RUNS
from store.statements import Step
from store.ticket_schema import TICKETS
from store.tickets import Tickets
from store.timeline import TimelineReader
from store.timeline_entries import TimelineEntries
from store.vault import Vault, open_vault
from store.wishes import Wishes

DATABASE_FILE: Final = "warmline.sqlite3"
KEY_FILE: Final = "vault.key"
LOCK_FILE: Final = "warmline.lock"
_SEALED: Final = (
    CONTACTS.c.caller,
    CUSTOMER_RECORDS.c.details,
    CUSTOMER_IDENTIFIERS.c.sealed,
    CONVERSATIONS.c.address,
    MESSAGES.c.body,
    TICKETS.c.subject,
    ATTACHMENTS.c.name,
    QUARANTINE.c.envelope,
)
JOURNAL_EVENTS_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """All that is recorded.

    Attributes:
        run_id: Of the run that began with opening.
        stopped_cleanly: The run before this one ended with all its events in the journal,
            or there was none.
    """

    contacts: Contacts
    customers: Customers
    directory: CustomerDirectory
    journal: Journal
    bindings: Bindings
    wishes: Wishes
    cursors: Cursors
    decisions: Decisions
    intervals: Intervals
    learning: LearningStates
    need_histories: NeedHistories
    callbacks: Callbacks
    dead_letters: DeadLetters
    outreach: Outreach
    conversations: ConversationRecords
    outgoing: OutgoingMessages
    mail_ids: MailIds
    timelines: TimelineReader
    timeline_entries: TimelineEntries
    forgetting: Forgetting
    export: CustomerExport
    tickets: Tickets
    quarantine: QuarantineList
    vault: Vault
    database: Database
    run_id: str
    stopped_cleanly: bool


@asynccontextmanager
async def open_store(
    folder: Path,
    clock: Clock,
    *,
    url: str | None = None,
    node: str = "warmline",
    journal_events_max: int = JOURNAL_EVENTS_MAX,
    synchronous: Synchronous = "normal",
    remember_days: int = 0,
    history_days: int = 0,
    addressing: Addressing | None = None,
) -> AsyncIterator[Store]:
    """Open everything; leaving commits what was handed over and marks the run as ended.

    Args:
        folder: Holds the database, the keys and the lock; made if it is missing.
        clock: Gives wall times.
        url: SQLAlchemy URL of another database than the SQLite file in the folder.
        node: This node's name; of two that share a database each needs its own.
        journal_events_max: Events kept.
        synchronous: See `Database`.
        remember_days: How long customers' answers and voices are remembered; 0: not at all.
        history_days: How long customers' contacts are learnt from; 0: not at all.
        addressing: Knows how customers' addresses are written; None: by separators alone.

    Raises:
        StoreError: Another node uses the folder, the keys are missing, the database cannot
            be opened or is of a newer version.
    """
    where = sqlite_url(folder / DATABASE_FILE) if url is None else parse_url(url)
    with _folder_lock(folder):
        async with Database(where, synchronous=synchronous) as database:
            vault = open_vault(folder / KEY_FILE, create=not await _has_sealed(database))
            run_id = secrets.token_hex(16)
            stopped_cleanly = await _begin_run(database, clock, run_id, node)
            journal = Journal(database, run_id=run_id, events_max=journal_events_max)
            contacts = Contacts(database, vault, clock, run_id=run_id, node=node)
            async with (
                Callbacks(database, contacts) as callbacks,
                Bindings(database) as bindings,
                Wishes(database, clock) as wishes,
                Cursors(database, clock) as cursors,
            ):
                customers = Customers(database, vault, clock, days_max=remember_days)
                await customers.forget_old()
                intervals = Intervals(database, node=node)
                await intervals.forget_old(clock.utc())
                directory = CustomerDirectory(
                    database, vault, clock, history_days=history_days, addressing=addressing
                )
                await directory.forget_old()
                entries = TimelineEntries(database)
                outgoing = OutgoingMessages(database, vault, clock)
                mail_ids = MailIds(database, vault)
                conversations = ConversationRecords(
                    database, vault, entries=entries, outgoing=outgoing, mail_ids=mail_ids
                )
                tickets = Tickets(database, vault, directory.memory)
                directory.open_tickets = tickets.open_count
                yield Store(
                    customers=customers,
                    directory=directory,
                    contacts=contacts,
                    journal=journal,
                    bindings=bindings,
                    wishes=wishes,
                    cursors=cursors,
                    decisions=Decisions(database),
                    learning=LearningStates(database, clock),
                    need_histories=NeedHistories(
                        database, clock, directory.memory, history_days=history_days
                    ),
                    intervals=intervals,
                    callbacks=callbacks,
                    dead_letters=DeadLetters(database),
                    outreach=Outreach(database, vault),
                    conversations=conversations,
                    outgoing=outgoing,
                    mail_ids=mail_ids,
                    timelines=TimelineReader(database, vault),
                    timeline_entries=entries,
                    forgetting=directory.forgetting,
                    export=CustomerExport(database, vault, directory.records, conversations),
                    tickets=tickets,
                    quarantine=QuarantineList(database, vault),
                    vault=vault,
                    database=database,
                    run_id=run_id,
                    stopped_cleanly=stopped_cleanly,
                )
            if not journal.missing:
                await _end_run(database, clock, run_id)


@asynccontextmanager
async def open_directory(
    folder: Path,
    clock: Clock,
    *,
    url: str | None = None,
    history_days: int = 0,
    addressing: Addressing | None = None,
) -> AsyncIterator[CustomerDirectory]:
    """Open the customers alone, beside a node that may run or not: for the command line.

    Args:
        folder: Holds the database and the keys; made if it is missing.
        clock: Gives wall times.
        url: SQLAlchemy URL of another database than the SQLite file in the folder.
        history_days: See `open_store`.
        addressing: See `open_store`.

    Raises:
        StoreError: The keys are missing, or the database cannot be opened.
    """
    _make(folder)
    where = sqlite_url(folder / DATABASE_FILE) if url is None else parse_url(url)
    async with Database(where) as database:
        vault = open_vault(folder / KEY_FILE, create=not await _has_sealed(database))
        directory = CustomerDirectory(
            database, vault, clock, history_days=history_days, addressing=addressing
        )
        directory.open_tickets = Tickets(database, vault, directory.memory).open_count
        yield directory


@asynccontextmanager
async def open_tickets(
    folder: Path, clock: Clock, *, url: str | None = None, history_days: int = 0
) -> AsyncIterator[Tickets]:
    """Open the tickets alone, as `open_directory` does the customers.

    Raises:
        StoreError: The keys are missing, or the database cannot be opened.
    """
    _make(folder)
    where = sqlite_url(folder / DATABASE_FILE) if url is None else parse_url(url)
    async with Database(where) as database:
        vault = open_vault(folder / KEY_FILE, create=not await _has_sealed(database))
        directory = CustomerDirectory(database, vault, clock, history_days=history_days)
        yield Tickets(database, vault, directory.memory)


@asynccontextmanager
async def open_quarantine(folder: Path, *, url: str | None = None) -> AsyncIterator[QuarantineList]:
    """Open the list of mails in quarantine alone, as `open_directory` does the customers.

    Raises:
        StoreError: The keys are missing, or the database cannot be opened.
    """
    _make(folder)
    where = sqlite_url(folder / DATABASE_FILE) if url is None else parse_url(url)
    async with Database(where) as database:
        vault = open_vault(folder / KEY_FILE, create=not await _has_sealed(database))
        yield QuarantineList(database, vault)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"node.data_folder: {folder}: {error}") from error


@contextmanager
def _folder_lock(folder: Path) -> Iterator[None]:
    """Make the folder and hold it: of two nodes each would close the other's contacts.

    The kernel lets go of the lock when the process ends, however it ends. It is a record
    lock because a forked child, such as a cell that outlives a killed node for a moment,
    does not inherit one.
    """
    path = folder / LOCK_FILE
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
    except OSError as error:
        raise StoreError(f"node.data_folder: {path}: {error}") from error
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN):
                raise StoreError(f"node.data_folder: {path}: {error}") from error
            owner = os.read(descriptor, 32).decode(errors="replace").strip()
            raise StoreError(
                f"node.data_folder: {folder} is in use by another node, process {owner}"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


async def _has_sealed(database: Database) -> bool:
    async with database.reading("sealed fields") as connection:
        for sealed in _SEALED:
            query = select(sealed).where(sealed.is_not(None)).limit(1)
            if (await connection.execute(query)).first() is not None:
                return True
    return False


async def _begin_run(database: Database, clock: Clock, run_id: str, node: str) -> bool:
    """Write down that a run begins; return whether the one before ended cleanly."""
    before = select(RUNS.c.stopped_at).where(RUNS.c.node == node).order_by(RUNS.c.started_at.desc())
    async with database.reading("earlier runs") as connection:
        found = (await connection.execute(before.limit(1))).first()
    now = clock.utc()
    row = {"run_id": run_id, "node": node, "started_at": now, "alive_at": now}
    await database.write("begin of the run", Step(insert(RUNS), (row,)))
    return found is None or found.stopped_at is not None


async def _end_run(database: Database, clock: Clock, run_id: str) -> None:
    statement = (
        update(RUNS).where(RUNS.c.run_id == bindparam("run")).values(stopped_at=bindparam("at"))
    )
    row = {"run": run_id, "at": clock.utc()}
    await database.write("end of the run", Step(statement, (row,)))
