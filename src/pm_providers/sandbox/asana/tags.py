"""Tags of a workspace."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.asana.data import Data
from pm_providers.sandbox.asana.errors import missing
from pm_providers.sandbox.asana.happenings import emit
from pm_providers.sandbox.asana.paging import listing
from pm_providers.sandbox.asana.project_write import COLORS
from pm_providers.sandbox.asana.records import Tag
from pm_providers.sandbox.asana.rights import find_row, find_user, find_workspace
from pm_providers.sandbox.asana.web import Call, Reply, done, record, routes

__all__ = ["on"]

on = routes("tags")
READ_ONLY = ("gid", "resource_type", "created_at", "permalink_url")


def _tag(call: Call) -> Tag:
    row: Tag = find_row("tag", call.params["tag"], call.state.tags)
    find_workspace(call.session, row.workspace, "tag")
    return row


def _told(call: Call, action: str, row: Tag) -> None:
    emit(call.session, action, ("tag", row), None, {row.id, row.workspace}, row.workspace)


@on("GET", "/tags")
def many(call: Call) -> Reply:
    """Tags of a workspace, or of all."""
    gid = call.gid("workspace")
    if gid is not None:
        return listing(call, "tag", call.state.tags.where("workspace", find_workspace(call.session, gid).id))
    seen = call.state.in_workspace
    return listing(call, "tag", [row for row in call.state.tags if seen(call.session.user.id, row.workspace)])


@on("GET", "/workspaces/{workspace}/tags")
def of_workspace(call: Call) -> Reply:
    """Tags of a workspace."""
    place = find_workspace(call.session, call.params["workspace"])
    return listing(call, "tag", call.state.tags.where("workspace", place.id))


def _create(call: Call, workspace: str) -> Reply:
    """Two tags may have one name [obs]."""
    data = call.data()
    data.refuse(READ_ONLY)
    state = call.state
    followers = tuple(find_user(call.session, name, "followers").id for name in data.names("followers"))
    row = Tag(id=state.gid(), workspace=workspace, name=data.need("name"), created=state.now(), color="none")
    row = state.tags.put(row)
    row = state.tags.change(row, followers=followers, **_changes(data))
    _told(call, "added", row)
    return record(call, "tag", row, 201)


def _changes(data: Data) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "name" in data:
        found["name"] = data.need("name")
    if "color" in data:
        found["color"] = data.choice("color", COLORS, null=True)
    if "notes" in data:
        found["notes"] = data.text("notes") or ""
    return found


@on("POST", "/tags")
def create(call: Call) -> Reply:
    """Create a tag in the workspace that the body names."""
    gid = call.data().gid("workspace")
    if gid is None:
        raise missing("workspace")
    return _create(call, find_workspace(call.session, gid).id)


@on("POST", "/workspaces/{workspace}/tags")
def create_in_workspace(call: Call) -> Reply:
    """Create a tag."""
    return _create(call, find_workspace(call.session, call.params["workspace"]).id)


@on("GET", "/tags/{tag}")
def one(call: Call) -> Reply:
    """A tag."""
    return record(call, "tag", _tag(call))


@on("PUT", "/tags/{tag}")
def change(call: Call) -> Reply:
    """Change name, colour or notes."""
    row, data = _tag(call), call.data()
    data.refuse((*READ_ONLY, "workspace", "followers"))
    row = call.state.tags.change(row, **_changes(data))
    _told(call, "changed", row)
    return record(call, "tag", row)


@on("DELETE", "/tags/{tag}")
def delete(call: Call) -> Reply:
    """Delete a tag; it leaves all tasks."""
    row = _tag(call)
    for task in call.state.tasks:
        if row.id in task.tags:
            call.state.tasks.change(task, tags=tuple(gid for gid in task.tags if gid != row.id))
    call.state.tags.remove(row.id)
    _told(call, "deleted", row)
    return done()
