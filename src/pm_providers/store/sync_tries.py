"""Items whose writes failed: how often, and when they are tried again.

Each failure doubles the wait, up to a day. An edit of the item ends the wait, and so do people who ask for a
run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import func, select, true, update

from pm_providers.database import database_for
from pm_providers.database.clock import clock
from pm_providers.database.schema_sync import sync_links
from pm_providers.store.sync_rows import Link, change

__all__ = [
    "FIRST_S",
    "FRESH",
    "LONGEST_S",
    "Failing",
    "failing",
    "failing_links",
    "forgive",
    "is_due",
    "may_send",
    "owners_to_retry",
    "retry_all",
    "tried_in_vain",
    "wait_s",
]

FIRST_S, LONGEST_S = 60.0, 86_400.0
FRESH: dict[str, Any] = {"attempts": 0, "retry_at": None}
"""Columns of a link about which nothing failed since it was last written or edited."""


@dataclass(frozen=True, slots=True)
class Failing:
    """Items of a mapping that could not be written.

    Attributes:
        number: of items.
        attempts: tries of the one that was tried most.
        wait_s: seconds until the first of them is due; 0 where one is.
        worst: the one that was tried most.
    """

    number: int
    attempts: int
    wait_s: float
    worst: Link


def wait_s(attempts: int) -> float:
    """Seconds until the next try after so many that failed."""
    # The exponent is bounded: it is a power of two, and the wait has its own limit anyway.
    return min(LONGEST_S, FIRST_S * 2.0 ** min(attempts - 1, 30))


def tried_in_vain(conn: SqlConnection, link_id: str, why: str) -> None:
    """Record that a write of an item failed, with the reason; what others noted about it goes."""
    known = conn.execute(select(sync_links.c.attempts).where(sync_links.c.id == link_id)).scalar()
    if known is not None:
        tries = known + 1
        change(conn, link_id, attempts=tries, retry_at=clock(conn) + wait_s(tries), problem=why)


def is_due(conn: SqlConnection) -> Any:
    """Condition: the item does not wait for its next try."""
    return sync_links.c.retry_at.is_(None) | (sync_links.c.retry_at <= clock(conn))


def may_send(conn: SqlConnection, part_id: str, owner_id: str | None) -> bool:
    """Whether a part may be tried: it does not wait, or its task was edited since it failed."""
    if conn.execute(select(sync_links.c.id).where(sync_links.c.id == part_id, ~is_due(conn))).first() is None:
        return True
    columns = (sync_links.c.id, sync_links.c.updated_at)
    rows = conn.execute(select(*columns).where(sync_links.c.id.in_([part_id, owner_id or part_id])))
    at = {one: changed for one, changed in rows}  # noqa: C416 - a row is no pair to the types
    return bool(at.get(owner_id or part_id, at[part_id]) > at[part_id])


def owners_to_retry(conn: SqlConnection, mapping_id: str, *, patient: bool) -> set[str]:
    """Links of tasks with parts that could not be written; with `patient` only where one is due."""
    # By the index: this is asked by every run, and most have nothing that failed.
    failed = (sync_links.c.mapping_id == mapping_id) & sync_links.c.retry_at.is_not(None)
    where = failed & sync_links.c.owner_id.is_not(None) & (is_due(conn) if patient else true())
    return set(conn.execute(select(sync_links.c.owner_id).where(where)).scalars())


def forgive(conn: SqlConnection, link_id: str) -> None:
    """Nothing is to be written about an item any more."""
    change(conn, link_id, problem=None, **FRESH)


def retry_all(conn: SqlConnection, mapping_id: str) -> None:
    """Let all be tried at once; how often they failed is remembered."""
    waits = (sync_links.c.mapping_id == mapping_id) & sync_links.c.retry_at.is_not(None)
    conn.execute(update(sync_links).where(waits).values(retry_at=None))


async def failing_links(db: Any, mapping_id: str, limit: int = 200) -> list[Link]:
    """Links of items that could not be written, those that were tried most first."""
    return await database_for(db).read(lambda conn: _tried(conn, mapping_id, limit))


async def failing(db: Any) -> dict[str, Failing]:
    """Mapping id -> items that could not be written, of those that have any."""
    numbers = (func.count(), func.max(sync_links.c.attempts), func.min(sync_links.c.retry_at))
    grouped = (
        select(sync_links.c.mapping_id, *numbers)
        .where(sync_links.c.attempts > 0)
        .group_by(sync_links.c.mapping_id)
    )

    def work(conn: SqlConnection) -> dict[str, Failing]:
        now = conn.execute(select(clock(conn))).scalar_one()
        return {
            mapping_id: Failing(number, most, max(0.0, (due or now) - now), *_tried(conn, mapping_id, 1))
            for mapping_id, number, most, due in conn.execute(grouped).all()
        }

    return await database_for(db).read(work)


def _tried(conn: SqlConnection, mapping_id: str, limit: int) -> list[Link]:
    columns = [sync_links.c[name] for name in Link.__dataclass_fields__]
    tried = (sync_links.c.mapping_id == mapping_id) & (sync_links.c.attempts > 0)
    statement = select(*columns).where(tried).order_by(sync_links.c.attempts.desc(), sync_links.c.id)
    return [Link(**row) for row in conn.execute(statement.limit(limit)).mappings()]
