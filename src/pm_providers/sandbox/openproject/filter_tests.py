"""Filters of lists: what one condition is, and the test that it makes of a row."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Self

from pm_providers.sandbox.openproject.values import date_key

__all__ = ["Condition", "FilterSpec", "Marked", "compile_test", "moment"]

# a century, so that no count of days leaves the calendar
MAX_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter as sent: snake-case name, operator, values as texts."""

    name: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FilterSpec:
    """One filter that a list knows.

    Attributes:
        human: name in messages ("Status").
        operators: allowed operators.
        value: what a row has: a text, number, datetime, bool, None, or a collection of texts.
        allowed: values that exist for this user; None accepts all.
        convert: changes a value before use ("me" to an id).
        kind: how values are read: list, text, number, date, datetime or bool.
    """

    human: str
    operators: frozenset[str]
    value: Callable[[Any], Any]
    kind: str = "list"
    allowed: Callable[[], set[str]] | None = None
    convert: Callable[[str], str] | None = None


def compile_test(condition: Condition, spec: FilterSpec, now: datetime) -> Callable[[Any], bool]:
    """A function that says whether a row passes the condition."""
    values = [spec.convert(v) if spec.convert else v for v in condition.values]
    maker = {"date": _date_test, "datetime": _date_test}.get(spec.kind)
    if spec.kind == "interval":
        inner = _interval_test(values)
    elif maker is not None and condition.operator not in {"*", "!*"}:
        inner = maker(condition.operator, values, now, spec.kind)
    else:
        inner = _plain_test(condition.operator, values, spec.kind)
    value = spec.value
    return lambda row: inner(value(row))


def _plain_test(operator: str, values: list[str], kind: str) -> Callable[[Any], bool]:
    wanted = set(values)
    if operator == "*":
        return lambda v: v is not None and v not in ("", ())
    if operator == "!*":
        return lambda v: v is None or v in ("", ())
    if operator in {"o", "c", "l"}:
        return lambda v: v is not None and operator in v.marks
    if kind == "number":
        number = float(values[0])
        return {
            "=": lambda v: v is not None and v == number,
            "!": lambda v: v is None or v != number,
            ">=": lambda v: v is not None and v >= number,
            "<=": lambda v: v is not None and v <= number,
        }[operator]
    if kind == "text":
        return _text_test(operator, values)
    if operator == "&=":
        return lambda v: wanted <= set(_texts(v))
    if operator == "!":
        return lambda v: not wanted & set(_texts(v))
    return lambda v: bool(wanted & set(_texts(v)))


def _text_test(operator: str, values: list[str]) -> Callable[[Any], bool]:
    # SQL's LIKE: % and _ are wildcards, recorded 13-…: step 31
    words = values[0].lower().split() if values else []
    if operator in {"~", "!~", "**"}:
        patterns = [re.compile(_like(word), re.DOTALL) for word in words]
        hit = operator != "!~"
        return lambda v: all(p.search((v or "").lower()) for p in patterns) is hit
    lowered = {value.lower() for value in values}
    if operator == "!":
        return lambda v: (v or "").lower() not in lowered
    return lambda v: (v or "").lower() in lowered


def _like(word: str) -> str:
    return "".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in re.sub("%+", "%", word))


def _date_test(operator: str, values: list[str], now: datetime, kind: str) -> Callable[[Any], bool]:
    low, high = _bounds(operator, values, now)
    if kind == "datetime":
        return lambda v: v is not None and (low is None or v >= low) and (high is None or v <= high)
    first = date_key(low.date().isoformat()) if low else None
    last = date_key(high.date().isoformat()) if high else None
    return lambda v: (
        v is not None and (first is None or date_key(v) >= first) and (last is None or date_key(v) <= last)
    )


def _interval_test(values: list[str]) -> Callable[[Any], bool]:
    """Whether the time between start and due touches the interval; either end may be open."""
    low, high = [*values, ""][:2]

    def test(row: Any) -> bool:
        first, last = row.start or row.due, row.due or row.start
        if first is None:
            return False
        return (not high or date_key(first) <= date_key(high)) and (
            not low or date_key(last) >= date_key(low)
        )

    return test


class Marked(str):
    """A value that also answers operators without values, such as `o` and `c` of statuses."""

    __slots__ = ("marks",)

    marks: frozenset[str]

    def __new__(cls, value: object, *marks: str) -> Self:
        """Make the text of `value`."""
        self = super().__new__(cls, value)
        self.marks = frozenset(marks)
        return self


def _bounds(operator: str, values: list[str], now: datetime) -> tuple[datetime | None, datetime | None]:
    today = datetime.combine(now.date(), time.min, UTC)
    day, end = timedelta(days=1), timedelta(days=1, microseconds=-1)
    if operator == "<>d":
        pair = [*values, ""][:2]
        low, high = (moment(v) if v else None for v in pair)
        if high is not None and len(pair[1]) == 10:
            high += end
        return low, high
    if operator == "=d":
        start = moment(values[0]) or today
        return start, start + end
    if operator == "t":
        return today, today + end
    if operator == "w":
        monday = today - today.weekday() * day
        return monday, monday + 7 * day - timedelta(microseconds=1)
    days = max(-MAX_DAYS, min(int(values[0]), MAX_DAYS)) * day
    return {
        ">t-": (today - days, today + end),
        "<t-": (None, today - days + end),
        "t-": (today - days, today - days + end),
        ">t+": (today + days, None),
        "<t+": (today, today + days + end),
        "t+": (today + days, today + days + end),
    }[operator]


def moment(value: str) -> datetime | None:
    """An ISO date or time as an aware moment (UTC without a zone), None for anything else."""
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, bool):
        return ("t" if value else "f",)
    if isinstance(value, (list, tuple, set, frozenset)):
        return tuple(str(v) for v in value)
    return (str(value),)
