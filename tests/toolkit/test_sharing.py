"""One look at a system: equal reads are sent once, what a catalog loaded counts as new, and a minute ends it."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from pm_providers.toolkit import sharing
from pm_providers.toolkit.cache import Cache
from pm_providers.toolkit.sharing import Look, SharingClient, shared


class Site(httpx2.AsyncBaseTransport):
    """Counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(f"{request.method} {request.url.raw_path.decode()}")
        await asyncio.sleep(0)
        return httpx2.Response(200, json={"number": len(self.asked)})


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
async def client(site: Site):
    async with SharingClient("https://pm.example.com", provider="acme", transport=site) as found:
        yield found


async def ask(client: SharingClient, method: str = "GET", path: str = "lists", **given) -> int:
    return (await client.request(method, path, operation="list_x", **given)).json_object()["number"]


async def test_equal_reads_of_a_look_are_sent_once(site, client):
    with shared(Look(), reads=True):
        assert await asyncio.gather(ask(client), ask(client)) == [1, 1]
        assert await ask(client, params={"page": "2"}) == 2
        assert await ask(client, params={"page": "2"}) == 2
    assert site.asked == ["GET /lists", "GET /lists?page=2"]


async def test_writes_and_reads_outside_are_always_sent(site, client):
    look = Look()
    with shared(look, reads=True):
        await ask(client)
        await ask(client, "POST", json={})
        await ask(client, "POST", json={})
    with shared(look):
        await ask(client)
    await ask(client)
    assert site.asked == ["GET /lists", "POST /lists", "POST /lists", "GET /lists", "GET /lists"]


async def test_what_a_catalog_loaded_within_a_look_is_new_there_and_nowhere_else():
    loads = []

    async def load(key):
        loads.append(key)
        return len(loads)

    cache, look = Cache(load), Look()
    with shared(look):
        assert await cache.get("a") == 1
        assert await cache.get("a", max_age_s=0) == 1
    assert await cache.get("a", max_age_s=0) == 2
    with shared(look):
        assert await cache.get("a", max_age_s=0) == 3
        cache.forget("a")
        assert await cache.get("a", max_age_s=0) == 4
    with shared(Look()):
        assert await cache.get("a", max_age_s=0) == 5


async def test_a_look_ends(site, client, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(sharing.time, "monotonic", lambda: now[0])
    look = Look(lasts_s=60.0)
    with shared(look, reads=True):
        await ask(client)
        now[0] += 60.0
        await ask(client)
    assert len(site.asked) == 2
