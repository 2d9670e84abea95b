"""Pages in order, ahead of the reader but bounded; endless and contradictory lists end."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_providers.errors import PMError, ProviderError
from pm_providers.transport import Page, bounded_map, collect, iter_items, iter_links, iter_pages


class Numbered:
    """A server with numbered pages; page 1 answers at once, later ones in reverse order."""

    def __init__(self, total, size, *, tell_total=True, tell_size=True, announced=None):
        self.items = list(range(total))
        self.size = size
        self.tell_total = tell_total
        self.tell_size = tell_size
        self.announced = announced
        self.asked = []
        self.running = self.most = 0

    async def fetch(self, number):
        self.asked.append(number)
        self.running += 1
        self.most = max(self.most, self.running)
        for _ in range(5 - number % 3):
            await asyncio.sleep(0)
        self.running -= 1
        start = (number - 1) * self.size
        return Page(
            self.items[start : start + self.size],
            total=len(self.items) if self.tell_total else None,
            page_size=(self.announced or self.size) if self.tell_size else None,
        )


@pytest.mark.parametrize("total", [0, 1, 9, 10, 11, 20, 99, 100, 101])
@pytest.mark.parametrize("tell_total", [True, False])
@pytest.mark.parametrize("tell_size", [True, False])
@pytest.mark.parametrize("window", [1, 2, 8])
async def test_everything_comes_once_and_in_order(total, tell_total, tell_size, window):
    server = Numbered(total, 10, tell_total=tell_total, tell_size=tell_size)
    assert await collect(iter_pages(server.fetch, window=window)) == server.items
    assert len(server.asked) == len(set(server.asked))
    if tell_total:
        assert len(server.asked) == max(1, -(-total // 10))
        assert server.most <= window


async def test_pages_are_fetched_at_the_same_time_where_the_total_is_known():
    server = Numbered(100, 10)
    await collect(iter_pages(server.fetch, window=4))
    assert server.most == 4
    server = Numbered(100, 10, tell_total=False)
    await collect(iter_pages(server.fetch, window=4))
    assert server.most == 1


async def test_no_more_than_the_window_is_held():
    server = Numbered(200, 10)
    done = 0
    async with aclosing(iter_pages(server.fetch, window=3)) as pages:
        async for _ in pages:
            done += 1
            for _ in range(50):
                await asyncio.sleep(0)
            assert len(server.asked) - done <= 2


async def test_a_server_that_delivers_less_than_it_announces_loses_nothing():
    server = Numbered(95, 10, announced=50)
    assert await collect(iter_pages(server.fetch)) == server.items


async def test_a_list_that_grows_under_way():
    server = Numbered(20, 10)
    seen = []
    async with aclosing(iter_pages(server.fetch, window=1)) as pages:
        async for page in pages:
            seen += page.items
            if len(seen) == 10:
                server.items += [20, 21]
    assert seen == list(range(22))


async def test_a_list_that_shrinks_under_way_ends():
    server = Numbered(40, 10)
    seen = []
    async with aclosing(iter_pages(server.fetch, window=1)) as pages:
        async for page in pages:
            seen += page.items
            del server.items[15:]
    assert seen == list(range(15))


async def test_an_empty_page_that_should_not_be_empty_is_an_error():
    async def fetch(number):
        return Page([1] * 10 if number == 1 else [], total=30, page_size=10)

    with pytest.raises(ProviderError, match="page 2 is empty") as caught:
        await collect(iter_pages(fetch, provider="vendor", operation="list_tasks"))
    assert (caught.value.provider, caught.value.operation) == ("vendor", "list_tasks")
    with pytest.raises(ProviderError, match="page 1 is empty"):
        await collect(iter_pages(lambda _n: _page([], total=3)))


async def _page(items, **options):
    return Page(items, **options)


@pytest.mark.parametrize("total", [None, 10**9])
async def test_an_endless_list_ends(total):
    with pytest.raises(ProviderError, match="more than 7 pages"):
        await collect(iter_pages(lambda _n: _page([1], total=total, page_size=1), max_pages=7))


async def test_a_limit_stops_fetching():
    server = Numbered(1000, 10)
    assert await collect(iter_pages(server.fetch, window=2), limit=15) == list(range(15))
    assert len(server.asked) <= 4
    assert await collect(iter_pages(server.fetch), limit=0) == []


async def test_leaving_early_cancels_what_is_under_way():
    started, cancelled = [], []

    async def fetch(number):
        if number > 1:
            started.append(number)
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(number)
                raise
        return Page([number], total=9, page_size=1)

    pages = iter_pages(fetch, window=3)
    assert (await anext(pages)).items == [1]
    waiting = asyncio.create_task(anext(pages))
    for _ in range(5):
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert started == sorted(cancelled) == [2, 3, 4]
    assert len(asyncio.all_tasks()) == 1


async def test_an_error_of_one_page_ends_the_others():
    async def fetch(number):
        if number == 3:
            raise ProviderError("page 3")
        if number > 3:
            await asyncio.Event().wait()
        return Page([number], total=9, page_size=1)

    seen = []
    with pytest.raises(ProviderError, match="page 3"):
        async for item in iter_items(iter_pages(fetch, window=4)):
            seen.append(item)  # noqa: PERF401 - what came before the error counts
    assert seen == [1, 2]
    assert len(asyncio.all_tasks()) == 1


@given(total=st.integers(0, 60), size=st.integers(1, 9), window=st.integers(1, 6), tell=st.booleans())
def test_any_list(total, size, window, tell):
    server = Numbered(total, size, tell_total=tell)
    assert asyncio.run(collect(iter_pages(server.fetch, window=window))) == server.items


# --- links --------------------------------------------------------------------------------------


async def test_links_are_followed():
    chain = {None: Page([1], next="a"), "a": Page([], next="b"), "b": Page([2, 3])}

    async def fetch(link):
        return chain[link]

    assert await collect(iter_links(fetch)) == [1, 2, 3]
    assert await collect(iter_links(fetch, start="b")) == [2, 3]


@pytest.mark.parametrize("back", ["a", "b"])
async def test_a_circle_of_links_is_an_error(back):
    chain = {None: Page([1], next="a"), "a": Page([2], next="b"), "b": Page([3], next=back)}

    async def fetch(link):
        return chain[link]

    with pytest.raises(ProviderError, match="leads back") as caught:
        await collect(iter_links(fetch, provider="vendor", operation="list_tasks"))
    assert caught.value.operation == "list_tasks"


async def test_an_endless_chain_ends():
    count = 0

    async def fetch(_link):
        nonlocal count
        count += 1
        return Page([count], next=str(count))

    with pytest.raises(ProviderError, match="more than 9 pages"):
        await collect(iter_links(fetch, max_pages=9))
    assert count == 9


# --- bounded_map --------------------------------------------------------------------------------


async def test_results_in_order_and_errors_in_their_place():
    running = most = 0

    async def work(n):
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(10 - n):
            await asyncio.sleep(0)
        running -= 1
        if n % 4 == 0:
            raise PMError(str(n))
        if n == 5:
            raise KeyError(n)
        return n * 10

    results = await bounded_map(work, iter(range(10)), 3)
    assert most == 3
    assert [r if isinstance(r, int) else type(r).__name__ for r in results] == [
        "PMError", 10, 20, 30, "PMError", "KeyError", 60, 70, "PMError", 90,
    ]  # fmt: skip
    assert await bounded_map(work, [], 3) == []
    with pytest.raises(ValueError, match="at least 1"):
        await bounded_map(work, [], 0)


async def test_cancelling_a_batch_leaves_nothing_behind():
    cancelled = []

    async def work(n):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(n)
            raise

    task = asyncio.create_task(bounded_map(work, range(10), 3))
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(cancelled) == [0, 1, 2]
    assert len(asyncio.all_tasks()) == 1
