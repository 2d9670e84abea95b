"""What stands around a task that is about to be deleted, as the history keeps it.

It is read right before. What is stored of parts in step would not do: it lacks authors, what is hidden, the
order and nesting of checklists, and all that has no counterpart; and it is behind where a system does not
tell of new comments. What a run destroys has to stand in the history first.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from sqlalchemy import Connection as SqlConnection

from pm_providers.database import Database
from pm_providers.database.ids import new_id
from pm_providers.errors import NotFoundError, PermissionDeniedError, UnsupportedError
from pm_providers.store.sync_parts import PartLink, parts_of, relations_to
from pm_providers.sync.parts_asked import Asked
from pm_providers.sync.parts_checklists import Checklists
from pm_providers.sync.parts_comments import Attachments, Comments
from pm_providers.sync.parts_model import Item, Kind, Scope, Values
from pm_providers.sync.parts_records import AGAIN, WHY, kept_of
from pm_providers.sync.parts_relations import Relations
from pm_providers.sync.side import Side

__all__ = ["Keeping"]

_MOST = 1_000
_MOST_CHARACTERS = 1_000_000
"""Of one task, as JSON."""


class Keeping:
    """Tells what it takes to make again what stands around a task.

    Args:
        db: database of the sync.
        mapping_id: mapping.
        asked: knows users and other tasks.
    """

    def __init__(self, db: Database, mapping_id: str, asked: Asked) -> None:
        self._db = db
        self._mapping_id = mapping_id
        self._kinds: tuple[Kind, ...] = (Checklists(), Relations(asked), Comments(asked), Attachments(asked))

    async def around(self, side: Side, owner_id: str, task_id: str) -> Values:
        """All that goes with a task when it is deleted; see `pm_providers.sync.undo.folded`.

        Args:
            side: where it is.
            owner_id: its link.
            task_id: its id there.

        Returns:
            Under `again` the parts, those first without which others cannot be; `{}` where there are none.

        Raises:
            PMError: it cannot be read now: nothing should be deleted yet.
        """
        kept = _Kept(task_id, await self._known(side.name, owner_id, task_id))
        scope = Scope(owner_id, {side.name: task_id})
        for kind in self._kinds:
            if not kind.reads(side):
                continue
            try:
                items = await kind.everything(side, scope)
            except NotFoundError:
                continue
            except (PermissionDeniedError, UnsupportedError) as error:
                kept.lose(kind, kind.plural, f"it could not be read: {error}")
                continue
            for item in items:
                kept.add(kind, item, await kept_of(kind, side, scope, item))
        return kept.told()

    async def _known(self, side: str, owner_id: str, task_id: str) -> dict[tuple[str, str], PartLink]:
        """Kind and stored id there -> link, of its parts and of other tasks' relations with it."""

        def work(conn: SqlConnection) -> list[PartLink]:
            own = parts_of(conn, [owner_id]).get(owner_id, [])
            return [*own, *relations_to(conn, self._mapping_id, side, [task_id])]

        rows = await self._db.read(work)
        return {(row.entity, str(row.id_on(side))): row for row in rows}


class _Kept:
    """What is kept of one task, within bounds."""

    def __init__(self, task_id: str, known: dict[tuple[str, str], PartLink]) -> None:
        self._task_id = task_id
        self._known = known
        self._parts: list[dict[str, Any]] = []
        self._size = 0
        self._more: Counter[tuple[str, str]] = Counter()

    def add(self, kind: Kind, item: Item, again: Values) -> None:
        """Keep a part, unless there is too much already."""
        row, place = None, self._task_id
        for one in (self._task_id, item.other_end):
            if row is None and one is not None:
                row = self._known.get((kind.entity, kind.stored(one, item.id)))
                place = self._task_id if row is None else one
        part = {
            "entity": kind.entity, "id": item.id, "title": kind.called(item), "place": place,
            "link": new_id() if row is None else row.id, "values": item.values, AGAIN: again,
        }  # fmt: skip
        size = len(json.dumps(part))
        if len(self._parts) >= _MOST or self._size + size > _MOST_CHARACTERS:
            self._more[kind.entity, kind.plural] += 1
            return
        self._size += size
        self._parts.append(part)

    def lose(self, kind: Kind, title: str, why: str) -> None:
        """Say what is not kept."""
        self._lost(kind.entity, title, why)

    def _lost(self, entity: str, title: str, why: str) -> None:
        self._parts.append(
            {
                "entity": entity, "id": f"{WHY} {entity}", "title": title, "place": self._task_id,
                "link": new_id(), "values": {}, AGAIN: {WHY: why},
            }
        )  # fmt: skip

    def told(self) -> Values:
        """For the history."""
        for (entity, plural), number in self._more.items():
            self._lost(entity, f"{number} {plural}", "it is more than the history keeps of one task")
        return {AGAIN: {"parts": self._parts}} if self._parts else {}
