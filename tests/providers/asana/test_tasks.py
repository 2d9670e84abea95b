"""Tasks, one by one and in batches, against the sandbox."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pm_providers import PMSprint, PMTask
from pm_providers.errors import NotFoundError, UnsupportedError, ValidationError
from pm_providers.providers.asana.provider import AsanaProvider
from tests.providers.asana.site import Scripted, Site, answer, scripted

DAY, LATER = date(2026, 3, 5), date(2026, 3, 9)


async def _task(provider: AsanaProvider, site: Site, **fields: Any) -> PMTask:
    return await provider.create_task(PMTask(**{"title": "x", "project_id": site.project, **fields}))


async def _sprint(provider: AsanaProvider, site: Site, name: str = "Sprint 1") -> PMSprint:
    days = {"start_date": DAY, "end_date": LATER}
    return await provider.create_sprint(PMSprint(name=name, project_id=site.project, **days))


async def test_everything_at_once_is_one_request(site: Site, provider: AsanaProvider) -> None:
    sprint = await _sprint(provider, site)
    await provider.list_statuses(site.project)
    before = len(site.box.log)
    made = await _task(
        provider,
        site,
        description="**bold**\n\n- one\n- two",
        status="blocked",
        priority="high",
        assignee_id=site.me,
        estimated_hours=2.5,
        story_points=3.0,
        start_date=DAY,
        due_date=LATER,
        sprint_id=sprint.id,
        type="approval",
        custom_fields={
            "Cost": 12.5,
            "Platforms": ["macOS", "Linux"],
            "Stage": "in review",
            "Reviewers": [site.me],
        },
    )
    assert made.warnings == ()
    assert len(site.box.log.select("POST", "/tasks")) == 1
    assert len(site.box.log) - before <= 4  # and the lists that are kept: fields, projects
    assert (made.status, made.status_name, made.type) == ("blocked", "Waiting", "Approval")
    assert (made.priority, made.priority_name) == ("high", "High")
    assert (made.estimated_hours, made.story_points, made.sprint_id) == (2.5, 3.0, sprint.id)
    assert made.custom_fields["Stage"] == "In review"
    assert sorted(made.custom_fields["Platforms"]) == ["Linux", "macOS"]
    assert (made.author_id, made.url is not None, made.project_id) == (site.me, True, site.project)
    assert await provider.get_task(made.id) == made


@pytest.mark.parametrize(
    ("status", "name"),
    [
        ("todo", "To do"),
        ("in_progress", "Doing"),
        ("blocked", "Waiting"),
        ("completed", "Done"),
        ("doing", "Doing"),
    ],
)
async def test_statuses_are_sections(site: Site, provider: AsanaProvider, status: str, name: str) -> None:
    made = await _task(provider, site)
    changed = await provider.update_task(made.id, {"status": status})
    assert changed.warnings == ()
    assert changed.status_name == name
    assert (changed.completed_at is not None) is (name == "Done")
    by_id = await provider.update_task(made.id, {"status": site.sections["Waiting"]})
    assert (by_id.status_name, by_id.completed_at, by_id.warnings) == ("Waiting", None, ())


async def test_a_status_that_the_project_does_not_have_is_refused(
    site: Site, provider: AsanaProvider
) -> None:
    made = await _task(provider, site)
    with pytest.raises(ValidationError, match="To do") as failed:
        await provider.update_task(made.id, {"status": "Shipped"})
    assert set(failed.value.fields) == {"status"}
    with pytest.raises(ValidationError):
        await _task(provider, site, status="cancelled")


async def test_a_project_without_a_section_for_finished_tasks() -> None:
    site = Site(sections=("Ideas", "Doing"))
    async with site.provider() as provider:
        made = await _task(provider, site, status="completed")
        assert (made.status, made.status_name, made.warnings) == ("completed", "Completed", ())
        again = await provider.update_task(made.id, {"status": "in_progress"})
        assert (again.status, again.status_name, again.completed_at) == ("in_progress", "Doing", None)
        done = await provider.update_task(made.id, {"status": "completed"})
        assert done.status_name == "Completed"
        reopened = await provider.update_task(made.id, {"status": "in_progress"})
        assert reopened.status_name == "Doing"


async def test_reopening_leaves_a_task_in_its_section() -> None:
    site = Site(sections=("To do", "Backlog", "Doing"))
    async with site.provider() as provider:
        made = await _task(provider, site, status="Backlog")
        await provider.request("PUT", f"tasks/{made.id}", json={"data": {"completed": True}})
        assert (await provider.update_task(made.id, {"status": "todo"})).status_name == "Backlog"


@pytest.mark.parametrize(("status", "then"), [("completed", "completed"), ("Doing", "in_progress")])
async def test_a_new_type_leaves_a_task_as_done_as_it_was(
    site: Site, provider: AsanaProvider, status: str, then: str
) -> None:
    """A task that becomes an approval is pending, and so open, unless the change says otherwise."""
    made = await _task(provider, site, status=status)
    assert (await provider.update_task(made.id, {"type": "Approval"})).status == then
    changed = await provider.update_task(made.id, {"type": "Task", "status": "todo"})
    assert (changed.status, changed.type) == ("todo", "Task")
    both = await provider.update_task(made.id, {"type": "Approval", "status": "completed"})
    assert (both.status, await provider.get_task(made.id)) == ("completed", both)


async def test_an_open_task_in_the_section_of_finished_ones_is_not_done(
    site: Site, provider: AsanaProvider
) -> None:
    made = await _task(provider, site, status="completed")
    await provider.request("PUT", f"tasks/{made.id}", json={"data": {"completed": False}})
    found = await provider.get_task(made.id)
    assert found is not None
    assert (found.status, found.status_name) == ("in_progress", "Done")


# costs


async def test_title_and_assignee_are_one_request(site: Site, provider: AsanaProvider) -> None:
    made = await _task(provider, site)
    before = len(site.box.log)
    changed = await provider.update_task(made.id, {"title": "y", "assignee_id": site.me})
    assert (changed.title, changed.assignee_id) == ("y", site.me)
    assert len(site.box.log) - before == 1


async def test_a_change_is_read_write_and_read_again_at_most(site: Site, provider: AsanaProvider) -> None:
    made, sprint = await _task(provider, site), await _sprint(provider, site)
    tag = (
        await provider.request("POST", "tags", json={"data": {"name": "t", "workspace": site.workspace}})
    ).data
    await provider.update_task(made.id, {"status": "Doing", "priority": "low", "sprint_id": sprint.id})
    before = len(site.box.log)
    changed = await provider.update_task(
        made.id,
        {
            "title": "y",
            "status": "Waiting",
            "due_date": LATER,
            "label_ids": [tag["data"]["gid"]],
            "sprint_id": None,
        },
    )
    assert len(site.box.log) - before == 3
    assert (changed.title, changed.status_name, changed.due_date) == ("y", "Waiting", LATER)
    assert (changed.label_ids, changed.sprint_id, changed.warnings) == ([tag["data"]["gid"]], None, ())
    before = len(site.box.log)
    await provider.update_task(made.id, {"description": "*new*", "due_date": DAY})
    assert len(site.box.log) - before == 2
    before = len(site.box.log)
    await provider.update_task(made.id, {"status": "blocked", "due_date": DAY})
    assert len(site.box.log) - before == 1  # it is so already


# places


async def test_to_another_project_and_back(site: Site, provider: AsanaProvider) -> None:
    other = site.new_project("Venus", "Open", "Working on")
    made = await _task(provider, site, status="Doing")
    moved = await provider.update_task(made.id, {"project_id": other, "status": "Open"})
    assert (moved.project_id, moved.status_name, moved.warnings) == (other, "Open", ())
    assert await provider.list_tasks(site.project) == []
    back = await provider.update_task(made.id, {"project_id": site.project, "custom_fields": {"Cost": 1.0}})
    assert (back.project_id, back.custom_fields["Cost"], back.warnings) == (site.project, 1.0, ())


async def test_subtasks_go_up_and_down(site: Site, provider: AsanaProvider) -> None:
    top, other = await _task(provider, site), await _task(provider, site)
    child = await _task(provider, site, parent_task_id=top.id)
    assert (child.project_id, child.parent_task_id, child.warnings) == (site.project, top.id, ())
    moved = await provider.update_task(child.id, {"parent_task_id": other.id})
    assert (moved.parent_task_id, moved.project_id, moved.warnings) == (other.id, site.project, ())
    alone = await provider.update_task(child.id, {"parent_task_id": None})
    assert (alone.parent_task_id, alone.project_id, alone.warnings) == (None, site.project, ())
    assert {one.id for one in await provider.list_tasks(site.project)} == {top.id, other.id, child.id}
    with pytest.raises(ValidationError):
        await provider.update_task(top.id, {"parent_task_id": top.id})
    with pytest.raises(ValidationError):
        await provider.update_task(top.id, {"parent_task_id": "999"})


async def test_a_subtask_joins_its_project_for_what_only_that_can_hold(
    site: Site, provider: AsanaProvider
) -> None:
    top = await _task(provider, site)
    plain = await _task(provider, site, parent_task_id=top.id, status="completed")
    assert (plain.status, plain.raw_data["memberships"], plain.warnings) == ("completed", [], ())
    held = await _task(
        provider, site, parent_task_id=top.id, status="blocked", priority="low", custom_fields={"Cost": 2.0}
    )
    assert (held.status_name, held.priority, held.custom_fields["Cost"], held.warnings) == (
        "Waiting",
        "low",
        2.0,
        (),
    )
    joined = await provider.update_task(plain.id, {"status": "in_progress", "priority": "high"})
    assert (joined.status_name, joined.priority, joined.parent_task_id, joined.warnings) == (
        "Doing",
        "high",
        top.id,
        (),
    )
    assert {one.id for one in await provider.list_tasks(site.project)} == {top.id, plain.id, held.id}


async def test_sprints_come_and_go_and_closed_ones_stay(site: Site, provider: AsanaProvider) -> None:
    one, two = await _sprint(provider, site), await _sprint(provider, site, "Sprint 2")
    made = await _task(provider, site, sprint_id=one.id)
    swapped = await provider.update_task(made.id, {"sprint_id": two.id})
    assert (swapped.sprint_id, swapped.project_id, swapped.warnings) == (two.id, site.project, ())
    await provider.update_sprint(two.id, {"status": "closed"})
    again = await provider.update_task(made.id, {"sprint_id": one.id})
    assert again.sprint_id == one.id
    assert {task.id for task in await provider.list_tasks(sprint_id=one.id)} == {made.id}
    none = await provider.update_task(made.id, {"sprint_id": None})
    assert (none.sprint_id, none.warnings) == (None, ())
    with pytest.raises(ValidationError) as failed:
        await provider.update_task(made.id, {"sprint_id": site.project})
    assert set(failed.value.fields) == {"sprint_id"}


# refusals


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"project_id": "999"}, "project_id"),
        ({"project_id": "mars"}, "project_id"),
        ({"parent_task_id": "999"}, "parent_task_id"),
        ({"assignee_id": "nobody@example.com"}, "assignee_id"),
        ({"assignee_id": "999"}, "assignee_id"),
        ({"label_ids": ["bug"]}, "label_ids"),
        ({"sprint_id": "999"}, "sprint_id"),
        ({"priority": "Urgentest"}, "priority"),
        ({"type": "Story"}, "type"),
        ({"type": "Milestone", "start_date": DAY, "due_date": LATER}, "start_date"),
        ({"start_date": DAY}, "start_date"),
        ({"custom_fields": {"Nope": 1}}, "custom_fields.Nope"),
        ({"custom_fields": {"Cost": "much"}}, "custom_fields.Cost"),
        ({"custom_fields": {"Platforms": ["BeOS"]}}, "custom_fields.Platforms"),
    ],
)
async def test_wrong_values_are_named_and_nothing_is_made(
    site: Site, provider: AsanaProvider, fields: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValidationError) as failed:
        await _task(provider, site, **fields)
    assert set(failed.value.fields) == {named}
    assert await provider.list_tasks(site.project) == []


async def test_fields_that_tasks_do_not_have_are_refused(site: Site, provider: AsanaProvider) -> None:
    with pytest.raises(UnsupportedError):
        await _task(provider, site, progress=50)
    with pytest.raises(UnsupportedError):
        await _task(provider, site, remaining_hours=1.0)
    made = await _task(provider, site)
    with pytest.raises((UnsupportedError, ValidationError)):
        await provider.update_task(made.id, {"actual_hours": 1.0})


async def test_priority_needs_its_field(site: Site, provider: AsanaProvider) -> None:
    other = site.new_project("Plain")
    with pytest.raises(ValidationError, match="Priority") as failed:
        await provider.create_task(PMTask(title="x", project_id=other, priority="high"))
    assert set(failed.value.fields) == {"priority"}
    made = await provider.create_task(PMTask(title="x", project_id=other))
    assert (await provider.update_task(made.id, {"priority": None})).priority is None


async def test_values_are_cleared(site: Site, provider: AsanaProvider) -> None:
    values = {
        "description": "x",
        "due_date": LATER,
        "start_date": DAY,
        "estimated_hours": 1.0,
        "priority": "low",
    }
    made = await _task(
        provider, site, assignee_id=site.me, custom_fields={"Cost": 1.0, "Platforms": ["Linux"]}, **values
    )
    cleared = dict.fromkeys(values) | {
        "assignee_id": None,
        "custom_fields": {"Cost": None, "Platforms": None},
    }
    found = await provider.update_task(made.id, cleared)
    assert found.warnings == ()
    assert [getattr(found, one) for one in (*values, "assignee_id")] == [None] * 6
    for name in ("status", "type", "title"):
        with pytest.raises(ValidationError):
            await provider.update_task(made.id, {name: None})


async def test_gone_is_gone(site: Site, provider: AsanaProvider) -> None:
    made = await _task(provider, site)
    assert await provider.delete_task(made.id) is True
    assert await provider.delete_task(made.id) is False
    assert await provider.delete_task("no-such") is False
    assert await provider.get_task(made.id) is None
    for one in (made.id, "x y"):
        with pytest.raises(NotFoundError):
            await provider.update_task(one, {"title": "x"})
        with pytest.raises(NotFoundError):
            await provider.update_task(one, {"status": "Doing"})


# batches


async def test_batches_of_ten(site: Site, provider: AsanaProvider) -> None:
    await provider.list_statuses(site.project)
    drafts = [PMTask(title=f"t{one}", project_id=site.project, status="Doing") for one in range(25)]
    before, seen = len(site.box.log), []
    made = await provider.create_tasks(drafts, on_progress=lambda done, total: seen.append((done, total)))
    assert made.ok
    assert [one.title for one in made.items] == [one.title for one in drafts]
    assert {one.status_name for one in made.items} == {"Doing"}
    assert len(site.box.log) - before <= 4
    assert seen[-1] == (25, 25)
    before = len(site.box.log)
    done = await provider.update_tasks([(one.id, {"status": "completed"}) for one in made.items])
    assert done.ok
    assert {one.status for one in done.items} == {"completed"}
    assert len(site.box.log) - before <= 12  # read, two writes a task, read again
    before = len(site.box.log)
    gone = await provider.delete_tasks([*(one.id for one in made.items), made.items[0].id, "nope"])
    assert [one.item for one in gone] == [True] * 25 + [False, False]
    assert len(site.box.log) - before <= 5


async def test_a_bad_item_does_not_stop_the_others(site: Site, provider: AsanaProvider) -> None:
    drafts = [PMTask(title=f"t{one}", project_id=site.project) for one in range(4)]
    drafts[1].assignee_id = "999"
    drafts[2].priority = "nonsense"
    made = await provider.create_tasks(drafts)
    assert [one.ok for one in made] == [True, False, False, True]
    assert isinstance(made.outcomes[1].error, ValidationError)
    changed = await provider.update_tasks([(made.items[0].id, {"title": "a"}), ("999", {"title": "b"})])
    assert [one.ok for one in changed] == [True, False]
    assert isinstance(changed.outcomes[1].error, NotFoundError)


# other conventions


async def test_status_in_a_custom_field() -> None:
    site = Site()
    async with site.provider(status_source="custom_field:Stage") as provider:
        assert [one.name for one in await provider.list_statuses(site.project)] == [
            "Backlog", "In review", "Closed", "Completed",
        ]  # fmt: skip
        made = await _task(provider, site, status="In review")
        assert (made.status, made.status_name, made.warnings) == ("in_progress", "In review", ())
        assert "Stage" not in made.custom_fields
        done = await provider.update_task(made.id, {"status": "completed"})
        assert (done.status, done.status_name, done.warnings) == ("completed", "Closed", ())
        assert [one.id for one in await provider.list_tasks(site.project, status="Closed")] == [made.id]


async def test_nothing_but_completed() -> None:
    site = Site()
    async with site.provider(status_source="completed") as provider:
        made = await _task(provider, site)
        assert (made.status, made.status_name) == ("todo", "Incomplete")
        done = await provider.update_task(made.id, {"status": "completed"})
        assert (done.status, done.status_name, done.warnings) == ("completed", "Completed", ())
        with pytest.raises(ValidationError):
            await provider.update_task(made.id, {"status": "blocked"})


async def test_sprints_in_a_custom_field() -> None:
    site = Site()
    async with site.provider(sprint_mode="custom_field", sprint_field="Stage") as provider:
        sprints = await provider.list_sprints(site.project)
        assert [one.name for one in sprints] == ["Backlog", "In review", "Closed"]
        new = await provider.create_sprint(PMSprint(name="Sprint 9", project_id=site.project))
        made = await _task(provider, site, sprint_id=new.id)
        assert (made.sprint_id, made.warnings) == (new.id, ())
        assert [one.id for one in await provider.list_tasks(site.project, sprint_id=new.id)] == [made.id]
        renamed = await provider.update_sprint(new.id, {"name": "Sprint 10"})
        assert renamed.name == "Sprint 10"
        with pytest.raises(UnsupportedError, match="cannot be deleted"):
            await provider.delete_sprint(new.id)
        closed = await provider.update_sprint(new.id, {"status": "closed"})
        assert (closed.status, await provider.get_sprint(new.id)) == ("closed", closed)
        with pytest.raises(UnsupportedError):
            await provider.create_sprint(PMSprint(name="S", project_id=site.project, start_date=DAY))


async def test_status_in_a_custom_type() -> None:
    kind = {
        "gid": "70",
        "name": "Ticket",
        "status_options": [
            {"gid": "71", "name": "New", "completion_state": "incomplete", "enabled": True},
            {"gid": "72", "name": "Fixed", "completion_state": "complete", "enabled": True},
            {"gid": "73", "name": "Old", "completion_state": "complete", "enabled": False},
        ],
    }
    stored: dict[str, Any] = {"gid": "5", "name": "x", "memberships": [{"project": {"gid": "77"}}]}

    def change(_params: dict[str, str], body: Any) -> Any:
        stored.update(body["data"], resource_subtype="custom")
        stored["custom_type"] = {"gid": "70", "name": "Ticket"}
        stored["custom_type_status_option"] = {"gid": stored["custom_type_status_option"]}
        return {"data": stored}

    server = Scripted(
        {
            "GET /custom_types": {"data": [kind], "next_page": None},
            "POST /tasks": lambda _p, body: answer(
                {"data": {**stored, "completed": body["data"]["completed"]}}, 201
            ),
            "PUT /tasks/5": change,
            "GET /tasks/5": lambda _p, _b: {"data": stored},
        }
    )
    provider = scripted(server, status_source="custom_type", sprint_mode="none")
    made = await provider.create_task(PMTask(title="x", project_id="77", type="Ticket", status="New"))
    assert (made.type, made.status, made.status_name, made.warnings) == ("Ticket", "todo", "New", ())
    assert server.bodies("PUT", "/tasks/5") == [
        {"data": {"resource_subtype": "custom", "custom_type": "70", "custom_type_status_option": "71"}}
    ]
    done = await provider.update_task("5", {"status": "completed"})
    assert (done.status, done.status_name, done.warnings) == ("completed", "Fixed", ())
    with pytest.raises(ValidationError):
        await provider.update_task("5", {"status": "Old"})
