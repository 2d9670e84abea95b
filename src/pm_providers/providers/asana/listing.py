"""Whole projects: the chains of all their sections at once, and the subtasks, which are in no list.

A list is a chain: each page names the next. A project has one chain of all its tasks, and each of its
sections has one of its own, so a project of some sections is read by all chains at once, a page of each in
one batch. That costs a request for the sections and as many batches as the longest section has pages: never
more than the one chain would, plus one. A project of more than ten sections, which do not fit into one batch,
is read by its one chain.

The longest section decides, and cannot be cut: lists take exactly one of project, tag, section and assignee
(the vendor's own error says so), tokens of pages are opaque and lists have one direction, and of the filters
`completed_since` and `modified_since` there is no opposite: what they leave out is in the whole chain only.

Subtasks cost an action of a batch for each task that has some, and for each further page of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from pm_providers.errors import NotFoundError, PMError, ProviderError, ValidationError
from pm_providers.providers.asana.actions import BATCH_MOST, Action, Outcome
from pm_providers.providers.asana.catalog import Catalog
from pm_providers.providers.asana.client import Api, next_offset
from pm_providers.providers.asana.errors import is_too_large, lost_page
from pm_providers.providers.asana.mapping.tasks import memberships_of
from pm_providers.providers.asana.mapping.values import gid, ref_gid
from pm_providers.toolkit.documents import objects
from pm_providers.transport import let_begin

__all__ = ["ProjectListing", "Tree"]

_RESTARTS = 3
_MAX_ROUNDS = 100_000


@dataclass(slots=True)
class Tree:
    """What one way through a project found.

    Attributes:
        project: gid.
        seen: gids of the tasks that came; those of several chains come once.
        homes: gid of a task with subtasks -> gid of the project that these belong to.
    """

    project: str
    seen: set[str] = field(default_factory=set)
    homes: dict[str, str | None] = field(default_factory=dict)

    def fresh(self, found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those that did not come before."""
        result = []
        for one in found:
            name = gid(one, "task")
            if name not in self.seen:
                self.seen.add(name)
                result.append(one)
        return result


