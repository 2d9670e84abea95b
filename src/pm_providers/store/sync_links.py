"""Links between items of two sides, with what each said when they agreed, and what it says now.

An observation is stored at once, with the cursor that it came with: what was seen once is not lost when a run
ends early. A link is dirty while there is something to decide about it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import delete, func, insert, null, select, update

from pm_providers.database.ids import new_ids
from pm_providers.database.schema_sync import sync_conflicts, sync_links

__all__ = [
    "DETACHED",
    "LINKED",
    "SINGLE",
    "Link",
    "Observed",
    "Single",
    "children_of",
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
    "single_sides",
    "singles_on",
    "stale_ids",
    "wake",
    "wake_children",
]

SINGLE, LINKED, DETACHED = "single", "linked", "detached"
_MAY_RETURN = {"archived", "moved", "hidden"}
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
    mapping_id: str
    entity: str
    left_id: str | None
    right_id: str | None
    left_agreed: dict[str, Any] | None
    right_agreed: dict[str, Any] | None
    left_now: dict[str, Any] | None
    right_now: dict[str, Any] | None
    left_gone: str | None
    right_gone: str | None
    left_at: str | None
    right_at: str | None
    left_parent: str | None
    right_parent: str | None
    held: dict[str, Any] | None
    state: str
    dirty: bool
    owner_id: str | None
    problem: str | None
    attempts: int
    revision: int

    def id_on(self, side: str) -> str | None:
        """The item's id on a side."""
        return self.left_id if side == "left" else self.right_id

    def agreed_on(self, side: str) -> dict[str, Any]:
        """What the item said on a side when both agreed."""
        return (self.left_agreed if side == "left" else self.right_agreed) or {}

    def state_on(self, side: str) -> dict[str, Any]:
        """What the item says on a side."""
        now = self.left_now if side == "left" else self.right_now
        return self.agreed_on(side) if now is None else now["values"]

    def gone_on(self, side: str) -> str | None:
        """Why the item is not there any more; `None` while it is."""
        return self.left_gone if side == "left" else self.right_gone

    def at_on(self, side: str) -> str | None:
        """Time of the last edit that was seen, by the side's clock."""
        return self.left_at if side == "left" else self.right_at


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
        elif link.gone_on(side) in _MAY_RETURN:
            _update(conn, link.id, state=LINKED, **{f"{side}_gone": None})
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
    _update(conn, link.id, dirty=dirty, parts_due=True, **told)
    return int(dirty)


def _remember(conn: SqlConnection, link: Link, side: str, one: Observed) -> None:
    """What an item says whose counterpart may return: it is decided about then."""
    now = None if link.agreed_on(side) == one.values else {"values": dict(one.values), "at": one.at}
    told = {"now": now, "at": one.at, "parent": one.values.get("parent")}
    _update(conn, link.id, **{f"{side}_{name}": value for name, value in told.items()})


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
    now = datetime.now(UTC)
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
        if link.state == DETACHED or one is None or link.gone_on(side) == gone[one]:
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
        conn, left.id, right_id=right.right_id, right_now=right.right_now, right_at=right.right_at,
        right_parent=right.right_parent, state=LINKED, dirty=True, left_agreed=None, right_agreed=None,
        problem=None, parts_due=True,
    )  # fmt: skip
    wake_children(conn, left.mapping_id, "left", left.left_id)
    wake_children(conn, left.mapping_id, "right", right.right_id)


def save_link(conn: SqlConnection, link_id: str, **values: Any) -> None:
    """Change columns of a link."""
    _update(conn, link_id, **values)


def drop_links(conn: SqlConnection, ids: Collection[str]) -> None:
    """Forget links, and those of their parts. Nobody needs to decide their conflicts any more."""
    closed = {"state": "resolved", "note": "it is gone", "resolved_at": datetime.now(UTC)}
    for part in _parts(list(ids)):
        parts = select(sync_links.c.id).where(sync_links.c.owner_id.in_(part))
        theirs = sync_conflicts.c.link_id.in_(part) | sync_conflicts.c.link_id.in_(parts)
        conn.execute(update(sync_conflicts).where(theirs, sync_conflicts.c.state == "open").values(**closed))
        conn.execute(delete(sync_links).where(sync_links.c.owner_id.in_(part)))
        conn.execute(delete(sync_links).where(sync_links.c.id.in_(part)))


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
    statement = select(sync_links.c.id, one, parent, now).where(where).order_by(sync_links.c.id).limit(_CHUNK)
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


def children_of(
    conn: SqlConnection, mapping_id: str, entity: str, side: str, parents: Collection[str]
) -> list[Link]:
    """Links of items that stand below these on a side, as far as it is known, and are still there."""
    base = (sync_links.c.mapping_id == mapping_id) & (sync_links.c.entity == entity)
    column, gone = sync_links.c[f"{side}_parent"], sync_links.c[f"{side}_gone"]
    found = []
    for part in _parts(list(parents)):
        rows = conn.execute(select(*_COLUMNS).where(base, column.in_(part), gone.is_(None))).mappings()
        found += [Link(**row) for row in rows]
    return found


def wake(conn: SqlConnection, mapping_id: str) -> None:
    """Let all be decided anew that was left or held for a reason that may be gone."""
    waits = (
        sync_links.c.held.is_not(None)
        | (sync_links.c.state == SINGLE)
        | sync_links.c.left_gone.is_not(None)
        | sync_links.c.right_gone.is_not(None)
    )
    where = (
        (sync_links.c.mapping_id == mapping_id)
        & sync_links.c.dirty.is_(False)
        & (sync_links.c.state != DETACHED)
        & waits
    )
    conn.execute(update(sync_links).where(where).values(dirty=True))


def wake_children(conn: SqlConnection, mapping_id: str, side: str, item_id: str | None) -> None:
    """Let those be decided anew whose place below an item had to wait until it came in step."""
    where = (
        (sync_links.c.mapping_id == mapping_id)
        & (sync_links.c[f"{side}_parent"] == item_id)
        & sync_links.c.held.is_not(None)
    )
    conn.execute(update(sync_links).where(where).values(dirty=True))


_JSON = {"left_agreed", "right_agreed", "left_now", "right_now", "held"}


def _update(conn: SqlConnection, link_id: str, **values: Any) -> None:
    changed = {
        **{name: null() if value is None and name in _JSON else value for name, value in values.items()},
        "revision": sync_links.c.revision + 1,
        "updated_at": datetime.now(UTC),
    }
    conn.execute(update(sync_links).where(sync_links.c.id == link_id).values(**changed))


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
