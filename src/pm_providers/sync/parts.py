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
from pm_providers.store.sync_history import SyncWrite
from pm_providers.store.sync_links import Link
from pm_providers.store.sync_parts import (
    PartLink,
    due_tasks,
    fresh_sides,
    has_parts,
    is_first_run,
    make_due,
    open_part_writes,
    parts_of,
    settle_due,
    sprint_links,
    unknown_sprints,
    wake_held,
)
from pm_providers.store.sync_tries import forgive, may_send
from pm_providers.sync.decisions import Act, Decision
from pm_providers.sync.foreseen import APPROVED, Foreseen
from pm_providers.sync.parts_apply import Fuse, PartWriter
from pm_providers.sync.parts_asked import Asked
from pm_providers.sync.parts_look import Look
from pm_providers.sync.parts_model import CONTAINERS, Kind, PartView, Scope
from pm_providers.sync.parts_unsettled import Unsettled
from pm_providers.sync.parts_views import is_early
from pm_providers.sync.plan import digest_of
from pm_providers.sync.planning import Planner
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy, other
from pm_providers.sync.projects import Projects
from pm_providers.sync.report import RunOptions, RunReport
from pm_providers.sync.side import Side
from pm_providers.sync.sprints import Sprints
from pm_providers.sync.unfinished import Unfinished

__all__ = ["Parts"]

