"""A conflict about the projects, or about what stands around tasks, ends when there is nothing to decide."""

from __future__ import annotations

from typing import Any

import pytest

from pm_providers.errors import PermissionDeniedError, ValidationError
from pm_providers.model import PMChecklist
from pm_providers.store.sync_history import list_conflicts
from pm_providers.sync.engine import RunOptions
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy
from tests.sync.parts_world import PartsWorld

FULL = RunOptions(full=True)


async def named(world: PartsWorld, **names: str) -> None:
    for side, name in names.items():
        await world.sides[side].update_project(world.projects[side], {"name": name})


async def refused_once(world: PartsWorld, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """A run in which the right takes no name of its project."""

    async def refuses(*_: Any, **__: Any) -> Any:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(world.sides[RIGHT], "update_project", refuses)
        await world.run()
    assert await list_conflicts(world.db, world.mapping_id) == []


@pytest.mark.parametrize(
    ("then", "found"),
    [
        ({}, "Left"),  # it succeeds later
        ({"right": "Left"}, "Left"),  # both say the same by then
        ({"right": "Base"}, "Left"),
        ({"left": "Base", "right": "Base"}, "Base"),  # both say again what was agreed on
    ],
)
@pytest.mark.parametrize("error", [PermissionDeniedError("no"), ValidationError("no", fields={"name": "no"})])
async def test_a_name_that_could_not_be_written_is_no_conflict_for_ever(
    parts_world: PartsWorld, monkeypatch, then: dict[str, str], found: str, error: Exception
) -> None:
    world = parts_world
    world.policy = Policy(parts=Policy().parts | {"project"}, settle_s=0)
    await named(world, left="Base", right="Base")
    await world.run()
    await named(world, left="Left", right="Right")
    await refused_once(world, monkeypatch, error)
    await named(world, **then)
    await world.run()
    assert await list_conflicts(world.db, world.mapping_id) == []
    assert {(await world.sides[side].get_project(world.projects[side])).name for side in SIDES} == {found}
    assert (await world.run()).writes == 0


async def test_what_won_and_could_not_be_written_wins_over_nothing_newer(
    parts_world: PartsWorld, monkeypatch
) -> None:
    """A rule decided, not people: it decides anew."""
    world = parts_world
    world.policy = Policy(parts=Policy().parts | {"project"}, settle_s=0, uncertainty_s=0)
    await named(world, left="Base", right="Base")
    await world.run()
    await named(world, right="Right", left="Left")
    await refused_once(world, monkeypatch, PermissionDeniedError("no"))
    await named(world, right="Newer")
    await world.run()
    assert {(await world.sides[side].get_project(world.projects[side])).name for side in SIDES} == {"Newer"}


async def test_what_people_decided_is_theirs_also_when_it_could_not_be_written(
    parts_world: PartsWorld, monkeypatch
) -> None:
    world = parts_world
    world.policy = Policy(parts=Policy().parts | {"project"}, settle_s=0, conflicts="manual")
    await world.run()
    await named(world, left="Left", right="Right")
    await world.run()
    (one,) = await list_conflicts(world.db, world.mapping_id)
    await world.decide(one.id, LEFT)

    async def refuses(*_: Any, **__: Any) -> Any:
        raise PermissionDeniedError("no")

    with monkeypatch.context() as patch:
        patch.setattr(world.sides[RIGHT], "update_project", refuses)
        await world.run()
    (one,) = await list_conflicts(world.db, world.mapping_id)
    assert one.decision == LEFT
    await world.run()
    assert await list_conflicts(world.db, world.mapping_id) == []
    assert {(await world.sides[side].get_project(world.projects[side])).name for side in SIDES} == {"Left"}


@pytest.fixture
async def disputed(parts_world: PartsWorld) -> Any:
    """Two names of one checklist, and nobody who decides: what writes them, what deletes them."""
    world = parts_world
    world.policy = Policy(conflicts="manual", settle_s=0)
    one = await world.add(LEFT, "One")
    await world.sides[LEFT].create_checklist(PMChecklist(name="Base", task_id=one.id))
    await world.run()

    async def each(**acts: str | None) -> None:
        for side, name in acts.items():
            task = (await world.tasks(side))["One"]
            (there,) = await world.sides[side].list_checklists(task.id)
            if name is None:
                await world.sides[side].delete_checklist(there.id, task_id=task.id)
            else:
                await world.sides[side].update_checklist(there.id, {"name": name}, task_id=task.id)

    await each(left="Left", right="Right")
    await world.run(FULL)
    assert len(await list_conflicts(world.db, world.mapping_id)) == 1
    return world, each


@pytest.mark.parametrize(
    "acts",
    [{"left": "Base", "right": "Base"}, {"left": None, "right": None}, {"right": "Base", "left": None}],
)
async def test_what_says_the_same_again_or_is_gone_is_no_conflict(
    disputed: Any, acts: dict[str, Any]
) -> None:
    world, each = disputed
    await each(**acts)
    await world.run(FULL)
    assert await list_conflicts(world.db, world.mapping_id) == []


async def test_neither_is_what_fell_out_of_step(disputed: Any) -> None:
    world, each = disputed
    world.policy = Policy(conflicts="manual", settle_s=0, deletes="detach")
    await each(right="Base", left=None)
    await world.run(FULL)
    assert await list_conflicts(world.db, world.mapping_id) == []
