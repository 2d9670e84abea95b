"""Boards, lists, cards, checklists and attachments, beyond their surprises."""

from __future__ import annotations

from tests.sandbox.trello.support import MIA, NOBODY, actions_of, open_box


class TestBoards:
    async def test_changes_are_told_one_by_one(self):
        async with open_box() as place:
            path = f"/boards/{place.board}"
            board = await place("PUT", path, {"name": "New", "desc": "Text", "prefs/cardAging": "pirate"})
            assert (board["name"], board["desc"], board["prefs"]["cardAging"]) == ("New", "Text", "pirate")
            assert (await actions_of(place))[:3] == ["updateBoard"] * 3
            await place("PUT", path, {"prefs/cardAging": "ninja"}, status=400)
            await place("PUT", f"{path}/name", {"value": "Newer"})
            assert (await place("GET", f"{path}/name")) == {"_value": "Newer"}
            await place("PUT", f"{path}/memberships", {"value": "x"}, status=404)
            assert (await place("GET", f"{path}/prefs"))["cardAging"] == "pirate"

    async def test_the_short_link_is_as_good_as_the_id(self):
        async with open_box() as place:
            board = await place("GET", f"/boards/{place.board}?fields=shortLink")
            assert (await place("GET", f"/boards/{board['shortLink']}"))["id"] == place.board
            card = await place("GET", f"/cards/{place.card}")
            assert (await place("GET", f"/cards/{card['shortLink']}"))["id"] == place.card
            assert card["url"] == f"https://trello.com/c/{card['shortLink']}/1-a-card"

    async def test_a_deleted_board_is_gone_with_everything(self):
        async with open_box() as place:
            await place("POST", "/checklists", {"idCard": place.card})
            assert await place("DELETE", f"/boards/{place.board}") == {"_value": None}
            for path in (f"/boards/{place.board}", f"/cards/{place.card}", f"/lists/{place.todo}"):
                await place("GET", path, status=404)
            assert not len(place.state.checklists) + len(place.state.cards) + len(place.state.lists)

    async def test_a_board_is_copied_with_its_lists_and_labels(self):
        async with open_box() as place:
            await place.label("kept")
            made = await place("POST", "/boards", {"name": "Copy", "idBoardSource": place.board})
            names = [row["name"] for row in await place("GET", f"/boards/{made['id']}/lists")]
            assert names == ["To do", "Done"]
            assert [row["name"] for row in await place("GET", f"/boards/{made['id']}/labels")] == ["kept"]

    async def test_members_come_change_and_go(self):
        async with open_box() as place:
            path = f"/boards/{place.board}"
            found = await place("PUT", f"{path}/members", {"email": "mia@example.com", "type": "normal"})
            assert [row["memberType"] for row in found["memberships"]] == ["admin", "normal"]
            ghost = await place("PUT", f"{path}/members", {"email": "new@example.com", "fullName": "New One"})
            assert ghost["memberships"][-1]["unconfirmed"] is True
            assert ghost["members"][-1]["fullName"] == "New One"
            await place("PUT", f"{path}/members/{MIA}", {"type": "admin"})
            assert (await actions_of(place))[0] == "makeAdminOfBoard"
            admins = await place("GET", f"{path}/members/admins")
            assert {row["username"] for row in admins} == {"admin", "mia"}
            rows = await place("GET", f"{path}/memberships?member=true&filter=admin")
            assert {row["member"]["username"] for row in rows} == {"admin", "mia"}
            await place("DELETE", f"{path}/members/{MIA}")
            await place("DELETE", f"{path}/members/{MIA}", status=404)
            await place("PUT", f"{path}/members/{NOBODY}", {"type": "normal"}, status=404)
            await place("PUT", f"{path}/members", {"email": "nonsense"}, status=400)
            await place("PUT", f"{path}/members/{MIA}", {"type": "king"}, status=400)

    async def test_one_request_reads_a_whole_board(self):
        async with open_box() as place:
            await place.fields_on()
            field = await place.field("number", "Hours")
            await place(
                "PUT", f"/cards/{place.card}/customField/{field['id']}/item", {"value": {"number": "2"}}
            )
            row = await place("POST", "/checklists", {"idCard": place.card, "name": "L"})
            params = {
                "fields": "all",
                "lists": "all",
                "labels": "all",
                "labels_limit": 1000,
                "members": "all",
                "customFields": "true",
                "cards": "visible",
                "card_fields": "id,name,due",
                "card_customFieldItems": "true",
                "checklists": "all",
                "actions": "none",
                "organization": "true",
                "memberships": "all",
            }
            board = await place("GET", f"/boards/{place.board}", params=params)
            assert board["cards"][0].keys() == {"id", "name", "due", "customFieldItems"}
            assert board["cards"][0]["customFieldItems"][0]["value"] == {"number": "2"}
            assert board["checklists"][0]["id"] == row["id"]
            assert board["customFields"][0]["name"] == "Hours"
            assert board["organization"]["displayName"] == "Sandbox"
            assert "actions" not in board
            with_actions = await place(
                "GET", f"/boards/{place.board}?actions=createCard&actions_limit=1&action_memberCreator=false"
            )
            assert [a["type"] for a in with_actions["actions"]] == ["createCard"]
            assert "memberCreator" not in with_actions["actions"][0]


