"""The sandbox's answers against the vendor's OpenAPI document."""

from __future__ import annotations

import json
import re

import httpx2

from pm_providers.sandbox.trello import ADMIN_TOKEN, ORGANIZATION_ID
from tests.sandbox.trello.support import MIA, load, open_box
from tests.shared_material import need, spec_path

# What the document says and recorded answers do not: (pattern of the finding, reason).
DEVIATIONS: tuple[tuple[str, str], ...] = (
    (r"\.(idOrganization|idEnterprise|idMemberReferrer): None is not", "null in recorded boards and members"),
    (r"\.descData: ", "an object or null in recorded boards, text in the document"),
    (r"\.memberships: ", "a list in recorded boards, text in the document"),
    (r"\.(powerUps|idTags): ", "lists in recorded boards, text in the document"),
    (r"\.ixUpdate: ", "text in recorded boards and members, a number in the document"),
    (
        r"\.prefs\.(permissionLevel|voting|background|backgroundImage|backgroundImageScaled)",
        "recorded values",
    ),
    (r"\.prefs\.backgroundImageScaled: None", "null in recorded boards"),
    (r"\.(dateLastView|dateClosed): None is not", "null where nobody looked"),
    (r"\.softLimit: None is not", "null in recorded lists"),
    (r"\.checkItemStates\[\]", "objects with idCheckItem and state, texts in the document"),
    (
        r"\.(bytes|edgeColor|mimeType)",
        "bytes is a number in recorded attachments, the colour a hex text or null",
    ),
    (
        r"\.(bioData|nonPublic|aaBlockSyncUntil|uploadedAvatarHash|uploadedAvatarUrl|idEnterprise): None",
        "null there",
    ),
    (r"\.messagesDismissed: \[\]", "a list in the recorded member"),
    (r"\.avatarSource", "`none` in the recorded member"),
    (r"\.loginTypes\[\]", "`atlassian` in the recorded member"),
    (r"\.memberships\[\]: \{", "objects in recorded workspaces, ids in the document"),
    (r"\.nameData", "an object in recorded items, text in the document"),
    (r"\.pos: \d", "a number in recorded items, text in the document"),
    (r"\.permissions\[\]\.modelType", "capitalised in recorded tokens"),
    (r"answer GET /cards/\{id\}/(attachments|membersVoted)", "oneOf of schemas without required members"),
    (r"GET /boards/\{id\}/plugins .*is not of type 'object'", "a list, as the route's name says"),
    (r"\.labels\[\]: \{'id'", "labels in full in recorded cards, ids in the document"),
    (r"answer GET /boards/\{id\}/memberships : \[", "a list, as the route's name says"),
    (r"\[\]\.limits: None", "null in recorded actions but for comments"),
    (r"\[\]\.value: None", "values of lists are options, and their text is null"),
    (r"\.prefs\.attachmentRestrictions: None", "null in recorded workspaces"),
    (r"answer GET /search : \{'options'", "one object with lists in the recorded answer, not a list"),
    (r"answer POST /cards/\{id\}/attachments : \{", "one attachment in the recorded answer, not a list"),
)


class Caller:
    """Sends requests and checks the answers."""

    def __init__(self, client, document):
        self._client, self._document = client, document
        self.findings, self.calls = [], set()

    async def __call__(self, method, path, body=None, *, status=200, **options):
        if body is not None:
            options["json"] = body
        answer = await self._client.request(method, path, **options)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text[:400])
        found = answer.json() if "json" in answer.headers["content-type"] else None
        url = path.partition("?")[0]
        known = next((p for p in (url, url + "/", url.rstrip("/")) if self._document.path_of(p)), url)
        self.calls.add((method, self._document.path_of(known)))
        self.findings += self._document.check_answer(method, known, status, found)
        return found


