"""Rows of links between items of two sides, found and changed by their ids."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, ClauseElement, Update, bindparam, func, null, select, update
from sqlalchemy import Connection as SqlConnection
from sqlalchemy.dialects.postgresql import JSONB

from pm_providers.database.clock import instant
from pm_providers.database.schema_sync import sync_links

__all__ = [
    "CHUNK",
    "COLUMNS",
    "DETACHED",
    "KEPT",
    "LINKED",
    "SINGLE",
    "Link",
    "change",
    "change_many",
    "find_links",
    "in_parts",
    "links_by_id",
]

SINGLE, LINKED, DETACHED = "single", "linked", "detached"
KEPT = "kept"
"""Why an item is gone: it was deleted while deletions were not carried, and none of these ever is."""

CHUNK = 500
"""Values of one IN list; SQLite takes a limited number of parameters."""


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
    retry_at: float | None

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


COLUMNS = [sync_links.c[name] for name in Link.__dataclass_fields__]


def find_links(
    conn: SqlConnection, mapping_id: str, entity: str, side: str, ids: Collection[str]
) -> list[Link]:
    """Links of the items with these ids on a side."""
    column = sync_links.c[f"{side}_id"]
    base = (sync_links.c.mapping_id == mapping_id) & (sync_links.c.entity == entity)
    found = []
    for part in in_parts(list(ids)):
        rows = conn.execute(select(*COLUMNS).where(base, column.in_(part))).mappings()
        found += [Link(**row) for row in rows]
    return found


def links_by_id(conn: SqlConnection, ids: Collection[str]) -> dict[str, Link]:
    """Id -> link, of those that exist."""
    found: dict[str, Link] = {}
    for part in in_parts(list(ids)):
        rows = conn.execute(select(*COLUMNS).where(sync_links.c.id.in_(part))).mappings()
        found |= {row["id"]: Link(**row) for row in rows}
    return found


_JSON = {"left_agreed", "right_agreed", "left_now", "right_now", "held"}
_NULLABLE = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def change(conn: SqlConnection, link_id: str, **values: Any) -> None:
    """Change columns of a link; `None` clears. A value may be an expression."""
    if not any(isinstance(value, ClauseElement) for value in values.values()):
        change_many(conn, {link_id: values})
        return
    changed = {
        **{name: null() if value is None and name in _JSON else value for name, value in values.items()},
        "revision": sync_links.c.revision + 1,
        "updated_at": instant(conn),
    }
    conn.execute(update(sync_links).where(sync_links.c.id == link_id).values(**changed))


def change_many(conn: SqlConnection, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """As `change` for many links at once, all with the same columns and without expressions.

    Args:
        conn: transaction.
        rows: link id -> column -> value.
    """
    if not rows:
        return
    names = tuple(next(iter(rows.values())))
    now = instant(conn)
    is_bound = isinstance(now, datetime)
    at = {"new_updated_at": now} if is_bound else {}
    given = [{"link": one, **at, **{f"new_{name}": row[name] for name in names}} for one, row in rows.items()]
    conn.execute(_changing(names, is_bound), given if len(given) > 1 else given[0])


@lru_cache(maxsize=64)
def _changing(names: tuple[str, ...], is_bound: bool) -> Update:
    """Made once: building it takes longer than carrying it out."""
    values: dict[str, Any] = {
        name: bindparam(f"new_{name}", type_=_NULLABLE if name in _JSON else None) for name in names
    }
    at = bindparam("new_updated_at") if is_bound else func.clock_timestamp()
    values |= {"revision": sync_links.c.revision + 1, "updated_at": at}
    return update(sync_links).where(sync_links.c.id == bindparam("link")).values(**values)


def in_parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many at a time as one IN list takes."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
