"""Tasks: single, in batches, searched, and as a stream of changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from pm_providers.contract.containers import ContainerOperations
from pm_providers.contract.queries import TaskQuery
from pm_providers.contract.results import BatchOutcome, BatchResult, ChangePage
from pm_providers.contract.validation import Fields
from pm_providers.contract.values import check_filter, check_id, check_instant, check_text
from pm_providers.errors import PMError, ProviderError, ValidationError
from pm_providers.model import Entity, PMTask
from pm_providers.transport import bounded_map

__all__ = ["Progress", "TaskOperations"]

T = TypeVar("T")
Item = TypeVar("Item")
Progress = Callable[[int, int], None]
"""Called after each finished item of a batch with (finished, total)."""


class TaskOperations(ContainerOperations):
    """Tasks."""

    def iter_tasks(
        self,
        project_id: str | None = None,
        *,
        assignee_id: str | None = None,
        sprint_id: str | None = None,
        status: str | None = None,
        updated_since: datetime | None = None,
        include_archived: bool = False,
        limit: int | None = None,
        window: int = 1,
    ) -> AsyncGenerator[PMTask, None]:
        """Tasks, one page in memory (`window` pages in flight). See `list_tasks`."""

        def source() -> AsyncIterator[PMTask]:
            return self._iter_tasks(
                _task_query(
                    project_id=project_id,
                    assignee_id=assignee_id,
                    sprint_id=sprint_id,
                    status=status,
                    updated_since=updated_since,
                    include_archived=include_archived,
                    limit=limit,
                    window=window,
                )
            )

        return self._stream("list_tasks", source, limit)

    async def list_tasks(
        self,
        project_id: str | None = None,
        *,
        assignee_id: str | None = None,
        sprint_id: str | None = None,
        status: str | None = None,
        updated_since: datetime | None = None,
        include_archived: bool = False,
        limit: int | None = None,
    ) -> list[PMTask]:
        """All tasks that fit, open and closed, subtasks included; never a silently capped page.

        Args:
            project_id: project id or key; tasks of its subprojects are not included.
            assignee_id: only tasks assigned to this user.
            sprint_id: only tasks of this sprint.
            status: only tasks of this unified status, or of a vendor's own name or id.
            updated_since: only tasks changed at or after this timezone-aware instant.
            include_archived: archived and trashed tasks too.
            limit: stop after so many.

        Raises:
            NotFoundError: the project does not exist or may not be seen.
            ValidationError: a filter is malformed, or the status is unknown.
        """
        stream = self.iter_tasks(
            project_id,
            assignee_id=assignee_id,
            sprint_id=sprint_id,
            status=status,
            updated_since=updated_since,
            include_archived=include_archived,
            limit=limit,
            window=self._window,
        )
        return [task async for task in stream]

    async def search_tasks(
        self, text: str, *, project_id: str | None = None, limit: int | None = None
    ) -> list[PMTask]:
        """Tasks that the vendor's full-text search finds, at least by title and description.

        Raises:
            ValidationError: `text` is blank.
        """

        def source() -> AsyncIterator[PMTask]:
            return self._search_tasks(
                _task_query(project_id=project_id, text=_words(text), limit=limit, window=self._window)
            )

        return [task async for task in self._stream("search_tasks", source, limit)]

    async def get_task(self, task_id: str) -> PMTask | None:
        """The task with this id or key; `None` when it does not exist or may not be seen."""
        found = await self._call("get_task", lambda: self._get_task(check_id(task_id, "task_id")))
        return cast("PMTask | None", found)

    async def create_task(self, task: PMTask) -> PMTask:
        """Create a task; returns it as the system answered.

        Raises:
            ValidationError: a value is not allowed; a project, parent, sprint or user does not exist.
            UnsupportedError: a field is set that the provider cannot hold.
        """
        return await self._create(Entity.TASK, task, self._create_task)

    async def update_task(
        self, task_id: str, updates: Mapping[str, Any], *, expected_version: str | None = None
    ) -> PMTask:
        """Change the fields given; `None` clears, an absent key is untouched.

        Args:
            task_id: id or key.
            updates: field -> value, by the field names of `PMTask`.
            expected_version: `version` of the task that the change was made on.

        Raises:
            NotFoundError: no such task.
            ConflictError: the same fields were changed meanwhile, or `expected_version` is stale.
            ValidationError: unknown field, wrong type, or a value that is not allowed.
        """
        return cast(
            "PMTask",
            await self._update(
                Entity.TASK,
                task_id,
                updates,
                lambda one, fields: self._update_task(one, fields, expected_version),
                expected_version=expected_version,
            ),
        )

    async def delete_task(self, task_id: str) -> bool:
        """Delete a task, with its subtasks where the vendor does so; `False` when it did not exist."""
        return await self._delete(Entity.TASK, task_id, self._delete_task)

    async def create_tasks(
        self, tasks: Iterable[PMTask], *, on_progress: Progress | None = None
    ) -> BatchResult[PMTask]:
        """Create many tasks, by the vendor's bulk calls where it has them.

        One outcome per item, in order; a bad item does not stop the others.
        """
        items = list(tasks)
        with self._operation("create_tasks"):
            self.capabilities.require("create_tasks", self.name)
            return await self._create_tasks(items, on_progress)

    async def update_tasks(
        self,
        updates: Mapping[str, Mapping[str, Any]] | Sequence[tuple[str, Mapping[str, Any]]],
        *,
        on_progress: Progress | None = None,
    ) -> BatchResult[PMTask]:
        """Update many tasks: `{task_id: {field: value}}`, or a sequence of such pairs. As `create_tasks`."""
        with self._operation("update_tasks"):
            self.capabilities.require("update_tasks", self.name)
            return await self._update_tasks(_pairs(updates), on_progress)

    async def delete_tasks(
        self, task_ids: Iterable[str], *, on_progress: Progress | None = None
    ) -> BatchResult[bool]:
        """Delete many tasks; each outcome says whether the task existed. As `create_tasks`."""
        identifiers = list(task_ids)
        with self._operation("delete_tasks"):
            self.capabilities.require("delete_tasks", self.name)
            return await self._delete_tasks(identifiers, on_progress)

    async def changes(
        self, project_id: str, cursor: str | None = None, *, limit: int | None = None
    ) -> ChangePage:
        """Tasks of a project that were created, changed or deleted since `cursor`.

        Args:
            project_id: project id or key.
            cursor: of the last page; `None` starts at the beginning: every task is an upsert.
            limit: upserts on one page at most; the provider's page size when missing.

        Raises:
            NotFoundError: the project does not exist or may not be seen.
            ValidationError: the cursor is not one of this provider.
        """

        async def page() -> ChangePage:
            if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
                raise ValidationError(fields={"limit": f"must be a whole number from 1, not {limit!r}"})
            if cursor is not None and not isinstance(cursor, str):
                raise ValidationError(fields={"cursor": "must be a cursor that changes() returned"})
            return await self._changes(check_id(project_id, "project_id"), cursor, limit)

        return cast("ChangePage", await self._call("changes", page))

    # hooks

    def _iter_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        raise self._refuse("list_tasks")

    def _search_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        raise self._refuse("search_tasks")

    async def _get_task(self, task_id: str) -> PMTask | None:
        raise self._refuse("get_task")

    async def _create_task(self, fields: Fields) -> PMTask:
        raise self._refuse("create_task")

    async def _update_task(self, task_id: str, fields: Fields, expected_version: str | None) -> PMTask:
        raise self._refuse("update_task")

    async def _delete_task(self, task_id: str) -> bool:
        raise self._refuse("delete_task")

    async def _changes(self, project_id: str, cursor: str | None, limit: int | None) -> ChangePage:
        raise self._refuse("changes")

    async def _create_tasks(self, tasks: list[PMTask], progress: Progress | None) -> BatchResult[PMTask]:
        """Hook: bulk creation. By default single creations, `limits.concurrency` at a time."""
        return await self._one_by_one(tasks, self.create_task, progress)

    async def _update_tasks(
        self, updates: list[tuple[str, Mapping[str, Any]]], progress: Progress | None
    ) -> BatchResult[PMTask]:
        """Hook: bulk update. By default single updates; those of one task keep their order."""
        turns = {repr(task_id): asyncio.Lock() for task_id, _ in updates}

        async def update(pair: tuple[str, Mapping[str, Any]]) -> PMTask:
            async with turns[repr(pair[0])]:
                return await self.update_task(*pair)

        return await self._one_by_one(updates, update, progress)

    async def _delete_tasks(self, task_ids: list[str], progress: Progress | None) -> BatchResult[bool]:
        """Hook: bulk delete. By default single deletes."""
        return await self._one_by_one(task_ids, self.delete_task, progress)

    async def _one_by_one(
        self, items: Sequence[Item], work: Callable[[Item], Awaitable[T]], progress: Progress | None
    ) -> BatchResult[T]:
        """Outcomes of `work` on each item, in order.

        Items are started in order; when the batch is cancelled, nothing of it goes on. What one item raises
        is its own outcome, whatever it is: others may be written already.
        """
        finished = 0

        async def tracked(item: Item) -> T:
            nonlocal finished
            try:
                return await work(item)
            finally:
                finished += 1
                if progress is not None:
                    progress(finished, len(items))

        results = await bounded_map(tracked, items, max(1, self.capabilities.limits.concurrency))
        return BatchResult(tuple(self._outcome(index, result) for index, result in enumerate(results)))

    def _outcome(self, index: int, result: T | Exception) -> BatchOutcome[T]:
        if not isinstance(result, Exception):
            return BatchOutcome(index, item=result)
        if isinstance(result, PMError):
            return BatchOutcome(index, error=result)
        error = ProviderError(f"unexpected {type(result).__name__}", provider=self.name, maybe_applied=True)
        error.__cause__ = result
        return BatchOutcome(index, error=error)


def _words(text: object) -> str:
    if not isinstance(text, str) or not text.strip():
        raise ValidationError(fields={"text": "must be a string that is not blank"})
    try:
        return check_text(text)
    except ValueError as error:
        raise ValidationError(fields={"text": str(error)}) from None


def _pairs(updates: object) -> list[tuple[str, Mapping[str, Any]]]:
    pairs = list(updates.items()) if isinstance(updates, Mapping) else list(cast("Iterable[Any]", updates))
    for pair in pairs:
        if not isinstance(pair, tuple | list) or len(pair) != 2:  # noqa: PLR2004 - a pair
            raise ValidationError(fields={"updates": "must hold pairs of task id and fields"})
    return [(task_id, fields) for task_id, fields in pairs]


def _task_query(**given: Any) -> TaskQuery:
    given["status"] = check_filter(given.get("status"))
    for name in ("project_id", "assignee_id", "sprint_id"):
        if given.get(name) is not None:
            check_id(given[name], name)
    since = given.get("updated_since")
    if since is not None:
        given["updated_since"] = check_instant(since, "updated_since")
    return TaskQuery(**given)
