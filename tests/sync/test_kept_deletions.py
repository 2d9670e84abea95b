"""Deletions from times when deletions were not carried: a changed option does not carry them after all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pm_providers.model import PMComment
from pm_providers.sync.decisions import Act
from pm_providers.sync.engine import RunOptions
from pm_providers.sync.policy import LEFT, RIGHT, Policy

KEEPING = {"ignored": {"deletes": "ignore"}, "one way": {"direction": "to_left"}}


@pytest.fixture(params=KEEPING)
async def kept(request, make_world):
    """A task that was deleted on the left, and one that was not; all is carried both ways by now."""
    world = await make_world()
    for title in ("One", "Two"):
        await world.add(LEFT, title)
    await world.run()
    world.policy = replace(world.policy, **KEEPING[request.param])
    await world.delete(LEFT, "One")
    await world.run()
    world.policy = Policy(settle_s=0.0)
    return world


async def test_they_are_named_by_the_plan_and_not_carried(kept):
    plan = await kept.run(RunOptions(dry=True))
    (told,) = plan.decisions
    assert (told.act, told.title) == (Act.LEAVE, "One")
    assert "when deletions were not carried" in told.reason
    for full in (False, True):
        assert (await kept.run(RunOptions(full=full))).writes == 0
    assert sorted(await kept.tasks(RIGHT)) == ["One", "Two"]


async def test_those_from_then_on_are_carried(kept):
    await kept.run()
    await kept.delete(LEFT, "Two")
    await kept.settled()
    assert list(await kept.tasks(RIGHT)) == ["One"]
    await kept.edit(RIGHT, "One", title="Uno")
    await kept.settled()
    assert (list(await kept.tasks(LEFT)), list(await kept.tasks(RIGHT))) == ([], ["Uno"])


async def test_what_comes_back_is_in_step_again(kept):
    left = kept.sides[LEFT]
    (gone,) = [one for one in left.older.values() if one is not None and one.title == "One"]
    left.tasks[gone.id] = gone
    left.log.append(gone.id)
    await kept.settled()
    await kept.edit(RIGHT, "One", description="edited")
    await kept.settled()
    assert (await kept.tasks(LEFT))["One"].description == "edited"
    await kept.delete(LEFT, "One")
    await kept.settled()
    assert list(await kept.tasks(RIGHT)) == ["Two"]


@pytest.mark.parametrize("is_restored", [False, True])
async def test_nothing_is_made_of_what_was_archived_meanwhile(kept, is_restored):
    """Unless it is there again on the side where it was deleted."""
    left, right = kept.sides[LEFT], kept.sides[RIGHT]
    (gone,) = [one for one in left.older.values() if one is not None and one.title == "One"]
    there = (await kept.tasks(RIGHT))["One"]

    async def told(side, one):
        side.tasks[one.id] = one
        side.log.append(one.id)
        await kept.settled()

    await told(right, replace(there, is_archived=True))
    if is_restored:
        await told(left, gone)
    await told(right, there)
    assert sorted(await kept.tasks(LEFT)) == ["One", "Two"][not is_restored :]
    await kept.edit(RIGHT, "One", description="edited")
    await kept.settled()
    assert [one.description for one in await kept.listed(LEFT)].count("edited") == is_restored
    assert sorted(await kept.tasks(RIGHT)) == ["One", "Two"]


async def test_they_do_not_go_with_what_they_stand_below(make_world):
    world = await make_world()
    above = await world.add(LEFT, "Above")
    await world.add(LEFT, "Below", parent_task_id=above.id)
    await world.run()
    world.policy = replace(world.policy, deletes="ignore")
    await world.delete(LEFT, "Below")
    await world.run()
    world.policy = Policy(settle_s=0.0)
    await world.delete(LEFT, "Above")
    await world.settled()
    assert sorted(await world.tasks(RIGHT)) == ["Above", "Below"]


async def test_nor_are_those_of_parts(parts_world):
    world, left = parts_world, parts_world.sides[LEFT]
    world.policy = Policy(settle_s=0.0)
    task = await world.add(LEFT, "One")
    comment = await left.create_comment(PMComment(task_id=task.id, body="words"))
    await world.settled()
    world.policy = replace(world.policy, deletes="ignore")
    await left.delete_comment(comment.id)
    await world.run(RunOptions(full=True))
    world.policy = Policy(settle_s=0.0)
    for _ in range(2):
        assert (await world.run(RunOptions(full=True))).writes == 0
    there = (await world.tasks(RIGHT))["One"]
    assert len(await world.sides[RIGHT].list_comments(there.id)) == 1
    assert await left.list_comments(task.id) == []
