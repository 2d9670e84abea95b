"""Three worker processes over PostgreSQL that are killed and frozen while people edit both sides of 20 mappings.

Some of them are boards of a vendor, in a process of its own, whose quota is on and which all share one credential:
what keeps the workers below it is the gate that they have in common.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from pm_providers.jobs import JobQueue, open_queue, submit_run
from pm_providers.service.sync import run_sync
from pm_providers.store import SqlGate
from pm_providers.store.mappings import configure_mapping
from pm_providers.store.sync_history import list_runs
from pm_providers.transport import share_quotas
from tests.jobs.boards import Boards, Vendor
from tests.jobs.nursery import without_certificates
from tests.jobs.worlds import Nursery

WORKERS, MAPPINGS, BOARDS = 3, 14, 6
TASKS = 20
"""On each board at first, so that the workers have more to send at once than the vendor takes."""

QUOTA = 100
"""Requests that the vendor takes in ten seconds; then it refuses, and counts that."""

FATES = ("kill", "freeze", "kill", "freeze")
LOOKS = 20
"""Looks for a sign that another worker took over, a tenth of a second each; a frozen one may hold a lock."""

pytestmark = pytest.mark.postgres


@pytest.fixture
async def world(nursery: Nursery, postgres_server) -> AsyncIterator[tuple[Boards, int]]:
    seed = secrets.randbelow(1_000_000)
    urls = [postgres_server.create(migrated=True) for _ in range(2)]
    # Longer than anything is frozen here: what is under way in a frozen worker arrives when it wakes up.
    vendor = await Vendor().open()
    found = Boards(urls[0], urls[1], seed, vendor)
    await found.open(MAPPINGS, settle_s=60, schedule_s=2)
    await found.join(BOARDS, TASKS, settle_s=60, schedule_s=2)
    await vendor.ask("limit")
    yield found, seed
    await found.close()
    await nursery.close()
    await vendor.close()
    for url in urls:
        postgres_server.drop(url)


@pytest.fixture
async def queue(world: tuple[Boards, int]) -> AsyncIterator[JobQueue]:
    found = open_queue(world[0].urls["left"])
    yield found
    await found.aclose()


async def until(what: Callable[[], Awaitable[bool]], looks: int = 600) -> bool:
    """Whether it came to be, within so many looks."""
    for _ in range(looks):
        if await what():
            return True
        await asyncio.sleep(0.1)
    return False


async def test_workers_that_are_killed_and_frozen_converge(
    world: tuple[Boards, int], queue: JobQueue, nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mappings, seed), dice = world, random.Random(world[1])
    fates = list(FATES)
    dice.shuffle(fates)
    url = mappings.urls["left"]
    workers = [await nursery.start(url=url) for _ in range(WORKERS)]

    async def is_running() -> bool:
        return bool(await queue.jobs("running"))

    for fate in fates:
        for mapping in mappings.all:
            await mappings.edit(mapping, count=1)
        assert await until(is_running), f"seed {seed}: nobody works"
        number = dice.randrange(WORKERS)
        if fate == "kill":
            await nursery.kill(workers[number])
            workers[number] = await nursery.start(url=url)
        else:
            await _freeze(mappings, workers[number])
    # Nothing is under way any more once they are dead: what cannot be found then was never made.
    for pid in workers:
        await nursery.kill(pid)
    for mapping in mappings.all:
        await configure_mapping(mappings.db, mapping.id, {"settle_s": 0})
        await submit_run(queue, mapping)
    workers = [await nursery.start(url=url) for _ in range(WORKERS)]
    await _converged(mappings, queue, seed)
    for pid in workers:
        os.kill(pid, signal.SIGTERM)
    assert [await nursery.end(pid) for pid in workers] == [0] * WORKERS, f"seed {seed}"
    await _is_at_rest(mappings, seed, monkeypatch)
    assert await queue.jobs("dead") == [], f"seed {seed}"
    told = await mappings.vendor.ask()
    assert told["requests"] > QUOTA, f"seed {seed}"
    assert "429" not in told["statuses"], f"seed {seed}: {told}"


async def _is_at_rest(mappings: Boards, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A further run of each mapping writes nothing, and no two runs of one had the same fence."""
    without_certificates(monkeypatch.setattr)
    share_quotas(SqlGate(mappings.db))
    try:
        reports = {one.id: (await run_sync(mappings.db, one.id)).report for one in mappings.all}
    finally:
        share_quotas(None)
    for mapping_id, report in reports.items():
        assert (report.state, report.writes) == ("done", 0), f"seed {seed}"
        runs = await list_runs(mappings.db, mapping_id, limit=10_000)
        assert len({one.fence for one in runs}) == len(runs), f"seed {seed}"


async def _freeze(mappings: Boards, pid: int) -> None:
    """Until others went on with all mappings, or waited for a lock that it may hold."""
    os.kill(pid, signal.SIGSTOP)
    before = {one.id: await _last_run(mappings, one.id) for one in mappings.all}

    async def went_on() -> bool:
        now = {one.id: await _last_run(mappings, one.id) for one in mappings.all}
        return all(now[one] != before[one] for one in now)

    await until(went_on, LOOKS)
    os.kill(pid, signal.SIGCONT)


async def _last_run(mappings: Boards, mapping_id: str) -> str:
    return next((one.id for one in await list_runs(mappings.db, mapping_id, limit=1)), "")


async def _converged(mappings: Boards, queue: JobQueue, seed: int) -> None:
    """One run of each mapping should do; a second one of those whose first met another one's lock."""

    async def is_idle() -> bool:
        jobs = await queue.jobs()
        return all(one.state == "queued" and one.run_at is not None for one in jobs)

    problems: list[str] = []
    for _ in range(3):
        assert await until(is_idle), f"seed {seed}: {await queue.jobs()}"
        found = {one.id: await mappings.problem(one) for one in mappings.all}
        problems = [one for one in found.values() if one is not None]
        if not problems:
            return
        for mapping in mappings.all:
            if found[mapping.id] is not None:
                await submit_run(queue, mapping)
    pytest.fail(f"seed {seed}: {problems}, {await queue.jobs()}")
