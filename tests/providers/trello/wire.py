"""A transport around the sandbox's: keeps requests, and changes or loses answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from pm_providers import PMProject, PMProviderConfig, PMTask
from pm_providers.providers.trello import TrelloProvider
from pm_providers.sandbox.trello import ADMIN_TOKEN, API_KEY, ORGANIZATION_ID, TrelloSandbox

__all__ = ["Lab", "Wire", "open_lab"]

Replace = Callable[[httpx2.Request], httpx2.Response | None]


class Wire(httpx2.AsyncBaseTransport):
    """Passes requests on.

    Attributes:
        sent: `METHOD path` of each request, below the root of the API.
        requests: the requests.
        lose: begin of a `METHOD path` whose requests are carried out, and whose answers get lost.
        replace: answers a request instead, if it returns an answer.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner
        self.sent: list[str] = []
        self.requests: list[httpx2.Request] = []
        self.lose = ""
        self.replace: Replace = lambda _request: None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        name = f"{request.method} {request.url.path.removeprefix('/1/')}"
        self.sent.append(name)
        self.requests.append(request)
        answer = self.replace(request) or await self._inner.handle_async_request(request)
        if self.lose and name.startswith(self.lose):
            raise httpx2.ReadError("lost")
        return answer

    def count(self, begin: str) -> int:
        """Requests so far whose `METHOD path` begins so."""
        return sum(one.startswith(begin) for one in self.sent)

    def forget(self) -> None:
        """Begin anew."""
        self.sent.clear()
        self.requests.clear()

    def body(self, begin: str) -> Any:
        """JSON body of the last request whose `METHOD path` begins so."""
        found = [one for name, one in zip(self.sent, self.requests, strict=True) if name.startswith(begin)]
        return json.loads(found[-1].content)


class Lab:
    """A sandbox, a provider connected through a wire, a board, and a card on it."""

    def __init__(self, box: TrelloSandbox, wire: Wire, provider: TrelloProvider) -> None:
        self.box, self.wire, self.provider = box, wire, provider
        self.board = self.task = ""

    async def prepare(self) -> None:
        """Make the board and the card."""
        self.board = (await self.provider.create_project(PMProject(name="Mars"))).id
        self.task = await self.card("Land")
        self.wire.forget()

    async def card(self, title: str) -> str:
        """Another card."""
        return (await self.provider.create_task(PMTask(title=title, project_id=self.board))).id

    async def send(self, method: str, path: str, **body: Any) -> Any:
        """A call as the vendor documents it; decoded answer."""
        answer = await self.provider.request(method, path, json=body or None)
        assert answer.status == 200, answer
        return answer.data


@asynccontextmanager
async def open_lab(
    box: TrelloSandbox | None = None, *, token: str = ADMIN_TOKEN, **options: Any
) -> AsyncIterator[Lab]:
    """A lab over a sandbox, the demo by default."""
    box = box or TrelloSandbox(dataset="demo", search_lag_s=0)
    wire = Wire(box.transport())
    config = PMProviderConfig(
        "trello",
        base_url=box.base_url,
        api_key=API_KEY,
        api_token=token,
        organization_id=ORGANIZATION_ID,
        additional_config={"pace": "none", **options},
    )
    async with TrelloProvider(config, transport=wire) as provider:
        lab = Lab(box, wire, provider)
        if token == ADMIN_TOKEN:
            await lab.prepare()
        yield lab
