"""Faults that were found once and must not come back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from pm_providers import OpenProjectProvider
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
