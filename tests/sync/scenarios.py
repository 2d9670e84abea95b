"""What an engine must do, as small stories: sound engines pass all, each broken one fails at least one.

Each story opens its own world with `make` (keywords are options of the policy) and raises AssertionError.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping

from pm_providers.errors import ConflictError, PMError
from pm_providers.sync.policy import LEFT, RIGHT
from tests.sync.world import World

Make = Callable[..., Awaitable[World]]
Story = Callable[[Make], Awaitable[None]]


async def _in_step(make: Make, **options: object) -> World:
    """A world with one task on both sides."""
    world = await make(**options)
    await world.add(LEFT, "T", description="one\n\ntwo\n\nthree", priority="low")
    await world.run()
    assert await world.outline(LEFT) == await world.outline(RIGHT)
    return world


async def _same(world: World) -> list[tuple[object, ...]]:
    """Both sides say the same, and stay as they are; what they say."""
    report = await world.settled()
    assert report.writes == 0, report.counts
    left, right = await world.outline(LEFT), await world.outline(RIGHT)
    assert left == right, f"{left}\n{right}"
    return left


async def _titles(world: World) -> list[object]:
    return [row[0] for row in await _same(world)]


async def an_answer_is_lost(make: Make) -> None:
    """The item was made, nobody was told, and it was renamed since: it is not made again."""
    world = await make(settle_s=3600.0)
    await world.add(LEFT, "T", description="d")
    world.fate.faults = ["after"]
    with contextlib.suppress(PMError):
        await world.run()
    await world.edit(RIGHT, "T", title="T renamed")
    assert await _titles(world) == ["t renamed"]


async def an_edit_comes_between(make: Make) -> None:
    """What was edited after it was read is not overwritten unseen."""
    world = await _in_step(make, conflicts="right")
    await world.edit(LEFT, "T", title="left")

    async def meanwhile() -> None:
        await world.edit(RIGHT, "T", title="right")

    world.fate.meanwhile = {3: meanwhile}
    await world.run()
    assert await _titles(world) == ["right"]


async def an_edit_comes_after_the_last_look(make: Make) -> None:
    """Systems with versions refuse the write then."""
    world = await _in_step(make, conflicts="right")
    await world.edit(LEFT, "T", title="left")

    async def meanwhile() -> None:
        assert world.fate.calls[-1] == "update_task"
        await world.edit(RIGHT, "T", title="right")

    world.fate.meanwhile = {4: meanwhile}
    await world.run()
    assert await _titles(world) == ["right"]


async def another_field_is_edited_meanwhile(make: Make) -> None:
    """What a write answers besides what was sent are edits of people."""
    world = await _in_step(make)
    await world.edit(LEFT, "T", title="left")

    async def meanwhile() -> None:
        await world.edit(RIGHT, "T", priority="high")

    world.fate.meanwhile = {3: meanwhile}
    await world.run()
    assert (await _same(world))[0][3] == "high"


async def a_side_holds_less(make: Make) -> None:
    """What one side cannot hold is no edit: it does not come back."""
    world = await make()
    world.sides[RIGHT].lossy = True
    await world.add(LEFT, "Mixed Case", estimated_hours=2.25, priority="highest")
    await _same(world)
    tasks = await world.tasks(LEFT)
    assert list(tasks) == ["Mixed Case"]
    task = tasks["Mixed Case"]
    assert (task.estimated_hours, task.priority) == (2.25, "highest")
    await world.edit(LEFT, "Mixed Case", title="Other Case", estimated_hours=3.25)
    await _same(world)
    assert (await world.tasks(LEFT))["Other Case"].estimated_hours == 3.25


async def it_dies_and_people_go_on(make: Make) -> None:
    """At each await that writes: our own write is never taken for somebody's edit."""
    for steps in range(1, 200, 2):  # death before a write is death after the one before
        world = await _in_step(make, conflicts="left")
        await world.edit(RIGHT, "T", title="first")
        died = await world.dies(steps)
        await world.edit(RIGHT, "first", title="second")
        assert await _titles(world) == ["second"], f"dead after {steps}"
        if not died:
            return


async def it_dies_and_people_think_again(make: Make) -> None:
    """At each await that writes: a value that was taken back is taken back on both sides."""
    for steps in range(1, 200, 2):  # death before a write is death after the one before
        world = await _in_step(make)
        await world.edit(RIGHT, "T", title="first")
        died = await world.dies(steps)
        await world.edit(RIGHT, "first", title="T")
        assert await _titles(world) == ["t"], f"dead after {steps}"
        if not died:
            return


async def it_dies_while_it_merges(make: Make) -> None:
    """At each await that writes: both edits of a text are there in the end."""
    for steps in range(1, 200, 2):  # death before a write is death after the one before
        world = await _in_step(make)
        await world.edit(LEFT, "T", description="one left\n\ntwo\n\nthree")
        await world.edit(RIGHT, "T", description="one\n\ntwo\n\nthree right")
        died = await world.dies(steps)
        assert (await _same(world))[0][1] == "one left\n\ntwo\n\nthree right", f"dead after {steps}"
        if not died:
            return


async def it_dies_while_it_creates(make: Make) -> None:
    """At each await that writes: everything is there once, in its place."""
    for steps in range(1, 200, 2):  # death before a write is death after the one before
        world = await make()
        parent = await world.add(LEFT, "P")
        await world.add(LEFT, "C", parent_task_id=parent.id)
        await world.add(RIGHT, "R")
        died = await world.dies(steps)
        assert [(row[0], row[6]) for row in await _same(world)] == [("c", "p"), ("p", ""), ("r", "")], steps
        if not died:
            return


