"""Marking tasks as changed, and as gone from a project, for `changes()`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, update

from pm_providers.database.schema import tasks, tombstones
from pm_providers.providers.internal.client import Stamp, among, bulk_insert, stamp

__all__ = ["bury", "revive", "touch_around", "touch_where"]


def touch_where(conn: Connection, condition: ColumnElement[bool], **values: Any) -> None:
    """Set columns of the tasks that fit, and count that as a change of each."""
    changed = {**values, **stamp(conn).change, "version": tasks.c.version + 1}
    conn.execute(update(tasks).where(condition).values(**changed))


def touch_around(conn: Connection, task_ids: Iterable[str]) -> None:
    """Count a change of what stands around tasks as one of theirs, so that `changes()` tells of it.

    The version stays: who edits the task meanwhile is in nobody's way. Call it before rows of the parts are
    locked, and after those of users.
    """
    change = stamp(conn).change
    for task_id in sorted(set(task_ids)):
        conn.execute(update(tasks).where(tasks.c.id == task_id).values(**change))


def bury(conn: Connection, project_id: str, task_ids: Sequence[str], at: Stamp) -> None:
    """Record that tasks are gone from a project: deleted, or moved away."""
    revive(conn, project_id, task_ids)
    rows = [(project_id, one, at.tx, at.no) for one in task_ids]
    bulk_insert(conn, tombstones, ("project_id", "task_id", "change_tx", "change_no"), rows)


def revive(conn: Connection, project_id: str, task_ids: Sequence[str]) -> None:
    """Forget that tasks are gone from a project: they are back."""
    gone = among(conn, tombstones.c.task_id, task_ids)
    conn.execute(delete(tombstones).where(tombstones.c.project_id == project_id, gone))
