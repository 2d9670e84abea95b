"""What stands around tasks, kept in step: sprints before the tasks, the rest after them.

The parts of a task are read when the task was seen changed, and of all tasks at first contact. Several
systems do not report a task as changed when only a comment on it was; a run with `RunOptions.full` reads all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection as SqlConnection

from pm_providers.database import Database
from pm_providers.errors import NotFoundError, PermissionDeniedError, UnsupportedError
from pm_providers.model import Entity
from pm_providers.store.sync_history import FAILED, SyncWrite, finish_write
from pm_providers.store.sync_links import LINKED, Link, find_links, links_by_id
from pm_providers.store.sync_parts import (
    PartLink,
    answered_owners,
    due_tasks,
    fresh_sides,
    has_parts,
    is_first_run,
    make_due,
    open_part_writes,
    part_conflicts,
    parts_of,
    relations_to,
    settle_due,
    sprint_links,
    unknown_sprints,
    wake_held,
)
from pm_providers.sync.decisions import Act, Decision
from pm_providers.sync.parts_apply import Fuse, PartWriter
from pm_providers.sync.parts_asked import Asked
from pm_providers.sync.parts_checklists import ChecklistItems, Checklists
from pm_providers.sync.parts_comments import Attachments, Comments
from pm_providers.sync.parts_model import Kind, PartView, Scope
from pm_providers.sync.parts_plan import Bars, decide_part
from pm_providers.sync.parts_relations import Relations
from pm_providers.sync.parts_views import is_early, views_of
from pm_providers.sync.planning import Planner
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy, other
from pm_providers.sync.report import RunOptions, RunReport
from pm_providers.sync.side import Side
from pm_providers.sync.sprints import Sprints

__all__ = ["Parts"]

TASK = Entity.TASK.value
_CHUNK = 100
_AT_ONCE = 4
_PASSES = 3
_KEPT = 10_000


class Parts:
    """Sprints and parts of one run.

    Args:
        db: database of the sync.
        mapping_id: mapping.
        fence: number of the run's lease.
        sides: both sides.
        policy: of the mapping.
        options: of the run.
        report: what people are told.
        on_write: called after each write.
    """

    def __init__(
        self,
        db: Database,
        mapping_id: str,
        fence: int,
        sides: Mapping[str, Side],
        policy: Policy,
        options: RunOptions,
        report: RunReport,
        on_write: Callable[[Decision], None],
    ) -> None:
        self._db = db
        self._mapping_id = mapping_id
        self._sides = sides
        self._policy = policy
        self._options = options
        self._report = report
        self.writer = PartWriter(db, mapping_id, fence, sides, policy.settle_s, on_write)
        self._sprints: tuple[Scope, list[tuple[PartView, list[Decision]]]] | None = None
        self._fresh: set[str] = set()

    # sprints

    async def before_plan(self, planner: Planner) -> None:
        """Look at the sprints: at first contact, where a task names an unknown one, and when all is read."""
        kind = Sprints()
        if self._options.fields or not self._wanted(kind):
            return
        first = await self._db.read(lambda conn: is_first_run(conn, self._mapping_id))
        asked = first or self._options.full
        if not asked and not await self._db.read(lambda conn: unknown_sprints(conn, self._mapping_id)):
            waiting = await self._db.read(lambda conn: open_part_writes(conn, self._mapping_id))
            if not any(one.entity == kind.entity for writes in waiting.values() for one in writes):
                return
        scope = Scope(None, {name: side.project_id for name, side in self._sides.items()})
        rows = await self._db.read(lambda conn: sprint_links(conn, self._mapping_id))
        views = await self._views(kind, scope, rows)
        decided = [(view, self._decided(kind, scope, view)) for view in views]
        self._sprints = (scope, decided)
        for view, decisions in decided:
            self._tell(decisions)
            for one in decisions:
                if one.act is Act.CREATE:  # so that the plan says which tasks will be in it
                    ours = view.items[other(one.side)].id
                    pair = _ordered(one.side, f"new: {one.title}", ours)
                    planner.learn(pair[0], pair[1], kind.entity)

    async def before_tasks(self, planner: Planner) -> None:
        """Bring the sprints in step.

        Raises:
            SpentError: the budget is used up.
            PMError: the run cannot go on.
        """
        if self._sprints is None:
            return
        kind, (scope, decided) = Sprints(), self._sprints
        self._sprints = None
        self.writer.fuse = await self._fuse()
        writes = await self._db.read(lambda conn: open_part_writes(conn, self._mapping_id))
        made = False
        for view, decisions in decided:
            await self._one(kind, scope, view, writes.get(view.link_id, ()), decisions)
            made = made or (len(view.items) == len(SIDES) and bool(decisions))
            for side, item in view.items.items():
                planner.unlearn(kind.entity, side, item.id)
            if len(view.items) == len(SIDES):
                planner.learn(view.items[LEFT].id, view.items[RIGHT].id, kind.entity)
        if made:
            await self.writer.transaction(lambda conn: wake_held(conn, self._mapping_id, "sprint"))

    # parts of tasks

    async def after_tasks(self, planner: Planner) -> None:
        """Bring the parts of tasks in step, of those that changed.

        Raises:
            SpentError: the budget is used up.
            PMError: the run cannot go on.
        """
        if self._options.fields:
            return
        asked = Asked(self._db, self._mapping_id, self._sides, planner)
        every: list[Kind] = [
            Comments(asked), Attachments(asked), Relations(asked), Checklists(), ChecklistItems(asked),
        ]  # fmt: skip
        kinds = [one for one in every if self._wanted(one)]
        self.writer.fuse = await self._fuse()
        if not self._options.dry:
            await self._woken()
        for _ in range(_PASSES):
            if not kinds or not await self._pass(kinds, asked):
                break
        if self.writer.kept_back:
            self._report.state = "partial"
            self._report.reason = f"more than {self.writer.fuse.most} parts of tasks would be deleted"
            self._report.next_step = "if it is meant, run it with the deletes allowed"

    def _wanted(self, kind: Kind) -> bool:
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

    async def _fuse(self) -> Fuse:
        if self._options.allow_deletes:
            return Fuse()
        number = await self._db.read(lambda conn: has_parts(conn, self._mapping_id))
        deleted = self.writer.fuse.deleted
        return Fuse(max(self._policy.fuse_least, int(self._policy.fuse_share * number)), deleted)

    async def _woken(self) -> None:
        def work(conn: SqlConnection) -> None:
            if self._options.full:
                make_due(conn, self._mapping_id)
            make_due(conn, self._mapping_id, answered_owners(conn, self._mapping_id))
            writes = open_part_writes(conn, self._mapping_id)
            known = links_by_id(conn, list(writes))
            for link_id, some in writes.items():
                for one in some if link_id not in known else ():
                    finish_write(conn, one.id, FAILED, error="what it belongs to is gone")

        def needed(conn: SqlConnection) -> bool:
            return bool(answered_owners(conn, self._mapping_id) or open_part_writes(conn, self._mapping_id))

        if self._options.full or await self._db.read(needed):
            await self.writer.transaction(work)

    async def _pass(self, kinds: Sequence[Kind], asked: Asked) -> bool:
        """All tasks that are due, some at a time; whether others became due by it."""
        after, again = "", False
        every = self._options.dry and self._options.full  # otherwise it is noted with the tasks

        def due(conn: SqlConnection) -> list[Link]:
            return due_tasks(conn, self._mapping_id, after=after, limit=_CHUNK, every=every)

        while links := await self._db.read(due):
            after = links[-1].id
            only = self._options.only
            links = [one for one in links if not only or {one.left_id, one.right_id} & only]
            asked.elsewhere.clear()
            done = await self._chunk(kinds, links)
            if not self._options.dry:
                again = await self._settled(links, done, asked) or again
        return again

    async def _chunk(self, kinds: Sequence[Kind], links: Sequence[Link]) -> list[str]:
        """Links of these tasks about whose parts nothing is open any more."""
        ids = [one.id for one in links]

        def work(conn: SqlConnection) -> tuple[Any, ...]:
            fresh = fresh_sides(conn, self.writer.run_id, ids) if self.writer.run_id else {}
            return parts_of(conn, ids), open_part_writes(conn, self._mapping_id), fresh

        rows, writes, fresh = await self._db.read(work)
        self._fresh = set(fresh)
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(link: Link) -> bool:
            async with gate:
                own = rows.get(link.id, [])
                return await self._task(kinds, link, own, writes, "" if own else fresh.get(link.id, ""))

        results = await _gathered([partial(one, link) for link in links])
        return [link.id for link, is_done in zip(links, results, strict=True) if is_done]

    async def _settled(self, links: Sequence[Link], done: Sequence[str], asked: Asked) -> bool:
        """Whether relations were met whose own task has to be looked at."""

        def found(conn: SqlConnection) -> set[str]:
            owners: set[str] = set()
            for side, met in asked.elsewhere.items():
                known = find_links(conn, self._mapping_id, Entity.RELATION.value, side, list(met))
                owners |= {met[one] for one in set(met) - {str(link.id_on(side)) for link in known}}
            for side in SIDES:
                tasks = {str(link.id_on(side)) for link in links if link.id not in self._fresh}
                for row in relations_to(conn, self._mapping_id, side, tasks):
                    if row.state == LINKED and row.id_on(side) not in asked.elsewhere[side]:
                        owners.add(str(row.owner_id))
            return owners

        has_relations = "relations" in self._policy.parts and "relations" not in self._report.held
        owners = await self._db.read(found) if has_relations else set()
        owners -= {link.id for link in links}

        def work(conn: SqlConnection) -> None:
            settle_due(conn, done)
            make_due(conn, self._mapping_id, owners)

        if done or owners:
            await self.writer.transaction(work)
        return bool(owners)

    async def _task(
        self,
        kinds: Sequence[Kind],
        link: Link,
        rows: Sequence[PartLink],
        writes: Mapping[str, Sequence[SyncWrite]],
        fresh: str,
    ) -> bool:
        """Parts of one task; whether nothing about them stays open."""
        title = str(link.state_on(LEFT).get("title") or "")
        scope = Scope(link.id, {side: str(link.id_on(side)) for side in SIDES}, title, fresh)
        settled = True
        for kind in kinds:
            own = [row for row in rows if row.entity == kind.entity]
            try:
                views = await self._views(kind, scope, own)
            except (PermissionDeniedError, UnsupportedError) as error:
                self._report.held[kind.part] = str(error)
                continue
            except NotFoundError:
                return False  # the task is gone: the next run notices
            for view in views:
                decisions = self._decided(kind, scope, view)
                self._tell(decisions)
                if not self._options.dry:
                    open_ones = writes.get(view.link_id, ())
                    settled = await self._one(kind, scope, view, open_ones, decisions) and settled
        return settled

    async def _one(
        self,
        kind: Kind,
        scope: Scope,
        view: PartView,
        writes: Sequence[SyncWrite],
        decisions: Sequence[Decision],
    ) -> bool:
        if writes and not await self.writer.recover(kind, scope, view, writes):
            return False
        if is_early(view, self._policy.settle_s):
            return False
        return await self.writer.carry_out(kind, scope, view, decisions) if decisions else True

    def _tell(self, decisions: Sequence[Decision]) -> None:
        for one in decisions:
            for part, why in one.held.items() if one.act is Act.LEAVE else ():
                self._report.held.setdefault(part, why)
            if self._options.dry and one.act not in {Act.SETTLE, Act.FORGET}:
                name = f"{one.entity} {one.act.value}"
                self._report.planned[name] = self._report.planned.get(name, 0) + 1
                if len(self._report.decisions) < _KEPT:
                    self._report.decisions.append(one)

    # views

    async def _views(self, kind: Kind, scope: Scope, rows: Sequence[PartLink]) -> list[PartView]:
        """Parts of both sides by their links; those without one paired with what says the same."""
        read = {
            side: [] if side == scope.fresh else await kind.read(self._sides[side], scope) for side in SIDES
        }
        conflicts = await self._db.read(lambda conn: part_conflicts(conn, [row.id for row in rows]))
        return views_of(kind, scope, rows, read, conflicts)

    def _decided(self, kind: Kind, scope: Scope, view: PartView) -> list[Decision]:
        bars = Bars(
            {name: kind.barred(side) for name, side in self._sides.items()},
            {name: kind.cannot(side) for name, side in self._sides.items()},
        )
        held = ""
        if len(view.items) == 1:
            side, item = next(iter(view.items.items()))
            held = kind.held(item, self._sides[other(side)], scope)
        return decide_part(kind, view, self._policy, bars, held)


def _ordered(side: str, there: str, here: str) -> tuple[str, str]:
    return (there, here) if side == LEFT else (here, there)


async def _gathered(calls: Sequence[Callable[[], Any]]) -> list[bool]:
    """Results in order. Where one fails, the others write down what they did before its error is raised."""
    results = await asyncio.gather(*(call() for call in calls), return_exceptions=True)
    for one in results:
        if isinstance(one, BaseException):
            raise one
    return [bool(one) for one in results]