class ProjectListing:
    """Reads the tasks of projects.

    Args:
        api: the connection.
        catalog: knows sections and sprints.
    """

    def __init__(self, api: Api, catalog: Catalog) -> None:
        self._api = api
        self._catalog = catalog

    async def pages(
        self, tree: Tree, fields: Sequence[str], *, window: int = 1, limit: int | None = None
    ) -> AsyncGenerator[list[dict[str, Any]], None]:
        """Tasks of a project with their subtasks, some at a time.

        Args:
            tree: names the project, and is filled.
            fields: `opt_fields`; with `num_subtasks`, `parent` and `memberships.project`.
            window: 1 keeps one page in memory; more allows the chains of all sections at once.
            limit: tasks that will be taken at most.

        Raises:
            NotFoundError: no such project.
        """
        async with aclosing(self._top_level(tree, fields, window, limit)) as pages:
            async for page in pages:
                fresh = tree.fresh(page)
                if fresh:
                    yield fresh
                async with aclosing(self._below(tree, fresh, fields)) as deeper:
                    async for some in deeper:
                        yield some

    async def _top_level(
        self, tree: Tree, fields: Sequence[str], window: int, limit: int | None
    ) -> AsyncGenerator[list[dict[str, Any]], None]:
        few = limit is not None and limit <= self._api.options.page_size
        sections = [] if window == 1 or few else await self._sections(tree.project)
        split = 1 < len(sections) <= BATCH_MOST
        stream = self._split(tree, sections, fields) if split else self._chain(tree, fields, limit)
        async with aclosing(stream) as pages:
            async for page in pages:
                yield page

    async def _sections(self, project: str) -> list[str]:
        """Sections as they are now: tasks of one that is not known would be missing."""
        return [one.id for one in await self._catalog.sections(project, fresh=True)]

    async def _chain(
        self, tree: Tree, fields: Sequence[str], limit: int | None
    ) -> AsyncGenerator[list[dict[str, Any]], None]:
        """The one chain; what the vendor calls too large is read section by section."""
        path = f"projects/{tree.project}/tasks"
        try:
            async with aclosing(self._api.pages(path, fields, limit=limit)) as pages:
                async for page in pages:
                    yield page
        except ValidationError as error:
            if not is_too_large(error):
                raise
        else:
            return
        for one in await self._sections(tree.project):
            async with aclosing(self._api.pages(f"sections/{one}/tasks", fields)) as pages:
                async for page in pages:
                    yield page

    async def _split(
        self, tree: Tree, sections: Sequence[str], fields: Sequence[str]
    ) -> AsyncGenerator[list[dict[str, Any]], None]:
        """The chains of all sections, a page of each at a time."""
        size = self._api.options.page_size
        first = [Action("GET", f"sections/{one}/tasks", {}, fields, size) for one in sections]
        try:
            async with aclosing(self._rounds(first)) as rounds:
                async for found in rounds:
                    yield [one for _, page in found for one in page]
        except NotFoundError:
            pass  # a section was deleted meanwhile, and its tasks are elsewhere
        else:
            return
        async with aclosing(self._chain(tree, fields, None)) as pages:
            async for page in pages:
                yield page

    # subtasks

    async def _below(
        self, tree: Tree, found: Sequence[dict[str, Any]], fields: Sequence[str]
    ) -> AsyncGenerator[list[dict[str, Any]], None]:
        """Subtasks of tasks, level by level."""
        while True:
            parents = await self._parents(tree, found)
            if not parents:
                return
            below: list[dict[str, Any]] = []
            size = self._api.options.page_size
            first = [Action("GET", f"tasks/{one}/subtasks", {}, fields, size) for one in parents]
            async with aclosing(self._rounds(first, skip_missing=True)) as rounds:
                async for pages in rounds:
                    for _, page in pages:
                        below += tree.fresh(page)
            if below:
                yield below
            found = below

    async def _parents(self, tree: Tree, found: Sequence[dict[str, Any]]) -> list[str]:
        """Those with subtasks that belong to the project; notes where the subtasks belong."""
        parents = []
        for one in found:
            if one.get("num_subtasks"):
                name, home = gid(one, "task"), await self._home(tree, one)
                tree.homes[name] = home
                self._catalog.knows_home(name, home)
                if home == tree.project:
                    parents.append(name)
        return parents

    async def _home(self, tree: Tree, one: Mapping[str, Any]) -> str | None:
        projects = [name for name, _ in memberships_of(one)]
        if tree.project in projects:
            return tree.project
        sprints = await self._catalog.sprints(projects, tree.project)
        own = next((name for name in projects if name not in sprints), None)
        return own or tree.homes.get(ref_gid(one, "parent") or "")

    async def subtasks(
        self, tree: Tree, parents: Sequence[str], fields: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Everything below some tasks of the project, however deep."""
        tree.homes |= dict.fromkeys(parents, tree.project)
        found: list[dict[str, Any]] = []
        markers = [{"gid": one, "num_subtasks": 1, "memberships": _of(tree.project)} for one in parents]
        async with aclosing(self._below(tree, markers, fields)) as deeper:
            async for some in deeper:
                found += some
        return found

    # chains in batches

    async def _rounds(
        self, first: Sequence[Action], *, skip_missing: bool = False
    ) -> AsyncGenerator[list[tuple[Action, list[dict[str, Any]]]], None]:
        """Pages of several lists, the next page of each at a time; these are fetched while the last are used.

        Raises:
            NotFoundError: one of the lists is gone, unless those are to be skipped.
            ProviderError: the lists never end.
        """
        restarts = dict.fromkeys((one.path for one in first), 0)
        task = asyncio.create_task(self._answers(first))
        try:
            for _ in range(_MAX_ROUNDS):
                found: list[tuple[Action, list[dict[str, Any]]]] = []
                after: list[Action] = []
                for outcome in await task:
                    if not (skip_missing and outcome.is_missing):
                        page, following = self._read(outcome, restarts)
                        found.append((outcome.action, page))
                        after += following
                if not after:
                    yield found
                    return
                task = asyncio.create_task(self._answers(after))
                await let_begin()
                yield found
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        raise ProviderError("the lists never end")

    async def _answers(self, actions: Sequence[Action]) -> list[Outcome]:
        """Outcomes; what may work later is asked again, alone."""
        if len(actions) == 1:
            return [await self._alone(actions[0])]
        return [
            await self._alone(one.action) if one.error is not None and one.error.retryable else one
            for one in await self._api.batch(actions)
        ]

    async def _alone(self, action: Action) -> Outcome:
        try:
            answer = await self._api.call("GET", action.path, params=action.params)
        except PMError as error:
            return Outcome(action, error.status or 0, failure=error)
        return Outcome(action, answer.status, answer.json())

    def _read(self, outcome: Outcome, restarts: dict[str, int]) -> tuple[list[dict[str, Any]], list[Action]]:
        """A page, and what to ask next; a list whose token expired begins anew."""
        action, error = outcome.action, outcome.error
        if error is not None:
            again = action.offset is not None and lost_page(error) and restarts[action.path] < _RESTARTS
            if not again:
                raise error
            restarts[action.path] += 1
            return [], [_at(action, None)]
        body = outcome.body if isinstance(outcome.body, Mapping) else {}
        token = next_offset(body)
        if token is not None and token == action.offset:
            raise ProviderError("a list repeats itself and never ends")
        return objects(body, "data"), [] if token is None else [_at(action, token)]


def _at(action: Action, offset: str | None) -> Action:
    return Action(action.method, action.path, action.data, action.fields, action.limit, offset)


def _of(project: str) -> list[dict[str, Any]]:
    return [{"project": {"gid": project}}]
