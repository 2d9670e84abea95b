"""Versions of projects."""

from __future__ import annotations

from datetime import date
from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.components import need_admin, number_of, project_of, sees_project
from pm_providers.sandbox.jira.errors import ApiError, bad_field, bad_request, not_found
from pm_providers.sandbox.jira.records import Project, Version
from pm_providers.sandbox.jira.state import Event
from pm_providers.sandbox.jira.view import View
from pm_providers.sandbox.jira.web import Call, Reply, Routes

__all__ = ["routes"]

routes = Routes()


def _find_version(call: Call, name: str = "") -> Version:
    text = name or call.params["id"]
    row = call.state.versions.get(number_of(text))
    if row is None or not sees_project(call, call.state.projects[row.project_id]):
        raise not_found(f"Could not find version for id '{text}'")
    return row


@routes("GET", "project/{id}/versions")
def versions(call: Call) -> Reply:
    """All versions of a project in their order."""
    project = rights.need_project(call.session, call.params["id"])
    view = View(call.session)
    return Reply([view.version(row) for row in view.versions_of(project.id)])


@routes("GET", "project/{id}/version")
def version_page(call: Call) -> Reply:
    """Versions of a project in pages; `status` is released, unreleased or archived."""
    project = rights.need_project(call.session, call.params["id"])
    text, wanted = call.one("query").lower(), set(call.many("status"))
    view, page = View(call.session), call.page(50, 50)
    rows = [
        row
        for row in view.versions_of(project.id)
        if (text in row.name.lower() or text in row.description.lower())
        and (not wanted or wanted & _words(row))
    ]
    order = call.one("orderBy", "sequence")
    keys = {
        "name": lambda v: v.name.lower(),
        "releaseDate": lambda v: v.release or "",
        "startDate": lambda v: v.start or "",
    }
    if order.lstrip("+-") in keys:
        rows.sort(key=keys[order.lstrip("+-")])
    if order.startswith("-"):
        rows.reverse()
    return Reply(page.bean(rows, [view.version(row) for row in page.cut(rows)]))


def _words(row: Version) -> set[str]:
    if row.archived:
        return {"archived"}
    return {"released" if row.released else "unreleased"}


@routes("POST", "version")
def create_version(call: Call) -> Reply:
    """Create a version."""
    body = call.object()
    project = project_of(call, body)
    values = _version_values(call, project, body)
    if "name" not in values:
        raise bad_field("name", "You must specify a valid version name")
    rows = call.state.versions.where("project_id", project.id)
    row = call.state.versions.put(
        Version(id=call.state.versions.next_id(), project_id=project.id, position=len(rows), **values)
    )
    _tell(call, "jira:version_created", row)
    return Reply(View(call.session).version(row), 201)


def _tell(call: Call, name: str, row: Version) -> None:
    call.state.emit(Event(name, call.state.now(), call.session.account_id, subject=row))


