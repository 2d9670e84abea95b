"""Schema and forms of projects."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.basics import project_of
from pm_providers.sandbox.openproject.errors import forbidden
from pm_providers.sandbox.openproject.links import api
from pm_providers.sandbox.openproject.project_write import ProjectDraft, draft_project
from pm_providers.sandbox.openproject.records import Project
from pm_providers.sandbox.openproject.schemas import (
    allow,
    allow_href,
    custom_members,
    form_body,
    property_schema,
    schema_body,
)
from pm_providers.sandbox.openproject.values import formattable
from pm_providers.sandbox.openproject.view import STATUS_NAMES, View
from pm_providers.sandbox.openproject.web import Call, Reply, Routes

__all__ = ["routes"]

routes = Routes()
_COPIED = (
    ("copyMembers", "Members"),
    ("copyVersions", "Versions"),
    ("copyCategories", "Work package categories"),
    ("copyWorkPackages", "Work packages"),
    ("copyWorkPackageAttachments", "Work package attachments"),
    ("copyWiki", "Wiki pages"),
    ("copyWikiPageAttachments", "Wiki page attachments"),
    ("copyForums", "Forums"),
    ("copyQueries", "Custom queries"),
    ("copyBoards", "Boards"),
    ("copyOverview", "Overview"),
)


@routes("GET", "/projects/schema")
def project_schema(call: Call) -> Reply:
    """Schema of projects."""
    return Reply(schema_body(_members(call), "projects", "schema"))


@routes("POST", "/projects/form")
def create_form(call: Call) -> Reply:
    """Form for a new project."""
    if not access.allowed_anywhere(call.state, call.user, "add_project"):
        raise forbidden()
    body = call.object()
    draft = draft_project(call, None, body)
    if "identifier" not in body:
        draft.values["identifier"] = ""
    path = ("projects", "form")
    return Reply(_form(call, path, ("post", ("projects",)), draft, None))


@routes("POST", "/projects/{id}/form")
def update_form(call: Call) -> Reply:
    """Form for a stored project."""
    row = project_of(call)
    if not (call.user.admin or access.allowed(call.state, call.user, "edit_project", row)):
        raise forbidden()
    draft = draft_project(call, row, call.object())
    own = ("projects", row.id)
    return Reply(_form(call, (*own, "form"), ("patch", own), draft, row))


@routes("POST", "/projects/{id}/copy/form")
def copy_form(call: Call) -> Reply:
    """Form for a copy: the source's values with choices of what to take along."""
    row = project_of(call)
    if not call.user.admin:
        raise forbidden()
    start = {"name": "", "description": {"raw": row.description}}
    start["statusExplanation"] = {"raw": row.status_explanation}
    draft = draft_project(call, None, {**start, **call.object()})
    own = ("projects", row.id, "copy")
    body = _form(call, (*own, "form"), ("post", own), draft, None)
    content = body["_embedded"]
    content["payload"]["_meta"] = {name: True for name, _ in _COPIED} | {"sendNotifications": True}
    none = formattable("No objects of this type")
    for name, human in _COPIED:
        member = property_schema("Boolean", human, default=True)
        content["schema"][name] = {**member, "location": "_meta", "description": none}
    send = property_schema("Boolean", "Send email notifications during the project copy", default=True)
    content["schema"]["sendNotifications"] = {**send, "location": "_meta"}
    parent = api("projects", "available_parent_projects")
    allow_href(content["schema"]["parent"], f"{parent}?of={row.id}")
    return Reply(body)


def _members(call: Call) -> dict[str, Any]:
    fixed: dict[str, Any] = {"required": True, "writable": False}
    members = {
        "id": property_schema("Integer", "ID", **fixed),
        "name": property_schema("String", "Name", required=True, minLength=1, maxLength=255),
        "identifier": property_schema(
            "String", "Identifier", required=True, default=True, minLength=1, maxLength=100
        ),
        "description": property_schema("Formattable", "Description"),
        "public": property_schema("Boolean", "Public"),
        "active": property_schema("Boolean", "Active"),
        "status": property_schema("ProjectStatus", "Status", linked=True),
        "statusExplanation": property_schema("Formattable", "Status description"),
        "parent": property_schema("Project", "Subproject of", linked=True),
        "createdAt": property_schema("DateTime", "Created on", **fixed),
        "updatedAt": property_schema("DateTime", "Updated on", **fixed),
        **custom_members(call.state, "Project"),
    }
    if call.state.features.workspaces:
        members["favorited"] = property_schema("Boolean", "Favorite", writable=False)
    return members


def _form(
    call: Call,
    form: tuple[object, ...],
    commit: tuple[str, tuple[object, ...]],
    draft: ProjectDraft,
    row: Project | None,
) -> dict[str, Any]:
    view, members = View(call.state, call.user), _members(call)
    codes = list(STATUS_NAMES)
    if call.state.features.number < (13, 0):
        codes = ["on_track", "at_risk", "off_track"]
    allow(members["status"], [view.project_status(code) for code in codes])
    query = f"?of={row.id}" if row is not None else ""
    allow_href(members["parent"], api("projects", "available_parent_projects") + query)

    def value(name: str, default: Any) -> Any:
        return draft.values.get(name, getattr(row, name) if row is not None else default)

    code = value("status_code", None)
    status: dict[str, Any] = {"href": None}
    if code in STATUS_NAMES:
        status = view.project_status(code)["_links"]["self"]
    payload = {
        "identifier": value("identifier", ""),
        "name": value("name", ""),
        "active": value("active", True),
        "public": value("public", False),
        "description": formattable(value("description", None)),
        "statusExplanation": formattable(value("status_explanation", None)),
        **view.plain_custom("Project", draft.values["custom"]),
        "_links": {
            "parent": view.project_link(value("parent_id", None)),
            "status": status,
            **view.linked_custom("Project", draft.values["custom"]),
        },
    }
    return form_body(form, commit, payload, schema_body(members), draft.faults)
