"""SQL of tasks: lists, single tasks, creation in bulk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    Table,
    literal,
    select,
    union_all,
)

from pm_providers.collector import collector_paused
from pm_providers.contract import Fields, TaskQuery
from pm_providers.database.ids import new_ids
from pm_providers.database.schema import projects, task_assignees, task_labels, tasks
from pm_providers.database.types import instant_text
from pm_providers.errors import ValidationError
from pm_providers.model import Entity, PMTask, ProjectStatus
from pm_providers.providers.internal import client
from pm_providers.providers.internal.client import Caller, among
from pm_providers.providers.internal.mapping import (
    CLOSED,
    DEFAULT_STATUS,
    TASK_COLUMNS,
    encode_custom,
    to_tasks,
    unified,
)
from pm_providers.providers.internal.references import References, gather
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
    lists = _lists(conn, [row[0] for row in rows])
    with collector_paused():
        return to_tasks(rows, *lists, keep_raw=keep_raw, as_text=conn.dialect.name == "sqlite")


_LISTS = ((task_assignees, "user_id"), (task_labels, "label_id"))


def _lists(conn: Connection, ids: Sequence[str]) -> list[dict[str, list[str]]]:
    """Task id -> linked ids in order, for tasks that have some: users, then labels.

    Tasks of a page mostly follow each other, so the links between the first and the last are read, with those
    of a few strangers; where the strangers are many, only the links of these very tasks.

    Args:
        conn: connection.
        ids: ids of tasks, in order.
    """
    most = 4 * len(ids) + 100
    rows = client.driver_rows(conn, _links(lambda task_id: task_id.between(ids[0], ids[-1])).limit(most))
    if len(rows) == most:
        rows = client.driver_rows(conn, _links(lambda task_id: among(conn, task_id, ids)))
    found: list[dict[str, list[str]]] = [{}, {}]
    for side, task_id, _position, linked in sorted(map(tuple, rows)):
        found[side].setdefault(task_id, []).append(linked)
    return found


def _links(chosen: Callable[[Column[str]], ColumnElement[bool]]) -> CompoundSelect[Any]:
    """Side, task, position and linked id of the chosen tasks' links, in no order."""
    return union_all(*(
        select(literal(side), table.c.task_id, table.c.position, table.c[column])
        .where(chosen(table.c.task_id))
        for side, (table, column) in enumerate(_LISTS)
    ))  # fmt: skip


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
    with collector_paused():
        new = _new_tasks(
            drafts, known, author, instant_text(at.now) if conn.dialect.name == "sqlite" else at.now
        )
        change = (at.tx, at.no)
        rows = [row + change for row in new.rows]
    if rows:
        client.bulk_insert(conn, tasks, (*TASK_COLUMNS, "change_tx", "change_no"), rows)
    for (table, column), linked in zip(_LISTS, (new.assignees, new.labels), strict=True):
        link(conn, table, column, linked)
    return new


def _new_tasks(
    drafts: Sequence[Fields], known: References, author: str | None, now: datetime | str
) -> NewTasks:
    new = NewTasks()
    for index, (fields, task_id) in enumerate(zip(drafts, new_ids(len(drafts)), strict=True)):
        if problems := known.problems(fields, fields["project_id"]):
            new.errors[index] = ValidationError(fields=problems)
            continue
        new.rows.append(_new_row(fields, task_id, author, now))
        if "assignee_ids" in fields or "assignee_id" in fields:
            new.assignees[task_id] = fields.get("assignee_ids") or [fields["assignee_id"]]
        if "label_ids" in fields:
            new.labels[task_id] = fields["label_ids"]
    return new


def _with_project_ids(conn: Connection, drafts: Sequence[Fields]) -> Sequence[Fields]:
    given = {one["project_id"] for one in drafts}
    ids = {key: client.project_id_of(conn, key) or key for key in given if not client.is_id(key)}
    if not ids:
        return drafts
    return [{**one, "project_id": ids.get(one["project_id"], one["project_id"])} for one in drafts]


def _new_row(fields: Fields, task_id: str, author_id: str | None, now: datetime | str) -> tuple[Any, ...]:
    """Values of `TASK_COLUMNS` as the driver takes them: `now` as text means all dates are.

    Runs once per task of every batch, hence written out.
    """
    get = fields.get
    status = get("status") or DEFAULT_STATUS[Entity.TASK]
    start, due, custom = get("start_date"), get("due_date"), get("custom_fields")
    if isinstance(now, str):
        start, due = start and start.isoformat(), due and due.isoformat()
    return (
        task_id, fields["title"], get("description"), status, get("priority"), fields["project_id"],
        get("parent_task_id"), get("estimated_hours"), get("actual_hours"), None, due, get("type"), start,
        get("sprint_id"), author_id, get("progress"), get("remaining_hours"), get("story_points"), now, now,
        now if status in CLOSED else None, 1, encode_custom(custom) if custom else None,
    )  # fmt: skip


def link(conn: Connection, table: Table, column: str, linked: dict[str, list[str]]) -> None:
    """Insert the links of tasks to users or labels."""
    rows = [(task_id, one, place) for task_id, ids in linked.items() for place, one in enumerate(ids)]
    if rows:
        client.bulk_insert(conn, table, ("task_id", column, "position"), rows)
