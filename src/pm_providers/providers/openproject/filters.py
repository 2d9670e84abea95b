"""Query parameters of lists: filters, sorting, paging. All values are text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

__all__ = ["ALL_STATUSES", "Filter", "between", "equal", "filters", "moment", "operator", "sorting"]

Filter = dict[str, dict[str, object]]
"""One condition: `{name: {"operator": ..., "values": [...]}}`."""


def operator(name: str, how: str, values: Iterable[str] = ()) -> Filter:
    """A condition with any operator."""
    return {name: {"operator": how, "values": list(values)}}


def equal(name: str, values: Iterable[str]) -> Filter:
    """One of the values."""
    return operator(name, "=", values)


ALL_STATUSES: Filter = operator("status", "*")
"""Without a filter the work package list shows open ones only (recorded 13-…)."""


def moment(value: datetime) -> str:
    """Instant with milliseconds, as the filters take it. Rounded down, so that nothing is left out."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def between(name: str, since: datetime) -> Filter:
    """At or after an instant: there is no `>=` for instants, `<>d` with an open end takes its place."""
    return operator(name, "<>d", [moment(since), ""])


def filters(*conditions: Filter) -> str:
    """Conditions that all hold, as the parameter takes them."""
    return msgspec.json.encode(list(conditions)).decode()


def sorting(*keys: Sequence[str]) -> str:
    """Sort keys, `("id", "asc")` each."""
    return msgspec.json.encode([list(key) for key in keys]).decode()