def _version_values(
    call: Call, project: Project, body: dict[str, Any], own: Version | None = None
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if "name" in body:
        values["name"] = _version_name(call, project, body["name"], own.id if own is not None else None)
    if body.get("description") is not None:
        values["description"] = str(body["description"])
    for name, attribute in (("startDate", "start"), ("releaseDate", "release")):
        if name in body:
            values[attribute] = _day(name, body[name])
    for name in ("released", "archived"):
        if name in body:
            values[name] = bool(body[name])
    start = values.get("start", own.start if own is not None else None)
    release = values.get("release", own.release if own is not None else None)
    if start and release and start > release:
        raise bad_field("startDate", "The start date must be before the release date.")
    return values


def _version_name(call: Call, project: Project, name: Any, own: int | None) -> str:
    if not isinstance(name, str) or not name.strip():
        raise bad_field("name", "You must specify a valid version name")
    if len(name) > 255:
        raise bad_field("name", "The version name must not exceed 255 characters in length.")
    for row in call.state.versions.where("project_id", project.id):
        if row.name.lower() == name.lower() and row.id != own:
            raise bad_field("name", "A version with this name already exists in this project.")
    return name.strip()


def _day(name: str, value: Any) -> str | None:
    if value in (None, ""):
        return None
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise bad_field(name, f"Error parsing date string: {value}") from None


@routes("GET", "version/{id}")
def show_version(call: Call) -> Reply:
    """One version."""
    return Reply(View(call.session).version(_find_version(call)))


@routes("PUT", "version/{id}")
def update_version(call: Call) -> Reply:
    """Change what is given."""
    row = _find_version(call)
    project = call.state.projects[row.project_id]
    need_admin(call, project)
    after = call.state.versions.change(row, **_version_values(call, project, call.object(), row))
    if after.released != row.released:
        _tell(call, "jira:version_released" if after.released else "jira:version_unreleased", after)
    _tell(call, "jira:version_updated", after)
    return Reply(View(call.session).version(after))


@routes("POST", "version/{id}/move")
def move_version(call: Call) -> Reply:
    """Put a version elsewhere in the order: `position` First, Last, Earlier, Later, or `after` an address."""
    row, body = _find_version(call), call.object()
    need_admin(call, call.state.projects[row.project_id])
    view = View(call.session)
    rows = view.versions_of(row.project_id)
    place = rows.index(row)
    others = [other for other in rows if other.id != row.id]
    if body.get("after"):
        anchor = _find_version(call, str(body["after"]).rpartition("/")[2])
        target = next((n + 1 for n, other in enumerate(others) if other.id == anchor.id), 0)
    else:
        targets = {"First": 0, "Last": len(others), "Earlier": max(0, place - 1), "Later": place + 1}
        if body.get("position") not in targets:
            raise bad_request("Either 'after' or 'position' must be given.")
        target = targets[body["position"]]
    others.insert(target, row)
    for number, other in enumerate(others):
        call.state.versions.change(call.state.versions[other.id], position=number)
    moved = call.state.versions[row.id]
    _tell(call, "jira:version_moved", moved)
    return Reply(view.version(moved))


@routes("DELETE", "version/{id}")
def delete_version(call: Call) -> Reply:
    """Delete a version; issues lose it, or get those of `moveFixIssuesTo` and `moveAffectedIssuesTo`."""
    fix, affected = call.one("moveFixIssuesTo"), call.one("moveAffectedIssuesTo")
    _remove_version(call, fix, affected)
    return Reply(None, 204)


@routes("POST", "version/{id}/removeAndSwap")
def swap_version(call: Call) -> Reply:
    """Delete a version and put others in its place."""
    body = call.object()
    _remove_version(call, str(body.get("moveFixIssuesTo") or ""), str(body.get("moveAffectedIssuesTo") or ""))
    return Reply(None, 204)


def _remove_version(call: Call, fix: str, affected: str) -> None:
    row = _find_version(call)
    need_admin(call, call.state.projects[row.project_id])
    targets = {"fix_version_ids": fix, "version_ids": affected}
    others = {name: _find_version(call, key).id for name, key in targets.items() if key}
    if row.id in others.values():
        raise ApiError(400, "You cannot move the issues to the version being deleted.")
    for issue in call.state.issues.where("project_id", row.project_id):
        changes = {name: _swapped(getattr(issue, name), row.id, others.get(name)) for name in targets}
        if any(getattr(issue, name) != value for name, value in changes.items()):
            call.state.issues.change(issue, updated=call.state.now(), **changes)
    call.state.versions.remove(row.id)
    _tell(call, "jira:version_deleted", row)


def _swapped(keys: tuple[int, ...], gone: int, other: int | None) -> tuple[int, ...]:
    if gone not in keys:
        return keys
    kept = tuple(key for key in keys if key != gone)
    return kept if other is None or other in kept else (*kept, other)


@routes("GET", "version/{id}/relatedIssueCounts")
def version_counts(call: Call) -> Reply:
    """How many issues a version has."""
    row = _find_version(call)
    issues = call.state.issues.where("project_id", row.project_id)
    return Reply(
        {
            "self": f"{call.session.api}/version/{row.id}",
            "issuesFixedCount": sum(row.id in issue.fix_version_ids for issue in issues),
            "issuesAffectedCount": sum(row.id in issue.version_ids for issue in issues),
            "issueCountWithCustomFieldsShowingVersion": 0,
            "customFieldUsage": [],
        }
    )


@routes("GET", "version/{id}/unresolvedIssueCount")
def unresolved(call: Call) -> Reply:
    """How many issues of a version are open."""
    row = _find_version(call)
    rows = [i for i in call.state.issues.where("project_id", row.project_id) if row.id in i.fix_version_ids]
    return Reply(
        {
            "self": f"{call.session.api}/version/{row.id}",
            "issuesUnresolvedCount": sum(issue.resolution_id is None for issue in rows),
            "issuesCount": len(rows),
        }
    )
