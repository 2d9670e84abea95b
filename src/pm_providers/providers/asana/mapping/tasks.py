"""Tasks and `PMTask`. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pm_providers.model import PMStatus, PMTask
from pm_providers.providers.asana.mapping.choices import TYPES, task_status
from pm_providers.providers.asana.mapping.custom_fields import VALUE_FIELDS, read_value
from pm_providers.providers.asana.mapping.projects import SprintPlace
from pm_providers.providers.asana.mapping.texts import read_text, write_text
from pm_providers.providers.asana.mapping.values import document, gid, listed, minutes, ref_gid, ref_name
from pm_providers.toolkit.documents import Document, broken, day, instant, optional_number, optional_text

__all__ = [
    "LEAN_FIELDS",
    "OPTIONAL_FIELDS",
    "TASK_FIELDS",
    "Conventions",
    "TaskReading",
    "from_task",
    "home_of",
    "is_task",
    "memberships_of",
    "number_value",
    "to_task",
]

_BASE_FIELDS = (
    "name", "html_notes", "completed", "completed_at", "created_at", "modified_at", "due_on", "due_at",
    "start_on", "start_at", "assignee", "parent", "memberships.project", "memberships.section.name", "tags",
    "num_subtasks", "resource_subtype", "is_rendered_as_separator", "permalink_url", "created_by",
    *VALUE_FIELDS,
)  # fmt: skip

OPTIONAL_FIELDS = ("actual_time_minutes", "custom_type.name", "custom_type_status_option.name")
"""Fields of paid plans, or behind scopes of their own: left out when the vendor refuses them."""

TASK_FIELDS = (*_BASE_FIELDS, *OPTIONAL_FIELDS)
"""`opt_fields` of tasks: what is not asked for is absent, and what is asked for costs."""

LEAN_FIELDS = (
    "modified_at", "parent", "num_subtasks", "memberships.project", "resource_subtype",
    "is_rendered_as_separator",
)  # fmt: skip
"""`opt_fields` that tell which tasks there are."""

_HOUR = 60.0
_ROLES = {"priority": "enum", "estimate": "number", "points": "number", "status": "enum", "sprint": "enum"}


@dataclass(frozen=True, slots=True)
class Conventions:
    """Names or gids, without case, of the custom fields that stand for fields of tasks; empty for none."""

    priority: str = ""
    estimate: str = ""
    points: str = ""
    status: str = ""
    sprint: str = ""

    def role(self, one: str, name: str, subtype: str) -> str:
        """Which of our fields a custom field stands for; empty for none."""
        folded = name.strip().casefold()
        for role, kind in _ROLES.items():
            known = getattr(self, role)
            if known and subtype == kind and known in {one, folded}:
                return role
        return ""


@dataclass(slots=True)
class TaskReading:
    """What is needed besides the document.

    Attributes:
        project: gid of the project that is listed; `None` where the task's first one counts.
        sprints: projects that are sprints, by gid.
        homes: gid of a task above -> gid of the project of its subtasks.
        statuses: section, or status option, by gid.
        status_from: `section`, `completed`, `custom_type` or `custom_field`.
        incomplete: what people see of open tasks where nothing but `completed` counts.
        priority: gid of an option and its name -> unified priority.
        conventions: custom fields that are fields of tasks.
        text: stored text -> Markdown.
        keep_raw: fill `raw_data`.
    """

    project: str | None = None
    sprints: Mapping[str, SprintPlace] = field(default_factory=dict)
    homes: Mapping[str, str | None] = field(default_factory=dict)
    statuses: Mapping[str, PMStatus] = field(default_factory=dict)
    status_from: str = "section"
    incomplete: PMStatus | None = None
    priority: Callable[[str, str], str | None] = lambda _one, _name: None
    conventions: Conventions = field(default_factory=Conventions)
    text: Callable[[str | None], str | None] = read_text
    keep_raw: bool = True
    _roles: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def role(self, one: str, name: str, subtype: str) -> str:
        """As `Conventions.role`, each field looked at once."""
        key = (one, name, subtype)
        found = self._roles.get(key)
        if found is None:
            found = self._roles[key] = self.conventions.role(one, name, subtype)
        return found


def is_task(value: Document) -> bool:
    """Whether a document is a task at all: separators and sections of old lists are none."""
    return value.get("resource_subtype") != "section" and value.get("is_rendered_as_separator") is not True


def memberships_of(value: Document) -> list[tuple[str, Document | None]]:
    """Projects that hold a task, in the vendor's order, each with the section where it stands there."""
    found = []
    for one in listed(value, "memberships"):
        project, section = one.get("project"), one.get("section")
        if isinstance(project, Mapping):
            found.append((gid(project, "project"), section if isinstance(section, Mapping) else None))
    return found


