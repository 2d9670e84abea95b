"""Work packages: list, read, create, change, delete."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.basics import project_of
from pm_providers.sandbox.openproject.errors import (
    conflict,
    forbidden,
    internal,
    missing_wp,
    not_found,
    raise_faults,
)
from pm_providers.sandbox.openproject.journals import add_journal
from pm_providers.sandbox.openproject.records import Project, WorkPackage
from pm_providers.sandbox.openproject.represent_wp import work_package
from pm_providers.sandbox.openproject.view import View
from pm_providers.sandbox.openproject.web import Call, Reply, Routes
from pm_providers.sandbox.openproject.wp_draft import read_draft
from pm_providers.sandbox.openproject.wp_list import list_work_packages
from pm_providers.sandbox.openproject.wp_rights import may_edit
from pm_providers.sandbox.openproject.wp_rules import check_work_package
from pm_providers.sandbox.openproject.wp_store import delete_work_package, store_work_package

__all__ = ["check_lock", "routes", "wp_of"]

routes = Routes()


def wp_of(call: Call, name: str = "id") -> WorkPackage:
    """The work package that a path names.

    Raises:
        ApiError: 400 for an id that is no number, 404 when it is gone or not visible.
    """
    row = call.state.work_packages.get(call.number(name))
    if row is None or not access.wp_visible(call.state, call.user, row):
        raise missing_wp()
    return row


def check_lock(row: WorkPackage, body: dict[str, Any]) -> None:
    """Refuse a missing, older or newer `lockVersion`; text counts as its number.

    Raises:
        ApiError: 409.
    """
    if str(body.get("lockVersion")) != str(row.lock):
        raise conflict()


@routes("GET", "/work_packages")
def work_packages(call: Call) -> Reply:
    """Work packages of all visible projects."""
    return Reply(list_work_packages(call, None))


@routes("GET", "/projects/{id}/work_packages")
def project_work_packages(call: Call) -> Reply:
    """Work packages of a project and its subprojects."""
    project = project_of(call)
    if not access.allowed(call.state, call.user, "view_work_packages", project):
        raise forbidden()
    return Reply(list_work_packages(call, project))


@routes("GET", "/work_packages/{id}")
def one_work_package(call: Call) -> Reply:
    """One work package."""
    return Reply(work_package(View(call.state, call.user), wp_of(call), embed=True))


@routes("POST", "/work_packages")
def create_work_package(call: Call) -> Reply:
    """Make a work package."""
    if not access.allowed_anywhere(call.state, call.user, "add_work_packages"):
        raise forbidden()
    return _create(call, None)


@routes("POST", "/projects/{id}/work_packages")
def create_in_project(call: Call) -> Reply:
    """Make a work package in the project of the path."""
    project = project_of(call)
    if not access.allowed(call.state, call.user, "add_work_packages", project):
        raise forbidden()
    return _create(call, project)


@routes("PATCH", "/work_packages/{id}")
def update_work_package(call: Call) -> Reply:
    """Change a work package; an empty body changes nothing and needs no lockVersion."""
    row = wp_of(call)
    if not may_edit(call.state, call.user, row):
        raise forbidden()
    view = View(call.state, call.user)
    if call.json() is None:
        return Reply(work_package(view, row, embed=True))
    body = _object(call)
    check_lock(row, body)
    draft = read_draft(call, body, row)
    check_work_package(call, draft, row, body)
    raise_faults(draft.faults)
    stored = store_work_package(call, draft, row)
    claim_attachments(call, body, stored)
    return Reply(work_package(view, call.state.work_packages[row.id], embed=True))


@routes("DELETE", "/work_packages/{id}")
def remove_work_package(call: Call) -> Reply:
    """Delete a work package with all below it."""
    row = wp_of(call)
    project = call.state.projects[row.project_id]
    if not access.allowed(call.state, call.user, "delete_work_packages", project):
        raise forbidden()
    delete_work_package(call, row)
    return Reply(None, 204)


def _object(call: Call) -> dict[str, Any]:
    body = call.object()
    if call.json() == []:
        raise internal("can't convert Array into Hash")
    return body


def _create(call: Call, project: Project | None) -> Reply:
    body = call.object()
    draft = read_draft(call, body, None, project)
    place = call.state.projects.get(draft.values["project_id"])
    check_work_package(call, draft, None, body)
    seen = access.project_visible(call.state, call.user, place)
    if place is not None and seen and not access.allowed(call.state, call.user, "add_work_packages", place):
        raise forbidden()
    raise_faults(draft.faults)
    # the vendor shows the parent as it was before it took values from the new child, recorded 10-…: step 4
    parent = call.state.work_packages.get(draft.values["parent_id"])
    row = store_work_package(call, draft, None)
    claim_attachments(call, body, row)
    view = View(call.state, call.user)
    stored = call.state.work_packages[row.id]
    return Reply(work_package(view, stored, embed=True, parent=parent), 201)


def claim_attachments(call: Call, body: dict[str, Any], row: WorkPackage) -> None:
    """Take over the files that `_links.attachments` names; the list replaces the whole set.

    Raises:
        ApiError: 404 for files that do not exist or belong to somebody else.
    """
    links = body.get("_links") or {}
    given = links.get("attachments") if isinstance(links, dict) else None
    if not isinstance(given, list):
        return
    hrefs = [str(entry.get("href")) for entry in given if isinstance(entry, dict)]
    keys = [int(h.rpartition("/")[2]) for h in hrefs if h.rpartition("/")[2].isdecimal()]
    place = ("work_packages", row.id)
    rows = [call.state.attachments.get(key) for key in keys]
    for found in rows:
        if found is None or found.container not in {None, place}:
            raise not_found()
    changes: list[tuple[str, Any, Any]] = []
    for old in call.state.attachments.where("container", place):
        if old.id not in keys:
            call.state.attachments.remove(old.id)
            changes.append((f"attachment_{old.id}", old.file_name, None))
    for found in rows:
        if found is not None and found.container is None:
            call.state.attachments.change(found, container=place)
            changes.append((f"attachment_{found.id}", None, found.file_name))
    if changes:
        add_journal(call.state, call.user, row.id, tuple(changes))
