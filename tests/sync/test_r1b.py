from __future__ import annotations
from typing import Any
import pytest
from pm_providers.model import *
from pm_providers.store.sync_history import list_conflicts, list_runs, resolve_conflict, list_writes
from pm_providers.sync.engine import RunOptions
from pm_providers.sync.parts import Parts
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy
from tests.sync.parts_world import PartsWorld

@pytest.fixture
async def full(sync_db: Any, template: bytes, tmp_path: Any) -> Any:
    one = await PartsWorld.of(sync_db, template, tmp_path)
    yield one
    await one.close()

async def test_a_sprint(full, monkeypatch):
    left, right = full.sides[LEFT], full.sides[RIGHT]
    one = await left.create_sprint(PMSprint(name="A", project_id=full.projects[LEFT]))
    await full.settled()
    (two,) = await right.list_sprints(full.projects[RIGHT])
    await left.update_sprint(one.id, {"name": "A2"})
    real = Parts.approve
    async def approve(self, found):
        await right.update_sprint(two.id, {"name": "B"})
        await real(self, found)
    plan = await full.run(RunOptions(dry=True, full=True))
    monkeypatch.setattr(Parts, "approve", approve)
    r = await full.run(RunOptions(plan_id=plan.plan_id, full=True))
    print(plan.planned, r.counts, r.state, r.reason)
    print([o.name for o in await right.list_sprints(full.projects[RIGHT])])
    assert "'B'" in await full.history()

async def test_a_project(full, monkeypatch):
    full.policy = Policy(parts=frozenset({"project"}))
    left, right = full.sides[LEFT], full.sides[RIGHT]
    await full.settled()
    await left.update_project(full.projects[LEFT], {"name": "A2"})
    real = Parts.approve
    async def approve(self, found):
        await right.update_project(full.projects[RIGHT], {"name": "B"})
        await real(self, found)
    plan = await full.run(RunOptions(dry=True, full=True))
    monkeypatch.setattr(Parts, "approve", approve)
    r = await full.run(RunOptions(plan_id=plan.plan_id, full=True))
    print(plan.planned, r.counts, r.state, r.reason)
    print((await right.get_project(full.projects[RIGHT])).name)
    assert "'B'" in await full.history() or (await right.get_project(full.projects[RIGHT])).name == "B"

async def test_undo_assignees(full):
    from pm_providers.sync.undoing import Undoing
    known = {}
    for side in SIDES:
        known[side] = (await full.sides[side].create_user(PMUser(name="Ada", email="Ada@x.org"))).id
    await full.add(LEFT, "T")
    await full.settled()
    await full.edit(LEFT, "T", assignee_ids=[known[LEFT]])
    await full.run()
    assert (await full.tasks(RIGHT))["T"].assignee_ids
    (run, *_) = await list_runs(full.db, full.mapping_id)
    r = await Undoing(full.engine(), run).play()
    assert not (await full.tasks(RIGHT))["T"].assignee_ids

async def test_parent_deleted_comment(full):
    """unsynced edit of a comment's copy while its original is deleted."""
    task = await full.add(LEFT, "T")
    c = await full.sides[LEFT].create_comment(PMComment(task_id=task.id, body="one"))
    full.policy = Policy(settle_s=0.0)
    await full.settled()
    there = (await full.tasks(RIGHT))["T"]
    (copy,) = await full.sides[RIGHT].list_comments(there.id)
    head = copy.body.split("\n\n")[0]
    await full.sides[RIGHT].update_comment(copy.id, {"body": f"{head}\n\nnewest"}, task_id=there.id)
    await full.sides[LEFT].delete_comment(c.id, task_id=task.id)
    await full.run(RunOptions(full=True))
    print([o.body for o in await full.sides[RIGHT].list_comments(there.id)], [o.body for o in await full.sides[LEFT].list_comments(task.id)])
