"""Hooks of checklists and their items."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection

from pm_providers.contract import BasePMProvider, Fields, ListQuery
from pm_providers.database import Database
from pm_providers.model import PMChecklist, PMChecklistItem
from pm_providers.providers.internal import checklists
from pm_providers.providers.internal.checklist_mapping import to_item

__all__ = ["ChecklistHooks"]

T = TypeVar("T")


class ChecklistHooks(BasePMProvider):
    """Checklists on tasks."""

    _db: Database
    _keep_raw: bool

    if TYPE_CHECKING:

        def _pages(
            self, query: ListQuery, fetch: Callable[[Connection, T | None, int], list[T]]
        ) -> AsyncIterator[list[T]]: ...

    async def _iter_checklists(self, query: ListQuery) -> AsyncIterator[PMChecklist]:
        def fetch(conn: Connection, last: PMChecklist | None, size: int) -> list[PMChecklist]:
            return checklists.page(conn, query, last, size, keep_raw=self._keep_raw)

        async for found in self._pages(query, fetch):
            for one in found:
                yield one

    async def _create_checklist(self, fields: Fields, items: list[Fields]) -> PMChecklist:
        return await self._db.write(
            lambda conn: checklists.create_checklist(conn, fields, items, keep_raw=self._keep_raw)
        )

    async def _update_checklist(self, checklist_id: str, fields: Fields, task_id: str | None) -> PMChecklist:
        del task_id
        return await self._db.write(
            lambda conn: checklists.update_checklist(conn, checklist_id, fields, keep_raw=self._keep_raw)
        )

    async def _delete_checklist(self, checklist_id: str, task_id: str | None) -> bool:
        del task_id
        return await self._db.write(lambda conn: checklists.delete_checklist(conn, checklist_id))

    async def _create_checklist_item(self, fields: Fields, task_id: str | None) -> PMChecklistItem:
        del task_id
        row = await self._db.write(lambda conn: checklists.create_item(conn, fields))
        return to_item(row, keep_raw=self._keep_raw)

    async def _update_checklist_item(
        self, item_id: str, fields: Fields, checklist_id: str | None, task_id: str | None
    ) -> PMChecklistItem:
        del checklist_id, task_id
        row = await self._db.write(lambda conn: checklists.update_item(conn, item_id, fields))
        return to_item(row, keep_raw=self._keep_raw)

    async def _delete_checklist_item(
        self, item_id: str, checklist_id: str | None, task_id: str | None
    ) -> bool:
        del checklist_id, task_id
        return await self._db.write(lambda conn: checklists.delete_item(conn, item_id))
