"""The JSON forms of tracked time: each route words the same entry a little differently (recorded, [spec])."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.clickup.part_records import TimeEntry
from pm_providers.sandbox.clickup.render import ms, person, status_form
from pm_providers.sandbox.clickup.web import Call

__all__ = ["created_form", "entry_form", "task_side", "timer_form"]


def task_side(call: Call, row: TimeEntry) -> dict[str, Any] | None:
    """The task of an entry, None without one."""
    task = call.state.tasks.get(row.task_id)
    if task is None:
        return None
    found = {"id": task.id, "name": task.name, "status": status_form(task.status), "custom_type": None}
    return {**found, "custom_id": task.custom_id} if task.custom_id else found


def entry_form(call: Call, row: TimeEntry) -> dict[str, Any]:
    """An entry as read: all numbers are texts; a running timer has a negative duration and no end.

    An entry without a task lacks `task`, and its address ends in `null` (recorded).
    """
    state = call.state
    task = state.tasks.get(row.task_id)
    length = row.end - row.start if row.end is not None else row.start - state.now()
    found: dict[str, Any] = {"id": row.id}
    if task is not None:
        found["task"] = task_side(call, row)
    found |= {
        "wid": row.team_id,
        "user": person(state.users[row.user_id]),
        "billable": row.billable,
        "start": str(row.start),
        "duration": str(length),
        "description": row.description,
        "tags": [_tag(call, row.team_id, name) for name in row.tags],
        "source": row.source,
        "at": str(row.at),
        "is_locked": False,
        "approval_id": None,
        "task_location": _location(call, row),
        "task_url": f"https://app.clickup.com/t/{task.id if task is not None else 'null'}",
    }
    if row.end is not None:
        found["end"] = ms(row.end)
    if call.flag("include_task_tags"):
        found["task_tags"] = [_task_tag(call, task.space_id, name) for name in task.tags] if task else []
    return found


def created_form(call: Call, row: TimeEntry) -> dict[str, Any]:
    """An entry just made: start, duration and `at` are numbers here, `end` is a text (recorded)."""
    found = entry_form(call, row)
    for name in ("source", "approval_id", "task_url"):
        del found[name]
    user = {**found["user"], "timezone": call.state.users[row.user_id].timezone}
    return {
        **found,
        "user": user,
        "start": row.start,
        "duration": int(found["duration"]),
        "at": row.at,
        "task_location": {},
    }


def timer_form(call: Call, row: TimeEntry) -> dict[str, Any]:
    """A timer: the duration is a number, and so is `end` once it is stopped ([spec] examples)."""
    found = entry_form(call, row)
    found["duration"] = int(found["duration"])
    if row.end is not None:
        found["end"] = row.end
    found["at"] = row.at
    return found


def _tag(call: Call, team_id: str, name: str) -> dict[str, Any]:
    row = call.state.time_tags.get(f"{team_id}:{name}")
    if row is None:
        return {"name": name, "tag_fg": "#ffffff", "tag_bg": "#000000", "creator": 0}
    return {"name": row.name, "tag_fg": row.fg, "tag_bg": row.bg, "creator": row.creator}


def _task_tag(call: Call, space_id: str, name: str) -> dict[str, Any]:
    row = call.state.tags[f"{space_id}:{name}"]
    return {"name": row.name, "tag_fg": row.fg, "tag_bg": row.bg, "creator": row.creator}


def _location(call: Call, row: TimeEntry) -> dict[str, Any]:
    state = call.state
    task = state.tasks.get(row.task_id)
    if task is None:
        return {"list_id": None, "folder_id": None, "space_id": None}
    home = state.lists[task.list_id]
    found: dict[str, Any] = {"list_id": home.id, "folder_id": home.folder_id, "space_id": home.space_id}
    if call.flag("include_location_names"):
        found |= {
            "list_name": home.name,
            "folder_name": state.folders[home.folder_id].name,
            "space_name": state.spaces[home.space_id].name,
        }
    return found
