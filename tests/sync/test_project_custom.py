"""Custom fields of the two projects: carried like those of tasks, or named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from pm_providers.contract import unsupported
from pm_providers.errors import ValidationError
from pm_providers.model import Entity
from pm_providers.store.sync_history import list_writes
from pm_providers.store.sync_views import find_run
from pm_providers.sync.engine import RunOptions
from pm_providers.sync.parts_model import filled
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy
from pm_providers.sync.undoing import Undoing
from tests.sync.parts_world import PartsWorld

ON = Policy(parts=Policy().parts | {"project"}, settle_s=0)


@pytest.fixture
def world(parts_world: PartsWorld) -> PartsWorld:
    parts_world.policy = ON
    return parts_world


async def write(world: PartsWorld, side: str, /, **fields: Any) -> None:
    named = {name.replace("_", " "): value for name, value in fields.items()}
    await world.sides[side].update_project(world.projects[side], {"custom_fields": named})


async def said(world: PartsWorld) -> list[dict[str, Any]]:
    return [(await world.sides[side].get_project(world.projects[side])).custom_fields for side in SIDES]


async def test_they_go_both_ways(world: PartsWorld) -> None:
    await write(world, LEFT, Budget=3, Teams=["b", "a"], Begun=date(2026, 1, 5))
    await write(world, RIGHT, Cost_centre="K 7")
    plan = await world.run(RunOptions(dry=True))
    told = {step.field for one in plan.decisions for step in one.steps if one.entity == "project"}
    assert told == {"custom:Budget", "custom:Teams", "custom:Begun", "custom:Cost centre"}
    assert (await world.run(RunOptions(plan_id=plan.plan_id))).state == "done"
    left, right = await said(world)
    assert left["Cost centre"] == right["Cost centre"] == "K 7"
    assert (right["Budget"], sorted(right["Teams"]), str(right["Begun"])) == (3, ["a", "b"], "2026-01-05")
    assert (await world.run(RunOptions(full=True))).writes == 0
    await write(world, RIGHT, Budget=4)
    await write(world, LEFT, Cost_centre=None)
    await world.run()
    assert [(one.get("Budget"), one.get("Cost centre")) for one in await said(world)] == [(4, None)] * 2
    await write(world, LEFT, Cost_centre="K 7")  # as it was once: an edit all the same
    await world.run()
    assert [one.get("Cost centre") for one in await said(world)] == ["K 7"] * 2
    assert (await world.run()).writes == 0


async def test_none_is_another_number_than_zero(world: PartsWorld) -> None:
    await write(world, LEFT, Spent=0, Budget=5)
    await world.run()
    assert (await said(world))[1] == {"Spent": 0, "Budget": 5}
    await write(world, RIGHT, Budget=0)
    await world.run()
    await write(world, LEFT, Budget=None, Spent=None)
    await world.run()
    assert [filled(one) for one in await said(world)] == [{}, {}]
    assert (await world.run()).writes == 0


async def test_pairs_and_options_name_them(world: PartsWorld) -> None:
    world.policy = replace(
        ON, pairs={"custom_fields": {"Budget": "Kosten"}}, without=frozenset({"project.custom:Mine"})
    )
    await write(world, LEFT, Budget=3, Mine="x")
    await world.run()
    assert (await said(world))[1] == {"Kosten": 3}
    await write(world, RIGHT, Kosten=5)
    await world.run()
    assert (await said(world))[0] == {"Budget": 5, "Mine": "x"}
    assert not Policy.of({"without": ["project.custom:Mine"]}).carries("project", "custom:Mine", RIGHT)


async def test_both_edited_one_and_an_undo_takes_it_back(world: PartsWorld) -> None:
    await write(world, LEFT, Budget=3)
    await world.run()
    await write(world, LEFT, Budget=4)
    await write(world, RIGHT, Budget=5)
    world.policy = replace(ON, conflicts_by_field={"project.custom:Budget": "right"})
    run = await world.run()
    assert await said(world) == [{"Budget": 5}] * 2
    (one,) = await list_writes(world.db, run_id=run.run_id)
    assert one.lost["custom:Budget"]["left"] == 4
    await Undoing(world.engine(), await find_run(world.db, run.run_id)).play(dry=False)
    assert await said(world) == [{"Budget": 4}, {"Budget": 5}]


async def test_a_side_without_them_is_named(world: PartsWorld) -> None:
    right = world.sides[RIGHT]
    right._capabilities = right.capabilities.narrowed(
        fields={(Entity.PROJECT, "custom_fields"): unsupported("projects have none")}
    )
    await write(world, LEFT, Budget=3)
    report = await world.run(RunOptions(dry=True))
    (one,) = [one for one in report.decisions if one.entity == "project"] or [None]
    assert report.held["project"] == "custom:Budget: projects have none"
    assert one is None or one.held == {"custom:Budget": "projects have none"}
    await world.run()
    assert await said(world) == [{"Budget": 3}, {}]


def rejects(world: PartsWorld, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The project on the right has no such field."""
    right = world.sides[RIGHT]
    real = right.update_project

    async def picky(one: str, updates: Any, **more: Any) -> Any:
        if name in (updates.get("custom_fields") or {}):
            raise ValidationError(fields={f"custom_fields.{name}": "is unknown here"})
        return await real(one, updates, **more)

    monkeypatch.setattr(right, "update_project", picky)


async def test_one_that_is_rejected_is_not_tried_by_every_run(world: PartsWorld, monkeypatch) -> None:
    """Until somebody edits it, as with tasks; also where nothing else is to be written."""
    rejects(world, monkeypatch, "Budget")
    await write(world, LEFT, Budget=3)
    assert (await world.run()).counts["failed"] == 1
    for full in (False, True):
        report = await world.run(RunOptions(full=full))
        assert (report.state, report.counts["failed"]) == ("done", 0)
    await write(world, LEFT, Owner="Ada")
    await world.run()
    assert await said(world) == [{"Budget": 3, "Owner": "Ada"}, {"Owner": "Ada"}]
    await write(world, LEFT, Budget=4)
    assert (await world.run()).counts["failed"] == 1
    await write(world, RIGHT, Owner="Eve")
    assert (await world.run()).counts["failed"] == 0
    assert await said(world) == [{"Budget": 4, "Owner": "Eve"}, {"Owner": "Eve"}]


async def test_one_that_is_rejected_keeps_no_other_back(world: PartsWorld, monkeypatch) -> None:
    """The systems tell which fields there are only when one is written."""
    world.policy = replace(ON, pairs={"custom_fields": {"Budget": "Kosten"}})
    rejects(world, monkeypatch, "Kosten")
    await write(world, LEFT, Budget=3, Owner="Ada")
    report = await world.run()
    assert (await said(world))[1] == {"Owner": "Ada"}
    assert report.counts["failed"] == 0
    assert await said(world) == [{"Budget": 3, "Owner": "Ada"}, {"Owner": "Ada"}]


async def test_death_at_any_write_loses_nothing(world: PartsWorld) -> None:
    await world.run()
    for steps in range(1, 80, 3):
        await write(world, RIGHT, Budget=steps)
        died = await world.dies(steps)
        await write(world, RIGHT, Budget=-steps)
        await world.run()
        await world.run()
        assert await said(world) == [{"Budget": -steps}] * 2
        if not died:
            return
    raise AssertionError("it never came to its end")
