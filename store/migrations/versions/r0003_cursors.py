"""How far readers of the events have come, webhooks above all."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "cursors",
        sa.Column("reader", sa.String(127), nullable=False),
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("reader", name="cursors_pk"),
    )


def downgrade() -> None:
    """Drop it: a webhook then begins with what happens from now on."""
    op.drop_table("cursors")
