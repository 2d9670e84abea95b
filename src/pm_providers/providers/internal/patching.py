"""SQL of changes to one task, and of its move to another project."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select, update

from pm_providers.contract import Fields
from pm_providers.database.schema import labels, task_assignees, task_labels, tasks
from pm_providers.errors import ConflictError, NotFoundError, ValidationError
from pm_providers.model import Entity, PMTask, WriteWarning
from pm_providers.providers.internal import client
from pm_providers.providers.internal.client import Row, Stamp, among
from pm_providers.providers.internal.hierarchy import locked_subtree, refuse_circle
from pm_providers.providers.internal.mapping import CLOSED, DEFAULT_STATUS, merge_custom
from pm_providers.providers.internal.references import gather
from pm_providers.providers.internal.tasks import DIRECT, get_tasks, link
from pm_providers.providers.internal.touch import bury, revive

__all__ = ["update_one"]


def update_one(
    conn: Connection, task_id: str, fields: Fields, expected_version: str | None, *, keep_raw: bool
) -> PMTask:
    """Apply a checked patch; the task as stored, with a warning for what a move took from it.

    Raises:
        NotFoundError: no such task.
        ConflictError: `expected_version` is stale.
        ValidationError: a reference dangles, belongs to another project or closes a circle; or dates are
            out of order.
    """
    row = _locked_row(conn, task_id, fields)
    client.require_version(row, expected_version)
    patch = _Patch(conn, row, dict(fields))
    patch.apply()
    stored = get_tasks(conn, [task_id], keep_raw=keep_raw)[0]
    stored.warnings = tuple(patch.warnings)
    return stored


def _locked_row(conn: Connection, task_id: str, fields: Fields) -> Row:
    """The task, locked, with the hierarchies that the patch changes."""
    hierarchies: tuple[str, ...] = ()
    if fields.get("parent_task_id") is not None or "project_id" in fields:
        now = conn.scalar(select(tasks.c.project_id).where(tasks.c.id == task_id))
        hierarchies = tuple(one for one in (now, fields.get("project_id")) if one)
        client.lock_hierarchy(conn, *hierarchies)
    row = client.get_row(conn, tasks, task_id, lock=True)
    if row is None:
        raise NotFoundError(f"no task {task_id[:60]!r}")
    if hierarchies and row["project_id"] not in hierarchies:
        raise ConflictError("the task was moved to another project at the same moment")
    return row


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
        values = {name: value for name, value in self.fields.items() if name in DIRECT}
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


def _move_below(conn: Connection, task_id: str, old: str, new: str, at: Stamp) -> None:
    """Take the subtasks along, and say so to the readers of both projects."""
    below = locked_subtree(conn, task_id)
    own_labels = select(labels.c.id).where(labels.c.project_id == old).scalar_subquery()
    wearing = among(conn, task_labels.c.task_id, below)
    conn.execute(delete(task_labels).where(wearing, task_labels.c.label_id.in_(own_labels)))
    values = {**at.change, "project_id": new, "sprint_id": None, "version": tasks.c.version + 1}
    conn.execute(update(tasks).where(among(conn, tasks.c.id, below)).values(**values))
    bury(conn, old, [task_id, *below], at)
    revive(conn, new, [task_id, *below])
