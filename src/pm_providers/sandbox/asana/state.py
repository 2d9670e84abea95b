"""The store behind the Asana sandbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar, overload

from pm_providers.sandbox.asana import records as r
from pm_providers.sandbox.kit.clock import Clock
from pm_providers.sandbox.kit.server import require_known
from pm_providers.sandbox.kit.tables import Row, Table, WriteLog

__all__ = ["EVENT_LIFE", "PLANS", "Event", "Rows", "State"]

PLANS = ("free", "starter", "advanced", "enterprise")
EVENT_LIFE = timedelta(hours=24)
_FIRST = 1_210_000_000_000_000


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, as the events feed and webhooks tell it.

    Attributes:
        number: position in the feed, from 1.
        action: added, changed, removed, deleted or undeleted.
        resource, parent: compact objects as they were (`gid`, `resource_type`, `resource_subtype`, `name`).
        change: of `changed`: `field`, `action` and, for references, the value.
        scopes: ids of all whose feeds have it.
    """

    number: int
    at: datetime
    user: str | None
    action: str
    resource: dict[str, Any]
    parent: dict[str, Any] | None
    change: dict[str, Any] | None
    scopes: frozenset[str]
    workspace: str


T = TypeVar("T", bound=Row)


class Rows(Sequence[T]):
    """Rows of a table by their ids, read when they are needed: a page of many costs a page."""

    def __init__(self, table: Table[T], gids: list[str]) -> None:
        self._table, self._gids = table, gids

    def __len__(self) -> int:
        return len(self._gids)

    @overload
    def __getitem__(self, at: int) -> T: ...

    @overload
    def __getitem__(self, at: slice) -> list[T]: ...

    def __getitem__(self, at: int | slice) -> T | list[T]:
        if isinstance(at, slice):
            return [self._table[gid] for gid in self._gids[at]]
        return self._table[self._gids[at]]


