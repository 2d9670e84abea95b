"""Turns the body of a create or an update into a task, and tells what changed."""

from __future__ import annotations

from typing import Any

import msgspec

from pm_providers.sandbox.clickup import history
from pm_providers.sandbox.clickup.access import find_task, member
from pm_providers.sandbox.clickup.checks import MISSING, Fields
from pm_providers.sandbox.clickup.dates import snapped
from pm_providers.sandbox.clickup.errors import bad_input
from pm_providers.sandbox.clickup.plans import PLANS
from pm_providers.sandbox.clickup.records import Status, Task, TaskList, User
from pm_providers.sandbox.clickup.render import PRIORITIES, person
from pm_providers.sandbox.clickup.state import State
from pm_providers.sandbox.clickup.texts import plain
from pm_providers.sandbox.clickup.web import Call

__all__ = [
    "changed",
    "dated",
    "described",
    "item_type",
    "parented",
    "people",
    "plain_values",
    "set_status",
    "status_named",
    "store",
]

_TOLD = {
    "name": "name",
    "due": "due_date",
    "start": "start_date",
    "estimate": "time_estimate",
    "points": "points",
    "archived": "archived",
    "custom_item_id": "custom_type",
}


def status_named(state: State, home: TaskList, name: str) -> Status:
    """The status of a list with this name, whatever its case.

    Raises:
        ApiError: 400 `ITEM_114` for another name; the statuses of other lists do not help.
    """
    found = next((row for row in state.statuses_of(home) if row.status.lower() == name.lower().strip()), None)
    if found is None:
        raise bad_input("Status does not exist", "ITEM_114")
    return found


def set_status(task: Task, status: Status, now: int) -> dict[str, Any]:
    """What changes with a status: done and closed ones have `date_done`, only closed ones `date_closed`."""
    if status.id == task.status.id and status.status == task.status.status:
        return {}
    done = status.type in {"done", "closed"}
    return {
        "status": status,
        "done": (task.done or now) if done else None,
        "closed": now if status.type == "closed" else None,
        "status_log": (*task.status_log, (status, now)),
    }


def described(fields: Fields) -> dict[str, Any]:
    """The description: Markdown wins over plain text; an empty one is ignored, a space clears it [doc]."""
    for name in ("markdown_content", "markdown_description", "description"):
        text = fields.text(name, null=True)
        if text is MISSING or text is None or text == "":
            continue
        if not text.strip():
            return {"text": "", "markdown": ""}
        return {"text": text if name == "description" else plain(text), "markdown": text}
    return {}


def dated(call: Call, fields: Fields, old: Task | None, name: str) -> dict[str, Any]:
    """A date with its flag: without a time it is 04:00 of the caller's day; no flag keeps the old one."""
    short = name.removesuffix("_date")
    value = fields.moment(name, null=True)
    flag = fields.flag(f"{name}_time")
    if value is MISSING:
        return {}
    if value is None:
        return {short: None, f"{short}_time": False}
    timed = flag if flag is not MISSING else (getattr(old, f"{short}_time") if old is not None else False)
    return {short: value if timed else snapped(value, call.user.timezone), f"{short}_time": timed}


def plain_values(fields: Fields) -> dict[str, Any]:
    """Priority, estimate, points and archiving.

    Raises:
        ApiError: 400 for values that are none of these.
    """
    found: dict[str, Any] = {}
    priority = fields.whole("priority", null=True)
    if priority is not MISSING:
        if priority is not None and priority not in PRIORITIES:
            raise bad_input("Priority invalid", "ITEM_018")
        found["priority"] = priority
    for name, into in (("time_estimate", "estimate"), ("points", "points")):
        value = fields.whole(name, null=True) if name == "time_estimate" else fields.number(name, null=True)
        if value is not MISSING:
            if value is not None and value < 0:
                raise bad_input(f"{name} invalid", "INPUT_005")
            found[into] = value
    if "archived" in fields:
        found["archived"] = fields.flag("archived")
    return found


def item_type(call: Call, fields: Fields, home: TaskList, *, create: bool) -> dict[str, Any]:
    """The task type; uses of others than Task and Milestone count against the plan.

    Raises:
        ApiError: 400 for an unknown type, and `ITEM_246` where the plan allows no more, also by the list's
            default.
    """
    wanted = fields.whole("custom_item_id", null=True)
    if wanted is MISSING:
        if not create:
            return {}
        wanted = home.default_type
    number = wanted or 0
    space = call.state.spaces[home.space_id]
    if number not in {0, 1}:
        if not any(row["id"] == number for row in call.state.custom_items.get(space.team_id, ())):
            raise bad_input("Custom item not found", "ITEM_245")
        team = call.state.teams[space.team_id]
        most = PLANS[team.plan].custom_types
        if most is not None and team.custom_type_uses >= most:
            raise bad_input("Max usage for custom task types reached", "ITEM_246")
        call.state.teams.change(team, custom_type_uses=team.custom_type_uses + 1)
    return {"custom_item_id": number}


