"""What is remembered of customers' contacts: read at arrival, changed when contacts are over.

Nothing is scanned when a customer arrives: his summary is one row. A lesson that was taken
already, such as after a restart, changes nothing, for its contact has a row by then.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Row, Select, and_, case, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.contact import Channel
from domain.customer import CHANNEL_KINDS, Customer, CustomerChange, Identifier
from domain.customer_history import (
    PastContact,
    Summary,
    with_contact,
    with_outcome,
    with_topic,
    without_moods,
)
from domain.customer_lessons import (
    Arrival,
    ContactEnded,
    ContactJudged,
    EmotionRefused,
    Lesson,
)
from domain.ports import Clock
from store.customer_records import CustomerRecords, derived_id
from store.customer_rows import (
    past_of,
    past_row,
    plain_customer,
    record_row,
    summary_of,
    summary_text,
)
from store.customers import HIDDEN
from store.database import Database
from store.schema import (
    CONTACT_OUTCOMES,
    CONTACTS,
    CUSTOMER_CONTACTS,
    CUSTOMER_IDENTIFIERS,
    CUSTOMER_RECORDS,
    CUSTOMER_SUMMARIES,
)
from store.statements import Row as Values
from store.statements import Step, insert_into, upsert
from store.vault import Vault

_KIND: Final = case(
    {channel.value: kind.value for channel, kind in CHANNEL_KINDS.items()},
    value=CONTACTS.c.channel,
)
_WHO: Final[Select[Any]] = (
    select(
        CONTACTS.c.contact_id,
        CONTACTS.c.channel,
        CONTACTS.c.queue_id,
        CONTACTS.c.language.label("served_in"),
        CONTACTS.c.caller,
        CONTACTS.c.caller_mark,
        CUSTOMER_RECORDS,
        CUSTOMER_SUMMARIES.c.summary,
        CUSTOMER_SUMMARIES.c.changed_at.label("summed_at"),
    )
    .outerjoin(
        CUSTOMER_IDENTIFIERS,
        and_(
            CUSTOMER_IDENTIFIERS.c.kind == _KIND,
            CUSTOMER_IDENTIFIERS.c.mark == CONTACTS.c.caller_mark,
        ),
    )
    .outerjoin(
        CUSTOMER_RECORDS, CUSTOMER_RECORDS.c.customer_id == CUSTOMER_IDENTIFIERS.c.customer_id
    )
    .outerjoin(
        CUSTOMER_SUMMARIES,
        CUSTOMER_SUMMARIES.c.customer_id == CUSTOMER_IDENTIFIERS.c.customer_id,
    )
)
"""Contacts with each customer that they may be of, one row at least."""


@dataclass(slots=True)
class _Learning:
    """What one commit is going to change."""

    past: dict[str, tuple[str, PastContact]] = field(default_factory=dict)
    outcomes: dict[str, Row[Any]] = field(default_factory=dict)
    who: dict[str, list[Row[Any]]] = field(default_factory=dict)
    summaries: dict[str, Summary] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    strangers: dict[str, Row[Any]] = field(default_factory=dict)
    forgotten_moods: set[str] = field(default_factory=set)
    written: dict[str, tuple[str, PastContact]] = field(default_factory=dict)


class CustomerMemory:
    """Implements `customers.ports.CustomerMemory`."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        clock: Clock,
        records: CustomerRecords,
        *,
        history_days: int,
    ) -> None:
        """Keep it in a database that is open.

        Args:
            database: Open.
            vault: Opens identifiers.
            clock: Gives wall times.
            records: Of the same database.
            history_days: Days for which contacts are remembered after the last one; 0: nothing
                is learnt of anybody.
        """
        self._database = database
        self._vault = vault
        self._clock = clock
        self._records = records
        self._history_days = history_days
        self._hidden = frozenset(vault.mark(name) for name in HIDDEN)
        dialect = database.dialect
        self._put_past = upsert(dialect, CUSTOMER_CONTACTS)
        self._put_summary = upsert(dialect, CUSTOMER_SUMMARIES)
        self._add_stranger = insert_into(dialect, CUSTOMER_RECORDS).on_conflict_do_nothing()
        self._add_mark = insert_into(dialect, CUSTOMER_IDENTIFIERS).on_conflict_do_nothing()

    async def arrival(self, contact_id: str, *, open_identifier: bool) -> Arrival | None:
        """Return who has come; None: there is no such contact.

        Args:
            contact_id: 32 hexadecimal digits.
            open_identifier: Whether the identifier is needed in the clear.

        Raises:
            StoreError: The database cannot be read, or the identifier not opened.
        """
        async with self._database.reading(f"customer of contact {contact_id}") as connection:
            query = _WHO.where(CONTACTS.c.contact_id == contact_id)
            rows = (await connection.execute(query)).all()
        if not rows:
            return None
        first, row = rows[0], self._chosen(rows)
        identifier = self._identifier(first) if open_identifier else None
        return Arrival(
            channel=Channel(first.channel),
            queue_id=first.queue_id,
            language=first.served_in,
            identifier=identifier,
            customer=None if row is None else plain_customer(row),
            summary=None if row is None else self._fresh(row),
        )

    async def learn_of(self, contact_id: str, change: CustomerChange) -> None:
        """Write what another system tells of a contact's customer.

        Told with the operator's number, it is that customer's, and the identifier too; else of
        whoever came under the identifier, unless two share it.

        Raises:
            StoreError: It is not written, or the identifier not opened.
        """
        async with self._database.reading(f"customer of contact {contact_id}") as connection:
            query = _WHO.where(CONTACTS.c.contact_id == contact_id)
            rows = (await connection.execute(query)).all()
        identifier = self._identifier(rows[0]) if rows else None
        if identifier is not None:
            change = replace(change, seen=(*change.seen, identifier))
        if change.number:
            await self._records.put([change])
            return
        whose = self._whose(rows) if rows else None
        if whose is not None:
            await self._records.put_one(whose, change)

    async def take(self, lessons: Sequence[Lesson]) -> int:
        """Change the summaries in one commit; return how many lessons were new.

        Raises:
            StoreError: Nothing is changed.
        """
        if not self._history_days or not lessons:
            return 0
        async with self._records.writing:
            learning = await self._read(lessons)
            new = sum(self._learn(learning, lesson) for lesson in lessons)
            steps = self._steps(learning)
            if steps:
                await self._database.write(f"{len(lessons)} contacts' lessons", *steps)
        return new

    async def recent(self, customer_id: str, limit: int) -> Sequence[PastContact]:
        """Return a customer's last contacts, the newest first.

        Raises:
            StoreError: The database cannot be read.
        """
        query = (
            select(CUSTOMER_CONTACTS)
            .where(CUSTOMER_CONTACTS.c.customer_id == customer_id)
            .order_by(CUSTOMER_CONTACTS.c.at.desc(), CUSTOMER_CONTACTS.c.contact_id.desc())
            .limit(limit)
        )
        async with self._database.reading(f"contacts of customer {customer_id}") as connection:
            return [past_of(row) for row in (await connection.execute(query)).all()]

    async def summary(self, customer_id: str) -> Summary | None:
        """Return a customer's summary; None: there is none.

        Raises:
            StoreError: The database cannot be read.
        """
        query = select(
            CUSTOMER_SUMMARIES.c.summary, CUSTOMER_SUMMARIES.c.changed_at.label("summed_at")
        ).where(CUSTOMER_SUMMARIES.c.customer_id == customer_id)
        async with self._database.reading(f"summary of customer {customer_id}") as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else self._fresh(row)

    # Who it is.

    def _shown(self, row: Row[Any]) -> bool:
        return row.caller_mark is not None and row.caller_mark not in self._hidden

    def _identifier(self, row: Row[Any]) -> Identifier | None:
        """Return under what a contact came; None when that is hidden."""
        if row.caller is None or not self._shown(row):
            return None
        caller = self._vault.open(row.caller, table="contacts", column="caller", row=row.contact_id)
        return Identifier(CHANNEL_KINDS[Channel(row.channel)], caller)

    def _chosen(self, rows: Sequence[Row[Any]]) -> Row[Any] | None:
        """Return the one customer of a contact; None for none, and for one of two."""
        if not self._shown(rows[0]):
            return None
        known = [row for row in rows if row.customer_id is not None]
        entered = [row for row in known if row.number_mark is not None]
        found = entered or known
        return found[0] if len(found) == 1 else None

    def _whose(self, rows: Sequence[Row[Any]]) -> str | None:
        """Return the customer_id, that of a new one where nobody is known by the identifier."""
        row = self._chosen(rows)
        if row is not None:
            customer_id: str = row.customer_id
            return customer_id
        first = rows[0]
        is_new = self._shown(first) and first.customer_id is None
        return derived_id(first.caller_mark) if is_new else None

    def _fresh(self, row: Any) -> Summary | None:
        """Return the summary unless it is older than what is remembered."""
        oldest = self._clock.utc() - timedelta(days=self._history_days)
        if row.summary is None or row.summed_at < oldest:
            return None
        return summary_of(row.summary)

    # What is learnt.

    async def _read(self, lessons: Sequence[Lesson]) -> _Learning:
        ids = list(dict.fromkeys(lesson.contact_id for lesson in lessons))
        learning = _Learning()
        async with self._database.reading("what is to be learnt") as connection:
            past = select(CUSTOMER_CONTACTS).where(CUSTOMER_CONTACTS.c.contact_id.in_(ids))
            for row in await connection.execute(past):
                learning.past[row.contact_id] = (row.customer_id, past_of(row))
            outcomes = select(CONTACT_OUTCOMES).where(CONTACT_OUTCOMES.c.contact_id.in_(ids))
            for row in await connection.execute(outcomes):
                learning.outcomes[row.contact_id] = row
            who: dict[str, list[Row[Any]]] = defaultdict(list)
            for row in await connection.execute(_WHO.where(CONTACTS.c.contact_id.in_(ids))):
                who[row.contact_id].append(row)
            learning.who = who
            whose = {customer_id for customer_id, _ in learning.past.values()}
            whose |= {one for rows in who.values() if (one := self._whose(rows)) is not None}
            await self._read_summaries(connection, learning, whose)
        return learning

    async def _read_summaries(
        self, connection: AsyncConnection, learning: _Learning, whose: set[str]
    ) -> None:
        query = select(
            CUSTOMER_SUMMARIES.c.customer_id,
            CUSTOMER_SUMMARIES.c.summary,
            CUSTOMER_SUMMARIES.c.changed_at.label("summed_at"),
        ).where(CUSTOMER_SUMMARIES.c.customer_id.in_(whose))
        for row in await connection.execute(query):
            learning.summaries[row.customer_id] = self._fresh(row) or Summary()

    def _learn(self, learning: _Learning, lesson: Lesson) -> bool:
        """Change what is in memory; return whether the lesson was new."""
        match lesson:
            case ContactEnded():
                return self._ended(learning, lesson)
            case ContactJudged():
                return self._judged(learning, lesson)
            case EmotionRefused():
                return self._refused(learning, lesson)

    def _ended(self, learning: _Learning, ended: ContactEnded) -> bool:
        rows = learning.who.get(ended.contact_id)
        whose = self._whose(rows) if rows else None
        if ended.contact_id in learning.past or rows is None or whose is None:
            return False
        row = self._chosen(rows)
        if row is None:
            learning.strangers[whose] = rows[0]
        elif not row.profiling:
            return False
        outcome = learning.outcomes.get(ended.contact_id)
        contact = PastContact(
            contact_id=ended.contact_id,
            at=ended.at,
            channel=Channel(rows[0].channel),
            queue_id=ended.queue_id,
            topic=(outcome.topic if outcome else None) or ended.queue_id,
            disposition=ended.disposition,
            agent_id=ended.agent_id,
            mood=ended.mood,
            resolved=outcome.resolved if outcome else None,
            satisfied=outcome.satisfied if outcome else None,
        )
        before = learning.summaries.get(whose, Summary())
        self._note(learning, whose, with_contact(before, contact), contact)
        return True

    def _judged(self, learning: _Learning, judged: ContactJudged) -> bool:
        outcome = learning.outcomes.get(judged.contact_id)
        known = learning.past.get(judged.contact_id)
        if outcome is None or known is None:
            return False
        whose, before = known
        after = replace(
            before,
            topic=outcome.topic or before.topic,
            resolved=outcome.resolved,
            satisfied=outcome.satisfied,
        )
        if after == before:
            return False
        summary = learning.summaries.get(whose, Summary())
        summary = with_topic(summary, before.topic, after)
        if after.resolved is not before.resolved:
            summary = with_outcome(summary, after, judged.at)
        self._note(learning, whose, summary, after)
        return True

    def _refused(self, learning: _Learning, refused: EmotionRefused) -> bool:
        rows = learning.who.get(refused.contact_id)
        whose = self._whose(rows) if rows else None
        if whose is None or whose not in learning.summaries:
            return False
        learning.forgotten_moods.add(whose)
        learning.summaries[whose] = without_moods(learning.summaries[whose])
        learning.changed.add(whose)
        return True

    def _note(
        self, learning: _Learning, whose: str, summary: Summary, contact: PastContact
    ) -> None:
        learning.summaries[whose] = summary
        learning.changed.add(whose)
        learning.past[contact.contact_id] = (whose, contact)
        learning.written[contact.contact_id] = (whose, contact)

    def _steps(self, learning: _Learning) -> list[Step]:
        now = self._clock.utc()
        steps: list[Step] = []
        for customer_id, row in learning.strangers.items():
            record = record_row(Customer(customer_id=customer_id), self._vault, None, now)
            mark: Values = {
                "kind": CHANNEL_KINDS[Channel(row.channel)].value,
                "mark": row.caller_mark,
                "customer_id": customer_id,
                "sealed": None,
            }
            steps += [Step(self._add_stranger, (record,)), Step(self._add_mark, (mark,))]
        if learning.written:
            rows = tuple(past_row(whose, one) for whose, one in learning.written.values())
            steps.append(Step(self._put_past, rows))
        if learning.changed:
            summaries = tuple(
                {
                    "customer_id": customer_id,
                    "summary": summary_text(learning.summaries[customer_id]),
                    "changed_at": now,
                }
                for customer_id in sorted(learning.changed)
            )
            steps.append(Step(self._put_summary, summaries))
        steps += [self._records.without_moods(one) for one in sorted(learning.forgotten_moods)]
        return steps
