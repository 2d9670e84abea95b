"""One run of a sync: read both sides, settle what is open, plan, apply, until nothing is left."""

from __future__ import annotations

import os
import socket
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection as SqlConnection

from pm_providers.contract import BasePMProvider
from pm_providers.database import Database, database_for
from pm_providers.errors import ConflictError, NotFoundError, PMError
from pm_providers.model import Entity
from pm_providers.store.sync_history import end_run, open_writes, start_run
from pm_providers.store.sync_links import Link, count_links, pair, save_link
from pm_providers.store.sync_state import (
    check_fence,
    get_state,
    release_lease,
    renew_lease,
    save_problem,
    take_lease,
)
from pm_providers.sync.applying import Applier, SpentError
from pm_providers.sync.matching import Candidate, match
from pm_providers.sync.observing import Observer
from pm_providers.sync.plan import Act, Decision, LinkView, without_circles
from pm_providers.sync.planning import WRITES, Planner, Summary
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy
from pm_providers.sync.recovery import Recovery
from pm_providers.sync.side import Side

__all__ = ["Engine", "RunOptions", "RunReport"]

TASK = Entity.TASK.value
_LEASE_S = 300.0
_ROUNDS = 5
_BATCH = 50
_KEPT = 10_000
"""Decisions that a report holds; beyond, it only counts."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What people asked of one run.

    Attributes:
        dry: plan only.
        plan_id: apply only if the plan is still this one.
        budget: writes at most; `None` for that of the policy.
        fields: only these.
        only: only items with these ids, of either side.
        allow_deletes: the fuse does not stop this run.
        holder: who runs it, for people.
    """

    dry: bool = False
    plan_id: str | None = None
    budget: int | None = None
    fields: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    allow_deletes: bool = False
    holder: str = ""


@dataclass(slots=True)
class RunReport:
    """What a run did, or would do.

    Attributes:
        run_id: run in the history; `""` for a plan.
        plan_id: names the plan of the first round by what it does.
        planned: act -> number of decisions in the first round.
        counts: what was done -> number.
        decisions: of the first round; at most 10,000.
        doubtful: link id -> why an item is not paired though there are candidates.
        state: `planned`, `done`, `refused` or `partial`.
        reason: why it was refused, or stopped early.
        next_step: what to do about it.
    """

    run_id: str = ""
    plan_id: str = ""
    planned: dict[str, int] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    decisions: list[Decision] = field(default_factory=list)
    doubtful: dict[str, str] = field(default_factory=dict)
    state: str = "planned"
    reason: str = ""
    next_step: str = ""

    @property
    def writes(self) -> int:
        """Writes to both sides that were carried out."""
        return sum(self.counts[name] for name in ("create", "update", "delete"))


Progress = Callable[[Decision], None]


