"""Custom fields and workspaces, beyond their surprises."""

from __future__ import annotations

import pytest

from tests.sandbox.trello.support import MIA, NOBODY, open_box, refusal


class TestCustomFields:
    @pytest.mark.parametrize(
        ("kind", "sent", "stored"),
        [
            ("text", {"value": {"text": "Hello"}}, {"text": "Hello"}),
            ("number", {"value": {"number": "3.5"}}, {"number": "3.5"}),
            ("date", {"value": {"date": "2026-01-31T12:00:00Z"}}, {"date": "2026-01-31T12:00:00.000Z"}),
            ("checkbox", {"value": {"checked": "true"}}, {"checked": "true"}),
        ],
    )
    async def test_values_are_texts(self, kind, sent, stored):
        async with open_box() as place:
            await place.fields_on()
            field = await place.field(kind)
            path = f"/cards/{place.card}/customField/{field['id']}/item"
            item = await place("PUT", path, sent)
            assert (item["value"], item["idValue"], item["idModel"]) == (stored, None, place.card)
            assert await place("GET", f"/cards/{place.card}/customFieldItems") == [item]
            assert await place("PUT", path, {"value": "", "idValue": ""}) == {}
            assert await place("GET", f"/cards/{place.card}/customFieldItems") == []

    @pytest.mark.parametrize(
        ("kind", "sent"),
        [
            ("number", {"value": {"number": 3.5}}),
            ("number", {"value": {"number": "a lot"}}),
            ("number", {"value": {"text": "3"}}),
            ("checkbox", {"value": {"checked": True}}),
            ("date", {"value": {"date": "soon"}}),
            ("text", {"idValue": NOBODY}),
            ("list", {"value": {"text": "High"}}),
            ("list", {"idValue": NOBODY}),
            ("text", {}),
        ],
    )
    async def test_other_values_are_refused(self, kind, sent):
        async with open_box() as place:
            await place.fields_on()
            field = await place.field(kind)
            await place("PUT", f"/cards/{place.card}/customField/{field['id']}/item", sent, status=400)

    async def test_an_unticked_box_is_missing(self):
        async with open_box() as place:
            await place.fields_on()
            field = await place.field("checkbox")
            path = f"/cards/{place.card}/customField/{field['id']}/item"
            await place("PUT", path, {"value": {"checked": "true"}})
            assert await place("PUT", path, {"value": {"checked": "false"}}) == {}
            assert await place("GET", f"/cards/{place.card}/customFieldItems") == []

    async def test_several_at_once_all_or_nothing(self):
        async with open_box() as place:
            await place.fields_on()
            one, two = await place.field("text", "One"), await place.field("list", "Two")
            option = await place(
                "POST", f"/customFields/{two['id']}/options", {"value": {"text": "High"}, "pos": "top"}
            )
            path = f"/cards/{place.card}/customFields"
            good = {"idCustomField": one["id"], "value": {"text": "x"}}
            await place(
                "PUT",
                path,
                {"customFieldItems": [good, {"idCustomField": two["id"], "idValue": NOBODY}]},
                status=400,
            )
            assert await place("GET", f"/cards/{place.card}/customFieldItems") == []
            rows = await place(
                "PUT",
                path,
                {
                    "customFieldItems": [good, {"idCustomField": two["id"], "idValue": option["id"]}],
                },
            )
            assert {row["idValue"] for row in rows} == {None, option["id"]}
            await place("DELETE", f"/customFields/{two['id']}/options/{option['id']}")
            await place("DELETE", f"/customFields/{one['id']}")
            assert await place("GET", f"/cards/{place.card}/customFieldItems") == []

    async def test_definitions(self):
        async with open_box() as place:
            await place.fields_on()
            field = await place.field(
                "list", "Prio", options=[{"value": {"text": "High"}, "color": "red", "pos": 1}]
            )
            await place(
                "PUT", f"/customFields/{field['id']}", {"name": "Priority", "display/cardFront": False}
            )
            shown = await place("GET", f"/customFields/{field['id']}")
            assert (shown["name"], shown["display"]["cardFront"]) == ("Priority", False)
            option = shown["options"][0]
            changed = await place(
                "PUT",
                f"/customFields/{field['id']}/options/{option['id']}",
                {"value": {"text": "Top"}, "color": "none"},
            )
            assert (changed["value"], changed["color"]) == ({"text": "Top"}, "none")
            for change in ({"type": "money"}, {"modelType": "card"}, {"name": ""}, {"idModel": "x"}):
                body = {
                    "idModel": place.board,
                    "modelType": "board",
                    "name": "x",
                    "type": "text",
                    "pos": "top",
                    **change,
                }
                await place("POST", "/customFields", body, status=400)
            text = await place.field("text", "Plain")
            await place("POST", f"/customFields/{text['id']}/options", {"value": {"text": "x"}}, status=400)


class TestWorkspaces:
    async def test_they_are_made_changed_and_deleted(self):
        async with open_box() as place:
            org = await place("POST", "/organizations", {"displayName": "Fresh Air!"})
            assert org["name"].startswith("freshair")
            key = f"/organizations/{org['id']}"
            await place("PUT", key, {"displayName": "Stale", "desc": "d"})
            assert (await place("GET", f"/organizations/{org['name']}"))["displayName"] == "Stale"
            await place("PUT", f"{key}/members/{MIA}", {"type": "normal"})
            assert len(await place("GET", f"{key}/members")) == 2
            board = await place("POST", "/boards", {"name": "In it", "idOrganization": org["id"]})
            await place("DELETE", f"{key}/members/{MIA}/all")
            await place("DELETE", key)
            assert (await place("GET", f"/boards/{board['id']}"))["idOrganization"] is None
            await place("GET", key, status=404)
            await place("POST", "/organizations", {"desc": "x"}, status=400)

    async def test_boards_of_a_workspace_by_filter(self):
        async with open_box() as place:
            org = place.box.settings["TRELLO_ORGANIZATION_ID"]
            await place("PUT", f"/boards/{place.board}", {"closed": True})
            assert len(await place("GET", f"/organizations/{org}/boards?filter=closed&fields=name")) == 1
            assert await place("GET", f"/organizations/{org}/boards?filter=open") == []
            await place("GET", f"/organizations/{org}/boards?filter=some", status=400)

    async def test_members_are_deactivated_and_lose_access(self):
        async with open_box() as place:
            org = place.box.settings["TRELLO_ORGANIZATION_ID"]
            await place("PUT", f"/boards/{place.board}/members/{MIA}", {"type": "normal"})
            await place("PUT", f"/organizations/{org}/members/{MIA}/deactivated", {"value": True})
            rows = await place("GET", f"/boards/{place.board}/memberships?filter=deactivated")
            assert [row["idMember"] for row in rows] == [MIA]
            answer = await place.client.get(f"/boards/{place.board}/members?fields=id")
            assert refusal(answer)[0] == 200
            assert MIA not in answer.text
