"""A plan says all that a run would do; a run that was approved does that and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from pm_providers.model import (
    PMChecklist,
    PMChecklistItem,
    PMComment,
    PMLabel,
    PMRelation,
    PMSprint,
)
from pm_providers.store.sync_history import list_runs, list_writes
from pm_providers.store.sync_state import get_state
from pm_providers.sync.engine import RunOptions
from pm_providers.sync.policy import LEFT, RIGHT
from pm_providers.sync.report import AskedError
from tests.sync.parts_world import PartsWorld
from tests.sync.world import Death, World


async def test_an_empty_plan_has_no_id_and_running_it_does_nothing(world: World) -> None:
    plan = await world.run(RunOptions(dry=True))
    assert (plan.plan_id, plan.planned) == ("", {})
    await world.add(LEFT, "T")
    refused = await world.run(RunOptions(plan_id=plan.plan_id))
    assert (refused.state, refused.stale) == ("refused", True)
    await world.run()
    assert (await world.run(RunOptions(plan_id=""))).writes == 0


async def test_a_stale_plan_is_no_problem_of_the_mapping(world: World) -> None:
    await world.add(LEFT, "One")
    plan = await world.run(RunOptions(dry=True))
    await world.run()
    refused = await world.run(RunOptions(plan_id=plan.plan_id))
    assert refused.reason == f"the plan {plan.plan_id} is stale: now there is nothing to do"
    state = await get_state(world.db, world.mapping_id)
    assert state is not None
    assert (state.state, state.problem) == ("ok", None)


async def test_a_task_or_field_that_nobody_has_is_said(world: World) -> None:
    task = await world.add(LEFT, "One")
    for options in (
        RunOptions(only=frozenset({"wrong"})),
        RunOptions(dry=True, only=frozenset({task.id, "wrong"})),
        RunOptions(fields=frozenset({"colour"})),
        RunOptions(fields=frozenset({"custom:Nowhere"})),
    ):
        with pytest.raises(AskedError):
            await world.run(options)
    state = await get_state(world.db, world.mapping_id)
    assert state is not None
    assert state.problem is None
    assert await list_runs(world.db, world.mapping_id) == []
    assert (await world.run(RunOptions(only=frozenset({task.id})))).counts["create"] == 1  # not read before
    await world.add(LEFT, "Two")
    (there,) = await world.listed(RIGHT)
    assert (await world.run(RunOptions(only=frozenset({there.id})))).writes == 0


async def test_a_task_out_of_step_is_said(make_world) -> None:
    world = await make_world(deletes="detach")
    await world.add(LEFT, "One")
    await world.run()
    (there,) = await world.listed(RIGHT)
    await world.delete(LEFT, "One")
    await world.run()
    with pytest.raises(AskedError, match="out of step"):
        await world.run(RunOptions(only=frozenset({there.id})))


# what stands around tasks


@pytest.fixture
async def full(parts_world):
    """Two internal databases; on the left two tasks with all that can stand around them."""
    world = parts_world
    world.policy = replace(world.policy, settle_s=0.0)
    left = world.sides[LEFT]
    label = await left.create_label(PMLabel(name="Urgent"))
    sprint = await left.create_sprint(PMSprint(name="First", project_id=world.projects[LEFT]))
    one = await world.add(LEFT, "One", sprint_id=sprint.id, label_ids=[label.id])
    two = await world.add(LEFT, "Two", label_ids=[label.id])
    await left.create_comment(PMComment(task_id=one.id, body="Hello"))
    await left.create_relation(PMRelation(from_task_id=one.id, to_task_id=two.id, type="blocks"))
    items = [PMChecklistItem(title="x"), PMChecklistItem(title="y")]
    await left.create_checklist(PMChecklist(name="Steps", task_id=two.id, items=items))
    return world


WHOLE = {
    "create": 2, "sprint create": 1, "label create": 1, "comment create": 1, "relation create": 1,
    "checklist create": 1, "checklist_item create": 2,
}  # fmt: skip


async def test_a_plan_names_all_that_the_run_writes(full: PartsWorld) -> None:
    plan = await full.run(RunOptions(dry=True))
    assert {name: number for name, number in plan.planned.items() if "leave" not in name} == WHOLE
    assert await full.listed(RIGHT) == []
    report = await full.run(RunOptions(plan_id=plan.plan_id))
    assert (report.state, report.plan_id) == ("done", plan.plan_id)
    writes = await list_writes(full.db, run_id=report.run_id)
    assert Counter(f"{one.entity} {one.action}" for one in writes) == {
        ("task create" if name == "create" else name): number for name, number in WHOLE.items()
    }
    assert report.writes == sum(WHOLE.values())
    assert (await full.run(RunOptions(dry=True, full=True))).plan_id == ""


async def test_two_plans_of_the_same_have_the_same_id(full: PartsWorld) -> None:
    first, second = [(await full.run(RunOptions(dry=True))).plan_id for _ in range(2)]
    assert first == second != ""


async def test_a_comment_makes_a_plan_stale(full: PartsWorld) -> None:
    plan = await full.run(RunOptions(dry=True))
    one = (await full.tasks(LEFT))["Two"]
    await full.sides[LEFT].create_comment(PMComment(task_id=one.id, body="Wait"))
    refused = await full.run(RunOptions(plan_id=plan.plan_id))
    assert (refused.state, refused.stale) == ("refused", True)
    assert await full.listed(RIGHT) == []


@pytest.mark.parametrize("kind", ["sprint", "relation", "checklist_item"])
async def test_so_does_all_else_that_stands_around_tasks(full: PartsWorld, kind: str) -> None:
    plan = await full.run(RunOptions(dry=True))
    left, tasks = full.sides[LEFT], await full.tasks(LEFT)
    if kind == "sprint":
        await left.create_sprint(PMSprint(name="Second", project_id=full.projects[LEFT]))
    elif kind == "relation":
        (found,) = await left.list_relations(tasks["One"].id)
        await left.delete_relation(found.id, task_id=tasks["One"].id)
    else:
        (steps,) = await left.list_checklists(tasks["Two"].id)
        await left.create_checklist_item(
            PMChecklistItem(title="z", checklist_id=steps.id), task_id=tasks["Two"].id
        )
    assert (await full.run(RunOptions(plan_id=plan.plan_id))).state == "refused"


async def _played(
    full: PartsWorld, plan_id: str, patches: pytest.MonkeyPatch, meanwhile: Callable[[], Awaitable[None]]
) -> Any:
    """A plan that is played, and what somebody does once it was checked and before tasks are made on the right."""
    right, create = full.sides[RIGHT], full.sides[RIGHT].create_tasks

    async def late(*args: Any, **options: Any) -> Any:
        await meanwhile()
        return await create(*args, **options)

    with patches.context() as patch:
        patch.setattr(right, "create_tasks", late)
        return await full.run(RunOptions(plan_id=plan_id))


async def test_what_was_said_after_the_plan_was_checked_waits_for_the_next_run(
    full: PartsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = await full.run(RunOptions(dry=True))
    one = (await full.tasks(LEFT))["One"]

    async def meanwhile() -> None:
        await full.sides[LEFT].create_comment(PMComment(task_id=one.id, body="Too late"))

    async def bodies() -> str:
        there = (await full.tasks(RIGHT))["One"]
        return " ".join(one.body for one in await full.sides[RIGHT].list_comments(there.id))

    report = await _played(full, plan.plan_id, monkeypatch, meanwhile)

    assert (report.state, report.counts["comments"]) == ("done", 1)
    assert "Hello" in await bodies()
    assert "Too late" not in await bodies()
    await full.run()
    assert "Too late" in await bodies()


async def test_what_was_approved_and_is_another_thing_by_now_is_not_done(
    full: PartsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = await full.run(RunOptions(dry=True))
    one = (await full.tasks(LEFT))["One"]

    async def meanwhile() -> None:
        (said,) = await full.sides[LEFT].list_comments(one.id)
        await full.sides[LEFT].update_comment(said.id, {"body": "Secret"}, task_id=one.id)

    report = await _played(full, plan.plan_id, monkeypatch, meanwhile)
    assert (report.state, report.reason) == ("partial", "what stands around tasks was changed meanwhile")
    there = (await full.tasks(RIGHT))["One"]
    assert await full.sides[RIGHT].list_comments(there.id) == []


async def test_a_relation_that_is_told_at_its_other_end_is_in_the_plan(full: PartsWorld) -> None:
    await full.run()
    left, tasks = full.sides[LEFT], await full.tasks(LEFT)
    await left.create_relation(
        PMRelation(from_task_id=tasks["One"].id, to_task_id=tasks["Two"].id, type="relates")
    )
    await full.edit(LEFT, "Two", title="Two!")
    plan = await full.run(RunOptions(dry=True))
    assert plan.planned == {"update": 1, "relation create": 1}
    report = await full.run(RunOptions(plan_id=plan.plan_id))
    assert (report.state, report.counts["relations"]) == ("done", 1)


async def test_a_plan_says_that_the_fuse_would_hold_deletions_of_parts(full: PartsWorld) -> None:
    left, one = full.sides[LEFT], (await full.tasks(LEFT))["One"]
    said = [await left.create_comment(PMComment(task_id=one.id, body=f"No. {n}")) for n in range(9)]
    await full.run()
    for comment in said:
        await left.delete_comment(comment.id, task_id=one.id)
    plan = await full.run(RunOptions(dry=True, full=True))
    assert plan.planned == {"comment delete": 9}
    assert "9 parts of tasks would be deleted; without permission 5 may be" in plan.reason
    report = await full.run(RunOptions(plan_id=plan.plan_id, full=True, allow_deletes=True))
    assert (report.state, report.counts["delete"]) == ("done", 9)


# labels


async def test_a_label_is_a_write_of_its_own(full: PartsWorld) -> None:
    spent = await full.run(RunOptions(budget=2))  # a sprint and a label
    assert (spent.state, spent.counts["labels"], spent.counts["create"]) == ("partial", 1, 2)
    assert await full.listed(RIGHT) == []
    (label,) = [one for one in await list_writes(full.db, run_id=spent.run_id) if one.entity == "label"]
    (there,) = await full.sides[RIGHT].list_labels(full.projects[RIGHT])
    assert (label.state, label.title, label.remote_id) == ("done", "Urgent", there.id)
    for _ in range(9):
        await full.run(RunOptions(budget=1))
    assert {one.title: one.label_ids for one in await full.listed(RIGHT)} == {
        "One": [there.id], "Two": [there.id],
    }  # fmt: skip


@pytest.mark.parametrize("took_effect", [False, True])
async def test_a_run_that_died_at_a_label_is_settled(
    full: PartsWorld, monkeypatch: pytest.MonkeyPatch, took_effect: bool
) -> None:
    right, create = full.sides[RIGHT], full.sides[RIGHT].create_label

    async def dies(*args: Any, **options: Any) -> Any:
        if took_effect:
            await create(*args, **options)
        raise Death

    with monkeypatch.context() as patch, pytest.raises(Death):
        patch.setattr(right, "create_label", dies)
        await full.run()
    await full.revive()
    await full.settled()
    writes = await list_writes(full.db, mapping_id=full.mapping_id)
    states = [one.state for one in writes if one.entity == "label"]
    assert states == (["done"] if took_effect else ["done", "failed"])
    assert [one.name for one in await right.list_labels(full.projects[RIGHT])] == ["Urgent"]


async def test_a_label_that_somebody_made_meanwhile_is_taken(
    full: PartsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, create = full.sides[RIGHT], full.sides[RIGHT].create_label

    async def second(*args: Any, **options: Any) -> Any:
        await create(*args, **options)
        return await create(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(right, "create_label", second)
        report = await full.run()
    assert report.state == "done"
    (there,) = await right.list_labels(full.projects[RIGHT])
    assert {one.label_ids[0] for one in await full.listed(RIGHT)} == {there.id}


async def test_the_projects_themselves_are_in_the_plan(full: PartsWorld) -> None:
    await full.run()
    full.policy = replace(full.policy, parts=full.policy.parts | {"project"})
    await full.run()
    await full.sides[LEFT].update_project(full.projects[LEFT], {"description": "What it is about"})
    plan = await full.run(RunOptions(dry=True))
    assert plan.planned == {"project update": 1}
    await full.sides[LEFT].update_project(full.projects[LEFT], {"description": "Something else"})
    assert (await full.run(RunOptions(plan_id=plan.plan_id))).state == "refused"
    plan = await full.run(RunOptions(dry=True))
    report = await full.run(RunOptions(plan_id=plan.plan_id))
    assert (report.state, report.counts["projects"]) == ("done", 1)
    there = await full.sides[RIGHT].get_project(full.projects[RIGHT])
    assert there.description == "Something else"
