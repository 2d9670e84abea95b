"""Files: upload, read, download, delete."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.errors import (
    ApiError,
    Fault422,
    forbidden,
    not_found,
    violation,
)
from pm_providers.sandbox.openproject.journals import add_journal
from pm_providers.sandbox.openproject.multipart import Part, read_parts
from pm_providers.sandbox.openproject.records import Attachment
from pm_providers.sandbox.openproject.represent_misc import attachment, attachments_of, may_delete
from pm_providers.sandbox.openproject.represent_wp import work_package
from pm_providers.sandbox.openproject.values import text
from pm_providers.sandbox.openproject.view import View
from pm_providers.sandbox.openproject.web import Call, Reply, Routes
from pm_providers.sandbox.openproject.work_packages import wp_of

__all__ = ["attachment_body", "routes", "safe_name"]

routes = Routes()
_CUSTOM = re.compile(r"customField\d+")


@routes("GET", "/work_packages/{id}/attachments")
def of_work_package(call: Call) -> Reply:
    """Files of a work package."""
    row = wp_of(call)
    return Reply(attachments_of(View(call.state, call.user), "work_packages", row.id))


@routes("POST", "/work_packages/{id}/attachments")
def upload(call: Call) -> Reply:
    """Add a file to a work package; leaves an activity."""
    row = wp_of(call)
    state = call.state
    project = state.projects[row.project_id]
    if not access.allowed(state, call.user, "edit_work_packages", project):
        raise forbidden()
    stored = _store(call, ("work_packages", row.id))
    state.emit("attachment:created", stored.id, call.user.id)
    add_journal(state, call.user, row.id, ((f"attachment_{stored.id}", None, stored.file_name),))
    state.work_packages.change(state.work_packages[row.id], updated=state.now())
    if state.features.number < (13, 0):
        # recorded 20-attachments: steps 1 to 25
        state.bare["work_packages", row.id] = state.now()
    state.emit("work_package:updated", row.id, call.user.id)
    return Reply(_full(call, stored), 201)


@routes("POST", "/attachments")
def upload_loose(call: Call) -> Reply:
    """Add a file that belongs to nothing yet; a work package may claim it later."""
    if not access.allowed_anywhere(call.state, call.user, "add_work_packages"):
        raise forbidden()
    return Reply(_full(call, _store(call, None)), 201)


@routes("POST", "/work_packages/{id}/attachments/prepare")
def prepare(call: Call) -> Reply:
    """Direct uploads go to an object storage, which the sandbox does not have: 404 as without one."""
    wp_of(call)
    _need_multipart(call)
    raise not_found()


@routes("GET", "/attachments/{id}")
def one_attachment(call: Call) -> Reply:
    """One file's description."""
    return Reply(_full(call, _row(call)))


@routes("GET", "/attachments/{id}/content")
def content(call: Call) -> Reply:
    """The bytes."""
    row = _row(call)
    name = row.file_name.encode("ascii", "replace").decode().replace('"', "_")
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Reply(row.content, 200, row.content_type, headers)


@routes("DELETE", "/attachments/{id}")
def delete_attachment(call: Call) -> Reply:
    """Remove a file; leaves an activity."""
    row = _row(call)
    state = call.state
    if not may_delete(View(state, call.user), row):
        raise forbidden()
    state.attachments.remove(row.id)
    if row.container is not None:
        key = row.container[1]
        add_journal(state, call.user, key, ((f"attachment_{row.id}", row.file_name, None),))
        state.work_packages.change(state.work_packages[key], updated=state.now())
        state.emit("work_package:updated", key, call.user.id)
    return Reply(None, 204)


def safe_name(name: str) -> str:
    """As the vendor stores names: no path, and `_` for all but letters, digits, `.`, `_` and `-`.

    Recorded 20-attachments: steps 2 to 4.
    """
    return re.sub(r"[^\w.-]", "_", re.split(r"[/\\]", name)[-1])


def _row(call: Call) -> Attachment:
    row = call.state.attachments.get(call.number())
    if row is None or not _visible(call, row):
        raise not_found()
    return row


def _visible(call: Call, row: Attachment) -> bool:
    if row.container is None:
        return row.author_id == call.user.id
    package = call.state.work_packages.get(row.container[1])
    return access.wp_visible(call.state, call.user, package)


def _need_multipart(call: Call) -> str:
    given = call.headers.get("content-type", "")
    if not given.startswith("multipart/form-data"):
        raise ApiError(
            415, "TypeNotSupported", f"Expected CONTENT-TYPE to be 'multipart/form-data' but got '{given}'."
        )
    return given


def _store(call: Call, container: tuple[str, int] | None) -> Attachment:
    parts = read_parts(call.body, _need_multipart(call))
    metadata = _metadata(parts.get("metadata"))
    file = parts.get("file")
    name = safe_name(text(metadata.get("fileName") or ""))
    _check(call, name, file)
    description = metadata.get("description")
    raw = description.get("raw") if isinstance(description, dict) else None
    state = call.state
    return state.attachments.put(
        Attachment(
            id=state.attachments.next_id(),
            author_id=call.user.id,
            file_name=name,
            content=file.content if file else b"",
            content_type=(file.content_type if file else "") or "application/octet-stream",
            description=text(raw) if raw else "",
            container=container,
            **state.stamps(),
        )
    )


def _metadata(part: Part | None) -> dict[str, Any]:
    if part is None:
        return {}
    try:
        value = msgspec.json.decode(part.content)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ApiError(400, "InvalidRequestBody", "The request could not be parsed as JSON.") from error
    return value if isinstance(value, dict) else {}


def _check(call: Call, name: str, file: Part | None) -> None:
    """Refuse a missing name, a missing file and one that is too large, in this order as recorded."""
    fault: Fault422 | None = None
    limit = call.state.settings["attachment_max_size_kib"] * 1024
    if not name:
        fault = violation("filename", "File can't be blank.")
    elif file is None:
        fault = violation("contentType", "The content type of the file cannot be blank.")
    elif len(file.content) > limit:
        fault = violation("file", f"File is too large (maximum size is {limit} Bytes).")
    if fault is not None:
        raise ApiError(422, "", "", body=fault.body())


def _full(call: Call, row: Attachment) -> dict[str, Any]:
    return attachment_body(View(call.state, call.user), row)


def _without_custom(body: dict[str, Any]) -> dict[str, Any]:
    """12.0 leaves custom fields out of containers, recorded 20-attachments: step 20."""
    kept = {name: value for name, value in body.items() if not _CUSTOM.fullmatch(name)}
    links = {name: value for name, value in body["_links"].items() if not _CUSTOM.fullmatch(name)}
    return {**kept, "_links": links}


def attachment_body(view: View, row: Attachment) -> dict[str, Any]:
    """A file with its author and what it belongs to."""
    state = view.state
    embedded: dict[str, Any] = {"author": view.principal(state.principals[row.author_id])}
    if row.container is not None:
        container = work_package(view, state.work_packages[row.container[1]])
        embedded["container"] = _without_custom(container) if state.features.number < (13, 0) else container
    return {**attachment(view, row), "_embedded": embedded}
