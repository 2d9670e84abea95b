"""Permissions: what the roles of one scheme allow, and who has them."""

from __future__ import annotations

from pm_providers.sandbox.jira import records
from pm_providers.sandbox.jira.errors import ApiError, forbidden, missing_issue, missing_project
from pm_providers.sandbox.jira.state import State
from pm_providers.sandbox.jira.web import Session

__all__ = [
    "GLOBAL",
    "PERMISSIONS",
    "allowed",
    "browsable",
    "has",
    "is_admin",
    "may_use",
    "need_admin",
    "need_issue",
    "need_permission",
    "need_project",
    "need_project_admin",
]

# key: (name, description); the texts of the API
GLOBAL: dict[str, tuple[str, str]] = {
    "ADMINISTER": (
        "Administer Jira",
        "Create and administer projects, issue types, fields, workflows and schemes.",
    ),
    "SYSTEM_ADMIN": ("Jira System administrators", "Ability to perform all administration functions."),
    "BULK_CHANGE": (
        "Bulk Change",
        "Ability to modify a collection of issues at once. For example, resolve multiple issues in one step.",
    ),
    "USER_PICKER": ("Browse Users", "Ability to select a user or group from a popup window."),
    "CREATE_SHARED_OBJECTS": (
        "Create Shared Objects",
        "Ability to share dashboards and filters with others.",
    ),
    "MANAGE_GROUP_FILTER_SUBSCRIPTIONS": (
        "Manage Group Filter Subscriptions",
        "Ability to manage (create and delete) group filter subscriptions.",
    ),
}
PROJECT: dict[str, tuple[str, str]] = {
    "ADMINISTER_PROJECTS": ("Administer Projects", "Ability to administer a project in Jira."),
    "BROWSE_PROJECTS": ("Browse Projects", "Ability to browse projects and the issues within them."),
    "MANAGE_SPRINTS_PERMISSION": ("Manage sprints", "Ability to manage sprints."),
    "VIEW_READONLY_WORKFLOW": (
        "View Read-Only Workflow",
        "Users with this permission may view a read-only workflow.",
    ),
    "CREATE_ISSUES": ("Create Issues", "Ability to create issues."),
    "EDIT_ISSUES": ("Edit Issues", "Ability to edit issues."),
    "TRANSITION_ISSUES": ("Transition Issues", "Ability to transition issues."),
    "SCHEDULE_ISSUES": ("Schedule Issues", "Ability to view or edit an issue's due date."),
    "MOVE_ISSUES": ("Move Issues", "Ability to move issues between projects or between workflows."),
    "ASSIGN_ISSUES": ("Assign Issues", "Ability to assign issues to other people."),
    "ASSIGNABLE_USER": ("Assignable User", "Users with this permission may be assigned to issues."),
    "RESOLVE_ISSUES": ("Resolve Issues", "Ability to resolve and reopen issues."),
    "CLOSE_ISSUES": ("Close Issues", "Ability to close issues."),
    "MODIFY_REPORTER": (
        "Modify Reporter",
        "Ability to modify the reporter when creating or editing an issue.",
    ),
    "DELETE_ISSUES": ("Delete Issues", "Ability to delete issues."),
    "LINK_ISSUES": ("Link Issues", "Ability to link issues together and create linked issues."),
    "SET_ISSUE_SECURITY": ("Set Issue Security", "Ability to set the level of security on an issue."),
    "VIEW_VOTERS_AND_WATCHERS": (
        "View Voters and Watchers",
        "Ability to view the voters and watchers of an issue.",
    ),
    "MANAGE_WATCHERS": ("Manage Watchers", "Ability to manage the watchers of an issue."),
    "ADD_COMMENTS": ("Add Comments", "Ability to comment on issues."),
    "EDIT_ALL_COMMENTS": ("Edit All Comments", "Ability to edit all comments made on issues."),
    "EDIT_OWN_COMMENTS": ("Edit Own Comments", "Ability to edit own comments made on issues."),
    "DELETE_ALL_COMMENTS": ("Delete All Comments", "Ability to delete all comments made on issues."),
    "DELETE_OWN_COMMENTS": ("Delete Own Comments", "Ability to delete own comments made on issues."),
    "CREATE_ATTACHMENTS": ("Create Attachments", "Users with this permission may create attachments."),
    "DELETE_ALL_ATTACHMENTS": (
        "Delete All Attachments",
        "Users with this permission may delete all attachments.",
    ),
    "DELETE_OWN_ATTACHMENTS": (
        "Delete Own Attachments",
        "Users with this permission may delete own attachments.",
    ),
    "WORK_ON_ISSUES": ("Work On Issues", "Ability to log work done against an issue."),
    "EDIT_ALL_WORKLOGS": ("Edit All Worklogs", "Ability to edit all worklogs made on issues."),
    "EDIT_OWN_WORKLOGS": ("Edit Own Worklogs", "Ability to edit own worklogs made on issues."),
    "DELETE_ALL_WORKLOGS": ("Delete All Worklogs", "Ability to delete all worklogs made on issues."),
    "DELETE_OWN_WORKLOGS": ("Delete Own Worklogs", "Ability to delete own worklogs made on issues."),
}
PERMISSIONS = GLOBAL | PROJECT
ADMIN_ROLE, MEMBER_ROLE, VIEWER_ROLE = 10002, 10004, 10005
ADMIN_RIGHTS = frozenset(PROJECT)
MEMBER_RIGHTS = ADMIN_RIGHTS - {
    "ADMINISTER_PROJECTS",
    "DELETE_ISSUES",
    "MODIFY_REPORTER",
    "EDIT_ALL_COMMENTS",
    "DELETE_ALL_COMMENTS",
    "DELETE_ALL_ATTACHMENTS",
    "EDIT_ALL_WORKLOGS",
    "DELETE_ALL_WORKLOGS",
    "SET_ISSUE_SECURITY",
}
VIEWER_RIGHTS = frozenset(
    {
        "BROWSE_PROJECTS",
        "VIEW_READONLY_WORKFLOW",
        "VIEW_VOTERS_AND_WATCHERS",
        "ADD_COMMENTS",
        "EDIT_OWN_COMMENTS",
    }
)
_READ_ONLY = frozenset(
    {"BROWSE_PROJECTS", "VIEW_READONLY_WORKFLOW", "VIEW_VOTERS_AND_WATCHERS", "ADMINISTER_PROJECTS"}
)


