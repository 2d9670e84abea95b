"""A worker: jobs of the queue that fits the database, and a look at the schedules now and then."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Any

from pm_providers.database import Database, database_for
from pm_providers.database.crypto import Vault
from pm_providers.database.session import database_url
from pm_providers.errors import ConfigurationError, PMError
from pm_providers.jobs.port import Job, JobQueue, Outcome, WorkOptions
from pm_providers.jobs.runs import RunHandler
from pm_providers.jobs.schedules import submit_due
from pm_providers.jobs.sql_queue import SqlQueue
from pm_providers.store import SqlGate
from pm_providers.sync.leave import WITHIN_S
from pm_providers.transport import share_quotas

__all__ = ["open_queue", "run_worker"]


def open_queue(url: str | None = None, *, concurrency: int = 1) -> JobQueue:
    """The queue that fits a database: procrastinate on PostgreSQL, our own tables on SQLite.

    Close it when done.

    Args:
        url: address as in `PM_DATABASE_URL`, which is the default.
        concurrency: jobs that will run at a time.

    Raises:
        ConfigurationError: malformed address, or the extra `worker` is not installed.
    """
    address = database_url(url)
    if address.startswith("sqlite"):
        return SqlQueue(address)
    try:
        from pm_providers.jobs.procrastinate_queue import ProcrastinateQueue
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"jobs on PostgreSQL need an extra ({error.name} is missing): pip install 'pm-providers[worker]'"
        ) from None
    return ProcrastinateQueue(address, connections=concurrency + 4)


async def run_worker(
    url: str | None = None,
    options: WorkOptions | None = None,
    *,
    stop: asyncio.Event | None = None,
    tick_s: float = 5.0,
    vault: Vault | None = None,
    learn: Callable[[Iterable[str]], None] = lambda _: None,
    on_end: Callable[[Job, Outcome], None] = lambda _job, _outcome: None,
) -> None:
    """Run what is queued and what is due, until `stop` is set (or, with `drain`, nothing is due any more).

    On PostgreSQL the pace of each vendor credential is kept in the database from here on, so that all workers
    together stay below the vendor's quota.

    Args:
        url: address as in `PM_DATABASE_URL`, which is the default.
        options: how to work.
        stop: set it to end; running jobs have `options.grace_s` then.
        tick_s: seconds between looks at the schedules.
        vault: keys of the stored credentials.
        learn: told the secrets of both sides, to mask them.
        on_end: told what became of each job.

    Raises:
        ConfigurationError: malformed address, schema missing, or the extra `worker` is not installed.
        TransportError: the database does not answer.
    """
    asked, end = options or WorkOptions(), stop or asyncio.Event()
    address = database_url(url)
    db, queue = database_for(address), open_queue(address, concurrency=asked.concurrency)
    shared = not address.startswith("sqlite")
    if shared:
        share_quotas(SqlGate(db))
    within_s = min(WITHIN_S, max(0.0, asked.stalled_s - asked.beat_s) / 2)
    handler = RunHandler(db, vault=vault, learn=learn, on_end=on_end, within_s=within_s)
    try:
        await submit_due(db, queue)
        ticks = asyncio.create_task(_tick(db, queue, tick_s, end))
        try:
            await queue.work(handler, asked, end)
        finally:
            await _ended(ticks)
    finally:
        if shared:
            share_quotas(None)
        await queue.aclose()
        await db.aclose()


async def _tick(db: Database, queue: JobQueue, seconds: float, stop: asyncio.Event) -> None:
    try:
        while True:
            await asyncio.sleep(seconds)
            with contextlib.suppress(PMError):  # the database is away: the next look makes up for it
                await submit_due(db, queue)
    finally:
        stop.set()  # a worker that does not look at the schedules any more is none


async def _ended(task: asyncio.Task[Any]) -> None:
    if not task.done():
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
