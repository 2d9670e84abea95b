"""SQL of tasks: lists, single tasks, creation in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, select

from pm_providers.contract import Fields, TaskQuery
from pm_providers.database.ids import new_ids
from pm_providers.database.schema import projects, task_assignees, task_labels, tasks
from pm_providers.database.types import instant_text
from pm_providers.errors import ValidationError
from pm_providers.model import Entity, PMTask, ProjectStatus
from pm_providers.providers.internal import client
from pm_providers.providers.internal.client import Caller, Stamp, among
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


# reading


def page(conn: Connection, query: TaskQuery, after: str, size: int, *, keep_raw: bool) -> list[PMTask]:
    """Tasks that fit, in the order of creation, after an id.

    Raises:
        NotFoundError: the project of the query does not exist.
        ValidationError: unknown status.
    """
    statement = select(*_COLUMNS).where(*conditions(conn, query), tasks.c.id > after)
    return _read(conn, statement.order_by(tasks.c.id).limit(size), keep_raw=keep_raw)


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
    statement = select(*_COLUMNS).where(among(conn, tasks.c.id, ids)).order_by(tasks.c.id)
    return _read(conn, statement, keep_raw=keep_raw)


def _read(conn: Connection, statement: Select[Any], *, keep_raw: bool) -> list[PMTask]:
    rows = client.driver_rows(conn, statement)
    if not rows:
        return []
    ids = [row[0] for row in rows]
    lists = [_lists(conn, table, column, ids) for table, column in _LISTS]
    return to_tasks(rows, *lists, keep_raw=keep_raw, as_text=conn.dialect.name == "sqlite")


_LISTS = ((task_assignees, "user_id"), (task_labels, "label_id"))


def _lists(conn: Connection, table: Table, column: str, ids: Sequence[str]) -> dict[str, list[str]]:
    """Task id -> linked ids in order, for tasks that have some."""
    statement = select(table.c.task_id, table.c[column]).where(among(conn, table.c.task_id, ids))
    found: dict[str, list[str]] = {}
    for task_id, linked in client.driver_rows(conn, statement.order_by(table.c.task_id, table.c.position)):
        found.setdefault(task_id, []).append(linked)
    return found


# creating


@dataclass(slots=True)
class NewTasks:
    """New tasks as inserted.

    Attributes:
        rows: values of `TASK_COLUMNS`.
        assignees: task id -> user ids.
        labels: task id -> label ids.
        errors: place in the input -> why that one is not among them.
    """

    rows: list[tuple[Any, ...]] = field(default_factory=list)
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
    for index, (fields, task_id) in enumerate(zip(drafts, new_ids(len(drafts)), strict=True)):
        problems = known.problems(fields, fields["project_id"])
        if problems:
            new.errors[index] = ValidationError(fields=problems)
            continue
        new.rows.append(_new_row(fields, task_id, author, at.now))
        if "assignee_ids" in fields or "assignee_id" in fields:
            new.assignees[task_id] = fields.get("assignee_ids") or [fields["assignee_id"]]
        if "label_ids" in fields:
            new.labels[task_id] = fields["label_ids"]
    _insert(conn, new, at)
    return new


def _with_project_ids(conn: Connection, drafts: Sequence[Fields]) -> Sequence[Fields]:
    given = {one["project_id"] for one in drafts}
    ids = {key: client.project_id_of(conn, key) or key for key in given if not client.is_id(key)}
    if not ids:
        return drafts
    return [{**one, "project_id": ids.get(one["project_id"], one["project_id"])} for one in drafts]


def _new_row(fields: Fields, task_id: str, author_id: str | None, now: datetime) -> tuple[Any, ...]:
    """Values of `TASK_COLUMNS`. Runs once per task of every batch, hence written out."""
    get = fields.get
    status = get("status") or DEFAULT_STATUS[Entity.TASK]
    custom = get("custom_fields")
    return (
        task_id, fields["title"], get("description"), status, get("priority"), fields["project_id"],
        get("parent_task_id"), get("estimated_hours"), get("actual_hours"), None, get("due_date"),
        get("type"), get("start_date"), get("sprint_id"), author_id, get("progress"), get("remaining_hours"),
        get("story_points"), now, now, now if status in CLOSED else None, 1,
        encode_custom(custom) if custom else None,
    )  # fmt: skip


def _insert(conn: Connection, new: NewTasks, at: Stamp) -> None:
    change = (at.tx, at.no)
    if conn.dialect.name == "sqlite":
        rows = _as_text(new.rows, at.now, change)
    else:
        rows = [row + change for row in new.rows]
    if rows:
        client.bulk_insert(conn, tasks, (*TASK_COLUMNS, "change_tx", "change_no"), rows)
    for (table, column), linked in zip(_LISTS, (new.assignees, new.labels), strict=True):
        link(conn, table, column, linked)


def _as_text(
    rows: Sequence[tuple[Any, ...]], now: datetime, change: tuple[int, int]
) -> list[tuple[Any, ...]]:
    """Rows with dates and instants as SQLite stores them. All instants of new rows are `now`."""
    instant = instant_text(now)
    found = []
    for row in rows:
        due, start, completed = row[_DUE], row[_START], row[_COMPLETED]
        found.append((
            *row[:_DUE], due and due.isoformat(), row[_DUE + 1], start and start.isoformat(),
            *row[_START + 1 : _CREATED], instant, instant, completed and instant, *row[_COMPLETED + 1 :],
            *change,
        ))  # fmt: skip
    return found


_DUE, _START, _CREATED, _COMPLETED = map(
    TASK_COLUMNS.index, ("due_date", "start_date", "created_at", "completed_at")
)


def link(conn: Connection, table: Table, column: str, linked: dict[str, list[str]]) -> None:
    """Insert the links of tasks to users or labels."""
    rows = [(task_id, one, place) for task_id, ids in linked.items() for place, one in enumerate(ids)]
    if rows:
        client.bulk_insert(conn, table, ("task_id", column, "position"), rows)
