"""Reading tasks: single, lists, search. Schemas for the names of custom fields come along with the lists."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from pm_providers.contract import TaskQuery
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.model import PMPriority, PMStatus, PMTask
from pm_providers.providers.openproject import filters
from pm_providers.providers.openproject.connection import Connection, is_number
from pm_providers.providers.openproject.errors import is_invalid_query
from pm_providers.providers.openproject.mapping.custom_fields import (
    CustomField,
    custom_keys,
    has_custom_fields,
)
from pm_providers.providers.openproject.mapping.hal import elements, identifier, link_id
from pm_providers.providers.openproject.mapping.sprints import is_native
from pm_providers.providers.openproject.mapping.tasks import TaskReading, project_of, schema_of, to_task
from pm_providers.toolkit.choices import filter_candidates

__all__ = ["TaskReader"]

_NEW_SCHEMA_S = 30.0
_BY_ID = filters.sorting(("id", "asc"))


class TaskReader(Connection):
    """Tasks, read."""

    async def _get_task(self, task_id: str) -> PMTask | None:
        found = await self._find_task(task_id)
        return None if found is None else await self._task(found)

    async def _iter_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        try:
            conditions = await self._conditions(query)
        except NotFoundError:
            if query.project_id is not None:
                await self._project_document(query.project_id)
            return  # nobody, no sprint and no status of that name: no task fits
        project = None if query.project_id is None else await self._project_id(query.project_id)
        stream = self._listed(query, project, conditions)
        if project is None and is_number(query.sprint_id or ""):
            stream = self._listed_of_version(query, conditions)
        async with aclosing(stream) as tasks:
            async for task in tasks:
                yield task

    async def _search_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        project = None if query.project_id is None else await self._project_id(query.project_id)
        conditions = [filters.ALL_STATUSES, filters.operator("search", "**", [query.text or ""])]
        async with aclosing(self._listed(query, project, conditions)) as tasks:
            async for task in tasks:
                yield task

    async def _conditions(self, query: TaskQuery) -> list[filters.Filter]:
        status = filters.ALL_STATUSES
        if query.status is not None:
            # Anew: a status that was made meanwhile has tasks too, one that is gone is refused.
            candidates = filter_candidates(await self._catalog.statuses(fresh=True), query.status)
            if not candidates:
                raise NotFoundError(f"there is no status {query.status!r:.60}")
            status = filters.equal("status", [one.id for one in candidates])
        conditions = [status]
        if query.assignee_id is not None:
            conditions.append(filters.equal("assignee", [await self._user_id(query.assignee_id)]))
        if query.sprint_id is not None:
            conditions.append(await self._of_sprint(query.sprint_id))
        if query.updated_since is not None:
            conditions.append(filters.between("updatedAt", query.updated_since))
        return conditions

    async def _of_sprint(self, sprint_id: str) -> filters.Filter:
        path = await self._sprint_path(sprint_id)
        if path is None:
            raise NotFoundError(f"there is no sprint {sprint_id!r:.80}")
        kind, _, number = path.partition("/")
        return filters.equal("sprint" if kind == "sprints" else "version", [number])

    async def _listed(
        self, query: TaskQuery, project: str | None, conditions: Sequence[filters.Filter]
    ) -> AsyncGenerator[PMTask, None]:
        """Tasks of a project, or of all, also where a value is refused as a filter.

        A sprint that is refused is unknown or has nothing to do with this project: no task here has it
        (recorded 25-…: steps 9, 10, 17). An assignee that is refused may be somebody who is no member any
        more, and keeps the tasks: all are looked through for them.
        """
        met: set[str] = set()
        try:
            async with aclosing(self._filtered(query, project, conditions)) as tasks:
                async for task in tasks:
                    if query.assignee_id:
                        met.add(task.id)
                    yield task
        except ValidationError as error:
            if not is_invalid_query(error) or not (query.assignee_id or query.sprint_id):
                raise
        else:
            return
        if query.assignee_id is not None:
            others = [one for one in conditions if "assignee" not in one]
            async with aclosing(self._of_assignee(query, project, others)) as tasks:
                async for task in tasks:
                    if task.id not in met:
                        yield task

    async def _of_assignee(
        self, query: TaskQuery, project: str | None, others: Sequence[filters.Filter]
    ) -> AsyncGenerator[PMTask, None]:
        """Tasks of somebody, picked out of those that the other conditions leave."""
        assignee = await self._user_id(query.assignee_id or "")
        stream = self._listed(replace(query, assignee_id=None, limit=None), project, others)
        async with aclosing(stream) as tasks:
            async for task in tasks:
                if task.assignee_id == assignee:
                    yield task

    async def _filtered(
        self, query: TaskQuery, project: str | None, conditions: Sequence[filters.Filter]
    ) -> AsyncGenerator[PMTask, None]:
        """Tasks that the server lists.

        A project's list would include its subprojects (recorded 25-…: step 21): the parameter keeps them out,
        and what comes all the same is dropped.
        """
        params = {"filters": filters.filters(*conditions), "sortBy": _BY_ID, "includeSubprojects": "false"}
        path = "work_packages" if project is None else f"projects/{project}/work_packages"
        stream = self._api.pages(path, params, window=query.window, limit=query.limit)
        async with aclosing(stream) as pages:
            async for page in pages:
                kept = [one for one in page.items if project is None or project_of(one) == project]
                for task in await self._tasks(kept, page.collection):
                    if not _hides_version(task, query.sprint_id):
                        yield task

    async def _listed_of_version(
        self, query: TaskQuery, conditions: Sequence[filters.Filter]
    ) -> AsyncGenerator[PMTask, None]:
        """Tasks of a version in all projects that it is shared with.

        The list of all projects refuses a project's version as a filter (recorded 25-…: step 12).
        """
        try:
            projects = await self._projects_of_version(query.sprint_id or "")
        except NotFoundError:
            return
        for project in projects:
            async with aclosing(self._listed(query, project, conditions)) as tasks:
                async for task in tasks:
                    yield task

    async def _projects_of_version(self, version: str) -> list[str]:
        """Projects that may have tasks of a version.

        The address knows no paging: it answers its first 30, whatever is asked, and how many there are
        ([code] lib/api/v3/versions/projects_by_version_api.rb). If that is not all, all projects are looked
        at; those that do not share the version refuse the filter, and none of their tasks has it.
        """
        found = await self._api.get(f"versions/{version}/projects")
        shown = [identifier(one, "project") for one in elements(found)]
        total = found.get("total")
        if not isinstance(total, int) or total <= len(shown):
            return shown
        params = {"filters": filters.filters(filters.equal("active", ["t"])), "sortBy": _BY_ID}
        return [identifier(one, "project") async for one in self._api.items("projects", params)]

    # documents to records

    async def _task(self, document: dict[str, Any]) -> PMTask:
        return (await self._tasks([document], {}))[0]

    async def _tasks(
        self, documents: Sequence[dict[str, Any]], collection: Mapping[str, Any]
    ) -> list[PMTask]:
        """Records of documents, with everything that their names need at hand."""
        if not documents:
            return []
        statuses = await self._known_statuses(documents)
        priorities = await self._known_priorities(documents)
        custom = await self._custom_by_schema(documents, collection)
        readings: dict[str, TaskReading] = {}
        records = []
        for one in documents:
            schema = schema_of(one) or ""
            if schema not in readings:
                readings[schema] = TaskReading(
                    status=lambda key, name: _status(statuses, key, name),
                    priority=lambda key, name: _priority(priorities, key, name),
                    fields=custom.get(schema, ()),
                    sprint_source=self._options.sprint_source,
                    base_url=self._options.base_url,
                    keep_raw=self._options.keep_raw,
                )
            records.append(to_task(one, readings[schema]))
        return records

    async def _known_statuses(self, documents: Sequence[dict[str, Any]]) -> dict[str, PMStatus]:
        known = {one.id: one for one in await self._catalog.statuses()}
        if any((link_id(one, "status") or "") not in {*known, ""} for one in documents):
            known = {one.id: one for one in await self._catalog.statuses(fresh=True)}
        return known

    async def _known_priorities(self, documents: Sequence[dict[str, Any]]) -> dict[str, PMPriority]:
        known = {one.id: one for one in await self._catalog.priorities()}
        if any((link_id(one, "priority") or "") not in {*known, ""} for one in documents):
            known = {one.id: one for one in await self._catalog.priorities(fresh=True)}
        return known

    async def _custom_by_schema(
        self, documents: Sequence[dict[str, Any]], collection: Mapping[str, Any]
    ) -> dict[str, tuple[CustomField, ...]]:
        """Custom fields by schema id. A schema that lacks a field is older than it: it is asked anew."""
        carriers = {schema_of(one): one for one in documents if has_custom_fields(one)}
        needed = {schema: one for schema, one in carriers.items() if schema}
        await self._catalog.schemas(needed, collection)
        found = {}
        for schema, one in needed.items():
            fields = await self._catalog.task_fields(schema)
            stale = (self._catalog.schema_age_s(schema) or 0.0) > _NEW_SCHEMA_S
            if stale and not custom_keys(one) <= {field.key for field in fields}:
                fields = await self._catalog.task_fields(schema, fresh=True)
            found[schema] = fields
        return found


def _hides_version(task: PMTask, sprint_id: str | None) -> bool:
    """Whether a task of a version is in a native sprint as well, which is the one that it reads back."""
    return is_number(sprint_id or "") and is_native(task.sprint_id)


def _status(
    known: Mapping[str, PMStatus], key: str | None, title: str | None
) -> tuple[str | None, str | None]:
    found = known.get(key or "")
    return (found.status, title or found.name) if found else (None, title)


def _priority(
    known: Mapping[str, PMPriority], key: str | None, title: str | None
) -> tuple[str | None, str | None]:
    found = known.get(key or "")
    return (found.priority, title or found.name) if found else (None, title)
