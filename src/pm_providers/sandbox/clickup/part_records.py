"""What the sandbox stores around tasks: frozen records, all moments as milliseconds of Unix time."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = [
    "Attachment",
    "Checklist",
    "ChecklistItem",
    "Comment",
    "Dependency",
    "Goal",
    "Grant",
    "KeyResult",
    "Link",
    "TimeEntry",
    "TimeTag",
    "View",
    "Webhook",
]


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Comment(_Record, frozen=True, kw_only=True):
    """A comment; `place` is `task:ID`, `list:ID`, `view:ID` or `comment:ID` (a reply)."""

    id: int
    place: str
    team_id: str
    user_id: int
    date: int
    blocks: tuple[dict[str, Any], ...]
    assignee: int | None = None
    group_assignee: str | None = None
    assigned_by: int | None = None
    resolved: bool = False


class Attachment(_Record, frozen=True, kw_only=True):
    """A file on a task."""

    id: str
    task_id: str
    title: str
    extension: str
    mimetype: str
    date: int
    user_id: int
    content: bytes


class Checklist(_Record, frozen=True, kw_only=True):
    """A checklist of a task."""

    id: str
    task_id: str
    name: str
    orderindex: int
    creator: int
    created: int


class ChecklistItem(_Record, frozen=True, kw_only=True):
    """An item; `parent` is the id of another item of the same checklist, or empty."""

    id: str
    checklist_id: str
    name: str
    orderindex: int
    created: int
    assignee: int | None = None
    resolved: bool = False
    parent: str = ""


class Dependency(_Record, frozen=True, kw_only=True):
    """`task_id` waits for `depends_on`."""

    id: str
    task_id: str
    depends_on: str
    user_id: int
    date: int


class Link(_Record, frozen=True, kw_only=True):
    """Two tasks that have to do with each other."""

    id: str
    task_id: str
    other_id: str
    user_id: int
    date: int


class TimeEntry(_Record, frozen=True, kw_only=True):
    """Tracked time; `end` None is a running timer, `task_id` empty an entry without a task."""

    id: str
    team_id: str
    user_id: int
    start: int
    at: int
    end: int | None = None
    task_id: str = ""
    billable: bool = False
    description: str = ""
    tags: tuple[str, ...] = ()
    source: str = "api"


class TimeTag(_Record, frozen=True, kw_only=True):
    """A tag of time entries; `id` is `team:name`."""

    id: str
    team_id: str
    name: str
    fg: str
    bg: str
    creator: int


class View(_Record, frozen=True, kw_only=True):
    """A view; `place` is `team:ID`, `space:ID`, `folder:ID` or `list:ID`; `body` the settings as sent."""

    id: str
    team_id: str
    place: str
    name: str
    type: str
    body: dict[str, Any]
    creator: int
    created: int


class Webhook(_Record, frozen=True, kw_only=True):
    """A receiver; empty ids restrict nothing.

    Attributes:
        status: active, failing or suspended.
        fail_count: events that were lost since the last success.
    """

    id: str
    team_id: str
    user_id: int
    endpoint: str
    events: tuple[str, ...]
    secret: str
    client_id: str
    space_id: str = ""
    folder_id: str = ""
    list_id: str = ""
    task_id: str = ""
    status: str = "active"
    fail_count: int = 0


class Goal(_Record, frozen=True, kw_only=True):
    """A goal of a Workspace."""

    id: str
    team_id: str
    number: int
    name: str
    creator: int
    created: int
    updated: int
    due: int | None = None
    description: str = ""
    color: str | None = None
    multiple_owners: bool = False
    owners: tuple[int, ...] = ()


class KeyResult(_Record, frozen=True, kw_only=True):
    """A target of a goal."""

    id: str
    goal_id: str
    name: str
    type: str
    unit: str
    creator: int
    created: int
    steps_start: float = 0
    steps_end: float = 0
    steps_current: float | None = None
    owners: tuple[int, ...] = ()
    task_ids: tuple[str, ...] = ()
    list_ids: tuple[str, ...] = ()
    note: str = ""


class Grant(_Record, frozen=True, kw_only=True):
    """What a guest was given; `id` is `user:place`, `place` as of comments."""

    id: str
    user_id: int
    place: str
    level: str = "read"
