"""What the provider asks for is in the vendor's documents: addresses, parameters, and what bodies hold."""

from __future__ import annotations

import json
import re
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from pm_providers import PMProject, PMSprint, PMTask, PMUser
from pm_providers.providers.clickup import ClickUpProvider
from pm_providers.sandbox.kit.log import RequestRecord
from tests.providers.clickup.site import Site
from tests.sandbox.spec_document import SpecDocument, load_spec
from tests.shared_material import need, spec_path

DAY = date(2026, 3, 5)
NAMES = ("clickup-v2.json", "clickup-v3.json")

_UNDOCUMENTED = {
    "due_date: None is not of type 'integer'",
    "start_date: None is not of type 'integer'",
    "time_estimate: None is not of type 'integer'",
    "points: None is not of type 'number'",
    "priority: None is not of type 'integer'",
}
"""The document does not say how to clear; `null` does it ([obs] raksul/go-clickup#31 and others)."""

_NOT_REQUIRED = re.compile(r"'(color|admin_can_manage|custom_role_id)' is a required property")
"""The document wants a colour of each space and a custom role of each member; most have none, and are sent back
without one."""


@cache
def _operations() -> list[tuple[str, re.Pattern[str], dict[str, Any]]]:
    found = []
    for name in NAMES:
        document = json.loads(need(spec_path(name)).read_text("utf-8"))
        for path, item in document["paths"].items():
            pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path))
            for method, operation in item.items():
                if method in {"get", "post", "put", "delete"}:
                    found.append((method.upper(), pattern, operation))
    return found


def _documented(path: str) -> str:
    """Addresses of v2 begin with `/v2` in its document, those of v3 with `/api/v3`."""
    return path.removeprefix("/api") if path.startswith("/api/v2") else path


def _operation(method: str, path: str) -> dict[str, Any]:
    fitting = [one for one in _operations() if one[0] == method and one[1].fullmatch(_documented(path))]
    assert fitting, f"{method} {path} is in no document"
    return min(fitting, key=lambda one: one[1].pattern.count("[^/]+"))[2]


@cache
def _documents() -> tuple[SpecDocument, ...]:
    return tuple(load_spec(need(spec_path(name))) for name in NAMES)


def _wrong(method: str, path: str, body: Any) -> list[str]:
    for document in _documents():
        if document.path_of(_documented(path)) is not None:
            return [
                f"{one.where}: {one.message}"
                for one in document.check_request(method, _documented(path), body)
            ]
    return []


def _faults(one: RequestRecord) -> list[str]:
    """What a request has that its document does not know, or misses."""
    operation = _operation(one.method, one.path)
    places = {
        row["name"].removesuffix("[]"): row
        for row in operation.get("parameters", [])
        if row.get("in") == "query"
    }
    asked = parse_qsl(one.query, keep_blank_values=True)
    found = [f"parameter {name}" for name, _ in asked if name.removesuffix("[]") not in places]
    for name, text in asked:
        kind = places.get(name, {}).get("schema", {}).get("type")
        if (kind == "integer" and not text.isdigit()) or (
            kind == "boolean" and text not in {"true", "false"}
        ):
            found.append(f"parameter {name}={text}")
    wanted = operation.get("requestBody")
    if one.request_body and wanted is None:
        found.append("a body")
    if wanted is not None and wanted.get("required") and not one.request_body:
        found.append("no body")
    if one.request_body:
        found += _wrong(one.method, one.path, json.loads(one.request_body))
    return [
        text for text in found if text.lstrip(".") not in _UNDOCUMENTED and not _NOT_REQUIRED.search(text)
    ]


async def _everything(site: Site) -> None:
    """Every operation that this test is about, many in several ways."""
    site.box.fields.add(f"space:{site.space}", "Colour", "drop_down", options=("Red", "Blue"))
    site.box.fields.add(f"space:{site.space}", "Areas", "labels", options=("North",))
    site.box.fields.add(f"space:{site.space}", "Launch", "date")
    site.box.fields.add(f"space:{site.space}", "Cost", "number")
    site.box.fields.add(f"space:{site.space}", "Owners", "users")
    async with site.provider() as provider:
        await provider.request(
            "POST",
            f"space/{site.space}/tag",
            json={"tag": {"name": "red", "tag_fg": "#000", "tag_bg": "#fff"}},
        )
        await _projects_and_people(provider)
        await _tasks(provider, site)
        await _lists(provider, site)


