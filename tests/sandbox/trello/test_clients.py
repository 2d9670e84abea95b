"""Clients that are not ours against the sandbox on a real socket: `py-trello` and `trellio-client`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
import requests

from pm_providers.sandbox.trello import ADMIN_TOKEN, API_KEY, TrelloSandbox
from tests.sandbox.trello.support import NOBODY

trello = pytest.importorskip("trello")
trellio = pytest.importorskip("trellio")


class Redirected(requests.Session):
    """Sends what is meant for the vendor's hosts to the sandbox; py-trello has no setting for its address."""

    def __init__(self, url):
        super().__init__()
        self._url = url

    def request(self, method, url, **options):
        for host in ("https://api.trello.com", "https://trello.com"):
            url = url.replace(host, self._url)
        return super().request(method, url, **options)


async def served(work, **options):
    """Run blocking work in a thread while the sandbox serves; gives it a py-trello client and the sandbox."""
    box = TrelloSandbox(**{"dataset": "demo", **options})
    async with box.serve() as url:
        client = trello.TrelloClient(api_key=API_KEY, api_secret=ADMIN_TOKEN, http_service=Redirected(url))
        return await asyncio.to_thread(work, client, box)


async def test_py_trello_reads_the_demo():
    def work(client, _box):
        boards = client.list_boards("open")
        assert [board.name for board in boards] == ["Webshop relaunch", "Office move"]
        shop = boards[0]
        assert [row.name for row in shop.list_lists("open")][:2] == ["To do", "Doing"]
        assert len(shop.all_cards()) == 14
        assert {label.name for label in shop.get_labels(limit=1000)} >= {"Backend", "Search"}
        assert len(shop.all_members()) == 6
        fields = {field.name: field for field in shop.get_custom_field_definitions()}
        assert set(fields["Priority"].list_options.values()) == {"Low", "Normal", "High", "Urgent"}
        guest = next(card for card in shop.all_cards() if card.name.startswith("Guests can"))
        guest.fetch()
        last = max(guest.comments, key=lambda text: text["id"])  # several may be of one millisecond
        assert last["data"]["text"].startswith("Great. Please test")
        assert guest.checklists[0].items[0]["state"] == "complete"
        assert {field.name: field.value for field in guest.custom_fields}["Points"] == 5
        with pytest.raises(trello.ResourceUnavailable) as error:
            client.get_board(NOBODY)
        assert error.value._status == 404

    await served(work)


async def test_py_trello_writes_a_board():
    def work(client, box):
        board = client.add_board("Made by a client", default_lists=False)
        row = board.add_list("Next")
        label = board.add_label("hot", "red")
        card = row.add_card("A card", "Text", labels=[label], due="2026-03-01T12:00:00Z")
        assert card.description == "Text"
        assert [one.name for one in card.labels] == ["hot"]
        card.comment("Hello")
        card.set_name("Renamed")
        card.set_description("More")
        card.set_due(datetime(2026, 4, 1, 12, tzinfo=UTC))
        card.set_due_complete()
        checklist = card.add_checklist("Parts", ["one", "two"], [False, True])
        checklist.set_checklist_item("one", checked=True)
        checklist.rename_checklist_item("two", "three")
        card.attach(name="link", url="https://example.com")
        other = board.add_list("Later")
        card.change_list(other.id)
        card.fetch()
        assert (card.name, card.list_id) == ("Renamed", other.id)
        stored = box.state.cards[card.id]
        assert stored.due_complete
        assert (stored.due, stored.comments, stored.check_done, stored.attachments) == (
            "2026-04-01T12:00:00.000Z",
            1,
            2,
            1,
        )
        card.remove_label(label)
        card.set_closed(True)
        assert [one.id for one in board.closed_cards()] == [card.id]
        card.delete()
        board.close()
        assert board.id not in [one.id for one in client.list_boards("open")]

    await served(work, dataset="empty")


async def test_py_trello_handles_custom_fields_and_members():
    def work(client, box):
        board = next(one for one in client.list_boards("open") if one.name == "Office move")
        ada = next(one for one in board.all_members() if one.username == "admin")
        card = board.open_cards()[0]
        card.assign(ada.id)
        assert ada.id in box.state.cards[card.id].member_ids
        card.unassign(ada.id)
        fields = {field.name: field for field in board.get_custom_field_definitions()}
        card.set_custom_field("2.5", fields["Points"])
        option = next(key for key, text in fields["Priority"].list_options.items() if text == "High")
        card.set_custom_field("High", fields["Priority"])
        items = {item.field_id: item for item in box.state.cards[card.id].items}
        assert items[fields["Points"].id].value == {"number": "2.5"}
        assert items[fields["Priority"].id].option_id == option
        tomas = next(one for one in client.list_organizations()[0].get_members() if one.username == "tomas")
        board.add_member(tomas)
        assert "tomas" in {one.username for one in board.all_members()}
        board.remove_member(tomas)
        assert "tomas" not in {one.username for one in board.all_members()}
        found = client.search("House", cards_limit=5, models=["cards"])
        assert [one.name for one in found] == []  # the index has not seen the demo yet
        box.state.settings.search_lag_s = 0
        assert [one.name for one in client.search("House warming", models=["cards"])] == [
            "House-warming party"
        ]

    await served(work)


async def test_trellio_reads_and_writes():
    box = TrelloSandbox(dataset="demo")
    async with box.serve() as url:
        client = trellio.TrellioClient(API_KEY, ADMIN_TOKEN, base_url=url, max_retries=0)
        try:
            assert (await client.get_me()).username == "admin"
            board = (await client.list_boards())[0]
            row = (await client.list_lists(board.id))[0]
            card = await client.create_card(row.id, "By a client", desc="Text")
            assert (await client.get_card(card.id)).description == "Text"
            await client.update_card(card.id, name="New name", dueComplete=True)
            comment = await client.add_comment(card.id, "Hello")
            assert [one.text for one in await client.list_comments(card.id)] == [comment.text]
            label = await client.create_label("fresh", "lime", board.id)
            checklist = await client.create_checklist(card.id, "Parts")
            item = await client.create_check_item(checklist.id, "one")
            await client.update_check_item(card.id, item.id, state="complete")
            assert (await client.get_checklist(checklist.id)).check_items[0].state == "complete"
            await client.delete_label(label.id)
            await client.delete_card(card.id)
            with pytest.raises(trellio.TrelloAPIError) as error:
                await client.get_card(card.id)
            assert error.value.status_code == 404
        finally:
            await client._client.aclose()
