"""Projects: search, read, types, statuses, levels, and checks of keys and names."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.errors import ApiError, bad_request, not_found
from pm_providers.sandbox.jira.records import Project
from pm_providers.sandbox.jira.view import View
from pm_providers.sandbox.jira.web import Call, Reply, Routes, Session

__all__ = ["key_problem", "name_problem", "routes"]

routes = Routes()
KEY = re.compile(r"[A-Z][A-Z0-9_]{1,9}")
MAX_NAME = 80
_EXPAND = {"description", "lead", "issueTypes", "url", "projectKeys", "permissions", "insight"}
_ORDERS: dict[str, Callable[[Session, Project], Any]] = {
    "key": lambda _s, p: p.key,
    "name": lambda _s, p: p.name.lower(),
    "category": lambda _s, p: p.category,
    "owner": lambda s, p: s.state.users[p.lead].name if p.lead in s.state.users else "",
    "issueCount": lambda s, p: len(s.state.issues.where("project_id", p.id)),
    "lastIssueUpdatedTime": lambda s, p: max(
        (i.updated.timestamp() for i in s.state.issues.where("project_id", p.id)), default=0
    ),
    "archivedDate": lambda _s, p: p.state_at.timestamp() if p.state_at else 0,
    "deletedDate": lambda _s, p: p.state_at.timestamp() if p.state_at else 0,
}


@routes("GET", "project/search")
def search(call: Call) -> Reply:
    """Projects in pages of at most 100, by default the live ones in the order of their keys."""
    rows = [row for row in call.state.projects if _matches(call, row)]
    order = call.one("orderBy", "key")
    by = _ORDERS.get(order.lstrip("+-"))
    if by is None:
        raise bad_request(f"Invalid order by value: {order}")
    rows.sort(key=lambda row: by(call.session, row), reverse=order.startswith("-"))
    page, view = call.page(50, 100), View(call.session)
    expand = set(call.many("expand")) & _EXPAND
    address = f"{view.api}/project/search?maxResults={page.size}&startAt="
    body = page.bean(rows, [view.project(row, expand) for row in page.cut(rows)])
    if not body["isLast"]:
        body["nextPage"] = f"{address}{page.start + page.size}"
    return Reply({"self": f"{address}{page.start}", **body})


def _matches(call: Call, row: Project) -> bool:
    wanted = set(call.many("status")) or {"live"}
    if row.state not in wanted or not _seen(call, row):
        return False
    ids, keys = set(call.many("id")), {key.upper() for key in call.many("keys")}
    text, kinds = call.one("query").lower(), set(call.many("typeKey"))
    return (
        (not ids or str(row.id) in ids)
        and (not keys or row.key in keys)
        and (text in row.key.lower() or text in row.name.lower())
        and (not kinds or row.type_key in kinds)
    )


def _seen(call: Call, row: Project) -> bool:
    if row.state == "deleted":
        return rights.is_admin(call.session)
    action = {"create": "CREATE_ISSUES", "edit": "ADMINISTER_PROJECTS"}.get(
        call.one("action"), "BROWSE_PROJECTS"
    )
    return rights.may_use(call.session, action, row)


@routes("GET", "project")
def projects(call: Call) -> Reply:
    """All live projects without pages (deprecated, still answering)."""
    view, expand = View(call.session), set(call.many("expand")) & _EXPAND
    rows = sorted(rights.browsable(call.session), key=lambda row: row.key)
    return Reply([view.project(row, expand) for row in rows])


@routes("GET", "project/recent")
def recent(call: Call) -> Reply:
    """Up to 20 projects."""
    view = View(call.session)
    return Reply([view.project(row, set()) for row in rights.browsable(call.session)[:20]])


@routes("GET", "project/type")
def types(call: Call) -> Reply:
    """Types of projects."""
    _ = call
    return Reply([_type(key) for key in ("software", "business")])


@routes("GET", "project/type/{key}")
def project_type(call: Call) -> Reply:
    """One type of projects."""
    if call.params["key"] not in {"software", "business"}:
        raise not_found(f"The project type '{call.params['key']}' does not exist.")
    return Reply(_type(call.params["key"]))


def _type(key: str) -> dict[str, str]:
    name = key.capitalize()
    return {
        "key": key,
        "formattedKey": name,
        "descriptionI18nKey": f"jira.project.type.{key}.description",
        "icon": "",
        "color": "#F5A623",
    }


@routes("GET", "project/{id}")
def show(call: Call) -> Reply:
    """One project."""
    project = rights.need_project(call.session, call.params["id"])
    view = View(call.session)
    more = set(call.many("expand")) & {"projectKeys", "insight"}
    return Reply(view.full_project(project) | (view.project(project, more) if more else {}))


@routes("GET", "project/{id}/statuses")
def statuses(call: Call) -> Reply:
    """The statuses of each issue type."""
    project = rights.need_project(call.session, call.params["id"])
    view = View(call.session)
    return Reply(
        [
            {
                "self": f"{view.api}/issuetype/{row.id}",
                "id": str(row.id),
                "name": row.name,
                "subtask": row.level < 0,
                "statuses": [
                    view.status(key, scoped=True) for key in call.state.workflow(project, row.id).status_ids
                ],
            }
            for row in call.state.project_types(project)
        ]
    )


@routes("GET", "project/{id}/hierarchy")
def hierarchy(call: Call) -> Reply:
    """The levels of issue types."""
    project = rights.need_project(call.session, call.params["id"])
    rows = call.state.project_types(project)
    names = {-1: "Sub-task", 0: "Standard", 1: "Epic"}
    return Reply(
        {
            "projectId": project.id,
            "hierarchy": [
                {
                    "level": level,
                    "name": names.get(level, f"Level {level}"),
                    "issueTypes": [
                        {"id": row.id, "name": row.name, "avatarId": row.avatar_id}
                        for row in rows
                        if row.level == level
                    ],
                }
                for level in sorted({row.level for row in rows})
            ],
        }
    )


@routes("GET", "issuetype", login=True)
def issue_types(call: Call) -> Reply:
    """All issue types of projects that the caller sees, with their scope."""
    view = View(call.session)
    seen = {row.id for row in rights.browsable(call.session)}
    rows = [row for row in call.state.types if row.project_id is None or row.project_id in seen]
    return Reply([view.issue_type(row.id, scoped=True) for row in rows])


@routes("GET", "issuetype/project", login=True)
def types_of_project(call: Call) -> Reply:
    """Issue types of the project `projectId`; with `level` those of one level."""
    project = rights.need_project(call.session, call.one("projectId"))
    view, level = View(call.session), call.one("level")
    rows = [row for row in call.state.project_types(project) if not level or str(row.level) == level]
    return Reply([view.issue_type(row.id, scoped=True) for row in rows])


@routes("GET", "issuetype/{id}", login=True)
def issue_type(call: Call) -> Reply:
    """One issue type."""
    text = call.params["id"]
    row = call.state.types.get(int(text)) if text.isascii() and text.isdigit() else None
    if row is None:
        raise not_found(f"The issue type with id '{text}' does not exist.")
    return Reply(View(call.session).issue_type(row.id, scoped=True))


def key_problem(session: Session, key: Any) -> str:
    """What is wrong with the key of a new project; empty for a good one."""
    if not isinstance(key, str) or not key:
        return "You must specify a valid project key."
    if not KEY.fullmatch(key):
        return (
            "Project keys must start with an uppercase letter, followed by one or more uppercase "
            "alphanumeric characters, and be at most 10 characters long."
        )
    owner = session.state.any_project(key)
    return f"Project '{owner.name}' uses this project key." if owner is not None else ""


def name_problem(session: Session, name: Any, owner: int | None = None) -> str:
    """What is wrong with the name of a project; empty for a good one."""
    if not isinstance(name, str) or len(name.strip()) < 2:
        return "You must specify a valid project name."
    if len(name) > MAX_NAME:
        return f"The project name must not exceed {MAX_NAME} characters in length."
    taken = any(row.name.lower() == name.lower() and row.id != owner for row in session.state.projects)
    return "A project with that name already exists." if taken else ""


@routes("GET", "projectvalidate/key", login=True)
def validate_key(call: Call) -> Reply:
    """An error document that is empty for a key that can be used."""
    problem = key_problem(call.session, call.one("key"))
    return Reply({"errorMessages": [], "errors": {"projectKey": problem} if problem else {}})


@routes("GET", "projectvalidate/validProjectKey", login=True)
def valid_key(call: Call) -> Reply:
    """The key, or one like it that can be used."""
    wanted = re.sub(r"[^A-Z0-9_]", "", call.one("key").upper())[:10] or "KEY"
    return Reply(_free(wanted, 10, lambda text: not key_problem(call.session, text)))


@routes("GET", "projectvalidate/validProjectName", login=True)
def valid_name(call: Call) -> Reply:
    """The name, or one like it that can be used."""
    if not call.one("name"):
        raise ApiError(400, "The 'name' query parameter must be provided.")
    return Reply(_free(call.one("name"), MAX_NAME, lambda text: not name_problem(call.session, text)))


def _free(wanted: str, limit: int, good: Callable[[str], bool]) -> str:
    if good(wanted):
        return wanted
    for number in range(1, 10_000):
        text = f"{wanted[: limit - len(str(number))]}{number}"
        if good(text):
            return text
    raise not_found("No valid key or name could be found.")
