"""Real payloads of the vendor, read by the mapping and the client."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.providers.asana.actions import Action, read_outcomes
from pm_providers.providers.asana.errors import fault_of
from pm_providers.providers.asana.mapping.people import to_user
from pm_providers.providers.asana.mapping.projects import sprint_place, to_project
from pm_providers.providers.asana.mapping.tasks import TaskReading, is_task, to_task
from pm_providers.providers.asana.mapping.texts import read_text
from tests.providers.asana.site import Scripted, answer, scripted
from tests.shared_material import shared_path

FOLDER = shared_path("corpus", "asana")
FILES = sorted(one.name for one in FOLDER.glob("*.json")) if FOLDER.exists() else []
if not FILES:
    pytest.skip("recorded payloads of Asana are not here (PM_SHARED_DIR)", allow_module_level=True)


def _load(name: str) -> Any:
    return json.loads((FOLDER / name).read_text("utf-8"))


def _objects(name: str) -> list[dict[str, Any]]:
    """Objects in a payload, with and without the envelope."""
    found = _load(name)
    data = found.get("data", found) if isinstance(found, dict) else found
    return data if isinstance(data, list) else [data]


def _named(*kinds: str) -> list[str]:
    return [one for one in FILES if one.split("__")[0] in kinds]


@pytest.mark.parametrize(
    "name",
    _named(
        "task",
        "tasks",
        "task_created",
        "task_updated",
        "subtasks",
        "subtask_created",
    ),
)
def test_tasks(name: str) -> None:
    for one in _objects(name):
        task = to_task(one, TaskReading())
        assert task.id == one["gid"]
        assert task.title == one["name"]
        assert is_task(one)
        assert task.raw_data == one
        if one.get("completed") is not None:
            assert (task.status == "completed") is one["completed"]
        if one.get("due_on"):
            assert task.due_date == date.fromisoformat(one["due_on"])
        if one.get("modified_at"):
            assert task.updated_at is not None
        assert len(task.label_ids) == len(one.get("tags") or [])


@pytest.mark.parametrize("name", _named("project", "projects", "project_created", "project_updated"))
def test_projects(name: str) -> None:
    for one in _objects(name):
        project = to_project(one)
        assert (project.id, project.name) == (one["gid"], one.get("name") or "")
        assert project.is_archived is (one.get("archived") is True)
        if one.get("due_on"):
            assert project.end_date == date.fromisoformat(one["due_on"])
        assert sprint_place(one, {}) is None


@pytest.mark.parametrize("name", _named("user_me", "users"))
def test_users(name: str) -> None:
    for one in _objects(name):
        user = to_user(one)
        assert (user.id, user.name, user.email) == (one["gid"], one["name"], one.get("email"))


def test_rich_texts() -> None:
    texts = [
        one["html_notes"]
        for name in FILES
        for one in _objects(name)
        if isinstance(one, dict) and one.get("html_notes")
    ]
    assert texts
    for text in texts:
        read = read_text(text)
        assert (read is None) is (text == "<body></body>")
        assert "<body>" not in (read or "")


@pytest.mark.parametrize("name", [one for one in FILES if one.startswith("error_")])
def test_errors_have_a_message(name: str) -> None:
    status = int(name.removeprefix("error_")[:3])
    fault = fault_of(status, _load(name), "/api/1.0/tasks/1")
    assert fault is not None
    assert fault.message


async def test_an_id_of_another_form() -> None:
    (name,) = [one for one in FILES if "error_400" in one and "Not a recognized ID" in json.dumps(_load(one))]
    server = Scripted({"GET /tasks/5": lambda _p, _b: answer(_load(name), 400)})
    with pytest.raises(NotFoundError):
        await scripted(server)._api.get("tasks/5")
    server = Scripted({"PUT /tasks/5": lambda _p, _b: answer(_load(name), 400)})
    with pytest.raises(ValidationError):
        await scripted(server)._api.put("tasks/5", {"parent": "x"})


async def test_the_feed_begins_with_412() -> None:
    (name,) = _named("error_412")
    server = Scripted({"GET /events": lambda _p, _b: answer(_load(name), 412)})
    found = await scripted(server)._api.events("5", None)
    assert (found.was_lost, found.sync) == (True, _load(name)["sync"])


def test_a_failed_action_of_a_batch() -> None:
    (name,) = _named("batch_error_404")
    body = _load(name)
    actions = [Action("GET", "tasks/9999999999999999")]
    (found,) = read_outcomes({"data": body if isinstance(body, list) else [body]}, actions)
    assert isinstance(found.error, NotFoundError)
    assert found.is_missing


async def test_a_page_that_names_the_next_one() -> None:
    (name,) = _named("tasks_page_with_next")
    first = _load(name)
    token = first["next_page"]["offset"]

    def page(params: dict[str, str], _body: Any) -> Any:
        return first if "offset" not in params else {"data": [{"gid": "1"}], "next_page": None}

    server = Scripted({"GET /tasks": page})
    found = await scripted(server)._api.all("tasks")
    assert len(found) == len(first["data"]) + 1
    assert server.requests[1].url.params["offset"] == token
