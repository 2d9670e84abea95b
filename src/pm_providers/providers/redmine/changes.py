"""What happened to the tasks of a project since last time: the vendor's part of `toolkit.changes`.

`updated_on` is shown in whole seconds and nobody is told a lock version, so two states within one second are
told apart by a digest of the whole issue as a list shows it.

What moves `updated_on` (tried on 5.0.4): any write of the issue, also one that changes nothing; notes;
attaching a file; creating, deleting or moving a child, and changes of a child that move dates, priority or
progress of its parent; a predecessor that pushes the dates.

What does not move it, and is not reported unless the issue is looked at again within the overlap: logged time
(`actual_hours`); editing or deleting notes; relations as such; watchers; editing or deleting attachments; a
child's estimate; renaming or deleting a category; renaming a version; deleting a user who is the assignee.
`list_tasks` shows them all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

import msgspec

from pm_providers.contract import ChangePage
from pm_providers.providers.redmine.client import Api
from pm_providers.providers.redmine.config import Options
from pm_providers.providers.redmine.connection import ALL_STATUSES
from pm_providers.providers.redmine.mapping.values import ref_id
from pm_providers.providers.redmine.task_reading import TaskReader, changed_since
from pm_providers.toolkit.change_source import ChangedPage, Sweep
from pm_providers.toolkit.change_state import ChangedItem
from pm_providers.toolkit.changes import ChangeStream
from pm_providers.toolkit.documents import broken, identifier, instant, objects

__all__ = ["Changes", "IssueChanges"]

_MOST = 100
_BY_CHANGE = "updated_on:asc,id:asc"
_NEWEST = "updated_on:desc,id:asc"
_BY_ID = "id:asc"


class Changes(TaskReader):
    """The stream of changes."""

    async def _changes(self, project_id: str, cursor: str | None, limit: int | None) -> ChangePage:
        stream = ChangeStream(IssueChanges(self._api, self._options), self._timing.wall())
        if cursor is None:
            state = await stream.begin(identifier(await self._project_document(project_id), "project"))
        else:
            state = await stream.go_on(cursor, project_id, self._project_id)
        batch = await stream.advance(state, limit)
        if batch.items:
            await self._api.identify()
        upserts = await self._tasks([one.document for one in batch.items])
        return ChangePage(upserts, list(batch.deleted), state.write(self.name), has_more=batch.more)


class IssueChanges:
    """Issues by time of change, in whole seconds.

    Ids of deleted issues may be given out again (by SQLite): the new issue has another digest: an upsert.

    Args:
        api: where they are.
        options: page size and concurrency.
    """

    provider = "redmine"
    precision = timedelta(seconds=1)

    def __init__(self, api: Api, options: Options) -> None:
        self._api = api
        self._options = options

    @property
    def page_size(self) -> int:
        """Issues in one page."""
        return self._options.page_size

    async def newest(self, project: str) -> datetime | None:
        """Time of the last change in a project: changes from then on come after the first scan."""
        params = _of(project, sort=_NEWEST, offset=0, limit=1)
        found = await self._api.all("issues", "issues", params)
        return instant(found[0].get("updated_on")) if found else None

    async def changed(self, project: str, since: datetime | None, number: int, size: int) -> ChangedPage:
        """One page of what changed at or after an instant.

        The database keeps fractions of seconds, so the filter lets some of the second before through.

        Raises:
            ProviderError: the list comes without its count, or in pages of another size.
        """
        return await self._page(project, since, _BY_CHANGE, number, size)

    async def latest(self, project: str, since: datetime | None, size: int) -> ChangedPage:
        """The newest changes."""
        return await self._page(project, since, _NEWEST, 1, size)

    async def _page(
        self, project: str, since: datetime | None, order: str, number: int, size: int
    ) -> ChangedPage:
        """A page of issues, perhaps as anonymous visitors see them."""
        params = _of(project, sort=order, offset=(number - 1) * size, limit=size)
        if since is not None:
            params["updated_on"] = changed_since(since)
        document, clock = await self._api.dated("issues", params)
        if document.get("limit") != size:
            raise broken(f"a list of issues in pages of {document.get('limit')!r:.20} instead of {size}")
        items = [_item(one, project) for one in objects(document, "issues")]
        return ChangedPage(items, _total(document), size, clock)

    async def count(self, project: str) -> int:
        """Issues of a project that may be seen."""
        params = _of(project, offset=0, limit=1)
        return _total((await self._api.dated("issues", params))[0])

    async def sweep(self, project: str) -> Sweep:
        """Ids of all issues. The server cannot leave the rest of them out: a request for each hundred."""
        ids: set[str] = set()
        totals: set[int] = set()
        params, window = _of(project, sort=_BY_ID), self._options.concurrency
        stream = self._api.pages("issues", "issues", params, window=window, page_size=_MOST)
        async with aclosing(stream) as pages:
            async for page in pages:
                ids |= {identifier(one, "issue") for one in page.items}
                totals.add(_total(page.collection))
        return Sweep(ids, totals)

    async def items(self, ids: Sequence[str], project: str) -> dict[str, ChangedItem]:
        """Those of the ids that are still issues of the project; the filter leaves unknown ones out.

        Up to a hundred ids at a time, so that each answer is one page and cannot shift.
        """
        found: dict[str, ChangedItem] = {}
        for start in range(0, len(ids), _MOST):
            chunk = ids[start : start + _MOST]
            params = _of(project, issue_id=",".join(chunk), sort=_BY_ID, offset=0, limit=_MOST)
            items = [_item(one, project) for one in await self._api.all("issues", "issues", params)]
            found |= {one.id: one for one in items if one.mine}
        return found

    async def is_visible(self, project: str) -> bool:
        """Whether the project is there; an archived one is not.

        Raises:
            AuthenticationError: the credential is not accepted any more. Nothing is gone then: the lists of a
                public project show what anonymous visitors see.
        """
        await self._api.me()
        return await self._api.find(f"projects/{project}", "project") is not None


def _of(project: str, **more: str | int) -> dict[str, str | int]:
    """Parameters for the issues of a project: closed ones too, those of subprojects not."""
    return {**ALL_STATUSES, "project_id": project, "subproject_id": "!*", **more}


def _total(document: Any) -> int:
    total = document.get("total_count")
    if isinstance(total, bool) or not isinstance(total, int):
        raise broken("a list of issues without total_count")
    return total


def _item(document: dict[str, Any], project: str) -> ChangedItem:
    data = msgspec.json.encode(document, order="sorted")
    return ChangedItem(
        id=identifier(document, "issue"),
        changed_at=instant(document.get("updated_on")),
        mark=hashlib.blake2b(data, digest_size=8).hexdigest(),
        document=document,
        mine=ref_id(document, "project") == project,
    )
