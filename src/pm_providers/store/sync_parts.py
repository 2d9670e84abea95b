"""Links of what stands around tasks: comments, relations, ...; and the tasks of which they are to be read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import func, insert, null, select, true, update

from pm_providers.database.clock import instant
from pm_providers.database.schema_sync import sync_conflicts, sync_links, sync_runs, sync_writes
from pm_providers.store.sync_history import INTENT, UNSURE, SyncWrite
from pm_providers.store.sync_links import LINKED, Link, drop_links

__all__ = [
    "PartLink",
    "answered_owners",
    "drop_parts",
    "drop_with_relations",
    "due_tasks",
    "fresh_sides",
    "has_parts",
    "is_first_run",
    "make_due",
    "open_part_writes",
    "part_conflicts",
    "part_links",
    "parts_of",
    "put_part",
    "relations_to",
    "resting_tasks",
    "settle_due",
    "sprint_links",
    "unknown_sprints",
    "wake_held",
]

TASK, LABEL = "task", "label"
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class PartLink:
    """One row.

    Attributes:
        id: of the link.
        entity: kind.
        owner_id: link of the task it belongs to; missing for sprints.
        left_id: the part on the left, as `pm_providers.sync.parts_model.Kind.stored` writes it.
        right_id: on the right.
        left_agreed: what it said there when both agreed; `copy` tells that the sync wrote it.
        right_agreed: the same on the right.
        left_parent: other task of a relation, on the left.
        right_parent: the same on the right.
        state: `single`, `linked` or `detached`.
        problem: what of it is not carried.
        updated_at: instant of the last change of the row.
        attempts: writes of it that failed since it was last written.
    """

    id: str
    entity: str
    owner_id: str | None
    left_id: str | None
    right_id: str | None
    left_agreed: dict[str, Any] | None
    right_agreed: dict[str, Any] | None
    left_parent: str | None
    right_parent: str | None
    state: str
    problem: str | None
    updated_at: datetime
    attempts: int = 0

    def id_on(self, side: str) -> str | None:
        """Stored id on a side."""
        return self.left_id if side == "left" else self.right_id

    def agreed_on(self, side: str) -> dict[str, Any]:
        """What it said on a side when both agreed."""
        return (self.left_agreed if side == "left" else self.right_agreed) or {}


_COLUMNS = [sync_links.c[name] for name in PartLink.__dataclass_fields__]
_TASK_COLUMNS = [sync_links.c[name] for name in Link.__dataclass_fields__]


# tasks of which the parts are to be read


def _tasks(mapping_id: str) -> Any:
    return (sync_links.c.mapping_id == mapping_id) & (sync_links.c.entity == TASK)


def due_tasks(
    conn: SqlConnection, mapping_id: str, *, after: str = "", limit: int = 100, every: bool = False
) -> list[Link]:
    """Links of tasks in step of which the parts are to be read, by id; of all tasks with `every`."""
    where = (
        _tasks(mapping_id)
        & (true() if every else sync_links.c.parts_due.is_(True))
        & (sync_links.c.id > after)
        & (sync_links.c.state == LINKED)
        & sync_links.c.left_gone.is_(None)
        & sync_links.c.right_gone.is_(None)
    )
    statement = select(*_TASK_COLUMNS).where(where).order_by(sync_links.c.id).limit(limit)
    return [Link(**row) for row in conn.execute(statement).mappings()]


def resting_tasks(conn: SqlConnection, link_ids: Collection[str]) -> list[Link]:
    """Links of tasks in step of which the parts are not to be read, of these."""
    found = []
    for some in _some(sorted(link_ids)):
        where = (
            sync_links.c.id.in_(some)
            & (sync_links.c.entity == TASK)
            & sync_links.c.parts_due.is_not(True)
            & (sync_links.c.state == LINKED)
            & sync_links.c.left_gone.is_(None)
            & sync_links.c.right_gone.is_(None)
        )
        found += [Link(**row) for row in conn.execute(select(*_TASK_COLUMNS).where(where)).mappings()]
    return found


def make_due(conn: SqlConnection, mapping_id: str, ids: Collection[str] | None = None) -> None:
    """Have the parts of tasks read, by the ids of their links; of all tasks with `None`."""
    if ids is None:
        conn.execute(update(sync_links).where(_tasks(mapping_id)).values(parts_due=True))
        return
    for some in _some(sorted(ids)):
        where = _tasks(mapping_id) & sync_links.c.id.in_(some)
        conn.execute(update(sync_links).where(where).values(parts_due=True))


def settle_due(conn: SqlConnection, ids: Collection[str]) -> None:
    """The parts of these tasks were read, and nothing about them is open."""
    for some in _some(sorted(ids)):
        conn.execute(update(sync_links).where(sync_links.c.id.in_(some)).values(parts_due=None))


def fresh_sides(conn: SqlConnection, run_id: str, link_ids: Collection[str]) -> dict[str, str]:
    """Link id -> side on which a run made the task: there are no parts there yet."""
    found: dict[str, str] = {}
    for some in _some(sorted(link_ids)):
        where = (
            (sync_writes.c.run_id == run_id)
            & sync_writes.c.link_id.in_(some)
            & (sync_writes.c.entity == TASK)
            & (sync_writes.c.action == "create")
            & (sync_writes.c.state == "done")
        )
        rows = conn.execute(select(sync_writes.c.link_id, sync_writes.c.side).where(where))
        found |= {link_id: side for link_id, side in rows}  # noqa: C416 - a row is no pair to the types
    return found


def answered_owners(conn: SqlConnection, mapping_id: str) -> set[str]:
    """Links of tasks on whose parts people decided a conflict that no run has carried yet."""
    where = (
        (sync_conflicts.c.mapping_id == mapping_id)
        & (sync_conflicts.c.state == "open")
        & sync_conflicts.c.decision.is_not(None)
        & sync_links.c.owner_id.is_not(None)
    )
    joined = sync_conflicts.join(sync_links, sync_links.c.id == sync_conflicts.c.link_id)
    return set(conn.execute(select(sync_links.c.owner_id).select_from(joined).where(where)).scalars())


# links of parts


def parts_of(conn: SqlConnection, owner_ids: Collection[str]) -> dict[str, list[PartLink]]:
    """Link of a task -> links of its parts, by id."""
    found: defaultdict[str, list[PartLink]] = defaultdict(list)
    for some in _some(sorted(owner_ids)):
        statement = select(*_COLUMNS).where(sync_links.c.owner_id.in_(some)).order_by(sync_links.c.id)
        for row in conn.execute(statement).mappings():
            found[row["owner_id"]].append(PartLink(**row))
    return found


def part_links(conn: SqlConnection, ids: Collection[str]) -> list[PartLink]:
    """Links of parts by their ids, in that order of ids."""
    found: list[PartLink] = []
    for some in _some(sorted(ids)):
        rows = conn.execute(select(*_COLUMNS).where(sync_links.c.id.in_(some)).order_by(sync_links.c.id))
        found += [PartLink(**row) for row in rows.mappings()]
    return found


def relations_to(
    conn: SqlConnection, mapping_id: str, side: str, task_ids: Collection[str]
) -> list[PartLink]:
    """Links of relations of other tasks with these, by the ids of the tasks on a side."""
    found = []
    for some in _some(sorted(task_ids)):
        where = (
            (sync_links.c.mapping_id == mapping_id)
            & (sync_links.c.entity == "relation")
            & sync_links.c[f"{side}_parent"].in_(some)
        )
        found += [PartLink(**row) for row in conn.execute(select(*_COLUMNS).where(where)).mappings()]
    return found


def has_parts(conn: SqlConnection, mapping_id: str) -> int:
    """Number of links of parts and sprints."""
    where = (sync_links.c.mapping_id == mapping_id) & (sync_links.c.entity != TASK)
    return int(conn.execute(select(func.count()).select_from(sync_links).where(where)).scalar_one())


def put_part(conn: SqlConnection, mapping_id: str, link_id: str, *, new: bool, **values: Any) -> None:
    """Write a link of a part; `None` clears a column."""
    json = {"left_agreed", "right_agreed"}
    given = {name: null() if value is None and name in json else value for name, value in values.items()}
    given["updated_at"] = instant(conn)
    if new:
        base = {"id": link_id, "mapping_id": mapping_id, "dirty": False, "attempts": 0, "revision": 1}
        conn.execute(insert(sync_links).values({**base, **given}))
        return
    given["revision"] = sync_links.c.revision + 1
    conn.execute(update(sync_links).where(sync_links.c.id == link_id).values(**given))


def drop_parts(conn: SqlConnection, ids: Collection[str]) -> None:
    """Forget links. Nobody needs to decide their conflicts any more."""
    drop_links(conn, sorted(ids))


def drop_with_relations(conn: SqlConnection, mapping_id: str, link_id: str, side: str, task_id: str) -> None:
    """Forget a task that is gone on both sides, its parts, and other tasks' relations with it."""
    drop_parts(conn, [row.id for row in relations_to(conn, mapping_id, side, [task_id])])
    drop_links(conn, [link_id])


