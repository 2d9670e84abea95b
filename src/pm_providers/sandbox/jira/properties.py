"""Entity properties: any JSON under a key, on issues, comments, worklogs and projects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.errors import bad_request, forbidden, not_found
from pm_providers.sandbox.jira.records import Issue
from pm_providers.sandbox.jira.state import Event
from pm_providers.sandbox.jira.web import Call, Reply, Routes

__all__ = ["Owner", "add_property_routes", "read_properties", "routes"]

routes = Routes()
MAX_KEY = 255
MAX_VALUE = 32_768


@dataclass(frozen=True, slots=True)
class Owner:
    """What has properties: their values, how to store others, and where they are."""

    values: dict[str, Any]
    store: Callable[[dict[str, Any]], None]
    address: str
    may_write: bool = True
    issue: Issue | None = None


def read_properties(value: Any, limit: int) -> dict[str, Any]:
    """Properties inside the body of another request: a list of `{key, value}`.

    Raises:
        ApiError: 400.
    """
    if value is None:
        return {}
    if not isinstance(value, list) or len(value) > limit:
        raise bad_request(f"At most {limit} properties can be set with one request.")
    found = {}
    for entry in value:
        if not isinstance(entry, dict) or not isinstance(entry.get("key"), str) or "value" not in entry:
            raise bad_request("Property key and value must be specified.")
        found[entry["key"]] = checked(entry["key"], entry["value"])
    return found


def checked(key: str, value: Any) -> Any:
    """The value, if key and value may be stored.

    Raises:
        ApiError: 400.
    """
    if not key or len(key) > MAX_KEY:
        raise bad_request("The property key is invalid: it must have 1 to 255 characters.")
    if len(msgspec.json.encode(value)) > MAX_VALUE:
        raise bad_request(f"The property value is too long. The maximum length is {MAX_VALUE} characters.")
    return value


def _issue(call: Call) -> Owner:
    issue = rights.need_issue(call.session, call.params["id"])
    project = call.state.projects[issue.project_id]

    def store(values: dict[str, Any]) -> None:
        call.state.issues.change(call.state.issues[issue.id], properties=values)

    may = rights.may_use(call.session, "EDIT_ISSUES", project)
    return Owner(issue.properties, store, f"{call.session.api}/issue/{issue.id}/properties", may, issue)


def _project(call: Call) -> Owner:
    project = rights.need_project(call.session, call.params["id"])

    def store(values: dict[str, Any]) -> None:
        call.state.projects.change(project, properties=values)

    may = rights.is_admin(call.session) or rights.may_use(call.session, "ADMINISTER_PROJECTS", project)
    return Owner(project.properties, store, f"{call.session.api}/project/{project.id}/properties", may)


def _comment(call: Call) -> Owner:
    from pm_providers.sandbox.jira.comments import find_comment

    row = find_comment(call, call.params["id"])

    def store(values: dict[str, Any]) -> None:
        call.state.comments.change(row, properties=values)

    return Owner(row.properties, store, f"{call.session.api}/comment/{row.id}/properties")


def _worklog(call: Call) -> Owner:
    from pm_providers.sandbox.jira.worklogs import find_worklog

    row = find_worklog(call, call.params["issue"], call.params["id"])

    def store(values: dict[str, Any]) -> None:
        call.state.worklogs.change(row, properties=values)

    return Owner(
        row.properties, store, f"{call.session.api}/issue/{row.issue_id}/worklog/{row.id}/properties"
    )


def _keys(call: Call, owner: Owner) -> Reply:
    _ = call
    return Reply({"keys": [{"self": f"{owner.address}/{key}", "key": key} for key in sorted(owner.values)]})


def _get(call: Call, owner: Owner) -> Reply:
    key = call.params["key"]
    if key not in owner.values:
        raise not_found(f"The property with key {key} does not exist.")
    return Reply({"key": key, "value": owner.values[key]})


def _put(call: Call, owner: Owner) -> Reply:
    if not call.body.strip():
        raise bad_request("The property value must not be empty.")
    key = call.params["key"]
    value = checked(key, call.json())
    known = key in owner.values
    owner.store({**owner.values, key: value})
    _tell(call, owner, "issue_property_set", key)
    return Reply({}, 200 if known else 201)


def _delete(call: Call, owner: Owner) -> Reply:
    key = call.params["key"]
    if key not in owner.values:
        raise not_found(f"The property with key {key} does not exist.")
    owner.store({name: value for name, value in owner.values.items() if name != key})
    _tell(call, owner, "issue_property_deleted", key)
    return Reply(None, 204)


def _tell(call: Call, owner: Owner, name: str, key: str) -> None:
    if owner.issue is None:
        return
    issue = call.state.issues[owner.issue.id]
    call.state.emit(
        Event(name, call.state.now(), call.session.account_id, issue=issue, extra={"property": {"key": key}})
    )


def add_property_routes(family: Routes, base: str, find: Callable[[Call], Owner]) -> None:
    """Serve the properties of one kind of owner at `BASE/properties` and `BASE/properties/{key}`."""

    def bound(act: Callable[[Call, Owner], Reply]) -> Callable[[Call], Reply]:
        def handler(call: Call) -> Reply:
            owner = find(call)
            if call.method != "GET" and not owner.may_write:
                raise forbidden()
            return act(call, owner)

        return handler

    family("GET", f"{base}/properties")(bound(_keys))
    family("GET", f"{base}/properties/{{key}}")(bound(_get))
    family("PUT", f"{base}/properties/{{key}}")(bound(_put))
    family("DELETE", f"{base}/properties/{{key}}")(bound(_delete))


add_property_routes(routes, "issue/{id}", _issue)
add_property_routes(routes, "project/{id}", _project)
add_property_routes(routes, "comment/{id}", _comment)
add_property_routes(routes, "issue/{issue}/worklog/{id}", _worklog)