TASK = Entity.TASK.value
_CHUNK = 100
_AT_ONCE = 4
_PASSES = 3


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
        self._look = Look(db, mapping_id, sides, policy, report)
        self.sprints: list[Decision] = []
        """What would be done about the projects and their sprints."""
        self.approved: set[int] | None = None
        """Digests of what may be written to parts, where people approved a plan, and was not yet."""
        self.writer = PartWriter(db, mapping_id, fence, sides, policy.settle_s, on_write)
        unfinished = Unfinished(db, mapping_id, sides, self.writer.transaction, policy.settle_s)
        self._unsettled = Unsettled(db, mapping_id, self.writer, unfinished)
        self.anew = False
        """Other parts are in step than in the run before."""
        self._containers: list[tuple[Kind, Scope, Sequence[tuple[PartView, list[Decision]]]]] = []
        self._fresh: set[str] = set()

    # the projects and their sprints

    async def before_plan(self, planner: Planner) -> None:
        """Look at the projects, if they are in step, and at their sprints.

        Sprints are looked at at first contact, where a task names an unknown one, and when all is read.
        """
        if self._options.fields:
            return
        asked = Asked(self._db, self._mapping_id, self._sides, planner)
        for kind in (Projects(asked, self._policy), Sprints()):
            if self._look.wanted(kind) and (isinstance(kind, Projects) or await self._is_due(kind)):
                await self._looked_at(kind, planner)

    async def _is_due(self, kind: Kind) -> bool:
        first = await self._db.read(lambda conn: is_first_run(conn, self._mapping_id))
        if first or self._options.full or self.anew:
            return True
        if await self._db.read(lambda conn: unknown_sprints(conn, self._mapping_id)):
            return True
        waiting = await self._db.read(lambda conn: open_part_writes(conn, self._mapping_id))
        return any(one.entity == kind.entity for writes in waiting.values() for one in writes)

    async def _looked_at(self, kind: Kind, planner: Planner) -> None:
        scope = Scope(None, {name: side.project_id for name, side in self._sides.items()})
        rows = await self._db.read(lambda conn: sprint_links(conn, self._mapping_id, kind.entity))
        views = await self._look.views(kind, scope, rows)
        decided = [(view, self._look.decided(kind, scope, view)) for view in views]
        self._containers.append((kind, scope, decided))
        for view, decisions in decided:
            self._look.note_held(decisions, kind.part if isinstance(kind, Projects) else "")
            if len(view.items) == len(SIDES):  # as of now a pair, also where no run has written it down yet
                planner.learn(view.items[LEFT].id, view.items[RIGHT].id, kind.entity)
            for one in decisions if not is_early(view, self._policy.settle_s) else ():
                if one.act not in {Act.SETTLE, Act.FORGET}:
                    self.sprints.append(one)
                if one.act is Act.CREATE:  # so that the plan says which tasks will be in it
                    ours = view.items[other(one.side)].id
                    pair = _ordered(one.side, f"new: {one.title}", ours)
                    planner.learn(pair[0], pair[1], kind.entity)

    async def before_tasks(self, planner: Planner) -> None:
        """Bring the projects and their sprints in step.

        Raises:
            SpentError: the budget is used up.
            PMError: the run cannot go on.
        """
        containers, self._containers = self._containers, []
        for kind, scope, decided in containers:
            is_asked = self.approved is not None
            now = await self._as_approved(kind, decided, planner) if is_asked else decided
            await self._carried_out(kind, scope, now, planner)

    async def _as_approved(
        self, kind: Kind, decided: Sequence[tuple[PartView, list[Decision]]], planner: Planner
    ) -> Sequence[tuple[PartView, list[Decision]]]:
        """What was approved, as long as it still is what is to be done: to plan all of a run takes long."""
        asked = {digest_of(one) for _, found in decided for one in found if one.act in APPROVED}
        if not asked:
            return decided
        for view, _ in decided:
            for side, item in view.items.items():
                planner.forget(side, item.id, kind.entity)
        scope = Scope(None, {name: side.project_id for name, side in self._sides.items()})
        rows = await self._db.read(lambda conn: sprint_links(conn, self._mapping_id, kind.entity))
        now, left = [], set(asked)
        for view in await self._look.views(kind, scope, rows):
            found = self._look.decided(kind, scope, view)
            wanted = {digest_of(one) for one in found if one.act in APPROVED}
            if wanted <= asked:
                now.append((view, found))
                left -= wanted
        self.approved = (self.approved or set()) | left
        return now

    async def _carried_out(
        self,
        kind: Kind,
        scope: Scope,
        decided: Sequence[tuple[PartView, list[Decision]]],
        planner: Planner,
    ) -> None:
        self.writer.fuse = await self.fuse()
        writes = await self._db.read(lambda conn: open_part_writes(conn, self._mapping_id))
        rows = await self._db.read(lambda conn: sprint_links(conn, self._mapping_id, kind.entity))
        await self._unsettled.beside(kind, scope, rows, writes)
        made = False
        for view, decisions in decided:
            await self._one(kind, scope, view, writes.get(view.link_id, ()), decisions)
            made = made or (len(view.items) == len(SIDES) and bool(decisions))
            for side, item in view.items.items():
                planner.forget(side, item.id, kind.entity)
            if len(view.items) == len(SIDES):
                planner.learn(view.items[LEFT].id, view.items[RIGHT].id, kind.entity)
        if made and kind.entity == Sprints.entity:
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
        kinds = self._look.kinds(asked)
        self.writer.fuse = await self.fuse()
        await self._unsettled.wake(self._options)
        await self._unsettled.of_tasks(self._look.every(asked))
        for _ in range(_PASSES):
            if not kinds or not await self._pass(kinds, asked):
                break
        if self.writer.kept_back:
            self._report.state = "partial"
            self.too_many(self.writer.fuse, self.writer.fuse.deleted + self.writer.kept_back)
        elif self.approved:
            self._report.state, self._report.reason = (
                "partial",
                "what stands around tasks was changed meanwhile",
            )
            self._report.next_step = "look at the new plan, then approve that"

    def too_many(self, fuse: Fuse, number: int) -> None:
        """Say that more would be deleted than the fuse allows."""
        what = f"{number} parts of tasks would be deleted; without permission {fuse.most} may be"
        self._report.reason = what
        self._report.next_step = "look at the plan; if it is meant, run it with the deletes allowed"

    def foreseen(
        self, planner: Planner, coming: Callable[[Link], bool], tell: Callable[[Decision], None]
    ) -> Foreseen:
        """Collects what a run would do besides tasks; what it would do about sprints is told at once."""
        asked = Asked(self._db, self._mapping_id, self._sides, planner, coming)
        found = Foreseen(
            self._db, self._mapping_id, self._look, asked,
            settle_s=self._policy.settle_s, only=self._options.only, every=self._options.full, tell=tell,
            makes_labels=lambda side: self._sides[side].provider.capabilities.supports("create_label"),
        )  # fmt: skip
        for one in self.sprints:
            tell(one)
            found.deletes += one.act is Act.DELETE
        if not self._options.fields:
            found.begin()
        return found

    async def approve(self, found: Foreseen) -> None:
        """What was foreseen is what may be done; of a plan, say whether the fuse would stop it."""
        if self._options.plan_id is not None:
            self.approved = found.approved
        fuse = await self.fuse()
        if self._options.dry and fuse.most is not None and found.deletes > fuse.most:
            self.too_many(fuse, found.deletes)

    async def fuse(self) -> Fuse:
        """What this run may delete of parts."""
        if self._options.allow_deletes:
            return Fuse()
        number = await self._db.read(lambda conn: has_parts(conn, self._mapping_id))
        deleted = self.writer.fuse.deleted
        return Fuse(max(self._policy.fuse_least, int(self._policy.fuse_share * number)), deleted)

    async def _pass(self, kinds: Sequence[Kind], asked: Asked) -> bool:
        """All tasks that are due, some at a time; whether others became due by it."""
        after, again = "", False

        def due(conn: SqlConnection) -> list[Link]:
            return due_tasks(conn, self._mapping_id, after=after, limit=_CHUNK)

        while links := await self._db.read(due):
            after = links[-1].id
            only = self._options.only
            links = [one for one in links if not only or {one.left_id, one.right_id} & only]
            asked.elsewhere.clear()
            done = await self._chunk(kinds, links)
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
        owners = await self._look.owners(links, asked, self._fresh)

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
            own: Sequence[PartLink] = [row for row in rows if row.entity == kind.entity]
            try:
                own, known = await self._unsettled.beside(kind, scope, own, writes)
                settled = settled and known
                views = await self._look.views(kind, scope, own)
            except (PermissionDeniedError, UnsupportedError) as error:
                self._report.held[kind.part] = str(error)
                continue
            except NotFoundError:
                return False  # the task is gone: the next run notices
            for view in views:
                decisions = self._look.decided(kind, scope, view)
                self._look.note_held(decisions)
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
        if kind.entity not in CONTAINERS and not self._may(decisions):
            return False
        if view.row is not None and view.row.attempts and not await self._may_try(scope, view, decisions):
            return True
        return await self.writer.carry_out(kind, scope, view, decisions) if decisions else True

    async def _may_try(self, scope: Scope, view: PartView, decisions: Sequence[Decision]) -> bool:
        """Whether a part that could not be written is to be tried, or need not be any more."""
        if not decisions:
            await self.writer.transaction(lambda conn: forgive(conn, view.link_id))
            return False
        if not self._options.patient:
            return True
        return await self._db.read(lambda conn: may_send(conn, view.link_id, scope.owner_id))

    def _may(self, decisions: Sequence[Decision]) -> bool:
        """Whether all of it was approved, where people approved a plan."""
        if self.approved is None:
            return True
        wanted = {digest_of(one) for one in decisions if one.act in APPROVED}
        if not wanted <= self.approved:
            return False
        self.approved -= wanted
        return True


def _ordered(side: str, there: str, here: str) -> tuple[str, str]:
    return (there, here) if side == LEFT else (here, there)


async def _gathered(calls: Sequence[Callable[[], Any]]) -> list[bool]:
    """Results in order. Where one fails, the others write down what they did before its error is raised."""
    results = await asyncio.gather(*(call() for call in calls), return_exceptions=True)
    for one in results:
        if isinstance(one, BaseException):
            raise one
    return [bool(one) for one in results]
