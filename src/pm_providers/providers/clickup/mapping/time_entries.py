"""Time entries of the API as records and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.model import PMTimeEntry
from pm_providers.providers.clickup.mapping.values import (
    day_ms,
    milliseconds,
    moment,
    moment_day,
    ref_id,
)
from pm_providers.toolkit.documents import Document, broken, identifier, optional_text

__all__ = ["changed_entry", "is_running", "new_entry", "to_time_entry"]

_HOUR_MS = 3_600_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACES: Mapping[str, str] = {"space": "space_id", "folder": "folder_id", "list": "list_id"}


def is_running(document: Document) -> bool:
    """Whether it is a timer that runs: its duration is below 0 ([doc])."""
    return (milliseconds(document.get("duration")) or 0) < 0


def to_time_entry(
    document: Document, *, zone: tzinfo, level: str, project_id: str | None = None, keep_raw: bool = True
) -> PMTimeEntry:
    """An entry, from a list or a single answer: the answer of a new one has no places (recorded).

    Args:
        document: as sent; one without a task lacks `task`.
        zone: time zone of days.
        level: what a project is.
        project_id: project of the task, where it is known; else the entry tells it.
        keep_raw: fill `raw_data`.
    """
    places = document.get("task_location")
    place = places.get(_PLACES[level]) if isinstance(places, Mapping) else None
    return PMTimeEntry(
        id=identifier(document, "time entry"),
        task_id=ref_id(document, "task"),
        hours=(milliseconds(document.get("duration")) or 0) / _HOUR_MS,
        spent_on=moment_day(document.get("start"), zone),
        user_id=ref_id(document, "user"),
        comment=optional_text(document, "description"),
        project_id=project_id or (str(place) if place else None),
        updated_at=moment(document.get("at")),
        raw_data=dict(document) if keep_raw else None,
    )


def _length(hours: float) -> int:
    found = round(hours * _HOUR_MS)
    if found <= 0:
        raise ValidationError(fields={"hours": "must be a millisecond at least"})
    return found


def new_entry(fields: Mapping[str, Any], zone: tzinfo) -> dict[str, Any]:
    """Body of a new entry: it begins at noon of its day."""
    body: dict[str, Any] = {
        "start": day_ms(fields["spent_on"], zone),
        "duration": _length(fields["hours"]),
        "tid": fields["task_id"],
    }
    if fields.get("user_id"):
        body["assignee"] = int(fields["user_id"])
    if fields.get("comment"):
        body["description"] = fields["comment"]
    return body


def changed_entry(fields: Mapping[str, Any], stored: Document, zone: tzinfo) -> dict[str, Any]:
    """Body of a change. Start and end go together, and the document asks for tags: those there are stay.

    Args:
        fields: checked fields.
        stored: the entry as it is; it keeps its time of day.
        zone: time zone of days.
    """
    body: dict[str, Any] = {"tags": _tags(stored), "tag_action": "add"}
    if "hours" in fields or "spent_on" in fields:
        start, length = milliseconds(stored.get("start")), milliseconds(stored.get("duration"))
        if start is None or length is None:
            raise broken("a time entry without start or duration")
        if fields.get("spent_on") and fields["spent_on"] != moment_day(start, zone):
            start = _moved(start, fields["spent_on"], zone)
        body["start"] = start
        body["end"] = start + (_length(fields["hours"]) if "hours" in fields else length)
    if "comment" in fields:
        body["description"] = fields["comment"] or ""
    if "task_id" in fields:
        body["tid"] = fields["task_id"]
    return body


def _moved(start: int, day: date, zone: tzinfo) -> int:
    """The same time of another day; noon, where that does not exist."""
    before = (_EPOCH + timedelta(milliseconds=start)).astimezone(zone)
    try:
        found = datetime.combine(day, time(before.hour, before.minute, before.second), zone).astimezone(UTC)
    except OverflowError:
        return day_ms(day, zone)
    moved = (found - _EPOCH) // timedelta(milliseconds=1)
    return moved if moment_day(moved, zone) == day else day_ms(day, zone)


def _tags(stored: Document) -> list[dict[str, Any]]:
    found = stored.get("tags")
    tags = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    return [{name: str(one.get(name) or "") for name in ("name", "tag_fg", "tag_bg")} for one in tags]
