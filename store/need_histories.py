"""What customers came for and bought, in order: what their next need is predicted from.

A customer stands here if he is profiled and has refused offers under none of his identifiers.
Contacts count from when they were over, purchases from when they were entered; of a day's steps
a purchase is the last, for it is known by its date alone and a contact often leads to it.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import chain
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, or_, select, tuple_

from domain.consent import Answer
from domain.need import NeedKind, NeedStep
from domain.ports import Clock
from store.columns import UtcDateTime
from store.conversation_schema import CUSTOMER_MEMBERS
from store.customer_memory import CustomerMemory
from store.database import Database
from store.readers import Reading
from store.schema import (
    CONTACT_OUTCOMES,
    CONTACTS,
    CUSTOMER_CONTACTS,
    CUSTOMER_IDENTIFIERS,
    CUSTOMER_PURCHASES,
    CUSTOMER_RECORDS,
)
from store.schema import CUSTOMERS as CONSENTS

CONTACTS_MAX: Final = 100
"""Contacts of one history, the newest: who calls more often than twice a week for a year is a
switchboard and no person."""
PAGE_CUSTOMERS: Final = 100
"""Histories read at once: some 20,000 rows at the very most, and mostly a few hundred."""

_CONTACTS: Final = CUSTOMER_CONTACTS.c
_PURCHASES: Final = CUSTOMER_PURCHASES.c


class NeedHistories:
    """Implements `domain.need.NeedHistory`."""

    def __init__(
        self, database: Database, clock: Clock, memory: CustomerMemory, *, history_days: int
    ) -> None:
        """Read from a database that is open.

        Args:
            database: Open.
            clock: Gives wall times.
            memory: Knows whose contact it is.
            history_days: Days for which contacts are remembered; 0: there are no histories.
        """
        self._database = database
        self._clock = clock
        self._memory = memory
        self._history_days = history_days

    async def history(self, contact_id: str) -> Sequence[NeedStep]:
        """Return what the customer of a contact came for and bought, the oldest first.

        What the contact itself is about is the last step: the topic of its outcome if that was
        told already, else its queue, as in contacts that are over.

        Returns:
            At most CONTACTS_MAX contacts of each part of him and every purchase; empty for a
            customer who is not known, is not profiled or refuses offers.

        Raises:
            StoreError: It cannot be read.
        """
        if not self._history_days:
            return ()
        arrival = await self._memory.arrival(contact_id, open_identifier=False)
        customer = None if arrival is None else arrival.customer
        if customer is None or not customer.profiling:
            return ()
        whose = customer.customer_id
        async with self._database.reading(f"history in contact {contact_id}") as connection:
            present = (await connection.execute(_present(contact_id, whose))).first()
            if present is None or present.refuses:
                return ()
            members = select(CUSTOMER_MEMBERS.c.member_id).where(
                CUSTOMER_MEMBERS.c.customer_id == whose
            )
            # Merged customers are one, and so is what they came for.
            parts = (await connection.execute(members)).scalars().all()
            steps = await self._steps(connection, [whose, *parts], None)
        history = steps.get(whose, [])
        if parts:
            history = sorted(chain.from_iterable(steps.values()), key=lambda step: step.at)
        if present.over is None:
            # Whatever ended after it began, it is what he is here for now.
            at = max([present.arrived_at, *(step.at for step in history[-1:])])
            history.append(NeedStep(NeedKind.TOPIC, present.topic or present.queue_id, at))
        return history

    async def changed(
        self, since: datetime | None, until: datetime
    ) -> AsyncIterator[Sequence[NeedStep]]:
        """Yield the history of each customer with a step that became known in a span of time.

        They are read by the hundred and no connection is held between two of them, so that the
        reader may take his time.

        Args:
            since: Begin of the span; None: from the beginning of what is kept.
            until: Steps known from then on are left out; the next call begins with them.

        Raises:
            StoreError: While iterating: it cannot be read.
        """
        if not self._history_days:
            return
        oldest = self._oldest()
        begin = oldest if since is None else max(since, oldest)
        contacts = _contacts_between(begin, until)
        purchases = _purchases_between(since, until).where(~_has_contact(begin, until))
        for query, at, whose in (
            (contacts, _CONTACTS.at, _CONTACTS.customer_id),
            (purchases, _PURCHASES.noted_at, _PURCHASES.customer_id),
        ):
            last: Row[Any] | None = None
            while True:
                page = query if last is None else query.where(_is_after(at, whose, last))
                async with self._database.reading("customers with new steps") as connection:
                    rows = (await connection.execute(page.limit(PAGE_CUSTOMERS))).all()
                    ids = list(dict.fromkeys(row.customer_id for row in rows))
                    steps = await self._steps(connection, ids, until) if ids else {}
                for customer_id in ids:
                    if customer_id in steps:
                        yield steps[customer_id]
                if len(rows) < PAGE_CUSTOMERS:
                    break
                last = rows[-1]

    def _oldest(self) -> datetime:
        return self._clock.utc() - timedelta(days=self._history_days)

    async def _steps(
        self, connection: Reading, ids: Collection[str], until: datetime | None
    ) -> dict[str, list[NeedStep]]:
        """Return the steps of some customers, those of each in order; who has none is left out."""
        place = func.row_number().over(
            partition_by=_CONTACTS.customer_id,
            order_by=(_CONTACTS.at.desc(), _CONTACTS.contact_id.desc()),
        )
        contacts = select(
            _CONTACTS.customer_id, _CONTACTS.contact_id, _CONTACTS.topic, _CONTACTS.at
        ).where(_CONTACTS.customer_id.in_(ids), _CONTACTS.at >= self._oldest())
        purchases = select(CUSTOMER_PURCHASES).where(_PURCHASES.customer_id.in_(ids))
        if until is not None:
            contacts = contacts.where(_CONTACTS.at < until)
            purchases = purchases.where(_PURCHASES.noted_at < until)
        ranked = contacts.add_columns(place.label("place")).subquery()
        newest = (
            select(ranked)
            .where(ranked.c.place <= CONTACTS_MAX)
            .order_by(ranked.c.customer_id, ranked.c.at, ranked.c.contact_id)
        )
        steps: dict[str, list[NeedStep]] = defaultdict(list)
        for row in await connection.execute(newest):
            steps[row.customer_id].append(NeedStep(NeedKind.TOPIC, row.topic, row.at))
        # The newest purchase has the place 0.
        bought = purchases.order_by(_PURCHASES.customer_id, _PURCHASES.place.desc())
        for row in await connection.execute(bought):
            steps[row.customer_id].append(_bought(row))
        for history in steps.values():
            history.sort(key=lambda step: step.at)
        return dict(steps)


def _bought(row: Row[Any]) -> NeedStep:
    """Return a purchase as a step: at the end of its day, but not after it was entered.

    So a date that lies ahead, as of a customer whose day begins earlier, is never in the future.
    """
    end = datetime.combine(row.bought_on, time.max, UTC)
    at = min(end, row.noted_at)
    return NeedStep(NeedKind.PRODUCT, row.product, at, row.noted_at)


def _present(contact_id: str, customer_id: str) -> Select[Any]:
    """Return the question after a contact's topic and whether its customer refuses offers."""
    return (
        select(
            CONTACTS.c.arrived_at,
            CONTACTS.c.queue_id,
            CONTACT_OUTCOMES.c.topic,
            _CONTACTS.contact_id.label("over"),
            _refuses(literal(customer_id)).label("refuses"),
        )
        .outerjoin(CONTACT_OUTCOMES, CONTACT_OUTCOMES.c.contact_id == CONTACTS.c.contact_id)
        .outerjoin(CUSTOMER_CONTACTS, _CONTACTS.contact_id == CONTACTS.c.contact_id)
        .where(CONTACTS.c.contact_id == contact_id)
    )


