"""The queue on procrastinate, over PostgreSQL: several workers on several machines.

procrastinate hands jobs out, keeps locks and announces what is new. What becomes of a job is stored by
statements of our own, which change nothing once another worker has the job: its own do not look, and a worker
that was frozen and wakes up would end a job that somebody else is doing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job as TheirJob
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from procrastinate.schema import SchemaManager
from sqlalchemy import make_url

from pm_providers.errors import TransportError
from pm_providers.jobs.port import (
    MAX_ATTEMPTS,
    Again,
    Done,
    Handler,
    Job,
    JobQueue,
    NewJob,
    Outcome,
    WorkOptions,
    outcome_of,
)

__all__ = ["ProcrastinateQueue"]

_QUEUE = "pm_providers"
_TASK = "pm_providers.job"
_SCHEMA_LOCK = 0x706D_6A71  # any number that nobody else locks
_STATES = {"todo": "queued", "doing": "running", "failed": "dead"}
_SPARE_CONNECTIONS = 4

_MINE = (
    "id = %(id)s AND status = 'doing' AND attempts = %(attempts)s "
    "AND worker_id IS NOT DISTINCT FROM %(worker)s::bigint"
)
_WAITS = (
    "EXISTS (SELECT 1 FROM procrastinate_jobs other "
    "WHERE other.queueing_lock = %(key)s::text AND other.status = 'todo' AND other.id <> %(id)s)"
)
_DROP = f"DELETE FROM procrastinate_jobs WHERE {_MINE} RETURNING id"  # noqa: S608 - constants
# While it waits it keeps jobs of its lock back that are less urgent or newer: so its priority is as before.
_DELAY = f"""
UPDATE procrastinate_jobs SET status = 'todo', attempts = attempts + %(tried)s, scheduled_at = %(run_at)s,
    worker_id = NULL, abort_requested = false, priority = COALESCE((args ->> 'gave_way')::integer, priority),
    args = (args - 'gave_way') || jsonb_build_object('error', %(error)s::text)
WHERE {_MINE} AND NOT {_WAITS} RETURNING id
"""  # noqa: S608 - constants
_BURY = f"""
UPDATE procrastinate_jobs SET status = 'failed', attempts = attempts + 1, abort_requested = false,
    args = args || jsonb_build_object('error', %(error)s::text)
WHERE {_MINE} RETURNING id
"""  # noqa: S608 - constants
_AGE = """
UPDATE procrastinate_jobs SET priority = 0, args = args || jsonb_build_object('gave_way', priority)
WHERE queue_name = %(queue)s AND status = 'todo' AND priority < 0 AND COALESCE(scheduled_at, (
    SELECT max(at) FROM procrastinate_events WHERE job_id = procrastinate_jobs.id
)) <= now() - make_interval(secs => %(seconds)s::double precision)
RETURNING id
"""
# Only what is due: what waits for its next try would keep the more of its lock back.
_RAISE = """
UPDATE procrastinate_jobs SET priority = %(priority)s, args = args - 'gave_way'
WHERE queueing_lock = %(key)s::text AND status = 'todo' AND priority < %(priority)s
    AND (scheduled_at IS NULL OR scheduled_at <= now())
RETURNING id
"""
_FORGET_DEAD = (
    "DELETE FROM procrastinate_jobs WHERE status = 'failed' AND queueing_lock = %(key)s::text "
    "AND id <> %(id)s RETURNING id"
)
_REVIVE = """
UPDATE procrastinate_jobs SET status = 'todo', attempts = 0, scheduled_at = NULL
WHERE id = %(id)s AND status = 'failed' AND queue_name = %(queue)s AND NOT EXISTS (
    SELECT 1 FROM procrastinate_jobs other
    WHERE other.queueing_lock = procrastinate_jobs.queueing_lock AND other.status = 'todo')
