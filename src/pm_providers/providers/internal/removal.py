"""SQL of deleting tasks with all that stands on them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from pm_providers.database.schema import (
    attachments,
    checklists,
    comments,
    relations,
    task_assignees,
    task_labels,
    tasks,
    time_entries,
)
from pm_providers.providers.internal import client
from pm_providers.providers.internal.checklists import drop_checklists
from pm_providers.providers.internal.client import among
from pm_providers.providers.internal.hierarchy import locked_subtree
from pm_providers.providers.internal.touch import bury

__all__ = ["delete_all"]


def delete_all(conn: Connection, task_ids: Sequence[str]) -> list[bool]:
    """Delete tasks with their subtasks and all that stands on them; for each whether it existed.

    They go one after the other: a task that went with an earlier one did not exist any more.
    """
    statement = select(tasks.c.id, tasks.c.project_id).where(among(conn, tasks.c.id, task_ids))
    # Locked, in one order: a task that moves meanwhile must be missed by the readers of its new project.
    locked = statement.order_by(tasks.c.id).with_for_update()
    present: dict[str, str] = {row[0]: row[1] for row in conn.execute(locked)}
    parents = set(
        conn.scalars(select(tasks.c.parent_task_id).where(among(conn, tasks.c.parent_task_id, present)))
    )
    doomed: dict[str, str] = {}
    existed = []
    for task_id in task_ids:
        exists = task_id in present and task_id not in doomed
        existed.append(exists)
        if exists:
            below = locked_subtree(conn, task_id) if task_id in parents else ()
            doomed.update(dict.fromkeys((task_id, *below), present[task_id]))
    if doomed:
        _delete_rows(conn, doomed)
    return existed


def _delete_rows(conn: Connection, doomed: dict[str, str]) -> None:
    """Delete tasks (id -> project) and all that refers to them."""
    drop_checklists(conn, among(conn, checklists.c.task_id, doomed))
    for table in (comments, attachments, time_entries, task_assignees, task_labels):
        conn.execute(delete(table).where(among(conn, table.c.task_id, doomed)))
    for end in (relations.c.from_task_id, relations.c.to_task_id):
        conn.execute(delete(relations).where(among(conn, end, doomed)))
    conn.execute(delete(tasks).where(among(conn, tasks.c.id, doomed)))
    at = client.stamp(conn)
    for project_id in dict.fromkeys(doomed.values()):
        bury(conn, project_id, [one for one, owner in doomed.items() if owner == project_id], at)
