"""The provider: client and mapping put together as the interface asks."""

from __future__ import annotations

import asyncio
import getpass
import re
import time
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pm_plainfiles.client import Folder
from pm_plainfiles.config import CAPABILITIES, SETTINGS
from pm_plainfiles.mapping import STATUSES, from_task, to_project, to_task
from pm_providers.contract import BasePMProvider, ChoiceBook, Fields, ListQuery, PMProviderConfig, TaskQuery
from pm_providers.errors import ConfigurationError, NotFoundError, ProviderError, ValidationError
from pm_providers.model import Entity, PMProject, PMStatus, PMTask, PMUser

T = TypeVar("T")
_BOOK = ChoiceBook(STATUSES, {status.id: status.status for status in STATUSES}, "status")


def _now() -> str:
    return datetime.now(UTC).isoformat()


class PlainFilesProvider(BasePMProvider):
    """Projects are folders, tasks are Markdown files."""

    name = "plainfiles"
    title = "Plain files"
    CAPABILITIES = CAPABILITIES
    SETTINGS = SETTINGS

    def __init__(self, config: PMProviderConfig) -> None:
        super().__init__(config)
        if not config.option("folder"):
            raise ConfigurationError(
                "PLAINFILES_FOLDER is not set, for example PLAINFILES_FOLDER=/home/ada/projects",
                setting="PLAINFILES_FOLDER",
                example="/home/ada/projects",
            )
        self._folder = Folder(Path(config.option("folder")).expanduser())
        self._writing = asyncio.Lock()
        raw = bool(config.option("raw_data", True))
        self._to_project = partial(to_project, raw=raw)
        self._to_task = partial(to_task, raw=raw)

    # projects

    async def _iter_projects(self, query: ListQuery) -> AsyncIterator[PMProject]:
        for note in await self._disk(self._folder.projects):
            yield self._to_project(note)

    async def _get_project(self, project_id: str) -> PMProject | None:
        note = await self._disk(self._folder.project, project_id)
        return self._to_project(note) if note else None

    async def _create_project(self, fields: Fields) -> PMProject:
        slug = re.sub(r"[^a-z0-9]+", "-", fields["name"].lower()).strip("-")[:40]
        key = f"{slug or 'project'}-{uuid.uuid4().hex[:6]}"
        async with self._writing:
            await self._write_project({"key": key, "created": _now()}, fields)
        return self._to_project(await self._project(key))

    async def _update_project(
        self, project_id: str, fields: Fields, expected_version: str | None
    ) -> PMProject:
        async with self._writing:
            await self._write_project(await self._project(project_id), fields)
        return self._to_project(await self._project(project_id))

    async def _delete_project(self, project_id: str) -> bool:
        async with self._writing:
            return await self._disk(self._folder.delete_project, project_id)

    # tasks

    async def _iter_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        if query.project_id is not None:
            await self._project(query.project_id)
        wanted = _BOOK.candidates(query.status) if query.status else STATUSES
        names = {status.name for status in wanted}
        for note in await self._disk(lambda: list(self._folder.tasks(query.project_id))):
            task = self._to_task(note)
            if task.status_name in names and _fits(task, query):
                yield task

    async def _search_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        async for task in self._iter_tasks(query):
            yield task

    async def _get_task(self, task_id: str) -> PMTask | None:
        note = await self._disk(self._folder.task, task_id)
        return self._to_task(note) if note else None

    async def _create_task(self, fields: Fields) -> PMTask:
        # Ids start with the time, so that files sort by creation.
        task_id = f"{time.time_ns():016x}{uuid.uuid4().hex[:8]}"
        async with self._writing:
            await self._write_task({"id": task_id, "status": "open", "created": _now()}, fields)
        return self._to_task(await self._task(task_id))

    async def _update_task(self, task_id: str, fields: Fields, expected_version: str | None) -> PMTask:
        async with self._writing:
            await self._write_task(await self._task(task_id), fields)
        return self._to_task(await self._task(task_id))

    async def _delete_task(self, task_id: str) -> bool:
        async with self._writing:
            return await self._disk(self._folder.delete_task, task_id)

    async def _list_statuses(self, project_id: str | None) -> list[PMStatus]:
        return list(STATUSES)

    # users

    async def _iter_users(self, query: ListQuery) -> AsyncIterator[PMUser]:
        if query.project_id is not None:
            await self._project(query.project_id)
        yield await self._get_current_user()

    async def _get_user(self, user_id: str) -> PMUser | None:
        me = await self._get_current_user()
        return me if user_id == me.id else None

    async def _get_current_user(self) -> PMUser:
        name = self.config.username or getpass.getuser()
        return PMUser(id=name, name=name, username=name)

    # helpers

    async def _resolve(self, entity: Entity, fields: Fields) -> Fields:
        """Refuse what cannot be written before anything is."""
        if entity is Entity.TASK and fields.get("project_id"):
            try:
                await self._project(fields["project_id"])
            except NotFoundError as error:
                raise ValidationError(fields={"project_id": error.message}) from None
        if entity is Entity.TASK and "status" in fields:
            if fields["status"] is None:
                raise ValidationError(fields={"status": "a note always has one"})
            _BOOK.candidates(fields["status"])
        return fields

    async def _disk(self, work: Callable[..., T], *args: Any) -> T:
        """Run file work off the event loop. What goes wrong there becomes one of our errors here, once."""
        try:
            return await asyncio.to_thread(work, *args)
        except (OSError, ValueError, KeyError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise ProviderError(f"the folder cannot be read or written: {reason}") from error

    async def _project(self, key: str) -> dict[str, Any]:
        note = await self._disk(self._folder.project, key)
        if note is None:
            raise NotFoundError(f"there is no project {key!r}")
        return note

    async def _task(self, task_id: str) -> dict[str, Any]:
        note = await self._disk(self._folder.task, task_id)
        if note is None:
            raise NotFoundError(f"there is no task {task_id!r}")
        return note

    async def _write_project(self, note: dict[str, Any], fields: Fields) -> None:
        await self._disk(self._folder.write_project, {**note, **fields, "changed": _now()})

    async def _write_task(self, note: dict[str, Any], fields: Fields) -> None:
        if "status" in fields:
            fields = {**fields, "status": _BOOK.candidates(fields["status"])[0].id}
        await self._disk(self._folder.write_task, {**from_task(fields, note), "changed": _now()})


def _fits(task: PMTask, query: TaskQuery) -> bool:
    if query.updated_since and task.updated_at and task.updated_at < query.updated_since:
        return False
    if query.assignee_id or query.sprint_id:
        return False
    words = f"{task.title}\n{task.description or ''}".casefold()
    return not query.text or query.text.casefold() in words
