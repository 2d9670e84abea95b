"""Carrying out decisions: an intent before each write, what became of it with the link after it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection as SqlConnection

from pm_providers.effects import may_write
from pm_providers.errors import ConflictError, PMError
from pm_providers.model import PMTask
from pm_providers.store.sync_history import (
    DONE,
    FAILED,
    UNSURE,
    add_intents,
    finish_write,
)
from pm_providers.store.sync_links import Link, links_by_id, save_link
from pm_providers.store.sync_state import TakenOverError
from pm_providers.store.sync_tries import tried_in_vain
from pm_providers.sync.agreement import written
from pm_providers.sync.creating import FATAL, SpentError, ours, problem_of
from pm_providers.sync.deleting import Deleter
from pm_providers.sync.plan import Act, Clash, Decision, LinkView
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, other
from pm_providers.sync.rejections import less_of
from pm_providers.sync.settling import LET_GO, Settlement, is_quiet, let_go, settle
from pm_providers.sync.values import Snapshot, snapshot_of

__all__ = ["FATAL", "Applier", "SpentError"]

_ROUNDS = 8
_PLACE = "parent_task_id"


@dataclass(slots=True)
class _Outcome:
    """What became of one side of a pair.

    Attributes:
        after: what the side says now; missing where it was not written.
        sent: fields that it took, by their names there.
        kept: fields that stay undecided, by their names there.
        notes: field -> why its value is not carried.
        stale: the side had changed meanwhile: nothing was written, the next round decides anew.
        failed: it refused the write as a whole.
        is_settled: what was decided about the link is remembered with it.
    """

    after: Snapshot | None = None
    sent: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)
    notes: dict[str, str] = field(default_factory=dict)
    stale: bool = False
    failed: bool = False
    is_settled: bool = False


_Then = Callable[[_Outcome], Settlement]
"""What is remembered of a link after the last write that was decided about it."""


class Applier(Deleter):
    """Writes to both sides; see `Creator` for what it is made of."""

    async def pair(self, view: LinkView, decisions: Sequence[Decision]) -> None:
        """Carry out what was decided about one link. What is wrong with this item only is noted with it.

        Raises:
            SpentError: the budget is used up; what was written of this link is recorded.
            PMError: one of `FATAL`, or another run took over.
        """
        try:
            await self._pair(view, decisions)
        except (*FATAL, TakenOverError):
            raise
        except PMError as error:
            why = str(error)
            self.counts[FAILED] += 1
            await self._write(lambda conn: tried_in_vain(conn, view.id, why))

    async def _pair(self, view: LinkView, decisions: Sequence[Decision]) -> None:
        if is_quiet(decisions):
            await self.quiet([(view, decisions)])
            return
        outcomes: dict[str, _Outcome] = {}
        writing = [one for one in decisions if one.steps]
        for one in decisions:
            if one.act is Act.DELETE:
                await self._delete(view, one)
                return
            if one.act is Act.CREATE:
                await self.create([(view, one)])
                return
            if one.steps:
                is_last = one.act is Act.UPDATE and one is writing[-1]
                then = partial(self._settled_with, view, decisions, outcomes, one.side) if is_last else None
                outcomes[one.side] = await self._update(view, one, outcomes.get(other(one.side)), then)
            if one.act is Act.CLOSE:
                await self._closed(one, outcomes.get(one.side))
                return
        if not any(outcome.is_settled for outcome in outcomes.values()):
            settlement = self._settlement(view, decisions, outcomes)
            await self._write(lambda conn: settle(conn, [settlement], self._run_id))

    async def quiet(self, items: Sequence[tuple[LinkView, Sequence[Decision]]]) -> None:
        """Carry out what writes to no side, in one transaction. See `is_quiet`."""
        ended = [found for _, decisions in items if (found := _let_go(decisions)) is not None]
        kept = [
            self._settlement(view, decisions, {}) for view, decisions in items if _let_go(decisions) is None
        ]

        def work(conn: SqlConnection) -> None:
            let_go(conn, ended, self._run_id)
            settle(conn, kept, self._run_id)

        await self._write(work)
        for one in ended:
            self.counts[one.act.value] += 1

    async def _closed(self, one: Decision, outcome: _Outcome | None) -> None:
        if outcome is not None and outcome.after is None:
            if outcome.failed or not (outcome.stale or outcome.kept):
                why = problem_of(outcome.notes) or "it could not be closed"
                await self._write(lambda conn: tried_in_vain(conn, one.link_id, why))
            return
        self.counts[one.act.value] += 1
        await self._write(lambda conn: let_go(conn, [one], self._run_id))

    # updates

    async def _update(
        self, view: LinkView, one: Decision, across: _Outcome | None, then: _Then | None
    ) -> _Outcome:
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
        await self.labels.make(side, one.steps)
        updates = _in_place(await side.updates(one.steps), current)
        self._spend()
        basis = self._basis(view, one, across)
        row = self._intent(one, now, basis)
        write_id = (await self._write(lambda conn: add_intents(conn, [row])))[0]
        return await self._sent(one, write_id, updates, current, basis, across, then)

    def _basis(self, view: LinkView, one: Decision, across: _Outcome | None) -> dict[str, Any]:
        """What the other side says about the fields that are written, by its names."""
        source = other(one.side)
        said = view.state(source)
        names = [self._planner.across(one.side, step.field) for step in one.steps]
        found = {name: said.get(name) for name in names}
        if across is not None and across.after is not None:
            found |= {name: across.after.get(name) for name in names if name in across.sent}
        return found

    async def _sent(
        self, one: Decision, write_id: str, updates: dict[str, Any], current: PMTask, basis: dict[str, Any],
        across: _Outcome | None, then: _Then | None,
    ) -> _Outcome:  # fmt: skip
        outcome, side = _Outcome(), self._sides[one.side]
        moves = any(step.field == "parent" for step in one.steps)
        for _ in range(_ROUNDS):
            if not (updates if moves else updates.keys() - {_PLACE}):
                break
            try:
                await may_write()
                result = await side.provider.update_task(
                    one.remote_id, updates, expected_version=current.version
                )
            except TakenOverError:
                raise
            except ConflictError as error:
                # Tried again by the transport after an answer was lost, or refused after a first step.
                await self._note(write_id, UNSURE if error.maybe_applied else FAILED, error)
                await self._seen_again(side, one.remote_id)
                return _Outcome(stale=True)
            except PMError as error:
                less = less_of(updates, error)
                if less is None:
                    return await self._failed(one, write_id, error, outcome)
                outcome.notes |= {ours(name): why for name, why in less[1].items()}
                updates = less[0]
            else:
                done = set() if across is None else across.sent
                return await self._answered(one, write_id, result, outcome, basis, done, then)
        reasons = "; ".join(outcome.notes.values()) or "the system kept rejecting fields"
        await self._write(lambda conn: finish_write(conn, write_id, FAILED, error=reasons))
        self.counts[FAILED] += 1
        return outcome

    async def _answered(
        self, one: Decision, write_id: str, result: PMTask, outcome: _Outcome, basis: Mapping[str, Any],
        done: Collection[str], then: _Then | None,
    ) -> _Outcome:  # fmt: skip
        """Record the outcome with what both agree on by it, in one transaction; after the last the rest."""
        after = outcome.after = snapshot_of(result)
        sent = outcome.sent = {step.field for step in one.steps} - set(outcome.notes)
        told = {
            name: value
            for name, value in basis.items()
            if self._planner.across(other(one.side), name) in sent
        }
        half = [
            step.field
            for step in one.steps
            if step.field in sent and step.field not in done and _is_half(one, step, told)
        ]
        at = None if result.updated_at is None else result.updated_at.isoformat()
        rest = [] if then is None else [then(outcome)]
        outcome.is_settled = bool(rest)

        def work(conn: SqlConnection) -> None:
            finish_write(conn, write_id, DONE, after=after)
            link = _row(conn, one.link_id)
            if link is not None and one.act is Act.UPDATE:
                values = written(link, one.side, after, at=at, sent=sent, basis=told, half=half)
                # Undecided fields may be left, and the rest is settled after both sides were written.
                save_link(conn, one.link_id, **{**values, "dirty": True})
            settle(conn, rest, self._run_id)

        await self._write(work)
        self.counts["update"] += 1
        self._on_write(one)
        return outcome

    async def _failed(self, one: Decision, write_id: str, error: PMError, outcome: _Outcome) -> _Outcome:
        state = await self._refused(write_id, error)
        outcome.kept |= {step.field for step in one.steps}
        outcome.notes |= {step.field: str(error) for step in one.steps}
        outcome.failed = state == FAILED
        return outcome

    # agreement

    def _settled_with(
        self,
        view: LinkView,
        decisions: Sequence[Decision],
        outcomes: Mapping[str, _Outcome],
        side: str,
        outcome: _Outcome,
    ) -> Settlement:
        return self._settlement(view, decisions, {**outcomes, side: outcome})

    def _settlement(
        self, view: LinkView, decisions: Sequence[Decision], outcomes: Mapping[str, _Outcome]
    ) -> Settlement:
        """What is remembered of a link, but for fields that stay undecided."""
        clashes = {clash.field: clash for one in decisions for clash in one.clashes}
        kept = {name for name, clash in clashes.items() if not clash.winner}
        notes: dict[str, str] = {}
        waits: dict[str, str] = {}
        apart: set[str] = set()
        undone: set[str] = set()
        for one in decisions:
            apart |= self._planner.asked(one.apart)
            kept |= one.kept
            notes |= one.held
            waits |= one.waits
            undone |= self._undone(one, outcomes.get(one.side))
        for side, outcome in outcomes.items():
            notes |= outcome.notes
            waits |= self._rejected(side, outcome.notes)
        kept |= undone
        # What was to win and was not written is decided anew, by the same rule: nobody has to be asked.
        clashes = {name: clash for name, clash in clashes.items() if not (clash.winner and name in undone)}
        return Settlement(
            view.id,
            said=self._said(view, kept | apart, outcomes),
            apart={side: {self._planner.name_on(side, name) for name in apart} for side in SIDES},
            conflicts=[self._conflict(view, clash, kept) for clash in clashes.values()],
            ended=self._planner.asked({*view.frozen, *view.decided}) - kept - set(clashes),
            notes=notes,
            waits={name: side for name, side in waits.items() if name not in kept},
            has_failed=any(outcome.failed for outcome in outcomes.values()),
        )

    def _undone(self, one: Decision, outcome: _Outcome | None) -> set[str]:
        """Fields that were to be written and were not, by their names on the left."""
        if outcome is None:
            return set()
        names = {step.field for step in one.steps} if outcome.stale else outcome.kept
        return {self._planner.across(RIGHT, name) if one.side == RIGHT else name for name in names}

    def _said(
        self, view: LinkView, kept: set[str], outcomes: Mapping[str, _Outcome]
    ) -> dict[str, dict[str, Any]]:
        """What each side said about the fields that are settled; written ones are agreed already."""
        values: dict[str, dict[str, Any]] = {side: {} for side in SIDES}
        done = {
            name if side == LEFT else self._planner.across(RIGHT, name)
            for side, outcome in outcomes.items()
            for name in outcome.sent
        }
        for name in self._planner.names(view) - kept - done:
            values[LEFT][name] = view.state(LEFT).get(name)
            theirs = self._planner.name_on(RIGHT, name)
            values[RIGHT][theirs] = view.state(RIGHT).get(theirs)
        return values

    def _conflict(self, view: LinkView, clash: Clash, kept: set[str]) -> dict[str, Any]:
        is_closed = bool(clash.winner) and clash.field not in kept
        return {
            "mapping_id": self._mapping_id, "link_id": view.id, "field": clash.field,
            "left_value": {"value": clash.left}, "right_value": {"value": clash.right},
            "base_value": {"value": clash.base}, "note": clash.note, "run_id": self._run_id,
            "state": "resolved" if is_closed else "open",
            **({"decision": clash.winner} if is_closed else {}),
        }  # fmt: skip


def _let_go(decisions: Sequence[Decision]) -> Decision | None:
    return next((one for one in decisions if one.act in LET_GO), None)


def _row(conn: SqlConnection, link_id: str) -> Link | None:
    return links_by_id(conn, [link_id]).get(link_id)


def _is_half(one: Decision, step: Any, basis: Mapping[str, Any]) -> bool:
    """Whether a merge was written of which the other side has only its own part."""
    merged = any(clash.field == step.field and clash.winner == "merged" for clash in one.clashes)
    return merged and basis.get(step.field) != step.new


def _in_place(updates: dict[str, Any], current: PMTask) -> dict[str, Any]:
    """With its place, where a type is written that could move it from there."""
    if "type" not in updates or _PLACE in updates or current.parent_task_id is None:
        return updates
    return {**updates, _PLACE: current.parent_task_id}
