"""Callbacks that customers were promised."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "callbacks",
        sa.Column("contact_id", sa.String(32), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("contact_id", name="callbacks_pk"),
    )


def downgrade() -> None:
    """Drop it: who waits for a callback then is closed as lost at the next start."""
    op.drop_table("callbacks")
