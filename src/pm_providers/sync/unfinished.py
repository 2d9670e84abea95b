"""Deletions that an undo began, and of which nobody knows what became: they happened, or all is as before.

Before an undo deletes something, that goes out of step: otherwise the next run would delete its counterpart
as well. Where nothing was deleted in the end, it is in step again; but only once a request that may still be
on its way has had its time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy import Connection as SqlConnection

from pm_providers.database import Database
from pm_providers.errors import NotFoundError, PermissionDeniedError, UnsupportedError
from pm_providers.model import Entity, PMTask
from pm_providers.store.sync_history import DONE, FAILED, UNSURE, SyncWrite, age_s, finish_write, open_writes
from pm_providers.store.sync_links import (
    DETACHED,
    LINKED,
    Link,
    drop_links,
    find_links,
    mark_gone,
    observe,
    save_link,
)
from pm_providers.store.sync_parts import (
    PartLink,
    make_due,
    parts_of,
    put_part,
    relations_to,
    sprint_links,
)
from pm_providers.sync.decisions import Decision
from pm_providers.sync.parts_model import CONTAINERS, Kind, Scope
from pm_providers.sync.policy import SIDES, other
from pm_providers.sync.side import Side

__all__ = ["UNDONE", "Unfinished", "relations_apart", "relations_back", "taken_up"]

TASK = Entity.TASK.value
UNDONE = "undone"
"""Problem of a link that an undo put out of step."""

_WITH_TASK = "it went with the task at its other end"
_THERE = "it was not deleted yet"
_NOT_DONE = "not carried out"
_GONE = "what it belongs to is gone"


def relations_apart(conn: SqlConnection, mapping_id: str, side: str, task_id: str) -> None:
    """Other tasks' relations with a task go with it on a side; across they stay."""
    for row in relations_to(conn, mapping_id, side, [task_id]):
        if row.state == LINKED:
            put_part(conn, mapping_id, row.id, new=False, state=DETACHED, problem=_WITH_TASK)


def relations_back(conn: SqlConnection, mapping_id: str, side: str, task_id: str) -> None:
    """The task was not deleted after all."""
    rows = [row for row in relations_to(conn, mapping_id, side, [task_id]) if row.problem == _WITH_TASK]
    for row in rows:
        put_part(conn, mapping_id, row.id, new=False, state=LINKED, problem=None)
    make_due(conn, mapping_id, {row.owner_id for row in rows if row.owner_id})


def taken_up(conn: SqlConnection, mapping_id: str, one: Decision) -> None:
    """An undo deletes what an attempt before had begun to delete: that did not happen."""
    for write in open_writes(conn, mapping_id):
        same = (write.entity, write.side, write.remote_id) == (one.entity, one.side, one.remote_id)
        if same and write.action == "delete":
            finish_write(conn, write.id, FAILED, error=_NOT_DONE)