class TestLists:
    async def test_cards_move_and_are_archived_together(self):
        async with open_box() as place:
            await place.make("second")
            moved = await place(
                "POST", f"/lists/{place.todo}/moveAllCards", {"idBoard": place.board, "idList": place.done}
            )
            assert moved == []
            rows = await place("GET", f"/lists/{place.done}/cards?fields=name")
            assert [row["name"] for row in rows] == ["A card", "second"]
            await place("POST", f"/lists/{place.done}/archiveAllCards")
            assert await place("GET", f"/lists/{place.done}/cards") == []
            assert len(await place("GET", f"/lists/{place.done}/cards?filter=closed")) == 2
            other = await place("POST", "/boards", {"name": "Other"})
            body = {"idBoard": other["id"], "idList": place.done}
            await place("POST", f"/lists/{place.todo}/moveAllCards", body, status=400)

    async def test_a_list_moves_to_another_board_with_its_cards(self):
        async with open_box() as place:
            other = await place("POST", "/boards", {"name": "Other"})
            await place("PUT", f"/lists/{place.todo}/idBoard", {"value": other["id"]})
            assert (await place("GET", f"/cards/{place.card}"))["idBoard"] == other["id"]
            assert (await actions_of(place))[0] == "moveListFromBoard"

    async def test_changes_of_lists(self):
        async with open_box() as place:
            path = f"/lists/{place.todo}"
            await place("PUT", path, {"name": "Next", "pos": "bottom", "subscribed": True, "softLimit": 5})
            row = await place("GET", f"{path}?fields=all")
            assert (row["name"], row["subscribed"], row["softLimit"]) == ("Next", True, 5)
            assert [one["name"] for one in await place("GET", f"/boards/{place.board}/lists")] == [
                "Done",
                "Next",
            ]
            for end, body in (("", {"name": ""}), ("/name", {}), ("", {"closed": "perhaps"})):
                await place("PUT", path + end, body, status=400)


