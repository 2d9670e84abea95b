"""Time entries and their activities."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.collection import paged_list
from pm_providers.sandbox.openproject.errors import forbidden, not_found, raise_faults
from pm_providers.sandbox.openproject.filters import (
    DATES,
    DATETIMES,
    LIST,
    LIST_OPTIONAL,
    FilterSpec,
    run_query,
)
from pm_providers.sandbox.openproject.forms import fixed_members, split_custom
from pm_providers.sandbox.openproject.links import api, link, write_link
from pm_providers.sandbox.openproject.projects import list_projects
from pm_providers.sandbox.openproject.records import Project, TimeEntry
from pm_providers.sandbox.openproject.represent_time import activity_body, activity_link, time_entry
from pm_providers.sandbox.openproject.schemas import (
    allow,
    allow_href,
    custom_members,
    form_body,
    property_schema,
    schema_body,
)
from pm_providers.sandbox.openproject.time_write import Draft, draft_entry
from pm_providers.sandbox.openproject.values import date_key, duration_text, formattable
from pm_providers.sandbox.openproject.view import View
from pm_providers.sandbox.openproject.web import Call, Reply, Routes

__all__ = ["routes"]

routes = Routes()


@routes("GET", "/time_entries")
def time_entries(call: Call) -> Reply:
    """Time entries of the projects where the user may see them, newest first."""
    state, view = call.state, View(call.state, call.user)
    rows = [t for t in state.time_entries if view.can("view_time_entries", t.project_id)]
    columns = {
        "id": lambda t: t.id,
        "hours": lambda t: t.hours,
        "spent_on": lambda t: date_key(t.spent_on),
        "created_at": lambda t: t.created,
        "updated_at": lambda t: t.updated,
    }
    found, params = run_query(call, rows, _specs(call), columns)
    shown = {"filters": "[]", **params}
    body = paged_list(call, "/time_entries", found, lambda t: time_entry(view, t), shown)
    if access.allowed_anywhere(state, call.user, "log_time"):
        body["_links"]["createTimeEntry"] = write_link("post", "time_entries", "form")
        body["_links"]["createTimeEntryImmediately"] = write_link("post", "time_entries")
    return Reply(body)


def _specs(call: Call) -> dict[str, FilterSpec]:
    state = call.state
    me = lambda value: str(call.user.id) if value == "me" else value  # noqa: E731  # used once
    packages = FilterSpec(
        "Work package",
        LIST_OPTIONAL,
        lambda t: t.work_package_id,
        allowed=lambda: _visible_packages(call),
    )
    specs = {
        "id": FilterSpec("ID", LIST, lambda t: t.id),
        "project": FilterSpec("Project", LIST, lambda t: t.project_id),
        "project_id": FilterSpec("Project", LIST, lambda t: t.project_id),
        "user": FilterSpec("User", LIST_OPTIONAL, lambda t: t.user_id, convert=me),
        "activity": FilterSpec("Activity", LIST, lambda t: t.activity_id),
        "spent_on": FilterSpec("Date", DATES, lambda t: t.spent_on, "date"),
        "created_at": FilterSpec("Created on", DATETIMES, lambda t: t.created, "datetime"),
        "updated_at": FilterSpec("Updated on", DATETIMES, lambda t: t.updated, "datetime"),
        "work_package": packages,
        "work_package_id": packages,
    }
    if state.features.number >= (14, 0):
        specs["ongoing"] = FilterSpec("Ongoing", LIST, lambda t: t.ongoing, "bool")
    if state.features.entity:
        kind = lambda t: "WorkPackage" if t.work_package_id else None  # noqa: E731  # used once
        specs["entity_type"] = FilterSpec("Entity type", LIST_OPTIONAL, kind)
        specs["entity_id"] = FilterSpec("Entity", LIST_OPTIONAL, lambda t: t.work_package_id)
    return specs


def _visible_packages(call: Call) -> set[str]:
    view = View(call.state, call.user)
    rows = call.state.work_packages
    return {str(w.id) for w in rows if view.can("view_work_packages", w.project_id)}


@routes("GET", "/time_entries/schema")
def schema(call: Call) -> Reply:
    """Properties of time entries."""
    return Reply(schema_body(_schema(call), "time_entries", "schema"))


@routes("GET", "/time_entries/available_projects")
def available(call: Call) -> Reply:
    """Projects in which the user may log time."""
    keys = access.projects_allowing(call.state, call.user, "log_time")
    rows = [p for p in call.state.projects if p.id in keys and "costs" in p.modules]
    return Reply(list_projects(call, "/projects", rows))


@routes("GET", "/time_entries/activities/{id}")
def activity(call: Call) -> Reply:
    """One activity, with the projects that use it. There is no list of them."""
    row = call.state.time_activities.get(call.number())
    if row is None or not access.allowed_anywhere(call.state, call.user, "view_time_entries"):
        raise not_found()
    view = View(call.state, call.user)
    body = activity_body(view, row)
    projects = [view.project(p, embed=False) for p in _using(call)]
    return Reply({**body, "_embedded": {"projects": projects}})


def _using(call: Call) -> list[Project]:
    keys = access.projects_allowing(call.state, call.user, "view_time_entries")
    return [p for p in call.state.projects if p.id in keys and "costs" in p.modules]


@routes("GET", "/time_entries/{id}")
def one_entry(call: Call) -> Reply:
    """One time entry."""
    return Reply(time_entry(View(call.state, call.user), _row(call), embed=True))


@routes("POST", "/time_entries")
def create_entry(call: Call) -> Reply:
    """Log time on a work package or a project."""
    draft = draft_entry(call, None, call.object())
    _may_log(call, draft)
    raise_faults(draft.faults)
    state = call.state
    row = state.time_entries.put(TimeEntry(id=state.time_entries.next_id(), **draft.values, **state.stamps()))
    state.emit("time_entry:created", row.id, call.user.id)
    return Reply(time_entry(View(state, call.user), row, embed=True), 201)


@routes("PATCH", "/time_entries/{id}")
def update_entry(call: Call) -> Reply:
    """Change a time entry; others' need `edit_time_entries`."""
    row = _row(call)
    _may_edit(call, row)
    draft = draft_entry(call, row, call.object())
    raise_faults(draft.faults)
    stored = call.state.time_entries.change(row, **draft.values, updated=call.state.now())
    return Reply(time_entry(View(call.state, call.user), stored, embed=True))


