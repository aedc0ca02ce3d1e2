"""The record of contacts: what came, who served it, what was heard, how it ended."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy import Row, Select, and_, bindparam, case, delete, func, insert, or_, select

from domain.contact import Contact, ContactState, ContactTrigger, Disposition, Interaction
from domain.conversation import ConversationState
from domain.errors import LimitExceeded, StoreError
from domain.ports import Clock, ContactRecord
from domain.speech import Speaker, SpeechKind, SpeechSpan
from store.contact_rows import contact_of, contact_row, span_of, span_row
from store.conversation_schema import CONVERSATIONS
from store.database import Database
from store.readers import Reading
from store.schema import CALLBACKS, CONTACTS, INTERACTIONS, RUNS, SPEECH_SPANS
from store.statements import Step, upsert
from store.vault import Vault

PAGE_MAX: Final = 500
"""Contacts of one answer, about a quarter of a megabyte."""
TURN_RECORDS: Final = 25
"""Records put together before the event loop turns: 2 ms."""
ORPHANS_PAGE: Final = 500
"""Contacts of a dead run closed in one transaction."""
SEALED_MAX: Final = 10_000
"""Open contacts whose sealed caller is kept; the oldest is sealed anew at its next step."""
NODE_DIED_REASON: Final = "the node was killed while this contact was open"

_log = structlog.get_logger()

_INTERACTION_COLUMNS: Final = tuple(INTERACTIONS.columns.keys())
_LENGTH_S = SPEECH_SPANS.c.end_s - SPEECH_SPANS.c.start_s
_CUSTOMER_SPEAKS = and_(
    SPEECH_SPANS.c.kind == SpeechKind.SEGMENT.value,
    SPEECH_SPANS.c.speaker == Speaker.CUSTOMER.value,
)
_SPEECH_SUMS: Final = select(
    SPEECH_SPANS.c.contact_id,
    func.sum(case((_CUSTOMER_SPEAKS, _LENGTH_S), else_=0.0)).label("customer_speech_s"),
    func.sum(case((SPEECH_SPANS.c.kind == SpeechKind.TURN.value, 1), else_=0)).label("turns"),
).group_by(SPEECH_SPANS.c.contact_id)


class _Sealed(NamedTuple):
    """A caller as he stands in the row of one contact."""

    caller: str
    sealed: bytes
    mark: bytes


class Contacts:
    """Implements `ContactLedger`. A method that writes returns when the row is committed.

    Opening, updating and closing write the whole row, whether it is there or not: if one
    of them fails the next makes it good.
    """

    def __init__(
        self, database: Database, vault: Vault, clock: Clock, *, run_id: str, node: str
    ) -> None:
        """Keep contacts in a database.

        Args:
            database: Open.
            vault: Seals who called.
            clock: Gives the wall time of closing.
            run_id: Of the run that is to own the contacts it writes.
            node: Name of the node; orphans are looked for among its earlier runs.
        """
        self._database = database
        self._vault = vault
        self._clock = clock
        self._run_id = run_id
        self._node = node
        self._unreadable = 0
        self._sealed: OrderedDict[str, _Sealed] = OrderedDict()
        self._put = upsert(
            database.dialect,
            CONTACTS,
            # A late update must not open again what is closed.
            lambda new: {
                "closed_at": func.coalesce(new.closed_at, CONTACTS.c.closed_at),
                "reason": case(
                    (new.closed_at.is_(None), CONTACTS.c.reason),
                    else_=new.reason,
                ),
            },
        )
        self._put_interaction = upsert(database.dialect, INTERACTIONS)
        self._add_span = insert(SPEECH_SPANS)
        self._remove = delete(CONTACTS).where(CONTACTS.c.contact_id == bindparam("whose"))

    @property
    def run_id(self) -> str:
        """The run that owns the contacts written from now on."""
        return self._run_id

    @property
    def node(self) -> str:
        """Name of the node."""
        return self._node

    @property
    def unreadable(self) -> int:
        """Callers that the vault could not open; they are shown as empty."""
        return self._unreadable

    async def open(self, contact: Contact) -> None:
        """Write a new contact.

        Raises:
            StoreError: It is not written.
        """
        await self._write(contact, closed_at=None, reason="")

    async def forget(self, contact_id: str) -> None:
        """Take back what `open` wrote.

        Raises:
            StoreError: It is still written.
        """
        self._sealed.pop(contact_id, None)
        step = Step(self._remove, ({"whose": contact_id},))
        await self._database.write(f"contact {contact_id}", step, urgent=False)

    async def update(self, contact: Contact) -> None:
        """Write how the contact now stands.

        Raises:
            StoreError: It is not written.
        """
        # Nobody waits for it: the next step of the contact writes the whole row again.
        await self._write(contact, closed_at=None, reason="", urgent=False)

    async def close(self, contact: Contact, reason: str) -> None:
        """Write how the contact ended; `contact.disposition` is set.

        Raises:
            StoreError: It is not written.
        """
        assert contact.disposition is not None
        # Nobody is on the line any more who could wait for it.
        await self._write(contact, closed_at=self._clock.utc(), reason=reason, urgent=False)

    async def add_interaction(self, interaction: Interaction) -> None:
        """Write one agent's part.

        Raises:
            StoreError: It is not written.
        """
        row = {name: getattr(interaction, name) for name in _INTERACTION_COLUMNS}
        await self._database.write(
            f"interaction {interaction.interaction_id}",
            Step(self._put_interaction, (row,)),
            urgent=False,
        )

    async def add_speech(self, contact_id: str, spans: Sequence[SpeechSpan]) -> None:
        """Write what was heard.

        Raises:
            StoreError: It is not written.
        """
        await self.add_speech_of({contact_id: spans})

    async def add_speech_of(self, spans: Mapping[str, Sequence[SpeechSpan]]) -> None:
        """Write what was heard of several contacts, all or none.

        Args:
            spans: By contact_id.

        Raises:
            StoreError: Nothing is written.
        """
        rows = tuple(
            span_row(contact_id, span) for contact_id in spans for span in spans[contact_id]
        )
        if not rows:
            return
        what = f"contact {next(iter(spans))}" if len(spans) == 1 else f"{len(spans)} contacts"
        await self._database.write(f"speech of {what}", Step(self._add_span, rows), urgent=False)

    async def get(self, contact_id: str) -> ContactRecord | None:
        """Return a contact; None if there is no such contact.

        Raises:
            StoreError: The database cannot be read.
        """
        records = await self._records(
            f"contact {contact_id}", select(CONTACTS).where(CONTACTS.c.contact_id == contact_id)
        )
        return records[0] if records else None

    async def recent(
        self, *, limit: int = 50, before: str | None = None, queue_id: str | None = None
    ) -> Sequence[ContactRecord]:
        """Return contacts, the newest first.

        Args:
            limit: At most so many, 1 to 500.
            before: The contact_id to go on from: that of the last one of the page before.
            queue_id: Only contacts of this queue.

        Raises:
            LimitExceeded: `limit` is over 500.
            StoreError: The database cannot be read.
        """
        assert limit >= 1
        if limit > PAGE_MAX:
            raise LimitExceeded("contacts of one page", limit, PAGE_MAX)
        query = select(CONTACTS).order_by(CONTACTS.c.contact_id.desc()).limit(limit)
        if before is not None:
            query = query.where(CONTACTS.c.contact_id < before)
        if queue_id is not None:
            query = query.where(CONTACTS.c.queue_id == queue_id)
        return await self._records("recent contacts", query)

    async def speech(self, contact_id: str) -> Sequence[SpeechSpan]:
        """Return what was heard of a contact, in order of start.

        Raises:
            StoreError: The database cannot be read.
        """
        query = (
            select(SPEECH_SPANS)
            .where(SPEECH_SPANS.c.contact_id == contact_id)
            .order_by(SPEECH_SPANS.c.start_s, SPEECH_SPANS.c.span_id)
        )
        async with self._database.reading(f"speech of contact {contact_id}") as connection:
            rows = (await connection.execute(query)).all()
        return [span_of(row) for row in rows]

    async def close_orphans(self) -> Sequence[ContactRecord]:
        """Close the contacts that dead runs of this node left open, and return them.

        To be called once at the start, before the first contact. One that waits for a callback is
        no orphan: its customer was promised a call (`Callbacks.load`). Neither is the open contact
        of a conversation in writing, which goes on (`ConversationStore.unsettled`). How long an
        orphan waited and talked is counted up to the last event that its run journaled, or to its
        own last step where that was later: the moment of death is not known.

        Raises:
            StoreError: The database cannot be read or written.
        """
        query = (
            select(CONTACTS, RUNS.c.alive_at)
            .outerjoin(RUNS, RUNS.c.run_id == CONTACTS.c.run_id)
            .outerjoin(CALLBACKS, CALLBACKS.c.contact_id == CONTACTS.c.contact_id)
            .outerjoin(
                CONVERSATIONS,
                and_(
                    CONVERSATIONS.c.conversation_id == CONTACTS.c.conversation_id,
                    CONVERSATIONS.c.contact_id == CONTACTS.c.contact_id,
                    CONVERSATIONS.c.state != ConversationState.IDLE.value,
                ),
            )
            .where(
                CONVERSATIONS.c.conversation_id.is_(None),
                CONTACTS.c.closed_at.is_(None),
                CONTACTS.c.run_id != self._run_id,
                or_(
                    CALLBACKS.c.contact_id.is_(None),
                    CONTACTS.c.state == ContactState.CONNECTED.value,
                ),
            )
            .order_by(CONTACTS.c.contact_id)
            .limit(ORPHANS_PAGE)
        )
        if self._database.dialect != "sqlite":
            # Where nodes share a database, another node's open contacts are alive.
            query = query.where(RUNS.c.node == self._node)
        closed: list[ContactRecord] = []
        while True:
            async with self._database.reading("open contacts of dead runs") as connection:
                found = await self._read(connection, query)
            if not found:
                return closed
            now = self._clock.utc()
            records = [_laid_to_rest(record, row.alive_at, now) for row, record in found]
            rows = tuple(self._row(record.contact, now, record.reason) for record in records)
            await self._database.write(f"{len(rows)} open contacts", Step(self._put, rows))
            closed.extend(records)

    async def _write(
        self, contact: Contact, *, closed_at: datetime | None, reason: str, urgent: bool = True
    ) -> None:
        row = self._row(contact, closed_at, reason)
        await self._database.write(
            f"contact {contact.contact_id}", Step(self._put, (row,)), urgent=urgent
        )

    def _row(self, contact: Contact, closed_at: datetime | None, reason: str) -> Mapping[str, Any]:
        sealed = self._sealed_caller(contact) if contact.caller else None
        if closed_at is not None:
            self._sealed.pop(contact.contact_id, None)
        return {
            **contact_row(contact),
            "run_id": self._run_id,
            "caller": None if sealed is None else sealed.sealed,
            "caller_mark": None if sealed is None else sealed.mark,
            "closed_at": closed_at,
            "reason": reason,
        }

    def _sealed_caller(self, contact: Contact) -> _Sealed:
        """Return the caller, sealed for the contact's row.

        Each step writes the row again with the same caller, and the bytes that are there
        already are as good as new ones: a nonce must never serve two texts, which it does not.
        """
        known = self._sealed.get(contact.contact_id)
        if known is None or known.caller != contact.caller:
            sealed = self._vault.seal(
                contact.caller, table="contacts", column="caller", row=contact.contact_id
            )
            known = _Sealed(contact.caller, sealed, self._vault.mark(contact.caller))
            self._sealed[contact.contact_id] = known
            if len(self._sealed) > SEALED_MAX:
                self._sealed.popitem(last=False)
        return known

    def _caller(self, row: Row[Any]) -> str:
        if row.caller is None:
            return ""
        try:
            return self._vault.open(
                row.caller, table="contacts", column="caller", row=row.contact_id
            )
        except StoreError as error:
            # One damaged field must not hide the fifty contacts of a page.
            self._unreadable += 1
            _log.error("vault cannot open a field", cause=str(error))
            return ""

    async def _read(
        self, connection: Reading, query: Select[Any]
    ) -> Sequence[tuple[Row[Any], ContactRecord]]:
        """Return the contacts of a query with all that belongs to them."""
        rows = (await connection.execute(query)).all()
        if not rows:
            return []
        ids = [row.contact_id for row in rows]
        interactions: dict[str, list[Interaction]] = defaultdict(list)
        of_these = (
            select(INTERACTIONS)
            .where(INTERACTIONS.c.contact_id.in_(ids))
            .order_by(INTERACTIONS.c.started_at, INTERACTIONS.c.interaction_id)
        )
        for row in await connection.execute(of_these):
            interactions[row.contact_id].append(Interaction(**row._mapping))
        heard = {
            row.contact_id: row
            for row in await connection.execute(
                _SPEECH_SUMS.where(SPEECH_SPANS.c.contact_id.in_(ids))
            )
        }
        found: list[tuple[Row[Any], ContactRecord]] = []
        for number, row in enumerate(rows, start=1):
            sums = heard.get(row.contact_id)
            record = ContactRecord(
                contact=contact_of(row, self._caller(row)),
                closed_at=row.closed_at,
                wait_s=row.wait_s,
                talk_s=row.talk_s,
                interactions=tuple(interactions[row.contact_id]),
                customer_speech_s=0.0 if sums is None else sums.customer_speech_s,
                turns=0 if sums is None else sums.turns,
                reason=row.reason,
            )
            found.append((row, record))
            if number % TURN_RECORDS == 0:
                await asyncio.sleep(0)
        return found

    async def _records(self, what: str, query: Select[Any]) -> Sequence[ContactRecord]:
        async with self._database.reading(what) as connection:
            return [record for _, record in await self._read(connection, query)]


def _laid_to_rest(record: ContactRecord, alive_at: datetime | None, now: datetime) -> ContactRecord:
    """Return the record as it is closed after its run was killed."""
    contact = record.contact
    steps_s = [s for s in (contact.queued_s, contact.connected_s) if s is not None]
    seen_s = 0.0 if alive_at is None else (alive_at - contact.arrived_at).total_seconds()
    contact.closed_s = max([0.0, seen_s, *steps_s])
    contact.disposition = Disposition.NODE_DIED
    contact.step(ContactTrigger.CLOSE)
    return replace(
        record,
        closed_at=now,
        wait_s=contact.wait_s,
        talk_s=contact.talk_s,
        reason=NODE_DIED_REASON,
    )