async def it_dies_while_it_deletes(make: Make) -> None:
    """At each await that writes: it is gone on both sides."""
    for steps in range(1, 200, 2):  # death before a write is death after the one before
        world = await _in_step(make)
        await world.delete(LEFT, "T")
        died = await world.dies(steps)
        assert await _same(world) == [], f"dead after {steps}"
        if not died:
            return


async def a_list_is_late(make: Make) -> None:
    """A list that tells what was before our own write tells no edit."""
    world = await _in_step(make)
    await world.edit(RIGHT, "T", title="new")
    left = world.sides[LEFT]

    report = await world.run()
    assert report.counts["update"] == 1, report.counts
    left.late = set(left.tasks)
    report = await world.run()
    assert report.counts["update"] == 0, report.counts
    assert await _titles(world) == ["new"]


async def a_list_shows_ghosts(make: Make) -> None:
    """A list that tells of an item that we deleted makes nothing."""
    world = await _in_step(make)
    await world.delete(RIGHT, "T")
    left = world.sides[LEFT]

    async def meanwhile() -> None:
        left.late = set(left.log)

    world.fate.meanwhile = dict.fromkeys(range(5, 12), meanwhile)
    report = await world.run()
    assert report.counts["create"] == 0, report.counts
    assert await _same(world) == []


async def something_new_stands_below(make: Make) -> None:
    """What nobody deleted does not go with what it stands below."""
    world = await _in_step(make)
    parent = (await world.tasks(RIGHT))["T"]
    await world.add(RIGHT, "new", parent_task_id=parent.id)
    await world.delete(LEFT, "T")
    assert [(row[0], row[6]) for row in await _same(world)] == [("new", "t"), ("t", "")]


async def moves_make_a_circle(make: Make) -> None:
    """Each move alone is possible and both are not: one wins, the other is in the history."""
    for winner in (LEFT, RIGHT):
        world = await _in_step(make, conflicts=winner)
        await world.add(LEFT, "U")
        await world.run()
        left, right = await world.tasks(LEFT), await world.tasks(RIGHT)
        await world.edit(LEFT, "T", parent_task_id=left["U"].id)
        await world.edit(RIGHT, "U", parent_task_id=right["T"].id)
        expected = [("t", "u"), ("u", "")] if winner == LEFT else [("t", ""), ("u", "t")]
        assert [(row[0], row[6]) for row in await _same(world)] == expected
        lost = right["T"].id if winner == LEFT else left["U"].id
        assert lost in await world.history()


async def a_move_waits_for_another(make: Make) -> None:
    """Who won must wait until a move across is taken back: that is no conflict for people."""
    world = await _in_step(make, conflicts=LEFT)
    for title in ("U", "V"):
        await world.add(LEFT, title)
    await world.run()
    left, right = await world.tasks(LEFT), await world.tasks(RIGHT)
    await world.edit(LEFT, "T", parent_task_id=left["U"].id)
    await world.edit(RIGHT, "U", parent_task_id=right["T"].id)
    await world.edit(RIGHT, "T", parent_task_id=right["V"].id)
    assert [(row[0], row[6]) for row in await _same(world)] == [("t", "u"), ("u", ""), ("v", "")]


async def a_parent_comes_later(make: Make) -> None:
    """What stands below an item that could not be made is put there when it can."""
    world = await make()
    parent = await world.add(LEFT, "P")
    await world.add(LEFT, "C", parent_task_id=parent.id)
    world.sides[RIGHT].refuses = lambda fields: {"title": "not this"} if fields.get("title") == "P" else {}
    report = await world.run()
    assert (report.state, report.counts["create"]) == ("partial", 1)
    assert list(await world.tasks(RIGHT)) == ["C"]
    world.sides[RIGHT].refuses = lambda fields: {}
    assert [(row[0], row[6]) for row in await _same(world)] == [("c", "p"), ("p", "")]


async def it_was_deleted_and_edited(make: Make) -> None:
    """An edit is not lost to a deletion across."""
    world = await _in_step(make)
    await world.delete(LEFT, "T")
    await world.edit(RIGHT, "T", title="T edited")
    assert await _titles(world) == ["t edited"]


async def a_frozen_run_wakes_up(make: Make) -> None:
    """A run that another took over from writes nothing more."""
    world = await _in_step(make)
    await world.edit(LEFT, "T", title="new")

    async def meanwhile() -> None:
        calls, world.fate.calls = world.fate.calls, []
        await world.revive()
        await world.run()
        assert world.fate.calls.count("update_task") == 1
        world.fate.calls = calls

    world.fate.meanwhile = {3: meanwhile}
    try:
        await world.run()
    except ConflictError:
        assert "update_task" not in world.fate.calls
        return
    raise AssertionError("it went on")


STORIES: Mapping[str, Story] = {
    one.__name__: one
    for one in (
        an_answer_is_lost,
        an_edit_comes_between,
        an_edit_comes_after_the_last_look,
        another_field_is_edited_meanwhile,
        a_side_holds_less,
        it_dies_and_people_go_on,
        it_dies_and_people_think_again,
        it_dies_while_it_merges,
        it_dies_while_it_creates,
        it_dies_while_it_deletes,
        a_list_is_late,
        a_list_shows_ghosts,
        something_new_stands_below,
        moves_make_a_circle,
        a_move_waits_for_another,
        a_parent_comes_later,
        it_was_deleted_and_edited,
        a_frozen_run_wakes_up,
    )
}
