"""The store behind the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from pm_providers.sandbox.kit.clock import Clock
from pm_providers.sandbox.kit.tables import Table, WriteLog
from pm_providers.sandbox.openproject import records
from pm_providers.sandbox.openproject.features import Features

__all__ = ["State"]


class State:
    """Everything that one OpenProject instance knows.

    Attributes:
        keys: API key to user id.
        settings: instance settings by name, see `defaults.instance_settings`.
        former_identifiers: of renamed projects, to the id that holds them (17.3 and later).
        listeners: called with (event, id, acting user's id) after a write that webhooks report.
        bare: collection and id of objects that 12.0 shows without custom fields while their `updated`
            is the noted one: it takes them from a cache that another representer filled.
    """

    def __init__(self, features: Features, clock: Clock) -> None:
        self.features = features
        self.clock = clock
        self.writes = WriteLog(clock)
        self.keys: dict[str, int] = {}
        self.settings: dict[str, Any] = {}
        self.jobs: list[tuple[datetime, Callable[[], None]]] = []
        self.former_identifiers: dict[str, int] = {}
        self.listeners: list[Callable[[str, int, int], None]] = []
        self.bare: dict[tuple[str, int], datetime] = {}
        w = self.writes
        self.principals: Table[records.Principal] = Table(w)
        self.projects: Table[records.Project] = Table(w, "parent_id")
        self.versions: Table[records.Version] = Table(w, "project_id")
        self.sprints: Table[records.Sprint] = Table(w, "project_id")
        self.categories: Table[records.Category] = Table(w, "project_id")
        self.statuses: Table[records.Status] = Table(w)
        self.types: Table[records.Type] = Table(w)
        self.priorities: Table[records.Priority] = Table(w)
        self.time_activities: Table[records.TimeActivity] = Table(w)
        self.roles: Table[records.Role] = Table(w)
        self.memberships: Table[records.Membership] = Table(w, "project_id", "principal_id")
        self.custom_fields: Table[records.CustomField] = Table(w, "owner")
        self.custom_options: Table[records.CustomOption] = Table(w, "field_id")
        self.work_packages: Table[records.WorkPackage] = Table(w, "parent_id", "project_id", "version_id")
        self.relations: Table[records.Relation] = Table(w, "from_id", "to_id")
        self.time_entries: Table[records.TimeEntry] = Table(w, "work_package_id", "project_id")
        self.journals: Table[records.Journal] = Table(w, "work_package_id")
        self.attachments: Table[records.Attachment] = Table(w, "container")

    def now(self) -> datetime:
        """Time of a write, with the precision of the server's database."""
        return self.clock.now()

    def stamps(self) -> dict[str, Any]:
        """`created` and `updated` of a new record."""
        moment = self.now()
        return {"created": moment, "updated": moment}

    def later(self, job: Callable[[], None]) -> None:
        """Queue a background job; it is due after the setting `job_delay_s`."""
        self.jobs.append((self.now() + timedelta(seconds=self.settings["job_delay_s"]), job))

    def run_jobs(self, *, due_only: bool = False) -> None:
        """Run the queued background jobs, oldest first; `due_only` leaves the later ones."""
        moment = self.now()
        ready = [entry for entry in self.jobs if not due_only or entry[0] <= moment]
        self.jobs = [entry for entry in self.jobs if entry not in ready]
        for _, job in ready:
            job()

    def emit(self, event: str, key: int, actor_id: int) -> None:
        """Tell the listeners about a write, for example `("work_package:updated", 12, 3)`."""
        for listener in self.listeners:
            listener(event, key, actor_id)

    def children(self, work_package_id: int) -> list[records.WorkPackage]:
        """Direct children of a work package, by id."""
        return self.work_packages.where("parent_id", work_package_id)

    def descendants(self, work_package_id: int) -> list[records.WorkPackage]:
        """All below a work package, parents first."""
        found: list[records.WorkPackage] = []
        todo = self.children(work_package_id)
        while todo:
            found += todo
            todo = [child for row in todo for child in self.children(row.id)]
        return found

    def ancestors(self, work_package: records.WorkPackage) -> list[records.WorkPackage]:
        """From the parent up to the root."""
        found: list[records.WorkPackage] = []
        row = self.work_packages.get(work_package.parent_id)
        while row is not None:
            found.append(row)
            row = self.work_packages.get(row.parent_id)
        return found

    def project_ancestors(self, project: records.Project) -> list[records.Project]:
        """From the parent project up to the root."""
        found: list[records.Project] = []
        row = self.projects.get(project.parent_id)
        while row is not None:
            found.append(row)
            row = self.projects.get(row.parent_id)
        return found

    def project_descendants(self, project_id: int) -> list[records.Project]:
        """All projects below one, parents first."""
        found: list[records.Project] = []
        todo = self.projects.where("parent_id", project_id)
        while todo:
            found += todo
            todo = [row for p in todo for row in self.projects.where("parent_id", p.id)]
        return found

    def options(self, field_id: int) -> list[records.CustomOption]:
        """Options of a list field, in their order."""
        return sorted(self.custom_options.where("field_id", field_id), key=lambda o: o.position)

    def fields_for(
        self, owner: str, project_id: int | None = None, type_id: int | None = None
    ) -> list[records.CustomField]:
        """Custom fields that an object shows, in the order of the table."""
        return [
            f
            for f in self.custom_fields
            if f.owner == owner
            and (f.type_ids is None or type_id in f.type_ids)
            and (f.project_ids is None or project_id in f.project_ids)
        ]
