"""Carrying out decisions: an intent before each write, what became of it with the link after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection as SqlConnection

from pm_providers.database import Database
from pm_providers.errors import (
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    PMError,
    RateLimitedError,
    TransportError,
    ValidationError,
)
from pm_providers.model import Entity, PMTask
from pm_providers.store.sync_history import (
    DONE,
    FAILED,
    UNSURE,
    add_conflicts,
    add_intents,
    finish_write,
)
from pm_providers.store.sync_links import (
    DETACHED,
    LINKED,
    drop_links,
    mark_gone,
    observe,
    save_link,
)
from pm_providers.store.sync_state import check_fence
from pm_providers.sync.plan import Act, Decision, LinkView
from pm_providers.sync.planning import Planner
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, other
from pm_providers.sync.side import Side, without
from pm_providers.sync.values import Snapshot, changed_fields, snapshot_of

__all__ = ["FATAL", "Applier", "SpentError"]

TASK = Entity.TASK.value

FATAL = (AuthenticationError, ConfigurationError, RateLimitedError, TransportError)
"""Errors after which every further call would fail as well."""

_ROUNDS = 8


class SpentError(Exception):
    """The run's budget of writes is used up."""


@dataclass(slots=True)
class _Outcome:
    """What became of one side of a pair.

    Attributes:
        after: what the side says now; missing where it was not written.
        sent: fields that it took, by their names there.
        kept: fields that stay undecided, by their names on the left.
        notes: field -> why its value is not carried.
        stale: the side had changed meanwhile: nothing was written, the next round decides anew.
    """

    after: Snapshot | None = None
    sent: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)
    notes: dict[str, str] = field(default_factory=dict)
    stale: bool = False


