"""The Data Center side against a server that is not ours, on a socket: `jira820`, a mock of Jira 8.20.

What it is not like the vendor in: it knows issues by key and link types by name only, where the vendor takes ids
as well, so that ids are put back on the way. It lets everybody in, reads no JQL that it does not understand (and then
finds everything), and has one project, whatever project it is asked for. It has no project administration, no
assignable users, no users by an empty search, no roles, no watchers, no new form of createmeta, no bulk creation, and
no partial or deleting writes of sprints.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any

import httpx2
import pytest
import uvicorn

from pm_providers import (
    PMAttachment,
    PMComment,
    PMRelation,
    PMTask,
    PMTimeEntry,
    ProviderError,
    ValidationError,
)
from pm_providers.providers.jira.provider import JiraProvider
from tests.providers.jira.site import config

pytest.importorskip("jira820")

PROJECT = "JIRA820"
_ISSUE = re.compile(r"(/issue/)(\d+)")


class _KeysForIds(httpx2.AsyncBaseTransport):
    """Remembers which id belongs to which key, and asks by key."""

    def __init__(self) -> None:
        self._inner = httpx2.AsyncHTTPTransport()
        self._keys: dict[str, str] = {}
        self._types: dict[str, str] = {}

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        path = _ISSUE.sub(lambda found: found[1] + self._keys.get(found[2], found[2]), request.url.path)
        asked = httpx2.Request(
            request.method,
            request.url.copy_with(path=path),
            headers=[one for one in request.headers.raw if one[0].lower() != b"content-length"],
            content=self._with_keys(await request.aread()),
        )
        response = await self._inner.handle_async_request(asked)
        content = await response.aread()
        if content.startswith(b"{"):
            self._learn(json.loads(content))
        return httpx2.Response(response.status_code, headers=response.headers, content=content)

    def _with_keys(self, content: bytes) -> bytes:
        if not content.startswith(b"{"):
            return content
        body = json.loads(content)
        parent = body.get("fields", {}).get("parent")
        if parent:
            parent["key"] = self._keys.get(parent.get("id", ""), "")
        if "inwardIssue" in body:
            body["type"] = {"name": self._types.get(body["type"]["id"], "")}
            for end in ("inwardIssue", "outwardIssue"):
                body[end] = {"key": self._keys.get(body[end]["id"], "")}
        if isinstance(body.get("issues"), list):
            body["issues"] = [self._keys.get(one, one) for one in body["issues"]]
        return json.dumps(body).encode()

    def _learn(self, body: dict[str, Any]) -> None:
        self._types |= {one["id"]: one["name"] for one in body.get("issueLinkTypes") or ()}
        for one in [body, *(body.get("issues") or [])]:
            if isinstance(one, dict) and "key" in one and "id" in one:
                self._keys[str(one["id"])] = one["key"]


@contextlib.asynccontextmanager
async def _served() -> AsyncIterator[str]:
    """A mock of the test's own on a free port of this machine."""
    from jira820.server import make_app

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(make_app(), log_config=None, lifespan="off", ws="none"))
    running = asyncio.create_task(server._serve([listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        await running


@pytest.fixture
async def office() -> AsyncIterator[JiraProvider]:
    async with _served() as url:
        given = config(url, username=None, api_token="pat")
        async with JiraProvider(given, transport=_KeysForIds()) as found:
            yield found


async def test_it_is_known_as_data_center(office: JiraProvider) -> None:
    report = await office.check_health()
    assert (report.ok, report.version, report.details["deployment"]) == (True, "8.20.8", "server")
    assert office.capabilities.text_format == "wiki"


async def test_its_issues_are_listed_with_all_that_they_hold(office: JiraProvider) -> None:
    found = await office.list_tasks(PROJECT)
    assert len(found) > 300
    assert len({one.id for one in found}) == len(found)
    assert {"Epic", "Story", "Sub-task"} <= {one.type for one in found}
    assert {one.status for one in found} == {"todo", "in_progress", "completed"}
    ids = {one.id for one in found}
    assert sum(one.parent_task_id in ids for one in found) > 100
    assert any(one.sprint_id for one in found)
    few = [one async for one in office.iter_tasks(PROJECT, limit=7)]
    assert [one.id for one in few] == [one.id for one in found][:7]


async def test_a_task_lives_its_life(office: JiraProvider) -> None:
    made = await office.create_task(
        PMTask(title="Made", project_id=PROJECT, description="## Why\n\n- **because**", label_ids=["x"])
    )
    assert (made.title, made.type, made.label_ids) == ("Made", "Task", ["x"])
    assert made.description == "## Why\n\n- **because**"
    changed = await office.update_task(made.id, {"title": "Changed", "due_date": date(2026, 12, 1)})
    assert (changed.title, changed.due_date, changed.warnings) == ("Changed", date(2026, 12, 1), ())
    with pytest.raises(ValidationError, match="required") as error:
        await office.update_task(made.id, {"status": "completed"})
    assert set(error.value.fields) == {"custom_fields.Resolution", "custom_fields.Log Work", "assignee_id"}
    assert "Cannot Reproduce" in error.value.fields["custom_fields.Resolution"]
    await office.update_task(made.id, {"assignee_id": "u03"})
    needed = {"Resolution": "done", "Log Work": 1.5}
    done = await office.update_task(made.id, {"status": "completed", "custom_fields": needed})
    assert (done.status, done.status_name) == ("completed", "Done")
    assert (done.custom_fields["Resolution"], done.warnings) == ("Done", ())
    assert [one.hours for one in await office.list_time_entries(made.id)] == [1.5]
    assert await office.delete_task(made.id) is True
    assert await office.get_task(made.key or "") is None


async def test_comments_are_wiki_markup(office: JiraProvider) -> None:
    made = await office.create_task(PMTask(title="Made", project_id=PROJECT))
    said = await office.create_comment(PMComment(task_id=made.id, body="*really* `true`"))
    assert [(one.id, one.body) for one in await office.list_comments(made.id)] == [
        (said.id, "*really* `true`")
    ]


async def test_boards_have_sprints(office: JiraProvider) -> None:
    sprints = await office.list_sprints()
    assert {one.status for one in sprints} >= {"closed", "active"}
    active = next(one for one in sprints if one.status == "active")
    made = await office.create_task(PMTask(title="Made", project_id=PROJECT))
    assert (await office.update_task(made.id, {"sprint_id": active.id})).sprint_id == active.id
    assert (await office.update_task(made.id, {"sprint_id": None})).sprint_id is None


async def test_the_project_and_what_it_offers(office: JiraProvider) -> None:
    [project] = await office.list_projects()
    assert (project.key, project.status) == (PROJECT, "active")
    assert (await office.get_project(PROJECT)) == project
    me = await office.get_current_user()
    assert (me.id, me.username, me.name) == ("admin", "admin", "Administrator")
    assert {one.name for one in await office.list_statuses(PROJECT)} >= {"Open", "In Progress", "Done"}
    assert {one.name for one in await office.list_types(PROJECT)} >= {"Epic", "Story", "Sub-task", "Bug"}
    assert [one.priority for one in await office.list_priorities()][:2] == ["lowest", "low"]
    with pytest.raises(ProviderError):
        await office.create_project(replace(project, key="NEW"))


async def test_pages_and_queries(office: JiraProvider) -> None:
    everything = await office.list_tasks(PROJECT)
    pages = [one.id async for one in office.iter_tasks(PROJECT, window=4)]
    assert pages == [one.id for one in everything]
    done = await office.search_jql(f"project = {PROJECT} AND status = Done")
    assert 0 < len(done) < len(everything)
    assert {one.id for one in done} == {one.id for one in everything if one.status_name == "Done"}


async def test_links_show_who_blocks_whom(office: JiraProvider) -> None:
    one = await office.create_task(PMTask(title="Blocker", project_id=PROJECT))
    two = await office.create_task(PMTask(title="Blocked", project_id=PROJECT))
    made = await office.create_relation(PMRelation(from_task_id=one.id, to_task_id=two.id, type="blocks"))
    assert (made.from_task_id, made.to_task_id, made.type) == (one.id, two.id, "blocks")
    assert [link.id for link in await office.list_relations(two.id)] == [made.id]


async def test_subtasks_stand_below_their_parent(office: JiraProvider) -> None:
    top = await office.create_task(PMTask(title="Top", project_id=PROJECT))
    below = await office.create_task(PMTask(title="Below", project_id=PROJECT, parent_task_id=top.id))
    assert (below.type, below.parent_task_id) == ("Sub-task", top.id)


async def test_work_files_and_comments(office: JiraProvider) -> None:
    task = await office.create_task(PMTask(title="Made", project_id=PROJECT))
    await office.create_time_entry(PMTimeEntry(task_id=task.id, hours=1.5, spent_on=date(2026, 1, 5)))
    [entry] = await office.list_time_entries(task.id)
    assert (entry.hours, entry.user_id) == (1.5, "admin")
    await office.create_attachment(PMAttachment(task_id=task.id, file_name="a.txt"), b"hello")
    [file] = await office.list_attachments(task.id)
    assert (file.file_name, file.size_bytes) == ("a.txt", 5)
    await office.create_comment(PMComment(task_id=task.id, body="x"))
    [said] = await office.list_comments(task.id)
    assert said.author_id == "admin"
