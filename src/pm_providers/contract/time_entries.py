"""Work logged on tasks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any, cast

from pm_providers.contract.attachments import AttachmentOperations
from pm_providers.contract.queries import ListQuery, part_query
from pm_providers.contract.validation import Fields
from pm_providers.model import Entity, PMTimeEntry

__all__ = ["TimeEntryOperations"]


class TimeEntryOperations(AttachmentOperations):
    """Time entries.

    `task_id=` of updates and deletes is needed only with vendors whose ids are unique within their task; the
    others ignore it.
    """

    def iter_time_entries(
        self,
        task_id: str | None = None,
        *,
        project_id: str | None = None,
        limit: int | None = None,
        window: int = 1,
    ) -> AsyncGenerator[PMTimeEntry, None]:
        """Time entries, one page in memory. See `list_time_entries`."""
        return self._stream(
            "list_time_entries",
            lambda: self._iter_time_entries(part_query(task_id, limit, window, project_id=project_id)),
            limit,
        )

    async def list_time_entries(
        self, task_id: str | None = None, *, project_id: str | None = None, limit: int | None = None
    ) -> list[PMTimeEntry]:
        """Time entries of a task, of a project, or all that the caller may see; oldest day first.

        Raises:
            NotFoundError: no such task or project.
        """
        stream = self.iter_time_entries(task_id, project_id=project_id, limit=limit, window=self._window)
        return [one async for one in stream]

    async def create_time_entry(self, entry: PMTimeEntry) -> PMTimeEntry:
        """Log work; returns the entry as the system answered.

        Raises:
            ValidationError: no hours, no day, or an unknown task, user or activity.
        """
        return await self._create(Entity.TIME_ENTRY, entry, self._create_time_entry)

    async def update_time_entry(
        self, entry_id: str, updates: Mapping[str, Any], *, task_id: str | None = None
    ) -> PMTimeEntry:
        """Change the fields given; `None` clears.

        Raises:
            NotFoundError: no such entry.
        """
        return cast(
            "PMTimeEntry",
            await self._update(
                Entity.TIME_ENTRY,
                entry_id,
                updates,
                lambda one, fields: self._update_time_entry(one, fields, task_id),
            ),
        )

    async def delete_time_entry(self, entry_id: str, *, task_id: str | None = None) -> bool:
        """Delete a time entry; `False` when it did not exist."""
        return await self._delete(
            Entity.TIME_ENTRY, entry_id, lambda one: self._delete_time_entry(one, task_id)
        )

    # hooks

    def _iter_time_entries(self, query: ListQuery) -> AsyncIterator[PMTimeEntry]:
        raise self._refuse("list_time_entries")

    async def _create_time_entry(self, fields: Fields) -> PMTimeEntry:
        raise self._refuse("create_time_entry")

    async def _update_time_entry(self, entry_id: str, fields: Fields, task_id: str | None) -> PMTimeEntry:
        raise self._refuse("update_time_entry")

    async def _delete_time_entry(self, entry_id: str, task_id: str | None) -> bool:
        raise self._refuse("delete_time_entry")
