"""SQL of deleting tasks with all that stands on them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, or_, select, update

from pm_providers.database.schema import (
    attachments,
    comments,
    relations,
    task_assignees,
    task_labels,
    tasks,
    time_entries,
)
from pm_providers.providers.internal import client
from pm_providers.providers.internal.client import chunks
from pm_providers.providers.internal.hierarchy import subtree
from pm_providers.providers.internal.touch import bury

__all__ = ["delete_all"]


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
                doomed.update(dict.fromkeys(subtree(conn, task_id), present[task_id]))
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
