"""Work in the background: copies of tasks and projects. It is done by the time of the next request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from pm_providers.sandbox.asana.errors import ApiError, bad, not_found
from pm_providers.sandbox.asana.placing import add_to_project, set_parent
from pm_providers.sandbox.asana.records import Job, Project, Task
from pm_providers.sandbox.asana.rights import find_project, find_task
from pm_providers.sandbox.asana.setup import add_project, add_setting
from pm_providers.sandbox.asana.web import Call, Reply, Session, record, routes

__all__ = ["on"]

on = routes()
MAX_JOBS = 5
TASK_PARTS = (
    "assignee",
    "attachments",
    "dates",
    "dependencies",
    "followers",
    "notes",
    "parent",
    "projects",
    "subtasks",
    "tags",
)
PROJECT_PARTS = (
    *("allocations", "forms", "members", "notes", "rule", "task_assignee", "task_attachments", "task_dates"),
    *("task_dependencies", "task_followers", "task_notes", "task_projects", "task_subtasks", "task_tags"),
    "task_templates",
)


def _start(call: Call, subtype: str, made: tuple[str, str], work: Callable[[], None]) -> Reply:
    """Five such jobs of a person may run at once [doc]."""
    state = call.state
    mine = [row for row in state.jobs if row.owner == call.session.user.id and row.status == "in_progress"]
    if len(mine) >= MAX_JOBS:
        raise ApiError(429, "Too many concurrent jobs", headers={"retry-after": "30"})
    job = Job(id=state.gid(), subtype=subtype, owner=call.session.user.id, status="in_progress", made=made)
    job = state.jobs.put(job)

    def finish() -> None:
        work()
        state.jobs.change(state.jobs[job.id], status="succeeded")

    state.jobs_waiting.append((job.id, finish))
    return record(call, "job", job, 201)


@on("GET", "/jobs/{job}", scope="jobs")
def one(call: Call) -> Reply:
    """A job of the caller."""
    row = call.state.jobs.get(call.params["job"])
    if row is None or row.owner != call.session.user.id:
        raise not_found("job", call.params["job"])
    return record(call, "job", row)


def _parts(text: str | None, known: tuple[str, ...]) -> set[str]:
    found = {part.strip() for part in (text or "").split(",") if part.strip()}
    if not found <= set(known):
        raise bad(f"include: Value is not one of the allowed values: {', '.join(known)}")
    return found


@on("POST", "/tasks/{task}/duplicate")
def duplicate_task(call: Call) -> Reply:
    """Copy a task with the named parts."""
    task, data, session = find_task(call.session, call.params["task"]), call.data(), call.session
    name, parts = data.need("name"), _parts(data.text("include"), TASK_PARTS)
    copy = _shell(session, task, name)

    def work() -> None:
        _fill(session, task, copy, parts)

    return _start(call, "duplicate_task", ("task", copy.id), work)


def _shell(session: Session, task: Task, name: str) -> Task:
    state = session.state
    now = state.now()
    row = Task(
        id=state.gid(), workspace=task.workspace, name=name, created=now, modified=now, subtype=task.subtype
    )
    return state.tasks.put(
        msgspec.structs.replace(row, created_by=session.user.id, followers=(session.user.id,))
    )


def _fill(session: Session, task: Task, copy: Task, parts: set[str]) -> None:
    state = session.state
    groups = {
        "assignee": ("assignee",),
        "dates": ("due_on", "due_at", "start_on", "start_at"),
        "followers": ("followers",),
        "notes": ("html_notes",),
        "tags": ("tags",),
    }
    wanted = [name for part in parts for name in groups.get(part, ())]
    copy = state.tasks.change(copy, **{name: getattr(task, name) for name in wanted})
    if "parent" in parts and task.parent is not None:
        copy = set_parent(session, copy, state.tasks[task.parent])
    if "projects" in parts:
        for project, section in task.memberships:
            copy = add_to_project(session, copy, state.projects[project], state.sections[section])
        copy = state.tasks.change(copy, custom=dict(task.custom))
    if "subtasks" in parts:
        for child in state.subtasks(task.id):
            inner = _shell(session, child, child.name)
            set_parent(session, inner, copy)
            _fill(session, child, state.tasks[inner.id], parts - {"parent"})


@on("POST", "/projects/{project}/duplicate")
def duplicate_project(call: Call) -> Reply:
    """Copy a project with its sections, tasks and the named parts."""
    project, data, session = find_project(call.session, call.params["project"]), call.data(), call.session
    name, parts = data.need("name"), _parts(data.text("include"), PROJECT_PARTS)
    state = call.state
    titles = tuple(section.name for section in state.sections_of(project.id))
    more: dict[str, Any] = {"html_notes": project.html_notes} if "notes" in parts else {}
    owner = session.user.id
    copy = add_project(state, project.workspace, name, owner, team=project.team, sections=titles, **more)
    for setting in state.settings_of(project.id):
        add_setting(state, copy.id, setting.field, important=setting.is_important)

    def work() -> None:
        _fill_project(session, project, copy, {part.removeprefix("task_") for part in parts})

    return _start(call, "duplicate_project", ("project", copy.id), work)


def _fill_project(session: Session, project: Project, copy: Project, parts: set[str]) -> None:
    state = session.state
    pairs = zip(state.sections_of(project.id), state.sections_of(copy.id), strict=True)
    for old, new in pairs:
        for task in state.tasks_in(old.id):
            row = _shell(session, task, task.name)
            row = add_to_project(session, row, copy, new)
            _fill(session, task, row, parts - {"projects", "parent"})