def home_of(
    memberships: Sequence[tuple[str, Document | None]], reading: TaskReading
) -> tuple[str, Document | None] | None:
    """The project that a task is shown in: the one that is listed, else its first that is no sprint."""
    if reading.project is not None:
        for one in memberships:
            if one[0] == reading.project:
                return one
    return next((one for one in memberships if one[0] not in reading.sprints), None)


def to_task(value: Any, reading: TaskReading) -> PMTask:
    """A task. Its project and section are those of `home_of`; a subtask without one has its parent's project.

    Raises:
        ProviderError: no task, or a value of the wrong kind.
    """
    found = document(value, "task")
    memberships = memberships_of(found)
    home = home_of(memberships, reading)
    parent, assignee = ref_gid(found, "parent"), ref_gid(found, "assignee")
    project = home[0] if home is not None else reading.homes.get(parent) if parent is not None else None
    values = _Values(found, reading)
    completed = found.get("completed") is True
    status, status_name = _status(found, home, values, reading, completed=completed)
    worked = optional_number(found, "actual_time_minutes")
    sprint = values.sprint or _sprint(memberships, reading)
    return PMTask(
        id=gid(found, "task"),
        title=optional_text(found, "name") or "",
        description=reading.text(optional_text(found, "html_notes")),
        status=status,
        priority=values.priority,
        project_id=project,
        parent_task_id=parent,
        assignee_id=assignee,
        estimated_hours=values.estimate,
        actual_hours=None if worked is None else worked / _HOUR,
        due_date=_day(found, "due"),
        raw_data=dict(found) if reading.keep_raw else None,
        key=values.key,
        status_name=status_name,
        priority_name=values.priority_name,
        type=_type(found),
        start_date=_day(found, "start"),
        sprint_id=sprint,
        assignee_ids=[assignee] if assignee else [],
        label_ids=[gid(one, "tag") for one in listed(found, "tags")],
        author_id=ref_gid(found, "created_by"),
        story_points=values.points,
        url=optional_text(found, "permalink_url"),
        created_at=instant(found.get("created_at")),
        updated_at=instant(found.get("modified_at")),
        completed_at=instant(found.get("completed_at")) if completed else None,
        custom_fields=values.others,
    )


def _day(value: Document, name: str) -> date | None:
    """A day; of a task that has a time of day only, the day of that instant in UTC."""
    found = value.get(f"{name}_on")
    if found is not None:
        return day(found)
    moment = instant(value.get(f"{name}_at"))
    return None if moment is None else moment.date()


def _type(value: Document) -> str | None:
    subtype = optional_text(value, "resource_subtype")
    known = TYPES.get(subtype or "")
    return known.name if known else ref_name(value, "custom_type") or subtype


def _status(
    value: Document,
    home: tuple[str, Document | None] | None,
    values: _Values,
    reading: TaskReading,
    *,
    completed: bool,
) -> tuple[str, str | None]:
    if reading.status_from == "section":
        section = home[1] if home is not None else None
        choice = reading.statuses.get(gid(section, "section")) if section is not None else None
    elif reading.status_from == "custom_type":
        choice = reading.statuses.get(ref_gid(value, "custom_type_status_option") or "")
    elif reading.status_from == "completed":
        choice = reading.incomplete
    else:
        choice = reading.statuses.get(values.status or "")
    return task_status(choice, completed=completed)


