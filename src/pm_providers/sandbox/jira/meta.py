"""What may be set when an issue is created, edited or moved on: createmeta, editmeta, transitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.errors import ApiError
from pm_providers.sandbox.jira.records import Field, Issue, IssueType, Project
from pm_providers.sandbox.jira.view import View
from pm_providers.sandbox.jira.web import Call, Reply, Routes, Session

__all__ = ["edit_meta", "field_meta", "routes"]

routes = Routes()
_LISTS = frozenset({"options", "users", "groups", "versions", "components", "labels"})


def field_meta(
    session: Session, field: Field, project: Project, type_id: int, *, required: bool
) -> dict[str, Any]:
    """A field as createmeta, editmeta and transitions describe it."""
    body: dict[str, Any] = {
        "required": required,
        "schema": field.schema or {"type": "issuelink", "system": field.id},
        "name": field.name,
        "key": field.id,
        "hasDefaultValue": field.id in {"priority", "reporter", "issuetype"},
        "operations": _operations(field),
    }
    address = _auto_complete(session, field)
    if address:
        body["autoCompleteUrl"] = address
    allowed = _ALLOWED.get(field.kind)
    if allowed is not None:
        body["allowedValues"] = allowed(View(session), field, project, type_id)
    if field.id == "priority":
        body["defaultValue"] = View(session).priority(3)
    return body


def _operations(field: Field) -> list[str]:
    if field.kind in _LISTS:
        return ["add", "set", "remove"]
    if field.kind == "timetracking":
        return ["set", "edit"]
    if field.id == "comment":
        return ["add", "edit", "remove"]
    if field.id == "issuelinks":
        return ["add", "copy"]
    if field.id == "attachment":
        return ["set", "copy"]
    return [] if field.kind in {"issuetype", "project"} else ["set"]


def _auto_complete(session: Session, field: Field) -> str:
    if field.kind in {"user", "users"}:
        return f"{session.api}/user/search?query="
    if field.kind == "labels":
        return f"{session.base_url}/rest/api/1.0/labels/suggest?query="
    return ""


def _options(view: View, field: Field, _project: Project, _type: int) -> list[Any]:
    rows = view.state.field_options(field.id)
    found = []
    for row in rows:
        body = view.option(row.id)
        children = view.state.field_options(field.id, row.id)
        found.append({**body, "children": [view.option(c.id) for c in children]} if children else body)
    return found


def _types(view: View, _field: Field, project: Project, type_id: int) -> list[Any]:
    """The type itself and those that it could be changed to."""
    state = view.state
    level, workflow = state.types[type_id].level, state.workflow(project, type_id).id
    return [
        view.issue_type(row.id)
        for row in state.project_types(project)
        if row.level == level and state.workflow(project, row.id).id == workflow
    ]


_ALLOWED: dict[str, Callable[[View, Field, Project, int], list[Any]]] = {
    "option": _options,
    "options": _options,
    "cascading": _options,
    "priority": lambda v, _f, _p, _t: [v.priority(row.id) for row in v.state.priorities],
    "resolution": lambda v, _f, _p, _t: [v.resolution(row.id) for row in v.state.resolutions],
    "components": lambda v, _f, p, _t: [
        v.component_ref(r.id) for r in v.state.components.where("project_id", p.id)
    ],
    "versions": lambda v, _f, p, _t: [v.version_ref(row.id) for row in v.versions_of(p.id)],
    "version": lambda v, _f, p, _t: [v.version_ref(row.id) for row in v.versions_of(p.id)],
    "project": lambda v, _f, p, _t: [v.project_ref(p.id)],
    "issuetype": _types,
}


def edit_meta(session: Session, issue: Issue) -> dict[str, Any]:
    """Fields that the caller can edit; empty without the right or in a closed step of the workflow."""
    state = session.state
    project = state.projects[issue.project_id]
    closed = issue.status_id in state.workflow(project, issue.type_id).closed
    if closed or not rights.may_use(session, "EDIT_ISSUES", project):
        return {}
    layout = state.layout(project, issue.type_id)
    return _fields(session, project, issue.type_id, layout.edit)


def _fields(session: Session, project: Project, type_id: int, names: tuple[str, ...]) -> dict[str, Any]:
    state = session.state
    level = state.types[type_id].level
    layout = state.layout(project, type_id)
    found = {}
    for name in names:
        field = state.fields[name]
        if field.kind == "sprint" and level < 0:
            continue
        needed = {
            "reporter": "MODIFY_REPORTER",
            "assignee": "ASSIGN_ISSUES",
            "duedate": "SCHEDULE_ISSUES",
        }.get(name)
        if needed and not rights.may_use(session, needed, project):
            continue
        required = name in layout.required or (name == "parent" and level < 0)
        found[name] = field_meta(session, field, project, type_id, required=required)
    return found


@routes("GET", "issue/{id}/editmeta")
def editmeta(call: Call) -> Reply:
    """What can be edited on an issue."""
    return Reply({"fields": edit_meta(call.session, rights.need_issue(call.session, call.params["id"]))})


def _creatable(call: Call) -> Project:
    project = call.state.project(call.params["project"])
    if project is None or not rights.may_use(call.session, "CREATE_ISSUES", project):
        raise ApiError(400, fields={"project": "valid project is required"})
    return project


def _type_row(view: View, row: IssueType) -> dict[str, Any]:
    body = view.issue_type(row.id, scoped=True)
    body.pop("avatarId")
    return {**body, "untranslatedName": row.name}


@routes("GET", "issue/createmeta/{project}/issuetypes")
def create_types(call: Call) -> Reply:
    """Issue types that can be created in a project, in pages."""
    project, view, page = _creatable(call), View(call.session), call.page(50, 200)
    rows = call.state.project_types(project)
    return Reply(page.bean(rows, [_type_row(view, row) for row in page.cut(rows)], name="issueTypes"))


@routes("GET", "issue/createmeta/{project}/issuetypes/{type}")
def create_fields(call: Call) -> Reply:
    """Fields of the create screen of a type, in pages."""
    project = _creatable(call)
    row = next((t for t in call.state.project_types(project) if str(t.id) == call.params["type"]), None)
    if row is None:
        raise ApiError(400, fields={"issuetype": "The issue type selected is invalid."})
    layout = call.state.layout(project, row.id)
    fields = _fields(call.session, project, row.id, layout.create)
    rows = [{**body, "fieldId": name} for name, body in fields.items()]
    page = call.page(50, 200)
    return Reply(page.bean(rows, page.cut(rows), name="fields"))


@routes("GET", "issue/createmeta")
def createmeta(call: Call) -> Reply:
    """The older form for several projects (deprecated, still answering)."""
    ids, keys = set(call.many("projectIds")), {key.upper() for key in call.many("projectKeys")}
    type_ids, names = set(call.many("issuetypeIds")), set(call.many("issuetypeNames"))
    view, expand = View(call.session), call.one("expand")
    projects = []
    for project in rights.browsable(call.session):
        wanted = not (ids or keys) or str(project.id) in ids or project.key in keys
        if not wanted or not rights.may_use(call.session, "CREATE_ISSUES", project):
            continue
        types = []
        for row in call.state.project_types(project):
            if (type_ids or names) and str(row.id) not in type_ids and row.name not in names:
                continue
            body = _type_row(view, row)
            if "fields" in expand:
                layout = call.state.layout(project, row.id)
                body["fields"] = _fields(call.session, project, row.id, layout.create)
                body["expand"] = "fields"
            types.append(body)
        ref = view.project_ref(project.id)
        shown = {name: ref[name] for name in ("self", "id", "key", "name", "avatarUrls")}
        projects.append({**shown, "issuetypes": types})
    return Reply({"expand": "projects", "projects": projects})