class Engine:
    """Keeps two projects in step. Knows no vendor.

    Args:
        db: where the state is kept: all that `database_for` takes.
        mapping_id: stored mapping that the state belongs to.
        left: connected provider.
        right: connected provider.
        projects: ids or keys of the projects, left and right.
        policy: what people decided.
    """

    def __init__(
        self,
        db: Any,
        mapping_id: str,
        left: BasePMProvider,
        right: BasePMProvider,
        projects: tuple[str, str],
        policy: Policy,
    ) -> None:
        self._db: Database = database_for(db)
        self._mapping_id = mapping_id
        self._providers = {LEFT: left, RIGHT: right}
        self._projects = dict(zip(SIDES, projects, strict=True))
        self._policy = policy
        self._sides: dict[str, Side] = {}

    async def run(
        self, options: RunOptions | None = None, *, on_write: Progress = lambda _: None
    ) -> RunReport:
        """Bring both sides in step, or only plan it.

        Raises:
            ConflictError: another run of this mapping goes on, or took over.
            PMError: one of the systems cannot be read or written any more. What was done is recorded; the
                next run goes on from there.
        """
        asked = options or RunOptions()
        holder = asked.holder or f"{socket.gethostname()}:{os.getpid()}"
        fence = await take_lease(self._db, self._mapping_id, holder, _LEASE_S)
        if fence is None:
            state = await get_state(self._db, self._mapping_id)
            who = state.holder if state is not None else None
            raise ConflictError(f"another run of this mapping goes on ({who or 'unknown'})")
        try:
            return await _Run(self, fence, asked, on_write).play()
        finally:
            await release_lease(self._db, self._mapping_id, fence)

    async def sides(self) -> Mapping[str, Side]:
        """Both sides, with the ids of their projects.

        Raises:
            NotFoundError: a project does not exist or may not be seen.
        """
        for name in SIDES:
            if name not in self._sides:
                provider, project = self._providers[name], self._projects[name]
                found = await provider.get_project(project)
                if found is None:
                    raise NotFoundError(
                        f"there is no project {project!r:.80} any more, or it may not be seen",
                        provider=provider.name,
                    )
                self._sides[name] = Side(name, provider, found.id)
        return self._sides

    @property
    def database(self) -> Database:
        """Database of the sync."""
        return self._db

    @property
    def mapping_id(self) -> str:
        """Stored mapping."""
        return self._mapping_id

    @property
    def policy(self) -> Policy:
        """What people decided."""
        return self._policy


