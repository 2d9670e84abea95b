"""Lists that shift while they are read."""

from __future__ import annotations

import pytest

from pm_providers.errors import ProviderError
from pm_providers.toolkit.listing import DocumentPage, page_span, steady_pages


class Shelf:
    """A list by offset that runs `happens[n]` before the request number n is answered."""

    def __init__(self, count, size=2, **happens):
        self.ids = list(range(1, count + 1))
        self.size = size
        self.happens = {int(key[1:]): value for key, value in happens.items()}
        self.asked = []

    async def fetch(self, number):
        self.asked.append(number)
        self.happens.get(len(self.asked), lambda ids: None)(self.ids)
        start = (number - 1) * self.size
        items = [{"id": one} for one in self.ids[start : start + self.size]]
        return DocumentPage(items, total=len(self.ids), page_size=self.size, document={"page": number})


async def read(shelf, window=1):
    pages = steady_pages(shelf.fetch, lambda one: str(one["id"]), window=window, provider="acme")
    return [(page.collection["page"], [one["id"] for one in page.items]) async for page in pages]


@pytest.mark.parametrize("window", [1, 4])
async def test_pages_in_order_with_their_document(window):
    shelf = Shelf(5)
    assert await read(shelf, window) == [(1, [1, 2]), (2, [3, 4]), (3, [5])]
    assert sorted(shelf.asked) == [1, 2, 3]


async def test_what_slipped_to_a_page_that_was_read_is_found_on_the_way_again():
    shelf = Shelf(6, n2=lambda ids: ids.remove(1))
    found = [one for _, items in await read(shelf) for one in items]
    assert sorted(found) == [1, 2, 3, 4, 5, 6]
    assert shelf.asked.count(1) > 1


async def test_what_grew_comes_once():
    shelf = Shelf(4, n2=lambda ids: ids.insert(0, 9))
    found = [one for _, items in await read(shelf) for one in items]
    assert found == [1, 2, 3, 4]


async def test_an_empty_list_is_one_request():
    shelf = Shelf(0)
    assert await read(shelf) == [(1, [])]


async def test_a_list_that_repeats_itself_is_an_error():
    async def fetch(number):
        return DocumentPage([{"id": 1}, {"id": 2}], total=1000, page_size=2)

    with pytest.raises(ProviderError, match="never ends"):
        async for _ in steady_pages(fetch, lambda one: str(one["id"])):
            pass


async def test_a_list_that_ends_before_its_total_is_an_error():
    async def fetch(number):
        return DocumentPage([{"id": 1}] if number == 1 else [], total=5, page_size=1)

    with pytest.raises(ProviderError) as caught:
        async for _ in steady_pages(fetch, lambda one: str(one["id"]), provider="acme"):
            pass
    assert caught.value.provider == "acme"


def test_no_more_is_fetched_than_asked_for():
    assert page_span(100, 4, None) == (100, 4)
    assert page_span(100, 4, 7) == (7, 1)
    assert page_span(100, 4, 0) == (1, 1)
    assert page_span(100, 4, 101) == (100, 4)
