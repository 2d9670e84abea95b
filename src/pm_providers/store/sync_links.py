"""Links between items of two sides, with what each said when they agreed, and what it says now.

An observation is stored at once, with the cursor that it came with: what was seen once is not lost when a run
ends early. A link is dirty while there is something to decide about it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import delete, func, insert, select, update

from pm_providers.database.ids import new_ids
from pm_providers.database.schema_sync import sync_links

__all__ = [
    "DETACHED",
    "LINKED",
    "SINGLE",
    "Link",
    "Observed",
    "count_links",
    "dirty_links",
    "drop_links",
    "find_links",
    "known_ids",
    "links_by_id",
    "mark_gone",
    "observe",
    "pair",
    "save_link",
]

SINGLE, LINKED, DETACHED = "single", "linked", "detached"
_CHUNK = 500
"""Values of one IN list; SQLite takes a limited number of parameters."""


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


@dataclass(frozen=True, slots=True)
class Link:
    """One row; see `pm_providers.sync.plan.LinkView` for the meaning of its sides."""

    id: str
    entity: str
    left_id: str | None
    right_id: str | None
    left_agreed: dict[str, Any] | None
    right_agreed: dict[str, Any] | None
    left_now: dict[str, Any] | None
    right_now: dict[str, Any] | None
    left_gone: str | None
    right_gone: str | None
    state: str
    dirty: bool
    owner_id: str | None
    problem: str | None
    attempts: int
    revision: int

    def id_on(self, side: str) -> str | None:
        """The item's id on a side."""
        return self.left_id if side == "left" else self.right_id


_COLUMNS = [sync_links.c[name] for name in Link.__dataclass_fields__]


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
    _insert(conn, mapping_id, entity, side, news, owner_id)
    return touched + len(news)


def _seen(conn: SqlConnection, link: Link, side: str, one: Observed) -> int:
    agreed = link.left_agreed if side == "left" else link.right_agreed
    across = link.right_now if side == "left" else link.left_now
    across_gone = link.right_gone if side == "left" else link.left_gone
    same = link.state == LINKED and agreed == one.values
    dirty = not same or across is not None or across_gone is not None
    now = None if same else {"values": dict(one.values), "at": one.at}
    if (now, dirty, None) == (_now(link, side), link.dirty, _gone(link, side)):
        return int(dirty)
    _update(conn, link.id, **{f"{side}_now": now, f"{side}_gone": None, "dirty": dirty})
    return int(dirty)


def _now(link: Link, side: str) -> dict[str, Any] | None:
    return link.left_now if side == "left" else link.right_now


def _gone(link: Link, side: str) -> str | None:
    return link.left_gone if side == "left" else link.right_gone


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
    now = datetime.now(UTC)
    rows = [
        {
            "id": link_id,
            "mapping_id": mapping_id,
            "entity": entity,
            f"{side}_id": one.id,
            f"{side}_now": {"values": dict(one.values), "at": one.at},
            "state": SINGLE,
            "dirty": True,
            "owner_id": owner_id,
            "attempts": 0,
            "revision": 1,
            "updated_at": now,
        }
        for link_id, one in zip(new_ids(len(items)), items, strict=True)
    ]
    conn.execute(insert(sync_links), rows)


def mark_gone(conn: SqlConnection, mapping_id: str, entity: str, side: str, gone: Mapping[str, str]) -> int:
    """Note items that are not there any more, with why; returns how many of them had links."""
    found = find_links(conn, mapping_id, entity, side, list(gone))
    for link in found:
        one = link.id_on(side)
        if link.state == DETACHED or one is None:
            continue
        _update(conn, link.id, **{f"{side}_gone": gone[one], f"{side}_now": None, "dirty": True})
    return len(found)


def find_links(
    conn: SqlConnection, mapping_id: str, entity: str, side: str, ids: Collection[str]
) -> list[Link]:
    """Links of the items with these ids on a side."""
    column = sync_links.c[f"{side}_id"]
    base = (sync_links.c.mapping_id == mapping_id) & (sync_links.c.entity == entity)
    found = []
    for part in _parts(list(ids)):
        rows = conn.execute(select(*_COLUMNS).where(base, column.in_(part))).mappings()
        found += [Link(**row) for row in rows]
    return found


def links_by_id(conn: SqlConnection, ids: Collection[str]) -> dict[str, Link]:
    """Id -> link, of those that exist."""
    found: dict[str, Link] = {}
    for part in _parts(list(ids)):
        rows = conn.execute(select(*_COLUMNS).where(sync_links.c.id.in_(part))).mappings()
        found |= {row["id"]: Link(**row) for row in rows}
    return found


def dirty_links(
    conn: SqlConnection,
    mapping_id: str,
    entity: str,
    *,
    after: str = "",
    limit: int = _CHUNK,
    states: Iterable[str] = (SINGLE, LINKED),
) -> list[Link]:
    """Links about which something is to be decided, by id."""
    where = (
        (sync_links.c.mapping_id == mapping_id)
        & sync_links.c.dirty.is_(True)
        & (sync_links.c.entity == entity)
        & (sync_links.c.id > after)
        & sync_links.c.state.in_(list(states))
    )
    statement = select(*_COLUMNS).where(where).order_by(sync_links.c.id).limit(limit)
    return [Link(**row) for row in conn.execute(statement).mappings()]


def known_ids(conn: SqlConnection, mapping_id: str, entity: str, side: str) -> set[str]:
    """Ids of all items that have a link, on a side."""
    column = sync_links.c[f"{side}_id"]
    where = (sync_links.c.mapping_id == mapping_id) & (sync_links.c.entity == entity) & column.is_not(None)
    return {str(one) for one in conn.execute(select(column).where(where)).scalars()}


def count_links(conn: SqlConnection, mapping_id: str) -> dict[tuple[str, str, bool], int]:
    """(Entity, state, dirty) -> number of links."""
    columns = (sync_links.c.entity, sync_links.c.state, sync_links.c.dirty)
    statement = select(*columns, func.count()).where(sync_links.c.mapping_id == mapping_id).group_by(*columns)
    return {(row[0], row[1], bool(row[2])): int(row[3]) for row in conn.execute(statement)}


def pair(conn: SqlConnection, left: Link, right: Link) -> None:
    """Make one link of two that have one side each; what both say is to be compared then."""
    conn.execute(delete(sync_links).where(sync_links.c.id == right.id))
    _update(
        conn, left.id, right_id=right.right_id, right_now=right.right_now, state=LINKED, dirty=True,
        left_agreed=None, right_agreed=None,
    )  # fmt: skip


def save_link(conn: SqlConnection, link_id: str, **values: Any) -> None:
    """Change columns of a link."""
    _update(conn, link_id, **values)


def drop_links(conn: SqlConnection, ids: Collection[str]) -> None:
    """Forget links, and those of their parts."""
    for part in _parts(list(ids)):
        conn.execute(delete(sync_links).where(sync_links.c.owner_id.in_(part)))
        conn.execute(delete(sync_links).where(sync_links.c.id.in_(part)))


def _update(conn: SqlConnection, link_id: str, **values: Any) -> None:
    changed = {**values, "revision": sync_links.c.revision + 1, "updated_at": datetime.now(UTC)}
    conn.execute(update(sync_links).where(sync_links.c.id == link_id).values(**changed))


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