class _Run:
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

    async def play(self) -> RunReport:
        try:
            self.sides = await self.engine.sides()
            return await self._rounds()
        except PMError as error:
            await self._blocked(error)
            raise

    async def _rounds(self) -> RunReport:
        for number in range(_ROUNDS):
            await renew_lease(self.db, self.mapping_id, self.fence, _LEASE_S)
            planner = await self._read()
            waiting = await self._recovered(planner)
            await self._matched(planner)
            summary = await self._planned(planner, waiting, keep=number == 0)
            if number == 0:
                self.report.plan_id, self.report.planned = summary.id, dict(summary.counts)
                if self.options.dry or self._refused(summary, await self._linked()):
                    break
                await self._started()
            elif not summary.writes:
                break
            if not await self._applied(planner, waiting):
                break
            if not summary.writes:
                break
        await self._ended()
        return self.report

    # reading

    async def _read(self) -> Planner:
        observer = Observer(self.db, self.mapping_id, self.fence)
        state = await get_state(self.db, self.mapping_id)
        for name in SIDES:
            cursor = None if state is None else (state.left_cursor if name == LEFT else state.right_cursor)
            await observer.read(self.sides[name], cursor)
        return Planner(
            self.db, self.mapping_id, self.sides, self.engine.policy,
            fields=self.options.fields, only=self.options.only,
        )  # fmt: skip

    async def _recovered(self, planner: Planner) -> frozenset[str]:
        if not await self.db.read(lambda conn: open_writes(conn, self.mapping_id)):
            return frozenset()
        translator = await planner.translator()
        recovery = Recovery(
            self.db, self.mapping_id, self.fence, self.sides, translator, self.engine.policy.settle_s
        )
        return await recovery.run()

    async def _matched(self, planner: Planner) -> None:
        """Pair items that have no counterpart yet and are the same thing."""
        ours: list[Candidate] = []
        theirs: list[Candidate] = []
        links: dict[str, Link] = {}
        async for chunk in planner.singles():
            for link in chunk:
                side = LEFT if link.left_id is not None else RIGHT
                now = link.left_now if side == LEFT else link.right_now
                if now is None:
                    continue
                links[link.id] = link
                (ours if side == LEFT else theirs).append(
                    _light(link, side, now["values"], self.engine.policy)
                )
        if not ours or not theirs:
            return
        found = match(ours, theirs, parents=planner.counterpart, by=self.engine.policy.match_field)
        self.report.doubtful = found.doubtful

        def work(conn: SqlConnection) -> None:
            check_fence(conn, self.mapping_id, self.fence)
            for left, right in found.pairs:
                pair(conn, links[left], links[right])
            for link_id, why in found.doubtful.items():
                save_link(conn, link_id, problem=why)

        await self.db.write(work)

    # planning

    async def _planned(self, planner: Planner, waiting: frozenset[str], *, keep: bool) -> Summary:
        summary = Summary()
        async for one in self._decisions(planner, waiting):
            summary.add(one)
            if (
                keep
                and len(self.report.decisions) < _KEPT
                and (one.act in WRITES or one.act is not Act.SETTLE)
            ):
                self.report.decisions.append(one)
        return summary

    async def _decisions(self, planner: Planner, waiting: frozenset[str]) -> Any:
        async for _, found in planner.pairs():
            for one in found:
                yield one
        async for chunk in planner.singles():
            for view, found in await planner.creation(chunk):
                if view.id in waiting or view.id in self.report.doubtful:
                    continue
                for one in found:
                    yield one

    async def _linked(self) -> int:
        counts = await self.db.read(lambda conn: count_links(conn, self.mapping_id))
        return sum(
            number for (entity, state, _), number in counts.items() if entity == TASK and state == "linked"
        )

    def _refused(self, summary: Summary, linked: int) -> bool:
        """Whether a guard stops the run before it writes anything."""
        report, policy = self.report, self.engine.policy
        if self.options.plan_id is not None and self.options.plan_id != summary.id:
            report.state = "refused"
            report.reason = f"the plan {self.options.plan_id} is stale: now it would be {summary.id}"
            report.next_step = "look at the new plan, then approve that"
            return True
        bound = max(policy.fuse_least, int(policy.fuse_share * linked))
        if summary.deletes > bound and not self.options.allow_deletes:
            report.state = "refused"
            report.reason = (
                f"{summary.deletes} of {linked} items would be deleted; without permission {bound} may be"
            )
            report.next_step = "look at the plan; if it is meant, run it with the deletes allowed"
            return True
        return False

    # applying

    async def _started(self) -> None:
        if self.report.run_id:
            return

        def work(conn: SqlConnection) -> str:
            check_fence(conn, self.mapping_id, self.fence)
            return start_run(conn, self.mapping_id, "sync", self.fence, plan_id=self.report.plan_id)

        self.report.run_id = await self.db.write(work)
        self.report.state = "done"

    async def _applied(self, planner: Planner, waiting: frozenset[str]) -> bool:
        """Carry the round out; whether there is budget left for another."""
        applier = Applier(
            self.db, self.mapping_id, self.report.run_id, self.fence, self.sides, planner,
            budget=self.left_to_spend, on_write=self.on_write,
        )  # fmt: skip
        try:
            await self._create_all(planner, applier, waiting)
            await self._change_all(planner, applier)
        except SpentError:
            self.report.state = "partial"
            self.report.reason = "the budget of writes is used up"
            self.report.next_step = "run it again to go on"
            return False
        finally:
            self.report.counts += applier.counts
            self.left_to_spend = applier.left
        return True

    async def _create_all(self, planner: Planner, applier: Applier, waiting: frozenset[str]) -> None:
        """New items, parents before children."""
        links: dict[str, Link] = {}
        async for chunk in planner.singles():
            links |= {link.id: link for link in chunk if link.id not in waiting}
        for level in _levels({key: one for key, one in links.items() if key not in self.report.doubtful}):
            for start in range(0, len(level), _BATCH):
                await renew_lease(self.db, self.mapping_id, self.fence, _LEASE_S)
                await self._create_some(planner, applier, level[start : start + _BATCH])

    async def _create_some(self, planner: Planner, applier: Applier, ids: list[str]) -> None:
        made: defaultdict[str, list[tuple[LinkView, Decision]]] = defaultdict(list)
        for view, found in await planner.creation(await planner.links(ids)):
            for one in found:
                if one.act is Act.CREATE:
                    made[one.side].append((view, one))
                else:
                    await applier.pair(view, [one])
        for items in made.values():
            await applier.create(items)

    async def _change_all(self, planner: Planner, applier: Applier) -> None:
        later: list[tuple[LinkView, list[Decision]]] = []
        number = 0
        async for view, found in planner.pairs():
            number += 1
            if number % _BATCH == 0:
                await renew_lease(self.db, self.mapping_id, self.fence, _LEASE_S)
            if any(one.act is Act.DELETE for one in found):
                later.append((view, found))
            elif found:
                await applier.pair(view, await self._straight(found))
        for view, found in reversed(later):  # children were made after their parents: they go first
            await applier.pair(view, found)

    async def _straight(self, found: list[Decision]) -> list[Decision]:
        """Without moves below a task's own descendants, which edits on both sides can make together."""
        result = found
        for one in found:
            step = next((step for step in one.steps if step.field == "parent" and step.new is not None), None)
            if step is None:
                continue
            above = await self._ancestors(self.sides[one.side], str(step.new), one.remote_id)
            result, _ = without_circles(result, above, one.side)
        return result

    @staticmethod
    async def _ancestors(side: Side, start: str, stop: str) -> dict[str, str]:
        above: dict[str, str] = {}
        at = start
        while at not in above and at != stop:
            task = await side.provider.get_task(at)
            if task is None or task.parent_task_id is None:
                break
            above[at] = task.parent_task_id
            at = task.parent_task_id
        return above

    # the end

    async def _ended(self) -> None:
        report = self.report

        def work(conn: SqlConnection) -> None:
            check_fence(conn, self.mapping_id, self.fence)
            if report.run_id:
                end_run(conn, report.run_id, report.state, report.counts, report.reason or None)

        await self.db.write(work)
        refused = report.state == "refused"
        await save_problem(
            self.db, self.mapping_id, self.fence, report.reason if refused else None, report.next_step or None
        )

    async def _blocked(self, error: PMError) -> None:
        """Record what stopped the run, if it is still ours to record."""

        def work(conn: SqlConnection) -> None:
            check_fence(conn, self.mapping_id, self.fence)
            if self.report.run_id:
                end_run(conn, self.report.run_id, "failed", self.report.counts, str(error))

        try:
            await self.db.write(work)
            await save_problem(self.db, self.mapping_id, self.fence, str(error), _advice(error))
        except ConflictError:
            return


