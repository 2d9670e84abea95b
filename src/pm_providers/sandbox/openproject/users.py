"""Users: list, read, create, change, lock, delete, form."""

from __future__ import annotations

import re
from typing import Any

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.collection import paged_list
from pm_providers.sandbox.openproject.custom_write import read_custom
from pm_providers.sandbox.openproject.errors import (
    ApiError,
    Fault422,
    forbidden,
    not_found,
    raise_faults,
    violation,
)
from pm_providers.sandbox.openproject.filters import (
    LIST,
    LIST_OPTIONAL,
    TEXT,
    FilterSpec,
    run_query,
)
from pm_providers.sandbox.openproject.forms import fixed_members, split_custom
from pm_providers.sandbox.openproject.jobs import remove_principal
from pm_providers.sandbox.openproject.records import Principal
from pm_providers.sandbox.openproject.schemas import (
    custom_members,
    form_body,
    property_schema,
    schema_body,
)
from pm_providers.sandbox.openproject.values import text, to_bool
from pm_providers.sandbox.openproject.view import View
from pm_providers.sandbox.openproject.web import Call, Reply, Routes

__all__ = ["PEOPLE_PAGE", "principal_visible", "routes", "user_of"]

routes = Routes()

PEOPLE_PAGE = 30
STATUSES = ("active", "registered", "locked", "invited")
MIN_PASSWORD = 10
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_NAMES = {
    "login": ("login", "Username", 256),
    "first": ("firstName", "First name", 256),
    "last": ("lastName", "Last name", 256),
    "email": ("email", "Email", 256),
}


def user_of(call: Call, name: str = "id") -> Principal:
    """The user that a path names by id, login or `me`.

    Raises:
        ApiError: 404 when it does not exist or is not visible.
    """
    key, state = call.params[name], call.state
    if key == "me":
        return call.user
    row = state.principals.get(int(key)) if key.isdecimal() and len(key) < 19 else None
    row = row or state.principals.find(lambda p: p.kind == "User" and bool(key) and p.login == key)
    if row is None or row.kind != "User" or not (_open(call) or principal_visible(call, row)):
        raise not_found()
    return row


def _open(call: Call) -> bool:
    # 12.0 shows every user to every user, recorded 05-users: step 13
    return call.state.features.number < (13, 0) and not call.user.anonymous


def principal_visible(call: Call, row: Principal) -> bool:
    """Administrators see everybody, others themselves and the members of their projects."""
    state, user = call.state, call.user
    if user.admin or row.id == user.id or access.allowed_anywhere(state, user, "manage_members"):
        return True
    mine = {p.id for p in access.visible_projects(state, user)}
    return any(m.project_id in mine for m in state.memberships.where("principal_id", row.id))


@routes("GET", "/users")
def users(call: Call) -> Reply:
    """All users, newest first; needs the right to manage users."""
    _may_manage(call)
    rows = [p for p in call.state.principals if p.kind == "User" and p.status != "builtin"]
    specs = {
        "status": FilterSpec("Status", LIST, lambda p: p.status, allowed=lambda: set(STATUSES)),
        "name": FilterSpec("Name", TEXT, lambda p: p.name, "text"),
        "login": FilterSpec("Username", TEXT, lambda p: p.login, "text"),
        "group": FilterSpec("Group", LIST_OPTIONAL, lambda p: _groups(call, p)),
    }
    columns = {
        "id": lambda p: p.id,
        "name": lambda p: p.name.lower(),
        "login": lambda p: p.login,
        "created_at": lambda p: p.created,
        "updated_at": lambda p: p.updated,
    }
    found, _ = run_query(call, rows, specs, columns)
    view = View(call.state, call.user)
    return Reply(paged_list(call, "/users", found, view.principal, None, PEOPLE_PAGE))


@routes("GET", "/users/{id}")
def user(call: Call) -> Reply:
    """One user."""
    return Reply(View(call.state, call.user).principal(user_of(call)))


