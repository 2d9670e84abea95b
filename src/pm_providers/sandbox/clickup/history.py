"""What webhooks tell about a change: history items as recorded, and which events a change fires.

One change is told by its own event and by `taskUpdated`, both with the same history item.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pm_providers.sandbox.clickup.records import Status, Task, TaskList, User
from pm_providers.sandbox.clickup.render import person
from pm_providers.sandbox.clickup.state import Event, State

__all__ = [
    "comment",
    "content_side",
    "created",
    "deleted",
    "item",
    "list_item",
    "place_event",
    "status_side",
    "time_spent",
    "told",
]

_EVENTS = {
    "status": "taskStatusUpdated",
    "priority": "taskPriorityUpdated",
    "assignee_add": "taskAssigneeUpdated",
    "assignee_rem": "taskAssigneeUpdated",
    "due_date": "taskDueDateUpdated",
    "tag": "taskTagUpdated",
    "tag_removed": "taskTagUpdated",
    "comment": "taskCommentPosted",
    "time_estimate": "taskTimeEstimateUpdated",
    "time_spent": "taskTimeTrackedUpdated",
    "section_moved": "taskMoved",
}
_REMOVED = {"status": None, "color": "#000000", "type": "removed", "orderindex": -1}


def item(
    state: State, task: Task, user: User, field: str, before: Any, after: Any, **data: Any
) -> dict[str, Any]:
    """One history item; `parent_id` is the list."""
    return {
        "id": state.long_id(),
        "type": 1,
        "date": str(state.now()),
        "field": field,
        "parent_id": task.list_id,
        "data": data,
        "source": None,
        "user": person(user),
        "before": before,
        "after": after,
    }


def told(state: State, task: Task, user: User, field: str, before: Any, after: Any, **data: Any) -> None:
    """Tell about one change of a task."""
    entry = item(state, task, user, field, before, after, **data)
    names = (_EVENTS[field], "taskUpdated") if field in _EVENTS else ("taskUpdated",)
    _emit(state, task, names, (entry,))


def comment(state: State, task: Task, user: User, name: str, comment_id: int, body: dict[str, Any]) -> str:
    """Tell about a comment; the id of the history item."""
    entry = {**item(state, task, user, "comment", None, str(comment_id)), "comment": body}
    names = (name, "taskUpdated") if name == "taskCommentPosted" else (name,)
    _emit(state, task, names, (entry,))
    return str(entry["id"])


def time_spent(state: State, task: Task, user: User, after: dict[str, Any], total: int, text: str) -> None:
    """Tell about tracked time; the payload has a `data` member of its own."""
    sums = {"total_time": str(total), "rollup_time": str(total)}
    entry = item(state, task, user, "time_spent", None, after, **sums)
    data = {"description": text, "interval_id": after["id"]}
    _emit(state, task, ("taskTimeTrackedUpdated", "taskUpdated"), (entry,), data)


def created(state: State, task: Task, user: User) -> None:
    """Tell about a new task: `taskCreated`, and `taskStatusUpdated` with the same items."""
    kind = {"status_type": task.status.type}
    items = (
        item(state, task, user, "status", _REMOVED, status_side(task.status), **kind),
        item(state, task, user, "task_creation", None, None),
    )
    _emit(state, task, ("taskCreated", "taskStatusUpdated"), items)


def deleted(state: State, task: Task) -> None:
    """Tell about a task in the trash: no history, no list."""
    _emit(state, task, ("taskDeleted",), ())


def status_side(status: Status) -> dict[str, Any]:
    """A status before or after a change."""
    return {
        "status": status.status,
        "color": status.color,
        "orderindex": status.orderindex,
        "type": status.type,
    }


def content_side(text: str) -> str | None:
    """A description before or after a change: JSON text of the editor's operations."""
    if not text:
        return None
    return msgspec.json.encode({"ops": [{"insert": f"{text}\n"}]}).decode()


def place_event(
    state: State, kind: str, change: str, row: Any, history: tuple[dict[str, Any], ...] = ()
) -> None:
    """Tell about a list, folder or Space: `change` is Created, Updated or Deleted."""
    path = {f"{kind}:{row.id}"}
    space = row if kind == "space" else state.spaces[row.space_id]
    path.add(f"space:{space.id}")
    if kind == "list":
        path.add(f"folder:{row.folder_id}")
    state.emit(Event((kind + change,), kind, row.id, space.team_id, frozenset(path), history))


def _emit(
    state: State,
    task: Task,
    names: tuple[str, ...],
    items: tuple[dict[str, Any], ...],
    data: dict[str, Any] | None = None,
) -> None:
    home = state.lists[task.list_id]
    path = {
        f"task:{task.id}",
        f"list:{home.id}",
        f"folder:{home.folder_id}",
        f"space:{task.space_id}",
    }
    path |= {f"list:{key}" for key in task.locations}
    state.emit(Event(names, "task", task.id, task.team_id, frozenset(path), items, data or {}))


def list_item(state: State, row: TaskList, user: User, field: str, before: Any, after: Any) -> dict[str, Any]:
    """One history item of a list; `parent_id` is its folder."""
    return {
        "id": state.long_id(),
        "type": 6,
        "date": str(state.now()),
        "field": field,
        "parent_id": row.folder_id,
        "data": {},
        "source": None,
        "user": person(user),
        "before": None if before is None else str(before),
        "after": None if after is None else str(after),
    }
