"""Runs as jobs: retries, schedules, leases of workers that died, and one quota for all."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from pm_providers.errors import (
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    RateLimitedError,
    TransportError,
)
from pm_providers.jobs import Again, Dead, Done, Job, WorkOptions, open_queue, run_worker, submit_run
from pm_providers.jobs.retries import FIRST_S, LONGEST_S, after_error, after_run, backoff
from pm_providers.jobs.runs import BACKFILL, INTERACTIVE, RUN, SCHEDULED, RunHandler
from pm_providers.jobs.schedules import every, slot_of, submit_due
from pm_providers.providers.trello.quota import key_gate
from pm_providers.store.mappings import configure_mapping, pause_mapping, remove_mapping, touch_mapping
from pm_providers.store.sync_state import (
    TakenOverError,
    break_lease,
    check_fence,
    get_state,
    renew_lease,
    take_lease,
)
from pm_providers.sync.report import RunReport
from pm_providers.transport import Pace, share_quotas, shared_governor
from tests.service.sync_world import Mapped

DRAIN = WorkOptions(drain=True)


@pytest.fixture
async def mapped(tmp_path, encryption_key):
    async with Mapped.opened(tmp_path, settle_s=0, schedule_s=3600, full_every_s=0) as one:
        yield one


def job(mapped: Mapped, **values) -> Job:
    payload = {"mapping_id": mapped.mapping.id, "full": False}
    return Job(
        **{
            "id": "1", "name": RUN, "payload": payload, "priority": 0, "attempt": 1, "state": "running",
            "run_at": None, "error": None, **values,
        }
    )  # fmt: skip


# retries


def test_waits_double_up_to_a_bound_and_are_spread():
    assert [backoff(n, chance=1.0) for n in (1, 2, 3)] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S]
    assert backoff(1, chance=0.0) == FIRST_S / 2
    assert backoff(50, chance=1.0) == LONGEST_S
    assert 0.5 * FIRST_S <= backoff(1) <= FIRST_S


def test_the_vendor_says_how_long_to_wait():
    found = after_error(RateLimitedError("slow down", retry_after_s=1234.0), 1)
    assert isinstance(found, Again)
    assert found.seconds == 1234.0


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TransportError("no answer"), Again),
        (ConflictError("another run goes on"), Again),
        (TakenOverError("another run took over"), Done),
        (AuthenticationError("revoked"), Dead),
        (ConfigurationError("no key"), Dead),
    ],
)
def test_errors_are_tried_again_only_where_that_can_help(error, kind):
    assert isinstance(after_error(error, 1), kind)


def test_what_a_run_says_decides():
    refused = RunReport(state="refused", reason="30 deletes", next_step="look")
    assert after_run(refused, 1) == Dead("30 deletes; look")
    assert isinstance(after_run(RunReport(state="partial", counts=Counter(failed=1)), 1), Again)
    assert isinstance(after_run(RunReport(state="partial", counts=Counter(unsure=1)), 1), Again)
    assert after_run(RunReport(state="partial", counts=Counter(create=3)), 1) == Done("3 writes")


# runs


async def test_a_worker_runs_what_is_due_and_what_somebody_asked_for(mapped):
    await mapped.add_right("Draw the map")
    ended = []
    await run_worker(mapped.url, DRAIN, on_end=lambda job, outcome: ended.append((job.priority, outcome)))
    assert ended == [(BACKFILL, Done("1 writes"))]
    assert list(await mapped.on_left()) == ["Draw the map"]
    queue = open_queue(mapped.url)
    assert await submit_run(queue, mapped.mapping) is not None
    assert await submit_run(queue, mapped.mapping) is None
    await run_worker(mapped.url, DRAIN, on_end=lambda job, outcome: ended.append((job.priority, outcome)))
    assert ended[1:] == [(INTERACTIVE, Done("0 writes"))]  # its schedule is an hour away


async def test_paused_and_removed_mappings_have_nothing_to_do(mapped):
    handler = RunHandler(mapped.db)
    await pause_mapping(mapped.db, mapped.mapping.id)
    assert await handler(job(mapped)) == Done("the mapping is paused")
    await remove_mapping(mapped.db, mapped.mapping.id)
    assert await handler(job(mapped)) == Done("the mapping was removed")


async def test_a_job_that_nobody_knows_is_dead(mapped):
    assert isinstance(await RunHandler(mapped.db)(job(mapped, name="other")), Dead)
    assert isinstance(await RunHandler(mapped.db)(job(mapped, payload={})), Dead)


async def test_the_lease_of_a_job_that_died_is_ended_and_it_stores_nothing_more(mapped):
    fence = await take_lease(mapped.db, mapped.mapping.id, "job 7 try 1 host:1", 300)
    assert isinstance(await RunHandler(mapped.db)(job(mapped)), Done)
    with pytest.raises(TakenOverError):
        await mapped.db.write(lambda conn: check_fence(conn, mapped.mapping.id, fence))


async def test_the_lease_of_somebody_at_a_command_line_is_kept(mapped):
    fence = await take_lease(mapped.db, mapped.mapping.id, "host:1", 300)
    assert isinstance(await RunHandler(mapped.db)(job(mapped)), Again)
    await renew_lease(mapped.db, mapped.mapping.id, fence, 300)


async def test_who_is_taken_for_dead_cannot_renew_before_another_takes_over(mapped):
    """With its fence still the last one given, it could take the lease again as soon as it wakes up."""
    fence = await take_lease(mapped.db, mapped.mapping.id, "job 7", 300)
    await break_lease(mapped.db, mapped.mapping.id, fence)
    with pytest.raises(TakenOverError):
        await renew_lease(mapped.db, mapped.mapping.id, fence, 300)
    later = await take_lease(mapped.db, mapped.mapping.id, "job 7", 300)
    await break_lease(mapped.db, mapped.mapping.id, fence)  # too late: another one took over
    assert (await get_state(mapped.db, mapped.mapping.id)).fence == later
    await renew_lease(mapped.db, mapped.mapping.id, later, 300)


# schedules


async def test_each_due_instant_is_submitted_once(mapped):
    queue = open_queue(mapped.url)
    slot = slot_of(mapped.mapping.id, 3600.0, 1_000_000.0)
    assert slot <= 1_000_000.0 < slot + 3600
    assert len(await submit_due(mapped.db, queue, now=slot)) == 1
    assert await submit_due(mapped.db, queue, now=slot + 3599) == []
    (waiting,) = await queue.jobs()
    assert waiting.priority == BACKFILL
    assert await submit_due(mapped.db, queue, now=slot + 3600) == []  # it waits already
    await touch_mapping(mapped.db, mapped.mapping.id)
    await queue.work(lambda job: asyncio.sleep(0, Done()), DRAIN, asyncio.Event())
    assert len(await submit_due(mapped.db, queue, now=slot + 10 * 3600 + 5)) == 1  # nine were missed
    (waiting,) = await queue.jobs()
    assert waiting.priority == SCHEDULED
    await pause_mapping(mapped.db, mapped.mapping.id)
    assert await submit_due(mapped.db, queue, now=slot + 20 * 3600) == []


@pytest.mark.parametrize(
    ("config", "fulls"),
    [({}, 1), ({"full_every_s": 0}, 0), ({"full_every_s": 12 * 3600}, 2), ({"full_every_s": 60}, 25)],
    ids=["daily", "never", "twice a day", "each time"],
)
async def test_all_is_read_now_and_then(mapped, config, fulls):
    """Without it, what systems delete without a word would stay for good. The first run reads all anyway."""
    mapping = await configure_mapping(mapped.db, mapped.mapping.id, {"schedule_s": 3600} | config)
    queue, jobs = open_queue(mapped.url), []

    async def note(job):
        jobs.append(job.payload["full"])
        return Done()

    begin = slot_of(mapping.id, 86_400.0, 1_000_000.0) + 3600  # right after an instant at which all is read
    for hour in range(26):
        assert len(await submit_due(mapped.db, queue, now=begin + hour * 3600)) == 1
        await queue.work(note, DRAIN, asyncio.Event())
    assert (len(jobs), sum(jobs), jobs[0]) == (26, fulls, False)


@pytest.mark.parametrize("first", [True, False])
async def test_what_could_not_be_submitted_is_due_at_the_next_look(mapped, first):
    """Of a schedule of a day, a look while the queue is away would cost the run of a day."""

    async def away(_job):
        raise TransportError("the database of the job queue does not answer")

    mapping = await configure_mapping(mapped.db, mapped.mapping.id, {"schedule_s": 86_400})
    queue, slot = open_queue(mapped.url), slot_of(mapping.id, 86_400.0, 1_000_000.0)
    if not first:
        assert len(await submit_due(mapped.db, queue, now=slot - 86_400)) == 1
        await queue.work(lambda job: asyncio.sleep(0, Done()), DRAIN, asyncio.Event())
    submit, queue.submit = queue.submit, away
    with pytest.raises(TransportError):
        await submit_due(mapped.db, queue, now=slot)
    queue.submit = submit
    assert len(await submit_due(mapped.db, queue, now=slot + 5)) == 1
    (waiting,) = await queue.jobs()
    assert waiting.payload["full"] is not first
    assert await submit_due(mapped.db, queue, now=slot + 10) == []


async def test_mappings_without_a_schedule_are_left_alone(mapped):
    for config in ({}, {"schedule_s": 0}, {"schedule_s": "soon"}, {"schedule_s": True}):
        mapping = await configure_mapping(mapped.db, mapped.mapping.id, config)
        assert every(mapping) is None
    assert await submit_due(mapped.db, open_queue(mapped.url)) == []


# quota


class Counting:
    """A gate that remembers who asked."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    async def reserve(self, key, pace, *, cost=1.0, max_wait_s=0.0):
        self.keys.append(key)
        return 0.0

    async def push(self, key, pace, seconds):
        self.keys.append(key)


async def test_governors_keep_their_pace_in_the_shared_gate():
    gate = Counting()
    share_quotas(gate)
    try:
        governor = shared_governor("vendor", "https://one.example", "fingerprint-of-jobs")
        async with governor.slot(max_wait_s=1.0):
            pass
        await key_gate("https://two.example", "k", None).reserve("key", Pace(1.0, 1))
    finally:
        share_quotas(None)
    assert gate.keys == [
        "vendor:https://one.example:fingerprint-of-jobs",
        "trello-key:https://two.example:k:key",
    ]
