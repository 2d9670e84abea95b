"""Tasks: one by one, and lists of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pm_providers.sandbox.asana.data import Data, is_gid, read_moment, shown
from pm_providers.sandbox.asana.errors import bad, not_an_id, not_found
from pm_providers.sandbox.asana.paging import listing
from pm_providers.sandbox.asana.placing import insertion, set_parent
from pm_providers.sandbox.asana.records import Section, Task
from pm_providers.sandbox.asana.rights import (
    can_see_task,
    find_project,
    find_row,
    find_task,
    find_user,
    find_workspace,
    need_editor,
)
from pm_providers.sandbox.asana.task_write import change_task, create_task, trash_task
from pm_providers.sandbox.asana.web import Call, Reply, Session, done, record, routes

__all__ = ["find_section", "on"]

on = routes("tasks")
WHICH = (
    "Must specify exactly one of project, tag, section, user task list, or assignee + workspace"  # [recorded]
)


@on("POST", "/tasks")
def create(call: Call) -> Reply:
    """Create a task."""
    return _created(call, create_task(call.session, call.data()))


def _created(call: Call, task: Task) -> Reply:
    return record(call, "task", task, 201, location=f"{call.session.api}/tasks/{task.id}")


@on("GET", "/tasks/{task}")
def one(call: Call) -> Reply:
    """A task, full unless fields are asked for."""
    return record(call, "task", find_task(call.session, call.params["task"]))


@on("PUT", "/tasks/{task}")
def change(call: Call) -> Reply:
    """Change the members that are sent."""
    task = find_task(call.session, call.params["task"])
    need_editor(call.session, task)
    return record(call, "task", change_task(call.session, task, call.data()))


@on("DELETE", "/tasks/{task}")
def delete(call: Call) -> Reply:
    """Put a task into the trash."""
    task = find_task(call.session, call.params["task"])
    need_editor(call.session, task)
    trash_task(call.session, task)
    return done()


@on("GET", "/tasks")
def many(call: Call) -> Reply:
    """Tasks of one project, tag, section or list, or of an assignee."""
    named = [name for name in ("project", "tag", "section", "user_task_list") if call.one(name)]
    assignee, workspace = call.one("assignee"), call.one("workspace")
    if len(named) + bool(assignee) != 1 or (assignee is not None and not workspace):
        raise bad(WHICH)
    if assignee:
        user = find_user(call.session, assignee, "assignee")
        place = find_workspace(call.session, call.gid("workspace") or "")
        rows = [row for row in call.state.tasks.where("assignee", user.id) if row.workspace == place.id]
        return _filtered(call, [row for row in rows if row.trashed is None], visible=False)
    name = named[0]
    return _LISTS[name](call, call.gid(name) or "")


def _of_project(call: Call, gid: str) -> Reply:
    return _filtered(call, call.state.project_tasks(find_project(call.session, gid).id))


def _of_section(call: Call, gid: str) -> Reply:
    return _filtered(call, call.state.tasks_in(find_section(call.session, gid).id))


def _of_tag(call: Call, gid: str) -> Reply:
    tag = find_row("tag", gid, call.state.tags)
    find_workspace(call.session, tag.workspace)
    rows = [row for row in call.state.tasks if gid in row.tags and row.trashed is None]
    return _filtered(call, rows, visible=False)


def _of_list(call: Call, gid: str) -> Reply:
    mine = find_row("user_task_list", gid, call.state.task_lists)
    rows = [row for row in call.state.tasks.where("assignee", mine.user) if row.workspace == mine.workspace]
    return _filtered(call, [row for row in rows if row.trashed is None], visible=False)


_LISTS = {"project": _of_project, "tag": _of_tag, "section": _of_section, "user_task_list": _of_list}


def find_section(session: Session, gid: str, name: str = "section") -> Section:
    """A section of a project that the caller sees."""
    row: Section = find_row(name, gid, session.state.sections)
    if row.project in session.state.projects:
        find_project(session, row.project)
    elif (mine := session.state.task_lists.get(row.project)) is None or mine.user != session.user.id:
        raise not_found(name, gid)
    return row


def _filtered(call: Call, rows: Sequence[Task], *, visible: bool = True) -> Reply:
    """The rows that `completed_since` (`now`: no complete ones) and `modified_since` leave."""
    if not visible:
        rows = [row for row in rows if can_see_task(call.session, row)]
    completed = _since(call, "completed_since")
    if completed is not None:
        rows = [row for row in rows if row.completed_at is None or row.completed_at >= completed]
    modified = _since(call, "modified_since")
    if modified is not None:
        rows = [row for row in rows if row.modified >= modified]
    return listing(call, "task", rows)


def _since(call: Call, name: str) -> datetime | None:
    text = call.one(name)
    if text is None:
        return None
    # a plus sign of an offset that was not encoded arrives as a space
    return call.state.clock.now() if text == "now" else read_moment(name, text.replace(" ", "+"))


@on("GET", "/projects/{project}/tasks")
def of_project(call: Call) -> Reply:
    """Tasks of a project, section by section; subtasks are not among them [spec]."""
    return _of_project(call, call.params["project"])


@on("GET", "/sections/{section}/tasks")
def of_section(call: Call) -> Reply:
    """Tasks of a section."""
    return _of_section(call, call.params["section"])


@on("GET", "/tags/{tag}/tasks")
def of_tag(call: Call) -> Reply:
    """Tasks with a tag."""
    return _of_tag(call, call.params["tag"])


@on("GET", "/user_task_lists/{list}/tasks")
def of_list(call: Call) -> Reply:
    """What stands in somebody's list "My tasks"."""
    return _of_list(call, call.params["list"])


