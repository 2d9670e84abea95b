"""Forms and schemas of work packages: what may be written, with the allowed values."""

from __future__ import annotations

import re
from typing import Any

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.basics import project_of
from pm_providers.sandbox.openproject.collection import query_string, unpaged
from pm_providers.sandbox.openproject.custom_write import allowed_values
from pm_providers.sandbox.openproject.errors import Fault422, forbidden, not_found
from pm_providers.sandbox.openproject.filters import read_filters
from pm_providers.sandbox.openproject.links import ROOT, api, link
from pm_providers.sandbox.openproject.projects import list_projects
from pm_providers.sandbox.openproject.records import CustomField, Project, Type, WorkPackage
from pm_providers.sandbox.openproject.represent_wp import work_package_title
from pm_providers.sandbox.openproject.schemas import (
    allow,
    allow_href,
    form_body,
    property_schema,
    schema_body,
)
from pm_providers.sandbox.openproject.sharing import shared_versions
from pm_providers.sandbox.openproject.values import duration_text, formattable
from pm_providers.sandbox.openproject.view import View
from pm_providers.sandbox.openproject.web import Call, Reply, Routes
from pm_providers.sandbox.openproject.work_packages import check_lock, wp_of
from pm_providers.sandbox.openproject.workflow import allowed_statuses
from pm_providers.sandbox.openproject.wp_draft import Draft, read_draft
from pm_providers.sandbox.openproject.wp_rights import (
    ATTRIBUTES,
    computed_names,
    done_is_computed,
    forbidden_names,
    may_edit,
)
from pm_providers.sandbox.openproject.wp_rules import check_work_package
from pm_providers.sandbox.openproject.wp_schema import attribute_groups, schema, schema_members

__all__ = ["routes"]

routes = Routes()


@routes("GET", "/work_packages/schemas/sums")
def sums_schema(call: Call) -> Reply:
    """Schema of the sums of a list."""
    names = {
        "estimatedTime": ("Duration", "Estimated time"),
        "storyPoints": ("Integer", "Story Points"),
        "remainingTime": ("Duration", "Remaining hours"),
        "overallCosts": ("String", "Overall costs"),
        "laborCosts": ("String", "Labor costs"),
        "materialCosts": ("String", "Unit costs"),
    }
    for field in call.state.fields_for("WorkPackage"):
        kind = {"int": "Integer", "float": "Float"}.get(field.format)
        if kind:
            names[f"customField{field.id}"] = (kind, field.name)
    members = {key: property_schema(kind, human, writable=False) for key, (kind, human) in names.items()}
    return Reply(schema_body(members, "work_packages", "schemas", "sums"))


@routes("GET", "/work_packages/schemas/{id}")
def one_schema(call: Call) -> Reply:
    """Schema `PROJECT-TYPE`."""
    found = _schema(call, call.params["id"])
    if found is None:
        raise not_found()
    return Reply(found)


@routes("GET", "/work_packages/schemas")
def schemas(call: Call) -> Reply:
    """Schemas that an `id` filter names."""
    conditions = read_filters(call, listed=True) or []
    keys = [key for c in conditions if c.name == "id" for key in c.values]
    elements = [body for key in keys if (body := _schema(call, key)) is not None]
    body = unpaged("/work_packages/schemas", elements)
    if conditions:
        query = query_string({"filters": call.query["filters"]})
        body["_links"]["self"]["href"] += f"?{query}"
    return Reply(body)


def _schema(call: Call, key: str) -> dict[str, Any] | None:
    match = re.fullmatch(r"(\d{1,18})-(\d{1,18})", key)
    project = call.state.projects.get(int(match.group(1))) if match else None
    kind = call.state.types.get(int(match.group(2))) if match else None
    if project is None or kind is None or not access.project_visible(call.state, call.user, project):
        return None
    return schema(View(call.state, call.user), project, kind)


@routes("POST", "/work_packages/form")
def create_form(call: Call) -> Reply:
    """Form for a new work package anywhere."""
    if not access.allowed_anywhere(call.state, call.user, "add_work_packages"):
        raise forbidden()
    return Reply(_create_form(call, None))


@routes("POST", "/projects/{id}/work_packages/form")
def create_form_in_project(call: Call) -> Reply:
    """Form for a new work package in a project."""
    project = project_of(call)
    if not access.allowed(call.state, call.user, "add_work_packages", project):
        raise forbidden()
    return Reply(_create_form(call, project))


@routes("POST", "/work_packages/{id}/form")
def update_form(call: Call) -> Reply:
    """Form for a stored work package; a stale lockVersion is 409 here as well."""
    row = wp_of(call)
    if not may_edit(call.state, call.user, row):
        raise forbidden()
    body = call.object()
    if body:
        check_lock(row, body)
    draft = read_draft(call, body, row)
    check_work_package(call, draft, row, body)
    own = ("work_packages", row.id)
    links = {"previewMarkup": _preview(api(*own))}
    return Reply(_form(call, (*own, "form"), ("patch", own), draft, row, links))


