"""Customers' profiles: records, identifiers, purchases, contacts, summaries; contacts' outcomes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = (
    "customer_records",
    "customer_identifiers",
    "customer_purchases",
    "customer_contacts",
    "customer_summaries",
    "contact_outcomes",
)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "customer_records",
        sa.Column("customer_id", sa.String(32), nullable=False),
        sa.Column("number_mark", sa.LargeBinary(32)),
        sa.Column("details", sa.LargeBinary),
        sa.Column("value", sa.Integer, nullable=False),
        sa.Column("language", sa.String(63)),
        sa.Column("region", sa.String(63)),
        sa.Column("product", sa.String(63)),
        sa.Column("version", sa.String(63)),
        sa.Column("preferred_agent_id", sa.String(63)),
        sa.Column("profiling", sa.Boolean, nullable=False),
        sa.Column("open_tickets", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="customer_records_pk"),
    )
    op.create_index(
        "customer_records_number_mark", "customer_records", ["number_mark"], unique=True
    )
    op.create_index("customer_records_changed_at", "customer_records", ["changed_at"])
    op.create_table(
        "customer_identifiers",
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("mark", sa.LargeBinary(32), nullable=False),
        sa.Column("customer_id", sa.String(32), nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.PrimaryKeyConstraint("kind", "mark", "customer_id", name="customer_identifiers_pk"),
    )
    op.create_index(
        "customer_identifiers_customer_id_kind", "customer_identifiers", ["customer_id", "kind"]
    )
    op.create_table(
        "customer_purchases",
        sa.Column("customer_id", sa.String(32), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("bought_on", sa.Date, nullable=False),
        sa.Column("product", sa.String(63), nullable=False),
        sa.Column("amount", sa.Float),
        sa.PrimaryKeyConstraint("customer_id", "place", name="customer_purchases_pk"),
    )
    op.create_table(
        "customer_contacts",
        sa.Column("contact_id", sa.String(32), nullable=False),
        sa.Column("customer_id", sa.String(32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("queue_id", sa.String(63), nullable=False),
        sa.Column("topic", sa.String(63), nullable=False),
        sa.Column("disposition", sa.String(32), nullable=False),
        sa.Column("agent_id", sa.String(63)),
        sa.Column("mood", sa.String(16), nullable=False),
        sa.Column("resolved", sa.Boolean),
        sa.Column("satisfied", sa.Float),
        sa.PrimaryKeyConstraint("contact_id", name="customer_contacts_pk"),
    )
    op.create_index("customer_contacts_customer_id_at", "customer_contacts", ["customer_id", "at"])
    op.create_index("customer_contacts_at", "customer_contacts", ["at"])
    op.create_table(
        "customer_summaries",
        sa.Column("customer_id", sa.String(32), nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="customer_summaries_pk"),
    )
    op.create_index("customer_summaries_changed_at", "customer_summaries", ["changed_at"])
    op.create_table(
        "contact_outcomes",
        sa.Column("contact_id", sa.String(32), nullable=False),
        sa.Column("resolved", sa.Boolean),
        sa.Column("satisfied", sa.Float),
        sa.Column("topic", sa.String(63)),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("contact_id", name="contact_outcomes_pk"),
    )


def downgrade() -> None:
    """Drop them."""
    for name in reversed(TABLES):
        op.drop_table(name)
