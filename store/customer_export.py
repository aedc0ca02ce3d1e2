"""Everything that is known of a customer, piece by piece (GDPR articles 15 and 20)."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import Select, select

from domain.errors import NotKnown, StoreError
from store.conversation_rows import conversation_of
from store.conversation_schema import (
    CONVERSATIONS,
    CUSTOMER_MERGES,
    OUTREACH,
    TIMELINE,
)
from store.conversations import MESSAGES_PAGE_MAX, ConversationRecords
from store.customer_records import CustomerRecords
from store.database import Database
from store.membership import person_of
from store.schema import (
    CONTACT_OUTCOMES,
    CONTACTS,
    CUSTOMER_CONTACTS,
    CUSTOMER_IDENTIFIERS,
    CUSTOMER_SUMMARIES,
)
from store.schema import CUSTOMERS as CONSENTS
from store.ticket_schema import TICKET_TRAIL, TICKETS
from store.vault import Vault

_CONTACT: Final = (
    *(CONTACTS.c.contact_id, CONTACTS.c.channel, CONTACTS.c.queue_id, CONTACTS.c.language),
    *(CONTACTS.c.conversation_id, CONTACTS.c.arrived_at, CONTACTS.c.closed_at),
    *(CONTACTS.c.disposition, CONTACTS.c.agent_id, CONTACTS.c.wait_s, CONTACTS.c.talk_s),
)
_ENTRY: Final = (
    # Each piece says of what kind it is itself.
    *(TIMELINE.c.entry_id, TIMELINE.c.kind.label("entry_kind"), TIMELINE.c.at),
    *(TIMELINE.c.channel, TIMELINE.c.conversation_id, TIMELINE.c.proof, TIMELINE.c.note),
)
_OUTREACH: Final = (
    *(OUTREACH.c.outreach_id, OUTREACH.c.template, OUTREACH.c.channel),
    *(OUTREACH.c.message_id, OUTREACH.c.refused, OUTREACH.c.at),
)

_log = structlog.get_logger(__name__)


class CustomerExport:
    """Reads a customer's data; of one who is merged, that of all who are one with him."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        records: CustomerRecords,
        conversations: ConversationRecords,
    ) -> None:
        """Read from a database that is open, with what reads records and messages of it."""
        self._database = database
        self._vault = vault
        self._records = records
        self._conversations = conversations

    async def export(self, customer_id: str) -> AsyncIterator[Mapping[str, Any]]:
        """Yield JSON objects, each with a `kind`: what he is, then what he has had with us.

        Raises:
            NotKnown: There is no such customer; before anything is yielded.
            StoreError: The database cannot be read; what was yielded is not all.
        """
        what = f"export of customer {customer_id}"
        async with self._database.reading(what) as connection:
            whose = await person_of(connection, customer_id)
        customers = [await self._records.find(customer_id=one) for one in whose]
        known = [one for one in customers if one is not None]
        if not known and not await self._rows(_timeline(whose).limit(1)):
            raise NotKnown("customer", customer_id)
        for customer in known:
            yield {"kind": "customer", **_plain(customer)}
        for kind, query in _PLAIN:
            for row in await self._rows(query(whose)):
                yield {"kind": kind, **_shown(row)}
        for row in await self._rows(_conversations(whose)):
            conversation = conversation_of(row, self._vault)
            yield {"kind": "conversation", **_plain(conversation)}
            after = 0
            while page := await self._conversations.messages(
                conversation.conversation_id, after=after, limit=MESSAGES_PAGE_MAX, internal=True
            ):
                for message in page:
                    yield {"kind": "message", **_plain(message)}
                after = page[-1].sequence
        for row in await self._rows(_of(TICKETS, whose)):
            subject = self._opened(row.subject, "tickets", "subject", row.ticket_id)
            yield {"kind": "ticket", **_shown(row), "subject": subject}
            for step in await self._rows(_trail(row.ticket_id)):
                place = f"{step.ticket_id}/{step.place}"
                text = self._opened(step.text, "ticket_trail", "text", place)
                yield {"kind": "ticket_change", **_shown(step), "text": text}

    async def _rows(self, query: Select[Any]) -> Sequence[Any]:
        async with self._database.reading("export of a customer") as connection:
            rows: Sequence[Any] = (await connection.execute(query)).all()
        return rows

    def _opened(self, sealed: bytes | None, table: str, column: str, row: str) -> str:
        if sealed is None:
            return ""
        try:
            return self._vault.open(sealed, table=table, column=column, row=row)
        except StoreError as error:
            _log.error("a field of an export cannot be read", cause=str(error))
            return ""


