"""State of a mapping's sync: who runs it, how far each side was read, and what keeps it from going on.

A run holds a lease and a fence number. What it stores is stored only while the number is still the last one
given, so that a worker that was frozen and wakes up after another took over changes nothing. Leases go by the
database's clock: that of a machine may be wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from pm_providers.database import database_for
from pm_providers.database.clock import clock
from pm_providers.database.schema_sync import sync_states
from pm_providers.errors import ConflictError

__all__ = [
    "BLOCKED",
    "LEASE_S",
    "NEW",
    "OK",
    "SyncState",
    "TakenOverError",
    "break_lease",
    "check_fence",
    "get_state",
    "list_states",
    "release_lease",
    "renew_lease",
    "save_cursor",
    "save_policy",
    "save_problem",
    "take_lease",
    "write_fenced",
]

T = TypeVar("T")

NEW, OK, BLOCKED = "new", "ok", "blocked"
LEASE_S = 300.0
"""How long a run holds its mapping after its last transaction, by the database's clock."""


class TakenOverError(ConflictError):
    """Another run of the mapping took over; this one may not change anything more."""


@dataclass(frozen=True, slots=True)
class SyncState:
    """State of one mapping's sync.

    Attributes:
        mapping_id: mapping.
        left_cursor: where the changes of the left were read to; missing before the first run.
        right_cursor: the same for the right.
        state: `new`, `ok` or `blocked`.
        problem: what blocks it, in words.
        next_step: what to do about it.
        fence: number of the last lease.
        holder: who holds the lease.
        lease_until: when it ends, in seconds since 1970 by the database's clock.
        policy: digest of the options that the last run went by.
        updated_at: instant of the last change.
        is_held: whether a run holds the mapping; one that died holds it until its lease has ended.
    """

    mapping_id: str
    left_cursor: str | None
    right_cursor: str | None
    state: str
    problem: str | None
    next_step: str | None
    fence: int
    holder: str | None
    lease_until: float | None
    policy: str | None
    updated_at: datetime
    is_held: bool


async def get_state(db: Any, mapping_id: str) -> SyncState | None:
    """State of a mapping; `None` before its first run."""
    return await database_for(db).read(lambda conn: _found(conn, mapping_id))


async def list_states(db: Any) -> dict[str, SyncState]:
    """Mapping id -> state, of all that ran."""

    def work(conn: SqlConnection) -> dict[str, SyncState]:
        rows = conn.execute(_rows(conn)).mappings()
        return {row["mapping_id"]: SyncState(**row) for row in rows}

    return await database_for(db).read(work)


async def take_lease(db: Any, mapping_id: str, holder: str, seconds: float) -> int | None:
    """Begin a run: its fence number, or `None` while another run holds the mapping.

    Args:
        db: the database.
        mapping_id: mapping.
        holder: who asks, for people.
        seconds: after these the lease ends unless it is renewed.
    """

    def work(conn: SqlConnection) -> int | None:
        _ensure(conn, mapping_id)
        now = clock(conn)
        free = (sync_states.c.lease_until.is_(None)) | (sync_states.c.lease_until < now)
        taken = conn.execute(
            update(sync_states)
            .where(sync_states.c.mapping_id == mapping_id, free)
            .values(fence=sync_states.c.fence + 1, holder=holder[:100], lease_until=now + seconds)
        )
        if taken.rowcount != 1:
            return None
        found: int = conn.execute(
            select(sync_states.c.fence).where(sync_states.c.mapping_id == mapping_id)
        ).scalar_one()
        return found

    return await database_for(db).write(work)


async def renew_lease(db: Any, mapping_id: str, fence: int, seconds: float) -> None:
    """Go on holding it.

    Raises:
        ConflictError: another run took over.
    """

    def work(conn: SqlConnection) -> None:
        check_fence(conn, mapping_id, fence, seconds)

    await database_for(db).write(work)


async def release_lease(db: Any, mapping_id: str, fence: int) -> None:
    """End a run; harmless when another took over."""

    def work(conn: SqlConnection) -> None:
        ours = (sync_states.c.mapping_id == mapping_id) & (sync_states.c.fence == fence)
        conn.execute(update(sync_states).where(ours).values(lease_until=None, holder=None))

    await database_for(db).write(work)


