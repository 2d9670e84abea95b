"""Who may do what: roles, permissions, visibility."""

from __future__ import annotations

from pm_providers.sandbox.openproject.records import Principal, Project, Role, WorkPackage
from pm_providers.sandbox.openproject.state import State

__all__ = [
    "allowed",
    "allowed_anywhere",
    "permissions",
    "project_visible",
    "projects_allowing",
    "roles_in",
    "visible_projects",
    "wp_visible",
]


def roles_in(state: State, user: Principal, project: Project) -> list[Role]:
    """Roles of a user in a project: own and group memberships, else the role of outsiders."""
    groups = [p.id for p in state.principals if p.kind == "Group" and user.id in p.members]
    role_ids = [
        role_id
        for principal_id in (user.id, *groups)
        for m in state.memberships.where("principal_id", principal_id)
        if m.project_id == project.id
        for role_id in m.role_ids
    ]
    if not role_ids and project.public:
        name = "Anonymous" if user.anonymous else "Non member"
        return [role for role in state.roles if role.unit == "builtin" and role.name == name]
    return [role for role in state.roles if role.id in role_ids]


def permissions(state: State, user: Principal, project: Project) -> frozenset[str] | None:
    """Permissions of a user in a project; None means all (administrators)."""
    if not project.active:
        return frozenset()
    if user.admin:
        return None
    return frozenset().union(*(role.permissions for role in roles_in(state, user, project)))


def allowed(state: State, user: Principal, permission: str, project: Project) -> bool:
    """Whether a user has a permission in a project; nobody has any in an archived one."""
    granted = permissions(state, user, project)
    return granted is None or permission in granted


def allowed_anywhere(state: State, user: Principal, permission: str) -> bool:
    """Whether a user has a permission in some project, or by a global role."""
    if user.admin:
        return True
    for membership in state.memberships.where("principal_id", user.id):
        if membership.project_id is None and any(
            permission in state.roles[r].permissions for r in membership.role_ids
        ):
            return True
    return any(allowed(state, user, permission, project) for project in state.projects)


def project_visible(state: State, user: Principal, project: Project | None) -> bool:
    """Administrators see all, also archived ones; others need a role, or a public project."""
    if project is None:
        return False
    return user.admin or bool(project.active and (project.public or roles_in(state, user, project)))


def visible_projects(state: State, user: Principal) -> list[Project]:
    """All projects that a user sees, by id."""
    return [p for p in state.projects if project_visible(state, user, p)]


def projects_allowing(state: State, user: Principal, permission: str) -> set[int]:
    """Ids of the projects in which a user has a permission."""
    return {p.id for p in state.projects if allowed(state, user, permission, p)}


def wp_visible(state: State, user: Principal, row: WorkPackage | None) -> bool:
    """Whether a user may see a work package."""
    return row is not None and allowed(state, user, "view_work_packages", state.projects[row.project_id])
