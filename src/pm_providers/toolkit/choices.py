"""What a system's statuses and priorities mean, by rules that many systems share. Pure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from pm_providers.contract import ChoiceBook, override
from pm_providers.errors import ValidationError
from pm_providers.model import (
    PMPriority,
    PMStatus,
    Priority,
    SprintStatus,
    TaskStatus,
    guess_priority,
    guess_task_status,
)

__all__ = [
    "VERSION_STATUSES",
    "candidates_anew",
    "filter_candidates",
    "preferred_first",
    "priority_book",
    "priority_meaning",
    "status_book",
    "status_meaning",
    "version_word",
    "with_map",
]

T = TypeVar("T", PMStatus, PMPriority)

_PREFERRED: dict[TaskStatus, tuple[str, ...]] = {
    TaskStatus.TODO: ("new", "to do", "todo", "open", "backlog"),
    TaskStatus.IN_PROGRESS: ("in progress", "doing", "in development", "started", "active"),
    TaskStatus.BLOCKED: ("blocked", "on hold", "waiting", "paused"),
    TaskStatus.COMPLETED: ("closed", "done", "completed", "resolved", "finished"),
    TaskStatus.CANCELLED: ("rejected", "cancelled", "canceled", "declined"),
}


VERSION_STATUSES: tuple[PMStatus, ...] = (
    PMStatus(id="open", name="open", status=SprintStatus.ACTIVE.value),
    PMStatus(id="locked", name="locked", status=SprintStatus.CLOSED.value),
    PMStatus(id="closed", name="closed", status=SprintStatus.CLOSED.value),
)
"""Statuses of a version, in Redmine and its descendant OpenProject (recorded: Redmine 04-…: steps 18, 26, 37;
OpenProject 06-versions: steps 1, 5, 6, 16)."""


def version_word(value: str) -> str:
    """Version status to write: its own word, or what the unified status stands for.

    Raises:
        ValidationError: neither.
    """
    folded = value.strip().casefold()
    if folded in {one.id for one in VERSION_STATUSES}:
        return folded
    if folded in {SprintStatus.PLANNED, SprintStatus.ACTIVE}:
        return "open"
    known = ", ".join(one.name for one in VERSION_STATUSES)
    raise ValidationError(fields={"status": f"{value!r:.60} is unknown; versions are: {known}"})


def status_meaning(name: str, *, closed: bool, default: bool) -> TaskStatus:
    """Unified status of a system that only tells open from closed: that decides first, then the name.

    Args:
        name: what people see.
        closed: tasks in it are closed.
        default: new tasks are in it.
    """
    guess = guess_task_status(name)
    if closed:
        return guess if guess is TaskStatus.CANCELLED else TaskStatus.COMPLETED
    if guess in {TaskStatus.TODO, TaskStatus.IN_PROGRESS, TaskStatus.BLOCKED}:
        return guess
    return TaskStatus.TODO if default else TaskStatus.IN_PROGRESS


def preferred_first(statuses: Sequence[PMStatus]) -> tuple[PMStatus, ...]:
    """Statuses with the plainest of each meaning first, else in the system's order.

    "In progress" comes before "In specification", which means the same to us.
    """

    def rank(status: PMStatus) -> int:
        names = _PREFERRED[TaskStatus(status.status)]
        folded = status.name.strip().casefold()
        return names.index(folded) if folded in names else len(names)

    return tuple(sorted(statuses, key=rank))


def priority_meaning(name: str, place: int, count: int) -> Priority:
    """Unified priority of the `place`-th of `count` priorities, lowest first, whose name may say nothing."""
    ranks = list(Priority)
    return guess_priority(name) or ranks[round(place * (len(ranks) - 1) / max(1, count - 1))]


def with_map(found: Iterable[T], mapping: Mapping[str, str], option: str) -> list[T]:
    """Statuses or priorities with the connection's own map over them.

    Raises:
        ConfigurationError: the map holds a value that is not unified.
    """
    return [_mapped(one, mapping, option) for one in found]


def _mapped(one: T, mapping: Mapping[str, str], option: str) -> T:
    allowed = TaskStatus if isinstance(one, PMStatus) else Priority
    meaning = override(mapping, one.id, one.name, allowed, option=option)
    if meaning is None:
        return one
    return replace(one, status=meaning) if isinstance(one, PMStatus) else replace(one, priority=meaning)


def status_book(statuses: Sequence[PMStatus]) -> ChoiceBook[PMStatus]:
    """Task statuses to choose from."""
    return ChoiceBook(preferred_first(statuses), {one.id: one.status for one in statuses}, "status")


def filter_candidates(statuses: Sequence[PMStatus], value: str) -> list[PMStatus]:
    """Statuses that a filter means; none where the system has no status of a unified value.

    Raises:
        ValidationError: neither a unified value nor a status of the system; lists what exists.
    """
    try:
        return status_book(statuses).candidates(value)
    except ValidationError:
        if value in set(TaskStatus):
            return []
        raise


async def candidates_anew(
    load: Callable[[bool], Awaitable[Sequence[T]]], book: Callable[[Sequence[T]], ChoiceBook[T]], value: str
) -> list[T]:
    """Choices that a written value may mean, best first; asked anew when nothing that is known fits.

    Args:
        load: whether to ask anew -> the system's choices.
        book: how they are found: `status_book` or `priority_book`.
        value: unified value, name or id.

    Raises:
        ValidationError: nothing fits; lists what exists.
    """
    try:
        return book(await load(False)).candidates(value)
    except ValidationError:
        return book(await load(True)).candidates(value)


def priority_book(priorities: Sequence[PMPriority]) -> ChoiceBook[PMPriority]:
    """Priorities to choose from: those in use."""
    active = tuple(one for one in priorities if one.is_active)
    return ChoiceBook(active, {one.id: one.priority for one in active}, "priority")
