"""Answers beside recorded ones: the same members, of the same types."""

from __future__ import annotations

import json

import httpx2
import pytest

from pm_providers.sandbox.trello import ADMIN_TOKEN, Limits
from tests.sandbox.trello.support import MIA, header, open_box, token_of
from tests.shared_material import need, shared_path

# members that may be null in one answer and not in the other say nothing about the type
_ANY = type(None)


def recorded(name):
    return json.loads(need(shared_path("corpus", "trello", f"{name}.json")).read_text())


def kinds(value):
    """Number, text and so on; whole and broken numbers are one kind."""
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


def compare(ours, theirs, *, path="", more=(), fewer=()):
    """Differences of members and types, all the way down; `more` and `fewer` are allowed at the top."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        found = [f"{path}: only ours {key}" for key in ours.keys() - theirs.keys() - set(more)]
        found += [f"{path}: only theirs {key}" for key in theirs.keys() - ours.keys() - set(fewer)]
        for key in ours.keys() & theirs.keys():
            if key not in {"data", "entities", "labelNames", "limits", "prefs", "credits"}:
                found += compare(ours[key], theirs[key], path=f"{path}.{key}")
        return found
    if isinstance(ours, list) and isinstance(theirs, list):
        return compare(ours[0], theirs[0], path=f"{path}[]") if ours and theirs else []
    if _ANY in {type(ours), type(theirs)} or kinds(ours) is kinds(theirs):
        return []
    return [f"{path}: {type(ours).__name__} for {type(theirs).__name__}"]


async def answers(place):
    """Our answers by the name of the recorded kind."""
    card, board = f"/cards/{place.card}", f"/boards/{place.board}"
    label = await place.label("Bug")
    comment = await place("POST", f"{card}/actions/comments", {"text": "Hello"})
    checklist = await place("POST", f"{card}/checklists", {"name": "List"})
    item = await place("POST", f"/checklists/{checklist['id']}/checkItems", {"name": "Item"})
    link = await place("POST", f"{card}/attachments", {"url": "https://example.com"})
    made = await place.make("Made")
    return {
        "board_created": await place("POST", "/boards/", {"name": "New"}),
        "board": await place("GET", board),
        "boards": await place("GET", "/members/me/boards"),
        "card_created": made,
        "card": await place("GET", card),
        "card_updated": await place("PUT", card, {"name": "Changed", "desc": "Text"}),
        "cards": await place("GET", f"{board}/cards"),
        "list_created": await place("POST", "/lists", {"name": "New", "idBoard": place.board}),
        "list": await place("GET", f"/lists/{place.todo}"),
        "list_updated": await place("PUT", f"/lists/{place.todo}/closed", {"value": False}),
        "lists": await place("GET", f"{board}/lists"),
        "label": await place("GET", f"/labels/{label}"),
        "label_updated": await place("PUT", f"/labels/{label}", {"name": "Bugs"}),
        "labels": await place("GET", f"{board}/labels"),
        "attachment_created": link,
        "attachment": await place("GET", f"{card}/attachments/{link['id']}"),
        "attachments": await place("GET", f"{card}/attachments"),
        "checklist": await place("GET", f"/checklists/{checklist['id']}"),
        "checklist_updated": await place("PUT", f"/checklists/{checklist['id']}", {"name": "Other"}),
        "checklists": await place("GET", f"{card}/checklists"),
        "check_item_created": item,
        "check_item": await place("GET", f"/checklists/{checklist['id']}/checkItems/{item['id']}"),
        "check_item_updated": await place("PUT", f"{card}/checkItem/{item['id']}", {"name": "New name"}),
        "comment_created": comment,
        "comment_updated": await place("PUT", f"{card}/actions/{comment['id']}/comments", {"text": "Bye"}),
        "actions": await place("GET", f"{board}/actions", params={"limit": 1000}),
        "member": await place("GET", "/members/me"),
        "members": await place("GET", f"{board}/members"),
        "organization": await place("GET", f"/organizations/{place.box.settings['TRELLO_ORGANIZATION_ID']}"),
        "organizations": await place("GET", "/members/me/organizations"),
        "token": await place("GET", f"/tokens/{ADMIN_TOKEN}"),
        "attachment_deleted": await place("DELETE", f"{card}/attachments/{link['id']}"),
        "board_deleted": await place("DELETE", board),
    }


KINDS = {
    "board_created": "board_created__NangoHQ_integration-templates__1",
    "board": "board__NangoHQ_integration-templates__1",
    "boards": "boards__NangoHQ_integration-templates__2",
    "card_created": "card_created__NangoHQ_integration-templates__1",
    "card": "card__NangoHQ_integration-templates__1",
    "card_updated": "card_updated__NangoHQ_integration-templates__1",
    "cards": "cards__NangoHQ_integration-templates__1",
    "list_created": "list_created__NangoHQ_integration-templates__1",
    "list": "list__NangoHQ_integration-templates__1",
    "list_updated": "list_updated__NangoHQ_integration-templates__1",
    "lists": "lists__NangoHQ_integration-templates__1",
    "label": "label__NangoHQ_integration-templates__1",
    "label_updated": "label_updated__NangoHQ_integration-templates__1",
    "labels": "labels__NangoHQ_integration-templates__1",
    "attachment_created": "attachments__NangoHQ_integration-templates__8",
    "attachment": "attachment__NangoHQ_integration-templates__1",
    "attachments": "attachments__NangoHQ_integration-templates__7",
    "attachment_deleted": "attachment_deleted__NangoHQ_integration-templates__1",
    "checklist": "checklist__NangoHQ_integration-templates__1",
    "checklist_updated": "checklist_updated__NangoHQ_integration-templates__1",
    "checklists": "checklists__NangoHQ_integration-templates__1",
    "check_item_created": "check_item_created__NangoHQ_integration-templates__1",
    "check_item": "check_item__NangoHQ_integration-templates__1",
    "check_item_updated": "check_item__NangoHQ_integration-templates__2",
    "comment_created": "comment_created__NangoHQ_integration-templates__1",
    "comment_updated": "comment_updated__NangoHQ_integration-templates__1",
    "member": "member__NangoHQ_integration-templates__1",
    "members": "members__NangoHQ_integration-templates__1",
    "organization": "organization__NangoHQ_integration-templates__1",
    "organizations": "organizations__NangoHQ_integration-templates__1",
    "token": "token__adlio_trello__2",
    "board_deleted": "board_deleted__NangoHQ_integration-templates__1",
}


@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_has_the_recorded_members(kind):
    theirs = recorded(KINDS[kind])
    async with open_box() as place:
        ours = (await answers(place))[kind]
    # an uploaded file and an address differ in the member `mimeType` only by null
    assert compare(ours, theirs) == []


ACTIONS = "actions__NangoHQ_integration-templates__1"


async def test_actions_have_the_recorded_members_and_data():
    theirs = {}
    for name in (ACTIONS, "actions__NangoHQ_integration-templates__5"):
        for row in recorded(name):
            theirs.setdefault((row["type"], tuple(sorted(row["data"].get("old", {})))), row)
    async with open_box() as place:
        key = place.board
        await answers_for_actions(place)
        ours = {}
        for row in await place("GET", f"/boards/{key}/actions", params={"limit": 1000}):
            ours.setdefault((row["type"], tuple(sorted(row["data"].get("old", {})))), row)
    shared = ours.keys() & theirs.keys()
    assert {kind for kind, _ in shared} >= {
        "addAttachmentToCard",
        "addChecklistToCard",
        "addToOrganizationBoard",
        "commentCard",
        "createBoard",
        "createCard",
        "createList",
        "deleteAttachmentFromCard",
        "deleteCard",
        "removeChecklistFromCard",
        "updateBoard",
        "updateCard",
        "updateChecklist",
        "updateList",
    }
    for name in sorted(shared):
        assert compare(ours[name], theirs[name]) == [], name
        there = theirs[name]["data"]
        assert {*ours[name]["data"]} == {*there} - {"creationMethod"}, name
        for part in ("card", "board", "list", "checklist", "old"):
            if part in there:
                assert {*ours[name]["data"][part]} == {*there[part]}, (name, part)


async def answers_for_actions(place):
    """Makes most types of actions happen."""
    card = f"/cards/{place.card}"
    checklist = await place("POST", f"{card}/checklists", {"name": "List"})
    await place("PUT", f"/checklists/{checklist['id']}", {"name": "Other"})
    await place("DELETE", f"/checklists/{checklist['id']}")
    link = await place("POST", f"{card}/attachments", {"url": "https://example.com"})
    await place("DELETE", f"{card}/attachments/{link['id']}")
    await place("POST", f"{card}/actions/comments", {"text": "Hello"})
    await place("PUT", card, {"name": "Changed"})
    await place("PUT", f"/boards/{place.board}", {"desc": "Text", "prefs/voting": "members"})
    await place("PUT", f"/lists/{place.todo}", {"name": "Next"})
    await place("PUT", f"/lists/{place.done}", {"closed": True})
    gone = await place.make("Gone")
    await place("DELETE", f"/cards/{gone['id']}")


async def test_the_move_and_the_member_look_as_recorded():
    moves = [row for row in recorded("actions__adlio_trello__4") if "listAfter" in row["data"]]
    removed = next(
        row for row in recorded("actions__adlio_trello__9") if row["type"] == "removeMemberFromCard"
    )
    async with open_box() as place:
        await place("PUT", f"/boards/{place.board}/members/{MIA}", {"type": "normal"})
        await place("PUT", f"/cards/{place.card}", {"idList": place.done})
        await place("POST", f"/cards/{place.card}/idMembers", {"value": MIA})
        await place("DELETE", f"/cards/{place.card}/idMembers/{MIA}")
        rows = await place("GET", f"/boards/{place.board}/actions")
    ours = next(row for row in rows if "listAfter" in row["data"])
    assert {*ours["data"]} == {*moves[0]["data"]}
    assert {*ours["data"]["card"]} == {*moves[0]["data"]["card"]}
    gone = next(row for row in rows if row["type"] == "removeMemberFromCard")
    assert {*gone["data"]} - {"member"} == {*removed["data"]}
    assert gone["member"]["id"] == MIA


async def test_custom_fields_look_as_recorded():
    theirs = recorded("custom_fields__adlio_trello__1")[0]
    async with open_box() as place:
        await place.fields_on()
        made = await place.field("list", options=[{"value": {"text": "High"}, "color": "red", "pos": 1}])
        ours = (await place("GET", f"/boards/{place.board}/customFields"))[0]
    assert compare(ours, theirs, more=("display", "isSuggestedField")) == []
    assert made["options"][0]["value"] == {"text": "High"}


async def test_registrations_look_as_recorded_and_newer():
    async with open_box() as place:
        place.box.webhooks.receiver = httpx2.MockTransport(lambda _request: httpx2.Response(200))
        made = await place("POST", "/webhooks", {"callbackURL": "https://a.example/", "idModel": place.board})
        listed = await place("GET", f"/tokens/{ADMIN_TOKEN}/webhooks")
    newer = ("consecutiveFailures", "firstConsecutiveFailDate")
    assert compare(made, recorded("webhook_registration__adlio_trello__1"), more=newer) == []
    assert listed == [made]
    assert listed[0].keys() >= recorded("webhook_registration__adlio_trello__2")[0].keys()


@pytest.mark.parametrize(
    "name", ["webhook_commentcard__Commit451_skyhook__1", "webhook_updatecard__adlio_trello__1"]
)
async def test_deliveries_look_as_recorded(name):
    theirs = recorded(name)
    async with open_box() as place:
        place.box.webhooks.receiver = httpx2.MockTransport(lambda _request: httpx2.Response(200))
        await place("POST", "/webhooks", {"callbackURL": "https://a.example/", "idModel": place.board})
        await place("POST", f"/cards/{place.card}/actions/comments", {"text": "Hello"})
        await place("PUT", f"/cards/{place.card}", {"idList": place.done})
        sent = [json.loads(one.body) for one in place.box.webhooks.ready()]
    ours = next(one for one in sent if one["action"]["type"] == theirs["action"]["type"])
    missing = [key for key in theirs["model"] if key not in ours["model"]]
    assert not missing
    newer = {"idCard", "idAuthor", "textData"}
    assert {*ours["action"]["data"]} - newer == {*theirs["action"]["data"]}
    assert theirs["action"].keys() <= ours["action"].keys()


async def test_refusals_are_worded_as_recorded():
    async with open_box() as place:
        place.box.limits = Limits(token=(1, 900))
        await place("GET", f"/boards/{place.board}")
        over = await place("GET", f"/boards/{place.board}", status=429)
        place.box.limits = None
        hidden = await place("GET", f"/boards/{place.board}", headers=header(token_of("ben")), status=401)
    assert hidden == recorded("error_401__adlio_trello__1")["_raw_text_body"]
    assert over == recorded("error_429__unknown_stored-file-70086845738__1")


def test_differences_are_found():
    assert compare({"a": [{"b": 1}], "c": None}, {"a": [{"b": "1"}], "c": 1, "d": 2}) == [
        ": only theirs d",
        ".a[].b: int for str",
    ]
