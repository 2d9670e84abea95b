"""Turns writes into events: what happened to what, and whose feeds hear of it.

Events bubble up: a project's feed has its tasks, their subtasks and stories [spec].
"""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.asana.records import Project, Story, Task
from pm_providers.sandbox.asana.state import Event, State
from pm_providers.sandbox.asana.web import Session

__all__ = ["emit", "named", "project_event", "project_scopes", "task_event", "task_scopes"]

MAX_UP = 100


def named(kind: str, row: Any) -> dict[str, Any]:
    """A record as events name it."""
    found: dict[str, Any] = {"gid": row.id, "resource_type": kind}
    subtype = getattr(row, "subtype", None)
    if subtype:
        found["resource_subtype"] = subtype
    if kind == "attachment":
        found["resource_subtype"] = row.host
    if hasattr(row, "name"):
        found["name"] = row.name
    return found


def task_scopes(state: State, task: Task) -> set[str]:
    """The task, its parents, all their projects with their portfolios, and the workspace."""
    found: set[str] = {task.workspace}
    current: Task | None = task
    for _ in range(MAX_UP):
        if current is None:
            break
        found.add(current.id)
        for project, _section in current.memberships:
            found.add(project)
        current = state.tasks.get(current.parent) if current.parent else None
    return found


def project_scopes(state: State, project: Project) -> set[str]:
    """The project, its team and workspace, and portfolios that it is in."""
    found = {project.id, project.workspace, *({project.team} if project.team else ())}
    return found | {row.id for row in state.portfolios if project.id in row.items}


def emit(
    session: Session,
    action: str,
    resource: tuple[str, Any],
    parent: tuple[str, Any] | None,
    scopes: set[str],
    workspace: str,
    change: dict[str, Any] | None = None,
) -> None:
    """Record an event by the caller."""
    state = session.state
    state.record(
        Event(
            number=state.event_number + 1,
            at=state.now(),
            user=session.user.id,
            action=action,
            resource=named(*resource),
            parent=None if parent is None else named(*parent),
            change=change,
            scopes=frozenset(scopes),
            workspace=workspace,
        )
    )


def task_event(
    session: Session,
    action: str,
    task: Task,
    *,
    parent: tuple[str, Any] | None = None,
    change: dict[str, Any] | None = None,
    scopes: set[str] | None = None,
) -> None:
    """Record what happened to a task; `scopes` for what it was part of before."""
    heard = task_scopes(session.state, task) | (scopes or set())
    emit(session, action, ("task", task), parent, heard, task.workspace, change)


def story_event(session: Session, action: str, story: Story, task: Task) -> None:
    """Record what happened to a comment or an entry of a task's history."""
    heard = task_scopes(session.state, task) | {story.id}
    emit(session, action, ("story", story), ("task", task), heard, task.workspace)


def project_event(
    session: Session, action: str, project: Project, change: dict[str, Any] | None = None
) -> None:
    """Record what happened to a project."""
    team = session.state.teams.get(project.team) if project.team else None
    parent = ("team", team) if team is not None else None
    emit(
        session,
        action,
        ("project", project),
        parent,
        project_scopes(session.state, project),
        project.workspace,
        change,
    )