async def _projects_and_people(provider: ClickUpProvider) -> None:
    made = await provider.create_project(PMProject(name="New", is_public=False))
    await provider.update_project(made.id, {"name": "Newer"})
    await provider.list_projects(include_archived=True)
    await provider.delete_project(made.id)
    ben = await provider.create_user(PMUser(name="Ben", email="ben@example.com"))
    await provider.list_users()
    await provider.delete_user(ben.id)


async def _tasks(provider: ClickUpProvider, site: Site) -> None:
    days = {"start_date": DAY, "end_date": date(2026, 3, 20)}
    sprint = await provider.create_sprint(PMSprint(name="S", project_id=site.space, goal="g", **days))
    await provider.update_sprint(sprint.id, {"goal": None, "name": "T"})
    fields = {"Colour": "Red", "Areas": ["North"], "Launch": DAY, "Cost": 1.5, "Owners": [site.mia]}
    task = await provider.create_task(
        PMTask(
            title="x",
            project_id=site.space,
            description="**b**",
            due_date=DAY,
            start_date=DAY,
            estimated_hours=1.5,
            story_points=2,
            type="Milestone",
            priority="low",
            status="in progress",
            assignee_ids=[site.mia],
            label_ids=["red"],
            sprint_id=sprint.id,
            custom_fields=fields,
        )
    )
    other = {"Colour": "Blue", "Areas": None, "Owners": None, "Cost": 2.0}
    updates = {
        "title": "y",
        "status": "complete",
        "assignee_ids": [],
        "label_ids": [],
        "custom_fields": other,
    }
    await provider.update_task(task.id, updates)
    cleared = (
        "description",
        "due_date",
        "start_date",
        "estimated_hours",
        "story_points",
        "priority",
        "sprint_id",
    )
    await provider.update_task(task.id, dict.fromkeys(cleared))
    target = await provider.create_project(PMProject(name="Target"))
    child = await provider.create_task(PMTask(title="c", project_id=site.space, parent_task_id=task.id))
    await provider.delete_task(child.id)
    await provider.update_task(task.id, {"project_id": target.id})
    await provider.delete_sprint(sprint.id)


async def _lists(provider: ClickUpProvider, site: Site) -> None:
    page = await provider.changes(site.space)
    await provider.changes(site.space, page.cursor)
    task = await provider.create_task(PMTask(title="z", project_id=site.space))
    await provider.list_tasks(site.space, assignee_id=site.mia, status="to do", updated_since=task.created_at)
    await provider.list_tasks(include_archived=True)
    await provider.search_tasks("x")
    await provider.list_sprints()
    for operation in ("statuses", "types", "fields"):
        await getattr(provider, f"list_{operation}")(site.space)
    await provider.list_transitions(task.id)
    await provider.delete_task(task.id)
    await provider.changes(site.space, page.cursor)


async def test_every_request_is_documented(site: Site):
    _operations()
    await _everything(site)
    seen = set()
    for one in site.box.log:
        assert _faults(one) == [], f"{one.method} {one.path}?{one.query} {one.request_body[:500]!r}"
        assert one.status is not None
        assert one.status < 400, f"{one.method} {one.path} {one.status}"
        seen.add(f"{one.method} {_operation(one.method, one.path).get('operationId')}")
    assert len(seen) > 25, sorted(seen)


async def test_requests_for_folders_and_lists_are_documented(site: Site):
    for level in ("folder", "list"):
        async with site.provider(project_level=level, space_id=site.space) as provider:
            made = await provider.create_project(PMProject(name="P"))
            await provider.create_task(PMTask(title="a", project_id=made.id))
            await provider.update_project(made.id, {"name": "Q"})
            if level == "list":
                given = PMProject(name="O", owner_id=site.mia, end_date=DAY, priority="high", description="x")
                owned = await provider.create_project(given)
                await provider.update_project(owned.id, {"owner_id": site.mia, "priority": "low"})
                await provider.update_project(owned.id, {"owner_id": None})
            await provider.changes(made.id)
            await provider.list_tasks(made.id, include_archived=True)
            await provider.list_projects(include_archived=True)
            await provider.delete_project(made.id)
    for one in site.box.log:
        assert _faults(one) == [], f"{one.method} {one.path}?{one.query} {one.request_body[:500]!r}"
