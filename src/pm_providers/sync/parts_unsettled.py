"""What runs before left open about parts, and what became of those that an undo was making again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection as SqlConnection

from pm_providers.database import Database
from pm_providers.errors import NotFoundError, PermissionDeniedError, UnsupportedError
from pm_providers.store.sync_history import FAILED, SyncWrite, finish_write
from pm_providers.store.sync_links import DETACHED, Link, links_by_id
from pm_providers.store.sync_parts import (
    PartLink,
    answered_owners,
    drop_parts,
    make_due,
    open_part_writes,
    part_links,
    parts_of,
)
from pm_providers.store.sync_tries import owners_to_retry
from pm_providers.sync.parts_apply import PartWriter
from pm_providers.sync.parts_model import Kind, Scope
from pm_providers.sync.policy import SIDES
from pm_providers.sync.report import RunOptions
from pm_providers.sync.sprints import Sprints
from pm_providers.sync.unfinished import Unfinished

__all__ = ["Unsettled"]


_GONE = "what it belongs to is gone"


class Unsettled:
    """Settles what runs and undos left open. What an undo makes is out of step, and so may be its tasks.

    Args:
        db: database of the sync.
        mapping_id: mapping.
        writer: of the run.
        unfinished: settles deletions of undos; these name no link.
    """

    def __init__(self, db: Database, mapping_id: str, writer: PartWriter, unfinished: Unfinished) -> None:
        self._db = db
        self._mapping_id = mapping_id
        self._writer = writer
        self._unfinished = unfinished

    async def wake(self, options: RunOptions) -> None:
        """Have parts read of which something waits; give up writes about what is gone."""

        def asked_for(conn: SqlConnection) -> set[str]:
            again = owners_to_retry(conn, self._mapping_id, patient=options.patient)
            return answered_owners(conn, self._mapping_id) | again

        def work(conn: SqlConnection) -> None:
            if options.full:
                make_due(conn, self._mapping_id)
            make_due(conn, self._mapping_id, asked_for(conn))
            writes = open_part_writes(conn, self._mapping_id)
            known = links_by_id(conn, list(writes))
            for link_id, some in writes.items():
                for one in some if link_id and link_id not in known else ():
                    finish_write(conn, one.id, FAILED, error=_GONE)

        def needed(conn: SqlConnection) -> bool:
            return bool(asked_for(conn) or open_part_writes(conn, self._mapping_id))

        if options.full or await self._db.read(needed):
            await self._writer.transaction(work)

    async def of_tasks(self, kinds: Iterable[Kind]) -> None:
        """Parts of all tasks, and deletions of undos.

        Args:
            kinds: all there are, those out of step included.

        Raises:
            PMError: the run cannot go on.
        """
        known = {kind.entity: kind for kind in (*kinds, Sprints())}

        def work(conn: SqlConnection) -> tuple[Any, ...]:
            writes = open_part_writes(conn, self._mapping_id)
            made = {link: some for link, some in writes.items() if link and some[0].action == "create"}
            rows = [row for row in part_links(conn, made) if row.state == DETACHED and row.owner_id]
            owners = {str(row.owner_id) for row in rows}
            deletions = writes.get("", [])
            return made, deletions, rows, links_by_id(conn, owners), parts_of(conn, owners)

        writes, deletions, rows, owners, beside = await self._db.read(work)
        for one in deletions:
            await self._unfinished.part(known[one.entity], one)
        for row in rows:
            kind, owner = known.get(row.entity), owners.get(row.owner_id)
            if kind is not None:
                await self._one(kind, row, owner, beside.get(row.owner_id, ()), writes[row.id])

    async def _one(
        self, kind: Kind, row: PartLink, owner: Link | None, beside: Sequence[PartLink],
        writes: Sequence[SyncWrite],
    ) -> None:  # fmt: skip
        side = writes[0].side
        if owner is None or owner.id_on(side) is None or owner.gone_on(side) is not None:
            await self._given_up(row, writes)
            return
        scope = Scope(owner.id, {name: owner.id_on(name) or "" for name in SIDES})
        try:
            await self._writer.found_again(kind, scope, row, _taken(beside), writes)
        except NotFoundError:
            await self._given_up(row, writes)
        except (PermissionDeniedError, UnsupportedError):
            return  # it stays open until it can be read

    async def _given_up(self, row: PartLink, writes: Sequence[SyncWrite]) -> None:
        def work(conn: SqlConnection) -> None:
            for one in writes:
                finish_write(conn, one.id, FAILED, error=_GONE)
            drop_parts(conn, [row.id])

        await self._writer.transaction(work)

    async def beside(
        self, kind: Kind, scope: Scope, rows: Sequence[PartLink], writes: Mapping[str, Sequence[SyncWrite]]
    ) -> tuple[Sequence[PartLink], bool]:
        """Of one scope: the links as they are then, and whether all is known.

        Args:
            kind: of the parts.
            scope: what they belong to.
            rows: their links.
            writes: link -> open writes.
        """
        left = [row for row in rows if row.state == DETACHED and row.id in writes]
        known = True
        for row in left:
            known = await self._writer.found_again(kind, scope, row, _taken(rows), writes[row.id]) and known
        if left:
            ids = [row.id for row in rows]
            rows = await self._db.read(lambda conn: part_links(conn, ids))
        return rows, known


def _taken(rows: Iterable[PartLink]) -> set[str]:
    return {str(one) for row in rows for one in (row.left_id, row.right_id)}
