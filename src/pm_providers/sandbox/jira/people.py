"""People and groups."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.jira import records, rights
from pm_providers.sandbox.jira.errors import ApiError, bad_request, forbidden, not_found
from pm_providers.sandbox.jira.view import View, avatars
from pm_providers.sandbox.jira.web import Call, Reply, Routes

__all__ = ["routes"]

routes = Routes(login=True)
FIRST_USERS = 1000
_NO_BROWSE = "You do not have permission to browse users."


@routes("GET", "myself")
def myself(call: Call) -> Reply:
    """The caller."""
    return Reply(View(call.session).full_user(call.session.account_id))


@routes("GET", "user")
def user(call: Call) -> Reply:
    """One person, by `accountId`."""
    key = call.one("accountId")
    if not key:
        raise bad_request("The query parameter 'accountId' must be provided.")
    _need_picker(call, key)
    if key not in call.state.users:
        raise not_found(f"Specified user does not exist or you do not have required permissions: '{key}'")
    return Reply(View(call.session).full_user(key))


def _need_picker(call: Call, key: str = "") -> None:
    if key != call.session.account_id and not rights.has(call.session, "USER_PICKER"):
        raise forbidden(_NO_BROWSE)


@routes("GET", "user/bulk")
def bulk(call: Call) -> Reply:
    """People by repeated `accountId`, in pages of at most 200 (10 unless told otherwise)."""
    wanted = call.query.get("accountId", [])
    if not wanted:
        raise bad_request("The query parameter 'accountId' must be provided.")
    _need_picker(call)
    rows = [row for row in call.state.users if row.id in wanted]
    view, page = View(call.session), call.page(10, 200)
    return Reply(page.bean(rows, [view.user(row.id) for row in page.cut(rows)]))


@routes("GET", "users/search")
def everybody(call: Call) -> Reply:
    """All accounts, those of apps and customers and deactivated ones included."""
    return _all(call)


@routes("GET", "users")
def everybody_too(call: Call) -> Reply:
    """The same at the older address."""
    return _all(call)


def _all(call: Call) -> Reply:
    _need_picker(call)
    view, page = View(call.session), call.page(50, 1000)
    return Reply([view.user(row.id) for row in page.cut(list(call.state.users))])


def _text(call: Call) -> str:
    """What to look for, in lower case.

    Raises:
        ApiError: 400 when no parameter says it.
    """
    if not (call.query.keys() & {"query", "username", "accountId", "property"}):
        raise bad_request(
            "At least one of the parameters 'query', 'accountId' or 'property' must be provided."
        )
    if "username" in call.query:
        raise bad_request(
            "The query parameter 'username' is not supported in GDPR strict mode.",
        )
    return call.one("query").lower()


def _like(call: Call, row: records.User, text: str) -> bool:
    """Whether a name or address has words that begin so; hidden addresses count when they match entirely."""
    key = call.one("accountId")
    if key:
        return row.id == key
    if text in {"", "."}:
        return True
    email = row.email.lower()
    if email == text or (row.email_visible and email.startswith(text)):
        return True
    name = row.name.lower()
    return name.startswith(text) or any(word.startswith(text) for word in name.split())


@routes("GET", "user/search")
def search(call: Call) -> Reply:
    """Active people; pages are cut from the first 1,000 accounts and filtered then, so they come short."""
    text = _text(call)
    if not rights.has(call.session, "USER_PICKER"):
        return Reply([])
    return Reply(_found(call, [row for row in call.state.users if _like(call, row, text)]))


def _found(call: Call, rows: list[records.User]) -> list[Any]:
    """Of the people found, those in the window of all accounts."""
    page = call.page(50, 1000)
    window = {row.id for row in page.cut(list(call.state.users)[:FIRST_USERS])}
    view = View(call.session)
    return [view.user(row.id) for row in rows if row.id in window and row.active]


@routes("GET", "user/assignable/search")
def assignable(call: Call) -> Reply:
    """People who can be assigned in a project or to an issue; cut like `user/search`."""
    text = call.one("query").lower()
    name = call.one("project")
    issue = call.one("issueKey") or call.one("issueId")
    if issue:
        project = call.state.projects[rights.need_issue(call.session, issue).project_id]
    elif name:
        project = rights.need_project(call.session, name)
    else:
        raise bad_request("Either the project or the issue must be provided.")
    return Reply(_found(call, _able(call, text, [project])))


@routes("GET", "user/assignable/multiProjectSearch")
def assignable_in_all(call: Call) -> Reply:
    """People who can be assigned in all of `projectKeys`."""
    projects = [rights.need_project(call.session, key) for key in call.many("projectKeys")]
    if not projects:
        raise bad_request("The query parameter 'projectKeys' must be provided.")
    return Reply(_found(call, _able(call, call.one("query").lower(), projects)))


def _able(call: Call, text: str, projects: list[records.Project]) -> list[records.User]:
    return [
        row
        for row in call.state.users
        if _like(call, row, text)
        and all(rights.allowed(call.state, row, "ASSIGNABLE_USER", project) for project in projects)
    ]


@routes("GET", "user/viewissue/search")
def viewers(call: Call) -> Reply:
    """People who may see an issue or a project."""
    text = _text(call)
    if call.one("issueKey"):
        project = call.state.projects[rights.need_issue(call.session, call.one("issueKey")).project_id]
    else:
        project = rights.need_project(call.session, call.one("projectKey"))
    rows = [
        row
        for row in call.state.users
        if _like(call, row, text) and rights.allowed(call.state, row, "BROWSE_PROJECTS", project)
    ]
    return Reply(_found(call, rows))


@routes("GET", "user/picker")
def picker(call: Call) -> Reply:
    """People for a picker, with what matched."""
    text = call.one("query").lower()
    rows = [row for row in call.state.users if row.active and _like(call, row, text)]
    size = min(call.number("maxResults", 50), 1000)
    shown = rows[:size]
    return Reply(
        {
            "users": [
                {
                    "accountId": row.id,
                    "accountType": row.account_type,
                    "html": row.name,
                    "displayName": row.name,
                    "avatarUrl": avatars(f"{call.session.base_url}/avatar/{row.id}.png")["24x24"],
                }
                for row in shown
            ],
            "total": len(rows),
            "header": f"Showing {len(shown)} of {len(rows)} matching users",
        }
    )


@routes("GET", "user/groups")
def groups_of(call: Call) -> Reply:
    """Groups of the person `accountId`."""
    key = call.one("accountId")
    _need_picker(call, key)
    if key not in call.state.users:
        raise not_found("The user does not exist.")
    view = View(call.session)
    return Reply([view.group(row) for row in call.state.groups_of(key)])


@routes("GET", "groups/picker")
def group_picker(call: Call) -> Reply:
    """Groups whose name contains `query`."""
    text = call.one("query").lower()
    rows = [row for row in call.state.groups if text in row.name.lower()]
    shown = rows[: min(call.number("maxResults", 20) or 20, 1000)]
    return Reply(
        {
            "header": f"Showing {len(shown)} of {len(rows)} matching groups",
            "total": len(rows),
            "groups": [
                {"name": row.name, "html": row.name, "labels": [], "groupId": row.id} for row in shown
            ],
        }
    )


@routes("GET", "group/bulk")
def groups(call: Call) -> Reply:
    """Groups in pages; needs Browse Users."""
    _need_picker(call)
    ids, names = set(call.query.get("groupId", ())), set(call.query.get("groupName", ()))
    rows = [row for row in call.state.groups if not (ids or names) or row.id in ids or row.name in names]
    page = call.page(50, 50)
    return Reply(page.bean(rows, [{"name": row.name, "groupId": row.id} for row in page.cut(rows)]))


@routes("GET", "group/member")
def members(call: Call) -> Reply:
    """Members of a group in pages of at most 50; deactivated ones with `includeInactiveUsers`."""
    if not (rights.has(call.session, "USER_PICKER") or rights.is_admin(call.session)):
        raise forbidden(_NO_BROWSE)
    key, name = call.one("groupId"), call.one("groupname")
    if not key and not name:
        raise ApiError(400, "Either 'groupId' or 'groupname' must be provided.")
    group = call.state.groups.find(lambda row: row.id == key if key else row.name == name)
    if group is None:
        raise not_found(
            f"The group with id '{key}' does not exist."
            if key
            else f"The group named '{name}' does not exist."
        )
    rows = [
        row
        for row in call.state.users
        if row.id in group.members and (row.active or call.flag("includeInactiveUsers"))
    ]
    view, page = View(call.session), call.page(50, 50)
    return Reply(page.bean(rows, [view.user(row.id) for row in page.cut(rows)]))
