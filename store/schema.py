"""The tables as they now stand. A change here needs a migration in `migrations/versions/`.

There are no foreign keys: each fact is written when it happens, and a fact must not be
refused because the row that it belongs to could not be written a moment before.
"""

from dataclasses import fields
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from domain.intervals import AgentCounters, Counters, QueueCounters
from store.columns import ID, METADATA, NAME, UtcDateTime

RUNS: Final = Table(
    "runs",
    METADATA,
    Column("run_id", ID, primary_key=True),
    Column("node", String(255), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    # Time of the last event journaled; where a killed run's contacts stopped waiting.
    Column("alive_at", UtcDateTime, nullable=False),
    # NULL: it runs, or it was killed.
    Column("stopped_at", UtcDateTime),
)

CONTACTS: Final = Table(
    "contacts",
    METADATA,
    Column("contact_id", ID, primary_key=True),
    Column("run_id", ID, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("queue_id", NAME, nullable=False),
    Column("language", String(35), nullable=False),
    Column("priority", Integer, nullable=False),
    # Sealed by the vault; the mark finds every contact of one caller without opening any.
    Column("caller", LargeBinary),
    Column("caller_mark", LargeBinary(32)),
    Column("dialled", Text, nullable=False),
    Column("trunk_id", NAME, nullable=False),
    Column("sip_call_id", Text, nullable=False),
    # NULL: a call of its own.
    Column("conversation_id", ID),
    Column("state", String(16), nullable=False),
    Column("disclosed", Boolean, nullable=False),
    Column("arrived_at", UtcDateTime, nullable=False),
    # Seconds since arrival: a monotonic clock's values mean nothing after the run.
    Column("queued_after_s", Float),
    Column("connected_after_s", Float),
    Column("closed_after_s", Float),
    Column("closed_at", UtcDateTime),
    Column("agent_id", NAME),
    Column("disposition", String(32)),
    Column("reason", Text, nullable=False),
    Column("wait_s", Float),
    Column("talk_s", Float, nullable=False),
    Column("rtp_lost", Integer, nullable=False),
    Column("rtp_received", Integer, nullable=False),
    # The newest contacts of one queue.
    Index("contacts_queue_id_contact_id", "queue_id", "contact_id"),
    Index("contacts_caller_mark", "caller_mark"),
    Index(
        "contacts_conversation_id",
        "conversation_id",
        sqlite_where=text("conversation_id IS NOT NULL"),
        postgresql_where=text("conversation_id IS NOT NULL"),
    ),
    # The contacts a dead run left open, among millions that are closed.
    Index(
        "contacts_open",
        "run_id",
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
)

INTERACTIONS: Final = Table(
    "interactions",
    METADATA,
    Column("interaction_id", ID, primary_key=True),
    Column("contact_id", ID, nullable=False),
    Column("agent_id", NAME, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime, nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("ring_s", Float, nullable=False),
    Column("talk_s", Float, nullable=False),
    Index("interactions_contact_id", "contact_id"),
)

SPEECH_SPANS: Final = Table(
    "speech_spans",
    METADATA,
    Column(
        "span_id",
        # Only an INTEGER primary key numbers itself in SQLite.
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("contact_id", ID, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("speaker", String(16)),
    Column("start_s", Float, nullable=False),
    Column("end_s", Float, nullable=False),
    Column("level_dbov", Float),
    Column("pitch_hz", Float),
    Column("pitch_range_semitones", Float),
    Index("speech_spans_contact_id_start_s", "contact_id", "start_s"),
)

JOURNAL: Final = Table(
    "journal",
    METADATA,
    Column(
        "sequence",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    # The whole envelope as `domain/event_codec.py` writes it.
    Column("line", Text, nullable=False),
)

BINDINGS: Final = Table(
    "bindings",
    METADATA,
    Column("agent_id", NAME, primary_key=True),
    # Its place among the agent's bindings; a URI can be too long for a key.
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("contact_uri", Text, nullable=False),
    Column("flow", Text, nullable=False),
    Column("call_id", Text, nullable=False),
    Column("cseq", BigInteger, nullable=False),
    Column("instance", Text, nullable=False),
    Column("q", Float, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

CUSTOMERS: Final = Table(
    "customers",
    METADATA,
    # The mark of contacts.caller_mark; who the customer is, stands in his contacts, sealed.
    Column("caller_mark", LargeBinary(32), primary_key=True),
    # NULL: he was never asked, or said nothing.
    Column("recording_answer", String(16)),
    Column("emotion_answer", String(16)),
    Column("offers_answer", String(16)),
    # Sealed by the vault; only of a customer who has granted emotion.
    Column("baseline", LargeBinary),
    Column("changed_at", UtcDateTime, nullable=False),
    # Who has not changed for too long is forgotten.
    Index("customers_changed_at", "changed_at"),
)

CUSTOMER_RECORDS: Final = Table(
    "customer_records",
    METADATA,
    Column("customer_id", ID, primary_key=True),
    # NULL: a caller whom nobody has entered, known by his identifier alone.
    Column("number_mark", LargeBinary(32)),
    # Sealed by the vault: the operator's number, name, address, preferences.
    Column("details", LargeBinary),
    Column("value", Integer, nullable=False),
    Column("language", NAME),
    Column("region", NAME),
    Column("product", NAME),
    Column("version", NAME),
    Column("preferred_agent_id", NAME),
    Column("profiling", Boolean, nullable=False),
    Column("open_tickets", Integer, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Index("customer_records_number_mark", "number_mark", unique=True),
    Index("customer_records_changed_at", "changed_at"),
)

CUSTOMER_IDENTIFIERS: Final = Table(
    "customer_identifiers",
    METADATA,
    Column("kind", String(16), primary_key=True),
    # Of one form of the identifier: the same as contacts.caller_mark.
    Column("mark", LargeBinary(32), primary_key=True),
    # A family may share a telephone: an identifier of two customers tells nobody.
    Column("customer_id", ID, primary_key=True),
    # Sealed by the vault; NULL in the row of another form of the same identifier.
    Column("sealed", LargeBinary),
    # What speaks for it that it is his; `domain.proof.Proof`.
    Column("proof", String(16), nullable=False, server_default="presented"),
    # With the kind: SQLite would rather take the primary key's, of which half the table is one.
    Index("customer_identifiers_customer_id_kind", "customer_id", "kind"),
)

CUSTOMER_PURCHASES: Final = Table(
    "customer_purchases",
    METADATA,
    Column("customer_id", ID, primary_key=True),
    # 0 is the newest.
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("bought_on", Date, nullable=False),
    Column("product", NAME, nullable=False),
    Column("amount", Float),
    # When it was entered: often days after it was bought, and learnt from only then.
    Column("noted_at", UtcDateTime, nullable=False),
    Index("customer_purchases_noted_at_customer_id", "noted_at", "customer_id"),
)

CUSTOMER_CONTACTS: Final = Table(
    "customer_contacts",
    METADATA,
    Column("contact_id", ID, primary_key=True),
    Column("customer_id", ID, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("queue_id", NAME, nullable=False),
    Column("topic", NAME, nullable=False),
    Column("disposition", String(32), nullable=False),
    Column("agent_id", NAME),
    Column("mood", String(16), nullable=False),
    Column("resolved", Boolean),
    Column("satisfied", Float),
    Index("customer_contacts_customer_id_at", "customer_id", "at"),
    Index("customer_contacts_at", "at"),
)

CUSTOMER_SUMMARIES: Final = Table(
    "customer_summaries",
    METADATA,
    Column("customer_id", ID, primary_key=True),
    # `domain.customer_history.Summary` as JSON.
    Column("summary", Text, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Index("customer_summaries_changed_at", "changed_at"),
)

CONTACT_OUTCOMES: Final = Table(
    "contact_outcomes",
    METADATA,
    Column("contact_id", ID, primary_key=True),
    Column("resolved", Boolean),
    Column("satisfied", Float),
    Column("topic", NAME),
    Column("reported_at", UtcDateTime, nullable=False),
)

WISHES: Final = Table(
    "wishes",
    METADATA,
    Column("agent_id", NAME, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
)

CURSORS: Final = Table(
    "cursors",
    METADATA,
    # Such as "webhook/desk"; an id of the configuration has 63 characters at most.
    Column("reader", String(127), primary_key=True),
    Column(
        "sequence",
        BigInteger().with_variant(Integer, "sqlite"),
        nullable=False,
    ),
    Column("saved_at", UtcDateTime, nullable=False),
)

DECISIONS: Final = Table(
    "decisions",
    METADATA,
    Column("offer_id", ID, primary_key=True),
    Column("contact_id", ID, nullable=False),
    Column("queue_id", NAME, nullable=False),
    Column("agent_id", NAME, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    # Apart from the document, so that what came of each scheme can be counted.
    Column("scheme", String(16), nullable=False),
    Column("propensity", Float, nullable=False),
    # The whole decision as JSON.
    Column("document", Text, nullable=False),
    Index("decisions_contact_id", "contact_id"),
)


def _counters(kind: type[Counters]) -> list[Column[Any]]:
    """Return a column for each figure."""
    return [
        Column(each.name, Float if each.name.endswith("_s") else Integer, nullable=False)
        for each in fields(kind)
    ]


QUEUE_INTERVALS: Final = Table(
    "queue_intervals",
    METADATA,
    # Of the quarter of an hour.
    Column("begin_at", UtcDateTime, primary_key=True),
    Column("node", String(255), primary_key=True),
    Column("queue_id", NAME, primary_key=True),
    *_counters(QueueCounters),
)

AGENT_INTERVALS: Final = Table(
    "agent_intervals",
    METADATA,
    Column("begin_at", UtcDateTime, primary_key=True),
    Column("node", String(255), primary_key=True),
    Column("agent_id", NAME, primary_key=True),
    *_counters(AgentCounters),
)

INTERVAL_MARKS: Final = Table(
    "interval_marks",
    METADATA,
    Column("node", String(255), primary_key=True),
    # The last event that the intervals hold.
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
    # Who waits, talks and is in which state, as JSON: what later events are read with.
    Column("document", Text, nullable=False),
)

LEARNING: Final = Table(
    "learning",
    METADATA,
    # "outcomes" or "needs"; names agents and topics, and nobody who called.
    Column("learner", NAME, primary_key=True),
    Column("state", LargeBinary, nullable=False),
    Column("saved_at", UtcDateTime, nullable=False),
)

CALLBACKS: Final = Table(
    "callbacks",
    METADATA,
    # The contact holds number, queue and trunk.
    Column("contact_id", ID, primary_key=True),
    # Wall times: the wait goes on while no node runs.
    Column("queued_at", UtcDateTime, nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    # NULL: it waits for an agent.
    Column("retry_at", UtcDateTime),
)
