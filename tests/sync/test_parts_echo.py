"""What a run wrote to parts of tasks before it ended early is no edit of anybody."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from pm_providers.errors import PMError
from pm_providers.model import PMComment, PMSprint
from pm_providers.store.sync_history import list_conflicts
from pm_providers.sync.engine import RunOptions
from pm_providers.sync.policy import LEFT, RIGHT, Policy
from tests.sync.parts_world import PartsWorld
from tests.sync.world import Death

FULL = RunOptions(full=True)


@pytest.fixture
def world(parts_world: PartsWorld) -> Any:
    parts_world.policy = Policy(settle_s=0, conflicts="right")
    return parts_world


async def _cut_short(world: Any, steps: int | None) -> bool:
    """A run whose first answer got lost, or that died after so many awaits that write; whether it went wrong."""
    world.fate.faults, world.fate.left = (["after"], None) if steps is None else ([], steps)
    wrong = True
    with contextlib.suppress(Death, PMError):
        report = await world.run(FULL)
        wrong = bool(report.counts["unsure"])
    await world.revive()
    return wrong


@pytest.mark.parametrize("steps", [None, *range(9, 19)])
async def test_a_comment_that_is_edited_again(world: Any, steps: int | None) -> None:
    """The first edit arrived, and nobody was told; the second is the only one that there is."""
    task = await world.add(LEFT, "one")
    made = await world.sides[LEFT].create_comment(PMComment(task_id=task.id, body="text"))
    await world.run()
    await world.sides[LEFT].update_comment(made.id, {"body": "first"}, task_id=task.id)
    assert await _cut_short(world, steps) or steps is not None
    await world.sides[LEFT].update_comment(made.id, {"body": "second"}, task_id=task.id)
    for _ in range(2):
        await world.run(FULL)
    there = (await world.tasks(RIGHT))["one"]
    (copy,) = await world.sides[RIGHT].list_comments(there.id)
    assert copy.body.endswith("\n\nsecond")
    assert [one.body for one in await world.sides[LEFT].list_comments(task.id)] == ["second"]
    assert await list_conflicts(world.db, world.mapping_id, state=None) == []
    assert (await world.run(FULL)).writes == 0


async def test_a_sprint_that_is_renamed_again(world: Any) -> None:
    """The same of what belongs to the project."""
    made = await world.sides[LEFT].create_sprint(PMSprint(name="one", project_id=world.projects[LEFT]))
    await world.run()
    await world.sides[LEFT].update_sprint(made.id, {"name": "first"})
    assert await _cut_short(world, None)
    await world.sides[LEFT].update_sprint(made.id, {"name": "second"})
    for _ in range(2):
        await world.run(FULL)
    names = [one.name for one in await world.sides[RIGHT].list_sprints(world.projects[RIGHT])]
    assert names == ["second"]
    assert await list_conflicts(world.db, world.mapping_id, state=None) == []
