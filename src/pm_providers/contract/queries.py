"""What a list asks for. Built by the public methods, read by the hooks of a provider."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pm_providers.contract.values import check_optional_id

__all__ = ["ListQuery", "TaskQuery", "part_query"]


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A list of projects, sprints, users, labels, memberships, or of the parts of a task.

    Attributes:
        project_id: only this project; `None` for all that the caller may see (memberships: never).
        task_id: only this task (comments, relations, attachments, time entries,
            checklists).
        status: unified value, or a vendor's own name or id (sprints).
        include_archived: archived and trashed records too.
        limit: records that will be taken at most; `None` for all. A hint for page sizes: the base stops.
        window: pages that may be in flight at once; 1 keeps a single page in memory.
    """

    project_id: str | None = None
    task_id: str | None = None
    status: str | None = None
    include_archived: bool = False
    limit: int | None = None
    window: int = 1


@dataclass(frozen=True, slots=True)
class TaskQuery(ListQuery):
    """A list of tasks. All conditions hold together.

    Attributes:
        assignee_id: only tasks assigned to this user.
        sprint_id: only tasks of this sprint.
        updated_since: only tasks changed at or after this instant (UTC).
        text: only tasks that the vendor's search finds for this text.
    """

    assignee_id: str | None = None
    sprint_id: str | None = None
    updated_since: datetime | None = None
    text: str | None = None


def part_query(
    task_id: str | None, limit: int | None, window: int, *, project_id: str | None = None
) -> ListQuery:
    """The list of what stands on a task, or in a project; ids are checked.

    Raises:
        ValidationError: an id is none.
    """
    return ListQuery(
        task_id=check_optional_id(task_id, "task_id"),
        project_id=check_optional_id(project_id, "project_id"),
        limit=limit,
        window=window,
    )
