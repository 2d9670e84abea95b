"""v3: moving a task to another home list, for which v2 has no way.

Where the new list lacks the task's status, a mapping of status ids is needed. The document calls its members
`source_status_id` and `destination_status_id`, the vendor's page on moving `source_status` and
`destination_status`: both are taken.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pm_providers.sandbox.clickup import history
from pm_providers.sandbox.clickup.access import task_list, team, v3_task
from pm_providers.sandbox.clickup.checks import read
from pm_providers.sandbox.clickup.errors import ApiError, V3Error
from pm_providers.sandbox.clickup.records import Status, Task, TaskList
from pm_providers.sandbox.clickup.state import Event, State
from pm_providers.sandbox.clickup.task_view import fields_of
from pm_providers.sandbox.clickup.task_write import set_status
from pm_providers.sandbox.clickup.web import Call, Reply, v3_routes

__all__ = ["routes"]

routes = v3_routes()


@routes("PUT", "/tasks/{task_id}/home_list/{list_id}")
def move(call: Call) -> Reply:
    """Move a task with its subtasks; values of fields that the new list lacks are lost unless moved too.

    Raises:
        V3Error: 404 for a missing task or list, 400 for a status without a mapping.
    """
    team(call, call.params["workspace_id"])
    now = call.state.now()
    row = v3_task(call, call.params["task_id"], write=True)
    try:
        home = task_list(call, write=True)
    except ApiError as error:
        raise V3Error(404 if error.status in {400, 401, 404} else error.status, "Not found", now) from error
    fields = read(call, "move_custom_fields", "custom_fields_to_move", "status_mappings")
    status = _status(call, row, home, fields.raw("status_mappings", []))
    moved = fields.raw("move_custom_fields", False), fields.raw("custom_fields_to_move", [])
    kept = _kept(call.state, row, home, *moved)
    before = _side(call.state, row.list_id)
    new = _moved(call, row, home, status, kept)
    if before["id"] != home.id:
        data = {"mute_notifications": True}
        history.told(call.state, new, call.user, "section_moved", before, _side(call.state, home.id), **data)
        space = f"space:{home.space_id}"
        call.state.emit(Event(("spaceUpdated",), "space", home.space_id, row.team_id, frozenset({space})))
    return Reply({"data": {"task_id": row.id, "new_list_id": home.id}})


def _status(call: Call, row: Task, home: TaskList, mappings: Any) -> Status:
    there = call.state.statuses_of(home)
    same = next((each for each in there if each.status.lower() == row.status.status.lower()), None)
    if same is not None:
        return same
    for part in mappings if isinstance(mappings, list) else []:
        if not isinstance(part, dict):
            continue
        source = part.get("source_status_id", part.get("source_status"))
        target = part.get("destination_status_id", part.get("destination_status"))
        found = next((each for each in there if each.id == target), None)
        if source == row.status.id and found is not None:
            return found
    text = f"Status mapping is required for status {row.status.status}"
    raise V3Error(400, text, call.state.now())


def _kept(state: State, row: Task, home: TaskList, all_of_them: Any, some: Any) -> dict[str, Any]:
    there = {field.id for field in fields_of(state, home.id)}
    wanted = set(some) if isinstance(some, list) else set()
    for field in fields_of(state, row.list_id):
        moves = all_of_them is True or field.id in wanted
        if moves and field.id in row.values and field.id not in there:
            state.fields.put(msgspec.structs.replace(field, place=f"list:{home.id}"))
            there.add(field.id)
    return {key: value for key, value in row.values.items() if key in there}


def _moved(call: Call, row: Task, home: TaskList, status: Status, values: dict[str, Any]) -> Task:
    state = call.state
    now = max(state.now(), row.updated)
    new = state.tasks.change(
        row,
        list_id=home.id,
        space_id=home.space_id,
        values=values,
        locations=tuple(key for key in row.locations if key != home.id),
        updated=now,
        **({"status": status} | set_status(row, status, now)),
    )
    for below in state.tasks.where("parent", row.id):
        if not below.deleted:
            same = next((s for s in state.statuses_of(home) if s.status == below.status.status), status)
            _moved(call, below, home, same, below.values)
    return new


def _side(state: State, list_id: str) -> dict[str, Any]:
    row = state.lists[list_id]
    folder, space = state.folders[row.folder_id], state.spaces[row.space_id]
    return {
        "id": row.id,
        "name": row.name,
        "category": {"id": folder.id, "name": folder.name, "hidden": folder.hidden},
        "project": {"id": space.id, "name": space.name},
    }
