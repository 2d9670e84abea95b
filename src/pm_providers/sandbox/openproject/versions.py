"""Versions: the sprints and releases of a project."""

from __future__ import annotations

from typing import Any

import msgspec

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.basics import project_of
from pm_providers.sandbox.openproject.collection import Page, unpaged
from pm_providers.sandbox.openproject.custom_write import read_custom
from pm_providers.sandbox.openproject.errors import (
    Fault422,
    forbidden,
    not_found,
    raise_faults,
    read_only,
    violation,
)
from pm_providers.sandbox.openproject.filters import LIST, FilterSpec, run_query
from pm_providers.sandbox.openproject.links import ABSENT, api, linked_id, write_link
from pm_providers.sandbox.openproject.projects import list_projects
from pm_providers.sandbox.openproject.records import Version
from pm_providers.sandbox.openproject.schemas import (
    allow_href,
    custom_members,
    form_body,
    property_schema,
    schema_body,
)
from pm_providers.sandbox.openproject.sharing import shared_versions, version_projects
from pm_providers.sandbox.openproject.values import date_key, formattable, parse_date, raw_text, text
from pm_providers.sandbox.openproject.view import View
from pm_providers.sandbox.openproject.web import Call, Reply, Routes

__all__ = ["routes"]

routes = Routes()
STATUSES = ("open", "locked", "closed")
SHARINGS = ("none", "descendants", "hierarchy", "tree", "system")
NOT_ALLOWED = "is not set to one of the allowed values."


def _visible(call: Call, row: Version) -> bool:
    return any(
        access.allowed(call.state, call.user, "view_work_packages", project)
        or access.allowed(call.state, call.user, "manage_versions", project)
        for project in version_projects(call.state, row)
    )


def _version_of(call: Call) -> Version:
    row = call.state.versions.get(call.number())
    if row is None or not _visible(call, row):
        raise not_found()
    return row


def _may_manage(call: Call, row: Version) -> bool:
    return access.allowed(call.state, call.user, "manage_versions", call.state.projects[row.project_id])


@routes("GET", "/versions")
def versions(call: Call) -> Reply:
    """All visible versions, newest first; unpaged, the only filter is `sharing`."""
    rows = [v for v in call.state.versions if _visible(call, v)]
    specs = {"sharing": FilterSpec("Sharing", LIST, lambda v: v.sharing, allowed=lambda: set(SHARINGS))}
    found, _ = run_query(call, rows, specs, {"id": lambda v: v.id})
    return Reply(
        _list(call, "/versions", found, access.allowed_anywhere(call.state, call.user, "manage_versions"))
    )


@routes("GET", "/projects/{id}/versions")
def project_versions(call: Call) -> Reply:
    """Versions of a project and those shared with it, newest first."""
    project = project_of(call)
    if not access.allowed(call.state, call.user, "view_work_packages", project):
        raise forbidden()
    rows = list(reversed(shared_versions(call.state, project)))
    may = access.allowed(call.state, call.user, "manage_versions", project)
    return Reply(_list(call, f"/projects/{project.id}/versions", rows, may))


def _list(call: Call, path: str, rows: list[Version], may_create: bool) -> dict[str, Any]:
    view = View(call.state, call.user)
    links: dict[str, Any] = {}
    if may_create:
        links["createVersionImmediately"] = write_link("post", "versions")
        links["createVersion"] = write_link("post", "versions", "form")
    return unpaged(path, [view.version(row) for row in rows], **links)


@routes("GET", "/versions/available_projects")
def available_projects(call: Call) -> Reply:
    """Projects in which the user may make versions."""
    ids = access.projects_allowing(call.state, call.user, "manage_versions")
    rows = [p for p in call.state.projects if p.id in ids]
    path = "/projects" if not call.state.features.projects_paged else "/versions/available_projects"
    return Reply(list_projects(call, path, rows))


