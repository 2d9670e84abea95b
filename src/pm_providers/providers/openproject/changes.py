"""What happened to the tasks of a project since last time: the vendor's part of `toolkit.changes`.

Logged time and relations do not move the time of change: `actual_hours` may change without being reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

from pm_providers.contract import ChangePage
from pm_providers.errors import ProviderError
from pm_providers.providers.openproject import filters
from pm_providers.providers.openproject.client import Api
from pm_providers.providers.openproject.config import Options
from pm_providers.providers.openproject.mapping.hal import elements, identifier, instant
from pm_providers.providers.openproject.mapping.tasks import project_of
from pm_providers.providers.openproject.task_reading import TaskReader
from pm_providers.toolkit.change_source import ChangedPage, Sweep
from pm_providers.toolkit.change_state import ChangedItem
from pm_providers.toolkit.changes import ChangeStream
from pm_providers.transport import bounded_map

__all__ = ["Changes", "WorkPackageChanges"]

_SWEEP_PAGE = 1000
_BY_CHANGE = filters.sorting(("updatedAt", "asc"), ("id", "asc"))
_NEWEST = filters.sorting(("updatedAt", "desc"), ("id", "asc"))
_BY_ID = filters.sorting(("id", "asc"))
_ALL = filters.filters(filters.ALL_STATUSES)


class Changes(TaskReader):
    """The stream of changes."""

    async def _changes(self, project_id: str, cursor: str | None, limit: int | None) -> ChangePage:
        stream = ChangeStream(WorkPackageChanges(self._api, self._options), self._timing.wall())
        if cursor is None:
            state = await stream.begin(identifier(await self._project_document(project_id), "project"))
        else:
            state = await stream.go_on(cursor, project_id, self._project_id)
        batch = await stream.advance(state, limit)
        if batch.items:
            await self._api.identify()
        upserts = await self._tasks([one.document for one in batch.items], {})
        return ChangePage(upserts, list(batch.deleted), state.write(self.name), has_more=batch.more)


class WorkPackageChanges:
    """Work packages by time of change, in milliseconds.

    Args:
        api: where they are.
        options: page size and concurrency.
    """

    provider = "openproject"
    precision = timedelta(milliseconds=1)

    def __init__(self, api: Api, options: Options) -> None:
        self._api = api
        self._options = options

    @property
    def page_size(self) -> int:
        """Work packages in one page."""
        return self._options.page_size

    async def newest(self, project: str) -> datetime | None:
        """Time of the last change in a project: changes from then on come after the first scan."""
        params = _params(sortBy=_NEWEST, pageSize="1", offset="1")
        found = elements(await self._api.get(_path(project), params))
        return instant(found[0].get("updatedAt")) if found else None

    async def changed(self, project: str, since: datetime | None, number: int, size: int) -> ChangedPage:
        """One page of what changed at or after an instant.

        Raises:
            ProviderError: the list comes without its counts.
        """
        return await self._page(project, since, _BY_CHANGE, number, size)

    async def latest(self, project: str, since: datetime | None, size: int) -> ChangedPage:
        """The newest changes."""
        return await self._page(project, since, _NEWEST, 1, size)

    async def _page(
        self, project: str, since: datetime | None, order: str, number: int, size: int
    ) -> ChangedPage:
        """A page of tasks, perhaps as anonymous visitors see them."""
        conditions = [filters.ALL_STATUSES]
        if since is not None:
            conditions.append(filters.between("updatedAt", since))
        params = _params(filters=filters.filters(*conditions), sortBy=order)
        params |= {"offset": str(number), "pageSize": str(size)}
        collection, clock = await self._api.dated(_path(project), params)
        total, shown = collection.get("total"), collection.get("pageSize")
        if not isinstance(total, int) or not isinstance(shown, int):
            raise ProviderError("the answer breaks the API's contract: a list without total and pageSize")
        items = [_item(one, project) for one in elements(collection)]
        return ChangedPage(items, total, shown, clock)

    async def count(self, project: str) -> int | None:
        """Work packages of a project."""
        params = _params(select="total", pageSize="1", offset="1")
        total = (await self._api.dated(_path(project), params))[0].get("total")
        return total if isinstance(total, int) else None

    async def sweep(self, project: str) -> Sweep:
        """Ids of all work packages, without anything else of them."""
        params = _params(sortBy=_BY_ID, select="total,count,pageSize,offset,elements/id,elements/_type")
        ids: set[str] = set()
        totals: set[int] = set()
        window = self._options.concurrency
        async with aclosing(
            self._api.pages(_path(project), params, window=window, page_size=_SWEEP_PAGE)
        ) as pages:
            async for page in pages:
                ids |= {identifier(one, "work package") for one in page.items}
                total = page.collection.get("total")
                totals |= {total} if isinstance(total, int) else set()
        return Sweep(ids, totals)

    async def items(self, ids: Sequence[str], project: str) -> dict[str, ChangedItem]:
        """Those of the ids that are still work packages of the project.

        A filter by ids would fail, or list everything, when one is gone by then, so each is asked for.
        """
        found: dict[str, ChangedItem] = {}
        answers = await bounded_map(self._document_if_there, ids, self._options.concurrency)
        for one, answer in zip(ids, answers, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            if answer is not None and project_of(answer) == project:
                found[one] = _item(answer, project)
        return found

    async def is_visible(self, project: str) -> bool:
        """Whether the project is there.

        Raises:
            AuthenticationError: the credential is not accepted any more. Nothing is gone then: the lists of a
                public project show what anonymous visitors see.
        """
        await self._api.me()
        return await self._api.find(f"projects/{project}") is not None

    async def _document_if_there(self, one: str) -> dict[str, Any] | None:
        return await self._api.find(f"work_packages/{one}")


def _path(project: str) -> str:
    return f"projects/{project}/work_packages"


def _params(**more: str) -> dict[str, str]:
    return {"filters": _ALL, "includeSubprojects": "false", **more}


def _item(document: dict[str, Any], project: str) -> ChangedItem:
    """Comments change the time only, all else the lock version, too."""
    return ChangedItem(
        id=identifier(document, "work package"),
        changed_at=instant(document.get("updatedAt")),
        mark=str(document.get("lockVersion")),
        document=document,
        mine=project_of(document) == project,
    )
