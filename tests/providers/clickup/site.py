"""What the tests of the ClickUp provider share: a sandbox Workspace, and scripted servers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import httpx2

from pm_providers import PMProviderConfig
from pm_providers.providers.clickup import ClickUpProvider
from pm_providers.sandbox.clickup import ADMIN_TOKEN, TEAM_ID, ClickUpSandbox
from pm_providers.sandbox.clickup.people import add_user, join
from pm_providers.transport import Timing
from tests.support.wire import FakeTime, answer

__all__ = [
    "LIST",
    "ME",
    "SPACE",
    "TEAM",
    "TOKEN",
    "FakeTime",
    "Scripted",
    "Site",
    "answer",
    "config",
    "connected",
    "fault",
    "scripted",
    "task",
]

TEAM, SPACE, LIST = "9015", "790", "124"
ME = {"id": 183, "username": "Ada", "email": "ada@example.com", "timezone": "America/New_York", "color": None}
MIA = {"id": 184, "username": None, "email": "mia@example.com", "role": 3, "color": None}
TOKEN = "pk_183_SCRIPTED"
ROOT = "/api/v2"
_NUMBERS = count()

STATUSES = [
    {"id": "p1", "status": "to do", "type": "open", "orderindex": 0, "color": "#87909e"},
    {"id": "p2", "status": "in progress", "type": "custom", "orderindex": 1, "color": "#1090e0"},
    {"id": "p3", "status": "complete", "type": "closed", "orderindex": 2, "color": "#008844"},
]
HIDDEN = {"id": "457", "name": "hidden", "hidden": True, "access": True}


def config(url: str | None = "https://clickup.example.com", **given: Any) -> PMProviderConfig:
    """A configuration with a token and a Workspace, unless other ones are given."""
    known = {"api_key": TOKEN, "workspace_id": TEAM, **given}
    fields = {name: known.pop(name) for name in ("api_key", "workspace_id", "max_wait_s") if name in known}
    return PMProviderConfig(provider_type="clickup", base_url=url, additional_config=known, **fields)


def fault(text: str, code: str, status: int) -> httpx2.Response:
    """An error answer in the form of v2."""
    return answer({"err": text, "ECODE": code}, status)


HIDES = ("Team not authorized", "OAUTH_027", 401)


def task(key: str = "86abc", **given: Any) -> dict[str, Any]:
    """A task as the vendor sends it."""
    return {
        "id": key,
        "custom_id": None,
        "custom_item_id": 0,
        "name": f"Task {key}",
        "text_content": "",
        "description": "",
        "status": STATUSES[0],
        "date_created": "1767603600000",
        "date_updated": "1767607200000",
        "date_closed": None,
        "date_done": None,
        "archived": False,
        "creator": {"id": 183, "username": "Ada"},
        "assignees": [],
        "watchers": [],
        "checklists": [],
        "tags": [],
        "parent": None,
        "priority": None,
        "due_date": None,
        "start_date": None,
        "points": None,
        "time_estimate": None,
        "custom_fields": [],
        "dependencies": [],
        "linked_tasks": [],
        "locations": [],
        "url": f"https://app.clickup.com/t/{key}",
        "list": {"id": LIST, "name": "Backlog", "access": True},
        "project": HIDDEN,
        "folder": HIDDEN,
        "space": {"id": SPACE},
        **given,
    }


Handler = Callable[[httpx2.Request], httpx2.Response]


class Scripted:
    """A server that answers by a function of `METHOD path` (below v2), and remembers what it was asked.

    Attributes:
        requests: in order, without those that connect.
    """

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.requests: list[httpx2.Request] = []
        place = {"id": LIST, "name": "Backlog", "task_count": 0, "space": {"id": SPACE}, "folder": HIDDEN}
        members = [{"user": {**ME, "role": 1}}, {"user": MIA}]
        space = {"id": SPACE, "name": "Mars", "private": False, "statuses": STATUSES, "features": {}}
        self._answers: dict[str, Any] = {
            "GET user": {"user": ME},
            "GET team": {"teams": [{"id": TEAM, "name": "T", "members": members}]},
            f"GET team/{TEAM}/custom_item": {"custom_items": [{"id": 1300, "name": "Bug"}]},
            f"GET space/{SPACE}": space,
            f"GET space/{SPACE}/folder": {"folders": []},
            f"GET space/{SPACE}/list": {"lists": [place]},
            f"GET space/{SPACE}/tag": {"tags": [{"name": "red fox"}, {"name": "b/c"}]},
            f"GET list/{LIST}": {**place, "statuses": STATUSES},
            f"GET list/{LIST}/field": {"fields": []},
            **answers,
        }

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        path = request.url.path
        name = path.removeprefix(f"{ROOT}/") if path.startswith(ROOT) else path
        found = self._answers.get(f"{request.method} {name}")
        if callable(found):
            found = found(request)
        if found is None:
            return fault(*HIDES)
        return found if isinstance(found, httpx2.Response) else answer(found)

    def set(self, name: str, found: Any) -> None:
        """Answer something else from now on."""
        self._answers[name] = found

    @property
    def calls(self) -> list[str]:
        """Requests as `METHOD path`, v2 left out."""
        return [f"{one.method} {one.url.path.removeprefix(f'{ROOT}/')}" for one in self.requests]

    def bodies(self, name: str) -> list[Any]:
        """Decoded bodies of the requests `METHOD path`."""
        pairs = zip(self.calls, self.requests, strict=True)
        return [json.loads(one.content) for call, one in pairs if call == name and one.content]

    def asked(self, name: str) -> list[httpx2.QueryParams]:
        """Parameters of the requests `METHOD path`."""
        pairs = zip(self.calls, self.requests, strict=True)
        return [one.url.params for call, one in pairs if call == name]


def scripted(server: Handler, *, timing: Timing | None = None, **given: Any) -> ClickUpProvider:
    """A client of a scripted server; each has an address of its own, as clients of one share a rate governor."""
    url = f"https://c{next(_NUMBERS)}.example.com"
    return ClickUpProvider(config(url, **given), transport=httpx2.MockTransport(server), timing=timing)


async def connected(server: Scripted, **given: Any) -> ClickUpProvider:
    """A client that looked at the Workspace already; those requests are forgotten."""
    provider = await scripted(server, **given).connect()
    server.requests.clear()
    return provider


class Site:
    """A sandbox Workspace with the space "Team Space" (to do, in progress, complete), its owner and Mia.

    Attributes:
        space: id of the space.
        mia: id of the second person.
    """

    def __init__(self, **options: Any) -> None:
        self.box = ClickUpSandbox(**{"plan": "enterprise", **options})
        state = self.box.state
        self.token, self.team = ADMIN_TOKEN, TEAM_ID
        self.space = str(next(iter(state.spaces)).id)
        self.mia = str(add_user(state, "Mia Sand", "mia@example.com").id)
        join(state, TEAM_ID, int(self.mia))

    def provider(self, *, timing: Timing | None = None, **given: Any) -> ClickUpProvider:
        """A client of the owner's, not connected; other credentials and options may be given."""
        known = {"api_key": self.token, "workspace_id": self.team, **given}
        return ClickUpProvider(
            config(self.box.base_url, **known), transport=self.box.transport(), timing=timing
        )

    def mark(self) -> int:
        """Requests so far, to count those that follow."""
        return len(self.box.log)

    def since(self, mark: int) -> list[str]:
        """Requests since a mark, as `METHOD path` below v2."""
        return [f"{one.method} {one.path.removeprefix(f'{ROOT}/')}" for one in list(self.box.log)[mark:]]
