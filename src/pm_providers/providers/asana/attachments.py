"""Files on tasks, and links to files elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import NotFoundError, PermissionDeniedError, UnsupportedError, ValidationError
from pm_providers.model import PMAttachment
from pm_providers.providers.asana.connection import Connection
from pm_providers.providers.asana.linking import known_gid
from pm_providers.providers.asana.mapping.parts import ATTACHMENT_FIELDS, is_of_task, sent_name, to_attachment
from pm_providers.providers.asana.mapping.values import is_gid
from pm_providers.toolkit.documents import broken, optional_text
from pm_providers.transport import MIB, FilePart

__all__ = ["Attachments"]

_MAX_DOWNLOAD = 1024 * MIB
_BYTES = "application/octet-stream"
_ELSEWHERE = "it is a link to a file that Asana does not hold; `url` is its address"


class Attachments(Connection):
    """Attachments of tasks. Projects have attachments at the same addresses: those are none here."""

    async def _iter_attachments(self, query: ListQuery) -> AsyncIterator[PMAttachment]:
        """In the vendor's order; pictures in the description are among them.

        Raises:
            NotFoundError: no such task.
        """
        task = await self._task_id(query.task_id or "")
        is_known = False
        try:
            stream = self._api.items("attachments", ATTACHMENT_FIELDS, {"parent": task}, limit=query.limit)
            async with aclosing(stream) as found:
                async for one in found:
                    if not is_of_task(one):
                        break
                    is_known = True
                    yield to_attachment(one, task, keep_raw=self._keep_raw)
        except (ValidationError, PermissionDeniedError):
            # No such parent: the address is that of all attachments, so it is no 404 for a task.
            await self._task_document(task, ("name",))
            raise
        if not is_known:
            await self._task_document(task, ("name",))

    async def _create_attachment(self, fields: Fields, content: bytes) -> PMAttachment:
        """The task is read first: the id of a project would put the file there. Not repeated.

        Raises:
            ValidationError: no such task.
        """
        task = fields["task_id"]
        if await self._find_task(task, ("name",)) is None:
            raise ValidationError(fields={"task_id": f"there is no task {task!r:.80}"})
        kind = fields.get("content_type") or _BYTES
        name = sent_name(fields["file_name"])
        parts = [
            FilePart("parent", task.encode()),
            FilePart("file", content, filename=name, content_type=kind),
        ]
        params = {"opt_fields": ",".join(ATTACHMENT_FIELDS)}
        answer = await self._api.call("POST", "attachments", params=params, files=parts)
        return to_attachment(answer.json_object().get("data"), task, keep_raw=self._keep_raw)

    async def _delete_attachment(self, attachment_id: str, task_id: str | None) -> bool:
        if await self._attachment(attachment_id) is None:
            return False
        return await self._api.delete(f"attachments/{attachment_id}")

    async def _attachment(self, value: str, *more: str) -> dict[str, Any] | None:
        if not is_gid(value):
            return None
        found = await self._api.find(f"attachments/{value}", (*ATTACHMENT_FIELDS, *more))
        return found if found is not None and is_of_task(found) else None

    async def _download_attachment(self, attachment_id: str, task_id: str | None) -> bytes:
        """From an address elsewhere, which gets no credential; asked for anew when it has expired.

        Raises:
            NotFoundError: no such attachment.
            UnsupportedError: a link to a file that Asana does not hold.
        """
        address = await self._address(attachment_id)
        try:
            return await self._read(address)
        except (PermissionDeniedError, NotFoundError):
            # Addresses are good for two minutes ([spec] AttachmentResponse).
            fresh = await self._address(attachment_id)
            if fresh == address:
                raise
            return await self._read(fresh)

    async def _address(self, attachment_id: str) -> str:
        found = await self._attachment(known_gid(attachment_id, "attachment"), "download_url")
        if found is None:
            raise NotFoundError(f"there is no attachment {attachment_id!r:.80}")
        address = optional_text(found, "download_url")
        if address is not None:
            return address
        if optional_text(found, "resource_subtype") == "asana":
            raise broken("an attachment without an address to download it from")
        raise UnsupportedError(f"attachment {attachment_id}: {_ELSEWHERE}", reason=_ELSEWHERE)

    async def _read(self, address: str) -> bytes:
        async with self._api.http.stream(address, max_bytes=_MAX_DOWNLOAD, operation="") as download:
            return await download.read()
