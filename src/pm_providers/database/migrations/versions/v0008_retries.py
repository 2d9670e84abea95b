"""When items whose writes failed are tried again.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pm_sync_links", sa.Column("retry_at", sa.Double))
    op.create_index("ix_pm_sync_links_mapping_id_retry_at", "pm_sync_links", ["mapping_id", "retry_at"])