class Applier:
    """Writes to both sides.

    Args:
        db: database of the sync.
        mapping_id: mapping.
        run_id: run that the history names.
        fence: number of the run's lease.
        sides: both sides.
        planner: learns of new pairs.
        budget: writes that are left; `None` for no bound.
        on_write: called after each write with what it was.
    """

    def __init__(
        self,
        db: Database,
        mapping_id: str,
        run_id: str,
        fence: int,
        sides: Mapping[str, Side],
        planner: Planner,
        *,
        budget: int | None = None,
        on_write: Callable[[Decision], None] = lambda _: None,
    ) -> None:
        self._db = db
        self._mapping_id = mapping_id
        self._run_id = run_id
        self._fence = fence
        self._sides = sides
        self._planner = planner
        self._left = budget
        self._on_write = on_write
        self.counts: Counter[str] = Counter()

    @property
    def left(self) -> int | None:
        """Writes that are left of the budget."""
        return self._left

    # transactions

    async def _write(self, work: Callable[[SqlConnection], Any]) -> Any:
        """A transaction of this run; nothing when another took over."""

        def fenced(conn: SqlConnection) -> Any:
            check_fence(conn, self._mapping_id, self._fence)
            return work(conn)

        return await self._db.write(fenced)

    def _spend(self, count: int = 1) -> None:
        if self._left is None:
            return
        if self._left < count:
            raise SpentError
        self._left -= count

    def _intent(self, one: Decision, before: Mapping[str, Any] | None) -> dict[str, Any]:
        action = {Act.CREATE: "create", Act.DELETE: "delete"}.get(one.act, "update")
        lost = {
            clash.field: {"winner": clash.winner, LEFT: clash.left, RIGHT: clash.right, "note": clash.note}
            for clash in one.clashes
            if clash.winner
        }
        return {
            "run_id": self._run_id,
            "mapping_id": self._mapping_id,
            "link_id": one.link_id,
            "entity": TASK,
            "side": one.side,
            "action": action,
            "remote_id": one.remote_id or None,
            "title": one.title[:500],
            "wanted": {step.field: step.new for step in one.steps},
            "before": None if before is None else dict(before),
            "lost": lost or None,
        }

    # pairs

    async def pair(self, view: LinkView, decisions: Sequence[Decision]) -> None:
        """Carry out what was decided about one link.

        Raises:
            SpentError: the budget is used up; nothing of this link was written.
            PMError: one of `FATAL`, or another run took over.
        """
        outcomes: dict[str, _Outcome] = {}
        for one in decisions:
            if one.act in {Act.FORGET, Act.DETACH}:
                await self._let_go(one)
                return
            if one.act is Act.DELETE:
                await self._delete(view, one)
                return
            if one.act is Act.CREATE:
                await self.create([(view, one)])
                return
            if one.steps:
                outcomes[one.side] = await self._update(one)
            if one.act is Act.CLOSE:
                await self._closed(one, outcomes.get(one.side))
                return
        await self._settle(view, decisions, outcomes)

    async def _let_go(self, one: Decision) -> None:
        def work(conn: SqlConnection) -> None:
            if one.act is Act.FORGET:
                drop_links(conn, [one.link_id])
            else:
                save_link(conn, one.link_id, state=DETACHED, dirty=False, problem=one.reason)

        await self._write(work)
        self.counts[one.act.value] += 1

    async def _closed(self, one: Decision, outcome: _Outcome | None) -> None:
        if outcome is not None and (outcome.stale or outcome.kept):
            return
        self.counts[one.act.value] += 1
        await self._write(
            lambda conn: save_link(conn, one.link_id, state=DETACHED, dirty=False, problem=one.reason)
        )

    async def _update(self, one: Decision) -> _Outcome:
        """Write fields of an item, if they are still what the decision was made on."""
        side = self._sides[one.side]
        why, current = await side.task_gone(one.remote_id)
        if current is None or why is not None:
            await self._gone(side, one.remote_id, why or "deleted")
            return _Outcome(stale=True)
        now = snapshot_of(current)
        if any(now.get(step.field) != step.old for step in one.steps):
            await self._stale(side, current)
            return _Outcome(stale=True)
        self._spend()
        updates = await side.updates(one.steps)
        write_id = (await self._write(lambda conn: add_intents(conn, [self._intent(one, now)])))[0]
        return await self._sent(one, side, write_id, updates, current)

    async def _sent(
        self, one: Decision, side: Side, write_id: str, updates: dict[str, Any], current: PMTask
    ) -> _Outcome:
        outcome = _Outcome()
        for _ in range(_ROUNDS):
            if not updates:
                break
            try:
                result = await side.provider.update_task(
                    one.remote_id, updates, expected_version=current.version
                )
            except ConflictError as error:
                await self._note(write_id, FAILED, error)
                fresh = await side.provider.get_task(one.remote_id)
                if fresh is not None:
                    await self._stale(side, fresh)
                return _Outcome(stale=True)
            except PMError as error:
                less = _without_rejected(updates, error)
                if less is None:
                    return await self._failed(one, write_id, error, outcome)
                outcome.notes |= {_ours(name): why for name, why in less[1].items()}
                updates = less[0]
            else:
                return await self._answered(one, write_id, result, outcome)
        reasons = "; ".join(outcome.notes.values()) or "the system kept rejecting fields"
        await self._write(lambda conn: finish_write(conn, write_id, FAILED, error=reasons))
        return outcome

    async def _answered(self, one: Decision, write_id: str, result: PMTask, outcome: _Outcome) -> _Outcome:
        outcome.after = snapshot_of(result)
        outcome.sent = {step.field for step in one.steps} - set(outcome.notes)
        after = outcome.after
        await self._write(lambda conn: finish_write(conn, write_id, DONE, after=after))
        self.counts["update"] += 1
        self._on_write(one)
        return outcome

    async def _failed(self, one: Decision, write_id: str, error: PMError, outcome: _Outcome) -> _Outcome:
        state = UNSURE if error.maybe_applied else FAILED
        await self._note(write_id, state, error)
        self.counts[state] += 1
        if isinstance(error, FATAL):
            raise error
        outcome.kept |= {step.field for step in one.steps}
        outcome.notes |= {step.field: str(error) for step in one.steps}
        return outcome

    async def _note(self, write_id: str, state: str, error: PMError) -> None:
        await self._write(lambda conn: finish_write(conn, write_id, state, error=str(error)))

    async def _gone(self, side: Side, remote_id: str, why: str) -> None:
        await self._write(lambda conn: mark_gone(conn, self._mapping_id, TASK, side.name, {remote_id: why}))

    async def _stale(self, side: Side, task: PMTask) -> None:
        """What it says now is stored; the next round decides."""
        seen = side.observed(task)
        await self._write(lambda conn: observe(conn, self._mapping_id, TASK, side.name, [seen]))
        self.counts["stale"] += 1

    async def _settle(
        self, view: LinkView, decisions: Sequence[Decision], outcomes: Mapping[str, _Outcome]
    ) -> None:
        """Remember what both sides say now as agreed, but for fields that stay undecided."""
        stale = any(one.stale for one in outcomes.values())
        open_ones = {clash.field for one in decisions for clash in one.clashes if not clash.winner}
        kept = open_ones.union(*(one.kept for one in outcomes.values()))
        notes = dict(decisions[0].held) if decisions else {}
        for one in decisions:
            notes |= one.held
        for outcome in outcomes.values():
            notes |= outcome.notes
        clashes = {clash.field: clash for one in decisions for clash in one.clashes}
        rows = [
            {
                "mapping_id": self._mapping_id, "link_id": view.id, "field": clash.field,
                "left_value": {"value": clash.left}, "right_value": {"value": clash.right},
                "base_value": {"value": clash.base}, "note": clash.note, "run_id": self._run_id,
                "state": "resolved" if clash.winner and clash.field not in kept else "open",
                **({"decision": clash.winner} if clash.winner else {}),
            }
            for clash in clashes.values()
        ]  # fmt: skip
        rows += [] if stale else [self._resolved(view, name) for name in view.decided if name not in clashes]
        values = {} if stale else self._agreement(view, outcomes, kept, notes)

        def work(conn: SqlConnection) -> None:
            add_conflicts(conn, rows if not stale else [])
            if values:
                save_link(conn, view.id, **values)

        await self._write(work)

    def _resolved(self, view: LinkView, name: str) -> dict[str, Any]:
        return {
            "mapping_id": self._mapping_id,
            "link_id": view.id,
            "field": name,
            "state": "resolved",
            "run_id": self._run_id,
        }

    def _agreement(
        self, view: LinkView, outcomes: Mapping[str, _Outcome], kept: set[str], notes: Mapping[str, str]
    ) -> dict[str, Any]:
        values: dict[str, Any] = {"state": LINKED}
        dirty = False
        for side in SIDES:
            outcome = outcomes.get(side)
            before = view.state(side)
            state = outcome.after if outcome is not None and outcome.after is not None else before
            agreed = dict(before)
            # What else is different now was edited meanwhile, or follows from the write: not agreed on yet.
            for name in outcome.sent if outcome is not None and outcome.after is not None else ():
                _put_back(agreed, state, name)
            for name in kept:
                _put_back(agreed, view.agreed.get(side, {}), self._planner.name_on(side, name))
            at = view.edited_at.get(side)
            now = {"values": state, "at": at.isoformat() if at else None} if agreed != state else None
            values |= {f"{side}_agreed": agreed, f"{side}_now": now, f"{side}_gone": None}
            dirty = dirty or now is not None
        values |= {"dirty": dirty, "problem": _problem(notes)}
        return values

    # deletions

    async def _delete(self, view: LinkView, one: Decision) -> None:
        side = self._sides[one.side]
        current = await side.provider.get_task(one.remote_id)
        agreed = view.agreed.get(one.side, {})
        if current is not None and changed_fields(agreed, snapshot_of(current)):
            await self._stale(side, current)
            return
        self._spend()
        write_id = (await self._write(lambda conn: add_intents(conn, [self._intent(one, agreed)])))[0]
        try:
            await side.provider.delete_task(one.remote_id)
        except PMError as error:
            why = str(error)
            await self._write(lambda conn: save_link(conn, view.id, problem=why))
            await self._failed(one, write_id, error, _Outcome())
            return

        def work(conn: SqlConnection) -> None:
            finish_write(conn, write_id, DONE)
            drop_links(conn, [view.id])

        await self._write(work)
        self.counts["delete"] += 1
        self._on_write(one)

    # creations

    async def create(self, items: Sequence[tuple[LinkView, Decision]]) -> None:
        """Create items on one side, many at once; what one rejects is left out and tried again.

        Raises:
            SpentError: the budget is used up; nothing was written.
            PMError: one of `FATAL`, or another run took over.
        """
        self._spend(len(items))
        side = self._sides[items[0][1].side]
        tasks = [await side.task(one.steps) for _, one in items]
        rows = [self._intent(one, view.state(other(one.side))) for view, one in items]
        ids = await self._write(lambda conn: add_intents(conn, rows))
        pending = list(zip(items, tasks, ids, [dict[str, str]() for _ in items], strict=True))
        fatal: PMError | None = None
        for _ in range(_ROUNDS):
            again = []
            result = await side.provider.create_tasks([task for _, task, _, _ in pending]) if pending else ()
            for (item, task, write_id, notes), outcome in zip(pending, result, strict=True):
                if outcome.item is not None:
                    await self._created(*item, write_id, outcome.item, notes)
                    continue
                error = outcome.error or ConflictError("the system did not say what became of it")
                less = _fewer(task, error)
                if less is None:
                    fatal = await self._not_created(item[0], write_id, error) or fatal
                else:
                    again.append((item, less[0], write_id, {**notes, **less[1]}))
            pending = again
        for item, _, write_id, notes in pending:
            error = ValidationError("; ".join(notes.values()) or "the system kept rejecting fields")
            await self._not_created(item[0], write_id, error)
        if fatal is not None:
            raise fatal

    async def _created(
        self, view: LinkView, one: Decision, write_id: str, made: PMTask, notes: Mapping[str, str]
    ) -> None:
        after, source = snapshot_of(made), other(one.side)
        values = {
            f"{one.side}_id": made.id,
            f"{one.side}_agreed": after,
            f"{one.side}_now": None,
            f"{one.side}_gone": None,
            f"{source}_agreed": view.state(source),
            f"{source}_now": None,
            f"{source}_gone": None,
            "state": LINKED,
            "dirty": False,
            "problem": _problem({**one.held, **notes}),
        }

        def work(conn: SqlConnection) -> None:
            finish_write(conn, write_id, DONE, after=after, remote_id=made.id)
            save_link(conn, view.id, **values)

        await self._write(work)
        ids = {one.side: made.id, source: view.ids[source]}
        self._planner.learn(ids[LEFT], ids[RIGHT])
        self.counts["create"] += 1
        self._on_write(one)

    async def _not_created(self, view: LinkView, write_id: str, error: PMError) -> PMError | None:
        """Record it; the error where the run cannot go on."""
        state = UNSURE if error.maybe_applied else FAILED

        def work(conn: SqlConnection) -> None:
            finish_write(conn, write_id, state, error=str(error))
            save_link(conn, view.id, problem=str(error))

        await self._write(work)
        self.counts[state] += 1
        return error if isinstance(error, FATAL) else None


