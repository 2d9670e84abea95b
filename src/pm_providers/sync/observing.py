"""Reading both sides: what changed is stored with the cursor that it came with."""

from __future__ import annotations

from sqlalchemy import Connection as SqlConnection

from pm_providers.database import Database
from pm_providers.errors import ValidationError
from pm_providers.model import Entity
from pm_providers.store.sync_links import Link, Observed, find_links, known_ids, mark_gone, observe, stale_ids
from pm_providers.store.sync_state import save_cursor, write_fenced
from pm_providers.sync.side import Side

__all__ = ["Observer"]

TASK = Entity.TASK.value


class Observer:
    """Stores what the sides say.

    Args:
        db: database of the sync.
        mapping_id: mapping.
        fence: number of the run's lease.
    """

    def __init__(self, db: Database, mapping_id: str, fence: int) -> None:
        self._db = db
        self._mapping_id = mapping_id
        self._fence = fence

    async def read(self, side: Side, cursor: str | None) -> int:
        """Read a side's changes to their end; returns how many links have something to be decided.

        A cursor that the system does not take any more is given up: then all is read, and what is known here
        but was not told is looked for.

        Raises:
            PMError: the side cannot be read.
        """
        if cursor is None:
            return (await self._changes(side, None, None))[0]
        try:
            return (await self._changes(side, cursor, None))[0]
        except ValidationError:
            return await self.sweep(side)

    async def sweep(self, side: Side) -> int:
        """Read all of a side, and look for what is known here but was not told.

        Raises:
            PMError: the side cannot be read.
        """
        seen: set[str] = set()
        touched, cursor = await self._changes(side, None, seen)
        return touched + await self._missing(side, seen, cursor)

    async def confirm(self, side: Side, link: Link) -> bool:
        """Look at one item itself; whether it is there and says what is stored. What it says is stored."""
        one = str(link.id_on(side.name))
        why, task = await side.task_gone(one)
        seen = None if task is None or why is not None else side.observed(task)

        def work(conn: SqlConnection) -> None:
            if seen is None:
                mark_gone(conn, self._mapping_id, TASK, side.name, {one: why or "deleted"})
            else:
                observe(conn, self._mapping_id, TASK, side.name, [seen])

        if seen is not None and seen.values == link.state_on(side.name):
            return True
        await write_fenced(self._db, self._mapping_id, self._fence, work)
        return False

    async def _changes(self, side: Side, cursor: str | None, seen: set[str] | None) -> tuple[int, str | None]:
        """How many links were touched, and where it ended.

        A sweep keeps its cursor to itself: one that is cut short is done again, for what is missing.
        """
        touched = 0
        while True:
            page = await side.changes(cursor)
            if seen is not None:
                seen.update(task.id for task in page.upserts)
            archived = {task.id: "archived" for task in page.upserts if task.is_archived}
            told = [side.observed(task) for task in page.upserts if not task.is_archived]
            items, gone = await self._looked_at(side, told)
            gone |= archived | await self._reasons(side, page.deleted_ids)
            cursor = page.cursor

            def work(conn: SqlConnection, cursor: str = cursor) -> int:
                found = observe(conn, self._mapping_id, TASK, side.name, items)  # noqa: B023 - runs before the next
                found += mark_gone(conn, self._mapping_id, TASK, side.name, gone)  # noqa: B023
                if seen is None:
                    save_cursor(conn, self._mapping_id, side.name, cursor)
                return found

            touched += await write_fenced(self._db, self._mapping_id, self._fence, work)
            if not page.has_more:
                return touched, cursor

    async def _looked_at(self, side: Side, told: list[Observed]) -> tuple[list[Observed], dict[str, str]]:
        """Items of a list, with those that it may be late about as they really are; id -> why it is gone."""
        late = await self._db.read(lambda conn: stale_ids(conn, self._mapping_id, TASK, side.name, told))
        items, gone = [one for one in told if one.id not in late], {}
        for one in sorted(late):
            why, task = await side.task_gone(one)
            if why is not None or task is None:
                gone[one] = why or "deleted"
            else:
                items.append(side.observed(task))
        return items, gone

    async def _reasons(self, side: Side, ids: list[str]) -> dict[str, str]:
        """Id -> why it is gone, of items that have a link. Looked at one by one: a list may be late."""
        linked = await self._db.read(lambda conn: find_links(conn, self._mapping_id, TASK, side.name, ids))
        found = {}
        for link in linked:
            one = link.id_on(side.name)
            why = None if one is None else (await side.task_gone(one))[0]
            if one is not None and why is not None:
                found[one] = why
        return found

    async def _missing(self, side: Side, seen: set[str], cursor: str | None) -> int:
        known = await self._db.read(lambda conn: known_ids(conn, self._mapping_id, TASK, side.name))
        gone = await self._reasons(side, sorted(known - seen))

        def work(conn: SqlConnection) -> int:
            save_cursor(conn, self._mapping_id, side.name, cursor)
            return mark_gone(conn, self._mapping_id, TASK, side.name, gone)

        return await write_fenced(self._db, self._mapping_id, self._fence, work)