class Unfinished:
    """Settles deletions of undos.

    Args:
        db: database of the sync.
        mapping_id: mapping.
        sides: both sides.
        write: a transaction of the run, nothing when another took over.
        settle_s: seconds after which what is still there is taken for never deleted; `None` where the undo is
            about to be tried again: it takes up what is still there, see `taken_up`, or leaves it to the next
            run.
    """

    def __init__(
        self,
        db: Database,
        mapping_id: str,
        sides: Mapping[str, Side],
        write: Callable[[Callable[[SqlConnection], Any]], Awaitable[Any]],
        settle_s: float | None,
    ) -> None:
        self._db = db
        self._mapping_id = mapping_id
        self._sides = sides
        self._write = write
        self._settle_s = settle_s

    async def _is_early(self, one: SyncWrite, bound: float) -> bool:
        return await self._db.read(lambda conn: age_s(conn, one)) < bound

    async def _finish(self, one: SyncWrite, state: str, why: str) -> None:
        await self._write(lambda conn: finish_write(conn, one.id, state, error=why))

    # tasks

    async def task(self, one: SyncWrite) -> None:
        """Settle the deletion of a task.

        Raises:
            PMError: a side cannot be read.
        """
        found = await self._db.read(
            lambda conn: find_links(conn, self._mapping_id, TASK, one.side, [one.remote_id or ""])
        )
        link = found[0] if found else None
        why, task = await self._sides[one.side].task_gone(one.remote_id or "")
        if why == "deleted":
            await self._write(lambda conn: _deleted(conn, one, link))
        elif self._settle_s is None:
            return
        elif await self._is_early(one, self._settle_s):
            await self._finish(one, UNSURE, _THERE)
        elif link is None or link.problem != UNDONE:
            await self._finish(one, FAILED, _NOT_DONE)
        else:
            await self._back(one, link, {one.side: (why, task)})

    async def _back(
        self, one: SyncWrite, link: Link, said: dict[str, tuple[str | None, PMTask | None]]
    ) -> None:
        """In step again, with what both sides say now: nobody listened meanwhile."""
        across = other(one.side)
        theirs = link.id_on(across)
        if theirs is not None:
            said[across] = await self._sides[across].task_gone(theirs)

        def work(conn: SqlConnection) -> None:
            finish_write(conn, one.id, FAILED, error=_NOT_DONE)
            state = LINKED if len(said) == len(SIDES) else DETACHED
            save_link(conn, link.id, state=state, problem=None)
            relations_back(conn, self._mapping_id, one.side, one.remote_id or "")
            for name, (why, task) in said.items():
                if why is not None or task is None:
                    mark_gone(conn, self._mapping_id, TASK, name, {link.id_on(name) or "": why or "deleted"})
                else:
                    observe(conn, self._mapping_id, TASK, name, [self._sides[name].observed(task)])

        await self._write(work)

    # parts

    async def part(self, kind: Kind, one: SyncWrite) -> None:
        """Settle the deletion of a part, or of a sprint.

        Raises:
            PMError: the run cannot go on.
        """
        scope, rows = await self._place(kind, one)
        stored = kind.stored(scope.ids[one.side], one.remote_id or "")
        row = next((row for row in rows if row.id_on(one.side) == stored), None)
        try:
            items = await kind.everything(self._sides[one.side], scope)
        except NotFoundError:
            await self._finish(one, FAILED, _GONE)
            return
        except (PermissionDeniedError, UnsupportedError):
            return  # it stays open until it can be read
        if all(item.id != one.remote_id for item in items):
            await self._write(lambda conn: self._part_deleted(conn, one, row))
        elif self._settle_s is None:
            return
        elif await self._is_early(one, self._settle_s):
            await self._finish(one, UNSURE, _THERE)
        else:
            await self._write(lambda conn: self._part_back(conn, one, row))

    async def _place(self, kind: Kind, one: SyncWrite) -> tuple[Scope, list[PartLink]]:
        """What it belongs to, and the links of its kind there."""
        if kind.entity in CONTAINERS:
            scope = Scope(None, {name: side.project_id for name, side in self._sides.items()})
            return scope, await self._db.read(lambda conn: sprint_links(conn, self._mapping_id, kind.entity))
        place = str(one.wanted.get("task_id") or "")

        def work(conn: SqlConnection) -> tuple[Scope, list[PartLink]]:
            found = find_links(conn, self._mapping_id, TASK, one.side, [place])
            if not found:
                return Scope(None, {**dict.fromkeys(SIDES, ""), one.side: place}), []
            owner = found[0]
            ids = {name: owner.id_on(name) or "" for name in SIDES}
            rows = parts_of(conn, [owner.id]).get(owner.id, [])
            return Scope(owner.id, ids), [row for row in rows if row.entity == kind.entity]

        return await self._db.read(work)

    def _part_deleted(self, conn: SqlConnection, one: SyncWrite, row: PartLink | None) -> None:
        finish_write(conn, one.id, DONE, error=None, link_id="" if row is None else row.id)
        if row is not None:
            put_part(conn, self._mapping_id, row.id, new=False, **{f"{one.side}_gone": "deleted"})

    def _part_back(self, conn: SqlConnection, one: SyncWrite, row: PartLink | None) -> None:
        finish_write(conn, one.id, FAILED, error=_NOT_DONE)
        if row is None or row.problem != UNDONE:
            return
        state = LINKED if row.left_id and row.right_id else DETACHED
        put_part(conn, self._mapping_id, row.id, new=False, state=state, problem=None)
        make_due(conn, self._mapping_id, [row.owner_id] if row.owner_id else [])


def _deleted(conn: SqlConnection, one: SyncWrite, link: Link | None) -> None:
    finish_write(conn, one.id, DONE, error=None, link_id="" if link is None else link.id)
    if link is not None and link.id_on(other(one.side)) is None:
        drop_links(conn, [link.id])
