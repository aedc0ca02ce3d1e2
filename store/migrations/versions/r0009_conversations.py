"""Conversations, messages, attachments, timelines, merged customers, tickets, dead letters."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
SEARCH = (
    # Nothing but which marks a row has: no order, no copy of the content.
    """CREATE VIRTUAL TABLE message_search USING fts5(
        words, content='message_words', content_rowid='word_id',
        tokenize='ascii', detail='none', columnsize=0
    )""",
    """CREATE TRIGGER message_words_added AFTER INSERT ON message_words BEGIN
        INSERT INTO message_search (rowid, words) VALUES (new.word_id, new.words);
    END""",
    """CREATE TRIGGER message_words_removed AFTER DELETE ON message_words BEGIN
        INSERT INTO message_search (message_search, rowid, words)
        VALUES ('delete', old.word_id, old.words);
    END""",
)
"""SQLite's full-text index; PostgreSQL has one of its own kind."""
TABLES = (
    "attachments",
    "conversations",
    "customer_members",
    "customer_merges",
    "dead_letters",
    "mail_ids",
    "message_words",
    "messages",
    "outgoing",
    "outreach",
    "quarantine",
    "ticket_links",
    "ticket_trail",
    "tickets",
    "timeline",
)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "attachments",
        sa.Column("attachment_id", sa.String(32), nullable=False),
        sa.Column("message_id", sa.String(32)),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("name", sa.LargeBinary, nullable=False),
        sa.Column("media_type", sa.String(127), nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("inline_id", sa.Text, nullable=False),
        sa.Column("scan", sa.String(16), nullable=False),
        sa.Column("uploaded_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("attachment_id", name="attachments_pk"),
    )
    op.create_index("attachments_content_hash", "attachments", ["content_hash"])
    op.create_index("attachments_message_id_place", "attachments", ["message_id", "place"])
    op.create_index(
        "attachments_unused",
        "attachments",
        ["uploaded_at"],
        sqlite_where=sa.text("message_id IS NULL"),
        postgresql_where=sa.text("message_id IS NULL"),
    )
    op.create_table(
        "conversations",
        sa.Column("conversation_id", sa.String(32), nullable=False),
        sa.Column("source", sa.String(63), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("queue_id", sa.String(63), nullable=False),
        sa.Column("customer_id", sa.String(32)),
        sa.Column("proof", sa.String(16), nullable=False),
        sa.Column("address_kind", sa.String(16), nullable=False),
        sa.Column("address", sa.LargeBinary, nullable=False),
        sa.Column("address_mark", sa.LargeBinary(32), nullable=False),
        sa.Column("details", sa.LargeBinary),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("contact_id", sa.String(32)),
        sa.Column("agent_id", sa.String(63)),
        sa.Column("topic", sa.String(63), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("last_at", TIME, nullable=False),
        sa.Column("last_sequence", sa.Integer, nullable=False),
        sa.Column("customer_got", sa.Integer, nullable=False),
        sa.Column("customer_read", sa.Integer, nullable=False),
        sa.Column("agent_read", sa.Integer, nullable=False),
        sa.Column("parked_until", TIME),
        sa.Column("due_at", TIME),
        sa.PrimaryKeyConstraint("conversation_id", name="conversations_pk"),
    )
    op.create_index(
        "conversations_customer_id_last_at", "conversations", ["customer_id", "last_at"]
    )
    op.create_index(
        "conversations_source_address_mark_last_at",
        "conversations",
        ["source", "address_mark", "last_at"],
    )
    op.create_index(
        "conversations_unsettled",
        "conversations",
        ["state"],
        sqlite_where=sa.text("state != 'idle'"),
        postgresql_where=sa.text("state != 'idle'"),
    )
    op.create_table(
        "customer_members",
        sa.Column("member_id", sa.String(32), nullable=False),
        sa.Column("customer_id", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("member_id", name="customer_members_pk"),
    )
    op.create_index("customer_members_customer_id", "customer_members", ["customer_id"])
    op.create_table(
        "customer_merges",
        sa.Column("merge_id", sa.String(32), nullable=False),
        sa.Column("customer_id", sa.String(32), nullable=False),
        sa.Column("member_id", sa.String(32), nullable=False),
        sa.Column("by", sa.String(63), nullable=False),
        sa.Column("reason", sa.LargeBinary, nullable=False),
        sa.Column("merged_at", TIME, nullable=False),
        sa.Column("undone_at", TIME),
        sa.Column("undone_by", sa.String(63)),
        sa.Column("undone_reason", sa.LargeBinary),
        sa.PrimaryKeyConstraint("merge_id", name="customer_merges_pk"),
    )
    op.create_index("customer_merges_customer_id", "customer_merges", ["customer_id"])
    op.create_index("customer_merges_member_id", "customer_merges", ["member_id"])
    op.create_table(
        "dead_letters",
        sa.Column("letter_id", sa.String(32), nullable=False),
        sa.Column("webhook", sa.String(63), nullable=False),
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contact_id", sa.String(32)),
        sa.Column("given_up_at", TIME, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("letter_id", name="dead_letters_pk"),
    )
    op.create_index(
        "dead_letters_webhook_sequence", "dead_letters", ["webhook", "sequence"], unique=True
    )
    op.create_table(
        "mail_ids",
        sa.Column("mark", sa.LargeBinary(32), nullable=False),
        sa.Column("conversation_id", sa.String(32), nullable=False),
        sa.Column("message_id", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("mark", name="mail_ids_pk"),
    )
    op.create_index("mail_ids_conversation_id", "mail_ids", ["conversation_id"])
    op.create_table(
        "message_words",
        sa.Column(
            "word_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("message_id", sa.String(32), nullable=False),
        sa.Column("words", sa.Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("word_id", name="message_words_pk"),
    )
    op.create_index("message_words_message_id", "message_words", ["message_id"], unique=True)
    if op.get_context().dialect.name == "postgresql":
        op.create_index("message_words_words", "message_words", ["words"], postgresql_using="gin")
    else:
        for statement in SEARCH:
            op.execute(statement)
    op.create_table(
        "messages",
        sa.Column("message_id", sa.String(32), nullable=False),
        sa.Column("conversation_id", sa.String(32), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("contact_id", sa.String(32)),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("author", sa.String(16), nullable=False),
        sa.Column("agent_id", sa.String(63)),
        sa.Column("client_mark", sa.LargeBinary(32)),
        sa.Column("at", TIME, nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("delivery", sa.String(16), nullable=False),
        sa.Column("failure", sa.Text, nullable=False),
        sa.Column("automatic", sa.Boolean, nullable=False),
        sa.Column("internal", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="messages_pk"),
    )
    op.create_index("messages_client_mark", "messages", ["client_mark"], unique=True)
    op.create_index(
        "messages_conversation_id_sequence",
        "messages",
        ["conversation_id", "sequence"],
        unique=True,
    )
    op.create_table(
        "outgoing",
        sa.Column("message_id", sa.String(32), nullable=False),
        sa.Column("conversation_id", sa.String(32), nullable=False),
        sa.Column("source", sa.String(63), nullable=False),
        sa.Column("destination", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("remote_id", sa.LargeBinary),
        sa.Column("remote_mark", sa.LargeBinary(32)),
        sa.Column("settled_at", TIME),
        sa.PrimaryKeyConstraint("message_id", name="outgoing_pk"),
    )
    op.create_index(
        "outgoing_due",
        "outgoing",
        ["source", "due_at"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("outgoing_remote_mark", "outgoing", ["remote_mark"])
    op.create_table(
        "outreach",
        sa.Column("key_mark", sa.LargeBinary(32), nullable=False),
        sa.Column("outreach_id", sa.String(32), nullable=False),
        sa.Column("template", sa.String(63), nullable=False),
        sa.Column("customer_id", sa.String(32), nullable=False),
        sa.Column("channel", sa.String(16)),
        sa.Column("message_id", sa.String(32)),
        sa.Column("refused", sa.Text, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("key_mark", name="outreach_pk"),
    )
    op.create_index("outreach_customer_id_at", "outreach", ["customer_id", "at"])
    op.create_table(
        "quarantine",
        sa.Column("quarantine_id", sa.String(32), nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("envelope", sa.LargeBinary, nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("verdict", sa.String(16)),
        sa.PrimaryKeyConstraint("quarantine_id", name="quarantine_pk"),
    )
    op.create_index("quarantine_received_at", "quarantine", ["received_at"])
    op.create_table(
        "ticket_links",
        sa.Column("ticket_id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("target_id", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "kind", "target_id", name="ticket_links_pk"),
    )
    op.create_index("ticket_links_target_id", "ticket_links", ["target_id"])
    op.create_table(
        "ticket_trail",
        sa.Column("ticket_id", sa.String(32), nullable=False),
        sa.Column("place", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("by", sa.String(63), nullable=False),
        sa.Column("change", sa.String(16), nullable=False),
        sa.Column("text", sa.LargeBinary),
        sa.PrimaryKeyConstraint("ticket_id", "place", name="ticket_trail_pk"),
    )
    op.create_table(
        "tickets",
        sa.Column("ticket_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("queue_id", sa.String(63), nullable=False),
        sa.Column("customer_id", sa.String(32)),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("owner_id", sa.String(63)),
        sa.Column("subject", sa.LargeBinary, nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("topic", sa.String(63), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("due_at", TIME),
        sa.Column("left_s", sa.Float),
        sa.Column("solved_at", TIME),
        sa.Column("merged_into", sa.String(32)),
        sa.Column("key_mark", sa.LargeBinary(32)),
        sa.PrimaryKeyConstraint("ticket_id", name="tickets_pk"),
    )
    op.create_index("tickets_customer_id_ticket_id", "tickets", ["customer_id", "ticket_id"])
    op.create_index("tickets_key_mark", "tickets", ["key_mark"], unique=True)
    op.create_index("tickets_number", "tickets", ["number"], unique=True)
    op.create_index(
        "tickets_owner_id",
        "tickets",
        ["owner_id"],
        sqlite_where=sa.text("state NOT IN ('solved', 'closed')"),
        postgresql_where=sa.text("state NOT IN ('solved', 'closed')"),
    )
    op.create_index("tickets_queue_id_ticket_id", "tickets", ["queue_id", "ticket_id"])
    op.create_index("tickets_state_due_at", "tickets", ["state", "due_at"])
    op.create_table(
        "timeline",
        sa.Column("entry_id", sa.String(32), nullable=False),
        sa.Column("customer_id", sa.String(32), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(16)),
        sa.Column("conversation_id", sa.String(32)),
        sa.Column("proof", sa.String(16), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name="timeline_pk"),
    )
    op.create_index("timeline_conversation_id", "timeline", ["conversation_id"])
    op.create_index(
        "timeline_customer_id_at_entry_id", "timeline", ["customer_id", "at", "entry_id"]
    )
    op.add_column("contacts", sa.Column("conversation_id", sa.String(32)))
    op.create_index(
        "contacts_conversation_id",
        "contacts",
        ["conversation_id"],
        sqlite_where=sa.text("conversation_id IS NOT NULL"),
        postgresql_where=sa.text("conversation_id IS NOT NULL"),
    )
    op.add_column(
        "customer_identifiers",
        sa.Column("proof", sa.String(16), server_default="presented", nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for table_name in reversed(TABLES):
        op.drop_table(table_name)
    if op.get_context().dialect.name != "postgresql":
        # After the table whose triggers fill it.
        op.drop_table("message_search")
    op.drop_index("contacts_conversation_id", "contacts")
    with op.batch_alter_table("contacts") as table:
        table.drop_column("conversation_id")
    with op.batch_alter_table("customer_identifiers") as table:
        table.drop_column("proof")
