"""Which attributes of a work package a user may write: by permission, by status, by children, by settings."""

from __future__ import annotations

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.records import Principal, WorkPackage
from pm_providers.sandbox.openproject.state import State

__all__ = ["ATTRIBUTES", "EDITING", "computed_names", "done_is_computed", "forbidden_names", "may_edit"]

ATTRIBUTES = {
    "subject": ("subject", "Subject"),
    "description": ("description", "Description"),
    "project_id": ("project", "Project"),
    "type_id": ("type", "Type"),
    "status_id": ("status", "Status"),
    "priority_id": ("priority", "Priority"),
    "assignee_id": ("assignee", "Assignee"),
    "responsible_id": ("responsible", "Accountable"),
    "category_id": ("category", "Category"),
    "version_id": ("version", "Version"),
    "sprint_id": ("sprint", "Sprint"),
    "parent_id": ("parent", "Parent"),
    "start": ("startDate", "Start date"),
    "due": ("dueDate", "Finish date"),
    "duration": ("duration", "Duration"),
    "manual": ("scheduleManually", "Manual scheduling"),
    "ignore_non_working": ("ignoreNonWorkingDays", "Ignore non working days"),
    "estimated_hours": ("estimatedTime", "Estimated time"),
    "remaining_hours": ("remainingTime", "Remaining hours"),
    "done": ("percentageDone", "Progress (%)"),
    "story_points": ("storyPoints", "Story Points"),
}
"""Attribute of the record -> name in the API, name for people."""

_PERMISSIONS = {
    "project_id": "move_work_packages",
    "version_id": "assign_versions",
    "parent_id": "manage_subtasks",
    "sprint_id": "manage_sprint_items",
}
EDITING = ("edit_work_packages", *_PERMISSIONS.values(), "change_work_package_status")
"""Permissions of which one is enough to change something ([code] `update_contract.rb`)."""


def may_edit(state: State, user: Principal, row: WorkPackage) -> bool:
    """Whether a user may change anything of a work package."""
    project = state.projects[row.project_id]
    known = EDITING if state.features.number >= (15, 0) else EDITING[:-1]
    return any(access.allowed(state, user, permission, project) for permission in known)


def forbidden_names(state: State, user: Principal, row: WorkPackage | None, project_id: int) -> set[str]:
    """Attributes that a user may not write for lack of permission; `row` is None for a new work package."""
    project = state.projects[project_id]

    def allowed(permission: str) -> bool:
        return access.allowed(state, user, permission, project)

    general = "edit_work_packages" if row is not None else "add_work_packages"
    names = {name for name in ATTRIBUTES if not allowed(_PERMISSIONS.get(name, general))}
    if row is None:
        return names - {"project_id"}
    if state.features.number >= (15, 0) and allowed("change_work_package_status"):
        names.discard("status_id")
    return names


def computed_names(state: State, row: WorkPackage | None, *, manual: bool) -> set[str]:
    """Attributes that a parent takes from its children, recorded 11-…: steps 40 and 41."""
    names: set[str] = set()
    if row is None or not state.children(row.id):
        return names
    if not manual:
        names |= {"start", "due"}
    if not state.features.progress:
        names |= {"done", "remaining_hours"}
    return names


def done_is_computed(state: State) -> bool:
    """Whether % complete follows from other values: those of the status, or of work and remaining work."""
    return state.settings["done_ratio"] == "status" or not state.features.done_writable
