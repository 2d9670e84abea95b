"""Files on tasks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any, cast

from pm_providers.contract.queries import ListQuery, part_query
from pm_providers.contract.tasks import TaskOperations
from pm_providers.contract.validation import Fields
from pm_providers.contract.values import check_id
from pm_providers.errors import ValidationError
from pm_providers.model import Entity, PMAttachment

__all__ = ["AttachmentOperations"]


def _content(content: object, most: int | None) -> bytes:
    if not isinstance(content, bytes | bytearray | memoryview):
        raise ValidationError(fields={"content": f"must be bytes, not {type(content).__name__}"})
    data = bytes(content)
    if most is not None and len(data) > most:
        raise ValidationError(fields={"content": f"has {len(data)} bytes; at most {most} are allowed"})
    return data


class AttachmentOperations(TaskOperations):
    """Attachments.

    `task_id=` of updates and deletes is needed only with vendors whose ids are unique within their task; the
    others ignore it.
    """

    def iter_attachments(
        self, task_id: str, *, limit: int | None = None, window: int = 1
    ) -> AsyncGenerator[PMAttachment, None]:
        """Attachments of a task, one page in memory. See `list_attachments`."""
        return self._stream(
            "list_attachments", lambda: self._iter_attachments(part_query(task_id, limit, window)), limit
        )

    async def list_attachments(self, task_id: str, *, limit: int | None = None) -> list[PMAttachment]:
        """Attachments of a task, oldest first, without their content.

        Raises:
            NotFoundError: no such task.
        """
        return [one async for one in self.iter_attachments(task_id, limit=limit, window=self._window)]

    async def create_attachment(self, attachment: PMAttachment, content: bytes) -> PMAttachment:
        """Upload a file to `attachment.task_id`; returns it as the system answered.

        Raises:
            ValidationError: too large (`limits.attachment_bytes`) or of a kind that is not allowed.
        """
        with self._operation("create_attachment"):
            self.capabilities.require("create_attachment", self.name)
            data = _content(content, self.capabilities.limits.attachment_bytes)
        return await self._create(
            Entity.ATTACHMENT, attachment, lambda fields: self._create_attachment(fields, data)
        )

    async def update_attachment(
        self, attachment_id: str, updates: Mapping[str, Any], *, task_id: str | None = None
    ) -> PMAttachment:
        """Rename or describe an attachment.

        Args:
            attachment_id: id.
            updates: field -> value.
            task_id: the task it stands on; some systems find attachments only through it.

        Raises:
            NotFoundError: no such attachment.
            ValidationError: the system needs `task_id`, or a value is not allowed.
        """
        return cast(
            "PMAttachment",
            await self._update(
                Entity.ATTACHMENT,
                attachment_id,
                updates,
                lambda one, fields: self._update_attachment(one, fields, task_id),
            ),
        )

    async def delete_attachment(self, attachment_id: str, *, task_id: str | None = None) -> bool:
        """Delete an attachment; `False` when it did not exist."""
        return await self._delete(
            Entity.ATTACHMENT, attachment_id, lambda one: self._delete_attachment(one, task_id)
        )

    async def download_attachment(self, attachment_id: str, *, task_id: str | None = None) -> bytes:
        """Content of an attachment.

        Raises:
            NotFoundError: no such attachment.
        """
        found = await self._call(
            "download_attachment",
            lambda: self._download_attachment(check_id(attachment_id, "attachment_id"), task_id),
        )
        return cast("bytes", found)

    # hooks

    def _iter_attachments(self, query: ListQuery) -> AsyncIterator[PMAttachment]:
        raise self._refuse("list_attachments")

    async def _create_attachment(self, fields: Fields, content: bytes) -> PMAttachment:
        raise self._refuse("create_attachment")

    async def _update_attachment(
        self, attachment_id: str, fields: Fields, task_id: str | None
    ) -> PMAttachment:
        raise self._refuse("update_attachment")

    async def _delete_attachment(self, attachment_id: str, task_id: str | None) -> bool:
        raise self._refuse("delete_attachment")

    async def _download_attachment(self, attachment_id: str, task_id: str | None) -> bytes:
        raise self._refuse("download_attachment")
