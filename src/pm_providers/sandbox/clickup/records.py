"""What the sandbox stores of the hierarchy and of tasks; moments are milliseconds of Unix time."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = [
    "FieldDefinition",
    "Folder",
    "Group",
    "Member",
    "Space",
    "Status",
    "Tag",
    "Task",
    "TaskList",
    "Team",
    "User",
]


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    pass


class User(_Record, frozen=True, kw_only=True):
    """A person; `username` and `color` are None until an invitation is accepted; `picture` is an address."""

    id: int
    email: str
    username: str | None = None
    color: str | None = "#595d66"
    timezone: str = "America/Los_Angeles"
    week_start_day: int | None = None
    picture: str | None = None


class Team(_Record, frozen=True, kw_only=True):
    """A Workspace; `plan` is a key of `plans.PLANS`."""

    id: str
    name: str
    plan: str = "business"
    color: str = "#40BC86"
    field_uses: int = 0
    custom_type_uses: int = 0


class Member(_Record, frozen=True, kw_only=True):
    """A user's place in a Workspace; `role` 1 owner, 2 admin, 3 member, 4 guest; `id` is `team:user`."""

    id: str
    team_id: str
    user_id: int
    role: int = 3
    invited: int = 0
    joined: int | None = None
    active: int | None = None
    invited_by: int | None = None


class Group(_Record, frozen=True, kw_only=True):
    """A user group, which the UI calls Team."""

    id: str
    team_id: str
    name: str
    handle: str
    created: int
    creator: int
    members: tuple[int, ...] = ()


class Status(_Record, frozen=True, kw_only=True):
    """A status of a list, folder or space; `type` open, custom, done or closed."""

    id: str
    status: str
    type: str
    orderindex: int
    color: str


class Space(_Record, frozen=True, kw_only=True):
    """A Space; `members` may see a private one."""

    id: str
    team_id: str
    name: str
    statuses: tuple[Status, ...]
    features: dict[str, Any]
    color: str | None = None
    private: bool = False
    multiple_assignees: bool = True
    admin_can_manage: bool | None = None
    archived: bool = False
    members: tuple[int, ...] = ()
    deleted: bool = False


class Folder(_Record, frozen=True, kw_only=True):
    """A Folder; the hidden ones hold one folderless list each. Empty `statuses` are the Space's."""

    id: str
    space_id: str
    name: str
    orderindex: int = 0
    hidden: bool = False
    archived: bool = False
    parent_id: str = ""
    statuses: tuple[Status, ...] = ()
    deleted: bool = False


class TaskList(_Record, frozen=True, kw_only=True):
    """A List; `status` is its colour, empty `statuses` are the folder's or Space's."""

    id: str
    folder_id: str
    space_id: str
    name: str
    orderindex: int = 0
    content: str = ""
    status: str = ""
    priority: int | None = None
    assignee: int | None = None
    due: int | None = None
    due_time: bool = False
    start: int | None = None
    archived: bool = False
    statuses: tuple[Status, ...] = ()
    default_type: int = 0
    deleted: bool = False


class Task(_Record, frozen=True, kw_only=True):
    """A task or subtask.

    Attributes:
        text: the description without marks; `markdown` with them.
        status_log: status and moment of each change, oldest first.
        locations: ids of further lists.
        estimates: milliseconds by assignee ("unassigned" for the rest).
        watchers: user ids, the creator first.
    """

    id: str
    number: int
    team_id: str
    space_id: str
    list_id: str
    name: str
    status: Status
    creator: int
    created: int
    updated: int
    custom_id: str | None = None
    custom_item_id: int = 0
    text: str = ""
    markdown: str = ""
    closed: int | None = None
    done: int | None = None
    archived: bool = False
    assignees: tuple[int, ...] = ()
    group_assignees: tuple[str, ...] = ()
    watchers: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()
    parent: str = ""
    priority: int | None = None
    due: int | None = None
    due_time: bool = False
    start: int | None = None
    start_time: bool = False
    points: float | None = None
    estimate: int | None = None
    estimates: dict[str, int] = msgspec.field(default_factory=dict)
    values: dict[str, Any] = msgspec.field(default_factory=dict)
    locations: tuple[str, ...] = ()
    status_log: tuple[tuple[Status, int], ...] = ()
    deleted: bool = False


class Tag(_Record, frozen=True, kw_only=True):
    """A tag of a Space; `id` is `space:name`."""

    id: str
    space_id: str
    name: str
    fg: str
    bg: str
    creator: int


class FieldDefinition(_Record, frozen=True, kw_only=True):
    """A custom field; `place` is `list:1`, `folder:1`, `space:1` or `team:1`, where it was created.

    Attributes:
        applied: `(object_type, object_id)` pairs; 19 is a custom task type. Empty applies to all.
    """

    id: str
    place: str
    name: str
    type: str
    type_config: dict[str, Any]
    created: int
    hide_from_guests: bool = False
    required: bool = False
    applied: tuple[tuple[int, int], ...] = ()