def is_first_run(conn: SqlConnection, mapping_id: str) -> bool:
    """Whether no run of a mapping ever came to its end."""
    ended = (sync_runs.c.mapping_id == mapping_id) & sync_runs.c.state.in_(["done", "partial"])
    return conn.execute(select(sync_runs.c.id).where(ended).limit(1)).first() is None


def part_conflicts(conn: SqlConnection, link_ids: Collection[str]) -> dict[str, dict[str, str]]:
    """Link id -> field with an open conflict -> side that people chose, or `""`."""
    columns = (sync_conflicts.c.link_id, sync_conflicts.c.field, sync_conflicts.c.decision)
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for some in _some(sorted(link_ids)):
        where = sync_conflicts.c.link_id.in_(some) & (sync_conflicts.c.state == "open")
        for link_id, name, decision in conn.execute(select(*columns).where(where)):
            found[link_id][name] = decision or ""
    return found


def open_part_writes(conn: SqlConnection, mapping_id: str) -> dict[str, list[SyncWrite]]:
    """Link id -> writes to parts of which nobody knows what became, oldest first."""
    where = (
        (sync_writes.c.mapping_id == mapping_id)
        & sync_writes.c.state.in_([INTENT, UNSURE])
        & sync_writes.c.entity.not_in([TASK, LABEL])
    )
    found: defaultdict[str, list[SyncWrite]] = defaultdict(list)
    for row in conn.execute(select(sync_writes).where(where).order_by(sync_writes.c.id)).mappings():
        found[row["link_id"]].append(SyncWrite(**row))
    return found


