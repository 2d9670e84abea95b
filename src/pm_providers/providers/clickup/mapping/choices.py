"""Statuses, priorities and types of tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.model import PMPriority, PMStatus, PMTaskType, Priority
from pm_providers.toolkit.choices import priority_book, status_meaning, with_map
from pm_providers.toolkit.documents import Document, optional_text

__all__ = [
    "CLOSED_TYPES",
    "OPEN_TYPES",
    "PRIORITIES",
    "TASK_TYPE",
    "merged_statuses",
    "priorities",
    "priority_named",
    "status_color",
    "to_status",
    "to_types",
    "type_named",
]

OPEN_TYPES = frozenset({"open", "unstarted"})
"""Types of statuses in which nothing is done yet; `unstarted` is an older word ([obs])."""

CLOSED_TYPES = frozenset({"done", "closed"})
"""Types of statuses in which no work remains; `date_closed` is set in the second only."""

PRIORITIES: tuple[PMPriority, ...] = (
    PMPriority("4", "low", Priority.LOW.value),
    PMPriority("3", "normal", Priority.MEDIUM.value),
    PMPriority("2", "high", Priority.HIGH.value),
    PMPriority("1", "urgent", Priority.HIGHEST.value),
)
"""The vendor's four, lowest first; nobody can change them ([doc] Tasks). `lowest` is written as low."""

TASK_TYPE = PMTaskType("0", "Task", is_default=True)
_MILESTONE = PMTaskType("1", "Milestone", is_milestone=True)


def status_color(document: Document) -> str | None:
    """Colour of a status."""
    return optional_text(document, "color")


def to_status(document: Document) -> PMStatus:
    """Status of a list. Its identity is its name, in lower case: ids differ from list to list."""
    name = optional_text(document, "status") or ""
    kind = optional_text(document, "type") or ""
    closed = kind in CLOSED_TYPES
    default = kind in OPEN_TYPES
    return PMStatus(
        id=name.casefold(),
        name=name,
        status=status_meaning(name, closed=closed, default=default).value,
        is_closed=closed,
        is_default=default,
        color=status_color(document),
    )


def merged_statuses(sets: Iterable[Sequence[Document]], mapping: Mapping[str, str]) -> list[PMStatus]:
    """Statuses of several lists, each name once, in the order of the first list that has it.

    Args:
        sets: statuses of each list, as it orders them.
        mapping: `status_map` of the connection.

    Raises:
        ConfigurationError: the map holds a value that is not unified.
    """
    found: dict[str, PMStatus] = {}
    for documents in sets:
        for one in sorted(documents, key=_order):
            status = to_status(one)
            found.setdefault(status.id, status)
    return with_map(found.values(), mapping, "status_map")


def _order(document: Document) -> float:
    place = document.get("orderindex")
    return float(place) if isinstance(place, int | float) and not isinstance(place, bool) else 0.0


def priorities(mapping: Mapping[str, str]) -> list[PMPriority]:
    """The four priorities with the connection's own map over them, lowest first."""
    return with_map(PRIORITIES, mapping, "priority_map")


def priority_named(value: str, known: Sequence[PMPriority]) -> PMPriority:
    """Priority that a written value means; nothing below low exists, so `lowest` is low.

    Raises:
        ValidationError: nothing fits; lists what exists.
    """
    try:
        return priority_book(known).candidates(value)[0]
    except ValidationError:
        if value == Priority.LOWEST.value:
            return known[0]
        raise


def to_types(documents: Iterable[Mapping[str, Any]]) -> list[PMTaskType]:
    """Types of tasks: the two that are always there, then those that the Workspace made."""
    found = {TASK_TYPE.id: TASK_TYPE, _MILESTONE.id: _MILESTONE}
    for one in documents:
        key, name = one.get("id"), optional_text(one, "name")
        if isinstance(key, int | str) and not isinstance(key, bool) and name:
            found.setdefault(str(key), PMTaskType(str(key), name))
    return list(found.values())


def type_named(value: str, known: Sequence[PMTaskType]) -> PMTaskType | None:
    """Type by id or name, in any case; `None` where there is none."""
    folded = value.strip().casefold()
    by_id = (one for one in known if one.id == value)
    by_name = (one for one in known if one.name.casefold() == folded)
    return next(by_id, None) or next(by_name, None)
