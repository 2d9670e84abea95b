"""Activities: every change leaves one, quick ones of the same user are merged."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from pm_providers.sandbox.openproject.records import Journal, Principal, WorkPackage
from pm_providers.sandbox.openproject.state import State

__all__ = ["add_journal", "changes_between"]

_TRACKED = (
    "type_id",
    "project_id",
    "subject",
    "description",
    "due",
    "category_id",
    "status_id",
    "assignee_id",
    "priority_id",
    "version_id",
    "sprint_id",
    "author_id",
    "done",
    "estimated_hours",
    "start",
    "parent_id",
    "responsible_id",
    "story_points",
    "remaining_hours",
    "manual",
)


def changes_between(before: WorkPackage | None, after: WorkPackage) -> tuple[tuple[str, Any, Any], ...]:
    """(attribute, old, new) of all tracked attributes and custom fields that differ."""
    changes: list[tuple[str, Any, Any]] = []
    for name in _TRACKED:
        old, new = getattr(before, name, None), getattr(after, name)
        if old != new:
            changes.append((name, old, new))
    old_custom = before.custom if before is not None else {}
    for key in sorted({*old_custom, *after.custom}):
        old, new = old_custom.get(key), after.custom.get(key)
        if old != new:
            changes.append((f"customField{key}", old, new))
    return tuple(changes)


def add_journal(
    state: State,
    user: Principal,
    key: int,
    changes: tuple[tuple[str, Any, Any], ...] = (),
    notes: str = "",
    *,
    internal: bool = False,
) -> Journal:
    """Record an activity, or merge it into the last one.

    Within the aggregation time (5 minutes) the same user's changes join the last activity, which
    gets a new id; two comments are never merged (recorded 19-activities-comments-journals).
    """
    rows = sorted(state.journals.where("work_package_id", key), key=lambda j: j.number)
    last = rows[-1] if rows else None
    moment = state.now()
    window = timedelta(minutes=state.settings["journal_aggregation_minutes"])
    if (
        last is not None
        and last.user_id == user.id
        and moment - last.updated < window
        and not (last.notes and notes)
        and last.internal == internal
    ):
        state.journals.remove(last.id)
        merged = msgspec.structs.replace(
            last,
            id=state.journals.next_id(),
            notes=notes or last.notes,
            changes=_merge(last.changes, changes),
            updated=moment,
        )
        return state.journals.put(merged)
    return state.journals.put(
        Journal(
            id=state.journals.next_id(),
            work_package_id=key,
            user_id=user.id,
            number=last.number + 1 if last else 1,
            notes=notes,
            internal=internal,
            changes=changes,
            created=moment,
            updated=moment,
        )
    )


def _merge(
    first: tuple[tuple[str, Any, Any], ...], second: tuple[tuple[str, Any, Any], ...]
) -> tuple[tuple[str, Any, Any], ...]:
    merged = {name: (old, new) for name, old, new in first}
    for name, old, new in second:
        merged[name] = (merged[name][0] if name in merged else old, new)
    return tuple((name, old, new) for name, (old, new) in merged.items() if old != new)
