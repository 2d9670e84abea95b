"""Dependencies (one task waits for another) and plain links between tasks."""

from __future__ import annotations

from pm_providers.sandbox.clickup import history
from pm_providers.sandbox.clickup.access import find_task, task
from pm_providers.sandbox.clickup.checks import MISSING, read
from pm_providers.sandbox.clickup.errors import bad_input
from pm_providers.sandbox.clickup.part_records import Dependency, Link
from pm_providers.sandbox.clickup.records import Task
from pm_providers.sandbox.clickup.state import State
from pm_providers.sandbox.clickup.task_view import TaskView
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes

__all__ = ["routes"]

routes = v2_routes()


@routes("POST", "/task/{task_id}/dependency")
def add_dependency(call: Call) -> Reply:
    """Make the task wait for another (`depends_on`) or another for it (`dependency_of`): one of the two."""
    row = task(call, write=True)
    fields = read(call, "depends_on", "dependency_of")
    waiting, first = _pair(call, row, fields.text("depends_on"), fields.text("dependency_of"))
    if waiting.id == first.id:
        raise bad_input("Task cannot depend on itself", "DEP_010")
    if _reaches(call.state, first.id, waiting.id):
        raise bad_input("Dependency would make a loop", "DEP_011")
    state = call.state
    key = f"{waiting.id}:{first.id}"
    if key not in state.dependencies:
        state.dependencies.put(
            Dependency(
                id=key, task_id=waiting.id, depends_on=first.id, user_id=call.user.id, date=state.now()
            )
        )
        _touched(call, row, "depends_on", first.id if row.id == waiting.id else waiting.id)
    return Reply({})


@routes("DELETE", "/task/{task_id}/dependency")
def remove_dependency(call: Call) -> Reply:
    """Take a dependency away; one of the two parameters says which."""
    row = task(call, write=True)
    depends_on = call.one("depends_on") or MISSING
    dependency_of = call.one("dependency_of") or MISSING
    waiting, first = _pair(call, row, depends_on, dependency_of)
    key = f"{waiting.id}:{first.id}"
    if key not in call.state.dependencies:
        raise bad_input("Dependency not found", "DEP_012")
    call.state.dependencies.remove(key)
    _touched(call, row, "depends_on", None)
    return Reply({})


def _pair(call: Call, row: Task, depends_on: object, dependency_of: object) -> tuple[Task, Task]:
    """The task that waits, and the one that it waits for."""
    if (depends_on is MISSING) == (dependency_of is MISSING):
        raise bad_input("Either depends_on or dependency_of is required", "DEP_001")
    if depends_on is not MISSING:
        return row, find_task(call, str(depends_on))
    return find_task(call, str(dependency_of)), row


def _reaches(state: State, start: str, goal: str) -> bool:
    seen, todo = set(), [start]
    while todo:
        key = todo.pop()
        if key == goal:
            return True
        if key not in seen:
            seen.add(key)
            todo += [row.depends_on for row in state.dependencies.where("task_id", key)]
    return False


@routes("POST", "/task/{task_id}/link/{links_to}")
def add_link(call: Call) -> Reply:
    """Link two tasks; a link that is there already stays as it is."""
    row = task(call, write=True)
    other = find_task(call, call.params["links_to"])
    if row.id == other.id:
        raise bad_input("Task cannot be linked to itself", "LINK_001")
    state = call.state
    if f"{row.id}:{other.id}" not in state.links and f"{other.id}:{row.id}" not in state.links:
        state.links.put(
            Link(
                id=f"{row.id}:{other.id}",
                task_id=row.id,
                other_id=other.id,
                user_id=call.user.id,
                date=state.now(),
            )
        )
        _touched(call, row, "linked_task", other.id)
    return _shown(call, row.id)


@routes("DELETE", "/task/{task_id}/link/{links_to}")
def remove_link(call: Call) -> Reply:
    """Take a link away, whichever of the two made it."""
    row = task(call, write=True)
    other = find_task(call, call.params["links_to"])
    for key in (f"{row.id}:{other.id}", f"{other.id}:{row.id}"):
        call.state.links.remove(key)
    _touched(call, row, "linked_task", None)
    return _shown(call, row.id)


def _shown(call: Call, task_id: str) -> Reply:
    return Reply({"task": TaskView(call.state, call.base_url).created(call.state.tasks[task_id])})


def _touched(call: Call, row: Task, field: str, after: str | None) -> None:
    state = call.state
    new = state.tasks.change(row, updated=max(state.now(), row.updated))
    history.told(state, new, call.user, field, None, after)
