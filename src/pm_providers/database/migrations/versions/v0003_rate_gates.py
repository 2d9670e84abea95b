"""Rate limits that are shared between processes.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pm_rate_gates",
        sa.Column("key", sa.String(500), nullable=False),
        sa.Column("tat", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_pm_rate_gates"),
    )
