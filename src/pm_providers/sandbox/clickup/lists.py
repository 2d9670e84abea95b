"""Routes of lists: in folders, and folderless ones in Spaces; adding tasks of other lists to them."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.clickup import history
from pm_providers.sandbox.clickup.access import find_task, folder, member, space, task_list, writer
from pm_providers.sandbox.clickup.checks import MISSING, Fields, read
from pm_providers.sandbox.clickup.containers import make_list, trash_list
from pm_providers.sandbox.clickup.dates import snapped
from pm_providers.sandbox.clickup.errors import bad_input
from pm_providers.sandbox.clickup.records import Folder, TaskList
from pm_providers.sandbox.clickup.render import PRIORITIES, list_form, list_row
from pm_providers.sandbox.clickup.texts import plain
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes

__all__ = ["routes"]

routes = v2_routes()
_NAMES = (
    "name",
    "content",
    "markdown_content",
    "due_date",
    "due_date_time",
    "priority",
    "assignee",
    "status",
)


@routes("GET", "/folder/{folder_id}/list")
def folder_lists(call: Call) -> Reply:
    """Lists of a folder; `archived=true` gives only the archived ones."""
    home = folder(call)
    return _listed(call, call.state.lists.where("folder_id", home.id))


@routes("GET", "/space/{space_id}/list")
def space_lists(call: Call) -> Reply:
    """Folderless lists of a Space, no others."""
    home = space(call)
    rows = call.state.lists.where("space_id", home.id)
    return _listed(call, [row for row in rows if call.state.folders[row.folder_id].hidden])


def _listed(call: Call, rows: list[TaskList]) -> Reply:
    archived = call.flag("archived")
    shown = [list_row(call.state, row) for row in rows if not row.deleted and row.archived == archived]
    return Reply({"lists": shown})


@routes("POST", "/folder/{folder_id}/list")
def create_in_folder(call: Call) -> Reply:
    """A new list in a folder."""
    home = folder(call, write=True)
    return _created(call, home.space_id, home)


@routes("POST", "/space/{space_id}/list")
def create_in_space(call: Call) -> Reply:
    """A new folderless list, in a hidden folder of its own."""
    home = space(call)
    writer(call, home.team_id)
    return _created(call, home.id, None)


def _created(call: Call, space_id: str, home: Folder | None) -> Reply:
    fields = read(call, *_NAMES)
    name = fields.name("List Name Invalid", "SUBCAT_020")
    _unused(call, space_id, home, name, "")
    row = make_list(call.state, space_id, name, home, **_values(call, fields, None))
    history.place_event(call.state, "list", "Created", row)
    return Reply(list_form(call.state, row))


@routes("GET", "/list/{list_id}")
def read_list(call: Call) -> Reply:
    """One list; from the trash too, with `deleted: true` (recorded)."""
    return Reply(list_form(call.state, task_list(call, trash=True)))


@routes("PUT", "/list/{list_id}")
def update_list(call: Call) -> Reply:
    """Change a list; it cannot be moved: `folder_id` is ignored with 200."""
    old = task_list(call, write=True, trash=True)
    fields = read(call, *_NAMES, "unset_status")
    name = fields.name("List Name Invalid", "SUBCAT_020", required=True)
    home = call.state.folders[old.folder_id]
    _unused(call, old.space_id, None if home.hidden else home, name, old.id)
    changes: dict[str, Any] = {"name": name, **_values(call, fields, old)}
    if fields.flag("unset_status", False):
        changes["status"] = ""
    new = call.state.lists.change(old, **changes)
    if new != old:
        history.place_event(call.state, "list", "Updated", new, _history(call, old, new))
    return Reply(list_form(call.state, new))


@routes("DELETE", "/list/{list_id}")
def delete_list(call: Call) -> Reply:
    """Into the trash, with its tasks."""
    row = task_list(call, write=True)
    trash_list(call.state, row)
    home = call.state.folders[row.folder_id]
    if home.hidden:
        call.state.folders.change(home, deleted=True)
    return Reply({})


@routes("POST", "/list/{list_id}/task/{task_id}")
def add_task(call: Call) -> Reply:
    """Show a task in one more list; only with the ClickApp for it.

    Raises:
        ApiError: 400 `SUBCAT_016` without the ClickApp.
    """
    home = task_list(call, write=True)
    row = find_task(call, call.params["task_id"], write=True)
    _multi(call)
    if home.id != row.list_id and home.id not in row.locations:
        new = call.state.tasks.change(
            row, locations=(*row.locations, home.id), updated=max(call.state.now(), row.updated)
        )
        side = {"id": home.id, "name": home.name}
        history.told(call.state, new, call.user, "subcategory_added", None, side)
    return Reply({})


@routes("DELETE", "/list/{list_id}/task/{task_id}")
def remove_task(call: Call) -> Reply:
    """Take a task from a further list; its home it cannot leave this way."""
    home = task_list(call, write=True)
    row = find_task(call, call.params["task_id"], write=True)
    _multi(call)
    if home.id == row.list_id:
        raise bad_input("Task cannot be removed from its home list", "SUBCAT_040")
    if home.id in row.locations:
        new = call.state.tasks.change(
            row,
            locations=tuple(key for key in row.locations if key != home.id),
            updated=max(call.state.now(), row.updated),
        )
        side = {"id": home.id, "name": home.name}
        history.told(call.state, new, call.user, "subcategory_removed", side, None)
    return Reply({})


def _multi(call: Call) -> None:
    if not call.state.multiple_lists:
        raise bad_input("Tasks in multiple lists is not enabled", "SUBCAT_016")


def _unused(call: Call, space_id: str, home: Folder | None, name: str, own: str) -> None:
    """Names are taken once among the lists of a folder, and once among the folderless ones of a Space."""
    state = call.state
    if home is not None:
        rows = state.lists.where("folder_id", home.id)
    else:
        rows = [row for row in state.lists.where("space_id", space_id) if state.folders[row.folder_id].hidden]
    if any(row.name == name and row.id != own and not row.deleted for row in rows):
        raise bad_input("List name taken", "SUBCAT_016")


def _values(call: Call, fields: Fields, old: TaskList | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("markdown_content", "content"):
        text = fields.text(name)
        if text is not MISSING:
            found["content"] = plain(text) if name == "markdown_content" else text
            break
    priority = fields.whole("priority", null=True)
    if priority is not MISSING:
        if priority is not None and priority not in PRIORITIES:
            raise bad_input("Priority invalid", "SUBCAT_018")
        found["priority"] = priority
    status = fields.text("status", null=True)
    if status is not MISSING:
        found["status"] = status or ""
    return found | _assignee(call, fields) | _due(call, fields, old)


def _assignee(call: Call, fields: Fields) -> dict[str, Any]:
    """A number, or `none` to clear; the document wants a number in creates, a text in updates: both do."""
    value = fields.raw("assignee")
    if value is MISSING:
        return {}
    if value is None or value == "none":
        return {"assignee": None}
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise bad_input("assignee must be of type integer", "INPUT_005")
    team_ids = [row.team_id for row in call.state.members.where("user_id", call.user.id)]
    found = next((key for key in team_ids if call.state.role_of(value, key)), team_ids[0])
    return {"assignee": member(call, value, found).id}


def _due(call: Call, fields: Fields, old: TaskList | None) -> dict[str, Any]:
    value = fields.moment("due_date", null=True)
    flag = fields.flag("due_date_time")
    if value is MISSING:
        return {}
    if value is None:
        return {"due": None, "due_time": False}
    timed = flag if flag is not MISSING else (old.due_time if old is not None else False)
    return {"due": value if timed else snapped(value, call.user.timezone), "due_time": timed}


def _history(call: Call, old: TaskList, new: TaskList) -> tuple[dict[str, Any], ...]:
    """`listUpdated` is the only one of its kind with a history."""
    sides = {
        "name": (old.name, new.name),
        "content": (old.content, new.content),
        "due_date": (old.due, new.due),
        "priority": (old.priority, new.priority),
        "assignee": (old.assignee, new.assignee),
        "color": (old.status, new.status),
    }
    return tuple(
        history.list_item(call.state, new, call.user, field, before, after)
        for field, (before, after) in sides.items()
        if before != after
    )
