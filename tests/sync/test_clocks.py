"""Systems whose clocks differ: times break ties that the policy leaves to them, and say how sure they are."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pm_providers.store.sync_history import list_conflicts, list_writes
from pm_providers.sync.policy import LEFT, RIGHT, SIDES
from tests.sync.scenarios import Make


@pytest.mark.parametrize("skewed", SIDES)
async def test_the_winner_of_a_tie_does_not_depend_on_a_clock_that_is_a_little_wrong(
    make_world: Make, skewed: str
) -> None:
    world = await make_world(tie=RIGHT)
    await world.add(LEFT, "T", description="a")
    await world.run()
    world.sides[skewed].skew = timedelta(seconds=90)
    await world.edit(LEFT, "T", description="b")
    await world.edit(RIGHT, "T", description="c")
    await world.settled()
    for side in SIDES:
        assert (await world.tasks(side))["T"].description == "c"
    (clash,) = await list_conflicts(world.db, world.mapping_id, state=None)
    assert (clash.state, clash.decision) == ("resolved", RIGHT)
    assert clash.note == "edited within 120 s, by clocks that may differ by as much: the right wins"


async def test_a_clock_that_is_wrong_by_more_than_is_allowed_for_costs_no_edit(make_world: Make) -> None:
    """It wins what it should not, the note says by what, and what lost stands in the history."""
    world = await make_world(tie=RIGHT)
    await world.add(LEFT, "T", description="a")
    await world.run()
    world.sides[LEFT].skew = timedelta(hours=1)
    await world.edit(LEFT, "T", description="b")
    await world.edit(RIGHT, "T", description="c")  # later, as a matter of fact
    await world.settled()
    (clash,) = await list_conflicts(world.db, world.mapping_id, state=None)
    assert (clash.decision, clash.right_value) == (LEFT, {"value": "c"})
    assert str(clash.note).endswith(" s later, by clocks that may differ by 120 s")
    (write, *_) = await list_writes(world.db, mapping_id=world.mapping_id)
    assert (write.lost or {})["description"]["note"] == clash.note
    assert (write.lost or {})["description"][RIGHT] == "c"


async def test_each_sides_own_order_decides_what_is_an_edit_and_not_its_time(make_world: Make) -> None:
    """A clock that goes backwards hides no edit, and a clock that is ahead makes no edit of what is none."""
    world = await make_world(conflicts="manual")
    world.sides[LEFT].skew = timedelta(days=2)
    await world.add(LEFT, "T", description="a")
    await world.run()
    world.sides[LEFT].skew = timedelta(days=-2)
    await world.edit(LEFT, "T", description="b")
    await world.settled()
    assert (await world.tasks(RIGHT))["T"].description == "b"
    assert (await world.run()).writes == 0
    assert await list_conflicts(world.db, world.mapping_id, state=None) == []
