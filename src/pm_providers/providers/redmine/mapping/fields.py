"""Fields of issues as the system describes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pm_providers.model import PMField
from pm_providers.providers.redmine.mapping.custom_fields import CustomField, to_custom_field
from pm_providers.toolkit.documents import Document

__all__ = ["to_custom_fields", "to_system_fields"]

_SYSTEM: tuple[tuple[str, str, str], ...] = (
    ("project_id", "Project", "project"),
    ("tracker_id", "Tracker", "choice"),
    ("subject", "Subject", "text"),
    ("description", "Description", "markdown"),
    ("status_id", "Status", "choice"),
    ("priority_id", "Priority", "choice"),
    ("is_private", "Private", "flag"),
    ("assigned_to_id", "Assignee", "user"),
    ("category_id", "Category", "choice"),
    ("fixed_version_id", "Target version", "sprint"),
    ("parent_issue_id", "Parent task", "task"),
    ("start_date", "Start date", "date"),
    ("due_date", "Due date", "date"),
    ("estimated_hours", "Estimated time", "number"),
    ("done_ratio", "% Done", "integer"),
)
"""Id, English name and kind ([code] app/models/tracker.rb, `CORE_FIELDS_ALL`; config/locales/en.yml)."""

_ALWAYS = {"project_id", "tracker_id", "subject", "status_id", "priority_id", "is_private"}
_REQUIRED = {"project_id", "subject"}
_UNWRITTEN = {"is_private"}


def to_system_fields(trackers: Sequence[Document], options: Mapping[str, Sequence[str]]) -> list[PMField]:
    """The system's own fields: those of every issue, and those that one of the trackers at least has.

    A status and a priority are required, too, but new issues get one by themselves. Workflows may require
    more, which the API does not tell.

    Args:
        trackers: as the vendor describes them; they name their fields from 5.0 on, so without names they
            have all.
        options: field id -> names to choose from.
    """
    used = set(_ALWAYS)
    for tracker in trackers:
        named = tracker.get("enabled_standard_fields")
        used.update(named if isinstance(named, list) else (one for one, _, _ in _SYSTEM))
    return [
        PMField(
            id=one,
            name=name,
            type=kind,
            is_required=one in _REQUIRED,
            is_writable=one not in _UNWRITTEN,
            allowed_values=tuple(options.get(one, ())),
        )
        for one, name, kind in _SYSTEM
        if one in used
    ]


def to_custom_fields(values: Sequence[Document], *, keep_raw: bool = True) -> list[PMField]:
    """Custom fields by name, of the administrators' descriptions or of ids and names alone."""
    found = [_field(to_custom_field(one), dict(one) if keep_raw else None) for one in values]
    return sorted(found, key=lambda one: (one.name.casefold(), int(one.id)))


def _field(field: CustomField, raw: dict[str, Any] | None) -> PMField:
    return PMField(
        id=field.id,
        name=field.name,
        type=field.type,
        is_custom=True,
        is_required=field.required,
        is_multiple=field.multiple,
        is_writable=field.type != "attachment",
        allowed_values=tuple(label for _, label in field.options),
        raw_data=raw,
    )
