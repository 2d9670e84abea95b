"""Issues and `PMTask`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.model import PMStatus, PMTask
from pm_providers.providers.jira.mapping.custom_fields import FieldInfo, read_fields
from pm_providers.providers.jira.mapping.values import (
    as_minutes,
    document,
    fields_of,
    hours,
    person_id,
    ref_id,
    ref_name,
)
from pm_providers.toolkit.documents import day, identifier, instant, optional_number, optional_text

__all__ = ["BASE_FIELDS", "SpecialFields", "TaskReading", "from_task", "sprint_id", "to_task"]

BASE_FIELDS: tuple[str, ...] = (
    "summary",
    "description",
    "status",
    "priority",
    "project",
    "issuetype",
    "parent",
    "assignee",
    "creator",
    "labels",
    "duedate",
    "timetracking",
    "created",
    "updated",
    "resolutiondate",
    "statuscategorychangedate",
)
"""What is asked for of each issue: without it, a search tells ids only."""

_LEGACY = re.compile(r"\[(?:.*?,)?\s*id=(\d+),.*?state=([A-Za-z]+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SpecialFields:
    """Ids of the custom fields that tasks have a field for; they differ by site.

    Attributes:
        sprint: sprints of an issue.
        points: candidates for story points, likeliest first.
        start: first day of work.
        epic_link: key of the epic, on Data Center.
        epic_name: required of epics, on Data Center.
    """

    sprint: str | None = None
    points: tuple[str, ...] = ()
    start: str | None = None
    epic_link: str | None = None
    epic_name: str | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """All that are needed for reading."""
        found = (self.sprint, *self.points, self.start, self.epic_link)
        return tuple(one for one in found if one)


@dataclass(frozen=True, slots=True)
class TaskReading:
    """What is needed besides the document.

    Attributes:
        text: stored text -> Markdown.
        status: status document -> status, with the connection's map applied.
        priority: priority id and name -> unified value.
        special: ids of special custom fields.
        fields: those of `custom_fields`, by unique names.
        epics: key of an epic -> its id, on Data Center.
        base_url: address for people.
        keep_raw: fill `raw_data`.
    """

    text: Callable[[Any], str | None]
    status: Callable[[Mapping[str, Any]], PMStatus]
    priority: Callable[[str | None, str | None], str | None]
    special: SpecialFields = field(default_factory=SpecialFields)
    fields: Sequence[FieldInfo] = ()
    epics: Mapping[str, str] = field(default_factory=dict)
    base_url: str = ""
    keep_raw: bool = True


def to_task(value: Any, reading: TaskReading) -> PMTask:
    """An issue as a task.

    Raises:
        ProviderError: no issue, or a value of the wrong kind.
    """
    found = document(value, "issue")
    values = fields_of(found)
    special, time = reading.special, _times(values)
    shown = values.get("status")
    status = reading.status(shown) if isinstance(shown, dict | Mapping) else None
    closed = status is not None and status.is_closed
    assignee = person_id(values.get("assignee"))
    priority_name = ref_name(values, "priority")
    key = optional_text(found, "key")
    return PMTask(
        id=identifier(found, "issue"),
        title=optional_text(values, "summary") or "",
        description=reading.text(values.get("description")),
        status=status.status if status else None,
        priority=reading.priority(ref_id(values, "priority"), priority_name),
        project_id=ref_id(values, "project"),
        parent_task_id=ref_id(values, "parent") or _epic(values, reading),
        assignee_id=assignee,
        estimated_hours=hours(time, "originalEstimateSeconds"),
        actual_hours=hours(time, "timeSpentSeconds"),
        due_date=day(values.get("duedate")),
        raw_data=dict(found) if reading.keep_raw else None,
        key=key,
        status_name=status.name if status else None,
        priority_name=priority_name,
        type=ref_name(values, "issuetype"),
        start_date=day(values.get(special.start)) if special.start else None,
        sprint_id=sprint_id(values.get(special.sprint), closed=closed) if special.sprint else None,
        assignee_ids=[assignee] if assignee else [],
        label_ids=[one for one in values.get("labels") or () if isinstance(one, str)],
        author_id=person_id(values.get("creator")),
        remaining_hours=hours(time, "remainingEstimateSeconds"),
        story_points=_points(values, special),
        url=f"{reading.base_url}/browse/{key}" if key else None,
        created_at=instant(values.get("created")),
        updated_at=instant(values.get("updated")),
        completed_at=_completed(values) if closed else None,
        custom_fields=read_fields(values, reading.fields, reading.text),
    )


def _times(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Estimates and logged time in seconds; old sites tell them in three fields."""
    found = values.get("timetracking")
    if isinstance(found, Mapping):
        return found
    names = {
        "originalEstimateSeconds": "timeoriginalestimate",
        "remainingEstimateSeconds": "timeestimate",
        "timeSpentSeconds": "timespent",
    }
    return {ours: values.get(theirs) for ours, theirs in names.items()}


