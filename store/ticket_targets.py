"""What a ticket may be linked to, as the store knows it: whose it is, and where it belongs."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Row, exists, literal, or_, select, union_all

from domain.proof import Proof
from domain.ticket import LinkKind, TicketLink, TicketState
from domain.ticket_store import LinkTarget
from store.conversation_schema import CONVERSATIONS, CUSTOMER_MEMBERS, MESSAGES
from store.database import Database
from store.readers import Reading
from store.schema import CONTACT_OUTCOMES, CONTACTS, CUSTOMER_CONTACTS
from store.statements import Query, filled, one_of, places_for
from store.ticket_schema import TICKET_LINKS, TICKETS

_WHAT: Final = "tickets that messages are about"
_ANYBODY: Final = "anybody"
"""In place of an id: a ticket waits for some customer."""
_WAITS: Final = TICKETS.c.state == TicketState.PENDING.value


async def look(connection: Reading, link: TicketLink) -> LinkTarget | None:
    """Return what is known of a target; None: there is no such thing."""
    match link.kind:
        case LinkKind.CONTACT:
            return await _contact(connection, link.target_id)
        case LinkKind.CONVERSATION:
            return await _conversation(connection, link.target_id)
        case LinkKind.MESSAGE:
            columns = MESSAGES.c
            query = select(columns.conversation_id).where(columns.message_id == link.target_id)
            found = (await connection.execute(query)).first()
            if found is None:
                return None
            return await _conversation(connection, found.conversation_id)
        case LinkKind.TICKET:
            query = select(TICKETS).where(TICKETS.c.ticket_id == link.target_id)
            found = (await connection.execute(query)).first()
            if found is None:
                return None
            return LinkTarget(
                customer_id=found.customer_id,
                queue_id=found.queue_id,
                language=found.language,
                topic=found.topic,
            )


async def concerned(
    database: Database, conversation_ids: Sequence[str], contact_ids: Sequence[str]
) -> frozenset[str]:
    """Return those in which a customer's word may move a ticket on.

    They are linked to one; or a ticket waits for the customer of the conversation; or one waits
    for anybody, and whose a contact is has not been looked up here.
    """
    both = [*conversation_ids, *contact_ids]
    if not both:
        return frozenset()
    rows = await database.rows(_WHAT, _linked(places_for(both)), filled("which", both))
    found = {row.target_id for row in rows}
    if _ANYBODY not in found:
        return frozenset(found)
    found.remove(_ANYBODY)
    found.update(contact_ids)
    if conversation_ids:
        query = _theirs(places_for(conversation_ids))
        rows = await database.rows(_WHAT, query, filled("which", conversation_ids))
        found.update(row.conversation_id for row in rows)
    return frozenset(found)


@cache
def _linked(places: int) -> Query:
    """Return the question what tickets are linked to, and whether one waits for anybody."""
    links, tickets = TICKET_LINKS.c, TICKETS.c
    waits = exists().where(_WAITS, tickets.customer_id.is_not(None))
    return union_all(
        select(links.target_id).where(one_of(links.target_id, "which", places)),
        select(literal(_ANYBODY).label("target_id")).where(waits),
    )


@cache
def _theirs(places: int) -> Query:
    """Return the question for whose customers tickets wait."""
    tickets, threads = TICKETS.c, CONVERSATIONS.c
    return (
        select(threads.conversation_id)
        .distinct()
        .outerjoin(CUSTOMER_MEMBERS, CUSTOMER_MEMBERS.c.customer_id == threads.customer_id)
        .join(
            TICKETS,
            or_(
                tickets.customer_id == threads.customer_id,
                tickets.customer_id == CUSTOMER_MEMBERS.c.member_id,
            ),
        )
        .where(one_of(threads.conversation_id, "which", places), _WAITS)
    )


async def _conversation(connection: Reading, conversation_id: str) -> LinkTarget | None:
    query = select(CONVERSATIONS).where(CONVERSATIONS.c.conversation_id == conversation_id)
    found = (await connection.execute(query)).first()
    if found is None:
        return None
    return LinkTarget(
        customer_id=_customer(found),
        conversation_id=conversation_id,
        queue_id=found.queue_id,
        channel=found.channel,
        language=found.language,
        topic=found.topic,
    )


async def _contact(connection: Reading, contact_id: str) -> LinkTarget | None:
    query = (
        select(
            CONTACTS.c.queue_id,
            CONTACTS.c.channel,
            CONTACTS.c.language,
            CONTACTS.c.conversation_id,
            CUSTOMER_CONTACTS.c.customer_id,
            CUSTOMER_CONTACTS.c.topic,
            CONTACT_OUTCOMES.c.topic.label("told"),
        )
        .outerjoin(CUSTOMER_CONTACTS, CUSTOMER_CONTACTS.c.contact_id == CONTACTS.c.contact_id)
        .outerjoin(CONTACT_OUTCOMES, CONTACT_OUTCOMES.c.contact_id == CONTACTS.c.contact_id)
        .where(CONTACTS.c.contact_id == contact_id)
    )
    found = (await connection.execute(query)).first()
    if found is None:
        return None
    thread = None
    if found.conversation_id is not None:
        thread = await _conversation(connection, found.conversation_id)
    customer_id = found.customer_id
    if customer_id is None and thread is not None:
        customer_id = thread.customer_id
    return LinkTarget(
        customer_id=customer_id,
        conversation_id=found.conversation_id,
        queue_id=found.queue_id,
        channel=found.channel,
        language=found.language,
        # What an agent has said goes before what was guessed.
        topic=found.told or (thread.topic if thread is not None else "") or found.topic or "",
    )


def _customer(conversation: Row[Any]) -> str | None:
    """Return whose a conversation is, where what speaks for it is enough."""
    return conversation.customer_id if Proof(conversation.proof).joins else None
