"""Customers: what they allowed, and how they usually speak."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of customers."""
    op.create_table(
        "customers",
        sa.Column("caller_mark", sa.LargeBinary(32), nullable=False),
        sa.Column("recording_answer", sa.String(16)),
        sa.Column("emotion_answer", sa.String(16)),
        sa.Column("offers_answer", sa.String(16)),
        sa.Column("baseline", sa.LargeBinary),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("caller_mark", name="customers_pk"),
    )
    op.create_index("customers_changed_at", "customers", ["changed_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("customers")
