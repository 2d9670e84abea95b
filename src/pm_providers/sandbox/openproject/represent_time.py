"""Time entries and their activities as the API shows them."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.links import ROOT, api, link, write_link
from pm_providers.sandbox.openproject.records import TimeActivity, TimeEntry
from pm_providers.sandbox.openproject.represent_wp import work_package
from pm_providers.sandbox.openproject.values import duration_text, formattable
from pm_providers.sandbox.openproject.view import View

__all__ = ["activity_body", "activity_link", "time_entry"]


def activity_body(view: View, row: TimeActivity) -> dict[str, Any]:
    """An activity; its projects are linked by identifier, recorded 17-time-entries: step 1."""
    keys = access.projects_allowing(view.state, view.user, "view_time_entries")
    using = [p for p in view.state.projects if p.id in keys and "costs" in p.modules]
    return {
        "_type": "TimeEntriesActivity",
        "id": row.id,
        "name": row.name,
        "position": row.position,
        "default": row.default,
        "_links": {
            "self": activity_link(row),
            "projects": [link(p.name, "projects", p.identifier) for p in using],
        },
    }


def activity_link(row: TimeActivity) -> dict[str, Any]:
    """Link to an activity."""
    return {"href": f"{ROOT}/time_entries/activities/{row.id}", "title": row.name}


def time_entry(view: View, row: TimeEntry, *, embed: bool = False) -> dict[str, Any]:
    """A time entry; `embed` adds its project, work package, user and activity."""
    own = ("time_entries", row.id)
    body: dict[str, Any] = {
        "_type": "TimeEntry",
        "id": row.id,
        "comment": formattable(row.comment or None, plain=True),
        "spentOn": row.spent_on,
        "hours": duration_text(row.hours),
        **view.stamps(row),
        **view.plain_custom("TimeEntry", row.custom),
    }
    if view.features.number >= (14, 0):
        body["ongoing"] = row.ongoing
    if embed:
        body["_embedded"] = _embedded(view, row)
    links: dict[str, Any] = {"self": {"href": api(*own)}}
    mine = row.user_id == view.user.id and view.can("edit_own_time_entries", row.project_id)
    if mine or view.can("edit_time_entries", row.project_id):
        links["updateImmediately"] = write_link("patch", *own)
        links["update"] = write_link("post", *own, "form")
        links["delete"] = write_link("delete", *own)
    links["schema"] = {"href": api("time_entries", "schema")}
    links |= _value_links(view, row)
    return {**body, "_links": links | view.linked_custom("TimeEntry", row.custom)}


def _value_links(view: View, row: TimeEntry) -> dict[str, Any]:
    package = view.state.work_packages.get(row.work_package_id)
    activity = view.state.time_activities[row.activity_id]
    links = {"project": view.project_link(row.project_id)}
    if package is not None:
        shown = link(package.subject, "work_packages", package.id)
        links["workPackage"] = shown
        if view.features.entity:
            links["entity"] = shown
    else:
        links["entity" if view.features.entity else "workPackage"] = {"href": None}
    links["user"] = view.principal_link(row.user_id)
    links["activity"] = activity_link(activity)
    return links


def _embedded(view: View, row: TimeEntry) -> dict[str, Any]:
    state = view.state
    embedded: dict[str, Any] = {"project": view.project(state.projects[row.project_id], embed=False)}
    package = state.work_packages.get(row.work_package_id)
    if package is not None:
        body = work_package(view, package)
        embedded["workPackage"] = body
        if view.features.entity:
            embedded["entity"] = body
    embedded["user"] = view.principal(state.principals[row.user_id])
    embedded["activity"] = activity_body(view, state.time_activities[row.activity_id])
    return embedded
