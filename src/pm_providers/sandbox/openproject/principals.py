"""Principals (users, groups and placeholder users in one list) and groups."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.collection import paged_list
from pm_providers.sandbox.openproject.errors import (
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
from pm_providers.sandbox.openproject.jobs import remove_principal
from pm_providers.sandbox.openproject.links import parse_href
from pm_providers.sandbox.openproject.records import Principal
from pm_providers.sandbox.openproject.users import PEOPLE_PAGE, principal_visible
from pm_providers.sandbox.openproject.values import text
from pm_providers.sandbox.openproject.view import View
from pm_providers.sandbox.openproject.web import Call, Reply, Routes

__all__ = ["principal_specs", "routes"]

routes = Routes()

# The filter knows statuses by number only, recorded 04-…: steps 45 and 46.
STATUS_NUMBERS = {"active": "1", "registered": "2", "locked": "3", "invited": "4"}
KINDS = ("User", "Group", "PlaceholderUser")


@routes("GET", "/principals")
def principals(call: Call) -> Reply:
    """Everybody that the user sees, newest first; sorted by name or not at all."""
    rows = [p for p in call.state.principals if p.status != "builtin" and principal_visible(call, p)]
    columns = {"name": lambda p: p.name.lower()}
    found, _ = run_query(call, rows, principal_specs(call), columns, ())
    view = View(call.state, call.user)
    return Reply(paged_list(call, "/principals", found, view.principal, None, PEOPLE_PAGE))


def principal_specs(call: Call) -> dict[str, FilterSpec]:
    """Filters of lists of people."""
    state = call.state
    names = lambda p: f"{p.name}\n{p.login}\n{p.email}"  # noqa: E731  # used once
    return {
        "id": FilterSpec("ID", LIST, lambda p: p.id, convert=_me(call)),
        "type": FilterSpec("Type", LIST, lambda p: p.kind, allowed=lambda: set(KINDS)),
        "member": FilterSpec("Member", LIST_OPTIONAL, lambda p: _projects(call, p)),
        "group": FilterSpec(
            "Group",
            LIST_OPTIONAL,
            lambda p: [g.id for g in state.principals if g.kind == "Group" and p.id in g.members],
        ),
        "status": FilterSpec(
            "Status",
            LIST,
            lambda p: STATUS_NUMBERS.get(p.status),
            allowed=lambda: set(STATUS_NUMBERS.values()),
        ),
        "name": FilterSpec("Name", TEXT, lambda p: p.name, "text"),
        "any_name_attribute": FilterSpec("Any name attribute", TEXT, names, "text"),
        "typeahead": FilterSpec("Name", TEXT, names, "text"),
    }


def _me(call: Call) -> Any:
    return lambda value: str(call.user.id) if value == "me" else value


def _projects(call: Call, row: Principal) -> list[int | None]:
    return [m.project_id for m in call.state.memberships.where("principal_id", row.id)]


@routes("GET", "/groups")
def groups(call: Call) -> Reply:
    """All groups that the user sees, newest first."""
    return _people(call, "/groups", "Group")


@routes("GET", "/placeholder_users")
def placeholders(call: Call) -> Reply:
    """Placeholder users, an Enterprise feature: there are none unless a test adds some."""
    return _people(call, "/placeholder_users", "PlaceholderUser")


def _people(call: Call, path: str, kind: str) -> Reply:
    rows = [p for p in call.state.principals if p.kind == kind and principal_visible(call, p)]
    specs = {"name": FilterSpec("Name", TEXT, lambda p: p.name, "text")}
    columns = {
        "id": lambda p: p.id,
        "name": lambda p: p.name.lower(),
        "created_at": lambda p: p.created,
        "updated_at": lambda p: p.updated,
    }
    found, params = run_query(call, rows, specs, columns)
    view = View(call.state, call.user)
    shown = {"filters": "[]", **params}
    return Reply(paged_list(call, path, found, view.principal, shown))


@routes("GET", "/groups/{id}")
def group(call: Call) -> Reply:
    """One group with its members."""
    return Reply(_full(call, _group_of(call)))


@routes("GET", "/placeholder_users/{id}")
def placeholder(call: Call) -> Reply:
    """One placeholder user."""
    row = call.state.principals.get(call.number())
    if row is None or row.kind != "PlaceholderUser" or not principal_visible(call, row):
        raise not_found()
    return Reply(View(call.state, call.user).principal(row))


@routes("POST", "/groups")
def create_group(call: Call) -> Reply:
    """Make a group; administrators only."""
    if not call.user.admin:
        raise forbidden()
    body, state = call.object(), call.state
    name = text(body.get("name") or "")
    members = _members(body, ())
    raise_faults(_faults(call, None, name, members))
    row = Principal(id=state.principals.next_id(), kind="Group", last=name, members=members, **state.stamps())
    return Reply(_full(call, state.principals.put(row)), 201)


@routes("PATCH", "/groups/{id}")
def update_group(call: Call) -> Reply:
    """Change name or members; the list of members replaces the old one."""
    row = _group_of(call)
    if not call.user.admin:
        raise forbidden()
    body = call.object()
    name = text(body["name"] or "") if "name" in body else row.last
    members = _members(body, row.members)
    raise_faults(_faults(call, row, name, members))
    stored = call.state.principals.change(row, last=name, members=members, updated=call.state.now())
    return Reply(_full(call, stored))


@routes("DELETE", "/groups/{id}")
def delete_group(call: Call) -> Reply:
    """Accepted at once; a background job removes it later, until then it can be read."""
    row = _group_of(call)
    if not call.user.admin:
        raise forbidden()
    call.state.later(lambda: remove_principal(call.state, row.id))
    return Reply(None, 202)


def _group_of(call: Call) -> Principal:
    row = call.state.principals.get(call.number())
    if row is None or row.kind != "Group" or not principal_visible(call, row):
        raise not_found()
    return row


def _full(call: Call, row: Principal) -> dict[str, Any]:
    view = View(call.state, call.user)
    members = [view.principal(call.state.principals[key]) for key in row.members]
    body = view.principal(row)
    if not access.allowed_anywhere(call.state, call.user, "view_members"):
        return body
    return {**body, "_embedded": {"members": members}}


def _members(body: dict[str, Any], current: tuple[int, ...]) -> tuple[int, ...]:
    links = body.get("_links")
    given = links.get("members") if isinstance(links, dict) else None
    if not isinstance(given, list):
        return current
    hrefs = [entry.get("href") for entry in given if isinstance(entry, dict)]
    keys = [parse_href("members", href, ("users",)) for href in hrefs]
    return tuple(dict.fromkeys(int(key) if key.isdecimal() else -1 for key in keys))


def _faults(call: Call, row: Principal | None, name: str, members: tuple[int, ...]) -> list[Fault422]:
    found: list[Fault422] = []
    others = [p for p in call.state.principals if p.kind == "Group" and (row is None or p.id != row.id)]
    if not name.strip():
        found.append(violation("name", "Name can't be blank."))
    elif any(p.last.lower() == name.lower() for p in others):
        found.append(violation("name", "Name has already been taken."))
    people = [call.state.principals.get(key) for key in members]
    if any(p is None or p.kind != "User" for p in people):
        found.append(violation("groupUsers", "Group users is invalid."))
    return found
