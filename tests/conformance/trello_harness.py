"""What Trello supplies to the conformance suite: the sandbox of a workspace in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pm_providers import BasePMProvider, Entity, PMProject, PMProviderConfig, TrelloProvider
from pm_providers.sandbox.trello import ADMIN_TOKEN, ORGANIZATION_ID, TrelloSandbox
from pm_providers.sandbox.trello.demo import add_member, join
from pm_providers.testing import ProviderHarness

_POWER_UP = "56d5e249a98895a9797bebb9"  # boards need it for custom fields
_LEVELS = ("Lowest", "Low", "Medium", "High", "Highest")
_Fields = Mapping[str, str | tuple[str, ...]]


class TrelloHarness(ProviderHarness):
    """A workspace whose people are known; projects are boards with custom fields and two more members.

    Deleting is for good, as with other systems.
    """

    conventions: ClassVar[dict[str, Any]] = {"delete_mode": "permanent"}
    in_workspace: ClassVar[bool] = True
    board_fields: ClassVar[_Fields] = {
        "Room": "text",
        "Mass": "number",
        "Safe": "checkbox",
        "Size": ("Small", "Large"),
    }

    page_options: ClassVar = {"page_size": 3}
    page_tasks: ClassVar = 8
    missing_id: ClassVar = "6500000000000000000000ff"
    missing_label: ClassVar = "6500000000000000000000ff"
    roles: ClassVar = ("normal", "admin")
    rarely_filled: ClassVar = {"user.email": "told of the account of the token alone, if it has the scope"}
    samples: ClassVar = {
        (Entity.PROJECT, "status"): ("active", "archived"),
        (Entity.LABEL, "color"): ("#c9372c", "#1f845a"),  # of the vendor's palette: others become the nearest
    }
    custom_fields: ClassVar = {
        Entity.TASK: {
            "Room": ("Lab", "Airlock"),
            "Size": ("Small", "Large"),
            "Mass": (1.5, 2.0),
            "Safe": (True, True),
        }
    }

    async def start(self) -> None:
        self.sandbox = TrelloSandbox()
        self._people = 0
        self._colleagues = [self._person(), self._person()]

    def _person(self) -> str:
        """A new person of the workspace: accounts are made by people themselves."""
        self._people += 1
        login = f"person{self._people}"
        state = self.sandbox.state
        member = add_member(state, login, f"Person {self._people}", f"{login}@example.com")
        join(state, ORGANIZATION_ID, login)
        return member.id

    async def open(self, *, api_token: str | None = None, **options: Any) -> BasePMProvider:
        settings = self.sandbox.settings
        config = PMProviderConfig(
            "trello",
            base_url=settings["TRELLO_URL"],
            api_key=settings["TRELLO_API_KEY"],
            api_token=api_token or ADMIN_TOKEN,
            organization_id=settings["TRELLO_ORGANIZATION_ID"] if self.in_workspace else None,
            additional_config={"pace": "none", **self.conventions, **options},
        )
        return TrelloProvider(config, transport=self.sandbox.transport())

    async def open_unauthorised(self) -> BasePMProvider:
        return await self.open(api_token="ATTAwrong000000000000000000000000000000000000")

    async def settle(self) -> None:
        """Searches find what was written ten seconds ago."""
        self.sandbox.clock.advance(self.sandbox.state.settings.search_lag_s)

    def request_count(self) -> int:
        return self.sandbox.log.count()

    async def make_project(self, **fields: Any) -> PMProject:
        """Custom fields are made, and people asked in, by the board's administrators in the app."""
        project = await super().make_project(**fields)
        await self._send("POST", f"boards/{project.id}/boardPlugins", idPlugin=_POWER_UP)
        for name, kind in self.board_fields.items():
            await self._make_field(project.id, name, kind)
        for person in self._colleagues:
            await self._send("PUT", f"boards/{project.id}/members/{person}", type="normal")
        return project

    async def _make_field(self, board: str, name: str, kind: str | tuple[str, ...]) -> None:
        """A custom field: its type, or the options of a list."""
        body: dict[str, Any] = {"type": kind}
        if isinstance(kind, tuple):
            options = [
                {"value": {"text": text}, "color": "none", "pos": place} for place, text in enumerate(kind, 1)
            ]
            body = {"type": "list", "options": options}
        body |= {"idModel": board, "modelType": "board", "name": name, "pos": "bottom"}
        await self._send("POST", "customFields", display_cardFront=True, **body)

    async def _send(self, method: str, path: str, **body: Any) -> None:
        answer = await self.provider.request(method, path, json=body)
        assert answer.status == 200, answer

    async def outsiders(self, project_id: str) -> list[str]:
        """New people of the workspace, who are on no board."""
        del project_id
        return [self._person() for _ in range(2)]

    async def watchers(self, project_id: str) -> list[str]:
        """The account of the token is the only one that can be made to watch."""
        me = await self.provider.get_current_user()
        return [me.id]


class TrelloArchivingHarness(TrelloHarness):
    """The default: deleting archives."""

    conventions: ClassVar = {}
    deletes_by_archiving: ClassVar = True


class TrelloCustomFieldsHarness(TrelloHarness):
    """Sprints, priorities, hours and points as custom fields, ticks alone for done, days far from UTC."""

    conventions: ClassVar = {
        "delete_mode": "permanent",
        "sprint_mode": "custom_field",
        "priority_mode": "custom_field",
        "done_mode": "complete",
        "hours_field": "Estimate",
        "points_field": "Points",
        "timezone": "Pacific/Kiritimati",
    }
    board_fields: ClassVar = {
        **TrelloHarness.board_fields,
        "Sprint": (),
        "Priority": _LEVELS,
        "Estimate": "number",
        "Points": "number",
    }


class TrelloPlainHarness(TrelloHarness):
    """No sprints and priorities, lists alone for done, all boards of the account."""

    conventions: ClassVar = {
        "delete_mode": "permanent",
        "sprint_mode": "none",
        "priority_mode": "none",
        "done_mode": "list",
        "timezone": "America/Los_Angeles",
    }
    in_workspace: ClassVar = False
