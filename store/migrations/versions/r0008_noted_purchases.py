"""When purchases were entered: what is told of the past must be learnt from as well."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEX = "customer_purchases_noted_at_customer_id"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the time; of those that are there it is when their customer was last changed."""
    op.add_column("customer_purchases", sa.Column("noted_at", TIME))
    op.execute(
        "UPDATE customer_purchases SET noted_at = (SELECT changed_at FROM customer_records"
        " WHERE customer_records.customer_id = customer_purchases.customer_id)"
    )
    # Of nobody: without a customer they could never be read.
    op.execute("DELETE FROM customer_purchases WHERE noted_at IS NULL")
    with op.batch_alter_table("customer_purchases") as table:
        table.alter_column("noted_at", existing_type=TIME, nullable=False)
    op.create_index(INDEX, "customer_purchases", ["noted_at", "customer_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index(INDEX, "customer_purchases")
    with op.batch_alter_table("customer_purchases") as table:
        table.drop_column("noted_at")
