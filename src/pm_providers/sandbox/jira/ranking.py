"""Ranks: the order of issues in backlogs and boards."""

from __future__ import annotations

from pm_providers.sandbox.jira.issue_changes import apply_changes
from pm_providers.sandbox.jira.records import Issue
from pm_providers.sandbox.jira.web import Session

__all__ = ["rank_issues"]


def rank_issues(session: Session, rows: list[Issue], target: Issue, *, before: bool) -> None:
    """Put issues, in the given order, before or after another one."""
    state = session.state
    moving = {row.id for row in rows} - {target.id}
    if not moving:
        return
    order = sorted((row for row in state.issues if row.id not in moving), key=lambda row: (row.rank, row.id))
    place = next(n for n, row in enumerate(order) if row.id == target.id) + (0 if before else 1)
    low = order[place - 1].rank if place else 0
    high = order[place].rank if place < len(order) else low + (len(rows) + 1 << 20)
    step = (high - low) // (len(moving) + 1)
    chosen = [row for row in rows if row.id in moving]
    if step > 0:
        for number, row in enumerate(chosen, 1):
            apply_changes(session, state.issues[row.id], quiet=True, rank=low + step * number)
        return
    for row in (*order[:place], *chosen, *order[place:]):
        apply_changes(session, state.issues[row.id], quiet=True, rank=state.next_rank())
