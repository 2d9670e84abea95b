"""Many tasks at once: cost, order, and partial failures."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from pm_providers import NotFoundError, PMTask, ProviderError, ValidationError
from pm_providers.providers.jira.provider import JiraProvider
from tests.providers.jira.site import MIA, FakeTime, Scripted, Site, answer, scripted

API = "/rest/api/3"


def _tasks(count: int, **fields: Any) -> list[PMTask]:
    return [PMTask(title=f"Task {number}", project_id="ED", **fields) for number in range(count)]


async def test_creating_costs_one_call_for_fifty_and_one_for_reading_a_hundred(
    site: Site, provider: JiraProvider
) -> None:
    await provider.create_task(_tasks(1)[0])  # what there is to choose from is known from now on
    site.box.log.clear()
    made = await provider.create_tasks(_tasks(230, priority="high", label_ids=["a"]))
    assert made.ok
    assert [one.title for one in made.items] == [f"Task {number}" for number in range(230)]
    assert site.count("POST", "issue/bulk$") == 5
    assert site.count("POST", "issue/bulkfetch$") == 3
    assert site.count() == 8


async def test_bad_items_fail_alone_and_outcomes_keep_their_places(provider: JiraProvider) -> None:
    drafts = _tasks(60)
    drafts[3].priority = "gigantic"
    drafts[10].project_id = "NOWHERE"
    drafts[20].assignee_id = "5b10ffffffffffffffffffff"  # only the server finds out
    seen: list[tuple[int, int]] = []
    made = await provider.create_tasks(drafts, on_progress=lambda done, total: seen.append((done, total)))
    assert [one.index for one in made.errors] == [3, 10, 20]
    assert [set(one.error.fields) for one in made.errors if isinstance(one.error, ValidationError)] == [
        {"priority"},
        {"project_id"},
        {"assignee_id"},
    ]
    assert [one.item.title for one in made if one.item] == [
        f"Task {number}" for number in range(60) if number not in {3, 10, 20}
    ]
    assert seen[-1] == (60, 60)


async def test_a_call_in_which_all_fail_tells_why_of_each(provider: JiraProvider) -> None:
    made = await provider.create_tasks(_tasks(3, assignee_id="5b10ffffffffffffffffffff"))
    assert [one.index for one in made.errors] == [0, 1, 2]
    assert all(isinstance(one.error, ValidationError) and one.error.fields for one in made.errors)


async def test_statuses_and_sprints_follow(site: Site, provider: JiraProvider) -> None:
    few = await provider.create_tasks(_tasks(3, status="In Review"))
    assert [one.status_name for one in few.items] == ["In Review"] * 3
    many = await provider.create_tasks([PMTask(title="x", project_id="SC", status="completed")] * 25)
    assert {one.status for one in many.items} == {"completed"}
    assert many.ok


async def test_a_created_task_that_cannot_reach_its_status_says_that_it_is_there(
    provider: JiraProvider,
) -> None:
    made = await provider.create_tasks(_tasks(1, status="Rejected"))
    (failed,) = made.errors
    assert failed.error is not None
    assert failed.error.maybe_applied
    assert len(await provider.list_tasks("ED")) == 1


async def test_equal_changes_of_many_are_one_operation(site: Site, provider: JiraProvider) -> None:
    made = await provider.create_tasks(_tasks(30))
    patch = {"priority": "low", "label_ids": ["x"], "assignee_id": MIA, "description": "new"}
    site.box.log.clear()
    changed = await provider.update_tasks([(one.id, patch) for one in made.items])
    assert changed.ok
    assert site.count("PUT") == 0
    assert site.count("POST", "bulk/issues/fields") == 1
    for one in changed.items:
        assert {name: getattr(one, name) for name in patch} == patch
    assert [one.id for one in changed.items] == [one.id for one in made.items]


async def test_an_id_that_is_gone_fails_alone_in_an_operation(provider: JiraProvider) -> None:
    made = await provider.create_tasks(_tasks(25))
    ids = [one.id for one in made.items]
    changed = await provider.update_tasks([(one, {"title": "new"}) for one in [*ids, "99999999"]])
    assert [one.index for one in changed.errors] == [25]
    assert isinstance(changed.errors[0].error, NotFoundError)
    assert {one.title for one in changed.items} == {"new"}


async def test_different_changes_go_one_by_one(site: Site, provider: JiraProvider) -> None:
    made = await provider.create_tasks(_tasks(3))
    changed = await provider.update_tasks({one.id: {"title": f"{one.title}!"} for one in made.items})
    assert [one.title for one in changed.items] == ["Task 0!", "Task 1!", "Task 2!"]
    assert site.count("PUT", "issue/") == 3


async def test_many_are_deleted_in_one_operation(site: Site, provider: JiraProvider) -> None:
    made = await provider.create_tasks(_tasks(25))
    site.box.log.clear()
    gone = await provider.delete_tasks([*(one.id for one in made.items), "99999999"])
    assert [one.item for one in gone] == [True] * 25 + [False]
    assert site.count("DELETE") == 0
    assert site.count("POST", "bulk/issues/delete") == 1
    assert await provider.list_tasks("ED") == []


async def test_without_the_right_to_operate_in_bulk_single_calls_do(site: Site) -> None:
    state = site.box.state
    async with site.provider() as admin:
        made = await admin.create_tasks(_tasks(22))
    site.box.faults.add("403;match=bulk/issues/delete")
    async with site.provider() as provider:
        gone = await provider.delete_tasks([one.id for one in made.items])
    assert gone.ok
    assert site.count("DELETE", "issue/") == 22
    assert not state.issues.where("project_id", int(site.ed))


# what the vendor may answer


def _bulk(progress: list[dict[str, Any]]) -> Scripted:
    ids = [str(number) for number in range(1, 26)]
    issues = [{"id": one, "key": f"A-{one}", "fields": {"summary": "new"}} for one in ids]
    return Scripted(
        {
            f"POST {API}/issue/bulkfetch": {"issues": issues},
            f"POST {API}/bulk/issues/fields": answer({"taskId": "77"}, 201),
            f"GET {API}/bulk/queue/77": lambda _: answer(progress.pop(0)),
        }
    )


async def test_an_operation_is_asked_after_with_growing_waits_and_failures_are_kept_apart() -> None:
    time = FakeTime()
    running = {"status": "RUNNING", "progressPercent": 10}
    done = {
        "status": "COMPLETE",
        "processedAccessibleIssues": list(range(1, 25)),
        "failedAccessibleIssues": {"25": ["Summary is locked.", "Ask Ada."]},
    }
    server = _bulk([running, running, running, done])
    async with scripted(server, timing=time.timing()) as provider:
        changed = await provider.update_tasks([(str(one), {"title": "new"}) for one in range(1, 26)])
    assert time.slept == [0.25, 0.5, 1.0]
    assert [one.index for one in changed.errors] == [24]
    assert changed.errors[0].error is not None
    assert changed.errors[0].error.message == "Summary is locked.; Ask Ada."


@pytest.mark.parametrize("status", ["FAILED", "DEAD", "CANCELLED"])
async def test_an_operation_that_fails_as_a_whole_may_be_done_in_part(status: str) -> None:
    async with scripted(_bulk([{"status": status}])) as provider:
        changed = await provider.update_tasks([(str(one), {"title": "new"}) for one in range(1, 26)])
    assert len(changed.errors) == 25
    error = changed.errors[0].error
    assert isinstance(error, ProviderError)
    assert error.maybe_applied


async def test_an_operation_without_end_is_given_up_in_time() -> None:
    time = FakeTime()
    async with scripted(_bulk([{"status": "RUNNING"}] * 500), timing=time.timing()) as provider:
        changed = await provider.update_tasks([(str(one), {"title": "new"}) for one in range(1, 26)])
    assert "still under way" in str(changed.errors[0].error)
    assert sum(time.slept) < 200


async def test_created_issues_are_realigned_by_the_numbers_of_those_that_failed() -> None:
    def create(request: httpx2.Request) -> httpx2.Response:
        count = len(json.loads(request.content)["issueUpdates"])
        refused = {"errorMessages": [], "errors": {"customfield_9": "is odd", "summary": "is bad"}}
        errors = [
            {"status": 400, "elementErrors": refused, "failedElementNumber": place}
            for place in range(0, count, 2)
        ]
        issues = [{"id": str(100 + place), "key": f"A-{place}"} for place in range(1, count, 2)]
        return answer({"issues": issues, "errors": errors}, 201)

    def fetch(request: httpx2.Request) -> httpx2.Response:
        ids = json.loads(request.content)["issueIdsOrKeys"]
        issues = [{"id": one, "key": f"A-{one}", "fields": {"summary": f"t{int(one) - 100}"}} for one in ids]
        return answer({"issues": issues[::-1]})

    server = Scripted(
        {
            f"GET {API}/issuetype/project": [{"id": "7", "name": "Task", "hierarchyLevel": 0}],
            f"GET {API}/issue/createmeta/5/issuetypes/7": {"fields": [], "total": 0},
            f"POST {API}/issue/bulk": create,
            f"POST {API}/issue/bulkfetch": fetch,
        }
    )
    async with scripted(server) as provider:
        made = await provider.create_tasks([PMTask(title=f"t{one}", project_id="5") for one in range(5)])
    assert [one.item.title if one.item else None for one in made] == [None, "t1", None, "t3", None]
    error = made.errors[0].error
    assert isinstance(error, ValidationError)
    assert error.fields == {"customfield_9": "is odd", "title": "is bad"}


# what goes wrong half way


async def test_a_status_that_does_not_exist_is_refused_before_anything_is_made(
    site: Site, provider: JiraProvider
) -> None:
    made = await provider.create_tasks(_tasks(25, status="Nonsense"))
    assert [one.index for one in made.errors] == list(range(25))
    assert not any(one.error.maybe_applied for one in made.errors if one.error)
    with pytest.raises(ValidationError, match="Nonsense"):
        await provider.create_task(_tasks(1, status="Nonsense")[0])
    assert await provider.list_tasks("ED") == []


@pytest.mark.parametrize("fault", ["issue/bulkfetch", "bulk/issues/transition", "bulk/queue"])
async def test_items_that_were_made_say_so_when_what_follows_fails(site: Site, fault: str) -> None:
    async with site.provider(max_attempts=1) as provider:
        await provider.create_task(PMTask(title="y", project_id="SC", status="completed"))
        site.box.faults.add(f"500;match={fault};times=100")
        made = await provider.create_tasks([PMTask(title="x", project_id="SC", status="completed")] * 25)
    assert len(made.errors) == 25
    assert all(one.error and one.error.maybe_applied for one in made.errors)


async def test_what_a_description_holds_besides_survives_an_equal_change_of_many(
    site: Site, provider: JiraProvider
) -> None:
    made = await provider.create_tasks(_tasks(25))
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": "Old"}]}
    panel = {"type": "panel", "attrs": {"panelType": "custom", "panelColor": "#eee"}, "content": [paragraph]}
    first = made.items[0].id
    body = {"fields": {"description": {"type": "doc", "version": 1, "content": [panel]}}}
    await provider._api.put(f"issue/{first}", body)
    before = await provider.get_task(first)
    assert before is not None
    text = f"{before.description}\n\nNew"
    changed = await provider.update_tasks([(one.id, {"description": text}) for one in made.items])
    assert {one.description for one in changed.items} == {text}
    raw = changed.items[0].raw_data
    assert raw is not None
    assert raw["fields"]["description"]["content"][0] == panel
    assert site.count("PUT", "issue/") == 2


async def test_labels_with_blanks_are_refused_in_bulk_too(site: Site, provider: JiraProvider) -> None:
    made = await provider.create_tasks(_tasks(25))
    changed = await provider.update_tasks([(one.id, {"label_ids": ["a b"]}) for one in made.items])
    assert len(changed.errors) == 25
    assert site.count("POST", "bulk/issues/fields") == 0


async def test_a_bulk_delete_that_leaves_an_issue_is_no_success() -> None:
    ids = [str(number) for number in range(1, 26)]
    there = {"issues": [{"id": one, "key": f"A-{one}", "fields": {"subtasks": []}} for one in ids]}
    still = {"issues": [there["issues"][24]]}
    fetched = [there, still]
    progress = {"status": "COMPLETE", "processedAccessibleIssues": list(range(1, 24))}
    server = Scripted(
        {
            f"POST {API}/issue/bulkfetch": lambda _: answer(fetched.pop(0)),
            f"POST {API}/bulk/issues/delete": answer({"taskId": "77"}, 201),
            f"GET {API}/bulk/queue/77": progress,
        }
    )
    async with scripted(server) as provider:
        gone = await provider.delete_tasks(ids)
    assert [one.item for one in gone] == [True] * 24 + [None]
    assert gone.errors[0].error is not None
    assert gone.errors[0].error.maybe_applied


async def test_a_bulk_delete_without_end_tells_so_of_each() -> None:
    time = FakeTime()
    ids = [str(number) for number in range(1, 26)]
    issues = [{"id": one, "key": f"A-{one}", "fields": {}} for one in ids]
    server = Scripted(
        {
            f"POST {API}/issue/bulkfetch": {"issues": issues},
            f"POST {API}/bulk/issues/delete": answer({"taskId": "77"}, 201),
            f"GET {API}/bulk/queue/77": {"status": "RUNNING"},
        }
    )
    async with scripted(server, timing=time.timing()) as provider:
        gone = await provider.delete_tasks(ids)
    assert len(gone.errors) == 25
    assert all(one.error and one.error.maybe_applied for one in gone.errors)


@pytest.mark.parametrize("status", [403, 404, 500])
@pytest.mark.parametrize("kind", ["fields", "delete"])
async def test_an_operation_that_may_not_be_asked_after_may_be_done(kind: str, status: int) -> None:
    """It was handed in: single calls would do it a second time, and know nothing of the first."""
    ids = [str(number) for number in range(1, 26)]
    issues = [{"id": one, "key": f"A-{one}", "fields": {}} for one in ids]
    server = Scripted(
        {
            f"POST {API}/issue/bulkfetch": {"issues": issues},
            f"POST {API}/bulk/issues/{kind}": answer({"taskId": "77"}, 201),
            f"GET {API}/bulk/queue/77": answer({"errorMessages": ["no"]}, status),
        }
    )
    async with scripted(server) as provider:
        if kind == "delete":
            failed = (await provider.delete_tasks(ids)).errors
        else:
            failed = (await provider.update_tasks([(one, {"title": "new"}) for one in ids])).errors
    assert len(failed) == 25
    assert all(one.error and one.error.maybe_applied for one in failed)
    assert {one.method for one in server.requests} == {"GET", "POST"}


async def test_a_second_operation_that_fails_leaves_the_first_one_done() -> None:
    ids = [str(number) for number in range(1, 1003)]
    issues = [{"id": one, "key": f"A-{one}", "fields": {"summary": "new"}} for one in ids]
    answers = [answer({"taskId": "77"}, 201), answer({"errorMessages": ["who?"]}, 401)]
    server = Scripted(
        {
            f"POST {API}/issue/bulkfetch": {"issues": issues},
            f"POST {API}/bulk/issues/fields": lambda _: answers.pop(0),
            f"GET {API}/bulk/queue/77": {"status": "COMPLETE", "processedAccessibleIssues": ids[:1000]},
        }
    )
    async with scripted(server) as provider:
        changed = await provider.update_tasks([(one, {"title": "new"}) for one in ids])
    assert [one.error.maybe_applied for one in changed.errors if one.error] == [True] * 1002
