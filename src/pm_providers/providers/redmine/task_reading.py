"""Reading tasks: single, lists, search."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any

from pm_providers.contract import TaskQuery
from pm_providers.errors import NotFoundError
from pm_providers.model import PMTask
from pm_providers.providers.redmine.connection import ALL_STATUSES, Connection
from pm_providers.providers.redmine.mapping.tasks import TaskReading, to_task
from pm_providers.providers.redmine.mapping.values import ref_id
from pm_providers.toolkit.choices import filter_candidates
from pm_providers.toolkit.documents import identifier, is_number

__all__ = ["TaskReader", "changed_since", "has_words"]

_BY_ID = {"sort": "id:asc"}
_OWN_ONLY = {"subproject_id": "!*"}
_IDS_PER_CALL = 100
_TOKEN = re.compile(r'(?:\s|^)"[^"]+"(?:\s|$)|\S+', re.ASCII | re.MULTILINE)
_QUOTES = re.compile(r'^\s*"\s*|\s*"\s*$', re.ASCII | re.MULTILINE)


def changed_since(moment: datetime) -> str:
    """Filter on the time of change, which has whole seconds; an offset is refused (recorded, note 15).

    Args:
        moment: in UTC; what is behind the second is cut off.
    """
    return f">={moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def has_words(text: str) -> bool:
    """Whether the search finds a word to look for in a text ([code] lib/redmine/search.rb, `Tokenizer`).

    Words have two letters at least, without the quotes around them.
    """
    return any(len(_QUOTES.sub("", one)) > 1 for one in _TOKEN.findall(text.strip()))


class TaskReader(Connection):
    """Tasks, read."""

    async def _get_task(self, task_id: str) -> PMTask | None:
        found = await self._find_task(task_id)
        return None if found is None else await self._task(found)

    async def _iter_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        params: dict[str, str | int] = {**ALL_STATUSES, **_BY_ID}
        if query.project_id is not None:
            params |= await self._in_project(query.project_id)
        try:
            params |= await self._conditions(query)
        except NotFoundError:
            return  # nobody, no sprint and no status of that name: no task fits
        since = query.updated_since and query.updated_since.replace(microsecond=0)
        async with aclosing(self._listed(query, params)) as tasks:
            async for task in tasks:
                # Shown in whole seconds: what changed later in the same second looks older than it is.
                if since is None or (task.updated_at or since) >= since:
                    yield task

    async def _in_project(self, project: str) -> dict[str, str | int]:
        """Filter by a project alone: its list would include its subprojects.

        Raises:
            NotFoundError: no such project; a list filtered by an archived one would be empty, or forbidden.
        """
        found = await self._project_document(project)
        return {"project_id": identifier(found, "project"), **_OWN_ONLY}

    async def _conditions(self, query: TaskQuery) -> dict[str, str | int]:
        params: dict[str, str | int] = {}
        if query.status is not None:
            # Anew: a status that was made meanwhile has tasks too, one that is gone has none.
            found = filter_candidates(await self._catalog.statuses(fresh=True), query.status)
            if not found:
                raise NotFoundError(f"there is no status {query.status!r:.60}")
            params["status_id"] = "|".join(one.id for one in found)
        if query.assignee_id is not None:
            params["assigned_to_id"] = await self._user_id(query.assignee_id)
        if query.sprint_id is not None:
            if not is_number(query.sprint_id):
                raise NotFoundError(f"there is no sprint {query.sprint_id!r:.80}")
            params["fixed_version_id"] = query.sprint_id
        if query.updated_since is not None:
            params["updated_on"] = changed_since(query.updated_since)
        return params

    async def _listed(
        self, query: TaskQuery, params: Mapping[str, str | int]
    ) -> AsyncGenerator[PMTask, None]:
        stream = self._api.pages("issues", "issues", params, window=query.window, limit=query.limit)
        async with aclosing(stream) as pages:
            async for page in pages:
                for task in await self._tasks(page.items):
                    yield task

    # search

    async def _search_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        """Best matches of the system's search, newest first; it looks into title, description and notes.

        The search drops words of one letter: a text of nothing else is looked for in titles and descriptions.
        """
        project = None if query.project_id is None else await self._in_project(query.project_id)
        text = query.text or ""
        stream = self._found(query, project, text) if has_words(text) else self._containing(query, project)
        async with aclosing(stream) as tasks:
            async for task in tasks:
                yield task

    async def _found(
        self, query: TaskQuery, project: Mapping[str, Any] | None, text: str
    ) -> AsyncGenerator[PMTask, None]:
        """The results hold ids and titles only: the issues are fetched, a page of results at a time."""
        path = "search" if project is None else f"projects/{project['project_id']}/search"
        params: dict[str, str | int] = {"q": text, "issues": 1, "all_words": 1}
        if project is not None:
            params["scope"] = ""  # without its subprojects
        stream = self._api.pages(path, "results", params, window=query.window, limit=query.limit)
        async with aclosing(stream) as pages:
            async for page in pages:
                ids = list(dict.fromkeys(identifier(one, "result") for one in page.items))
                for one in await self._issues(ids):
                    if project is None or ref_id(one, "project") == project["project_id"]:
                        yield await self._task(one)

    async def _issues(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Issues in the order of their ids; those that are gone are left out."""
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(ids), _IDS_PER_CALL):
            chunk = ids[start : start + _IDS_PER_CALL]
            params = {**ALL_STATUSES, "issue_id": ",".join(chunk), "limit": _IDS_PER_CALL}
            found |= {
                identifier(one, "issue"): one for one in await self._api.all("issues", "issues", params)
            }
        return [found[one] for one in ids if one in found]

    async def _containing(
        self, query: TaskQuery, project: Mapping[str, str | int] | None
    ) -> AsyncGenerator[PMTask, None]:
        seen: set[str] = set()
        for column in ("subject", "description"):
            params = {**ALL_STATUSES, **_BY_ID, **(project or {}), column: f"~{(query.text or '').strip()}"}
            async with aclosing(self._listed(query, params)) as tasks:
                async for task in tasks:
                    if task.id not in seen:
                        seen.add(task.id)
                        yield task

    # documents to records

    async def _task(self, document: Mapping[str, Any]) -> PMTask:
        return (await self._tasks([document]))[0]

    async def _tasks(self, documents: Sequence[Mapping[str, Any]]) -> list[PMTask]:
        """Records of documents, with everything that their names need at hand."""
        if not documents:
            return []
        statuses = {one.id: one for one in await self._catalog.statuses()}
        if any((ref_id(one, "status") or "") not in {*statuses, ""} for one in documents):
            statuses = {one.id: one for one in await self._catalog.statuses(fresh=True)}
        priorities = {one.id: one for one in await self._catalog.priorities()}
        if any((ref_id(one, "priority") or "") not in {*priorities, ""} for one in documents):
            priorities = {one.id: one for one in await self._catalog.priorities(fresh=True)}
        reading = TaskReading(
            text=(await self._texts()).read,
            status=lambda key: statuses[key].status if key in statuses else None,
            priority=lambda key: priorities[key].priority if key in priorities else None,
            is_closed=lambda key: key in statuses and statuses[key].is_closed,
            fields=await self._catalog.fields_for("issue", documents),
            base_url=self._options.base_url,
            keep_raw=self._options.keep_raw,
        )
        return [to_task(one, reading) for one in documents]
