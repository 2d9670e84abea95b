"""What tests against a real Redmine need besides the provider: projects, issues and people, made over the API."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from pm_providers import PMProviderConfig
from pm_providers import RedmineProvider as Redmine
from pm_providers.transport import Timing
from tests.support.redmine import RedmineServer, Remembering

MANAGER, DEVELOPER, REPORTER = 3, 4, 5
DESIGN, DEVELOPMENT = 8, 9


@dataclass(frozen=True)
class Person:
    """An account that a test made."""

    id: str
    login: str
    key: str = field(repr=False)


class Office:
    """The administrator, working past the provider."""

    def __init__(self, server: RedmineServer) -> None:
        self.server = server
        self._client = httpx2.Client(
            base_url=server.url, headers={"X-Redmine-API-Key": server.api_key}, verify=False
        )

    def close(self) -> None:
        self._client.close()

    def call(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """Answer of a call that must succeed; `None` where it is empty."""
        answer = self._client.request(method, f"/{path}.json", json=body, params=params)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json() if answer.content.strip() else None

    def project(self, **fields: Any) -> str:
        key = f"p{uuid.uuid4().hex[:12]}"
        body = {"name": key, "identifier": key, **fields}
        return str(self.call("POST", "projects", {"project": body})["project"]["id"])

    def task(self, project: str, **fields: Any) -> str:
        # Custom fields of the server are for all; none is required.
        body = {"project_id": int(project), "subject": "Task", **fields}
        return str(self.call("POST", "issues", {"issue": body})["issue"]["id"])

    def person(self, project: str | None = None, role: int = DEVELOPER, **fields: Any) -> Person:
        login = f"u{uuid.uuid4().hex[:12]}"
        body = {
            "login": login,
            "firstname": "Ada",
            "lastname": "Byron",
            "mail": f"{login}@example.com",
            "generate_password": True,
            **fields,
        }
        made = self.call("POST", "users", {"user": body})["user"]
        person = Person(str(made["id"]), login, made["api_key"])
        if project is not None:
            self.member(project, person.id, role)
        return person

    def member(self, project: str, user: str, *roles: int) -> str:
        body = {"membership": {"user_id": int(user), "role_ids": list(roles)}}
        return str(self.call("POST", f"projects/{project}/memberships", body)["membership"]["id"])

    def group(self, *users: str) -> str:
        body = {"name": f"g{uuid.uuid4().hex[:12]}", "user_ids": [int(one) for one in users]}
        return str(self.call("POST", "groups", {"group": body})["group"]["id"])

    def issue(self, task: str, *include: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"issues/{task}", include=",".join(include))["issue"]
        return found

    @asynccontextmanager
    async def provider(
        self,
        person: Person | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        timing: Timing | None = None,
        **options: Any,
    ) -> AsyncIterator[Redmine]:
        """The provider as the administrator, or as somebody else."""
        config = PMProviderConfig(
            "redmine",
            base_url=self.server.url,
            api_key=person.key if person else self.server.api_key,
            additional_config={"text_format": "textile", **options},
        )
        async with Redmine(config, transport=transport or Remembering(), timing=timing) as found:
            yield found


class Faulty(httpx2.AsyncBaseTransport):
    """The network, where answers to some requests get lost, or others come before them.

    Args:
        lose: whether the answer of a request is lost after the server did what was asked.
        answer: status to answer instead of sending a request; `None` sends it.
    """

    def __init__(
        self,
        lose: Callable[[httpx2.Request], bool] = lambda _: False,
        answer: Callable[[httpx2.Request], httpx2.Response | None] = lambda _: None,
    ) -> None:
        self._inner = httpx2.AsyncHTTPTransport(verify=False)
        self._lose, self._answer = lose, answer
        self.sent: list[tuple[str, str]] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.sent.append((request.method, request.url.path))
        given = self._answer(request)
        if given is not None:
            return given
        response = await self._inner.handle_async_request(request)
        if self._lose(request):
            await response.aread()
            await response.aclose()
            raise httpx2.ReadError("the connection broke", request=request)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()

    def count(self, method: str, path: str = "") -> int:
        return sum(1 for verb, address in self.sent if verb == method and path in address)
