"""SQL of tasks: lists, single tasks, creation in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, insert, select

from pm_providers.contract import Fields, TaskQuery
from pm_providers.database.schema import projects, task_assignees, task_labels, tasks
from pm_providers.errors import ValidationError
from pm_providers.model import Entity, PMTask, ProjectStatus
from pm_providers.providers.internal import client
from pm_providers.providers.internal.client import Caller, Row, Stamp, chunks
from pm_providers.providers.internal.mapping import (
    CLOSED,
    DEFAULT_STATUS,
    TASK_COLUMNS,
    encode_custom,
    to_tasks,
    unified,
)
from pm_providers.providers.internal.references import gather
from pm_providers.providers.internal.searching import matches

__all__ = ["DIRECT", "NewTasks", "create_all", "get_tasks", "link", "page"]

_COLUMNS = [tasks.c[name] for name in TASK_COLUMNS]
DIRECT = frozenset(TASK_COLUMNS) - {"custom_fields", "status"}
"""Columns that hold a field of the same name as it is."""
_EMPTY: Row = dict.fromkeys(TASK_COLUMNS)


# reading


def page(conn: Connection, query: TaskQuery, after: str, size: int, *, keep_raw: bool) -> list[PMTask]:
    """Tasks that fit, in the order of creation, after an id.

    Raises:
        NotFoundError: the project of the query does not exist.
        ValidationError: unknown status.
    """
    ids = (
        select(tasks.c.id)
        .where(*conditions(conn, query), tasks.c.id > after)
        .order_by(tasks.c.id)
        .limit(size)
    )
    return _read(conn, ids, keep_raw=keep_raw)


def conditions(conn: Connection, query: TaskQuery) -> list[ColumnElement[bool]]:
    """Conditions of a query."""
    found: list[ColumnElement[bool]] = []
    if query.project_id is not None:
        found.append(tasks.c.project_id == client.require_project(conn, query.project_id))
    elif not query.include_archived:
        archived = select(projects.c.id).where(projects.c.status == ProjectStatus.ARCHIVED.value)
        found.append(tasks.c.project_id.not_in(archived))
    if query.assignee_id is not None:
        mine = select(task_assignees.c.task_id).where(task_assignees.c.user_id == query.assignee_id)
        found.append(tasks.c.id.in_(mine))
    if query.sprint_id is not None:
        found.append(tasks.c.sprint_id == query.sprint_id)
    if query.status is not None:
        found.append(tasks.c.status == unified(Entity.TASK, "status", query.status))
    if query.updated_since is not None:
        found.append(tasks.c.updated_at >= query.updated_since)
    if query.text is not None:
        found += matches(conn, query.text)
    return found


def get_tasks(conn: Connection, ids: Sequence[str], *, keep_raw: bool) -> list[PMTask]:
    """Those of the tasks that exist, in the order of creation."""
    found: list[PMTask] = []
    for part in chunks(ids):
        found += _read(conn, select(tasks.c.id).where(tasks.c.id.in_(part)), keep_raw=keep_raw)
    return found


def _read(conn: Connection, ids: Select[Any], *, keep_raw: bool) -> list[PMTask]:
    chosen = ids.subquery("chosen")
    statement = select(*_COLUMNS).join(chosen, chosen.c.id == tasks.c.id).order_by(tasks.c.id)
    rows = conn.execute(statement).all()
    if not rows:
        return []
    lists = [_lists(conn, table, column, ids) for table, column in _LISTS]
    return to_tasks(rows, *lists, keep_raw=keep_raw)


_LISTS = ((task_assignees, "user_id"), (task_labels, "label_id"))


def _lists(conn: Connection, table: Any, column: str, ids: Select[Any]) -> dict[str, list[str]]:
    """Task id -> linked ids in order, for tasks that have some."""
    chosen = ids.subquery("chosen")
    statement = (
        select(table.c.task_id, table.c[column])
        .join(chosen, chosen.c.id == table.c.task_id)
        .order_by(table.c.task_id, table.c.position)
    )
    found: dict[str, list[str]] = {}
    for task_id, linked in conn.execute(statement):
        found.setdefault(task_id, []).append(linked)
    return found


# creating


@dataclass(slots=True)
class NewTasks:
    """Rows of new tasks, ready to insert.

    Attributes:
        rows: task rows.
        assignees: task id -> user ids.
        labels: task id -> label ids.
        errors: place in the input -> why that one is not among them.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    assignees: dict[str, list[str]] = field(default_factory=dict)
    labels: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[int, ValidationError] = field(default_factory=dict)


def create_all(conn: Connection, drafts: Sequence[Fields], caller: Caller) -> NewTasks:
    """Insert checked drafts in few statements; those with bad references are left out.

    `project_id` may be a key.
    """
    drafts = _with_project_ids(conn, drafts)
    known = gather(conn, drafts)
    author = client.author_id(conn, caller)
    at = client.stamp(conn)
    new = NewTasks()
    for index, (fields, task_id) in enumerate(zip(drafts, client.new_ids(len(drafts)), strict=True)):
        problems = known.problems(fields, fields["project_id"])
        if problems:
            new.errors[index] = ValidationError(fields=problems)
            continue
        new.rows.append(_new_row(fields, task_id, author, at))
        users = fields.get("assignee_ids") or ([fields["assignee_id"]] if fields.get("assignee_id") else None)
        if users:
            new.assignees[task_id] = users
        if fields.get("label_ids"):
            new.labels[task_id] = fields["label_ids"]
    _insert(conn, new)
    return new


def _with_project_ids(conn: Connection, drafts: Sequence[Fields]) -> list[Fields]:
    keys = {one["project_id"] for one in drafts if not client.is_id(one["project_id"])}
    ids = {key: client.project_id_of(conn, key) or key for key in keys}
    return (
        [{**one, "project_id": ids.get(one["project_id"], one["project_id"])} for one in drafts]
        if ids
        else [*drafts]
    )


def _new_row(fields: Fields, task_id: str, author_id: str | None, at: Stamp) -> dict[str, Any]:
    row = {
        **_EMPTY, "id": task_id, "author_id": author_id, "created_at": at.now, "version": 1, **at.change
    }  # fmt: skip
    row |= {name: value for name, value in fields.items() if name in DIRECT}
    status = row["status"] = fields.get("status") or DEFAULT_STATUS[Entity.TASK]
    if status in CLOSED:
        row["completed_at"] = at.now
    if "custom_fields" in fields:
        row["custom_fields"] = encode_custom(fields["custom_fields"])
    return row


def _insert(conn: Connection, new: NewTasks) -> None:
    if new.rows:
        conn.execute(insert(tasks), new.rows)
    for (table, column), linked in zip(_LISTS, (new.assignees, new.labels), strict=True):
        link(conn, table, column, linked)


def link(conn: Connection, table: Any, column: str, linked: dict[str, list[str]]) -> None:
    """Insert the links of tasks to users or labels."""
    rows = [
        {"task_id": task_id, column: one, "position": position}
        for task_id, ids in linked.items()
        for position, one in enumerate(ids)
    ]
    if rows:
        conn.execute(insert(table), rows)
