"""What Jira supplies to the conformance suite: the sandbox of Cloud sites in this process."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from pm_providers import BasePMProvider, Entity, JiraProvider, PMProject, PMProviderConfig, PMSprint, PMTask
from pm_providers.sandbox.jira import ADMIN_EMAIL, JiraSandbox
from pm_providers.testing import ProviderHarness, unique


class JiraHarness(ProviderHarness):
    """A Cloud site of the test's own, with company-managed projects that have a scrum board."""

    template: ClassVar[str] = "com.pyxis.greenhopper.jira:gh-simplified-scrum-classic"
    page_options: ClassVar = {"page_size": 3}
    page_tasks: ClassVar = 8
    roles: ClassVar = ("Member", "Viewer")
    top_task: ClassVar = {"type": "Epic"}
    lower_types: ClassVar = frozenset({"Sub-task"})
    missing_label: ClassVar = "two words"  # any text without blanks is a label
    never_empty: ClassVar = {"project.owner_id": "every project has a lead"}
    not_as_asked: ClassVar = {"user.name": "people choose the name of their Atlassian account themselves"}
    samples: ClassVar = {
        (Entity.PROJECT, "key"): ("CONFA", "CONFB"),
        (Entity.PROJECT, "status"): ("active", "archived"),
        (Entity.TASK, "type"): ("Story", "Bug"),
    }
    custom_fields: ClassVar = {
        Entity.TASK: {
            "Severity": ("Major", "Minor"),
            "Platforms": (["Web", "iOS"], ["Web"]),
            "Area": ("Shop / Cart", "Shop"),
        }
    }

    async def start(self) -> None:
        self.sandbox = JiraSandbox()
        self._labels: list[str] = []

    async def open(self, *, api_token: str | None = None, **options: Any) -> BasePMProvider:
        settings = self.sandbox.settings
        config = PMProviderConfig(
            "jira",
            base_url=settings["JIRA_URL"],
            username=ADMIN_EMAIL,
            api_token=api_token or settings["JIRA_API_TOKEN"],
            additional_config={"project_template": self.template, **options},
        )
        return JiraProvider(config, transport=self.sandbox.transport())

    async def open_unauthorised(self) -> BasePMProvider:
        return await self.open(api_token="wrong-token-000000000000000000000000")

    async def settle(self) -> None:
        self.sandbox.run_jobs()

    def request_count(self) -> int:
        return self.sandbox.log.count()

    def sprint_draft(self, project_id: str) -> PMSprint:
        """Only sprints with both dates can be started."""
        return PMSprint(
            name=unique("Sprint"),
            project_id=project_id,
            start_date=date(2026, 3, 1),
            end_date=date(2026, 3, 15),
        )

    async def labels(self, project_id: str) -> list[str]:
        """Labels exist as long as an issue wears them: here one of another project."""
        if not self._labels:
            self._labels = ["backend", "frontend"]
            other = await self.provider.create_project(PMProject(name=unique("Wardrobe")))
            await self.provider.create_task(
                PMTask(title="Wears them", project_id=other.id, label_ids=list(self._labels))
            )
        return self._labels


class JiraTeamManagedHarness(JiraHarness):
    """The same with team-managed projects, which have statuses, types and fields of their own."""

    template: ClassVar[str] = "com.pyxis.greenhopper.jira:gh-simplified-agility-scrum"
    lower_types: ClassVar = frozenset({"Subtask"})
    samples: ClassVar = {**JiraHarness.samples, (Entity.TASK, "type"): ("Story", "Task")}
