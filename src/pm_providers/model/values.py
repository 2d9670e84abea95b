"""Unified values that every provider reads and writes, whatever the vendor calls them."""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "INVERSE_RELATIONS",
    "Entity",
    "Priority",
    "ProjectStatus",
    "RelationType",
    "SprintStatus",
    "TaskStatus",
    "guess_priority",
    "guess_task_status",
]


class Entity(StrEnum):
    """Kinds of objects, as they stand in operation names (`create_task`, `list_time_entries`)."""

    PROJECT = "project"
    TASK = "task"
    SPRINT = "sprint"
    USER = "user"
    COMMENT = "comment"
    LABEL = "label"
    RELATION = "relation"
    ATTACHMENT = "attachment"
    TIME_ENTRY = "time_entry"
    MEMBERSHIP = "membership"
    CHECKLIST = "checklist"
    CHECKLIST_ITEM = "checklist_item"

    @property
    def plural(self) -> str:
        """Plural as it stands in operation names: `tasks`, `time_entries`."""
        return "time_entries" if self is Entity.TIME_ENTRY else f"{self.value}s"


class TaskStatus(StrEnum):
    """Unified status of a task."""

    TODO = "todo"
    IN_PROGRESS = "in_progress"
    BLOCKED = "blocked"
    COMPLETED = "completed"
    CANCELLED = "cancelled"

    @property
    def is_closed(self) -> bool:
        """Whether no work remains: completed or cancelled."""
        return self in {TaskStatus.COMPLETED, TaskStatus.CANCELLED}


class ProjectStatus(StrEnum):
    """Unified status of a project."""

    PLANNING = "planning"
    ACTIVE = "active"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"
    ARCHIVED = "archived"


class SprintStatus(StrEnum):
    """Unified status of a sprint."""

    PLANNED = "planned"
    ACTIVE = "active"
    CLOSED = "closed"


class Priority(StrEnum):
    """Unified priority, lowest first."""

    LOWEST = "lowest"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    HIGHEST = "highest"


class RelationType(StrEnum):
    """Unified relation, read as "from TYPE to". The inverse names are accepted on writing."""

    RELATES = "relates"
    BLOCKS = "blocks"
    PRECEDES = "precedes"
    DUPLICATES = "duplicates"
    INCLUDES = "includes"
    REQUIRES = "requires"


INVERSE_RELATIONS: dict[str, RelationType] = {
    "blocked_by": RelationType.BLOCKS,
    "follows": RelationType.PRECEDES,
    "duplicated_by": RelationType.DUPLICATES,
    "part_of": RelationType.INCLUDES,
    "required_by": RelationType.REQUIRES,
}
"""Inverse name -> the unified type that says the same with both ends swapped."""

_STATUS_WORDS: dict[TaskStatus, tuple[str, ...]] = {
    TaskStatus.CANCELLED: (
        "cancelled", "canceled", "rejected", "won't do", "wont do", "wont fix", "won't fix",
        "duplicate", "obsolete", "abandoned", "declined",
    ),
    TaskStatus.BLOCKED: ("blocked", "on hold", "hold", "waiting", "impeded", "stuck", "paused"),
    TaskStatus.COMPLETED: (
        "done", "closed", "complete", "completed", "resolved", "finished", "released", "shipped",
    ),
    TaskStatus.IN_PROGRESS: (
        "in progress", "doing", "started", "in development", "in review", "review", "in testing",
        "testing", "test", "in specification", "developed", "tested", "test failed", "feedback",
        "active", "ongoing", "working",
    ),
    TaskStatus.TODO: (
        "to do", "todo", "open", "new", "backlog", "to be scheduled", "scheduled", "confirmed",
        "specified", "planned", "ready", "selected for development", "reopened", "triage",
    ),
}  # fmt: skip
_STATUS_BY_WORD = {word: status for status, words in _STATUS_WORDS.items() for word in words}

_PRIORITY_WORDS: dict[Priority, tuple[str, ...]] = {
    Priority.LOWEST: ("lowest", "trivial", "minor", "very low"),
    Priority.LOW: ("low",),
    Priority.MEDIUM: ("medium", "normal", "default", "moderate"),
    Priority.HIGH: ("high", "major", "important"),
    Priority.HIGHEST: ("highest", "immediate", "urgent", "critical", "blocker", "very high"),
}
_PRIORITY_BY_WORD = {word: rank for rank, words in _PRIORITY_WORDS.items() for word in words}


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())


def guess_task_status(name: str) -> TaskStatus | None:
    """Unified status that a vendor's status name commonly means; `None` for an unknown name."""
    return _STATUS_BY_WORD.get(_plain(name))


def guess_priority(name: str) -> Priority | None:
    """Unified priority that a vendor's priority name commonly means; `None` for an unknown one."""
    return _PRIORITY_BY_WORD.get(_plain(name))
