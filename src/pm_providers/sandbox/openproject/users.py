"""Users, groups, principals."""

from __future__ import annotations

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.errors import not_found
from pm_providers.sandbox.openproject.records import Principal
from pm_providers.sandbox.openproject.view import View
from pm_providers.sandbox.openproject.web import Call, Reply, Routes

__all__ = ["routes", "user_of"]

routes = Routes()


def user_of(call: Call, name: str = "id") -> Principal:
    """The user that a path names by id, login or `me`.

    Raises:
        ApiError: 404 when it does not exist or is not visible (no common project).
    """
    key, state = call.params[name], call.state
    if key == "me":
        return call.user
    row = state.principals.get(int(key)) if key.isdigit() and len(key) < 19 else None
    row = row or state.principals.find(lambda p: p.kind == "User" and bool(key) and p.login == key)
    if row is None or row.kind != "User" or not principal_visible(call, row):
        raise not_found()
    return row


def principal_visible(call: Call, row: Principal) -> bool:
    """Administrators see everybody, others themselves and the members of their projects."""
    state, user = call.state, call.user
    if user.admin or row.id == user.id or access.allowed_anywhere(state, user, "manage_members"):
        return True
    mine = {p.id for p in access.visible_projects(state, user)}
    return any(m.project_id in mine for m in state.memberships.where("principal_id", row.id))


@routes("GET", "/users/{id}")
def user(call: Call) -> Reply:
    """One user."""
    return Reply(View(call.state, call.user).principal(user_of(call)))
