"""What our own providers supply to the conformance suite."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pm_providers import (
    BasePMProvider,
    Entity,
    InternalProvider,
    OpenProjectProvider,
    PMMembership,
    PMProject,
    PMProviderConfig,
    PMTask,
)
from pm_providers.database import engine_for
from pm_providers.sandbox.openproject import OpenProjectSandbox
from pm_providers.sandbox.openproject.records import Category, CustomField
from pm_providers.testing import Gap, GapKind, ProviderHarness
from tests.conformance.asana_harness import AsanaFieldsHarness, AsanaHarness
from tests.conformance.clickup_harness import ClickUpFolderHarness, ClickUpHarness, ClickUpListHarness
from tests.conformance.jira_harness import JiraHarness, JiraTeamManagedHarness
from tests.conformance.redmine_harness import RedmineHarness, RedmineMarkdownHarness
from tests.conformance.trello_harness import (
    TrelloArchivingHarness,
    TrelloCustomFieldsHarness,
    TrelloHarness,
    TrelloPlainHarness,
)
from tests.support.databases import sqlite_database


class InternalSqliteHarness(ProviderHarness):
    """A SQLite file of the test's own."""

    page_options: ClassVar = {"page_size": 3}
    page_tasks: ClassVar = 8
    custom_fields: ClassVar = {
        entity: {"Room": ("Kitchen", "Garden"), "Size": (3, [1.5, None])}
        for entity in (Entity.PROJECT, Entity.TASK, Entity.SPRINT, Entity.USER)
    }

    async def start(self) -> None:
        self.url = sqlite_database(self.tmp_path / "internal.db")

    async def open(self, **options: Any) -> BasePMProvider:
        config = PMProviderConfig(
            "internal", username="ada", additional_config={"database_url": self.url, **options}
        )
        return InternalProvider.from_config(config)

    async def stop(self) -> None:
        engine_for(self.url).dispose()


class InternalPostgresHarness(InternalSqliteHarness):
    """A PostgreSQL database of the test's own, made by the fixture that the binding asks for."""

    def __init__(self, tmp_path: Path, url: str) -> None:
        super().__init__(tmp_path)
        self.url = url

    async def start(self) -> None:
        """The fixture made it."""

    async def stop(self) -> None:
        """The fixture drops it."""


