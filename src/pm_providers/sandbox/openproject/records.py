"""What the sandbox stores: one immutable record per row; a change is a new record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

__all__ = [
    "Attachment",
    "Category",
    "CustomField",
    "CustomOption",
    "Journal",
    "Membership",
    "Principal",
    "Priority",
    "Project",
    "Record",
    "Relation",
    "Role",
    "Sprint",
    "Status",
    "TimeActivity",
    "TimeEntry",
    "Type",
    "Version",
    "WorkPackage",
]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A row: its id, and when it was made and changed."""

    id: int
    created: datetime
    updated: datetime


class Principal(Record, frozen=True, kw_only=True):
    """User, group or placeholder user; they share one sequence of ids.

    `custom` maps a custom field's id to its value, here and below. `members` are user ids of a group.
    """

    kind: str = "User"
    login: str = ""
    first: str = ""
    last: str = ""
    email: str = ""
    admin: bool = False
    status: str = "active"
    language: str = "en"
    hide_mail: bool = True
    members: tuple[int, ...] = ()
    custom: dict[int, Any] = {}
    preferences: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """As shown in titles."""
        return f"{self.first} {self.last}".strip()

    @property
    def anonymous(self) -> bool:
        """Whether this is the user behind requests without credentials."""
        return self.kind == "User" and self.status == "builtin" and self.last == "Anonymous"


class Project(Record, frozen=True, kw_only=True):
    """A project. `kind` is Project, Program or Portfolio; `type_ids` the enabled types.

    `deleting`: a DELETE was accepted and the background job has not run yet.
    """

    identifier: str
    name: str
    active: bool = True
    public: bool = False
    description: str | None = None
    status_code: str | None = None
    status_explanation: str | None = None
    parent_id: int | None = None
    type_ids: tuple[int, ...] = ()
    modules: frozenset[str] = frozenset()
    kind: str = "Project"
    deleting: bool = False
    custom: dict[int, Any] = {}


class Version(Record, frozen=True, kw_only=True):
    """A version. `sharing`: none, descendants, hierarchy, tree or system."""

    name: str
    project_id: int
    description: str | None = ""
    start: str | None = None
    end: str | None = None
    status: str = "open"
    sharing: str = "none"
    custom: dict[int, Any] = {}


class Sprint(Record, frozen=True, kw_only=True):
    """A native sprint (17.3 and later). `status`: in_planning, active or completed."""

    name: str
    project_id: int
    start: str | None = None
    finish: str | None = None
    status: str = "in_planning"


class Category(Record, frozen=True, kw_only=True):
    """A category of one project; `assignee_id` becomes the assignee of new work packages."""

    name: str
    project_id: int
    assignee_id: int | None = None


class Status(Record, frozen=True, kw_only=True):
    """A work package status."""

    name: str
    closed: bool = False
    default: bool = False
    readonly: bool = False
    done_ratio: int | None = None
    color: str = "#1098AD"
    position: int = 1


class Type(Record, frozen=True, kw_only=True):
    """A work package type.

    Attributes:
        default: enabled in new projects.
        status_ids: of its workflow.
        template: text for empty descriptions of new work packages.
        subject_pattern: makes the subjects (16.0 and later); none when blank.
    """

    name: str
    color: str = "#1A67A3"
    position: int = 1
    default: bool = False
    milestone: bool = False
    status_ids: tuple[int, ...] = ()
    template: str = ""
    subject_pattern: str = ""


class Priority(Record, frozen=True, kw_only=True):
    """A work package priority."""

    name: str
    position: int = 1
    color: str = "#74C0FC"
    default: bool = False
    active: bool = True


class TimeActivity(Record, frozen=True, kw_only=True):
    """A time entry activity."""

    name: str
    position: int = 1
    default: bool = False


class Role(Record, frozen=True, kw_only=True):
    """A role. `unit`: project, system (global) or builtin; `forbidden_status_ids` of its workflow."""

    name: str
    unit: str = "project"
    permissions: frozenset[str] = frozenset()
    forbidden_status_ids: frozenset[int] = frozenset()


class Membership(Record, frozen=True, kw_only=True):
    """Roles of a principal in a project (None: everywhere)."""

    principal_id: int
    role_ids: tuple[int, ...]
    project_id: int | None = None


class CustomField(Record, frozen=True, kw_only=True):
    """A custom field. `owner`: WorkPackage, Project, User, Version or TimeEntry.

    `format`: text, string, list, int, float, bool, date, user, version or link.
    `type_ids` and `project_ids` limit a work package field; None enables it everywhere.
    """

    name: str
    owner: str = "WorkPackage"
    format: str = "string"
    multi: bool = False
    required: bool = False
    min_length: int = 0
    max_length: int = 0
    regexp: str = ""
    default: Any = None
    filterable: bool = True
    type_ids: tuple[int, ...] | None = None
    project_ids: tuple[int, ...] | None = None


class CustomOption(Record, frozen=True, kw_only=True):
    """One value of a list field."""

    field_id: int
    value: str
    position: int = 1


class WorkPackage(Record, frozen=True, kw_only=True):
    """A work package.

    Dates are ISO texts here and below (the vendor accepts years above 9999). Hours are numbers
    (`estimated_hours`, `remaining_hours`); `done` is per cent. `derived_hours` is what a parent took
    from below at its last roll-up (up to 13.x).
    """

    subject: str
    project_id: int
    type_id: int
    status_id: int
    priority_id: int
    author_id: int
    lock: int = 1
    description: str | None = None
    start: str | None = None
    due: str | None = None
    manual: bool = False
    ignore_non_working: bool = False
    duration: int | None = None
    estimated_hours: float | None = None
    remaining_hours: float | None = None
    derived_hours: float | None = None
    done: int | None = 0
    story_points: int | None = None
    position: int | None = None
    assignee_id: int | None = None
    responsible_id: int | None = None
    category_id: int | None = None
    version_id: int | None = None
    sprint_id: int | None = None
    parent_id: int | None = None
    watcher_ids: tuple[int, ...] = ()
    custom: dict[int, Any] = {}


class Relation(Record, frozen=True, kw_only=True):
    """A relation in its stored direction; `kind` is a canonical type, `lag` in days (None: not given)."""

    from_id: int
    to_id: int
    kind: str
    lag: int | None = None
    description: str | None = None


class TimeEntry(Record, frozen=True, kw_only=True):
    """Hours spent. `comment` is plain text."""

    project_id: int
    user_id: int
    activity_id: int
    hours: float | None
    spent_on: str
    work_package_id: int | None = None
    comment: str = ""
    ongoing: bool = False
    custom: dict[int, Any] = {}


class Journal(Record, frozen=True, kw_only=True):
    """One activity of a work package; `changes` holds (attribute, old text, new text)."""

    work_package_id: int
    user_id: int
    number: int
    notes: str = ""
    internal: bool = False
    changes: tuple[tuple[str, Any, Any], ...] = ()


class Attachment(Record, frozen=True, kw_only=True):
    """A file; `container` is (collection, id), None until it is claimed."""

    author_id: int
    file_name: str
    content: bytes
    content_type: str
    description: str = ""
    container: tuple[str, int] | None = None
