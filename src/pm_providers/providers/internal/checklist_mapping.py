"""Rows of checklists and of their items to records. Pure, as `mapping`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pm_providers.model import PMChecklist, PMChecklistItem

__all__ = ["in_order", "to_checklist", "to_item"]

Row = Mapping[str, Any]


def to_checklist(row: Row, items: Iterable[Row], *, keep_raw: bool) -> PMChecklist:
    """Checklist row, with the rows of its items, to record."""
    return PMChecklist(
        id=row["id"],
        name=row["name"],
        task_id=row["task_id"],
        items=[to_item(one, keep_raw=keep_raw) for one in in_order(items)],
        position=row["position"],
        raw_data=dict(row) if keep_raw else None,
    )


def to_item(row: Row, *, keep_raw: bool) -> PMChecklistItem:
    """Row of an item to record."""
    return PMChecklistItem(
        id=row["id"],
        title=row["title"],
        checklist_id=row["checklist_id"],
        is_done=row["is_done"],
        assignee_id=row["assignee_id"],
        due_date=row["due_date"],
        parent_id=row["parent_id"],
        position=row["position"],
        raw_data=dict(row) if keep_raw else None,
    )


def in_order(items: Iterable[Row]) -> list[Row]:
    """Items of one checklist as people see them: each followed by those below it."""
    below: dict[str | None, list[Row]] = {}
    for row in sorted(items, key=lambda one: (one["position"], one["id"]), reverse=True):
        below.setdefault(row["parent_id"], []).append(row)
    found: list[Row] = []
    waiting = below.get(None, [])
    while waiting:
        row = waiting.pop()
        found.append(row)
        waiting += below.get(row["id"], [])
    return found
