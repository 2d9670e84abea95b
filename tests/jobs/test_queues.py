"""The port, on both engines."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from pm_providers.database import upgrade
from pm_providers.jobs import Again, Dead, Done, Job, JobQueue, NewJob, WorkOptions, open_queue
from pm_providers.jobs.port import MAX_ATTEMPTS

DRAIN = WorkOptions(concurrency=2, drain=True, poll_s=0.05)


class Recorder:
    """A handler that does what it is told, and remembers."""

    def __init__(self, *outcomes: object) -> None:
        self.outcomes = list(outcomes)
        self.seen: list[Job] = []

    async def __call__(self, job: Job):
        self.seen.append(job)
        outcome = self.outcomes.pop(0) if self.outcomes else Done()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    @property
    def names(self) -> list[str]:
        return [job.name for job in self.seen]


async def drained(queue: JobQueue, handler, options: WorkOptions = DRAIN) -> None:
    await queue.work(handler, options, asyncio.Event())


async def test_a_job_is_done_once_and_gone(queue: JobQueue) -> None:
    handler = Recorder()
    job_id = await queue.submit(NewJob("one", {"deep": [1, {"a": None}]}))
    (waiting,) = await queue.jobs()
    assert (waiting.id, waiting.state, waiting.attempt) == (job_id, "queued", 0)
    await drained(queue, handler)
    (seen,) = handler.seen
    assert (seen.id, seen.name, seen.payload, seen.attempt) == (job_id, "one", {"deep": [1, {"a": None}]}, 1)
    assert await queue.jobs() == []


async def test_what_is_urgent_comes_first(queue: JobQueue) -> None:
    for name, priority in (("backfill", -100), ("due", 0), ("first", 100), ("second", 100)):
        await queue.submit(NewJob(name, priority=priority))
    handler = Recorder()
    await drained(queue, handler, WorkOptions(concurrency=1, drain=True))
    assert handler.names == ["first", "second", "due", "backfill"]


async def test_what_gives_way_has_its_turn_in_the_end(queue: JobQueue) -> None:
    """Even where others come as fast as they are done; what somebody waits for goes first all the same."""

    async def handler(job: Job):
        seen.append((job.name, job.priority))
        if len(seen) < 9 and job.name == "due":
            await queue.submit(NewJob("due"))
        if len(seen) == 1:
            await queue.submit(NewJob("asked", priority=100))
        return Done()

    seen: list[tuple[str, int]] = []
    await queue.submit(NewJob("due"))
    await queue.submit(NewJob("full", priority=-100))
    await drained(queue, handler, WorkOptions(concurrency=1, drain=True, aged_s=0.0))
    assert seen[:4] == [("due", 0), ("asked", 100), ("full", -100), ("due", 0)]


async def test_what_was_late_and_waits_for_its_next_try_gives_way_again(queue: JobQueue) -> None:
    handler = Recorder(Again(3600.0, "busy"))
    await queue.submit(NewJob("full", lock="l", priority=-100))
    aged = WorkOptions(concurrency=1, drain=True, aged_s=0.0)
    await drained(queue, handler, aged)
    await queue.submit(NewJob("due", lock="l"))
    await drained(queue, handler, aged)
    assert handler.names == ["full", "due"]
    (left,) = await queue.jobs()
    assert (left.name, left.priority, left.attempt) == ("full", -100, 1)


async def test_what_waits_becomes_as_urgent_as_what_is_asked_for(queue: JobQueue) -> None:
    await queue.submit(NewJob("full", key="k", priority=-100))
    await queue.submit(NewJob("due"))
    for priority in (100, -100):
        assert await queue.submit(NewJob("full", key="k", priority=priority)) is None
    handler = Recorder()
    await drained(queue, handler, WorkOptions(concurrency=1, drain=True))
    assert [(one.name, one.priority) for one in handler.seen] == [("full", 100), ("due", 0)]


async def test_what_waits_for_its_next_try_keeps_nothing_back_though_somebody_asks_for_it(
    queue: JobQueue,
) -> None:
    handler = Recorder(Again(3600.0, "busy"))
    await queue.submit(NewJob("full", key="k", lock="l", priority=-100))
    one_by_one = WorkOptions(concurrency=1, drain=True)
    await drained(queue, handler, one_by_one)
    assert await queue.submit(NewJob("full", key="k", lock="l", priority=100)) is None
    for name, priority in (("due", 0), ("asked", 100)):
        await queue.submit(NewJob(name, lock="l", priority=priority))
    await drained(queue, handler, one_by_one)
    assert handler.names == ["full", "asked", "due"]
    (left,) = await queue.jobs()
    assert (left.name, left.priority) == ("full", -100)


async def test_a_key_waits_once_but_may_wait_while_it_runs(queue: JobQueue) -> None:
    async def handler(job: Job):
        if job.name == "first":
            assert await queue.submit(NewJob("while it runs", key="k", lock="l")) is not None
            assert await queue.submit(NewJob("one too many", key="k", lock="l")) is None
        done.append(job.name)
        return Done()

    done: list[str] = []
    assert await queue.submit(NewJob("first", key="k", lock="l")) is not None
    assert await queue.submit(NewJob("the same", key="k", lock="l")) is None
    await drained(queue, handler)
    assert done == ["first", "while it runs"]


async def test_one_job_of_a_lock_runs_at_a_time(queue: JobQueue) -> None:
    running, most = Counter(), Counter()
    together = asyncio.Event()

    async def handler(job: Job):
        lock = job.payload["lock"]
        running[lock] += 1
        most[lock] = max(most[lock], running[lock])
        if sum(running.values()) > 1:
            together.set()
        await together.wait()  # two locks do run at the same time
        running[lock] -= 1
        return Done()

    for lock in ("a", "a", "a", "b", "b"):
        await queue.submit(NewJob("job", {"lock": lock}, lock=lock))
    await drained(queue, handler)
    assert most == {"a": 1, "b": 1}
    assert await queue.jobs() == []


async def test_a_job_of_later_is_not_run_now(queue: JobQueue) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    await queue.submit(NewJob("later", run_at=tomorrow))
    await queue.submit(NewJob("past", run_at=tomorrow - timedelta(days=2)))
    handler = Recorder()
    await drained(queue, handler)
    assert handler.names == ["past"]
    (left,) = await queue.jobs("queued")
    assert left.run_at is not None
    assert abs(left.run_at - tomorrow) < timedelta(milliseconds=1)


async def test_a_try_that_failed_is_repeated_with_what_it_said(queue: JobQueue) -> None:
    handler = Recorder(Again(0.0, "busy"), Again(0.0, "still busy"))
    await queue.submit(NewJob("job", key="k", lock="l"))
    await drained(queue, handler)
    assert [(one.attempt, one.error) for one in handler.seen] == [(1, None), (2, "busy"), (3, "still busy")]
    assert await queue.jobs() == []


async def test_a_wait_is_kept(queue: JobQueue) -> None:
    handler = Recorder(Again(3600.0, "the vendor said so"))
    await queue.submit(NewJob("job"))
    before = datetime.now(UTC)
    await drained(queue, handler)
    (left,) = await queue.jobs()
    assert (left.state, left.attempt, left.error) == ("queued", 1, "the vendor said so")
    assert left.run_at is not None
    assert left.run_at - before >= timedelta(seconds=3599)


async def test_a_repeated_job_gives_way_to_one_of_its_key_that_waits(queue: JobQueue) -> None:
    async def handler(job: Job):
        seen.append(job.name)
        if job.name == "old":
            assert await queue.submit(NewJob("new", key="k")) is not None
            return Again(0.0, "busy")
        return Done()

    seen: list[str] = []
    await queue.submit(NewJob("old", key="k"))
    await drained(queue, handler, WorkOptions(concurrency=1, drain=True))
    assert seen == ["old", "new"]
    assert await queue.jobs() == []


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (Dead("the token was revoked"), "the token was revoked"),
        (ValueError("secret"), "unexpected ValueError"),
    ],
)
async def test_dead_letters_are_kept_and_can_be_replayed(queue: JobQueue, outcome, error: str) -> None:
    handler = Recorder(outcome)
    job_id = await queue.submit(NewJob("job", {"a": 1}, key="k", lock="l"))
    await drained(queue, handler)
    (dead,) = await queue.jobs("dead")
    assert (dead.id, dead.error, dead.attempt, dead.payload) == (job_id, error, 1, {"a": 1})
    assert await queue.jobs("queued") == []
    assert await queue.replay(dead.id)
    assert not await queue.replay(dead.id)
    assert not await queue.replay("nobody")
    await drained(queue, handler)
    assert [one.attempt for one in handler.seen] == [1, 1]
    assert await queue.jobs() == []


async def test_a_replay_gives_way_to_a_job_of_its_key(queue: JobQueue) -> None:
    job_id = await queue.submit(NewJob("job", key="k"))
    await drained(queue, Recorder(Dead("no")))
    await queue.submit(NewJob("job", key="k"))
    assert await queue.replay(str(job_id))
    assert [one.state for one in await queue.jobs()] == ["queued"]


async def test_a_key_has_one_dead_letter_and_none_after_a_success(queue: JobQueue) -> None:
    for error in ("first", "second"):
        await queue.submit(NewJob("job", key="k"))
        await drained(queue, Recorder(Dead(error)))
    assert [one.error for one in await queue.jobs("dead")] == ["second"]
    await queue.submit(NewJob("other", key="other"))
    await drained(queue, Recorder())
    assert len(await queue.jobs("dead")) == 1
    await queue.submit(NewJob("job", key="k"))
    await drained(queue, Recorder())
    assert await queue.jobs() == []


async def test_tries_end(queue: JobQueue) -> None:
    handler = Recorder(*[Again(0.0, "busy")] * (MAX_ATTEMPTS + 3))
    await queue.submit(NewJob("job"))
    await drained(queue, handler)
    assert len(handler.seen) == MAX_ATTEMPTS
    (dead,) = await queue.jobs("dead")
    assert dead.error == f"busy (tried {MAX_ATTEMPTS} times)"


async def test_a_worker_that_waits_hears_of_new_jobs_and_stops(queue: JobQueue) -> None:
    done = asyncio.Event()

    async def handler(job: Job):
        done.set()
        return Done()

    stop = asyncio.Event()
    # It would find the job by looking only after an hour.
    worker = asyncio.create_task(queue.work(handler, WorkOptions(poll_s=3600.0), stop))
    await queue.submit(NewJob("job"))
    await asyncio.wait_for(done.wait(), 60)
    stop.set()
    await asyncio.wait_for(worker, 60)


async def test_a_worker_that_ends_gives_its_jobs_back(queue: JobQueue) -> None:
    begun = asyncio.Event()

    async def forever(job: Job):
        begun.set()
        await asyncio.Event().wait()

    stop = asyncio.Event()
    await queue.submit(NewJob("job", key="k", lock="l"))
    worker = asyncio.create_task(queue.work(forever, WorkOptions(grace_s=0.0), stop))
    await asyncio.wait_for(begun.wait(), 60)
    stop.set()
    await asyncio.wait_for(worker, 60)
    handler = Recorder()
    await drained(queue, handler)
    assert [one.attempt for one in handler.seen] == [1]  # that was nobody's fault


async def test_a_hung_worker_loses_its_job_and_changes_nothing_after(jobs_url: str) -> None:
    """It gives no sign of life, another worker takes over, and then it wakes up and says that it failed."""
    hung, other = open_queue(jobs_url), open_queue(jobs_url)
    begun, wake, taken, finish = (asyncio.Event() for _ in range(4))

    async def hangs(job: Job):
        begun.set()
        await wake.wait()
        return Dead("said by one that does not have the job any more")

    async def takes(job: Job):
        attempts.append(job.attempt)
        taken.set()
        await finish.wait()
        return Done()

    attempts: list[int] = []
    silent = WorkOptions(concurrency=1, beat_s=3600.0, stalled_s=3600.0, grace_s=60.0)
    eager = WorkOptions(concurrency=1, poll_s=0.05, beat_s=0.05, stalled_s=0.2)
    stops = [asyncio.Event(), asyncio.Event()]
    await hung.submit(NewJob("job", key="k", lock="l"))
    first = asyncio.create_task(hung.work(hangs, silent, stops[0]))
    await asyncio.wait_for(begun.wait(), 60)
    second = asyncio.create_task(other.work(takes, eager, stops[1]))
    await asyncio.wait_for(taken.wait(), 60)
    wake.set()
    stops[0].set()
    await asyncio.wait_for(first, 60)
    assert [(one.state, one.attempt) for one in await other.jobs()] == [("running", 2)]
    stops[1].set()
    finish.set()
    await asyncio.wait_for(second, 60)
    assert attempts == [2]
    assert await other.jobs() == []
    await hung.aclose()
    await other.aclose()


@pytest.mark.postgres
async def test_workers_that_begin_together_make_the_tables_once(empty_postgres_url: str) -> None:
    upgrade(empty_postgres_url)
    queues = [open_queue(empty_postgres_url) for _ in range(8)]
    found = await asyncio.gather(*(one.submit(NewJob("job", key="k")) for one in queues))
    assert sum(one is not None for one in found) == 1
    await asyncio.gather(*(one.aclose() for one in queues))
