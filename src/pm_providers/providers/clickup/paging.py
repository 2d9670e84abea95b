"""Numbered pages of tasks that tell no total: read at once as far as that wastes no requests.

The vendor tells only whether a page is the last one. What its lists count (`task_count`) hints at how many
pages there surely are; whether closed tasks and subtasks are in that count is documented nowhere, so it is
never trusted: a page is probed before those below it are fetched at once, and the list is walked to its end.

Pages are of a list sorted by creation, oldest first: new tasks come at its end. A task that is deleted while
the list is read shifts those after it, and one may be missed; `changes()` finds such.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pm_providers.errors import ProviderError

__all__ = ["TaskPage", "task_pages"]

_PAGE = 100
_WORTH_IT = 4
_PATIENCE = 4
_MAX_PAGES = 100_000
_REPEATED = 3

Fetch = Callable[[int], Awaitable["TaskPage"]]
Hint = Callable[[Sequence[dict[str, Any]]], Awaitable["int | None"]]


@dataclass(frozen=True, slots=True)
class TaskPage:
    """One page.

    Attributes:
        items: tasks as the vendor sent them.
        last: there is no page after it.
        clock: the server's clock; `None` where it did not tell.
    """

    items: Sequence[dict[str, Any]]
    last: bool
    clock: datetime | None = None


async def task_pages(
    fetch: Fetch, *, window: int = 1, hint: Hint | None = None
) -> AsyncGenerator[Sequence[dict[str, Any]], None]:
    """Tasks of all pages, page by page in order; those that came before are left out.

    One request more than there are pages is spent on the hint, and at most one more is wasted, when the hint
    is wrong.

    Args:
        fetch: number of a page, from 0 -> page.
        window: pages in flight; with 1, one follows the other.
        hint: tasks of the first page -> about how many there are; `None` where that is not known.

    Raises:
        ProviderError: the list never ends.
    """
    walk = _Walk(fetch, window, hint if window > 1 else None)
    async with aclosing(walk.pages()) as pages:
        async for page in pages:
            yield page


@dataclass(slots=True)
class _Walk:
    """One way through the pages.

    Attributes:
        fetch: number -> page.
        window: pages in flight.
        hint: see `task_pages`.
        seen: ids that came.
        next: number of the page that is next to be handed out.
        done: the last page was handed out.
        end: number of a page that was asked for and does not exist; no more of that then.
        repeats: pages in a row that brought nothing new.
    """

    fetch: Fetch
    window: int
    hint: Hint | None
    seen: set[str] = field(default_factory=set)
    next: int = 0
    done: bool = False
    end: int | None = None
    repeats: int = 0

    async def pages(self) -> AsyncGenerator[Sequence[dict[str, Any]], None]:
        first = await self.fetch(0)
        yield self._taken(first)
        for target in await self._targets(first.items) if not self.done and self.hint else ():
            async with aclosing(self._up_to(target)) as pages:
                async for page in pages:
                    yield page
        calm = 0
        while not self.done:
            if self.next == self.end:
                return
            if self.hint and self.end is None and calm >= _PATIENCE:
                calm = 0
                async with aclosing(self._up_to(2 * self.next)) as pages:
                    async for page in pages:
                        yield page
            else:
                calm += 1
                yield self._taken(await self.fetch(self.next))

    async def _targets(self, items: Sequence[dict[str, Any]]) -> tuple[int, ...]:
        """Pages to probe: most of those that the hint promises, then all full ones."""
        count = await self.hint(items) if self.hint else None
        last = (count or 0) // _PAGE - 1
        if last < _WORTH_IT:
            return ()
        most = last * 7 // 8
        return (most, last) if most >= _WORTH_IT and last - most > 1 else (last,)

    async def _up_to(self, target: int) -> AsyncGenerator[Sequence[dict[str, Any]], None]:
        """Pages up to `target`, at once if that one exists; nothing if it does not."""
        if self.done or self.end is not None or target <= self.next:
            return
        probe = await self.fetch(target)
        if not probe.items:
            self.end = target
            return
        async with aclosing(self._between(target)) as pages:
            async for page in pages:
                yield self._taken(page)
                if page.last:
                    return
        yield self._taken(probe)

    async def _between(self, target: int) -> AsyncGenerator[TaskPage, None]:
        """Pages from the next one to the one before `target`, in order, several in flight."""
        pending: deque[asyncio.Task[TaskPage]] = deque()
        upcoming = self.next
        try:
            while pending or upcoming < target:
                while upcoming < target and len(pending) < self.window:
                    pending.append(asyncio.create_task(self._one(upcoming)))
                    upcoming += 1
                yield await pending[0]
                pending.popleft()
        finally:
            for one in pending:
                one.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    async def _one(self, number: int) -> TaskPage:
        return await self.fetch(number)

    def _taken(self, page: TaskPage) -> Sequence[dict[str, Any]]:
        """Tasks of the next page that did not come before.

        Raises:
            ProviderError: the same pages come again and again.
        """
        self.next += 1
        self.done = page.last
        fresh = [one for one in page.items if self._is_new(one)]
        self.repeats = 0 if fresh else self.repeats + 1
        if not self.done and (self.repeats >= _REPEATED or self.next >= _MAX_PAGES):
            raise ProviderError("the list of tasks repeats itself and never ends")
        return fresh

    def _is_new(self, task: dict[str, Any]) -> bool:
        known = len(self.seen)
        self.seen.add(str(task.get("id")))
        return len(self.seen) > known