class State:
    """Everything that one Asana installation knows.

    Attributes:
        plan: of the workspaces, one of `PLANS`; features that it lacks answer 402.
        tokens: by their secret.
        placed: section id to the tasks in it that are not in the trash, in order.
        section_order: project (or task list) id to its sections.
        children: task id to its subtasks, in order.
        setting_order: project (or portfolio) id to its custom field settings.
        events: the newest 24 hours, oldest first.
        cursors: sync tokens: (resource, number of the last event told, when given).
        uniques: (app, external gid) to task id.
        counters: custom_id field id to the last number given.
        event_lag_s: seconds until feeds show an event.
        team_required: refuse projects of organizations without a team, as was the rule once.
    """

    def __init__(self, clock: Clock, plan: str = "advanced") -> None:
        require_known("plan", plan, PLANS)
        self.clock = clock
        self.plan = plan
        self.writes = WriteLog(clock)
        self.tokens: dict[str, r.Token] = {}
        self.placed: dict[str, list[str]] = {}
        self.section_order: dict[str, list[str]] = {}
        self.children: dict[str, list[str]] = {}
        self.setting_order: dict[str, list[str]] = {}
        self.events: list[Event] = []
        self.event_number = 0
        self.cursors: dict[str, tuple[str, int, datetime]] = {}
        self.uniques: dict[tuple[str, str], str] = {}
        self.counters: dict[str, int] = {}
        self.team_required = False
        self.event_lag_s = 0.0
        self.jobs_waiting: list[tuple[str, Callable[[], None]]] = []
        self._last = _FIRST
        self._spread = 7
        w = self.writes
        self.users: Table[r.User] = Table(w, "email")
        self.workspaces: Table[r.Workspace] = Table(w)
        self.workspace_members: Table[r.WorkspaceMembership] = Table(w, "workspace", "user")
        self.teams: Table[r.Team] = Table(w, "workspace")
        self.team_members: Table[r.TeamMembership] = Table(w, "team", "user")
        self.task_lists: Table[r.TaskList] = Table(w, "user")
        self.projects: Table[r.Project] = Table(w, "workspace")
        self.members: Table[r.Membership] = Table(w, "parent", "member")
        self.sections: Table[r.Section] = Table(w, "project")
        self.tags: Table[r.Tag] = Table(w, "workspace")
        self.fields: Table[r.Field] = Table(w, "workspace")
        self.settings: Table[r.FieldSetting] = Table(w, "parent", "field")
        self.portfolios: Table[r.Portfolio] = Table(w, "workspace")
        self.status_updates: Table[r.StatusUpdate] = Table(w, "parent")
        self.custom_types: Table[r.CustomType] = Table(w, "workspace")
        self.categories: Table[r.TimeCategory] = Table(w, "workspace")
        self.jobs: Table[r.Job] = Table(w)
        self.webhooks: Table[r.Webhook] = Table(w, "workspace")
        self.tasks: Table[r.Task] = Table(w, "parent", "assignee", "workspace")
        self.stories: Table[r.Story] = Table(w, "task")
        self.attachments: Table[r.Attachment] = Table(w, "parent")
        self.entries: Table[r.TimeEntry] = Table(w, "task", "author")

    def now(self) -> datetime:
        """Time of a write, in whole milliseconds as the API shows it."""
        moment = self.clock.now()
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def gid(self) -> str:
        """A new id; ids grow, with gaps, over all kinds of resources."""
        self._last += 1 + self._last * 7919 % self._spread
        return str(self._last)

    def paid(self) -> bool:
        """Whether the plan has the paid features at all."""
        return self.plan != "free"

    def has(self, plan: str) -> bool:
        """Whether the plan is this one or a higher one."""
        return PLANS.index(self.plan) >= PLANS.index(plan)

    def record(self, event: Event) -> None:
        """Add an event and forget those that are too old."""
        self.events.append(event)
        self.event_number = event.number
        oldest = event.at - EVENT_LIFE
        if self.events[0].at < oldest:
            self.events = [one for one in self.events if one.at >= oldest]

    def sections_of(self, project: str) -> list[r.Section]:
        """Sections of a project or task list, in order."""
        return [self.sections[gid] for gid in self.section_order.get(project, ())]

    def tasks_in(self, section: str) -> list[r.Task]:
        """Tasks of a section, in order."""
        return [self.tasks[gid] for gid in self.placed.get(section, ())]

    def project_tasks(self, project: str) -> Rows[r.Task]:
        """Tasks of a project, section by section."""
        found: list[str] = []
        for gid in self.section_order.get(project, ()):
            found += self.placed.get(gid, ())
        return Rows(self.tasks, found)

    def subtasks(self, task: str) -> list[r.Task]:
        """Subtasks, in order."""
        return [self.tasks[gid] for gid in self.children.get(task, ())]

    def settings_of(self, parent: str) -> list[r.FieldSetting]:
        """Custom fields of a project or portfolio, in order."""
        return [self.settings[gid] for gid in self.setting_order.get(parent, ())]

    def member_of(self, parent: str, member: str) -> r.Membership | None:
        """The membership of a user or team in a project or portfolio."""
        return next((row for row in self.members.where("parent", parent) if row.member == member), None)

    def task_list(self, user: str, workspace: str) -> r.TaskList | None:
        """The list "My tasks" of a person."""
        rows = self.task_lists.where("user", user)
        return next((row for row in rows if row.workspace == workspace), None)

    def in_workspace(self, user: str, workspace: str) -> r.WorkspaceMembership | None:
        """The membership of a person in a workspace."""
        rows = self.workspace_members.where("user", user)
        return next((row for row in rows if row.workspace == workspace), None)

    def run_jobs(self) -> None:
        """Do the work that waits in the background."""
        waiting, self.jobs_waiting = self.jobs_waiting, []
        for gid, work in waiting:
            if gid in self.jobs:
                work()
