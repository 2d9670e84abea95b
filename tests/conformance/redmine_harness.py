"""What Redmine supplies to the conformance suite: a real server, started for the tests."""

from __future__ import annotations

from typing import Any, ClassVar

import httpx2

from pm_providers import BasePMProvider, Entity, PMMembership, PMProviderConfig, RedmineProvider
from pm_providers.testing import ProviderHarness
from tests.support.redmine import Remembering, redmine_server

_FORMATS = {"textile": "textile", "common_mark": "markdown"}


class Counting(Remembering):
    """The network, with the number of requests that went out, whether they were answered from memory or not."""

    requests: ClassVar[int] = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        Counting.requests += 1
        return await super().handle_async_request(request)


class RedmineHarness(ProviderHarness):
    """A server of the Debian package, with Textile, which is its default. It is shared by the tests."""

    not_as_asked: ClassVar = {"project.key": "the identifier of a project stays as it was created"}
    text_format: ClassVar[str] = "textile"
    page_options: ClassVar = {"page_size": 3}
    page_tasks: ClassVar = 8
    rarely_filled: ClassVar = {
        "user.avatar_url": "the installation does not use Gravatars",
        "comment.updated_at": "told from 5.1 on",
    }
    roles: ClassVar = ("Developer", "Reporter")
    samples: ClassVar = {(Entity.TIME_ENTRY, "activity"): ("Design", "Development")}
    custom_fields: ClassVar = {
        Entity.TASK: {
            "Short text": ("A-1", "B-2"),
            "Whole number": (3, 4),
            "Choices": (["Linux"], ["macOS"]),
        },
        Entity.PROJECT: {"Project text": ("100", "200")},
        Entity.SPRINT: {"Version text": ("Checkout", "Search")},
        Entity.USER: {"User text": ("Red", "Blue")},
    }

    _known_people: ClassVar[dict[str, list[str]]] = {}

    async def start(self) -> None:
        self.server = redmine_server(self.text_format)

    async def open(self, *, api_key: str | None = None, **options: Any) -> BasePMProvider:
        config = PMProviderConfig(
            "redmine",
            base_url=self.server.url,
            api_key=api_key or self.server.api_key,
            additional_config={"text_format": _FORMATS[self.text_format], **options},
        )
        return RedmineProvider(config, transport=Counting(people=True))

    async def open_unauthorised(self) -> BasePMProvider:
        return await self.open(api_key="0" * 40)

    def request_count(self) -> int:
        return Counting.requests

    async def assignees(self, project_id: str) -> list[str]:
        """Members with a role that may be assigned; an administrator is no member by himself."""
        known = [user.id for user in await self.provider.list_users(project_id)]
        for user_id in await self._people():
            if len(known) < 2 and user_id not in known:
                await self.provider.create_membership(
                    PMMembership(project_id=project_id, user_id=user_id, roles=["Developer"])
                )
                known.append(user_id)
        return known

    async def _people(self) -> list[str]:
        """Two users for all tests of a server: making one takes it longer than most tests."""
        known = self._known_people.setdefault(self.server.url, [])
        while len(known) < 2:
            known.append((await self.make_user()).id)
        return known


class RedmineMarkdownHarness(RedmineHarness):
    """The same with CommonMark, the default of new installations from 5.1 on."""

    text_format: ClassVar[str] = "common_mark"
