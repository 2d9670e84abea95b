"""A fresh instance: statuses, types, priorities, roles, activities, builtin users, settings."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.openproject.features import Features
from pm_providers.sandbox.openproject.records import (
    Principal,
    Priority,
    Role,
    Status,
    TimeActivity,
    Type,
)
from pm_providers.sandbox.openproject.state import State

__all__ = ["ADMIN_ID", "ANONYMOUS_ID", "DEFAULT_MODULES", "instance_settings", "seed_instance"]

SYSTEM_ID, DELETED_ID, ADMIN_ID, ANONYMOUS_ID = 1, 2, 3, 4
NON_MEMBER, ANONYMOUS, PROJECT_ADMIN, MEMBER, READER, STAFF = 1, 2, 3, 4, 5, 6

DEFAULT_MODULES = frozenset({"costs", "backlogs", "github", "work_package_tracking"})

# Names, closed, color, position as recorded 07-types-statuses-priorities-categories: step 7.
_STATUSES = (
    ("New", False, "#1098AD", 1),
    ("In specification", False, "#A5D8FF", 2),
    ("Specified", False, "#A5D8FF", 3),
    ("Confirmed", False, "#D0BFFF", 4),
    ("To be scheduled", False, "#FFEC99", 5),
    ("Scheduled", False, "#D8F5A2", 6),
    ("In progress", False, "#CC5DE8", 7),
    ("Developed", False, "#8CE99A", 9),
    ("In testing", False, "#22B8CF", 10),
    ("Tested", False, "#12B886", 11),
    ("Test failed", False, "#FF6B6B", 12),
    ("Closed", True, "#DEE2E6", 13),
    ("On hold", False, "#FFC078", 14),
    ("Rejected", True, "#FFA8A8", 15),
)
_PLANNING = (1, 5, 6, 7, 13, 14, 12)
_BUILDING = (1, 2, 3, 7, 8, 9, 10, 11, 13, 14, 12)
_TYPES = (
    ("Task", "#1A67A3", True, False, (1, 7, 13, 14, 12)),
    ("Milestone", "#35C53F", True, True, _PLANNING),
    ("Phase", "#FF922B", True, False, _PLANNING),
    ("Feature", "#5C7CFA", False, False, _BUILDING),
    ("Epic", "#845EF7", False, False, _BUILDING),
    ("User story", "#00B0F0", False, False, _BUILDING),
    ("Bug", "#F03E3E", False, False, (1, 4, 7, 8, 9, 10, 11, 13, 14, 12)),
)
_PRIORITIES = (
    (7, "Low", "#C5F6FA", False),
    (8, "Normal", "#74C0FC", True),
    (9, "High", "#F59F00", False),
    (10, "Immediate", "#CC5DE8", False),
)
_ACTIVITIES = ("Management", "Specification", "Development", "Testing", "Support", "Other")

_SEE = frozenset({"view_project", "view_work_packages"})
_READER = _SEE | {
    "add_work_package_notes",
    "edit_own_work_package_notes",
    "view_members",
    "view_time_entries",
    "view_cost_entries",
    "view_sprints",
}
_MEMBER = _READER | {
    "add_work_packages",
    "edit_work_packages",
    "add_work_package_notes",
    "edit_own_work_package_notes",
    "manage_work_package_relations",
    "manage_subtasks",
    "assign_versions",
    "manage_sprint_items",
    "move_work_packages",
    "export_work_packages",
    "view_work_package_watchers",
    "log_time",
    "log_own_time",
    "edit_own_time_entries",
}
_PROJECT_ADMIN = _MEMBER | {
    "edit_project",
    "manage_members",
    "manage_versions",
    "manage_categories",
    "delete_work_packages",
    "delete_work_package_watchers",
    "add_work_package_watchers",
    "edit_work_package_notes",
    "edit_time_entries",
    "log_time_for_others",
    "add_subprojects",
}
# A member may move to a project only where he may add there as well; Rejected is for project admins,
# recorded 18-work-packages-update-2: steps 31 to 36.
_ROLES = (
    ("Non member", "builtin", _SEE, ()),
    ("Anonymous", "builtin", _SEE, ()),
    ("Project admin", "project", _PROJECT_ADMIN, ()),
    ("Member", "project", _MEMBER, (14,)),
    ("Reader", "project", _READER, (14,)),
    ("Staff and projects manager", "system", frozenset({"add_project", "manage_user"}), ()),
)


def instance_settings(features: Features) -> dict[str, Any]:
    """Settings that an administrator could change; tests may write to `state.settings`."""
    return {
        "instance_name": "OpenProject",
        "installation_uuid": "5ab0b0f0-0000-4000-8000-000000000001",
        "login_required": features.login_required,
        "per_page_options": [20, 100],
        "max_page_size": features.max_page_size,
        "attachment_max_size_kib": 5120,
        "users_deletable_by_admins": False,
        "journal_aggregation_minutes": 5,
        "job_delay_s": 1,
        "story_types": (4, 5, 6, 7),
        "task_type": 1,
        "default_modules": DEFAULT_MODULES,
        "cross_project_relations": True,
        "start_is_add_date": False,
        # "field": % complete is written; "status": it is that of the status
        "done_ratio": "field",
    }


def seed_instance(state: State) -> None:
    """Fill an empty state with what every fresh instance has."""
    state.settings = instance_settings(state.features)
    stamps = state.stamps()
    for number, (name, closed, color, position) in enumerate(_STATUSES, 1):
        values: dict[str, Any] = {
            "closed": closed,
            "color": color,
            "position": position,
            "default": number == 1,
        }
        state.statuses.put(Status(id=number, name=name, **values, **stamps))
    for number, (name, color, default, milestone, status_ids) in enumerate(_TYPES, 1):
        state.types.put(
            Type(
                id=number,
                name=name,
                color=color,
                position=number,
                default=default,
                milestone=milestone,
                status_ids=status_ids,
                **stamps,
            )
        )
    for position, (key, name, color, default) in enumerate(_PRIORITIES, 1):
        state.priorities.put(
            Priority(id=key, name=name, color=color, position=position, default=default, **stamps)
        )
    for number, name in enumerate(_ACTIVITIES, 1):
        row = TimeActivity(id=number, name=name, position=number, default=number == 1, **stamps)
        state.time_activities.put(row)
    for number, (name, unit, granted, forbidden) in enumerate(_ROLES, 1):
        state.roles.put(
            Role(
                id=number,
                name=name,
                unit=unit,
                permissions=frozenset(granted),
                forbidden_status_ids=frozenset(forbidden),
                **stamps,
            )
        )
    _seed_users(state)


def _seed_users(state: State) -> None:
    stamps = state.stamps()
    builtin: dict[str, Any] = {"status": "builtin", "language": "", **stamps}
    state.principals.put(Principal(id=SYSTEM_ID, first="", last="System", admin=True, **builtin))
    state.principals.put(Principal(id=DELETED_ID, first="Deleted", last="user", **builtin))
    state.principals.put(
        Principal(
            id=ADMIN_ID,
            login="admin",
            first="OpenProject",
            last="Admin",
            email="admin@example.net",
            admin=True,
            **stamps,
        )
    )
    state.principals.put(Principal(id=ANONYMOUS_ID, first="", last="Anonymous", **builtin))
