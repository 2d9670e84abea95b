"""Calls on tasks handed on to the systems that hold them: single, in batches, and as changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

from pm_providers.contract import (
    BasePMProvider,
    BatchOutcome,
    BatchResult,
    ChangePage,
    Fields,
    Progress,
    TaskQuery,
    check_id,
    draft_fields,
    patch_fields,
)
from pm_providers.errors import PMError, ValidationError
from pm_providers.model import Entity, PMTask, Record
from pm_providers.service.modes.forwarding import Forwarding
from pm_providers.service.modes.routes import SEPARATOR, Route, own_fields

__all__ = ["TaskForwarding"]

T = TypeVar("T")
Placed = tuple[Route, Any]
Bulk = Callable[[BasePMProvider, list[Any], Progress], Awaitable[BatchResult[Any]]]


class TaskForwarding(Forwarding):
    """Hooks of tasks."""

    def _iter_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        routes, own = self._narrowed(
            project_id=query.project_id, sprint_id=query.sprint_id, assignee_id=query.assignee_id
        )
        return self._each(
            routes,
            lambda one: one.iter_tasks(
                own.get("project_id"),
                assignee_id=own.get("assignee_id"),
                sprint_id=own.get("sprint_id"),
                status=query.status,
                updated_since=query.updated_since,
                include_archived=query.include_archived,
                limit=query.limit,
                window=query.window,
            ),
        )

    async def _search_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        routes, own = self._narrowed(project_id=query.project_id)
        for route in routes:
            found = await self._ask(
                route,
                lambda one: one.search_tasks(
                    query.text or "", project_id=own.get("project_id"), limit=query.limit
                ),
            )
            for task in found:
                yield route.outward(task)

    async def _get_task(self, task_id: str) -> PMTask | None:
        return cast("PMTask | None", await self._got(Entity.TASK, task_id))

    async def _create_task(self, fields: Fields) -> PMTask:
        return cast("PMTask", await self._made(Entity.TASK, fields))

    async def _update_task(self, task_id: str, fields: Fields, expected_version: str | None) -> PMTask:
        return cast("PMTask", await self._changed(Entity.TASK, task_id, fields, version=expected_version))

    async def _delete_task(self, task_id: str) -> bool:
        return await self._dropped(Entity.TASK, task_id)

    # changes

    async def _changes(self, project_id: str, cursor: str | None, limit: int | None) -> ChangePage:
        route, own = self._book.find(project_id)
        place = _place(route, cursor)
        page = await self._ask(route, lambda one: one.changes(own, place, limit=limit))
        if not route.prefix:
            return page
        return replace(
            page,
            upserts=[route.outward(task) for task in page.upserts],
            deleted_ids=[route.shown_id(one) for one in page.deleted_ids],
            cursor=f"{route.name}{SEPARATOR}{page.cursor}",
        )

    # batches

    async def _create_tasks(self, tasks: list[PMTask], progress: Progress | None) -> BatchResult[PMTask]:
        def place(task: PMTask) -> Placed:
            return self._draft(Entity.TASK, draft_fields(self.capabilities, Entity.TASK, task))

        async def bulk(one: BasePMProvider, items: list[Any], tick: Progress) -> BatchResult[PMTask]:
            return await one.create_tasks(items, on_progress=tick)

        return await self._spread("create_tasks", self._placed(place, tasks), bulk, progress)

    async def _update_tasks(
        self, updates: list[tuple[str, Mapping[str, Any]]], progress: Progress | None
    ) -> BatchResult[PMTask]:
        def place(pair: tuple[str, Mapping[str, Any]]) -> Placed:
            fields = patch_fields(self.capabilities, Entity.TASK, pair[1])
            route, own = self._book.find(check_id(pair[0], "task_id"))
            return route, (own, own_fields(self._book, route, Entity.TASK, fields))

        async def bulk(one: BasePMProvider, items: list[Any], tick: Progress) -> BatchResult[PMTask]:
            return await one.update_tasks(items, on_progress=tick)

        return await self._spread("update_tasks", self._placed(place, updates), bulk, progress)

    async def _delete_tasks(self, task_ids: list[str], progress: Progress | None) -> BatchResult[bool]:
        def place(task_id: str) -> Placed:
            return self._book.find(check_id(task_id, "task_id"))

        async def bulk(one: BasePMProvider, items: list[Any], tick: Progress) -> BatchResult[bool]:
            return await one.delete_tasks(items, on_progress=tick)

        return await self._spread("delete_tasks", self._placed(place, task_ids), bulk, progress)

    def _placed(self, place: Callable[[Any], Placed], items: Iterable[Any]) -> list[Placed | PMError]:
        """For each item its system and what to send there, or why it is refused."""
        found: list[Placed | PMError] = []
        for item in items:
            try:
                found.append(place(item))
            except PMError as error:
                found.append(error)
        return found

    async def _spread(
        self, operation: str, placed: Sequence[Placed | PMError], bulk: Bulk, progress: Progress | None
    ) -> BatchResult[Any]:
        """One bulk call a system, all at once; outcomes in the order of the items."""
        outcomes: dict[int, BatchOutcome[Any]] = {}
        groups: dict[str, list[int]] = {}
        for index, one in enumerate(placed):
            if isinstance(one, PMError):
                one.provider, one.operation = self.name, operation
                outcomes[index] = BatchOutcome(index, None, one)
            else:
                groups.setdefault(one[0].name, []).append(index)
        tally = _Tally(len(placed), len(outcomes), progress)

        async def part(name: str, indices: list[int]) -> None:
            route = self._book.routes[name]
            items = [cast("Placed", placed[index])[1] for index in indices]
            for index, found in zip(indices, await self._bulk(route, items, bulk, tally), strict=True):
                outcomes[index] = self._finished(operation, route, index, found)

        await asyncio.gather(*(part(name, indices) for name, indices in groups.items()))
        return BatchResult(tuple(outcomes[index] for index in range(len(placed))))

    async def _bulk(self, route: Route, items: list[Any], bulk: Bulk, tally: _Tally) -> Sequence[Any]:
        async def work(one: BasePMProvider) -> BatchResult[Any]:
            return await bulk(one, items, tally.of(route.name))

        try:
            return (await self._tell(route, work)).outcomes
        except PMError as error:
            return [BatchOutcome(0, None, error)] * len(items)

    def _finished(
        self, operation: str, route: Route, index: int, found: BatchOutcome[Any]
    ) -> BatchOutcome[Any]:
        if found.error is not None:
            named = found.error.provider == self.name
            error = found.error if named else self._rename(found.error, route)
            error.operation = operation
            return BatchOutcome(index, None, error)
        if not isinstance(found.item, Record):
            return BatchOutcome(index, found.item)
        try:
            return BatchOutcome(index, self._reported({}, route.outward(found.item)))
        except PMError as error:  # strict mode: written, but not as asked
            error.provider, error.operation = self.name, operation
            return BatchOutcome(index, None, error)


class _Tally:
    """Progress of several bulk calls as that of one."""

    def __init__(self, total: int, refused: int, progress: Progress | None) -> None:
        self._total = total
        self._done: dict[str, int] = {"": 0}
        self._progress = progress
        for count in range(1, refused + 1):
            self._count("", count)

    def of(self, name: str) -> Progress:
        """Progress of one of the calls."""

        def tick(finished: int, total: int) -> None:
            del total
            self._count(name, finished)

        return tick

    def _count(self, name: str, finished: int) -> None:
        self._done[name] = finished
        if self._progress is not None:
            self._progress(sum(self._done.values()), self._total)


def _place(route: Route, cursor: str | None) -> str | None:
    """The system's own cursor."""
    if cursor is None or not route.prefix:
        return cursor
    name, separator, own = cursor.partition(SEPARATOR)
    if not separator or name != route.name:
        raise ValidationError(fields={"cursor": f"not a cursor that changes() returned for {route.name}"})
    return own
