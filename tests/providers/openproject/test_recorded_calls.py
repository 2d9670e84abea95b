"""Our requests are those that a real server was seen to accept, and its answers are read right.

Each case sends nothing but what the recording holds: the recorded answer is served, and the request that the
provider made is compared with the recorded one, key by key.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import httpx2
import pytest

from pm_providers import (
    OpenProjectProvider,
    PMAttachment,
    PMComment,
    PMProject,
    PMRelation,
    PMSprint,
    PMTask,
    PMTimeEntry,
    PMUser,
)
from tests.providers.openproject.support import canned, recorded

CATALOG = {
    "/statuses": ("07-", 7),
    "/priorities": ("07-", 13),
    "/types": ("07-", 1),
    "/projects/4/types": ("07-", 25),
    "/projects/4/categories": ("07-", 20),
    "/projects/4/versions": ("06-", 29),
    "/projects/schema": ("03-", 56),
    "/users/schema": ("05-", 47),
    "/time_entries/schema": ("17-", 53),
    "/time_entries/form": ("17-", 1),
    "/work_packages/schemas/4-1": ("14-", 9),
}


class Server:
    """Serves recorded answers: the catalogue by path, and one step to a call that writes."""

    def __init__(self, step: dict[str, Any], before: dict[str, Any] | None = None) -> None:
        self.step = step
        self.before = before
        self.sent: httpx2.Request | None = None

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path.removeprefix("/api/v3")
        if request.method == self.step["request"]["method"] and path == self.step["request"][
            "path"
        ].removeprefix("/api/v3"):
            self.sent = request
            return answer(self.step)
        if path in CATALOG:
            return answer(recorded(*CATALOG[path]))
        if self.before is not None and request.method == "GET":
            return answer(self.before)
        return httpx2.Response(
            404, json={"_type": "Error", "errorIdentifier": "urn:openproject-org:api:v3:errors:NotFound"}
        )

    def body(self) -> dict[str, Any]:
        assert self.sent is not None, "the recorded call was not made"
        return json.loads(self.sent.content)


def answer(step: dict[str, Any]) -> httpx2.Response:
    return httpx2.Response(
        step["response"]["status"],
        json=step["response"]["body"],
        headers={"content-type": "application/hal+json; charset=utf-8"},
    )


Call = Callable[[OpenProjectProvider], Awaitable[Any]]
TASK = PMTask(
    title="All fields",
    description="# H\n\n- [ ] a\n- [x] b",
    project_id="4",
    type="Task",
    status="7",
    priority="9",
    parent_task_id="36",
    assignee_id="5",
    start_date=date(2026, 12, 1),
    due_date=date(2026, 12, 10),
    estimated_hours=40,
    remaining_hours=8,
    progress=30,
    sprint_id="5",
    label_ids=["3"],
)


async def run(file: str, n: int, call: Call, *, before: tuple[str, int] | None = None) -> tuple[Any, Server]:
    server = Server(recorded(file, n), recorded(*before) if before else None)
    async with canned(server, sprint_source="version") as provider:
        return await call(provider), server


def subset(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """What the recorded body has and ours lacks or says differently."""
    if isinstance(theirs, dict):
        if not isinstance(ours, dict):
            return [f"{path}: {ours!r}"]
        return [fault for key, value in theirs.items() for fault in
                ([f"{path}.{key} is missing"] if key not in ours else subset(ours[key], value, f"{path}.{key}"))]  # fmt: skip
    return [] if ours == theirs else [f"{path}: {ours!r} instead of {theirs!r}"]


async def test_create_task_with_all_fields():
    theirs = recorded("10-", 4)["request"]["body"]
    task, server = await run("10-", 4, lambda p: p.create_task(TASK))
    ours = server.body()
    for link in set(theirs["_links"]) - set(ours["_links"]):
        theirs = {**theirs, "_links": {k: v for k, v in theirs["_links"].items() if k != link}}
        assert link == "responsible" or link.startswith("customField"), (
            f"{link} was recorded, and is not sent"
        )
    theirs = {key: value for key, value in theirs.items() if not key.startswith("customField")}
    theirs["description"].pop("format")
    assert subset(ours, theirs) == []
    assert set(ours) <= {*theirs, "_links"}
    assert server.sent.url.params["notify"] == "false"
    assert server.sent.headers["content-type"] == "application/json"
    assert (task.id, task.title, task.sprint_id, task.label_ids) == ("37", "All fields", "5", ["3"])
    assert task.warnings == ()


async def test_dates_that_are_not_given_are_sent_as_null():
    _, server = await run(
        "10-", 1, lambda p: p.create_task(PMTask(title="Minimal", project_id="4", type="Task"))
    )
    assert server.body()["startDate"] is None
    assert server.body()["dueDate"] is None


async def test_update_task_sends_the_lock_version_and_links():
    step = recorded("11-", 11)
    updates = {
        "start_date": date(2026, 12, 1),
        "due_date": date(2026, 12, 4),
        "estimated_hours": 12.5,
        "progress": 20,
        "description": "d",
        "assignee_id": "5",
        "sprint_id": "5",
        "label_ids": ["4"],
        "priority": "low",
    }
    task, server = await run("11-", 11, lambda p: p.update_task("34", updates), before=("11-", 9))
    ours, theirs = server.body(), step["request"]["body"]
    theirs["_links"] = {key: value for key, value in theirs["_links"].items() if key in ours["_links"]}
    assert subset(ours, theirs) == []
    assert ours["lockVersion"] == 3
    assert set(ours["_links"]) == {"assignee", "version", "category", "priority"}
    assert task.warnings == ()


@pytest.mark.parametrize(
    ("step", "updates", "key"),
    [
        (12, {"assignee_id": None}, "assignee"),
        (14, {"sprint_id": None}, "version"),
        (15, {"label_ids": []}, "category"),
        (16, {"parent_task_id": None}, "parent"),
    ],
)
async def test_clearing_a_link_sends_a_null_href(step, updates, key):
    before = recorded("11-", step - 1)
    server = Server(recorded("11-", step), before)
    async with canned(server, sprint_source="version") as provider:
        await provider.update_task("34", updates)
    assert server.body()["_links"][key] == {"href": None}
    assert server.body()["lockVersion"] == recorded("11-", step)["request"]["body"]["lockVersion"]


async def test_clearing_a_description_sends_an_object():
    """A null description is a server error (recorded 11-…: step 24)."""
    _, server = await run("11-", 25, lambda p: p.update_task("34", {"description": None}), before=("11-", 22))
    assert server.body() == {"lockVersion": 10, "description": {"raw": None}}


async def test_create_project():
    draft = PMProject(
        name="Corpus Full ✓ Ünïcode 🚀",
        key="corpus-full",
        description="A **bold** plan\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        status="active",
        status_note="All *good*",
        parent_project_id="4",
        is_public=True,
        custom_fields={"CF Cost centre": "CC-42"},
    )
    names = [
        one["name"] for key, one in recorded("03-", 56)["response"]["body"].items() if key == "customField12"
    ]
    draft.custom_fields = {names[0]: "CC-42"}
    project, server = await run("02-", 3, lambda p: p.create_project(draft))
    theirs = recorded("02-", 3)["request"]["body"]
    theirs["description"].pop("format")
    theirs.pop("active")
    assert subset(server.body(), theirs) == []
    assert (project.status, project.status_name) == ("active", "On track")
    assert project.warnings == ()


async def test_archive_project():
    _, server = await run(
        "02-", 53, lambda p: p.update_project("6", {"status": "archived"}), before=("02-", 6)
    )
    assert server.body() == {"active": False}


async def test_bring_back_a_project_with_a_status():
    step = recorded("02-", 64)
    server = Server(step, recorded("02-", 54))
    async with canned(server) as provider:
        await provider.update_project("6", {"status": "at_risk"})
    assert server.body() == {
        "active": True,
        "_links": {"status": {"href": "/api/v3/project_statuses/at_risk"}},
    }


async def test_create_version():
    draft = PMSprint(
        name="Sprint 2 ✓",
        project_id="4",
        goal="Goal: **ship**",
        start_date=date(2026, 12, 1),
        end_date=date(2026, 12, 14),
        status="planned",
    )
    sprint, server = await run("06-", 2, lambda p: p.create_sprint(draft))
    theirs = recorded("06-", 2)["request"]["body"]
    theirs["description"].pop("format")
    assert (
        subset(server.body(), {k: v for k, v in theirs.items() if k not in {"sharing", "customField14"}})
        == []
    )
    assert (sprint.goal, sprint.end_date) == ("Goal: **ship**", date(2026, 12, 14))


async def test_invite_a_user():
    user, server = await run(
        "05-",
        1,
        lambda p: p.create_user(PMUser(name="Dave Dürer 🎨", email="dave@example.com", username="dave")),
    )
    theirs = recorded("05-", 1)["request"]["body"]
    ours = server.body()
    assert (ours["firstName"], ours["lastName"]) == ("Dave Dürer", "🎨")
    assert (ours["email"], ours["login"]) == (theirs["email"], theirs["login"])
    assert ours["status"] == recorded("05-", 2)["request"]["body"]["status"] == "invited"
    assert user.name == "Dave Dürer 🎨"


async def test_create_relation():
    draft = PMRelation(from_task_id="107", to_task_id="106", type="precedes", lag_days=3, description="after")
    relation, server = await run("16-", 2, lambda p: p.create_relation(draft))
    assert subset(server.body(), recorded("16-", 2)["request"]["body"]) == []
    assert (relation.from_task_id, relation.to_task_id) == ("107", "106")
    assert relation.warnings == ()


async def test_log_time():
    draft = PMTimeEntry(
        task_id="34", hours=1.5, spent_on=date(2026, 11, 23), comment="Did *it* ✓", activity="management"
    )
    entry, server = await run("17-", 2, lambda p: p.create_time_entry(draft))
    assert server.body() == recorded("17-", 2)["request"]["body"]
    assert entry.activity == "Management"
    assert entry.warnings == ()


async def test_comment_and_edit():
    comment, server = await run(
        "19-", 11, lambda p: p.create_comment(PMComment(task_id="114", body="by alice"))
    )
    assert server.body() == recorded("19-", 11)["request"]["body"]
    assert comment.warnings == ()
    edited, server = await run("19-", 20, lambda p: p.update_comment("249", {"body": "edited ✓"}))
    assert server.body() == recorded("19-", 20)["request"]["body"] == {"comment": "edited ✓"}
    assert edited.body == "edited ✓"


async def test_upload():
    draft = PMAttachment(task_id="114", file_name="note.txt", description="a *note*")
    found, server = await run("20-", 1, lambda p: p.create_attachment(draft, b"hello \xe2\x9c\x93"))
    kind, _, boundary = server.sent.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    parts = server.sent.content.split(f"--{boundary}".encode())
    meta, file = (part.strip(b"\r\n").split(b"\r\n\r\n", 1) for part in parts[1:3])
    assert b'name="metadata"' in meta[0]
    assert b"filename" not in meta[0]
    assert json.loads(meta[1]) == {"fileName": "note.txt", "description": {"raw": "a *note*"}}
    assert b'name="file"; filename=' in file[0]
    assert file[1] == b"hello \xe2\x9c\x93"
    assert found.file_name == "note.txt"


@pytest.mark.parametrize(
    ("file", "n", "call"),
    [
        ("02-", 66, lambda p: p.delete_project("6")),
        ("06-", 40, lambda p: p.delete_sprint("5")),
        ("16-", 48, lambda p: p.delete_relation("147")),
        ("17-", 56, lambda p: p.delete_time_entry("1")),
        ("20-", 28, lambda p: p.delete_attachment("3")),
    ],
)
async def test_deletes_carry_a_content_type(file, n, call):
    """Without it a delete is refused with 406 (recorded 02-…: step 65)."""
    sent = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        if request.method == "DELETE":
            sent.append(request.headers.get("content-type"))
            return httpx2.Response(204)
        return httpx2.Response(200, json=recorded("02-", 6)["response"]["body"])

    async with canned(handle, sprint_source="version", delete_wait_s=0) as provider:
        assert await call(provider) is True
    assert sent == ["application/json"]


async def test_custom_fields_by_their_names():
    step, before = recorded("15-", 27), recorded("15-", 26)
    form = recorded("14-", 4)

    class Custom(Server):
        def __call__(self, request: httpx2.Request) -> httpx2.Response:
            return answer(form) if request.url.path.endswith("/form") else super().__call__(request)

    server = Custom(step, before)
    async with canned(server, sprint_source="version") as provider:
        task = await provider.update_task("104", {"custom_fields": {"CF Colour": "blue"}})
    assert server.body() == step["request"]["body"]
    assert task.custom_fields["CF Colour"] == "Blue"
    assert task.warnings == ()


@pytest.mark.parametrize(
    ("file", "n"), [(file, n) for file, steps in {"10-": (4,), "15-": (1, 44)}.items() for n in steps]
)
async def test_custom_fields_are_read_by_name(file, n):
    step = recorded(file, n)
    one = step["response"]["body"]
    if step["response"]["status"] >= 400 or one.get("_type") != "WorkPackage":
        pytest.skip("the recorded step is no work package")
    server = Server({"request": {"method": "-", "path": "-"}}, step)
    async with canned(server, sprint_source="version") as provider:
        task = await provider.get_task(str(one["id"]))
    schema = recorded("14-", 9)["response"]["body"]
    wanted = {}
    for key, value in one["_links"].items():
        if key in schema and key.startswith("customField") and isinstance(value, dict) and value.get("href"):
            kind = schema[key]["type"]
            wanted[schema[key]["name"]] = (
                value["title"] if kind == "CustomOption" else value["href"].rpartition("/")[2]
            )
    assert wanted.items() <= task.custom_fields.items()


async def test_target_versions_are_written_where_the_schema_has_them():
    """17.8+: `version` is only derived from `targetVersions` there."""
    step, before = recorded("11-", 11), recorded("11-", 9)
    schema = recorded("14-", 9)["response"]["body"]
    newer = {
        **schema,
        "targetVersions": {"type": "[]Version", "name": "Target versions", "location": "_links"},
    }

    class Newer(Server):
        def __call__(self, request: httpx2.Request) -> httpx2.Response:
            if request.url.path.endswith("/schemas/4-1"):
                return httpx2.Response(200, json=newer)
            return super().__call__(request)

    server = Newer(step, before)
    async with canned(server, sprint_source="version") as provider:
        await provider.update_task("34", {"sprint_id": "5"})
    assert server.body()["_links"] == {"targetVersions": [{"href": "/api/v3/versions/5"}]}


async def test_the_project_scope_is_left_to_no_default():
    """Closed tasks and no subprojects (recorded 13-…, 25-…): the parameters say so."""
    seen: list[httpx2.Request] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/work_packages"):
            seen.append(request)
            return answer(recorded("25-", 2))
        return answer(recorded(*CATALOG[request.url.path.removeprefix("/api/v3")]))

    async with canned(handle, sprint_source="version") as provider:
        tasks = await provider.list_tasks("4")
    assert [task.id for task in tasks] == ["66"]
    params = seen[0].url.params
    assert json.loads(params["filters"]) == [{"status": {"operator": "*", "values": []}}]
    assert params["includeSubprojects"] == "false"
    assert json.loads(params["sortBy"]) == [["id", "asc"]]