@routes("POST", "/users")
def create_user(call: Call) -> Reply:
    """Make a user; an invited one needs nothing but a mail address."""
    _may_manage(call)
    values, faults = _draft(call, None, call.object())
    raise_faults(faults)
    state = call.state
    row = state.principals.put(Principal(id=state.principals.next_id(), **values, **state.stamps()))
    return Reply(View(state, call.user).principal(row), 201)


@routes("PATCH", "/users/{id}")
def update_user(call: Call) -> Reply:
    """Change a user; others than administrators only themselves, and not their status."""
    row = user_of(call)
    if row.id != call.user.id:
        _may_manage(call)
    values, faults = _draft(call, row, call.object())
    raise_faults(faults)
    stored = call.state.principals.change(row, **values, updated=call.state.now())
    return Reply(View(call.state, stored if row.id == call.user.id else call.user).principal(stored))


@routes("DELETE", "/users/{id}")
def delete_user(call: Call) -> Reply:
    """Lock at once; a background job removes later. Refused unless a setting allows it."""
    row = user_of(call)
    if not (call.user.admin and call.state.settings["users_deletable_by_admins"]):
        raise forbidden()
    call.state.principals.change(row, status="locked", updated=call.state.now())
    call.state.later(lambda: remove_principal(call.state, row.id))
    return Reply(None, 202)


@routes("POST", "/users/{id}/lock")
def lock_user(call: Call) -> Reply:
    """Lock; again is fine."""
    return _switch(call, "locked", {"active", "locked"})


@routes("DELETE", "/users/{id}/lock")
def unlock_user(call: Call) -> Reply:
    """Unlock; again is fine."""
    return _switch(call, "active", {"active", "locked"})


@routes("POST", "/users/form")
def user_form(call: Call) -> Reply:
    """Form of a new user."""
    _may_manage(call)
    values, faults = _draft(call, None, call.object())
    return _form(call, ("users", "form"), ("post", ("users",)), values, faults)


@routes("POST", "/users/{id}/form")
def user_update_form(call: Call) -> Reply:
    """Form of an existing user."""
    row = user_of(call)
    _may_manage(call)
    values, faults = _draft(call, row, call.object())
    own = ("users", row.id)
    return _form(call, (*own, "form"), ("patch", own), values, faults)


@routes("GET", "/users/schema")
def user_schema(call: Call) -> Reply:
    """Properties of users."""
    return Reply(schema_body(_schema(call), "users", "schema"))


def _form(
    call: Call,
    path: tuple[object, ...],
    commit: tuple[str, tuple[object, ...]],
    values: dict[str, Any],
    faults: list[Fault422],
) -> Reply:
    schema = schema_body(_schema(call))
    return Reply(form_body(path, commit, _payload(call, values), schema, faults))


def _switch(call: Call, status: str, possible: set[str]) -> Reply:
    row = user_of(call)
    if not call.user.admin:
        raise forbidden()
    if row.status not in possible:
        raise ApiError(
            400,
            "InvalidUserStatusTransition",
            "The current user account status does not allow this operation.",
        )
    stored = call.state.principals.change(row, status=status, updated=call.state.now())
    body = View(call.state, call.user).principal(stored)
    if call.state.features.number < (13, 0):
        # recorded 05-users: steps 35 to 39; the cache then shows it so until the next change
        call.state.bare["users", stored.id] = stored.updated
        body = {name: value for name, value in body.items() if not name.startswith("customField")}
    return Reply(body)


def _may_manage(call: Call) -> None:
    if not access.allowed_anywhere(call.state, call.user, "manage_user"):
        raise forbidden()


def _groups(call: Call, row: Principal) -> list[int]:
    return [g.id for g in call.state.principals if g.kind == "Group" and row.id in g.members]


def _draft(call: Call, row: Principal | None, body: dict[str, Any]) -> tuple[dict[str, Any], list[Fault422]]:
    """New values of a user, and what is wrong with them."""
    values = _values(row, body)
    if row is None and values["status"] == "invited":
        _invite(values)
    custom, faults = read_custom(call, "User", body, row.custom if row else None)
    values["custom"] = custom
    return values, [*_faults(call, row, body, values), *faults]


