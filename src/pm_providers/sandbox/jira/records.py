"""What the Jira sandbox stores: one immutable record per row; a change is a new record.

Ids are numbers here and texts in the API, but for people (account ids), groups and fields: texts everywhere.
Moments are aware datetimes in UTC; dates are `YYYY-MM-DD` texts; rich texts are ADF documents.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

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


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A row with its key, which is a number where nothing else is said."""

    id: Any


class User(Record, frozen=True, kw_only=True):
    """A person or an app. The key `id` is the account id.

    `email_visible` False hides the address from everybody but its owner (profile privacy).
    """

    id: str
    name: str
    email: str = ""
    email_visible: bool = True
    active: bool = True
    account_type: str = "atlassian"
    time_zone: str = "Etc/UTC"
    locale: str = "en_US"


class AppToken(msgspec.Struct, frozen=True, kw_only=True):
    """A credential: `scopes` None is an unscoped API token of the site, others work at the gateway only."""

    account_id: str
    scopes: frozenset[str] | None = None
    expires: datetime | None = None


class Group(Record, frozen=True, kw_only=True):
    """A group. The key is the group id (a UUID); `members` are account ids."""

    id: str
    name: str
    members: frozenset[str] = frozenset()


class Role(Record, frozen=True, kw_only=True):
    """A project role and the permissions that the one permission scheme gives it."""

    id: int
    name: str
    description: str = ""
    permissions: frozenset[str] = frozenset()


class IssueType(Record, frozen=True, kw_only=True):
    """An issue type. `level`: -1 sub-task, 0 standard, 1 epic, 2 and more above.

    `project_id` is the scope of a type that belongs to a team-managed project; None is site-wide.
    """

    id: int
    name: str
    description: str = ""
    level: int = 0
    avatar_id: int = 10318
    project_id: int | None = None


class Status(Record, frozen=True, kw_only=True):
    """A status. `category`: new, indeterminate or done; `project_id` as with types."""

    id: int
    name: str
    category: str
    description: str = ""
    project_id: int | None = None


class ScreenField(msgspec.Struct, frozen=True, kw_only=True):
    """A field on a transition's screen."""

    field_id: str
    required: bool = False


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a workflow.

    Attributes:
        sources: status ids it starts from; empty makes it global.
        screen: fields of its screen; empty has none.
        permission: needed besides Transition Issues; makes it conditional.
        resolution_id: set by a post function; 0 clears the resolution; None leaves it.
    """

    id: int
    name: str
    to: int
    sources: tuple[int, ...] = ()
    screen: tuple[ScreenField, ...] = ()
    permission: str = ""
    resolution_id: int | None = None


class Workflow(Record, frozen=True, kw_only=True):
    """A workflow: where issues start, the statuses and the transitions between them.

    `closed` are statuses with `jira.issue.editable=false`.
    """

    id: int
    name: str
    initial: int
    status_ids: tuple[int, ...]
    transitions: tuple[Transition, ...]
    closed: frozenset[int] = frozenset()


class Layout(Record, frozen=True, kw_only=True):
    """Screens and field configuration of some issue types in a project.

    Attributes:
        create: field ids on the create screen; other fields are refused.
        edit: field ids on the edit screen, as editmeta shows them.
        required: must have a value.
        dropped: accepted on create and edit, and silently not stored (as apps and scripts can do).
    """

    id: int
    name: str
    create: tuple[str, ...]
    edit: tuple[str, ...]
    required: frozenset[str] = frozenset({"summary", "issuetype", "project", "reporter"})
    dropped: frozenset[str] = frozenset()


class Priority(Record, frozen=True, kw_only=True):
    """A priority; the order of ids is the order of importance, highest first."""

    id: int
    name: str
    description: str = ""
    color: str = "#f79232"


class Resolution(Record, frozen=True, kw_only=True):
    """Why an issue is closed."""

    id: int
    name: str
    description: str = ""


class LinkType(Record, frozen=True, kw_only=True):
    """A type of links; `outward` is what the source does to the target ("blocks")."""

    id: int
    name: str
    inward: str
    outward: str


class Field(Record, frozen=True, kw_only=True):
    """A system or custom field. The key is its id ("summary", "customfield_10020").

    Attributes:
        kind: how values are read and written: string, rich, number, date, datetime, option, options,
            cascading, user, users, group, groups, version, versions, components, labels, url, priority,
            resolution, issuetype, project, parent, timetracking, sprint, rank, epic-link or readonly.
        schema: as the API shows it; None for fields without one.
        navigable: part of `*navigable`.
        number: of a custom field, 0 for a system field.
        project_id: scope of a field that belongs to a team-managed project.
    """

    id: str
    name: str
    kind: str
    schema: dict[str, Any] | None = None
    clauses: tuple[str, ...] = ()
    orderable: bool = True
    navigable: bool = True
    searchable: bool = True
    number: int = 0
    project_id: int | None = None

    @property
    def custom(self) -> str:
        """Key of a custom field's type ("com.pyxis.greenhopper.jira:gh-sprint"); empty otherwise."""
        return str((self.schema or {}).get("custom", ""))


class Option(Record, frozen=True, kw_only=True):
    """An option of a select field; `parent_id` is set in the second level of a cascading one."""

    id: int
    field_id: str
    value: str
    parent_id: int | None = None
    disabled: bool = False


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
    roles: dict[int, tuple[str, ...]] = {}
    workflow_ids: dict[int, int] = {}
    layout_ids: dict[int, int] = {}
    state: str = "live"
    state_by: str = ""
    state_at: datetime | None = None
    last_number: int = 0
    properties: dict[str, Any] = {}


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
    custom: dict[str, Any] = {}
    properties: dict[str, Any] = {}


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
    properties: dict[str, Any] = {}


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
    properties: dict[str, Any] = {}


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
