"""Runs as people start them: guards, narrowing, conflicts, cost, and input that nobody wishes for."""

from __future__ import annotations

from typing import Any

import pytest

from pm_providers.errors import AuthenticationError, ConflictError, NotFoundError
from pm_providers.store.sync_history import list_conflicts, list_runs, list_writes, resolve_conflict
from pm_providers.store.sync_state import BLOCKED, OK, get_state, take_lease
from pm_providers.sync.engine import RunOptions
from pm_providers.sync.policy import LEFT, RIGHT
from tests.sync.scenarios import Make
from tests.sync.world import World


async def _many(world: World, count: int) -> None:
    for number in range(count):
        await world.add(LEFT, f"T{number}", description="d")


async def test_a_run_without_edits_asks_each_side_what_changed_and_nothing_else(world: World) -> None:
    """However many items there are."""
    await _many(world, 30)
    await world.run()
    world.fate.calls = []
    report = await world.run()
    assert (report.writes, world.fate.calls) == (0, ["changes", "changes"])


async def test_cost_follows_the_number_of_edits(world: World) -> None:
    """Each edit is looked at once across and written once."""
    await _many(world, 30)
    await world.run()
    for number in range(3):
        await world.edit(LEFT, f"T{number}", priority="high")
    world.fate.calls = []
    await world.run()
    assert (world.fate.calls.count("get_task"), world.fate.calls.count("update_task")) == (3, 3)


async def test_the_budget_bounds_what_is_written_and_runs_go_on(world: World) -> None:
    """Of ten items four a run are made."""
    await _many(world, 10)
    reports = [await world.run(RunOptions(budget=4)) for _ in range(4)]
    assert [one.counts["create"] for one in reports] == [4, 4, 2, 0]
    assert [one.state for one in reports] == ["partial", "partial", "done", "done"]


async def test_the_fuse_stops_deletions_until_they_are_allowed(make_world: Make) -> None:
    """Nothing at all is written by a run that would delete too much; `sync status` can say why."""
    world = await make_world(fuse_least=3, fuse_share=0.2)
    await _many(world, 10)
    await world.run()
    for number in range(4):
        await world.delete(LEFT, f"T{number}")
    await world.edit(LEFT, "T9", title="T9 new")
    report = await world.run()
    state = await get_state(world.db, world.mapping_id)
    assert (report.state, report.writes, len(await world.tasks(RIGHT))) == ("refused", 0, 10)
    assert state is not None
    assert (state.state, "4 of 10" in str(state.problem), bool(state.next_step)) == (BLOCKED, True, True)
    report = await world.run(RunOptions(allow_deletes=True))
    assert (report.counts["delete"], len(await world.tasks(RIGHT))) == (4, 6)


async def test_the_fuse_stops_overwriting(make_world: Make) -> None:
    """A mistake on one side does not run over the other."""
    world = await make_world(fuse_overwrite_least=2, fuse_overwrite_share=0.3)
    await _many(world, 6)
    await world.run()
    for number in range(3):
        await world.edit(LEFT, f"T{number}", description="gone wrong")
    assert (await world.run()).state == "refused"
    assert {task.description for task in await world.listed(RIGHT)} == {"d"}


async def test_a_plan_is_approved_by_its_id(world: World) -> None:
    """What changed since makes it stale."""
    await _many(world, 1)
    plan = await world.run(RunOptions(dry=True))
    assert (plan.state, plan.planned, await world.tasks(RIGHT)) == ("planned", {"create": 1}, {})
    await world.edit(LEFT, "T0", description="other")
    assert (await world.run(RunOptions(plan_id=plan.plan_id))).state == "refused"
    plan = await world.run(RunOptions(dry=True))
    assert (await world.run(RunOptions(plan_id=plan.plan_id))).counts["create"] == 1


