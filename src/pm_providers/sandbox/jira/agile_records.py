"""What the Jira sandbox stores around issues: boards, sprints, background tasks and webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from pm_providers.sandbox.jira.records import Record

__all__ = ["Board", "Filter", "Sprint", "Task", "Webhook"]


class Board(Record, frozen=True, kw_only=True):
    """A board.

    Attributes:
        kind: scrum, kanban or simple (team-managed).
        sprints: whether a simple board has its sprints switched on.
        jql: of its filter; empty is `project = KEY ORDER BY Rank ASC`.
        columns: (name, status ids) from left to right.
        estimation_field: field id, empty for none.
    """

    id: int
    name: str
    kind: str
    project_id: int
    filter_id: int
    jql: str = ""
    sprints: bool = True
    columns: tuple[tuple[str, tuple[int, ...]], ...] = ()
    estimation_field: str = ""
    parallel_sprints: bool = False
    properties: dict[str, Any] = msgspec.field(default_factory=dict)


class Sprint(Record, frozen=True, kw_only=True):
    """A sprint; `state` is future, active or closed; `position` in the list, 0 for the place of its id."""

    id: int
    board_id: int
    name: str
    created: datetime
    state: str = "future"
    goal: str = ""
    start: datetime | None = None
    end: datetime | None = None
    activated: datetime | None = None
    completed: datetime | None = None
    position: int = 0
    properties: dict[str, Any] = msgspec.field(default_factory=dict)


class Filter(Record, frozen=True, kw_only=True):
    """A saved search."""

    id: int
    name: str
    owner: str
    jql: str
    description: str = ""
    favourite_of: frozenset[str] = frozenset()


class Task(Record, frozen=True, kw_only=True):
    """A background task.

    Attributes:
        id: a text.
        kind: bulk (asked for at `/bulk/queue`) or plain (asked for at `/task`).
        status: ENQUEUED, RUNNING, COMPLETE, FAILED, CANCEL_REQUESTED, CANCELLED or DEAD.
        done: issue ids that were changed.
        failed: issue id to messages.
        invisible: number of issues asked for that do not exist or are not visible.
    """

    id: str
    kind: str
    submitted_by: str
    created: datetime
    status: str = "ENQUEUED"
    started: datetime | None = None
    updated: datetime | None = None
    finished: datetime | None = None
    progress: int = 0
    total: int = 0
    done: tuple[int, ...] = ()
    failed: dict[int, tuple[str, ...]] = msgspec.field(default_factory=dict)
    invisible: int = 0
    description: str = ""
    message: str = ""
    result: Any = None


class Webhook(Record, frozen=True, kw_only=True):
    """A webhook that an administrator registered; `filters` is the API's object of JQL texts."""

    id: int
    name: str
    url: str
    events: tuple[str, ...]
    updated: datetime
    updated_by: str
    filters: dict[str, str] = msgspec.field(default_factory=dict)
    exclude_body: bool = False
    secret: str = ""
    enabled: bool = True
