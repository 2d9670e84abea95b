"""Statuses are reached by walking transitions."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from pm_providers import PMTask, ValidationError
from pm_providers.model import PMStatus
from pm_providers.providers.jira.provider import JiraProvider
from pm_providers.providers.jira.workflow import ANYWHERE, Workflow, edges_of, next_guess
from tests.providers.jira.site import Scripted, Site, answer, config, scripted

TODO = PMStatus("1", "To Do", "todo")
DOING = PMStatus("2", "In Progress", "in_progress")
REVIEW = PMStatus("3", "In Review", "in_progress")
HELD = PMStatus("4", "On Hold", "blocked")
DONE = PMStatus("5", "Done", "completed", is_closed=True)
REJECTED = PMStatus("6", "Rejected", "cancelled", is_closed=True)


# what is known


def test_the_shortest_known_way_is_taken() -> None:
    found = Workflow()
    found.learn("1", ["2", "6"])
    found.learn("2", ["3", "1"])
    found.learn("3", ["5", "2"])
    assert found.path("1", ["5"]) == ["1", "2", "3", "5"]
    assert found.path("1", ["5", "3"]) == ["1", "2", "3"]
    assert found.path("5", ["1"]) == []
    found.add(ANYWHERE, "1")
    assert found.path("5", ["1"]) == ["5", "1"]


def test_of_ways_of_one_length_that_through_open_statuses_is_taken() -> None:
    found = Workflow()
    found.learn("1", ["6", "2"])
    found.learn("6", ["3"])
    found.learn("2", ["3"])
    assert found.path("1", ["3"], closed=["6"]) == ["1", "2", "3"]


def test_a_cycle_ends() -> None:
    found = Workflow({"1": {"2", "1"}, "2": {"1"}})
    assert found.path("1", ["9"]) == []


def test_workflows_as_administrators_are_told_them() -> None:
    told = {
        "transitions": [
            {"name": "Create", "type": "INITIAL", "links": [], "toStatusReference": "a"},
            {
                "name": "Start",
                "type": "DIRECTED",
                "links": [{"fromStatusReference": "a"}, {"fromStatusReference": "c"}],
                "toStatusReference": "b",
            },
            {"name": "Stop", "type": "GLOBAL", "links": [], "toStatusReference": "c"},
            {"name": "Loop", "type": "DIRECTED", "links": [], "toStatusReference": None},
        ]
    }
    statuses = [{"id": one, "statusReference": name} for name, one in (("a", "1"), ("b", "2"), ("c", "4"))]
    assert edges_of(told, statuses) == [("1", "2"), ("4", "2"), (ANYWHERE, "4")]


@pytest.mark.parametrize(
    ("here", "target", "offered", "visited", "expected"),
    [
        (TODO, DONE, [DOING, REJECTED, HELD], [], DOING),
        (DOING, DONE, [TODO, REVIEW], ["1"], REVIEW),
        (TODO, DONE, [REJECTED, HELD], [], None),
        (DOING, DONE, [REVIEW], ["3"], None),
        (DONE, TODO, [DOING, REJECTED], [], DOING),
    ],
)
def test_without_a_known_way_it_goes_on_in_the_direction(
    here: PMStatus, target: PMStatus, offered: list[PMStatus], visited: list[str], expected: PMStatus | None
) -> None:
    assert next_guess(here, target, offered, visited) == expected


# against the sandbox


async def _made(provider: JiraProvider, project: str = "ED", **fields: object) -> PMTask:
    return await provider.create_task(PMTask(title="x", project_id=project, **fields))  # type: ignore[arg-type]


async def _history(provider: JiraProvider, task: PMTask) -> list[str]:
    found = (await provider.request("GET", f"issue/{task.id}/changelog")).data["values"]
    items = [item for one in found for item in one["items"]]
    return [item["toString"] for item in items if item["field"] == "status"]


async def test_a_status_several_steps_away_is_reached_by_the_shortest_way(
    site: Site, provider: JiraProvider
) -> None:
    made = await _made(provider)
    done = await provider.update_task(made.id, {"status": "Done", "title": "y"})
    assert (done.status, done.title, done.warnings) == ("completed", "y", ())
    assert done.completed_at is not None
    assert await _history(provider, made) == ["In Progress", "In Review", "Done"]


async def test_somebody_who_is_no_administrator_reaches_it_too(site: Site) -> None:
    async with site.mias() as provider:
        made = await _made(provider)
        done = await provider.update_task(made.id, {"status": "completed"})
        assert done.status_name == "Done"
        assert await _history(provider, made) == ["In Progress", "In Review", "Done"]


async def test_a_new_task_is_walked_to_its_status(provider: JiraProvider) -> None:
    made = await _made(provider, status="In Review")
    assert (made.status_name, made.warnings) == ("In Review", ())


async def test_statuses_of_one_meaning_are_all_good(provider: JiraProvider) -> None:
    made = await _made(provider, status="In Review")
    again = await provider.update_task(made.id, {"status": "in_progress"})
    assert again.status_name == "In Review"


async def test_required_fields_of_a_transition_are_told_with_their_values_before_anything_is_written(
    provider: JiraProvider,
) -> None:
    made = await _made(provider)
    with pytest.raises(ValidationError) as error:
        await provider.update_task(made.id, {"status": "Rejected", "title": "not yet"})
    assert set(error.value.fields) == {"custom_fields.Resolution"}
    assert "Won't Do" in error.value.fields["custom_fields.Resolution"]
    assert error.value.maybe_applied is False
    same = await provider.get_task(made.id)
    assert same is not None
    assert (same.title, same.status) == ("x", "todo")


async def test_required_fields_are_sent_along(provider: JiraProvider) -> None:
    made = await _made(provider)
    patch = {"status": "Rejected", "custom_fields": {"Resolution": "duplicate"}}
    done = await provider.update_task(made.id, patch)
    assert (done.status, done.custom_fields["Resolution"], done.warnings) == ("cancelled", "Duplicate", ())


async def test_a_comment_goes_with_the_transition_that_takes_one_and_is_never_lost_silently(
    provider: JiraProvider,
) -> None:
    made = await _made(provider)
    fields = {"Resolution": "duplicate", "Comment": "See **DUP-1**"}
    done = await provider.update_task(made.id, {"status": "Rejected", "custom_fields": fields})
    said = [one.body for one in await provider.list_comments(made.id)]
    assert (said, done.warnings) == (["See **DUP-1**"], ())


async def test_a_comment_that_no_transition_takes_is_warned_about(provider: JiraProvider) -> None:
    patch = {"status": "In Progress", "custom_fields": {"Comment": "hello"}}
    done = await provider.update_task((await _made(provider)).id, patch)
    assert done.status_name == "In Progress"
    assert [(one.field, one.asked) for one in done.warnings] == [("custom_fields", {"Comment": "hello"})]


async def test_unknown_options_of_a_transition_are_refused(provider: JiraProvider) -> None:
    made = await _made(provider)
    with pytest.raises(ValidationError, match="Won't Do"):
        await provider.update_task(made.id, {"status": "Rejected", "custom_fields": {"Resolution": "Nope"}})


async def test_the_way_is_learned_once(site: Site, provider: JiraProvider) -> None:
    for _ in range(2):
        made = await _made(provider)
        await provider.update_task(made.id, {"status": "Done"})
    assert site.count("GET", "workflowscheme") == 1


async def test_administrators_are_told_the_workflow() -> None:
    status = {"id": "1", "name": "To Do", "statusCategory": {"key": "new"}}
    doing = {"id": "2", "name": "Doing", "statusCategory": {"key": "indeterminate"}}
    done = {"id": "3", "name": "Done", "statusCategory": {"key": "done"}}
    here = [status]
    issue: dict[str, Any] = {
        "id": "10",
        "key": "A-1",
        "fields": {"summary": "x", "project": {"id": "5"}, "issuetype": {"id": "7"}},
    }

    def transitions(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            here[0] = {"11": doing, "12": done}[json.loads(request.content)["transition"]["id"]]
            return answer(None, 204)
        offered = {"1": ("11", doing), "2": ("12", done)}.get(here[0]["id"])
        found = [] if offered is None else [{"id": offered[0], "name": "go", "to": offered[1], "fields": {}}]
        return answer({"transitions": found})

    def led(source: str | None, target: str, kind: str) -> dict[str, Any]:
        links = [{"fromStatusReference": source, "fromPort": 0, "toPort": 1}] if source else []
        return {"type": kind, "links": links, "toStatusReference": target}

    flow = [
        led(None, "ref-1", "INITIAL"),
        led("ref-1", "ref-2", "DIRECTED"),
        led("ref-2", "ref-3", "DIRECTED"),
    ]
    statuses = [{"id": one, "statusReference": f"ref-{one}"} for one in ("1", "2", "3")]
    other = {"name": "special two", "transitions": [led(None, "ref-3", "GLOBAL")]}
    workflow = {"name": "special", "transitions": flow}
    told = {"values": [other, workflow], "statuses": statuses, "isLast": True}
    scheme = {"workflowScheme": {"defaultWorkflow": "flow", "issueTypeMappings": {"7": "special"}}}
    api = "/rest/api/3"
    server = Scripted(
        {
            f"GET {api}/issue/10": lambda _: answer(
                {**issue, "fields": {**issue["fields"], "status": here[0]}}
            ),
            f"GET {api}/issue/10/transitions": transitions,
            f"POST {api}/issue/10/transitions": transitions,
            f"GET {api}/project/5/statuses": [{"id": "7", "statuses": [status, doing, done]}],
            f"GET {api}/workflowscheme/project": {"values": [scheme]},
            f"GET {api}/workflows/search": told,
        }
    )
    async with scripted(server) as provider:
        assert (await provider.update_task("10", {"status": "completed"})).status_name == "Done"
    asked = next(one for one in server.requests if one.url.path.endswith("/workflows/search"))
    assert asked.url.params["queryString"] == "special"
    sent = [one["transition"]["id"] for one in server.bodies(f"{api}/issue/10/transitions")]
    assert sent == ["11", "12"]


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_a_workflow_that_is_not_told_is_found_out_from_issues(site: Site, status: int) -> None:
    box = site.box.transport()

    async def serve(request: httpx2.Request) -> httpx2.Response:
        if "/workflow" in request.url.path:
            return answer({"errorMessages": ["no"]}, status)
        return await box.handle_async_request(request)

    async with JiraProvider(config(site.box.base_url), transport=httpx2.MockTransport(serve)) as provider:
        made = await _made(provider)
        await provider.update_task((await _made(provider)).id, {"status": "In Progress"})
        assert (await provider.update_task(made.id, {"status": "Done"})).status_name == "Done"


async def test_what_a_write_sets_is_not_missing_in_its_transition() -> None:
    todo = {"id": "1", "name": "To Do", "statusCategory": {"key": "new"}}
    done = {"id": "3", "name": "Done", "statusCategory": {"key": "done"}}
    values: dict[str, Any] = {
        "summary": "x",
        "project": {"id": "5"},
        "issuetype": {"id": "7"},
        "status": todo,
    }
    required = {"assignee": {"required": True, "name": "Assignee", "schema": {"type": "user"}}}

    def put(request: httpx2.Request) -> httpx2.Response:
        values.update(json.loads(request.content)["fields"])
        return answer(None, 204)

    def transitions(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return answer({"transitions": [{"id": "11", "name": "go", "to": done, "fields": required}]})
        values["status"] = done
        return answer(None, 204)

    api = "/rest/api/3"
    server = Scripted(
        {
            f"GET {api}/issue/10": lambda _: answer({"id": "10", "key": "A-1", "fields": values}),
            f"PUT {api}/issue/10": put,
            f"GET {api}/issue/10/transitions": transitions,
            f"POST {api}/issue/10/transitions": transitions,
            f"GET {api}/project/5/statuses": [{"id": "7", "statuses": [todo, done]}],
        }
    )
    async with scripted(server) as provider:
        with pytest.raises(ValidationError) as failed:
            await provider.update_task("10", {"status": "Done"})
        assert set(failed.value.fields) == {"assignee_id"}
        changed = await provider.update_task("10", {"status": "Done", "assignee_id": "abc"})
    assert (changed.status_name, changed.assignee_id) == ("Done", "abc")
