"""Start and due dates as they must be sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.toolkit.documents import Document, day

__all__ = ["planned_dates", "task_dates"]


def task_dates(fields: Mapping[str, Any], before: Document) -> dict[str, Any]:
    """Keys that write the dates of a task: a start goes only ever together with a due date.

    A time of day that the task has is kept unless its day changes: a plain date drops it.

    Args:
        fields: checked fields; those that are absent stay.
        before: the task as it is; empty for a new one.

    Raises:
        ValidationError: a start without a due date, or a due date that a start still needs.
    """
    if not {"start_date", "due_date"} & fields.keys():
        return {}
    start_before, due_before = _day_of(before, "start"), _day_of(before, "due")
    start, due = fields.get("start_date", start_before), fields.get("due_date", due_before)
    _check_pair(fields, start, due, "start_date", "due_date")
    if before and (start, due) == (start_before, due_before):
        return {}
    sent: dict[str, Any] = {}
    timed = bool(before.get("due_at")) and due == due_before
    if timed:
        sent["due_at"] = before["due_at"]
    else:
        sent["due_on"] = None if due is None else due.isoformat()
    if start is None and start_before is None:
        return sent
    if before.get("start_at") and timed and start == start_before:
        sent["start_at"] = before["start_at"]
    else:
        sent["start_on"] = None if start is None else start.isoformat()
    return sent


def planned_dates(fields: Mapping[str, Any], before: Document) -> dict[str, Any]:
    """Keys that write the dates of a project or sprint, both together.

    Raises:
        ValidationError: a start without an end, an end that a start still needs, or both on one day, which
            the vendor does not take ([spec] ProjectBase start_on).
    """
    if not {"start_date", "end_date"} & fields.keys():
        return {}
    start_before, end_before = day(before.get("start_on")), day(before.get("due_on"))
    start, end = fields.get("start_date", start_before), fields.get("end_date", end_before)
    _check_pair(fields, start, end, "start_date", "end_date")
    if start is not None and end is not None and start >= end:
        name = "end_date" if "end_date" in fields else "start_date"
        raise ValidationError(fields={name: f"{end} is no later day than the start, {start}"})
    sent: dict[str, Any] = {"due_on": None if end is None else end.isoformat()}
    if start is not None or start_before is not None:
        sent["start_on"] = None if start is None else start.isoformat()
    return sent


def _check_pair(
    fields: Mapping[str, Any], start: date | None, end: date | None, first: str, last: str
) -> None:
    if start is None or end is not None:
        return
    if fields.get(first) is None:
        raise ValidationError(fields={last: f"the start needs it: clear {first} as well"})
    raise ValidationError(fields={first: f"needs an end: give {last} as well"})


def _day_of(value: Document, name: str) -> date | None:
    found = value.get(f"{name}_on")
    if found is not None:
        return day(found)
    moment = value.get(f"{name}_at")
    return day(moment[:10]) if isinstance(moment, str) else None
