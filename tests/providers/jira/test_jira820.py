"""The Data Center side against a server that is not ours: `jira820`, a mock of Jira 8.20.

It knows issues by key only, where the vendor takes ids as well, so that ids are put back into keys on the way.
It has no assignable users, no new form of createmeta, and reads no JQL that it does not understand.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import httpx2
import pytest

from pm_providers import PMComment, PMTask, ValidationError
from pm_providers.providers.jira.provider import JiraProvider
from pm_providers.sandbox.kit.server import SandboxTransport
from tests.providers.jira.site import config

pytest.importorskip("jira820")

PROJECT = "JIRA820"
_ISSUE = re.compile(r"(/issue/)(\d+)")


class _KeysForIds(httpx2.AsyncBaseTransport):
    """Remembers which id belongs to which key, and asks by key."""

    def __init__(self, app: Any) -> None:
        self._inner = SandboxTransport(app)
        self._keys: dict[str, str] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        path = _ISSUE.sub(lambda found: found[1] + self._keys.get(found[2], found[2]), request.url.path)
        asked = httpx2.Request(
            request.method,
            request.url.copy_with(path=path),
            headers=request.headers,
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
        if isinstance(body.get("issues"), list):
            body["issues"] = [self._keys.get(one, one) for one in body["issues"]]
        return json.dumps(body).encode()

    def _learn(self, body: dict[str, Any]) -> None:
        for one in [body, *(body.get("issues") or [])]:
            if isinstance(one, dict) and "key" in one and "id" in one:
                self._keys[str(one["id"])] = one["key"]


@pytest.fixture
async def office() -> AsyncIterator[JiraProvider]:
    from jira820.server import make_app

    transport = _KeysForIds(make_app())
    given = config("http://jira820.example", username=None, api_token="pat")
    async with JiraProvider(given, transport=transport) as found:
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
