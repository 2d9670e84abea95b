"""Comments."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.errors import ApiError, bad_field, bad_request, not_found
from pm_providers.sandbox.jira.html import to_html
from pm_providers.sandbox.jira.issue_changes import touch
from pm_providers.sandbox.jira.issue_values import FieldError, parse_rich
from pm_providers.sandbox.jira.properties import read_properties
from pm_providers.sandbox.jira.records import Comment, Issue
from pm_providers.sandbox.jira.state import Event
from pm_providers.sandbox.jira.view import View
from pm_providers.sandbox.jira.web import Call, Reply, Routes, Session

__all__ = [
    "add_comment",
    "change_comment",
    "find_comment",
    "read_body",
    "read_visibility",
    "remove_comment",
    "routes",
    "sees",
    "visible_comments",
]

routes = Routes()
PAGE = 100


def sees(session: Session, issue: Issue, visibility: dict[str, Any] | None) -> bool:
    """Whether the caller belongs to the role or group that something is restricted to."""
    if visibility is None:
        return True
    me = session.user
    if me is None:
        return False
    state = session.state
    groups = state.groups_of(me.id)
    if visibility["type"] == "group":
        return any(group.id == visibility["identifier"] for group in groups)
    members = state.projects[issue.project_id].roles.get(int(visibility["identifier"]), ())
    return me.id in members or any(f"group:{group.id}" in members for group in groups)


def read_visibility(session: Session, value: Any) -> dict[str, Any] | None:
    """A restriction as it is stored.

    Raises:
        ApiError: 400 for a role or group that does not exist.
    """
    if value is None:
        return None
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in ("role", "group"):
        raise bad_request("Visibility must have the type 'role' or 'group'.")
    rows: list[Any] = list(session.state.roles if kind == "role" else session.state.groups)
    for row in rows:
        if str(row.id) == str(value.get("identifier")) or row.name == value.get("value"):
            return {"type": kind, "value": row.name, "identifier": str(row.id)}
    word = value.get("value", value.get("identifier"))
    raise bad_field("commentLevel", f"{kind.capitalize()}: {word} does not exist.")


def visible_comments(session: Session, issue: Issue) -> list[Comment]:
    """Comments of an issue that the caller sees, oldest first."""
    rows = session.state.comments.where("issue_id", issue.id)
    return [row for row in rows if sees(session, issue, row.visibility)]


def read_body(session: Session, value: Any) -> dict[str, Any]:
    """The text of a comment as it is stored.

    Raises:
        ApiError: 400 for an empty one and for other kinds of values.
    """
    try:
        document = parse_rich(session, value)
    except FieldError as error:
        raise bad_field("comment", str(error)) from error
    if document is None or not document["content"]:
        raise bad_field("comment", "Comment body can not be empty!")
    return document


def add_comment(session: Session, issue: Issue, body: dict[str, Any]) -> Comment:
    """Add a comment of `{body, visibility, properties}`; the author is always the caller.

    Raises:
        ApiError: 400, or 413 at the limit of comments.
    """
    state = session.state
    if not rights.may_use(session, "ADD_COMMENTS", state.projects[issue.project_id]):
        raise bad_field("comment", "You do not have the permission to comment on this issue.")
    document = read_body(session, body.get("body"))
    if len(state.comments.where("issue_id", issue.id)) >= state.settings["comment_limit"]:
        raise ApiError(
            413, f"This issue has reached the limit of {state.settings['comment_limit']} comments."
        )
    moment, me = state.now(), session.account_id
    row = state.comments.put(
        Comment(
            id=state.comments.next_id(),
            issue_id=issue.id,
            author=me,
            update_author=me,
            body=document,
            created=moment,
            updated=moment,
            visibility=read_visibility(session, body.get("visibility")),
            properties=read_properties(body.get("properties"), 50),
        )
    )
    after = touch(session, issue, "issue_commented")
    state.emit(Event("comment_created", moment, me, issue=after, subject=row))
    return row


def change_comment(session: Session, issue: Issue, row: Comment, body: dict[str, Any]) -> Comment:
    """Replace the text and restriction of a comment."""
    state = session.state
    _need(session, issue, row, "EDIT")
    changes: dict[str, Any] = {"body": read_body(session, body.get("body"))}
    if "visibility" in body:
        changes["visibility"] = read_visibility(session, body["visibility"])
    if body.get("properties"):
        changes["properties"] = {**row.properties, **read_properties(body["properties"], 50)}
    after = state.comments.change(row, updated=state.now(), update_author=session.account_id, **changes)
    touched = touch(session, issue, "issue_comment_edited")
    state.emit(Event("comment_updated", state.now(), session.account_id, issue=touched, subject=after))
    return after


def remove_comment(session: Session, issue: Issue, row: Comment) -> None:
    """Delete a comment."""
    state = session.state
    _need(session, issue, row, "DELETE")
    state.comments.remove(row.id)
    after = touch(session, issue, "issue_comment_deleted")
    state.emit(Event("comment_deleted", state.now(), session.account_id, issue=after, subject=row))


def _need(session: Session, issue: Issue, row: Comment, verb: str) -> None:
    project = session.state.projects[issue.project_id]
    own = row.author == session.account_id and rights.may_use(session, f"{verb}_OWN_COMMENTS", project)
    if not own and not rights.may_use(session, f"{verb}_ALL_COMMENTS", project):
        word = "edit" if verb == "EDIT" else "delete"
        raise bad_request(
            f"You do not have the permission to {word} the comment with id: {row.id}."
            if word == "edit"
            else f"You do not have permission to delete comment with id: {row.id}"
        )


def find_comment(call: Call, name: str, issue_name: str = "") -> Comment:
    """A comment that the caller sees.

    Raises:
        ApiError: 404.
    """
    row = call.state.comments.get(int(name)) if name.isascii() and name.isdigit() else None
    issue = rights.need_issue(call.session, issue_name or (row.issue_id if row is not None else ""))
    if row is None or row.issue_id != issue.id or not sees(call.session, issue, row.visibility):
        raise not_found(f"Can not find a comment for the id: {name}.")
    return row


def _shown(call: Call, view: View, row: Comment) -> dict[str, Any]:
    body = view.comment(row)
    if "renderedBody" in call.many("expand"):
        body["renderedBody"] = to_html(row.body)
    if "properties" in call.many("expand"):
        body["properties"] = [{"key": key, "value": value} for key, value in row.properties.items()]
    return body


@routes("GET", "issue/{id}/comment")
def comments(call: Call) -> Reply:
    """Comments of an issue in pages, oldest first unless `orderBy=-created`."""
    issue = rights.need_issue(call.session, call.params["id"])
    rows = visible_comments(call.session, issue)
    order = call.one("orderBy", "created")
    if order not in {"created", "+created", "-created"}:
        raise bad_request(f"Invalid order by value: {order}")
    if order == "-created":
        rows.reverse()
    view, page = View(call.session), call.page(PAGE, PAGE)
    return Reply(page.bean(rows, [_shown(call, view, row) for row in page.cut(rows)], name="comments"))


@routes("POST", "issue/{id}/comment")
def create(call: Call) -> Reply:
    """Add a comment."""
    issue = rights.need_issue(call.session, call.params["id"])
    row = add_comment(call.session, issue, call.object())
    return Reply(_shown(call, View(call.session), row), 201)


@routes("GET", "issue/{issue}/comment/{id}")
def show(call: Call) -> Reply:
    """One comment."""
    row = find_comment(call, call.params["id"], call.params["issue"])
    return Reply(_shown(call, View(call.session), row))


@routes("PUT", "issue/{issue}/comment/{id}")
def update(call: Call) -> Reply:
    """Change a comment."""
    row = find_comment(call, call.params["id"], call.params["issue"])
    after = change_comment(call.session, call.state.issues[row.issue_id], row, call.object())
    return Reply(_shown(call, View(call.session), after))


@routes("DELETE", "issue/{issue}/comment/{id}")
def delete(call: Call) -> Reply:
    """Delete a comment."""
    row = find_comment(call, call.params["id"], call.params["issue"])
    remove_comment(call.session, call.state.issues[row.issue_id], row)
    return Reply(None, 204)


@routes("POST", "comment/list", login=False)
def by_ids(call: Call) -> Reply:
    """Up to 1,000 comments by id; what the caller does not see is left out."""
    ids = call.object("ids").get("ids")
    if not isinstance(ids, list) or not ids or len(ids) > 1000:
        raise bad_request("The number of comment ids must be between 1 and 1000.")
    rows = []
    for key in ids:
        row = call.state.comments.get(key if isinstance(key, int) else None)
        if row is not None and _visible(call.session, row):
            rows.append(row)
    view, page = View(call.session), call.page(1000, 1000)
    return Reply(page.bean(rows, [_shown(call, view, row) for row in page.cut(rows)]))


def _visible(session: Session, row: Comment) -> bool:
    issue = session.state.issues[row.issue_id]
    return rights.may_use(session, "BROWSE_PROJECTS", session.state.projects[issue.project_id]) and sees(
        session, issue, row.visibility
    )
