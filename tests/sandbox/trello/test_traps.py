"""What surprises callers of Trello, by name, as the sandbox does it by default."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pm_providers.sandbox.kit import Clock
from pm_providers.sandbox.trello.journal import HIDDEN
from tests.sandbox.trello.support import BEN, MIA, NOBODY, actions_of, header, open_box, refusal, token_of

THE_DAY = datetime(2026, 1, 10, 8, tzinfo=UTC)


class TestLists:
    async def test_a_board_of_more_than_a_thousand_cards_stops_there_silently(self):
        async with open_box(filled=False, scale=1150) as place:
            board = (await place("GET", "/members/me/boards"))[0]["id"]
            for path in (f"/boards/{board}/cards/all", f"/boards/{board}/cards/all?limit=1000"):
                assert len(await place("GET", path)) == 1000
            nested = await place("GET", f"/boards/{board}?cards=all&fields=name")
            assert len(nested["cards"]) == 1000

    async def test_windows_by_id_reach_all_cards(self):
        async with open_box(filled=False, scale=1150) as place:
            board = (await place("GET", "/members/me/boards"))[0]["id"]
            first = await place("GET", f"/boards/{board}/cards/all?limit=1000&fields=id")
            ids = [row["id"] for row in first]
            assert ids == sorted(ids, reverse=True)
            rest = await place("GET", f"/boards/{board}/cards/all?limit=1000&fields=id&before={ids[-1]}")
            assert len(rest) == 150
            assert not {row["id"] for row in rest} & set(ids)

    async def test_since_and_before_go_by_creation_not_by_change(self):
        clock = Clock(THE_DAY)
        async with open_box(clock=clock) as place:
            clock.advance(3600)
            young = await place.make("Young")
            await place("PUT", f"/cards/{place.card}", {"name": "Changed now"})
            moment = "2026-01-10T08:30:00Z"
            late = await place("GET", f"/boards/{place.board}/cards?since={moment}")
            early = await place("GET", f"/boards/{place.board}/cards?before={moment}")
            assert [row["id"] for row in late] == [young["id"]]
            assert [row["id"] for row in early] == [place.card]

    async def test_labels_are_fifty_unless_asked_for_more(self):
        async with open_box() as place:
            for number in range(60):
                await place.label(f"l{number:02}", None)
            assert len(await place("GET", f"/boards/{place.board}/labels")) == 50
            assert len(await place("GET", f"/boards/{place.board}/labels?limit=1000")) == 60

    async def test_actions_are_fifty_unless_asked_for_more(self):
        async with open_box() as place:
            for number in range(55):
                await place("POST", f"/cards/{place.card}/actions/comments", {"text": f"c{number}"})
            assert len(await actions_of(place)) == 50
            rows = await place("GET", f"/boards/{place.board}/actions?limit=1000")
            assert len(rows) == 60
            assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)
            page = await place("GET", f"/boards/{place.board}/actions?limit=25&page=2")
            assert [row["id"] for row in page] == [row["id"] for row in rows[50:]]
            await place("GET", f"/boards/{place.board}/actions?limit=1000&page=1", status=400)

    async def test_actions_of_a_card_are_comments_and_moves_unless_asked_for_others(self):
        async with open_box() as place:
            await place("PUT", f"/cards/{place.card}", {"name": "New"})
            await place("PUT", f"/cards/{place.card}", {"idList": place.done})
            rows = await place("GET", f"/cards/{place.card}/actions")
            assert [row["data"]["old"] for row in rows] == [{"idList": place.todo}]
            everything = await place("GET", f"/cards/{place.card}/actions?filter=all")
            assert {row["type"] for row in everything} == {"updateCard", "createCard"}
            assert len(everything) > 2
            await place("GET", f"/cards/{place.card}/actions?page=20", status=400)

    async def test_cards_in_an_archived_list_still_say_that_they_are_open(self):
        async with open_box() as place:
            await place("PUT", f"/lists/{place.todo}", {"closed": True})
            assert (await place("GET", f"/cards/{place.card}"))["closed"] is False
            assert await place("GET", f"/boards/{place.board}/cards") == []
            assert [row["id"] for row in await place("GET", f"/boards/{place.board}/cards/open")] == [
                place.card
            ]
            assert (await actions_of(place))[0] == "updateList"
            await place("PUT", f"/boards/{place.board}", {"closed": True})
            assert (await place("GET", f"/cards/{place.card}"))["closed"] is False

    async def test_too_much_nesting_is_refused_and_waiting_does_not_help(self):
        async with open_box(filled=False, scale=900) as place:
            board = (await place("GET", "/members/me/boards"))[0]["id"]
            path = f"/boards/{board}/cards?fields=name&attachments=true"
            await place("GET", path)
            answer = await place("GET", f"{path}&checklists=all", status=429)
            assert answer["error"] == "API_TOO_MANY_CARDS_REQUESTED"
            await place("GET", f"{path}&checklists=all&limit=500")

    async def test_nothing_is_nested_that_was_not_asked_for(self):
        async with open_box() as place:
            board = await place("GET", f"/boards/{place.board}")
            assert not board.keys() & {"actions", "cards", "lists", "labels", "members", "dateLastActivity"}

    async def test_boards_of_a_member_are_all_closed_ones_too(self):
        async with open_box() as place:
            await place("PUT", f"/boards/{place.board}", {"closed": True})
            assert len(await place("GET", "/members/me/boards")) == 1
            assert await place("GET", "/members/me/boards?filter=open") == []


class TestCards:
    async def test_id_board_is_not_taken_on_create_the_list_decides(self):
        async with open_box() as place:
            made = await place.make("Made", idBoard=NOBODY, unheardOf=1)
            assert made["idBoard"] == place.board

    async def test_an_archived_list_takes_cards_silently(self):
        async with open_box() as place:
            await place("PUT", f"/lists/{place.todo}", {"closed": True})
            assert (await place.make("Made"))["closed"] is False

    async def test_id_lists_replace_what_is_there(self):
        async with open_box() as place:
            one, two = await place.label("one"), await place.label("two", "blue")
            path = f"/cards/{place.card}"
            await place("PUT", path, {"idLabels": [one]})
            assert (await place("PUT", path, {"idLabels": two}))["idLabels"] == [two]
            assert (await place("PUT", path, {"idLabels": f"{one},{two}"}))["idLabels"] == [one, two]
            assert (await place("PUT", path, {"idLabels": ""}))["idLabels"] == []

    async def test_adding_twice_is_refused_so_that_it_can_claim_a_card(self):
        async with open_box() as place:
            label = await place.label()
            path = f"/cards/{place.card}"
            assert await place("POST", f"{path}/idLabels", {"value": label}) == [label]
            answer = await place.client.post(f"{path}/idLabels", json={"value": label})
            assert refusal(answer) == (400, "that label is already on the card")
            me = (await place("GET", "/members/me"))["id"]
            await place("POST", f"{path}/idMembers", {"value": me})
            answer = await place.client.post(f"{path}/idMembers", json={"value": me})
            assert refusal(answer) == (400, "member is already on the card")

    async def test_members_and_labels_must_belong_to_the_board(self):
        async with open_box() as place:
            path = f"/cards/{place.card}"
            assert await place("PUT", path, {"idMembers": [MIA]}, status=400) == "invalid value for idMembers"
            assert (
                await place("PUT", path, {"idLabels": [NOBODY]}, status=400) == "invalid value for idLabels"
            )
            answer = await place("PUT", path, {"idLabels": ["nonsense"]}, status=400)
            assert answer == {"message": "Invalid objectId", "error": "ERROR"}

    async def test_a_delete_is_final_and_takes_the_history_along(self):
        async with open_box() as place:
            await place("POST", f"/cards/{place.card}/actions/comments", {"text": "Hello"})
            assert await place("DELETE", f"/cards/{place.card}") == {"limits": {}}
            assert (
                await place("GET", f"/cards/{place.card}", status=404)
                == "The requested resource was not found."
            )
            await place("DELETE", f"/cards/{place.card}", status=404)
            rows = await place("GET", f"/boards/{place.board}/actions?limit=1000")
            about = [row for row in rows if row["data"].get("card", {}).get("id") == place.card]
            assert [row["type"] for row in about] == ["deleteCard"]
            assert {*about[0]["data"]["card"]} == {"id", "idShort", "shortLink"}

    @pytest.mark.parametrize(
        ("sent", "stored"),
        [
            ("2026-01-31", "2026-01-31T00:00:00.000Z"),
            ("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00.000Z"),
            ("2026-01-31T12:00:00", "2026-01-31T12:00:00.000Z"),
            (1769860800000, "2026-01-31T12:00:00.000Z"),
            (None, None),
            ("", None),
            ("null", None),
        ],
    )
    async def test_dates_are_moments_in_utc(self, sent, stored):
        async with open_box() as place:
            path = f"/cards/{place.card}"
            await place("PUT", path, {"due": "2025-01-01T00:00:00Z"})
            assert (await place("PUT", path, {"due": sent}))["due"] == stored

    async def test_a_wrong_date_is_refused_as_text(self):
        async with open_box() as place:
            answer = await place.client.put(f"/cards/{place.card}", json={"due": "tomorrow"})
            assert refusal(answer) == (400, "invalid value for due")
            assert answer.headers["content-type"].startswith("text/plain")

    async def test_another_board_takes_what_matches_and_drops_the_rest(self):
        async with open_box() as place:
            await place.fields_on()
            field = await place.field("number", "Hours")
            await place.field("text", "Lost")
            kept, lost = await place.label("kept"), await place.label("lost", "blue")
            await place("PUT", f"/boards/{place.board}/members/{MIA}", {"type": "normal"})
            path = f"/cards/{place.card}"
            await place("PUT", path, {"idLabels": [kept, lost], "idMembers": [MIA]})
            await place("PUT", f"{path}/customField/{field['id']}/item", {"value": {"number": "3.5"}})
            old = await place("GET", f"{path}")
            other = await place("POST", "/boards", {"name": "Other", "defaultLabels": False})
            new_label = (
                await place("POST", f"/boards/{other['id']}/labels", {"name": "kept", "color": "red"})
            )["id"]
            target = (await place("GET", f"/boards/{other['id']}/lists"))[0]["id"]
            moved = await place("PUT", path, {"idBoard": other["id"], "idList": target})
            assert (moved["idLabels"], moved["idMembers"], moved["idList"]) == ([new_label], [], target)
            assert moved["id"] == old["id"]
            assert moved["idShort"] != old["idShort"] or moved["idBoard"] != old["idBoard"]
            assert await place("GET", f"{path}/customFieldItems") == []
            assert (await actions_of(place))[0] == "moveCardFromBoard"

    async def test_positions_of_neighbours_change_without_an_edit(self):
        async with open_box() as place:
            one = await place.make("one", pos=100)
            two = await place.make("two", pos=100.001)
            again = await place("GET", f"/cards/{one['id']}")
            assert again["pos"] != one["pos"]
            assert again["dateLastActivity"] == one["dateLastActivity"]
            assert again["pos"] < two["pos"]

    async def test_a_new_list_stands_at_the_left(self):
        async with open_box() as place:
            await place("POST", "/lists", {"name": "New", "idBoard": place.board})
            assert (await place("GET", f"/boards/{place.board}/lists"))[0]["name"] == "New"

    async def test_a_board_comes_with_lists_and_labels_unless_they_are_refused(self):
        async with open_box() as place:
            made = await place("POST", "/boards/", {"name": "Full"})
            assert [row["name"] for row in await place("GET", f"/boards/{made['id']}/lists")] == [
                "To Do",
                "Doing",
                "Done",
            ]
            assert len(await place("GET", f"/boards/{made['id']}/labels")) == 6
            assert await place("GET", f"/boards/{place.board}/labels") == []

    async def test_there_is_no_way_to_delete_a_list(self):
        async with open_box() as place:
            answer = await place("DELETE", f"/lists/{place.todo}", status=404)
            assert answer == f"Cannot DELETE /1/lists/{place.todo}"

    async def test_comments_and_label_edits_move_the_last_activity_or_not(self):
        clock = Clock(THE_DAY)
        async with open_box(clock=clock) as place:
            label = await place.label()
            await place("PUT", f"/cards/{place.card}", {"idLabels": [label]})
            before = (await place("GET", f"/cards/{place.card}"))["dateLastActivity"]
            clock.advance(60)
            await place("PUT", f"/labels/{label}", {"name": "renamed"})
            card = await place("GET", f"/cards/{place.card}")
            assert (card["dateLastActivity"], card["labels"][0]["name"]) == (before, "renamed")
            await place("POST", f"/cards/{place.card}/actions/comments", {"text": "Hello"})
            assert (await place("GET", f"/cards/{place.card}"))["dateLastActivity"] > before


class TestActionsThatNeverShow:
    async def test_labels_items_and_edited_comments_are_not_in_any_list(self):
        async with open_box() as place:
            told = []
            place.state.listeners.append(lambda action: told.append(action.type))
            label = await place.label()
            path = f"/cards/{place.card}"
            await place("PUT", path, {"idLabels": [label]})
            await place("PUT", path, {"idLabels": []})
            await place("PUT", f"/labels/{label}", {"name": "x"})
            await place("DELETE", f"/labels/{label}")
            row = await place("POST", f"{path}/checklists", {"name": "List"})
            item = await place("POST", f"/checklists/{row['id']}/checkItems", {"name": "Item"})
            await place("PUT", f"{path}/checkItem/{item['id']}", {"name": "Other"})
            await place("DELETE", f"/checklists/{row['id']}/checkItems/{item['id']}")
            await place("POST", f"{path}/checklists", {"idChecklistSource": row["id"]})
            comment = await place("POST", f"{path}/actions/comments", {"text": "Hello"})
            await place("PUT", f"/actions/{comment['id']}", {"text": "Bye"})
            await place("DELETE", f"/actions/{comment['id']}")
            await place("PUT", f"/boards/{place.board}/members/{MIA}", {"type": "normal"})
            await place("DELETE", f"/boards/{place.board}/members/{MIA}")
            await place("POST", f"{path}/membersVoted", {})
            assert set(told) >= HIDDEN
            shown = set(await actions_of(place, limit=1000, filter="all"))
            assert not shown & HIDDEN
            assert shown >= {"createCard", "addChecklistToCard", "addMemberToBoard"}

    async def test_nested_actions_do_not_heed_before(self):
        async with open_box() as place:
            path = f"/boards/{place.board}"
            rows = await place("GET", f"{path}/actions?before={place.card}")
            nested = await place("GET", f"{path}?actions=all&actions_before={place.card}")
            assert len(rows) < len(nested["actions"])

    async def test_a_ticked_item_shows(self):
        async with open_box() as place:
            row = await place("POST", "/checklists", {"idCard": place.card})
            assert row["name"] == "Checklist"
            item = await place("POST", f"/checklists/{row['id']}/checkItems", {"name": "Item"})
            await place("PUT", f"/cards/{place.card}/checkItem/{item['id']}", {"state": "complete"})
            assert (await actions_of(place))[0] == "updateCheckItemStateOnCard"
            card = await place("GET", f"/cards/{place.card}")
            assert (card["badges"]["checkItems"], card["badges"]["checkItemsChecked"]) == (1, 1)
            assert card["checkItemStates"] == [{"idCheckItem": item["id"], "state": "complete"}]


class TestRefusals:
    async def test_they_are_plain_text(self):
        async with open_box() as place:
            for path, status, text in (
                ("/cards/xyz", 400, "invalid id"),
                (f"/cards/{NOBODY}", 404, "The requested resource was not found."),
                (f"/boards/{NOBODY}", 404, "The requested resource was not found."),
                ("/members/nobody-here", 404, "model not found"),
                ("/nothing/here", 404, "Cannot GET /1/nothing/here"),
                (f"/boards/{place.board}?fields=nonsense", 400, "invalid value for fields"),
                (f"/boards/{place.board}/cards/nonsense", 400, "invalid value for filter"),
            ):
                answer = await place.client.get(path)
                assert refusal(answer) == (status, text)
                assert answer.headers["content-type"] == "text/plain; charset=utf-8"

    @pytest.mark.parametrize(
        ("path", "body", "text"),
        [
            ("/cards", {"name": "x"}, "invalid value for idList"),
            ("/cards", {"name": "x", "idList": "nonsense"}, "invalid value for idList"),
            ("/cards", {"name": "x", "idList": NOBODY}, "invalid value for idList"),
            ("/boards/", {"desc": "x"}, "invalid value for name"),
            ("/boards/", {"name": " "}, "invalid value for name"),
            (
                "/boards/",
                {"name": "x", "prefs_permissionLevel": "all"},
                "invalid value for prefs_permissionLevel",
            ),
            ("/lists", {"name": "x"}, "invalid value for idBoard"),
            ("/labels", {"name": "x", "idBoard": "{board}"}, "invalid value for color"),
            ("/labels", {"color": "red", "idBoard": "{board}"}, "invalid value for name"),
            ("/labels", {"name": "x", "color": "magenta", "idBoard": "{board}"}, "invalid value for color"),
            ("/checklists", {"name": "x"}, "invalid value for idCard"),
            ("/cards/{card}/actions/comments", {"text": ""}, "invalid value for text"),
            ("/cards/{card}/actions/comments", {"text": "x" * 16_385}, "invalid value for text"),
            ("/cards/{card}/attachments", {"name": "x"}, "invalid value for url"),
            ("/cards", {"name": 7.5, "idList": True}, "invalid value for idList"),
            ("/cards", {"idList": "{list}", "pos": "middle"}, "invalid value for pos"),
            ("/cards", {"idList": "{list}", "dueComplete": "maybe"}, "invalid value for dueComplete"),
        ],
    )
    async def test_wrong_values_are_named(self, path, body, text):
        async with open_box() as place:
            names = {"{board}": place.board, "{card}": place.card, "{list}": place.todo}
            body = {
                key: names.get(value, value) if isinstance(value, str) else value
                for key, value in body.items()
            }
            answer = await place.client.post(path.replace("{card}", place.card), json=body)
            assert refusal(answer) == (400, text)

    async def test_a_valid_token_gets_401_for_what_it_may_not_see(self):
        async with open_box() as place:
            ben = header(token_of("ben"))
            for path, what in (
                (f"/boards/{place.board}", "unauthorized permission requested"),
                (f"/cards/{place.card}", "unauthorized card permission requested"),
                (f"/lists/{place.todo}", "unauthorized list permission requested"),
            ):
                assert await place("GET", path, headers=ben, status=401) == what
            assert (await place("GET", "/members/me", headers=ben))["id"] == BEN

    async def test_hidden_things_may_seem_to_be_gone(self):
        async with open_box() as place:
            place.state.settings.hidden_status = 404
            ben = header(token_of("ben"))
            await place("GET", f"/cards/{place.card}", headers=ben, status=404)
            await place("PUT", f"/boards/{place.board}", {"prefs/permissionLevel": "public"})
            await place("PUT", f"/cards/{place.card}", {"name": "x"}, headers=ben, status=401)

    async def test_long_texts_in_the_address_break(self):
        async with open_box() as place:
            await place("PUT", f"/cards/{place.card}", params={"desc": "x" * 2001}, status=414)
            await place("PUT", f"/cards/{place.card}", params={"desc": "x" * 2000})
            await place("PUT", f"/cards/{place.card}", {"desc": "x" * 16_384})
            await place("PUT", f"/cards/{place.card}", {"desc": "x" * 16_385}, status=400)

    async def test_a_read_with_a_body_is_refused_by_the_front(self):
        async with open_box() as place:
            answer = await place("GET", "/members/me", {"fields": "id"}, status=403)
            assert answer.startswith("<html>")

    async def test_bodies_that_are_no_objects_are_refused(self):
        async with open_box() as place:
            for content in (b"{", b"[1]", b'"x"', b"[" * 5000):
                answer = await place.client.post(
                    "/cards", content=content, headers={"content-type": "application/json"}
                )
                assert refusal(answer) == (400, "Error parsing body")

    async def test_forms_and_queries_say_the_same_as_json(self):
        async with open_box() as place:
            values = {"name": "x", "idList": place.todo, "dueComplete": "true"}
            by_form = await place("POST", "/cards", data=values)
            by_query = await place("POST", "/cards", params=values)
            assert by_form["dueComplete"] is by_query["dueComplete"] is True
