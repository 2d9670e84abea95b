"""Hooks of comments, labels, relations, attachments and time entries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection

from pm_providers.contract import BasePMProvider, Fields, ListQuery
from pm_providers.database import Database
from pm_providers.model import Entity, PMAttachment, PMComment, PMLabel, PMRelation, PMTimeEntry
from pm_providers.providers.internal import mapping, parts
from pm_providers.providers.internal.client import Caller, Row

__all__ = ["PartHooks"]

T = TypeVar("T")


class PartHooks(BasePMProvider):
    """What stands around tasks."""

    _db: Database
    _caller: Caller
    _keep_raw: bool

    if TYPE_CHECKING:

        def _pages(
            self, query: ListQuery, fetch: Callable[[Connection, T | None, int], list[T]]
        ) -> AsyncIterator[list[T]]: ...

    async def _part_rows(self, entity: Entity, query: ListQuery) -> AsyncIterator[Row]:
        def fetch(conn: Connection, last: Row | None, size: int) -> list[Row]:
            return parts.page(conn, entity, query, last, size)

        async for rows in self._pages(query, fetch):
            for row in rows:
                yield row

    async def _add(self, entity: Entity, fields: Fields, content: bytes | None = None) -> Row:
        return await self._db.write(lambda conn: parts.create(conn, entity, fields, self._caller, content))

    async def _alter(self, entity: Entity, identifier: str, fields: Fields) -> Row:
        return await self._db.write(lambda conn: parts.update_part(conn, entity, identifier, fields))

    async def _drop(self, entity: Entity, identifier: str) -> bool:
        return await self._db.write(lambda conn: parts.delete_part(conn, entity, identifier))

    # comments

    async def _iter_comments(self, query: ListQuery) -> AsyncIterator[PMComment]:
        async for row in self._part_rows(Entity.COMMENT, query):
            yield mapping.to_comment(row, keep_raw=self._keep_raw)

    async def _create_comment(self, fields: Fields) -> PMComment:
        row = await self._add(Entity.COMMENT, fields)
        return mapping.to_comment(row, keep_raw=self._keep_raw)

    async def _update_comment(self, comment_id: str, fields: Fields, task_id: str | None) -> PMComment:
        del task_id
        row = await self._alter(Entity.COMMENT, comment_id, fields)
        return mapping.to_comment(row, keep_raw=self._keep_raw)

    async def _delete_comment(self, comment_id: str, task_id: str | None) -> bool:
        del task_id
        return await self._drop(Entity.COMMENT, comment_id)

    # labels

    async def _iter_labels(self, query: ListQuery) -> AsyncIterator[PMLabel]:
        async for row in self._part_rows(Entity.LABEL, query):
            yield mapping.to_label(row, keep_raw=self._keep_raw)

    async def _create_label(self, fields: Fields) -> PMLabel:
        row = await self._add(Entity.LABEL, fields)
        return mapping.to_label(row, keep_raw=self._keep_raw)

    async def _update_label(self, label_id: str, fields: Fields, project_id: str | None) -> PMLabel:
        del project_id
        row = await self._alter(Entity.LABEL, label_id, fields)
        return mapping.to_label(row, keep_raw=self._keep_raw)

    async def _delete_label(self, label_id: str, project_id: str | None) -> bool:
        del project_id
        return await self._drop(Entity.LABEL, label_id)

    # relations

    async def _iter_relations(self, query: ListQuery) -> AsyncIterator[PMRelation]:
        async for row in self._part_rows(Entity.RELATION, query):
            yield mapping.to_relation(row, keep_raw=self._keep_raw)

    async def _create_relation(self, fields: Fields) -> PMRelation:
        row = await self._add(Entity.RELATION, fields)
        return mapping.to_relation(row, keep_raw=self._keep_raw)

    async def _update_relation(self, relation_id: str, fields: Fields, task_id: str | None) -> PMRelation:
        del task_id
        row = await self._alter(Entity.RELATION, relation_id, fields)
        return mapping.to_relation(row, keep_raw=self._keep_raw)

    async def _delete_relation(self, relation_id: str, task_id: str | None) -> bool:
        del task_id
        return await self._drop(Entity.RELATION, relation_id)

    # attachments

    async def _iter_attachments(self, query: ListQuery) -> AsyncIterator[PMAttachment]:
        async for row in self._part_rows(Entity.ATTACHMENT, query):
            yield mapping.to_attachment(row, keep_raw=self._keep_raw)

    async def _create_attachment(self, fields: Fields, content: bytes) -> PMAttachment:
        row = await self._add(Entity.ATTACHMENT, fields, content)
        return mapping.to_attachment(row, keep_raw=self._keep_raw)

    async def _update_attachment(
        self, attachment_id: str, fields: Fields, task_id: str | None
    ) -> PMAttachment:
        del task_id
        row = await self._alter(Entity.ATTACHMENT, attachment_id, fields)
        return mapping.to_attachment(row, keep_raw=self._keep_raw)

    async def _delete_attachment(self, attachment_id: str, task_id: str | None) -> bool:
        del task_id
        return await self._drop(Entity.ATTACHMENT, attachment_id)

    async def _download_attachment(self, attachment_id: str, task_id: str | None) -> bytes:
        del task_id
        return await self._db.read(lambda conn: parts.content_of(conn, attachment_id))

    # time entries

    async def _iter_time_entries(self, query: ListQuery) -> AsyncIterator[PMTimeEntry]:
        async for row in self._part_rows(Entity.TIME_ENTRY, query):
            yield mapping.to_time_entry(row, keep_raw=self._keep_raw)

    async def _create_time_entry(self, fields: Fields) -> PMTimeEntry:
        row = await self._add(Entity.TIME_ENTRY, fields)
        return mapping.to_time_entry(row, keep_raw=self._keep_raw)

    async def _update_time_entry(self, entry_id: str, fields: Fields, task_id: str | None) -> PMTimeEntry:
        del task_id
        row = await self._alter(Entity.TIME_ENTRY, entry_id, fields)
        return mapping.to_time_entry(row, keep_raw=self._keep_raw)

    async def _delete_time_entry(self, entry_id: str, task_id: str | None) -> bool:
        del task_id
        return await self._drop(Entity.TIME_ENTRY, entry_id)