@routes("GET", "/versions/schema")
def version_schema(call: Call) -> Reply:
    """Schema of versions."""
    return Reply(schema_body(_members(call), "versions", "schema"))


@routes("GET", "/versions/{id}")
def version(call: Call) -> Reply:
    """One version."""
    return Reply(View(call.state, call.user).version(_version_of(call), embed=True))


@routes("GET", "/versions/{id}/projects")
def projects(call: Call) -> Reply:
    """Projects that may use a version: one page, whatever is asked for.

    Recorded 06-versions: step 31, a page of 30; the vendor's code of this address reads no parameters.
    """
    row = _version_of(call)
    rows = [
        p
        for p in version_projects(call.state, row)
        if access.project_visible(call.state, call.user, p) and p.active
    ]
    return Reply(list_projects(call, f"/versions/{row.id}/projects", rows, only=Page(1, 30)))


@routes("POST", "/versions")
def create(call: Call) -> Reply:
    """Make a version; needs `manage_versions` in its project."""
    if not access.allowed_anywhere(call.state, call.user, "manage_versions"):
        raise forbidden()
    values, faults = _draft(call, call.object(), None)
    project = call.state.projects.get(values["project_id"])
    if project is not None and not access.allowed(call.state, call.user, "manage_versions", project):
        raise forbidden()
    raise_faults(faults)
    row = Version(id=call.state.versions.next_id(), **values, **call.state.stamps())
    call.state.versions.put(row)
    return Reply(View(call.state, call.user).version(row, embed=True), 201)


@routes("PATCH", "/versions/{id}")
def update(call: Call) -> Reply:
    """Change a version; its project stays."""
    row = _version_of(call)
    if not _may_manage(call, row):
        raise forbidden()
    values, faults = _draft(call, call.object(), row)
    raise_faults(faults)
    changes = {k: v for k, v in values.items() if getattr(row, k) != v}
    if changes:
        row = call.state.versions.change(row, **changes, updated=call.state.now())
    return Reply(View(call.state, call.user).version(row, embed=True))


@routes("DELETE", "/versions/{id}")
def delete(call: Call) -> Reply:
    """Delete a version without work packages."""
    row = _version_of(call)
    if not _may_manage(call, row):
        raise forbidden()
    if call.state.work_packages.where("version_id", row.id):
        message = "The version cannot be deleted as it has work packages attached to it."
        raise_faults([violation("base", message)])
    call.state.versions.remove(row.id)
    return Reply(None, 204)


@routes("POST", "/versions/form")
def create_form(call: Call) -> Reply:
    """Form for a new version."""
    if not access.allowed_anywhere(call.state, call.user, "manage_versions"):
        raise forbidden()
    values, faults = _draft(call, call.object(), None)
    return Reply(_form(call, ("versions", "form"), ("post", ("versions",)), values, faults))


@routes("POST", "/versions/{id}/form")
def update_form(call: Call) -> Reply:
    """Form for a stored version."""
    row = _version_of(call)
    if not _may_manage(call, row):
        raise forbidden()
    values, faults = _draft(call, call.object(), row)
    own = ("versions", row.id)
    return Reply(_form(call, (*own, "form"), ("patch", own), values, faults))


def _draft(
    call: Call, body: dict[str, Any], current: Version | None
) -> tuple[dict[str, Any], list[Fault422]]:
    values: dict[str, Any] = {
        "name": "",
        "project_id": None,
        "description": "",
        "start": None,
        "end": None,
        "status": "open",
        "sharing": "none",
    }
    if current is not None:
        values = {k: v for k, v in msgspec.structs.asdict(current).items() if k in values}
    faults: list[Fault422] = []
    for name in ("name", "status", "sharing"):
        if name in body:
            values[name] = "" if body[name] is None else text(body[name])
    written, raw = raw_text(body, "description")
    if written:
        values["description"] = raw
    for name, target in (("startDate", "start"), ("endDate", "end")):
        if name in body:
            values[target] = parse_date(name, body[name])
    _read_project(call, body, current, values, faults)
    faults += _check(call, values, current)
    project = call.state.projects.get(values["project_id"])
    custom, problems = read_custom(call, "Version", body, current.custom if current else None, project)
    return {**values, "custom": custom}, faults + problems


