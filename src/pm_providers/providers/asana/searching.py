"""Search: the vendor's on paid plans, and looking through the tasks here on others."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

from pm_providers.contract import TaskQuery
from pm_providers.errors import NotFoundError, ProviderError, UnsupportedError
from pm_providers.model import PMTask
from pm_providers.providers.asana.actions import Action
from pm_providers.providers.asana.mapping.tasks import is_task
from pm_providers.providers.asana.mapping.values import gid, is_gid
from pm_providers.providers.asana.task_reading import TaskReader
from pm_providers.toolkit.documents import instant

__all__ = ["Searching"]

_MOST = 100
_MAX_PAGES = 10_000


class Searching(TaskReader):
    """Tasks by the words of their titles and descriptions."""

    async def _search_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        """Oldest first, by the vendor's search; its index follows writes within a minute.

        Subtasks are in no project for the search: those of a project are found among all.
        """
        project = query.project_id
        if project is not None:
            if not is_gid(project):
                raise NotFoundError(f"there is no project {project!r:.80}")
            await self._project_document(project)
        try:
            async with aclosing(self._found(query)) as tasks:
                async for task in tasks:
                    yield task
        except UnsupportedError:
            pass  # a paid feature
        else:
            return
        async with aclosing(self._looked_through(query)) as tasks:
            async for task in tasks:
                yield task

    async def _found(self, query: TaskQuery) -> AsyncGenerator[PMTask, None]:
        text: dict[str, Any] = {"text": (query.text or "").strip()}
        project, seen = query.project_id, set()
        asked = (
            [text] if project is None else [{**text, "projects.any": project}, {**text, "is_subtask": "true"}]
        )
        for params in asked:
            async with aclosing(self._windows(params)) as pages:
                async for page in pages:
                    for task in await self._tasks(page, project=project):
                        if task.id not in seen and project in (None, task.project_id):
                            seen.add(task.id)
                            yield task

    async def _windows(self, params: Mapping[str, Any]) -> AsyncGenerator[list[dict[str, Any]], None]:
        """Pages of results: there are no tokens, so each begins at the time of the last one before.

        Raises:
            ProviderError: more results of one moment than fit into a page.
        """
        path = f"workspaces/{self._options.workspace}/tasks/search"
        asked = {**params, "sort_by": "created_at", "sort_ascending": "true"}
        seen: set[str] = set()
        for _ in range(_MAX_PAGES):
            found, _none = await self._api.page(Action("GET", path, asked, self._task_fields, _MOST))
            fresh = [one for one in found if gid(one, "task") not in seen]
            seen.update(gid(one, "task") for one in fresh)
            yield [one for one in fresh if is_task(one)]
            if len(found) < _MOST:
                return
            if not fresh:
                break
            last = max(filter(None, (instant(one.get("created_at")) for one in found)))
            asked = {**asked, "created_at.after": _moment(last - timedelta(milliseconds=1))}
        raise ProviderError("the search repeats itself and never ends")

    async def _looked_through(self, query: TaskQuery) -> AsyncGenerator[PMTask, None]:
        """Tasks with all words in title or description."""
        words = (query.text or "").casefold().split()
        everything = TaskQuery(project_id=query.project_id, window=query.window)
        async for task in self._iter_tasks(everything):
            text = f"{task.title}\n{task.description or ''}".casefold()
            if all(one in text for one in words):
                yield task


def _moment(value: datetime) -> str:
    return f"{value.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
