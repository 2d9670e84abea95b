"""Many tasks at once: writes one by one, the reads before them ten in a request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from pm_providers.contract import BatchResult, Progress
from pm_providers.errors import PMError
from pm_providers.model import PMTask
from pm_providers.providers.trello.client import BATCH_MOST
from pm_providers.providers.trello.mapping.values import is_id
from pm_providers.providers.trello.task_writing import AHEAD, TaskWriter
from pm_providers.toolkit.documents import identifier

__all__ = ["Batches"]

T = TypeVar("T")
_WORTH_IT = 2


class Batches(TaskWriter):
    """Tasks, many at once."""

    async def _update_tasks(
        self, updates: list[tuple[str, Mapping[str, Any]]], progress: Progress | None
    ) -> BatchResult[PMTask]:
        """Single updates, whose cards are read ten in a request; those of one task keep their order."""
        turns = {repr(task_id): asyncio.Lock() for task_id, _ in updates}
        reader = _ReadAhead(self._some, [task_id for task_id, _ in updates])

        async def update(pair: tuple[str, Mapping[str, Any]]) -> PMTask:
            async with turns[repr(pair[0])]:
                await reader.reach(pair[0])
                return await self.update_task(*pair)

        with reader.in_use():
            return await self._one_by_one(updates, update, progress)

    async def _delete_tasks(self, task_ids: list[str], progress: Progress | None) -> BatchResult[bool]:
        """Single deletes, whose cards are read ten in a request."""
        reader = _ReadAhead(self._some, task_ids)

        async def delete(task_id: str) -> bool:
            await reader.reach(task_id)
            return await self.delete_task(task_id)

        with reader.in_use():
            return await self._one_by_one(task_ids, delete, progress)


class _ReadAhead:
    """Reads the cards of the next items of a batch together.

    Each card is read once, just before it is needed; an item whose card is not there reads it by itself.

    Args:
        read: ids, ten at most -> the cards that there are.
        ids: what callers gave, in the order in which it will be needed.
    """

    def __init__(
        self, read: Callable[[list[str]], Awaitable[list[dict[str, Any]]]], ids: Iterable[object]
    ) -> None:
        self._read = read
        self._ids = list(dict.fromkeys(one for one in ids if isinstance(one, str) and is_id(one)))
        self._next = 0
        self._cards: dict[str, dict[str, Any]] = {}
        self._lock = asyncio.Lock()

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Block in which the cards are found."""
        token = AHEAD.set(self._cards)
        try:
            yield
        finally:
            AHEAD.reset(token)

    async def reach(self, task_id: object) -> None:
        """Read on until an item's card was read."""
        async with self._lock:
            while self._next < len(self._ids) and task_id in self._ids[self._next :]:
                part = self._ids[self._next : self._next + BATCH_MOST]
                self._next += len(part)
                if len(part) < _WORTH_IT:
                    return
                try:
                    self._cards |= {identifier(one, "card"): one for one in await self._read(part)}
                except PMError:
                    return  # each item then reads for itself, and tells what is wrong
