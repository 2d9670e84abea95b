"""Work packages and `PMTask`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.model import PMTask
from pm_providers.providers.openproject.mapping.custom_fields import CustomField, read_custom_fields
from pm_providers.providers.openproject.mapping.hal import (
    Resource,
    day,
    duration,
    formattable,
    hours,
    href_id,
    identifier,
    instant,
    link,
    link_id,
    link_title,
    optional_number,
    optional_text,
    resource,
    to_href,
)
from pm_providers.providers.openproject.mapping.sprints import is_native, to_native_id

__all__ = [
    "TaskReading",
    "from_task",
    "has_native_sprint",
    "project_of",
    "schema_of",
    "to_task",
    "type_of",
    "version_of",
]

_MAX_STORY_POINTS = 10_000


@dataclass(frozen=True, slots=True)
class TaskReading:
    """What is needed besides the document.

    Attributes:
        status: id and title of a status -> (unified value, name).
        priority: the same for priorities.
        fields: custom fields of the work package's project and type.
        sprint_source: what sprints are: `version`, `sprint` (native ones), or `auto` for both.
        base_url: address of the installation, for links for people.
        keep_raw: fill `raw_data`.
    """

    status: Callable[[str | None, str | None], tuple[str | None, str | None]]
    priority: Callable[[str | None, str | None], tuple[str | None, str | None]]
    fields: Sequence[CustomField] = ()
    sprint_source: str = "auto"
    base_url: str = ""
    keep_raw: bool = True


def to_task(value: Any, reading: TaskReading) -> PMTask:
    """A work package as a task.

    A milestone has a single `date`, which is both its start and its due date ([spec] WorkPackageModel).
    `percentageDone` and the durations are null where nothing was estimated. An undisclosed or invisible
    parent reads as no parent: the vendor does not tell them apart.

    Raises:
        ProviderError: no work package, or a value of the wrong kind.
    """
    found = resource(value, "work package")
    one = identifier(found, "work package")
    status, status_name = reading.status(link_id(found, "status"), link_title(found, "status"))
    priority, priority_name = reading.priority(link_id(found, "priority"), link_title(found, "priority"))
    assignee, category = link_id(found, "assignee"), link_id(found, "category")
    lock = optional_number(found, "lockVersion")
    progress = optional_number(found, "percentageDone")
    return PMTask(
        id=one,
        title=optional_text(found, "subject") or "",
        description=formattable(found, "description"),
        status=status,
        priority=priority,
        project_id=project_of(found),
        parent_task_id=link_id(found, "parent", "work_packages"),
        assignee_id=assignee,
        estimated_hours=hours(found.get("estimatedTime")),
        actual_hours=hours(found.get("spentTime")),
        due_date=day(found.get("date", found.get("dueDate"))),
        raw_data=dict(found) if reading.keep_raw else None,
        key=_key(found, one),
        status_name=status_name,
        priority_name=priority_name,
        type=link_title(found, "type"),
        start_date=day(found.get("date", found.get("startDate"))),
        sprint_id=_sprint(found, reading.sprint_source),
        assignee_ids=[assignee] if assignee else [],
        label_ids=[category] if category else [],
        author_id=link_id(found, "author"),
        progress=None if progress is None else int(progress),
        remaining_hours=hours(found.get("remainingTime")),
        story_points=optional_number(found, "storyPoints"),
        url=f"{reading.base_url}/work_packages/{one}",
        created_at=instant(found.get("createdAt")),
        updated_at=instant(found.get("updatedAt")),
        version=None if lock is None else str(lock),
        custom_fields=read_custom_fields(found, reading.fields),
    )


def _key(value: Resource, one: str) -> str | None:
    """`displayId` (17.4+) where it says more than the id: semantic ids `PROJ-42`."""
    key = value.get("displayId")
    return str(key) if isinstance(key, str | int) and str(key) != one else None


def _sprint(value: Resource, source: str) -> str | None:
    """A work package may have both: then the native sprint counts, and hides the version."""
    native = None if source == "version" else link_id(value, "sprint", "sprints")
    if native is not None:
        return to_native_id(native)
    return None if source == "sprint" else version_of(value)


def has_native_sprint(value: Resource) -> bool:
    """Whether a work package is in a native sprint, be it one that may not be seen."""
    return link(value, "sprint").get("href") is not None


def version_of(value: Resource) -> str | None:
    """Version id of a work package; from 17.8 the first of its target versions."""
    links = value["_links"].get("targetVersions")
    if isinstance(links, list) and links and isinstance(links[0], Mapping):
        return href_id(links[0].get("href"), "versions")
    return link_id(value, "version", "versions")


def project_of(value: Resource) -> str | None:
    """Project id of a work package; 17.0+ may link to a program, a portfolio or a workspace instead."""
    return link_id(value, "project")


def schema_of(value: Resource) -> str | None:
    """Id of the schema (`6-1`: project and type) that names the custom fields."""
    return link_id(value, "schema", "schemas")


def type_of(value: Resource) -> str | None:
    """Type id of a work package."""
    return link_id(value, "type", "types")


def from_task(
    fields: Mapping[str, Any],
    *,
    milestone: bool,
    sprint_source: str = "auto",
    target_versions: bool = False,
    leave_native: bool = False,
    custom: Sequence[CustomField] = (),
) -> dict[str, Any]:
    """Body that writes checked task fields. `status`, `priority` and `type` hold the vendor's ids here.

    Args:
        fields: model field -> value; `None` clears.
        milestone: the type has a single date: `date` is written, the due date counts before the start date
            (recorded 10-…: step 99).
        sprint_source: what sprints are: `version`, `sprint` or `auto`.
        target_versions: the schema has `targetVersions` (17.8+), of which `version` is only derived.
        leave_native: the work package is in a native sprint, which would hide a version that is written.
        custom: descriptions of the custom fields that are written.

    Raises:
        ValidationError: story points that are no whole number.
    """
    body: dict[str, Any] = {}
    links: dict[str, Any] = {}
    for name, value in fields.items():
        if name in _PLAIN:
            key, convert = _PLAIN[name]
            body[key] = convert(value)
        elif name in _LINKS:
            key, namespace = _LINKS[name]
            links[key] = to_href(namespace, value)
    if "sprint_id" in fields:
        links.update(_sprint_links(fields["sprint_id"], sprint_source, target_versions=target_versions))
        if leave_native and sprint_source == "auto":
            links.setdefault("sprint", to_href("sprints", None))
    if "label_ids" in fields:
        links["category"] = to_href("categories", next(iter(fields["label_ids"] or ()), None))
    body.update(_dates(fields, milestone=milestone))
    _add_custom(fields.get("custom_fields") or {}, custom, body, links)
    return {**body, "_links": links} if links else body


def _sprint_links(value: str | None, source: str, *, target_versions: bool) -> dict[str, Any]:
    """A native sprint is written as such and leaves the version alone, which it hides."""
    if is_native(value) or source == "sprint":
        return {"sprint": {"href": None if value is None else f"/api/v3/{value}"}}
    if target_versions:
        return {"targetVersions": [] if value is None else [to_href("versions", value)]}
    return {"version": to_href("versions", value)}


def _dates(fields: Mapping[str, Any], *, milestone: bool) -> dict[str, str | None]:
    given = {name: fields[name] for name in ("start_date", "due_date") if name in fields}
    texts = {name: None if value is None else value.isoformat() for name, value in given.items()}
    if not milestone:
        names = {"start_date": "startDate", "due_date": "dueDate"}
        return {names[name]: text for name, text in texts.items()}
    if not texts.get("start_date") and "due_date" not in texts:
        return {}  # the only date is the due date, which nobody asked to clear
    return {"date": texts.get("due_date") or texts.get("start_date")}


def _add_custom(
    values: Mapping[str, Any], fields: Sequence[CustomField], body: dict[str, Any], links: dict[str, Any]
) -> None:
    by_name = {field.name: field for field in fields}
    for name, value in values.items():
        field = by_name[name]
        (links if field.linked else body)[field.key] = field.write(value)


def _text(value: str | None) -> dict[str, str | None]:
    """A null description is a server error; an object with null clears (recorded 11-…: steps 24, 25)."""
    return {"raw": value}


def _same(value: Any) -> Any:
    return value


def _story_points(value: float | None) -> int | None:
    if value is None:
        return None
    if value != int(value) or not 0 <= value < _MAX_STORY_POINTS:
        raise ValidationError(fields={"story_points": f"must be a whole number from 0 to 9999, not {value}"})
    return int(value)


_PLAIN: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "title": ("subject", _same),
    "description": ("description", _text),
    "estimated_hours": ("estimatedTime", duration),
    "remaining_hours": ("remainingTime", duration),
    "progress": ("percentageDone", _same),
    "story_points": ("storyPoints", _story_points),
}
_LINKS = {
    "status": ("status", "statuses"),
    "priority": ("priority", "priorities"),
    "type": ("type", "types"),
    "project_id": ("project", "projects"),
    "parent_task_id": ("parent", "work_packages"),
    "assignee_id": ("assignee", "users"),
}
