"""Fields that were out of step and come in again: what differed meanwhile is decided then, at the next run."""

from __future__ import annotations

from typing import Any

import pytest

from pm_providers.store.sync_history import list_conflicts
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy
from tests.sync.scenarios import Make

_OUT = (
    {"without": frozenset({"description"})},
    {"fields": frozenset({"title", "priority"})},
    {"directions": {"description": "to_right"}},
)


async def _out_of_step(make_world: Make, **options: Any) -> Any:
    world = await make_world(**options)
    await world.add(LEFT, "T", description="first", priority="low")
    await world.settled()
    return world


@pytest.mark.parametrize("options", _OUT)
async def test_an_edit_that_waited_is_carried_when_the_field_is_back(make_world: Make, options: Any) -> None:
    """Nobody edits it again."""
    world = await _out_of_step(make_world)
    world.policy = Policy(**options)
    await world.edit(RIGHT, "T", description="theirs")
    await world.settled()
    assert (await world.tasks(LEFT))["T"].description == "first"
    world.policy = Policy()
    await world.settled()
    assert [(await world.tasks(side))["T"].description for side in SIDES] == ["theirs", "theirs"]
    assert (await world.run()).writes == 0


@pytest.mark.parametrize("options", _OUT[:2])
async def test_edits_of_both_sides_meanwhile_are_a_conflict(make_world: Make, options: Any) -> None:
    """As if both had been edited now; what loses stands in the history."""
    world = await make_world()
    await world.add(LEFT, "T", description="first")
    await world.settled()
    world.policy = Policy(**options)
    await world.run()
    await world.edit(LEFT, "T", description="ours")
    await world.run()
    await world.edit(RIGHT, "T", description="theirs", priority="high")
    await world.settled()
    assert (await world.tasks(LEFT))["T"].priority == "high"
    world.policy = Policy(conflicts="right")
    await world.settled()
    assert (await world.tasks(LEFT))["T"].description == "theirs"
    assert "ours" in await world.history()
    (conflict,) = await list_conflicts(world.db, world.mapping_id, state=None)
    assert conflict.base_value == {"value": "first"}


async def test_what_was_made_without_a_field_gets_it(make_world: Make) -> None:
    """On creation it was left out."""
    world = await _out_of_step(make_world, without=frozenset({"description"}))
    assert (await world.tasks(RIGHT))["T"].description is None
    world.policy = Policy()
    await world.settled()
    assert (await world.tasks(RIGHT))["T"].description == "first"


async def test_what_is_out_of_step_costs_nothing(make_world: Make) -> None:
    """Neither is it looked at in each run, nor does it stop others."""
    world = await _out_of_step(make_world, without=frozenset({"description"}))
    await world.edit(RIGHT, "T", description="theirs")
    await world.settled()
    world.fate.calls.clear()
    report = await world.run()
    assert report.decisions == []
    assert "get_task" not in world.fate.calls
    await world.edit(RIGHT, "T", title="U")
    await world.settled()
    assert (await world.tasks(LEFT))["U"].description == "first"


async def test_the_only_direction_wins_with_a_word(make_world: Make) -> None:
    """What the other side said stands in the history."""
    world = await _out_of_step(make_world, directions={"description": "to_right"})
    await world.edit(RIGHT, "T", description="theirs")
    await world.settled()
    await world.edit(LEFT, "T", description="ours")
    await world.settled()
    assert (await world.tasks(RIGHT))["T"].description == "ours"
    assert "theirs" in await world.history()
