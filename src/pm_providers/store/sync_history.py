"""Runs, every write with what was there before and after, and conflicts.

A write is recorded as an intent before it is sent. What happened to it is recorded with the link that it
belongs to, in one transaction; an intent that is left tells the next run where to look.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import Update, bindparam, insert, select, update

from pm_providers.database import database_for
from pm_providers.database.clock import read_clock
from pm_providers.database.ids import new_id, new_ids
from pm_providers.database.schema_sync import sync_conflicts, sync_links, sync_runs, sync_writes

__all__ = [
    "DIED",
    "DONE",
    "FAILED",
    "INTENT",
    "UNSURE",
    "SyncConflict",
    "SyncRun",
    "SyncWrite",
    "add_conflicts",
    "add_intents",
    "age_s",
    "end_run",
    "finish_conflicts",
    "finish_in_part",
    "finish_write",
    "finish_writes",
    "list_conflicts",
    "list_runs",
    "list_writes",
    "open_writes",
    "resolve_conflict",
    "stamp_intents",
    "start_run",
]

INTENT, DONE, FAILED, UNSURE = "intent", "done", "failed", "unsure"
DIED = "it ended without a word"


@dataclass(frozen=True, slots=True)
class SyncRun:
    """One run: what it was, how it ended, and counts of what it did by name."""

    id: str
    mapping_id: str
    kind: str
    state: str
    plan_id: str | None
    undoes_run_id: str | None
    counts: dict[str, int]
    error: str | None
    fence: int
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class SyncWrite:
    """One write to one side.

    Attributes:
        wanted: fields as they were sent, in that side's terms.
        basis: what the other side said about these fields when it was decided, by its own names.
        before: what stood there; missing for what was created.
        after: what the system answered; missing for what was deleted.
        lost: values that lost a conflict by this write, by field.
        state: `intent`, `done`, `failed`, or `unsure` where nobody knows yet whether it was carried out.
        created_at: when it was recorded, or last about to be sent, by the database's clock.
    """

    id: str
    run_id: str
    mapping_id: str
    link_id: str
    entity: str
    side: str
    action: str
    remote_id: str | None
    title: str | None
    wanted: dict[str, Any]
    basis: dict[str, Any] | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    lost: dict[str, Any] | None
    state: str
    error: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class SyncConflict:
    """A field that both sides changed. Values stand under `value`."""

    id: str
    mapping_id: str
    link_id: str
    field: str
    left_value: Any
    right_value: Any
    base_value: Any
    state: str
    decision: str | None
    note: str | None
    run_id: str | None
    created_at: datetime
    resolved_at: datetime | None


def start_run(
    conn: SqlConnection,
    mapping_id: str,
    kind: str,
    fence: int,
    *,
    plan_id: str | None = None,
    undoes_run_id: str | None = None,
) -> str:
    """Record that a run begins; its id. One that is still called running died."""
    died = (sync_runs.c.mapping_id == mapping_id) & (sync_runs.c.state == "running")
    ended = {"state": "failed", "error": DIED, "finished_at": datetime.now(UTC)}
    conn.execute(update(sync_runs).where(died).values(**ended))
    row: dict[str, Any] = {
        "id": new_id(at=read_clock(conn)),
        "mapping_id": mapping_id,
        "kind": kind,
        "state": "running",
        "plan_id": plan_id,
        "undoes_run_id": undoes_run_id,
        "counts": {},
        "fence": fence,
        "started_at": datetime.now(UTC),
    }
    conn.execute(insert(sync_runs).values(**row))
    return str(row["id"])


def end_run(
    conn: SqlConnection, run_id: str, state: str, counts: Mapping[str, int], error: str | None = None
) -> None:
    """Record how it ended."""
    values = {"state": state, "counts": dict(counts), "error": error, "finished_at": datetime.now(UTC)}
    conn.execute(update(sync_runs).where(sync_runs.c.id == run_id).values(**values))


def add_intents(conn: SqlConnection, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Record writes that are about to be sent; their ids, in order."""
    now = _now(conn)
    ids = new_ids(len(rows), at=now.timestamp())
    if rows:
        made = [
            {**row, "id": one, "state": INTENT, "created_at": now} for one, row in zip(ids, rows, strict=True)
        ]
        conn.execute(insert(sync_writes), made)
    return ids


def stamp_intents(conn: SqlConnection, mapping_id: str, fence: int) -> None:
    """Record that the run with this fence is about to send what it did not send yet: it counts as new."""
    ours = select(sync_runs.c.id).where(sync_runs.c.mapping_id == mapping_id, sync_runs.c.fence == fence)
    where = (
        (sync_writes.c.mapping_id == mapping_id)
        & (sync_writes.c.state == INTENT)
        & sync_writes.c.run_id.in_(ours)
    )
    conn.execute(update(sync_writes).where(where).values(created_at=_now(conn)))


def age_s(conn: SqlConnection, write: SyncWrite) -> float:
    """Seconds since a write was recorded or last about to be sent, by the database's clock."""
    return (_now(conn) - write.created_at).total_seconds()


def _now(conn: SqlConnection) -> datetime:
    """By the database's clock: another machine will ask how long ago it was."""
    return datetime.fromtimestamp(read_clock(conn), UTC)


def finish_write(conn: SqlConnection, write_id: str, state: str, **values: Any) -> None:
    """Record what became of a write."""
    finish_writes(conn, state, {write_id: values})


