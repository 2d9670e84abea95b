"""State, links, history and conflicts of the sync engine.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

from pm_providers.database.types import Identifier, Instant, JsonObject

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _states("pm_sync_states")
    _links("pm_sync_links")
    _runs("pm_sync_runs")
    _writes("pm_sync_writes")
    _conflicts("pm_sync_conflicts")


def _mapping(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["mapping_id"], ["project_sync_mappings.id"], name=f"fk_{table}_mapping_id", ondelete="CASCADE"
    )


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _states(table: str) -> None:
    op.create_table(
        table,
        sa.Column("mapping_id", Identifier(), nullable=False),
        sa.Column("left_cursor", sa.Text),
        sa.Column("right_cursor", sa.Text),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("problem", sa.Text),
        sa.Column("next_step", sa.Text),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.String(100)),
        sa.Column("lease_until", sa.Double),
        sa.Column("policy", sa.String(64)),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("mapping_id", name=f"pk_{table}"),
        _mapping(table),
    )


def _links(table: str) -> None:
    op.create_table(
        table,
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("mapping_id", Identifier(), nullable=False),
        sa.Column("entity", sa.String(20), nullable=False),
        sa.Column("left_id", sa.String(500)),
        sa.Column("right_id", sa.String(500)),
        sa.Column("left_agreed", JsonObject()),
        sa.Column("right_agreed", JsonObject()),
        sa.Column("left_now", JsonObject()),
        sa.Column("right_now", JsonObject()),
        sa.Column("left_gone", sa.String(20)),
        sa.Column("right_gone", sa.String(20)),
        sa.Column("left_at", sa.String(40)),
        sa.Column("right_at", sa.String(40)),
        sa.Column("left_parent", sa.String(500)),
        sa.Column("right_parent", sa.String(500)),
        sa.Column("held", JsonObject()),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("dirty", sa.Boolean, nullable=False),
        sa.Column("owner_id", Identifier()),
        sa.Column("parts_due", sa.Boolean),
        sa.Column("problem", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _mapping(table),
        sa.UniqueConstraint("mapping_id", "entity", "left_id", name=f"uq_{table}_mapping_id_entity_left_id"),
        sa.UniqueConstraint(
            "mapping_id", "entity", "right_id", name=f"uq_{table}_mapping_id_entity_right_id"
        ),
    )
    _index(table, "mapping_id", "dirty", "entity", "id")
    _index(table, "owner_id")
    _index(table, "mapping_id", "left_parent")
    _index(table, "mapping_id", "right_parent")
    _index(table, "mapping_id", "parts_due", "id")


def _runs(table: str) -> None:
    op.create_table(
        table,
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("mapping_id", Identifier(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("plan_id", sa.String(64)),
        sa.Column("undoes_run_id", Identifier()),
        sa.Column("counts", JsonObject(), nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant()),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _mapping(table),
    )
    _index(table, "mapping_id", "id")


def _writes(table: str) -> None:
    op.create_table(
        table,
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("run_id", Identifier(), nullable=False),
        sa.Column("mapping_id", Identifier(), nullable=False),
        sa.Column("link_id", Identifier(), nullable=False),
        sa.Column("entity", sa.String(20), nullable=False),
        sa.Column("side", sa.String(5), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("remote_id", sa.String(500)),
        sa.Column("title", sa.Text),
        sa.Column("wanted", JsonObject(), nullable=False),
        sa.Column("basis", JsonObject()),
        sa.Column("before", JsonObject()),
        sa.Column("after", JsonObject()),
        sa.Column("lost", JsonObject()),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant()),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["run_id"], ["pm_sync_runs.id"], name=f"fk_{table}_run_id", ondelete="CASCADE"
        ),
        _mapping(table),
    )
    _index(table, "run_id")
    _index(table, "mapping_id", "state", "id")
    _index(table, "mapping_id", "id")


def _conflicts(table: str) -> None:
    op.create_table(
        table,
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("mapping_id", Identifier(), nullable=False),
        sa.Column("link_id", Identifier(), nullable=False),
        sa.Column("field", sa.String(200), nullable=False),
        sa.Column("left_value", JsonObject()),
        sa.Column("right_value", JsonObject()),
        sa.Column("base_value", JsonObject()),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("decision", sa.String(20)),
        sa.Column("note", sa.Text),
        sa.Column("run_id", Identifier()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("resolved_at", Instant()),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _mapping(table),
    )
    _index(table, "link_id")
    _index(table, "mapping_id", "state", "id")
