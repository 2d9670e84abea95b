"""What the provider asks for is in the vendor's documents: addresses, parameters, and what bodies hold."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from pm_providers import PMProject, PMTask
from tests.providers.jira.site import Site
from tests.sandbox.spec_document import SpecDocument, load_spec
from tests.shared_material import need, spec_path

_MISNAMED = ("'targetToMultipleSourceMapping' is a required", "'issueIdOrKeys' is a required")
"""The document requires properties of bulk moves under names that it does not define."""

NAMES = ("jira-platform-v3.json", "jira-software.json")


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


def _operation(method: str, path: str) -> dict[str, Any]:
    fitting = [one for one in _operations() if one[0] == method and one[1].fullmatch(path)]
    assert fitting, f"{method} {path} is in no document"
    # The address with the fewest places left open is the one that is meant.
    best = min(fitting, key=lambda one: one[1].pattern.count("[^/]+"))
    return best[2]


@cache
def _documents() -> tuple[SpecDocument, ...]:
    return tuple(load_spec(need(spec_path(name))) for name in NAMES)


def _wrong(method: str, path: str, body: Any) -> list[str]:
    """What the documents say against a body."""
    for document in _documents():
        if document.path_of(path) is not None:
            found = [str(one) for one in document.check_request(method, path, body)]
            return [one for one in found if not any(name in one for name in _MISNAMED)]
    return []


async def _everything(site: Site) -> None:
    """All that tasks, projects, users and changes ask for."""
    async with site.provider() as provider:
        made = await provider.create_project(PMProject(name="New", description="d"))
        await provider.update_project(made.id, {"name": "Newer", "status": "archived"})
        await provider.update_project(made.id, {"status": "active"})
        await provider.list_projects(include_archived=True)
        task = await provider.create_task(PMTask(title="x", project_id="ED", story_points=1, status="Done"))
        fields = {"title": "y", "custom_fields": {"Cost": 1.0}, "priority": "low", "status": "todo"}
        await provider.update_task(task.id, fields)
        child = await provider.create_task(PMTask(title="c", project_id="ED", parent_task_id=task.id))
        await provider.update_task(child.id, {"parent_task_id": None})
        await provider.list_tasks("ED", status="todo", assignee_id="mia@example.com")
        await provider.search_tasks("x")
        batch = await provider.create_tasks([PMTask(title="b", project_id="SC", status="completed")] * 120)
        await provider.list_tasks("SC")
        await provider.update_tasks([(one.id, {"label_ids": ["a"], "title": "n"}) for one in batch.items])
        page = await provider.changes("SC")
        await provider.delete_tasks([one.id for one in batch.items])
        await provider.changes("SC", page.cursor)
        await provider.delete_task(task.id)
        await provider.list_users()
        await provider.list_users("ED")
        await provider.get_user("mia@example.com")
        await provider.delete_project(made.id)
    async with site.mias() as provider:
        await provider.create_task(PMTask(title="x", project_id="ED", status="Done"))


async def test_every_request_is_documented(site: Site) -> None:
    _operations()
    await _everything(site)
    seen = set()
    for one in site.box.log:
        operation = _operation(one.method, one.path)
        declared = {
            found.get("name") for found in operation.get("parameters", []) if found.get("in") == "query"
        }
        asked = {name for name, _ in parse_qsl(one.query)}
        assert asked <= declared, f"{one.method} {one.path}: {asked - declared}"
        if one.request_body and one.request_size == len(one.request_body):
            assert _wrong(one.method, one.path, json.loads(one.request_body)) == []
        seen.add((one.method, operation["operationId"]))
    assert len(seen) > 30
