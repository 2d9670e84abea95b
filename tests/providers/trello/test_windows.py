"""Boards of any size are read whole, in as few requests as the vendor's cap of 1,000 cards allows."""

from __future__ import annotations

import math
from typing import Any

import httpx2
import pytest

from pm_providers.providers.trello import TrelloProvider
from tests.providers.trello.world import BOARD, DONE, World

START = 0x65100000


def _fill(world: World, count: int, *, seconds: list[int]) -> None:
    for number in range(count):
        world.card(f"T{number}", second=seconds[number])


def _even(count: int, step: int = 60) -> list[int]:
    return [START + number * step for number in range(count)]


def _bound(count: int) -> int:
    return 1 + math.ceil(count / 1000)


@pytest.mark.parametrize("count", [0, 1, 999])
async def test_a_board_of_up_to_a_thousand_is_one_request(
    world: World, provider: TrelloProvider, count: int
) -> None:
    _fill(world, count, seconds=_even(count))
    assert len(await provider.list_tasks(BOARD)) == count
    assert len(world.sent) == 1


@pytest.mark.parametrize(
    ("count", "seconds"),
    [
        pytest.param(1000, _even(1000), id="exactly one page"),
        pytest.param(2000, _even(2000), id="exactly two pages"),
        pytest.param(5500, _even(5500), id="evenly"),
        pytest.param(3400, [START] * 3400, id="all in one second"),
        pytest.param(3400, [START + number // 300 for number in range(3400)], id="imported at once"),
        pytest.param(
            4200, [START - 9_000_000 + number * 3600 if number < 200 else START + number // 40
                   for number in range(4200)], id="few old, many new"
        ),
    ],
)  # fmt: skip
async def test_larger_boards_keep_the_bound(
    world: World, provider: TrelloProvider, count: int, seconds: list[int]
) -> None:
    _fill(world, count, seconds=seconds)
    listed = [one.id for one in await provider.list_tasks(BOARD)]
    assert listed == sorted(world.cards, reverse=True)
    assert len(world.sent) <= _bound(count)


async def test_cards_older_than_the_board_are_found(world: World, provider: TrelloProvider) -> None:
    """Cards that were moved here keep the ids of the board that they were made on."""
    ancient = world.card("ancient", second=0x50000000)
    _fill(world, 2100, seconds=_even(2100))
    assert ancient in {one.id for one in await provider.list_tasks(BOARD)}


async def test_the_stream_has_the_order_of_the_list(world: World, provider: TrelloProvider) -> None:
    _fill(world, 2300, seconds=[START + number // 7 for number in range(2300)])
    listed = [one.id for one in await provider.list_tasks(BOARD)]
    assert [one.id async for one in provider.iter_tasks(BOARD)] == listed
    assert [one.id for one in await provider.list_tasks(BOARD, limit=1500)] == listed[:1500]


@pytest.mark.parametrize("size", [1, 2, 7])
async def test_small_pages_are_whole(world: World, size: int) -> None:
    _fill(world, 23, seconds=[START + number // 5 for number in range(23)])
    async with world.provider(page_size=size) as small:
        listed = [one.id for one in await small.list_tasks(BOARD)]
        assert listed == sorted(world.cards, reverse=True)
        assert [one.id async for one in small.iter_tasks(BOARD)] == listed


async def test_a_first_answer_that_is_not_the_newest_is_found_out(
    world: World, provider: TrelloProvider
) -> None:
    """The cap of nested cards is documented nowhere: that the newest came is checked, not believed."""
    _fill(world, 1800, seconds=_even(1800))
    nested = world.listed

    def oldest(board: str, kept: str, args: dict[str, Any]) -> list[dict[str, Any]]:
        found = nested(board, kept, args)
        if args:
            return found
        return [world.cards[one] for one in sorted(world.cards)[100:1100]]

    world.listed = oldest  # type: ignore[method-assign]
    assert len(await provider.list_tasks(BOARD)) == 1800


async def test_too_many_cards_is_answered_by_smaller_pages(world: World, provider: TrelloProvider) -> None:
    """Waiting does not help against API_TOO_MANY_CARDS_REQUESTED."""
    _fill(world, 700, seconds=_even(700))
    slept: list[str] = []

    def limited(_method: str, path: str, query: dict[str, str]) -> httpx2.Response | None:
        if "cards" in query or int(query.get("limit", 0)) > 300:
            slept.append(path)
            return httpx2.Response(429, json={"error": "API_TOO_MANY_CARDS_REQUESTED", "message": "too many"})
        return None

    world.override = limited
    assert len(await provider.list_tasks(BOARD)) == 700
    assert len(slept) == 1


async def test_a_batch_that_fails_is_done_one_by_one(world: World, provider: TrelloProvider) -> None:
    _fill(world, 2600, seconds=_even(2600))

    def failing(_method: str, path: str, _query: dict[str, str]) -> httpx2.Response | None:
        return httpx2.Response(449, text="internal") if path == "batch" else None

    world.override = failing
    assert len(await provider.list_tasks(BOARD)) == 2600


async def test_archived_cards_and_lists_are_left_out_unless_asked(
    world: World, provider: TrelloProvider
) -> None:
    """Cards of an archived list say `closed: false`."""
    seen = world.card("seen")
    world.card("archived", closed=True)
    inside = world.card("in an archived list", idList=DONE)
    world.lists[DONE]["closed"] = True
    assert [one.id for one in await provider.list_tasks(BOARD)] == [seen]
    everything = await provider.list_tasks(BOARD, include_archived=True)
    assert len(everything) == 3
    assert {one.id: one.is_archived for one in everything}[inside]


async def test_templates_and_mirrors_are_no_tasks(world: World, provider: TrelloProvider) -> None:
    kept = world.card("task")
    template = world.card("template", isTemplate=True)
    roles = [world.card(role, cardRole=role) for role in ("separator", "board", "mirror", "link")]
    assert [one.id for one in await provider.list_tasks(BOARD)] == [kept]
    for one in (template, *roles):
        assert await provider.get_task(one) is None


async def test_a_stream_goes_on_in_smaller_pages(world: World, provider: TrelloProvider) -> None:
    """The first thousand came with the board; pages of that size are too much all the same."""
    _fill(world, 1700, seconds=_even(1700))

    def limited(_method: str, _path: str, query: dict[str, str]) -> httpx2.Response | None:
        if int(query.get("limit", 0)) > 300:
            return httpx2.Response(429, json={"error": "API_TOO_MANY_CARDS_REQUESTED", "message": "too many"})
        return None

    world.override = limited
    streamed = [one.id async for one in provider.iter_tasks(BOARD)]
    assert streamed == sorted(world.cards, reverse=True)
    assert sum(int(query.get("limit", 0)) > 300 for _, _, query in world.sent) == 1
