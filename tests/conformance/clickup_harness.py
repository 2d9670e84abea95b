"""What ClickUp supplies to the conformance suite: the sandbox of a Workspace in this process."""

from __future__ import annotations

from typing import Any, ClassVar

from pm_providers import BasePMProvider, Entity, PMProject, PMProviderConfig, PMSprint
from pm_providers.providers.clickup import ClickUpProvider
from pm_providers.sandbox.clickup import TEAM_ID, ClickUpSandbox
from pm_providers.sandbox.clickup.containers import statuses
from pm_providers.sandbox.clickup.people import add_user, join
from pm_providers.testing import ProviderHarness, unique

_TYPES = ("Bug", "Story")
_ROWS = (
    ("to do", "open", "#87909e"),
    ("in progress", "custom", "#1090e0"),
    ("complete", "closed", "#008844"),
)


class ClickUpHarness(ProviderHarness):
    """A Workspace on the Enterprise plan, where people can be invited; projects are its spaces."""

    level: ClassVar[str] = "space"
    page_tasks: ClassVar = 201
    never_empty: ClassVar = {"task.parent_task_id": "the API does not make a subtask a task of its own"}
    not_as_asked: ClassVar = {"label.name": "names of tags are kept in lower case"}
    never_changed: ClassVar = {"user.email": "people change their address themselves"}
    samples: ClassVar = {(Entity.TASK, "type"): _TYPES}
    custom_fields: ClassVar = {
        Entity.TASK: {
            "Severity": ("Major", "Minor"),
            "Platforms": (["Web", "iOS"], ["Web"]),
            "Reference": ("A-1", "B-2"),
            "Weight": (3.5, 4.0),
        }
    }

    async def start(self) -> None:
        self.sandbox = ClickUpSandbox(plan="enterprise")
        state, place = self.sandbox.state, f"team:{TEAM_ID}"
        state.custom_items[TEAM_ID] = [
            {"id": 1001 + index, "name": name, "name_plural": None, "description": None, "avatar": None}
            for index, name in enumerate(_TYPES)
        ]
        self.home = next(iter(state.spaces)).id
        self.sandbox.fields.add(place, "Severity", "drop_down", options=("Major", "Minor"))
        self.sandbox.fields.add(place, "Platforms", "labels", options=("Web", "iOS"))
        self.sandbox.fields.add(place, "Reference", "short_text")
        self.sandbox.fields.add(place, "Weight", "number")
        for name in ("Mia", "Noor"):
            person = add_user(state, name, f"{name.lower()}@example.com")
            state.users.change(
                person, picture=f"https://attachments.example.com/profilePictures/{person.id}.jpg"
            )
            join(state, TEAM_ID, person.id)

    async def open(self, *, api_key: str | None = None, **options: Any) -> BasePMProvider:
        settings = self.sandbox.settings
        known = {"project_level": self.level, "space_id": self.home, **options}
        config = PMProviderConfig(
            "clickup",
            base_url=settings["CLICKUP_URL"],
            api_key=api_key or settings["CLICKUP_API_KEY"],
            workspace_id=settings["CLICKUP_TEAM_ID"],
            additional_config=known,
        )
        return ClickUpProvider(config, transport=self.sandbox.transport())

    async def open_unauthorised(self) -> BasePMProvider:
        return await self.open(api_key="pk_1_WRONG000000000000000000000000000")

    def request_count(self) -> int:
        return self.sandbox.log.count()

    async def make_project(self, **fields: Any) -> PMProject:
        """New spaces have two statuses and no custom ids of tasks; people set up both in the app."""
        project = await super().make_project(**fields)
        state = self.sandbox.state
        if self.level == "space":
            state.spaces.change(state.spaces[project.id], statuses=statuses(f"p{project.id}", _ROWS))
            state.custom_prefixes[project.id] = f"P{project.id[-3:]}"
        else:
            state.custom_prefixes[self.home] = "HOME"
        return project

    async def archive_project(self, project_id: str) -> None:
        """People archive in the app."""
        spaces = self.sandbox.state.spaces
        spaces.change(spaces[project_id], archived=True)


class ClickUpFolderHarness(ClickUpHarness):
    """Projects are folders of a space, sprints those of their lists whose name says so."""

    level: ClassVar[str] = "folder"

    def sprint_draft(self, project_id: str) -> PMSprint:
        return PMSprint(name=unique("Sprint"), project_id=project_id)

    async def archive_project(self, project_id: str) -> None:
        folders = self.sandbox.state.folders
        folders.change(folders[project_id], archived=True)


class ClickUpListHarness(ClickUpHarness):
    """Projects are lists of a space, which have no sprints."""

    level: ClassVar[str] = "list"
    rarely_filled: ClassVar = {"project.start_date": "people set it in the app; the API does not write it"}

    async def archive_project(self, project_id: str) -> None:
        lists = self.sandbox.state.lists
        lists.change(lists[project_id], archived=True)
