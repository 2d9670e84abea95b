"""Components of projects."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.errors import bad_field, bad_request, forbidden, missing_project, not_found
from pm_providers.sandbox.jira.records import Component, Issue, Project
from pm_providers.sandbox.jira.view import View
from pm_providers.sandbox.jira.web import Call, Reply, Routes

__all__ = ["need_admin", "number_of", "project_of", "routes", "sees_project"]

routes = Routes()
_ASSIGNEES = frozenset({"PROJECT_DEFAULT", "COMPONENT_LEAD", "PROJECT_LEAD", "UNASSIGNED"})


def number_of(text: str) -> int | None:
    """The number that an id is; None for other texts."""
    return int(text) if text.isascii() and text.isdigit() else None


def project_of(call: Call, body: dict[str, Any]) -> Project:
    """The project that a new component or version is for; the caller administers it.

    Raises:
        ApiError: 400, 403 or 404.
    """
    name = body.get("projectId", body.get("project"))
    if name is None:
        raise bad_request("Project must be specified to create a version or component.")
    project = call.state.project(str(name))
    if project is None or not sees_project(call, project):
        raise missing_project(str(name))
    need_admin(call, project)
    return project


def sees_project(call: Call, project: Project) -> bool:
    """Whether the caller may see a project; administrators see all."""
    return rights.is_admin(call.session) or rights.may_use(call.session, "BROWSE_PROJECTS", project)


def need_admin(call: Call, project: Project) -> None:
    """Raise 403 unless the caller administers the project or the site."""
    if not (rights.is_admin(call.session) or rights.may_use(call.session, "ADMINISTER_PROJECTS", project)):
        raise forbidden("The user does not have permission to administer this project.")


def _find_component(call: Call) -> Component:
    row = call.state.components.get(number_of(call.params["id"]))
    if row is None or not sees_project(call, call.state.projects[row.project_id]):
        raise not_found(f"The component with id {call.params['id']} does not exist.")
    return row


@routes("GET", "project/{id}/components")
def components(call: Call) -> Reply:
    """All components of a project."""
    project = rights.need_project(call.session, call.params["id"])
    view = View(call.session)
    return Reply([view.component(row) for row in call.state.components.where("project_id", project.id)])


@routes("GET", "project/{id}/component")
def component_page(call: Call) -> Reply:
    """Components of a project in pages, with the number of their issues."""
    project = rights.need_project(call.session, call.params["id"])
    text = call.one("query").lower()
    rows = [row for row in call.state.components.where("project_id", project.id) if text in row.name.lower()]
    rows.sort(key=lambda row: row.name.lower(), reverse=call.one("orderBy").startswith("-"))
    view, page = View(call.session), call.page(50, 50)
    values = [{**view.component(row), "issueCount": len(_issues_of(call, row))} for row in page.cut(rows)]
    return Reply(page.bean(rows, values))


def _issues_of(call: Call, row: Component) -> list[Issue]:
    return [i for i in call.state.issues.where("project_id", row.project_id) if row.id in i.component_ids]


@routes("POST", "component")
def create_component(call: Call) -> Reply:
    """Create a component."""
    body = call.object()
    project = project_of(call, body)
    name = _component_name(call, project, body.get("name"))
    row = call.state.components.put(
        Component(
            id=call.state.components.next_id(),
            project_id=project.id,
            name=name,
            description=_plain(body),
            lead=_lead(call, body),
            assignee_type=_assignee_type(body) or "PROJECT_DEFAULT",
        )
    )
    return Reply(View(call.session).component(row), 201)


def _component_name(call: Call, project: Project, name: Any, own: int | None = None) -> str:
    if not isinstance(name, str) or not name.strip():
        raise bad_field("name", "The component name specified is invalid - cannot be an empty string.")
    if len(name) > 255:
        raise bad_field("name", "The component name must not exceed 255 characters in length.")
    for row in call.state.components.where("project_id", project.id):
        if row.name.lower() == name.lower() and row.id != own:
            raise bad_field("name", f"A component with the name {name} already exists in this project.")
    return name.strip()


def _plain(body: dict[str, Any]) -> str:
    value = body.get("description")
    if value is not None and not isinstance(value, str):
        raise bad_field("description", "The description must be a string.")
    return value or ""


def _lead(call: Call, body: dict[str, Any]) -> str | None:
    key = body.get("leadAccountId")
    if key in (None, ""):
        return None
    if key not in call.state.users:
        raise bad_field("leadAccountId", f"The user {key} does not exist.")
    return str(key)


def _assignee_type(body: dict[str, Any]) -> str | None:
    value = body.get("assigneeType")
    if value is not None and (not isinstance(value, str) or value not in _ASSIGNEES):
        raise bad_field("assigneeType", f"The assignee type '{value}' is not valid.")
    return value


@routes("GET", "component/{id}")
def show_component(call: Call) -> Reply:
    """One component."""
    return Reply(View(call.session).component(_find_component(call)))


@routes("PUT", "component/{id}")
def update_component(call: Call) -> Reply:
    """Change what is given."""
    row, body = _find_component(call), call.object()
    project = call.state.projects[row.project_id]
    need_admin(call, project)
    changes: dict[str, Any] = {}
    if "name" in body:
        changes["name"] = _component_name(call, project, body["name"], row.id)
    if "description" in body:
        changes["description"] = _plain(body)
    if "leadAccountId" in body:
        changes["lead"] = _lead(call, body)
    if _assignee_type(body):
        changes["assignee_type"] = body["assigneeType"]
    return Reply(View(call.session).component(call.state.components.change(row, **changes)))


@routes("DELETE", "component/{id}")
def delete_component(call: Call) -> Reply:
    """Delete a component; its issues lose it, or get the one of `moveIssuesTo`."""
    row = _find_component(call)
    need_admin(call, call.state.projects[row.project_id])
    other = call.state.components.get(number_of(call.one("moveIssuesTo")))
    if call.one("moveIssuesTo") and (other is None or other.project_id != row.project_id):
        raise not_found(f"The component with id {call.one('moveIssuesTo')} does not exist.")
    for issue in _issues_of(call, row):
        kept = [key for key in issue.component_ids if key != row.id]
        if other is not None and other.id not in kept:
            kept.append(other.id)
        call.state.issues.change(issue, component_ids=tuple(kept), updated=call.state.now())
    call.state.components.remove(row.id)
    return Reply(None, 204)


@routes("GET", "component/{id}/relatedIssueCounts")
def component_counts(call: Call) -> Reply:
    """How many issues a component has."""
    row = _find_component(call)
    address = f"{call.session.api}/component/{row.id}"
    return Reply({"self": address, "issueCount": len(_issues_of(call, row))})
