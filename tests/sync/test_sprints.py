"""Sprints between two internal databases: in step before the tasks that are in them."""

from __future__ import annotations

from datetime import date

import pytest

from pm_providers.model import PMSprint
from pm_providers.sync.engine import RunOptions
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy, other


@pytest.fixture
def world(parts_world):
    return parts_world


async def sprint(world, side, name, **values):
    made = PMSprint(name=name, project_id=world.projects[side], **values)
    return await world.sides[side].create_sprint(made)


async def sprints(world, side):
    return {one.name: one for one in await world.sides[side].list_sprints(world.projects[side])}


async def quiet(world):
    assert (await world.run()).writes == 0
    assert (await world.run(RunOptions(full=True))).writes == 0


@pytest.mark.parametrize("side", SIDES)
async def test_tasks_are_in_the_counterpart_of_their_sprint(world, side):
    first = await sprint(
        world, side, "First", start_date=date(2026, 1, 5), end_date=date(2026, 1, 16), goal="all of it"
    )
    await world.add(side, "one", sprint_id=first.id)
    report = await world.run()
    assert report.counts["sprints"] == 1
    there = (await sprints(world, other(side)))["First"]
    assert (there.start_date, there.end_date, there.goal) == (
        date(2026, 1, 5),
        date(2026, 1, 16),
        "all of it",
    )
    assert (await world.tasks(other(side)))["one"].sprint_id == there.id
    await quiet(world)


async def test_the_plan_says_what_the_run_does(world):
    first = await sprint(world, LEFT, "First")
    await world.add(LEFT, "one", sprint_id=first.id)
    plan = await world.run(RunOptions(dry=True))
    assert plan.planned["sprint create"] == 1
    task = next(one for one in plan.decisions if one.entity == "task")
    assert ("sprint", "new: First") in [(step.field, step.new) for step in task.steps]
    assert await sprints(world, RIGHT) == {}
    report = await world.run(RunOptions(plan_id=plan.plan_id))
    assert (report.state, report.writes) == ("done", 2)
    await quiet(world)


async def test_equal_names_are_the_same_sprint(world):
    ours, theirs = await sprint(world, LEFT, "First"), await sprint(world, RIGHT, "first ", goal="there")
    await world.add(LEFT, "one", sprint_id=ours.id)
    await world.run()
    assert (await world.tasks(RIGHT))["one"].sprint_id == theirs.id
    assert len(await sprints(world, LEFT)) == len(await sprints(world, RIGHT)) == 1
    await quiet(world)


async def test_an_unknown_sprint_is_looked_for_once_a_task_names_it(world):
    task = await world.add(LEFT, "one")
    await world.run()
    later = await sprint(world, LEFT, "Later")
    assert (await world.run()).counts["sprints"] == 0
    await world.sides[LEFT].update_task(task.id, {"sprint_id": later.id})
    await world.run()
    assert (await world.tasks(RIGHT))["one"].sprint_id == (await sprints(world, RIGHT))["Later"].id
    await quiet(world)


async def test_edits_follow_both_ways_when_all_is_read(world):
    first = await sprint(world, LEFT, "First")
    await world.run()
    await world.sides[LEFT].update_sprint(first.id, {"name": "Renamed"})
    there = (await sprints(world, RIGHT))["First"]
    await world.sides[RIGHT].update_sprint(there.id, {"goal": "theirs"})
    await world.run(RunOptions(full=True))
    for side in SIDES:
        assert [(one.name, one.goal) for one in (await sprints(world, side)).values()] == [
            ("Renamed", "theirs")
        ]
    await quiet(world)


async def test_only_sprints_that_the_sync_made_are_deleted(world):
    world.policy = Policy(settle_s=0)
    first, second = [await sprint(world, LEFT, name) for name in ("First", "Second")]
    await world.run()
    await world.sides[LEFT].delete_sprint(first.id)
    await world.sides[RIGHT].delete_sprint((await sprints(world, RIGHT))["Second"].id)
    await world.run(RunOptions(full=True))
    assert set(await sprints(world, LEFT)) == {second.name}
    assert await sprints(world, RIGHT) == {}
    await quiet(world)


async def test_sprints_can_be_left_out(world):
    world.policy = Policy(parts=frozenset({"comments"}))
    first = await sprint(world, LEFT, "First")
    await world.add(LEFT, "one", sprint_id=first.id)
    await world.run()
    assert await sprints(world, RIGHT) == {}
    assert (await world.tasks(RIGHT))["one"].sprint_id is None
    world.policy = Policy()
    await world.run()
    assert (await world.tasks(RIGHT))["one"].sprint_id == (await sprints(world, RIGHT))["First"].id
    await quiet(world)


async def test_death_at_any_write_doubles_no_sprint(world):
    world.policy = Policy(settle_s=0)
    for name in ("First", "Second"):
        one = await sprint(world, LEFT, name)
        await world.add(LEFT, f"task of {name}", sprint_id=one.id)
    assert await world.deaths(range(24)) > len(SIDES)
    await world.run()
    there = await sprints(world, RIGHT)
    assert set(there) == {"First", "Second"}
    tasks = await world.tasks(RIGHT)
    assert {name: tasks[f"task of {name}"].sprint_id for name in there} == {
        name: one.id for name, one in there.items()
    }
    await quiet(world)


@pytest.mark.parametrize("deletes", ["ignore", "detach", "propagate"])
async def test_no_task_is_put_into_a_sprint_that_is_gone_across(world, deletes):
    """What people made is kept; tasks that come into it stay where they are on the other side."""
    world.policy = Policy(settle_s=0.0, deletes=deletes)
    first = await sprint(world, RIGHT, "First")
    await world.add(LEFT, "one")
    await world.run()
    (copy,) = (await sprints(world, LEFT)).values()
    await world.sides[LEFT].delete_sprint(copy.id)
    await world.run(RunOptions(full=True))
    assert list(await sprints(world, RIGHT)) == ["First"]
    await world.edit(RIGHT, "one", sprint_id=first.id, priority="high")
    plan = await world.run(RunOptions(dry=True))
    (one,) = plan.decisions
    assert ([step.field for step in one.steps], one.held) == (
        ["priority"],
        {"sprint": "its sprint is not in step"},
    )
    report = await world.run(RunOptions(plan_id=plan.plan_id))
    assert (report.state, report.counts["failed"]) == ("done", 0)
    await quiet(world)
