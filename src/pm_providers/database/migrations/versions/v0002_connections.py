"""Connections to other systems, and which projects are kept in step.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

from pm_providers.database.types import Identifier, Instant, JsonObject

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = "pm_provider_connections"
    op.create_table(
        table,
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("provider_type", sa.String(100), nullable=False),
        *[
            sa.Column(name, sa.Text)
            for name in ("base_url", "api_key", "api_token", "username", "organization_id", "project_key",
                         "workspace_id")
        ],
        sa.Column("additional_config", JsonObject(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("name", name=f"uq_{table}_name"),
    )  # fmt: skip
    table = "project_sync_mappings"
    op.create_table(
        table,
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("internal_project_id", Identifier(), nullable=False),
        sa.Column("provider_connection_id", Identifier(), nullable=False),
        sa.Column("external_project_id", sa.String(500), nullable=False),
        sa.Column("sync_enabled", sa.Boolean, nullable=False),
        sa.Column("last_sync_at", Instant()),
        sa.Column("sync_config", JsonObject(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["provider_connection_id"],
            ["pm_provider_connections.id"],
            name=f"fk_{table}_provider_connection_id",
        ),
        sa.UniqueConstraint(
            "provider_connection_id",
            "external_project_id",
            name=f"uq_{table}_external",
        ),
    )
    op.create_index(f"ix_{table}_internal_project_id", table, ["internal_project_id"])
