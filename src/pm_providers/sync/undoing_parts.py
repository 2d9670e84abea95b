"""Taking back what a run did to comments, relations, checklists and sprints.

What the run made goes, what it changed is written back, unless somebody edited it since. What it deleted is
made again from what the history holds of it, under another id, with its author as text; what a system cannot
make again is listed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from sqlalchemy import Connection as SqlConnection

from pm_providers.database import Database
from pm_providers.errors import NotFoundError, PermissionDeniedError, UnsupportedError
from pm_providers.model import Entity
from pm_providers.store.sync_history import DONE, SyncWrite, add_intents, finish_write
from pm_providers.store.sync_links import DETACHED, LINKED, Link, find_links, links_by_id
from pm_providers.store.sync_parts import make_due, parts_of, put_part
from pm_providers.sync.decisions import Act, Decision
from pm_providers.sync.keeping import Keeping
from pm_providers.sync.parts_asked import Asked
from pm_providers.sync.parts_checklists import ChecklistItems, Checklists, line_of
from pm_providers.sync.parts_comments import Attachments, Comments
from pm_providers.sync.parts_model import CONTAINERS, NEW, Item, Kind, Scope, Values, same_values
from pm_providers.sync.parts_records import ACTIONS, AGAIN, WHY, kept_of
from pm_providers.sync.parts_relations import ENDS, Relations
from pm_providers.sync.planning import Planner
from pm_providers.sync.policy import SIDES, Policy, other
from pm_providers.sync.projects import Projects
from pm_providers.sync.side import Side
from pm_providers.sync.sprints import Sprints
from pm_providers.sync.undo import Undone, decide_part_undo
from pm_providers.sync.unfinished import UNDONE, Unfinished, taken_up

__all__ = ["PartsUndoing"]

TASK = Entity.TASK.value
_WORDS = frozenset({"comment", "attachment", "checklist", "checklist_item"})
"""What people put on a task, and what goes with it."""

Transaction = Callable[[Callable[[SqlConnection], Any]], Awaitable[Any]]


class PartsUndoing:
    """Takes parts back, after the tasks.

    Args:
        db: database of the sync.
        mapping_id: mapping.
        sides: both sides.
        policy: of the mapping.
        write: a transaction of the run, nothing when another took over.
        moved: side and former id of a task or sprint that came back -> its new id.
        returned: side and link of what an attempt before brought back.
    """

    def __init__(
        self,
        db: Database,
        mapping_id: str,
        sides: Mapping[str, Side],
        policy: Policy,
        write: Transaction,
        moved: Mapping[tuple[str, str], str],
        returned: Mapping[tuple[str, str], str],
    ) -> None:
        self._db = db
        self._mapping_id = mapping_id
        self._sides = sides
        self._write = write
        self._moved = moved
        self._returned = returned
        self._again: dict[tuple[str, str, str], str] = {}
        asked = Asked(db, mapping_id, sides, Planner(db, mapping_id, sides, policy))
        kinds: tuple[Kind, ...] = (
            Projects(asked, policy), Sprints(), Comments(asked), Attachments(asked), Relations(asked),
            Checklists(), ChecklistItems(asked),
        )  # fmt: skip
        self._kinds = {one.entity: one for one in kinds}
        self._keeping = Keeping(db, mapping_id, asked)
        self._found: dict[str, tuple[Scope, Item]] = {}
        self._scopes: dict[tuple[str, str, str], Scope] = {}
        self._going: set[tuple[str, str, str]] = set()

    async def decided(self, undone: Undone, leaving: Collection[tuple[str, str]]) -> Decision | None:
        """How to take it back; `None` where there is nothing to do any more.

        Args:
            undone: what the run did.
            leaving: side and id of tasks that are deleted, or put into another sprint, by this undo.
        """
        kind = self._kinds[undone.entity]
        if undone.act is Act.CREATE:
            return await self._remade(kind, undone)
        if kind.entity not in CONTAINERS and (undone.side, undone.place) in leaving:
            task = await self._sides[undone.side].provider.get_task(undone.place)
            if task is None:
                return None
        scope = await self._scope(undone)
        try:
            items = await kind.everything(self._sides[undone.side], scope)
        except NotFoundError:
            items = []
        except (PermissionDeniedError, UnsupportedError) as error:
            return decide_part_undo(kind, undone, None, hidden=str(error))
        item = next((one for one in items if one.id == undone.remote_id), None)
        bound = "" if item is None or undone.act is not Act.DELETE else await self._held(
            undone, item, items, leaving
        )  # fmt: skip
        one = decide_part_undo(kind, undone, None if item is None else item.values, bound=bound)
        if one is not None and item is not None:
            self._found[undone.side + undone.entity + undone.remote_id] = (scope, item)
            if one.act is Act.DELETE:
                self._going.add((undone.side, undone.entity, item.id))
        return one

    async def _remade(self, kind: Kind, undone: Undone) -> Decision | None:
        """How to make again what the run deleted."""
        if (undone.side, undone.link_id) in self._returned:
            return None
        side, lost = self._sides[undone.side], (undone.before.get(AGAIN) or {}).get(WHY)
        place = None if kind.entity in CONTAINERS else self._moved.get((undone.side, undone.place))
        if lost and place is None:
            return None  # its task never went
        undone.place = place or undone.place
        scope = await self._scope(undone)
        why = lost or kind.barred(side)
        if not why:
            try:
                if place is None and await self._is_there(kind, side, scope, undone.remote_id):
                    return None
                why = await kind.hindrance(side, scope, self._now(undone))
            except NotFoundError:
                why = "its task is gone"
            except (PermissionDeniedError, UnsupportedError) as error:
                why = str(error)
        barred = {name: reason for name, reason in kind.cannot(side).items() if name in kind.gated}
        one = decide_part_undo(kind, undone, None, hidden=why, barred=barred)
        if one is not None and one.act is Act.CREATE:
            key = (undone.side, undone.entity, undone.remote_id)
            self._scopes[key] = scope
            self._again.setdefault(key, f"{NEW}{undone.title}")
        return one

    @staticmethod
    async def _is_there(kind: Kind, side: Side, scope: Scope, one: str) -> bool:
        return any(item.id == one for item in await kind.everything(side, scope))

    def _now(self, undone: Undone) -> Values:
        """What was kept of it, with ids as they are now."""
        again = dict(undone.before.get(AGAIN) or {})
        for name in ENDS:
            if name in again:
                again[name] = self._moved.get((undone.side, again[name]), again[name])
        for name, entity in (("checklist_id", Checklists.entity), ("parent_id", ChecklistItems.entity)):
            if name in again:
                again[name] = self._again.get((undone.side, entity, again[name]), again[name])
        return again

    async def _scope(self, undone: Undone) -> Scope:
        """The task, with the pairs of parts of it that are in step."""
        if undone.entity in CONTAINERS:
            return Scope(None, {name: side.project_id for name, side in self._sides.items()})

        def work(conn: SqlConnection) -> tuple[Link | None, list[Any]]:
            found = find_links(conn, self._mapping_id, TASK, undone.side, [undone.place])
            owner = found[0] if found else None
            return owner, [] if owner is None else parts_of(conn, [owner.id]).get(owner.id, [])

        owner, rows = await self._db.read(work)
        ids = {side: (owner.id_on(side) if owner is not None else None) or "" for side in SIDES}
        scope = Scope(None if owner is None else owner.id, {**ids, undone.side: undone.place})
        for row in rows:
            kind = self._kinds[row.entity]
            for side in SIDES:
                stored = row.id_on(side)
                one = None if stored is None else kind.unstored(scope.ids[side], stored)
                if one is not None:
                    scope.pairs[kind.entity, side, one] = row.id
        return scope

    async def others_on(self, side: Side, task_id: str) -> str:
        """What stands on a task that the sync did not put there as it is now, in words; `""` for nothing."""
        scope = await self._scope(Undone(Act.DELETE, side.name, "", "", "", Comments.entity, task_id))
        ours = await self._copies(side.name, scope)
        found = []
        for kind in self._kinds.values():
            if kind.entity not in _WORDS or not kind.reads(side):
                continue
            try:
                items = await kind.read(side, scope)
            except (NotFoundError, PermissionDeniedError, UnsupportedError):
                continue
            number = sum(not self._is_ours(kind, one, task_id, ours) for one in items)
            called = (kind.entity if number == 1 else kind.plural).replace("_", " ")
            found += [f"{number} {called}"] if number else []
        return f"others put {', '.join(found)} on it" if found else ""

    @staticmethod
    def _is_ours(kind: Kind, one: Item, task_id: str, ours: Mapping[tuple[str, str], Values]) -> bool:
        said = ours.get((kind.entity, kind.stored(task_id, one.id)))
        if said is None and kind.entity == ChecklistItems.entity:  # made with its list, by an undo
            lists = ours.get((Checklists.entity, kind.stored(task_id, one.record.checklist_id)), {})
            return line_of(one.record) in (lists.get(AGAIN) or {}).get("items", ())
        return said is not None and same_values(kind.fields, one.values, said)

    async def _copies(self, side: str, scope: Scope) -> dict[tuple[str, str], Values]:
        """Kind and stored id of what the sync put on a task -> what it said when both sides agreed."""
        owner = scope.owner_id
        if owner is None:
            return {}
        rows = (await self._db.read(lambda conn: parts_of(conn, [owner]))).get(owner, [])
        return {
            (row.entity, str(row.id_on(side))): row.agreed_on(side)
            for row in rows
            if row.agreed_on(side).get("copy")
        }

    async def _held(
        self, undone: Undone, item: Item, items: list[Item], leaving: Collection[tuple[str, str]]
    ) -> str:
        """What stands in or below it that stays, in words; `""` for nothing."""
        side = self._sides[undone.side]
        entity = ChecklistItems.entity
        below: list[str] = []
        if undone.entity == Sprints.entity:
            tasks = [one async for one in side.provider.iter_tasks(side.project_id, sprint_id=item.id)]
            below = [one.id for one in tasks if (undone.side, one.id) not in leaving]
        elif undone.entity == Checklists.entity:
            made = (undone.after.get(AGAIN) or {}).get("items") or ()  # with it, by an undo
            below = [
                one.id
                for one in item.record.items
                if (undone.side, entity, str(one.id)) not in self._going and line_of(one) not in made
            ]
        elif undone.entity == entity:
            below = [
                one.id
                for one in items
                if one.record.parent_id == item.id and (undone.side, entity, one.id) not in self._going
            ]
        return f"{len(below)} {'tasks' if undone.entity == Sprints.entity else 'items'}" if below else ""

    # what goes with a task

    async def kept(self, one: Undone) -> Values:
        """What it takes to make again what stands around a task that is about to be deleted."""
        return await self._keeping.around(self._sides[one.side], one.link_id, one.remote_id)

    # carrying out

    async def settle(self, unfinished: Unfinished, one: SyncWrite) -> None:
        """Find out what became of a deletion of an attempt that died."""
        await unfinished.part(self._kinds[one.entity], one)

    async def intended(self, run_id: str, one: Decision, undone: Undone) -> str:
        """Record the intent; id of the write.

        What is about to go is out of step before it goes, and what is about to be written back counts as
        agreed before it is: whatever becomes of the write, the next run does not carry it across.
        """
        if one.act is Act.CREATE:
            return await self._coming(run_id, one, undone)
        steps = {step.field: step.new for step in one.steps}
        place = _place(undone)
        scope, item = self._found[one.side + one.entity + one.remote_id]
        side, again = self._sides[one.side], {}
        if one.act is Act.DELETE:
            again = await kept_of(self._kinds[one.entity], side, scope, item)
        row = {
            "run_id": run_id, "mapping_id": self._mapping_id, "entity": one.entity, "side": one.side,
            "link_id": "" if one.act is Act.DELETE else one.link_id,
            "action": ACTIONS[one.act], "remote_id": one.remote_id, "title": one.title[:500],
            "wanted": {**steps, **place},
            "before": {**item.values, **place, **({AGAIN: again} if again else {})},
        }  # fmt: skip

        def work(conn: SqlConnection) -> str:
            link = links_by_id(conn, [one.link_id]).get(one.link_id)
            if one.act is Act.DELETE:
                taken_up(conn, self._mapping_id, one)
            if link is not None and one.act is Act.DELETE:
                put_part(conn, self._mapping_id, link.id, new=False, state=DETACHED, problem=UNDONE)
            elif link is not None:
                self._agree(conn, link, one, steps)
            return add_intents(conn, [row])[0]

        return str(await self._write(work))

    async def _coming(self, run_id: str, one: Decision, undone: Undone) -> str:
        """Record the intent to make something again, out of step until its counterpart is back as well."""
        scope = self._scopes[undone.side, undone.entity, undone.remote_id]
        row: dict[str, Any] = {
            "run_id": run_id, "mapping_id": self._mapping_id, "entity": one.entity, "side": one.side,
            "link_id": one.link_id, "action": ACTIONS[one.act], "remote_id": None, "title": one.title[:500],
            "wanted": {**{step.field: step.new for step in one.steps}, **_place(undone)}, "before": None,
        }  # fmt: skip
        row["wanted"] |= {name: value for name, value in self._now(undone).items() if name in ENDS}

        def work(conn: SqlConnection) -> str:
            if one.link_id not in links_by_id(conn, [one.link_id]):
                put_part(
                    conn, self._mapping_id, one.link_id, new=True, entity=one.entity,
                    owner_id=scope.owner_id, state=DETACHED, problem=UNDONE,
                )  # fmt: skip
            make_due(conn, self._mapping_id, [scope.owner_id] if scope.owner_id else [])
            return add_intents(conn, [row])[0]

        return str(await self._write(work))

    async def _make(self, one: Decision, undone: Undone, write_id: str) -> None:
        kind, side = self._kinds[one.entity], self._sides[one.side]
        scope = self._scopes[undone.side, undone.entity, undone.remote_id]
        values = {name: value for name, value in undone.before.items() if name not in one.held}
        made = await kind.remake(side, scope, values, self._now(undone))
        self._again[one.side, one.entity, undone.remote_id] = made.id
        after = dict(made.values)
        if one.entity == Checklists.entity:
            after[AGAIN] = await kind.kept(side, scope, made)

        def work(conn: SqlConnection) -> None:
            finish_write(conn, write_id, DONE, after=after, remote_id=made.id)
            link = links_by_id(conn, [one.link_id]).get(one.link_id)
            if link is None:
                return
            across = other(one.side)
            whole = link.id_on(across) is not None and link.gone_on(across) is None
            saved: dict[str, Any] = {
                f"{one.side}_id": kind.stored(scope.ids[one.side], made.id), f"{one.side}_gone": None,
                f"{one.side}_agreed": {**after, "copy": True},
                "state": LINKED if whole else DETACHED, "problem": None if whole else UNDONE,
            }  # fmt: skip
            if made.other_end is not None:
                saved[f"{one.side}_parent"] = made.other_end
            put_part(conn, self._mapping_id, one.link_id, new=False, **saved)

        await self._write(work)

    def new_id(self, side: str, entity: str, former: str) -> str | None:
        """Id of what came back."""
        return self._again.get((side, entity, former))

    def _agree(self, conn: SqlConnection, link: Link, one: Decision, values: Mapping[str, Any]) -> None:
        agreed = {name: value for name, value in link.agreed_on(one.side).items() if name not in values}
        agreed |= {name: value for name, value in values.items() if value is not None}
        put_part(conn, self._mapping_id, link.id, new=False, **{f"{one.side}_agreed": agreed})

    async def sent(self, one: Decision, undone: Undone, write_id: str) -> None:
        """Carry it out.

        Raises:
            PMError: it was not carried out.
        """
        if one.act is Act.CREATE:
            await self._make(one, undone, write_id)
            return
        kind, side = self._kinds[one.entity], self._sides[one.side]
        scope, item = self._found[one.side + one.entity + one.remote_id]
        if one.act is Act.DELETE:
            await kind.delete(side, scope, item)
            await self._write(lambda conn: self._gone(conn, one, write_id))
            return
        values = {step.field: step.new for step in one.steps}
        made = await kind.update(side, scope, item, values)

        def work(conn: SqlConnection) -> None:
            finish_write(conn, write_id, DONE, after=dict(made.values))
            link = links_by_id(conn, [one.link_id]).get(one.link_id)
            if link is not None:
                self._agree(conn, link, one, {name: made.values.get(name) for name in values})

        await self._write(work)

    def _gone(self, conn: SqlConnection, one: Decision, write_id: str) -> None:
        finish_write(conn, write_id, DONE, link_id=one.link_id)
        if links_by_id(conn, [one.link_id]):
            put_part(conn, self._mapping_id, one.link_id, new=False, **{f"{one.side}_gone": "deleted"})


def _place(undone: Undone) -> dict[str, str]:
    return {"project_id" if undone.entity in CONTAINERS else "task_id": undone.place}
