"""The levels of issue types: what may be whose parent."""

from __future__ import annotations

from pm_providers.sandbox.jira.records import Issue, Project
from pm_providers.sandbox.jira.state import State

__all__ = ["check_parent"]


def check_parent(
    state: State, project: Project, type_id: int, parent: Issue | None, issue: Issue | None
) -> str | None:
    """What is wrong with a parent (None: no parent); None when it may be.

    A parent is one level above; the parent of a sub-task is in the same project.
    """
    level = state.types[type_id].level
    if parent is None:
        return "Issue type is a sub-task but parent issue key or id not specified." if level < 0 else None
    if issue is not None and parent.id == issue.id:
        return "An issue cannot be its own parent."
    if state.types[parent.type_id].level != level + 1:
        return "Given parent work item does not belong to appropriate hierarchy."
    other = state.projects[parent.project_id]
    if other.id != project.id and (level < 0 or "next-gen" in {project.style, other.style}):
        return "Given parent work item does not belong to the same project."
    return None