def _plain(thing: Any) -> dict[str, Any]:
    """Return a thing as JSON has it: times as RFC 3339, words for the members of enumerations."""
    plain: dict[str, Any] = msgspec.to_builtins(thing)
    return plain


def _shown(row: Any) -> dict[str, Any]:
    """Return the columns of a row that say something to people: no marks, nothing sealed."""
    return _plain({name: one for name, one in row._mapping.items() if not isinstance(one, bytes)})


def _of(table: Any, whose: Sequence[str]) -> Select[Any]:
    return select(table).where(table.c.customer_id.in_(whose)).order_by(*table.primary_key)


def _timeline(whose: Sequence[str]) -> Select[Any]:
    return (
        select(*_ENTRY)
        .where(TIMELINE.c.customer_id.in_(whose))
        .order_by(TIMELINE.c.at, TIMELINE.c.entry_id)
    )


def _conversations(whose: Sequence[str]) -> Select[Any]:
    return (
        select(CONVERSATIONS)
        .where(CONVERSATIONS.c.customer_id.in_(whose))
        .order_by(CONVERSATIONS.c.opened_at, CONVERSATIONS.c.conversation_id)
    )


def _contacts(whose: Sequence[str]) -> Select[Any]:
    his = select(TIMELINE.c.entry_id).where(TIMELINE.c.customer_id.in_(whose))
    learnt = select(CUSTOMER_CONTACTS.c.contact_id).where(
        CUSTOMER_CONTACTS.c.customer_id.in_(whose)
    )
    return (
        select(*_CONTACT)
        .where(CONTACTS.c.contact_id.in_(his.union(learnt)))
        .order_by(CONTACTS.c.contact_id)
    )


def _consents(whose: Sequence[str]) -> Select[Any]:
    marks = select(CUSTOMER_IDENTIFIERS.c.mark).where(CUSTOMER_IDENTIFIERS.c.customer_id.in_(whose))
    return select(
        CONSENTS.c.recording_answer,
        CONSENTS.c.emotion_answer,
        CONSENTS.c.offers_answer,
        CONSENTS.c.changed_at,
    ).where(CONSENTS.c.caller_mark.in_(marks))


def _outcomes(whose: Sequence[str]) -> Select[Any]:
    his = select(CUSTOMER_CONTACTS.c.contact_id).where(CUSTOMER_CONTACTS.c.customer_id.in_(whose))
    return select(CONTACT_OUTCOMES).where(CONTACT_OUTCOMES.c.contact_id.in_(his))


def _merges(whose: Sequence[str]) -> Select[Any]:
    return (
        select(CUSTOMER_MERGES)
        .where(CUSTOMER_MERGES.c.customer_id.in_(whose))
        .order_by(CUSTOMER_MERGES.c.merged_at)
    )


def _outreach(whose: Sequence[str]) -> Select[Any]:
    return select(*_OUTREACH).where(OUTREACH.c.customer_id.in_(whose)).order_by(OUTREACH.c.at)


def _trail(ticket_id: str) -> Select[Any]:
    return (
        select(TICKET_TRAIL)
        .where(TICKET_TRAIL.c.ticket_id == ticket_id)
        .order_by(TICKET_TRAIL.c.place)
    )


_PLAIN: Final = (
    ("consent", _consents),
    ("merge", _merges),
    ("summary", lambda whose: _of(CUSTOMER_SUMMARIES, whose)),
    ("learnt_contact", lambda whose: _of(CUSTOMER_CONTACTS, whose)),
    ("outcome", _outcomes),
    ("contact", _contacts),
    ("entry", _timeline),
    ("outreach", _outreach),
)
"""What has nothing sealed that may be shown, by the kind that it is exported as."""
