"""Links between items of two sides, with what each said when they agreed, and what it says now.

An observation is stored at once, with the cursor that it came with: what was seen once is not lost when a run
ends early. A link is dirty while there is something to decide about it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import delete, func, select, true, update

from pm_providers.database.schema_sync import sync_conflicts, sync_links
from pm_providers.store.sync_rows import (
    CHUNK,
    COLUMNS,
    DETACHED,
    KEPT,
    LINKED,
    SINGLE,
    Link,
    change,
    change_many,
    find_links,
    in_parts,
    links_by_id,
)
from pm_providers.store.sync_seen import Observed, keep_for_good, known_ids, mark_gone, observe, stale_ids
from pm_providers.store.sync_singles import (
    Single,
    pair,
    partners,
    single_sides,
    singles_on,
    still_single,
    wake_children,
)
from pm_providers.store.sync_tries import is_due

__all__ = [
    "DETACHED",
    "KEPT",
    "LINKED",
    "SINGLE",
    "Link",
    "Observed",
    "Single",
    "change_many",
    "children_of",
    "count_links",
    "dirty_links",
    "drop_links",
    "find_links",
    "keep_for_good",
    "known_ids",
    "links_by_id",
    "mark_gone",
    "observe",
    "pair",
    "partners",
    "save_link",
    "single_sides",
    "singles_on",
    "stale_ids",
    "still_single",
    "wake",
    "wake_children",
]


def dirty_links(
    conn: SqlConnection,
    mapping_id: str,
    entity: str,
    *,
    after: str = "",
    limit: int = CHUNK,
    states: Iterable[str] = (SINGLE, LINKED),
    patient: bool = False,
) -> list[Link]:
    """Links about which something is to be decided, by id; with `patient` none that waits after a failure."""
    where = (
        (sync_links.c.mapping_id == mapping_id)
        & sync_links.c.dirty.is_(True)
        & (sync_links.c.entity == entity)
        & (sync_links.c.id > after)
        & sync_links.c.state.in_(list(states))
        & (is_due(conn) if patient else true())
    )
    statement = select(*COLUMNS).where(where).order_by(sync_links.c.id).limit(limit)
    return [Link(**row) for row in conn.execute(statement).mappings()]


def count_links(conn: SqlConnection, mapping_id: str) -> dict[tuple[str, str, bool], int]:
    """(Entity, state, dirty) -> number of links."""
    columns = (sync_links.c.entity, sync_links.c.state, sync_links.c.dirty)
    statement = select(*columns, func.count()).where(sync_links.c.mapping_id == mapping_id).group_by(*columns)
    return {(row[0], row[1], bool(row[2])): int(row[3]) for row in conn.execute(statement)}


def save_link(conn: SqlConnection, link_id: str, **values: Any) -> None:
    """Change columns of a link."""
    change(conn, link_id, **values)


def drop_links(conn: SqlConnection, ids: Collection[str]) -> None:
    """Forget links, and those of their parts. Nobody needs to decide their conflicts any more."""
    closed = {"state": "resolved", "note": "it is gone", "resolved_at": datetime.now(UTC)}
    for part in in_parts(list(ids)):
        parts = select(sync_links.c.id).where(sync_links.c.owner_id.in_(part))
        theirs = sync_conflicts.c.link_id.in_(part) | sync_conflicts.c.link_id.in_(parts)
        conn.execute(update(sync_conflicts).where(theirs, sync_conflicts.c.state == "open").values(**closed))
        conn.execute(delete(sync_links).where(sync_links.c.owner_id.in_(part)))
        conn.execute(delete(sync_links).where(sync_links.c.id.in_(part)))


def children_of(
    conn: SqlConnection, mapping_id: str, entity: str, side: str, parents: Collection[str]
) -> list[Link]:
    """Links of items that stand below these on a side, as far as it is known, and are still there."""
    base = (sync_links.c.mapping_id == mapping_id) & (sync_links.c.entity == entity)
    column, gone = sync_links.c[f"{side}_parent"], sync_links.c[f"{side}_gone"]
    found = []
    for part in in_parts(list(parents)):
        rows = conn.execute(select(*COLUMNS).where(base, column.in_(part), gone.is_(None))).mappings()
        found += [Link(**row) for row in rows]
    return found


def wake(conn: SqlConnection, mapping_id: str) -> None:
    """Let all be decided anew that was left, held or out of step for a reason that may be gone."""
    waits = (
        sync_links.c.held.is_not(None)
        | (sync_links.c.state == SINGLE)
        | sync_links.c.left_gone.is_not(None)
        | sync_links.c.right_gone.is_not(None)
        | sync_links.c.left_now.is_not(None)
        | sync_links.c.right_now.is_not(None)
    )
    where = (
        (sync_links.c.mapping_id == mapping_id)
        & sync_links.c.dirty.is_(False)
        & (sync_links.c.state != DETACHED)
        & waits
    )
    conn.execute(update(sync_links).where(where).values(dirty=True))
