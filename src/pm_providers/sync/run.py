"""One run of a sync: read both sides, settle what is open, plan, apply, until nothing is left."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import Connection as SqlConnection

from pm_providers.database.clock import read_clock
from pm_providers.database.ids import new_id
from pm_providers.errors import PMError
from pm_providers.model import Entity
from pm_providers.store.sync_history import end_run, open_writes, start_run
from pm_providers.store.sync_links import SINGLE, Link, count_links, dirty_links, wake
from pm_providers.store.sync_parts import make_due
from pm_providers.store.sync_state import (
    LEASE_S,
    TakenOverError,
    get_state,
    renew_lease,
    save_policy,
    save_problem,
    write_fenced,
)
from pm_providers.store.sync_tries import retry_all
from pm_providers.sync.applying import Applier, SpentError
from pm_providers.sync.changing import Changer, settled
from pm_providers.sync.guards import is_refused
from pm_providers.sync.labels import settle_labels
from pm_providers.sync.making import Maker, place_of
from pm_providers.sync.matching import Doubts
from pm_providers.sync.narrowing import narrowed
from pm_providers.sync.observing import Observer
from pm_providers.sync.pairing import Pairing
from pm_providers.sync.parts import Parts
from pm_providers.sync.plan import Act, Decision
from pm_providers.sync.planning import Planner, Summary
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy, other
from pm_providers.sync.recovery import Recovery
from pm_providers.sync.report import AskedError, RunOptions, RunReport, advice
from pm_providers.sync.side import Side

if TYPE_CHECKING:
    from pm_providers.sync.engine import Engine

__all__ = ["Progress", "Run"]

TASK = Entity.TASK.value
Progress = Callable[[Decision], None]
_ROUNDS = 8
_MOVES = ("create", "update", "delete", "close", "detach", "forget", "leave", "stale")
"""What makes another round worth while."""


class Run:
    """One run, from its lease to its end."""

    def __init__(self, engine: Engine, fence: int, options: RunOptions, on_write: Progress) -> None:
        self.engine = engine
        self.db = engine.database
        self.mapping_id = engine.mapping_id
        self.fence = fence
        self.options = options
        self.on_write = on_write
        self.report = RunReport()
        self.left_to_spend = options.budget if options.budget is not None else engine.policy.budget
        self.sides: Mapping[str, Side] = {}
        self.marker = ""
        self.doubtful = Doubts()
        self.labels: frozenset[str] = frozenset()
        """Labels of which it is not known whether they were made."""
        self.young: frozenset[str] = frozenset()
        """Sides that were read before: what is new there is looked at before it is created."""

    async def play(self) -> RunReport:
        """Do it.

        Raises:
            PMError: it cannot go on; that is recorded with the mapping.
        """
        try:
            self.marker = await self.db.read(lambda conn: new_id(at=read_clock(conn)))
            self.sides = await self.engine.sides(sure=bool(self.options.only))
            self.options = await narrowed(
                self.db, self.mapping_id, self.sides, self.engine.policy, self.options
            )
            self.pairing = Pairing(
                self.db, self.mapping_id, self.fence, by=self.engine.policy.match_field,
                mark=self.engine.policy.mark, only=self.options.only,
                addresses={name: side.address for name, side in self.sides.items()},
            )  # fmt: skip
            self.parts = Parts(
                self.db, self.mapping_id, self.fence, self.sides, self.engine.policy, self.options,
                self.report, self.on_write,
            )  # fmt: skip
            await self._go_by(self.engine.policy)
            return await self._rounds()
        except AskedError:
            raise
        except PMError as error:
            await self._blocked(error)
            raise

    async def _go_by(self, policy: Policy) -> None:
        """Decide anew about what was left or held, where people changed the options since."""
        digest = policy.digest
        state = await get_state(self.db, self.mapping_id)
        if state is not None and state.policy == digest and not self.options.full:
            return
        before = None if state is None else state.policy
        anew = self.parts.anew = before is not None and not policy.reaches_as(before)

        def work(conn: SqlConnection) -> None:
            wake(conn, self.mapping_id)
            if anew:
                make_due(conn, self.mapping_id)
            retry_all(conn, self.mapping_id)
            if not self.options.dry:
                save_policy(conn, self.mapping_id, digest)

        await write_fenced(self.db, self.mapping_id, self.fence, work)

    async def _rounds(self) -> RunReport:
        for number in range(_ROUNDS):
            await renew_lease(self.db, self.mapping_id, self.fence, LEASE_S)
            planner = await self._read(full=self.options.full and number == 0)
            waiting = await self._recovered(planner)
            self.report.doubtful, self.report.more_doubtful = {}, 0
            self.doubtful = await self.pairing.run(self.report.doubt)
            if number == 0:
                await self.parts.before_plan(planner)
            summary = await self._planned(planner, waiting, keep=number == 0)
            if number == 0:
                self.report.plan_id = summary.id if self.is_whole else ""
                self.report.planned |= summary.counts
            linked = await self._linked()
            if is_refused(self.report, self.options, self.engine.policy, summary, linked, number):
                break
            if self.options.dry:
                break
            await self._started()
            before = self._moves()
            if not await self._applied(planner, waiting) or not summary.writes or self._moves() == before:
                break
            if await self._is_enough():
                break
        else:
            self._partial("there is more to do than one run does", "run it again to go on")
        if self.report.state == "done":
            await self._around(lambda: self.parts.after_tasks(planner))
        await self._ended()
        return self.report

    async def _is_enough(self) -> bool:
        """Whether no other round is needed; what people did meanwhile is read by the next run."""
        if self.options.plan_id is None:
            work = partial(dirty_links, mapping_id=self.mapping_id, entity=TASK, limit=1)
            return not await self.db.read(work)
        if self.report.counts["stale"]:  # nobody approved more
            self._partial("items were changed meanwhile", "look at the new plan, then approve that")
        return True

    def _moves(self) -> int:
        return sum(self.report.counts[name] for name in _MOVES)

    def _partial(self, reason: str, next_step: str) -> None:
        self.report.state, self.report.reason, self.report.next_step = "partial", reason, next_step

    # reading

    async def _read(self, *, full: bool) -> Planner:
        observer = Observer(self.db, self.mapping_id, self.fence)
        state = await get_state(self.db, self.mapping_id)
        known = (
            {} if state is None else dict(zip(SIDES, (state.left_cursor, state.right_cursor), strict=True))
        )
        for name in SIDES:
            if full and known.get(name) is not None:
                await observer.sweep(self.sides[name])
            else:
                await observer.read(self.sides[name], known.get(name))
        if not self.report.run_id:
            self.young = frozenset(name for name in SIDES if known.get(name) is not None)
        return Planner(
            self.db, self.mapping_id, self.sides, self.engine.policy,
            fields=self.options.fields, only=self.options.only, patient=self.options.patient,
        )  # fmt: skip

    async def _recovered(self, planner: Planner) -> frozenset[str]:
        if not await self.db.read(lambda conn: open_writes(conn, self.mapping_id)):
            self.labels = frozenset()
            return frozenset()
        settle_s = self.engine.policy.settle_s
        self.labels = await settle_labels(self.db, self.mapping_id, self.fence, self.sides, settle_s)
        translator = await planner.translator()
        recovery = Recovery(self.db, self.mapping_id, self.fence, self.sides, translator, settle_s)
        return await recovery.run()

    # planning

    @property
    def is_whole(self) -> bool:
        """Whether all is planned before anything is written, parts of tasks as well: people read it."""
        return self.options.dry or self.options.plan_id is not None

    async def _planned(self, planner: Planner, waiting: frozenset[str], *, keep: bool) -> Summary:
        summary = Summary()

        def tell(one: Decision) -> None:
            summary.add(one)
            if keep and one.act is not Act.SETTLE:
                self.report.keep(one)

        foreseen = None
        if keep and self.is_whole:
            planner.is_coming = lambda link: self._is_coming(link, waiting)
            foreseen = self.parts.foreseen(planner, lambda link: self._is_coming(link, waiting), tell)
        async for one in self._decisions(planner, waiting):
            tell(one)
            if foreseen is not None:
                await foreseen.task(one)
        if foreseen is not None:
            await foreseen.rest()
            await self.parts.approve(foreseen)
        planner.is_coming = None
        return summary

    def _is_coming(self, link: Link, waiting: frozenset[str]) -> bool:
        """Whether a task without counterpart gets one by this run."""
        side = LEFT if link.left_id is not None else RIGHT
        now = link.left_now if side == LEFT else link.right_now
        if link.state != SINGLE or not link.dirty or now is None or link.gone_on(side) is not None:
            return False
        if link.id in waiting or link.id in self.doubtful or self.options.fields:
            return False
        is_asked = not self.options.only or link.id_on(side) in self.options.only
        return is_asked and self.engine.policy.creates(other(side))

    async def _decisions(self, planner: Planner, waiting: frozenset[str]) -> AsyncIterator[Decision]:
        async for view, found in planner.pairs():
            for one in settled(view, found, waiting):
                yield one
        async for chunk in planner.singles():
            for view, found in await planner.creation(chunk):
                if view.id in waiting or view.id in self.doubtful:
                    continue
                for one in found:
                    yield one

    async def _linked(self) -> int:
        counts = await self.db.read(lambda conn: count_links(conn, self.mapping_id))
        return sum(
            number for (entity, state, _), number in counts.items() if entity == TASK and state == "linked"
        )

    # applying

    async def _started(self) -> None:
        if self.report.run_id:
            return

        def work(conn: SqlConnection) -> str:
            return start_run(conn, self.mapping_id, "sync", self.fence, plan_id=self.report.plan_id or None)

        self.report.run_id = await write_fenced(self.db, self.mapping_id, self.fence, work)
        self.report.state = "done"

    async def _applied(self, planner: Planner, waiting: frozenset[str]) -> bool:
        """Carry the round out; whether there is budget left for another."""
        if not await self._around(lambda: self.parts.before_tasks(planner)):
            return False
        applier = Applier(
            self.db, self.mapping_id, self.report.run_id, self.fence, self.sides, planner,
            budget=self.left_to_spend, on_write=self.on_write,
        )  # fmt: skip
        applier.labels.unknown = self.labels
        try:
            await self._create_all(planner, applier, waiting)
            await self._change_all(planner, applier, waiting)
        except SpentError:
            self._partial("the budget of writes is used up", "run it again to go on")
            return False
        finally:
            self.report.counts += applier.counts
            self.left_to_spend = applier.left
        return True

    async def _around(self, work: Callable[[], Awaitable[None]]) -> bool:
        """What stands around tasks; whether there is budget left."""
        writer = self.parts.writer
        writer.run_id, writer.left = self.report.run_id, self.left_to_spend
        try:
            await work()
        except SpentError:
            self._partial("the budget of writes is used up", "run it again to go on")
            return False
        finally:
            self.report.counts += writer.counts
            writer.counts.clear()
            self.left_to_spend = writer.left
        return True

    async def _create_all(self, planner: Planner, applier: Applier, waiting: frozenset[str]) -> None:
        """New items, parents before children."""
        maker = Maker(
            self.db, self.mapping_id, planner, applier, waiting=waiting,
            doubtful=self.doubtful, confirm=self._is_there, alive=self._renewed,
        )  # fmt: skip
        await maker.run()

    async def _renewed(self) -> None:
        await renew_lease(self.db, self.mapping_id, self.fence, LEASE_S)

    async def _is_there(self, link: Link) -> bool:
        """Whether an item that a list told of is there as it was told: lists may be late."""
        side = place_of(link)[0]
        if side not in self.young or link.id < self.marker:
            return True
        return await Observer(self.db, self.mapping_id, self.fence).confirm(self.sides[side], link)

    async def _change_all(self, planner: Planner, applier: Applier, waiting: frozenset[str]) -> None:
        changer = Changer(
            self.sides, planner, applier, waiting=waiting, look_again=self._look_again, alive=self._renewed
        )
        await changer.run()

    async def _look_again(self) -> None:
        observer = Observer(self.db, self.mapping_id, self.fence)
        state = await get_state(self.db, self.mapping_id)
        for name in SIDES:
            cursor = None if state is None else (state.left_cursor if name == LEFT else state.right_cursor)
            await observer.read(self.sides[name], cursor)

    # the end

    async def _ended(self) -> None:
        report = self.report
        undone = report.counts["failed"] + report.counts["unsure"]
        if report.state == "done" and undone:
            self._partial(f"{undone} writes were not carried out", "look at the problems of the items")

        def work(conn: SqlConnection) -> None:
            if report.run_id:
                end_run(conn, report.run_id, report.state, report.counts, report.reason or None)

        await write_fenced(self.db, self.mapping_id, self.fence, work)
        if report.stale:  # nothing is wrong with the mapping
            return
        blocks = report.state in {"refused", "planned"} or "without permission" in report.reason
        problem = report.reason or None if blocks else None
        await save_problem(self.db, self.mapping_id, self.fence, problem, report.next_step or None)

    async def _blocked(self, error: PMError) -> None:
        """Record what stopped the run, if it is still ours to record."""

        def work(conn: SqlConnection) -> None:
            if self.report.run_id:
                end_run(conn, self.report.run_id, "failed", self.report.counts, str(error))

        try:
            await write_fenced(self.db, self.mapping_id, self.fence, work)
            await save_problem(self.db, self.mapping_id, self.fence, str(error), advice(error))
        except TakenOverError:
            return
