"""Fields of cards as they are described to callers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pm_providers.model import PMField
from pm_providers.providers.trello.config import Conventions
from pm_providers.providers.trello.mapping.custom_fields import CustomField
from pm_providers.providers.trello.mapping.labels import PRIORITY_NAMES

__all__ = ["custom_fields", "system_fields"]

_SYSTEM: tuple[tuple[str, str, str], ...] = (
    ("name", "Title", "text"),
    ("desc", "Description", "markdown"),
    ("idBoard", "Board", "project"),
    ("idList", "List", "choice"),
    ("dueComplete", "Complete", "flag"),
    ("start", "Start date", "date"),
    ("due", "Due date", "date"),
    ("idMembers", "Members", "user"),
    ("idLabels", "Labels", "label"),
)
"""Id, name and kind ([spec] PUT /cards/{id})."""

_REQUIRED = frozenset({"name", "idBoard"})
_MANY = frozenset({"idMembers", "idLabels"})


def system_fields(lists: Sequence[str], conventions: Conventions) -> list[PMField]:
    """Fields that every card has, and those that conventions add.

    Args:
        lists: names of the open lists.
        conventions: which of sprint and priority are labels.
    """
    found = [
        PMField(
            id=one,
            name=name,
            type=kind,
            is_required=one in _REQUIRED,
            is_multiple=one in _MANY,
            allowed_values=tuple(lists) if one == "idList" else (),
        )
        for one, name, kind in _SYSTEM
    ]
    if conventions.sprint_mode != "none":
        found.append(PMField(id="sprint", name="Sprint", type="sprint"))
    if conventions.priority_mode == "label":
        names = tuple(PRIORITY_NAMES.values())
        found.append(PMField(id="priority", name="Priority", type="choice", allowed_values=names))
    return found


def custom_fields(fields: Iterable[CustomField]) -> list[PMField]:
    """Custom fields by name."""
    found = [
        PMField(
            id=one.id,
            name=one.name,
            type=one.type,
            is_custom=True,
            allowed_values=tuple(text for _, text in one.options),
        )
        for one in fields
    ]
    return sorted(found, key=lambda one: (one.name.casefold(), one.id))
