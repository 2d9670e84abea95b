"""Tasks against the sandbox: fields, choices, custom fields, ids; each trap of the vendor has a test."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pm_providers import (
    NotFoundError,
    PMProject,
    PMTask,
    ValidationError,
)
from tests.providers.openproject.support import World, connected, create

FULL = {
    "description": "# Plan\n\n- [ ] one\n- [x] two\n\n| a | b |\n|---|---|\n| 1 | 2 |",
    "status": "in_progress",
    "priority": "high",
    "type": "Bug",
    "estimated_hours": 40.0,
    "start_date": date(2026, 12, 1),
    "due_date": date(2026, 12, 10),
}


async def test_all_fields_read_back_through_another_connection(provider, world):
    parent = await create(provider, world, "Parent")
    made = await create(
        provider, world, "All ✓ 🚀", parent_task_id=parent.id, assignee_id=world.ann, sprint_id=world.sprint,
        label_ids=[world.label], **FULL,
    )  # fmt: skip
    assert made.warnings == ()
    async with connected(world.box) as other:
        found = await other.get_task(made.id)
    assert found == made
    for name, value in FULL.items():
        assert getattr(found, name) == value, name
    assert (found.parent_task_id, found.assignee_id, found.assignee_ids) == (
        parent.id,
        world.ann,
        [world.ann],
    )
    assert (found.sprint_id, found.label_ids, found.author_id) == (world.sprint, [world.label], "3")
    assert (found.status_name, found.priority_name) == ("In progress", "High")
    assert found.url.endswith(f"/work_packages/{found.id}")
    assert found.created_at.tzinfo is UTC


async def test_what_the_server_rewrites_of_a_duration_is_no_change(provider, world):
    made = await create(provider, world, estimated_hours=40)
    assert made.raw_data["estimatedTime"] == "P1DT16H"
    assert (made.estimated_hours, made.warnings) == (40.0, ())


@pytest.mark.parametrize(
    "value", ["todo", "in_progress", "blocked", "completed", "cancelled", "On hold", "on HOLD", "7"]
)
async def test_status_by_unified_value_name_or_id(provider, world, value):
    made = await create(provider, world, status=value)
    changed = await provider.update_task(made.id, {"status": value})
    assert made.warnings == changed.warnings == ()
    expected = {"todo": "New", "in_progress": "In progress", "blocked": "On hold", "completed": "Closed",
                "cancelled": "Rejected", "7": "In progress"}  # fmt: skip
    assert made.status_name == expected.get(value, "On hold")


async def test_a_task_keeps_its_own_status_of_several_with_one_meaning(provider, world):
    made = await create(provider, world, type="Bug", status="Developed")
    assert made.status == "in_progress"
    again = await provider.update_task(made.id, {"status": "in_progress", "title": "x"})
    assert again.status_name == "Developed"


async def test_unknown_values_are_refused_before_anything_is_written(provider, world):
    before = world.box.log.count("POST", "/work_packages$")
    for field, value in {
        "status": "nonsense",
        "priority": "lowest of all",
        "type": "Story of my life",
        "sprint_id": "4711",
        "label_ids": ["4711"],
        "parent_task_id": "PROJ-99",
        "project_id": "nowhere",
    }.items():
        draft = PMTask(title="x", project_id=world.main)
        setattr(draft, field, value)
        with pytest.raises(ValidationError) as caught:
            await provider.create_task(draft)
        assert field in caught.value.fields
        assert caught.value.operation == "create_task"
    assert world.box.log.count("POST", "/work_packages$") == before


async def test_links_that_the_server_drops_without_a_word_are_refused(provider, world):
    """Recorded 10-…: steps 74, 77: 201 without the version or category of another project."""
    for field, value in (("sprint_id", world.foreign_sprint), ("label_ids", [world.foreign_label])):
        with pytest.raises(ValidationError, match="none of the project"):
            await create(provider, world, **{field: value})


async def test_an_unknown_parent_is_no_server_error(provider, world):
    """Recorded 10-…: step 86: the server answers 500."""
    with pytest.raises(ValidationError) as caught:
        await create(provider, world, parent_task_id="99999")
    assert "parent_task_id" in caught.value.fields
    task = await create(provider, world)
    with pytest.raises(ValidationError) as caught:
        await provider.update_task(task.id, {"parent_task_id": "99999"})
    assert "parent_task_id" in caught.value.fields


async def test_an_unknown_assignee_and_a_closed_sprint_are_named(provider, world):
    for field, value in (
        ("assignee_id", "99999"),
        ("assignee_id", world.zoe),
        ("sprint_id", world.closed_sprint),
    ):
        with pytest.raises(ValidationError) as caught:
            await create(provider, world, **{field: value})
        assert field in caught.value.fields
        assert caught.value.status == 422


async def test_several_faults_are_all_named(provider, world):
    with pytest.raises(ValidationError) as caught:
        await create(provider, world, assignee_id="99999", sprint_id=world.closed_sprint)
    assert {"assignee_id", "sprint_id"} <= set(caught.value.fields)


async def test_a_milestone_has_one_date(provider, world):
    made = await create(provider, world, type="Milestone", due_date=date(2026, 12, 24))
    assert (made.start_date, made.due_date, made.warnings) == (date(2026, 12, 24), date(2026, 12, 24), ())
    moved = await provider.update_task(made.id, {"due_date": date(2026, 12, 25)})
    assert moved.due_date == date(2026, 12, 25)
    told = await create(
        provider, world, type="Milestone", start_date=date(2026, 12, 1), due_date=date(2026, 12, 2)
    )
    assert [warning.field for warning in told.warnings] == ["start_date"]
    plain = await create(provider, world, type="Milestone")
    assert plain.due_date is None


async def test_clearing(provider, world):
    made = await create(
        provider, world, assignee_id=world.ann, sprint_id=world.sprint, label_ids=[world.label],
        parent_task_id=(await create(provider, world, "P")).id, **FULL,
    )  # fmt: skip
    names = ["description", "estimated_hours", "start_date", "due_date", "assignee_id", "sprint_id", "label_ids",
             "parent_task_id"]  # fmt: skip
    cleared = await provider.update_task(made.id, dict.fromkeys(names))
    assert cleared.warnings == ()
    assert [getattr(cleared, name) or None for name in names] == [None] * len(names)
    for name in ("status", "priority", "type"):
        with pytest.raises(ValidationError, match="cleared"):
            await provider.update_task(made.id, {name: None})


async def test_the_parent_of_dated_children_has_dates_that_are_read_only():
    """Recorded 11-…: steps 38 to 40: automatic parents (before 15.4) take their dates from below."""
    world = World("13.0")
    async with connected(world.box) as provider:
        parent = await create(provider, world, "Parent")
        await create(
            provider,
            world,
            parent_task_id=parent.id,
            start_date=date(2026, 12, 2),
            due_date=date(2026, 12, 18),
        )
        assert (await provider.get_task(parent.id)).due_date == date(2026, 12, 18)
        with pytest.raises(ValidationError) as caught:
            await provider.update_task(parent.id, {"due_date": date(2027, 1, 1)})
    assert "due_date" in caught.value.fields


# custom fields


async def test_custom_fields_by_name(provider, world):
    values = {
        "CF text": "**long**", "CF string": "short ✓", "CF int": 5, "CF float": 2.5, "CF bool": False,
        "CF date": date(2026, 1, 2), "CF user": world.ann, "CF version": world.sprint, "CF link": "https://example.com",
        "CF list": "green", "CF multi": ["Blue", "Red"],
    }  # fmt: skip
    made = await create(provider, world, custom_fields=values)
    assert made.warnings == ()
    async with connected(world.box) as other:
        found = (await other.get_task(made.id)).custom_fields
        listed = (await other.list_tasks(world.main))[0].custom_fields
    assert found == listed
    assert found == {**values, "CF list": "Green", "CF multi": found["CF multi"]}
    assert sorted(found["CF multi"]) == ["Blue", "Red"]
    cleared = await provider.update_task(made.id, {"custom_fields": dict.fromkeys(values)})
    assert cleared.warnings == ()
    assert set(cleared.custom_fields) <= {"CF bool"}


async def test_custom_fields_that_are_not_named_stay(provider, world):
    made = await create(provider, world, custom_fields={"CF int": 5, "CF string": "a"})
    changed = await provider.update_task(made.id, {"custom_fields": {"CF string": "b"}})
    assert changed.custom_fields == {"CF int": 5, "CF string": "b"}


async def test_unknown_custom_fields_and_options_are_named(provider, world):
    """Unknown ones would be ignored with 200 (recorded 15-…: step 43)."""
    for values, why in (
        ({"CF nothing": 1}, "CF string"),
        ({"CF list": "Pink"}, "Red, Green, Blue"),
        ({"CF int": "x"}, "whole number"),
    ):
        with pytest.raises(ValidationError, match=r"custom_fields\.") as caught:
            await create(provider, world, custom_fields=values)
        assert why in str(caught.value)


async def test_a_field_that_was_added_meanwhile_is_found(provider, world):
    await create(provider, world, custom_fields={"CF int": 5})
    world._field("CF late", "string")
    made = await create(provider, world, custom_fields={"CF late": "here"})
    assert made.raw_data is not None
    assert await provider.list_fields(world.main)


# ids and keys


@pytest.mark.parametrize(
    "one", ["99999", "1.5", "abc", "PROJ-1", "../users/me", "0", "-1", "1/activities", "１"]
)
async def test_ids_that_do_not_exist(provider, world, one):
    await create(provider, world)
    assert await provider.get_task(one) is None
    assert await provider.delete_task(one) is False
    with pytest.raises(NotFoundError):
        await provider.update_task(one, {"title": "x"})


async def test_deleting_takes_the_subtasks_along(provider, world):
    parent = await create(provider, world)
    child = await create(provider, world, parent_task_id=parent.id)
    assert await provider.delete_task(parent.id) is True
    assert await provider.get_task(child.id) is None
    assert await provider.delete_task(parent.id) is False


async def test_one_connection_serves_many_coroutines(provider, world):
    tasks = await asyncio.gather(*(create(provider, world, f"T{n}") for n in range(20)))
    found = await asyncio.gather(*(provider.get_task(task.id) for task in tasks))
    assert [task.title for task in found] == [f"T{n}" for n in range(20)]
    assert world.box.log.count("GET", "/users/me$") == 1
    assert world.box.log.count("GET", "/statuses$") == 1


async def test_story_points_where_the_type_has_them(provider, world):
    made = await create(provider, world, type="User story", story_points=5)
    assert (made.story_points, made.warnings) == (5, ())
    with pytest.raises(ValidationError, match="whole number"):
        await provider.update_task(made.id, {"story_points": 2.5})


async def test_writes_are_quiet(provider, world):
    world.box.log.clear()
    made = await create(provider, world)
    await provider.update_task(made.id, {"title": "x"})
    queries = [
        one.query for one in world.box.log.select(None, "/work_packages") if one.method in {"POST", "PATCH"}
    ]
    assert queries == ["notify=false", "notify=false"]


async def test_strict_writes_raise(world):
    async with connected(world.box, strict_writes=True) as provider:
        with pytest.raises(ValidationError, match="not as asked") as caught:
            await create(
                provider, world, type="Milestone", start_date=date(2026, 1, 1), due_date=date(2026, 1, 2)
            )
    assert caught.value.maybe_applied


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=200)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    title=TEXT.map(lambda text: " ".join(text.split())).filter(bool),
    description=st.none() | TEXT,
    start=st.none() | st.dates(date(1, 1, 1), date(9000, 1, 1)),
    days=st.integers(0, 300_000),
    seconds=st.none() | st.integers(0, 36_000_000),
)
def test_any_draft_reads_back_equal(title, description, start, days, seconds):
    async def run() -> None:
        world = World()
        async with connected(world.box) as provider:
            due = None if start is None else start + timedelta(days=days)
            hours = None if seconds is None else seconds / 3600
            made = await create(provider, world, title[:255], description=description, start_date=start,
                                due_date=due, estimated_hours=hours)  # fmt: skip
            moved = {warning.field for warning in made.warnings}
            asked = {"start_date": start, "due_date": due}
            weekend = {name for name, day in asked.items() if day is not None and day.weekday() >= 5}
            assert moved == weekend, "days off are not kept, and that is said"
            async with connected(world.box) as other:
                assert await other.get_task(made.id) == made
            body = json.loads(world.box.log.select("POST", "/work_packages$")[0].request_body)
            assert made.title == body["subject"] == title[:255]

    asyncio.run(run())


async def test_references_by_key(provider, world):
    project = await provider.create_project(PMProject(name="Keyed", key="keyed"))
    made = await provider.create_task(PMTask(title="x", project_id="keyed"))
    assert (made.project_id, made.warnings) == (project.id, ())
