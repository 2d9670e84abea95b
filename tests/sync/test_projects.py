"""The two projects themselves: in step only where people asked for it, by the rules of tasks."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pm_providers.contract import unsupported
from pm_providers.errors import ValidationError
from pm_providers.model import Entity, PMUser
from pm_providers.store.sync_history import list_conflicts, list_writes
from pm_providers.store.sync_views import find_run
from pm_providers.sync.engine import RunOptions
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy
from pm_providers.sync.undoing import Undoing
from tests.sync.parts_world import PartsWorld

ON = Policy().parts | {"project"}


@pytest.fixture
def world(parts_world: PartsWorld) -> Any:
    parts_world.policy = Policy(parts=ON, settle_s=0)
    return parts_world


async def project(world: Any, side: str) -> Any:
    return await world.sides[side].get_project(world.projects[side])


async def write(world: Any, side: str, **values: Any) -> None:
    await world.sides[side].update_project(world.projects[side], values)


async def said(world: Any, *names: str) -> list[tuple[Any, ...]]:
    both = [await project(world, side) for side in SIDES]
    return [tuple(getattr(one, name) for name in names) for one in both]


async def test_they_stay_as_they_are_unless_somebody_asks(world: Any) -> None:
    """An administrator of the other system may own that name."""
    world.policy = Policy()
    await write(world, LEFT, description="ours", name="Ours")
    await world.run()
    await world.run(RunOptions(full=True))
    assert await said(world, "name", "description") == [("Ours", "ours"), ("Same", None)]


async def test_edits_go_both_ways_field_by_field(world: Any) -> None:
    """What is empty at first is filled; then each side's edits are carried, in every run."""
    await write(world, LEFT, description="ours", start_date=date(2026, 1, 5))
    await write(world, RIGHT, priority="high")
    await world.run()
    both = ("ours", date(2026, 1, 5), "high")
    assert await said(world, "description", "start_date", "priority") == [both, both]
    await write(world, LEFT, name="Renamed")
    await write(world, RIGHT, description="theirs", start_date=None)
    report = await world.run()
    assert (report.counts["projects"], report.writes) == (2, 2)
    assert await said(world, "name", "description", "start_date") == [("Renamed", "theirs", None)] * 2
    assert (await world.run()).writes == 0
    assert (await world.run(RunOptions(full=True))).writes == 0


async def test_the_plan_says_so_and_its_run_does_that(world: Any) -> None:
    """Named as an entity of its own."""
    await world.run()
    await write(world, LEFT, name="Renamed", description="new")
    plan = await world.run(RunOptions(dry=True))
    (one,) = [one for one in plan.decisions if one.entity == "project"]
    assert (one.side, [(step.field, step.new) for step in one.steps]) == (
        RIGHT,
        [("name", "Renamed"), ("description", "new")],
    )
    assert plan.planned["project update"] == 1
    await write(world, LEFT, description="newer")
    assert (await world.run(RunOptions(plan_id=plan.plan_id))).state == "refused"
    plan = await world.run(RunOptions(dry=True))
    assert (await world.run(RunOptions(plan_id=plan.plan_id))).writes == 1
    assert await said(world, "description") == [("newer",), ("newer",)]


async def test_both_edited_one_field(world: Any) -> None:
    """As the options say; what loses stands in the history. Texts merge by lines."""
    await write(world, LEFT, description="one\n\ntwo\n\nthree")
    await world.run()
    await write(world, LEFT, name="Left", description="one left\n\ntwo\n\nthree")
    await write(world, RIGHT, name="Right", description="one\n\ntwo\n\nthree right")
    world.policy = Policy(parts=ON, conflicts_by_field={"project.name": "right"}, settle_s=0)
    await world.run()
    merged = "one left\n\ntwo\n\nthree right"
    assert await said(world, "name", "description") == [("Right", merged)] * 2
    found = await list_conflicts(world.db, world.mapping_id, state=None)
    assert {one.field: (one.left_value, one.state) for one in found}["name"] == (
        {"value": "Left"},
        "resolved",
    )
    assert (await world.run()).writes == 0


async def test_nobody_decides_but_people(world: Any) -> None:
    """`manual`: until it is resolved, each side keeps its own."""
    world.policy = Policy(parts=ON, conflicts="manual", settle_s=0)
    await world.run()
    await write(world, LEFT, name="Left")
    await write(world, RIGHT, name="Right")
    await world.run()
    assert await said(world, "name") == [("Left",), ("Right",)]
    (conflict,) = await list_conflicts(world.db, world.mapping_id)
    await world.decide(conflict.id, RIGHT)
    await world.run()
    assert await said(world, "name") == [("Right",), ("Right",)]
    assert await list_conflicts(world.db, world.mapping_id) == []


