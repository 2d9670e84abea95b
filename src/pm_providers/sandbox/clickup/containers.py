"""Making Spaces, folders and lists: used by the routes and by the data sets."""

from __future__ import annotations

import copy
import hashlib
from typing import Any

from pm_providers.sandbox.clickup import history
from pm_providers.sandbox.clickup.records import Folder, Space, Status, TaskList
from pm_providers.sandbox.clickup.state import State
from pm_providers.sandbox.clickup.tasks import trash_task

__all__ = [
    "DEFAULT_STATUSES",
    "make_folder",
    "make_list",
    "make_space",
    "statuses",
    "trash_folder",
    "trash_list",
]

DEFAULT_STATUSES = (("to do", "open", "#87909e"), ("complete", "closed", "#008844"))
_PRIORITIES = [
    {"color": "#f50000", "id": "1", "orderindex": "1", "priority": "urgent"},
    {"color": "#f8ae00", "id": "2", "orderindex": "2", "priority": "high"},
    {"color": "#6fddff", "id": "3", "orderindex": "3", "priority": "normal"},
    {"color": "#d8d8d8", "id": "4", "orderindex": "4", "priority": "low"},
]
FEATURES: dict[str, Any] = {
    "due_dates": {
        "enabled": True,
        "start_date": True,
        "remap_due_dates": True,
        "remap_closed_due_date": False,
    },
    "sprints": {"enabled": False},
    "time_tracking": {"enabled": True, "harvest": False, "rollup": True, "default_to_billable": 2},
    "points": {"enabled": False},
    "custom_items": {"enabled": False},
    "priorities": {"enabled": True, "priorities": _PRIORITIES},
    "tags": {"enabled": True},
    "milestones": {"enabled": False},
    "remap_dependencies": {"enabled": True},
    "dependency_warning": {"enabled": True},
    "status_pies": {"enabled": False},
    "multiple_assignees": {"enabled": True},
    "emails": {"enabled": True},
    "scheduler_enabled": False,
    "dependency_type_enabled": False,
    "dependency_enforcement": {"enforcement_enabled": False, "enforcement_mode": 0},
    "reschedule_closed_dependencies": {"enabled": True},
}


def statuses(owner: str, rows: tuple[tuple[str, str, str], ...]) -> tuple[Status, ...]:
    """Statuses with ids like `p901511023376_DCnaeiSB`.

    Args:
        owner: `p` and the Space's id, `c` and the folder's, `s` and the list's.
        rows: name, type and colour of each, in their order.
    """
    return tuple(
        Status(
            id=f"{owner}_{hashlib.sha256(f'{owner} {name}'.encode()).hexdigest()[:8]}",
            status=name,
            type=kind,
            orderindex=index,
            color=color,
        )
        for index, (name, kind, color) in enumerate(rows)
    )


def make_space(
    state: State,
    team_id: str,
    name: str,
    *,
    rows: tuple[tuple[str, str, str], ...] = DEFAULT_STATUSES,
    features: dict[str, Any] | None = None,
    **more: Any,
) -> Space:
    """A new Space; `more` are further attributes of it."""
    key = state.place_id("space")
    shown = copy.deepcopy(FEATURES) | (features or {})
    row = Space(
        id=key, team_id=team_id, name=name, statuses=statuses(f"p{key}", rows), features=shown, **more
    )
    return state.spaces.put(row)


def make_folder(state: State, space_id: str, name: str, **more: Any) -> Folder:
    """A new folder; `more` are further attributes of it."""
    order = sum(1 for row in state.folders.where("space_id", space_id) if not row.hidden and not row.deleted)
    row = Folder(id=state.place_id("folder"), space_id=space_id, name=name, **{"orderindex": order, **more})
    return state.folders.put(row)


def make_list(state: State, space_id: str, name: str, folder: Folder | None = None, **more: Any) -> TaskList:
    """A new list; without a folder it gets a hidden one of its own."""
    home = folder or make_folder(state, space_id, "hidden", hidden=True, orderindex=0)
    order = sum(1 for row in state.lists.where("folder_id", home.id) if not row.deleted)
    row = TaskList(
        id=state.place_id("list"),
        folder_id=home.id,
        space_id=space_id,
        name=name,
        **{"orderindex": order, **more},
    )
    return state.lists.put(row)


def trash_list(state: State, row: TaskList) -> None:
    """Put a list and its tasks into the trash; in other lists' tasks it is no place any more."""
    for task in state.tasks_in(row.id):
        if not state.tasks[task.id].deleted:
            trash_task(state, task)
    for task in state.tasks.where("space_id", row.space_id):
        if row.id in task.locations:
            state.tasks.change(task, locations=tuple(key for key in task.locations if key != row.id))
    state.lists.change(row, deleted=True)
    history.place_event(state, "list", "Deleted", row)


def trash_folder(state: State, row: Folder) -> None:
    """Put a folder, what is below it and its lists into the trash."""
    for below in state.folders.where("parent_id", row.id):
        if not below.deleted:
            trash_folder(state, below)
    for each in state.lists.where("folder_id", row.id):
        if not each.deleted:
            trash_list(state, each)
    state.folders.change(row, deleted=True)
    if not row.hidden:
        history.place_event(state, "folder", "Deleted", row)
