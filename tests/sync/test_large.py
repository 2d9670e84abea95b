"""What a run of a large project holds in memory, and that it keeps its lease meanwhile."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine as SqlEngine

from pm_providers import PMProject, PMTask
from pm_providers.contract import ChangePage, PMProviderConfig
from pm_providers.database import Database, database_for
from pm_providers.providers.internal import InternalProvider
from pm_providers.store import add_connection, add_mapping
from pm_providers.store.sync_links import count_links
from pm_providers.store.sync_state import get_state, take_lease
from pm_providers.sync import planning, report
from pm_providers.sync.alive import kept_alive
from pm_providers.sync.decisions import Act, Decision, Step
from pm_providers.sync.engine import Engine
from pm_providers.sync.policy import LEFT, RIGHT, Policy
from tests.sync.play import PlayProvider
from tests.sync.world import World, memory_database

LESS, MORE = 600, 1_800
"""Tasks of a small run and of a large one; both are more than anything that a run has at hand at once."""

_PAGE = 100
_AT = datetime(2026, 1, 1, tzinfo=UTC)


class Endless(PlayProvider):
    """Tells of tasks that it makes up as it goes, so that it holds none."""

    def __init__(self, prefix: str, count: int) -> None:
        super().__init__(prefix)
        self.count = count

    def _task(self, number: int) -> PMTask:
        above = f"{self.prefix}{number // 10 * 10}" if number % 10 else None
        return PMTask(
            id=f"{self.prefix}{number}", title=f"Task {number}", project_id="1", parent_task_id=above,
            description="what is to be done " * 5, version="1", status="todo", updated_at=_AT,
        )  # fmt: skip

    async def _changes(self, project_id: str, cursor: str | None, limit: int | None) -> ChangePage:
        start = int(cursor or 0)
        end = min(start + _PAGE, self.count)
        return ChangePage([self._task(one) for one in range(start, end)], [], str(end), end < self.count)

    async def _get_task(self, task_id: str) -> PMTask | None:
        return self._task(int(task_id[len(self.prefix) :]))


class Weighed(Database):
    """Notes the most that is held in memory when something is written."""

    def __init__(self, inner: Database) -> None:
        self._inner = inner
        self.most = 0
        self.wrote = asyncio.Event()

    async def _run(self, work: Any, *, write: bool) -> Any:
        if write:
            self.most = max(self.most, sys.getallocatedblocks())
            result = await self._inner.write(work)
            self.wrote.set()
            return result
        return await self._inner.read(work)


@pytest.fixture
def new_db() -> Callable[[], SqlEngine]:
    """Databases in memory: what they hold is not counted."""
    return memory_database


async def blocks(db: SqlEngine, left: Any, right: Any, project: str) -> int:
    """Blocks of memory that a first run of two projects needs at most."""
    here, there = [await add_connection(db, name, "internal") for name in ("here", "there")]
    mapping = await add_mapping(db, "1", there.id, project, sync_config={"left_connection": here.id})
    weighed = Weighed(database_for(db))
    engine = Engine(weighed, mapping.id, left, right, ("1", project), Policy(parts=frozenset()))
    gc.collect()
    before = sys.getallocatedblocks()
    assert (await engine.run()).state == "done"
    counts = await weighed.read(lambda conn: count_links(conn, mapping.id))
    assert counts == {("task", "linked", False): left.count}
    return weighed.most - before


async def test_a_first_run_holds_no_more_for_more_tasks(
    new_db: Callable[[], SqlEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it reads, plans and makes passes through; lists for people and references have bounds."""
    monkeypatch.setattr(report, "_KEPT", 100)
    monkeypatch.setattr(planning, "_REFERENCES", 100)

    async def made(count: int) -> int:
        db = new_db()
        async with InternalProvider(PMProviderConfig("internal"), database_for(db)) as right:
            project = await right.create_project(PMProject(name="There"))
            return await blocks(db, Endless("l", count), right, str(project.id))

    await made(LESS)  # modules and statements are made once
    less, more = await made(LESS), await made(MORE)
    assert more < 1.25 * less


async def test_full_sides_are_paired_without_their_texts(new_db: Callable[[], SqlEngine]) -> None:
    """What is kept of each item are numbers, which are no blocks of their own."""

    async def paired(count: int) -> int:
        return await blocks(new_db(), Endless("l", count), Endless("r", count), "1")

    await paired(LESS)
    less, more = await paired(LESS), await paired(MORE)
    assert more < 1.25 * less


def test_a_report_holds_as_much_text_as_has_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is counted."""
    monkeypatch.setattr(report, "_KEPT_TEXT", 100)
    found = report.RunReport()
    for size in (40, 40, 40, 1):
        found.keep(Decision(Act.UPDATE, "1", RIGHT, steps=(Step("description", "", "x" * size),)))
    assert [len(one.steps[0].new) for one in found.decisions] == [40, 40]


def test_a_report_lists_as_many_doubts_as_have_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is counted."""
    monkeypatch.setattr(report, "_DOUBTS", 2)
    found = report.RunReport()
    for one in "abcd":
        found.doubt(one, "why")
    assert (found.doubtful, found.more_doubtful) == ({"a": "why", "b": "why"}, 2)


async def test_nothing_is_created_for_doubts_that_no_report_lists(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor are they counted anew in each round."""
    monkeypatch.setattr(report, "_DOUBTS", 1)
    for side, count in ((LEFT, 2), (RIGHT, 3)):
        for _ in range(count):
            await world.add(side, "Same")
    await world.add(LEFT, "Other")
    found = await world.run()
    assert (len(found.doubtful), found.more_doubtful, found.writes) == (1, 4, 1)
    assert [len(await world.listed(side)) for side in (LEFT, RIGHT)] == [3, 4]


async def test_a_run_that_waits_for_long_keeps_its_lease(world: World) -> None:
    """Also while it writes nothing."""
    fence = await take_lease(world.db, world.mapping_id, "us", 0.0)
    assert fence is not None
    before = await get_state(world.db, world.mapping_id)
    db = Weighed(database_for(world.db))
    async with kept_alive(db, world.mapping_id, fence, every_s=0.0):
        await db.wrote.wait()
    now = await get_state(world.db, world.mapping_id)
    assert before is not None
    assert now is not None
    assert (now.lease_until or 0.0) > (before.lease_until or 0.0) + 100


async def test_a_run_that_was_taken_over_keeps_nobody_out(world: World) -> None:
    """Its signs of life end, and nothing else happens by them."""
    fence = await take_lease(world.db, world.mapping_id, "us", -1.0)
    theirs = await take_lease(world.db, world.mapping_id, "them", -1.0)
    assert fence is not None
    assert theirs is not None
    before = await get_state(world.db, world.mapping_id)
    async with kept_alive(database_for(world.db), world.mapping_id, fence, every_s=0.0):
        for _ in range(20):
            await asyncio.sleep(0)
    assert await get_state(world.db, world.mapping_id) == before
