"""The tables of conversations, messages, attachments, timelines and merged customers."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from store.columns import ID, METADATA, NAME, UtcDateTime

CONVERSATIONS: Final = Table(
    "conversations",
    METADATA,
    Column("conversation_id", ID, primary_key=True),
    Column("source", NAME, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("queue_id", NAME, nullable=False),
    # NULL while nobody can say whose it is.
    Column("customer_id", ID),
    Column("proof", String(16), nullable=False),
    # The customer's address in that place: kind in the clear, sealed by the vault, and its mark.
    Column("address_kind", String(16), nullable=False),
    Column("address", LargeBinary, nullable=False),
    Column("address_mark", LargeBinary(32), nullable=False),
    # Sealed: name and subject.
    Column("details", LargeBinary),
    Column("language", String(35), nullable=False),
    Column("state", String(16), nullable=False),
    Column("contact_id", ID),
    Column("agent_id", NAME),
    Column("topic", NAME, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("last_sequence", Integer, nullable=False),
    Column("customer_got", Integer, nullable=False),
    Column("customer_read", Integer, nullable=False),
    Column("agent_read", Integer, nullable=False),
    Column("parked_until", UtcDateTime),
    Column("due_at", UtcDateTime),
    # The newest conversation of one address in one place.
    Index("conversations_source_address_mark_last_at", "source", "address_mark", "last_at"),
    Index("conversations_customer_id_last_at", "customer_id", "last_at"),
    # Those that ask something of us, among millions that do not.
    Index(
        "conversations_unsettled",
        "state",
        sqlite_where=text("state != 'idle'"),
        postgresql_where=text("state != 'idle'"),
    ),
)

MESSAGES: Final = Table(
    "messages",
    METADATA,
    Column("message_id", ID, primary_key=True),
    Column("conversation_id", ID, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("contact_id", ID),
    Column("channel", String(16), nullable=False),
    Column("author", String(16), nullable=False),
    Column("agent_id", NAME),
    # Mark of source, sender and the sender's id; NULL for one that nobody could send twice.
    Column("client_mark", LargeBinary(32)),
    Column("at", UtcDateTime, nullable=False),
    Column("language", String(35), nullable=False),
    # Sealed: text, HTML, what it quotes, subject, client id, headers.
    Column("body", LargeBinary, nullable=False),
    Column("delivery", String(16), nullable=False),
    Column("failure", Text, nullable=False),
    Column("automatic", Boolean, nullable=False),
    Column("internal", Boolean, nullable=False),
    Index("messages_conversation_id_sequence", "conversation_id", "sequence", unique=True),
    Index("messages_client_mark", "client_mark", unique=True),
)

MESSAGE_SEARCH: Final = "message_search"
"""SQLite's full-text index over `message_words`, an FTS5 table, which triggers keep up to date."""
MESSAGE_WORDS_INDEX: Final = "message_words_words"
"""PostgreSQL's, a GIN index. The migration makes the one or the other."""

