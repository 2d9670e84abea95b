"""Memberships: the roles of a principal in a project."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.collection import paged_list
from pm_providers.sandbox.openproject.errors import (
    Fault422,
    forbidden,
    internal,
    not_found,
    raise_faults,
    read_only,
    violation,
)
from pm_providers.sandbox.openproject.filters import (
    DATETIMES,
    LIST,
    LIST_OPTIONAL,
    TEXT,
    FilterSpec,
    run_query,
)
from pm_providers.sandbox.openproject.forms import fixed_members
from pm_providers.sandbox.openproject.links import (
    ABSENT,
    api,
    filter_query,
    link,
    linked_id,
    parse_href,
    write_link,
)
from pm_providers.sandbox.openproject.projects import list_projects
from pm_providers.sandbox.openproject.records import Membership, Project
from pm_providers.sandbox.openproject.schemas import (
    allow_href,
    form_body,
    property_schema,
    schema_body,
)
from pm_providers.sandbox.openproject.values import formattable
from pm_providers.sandbox.openproject.view import View, principal_path
from pm_providers.sandbox.openproject.web import Call, Reply, Routes

__all__ = ["routes"]

routes = Routes()
PRINCIPALS = ("users", "groups", "placeholder_users")


@dataclass(slots=True)
class _Draft:
    """A membership as it would be written."""

    project_id: int | None = None
    principal_id: int | None = None
    role_ids: tuple[int, ...] = ()
    faults: list[Fault422] = field(default_factory=list)


@routes("GET", "/memberships")
def memberships(call: Call) -> Reply:
    """Memberships of the projects whose members the user may see, newest first."""
    state = call.state
    rows = [m for m in state.memberships if _visible(call, m)]

    def name(row: Membership) -> str:
        return state.principals[row.principal_id].name

    specs = {
        "project": FilterSpec("Project", LIST_OPTIONAL, lambda m: m.project_id),
        "principal": FilterSpec("Principal", LIST, lambda m: m.principal_id),
        "role": FilterSpec("Role", LIST, lambda m: m.role_ids),
        "group": FilterSpec("Group", LIST, lambda m: m.principal_id),
        "name": FilterSpec("Name", TEXT, name, "text"),
        "any_name_attribute": FilterSpec("Any name attribute", TEXT, name, "text"),
        "created_at": FilterSpec("Created on", DATETIMES, lambda m: m.created, "datetime"),
        "updated_at": FilterSpec("Updated on", DATETIMES, lambda m: m.updated, "datetime"),
    }
    columns = {
        "id": lambda m: m.id,
        "name": lambda m: name(m).lower(),
        "created_at": lambda m: m.created,
        "updated_at": lambda m: m.updated,
    }
    found, params = run_query(call, rows, specs, columns)
    view = View(state, call.user)
    shown = {"filters": "[]", **params}
    return Reply(paged_list(call, "/memberships", found, lambda m: _body(view, m), shown))


@routes("GET", "/memberships/schema")
def membership_schema(_call: Call) -> Reply:
    """Properties of memberships."""
    return Reply(schema_body(_schema(), "memberships", "schema"))


@routes("GET", "/memberships/available_projects")
def available(call: Call) -> Reply:
    """Projects whose members the user may manage."""
    keys = access.projects_allowing(call.state, call.user, "manage_members")
    rows = [p for p in call.state.projects if p.id in keys]
    return Reply(list_projects(call, "/projects", rows))


@routes("GET", "/memberships/{id}")
def membership(call: Call) -> Reply:
    """One membership."""
    return Reply(_body(View(call.state, call.user), _row(call), embed=True))


@routes("POST", "/memberships")
def create_membership(call: Call) -> Reply:
    """Make a membership; needs the right to manage members of the project."""
    draft = _draft(call, None, call.object())
    _may_manage(call, call.state.projects.get(draft.project_id))
    raise_faults(draft.faults)
    state = call.state
    row = state.memberships.put(
        Membership(
            id=state.memberships.next_id(),
            principal_id=draft.principal_id or 0,
            project_id=draft.project_id,
            role_ids=draft.role_ids,
            **state.stamps(),
        )
    )
    return Reply(_body(View(state, call.user), row, embed=True), 201)


@routes("PATCH", "/memberships/{id}")
def update_membership(call: Call) -> Reply:
    """Change the roles; project and principal stay."""
    row = _row(call)
    _may_manage(call, call.state.projects.get(row.project_id))
    draft = _draft(call, row, call.object())
    raise_faults(draft.faults)
    stored = call.state.memberships.change(row, role_ids=draft.role_ids, updated=call.state.now())
    return Reply(_body(View(call.state, call.user), stored, embed=True))


@routes("DELETE", "/memberships/{id}")
def delete_membership(call: Call) -> Reply:
    """End a membership."""
    row = _row(call)
    _may_manage(call, call.state.projects.get(row.project_id))
    call.state.memberships.remove(row.id)
    return Reply(None, 204)


@routes("POST", "/memberships/form")
def create_form(call: Call) -> Reply:
    """Form of a new membership."""
    if not access.allowed_anywhere(call.state, call.user, "manage_members"):
        raise forbidden()
    return _form(call, None)


@routes("POST", "/memberships/{id}/form")
def update_form(call: Call) -> Reply:
    """Form of an existing membership."""
    row = _row(call)
    _may_manage(call, call.state.projects.get(row.project_id))
    return _form(call, row)


def _visible(call: Call, row: Membership) -> bool:
    if row.project_id is None:
        return call.user.admin
    project = call.state.projects.get(row.project_id)
    return project is not None and access.allowed(call.state, call.user, "view_members", project)


def _row(call: Call) -> Membership:
    row = call.state.memberships.get(call.number())
    if row is None or not _visible(call, row):
        raise not_found()
    return row


def _may_manage(call: Call, project: Project | None) -> None:
    if call.user.admin:
        return
    if project is None or not access.allowed(call.state, call.user, "manage_members", project):
        raise forbidden()


def _draft(call: Call, row: Membership | None, body: dict[str, Any]) -> _Draft:
    state, draft = call.state, _Draft()
    if row is not None:
        draft.project_id, draft.principal_id, draft.role_ids = (
            row.project_id,
            row.principal_id,
            row.role_ids,
        )
    project = linked_id(body, "project", "projects")
    principal = linked_id(body, "principal", *PRINCIPALS)
    if row is None:
        known = None if project is ABSENT else state.projects.get(project)
        draft.project_id = known.id if known is not None else None
        found = None if principal is ABSENT else state.principals.get(principal)
        draft.principal_id = found.id if found is not None else None
    else:
        draft.faults += _changed(row, project, principal)
    draft.role_ids = _roles(body, draft.role_ids)
    draft.faults += _faults(call, row, draft)
    return draft


def _changed(row: Membership, project: Any, principal: Any) -> list[Fault422]:
    found = []
    if project is not ABSENT and project != row.project_id:
        found.append(read_only("project", "Project"))
    if principal is not ABSENT and principal != row.principal_id:
        found.append(read_only("principal", "Principal"))
    return found


def _roles(body: dict[str, Any], current: tuple[int, ...]) -> tuple[int, ...]:
    links = body.get("_links")
    given = links.get("roles") if isinstance(links, dict) else None
    if not isinstance(given, list):
        return current
    hrefs = [entry.get("href") for entry in given if isinstance(entry, dict)]
    keys = [parse_href("roles", href, ("roles",)) for href in hrefs]
    return tuple(dict.fromkeys(int(key) if key.isdecimal() else -1 for key in keys))


def _faults(call: Call, row: Membership | None, draft: _Draft) -> list[Fault422]:
    state, found = call.state, []
    if draft.principal_id is None:
        found.append(violation("principal", "Principal can't be blank."))
    elif row is None and any(
        m.project_id == draft.project_id for m in state.memberships.where("principal_id", draft.principal_id)
    ):
        found.append(violation("user", "User has already been taken."))
    unit = "system" if draft.project_id is None else "project"
    roles = [state.roles.get(key) for key in draft.role_ids]
    if any(role is None for role in roles):
        raise internal("undefined method `builtin' for nil:NilClass")
    if not roles:
        found.append(violation("roles", "Roles need to be assigned."))
    elif any(role is not None and role.unit != unit for role in roles):
        found.append(violation("roles", "Roles has an unassignable role."))
    if draft.principal_id is None:
        found.append(violation("base", "Please choose at least one user or group."))
    return found


def _body(view: View, row: Membership, *, embed: bool = False) -> dict[str, Any]:
    state = view.state
    principal = state.principals[row.principal_id]
    roles = [state.roles[key] for key in row.role_ids]
    body: dict[str, Any] = {"_type": "Membership", "id": row.id, **view.stamps(row)}
    project = state.projects.get(row.project_id)
    if embed:
        embedded: dict[str, Any] = {} if project is None else {"project": view.project(project, embed=False)}
        embedded |= {"principal": view.principal(principal), "roles": [view.role(r) for r in roles]}
        body["_embedded"] = embedded
    own = ("memberships", row.id)
    links: dict[str, Any] = {
        "self": link(principal.name, *own),
        "schema": {"href": api("memberships", "schema")},
    }
    if view.user.admin or view.can("manage_members", row.project_id or 0):
        links["update"] = write_link("post", *own, "form")
        links["updateImmediately"] = write_link("patch", *own)
    links |= _value_links(view, row.project_id, row.principal_id, row.role_ids)
    return {**body, "_links": links}


def _value_links(
    view: View, project_id: int | None, principal_id: int | None, role_ids: tuple[int, ...]
) -> dict[str, Any]:
    principal = view.state.principals.get(principal_id)
    roles = [role for key in role_ids if (role := view.state.roles.get(key)) is not None]
    person = {"href": None} if principal is None else link(principal.name, *principal_path(principal))
    return {
        "project": view.project_link(project_id),
        "principal": person,
        "roles": [link(role.name, "roles", role.id) for role in roles],
    }


def _form(call: Call, row: Membership | None) -> Reply:
    draft = _draft(call, row, call.object())
    view = View(call.state, call.user)
    payload: dict[str, Any] = {"_meta": {"notificationMessage": formattable(None)}}
    payload["_links"] = _value_links(view, draft.project_id, draft.principal_id, draft.role_ids)
    if row is not None:
        payload["_links"] = {"roles": payload["_links"]["roles"]}
    own: tuple[object, ...] = ("memberships",) if row is None else ("memberships", row.id)
    commit = ("post" if row is None else "patch", own)
    schema = schema_body(_form_schema(draft))
    return Reply(form_body((*own, "form"), commit, payload, schema, draft.faults))


def _schema() -> dict[str, Any]:
    message = property_schema("Formattable", "Message")
    return {
        **fixed_members(),
        "notificationMessage": {**message, "location": "_meta"},
        "project": property_schema("Project", "Project", linked=True),
        "principal": property_schema("Principal", "Principal", required=True, linked=True),
        "roles": property_schema("[]Role", "Role", required=True, linked=True),
    }


def _form_schema(draft: _Draft) -> dict[str, Any]:
    members = _schema()
    people: list[dict[str, Any]] = [{"status": {"operator": "!", "values": ["3"]}}]
    if draft.project_id is not None:
        people.append({"member": {"operator": "!", "values": [str(draft.project_id)]}})
    hrefs = {
        "project": api("memberships", "available_projects"),
        "principal": f"{api('principals')}?{filter_query(people)}",
        "roles": api("roles"),
    }
    for name, href in hrefs.items():
        allow_href(members[name], href)
    return members
