"""The site and its lists: server info, priorities, statuses, resolutions, link types, fields, labels."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.jira import records, rights
from pm_providers.sandbox.jira.errors import ApiError, bad_request, not_found
from pm_providers.sandbox.jira.view import CATEGORIES, View
from pm_providers.sandbox.jira.web import Call, Reply, Routes

__all__ = ["routes"]

routes = Routes()
BUILD = {"version": "1001.0.0-SNAPSHOT", "versionNumbers": [1001, 0, 0], "buildNumber": 100290}


@routes("GET", "serverInfo")
def server_info(call: Call) -> Reply:
    """What the server is; needs no account."""
    state = call.state
    return Reply(
        {
            "baseUrl": call.session.base_url,
            **BUILD,
            "deploymentType": "Cloud",
            "buildDate": "2026-02-02T09:00:00.000+0000",
            "serverTime": call.session.stamp(state.now()),
            "scmInfo": "6b1d0a9c4e7f2b35a8d0c1e2f3a4b5c6d7e8f901",
            "serverTitle": state.settings["title"],
            "displayUrl": call.session.base_url,
            "serverTimeZone": "Etc/UTC",
        }
    )


@routes("GET", "configuration", login=True)
def configuration(call: Call) -> Reply:
    """Which features are on, and how long a day is."""
    settings = call.state.settings
    return Reply(
        {
            "votingEnabled": True,
            "watchingEnabled": True,
            "unassignedIssuesAllowed": settings["unassigned_issues"],
            "subTasksEnabled": True,
            "issueLinkingEnabled": settings["linking"],
            "timeTrackingEnabled": settings["time_tracking"],
            "attachmentsEnabled": settings["attachments"],
            "timeTrackingConfiguration": {
                "workingHoursPerDay": settings["hours_per_day"],
                "workingDaysPerWeek": settings["days_per_week"],
                "timeFormat": "pretty",
                "defaultUnit": "minute",
            },
        }
    )


@routes("GET", "priority")
def priorities(call: Call) -> Reply:
    """All priorities, highest first."""
    view = View(call.session)
    return Reply([view.priority(row.id, full=True) for row in call.state.priorities])


@routes("GET", "priority/search")
def priority_search(call: Call) -> Reply:
    """Priorities in pages."""
    view, page = View(call.session), call.page()
    wanted = set(call.many("id"))
    name = call.one("priorityName").lower()
    rows = [
        p for p in call.state.priorities if (not wanted or str(p.id) in wanted) and name in p.name.lower()
    ]
    return Reply(page.bean(rows, [view.priority(row.id, full=True) for row in page.cut(rows)]))


@routes("GET", "priority/{id}")
def priority(call: Call) -> Reply:
    """One priority."""
    body = View(call.session).priority(_number(call), full=True)
    if body is None:
        raise not_found(f"The priority with id '{call.params['id']}' does not exist")
    return Reply(body)


@routes("GET", "resolution")
def resolutions(call: Call) -> Reply:
    """All resolutions."""
    view = View(call.session)
    return Reply([view.resolution(row.id) for row in call.state.resolutions])


@routes("GET", "resolution/search")
def resolution_search(call: Call) -> Reply:
    """Resolutions in pages."""
    view, page = View(call.session), call.page()
    rows = list(call.state.resolutions)
    return Reply(page.bean(rows, [view.resolution(row.id) for row in page.cut(rows)]))


@routes("GET", "resolution/{id}")
def resolution(call: Call) -> Reply:
    """One resolution."""
    body = View(call.session).resolution(_number(call))
    if body is None:
        raise not_found(f"The resolution with id '{call.params['id']}' does not exist")
    return Reply(body)


@routes("GET", "status")
def statuses(call: Call) -> Reply:
    """All statuses of the projects that the caller sees."""
    view = View(call.session)
    return Reply([view.status(row.id, scoped=True) for row in _statuses(call)])


@routes("GET", "status/{id}")
def status(call: Call) -> Reply:
    """One status, by id or name."""
    wanted = call.params["id"]
    rows = [row for row in _statuses(call) if wanted in {str(row.id), row.name}]
    if not rows:
        raise not_found(f"The status with id '{wanted}' does not exist")
    return Reply(View(call.session).status(rows[0].id, scoped=True))


@routes("GET", "statuscategory")
def status_categories(call: Call) -> Reply:
    """The four categories."""
    view = View(call.session)
    return Reply([view.category(key) for key in CATEGORIES])


@routes("GET", "statuscategory/{id}")
def status_category(call: Call) -> Reply:
    """One category, by id or key."""
    for key, (number, _, _) in CATEGORIES.items():
        if call.params["id"] in {key, str(number)}:
            return Reply(View(call.session).category(key))
    raise not_found(f"The status category with id '{call.params['id']}' does not exist")


@routes("GET", "statuses/search", login=True)
def status_search(call: Call) -> Reply:
    """Statuses in pages, of a project or of the site; needs administration of the project or site."""
    project_id = call.one("projectId")
    if project_id:
        rights.need_project_admin(call.session, project_id)
    else:
        rights.need_admin(call.session)
    text, category = call.one("searchString").lower(), call.one("statusCategory")
    rows = [
        row
        for row in sorted(call.state.statuses, key=lambda s: s.name)
        if text in row.name.lower()
        and (not category or category == _CATEGORY[row.category])
        and (
            str(row.project_id) == project_id
            if project_id and row.project_id
            else not project_id or _used(call, row)
        )
    ]
    page = call.page(200, 200)
    return Reply(page.bean(rows, [_status_row(row) for row in page.cut(rows)]))


_CATEGORY = {"new": "TODO", "indeterminate": "IN_PROGRESS", "done": "DONE"}


def _used(call: Call, row: records.Status) -> bool:
    project = call.state.project(call.one("projectId"))
    if project is None:
        return True
    workflows = {call.state.workflow(project, key).id for key in project.type_ids}
    return any(row.id in call.state.workflows[key].status_ids for key in workflows)


def _status_row(row: records.Status) -> dict[str, Any]:
    scope = (
        {"type": "PROJECT", "project": {"id": str(row.project_id)}} if row.project_id else {"type": "GLOBAL"}
    )
    return {
        "id": str(row.id),
        "name": row.name,
        "statusCategory": _CATEGORY[row.category],
        "scope": scope,
        "description": row.description,
    }


def _statuses(call: Call) -> list[records.Status]:
    seen = {p.id for p in rights.browsable(call.session)}
    if call.user is None and not seen:
        return []
    return [row for row in call.state.statuses if row.project_id is None or row.project_id in seen]


@routes("GET", "issueLinkType")
def link_types(call: Call) -> Reply:
    """Types of links; 404 while linking is off."""
    _need_linking(call)
    view = View(call.session)
    return Reply({"issueLinkTypes": [view.link_type(row.id) for row in call.state.link_types]})


@routes("GET", "issueLinkType/{id}")
def link_type(call: Call) -> Reply:
    """One type of links."""
    _need_linking(call)
    if _number(call) not in call.state.link_types:
        raise not_found(f"No issue link type with id '{call.params['id']}' found.")
    return Reply(View(call.session).link_type(_number(call)))


def _need_linking(call: Call) -> None:
    if not call.state.settings["linking"]:
        raise not_found("Issue linking is currently disabled.")


@routes("GET", "label")
def labels(call: Call) -> Reply:
    """All labels in use on issues that the caller sees, sorted."""
    seen = {p.id for p in rights.browsable(call.session)}
    found = sorted({text for issue in call.state.issues if issue.project_id in seen for text in issue.labels})
    page = call.page(1000, 1000)
    return Reply(page.bean(found, page.cut(found)))


@routes("GET", "field")
def fields(call: Call) -> Reply:
    """All fields."""
    return Reply([field_row(call, row) for row in visible_fields(call)])


@routes("GET", "field/search", login=True)
def field_search(call: Call) -> Reply:
    """Fields in pages; without those of team-managed projects."""
    kinds, text, wanted = set(call.many("type")), call.one("query").lower(), set(call.many("id"))
    rows = [
        row
        for row in visible_fields(call)
        if row.project_id is None
        and (not kinds or ("custom" if row.number else "system") in kinds)
        and text in row.name.lower()
        and (not wanted or row.id in wanted)
    ]
    page = call.page(50, 50)
    return Reply(page.bean(rows, [_search_row(row) for row in page.cut(rows)]))


def visible_fields(call: Call) -> list[records.Field]:
    """Fields that the caller may know of."""
    seen = {p.id for p in rights.browsable(call.session)}
    return [row for row in call.state.fields if row.project_id is None or row.project_id in seen]


def field_row(call: Call, row: records.Field) -> dict[str, Any]:
    """A field as `/field` lists it."""
    body: dict[str, Any] = {
        "id": row.id,
        "key": row.id,
        "name": row.name,
        **({"untranslatedName": row.name} if row.number else {}),
        "custom": bool(row.number),
        "orderable": row.orderable,
        "navigable": row.navigable,
        "searchable": row.searchable,
        "clauseNames": list(row.clauses),
        **View(call.session).scope(row.project_id),
    }
    return {**body, "schema": row.schema} if row.schema else body


def _search_row(row: records.Field) -> dict[str, Any]:
    return {
        "id": row.id,
        "key": row.id,
        "name": row.name,
        "schema": row.schema or {"type": "any", "system": row.id},
    }


@routes("GET", "mypermissions")
def my_permissions(call: Call) -> Reply:
    """What the caller may do: on the site, in a project or on an issue."""
    wanted = call.many("permissions")
    if not wanted:
        raise bad_request("The 'permissions' query parameter is required.")
    unknown = [key for key in wanted if key not in rights.PERMISSIONS]
    if unknown:
        raise bad_request(f"Unrecognized permission: {', '.join(unknown)}")
    project = _about(call)
    rows = {key: _permission(call, key, project) for key in wanted}
    return Reply({"permissions": rows})


def _about(call: Call) -> records.Project | None:
    name = call.one("projectKey") or call.one("projectId")
    issue = call.one("issueKey") or call.one("issueId")
    if issue:
        return call.state.projects[rights.need_issue(call.session, issue).project_id]
    return rights.need_project(call.session, name) if name else None


def _permission(call: Call, key: str, project: records.Project | None) -> dict[str, Any]:
    if key in rights.GLOBAL:
        given = rights.has(call.session, key)
    elif project is not None:
        given = rights.may_use(call.session, key, project)
    else:
        given = any(rights.may_use(call.session, key, row) for row in call.state.projects)
    return {**permission_row(key), "havePermission": given}


def permission_row(key: str) -> dict[str, Any]:
    """A permission as the API describes it."""
    name, text = rights.PERMISSIONS[key]
    kind = "GLOBAL" if key in rights.GLOBAL else "PROJECT"
    return {
        "id": str(-1 - list(rights.PERMISSIONS).index(key)),
        "key": key,
        "name": name,
        "type": kind,
        "description": text,
    }


@routes("GET", "permissions", login=True)
def all_permissions(call: Call) -> Reply:
    """All permissions that there are."""
    _ = call
    return Reply({"permissions": {key: _without_id(permission_row(key)) for key in rights.PERMISSIONS}})


def _without_id(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "id"}


def _number(call: Call) -> int:
    text = call.params["id"]
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ApiError(404, body={"message": "HTTP 404 Not Found", "status-code": 404})
    return int(text)