MESSAGE_WORDS: Final = Table(
    "message_words",
    METADATA,
    # Rising with time, so that the newest are found first; SQLite's index knows rows by it.
    Column(
        "word_id",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("message_id", ID, nullable=False),
    # Marks of the words, each once, sorted: see `store.words`.
    Column("words", Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
    Index("message_words_message_id", "message_id", unique=True),
    # SQLite's index is the table `message_search`, which triggers keep up to date.
    Index("message_words_words", "words", postgresql_using="gin").ddl_if(dialect="postgresql"),
)

ATTACHMENTS: Final = Table(
    "attachments",
    METADATA,
    Column("attachment_id", ID, primary_key=True),
    # NULL while it belongs to nothing yet.
    Column("message_id", ID),
    Column("place", Integer, nullable=False),
    # SHA-256 of its bytes: the name of the file that holds them.
    Column("content_hash", String(64), nullable=False),
    # Sealed.
    Column("name", LargeBinary, nullable=False),
    Column("media_type", String(127), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("inline_id", Text, nullable=False),
    Column("scan", String(16), nullable=False),
    Column("uploaded_at", UtcDateTime, nullable=False),
    Index("attachments_message_id_place", "message_id", "place"),
    Index("attachments_content_hash", "content_hash"),
    # Those to be dropped when nothing has taken them up.
    Index(
        "attachments_unused",
        "uploaded_at",
        sqlite_where=text("message_id IS NULL"),
        postgresql_where=text("message_id IS NULL"),
    ),
)

OUTGOING: Final = Table(
    "outgoing",
    METADATA,
    Column("message_id", ID, primary_key=True),
    Column("conversation_id", ID, nullable=False),
    Column("source", NAME, nullable=False),
    # Sealed.
    Column("destination", LargeBinary, nullable=False),
    # "waiting", or a `domain.message.Delivery`.
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("error", Text, nullable=False),
    # What the next system calls it, sealed: another try goes out under the same name.
    Column("remote_id", LargeBinary),
    Column("remote_mark", LargeBinary(32)),
    Column("settled_at", UtcDateTime),
    Index(
        "outgoing_due",
        "source",
        "due_at",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index("outgoing_remote_mark", "remote_mark"),
)

MAIL_IDS: Final = Table(
    "mail_ids",
    METADATA,
    # Mark of a Message-ID, of mails in either direction: how an answer finds its conversation.
    Column("mark", LargeBinary(32), primary_key=True),
    Column("conversation_id", ID, nullable=False),
    Column("message_id", ID, nullable=False),
    Index("mail_ids_conversation_id", "conversation_id"),
)

QUARANTINE: Final = Table(
    "quarantine",
    METADATA,
    Column("quarantine_id", ID, primary_key=True),
    Column("received_at", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    # Sealed: envelope sender and recipients.
    Column("envelope", LargeBinary, nullable=False),
    Column("content_hash", String(64), nullable=False),
    # NULL: nobody has looked at it; else "released" or "dropped".
    Column("verdict", String(16)),
    Index("quarantine_received_at", "received_at"),
)

TIMELINE: Final = Table(
    "timeline",
    METADATA,
    # The message's, contact's or ticket's id: what happened twice is written once.
    Column("entry_id", ID, primary_key=True),
    Column("customer_id", ID, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("channel", String(16)),
    Column("conversation_id", ID),
    Column("proof", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Index("timeline_customer_id_at_entry_id", "customer_id", "at", "entry_id"),
    Index("timeline_conversation_id", "conversation_id"),
)

CUSTOMER_MERGES: Final = Table(
    "customer_merges",
    METADATA,
    Column("merge_id", ID, primary_key=True),
    Column("customer_id", ID, nullable=False),
    Column("member_id", ID, nullable=False),
    Column("by", NAME, nullable=False),
    # Sealed, as people write of people.
    Column("reason", LargeBinary, nullable=False),
    Column("merged_at", UtcDateTime, nullable=False),
    # NULL: it holds.
    Column("undone_at", UtcDateTime),
    Column("undone_by", NAME),
    Column("undone_reason", LargeBinary),
    Index("customer_merges_customer_id", "customer_id"),
    Index("customer_merges_member_id", "member_id"),
)

CUSTOMER_MEMBERS: Final = Table(
    "customer_members",
    METADATA,
    # Follows from the merges that hold; whoever is not here is nobody's part.
    Column("member_id", ID, primary_key=True),
    Column("customer_id", ID, nullable=False),
    Index("customer_members_customer_id", "customer_id"),
)

OUTREACH: Final = Table(
    "outreach",
    METADATA,
    # Mark of the caller's key: sent again, it goes out once.
    Column("key_mark", LargeBinary(32), primary_key=True),
    Column("outreach_id", ID, nullable=False),
    Column("template", NAME, nullable=False),
    Column("customer_id", ID, nullable=False),
    Column("channel", String(16)),
    Column("message_id", ID),
    # Why it was not sent; "" when it was.
    Column("refused", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("outreach_customer_id_at", "customer_id", "at"),
)

DEAD_LETTERS: Final = Table(
    "dead_letters",
    METADATA,
    Column("letter_id", ID, primary_key=True),
    Column("webhook", NAME, nullable=False),
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
    Column("contact_id", ID),
    Column("given_up_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Index("dead_letters_webhook_sequence", "webhook", "sequence", unique=True),
)
