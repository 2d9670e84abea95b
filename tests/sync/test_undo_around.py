"""Tasks that come back with what stood around them: deaths at each step, and the vendors' sandboxes."""

from __future__ import annotations

import contextlib
import os

import pytest

from pm_providers.errors import PMError, ValidationError
from pm_providers.model import PMChecklist, PMChecklistItem, PMComment, PMProject, PMRelation, PMTask
from pm_providers.store import add_connection, add_mapping
from pm_providers.store.sync_history import DONE, list_writes
from pm_providers.store.sync_views import find_run
from pm_providers.sync.decisions import Act
from pm_providers.sync.engine import Engine, RunOptions
from pm_providers.sync.policy import LEFT, RIGHT, Policy
from pm_providers.sync.undoing import Undoing
from tests.conformance import harnesses
from tests.sync.parts_world import internal

STEPS = 64
"""Awaits that write in an undo of the deletion, and a few more."""

STRIDE = 7 if os.environ.get("CI") else 1
"""In `make test` not each of them is tried: eight belong to one write, so all kinds of them are met."""

SYSTEMS = ("OpenProject", "Jira", "ClickUp", "Asana", "Trello")


async def put_around(provider, one, two):
    """A comment, a relation from either end, a checklist."""
    has = provider.capabilities.supports
    await provider.create_comment(PMComment(task_id=one.id, body="words"))
    if has("create_relation"):
        for start, end in ((one, two), (two, one)):
            kind = "blocks" if start is one else "relates"
            await provider.create_relation(PMRelation(from_task_id=start.id, to_task_id=end.id, type=kind))
    if has("create_checklist"):
        items = [PMChecklistItem(title="x", is_done=True), PMChecklistItem(title="y")]
        await provider.create_checklist(PMChecklist(name="Steps", task_id=one.id, items=items))


async def around(provider, project):
    """What stands around the task `one`, ids apart; `None` where it is not there."""
    tasks = {task.title: task async for task in provider.iter_tasks(project)}
    assert len(tasks) == len([task async for task in provider.iter_tasks(project)])
    if "one" not in tasks:
        return None
    has, one = provider.capabilities.supports, tasks["one"].id
    relations = await provider.list_relations(one) if has("list_relations") else []
    lists = await provider.list_checklists(one) if has("list_checklists") else []
    return (
        [comment.body.rpartition("\n\n")[2] for comment in await provider.list_comments(one)],
        sorted((found.type, found.type == "blocks" and found.from_task_id == one) for found in relations),
        [(found.name, [(item.title, item.is_done) for item in found.items]) for found in lists],
    )


@pytest.fixture
async def world(parts_world):
    """Two tasks in step, one with all around it, which was deleted on the left."""
    one = parts_world
    one.policy = Policy(settle_s=0.0)
    tasks = [await one.add(LEFT, title) for title in ("one", "two")]
    await put_around(one.sides[LEFT], *tasks)
    await one.run()
    one.whole = await around(one.sides[RIGHT], one.projects[RIGHT])
    assert [len(found) for found in one.whole] == [1, 2, 1]
    await one.delete(LEFT, "one")
    return one


async def to_death(world, steps, play):
    """Something that dies after so many awaits that write, and the runs that settle it."""
    died = await world.dies(steps, play)
    if died:
        for _ in range(2):
            assert (await world.run()).state == "done"
    return died


async def undone(world, run_id):
    await Undoing(world.engine(), await find_run(world.db, run_id)).play()


async def deleting_run(world):
    """The run that deleted the task."""
    writes = await list_writes(world.db, mapping_id=world.mapping_id)
    (found,) = [
        one.run_id for one in writes if one.entity == "task" and one.action == "delete" and one.state == DONE
    ]
    return found


