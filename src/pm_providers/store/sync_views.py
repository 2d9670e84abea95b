"""What people look at: mappings and runs by part of their ids, how far each mapping is, its links."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import Table, func, or_, select

from pm_providers.database import database_for
from pm_providers.database.schema import connections, mappings
from pm_providers.database.schema_sync import sync_conflicts, sync_links, sync_runs, sync_writes
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.store.records import SyncMapping
from pm_providers.store.sync_history import DONE, INTENT, UNSURE, SyncConflict, SyncRun
from pm_providers.store.sync_links import DETACHED, Link, links_by_id

__all__ = [
    "LinkCounts",
    "all_links",
    "find_conflict",
    "find_mapping",
    "find_run",
    "last_runs",
    "link_counts",
    "link_problems",
    "links_of",
    "made_labels",
    "titles_of",
    "unsettled",
    "writes_done",
]

_CHUNK = 500
_MOST_LISTED = 5
_MOST_PROBLEMS = 1000
_LEAST = 4
"""Characters of a part of an id at least."""


@dataclass(frozen=True, slots=True)
class LinkCounts:
    """Links of one mapping in numbers.

    Attributes:
        linked: tasks in step.
        single: tasks without counterpart.
        detached: tasks that are no longer in step.
        waiting: tasks about which there is something to decide.
        problems: tasks of which something is not carried.
        conflicts: open conflicts.
        parts: entity -> links of other kinds of records.
    """

    linked: int = 0
    single: int = 0
    detached: int = 0
    waiting: int = 0
    problems: int = 0
    conflicts: int = 0
    parts: dict[str, int] = field(default_factory=dict)


# one record by what people call it


async def find_mapping(db: Any, reference: str | None = None) -> SyncMapping:
    """A mapping by its id, the beginning or end of it, one of its projects, or its connection's name.

    Args:
        db: the database.
        reference: what people call it; missing where there is only one.

    Raises:
        NotFoundError: no such mapping, or none at all.
        ValidationError: more than one fits; lists them.
    """

    def work(conn: SqlConnection) -> SyncMapping:
        rows = [SyncMapping(**row) for row in conn.execute(select(mappings)).mappings()]
        names = {row.id: row.name for row in conn.execute(select(connections.c.id, connections.c.name))}
        return _one_mapping(rows, names, reference)

    return await database_for(db).read(work)


def _one_mapping(rows: list[SyncMapping], names: dict[str, str], reference: str | None) -> SyncMapping:
    if reference is None:
        found = rows
        if not rows:
            raise NotFoundError("there is no mapping yet; `pm-providers init` makes the first one")
    else:
        found = next(filter(None, _tried(rows, names, reference)), [])
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFoundError(f"no mapping {reference!r:.80}; `pm-providers mappings list` lists them")
    listed = ", ".join(
        f"{one.id[-8:]} ({names.get(one.provider_connection_id, '?')} {one.external_project_id:.40})"
        for one in found[:_MOST_LISTED]
    )
    raise ValidationError(f"{len(found)} mappings fit, name one: {listed}")


def _tried(rows: list[SyncMapping], names: dict[str, str], reference: str) -> Iterator[list[SyncMapping]]:
    yield [one for one in rows if one.id == reference]
    yield [one for one in rows if names.get(one.provider_connection_id) == reference]
    yield [one for one in rows if reference in {one.external_project_id, one.internal_project_id}]
    if len(reference) >= _LEAST:
        yield [one for one in rows if one.id.startswith(reference) or one.id.endswith(reference)]


async def find_run(db: Any, reference: str) -> SyncRun:
    """A run by its id, or the beginning or end of it.

    Raises:
        NotFoundError: no such run.
        ValidationError: more than one fits.
    """
    row = await database_for(db).read(lambda conn: _one_row(conn, sync_runs, reference, "run"))
    return SyncRun(**row)


async def find_conflict(db: Any, reference: str) -> SyncConflict:
    """A conflict by its id, or the beginning or end of it. Errors as in `find_run`."""
    row = await database_for(db).read(lambda conn: _one_row(conn, sync_conflicts, reference, "conflict"))
    return SyncConflict(**row)


def _one_row(conn: SqlConnection, table: Table, reference: str, word: str) -> dict[str, Any]:
    exact = conn.execute(select(table).where(table.c.id == reference)).mappings().one_or_none()
    if exact is not None:
        return dict(exact)
    rows = []
    if len(reference) >= _LEAST:
        either = or_(
            table.c.id.endswith(reference, autoescape=True), table.c.id.startswith(reference, autoescape=True)
        )
        rows = list(conn.execute(select(table).where(either).limit(2)).mappings())
    if not rows:
        where = {"run": "history", "conflict": "conflicts list --all"}[word]
        raise NotFoundError(f"no {word} {reference!r:.80}; `pm-providers sync {where}` lists them")
    if len(rows) > 1:
        raise ValidationError(f"more than one {word} fits {reference!r:.80}; give more of its id")
    return dict(rows[0])


# how far mappings are


async def link_counts(db: Any) -> dict[str, LinkCounts]:
    """Mapping id -> its links in numbers, of all that ran."""
    columns = (sync_links.c.mapping_id, sync_links.c.entity, sync_links.c.state, sync_links.c.dirty)
    with_problem = sync_links.c.problem.is_not(None)
    statement = select(*columns, with_problem, func.count()).group_by(*columns, with_problem)
    still = select(sync_conflicts.c.mapping_id, func.count()).where(sync_conflicts.c.state == "open")

    def work(conn: SqlConnection) -> dict[str, LinkCounts]:
        found: dict[str, Counter[str]] = {}
        for mapping_id, entity, state, dirty, problem, number in conn.execute(statement):
            counts = found.setdefault(mapping_id, Counter())
            if entity != "task":
                counts[f"part:{entity}"] += number
                continue
            counts[state] += number
            counts["waiting"] += number * dirty
            counts["problems"] += number * problem
        for mapping_id, number in conn.execute(still.group_by(sync_conflicts.c.mapping_id)):
            found.setdefault(mapping_id, Counter())["conflicts"] += number
        return {mapping_id: _counts(counts) for mapping_id, counts in found.items()}

    return await database_for(db).read(work)


def _counts(counts: Counter[str]) -> LinkCounts:
    parts = {name[len("part:") :]: number for name, number in counts.items() if name.startswith("part:")}
    own = {name: counts[name] for name in LinkCounts.__dataclass_fields__ if name != "parts"}
    return LinkCounts(**own, parts=parts)


async def link_problems(db: Any) -> dict[str, dict[str, tuple[int, Link]]]:
    """Mapping id -> why something of tasks in step is not carried -> how many tasks, and one of them."""
    held = (
        (sync_links.c.entity == "task")
        & sync_links.c.problem.is_not(None)
        & (sync_links.c.attempts == 0)
        & (sync_links.c.state != DETACHED)
    )
    columns = (sync_links.c.mapping_id, sync_links.c.problem)
    numbers = (func.count(), func.min(sync_links.c.id))
    statement = select(*columns, *numbers).where(held).group_by(*columns).limit(_MOST_PROBLEMS)

    def work(conn: SqlConnection) -> dict[str, dict[str, tuple[int, Link]]]:
        rows = conn.execute(statement).all()
        links = links_by_id(conn, [row[3] for row in rows])
        found: dict[str, dict[str, tuple[int, Link]]] = {}
        for mapping_id, why, number, one in rows:
            found.setdefault(mapping_id, {})[why] = (number, links[one])
        return found

    return await database_for(db).read(work)


async def last_runs(db: Any) -> dict[str, SyncRun]:
    """Mapping id -> its last run."""
    newest = select(func.max(sync_runs.c.id)).group_by(sync_runs.c.mapping_id)
    statement = select(sync_runs).where(sync_runs.c.id.in_(newest))

    def work(conn: SqlConnection) -> dict[str, SyncRun]:
        return {row["mapping_id"]: SyncRun(**row) for row in conn.execute(statement).mappings()}

    return await database_for(db).read(work)


async def writes_done(db: Any, run_ids: Collection[str]) -> dict[str, list[tuple[str, str, int]]]:
    """Run id -> entity, action and number of the writes that took effect."""
    columns = (sync_writes.c.run_id, sync_writes.c.entity, sync_writes.c.action)
    where = sync_writes.c.run_id.in_(run_ids) & (sync_writes.c.state == DONE)
    statement = select(*columns, func.count()).where(where).group_by(*columns)

    def work(conn: SqlConnection) -> dict[str, list[tuple[str, str, int]]]:
        found: dict[str, list[tuple[str, str, int]]] = {}
        for run_id, *rest in conn.execute(statement):
            found.setdefault(run_id, []).append((rest[0], rest[1], int(rest[2])))
        return found

    return await database_for(db).read(work) if run_ids else {}


async def unsettled(db: Any, mapping_id: str) -> int:
    """Writes of which nobody knows what became."""
    where = (sync_writes.c.mapping_id == mapping_id) & sync_writes.c.state.in_([INTENT, UNSURE])
    statement = select(func.count()).select_from(sync_writes).where(where)
    return int(await database_for(db).read(lambda conn: conn.execute(statement).scalar_one()))


# links


async def links_of(db: Any, ids: Collection[str]) -> dict[str, Link]:
    """Links by id, of those that exist."""
    return await database_for(db).read(lambda conn: links_by_id(conn, ids))


def all_links(conn: SqlConnection, mapping_id: str, entity: str, *, after: str = "") -> list[Link]:
    """The next links of a mapping, by id; an empty list ends them."""
    columns = [sync_links.c[name] for name in Link.__dataclass_fields__]
    where = (
        (sync_links.c.mapping_id == mapping_id) & (sync_links.c.entity == entity) & (sync_links.c.id > after)
    )
    statement = select(*columns).where(where).order_by(sync_links.c.id).limit(_CHUNK)
    return [Link(**row) for row in conn.execute(statement).mappings()]


async def titles_of(
    db: Any, mapping_id: str, side: str, ids: Iterable[str], *, entity: str = "task"
) -> dict[str, str]:
    """Id on a side -> title, of the items that have a link."""
    wanted = sorted(set(ids))
    column = sync_links.c[f"{side}_id"]
    values = (column, sync_links.c[f"{side}_now"], sync_links.c[f"{side}_agreed"])
    base = (sync_links.c.mapping_id == mapping_id) & (sync_links.c.entity == entity)

    def work(conn: SqlConnection) -> dict[str, str]:
        found: dict[str, str] = {}
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            for one, now, agreed in conn.execute(select(*values).where(base, column.in_(part))):
                said = (now or {}).get("values") or agreed or {}
                found[one] = str(said.get("title") or said.get("name") or one)
        return found

    return await database_for(db).read(work)


async def made_labels(db: Any, mapping_id: str, side: str) -> dict[str, str]:
    """Id -> name of the labels that runs made on a side, as they were called then."""
    where = (
        (sync_writes.c.mapping_id == mapping_id)
        & (sync_writes.c.entity == "label")
        & (sync_writes.c.side == side)
        & sync_writes.c.remote_id.is_not(None)
    )
    statement = select(sync_writes.c.remote_id, sync_writes.c.title).where(where)

    def work(conn: SqlConnection) -> dict[str, str]:
        return {str(one): str(title or one) for one, title in conn.execute(statement)}

    return await database_for(db).read(work)
