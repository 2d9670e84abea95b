"""Webhooks of the OpenProject sandbox: what is sent, when, and how it is signed."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pm_providers.sandbox.openproject import OpenProjectSandbox
from pm_providers.sandbox.openproject.webhook import Webhook
from tests.sandbox.openproject_support import Caller, href

SECRET = "shared"
URL = "http://receiver.example/hook"


@pytest.fixture
def call() -> Caller:
    box = OpenProjectSandbox(dataset="demo")
    box.clock.freeze()
    return Caller(box)


def receiver(status: int = 200) -> tuple[httpx2.ASGITransport, list[tuple[dict[str, str], bytes]]]:
    """A transport to an app that keeps what it gets."""
    got: list[tuple[dict[str, str], bytes]] = []

    async def hook(request: Request) -> Response:
        got.append((dict(request.headers), await request.body()))
        return Response(status_code=status)

    app = Starlette(routes=[Route("/hook", hook, methods=["POST"])])
    return httpx2.ASGITransport(app=app), got


async def make(call: Caller) -> dict[str, Any]:
    project = next(iter(call.box.state.projects)).id
    return (await call("POST", f"/projects/{project}/work_packages", {"subject": "Hooked"}))[1]


def actions(deliveries: list[Any]) -> list[str]:
    return [d.action for d in deliveries]


async def test_deliveries_are_signed_over_the_raw_body(call) -> None:
    """HMAC-SHA1 of exactly the bytes that arrive; without a secret there is no header."""
    call.box.webhooks.add(Webhook(URL, SECRET))
    call.box.webhooks.add(Webhook(URL))
    task = await make(call)
    transport, got = receiver()
    sent = await call.box.webhooks.deliver(transport)
    assert [d.status for d in sent] == [200, 200]
    (signed, body), (unsigned, _) = got
    expected = hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()
    assert signed["x-op-signature"] == f"sha1={expected}"
    assert "x-op-signature" not in unsigned
    payload = json.loads(body)
    assert payload["action"] == "work_package:created"
    assert payload["work_package"]["id"] == task["id"]
    assert payload["actor"]["id"] == 3


async def test_changes_wait_for_the_aggregation(call) -> None:
    """Create and quick update are one delivery with the final state; later changes are updates."""
    hooks = call.box.webhooks
    hooks.add(Webhook(URL))
    task = await make(call)
    path = f"/work_packages/{task['id']}"
    await call("PATCH", path, {"lockVersion": 1, "subject": "Final"})
    assert hooks.ready(due_only=True) == []
    call.box.clock.advance(301)
    (delivery,) = hooks.ready(due_only=True)
    assert delivery.action == "work_package:created"
    assert json.loads(delivery.body)["work_package"]["subject"] == "Final"
    await call("PATCH", path, {"lockVersion": 2, "subject": "Later"})
    await call("PATCH", path, {"lockVersion": 3, "subject": "Later"})
    call.box.clock.advance(301)
    assert actions(hooks.ready(due_only=True)) == ["work_package:updated"]
    assert hooks.ready() == []


async def test_which_events_there_are(call) -> None:
    """Projects, time entries and comments tell; relations, deletes and edits of time entries do not."""
    hooks = call.box.webhooks
    hooks.add(Webhook(URL))
    _, project = await call("POST", "/projects", {"name": "Hooked"})
    for name in ("Hooked 2", "Hooked 3"):
        await call("PATCH", f"/projects/{project['id']}", {"name": name})
    assert actions(hooks.ready()) == ["project:created", "project:updated", "project:updated"]
    one, two = await make(call), await make(call)
    hooks.ready()
    entry = {"hours": "PT1H", "spentOn": "2026-02-03", "_links": {"entity": href("work_packages", one["id"])}}
    _, made = await call("POST", "/time_entries", entry)
    assert actions(hooks.ready()) == ["time_entry:created"]
    await call("PATCH", f"/time_entries/{made['id']}", {"hours": "PT2H"})
    links = {"to": href("work_packages", two["id"])}
    await call("POST", f"/work_packages/{one['id']}/relations", {"type": "relates", "_links": links})
    await call("DELETE", f"/work_packages/{two['id']}")
    assert hooks.ready() == []
    call.box.clock.advance(301)
    await call("POST", f"/work_packages/{one['id']}/activities", {"comment": {"raw": "c"}})
    assert actions(hooks.ready()) == ["work_package:updated", "work_package_comment:comment"]


async def test_a_failed_delivery_is_not_repeated(call) -> None:
    """Neither after an error answer nor after a dead connection."""
    call.box.webhooks.add(Webhook(URL))
    await make(call)
    transport, got = receiver(500)
    assert [d.status for d in await call.box.webhooks.deliver(transport)] == [500]
    assert await call.box.webhooks.deliver(transport) == []
    assert len(got) == 1

    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    await make(call)
    assert [d.status for d in await call.box.webhooks.deliver(httpx2.MockTransport(refuse))] == [None]


async def test_receivers_choose_events_and_projects(call) -> None:
    """Other events and projects are left out."""
    first = next(iter(call.box.state.projects)).id
    hooks = call.box.webhooks
    hooks.add(Webhook(URL, events=frozenset({"time_entry:created"})))
    hooks.add(Webhook(URL, project_ids=frozenset({first + 1000})))
    await make(call)
    assert hooks.ready() == []
    hooks.add(Webhook(URL, project_ids=frozenset({first})))
    await make(call)
    assert actions(hooks.ready()) == ["work_package:created"]
