"""Attachments; their content comes from a signed address on another host."""

from __future__ import annotations

import mimetypes
import secrets
from urllib.parse import quote

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.errors import ApiError, bad_request, forbidden, not_found
from pm_providers.sandbox.jira.issue_changes import touch
from pm_providers.sandbox.jira.records import Attachment, ChangeItem, Issue
from pm_providers.sandbox.jira.state import Event
from pm_providers.sandbox.jira.view import View
from pm_providers.sandbox.jira.web import Call, Reply, Routes, Session
from pm_providers.sandbox.kit.multipart import FilePart, read_files

__all__ = ["add_attachment", "media", "routes"]

routes = Routes()
MAX_FILES = 60
MEDIA = "/media/file/"


@routes("GET", "attachment/meta")
def meta(call: Call) -> Reply:
    """Whether files can be attached, and how large they may be."""
    settings = call.state.settings
    return Reply({"enabled": settings["attachments"], "uploadLimit": settings["upload_limit"]})


@routes("POST", "issue/{id}/attachments")
def create(call: Call) -> Reply:
    """Attach the files of the parts named `file`; answers a list.

    Browsers' requests are refused without `X-Atlassian-Token: no-check`.
    """
    if call.headers.get("x-atlassian-token", "").lower() not in {"no-check", "nocheck"}:
        raise ApiError(403, body=b"XSRF check failed")
    if not call.state.settings["attachments"]:
        raise not_found("Attachments are disabled.")
    issue = rights.need_issue(call.session, call.params["id"])
    rights.need_permission(
        call.session,
        "CREATE_ATTACHMENTS",
        issue,
        "You do not have permission to create attachments for this issue.",
    )
    parts = [p for p in read_files(call.body, call.headers.get("content-type", "")) if p.name == "file"]
    _check(call, issue, parts)
    rows = [
        add_attachment(call.session, issue, part.file_name, part.content, part.content_type) for part in parts
    ]
    view = View(call.session)
    return Reply([view.attachment(row) for row in rows])


def _check(call: Call, issue: Issue, parts: list[FilePart]) -> None:
    settings = call.state.settings
    if not parts:
        raise bad_request("No file was given: parts must be named 'file'.")
    if len(parts) > MAX_FILES:
        raise ApiError(413, f"At most {MAX_FILES} files can be attached with one request.")
    for part in parts:
        if len(part.content) > settings["upload_limit"]:
            raise ApiError(
                413, f"{part.file_name} is too large: the limit is {settings['upload_limit']} bytes."
            )
    count = len(call.state.attachments.where("issue_id", issue.id)) + len(parts)
    if count > settings["attachment_limit"]:
        raise ApiError(
            413, f"This issue has reached the limit of {settings['attachment_limit']} attachments."
        )


def add_attachment(session: Session, issue: Issue, name: str, content: bytes, mime: str = "") -> Attachment:
    """Attach a file."""
    state = session.state
    row = state.attachments.put(
        Attachment(
            id=state.attachments.next_id(),
            issue_id=issue.id,
            filename=name,
            author=session.account_id,
            created=state.now(),
            content=content,
            mime=mime or mimetypes.guess_type(name)[0] or "application/octet-stream",
            token=secrets.token_urlsafe(18),
        )
    )
    item = ChangeItem(field="Attachment", field_id="attachment", new=str(row.id), new_text=name)
    touch(session, issue, "issue_updated", [item])
    state.emit(Event("attachment_created", state.now(), session.account_id, subject=row))
    return row


def _find(call: Call) -> Attachment:
    text = call.params["id"]
    row = call.state.attachments.get(int(text)) if text.isascii() and text.isdigit() else None
    if row is None:
        raise not_found(f"The attachment with id '{text}' does not exist")
    issue = call.state.issues[row.issue_id]
    if not rights.may_use(call.session, "BROWSE_PROJECTS", call.state.projects[issue.project_id]):
        raise not_found(f"The attachment with id '{text}' does not exist")
    return row


@routes("GET", "attachment/{id}")
def show(call: Call) -> Reply:
    """What is known of a file."""
    body = View(call.session).attachment(_find(call))
    return Reply({**body, "id": int(body["id"])})


@routes("GET", "attachment/content/{id}")
def content(call: Call) -> Reply:
    """The file: by a redirect to a signed address, or at once with `redirect=false`."""
    row = _find(call)
    if not call.flag("redirect", True):
        return Reply(row.content, 200, row.mime, _disposition(row))
    address = f"{_media_host(call)}{MEDIA}{row.id}/binary?token={row.token}&client=sandbox"
    return Reply(None, 303, headers={"location": address})


def _disposition(row: Attachment) -> dict[str, str]:
    return {"content-disposition": f"attachment; filename*=UTF-8''{quote(row.filename)}"}


def _media_host(call: Call) -> str:
    """Another name of the same server, as the vendor has its files elsewhere."""
    scheme, _, rest = call.session.base_url.partition("://")
    host = rest.partition("/")[0]
    name, colon, port = host.partition(":")
    other = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}.get(name)
    if other is None:
        other = f"media.{name}" if name.endswith(".sandbox") else name
    return f"{scheme}://{other}{colon}{port}"


def media(call: Call) -> Reply | None:
    """The signed addresses; a request with credentials is refused, as the vendor's storage does."""
    if not call.path.startswith(MEDIA):
        return None
    name = call.path.removeprefix(MEDIA).removesuffix("/binary")
    row = call.state.attachments.get(int(name)) if name.isascii() and name.isdigit() else None
    if row is None or not secrets.compare_digest(call.one("token").encode(), row.token.encode()):
        return Reply({"error": {"code": "JWT_AUTH_ERROR", "title": "The token is not valid."}}, 403)
    if "authorization" in call.headers:
        return Reply({"error": {"code": "BAD_REQUEST", "title": "Only one auth mechanism is allowed."}}, 400)
    return Reply(row.content, 200, row.mime, _disposition(row))


@routes("DELETE", "attachment/{id}")
def delete(call: Call) -> Reply:
    """Delete a file."""
    row = _find(call)
    issue = call.state.issues[row.issue_id]
    project = call.state.projects[issue.project_id]
    own = row.author == call.session.account_id and rights.may_use(
        call.session, "DELETE_OWN_ATTACHMENTS", project
    )
    if not own and not rights.may_use(call.session, "DELETE_ALL_ATTACHMENTS", project):
        raise forbidden("You do not have permission to delete attachments for this issue.")
    call.state.attachments.remove(row.id)
    item = ChangeItem(field="Attachment", field_id="attachment", old=str(row.id), old_text=row.filename)
    touch(call.session, issue, "issue_updated", [item])
    call.state.emit(Event("attachment_deleted", call.state.now(), call.session.account_id, subject=row))
    return Reply(None, 204)