async def _boards(call):
    board = await call("POST", "/boards/", {"name": "Spec", "idOrganization": ORGANIZATION_ID})
    key = f"/boards/{board['id']}"
    lists = await call("GET", f"{key}/lists")
    label = await call("POST", f"{key}/labels", {"name": "l", "color": "sky"})
    for path in (
        key,
        f"{key}?fields=all&lists=all&labels=all&members=all&memberships=all&cards=all&customFields=true&actions=all",
        f"{key}/name",
        f"{key}/actions",
        f"{key}/boardStars",
        f"{key}/cards",
        f"{key}/cards/all",
        f"{key}/checklists",
        f"{key}/customFields",
        f"{key}/labels",
        f"{key}/lists/all",
        f"{key}/members",
        f"{key}/memberships",
        f"{key}/boardPlugins",
        f"{key}/plugins",
        f"/lists/{lists[0]['id']}",
        f"/lists/{lists[0]['id']}/board",
        f"/lists/{lists[0]['id']}/cards",
        f"/lists/{lists[0]['id']}/actions",
        f"/labels/{label['id']}",
    ):
        await call("GET", path)
    await call("PUT", key, {"name": "Spec 2", "prefs/voting": "members"})
    await call("PUT", f"{key}/members/{MIA}", {"type": "normal"})
    await call("PUT", f"{key}/members", {"email": "new@example.com"})
    membership = (await call("GET", f"{key}/memberships"))[1]
    await call("PUT", f"{key}/memberships/{membership['id']}", {"type": "admin"})
    await call("DELETE", f"{key}/members/{MIA}")
    await call("POST", f"{key}/markedAsViewed")
    await call("PUT", f"/labels/{label['id']}", {"name": "m", "color": "red_dark"})
    await call("PUT", f"/labels/{label['id']}/name", {"value": "n"})
    made = await call("POST", f"{key}/lists", {"name": "More", "pos": "bottom"})
    await call("PUT", f"/lists/{made['id']}", {"name": "Less"})
    await call("PUT", f"/lists/{made['id']}/closed", {"value": True})
    return board["id"], lists[0]["id"], lists[1]["id"], label["id"]


async def _cards(call, board, source, target, label):
    card = await call(
        "POST", "/cards", {"idList": source, "name": "Card", "desc": "d", "due": "2026-01-31T12:00:00Z"}
    )
    key = f"/cards/{card['id']}"
    await call("PUT", key, {"name": "Card 2", "idList": target, "dueComplete": True})
    await call("POST", f"{key}/idLabels", {"value": label})
    await call("POST", f"{key}/labels", {"color": "lime", "name": "fresh"})
    await call("PUT", f"/boards/{board}/members/{MIA}", {"type": "normal"})
    await call("POST", f"{key}/idMembers", {"value": MIA})
    comment = await call("POST", f"{key}/actions/comments", {"text": "hello"})
    await call("PUT", f"{key}/actions/{comment['id']}/comments", {"text": "hello again"})
    link = await call("POST", f"{key}/attachments", {"url": "https://example.com"})
    await call("POST", f"{key}/attachments", files={"file": ("a.txt", b"abc", "text/plain")})
    for path in (
        "",
        "/name",
        "/actions?filter=all",
        "/attachments",
        f"/attachments/{link['id']}",
        "/board",
        "/checkItemStates",
        "/checklists",
        "/list",
        "/members",
        "/membersVoted",
        "/pluginData",
        "/stickers",
        "/customFieldItems",
        "?actions=all&attachments=true&members=true&checklists=all&board=true&list=true",
    ):
        await call("GET", key + path)
    action = f"/actions/{comment['id']}"
    for path in (
        "",
        "/data",
        "/board",
        "/card",
        "/list",
        "/memberCreator",
        "/organization",
        "/reactions",
        "/reactionsSummary",
    ):
        await call("GET", action + path)
    await call("PUT", action, {"text": "third"})
    await call("PUT", f"{action}/text", {"value": "fourth"})
    reaction = await call("POST", f"{action}/reactions", {"unified": "1F44D"})
    await call("GET", f"{action}/reactions/{reaction['id']}")
    await call("DELETE", f"{action}/reactions/{reaction['id']}")
    await call("DELETE", action)
    await call("DELETE", f"{key}/idLabels/{label}")
    await call("DELETE", f"{key}/idMembers/{MIA}")
    await call("DELETE", f"{key}/attachments/{link['id']}")
    await call("POST", f"{key}/membersVoted", {})
    await call("POST", f"{key}/markAssociatedNotificationsRead")
    return card["id"]


