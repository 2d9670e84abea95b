"""The query language of lists: `filters`, `sortBy`, operators; shared by all collections.

A list declares its filters as `FilterSpec`s and its sort columns as functions, and calls
`run_query`; faults become the vendor's InvalidQuery.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from pm_providers.sandbox.openproject.errors import internal, invalid_query
from pm_providers.sandbox.openproject.filter_tests import (
    Condition,
    FilterSpec,
    Marked,
    compile_test,
    moment,
)
from pm_providers.sandbox.openproject.web import Call

__all__ = [
    "BOOLEAN",
    "DATES",
    "DATETIMES",
    "LIST",
    "LIST_OPTIONAL",
    "NUMBERS",
    "SEARCH",
    "TEXT",
    "Condition",
    "FilterSpec",
    "Marked",
    "read_filters",
    "read_sort",
    "run_query",
    "snake",
    "sort_rows",
]

LIST = frozenset({"=", "!"})
LIST_OPTIONAL = frozenset({"=", "!", "*", "!*", "&="})
TEXT = frozenset({"=", "~", "!", "!~", "**", "*", "!*"})
SEARCH = frozenset({"**"})
NUMBERS = frozenset({"=", "!", ">=", "<=", "!*", "*"})
KEPT = frozenset({"subproject_id", "work_package_id"})
BOOLEAN = frozenset({"=", "!"})
DATES = frozenset({"<t+", ">t+", "t+", "t", "w", ">t-", "<t-", "t-", "=d", "<>d"})
DATETIMES = frozenset({"t", "w", ">t-", "<t-", "t-", "=d", "<>d"})
WITHOUT_VALUES = frozenset({"*", "!*", "o", "c", "l", "t", "w"})


def snake(name: str) -> str:
    """`updatedAt` to `updated_at`; snake case stays."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda m: "_" + m.group(1).lower(), name)


def camel(name: str) -> str:
    """`updated_at` to `updatedAt`, as names come back in links.

    The vendor cuts a trailing `_id` and spells custom fields out (recorded 03-…: steps 19 and 29,
    13-…: step 38).
    """
    name = re.sub(r"^cf_(\d+)$", r"custom_field\1", name)
    name = name if name in KEPT else name.removesuffix("_id")
    return re.sub(r"_([a-z0-9])", lambda m: m.group(1).upper(), name)


def humanize(name: str) -> str:
    """`bogus2` to "Bogus 2": how an unknown name appears in messages."""
    spaced = re.sub(r"(?<=[a-z])(\d)", r" \1", snake(name)).replace("_", " ")
    return spaced[:1].upper() + spaced[1:]


def read_filters(call: Call, *, listed: bool) -> list[Condition] | None:
    """Conditions of the `filters` parameter, None without one.

    Broken JSON is 400 for work packages and 500 elsewhere, an object in place of the list 500
    (recorded 13-…: steps 72 to 74, 03-…: steps 35 to 37).
    """
    raw = call.query.get("filters")
    if raw is None:
        return None
    try:
        value = msgspec.json.decode(raw.encode())
    except (msgspec.DecodeError, RecursionError) as error:
        message = f"unexpected token at '{raw[:9_100]}'"
        raise (internal(message) if listed else invalid_query([message], listed=False)) from error
    if not isinstance(value, list) or not all(isinstance(f, dict) for f in value):
        raise internal("undefined method `keys' for Array")
    conditions: list[Condition] = []
    for entry in value:
        for name, content in entry.items():
            body = content if isinstance(content, dict) else {}
            values = body.get("values")
            texts = [_text(v) for v in values] if isinstance(values, list) else []
            conditions.append(Condition(snake(name), str(body.get("operator", "")), tuple(texts)))
    return conditions


def read_sort(call: Call, *, listed: bool) -> list[tuple[str, str]]:
    """Column and direction pairs of `sortBy`, snake case; empty without one."""
    raw = call.query.get("sortBy")
    if raw is None:
        return []
    try:
        value = msgspec.json.decode(raw.encode())
        return [(snake(str(pair[0])), str(pair[1]) if len(pair) > 1 else "asc") for pair in value]
    except (msgspec.DecodeError, TypeError, IndexError) as error:
        message = "unexpected token at ''"
        raise (internal(message) if listed else invalid_query([message], listed=False)) from error