def _put_back(agreed: dict[str, Any], before: Mapping[str, Any], name: str) -> None:
    if name in before:
        agreed[name] = before[name]
    else:
        agreed.pop(name, None)


def _problem(notes: Mapping[str, str]) -> str | None:
    return "; ".join(f"{name}: {why}" for name, why in notes.items()) or None


def _ours(name: str) -> str:
    table = {"parent_task_id": "parent", "assignee_id": "assignees", "assignee_ids": "assignees",
             "sprint_id": "sprint", "label_ids": "labels"}  # fmt: skip
    return table.get(name, name)


def _without_rejected(
    updates: Mapping[str, Any], error: PMError
) -> tuple[dict[str, Any], Mapping[str, str]] | None:
    """Updates without the fields that were rejected; `None` where that cannot help."""
    if not isinstance(error, ValidationError) or error.maybe_applied or not error.fields:
        return None
    left = without(updates, error.fields)
    return (left, error.fields) if left != dict(updates) else None


def _fewer(task: PMTask, error: PMError) -> tuple[PMTask, Mapping[str, str]] | None:
    """The task without the fields that were rejected; `None` where that cannot help."""
    if not isinstance(error, ValidationError) or error.maybe_applied or not error.fields:
        return None
    if {"title", "project_id"} & set(error.fields):
        return None
    names = [
        name for name in PMTask.__dataclass_fields__ if getattr(task, name) not in (None, [], {}, "", ())
    ]
    values = {name: getattr(task, name) for name in names}
    left = without(values, error.fields)
    return (PMTask(**left), error.fields) if left != values else None