RETURNING id
"""
_CLEAR = (
    "DELETE FROM procrastinate_jobs WHERE id = %(id)s AND status = 'failed' AND queue_name = %(queue)s "
    "RETURNING id"
)
_TABLE_IS_THERE = (
    "SELECT 1 AS found FROM pg_catalog.pg_class WHERE relname = 'procrastinate_jobs' "
    "AND pg_catalog.pg_table_is_visible(oid)"
)
_LIST = """
SELECT id, args, priority, attempts, status::text AS status, scheduled_at FROM procrastinate_jobs
WHERE queue_name = %(queue)s AND status::text = ANY(%(states)s) ORDER BY id LIMIT %(limit)s
"""


class _TryAgainError(Exception):
    """Ends a try that another one follows."""

    def __init__(self, outcome: Again) -> None:
        super().__init__(outcome.error)
        self.outcome = outcome


class _DeadError(Exception):
    """Ends the last try."""


class _Retry(BaseRetryStrategy):
    """A worker that ends gives its jobs back; else goes by the outcome."""

    def get_retry_decision(self, *, exception: BaseException, job: TheirJob) -> RetryDecision | None:
        del job
        if isinstance(exception, _TryAgainError):
            return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=exception.outcome.seconds))
        if isinstance(exception, _DeadError):
            return None
        return RetryDecision(retry_at=datetime.now(UTC))


class _FencedManager(JobManager):
    """Stores what becomes of a job only while the worker still has it."""

    errors: dict[int, str]

    async def finish_job(self, job: TheirJob, status: Status, delete_job: bool) -> None:
        """See `JobManager`."""
        del delete_job
        error = self.errors.pop(job.id or 0, "")
        if await self.ours(_DROP if status == Status.SUCCEEDED else _BURY, job, error=error):
            await self.connector.execute_query_all_async(_FORGET_DEAD, id=job.id, key=job.queueing_lock)

    async def retry_job(
        self,
        job: TheirJob,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """See `JobManager`."""
        del priority, queue, lock
        error = self.errors.pop(job.id or 0, None)
        await self.delay(job, retry_at or datetime.now(UTC), error or "", tried=error is not None)

    async def delay(self, job: TheirJob, run_at: datetime, error: str, *, tried: bool) -> None:
        """Queue it again; it goes where another of its key waits already."""
        if not await self.ours(_DELAY, job, error=error, run_at=run_at, tried=int(tried)):
            waits = "SELECT 1 AS found WHERE " + _WAITS
            if await self.connector.execute_query_all_async(waits, id=job.id, key=job.queueing_lock):
                await self.ours(_DROP, job)

    async def ours(self, query: Any, job: TheirJob, **values: Any) -> bool:
        """Run a statement on a job that somebody has; whether it is still the same one."""
        found = await self.connector.execute_query_all_async(
            query,
            id=job.id,
            attempts=job.attempts,
            worker=job.worker_id,
            key=job.queueing_lock,
            **values,
        )
        return bool(found)


class ProcrastinateQueue(JobQueue):
    """Jobs in procrastinate's tables, in a queue of our own; the tables are made at first use.

    Args:
        url: address of the database, as from `database_url`.
        connections: held at most, beside those of running jobs.
    """

    def __init__(self, url: str, *, connections: int = _SPARE_CONNECTIONS) -> None:
        address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        connector = PsycopgConnector(conninfo=address, min_size=1, max_size=connections)
        self._app = App(connector=connector)
        self._manager = _FencedManager(connector)
        self._manager.errors = {}
        self._app.job_manager = self._manager
        self._handler: Handler | None = None
        self._opening = asyncio.Lock()
        self._open = False
        self._begun = 0
        self._app.task(name=_TASK, queue=_QUEUE, pass_context=True, retry=_Retry())(self._do)

    async def submit(self, job: NewJob) -> str | None:
        """See `JobQueue.submit`."""
        async with self._ready():
            deferrer = self._app.configure_task(
                _TASK,
                queue=_QUEUE,
                lock=job.lock,
                queueing_lock=job.key,
                schedule_at=job.run_at,
                priority=job.priority,
            )
            try:
                return str(await deferrer.defer_async(name=job.name, payload=dict(job.payload)))
            except AlreadyEnqueued:
                await self._query(_RAISE, key=job.key, priority=job.priority)
                return None

    async def work(self, handler: Handler, options: WorkOptions, stop: asyncio.Event) -> None:
        """See `JobQueue.work`."""
        self._handler = handler
        async with self._ready():
            await self._look_after(options)
        rescue = asyncio.create_task(self._look_after_often(options))
        try:
            while not stop.is_set():
                begun = self._begun
                lost = await self._work_once(options, stop)
                if options.drain and begun == self._begun and not lost:
                    return
                if lost:
                    await _pause(stop, options.poll_s)
        finally:
            rescue.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await rescue

    async def jobs(self, state: str | None = None, *, limit: int = 200) -> list[Job]:
        """See `JobQueue.jobs`."""
        wanted = [theirs for theirs, ours in _STATES.items() if state in {None, ours}]
        async with self._ready():
            rows = await self._query(_LIST, queue=_QUEUE, states=wanted, limit=limit)
        return [_job(row) for row in rows]

    async def replay(self, job_id: str) -> bool:
        """See `JobQueue.replay`."""
        if not job_id.isascii() or not job_id.isdigit():
            return False
        async with self._ready():
            for query in (_REVIVE, _CLEAR):
                values = {"id": int(job_id), "queue": _QUEUE}
                if await self._query(query, **values):
                    return True
        return False

    async def aclose(self) -> None:
        """See `JobQueue.aclose`."""
        if self._open:
            self._open = False
            await self._app.close_async()

    # working

    async def _work_once(self, options: WorkOptions, stop: asyncio.Event) -> bool:
        """Work until told to stop, or until nothing is due; whether the worker was lost instead."""
        worker = asyncio.create_task(
            self._app.run_worker_async(
                queues=[_QUEUE],
                concurrency=options.concurrency,
                wait=not options.drain,
                fetch_job_polling_interval=options.poll_s,
                install_signal_handlers=False,
                update_heartbeat_interval=options.beat_s,
                stalled_worker_timeout=options.stalled_s,
                shutdown_graceful_timeout=options.grace_s,
            )
        )
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({worker, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            if not worker.done():
                worker.cancel()
                await asyncio.wait({worker})
        if worker.cancelled() or stop.is_set():
            return False
        error = worker.exception()
        if error is not None and not isinstance(error, ConnectorException):
            raise error
        # A worker that slept so long that others took it for dead is not known any more, and begins anew.
        return error is not None or not options.drain

    async def _do(
        self,
        context: JobContext,
        name: str,
        payload: dict[str, Any],
        error: str = "",
        gave_way: int | None = None,
    ) -> None:
        job, priority = context.job, context.job.priority if gave_way is None else gave_way
        self._begun += 1
        if self._handler is None:  # procrastinate's own command line, say
            raise _DeadError("no handler")
        asked = Job(str(job.id), name, payload, priority, job.attempts + 1, "running", None, error or None)
        self._raise(job, await outcome_of(self._handler, asked))

    def _raise(self, job: TheirJob, outcome: Outcome) -> None:
        if isinstance(outcome, Done):
            return
        self._manager.errors[job.id or 0] = outcome.error
        raise _TryAgainError(outcome) if isinstance(outcome, Again) else _DeadError(outcome.error)

    async def _look_after_often(self, options: WorkOptions) -> None:
        while True:
            await asyncio.sleep(options.beat_s)
            with contextlib.suppress(ConnectorException):  # the next look is soon
                await self._look_after(options)

    async def _look_after(self, options: WorkOptions) -> None:
        await self._query(_AGE, queue=_QUEUE, seconds=options.aged_s)
        await self._rescue(options.stalled_s)

    async def _rescue(self, stalled_s: float) -> None:
        """Take jobs from workers that give no sign of life."""
        found = await self._manager.get_stalled_jobs(queue=_QUEUE, seconds_since_heartbeat=stalled_s)
        for job in found:
            tries = job.attempts + 1
            if tries >= MAX_ATTEMPTS:
                await self._manager.ours(_BURY, job, error=f"its worker died {tries} times")
            else:
                now = datetime.now(UTC)
                await self._manager.delay(job, now, "its worker died or hung", tried=True)

    # the connection

    async def _query(self, query: Any, **values: Any) -> list[dict[str, Any]]:
        return list(await self._app.connector.execute_query_all_async(query, **values))

    @contextlib.asynccontextmanager
    async def _ready(self) -> AsyncIterator[None]:
        try:
            async with self._opening:
                if not self._open:
                    await self._app.open_async()
                    self._open = True
                    await self._ensure_schema()
            yield
        except ConnectorException as error:
            raise TransportError("the database of the job queue does not answer") from error

    async def _ensure_schema(self) -> None:
        if await self._app.check_connection_async():
            return
        connector = self._app.connector
        assert isinstance(connector, PsycopgConnector)  # noqa: S101 - made in the constructor
        async with connector.pool.connection() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
            # to_regclass may still answer from before the wait: it remembers that there was no such table.
            there = await connection.execute(_TABLE_IS_THERE)
            if await there.fetchone() is None:
                await connection.execute(SchemaManager.get_schema())


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


def _job(row: dict[str, Any]) -> Job:
    args, run_at = row["args"], row["scheduled_at"]
    late = run_at is not None and run_at > datetime.now(UTC)
    return Job(
        str(row["id"]),
        str(args.get("name", "")),
        args.get("payload") or {},
        args.get("gave_way", row["priority"]),
        row["attempts"] + (row["status"] == "doing"),
        _STATES[row["status"]],
        run_at if late else None,
        args.get("error") or None,
    )
