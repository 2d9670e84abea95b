"""Portfolios: ordered collections of projects (paid plans)."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.asana.data import Data
from pm_providers.sandbox.asana.errors import bad, missing
from pm_providers.sandbox.asana.field_input import read_values
from pm_providers.sandbox.asana.fields import Ref
from pm_providers.sandbox.asana.happenings import emit
from pm_providers.sandbox.asana.paging import listing, mixed
from pm_providers.sandbox.asana.placing import insertion
from pm_providers.sandbox.asana.project_write import COLORS
from pm_providers.sandbox.asana.records import Membership, Portfolio
from pm_providers.sandbox.asana.rights import find_portfolio, find_project, find_user, find_workspace
from pm_providers.sandbox.asana.web import Call, Reply, done, record, routes

__all__ = ["on"]

on = routes("portfolios")
MAX_ITEMS = 1_500
LEVELS = ("admin", "editor", "viewer")
READ_ONLY = ("gid", "resource_type", "created_at", "created_by", "members", "owner", "permalink_url")


def _paid(call: Call) -> None:
    call.session.needs("advanced", "Portfolios")


def _portfolio(call: Call) -> Portfolio:
    _paid(call)
    return find_portfolio(call.session, call.params["portfolio"])


def _told(call: Call, action: str, row: Portfolio, change: dict[str, Any] | None = None) -> None:
    emit(call.session, action, ("portfolio", row), None, {row.id, row.workspace}, row.workspace, change)


@on("GET", "/portfolios")
def many(call: Call) -> Reply:
    """Portfolios of a person in a workspace: people see their own, service accounts everybody's [spec]."""
    _paid(call)
    place, owner = find_workspace(call.session, call.need("workspace")), call.one("owner")
    rows = call.state.portfolios.where("workspace", place.id)
    if call.session.token.kind == "service":
        wanted = None if owner is None else find_user(call.session, owner, "owner").id
        return listing(call, "portfolio", [row for row in rows if wanted in {None, row.owner}])
    if owner is None:
        raise missing("owner")
    if find_user(call.session, owner, "owner").id != call.session.user.id:
        raise bad("owner: Only portfolios of the current user can be listed")
    return listing(call, "portfolio", [row for row in rows if row.owner == call.session.user.id])


def _changes(call: Call, data: Data, row: Portfolio) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "name" in data:
        found["name"] = data.need("name")
    if "color" in data:
        found["color"] = data.choice("color", COLORS[:-1])
    for name in ("archived", "public"):
        value = data.flag(name)
        if value is not None:
            found[name] = value
    privacy = data.choice("privacy_setting", ("public_to_domain", "members_only"))
    if privacy is not None:
        found["public"] = privacy == "public_to_domain"
    level = data.choice("default_access_level", LEVELS)
    if level is not None:
        found["default_access_level"] = level
    found |= {name: data.date(name) for name in ("start_on", "due_on") if name in data}
    if data.raw("start_on") is not None and data.raw("due_on") is None:
        raise bad("start_on: You must provide due_on in the same request when setting or unsetting start_on")
    found["custom"] = read_values(call.session, data.object("custom_fields"), [row.id], row.custom)
    return found


@on("POST", "/portfolios")
def create(call: Call) -> Reply:
    """Create a portfolio of one's own."""
    _paid(call)
    data, state, user = call.data(), call.state, call.session.user.id
    data.refuse(READ_ONLY)
    place = find_workspace(call.session, data.need_gid("workspace"))
    row = Portfolio(
        id=state.gid(), workspace=place.id, name=data.need("name"), owner=user, created=state.now()
    )
    row = state.portfolios.change(state.portfolios.put(row), **_changes(call, data, row))
    state.members.put(
        Membership(id=state.gid(), parent=row.id, parent_kind="portfolio", member=user, access_level="admin")
    )
    _told(call, "added", row)
    return record(call, "portfolio", row, 201)


@on("GET", "/portfolios/{portfolio}")
def one(call: Call) -> Reply:
    """A portfolio."""
    return record(call, "portfolio", _portfolio(call))


@on("PUT", "/portfolios/{portfolio}")
def change(call: Call) -> Reply:
    """Change the members that are sent."""
    row, data = _portfolio(call), call.data()
    data.refuse((*READ_ONLY, "workspace"))
    row = call.state.portfolios.change(row, **_changes(call, data, row))
    _told(call, "changed", row)
    return record(call, "portfolio", row)


@on("DELETE", "/portfolios/{portfolio}")
def delete(call: Call) -> Reply:
    """Delete a portfolio; its items stay."""
    row = _portfolio(call)
    call.state.portfolios.remove(row.id)
    _told(call, "deleted", row)
    return done()


@on("GET", "/portfolios/{portfolio}/items")
def items(call: Call) -> Reply:
    """Projects and portfolios in it, in order."""
    row, state = _portfolio(call), call.state
    found = [
        Ref("project", state.projects[gid])
        if gid in state.projects
        else Ref("portfolio", state.portfolios[gid])
        for gid in row.items
        if gid in state.portfolios or (gid in state.projects and state.projects[gid].trashed is None)
    ]
    return mixed(call, found)


def _item(call: Call, data: Data) -> str:
    gid = data.need_gid("item")
    if gid in call.state.portfolios:
        return find_portfolio(call.session, gid, "item").id
    return find_project(call.session, gid, "item").id


@on("POST", "/portfolios/{portfolio}/addItem")
def add_item(call: Call) -> Reply:
    """Add a project, or move it."""
    row, data = _portfolio(call), call.data()
    gid = _item(call, data)
    order = [key for key in row.items if key != gid]
    if len(order) >= MAX_ITEMS:
        raise bad(f"A portfolio can have at most {MAX_ITEMS} items")
    order.insert(insertion(data, order, default=len(order)), gid)
    row = call.state.portfolios.change(row, items=tuple(order))
    _told(call, "changed", row, {"field": "items", "action": "added", "added_value": {"gid": gid}})
    return done()


@on("POST", "/portfolios/{portfolio}/removeItem")
def remove_item(call: Call) -> Reply:
    """Take a project out."""
    row, gid = _portfolio(call), call.data().need_gid("item")
    if gid not in row.items:
        raise bad(f"item: {gid} is not in the portfolio")
    row = call.state.portfolios.change(row, items=tuple(key for key in row.items if key != gid))
    _told(call, "changed", row, {"field": "items", "action": "removed", "removed_value": {"gid": gid}})
    return done()


def _people(call: Call) -> list[str]:
    data = call.data()
    names = data.names("members")
    if not names:
        raise missing("members")
    return [find_user(call.session, name, "members").id for name in names]


@on("POST", "/portfolios/{portfolio}/addMembers")
def add_members(call: Call) -> Reply:
    """Give people access."""
    row, state = _portfolio(call), call.state
    for gid in _people(call):
        if state.member_of(row.id, gid) is None:
            level = row.default_access_level
            state.members.put(
                Membership(
                    id=state.gid(), parent=row.id, parent_kind="portfolio", member=gid, access_level=level
                )
            )
    return record(call, "portfolio", row)


@on("POST", "/portfolios/{portfolio}/removeMembers")
def remove_members(call: Call) -> Reply:
    """Take access away."""
    row, state = _portfolio(call), call.state
    for gid in _people(call):
        found = state.member_of(row.id, gid)
        if found is not None:
            state.members.remove(found.id)
    return record(call, "portfolio", row)