def finish_writes(conn: SqlConnection, state: str, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """As `finish_write` for many writes at once, all with the same columns.

    Args:
        conn: transaction.
        state: of all.
        rows: id of a write -> column -> value.
    """
    if not rows:
        return
    names = tuple(next(iter(rows.values())))
    same = {"new_state": state, "new_finished_at": datetime.now(UTC)}
    given = [
        {"write": one, **same, **{f"new_{name}": row[name] for name in names}} for one, row in rows.items()
    ]
    conn.execute(_finishing(names), given if len(given) > 1 else given[0])


def finish_in_part(
    conn: SqlConnection, one: SyncWrite, rest: Collection[str], *, after: Mapping[str, Any], error: str
) -> None:
    """Record a write that took effect in part as two: what took effect, and what failed.

    Args:
        conn: transaction.
        one: the write.
        rest: fields that did not take effect.
        after: what stands there now.
        error: why the rest failed.
    """
    done = {name: value for name, value in one.wanted.items() if name not in rest}
    lost = {name: value for name, value in (one.lost or {}).items() if name not in rest}
    finish_write(conn, one.id, DONE, wanted=done, lost=lost or None, after=dict(after), error=None)
    row = asdict(one) | {
        "id": new_id(at=read_clock(conn)), "state": FAILED, "error": error, "finished_at": datetime.now(UTC),
        "wanted": {name: value for name, value in one.wanted.items() if name in rest},
        "lost": {name: value for name, value in (one.lost or {}).items() if name in rest} or None,
    }  # fmt: skip
    conn.execute(insert(sync_writes).values(**row))


@lru_cache(maxsize=64)
def _finishing(names: tuple[str, ...]) -> Update:
    """Made once: building it takes longer than carrying it out."""
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in (*names, "state", "finished_at")}
    return update(sync_writes).where(sync_writes.c.id == bindparam("write")).values(values)


def open_writes(conn: SqlConnection, mapping_id: str) -> list[SyncWrite]:
    """Writes of which nobody knows what became, oldest first."""
    where = (sync_writes.c.mapping_id == mapping_id) & sync_writes.c.state.in_([INTENT, UNSURE])
    rows = conn.execute(select(sync_writes).where(where).order_by(sync_writes.c.id)).mappings()
    return [SyncWrite(**row) for row in rows]


async def list_runs(db: Any, mapping_id: str | None = None, *, limit: int = 50) -> list[SyncRun]:
    """Runs, newest first."""
    statement = select(sync_runs).order_by(sync_runs.c.id.desc()).limit(limit)
    if mapping_id is not None:
        statement = statement.where(sync_runs.c.mapping_id == mapping_id)
    return await database_for(db).read(
        lambda conn: [SyncRun(**row) for row in conn.execute(statement).mappings()]
    )


async def list_writes(
    db: Any, *, mapping_id: str | None = None, run_id: str | None = None, limit: int | None = None
) -> list[SyncWrite]:
    """Writes, newest first."""
    statement = select(sync_writes).order_by(sync_writes.c.id.desc())
    if mapping_id is not None:
        statement = statement.where(sync_writes.c.mapping_id == mapping_id)
    if run_id is not None:
        statement = statement.where(sync_writes.c.run_id == run_id)
    if limit is not None:
        statement = statement.limit(limit)
    return await database_for(db).read(
        lambda conn: [SyncWrite(**row) for row in conn.execute(statement).mappings()]
    )


def add_conflicts(conn: SqlConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Record conflicts, decided or open. One that is open for the field already is brought up to date."""
    now = datetime.now(UTC)
    for row in rows:
        same = (
            (sync_conflicts.c.link_id == row["link_id"])
            & (sync_conflicts.c.field == row["field"])
            & (sync_conflicts.c.state == "open")
        )
        known = conn.scalar(select(sync_conflicts.c.id).where(same))
        if known is None:
            resolved = None if row["state"] == "open" else now
            conn.execute(
                insert(sync_conflicts).values(**row, id=new_id(), created_at=now, resolved_at=resolved)
            )
        else:
            done = {} if row["state"] == "open" else {"resolved_at": now}
            conn.execute(update(sync_conflicts).where(sync_conflicts.c.id == known).values(**row, **done))


def finish_conflicts(
    conn: SqlConnection, link_id: str, names: Collection[str] | None, note: str, run_id: str | None = None
) -> None:
    """Close the open conflicts of some fields of a link; of all with `None`."""
    if names is not None and not names:
        return
    where = (sync_conflicts.c.link_id == link_id) & (sync_conflicts.c.state == "open")
    if names is not None:
        where &= sync_conflicts.c.field.in_(list(names))
    values = {"state": "resolved", "note": note, "run_id": run_id, "resolved_at": datetime.now(UTC)}
    conn.execute(update(sync_conflicts).where(where).values(**values))


async def list_conflicts(
    db: Any, mapping_id: str | None = None, *, state: str | None = "open", limit: int = 200
) -> list[SyncConflict]:
    """Conflicts, newest first; all states with `None`."""
    statement = select(sync_conflicts).order_by(sync_conflicts.c.id.desc()).limit(limit)
    if mapping_id is not None:
        statement = statement.where(sync_conflicts.c.mapping_id == mapping_id)
    if state is not None:
        statement = statement.where(sync_conflicts.c.state == state)
    return await database_for(db).read(
        lambda conn: [SyncConflict(**row) for row in conn.execute(statement).mappings()]
    )


async def resolve_conflict(db: Any, conflict_id: str, decision: str) -> bool:
    """Say which side is right: `left` or `right`; the next run carries it. `False` where it is not open."""

    def work(conn: SqlConnection) -> bool:
        still_open = (sync_conflicts.c.id == conflict_id) & (sync_conflicts.c.state == "open")
        changed = conn.execute(update(sync_conflicts).where(still_open).values(decision=decision))
        link = select(sync_conflicts.c.link_id).where(still_open).scalar_subquery()
        conn.execute(update(sync_links).where(sync_links.c.id == link).values(retry_at=None))
        return changed.rowcount == 1

    return await database_for(db).write(work)