async def _parts(call, board, card):
    row = await call("POST", "/checklists", {"idCard": card, "name": "Parts"})
    key = f"/checklists/{row['id']}"
    item = await call("POST", f"{key}/checkItems", {"name": "one"})
    await call("PUT", f"/cards/{card}/checkItem/{item['id']}", {"state": "complete"})
    for path in (
        key,
        f"{key}/name",
        f"{key}/board",
        f"{key}/cards",
        f"{key}/checkItems",
        f"{key}/checkItems/{item['id']}",
        f"/cards/{card}/checkItem/{item['id']}",
        f"/cards/{card}",
    ):
        await call("GET", path)
    await call("PUT", key, {"name": "Pieces"})
    await call("PUT", f"{key}/name", {"value": "Bits"})
    await call("PUT", f"/cards/{card}/checklist/{row['id']}/checkItem/{item['id']}", {"pos": "top"})
    await call("DELETE", f"{key}/checkItems/{item['id']}")
    await call("DELETE", f"/cards/{card}/checklists/{row['id']}")
    await call("POST", f"/boards/{board}/boardPlugins", {"idPlugin": "56d5e249a98895a9797bebb9"})
    body = {"idModel": board, "modelType": "board", "name": "Priority", "type": "list", "pos": "bottom"}
    field = await call("POST", "/customFields", body)
    key = f"/customFields/{field['id']}"
    option = await call("POST", f"{key}/options", {"value": {"text": "High"}, "color": "red", "pos": "top"})
    for path in (key, f"{key}/options", f"{key}/options/{option['id']}", f"/boards/{board}/customFields"):
        await call("GET", path)
    await call("PUT", f"/cards/{card}/customField/{field['id']}/item", {"idValue": option["id"]})
    await call(
        "PUT",
        f"/cards/{card}/customFields",
        {"customFieldItems": [{"idCustomField": field["id"], "idValue": option["id"]}]},
    )
    await call("GET", f"/cards/{card}/customFieldItems")
    await call("PUT", key, {"name": "Prio"})
    await call("DELETE", f"{key}/options/{option['id']}")
    await call("DELETE", key)


async def _people(call, board):
    for path in (
        "/members/me",
        "/members/me/username",
        "/members/me/boards",
        "/members/me/organizations",
        "/members/me/actions",
        "/members/me/cards",
        "/members/me/tokens",
        "/members/me/notifications",
        "/members/me/boardStars",
        "/members/me/boardsInvited",
        "/members/me/organizationsInvited",
        f"/members/{MIA}",
        f"/search?query=card&idBoards={board}",
        "/search/members/?query=mia",
        f"/batch?urls=/boards/{board},/members/me",
        f"/tokens/{ADMIN_TOKEN}",
        f"/tokens/{ADMIN_TOKEN}/member",
        f"/tokens/{ADMIN_TOKEN}/webhooks",
    ):
        await call("GET", path)
    await call("PUT", "/members/me", {"bio": "Hello"})
    star = (await call("POST", "/members/me/boardStars", {"idBoard": board, "pos": "top"}))[0]
    await call("GET", f"/members/me/boardStars/{star['id']}")
    await call("DELETE", f"/members/me/boardStars/{star['id']}")
    org = await call("POST", "/organizations", {"displayName": "Fresh"})
    key = f"/organizations/{org['id']}"
    await call("PUT", key, {"displayName": "Fresher"})
    await call("PUT", f"{key}/members/{MIA}", {"type": "normal"})
    for path in (
        "",
        "/displayName",
        "/actions",
        "/boards",
        "/members",
        "/memberships",
        "/pluginData",
        "/tags",
    ):
        await call("GET", key + path)
    await call("DELETE", f"{key}/members/{MIA}")
    await call("DELETE", key)


async def _hooks(call, board):
    body = {"callbackURL": "https://hooks.example.com/t", "idModel": board, "description": "d"}
    hook = await call("POST", "/webhooks/", body)
    await call("GET", f"/webhooks/{hook['id']}")
    await call("GET", f"/webhooks/{hook['id']}/active")
    await call("PUT", f"/webhooks/{hook['id']}", {"description": "e"})
    await call("DELETE", f"/webhooks/{hook['id']}")


async def test_every_answer_is_as_documented():
    document = load(need(spec_path("trello.json")))
    async with open_box(filled=False) as place:
        place.box.webhooks.receiver = httpx2.MockTransport(lambda _request: httpx2.Response(200))
        call = Caller(place.client, document)
        board, source, target, label = await _boards(call)
        card = await _cards(call, board, source, target, label)
        await _parts(call, board, card)
        await _people(call, board)
        await _hooks(call, board)
        await call("POST", f"/lists/{target}/moveAllCards", {"idBoard": board, "idList": source})
        await call("POST", f"/lists/{source}/archiveAllCards")
        await call("DELETE", f"/cards/{card}")
        await call("DELETE", f"/boards/{board}")
    findings = [f for f in map(str, call.findings) if not any(re.search(p, f) for p, _ in DEVIATIONS)]
    assert not findings, json.dumps(sorted(set(findings)), indent=1)
    assert len(call.calls) > 100
    stale = [p for p, _ in DEVIATIONS if not any(re.search(p, str(f)) for f in call.findings)]
    assert not stale, f"deviations that no answer has: {stale}"
