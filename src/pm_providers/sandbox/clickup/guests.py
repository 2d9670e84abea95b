"""Guests: invited by e-mail, they see what they were given and nothing else; inviting is Enterprise."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.clickup.access import admin_team, place, team
from pm_providers.sandbox.clickup.basics import invited
from pm_providers.sandbox.clickup.checks import read
from pm_providers.sandbox.clickup.errors import bad_input, enterprise_only, not_authorized
from pm_providers.sandbox.clickup.part_records import Grant
from pm_providers.sandbox.clickup.plans import PLANS
from pm_providers.sandbox.clickup.records import Team, User
from pm_providers.sandbox.clickup.render import folder_form, list_row, member_form, team_form
from pm_providers.sandbox.clickup.task_view import TaskView
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes

__all__ = ["routes"]

routes = v2_routes()
_LEVELS = frozenset({"read", "comment", "edit", "create"})
_RIGHTS = (
    "can_edit_tags",
    "can_see_time_spent",
    "can_see_time_estimated",
    "can_create_views",
    "can_see_points_estimated",
)


@routes("POST", "/team/{team_id}/guest")
def invite_guest(call: Call) -> Reply:
    """Invite a guest."""
    found = _enterprise(call)
    fields = read(call, "email", "custom_role_id", *_RIGHTS)
    invited(call, fields, found, 4)
    return Reply({"team": {**team_form(call.state, found), "roles": []}})


@routes("GET", "/team/{team_id}/guest/{guest_id}")
def read_guest(call: Call) -> Reply:
    """One guest."""
    found = _enterprise(call)
    return Reply({"guest": _form(call, _guest(call, found), found)})


@routes("PUT", "/team/{team_id}/guest/{guest_id}")
def update_guest(call: Call) -> Reply:
    """Change what a guest may do; the sandbox gives all guests the same rights."""
    found = _enterprise(call)
    read(call, "custom_role_id", "username", *_RIGHTS)
    return Reply({"guest": _form(call, _guest(call, found), found)})


@routes("DELETE", "/team/{team_id}/guest/{guest_id}")
def remove_guest(call: Call) -> Reply:
    """Take a guest out of the Workspace."""
    found = _enterprise(call)
    guest = _guest(call, found)
    for grant in call.state.grants.where("user_id", guest.id):
        call.state.grants.remove(grant.id)
    call.state.members.remove(f"{found.id}:{guest.id}")
    return Reply({"team": team_form(call.state, found)})


def _of(kind: str) -> None:
    """What a guest may see: a task, a list or a folder, given and taken."""

    @routes("POST", f"/{kind}/{{{kind}_id}}/guest/{{guest_id}}")
    def share(call: Call) -> Reply:
        key, workspace = place(call, kind, write=True)
        return _given(call, workspace, key)

    @routes("DELETE", f"/{kind}/{{{kind}_id}}/guest/{{guest_id}}")
    def unshare(call: Call) -> Reply:
        key, workspace = place(call, kind, write=True)
        return _taken(call, workspace, key)


for _kind in ("task", "list", "folder"):
    _of(_kind)


def _enterprise(call: Call) -> Team:
    found = team(call)
    if not PLANS[found.plan].enterprise:
        raise enterprise_only()
    return admin_team(call)


def _guest(call: Call, found: Team) -> User:
    key = call.params["guest_id"]
    user = call.state.users.get(int(key)) if key.isdigit() else None
    if user is None or call.state.role_of(user.id, found.id) != 4:
        raise not_authorized()
    return user


def _given(call: Call, team_id: str, place: str) -> Reply:
    found = _enterprise_of(call, team_id)
    guest = _guest(call, found)
    level = read(call, "permission_level").raw("permission_level", "")
    if level not in _LEVELS:
        raise bad_input("permission_level invalid", "GUEST_004")
    call.state.grants.put(Grant(id=f"{guest.id}:{place}", user_id=guest.id, place=place, level=str(level)))
    return Reply({"guest": _form(call, guest, found)})


def _taken(call: Call, team_id: str, place: str) -> Reply:
    found = _enterprise_of(call, team_id)
    guest = _guest(call, found)
    call.state.grants.remove(f"{guest.id}:{place}")
    return Reply({"guest": _form(call, guest, found)})


def _enterprise_of(call: Call, team_id: str) -> Team:
    call.params["team_id"] = team_id
    return _enterprise(call)


def _form(call: Call, guest: User, found: Team) -> dict[str, Any]:
    state = call.state
    shared: dict[str, list[Any]] = {"tasks": [], "lists": [], "folders": []}
    view = TaskView(state, call.base_url)
    for grant in state.grants.where("user_id", guest.id):
        kind, _, key = grant.place.partition(":")
        if kind == "task":
            shared["tasks"].append(view.row(state.tasks[key]))
        elif kind == "list":
            shared["lists"].append(list_row(state, state.lists[key], nested=True))
        else:
            shared["folders"].append(folder_form(state, state.folders[key], single=False))
    shown = member_form(state, state.members[f"{found.id}:{guest.id}"])
    return {**shown, **dict.fromkeys(_RIGHTS, True), "shared": shared}
