"""The storage host: files by signed addresses, without credentials."""

from __future__ import annotations

import mimetypes
from urllib.parse import quote

from pm_providers.sandbox.trello.errors import ApiError
from pm_providers.sandbox.trello.records import Attachment
from pm_providers.sandbox.trello.state import State
from pm_providers.sandbox.trello.web import Reply, Session

__all__ = ["file_reply", "stored_address", "stored_file"]

PREFIX = "/trello-storage/"


def stored_address(session: Session, row: Attachment) -> str:
    """An address on another host than the API's, good for this file without credentials."""
    state = session.state
    path = f"{PREFIX}{state.new_id()}/{quote(row.file_name or 'file')}"
    state.downloads[path] = row.id
    scheme, _, host = session.base_url.partition("://")
    name, _, port = host.partition(":")
    other = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}.get(name, f"storage.{name}")
    return f"{scheme}://{other}{':' + port if port else ''}{path}"


def stored_file(state: State, path: str, headers: dict[str, str]) -> Reply | None:
    """The file behind a signed address, None for other paths.

    Raises:
        ApiError: 400 when credentials come along (the storage takes one way of access only), 403 for an
            address that was not signed.
    """
    if not path.startswith(PREFIX):
        return None
    if "authorization" in headers:
        raise ApiError(400, "Only one auth mechanism allowed")
    row = state.attachments.get(state.downloads.get(path, ""))
    if row is None:
        raise ApiError(403, "AccessDenied")
    return file_reply(row)


def file_reply(row: Attachment) -> Reply:
    """The content of an uploaded file."""
    kind = row.mime or mimetypes.guess_type(row.file_name)[0] or "application/octet-stream"
    name = quote(row.file_name or "file")
    return Reply(row.content, 200, kind, {"content-disposition": f"attachment; filename*=UTF-8''{name}"})
