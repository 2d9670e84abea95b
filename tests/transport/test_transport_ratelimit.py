"""Pacing: never above the quota, learning from headers, shared by all tasks of a credential."""

from __future__ import annotations

import asyncio
import gc
import heapq
import math

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transport_support import FakeTime, Server, status

from pm_providers.errors import RateLimitedError
from pm_providers.transport import (
    Governor,
    LocalGate,
    Pace,
    PaceState,
    Quota,
    RateState,
    Timing,
    TransportPolicy,
    admit,
    bounded_map,
    fingerprint,
    gcra,
    gcra_push,
    parse_rate_headers,
    shared_governor,
)

NOW = 1_800_000_000.0


def governor(clock, quota=None, **options):
    return Governor(provider="vendor", quota=quota, timing=clock.timing(), **options)


async def take(gov, times=1, max_wait_s=1e9):
    for _ in range(times):
        async with gov.slot(max_wait_s=max_wait_s):
            pass


# --- the arithmetic -----------------------------------------------------------------------------


def test_gcra_by_hand():
    assert gcra(0.0, 100.0, 2.0, 1) == (102.0, 0.0)
    assert gcra(102.0, 100.0, 2.0, 1) == (104.0, 2.0)
    assert gcra(104.0, 103.0, 2.0, 1) == (106.0, 1.0)
    assert gcra(102.0, 100.0, 2.0, 2) == (104.0, 0.0)
    assert gcra(-math.inf, 100.0, 0.0, 1) == (100.0, 0.0)
    assert gcra(100.0, 100.0, 1.0, 1, cost=5.0) == (105.0, 0.0)
    assert gcra(105.0, 100.0, 1.0, 1) == (106.0, 5.0)


def test_a_push_admits_nothing_and_no_burst_after_it():
    tat = gcra_push(0.0, 100.0, 1.0, 5, 30.0)
    waits = []
    for _ in range(3):
        tat, wait = gcra(tat, 100.0, 1.0, 5)
        waits.append(wait)
    assert waits == [30.0, 31.0, 32.0]
    assert gcra_push(500.0, 100.0, 1.0, 5, 30.0) == 500.0


@given(
    requests=st.integers(1, 40),
    burst=st.integers(1, 40),
    per_s=st.integers(1, 120),
    gaps=st.lists(st.floats(0, 30), min_size=1, max_size=150),
)
def test_no_window_ever_holds_more_than_the_quota(requests, burst, per_s, gaps):
    quota = Quota(requests, float(per_s), min(burst, requests))
    pace = quota.pace()
    now, tat, sent = 0.0, -math.inf, []
    for gap in gaps:
        now += gap
        tat, wait = gcra(tat, now, pace.emission_s, pace.burst)
        sent.append(now + wait)
    for index, start in enumerate(sent):
        window = [moment for moment in sent[index:] if moment - start < per_s - 1e-6]
        assert len(window) <= requests


@given(
    limit=st.integers(1, 40),
    burst=st.integers(1, 40),
    per_s=st.floats(0.5, 120),
    steps=st.lists(
        st.tuples(st.floats(0, 30), st.integers(1, 10), st.floats(0, 5) | st.none()), min_size=1, max_size=150
    ),
)
def test_no_window_of_a_counted_quota_ever_holds_more(limit, burst, per_s, steps):
    pace = Quota(limit, per_s, min(burst, limit), counted=True).pace()
    now, state, sent = 0.0, PaceState(), []
    for gap, most, push in steps:
        now += gap * per_s / 60
        if push is not None:
            tat = gcra_push(state.tat, now, pace.emission_s, pace.burst, push)
            state = PaceState(tat, state.sent)
        cost = min(most, limit)
        state, wait = admit(state, now, pace, cost)
        assert push is None or wait >= push - 1e-6
        sent.append((now + wait, cost))
        assert len(state.sent) <= 64
    for at, _ in sent:
        assert sum(cost for moment, cost in sent if at <= moment < at + per_s) <= limit


