"""Reading tasks: single, lists, search.

The vendor's lists leave out subtasks, closed tasks, archived tasks and the Markdown of descriptions unless
each is asked for ([doc] Get Tasks). Archived tasks come from the list's own address only, and without the
others.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from pm_providers.collector import collector_paused
from pm_providers.contract import PMProviderConfig, TaskQuery
from pm_providers.errors import NotFoundError
from pm_providers.model import PMTask, TaskStatus
from pm_providers.providers.clickup.client import Api
from pm_providers.providers.clickup.containers import ProjectReader
from pm_providers.providers.clickup.mapping.choices import merged_statuses
from pm_providers.providers.clickup.mapping.tasks import TaskReading, project_of, to_task
from pm_providers.providers.clickup.mapping.values import ref_id
from pm_providers.providers.clickup.sizes import SizeHint
from pm_providers.toolkit.choices import filter_candidates
from pm_providers.toolkit.documents import identifier, is_number
from pm_providers.transport import bounded_map

__all__ = ["EVERYTHING", "TaskReader", "listing_of"]

EVERYTHING: Mapping[str, str | bool] = {
    "subtasks": True,
    "include_closed": True,
    "include_markdown_description": True,
}
"""Parameters without which a list of tasks lacks data."""

_OLDEST_FIRST: Mapping[str, str | bool] = {"order_by": "created", "reverse": True}
_FILTERS = {"space": "space_ids[]", "folder": "project_ids[]"}
_MOST_SIZES = 1000
Keep = Callable[[PMTask], bool]


@dataclass(frozen=True, slots=True)
class _Listing:
    """What a list of tasks asks for.

    Attributes:
        path: address.
        params: parameters.
        project: only tasks of this project; lists may hold others.
        whole: nothing is left out by conditions.
    """

    path: str
    params: dict[str, Any]
    project: str | None
    whole: bool


class TaskReader(ProjectReader):
    """Tasks, read."""

    def __init__(self, config: PMProviderConfig, **given: Any) -> None:
        super().__init__(config, **given)
        self._sizes: dict[str, int] = {}
        """Project -> tasks that it had when it was listed as a whole."""

    async def _get_task(self, task_id: str) -> PMTask | None:
        found = await self._api.find_task(task_id)
        return None if found is None else await self._task(found)

    # lists

    async def _iter_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        try:
            params, keep = await self._conditions(query)
        except NotFoundError:
            await self._check_project(query.project_id)
            return  # nobody, and no sprint, of that id: no task fits
        async with aclosing(self._found(query, params, keep)) as tasks:
            async for task in tasks:
                yield task

    async def _found(
        self, query: TaskQuery, params: dict[str, Any], keep: Keep
    ) -> AsyncGenerator[PMTask, None]:
        listing = self._listing(query, params)
        began = self._timing.monotonic()
        seen: set[str] = set()
        async with aclosing(self._pages(listing, query)) as pages:
            async for page in pages:
                for task in await self._tasks(page, began):
                    if not task.is_archived and keep(task):
                        seen.add(task.id)
                        yield task
        if not query.include_archived:
            return
        async with aclosing(self._archived(query, params)) as tasks:
            async for task in tasks:
                if keep(task) and task.id not in seen:
                    seen.add(task.id)
                    yield task

    def _listing(self, query: TaskQuery, params: Mapping[str, Any]) -> _Listing:
        asked: dict[str, Any] = {**EVERYTHING, **_OLDEST_FIRST, **params}
        if query.sprint_id is not None:
            path = f"list/{query.sprint_id}/task"
            return _Listing(path, {**asked, "include_timl": True}, query.project_id, whole=False)
        whole = not params and query.limit is None and query.project_id is not None
        if query.project_id is None:
            return _Listing(f"{self._api.team}/task", asked, None, whole)
        path, own = listing_of(self._api, self._level, query.project_id)
        return _Listing(path, asked | own, query.project_id, whole)

    async def _pages(
        self, listing: _Listing, query: TaskQuery
    ) -> AsyncGenerator[Sequence[dict[str, Any]], None]:
        """Pages of a list. A project without tasks is looked up: unknown ones have none, too."""
        project, count, began = listing.project, 0, self._timing.monotonic()
        expected, hint = None, None
        if listing.whole and project is not None:
            expected, hint = self._sizes.get(project), SizeHint(self._catalog, self._level, project)

        async def spends(page: Sequence[dict[str, Any]]) -> bool:
            if hint is not None:
                hint.note(page)
            return await self._spends(page, began)

        # Who wants a few tasks gets them page by page.
        window = query.window if query.limit is None else 1
        try:
            stream = self._api.tasks(
                listing.path, listing.params, window=window, expected=expected, hint=hint, spends=spends
            )
            async with aclosing(stream) as pages:
                async for page in pages:
                    own = [one for one in page if project is None or project_of(one, self._level) == project]
                    count += len(own)
                    yield own
        except NotFoundError:
            await self._check_project(project)
            if query.sprint_id is None:
                raise
            return
        if not count:
            await self._check_project(project)
        elif listing.whole and project is not None:
            self._sizes[project] = count
            while len(self._sizes) > _MOST_SIZES:
                del self._sizes[next(iter(self._sizes))]

    async def _check_project(self, project: str | None) -> None:
        if project is not None:
            await self._project_document(project)

    async def _spends(self, page: Sequence[dict[str, Any]], began: float) -> bool:
        """Look up what the records of a page's tasks need; says whether that took a request."""
        before = self._catalog.loads
        await self._type_names(page, began)
        await self._sprint_ids(page, began)
        return self._catalog.loads != before

    # conditions

    async def _conditions(self, query: TaskQuery) -> tuple[dict[str, Any], Keep]:
        """Parameters that narrow a list, and what is looked at here besides.

        Filters by people, statuses and tags that do not exist answer an empty list ([obs]), so they are
        checked.

        Raises:
            NotFoundError: nobody, or no sprint, of that id.
            ValidationError: the status is unknown.
        """
        params: dict[str, Any] = {}
        checks: list[Keep] = []
        if query.status is not None:
            params |= await self._status_filter(query.status, query.project_id)
            checks.append(_status_check(query.status))
        if query.assignee_id is not None:
            user = await self._user_id(query.assignee_id)
            params["assignees[]"] = [user]
            checks.append(lambda task: user in task.assignee_ids)
        if query.sprint_id is not None:
            if not is_number(query.sprint_id):
                raise NotFoundError(f"there is no sprint {query.sprint_id!r:.80}")
            sprint = query.sprint_id
            checks.append(lambda task: task.sprint_id == sprint)
        if query.updated_since is not None:
            since = query.updated_since
            since = since.replace(microsecond=since.microsecond // 1000 * 1000)
            # The filter leaves out the very millisecond; tasks tell no less than that.
            params["date_updated_gt"] = int(since.timestamp() * 1000) - 1
            checks.append(lambda task: (task.updated_at or since) >= since)
        return params, lambda task: all(check(task) for check in checks)

    async def _status_filter(self, value: str, project: str | None) -> dict[str, Any]:
        """A status by its name is filtered by the vendor; a unified one here: lists have names of their own.

        Raises:
            ValidationError: no list has a status of that name.
        """
        if value in set(TaskStatus):
            return {}
        found = filter_candidates(await self._project_statuses(project), value)
        return {"statuses[]": [one.name for one in found]}

    async def _project_statuses(self, project: str | None) -> Any:
        """Statuses of the lists of a project, or of all, each name once.

        Lists have those of their folder or space unless they override them.
        """
        projects = [project] if project is not None else await self._project_ids()
        sets = [one for project_id in projects for one in await self._status_sets(project_id)]
        statuses = ([*(one.get("statuses") or ())] for one in sets)
        return merged_statuses(list(statuses), self._options.status_map)

    async def _status_sets(self, project: str) -> list[Mapping[str, Any]]:
        place = await self._place(project)
        if self._level == "list":
            return [await self._catalog.task_list(project, fresh=True)]
        structure = await self._catalog.structure(place.space_id, fresh=True)
        lists = structure.all_lists()
        if self._level == "folder":
            lists = [pair for pair in lists if pair[1].get("id") == place.id]
        own = [identifier(one, "list") for one, _ in lists if one.get("override_statuses") is True]
        folders = [one for _, one in lists if one.get("override_statuses") is True]
        answers = await bounded_map(self._catalog.task_list, own, self._options.concurrency)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        space = await self._catalog.space(place.space_id)
        return [space, *folders, *(one for one in answers if isinstance(one, dict))]

    # archived tasks

    async def _archived(self, query: TaskQuery, params: Mapping[str, Any]) -> AsyncGenerator[PMTask, None]:
        """Archived tasks and those of archived lists, which only lists give: a request at least for each."""
        asked = {**EVERYTHING, **_OLDEST_FIRST, **params}
        if query.sprint_id is not None:
            lists, asked = {query.sprint_id: False}, {**asked, "include_timl": True}
        else:
            lists = await self._lists_to_read(query.project_id)
        async with aclosing(self._hidden(lists, asked)) as pages:
            async for page in pages:
                for task in await self._tasks(page):
                    if query.project_id in {None, task.project_id}:
                        yield task

    async def _hidden(
        self, lists: Mapping[str, bool], params: Mapping[str, Any]
    ) -> AsyncGenerator[Sequence[dict[str, Any]], None]:
        """Pages of what the list of the Workspace leaves out: archived tasks, and all of archived lists.

        Args:
            lists: id -> whether it is archived, see `ProjectReader`.
            params: conditions.
        """
        wanted = [(one, True) for one in lists] + [(one, False) for one, old in lists.items() if old]
        for one, archived in wanted:
            stream = self._api.tasks(f"list/{one}/task", {**params, "archived": archived})
            async with aclosing(stream) as pages:
                async for page in pages:
                    yield page

    async def _lists_to_read(self, project: str | None) -> dict[str, bool]:
        if project is not None:
            return await self._lists_of(project)
        found: dict[str, bool] = {}
        for space in await self._spaces():
            found |= await self._lists_within(identifier(space, "space"))
        return found

    # search

    async def _search_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        """All tasks are read, and those with all words in title or description are taken: there is no search.

        A list of 10,000 tasks costs 100 requests.
        """
        words = (query.text or "").casefold().split()
        everything = TaskQuery(project_id=query.project_id, window=query.window)
        async with aclosing(self._found(everything, {}, lambda task: _has_words(task, words))) as tasks:
            async for task in tasks:
                yield task

    # documents to records

    async def _task(self, document: Mapping[str, Any]) -> PMTask:
        return (await self._tasks([document]))[0]

    async def _tasks(
        self, documents: Sequence[Mapping[str, Any]], began: float | None = None
    ) -> list[PMTask]:
        """Records of documents, with everything that their names need at hand.

        What was known when a list of many pages `began` (by the clock that only goes forward) serves for
        all of it, however long the quota makes it take.
        """
        if not documents:
            return []
        reading = TaskReading(
            level=self._level,
            zone=await self._zone(),
            rule=self._catalog.rule,
            types=await self._type_names(documents, began),
            sprint_ids=await self._sprint_ids(documents, began),
            status={name.strip().casefold(): one for name, one in self._options.status_map.items()},
            priorities={one.name: one.priority for one in self._catalog.priorities},
            keep_raw=self._options.keep_raw,
        )
        with collector_paused():
            return [to_task(one, reading) for one in documents]

    def _since_s(self, began: float | None) -> float:
        return 0.0 if began is None else self._timing.monotonic() - began

    async def _type_names(
        self, documents: Iterable[Mapping[str, Any]], began: float | None = None
    ) -> dict[str, str]:
        used = {str(one.get("custom_item_id")) for one in documents if one.get("custom_item_id") is not None}
        return await self._catalog.type_names(used, since_s=self._since_s(began))

    async def _sprint_ids(
        self, documents: Iterable[Mapping[str, Any]], began: float | None = None
    ) -> set[str]:
        """Sprints of the spaces of those tasks that are in more than one list."""
        spaces = {ref_id(one, "space") for one in documents if one.get("locations")}
        found: set[str] = set()
        for space in spaces:
            if space is not None and self._level != "list":
                found |= await self._catalog.sprint_ids(space, since_s=self._since_s(began))
        return found


def listing_of(api: Api, level: str, project: str) -> tuple[str, dict[str, Any]]:
    """Address and parameters of the list of a project's tasks.

    Raises:
        NotFoundError: no such project can exist.
    """
    if not is_number(project):
        raise NotFoundError(f"there is no project {project!r:.80}")
    if level == "list":
        return f"list/{project}/task", {}
    return f"{api.team}/task", {_FILTERS[level]: [project]}


def _status_check(value: str) -> Keep:
    folded = value.strip().casefold()
    return lambda task: task.status == value or (task.status_name or "").strip().casefold() == folded


def _has_words(task: PMTask, words: Sequence[str]) -> bool:
    text = f"{task.title}\n{task.description or ''}".casefold()
    return all(word in text for word in words)
