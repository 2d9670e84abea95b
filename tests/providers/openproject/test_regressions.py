"""Faults that were found once and must not come back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from pm_providers import OpenProjectProvider, PMTask
from tests.providers.openproject.support import Pause, World, config, create


class Between(httpx2.AsyncBaseTransport):
    """A network on which something happens right after one answer."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner
        self._plans: list[tuple[tuple[str, ...], Callable[[], Any]]] = []

    def after(self, *parts: str, do: Callable[[], Any]) -> None:
        """Do something once, after the first request whose line holds all parts."""
        self._plans.append((parts, do))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        line = f"{request.method} {request.url.path} {request.url.query.decode()}&"
        answer = await self._inner.handle_async_request(request)
        for plan in [one for one in self._plans if all(part in line for part in one[0])]:
            self._plans.remove(plan)
            plan[1]()
        return answer


@asynccontextmanager
async def meddled(world: World, **options: Any) -> AsyncIterator[tuple[OpenProjectProvider, Between]]:
    box = world.box
    network = Between(box.transport())
    settings = config(
        box.settings["OPENPROJECT_URL"],
        box.settings["OPENPROJECT_API_KEY"],
        **{"sprint_source": "version", **options},
    )
    async with OpenProjectProvider(settings, transport=network, timing=Pause().timing()) as provider:
        yield provider, network


async def aged(provider: OpenProjectProvider, world: World, count: int) -> list[str]:
    """Ids of new tasks, created a minute after each other."""
    ids = []
    for number in range(count):
        ids.append((await create(provider, world, f"T{number}")).id)
        world.box.clock.advance(60)
    return ids


def remove(world: World, *ids: str) -> None:
    """Tasks deleted by somebody else."""
    for one in ids:
        world.box.state.work_packages.remove(int(one))


class TestListsThatShrinkWhileTheyAreRead:
    async def test_a_task_that_slipped_to_a_page_read_before_is_found(self, world: World) -> None:
        async with meddled(world, page_size=2) as (provider, network):
            ids = await aged(provider, world, 7)
            network.after("/work_packages", "&offset=1&", do=lambda: remove(world, ids[0]))
            assert sorted([one.id async for one in provider.iter_tasks(world.main)]) == sorted(ids)

    async def test_also_where_pages_are_fetched_at_once(self, world: World) -> None:
        async with meddled(world, page_size=2) as (provider, network):
            ids = await aged(provider, world, 9)
            network.after("/work_packages", "&offset=2&", do=lambda: remove(world, ids[0], ids[1]))
            found = [one.id for one in await provider.list_tasks(world.main)]
            assert set(ids[2:]) <= set(found)
            assert len(found) == len(set(found))

    async def test_tasks_deleted_while_they_are_iterated_are_all_met(self, world: World) -> None:
        async with meddled(world, page_size=2) as (provider, _):
            ids = await aged(provider, world, 11)
            met = []
            async for one in provider.iter_tasks(world.main):
                met.append(one.id)
                await provider.delete_task(one.id)
            assert sorted(met) == sorted(ids)
            assert await provider.list_tasks(world.main) == []


async def drained(
    provider: OpenProjectProvider, world: World, cursor: str | None, limit: int | None = None
) -> tuple[set[str], set[str], str]:
    """Upserted ids, deleted ids and the cursor, after so many calls that nothing more comes."""
    upserts: set[str] = set()
    deleted: set[str] = set()
    quiet = 0
    while quiet < 2:
        page = await provider.changes(world.main, cursor, limit=limit)
        cursor = page.cursor
        upserts |= {one.id for one in page.upserts}
        deleted |= set(page.deleted_ids)
        quiet = 0 if page.upserts or page.deleted_ids or page.has_more else quiet + 1
    assert cursor is not None
    return upserts, deleted, cursor


class TestChangesWhoseWindowShifts:
    async def test_a_delete_during_the_first_scan(self, world: World) -> None:
        async with meddled(world, page_size=2) as (provider, network):
            ids = await aged(provider, world, 7)
            network.after("/work_packages", "&offset=1&pageSize=2&", do=lambda: remove(world, ids[0]))
            upserts, deleted, _ = await drained(provider, world, None, limit=100)
            assert upserts == set(ids)
            assert deleted == {ids[0]}

    async def test_a_delete_and_a_change_between_calls_of_the_first_scan(self, world: World) -> None:
        async with meddled(world, page_size=2) as (provider, _):
            ids = await aged(provider, world, 6)
            first = await provider.changes(world.main, limit=3)
            remove(world, ids[0])
            await provider.update_task(ids[1], {"title": "Changed"})
            upserts, deleted, _ = await drained(provider, world, first.cursor, limit=3)
            assert upserts >= set(ids[3:])
            assert deleted == {ids[0]}

    async def test_a_delete_while_many_changes_are_read(self, world: World) -> None:
        async with meddled(world, page_size=2) as (provider, network):
            ids = await aged(provider, world, 7)
            _, _, cursor = await drained(provider, world, None, limit=100)
            for one in ids:
                await provider.update_task(one, {"title": "Changed"})
                world.box.clock.advance(60)
            network.after("/work_packages", "&offset=1&pageSize=2&", do=lambda: remove(world, ids[0]))
            upserts, deleted, _ = await drained(provider, world, cursor, limit=100)
            assert upserts >= set(ids[1:])
            assert deleted == {ids[0]}

    async def test_a_delete_and_a_creation_while_many_changes_are_read(self, world: World) -> None:
        async with meddled(world, page_size=2) as (provider, network):
            ids = await aged(provider, world, 7)
            moved = (await provider.create_task(PMTask(title="M", project_id=world.other))).id
            _, _, cursor = await drained(provider, world, None, limit=100)
            for one in ids:
                await provider.update_task(one, {"title": "Changed"})
                world.box.clock.advance(60)

            def swap() -> None:
                remove(world, ids[0])
                packages = world.box.state.work_packages
                row, now = packages[int(moved)], world.box.clock.now()
                packages.change(row, project_id=int(world.main), updated=now)

            network.after("/work_packages", "&offset=1&pageSize=2&", do=swap)
            upserts, deleted, _ = await drained(provider, world, cursor, limit=100)
            assert upserts >= {*ids[1:], moved}
            assert deleted == {ids[0]}
