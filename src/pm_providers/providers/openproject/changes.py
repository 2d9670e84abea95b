"""What happened to the tasks of a project since last time.

Upserts come from a filter on the time of change. Deletes leave no trace in the API, so the cursor carries the
set of the ids that are known, packed; when the system's own count of the project's tasks differs from it, the
ids are swept. A call that finds nothing costs two requests: what changed, and how many there are.

Logged time and relations do not move the time of change: `actual_hours` may change without being reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pm_providers.contract import ChangePage
from pm_providers.errors import NotFoundError, ProviderError, ValidationError
from pm_providers.providers.openproject import filters
from pm_providers.providers.openproject.change_state import ChangeState
from pm_providers.providers.openproject.mapping.hal import elements, identifier, instant
from pm_providers.providers.openproject.mapping.tasks import project_of
from pm_providers.providers.openproject.task_reading import TaskReader
from pm_providers.transport import bounded_map

__all__ = ["Changes"]

_SWEEP_EVERY_CALLS = 100
_SWEEP_EVERY_S = 24 * 3600.0
_SWEEP_PAGE = 1000
_SWEEPS = 3
_REPEATED_PAGES = 3
_BY_CHANGE = filters.sorting(("updatedAt", "asc"), ("id", "asc"))
_NEWEST = filters.sorting(("updatedAt", "desc"), ("id", "asc"))
_BY_ID = filters.sorting(("id", "asc"))


@dataclass(slots=True)
class _Walk:
    """Pages of a window that one call looked at.

    Attributes:
        fresh: documents that are news, with the number of their page.
        ids: ids of all documents on those pages.
        total: documents in the window, as the last page counted them.
        ended: the last page was reached.
        last: number of the page that was read last.
        clock: the server's clock.
    """

    fresh: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    total: int | None = None
    ended: bool = False
    last: int = 1
    clock: datetime | None = None


class Changes(TaskReader):
    """The stream of changes."""

    async def _changes(self, project_id: str, cursor: str | None, limit: int | None) -> ChangePage:
        state = await self._state(project_id, cursor)
        most = limit or self._options.page_size
        documents, more = await self._changed(state, most)
        deleted: list[str] = []
        if not more:
            state.calls += 1
            missed, deleted, more = await self._reconciled(state, most - len(documents))
            documents += missed
        upserts = await self._tasks(documents, {})
        return ChangePage(upserts, deleted, state.write(self.name), has_more=more)

    async def _state(self, project_id: str, cursor: str | None) -> ChangeState:
        if cursor is None:
            project = identifier(await self._project_document(project_id), "project")
            newest = await self._newest(project)
            return ChangeState(project, since=newest, swept_at=self._timing.wall())
        state = ChangeState.read(self.name, cursor)
        if project_id != state.project and await self._project_id(project_id) != state.project:
            raise ValidationError(fields={"cursor": "belongs to another project"})
        return state

    async def _newest(self, project: str) -> datetime | None:
        """Time of the last change in a project: changes from then on come after the first scan."""
        params = {"filters": filters.filters(filters.ALL_STATUSES), "sortBy": _NEWEST, "pageSize": "1"}
        path = f"projects/{project}/work_packages"
        params |= {"includeSubprojects": "false", "offset": "1"}
        found = elements(await self._api.get(path, params))
        return instant(found[0].get("updatedAt")) if found else None

    # upserts

    async def _changed(self, state: ChangeState, most: int) -> tuple[list[dict[str, Any]], bool]:
        """At most `most` changed documents, oldest change first, and whether there are more.

        The window of time stays as it is until all that lies in it was handed out; then it moves on.
        """
        start = state.page if state.size == self._options.page_size else 1
        state.size = self._options.page_size
        walk = await self._walked(state, start, most)
        taken = walk.fresh[:most]
        documents = [one for _, one in taken]
        state.note(documents)
        state.page = 1 if walk.ended else taken[-1][0]
        if state.scanning and walk.ended:
            state.move_on(walk.clock)
            if walk.last > 1:
                state.swept_at = 0.0  # what slipped between the pages is found by a sweep
            return documents, False
        return documents, not walk.ended or start > 1 or not await self._moved_on(state, walk)

    async def _moved_on(self, state: ChangeState, walk: _Walk) -> bool:
        """Begin the next window, unless something of this one was not handed out yet.

        Pages shift when tasks on them are deleted or change again. So a window of several pages is left
        behind only after a pass from its first page that finds nothing new and as many as are counted.
        """
        if walk.last > 1 and walk.fresh:
            walk = await self._walked(state, 1, 0)
            if walk.fresh:
                return False
        if len(walk.ids) == walk.total:
            state.move_on(walk.clock)
        return True

    async def _walked(self, state: ChangeState, start: int, most: int) -> _Walk:
        walk, number, repeats = _Walk(), start, 0
        path = f"projects/{state.project}/work_packages"
        while True:
            params = {**self._window_of(state), "offset": str(number), "pageSize": str(state.size)}
            collection, walk.clock = await self._api.dated(path, params)
            items, known, walk.last = elements(collection), len(walk.ids), number
            walk.ids |= {identifier(one, "work package") for one in items}
            mine = [one for one in items if project_of(one) == state.project]
            walk.fresh += [(number, one) for one in mine if state.is_news(one)]
            if len(walk.fresh) > most:
                return walk
            repeats = repeats + 1 if items and len(walk.ids) == known else 0
            if _is_last(walk, collection, number, repeats):
                return walk
            number += 1

    @staticmethod
    def _window_of(state: ChangeState) -> dict[str, str]:
        conditions = [filters.ALL_STATUSES]
        edge = None if state.scanning else state.edge
        if edge is not None:
            conditions.append(filters.between("updatedAt", edge))
        return {
            "filters": filters.filters(*conditions),
            "sortBy": _BY_CHANGE,
            "includeSubprojects": "false",
        }

    # deletes

    async def _reconciled(
        self, state: ChangeState, room: int
    ) -> tuple[list[dict[str, Any]], list[str], bool]:
        """Tasks that were missed, ids that are gone, and whether more was missed than there is room for.

        Costs one request where the count adds up.
        """
        overdue = state.calls >= _SWEEP_EVERY_CALLS or self._timing.wall() - state.swept_at >= _SWEEP_EVERY_S
        if not overdue and await self._total(state.project) == len(state.ids):
            return [], [], False
        now = await self._sweep(state.project)
        state.calls, state.swept_at = 0, self._timing.wall()
        missing = sorted(now - state.ids, key=int)
        missed = await self._documents(missing[:room], state.project)
        gone = await self._really_gone(sorted(state.ids - now, key=int), state.project)
        state.forget(gone)
        state.note(list(missed.values()))
        return list(missed.values()), gone, len(missing) > room

    async def _total(self, project: str) -> int | None:
        params: dict[str, str | int] = {
            "filters": filters.filters(filters.ALL_STATUSES),
            "includeSubprojects": "false",
            "select": "total",
            "pageSize": 1,
            "offset": 1,
        }
        total = (await self._api.get(f"projects/{project}/work_packages", params)).get("total")
        return total if isinstance(total, int) else None

    async def _sweep(self, project: str) -> set[str]:
        """Ids of all tasks of a project; repeated when deletes under way shifted its pages."""
        ids: set[str] = set()
        for _ in range(_SWEEPS):
            ids, totals = await self._swept(project)
            if totals <= {len(ids)}:
                break
        return ids

    async def _swept(self, project: str) -> tuple[set[str], set[int]]:
        params = {
            "filters": filters.filters(filters.ALL_STATUSES),
            "sortBy": _BY_ID,
            "includeSubprojects": "false",
            "select": "total,count,pageSize,offset,elements/id,elements/_type",
        }
        ids: set[str] = set()
        totals: set[int] = set()
        path = f"projects/{project}/work_packages"
        stream = self._api.pages(path, params, window=self._options.concurrency, page_size=_SWEEP_PAGE)
        async with aclosing(stream) as pages:
            async for page in pages:
                ids |= {identifier(one, "work package") for one in page.items}
                total = page.collection.get("total")
                totals |= {total} if isinstance(total, int) else set()
        return ids, totals

    async def _documents(self, ids: list[str], project: str) -> dict[str, dict[str, Any]]:
        """Documents of ids that are still tasks of the project.

        A filter by ids would fail, or list everything, when one is gone by then, so each is asked for.
        """
        found: dict[str, dict[str, Any]] = {}
        answers = await bounded_map(self._document_if_there, ids, self._options.concurrency)
        for one, answer in zip(ids, answers, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            if answer is not None and project_of(answer) == project:
                found[one] = answer
        return found

    async def _document_if_there(self, one: str) -> dict[str, Any] | None:
        return await self._api.find(f"work_packages/{one}")

    async def _really_gone(self, ids: list[str], project: str) -> list[str]:
        """Those of the ids that are no tasks of the project any more: deleted, moved away, or hidden from us.

        A sweep can miss a task while others are deleted, so its word alone does not count. Should the project
        itself have become invisible, nothing is gone: that is an error.
        """
        if not ids:
            return []
        if await self._api.find(f"projects/{project}") is None:
            raise NotFoundError(f"project {project} does not exist any more, or may not be seen")
        there = await self._documents(ids, project)
        return [one for one in ids if one not in there]


def _is_last(walk: _Walk, collection: Mapping[str, Any], number: int, repeats: int) -> bool:
    """Whether a page is the last of its window.

    Raises:
        ProviderError: the server's paging contradicts itself.
    """
    total, size = collection.get("total"), collection.get("pageSize")
    if not isinstance(total, int) or not isinstance(size, int) or size < 1:
        raise ProviderError("the answer breaks the API's contract: a list without total and pageSize")
    count = len(elements(collection))
    if repeats >= _REPEATED_PAGES or (count == 0 and (number - 1) * size < total):
        raise ProviderError("the list never ends, or ends before its total")
    walk.total, walk.ended = total, number * size >= total
    return walk.ended
