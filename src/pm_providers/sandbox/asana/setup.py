"""Puts people, workspaces, teams and projects into a state without going through the API."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.asana.records import (
    Field,
    FieldSetting,
    Membership,
    Option,
    Project,
    Section,
    TaskList,
    Team,
    TeamMembership,
    Token,
    User,
    Workspace,
    WorkspaceMembership,
)
from pm_providers.sandbox.asana.state import State

__all__ = [
    "add_field",
    "add_member",
    "add_project",
    "add_section",
    "add_setting",
    "add_team",
    "add_user",
    "add_workspace",
]

MY_TASKS = "Recently assigned"


def add_user(state: State, name: str, email: str, *, token: str = "", time_zone: str = "Etc/UTC") -> User:
    """A person, with a personal access token where one is given."""
    row = state.users.put(User(id=state.gid(), name=name, email=email, time_zone=time_zone))
    if token:
        state.tokens[token] = Token(user=row.id)
    return row


def add_workspace(state: State, name: str, *, is_organization: bool = True, domain: str = "") -> Workspace:
    """A workspace without anybody in it."""
    domains = (domain,) if domain else ()
    return state.workspaces.put(
        Workspace(id=state.gid(), name=name, is_organization=is_organization, email_domains=domains)
    )


def add_member(
    state: State, workspace: str, user: str, *, is_admin: bool = False, is_guest: bool = False
) -> WorkspaceMembership:
    """Put a person into a workspace, with a list "My tasks"."""
    mine = state.task_lists.put(TaskList(id=state.gid(), user=user, workspace=workspace))
    add_section(state, mine.id, MY_TASKS)
    return state.workspace_members.put(
        WorkspaceMembership(
            id=state.gid(),
            workspace=workspace,
            user=user,
            is_admin=is_admin,
            is_guest=is_guest,
            created=state.now(),
        )
    )


def add_section(state: State, project: str, name: str) -> Section:
    """A section at the end of a project or list."""
    row = state.sections.put(Section(id=state.gid(), project=project, name=name, created=state.now()))
    state.section_order.setdefault(project, []).append(row.id)
    state.placed[row.id] = []
    return row


def add_team(state: State, workspace: str, name: str, *users: str) -> Team:
    """A team with people in it; the first is its administrator."""
    row = state.teams.put(Team(id=state.gid(), workspace=workspace, name=name))
    for number, user in enumerate(users):
        state.team_members.put(TeamMembership(id=state.gid(), team=row.id, user=user, is_admin=number == 0))
    return row


def add_project(
    state: State,
    workspace: str,
    name: str,
    owner: str,
    *,
    team: str | None = None,
    sections: tuple[str, ...] = ("Untitled section",),
    members: dict[str, str] | None = None,
    **more: Any,
) -> Project:
    """A project with its sections; `members` are users with their access level, the owner administers it."""
    now = state.now()
    row = state.projects.put(
        Project(
            id=state.gid(),
            workspace=workspace,
            name=name,
            owner=owner,
            team=team,
            **{"created": now, "modified": now, "followers": (owner,), **more},
        )
    )
    for user, level in {**(members or {}), owner: "admin"}.items():
        state.members.put(
            Membership(id=state.gid(), parent=row.id, parent_kind="project", member=user, access_level=level)
        )
    for title in sections:
        add_section(state, row.id, title)
    return row


def add_field(
    state: State,
    workspace: str,
    name: str,
    kind: str,
    *,
    options: tuple[tuple[str, str], ...] = (),
    **more: Any,
) -> Field:
    """A custom field; options are pairs of name and colour."""
    made = tuple(Option(id=state.gid(), name=text, color=color) for text, color in options)
    return state.fields.put(
        Field(
            id=state.gid(),
            workspace=workspace,
            name=name,
            kind=kind,
            options=made,
            created=state.now(),
            **more,
        )
    )


def add_setting(
    state: State, parent: str, field: str, *, kind: str = "project", important: bool = False
) -> FieldSetting:
    """Put a field on a project or portfolio."""
    row = state.settings.put(
        FieldSetting(id=state.gid(), parent=parent, parent_kind=kind, field=field, is_important=important)
    )
    state.setting_order.setdefault(parent, []).append(row.id)
    return row
