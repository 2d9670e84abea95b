"""Status updates, custom types and reactions."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.asana.data import Data, is_gid, read_moment, shown
from pm_providers.sandbox.asana.errors import bad, not_an_id, not_found
from pm_providers.sandbox.asana.happenings import emit, project_scopes
from pm_providers.sandbox.asana.mentions import read_text
from pm_providers.sandbox.asana.paging import listing
from pm_providers.sandbox.asana.records import CustomType, StatusUpdate
from pm_providers.sandbox.asana.rights import (
    find_portfolio,
    find_project,
    find_row,
    find_task,
    find_workspace,
)
from pm_providers.sandbox.asana.web import Call, Reply, done, record, routes

__all__ = ["on"]

on = routes("status_updates")
STATUS_TYPES = (
    *("on_track", "at_risk", "off_track", "on_hold", "complete"),
    *("achieved", "partial", "missed", "dropped"),
)
COLORS = {
    "green": "on_track",
    "yellow": "at_risk",
    "red": "off_track",
    "blue": "on_hold",
    "complete": "complete",
}


def _parent(call: Call, gid: str) -> tuple[str, Any]:
    if gid in call.state.projects:
        return "project", find_project(call.session, gid, "parent")
    if gid in call.state.portfolios:
        return "portfolio", find_portfolio(call.session, gid, "parent")
    if not is_gid(gid):
        raise not_an_id("parent", shown(gid))
    raise not_found("parent", gid)


@on("GET", "/status_updates")
def many(call: Call) -> Reply:
    """Reports on a project or portfolio, newest first."""
    _, parent = _parent(call, call.need("parent"))
    rows = call.state.status_updates.where("parent", parent.id)[::-1]
    since = call.one("created_since")
    if since is not None:
        moment = read_moment("created_since", since.replace(" ", "+"))
        rows = [row for row in rows if row.created >= moment]
    return listing(call, "status_update", rows)


def _create(call: Call, data: Data, kind: str, parent: Any, status: str) -> StatusUpdate:
    """A report becomes the current one; `complete` completes a project [doc]."""
    state, now, user = call.state, call.state.now(), call.session.user.id
    html = read_text(call.session, data, "text", "html_text")
    if html is None:
        raise bad("text: Missing input")
    row = StatusUpdate(
        id=state.gid(),
        parent=parent.id,
        parent_kind=kind,
        title=data.text("title") or f"Status Update - {now:%b} {now.day}",
        html_text=html,
        status_type=status,
        author=user,
        created=now,
        modified=now,
    )
    state.status_updates.put(row)
    _settle(call, kind, parent, row)
    return row


def _settle(call: Call, kind: str, parent: Any, row: StatusUpdate) -> None:
    state = call.state
    if kind == "portfolio":
        state.portfolios.change(parent, current_status=row.id)
        return
    complete = row.status_type == "complete"
    project = state.projects.change(
        parent,
        current_status=row.id,
        completed_at=row.created if complete else None,
        completed_by=row.author if complete else None,
        modified=row.created,
    )
    scopes = project_scopes(state, project) | {row.id}
    emit(call.session, "added", ("status_update", row), ("project", project), scopes, project.workspace)


@on("POST", "/status_updates")
def create(call: Call) -> Reply:
    """Report on a project or portfolio."""
    data = call.data()
    kind, parent = _parent(call, data.need_gid("parent"))
    status = data.choice("status_type", STATUS_TYPES)
    if status is None:
        raise bad("status_type: Missing input")
    return record(call, "status_update", _create(call, data, kind, parent, status), 201)


def _one(call: Call, name: str = "status_update") -> StatusUpdate:
    row: StatusUpdate = find_row(name, call.params["update"], call.state.status_updates)
    _parent(call, row.parent)
    return row


def _delete(call: Call, row: StatusUpdate) -> Reply:
    state = call.state
    state.status_updates.remove(row.id)
    rows = state.status_updates.where("parent", row.parent)
    table: Any = state.projects if row.parent_kind == "project" else state.portfolios
    table.change(table[row.parent], current_status=rows[-1].id if rows else None)
    return done()


@on("GET", "/status_updates/{update}")
def one(call: Call) -> Reply:
    """A report."""
    return record(call, "status_update", _one(call))


@on("DELETE", "/status_updates/{update}")
def delete(call: Call) -> Reply:
    """Delete a report."""
    return _delete(call, _one(call))


@on("GET", "/projects/{project}/project_statuses", scope="projects")
def statuses(call: Call) -> Reply:
    """The older form of reports, of a project."""
    project = find_project(call.session, call.params["project"])
    return listing(call, "project_status", call.state.status_updates.where("parent", project.id)[::-1])


@on("POST", "/projects/{project}/project_statuses", scope="projects")
def create_status(call: Call) -> Reply:
    """Report on a project in the older form, with a colour."""
    project, data = find_project(call.session, call.params["project"]), call.data()
    color = data.choice("color", COLORS)
    if color is None:
        raise bad("color: Missing input")
    return record(call, "project_status", _create(call, data, "project", project, COLORS[color]), 201)


@on("GET", "/project_statuses/{update}", scope="projects")
def one_status(call: Call) -> Reply:
    """A report in the older form."""
    return record(call, "project_status", _one(call, "project_status"))


@on("DELETE", "/project_statuses/{update}", scope="projects")
def delete_status(call: Call) -> Reply:
    """Delete a report."""
    return _delete(call, _one(call, "project_status"))


@on("GET", "/custom_types", scope="custom_types")
def custom_types(call: Call) -> Reply:
    """Custom types that a project uses."""
    project = find_project(call.session, call.need("project"))
    rows = call.state.custom_types.where("workspace", project.workspace)
    return listing(call, "custom_type", [row for row in rows if project.id in row.projects])


@on("GET", "/custom_types/{type}", scope="custom_types")
def custom_type(call: Call) -> Reply:
    """A custom type with its statuses."""
    row: CustomType = find_row("custom_type", call.params["type"], call.state.custom_types)
    find_workspace(call.session, row.workspace, "custom_type")
    return record(call, "custom_type", row)


@on("GET", "/reactions", scope="reactions")
def reactions(call: Call) -> Reply:
    """Reactions to a comment or task: nobody has reacted."""
    target = call.need("target")
    call.need("emoji_base")
    story = call.state.stories.get(target)
    find_task(call.session, story.task if story is not None else target, "target")
    return listing(call, "like", [])
