"""Searching and fetching issues: token pages, ids and bulk fetches on Cloud, numbered pages elsewhere."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from pm_providers.errors import NotFoundError, ProviderError
from pm_providers.providers.jira.answers import objects
from pm_providers.providers.jira.client import Api
from pm_providers.providers.jira.recent import RecentWrites
from pm_providers.toolkit.documents import broken, identifier
from pm_providers.toolkit.listing import DocumentPage, page_span, steady_pages
from pm_providers.transport import Page, bounded_map, iter_links

__all__ = ["IDS_PER_PAGE", "Issues"]

IDS_PER_PAGE = 5000
"""Most that a page holds when nothing but ids is asked for ([spec] POST search/jql)."""

_BULK = 100
_LONGEST_QUERY = 2000


class Issues:
    """Issues of one site by query and by id, as documents.

    Args:
        api: the connection.
        recent: what was written a moment ago.
    """

    def __init__(self, api: Api, recent: RecentWrites) -> None:
        self._api = api
        self._recent = recent
        self._size = api.options.page_size
        self._cap: int | None = None

    async def pages(
        self, jql: str, fields: Sequence[str], *, window: int = 1, limit: int | None = None
    ) -> AsyncGenerator[list[dict[str, Any]], None]:
        """Issues that fit a query, in its order, each once.

        On Cloud tokens lead from page to page, so that pages cannot be fetched ahead. With a window, only
        the first page comes that way; then ids are asked for, 5000 at a time, and their issues fetched 100 at
        a time, several calls in flight.

        Args:
            jql: the query.
            fields: ids of the fields that are needed.
            window: calls in flight.
            limit: issues that will be taken at most.

        Raises:
            ValidationError: the query is not understood, or names what does not exist.
        """
        await self._api.meet()
        if not self._api.site.is_cloud:
            stream = self._numbered(jql, fields, window, limit)
        elif window > 1 and (limit is None or limit > self._size):
            stream = self._ahead(jql, fields, window, limit)
        else:
            stream = self._tokens(jql, fields, limit)
        seen: set[str] = set()
        gone = self._recent.gone()
        async with aclosing(stream) as pages:
            async for page in pages:
                fresh = [one for one in page if _is_new(one, seen, gone)]
                if fresh:
                    yield fresh

    async def first(self, jql: str, fields: Sequence[str], most: int = 1) -> list[dict[str, Any]]:
        """The first issues that fit a query."""
        async with aclosing(self.pages(jql, fields, limit=most)) as pages:
            async for page in pages:
                return page[:most]
        return []

    # Cloud

    async def _tokens(
        self, jql: str, fields: Sequence[str], limit: int | None, *, size: int | None = None
    ) -> AsyncGenerator[list[dict[str, Any]], None]:
        """One page after the other. The end is a missing token: `isLast` and short pages say nothing."""
        size = size or (self._size if limit is None else max(1, min(limit, self._size)))
        body = {"jql": jql, "fields": list(fields), "maxResults": size, **self._reconciled()}

        async def fetch(token: str | None) -> Page[dict[str, Any]]:
            more = {} if token is None else {"nextPageToken": token}
            answer = await self._api.ask("search/jql", {**body, **more})
            found = answer.get("nextPageToken")
            return Page(objects(answer, "issues"), next=found if isinstance(found, str) and found else None)

        async with aclosing(iter_links(fetch, provider="jira")) as pages:
            async for page in pages:
                yield list(page.items)

    def _reconciled(self) -> dict[str, Any]:
        ids = self._recent.reconcile()
        return {"reconcileIssues": ids} if ids else {}

    async def _ahead(
        self, jql: str, fields: Sequence[str], window: int, limit: int | None
    ) -> AsyncGenerator[list[dict[str, Any]], None]:
        first = await self.page(jql, fields)
        if first.next is None:
            yield list(first.items)
            return
        came = {identifier(one, "issue") for one in first.items}
        left = None if limit is None else limit - len(came)
        async with aclosing(self.ids(jql)) as pages:
            # On its way while the first page is used.
            ids = asyncio.ensure_future(anext(pages, None))
            try:
                yield list(first.items)
                async with aclosing(self._fetched(ids, pages, fields, came, window, left)) as found:
                    async for page in found:
                        yield page
            finally:
                ids.cancel()
                await asyncio.gather(ids, return_exceptions=True)

    async def page(self, jql: str, fields: Sequence[str]) -> Page[dict[str, Any]]:
        """The first page of a query on Cloud, which says whether there are more."""
        body = {"jql": jql, "fields": list(fields), "maxResults": self._size, **self._reconciled()}
        answer = await self._api.ask("search/jql", body)
        found, gone = answer.get("nextPageToken"), self._recent.gone()
        items = [one for one in objects(answer, "issues") if identifier(one, "issue") not in gone]
        return Page(items, next=found if isinstance(found, str) and found else None)

    async def _fetched(
        self,
        first: Awaitable[list[str] | None],
        more: AsyncIterator[list[str]],
        fields: Sequence[str],
        came: set[str],
        window: int,
        left: int | None,
    ) -> AsyncGenerator[list[dict[str, Any]], None]:
        """Issues of the ids that a query finds, but those that came already; in order."""
        pending: deque[asyncio.Task[list[dict[str, Any]]]] = deque()
        try:
            page = await first
            while page is not None:
                ids = [one for one in page if one not in came][:left]
                left = None if left is None else left - len(ids)
                for start in range(0, len(ids), _BULK):
                    chunk = ids[start : start + _BULK]
                    pending.append(asyncio.create_task(self._chunk(chunk, fields)))
                    if len(pending) >= window:
                        yield await pending[0]
                        pending.popleft()
                page = None if left == 0 else await anext(more, None)
            while pending:
                yield await pending[0]
                pending.popleft()
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    async def ids(self, jql: str) -> AsyncGenerator[list[str], None]:
        """Ids of the issues that fit a query, 5000 a page; those deleted a moment ago are left out."""
        await self._api.meet()
        gone = self._recent.gone()
        async with aclosing(self._id_pages(jql)) as pages:
            async for page in pages:
                yield [one for one in (identifier(issue, "issue") for issue in page) if one not in gone]

    async def _id_pages(self, jql: str) -> AsyncGenerator[list[dict[str, Any]], None]:
        if self._api.site.is_cloud:
            stream = self._tokens(jql, ("id",), None, size=IDS_PER_PAGE)
        else:
            stream = self._numbered(jql, ("project",), 1, None, size=1000)
        async with aclosing(stream) as pages:
            async for page in pages:
                yield page

    # by id

    async def fetch(self, ids: Sequence[str], fields: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Issues by id, from the primary store; those that are gone or hidden are left out."""
        chunks = [ids[start : start + _BULK] for start in range(0, len(ids), _BULK)]

        async def one(chunk: Sequence[str]) -> list[dict[str, Any]]:
            return await self._chunk(chunk, fields)

        found: dict[str, dict[str, Any]] = {}
        for answer in await bounded_map(one, chunks, self._api.options.concurrency):
            if isinstance(answer, BaseException):
                raise answer
            found |= {identifier(issue, "issue"): issue for issue in answer}
        return found

    async def _chunk(self, ids: Sequence[str], fields: Sequence[str]) -> list[dict[str, Any]]:
        """Up to 100 issues in the order of their ids."""
        if not ids:
            return []
        await self._api.meet()
        if not self._api.site.is_cloud:
            return await self._one_by_one(ids, fields)
        body = {"issueIdsOrKeys": list(ids), "fields": list(fields), "fieldsByKeys": False}
        answer = await self._api.ask("issue/bulkfetch", body)
        found = {identifier(one, "issue"): one for one in objects(answer, "issues")}
        # What is named here could not be given, or does not exist: the vendor's words tell only people which.
        failed = {str(one.get("id")) for one in answer.get("issueErrors") or () if isinstance(one, Mapping)}
        for one in await self._one_by_one([key for key in ids if key in failed - set(found)], fields):
            found[identifier(one, "issue")] = one
        return [found[one] for one in ids if one in found]

    async def _one_by_one(self, ids: Sequence[str], fields: Sequence[str]) -> list[dict[str, Any]]:
        """Data Center has no bulk fetch, and a query with an id that is gone is an error there."""

        async def one(key: str) -> dict[str, Any] | None:
            return await self._api.find_issue(key, fields)

        answers = await bounded_map(one, ids, self._api.options.concurrency)
        result = []
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            if answer is not None:
                result.append(answer)
        return result

    # Data Center

    async def _numbered(
        self, jql: str, fields: Sequence[str], window: int, limit: int | None, *, size: int | None = None
    ) -> AsyncGenerator[list[dict[str, Any]], None]:
        size, window = page_span(size or self._size, window, limit)
        size = min(size, self._cap or size)
        started = False
        try:
            async with aclosing(self._numbered_of(jql, fields, window, size)) as pages:
                async for page in pages:
                    started = True
                    yield page
        except _CutError as cut:
            if started or not 0 < cut.size < size:
                raise
            self._cap = cut.size
            async with aclosing(self._numbered_of(jql, fields, window, cut.size)) as pages:
                async for page in pages:
                    yield page

    async def _numbered_of(
        self, jql: str, fields: Sequence[str], window: int, size: int
    ) -> AsyncGenerator[list[dict[str, Any]], None]:
        async def fetch(number: int) -> DocumentPage:
            return await self.numbered_page(jql, fields, number, size)

        def name(one: Mapping[str, Any]) -> str:
            return identifier(one, "issue")

        async with aclosing(steady_pages(fetch, name, window=window, provider="jira")) as pages:
            async for page in pages:
                yield list(page.items)

    async def numbered_page(self, jql: str, fields: Sequence[str], number: int, size: int) -> DocumentPage:
        """One page of a query on Data Center, from 1.

        Raises:
            ProviderError: the server cuts pages below the size asked for, or tells no total.
        """
        start = (number - 1) * size
        document = await self._search(jql, fields, start, size)
        total, given = document.get("total"), document.get("maxResults")
        if not isinstance(total, int):
            raise broken("a list of issues without total")
        if isinstance(given, int) and given < min(size, total):
            raise _CutError(given)
        return DocumentPage(objects(document, "issues"), total=total, page_size=size, document=document)

    async def _search(self, jql: str, fields: Sequence[str], start: int, size: int) -> dict[str, Any]:
        """The search of Data Center: by GET like any read, by POST where the address would be too long."""
        asked: dict[str, Any] = {"jql": jql, "startAt": start, "maxResults": size}
        names = ",".join(fields)
        if len(jql) + len(names) <= _LONGEST_QUERY:
            return await self._api.get("search", {**asked, "fields": names})
        return await self._api.ask("search", {**asked, "fields": list(fields)})

    async def count(self, jql: str) -> int | None:
        """About how many issues fit a query; exact on Data Center."""
        await self._api.meet()
        if self._api.site.is_cloud:
            found = (await self._api.ask("search/approximate-count", {"jql": jql})).get("count")
        else:
            found = (await self._search(jql, ("project",), 0, 1)).get("total")
        return found if isinstance(found, int) and not isinstance(found, bool) else None

    async def sure(self, key: str, fields: Sequence[str]) -> dict[str, Any]:
        """An issue by id or key.

        Raises:
            NotFoundError: no such issue, or it may not be seen.
        """
        try:
            return await self._api.issue(key, fields)
        except NotFoundError as error:
            raise NotFoundError(f"there is no task {key!r:.80}", status=error.status) from error


class _CutError(ProviderError):
    """The server cuts pages below the size asked for (`jira.search.views.default.max`).

    Args:
        size: issues in its pages.
    """

    def __init__(self, size: int) -> None:
        super().__init__(f"the answer breaks the API's contract: issues in pages of {size}")
        self.size = size


def _is_new(issue: Mapping[str, Any], seen: set[str], gone: frozenset[str]) -> bool:
    one = identifier(issue, "issue")
    if one in seen or one in gone:
        return False
    seen.add(one)
    return True
