"""Values of custom fields: what may be written, and what comes back, which is often something else.

A drop-down is written as the option's uuid (or its index) and read as the index; numbers are read as texts, a
ticked box as "true" (fact sheet, section 6). Codes FIELD_011, 017, 033, 115, 144 and 342 are quoted from
reports.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pm_providers.sandbox.clickup.access import find_task, may_see
from pm_providers.sandbox.clickup.dates import snapped
from pm_providers.sandbox.clickup.errors import ApiError, bad_input
from pm_providers.sandbox.clickup.records import FieldDefinition, Task
from pm_providers.sandbox.clickup.render import person
from pm_providers.sandbox.clickup.state import State
from pm_providers.sandbox.clickup.web import Call

__all__ = ["READ_ONLY", "accepted", "shown"]

READ_ONLY = frozenset({"automatic_progress", "formula", "votes", "button", "signature"})
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+[0-9][0-9 ()-]{5,20}")
_URL = re.compile(r"https?://\S+")


def accepted(call: Call, field: FieldDefinition, value: Any, options: Any, before: Any) -> Any:
    """What to store for a written value.

    Args:
        call: the request.
        field: the definition.
        value: as sent, never null.
        options: `value_options` as sent.
        before: what is stored now, None for nothing; lists of people and tasks are changed by what is sent.

    Raises:
        ApiError: the value does not fit the type, or nobody may write the field.
    """
    if field.type in READ_ONLY:
        raise bad_input("Custom field is read only", "FIELD_023")
    if field.type == "date":
        return _date(call, value, options)
    if field.type in {"users", "tasks", "list_relationship"}:
        return _delta(call, field, value, before or [])
    return _CHECKS.get(field.type, _text)(field, value)


def shown(state: State, field: FieldDefinition, value: Any) -> Any:
    """A stored value as it is read."""
    if field.type == "users":
        return [person(state.users[key]) for key in value if key in state.users]
    if field.type in {"tasks", "list_relationship"}:
        return [_task_form(state.tasks[key]) for key in value if key in state.tasks]
    if field.type in {"number", "currency", "date"}:
        return f"{value:.15g}" if isinstance(value, float) else str(value)
    if field.type == "drop_down":
        return next((o["orderindex"] for o in _options(field) if o["id"] == value), None)
    if field.type == "checkbox":
        return "true" if value else None
    if field.type == "manual_progress":
        return _progress(field, value)
    return value


def _text(_field: FieldDefinition, value: Any) -> Any:
    if not isinstance(value, str):
        raise bad_input("Value must be a string", "FIELD_012")
    return value


def _matching(pattern: re.Pattern[str], kind: str) -> Callable[[FieldDefinition, Any], Any]:
    def check(field: FieldDefinition, value: Any) -> Any:
        if not pattern.fullmatch(_text(field, value)):
            raise bad_input(f"Value is not a valid {kind}", "FIELD_018")
        return value

    return check


def _number(_field: FieldDefinition, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise bad_input("Value is not a valid number", "FIELD_019")
    return value


def _drop_down(field: FieldDefinition, value: Any) -> Any:
    options = _options(field)
    if isinstance(value, str):
        found = next((o["id"] for o in options if o["id"] == value), None)
    elif isinstance(value, int) and not isinstance(value, bool):
        found = next((o["id"] for o in options if o["orderindex"] == value), None)
    else:
        found = None
    if found is None:
        raise bad_input("Value must be an option index or uuid", "FIELD_011")
    return found


def _labels(field: FieldDefinition, value: Any) -> Any:
    known = {option["id"] for option in _options(field)}
    if not isinstance(value, list) or not all(isinstance(part, str) and part in known for part in value):
        raise bad_input("Value must be an array of label uuids", "FIELD_144")
    return list(dict.fromkeys(value))


def _emoji(field: FieldDefinition, value: Any) -> Any:
    most = field.type_config.get("count", 5)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise bad_input("Value is not a valid rating", "FIELD_020")
    return value


def _current(_field: FieldDefinition, value: Any) -> Any:
    current = value.get("current") if isinstance(value, dict) else None
    if isinstance(current, bool) or not isinstance(current, int | float):
        raise bad_input("Value must have a current number", "FIELD_021")
    return current


def _checkbox(_field: FieldDefinition, value: Any) -> Any:
    if not isinstance(value, bool):
        raise bad_input("Value must be a boolean", "FIELD_022")
    return value


def _location(_field: FieldDefinition, value: Any) -> Any:
    place = value.get("location") if isinstance(value, dict) else None
    numbers = [place.get("lat"), place.get("lng")] if isinstance(place, dict) else [None]
    if not all(isinstance(part, int | float) and not isinstance(part, bool) for part in numbers):
        raise bad_input("Value must have a location", "FIELD_024")
    return {"location": place, "formatted_address": str(value.get("formatted_address", ""))}


def _date(call: Call, value: Any, options: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 253402300799999:
        raise ApiError(500, "Value is not a valid date", "FIELD_017")
    timed = isinstance(options, dict) and options.get("time") is True
    return value if timed else snapped(value, call.user.timezone)


def _delta(call: Call, field: FieldDefinition, value: Any, before: list[Any]) -> Any:
    kind: type = int if field.type == "users" else str
    if not isinstance(value, dict) or not value.keys() <= {"add", "rem"}:
        raise bad_input("Invalid Value", "FIELD_342")
    add, rem = value.get("add", []), value.get("rem", [])
    for part in (add, rem):
        if not isinstance(part, list) or not all(type(each) is kind for each in part):
            raise bad_input("Invalid Value", "FIELD_342")
    for each in add:
        _known(call, field, each)
    return [key for key in dict.fromkeys([*before, *add]) if key not in rem]


def _known(call: Call, field: FieldDefinition, key: Any) -> None:
    if field.type == "users":
        if not any(call.state.role_of(key, row.team_id) for row in call.state.members.where("user_id", key)):
            raise bad_input("Invalid Value", "FIELD_342")
    elif not may_see(call, find_task(call, key)):
        raise bad_input("Invalid Value", "FIELD_342")


def _options(field: FieldDefinition) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = field.type_config.get("options", [])
    return found


def _progress(field: FieldDefinition, value: Any) -> dict[str, Any]:
    start, end = field.type_config.get("start", 0), field.type_config.get("end", 100)
    percent = (value - start) / (end - start) * 100 if end != start else 0
    return {"percent_completed": round(percent, 2), "current": f"{value:.15g}"}


def _task_form(row: Task) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "status": row.status.status,
        "color": row.status.color,
        "custom_type": None,
        "team_id": row.team_id,
        "deleted": row.deleted,
        "url": f"https://app.clickup.com/t/{row.id}",
        "access": True,
    }


_CHECKS: dict[str, Callable[[FieldDefinition, Any], Any]] = {
    "number": _number,
    "currency": _number,
    "drop_down": _drop_down,
    "labels": _labels,
    "emoji": _emoji,
    "manual_progress": _current,
    "checkbox": _checkbox,
    "location": _location,
    "email": _matching(_EMAIL, "email"),
    "phone": _matching(_PHONE, "phone number"),
    "url": _matching(_URL, "url"),
}