def run_query(
    call: Call,
    rows: Sequence[Any],
    specs: dict[str, FilterSpec],
    columns: dict[str, Callable[[Any], Any]],
    default_sort: Sequence[tuple[str, str]] = (("id", "desc"),),
) -> tuple[list[Any], dict[str, Any]]:
    """Filter and sort the rows of a list (all lists but work packages).

    Returns:
        The rows, and the parameters that the list's links repeat.

    Raises:
        ApiError: 400 InvalidQuery with all faults as a list.
    """
    conditions = read_filters(call, listed=True) or []
    order = read_sort(call, listed=True)
    messages = [f"Filters {fault}" for fault in _faults(conditions, specs)]
    messages += [f"Orders {fault}" for fault in _sort_faults(order, columns)]
    if messages:
        raise invalid_query(messages, listed=True)
    now = call.state.now()
    rows = sorted(rows, key=lambda row: row.id, reverse=True)
    for condition in conditions:
        test = compile_test(condition, specs[condition.name], now)
        rows = [row for row in rows if test(row)]
    params: dict[str, Any] = {}
    if "filters" in call.query:
        params["filters"] = filters_json(conditions)
    if order:
        pairs = [[camel(name), direction] for name, direction in order]
        params["sortBy"] = msgspec.json.encode(pairs).decode()
    return sort_rows(rows, order or default_sort, columns), params


def filters_json(conditions: Sequence[Condition]) -> str:
    """Conditions as the JSON text that links repeat."""
    value = [{camel(c.name): {"operator": c.operator, "values": list(c.values)}} for c in conditions]
    return msgspec.json.encode(value).decode()


def _faults(conditions: Sequence[Condition], specs: dict[str, FilterSpec]) -> list[str]:
    found: list[str] = []
    for condition in conditions:
        spec = specs.get(condition.name)
        if spec is None:
            found.append(f"{humanize(condition.name)} does not exist.")
        else:
            fault = check(condition, spec)
            if fault == "operator":
                found.append(f"{spec.human} is not set to one of the allowed values.")
            elif fault:
                found.append(fault)
    return found


def check(condition: Condition, spec: FilterSpec) -> str | None:
    """Why a condition is invalid: "operator", or the sentence; None when it is fine."""
    if condition.operator not in spec.operators:
        return "operator"
    if condition.operator in WITHOUT_VALUES:
        return None
    if not any(condition.values):
        return f"{spec.human} can't be blank."
    if spec.kind in {"list", "bool"}:
        allowed = {"t", "f"} if spec.kind == "bool" else spec.allowed() if spec.allowed else None
        values = {spec.convert(v) if spec.convert else v for v in condition.values}
        if allowed is not None and not values <= allowed:
            return f"{spec.human} filter has invalid values."
    elif spec.kind == "number" and not all(
        re.fullmatch(r"-?\d{1,18}(\.\d{1,18})?", v) for v in condition.values
    ):
        return f"{spec.human} is not an integer."
    elif spec.kind in {"date", "datetime"}:
        return _check_dates(condition, spec)
    return None


def _check_dates(condition: Condition, spec: FilterSpec) -> str | None:
    if condition.operator in {"=d", "<>d"}:
        if all(moment(v) is not None for v in condition.values if v):
            return None
        kind = "date time" if spec.kind == "datetime" else "date"
        return f"{spec.human} is not a valid {kind}."
    if all(re.fullmatch(r"-?\d{1,18}", v) for v in condition.values):
        return None
    return f"{spec.human} is not an integer."


def _sort_faults(order: Sequence[tuple[str, str]], columns: dict[str, Any]) -> list[str]:
    found = []
    for name, direction in order:
        human = "ID" if name == "id" else humanize(name)
        if name not in columns:
            found.append(f"{human} does not exist.")
        elif direction not in {"asc", "desc"}:
            found.append(f"{human} is not set to one of the allowed values.")
    return found


def sort_rows(
    rows: Sequence[Any],
    order: Sequence[tuple[str, str]],
    columns: dict[str, Callable[[Any], Any]],
) -> list[Any]:
    """Sort by several columns; missing values come last ascending and first descending."""
    result = list(rows)
    for name, direction in reversed(order):
        column = columns[name]

        def key(row: Any, column: Callable[[Any], Any] = column) -> tuple[bool, Any]:
            value = column(row)
            return (True, 0) if value is None else (False, value)

        result.sort(key=key, reverse=direction == "desc")
    return result


def _text(value: Any) -> str:
    return "" if value is None else str(value)
