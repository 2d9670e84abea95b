"""Whatever is sent, the answer is one that the vendor could give."""

from __future__ import annotations

import json
import random

import pytest

from pm_providers.sandbox.asana.sandbox import MODULES
from tests.sandbox.asana.support import open_box

ODD = (
    None,
    True,
    0,
    -1,
    1e300,
    "",
    "x",
    "1" * 30,
    "2026-13-40",
    [],
    [None],
    ["x", 1],
    {},
    {"gid": "1"},
    {"a": [{}]},
    "\ud800x"[1:],
)
NAMES = (
    *(
        "name",
        "notes",
        "html_notes",
        "assignee",
        "due_on",
        "due_at",
        "start_on",
        "start_at",
        "completed",
        "projects",
    ),
    *(
        "memberships",
        "tags",
        "followers",
        "custom_fields",
        "workspace",
        "parent",
        "external",
        "resource_subtype",
    ),
    *(
        "approval_status",
        "liked",
        "assignee_status",
        "assignee_section",
        "custom_type",
        "color",
        "team",
        "owner",
    ),
    *(
        "text",
        "html_text",
        "is_pinned",
        "sticker_name",
        "member",
        "access_level",
        "item",
        "section",
        "project",
        "task",
    ),
    *(
        "insert_before",
        "insert_after",
        "before_section",
        "after_section",
        "dependencies",
        "dependents",
        "tag",
        "user",
    ),
    *("enum_options", "custom_field", "precision", "format", "duration_minutes", "entered_on", "categories"),
    *(
        "actions",
        "status_type",
        "include",
        "members",
        "privacy_setting",
        "default_view",
        "description",
        "file",
    ),
)


def addresses(box):
    """Every route with ids that exist where there are some."""
    state = box.state
    known = {
        "workspace": box.workspace,
        "team": box.team,
        "user": "me",
        "project": next(iter(state.projects)).id,
        "task": next(iter(state.tasks)).id,
        "section": next(row.id for row in state.sections if row.project in state.projects),
        "tag": next(iter(state.tags)).id,
        "story": next(row.id for row in state.stories if row.kind == "comment"),
        "field": next(iter(state.fields)).id,
        "portfolio": next(iter(state.portfolios)).id,
        "entry": next(iter(state.entries)).id,
        "attachment": next(iter(state.attachments)).id,
        "option": next(row.options[0].id for row in state.fields if row.options),
        "membership": next(iter(state.members)).id,
    }
    for module in MODULES:
        for path, handlers in module.routes.table.items():
            parts = [
                known.get(part[1:-1], "123") if part.startswith("{") else part for part in path.split("/")
            ]
            for method in handlers:
                yield method, "/".join(parts)
    yield "POST", "/batch"
    yield "POST", "/webhooks"
    yield "GET", f"/workspaces/{box.workspace}/tasks/search"


@pytest.mark.parametrize("seed", range(3))
async def test_no_body_is_an_unhandled_error(seed):
    rng = random.Random(seed)
    async with open_box(dataset="demo") as box:
        todo = sorted(set(addresses(box)))
        assert len(todo) > 150
        for method, path in todo:
            if method in {"GET", "DELETE"}:
                continue
            for _ in range(4):
                data = {name: rng.choice(ODD) for name in rng.sample(NAMES, rng.randrange(1, 6))}
                answer = await box.client.request(method, path, json={"data": data})
                assert answer.status_code < 500, (method, path, data, answer.text)
                assert answer.json().keys() & {"data", "errors"}


@pytest.mark.parametrize("name", sorted(NAMES))
async def test_each_member_of_a_task_with_each_odd_value(name):
    async with open_box(dataset="demo") as box:
        gid = next(iter(box.state.tasks)).id
        project = next(iter(box.state.projects)).id
        for value in ODD:
            for method, path, more in (
                ("PUT", f"/tasks/{gid}", {}),
                ("POST", "/tasks", {"projects": [project]}),
            ):
                answer = await box.client.request(method, path, json={"data": {**more, name: value}})
                assert answer.status_code in {200, 201, 400, 403, 404}, (method, value, answer.text)


async def test_odd_queries_and_bodies():
    odd = ("", "x", "-1", "now", "null", "1,2", "%00", "2026-01-01", "true")
    names = (
        *(
            "workspace",
            "project",
            "assignee",
            "completed_since",
            "modified_since",
            "limit",
            "offset",
            "opt_fields",
        ),
        *(
            "parent",
            "resource",
            "sync",
            "archived",
            "user",
            "task",
            "team",
            "count",
            "query",
            "resource_type",
        ),
        *(
            "assignee.any",
            "projects.any",
            "due_on.before",
            "custom_fields.1.value",
            "sort_by",
            "is_subtask",
            "member",
        ),
    )
    rng = random.Random(1)
    async with open_box(dataset="demo") as box:
        for method, path in sorted(set(addresses(box))):
            if method == "GET":
                for _ in range(3):
                    query = "&".join(f"{name}={rng.choice(odd)}" for name in rng.sample(names, 2))
                    answer = await box.client.get(f"{path}?{query}")
                    assert answer.status_code < 500, (path, query, answer.text)
        for content in (
            b"",
            b"null",
            b"[]",
            b"1",
            b'{"data": 1}',
            b'{"data": null}',
            b"[" * 100_000,
            b"\xff",
        ):
            headers = {"content-type": "application/json"}
            answer = await box.client.post("/tasks", content=content, headers=headers)
            assert answer.status_code == 400, (content[:20], answer.text)
        answer = await box.client.post("/tasks", content=b"x", headers={"content-type": "text/plain"})
        assert answer.status_code == 415
        answer = await box.client.post(
            "/tasks", data={"workspace": box.workspace, "completed": "true", "name": "form"}
        )
        assert (answer.status_code, answer.json()["data"]["completed"]) == (201, True)
        deep = json.dumps(
            {
                "data": {
                    "workspace": box.workspace,
                    "html_notes": "<body>" + "<em>" * 5000 + "</em>" * 5000 + "</body>",
                }
            }
        )
        answer = await box.client.post("/tasks", content=deep, headers={"content-type": "application/json"})
        assert answer.status_code == 400
