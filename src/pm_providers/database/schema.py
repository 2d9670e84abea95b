"""All tables. Statements are built on these; the migrations create them (a test compares both).

Users may rely on `pm_provider_connections` and `project_sync_mappings` by name. All other tables belong to
the internal provider.

Change numbers: a task (and a tombstone of one that left its project) carries `change_tx` and `change_no`.
On PostgreSQL `change_tx` is the id of the transaction that wrote it, because numbers of a sequence become
visible out of order; on SQLite, where writers take turns, it is 0 and `change_no` comes from `pm_counters`.
All rows of one operation share the numbers, and follow each other by id.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from pm_providers.database.types import Identifier, Instant, JsonObject

__all__ = [
    "attachments",
    "checklist_items",
    "checklists",
    "comments",
    "connections",
    "counters",
    "labels",
    "mappings",
    "metadata",
    "projects",
    "rate_gates",
    "relations",
    "sprints",
    "task_assignees",
    "task_labels",
    "tasks",
    "time_entries",
    "tombstones",
    "users",
]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[str]:
    return Column("id", Identifier(), primary_key=True)


def _ref(name: str, target: str, *, nullable: bool = True, index: bool = False) -> Column[str]:
    key = ForeignKey(f"{target}.id")
    return Column(name, Identifier(), key, nullable=nullable, index=index)


def _times() -> tuple[Column[object], Column[object]]:
    return Column("created_at", Instant(), nullable=False), Column("updated_at", Instant(), nullable=False)


def _version() -> Column[int]:
    return Column("version", Integer, nullable=False)


users = Table(
    "pm_users",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("username", Text),
    Column("username_folded", Text, unique=True),
    Column("avatar_url", Text),
    *_times(),
    Column("custom_fields", Text),
)

projects = Table(
    "pm_projects",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("status", String(20), nullable=False),
    Column("priority", String(20)),
    Column("start_date", Date),
    Column("end_date", Date),
    _ref("owner_id", "pm_users", index=True),
    Column("key", Text),
    Column("key_folded", Text, unique=True),
    Column("status_note", Text),
    _ref("parent_project_id", "pm_projects", index=True),
    Column("is_public", Boolean),
    *_times(),
    _version(),
    Column("custom_fields", Text),
)

sprints = Table(
    "pm_sprints",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    _ref("project_id", "pm_projects", nullable=False),
    Column("start_date", Date),
    Column("end_date", Date),
    Column("status", String(20), nullable=False),
    Column("capacity_hours", Double),
    Column("planned_hours", Double),
    Column("goal", Text),
    *_times(),
    _version(),
    Column("custom_fields", Text),
    Index(None, "project_id", "id"),
)

tasks = Table(
    "pm_tasks",
    metadata,
    _id(),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("status", String(20), nullable=False),
    Column("priority", String(20)),
    _ref("project_id", "pm_projects", nullable=False),
    _ref("parent_task_id", "pm_tasks", index=True),
    Column("estimated_hours", Double),
    Column("actual_hours", Double),
    Column("logged_hours", Double),
    Column("due_date", Date),
    Column("type", Text),
    Column("start_date", Date),
    _ref("sprint_id", "pm_sprints", index=True),
    _ref("author_id", "pm_users", index=True),
    Column("progress", Integer),
    Column("remaining_hours", Double),
    Column("story_points", Double),
    *_times(),
    Column("completed_at", Instant()),
    _version(),
    Column("custom_fields", Text),
    Column("change_tx", BigInteger, nullable=False),
    Column("change_no", BigInteger, nullable=False),
    Index(None, "project_id", "id"),
    Index(None, "project_id", "change_tx", "change_no", "id"),
)

task_assignees = Table(
    "pm_task_assignees",
    metadata,
    Column("task_id", Identifier(), ForeignKey("pm_tasks.id"), primary_key=True),
    Column("user_id", Identifier(), ForeignKey("pm_users.id"), primary_key=True, index=True),
    Column("position", Integer, nullable=False),
)

labels = Table(
    "pm_labels",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("name_folded", Text, nullable=False),
    _ref("project_id", "pm_projects"),
    Column("scope", Identifier(), nullable=False),  # the project's id, "" for labels of the whole system
    Column("color", Text),
    UniqueConstraint("scope", "name_folded"),
)

task_labels = Table(
    "pm_task_labels",
    metadata,
    Column("task_id", Identifier(), ForeignKey("pm_tasks.id"), primary_key=True),
    Column("label_id", Identifier(), ForeignKey("pm_labels.id"), primary_key=True, index=True),
    Column("position", Integer, nullable=False),
)

comments = Table(
    "pm_comments",
    metadata,
    _id(),
    _ref("task_id", "pm_tasks", nullable=False),
    Column("body", Text, nullable=False),
    _ref("author_id", "pm_users", index=True),
    Column("is_internal", Boolean),
    *_times(),
    Index(None, "task_id", "id"),
)

relations = Table(
    "pm_relations",
    metadata,
    _id(),
    _ref("from_task_id", "pm_tasks", nullable=False),
    _ref("to_task_id", "pm_tasks", nullable=False, index=True),
    Column("type", String(20), nullable=False),
    Column("lag_days", BigInteger),
    Column("description", Text),
    UniqueConstraint("from_task_id", "to_task_id", "type"),
)

attachments = Table(
    "pm_attachments",
    metadata,
    _id(),
    _ref("task_id", "pm_tasks", nullable=False),
    Column("file_name", Text, nullable=False),
    Column("content_type", Text),
    Column("size_bytes", BigInteger, nullable=False),
    Column("description", Text),
    _ref("author_id", "pm_users", index=True),
    Column("created_at", Instant(), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Index(None, "task_id", "id"),
)

time_entries = Table(
    "pm_time_entries",
    metadata,
    _id(),
    _ref("task_id", "pm_tasks", nullable=False),
    Column("hours", Double, nullable=False),
    Column("spent_on", Date, nullable=False),
    _ref("user_id", "pm_users", index=True),
    Column("comment", Text),
    Column("activity", Text),
    *_times(),
    Index(None, "task_id", "spent_on", "id"),
    Index(None, "spent_on", "id"),
)

checklists = Table(
    "pm_checklists",
    metadata,
    _id(),
    _ref("task_id", "pm_tasks", nullable=False),
    Column("name", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Index(None, "task_id", "position", "id"),
)

checklist_items = Table(
    "pm_checklist_items",
    metadata,
    _id(),
    _ref("checklist_id", "pm_checklists", nullable=False),
    _ref("parent_id", "pm_checklist_items", index=True),
    Column("title", Text, nullable=False),
    Column("is_done", Boolean, nullable=False),
    _ref("assignee_id", "pm_users", index=True),
    Column("due_date", Date),
    Column("position", Integer, nullable=False),
    Index(None, "checklist_id", "position", "id"),
)

tombstones = Table(
    "pm_tombstones",
    metadata,
    Column("project_id", Identifier(), primary_key=True),
    Column("task_id", Identifier(), primary_key=True),
    Column("change_tx", BigInteger, nullable=False),
    Column("change_no", BigInteger, nullable=False),
    Index(None, "project_id", "change_tx", "change_no", "task_id"),
)

counters = Table(
    "pm_counters",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

connections = Table(
    "pm_provider_connections",
    metadata,
    _id(),
    Column("name", String(200), nullable=False, unique=True),
    Column("provider_type", String(100), nullable=False),
    Column("base_url", Text),
    Column("api_key", Text),
    Column("api_token", Text),
    Column("username", Text),
    Column("organization_id", Text),
    Column("project_key", Text),
    Column("workspace_id", Text),
    Column("additional_config", JsonObject(), nullable=False),
    *_times(),
)

mappings = Table(
    "project_sync_mappings",
    metadata,
    _id(),
    Column("internal_project_id", Identifier(), nullable=False, index=True),
    Column(
        "provider_connection_id",
        Identifier(),
        ForeignKey("pm_provider_connections.id"),
        nullable=False,
    ),
    Column("external_project_id", String(500), nullable=False),
    Column("sync_enabled", Boolean, nullable=False),
    Column("last_sync_at", Instant()),
    Column("sync_config", JsonObject(), nullable=False),
    *_times(),
    UniqueConstraint(
        "provider_connection_id", "external_project_id", name="uq_project_sync_mappings_external"
    ),
)

rate_gates = Table(
    "pm_rate_gates",
    metadata,
    Column("key", String(500), primary_key=True),
    Column("tat", Double, nullable=False),
    Column("sent", JsonObject()),
)
