"""Statuses, priorities, issue types: what the vendor offers, and the unified value that each reads as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pm_providers.model import PMPriority, PMStatus, PMTaskType, TaskStatus, guess_task_status
from pm_providers.toolkit.choices import priority_meaning
from pm_providers.toolkit.documents import Document, identifier, optional_text

__all__ = [
    "EPIC",
    "STANDARD",
    "SUBTASK",
    "IssueType",
    "category",
    "default_type",
    "scope_of",
    "to_issue_type",
    "to_priorities",
    "to_status",
    "to_types",
]

SUBTASK, STANDARD, EPIC = -1, 0, 1
"""Hierarchy levels of issue types; plans may have higher ones."""

_BY_CATEGORY: dict[str, tuple[TaskStatus, ...]] = {
    "new": (TaskStatus.TODO, TaskStatus.BLOCKED),
    "indeterminate": (TaskStatus.IN_PROGRESS, TaskStatus.BLOCKED),
    "done": (TaskStatus.COMPLETED, TaskStatus.CANCELLED),
}
"""Category key -> what statuses in it may mean; the first where the name does not tell."""


@dataclass(frozen=True, slots=True)
class IssueType:
    """An issue type of a project or of the site.

    Attributes:
        id: the vendor's id; names are not unique across team-managed projects.
        name: what people see.
        level: place in the hierarchy: `SUBTASK`, `STANDARD`, `EPIC` or above.
        scope: id of the team-managed project that it belongs to; `None` for all.
    """

    id: str
    name: str
    level: int = STANDARD
    scope: str | None = None


def category(value: Document) -> str:
    """Category key of a status: `new`, `indeterminate`, `done`, or `undefined`."""
    found = value.get("statusCategory")
    key = found.get("key") if isinstance(found, Mapping) else None
    return key if isinstance(key, str) else "undefined"


def to_status(value: Document) -> PMStatus:
    """A status: the category decides, the name tells blocked and cancelled."""
    name = optional_text(value, "name") or ""
    key, guess = category(value), guess_task_status(name)
    allowed = _BY_CATEGORY.get(key, tuple(TaskStatus))
    meaning = guess if guess in allowed and guess is not None else allowed[0]
    return PMStatus(
        id=identifier(value, "status"), name=name, status=meaning.value, is_closed=meaning.is_closed
    )


def to_priorities(values: Sequence[Document]) -> list[PMPriority]:
    """Priorities, lowest first; the vendor lists the highest first."""
    result = []
    for place, value in enumerate(reversed(values)):
        name = optional_text(value, "name") or ""
        result.append(
            PMPriority(
                id=identifier(value, "priority"),
                name=name,
                priority=priority_meaning(name, place, len(values)).value,
                is_default=value.get("isDefault") is True,
            )
        )
    return result


def to_issue_type(value: Document) -> IssueType:
    """An issue type. Data Center tells no level: sub-tasks say that they are, epics are known by name."""
    name = optional_text(value, "name") or ""
    return IssueType(
        id=identifier(value, "issue type"), name=name, level=_level(value, name), scope=scope_of(value)
    )


def _level(value: Document, name: str) -> int:
    told = value.get("hierarchyLevel")
    if isinstance(told, int) and not isinstance(told, bool):
        return told
    if value.get("subtask") is True:
        return SUBTASK
    return EPIC if name.strip().casefold() == "epic" else STANDARD


def scope_of(value: Mapping[str, Any]) -> str | None:
    """Id of the team-managed project that something belongs to."""
    scope = value.get("scope")
    project = scope.get("project") if isinstance(scope, Mapping) else None
    found = project.get("id") if isinstance(project, Mapping) else None
    return None if found is None else str(found)


def default_type(types: Sequence[IssueType], level: int = STANDARD) -> IssueType | None:
    """The type of a level that new tasks get: the one called Task, else the first."""
    fitting = [one for one in types if one.level == level]
    named = [one for one in fitting if one.name.strip().casefold() == "task"]
    return next(iter([*named, *fitting]), None)


def to_types(types: Sequence[IssueType]) -> list[PMTaskType]:
    """Types for people, in the vendor's order."""
    default = default_type(types)
    return [PMTaskType(id=one.id, name=one.name, is_default=one == default) for one in types]