async def test_a_run_for_some_fields_leaves_the_others_undecided(world: World) -> None:
    """They are carried by the next run, and nothing is made or deleted meanwhile."""
    await _many(world, 1)
    await world.run()
    await world.edit(LEFT, "T0", title="T0 new", description="new")
    await world.add(LEFT, "later")
    await world.run(RunOptions(fields=frozenset({"title"})))
    assert [(one.title, one.description) for one in await world.listed(RIGHT)] == [("T0 new", "d")]
    await world.run()
    assert await world.outline(LEFT) == await world.outline(RIGHT)


async def test_a_run_for_some_items_leaves_the_others(world: World) -> None:
    """By ids of either side."""
    await _many(world, 3)
    one = (await world.tasks(LEFT))["T1"]
    await world.run(RunOptions(only=frozenset({one.id})))
    assert list(await world.tasks(RIGHT)) == ["T1"]


async def test_a_conflict_waits_for_people_where_they_want_to_decide(make_world: Make) -> None:
    """Other fields go on; what people chose is carried, and the loser is in the history."""
    world = await make_world(conflicts="manual")
    await _many(world, 1)
    await world.run()
    await world.edit(LEFT, "T0", title="left", priority="high")
    await world.edit(RIGHT, "T0", title="right")
    await world.run()
    assert [(one.title, one.priority) for one in await world.listed(RIGHT)] == [("right", "high")]
    assert (await world.run()).writes == 0
    (conflict,) = await list_conflicts(world.db, world.mapping_id)
    assert (conflict.left_value, conflict.right_value) == ({"value": "left"}, {"value": "right"})
    assert await resolve_conflict(world.db, conflict.id, RIGHT)
    await world.run()
    assert list(await world.tasks(LEFT)) == ["right"]
    assert await list_conflicts(world.db, world.mapping_id) == []
    assert "'left'" in await world.history()


async def test_a_conflict_ends_where_people_make_both_sides_say_the_same(make_world: Make) -> None:
    """Nobody needs to resolve it then."""
    world = await make_world(conflicts="manual")
    await _many(world, 1)
    await world.run()
    await world.edit(LEFT, "T0", title="left")
    await world.edit(RIGHT, "T0", title="right")
    await world.run()
    await world.edit(LEFT, "left", title="right")
    await world.run()
    assert await list_conflicts(world.db, world.mapping_id) == []


@pytest.mark.parametrize("deletes", ["close", "detach", "ignore"])
async def test_deleted_items_are_treated_as_the_policy_says(make_world: Make, deletes: str) -> None:
    """And are decided about once."""
    world = await make_world(deletes=deletes)
    await _many(world, 1)
    await world.run()
    await world.delete(LEFT, "T0")
    await world.run()
    status = {"close": "cancelled"}.get(deletes, "todo")
    assert [one.status for one in await world.listed(RIGHT)] == [status]
    assert (await world.listed(LEFT), (await world.run()).counts) == ([], {})


async def test_one_way_leaves_what_is_made_across(make_world: Make) -> None:
    """Until people change their minds; then it is taken up without being edited."""
    world = await make_world(direction="to_right")
    await world.add(RIGHT, "theirs")
    await world.add(LEFT, "ours")
    await world.run()
    assert (list(await world.tasks(LEFT)), (await world.run()).counts) == (["ours"], {})
    world.policy = type(world.policy)()
    await world.run()
    assert sorted(await world.tasks(LEFT)) == ["ours", "theirs"]


async def test_two_runs_of_a_mapping_exclude_each_other(world: World) -> None:
    """The second says who runs the first."""
    await take_lease(world.db, world.mapping_id, "ada:1", 60)
    with pytest.raises(ConflictError, match="ada:1"):
        await world.run()


async def test_a_project_that_vanished_blocks_the_mapping_with_a_next_step(world: World) -> None:
    """Nothing is deleted across for it."""
    await _many(world, 2)
    await world.run()
    world.projects[LEFT] = "gone"
    with pytest.raises(NotFoundError):
        await world.run()
    state = await get_state(world.db, world.mapping_id)
    assert state is not None
    assert (state.state, "restore the project" in str(state.next_step)) == (BLOCKED, True)
    assert len(await world.tasks(RIGHT)) == 2
    world.projects[LEFT] = "1"
    await world.run()
    state = await get_state(world.db, world.mapping_id)
    assert (state is not None and state.state, state and state.problem) == (OK, None)


