"""Routes about the caller, Workspaces, their members, groups and plan."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.clickup.access import admin_team, member, task, task_list, team
from pm_providers.sandbox.clickup.checks import MISSING, Fields, read
from pm_providers.sandbox.clickup.errors import bad_input, enterprise_only, not_authorized
from pm_providers.sandbox.clickup.people import join
from pm_providers.sandbox.clickup.plans import PLANS
from pm_providers.sandbox.clickup.records import Group, Team, User
from pm_providers.sandbox.clickup.render import (
    account,
    folder_form,
    list_row,
    member_form,
    person,
    team_form,
)
from pm_providers.sandbox.clickup.task_view import TaskView
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes

__all__ = ["group_form", "invited", "routes"]

routes = v2_routes()
_SEATS = {"total_guest_seats": 50}


@routes("GET", "/user")
def read_user(call: Call) -> Reply:
    """The caller; its zone rules dates without a time."""
    return Reply({"user": account(call.user)})


@routes("GET", "/team")
def teams(call: Call) -> Reply:
    """Workspaces of the caller with all their members."""
    keys = [row.team_id for row in call.state.members.where("user_id", call.user.id)]
    shown = [key for key in keys if call.teams is None or key in call.teams]
    return Reply({"teams": [team_form(call.state, call.state.teams[key]) for key in shown]})


@routes("GET", "/team/{team_id}/plan")
def read_plan(call: Call) -> Reply:
    """The plan, which sets the rate limit."""
    plan = PLANS[team(call).plan]
    return Reply({"plan_name": plan.name, "plan_id": plan.number})


@routes("GET", "/team/{team_id}/seats")
def seats(call: Call) -> Reply:
    """How many members and guests there are and may be."""
    found = team(call)
    rows = call.state.members.where("team_id", found.id)
    guests = sum(1 for row in rows if row.role == 4)
    filled = len(rows) - guests
    return Reply(
        {
            "members": {
                "filled_members_seats": filled,
                "total_member_seats": filled,
                "empty_member_seats": 0,
            },
            "guests": {
                "filled_guest_seats": guests,
                **_SEATS,
                "empty_guest_seats": _SEATS["total_guest_seats"] - guests,
            },
        }
    )


@routes("GET", "/team/{team_id}/custom_item")
def custom_items(call: Call) -> Reply:
    """Custom task types; 0 is a task and 1 a milestone, which are not among them."""
    found = team(call)
    return Reply({"custom_items": call.state.custom_items.get(found.id, [])})


@routes("GET", "/team/{team_id}/customroles")
def custom_roles(call: Call) -> Reply:
    """There are none."""
    team(call)
    return Reply({"custom_roles": []})


@routes("GET", "/team/{team_id}/user/{user_id}")
def read_member(call: Call) -> Reply:
    """One member; only Enterprise.

    Raises:
        ApiError: 403 `TEAM_110` on other plans (recorded).
    """
    found, row = _enterprise_member(call)
    shown = member_form(call.state, call.state.members[f"{found.id}:{row.id}"])
    return Reply({"member": {**shown, "shared": {"tasks": [], "lists": [], "folders": []}}})


@routes("POST", "/team/{team_id}/user")
def invite(call: Call) -> Reply:
    """Invite a person as a member; only Enterprise."""
    found = _enterprise(call)
    fields = read(call, "email", "admin", "custom_role_id")
    invited(call, fields, found, 2 if fields.flag("admin", False) else 3)
    return Reply({"team": {**team_form(call.state, found), "roles": _roles()}})


@routes("PUT", "/team/{team_id}/user/{user_id}")
def change_member(call: Call) -> Reply:
    """Change the name and role of a member; only Enterprise."""
    found, user = _enterprise_member(call)
    fields = read(call, "username", "admin", "custom_role_id")
    state = call.state
    name = fields.text("username")
    if name is not MISSING:
        state.users.change(user, username=name)
    row = state.members[f"{found.id}:{user.id}"]
    if "admin" in fields and row.role != 1:
        row = state.members.change(row, role=2 if fields.flag("admin") else 3)
    return Reply({"member": member_form(state, row)})


@routes("DELETE", "/team/{team_id}/user/{user_id}")
def remove_member(call: Call) -> Reply:
    """Take a member out of the Workspace; only Enterprise."""
    found, user = _enterprise_member(call)
    call.state.members.remove(f"{found.id}:{user.id}")
    return Reply({"team": team_form(call.state, found)})


def invited(call: Call, fields: Fields, found: Team, role: int) -> User:
    """Add a person by e-mail; until he accepts he has no name and no colour.

    Raises:
        ApiError: 400 for a bad address or a member.
    """
    email = fields.text("email")
    if email is MISSING or "@" not in email:
        raise bad_input("Email invalid", "TEAM_020")
    state = call.state
    user = state.users.find(lambda row: row.email == email)
    if user is None:
        user = state.users.put(User(id=state.users.next_id(), email=email, color=None))
    if state.role_of(user.id, found.id):
        raise bad_input("User is already in the workspace", "TEAM_021")
    join(state, found.id, user.id, role, invited_by=call.user.id, joined=False)
    return user


def _enterprise(call: Call) -> Team:
    found = team(call)
    if not PLANS[found.plan].enterprise:
        raise enterprise_only()
    return admin_team(call)


def _enterprise_member(call: Call) -> tuple[Team, User]:
    found = _enterprise(call)
    key = call.params["user_id"]
    if not key.isdigit():
        raise bad_input("User ID invalid", "INPUT_002")
    return found, member(call, int(key), found.id)


def _roles() -> list[dict[str, Any]]:
    names = {1: "owner", 2: "admin", 3: "member", 4: "guest"}
    return [{"id": key, "name": name, "custom": False} for key, name in names.items()]


@routes("GET", "/list/{list_id}/member")
def list_members(call: Call) -> Reply:
    """People who were given this list by name; those who may see it anyhow are not among them."""
    row = task_list(call)
    return _granted(call, f"list:{row.id}")


@routes("GET", "/task/{task_id}/member")
def task_members(call: Call) -> Reply:
    """People who were given this task by name, and its assignees."""
    row = task(call)
    return _granted(call, f"task:{row.id}", *row.assignees)


def _granted(call: Call, place: str, *more: int) -> Reply:
    state = call.state
    keys = dict.fromkeys((*more, *(row.user_id for row in state.grants if row.place == place)))
    none = dict.fromkeys(
        (
            "display_profile",
            "verified_ambassador",
            "verified_consultant",
            "top_tier_user",
            "viewed_verified_ambassador",
            "viewed_verified_consultant",
            "viewed_top_tier_user",
        )
    )
    shown = [{**person(state.users[key]), "profileInfo": none} for key in keys]
    return Reply({"members": shown})


@routes("GET", "/team/{team_id}/shared")
def shared(call: Call) -> Reply:
    """What was shared with the caller: all that guests see."""
    found = team(call)
    state = call.state
    view = TaskView(state, call.base_url)
    body: dict[str, list[Any]] = {"tasks": [], "lists": [], "folders": []}
    for grant in state.grants.where("user_id", call.user.id):
        kind, _, key = grant.place.partition(":")
        if kind == "task" and key in state.tasks and state.tasks[key].team_id == found.id:
            body["tasks"].append(view.row(state.tasks[key]))
        elif kind == "list" and key in state.lists and not state.lists[key].deleted:
            body["lists"].append(list_row(state, state.lists[key], nested=True))
        elif kind == "folder" and key in state.folders and not state.folders[key].deleted:
            body["folders"].append(folder_form(state, state.folders[key], single=False))
    return Reply({"shared": body})


def group_form(call: Call, row: Group) -> dict[str, Any]:
    """A user group."""
    return {
        "id": row.id,
        "team_id": row.team_id,
        "userid": row.creator,
        "name": row.name,
        "handle": row.handle,
        "date_created": str(row.created),
        "initials": "".join(word[0] for word in row.name.split()[:2]).upper(),
        "members": [person(call.state.users[key]) for key in row.members],
        "avatar": {"attachment_id": None, "color": None, "source": None, "icon": None},
    }


@routes("GET", "/group")
def groups(call: Call) -> Reply:
    """User groups of a Workspace, or those of `group_ids`."""
    found = team(call, call.one("team_id"))
    wanted = {part for text in call.query.get("group_ids", ()) for part in text.split(",") if part}
    rows = [row for row in call.state.groups.where("team_id", found.id) if not wanted or row.id in wanted]
    return Reply({"groups": [group_form(call, row) for row in rows]})


@routes("POST", "/team/{team_id}/group")
def create_group(call: Call) -> Reply:
    """A new user group."""
    found = admin_team(call)
    fields = read(call, "name", "handle", "members")
    name = fields.name("Group name invalid", "GROUP_002")
    members = fields.whole_list("members")
    keys = [] if members is MISSING else members
    row = Group(
        id=call.state.uuid(),
        team_id=found.id,
        name=name,
        handle=fields.raw("handle", None) or name.lower().replace(" ", "-"),
        created=call.state.now(),
        creator=call.user.id,
        members=tuple(member(call, key, found.id).id for key in keys),
    )
    return Reply(group_form(call, call.state.groups.put(row)))


@routes("PUT", "/group/{group_id}")
def update_group(call: Call) -> Reply:
    """Rename a group, add and remove members."""
    row = _group(call)
    fields = read(call, "name", "handle", "members")
    changes: dict[str, Any] = {key: fields.text(key) for key in ("name", "handle") if key in fields}
    pair = fields.delta("members", int)
    if pair is not MISSING:
        kept = dict.fromkeys((*row.members, *(member(call, key, row.team_id).id for key in pair[0])))
        changes["members"] = tuple(key for key in kept if key not in pair[1])
    return Reply(group_form(call, call.state.groups.change(row, **changes)))


@routes("DELETE", "/group/{group_id}")
def delete_group(call: Call) -> Reply:
    """Remove a group; tasks lose it."""
    row = _group(call)
    call.state.groups.remove(row.id)
    return Reply({})


def _group(call: Call) -> Group:
    row = call.state.groups.get(call.params["group_id"])
    if row is None:
        raise not_authorized()
    admin_team(_as_team(call, row.team_id))
    return row


def _as_team(call: Call, team_id: str) -> Call:
    call.params["team_id"] = team_id
    return call
