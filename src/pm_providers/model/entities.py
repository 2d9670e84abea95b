"""The records that providers return and take: plain dataclasses with slots.

Conventions that hold for all of them:

- `id` is the vendor's stable id as text, `""` before creation (`None` is taken for `""`).
- Missing is `None`; a list or dict is empty. A field that the vendor does not have is always missing.
- Dates are `datetime.date`; instants are timezone-aware UTC `datetime`; durations are hours (`float`).
- Text marked Markdown is CommonMark with GitHub's tables, task lists and strike-through.
- Fields that the system assigns (`id`, `key` of a task, `url`, `version`, `created_at`, ...) are ignored on
  creation and refused in updates.
- `raw_data` is the vendor's record untouched, and takes no part in comparison. `warnings` is filled by writes
  only: what the system ignored or changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pm_providers.model.fields import FieldKind as K
from pm_providers.model.fields import Owner, spec
from pm_providers.model.values import Priority, ProjectStatus, SprintStatus, TaskStatus

__all__ = [
    "PMProject",
    "PMSprint",
    "PMTask",
    "PMUser",
    "Record",
    "WriteWarning",
]


@dataclass(frozen=True, slots=True)
class WriteWarning:
    """The system stored something else than was asked for.

    Attributes:
        field: model field.
        asked: value that was asked for.
        got: value that the system answered.
        reason: why, where it is known; `""` otherwise.
    """

    field: str
    asked: Any
    got: Any
    reason: str = ""

    def __str__(self) -> str:
        why = f" ({self.reason})" if self.reason else ""
        return f"{self.field}: asked for {_short(self.asked)}, got {_short(self.got)}{why}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004 - one readable line


@dataclass(slots=True)
class Record:
    """Base of all records: takes `id=None` as "not created yet"."""

    id: str = spec(K.ID, default="", owner=Owner.SERVER)

    def __post_init__(self) -> None:
        self.id = self.id or ""


@dataclass(slots=True)
class PMProject(Record):
    """A project: the container of tasks and sprints.

    Attributes:
        name: title, one line.
        description: Markdown.
        status: unified; a vendor's own name or id is taken on writing.
        priority: unified.
        start_date: first day.
        end_date: last day, inclusive.
        owner_id: user who answers for it.
        raw_data: the vendor's record, untouched.
        key: short name that people use in URLs and commands (OpenProject identifier, Jira key). May be
            given on creation; made by the system otherwise.
        status_name: what the vendor calls the status.
        status_note: Markdown that explains the status.
        parent_project_id: the project above this one.
        is_public: readable without membership.
        is_archived: hidden from lists unless `include_archived=True`.
        url: address of its page for people.
        created_at: instant of creation.
        updated_at: instant of the last change of the project's own fields.
        version: opaque token for `expected_version=`; missing where the vendor has none.
        custom_fields: vendor's field name -> value.
        warnings: what the last write did not do as asked.
    """

    name: str = spec(K.TEXT, default="", required=True)
    description: str | None = spec(K.MARKDOWN, default=None)
    status: str | None = spec(K.CHOICE, default=None, choices=ProjectStatus, open_choice=True)
    priority: str | None = spec(K.CHOICE, default=None, choices=Priority, open_choice=True)
    start_date: date | None = spec(K.DATE, default=None)
    end_date: date | None = spec(K.DATE, default=None)
    owner_id: str | None = spec(K.ID, default=None)
    raw_data: dict[str, Any] | None = spec(
        K.OPAQUE, default=None, owner=Owner.SERVER, compare=False, show=False
    )
    key: str | None = spec(K.TEXT, default=None)
    status_name: str | None = spec(K.TEXT, default=None, owner=Owner.SERVER)
    status_note: str | None = spec(K.MARKDOWN, default=None)
    parent_project_id: str | None = spec(K.ID, default=None)
    is_public: bool | None = spec(K.FLAG, default=None)
    is_archived: bool = spec(K.FLAG, default=False, owner=Owner.SERVER)
    url: str | None = spec(K.TEXT, default=None, owner=Owner.SERVER)
    created_at: datetime | None = spec(K.INSTANT, default=None, owner=Owner.SERVER)
    updated_at: datetime | None = spec(K.INSTANT, default=None, owner=Owner.SERVER)
    version: str | None = spec(K.TEXT, default=None, owner=Owner.SERVER)
    custom_fields: dict[str, Any] = spec(K.MAP, factory=dict)
    warnings: tuple[WriteWarning, ...] = field(default=(), compare=False, repr=False)


@dataclass(slots=True)
class PMTask(Record):
    """A task: work package, issue, card.

    Attributes:
        title: one line.
        description: Markdown.
        status: unified; a vendor's own name or id is taken on writing.
        priority: unified; a vendor's own name or id is taken on writing.
        project_id: project that holds it; required on creation.
        parent_task_id: task above this one.
        assignee_id: first assignee. Writing it swaps the first and leaves the others.
        estimated_hours: planned work in hours.
        actual_hours: work done in hours; where it is the sum of time entries it is read-only.
        due_date: last day of work, inclusive.
        raw_data: the vendor's record, untouched.
        key: what people call it (Jira `PROJ-42`); missing where the id is that.
        status_name: what the vendor calls the status.
        priority_name: what the vendor calls the priority.
        type: vendor's name of its type ("Task", "Bug", "Milestone").
        start_date: first day of work.
        sprint_id: sprint it is planned into.
        assignee_ids: all assignees, first one first. Writing it replaces them all.
        label_ids: labels. Writing it replaces them all.
        author_id: user who created it.
        progress: per cent done, 0 to 100.
        remaining_hours: work left, in hours.
        story_points: relative size.
        is_archived: hidden from lists unless `include_archived=True`.
        url: address of its page for people.
        created_at: instant of creation.
        updated_at: instant of the last change.
        completed_at: instant at which it was closed.
        version: opaque token for `expected_version=`; missing where the vendor has none.
        custom_fields: vendor's field name -> value; only the names given are written.
        warnings: what the last write did not do as asked.
    """

    title: str = spec(K.TEXT, default="", required=True)
    description: str | None = spec(K.MARKDOWN, default=None)
    status: str | None = spec(K.CHOICE, default=None, choices=TaskStatus, open_choice=True)
    priority: str | None = spec(K.CHOICE, default=None, choices=Priority, open_choice=True)
    project_id: str | None = spec(K.ID, default=None, required=True)
    parent_task_id: str | None = spec(K.ID, default=None)
    assignee_id: str | None = spec(K.ID, default=None)
    estimated_hours: float | None = spec(K.HOURS, default=None)
    actual_hours: float | None = spec(K.HOURS, default=None)
    due_date: date | None = spec(K.DATE, default=None)
    raw_data: dict[str, Any] | None = spec(
        K.OPAQUE, default=None, owner=Owner.SERVER, compare=False, show=False
    )
    key: str | None = spec(K.TEXT, default=None, owner=Owner.SERVER)
    status_name: str | None = spec(K.TEXT, default=None, owner=Owner.SERVER)
    priority_name: str | None = spec(K.TEXT, default=None, owner=Owner.SERVER)
    type: str | None = spec(K.TEXT, default=None)
    start_date: date | None = spec(K.DATE, default=None)
    sprint_id: str | None = spec(K.ID, default=None)
    assignee_ids: list[str] = spec(K.IDS, factory=list)
    label_ids: list[str] = spec(K.IDS, factory=list)
    author_id: str | None = spec(K.ID, default=None, owner=Owner.SERVER)
    progress: int | None = spec(K.INTEGER, default=None)
    remaining_hours: float | None = spec(K.HOURS, default=None)
    story_points: float | None = spec(K.NUMBER, default=None)
    is_archived: bool = spec(K.FLAG, default=False, owner=Owner.SERVER)
    url: str | None = spec(K.TEXT, default=None, owner=Owner.SERVER)
    created_at: datetime | None = spec(K.INSTANT, default=None, owner=Owner.SERVER)
    updated_at: datetime | None = spec(K.INSTANT, default=None, owner=Owner.SERVER)
    completed_at: datetime | None = spec(K.INSTANT, default=None, owner=Owner.SERVER)
    version: str | None = spec(K.TEXT, default=None, owner=Owner.SERVER)
    custom_fields: dict[str, Any] = spec(K.MAP, factory=dict)
    warnings: tuple[WriteWarning, ...] = field(default=(), compare=False, repr=False)


@dataclass(slots=True)
class PMSprint(Record):
    """A sprint: iteration, version, cycle.

    Attributes:
        name: title, one line.
        project_id: project that owns it; required on creation.
        start_date: first day.
        end_date: last day, inclusive.
        status: unified.
        capacity_hours: hours the team has.
        planned_hours: hours planned; where it is the sum of its tasks it is read-only.
        goal: Markdown.
        raw_data: the vendor's record, untouched.
        status_name: what the vendor calls the status.
        url: address of its page for people.
        created_at: instant of creation.
        updated_at: instant of the last change.
        version: opaque token for `expected_version=`.
        custom_fields: vendor's field name -> value.
        warnings: what the last write did not do as asked.
    """

    name: str = spec(K.TEXT, default="", required=True)
    project_id: str | None = spec(K.ID, default=None, required=True, owner=Owner.CREATOR)
    start_date: date | None = spec(K.DATE, default=None)
    end_date: date | None = spec(K.DATE, default=None)
    status: str | None = spec(K.CHOICE, default=None, choices=SprintStatus, open_choice=True)
    capacity_hours: float | None = spec(K.HOURS, default=None)
    planned_hours: float | None = spec(K.HOURS, default=None)
    goal: str | None = spec(K.MARKDOWN, default=None)
    raw_data: dict[str, Any] | None = spec(
        K.OPAQUE, default=None, owner=Owner.SERVER, compare=False, show=False
    )
    status_name: str | None = spec(K.TEXT, default=None, owner=Owner.SERVER)
    url: str | None = spec(K.TEXT, default=None, owner=Owner.SERVER)
    created_at: datetime | None = spec(K.INSTANT, default=None, owner=Owner.SERVER)
    updated_at: datetime | None = spec(K.INSTANT, default=None, owner=Owner.SERVER)
    version: str | None = spec(K.TEXT, default=None, owner=Owner.SERVER)
    custom_fields: dict[str, Any] = spec(K.MAP, factory=dict)
    warnings: tuple[WriteWarning, ...] = field(default=(), compare=False, repr=False)


@dataclass(slots=True)
class PMUser(Record):
    """A person, or another thing that work can be assigned to.

    Attributes:
        name: display name.
        email: missing where these credentials may not see it.
        username: login name; missing where these credentials may not see it.
        avatar_url: address of a picture.
        raw_data: the vendor's record, untouched.
        kind: `user`, `group`, `placeholder` or `bot`.
        is_active: may log in or be assigned.
        is_admin: administrator; missing where unknown.
        url: address of the profile page for people.
        created_at: instant of creation.
        updated_at: instant of the last change.
        custom_fields: vendor's field name -> value.
        warnings: what the last write did not do as asked.
    """

    name: str = spec(K.TEXT, default="", required=True)
    email: str | None = spec(K.TEXT, default=None)
    username: str | None = spec(K.TEXT, default=None)
    avatar_url: str | None = spec(K.TEXT, default=None)
    raw_data: dict[str, Any] | None = spec(
        K.OPAQUE, default=None, owner=Owner.SERVER, compare=False, show=False
    )
    kind: str = spec(K.TEXT, default="user", owner=Owner.SERVER)
    is_active: bool = spec(K.FLAG, default=True, owner=Owner.SERVER)
    is_admin: bool | None = spec(K.FLAG, default=None, owner=Owner.SERVER)
    url: str | None = spec(K.TEXT, default=None, owner=Owner.SERVER)
    created_at: datetime | None = spec(K.INSTANT, default=None, owner=Owner.SERVER)
    updated_at: datetime | None = spec(K.INSTANT, default=None, owner=Owner.SERVER)
    custom_fields: dict[str, Any] = spec(K.MAP, factory=dict)
    warnings: tuple[WriteWarning, ...] = field(default=(), compare=False, repr=False)