async def test_a_revoked_token_blocks_the_mapping_with_a_next_step(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was done before it is recorded."""
    await _many(world, 2)

    async def refused(*_: Any, **__: Any) -> Any:
        raise AuthenticationError("the token was revoked")

    monkeypatch.setattr(world.sides[RIGHT], "_create_task", refused)
    with pytest.raises(AuthenticationError):
        await world.run()
    state = await get_state(world.db, world.mapping_id)
    assert state is not None
    assert (state.state, "renew the credentials" in str(state.next_step)) == (BLOCKED, True)
    assert [one.state for one in await list_runs(world.db, world.mapping_id)] == ["failed"]
    assert {one.state for one in await list_writes(world.db, mapping_id=world.mapping_id)} == {"failed"}


async def test_one_bad_item_does_not_stop_the_others(world: World) -> None:
    """It is tried again, and its problem stands with it."""
    await _many(world, 3)
    world.sides[RIGHT].refuses = lambda fields: {"title": "no"} if fields.get("title") == "T1" else {}
    report = await world.run()
    assert (report.state, sorted(await world.tasks(RIGHT))) == ("partial", ["T0", "T2"])
    world.sides[RIGHT].refuses = lambda fields: {}
    await world.run()
    assert sorted(await world.tasks(RIGHT)) == ["T0", "T1", "T2"]


async def test_deep_hierarchies_and_long_texts_are_carried(world: World) -> None:
    """Three hundred levels, a megabyte."""
    parent = None
    for number in range(300):
        parent = (await world.add(LEFT, f"L{number:03}", parent_task_id=parent)).id
    await world.edit(LEFT, "L000", description=("long line\n" * 100_000).rstrip())
    report = await world.run(RunOptions(holder="x"))
    assert (report.state, report.counts["create"]) == ("done", 300)
    assert await world.outline(LEFT) == await world.outline(RIGHT)


async def test_full_runs_find_what_was_deleted_without_a_word(world: World) -> None:
    """Where a system forgets to tell."""
    await _many(world, 6)
    await world.run()
    left = world.sides[LEFT]
    gone = next(iter(left.tasks))
    del left.tasks[gone]
    assert (await world.run()).counts["delete"] == 0
    assert (await world.run(RunOptions(full=True))).counts["delete"] == 1


async def test_first_contact_pairs_what_is_the_same_and_doubles_nothing(world: World) -> None:
    """By title below the same parent; what could be several is left to people."""
    for side in (LEFT, RIGHT):
        parent = await world.add(side, "Same parent")
        await world.add(side, "Child", parent_task_id=parent.id)
        await world.add(side, "Twin")
    await world.add(LEFT, "Twin")
    report = await world.run()
    assert (report.writes, len(report.doubtful)) == (0, 3)
    assert len(await world.listed(LEFT)) == 4
    assert len(await world.listed(RIGHT)) == 3


async def test_items_below_linked_parents_are_paired_by_later_runs(world: World) -> None:
    """The same task made on both sides below the same parent is not doubled."""
    await world.add(LEFT, "P")
    await world.run()
    for side in (LEFT, RIGHT):
        await world.add(side, "Child", parent_task_id=(await world.tasks(side))["P"].id)
    assert (await world.run()).counts["create"] == 0


async def test_equal_items_that_a_dead_run_made_are_all_found_again(world: World) -> None:
    """Equal titles are interchangeable: none is doubled, none is left in doubt."""
    for _ in range(3):
        await world.add(LEFT, "Review")
    world.fate.faults = ["after"]
    with pytest.raises(Exception, match="the connection broke"):
        await world.run()
    await world.settled()
    assert [task.title for task in await world.listed(RIGHT)] == ["Review"] * 3
    assert len(await world.listed(LEFT)) == 3