def test_a_counted_quota_is_used_up_nearly_whole():
    pace = Quota(1500, 60.0, counted=True).pace()
    state, now, waits = PaceState(), 0.0, []
    for _ in range(15_000):
        state, wait = admit(state, now, pace)
        now += wait
        waits.append(wait)
    assert sum(waits[:1125]) == 0.0
    assert now <= 10 * 62
    assert max(waits) <= 60.0  # the longest wait that a call allows


async def test_after_a_refusal_a_counted_quota_is_spread_until_there_is_a_rest():
    clock = FakeTime()
    gov = governor(clock, Quota(1500, 60.0, counted=True))
    await take(gov, 100)
    assert clock.sleeps == []
    await gov.push(5.0)
    await take(gov, 1)
    assert clock.now == pytest.approx(5.0)
    await take(gov, 500)
    assert clock.now == pytest.approx(5.0 + 500 * 60 / 1350)
    clock.now += 60.0
    clock.sleeps.clear()
    await take(gov, 1000)
    assert clock.sleeps == []


async def test_refusals_one_after_the_other_slow_a_counted_quota_down():
    clock = FakeTime()
    gov = governor(clock, Quota(1500, 60.0, counted=True))

    async def spent(times):
        begun = clock.now
        await take(gov, times)
        return clock.now - begun

    await gov.push(1.0)
    assert await spent(100) == pytest.approx(1.0 + 99 * 60 / 1350)
    for factor in (2, 4, 8):
        await gov.push(1.0)
        await gov.push(1.0)  # of a request that was in flight at the same time
        await spent(1)
        assert await spent(100) >= 0.95 * factor * 100 * 60 / 1350
    clock.now += 120.0 - 0.001
    await take(gov, 1)
    clock.now += 0.002
    assert await spent(101) == pytest.approx(100 * 60 / 1350, rel=0.05)  # evenly again, and no burst
    clock.now += 60.0
    assert await spent(1000) == 0.0


async def test_refusals_of_requests_in_flight_are_one_also_where_they_ask_for_no_wait():
    """The window ends with this second, say: ten requests under way are refused, with no wait for each."""
    clock = FakeTime()
    gov = governor(clock, Quota(100, 60.0, counted=True))
    for _ in range(10):
        await gov.push(0.0)
    await take(gov, 11)
    assert clock.now == pytest.approx(10 * 60 / 90)


class Sleepers:
    """A clock on which whoever sleeps wakes up in the order of time."""

    def __init__(self):
        self.now = 0.0
        self._asleep = []

    async def sleep(self, seconds):
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._asleep, (self.now + seconds, len(self._asleep), id(woken), woken))
        await woken

    async def until_done(self, task):
        while not task.done():
            for _ in range(20):
                await asyncio.sleep(0)
            if self._asleep and not task.done():
                self.now, *_, woken = heapq.heappop(self._asleep)
                woken.set_result(None)
        return task.result()


