"""Kept values and locks by key."""

from __future__ import annotations

import asyncio

import pytest

from pm_providers.errors import ProviderError
from pm_providers.toolkit.cache import Cache, KeyedLocks


async def test_values_are_kept_for_a_while():
    loads = []

    async def load(key: str) -> int:
        loads.append(key)
        return len(loads)

    now = [0.0]
    cache: Cache[str, int] = Cache(load, max_age_s=10, clock=lambda: now[0])
    assert [await cache.get("a"), await cache.get("a")] == [1, 1]
    now[0] = 9
    assert await cache.get("a") == 1
    now[0] = 11
    assert await cache.get("a") == 2
    now[0] = 12
    assert await cache.get("a", max_age_s=0) == 3
    cache.put("b", 7)
    assert await cache.get("b") == 7
    assert (cache.age_s("b"), cache.age_s("c")) == (0.0, None)
    assert loads == ["a", "a", "a"]


async def test_a_load_that_fails_is_tried_again():
    answers = [ProviderError("no"), 5]

    async def load(key: str) -> int:
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    cache: Cache[str, int] = Cache(load)
    with pytest.raises(ProviderError):
        await cache.get("a")
    assert await cache.get("a") == 5


async def test_locks_are_let_go():
    locks = KeyedLocks()
    async with locks.hold("a"), locks.hold("b"), locks.hold(None), locks.hold(None):
        assert len(locks._locks) == 2
    assert len(locks._locks) == 0


async def test_many_askers_cause_one_load():
    loads, go = [], asyncio.Event()

    async def load(key: str) -> int:
        loads.append(key)
        await go.wait()
        return len(loads)

    cache: Cache[str, int] = Cache(load)
    askers = [asyncio.create_task(cache.get("a")) for _ in range(5)]
    await asyncio.sleep(0)
    go.set()
    assert await asyncio.gather(*askers) == [1] * 5
    assert loads == ["a"]


async def test_who_asks_for_the_newest_is_not_given_a_load_that_began_before():
    loads, go, now = [], asyncio.Event(), [0.0]

    async def load(key: str) -> int:
        loads.append(key)
        await go.wait()
        return len(loads)

    cache: Cache[str, int] = Cache(load, clock=lambda: now[0])
    first = asyncio.create_task(cache.get("a", max_age_s=0))
    await asyncio.sleep(0)
    now[0] = 1.0
    later = asyncio.create_task(cache.get("a", max_age_s=0))
    await asyncio.sleep(0)
    go.set()
    assert (await first, await later) == (1, 2)


async def test_the_newest_is_loaded_anew_where_the_clock_stands_still():
    loads = []

    async def load(key: str) -> int:
        loads.append(key)
        return len(loads)

    cache: Cache[str, int] = Cache(load, clock=lambda: 5.0)
    assert [await cache.get("a", max_age_s=0), await cache.get("a", max_age_s=0)] == [1, 2]
    assert await cache.get("a") == 2


async def test_a_forgotten_key_is_loaded_anew() -> None:
    loaded: list[str] = []

    async def load(key: str) -> int:
        loaded.append(key)
        return len(loaded)

    cache = Cache(load)
    assert await cache.get("a") == 1
    cache.forget("a")
    cache.forget("b")
    assert await cache.get("a") == 2
    assert loaded == ["a", "a"]
