"""Pages of tasks: whole, in order, several at once, and no request wasted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pm_providers.errors import ProviderError
from pm_providers.providers.clickup.paging import Hint, TaskPage, task_pages


class Book:
    """A list of `count` tasks; remembers the numbers of its pages that were asked for."""

    def __init__(self, count: int, *, flagged: bool = True) -> None:
        self.tasks = [{"id": str(one)} for one in range(count)]
        self.flagged = flagged
        self.asked: list[int] = []
        self.running = self.most = 0

    async def fetch(self, number: int) -> TaskPage:
        self.asked.append(number)
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0)
        self.running -= 1
        items = self.tasks[number * 100 : number * 100 + 100]
        last = (number + 1) * 100 >= len(self.tasks) if self.flagged else len(items) < 100
        return TaskPage(items, last)

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.tasks) // 100))


class Told:
    """A hint; remembers how often it was asked for, and whether that might cost a request.

    Attributes:
        known: it costs nothing, because what it needs was looked up.
    """

    def __init__(self, count: int | None, *, known: bool = False, delay: int = 1) -> None:
        self.count, self.known, self.delay = count, known, delay
        self.asked: list[bool] = []

    async def __call__(self, may_ask: bool) -> int | None:
        self.asked.append(may_ask)
        for _ in range(self.delay):
            await asyncio.sleep(0)
        return self.count if may_ask or self.known else None

    @property
    def cost(self) -> int:
        return 0 if self.known else sum(self.asked)


async def read(
    book: Book,
    *,
    window: int = 8,
    expected: int | None = None,
    spending: frozenset[int] = frozenset(),
    hint: Hint | None = None,
) -> list[str]:
    """Ids in order; for the pages `spending` the caller needs a request of its own."""

    async def spends(items) -> bool:
        return int(items[0]["id"]) // 100 in spending

    pages = task_pages(book.fetch, window=window, expected=expected, hint=hint, spends=spends)
    return [one["id"] async for page in pages for one in page]


async def turns_of(book: Book, **given: Any) -> int:
    """Turns of the loop that reading takes. A round trip is about four: 100 pages one by one take 400."""
    turns = 0

    async def watch() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    watcher = asyncio.create_task(watch())
    await read(book, window=16, **given)
    watcher.cancel()
    return turns


@given(st.integers(0, 6000), st.integers(1, 9), st.none() | st.integers(0, 9000), st.booleans())
@example(count=1000, window=2, expected=None, flagged=False)
@example(count=2000, window=2, expected=None, flagged=False)
@example(count=6000, window=2, expected=5700, flagged=False)
def test_every_task_comes_once_in_order_whatever_is_expected(count, window, expected, flagged):
    book = Book(count, flagged=flagged)
    found = asyncio.run(read(book, window=window, expected=expected))
    assert found == [str(one) for one in range(count)]
    assert len(set(book.asked)) == len(book.asked), "no page is asked for twice"
    wasted = [one for one in book.asked if one * 100 >= max(1, count)]
    assert len(wasted) <= 1 + (not flagged), "without the flag, a full last page is followed by an empty one"


@given(st.integers(0, 6000), st.none() | st.integers(0, 9000))
def test_what_the_caller_had_to_look_up_for_the_first_page_leaves_nothing_to_try(count, expected):
    book = Book(count)
    found = asyncio.run(read(book, expected=expected, spending=frozenset({0})))
    assert found == [str(one) for one in range(count)]
    assert len(book.asked) == book.pages


@pytest.mark.parametrize("spent", [1, 7])
async def test_nothing_is_tried_after_the_caller_looked_something_up(spent: int):
    book = Book(10_000)
    await read(book, spending=frozenset({spent}))
    assert len(book.asked) == book.pages


@pytest.mark.parametrize("count", [1, 99, 100, 101, 500, 950, 1000, 4999, 10_000])
async def test_where_the_size_is_known_nothing_is_wasted_and_pages_come_at_once(count):
    book = Book(count)
    await read(book, expected=count)
    assert len(book.asked) == book.pages
    assert book.most >= (8 if count > 1500 else 1)
    assert book.most <= 9


@pytest.mark.parametrize("count", [1, 100, 101, 300])
async def test_a_short_list_wastes_nothing(count: int):
    book = Book(count)
    await read(book)
    assert len(book.asked) == book.pages


@pytest.mark.parametrize(("expected", "most"), [(10_000, 60), (None, 120), (600, 120)])
async def test_ten_thousand_tasks_take_few_round_trips(expected: int | None, most: int):
    book = Book(10_000)
    assert await turns_of(book, expected=expected) < most
    assert len(book.asked) <= 101


async def test_an_expectation_that_is_too_high_wastes_one_request_and_no_more():
    book = Book(700)
    await read(book, expected=50_000)
    assert len(book.asked) == 8


@given(
    st.integers(0, 6000),
    st.integers(1, 9),
    st.none() | st.integers(-5, 9000) | st.integers(10**6, 10**20),
    st.booleans(),
    st.integers(0, 9),
    st.frozensets(st.integers(0, 60), max_size=2),
    st.booleans(),
)
@example(count=6000, window=2, told=3000, flagged=False, delay=0, spending=frozenset(), known=False)
@example(count=6000, window=9, told=9000, flagged=True, delay=0, spending=frozenset({0}), known=True)
def test_every_task_comes_once_whatever_the_hint_says(count, window, told, flagged, delay, spending, known):
    book, hint = Book(count, flagged=flagged), Told(told, known=known, delay=delay)
    found = asyncio.run(read(book, window=window, hint=hint, spending=spending))
    assert found == [str(one) for one in range(count)]
    assert len(set(book.asked)) == len(book.asked), "no page is asked for twice"
    assert len(hint.asked) <= 1
    wasted = len([one for one in book.asked if one * 100 >= max(1, count)]) - (not flagged)
    right_or_low = told is None or told <= count
    assert wasted <= (0 if right_or_low and hint.asked else 1)
    assert wasted + hint.cost <= 2 - right_or_low


@pytest.mark.parametrize("told", [10_000, 9950, 10_050, 9000])
async def test_with_a_right_hint_pages_come_at_once(told: int):
    book, hint = Book(10_000), Told(told)
    await read(book, hint=hint, window=16)
    assert (len(book.asked), hint.asked) == (100, [True])
    assert book.most in {16, 17}


@pytest.mark.parametrize(("told", "most"), [(10_000, 60), (9000, 100)])
async def test_with_a_hint_ten_thousand_tasks_take_few_round_trips(told: int, most: int):
    assert await turns_of(Book(10_000), hint=Told(told)) < most


async def test_what_is_beyond_a_hint_that_is_too_low_is_walked_and_nothing_is_tried_out():
    book = Book(3000)
    await read(book, hint=Told(1000))
    assert len(book.asked) == 30


async def test_a_hint_that_is_too_high_costs_one_request_more_and_no_more():
    book, hint = Book(700), Told(50_000)
    assert len(await read(book, hint=hint)) == 700
    assert len(book.asked) + hint.cost == 7 + 2


@pytest.mark.parametrize("count", [0, 1, 100, 101, 200])
async def test_a_short_list_is_not_worth_a_hint(count: int):
    book, hint = Book(count), Told(count)
    await read(book, hint=hint)
    assert (len(book.asked), hint.asked) == (book.pages, [])


async def test_where_the_size_is_known_no_hint_is_asked_for():
    hint = Told(50_000)
    await read(Book(3000), expected=3000, hint=hint)
    assert hint.asked == []


@pytest.mark.parametrize(("known", "at_once"), [(True, True), (False, False)])
async def test_after_the_caller_looked_something_up_a_hint_must_cost_nothing(known, at_once):
    book, hint = Book(3000), Told(3000, known=known)
    await read(book, hint=hint, spending=frozenset({0}))
    assert (len(book.asked), hint.asked) == (30, [False])
    assert (book.most == 8) is at_once


async def test_who_stops_early_leaves_no_hint_running():
    stopped = asyncio.Event()

    async def never(_may_ask: bool) -> int | None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return None

    pages = task_pages(Book(3000).fetch, window=8, hint=never)
    async for page in pages:
        if page[0]["id"] == "500":
            break
    await pages.aclose()
    assert stopped.is_set()


async def test_with_a_window_of_one_pages_follow_each_other_and_none_is_tried():
    book = Book(3000)
    pages = [page async for page in task_pages(book.fetch, window=1, expected=3000)]
    assert len(pages) == 30
    assert (book.asked, book.most) == (list(range(30)), 1)


async def test_with_a_window_of_one_who_stops_asked_for_nothing_more():
    book = Book(3000)
    pages = task_pages(book.fetch)
    async for _ in pages:
        break
    await asyncio.sleep(0)
    await pages.aclose()
    assert book.asked == [0]


async def test_who_stops_early_leaves_nothing_running():
    book = Book(5000)

    pages = task_pages(book.fetch, window=8, expected=5000)
    async for page in pages:
        if page[0]["id"] == "300":
            break
    await pages.aclose()
    before = len(book.asked)
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(book.asked) == before < 50


async def test_tasks_that_slip_to_the_next_page_come_once():
    pages = [
        TaskPage([{"id": "1"}, {"id": "2"}], last=False),
        TaskPage([{"id": "2"}, {"id": "3"}], last=True),
    ]

    async def fetch(number):
        return pages[number]

    assert [[one["id"] for one in page] async for page in task_pages(fetch)] == [["1", "2"], ["3"]]


async def test_a_list_that_repeats_itself_is_an_error():
    async def fetch(_number):
        return TaskPage([{"id": "1"}], last=False)

    with pytest.raises(ProviderError, match="never ends"):
        [page async for page in task_pages(fetch)]
