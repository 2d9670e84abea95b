"""Routes of single tasks: read, create, update, delete, merge."""

from __future__ import annotations

from typing import Any

import msgspec

from pm_providers.sandbox.clickup import history
from pm_providers.sandbox.clickup.access import find_task, member, task, task_list
from pm_providers.sandbox.clickup.checks import MISSING, Fields, read
from pm_providers.sandbox.clickup.errors import bad_input
from pm_providers.sandbox.clickup.fields import set_values
from pm_providers.sandbox.clickup.part_records import Link
from pm_providers.sandbox.clickup.plans import PLANS
from pm_providers.sandbox.clickup.records import Space, Task, TaskList
from pm_providers.sandbox.clickup.state import State
from pm_providers.sandbox.clickup.tags import ensure_tag
from pm_providers.sandbox.clickup.task_view import TaskView, fields_of
from pm_providers.sandbox.clickup.task_write import (
    dated,
    described,
    item_type,
    parented,
    people,
    plain_values,
    set_status,
    status_named,
    store,
)
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes

__all__ = ["new_task", "routes", "trash_task"]

routes = v2_routes()
_COMMON = (
    "name",
    "description",
    "markdown_content",
    "markdown_description",
    "assignees",
    "group_assignees",
    "archived",
    "status",
    "priority",
    "due_date",
    "due_date_time",
    "start_date",
    "start_date_time",
    "time_estimate",
    "points",
    "parent",
    "custom_item_id",
    "notify_all",
)
_CREATE = (*_COMMON, "tags", "links_to", "check_required_custom_fields", "custom_fields")
_UPDATE = (*_COMMON, "watchers")


@routes("GET", "/task/{task_id}")
def read_task(call: Call) -> Reply:
    """One task; subtasks and Markdown only where asked."""
    found = task(call)
    markdown = call.flag("include_markdown_description")
    view = TaskView(call.state, call.base_url, markdown=markdown, numbers=True)
    return Reply(view.single(found, subtasks=call.flag("include_subtasks")))


@routes("POST", "/list/{list_id}/task")
def create_task(call: Call) -> Reply:
    """A new task; the answer is the whole task."""
    home = task_list(call, write=True)
    fields = read(call, *_CREATE)
    row = new_task(call, home, fields)
    return Reply(TaskView(call.state, call.base_url).created(call.state.tasks[row.id]))


def new_task(call: Call, home: TaskList, fields: Fields) -> Task:
    """Store what the body says; all of it is checked first.

    Raises:
        ApiError: 400 for the first thing that is wrong.
    """
    state = call.state
    name = fields.name("Task name invalid", "INPUT_005")
    space = state.spaces[home.space_id]
    if fields.flag("check_required_custom_fields", False) is True:
        _check_required(state, home, fields)
    status = fields.text("status")
    assignees = _people(call, fields, space.team_id)
    groups = fields.text_list("group_assignees")
    tags = fields.text_list("tags")
    links_to = fields.text("links_to", null=True)
    linked = find_task(call, links_to) if links_to not in {MISSING, None, ""} else None
    more: dict[str, Any] = {
        **described(fields),
        **dated(call, fields, None, "due_date"),
        **dated(call, fields, None, "start_date"),
        **plain_values(fields),
        **parented(call, fields, home, None),
        **item_type(call, fields, home, create=True),
    }
    chosen = state.statuses_of(home)[0] if status is MISSING else status_named(state, home, status)
    now = state.now()
    task_id, number = state.task_id()
    row = Task(
        id=task_id,
        number=number,
        custom_id=_custom_id(state, space),
        team_id=space.team_id,
        space_id=space.id,
        list_id=home.id,
        name=name,
        status=chosen,
        creator=call.user.id,
        created=now,
        updated=now,
        done=now if chosen.type in {"done", "closed"} else None,
        closed=now if chosen.type == "closed" else None,
        assignees=assignees,
        group_assignees=() if groups is MISSING else tuple(groups),
        watchers=tuple(dict.fromkeys((call.user.id, *assignees))),
        tags=tuple(ensure_tag(call, space.id, tag) for tag in (() if tags is MISSING else tags)),
        status_log=((chosen, now),),
        **more,
    )
    row = msgspec.structs.replace(row, values=set_values(call, row, fields.raw("custom_fields")))
    state.tasks.put(row)
    if linked is not None:
        _link(state, row, linked, call.user.id)
    history.created(state, row, call.user)
    return row


