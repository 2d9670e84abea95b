"""Files on tasks, and addresses that are attached to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import NotFoundError, UnsupportedError, ValidationError
from pm_providers.model import PMAttachment
from pm_providers.providers.trello.connection import Connection
from pm_providers.providers.trello.mapping.parts import download_name, is_upload, to_attachment
from pm_providers.providers.trello.mapping.values import is_id, is_object
from pm_providers.toolkit.documents import identifier
from pm_providers.transport import MIB, FilePart

__all__ = ["Attachments"]

_MAX_DOWNLOAD = 1024 * MIB
_BYTES = "application/octet-stream"
_TOO_LARGE = 413
_ELSEWHERE = "it is a link to something that Trello does not hold; `url` is its address"


class Attachments(Connection):
    """Attachments of cards. They are found through their card only, so `task_id` is needed."""

    async def _iter_attachments(self, query: ListQuery) -> AsyncIterator[PMAttachment]:
        """Oldest first; addresses elsewhere are among them.

        Raises:
            NotFoundError: no such task.
        """
        task = await self._owner_id(query.task_id)
        found = await self._api.all(f"cards/{task}/attachments", {"fields": "all"})
        for one in sorted(found, key=lambda item: identifier(item, "attachment")):
            yield to_attachment(one, task, keep_raw=self._options.keep_raw)

    async def _create_attachment(self, fields: Fields, content: bytes) -> PMAttachment:
        """A form with the file; `name` besides keeps the name as it is, the stored one loses its signs.

        Not repeated when its answer got lost.

        Raises:
            ValidationError: no such task, or more than the plan of the board allows (10 MB without one).
        """
        task = fields["task_id"]
        kind = fields.get("content_type") or _BYTES
        parts = [
            FilePart("name", fields["file_name"].encode()),
            FilePart("mimeType", kind.encode()),
            FilePart("file", content, filename=fields["file_name"], content_type=kind),
        ]
        try:
            answer = await self._api.call("POST", f"cards/{task}/attachments", files=parts)
        except NotFoundError as error:
            raise ValidationError(fields={"task_id": f"there is no task {task!r:.80}"}) from error
        except ValidationError as error:
            if error.status == _TOO_LARGE:
                error.fields = {
                    "content": f"has {len(content)} bytes, more than the plan of the board allows"
                }
            raise
        return to_attachment(answer.json_object(), task, keep_raw=self._options.keep_raw)

    async def _delete_attachment(self, attachment_id: str, task_id: str | None) -> bool:
        self._need_task(task_id)
        if not is_id(attachment_id) or not is_object(task_id or ""):
            return False
        return await self._api.delete(f"cards/{task_id}/attachments/{attachment_id}")

    async def _download_attachment(self, attachment_id: str, task_id: str | None) -> bytes:
        """From the API's own host, with the credential in the header: in the query it is refused.

        The address that the attachment tells is on another host, which would get no credential; the same
        path is served by the API ([doc] "Authenticated Access to S3"). It may send on to a storage.

        Raises:
            NotFoundError: no such attachment.
            UnsupportedError: a link to something that Trello does not hold.
        """
        self._need_task(task_id)
        task = await self._owner_id(task_id)
        found = await self._attachment(task, attachment_id)
        if not is_upload(found):
            raise UnsupportedError(f"attachment {attachment_id}: {_ELSEWHERE}", reason=_ELSEWHERE)
        path = f"cards/{task}/attachments/{attachment_id}/download/{download_name(found)}"
        return await self._api.download(path, _MAX_DOWNLOAD)

    async def _attachment(self, task: str, attachment_id: str) -> dict[str, Any]:
        if not is_id(attachment_id):
            raise NotFoundError(f"there is no attachment {attachment_id!r:.80}")
        return await self._api.get(f"cards/{task}/attachments/{attachment_id}", {"fields": "all"})

    async def _owner_id(self, task_id: str | None) -> str:
        """Id of the card whose attachments are asked for, by id or short link."""
        if not is_object(task_id or ""):
            raise NotFoundError(f"there is no task {task_id!r:.80}")
        return await self._task_id(task_id or "")

    @staticmethod
    def _need_task(task_id: str | None) -> None:
        if not task_id:
            raise ValidationError(fields={"task_id": "is needed: attachments are found by their card only"})
