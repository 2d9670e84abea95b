"""What happened to the tasks of a project since last time: the vendor's part of `toolkit.changes`.

The index knows the time of a change by the minute and follows writes within seconds to minutes, so each call
looks again at five minutes before the last change; states of one time are told apart by a digest. On Cloud,
queries are asked for ids only, 5000 a page and reconciled with our own writes, and the issues are fetched
from the primary store.

What moves `updated` ([obs], vendor's page on webhooks and clients' reports): edits, transitions, comments,
attachments, links on both ends, worklogs. What does not: adding a sub-task to its parent, renaming a sprint,
a status or a component. `list_tasks` shows them all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

import msgspec

from pm_providers.contract import ChangePage
from pm_providers.providers.jira import jql
from pm_providers.providers.jira.client import Api
from pm_providers.providers.jira.issues import Issues
from pm_providers.providers.jira.mapping.values import fields_of, ref_id
from pm_providers.providers.jira.task_reading import TaskReader
from pm_providers.toolkit.change_state import ChangedItem
from pm_providers.toolkit.changes import ChangedPage, ChangeStream, Sweep
from pm_providers.toolkit.documents import identifier, instant

__all__ = ["Changes", "IssueChanges"]

_BY_CHANGE = "updated ASC, key ASC"
_NEWEST = "updated DESC, key ASC"


class Changes(TaskReader):
    """The stream of changes."""

    async def _changes(self, project_id: str, cursor: str | None, limit: int | None) -> ChangePage:
        await self._api.identify()
        fields, zone = await self._issue_fields(), await self._zone()
        source = IssueChanges(self._api, self._issues, fields, zone)
        stream = ChangeStream(source, self._timing.wall())
        if cursor is None:
            state = await stream.begin(identifier(await self._project_document(project_id), "project"))
        else:
            state = stream.resume(cursor)
            if project_id != state.project and await self._project_id(project_id) != state.project:
                raise stream.foreign()
        batch = await stream.advance(state, limit)
        upserts = await self._tasks([one.document for one in batch.items])
        return ChangePage(upserts, list(batch.deleted), state.write(self.name), has_more=batch.more)


class IssueChanges:
    """Issues by time of change. Made for one call: what a query found is kept for its pages.

    Args:
        api: where they are.
        issues: searches and fetches.
        fields: ids of the fields of an issue that are needed.
        zone: time zone of times in queries; `None` where they are milliseconds.
    """

    provider = "jira"
    precision = timedelta(milliseconds=1)
    overlap_s = 300.0

    def __init__(self, api: Api, issues: Issues, fields: Sequence[str], zone: str | None) -> None:
        self._api = api
        self._issues = issues
        self._fields = fields
        self._zone = zone
        self._windows: dict[str, list[str]] = {}

    @property
    def page_size(self) -> int:
        """Issues in one page."""
        return self._api.options.page_size

    async def newest(self, project: str) -> datetime | None:
        """Time of the last change in a project: changes from then on come after the first scan."""
        found = await self._issues.first(jql.all_of([_of(project)], _NEWEST), ("updated",))
        return instant(fields_of(found[0]).get("updated")) if found else None

    async def changed(self, project: str, since: datetime | None, number: int, size: int) -> ChangedPage:
        """One page of what changed at or after an instant, some of its minute before included."""
        when = None if since is None else jql.changed_since(since, self._zone)
        query = jql.all_of([_of(project), when], _BY_CHANGE)
        if not self._api.site.is_cloud:
            page = await self._issues.numbered_page(query, self._fields, number, size)
            return ChangedPage([_item(one, project) for one in page.items], page.total or 0, size)
        while True:
            ids = await self._window(query)
            wanted = ids[(number - 1) * size : number * size]
            found = await self._issues.fetch(wanted, self._fields)
            gone = {one for one in wanted if one not in found}
            if not gone:
                return ChangedPage([_item(found[one], project) for one in wanted], len(ids), size)
            # Deleted while we looked: without them the pages that follow would begin too late.
            self._windows[query] = [one for one in ids if one not in gone]

    async def _window(self, query: str) -> list[str]:
        """Ids that a query finds, asked once for all its pages of this call."""
        if query not in self._windows:
            self._windows[query] = await self._all_ids(query)
        return self._windows[query]

    async def _all_ids(self, query: str) -> list[str]:
        found: dict[str, None] = {}
        async with aclosing(self._issues.ids(query)) as pages:
            async for page in pages:
                found |= dict.fromkeys(page)
        return list(found)

    async def count(self, project: str) -> int | None:
        """Issues of a project. Cloud counts about right only: `None`, so that ids are compared instead."""
        return None if self._api.site.is_cloud else await self._issues.count(jql.all_of([_of(project)]))

    async def sweep(self, project: str) -> Sweep:
        """Ids of all issues, on Cloud 5000 a request."""
        ids = await self._all_ids(jql.all_of([_of(project)]))
        return Sweep(set(ids), {len(ids)})

    async def items(self, ids: Sequence[str], project: str) -> dict[str, ChangedItem]:
        """Those of the ids that are issues of the project now, from the primary store."""
        found = await self._issues.fetch(ids, self._fields)
        items = [_item(one, project) for one in found.values()]
        return {one.id: one for one in items if one.mine}

    async def is_visible(self, project: str) -> bool:
        """Whether the project is there; one in the trash is not."""
        found = await self._api.find(f"project/{project}")
        return found is not None and found.get("deleted") is not True


def _of(project: str) -> str:
    return f"project = {jql.quoted(project)}"


def _item(document: Mapping[str, Any], project: str) -> ChangedItem:
    values = fields_of(document)
    data = msgspec.json.encode(values, order="sorted")
    return ChangedItem(
        id=identifier(document, "issue"),
        changed_at=instant(values.get("updated")),
        mark=hashlib.blake2b(data, digest_size=8).hexdigest(),
        document=dict(document),
        mine=ref_id(values, "project") == project,
    )