@routes("DELETE", "/time_entries/{id}")
def delete_entry(call: Call) -> Reply:
    """Remove a time entry."""
    row = _row(call)
    _may_edit(call, row)
    call.state.time_entries.remove(row.id)
    return Reply(None, 204)


@routes("POST", "/time_entries/form")
def create_form(call: Call) -> Reply:
    """Form of a new time entry; the only place that lists the activities."""
    if not access.allowed_anywhere(call.state, call.user, "log_time"):
        raise forbidden()
    draft = draft_entry(call, None, call.object())
    return Reply(_form(call, draft, "post", ("time_entries",)))


@routes("POST", "/time_entries/{id}/form")
def update_form(call: Call) -> Reply:
    """Form of an existing time entry."""
    row = _row(call)
    _may_edit(call, row)
    draft = draft_entry(call, row, call.object())
    return Reply(_form(call, draft, "patch", ("time_entries", row.id)))


def _row(call: Call) -> TimeEntry:
    row = call.state.time_entries.get(call.number())
    if row is None or not View(call.state, call.user).can("view_time_entries", row.project_id):
        raise not_found()
    return row


def _may_log(call: Call, draft: Draft) -> None:
    project = call.state.projects.get(draft.values["project_id"])
    if project is None:
        if not access.allowed_anywhere(call.state, call.user, "log_time"):
            raise forbidden()
        return
    right = "log_time" if draft.values["user_id"] != call.user.id else "log_own_time"
    granted = access.permissions(call.state, call.user, project)
    if "costs" not in project.modules or not (granted is None or granted & {right, "log_time"}):
        raise forbidden()


def _may_edit(call: Call, row: TimeEntry) -> None:
    view = View(call.state, call.user)
    own = row.user_id == call.user.id and view.can("edit_own_time_entries", row.project_id)
    if not (own or view.can("edit_time_entries", row.project_id)):
        raise forbidden()


def _schema(call: Call) -> dict[str, Any]:
    features = call.state.features
    user = property_schema("User", "User", required=True, writable=features.number >= (13, 0))
    members = {
        **fixed_members(),
        "spentOn": property_schema("Date", "Date", required=True),
        "hours": property_schema("Duration", "Hours", required=True),
        "user": {**user, "location": "_links"},
        "comment": property_schema("Formattable", "Comment"),
        "workPackage": property_schema("WorkPackage", "Work package", linked=True),
        "project": property_schema("Project", "Project", linked=True),
        "activity": property_schema(
            "TimeEntriesActivity", "Activity", required=True, default=True, linked=True
        ),
        **custom_members(call.state, "TimeEntry"),
    }
    if features.number >= (14, 0):
        members["ongoing"] = property_schema("Boolean", "Ongoing")
    if features.entity:
        members["entity"] = property_schema("Entity", "Logged for", linked=True)
    return members


def _form(call: Call, draft: Draft, method: str, own: tuple[object, ...]) -> dict[str, Any]:
    view, values = View(call.state, call.user), draft.values
    members = _schema(call)
    for name in ("workPackage", "project"):
        place = "available_work_packages" if name == "workPackage" else "available_projects"
        allow_href(members[name], api("time_entries", place))
    members["activity"] = _with_values(view, members["activity"], values["project_id"])
    plain, linked = split_custom(view, "TimeEntry", values["custom"])
    package = call.state.work_packages.get(values["work_package_id"])
    shown = {"href": None} if package is None else link(package.subject, "work_packages", package.id)
    links = {"project": view.project_link(values["project_id"]), "workPackage": shown}
    if call.state.features.entity:
        links["entity"] = shown
    chosen = call.state.time_activities.get(values["activity_id"])
    links["activity"] = {"href": None} if chosen is None else activity_link(chosen)
    payload = {
        "comment": formattable(values["comment"] or None, plain=True),
        "spentOn": values["spent_on"],
        "hours": duration_text(values["hours"]),
        **plain,
        "_links": {**links, **linked},
    }
    schema = schema_body(members)
    return form_body((*own, "form"), (method, own), payload, schema, draft.faults)


def _with_values(view: View, member: dict[str, Any], project_id: int | None) -> dict[str, Any]:
    """The activities to choose from; none before a project or work package is named."""
    rows = list(view.state.time_activities) if project_id is not None else []
    shown = dict(member)
    allow(shown, [activity_body(view, row) for row in rows])
    return shown
