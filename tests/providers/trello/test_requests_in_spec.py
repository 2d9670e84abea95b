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

from pm_providers import (
    PMAttachment,
    PMChecklist,
    PMChecklistItem,
    PMComment,
    PMLabel,
    PMMembership,
    PMProject,
    PMSprint,
    PMTask,
)
from pm_providers.contract import PMProviderConfig
from pm_providers.providers.trello import TrelloProvider
from pm_providers.sandbox.trello import ADMIN_TOKEN, API_KEY, TrelloSandbox
from pm_providers.sandbox.trello.demo import member_id
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
    "GET /cards/{id}/actions": {"limit", "before", "member", "memberCreator", "memberCreator_fields"},
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
    if request.headers.get("content-type", "").startswith("multipart/form-data; boundary="):
        sent |= {one.decode() for one in re.findall(rb'form-data; name="(\w+)"', request.read())}
    elif request.content:
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


async def _parts(provider: TrelloProvider, board: str, task: str) -> None:
    """Every operation on what stands around a task, with every field that it can write."""
    me = (await provider.get_current_user()).id
    label = await provider.create_label(PMLabel(name="bug", project_id=board, color="#ff0000"))
    await provider.update_label(label.id, {"name": "Bug", "color": None})
    comment = await provider.create_comment(PMComment(task_id=task, body="Hi"))
    await provider.update_comment(comment.id, {"body": "Ho"})
    await provider.list_comments(task)
    await provider.delete_comment(comment.id)
    file = await provider.create_attachment(PMAttachment(task_id=task, file_name="a b.txt"), b"x")
    await provider.download_attachment(file.id, task_id=task)
    await provider.list_attachments(task)
    await provider.delete_attachment(file.id, task_id=task)
    item = PMChecklistItem(title="One", is_done=True, assignee_id=me, due_date=DAY)
    made = await provider.create_checklist(PMChecklist(name="A", task_id=task, items=[item], position=0))
    await provider.update_checklist(made.id, {"name": "B", "position": 0})
    added = PMChecklistItem(title="Two", checklist_id=made.id, position=0)
    two = await provider.create_checklist_item(added)
    changes = {"title": "2", "is_done": True, "assignee_id": None, "due_date": None, "position": 1}
    await provider.update_checklist_item(two.id, changes, checklist_id=made.id)
    await provider.update_checklist_item(two.id, changes, task_id=task)
    await provider.delete_checklist_item(two.id, checklist_id=made.id)
    await provider.delete_checklist_item(made.items[0].id, task_id=task)
    await provider.list_checklists(task)
    await provider.delete_checklist(made.id)
    for listing in (provider.list_labels(board), provider.list_labels(), provider.list_watchers(task)):
        await listing
    await provider.add_watcher(task, me)
    await provider.remove_watcher(task, me)
    await provider.delete_label(label.id)


async def _members(provider: TrelloProvider, board: str, user: str) -> None:
    one = await provider.create_membership(PMMembership(project_id=board, user_id=user, roles=["normal"]))
    await provider.update_membership(one.id, {"roles": ["admin"]}, project_id=board)
    await provider.delete_membership(one.id, project_id=board)


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


async def test_every_request_about_parts_is_in_the_document() -> None:
    box = TrelloSandbox(dataset="demo", search_lag_s=0)
    wire = Wire(box.transport())
    config = PMProviderConfig(
        "trello",
        base_url=box.base_url,
        api_key=API_KEY,
        api_token=ADMIN_TOKEN,
        additional_config={"pace": "none"},
    )
    async with TrelloProvider(config, transport=wire) as provider:
        board = (await provider.create_project(PMProject(name="Mars"))).id
        task = (await provider.create_task(PMTask(title="Land", project_id=board))).id
        await _parts(provider, board, task)
        await _members(provider, board, member_id("maya"))
    # [doc] "Authenticated Access to S3"; the storage behind it is not the API.
    ours = [
        one for one in wire.requests if "/download/" not in one.url.path and "storage" not in one.url.path
    ]
    seen = {_check(one) for one in ours}
    assert len(wire.requests) - len(ours) == 2
    assert {
        "POST /cards/{id}/actions/comments", "PUT /actions/{id}", "DELETE /actions/{id}",
        "POST /cards/{id}/attachments", "PUT /cards/{id}/checkItem/{idCheckItem}", "POST /checklists",
        "DELETE /cards/{id}/checkItem/{idCheckItem}", "DELETE /checklists/{id}/checkItems/{idCheckItem}",
        "PUT /boards/{id}/members/{idMember}", "PUT /boards/{id}/memberships/{idMembership}",
    } <= seen  # fmt: skip
