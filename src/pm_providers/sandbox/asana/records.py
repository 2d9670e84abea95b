"""What the Asana sandbox stores.

Ids are texts of 16 digits. Moments are aware datetimes in UTC; dates are `YYYY-MM-DD` texts; rich texts are
the vendor's XML, `<body>` included. What lies in the trash has `trashed`, the moment of its removal.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from pm_providers.sandbox.asana.work_records import (
    Attachment,
    Story,
    Task,
    TimeEntry,
)

__all__ = [
    "Attachment",
    "CustomType",
    "Field",
    "FieldSetting",
    "Job",
    "Membership",
    "Option",
    "Portfolio",
    "Project",
    "Record",
    "Section",
    "StatusOption",
    "StatusUpdate",
    "Story",
    "Tag",
    "Task",
    "TaskList",
    "Team",
    "TeamMembership",
    "TimeCategory",
    "TimeEntry",
    "Token",
    "User",
    "Webhook",
    "Workspace",
    "WorkspaceMembership",
]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A row; changes are made by `Table.change`."""

    id: str


class User(Record, frozen=True, kw_only=True):
    """A person.

    Attributes:
        time_zone: IANA name; the API does not show it, but `due_on` of a task with a time depends on it.
    """

    name: str
    email: str
    photo: dict[str, str] | None = None
    time_zone: str = "Etc/UTC"
    active: bool = True


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A credential: `kind` is pat, oauth or service; `scopes` None stands for `default` (everything)."""

    user: str
    kind: str = "pat"
    scopes: frozenset[str] | None = None
    app: str = ""
    expires: datetime | None = None


class Workspace(Record, frozen=True, kw_only=True):
    """A workspace; `is_organization` ones have teams."""

    name: str
    is_organization: bool = True
    email_domains: tuple[str, ...] = ()


class WorkspaceMembership(Record, frozen=True, kw_only=True):
    """A person in a workspace."""

    workspace: str
    user: str
    is_admin: bool = False
    is_guest: bool = False
    created: datetime


class Team(Record, frozen=True, kw_only=True):
    """A team of an organization; `visibility` is secret, request_to_join or public."""

    workspace: str
    name: str
    html_description: str = "<body></body>"
    visibility: str = "public"
    access: dict[str, str] = msgspec.field(default_factory=dict)


class TeamMembership(Record, frozen=True, kw_only=True):
    """A person in a team."""

    team: str
    user: str
    is_admin: bool = False
    is_guest: bool = False


class TaskList(Record, frozen=True, kw_only=True):
    """The list "My tasks" of a person in a workspace."""

    user: str
    workspace: str


class Project(Record, frozen=True, kw_only=True):
    """A project; `custom` holds the values of its own fields."""

    workspace: str
    name: str
    created: datetime
    modified: datetime
    team: str | None = None
    owner: str | None = None
    html_notes: str = "<body></body>"
    archived: bool = False
    color: str | None = None
    icon: str | None = "list"
    default_view: str = "list"
    start_on: str | None = None
    due_on: str | None = None
    privacy: str = "public_to_workspace"
    default_access_level: str = "editor"
    min_customization: str = "editor"
    min_sharing: str = "editor"
    completed_at: datetime | None = None
    completed_by: str | None = None
    followers: tuple[str, ...] = ()
    custom: dict[str, Any] = msgspec.field(default_factory=dict)
    current_status: str | None = None
    trashed: datetime | None = None


class Membership(Record, frozen=True, kw_only=True):
    """A user or team with access to a project or portfolio; `parent_kind` is project or portfolio."""

    parent: str
    parent_kind: str
    member: str
    member_kind: str = "user"
    access_level: str = "editor"


class Section(Record, frozen=True, kw_only=True):
    """A section of a project, or of a person's task list."""

    project: str
    name: str
    created: datetime


class Tag(Record, frozen=True, kw_only=True):
    """A tag, known in the whole workspace."""

    workspace: str
    name: str
    created: datetime
    color: str | None = None
    notes: str = ""
    followers: tuple[str, ...] = ()


class Option(Record, frozen=True, kw_only=True):
    """A choice of an enum or multi_enum field; it can be disabled, never removed."""

    name: str
    enabled: bool = True
    color: str = "none"


class Field(Record, frozen=True, kw_only=True):
    """The definition of a custom field.

    Attributes:
        kind: text, number, enum, multi_enum, date, people or reference.
        representation: the same, or formula or custom_id: those can only be read.
        precision: decimals, of number fields.
        locked: only `created_by` may change its definition.
    """

    workspace: str
    name: str
    kind: str
    created: datetime
    created_by: str | None = None
    representation: str = ""
    options: tuple[Option, ...] = ()
    html_description: str = ""
    precision: int = 0
    format: str = "none"
    currency_code: str | None = None
    custom_label: str | None = None
    custom_label_position: str | None = None
    is_global: bool = True
    id_prefix: str | None = None
    notifications: bool = False
    asana_created: str | None = None
    read_only: bool = False
    locked: bool = False
    privacy: str = "public_with_guests"
    default_access_level: str = "editor"
    restrictions: tuple[str, ...] = ("task",)


class FieldSetting(Record, frozen=True, kw_only=True):
    """A field on a project or portfolio."""

    parent: str
    parent_kind: str
    field: str
    is_important: bool = False


class Portfolio(Record, frozen=True, kw_only=True):
    """A portfolio; `items` are projects and portfolios in their order."""

    workspace: str
    name: str
    owner: str
    created: datetime
    color: str = "light-purple"
    archived: bool = False
    start_on: str | None = None
    due_on: str | None = None
    public: bool = False
    default_access_level: str = "viewer"
    items: tuple[str, ...] = ()
    custom: dict[str, Any] = msgspec.field(default_factory=dict)
    current_status: str | None = None


class StatusUpdate(Record, frozen=True, kw_only=True):
    """A report on a project or portfolio; `status_type` like on_track."""

    parent: str
    parent_kind: str
    title: str
    html_text: str
    status_type: str
    author: str
    created: datetime
    modified: datetime


class StatusOption(Record, frozen=True, kw_only=True):
    """A status of a custom type; `completion` is incomplete or complete."""

    name: str
    completion: str = "incomplete"
    color: str = "none"
    enabled: bool = True


class CustomType(Record, frozen=True, kw_only=True):
    """A custom type of tasks, with the projects that use it."""

    workspace: str
    name: str
    options: tuple[StatusOption, ...]
    projects: tuple[str, ...] = ()


class TimeCategory(Record, frozen=True, kw_only=True):
    """A category of time entries."""

    workspace: str
    name: str
    color: str = "none"
    archived: bool = False


class Job(Record, frozen=True, kw_only=True):
    """Work in the background; `made` is (kind, id) of what it makes."""

    subtype: str
    owner: str
    status: str = "not_started"
    made: tuple[str, str] | None = None


class Webhook(Record, frozen=True, kw_only=True):
    """A receiver of events. `app` and `user` own it.

    `cursor` is the number of the last event that was sent.
    """

    resource: str
    resource_kind: str
    workspace: str
    target: str
    secret: str
    user: str
    app: str
    created: datetime
    filters: tuple[dict[str, Any], ...] = ()
    active: bool = True
    cursor: int = 0
    last_failure: datetime | None = None
    last_failure_content: str = ""
    last_success: datetime | None = None
    retries: int = 0
    next_attempt: datetime | None = None
    deletion: datetime | None = None
    heartbeat: datetime | None = None
