"""What was sent in the last window, for quotas that are counted.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

from pm_providers.database.types import JsonObject

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pm_rate_gates", sa.Column("sent", JsonObject()))
