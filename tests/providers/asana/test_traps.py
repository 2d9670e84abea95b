"""The vendor's traps, each by its name."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx2
import pytest

from pm_providers import PMProject, PMTask
from pm_providers.errors import NotFoundError, RateLimitedError, TransportError, ValidationError
from pm_providers.providers.asana.mapping.tasks import TASK_FIELDS
from pm_providers.providers.asana.provider import AsanaProvider
from tests.providers.asana.site import FakeTime, Scripted, Site, answer, scripted

DAY, LATER = date(2026, 3, 5), date(2026, 3, 9)


async def test_compact_records_are_never_taken_for_whole_ones(site: Site, provider: AsanaProvider) -> None:
    """What is not asked for is absent, so that every read of a task names its fields."""
    made = await provider.create_task(PMTask(title="x", project_id=site.project, description="d"))
    site.box.log.clear()
    await provider.get_task(made.id)
    await provider.update_task(made.id, {"title": "y"})
    await provider.list_tasks(site.project, limit=1)
    asked = site.box.log.select("GET", "/tasks") + site.box.log.select("PUT", "/tasks")
    assert len(asked) == 3
    for one in asked:
        assert "html_notes" in one.query
        assert "num_subtasks" in one.query


def test_opt_in_fields_are_asked_for() -> None:
    assert {"html_notes", "created_by", "num_subtasks", "is_rendered_as_separator"} <= set(TASK_FIELDS)
    assert "custom_fields" not in TASK_FIELDS  # it would bring all options of all fields along


async def test_every_list_has_a_limit(site: Site, provider: AsanaProvider) -> None:
    """Lists without one are refused when they are large."""
    await provider.list_tasks(site.project)
    await provider.list_projects()
    await provider.list_users()
    lists = [
        one
        for one in site.box.log.select("GET")
        if one.path.rsplit("/", 1)[-1].isalpha() and "me" not in one.path
    ]
    assert lists
    assert all("limit=" in one.query for one in lists)


async def test_start_on_goes_with_due_on_in_the_same_request(site: Site, provider: AsanaProvider) -> None:
    made = await provider.create_task(PMTask(title="x", project_id=site.project, due_date=LATER))
    site.box.log.clear()
    changed = await provider.update_task(made.id, {"start_date": DAY})
    (sent,) = site.box.log.select("PUT")
    assert b'"start_on":"2026-03-05"' in sent.request_body
    assert b'"due_on":"2026-03-09"' in sent.request_body
    assert (changed.start_date, changed.due_date) == (DAY, LATER)
    with pytest.raises(ValidationError) as failed:
        await provider.update_task(made.id, {"due_date": None})
    assert set(failed.value.fields) == {"due_date"}


async def test_a_time_of_day_is_not_lost_by_writing_something_else(
    site: Site, provider: AsanaProvider
) -> None:
    made = await provider.create_task(PMTask(title="x", project_id=site.project))
    at = {"data": {"due_at": "2026-03-09T12:30:00.000Z"}}
    await provider.request("PUT", f"tasks/{made.id}", json=at)
    changed = await provider.update_task(made.id, {"start_date": DAY, "description": "d"})
    assert (changed.start_date, changed.due_date) == (DAY, LATER)
    assert changed.raw_data is not None
    assert changed.raw_data["due_at"] == "2026-03-09T12:30:00.000Z"


async def test_create_only_keys_are_not_sent_by_changes(site: Site, provider: AsanaProvider) -> None:
    """Tags, projects, followers and memberships in a PUT are an error."""
    made = await provider.create_task(PMTask(title="x", project_id=site.project))
    tag = await provider.request("POST", "tags", json={"data": {"name": "t", "workspace": site.workspace}})
    label = tag.data["data"]["gid"]
    changed = await provider.update_task(made.id, {"label_ids": [label], "status": "Doing", "title": "y"})
    assert (changed.label_ids, changed.status_name) == ([label], "Doing")
    assert (await provider.update_task(made.id, {"label_ids": []})).label_ids == []


async def test_an_archive_of_ids_that_are_no_numbers() -> None:
    """Ids are text and never numbers: a long one stays as it is."""
    one = "9" * 40
    server = Scripted({f"GET /tasks/{one}": {"data": {"gid": one, "name": "x"}}})
    found = await scripted(server, sprint_mode="none").get_task(one)
    assert found is not None
    assert found.id == one


async def test_finished_tasks_are_in_lists(site: Site, provider: AsanaProvider) -> None:
    """`completed_since=now` would leave them out."""
    made = await provider.create_task(PMTask(title="x", project_id=site.project, status="completed"))
    assert [one.id for one in await provider.list_tasks(site.project)] == [made.id]
    assert not any("completed_since" in one.query for one in site.box.log)


async def test_separators_are_no_tasks() -> None:
    found = [
        {"gid": "1", "name": "Phase 1:", "is_rendered_as_separator": True},
        {"gid": "2", "name": "old", "resource_subtype": "section"},
        {
            "gid": "3",
            "name": "real",
            "resource_subtype": "default_task",
            "memberships": [{"project": {"gid": "77"}}],
        },
    ]
    server = Scripted({"GET /projects/77/tasks": {"data": found, "next_page": None}})
    tasks = [one async for one in scripted(server).iter_tasks("77")]
    assert [one.id for one in tasks] == ["3"]


async def test_a_task_in_two_projects_is_one_task_in_each(site: Site, provider: AsanaProvider) -> None:
    other = site.new_project("Venus", "Open", "Testing")
    made = await provider.create_task(PMTask(title="x", project_id=site.project, status="Doing"))
    await provider.request("POST", f"tasks/{made.id}/addProject", json={"data": {"project": other}})
    here = await provider.list_tasks(site.project)
    there = await provider.list_tasks(other)
    assert [(one.id, one.project_id, one.status_name) for one in here] == [(made.id, site.project, "Doing")]
    assert [(one.id, one.project_id, one.status_name) for one in there] == [(made.id, other, "Open")]
    assert len(await provider.list_tasks()) == 1
    alone = await provider.get_task(made.id)
    assert alone is not None
    assert alone.project_id == site.project


async def test_rejected_calls_count_so_that_all_wait_for_the_time_told() -> None:
    time, refusals = FakeTime(), [answer({"errors": [{"message": "rate limit"}]}, 429, Retry_After="20")]

    def server(request: httpx2.Request) -> httpx2.Response:
        return refusals.pop() if refusals else answer({"data": {"gid": "9", "name": "Ada"}})

    provider = scripted(server, timing=time.timing())
    assert (await provider.get_current_user()).id == "9"
    assert sum(time.slept) >= 20


async def test_a_wait_that_is_too_long_is_told_at_once() -> None:
    time = FakeTime()
    server = Scripted({"GET /users/me": answer({}, 429, Retry_After="9000")})
    with pytest.raises(RateLimitedError) as failed:
        await scripted(server, timing=time.timing()).get_current_user()
    assert failed.value.retry_after_s == 9000
    assert len(server.requests) == 1


async def test_a_creation_whose_answer_got_lost_is_told_and_not_repeated() -> None:
    sent: list[httpx2.Request] = []

    def server(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        raise httpx2.ReadError("gone", request=request)

    provider = scripted(server, timing=FakeTime().timing())
    with pytest.raises(TransportError) as failed:
        await provider.create_task(PMTask(title="x", project_id="77"))
    assert failed.value.maybe_applied
    assert [one.method for one in sent] == ["POST"]
    with pytest.raises(TransportError):
        await provider.create_project(PMProject(name="x"))
    assert len(sent) == 2


async def test_a_change_of_several_calls_that_fails_half_way_says_so(site: Site) -> None:
    async with site.provider() as provider:
        made = await provider.create_task(PMTask(title="x", project_id=site.project))
        fields = {"title": "y", "label_ids": ["999"]}
        with pytest.raises((ValidationError, NotFoundError)) as failed:
            await provider.update_task(made.id, fields)
        assert failed.value.maybe_applied
        found = await provider.get_task(made.id)
        assert found is not None
        assert found.title == "y"


async def test_two_changes_of_different_fields_both_hold(site: Site) -> None:
    """A PUT is a patch: only what is given is sent, and tags are added one by one."""
    async with site.provider() as one, site.provider() as two:
        made = await one.create_task(PMTask(title="x", project_id=site.project, description="d"))
        await two.update_task(made.id, {"description": "theirs"})
        changed = await one.update_task(made.id, {"title": "ours", "due_date": LATER})
        assert (changed.title, changed.description, changed.due_date) == ("ours", "theirs", LATER)


async def test_custom_fields_of_no_project_are_refused_before_anything_is_sent(
    site: Site, provider: AsanaProvider
) -> None:
    other = site.new_project("Plain")
    site.box.log.clear()
    with pytest.raises(ValidationError) as failed:
        await provider.create_task(PMTask(title="x", project_id=other, custom_fields={"Cost": 1.0}))
    assert set(failed.value.fields) == {"custom_fields.Cost"}
    assert site.box.log.count("POST") == 0


async def test_search_is_never_asked_for_changes(site: Site, provider: AsanaProvider) -> None:
    """Its index lags, and it has no pages."""
    page = await provider.changes(site.project)
    await provider.changes(site.project, page.cursor)
    assert not any("search" in one.path for one in site.box.log)


@pytest.mark.parametrize("value", ["../users/me", "1/../2", "1?x=y", "1#", "%31", "me", "١٢"])
async def test_ids_cannot_lead_to_other_addresses(site: Site, provider: AsanaProvider, value: str) -> None:
    site.box.log.clear()
    assert await provider.get_task(value) is None
    assert await provider.get_project(value) is None
    assert await provider.get_sprint(value) is None
    assert await provider.delete_task(value) is False
    assert await provider.delete_project(value) is False
    assert len(site.box.log) == 0


async def test_a_key_is_the_value_of_the_id_field() -> None:
    document: dict[str, Any] = {
        "gid": "5",
        "name": "x",
        "custom_fields": [
            {
                "gid": "1",
                "name": "ID",
                "resource_subtype": "text",
                "representation_type": "custom_id",
                "display_value": "ENG-7",
            }
        ],
    }
    server = Scripted({"GET /workspaces/100/tasks/custom_id/ENG-7": {"data": document}})
    found = await scripted(server, sprint_mode="none").get_task("ENG-7")
    assert found is not None
    assert (found.id, found.key) == ("5", "ENG-7")
