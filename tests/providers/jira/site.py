"""What the tests of the Jira provider share: a sandbox site with people and projects, and scripted servers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx2

from pm_providers import PMProviderConfig
from pm_providers.providers.jira.provider import JiraProvider
from pm_providers.sandbox.jira import ADMIN_EMAIL, ADMIN_TOKEN, JiraSandbox
from pm_providers.sandbox.jira.defaults import ADMIN_ACCOUNT, CLASSIC, DELIVERY
from pm_providers.sandbox.jira.setup import add_user, make_project
from pm_providers.transport import Timing
from tests.support.wire import FakeTime, answer

__all__ = ["ADMIN", "MIA", "MIA_TOKEN", "FakeTime", "Scripted", "Site", "answer", "config", "scripted"]

ADMIN = ADMIN_ACCOUNT
MIA, MIA_TOKEN = "5b10ac8d82e05b22cc7d4ef5", "mia-token"


def config(url: str = "https://site.example.com", **given: Any) -> PMProviderConfig:
    """A configuration with an e-mail and a token, unless other ones are given."""
    known = {"username": ADMIN_EMAIL, "api_token": ADMIN_TOKEN, **given}
    fields = {name: known.pop(name) for name in ("username", "api_token", "project_key") if name in known}
    return PMProviderConfig(provider_type="jira", base_url=url, additional_config=known, **fields)


class Site:
    """A sandbox with the projects ED (a workflow of several steps), CL (the classic one) and SC (any to any)."""

    def __init__(self, **options: Any) -> None:
        self.box = JiraSandbox(**options)
        state = self.box.state
        add_user(state, MIA, "Mia Sand", "mia@example.com", token=MIA_TOKEN, time_zone="America/New_York")
        self.ed = str(make_project(state, "ED", "Education", MIA, workflow_ids={0: DELIVERY}).id)
        self.cl = str(make_project(state, "CL", "Classic", MIA, workflow_ids={0: CLASSIC}).id)
        self.sc = str(make_project(state, "SC", "Scrum", MIA).id)

    def provider(self, *, timing: Timing | None = None, **given: Any) -> JiraProvider:
        """A client of the administrator's, not connected; other credentials and options may be given."""
        return JiraProvider(config(self.box.base_url, **given), transport=self.box.transport(), timing=timing)

    def mias(self, **given: Any) -> JiraProvider:
        """A client of somebody who is no administrator."""
        return self.provider(username="mia@example.com", api_token=MIA_TOKEN, **given)

    def count(self, method: str | None = None, path: str = "") -> int:
        """Requests so far, of a method, whose path matches."""
        return self.box.log.count(method, path)


Handler = Callable[[httpx2.Request], httpx2.Response]


class Scripted:
    """A server that answers by a function of `METHOD path`, and remembers what it was asked.

    Attributes:
        requests: in order.
    """

    def __init__(self, answers: Mapping[str, Any], *, cloud: bool = True) -> None:
        self.requests: list[httpx2.Request] = []
        root = "/rest/api/3" if cloud else "/rest/api/2"
        kind = "Cloud" if cloud else "Server"
        me = {"accountId": MIA, "displayName": "Mia"} if cloud else {"name": "mia", "key": "JIRAUSER1"}
        self._answers: dict[str, Any] = {
            f"GET {root}/serverInfo": {"deploymentType": kind, "version": "9.12.2", "baseUrl": "https://j"},
            f"GET {root}/myself": {**me, "timeZone": "Europe/Berlin", "emailAddress": "mia@example.com"},
            f"GET {root}/field": [],
            f"GET {root}/priority": [],
            f"GET {root}/priority/search": {"values": [], "isLast": True},
            **answers,
        }

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        found = self._answers.get(f"{request.method} {request.url.path}")
        if callable(found):
            found = found(request)
        if found is None:
            return answer({"errorMessages": ["nothing here"], "errors": {}}, 404)
        return found if isinstance(found, httpx2.Response) else answer(found)

    def bodies(self, path: str) -> list[Any]:
        """Decoded bodies of the requests to a path."""
        return [json.loads(one.content) for one in self.requests if one.url.path == path and one.content]

    def asked(self, path: str) -> int:
        """Requests to a path."""
        return sum(one.url.path == path for one in self.requests)


def scripted(server: Scripted, *, timing: Timing | None = None, **given: Any) -> JiraProvider:
    """A client of a scripted server."""
    return JiraProvider(config(**given), transport=httpx2.MockTransport(server), timing=timing)
