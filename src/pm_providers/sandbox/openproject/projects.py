"""Projects: list, read, create, change, delete, forms."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.basics import project_of
from pm_providers.sandbox.openproject.collection import (
    Page,
    apply_select,
    paged,
    read_page,
    select_parts,
    unpaged,
)
from pm_providers.sandbox.openproject.errors import forbidden, internal, not_found, raise_faults
from pm_providers.sandbox.openproject.filters import (
    BOOLEAN,
    DATETIMES,
    LIST,
    TEXT,
    FilterSpec,
    run_query,
)
from pm_providers.sandbox.openproject.jobs import copy_contents, remove_project
from pm_providers.sandbox.openproject.links import ROOT
from pm_providers.sandbox.openproject.project_write import draft_project, store_project
from pm_providers.sandbox.openproject.records import Project
from pm_providers.sandbox.openproject.view import STATUS_NAMES, View
from pm_providers.sandbox.openproject.web import Call, Reply, Routes

__all__ = ["available_projects", "list_projects", "routes"]

routes = Routes()
SELECTABLE = frozenset(
    {"total", "count", "pageSize", "offset", "self"}
    | {f"elements/{name}" for name in ("*", "id", "name", "identifier", "active", "public", "self")}
    | {"elements/ancestors", "elements/_type"}
)


@routes("GET", "/projects")
def projects(call: Call) -> Reply:
    """All projects that the user sees, newest first."""
    rows = [p for p in call.state.projects.as_of(call.stale) if _listed(call, p)]
    return Reply(list_projects(call, "/projects", rows))


@routes("GET", "/projects/available_parent_projects")
def available_parents(call: Call) -> Reply:
    """Projects that may become a parent."""
    of = call.query.get("of", "")
    blocked = {int(of), *(p.id for p in call.state.project_descendants(int(of)))} if of.isdecimal() else set()
    rows = [
        p
        for p in call.state.projects
        if p.id not in blocked
        and (call.user.admin or access.allowed(call.state, call.user, "add_subprojects", p))
    ]
    old = not call.state.features.projects_paged
    return Reply(list_projects(call, "/projects" if old else "/projects/available_parent_projects", rows))


@routes("GET", "/projects/{id}")
def project(call: Call) -> Reply:
    """One project, by id or identifier."""
    return Reply(View(call.state, call.user).project(project_of(call)))


@routes("GET", "/workspaces/{id}")
def workspace(call: Call) -> Reply:
    """A project, program or portfolio by its id (17.0 and later)."""
    if not call.state.features.workspaces:
        raise not_found()
    return project(call)


@routes("GET", "/programs/{id}")
def program(call: Call) -> Reply:
    """A program (17.0 and later)."""
    return _of_kind(call, "Program")


@routes("GET", "/portfolios/{id}")
def portfolio(call: Call) -> Reply:
    """A portfolio (17.0 and later)."""
    return _of_kind(call, "Portfolio")


def _of_kind(call: Call, kind: str) -> Reply:
    row = project_of(call)
    if not call.state.features.workspaces or row.kind != kind:
        raise not_found()
    return Reply(View(call.state, call.user).project(row))


@routes("POST", "/projects")
def create_project(call: Call) -> Reply:
    """Make a project; needs an administrator or the global right `add_project`."""
    if not access.allowed_anywhere(call.state, call.user, "add_project"):
        raise forbidden()
    draft = draft_project(call, None, call.object())
    raise_faults(draft.faults)
    row = store_project(call, draft, None)
    return Reply(View(call.state, call.user).project(row), 201)


@routes("PATCH", "/projects/{id}")
def update_project(call: Call) -> Reply:
    """Change a project; archiving takes its subprojects along."""
    row = project_of(call)
    if not (call.user.admin or access.allowed(call.state, call.user, "edit_project", row)):
        raise forbidden()
    draft = draft_project(call, row, call.object())
    raise_faults(draft.faults)
    return Reply(View(call.state, call.user).project(store_project(call, draft, row)))


@routes("DELETE", "/projects/{id}")
def delete_project(call: Call) -> Reply:
    """Archive at once; the background job (`OpenProjectSandbox.run_jobs`) removes it later.

    Recorded 02-…: steps 66 to 72.
    """
    row = project_of(call)
    if not call.user.admin:
        raise forbidden()
    for gone in (row, *call.state.project_descendants(row.id)):
        call.state.projects.change(gone, active=False, deleting=True)
    call.state.later(lambda: remove_project(call.state, row.id))
    return Reply(None, 204)


@routes("POST", "/projects/{id}/copy")
def copy_project(call: Call) -> Reply:
    """Start a copy job: 302 to its status (303 as recorded of 12.0)."""
    row = project_of(call)
    if not call.user.admin:
        raise forbidden()
    draft = draft_project(call, None, {"name": row.name, **call.object()})
    raise_faults(draft.faults)
    draft.values |= {
        name: getattr(row, name)
        for name in ("description", "status_explanation", "type_ids", "modules")
        if name not in draft.values
    }
    call.state.later(lambda: copy_contents(call, draft, row.id))
    href = f"{ROOT}/job_statuses/{uuid.UUID(int=row.id)}"
    code = 303 if call.state.features.number < (13, 0) else 302
    text = f"An alternate resource is located at {href}."
    return Reply(text.encode(), code, headers={"location": call.base_url + href})


@routes("GET", "/job_statuses/{id}")
def job_status(call: Call) -> Reply:
    """Copy jobs are done at once; unknown ids are 404."""
    try:
        key = uuid.UUID(call.params["id"])
    except ValueError as error:
        raise not_found() from error
    if call.state.projects.get(key.int) is None:
        raise not_found()
    return Reply({"_type": "JobStatus", "jobId": str(key), "status": "success", "payload": {}})


def list_projects(
    call: Call, path: str, rows: list[Project], size: int | None = None, *, only: Page | None = None
) -> dict[str, Any]:
    """One page of projects; up to 12.x `pageSize` and `offset` are echoed, but all rows come.

    Recorded 03-…: steps 1 to 10. `only` is the page of a list that does not read these parameters.
    """
    view = View(call.state, call.user)
    found, params = run_query(call, rows, _specs(call), _columns(call))
    if path == "/projects":
        params.setdefault("filters", "[]")
    page = only or read_page(call, size)
    cut = page.cut(found) if call.state.features.projects_paged else found
    elements = [view.project(row, embed=False, listed=True) for row in cut]
    body = paged(path, page, len(found), elements, params)
    body["_links"]["representations"] = _representations(body["_links"]["self"]["href"])
    signals = select_parts(call, SELECTABLE)
    return body if signals is None else apply_select(body, signals)


def available_projects(call: Call, path: str, rows: list[Project]) -> Reply:
    """A list of projects to choose from, as several resources offer it."""
    return Reply(list_projects(call, path, rows))


def _listed(call: Call, row: Project) -> bool:
    return access.project_visible(call.state, call.user, row)


def _representations(href: str) -> list[dict[str, Any]]:
    query = href.partition("?")[2]
    kinds = (("csv", "text/csv", "CSV"), ("xls", "application/vnd.ms-excel", "XLS"))
    return [
        {"href": f"/projects.{ext}?{query}", "identifier": ext, "type": kind, "title": title}
        for ext, kind, title in kinds
    ]


def _columns(call: Call) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "id": lambda p: p.id,
        "name": lambda p: p.name.lower(),
        "created_at": lambda p: p.created,
        "public": lambda p: p.public,
        "latest_activity_at": lambda p: latest_activity(call, p),
    }
    if call.state.features.number >= (13, 0):
        columns["updated_at"] = lambda p: p.updated
    elif "latest_activity_at" in call.query.get("sortBy", ""):
        raise internal('PG::UndefinedTable: ERROR:  missing FROM-clause entry for table "activity"')
    return columns


def latest_activity(call: Call, row: Project) -> Any:
    """Time of the last change of a work package in the project; None without any."""
    times = [w.updated for w in call.state.work_packages.where("project_id", row.id)]
    return max(times) if times else None


def _specs(call: Call) -> dict[str, FilterSpec]:
    state = call.state
    ancestors = lambda p: [a.id for a in state.project_ancestors(p)]  # noqa: E731  # used once
    specs = {
        "id": FilterSpec("ID", LIST, lambda p: p.id),
        "active": FilterSpec("Active", BOOLEAN, lambda p: p.active, "bool"),
        "public": FilterSpec("Public", BOOLEAN, lambda p: p.public, "bool"),
        "templated": FilterSpec("Template", BOOLEAN, lambda _project: False, "bool"),
        "parent_id": FilterSpec("Subproject of", LIST, lambda p: p.parent_id),
        "ancestor": FilterSpec("Subproject of", LIST, ancestors),
        "name_and_identifier": FilterSpec(
            "Name or identifier", TEXT, lambda p: f"{p.name}\n{p.identifier}", "text"
        ),
        "project_status_code": FilterSpec(
            "Project status",
            LIST | {"*", "!*"},
            lambda p: p.status_code,
            allowed=lambda: _status_values(state.features.number),
        ),
        "created_at": FilterSpec("Created on", DATETIMES, lambda p: p.created, "datetime"),
        "latest_activity_at": FilterSpec(
            "Latest activity", DATETIMES, lambda p: latest_activity(call, p), "datetime"
        ),
        "type_id": FilterSpec("Type", LIST, lambda p: p.type_ids),
        "principal": FilterSpec("Principal", LIST, lambda p: _members(call, p)),
        "member_of": FilterSpec("Member", BOOLEAN, lambda p: call.user.id in _members(call, p), "bool"),
    }
    specs["name_and_identifier"] = _name_spec(specs["name_and_identifier"], call)
    if state.features.number >= (13, 0):
        specs["updated_at"] = FilterSpec("Updated on", DATETIMES, lambda p: p.updated, "datetime")
    for field in state.fields_for("Project"):
        spec = FilterSpec(field.name, TEXT, _custom_value(field.id), "text")
        specs[f"cf_{field.id}"] = specs[f"custom_field{field.id}"] = spec
    return specs


def _custom_value(key: int) -> Callable[[Project], Any]:
    return lambda row: row.custom.get(key)


def _name_spec(spec: FilterSpec, call: Call) -> FilterSpec:
    # equality looks at either part, containment at both together
    if '"="' not in re.sub(r"\s", "", call.query.get("filters", "")):
        return spec
    values = lambda p: (p.name.lower(), p.identifier)  # noqa: E731  # used once
    return FilterSpec(spec.human, LIST, values, "list", None, str.lower)


def _status_values(number: tuple[int, int]) -> set[str]:
    # 12.0 knows them by number only, recorded 03-…: step 22
    return set(STATUS_NAMES) if number >= (13, 0) else {str(i) for i in range(6)}


def _members(call: Call, row: Project) -> list[int]:
    return [m.principal_id for m in call.state.memberships.where("project_id", row.id)]


@routes("GET", "/projects/{id}/available_assignees")
def available_assignees(call: Call) -> Reply:
    """Who may be assigned in a project: its members, newest first."""
    row = project_of(call)
    state = call.state
    if not (
        access.allowed(state, call.user, "add_work_packages", row)
        or access.allowed(state, call.user, "edit_work_packages", row)
    ):
        raise forbidden()
    view = View(state, call.user)
    members = sorted({m.principal_id for m in state.memberships.where("project_id", row.id)})
    people = [state.principals[key] for key in reversed(members)]
    elements = [view.principal(p) for p in people if p.status in {"active", "registered", "invited"}]
    path = "/principals" if state.features.number < (13, 0) else f"/projects/{row.id}/available_assignees"
    return Reply(unpaged(path, elements))


@routes("GET", "/projects/{id}/available_responsibles")
def available_responsibles(call: Call) -> Reply:
    """The same people; gone since 14.0."""
    if not call.state.features.responsibles:
        raise not_found()
    body = available_assignees(call).body
    body["_links"]["self"]["href"] = body["_links"]["self"]["href"].replace("assignees", "responsibles")
    return Reply(body)
