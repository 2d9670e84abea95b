"""What hangs a task on other things: projects, sections, tags, dependencies, followers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pm_providers.sandbox.asana.data import Data
from pm_providers.sandbox.asana.errors import bad, missing
from pm_providers.sandbox.asana.happenings import task_event
from pm_providers.sandbox.asana.narrate import tell
from pm_providers.sandbox.asana.paging import listing
from pm_providers.sandbox.asana.placing import (
    add_to_project,
    first_section,
    insertion,
    leave_project,
    section_in,
    writable_project,
)
from pm_providers.sandbox.asana.records import Section, Tag, Task
from pm_providers.sandbox.asana.rights import find_row, find_task, find_user, need_editor
from pm_providers.sandbox.asana.tasks import find_section, gid_list
from pm_providers.sandbox.asana.web import Call, Reply, done, record, routes

__all__ = ["on"]

on = routes("tasks")
MAX_DEPENDENCIES = 30
NEIGHBOUR = "The anchor task must be in the same section"


def _task(call: Call) -> Task:
    task = find_task(call.session, call.params["task"])
    need_editor(call.session, task)
    return task


@on("POST", "/tasks/{task}/addProject")
def add_project(call: Call) -> Reply:
    """Add a task to a project, or move it inside of one."""
    task, data = _task(call), call.data()
    project = writable_project(call.session, data.need_gid("project"))
    named = data.gid("section")
    anchor = data.gid("insert_before") or data.gid("insert_after")
    if named is not None:
        section = section_in(call.session, project, named)
    elif anchor is not None:
        section = _section_of(call, anchor, project.id)
    else:
        section = _current(call, task, project.id) or first_section(call.session, project)
    order = call.state.placed.setdefault(section.id, [])
    add_to_project(call.session, task, project, section, insertion(data, order, default=len(order)))
    return done()


def _current(call: Call, task: Task, project: str) -> Section | None:
    found = next((pair[1] for pair in task.memberships if pair[0] == project), None)
    return None if found is None else call.state.sections[found]


def _section_of(call: Call, anchor: str, project: str) -> Section:
    found = _current(call, find_task(call.session, anchor, "insert"), project)
    if found is None:
        raise bad(NEIGHBOUR)
    return found


@on("POST", "/tasks/{task}/removeProject")
def remove_project(call: Call) -> Reply:
    """Take a task out of a project."""
    task = _task(call)
    project = writable_project(call.session, call.data().need_gid("project"))
    if not any(gid == project.id for gid, _ in task.memberships):
        raise bad(f"project: Task {task.id} is not in project {project.id}")
    leave_project(call.session, task, project)
    return done()


@on("GET", "/tasks/{task}/projects")
def projects(call: Call) -> Reply:
    """Projects that a task is in."""
    task = find_task(call.session, call.params["task"])
    return listing(call, "project", [call.state.projects[gid] for gid, _ in task.memberships])


@on("POST", "/sections/{section}/addTask")
def add_to_section(call: Call) -> Reply:
    """Put a task into a section, at the top unless a neighbour is named [spec]."""
    section, data = find_section(call.session, call.params["section"]), call.data()
    task = find_task(call.session, data.need_gid("task"))
    project = writable_project(call.session, section.project)
    if task.separator:
        raise bad("task: Separators cannot be added to a section")
    order = call.state.placed.setdefault(section.id, [])
    add_to_project(call.session, task, project, section, insertion(data, order, default=0))
    return done()


@on("GET", "/tasks/{task}/tags")
def tags(call: Call) -> Reply:
    """Tags of a task."""
    task = find_task(call.session, call.params["task"])
    return listing(call, "tag", [call.state.tags[gid] for gid in task.tags])


def _tag(call: Call, task: Task) -> Tag:
    tag: Tag = find_row("tag", call.data().need_gid("tag"), call.state.tags)
    if tag.workspace != task.workspace:
        raise bad(f"tag: {tag.id} belongs to another workspace")
    return tag


@on("POST", "/tasks/{task}/addTag")
def add_tag(call: Call) -> Reply:
    """Add a tag; nothing happens when it is there."""
    task = _task(call)
    tag = _tag(call, task)
    if tag.id not in task.tags:
        row = call.state.tasks.change(task, tags=(*task.tags, tag.id))
        _tagged(call, row, tag, "added", f"added to {tag.name}")
    return done()


@on("POST", "/tasks/{task}/removeTag")
def remove_tag(call: Call) -> Reply:
    """Remove a tag."""
    task = _task(call)
    tag = _tag(call, task)
    if tag.id in task.tags:
        row = call.state.tasks.change(task, tags=tuple(gid for gid in task.tags if gid != tag.id))
        _tagged(call, row, tag, "removed", f"removed from {tag.name}")
    return done()


def _tagged(call: Call, task: Task, tag: Tag, action: str, text: str) -> None:
    value = {"gid": tag.id, "resource_type": "tag"}
    change = {"field": "tags", "action": action, f"{action}_value": value}
    task_event(call.session, "changed", task, change=change, scopes={tag.id})
    subtype = "added_to_tag" if action == "added" else "removed_from_tag"
    tell(call.session, task.id, subtype, text, tag=("tag", tag.id))


@on("GET", "/tasks/{task}/dependencies")
def dependencies(call: Call) -> Reply:
    """What a task waits for."""
    return _others(call, "dependencies")


@on("GET", "/tasks/{task}/dependents")
def dependents(call: Call) -> Reply:
    """What waits for a task."""
    return _others(call, "dependents")


def _others(call: Call, name: str) -> Reply:
    task = find_task(call.session, call.params["task"])
    rows = [call.state.tasks[gid] for gid in getattr(task, name)]
    return listing(call, "task", [row for row in rows if row.trashed is None])


def _link(call: Call, waiting: str, first: str) -> None:
    """At most 30 of both kinds together [spec]; no loops."""
    rows = call.state.tasks
    if first in rows[waiting].dependencies:
        return
    if waiting == first or _reaches(call, first, waiting):
        raise bad("Dependencies cannot form a cycle")
    for gid in (waiting, first):
        if len(rows[gid].dependencies) + len(rows[gid].dependents) >= MAX_DEPENDENCIES:
            raise bad(f"A task can have at most {MAX_DEPENDENCIES} dependents and dependencies combined")
    one = rows.change(rows[waiting], dependencies=(*rows[waiting].dependencies, first))
    rows.change(rows[first], dependents=(*rows[first].dependents, waiting))
    _told(call, one, "added", first)
    tell(
        call.session,
        waiting,
        "dependency_added",
        f"marked this task as dependent on {rows[first].name}",
        dependency=("task", first),
    )
    tell(
        call.session,
        first,
        "dependent_added",
        f"marked {rows[waiting].name} as dependent on this task",
        dependency=("task", waiting),
    )


def _told(call: Call, task: Task, action: str, other: str) -> None:
    value = {"gid": other, "resource_type": "task"}
    task_event(
        call.session,
        "changed",
        task,
        change={"field": "dependencies", "action": action, f"{action}_value": value},
    )


def _reaches(call: Call, start: str, wanted: str) -> bool:
    seen, ahead = {start}, [start]
    while ahead:
        for gid in call.state.tasks[ahead.pop()].dependencies:
            if gid == wanted:
                return True
            if gid not in seen:
                seen.add(gid)
                ahead.append(gid)
    return False


def _unlink(call: Call, waiting: str, first: str) -> None:
    rows = call.state.tasks
    if first not in rows[waiting].dependencies:
        return
    one = rows.change(rows[waiting], dependencies=tuple(g for g in rows[waiting].dependencies if g != first))
    rows.change(rows[first], dependents=tuple(g for g in rows[first].dependents if g != waiting))
    _told(call, one, "removed", first)
    tell(
        call.session,
        waiting,
        "dependency_removed",
        f"removed a dependency on {rows[first].name}",
        dependency=("task", first),
    )


def _names(data: Data) -> list[str]:
    if "followers" not in data:
        raise missing("followers")
    return data.names("followers")


@on("POST", "/tasks/{task}/addFollowers")
def add_followers(call: Call) -> Reply:
    """Add people who hear of the task."""
    task = find_task(call.session, call.params["task"])
    found = [find_user(call.session, name, "followers").id for name in _names(call.data())]
    followers = tuple(dict.fromkeys((*task.followers, *found)))
    return _followed(call, task, followers)


@on("POST", "/tasks/{task}/removeFollowers")
def remove_followers(call: Call) -> Reply:
    """Remove people who hear of the task."""
    task = find_task(call.session, call.params["task"])
    found = {find_user(call.session, name, "followers").id for name in _names(call.data())}
    return _followed(call, task, tuple(gid for gid in task.followers if gid not in found))


def _followed(call: Call, task: Task, followers: tuple[str, ...]) -> Reply:
    if followers != task.followers:
        task = call.state.tasks.change(task, followers=followers)
        task_event(call.session, "changed", task, change={"field": "followers", "action": "changed"})
    return record(call, "task", task)


def _relink(call: Call, *, name: str, change: Callable[[Call, str, str], None]) -> Reply:
    """Make a task wait for others (`dependencies`), or others for it, or let them no longer wait."""
    task = _task(call)
    for other in gid_list(call, call.data(), name):
        waiting, first = (task, other) if name == "dependencies" else (other, task)
        change(call, waiting.id, first.id)
    return done()


for _verb, _change in (("add", _link), ("remove", _unlink)):
    for _name in ("dependencies", "dependents"):
        on("POST", f"/tasks/{{task}}/{_verb}{_name.capitalize()}")(
            partial(_relink, name=_name, change=_change)
        )
