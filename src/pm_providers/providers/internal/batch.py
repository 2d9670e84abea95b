"""Tasks in bulk: few statements and transactions for many items, one outcome for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from pm_providers.contract import BatchOutcome, Fields
from pm_providers.errors import PMError
from pm_providers.model import PMTask
from pm_providers.providers.internal.client import Caller
from pm_providers.providers.internal.mapping import TASK_COLUMNS, to_tasks
from pm_providers.providers.internal.tasks import create_all, update_one

__all__ = ["CHUNK", "create_chunk", "update_chunk"]

CHUNK = 2000
"""Items of one transaction: large enough to be fast, small enough to report progress."""

Created = list[PMTask | PMError]


def create_chunk(conn: Connection, drafts: Sequence[Fields], caller: Caller, *, keep_raw: bool) -> Created:
    """Insert checked drafts; for each the task as stored, or why it is not."""
    new = create_all(conn, drafts, caller)
    rows = [[row[name] for name in TASK_COLUMNS] for row in new.rows]
    stored = iter(to_tasks(rows, new.assignees, new.labels, keep_raw=keep_raw))
    return [new.errors[index] if index in new.errors else next(stored) for index in range(len(drafts))]


def update_chunk(
    conn: Connection, patches: Sequence[tuple[str, Fields]], *, keep_raw: bool
) -> list[PMTask | PMError]:
    """Apply checked patches one after the other; a bad one leaves no trace."""
    found: list[PMTask | PMError] = []
    for task_id, fields in patches:
        try:
            with conn.begin_nested():
                found.append(update_one(conn, task_id, fields, None, keep_raw=keep_raw))
        except PMError as error:
            found.append(error)
    return found


def outcomes_of(
    results: Sequence[Any], report: Callable[[PMError], PMError]
) -> tuple[BatchOutcome[Any], ...]:
    """Outcomes in the order of the input; errors pass through `report`."""
    return tuple(
        BatchOutcome(index, error=report(one)) if isinstance(one, PMError) else BatchOutcome(index, item=one)
        for index, one in enumerate(results)
    )
