"""Root, configuration, and the small instance-wide lists: statuses, types, priorities, roles, ..."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.collection import unpaged
from pm_providers.sandbox.openproject.errors import bad_request, not_found
from pm_providers.sandbox.openproject.filters import (
    BOOLEAN,
    LIST,
    FilterSpec,
    run_query,
)
from pm_providers.sandbox.openproject.links import api, link
from pm_providers.sandbox.openproject.records import Project, Role
from pm_providers.sandbox.openproject.view import STATUS_NAMES, View
from pm_providers.sandbox.openproject.web import Call, Reply, Routes

__all__ = ["project_of", "routes"]

routes = Routes()


def project_of(call: Call, name: str = "id") -> Project:
    """The project that a path names by id or identifier.

    Raises:
        ApiError: 404 when it does not exist or the user may not see it.
    """
    key = call.params[name]
    state = call.state
    row = state.projects.get(int(key)) if key.isdecimal() and len(key) < 19 else None
    row = row or state.projects.find(lambda p: p.identifier == key)
    row = row or state.projects.get(state.former_identifiers.get(key))
    if row is None or not access.project_visible(state, call.user, row):
        raise not_found()
    return row


@routes("GET", "/")
def root(call: Call) -> Reply:
    """Entry point with the instance's name and, for administrators, its version."""
    user, features = call.user, call.state.features
    body: dict[str, Any] = {"_type": "Root", "instanceName": call.state.settings["instance_name"]}
    if user.admin:
        version = features.version
        body["coreVersion"] = version if version.count(".") > 1 else f"{version}.0"
    links: dict[str, Any] = {"self": {"href": "/api/v3"}}
    links["configuration"] = {"href": api("configuration")}
    if access.allowed_anywhere(call.state, user, "view_members"):
        links["memberships"] = {"href": api("memberships")}
    for name in ("priorities", "relations", "statuses", "time_entries", "types"):
        links[name] = {"href": api(name)}
    if not user.anonymous:
        links["user"] = link(user.name, "users", user.id)
    links["userPreferences"] = {"href": api("users", user.id, "preferences")}
    links["workPackages"] = {"href": api("work_packages")}
    return Reply({**body, "_links": links})


@routes("GET", "/statuses")
def statuses(call: Call) -> Reply:
    """All statuses."""
    view = View(call.state, call.user)
    rows = sorted(call.state.statuses, key=lambda row: row.position)
    return Reply(unpaged("/statuses", [view.status(row) for row in rows]))


@routes("GET", "/statuses/{id}")
def status(call: Call) -> Reply:
    """One status."""
    return Reply(View(call.state, call.user).status(_one(call, call.state.statuses)))


@routes("GET", "/types")
def types(call: Call) -> Reply:
    """All types."""
    view = View(call.state, call.user)
    rows = sorted(call.state.types, key=lambda row: row.position)
    return Reply(unpaged("/types", [view.type(row) for row in rows]))


@routes("GET", "/types/{id}")
def one_type(call: Call) -> Reply:
    """One type."""
    return Reply(View(call.state, call.user).type(_one(call, call.state.types)))


@routes("GET", "/projects/{id}/types")
def project_types(call: Call) -> Reply:
    """Types enabled in a project."""
    project, view = project_of(call), View(call.state, call.user)
    if not view.can("view_work_packages", project):
        raise not_found()
    rows = [call.state.types[key] for key in project.type_ids]
    rows.sort(key=lambda row: row.position)
    return Reply(unpaged(f"/projects/{project.id}/types", [view.type(row) for row in rows]))


@routes("GET", "/priorities")
def priorities(call: Call) -> Reply:
    """All priorities."""
    view = View(call.state, call.user)
    rows = sorted(call.state.priorities, key=lambda row: row.position)
    return Reply(unpaged("/priorities", [view.priority(row) for row in rows]))


@routes("GET", "/priorities/{id}")
def priority(call: Call) -> Reply:
    """One priority."""
    return Reply(View(call.state, call.user).priority(_one(call, call.state.priorities)))


@routes("GET", "/roles")
def roles(call: Call) -> Reply:
    """Roles, newest first; filters `unit` and `grantable`."""
    view = View(call.state, call.user)
    specs = {
        "unit": FilterSpec("Unit", LIST, lambda row: row.unit, allowed=lambda: {"system", "project"}),
        "grantable": FilterSpec("Grantable", BOOLEAN, _grantable, "bool"),
    }
    rows, _ = run_query(call, list(call.state.roles), specs, {"id": lambda row: row.id})
    return Reply(unpaged("/roles", [view.role(row) for row in rows]))


@routes("GET", "/roles/{id}")
def role(call: Call) -> Reply:
    """One role."""
    return Reply(View(call.state, call.user).role(_one(call, call.state.roles)))


@routes("GET", "/projects/{id}/categories")
def categories(call: Call) -> Reply:
    """Categories of a project."""
    project, view = project_of(call), View(call.state, call.user)
    rows = call.state.categories.where("project_id", project.id)
    elements = [view.category(row) for row in rows]
    return Reply(unpaged(f"/projects/{project.identifier}/categories", elements))


@routes("GET", "/categories/{id}")
def category(call: Call) -> Reply:
    """One category."""
    row = _one(call, call.state.categories)
    if not access.project_visible(call.state, call.user, call.state.projects.get(row.project_id)):
        raise not_found()
    return Reply(View(call.state, call.user).category(row))


@routes("GET", "/project_statuses/{id}")
def project_status(call: Call) -> Reply:
    """One of the fixed project statuses."""
    if call.params["id"] not in STATUS_NAMES:
        raise not_found()
    return Reply(View(call.state, call.user).project_status(call.params["id"]))


@routes("GET", "/custom_options/{id}")
def custom_option(call: Call) -> Reply:
    """One option of a list field, for users who see work packages that may carry it."""
    row = _one(call, call.state.custom_options)
    field = call.state.custom_fields[row.field_id]
    if not access.allowed_anywhere(call.state, call.user, "view_work_packages"):
        raise not_found()
    for_all = field.project_ids is None and call.state.features.number < (13, 0)
    if field.owner != "WorkPackage" or for_all:
        # 12.0 shows only options of fields that projects chose, recorded 07-…: step 27
        raise not_found()
    links = {"self": link(row.value, "custom_options", row.id)}
    body = {"_type": "CustomOption", "id": row.id, "value": row.value, "_links": links}
    return Reply(body)


@routes("GET", "/string_objects")
def string_object(_call: Call) -> Reply:
    """Gone since version 9."""
    return Reply(410, 410, "application/json")


def _one(call: Call, table: Any) -> Any:
    if not call.params["id"].lstrip("-").replace(".", "").isdecimal():
        raise bad_request("id is invalid")
    row = table.get(call.number())
    if row is None:
        raise not_found()
    return row


def _grantable(row: Role) -> bool:
    return row.unit != "builtin"
