"""Saved searches: what boards are made from."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.agile_records import Filter
from pm_providers.sandbox.jira.errors import ApiError, bad_request
from pm_providers.sandbox.jira.search import plan_of
from pm_providers.sandbox.jira.view import View
from pm_providers.sandbox.jira.web import Call, Reply, Routes

__all__ = ["routes"]

routes = Routes(login=True)


def _body(call: Call, row: Filter) -> dict[str, Any]:
    view, api = View(call.session), call.session.api
    return {
        "self": f"{api}/filter/{row.id}",
        "id": str(row.id),
        "name": row.name,
        "description": row.description,
        "owner": view.user(row.owner),
        "jql": row.jql,
        "viewUrl": f"{call.session.base_url}/issues/?filter={row.id}",
        "searchUrl": f"{api}/search?jql=filter%3D{row.id}",
        "favourite": call.session.account_id in row.favourite_of,
        "favouritedCount": len(row.favourite_of),
        "sharePermissions": [],
        "editPermissions": [],
        "sharedUsers": {"size": 0, "items": [], "max-results": 1000, "start-index": 0, "end-index": 0},
        "subscriptions": {"size": 0, "items": [], "max-results": 1000, "start-index": 0, "end-index": 0},
    }


def _find(call: Call) -> Filter:
    text = call.params["id"]
    row = call.state.filters.get(int(text)) if text.isascii() and text.isdigit() else None
    if row is None or (row.owner != call.session.account_id and not rights.is_admin(call.session)):
        raise bad_request("The selected filter is not available to you, perhaps it has been deleted.")
    return row


def _values(call: Call, row: Filter | None) -> dict[str, Any]:
    body = call.object()
    name = body.get("name", row.name if row else None)
    if not isinstance(name, str) or not name.strip():
        raise ApiError(400, fields={"filterName": "You must specify a name to save this filter as."})
    mine = [f for f in call.state.filters if f.owner == call.session.account_id and f is not row]
    if any(f.name.lower() == name.strip().lower() for f in mine):
        raise ApiError(400, fields={"filterName": "Filter with same name already exists."})
    jql = body.get("jql", row.jql if row else "")
    if not isinstance(jql, str):
        raise bad_request("Invalid request payload. Refer to the REST API documentation and try again.")
    plan_of(call.session, jql, bounded=False)
    text = body.get("description", row.description if row else "")
    return {"name": name.strip(), "jql": jql, "description": text if isinstance(text, str) else ""}


@routes("POST", "filter")
def create(call: Call) -> Reply:
    """Save a search."""
    number = call.state.filters.next_id()
    row = Filter(id=number, owner=call.session.account_id, **_values(call, None))
    return Reply(_body(call, call.state.filters.put(row)))


@routes("GET", "filter/my")
def mine(call: Call) -> Reply:
    """Searches of the caller."""
    me = call.session.account_id
    return Reply([_body(call, row) for row in call.state.filters if row.owner == me])


@routes("GET", "filter/favourite")
def favourites(call: Call) -> Reply:
    """Searches that the caller marked."""
    me = call.session.account_id
    return Reply([_body(call, row) for row in call.state.filters if me in row.favourite_of])


@routes("GET", "filter/search")
def search(call: Call) -> Reply:
    """Searches that the caller can see, by name."""
    me, name = call.session.account_id, call.one("filterName").lower()
    admin = rights.is_admin(call.session)
    rows = [r for r in call.state.filters if (admin or r.owner == me) and name in r.name.lower()]
    page = call.page()
    api = call.session.api
    bare = [
        {
            "expand": "description,owner,jql,viewUrl,searchUrl,favourite,sharePermissions,subscriptions",
            "self": f"{api}/filter/{row.id}",
            "id": str(row.id),
            "name": row.name,
        }
        for row in page.cut(rows)
    ]
    return Reply({"self": f"{api}/filter/search", **page.bean(rows, bare)})


@routes("GET", "filter/{id}")
def show(call: Call) -> Reply:
    """One saved search."""
    return Reply(_body(call, _find(call)))


@routes("PUT", "filter/{id}")
def update(call: Call) -> Reply:
    """Change a saved search; boards made from it follow."""
    row = _find(call)
    after = call.state.filters.change(row, **_values(call, row))
    for board in call.state.boards:
        if board.filter_id == row.id:
            call.state.boards.change(board, jql=after.jql)
    return Reply(_body(call, after))


@routes("DELETE", "filter/{id}")
def delete(call: Call) -> Reply:
    """Delete a saved search."""
    call.state.filters.remove(_find(call).id)
    return Reply(None, 204)


def _mark(call: Call, *, on: bool) -> Reply:
    row, me = _find(call), call.session.account_id
    marked = row.favourite_of | {me} if on else row.favourite_of - {me}
    return Reply(_body(call, call.state.filters.change(row, favourite_of=marked)))


@routes("PUT", "filter/{id}/favourite")
def mark(call: Call) -> Reply:
    """Mark a search."""
    return _mark(call, on=True)


@routes("DELETE", "filter/{id}/favourite")
def unmark(call: Call) -> Reply:
    """Take the mark away."""
    return _mark(call, on=False)