def _advice(error: PMError) -> str:
    table = {
        "AuthenticationError": "renew the credentials of the connection",
        "PermissionDeniedError": "give the account of the connection the right, or narrow the mapping",
        "NotFoundError": "point the mapping to a project that exists, or remove it",
        "ConfigurationError": "mend the settings of the connection",
        "RateLimitedError": "nothing: the next run waits for the quota",
        "TransportError": "nothing: the next run tries again",
    }
    return table.get(type(error).__name__, "look at the error; the next run tries again")


def _light(link: Link, side: str, values: dict[str, Any], policy: Policy) -> Candidate:
    wanted = {"title", "parent", policy.match_field}
    return Candidate(
        link.id, link.id_on(side) or "", {name: values[name] for name in wanted if name in values}
    )


def _levels(links: Mapping[str, Link]) -> list[list[str]]:
    """Ids of links, parents before children; what stands in a circle comes last."""
    by_item = {
        (side, link.id_on(side)): key for key, link in links.items() for side in SIDES if link.id_on(side)
    }
    children: defaultdict[str, list[str]] = defaultdict(list)
    level = []
    for key, link in links.items():
        side = LEFT if link.left_id is not None else RIGHT
        now = (link.left_now if side == LEFT else link.right_now) or {}
        above = by_item.get((side, str(now.get("values", {}).get("parent"))))
        if above is None or above == key:
            level.append(key)
        else:
            children[above].append(key)
    found = []
    while level:
        found.append(level)
        level = [child for key in level for child in children.pop(key, ())]
    rest = [child for group in children.values() for child in group]
    return [*found, rest] if rest else found
