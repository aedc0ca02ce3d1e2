"""Why each offer was made, and figures of queues and agents by quarter of an hour."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

QUEUE_COUNTS = (
    "arrived answered answered_in_target abandoned abandoned_in_target released refused lost"
    " overflowed transferred offers accepted missed declined withdrawn handled"
)
QUEUE_SECONDS = "answer_wait_s abandon_wait_s longest_wait_s talk_s wrap_up_s"
AGENT_COUNTS = "offers accepted missed declined withdrawn transferred handled"
AGENT_SECONDS = "talk_s not_ready_s ready_s busy_s wrap_up_s"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "decisions",
        sa.Column("offer_id", sa.String(32), nullable=False),
        sa.Column("contact_id", sa.String(32), nullable=False),
        sa.Column("queue_id", sa.String(63), nullable=False),
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scheme", sa.String(16), nullable=False),
        sa.Column("propensity", sa.Float, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("offer_id", name="decisions_pk"),
    )
    op.create_index("decisions_contact_id", "decisions", ["contact_id"])
    _intervals("queue_intervals", "queue_id", QUEUE_COUNTS, QUEUE_SECONDS)
    _intervals("agent_intervals", "agent_id", AGENT_COUNTS, AGENT_SECONDS)
    op.create_table(
        "interval_marks",
        sa.Column("node", sa.String(255), nullable=False),
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("node", name="interval_marks_pk"),
    )


def downgrade() -> None:
    """Drop them: decisions and figures are gone; what they were made from is in the journal."""
    op.drop_table("interval_marks")
    op.drop_table("agent_intervals")
    op.drop_table("queue_intervals")
    op.drop_index("decisions_contact_id", "decisions")
    op.drop_table("decisions")


def _intervals(table: str, whose: str, counts: str, seconds: str) -> None:
    op.create_table(
        table,
        sa.Column("begin_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("node", sa.String(255), nullable=False),
        sa.Column(whose, sa.String(63), nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in counts.split()),
        *(sa.Column(name, sa.Float, nullable=False) for name in seconds.split()),
        sa.PrimaryKeyConstraint("begin_at", "node", whose, name=f"{table}_pk"),
    )
