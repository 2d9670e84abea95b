"""Where tasks stand: in sections of projects, and below parent tasks; the order is kept here."""

from __future__ import annotations

from pm_providers.sandbox.asana.data import Data
from pm_providers.sandbox.asana.errors import bad, not_found
from pm_providers.sandbox.asana.happenings import project_scopes, task_event
from pm_providers.sandbox.asana.narrate import tell
from pm_providers.sandbox.asana.records import Project, Section, Task
from pm_providers.sandbox.asana.rights import find_project, need_project_editor
from pm_providers.sandbox.asana.web import Session

__all__ = [
    "MAX_PROJECTS",
    "add_to_project",
    "first_section",
    "index_of",
    "insertion",
    "leave_project",
    "set_parent",
]

MAX_PROJECTS = 20
MAX_LEVELS = 5


def first_section(session: Session, project: Project) -> Section:
    """The section that tasks go to when none is named."""
    return session.state.sections_of(project.id)[0]


def index_of(order: list[str], gid: str, name: str) -> int:
    """Position of a neighbour.

    Raises:
        ApiError: 400 when it is not there.
    """
    if gid not in order:
        raise bad(f"{name}: {gid} is not in the target list")
    return order.index(gid)


def insertion(data: Data, order: list[str], *, default: int) -> int:
    """The position that `insert_before` or `insert_after` name in an order.

    A null `insert_after` is the beginning and a null `insert_before` the end [spec]; without both it is
    `default`.
    """
    before, after = data.gid("insert_before"), data.gid("insert_after")
    if before is not None and after is not None:
        raise bad("You may only provide one of insert_before or insert_after")
    if before is not None:
        return index_of(order, before, "insert_before")
    if after is not None:
        return index_of(order, after, "insert_after") + 1
    if "insert_after" in data:
        return 0
    return len(order) if "insert_before" in data else default


def add_to_project(
    session: Session, task: Task, project: Project, section: Section, position: int | None = None
) -> Task:
    """Put a task into a section (at the end where no position is given), and tell what happened."""
    state = session.state
    old = next((pair[1] for pair in task.memberships if pair[0] == project.id), None)
    order = state.placed.setdefault(section.id, [])
    if old is None and len(task.memberships) >= MAX_PROJECTS:
        raise bad(f"A task can be in at most {MAX_PROJECTS} projects")
    if old is not None and task.id in state.placed[old]:
        at = state.placed[old].index(task.id)
        state.placed[old].remove(task.id)
        if old == section.id and position is not None and at < position:
            position -= 1
    order.insert(len(order) if position is None else position, task.id)
    kept = [pair for pair in task.memberships if pair[0] != project.id]
    spot = next((n for n, pair in enumerate(task.memberships) if pair[0] == project.id), len(kept))
    kept.insert(spot, (project.id, section.id))
    custom = _numbered(session, task, project) if old is None else task.custom
    task = state.tasks.change(task, memberships=tuple(kept), custom=custom)
    if old is None:
        _entered(session, task, project, section)
    elif old != section.id:
        _moved(session, task, state.sections[old], section, project)
    return state.tasks[task.id]


def _numbered(session: Session, task: Task, project: Project) -> dict[str, object]:
    """Ids of custom_id fields are given when a task first meets the field."""
    state, found = session.state, dict(task.custom)
    for setting in state.settings_of(project.id):
        definition = state.fields[setting.field]
        if definition.representation == "custom_id" and definition.id not in found:
            number = state.counters[definition.id] = state.counters.get(definition.id, 0) + 1
            found[definition.id] = f"{definition.id_prefix}-{number}" if definition.id_prefix else str(number)
    return found


def _entered(session: Session, task: Task, project: Project, section: Section) -> None:
    task_event(
        session, "added", task, parent=("project", project), scopes=project_scopes(session.state, project)
    )
    task_event(session, "added", task, parent=("section", section), scopes={section.id})
    tell(
        session,
        task.id,
        "added_to_project",
        f"added this task to {project.name}",
        project=("project", project.id),
    )


def _moved(session: Session, task: Task, old: Section, new: Section, project: Project) -> None:
    task_event(session, "removed", task, parent=("section", old), scopes={old.id})
    task_event(session, "added", task, parent=("section", new), scopes={new.id})
    tell(
        session,
        task.id,
        "section_changed",
        f'moved this Task from "{old.name}" to "{new.name}" in {project.name}',
        old_section=("section", old.id),
        new_section=("section", new.id),
        project=("project", project.id),
    )


def leave_project(session: Session, task: Task, project: Project) -> Task:
    """Take a task out of a project; it goes on to exist [spec]."""
    state = session.state
    section = next((pair[1] for pair in task.memberships if pair[0] == project.id), None)
    if section is None:
        return task
    if task.id in state.placed.get(section, ()):
        state.placed[section].remove(task.id)
    kept = tuple(pair for pair in task.memberships if pair[0] != project.id)
    gone = state.sections[section]
    task = state.tasks.change(task, memberships=kept)
    scopes = project_scopes(state, project) | {section}
    task_event(session, "removed", task, parent=("project", project), scopes=scopes)
    task_event(session, "removed", task, parent=("section", gone), scopes=scopes)
    text = f"removed this task from {project.name}"
    tell(session, task.id, "removed_from_project", text, project=("project", project.id))
    return state.tasks[task.id]


def writable_project(session: Session, gid: str, name: str = "project") -> Project:
    """A project that the caller may change."""
    project = find_project(session, gid, name)
    need_project_editor(session, project)
    return project


def section_in(session: Session, project: Project, gid: str) -> Section:
    """A section of this project.

    Raises:
        ApiError: 404 for an unknown one, 400 for one of another project.
    """
    section = session.state.sections.get(gid)
    if section is None:
        raise not_found("section", gid)
    if section.project != project.id:
        raise bad(f"section: {gid} is not a section of project {project.id}")
    return section


def set_parent(session: Session, task: Task, parent: Task | None, position: int | None = None) -> Task:
    """Make a task a subtask, or take it out; the place among the others is the end, or `position`."""
    state = session.state
    _check_loop(session, task, parent)
    if task.parent is not None:
        old = state.tasks[task.parent]
        if task.id in state.children.get(old.id, ()):
            state.children[old.id].remove(task.id)
        if parent is None or parent.id != old.id:
            task_event(session, "removed", task, parent=("task", old))
    moved = task.parent != (parent.id if parent else None)
    task = state.tasks.change(task, parent=None if parent is None else parent.id, modified=state.now())
    if parent is not None:
        order = state.children.setdefault(parent.id, [])
        order.insert(len(order) if position is None else min(position, len(order)), task.id)
        if moved:
            task_event(session, "added", task, parent=("task", parent))
    return task


def _check_loop(session: Session, task: Task, parent: Task | None) -> None:
    depth = 0
    while parent is not None:
        depth += 1
        if parent.id == task.id:
            raise bad("parent: A task cannot be a subtask of itself or of its own subtasks")
        if depth > MAX_LEVELS:
            raise bad(f"parent: Subtasks can be nested {MAX_LEVELS} levels deep at most")
        parent = session.state.tasks.get(parent.parent) if parent.parent else None
