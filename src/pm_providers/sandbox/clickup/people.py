"""Adding people and Workspaces: used by the routes and by the data sets."""

from __future__ import annotations

from pm_providers.sandbox.clickup.records import Member, Team, User
from pm_providers.sandbox.clickup.state import State

__all__ = ["add_team", "add_user", "join", "token_of"]


def token_of(user_id: int, name: str = "SANDBOX") -> str:
    """A personal token; it opens nothing but a sandbox."""
    return f"pk_{user_id}_{name.upper():0<24.24}"


def add_team(state: State, team_id: str, name: str, *, plan: str = "business") -> Team:
    """A Workspace without members."""
    return state.teams.put(Team(id=team_id, name=name, plan=plan))


def add_user(
    state: State, name: str, email: str, *, zone: str = "America/Los_Angeles", token: str = ""
) -> User:
    """A person who may log in with this personal token, or with the one of `token_of`."""
    user = state.users.put(User(id=state.users.next_id(), email=email, username=name, timezone=zone))
    state.tokens[token or token_of(user.id, email.partition("@")[0])] = user.id
    return user


def join(
    state: State,
    team_id: str,
    user_id: int,
    role: int = 3,
    *,
    invited_by: int | None = None,
    joined: bool = True,
) -> Member:
    """Make a person a member of a Workspace; role 1 owner, 2 admin, 3 member, 4 guest."""
    now = state.now()
    return state.members.put(
        Member(
            id=f"{team_id}:{user_id}",
            team_id=team_id,
            user_id=user_id,
            role=role,
            invited=now,
            joined=now if joined else None,
            active=now if joined else None,
            invited_by=invited_by,
        )
    )