def has(session: Session, permission: str) -> bool:
    """Whether the caller has a global permission."""
    if session.user is None:
        return False
    groups = session.state.settings["global_permissions"].get(permission, ())
    return any(group.id in groups for group in session.state.groups_of(session.user.id))


def is_admin(session: Session) -> bool:
    """Whether the caller may administer the site."""
    return has(session, "ADMINISTER")


def allowed(state: State, user: records.User | None, permission: str, project: records.Project) -> bool:
    """Whether somebody (None: anonymous) has a permission in a project that is not in the trash."""
    if project.state == "deleted" or (user is not None and not user.active):
        return False
    if project.state == "archived" and permission not in _READ_ONLY:
        return False
    return permission in _rights(state, user, project)


def _rights(state: State, user: records.User | None, project: records.Project) -> set[str]:
    found: set[str] = set()
    if user is None:
        return {"BROWSE_PROJECTS"} if project.access == "public" else found
    if project.access in {"open", "public"} and user.account_type == "atlassian":
        found |= MEMBER_RIGHTS if project.access == "open" else VIEWER_RIGHTS
    elif project.access == "limited":
        found |= VIEWER_RIGHTS
    groups = {f"group:{group.id}" for group in state.groups_of(user.id)}
    for role_id, members in project.roles.items():
        role = state.roles.get(role_id)
        if role is not None and (user.id in members or groups & set(members)):
            found |= role.permissions
    return found


def may_use(session: Session, permission: str, project: records.Project) -> bool:
    """Whether the caller has a permission in a project."""
    return allowed(session.state, session.user, permission, project)


def browsable(session: Session) -> list[records.Project]:
    """Live projects that the caller may see, by id."""
    return [p for p in session.state.projects if p.state == "live" and may_use(session, "BROWSE_PROJECTS", p)]


def need_admin(session: Session, message: str = "") -> None:
    """Raise 401 or 403 unless the caller administers the site."""
    if session.account_id and not is_admin(session):
        raise forbidden(
            message or "You must have global administrator rights in order to perform this operation."
        )


def need_project(session: Session, name: str) -> records.Project:
    """The project of this id or key, if the caller may see it.

    Raises:
        ApiError: 404.
    """
    project = session.state.project(name)
    if project is None or not may_use(session, "BROWSE_PROJECTS", project):
        raise missing_project(name)
    return project


def need_project_admin(session: Session, name: str) -> records.Project:
    """The project of this id or key, if the caller may administer it (site administrators may all).

    Raises:
        ApiError: 404 or 403.
    """
    if is_admin(session):
        project = session.state.project(name)
        if project is None:
            raise missing_project(name)
        return project
    project = need_project(session, name)
    if not may_use(session, "ADMINISTER_PROJECTS", project):
        raise forbidden("You do not have permission to administer this project.")
    return project


def need_issue(session: Session, name: str | int) -> records.Issue:
    """The issue of this id, key or former key, if the caller may see it.

    Raises:
        ApiError: 404.
    """
    issue = session.state.issue(name)
    if issue is None or not may_use(session, "BROWSE_PROJECTS", session.state.projects[issue.project_id]):
        raise missing_issue()
    return issue


def need_permission(
    session: Session, permission: str, issue: records.Issue, message: str, status: int = 403
) -> None:
    """Raise 401 or `status` unless the caller has a permission in the issue's project."""
    if not may_use(session, permission, session.state.projects[issue.project_id]):
        _ = session.account_id
        raise ApiError(status, message)
