"""SQL of tasks: lists, single tasks, creation in bulk, moves, deletion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, insert, or_, select, update

from pm_providers.contract import Fields, TaskQuery
from pm_providers.database.schema import (
    attachments,
    comments,
    labels,
    projects,
    relations,
    task_assignees,
    task_labels,
    tasks,
    time_entries,
)
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.model import Entity, PMTask, ProjectStatus, WriteWarning
from pm_providers.providers.internal import client
from pm_providers.providers.internal.client import Caller, Row, Stamp, chunks
from pm_providers.providers.internal.mapping import (
    CLOSED,
    DEFAULT_STATUS,
    TASK_COLUMNS,
    encode_custom,
    merge_custom,
    to_tasks,
    unified,
)
from pm_providers.providers.internal.references import gather, refuse_circle
from pm_providers.providers.internal.searching import matches
from pm_providers.providers.internal.touch import bury, revive

__all__ = ["NewTasks", "create_all", "delete_all", "get_tasks", "page", "update_one"]

_COLUMNS = [tasks.c[name] for name in TASK_COLUMNS]
_DIRECT = frozenset(TASK_COLUMNS) - {"custom_fields", "status"}
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
    author = client.current_user(conn, caller)
    at = client.stamp(conn)
    new = NewTasks()
    for index, (fields, task_id) in enumerate(zip(drafts, client.new_ids(len(drafts)), strict=True)):
        problems = known.problems(fields, fields["project_id"])
        if problems:
            new.errors[index] = ValidationError(fields=problems)
            continue
        new.rows.append(_new_row(fields, task_id, author and author["id"], at))
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
    for name, value in fields.items():
        if name in _DIRECT:
            row[name] = value
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


# changing


def update_one(
    conn: Connection, task_id: str, fields: Fields, expected_version: str | None, *, keep_raw: bool
) -> PMTask:
    """Apply a checked patch; the task as stored, with a warning for what a move took from it.

    Raises:
        NotFoundError: no such task.
        ConflictError: `expected_version` is stale.
        ValidationError: a reference dangles, belongs to another project or closes a circle; dates out of order.
    """
    if fields.get("parent_task_id") is not None or "project_id" in fields:
        client.lock_hierarchy(conn)
    row = client.get_row(conn, tasks, task_id, lock=True)
    if row is None:
        raise NotFoundError(f"no task {task_id[:60]!r}")
    client.require_version(row, expected_version)
    patch = _Patch(conn, row, dict(fields))
    patch.apply()
    stored = get_tasks(conn, [task_id], keep_raw=keep_raw)[0]
    stored.warnings = tuple(patch.warnings)
    return stored


class _Patch:
    """One patch on one task."""

    def __init__(self, conn: Connection, row: Row, fields: Fields) -> None:
        self.conn, self.row, self.fields = conn, row, fields
        self.task_id: str = row["id"]
        self.project_id: str = fields.get("project_id") or row["project_id"]
        self.moves = self.project_id != row["project_id"]
        self.at = client.stamp(conn)
        self.warnings: list[WriteWarning] = []

    def apply(self) -> None:
        self._check()
        links = self._links()
        if self.moves:
            self._leave(links)
        values = self._values()
        for (table, column), (old, new) in links.items():
            if old != new:
                self.conn.execute(delete(_TABLES[table]).where(_TABLES[table].c.task_id == self.task_id))
                link(self.conn, _TABLES[table], column, {self.task_id: new})
                values["change_no"] = self.at.no  # differs always: the row counts as changed
        if any(self.row[name] != value for name, value in values.items()):
            client.update_row(self.conn, tasks, self.row, values | self.at.change, self.at.now)
        if self.moves:
            _move_below(self.conn, self.task_id, self.row["project_id"], self.project_id, self.at)

    def _check(self) -> None:
        known = gather(self.conn, [{**self.fields, "project_id": self.project_id}])
        problems = known.problems(self.fields, self.project_id)
        first, last = (self.fields.get(name, self.row[name]) for name in ("start_date", "due_date"))
        if first is not None and last is not None and first > last:
            name = "due_date" if "due_date" in self.fields else "start_date"
            problems.setdefault(name, f"the end {last} would be before the start {first}")
        if problems:
            raise ValidationError(fields=problems)
        if self.fields.get("parent_task_id") is not None:
            refuse_circle(self.conn, self.task_id, self.fields["parent_task_id"])

    def _links(self) -> dict[tuple[str, str], tuple[list[str], list[str]]]:
        """(table, column) -> ids now and after, of the lists that the patch or a move concerns."""
        found = {}
        if self.fields.keys() & {"assignee_id", "assignee_ids"}:
            now = _linked(self.conn, task_assignees, "user_id", self.task_id)
            found["assignees", "user_id"] = (now, self._assignees(now))
        if "label_ids" in self.fields or self.moves:
            now = _linked(self.conn, task_labels, "label_id", self.task_id)
            found["labels", "label_id"] = (now, self.fields.get("label_ids", now))
        return found

    def _assignees(self, now: list[str]) -> list[str]:
        if "assignee_ids" in self.fields:
            return list(self.fields["assignee_ids"])
        first = self.fields["assignee_id"]
        return ([first] if first else []) + [one for one in now[1:] if one != first]

    def _leave(self, links: dict[tuple[str, str], tuple[list[str], list[str]]]) -> None:
        """Drop what belongs to the old project, unless the patch sets it anew."""
        for name in ("parent_task_id", "sprint_id"):
            if self.row[name] is not None and name not in self.fields:
                self.fields[name] = None
                self._warn(name, self.row[name], None)
        now, new = links["labels", "label_id"]
        if "label_ids" not in self.fields and now:
            general = select(labels.c.id).where(labels.c.id.in_(now), labels.c.project_id.is_(None))
            stay = set(self.conn.scalars(general))
            new = [one for one in now if one in stay]
            links["labels", "label_id"] = (now, new)
            if new != now:
                self._warn("label_ids", now, new)

    def _warn(self, name: str, before: Any, after: Any) -> None:
        self.warnings.append(
            WriteWarning(name, before, after, "it belongs to the project that the task left")
        )

    def _values(self) -> dict[str, Any]:
        values = {name: value for name, value in self.fields.items() if name in _DIRECT}
        if "status" in self.fields:
            values["status"] = self.fields["status"] or DEFAULT_STATUS[Entity.TASK]
            was, is_closed = self.row["status"] in CLOSED, values["status"] in CLOSED
            if was != is_closed:
                values["completed_at"] = self.at.now if is_closed else None
        if "custom_fields" in self.fields:
            values["custom_fields"] = merge_custom(self.row["custom_fields"], self.fields["custom_fields"])
        return values


_TABLES = {"assignees": task_assignees, "labels": task_labels}


def _linked(conn: Connection, table: Any, column: str, task_id: str) -> list[str]:
    statement = select(table.c[column]).where(table.c.task_id == task_id).order_by(table.c.position)
    return list(conn.scalars(statement))


def _subtree(conn: Connection, task_id: str) -> list[str]:
    """Ids of the tasks below a task."""
    below = select(tasks.c.id).where(tasks.c.parent_task_id == task_id).cte("below", recursive=True)
    below = below.union(select(tasks.c.id).where(tasks.c.parent_task_id == below.c.id))
    return list(conn.scalars(select(below.c.id)))


def _move_below(conn: Connection, task_id: str, old: str, new: str, at: Stamp) -> None:
    """Take the subtasks along, and say so to the readers of both projects."""
    below = _locked_subtree(conn, task_id)
    own_labels = select(labels.c.id).where(labels.c.project_id == old).scalar_subquery()
    for part in chunks(below):
        conn.execute(
            delete(task_labels).where(task_labels.c.task_id.in_(part), task_labels.c.label_id.in_(own_labels))
        )
        values = {**at.change, "project_id": new, "sprint_id": None, "version": tasks.c.version + 1}
        conn.execute(update(tasks).where(tasks.c.id.in_(part)).values(**values))
    bury(conn, old, [task_id, *below], at)
    revive(conn, new, [task_id, *below])


def _locked_subtree(conn: Connection, task_id: str) -> list[str]:
    """Ids below a task, such that nobody adds to them meanwhile: a new subtask needs its parent unchanged."""
    below = _subtree(conn, task_id)
    while conn.dialect.name == "postgresql":
        for part in chunks(below):
            conn.execute(select(tasks.c.id).where(tasks.c.id.in_(part)).with_for_update(key_share=True))
        again = _subtree(conn, task_id)
        if set(again) <= set(below):
            return again
        below = again
    return below


# deleting


def delete_all(conn: Connection, task_ids: Sequence[str]) -> list[bool]:
    """Delete tasks with their subtasks and all that stands on them; for each whether it existed.

    They go one after the other: a task that went with an earlier one did not exist any more.
    """
    doomed: dict[str, str] = {}
    existed = []
    present: dict[str, str] = {}
    for part in chunks(list(dict.fromkeys(task_ids))):
        rows = conn.execute(select(tasks.c.id, tasks.c.project_id).where(tasks.c.id.in_(part)))
        present.update((row[0], row[1]) for row in rows)
    parents = _with_children(conn, list(present))
    for task_id in task_ids:
        exists = task_id in present and task_id not in doomed
        existed.append(exists)
        if exists:
            doomed[task_id] = present[task_id]
            if task_id in parents:
                doomed.update(dict.fromkeys(_subtree(conn, task_id), present[task_id]))
    _delete_rows(conn, doomed)
    return existed


def _with_children(conn: Connection, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for part in chunks(ids):
        found.update(conn.scalars(select(tasks.c.parent_task_id).where(tasks.c.parent_task_id.in_(part))))
    return found


def _delete_rows(conn: Connection, doomed: dict[str, str]) -> None:
    ids = list(doomed)
    if not ids:
        return
    for part in chunks(ids):
        for table in (comments, attachments, time_entries, task_assignees, task_labels):
            conn.execute(delete(table).where(table.c.task_id.in_(part)))
        conn.execute(
            delete(relations).where(or_(relations.c.from_task_id.in_(part), relations.c.to_task_id.in_(part)))
        )
        conn.execute(update(tasks).where(tasks.c.id.in_(part)).values(parent_task_id=None))
    for part in chunks(ids):
        conn.execute(delete(tasks).where(tasks.c.id.in_(part)))
    at = client.stamp(conn)
    for project_id in dict.fromkeys(doomed.values()):
        bury(conn, project_id, [one for one in ids if doomed[one] == project_id], at)
