"""What the sandbox stores of tasks and what hangs on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

__all__ = ["Attachment", "Story", "Task", "TimeEntry"]


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A task.

    Attributes:
        memberships: (project, section) pairs; order inside a section is kept by the state.
        due_at, start_at: moments; `due_on` and `start_on` are None while those are set.
        custom: field id to value: text, number, option id, tuple of ids, or `{"date": ..., "date_time":
            ...}`.
        external: app id to `(gid, data)`.
        separator: drawn as a line, not as a task.
    """

    id: str
    workspace: str
    name: str
    created: datetime
    modified: datetime
    created_by: str | None = None
    subtype: str = "default_task"
    html_notes: str = "<body></body>"
    assignee: str | None = None
    assigned_by: str | None = None
    assignee_status: str = "upcoming"
    assignee_section: str | None = None
    completed_at: datetime | None = None
    completed_by: str | None = None
    approval: str | None = None
    due_on: str | None = None
    due_at: datetime | None = None
    start_on: str | None = None
    start_at: datetime | None = None
    parent: str | None = None
    memberships: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    followers: tuple[str, ...] = ()
    likes: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    dependents: tuple[str, ...] = ()
    custom: dict[str, Any] = msgspec.field(default_factory=dict)
    custom_type: str | None = None
    status_option: str | None = None
    external: dict[str, tuple[str, str | None]] = msgspec.field(default_factory=dict)
    separator: bool = False
    minutes: int = 0
    trashed: datetime | None = None

    @property
    def completed(self) -> bool:
        """Whether it is marked complete."""
        return self.completed_at is not None


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """A comment (`kind` comment) or an entry of the history (`kind` system).

    Attributes:
        details: more members of the record, for the subtype: plain values, or `("task", id)` pairs for
            others.
    """

    id: str
    task: str
    created: datetime
    author: str | None
    subtype: str
    text: str
    html_text: str
    kind: str = "system"
    source: str = "api"
    pinned: bool = False
    edited: bool = False
    sticker: str | None = None
    likes: tuple[str, ...] = ()
    details: dict[str, Any] = msgspec.field(default_factory=dict)


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file, or a link (`host` external); `parent_kind` is task or project."""

    id: str
    parent: str
    parent_kind: str
    name: str
    created: datetime
    author: str
    host: str = "asana"
    content: bytes = b""
    mime: str = "application/octet-stream"
    url: str | None = None
    connected: bool = False


class TimeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Time spent on a task; `entered_on` is a date."""

    id: str
    task: str
    author: str
    minutes: int
    entered_on: str
    created: datetime
    attributable_to: str | None = None
    billable: str = "notApplicable"
    description: str = ""
    categories: tuple[str, ...] = ()
    approval: str = "DRAFT"
