"""The tables of tickets."""

from typing import Final

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, String, Table, text

from store.columns import ID, METADATA, NAME, UtcDateTime

TICKETS: Final = Table(
    "tickets",
    METADATA,
    Column("ticket_id", ID, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("queue_id", NAME, nullable=False),
    Column("customer_id", ID),
    Column("reason", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("owner_id", NAME),
    # Sealed.
    Column("subject", LargeBinary, nullable=False),
    Column("language", String(35), nullable=False),
    Column("topic", NAME, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime),
    # Business seconds left while it rests.
    Column("left_s", Float),
    Column("solved_at", UtcDateTime),
    Column("merged_into", ID),
    # Mark of the opener's key: asked again, it is opened once; NULL for one by hand.
    Column("key_mark", LargeBinary(32)),
    Index("tickets_key_mark", "key_mark", unique=True),
    Index("tickets_queue_id_ticket_id", "queue_id", "ticket_id"),
    Index("tickets_number", "number", unique=True),
    Index("tickets_customer_id_ticket_id", "customer_id", "ticket_id"),
    Index("tickets_state_due_at", "state", "due_at"),
    Index(
        "tickets_owner_id",
        "owner_id",
        sqlite_where=text("state NOT IN ('solved', 'closed')"),
        postgresql_where=text("state NOT IN ('solved', 'closed')"),
    ),
)

TICKET_LINKS: Final = Table(
    "ticket_links",
    METADATA,
    Column("ticket_id", ID, primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("target_id", ID, primary_key=True),
    # The tickets of one contact or conversation.
    Index("ticket_links_target_id", "target_id"),
)

TICKET_TRAIL: Final = Table(
    "ticket_trail",
    METADATA,
    Column("ticket_id", ID, primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", NAME, nullable=False),
    Column("change", String(16), nullable=False),
    # Sealed: what was noted, or from what to what.
    Column("text", LargeBinary),
)
