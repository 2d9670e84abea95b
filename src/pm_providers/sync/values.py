"""Items as plain JSON values, in the terms of the side that holds them: what snapshots are made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pm_providers.model import PMTask

__all__ = ["CUSTOM", "FIELDS", "SETS", "TEXTS", "Snapshot", "changed_fields", "plain", "snapshot_of"]

Snapshot = dict[str, Any]
"""Field -> JSON value. Choices are `{"is": unified value, "name": the vendor's own}`, people, labels and
other items their ids on this side, dates ISO 8601. A field that holds nothing is missing."""

CUSTOM = "custom:"
"""Prefix of custom fields."""

TEXTS = frozenset({"description"})
"""Long Markdown, merged by lines."""

SETS = frozenset({"assignees", "labels"})
"""Lists of ids, merged by what was added and taken away."""

_SAME_NAME = (
    "title",
    "description",
    "type",
    "start_date",
    "due_date",
    "estimated_hours",
    "actual_hours",
    "remaining_hours",
    "story_points",
    "progress",
)
FIELDS: tuple[str, ...] = (
    *_SAME_NAME[:2], "status", "priority", "parent", "assignees", "sprint", "labels", *_SAME_NAME[2:],
)  # fmt: skip
"""Fields of tasks that are kept in step, besides custom ones."""


def snapshot_of(task: PMTask) -> Snapshot:
    """A task in the terms of its own system."""
    found: dict[str, Any] = {name: plain(getattr(task, name)) for name in _SAME_NAME}
    found["description"] = _text(task.description)
    found["status"] = _choice(task.status, task.status_name)
    found["priority"] = _choice(task.priority, task.priority_name)
    found["parent"] = task.parent_task_id
    found["assignees"] = list(task.assignee_ids) or ([task.assignee_id] if task.assignee_id else [])
    found["sprint"] = task.sprint_id
    found["labels"] = sorted(task.label_ids)
    for name, value in task.custom_fields.items():
        found[f"{CUSTOM}{name}"] = plain(value)
    return {name: value for name, value in found.items() if value not in (None, "", [], {})}


def _choice(value: str | None, name: str | None) -> dict[str, str] | None:
    if value is None and name is None:
        return None
    return {"is": value or "", "name": name or ""}


def _text(value: str | None) -> str | None:
    return value.replace("\r\n", "\n").replace("\r", "\n").rstrip() if value else None


def plain(value: Any) -> Any:
    """As JSON gives it back. Numbers lose what hours and minutes do not tell apart."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float):
        rounded = round(value, 6)
        return int(rounded) if rounded.is_integer() else rounded
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    return value if isinstance(value, str | int) else str(value)


def changed_fields(agreed: Snapshot, now: Snapshot) -> list[str]:
    """Fields whose values differ, in the order of `FIELDS`, custom ones last."""
    names = [*FIELDS, *sorted({*agreed, *now} - set(FIELDS))]
    return [name for name in names if agreed.get(name) != now.get(name)]