@routes("GET", "/work_packages/available_projects")
def create_projects(call: Call) -> Reply:
    """Projects in which the user may make work packages."""
    return _projects(call, "/work_packages/available_projects", "add_work_packages")


@routes("GET", "/work_packages/{id}/available_projects")
def move_projects(call: Call) -> Reply:
    """Projects to which a work package may be moved."""
    row = wp_of(call)
    if not access.allowed(call.state, call.user, "edit_work_packages", call.state.projects[row.project_id]):
        raise forbidden()
    return _projects(call, f"/work_packages/{row.id}/available_projects", "move_work_packages")


def _projects(call: Call, path: str, permission: str) -> Reply:
    ids = access.projects_allowing(call.state, call.user, permission)
    rows = sorted((p for p in call.state.projects if p.id in ids), key=lambda p: p.name.lower())
    if not call.state.features.projects_paged:
        call.query = {"pageSize": "30"}  # ignored there, recorded 14-…: step 14
    return Reply(list_projects(call, path, rows, 30))


def _create_form(call: Call, project: Project | None) -> dict[str, Any]:
    body = call.object()
    draft = read_draft(call, body, None, project)
    check_work_package(call, draft, None, body)
    place = call.state.projects.get(draft.values["project_id"])
    links: dict[str, Any] = {
        "previewMarkup": _preview(api("projects", place.id if place else 0)),
    }
    if place is not None and call.user.admin:
        page = {"type": "text/html"}
        href = f"/projects/{place.identifier}/settings/custom_fields"
        links["customFields"] = {"href": href, **page, "title": "Custom fields"}
        if draft.values["type_id"] in call.state.types:
            href = f"/types/{draft.values['type_id']}/edit?tab=form_configuration"
            links["configureForm"] = {"href": href, **page, "title": "Configure form"}
    path = ("work_packages", "form")
    return _form(call, path, ("post", ("work_packages",)), draft, None, links)


def _preview(context: str) -> dict[str, Any]:
    return {"href": f"{ROOT}/render/markdown?context={context}", "method": "post"}


def _form(
    call: Call,
    form: tuple[object, ...],
    commit: tuple[str, tuple[object, ...]],
    draft: Draft,
    current: WorkPackage | None,
    links: dict[str, Any],
) -> dict[str, Any]:
    state, view = call.state, View(call.state, call.user)
    project = state.projects.get(draft.values["project_id"])
    kind = state.types.get(draft.values["type_id"])
    members = schema_members(view, project, kind)
    _allow_all(call, view, members, project, kind, current)
    locked = _lock_members(call, members, draft, current)
    inner = schema_body({"_attributeGroups": attribute_groups(view, project, kind), **members})
    key = f"{project.id if project else 0}-{kind.id if kind else 0}"
    inner["_links"]["baseSchema"] = {"href": api("work_packages", "schemas", key)}
    payload = _payload(view, draft, current, locked)
    return form_body(form, commit, payload, inner, _last_per_attribute(draft.faults), links)


def _last_per_attribute(faults: list[Fault422]) -> list[Fault422]:
    return list({fault.attribute: fault for fault in reversed(faults)}.values())


def _lock_members(call: Call, members: dict[str, Any], draft: Draft, current: WorkPackage | None) -> set[str]:
    """Mark what the server computes and what the user may not write; returns the names not writable."""
    state = call.state
    place = draft.values["project_id"] if current is None else current.project_id
    names = computed_names(state, current, manual=current is not None and current.manual)
    if done_is_computed(state):
        names.add("done")
    if place in state.projects:
        names |= forbidden_names(state, call.user, current, place)
    if current is not None and state.statuses[current.status_id].readonly:
        names |= ATTRIBUTES.keys() - {"status_id"}
    if current is not None:
        members["lockVersion"]["writable"] = True
    locked = {ATTRIBUTES[name][0] for name in names}
    for name in locked & members.keys():
        members[name]["writable"] = False
    return locked


def _allow_all(
    call: Call,
    view: View,
    members: dict[str, Any],
    project: Project | None,
    kind: Type | None,
    current: WorkPackage | None,
) -> None:
    state = call.state
    where = api("work_packages", "available_projects")
    if current is not None:
        where = api("work_packages", current.id, "available_projects")
    elif kind is not None:
        where += f"?for_type={kind.id}"
    allow_href(members["project"], where)
    kinds = [state.types[key] for key in project.type_ids] if project else list(state.types)
    allow(members["type"], [view.type(t) for t in sorted(kinds, key=lambda t: t.position)])
    statuses = sorted(state.statuses, key=lambda s: s.position)
    if project is not None and kind is not None:
        statuses = allowed_statuses(state, call.user, project, kind, current)
    allow(members["status"], [view.status(s) for s in statuses])
    ranks = sorted(state.priorities, key=lambda p: p.position)
    allow(members["priority"], [view.priority(p) for p in ranks if p.active])
    if project is None:
        allow(members["status"], [view.status(s) for s in statuses if s.default])
        return
    people = api("projects", project.id, "available_assignees")
    other = people.replace("assignees", "responsibles") if view.features.responsibles else people
    allow_href(members["assignee"], people)
    allow_href(members["responsible"], other)
    rows = state.categories.where("project_id", project.id)
    allow(members["category"], [view.category(c) for c in rows])
    found = [v for v in shared_versions(state, project) if v.status == "open"]
    chosen = state.versions.get(current.version_id) if current is not None else None
    if chosen is not None and chosen not in found:
        found.append(chosen)
    found.sort(key=lambda v: v.name.lower())
    allow(members["version"], [view.version(v) for v in found])
    if "sprint" in members:
        sprints = state.sprints.where("project_id", project.id)
        allow(members["sprint"], [view.sprint(s) for s in sprints if s.status != "completed"])
    for field in state.fields_for("WorkPackage", project.id, kind.id if kind else None):
        _allow_custom(call, view, members[f"customField{field.id}"], field, project)


