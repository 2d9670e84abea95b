"""What happened to the tasks of a project since last time: the vendor's part of `toolkit.changes`.

The index knows the time of a change by the minute and follows writes within seconds to minutes, so each call
looks again at five minutes before the last change; states of one time are told apart by a digest. On Cloud,
queries are asked for ids and times only, reconciled with our own writes, and the issues that changed are
fetched from the primary store. The first pass asks for all ids once, 5000 a page.

A call that finds nothing costs two requests on Cloud: times of the newest changes, and about how many issues
there are. Where that differs from what is known, all ids are asked for; one that stays is remembered.

What moves `updated` ([obs], vendor's page on webhooks and clients' reports): edits, transitions, comments,
attachments, links on both ends, worklogs. What does not: adding a sub-task to its parent, renaming a sprint,
a status or a component. `list_tasks` shows them all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import astuple, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from pm_providers.contract import ChangePage, PMProviderConfig, decode_cursor, encode_cursor
from pm_providers.errors import ValidationError
from pm_providers.providers.jira import jql
from pm_providers.providers.jira.client import Api, Deployment
from pm_providers.providers.jira.issues import Issues
from pm_providers.providers.jira.mapping.values import fields_of, ref_id
from pm_providers.providers.jira.task_reading import TaskReader
from pm_providers.toolkit.change_source import ChangedPage, KeptSources, Sweep
from pm_providers.toolkit.change_state import ChangedItem, ChangeState
from pm_providers.toolkit.changes import ChangeStream
from pm_providers.toolkit.documents import identifier, instant
from pm_providers.transport import Page

__all__ = ["Changes", "IssueChanges"]

_BY_CHANGE = "updated ASC, key ASC"
_NEWEST = "updated DESC, key ASC"
_ZONE_AGE_S = 3600.0


class Changes(TaskReader):
    """The stream of changes."""

    def __init__(self, config: PMProviderConfig, **given: Any) -> None:
        super().__init__(config, **given)
        self._sources: KeptSources[IssueChanges] = KeptSources(self._timing.monotonic)

    async def _changes(self, project_id: str, cursor: str | None, limit: int | None) -> ChangePage:
        inner, zone = self._met(cursor)
        await self._api.meet()
        source = self._sources.take(cursor)
        zone = zone or await self._noted_zone()
        source = source or IssueChanges(self._api, self._issues, self._issue_fields, zone.name)
        stream = ChangeStream(source, self._timing.wall())
        if inner is None:
            state = await stream.begin(await self._project_id(project_id))
        else:
            state = await stream.go_on(inner, project_id, self._project_id)
        source.known, source.now = state, self._timing.wall()
        try:
            batch = await stream.advance(state, limit)
        except ValidationError:  # which is what a query for an unknown project is
            await self._project_document(state.project)
            raise
        upserts = await self._tasks([one.document for one in batch.items])
        after = encode_cursor(self.name, {"i": state.write(self.name), "z": astuple(zone), "d": self._site()})
        if batch.more:
            self._sources.keep(after, source)
        return ChangePage(upserts, list(batch.deleted), after, has_more=batch.more)

    def _met(self, cursor: str | None) -> tuple[str | None, _Zone | None]:
        """What a cursor remembers: state of the stream, and time zone while it counts.

        What the site is stands in it as well, so that it needs not be asked in each process.

        Raises:
            ValidationError: not a cursor of this provider.
        """
        if cursor is None:
            return None, None
        found = decode_cursor(self.name, cursor)
        try:
            site, zone = Deployment(*map(str, found["d"])), _zone(*found["z"])
            is_young = self._timing.wall() - zone.at < _ZONE_AGE_S
        except (KeyError, TypeError):
            raise ValidationError(fields={"cursor": "not a cursor that changes() returned"}) from None
        self._api.assume(site)
        return str(found["i"]), zone if is_young or site.is_cloud else None

    async def _noted_zone(self) -> _Zone:
        return _Zone(await self._zone(), self._timing.wall())

    def _site(self) -> tuple[str, ...]:
        return astuple(self._api.site)


@dataclass(frozen=True, slots=True)
class _Zone:
    """Time zone of times in queries.

    Attributes:
        name: `None` where they are milliseconds.
        at: seconds since 1970 when it was asked for.
    """

    name: str | None
    at: float


def _zone(name: Any, at: Any) -> _Zone:
    if not isinstance(name, str | None):
        raise TypeError(name)
    return _Zone(name, at)


class IssueChanges:
    """Issues by time of change. Made for one call, and kept for those that go on at once.

    Args:
        api: where they are.
        issues: searches and fetches.
        fields: asks for the ids of the fields of an issue that are needed.
        zone: time zone of times in queries; `None` where they are milliseconds.

    Attributes:
        known: state of the stream: what it knows needs not be fetched.
        now: seconds since 1970 on our own clock.
    """

    provider = "jira"
    precision = timedelta(minutes=1)
    overlap_s = 300.0
    is_exact = False

    def __init__(
        self, api: Api, issues: Issues, fields: Callable[[], Awaitable[Sequence[str]]], zone: str | None
    ) -> None:
        self._api = api
        self._issues = issues
        self._fields = fields
        self._zone = zone
        self._scan: list[str] | None = None
        self._ahead: dict[str, dict[str, Any]] = {}
        self._is_whole = False
        self._newest: tuple[str, Page[dict[str, Any]]] | None = None
        self._windows: dict[str, list[str]] = {}
        self.known: ChangeState | None = None
        self.now = 0.0

    @property
    def page_size(self) -> int:
        """Issues in one page."""
        return self._api.options.page_size

    async def newest(self, project: str) -> datetime | None:
        """Time of the last change in a project, on Data Center; on Cloud the first pass tells it."""
        if self._api.site.is_cloud:
            return None
        found = await self._issues.first(jql.all_of([_of(project)], _NEWEST), ("updated",))
        return instant(fields_of(found[0]).get("updated")) if found else None

    async def changed(self, project: str, since: datetime | None, number: int, size: int) -> ChangedPage:
        """One page of what changed at or after an instant, some of its minute before included.

        On Cloud without what is known to be as it was.
        """
        if not self._api.site.is_cloud:
            when = None if since is None else jql.changed_since(since, self._zone)
            query = jql.all_of([_of(project), when], _BY_CHANGE)
            page = await self._issues.numbered_page(query, await self._fields(), number, size)
            return ChangedPage([_item(one, project) for one in page.items], page.total or 0, size)
        if since is None:
            return await self._passed(project, number, size)
        return await self._paged(await self._window(project, since), project, number, size)

    async def _paged(self, ids: list[str], project: str, number: int, size: int) -> ChangedPage:
        """Issues of a page of ids. Those deleted meanwhile leave the list, or pages would begin late."""
        while True:
            wanted = ids[(number - 1) * size : number * size]
            found = await self._fetched(wanted)
            gone = {one for one in wanted if one not in found}
            if not gone:
                return ChangedPage([_item(found[one], project) for one in wanted], len(ids), size)
            ids[:] = [one for one in ids if one not in gone]

    async def _fetched(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        here = {one: self._ahead.pop(one) for one in ids if one in self._ahead}
        missing = [one for one in ids if one not in here]
        return here | (await self._issues.fetch(missing, await self._fields()) if missing else {})

    # the first pass

    async def _passed(self, project: str, number: int, size: int) -> ChangedPage:
        """Ids are asked for once, so nothing can slip between the pages of one reader."""
        if self._scan is None:
            self._scan = await self._all_ids(jql.all_of([_of(project)], _BY_CHANGE))
            self._is_whole = number == 1
        begins = await self._last_change(size) if number == 1 else None
        page = await self._paged(self._scan, project, number, size)
        return replace(page, begins=begins, stable=self._is_whole)

    async def _last_change(self, size: int) -> datetime | None:
        """Time of the last change when the pass began: its last issues are fetched first, and kept."""
        ids = self._scan or []
        last = ids[(len(ids) - 1) // size * size :] if ids else []
        self._ahead = await self._fetched(last)
        times = [instant(fields_of(one).get("updated")) for one in self._ahead.values()]
        return max((one for one in times if one is not None), default=None)

    # what changed since

    async def latest(self, project: str, since: datetime | None, size: int) -> ChangedPage:
        """Ids and times of the newest changes. What is as it is known has the mark that is known.

        On Data Center issues as they are.
        """
        query = jql.all_of([_of(project), self._since(since)], _NEWEST)
        if not self._api.site.is_cloud:
            page = await self._issues.numbered_page(query, await self._fields(), 1, size)
            return ChangedPage([_item(one, project) for one in page.items], page.total or 0, size)
        found = await self._newest_page(query)
        return ChangedPage([self._told(one) for one in found.items], -1, size)

    def _since(self, since: datetime | None) -> str | None:
        return None if since is None else jql.changed_since(since, self._zone)

    async def _newest_page(self, query: str) -> Page[dict[str, Any]]:
        if self._newest is None or self._newest[0] != query:
            self._newest = (query, await self._issues.page(query, ("updated",)))
        return self._newest[1]

    def _told(self, document: Mapping[str, Any]) -> ChangedItem:
        one, at = identifier(document, "issue"), instant(fields_of(document).get("updated"))
        moment, mark = ("", "") if self.known is None else self.known.seen.get(one, ("", ""))
        same = at is not None and moment == at.isoformat()
        return ChangedItem(one, at, mark if same else "?", {})

    def _is_known(self, document: Mapping[str, Any]) -> bool:
        return self.known is not None and not self.known.is_news(self._told(document))

    async def _window(self, project: str, since: datetime) -> list[str]:
        """Ids of the issues that changed, asked once for all pages of this call, oldest change first.

        A change moves an issue to the end. So where the newest page begins with an issue that is known as it
        is, those before it are, too, unless they are not known at all, or showed up late: all are read
        again before the window is left behind.
        """
        when = self._since(since)
        query = jql.all_of([_of(project), when], _BY_CHANGE)
        if query not in self._windows:
            page = await self._newest_page(jql.all_of([_of(project), when], _NEWEST))
            self._windows[query] = await self._to_fetch(query, page)
        return self._windows[query]

    async def _to_fetch(self, query: str, page: Page[dict[str, Any]]) -> list[str]:
        newest = [identifier(one, "issue") for one in reversed(page.items)]
        ids = newest if page.next is None else await self._all_ids(query)
        is_last = self.known is None or self.known.is_settling(None, self.now)
        if is_last or (page.next is not None and not any(map(self._is_known, page.items[-1:]))):
            return ids
        same = {identifier(one, "issue") for one in page.items if self._is_known(one)}
        known: Collection[str] = () if self.known is None else self.known.seen
        older = set() if page.next is None else set(known) - set(newest)
        return [one for one in ids if one not in same and one not in older]

    async def _all_ids(self, query: str) -> list[str]:
        found: dict[str, None] = {}
        async with aclosing(self._issues.ids(query)) as pages:
            async for page in pages:
                found |= dict.fromkeys(page)
        return list(found)

    async def count(self, project: str) -> int | None:
        """Issues of a project; on Cloud about as many."""
        return await self._issues.count(jql.all_of([_of(project)]))

    async def sweep(self, project: str) -> Sweep:
        """Ids of all issues, on Cloud 5000 a request."""
        ids = await self._all_ids(jql.all_of([_of(project)]))
        return Sweep(set(ids), {len(ids)})

    async def items(self, ids: Sequence[str], project: str) -> dict[str, ChangedItem]:
        """Those of the ids that are issues of the project now, from the primary store."""
        found = await self._issues.fetch(ids, await self._fields())
        items = [_item(one, project) for one in found.values()]
        return {one.id: one for one in items if one.mine}

    async def is_visible(self, project: str) -> bool:
        """Whether the project is there; one in the trash is not.

        Raises:
            AuthenticationError: the credential is not accepted any more. Nothing is gone then: the lists of a
                public project show what anonymous visitors see.
        """
        await self._api.me()
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
