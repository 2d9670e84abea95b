"""Native sprints: 17.3 and later, read-only by the API."""

from __future__ import annotations

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.basics import project_of
from pm_providers.sandbox.openproject.collection import paged_list
from pm_providers.sandbox.openproject.errors import forbidden, not_found
from pm_providers.sandbox.openproject.filters import LIST, TEXT, FilterSpec, run_query
from pm_providers.sandbox.openproject.records import Sprint
from pm_providers.sandbox.openproject.view import View
from pm_providers.sandbox.openproject.web import Call, Reply, Routes

__all__ = ["routes"]

routes = Routes()


def _visible(call: Call, row: Sprint) -> bool:
    project = call.state.projects[row.project_id]
    return access.allowed(call.state, call.user, "view_sprints", project)


def _list(call: Call, path: str, rows: list[Sprint]) -> Reply:
    specs = {
        "status": FilterSpec("Status", LIST, lambda s: s.status),
        "name": FilterSpec("Name", TEXT, lambda s: s.name, "text"),
        "defining_workspace": FilterSpec("Workspace", LIST, lambda s: s.project_id),
    }
    columns = {"id": lambda s: s.id, "name": lambda s: s.name.lower()}
    found, params = run_query(call, rows, specs, columns, [("id", "asc")])
    return Reply(paged_list(call, path, found, View(call.state, call.user).sprint, params))


def _needs_sprints(call: Call) -> None:
    if not call.state.features.sprints:
        raise not_found()


@routes("GET", "/sprints")
def sprints(call: Call) -> Reply:
    """All visible sprints."""
    _needs_sprints(call)
    return _list(call, "/sprints", [s for s in call.state.sprints if _visible(call, s)])


@routes("GET", "/projects/{id}/sprints")
def project_sprints(call: Call) -> Reply:
    """Sprints of a project."""
    _needs_sprints(call)
    project = project_of(call)
    if not access.allowed(call.state, call.user, "view_sprints", project):
        raise forbidden()
    rows = call.state.sprints.where("project_id", project.id)
    return _list(call, f"/projects/{project.id}/sprints", rows)


@routes("GET", "/sprints/{id}")
def sprint(call: Call) -> Reply:
    """One sprint."""
    _needs_sprints(call)
    row = call.state.sprints.get(call.number())
    if row is None or not _visible(call, row):
        raise not_found()
    return Reply(View(call.state, call.user).sprint(row))
