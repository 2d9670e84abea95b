"""Memberships: users and teams that have access to projects and portfolios."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.asana.data import is_gid, shown
from pm_providers.sandbox.asana.errors import bad, not_an_id, not_found
from pm_providers.sandbox.asana.happenings import emit, project_scopes
from pm_providers.sandbox.asana.paging import listing
from pm_providers.sandbox.asana.people import wanted_user
from pm_providers.sandbox.asana.records import Membership
from pm_providers.sandbox.asana.rights import (
    find_portfolio,
    find_project,
    find_row,
    find_user,
    need_project_editor,
)
from pm_providers.sandbox.asana.web import Call, Reply, done, record, routes

__all__ = ["on"]

on = routes("memberships")
LEVELS = ("admin", "editor", "commenter", "viewer")
SUBTYPES = ("project_membership", "portfolio_membership", "goal_membership")


def _parent(call: Call, gid: str) -> tuple[str, Any]:
    if gid in call.state.projects:
        return "project", find_project(call.session, gid, "parent")
    if gid in call.state.portfolios:
        return "portfolio", find_portfolio(call.session, gid, "parent")
    if not is_gid(gid):
        raise not_an_id("parent", shown(gid))
    raise not_found("parent", gid)


def _one(call: Call, name: str = "membership") -> Membership:
    row: Membership = find_row(name, call.params[name], call.state.members)
    _parent(call, row.parent)
    return row


def _told(call: Call, action: str, row: Membership) -> None:
    if row.parent_kind == "project":
        project = call.state.projects[row.parent]
        scopes = project_scopes(call.state, project)
        kind = ("project_membership", row)
        emit(call.session, action, kind, ("project", project), scopes, project.workspace)
        call.session.seen.pop(project.id, None)


@on("GET", "/memberships")
def many(call: Call) -> Reply:
    """Memberships of a project or portfolio, or those of one kind that a member has."""
    parent, member = call.one("parent"), call.one("member")
    subtype = call.one("resource_subtype")
    if subtype is not None and subtype not in SUBTYPES:
        raise bad(f"resource_subtype: Value is not one of the allowed values: {', '.join(SUBTYPES)}")
    if parent is not None:
        rows = call.state.members.where("parent", _parent(call, parent)[1].id)
    elif member is not None and subtype is not None:
        rows = [row for row in call.state.members.where("member", member) if _seen(call, row)]
        rows = [row for row in rows if f"{row.parent_kind}_membership" == subtype]
    else:
        raise bad("Must specify parent, or member and resource_subtype")
    if member is not None:
        rows = [row for row in rows if row.member == member]
    return listing(call, "membership", rows)


def _seen(call: Call, row: Membership) -> bool:
    if row.parent_kind != "project":
        return True
    found = call.state.projects[row.parent]
    return found.trashed is None and found.workspace in {
        member.workspace for member in call.state.workspace_members.where("user", call.session.user.id)
    }


@on("POST", "/memberships")
def create(call: Call) -> Reply:
    """Give a user or team access; a team shares a project this way."""
    data, state = call.data(), call.state
    kind, parent = _parent(call, data.need_gid("parent"))
    if kind == "project":
        need_project_editor(call.session, parent)
    member = data.need("member")
    if member in state.teams:
        member_kind = "team"
    else:
        member_kind, member = "user", find_user(call.session, member, "member").id
    level = data.choice("access_level", LEVELS) or data.choice("role", LEVELS) or parent.default_access_level
    known = state.member_of(parent.id, member)
    if known is not None:
        row = state.members.change(known, access_level=level)
        return record(call, "membership", row, 201)
    row = Membership(
        id=state.gid(),
        parent=parent.id,
        parent_kind=kind,
        member=member,
        member_kind=member_kind,
        access_level=level,
    )
    row = state.members.put(row)
    if kind == "project" and member_kind == "team" and parent.team is None:
        state.projects.change(parent, team=member)
    _told(call, "added", row)
    return record(call, "membership", row, 201)


@on("GET", "/memberships/{membership}")
def one(call: Call) -> Reply:
    """One membership."""
    return record(call, "membership", _one(call))


@on("PUT", "/memberships/{membership}")
def change(call: Call) -> Reply:
    """Change the access level."""
    row, data = _one(call), call.data()
    level = data.choice("access_level", LEVELS)
    if level is not None:
        row = call.state.members.change(row, access_level=level)
        _told(call, "changed", row)
    return record(call, "membership", row)


@on("DELETE", "/memberships/{membership}")
def delete(call: Call) -> Reply:
    """Take access away."""
    row = _one(call)
    call.state.members.remove(row.id)
    _told(call, "deleted", row)
    return done()


def _of(call: Call, parent: str) -> list[Membership]:
    user = wanted_user(call)
    rows = call.state.members.where("parent", parent)
    return [row for row in rows if user is None or row.member == user]


@on("GET", "/projects/{project}/project_memberships", scope="project_memberships")
def of_project(call: Call) -> Reply:
    """Who has access to a project of his own."""
    return listing(
        call, "project_membership", _of(call, find_project(call.session, call.params["project"]).id)
    )


@on("GET", "/project_memberships/{project_membership}", scope="project_memberships")
def one_of_project(call: Call) -> Reply:
    """One membership of a project."""
    return record(call, "project_membership", _one(call, "project_membership"))


@on("GET", "/portfolios/{portfolio}/portfolio_memberships", scope="portfolios")
def of_portfolio(call: Call) -> Reply:
    """Who has access to a portfolio."""
    rows = _of(call, find_portfolio(call.session, call.params["portfolio"]).id)
    return listing(call, "portfolio_membership", rows)


@on("GET", "/portfolio_memberships", scope="portfolios")
def of_portfolios(call: Call) -> Reply:
    """Memberships of a portfolio, or of a person in a workspace."""
    gid = call.gid("portfolio")
    if gid is not None:
        rows = _of(call, find_portfolio(call.session, gid).id)
    else:
        user = wanted_user(call)
        if user is None or call.gid("workspace") is None:
            raise bad("Must specify portfolio, or user and workspace")
        rows = [row for row in call.state.members.where("member", user) if row.parent_kind == "portfolio"]
    return listing(call, "portfolio_membership", rows)


@on("GET", "/portfolio_memberships/{portfolio_membership}", scope="portfolios")
def one_of_portfolio(call: Call) -> Reply:
    """One membership of a portfolio."""
    return record(call, "portfolio_membership", _one(call, "portfolio_membership"))
