"""What a run asks of each vendor's sandbox, in requests that were really sent: never more than it must."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine as SqlEngine

from pm_providers import BasePMProvider, PMTask
from pm_providers.store import add_connection, add_mapping
from pm_providers.sync.engine import Engine, RunReport
from pm_providers.sync.policy import SIDES, Policy
from tests.conformance.asana_harness import AsanaHarness
from tests.conformance.clickup_harness import ClickUpHarness
from tests.conformance.harnesses import InternalSqliteHarness, OpenProjectHarness
from tests.conformance.jira_harness import JiraHarness
from tests.conformance.trello_harness import TrelloHarness

COUNT = 130
LATER_S = 3600.0

AROUND = {"jira": 13, "clickup": 16, "asana": 13, "trello": 3, "openproject": 13}
"""Requests around the tasks of a first run: the site and whose the credential is, the project, and one for each
kind of thing that is needed to translate: statuses, priorities, types, people, labels, fields."""

PAGE = {"jira": 100, "clickup": 100, "asana": 100, "trello": 1000, "openproject": 100}
BATCH = {"jira": 50, "clickup": 1, "asana": 10, "trello": 1, "openproject": 1}
READ_BACK = {"jira": 100, "clickup": 16}
"""Tasks that are read back at once where the answer of a creation does not tell how they came out."""

EACH_EDIT = {"jira": 5, "clickup": 4, "asana": 4, "trello": 5, "openproject": 4}
"""Requests for an edit that is carried to the vendor: the task is read, written, and read again."""


class Place:
    """A sandbox on the right, the internal database on the left; a provider as a new process makes it."""

    def __init__(self, name: str, db: SqlEngine, left: Any, right: Any, stack: AsyncExitStack) -> None:
        self.name, self.db, self.left, self.right, self._stack = name, db, left, right, stack
        self.mapping_id = ""
        self.projects = ("", "")
        self.right_provider: BasePMProvider = right.provider
        self.policy = Policy(parts=(), fuse_overwrite_share=1.0)

    async def opened(self) -> Place:
        ours, theirs = await self.left.make_project(), await self.right.make_project()
        names = (f"{self.name} {ours.id} {side}" for side in SIDES)
        left, right = [await add_connection(self.db, one, "internal") for one in names]
        config = {"left_connection": left.id}
        mapping = await add_mapping(self.db, ours.id, right.id, theirs.id, sync_config=config)
        self.mapping_id, self.projects = mapping.id, (ours.id, theirs.id)
        await self.another_process()
        return self

    async def another_process(self) -> None:
        """Nothing is known of the vendor any more, and nothing was asked yet."""
        self.right_provider = await self.right.open()
        self._stack.push_async_callback(self.right_provider.aclose)

    async def filled(self, side: int, count: int) -> list[PMTask]:
        provider = (self.left.provider, self.right.provider)[side]
        made = await provider.create_tasks(
            [
                PMTask(title=f"T{one}", description=f"text *{one}*", project_id=self.projects[side])
                for one in range(count)
            ]
        )
        assert made.ok
        await self.later()
        return list(made.items)

    async def later(self) -> None:
        await self.right.settle()
        self.right.sandbox.clock.advance(LATER_S)

    async def run(self, **options: Any) -> tuple[int, RunReport]:
        """Requests that a run sent, and what it reports."""
        sides = (self.left.provider, self.right_provider)
        policy = Policy(**options) if options else self.policy
        self.right.sandbox.log.clear()
        report = await Engine(self.db, self.mapping_id, *sides, self.projects, policy).run()
        assert report.state == "done" or not report.writes, (report.state, report.reason)
        return len(self.right.sandbox.log), report

    async def edited(self, side: int, tasks: list[PMTask], text: str) -> None:
        provider = (self.left.provider, self.right.provider)[side]
        for one in tasks:
            await provider.update_task(one.id, {"title": f"{one.title} {text}"})
        await self.right.settle()


HARNESSES = {
    "jira": JiraHarness,
    "clickup": ClickUpHarness,
    "asana": AsanaHarness,
    "trello": TrelloHarness,
    "openproject": OpenProjectHarness,
}


@asynccontextmanager
async def opened(name: str, db: SqlEngine, folder: Path) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        sides = []
        for side, kind in (("left", InternalSqliteHarness), ("right", HARNESSES[name])):
            (folder / side).mkdir()
            one = kind(folder / side)
            await one.start()
            stack.push_async_callback(one.stop)
            one.provider = await stack.enter_async_context(await one.open())
            sides.append(one)
        yield await Place(name, db, sides[0], sides[1], stack).opened()


@pytest.fixture(params=sorted(HARNESSES))
async def place(request: pytest.FixtureRequest, sync_db: SqlEngine, tmp_path: Path) -> AsyncIterator[Place]:
    async with opened(request.param, sync_db, tmp_path) as found:
        yield found


async def test_from_a_vendor_each_page_is_read_once_and_an_idle_run_asks_twice(place: Place) -> None:
    made = await place.filled(1, COUNT)
    requests, report = await place.run()
    assert report.counts["create"] == COUNT
    assert requests <= ceil(COUNT / PAGE[place.name]) + AROUND[place.name]

    assert (await place.run())[0] <= 2, "right after the first run"
    await place.another_process()
    assert (await place.run())[0] <= 2, "in another process"
    await place.later()
    assert (await place.run())[0] <= 2, "when all has settled"

    for count in (1, 8):
        await place.edited(1, made[:count], f"again {count}")
        requests, report = await place.run()
        assert report.counts["update"] == count
        assert requests <= AROUND[place.name] + 1, "a page of changes holds them all"
        await place.later()
        await place.run()

    await place.right.provider.delete_task(made[0].id)
    await place.right.settle()
    deletes = 0
    for _ in range(2):
        deletes += (await place.run())[1].counts["delete"]
    assert deletes == 1, "a deletion is found by its number, at the latest by the second run"


async def test_to_a_vendor_batches_are_full_and_what_was_made_is_read_once_more(place: Place) -> None:
    made = await place.filled(0, COUNT)
    requests, report = await place.run()
    assert report.counts["create"] == COUNT
    back = READ_BACK.get(place.name)
    least = ceil(COUNT / BATCH[place.name]) + (0 if back is None else ceil(COUNT / back))
    assert requests <= least + AROUND[place.name] + 12, "and what a first creation asks of its place"

    requests, report = await place.run()
    assert (report.writes, requests <= 4 + 2 * ceil(COUNT / 10)) == (0, True)
    await place.later()
    await place.run()
    assert (await place.run())[0] <= 2

    before, _ = await place.run()
    costs = []
    for count in (2, 8):
        await place.edited(0, made[:count], f"again {count}")
        requests, report = await place.run()
        assert report.counts["update"] == count
        costs.append(requests)
        await place.later()
        await place.run()
    assert costs[1] - costs[0] <= 6 * EACH_EDIT[place.name], costs
    assert costs[0] <= before + AROUND[place.name] + 2 * EACH_EDIT[place.name], costs


async def test_with_all_parts_an_idle_run_asks_twice_as_well(place: Place) -> None:
    await place.filled(1, 3)
    await place.run(fuse_overwrite_share=1.0)
    await place.later()
    await place.run(fuse_overwrite_share=1.0)
    await place.another_process()
    assert (await place.run(fuse_overwrite_share=1.0))[0] <= 2