def parented(call: Call, fields: Fields, home: TaskList, old: Task | None) -> dict[str, Any]:
    """The parent, which must be in the same list; null is ignored: a subtask stays one.

    Raises:
        ApiError: 400 `ITEM_137` for a parent elsewhere, 400 for one below the task itself.
    """
    wanted = fields.text("parent", null=True)
    if wanted is MISSING or wanted is None or (old is not None and wanted == old.parent):
        return {}
    above = find_task(call, wanted)
    if home.id not in {above.list_id, *above.locations}:
        raise bad_input("Parent not child of list", "ITEM_137")
    if old is not None and old.id in _line(call.state, above):
        raise bad_input("Task cannot be its own parent", "ITEM_136")
    return {"parent": above.id}


def _line(state: State, task: Task) -> set[str]:
    found = {task.id}
    while task.parent and task.parent in state.tasks and task.parent not in found:
        task = state.tasks[task.parent]
        found.add(task.id)
    return found


def people(call: Call, fields: Fields, old: Task) -> dict[str, Any]:
    """Assignees, groups and watchers by what is added and removed.

    Raises:
        ApiError: 400 for a plain list, and for strangers.
    """
    found: dict[str, Any] = {}
    for name, kind in (("assignees", int), ("watchers", int), ("group_assignees", str)):
        pair = fields.delta(name, kind)
        if pair is MISSING:
            continue
        add, rem = pair
        for key in add:
            if kind is int:
                member(call, key, old.team_id)
            elif key not in call.state.groups:
                raise bad_input("Group not found", "GROUP_001")
        kept = (*getattr(old, name), *add)
        found[name] = tuple(key for key in dict.fromkeys(kept) if key not in rem)
    added = [key for key in found.get("assignees", ()) if key not in old.assignees]
    if added:
        watching = (*found.get("watchers", old.watchers), *added)
        found["watchers"] = tuple(dict.fromkeys(watching))
    return found


def changed(old: Task, changes: dict[str, Any]) -> dict[str, Any]:
    """What of the changes is really another value."""
    return {name: value for name, value in changes.items() if getattr(old, name) != value}


def store(call: Call, old: Task, changes: dict[str, Any]) -> Task:
    """Save changes, if there are any, and tell the webhooks."""
    real = changed(old, changes)
    if not real:
        return old
    state = call.state
    new = state.tasks.put(msgspec.structs.replace(old, **real, updated=max(state.now(), old.updated)))
    _tell(state, call.user, old, new, real)
    return new


def _tell(state: State, user: User, old: Task, new: Task, real: dict[str, Any]) -> None:
    for name, field in _TOLD.items():
        if name in real:
            data = {}
            if name in {"due", "start"}:
                flag = f"{name}_time"
                data = {f"{field}_time": getattr(new, flag), f"old_{field}_time": getattr(old, flag)}
            history.told(
                state, new, user, field, _side(getattr(old, name)), _side(getattr(new, name)), **data
            )
    if "status" in real:
        sides = history.status_side(old.status), history.status_side(new.status)
        history.told(state, new, user, "status", *sides, status_type=new.status.type)
    if "priority" in real:
        before = PRIORITIES[old.priority] if old.priority else None
        history.told(state, new, user, "priority", before, PRIORITIES[new.priority] if new.priority else None)
    if "markdown" in real or "text" in real:
        sides_ = history.content_side(old.text), history.content_side(new.text)
        history.told(state, new, user, "content", *sides_)
    if "parent" in real:
        history.told(state, new, user, "parent", old.parent or None, new.parent or None)
    _tell_people(state, user, old, new)


def _tell_people(state: State, user: User, old: Task, new: Task) -> None:
    for key in new.assignees:
        if key not in old.assignees:
            history.told(state, new, user, "assignee_add", None, person(state.users[key]))
    for key in old.assignees:
        if key not in new.assignees:
            history.told(state, new, user, "assignee_rem", person(state.users[key]), None)


def _side(value: Any) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    return str(value)