def _values(row: Principal | None, body: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {
        field: text(body[name]) if body.get(name) is not None else getattr(row, field, "")
        for field, (name, _, _) in _NAMES.items()
    }
    if "admin" in body:
        values["admin"] = bool(to_bool(body["admin"]))
    else:
        values["admin"] = row.admin if row else False
    values["status"] = text(body.get("status", row.status if row else "active"))
    values["language"] = text(body.get("language") or (row.language if row else "en"))
    return values


def _invite(values: dict[str, Any]) -> None:
    """Names made from the mail address, recorded 05-users: step 2."""
    local, _, host = values["email"].partition("@")
    values["login"] = values["login"] or values["email"]
    values["first"] = values["first"] or local
    values["last"] = values["last"] or (f"@{host}" if host else "")


def _faults(
    call: Call, row: Principal | None, body: dict[str, Any], values: dict[str, Any]
) -> list[Fault422]:
    found: list[Fault422] = []
    if row is None and values["status"] not in {"active", "invited"}:
        return [violation("status", "Status is not a valid status for new users.")]
    if row is not None and values["status"] not in {row.status, *STATUSES}:
        found.append(violation("status", "Status is not set to one of the allowed values."))
    if row is None and values["status"] == "active":
        found += _password_faults(body.get("password"))
    for field, (name, human, limit) in _NAMES.items():
        if not values[field].strip():
            found.append(violation(name, f"{human} can't be blank."))
        elif len(values[field]) > limit:
            found.append(violation(name, f"{human} is too long (maximum is {limit} characters)."))
    return [*found, *_unique_faults(call, row, values)]


def _unique_faults(call: Call, row: Principal | None, values: dict[str, Any]) -> list[Fault422]:
    found: list[Fault422] = []
    others = [p for p in call.state.principals if p.kind == "User" and (row is None or p.id != row.id)]
    if values["login"] and any(p.login.lower() == values["login"].lower() for p in others):
        found.append(violation("login", "Username has already been taken."))
    mail = values["email"]
    if mail and not _MAIL.fullmatch(mail):
        found.append(violation("email", "Email is invalid."))
    elif mail and any(p.email.lower() == mail.lower() for p in others):
        found.append(violation("email", "Email has already been taken."))
    return found


def _password_faults(password: Any) -> list[Fault422]:
    if not password:
        return [violation("password", "Password can't be blank.")]
    if len(text(password)) < MIN_PASSWORD:
        return [violation("password", f"Password is too short (minimum is {MIN_PASSWORD} characters).")]
    return []


def _payload(call: Call, values: dict[str, Any]) -> dict[str, Any]:
    view = View(call.state, call.user)
    plain, linked = split_custom(view, "User", values["custom"])
    return {
        "login": values["login"],
        "admin": values["admin"],
        "firstName": values["first"],
        "lastName": values["last"],
        "email": values["email"],
        "status": values["status"],
        "identityUrl": None,
        "language": values["language"] if values["login"] else "",
        **plain,
        "_links": linked,
    }


def _schema(call: Call) -> dict[str, Any]:
    name: dict[str, Any] = {"required": True, "minLength": 1, "maxLength": 255}
    return {
        **fixed_members(),
        "login": property_schema("String", "Username", **name),
        "admin": property_schema("Boolean", "Administrator"),
        "email": property_schema("String", "Email", **name, writable=False),
        "name": property_schema("String", "Name", writable=False),
        "firstName": property_schema("String", "First name", **name),
        "lastName": property_schema("String", "Last name", **name),
        "avatar": property_schema("String", "Avatar", writable=False),
        "status": property_schema("String", "Status"),
        "identityUrl": property_schema("String", "Identity url"),
        "language": property_schema("String", "Language"),
        "password": property_schema("Password", "Password"),
        **custom_members(call.state, "User"),
    }
