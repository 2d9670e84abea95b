"""The quota, held by a sandbox: bursts, and the parts of a minute in which the vendor may hold it as well."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pm_providers import PMTask
from pm_providers.sandbox.asana import ME_TOKEN, Limits
from pm_providers.sandbox.kit import Clock
from tests.providers.asana.site import FakeTime, Site, own_token

COUNT = 200


class SandboxTime(FakeTime):
    """Sleeping moves the clock of a sandbox."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    async def _sleep(self, seconds: float) -> None:
        await super()._sleep(seconds)
        self._clock.advance(seconds)


@pytest.mark.parametrize(
    ("requests", "slice_s", "most_refused", "longest_s"),
    [(300, None, 0, 0.0), (300, 30, 2, 60.0), (300, 15, 2, 60.0), (600, 5, 2, 60.0)],
)
async def test_a_burst_and_after_a_refusal_none(
    requests: int, slice_s: int | None, most_refused: int, longest_s: float
) -> None:
    clock = Clock(datetime(2026, 11, 2, tzinfo=UTC))
    site = Site(clock=clock, limits=replace(Limits.vendor(), requests=requests, slice_s=slice_s))
    time, token = SandboxTime(clock), own_token()
    site.box.state.tokens[token] = site.box.state.tokens[ME_TOKEN]
    options = {"api_token": token, "requests_per_minute": requests}
    tasks = [PMTask(title=f"n {number}", project_id=site.project) for number in range(COUNT)]
    async with site.provider(timing=time.timing(), **options) as provider:
        found = await provider.create_tasks(tasks)
    assert [one.title for one in found.items] == [one.title for one in tasks]
    assert sorted(one.name for one in site.box.state.tasks) == sorted(one.title for one in tasks)
    assert (slice_s is not None) <= site.box.log.statuses()[429] <= most_refused
    assert sum(time.slept) <= longest_s


@pytest.mark.parametrize("even", [False, True])
async def test_a_minute_never_holds_more_than_the_quota(even: bool) -> None:
    clock = Clock(datetime(2026, 11, 2, tzinfo=UTC))
    site = Site(clock=clock, limits=replace(Limits.vendor(), requests=100, slice_s=None))
    time, token = SandboxTime(clock), own_token()
    site.box.state.tokens[token] = site.box.state.tokens[ME_TOKEN]
    options = {"api_token": token, "requests_per_minute": 100, "even_pace": even}
    tasks = [PMTask(title=f"n {number}", project_id=site.project) for number in range(COUNT)]
    async with site.provider(timing=time.timing(), **options) as provider:
        assert (await provider.create_tasks(tasks)).ok
    assert site.box.log.statuses()[429] == 0
    assert 60 < sum(time.slept) < 160


async def test_a_quota_that_is_a_tenth_of_what_was_said_is_kept_to_all_the_same() -> None:
    """The free plan, not told of, held in parts of a minute: what is refused counts, so it must become less."""
    clock = Clock(datetime(2026, 11, 2, tzinfo=UTC))
    site = Site(clock=clock, limits=Limits.vendor(free=True))
    time, token = SandboxTime(clock), own_token()
    site.box.state.tokens[token] = site.box.state.tokens[ME_TOKEN]
    tasks = [PMTask(title=f"n {number}", project_id=site.project) for number in range(COUNT)]
    options = {"api_token": token, "requests_per_minute": 1500}
    async with site.provider(timing=time.timing(), **options) as provider:
        assert (await provider.create_tasks(tasks)).ok
    assert sorted(one.name for one in site.box.state.tasks) == sorted(one.title for one in tasks)
    assert site.box.log.statuses()[429] <= 12
