"""Files on tasks. They come with their task, and are neither changed nor deleted by the API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.model import PMAttachment
from pm_providers.providers.clickup.connection import Connection
from pm_providers.providers.clickup.mapping.parts import to_attachment
from pm_providers.providers.clickup.mapping.values import milliseconds
from pm_providers.toolkit.documents import broken, identifier, objects, optional_text
from pm_providers.transport import MIB, FilePart

__all__ = ["Attachments"]

_BYTES = "application/octet-stream"
_MAX_DOWNLOAD = 1024 * MIB
_NEEDED = "is needed: the API shows attachments on their task only"


class Attachments(Connection):
    """Files."""

    async def _iter_attachments(self, query: ListQuery) -> AsyncIterator[PMAttachment]:
        """Oldest first; those that were deleted in the app are left out."""
        task = await self._task_document(query.task_id or "")
        key = identifier(task, "task")
        for one in sorted(_files(task), key=lambda file: milliseconds(file.get("date")) or 0):
            yield self._attachment(one, key)

    def _attachment(self, document: Mapping[str, Any], task: str) -> PMAttachment:
        return to_attachment(document, task, keep_raw=self._options.keep_raw)

    async def _create_attachment(self, fields: Fields, content: bytes) -> PMAttachment:
        """Form field `attachment`. The answer tells neither size nor type, so the task is read.

        Raises:
            ValidationError: no such task, or the storage is full.
        """
        task = fields["task_id"]
        kind = fields.get("content_type") or _BYTES
        part = FilePart("attachment", content, filename=fields["file_name"], content_type=kind)
        try:
            answer = await self._api.call("POST", f"task/{task}/attachment", files=[part], expect=(200, 201))
        except NotFoundError as error:
            raise ValidationError(fields={"task_id": f"there is no task {task!r:.80}"}) from error
        made = answer.json_object()
        shown = await self._api.find_task(task)
        one = identifier(made, "attachment")
        found = next((file for file in _files(shown or {}) if identifier(file, "attachment") == one), made)
        return self._attachment(found, task)

    async def _download_attachment(self, attachment_id: str, task_id: str | None) -> bytes:
        """From the address that the task tells; other hosts get no credential.

        Raises:
            ValidationError: without the task the address is not known.
            NotFoundError: the task has no such file.
        """
        if not task_id:
            raise ValidationError(fields={"task_id": _NEEDED})
        task = await self._task_document(task_id)
        found = next((one for one in _files(task) if identifier(one, "attachment") == attachment_id), None)
        if found is None:
            raise NotFoundError(f"there is no attachment {attachment_id!r:.80} on task {task_id!r:.80}")
        url = optional_text(found, "url")
        if url is None:
            raise broken("an attachment without an address")
        async with self._api.http.stream(url, max_bytes=_MAX_DOWNLOAD, operation="") as download:
            return await download.read()


def _files(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Files of a task.

    Raises:
        ProviderError: something else stands there.
    """
    found = objects(task, "attachments") if task.get("attachments") is not None else []
    return [one for one in found if one.get("deleted") is not True]
