"""What the Jira sandbox stores of projects and issues; the records of the site's configuration are here too.

Moments are aware datetimes in UTC; dates are `YYYY-MM-DD` texts; rich texts are ADF documents.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from pm_providers.sandbox.jira.site_records import (
    AppToken,
    Field,
    Group,
    IssueType,
    Layout,
    LinkType,
    Option,
    Priority,
    Record,
    Resolution,
    Role,
    ScreenField,
    Status,
    Transition,
    User,
    Workflow,
)

__all__ = [
    "AppToken",
    "Attachment",
    "Change",
    "ChangeItem",
    "Comment",
    "Component",
    "Field",
    "Group",
    "Issue",
    "IssueType",
    "Layout",
    "Link",
    "LinkType",
    "Option",
    "Priority",
    "Project",
    "Record",
    "RemoteLink",
    "Resolution",
    "Role",
    "ScreenField",
    "Status",
    "Transition",
    "User",
    "Version",
    "Workflow",
    "Worklog",
]


class Project(Record, frozen=True, kw_only=True):
    """A project.

    Attributes:
        style: classic (company-managed) or next-gen (team-managed).
        lead: account id.
        access: open (all users may work in it), limited (all may read, members work), private (members only)
            or public (like limited, and readable without an account).
        roles: role id to members, as account ids and, with a leading `group:`, group ids.
        workflow_ids, layout_ids: issue type id to workflow and layout; key 0 is for all others.
        state: live, archived or deleted (in the trash, until `purge`).
        last_number: number of the newest issue.
    """

    id: int
    key: str
    name: str
    uuid: str
    lead: str
    description: str = ""
    type_key: str = "software"
    style: str = "classic"
    access: str = "open"
    url: str = ""
    assignee_type: str = "UNASSIGNED"
    category: str = ""
    type_ids: tuple[int, ...] = ()
    roles: dict[int, tuple[str, ...]] = msgspec.field(default_factory=dict)
    workflow_ids: dict[int, int] = msgspec.field(default_factory=dict)
    layout_ids: dict[int, int] = msgspec.field(default_factory=dict)
    state: str = "live"
    state_by: str = ""
    state_at: datetime | None = None
    last_number: int = 0
    properties: dict[str, Any] = msgspec.field(default_factory=dict)


class Component(Record, frozen=True, kw_only=True):
    """A component of one project."""

    id: int
    project_id: int
    name: str
    description: str = ""
    lead: str | None = None
    assignee_type: str = "PROJECT_DEFAULT"


class Version(Record, frozen=True, kw_only=True):
    """A version of one project, in the order of `position`."""

    id: int
    project_id: int
    name: str
    description: str = ""
    start: str | None = None
    release: str | None = None
    released: bool = False
    archived: bool = False
    position: int = 0


class Issue(Record, frozen=True, kw_only=True):
    """An issue.

    Attributes:
        key: `PROJ-12`, changes with the project's key and when the issue is moved.
        original_s, remaining_s, spent_s: time tracking in seconds.
        sprint_ids: all sprints it ever was in, oldest first; the current one is the one not closed.
        rank: smaller is higher in the backlog.
        custom: values by field id: text, number, option id, tuple of option ids, (option, child) pair,
            account id, tuple of account ids, tuple of labels or group ids, ADF. Absent means empty.
        watchers, voters: account ids.
        properties: entity properties by key.
    """

    id: int
    key: str
    project_id: int
    type_id: int
    status_id: int
    summary: str
    created: datetime
    updated: datetime
    status_changed: datetime
    creator: str | None
    reporter: str | None = None
    assignee: str | None = None
    description: dict[str, Any] | None = None
    environment: dict[str, Any] | None = None
    priority_id: int | None = 3
    resolution_id: int | None = None
    resolved: datetime | None = None
    labels: tuple[str, ...] = ()
    component_ids: tuple[int, ...] = ()
    fix_version_ids: tuple[int, ...] = ()
    version_ids: tuple[int, ...] = ()
    due: str | None = None
    parent_id: int | None = None
    original_s: int | None = None
    remaining_s: int | None = None
    spent_s: int | None = None
    sprint_ids: tuple[int, ...] = ()
    rank: int = 0
    watchers: tuple[str, ...] = ()
    voters: tuple[str, ...] = ()
    custom: dict[str, Any] = msgspec.field(default_factory=dict)
    properties: dict[str, Any] = msgspec.field(default_factory=dict)


class Comment(Record, frozen=True, kw_only=True):
    """A comment; `visibility` is the API's object (`type`, `value`, `identifier`) or None."""

    id: int
    issue_id: int
    author: str
    update_author: str
    body: dict[str, Any]
    created: datetime
    updated: datetime
    visibility: dict[str, Any] | None = None
    properties: dict[str, Any] = msgspec.field(default_factory=dict)


class Worklog(Record, frozen=True, kw_only=True):
    """Time spent; `removed` is when it was deleted (the row stays for the feed of deleted ones)."""

    id: int
    issue_id: int
    author: str
    update_author: str
    started: datetime
    seconds: int
    created: datetime
    updated: datetime
    comment: dict[str, Any] | None = None
    visibility: dict[str, Any] | None = None
    removed: datetime | None = None
    properties: dict[str, Any] = msgspec.field(default_factory=dict)


class Attachment(Record, frozen=True, kw_only=True):
    """A file; `token` is part of the signed address of its content."""

    id: int
    issue_id: int
    filename: str
    author: str
    created: datetime
    content: bytes
    mime: str
    token: str


class Link(Record, frozen=True, kw_only=True):
    """A link; the source does what the type's `outward` says to the target."""

    id: int
    type_id: int
    source_id: int
    target_id: int


class RemoteLink(Record, frozen=True, kw_only=True):
    """A link to something outside; `data` is the API's object without id and self."""

    id: int
    issue_id: int
    global_id: str | None
    data: dict[str, Any]


class ChangeItem(msgspec.Struct, frozen=True, kw_only=True):
    """One changed field; the old and new value as id and as text."""

    field: str
    field_id: str
    field_type: str = "jira"
    old: str | None = None
    old_text: str | None = None
    new: str | None = None
    new_text: str | None = None


class Change(Record, frozen=True, kw_only=True):
    """One entry of an issue's changelog."""

    id: int
    issue_id: int
    author: str
    created: datetime
    items: tuple[ChangeItem, ...]
