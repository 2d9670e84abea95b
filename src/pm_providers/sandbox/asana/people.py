"""Users, workspaces and their members."""

from __future__ import annotations

from pm_providers.sandbox.asana.data import is_gid, shown
from pm_providers.sandbox.asana.errors import bad, forbidden, missing, not_an_id
from pm_providers.sandbox.asana.happenings import emit
from pm_providers.sandbox.asana.paging import listing
from pm_providers.sandbox.asana.records import User, Workspace, WorkspaceMembership
from pm_providers.sandbox.asana.rights import find_row, find_user, find_workspace
from pm_providers.sandbox.asana.setup import add_member, add_user
from pm_providers.sandbox.asana.view_people import workspaces_of
from pm_providers.sandbox.asana.web import Call, Reply, done, record, routes

__all__ = ["by_name", "on", "wanted_user", "workspace_routes"]

on = routes("users")
workspace_routes = routes("workspaces")
MAX_USERS = 2_000


def _members(call: Call, workspace: str) -> list[User]:
    rows = call.state.workspace_members.where("workspace", workspace)
    return [call.state.users[row.user] for row in rows]


def by_name(rows: list[User]) -> list[User]:
    """Sorted as the lists of a workspace and of a team are: by name, whatever its case."""
    return sorted(rows, key=lambda row: (row.name.lower(), row.id))


@on("GET", "/users")
def many(call: Call) -> Reply:
    """People of a workspace, a team, or of all workspaces, by id."""
    workspace, team = call.gid("workspace"), call.gid("team")
    if team is not None:
        found = find_row("team", team, call.state.teams)
        find_workspace(call.session, found.workspace, "team")
        gids = {row.user for row in call.state.team_members.where("team", team)}
    else:
        places = (
            [find_workspace(call.session, workspace)]
            if workspace is not None
            else workspaces_of(call.session)
        )
        gids = {row.id for place in places for row in _members(call, place.id)}
    return listing(call, "user", [call.state.users[gid] for gid in sorted(gids)])


@on("GET", "/workspaces/{workspace}/users")
def of_workspace(call: Call) -> Reply:
    """People of a workspace by name, 2,000 at most [spec]."""
    place = find_workspace(call.session, call.params["workspace"])
    return listing(call, "user", by_name(_members(call, place.id)), cap=MAX_USERS)


@on("GET", "/users/{user}")
def one(call: Call) -> Reply:
    """A person by id, e-mail or `me`."""
    return record(call, "user", find_user(call.session, call.params["user"]))


@on("GET", "/workspaces/{workspace}/users/{user}")
def one_of_workspace(call: Call) -> Reply:
    """A person of a workspace."""
    place, user = (
        find_workspace(call.session, call.params["workspace"]),
        find_user(call.session, call.params["user"]),
    )
    if call.state.in_workspace(user.id, place.id) is None:
        raise not_an_id("user", shown(call.params["user"]))
    return record(call, "user", user)


@on("PUT", "/users/{user}")
def change(call: Call) -> Reply:
    """Change one's own name."""
    user, data = find_user(call.session, call.params["user"]), call.data()
    data.refuse(("gid", "resource_type", "email", "photo", "workspaces"))
    if user.id != call.session.user.id:
        raise forbidden()
    if "name" in data:
        user = call.state.users.change(user, name=data.need("name"))
    return record(call, "user", user)


@on("GET", "/users/{user}/user_task_list", scope="tasks")
def task_list(call: Call) -> Reply:
    """The list "My tasks" of a person."""
    user, place = (
        find_user(call.session, call.params["user"]),
        find_workspace(call.session, call.need("workspace")),
    )
    row = call.state.task_list(user.id, place.id)
    if row is None:
        raise not_an_id("workspace", place.id)
    return record(call, "user_task_list", row)


@on("GET", "/user_task_lists/{list}", scope="tasks")
def one_task_list(call: Call) -> Reply:
    """A list "My tasks"."""
    return record(
        call, "user_task_list", find_row("user_task_list", call.params["list"], call.state.task_lists)
    )


