"""`changes()`: cards compared with what the cursor remembers, because no feed of the vendor is whole."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from pm_providers.contract import encode_cursor
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.providers.trello import TrelloProvider, changes
from tests.providers.trello.world import BOARD, BUG, DOING, DONE, World


class Reader:
    """One stream, read until nothing is left."""

    def __init__(self, provider: TrelloProvider, limit: int | None = None) -> None:
        self.provider, self.limit = provider, limit
        self.cursor: str | None = None
        self.titles: dict[str, str] = {}

    async def drain(self) -> tuple[list[str], list[str]]:
        upserts: list[str] = []
        deleted: list[str] = []
        while True:
            page = await self.provider.changes(BOARD, self.cursor, limit=self.limit)
            assert self.limit is None or len(page.upserts) <= self.limit
            self.cursor = page.cursor
            upserts += [one.id for one in page.upserts]
            deleted += page.deleted_ids
            self.titles |= {one.id: one.title for one in page.upserts}
            for one in page.deleted_ids:
                self.titles.pop(one)
            if not page.has_more:
                return upserts, deleted


async def test_first_all_then_only_what_changed(world: World, provider: TrelloProvider) -> None:
    ids = [world.card(f"T{n}", closed=n == 2) for n in range(4)]
    reader = Reader(provider)
    assert sorted((await reader.drain())[0]) == ids
    assert await reader.drain() == ([], [])
    world.touch(ids[1], name="new")
    added = world.card("added")
    assert await reader.drain() == ([ids[1], added], [])
    assert reader.titles[ids[1]] == "new"
    assert await reader.drain() == ([], [])


async def test_idle_is_one_request(world: World, provider: TrelloProvider) -> None:
    for _ in range(3):
        world.card()
    reader = Reader(provider)
    await reader.drain()
    world.forget()
    await reader.drain()
    assert len(world.sent) == 1


async def test_idle_on_a_large_board_reads_no_cards(world: World, provider: TrelloProvider) -> None:
    for number in range(1100):
        world.card(second=0x65200000 + number)
    reader = Reader(provider)
    await reader.drain()
    await reader.drain()
    world.forget()
    assert await reader.drain() == ([], [])
    assert [path for _, path, _ in world.sent] == [f"boards/{BOARD}"]
    assert "cards" not in world.sent[0][2]
    one = next(iter(world.cards))
    world.touch(one, name="moved the activity")
    assert (await reader.drain())[0] == [one]


async def test_an_activity_that_stays_is_not_trusted_forever(world: World, provider: TrelloProvider) -> None:
    """Edits of labels may not move the time of the last activity."""
    for number in range(950):
        world.card(second=0x65200000 + number)
    reader = Reader(provider)
    await reader.drain()
    await reader.drain()
    one = next(iter(world.cards))
    world.cards[one]["name"] = "silently"
    found: list[str] = []
    for _ in range(101):
        found += (await reader.drain())[0]
    assert found == [one]


async def test_deletes_moves_and_archives_are_told_apart(world: World, provider: TrelloProvider) -> None:
    other = "650000000000000000000002"
    world.board(other)
    goal = world.list("650000000000000000000030", "Go", board=other)
    gone, moved, archived, template, kept = (world.card(name) for name in "abcde")
    reader = Reader(provider)
    await reader.drain()
    del world.cards[gone]
    world.touch(moved, idBoard=other, idList=goal)
    world.touch(archived, closed=True)
    world.touch(template, isTemplate=True)
    upserts, deleted = await reader.drain()
    assert upserts == [archived]
    assert sorted(deleted) == sorted([gone, moved, template])
    assert sorted(reader.titles) == sorted([archived, kept])
    assert await reader.drain() == ([], [])


async def test_a_board_that_is_hidden_is_an_error_and_nothing_is_gone(
    world: World, provider: TrelloProvider
) -> None:
    world.card()
    reader = Reader(provider)
    await reader.drain()
    board = world.boards.pop(BOARD)
    with pytest.raises(NotFoundError):
        await reader.drain()
    world.boards[BOARD] = board
    assert await reader.drain() == ([], [])


async def test_changes_that_no_card_and_no_action_tells(world: World, provider: TrelloProvider) -> None:
    """A list that is archived, renamed, or means something else; labels put on without an activity."""
    one, other = world.card(idList=DOING), world.card(idList=DONE)
    reader = Reader(provider)
    await reader.drain()
    world.lists[DOING]["name"] = "Reviewing"
    assert await reader.drain() == ([one], [])
    world.lists[DONE]["closed"] = True
    assert await reader.drain() == ([other], [])
    world.cards[one]["idLabels"] = [BUG]
    assert await reader.drain() == ([one], [])


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_small_pages_lose_nothing(world: World, provider: TrelloProvider, limit: int) -> None:
    ids = [world.card(f"T{n}", second=0x65200000 + n // 3) for n in range(10)]
    reader = Reader(provider, limit)
    first = await provider.changes(BOARD, limit=limit)
    reader.cursor, reader.titles = first.cursor, {one.id: one.title for one in first.upserts}
    seen = first.upserts[0].id
    world.touch(seen, name="changed between pages")
    del world.cards[ids[4]]
    added = world.card("added")
    await reader.drain()
    assert reader.titles == {one: card["name"] for one, card in world.cards.items()}
    assert added in reader.titles
    assert await reader.drain() == ([], [])


async def test_a_crawl_that_misses_a_card_deletes_nothing(world: World, provider: TrelloProvider) -> None:
    one, other = world.card(), world.card()
    reader = Reader(provider)
    await reader.drain()
    listed = world.listed

    def blind(board: str, kept: str, args: dict[str, Any]) -> list[dict[str, Any]]:
        return [card for card in listed(board, kept, args) if card["id"] != one]

    world.listed = blind  # type: ignore[method-assign]
    assert await reader.drain() == ([], [])
    del world.cards[other]
    assert await reader.drain() == ([], [other])


async def test_many_deletes_are_checked_by_reading_again(world: World, provider: TrelloProvider) -> None:
    ids = [world.card() for _ in range(150)]
    reader = Reader(provider)
    await reader.drain()
    for one in ids[:120]:
        del world.cards[one]
    world.forget()
    assert sorted((await reader.drain())[1]) == ids[:120]
    assert len(world.sent) == 2


@pytest.mark.parametrize(
    "cursor",
    ["nonsense", encode_cursor("redmine", {}), encode_cursor("trello", {}),
     encode_cursor("trello", {"p": BOARD, "s": 0, "b": None, "a": None, "n": 0, "k": "AAAA"}),
     encode_cursor("trello", {"p": "../x", "s": 0, "b": None, "a": None, "n": 0, "k": ""})],
)  # fmt: skip
async def test_cursors_of_others(provider: TrelloProvider, cursor: str) -> None:
    with pytest.raises(ValidationError) as caught:
        await provider.changes(BOARD, cursor)
    assert "cursor" in caught.value.fields


async def test_a_cursor_belongs_to_its_board(world: World, provider: TrelloProvider) -> None:
    other = "650000000000000000000002"
    world.board(other)
    page = await provider.changes(BOARD)
    with pytest.raises(ValidationError, match="another project"):
        await provider.changes(other, page.cursor)
    short = world.boards[BOARD]["shortUrl"][-8:]
    assert (await provider.changes(short, page.cursor)).upserts == []


async def test_the_first_pass_of_a_board_that_is_too_much_at_once(
    world: World, provider: TrelloProvider
) -> None:
    ids = [world.card(f"T{number}") for number in range(700)]

    def limited(_method: str, _path: str, query: dict[str, str]) -> httpx2.Response | None:
        if "cards" in query or int(query.get("limit", 0)) > 300:
            return httpx2.Response(429, json={"error": "API_TOO_MANY_CARDS_REQUESTED", "message": "too many"})
        return None

    world.override = limited
    reader = Reader(provider)
    assert sorted((await reader.drain())[0]) == ids
    assert await reader.drain() == ([], [])


@pytest.fixture
def huge(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A board of 2,300 cards, which is more than may be held; some were made in one second."""
    monkeypatch.setattr(changes, "_HUGE", 1000)
    return [world.card(f"T{n}", second=0x65200000 + n // 7) for n in range(2300)]


async def test_the_first_pass_of_a_huge_board_is_handed_out_page_by_page(
    world: World, provider: TrelloProvider, huge: list[str]
) -> None:
    reader, cursor, found = Reader(provider), None, list[str]()
    while (page := await provider.changes(BOARD, cursor)).has_more:
        found += [one.id for one in page.upserts]
        cursor = page.cursor
        assert len(page.upserts) <= 1000
    assert sorted(found) == huge
    # The frame with its cards, three pages, and whether anything moved meanwhile.
    assert len(world.sent) == 5
    reader.cursor = page.cursor
    assert await reader.drain() == ([], [])


async def test_what_moves_during_the_first_pass_of_a_huge_board_is_found(
    world: World, provider: TrelloProvider, huge: list[str]
) -> None:
    first = await provider.changes(BOARD)
    reader = Reader(provider)
    reader.cursor, reader.titles = first.cursor, {one.id: one.title for one in first.upserts}
    world.touch(huge[-1], name="renamed after it was handed out")
    del world.cards[huge[-2]]
    added = world.card("added")
    upserts, deleted = await reader.drain()
    assert sorted({*upserts, *(one.id for one in first.upserts)} - set(deleted)) == sorted(world.cards)
    assert deleted == [huge[-2]]
    assert reader.titles[huge[-1]] == "renamed after it was handed out"
    assert added in reader.titles
