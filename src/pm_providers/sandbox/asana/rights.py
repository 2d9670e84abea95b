"""Who sees and changes what.

What a caller cannot see answers 404 as if it were not there; what he sees and may not change answers 403.
"""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.asana.data import is_gid, shown
from pm_providers.sandbox.asana.errors import forbidden, not_an_id, not_found
from pm_providers.sandbox.asana.records import Portfolio, Project, Task, User, Workspace
from pm_providers.sandbox.asana.web import Session

__all__ = [
    "can_see_project",
    "can_see_task",
    "find_portfolio",
    "find_project",
    "find_row",
    "find_task",
    "find_user",
    "find_workspace",
    "need_editor",
    "need_project_editor",
]

_WRITERS = frozenset({"admin", "editor"})


def find_row(name: str, gid: str, table: Any) -> Any:
    """The record with this id: 400 for what is no id, 404 for an unknown one."""
    if not is_gid(gid):
        raise not_an_id(name, shown(gid))
    row = table.get(gid)
    if row is None:
        raise not_found(name, gid)
    return row


def level(session: Session, project: Project) -> str | None:
    """Access level of the caller: admin, editor, commenter, viewer; None without access."""
    state, user = session.state, session.user.id
    if session.token.kind == "service":
        return "admin"
    mine = state.member_of(project.id, user)
    if mine is not None:
        return mine.access_level
    teams = {row.team for row in state.team_members.where("user", user)}
    shared = [row for row in state.members.where("parent", project.id) if row.member in teams]
    if shared:
        return shared[0].access_level
    place = state.in_workspace(user, project.workspace)
    if place is None:
        return None
    if project.privacy == "private_to_team" and project.team in teams:
        return project.default_access_level
    if project.privacy == "public_to_workspace" and not place.is_guest:
        return project.default_access_level
    return None


def can_see_project(session: Session, gid: str) -> bool:
    """Whether the caller has any access to a project that is not in the trash."""
    known = session.seen.get(gid)
    if known is None:
        row = session.state.projects.get(gid)
        known = row is not None and row.trashed is None and level(session, row) is not None
        session.seen[gid] = known
    return known


def can_see_task(session: Session, task: Task) -> bool:
    """Through a project, as assignee, follower or author, or through the parent task."""
    user = session.user.id
    if session.token.kind == "service" or user in {task.assignee, task.created_by, *task.followers}:
        return session.state.in_workspace(user, task.workspace) is not None
    if any(can_see_project(session, project) for project, _ in task.memberships):
        return True
    parent = session.state.tasks.get(task.parent) if task.parent else None
    return parent is not None and can_see_task(session, parent)


def find_project(session: Session, gid: str, name: str = "project") -> Project:
    """A project that the caller sees."""
    row: Project = find_row(name, gid, session.state.projects)
    if row.trashed is not None or not can_see_project(session, row.id):
        raise not_found(name, gid, gone=row.trashed is not None)
    return row


def find_task(session: Session, gid: str, name: str = "task") -> Task:
    """A task that the caller sees; `external:<gid>` names one by the calling app's own id."""
    if gid.startswith("external:") and session.token.app:
        gid = session.state.uniques.get((session.token.app, gid.removeprefix("external:")), "0")
    row: Task = find_row(name, gid, session.state.tasks)
    if row.trashed is not None or not can_see_task(session, row):
        raise not_found(name, gid, gone=row.trashed is not None)
    return row


def find_user(session: Session, name: str, field: str = "user") -> User:
    """A person by id, e-mail or `me`, who shares a workspace with the caller."""
    state = session.state
    if name == "me":
        return session.user
    row = state.users.get(name) if is_gid(name) else next(iter(state.users.where("email", name)), None)
    if row is None:
        raise not_found(field, shown(name)) if is_gid(name) else not_an_id(field, shown(name))
    mine = {member.workspace for member in state.workspace_members.where("user", session.user.id)}
    if not any(member.workspace in mine for member in state.workspace_members.where("user", row.id)):
        raise not_found(field, shown(name))
    return row


def find_workspace(session: Session, gid: str, name: str = "workspace") -> Workspace:
    """A workspace that the caller is in."""
    row: Workspace = find_row(name, gid, session.state.workspaces)
    if session.state.in_workspace(session.user.id, row.id) is None:
        raise not_found(name, gid)
    return row


def find_portfolio(session: Session, gid: str, name: str = "portfolio") -> Portfolio:
    """A portfolio that the caller sees: public ones, his own, and those he is a member of."""
    row: Portfolio = find_row(name, gid, session.state.portfolios)
    mine = row.public or row.owner == session.user.id or session.token.kind == "service"
    if not mine and session.state.member_of(row.id, session.user.id) is None:
        raise not_found(name, gid)
    if session.state.in_workspace(session.user.id, row.workspace) is None:
        raise not_found(name, gid)
    return row


def need_project_editor(session: Session, project: Project) -> None:
    """403 for a caller who may only read or comment."""
    if level(session, project) not in _WRITERS:
        raise forbidden()


def need_editor(session: Session, task: Task) -> None:
    """403 for a caller who sees a task through projects that he may not change."""
    if not task.memberships or session.user.id in {task.assignee, task.created_by}:
        return
    projects = [session.state.projects[gid] for gid, _ in task.memberships]
    visible = [row for row in projects if can_see_project(session, row.id)]
    if visible and not any(level(session, row) in _WRITERS for row in visible):
        raise forbidden()
