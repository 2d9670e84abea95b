"""The `custom_fields` parameter of task lists: JSON text of conditions that must all hold [doc]."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from pm_providers.sandbox.clickup.errors import bad_input
from pm_providers.sandbox.clickup.records import FieldDefinition, Task
from pm_providers.sandbox.clickup.web import Call

__all__ = ["field_tests"]

Test = Callable[[Task], bool]
_TEXTS = frozenset({"text", "short_text", "email", "phone", "url"})
_MANY = frozenset({"labels", "users", "tasks"})


def field_tests(call: Call, text: str) -> list[Test]:
    """Tests of the conditions.

    Raises:
        ApiError: 400 `ITEM_155` for what is no JSON, 400 for unknown fields and operators.
    """
    try:
        rows = msgspec.json.decode(text)
    except msgspec.DecodeError:
        rows = None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise bad_input("custom fields must be a json parsable string", "ITEM_155")
    return [_test(call, row) for row in rows]


def _test(call: Call, row: dict[str, Any]) -> Test:
    field = call.state.fields.get(row.get("field_id"))
    if field is None:
        raise bad_input("Custom field not found", "FIELD_029")
    operator, wanted = str(row.get("operator", "=")), row.get("value")
    check = _OPERATORS.get(operator)
    if check is None:
        raise bad_input("Invalid operator", "FIELD_030")

    def test(task: Task) -> bool:
        return check(field, _comparable(field, task.values.get(field.id)), wanted)

    return test


def _comparable(field: FieldDefinition, value: Any) -> Any:
    if field.type == "manual_progress" or value is None:
        return value
    return [str(part) for part in value] if field.type in _MANY else value


def _same(field: FieldDefinition, value: Any, wanted: Any) -> bool:
    if value is None:
        return False
    if field.type in _TEXTS:
        return str(wanted).lower() in str(value).lower()
    if field.type == "drop_down":
        index = next((o["orderindex"] for o in field.type_config["options"] if o["id"] == value), None)
        return wanted in (value, index, str(index))
    if field.type == "checkbox":
        return str(value).lower() == str(wanted).lower()
    if isinstance(value, list):
        return any(part in value for part in _strings(wanted))
    return _number(value) == _number(wanted)


def _exactly(field: FieldDefinition, value: Any, wanted: Any) -> bool:
    return str(value) == str(wanted) if field.type in _TEXTS else _same(field, value, wanted)


def _ordered(test: Callable[[float, float], bool]) -> Callable[[FieldDefinition, Any, Any], bool]:
    def check(_field: FieldDefinition, value: Any, wanted: Any) -> bool:
        left, right = _number(value), _number(wanted)
        return left is not None and right is not None and test(left, right)

    return check


def _range(_field: FieldDefinition, value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, dict):
        raise bad_input("RANGE needs low_value and high_value", "FIELD_031")
    number, low, high = _number(value), _number(wanted.get("low_value")), _number(wanted.get("high_value"))
    return number is not None and (low is None or number >= low) and (high is None or number <= high)


def _any(field: FieldDefinition, value: Any, wanted: Any) -> bool:
    if isinstance(value, list):
        return bool(set(value) & set(_strings(wanted)))
    parts = wanted if isinstance(wanted, list) else [wanted]
    return any(_same(field, value, part) for part in parts)


def _all(_field: FieldDefinition, value: Any, wanted: Any) -> bool:
    return isinstance(value, list) and set(_strings(wanted)) <= set(value)


def _strings(wanted: Any) -> list[str]:
    return [str(part) for part in wanted] if isinstance(wanted, list) else [str(wanted)]


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


_OPERATORS: dict[str, Callable[[FieldDefinition, Any, Any], bool]] = {
    "=": _same,
    "==": _exactly,
    "!=": lambda field, value, wanted: not _same(field, value, wanted),
    "!==": lambda field, value, wanted: not _exactly(field, value, wanted),
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
    "IS NULL": lambda _field, value, _wanted: value is None or value == [],
    "IS NOT NULL": lambda _field, value, _wanted: value not in (None, []),
    "RANGE": _range,
    "ANY": _any,
    "ALL": _all,
    "NOT ANY": lambda field, value, wanted: not _any(field, value, wanted),
    "NOT ALL": lambda field, value, wanted: not _all(field, value, wanted),
}