def _refuses(customer_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether a customer, or who is one with him, has refused offers, however he came."""
    part, sibling = CUSTOMER_MEMBERS.alias("part"), CUSTOMER_MEMBERS.alias("sibling")
    whoever = (
        select(literal(1)).where(CUSTOMER_IDENTIFIERS.c.customer_id == customer_id),
        # Of whom he is part, who is part of him, and who else is part of the same.
        select(literal(1)).where(
            part.c.member_id == customer_id,
            CUSTOMER_IDENTIFIERS.c.customer_id == part.c.customer_id,
        ),
        select(literal(1)).where(
            part.c.customer_id == customer_id,
            CUSTOMER_IDENTIFIERS.c.customer_id == part.c.member_id,
        ),
        select(literal(1)).where(
            part.c.member_id == customer_id,
            sibling.c.customer_id == part.c.customer_id,
            CUSTOMER_IDENTIFIERS.c.customer_id == sibling.c.member_id,
        ),
    )
    own = (CUSTOMER_IDENTIFIERS, CONSENTS, part, sibling)
    return or_(
        *(
            one.where(
                CONSENTS.c.caller_mark == CUSTOMER_IDENTIFIERS.c.mark,
                CONSENTS.c.offers_answer == Answer.REFUSED.value,
            )
            .correlate_except(*own)
            .exists()
            for one in whoever
        )
    )


def _contacts_between(begin: datetime, until: datetime) -> Select[Any]:
    """Return the last contact in a span of each customer of whom histories may be read."""
    later = CUSTOMER_CONTACTS.alias("later")
    is_last = ~(
        select(later.c.contact_id)
        .where(
            later.c.customer_id == _CONTACTS.customer_id,
            later.c.at > _CONTACTS.at,
            later.c.at < until,
        )
        .exists()
    )
    return (
        select(_CONTACTS.at.label("at"), _CONTACTS.customer_id)
        .join(CUSTOMER_RECORDS, CUSTOMER_RECORDS.c.customer_id == _CONTACTS.customer_id)
        .where(_CONTACTS.at >= begin, _CONTACTS.at < until, is_last, CUSTOMER_RECORDS.c.profiling)
        .where(~_refuses(_CONTACTS.customer_id))
        .order_by(_CONTACTS.at, _CONTACTS.customer_id)
    )


def _purchases_between(since: datetime | None, until: datetime) -> Select[Any]:
    """Return the purchase entered last in a span of each customer, as `_contacts_between` does."""
    later = CUSTOMER_PURCHASES.alias("later")
    is_last = ~(
        select(later.c.place)
        .where(
            later.c.customer_id == _PURCHASES.customer_id,
            later.c.noted_at < until,
            # Those of one import have one time: the one of the last place stands for all.
            or_(
                later.c.noted_at > _PURCHASES.noted_at,
                and_(
                    later.c.noted_at == _PURCHASES.noted_at,
                    later.c.place > _PURCHASES.place,
                ),
            ),
        )
        .exists()
    )
    begun = [] if since is None else [_PURCHASES.noted_at >= since]
    return (
        select(_PURCHASES.noted_at.label("at"), _PURCHASES.customer_id)
        .join(CUSTOMER_RECORDS, CUSTOMER_RECORDS.c.customer_id == _PURCHASES.customer_id)
        .where(*begun, _PURCHASES.noted_at < until, is_last, CUSTOMER_RECORDS.c.profiling)
        .where(~_refuses(_PURCHASES.customer_id))
        .order_by(_PURCHASES.noted_at, _PURCHASES.customer_id)
    )


def _has_contact(begin: datetime, until: datetime) -> ColumnElement[bool]:
    """Return whether the customer of a purchase has a contact in a span too."""
    return (
        select(_CONTACTS.contact_id)
        .where(
            _CONTACTS.customer_id == _PURCHASES.customer_id,
            _CONTACTS.at >= begin,
            _CONTACTS.at < until,
        )
        .exists()
    )


def _is_after(
    at: ColumnElement[datetime], customer_id: ColumnElement[str], last: Row[Any]
) -> ColumnElement[bool]:
    """Return whether a row comes after another in the order of the pages."""
    # As one comparison of pairs, so that an index finds the place even among rows of one time.
    return tuple_(at, customer_id) > tuple_(
        literal(last.at, UtcDateTime()), literal(last.customer_id)
    )