def _allow_custom(
    call: Call, view: View, member: dict[str, Any], field: CustomField, project: Project
) -> None:
    state = call.state
    if field.format == "list":
        rows = state.options(field.id)
        allow(
            member,
            [
                {
                    "_type": "CustomOption",
                    "id": o.id,
                    "value": o.value,
                    "_links": {"self": link(o.value, "custom_options", o.id)},
                }
                for o in rows
            ],
        )
    elif field.format == "version":
        found = [state.versions[key] for key in allowed_values(call, field, project)]
        found.sort(key=lambda v: v.name.lower())
        allow(member, [view.version(v) for v in found])
    elif field.format == "user":
        query = (
            "filters=%5B%7B%22status%22%3A%7B%22operator%22%3A%22%21%22%2C%22values%22%3A%5B%223%22%5D%7D"
            "%7D%2C%7B%22type%22%3A%7B%22operator%22%3A%22%3D%22%2C%22values%22%3A%5B%22User%22%2C%22Group"
            "%22%2C%22PlaceholderUser%22%5D%7D%7D%2C%7B%22member%22%3A%7B%22operator%22%3A%22%3D%22%2C"
            f"%22values%22%3A%5B%22{project.id}%22%5D%7D%7D%5D&pageSize=0"
        )
        allow_href(member, f"{ROOT}/principals?{query}")


def _payload(view: View, draft: Draft, current: WorkPackage | None, locked: set[str]) -> dict[str, Any]:
    state, values = view.state, draft.values
    project, kind = state.projects.get(values["project_id"]), state.types.get(values["type_id"])
    fields = state.fields_for("WorkPackage", values["project_id"], values["type_id"]) if project else []
    body: dict[str, Any] = {"lockVersion": current.lock} if current is not None else {}
    body |= {
        "subject": values["subject"],
        "description": formattable(values["description"]),
        "scheduleManually": values["manual"],
    }
    if kind is not None and kind.milestone:
        body["date"] = values["due"]
    else:
        body |= {"startDate": values["start"], "dueDate": values["due"]}
    body["estimatedTime"] = duration_text(values["estimated_hours"])
    body["percentageDone"] = values["done"]
    if view.features.progress or (project is not None and "backlogs" in project.modules):
        body["remainingTime"] = duration_text(values["remaining_hours"])
    if view.features.duration:
        body["duration"] = f"P{values['duration']}D" if values["duration"] else None
        body["ignoreNonWorkingDays"] = values["ignore_non_working"]
    backlogs = project is not None and "backlogs" in project.modules
    if backlogs and values["type_id"] in state.settings["story_types"]:
        body["storyPoints"] = values["story_points"]
    body |= view.plain_custom("WorkPackage", values["custom"], fields)
    links = _payload_links(view, values)
    links |= view.linked_custom("WorkPackage", values["custom"], fields)
    shown = {k: v for k, v in body.items() if k not in locked}
    return {**shown, "_links": {k: v for k, v in links.items() if k not in locked}}


def _payload_links(view: View, values: dict[str, Any]) -> dict[str, Any]:
    state = view.state
    links: dict[str, Any] = {}
    tables: dict[str, Any] = {"type": state.types, "priority": state.priorities, "status": state.statuses}
    for name, table in tables.items():
        row = table.get(values[f"{name}_id"])
        plural = {"type": "types", "priority": "priorities", "status": "statuses"}[name]
        links[name] = link(row.name, plural, row.id) if row is not None else {"href": None}
    for name, other in (("category", state.categories), ("version", state.versions)):
        found: Any = other.get(values[f"{name}_id"])
        plural = "categories" if name == "category" else "versions"
        links[name] = link(found.name, plural, found.id) if found is not None else {"href": None}
    links["project"] = view.project_link(values["project_id"])
    for name in ("assignee", "responsible"):
        links[name] = view.principal_link(values[f"{name}_id"])
        key = values[f"{name}_id"]
        if key is not None and key not in state.principals:
            links[name] = {"href": api("users", key)}
    links["parent"] = work_package_title(view, values["parent_id"])
    if view.features.sprints:
        sprint = state.sprints.get(values["sprint_id"])
        links["sprint"] = link(sprint.name, "sprints", sprint.id) if sprint else {"href": None}
    return links
