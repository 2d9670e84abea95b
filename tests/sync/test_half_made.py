"""An item of whose making a run died, and that somebody edited before the next run found it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pm_providers.contract import mapped
from pm_providers.model import PMStatus
from pm_providers.sync.policy import LEFT, RIGHT
from tests.sync.play import PlayProvider
from tests.sync.world import World

WORDS = {"title": "One", "description": "text", "status": "in_progress", "estimated_hours": 3.0}


async def half_made(world: World, **missing: Any) -> Any:
    """Id on the right of an item that was made without some fields, by a run that died then."""
    await world.add(LEFT, **WORDS)
    right: PlayProvider = world.sides[RIGHT]
    for steps in range(1, 20):
        await world.dies(steps)
        if right.tasks:
            break
    (made,) = right.tasks.values()
    assert made.status == "in_progress"
    right.tasks[made.id] = replace(made, **missing)
    return made.id


async def said(world: World, *names: str) -> list[list[Any]]:
    return [
        [getattr(one, name) for name in names] for side in (LEFT, RIGHT) for one in await world.listed(side)
    ]


@pytest.mark.parametrize(
    ("missing", "edits"),
    [
        ({"description": None}, {"estimated_hours": 5.0}),
        ({"status": "todo"}, {"title": "Renamed"}),
        ({"estimated_hours": None}, {"status": "completed"}),
    ],
)
async def test_what_was_not_written_yet_is_no_edit(
    world: World, missing: dict[str, Any], edits: dict[str, Any]
) -> None:
    one = await half_made(world, **missing)
    await world.sides[RIGHT].update_task(one, edits)
    await world.settled()
    assert await said(world, *WORDS) == [[{**WORDS, **edits}[name] for name in WORDS]] * 2
    assert (await world.run()).writes == 0


async def test_what_differs_otherwise_is_one(world: World) -> None:
    one = await half_made(world)
    await world.sides[RIGHT].update_task(one, {"status": "completed", "description": "more text"})
    await world.settled()
    assert await said(world, "status", "description") == [["completed", "more text"]] * 2


@pytest.mark.parametrize(("there", "found"), [("blocked", "in_progress"), ("todo", "todo")])
async def test_a_system_may_tell_what_new_items_get(
    world: World, monkeypatch: pytest.MonkeyPatch, there: str, found: str
) -> None:
    right = world.sides[RIGHT]

    async def offered(*_: Any) -> list[PMStatus]:
        names = ("todo", "blocked", "in_progress", "completed")
        return [PMStatus(one, one, one, is_default=one == "blocked") for one in names]

    operations = {**right.capabilities.operations, "list_statuses": mapped("four of them")}
    right._capabilities = replace(right.capabilities, operations=operations)
    monkeypatch.setattr(right, "_list_statuses", offered)
    one = await half_made(world, status=there)
    await right.update_task(one, {"title": "Renamed"})
    await world.settled()
    assert await said(world, "title", "status") == [["Renamed", found]] * 2
