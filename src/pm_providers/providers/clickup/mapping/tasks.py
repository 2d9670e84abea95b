"""Tasks of the API to records and back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, tzinfo
from typing import Any

from pm_providers.model import PMTask, TaskStatus
from pm_providers.providers.clickup.mapping.choices import CLOSED_TYPES, OPEN_TYPES, PRIORITIES
from pm_providers.providers.clickup.mapping.custom_fields import CustomField, read_custom
from pm_providers.providers.clickup.mapping.sprints import SprintRule
from pm_providers.providers.clickup.mapping.values import (
    day_ms,
    hours,
    moment,
    moment_day,
    optional_id,
    ref_id,
)
from pm_providers.toolkit.choices import status_meaning
from pm_providers.toolkit.documents import Document, identifier, optional_text

__all__ = [
    "TaskReading",
    "from_task",
    "ids_of",
    "places_of",
    "project_of",
    "sprint_of",
    "status_of",
    "tag_names",
    "to_task",
]

_HOUR_MS = 3_600_000
_PRIORITIES: Mapping[str, str] = {one.name: one.priority for one in PRIORITIES}
_PRIORITY_IDS: Mapping[str, str] = {one.id: one.name for one in PRIORITIES}
_EMPTY_TEXT = " "


@dataclass(slots=True)
class TaskReading:
    """What reading tasks needs.

    Attributes:
        level: what a project is.
        zone: time zone of days.
        rule: which lists are sprints.
        types: id of a type -> name.
        sprint_ids: lists that are sprints, for those that a task is in besides its home.
        status: `status_map`: name or unified meaning -> unified status, in lower case.
        priorities: name -> unified priority.
        keep_raw: fill `raw_data`.
        fields: descriptions of custom fields by id, as they are met.
        meanings: name and type of a status -> unified status, as they are met.
    """

    level: str
    zone: tzinfo
    rule: SprintRule
    types: Mapping[str, str]
    sprint_ids: Collection[str] = frozenset()
    status: Mapping[str, str] = field(default_factory=dict)
    priorities: Mapping[str, str] = field(default_factory=lambda: _PRIORITIES)
    keep_raw: bool = True
    fields: dict[str, CustomField] = field(default_factory=dict)
    meanings: dict[tuple[str, str], str] = field(default_factory=dict)

    def meaning(self, name: str, kind: str) -> str:
        """Unified status of a status of a list."""
        found = self.meanings.get((name, kind))
        if found is None:
            found = self.status.get(name.strip().casefold()) or status_of(name, kind).value
            self.meanings[name, kind] = found
        return found


def status_of(name: str, kind: str) -> TaskStatus:
    """Unified status: by the type of the vendor's status first, then by its name."""
    return status_meaning(name, closed=kind in CLOSED_TYPES, default=kind in OPEN_TYPES)


def to_task(document: Document, reading: TaskReading) -> PMTask:
    """The record of a task, from a list, a single answer or the answer of a write."""
    get, zone = document.get, reading.zone
    status = get("status")
    state: Mapping[str, Any] = status if isinstance(status, Mapping) else {}
    name, kind = state.get("status") or None, state.get("type") or ""
    priority = _priority_name(get("priority"))
    assignees = ids_of(get("assignees"))
    return PMTask(
        id=identifier(document, "task"),
        title=get("name") or "",
        description=_description(document),
        status=None if name is None else reading.meaning(name, kind),
        status_name=name,
        priority=None if priority is None else reading.priorities.get(priority),
        priority_name=priority,
        project_id=project_of(document, reading.level),
        parent_task_id=optional_id(get("parent")),
        assignee_id=assignees[0] if assignees else None,
        assignee_ids=assignees,
        estimated_hours=hours(get("time_estimate")),
        actual_hours=hours(get("time_spent")),
        due_date=moment_day(get("due_date"), zone),
        start_date=moment_day(get("start_date"), zone),
        key=optional_id(get("custom_id")),
        type=_type(get("custom_item_id"), reading.types),
        sprint_id=sprint_of(document, reading.rule, reading.sprint_ids),
        label_ids=tag_names(get("tags")),
        author_id=ref_id(document, "creator"),
        story_points=_points(get("points")),
        is_archived=get("archived") is True,
        url=optional_text(document, "url"),
        created_at=moment(get("date_created")),
        updated_at=moment(get("date_updated")),
        completed_at=moment(get("date_done") or get("date_closed")),
        custom_fields=read_custom(get("custom_fields"), zone, reading.fields),
        raw_data=dict(document) if reading.keep_raw else None,
    )


