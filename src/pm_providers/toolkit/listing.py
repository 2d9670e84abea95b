"""Lists in numbered pages that shift while they are read."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from pm_providers.errors import ProviderError
from pm_providers.transport import Page, iter_pages

__all__ = ["DocumentPage", "Listed", "page_span", "steady_pages"]

_REPEATED_PAGES = 3


@dataclass(frozen=True, slots=True)
class DocumentPage(Page[dict[str, Any]]):
    """One page as the vendor sent it.

    Attributes:
        document: the whole answer that the elements stood in.
    """

    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list.

    Attributes:
        items: elements that did not come on an earlier page.
        collection: the whole answer, as it came.
    """

    items: Sequence[dict[str, Any]]
    collection: Mapping[str, Any]


def page_span(size: int, window: int, limit: int | None) -> tuple[int, int]:
    """Page size and pages in flight, so that no more is fetched than `limit` elements need."""
    return (max(1, limit), 1) if limit is not None and limit <= size else (size, window)


async def steady_pages(
    fetch: Callable[[int], Awaitable[DocumentPage]],
    name: Callable[[Mapping[str, Any]], str],
    *,
    window: int = 1,
    provider: str | None = None,
) -> AsyncGenerator[Listed, None]:
    """Pages of a list, in order; elements that came before are left out.

    Pages shift when the list changes under way: sort by something stable. When the list shrinks, elements
    slip to pages that were read already: it is read again until nothing new is found.

    Args:
        fetch: page number, from 1 -> page. Where the vendor pages by offset, that is `(number - 1) * size`,
            with a size that the server does not cut.
        name: what tells an element from all others of the list.
        window: pages in flight.
        provider: for the errors.

    Raises:
        ProviderError: the list never ends, or ends before its total.
    """
    seen: set[str] = set()
    while True:
        known, walk = len(seen), _Walk(seen, name)
        async with aclosing(iter_pages(fetch, window=window, provider=provider)) as pages:
            async for page in pages:
                document = page.document if isinstance(page, DocumentPage) else {}
                yield Listed(walk.fresh(page), document)
        if not walk.shrank or (known and len(seen) == known):
            return


class _Walk:
    """One way through the pages of a list.

    Attributes:
        shrank: a later page counted fewer elements than an earlier one.
    """

    def __init__(self, seen: set[str], name: Callable[[Mapping[str, Any]], str]) -> None:
        self.shrank = False
        self._seen = seen
        self._name = name
        self._before = frozenset(seen)
        self._again: set[str] = set()
        self._most = 0
        self._repeats = 0

    def fresh(self, page: Page[dict[str, Any]]) -> list[dict[str, Any]]:
        """Elements of the next page that no way brought before.

        Raises:
            ProviderError: this way brings the same pages again and again.
        """
        self.shrank |= page.total is not None and page.total < self._most
        self._most = max(self._most, page.total or 0)
        known = len(self._seen) + len(self._again)
        fresh = [one for one in page.items if self._is_new(self._name(one))]
        moved = len(self._seen) + len(self._again) > known
        self._repeats = 0 if moved or not page.items else self._repeats + 1
        if self._repeats >= _REPEATED_PAGES:
            raise ProviderError("the list repeats itself and never ends")
        return fresh

    def _is_new(self, name: str) -> bool:
        if name in self._before:
            self._again.add(name)
            return False
        known = len(self._seen)
        self._seen.add(name)
        return len(self._seen) > known
