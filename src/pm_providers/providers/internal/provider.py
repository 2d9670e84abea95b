"""The internal provider: projects in a SQL database of one's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, ClassVar, Self, TypeVar

from sqlalchemy import Connection

from pm_providers.contract import (
    BasePMProvider,
    Capabilities,
    ChangePage,
    Fields,
    ListQuery,
    PMProviderConfig,
    Setting,
    TaskQuery,
)
from pm_providers.database import HEAD, Database, database_for
from pm_providers.errors import NotFoundError
from pm_providers.model import Entity, PMProject, PMSprint, PMTask, PMUser
from pm_providers.providers.internal import client, containers, mapping, tasks
from pm_providers.providers.internal.batch import BatchHooks
from pm_providers.providers.internal.capabilities import CAPABILITIES
from pm_providers.providers.internal.changes import change_page
from pm_providers.providers.internal.checklist_hooks import ChecklistHooks
from pm_providers.providers.internal.client import Caller, Row
from pm_providers.providers.internal.config import SETTINGS, options_of
from pm_providers.providers.internal.discovery import DiscoveryHooks
from pm_providers.providers.internal.part_hooks import PartHooks
from pm_providers.providers.internal.patching import update_one
from pm_providers.providers.internal.removal import delete_all

__all__ = ["InternalProvider"]

T = TypeVar("T")


class InternalProvider(BatchHooks, PartHooks, ChecklistHooks, DiscoveryHooks, BasePMProvider):
    """Projects, tasks and all around them in SQLite or PostgreSQL.

    The current user is a row of the database: `additional_config["user_id"]`, else the login name of
    `config.username` (`PM_INTERNAL_USER`), else that of the operating system; a login name that is not known
    yet becomes a user when first needed.

    Args:
        config: options; see `SETTINGS`, and `additional_config` for `user_id`, `page_size`, `raw_data`.
        database: where to run. On a session that a host gave nothing is committed; all else is committed
            operation by operation.
    """

    name: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal database"
    CAPABILITIES: ClassVar[Capabilities] = CAPABILITIES
    SETTINGS: ClassVar[tuple[Setting, ...]] = SETTINGS

    def __init__(self, config: PMProviderConfig, database: Database | None = None) -> None:
        super().__init__(config)
        options = options_of(config)
        self._caller = Caller(options.username, options.user_id)
        self._keep_raw = options.keep_raw
        self._page_size = options.page_size
        self._db = database or database_for(options.database_url)

    @classmethod
    def from_config(cls, config: PMProviderConfig, *, db_session: Any = None) -> Self:
        """See `BasePMProvider.from_config`; `db_session` may be all that `database_for` takes."""
        return cls(config, None if db_session is None else database_for(db_session))

    async def _connect(self) -> None:
        await self._db.read(_nothing)

    async def aclose(self) -> None:
        """Release the worker threads. A session or engine that was given stays open."""
        await self._db.aclose()

    async def _health_facts(self) -> dict[str, Any]:
        return {"version": HEAD, "details": {"database": await self._db.read(lambda conn: conn.dialect.name)}}

    async def _resolve(self, entity: Entity, fields: Fields) -> Fields:
        fields = mapping.checked_choices(entity, fields)
        if fields.get("custom_fields") == {}:  # names no field, so it changes none
            fields = {name: value for name, value in fields.items() if name != "custom_fields"}
        for name in ("project_id", "parent_project_id"):
            value = fields.get(name)
            if value is not None and not client.is_id(value):
                found = await self._db.read(lambda conn, key=value: client.project_id_of(conn, key))  # type: ignore[misc]
                fields = {**fields, name: found or value}
        return fields

    async def _pages(
        self, query: ListQuery, fetch: Callable[[Connection, T | None, int], list[T]]
    ) -> AsyncIterator[list[T]]:
        """Pages of a list: `fetch(connection, last item so far, size)`, until one comes short."""
        whole = self._page_size * query.window  # a list that is collected anyway takes larger steps
        left = query.limit
        last: T | None = None
        while True:
            size = whole if left is None else min(whole, left)
            found = await self._db.read(lambda conn, last=last, size=size: fetch(conn, last, size))  # type: ignore[misc]
            if found:
                yield found
                last = found[-1]
            left = None if left is None else left - len(found)
            if len(found) < size or left == 0:
                return

    # projects, sprints, users

    async def _rows(self, entity: Entity, query: ListQuery) -> AsyncIterator[Row]:
        def fetch(conn: Connection, last: Row | None, size: int) -> list[Row]:
            return containers.page(conn, entity, query, "" if last is None else last["id"], size)

        async for rows in self._pages(query, fetch):
            for row in rows:
                yield row

    async def _get(self, entity: Entity, identifier: str) -> Row | None:
        return await self._db.read(lambda conn: containers.get(conn, entity, identifier))

    async def _insert(self, entity: Entity, fields: Fields) -> Row:
        return await self._db.write(lambda conn: containers.create(conn, entity, fields))

    async def _change(
        self, entity: Entity, identifier: str, fields: Fields, expected: str | None = None
    ) -> Row:
        return await self._db.write(
            lambda conn: containers.update_stored(conn, entity, identifier, fields, expected)
        )

    async def _iter_projects(self, query: ListQuery) -> AsyncIterator[PMProject]:
        async for row in self._rows(Entity.PROJECT, query):
            yield mapping.to_project(row, keep_raw=self._keep_raw)

    async def _get_project(self, project_id: str) -> PMProject | None:
        row = await self._get(Entity.PROJECT, project_id)
        return None if row is None else mapping.to_project(row, keep_raw=self._keep_raw)

    async def _create_project(self, fields: Fields) -> PMProject:
        return mapping.to_project(await self._insert(Entity.PROJECT, fields), keep_raw=self._keep_raw)

    async def _update_project(
        self, project_id: str, fields: Fields, expected_version: str | None
    ) -> PMProject:
        row = await self._change(Entity.PROJECT, project_id, fields, expected_version)
        return mapping.to_project(row, keep_raw=self._keep_raw)

    async def _delete_project(self, project_id: str) -> bool:
        return await self._db.write(lambda conn: containers.delete_project(conn, project_id))

    async def _iter_sprints(self, query: ListQuery) -> AsyncIterator[PMSprint]:
        async for row in self._rows(Entity.SPRINT, query):
            yield mapping.to_sprint(row, keep_raw=self._keep_raw)

    async def _get_sprint(self, sprint_id: str) -> PMSprint | None:
        row = await self._get(Entity.SPRINT, sprint_id)
        return None if row is None else mapping.to_sprint(row, keep_raw=self._keep_raw)

    async def _create_sprint(self, fields: Fields) -> PMSprint:
        return mapping.to_sprint(await self._insert(Entity.SPRINT, fields), keep_raw=self._keep_raw)

    async def _update_sprint(self, sprint_id: str, fields: Fields, expected_version: str | None) -> PMSprint:
        row = await self._change(Entity.SPRINT, sprint_id, fields, expected_version)
        return mapping.to_sprint(row, keep_raw=self._keep_raw)

    async def _delete_sprint(self, sprint_id: str) -> bool:
        return await self._db.write(lambda conn: containers.delete_sprint(conn, sprint_id))

    async def _iter_users(self, query: ListQuery) -> AsyncIterator[PMUser]:
        async for row in self._rows(Entity.USER, query):
            yield mapping.to_user(row, keep_raw=self._keep_raw)

    async def _get_user(self, user_id: str) -> PMUser | None:
        row = await self._get(Entity.USER, user_id)
        return None if row is None else mapping.to_user(row, keep_raw=self._keep_raw)

    async def _get_current_user(self) -> PMUser:
        row = await self._db.read(lambda conn: client.current_user(conn, self._caller, create=False))
        if row is None:
            row = await self._db.write(lambda conn: client.current_user(conn, self._caller))
        if row is None:
            raise NotFoundError("the current user was deleted at the same moment")
        return mapping.to_user(row, keep_raw=self._keep_raw)

    async def _create_user(self, fields: Fields) -> PMUser:
        return mapping.to_user(await self._insert(Entity.USER, fields), keep_raw=self._keep_raw)

    async def _update_user(self, user_id: str, fields: Fields) -> PMUser:
        return mapping.to_user(await self._change(Entity.USER, user_id, fields), keep_raw=self._keep_raw)

    async def _delete_user(self, user_id: str) -> bool:
        return await self._db.write(lambda conn: containers.delete_user(conn, user_id))

    # tasks

    async def _iter_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        def fetch(conn: Connection, last: PMTask | None, size: int) -> list[PMTask]:
            after = "" if last is None else last.id
            return tasks.page(conn, query, after, size, keep_raw=self._keep_raw)

        async for page in self._pages(query, fetch):
            for task in page:
                yield task

    def _search_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        return self._iter_tasks(query)

    async def _get_task(self, task_id: str) -> PMTask | None:
        found = await self._db.read(lambda conn: tasks.get_tasks(conn, [task_id], keep_raw=self._keep_raw))
        return found[0] if found else None

    async def _create_task(self, fields: Fields) -> PMTask:
        def work(conn: Connection) -> PMTask:
            new = tasks.create_all(conn, [fields], self._caller)
            for error in new.errors.values():
                raise error
            return tasks.get_tasks(conn, [new.rows[0][0]], keep_raw=self._keep_raw)[0]

        return await self._db.write(work)

    async def _update_task(self, task_id: str, fields: Fields, expected_version: str | None) -> PMTask:
        return await self._db.write(
            lambda conn: update_one(conn, task_id, fields, expected_version, keep_raw=self._keep_raw)
        )

    async def _delete_task(self, task_id: str) -> bool:
        return (await self._db.write(lambda conn: delete_all(conn, [task_id])))[0]

    async def _changes(self, project_id: str, cursor: str | None, limit: int | None) -> ChangePage:
        size = limit or self._page_size
        return await self._db.read(
            lambda conn: change_page(conn, project_id, cursor, size, keep_raw=self._keep_raw)
        )


def _nothing(_conn: Connection) -> None:
    """Work that only connects, and so checks the schema."""
