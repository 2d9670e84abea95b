"""What Asana supplies to the conformance suite: the sandbox of a workspace in this process."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, ClassVar

from pm_providers import (
    AsanaProvider,
    BasePMProvider,
    Entity,
    PMMembership,
    PMProject,
    PMProviderConfig,
    PMTask,
)
from pm_providers.model import PMUser, Record
from pm_providers.sandbox.asana import AsanaSandbox
from pm_providers.sandbox.asana.records import Portfolio, TimeCategory
from pm_providers.sandbox.asana.setup import add_field, add_setting
from pm_providers.testing import ProviderHarness

_PRIORITIES = ("Low", "Medium", "High")


class AsanaHarness(ProviderHarness):
    """A workspace on a paid plan, with the custom fields that the conventions look for.

    Other custom fields are put on projects, and projects into a portfolio, as people do it in the app.
    """

    options: ClassVar[dict[str, Any]] = {}
    page_options: ClassVar = {"page_size": 3}
    page_tasks: ClassVar = 8
    roles: ClassVar = ("editor", "commenter")
    not_as_asked: ClassVar = {
        "comment.body": "texts of comments have no headings, which become bold lines",
        "user.name": "people who are invited by e-mail choose their name themselves",
    }
    never_created: ClassVar = {"project.custom_fields": "a project has those of the portfolios that it is in"}
    never_changed: ClassVar = {
        "user.email": "people change their address themselves",
        "time_entry.task_id": "the update of an entry has no task",
    }
    companions: ClassVar = {
        "project.start_date": {"end_date": date(2026, 4, 1)},
        "task.start_date": {"due_date": date(2026, 4, 1)},
        "sprint.start_date": {"end_date": date(2026, 4, 1)},
    }
    samples: ClassVar = {
        (Entity.PROJECT, "status"): ("active", "archived"),
        (Entity.LABEL, "color"): ("#e8384f", "#4186e0"),
        (Entity.TIME_ENTRY, "activity"): ("Development", "Meetings"),
    }
    custom_fields: ClassVar = {
        Entity.TASK: {
            "Room": ("Lab", "Airlock"),
            "Mass": (1.5, 2.0),
            "Severity": ("Major", "Minor"),
            "Platforms": (["Web", "iOS"], ["Web"]),
            "Launch": (date(2026, 3, 2), date(2026, 3, 4)),
        },
        Entity.PROJECT: {"Cost centre": ("100", "200")},
    }

    async def start(self) -> None:
        self.sandbox = AsanaSandbox()
        state, place = self.sandbox.state, self.sandbox.workspace
        self._field("Priority", "enum", *_PRIORITIES)
        self._field("Estimated time", "number", precision=2)
        self._field("Story points", "number")
        self.own = [
            self._field("Room", "text"),
            self._field("Mass", "number", precision=1),
            self._field("Severity", "enum", "Major", "Minor"),
            self._field("Platforms", "multi_enum", "Web", "iOS"),
            self._field("Launch", "date"),
            self._field("Ticket", "text", representation="custom_id", id_prefix="CONF"),
        ]
        for name in ("Development", "Meetings"):
            state.categories.put(TimeCategory(id=state.gid(), workspace=place, name=name))
        self.me = next(iter(state.tokens.values())).user
        photo = {"image_128x128": "https://s3.example.com/profile_photos/1_128x128.png"}
        state.users.change(state.users[self.me], photo=photo)
        portfolio = Portfolio(id=state.gid(), workspace=place, name="All", owner=self.me, created=state.now())
        self.portfolio = state.portfolios.put(portfolio).id
        add_setting(state, self.portfolio, self._field("Cost centre", "text"), kind="portfolio")

    def _field(self, name: str, kind: str, *options: str, **more: Any) -> str:
        pairs = tuple((one, "none") for one in options)
        return add_field(self.sandbox.state, self.sandbox.workspace, name, kind, options=pairs, **more).id

    async def open(self, *, api_token: str | None = None, **options: Any) -> BasePMProvider:
        settings = self.sandbox.settings
        config = PMProviderConfig(
            "asana",
            base_url=settings["ASANA_URL"],
            api_token=api_token or settings["ASANA_ACCESS_TOKEN"],
            workspace_id=settings["ASANA_WORKSPACE_ID"],
            additional_config={"requests_per_minute": 100_000, **self.options, **options},
        )
        return AsanaProvider(config, transport=self.sandbox.transport())

    async def open_unauthorised(self) -> BasePMProvider:
        return await self.open(api_token="1/0000000000000000:wrong000000000000000000000000")

    def request_count(self) -> int:
        return self.sandbox.log.count()

    def fit(self, task: PMTask) -> PMTask:
        """A start needs a due date."""
        if task.start_date is not None and task.due_date is None:
            task.due_date = task.start_date + timedelta(days=1)
        return task

    async def make_project(self, **fields: Any) -> PMProject:
        """Custom fields other than those of the conventions are put on a project in the app."""
        project = await super().make_project(**fields)
        for one in self.own:
            add_setting(self.sandbox.state, project.id, one)
        return project

    async def changeable(self, record: Record) -> Record:
        """People change their own name only; a project has custom fields once it is in the portfolio."""
        if isinstance(record, PMUser):
            return await self.provider.get_current_user()
        if isinstance(record, PMProject):
            folders = self.sandbox.state.portfolios
            row = folders[self.portfolio]
            folders.change(row, items=(*row.items, record.id))
            return (await self.provider.get_project(record.id)) or record
        return record

    async def assignees(self, project_id: str) -> list[str]:
        """Members of the project."""
        known = [user.id for user in await self.provider.list_users(project_id)]
        while len(known) < 2:
            user = await self.make_user()
            await self.provider.create_membership(
                PMMembership(project_id=project_id, user_id=user.id, roles=["editor"])
            )
            known.append(user.id)
        return known


class AsanaFieldsHarness(AsanaHarness):
    """Statuses and sprints are options of custom fields."""

    not_as_asked: ClassVar = {
        **AsanaHarness.not_as_asked,
        "sprint.project_id": "the field of the options is in several projects, and so is each sprint",
    }
    options: ClassVar = {"status_source": "custom_field:Stage", "sprint_mode": "custom_field"}
    companions: ClassVar = {
        path: needed for path, needed in AsanaHarness.companions.items() if not path.startswith("sprint.")
    }

    rarely_filled: ClassVar = {"sprint.project_id": "an option is of its field, which many projects may have"}

    async def start(self) -> None:
        await super().start()
        self._field("Stage", "enum", "Backlog", "Doing", "Blocked", "Done")
        self._field("Sprint", "enum")