async def break_lease(db: Any, mapping_id: str, fence: int) -> None:
    """End the run of somebody who is taken for dead: should it wake up, it stores nothing more.

    Nothing happens when another one took over since.
    """

    def work(conn: SqlConnection) -> None:
        theirs = (sync_states.c.mapping_id == mapping_id) & (sync_states.c.fence == fence)
        # With its number still the last one given, it would renew its lease as soon as it wakes up.
        ended = {"fence": fence + 1, "lease_until": None, "holder": None}
        conn.execute(update(sync_states).where(theirs).values(**ended))

    await database_for(db).write(work)


async def save_problem(
    db: Any, mapping_id: str, fence: int, problem: str | None, next_step: str | None = None
) -> None:
    """Record what blocks a mapping; `None` for nothing.

    Raises:
        ConflictError: another run took over.
    """
    state = OK if problem is None else BLOCKED
    await _if_ours(db, mapping_id, fence, state=state, problem=problem, next_step=next_step)


def save_cursor(conn: SqlConnection, mapping_id: str, side: str, cursor: str | None) -> None:
    """Record how far a side was read, in the transaction that stores what was read."""
    values = {f"{side}_cursor": cursor, "updated_at": datetime.now(UTC)}
    conn.execute(update(sync_states).where(sync_states.c.mapping_id == mapping_id).values(**values))


def save_policy(conn: SqlConnection, mapping_id: str, digest: str) -> None:
    """Record which options a run goes by."""
    conn.execute(update(sync_states).where(sync_states.c.mapping_id == mapping_id).values(policy=digest))


def check_fence(conn: SqlConnection, mapping_id: str, fence: int, seconds: float = LEASE_S) -> None:
    """Make sure that the transaction is of the run that holds the mapping, and keep others out till its end.

    It is a sign of life as well: the lease begins anew.

    Raises:
        TakenOverError: another run took over.
    """
    ours = (sync_states.c.mapping_id == mapping_id) & (sync_states.c.fence == fence)
    values = {"updated_at": datetime.now(UTC), "lease_until": clock(conn) + seconds}
    held = conn.execute(update(sync_states).where(ours).values(**values))
    if held.rowcount != 1:
        raise TakenOverError("another run of this mapping took over; this one changes nothing more")


async def write_fenced(db: Any, mapping_id: str, fence: int, work: Callable[[SqlConnection], T]) -> T:
    """A transaction of a run: nothing of it takes effect where another took over. See `check_fence`.

    Raises:
        TakenOverError: another run took over.
    """

    def fenced(conn: SqlConnection) -> T:
        check_fence(conn, mapping_id, fence)
        return work(conn)

    return await database_for(db).write(fenced)


async def _if_ours(db: Any, mapping_id: str, fence: int, **values: Any) -> None:
    def work(conn: SqlConnection) -> None:
        conn.execute(update(sync_states).where(sync_states.c.mapping_id == mapping_id).values(**values))

    await write_fenced(db, mapping_id, fence, work)


def _rows(conn: SqlConnection) -> Select[Any]:
    held = func.coalesce(sync_states.c.lease_until >= clock(conn), False)
    return select(sync_states, held.label("is_held"))


def _found(conn: SqlConnection, mapping_id: str) -> SyncState | None:
    statement = _rows(conn).where(sync_states.c.mapping_id == mapping_id)
    row = conn.execute(statement).mappings().one_or_none()
    return None if row is None else SyncState(**row)


def _ensure(conn: SqlConnection, mapping_id: str) -> None:
    if _found(conn, mapping_id) is not None:
        return
    row = {"mapping_id": mapping_id, "state": NEW, "fence": 0, "updated_at": datetime.now(UTC)}
    try:
        with conn.begin_nested():
            conn.execute(insert(sync_states).values(**row))
    except IntegrityError:
        if _found(conn, mapping_id) is None:
            raise  # no such mapping
