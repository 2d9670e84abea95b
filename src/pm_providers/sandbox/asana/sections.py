"""Sections of projects."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.asana.errors import bad, missing
from pm_providers.sandbox.asana.happenings import emit, project_scopes
from pm_providers.sandbox.asana.paging import listing
from pm_providers.sandbox.asana.placing import insertion, section_in, writable_project
from pm_providers.sandbox.asana.project_write import make_section
from pm_providers.sandbox.asana.records import Section
from pm_providers.sandbox.asana.rights import find_project
from pm_providers.sandbox.asana.tasks import find_section
from pm_providers.sandbox.asana.web import Call, Reply, done, record, routes

__all__ = ["on"]

on = routes("project_sections")


def _told(call: Call, action: str, row: Section, change: dict[str, Any] | None = None) -> None:
    project = call.state.projects[row.project]
    scopes = project_scopes(call.state, project) | {row.id}
    emit(call.session, action, ("section", row), ("project", project), scopes, project.workspace, change)


@on("GET", "/projects/{project}/sections")
def many(call: Call) -> Reply:
    """Sections in their order."""
    return listing(
        call, "section", call.state.sections_of(find_project(call.session, call.params["project"]).id)
    )


@on("POST", "/projects/{project}/sections")
def create(call: Call) -> Reply:
    """Add a section, at the end unless a neighbour is named."""
    project, data = writable_project(call.session, call.params["project"]), call.data()
    name = data.need("name")
    order = call.state.section_order[project.id]
    row = make_section(call.session, project.id, name, insertion(data, order, default=len(order)))
    _told(call, "added", row)
    return record(call, "section", row, 201)


@on("GET", "/sections/{section}")
def one(call: Call) -> Reply:
    """A section."""
    return record(call, "section", find_section(call.session, call.params["section"]))


@on("PUT", "/sections/{section}")
def change(call: Call) -> Reply:
    """Rename a section; other members are ignored."""
    row, data = find_section(call.session, call.params["section"]), call.data()
    writable_project(call.session, row.project)
    if "name" in data:
        row = call.state.sections.change(row, name=data.need("name"))
        _told(call, "changed", row, {"field": "name", "action": "changed"})
    return record(call, "section", row)


@on("DELETE", "/sections/{section}")
def delete(call: Call) -> Reply:
    """Delete an empty section; the last one stays [spec]."""
    row = find_section(call.session, call.params["section"])
    project = writable_project(call.session, row.project)
    if call.state.tasks_in(row.id):
        raise bad("section: Cannot delete a section that contains tasks")
    if len(call.state.section_order[project.id]) == 1:
        raise bad("section: Cannot delete the last section of a project")
    _told(call, "deleted", row)
    call.state.section_order[project.id].remove(row.id)
    call.state.placed.pop(row.id, None)
    call.state.sections.remove(row.id)
    return done()


@on("POST", "/projects/{project}/sections/insert")
def move(call: Call) -> Reply:
    """Move a section before or after another."""
    project, data = writable_project(call.session, call.params["project"]), call.data()
    row = section_in(call.session, project, data.need_gid("section"))
    before, after = data.gid("before_section"), data.gid("after_section")
    if before is None and after is None:
        raise missing("before_section")
    if before is not None and after is not None:
        raise bad("You may only provide one of before_section or after_section")
    anchor = section_in(call.session, project, before or after or "")
    if anchor.id == row.id:
        return done()
    order = call.state.section_order[project.id]
    order.remove(row.id)
    order.insert(order.index(anchor.id) + (before is None), row.id)
    return done()
