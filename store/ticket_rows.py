"""Tickets and their trail as rows and back; subject and texts are sealed."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Row

from domain.ticket import LinkKind, Ticket, TicketLink, TicketReason, TicketState
from domain.ticket_ports import TrailEntry
from store.vault import Vault

TABLE: Final = "tickets"
TRAIL: Final = "ticket_trail"


def ticket_row(ticket: Ticket, vault: Vault) -> dict[str, Any]:
    """Return the columns that a ticket fills; its number is the database's."""
    return {
        "ticket_id": ticket.ticket_id,
        "queue_id": ticket.queue_id,
        "customer_id": ticket.customer_id,
        "reason": ticket.reason.value,
        "subject": vault.seal(ticket.subject, table=TABLE, column="subject", row=ticket.ticket_id),
        "language": ticket.language,
        "topic": ticket.topic,
        "opened_at": ticket.opened_at,
        **changing_columns(ticket),
    }


def changing_columns(ticket: Ticket) -> dict[str, Any]:
    """Return the columns that may change."""
    return {
        "customer_id": ticket.customer_id,
        "state": ticket.state.value,
        "priority": ticket.priority,
        "owner_id": ticket.owner_id,
        "changed_at": ticket.changed_at,
        "due_at": ticket.due_at,
        "left_s": ticket.left_s,
        "solved_at": ticket.solved_at,
        "merged_into": ticket.merged_into,
    }


def ticket_of(row: Row[Any], links: Iterable[Row[Any]], vault: Vault) -> Ticket:
    """Return the ticket of a row and of those of its links.

    Raises:
        StoreError: The subject cannot be opened.
    """
    return Ticket(
        ticket_id=row.ticket_id,
        number=row.number,
        queue_id=row.queue_id,
        reason=TicketReason(row.reason),
        subject=vault.open(row.subject, table=TABLE, column="subject", row=row.ticket_id),
        opened_at=row.opened_at,
        changed_at=row.changed_at,
        state=TicketState(row.state),
        customer_id=row.customer_id,
        priority=row.priority,
        owner_id=row.owner_id,
        language=row.language,
        topic=row.topic,
        due_at=row.due_at,
        left_s=row.left_s,
        solved_at=row.solved_at,
        merged_into=row.merged_into,
        links=tuple(sorted(TicketLink(LinkKind(one.kind), one.target_id) for one in links)),
    )


def trail_row(ticket_id: str, place: int, entry: TrailEntry, vault: Vault) -> Mapping[str, Any]:
    """Return an entry of a trail as a row."""
    where = f"{ticket_id}/{place}"
    return {
        "ticket_id": ticket_id,
        "place": place,
        "at": entry.at,
        "by": entry.by,
        "change": entry.change,
        "text": vault.seal(entry.text, table=TRAIL, column="text", row=where),
    }


def entry_of(row: Row[Any], vault: Vault) -> TrailEntry:
    """Return the entry of a row; its text is empty where it was taken out.

    Raises:
        StoreError: The text cannot be opened.
    """
    where = f"{row.ticket_id}/{row.place}"
    text = "" if row.text is None else vault.open(row.text, table=TRAIL, column="text", row=where)
    return TrailEntry(at=row.at, by=row.by, change=row.change, text=text)
