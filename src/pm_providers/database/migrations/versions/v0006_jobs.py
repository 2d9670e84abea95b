"""Jobs and schedules.

Revision ID: 0006
"""

import sqlalchemy as sa
from alembic import op

from pm_providers.database.types import Identifier, Instant, JsonObject

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pm_jobs",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("payload", JsonObject(), nullable=False),
        sa.Column("lock", sa.String(200)),
        sa.Column("key", sa.String(200)),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("run_at", sa.Double, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("worker", sa.String(100)),
        sa.Column("beat_at", sa.Double),
        sa.Column("error", sa.Text),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pm_jobs"),
    )
    op.create_index("ix_pm_jobs_state_priority_id", "pm_jobs", ["state", "priority", "id"])
    op.create_table(
        "pm_schedules",
        sa.Column("mapping_id", Identifier(), nullable=False),
        sa.Column("slot", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("mapping_id", name="pk_pm_schedules"),
        sa.ForeignKeyConstraint(
            ["mapping_id"],
            ["project_sync_mappings.id"],
            name="fk_pm_schedules_mapping_id",
            ondelete="CASCADE",
        ),
    )
