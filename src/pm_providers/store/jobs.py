"""Jobs in our own tables: the queue of databases that live on one machine. And which schedules ran when.

Whoever takes a job gets its attempt number. What becomes of the job is recorded only while that number is
still the last one given, so that a worker that was frozen changes nothing about a job that another one has.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import Select, case, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pm_providers.database import database_for
from pm_providers.database.ids import new_id
from pm_providers.database.schema_jobs import jobs, schedules

__all__ = [
    "DEAD",
    "QUEUED",
    "RUNNING",
    "JobRow",
    "add_job",
    "beat",
    "bury_job",
    "claim_slot",
    "delay_job",
    "drop_job",
    "give_back",
    "list_jobs",
    "return_slot",
    "revive_job",
    "stalled_jobs",
    "take_job",
]

QUEUED, RUNNING, DEAD = "queued", "running", "dead"
_INSERT = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


@dataclass(frozen=True, slots=True)
class JobRow:
    """A stored job; columns as in `schema_jobs`."""

    id: str
    name: str
    payload: dict[str, Any]
    lock: str | None
    key: str | None
    priority: int
    run_at: float
    attempt: int
    state: str
    worker: str | None
    beat_at: float | None
    error: str | None
    created_at: datetime


async def add_job(
    db: Any,
    name: str,
    payload: dict[str, Any],
    *,
    lock: str | None,
    key: str | None,
    run_at: float | None,
    priority: int,
) -> str | None:
    """Queue a job: its id, or `None` where one with this key waits: if due, it becomes as urgent."""
    row = {
        "id": new_id(),
        "name": name,
        "payload": payload,
        "lock": lock,
        "key": key,
        "priority": priority,
        "run_at": time.time() if run_at is None else run_at,
        "attempt": 0,
        "state": QUEUED,
        "created_at": datetime.now(UTC),
    }

    def work(conn: SqlConnection) -> str | None:
        if _waits(conn, key):
            due = (jobs.c.key == key) & (jobs.c.state == QUEUED) & (jobs.c.run_at <= time.time())
            conn.execute(update(jobs).where(due, jobs.c.priority < priority).values(priority=priority))
            return None
        conn.execute(insert(jobs).values(**row))
        return str(row["id"])

    return await database_for(db).write(work)


async def take_job(db: Any, worker: str, *, aged_s: float) -> JobRow | None:
    """Begin the most urgent job that is due and whose lock is free; `None` where there is none.

    Args:
        db: the database.
        worker: who does it.
        aged_s: seconds after which a job that is due counts as one of priority 0 at least.
    """

    def work(conn: SqlConnection) -> JobRow | None:
        found = conn.execute(_next(time.time(), aged_s)).scalar()
        if found is None:
            return None
        conn.execute(
            update(jobs)
            .where(jobs.c.id == found)
            .values(state=RUNNING, worker=worker, beat_at=time.time(), attempt=jobs.c.attempt + 1)
        )
        return _row(conn, str(found))

    return await database_for(db).write(work)


def _next(now: float, aged_s: float) -> Select[tuple[str]]:
    held = select(jobs.c.lock).where(jobs.c.state == RUNNING, jobs.c.lock.is_not(None))
    free = jobs.c.lock.is_(None) | jobs.c.lock.not_in(held)
    ready = select(jobs.c.id).where(jobs.c.state == QUEUED, jobs.c.run_at <= now, free)
    is_aged = (jobs.c.priority < 0) & (jobs.c.run_at <= now - aged_s)
    return ready.order_by(case((is_aged, 0), else_=jobs.c.priority).desc(), jobs.c.id).limit(1)


async def beat(db: Any, worker: str) -> None:
    """A sign of life of all jobs of a worker."""
    ours = (jobs.c.worker == worker) & (jobs.c.state == RUNNING)
    await database_for(db).write(
        lambda conn: conn.execute(update(jobs).where(ours).values(beat_at=time.time())).rowcount
    )


async def stalled_jobs(db: Any, seconds: float) -> list[JobRow]:
    """Running jobs whose worker gave no sign of life for so long."""
    stalled = select(jobs).where(jobs.c.state == RUNNING, jobs.c.beat_at < time.time() - seconds)
    return await database_for(db).read(
        lambda conn: [JobRow(**row) for row in conn.execute(stalled).mappings()]
    )


async def drop_job(db: Any, row: JobRow) -> bool:
    """The job is done: it goes, and the dead ones of its key with it. `False`: another worker has it."""

    def work(conn: SqlConnection) -> bool:
        if not conn.execute(delete(jobs).where(_held(row))).rowcount:
            return False
        _forget_dead(conn, row)
        return True

    return await database_for(db).write(work)


async def delay_job(db: Any, row: JobRow, seconds: float, error: str) -> bool:
    """Queue it again, in a while; it goes where another of its key waits already.

    Returns:
        `False` as in `drop_job`.
    """

    def work(conn: SqlConnection) -> bool:
        if _waits(conn, row.key):
            return conn.execute(delete(jobs).where(_held(row))).rowcount == 1
        values = {"state": QUEUED, "run_at": time.time() + seconds, "error": error, "worker": None}
        return conn.execute(update(jobs).where(_held(row)).values(**values)).rowcount == 1

    return await database_for(db).write(work)


async def bury_job(db: Any, row: JobRow, error: str) -> bool:
    """Try it no more; older dead ones of its key go. `False` as in `drop_job`."""

    def work(conn: SqlConnection) -> bool:
        values = {"state": DEAD, "error": error, "worker": None}
        if not conn.execute(update(jobs).where(_held(row)).values(**values)).rowcount:
            return False
        _forget_dead(conn, row)
        return True

    return await database_for(db).write(work)


async def give_back(db: Any, worker: str) -> None:
    """Queue what a worker did not finish; that was no attempt."""
    ours = (jobs.c.worker == worker) & (jobs.c.state == RUNNING)
    others = select(jobs.c.key).where(jobs.c.state == QUEUED, jobs.c.key.is_not(None))

    def work(conn: SqlConnection) -> None:
        conn.execute(delete(jobs).where(ours, jobs.c.key.in_(others)))
        values = {"state": QUEUED, "run_at": time.time(), "worker": None, "attempt": jobs.c.attempt - 1}
        conn.execute(update(jobs).where(ours).values(**values))

    await database_for(db).write(work)


async def revive_job(db: Any, job_id: str) -> bool:
    """Queue a dead job anew, with all its attempts; it goes where another of its key waits already.

    Returns:
        Whether there was such a dead job.
    """

    def work(conn: SqlConnection) -> bool:
        dead = (jobs.c.id == job_id) & (jobs.c.state == DEAD)
        row = conn.execute(select(jobs).where(dead)).mappings().one_or_none()
        if row is None:
            return False
        if _waits(conn, row["key"]):
            conn.execute(delete(jobs).where(dead))
        else:
            conn.execute(update(jobs).where(dead).values(state=QUEUED, attempt=0, run_at=time.time()))
        return True

    return await database_for(db).write(work)


async def list_jobs(db: Any, state: str | None = None, *, limit: int = 200) -> list[JobRow]:
    """Jobs in the order in which they were submitted."""
    wanted = select(jobs).order_by(jobs.c.id).limit(limit)
    if state is not None:
        wanted = wanted.where(jobs.c.state == state)
    return await database_for(db).read(
        lambda conn: [JobRow(**row) for row in conn.execute(wanted).mappings()]
    )


async def claim_slot(db: Any, mapping_id: str, slot: float) -> float | None:
    """Become the one to submit the run of a mapping that is due at an instant.

    Returns:
        The instant that was claimed before, minus infinity where there was none; `None` where somebody else
        is the one.
    """

    def work(conn: SqlConnection) -> float | None:
        own = schedules.c.mapping_id == mapping_id
        before: float | None = conn.execute(select(schedules.c.slot).where(own)).scalar()
        if before is None:
            new: Any = _INSERT[conn.dialect.name](schedules).values(mapping_id=mapping_id, slot=slot)
            return -math.inf if conn.execute(new.on_conflict_do_nothing()).rowcount else None
        taken = update(schedules).where(own, schedules.c.slot == before, schedules.c.slot < slot)
        return before if conn.execute(taken.values(slot=slot)).rowcount else None

    return await database_for(db).write(work)


async def return_slot(db: Any, mapping_id: str, slot: float, before: float) -> None:
    """Undo `claim_slot`, as the run was not submitted; nothing where somebody claimed a later instant."""
    own = (schedules.c.mapping_id == mapping_id) & (schedules.c.slot == slot)
    first = before == -math.inf
    undo: Any = delete(schedules).where(own) if first else update(schedules).where(own).values(slot=before)
    await database_for(db).write(lambda conn: conn.execute(undo).rowcount)


def _held(row: JobRow) -> Any:
    return (jobs.c.id == row.id) & (jobs.c.state == RUNNING) & (jobs.c.attempt == row.attempt)


def _waits(conn: SqlConnection, key: str | None) -> bool:
    same = select(jobs.c.id).where(jobs.c.key == key, jobs.c.state == QUEUED)
    return key is not None and conn.execute(same.limit(1)).scalar() is not None


def _forget_dead(conn: SqlConnection, row: JobRow) -> None:
    if row.key is not None:
        dead = (jobs.c.key == row.key) & (jobs.c.state == DEAD) & (jobs.c.id != row.id)
        conn.execute(delete(jobs).where(dead))


def _row(conn: SqlConnection, job_id: str) -> JobRow:
    return JobRow(**conn.execute(select(jobs).where(jobs.c.id == job_id)).mappings().one())
