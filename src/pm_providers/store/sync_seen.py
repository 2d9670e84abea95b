"""What the sides say, as it is stored with the links; at once, and with the cursor that it came with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import insert, select, update

from pm_providers.database.clock import read_clock
from pm_providers.database.ids import new_ids
from pm_providers.database.schema_sync import sync_links
from pm_providers.store.sync_rows import DETACHED, KEPT, LINKED, SINGLE, Link, change, find_links, in_parts

__all__ = ["Observed", "keep_for_good", "known_ids", "mark_gone", "observe", "stale_ids"]

_MAY_RETURN = {"archived", "moved", "hidden"}


@dataclass(frozen=True, slots=True)
class Observed:
    """One item as its side told it.

    Attributes:
        id: on that side.
        values: snapshot.
        at: time of its last edit by that side's clock, ISO 8601.
    """

    id: str
    values: Mapping[str, Any]
    at: str | None = None


def observe(
    conn: SqlConnection,
    mapping_id: str,
    entity: str,
    side: str,
    items: Sequence[Observed],
    *,
    owner_id: str | None = None,
) -> int:
    """Store what a side says; returns how many links became or stayed dirty by it."""
    known = {
        link.id_on(side): link
        for link in find_links(conn, mapping_id, entity, side, [one.id for one in items])
    }
    news = []
    touched = 0
    for one in {one.id: one for one in items}.values():
        link = known.get(one.id)
        if link is None:
            news.append(one)
        elif link.state != DETACHED:
            touched += _seen(conn, link, side, one)
        elif link.gone_on(side) in _MAY_RETURN:
            change(conn, link.id, state=LINKED, **{f"{side}_gone": None})
            touched += _seen(conn, replace(link, state=LINKED), side, one)
        elif link.gone_on("right" if side == "left" else "left") in _MAY_RETURN:
            _remember(conn, link, side, one)
    _insert(conn, mapping_id, entity, side, news, owner_id)
    return touched + len(news)


def _seen(conn: SqlConnection, link: Link, side: str, one: Observed) -> int:
    agreed = link.left_agreed if side == "left" else link.right_agreed
    across = link.right_now if side == "left" else link.left_now
    across_gone = link.right_gone if side == "left" else link.left_gone
    same = link.state == LINKED and agreed == one.values
    # It may wait for a decision for other reasons: only a decision ends that.
    dirty = link.dirty or not same or across is not None or across_gone is not None
    now = None if same else {"values": dict(one.values), "at": one.at}
    known = link.left_now if side == "left" else link.right_now
    if (now, dirty, None, one.at) == (known, link.dirty, link.gone_on(side), link.at_on(side)):
        return int(dirty)
    parent = one.values.get("parent")
    values = {"now": now, "gone": None, "at": one.at, "parent": parent}
    told = {f"{side}_{name}": value for name, value in values.items()}
    change(conn, link.id, dirty=dirty, parts_due=True, attempts=0, retry_at=None, **told)
    return int(dirty)


def _remember(conn: SqlConnection, link: Link, side: str, one: Observed) -> None:
    """What an item says whose counterpart may return: it is decided about then."""
    now = None if link.agreed_on(side) == one.values else {"values": dict(one.values), "at": one.at}
    told = {"now": now, "gone": None, "at": one.at, "parent": one.values.get("parent")}
    change(conn, link.id, **{f"{side}_{name}": value for name, value in told.items()})


def stale_ids(
    conn: SqlConnection, mapping_id: str, entity: str, side: str, items: Sequence[Observed]
) -> set[str]:
    """Ids of items that a list tells as they were before what is known already: look at these one by one.

    A list may come from an index that is late. It is told by the time of the last edit, by one clock, and
    by items that were gone.
    """
    links = find_links(conn, mapping_id, entity, side, [one.id for one in items])
    known = {link.id_on(side): link for link in links}
    return {
        one.id
        for one in items
        if one.id in known and (known[one.id].gone_on(side) or _before(one.at, known[one.id].at_on(side)))
    }


def _before(one: str | None, other: str | None) -> bool:
    return bool(
        one and other and one != other and datetime.fromisoformat(one) < datetime.fromisoformat(other)
    )


def _insert(
    conn: SqlConnection,
    mapping_id: str,
    entity: str,
    side: str,
    items: Sequence[Observed],
    owner_id: str | None,
) -> None:
    if not items:
        return
    at = read_clock(conn)
    ids = new_ids(len(items), at=at)  # another machine compares them with those of writes
    rows = [
        {
            "id": link_id,
            "mapping_id": mapping_id,
            "entity": entity,
            f"{side}_id": one.id,
            f"{side}_now": {"values": dict(one.values), "at": one.at},
            f"{side}_at": one.at,
            f"{side}_parent": one.values.get("parent"),
            "state": SINGLE,
            "dirty": True,
            "owner_id": owner_id,
            "parts_due": True,
            "attempts": 0,
            "revision": 1,
            "updated_at": datetime.fromtimestamp(at, UTC),
        }
        for link_id, one in zip(ids, items, strict=True)
    ]
    conn.execute(insert(sync_links), rows)


def mark_gone(conn: SqlConnection, mapping_id: str, entity: str, side: str, gone: Mapping[str, str]) -> int:
    """Note items that are not there any more, with why; returns how many of them had links."""
    found = find_links(conn, mapping_id, entity, side, list(gone))
    for link in found:
        one = link.id_on(side)
        if link.state == DETACHED or one is None or link.gone_on(side) in {gone[one], KEPT}:
            continue
        told = {f"{side}_gone": gone[one], f"{side}_now": None}
        change(conn, link.id, dirty=True, attempts=0, retry_at=None, **told)
    return len(found)


def keep_for_good(conn: SqlConnection, link_ids: Sequence[str]) -> None:
    """Note of items that were deleted on one side that this is not carried, whatever people decide later."""
    for part in in_parts(link_ids):
        for column in (sync_links.c.left_gone, sync_links.c.right_gone):
            where = sync_links.c.id.in_(part) & (column == "deleted")
            conn.execute(update(sync_links).where(where).values({column: KEPT}))


def known_ids(conn: SqlConnection, mapping_id: str, entity: str, side: str) -> set[str]:
    """Ids of all items that have a link, on a side."""
    column = sync_links.c[f"{side}_id"]
    where = (sync_links.c.mapping_id == mapping_id) & (sync_links.c.entity == entity) & column.is_not(None)
    return {str(one) for one in conn.execute(select(column).where(where)).scalars()}