@workspace_routes("GET", "/workspaces")
def workspaces(call: Call) -> Reply:
    """Workspaces of the caller."""
    return listing(call, "workspace", workspaces_of(call.session))


def _workspace(call: Call) -> Workspace:
    return find_workspace(call.session, call.params["workspace"])


@workspace_routes("GET", "/workspaces/{workspace}")
def one_workspace(call: Call) -> Reply:
    """A workspace."""
    return record(call, "workspace", _workspace(call))


@workspace_routes("PUT", "/workspaces/{workspace}")
def change_workspace(call: Call) -> Reply:
    """Rename a workspace."""
    place, data = _workspace(call), call.data()
    data.refuse(("gid", "resource_type", "is_organization", "email_domains"))
    if "name" in data:
        place = call.state.workspaces.change(place, name=data.need("name"))
    return record(call, "workspace", place)


@workspace_routes("POST", "/workspaces/{workspace}/addUser")
def invite(call: Call) -> Reply:
    """Add a person, by id or e-mail.

    An unknown address gets an invitation, its name is the address [recorded].
    """
    place, data = _workspace(call), call.data()
    name = data.need("user")
    state = call.state
    row = state.users.get(name) if is_gid(name) else next(iter(state.users.where("email", name)), None)
    if row is None and "@" not in name:
        raise not_an_id("user", shown(name))
    row = row if row is not None else add_user(state, name, name)
    if state.in_workspace(row.id, place.id) is None:
        member = add_member(state, place.id, row.id, is_guest=not _at_home(place, row.email))
        emit(
            call.session,
            "added",
            ("workspace_membership", member),
            ("workspace", place),
            {place.id},
            place.id,
        )
    return record(call, "user", row)


def _at_home(place: Workspace, email: str) -> bool:
    return not place.email_domains or email.rpartition("@")[2] in place.email_domains


@workspace_routes("POST", "/workspaces/{workspace}/removeUser")
def remove(call: Call) -> Reply:
    """Remove a person from a workspace (administrators); his tasks lose their assignee."""
    place, data = _workspace(call), call.data()
    me = call.state.in_workspace(call.session.user.id, place.id)
    if me is None or not me.is_admin:
        raise forbidden()
    user = find_user(call.session, data.need("user"))
    row = call.state.in_workspace(user.id, place.id)
    if row is None:
        raise bad("user: The user is not a member of the workspace")
    call.state.workspace_members.remove(row.id)
    for task in call.state.tasks.where("assignee", user.id):
        if task.workspace == place.id:
            call.state.tasks.change(task, assignee=None, assignee_section=None)
    return done()


@workspace_routes("GET", "/workspaces/{workspace}/workspace_memberships", scope="workspace_memberships")
def memberships(call: Call) -> Reply:
    """Who is in a workspace, and how."""
    rows = call.state.workspace_members.where("workspace", _workspace(call).id)
    name = call.one("user")
    if name is not None:
        gid = find_user(call.session, name).id
        rows = [row for row in rows if row.user == gid]
    return listing(call, "workspace_membership", rows)


@workspace_routes("GET", "/users/{user}/workspace_memberships", scope="workspace_memberships")
def memberships_of(call: Call) -> Reply:
    """Which workspaces a person is in."""
    user = find_user(call.session, call.params["user"])
    return listing(call, "workspace_membership", call.state.workspace_members.where("user", user.id))


@workspace_routes("GET", "/workspace_memberships/{membership}", scope="workspace_memberships")
def membership(call: Call) -> Reply:
    """One membership."""
    row: WorkspaceMembership = find_row(
        "workspace_membership", call.params["membership"], call.state.workspace_members
    )
    find_workspace(call.session, row.workspace)
    return record(call, "workspace_membership", row)


def wanted_user(call: Call) -> str | None:
    """Id of the person that a query names, None without one."""
    name = call.one("user")
    if name is None:
        return None
    if not name:
        raise missing("user")
    return find_user(call.session, name).id
