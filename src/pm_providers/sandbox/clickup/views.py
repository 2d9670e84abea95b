"""Views of all places; `filters.search` is the only search for words that the API has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pm_providers.sandbox.clickup.access import folder, may_see, place, space, task_list, team
from pm_providers.sandbox.clickup.checks import Fields, read
from pm_providers.sandbox.clickup.errors import bad_input, not_authorized
from pm_providers.sandbox.clickup.part_records import View
from pm_providers.sandbox.clickup.records import Task
from pm_providers.sandbox.clickup.search import indexed, page_of
from pm_providers.sandbox.clickup.state import base36
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes

__all__ = ["find_view", "routes"]

routes = v2_routes()
_PARENTS = {"team": 7, "space": 4, "folder": 5, "list": 6}
_TYPES = frozenset(
    {"list", "board", "calendar", "table", "timeline", "workload", "activity", "map", "conversation", "gantt"}
)
_PARTS = ("grouping", "divide", "sorting", "filters", "columns", "team_sidebar", "settings")
_DEFAULTS: dict[str, Any] = {
    "grouping": {"field": "status", "dir": 1, "collapsed": [], "ignore": False},
    "divide": {"field": None, "dir": None, "collapsed": []},
    "sorting": {"fields": []},
    "filters": {"op": "AND", "fields": [], "search": "", "show_closed": False},
    "columns": {"fields": []},
    "team_sidebar": {"assignees": [], "assigned_comments": False, "unassigned_tasks": False},
    "settings": {
        "show_task_locations": False,
        "show_subtasks": 1,
        "show_subtask_parent_names": False,
        "show_closed_subtasks": False,
        "show_assignees": True,
        "show_images": True,
        "collapse_empty_columns": None,
        "me_comments": True,
        "me_subtasks": True,
        "me_checklists": True,
    },
}


def _of(kind: str) -> None:
    """Views of everything, a Space, a folder, or a list."""

    @routes("GET", f"/{kind}/{{{kind}_id}}/view")
    def listed(call: Call) -> Reply:
        return _listed(call, place(call, kind)[0])

    @routes("POST", f"/{kind}/{{{kind}_id}}/view")
    def create(call: Call) -> Reply:
        return _created(call, *place(call, kind, write=True))


for _kind in _PARENTS:
    _of(_kind)


@routes("GET", "/view/{view_id}")
def read_view(call: Call) -> Reply:
    """One view."""
    return Reply({"view": _form(find_view(call))})


@routes("PUT", "/view/{view_id}")
def update_view(call: Call) -> Reply:
    """Change a view; what is not sent stays."""
    row = find_view(call)
    fields = read(call, "name", "type", "parent", *_PARTS)
    name = fields.text("name")
    body = {**row.body, **_parts(fields)}
    changes: dict[str, Any] = {"body": body}
    if isinstance(name, str) and name:
        changes["name"] = name
    return Reply({"view": _form(call.state.views.change(row, **changes))})


@routes("DELETE", "/view/{view_id}")
def delete_view(call: Call) -> Reply:
    """Remove a view; its tasks stay."""
    call.state.views.remove(find_view(call).id)
    return Reply({})


@routes("GET", "/view/{view_id}/task")
def view_tasks(call: Call) -> Reply:
    """Tasks that a view shows: by place, by words in the name, closed and sub ones as its settings say."""
    row = find_view(call)
    filters, settings = row.body["filters"], row.body["settings"]
    words = str(filters.get("search") or "").lower()
    here = _place(call, row)
    rows = [
        task
        for task in indexed(call)
        if not task.deleted
        and not task.archived
        and here(task)
        and may_see(call, task)
        and (filters.get("show_closed") is True or task.status.type != "closed")
        and (settings.get("show_subtasks") in {2, 3} or not task.parent)
        and words in task.name.lower()
    ]
    rows.sort(key=lambda task: task.number)
    return page_of(call, rows)


def find_view(call: Call) -> View:
    """The view of the path.

    Raises:
        ApiError: 401 for what may not be seen.
    """
    row = call.state.views.get(call.params["view_id"])
    if row is None:
        raise not_authorized()
    kind, _, key = row.place.partition(":")
    checks: dict[str, Callable[[Call, str], Any]] = {
        "team": team,
        "space": space,
        "folder": folder,
        "list": task_list,
    }
    checks[kind](call, key)
    return row


def _place(call: Call, row: View) -> Callable[[Task], bool]:
    kind, _, key = row.place.partition(":")
    lists = call.state.lists
    if kind == "team":
        return lambda task: task.team_id == key
    if kind == "space":
        return lambda task: task.space_id == key
    if kind == "folder":
        return lambda task: lists[task.list_id].folder_id == key
    return lambda task: task.list_id == key or key in task.locations


def _listed(call: Call, place: str) -> Reply:
    rows = call.state.views.where("place", place)
    return Reply({"views": [_form(row) for row in rows]})


def _created(call: Call, place: str, team_id: str) -> Reply:
    fields = read(call, "name", "type", *_PARTS)
    name = fields.name("View name invalid", "VIEW_009")
    kind = fields.text("type")
    if kind not in _TYPES:
        raise bad_input("View type invalid", "VIEW_010")
    number = call.state.serial("view", 107)
    row = View(
        id=f"{base36(int(team_id))}-{number}",
        team_id=team_id,
        place=place,
        name=name,
        type=kind,
        body={**_DEFAULTS, **_parts(fields)},
        creator=call.user.id,
        created=call.state.now(),
    )
    return Reply({"view": _form(call.state.views.put(row))})


def _parts(fields: Fields) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in _PARTS:
        if name in fields:
            value = fields.raw(name)
            if not isinstance(value, dict):
                raise bad_input(f"{name} must be of type object", "INPUT_005")
            found[name] = {**_DEFAULTS[name], **value}
    return found


def _form(row: View) -> dict[str, Any]:
    kind, _, key = row.place.partition(":")
    return {
        "id": row.id,
        "name": row.name,
        "type": row.type,
        "parent": {"id": key, "type": _PARENTS[kind]},
        **{name: row.body[name] for name in _PARTS},
        "date_created": str(row.created),
        "creator": row.creator,
        "visibility": "public",
        "protected": False,
        "protected_note": None,
        "protected_by": None,
        "date_protected": None,
        "orderindex": 0,
    }
