"""Items without counterpart, and how two of them become one link."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import delete, select, update

from pm_providers.database.schema_sync import sync_links
from pm_providers.store.sync_rows import CHUNK, LINKED, SINGLE, Link, change_many, in_parts

__all__ = ["Single", "pair", "partners", "single_sides", "singles_on", "still_single", "wake_children"]


@dataclass(frozen=True, slots=True)
class Single:
    """As much of an item without counterpart as pairing needs.

    Attributes:
        link_id: its link.
        id: on its side.
        parent: id of what it stands below.
        values: some of its snapshot.
    """

    link_id: str
    id: str
    parent: str | None
    values: dict[str, Any]


def singles_on(
    conn: SqlConnection,
    mapping_id: str,
    entity: str,
    side: str,
    *,
    after: str = "",
    names: Collection[str] = (),
) -> list[Single]:
    """Items of a side without counterpart that wait for a decision, some at a time, by link id.

    Args:
        conn: transaction.
        mapping_id: mapping.
        entity: kind.
        side: side.
        after: id of the last link of the call before.
        names: fields of the snapshot that are wanted.
    """
    one, now, parent = (sync_links.c[f"{side}_{name}"] for name in ("id", "now", "parent"))
    where = (
        (sync_links.c.mapping_id == mapping_id)
        & sync_links.c.dirty.is_(True)
        & (sync_links.c.entity == entity)
        & (sync_links.c.id > after)
        & (sync_links.c.state == SINGLE)
        & one.is_not(None)
    )
    statement = select(sync_links.c.id, one, parent, now).where(where).order_by(sync_links.c.id).limit(CHUNK)
    found = []
    for link_id, item, above, told in conn.execute(statement):
        values = (told or {}).get("values", {})
        found.append(Single(link_id, item, above, {name: values[name] for name in names if name in values}))
    return found


def single_sides(conn: SqlConnection, mapping_id: str, entity: str) -> set[str]:
    """Sides that have items without counterpart that wait for a decision."""
    where = (
        (sync_links.c.mapping_id == mapping_id)
        & sync_links.c.dirty.is_(True)
        & (sync_links.c.entity == entity)
        & (sync_links.c.state == SINGLE)
    )
    sides = ("left", "right")
    return {
        side
        for side in sides
        if conn.execute(
            select(sync_links.c.id).where(where, sync_links.c[f"{side}_id"].is_not(None)).limit(1)
        ).first()
    }


def pair(conn: SqlConnection, both: Sequence[tuple[Link, Link]]) -> None:
    """Make one link of each two that have one side each; what both say is to be compared then."""
    if not both:
        return
    for part in in_parts([right.id for _, right in both]):
        conn.execute(delete(sync_links).where(sync_links.c.id.in_(part)))
    always = {"state": LINKED, "dirty": True, "left_agreed": None, "right_agreed": None, "problem": None}
    told = ("right_id", "right_now", "right_at", "right_parent")
    rows = {
        left.id: {**{name: getattr(right, name) for name in told}, **always, "parts_due": True}
        for left, right in both
    }
    change_many(conn, rows)
    mapping_id = both[0][0].mapping_id
    wake_children(conn, mapping_id, "left", [left.left_id for left, _ in both])
    wake_children(conn, mapping_id, "right", [right.right_id for _, right in both])


def partners(
    conn: SqlConnection, mapping_id: str, entity: str, side: str, ids: Collection[str]
) -> dict[str, str]:
    """Id on a side -> id of its counterpart, of pairs of which both are there."""
    other = "right" if side == "left" else "left"
    one, two = (sync_links.c[f"{name}_id"] for name in (side, other))
    there = sync_links.c.left_gone.is_(None) & sync_links.c.right_gone.is_(None) & two.is_not(None)
    found: dict[str, str] = {}
    for part in in_parts(list(ids)):
        where = (sync_links.c.mapping_id == mapping_id) & (sync_links.c.entity == entity) & one.in_(part)
        found |= {row[0]: row[1] for row in conn.execute(select(one, two).where(where, there))}
    return found


def wake_children(conn: SqlConnection, mapping_id: str, side: str, item_ids: Collection[str | None]) -> None:
    """Let those be decided anew whose place below an item had to wait until it came in step."""
    for part in in_parts([one for one in item_ids if one is not None]):
        where = (
            (sync_links.c.mapping_id == mapping_id)
            & sync_links.c[f"{side}_parent"].in_(part)
            & sync_links.c.held.is_not(None)
        )
        conn.execute(update(sync_links).where(where).values(dirty=True))


def still_single(conn: SqlConnection, ids: Collection[str]) -> set[str]:
    """Those of these links that have no counterpart yet."""
    found: set[str] = set()
    for part in in_parts(list(ids)):
        where = sync_links.c.id.in_(part) & (sync_links.c.state == SINGLE)
        found |= set(conn.execute(select(sync_links.c.id).where(where)).scalars())
    return found
