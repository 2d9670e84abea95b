"""What the Jira sandbox stores of a site's configuration: people, types, workflows, screens and fields.

One immutable record per row; a change is a new record. Ids are numbers here and texts in the API, but for
people (account ids), groups and fields: texts everywhere.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

__all__ = [
    "AppToken",
    "Field",
    "Group",
    "IssueType",
    "Layout",
    "LinkType",
    "Option",
    "Priority",
    "Record",
    "Resolution",
    "Role",
    "ScreenField",
    "Status",
    "Transition",
    "User",
    "Workflow",
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
