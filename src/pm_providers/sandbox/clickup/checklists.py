"""Checklists of tasks and their items; they are read inside the task."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.clickup import history
from pm_providers.sandbox.clickup.access import find_task, member, task
from pm_providers.sandbox.clickup.checks import MISSING, Fields, read
from pm_providers.sandbox.clickup.errors import bad_input, not_authorized
from pm_providers.sandbox.clickup.part_records import Checklist, ChecklistItem
from pm_providers.sandbox.clickup.task_view import checklist_form
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes

__all__ = ["routes"]

routes = v2_routes()


@routes("POST", "/task/{task_id}/checklist")
def create_checklist(call: Call) -> Reply:
    """A new checklist at the end."""
    home = task(call, write=True)
    name = read(call, "name").name("Checklist name invalid", "CHECKLIST_001")
    rows = call.state.checklists.where("task_id", home.id)
    row = Checklist(
        id=call.state.uuid(),
        task_id=home.id,
        name=name,
        orderindex=len(rows),
        creator=call.user.id,
        created=call.state.now(),
    )
    call.state.checklists.put(row)
    _touched(call, row, "checklists_added", None, name)
    return _shown(call, row)


@routes("PUT", "/checklist/{checklist_id}")
def update_checklist(call: Call) -> Reply:
    """Rename, or move: `position` 0 is the top."""
    row = _checklist(call)
    fields = read(call, "name", "position")
    name = fields.name("Checklist name invalid", "CHECKLIST_001", required=False)
    position = fields.whole("position")
    if name is not MISSING:
        row = call.state.checklists.change(row, name=name)
    if position is not MISSING:
        row = _moved(call, row, position)
    _touched(call, row, "checklist", None, row.name)
    return _shown(call, row)


@routes("DELETE", "/checklist/{checklist_id}")
def delete_checklist(call: Call) -> Reply:
    """Remove a checklist with its items."""
    row = _checklist(call)
    for item in call.state.items.where("checklist_id", row.id):
        call.state.items.remove(item.id)
    call.state.checklists.remove(row.id)
    _touched(call, row, "checklist_removed", row.name, None)
    return Reply({})


@routes("POST", "/checklist/{checklist_id}/checklist_item")
def create_item(call: Call) -> Reply:
    """A new item at the end."""
    row = _checklist(call)
    fields = read(call, "name", "assignee")
    name = fields.name("Checklist item name invalid", "CHECKLIST_002")
    item = ChecklistItem(
        id=call.state.uuid(),
        checklist_id=row.id,
        name=name,
        orderindex=len(call.state.items.where("checklist_id", row.id)),
        created=call.state.now(),
        **_assignee(call, row, fields),
    )
    call.state.items.put(item)
    _touched(call, row, "checklist_items_added", None, name)
    return _shown(call, row)


@routes("PUT", "/checklist/{checklist_id}/checklist_item/{item_id}")
def update_item(call: Call) -> Reply:
    """Rename, assign, tick, or put below another item; `parent` null takes it to the top level."""
    row = _checklist(call)
    item = _item(call, row)
    fields = read(call, "name", "assignee", "resolved", "parent")
    changes: dict[str, Any] = _assignee(call, row, fields)
    name = fields.name("Checklist item name invalid", "CHECKLIST_002", required=False)
    if name is not MISSING:
        changes["name"] = name
    resolved = fields.flag("resolved")
    if resolved is not MISSING:
        changes["resolved"] = resolved
    parent = fields.text("parent", null=True)
    if parent is not MISSING:
        changes["parent"] = _parent(call, row, item, parent)
    call.state.items.change(item, **changes)
    _touched(
        call, row, "checklist_item_resolved" if resolved is not MISSING else "checklist_item", None, item.name
    )
    return _shown(call, row)


@routes("DELETE", "/checklist/{checklist_id}/checklist_item/{item_id}")
def delete_item(call: Call) -> Reply:
    """Remove an item with those below it."""
    row = _checklist(call)
    item = _item(call, row)
    _remove(call, row, item)
    _touched(call, row, "checklist_item_removed", item.name, None)
    return Reply({})


def _checklist(call: Call) -> Checklist:
    row = call.state.checklists.get(call.params["checklist_id"])
    if row is None:
        raise not_authorized()
    find_task(call, row.task_id, write=True)
    return row


def _item(call: Call, row: Checklist) -> ChecklistItem:
    item = call.state.items.get(call.params["item_id"])
    if item is None or item.checklist_id != row.id:
        raise bad_input("Checklist item not found", "CHECKLIST_003")
    return item


def _assignee(call: Call, row: Checklist, fields: Fields) -> dict[str, Any]:
    """A number; updates are documented as a text, so digits in quotes are taken too."""
    value = fields.raw("assignee")
    if value is MISSING:
        return {}
    if value is None:
        return {"assignee": None}
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise bad_input("assignee must be of type integer", "INPUT_005")
    return {"assignee": member(call, value, call.state.tasks[row.task_id].team_id).id}


def _parent(call: Call, row: Checklist, item: ChecklistItem, wanted: str | None) -> str:
    above = call.state.items.get(wanted) if wanted else None
    if wanted and (above is None or above.checklist_id != row.id):
        raise bad_input("Checklist item not found", "CHECKLIST_003")
    line = above
    while line is not None:
        if line.id == item.id:
            raise bad_input("Checklist item cannot be its own parent", "CHECKLIST_004")
        line = call.state.items.get(line.parent) if line.parent else None
    return wanted or ""


def _remove(call: Call, row: Checklist, item: ChecklistItem) -> None:
    for below in call.state.items.where("checklist_id", row.id):
        if below.parent == item.id:
            _remove(call, row, below)
    call.state.items.remove(item.id)


def _moved(call: Call, row: Checklist, position: int) -> Checklist:
    rows = sorted(call.state.checklists.where("task_id", row.task_id), key=lambda each: each.orderindex)
    others = [each for each in rows if each.id != row.id]
    others.insert(max(0, position), row)
    for index, each in enumerate(others):
        call.state.checklists.change(each, orderindex=index)
    return call.state.checklists[row.id]


def _shown(call: Call, row: Checklist) -> Reply:
    return Reply({"checklist": checklist_form(call.state, row)})


def _touched(call: Call, row: Checklist, field: str, before: Any, after: Any) -> None:
    state = call.state
    home = state.tasks[row.task_id]
    new = state.tasks.change(home, updated=max(state.now(), home.updated))
    history.told(state, new, call.user, field, before, after)
