"""What the provider asks for is in the vendor's document: addresses, parameters, and what bodies hold.

The document has parameters in the query only, although they may travel in a JSON body ([doc] introduction); so
names in bodies are looked up there.
"""

from __future__ import annotations

import json
import re
from datetime import date
from functools import cache
from typing import Any

import httpx2

from pm_providers import PMProject, PMSprint, PMTask
from pm_providers.contract import PMProviderConfig
from pm_providers.providers.trello import TrelloProvider
from pm_providers.sandbox.trello import ADMIN_TOKEN, API_KEY, TrelloSandbox
from tests.providers.trello.box import with_custom_fields
from tests.shared_material import need, spec_path

DAY = date(2026, 3, 5)

_NESTED = {
    "GET /boards/{id}": {
        "labels_limit", "member_fields", "card_fields", "card_customFieldItems",
    },
    "GET /boards/{id}/cards/{filter}": {"limit", "since", "before", "fields", "customFieldItems"},
    "GET /boards/{id}/members": {"fields"},
    "GET /organizations/{id}": {"fields"},
    "GET /organizations/{id}/members": {"fields"},
}  # fmt: skip
"""Parameters that the guide to nested resources documents, and the document of the API does not."""

_BODIES = {
    "POST /customFields/{id}/options": {"value", "pos"},
    "PUT /cards/{idCard}/customFields": {"customFieldItems"},
}
"""Bodies that the document leaves open; names of the guide to custom fields."""


class Wire(httpx2.AsyncBaseTransport):
    """Passes requests on, and keeps them."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner
        self.requests: list[httpx2.Request] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return await self._inner.handle_async_request(request)


@cache
def _document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(need(spec_path("trello.json")).read_text("utf-8"))
    return found


def _operation(method: str, path: str) -> tuple[str, set[str]]:
    """Name of an operation and its parameters; the address with the fewest open places is meant."""
    fitting = []
    for known, item in _document()["paths"].items():
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", known).rstrip("/") + "/?"
        if method.lower() in item and re.fullmatch(pattern, path):
            fitting.append((known.count("{"), known, item))
    assert fitting, f"{method} {path} is in no document"
    _, known, item = min(fitting, key=lambda one: one[0])
    operation = item[method.lower()]
    names = {
        one["name"]
        for one in [*operation.get("parameters", ()), *item.get("parameters", ())]
        if "name" in one
    }
    name = f"{method} {known}"
    return name, names | _NESTED.get(name, set()) | _BODIES.get(name, set())


def _check(request: httpx2.Request) -> str:
    path = request.url.path.removeprefix("/1")
    name, known = _operation(request.method, path)
    sent = set(dict(request.url.params))
    if request.content:
        assert request.headers["content-type"] == "application/json"
        sent |= set(json.loads(request.content))
    assert sent <= known, f"{name}: {sorted(sent - known)}"
    assert "key" not in sent
    assert "token" not in sent
    if path == "/batch":
        for url in request.url.params["urls"].split(","):
            _check(httpx2.Request("GET", f"https://x/1{url}"))
    return name


async def _everything(provider: TrelloProvider) -> None:
    """Every operation, with every field that it can write."""
    board = (await provider.create_project(PMProject(name="Mars", description="red", is_public=True))).id
    other = (await provider.create_project(PMProject(name="Venus"))).id
    await with_custom_fields(provider, board, Room="text", Size=["S", "L"])
    await provider.update_project(board, {"name": "Mars 2", "is_public": False, "description": None})
    me = (await provider.get_current_user()).id
    sprint = await provider.create_sprint(
        PMSprint(name="A", project_id=board, start_date=DAY, status="closed")
    )
    await provider.update_sprint(sprint.id, {"name": "B", "status": "active"})
    label = (
        await provider.request("POST", "labels", json={"name": "bug", "color": "red", "idBoard": board})
    ).data
    task = await provider.create_task(
        PMTask(title="Land", description="x", project_id=board, status="in_progress", priority="high",
               assignee_id=me, due_date=DAY, start_date=DAY, sprint_id=sprint.id, label_ids=[label["id"]],
               custom_fields={"Room": "Lab", "Size": "S"})
    )  # fmt: skip
    await provider.update_task(
        task.id,
        {"title": "y", "status": "completed", "label_ids": [], "sprint_id": None, "priority": "low",
         "assignee_ids": [], "due_date": None, "start_date": None, "custom_fields": {"Room": None}},
    )  # fmt: skip
    made = await provider.create_tasks([PMTask(title=f"M{n}", project_id=board) for n in range(3)])
    (await provider.update_tasks({one.id: {"title": "z"} for one in made.items})).raise_for_errors()
    assert await provider.get_task(task.key or "") is not None
    await provider.create_tasks([PMTask(title=f"T{n}", project_id=board) for n in range(5)])
    await provider.search_tasks("Land", project_id=board)
    await provider.search_tasks("T1")
    page = await provider.changes(board, limit=2)
    while page.has_more:
        page = await provider.changes(board, page.cursor, limit=2)
    await provider.update_task(task.id, {"project_id": other})
    await provider.changes(board, page.cursor)
    for listing in (provider.list_projects, provider.list_tasks, provider.list_users, provider.list_sprints):
        await listing()
    await provider.list_users(board)
    await provider.get_user(me)
    for found in (provider.list_statuses, provider.list_fields):
        await found()
        await found(board)
    await provider.list_priorities()
    await provider.list_transitions(task.id)
    await provider.list_tasks(board, include_archived=True, sprint_id=sprint.id, assignee_id=me)
    await provider.get_sprint(sprint.id)
    await provider.delete_sprint(sprint.id)
    await provider.delete_tasks([task.id])
    await provider.delete_project(board)


async def test_every_request_is_in_the_document() -> None:
    seen: set[str] = set()
    for options in ({}, {"delete_mode": "permanent", "page_size": 2, "board_lists": "To do, Doing, Done"}):
        box = TrelloSandbox(dataset="empty", search_lag_s=0)
        wire = Wire(box.transport())
        config = PMProviderConfig(
            "trello",
            base_url=box.base_url,
            api_key=API_KEY,
            api_token=ADMIN_TOKEN,
            organization_id=box.settings["TRELLO_ORGANIZATION_ID"] if options else None,
            additional_config={"pace": "none", **options},
        )
        async with TrelloProvider(config, transport=wire) as provider:
            await _everything(provider)
        ours = [one for one in wire.requests if not one.url.path.endswith(("boardPlugins", "/customFields"))
                or one.method == "PUT"]  # fmt: skip
        seen |= {_check(one) for one in ours}
    assert {"GET /batch", "POST /cards", "DELETE /cards/{id}", "PUT /cards/{idCard}/customFields"} <= seen
    assert len(seen) > 20
