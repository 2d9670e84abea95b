"""What a write did to a task besides what was asked for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from pm_providers.model import PMTask, WriteWarning
from pm_providers.toolkit.custom_fields import same_custom
from pm_providers.toolkit.writes import with_reasons

__all__ = ["with_days_off", "with_side_effects"]

_MOVES = {
    "project_id": "to another project",
    "type": "to another type",
    "parent_task_id": "below another parent",
}
"""Fields whose change makes the system change others (recorded 18-…: steps 15 and 37)."""

_SWEPT = (
    "status",
    "type",
    "parent_task_id",
    "assignee_id",
    "sprint_id",
    "label_ids",
    "start_date",
    "due_date",
    "story_points",
)
_SATURDAY = 5
_COUPLED = ("estimated_hours", "remaining_hours", "progress")
_COUPLED_WITH = {*_COUPLED, "status"}


def with_side_effects(task: PMTask, before: PMTask, fields: Mapping[str, Any]) -> PMTask:
    """The task with a warning for each field that nobody asked to change, and the write changed all the same.

    A move to another project drops what the project does not have, one to another type resets a status that
    its workflow lacks, one below a parent follows the parent's dates and version. Before 14, any write fills
    a missing estimate with the remaining work (recorded 11-…: step 22).

    Args:
        task: as it is now.
        before: as it was in the version that was written to.
        fields: what was asked for. Those of them that are not as asked are found by the base.
    """
    moved = [text for name, text in _MOVES.items() if name in fields and _differs(task, before, name)]
    if not moved:
        names = () if fields.keys() & _COUPLED_WITH else _COUPLED
        return _warned(task, _changed(task, before, fields, names, "the system computes it with every write"))
    why = f"the system changed it when the task moved {' and '.join(moved)}"
    found = _changed(task, before, fields, _SWEPT, why)
    lost = _lost_custom(task, before, fields.get("custom_fields") or {})
    if lost:
        now = {name: task.custom_fields.get(name) for name in lost}
        found.append(WriteWarning("custom_fields", lost, now, why))
    return _warned(task, found)


def with_days_off(task: PMTask, fields: Mapping[str, Any]) -> PMTask:
    """The task with the reason for a date at the weekend that is stored as the Monday after it (12.2+).

    Those of work packages that ignore non-working days are kept ([code] set_attributes_service.rb).
    """
    moved = {
        name: "the system moves a day off to the next working day"
        for name in ("start_date", "due_date")
        if _is_monday_after(getattr(task, name), fields.get(name))
    }
    return with_reasons(task, fields, moved)


def _is_monday_after(got: date | None, asked: date | None) -> bool:
    if got is None or asked is None or asked.weekday() < _SATURDAY:
        return False
    return (got - asked).days == 7 - asked.weekday()


def _changed(
    task: PMTask, before: PMTask, fields: Mapping[str, Any], names: Iterable[str], why: str
) -> list[WriteWarning]:
    return [
        WriteWarning(name, _shown(before, name), _shown(task, name), why)
        for name in names
        if name not in fields and _differs(task, before, name)
    ]


def _warned(task: PMTask, found: list[WriteWarning]) -> PMTask:
    return replace(task, warnings=(*task.warnings, *found)) if found else task


def _differs(task: PMTask, before: PMTask, name: str) -> bool:
    return bool(_shown(task, name) != _shown(before, name))


def _shown(task: PMTask, name: str) -> Any:
    return task.status_name or task.status if name == "status" else getattr(task, name)


def _lost_custom(task: PMTask, before: PMTask, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Values of custom fields that are not there any more, and with them those asked for that are not stored.

    Both stand in one warning, as a record has one for a field.
    """
    kept = {name: value for name, value in before.custom_fields.items() if name not in asked}
    lost = {
        name: value
        for name, value in kept.items()
        if not same_custom({name: value}, task.custom_fields) and not _empty(value)
    }
    if lost:
        lost |= {name: v for name, v in asked.items() if not same_custom({name: v}, task.custom_fields)}
    return lost


def _empty(value: Any) -> bool:
    return value in (None, "", [], ())
