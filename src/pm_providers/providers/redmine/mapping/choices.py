"""Statuses, priorities, trackers: what the vendor offers, and the unified value that each reads as."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pm_providers.model import (
    PMPriority,
    PMStatus,
    PMTaskType,
    ProjectStatus,
)
from pm_providers.toolkit.choices import priority_meaning, status_meaning
from pm_providers.toolkit.documents import Document, identifier, optional_text

__all__ = [
    "ARCHIVED",
    "CLOSED_PROJECT",
    "PROJECT_STATUSES",
    "to_priorities",
    "to_status",
    "to_types",
]

CLOSED_PROJECT, ARCHIVED = 5, 9

PROJECT_STATUSES: tuple[PMStatus, ...] = tuple(
    PMStatus(id=str(code), name=name, status=meaning.value)
    for code, name, meaning in (
        (1, "active", ProjectStatus.ACTIVE),
        (CLOSED_PROJECT, "closed", ProjectStatus.COMPLETED),
        (ARCHIVED, "archived", ProjectStatus.ARCHIVED),
    )
)
"""Project statuses, fixed by the vendor ([code] app/models/project.rb, `STATUS_*`). 10, scheduled for
deletion (5.1+), reads as archived too: it is on its way out."""


def to_status(value: Document, defaults: Collection[str] = ()) -> PMStatus:
    """An issue status. `is_closed` decides first, then the name, then whether new issues get it.

    Args:
        value: the document.
        defaults: ids of the statuses that trackers give to new issues.
    """
    name, one = optional_text(value, "name") or "", identifier(value, "status")
    closed, default = value.get("is_closed") is True, one in defaults
    return PMStatus(
        id=one,
        name=name,
        status=status_meaning(name, closed=closed, default=default).value,
        is_closed=closed,
        is_default=default,
    )


def to_priorities(values: Sequence[Document]) -> list[PMPriority]:
    """Priorities, lowest first, as the vendor lists them. Names that say nothing are read by their place."""
    result = []
    for place, value in enumerate(values):
        name = optional_text(value, "name") or ""
        result.append(
            PMPriority(
                id=identifier(value, "priority"),
                name=name,
                priority=priority_meaning(name, place, len(values)).value,
                is_default=value.get("is_default") is True,
                is_active=value.get("active") is not False,
            )
        )
    return result


def to_types(values: Sequence[Document]) -> list[PMTaskType]:
    """Trackers in the vendor's order. A new issue without a tracker gets the project's first one."""
    return [
        PMTaskType(
            id=identifier(value, "tracker"), name=optional_text(value, "name") or "", is_default=place == 0
        )
        for place, value in enumerate(values)
    ]
