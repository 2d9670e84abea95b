"""Statuses, priorities, types: what a project offers, and the unified value that each reads as. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pm_providers.model import (
    PMPriority,
    PMStatus,
    PMTaskType,
    Priority,
    ProjectStatus,
    TaskStatus,
    guess_priority,
    guess_task_status,
)
from pm_providers.providers.asana.mapping.custom_fields import FieldInfo
from pm_providers.providers.asana.mapping.values import gid
from pm_providers.toolkit.choices import preferred_first, with_map
from pm_providers.toolkit.documents import Document, optional_text

__all__ = [
    "COMPLETED",
    "INCOMPLETE",
    "PROJECT_STATUSES",
    "TYPES",
    "WRITABLE_TYPES",
    "book_order",
    "field_statuses",
    "project_status",
    "section_statuses",
    "task_status",
    "to_priorities",
    "type_statuses",
    "with_completed",
]

COMPLETED = PMStatus("completed", "Completed", TaskStatus.COMPLETED.value, is_closed=True)
"""What a finished task is in that stands in no place of its own for finished ones."""

INCOMPLETE = PMStatus("incomplete", "Incomplete", TaskStatus.TODO.value, is_default=True)
"""What every other task is in, where nothing but `completed` counts."""

TYPES: Mapping[str, PMTaskType] = {
    "default_task": PMTaskType("default_task", "Task", is_default=True),
    "milestone": PMTaskType("milestone", "Milestone", is_milestone=True),
    "approval": PMTaskType("approval", "Approval"),
}
"""Subtypes that every project has ([spec] TaskBase resource_subtype)."""

WRITABLE_TYPES = tuple(TYPES.values())

PROJECT_STATUSES: tuple[PMStatus, ...] = (
    PMStatus("active", "Active", ProjectStatus.ACTIVE.value, is_default=True),
    PMStatus("completed", "Completed", ProjectStatus.COMPLETED.value, is_closed=True),
    PMStatus("archived", "Archived", ProjectStatus.ARCHIVED.value, is_closed=True),
)
"""`completed` is read only ([spec] ProjectResponse)."""


def project_status(value: Document) -> PMStatus:
    """Status of a project: archived, else completed, else active."""
    active, completed, archived = PROJECT_STATUSES
    if value.get("archived") is True:
        return archived
    return completed if value.get("completed") is True else active


# statuses of tasks


def _status(one: str, name: str, place: int, meaning: TaskStatus | None) -> PMStatus:
    found = meaning or guess_task_status(name) or (TaskStatus.IN_PROGRESS if place else TaskStatus.TODO)
    return PMStatus(one, name, found.value, is_closed=found.is_closed, is_default=place == 0)


def _mapped(found: Iterable[PMStatus], status_map: Mapping[str, str]) -> list[PMStatus]:
    return [
        replace(one, is_closed=TaskStatus(one.status).is_closed)
        for one in with_map(found, status_map, "status_map")
    ]


def section_statuses(
    values: Sequence[Document], status_map: Mapping[str, str], done_section: str = ""
) -> list[PMStatus]:
    """Sections of a project as statuses, in its order.

    The vendor says nothing of their meaning: the name does, else the place: the first is where new tasks
    wait. Names of which nothing is known read as in progress.
    """
    folded = done_section.strip().casefold()
    found = []
    for place, value in enumerate(values):
        one, name = gid(value, "section"), optional_text(value, "name") or ""
        done = bool(folded) and folded in {one, name.strip().casefold()}
        found.append(_status(one, name, place, TaskStatus.COMPLETED if done else None))
    return _mapped(found, status_map)


def field_statuses(field: FieldInfo, status_map: Mapping[str, str]) -> list[PMStatus]:
    """Options of a custom field as statuses."""
    options = [one for one in field.options if one.enabled]
    return _mapped((_status(one.id, one.name, place, None) for place, one in enumerate(options)), status_map)


def type_statuses(values: Sequence[Document], status_map: Mapping[str, str]) -> list[PMStatus]:
    """Status options of custom types; each tells whether it stands for finished tasks.

    ([spec] CustomTypeStatusOptionResponse completion_state)
    """
    found = []
    for place, value in enumerate(values):
        name = optional_text(value, "name") or ""
        closed = str(value.get("completion_state", "")).casefold() == "complete"
        guess = guess_task_status(name)
        if closed:
            guess = guess if guess is TaskStatus.CANCELLED else TaskStatus.COMPLETED
        elif guess is not None and guess.is_closed:
            guess = TaskStatus.IN_PROGRESS if place else TaskStatus.TODO
        found.append(_status(gid(value, "status option"), name, place, guess))
    return _mapped(found, status_map)


def with_completed(found: Sequence[PMStatus]) -> list[PMStatus]:
    """Statuses of a project with the one of finished tasks, unless one of that name is among them."""
    named = any(one.name.strip().casefold() == COMPLETED.name.casefold() for one in found)
    return [*found] if named else [*found, COMPLETED]


def book_order(found: Sequence[PMStatus]) -> list[PMStatus]:
    """Statuses in the order in which they are chosen for a meaning: places of the project's own first."""
    own = [one for one in found if one is not COMPLETED]
    return [*preferred_first(own), *(one for one in found if one is COMPLETED)]


def task_status(choice: PMStatus | None, *, completed: bool) -> tuple[str, str | None]:
    """Unified status of a task and what people see: `completed` decides, then the place.

    An open task in a place for finished ones is still being worked on.
    """
    if completed:
        found = choice if choice is not None and choice.is_closed else COMPLETED
        return found.status, found.name
    if choice is None:
        return TaskStatus.TODO.value, None
    return (TaskStatus.IN_PROGRESS.value if choice.is_closed else choice.status), choice.name


# priorities


def to_priorities(fields: Sequence[FieldInfo], priority_map: Mapping[str, str]) -> list[PMPriority]:
    """Options of the fields that hold priorities, lowest first; options of one name count once.

    Asana's own template lists the highest first: names tell the order, else the place from the end.
    """
    ranks = list(Priority)
    found: dict[str, PMPriority] = {}
    for field in fields:
        last = max(1, len(field.options) - 1)
        for place, one in enumerate(field.options):
            by_place = ranks[round((last - place) * (len(ranks) - 1) / last)]
            meaning = guess_priority(one.name) or by_place
            if one.enabled or one.name.casefold() not in found:
                made = PMPriority(one.id, one.name, meaning.value, is_active=one.enabled)
                found.setdefault(one.name.casefold(), made)
    mapped = with_map(found.values(), priority_map, "priority_map")
    return sorted(mapped, key=lambda one: ranks.index(Priority(one.priority)))
