"""Many tasks at once: what each of them asks for at the same time is one request of ten actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pm_providers.contract import BatchResult, Progress
from pm_providers.model import PMTask
from pm_providers.providers.asana.task_writing import TaskWriter

__all__ = ["Batches"]


class Batches(TaskWriter):
    """Tasks, many at once, in batches of ten: the base runs as many items at the same time.

    A batch that the quota does not admit is refused as a whole and nothing of it runs. Creations whose answer
    got lost are reported as such, and not repeated.
    """

    async def _create_tasks(self, tasks: list[PMTask], progress: Progress | None) -> BatchResult[PMTask]:
        async with self._api.gathered():
            return await super()._create_tasks(tasks, progress)

    async def _update_tasks(
        self, updates: list[tuple[str, Mapping[str, Any]]], progress: Progress | None
    ) -> BatchResult[PMTask]:
        async with self._api.gathered():
            return await super()._update_tasks(updates, progress)

    async def _delete_tasks(self, task_ids: list[str], progress: Progress | None) -> BatchResult[bool]:
        async with self._api.gathered():
            return await super()._delete_tasks(task_ids, progress)
