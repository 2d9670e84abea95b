"""Files of tasks: uploaded by v2 or v3, shown inside the task (v2) or as a list (v3); nobody can delete them.

An upload to a task fires no webhook [doc]. Downloads need no login.
"""

from __future__ import annotations

import mimetypes
from typing import Any
from urllib.parse import unquote

from pm_providers.sandbox.clickup.access import task, team, v3_task
from pm_providers.sandbox.clickup.errors import V3Error, bad_input
from pm_providers.sandbox.clickup.part_records import Attachment
from pm_providers.sandbox.clickup.records import Task
from pm_providers.sandbox.clickup.state import State
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes, v3_routes
from pm_providers.sandbox.kit.multipart import FilePart, read_files

__all__ = ["download", "routes", "v3"]

routes = v2_routes()
v3 = v3_routes()
LIMIT = 100
_KINDS = frozenset({"attachments", "tasks"})


@routes("POST", "/task/{task_id}/attachment")
def upload(call: Call) -> Reply:
    """Add the file in the part `attachment` (or `attachment[]`)."""
    row = task(call, write=True)
    file = _file(call, frozenset({"attachment", "attachment[]", "attachment[0]"}))
    if file is None:
        raise bad_input("No attachment supplied", "UPLOAD_002")
    new = _stored(call, row, file)
    url = _url(call.base_url, new)
    return Reply(
        {
            "id": new.id,
            "version": "0",
            "date": new.date,
            "title": new.title,
            "extension": new.extension,
            "thumbnail_small": url,
            "thumbnail_large": url,
            "url": url,
        }
    )


def _file(call: Call, names: frozenset[str]) -> FilePart | None:
    parts = read_files(call.body, call.headers.get("content-type", ""))
    return next((part for part in parts if part.name in names and part.file_name), None)


def _stored(call: Call, row: Task, file: FilePart) -> Attachment:
    state = call.state
    if state.storage_left is not None:
        if len(file.content) > state.storage_left:
            raise bad_input("Storage is full", "GBUSED_005")
        state.storage_left -= len(file.content)
    name = file.file_name.replace("/", "_").replace("\\", "_")
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    kind = file.content_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
    new = Attachment(
        id=f"{state.uuid()}.{extension}" if extension else state.uuid(),
        task_id=row.id,
        title=name,
        extension=extension,
        mimetype=kind,
        date=state.now(),
        user_id=call.user.id,
        content=file.content,
    )
    state.tasks.change(row, updated=max(state.now(), row.updated))
    return state.attachments.put(new)


def _url(base_url: str, row: Attachment) -> str:
    return f"{base_url}/attachments/{row.id}/{row.title}"


def download(state: State, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply | None:
    """The content of a file, for everybody who has its address."""
    del headers, body
    if not path.startswith("/attachments/") or method not in {"GET", "HEAD"}:
        return None
    row = state.attachments.get(unquote(path.split("/")[2]))
    if row is None or state.tasks[row.task_id].deleted:
        return Reply(b"<Error><Code>AccessDenied</Code></Error>", 403, "application/xml")
    return Reply(row.content or b"", 200, row.mimetype)


@v3("GET", "/{entity_type}/{entity_id}/attachments")
def attachments(call: Call) -> Reply:
    """Files of a task, up to 100 a page."""
    row = _entity(call)
    limit = call.number("limit") or LIMIT
    if not 0 < limit <= LIMIT:
        raise V3Error(400, "limit must be between 1 and 100", call.state.now())
    rows = call.state.attachments.where("task_id", row.id)
    cursor = call.one("cursor")
    start = int(cursor) if cursor.isdigit() else 0
    shown = [_v3_form(call, each) for each in rows[start : start + limit]]
    more = start + limit < len(rows)
    return Reply({"data": shown, "next_cursor": str(start + limit) if more else ""})


@v3("POST", "/{entity_type}/{entity_id}/attachments")
def upload_v3(call: Call) -> Reply:
    """Add a file to a task."""
    row = _entity(call)
    parts = read_files(call.body, call.headers.get("content-type", ""))
    file = next((part for part in parts if part.file_name), None)
    if file is None:
        raise V3Error(400, "No attachment supplied", call.state.now())
    return Reply(_v3_form(call, _stored(call, row, file)))


def _entity(call: Call) -> Task:
    team(call, call.params["workspace_id"])
    if call.params["entity_type"] not in _KINDS:
        raise V3Error(400, "Unsupported entity type", call.state.now())
    return v3_task(call, call.params["entity_id"], write=call.method != "GET")


def _v3_form(call: Call, row: Attachment) -> dict[str, Any]:
    url = _url(call.base_url, row)
    return {
        "id": row.id,
        "date_created": row.date,
        "date_updated": row.date,
        "title": row.title,
        "extension": row.extension,
        "mime_type": row.mimetype,
        "parent_entity_type": "tasks",
        "parent_id": row.task_id,
        "size": len(row.content),
        "signed": False,
        "thumbnail_small": url,
        "thumbnail_medium": url,
        "thumbnail_large": url,
        "url": url,
        "user_id": row.user_id,
    }
