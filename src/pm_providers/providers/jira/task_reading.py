"""Reading tasks: single, lists, search by text and by JQL."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import httpx2

from pm_providers.collector import collector_paused
from pm_providers.contract import PMProviderConfig, TaskQuery
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.model import PMTask
from pm_providers.providers.jira import jql
from pm_providers.providers.jira.client import AGILE
from pm_providers.providers.jira.connection import Connection, is_issue
from pm_providers.providers.jira.issues import Issues
from pm_providers.providers.jira.mapping.tasks import BASE_FIELDS, TaskReading, to_task
from pm_providers.providers.jira.mapping.values import fields_of, ref_id
from pm_providers.toolkit.choices import filter_candidates
from pm_providers.toolkit.documents import identifier, is_number, optional_text
from pm_providers.transport import Timing

__all__ = ["JQL_PREFIX", "TaskReader"]

JQL_PREFIX = "jql:"
"""A text that begins so is searched for as JQL."""


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
        self._issues = Issues(self._api, self._recent)
        self._epics: dict[str, str] = {}

    async def _get_task(self, task_id: str) -> PMTask | None:
        await self._api.identify()
        if not is_issue(task_id):
            return None
        found = await self._find_issue(task_id, await self._issue_fields())
        return None if found is None else await self._task(found)

    async def _issue_fields(self, project: str | None = None) -> list[str]:
        """Ids of the fields that tasks are made of; without them a search tells ids only."""
        await self._api.identify()
        special = await self._catalog.special(project)
        custom = await self._catalog.custom(project)
        return list(dict.fromkeys((*BASE_FIELDS, *special.ids, *(one.id for one in custom))))

    # lists

    async def _iter_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        await self._api.identify()
        project = query.project_id or self._options.project_key
        try:
            conditions = await self._conditions(query)
        except NotFoundError:
            if project:
                await self._project_document(project)
            return  # nobody, no sprint and no status of that name: no task fits
        where = [f"project = {jql.quoted(project)}"] if project else []
        stream = self._found(jql.all_of([*where, *conditions]), project, query)
        async with aclosing(stream) as tasks:
            async for task in tasks:
                since = query.updated_since
                if since is None or (task.updated_at or since) >= since:
                    yield task

    async def _conditions(self, query: TaskQuery) -> list[str]:
        """Conditions but that of the project.

        Raises:
            NotFoundError: nothing can fit.
        """
        found = []
        if query.status is not None:
            project = None if query.project_id is None else await self._project_id(query.project_id)
            # Anew: a status that was made meanwhile has tasks too, one that is gone would be an error.
            statuses = filter_candidates(await self._catalog.statuses(project, fresh=True), query.status)
            if not statuses:
                raise NotFoundError(f"there is no status {query.status!r:.60}")
            found.append(jql.any_id("status", [one.id for one in statuses]))
        if query.assignee_id is not None:
            found.append(f"assignee = {jql.quoted(await self._known_user(query.assignee_id))}")
        if query.sprint_id is not None:
            found.append(f"sprint = {await self._known_sprint(query.sprint_id)}")
        if query.updated_since is not None:
            found.append(jql.changed_since(query.updated_since, await self._zone()))
        return found

    async def _zone(self) -> str | None:
        """Time zone for times in queries: Cloud takes milliseconds, which have none."""
        me = await self._api.identify()
        return None if self._cloud else str(me.get("timeZone") or "unknown")

    async def _known_user(self, value: str) -> str:
        """An unknown user in a query is an error, so that it is looked up first."""
        one = await self._user_id(value)
        if not await self._may_be_user(one):
            raise NotFoundError(f"there is no user {value!r:.80}")
        return one

    async def _known_sprint(self, value: str) -> str:
        if not is_number(value) or await self._api.find(f"{AGILE}/sprint/{value}") is None:
            raise NotFoundError(f"there is no sprint {value!r:.80}")
        return value

    async def _found(self, query: str, project: str | None, asked: TaskQuery) -> AsyncGenerator[PMTask, None]:
        """Tasks that fit a query.

        Raises:
            NotFoundError: the project does not exist; the vendor calls that an error of the query.
        """
        fields = await self._issue_fields()
        stream = self._issues.pages(query, fields, window=asked.window, limit=asked.limit)
        try:
            async with aclosing(stream) as pages:
                async for page in pages:
                    for task in await self._tasks(page):
                        yield task
        except ValidationError:
            if project is not None:
                await self._project_document(project)
            raise

    # search

    async def _search_tasks(self, query: TaskQuery) -> AsyncIterator[PMTask]:
        """By the words of a text, newest first; by JQL where the text begins with `jql:`."""
        text = (query.text or "").strip()
        if text.casefold().startswith(JQL_PREFIX):
            stream = self._by_jql(text[len(JQL_PREFIX) :], query)
        else:
            stream = self._by_words(text, query)
        async with aclosing(stream) as tasks:
            async for task in tasks:
                yield task

    async def _by_words(self, text: str, query: TaskQuery) -> AsyncGenerator[PMTask, None]:
        await self._api.identify()
        words = jql.containing(text)
        project = query.project_id or self._options.project_key
        if words is None:
            if project is not None:
                await self._project_document(project)
            return
        where = f"project = {jql.quoted(project)}" if project else None
        async with aclosing(self._asked(jql.all_of([where, words], "updated DESC"), project, query)) as tasks:
            async for task in tasks:
                yield task

    async def _by_jql(self, text: str, query: TaskQuery) -> AsyncGenerator[PMTask, None]:
        asked = jql.within(text.strip(), query.project_id)
        async with aclosing(self._asked(asked, query.project_id, query)) as tasks:
            async for task in tasks:
                yield task

    async def _asked(self, asked: str, project: str | None, query: TaskQuery) -> AsyncGenerator[PMTask, None]:
        """As `_found`, where the text is to blame for what is not understood."""
        try:
            async with aclosing(self._found(asked, project, query)) as tasks:
                async for task in tasks:
                    yield task
        except ValidationError as error:
            raise ValidationError(
                error.message, fields={"text": error.message, **error.fields}, status=error.status
            ) from error

    async def search_jql(
        self, query: str, *, project_id: str | None = None, limit: int | None = None
    ) -> list[PMTask]:
        """Tasks that a query in JQL finds, in its order.

        Args:
            query: JQL; it must hold a restriction, not only an order.
            project_id: only tasks of this project.
            limit: stop after so many.

        Raises:
            ValidationError: the query is not understood; the message is the vendor's.
        """
        return await self.search_tasks(f"{JQL_PREFIX}{query}", project_id=project_id, limit=limit)

    # documents to records

    async def _task(self, document: Mapping[str, Any]) -> PMTask:
        return (await self._tasks([document]))[0]

    async def _tasks(self, documents: Sequence[Mapping[str, Any]]) -> list[PMTask]:
        """Records of documents, with everything that their names need at hand."""
        if not documents:
            return []
        await self._resolve_epics(documents)
        projects = [ref_id(fields_of(one), "project") for one in documents]
        readings = {project: await self._reading(project) for project in dict.fromkeys(projects)}
        with collector_paused():
            return [to_task(one, readings[project]) for one, project in zip(documents, projects, strict=True)]

    async def _reading(self, project: str | None) -> TaskReading:
        priorities = {one.id: one for one in await self._catalog.priorities()}
        catalog = self._catalog
        return TaskReading(
            text=self._text.read,
            status=catalog.status_of,
            priority=lambda one, name: catalog.priority_meaning(priorities, one, name),
            special=await catalog.special(project),
            fields=await catalog.custom(project),
            epics=self._epics,
            base_url=self._api.site.url,
            keep_raw=self._options.keep_raw,
        )

    async def _resolve_epics(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Ids of the epics that issues of Data Center name by key, each looked up once."""
        link = (await self._catalog.special()).epic_link
        if link is None:
            return
        keys = {optional_text(fields_of(one), link) for one in documents} - {None, *self._epics}
        for key in sorted(one for one in keys if one):
            found = await self._find_issue(key, ("project",))
            if found is not None:
                self._epics[key] = identifier(found, "issue")
