"""Rate limits: points, bursts, writes on one issue, and the headers that tell of them."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

from pm_providers.sandbox.jira.limits import Limits
from pm_providers.sandbox.kit import Clock, Quota
from tests.sandbox.jira.support import make, open_box

NOON = datetime(2026, 3, 2, 12, 30, 40, tzinfo=UTC)


async def test_without_limits_there_are_no_headers():
    async with open_box() as client:
        answer = await client.get("/myself")
        assert not [name for name in answer.headers if "ratelimit" in name]


async def test_points_count_objects_and_run_out():
    limits = Limits(points=20, everyone=True, structured=True)
    async with open_box(clock=Clock(NOON)) as client:
        for number in range(4):
            await make(client, f"Issue {number}")
        client.box.limits = limits
        answer = await client.post("/search/jql", json={"jql": "project = ED"})
        assert answer.headers["x-ratelimit-limit"] == "20"
        assert answer.headers["x-ratelimit-remaining"] == "15"  # 1 and 1 for each of four issues
        assert answer.headers["x-ratelimit-reset"] == "2026-03-02T13:00Z"
        assert answer.headers["beta-ratelimit"] == '"tenant-app-quota";r=15;t=1760'
        assert "x-ratelimit-nearlimit" not in answer.headers
        while answer.status_code == 200:
            last = answer
            answer = await client.post("/search/jql", json={"jql": "project = ED"})
        assert last.headers["x-ratelimit-nearlimit"] == "true"
        assert answer.status_code == 429
        assert answer.headers["ratelimit-reason"] == "jira-quota-tenant-based"
        assert answer.headers["retry-after"] == "1760"
        assert answer.json() == {"errorMessages": ["Rate limit exceeded"], "errors": {}}
        client.box.clock.advance(1760)
        assert (await client.get("/myself")).status_code == 200


async def test_retry_after_can_be_a_date_or_absent():
    async with open_box(
        clock=Clock(NOON), limits=Limits(points=1, everyone=True, retry_after="date")
    ) as client:
        await client.get("/myself")
        answer = await client.get("/myself")
        assert answer.status_code == 429
        when = parsedate_to_datetime(answer.headers["retry-after"])
        assert when == datetime(2026, 3, 2, 13, 0, tzinfo=UTC)
        client.box.limits = Limits(points=1, everyone=True, retry_after="")
        answer = await client.get("/myself")
        assert (answer.status_code, "retry-after" in answer.headers) == (429, False)


async def test_points_are_of_apps_only():
    async with open_box(clock=Clock(NOON), limits=Limits(points=1)) as client:
        for _ in range(3):
            assert (await client.get("/myself")).status_code == 200


async def test_a_quota_of_the_command_line_is_told_in_the_vendors_headers():
    async with open_box(clock=Clock(NOON), quota=Quota(2, window_s=60)) as client:
        codes = [(await client.get("/myself")).status_code for _ in range(3)]
        assert codes == [200, 200, 429]
        assert (await client.get("/myself")).headers["retry-after"] == "20"


async def test_bursts_are_limited_by_endpoint_and_method():
    async with open_box(clock=Clock(NOON)) as client:
        await make(client)
        client.box.limits = Limits(burst=True, per_second={"GET": 2, "PUT": 1})
        codes = [(await client.get("/priority")).status_code for _ in range(3)]
        assert codes == [200, 200, 429]
        assert (await client.get("/status")).status_code == 200
        answer = await client.get("/priority")
        assert answer.headers["ratelimit-reason"] == "jira-burst-based"
        assert answer.headers["retry-after"] == "1"
        client.box.clock.advance(0.5)
        assert (await client.get("/priority")).status_code == 200


async def test_writes_on_one_issue_are_limited():
    async with open_box(clock=Clock(NOON)) as client:
        await make(client)
        await make(client)
        client.box.limits = Limits(per_issue=True)

        async def write(key="ED-1"):
            return await client.put(f"/issue/{key}", json={"fields": {"labels": ["x"]}})

        codes = [(await write()).status_code for _ in range(21)]
        assert codes == [204] * 20 + [429]
        answer = await write()
        assert answer.headers["ratelimit-reason"] == "jira-per-issue-on-write"
        assert answer.headers["retry-after"] == "2"
        assert (await write("ED-2")).status_code == 204
        assert (await client.get("/issue/ED-1")).status_code == 200
        client.box.clock.advance(2)
        assert (await write()).status_code == 204


async def test_the_vendors_numbers_let_ordinary_use_through():
    async with open_box(limits=Limits.vendor()) as client:
        for number in range(10):
            await make(client, f"Issue {number}")
        assert (await client.get("/issue/ED-10")).status_code == 200


async def test_an_injected_429_comes_in_the_vendors_words():
    async with open_box(faults=["429;retry_after=date+3;times=1"]) as client:
        answer = await client.get("/myself")
        assert (answer.status_code, answer.json()["errorMessages"]) == (429, ["Rate limit exceeded"])
        assert parsedate_to_datetime(answer.headers["retry-after"]).tzinfo is not None
        assert isinstance(answer, httpx2.Response)
        assert (await client.get("/myself")).status_code == 200
