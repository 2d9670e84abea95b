"""Hypothesis strategies of valid records, within the limits that a provider declares."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from hypothesis import strategies as st

from pm_providers.contract import Capabilities
from pm_providers.model import Entity, PMTask

__all__ = ["lines", "markdown", "task_drafts"]


def lines(longest: int = 100) -> st.SearchStrategy[str]:
    """One line of text that is not blank: no control characters, no lone surrogates."""
    signs = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))
    return st.text(signs, min_size=1, max_size=longest).filter(lambda text: bool(text.strip()))


def markdown(longest: int = 400) -> st.SearchStrategy[str]:
    """Text of several lines: no control characters but tab and newline, no lone surrogates."""
    signs = st.characters(exclude_categories=("Cc", "Cs"), include_characters="\t\n")
    return st.text(signs, min_size=1, max_size=longest).filter(lambda text: bool(text.strip()))


def task_drafts(
    capabilities: Capabilities, project_id: str, priorities: Sequence[str]
) -> st.SearchStrategy[PMTask]:
    """New tasks of a project with any of the writable fields that need no other object.

    `priorities` are those that the system has; none leaves the field out.
    """
    days = st.dates(date(1900, 1, 1), date(2999, 12, 31))
    values: dict[str, st.SearchStrategy[Any]] = {
        "description": markdown(),
        "priority": st.sampled_from(priorities) if priorities else st.none(),
        "start_date": days,
        "due_date": days,
        "estimated_hours": st.integers(0, 40_000).map(lambda quarters: quarters / 4),
        "remaining_hours": st.integers(0, 40_000).map(lambda quarters: quarters / 4),
        "progress": st.integers(0, 100),
        "story_points": st.integers(0, 100).map(float),
    }
    writable = {
        name: st.none() | one
        for name, one in values.items()
        if capabilities.field(Entity.TASK, name).is_writable
    }
    longest = min(100, capabilities.limits.lengths.get("task.title", 100))
    return st.builds(PMTask, title=lines(longest), project_id=st.just(project_id), **writable).map(_in_order)


def _in_order(task: PMTask) -> PMTask:
    if task.start_date and task.due_date and task.start_date > task.due_date:
        task.start_date, task.due_date = task.due_date, task.start_date
    return task
