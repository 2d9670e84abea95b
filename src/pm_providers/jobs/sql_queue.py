"""The queue in our own tables, for SQLite: jobs of one machine, done by the process that asks for work."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import time
from datetime import UTC, datetime
from typing import Any

from pm_providers.database import Database, database_for
from pm_providers.jobs.port import (
    MAX_ATTEMPTS,
    Again,
    Done,
    Handler,
    Job,
    JobQueue,
    NewJob,
    WorkOptions,
    outcome_of,
)
from pm_providers.store.jobs import (
    JobRow,
    add_job,
    beat,
    bury_job,
    delay_job,
    drop_job,
    give_back,
    list_jobs,
    revive_job,
    stalled_jobs,
    take_job,
)

__all__ = ["SqlQueue"]


class SqlQueue(JobQueue):
    """Jobs in `pm_jobs`. Several processes of one machine may work on them.

    Args:
        db: a SQLite database, as `database_for` takes it. Not a host's session: what a worker took must be
            committed before it begins.
    """

    def __init__(self, db: Any = None) -> None:
        self._db: Database = database_for(db)
        self._new = asyncio.Event()

    async def submit(self, job: NewJob) -> str | None:
        """See `JobQueue.submit`."""
        run_at = None if job.run_at is None else job.run_at.timestamp()
        found = await add_job(
            self._db,
            job.name,
            dict(job.payload),
            lock=job.lock,
            key=job.key,
            run_at=run_at,
            priority=job.priority,
        )
        self._new.set()
        return found

    async def work(self, handler: Handler, options: WorkOptions, stop: asyncio.Event) -> None:
        """See `JobQueue.work`."""
        await _Worker(self._db, handler, options, stop, self._new).run()

    async def jobs(self, state: str | None = None, *, limit: int = 200) -> list[Job]:
        """See `JobQueue.jobs`."""
        return [_job(row) for row in await list_jobs(self._db, state, limit=limit)]

    async def replay(self, job_id: str) -> bool:
        """See `JobQueue.replay`."""
        found = await revive_job(self._db, job_id)
        self._new.set()
        return found

    async def aclose(self) -> None:
        """See `JobQueue.aclose`."""
        await self._db.aclose()


class _Worker:
    def __init__(
        self, db: Database, handler: Handler, options: WorkOptions, stop: asyncio.Event, new: asyncio.Event
    ) -> None:
        self._db, self._handler, self._options = db, handler, options
        self._stop, self._new = stop, new
        self._name = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        life = asyncio.create_task(self._live())
        try:
            await self._loop(life)
        finally:
            life.cancel()
            await self._end()
            with contextlib.suppress(asyncio.CancelledError):
                await life

    async def _loop(self, life: asyncio.Task[None]) -> None:
        while not self._stop.is_set() and not life.done():
            self._new.clear()
            await self._fill()
            if self._options.drain and not self._running:
                return
            await self._something(life)
        if life.done():
            life.result()

    async def _fill(self) -> None:
        while len(self._running) < self._options.concurrency:
            row = await take_job(self._db, self._name, aged_s=self._options.aged_s)
            if row is None:
                return
            self._running.add(asyncio.create_task(self._one(row)))

    async def _something(self, life: asyncio.Task[None]) -> None:
        """Wait for a new job, the end of one, the order to stop, or the time to look again."""
        waits = [asyncio.create_task(self._new.wait()), asyncio.create_task(self._stop.wait())]
        try:
            await asyncio.wait(
                [*waits, life, *self._running],
                timeout=self._options.poll_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            for one in waits:
                one.cancel()
        for ended in [one for one in self._running if one.done()]:
            self._running.discard(ended)
            ended.result()

    async def _one(self, row: JobRow) -> None:
        outcome = await outcome_of(self._handler, _job(row))
        if isinstance(outcome, Done):
            await drop_job(self._db, row)
        elif isinstance(outcome, Again):
            await delay_job(self._db, row, outcome.seconds, outcome.error)
        else:
            await bury_job(self._db, row, outcome.error)

    async def _live(self) -> None:
        """Signs of life, and a look for workers that give none."""
        while True:
            for row in await stalled_jobs(self._db, self._options.stalled_s):
                if row.attempt >= MAX_ATTEMPTS:
                    await bury_job(self._db, row, f"its worker died {row.attempt} times")
                else:
                    await delay_job(self._db, row, 0.0, "its worker died or hung")
                self._new.set()
            await beat(self._db, self._name)
            await asyncio.sleep(self._options.beat_s)

    async def _end(self) -> None:
        if self._running:
            await asyncio.wait(self._running, timeout=self._options.grace_s)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await give_back(self._db, self._name)


def _job(row: JobRow) -> Job:
    late = row.run_at > time.time()
    run_at = datetime.fromtimestamp(row.run_at, UTC) if late else None
    return Job(row.id, row.name, row.payload, row.priority, row.attempt, row.state, run_at, row.error)
