"""Who watches a work package, and who could."""

from __future__ import annotations

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.collection import paged_list, unpaged
from pm_providers.sandbox.openproject.errors import ApiError, bad_request, forbidden, not_found, violation
from pm_providers.sandbox.openproject.filters import run_query
from pm_providers.sandbox.openproject.links import parse_href
from pm_providers.sandbox.openproject.principals import principal_specs
from pm_providers.sandbox.openproject.records import Principal, WorkPackage
from pm_providers.sandbox.openproject.users import PEOPLE_PAGE
from pm_providers.sandbox.openproject.view import View
from pm_providers.sandbox.openproject.web import Call, Reply, Routes
from pm_providers.sandbox.openproject.work_packages import wp_of

__all__ = ["routes"]

routes = Routes()


@routes("GET", "/work_packages/{id}/watchers")
def watchers(call: Call) -> Reply:
    """The watchers."""
    row = wp_of(call)
    view = View(call.state, call.user)
    if not view.can("view_work_package_watchers", row.project_id):
        raise forbidden()
    people = [call.state.principals[key] for key in row.watcher_ids]
    return Reply(unpaged(f"/work_packages/{row.id}/watchers", [view.principal(p) for p in people]))


@routes("GET", "/work_packages/{id}/available_watchers")
def available_watchers(call: Call) -> Reply:
    """Members of the project who may see the work package and do not watch it yet, newest first."""
    row = wp_of(call)
    state, view = call.state, View(call.state, call.user)
    if not (view.can("view_work_package_watchers", row.project_id) or view.user.admin):
        raise forbidden()
    members = {m.principal_id for m in state.memberships.where("project_id", row.project_id)}
    rows = [
        state.principals[key]
        for key in members - set(row.watcher_ids)
        if _could_watch(call, row, state.principals[key])
    ]
    found, _ = run_query(call, rows, principal_specs(call), {"id": lambda p: p.id})
    return Reply(paged_list(call, "/users", found, view.principal, None, PEOPLE_PAGE))


@routes("POST", "/work_packages/{id}/watchers")
def add_watcher(call: Call) -> Reply:
    """Add one: 201, or 200 when he watches already; the body is `{"user": {"href"}}`.

    Recorded 21-watchers-notifications: steps 3 to 8.
    """
    row = wp_of(call)
    given = call.object().get("user")
    href = given.get("href") if isinstance(given, dict) else None
    if href is None:
        raise not_found()
    key = parse_href("user", href, ("users",))
    person = call.state.principals.get(int(key) if key.isdecimal() else None)
    if person is None:
        raise not_found()
    _may_change(call, row, person, "add_work_package_watchers")
    if not _could_watch(call, row, person):
        raise ApiError(422, "", "", body=violation("user", "User is invalid.").body())
    status = 200 if person.id in row.watcher_ids else 201
    if status == 201:
        call.state.work_packages.change(row, watcher_ids=(*row.watcher_ids, person.id))
    return Reply(View(call.state, call.user).principal(person), status)


@routes("DELETE", "/work_packages/{id}/watchers/{user_id}")
def remove_watcher(call: Call) -> Reply:
    """Remove one; again is fine."""
    row = wp_of(call)
    if not call.params["user_id"].isdecimal():
        raise bad_request("user_id is invalid")
    person = call.state.principals.get(call.number("user_id"))
    if person is None:
        raise not_found()
    _may_change(call, row, person, "delete_work_package_watchers")
    kept = tuple(key for key in row.watcher_ids if key != person.id)
    if kept != row.watcher_ids:
        call.state.work_packages.change(row, watcher_ids=kept)
    return Reply(None, 204)


def _could_watch(call: Call, row: WorkPackage, person: Principal) -> bool:
    active = person.kind == "User" and person.status in {"active", "registered", "invited"}
    return active and access.wp_visible(call.state, person, row)


def _may_change(call: Call, row: WorkPackage, person: Principal, permission: str) -> None:
    """Everybody may watch for himself; others need the right."""
    if person.id == call.user.id and not call.user.anonymous:
        return
    if not View(call.state, call.user).can(permission, row.project_id):
        raise forbidden()
