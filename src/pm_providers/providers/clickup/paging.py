"""Numbered pages of tasks that tell no total: read at once as far as that wastes no requests.

The vendor tells only whether a page is the last one, so that each page proves the next one and no more. One
request besides the pages may be spent on knowing more, in one of two ways:

- A hint of how many tasks there are about (`Hint`), where the caller has one. The last page that it
  promises is tried out; when that one exists, those before it are fetched at once. What lies beyond is walked
  page by page. So a list costs its pages and one request more at most where the hint is right or too low;
  where it is too high the trial fails, and it is two.
- Without a hint, pages further ahead are tried out, with single requests at growing distances; the pages
  before one that exists are fetched at once. The first trial that fails is the last one: from there on each
  page is asked for when the one before it told of it. So a list costs its pages and one request more at most.

A hint decides about nothing else: a list ends where its pages end. What a page makes the caller look up
(`spends`) counts as the one request: nothing is tried out after it but what a hint promises that costs
nothing. When the first such page comes after the one request was spent, it is one more.

Pages are of a list sorted by creation, oldest first: new tasks come at its end. A task that is deleted while
the list is read shifts those after it, and one may be missed; `changes()` finds such.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pm_providers.errors import ProviderError

__all__ = ["Hint", "Spends", "TaskPage", "task_pages"]

_PAGE = 100
_STEP = 2
_WORTH_IT = 3
_HINT_FROM = 2
_MAX_PAGES = 100_000
_REPEATED = 3

Fetch = Callable[[int], Awaitable["TaskPage"]]
Spends = Callable[[Sequence[dict[str, Any]]], Awaitable[bool]]
Hint = Callable[[bool], Awaitable["int | None"]]
"""Whether a request may be spent on it -> how many tasks there are about; `None` where that is not known."""


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
    fetch: Fetch,
    *,
    window: int = 1,
    expected: int | None = None,
    hint: Hint | None = None,
    spends: Spends | None = None,
) -> AsyncGenerator[Sequence[dict[str, Any]], None]:
    """Tasks of all pages, page by page in order; those that came before are left out.

    Args:
        fetch: number of a page, from 0 -> page.
        window: pages in flight, besides one that is tried out; with 1, one page follows the other.
        expected: tasks that there were lately; `None` where that is not known.
        hint: asked once there are more than two pages, where nothing is expected; must not raise.
        spends: what the caller looks up for the tasks of a page when it comes; says whether that took a
            request. Nothing is tried out after it did.

    Raises:
        ProviderError: the list never ends.
    """
    blind_from = max(_WORTH_IT, (expected or 0) // _PAGE + _WORTH_IT)
    may_try, asked = window > 1, hint if window > 1 and expected is None else None
    walk = _Walk(fetch, window, spends, asked, blind_from, _targets(expected), may_try=may_try)
    async with aclosing(walk.pages()) as pages:
        async for page in pages:
            yield page


def _targets(expected: int | None) -> list[int]:
    """Pages to try out first: most of those that are expected, then all full ones; the last one first."""
    last = (expected or 0) // _PAGE - 1
    if last >= _MAX_PAGES:
        return []
    most = last * 7 // 8
    return [one for one in (last, most) if one >= _WORTH_IT]


@dataclass(slots=True)
class _Walk:
    """One way through the pages.

    Attributes:
        fetch: number -> page.
        window: pages in flight.
        spends: see `task_pages`.
        hint: see `task_pages`; `None` once it was asked for.
        blind_from: page from which on others than `targets` are tried out: short lists waste nothing.
        targets: pages to try out, the last one first.
        may_try: nothing was wasted yet.
        sure: the highest page that exists for certain.
        upcoming: the next page that was not asked for, in order.
        asked: pages that were asked for.
        ahead: page that was asked for before its turn.
        asking: the hint, under way.
        hinted: the hint was asked for: nothing but what it promises is tried out.
        free: it was to cost nothing, as the request was spent.
        ended: the last page, or one that does not exist, came.
        step: distance of the next trial.
        running: requests by page.
        came: pages that wait for those before them.
        seen: ids that came.
        next: number of the page that is next to be handed out.
        end: first page that is known not to exist.
        repeats: pages in a row that brought nothing new.
    """

    fetch: Fetch
    window: int
    spends: Spends | None
    hint: Hint | None
    blind_from: int
    targets: list[int]
    may_try: bool
    sure: int = 0
    upcoming: int = 0
    asked: set[int] = field(default_factory=set)
    ahead: int | None = None
    asking: asyncio.Task[int | None] | None = None
    hinted: bool = False
    free: bool = False
    ended: bool = False
    step: int = _STEP
    running: dict[asyncio.Task[TaskPage], int] = field(default_factory=dict)
    came: dict[int, TaskPage] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    next: int = 0
    end: int | None = None
    repeats: int = 0

    async def pages(self) -> AsyncGenerator[Sequence[dict[str, Any]], None]:
        try:
            while self.next != self.end:
                while self.next not in self.came:
                    self._ask()
                    await self._wait()
                    if self.next == self.end:
                        return
                page = self.came.pop(self.next)
                fresh = self._taken(page)
                if self.window > 1 and not page.last:
                    self._ask()
                yield fresh
                if page.last:
                    return
        finally:
            pending = self._pending()
            for one in pending:
                one.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    def _ask(self) -> None:
        """Ask for the page that leads furthest, and for those before it, as many as the window takes.

        While pages are tried out, few others are under way: each would keep the answer to the trial waiting.
        """
        if self.hint is not None and self.sure >= _HINT_FROM and not self.ended:
            self._ask_hint(self.hint)
        if self.window > 1 and self.sure > 0 and self.ahead is None and self.asking is None:
            self.ahead = self._next_ahead()
            if self.ahead is not None:
                self._start(self.ahead)
        most = self.window if not self.may_try or self.ahead is None else -(-self.window // 4)
        while self.upcoming <= self.sure and self.upcoming < self.next + self.window:
            if self.upcoming not in self.asked:
                if len(self.running) - (self.ahead is not None) >= most:
                    return
                self._start(self.upcoming)
            self.upcoming += 1

    def _next_ahead(self) -> int | None:
        """A page to try out; when that is over, the last that exists for certain, as it tells of the next."""
        if not self.may_try:
            return None if self.sure in self.asked else self.sure
        while self.targets:
            target = self.targets.pop()
            if target > self.sure:
                return target
        if self.hinted:
            self.may_try = False
            return self._next_ahead()
        if self.sure < self.blind_from:
            return None
        self.step += 1
        return self.sure + self.step - _STEP

    def _start(self, number: int) -> None:
        self.asked.add(number)
        self.running[asyncio.create_task(self._one(number))] = number

    async def _one(self, number: int) -> TaskPage:
        return await self.fetch(number)

    def _ask_hint(self, hint: Hint) -> None:
        async def ask() -> int | None:
            return await hint(not self.free)

        self.hint, self.hinted, self.free = None, True, not self.may_try
        self.asking = asyncio.create_task(ask())

    def _pending(self) -> set[asyncio.Task[Any]]:
        return {*self.running} if self.asking is None else {*self.running, self.asking}

    async def _wait(self) -> None:
        """Wait for an answer, and learn from it."""
        done, _ = await asyncio.wait(self._pending(), return_when=asyncio.FIRST_COMPLETED)
        if self.asking is not None and self.asking in done:
            done.discard(self.asking)
            self.targets, self.asking = _targets(self.asking.result()), None
            self.may_try = not self.ended and (self.may_try or self.free)
        for one in sorted(done, key=self.running.__getitem__):
            number = self.running.pop(one)
            await self._learn(number, one.result())

    async def _learn(self, number: int, page: TaskPage) -> None:
        if number == self.ahead:
            self.ahead = None
        if not page.items and number > 0:
            self.end = number if self.end is None else min(self.end, number)
            self.ended, self.may_try = True, False
            return
        self.came[number] = page
        self.sure = max(self.sure, number if page.last else number + 1)
        self.ended = self.ended or page.last
        if page.last or (self.spends is not None and await self.spends(page.items)):
            self.may_try = False

    def _taken(self, page: TaskPage) -> Sequence[dict[str, Any]]:
        """Tasks of the next page that did not come before.

        Raises:
            ProviderError: the same pages come again and again.
        """
        self.next += 1
        fresh = [one for one in page.items if self._is_new(one)]
        self.repeats = 0 if fresh else self.repeats + 1
        if not page.last and (self.repeats >= _REPEATED or self.next >= _MAX_PAGES):
            raise ProviderError("the list of tasks repeats itself and never ends")
        return fresh

    def _is_new(self, task: dict[str, Any]) -> bool:
        known = len(self.seen)
        self.seen.add(str(task.get("id")))
        return len(self.seen) > known
