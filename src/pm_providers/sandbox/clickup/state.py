"""The store behind the ClickUp sandbox."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pm_providers.sandbox.clickup import part_records as parts
from pm_providers.sandbox.clickup import records
from pm_providers.sandbox.kit.clock import Clock
from pm_providers.sandbox.kit.tables import Table, WriteLog

__all__ = ["Event", "State", "base36"]

_NAMESPACE = uuid.UUID("0c5b1a52-6a3e-4a52-9d5e-3f8c1c7a9b01")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_FIRST_TASK = int("6c9w2000", 36)


def base36(number: int) -> str:
    """Digits and small letters."""
    text = ""
    while number:
        number, rest = divmod(number, 36)
        text = _DIGITS[rest] + text
    return text or "0"


@dataclass(frozen=True, slots=True)
class Event:
    """A write that webhooks report.

    Attributes:
        names: events that one write fires, in order; `taskUpdated` comes with the specific ones.
        kind: task, list, folder, space, goal or keyResult; `id` of that object.
        history: what changed, see `history.item`; the same items go with each of the names.
        path: `list:ID`, `folder:ID`, `space:ID`, `task:ID` that the object is or is in.
        data: a further member of the payload.
    """

    names: tuple[str, ...]
    kind: str
    id: str
    team_id: str
    path: frozenset[str]
    history: tuple[dict[str, Any], ...] = ()
    data: dict[str, Any] = field(default_factory=dict)


class State:
    """Everything that ClickUp knows.

    Attributes:
        tokens: personal token (`pk_...`) to user id; `bearers` access token of an app to user id and the
            Workspaces that he ticked.
        revoked: tokens that were valid once.
        listeners: called with each `Event`.
        custom_items: custom task types by Workspace, as `GET /team/{id}/custom_item` shows them.
        custom_prefixes: letters of custom task ids by Space; without them tasks get none.
        ignored: method and name of each member or parameter that was sent and means nothing.
        cache: results of the last listings by their parameters, see `search`.
        index_lag_s: listings of tasks show the state so many seconds ago.
        storage_left: bytes that files may still take; None has no end.
        missing_status: 401 or 404 for a missing task.
        multiple_lists: the ClickApp for tasks in more than one list is on.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.writes = WriteLog(clock)
        self.tokens: dict[str, int] = {}
        self.bearers: dict[str, tuple[int, frozenset[str]]] = {}
        self.revoked: set[str] = set()
        self.listeners: list[Callable[[Event], None]] = []
        self.cache: dict[Any, Any] = {}
        self.ignored: list[tuple[str, str]] = []
        self.custom_items: dict[str, list[dict[str, Any]]] = {}
        self.custom_prefixes: dict[str, str] = {}
        self.index_lag_s = 0.0
        self.storage_left: int | None = None
        self.missing_status = 401
        self.multiple_lists = True
        self._serials: dict[str, int] = {}
        w = self.writes
        self.users: Table[records.User] = Table(w, first=302438600)
        self.teams: Table[records.Team] = Table(w)
        self.members: Table[records.Member] = Table(w, "team_id", "user_id")
        self.groups: Table[records.Group] = Table(w, "team_id")
        self.spaces: Table[records.Space] = Table(w, "team_id")
        self.folders: Table[records.Folder] = Table(w, "space_id", "parent_id")
        self.lists: Table[records.TaskList] = Table(w, "folder_id", "space_id")
        self.tasks: Table[records.Task] = Table(w, "list_id", "space_id", "parent", "custom_id", "team_id")
        self.tags: Table[records.Tag] = Table(w, "space_id")
        self.fields: Table[records.FieldDefinition] = Table(w, "place")
        self._around(w)

    def _around(self, w: WriteLog) -> None:
        self.comments: Table[parts.Comment] = Table(w, "place", first=90150225613541)
        self.attachments: Table[parts.Attachment] = Table(w, "task_id")
        self.checklists: Table[parts.Checklist] = Table(w, "task_id")
        self.items: Table[parts.ChecklistItem] = Table(w, "checklist_id")
        self.dependencies: Table[parts.Dependency] = Table(w, "task_id", "depends_on")
        self.links: Table[parts.Link] = Table(w, "task_id", "other_id")
        self.times: Table[parts.TimeEntry] = Table(w, "team_id", "task_id", "user_id")
        self.time_tags: Table[parts.TimeTag] = Table(w, "team_id")
        self.views: Table[parts.View] = Table(w, "place")
        self.webhooks: Table[parts.Webhook] = Table(w, "team_id")
        self.goals: Table[parts.Goal] = Table(w, "team_id")
        self.key_results: Table[parts.KeyResult] = Table(w, "goal_id")
        self.grants: Table[parts.Grant] = Table(w, "user_id")

    def now(self) -> int:
        """Time of a write: milliseconds of Unix time."""
        return int(self.clock.now().timestamp() * 1000)

    def emit(self, event: Event) -> None:
        """Tell the listeners about a write."""
        for listener in self.listeners:
            listener(event)

    def serial(self, name: str, first: int = 1) -> int:
        """Next number of a counter."""
        self._serials[name] = self._serials.get(name, first - 1) + 1
        return self._serials[name]

    def place_id(self, kind: str) -> str:
        """Id of a new space, folder or list: digits, one row of numbers for each kind."""
        first = {"space": 901511023376, "folder": 901516077510, "list": 901523450954}[kind]
        return str(self.serial(kind, first))

    def task_id(self) -> tuple[str, int]:
        """Id of a new task, and its number in order of creation."""
        number = self.serial("task")
        return "8" + base36(_FIRST_TASK + number * 7), number

    def uuid(self) -> str:
        """A new id of things that have such ones; the same row in each run."""
        return str(uuid.uuid5(_NAMESPACE, str(self.serial("uuid"))))

    def long_id(self) -> str:
        """A new id of history items and time entries: 19 digits."""
        return str(self.serial("long", 5090313316913181607))

    def secret(self) -> str:
        """A secret of a webhook: the same row in each run."""
        return hashlib.sha256(f"secret {self.serial('secret')}".encode()).hexdigest()[:64].upper()

    def statuses_of(self, row: records.TaskList | records.Folder) -> tuple[records.Status, ...]:
        """Statuses that hold in a list or folder: its own, else those of what it is in."""
        if row.statuses:
            return row.statuses
        if isinstance(row, records.TaskList):
            return self.statuses_of(self.folders[row.folder_id])
        return self.spaces[row.space_id].statuses

    def role_of(self, user_id: int, team_id: str) -> int:
        """Role in a Workspace; 0 for strangers."""
        member = self.members.get(f"{team_id}:{user_id}")
        return member.role if member is not None else 0

    def tasks_in(self, list_id: str) -> list[records.Task]:
        """Tasks whose home is this list, without those in the trash."""
        return [task for task in self.tasks.where("list_id", list_id) if not task.deleted]

    def time_spent(self, task_id: str) -> int:
        """Milliseconds of all entries of a task that ended."""
        return sum(row.end - row.start for row in self.times.where("task_id", task_id) if row.end is not None)