def _sprint(memberships: Sequence[tuple[str, Document | None]], reading: TaskReading) -> str | None:
    """The sprint that is open; of closed ones the last."""
    found = [reading.sprints[one] for one, _ in memberships if one in reading.sprints]
    open_one = next((one for one in found if not one.is_closed), None)
    if open_one is not None:
        return open_one.id
    return found[-1].id if found else None


class _Values:
    """Custom field values of a task, told apart by what they stand for.

    Attributes:
        key: value of the ID field.
        priority: unified.
        priority_name: what people see.
        estimate: hours.
        points: story points.
        status: gid of the option.
        sprint: gid of the option.
        others: by name; those of one name wear their ids.
    """

    __slots__ = ("estimate", "key", "others", "points", "priority", "priority_name", "sprint", "status")

    def __init__(self, value: Document, reading: TaskReading) -> None:
        self.key: str | None = None
        self.priority: str | None = None
        self.priority_name: str | None = None
        self.estimate: float | None = None
        self.points: float | None = None
        self.status: str | None = None
        self.sprint: str | None = None
        self.others: dict[str, Any] = {}
        found = value.get("custom_fields")
        if found:
            self._read(listed(value, "custom_fields"), reading)

    def _read(self, found: Sequence[Document], reading: TaskReading) -> None:
        others: list[tuple[str, str, Any]] = []
        for one in found:
            number, name = gid(one, "custom field"), optional_text(one, "name") or ""
            subtype = one.get("resource_subtype") or one.get("type") or ""
            representation = one.get("representation_type") or subtype
            role = reading.role(number, name, subtype)
            if representation == "custom_id":
                self.key = self.key or optional_text(one, "display_value")
            elif role:
                self._take(role, one, reading)
            else:
                others.append((name, number, read_value(one, subtype, representation)))
        counts = Counter(name for name, _, _ in others)
        self.others = {
            name if counts[name] == 1 else f"{name} ({number})": value for name, number, value in others
        }

    def _take(self, role: str, one: Document, reading: TaskReading) -> None:
        if role == "estimate":
            self.estimate = _hours(one)
        elif role == "points":
            points = optional_number(one, "number_value")
            self.points = None if points is None else float(points)
        else:
            option = one.get("enum_value")
            if not isinstance(option, Mapping):
                return
            number, name = gid(option, "option"), optional_text(option, "name") or ""
            if role == "priority":
                self.priority, self.priority_name = reading.priority(number, name), name
            else:
                setattr(self, role, number)


def _hours(value: Document) -> float | None:
    """Hours of a number field: minutes where its format says so, else hours."""
    found = optional_number(value, "number_value")
    if found is None:
        return None
    if found < 0:
        raise broken("a negative estimate")
    return found / _HOUR if value.get("format") == "duration" else float(found)


def from_task(fields: Mapping[str, Any], *, base_html: str | None = None) -> dict[str, Any]:
    """Body for those of the checked task fields that are keys of the vendor's task.

    Dates, places (project, section, sprint), the parent, labels and custom fields are written otherwise.

    Args:
        fields: model field -> value; `None` clears. `type` holds a subtype here.
        base_html: the description as it is stored.
    """
    body: dict[str, Any] = {}
    if "title" in fields:
        body["name"] = fields["title"]
    if "description" in fields:
        body["html_notes"] = write_text(fields["description"], base_html)
    if "assignee_id" in fields:
        body["assignee"] = fields["assignee_id"]
    if fields.get("type"):
        body["resource_subtype"] = fields["type"]
    return body


def number_value(role: str, value: float | None, *, duration: bool) -> float | int | None:
    """Value to write into the number field of an estimate (hours) or of story points."""
    if value is None:
        return None
    if role == "estimate" and duration:
        return minutes(value)
    return int(value) if float(value).is_integer() else value