def _custom_id(state: State, space: Space) -> str | None:
    """Given by ClickUp where the ClickApp is on and the plan has it; nobody can write it."""
    prefix = state.custom_prefixes.get(space.id)
    if prefix is None or not PLANS[state.teams[space.team_id].plan].user_estimates:
        return None
    return f"{prefix}-{state.serial(f'custom {prefix}')}"


def _people(call: Call, fields: Fields, team_id: str) -> tuple[int, ...]:
    given = fields.whole_list("assignees")
    if given is MISSING:
        return ()
    return tuple(member(call, key, team_id).id for key in dict.fromkeys(given))


def _check_required(state: State, home: TaskList, fields: Fields) -> None:
    raw = fields.raw("custom_fields", [])
    given = {row.get("id") for row in raw if isinstance(row, dict) and row.get("value") is not None}
    for row in fields_of(state, home.id):
        if row.required and row.id not in given:
            raise bad_input("Required custom fields are missing", "ITEM_241")


def _link(state: State, row: Task, other: Task, user_id: int) -> None:
    state.links.put(
        Link(id=f"{row.id}:{other.id}", task_id=row.id, other_id=other.id, user_id=user_id, date=state.now())
    )


@routes("PUT", "/task/{task_id}")
def update_task(call: Call) -> Reply:
    """Change a task; tags, custom fields and unknown names are ignored without a word."""
    old = task(call, write=True)
    fields = read(call, *_UPDATE)
    home = call.state.lists[old.list_id]
    name = fields.name("Task name invalid", "INPUT_005", required=False)
    status = fields.text("status")
    changes: dict[str, Any] = {} if name is MISSING else {"name": name}
    changes |= described(fields)
    changes |= dated(call, fields, old, "due_date") | dated(call, fields, old, "start_date")
    changes |= plain_values(fields)
    changes |= parented(call, fields, home, old)
    changes |= people(call, fields, old)
    changes |= item_type(call, fields, home, create=False)
    if status is not MISSING:
        changes |= set_status(old, status_named(call.state, home, status), call.state.now())
    new = store(call, old, changes)
    return Reply(TaskView(call.state, call.base_url).single(new))


@routes("DELETE", "/task/{task_id}")
def delete_task(call: Call) -> Reply:
    """Into the trash, with its subtasks; nobody finds it there by id."""
    trash_task(call.state, task(call, write=True))
    return Reply(status=204)


def trash_task(state: State, row: Task) -> None:
    """Put a task and what is below it into the trash."""
    for below in state.tasks.where("parent", row.id):
        if not below.deleted:
            trash_task(state, below)
    state.tasks.change(row, deleted=True, updated=state.now())
    history.deleted(state, row)


@routes("POST", "/task/{task_id}/merge")
def merge_tasks(call: Call) -> Reply:
    """Put others into this task: they vanish, their comments, files and lists move."""
    target = task(call, write=True)
    sources = read(call, "source_task_ids").text_list("source_task_ids")
    if sources is MISSING or not sources:
        raise bad_input("source_task_ids is required", "INPUT_005")
    rows = [find_task(call, key, write=True) for key in dict.fromkeys(sources)]
    if any(row.id == target.id for row in rows):
        raise bad_input("Task cannot be merged into itself", "ITEM_231")
    for row in rows:
        _move_parts(call.state, row.id, target.id)
        trash_task(call.state, row)
    new = call.state.tasks.change(call.state.tasks[target.id], updated=call.state.now())
    return Reply(TaskView(call.state, call.base_url).single(new))


def _move_parts(state: State, source: str, target: str) -> None:
    for comment in state.comments.where("place", f"task:{source}"):
        state.comments.change(comment, place=f"task:{target}")
    for file in state.attachments.where("task_id", source):
        state.attachments.change(file, task_id=target)
    for checklist in state.checklists.where("task_id", source):
        state.checklists.change(checklist, task_id=target)
    for entry in state.times.where("task_id", source):
        state.times.change(entry, task_id=target)
    for below in state.tasks.where("parent", source):
        state.tasks.change(below, parent=target)
