"""What both sides say about parts, and what is decided about them; nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection as SqlConnection

from pm_providers.database import Database
from pm_providers.database.clock import read_clock
from pm_providers.model import Entity
from pm_providers.store.sync_history import SyncWrite
from pm_providers.store.sync_links import LINKED, Link, find_links
from pm_providers.store.sync_parts import PartLink, open_part_writes, part_conflicts, relations_to
from pm_providers.sync.decisions import Act, Decision
from pm_providers.sync.parts_asked import Asked
from pm_providers.sync.parts_checklists import ChecklistItems, Checklists
from pm_providers.sync.parts_comments import Attachments, Comments
from pm_providers.sync.parts_model import Kind, PartView, Scope
from pm_providers.sync.parts_plan import Bars, decide_part
from pm_providers.sync.parts_records import taken_for_ours
from pm_providers.sync.parts_relations import Relations
from pm_providers.sync.parts_views import views_of
from pm_providers.sync.policy import SIDES, Policy, other
from pm_providers.sync.report import RunReport
from pm_providers.sync.side import Side

__all__ = ["Look"]


class Look:
    """Looks at the parts of tasks, and decides about them.

    Args:
        db: database of the sync.
        mapping_id: mapping.
        sides: both sides.
        policy: of the mapping.
        report: told what cannot be carried.
    """

    def __init__(
        self, db: Database, mapping_id: str, sides: Mapping[str, Side], policy: Policy, report: RunReport
    ) -> None:
        self._db = db
        self._mapping_id = mapping_id
        self._sides = sides
        self._policy = policy
        self._report = report

    def kinds(self, asked: Asked) -> list[Kind]:
        """Kinds of parts that are in step, in the order in which they are written."""
        return [one for one in self.every(asked) if self.wanted(one)]

    @staticmethod
    def every(asked: Asked) -> list[Kind]:
        """All kinds of parts of tasks."""
        return [Comments(asked), Attachments(asked), Relations(asked), Checklists(), ChecklistItems(asked)]

    def wanted(self, kind: Kind) -> bool:
        """Whether a kind is in step; says why where the systems cannot."""
        if kind.part not in self._policy.parts:
            return False
        for side in self._sides.values():
            if not kind.reads(side):
                self._report.held[kind.part] = f"{side.title} has none ({side.name})"
                return False
        bars = {name: kind.barred(side) for name, side in self._sides.items() if self._policy.creates(name)}
        for name, why in bars.items():
            if why:
                self._report.held[kind.part] = f"{self._sides[name].title} ({name}): {why}"
        return any(not why for why in bars.values())

    async def views(self, kind: Kind, scope: Scope, rows: Sequence[PartLink]) -> list[PartView]:
        """Parts of both sides by their links; those without one paired with what says the same.

        Raises:
            PMError: a side cannot be read.
        """
        read = {
            side: [] if side == scope.fresh else await kind.read(self._sides[side], scope) for side in SIDES
        }
        if not rows:
            return views_of(kind, scope, rows, read, {})

        def work(conn: SqlConnection) -> tuple[Any, Mapping[str, list[SyncWrite]], float]:
            ids = [row.id for row in rows]
            return part_conflicts(conn, ids), open_part_writes(conn, self._mapping_id), read_clock(conn)

        conflicts, writes, now = await self._db.read(work)
        views = views_of(kind, scope, rows, read, conflicts)
        for view in views:
            view.seen_at = now
            taken_for_ours(kind, view, writes.get(view.link_id, ()))
        return views

    def decided(self, kind: Kind, scope: Scope, view: PartView) -> list[Decision]:
        """What to do about a part, named so that a plan and its run name it alike."""
        bars = Bars(
            {name: kind.barred(side) for name, side in self._sides.items()},
            {name: kind.cannot(side) for name, side in self._sides.items()},
        )
        held = ""
        if len(view.items) == 1:
            side, item = next(iter(view.items.items()))
            held = kind.held(item, self._sides[other(side)], scope)
        name = "|".join([scope.owner_id or "", *(f"{side}={view.ids.get(side, '')}" for side in SIDES)])
        return [replace(one, name=name) for one in decide_part(kind, view, self._policy, bars, held)]

    def note_held(self, decisions: Sequence[Decision], part: str = "") -> None:
        """Tell what cannot be carried.

        Args:
            decisions: about a part.
            part: kind under which single fields are told; `""` where only whole parts are.
        """
        held = {name: why for one in decisions for name, why in one.held.items()} if part else {}
        if held:
            self._report.held.setdefault(part, "; ".join(f"{name}: {why}" for name, why in held.items()))
            return
        for one in decisions:
            for kind, why in one.held.items() if one.act is Act.LEAVE else ():
                self._report.held.setdefault(kind, why)

    async def owners(self, links: Sequence[Link], asked: Asked, fresh: Collection[str]) -> set[str]:
        """Links of other tasks that have to be looked at, for relations that were met at their other end.

        Args:
            links: tasks that were looked at.
            asked: knows what was met.
            fresh: links of them that were made just now on one side.
        """
        if "relations" not in self._policy.parts or "relations" in self._report.held:
            return set()

        def found(conn: SqlConnection) -> set[str]:
            owners: set[str] = set()
            for side, met in asked.elsewhere.items():
                known = find_links(conn, self._mapping_id, Entity.RELATION.value, side, list(met))
                owners |= {met[one] for one in set(met) - {str(link.id_on(side)) for link in known}}
            for side in SIDES:
                tasks = {str(one) for link in links if link.id not in fresh and (one := link.id_on(side))}
                for row in relations_to(conn, self._mapping_id, side, tasks):
                    if row.state == LINKED and row.id_on(side) not in asked.elsewhere[side]:
                        owners.add(str(row.owner_id))
            return owners

        return await self._db.read(found) - {link.id for link in links}