def _read_project(
    call: Call,
    body: dict[str, Any],
    current: Version | None,
    values: dict[str, Any],
    faults: list[Fault422],
) -> None:
    key = linked_id(body, "definingProject", "projects", "programs", "portfolios", attribute="project")
    if key is ABSENT:
        key = values["project_id"]
    row = call.state.projects.get(key)
    if current is not None and key != current.project_id:
        faults.append(read_only("project", "Project"))
    elif row is None or not access.project_visible(call.state, call.user, row):
        faults.append(violation("project", "Project can't be blank."))
    else:
        values["project_id"] = key


def _check(call: Call, values: dict[str, Any], current: Version | None) -> list[Fault422]:
    faults: list[Fault422] = []
    name = values["name"]
    if not name.strip():
        faults.append(violation("name", "Name can't be blank."))
    elif len(name) > (255 if call.state.features.number < (13, 0) else 60):
        # 61 characters pass in 12.0, recorded 06-versions: step 10
        faults.append(violation("name", "Name is too long (maximum is 60 characters)."))
    elif any(
        other.name == name and (current is None or other.id != current.id)
        for other in call.state.versions.where("project_id", values["project_id"])
    ):
        faults.append(violation("name", "Name has already been taken."))
    start, end = values["start"], values["end"]
    if start and end and date_key(end) < date_key(start):
        message = "Finish date must be greater than the start date."
        faults.append(violation("effectiveDate", message))
    if values["status"] not in STATUSES:
        faults.append(violation("status", f"Status {NOT_ALLOWED}"))
    if values["sharing"] not in SHARINGS:
        faults.append(violation("sharing", f"Sharing {NOT_ALLOWED}"))
    return faults


def _members(call: Call) -> dict[str, Any]:
    fixed: dict[str, Any] = {"required": True, "writable": False}
    limits: dict[str, Any] = {"required": True, "minLength": 1, "maxLength": 60}
    return {
        "id": property_schema("Integer", "ID", **fixed),
        "name": property_schema("String", "Name", **limits),
        "description": property_schema("Formattable", "Description"),
        "startDate": property_schema("Date", "Start date"),
        # not writable in the vendor's own schema although it is, recorded 06-versions: step 43
        "endDate": property_schema("Date", "Finish date", writable=False),
        "status": property_schema("String", "Status", required=True, linked=True),
        "sharing": property_schema("String", "Sharing", required=True, linked=True),
        "definingProject": property_schema("Project", "Project", required=True, linked=True),
        "createdAt": property_schema("DateTime", "Created on", **fixed),
        "updatedAt": property_schema("DateTime", "Updated on", **fixed),
        **custom_members(call.state, "Version"),
    }


def _form(
    call: Call,
    form: tuple[object, ...],
    commit: tuple[str, tuple[object, ...]],
    values: dict[str, Any],
    faults: list[Fault422],
) -> dict[str, Any]:
    view = View(call.state, call.user)
    members = _members(call)
    members["status"]["_embedded"] = {"allowedValues": list(STATUSES)}
    members["sharing"]["_embedded"] = {"allowedValues": list(SHARINGS)}
    allow_href(members["definingProject"], api("versions", "available_projects"))
    payload = {
        "name": values["name"],
        "description": formattable(values["description"], plain=True),
        "startDate": values["start"],
        "endDate": values["end"],
        "status": values["status"],
        "sharing": values["sharing"],
        **view.plain_custom("Version", values["custom"]),
        "_links": {
            "definingProject": view.project_link(values["project_id"]),
            **view.linked_custom("Version", values["custom"]),
        },
    }
    return form_body(form, commit, payload, schema_body(members), faults)
