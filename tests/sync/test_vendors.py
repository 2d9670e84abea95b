"""The same engine between our database and each vendor's sandbox, and between vendors."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from pm_providers.errors import PMError
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy
from pm_providers.testing import ProviderHarness
from tests.conformance.asana_harness import AsanaHarness
from tests.conformance.clickup_harness import ClickUpHarness
from tests.conformance.harnesses import InternalSqliteHarness, OpenProjectHarness
from tests.conformance.jira_harness import JiraHarness
from tests.conformance.redmine_harness import RedmineHarness
from tests.conformance.trello_harness import TrelloHarness
from tests.sync.world import World

PAIRS = (
    pytest.param((InternalSqliteHarness, OpenProjectHarness), id="internal-openproject"),
    pytest.param((InternalSqliteHarness, RedmineHarness), id="internal-redmine", marks=pytest.mark.redmine),
    pytest.param((InternalSqliteHarness, JiraHarness), id="internal-jira"),
    pytest.param((InternalSqliteHarness, AsanaHarness), id="internal-asana"),
    pytest.param((InternalSqliteHarness, TrelloHarness), id="internal-trello"),
    pytest.param((InternalSqliteHarness, ClickUpHarness), id="internal-clickup"),
    pytest.param((AsanaHarness, OpenProjectHarness), id="asana-openproject"),
    pytest.param((TrelloHarness, ClickUpHarness), id="trello-clickup"),
)


class Pair:
    """Two systems with a project each, in step."""

    def __init__(self, db: Engine, stack: AsyncExitStack, harnesses: Sequence[ProviderHarness]) -> None:
        self.db = db
        self.stack = stack
        self.harnesses = dict(zip(SIDES, harnesses, strict=True))

    async def open(self) -> World:
        projects = []
        for one in self.harnesses.values():
            await one.start()
            self.stack.push_async_callback(one.stop)
            one.provider = await self.stack.enter_async_context(await one.open())
            projects.append((await one.make_project()).id)
        sides = tuple(one.provider for one in self.harnesses.values())
        policy = Policy(conflicts="left", settle_s=0.0, uncertainty_s=0.0)
        return await World(self.db, (sides[0], sides[1]), policy).open((projects[0], projects[1]))

    async def settled(self, world: World) -> list[tuple[str, str]]:
        """Titles with those of their parents, the same on both sides; a further run writes nothing."""
        for _ in range(4):
            for one in self.harnesses.values():
                await one.settle()
            await world.run()
        for one in self.harnesses.values():
            await one.settle()
        report = await world.run()
        assert report.writes == 0, (report.counts, report.decisions)
        left, right = await places(world, LEFT), await places(world, RIGHT)
        assert left == right
        return left


async def places(world: World, side: str) -> list[tuple[str, str]]:
    """Titles with those of their parents."""
    tasks = await world.listed(side)
    titles = {task.id: task.title for task in tasks}
    return sorted((task.title, titles.get(task.parent_task_id or "", "")) for task in tasks)


@pytest.mark.parametrize("pair", PAIRS)
async def test_a_life_in_step(pair: Any, sync_db: Engine, tmp_path: Path) -> None:
    """Made on both sides, edited on both, with an answer lost and a death between; then deleted."""
    async with AsyncExitStack() as stack:
        folders = [tmp_path / side for side in SIDES]
        for one in folders:
            one.mkdir()
        both = Pair(sync_db, stack, [kind(folder) for kind, folder in zip(pair, folders, strict=True)])
        world = await both.open()
        await world.add(LEFT, "First", description="one\n\ntwo\n\nthree")
        await world.add(RIGHT, "Second", description="text")
        world.fate.faults = ["after"]
        with suppress(PMError):
            await world.run()
        assert await both.settled(world) == [("First", ""), ("Second", "")]

        await world.edit(LEFT, "First", description="one left\n\ntwo\n\nthree")
        await world.edit(RIGHT, "First", description="one\n\ntwo\n\nthree right", priority="high")
        await world.edit(RIGHT, "Second", title="Second, renamed")
        await world.dies(9)
        assert [title for title, _ in await both.settled(world)] == ["First", "Second, renamed"]
        for side in SIDES:
            text = (await world.tasks(side))["First"].description or ""
            assert "one left" in text, side
            assert "three right" in text, side

        await world.delete(RIGHT, "Second, renamed")
        assert await both.settled(world) == [("First", "")]
