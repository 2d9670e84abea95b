"""Links between issues, and links to things outside."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.comments import add_comment
from pm_providers.sandbox.jira.errors import ApiError, bad_field, bad_request, not_found
from pm_providers.sandbox.jira.issue_changes import touch
from pm_providers.sandbox.jira.issue_view import IssueView
from pm_providers.sandbox.jira.records import ChangeItem, Issue, Link, LinkType, RemoteLink
from pm_providers.sandbox.jira.state import Event
from pm_providers.sandbox.jira.web import Call, Reply, Routes, Session

__all__ = ["add_link", "add_link_of", "check_link_of", "routes"]

routes = Routes()
_REMOTE = ("globalId", "application", "relationship", "object")


def add_link(session: Session, type_id: int, source: Issue, target: Issue) -> None:
    """Link two issues: the source does what the type's `outward` says. A link that is there stays as it is.

    Raises:
        ApiError: 401 without the right, 400 for an issue and itself, 413 at the limit of links.
    """
    state = session.state
    rights.need_permission(
        session, "LINK_ISSUES", source, f"No Link Issue Permission for issue '{source.key}'", 401
    )
    if source.id == target.id:
        raise bad_request("You cannot link an issue to itself.")
    same = [link for link in state.links.where("source_id", source.id) if link.target_id == target.id]
    if any(link.type_id == type_id for link in same):
        return
    if len(state.links.where("source_id", source.id)) >= state.settings["link_limit"]:
        raise ApiError(413, f"This issue has reached the limit of {state.settings['link_limit']} links.")
    link = state.links.put(
        Link(id=state.links.next_id(), type_id=type_id, source_id=source.id, target_id=target.id)
    )
    _tell(session, link, added=True)


def _tell(session: Session, link: Link, *, added: bool) -> None:
    state = session.state
    kind = state.link_types[link.type_id]
    source, target = state.issues[link.source_id], state.issues[link.target_id]
    for issue, other, words in ((source, target, kind.outward), (target, source, kind.inward)):
        text = f"This work item {words} {other.key}"
        item = ChangeItem(
            field="Link",
            field_id="",
            **({"new": other.key, "new_text": text} if added else {"old": other.key, "old_text": text}),
        )
        touch(session, issue, "issue_updated", [item])
    name = "issuelink_created" if added else "issuelink_deleted"
    state.emit(Event(name, state.now(), session.account_id, subject=link))


def add_link_of(session: Session, issue: Issue, value: dict[str, Any]) -> None:
    """A link inside the `update` of an issue: the other end as `outwardIssue` or `inwardIssue`.

    Raises:
        ApiError: 400 or 404.
    """
    kind = _type(session, value.get("type"))
    if "outwardIssue" in value:
        add_link(session, kind.id, issue, _end(session, value["outwardIssue"]))
    elif "inwardIssue" in value:
        add_link(session, kind.id, _end(session, value["inwardIssue"]), issue)
    else:
        raise bad_field("issuelinks", "An issue to link to is required.")


def check_link_of(session: Session, value: dict[str, Any]) -> None:
    """Raise 400 or 404 for a link that `add_link_of` would refuse for its type or its other end."""
    _type(session, value.get("type"))
    if not value.keys() & {"outwardIssue", "inwardIssue"}:
        raise bad_field("issuelinks", "An issue to link to is required.")
    _end(session, value.get("outwardIssue", value.get("inwardIssue")))


def _type(session: Session, value: Any) -> LinkType:
    if not session.state.settings["linking"]:
        raise not_found("Issue linking is currently disabled.")
    if not isinstance(value, dict) or not (value.keys() & {"id", "name"}):
        raise bad_request("An issue link type must be specified.")
    for row in session.state.link_types:
        if str(row.id) == str(value.get("id")):
            return row
        if "id" not in value and str(value.get("name")).lower() == row.name.lower():
            return row
    word = f"id '{value['id']}'" if "id" in value else f"name '{value['name']}'"
    raise not_found(f"No issue link type with {word} found.")


def _end(session: Session, value: Any) -> Issue:
    name = value.get("id", value.get("key")) if isinstance(value, dict) else None
    if not isinstance(name, str | int):
        raise bad_request("Both the inward and the outward issue must be specified.")
    return rights.need_issue(session, name)


@routes("POST", "issueLink")
def create(call: Call) -> Reply:
    """Link two issues; `inwardIssue` is the one that does what `outward` says (the blocker of Blocks)."""
    body = call.object("type", "inwardIssue", "outwardIssue", "comment")
    kind = _type(call.session, body.get("type"))
    source, target = _end(call.session, body.get("inwardIssue")), _end(call.session, body.get("outwardIssue"))
    add_link(call.session, kind.id, source, target)
    if isinstance(body.get("comment"), dict):
        add_comment(call.session, call.state.issues[target.id], body["comment"])
    return Reply(None, 201)


@routes("GET", "issueLink/{id}")
def show(call: Call) -> Reply:
    """One link with both ends: `inwardIssue` as it was sent, and `outwardIssue`."""
    link = _find(call)
    view = IssueView(call.session)
    return Reply(
        {
            "id": str(link.id),
            "self": f"{view.api}/issueLink/{link.id}",
            "type": view.link_type(link.type_id),
            "inwardIssue": view.brief(link.source_id),
            "outwardIssue": view.brief(link.target_id),
        }
    )


@routes("DELETE", "issueLink/{id}")
def delete(call: Call) -> Reply:
    """Remove a link."""
    link = _find(call)
    source = call.state.issues[link.source_id]
    rights.need_permission(
        call.session, "LINK_ISSUES", source, f"No Link Issue Permission for issue '{source.key}'", 401
    )
    call.state.links.remove(link.id)
    _tell(call.session, link, added=False)
    return Reply(None, 204)


def _find(call: Call) -> Link:
    text = call.params["id"]
    link = call.state.links.get(int(text)) if text.isascii() and text.isdigit() else None
    if link is None:
        raise not_found(f"No issue link with id '{text}' exists.")
    for key in (link.source_id, link.target_id):
        rights.need_issue(call.session, key)
    return link


def _remote(call: Call, row: RemoteLink) -> dict[str, Any]:
    address = f"{call.session.api}/issue/{row.issue_id}/remotelink/{row.id}"
    return {"id": row.id, "self": address, **row.data}


@routes("GET", "issue/{id}/remotelink")
def remote_links(call: Call) -> Reply:
    """Links of an issue to things outside; with `globalId` the one that has it."""
    issue = rights.need_issue(call.session, call.params["id"])
    rows = call.state.remote_links.where("issue_id", issue.id)
    wanted = call.one("globalId")
    if not wanted:
        return Reply([_remote(call, row) for row in rows])
    for row in rows:
        if row.global_id == wanted:
            return Reply(_remote(call, row))
    raise not_found(f"No remote link with global id '{wanted}' exists.")


@routes("POST", "issue/{id}/remotelink")
def put_remote_link(call: Call) -> Reply:
    """Add a remote link, or replace the one with the same `globalId`."""
    issue = rights.need_issue(call.session, call.params["id"])
    data = _remote_data(call)
    rights.need_permission(call.session, "LINK_ISSUES", issue, "You do not have permission to link issues.")
    known = [
        row
        for row in call.state.remote_links.where("issue_id", issue.id)
        if row.global_id is not None and row.global_id == data.get("globalId")
    ]
    row = call.state.remote_links.put(
        RemoteLink(
            id=known[0].id if known else call.state.remote_links.next_id(),
            issue_id=issue.id,
            global_id=data.get("globalId"),
            data=data,
        )
    )
    touch(call.session, issue, "issue_updated")
    body = _remote(call, row)
    return Reply({"id": row.id, "self": body["self"]}, 200 if known else 201)


def _remote_data(call: Call) -> dict[str, Any]:
    body = call.object()
    thing = body.get("object")
    if not isinstance(thing, dict):
        raise bad_field("object", "'object' is required.")
    for name in ("title", "url"):
        if not isinstance(thing.get(name), str) or not thing[name]:
            raise bad_field(name, f"'{name}' is required.")
    return {name: body[name] for name in _REMOTE if body.get(name) is not None}


def _find_remote(call: Call) -> tuple[Issue, RemoteLink]:
    issue = rights.need_issue(call.session, call.params["issue"])
    text = call.params["id"]
    row = call.state.remote_links.get(int(text)) if text.isascii() and text.isdigit() else None
    if row is None or row.issue_id != issue.id:
        raise not_found(f"No remote link with id '{text}' exists.")
    return issue, row


@routes("GET", "issue/{issue}/remotelink/{id}")
def show_remote_link(call: Call) -> Reply:
    """One remote link."""
    return Reply(_remote(call, _find_remote(call)[1]))


@routes("PUT", "issue/{issue}/remotelink/{id}")
def change_remote_link(call: Call) -> Reply:
    """Replace a remote link."""
    issue, row = _find_remote(call)
    data = _remote_data(call)
    rights.need_permission(call.session, "LINK_ISSUES", issue, "You do not have permission to link issues.")
    call.state.remote_links.change(row, global_id=data.get("globalId"), data=data)
    touch(call.session, issue, "issue_updated")
    return Reply(None, 204)


@routes("DELETE", "issue/{issue}/remotelink/{id}")
def delete_remote_link(call: Call) -> Reply:
    """Remove a remote link."""
    issue, row = _find_remote(call)
    rights.need_permission(call.session, "LINK_ISSUES", issue, "You do not have permission to link issues.")
    call.state.remote_links.remove(row.id)
    touch(call.session, issue, "issue_updated")
    return Reply(None, 204)
