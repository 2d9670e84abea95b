"""Checklists on tasks, and their items.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

from pm_providers.database.types import Identifier

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = "pm_checklists"
    op.create_table(
        table,
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("task_id", Identifier(), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(["task_id"], ["pm_tasks.id"], name=f"fk_{table}_task_id"),
    )
    op.create_index(f"ix_{table}_task_id_position_id", table, ["task_id", "position", "id"])
    _items("pm_checklist_items")


def _items(table: str) -> None:
    op.create_table(
        table,
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("checklist_id", Identifier(), nullable=False),
        sa.Column("parent_id", Identifier()),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("is_done", sa.Boolean, nullable=False),
        sa.Column("assignee_id", Identifier()),
        sa.Column("due_date", sa.Date),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(["checklist_id"], ["pm_checklists.id"], name=f"fk_{table}_checklist_id"),
        sa.ForeignKeyConstraint(["parent_id"], [f"{table}.id"], name=f"fk_{table}_parent_id"),
        sa.ForeignKeyConstraint(["assignee_id"], ["pm_users.id"], name=f"fk_{table}_assignee_id"),
    )
    for columns in (("parent_id",), ("assignee_id",), ("checklist_id", "position", "id")):
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))
