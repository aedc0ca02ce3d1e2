"""A customer's timeline, read: one question with an index, however much there is of others."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, Final

import structlog
from sqlalchemy import Integer, Row, Select, and_, bindparam, func, select, tuple_, union_all

from domain.contact import Channel, Disposition
from domain.errors import LimitExceeded, NotKnown, StoreError
from domain.mood import Mood
from domain.proof import Proof
from domain.speech import Speaker, SpeechKind
from domain.ticket import TicketReason, TicketState
from domain.timeline import (
    PAGE_MAX,
    ContactOutline,
    EntryKind,
    TicketOutline,
    TimelineEntry,
    TimelinePage,
)
from store.attachments_read import attachments_of
from store.columns import ID, UtcDateTime
from store.conversation_schema import MESSAGES, TIMELINE
from store.database import Database
from store.membership import members_of
from store.message_rows import MESSAGE_COLUMNS, message_of
from store.readers import Reading
from store.schema import CONTACTS, CUSTOMER_CONTACTS, CUSTOMER_RECORDS, INTERACTIONS, SPEECH_SPANS
from store.ticket_schema import TICKETS
from store.vault import Vault

AGENTS_MAX: Final = 5
"""Of one contact, as they are shown."""
STATEMENTS_KEPT: Final = 32
"""A customer is of one record nearly always, of five hardly ever."""
_MESSAGE: Final = tuple(name for name in MESSAGE_COLUMNS if name != "message_id")
_SUBJECT: Final = {"table": "tickets", "column": "subject"}
_served = (
    select(INTERACTIONS.c.agent_id)
    .where(INTERACTIONS.c.contact_id == CONTACTS.c.contact_id)
    .order_by(INTERACTIONS.c.started_at, INTERACTIONS.c.interaction_id)
    .correlate(CONTACTS)
    .subquery()
)
# An agent's id holds no space.
_AGENTS: Final = select(func.aggregate_strings(_served.c.agent_id, " ")).scalar_subquery()
_SEGMENTS: Final = (
    select(func.count())
    .select_from(SPEECH_SPANS)
    .where(
        SPEECH_SPANS.c.contact_id == CONTACTS.c.contact_id,
        SPEECH_SPANS.c.kind == SpeechKind.SEGMENT.value,
        SPEECH_SPANS.c.speaker == Speaker.CUSTOMER.value,
    )
    .correlate(CONTACTS)
    .scalar_subquery()
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_log = structlog.get_logger(__name__)


class TimelineReader:
    """Implements `Timelines`."""

    def __init__(self, database: Database, vault: Vault) -> None:
        """Read from a database that is open."""
        self._database = database
        self._vault = vault

    async def timeline(
        self, customer_id: str, *, limit: int = 50, before: str | None = None
    ) -> TimelinePage:
        """Return a page, merged customers included, the newest first.

        Args:
            customer_id: Of who is left of a merge; of a member, what is his alone.
            limit: At most so many entries, 1 to 200.
            before: `TimelinePage.before` of the page before; None: the newest.

        Raises:
            NotKnown: There is no such customer, or `before` is no place.
            LimitExceeded: `limit` is over 200.
            StoreError: The database cannot be read.
        """
        assert limit >= 1
        if limit > PAGE_MAX:
            raise LimitExceeded("entries of one page", limit, PAGE_MAX)
        place = None if before is None else _place(before)
        async with self._database.reading(f"timeline of customer {customer_id}") as connection:
            whose = await members_of(connection, customer_id)
            query = page_query(len(whose), before is not None)
            values: dict[str, Any] = {f"whose_{n}": one for n, one in enumerate(whose)}
            if place is not None:
                values |= {"at": place[0], "entry": place[1]}
            # One more than is wanted tells whether there is another page.
            rows = (await connection.execute(query, {**values, "number": limit + 1})).all()
            if not rows and place is None:
                await _expect_known(connection, customer_id)
            has_more, rows = len(rows) > limit, rows[:limit]
            messages = [row.entry_id for row in rows if row.message_id is not None]
            attachments = await attachments_of(connection, messages, self._vault)
        entries = tuple(self._entry(row, attachments.get(row.entry_id, ())) for row in rows)
        return TimelinePage(
            entries=entries,
            before=_before(entries[-1]) if has_more else None,
        )

    def _entry(self, row: Row[Any], attachments: Sequence[Any]) -> TimelineEntry:
        message = None
        if row.message_id is not None:
            written = {name: getattr(row, f"message_{name}") for name in _MESSAGE}
            body = SimpleNamespace(**written, message_id=row.message_id)
            message = message_of(body, attachments, self._vault)
        return TimelineEntry(
            entry_id=row.entry_id,
            at=row.at,
            kind=EntryKind(row.kind),
            channel=None if row.channel is None else Channel(row.channel),
            conversation_id=row.conversation_id,
            proof=Proof(row.proof),
            contact=None if row.contact_id is None else _contact(row),
            message=message,
            ticket=None if row.ticket_id is None else self._ticket(row),
            note=row.note,
        )

    def _ticket(self, row: Row[Any]) -> TicketOutline:
        subject = ""
        try:
            subject = self._vault.open(row.subject, **_SUBJECT, row=row.ticket_id)
        except StoreError as error:
            # One damaged field must not hide what else there is of the customer.
            _log.error("a ticket's subject cannot be read", cause=str(error))
        return TicketOutline(
            ticket_id=row.ticket_id,
            number=row.number,
            state=TicketState(row.ticket_state),
            reason=TicketReason(row.reason),
            subject=subject,
        )


async def _expect_known(connection: Reading, customer_id: str) -> None:
    query = select(CUSTOMER_RECORDS.c.customer_id).where(
        CUSTOMER_RECORDS.c.customer_id == customer_id
    )
    if (await connection.execute(query)).first() is None:
        raise NotKnown("customer", customer_id)


@lru_cache(maxsize=STATEMENTS_KEPT)
def page_query(members: int, is_further: bool) -> Select[Any]:
    """Return the question for a page.

    The newest entries of each member come from the index, and only of those that are left when
    they are put in order is read what they tell of.

    Args:
        members: Of how many records the customer is, 1 or more; parameters `whose_0` and on.
        is_further: Whether it goes on after another page; parameters `at` and `entry`.
    """
    parts = [_newest(number, is_further) for number in range(members)]
    if members == 1:
        page = parts[0].subquery("page")
    else:
        # SQLite takes a limit within a union only in a question of its own.
        union = union_all(*(select(part.subquery()) for part in parts)).subquery("members")
        page = (
            select(union)
            .order_by(union.c.at.desc(), union.c.entry_id.desc())
            .limit(bindparam("number", type_=Integer))
            .subquery("page")
        )
    entry = page.c
    return (
        select(
            page,
            MESSAGES.c.message_id,
            *(MESSAGES.c[name].label(f"message_{name}") for name in _MESSAGE),
            CONTACTS.c.contact_id,
            CONTACTS.c.queue_id,
            CONTACTS.c.disposition,
            CONTACTS.c.agent_id,
            CONTACTS.c.wait_s,
            CONTACTS.c.talk_s,
            CONTACTS.c.closed_at,
            CUSTOMER_CONTACTS.c.mood,
            _AGENTS.label("agents"),
            _SEGMENTS.label("segments"),
            TICKETS.c.ticket_id,
            TICKETS.c.number,
            TICKETS.c.state.label("ticket_state"),
            TICKETS.c.reason,
            TICKETS.c.subject,
        )
        .select_from(page)
        .outerjoin(
            MESSAGES,
            and_(entry.kind == EntryKind.MESSAGE.value, MESSAGES.c.message_id == entry.entry_id),
        )
        .outerjoin(
            CONTACTS,
            and_(entry.kind == EntryKind.CONTACT.value, CONTACTS.c.contact_id == entry.entry_id),
        )
        .outerjoin(CUSTOMER_CONTACTS, CUSTOMER_CONTACTS.c.contact_id == CONTACTS.c.contact_id)
        .outerjoin(
            TICKETS,
            and_(entry.kind == EntryKind.TICKET.value, TICKETS.c.ticket_id == entry.entry_id),
        )
        .order_by(entry.at.desc(), entry.entry_id.desc())
    )


def _newest(number: int, is_further: bool) -> Select[Any]:
    """Return the question for the newest entries of one member."""
    query = select(TIMELINE).where(TIMELINE.c.customer_id == bindparam(f"whose_{number}", type_=ID))
    if is_further:
        place = (bindparam("at", type_=UtcDateTime()), bindparam("entry", type_=ID))
        query = query.where(tuple_(TIMELINE.c.at, TIMELINE.c.entry_id) < tuple_(*place))
    return query.order_by(TIMELINE.c.at.desc(), TIMELINE.c.entry_id.desc()).limit(
        bindparam("number", type_=Integer)
    )


def _contact(row: Row[Any]) -> ContactOutline:
    mood = None if row.mood is None else Mood(row.mood)
    return ContactOutline(
        contact_id=row.contact_id,
        queue_id=row.queue_id,
        disposition=None if row.disposition is None else Disposition(row.disposition),
        agent_id=row.agent_id,
        wait_s=row.wait_s,
        talk_s=row.talk_s,
        closed_at=row.closed_at,
        mood=None if mood is Mood.UNKNOWN else mood,
        # One agent may have had it twice.
        agents=tuple(dict.fromkeys((row.agents or "").split()))[:AGENTS_MAX],
        segments=row.segments or 0,
    )


def _before(entry: TimelineEntry) -> str:
    """Return where the next page goes on: the time in microseconds, and the entry."""
    return f"{(entry.at - _EPOCH) // _MICROSECOND:x}-{entry.entry_id}"


def _place(before: str) -> tuple[datetime, str]:
    """Return the time and the entry that a page goes on after.

    Raises:
        NotKnown: It was never given out.
    """
    microseconds, _, entry_id = before.partition("-")
    try:
        return _EPOCH + int(microseconds, 16) * _MICROSECOND, entry_id
    except (ValueError, OverflowError):
        raise NotKnown("place in the timeline", before[:80]) from None