async def test_what_a_side_cannot_hold_is_named_and_stays(world: Any) -> None:
    """And survives the round trip."""
    right = world.sides[RIGHT]
    right._capabilities = right.capabilities.narrowed(
        fields={(Entity.PROJECT, "priority"): unsupported("projects have no priority")}
    )
    await write(world, LEFT, priority="high", description="d")
    report = await world.run()
    assert report.held["project"] == "priority: projects have no priority"
    await write(world, RIGHT, description="theirs")
    await world.run()
    assert await said(world, "description", "priority") == [("theirs", "high"), ("theirs", None)]


async def test_a_side_whose_projects_cannot_be_written_is_only_read(world: Any) -> None:
    """Its fields are carried to the other."""
    await write(world, RIGHT, description="theirs")
    right = world.sides[RIGHT]
    right._capabilities = right.capabilities.narrowed(
        operations={"update_project": unsupported("for administrators")}
    )
    await world.run()
    await write(world, LEFT, name="Renamed")
    report = await world.run()
    assert await said(world, "name", "description") == [("Renamed", "theirs"), ("Same", "theirs")]
    assert "for administrators" in report.held["project"]
    assert (await world.run()).writes == 0


async def test_single_fields_can_be_left_out_or_have_one_direction(world: Any) -> None:
    """And what was edited meanwhile is carried when they are in step again."""
    out = {"without": frozenset({"project.name"}), "directions": {"project.description": "to_right"}}
    await world.run()
    world.policy = Policy(parts=ON, settle_s=0, **out)
    await write(world, LEFT, name="Ours")
    await write(world, RIGHT, description="theirs")
    await world.run()
    await world.run()
    assert await said(world, "name", "description") == [("Ours", None), ("Same", "theirs")]
    world.policy = Policy(parts=ON, settle_s=0)
    await world.run()
    assert await said(world, "name", "description") == [("Ours", "theirs")] * 2


async def test_who_answers_for_it(world: Any) -> None:
    """The same person on both sides; who is nobody there is named and stays."""
    ids = {
        side: (await world.sides[side].create_user(PMUser(name="Ada", email="a@x.org"))).id for side in SIDES
    }
    only = (await world.sides[LEFT].create_user(PMUser(name="Bob", email="b@x.org"))).id
    await write(world, LEFT, owner_id=ids[LEFT])
    await world.run()
    assert await said(world, "owner_id") == [(ids[LEFT],), (ids[RIGHT],)]
    await write(world, LEFT, owner_id=only)
    report = await world.run()
    assert "owner_id: nobody there" in report.held["project"]
    assert await said(world, "owner_id") == [(only,), (ids[RIGHT],)]
    await write(world, RIGHT, owner_id=None)
    await world.run()
    assert await said(world, "owner_id") == [(None,), (None,)]


async def test_a_project_is_archived_by_people_only(world: Any) -> None:
    """Nothing more could be written to it then."""
    await world.run()
    await write(world, LEFT, status="archived")
    report = await world.run()
    assert "archived by people" in report.held["project"]
    assert (await project(world, RIGHT)).status == "active"


async def test_an_undo_writes_the_old_values_back(world: Any) -> None:
    """Unless somebody edited them since."""
    await write(world, RIGHT, description="before")
    await world.run()
    await write(world, LEFT, name="Renamed", description="new")
    run = await world.run()
    (one,) = await list_writes(world.db, run_id=run.run_id)
    assert (one.before["description"], one.after["description"]) == ("before", "new")
    assert (one.entity, run.counts["projects"]) == ("project", 1)
    await write(world, RIGHT, name="Edited since")
    undone = await Undoing(world.engine(), await find_run(world.db, run.run_id)).play(dry=False)
    assert (await project(world, RIGHT)).description == "before"
    assert (await project(world, RIGHT)).name == "Edited since"
    assert undone.counts["update"] == 1
    await world.run()
    assert (await project(world, RIGHT)).description == "before"


async def test_death_at_any_write_loses_nothing(world: Any) -> None:
    """Our own write is never taken for somebody's edit."""
    await world.run()
    for steps in range(1, 80, 2):
        await write(world, RIGHT, name=f"first {steps}")
        died = await world.dies(steps)
        await write(world, RIGHT, name=f"second {steps}")
        await world.run()
        await world.run()
        assert await said(world, "name") == [(f"second {steps}",)] * 2
        if not died:
            return
    raise AssertionError("it never came to its end")


def test_options_name_fields_of_the_project() -> None:
    """And only those that there are."""
    policy = Policy.of({"parts": ["project", "comments"], "without": ["project.name"]})
    assert not policy.carries("project", "name", LEFT)
    assert "project" not in Policy().parts
    with pytest.raises(ValidationError, match=r"project\.owner_id"):
        Policy.of({"without": ["project.key"]})
