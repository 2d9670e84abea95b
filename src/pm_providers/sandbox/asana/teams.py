"""Teams of an organization and their members."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.asana.data import Data
from pm_providers.sandbox.asana.errors import bad
from pm_providers.sandbox.asana.happenings import emit
from pm_providers.sandbox.asana.mentions import read_text
from pm_providers.sandbox.asana.paging import listing
from pm_providers.sandbox.asana.people import by_name, wanted_user
from pm_providers.sandbox.asana.records import Team, TeamMembership
from pm_providers.sandbox.asana.rights import find_row, find_user, find_workspace
from pm_providers.sandbox.asana.view_people import TEAM_ACCESS
from pm_providers.sandbox.asana.web import Call, Reply, done, record, routes

__all__ = ["on"]

on = routes("teams")
MAX_USERS = 2_000
VISIBILITY = ("secret", "request_to_join", "public")


def _team(call: Call, gid: str | None = None) -> Team:
    row: Team = find_row("team", gid or call.params["team"], call.state.teams)
    find_workspace(call.session, row.workspace, "team")
    return row


def _join(call: Call, team: Team, user: str, *, is_admin: bool = False) -> TeamMembership:
    rows = call.state.team_members.where("team", team.id)
    found = next((row for row in rows if row.user == user), None)
    if found is not None:
        return found
    row = TeamMembership(id=call.state.gid(), team=team.id, user=user, is_admin=is_admin)
    row = call.state.team_members.put(row)
    scopes = {team.id, team.workspace}
    emit(call.session, "added", ("team_membership", row), ("team", team), scopes, team.workspace)
    return row


def _changes(call: Call, data: Data) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "name" in data:
        found["name"] = data.need("name")
    text = read_text(call.session, data, "description", "html_description")
    if text is not None:
        found["html_description"] = text
    visibility = data.choice("visibility", VISIBILITY)
    if visibility is not None:
        found["visibility"] = visibility
    access = {name: data.text(name) or "" for name in TEAM_ACCESS if name in data}
    if access:
        found["access"] = access
    return found


@on("POST", "/teams")
def create(call: Call) -> Reply:
    """Create a team; the caller becomes its administrator."""
    data, state = call.data(), call.state
    place = find_workspace(call.session, data.need_gid("organization"), "organization")
    if not place.is_organization:
        raise bad("organization: Teams can only be created in organizations")
    row = state.teams.put(Team(id=state.gid(), workspace=place.id, name=data.need("name")))
    row = state.teams.change(row, **_changes(call, data))
    _join(call, row, call.session.user.id, is_admin=True)
    return record(call, "team", row, 201)


@on("GET", "/teams/{team}")
def one(call: Call) -> Reply:
    """A team."""
    return record(call, "team", _team(call))


@on("PUT", "/teams/{team}")
def change(call: Call) -> Reply:
    """Change the members that are sent."""
    row, data = _team(call), call.data()
    data.refuse(("gid", "resource_type", "organization"))
    changes = _changes(call, data)
    if "access" in changes:
        changes["access"] = {**row.access, **changes["access"]}
    return record(call, "team", call.state.teams.change(row, **changes))


@on("GET", "/workspaces/{workspace}/teams")
def of_workspace(call: Call) -> Reply:
    """Teams of an organization, by name."""
    place = find_workspace(call.session, call.params["workspace"])
    rows = call.state.teams.where("workspace", place.id)
    return listing(call, "team", sorted(rows, key=lambda row: (row.name.lower(), row.id)))


@on("GET", "/users/{user}/teams")
def of_user(call: Call) -> Reply:
    """Teams of a person in an organization."""
    user, place = (
        find_user(call.session, call.params["user"]),
        find_workspace(call.session, call.need("organization")),
    )
    rows = [call.state.teams[row.team] for row in call.state.team_members.where("user", user.id)]
    return listing(call, "team", [row for row in rows if row.workspace == place.id])


@on("GET", "/teams/{team}/users", scope="users")
def users(call: Call) -> Reply:
    """People of a team by name, 2,000 at most [spec]."""
    rows = call.state.team_members.where("team", _team(call).id)
    return listing(call, "user", by_name([call.state.users[row.user] for row in rows]), cap=MAX_USERS)


@on("POST", "/teams/{team}/addUser")
def add_user(call: Call) -> Reply:
    """Add a person."""
    user = find_user(call.session, call.data().need("user"))
    return record(call, "team_membership", _join(call, _team(call), user.id))


@on("POST", "/teams/{team}/removeUser")
def remove_user(call: Call) -> Reply:
    """Remove a person."""
    team, user = _team(call), find_user(call.session, call.data().need("user"))
    for row in call.state.team_members.where("team", team.id):
        if row.user == user.id:
            call.state.team_members.remove(row.id)
            scopes = {team.id, team.workspace}
            emit(call.session, "deleted", ("team_membership", row), ("team", team), scopes, team.workspace)
    return done()


@on("GET", "/team_memberships", scope="team_memberships")
def memberships(call: Call) -> Reply:
    """Memberships of a team, or of a person in a workspace."""
    team, user = call.gid("team"), wanted_user(call)
    if team is None and (user is None or call.gid("workspace") is None):
        raise bad("Must specify team, or user and workspace")
    rows = (
        call.state.team_members.where("team", _team(call, team).id) if team else list(call.state.team_members)
    )
    return listing(call, "team_membership", [row for row in rows if user is None or row.user == user])


@on("GET", "/teams/{team}/team_memberships", scope="team_memberships")
def memberships_of_team(call: Call) -> Reply:
    """Memberships of a team."""
    return listing(call, "team_membership", call.state.team_members.where("team", _team(call).id))


@on("GET", "/users/{user}/team_memberships", scope="team_memberships")
def memberships_of_user(call: Call) -> Reply:
    """Memberships of a person in a workspace."""
    user, place = (
        find_user(call.session, call.params["user"]),
        find_workspace(call.session, call.need("workspace")),
    )
    rows = call.state.team_members.where("user", user.id)
    rows = [row for row in rows if call.state.teams[row.team].workspace == place.id]
    return listing(call, "team_membership", rows)


@on("GET", "/team_memberships/{membership}", scope="team_memberships")
def membership(call: Call) -> Reply:
    """One membership."""
    row = find_row("team_membership", call.params["membership"], call.state.team_members)
    _team(call, row.team)
    return record(call, "team_membership", row)
