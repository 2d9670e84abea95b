"""Lists of tasks: complete, filtered by the system, several pages at a time."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from pm_providers import (
    NotFoundError,
    PMTask,
    ValidationError,
)
from tests.providers.openproject.support import World, connected, create

FULL = {
    "description": "# Plan\n\n- [ ] one\n- [x] two\n\n| a | b |\n|---|---|\n| 1 | 2 |",
    "status": "in_progress",
    "priority": "high",
    "type": "Bug",
    "estimated_hours": 40.0,
    "start_date": date(2026, 12, 1),
    "due_date": date(2026, 12, 10),
}

# lists


async def test_lists_have_open_and_closed_and_no_subprojects(provider, world):
    made = [await create(provider, world, status=status) for status in ("todo", "completed", "cancelled")]
    below = await provider.create_task(PMTask(title="Below", project_id=world.child))
    ids = [task.id for task in await provider.list_tasks(world.main)]
    assert ids == [task.id for task in made]
    assert below.id in {task.id for task in await provider.list_tasks()}
    assert [task.id for task in await provider.list_tasks("main")] == ids, "the identifier works too"


async def test_subprojects_are_dropped_where_the_parameter_is_unknown(world):
    world = World("12.0")
    async with connected(world.box) as provider:
        own = await create(provider, world)
        await provider.create_task(PMTask(title="Below", project_id=world.child))
        assert [task.id for task in await provider.list_tasks(world.main)] == [own.id]


async def test_filters(provider, world):
    mine = await create(provider, world, "Mine", assignee_id=world.ann, status="completed")
    planned = await create(provider, world, "Planned", sprint_id=world.sprint)
    await create(provider, world, "Other")

    async def ids(**conditions):
        return [task.id for task in await provider.list_tasks(world.main, **conditions)]

    assert await ids(assignee_id=world.ann) == [mine.id]
    assert await ids(assignee_id="ann") == [mine.id], "the login works too"
    assert await ids(sprint_id=world.sprint) == [planned.id]
    assert await ids(status="completed") == await ids(status="Closed") == [mine.id]
    assert await ids(status="completed", assignee_id=world.ben) == []
    assert await ids(assignee_id=world.zoe) == [], "no member: the server refuses the filter, nobody is meant"
    assert await ids(sprint_id=world.foreign_sprint) == []
    assert await ids(sprint_id="4711") == []
    assert [task.id for task in await provider.list_tasks(sprint_id=world.sprint)] == [planned.id]
    with pytest.raises(ValidationError, match="nonsense"):
        await ids(status="nonsense")
    with pytest.raises(NotFoundError):
        await provider.list_tasks("nowhere")
    with pytest.raises(NotFoundError):
        await provider.list_tasks("99999")


async def test_updated_since(provider, world):
    clock = world.box.clock
    clock.freeze()
    old = await create(provider, world, "Old")
    clock.advance(3600)
    since = clock.now()
    fresh = await create(provider, world, "Fresh")
    assert [task.id for task in await provider.list_tasks(world.main, updated_since=since)] == [fresh.id]
    assert len(await provider.list_tasks(world.main, updated_since=old.updated_at)) == 2, "inclusive"
    assert len(await provider.list_tasks(world.main, updated_since=datetime.min.replace(tzinfo=UTC))) == 2


async def test_all_pages_come_and_several_at_a_time(world):
    async with connected(world.box, page_size=7, concurrency=4) as provider:
        await provider.create_tasks([PMTask(title=f"T{n}", project_id=world.main) for n in range(50)])
        world.box.latency_ms = 1
        world.box.log.clear()
        tasks = await provider.list_tasks(world.main)
        assert [task.title for task in tasks] == [
            task.title for task in sorted(tasks, key=lambda one: int(one.id))
        ]
        assert len({task.id for task in tasks}) == 50
        assert world.box.log.count("GET", "/work_packages$") == 8
        assert 1 < world.box.log.max_in_flight <= 4
        world.box.log.clear()
        assert len(await provider.list_tasks(world.main, limit=5)) == 5
        [only] = world.box.log.select("GET", "/work_packages$")
        assert "pageSize=5" in only.query
        world.box.log.clear()
        assert len([task async for task in provider.iter_tasks(world.main)]) == 50
        assert world.box.log.max_in_flight == 1, "one page in memory"


async def test_a_page_size_that_the_server_cuts_down_loses_nothing(world):
    world.box.state.settings["max_page_size"] = 4
    async with connected(world.box, page_size=100) as provider:
        await provider.create_tasks([PMTask(title=f"T{n}", project_id=world.main) for n in range(10)])
        assert len(await provider.list_tasks(world.main)) == 10


async def test_search(provider, world):
    made = await create(provider, world, "Needle in a haystack")
    text = await create(provider, world, "Other", description="a needle too", status="completed")
    assert {task.id for task in await provider.search_tasks("needle")} == {made.id, text.id}
    assert [task.id for task in await provider.search_tasks("needle", project_id=world.other)] == []
