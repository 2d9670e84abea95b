"""Many new tasks: a call for each, as the vendor has no other, and one list for those that are read back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from contextvars import ContextVar
from typing import Any

from pm_providers.contract import BatchResult, Progress
from pm_providers.errors import PMError
from pm_providers.model import PMTask
from pm_providers.providers.clickup.client import PAGE
from pm_providers.providers.clickup.mapping.values import milliseconds, ref_id
from pm_providers.providers.clickup.task_reading import EVERYTHING
from pm_providers.providers.clickup.task_writing import TaskWriter
from pm_providers.toolkit.documents import identifier

__all__ = ["BatchWriter", "ReadBack"]

_OLDEST_FIRST: Mapping[str, Any] = {**EVERYTHING, "order_by": "created", "reverse": True}
_FEW = 2

_Fetch = Callable[[Sequence[Mapping[str, Any]]], Awaitable[Mapping[str, dict[str, Any]]]]


class ReadBack:
    """Gathers what the creations under way want to be read, and asks for it together.

    Args:
        fetch: answers of creations -> those tasks by id, as far as they were found.
        total: creations in all.
        most: of them under way at once.
    """

    def __init__(self, fetch: _Fetch, total: int, most: int) -> None:
        self._fetch = fetch
        self._left = total
        self._most = most
        self._waiting: list[tuple[Mapping[str, Any], asyncio.Future[dict[str, Any] | None]]] = []
        self._readers: set[asyncio.Task[None]] = set()

    async def run(self, work: Awaitable[PMTask]) -> PMTask:
        """A creation, which may call `read`."""
        try:
            return await work
        finally:
            self._left -= 1
            self._look()

    async def read(self, made: Mapping[str, Any]) -> dict[str, Any] | None:
        """A task that was made; `None` where the list does not show it. Waits for the others under way."""
        future: asyncio.Future[dict[str, Any] | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((made, future))
        self._look()
        return await future

    def _look(self) -> None:
        if self._waiting and len(self._waiting) >= min(self._left, self._most):
            batch, self._waiting = self._waiting, []
            reader = asyncio.ensure_future(self._answer(batch))
            self._readers.add(reader)
            reader.add_done_callback(self._readers.discard)

    async def _answer(
        self, batch: Sequence[tuple[Mapping[str, Any], asyncio.Future[dict[str, Any] | None]]]
    ) -> None:
        found: Mapping[str, dict[str, Any]] = {}
        try:
            found = await self._fetch([made for made, _ in batch])
        except PMError:
            pass  # each is asked for by itself, which tells what is wrong
        finally:
            for made, future in batch:
                if not future.done():
                    future.set_result(found.get(str(made.get("id"))))


_READ_BACK: ContextVar[ReadBack | None] = ContextVar("read_back", default=None)


class BatchWriter(TaskWriter):
    """New tasks, many at once."""

    async def _create_tasks(self, tasks: list[PMTask], progress: Progress | None) -> BatchResult[PMTask]:
        """Single creations, `limits.concurrency` at a time; what they read back is read by lists."""
        together = ReadBack(self._listed, len(tasks), max(1, self.capabilities.limits.concurrency))
        token = _READ_BACK.set(together)
        try:
            return await self._one_by_one(tasks, lambda one: together.run(self.create_task(one)), progress)
        finally:
            _READ_BACK.reset(token)

    async def _read_again(self, made: Mapping[str, Any]) -> dict[str, Any]:
        together = _READ_BACK.get()
        found = None if together is None else await together.read(made)
        return await super()._read_again(made) if found is None else found

    async def _listed(self, made: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """Tasks by id, of the list of those that were created since the first of them.

        Others may have made tasks, too: no more pages are read than these tasks fill, and one.
        """
        wanted = {identifier(one, "task") for one in made}
        times = [at for at in (milliseconds(one.get("date_created")) for one in made) if at is not None]
        if len(made) < _FEW or not times:
            return {}
        lists = sorted({one for one in (ref_id(document, "list") for document in made) if one is not None})
        params = {**_OLDEST_FIRST, "date_created_gt": min(times) - 1, "list_ids[]": lists}
        found: dict[str, dict[str, Any]] = {}
        left = len(made) // PAGE + 2
        async with aclosing(self._api.tasks(f"{self._api.team}/task", params)) as pages:
            async for page in pages:
                found |= {key: one for one in page if (key := identifier(one, "task")) in wanted}
                left -= 1
                if not left or len(found) == len(wanted):
                    break
        return found
