"""Search with its operators, and batches."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from pm_providers.sandbox.kit import Clock
from pm_providers.sandbox.trello import ORGANIZATION_ID
from tests.sandbox.trello.support import NOBODY, open_box

START = datetime(2026, 1, 10, 8, tzinfo=UTC)


async def found(place, query, **params):
    answer = await place("GET", "/search", params={"query": query, "modelTypes": "cards", **params})
    return [row["name"] for row in answer["cards"]]


async def test_the_index_lags_behind():
    clock = Clock(START)
    async with open_box(clock=clock) as place:
        clock.advance(60)
        await place.make("Fresh fish")
        await place("PUT", f"/cards/{place.card}", {"name": "Renamed"})
        assert await found(place, "fish") == []
        assert await found(place, "card") == ["Renamed"]  # found by its old name, shown as it is
        clock.advance(11)
        assert await found(place, "fish") == ["Fresh fish"]
        assert await found(place, "card") == []


async def test_ten_results_unless_asked_for_more():
    async with open_box(search_lag_s=0) as place:
        for number in range(12):
            await place.make(f"Fish {number}")
        assert len(await found(place, "fish")) == 10
        assert len(await found(place, "fish", cards_limit=1000)) == 12
        assert len(await found(place, "fish", cards_page=1)) == 2
        await place("GET", "/search?query=x&cards_limit=1001", status=400)
        await place("GET", "/search?query=", status=400)


async def test_words_are_whole_unless_partial():
    async with open_box(search_lag_s=0) as place:
        await place.make("Development plan", desc="Grüße aus Köln")
        assert await found(place, "dev") == []
        assert await found(place, "dev", partial="true") == ["Development plan"]
        assert await found(place, "köln plan") == ["Development plan"]
        assert await found(place, "plan -köln") == []


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("list:done", ["Boat"]),
        ("label:red", ["Apple"]),
        ("#bug", ["Apple"]),
        ("member:me", ["Apple"]),
        ("@admin", ["Apple"]),
        ("due:week", ["Apple"]),
        ("due:30", ["Apple", "Boat"]),
        ("due:overdue", ["Cup"]),
        ("is:archived", ["Dish"]),
        ("is:open -list:done", ["A card", "Apple", "Cup"]),
        ("has:attachments", ["Boat"]),
        ("has:description", ["Cup"]),
        ("comment:hello", ["Boat"]),
        ("checklist:screw", ["Boat"]),
        ("name:oa", ["Boat"]),
        ("description:deep", ["Cup"]),
        ("board:Board is:open list:done", ["Boat"]),
        ("created:7 boat", ["Boat"]),
        ("edited:day cup", ["Cup"]),
        ("nonsense:x", []),
    ],
)
async def test_operators(query, names):
    async with open_box(search_lag_s=0, clock=Clock(START)) as place:
        label = await place.label("bug")
        me = (await place("GET", "/members/me"))["id"]
        await place.make("Apple", idLabels=[label], idMembers=[me], due="2026-01-12T12:00:00Z")
        boat = await place.make("Boat", due="2026-02-01T12:00:00Z", idList=place.done)
        await place.make("Cup", desc="deep blue", due="2026-01-01T12:00:00Z")
        dish = await place.make("Dish")
        await place("PUT", f"/cards/{dish['id']}", {"closed": True})
        await place("POST", f"/cards/{boat['id']}/attachments", {"url": "https://example.com"})
        await place("POST", f"/cards/{boat['id']}/actions/comments", {"text": "Hello there"})
        row = await place("POST", f"/cards/{boat['id']}/checklists", {"name": "Parts"})
        await place("POST", f"/checklists/{row['id']}/checkItems", {"name": "screw"})
        assert sorted(await found(place, query)) == names


async def test_other_models_and_members():
    async with open_box(search_lag_s=0) as place:
        await place("POST", f"/cards/{place.card}/actions/comments", {"text": "Hello board"})
        answer = await place("GET", "/search", params={"query": "board"})
        assert [row["name"] for row in answer["boards"]] == ["Board"]
        assert [row["type"] for row in answer["actions"]] == ["commentCard"]
        people = await place("GET", "/search/members", params={"query": "mi"})
        assert [row["username"] for row in people] == ["mia"]
        assert (
            await place(
                "GET",
                "/search/members",
                params={"query": "ben", "idOrganization": place.box.settings["TRELLO_ORGANIZATION_ID"]},
            )
            == []
        )
        await place("GET", "/search/members?query=a&limit=21", status=400)


class TestBatch:
    async def test_answers_come_in_order_and_refusals_are_objects(self):
        async with open_box() as place:
            fields = quote(quote("name,desc", safe=""), safe="")
            urls = f"/cards/{place.card}?fields={fields},/cards/{NOBODY},/lists/x"
            answers = await place("GET", f"/batch?urls={urls}")
            assert answers[0] == {"200": {"id": place.card, "name": "A card", "desc": ""}}
            assert answers[1] == {
                "statusCode": 404,
                "message": "The requested resource was not found.",
                "name": "NotFound",
            }
            assert (answers[2]["statusCode"], answers[2]["message"]) == (400, "invalid id")

    @pytest.mark.parametrize("urls", ["", "cards/1", ",".join(["/members/me"] * 11)])
    async def test_wrong_batches(self, urls):
        async with open_box(filled=False) as place:
            await place("GET", "/batch", params={"urls": urls}, status=400)

    async def test_each_route_counts_and_writes_nothing(self):
        from pm_providers.sandbox.trello import Limits

        async with open_box(clock=Clock(START)) as place:
            place.box.limits = Limits(token=(3, 10))
            answers = await place("GET", f"/batch?urls={','.join([f'/boards/{place.board}/name'] * 3)}")
            assert [next(iter(answer)) for answer in answers] == ["200", "200", "statusCode"]
            assert answers[2]["statusCode"] == 429


async def test_where_to_search_is_said_by_ids():
    """A short name would find nothing, without a word."""
    async with open_box(search_lag_s=0) as place:
        short = place.state.orgs[ORGANIZATION_ID].name
        assert await found(place, "card", idOrganizations=ORGANIZATION_ID) == ["A card"]
        for name, value in (("idOrganizations", short), ("idBoards", "Board")):
            params = {"query": "card", "modelTypes": "cards", name: value}
            assert await place("GET", "/search", params=params, status=400) == f"invalid value for {name}"