@on("GET", "/tasks/{task}/subtasks")
def subtasks(call: Call) -> Reply:
    """Subtasks in their order."""
    return listing(call, "task", call.state.subtasks(find_task(call.session, call.params["task"]).id))


@on("POST", "/tasks/{task}/subtasks")
def add_subtask(call: Call) -> Reply:
    """Create a task below another."""
    parent = find_task(call.session, call.params["task"])
    need_editor(call.session, parent)
    return _created(call, create_task(call.session, call.data(), parent))


@on("POST", "/tasks/{task}/setParent")
def reparent(call: Call) -> Reply:
    """Put a task below another, or (null) below none."""
    task, data = find_task(call.session, call.params["task"]), call.data()
    need_editor(call.session, task)
    if "parent" not in data:
        raise bad("parent: Missing input")
    gid = data.gid("parent")
    parent = None if gid is None else find_task(call.session, gid, "parent")
    position = None
    if parent is not None:
        order = [key for key in call.state.children.get(parent.id, []) if key != task.id]
        position = insertion(data, order, default=len(order))
    return record(call, "task", set_parent(call.session, task, parent, position))


@on("GET", "/workspaces/{workspace}/tasks/custom_id/{id}")
def by_custom_id(call: Call) -> Reply:
    """A task by the value of an ID field."""
    workspace, wanted = find_workspace(call.session, call.params["workspace"]), call.params["id"]
    fields = [row.id for row in call.state.fields if row.representation == "custom_id"]
    for task in call.state.tasks.where("workspace", workspace.id):
        if task.trashed is None and any(task.custom.get(gid) == wanted for gid in fields):
            return record(call, "task", find_task(call.session, task.id))
    raise not_found("custom_id", shown(wanted))


def gid_list(call: Call, data: Data, name: str) -> list[Task]:
    """Tasks that a body lists by id; they must be there."""
    if name not in data:
        raise bad(f"{name}: Missing input")
    for number, gid in enumerate(data.items(name)):
        if not is_gid(gid):
            raise not_an_id(f"{name}: [{number}]", shown(gid))
    return [find_task(call.session, gid, f"{name}: [{number}]") for number, gid in enumerate(data.gids(name))]
