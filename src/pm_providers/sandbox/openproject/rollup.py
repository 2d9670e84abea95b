"""Values that a work package takes from those below it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pm_providers.sandbox.openproject.records import WorkPackage
from pm_providers.sandbox.openproject.state import State
from pm_providers.sandbox.openproject.values import date_key

__all__ = ["derived_dates", "derived_hours", "roll_up", "spent_hours"]


def derived_dates(state: State, row: WorkPackage) -> tuple[str | None, str | None]:
    """Earliest and latest date of all descendants; None without any."""
    below = state.descendants(row.id)
    dates = [d for child in below for d in (child.start, child.due) if d]
    if not dates:
        return None, None
    return min(dates, key=date_key), max(dates, key=date_key)


def derived_hours(state: State, row: WorkPackage, name: str) -> float | None:
    """Sum of hours: of the descendants before 14.0, with the own ones since; None without any.

    Recorded 11-…: step 39: `estimatedTime` stays the own, `derivedEstimatedTime` holds the sum.
    """
    below = state.descendants(row.id)
    if not below and not state.features.progress:
        return None
    rows = [row, *below] if state.features.progress else below
    hours = [value for r in rows if (value := getattr(r, name)) is not None]
    if not below:
        # 14.0 and later repeat the own hours here
        return hours[0] if hours else None
    return sum(hours) if hours else None


def spent_hours(state: State, row: WorkPackage) -> float:
    """Hours logged on the work package and its descendants."""
    if not len(state.time_entries):
        return 0
    rows = [row, *state.descendants(row.id)]
    return sum(entry.hours or 0 for r in rows for entry in state.time_entries.where("work_package_id", r.id))


def roll_up(state: State, parent_id: int | None) -> set[int]:
    """Recompute what parents take from their children, up to the root.

    A parent that changes gets a new `updatedAt` and its lockVersion raised: by one for dates, by
    one for everything else (recorded 10-…: step 5, 11-…: steps 34 to 39 and 67 to 72).

    Returns:
        Ids of the parents that changed.
    """
    changed: set[int] = set()
    moment = state.now()
    row = state.work_packages.get(parent_id)
    while row is not None:
        # a parent counts as changed just before its child, recorded 13-…: step 89
        moment -= timedelta(microseconds=1)
        changes = _from_children(state, row)
        changes = {k: v for k, v in changes.items() if getattr(row, k) != v}
        if changes:
            row = state.work_packages.change(row, **changes, lock=row.lock + _raised(changes), updated=moment)
            changed.add(row.id)
        row = state.work_packages.get(row.parent_id)
    return changed


def _raised(changes: dict[str, Any]) -> int:
    dates = changes.keys() & {"start", "due"}
    return bool(dates) + bool(changes.keys() - dates)


def _from_children(state: State, row: WorkPackage) -> dict[str, Any]:
    children = state.children(row.id)
    if not children:
        return {}
    changes: dict[str, Any] = {}
    if not row.manual:
        starts = [d for c in children for d in (c.start, c.due) if d]
        changes["start"] = min(starts, key=date_key) if starts else None
        changes["due"] = max(starts, key=date_key) if starts else None
    if not state.features.progress:
        changes["done"] = _done_of_leaves(state, row)
        left = [c.remaining_hours for c in children if c.remaining_hours is not None]
        changes["remaining_hours"] = sum(left) if left else None
        changes["derived_hours"] = derived_hours(state, row, "estimated_hours")
    return changes


def _done_of_leaves(state: State, row: WorkPackage) -> int:
    leaves = [w for w in state.descendants(row.id) if not state.children(w.id)]
    known = [w.estimated_hours for w in leaves if w.estimated_hours]
    average = sum(known) / len(known) if known else 1.0
    weighted = sum((w.estimated_hours or average) * (w.done or 0) for w in leaves)
    return round(weighted / (average * len(leaves)))
