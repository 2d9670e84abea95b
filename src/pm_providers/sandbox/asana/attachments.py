"""Attachments: files and links on tasks and projects, and the short-lived addresses of files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from pm_providers.sandbox.asana.data import Data, is_gid, shown
from pm_providers.sandbox.asana.errors import ApiError, bad, missing, not_an_id, not_found
from pm_providers.sandbox.asana.happenings import emit, project_scopes, task_scopes
from pm_providers.sandbox.asana.narrate import tell
from pm_providers.sandbox.asana.paging import listing
from pm_providers.sandbox.asana.records import Attachment
from pm_providers.sandbox.asana.rights import find_project, find_row, find_task
from pm_providers.sandbox.asana.state import State
from pm_providers.sandbox.asana.view_more import download_token
from pm_providers.sandbox.asana.web import Call, Reply, done, record, routes
from pm_providers.sandbox.kit.multipart import read_files, read_texts

__all__ = ["files", "on"]

on = routes("attachments")
MAX_FILE = 100 * 1024 * 1024
SUBTYPES = ("asana", "dropbox", "gdrive", "onedrive", "box", "vimeo", "external")
PREFIX = "/-/files/"


def _parent(call: Call, gid: str) -> tuple[str, Any]:
    if gid in call.state.projects:
        return "project", find_project(call.session, gid, "parent")
    if gid in call.state.tasks:
        return "task", find_task(call.session, gid, "parent")
    if not is_gid(gid):
        raise not_an_id("parent", shown(gid))
    raise not_found("parent", gid)


@on("GET", "/attachments")
def many(call: Call) -> Reply:
    """Attachments of a task or project."""
    _, parent = _parent(call, call.need("parent"))
    return listing(call, "attachment", call.state.attachments.where("parent", parent.id))


@on("POST", "/attachments")
def create(call: Call) -> Reply:
    """Upload a file (multipart), or attach a link (`resource_subtype` external)."""
    kind = call.headers.get("content-type", "")
    is_multipart = kind.lower().startswith("multipart/form-data")
    data = Data(read_texts(call.body, kind), form=True) if is_multipart else call.data()
    parent = data.need_gid("parent")
    parent_kind, row = _parent(call, parent)
    subtype = data.choice("resource_subtype", SUBTYPES) or "asana"
    if subtype == "asana":
        made = _uploaded(call, kind)
    elif subtype == "external":
        made = {"name": data.need("name"), "url": data.need("url"), "host": "external"}
        made["connected"] = data.flag("connect_to_app") or False
    else:
        raise bad("resource_subtype: Attachments of this kind cannot be created by the API")
    state = call.state
    saved = state.attachments.put(
        Attachment(
            id=state.gid(),
            parent=row.id,
            parent_kind=parent_kind,
            created=state.now(),
            author=call.session.user.id,
            **made,
        )
    )
    _told(call, "added", saved, row)
    return record(call, "attachment", saved)


def _uploaded(call: Call, kind: str) -> dict[str, Any]:
    file = next((part for part in read_files(call.body, kind) if part.name == "file"), None)
    if file is None:
        raise missing("file")
    if len(file.content) > MAX_FILE:
        raise ApiError(413, "file: The file is too large, at most 100 MB are allowed")
    return {
        "name": unquote(file.file_name),
        "content": file.content,
        "mime": file.content_type or "application/octet-stream",
    }


def _told(call: Call, action: str, row: Attachment, parent: Any) -> None:
    state = call.state
    if row.parent_kind == "task":
        scopes = task_scopes(state, state.tasks[parent.id])
        emit(call.session, action, ("attachment", row), ("task", parent), scopes, parent.workspace)
        if action == "added":
            tell(call.session, parent.id, "attachment_added", f"attached {row.name}")
        else:
            state.tasks.change(state.tasks[parent.id], modified=state.now())
        return
    scopes = project_scopes(state, parent)
    emit(call.session, action, ("attachment", row), ("project", parent), scopes, parent.workspace)


def _one(call: Call) -> tuple[Attachment, Any]:
    row: Attachment = find_row("attachment", call.params["attachment"], call.state.attachments)
    return row, _parent(call, row.parent)[1]


@on("GET", "/attachments/{attachment}")
def one(call: Call) -> Reply:
    """An attachment; `download_url` is good for two minutes."""
    return record(call, "attachment", _one(call)[0])


@on("DELETE", "/attachments/{attachment}")
def delete(call: Call) -> Reply:
    """Delete an attachment."""
    row, parent = _one(call)
    call.state.attachments.remove(row.id)
    _told(call, "deleted", row, parent)
    return done()


def files(state: State) -> Callable[[str, str, dict[str, list[str]], dict[str, str], bytes], Reply | None]:
    """The server of files: needs no credentials, but an address that has not expired."""

    def answer(
        method: str, path: str, query: dict[str, list[str]], _headers: dict[str, str], _body: bytes
    ) -> Reply | None:
        if not path.startswith(PREFIX) or method not in {"GET", "HEAD"}:
            return None
        row = state.attachments.get(path.removeprefix(PREFIX).partition("/")[0])
        token = query.get("token", [""])[0]
        until = token.partition(".")[0]
        if row is None or not until.isdigit() or len(until) > 12 or token != download_token(row, int(until)):
            return Reply(b"<Error><Code>AccessDenied</Code></Error>", 403, "application/xml")
        if int(until) < state.clock.now().timestamp():
            return Reply(
                b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
                403,
                "application/xml",
            )
        headers = {"content-disposition": "attachment"}
        return Reply(row.content, 200, row.mime, headers)

    return answer
