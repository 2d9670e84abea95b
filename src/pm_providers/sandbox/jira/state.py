"""The store behind the Jira sandbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pm_providers.sandbox.jira import agile_records as agile
from pm_providers.sandbox.jira import records
from pm_providers.sandbox.kit.clock import Clock
from pm_providers.sandbox.kit.tables import Table, WriteLog

__all__ = ["Event", "State"]


@dataclass(frozen=True, slots=True)
class Event:
    """A write that webhooks report.

    Attributes:
        name: as the vendor names it ("jira:issue_updated", "comment_created", "sprint_started").
        actor: account id.
        kind: of issue updates: `issue_event_type_name` ("issue_generic", "issue_commented").
        issue: as it is after the write (before it, for deletes).
        subject: the comment, worklog, link, attachment, project, version, sprint, board or user.
        change: the changelog entry of an issue update.
        extra: more members of the payload.
    """

    name: str
    at: datetime
    actor: str
    kind: str = ""
    issue: records.Issue | None = None
    subject: Any = None
    change: records.Change | None = None
    extra: dict[str, Any] = field(default_factory=dict)


class State:
    """Everything that one Jira site knows.

    Attributes:
        tokens: API tokens of people and access tokens of apps.
        settings: of the site, see `defaults.SETTINGS`.
        former_keys: old issue key to issue id; `former_project_keys` the same for projects.
        listeners: called with an `Event` after a write that webhooks report.
        searches: page tokens of searches, and what they stand for.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.writes = WriteLog(clock)
        self.tokens: dict[str, records.AppToken] = {}
        self.settings: dict[str, Any] = {}
        self.former_keys: dict[str, int] = {}
        self.former_project_keys: dict[str, int] = {}
        self.listeners: list[Callable[[Event], None]] = []
        self.jobs: list[tuple[datetime, Callable[[], None]]] = []
        self.searches: dict[str, Any] = {}
        self._rank = 0
        self._configuration(self.writes)
        self._content(self.writes)

    def _configuration(self, w: WriteLog) -> None:
        self.users: Table[records.User] = Table(w)
        self.groups: Table[records.Group] = Table(w)
        self.roles: Table[records.Role] = Table(w, first=10000)
        self.types: Table[records.IssueType] = Table(w, "project_id", first=10000)
        self.statuses: Table[records.Status] = Table(w, "project_id", first=10000)
        self.workflows: Table[records.Workflow] = Table(w)
        self.layouts: Table[records.Layout] = Table(w)
        self.priorities: Table[records.Priority] = Table(w)
        self.resolutions: Table[records.Resolution] = Table(w, first=10000)
        self.link_types: Table[records.LinkType] = Table(w, first=10000)
        self.fields: Table[records.Field] = Table(w)
        self.options: Table[records.Option] = Table(w, "field_id", first=10000)
        self.projects: Table[records.Project] = Table(w, "key", first=10000)
        self.components: Table[records.Component] = Table(w, "project_id", first=10000)
        self.versions: Table[records.Version] = Table(w, "project_id", first=10000)
        self.boards: Table[agile.Board] = Table(w, "project_id")
        self.filters: Table[agile.Filter] = Table(w, first=20000)
        self.webhooks: Table[agile.Webhook] = Table(w)

    def _content(self, w: WriteLog) -> None:
        self.issues: Table[records.Issue] = Table(w, "key", "project_id", "parent_id", first=10000)
        self.comments: Table[records.Comment] = Table(w, "issue_id", first=10000)
        self.worklogs: Table[records.Worklog] = Table(w, "issue_id", first=10000)
        self.attachments: Table[records.Attachment] = Table(w, "issue_id", first=10000)
        self.links: Table[records.Link] = Table(w, "source_id", "target_id", first=10000)
        self.remote_links: Table[records.RemoteLink] = Table(w, "issue_id", first=10000)
        self.changes: Table[records.Change] = Table(w, "issue_id", first=10000)
        self.sprints: Table[agile.Sprint] = Table(w, "board_id")
        self.tasks: Table[agile.Task] = Table(w, first=10000)

    def now(self) -> datetime:
        """Time of a write, in whole milliseconds as the API shows it."""
        moment = self.clock.now()
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def emit(self, event: Event) -> None:
        """Tell the listeners about a write."""
        for listener in self.listeners:
            listener(event)

    def later(self, job: Callable[[], None], delay_s: float = 0) -> None:
        """Queue a background job; `run_jobs(due_only=True)` runs it when it is due (each request does)."""
        self.jobs.append((self.clock.now() + timedelta(seconds=delay_s), job))

    def run_jobs(self, *, due_only: bool = False) -> None:
        """Run the queued background jobs, oldest first; `due_only` leaves the later ones."""
        moment = self.clock.now()
        ready = [entry for entry in self.jobs if not due_only or entry[0] <= moment]
        self.jobs = [entry for entry in self.jobs if entry not in ready]
        for _, job in ready:
            self.writes.begin()
            job()

    def project(self, name: str | int | None) -> records.Project | None:
        """A project that is not in the trash, by id, key (any case) or former key."""
        row = self.any_project(name)
        return row if row is not None and row.state != "deleted" else None

    def any_project(self, name: str | int | None) -> records.Project | None:
        """A project by id, key (any case) or former key, those in the trash included."""
        if name is None:
            return None
        text = str(name).upper()
        found = self.projects.where("key", text)
        if found:
            return found[0]
        if text in self.former_project_keys:
            return self.projects.get(self.former_project_keys[text])
        return self.projects.get(int(text)) if text.isascii() and text.isdigit() else None

    def issue(self, name: str | int | None) -> records.Issue | None:
        """An issue by id, key (any case) or former key, whatever its project's state."""
        if name is None:
            return None
        text = str(name).upper()
        found = self.issues.where("key", text)
        if found:
            return found[0]
        if text in self.former_keys:
            return self.issues.get(self.former_keys[text])
        return self.issues.get(int(text)) if text.isascii() and text.isdigit() else None

    def workflow(self, project: records.Project, type_id: int) -> records.Workflow:
        """The workflow of a type in a project."""
        return self.workflows[project.workflow_ids.get(type_id, project.workflow_ids[0])]

    def layout(self, project: records.Project, type_id: int) -> records.Layout:
        """Screens and field configuration of a type in a project."""
        return self.layouts[project.layout_ids.get(type_id, project.layout_ids[0])]

    def project_types(self, project: records.Project) -> list[records.IssueType]:
        """Issue types of a project, in their order."""
        return [self.types[key] for key in project.type_ids if key in self.types]

    def children(self, issue_id: int) -> list[records.Issue]:
        """Direct children of an issue (sub-tasks, or what is below an epic), by id."""
        return self.issues.where("parent_id", issue_id)

    def subtasks(self, issue_id: int) -> list[records.Issue]:
        """Children that are sub-tasks."""
        return [row for row in self.children(issue_id) if self.types[row.type_id].level < 0]

    def sprint_of(self, issue: records.Issue) -> agile.Sprint | None:
        """The sprint that an issue is in now: the one that is not closed."""
        found = (self.sprints.get(key) for key in reversed(issue.sprint_ids))
        return next((row for row in found if row is not None and row.state != "closed"), None)

    def field_options(self, field_id: str, parent_id: int | None = None) -> list[records.Option]:
        """Options of a field on one level, in their order."""
        return [o for o in self.options.where("field_id", field_id) if o.parent_id == parent_id]

    def next_rank(self) -> int:
        """A rank below all others."""
        self._rank += 1 << 20
        return self._rank

    def groups_of(self, account_id: str) -> list[records.Group]:
        """Groups that a user is in."""
        return [group for group in self.groups if account_id in group.members]
