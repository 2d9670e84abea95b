"""Reading tasks: single, and lists."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import httpx2

from pm_providers.collector import collector_paused
from pm_providers.contract import PMProviderConfig, TaskQuery
from pm_providers.errors import NotFoundError, PermissionDeniedError
from pm_providers.model import PMTask, TaskStatus
from pm_providers.providers.asana.actions import Action
from pm_providers.providers.asana.catalog import Projects
from pm_providers.providers.asana.config import CUSTOM_TYPE_SOURCE
from pm_providers.providers.asana.connection import Connection
from pm_providers.providers.asana.listing import ProjectListing, Tree
from pm_providers.providers.asana.mapping.choices import INCOMPLETE
from pm_providers.providers.asana.mapping.tasks import (
    LEAN_FIELDS,
    TaskReading,
    is_task,
    memberships_of,
    to_task,
)
from pm_providers.providers.asana.mapping.values import gid, is_gid, ref_gid
from pm_providers.toolkit.choices import filter_candidates
from pm_providers.toolkit.documents import Document
from pm_providers.transport import Timing, bounded_map

__all__ = ["TaskReader"]

_Fits = Callable[[PMTask], bool]


class TaskReader(Connection):
    """Tasks, read."""

    def __init__(
        self,
        config: PMProviderConfig,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        timing: Timing | None = None,
    ) -> None:
        super().__init__(config, transport=transport, timing=timing)
        self._listing = ProjectListing(self._api, self._catalog)

    async def _get_task(self, task_id: str) -> PMTask | None:
        """Costs a request; of a subtask, one more for each level above it, once a minute."""
        found = await self._find_task(task_id)
        return None if found is None or not is_task(found) else await self._task(found)

    # lists

    async def _iter_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        """Tasks and their subtasks, open and closed, each once.

        Filters on status, assignee and time of change are ours: the vendor's know neither subtasks nor
        changes of them ([obs] airbyte: lost subtasks).
        """
        if query.project_id is not None and not is_gid(query.project_id):
            raise NotFoundError(f"there is no project {query.project_id!r:.80}")
        try:
            fits = await self._condition(query)
        except NotFoundError:
            if query.project_id is not None:
                await self._project_document(query.project_id)
            return  # nobody, or no status of that meaning: no task fits
        async with aclosing(self._source(query)) as tasks:
            async for task in tasks:
                if fits(task):
                    yield task

    async def _condition(self, query: TaskQuery) -> _Fits:
        """What a task must be, besides where it is.

        Raises:
            NotFoundError: nothing can fit.
            ValidationError: the status is unknown.
        """
        assignee = None if query.assignee_id is None else await self._user_id(query.assignee_id)
        status = None if query.status is None else await self._status_filter(query.status, query.project_id)
        since, sprint, project = query.updated_since, query.sprint_id, query.project_id

        def fits(task: PMTask) -> bool:
            return (
                (assignee is None or task.assignee_id == assignee)
                and (status is None or status(task))
                and (since is None or (task.updated_at or since) >= since)
                and (sprint is None or task.sprint_id == sprint)
                and (project is None or task.project_id == project)
            )

        return fits

    async def _status_filter(self, value: str, project: str | None) -> _Fits:
        if value in set(TaskStatus):
            return lambda task: task.status == value
        if project is not None:
            known = await self._catalog.statuses(project, fresh=True)
        else:
            known = await self._list_statuses(None)
        found = filter_candidates(known, value)
        names = {one.name.strip().casefold() for one in found}
        return lambda task: (task.status_name or "").strip().casefold() in names

    def _source(self, query: TaskQuery) -> AsyncGenerator[PMTask, None]:
        """The shortest list that holds all tasks that fit."""
        if query.sprint_id is not None and self._options.has_sprint_projects:
            return self._in_sprint(query)
        if query.project_id is not None:
            return self._in_project(query.project_id, query.window, _taken(query))
        if query.assignee_id is not None:
            return self._of_assignee(query.assignee_id, query)
        return self._everywhere(query)

    async def _in_project(
        self, project: str, window: int = 1, limit: int | None = None
    ) -> AsyncGenerator[PMTask, None]:
        """Tasks of a project, and subtasks that belong to it.

        Raises:
            NotFoundError: no such project, or it is a sprint.
        """
        tree, begun = Tree(project), False
        while True:
            try:
                stream = self._listing.pages(tree, self._task_fields, window=window, limit=limit)
                async with aclosing(stream) as pages:
                    async for page in pages:
                        begun = True
                        for task in await self._tasks(page, project=project, homes=tree.homes):
                            if task.project_id == project:
                                yield task
            except PermissionDeniedError as error:
                if begun or not self._asks_too_much(error):
                    raise
                continue
            return

    async def _in_sprint(self, query: TaskQuery) -> AsyncGenerator[PMTask, None]:
        """Tasks in the project that stands for the sprint; one that is in another open one is of that."""
        sprint = query.sprint_id or ""
        if query.project_id is not None:
            await self._project_document(query.project_id)
        if not is_gid(sprint) or sprint not in (await self._catalog.projects(fresh=True)).sprints:
            return
        path, limit = f"projects/{sprint}/tasks", _taken(query)
        async with aclosing(self._api.pages(path, self._task_fields, limit=limit)) as pages:
            async for page in pages:
                for task in await self._tasks(page):
                    yield task

    async def _of_assignee(self, assignee: str, query: TaskQuery) -> AsyncGenerator[PMTask, None]:
        """All tasks of a person, subtasks among them; those that are in no project, too."""
        params = {"assignee": await self._user_id(assignee), "workspace": self._options.workspace}
        stream = self._api.pages("tasks", self._task_fields, params, limit=_taken(query))
        try:
            async with aclosing(stream) as pages:
                async for page in pages:
                    for task in await self._tasks(page):
                        yield task
        except NotFoundError:
            return  # nobody

    async def _everywhere(self, query: TaskQuery) -> AsyncGenerator[PMTask, None]:
        """Tasks of all projects and sprints, and our own that are in none: no list holds those of others."""
        projects, seen = await self._catalog.projects(fresh=True), set[str]()
        for source in (
            self._in_projects(projects, query),
            self._in_sprints_alone(projects, query, seen),
            self._in_none(query),
        ):
            async with aclosing(source) as tasks:
                async for task in tasks:
                    if task.id not in seen:
                        seen.add(task.id)
                        yield task

    async def _in_projects(self, projects: Projects, query: TaskQuery) -> AsyncGenerator[PMTask, None]:
        wanted = [
            one
            for one, found in projects.documents.items()
            if one not in projects.sprints and (query.include_archived or found.get("archived") is not True)
        ]
        for start in range(0, len(wanted), max(1, query.window)):
            some = wanted[start : start + max(1, query.window)]
            for tasks in await bounded_map(self._all_in, some, len(some)):
                if isinstance(tasks, NotFoundError | PermissionDeniedError):
                    continue  # deleted, or hidden, while we looked
                if isinstance(tasks, Exception):
                    raise tasks
                for task in tasks:
                    yield task

    async def _in_sprints_alone(
        self, projects: Projects, query: TaskQuery, seen: Collection[str]
    ) -> AsyncGenerator[PMTask, None]:
        for one, place in projects.sprints.items():
            if query.include_archived or place.document.get("archived") is not True:
                for task in await self._only_in(one, projects.sprints, seen):
                    yield task

    async def _in_none(self, query: TaskQuery) -> AsyncGenerator[PMTask, None]:
        async with aclosing(self._of_assignee("me", query)) as own:
            async for task in own:
                if task.project_id is None:
                    yield task

    async def _only_in(self, sprint: str, sprints: Collection[str], seen: Collection[str]) -> list[PMTask]:
        """Tasks that people made on the board of a sprint, and which are in no other project."""
        try:
            lean = await self._api.all(f"projects/{sprint}/tasks", LEAN_FIELDS)
        except (NotFoundError, PermissionDeniedError):
            return []  # deleted, or hidden, while we looked
        alone = [
            gid(one, "task")
            for one in lean
            if all(name in sprints for name, _ in memberships_of(one)) and gid(one, "task") not in seen
        ]
        actions = [Action("GET", f"tasks/{one}", {}, self._task_fields) for one in alone]
        outcomes = await self._api.batch(actions)
        return await self._tasks([one.data() for one in outcomes if not one.is_missing])

    async def _all_in(self, project: str) -> list[PMTask]:
        return [task async for task in self._in_project(project, 2)]

    # documents to records

    async def _task(self, document: Mapping[str, Any]) -> PMTask:
        return (await self._records([document]))[0]

    async def _tasks(
        self,
        documents: Sequence[Mapping[str, Any]],
        *,
        project: str | None = None,
        homes: Mapping[str, str | None] | None = None,
    ) -> list[PMTask]:
        """Records of the documents that are tasks: separators are none."""
        return await self._records([one for one in documents if is_task(one)], project, homes)

    async def _records(
        self,
        documents: Sequence[Mapping[str, Any]],
        project: str | None = None,
        homes: Mapping[str, str | None] | None = None,
    ) -> list[PMTask]:
        """Records of documents, with everything that their names need at hand.

        Args:
            documents: tasks with `self._task_fields`.
            project: the project that is listed; each task's first one when missing.
            homes: where subtasks belong, as far as it is known.
        """
        if not documents:
            return []
        reading = await self._reading(documents, project, homes or {})
        with collector_paused():
            found = [to_task(one, reading) for one in documents]
        unknown = {one.project_id for one in found if one.priority_name and one.priority is None}
        if not unknown:
            return found
        for one in unknown - {None}:
            await self._catalog.learn_priorities(str(one))
        return [to_task(one, reading) for one in documents]

    async def _reading(
        self, documents: Sequence[Mapping[str, Any]], project: str | None, homes: Mapping[str, str | None]
    ) -> TaskReading:
        places: dict[str, dict[str, Document]] = {}
        for one in documents:
            for name, section in memberships_of(one):
                known = places.setdefault(name, {})
                if section is not None:
                    known.setdefault(gid(section, "section"), section)
        sprints = await self._catalog.sprints(places, project)
        kind = self._options.status_source.partition(":")[0]
        real = {name: found for name, found in places.items() if name not in sprints}
        reading = TaskReading(
            project=project,
            sprints=sprints,
            status_from=kind,
            incomplete=INCOMPLETE,
            priority=self._catalog.priority_meaning,
            conventions=self._catalog.conventions,
            keep_raw=self._keep_raw,
        )
        reading.homes = await self._homes(documents, reading, homes)
        if self._options.has_sections:
            reading.statuses = await self._catalog.status_table(real)
        elif kind in {CUSTOM_TYPE_SOURCE, "custom_field"}:
            owners = {*real, *(one for one in reading.homes.values() if one is not None)}
            reading.statuses = await self._catalog.status_table({one: {} for one in owners})
        return reading

    async def _homes(
        self, documents: Sequence[Mapping[str, Any]], reading: TaskReading, known: Mapping[str, str | None]
    ) -> Mapping[str, str | None]:
        """Projects of subtasks that are in none themselves, by the gid of the task above."""
        missing = set()
        for one in documents:
            parent = ref_gid(one, "parent")
            if parent is not None and parent not in known:
                own = [name for name, _ in memberships_of(one) if name not in reading.sprints]
                if not own:
                    missing.add(parent)
        if not missing:
            return known
        return {**known, **{one: await self._catalog.home(one) for one in sorted(missing)}}


def _taken(query: TaskQuery) -> int | None:
    """Records to fetch at most: where something is left out here, more may be needed."""
    filtered = (query.assignee_id, query.status, query.updated_since, query.sprint_id)
    return query.limit if all(one is None for one in filtered) else None
