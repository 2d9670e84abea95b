"""Links of parts as a run stores them: what both sides agree on, and about what they do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection as SqlConnection

from pm_providers.database import Database
from pm_providers.store.sync_history import add_conflicts, finish_conflicts
from pm_providers.store.sync_links import DETACHED, LINKED
from pm_providers.store.sync_parts import drop_parts, put_part
from pm_providers.store.sync_state import write_fenced
from pm_providers.store.sync_tries import FRESH
from pm_providers.sync.decisions import Decision
from pm_providers.sync.parts_model import Kind, PartView, Scope
from pm_providers.sync.parts_plan import agreed_values
from pm_providers.sync.parts_records import problem_of
from pm_providers.sync.policy import SIDES

__all__ = ["PartLinks"]


class PartLinks:
    """Stores links of parts; nothing where another run took over.

    Args:
        db: database of the sync.
        mapping_id: mapping.
        fence: number of the run's lease.

    Attributes:
        run_id: run that the history names; `""` while none began.
    """

    def __init__(self, db: Database, mapping_id: str, fence: int) -> None:
        self._db = db
        self._mapping_id = mapping_id
        self._fence = fence
        self.run_id = ""

    async def transaction(self, work: Callable[[SqlConnection], Any]) -> Any:
        """A transaction of this run; nothing when another took over."""
        return await write_fenced(self._db, self._mapping_id, self._fence, work)

    async def _settle(
        self, kind: Kind, scope: Scope, view: PartView, decisions: Sequence[Decision], kept: set[str],
        notes: Mapping[str, str],
    ) -> None:  # fmt: skip
        """Remember what both sides say now as agreed, but for fields that stay undecided."""
        clashes = {clash.field: clash for one in decisions for clash in one.clashes}
        # What was to win and was not written is decided anew, by the same rule: nobody decided it for good.
        clashes = {name: clash for name, clash in clashes.items() if not (clash.winner and name in kept)}
        rows = [
            {
                "mapping_id": self._mapping_id, "link_id": view.link_id, "field": clash.field,
                "left_value": {"value": clash.left}, "right_value": {"value": clash.right},
                "base_value": {"value": clash.base}, "note": clash.note, "run_id": self.run_id,
                "state": "resolved" if clash.winner else "open",
                **({"decision": clash.winner} if clash.winner else {}),
            }
            for clash in clashes.values()
        ]  # fmt: skip
        over = [name for name in view.decided if name not in clashes and name not in kept]

        def work(conn: SqlConnection) -> None:
            add_conflicts(conn, rows)
            finish_conflicts(conn, view.link_id, over, "both sides say the same now", self.run_id or None)
            new = view.row is None
            self._put(
                conn, kind, scope, view, new=new, state=LINKED, problem=problem_of(notes), now=True, kept=kept
            )

        await self.transaction(work)
        self._learn(kind, scope, view)

    async def _detach(self, kind: Kind, scope: Scope, view: PartView, why: str) -> None:
        def work(conn: SqlConnection) -> None:
            self._put(conn, kind, scope, view, new=view.row is None, state=DETACHED, problem=why)
            finish_conflicts(conn, view.link_id, None, why, self.run_id or None)

        await self.transaction(work)

    async def _save(self, kind: Kind, scope: Scope, view: PartView, **values: Any) -> None:
        new = view.row is None
        await self.transaction(lambda conn: self._put(conn, kind, scope, view, new=new, **values))

    def _put(
        self, conn: SqlConnection, kind: Kind, scope: Scope, view: PartView, *, new: bool, now: bool = False,
        kept: set[str] | None = None, **values: Any,
    ) -> None:  # fmt: skip
        row: dict[str, Any] = {"entity": kind.entity, "owner_id": scope.owner_id, **values}
        if now:
            row |= FRESH
        for side in SIDES:
            item = view.items.get(side)
            row[f"{side}_id"] = view.ids.get(side)
            if item is not None and item.other_end is not None:
                row[f"{side}_parent"] = item.other_end
            if now and item is not None:
                before = view.agreed.get(side, {})
                said = agreed_values(item.values, before, kept or (), is_copy=view.copy == side)
                view.agreed[side] = said
            base = view.agreed.get(side)
            row[f"{side}_agreed"] = None if base is None else {
                **{name: value for name, value in base.items() if name != "copy"},
                **({"copy": True} if view.copy == side else {}),
            }  # fmt: skip
        if view.replaces:
            drop_parts(conn, [view.replaces])
        put_part(conn, self._mapping_id, view.link_id, new=new, **row)

    @staticmethod
    def _learn(kind: Kind, scope: Scope, view: PartView) -> None:
        for side, item in view.items.items():
            scope.pairs[kind.entity, side, item.id] = view.link_id