@pytest.mark.parametrize(("cost", "at_once"), [(1, 50), (10, 5), (1, 10)])
@pytest.mark.parametrize("requests", [100, 150, 1500])
async def test_no_call_of_those_in_flight_waits_longer_than_it_may(requests, cost, at_once):
    """Asana's smallest plan: with all of its burst sent, those in flight would wait for more than a minute."""
    time = Sleepers()
    timing = Timing(monotonic=lambda: time.now, sleep=time.sleep)
    gov = Governor(provider="x", quota=Quota(requests, 60.0, concurrency=50, counted=True), timing=timing)

    async def call(_):
        async with gov.slot(max_wait_s=60.0, cost=cost):
            await time.sleep(0.2)

    calls = asyncio.ensure_future(bounded_map(call, range(3 * requests // cost), at_once))
    assert set(await time.until_done(calls)) == {None}
    assert time.now <= 60.0 * 3 / 0.9


async def test_what_costs_more_than_the_quota_goes_alone():
    clock = FakeTime()
    gate, pace = LocalGate(clock.timing()), Quota(5, 60.0, 5, counted=True).pace()
    assert await gate.reserve("k", pace) == 0.0
    assert await gate.reserve("k", pace, cost=50, max_wait_s=1.0) >= 62.0
    clock.now += 62.0
    assert await gate.reserve("k", pace, cost=50) == 0.0
    assert await gate.reserve("k", pace) >= 62.0


async def test_each_attempt_costs_what_the_call_counts_as():
    clock = FakeTime()
    gov = governor(clock, Quota(40, 60.0, 40, counted=True))
    server = Server(status(429, retry_after="1"), httpx2.Response(200))
    await server.client(clock, governor=gov).request("POST", "x", operation="o", json={}, cost=20)
    assert len(server.requests) == 2
    assert clock.now < 60.0
    await take(gov, 1)
    assert clock.now >= 60.0  # both attempts together are all that the first minute may hold


def test_quotas_are_checked():
    assert Quota().pace() == Pace(0.0, 1)
    assert Quota(100, 60.0).pace() == Pace(60.0 / 90, 10)
    for bad in ({"requests": 0}, {"per_s": 0.0}, {"concurrency": 0}):
        with pytest.raises(ValueError, match="positive"):
            Quota(**bad)
    for burst in (0, 11):
        with pytest.raises(ValueError, match="burst"):
            Quota(10, 1.0, burst)


# --- the governor -------------------------------------------------------------------------------


async def test_without_a_quota_nothing_waits():
    clock = FakeTime()
    await take(governor(clock), 1000)
    assert clock.sleeps == []


async def test_a_quota_paces():
    clock = FakeTime()
    await take(governor(clock, Quota(10, 10.0, 2)), 6)
    assert clock.now == pytest.approx(4 * 10 / 8)


async def test_a_wait_that_is_too_long_is_refused_and_reserves_nothing():
    clock = FakeTime()
    gov = governor(clock, Quota(1, 100.0))
    await take(gov)
    for _ in range(3):
        with pytest.raises(RateLimitedError, match="100 s") as caught:
            async with gov.slot(max_wait_s=10.0, operation="list_tasks"):
                pass
        assert caught.value.retry_after_s == 100.0
        assert caught.value.operation == "list_tasks"
    await take(gov)
    assert clock.now == 100.0


async def test_a_push_stops_every_task_also_those_that_wait_already():
    clock = FakeTime()
    gate = asyncio.Event()
    moments = []

    async def sleep(seconds):
        await gate.wait()
        clock.now = max(clock.now, planned.pop(0) if planned else clock.now + seconds)

    planned = [1.0]
    timing = clock.timing()
    object.__setattr__(timing, "sleep", sleep)
    gov = Governor(provider="vendor", quota=Quota(2, 2.0, 1), timing=timing)
    await take(gov)

    async def task():
        async with gov.slot(max_wait_s=1e9):
            moments.append(clock.now)

    waiting = asyncio.create_task(task())
    await asyncio.sleep(0)
    await gov.push(50.0)
    gate.set()
    await waiting
    assert moments[0] >= 50.0


async def test_concurrency_is_bounded():
    gov = governor(FakeTime(), Quota(concurrency=3))
    running = most = 0

    async def task():
        nonlocal running, most
        async with gov.slot(max_wait_s=math.inf):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    await asyncio.gather(*(task() for _ in range(20)))
    assert most == 3


async def test_a_slot_that_does_not_become_free_is_refused():
    gov = governor(FakeTime(), Quota(concurrency=1))
    async with gov.slot(max_wait_s=1.0):
        with pytest.raises(RateLimitedError, match="no request in flight"):
            async with gov.slot(max_wait_s=0.01):
                pass
    await take(gov)


async def test_cancelled_while_waiting_for_a_slot_or_a_turn():
    never = asyncio.Event()
    clock = FakeTime()
    timing = clock.timing()
    object.__setattr__(timing, "sleep", lambda _seconds: never.wait())
    gov = Governor(provider="v", quota=Quota(2, 2.0, 1, concurrency=1), timing=timing)
    await take(gov)
    sleeping = asyncio.create_task(take(gov))
    queued = asyncio.create_task(take(gov))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for task in (queued, sleeping):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    clock.now += 100.0
    await take(gov, max_wait_s=1.0)


def test_one_governor_in_two_event_loops():
    gov = governor(FakeTime(), Quota(concurrency=1))

    async def crowd():
        await asyncio.gather(*(take(gov) for _ in range(3)))

    asyncio.run(crowd())
    asyncio.run(crowd())


async def test_an_exhausted_quota_waits_for_its_reset():
    clock = FakeTime()
    gov = governor(clock)
    await gov.observe(httpx2.Headers({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30"}))
    await take(gov)
    assert clock.sleeps == [30.0]
    assert gov.quota_left == RateState(None, 0, 30.0)


async def test_the_rest_of_a_quota_is_spread():
    clock = FakeTime()
    gov = governor(clock)

    def headers(left):
        return httpx2.Headers(
            {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": left, "X-RateLimit-Reset": "60"}
        )

    await gov.observe(headers("50"))
    await take(gov, 3)
    assert clock.sleeps == []
    await gov.observe(headers("6"))
    await take(gov, 3)
    assert sum(clock.sleeps) == pytest.approx(20.0)
    await gov.observe(headers("99"))
    clock.now += 100.0
    clock.sleeps.clear()
    await take(gov, 3)
    assert clock.sleeps == []


async def test_a_malicious_push_ends():
    clock = FakeTime()
    gov = governor(clock)
    await gov.push(1e12)
    clock.now += 86_401.0
    await take(gov, max_wait_s=0.5)


async def test_a_429_stops_all_clients_of_the_credential():
    clock = FakeTime()
    gov = governor(clock)
    limited = Server(status(429, retry_after="40"))
    once = TransportPolicy(max_attempts=1)
    with pytest.raises(RateLimitedError):
        await limited.client(clock, governor=gov, policy=once).request("GET", "x", operation="a")
    other = Server(httpx2.Response(200))
    await other.client(clock, governor=gov).request("POST", "y", operation="b", json={})
    assert clock.now >= 40.0
    impatient = TransportPolicy(max_wait_s=5.0)
    await gov.push(40.0)
    with pytest.raises(RateLimitedError, match="not sent"):
        await other.client(clock, governor=gov, policy=impatient).request("GET", "z", operation="c")
    assert len(other.requests) == 1


async def test_concurrent_429s_wait_together_not_one_after_the_other():
    clock = FakeTime()
    gov = governor(clock)
    answers = [status(429, retry_after="10") for _ in range(5)]
    server = Server(*answers, httpx2.Response(200))
    client = server.client(clock, governor=gov)
    await asyncio.gather(*(client.request("GET", "x", operation="o") for _ in range(5)))
    # Fake sleeps of several tasks add up; each waited 10 s, and none waited for another's 10 s.
    assert clock.sleeps.count(10.0) == 5
    assert sum(clock.sleeps) <= 50.0 + 1e-6


async def test_a_vendor_may_bring_its_own_header_parser():
    clock = FakeTime()

    def parse(headers, _now):
        return RateState(remaining=int(headers["x-left"]), reset_s=5.0)

    gov = governor(clock, parser=parse)
    server = Server(httpx2.Response(200, headers={"X-Left": "0"}))
    client = server.client(clock, governor=gov)
    for _ in range(2):
        await client.request("GET", "x", operation="o")
    assert clock.sleeps == [5.0]


async def test_a_gate_of_another_kind():
    calls = []

    class Gate:
        async def reserve(self, key, pace, *, cost=1.0, max_wait_s=math.inf):
            calls.append(("reserve", key, pace, cost))
            return 2.0

        async def push(self, key, pace, seconds):
            calls.append(("push", key, pace, seconds))

    clock = FakeTime()
    gov = governor(clock, Quota(10, 10.0, 2), gate=Gate(), key="k")
    async with gov.slot(max_wait_s=5.0, cost=3.0):
        pass
    await gov.push(1.0)
    pace = Pace(10 / 8, 2)
    assert calls == [("reserve", "k", pace, 3.0), ("push", "k", pace, 1.0)]
    assert clock.sleeps == [2.0]


async def test_keys_of_a_local_gate_are_independent():
    gate = LocalGate(FakeTime().timing())
    pace = Pace(10.0, 1)
    assert [await gate.reserve(key, pace) for key in ("a", "b", "a", "b")] == [0.0, 0.0, 10.0, 10.0]


def test_governors_are_shared_by_server_and_credential():
    one = fingerprint("apikey", "secret")
    first = shared_governor("op", "https://a", one, quota=Quota(5))
    assert shared_governor("op", "https://a", fingerprint("apikey", "secret")) is first
    assert first.quota.requests == 5
    for other in (
        shared_governor("op", "https://b", one),
        shared_governor("jira", "https://a", one),
        shared_governor("op", "https://a", fingerprint("apikey", "other")),
    ):
        assert other is not first
    del first
    gc.collect()
    assert shared_governor("op", "https://a", one).quota.requests is None


# --- headers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "state"),
    [
        ({}, None),
        ({"X-RateLimit-Limit": "100"}, RateState(100)),
        (
            {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "30"},
            RateState(100, 7, 30.0),
        ),
        ({"X-RateLimit-Reset": "1800000012"}, RateState(reset_s=12.0)),
        ({"X-RateLimit-Reset": "1800000012.5"}, RateState(reset_s=12.5)),
        ({"X-RateLimit-Reset": "1800000012000"}, RateState(reset_s=12.0)),
        ({"X-RateLimit-Reset": "1799999990"}, RateState(reset_s=0.0)),
        ({"X-RateLimit-Reset": "2027-01-15T08:00:09Z"}, RateState(reset_s=9.0)),
        (  # its clock is five minutes ahead of ours
            {"X-RateLimit-Reset": "1800000312", "Date": "Fri, 15 Jan 2027 08:05:00 GMT"},
            RateState(reset_s=12.0),
        ),
        ({"X-RateLimit-Reset": "1800000012", "Date": "yesterday"}, RateState(reset_s=12.0)),
        ({"X-RateLimit-Reset": "2027-01-15T08:01Z"}, RateState(reset_s=60.0)),
        ({"X-RateLimit-Reset": "2027-01-15T08:00:09"}, RateState(reset_s=9.0)),
        ({"X-RateLimit-Reset": "2099-01-15T08:00:09"}, None),
        ({"RateLimit-Limit": "6", "RateLimit-Remaining": "0"}, RateState(6, 0)),
        ({"RateLimit-Limit": "100, 100;w=60", "RateLimit-Remaining": "3"}, RateState(100, 3)),
        ({"X-Rate-Limit-Remaining": "3"}, RateState(None, 3)),
        ({"RateLimit": "limit=100, remaining=50, reset=5"}, RateState(100, 50, 5.0)),
        ({"RateLimit": '"default";r=50;t=30'}, RateState(None, 50, 30.0)),
        (
            {"RateLimit": '"default";r=50;t=30', "RateLimit-Policy": '"default";q=100;w=60'},
            RateState(100, 50, 30.0),
        ),
        ({"RateLimit-Policy": '"default";q=100;w=60'}, RateState(100)),
        ({"RateLimit": '"hour";r=50;t=3000, "burst";r=0;t=2'}, RateState(None, 0, 2.0)),
        ({"RateLimit": '"a";r=0;t=2,"b";r=0;t=9'}, RateState(None, 0, 9.0)),
    ],
)  # fmt: skip
def test_quota_headers(headers, state):
    assert parse_rate_headers(httpx2.Headers(headers), NOW) == state


BAD = ["", " ", "-1", "abc", "1e5", "0x10", "NaN", "inf", "9" * 40, "²", "٣", "=,;", "\x00"]


@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize(
    "name",
    ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit", "RateLimit-Policy"],
)
def test_malformed_quota_headers_count_as_absent(name, value):
    state = parse_rate_headers({name.lower(): value}, NOW)
    assert state is None


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_no_header_breaks_the_parser(one, two, three):
    headers = {"x-ratelimit-reset": one, "ratelimit": two, "ratelimit-policy": three}
    state = parse_rate_headers(headers, NOW)
    assert state is None or state.reset_s is None or 0 <= state.reset_s < 400 * 86400
