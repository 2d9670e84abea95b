"""Issues: create, read, edit, assign, delete, changelog; creating and reading many at once."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.errors import NO_ISSUE, ApiError, bad_request, forbidden
from pm_providers.sandbox.jira.field_sets import FieldSet
from pm_providers.sandbox.jira.issue_changes import apply_changes
from pm_providers.sandbox.jira.issue_values import FieldError, parse_value
from pm_providers.sandbox.jira.issue_view import IssueView
from pm_providers.sandbox.jira.issue_write import create_issue, delete_issue, edit_issue
from pm_providers.sandbox.jira.records import Issue
from pm_providers.sandbox.jira.transitions import transition_issue
from pm_providers.sandbox.jira.web import Call, Page, Reply, Routes, texts

__all__ = ["routes"]

routes = Routes()
BULK_CREATE = 50
BULK_FETCH = 100
BULK_CHANGES = 1000
_DISCARD = "To discard the user notification either admin or project admin permissions are required."


def _created(call: Call, body: Any) -> dict[str, Any]:
    """Create one issue, with its transition; the short answer about it."""
    issue = create_issue(call.session, body)
    found: dict[str, Any] = {
        "id": str(issue.id),
        "key": issue.key,
        "self": f"{call.session.api}/issue/{issue.id}",
    }
    if body.get("transition") is not None:
        found["transition"] = _after_create(call, issue, body["transition"])
    return found


def _after_create(call: Call, issue: Issue, wanted: Any) -> dict[str, Any]:
    """The issue stays when the transition is refused; the answer says so."""
    try:
        transition_issue(call.session, issue, {"transition": wanted})
    except ApiError as error:
        return {
            "status": error.status,
            "errorCollection": {"errorMessages": error.messages, "errors": error.fields},
        }
    return {"status": 204, "errorCollection": {"errorMessages": [], "errors": {}}}


@routes("POST", "issue")
def create(call: Call) -> Reply:
    """Create an issue; the answer is not the issue."""
    return Reply(_created(call, call.object()), 201)


@routes("POST", "issue/bulk")
def create_many(call: Call) -> Reply:
    """Create up to 50 issues; the good ones are made, the others reported by their place."""
    wanted = call.object().get("issueUpdates")
    if not isinstance(wanted, list) or not wanted:
        raise bad_request("At least one issue must be given in 'issueUpdates'.")
    if len(wanted) > BULK_CREATE:
        raise bad_request(f"You cannot create more than {BULK_CREATE} issues with one request.")
    issues, errors = [], []
    for number, body in enumerate(wanted):
        try:
            issues.append(_created(call, body))
        except ApiError as error:
            errors.append(
                {
                    "status": error.status,
                    "elementErrors": {"errorMessages": error.messages, "errors": error.fields},
                    "failedElementNumber": number,
                }
            )
    return Reply({"issues": issues, "errors": errors}, 201 if issues else 400)


@routes("POST", "issue/bulkfetch", login=False)
def fetch_many(call: Call) -> Reply:
    """Up to 100 issues by id or key, in the order of ids; what is missing or hidden goes to `issueErrors`."""
    body = call.object()
    names = texts(body.get("issueIdsOrKeys"))
    if not names or len(names) > BULK_FETCH:
        raise bad_request(f"The number of issues must be between 1 and {BULK_FETCH}.")
    wanted = FieldSet.of(call.state, texts(body.get("fields")), "*navigable")
    expand, properties = texts(body.get("expand")), texts(body.get("properties"))
    view = IssueView(call.session)
    rows: dict[int, Issue] = {}
    errors = []
    for name in names:
        try:
            issue = rights.need_issue(call.session, name)
        except ApiError:
            errors.append({"id": name, "errorMessage": NO_ISSUE})
            continue
        rows[issue.id] = issue
    shown = [view.issue(rows[key], wanted, expand, properties) for key in sorted(rows)]
    return Reply({"issues": shown, "issueErrors": errors})


@routes("GET", "issue/{id}")
def show(call: Call) -> Reply:
    """One issue; an old key finds it too."""
    issue = rights.need_issue(call.session, call.params["id"])
    wanted = FieldSet.of(call.state, call.many("fields"), "*all")
    return Reply(IssueView(call.session).issue(issue, wanted, call.many("expand"), call.many("properties")))


@routes("PUT", "issue/{id}")
def edit(call: Call) -> Reply:
    """Edit an issue; a transition in the body is ignored."""
    issue = _editable(call)
    _check_silence(call, issue)
    body = call.object()
    if not (body.keys() & {"fields", "update", "properties", "historyMetadata"}):
        raise bad_request("one of 'fields' or 'update' required")
    after = edit_issue(call.session, issue, body)
    if not call.flag("returnIssue"):
        return Reply(None, 204)
    wanted = FieldSet.of(call.state, (), "*all")
    return Reply(IssueView(call.session).issue(after, wanted, call.many("expand")))


def _editable(call: Call) -> Issue:
    """The issue, if its project is not archived.

    Raises:
        ApiError: 404.
    """
    issue = rights.need_issue(call.session, call.params["id"])
    if call.state.projects[issue.project_id].state != "live":
        raise ApiError(404, NO_ISSUE)
    return issue


def _check_silence(call: Call, issue: Issue) -> None:
    if call.flag("notifyUsers", True):
        return
    project = call.state.projects[issue.project_id]
    if not (rights.is_admin(call.session) or rights.may_use(call.session, "ADMINISTER_PROJECTS", project)):
        raise forbidden(_DISCARD)


@routes("DELETE", "issue/{id}")
def delete(call: Call) -> Reply:
    """Delete an issue for good."""
    delete_issue(call.session, _editable(call), with_subtasks=call.flag("deleteSubtasks"))
    return Reply(None, 204)


@routes("PUT", "issue/{id}/assignee")
def assign(call: Call) -> Reply:
    """Assign an issue: an account id, null for nobody, `-1` for the default."""
    issue, body = _editable(call), call.object()
    project = call.state.projects[issue.project_id]
    rights.need_permission(
        call.session, "ASSIGN_ISSUES", issue, "You do not have permission to assign issues in this project."
    )
    if "accountId" not in body:
        raise bad_request("The field 'accountId' is required.")
    try:
        key = parse_value(
            call.session, call.state.fields["assignee"], {"accountId": body["accountId"]}, project
        )
    except FieldError as error:
        raise ApiError(400, fields={"assignee": str(error)}) from error
    apply_changes(call.session, issue, kind="issue_assigned", assignee=key)
    return Reply(None, 204)


@routes("GET", "issue/{id}/changelog")
def changelog(call: Call) -> Reply:
    """The changelog in pages, oldest first."""
    issue = rights.need_issue(call.session, call.params["id"])
    rows = call.state.changes.where("issue_id", issue.id)
    view, page = IssueView(call.session), call.page(100, 100)
    address = f"{view.api}/issue/{issue.key}/changelog?maxResults={page.size}&startAt={page.start}"
    return Reply({"self": address, **page.bean(rows, [view.change(row) for row in page.cut(rows)])})


@routes("POST", "changelog/bulkfetch", login=False)
def changelogs(call: Call) -> Reply:
    """Changelogs of up to 1,000 issues, oldest first, filtered by up to 10 fields."""
    body = call.object()
    names, fields = texts(body.get("issueIdsOrKeys")), set(texts(body.get("fieldIds")))
    if not names or len(names) > BULK_CHANGES or len(fields) > 10:
        raise bad_request("Between 1 and 1000 issues and at most 10 fields must be given.")
    page = Page(_start(body.get("nextPageToken")), _size(body.get("maxResults")))
    seen = _visible(call, names)
    rows = [
        row
        for row in call.state.changes
        if row.issue_id in seen and (not fields or any(item.field_id in fields for item in row.items))
    ]
    view = IssueView(call.session)
    found: dict[int, list[Any]] = {}
    for row in page.cut(rows):
        found.setdefault(row.issue_id, []).append(view.change(row))
    answer: dict[str, Any] = {
        "issueChangeLogs": [{"issueId": str(key), "changeHistories": found[key]} for key in sorted(found)]
    }
    if page.start + page.size < len(rows):
        answer["nextPageToken"] = f"at-{page.start + page.size}"
    return Reply(answer)


def _size(value: Any) -> int:
    if value is None:
        return 1000
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise bad_request("'maxResults' must be a positive number.")
    return min(value, 10_000)


def _start(token: Any) -> int:
    if not token:
        return 0
    text = str(token).removeprefix("at-")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise bad_request("The next page token is invalid.")
    return int(text)


def _visible(call: Call, names: list[str]) -> set[int]:
    found = set()
    for name in names:
        try:
            found.add(rights.need_issue(call.session, name).id)
        except ApiError:
            continue
    return found


@routes("POST", "issue/{id}/changelog/list", login=False)
def changelog_by_ids(call: Call) -> Reply:
    """Entries of a changelog by their ids."""
    issue = rights.need_issue(call.session, call.params["id"])
    ids = call.object().get("changelogIds")
    if not isinstance(ids, list):
        raise bad_request("'changelogIds' must be a list.")
    rows = [row for row in call.state.changes.where("issue_id", issue.id) if row.id in ids]
    view, page = IssueView(call.session), call.page(50, 1000)
    return Reply(page.bean(rows, [view.change(row) for row in page.cut(rows)], name="histories"))
