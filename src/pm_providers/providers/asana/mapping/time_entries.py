"""Time entries of tasks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.model import PMTimeEntry
from pm_providers.providers.asana.mapping.values import document, gid, listed, minutes, ref_gid
from pm_providers.toolkit.documents import Document, broken, day, instant, optional_number, optional_text

__all__ = ["COMPLETE_FIELDS", "ENTRY_FIELDS", "from_time_entry", "is_complete", "to_time_entry"]

ENTRY_FIELDS = (
    "duration_minutes",
    "entered_on",
    "attributable_to",
    "created_by.name",
    "categories.name",
    "task",
    "created_at",
    "description",
)
"""`opt_fields` of time entries. Lists are documented without the last three: see `is_complete`."""

COMPLETE_FIELDS = ("task", "created_at", "description")
"""Fields of a time entry that lists may leave out ([spec] TimeTrackingEntryCompact)."""


def is_complete(entry: Document) -> bool:
    """Whether an entry of a list has all that a record needs; each is read alone otherwise."""
    return all(name in entry for name in COMPLETE_FIELDS)


def to_time_entry(value: Any, task_id: str | None = None, *, keep_raw: bool = True) -> PMTimeEntry:
    """A time tracking entry. The vendor tells no time of its last change.

    Args:
        value: the entry.
        task_id: its task, where the entry does not say.
        keep_raw: fill `raw_data`.

    Raises:
        ProviderError: no entry, or one without its time.
    """
    found = document(value, "time entry")
    time = optional_number(found, "duration_minutes")
    if time is None:
        raise broken("a time entry without its time")
    categories = listed(found, "categories")
    return PMTimeEntry(
        id=gid(found, "time entry"),
        task_id=ref_gid(found, "task") or task_id,
        hours=time / 60,
        spent_on=day(found.get("entered_on")),
        user_id=ref_gid(found, "created_by"),
        comment=optional_text(found, "description"),
        activity=optional_text(categories[0], "name") if categories else None,
        project_id=ref_gid(found, "attributable_to"),
        created_at=instant(found.get("created_at")),
        raw_data=dict(found) if keep_raw else None,
    )


def from_time_entry(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Body of a time entry, without its category and project.

    Raises:
        ValidationError: less than a minute.
    """
    body: dict[str, Any] = {}
    if "hours" in fields:
        body["duration_minutes"] = minutes(fields["hours"])
        if body["duration_minutes"] < 1:
            raise ValidationError(fields={"hours": "is less than a minute; time is kept in whole minutes"})
    if "spent_on" in fields:
        body["entered_on"] = fields["spent_on"].isoformat()
    if "comment" in fields:
        body["description"] = fields["comment"] or ""
    return body
