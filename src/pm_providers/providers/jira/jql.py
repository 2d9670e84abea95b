"""JQL: values that cannot break out of their place, and the parts of a given query. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pm_providers.errors import ValidationError

__all__ = ["BOUNDED", "all_of", "any_id", "changed_since", "containing", "quoted", "split_order", "within"]

BOUNDED = "created is not EMPTY"
"""A restriction that everything fits: a query without one is refused."""

_WORD = re.compile(r"[^\W_]+(?:['_][^\W_]+)*", re.UNICODE)
_QUOTED_OR_ORDER = re.compile(
    r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|\border\s+by\b", re.IGNORECASE | re.DOTALL
)
_STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'", re.DOTALL)
_HOUR = timedelta(hours=1)
_FARTHEST_ZONE = timedelta(hours=14)


def quoted(value: str) -> str:
    """A value as a JQL string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'


def any_id(field: str, ids: Iterable[str]) -> str:
    """Condition that a field holds one of some ids.

    One unknown id makes the whole query an error, so they must exist.
    """
    return f"{field} in ({', '.join(quoted(one) for one in ids)})"


def containing(text: str) -> str | None:
    """Condition that all words stand somewhere in an issue; `None` for a text without words.

    The search knows words, not signs: those would be read as its operators, or be an error, as would AND, OR
    and NOT in capitals.
    """
    words = _WORD.findall(text)
    return f"text ~ {quoted(' '.join(words).lower())}" if words else None


def changed_since(moment: datetime, zone: str | None = None) -> str:
    """Condition on the time of change, whole minutes as the index has them.

    Args:
        moment: an instant; the minute that it lies in is included.
        zone: profile time zone of the caller, in which texts are read; `None` writes milliseconds since
            1970, which have none.
    """
    minute = moment.astimezone(UTC).replace(second=0, microsecond=0)
    if zone is None:
        return f"updated >= {int(minute.timestamp() * 1000)}"
    return f'updated >= "{_local(minute, zone):%Y-%m-%d %H:%M}"'


def _local(minute: datetime, zone: str) -> datetime:
    """Local time that is never later than the minute, whatever the clocks do around it."""
    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return minute - _FARTHEST_ZONE
    local, before = minute.astimezone(known), (minute - _HOUR).astimezone(known)
    after = (minute + _HOUR).astimezone(known)
    steady = before.utcoffset() == local.utcoffset() == after.utcoffset()
    return local if steady else (minute - 2 * _HOUR).astimezone(known)


def all_of(conditions: Iterable[str | None], order: str = "key ASC") -> str:
    """Query of conditions that hold together."""
    found = [one for one in conditions if one] or [BOUNDED]
    return f"{' AND '.join(found)} ORDER BY {order}"


def split_order(jql: str) -> tuple[str, str]:
    """Condition and order of a query; `""` for a part that it does not have."""
    for found in _QUOTED_OR_ORDER.finditer(jql):
        if found[0][0] not in "\"'":
            return jql[: found.start()].strip(), jql[found.end() :].strip()
    return jql.strip(), ""


def _is_balanced(condition: str) -> bool:
    """Whether parentheses outside of strings match, and no string is left open."""
    depth = 0
    for letter in _STRING.sub("", condition):
        if letter in "\"'":
            return False
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            return False
    return depth == 0


def within(jql: str, project: str | None) -> str:
    """A given query, limited to a project.

    Raises:
        ValidationError: its parentheses do not match: it would break out of the limit.
    """
    if project is None:
        return jql
    condition, order = split_order(jql)
    if not _is_balanced(condition):
        raise ValidationError(fields={"text": "the parentheses or quotes of the query do not match"})
    limited = f"project = {quoted(project)}" + (f" AND ({condition})" if condition else "")
    return f"{limited} ORDER BY {order}" if order else limited
