"""How people, workspaces and teams look."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.asana.fields import Ref, define, refs
from pm_providers.sandbox.asana.records import Team, TeamMembership, User, Workspace, WorkspaceMembership
from pm_providers.sandbox.asana.rich_text import to_text
from pm_providers.sandbox.asana.web import APP, Session, stamp

__all__ = ["user_ref", "user_refs", "workspace_ref"]

TEAM_ACCESS = {
    "edit_team_name_or_description_access_level": "all_team_members",
    "edit_team_visibility_or_trash_team_access_level": "all_team_members",
    "member_invite_management_access_level": "all_team_members",
    "guest_invite_management_access_level": "all_team_members",
    "join_request_management_access_level": "all_team_members",
    "team_member_removal_access_level": "all_team_members",
    "team_content_management_access_level": "no_restriction",
}


def user_ref(session: Session, gid: str | None) -> Ref | None:
    """A person, None for none."""
    return None if gid is None else Ref("user", session.state.users[gid])


def user_refs(session: Session, gids: tuple[str, ...]) -> list[Ref]:
    """Some people."""
    return [Ref("user", session.state.users[gid]) for gid in gids]


def workspace_ref(session: Session, gid: str) -> Ref:
    """A workspace."""
    return Ref("workspace", session.state.workspaces[gid])


def _user_workspaces(session: Session, row: User) -> list[Ref]:
    mine = {member.workspace for member in session.state.workspace_members.where("user", session.user.id)}
    rows = session.state.workspace_members.where("user", row.id)
    return [workspace_ref(session, member.workspace) for member in rows if member.workspace in mine]


def _is_admin(_session: Session, row: WorkspaceMembership) -> bool:
    return row.is_admin


def _task_list(session: Session, row: WorkspaceMembership) -> Any:
    found = session.state.task_list(row.user, row.workspace)
    return None if found is None else Ref("user_task_list", found)


def _team_settings(_session: Session, _row: Team) -> list[Any]:
    return []


define(
    "user",
    {
        "name": lambda _s, row: row.name,
        "email": lambda _s, row: row.email,
        "photo": lambda _s, row: row.photo,
        "workspaces": _user_workspaces,
    },
)
define(
    "workspace",
    {
        "name": lambda _s, row: row.name,
        "is_organization": lambda _s, row: row.is_organization,
        "email_domains": lambda _s, row: list(row.email_domains),
    },
)
define(
    "workspace_membership",
    {
        "user": lambda s, row: user_ref(s, row.user),
        "workspace": lambda s, row: workspace_ref(s, row.workspace),
        "user_task_list": _task_list,
        "is_active": lambda s, row: s.state.users[row.user].active,
        "is_admin": _is_admin,
        "is_guest": lambda _s, row: row.is_guest,
        "is_view_only": lambda _s, _row: False,
        "vacation_dates": lambda _s, _row: None,
        "created_at": lambda _s, row: stamp(row.created),
    },
    compact=("resource_type", "user", "workspace"),
)


def _access(name: str) -> Any:
    return lambda _s, row: row.access.get(name, TEAM_ACCESS[name])


define(
    "team",
    {
        "name": lambda _s, row: row.name,
        "description": lambda _s, row: to_text(row.html_description),
        "html_description": lambda _s, row: row.html_description,
        "organization": lambda s, row: workspace_ref(s, row.workspace),
        "permalink_url": lambda _s, row: f"{APP}/0/{row.id}",
        "visibility": lambda _s, row: row.visibility,
        **{name: _access(name) for name in TEAM_ACCESS},
        "endorsed": lambda _s, _row: False,
        "custom_field_settings": _team_settings,
    },
)


def _team(session: Session, row: TeamMembership) -> Ref:
    return Ref("team", session.state.teams[row.team])


define(
    "team_membership",
    {
        "user": lambda s, row: user_ref(s, row.user),
        "team": _team,
        "is_guest": lambda _s, row: row.is_guest,
        "is_limited_access": lambda _s, _row: False,
        "is_admin": lambda _s, row: row.is_admin,
    },
    compact=("resource_type", "user", "team", "is_guest", "is_limited_access", "is_admin"),
)
define(
    "user_task_list",
    {
        "name": lambda s, row: (
            f"{s.state.users[row.user].name}'s tasks in {s.state.workspaces[row.workspace].name}"
        ),
        "owner": lambda s, row: user_ref(s, row.user),
        "workspace": lambda s, row: workspace_ref(s, row.workspace),
    },
    compact=("name", "resource_type", "owner", "workspace"),
)


def workspaces_of(session: Session) -> list[Workspace]:
    """Workspaces of the caller, by id."""
    rows = session.state.workspace_members.where("user", session.user.id)
    return sorted((session.state.workspaces[row.workspace] for row in rows), key=lambda row: row.id)


def member_refs(session: Session, parent: str) -> list[Ref]:
    """People with access to a project or portfolio of their own."""
    rows = session.state.members.where("parent", parent)
    return refs("user", [session.state.users[row.member] for row in rows if row.member_kind == "user"])
