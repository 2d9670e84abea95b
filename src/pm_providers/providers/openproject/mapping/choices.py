"""Statuses, priorities and types: what the vendor offers, and the unified value that each reads as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pm_providers.model import (
    PMPriority,
    PMStatus,
    PMTaskType,
    ProjectStatus,
)
from pm_providers.providers.openproject.mapping.hal import Resource, identifier, optional_text, resource
from pm_providers.toolkit.choices import priority_meaning, status_meaning

__all__ = [
    "PROJECT_STATUSES",
    "PROJECT_STATUS_MEANING",
    "PROJECT_STATUS_NAMES",
    "to_priorities",
    "to_status",
    "to_types",
]

PROJECT_STATUSES: tuple[PMStatus, ...] = tuple(
    PMStatus(id=code, name=name, status=meaning.value)
    for code, name, meaning in (
        ("on_track", "On track", ProjectStatus.ACTIVE),
        ("at_risk", "At risk", ProjectStatus.ACTIVE),
        ("off_track", "Off track", ProjectStatus.ACTIVE),
        ("not_started", "Not started", ProjectStatus.PLANNING),
        ("finished", "Finished", ProjectStatus.COMPLETED),
        ("discontinued", "Discontinued", ProjectStatus.ON_HOLD),
    )
)
"""Project statuses, fixed by the vendor ([spec] components/schemas/Project_status): not customisable, their
codes are the same in every language. `discontinued` is the only one that is neither going on nor done."""

PROJECT_STATUS_MEANING: Mapping[str, str] = {entry.id: entry.status for entry in PROJECT_STATUSES}
"""Code -> unified project status."""

PROJECT_STATUS_NAMES: Mapping[str, str] = {entry.id: entry.name for entry in PROJECT_STATUSES}
"""Code -> English name; the titles of links follow the language of the user."""


def to_status(value: Resource) -> PMStatus:
    """A work package status. `isClosed` decides first, then the name, then `isDefault`."""
    value = resource(value, "status")
    name = optional_text(value, "name") or ""
    closed, default = value.get("isClosed") is True, value.get("isDefault") is True
    return PMStatus(
        id=identifier(value, "status"),
        name=name,
        status=status_meaning(name, closed=closed, default=default).value,
        is_closed=closed,
        is_default=default,
        color=optional_text(value, "color"),
    )


def to_priorities(values: Sequence[Resource]) -> list[PMPriority]:
    """Priorities, lowest first: positions rise. Names that say nothing are read by their place."""
    found = sorted((resource(one, "priority") for one in values), key=_position)
    result = []
    for place, value in enumerate(found):
        name = optional_text(value, "name") or ""
        result.append(
            PMPriority(
                id=identifier(value, "priority"),
                name=name,
                priority=priority_meaning(name, place, len(found)).value,
                is_default=value.get("isDefault") is True,
                is_active=value.get("isActive") is not False,
            )
        )
    return result


def to_types(values: Sequence[Resource]) -> list[PMTaskType]:
    """Types in the vendor's order. A new work package without a type gets the first one."""
    found = sorted((resource(one, "type") for one in values), key=_position)
    return [
        PMTaskType(
            id=identifier(value, "type"),
            name=optional_text(value, "name") or "",
            is_default=place == 0,
            is_milestone=value.get("isMilestone") is True,
        )
        for place, value in enumerate(found)
    ]


def _position(value: Resource) -> int:
    position = value.get("position")
    return position if isinstance(position, int) else 0
