"""Runs, contacts and what belongs to them, the journal, bindings, wishes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables.

    Spelled out and not taken from `store/schema.py`, which goes on changing while what
    this step makes must stay what it is.
    """
    time = sa.DateTime(timezone=True)
    name = sa.String(63)
    identity = sa.String(32)
    serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "runs",
        sa.Column("run_id", identity, nullable=False),
        sa.Column("node", sa.String(255), nullable=False),
        sa.Column("started_at", time, nullable=False),
        sa.Column("alive_at", time, nullable=False),
        sa.Column("stopped_at", time),
        sa.PrimaryKeyConstraint("run_id", name="runs_pk"),
    )
    op.create_table(
        "contacts",
        sa.Column("contact_id", identity, nullable=False),
        sa.Column("run_id", identity, nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("queue_id", name, nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("caller", sa.LargeBinary),
        sa.Column("caller_mark", sa.LargeBinary(32)),
        sa.Column("dialled", sa.Text, nullable=False),
        sa.Column("trunk_id", name, nullable=False),
        sa.Column("sip_call_id", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("disclosed", sa.Boolean, nullable=False),
        sa.Column("arrived_at", time, nullable=False),
        sa.Column("queued_after_s", sa.Float),
        sa.Column("connected_after_s", sa.Float),
        sa.Column("closed_after_s", sa.Float),
        sa.Column("closed_at", time),
        sa.Column("agent_id", name),
        sa.Column("disposition", sa.String(32)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("wait_s", sa.Float),
        sa.Column("talk_s", sa.Float, nullable=False),
        sa.Column("rtp_lost", sa.Integer, nullable=False),
        sa.Column("rtp_received", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("contact_id", name="contacts_pk"),
    )
    op.create_index("contacts_queue_id_contact_id", "contacts", ["queue_id", "contact_id"])
    op.create_index("contacts_caller_mark", "contacts", ["caller_mark"])
    op.create_index(
        "contacts_open",
        "contacts",
        ["run_id"],
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "interactions",
        sa.Column("interaction_id", identity, nullable=False),
        sa.Column("contact_id", identity, nullable=False),
        sa.Column("agent_id", name, nullable=False),
        sa.Column("started_at", time, nullable=False),
        sa.Column("ended_at", time, nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("ring_s", sa.Float, nullable=False),
        sa.Column("talk_s", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("interaction_id", name="interactions_pk"),
    )
    op.create_index("interactions_contact_id", "interactions", ["contact_id"])
    op.create_table(
        "speech_spans",
        sa.Column("span_id", serial, nullable=False, autoincrement=True),
        sa.Column("contact_id", identity, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("speaker", sa.String(16)),
        sa.Column("start_s", sa.Float, nullable=False),
        sa.Column("end_s", sa.Float, nullable=False),
        sa.Column("level_dbov", sa.Float),
        sa.Column("pitch_hz", sa.Float),
        sa.Column("pitch_range_semitones", sa.Float),
        sa.PrimaryKeyConstraint("span_id", name="speech_spans_pk"),
    )
    op.create_index("speech_spans_contact_id_start_s", "speech_spans", ["contact_id", "start_s"])
    op.create_table(
        "journal",
        sa.Column("sequence", serial, nullable=False, autoincrement=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="journal_pk"),
    )
    op.create_table(
        "bindings",
        sa.Column("agent_id", name, nullable=False),
        sa.Column("place", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("contact_uri", sa.Text, nullable=False),
        sa.Column("flow", sa.Text, nullable=False),
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("cseq", sa.BigInteger, nullable=False),
        sa.Column("instance", sa.Text, nullable=False),
        sa.Column("q", sa.Float, nullable=False),
        sa.Column("user_agent", sa.Text, nullable=False),
        sa.Column("expires_at", time, nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "place", name="bindings_pk"),
    )
    op.create_table(
        "wishes",
        sa.Column("agent_id", name, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("asked_at", time, nullable=False),
        sa.PrimaryKeyConstraint("agent_id", name="wishes_pk"),
    )


def downgrade() -> None:
    """Refuse: going back would drop every record."""
    raise NotImplementedError("restore a backup instead")