class TestCards:
    async def test_a_copy_keeps_what_it_shall(self):
        async with open_box() as place:
            label = await place.label()
            path = f"/cards/{place.card}"
            await place("PUT", path, {"desc": "Text", "idLabels": [label], "due": "2026-01-31T12:00:00Z"})
            row = await place("POST", f"{path}/checklists", {"name": "List"})
            await place("POST", f"/checklists/{row['id']}/checkItems", {"name": "Item", "checked": True})
            await place("POST", f"{path}/actions/comments", {"text": "Hello"})
            copy = await place("POST", "/cards", {"idList": place.done, "idCardSource": place.card})
            assert (copy["name"], copy["desc"], copy["idLabels"], copy["due"]) == (
                "A card",
                "Text",
                [label],
                "2026-01-31T12:00:00.000Z",
            )
            assert (copy["badges"]["checkItemsChecked"], copy["badges"]["comments"]) == (1, 1)
            bare = await place(
                "POST",
                "/cards",
                {
                    "idList": place.done,
                    "idCardSource": place.card,
                    "keepFromSource": "labels",
                    "name": "Bare",
                },
            )
            assert (bare["name"], bare["due"], bare["idLabels"], bare["idChecklists"]) == (
                "Bare",
                None,
                [label],
                [],
            )
            kinds = await actions_of(place)
            assert kinds.count("copyCard") == 2
            assert "copyCommentCard" in kinds

    async def test_a_change_is_one_action_a_member(self):
        async with open_box() as place:
            await place(
                "PUT",
                f"/cards/{place.card}",
                {
                    "name": "New",
                    "desc": "Text",
                    "due": "2026-01-31T12:00:00Z",
                    "dueComplete": True,
                    "closed": True,
                    "idList": place.done,
                },
            )
            rows = await place("GET", f"/boards/{place.board}/actions?filter=updateCard")
            olds = [next(iter(row["data"]["old"])) for row in rows]
            assert sorted(olds) == sorted(["name", "desc", "due", "dueComplete", "closed", "idList"])
            moves = await place("GET", f"/boards/{place.board}/actions?filter=updateCard:idList,commentCard")
            assert len(moves) == 1
            assert moves[0]["data"]["listAfter"]["name"] == "Done"
            same = await place("PUT", f"/cards/{place.card}", {"name": "New"})
            assert len(await place("GET", f"/boards/{place.board}/actions?filter=updateCard")) == len(rows)
            assert same["name"] == "New"

    async def test_what_the_moment_of_completion_and_closing_say(self):
        async with open_box() as place:
            path = f"/cards/{place.card}"
            await place("PUT", path, {"dueComplete": True, "closed": True})
            card = await place("GET", f"{path}?fields=dateCompleted,dateClosed,idMemberCreator")
            assert all(card.values())
            await place("PUT", path, {"dueComplete": False, "closed": False})
            card = await place("GET", f"{path}?fields=dateCompleted,dateClosed")
            assert (card["dateCompleted"], card["dateClosed"]) == (None, None)

    async def test_single_members_are_read_and_written(self):
        async with open_box() as place:
            label, path = await place.label(), f"/cards/{place.card}"
            await place("PUT", f"{path}/idLabels", {"value": label})
            assert await place("GET", f"{path}/idLabels") == [label]
            assert [row["id"] for row in await place("GET", f"{path}/labels")] == [label]
            await place("PUT", f"{path}/desc", {"value": "Text"})
            assert await place("GET", f"{path}/desc") == {"_value": "Text"}
            await place("PUT", f"{path}/shortLink", {"value": "x"}, status=404)
            await place("GET", f"{path}/nonsense", status=400)

    async def test_covers_subscriptions_and_votes(self):
        async with open_box() as place:
            path = f"/cards/{place.card}"
            card = await place("PUT", path, {"cover": {"color": "sky", "size": "full"}, "subscribed": True})
            assert (card["cover"]["color"], card["cover"]["size"], card["subscribed"]) == (
                "sky",
                "full",
                True,
            )
            await place("POST", f"{path}/membersVoted", {})
            assert (await place("GET", path))["badges"]["viewingMemberVoted"] is True
            await place("POST", f"{path}/membersVoted", {}, status=400)
            me = (await place("GET", "/members/me"))["id"]
            await place("DELETE", f"{path}/membersVoted/{me}")
            await place("PUT", path, {"idAttachmentCover": NOBODY}, status=400)

    async def test_positions(self):
        async with open_box() as place:
            await place.make("two")
            three = await place.make("three", pos="top")
            await place("PUT", f"/cards/{place.card}/pos", {"value": "bottom"})
            rows = await place("GET", f"/lists/{place.todo}/cards?fields=name,pos")
            assert [row["name"] for row in rows] == ["three", "two", "A card"]
            assert [row["pos"] for row in rows] == sorted(row["pos"] for row in rows)
            await place("PUT", f"/cards/{three['id']}", {"pos": -1}, status=400)

    async def test_a_list_of_another_board_is_refused(self):
        async with open_box() as place:
            other = await place("POST", "/boards", {"name": "Other"})
            target = (await place("GET", f"/boards/{other['id']}/lists"))[0]["id"]
            path = f"/cards/{place.card}"
            await place("PUT", path, {"idList": target, "name": "x"}, status=400)
            assert (await place("GET", path))["name"] == "A card"
            assert (await place("PUT", path, {"idBoard": other["id"]}))["idList"] == target