def _points(values: Mapping[str, Any], special: SpecialFields) -> float | None:
    for one in special.points:
        found = optional_number(values, one)
        if found is not None:
            return float(found)
    return None


def _epic(values: Mapping[str, Any], reading: TaskReading) -> str | None:
    """Epic of an issue on Data Center, where the parent is only of sub-tasks."""
    link = reading.special.epic_link
    key = values.get(link) if link else None
    return reading.epics.get(key) if isinstance(key, str) else None


def _completed(values: Mapping[str, Any]) -> Any:
    """When it was resolved; without a resolution, when it came into a status of the category Done."""
    return instant(values.get("resolutiondate")) or instant(values.get("statuscategorychangedate"))


def sprint_id(value: Any, *, closed: bool) -> str | None:
    """Sprint that an issue is in: of all it ever was in, the one that is not closed.

    An issue that is done stays in the last one; an open one went back to the backlog from there.

    Args:
        value: list of objects, or of texts on older Data Centers.
        closed: the issue is done.
    """
    found = [one for one in map(_sprint, value if isinstance(value, list) else ()) if one is not None]
    for one, state in reversed(found):
        if state != "closed":
            return one
    return found[-1][0] if found and closed else None


def _sprint(value: Any) -> tuple[str, str] | None:
    if isinstance(value, Mapping) and value.get("id") is not None:
        return str(value["id"]), str(value.get("state") or "").lower()
    legacy = _LEGACY.search(value) if isinstance(value, str) else None
    return (legacy[1], legacy[2].lower()) if legacy else None


# writing


def from_task(
    fields: Mapping[str, Any],
    *,
    special: SpecialFields,
    person: str,
    text: Callable[[str | None], Any],
    points: str | None = None,
    base: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """`fields` of the body that writes checked task fields.

    `priority` and `type` hold the vendor's ids here; status, sprint, parent and custom fields are the
    writers' business.

    Args:
        fields: model field -> value; `None` clears.
        special: ids of special custom fields.
        person: how users are written, `accountId` or `name`.
        text: Markdown -> text to store.
        points: field that holds the story points here.
        base: `fields` of the issue that is changed.

    Raises:
        ValidationError: a label with a blank in it.
    """
    body: dict[str, Any] = {}
    for ours, theirs in (("priority", "priority"), ("type", "issuetype"), ("project_id", "project")):
        if fields.get(ours):
            body[theirs] = {"id": fields[ours]}
    if "title" in fields:
        body["summary"] = fields["title"]
    if "description" in fields:
        body["description"] = text(fields["description"])
    if "assignee_id" in fields:
        body["assignee"] = {person: fields["assignee_id"]} if fields["assignee_id"] else None
    if "label_ids" in fields:
        body["labels"] = _labels(fields["label_ids"] or [])
    if "due_date" in fields:
        body["duedate"] = _day(fields["due_date"])
    if "start_date" in fields and special.start:
        body[special.start] = _day(fields["start_date"])
    if "story_points" in fields and points:
        body[points] = fields["story_points"]
    return body | _estimates(fields, base or {})


def _estimates(fields: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """Time tracking. An empty text clears.

    The server rewrites the estimate that is left out (JRACLOUD-67539, JRASERVER-30459): it is sent as it is.
    """
    names = (("estimated_hours", "originalEstimate"), ("remaining_hours", "remainingEstimate"))
    time = {
        theirs: "" if fields[ours] is None else as_minutes(fields[ours])
        for ours, theirs in names
        if ours in fields
    }
    if not time:
        return {}
    stored = _times(base)
    kept = {theirs: hours(stored, f"{theirs}Seconds") for _, theirs in names if theirs not in time}
    return {"timetracking": time | {name: as_minutes(one) for name, one in kept.items() if one is not None}}


def _labels(labels: Sequence[str]) -> list[str]:
    for one in labels:
        if any(letter.isspace() for letter in one):
            raise ValidationError(fields={"label_ids": f"{one!r:.60} holds a blank, which labels cannot"})
    return list(labels)


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()
