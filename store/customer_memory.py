"""What is remembered of customers' contacts: read at arrival, changed when contacts are over.

Nothing is scanned when a customer arrives: his summary is one row. A lesson that was taken
already, such as after a restart, changes nothing, for its contact has a row by then.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select

from domain.contact import Channel
from domain.customer import Customer, CustomerChange
from domain.customer_history import (
    PastContact,
    Summary,
    with_contact,
    with_outcome,
    with_topic,
    without_moods,
)
from domain.customer_joining import joined_customer, joined_summary
from domain.customer_lessons import (
    Arrival,
    ContactEnded,
    ContactJudged,
    EmotionRefused,
    Lesson,
)
from domain.ports import Clock
from store.contact_owners import OF_CONTACT, WHO, ContactOwners, group_where
from store.customer_records import CustomerRecords
from store.customer_rows import (
    past_of,
    past_row,
    plain_customer,
    record_row,
    summary_of,
    summary_text,
)
from store.database import Database
from store.readers import Reading
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


@dataclass(slots=True)
class _Learning:
    """What one commit is going to change."""

    past: dict[str, tuple[str, PastContact]] = field(default_factory=dict)
    outcomes: dict[str, Row[Any]] = field(default_factory=dict)
    who: dict[str, list[Row[Any]]] = field(default_factory=dict)
    summaries: dict[str, Summary] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    # Who is one with whom, of those who are merged; and who of them all is not profiled.
    groups: dict[str, list[str]] = field(default_factory=dict)
    unprofiled: set[str] = field(default_factory=set)
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
        self._owners = ContactOwners(vault)
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
        rows = await self._rows(contact_id)
        if not rows:
            return None
        first, choice = rows[0], self._owners.choice(rows)
        row = self._owners.chosen(rows)
        identifier = self._owners.identifier(first) if open_identifier else None
        customer, summary = (None, None) if row is None else await self._joined(row)
        return Arrival(
            channel=Channel(first.channel),
            queue_id=first.queue_id,
            language=first.served_in,
            identifier=identifier,
            customer=customer,
            summary=summary,
            proof=choice.proof,
        )

    async def learn_of(self, contact_id: str, change: CustomerChange) -> None:
        """Write what another system tells of a contact's customer.

        Told with the operator's number, it is that customer's, and the identifier too; else of
        whoever came under the identifier, unless two share it.

        Raises:
            StoreError: It is not written, or the identifier not opened.
        """
        rows = await self._rows(contact_id)
        identifier = self._owners.identifier(rows[0]) if rows else None
        if identifier is not None:
            change = replace(change, seen=(*change.seen, identifier))
        if change.number:
            await self._records.put([change])
            return
        whose = self._owners.whose(rows) if rows else None
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

    async def recent(self, customer_ids: Sequence[str], limit: int) -> Sequence[PastContact]:
        """Return the last contacts of a customer and his parts, the newest first.

        Raises:
            StoreError: The database cannot be read.
        """
        query = (
            select(CUSTOMER_CONTACTS)
            .where(CUSTOMER_CONTACTS.c.customer_id.in_(customer_ids))
            .order_by(CUSTOMER_CONTACTS.c.at.desc(), CUSTOMER_CONTACTS.c.contact_id.desc())
            .limit(limit)
        )
        async with self._database.reading("contacts of a customer") as connection:
            return [past_of(row) for row in (await connection.execute(query)).all()]

    async def group(self, customer_id: str) -> Mapping[str, Summary | None]:
        """Return a customer and all who are part of him, himself first, with their summaries.

        Raises:
            StoreError: The database cannot be read.
        """
        return {row.customer_id: self._fresh(row) for row in await self._group(customer_id)}

    # Who it is.

    async def _rows(self, contact_id: str) -> Sequence[Row[Any]]:
        which = {"which": contact_id}
        async with self._database.reading(f"customer of contact {contact_id}") as connection:
            rows: Sequence[Row[Any]] = (await connection.execute(OF_CONTACT, which)).all()
        return rows

    async def _joined(self, row: Row[Any]) -> tuple[Customer, Summary | None]:
        """Return the customer of a row, and what is remembered of him; merged ones as one."""
        if not row.parts:
            return plain_customer(row), self._fresh(row)
        rows = await self._group(row.root)
        customers = [plain_customer(one) for one in rows]
        summaries = [one for each in rows if (one := self._fresh(each)) is not None]
        return joined_customer(customers), joined_summary(summaries)

    async def _group(self, customer_id: str) -> Sequence[Row[Any]]:
        """Return the records of a customer and all who are part of him, who is left first."""
        query = (
            select(
                CUSTOMER_RECORDS,
                CUSTOMER_SUMMARIES.c.summary,
                CUSTOMER_SUMMARIES.c.changed_at.label("summed_at"),
            )
            .outerjoin(
                CUSTOMER_SUMMARIES,
                CUSTOMER_SUMMARIES.c.customer_id == CUSTOMER_RECORDS.c.customer_id,
            )
            .where(group_where(customer_id))
        )
        async with self._database.reading(f"parts of customer {customer_id}") as connection:
            rows = (await connection.execute(query)).all()
        return sorted(rows, key=lambda row: (row.customer_id != customer_id, row.customer_id))

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
            for row in await connection.execute(WHO.where(CONTACTS.c.contact_id.in_(ids))):
                who[row.contact_id].append(row)
            learning.who = who
            await self._read_groups(connection, learning)
            whose = {customer_id for customer_id, _ in learning.past.values()}
            whose |= {one for rows in who.values() if (one := self._owners.whose(rows)) is not None}
            whose |= {one for each in whose for one in learning.groups.get(each, ())}
            await self._read_summaries(connection, learning, whose)
        return learning

    async def _read_groups(self, connection: Reading, learning: _Learning) -> None:
        roots = {row.root for rows in learning.who.values() for row in rows if row.parts}
        for root in sorted(roots):
            columns = (CUSTOMER_RECORDS.c.customer_id, CUSTOMER_RECORDS.c.profiling)
            rows = (await connection.execute(select(*columns).where(group_where(root)))).all()
            members = [row.customer_id for row in rows]
            learning.groups.update(dict.fromkeys(members, members))
            if not all(row.profiling for row in rows):
                learning.unprofiled.update(members)

    async def _read_summaries(
        self, connection: Reading, learning: _Learning, whose: set[str]
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
        whose = self._owners.whose(rows) if rows else None
        if ended.contact_id in learning.past or rows is None or whose is None:
            return False
        row = self._owners.chosen(rows)
        if row is None:
            learning.strangers[whose] = rows[0]
        elif not row.profiling or row.customer_id in learning.unprofiled:
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
        whose = self._owners.whose(rows) if rows else None
        if whose is None:
            return False
        known = [one for one in learning.groups.get(whose, [whose]) if one in learning.summaries]
        for one in known:
            learning.forgotten_moods.add(one)
            learning.summaries[one] = without_moods(learning.summaries[one])
            learning.changed.add(one)
        return bool(known)

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
                "kind": row.kind,
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
