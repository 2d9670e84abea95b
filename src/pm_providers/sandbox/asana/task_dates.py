"""Rules about the dates of tasks.

`due_on` and `due_at` exclude each other, as do `start_on` and `start_at`; setting one resets its twin. A
start needs its due date in the same request, when it is set and when it is unset [spec]; milestones have no
start [spec]. Without a due date
there is no start: clearing the one clears the other [inf].
"""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.asana.data import Data
from pm_providers.sandbox.asana.errors import bad, payment_required
from pm_providers.sandbox.asana.web import Session

__all__ = ["read_dates"]

_NAMES = ("due_on", "due_at", "start_on", "start_at")
_START_ON = (
    "start_on: You must provide a due_on or due_at in the same request when setting or unsetting start_on"
)
_START_AT = "start_at: You must provide a due_at in the same request when setting or unsetting start_at"


def read_dates(session: Session, data: Data, before: Any, subtype: str) -> dict[str, Any]:
    """The dates of a task after a write; `before` is the task, or None for a new one."""
    found = {name: getattr(before, name, None) for name in _NAMES}
    due_on, due_at = data.date("due_on"), data.moment("due_at")
    start_on, start_at = data.date("start_on"), data.moment("start_at")
    if due_on is not None and due_at is not None:
        raise bad("You may only provide one of due_on or due_at!")
    if start_on is not None and start_at is not None:
        raise bad("You may only provide one of start_on or start_at!")
    _pairs(data)
    if "due_on" in data or "due_at" in data:
        found["due_on"], found["due_at"] = due_on, due_at
    if "start_on" in data or "start_at" in data:
        found["start_on"], found["start_at"] = start_on, start_at
    if found["due_on"] is None and found["due_at"] is None:
        found["start_on"] = found["start_at"] = None
    _settle(session, found)
    if found["start_on"] or found["start_at"]:
        if not session.state.paid():
            raise payment_required("Start dates")
        if subtype == "milestone":
            raise bad("start_on: Milestones cannot have a start date")
    _ordered(session, found)
    return found


def _pairs(data: Data) -> None:
    if "start_on" in data and "due_on" not in data and "due_at" not in data:
        raise bad(_START_ON)
    if "start_at" in data and "due_at" not in data:
        raise bad(_START_AT)
    if data.raw("start_on") is not None and data.raw("due_on") is None and data.raw("due_at") is None:
        raise bad(_START_ON)
    if data.raw("start_at") is not None and data.raw("due_at") is None:
        raise bad(_START_AT)


def _settle(session: Session, found: dict[str, Any]) -> None:
    """A start with a time needs a due date with one; without it only its day is left."""
    if found["start_at"] is not None and found["due_at"] is None:
        found["start_on"] = found["start_at"].astimezone(session.zone).date().isoformat()
        found["start_at"] = None


def _ordered(session: Session, found: dict[str, Any]) -> None:
    start, due = found["start_at"], found["due_at"]
    if start is not None and due is not None and start > due:
        raise bad("start_at: The start must not be after the due date")
    first = found["start_on"]
    last = found["due_on"] or (due.astimezone(session.zone).date().isoformat() if due else None)
    if first and last and first > last:
        raise bad("start_on: The start date must not be after the due date")
