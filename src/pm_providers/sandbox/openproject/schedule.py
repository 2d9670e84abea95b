"""Automatic scheduling: predecessors push their followers, children move their parents."""

from __future__ import annotations

from datetime import date

from pm_providers.sandbox.openproject.records import WorkPackage
from pm_providers.sandbox.openproject.rollup import roll_up
from pm_providers.sandbox.openproject.state import State
from pm_providers.sandbox.openproject.values import date_key, shift_date, work_days

__all__ = ["earliest_start", "keep_length", "propagate", "soonest_work_day"]

MAX_STEPS = 10_000


def earliest_start(state: State, row: WorkPackage) -> str | None:
    """First day on which an automatically scheduled work package may start; None without a limit.

    The day after the last day of the predecessors of the work package and its ancestors, plus lag.
    """
    limits: list[str] = []
    for member in (row, *state.ancestors(row)):
        for relation in state.relations.where("from_id", member.id):
            before = state.work_packages.get(relation.to_id)
            last = (before.due or before.start) if before is not None else None
            if relation.kind == "follows" and last:
                limits.append(_next_day(state, last, relation.lag or 0))
    return max(limits, key=date_key) if limits else None


def propagate(state: State, key: int) -> set[int]:
    """Move followers and parents after a change; returns the ids that changed."""
    changed: set[int] = set()
    todo, steps = [key], 0
    while todo and steps < MAX_STEPS:
        steps += 1
        row = state.work_packages.get(todo.pop())
        if row is None:
            continue
        above = roll_up(state, row.parent_id)
        moved = {k for member in (row.id, *above) for k in _push_followers(state, member)}
        changed |= above | moved
        todo += sorted(moved)
    return changed


def _push_followers(state: State, key: int) -> list[int]:
    moved: list[int] = []
    for relation in state.relations.where("to_id", key):
        follower = state.work_packages.get(relation.from_id)
        if relation.kind != "follows" or follower is None:
            continue
        targets = state.descendants(follower.id) or [follower]
        moved += [row.id for row in targets if _push(state, row)]
    return moved


def _push(state: State, row: WorkPackage) -> bool:
    soonest = earliest_start(state, row)
    if row.manual or soonest is None:
        return False
    if not (row.start or row.due):
        # recorded 16-relations: step 43; since there are durations, only the start is set
        due = None if state.features.duration else soonest
        state.work_packages.change(row, start=soonest, due=due, lock=row.lock + 1, updated=state.now())
        return True
    start = row.start or row.due or soonest
    late = date_key(start) >= date_key(soonest)
    if state.features.exact_schedule:
        # followers come back as well when there is room ([doc] gantt-chart/scheduling)
        late = row.start == soonest
    if late or len(soonest) != 10 or len(start) != 10:
        return False
    due = keep_length(state, row, soonest)
    state.work_packages.change(row, start=soonest, due=due, lock=row.lock + 1, updated=state.now())
    return True


def keep_length(state: State, row: WorkPackage, start: str) -> str | None:
    """The last day if the work package started on `start` and took as long as it does now."""
    if not (row.start and row.due) or len(row.start + row.due + start) != 30:
        return row.due and max(row.due, start, key=date_key)
    length = _days(state, row)
    due = start
    while work_days(start, due, all_days=_all_days(state, row)) < length:
        due = shift_date(due, 1)
    return due


def soonest_work_day(day: str | None) -> str | None:
    """The day, or the Monday after it; None stays None."""
    return day and _work_day(day, 1)


def _days(state: State, row: WorkPackage) -> int:
    return max(1, work_days(row.start or "", row.due or "", all_days=_all_days(state, row)))


def _all_days(state: State, row: WorkPackage) -> bool:
    return row.ignore_non_working or not state.features.duration


def _next_day(state: State, last: str, lag: int) -> str:
    day = shift_date(last, 1)
    if not state.features.duration:
        return shift_date(day, lag)
    for _ in range(abs(lag)):
        day = _work_day(shift_date(day, 1 if lag > 0 else -1), 1 if lag > 0 else -1)
    return _work_day(day, 1)


def _work_day(day: str, step: int) -> str:
    while len(day) == 10 and date.fromisoformat(day).weekday() >= 5:
        day = shift_date(day, step)
    return day
