"""Real payloads, read by the mapping."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pm_providers.errors import PMError
from pm_providers.model import TaskStatus
from pm_providers.providers.clickup.errors import parse_fault
from pm_providers.providers.clickup.mapping.choices import merged_statuses
from pm_providers.providers.clickup.mapping.custom_fields import to_field
from pm_providers.providers.clickup.mapping.people import to_user
from pm_providers.providers.clickup.mapping.places import from_space, to_project
from pm_providers.providers.clickup.mapping.sprints import SprintRule
from pm_providers.providers.clickup.mapping.tasks import TaskReading, to_task
from pm_providers.providers.clickup.mapping.values import zone_of
from pm_providers.transport import Answer
from pm_providers.transport.errors import Where
from tests.shared_material import need, shared_path

ZONE = ZoneInfo("America/New_York")


def _rows(*kinds: str) -> list[tuple[str, dict[str, Any]]]:
    """Recorded payloads of some kinds, with the name of their file."""
    index = shared_path("corpus", "INDEX.jsonl")
    if not index.exists():
        return []
    rows = [json.loads(line) for line in index.read_text("utf-8").splitlines()]
    return [(row["file"], row) for row in rows if row["vendor"] == "clickup" and row["kind"] in kinds]


def _payload(name: str) -> Any:
    return json.loads(need(shared_path("corpus", *name.split("/"))).read_text("utf-8"))


def _cases(*kinds: str) -> Any:
    found = _rows(*kinds)
    return pytest.mark.parametrize("row", [pytest.param(row, id=name) for name, row in found] or [None])


def _loaded(row: dict[str, Any] | None) -> Any:
    if row is None:
        need(shared_path("corpus", "INDEX.jsonl"))
        pytest.fail("the corpus has no such payloads")
    return _payload(row["file"])


def _reading() -> TaskReading:
    return TaskReading(level="space", zone=ZONE, rule=SprintRule(), types={"0": "Task"})


@_cases("task", "task_created", "task_updated", "tasks")
def test_tasks(row):
    payload = _loaded(row)
    documents = payload.get("tasks", [payload])
    for document in documents:
        found = to_task(document, _reading())
        assert found.id == document["id"]
        assert found.title == document["name"]
        assert found.status in set(TaskStatus)
        assert found.status_name == document["status"]["status"]
        assert found.project_id == str(document["space"]["id"])
        assert found.created_at is not None
        assert found.author_id == str(document["creator"]["id"])
        assert found.assignee_ids == [str(one["id"]) for one in document["assignees"]]
        assert found.raw_data == document
        set_fields = [
            one for one in document.get("custom_fields", ()) if one.get("value") not in (None, "", [])
        ]
        assert len(found.custom_fields) == len(set_fields)


@_cases("space", "space_created", "space_updated", "spaces")
def test_spaces(row):
    payload = _loaded(row)
    for document in payload.get("spaces", [payload]):
        found = to_project(document, "space", ZONE)
        assert (found.id, found.name) == (str(document["id"]), document["name"])
        assert found.is_public is (not document["private"])
        body = from_space({"name": "n"}, document)
        assert body["features"] == document["features"]
        if document.get("statuses"):
            assert {one.status for one in merged_statuses([document["statuses"]], {})} <= set(TaskStatus)


@_cases(
    "list", "list_created", "list_updated", "lists", "lists_folderless", "folder", "folders", "folder_created"
)
def test_lists_and_folders(row):
    payload = _loaded(row)
    kind = next((one for one in ("lists", "folders") if one in payload), None)
    for document in payload[kind] if kind else [payload]:
        level = "list" if "folder" in document else "folder"
        found = to_project(document, level, ZONE)
        assert (found.id, found.name) == (str(document["id"]), document["name"])
        assert found.is_archived is bool(document.get("archived"))


@_cases("custom_fields")
def test_custom_fields(row):
    for document in _loaded(row)["fields"]:
        found = to_field(document)
        assert (found.id, found.name) == (document["id"], document["name"])
        assert found.type


@_cases("teams", "members", "user")
def test_people(row):
    payload = _loaded(row)
    if "user" in payload:
        assert zone_of(payload["user"])
        people = [payload["user"]]
    elif "teams" in payload:
        people = [one["user"] for team in payload["teams"] for one in team["members"]]
    else:
        people = payload["members"]
    assert people
    for document in people:
        found = to_user(document)
        assert found.id == str(document["id"])
        assert found.name


@_cases("error_400", "error_401", "error_403", "error_404", "error_429")
def test_errors(row):
    payload = _loaded(row)
    status = int(row["kind"].removeprefix("error_"))
    where = Where("clickup", "", "GET", "/api/v2/x")
    headers = {"content-type": "application/json"}
    answer = Answer(status, headers, json.dumps(payload).encode(), where=where, max_depth=20, hint="")
    found = parse_fault(answer)
    assert found is not None
    assert found.message == payload["err"]
    assert found.code == payload["ECODE"]
    assert found.kind is None or issubclass(found.kind, PMError)