# sprints


def sprint_links(conn: SqlConnection, mapping_id: str, entity: str = "sprint") -> list[PartLink]:
    """Links of all sprints, or of the project, by id."""
    where = (sync_links.c.mapping_id == mapping_id) & (sync_links.c.entity == entity)
    rows = conn.execute(select(*_COLUMNS).where(where).order_by(sync_links.c.id)).mappings()
    return [PartLink(**row) for row in rows]


def unknown_sprints(conn: SqlConnection, mapping_id: str) -> bool:
    """Whether a task about which there is something to decide names a sprint that has no link."""
    known: Mapping[str, set[str | None]] = {
        side: {one.id_on(side) for one in sprint_links(conn, mapping_id)} for side in ("left", "right")
    }
    names = ("left_now", "left_agreed", "right_now", "right_agreed")
    columns = [sync_links.c[name] for name in ("id", *names)]
    after = ""
    while True:
        where = _tasks(mapping_id) & sync_links.c.dirty.is_(True) & (sync_links.c.id > after)
        statement = select(*columns).where(where).order_by(sync_links.c.id).limit(_CHUNK)
        rows = conn.execute(statement).all()
        if not rows:
            return False
        for _, *both in rows:
            for side, (now, agreed) in zip(("left", "right"), (both[:2], both[2:]), strict=True):
                named = ((now or {}).get("values") or agreed or {}).get("sprint")
                if named is not None and named not in known[side]:
                    return True
        after = rows[-1][0]


def wake_held(conn: SqlConnection, mapping_id: str, name: str) -> None:
    """Let tasks be decided anew of which a field had to wait."""
    where = _tasks(mapping_id) & sync_links.c.held.is_not(None)
    rows = conn.execute(select(sync_links.c.id, sync_links.c.held).where(where)).all()
    for some in _some([one for one, held in rows if name in held]):
        conn.execute(update(sync_links).where(sync_links.c.id.in_(some)).values(dirty=True))


def _some(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