def _description(document: Document) -> str | None:
    """Markdown where the answer has it, else the plain text; an emptied one is a blank."""
    found = document.get("markdown_description")
    if not isinstance(found, str):
        found = document.get("description")
    return found if isinstance(found, str) and found.strip() else None


def _priority_name(value: Any) -> str | None:
    """Name of a priority: an object in most answers, a bare number or name in some ([obs])."""
    if isinstance(value, Mapping):
        return optional_text(value, "priority") or _PRIORITY_IDS.get(str(value.get("id")))
    if value is None or isinstance(value, bool):
        return None
    return _PRIORITY_IDS.get(str(value)) or (str(value) if str(value) in _PRIORITIES else None)


def _type(value: Any, types: Mapping[str, str]) -> str:
    """Name of a type; one that is not known yet is shown by its number."""
    key = "0" if value is None else str(value)
    return types.get(key, key)


def _points(value: Any) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def ids_of(people: Any) -> list[str]:
    """Ids of people, in the vendor's order."""
    if not people or not isinstance(people, list):
        return []
    return [str(one["id"]) for one in people if isinstance(one, Mapping) and one.get("id") is not None]


def tag_names(tags: Any) -> list[str]:
    """Names of tags; a tag has no other identity. In older answers they are bare names ([spec])."""
    if not tags or not isinstance(tags, list):
        return []
    names = (one.get("name") if isinstance(one, Mapping) else one for one in tags)
    return [one for one in names if isinstance(one, str) and one]


def project_of(document: Document, level: str) -> str | None:
    """Project of a task: its space, folder or home list."""
    found = ref_id(document, level)
    return found if found is not None or level != "folder" else ref_id(document, "project")


def places_of(document: Document) -> list[str]:
    """Lists that a task is in besides its home list."""
    return ids_of(document.get("locations"))


def sprint_of(document: Document, rule: SprintRule, sprint_ids: Collection[str]) -> str | None:
    """Sprint of a task: its home list if that is one, else the last of the sprints that it was added to."""
    home, folder = document.get("list"), document.get("folder") or document.get("project")
    if isinstance(home, Mapping) and isinstance(folder, Mapping) and rule.is_list(home, folder):
        return optional_id(home.get("id"))
    if not document.get("locations"):
        return None
    found = [one for one in places_of(document) if one in sprint_ids]
    return found[-1] if found else None


# writing

_Plain = Callable[[Any, tzinfo], Any]


def _milliseconds(value: float, _zone: tzinfo) -> int:
    return round(value * _HOUR_MS)


def _day(value: date, zone: tzinfo) -> int:
    return day_ms(value, zone)


def _number(value: str, _zone: tzinfo) -> int:
    return int(value)


_NAMES: Mapping[str, tuple[str, _Plain | None]] = {
    "title": ("name", None),
    "status": ("status", None),
    "priority": ("priority", _number),
    "due_date": ("due_date", _day),
    "start_date": ("start_date", _day),
    "estimated_hours": ("time_estimate", _milliseconds),
    "story_points": ("points", None),
    "type": ("custom_item_id", _number),
    "parent_task_id": ("parent", None),
}
"""Our field -> the vendor's name, and how a value is written; `None` clears and stays `null`."""


def from_task(fields: Mapping[str, Any], zone: tzinfo) -> dict[str, Any]:
    """Body of a new or changed task, without what has calls of its own (tags, lists, custom fields).

    Days go with `*_date_time: false`: left out, the old flag would stay ([obs] sim#5702). An empty text is
    ignored, so a blank clears the description ([doc] Update Task).

    Args:
        fields: checked fields; `status` a name, `priority` and `type` the vendor's ids.
        zone: time zone of days.
    """
    body: dict[str, Any] = {}
    for ours, (theirs, write) in _NAMES.items():
        if ours in fields:
            value = fields[ours]
            body[theirs] = value if value is None or write is None else write(value, zone)
            if ours in {"due_date", "start_date"} and value is not None:
                body[f"{theirs}_time"] = False
    if "description" in fields:
        body |= _text(fields["description"])
    return body


def _text(value: str | None) -> dict[str, str]:
    if value is None or not value.strip():
        return {"description": _EMPTY_TEXT}
    return {"markdown_content": value}