@pytest.mark.parametrize("steps", range(0, STEPS, STRIDE))
async def test_an_undo_that_dies_is_finished_by_another_without_doubles(world, steps):
    await world.run()
    run_id = await deleting_run(world)
    await to_death(world, steps, lambda: undone(world, run_id))
    with contextlib.suppress(PMError):  # it had come to its end
        await undone(world, run_id)
    assert await around(world.sides[RIGHT], world.projects[RIGHT]) == world.whole
    assert (await world.run(RunOptions(full=True))).writes == 0
    assert await around(world.sides[RIGHT], world.projects[RIGHT]) == world.whole
    assert await around(world.sides[LEFT], world.projects[LEFT]) is None


@pytest.mark.parametrize("steps", range(0, 14, min(STRIDE, 3)))
async def test_a_deletion_that_dies_is_taken_back_whole(world, steps):
    await to_death(world, steps, world.run)
    await world.run()
    assert await around(world.sides[RIGHT], world.projects[RIGHT]) is None
    await undone(world, await deleting_run(world))
    assert await around(world.sides[RIGHT], world.projects[RIGHT]) == world.whole
    assert (await world.run(RunOptions(full=True))).writes == 0


@pytest.mark.parametrize("system", SYSTEMS)
async def test_a_task_of_a_vendor_comes_back_with_what_stood_around_it(system, sync_db, tmp_path):
    left = internal(tmp_path, LEFT)
    async with left, getattr(harnesses, f"{system}Harness")(tmp_path) as harness:
        right = harness.provider
        ours = (await left.create_project(PMProject(name="Ours"))).id
        theirs = (await harness.make_project()).id
        ends = [
            await add_connection(sync_db, f"{side} of {system}, around", "internal") for side in (LEFT, RIGHT)
        ]
        mapping = await add_mapping(
            sync_db, ours, ends[1].id, theirs, sync_config={"left_connection": ends[0].id}
        )
        engine = Engine(sync_db, mapping.id, left, right, (ours, theirs), Policy(settle_s=0))
        one, two = [await left.create_task(PMTask(title=name, project_id=ours)) for name in ("one", "two")]
        await put_around(left, one, two)
        await engine.run()
        there = next(task for task in await right.list_tasks(theirs) if task.title == "one")
        await right.create_comment(PMComment(task_id=there.id, body="from there"))
        whole = await around(right, theirs)
        assert whole[0] == ["words", "from there"]
        await left.delete_task(one.id)
        report = await engine.run()
        assert report.counts["delete"] == 1, report.reason
        assert await around(right, theirs) is None
        run = await find_run(sync_db, report.run_id)
        planned = await Undoing(engine, run).play(dry=True)
        back = await Undoing(engine, run).play()
        assert [item.error for item in await list_writes(sync_db, run_id=back.run_id) if item.error] == []
        assert (back.planned, back.counts["failed"]) == (planned.planned, 0)
        assert [item.reason for item in back.decisions if item.act is Act.WAIT] == []
        assert await around(right, theirs) == whole
        assert (await engine.run(RunOptions(full=True))).writes == 0
        again = await Undoing(engine, await find_run(sync_db, back.run_id)).play()
        assert await around(right, theirs) is None
        await Undoing(engine, await find_run(sync_db, again.run_id)).play()
        assert await around(right, theirs) == whole


async def test_what_a_system_rejects_of_a_task_that_comes_back_is_left_out_and_listed(world, monkeypatch):
    await world.run()
    create, run_id = type(world.sides[RIGHT]).create_task, await deleting_run(world)
    reason = "it cannot be set any more"

    async def picky(self, task):
        if task.status is not None:
            raise ValidationError("rejected", fields={"status": reason})
        return await create(self, task)

    monkeypatch.setattr(type(world.sides[RIGHT]), "create_task", picky)
    report = await Undoing(world.engine(), await find_run(world.db, run_id)).play()
    assert {one.entity: dict(one.held) for one in report.decisions if one.held} == {
        "task": {"status": reason}
    }
    assert await around(world.sides[RIGHT], world.projects[RIGHT]) == world.whole
