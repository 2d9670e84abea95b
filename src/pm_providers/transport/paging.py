"""Paging as objects: numbered pages fetched ahead, and chains of links or tokens."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, Final, Generic, TypeVar

from pm_providers.errors import ProviderError

__all__ = ["MAX_PAGES", "Page", "collect", "iter_items", "iter_links", "iter_pages"]

T = TypeVar("T")

MAX_PAGES: Final = 100_000
"""Pages after which a list counts as endless."""


@dataclasses.dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list.

    Attributes:
        items: in the server's order.
        total: items of the whole list as the server counts them; `None` when it does not tell.
        next: link or token of the next page; `None` on the last.
        page_size: items that a full page holds, as the server tells it (it may be less than was
            asked for); `None` when it does not tell.
    """

    items: Sequence[T]
    total: int | None = None
    next: str | None = None
    page_size: int | None = None


async def iter_pages(
    fetch: Callable[[int], Awaitable[Page[T]]],
    *,
    window: int = 4,
    first: int = 1,
    max_pages: int = MAX_PAGES,
    provider: str | None = None,
    operation: str | None = None,
) -> AsyncGenerator[Page[T], None]:
    """Fetch numbered pages and yield them in order.

    Where the first page tells the total, the others are fetched ahead, at most `window` pages being
    in memory or under way. Otherwise one page follows the other until one is not full. A total that
    changes under way is followed. Closing the iterator cancels what is under way.

    Args:
        fetch: page number -> page.
        window: pages held at once, at least 1.
        first: number of the first page.
        max_pages: bound for a server that never ends.
        provider: for the errors.
        operation: for the errors.

    Raises:
        ProviderError: the list has more than `max_pages` pages, or a page is empty although the
            server counts items on it.
    """
    run = _Numbered(fetch, max(1, window), first, max_pages)
    try:
        async with aclosing(run.pages()) as pages:
            async for page in pages:
                yield page
    except _PagingError as exc:
        raise _error(str(exc), provider, operation) from None


class _PagingError(Exception):
    """The server's paging contradicts itself."""


class _Numbered(Generic[T]):
    """State of one walk over numbered pages."""

    def __init__(
        self, fetch: Callable[[int], Awaitable[Page[T]]], window: int, first: int, max_pages: int
    ) -> None:
        self._fetch = fetch
        self._window = window
        self._first = first
        self._max = max_pages
        self._size = 0
        self._last: int | None = first
        self._pending: deque[asyncio.Task[Page[T]]] = deque()

    async def pages(self) -> AsyncGenerator[Page[T], None]:
        number = self._first
        upcoming = number
        try:
            while self._last is None or number <= self._last:
                upcoming = self._fetch_ahead(max(upcoming, number))
                page = await self._pending[0]
                self._pending.popleft()
                self._learn(page, number)
                if page.items or number == self._first:
                    yield page
                number += 1
        finally:
            await _cancel(self._pending)

    def _fetch_ahead(self, upcoming: int) -> int:
        limit = upcoming if self._last is None and not self._pending else (self._last or 0)
        while len(self._pending) < self._window and upcoming <= limit:
            self._pending.append(asyncio.create_task(self._get(upcoming)))
            upcoming += 1
        return upcoming

    async def _get(self, number: int) -> Page[T]:
        return await self._fetch(number)

    def _learn(self, page: Page[T], number: int) -> None:
        """Update the number of the last page; `None` means: unknown, go on."""
        count = len(page.items)
        if number == self._first:
            self._size = _page_size(page)
        done = (number - self._first) * self._size
        if page.total is None:
            full = count > 0 and count >= self._size
            self._last = None if full else number
        elif count == 0 and done < page.total:
            raise _PagingError(f"page {number} is empty, although the list has {page.total} items")
        elif self._size:
            self._last = self._first + max(0, -(-page.total // self._size) - 1)
        if number - self._first + 1 >= self._max and (self._last is None or self._last > number):
            raise _PagingError(f"the list has more than {self._max} pages")


def _page_size(page: Page[Any]) -> int:
    """Items per page: what was delivered counts more than what was announced."""
    count = len(page.items)
    announced = page.page_size or count
    cut_short = page.total is not None and count < min(announced, page.total)
    return count if cut_short else announced


async def _cancel(tasks: deque[asyncio.Task[Page[T]]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    tasks.clear()


async def iter_links(
    fetch: Callable[[str | None], Awaitable[Page[T]]],
    *,
    start: str | None = None,
    max_pages: int = MAX_PAGES,
    provider: str | None = None,
    operation: str | None = None,
) -> AsyncGenerator[Page[T], None]:
    """Follow a chain of links or tokens and yield its pages.

    Args:
        fetch: link or token -> page; `None` fetches the first page.
        start: where to begin.
        max_pages: bound for a server that never ends.
        provider: for the errors.
        operation: for the errors.

    Raises:
        ProviderError: a link or token comes a second time, or the chain is longer than `max_pages`.
    """
    seen: set[str | None] = {start}
    link = start
    for _ in range(max_pages):
        page = await fetch(link)
        yield page
        link = page.next
        if link is None:
            return
        if link in seen:
            raise _error("the list leads back to a page it had before", provider, operation)
        seen.add(link)
    raise _error(f"the list has more than {max_pages} pages", provider, operation)


async def iter_items(pages: AsyncIterator[Page[T]]) -> AsyncGenerator[T, None]:
    """Yield the items of pages one by one; closes the pages at the end, also an early one."""
    try:
        async for page in pages:
            for item in page.items:
                yield item
    finally:
        if isinstance(pages, AsyncGenerator):
            await pages.aclose()


async def collect(pages: AsyncIterator[Page[T]], limit: int | None = None) -> list[T]:
    """All items of pages as a list, at most `limit`; stops fetching when it has enough."""
    found: list[T] = []
    async with aclosing(iter_items(pages)) as items:
        if limit is not None and limit <= 0:
            return found
        async for item in items:
            found.append(item)
            if len(found) == limit:
                break
    return found


def _error(text: str, provider: str | None, operation: str | None) -> ProviderError:
    return ProviderError(text, provider=provider, operation=operation)
