"""What was learnt from outcomes and from histories."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "learning",
        sa.Column("learner", sa.String(63), nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("learner", name="learning_pk"),
    )


def downgrade() -> None:
    """Drop it: learning then begins anew."""
    op.drop_table("learning")
