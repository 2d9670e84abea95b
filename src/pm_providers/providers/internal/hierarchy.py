"""Tasks above and below a task."""

from __future__ import annotations

from sqlalchemy import Connection, exists, select

from pm_providers.database.schema import tasks
from pm_providers.errors import ValidationError
from pm_providers.providers.internal.client import among

__all__ = ["locked_subtree", "refuse_circle", "subtree"]


def subtree(conn: Connection, task_id: str) -> list[str]:
    """Ids of the tasks below a task."""
    below = select(tasks.c.id).where(tasks.c.parent_task_id == task_id).cte("below", recursive=True)
    below = below.union(select(tasks.c.id).where(tasks.c.parent_task_id == below.c.id))
    return list(conn.scalars(select(below.c.id)))


def locked_subtree(conn: Connection, task_id: str) -> list[str]:
    """Ids below a task, such that nobody adds to them meanwhile: a new subtask needs its parent unchanged."""
    below = subtree(conn, task_id)
    while conn.dialect.name == "postgresql":
        rows = select(tasks.c.id).where(among(conn, tasks.c.id, below))
        conn.execute(rows.with_for_update(key_share=True))
        again = subtree(conn, task_id)
        if set(again) <= set(below):
            return again
        below = again
    return below


def refuse_circle(conn: Connection, task_id: str, parent_id: str) -> None:
    """Refuse a parent that stands below the task. `lock_hierarchy` must be held.

    Raises:
        ValidationError: it does, or is the task itself.
    """
    chain = (
        select(tasks.c.id, tasks.c.parent_task_id).where(tasks.c.id == parent_id).cte("above", recursive=True)
    )
    chain = chain.union(
        select(tasks.c.id, tasks.c.parent_task_id).where(tasks.c.id == chain.c.parent_task_id)
    )
    if conn.scalar(select(exists().where(chain.c.id == task_id))):
        raise ValidationError(fields={"parent_task_id": "a task cannot stand below itself"})