class OpenProjectHarness(ProviderHarness):
    """The sandbox in this process, with what only administrators make in the web interface."""

    version: ClassVar[str] = "17.6"
    page_options: ClassVar = {"page_size": 3}
    page_tasks: ClassVar = 8
    gaps: ClassVar = (
        Gap(
            "test_search_takes_signs_literally[%]",
            GapKind.NEVER,
            "the server hands the text to SQL's LIKE as it is (recorded 13-work-packages-list: step 31)",
        ),
        Gap(
            "test_search_takes_signs_literally[_]",
            GapKind.NEVER,
            "the server hands the text to SQL's LIKE as it is (recorded 13-work-packages-list: step 31)",
        ),
    )
    not_as_asked: ClassVar = {
        "task.story_points": "only types that the backlog knows have them: no plain task"
    }
    rarely_filled: ClassVar = {
        "task.key": "tasks have keys where semantic identifiers are switched on (17.4+)",
        "comment.author_name": "recorded activities link to their user without a name",
    }
    samples: ClassVar = {
        (Entity.TASK, "type"): ("Feature", "Bug"),
        (Entity.TIME_ENTRY, "activity"): ("Development", "Testing"),
    }
    roles: ClassVar = ("Member", "Reader")
    custom_fields: ClassVar = {
        Entity.TASK: {"Reference": ("A-1", "B-2"), "Room size": (3, 4)},
        Entity.PROJECT: {"Cost centre": ("100", "200")},
        Entity.SPRINT: {"Theme": ("Checkout", "Search")},
        Entity.USER: {"Team": ("Red", "Blue")},
    }

    async def start(self) -> None:
        self.sandbox = OpenProjectSandbox(version=self.version)
        state = self.sandbox.state
        state.settings["users_deletable_by_admins"] = True
        fields = [("Reference", "WorkPackage", "string"), ("Room size", "WorkPackage", "int"),
                  ("Cost centre", "Project", "string"), ("Theme", "Version", "string"), ("Team", "User", "string")]  # fmt: skip
        for name, owner, kind in fields:
            state.custom_fields.put(
                CustomField(
                    id=state.custom_fields.next_id(), name=name, owner=owner, format=kind, **state.stamps()
                )
            )

    async def open(self, *, api_key: str | None = None, **options: Any) -> BasePMProvider:
        settings = self.sandbox.settings
        config = PMProviderConfig(
            "openproject",
            base_url=settings["OPENPROJECT_URL"],
            api_key=api_key or settings["OPENPROJECT_API_KEY"],
            additional_config={"delete_wait_s": 0.0, **options},
        )
        return OpenProjectProvider(config, transport=self.sandbox.transport())

    async def open_unauthorised(self) -> BasePMProvider:
        return await self.open(api_key="opapi-0000000000000000000000000000000000000bad")

    async def settle(self) -> None:
        self.sandbox.run_jobs()

    def request_count(self) -> int:
        return self.sandbox.log.count()

    def fit(self, task: PMTask) -> PMTask:
        """Work, remaining work and progress say the same thing three times: keep one."""
        if task.estimated_hours is not None or task.remaining_hours is not None:
            task.progress = None
        if task.estimated_hours is not None:
            task.remaining_hours = None
        return task

    async def make_project(self, **fields: Any) -> PMProject:
        """Categories are made, and further types enabled, in the web interface only."""
        project = await super().make_project(**fields)
        state = self.sandbox.state
        state.projects.change(
            state.projects[int(project.id)], type_ids=tuple(kind.id for kind in state.types)
        )
        for name in ("Front end", "Back end"):
            state.categories.put(
                Category(
                    id=state.categories.next_id(), name=name, project_id=int(project.id), **state.stamps()
                )
            )
        return project

    async def assignees(self, project_id: str) -> list[str]:
        """Members of the project with a role that may be assigned."""
        project = await self.provider.get_project(project_id)
        assert project is not None
        known = [user.id for user in await self.provider.list_users(project.id)]
        while len(known) < 2:
            user = await self.make_user()
            await self.provider.create_membership(
                PMMembership(project_id=project.id, user_id=user.id, roles=["Member"])
            )
            known.append(user.id)
        return known


class OpenProject13Harness(OpenProjectHarness):
    """The oldest version that is supported."""

    version: ClassVar[str] = "13.0"
    not_as_asked: ClassVar = {
        **OpenProjectHarness.not_as_asked,
        "comment.is_internal": "internal comments need 16.1, and are dropped before; the write says so",
    }
    gaps: ClassVar = (
        *OpenProjectHarness.gaps,
        *(
            Gap(
                f"test_field_is_held[task.{name}]",
                GapKind.NEVER,
                "before 14, work and remaining work fill each other (recorded 11-work-packages-update: step 22)",
            )
            for name in ("estimated_hours", "remaining_hours")
        ),
        Gap(
            "test_field_is_held[task.progress]",
            GapKind.NEVER,
            "before 14, every task has a % complete: null is refused (recorded 11-work-packages-update)",
        ),
    )


HARNESSES: dict[str, list[type[ProviderHarness]]] = {
    "asana": [AsanaHarness, AsanaFieldsHarness],
    "clickup": [ClickUpHarness, ClickUpFolderHarness, ClickUpListHarness],
    "internal": [InternalSqliteHarness, InternalPostgresHarness],
    "jira": [JiraHarness, JiraTeamManagedHarness],
    "openproject": [OpenProjectHarness, OpenProject13Harness],
    "redmine": [RedmineHarness, RedmineMarkdownHarness],
    "trello": [TrelloHarness, TrelloArchivingHarness, TrelloCustomFieldsHarness, TrelloPlainHarness],
}
"""Registered name -> harnesses that the suite runs on."""
