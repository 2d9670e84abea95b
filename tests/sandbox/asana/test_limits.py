"""Rate limits, as the vendor documents them."""

from __future__ import annotations

import asyncio

from pm_providers.sandbox.asana import Limits
from pm_providers.sandbox.kit import Quota
from tests.sandbox.asana.support import error, open_box, stopped


async def statuses(box, path, count):
    return [(await box.client.get(path)).status_code for _ in range(count)]


async def test_a_quota_is_a_429_with_retry_after_and_no_other_header():
    async with open_box(clock=stopped(), quota=Quota(3)) as box:
        assert await statuses(box, "/users/me", 3) == [200] * 3
        answer = await box.client.get("/users/me")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
        assert "rate limit" in error(answer.json())
        assert not any("ratelimit" in name for name in answer.headers)


async def test_refused_requests_count_too():
    async with open_box(clock=stopped(), limits=Limits(requests=2)) as box:
        await statuses(box, "/users/me", 2)
        box.box.clock.advance(59)
        assert await statuses(box, "/users/me", 1) == [429]
        box.box.clock.advance(2)
        assert await statuses(box, "/users/me", 2) == [200, 429]
        box.box.limits = Limits(requests=2, rejected_count=False)
        box.box.clock.advance(61)
        assert await statuses(box, "/users/me", 4) == [200, 200, 429, 429]
        box.box.clock.advance(61)
        assert await statuses(box, "/users/me", 1) == [200]


async def test_slices_and_searches_have_limits_of_their_own():
    async with open_box(clock=stopped(), limits=Limits(requests=40, slice_s=15, searches=2)) as box:
        assert await statuses(box, "/users/me", 11) == [200] * 10 + [429]
        box.box.clock.advance(16)
        search = f"/workspaces/{box.workspace}/tasks/search"
        assert await statuses(box, search, 3) == [200, 200, 429]
        assert await statuses(box, "/users/me", 1) == [200]


async def test_a_batch_counts_each_action_and_is_refused_as_a_whole():
    async with open_box(clock=stopped(), limits=Limits(requests=5)) as box:
        actions = [
            {"method": "post", "relative_path": "/tasks", "data": {"name": "x", "workspace": box.workspace}}
        ] * 3
        await box.post("/batch", actions=actions)
        await box.post("/batch", 429, actions=actions)
        assert len(box.state.tasks) == 3


async def test_requests_in_flight_are_limited_by_kind():
    async with open_box(latency_ms=5, limits=Limits(reads=3, writes=1)) as box:

        async def read():
            return (await box.client.get("/users/me")).status_code

        found = await asyncio.gather(*(read() for _ in range(5)))
        assert sorted(found) == [200, 200, 200, 429, 429]
        actions = [{"method": "post", "relative_path": "/tasks", "data": {}}] * 2
        await box.post("/batch", 429, actions=actions)
        assert await box.post("/batch", actions=actions[:1])
        reads = [{"method": "get", "relative_path": "/users/me"}] * 3
        assert len(await box.post("/batch", actions=reads)) == 3


async def test_costs_are_paid_after_the_fact():
    async with open_box(scale=100, clock=stopped(), limits=Limits(cost=50)) as box:
        project = next(iter(box.state.projects)).id
        path = f"/tasks?project={project}&limit=100"
        assert await statuses(box, path, 2) == [200, 429]
        box.box.clock.advance(60)
        assert await statuses(box, path, 1) == [429]
        box.box.clock.advance(5)
        assert await statuses(box, path, 1) == [200]


async def test_the_vendors_numbers_depend_on_the_plan():
    assert (Limits.vendor().requests, Limits.vendor(free=True).requests) == (1500, 150)
    assert (Limits.vendor().reads, Limits.vendor().writes, Limits.vendor().searches) == (50, 15, 60)
