"""Lists of work packages: filters, sorting, groups, sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.collection import (
    apply_select,
    paged,
    query_string,
    read_page,
    select_parts,
)
from pm_providers.sandbox.openproject.errors import internal, invalid_query
from pm_providers.sandbox.openproject.filter_tests import compile_test
from pm_providers.sandbox.openproject.filters import (
    Condition,
    camel,
    check,
    filters_json,
    humanize,
    read_filters,
    read_sort,
    sort_rows,
)
from pm_providers.sandbox.openproject.links import ROOT, api, write_link
from pm_providers.sandbox.openproject.records import Project, WorkPackage
from pm_providers.sandbox.openproject.represent_wp import work_package
from pm_providers.sandbox.openproject.view import View
from pm_providers.sandbox.openproject.web import Call
from pm_providers.sandbox.openproject.wp_filters import wp_specs
from pm_providers.sandbox.openproject.wp_groups import add_groups, group_key
from pm_providers.sandbox.openproject.wp_schema import schema

__all__ = ["list_work_packages"]

OPEN_ONLY = (Condition("status", "o", ("",)),)
# these narrow the projects of the list, not its rows
SCOPE_FILTERS = frozenset({"subproject_id", "subproject"})
SELECTABLE = frozenset(
    {"total", "count", "pageSize", "offset", "self", "*"}
    | {
        f"elements/{name}"
        for name in (
            "*",
            "id",
            "displayId",
            "subject",
            "startDate",
            "dueDate",
            "date",
            "_type",
            "self",
            "project",
            "status",
            "type",
            "author",
            "assignee",
            "responsible",
        )
    }
)


# Column names of the vendor's database work as filter names too; clients use them.
ALIASES = {
    "status_id": "status",
    "type_id": "type",
    "priority_id": "priority",
    "project_id": "project",
    "category_id": "category",
    "version_id": "version",
    "fixed_version_id": "version",
    "parent_id": "parent",
    "assigned_to_id": "assignee",
    "responsible_id": "responsible",
    "author_id": "author",
}


def list_work_packages(call: Call, project: Project | None) -> dict[str, Any]:
    """A page of work packages; of a project with its subprojects when one is given.

    Without a `filters` parameter only open ones come (recorded 13-…: step 1).
    """
    view = View(call.state, call.user)
    given = read_filters(call, listed=False)
    conditions = list(OPEN_ONLY if given is None else _last_wins(given))
    rows = _scope(call, project, conditions)
    rows = _filtered(call, project, rows, conditions)
    group = _group_by(call)
    rows = _sorted(call, rows, group)
    params = _params(call, conditions, group)
    path = f"/projects/{project.id}/work_packages" if project else "/work_packages"
    page = read_page(call)
    cut = list(page.cut(rows))
    elements = [work_package(view, row) for row in cut]
    body = paged(path, page, len(rows), elements, params, "WorkPackageCollection")
    signals = select_parts(call, SELECTABLE)
    if signals is not None and "*" not in signals:
        return apply_select(body, signals)
    if group or params["showSums"] == "true":
        add_groups(call, view, body, rows, group, sums=params["showSums"] == "true")
    _embed_schemas(call, view, body, cut)
    _add_links(call, body, project)
    return body


def _last_wins(conditions: list[Condition]) -> list[Condition]:
    # recorded 13-…: step 63, the same filter twice shows the last one in both places
    known = [replace(c, name=ALIASES.get(c.name, c.name)) for c in conditions]
    last = {c.name: c for c in known}
    return [last[c.name] for c in known]


def _scope(call: Call, project: Project | None, conditions: list[Condition]) -> list[WorkPackage]:
    seen = access.projects_allowing(call.state, call.user, "view_work_packages")
    if project is not None:
        below = {p.id for p in call.state.project_descendants(project.id)}
        seen &= {project.id, *_subprojects(call, below, conditions)}
    return [row for row in call.state.work_packages.as_of(call.stale) if row.project_id in seen]


def _subprojects(call: Call, below: set[int], conditions: list[Condition]) -> set[int]:
    if call.query.get("includeSubprojects") == "false":
        return set()
    for condition in conditions:
        if condition.name in SCOPE_FILTERS:
            chosen = {int(v) for v in condition.values if v.isdecimal()}
            return {
                "*": below,
                "!*": set(),
                "=": below & chosen,
                "!": below - chosen,
            }.get(condition.operator, below)
    return below


def _filtered(
    call: Call, project: Project | None, rows: list[WorkPackage], conditions: list[Condition]
) -> list[WorkPackage]:
    specs = wp_specs(call, project)
    messages: list[str] = []
    for condition in conditions:
        spec = specs.get(condition.name)
        if spec is None:
            messages.append(f"{humanize(condition.name)} does not exist.")
            continue
        if condition.name == "category" and project is None:
            raise internal("undefined method `categories' for nil:NilClass")
        fault = check(condition, spec)
        if fault == "operator":
            messages.append(f"{spec.human} Operator is not set to one of the allowed values.")
        elif fault:
            messages.append(fault)
    if messages:
        raise invalid_query(messages, listed=False)
    now = call.state.now()
    for condition in conditions:
        if condition.name in SCOPE_FILTERS:
            continue
        test = compile_test(condition, specs[condition.name], now)
        rows = [row for row in rows if test(row)]
    return rows


def _columns(call: Call) -> dict[str, Callable[[WorkPackage], Any]]:
    state = call.state

    def name_of(table: Any, attribute: str) -> Callable[[WorkPackage], Any]:
        def name(row: WorkPackage) -> Any:
            found = table.get(getattr(row, attribute))
            return found.name.lower() if found is not None else None

        return name

    def rank(table: Any, attribute: str) -> Callable[[WorkPackage], Any]:
        return lambda row: table[getattr(row, attribute)].position

    columns: dict[str, Callable[[WorkPackage], Any]] = {
        "id": lambda row: row.id,
        "parent": lambda row: row.parent_id,
        "project": name_of(state.projects, "project_id"),
        "type": rank(state.types, "type_id"),
        "status": rank(state.statuses, "status_id"),
        "priority": rank(state.priorities, "priority_id"),
        "subject": lambda row: row.subject.lower(),
        "author": name_of(state.principals, "author_id"),
        "assignee": name_of(state.principals, "assignee_id"),
        "responsible": name_of(state.principals, "responsible_id"),
        "category": name_of(state.categories, "category_id"),
        "version": name_of(state.versions, "version_id"),
        "start_date": lambda row: row.start,
        "due_date": lambda row: row.due,
        "estimated_time": lambda row: row.estimated_hours,
        "percentage_done": lambda row: row.done,
        "created_at": lambda row: row.created,
        "updated_at": lambda row: row.updated,
        "story_points": lambda row: row.story_points,
        "remaining_time": lambda row: row.remaining_hours,
        "position": lambda row: row.position,
        "manual_sorting": lambda row: row.id,
    }
    for field in state.custom_fields.where("owner", "WorkPackage"):
        columns[f"cf_{field.id}"] = columns[f"custom_field{field.id}"] = _custom_column(field.id)
    return columns


def _custom_column(key: int) -> Callable[[WorkPackage], Any]:
    return lambda row: _sortable(row.custom.get(key))


def _sortable(value: Any) -> Any:
    return None if value is None else str(value)


def _sorted(call: Call, rows: list[WorkPackage], group: str | None) -> list[WorkPackage]:
    columns = _columns(call)
    order = read_sort(call, listed=False)
    for name, _ in order:
        if name not in columns:
            raise invalid_query([f"Can't sort by column: {camel(name)}"], listed=False)
    wanted = [*order, ("id", "asc")]
    result = sort_rows(rows, wanted, columns)
    if group is not None:
        result = sort_rows(result, [(group, "asc")], {group: group_key(call, group)})
    return result


def _group_by(call: Call) -> str | None:
    raw = call.query.get("groupBy")
    if not raw:
        return None
    name = "_".join(part for part in humanize(raw).lower().split())
    known = {"status", "type", "priority", "assignee", "responsible", "author", "version"}
    known |= {"category", "project", "parent"}
    if name not in known:
        raise invalid_query([f"Can't group by: {raw}"], listed=False)
    return name


def _params(call: Call, conditions: list[Condition], group: str | None) -> dict[str, Any]:
    order = read_sort(call, listed=False) or [("id", "asc")]
    pairs = [[camel(name), "desc" if way == "desc" else "asc"] for name, way in order]
    params = {
        "filters": filters_json(conditions),
        "showHierarchies": "false" if group else "true",
        "showSums": "true" if call.query.get("showSums") == "true" else "false",
        "sortBy": msgspec.json.encode(pairs).decode(),
    }
    if group:
        params["groupBy"] = "assigned_to" if group == "assignee" else camel(group)
    return params


def _embed_schemas(call: Call, view: View, body: dict[str, Any], rows: list[WorkPackage]) -> None:
    pairs = list(dict.fromkeys((row.project_id, row.type_id) for row in rows))
    if not pairs:
        return
    state = call.state
    elements = [schema(view, state.projects[p], state.types[t]) for p, t in pairs]
    ids = ", ".join(f'"{p}-{t}"' for p, t in pairs)
    query = query_string({"filters": f'[{{:id=>{{:operator=>"=", :values=>[{ids}]}}}}]'})
    href = f"{ROOT}/work_packages/schemas?{query}"
    body["_embedded"]["schemas"] = {
        "_type": "Collection",
        "total": len(elements),
        "count": len(elements),
        "_embedded": {"elements": elements},
        "_links": {"self": {"href": href}},
    }
    body["_links"]["schemas"] = {"href": href}


def _add_links(call: Call, body: dict[str, Any], project: Project | None) -> None:
    links, user = body["_links"], call.user
    if _may(call, "edit_work_packages", project):
        href = "/api/v3/work_packages/{work_package_id}/form"
        links["editWorkPackage"] = {"href": href, "method": "post", "templated": True}
    if _may(call, "add_work_packages", project):
        links["createWorkPackage"] = write_link("post", "work_packages", "form")
        links["createWorkPackageImmediate"] = write_link("post", "work_packages")
    if project is not None and user.admin:
        links["customFields"] = {
            "href": f"/projects/{project.identifier}/settings/custom_fields",
            "type": "text/html",
            "title": "Custom fields",
        }
    if _may(call, "export_work_packages", project):
        links["representations"] = _representations(links["self"]["href"], project)
    if "totalSums" in body:
        links["sumsSchema"] = {"href": api("work_packages", "schemas", "sums")}


def _may(call: Call, permission: str, project: Project | None) -> bool:
    if project is not None:
        return access.allowed(call.state, call.user, permission, project)
    return access.allowed_anywhere(call.state, call.user, permission)


_EXPORTS = (
    ("pdf", "pdf", "application/pdf", "PDF", ""),
    ("pdf", "pdf", "application/pdf", "PDF with attachments", "&show_attachments=true"),
    ("pdf", "pdf-with-descriptions", "application/pdf", "PDF with descriptions", "&show_descriptions=true"),
    (
        "pdf",
        "pdf-with-descriptions",
        "application/pdf",
        "PDF with descriptions and attachments",
        "&show_descriptions=true&show_attachments=true",
    ),
    ("xls", "xls", "application/vnd.ms-excel", "XLS", ""),
    (
        "xls",
        "xls-with-descriptions",
        "application/vnd.ms-excel",
        "XLS with descriptions",
        "&show_descriptions=true",
    ),
    ("xls", "xls-with-relations", "application/vnd.ms-excel", "XLS with relations", "&show_relations=true"),
    ("csv", "csv", "text/csv", "CSV", ""),
    ("atom", "atom", "application/atom+xml", "Atom", ""),
)


def _representations(href: str, project: Project | None) -> list[dict[str, Any]]:
    query = href.partition("?")[2]
    prefix = f"/projects/{project.identifier}" if project else ""
    return [
        {
            "href": f"{prefix}/work_packages.{ext}?{query}{extra}",
            "identifier": identifier,
            "type": kind,
            "title": title,
        }
        for ext, identifier, kind, title, extra in _EXPORTS
    ]
