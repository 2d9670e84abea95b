"""Projects, tasks and all that belongs to them.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

from pm_providers.database.types import Identifier, Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _id() -> sa.Column[str]:
    return sa.Column("id", Identifier(), nullable=False)


def _ref(name: str, *, nullable: bool = True) -> sa.Column[str]:
    return sa.Column(name, Identifier(), nullable=nullable)


def _created() -> sa.Column[object]:
    return sa.Column("created_at", Instant(), nullable=False)


def _updated() -> sa.Column[object]:
    return sa.Column("updated_at", Instant(), nullable=False)


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _name(name: str = "name") -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _status() -> sa.Column[str]:
    return sa.Column("status", sa.String(20), nullable=False)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text) for name in names]


def _hours(*names: str) -> list[sa.Column[float]]:
    return [sa.Column(name, sa.Double) for name in names]


def _pk(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*(columns or ("id",)), name=f"pk_{table}")


def _fk(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}")


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def upgrade() -> None:
    _containers()
    _tasks()
    _parts()
    _changes()


def _containers() -> None:
    op.create_table(
        "pm_users", _id(), _name(), *_texts("email", "username", "username_folded", "avatar_url"),
        _created(), _updated(), *_texts("custom_fields"),
        _pk("pm_users"), _unique("pm_users", "username_folded"),
    )  # fmt: skip
    op.create_table(
        "pm_projects", _id(), _name(), *_texts("description"), _status(),
        sa.Column("priority", sa.String(20)), sa.Column("start_date", sa.Date),
        sa.Column("end_date", sa.Date), _ref("owner_id"), *_texts("key", "key_folded", "status_note"),
        _ref("parent_project_id"), sa.Column("is_public", sa.Boolean), _created(), _updated(),
        _integer("version"), *_texts("custom_fields"), _pk("pm_projects"),
        _unique("pm_projects", "key_folded"), _fk("pm_projects", "owner_id", "pm_users"),
        _fk("pm_projects", "parent_project_id", "pm_projects"),
    )  # fmt: skip
    _index("pm_projects", "owner_id")
    _index("pm_projects", "parent_project_id")
    op.create_table(
        "pm_sprints", _id(), _name(), _ref("project_id", nullable=False), sa.Column("start_date", sa.Date),
        sa.Column("end_date", sa.Date), _status(), *_hours("capacity_hours", "planned_hours"),
        *_texts("goal"),
        _created(), _updated(), _integer("version"), *_texts("custom_fields"),
        _pk("pm_sprints"), _fk("pm_sprints", "project_id", "pm_projects"),
    )  # fmt: skip
    _index("pm_sprints", "project_id", "id")
    op.create_table(
        "pm_labels", _id(), _name(), _name("name_folded"), _ref("project_id"), _ref("scope", nullable=False),
        *_texts("color"), _pk("pm_labels"), _unique("pm_labels", "scope", "name_folded"),
        _fk("pm_labels", "project_id", "pm_projects"),
    )  # fmt: skip


def _tasks() -> None:
    table = "pm_tasks"
    op.create_table(
        table, _id(), _name("title"), *_texts("description"), _status(), sa.Column("priority", sa.String(20)),
        _ref("project_id", nullable=False), _ref("parent_task_id"),
        *_hours("estimated_hours", "actual_hours", "logged_hours"), sa.Column("due_date", sa.Date),
        *_texts("type"), sa.Column("start_date", sa.Date), _ref("sprint_id"), _ref("author_id"),
        sa.Column("progress", sa.Integer), *_hours("remaining_hours", "story_points"),
        _created(), _updated(), sa.Column("completed_at", Instant()), _integer("version"),
        *_texts("custom_fields"), _number("change_tx"), _number("change_no"), _pk(table),
        _fk(table, "project_id", "pm_projects"), _fk(table, "parent_task_id", table),
        _fk(table, "sprint_id", "pm_sprints"), _fk(table, "author_id", "pm_users"),
    )  # fmt: skip
    for columns in (("parent_task_id",), ("sprint_id",), ("author_id",), ("project_id", "id"),
                    ("project_id", "change_tx", "change_no", "id")):  # fmt: skip
        _index(table, *columns)
    for table, column, target in (
        ("pm_task_assignees", "user_id", "pm_users"),
        ("pm_task_labels", "label_id", "pm_labels"),
    ):
        op.create_table(
            table, _ref("task_id", nullable=False), _ref(column, nullable=False), _integer("position"),
            _pk(table, "task_id", column), _fk(table, "task_id", "pm_tasks"), _fk(table, column, target),
        )  # fmt: skip
        _index(table, column)


def _parts() -> None:
    table = "pm_comments"
    op.create_table(
        table, _id(), _ref("task_id", nullable=False), _name("body"), _ref("author_id"),
        sa.Column("is_internal", sa.Boolean), _created(), _updated(), _pk(table),
        _fk(table, "task_id", "pm_tasks"), _fk(table, "author_id", "pm_users"),
    )  # fmt: skip
    _index(table, "task_id", "id")
    _index(table, "author_id")
    table = "pm_relations"
    op.create_table(
        table, _id(), _ref("from_task_id", nullable=False), _ref("to_task_id", nullable=False),
        sa.Column("type", sa.String(20), nullable=False), sa.Column("lag_days", sa.BigInteger),
        *_texts("description"), _pk(table), _unique(table, "from_task_id", "to_task_id", "type"),
        _fk(table, "from_task_id", "pm_tasks"), _fk(table, "to_task_id", "pm_tasks"),
    )  # fmt: skip
    _index(table, "to_task_id")
    table = "pm_attachments"
    op.create_table(
        table, _id(), _ref("task_id", nullable=False), _name("file_name"), *_texts("content_type"),
        _number("size_bytes"), *_texts("description"), _ref("author_id"), _created(),
        sa.Column("content", sa.LargeBinary, nullable=False), _pk(table),
        _fk(table, "task_id", "pm_tasks"), _fk(table, "author_id", "pm_users"),
    )  # fmt: skip
    _index(table, "task_id", "id")
    _index(table, "author_id")
    table = "pm_time_entries"
    op.create_table(
        table, _id(), _ref("task_id", nullable=False), sa.Column("hours", sa.Double, nullable=False),
        sa.Column("spent_on", sa.Date, nullable=False), _ref("user_id"), *_texts("comment", "activity"),
        _created(), _updated(), _pk(table),
        _fk(table, "task_id", "pm_tasks"), _fk(table, "user_id", "pm_users"),
    )  # fmt: skip
    for columns in (("user_id",), ("task_id", "spent_on", "id"), ("spent_on", "id")):
        _index(table, *columns)


def _changes() -> None:
    table = "pm_tombstones"
    op.create_table(
        table, _ref("project_id", nullable=False), _ref("task_id", nullable=False),
        _number("change_tx"), _number("change_no"), _pk(table, "project_id", "task_id"),
    )  # fmt: skip
    _index(table, "project_id", "change_tx", "change_no", "task_id")
    counters = op.create_table(
        "pm_counters", sa.Column("name", sa.String(40), nullable=False), _number("value"),
        _pk("pm_counters", "name"),
    )  # fmt: skip
    op.bulk_insert(counters, [{"name": "changes", "value": 0}])