class TestChecklists:
    async def test_items_are_changed_by_way_of_the_card_only(self):
        async with open_box() as place:
            row = await place("POST", "/checklists", {"idCard": place.card, "name": "One"})
            other = await place("POST", f"/cards/{place.card}/checklists", {"name": "Two", "pos": "top"})
            item = await place("POST", f"/checklists/{row['id']}/checkItems", {"name": "Item"})
            await place("PUT", f"/checklists/{row['id']}/checkItems/{item['id']}", {"name": "x"}, status=404)
            path = f"/cards/{place.card}/checkItem/{item['id']}"
            done = await place(
                "PUT", path, {"state": "complete", "idChecklist": other["id"], "name": "Moved"}
            )
            assert (done["state"], done["idChecklist"], done["name"]) == ("complete", other["id"], "Moved")
            rows = await place("GET", f"/cards/{place.card}/checklists")
            assert [(r["name"], len(r["checkItems"])) for r in rows] == [("Two", 1), ("One", 0)]
            for body in ({"state": "perhaps"}, {"name": ""}, {"idChecklist": NOBODY}, {"due": "soon"}):
                await place("PUT", path, body, status=400)
            await place("DELETE", f"/cards/{place.card}/checkItem/{item['id']}")
            await place("GET", path, status=404)

    async def test_fields_and_items_on_request(self):
        async with open_box() as place:
            row = await place("POST", "/checklists", {"idCard": place.card, "name": "One"})
            await place("POST", f"/checklists/{row['id']}/checkItems", {"name": "Item"})
            shown = await place("GET", f"/checklists/{row['id']}?checkItems=none&fields=name")
            assert shown == {"id": row["id"], "name": "One"}
            shown = await place("GET", f"/checklists/{row['id']}?checkItem_fields=name")
            assert shown["checkItems"][0].keys() == {"id", "name"}

    async def test_a_checklist_goes_with_its_items(self):
        async with open_box() as place:
            row = await place("POST", "/checklists", {"idCard": place.card})
            await place("POST", f"/checklists/{row['id']}/checkItems", {"name": "Item"})
            await place("DELETE", f"/checklists/{row['id']}")
            card = await place("GET", f"/cards/{place.card}")
            assert (card["idChecklists"], card["badges"]["checkItems"]) == ([], 0)
            assert not len(place.state.check_items)


class TestAttachments:
    async def test_addresses_of_cards_are_counted_apart(self):
        async with open_box() as place:
            path = f"/cards/{place.card}/attachments"
            row = await place("POST", path, {"url": "https://trello.com/c/abcdefgh", "name": "other"})
            assert (row["isUpload"], row["bytes"], row["fileName"]) == (False, None, "")
            card = await place("GET", f"/cards/{place.card}?attachments=true")
            assert card["badges"]["attachmentsByType"] == {"trello": {"board": 0, "card": 1}}
            assert [one["id"] for one in card["attachments"]] == [row["id"]]
            await place("PUT", f"{path}/{row['id']}", {"name": "renamed"})
            assert (await place("GET", f"{path}/{row['id']}?fields=name"))["name"] == "renamed"
            await place("DELETE", f"{path}/{row['id']}")
            assert (await place("GET", f"/cards/{place.card}"))["badges"]["attachments"] == 0
            await place("POST", path, {"url": "javascript:alert(1)"}, status=400)

    async def test_an_image_can_be_the_cover(self):
        async with open_box() as place:
            path = f"/cards/{place.card}/attachments"
            files = {"file": ("a.png", b"x", "image/png")}
            row = await place("POST", path, files=files, data={"setCover": "true"})
            card = await place("GET", f"/cards/{place.card}")
            assert card["idAttachmentCover"] == card["cover"]["idAttachment"] == row["id"]
            assert len(await place("GET", f"{path}?filter=cover")) == 1
