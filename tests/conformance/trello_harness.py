"""What Trello supplies to the conformance suite: the sandbox of a workspace in this process."""

from __future__ import annotations

from typing import Any, ClassVar

from pm_providers import BasePMProvider, Entity, PMProject, PMProviderConfig
from pm_providers.providers.trello import TrelloProvider
from pm_providers.sandbox.trello import ADMIN_TOKEN, TrelloSandbox
from pm_providers.sandbox.trello.demo import member_id
from pm_providers.testing import ProviderHarness, unique

_POWER_UP = "56d5e249a98895a9797bebb9"  # boards need it for custom fields
_FIELDS = {"Room": "text", "Mass": "number", "Safe": "checkbox", "Size": "list"}
_COLORS = ("red", "blue")


class TrelloHarness(ProviderHarness):
    """A workspace whose people are known; projects are boards with custom fields and two more members.

    Deleting is for good, as elsewhere; the default (archiving) has tests of its own.
    """

    page_options: ClassVar = {"page_size": 3}
    page_tasks: ClassVar = 8
    missing_id: ClassVar = "6500000000000000000000ff"
    missing_label: ClassVar = "6500000000000000000000ff"
    roles: ClassVar = ("normal", "admin")
    members: ClassVar = ("maya", "jonas")
    rarely_filled: ClassVar = {"user.email": "told of the account of the token alone, if it has the scope"}
    samples: ClassVar = {(Entity.PROJECT, "status"): ("active", "archived")}
    custom_fields: ClassVar = {
        Entity.TASK: {
            "Room": ("Lab", "Airlock"),
            "Size": ("Small", "Large"),
            "Mass": (1.5, 2.0),
            "Safe": (True, True),
        }
    }

    async def start(self) -> None:
        self.sandbox = TrelloSandbox(dataset="demo", search_lag_s=0)

    async def open(self, *, api_token: str | None = None, **options: Any) -> BasePMProvider:
        settings = self.sandbox.settings
        config = PMProviderConfig(
            "trello",
            base_url=settings["TRELLO_URL"],
            api_key=settings["TRELLO_API_KEY"],
            api_token=api_token or ADMIN_TOKEN,
            organization_id=settings["TRELLO_ORGANIZATION_ID"],
            additional_config={"pace": "none", "delete_mode": "permanent", **options},
        )
        return TrelloProvider(config, transport=self.sandbox.transport())

    async def open_unauthorised(self) -> BasePMProvider:
        return await self.open(api_token="ATTAwrong000000000000000000000000000000000000")

    def request_count(self) -> int:
        return self.sandbox.log.count()

    async def make_project(self, **fields: Any) -> PMProject:
        """Custom fields are made, and people asked in, by the board's administrators in the app."""
        project = await super().make_project(**fields)
        await self._send("POST", f"boards/{project.id}/boardPlugins", idPlugin=_POWER_UP)
        for name, kind in _FIELDS.items():
            await self._make_field(project.id, name, kind)
        for login in self.members:
            await self._send("PUT", f"boards/{project.id}/members/{member_id(login)}", type="normal")
        return project

    async def _make_field(self, board: str, name: str, kind: str) -> None:
        options = [
            {"value": {"text": text}, "color": "none", "pos": place}
            for place, text in enumerate(("Small", "Large"), 1)
        ]
        more = {"options": options} if kind == "list" else {}
        body = {"idModel": board, "modelType": "board", "name": name, "type": kind, "pos": "bottom", **more}
        await self._send("POST", "customFields", display_cardFront=True, **body)

    async def _send(self, method: str, path: str, **body: Any) -> None:
        answer = await self.provider.request(method, path, json=body)
        assert answer.status == 200, answer

    async def outsiders(self, project_id: str) -> list[str]:
        """People of the workspace: accounts are made by people themselves."""
        inside = {user.id for user in await self.provider.list_users(project_id)}
        people = [member_id(login) for login in ("priya", "tomas", "wen")]
        return [one for one in people if one not in inside][:2]

    async def watchers(self, project_id: str) -> list[str]:
        """The account of the token is the only one that can be made to watch."""
        me = await self.provider.get_current_user()
        return [me.id]
