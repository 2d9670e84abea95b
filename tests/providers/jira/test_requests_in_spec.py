"""What the provider asks for is in the vendor's documents: addresses, parameters, and what bodies hold."""

from __future__ import annotations

import json
import re
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from pm_providers import (
    PMAttachment,
    PMComment,
    PMMembership,
    PMProject,
    PMRelation,
    PMSprint,
    PMTask,
    PMTimeEntry,
    PMUser,
)
from pm_providers.contract import OPERATIONS
from pm_providers.providers.jira.provider import JiraProvider
from pm_providers.sandbox.kit.log import RequestRecord
from tests.providers.jira.site import MIA, Site
from tests.sandbox.spec_document import SpecDocument, load_spec
from tests.shared_material import need, spec_path

_MISNAMED = ("'targetToMultipleSourceMapping' is a required", "'issueIdOrKeys' is a required")
"""The document requires properties of bulk moves under names that it does not define."""

DAY = date(2026, 3, 5)
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


class _Noted:
    """A provider, and which operations were called."""

    def __init__(self, provider: JiraProvider) -> None:
        self.provider = provider
        self.called: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.called.add(name)
        return getattr(self.provider, name)


async def _around_tasks(provider: Any, one: str, two: str) -> None:
    """All that parts of tasks ask for; those that are found without their task, too."""
    for hidden in (False, True):
        said = await provider.create_comment(PMComment(task_id=one, body="**a**", is_internal=hidden))
        await provider.update_comment(said.id, {"body": "b"})
        await provider.list_comments(one)
        assert await provider.delete_comment(said.id) is True
    link = await provider.create_relation(PMRelation("", one, two, "blocks"))
    assert await provider.list_relations(one) == [link]
    assert await provider.delete_relation(link.id) is True
    assert await provider.delete_relation(link.id) is False
    file = await provider.create_attachment(PMAttachment(task_id=one, file_name="ä.txt"), b"x")
    assert await provider.list_attachments(one) == [file]
    assert await provider.download_attachment(file.id) == b"x"
    assert await provider.delete_attachment(file.id) is True
    entry = await provider.create_time_entry(PMTimeEntry("", one, 1.0, DAY, comment="c"))
    await provider.update_time_entry(entry.id, {"hours": 2.0, "comment": None, "task_id": two})
    assert len(await provider.list_time_entries(two)) == len(await provider.list_time_entries()) == 1
    assert await provider.delete_time_entry(entry.id) is True
    assert await provider.add_watcher(one, MIA) is True
    await provider.list_watchers(one)
    assert await provider.remove_watcher(one, MIA) is True


async def _sprints(provider: Any) -> None:
    days = {"start_date": DAY, "end_date": date(2026, 3, 20)}
    made = await provider.create_sprint(PMSprint(name="S", project_id="SC", goal="g"))
    await provider.update_sprint(made.id, {"goal": "h", **days})
    await provider.update_sprint(made.id, {"end_date": None, "name": "T"})
    closed = await provider.update_sprint(made.id, {"end_date": days["end_date"], "status": "closed"})
    assert closed.status == "closed"
    await provider.create_sprint(PMSprint(name="U", project_id="SC", status="active", **days))
    await provider.list_sprints()
    await provider.list_sprints("SC", status="active")
    await provider.get_sprint(made.id)
    assert await provider.delete_sprint(made.id) is True


async def _people_and_choices(provider: Any, one: str) -> None:
    guest = await provider.create_user(PMUser("", "Ben", "ben@example.com"))
    member = await provider.create_membership(PMMembership("", "SC", guest.id, ["Member"]))
    await provider.update_membership(member.id, {"roles": ["Viewer"]})
    await provider.list_memberships("SC")
    assert await provider.delete_membership(member.id) is True
    assert await provider.delete_user(guest.id) is True
    for operation in ("statuses", "types", "fields", "labels"):
        await getattr(provider, f"list_{operation}")()
        await getattr(provider, f"list_{operation}")("SC")
    await provider.list_priorities()
    await provider.list_transitions(one)
    await provider.get_current_user()
    await provider.request("GET", "myself")


async def _everything(site: Site) -> None:
    """Every operation, many of them in several ways."""
    async with site.provider() as real:
        provider: Any = _Noted(real)
        made = await provider.create_project(PMProject(name="New", description="d"))
        await provider.update_project(made.id, {"name": "Newer", "status": "archived"})
        await provider.update_project(made.id, {"status": "active"})
        await provider.list_projects(include_archived=True)
        task = await provider.create_task(PMTask(title="x", project_id="ED", story_points=1, status="Done"))
        fields = {"title": "y", "custom_fields": {"Cost": 1.0}, "priority": "low", "status": "todo"}
        await provider.update_task(task.id, fields)
        child = await provider.create_task(PMTask(title="c", project_id="ED", parent_task_id=task.id))
        await provider.update_task(child.id, {"parent_task_id": None})
        await _around_tasks(provider, task.id, child.id)
        await _sprints(provider)
        await _people_and_choices(provider, task.id)
        await provider.get_task(task.id)
        await provider.get_project("ED")
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
        assert {one for one in OPERATIONS if real.capabilities.supports(one)} <= provider.called
    async with site.mias() as provider:
        await provider.create_task(PMTask(title="x", project_id="ED", status="Done"))


def _faults(one: RequestRecord) -> list[str]:
    """What a request has that its document does not know, or misses."""
    operation = _operation(one.method, one.path)
    places = {row["name"]: row for row in operation.get("parameters", []) if row.get("in") == "query"}
    found = []
    for name, text in parse_qsl(one.query, keep_blank_values=True):
        schema = places.get(name, {}).get("schema", {})
        whole = schema.get("type") != "integer" or text.isdigit()
        if name not in places or not whole or text not in schema.get("enum", [text]):
            found.append(f"parameter {name}={text}")
    asked = dict(parse_qsl(one.query))
    found += [f"no {name}" for name, row in places.items() if row.get("required") and name not in asked]
    wanted = operation.get("requestBody")
    if wanted is None and one.request_body:
        found.append("a body")
    if wanted is not None and wanted.get("required") and not one.request_body:
        found.append("no body")
    if one.request_body and "application/json" in (wanted or {}).get("content", {}):
        found += _wrong(one.method, one.path, json.loads(one.request_body))
    return found


async def test_every_request_is_documented(site: Site) -> None:
    _operations()
    await _everything(site)
    seen = set()
    for one in site.box.log:
        if one.path.startswith("/media/"):
            continue  # the signed address that the site named
        assert _faults(one) == [], f"{one.method} {one.path}?{one.query} {one.request_body[:500]!r}"
        seen.add(_operation(one.method, one.path)["operationId"])
    assert len(seen) > 70, sorted(seen)
