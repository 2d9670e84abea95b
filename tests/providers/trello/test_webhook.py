"""Deliveries: signatures over body and address, and hints of all recorded kinds."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from pm_providers import (
    AuthenticationError,
    PMAttachment,
    PMChecklist,
    PMChecklistItem,
    PMComment,
    PMLabel,
    PMMembership,
    ValidationError,
)
from pm_providers.model import Entity
from pm_providers.providers.trello.webhook import (
    SIGNATURE_HEADER,
    is_address_check,
    parse_webhook,
    verify_webhook,
)
from pm_providers.sandbox.trello import API_SECRET
from pm_providers.sandbox.trello.demo import member_id
from pm_providers.toolkit import webhooks
from tests.providers.trello.wire import Lab, open_lab
from tests.shared_material import need, shared_path

URL = "https://pm.example/hooks/trello?board=1"
BODY = '{"action":{"type":"x"},"n":"ü"}'.encode()
SECRET = "0123456789abcdef"
SIGNED = "6WQBmHz8+RxJwpXT3FEP0YkNK74="
CARD, BOARD, MEMBER, PART = (f"65000000000000000000000{n}" for n in range(1, 5))


def _delivery(kind: str = "updateCard", data: Any = None, **more: Any) -> bytes:
    base = {"board": {"id": BOARD, "shortLink": "BoArD123"}, "card": {"id": CARD, "shortLink": "CaRd1234"}}
    action = {
        "id": "6500000000000000000000AA",
        "type": kind,
        "date": "2026-03-17T10:11:06.474Z",
        "idMemberCreator": MEMBER,
        "data": base if data is None else data,
        **more,
    }
    return json.dumps({"action": action, "model": {"id": BOARD}}).encode()


# signatures


def test_a_signature_covers_body_and_address() -> None:
    verify_webhook(BODY, SIGNED, SECRET, callback_url=URL)
    for body, signature, secret, url in (
        (BODY + b" ", SIGNED, SECRET, URL),
        (BODY, SIGNED.lower(), SECRET, URL),
        (BODY, SIGNED, "another", URL),
        (BODY, SIGNED, SECRET, URL.replace("https", "http")),
        (BODY, SIGNED, SECRET, ""),
        (BODY, "", SECRET, URL),
        (BODY, None, SECRET, URL),
        (BODY, "ü", SECRET, URL),
        (BODY, SIGNED, "", URL),
    ):
        with pytest.raises(AuthenticationError):
            verify_webhook(body, signature, secret, callback_url=url)


def test_a_refused_signature_tells_no_secret() -> None:
    with pytest.raises(AuthenticationError) as caught:
        verify_webhook(BODY, "wrong", SECRET, callback_url=URL)
    assert SECRET not in repr(caught.value)
    assert SIGNED not in repr(caught.value)


def test_the_question_for_the_address_is_no_delivery() -> None:
    assert [is_address_check(one) for one in ("HEAD", "head", "GET", "POST")] == [True, True, True, False]


# hints


def test_a_hint_says_who_did_what_and_when() -> None:
    data = {
        "board": {"id": BOARD, "shortLink": "BoArD123"},
        "card": {"id": CARD, "shortLink": "CaRd1234"},
        "old": {"idList": PART, "pos": 1},
    }
    hint = parse_webhook(_delivery(data=data))
    assert hint is not None
    assert (hint.action, hint.entity, hint.id, hint.task_id) == ("updateCard", Entity.TASK, CARD, CARD)
    assert (hint.project_id, hint.key, hint.actor_id) == (BOARD, "CaRd1234", MEMBER)
    assert hint.changed == ("idList", "pos")
    assert hint.dedupe_key == "6500000000000000000000aa"
    assert hint.occurred_at == datetime(2026, 3, 17, 10, 11, 6, 474000, UTC)


@pytest.mark.parametrize(
    ("kind", "part", "entity"),
    [
        ("updateComment", "action", Entity.COMMENT),
        ("deleteComment", "action", Entity.COMMENT),
        ("addChecklistToCard", "checklist", Entity.CHECKLIST),
        ("copyChecklist", "checklist", Entity.CHECKLIST),
        ("removeChecklistFromCard", "checklist", Entity.CHECKLIST),
        ("updateChecklist", "checklist", Entity.CHECKLIST),
        ("createCheckItem", "checkItem", Entity.CHECKLIST_ITEM),
        ("updateCheckItem", "checkItem", Entity.CHECKLIST_ITEM),
        ("deleteCheckItem", "checkItem", Entity.CHECKLIST_ITEM),
        ("updateCheckItemStateOnCard", "checkItem", Entity.CHECKLIST_ITEM),
        ("addAttachmentToCard", "attachment", Entity.ATTACHMENT),
        ("deleteAttachmentFromCard", "attachment", Entity.ATTACHMENT),
    ],
)
def test_parts_are_named_with_their_task(kind: str, part: str, entity: Entity) -> None:
    data = {"board": {"id": BOARD}, "card": {"id": CARD, "shortLink": "CaRd1234"}, part: {"id": PART}}
    hint = parse_webhook(_delivery(kind, data))
    assert hint is not None
    assert (hint.entity, hint.id, hint.task_id, hint.project_id) == (entity, PART, CARD, BOARD)
    assert hint.key is None
    del data[part]
    coarse = parse_webhook(_delivery(kind, data))
    assert coarse is not None
    assert (coarse.entity, coarse.id, coarse.project_id) == (Entity.TASK, CARD, BOARD)
    del data["card"]
    coarse = parse_webhook(_delivery(kind, data))
    assert coarse is not None
    assert (coarse.entity, coarse.id) == (Entity.PROJECT, BOARD)


@pytest.mark.parametrize("kind", ["commentCard", "copyCommentCard"])
def test_a_new_comment_is_its_action(kind: str) -> None:
    hint = parse_webhook(_delivery(kind))
    assert hint is not None
    assert (hint.entity, hint.id, hint.task_id) == (Entity.COMMENT, "6500000000000000000000aa", CARD)


@pytest.mark.parametrize(
    "kind",
    [
        "createCard", "copyCard", "deleteCard", "emailCard", "convertToCardFromCheckItem", "moveCardToBoard",
        "moveCardFromBoard", "addMemberToCard", "removeMemberFromCard", "addLabelToCard",
        "removeLabelFromCard", "updateCustomFieldItem", "somethingNewOnCard",
    ],
)  # fmt: skip
def test_cards_are_tasks(kind: str) -> None:
    hint = parse_webhook(_delivery(kind))
    assert hint is not None
    assert (hint.entity, hint.id, hint.task_id) == (Entity.TASK, CARD, CARD)


@pytest.mark.parametrize(
    "kind",
    [
        "createList", "updateList", "moveListFromBoard", "moveListToBoard", "updateBoard", "addMemberToBoard",
        "removeMemberFromBoard", "makeAdminOfBoard", "makeNormalMemberOfBoard", "addCustomField",
        "updateCustomField", "deleteCustomField", "somethingNew",
    ],
)  # fmt: skip
def test_what_boards_offer_is_about_the_board(kind: str) -> None:
    data = {"board": {"id": BOARD, "shortLink": "BoArD123"}, "list": {"id": PART}, "member": {"id": MEMBER}}
    hint = parse_webhook(_delivery(kind, data))
    assert hint is not None
    assert (hint.entity, hint.id, hint.project_id, hint.task_id) == (Entity.PROJECT, BOARD, BOARD, None)
    assert hint.key == "BoArD123"


@pytest.mark.parametrize("kind", ["createLabel", "updateLabel", "deleteLabel"])
def test_labels_have_their_board_and_no_task(kind: str) -> None:
    hint = parse_webhook(_delivery(kind, {"board": {"id": BOARD}, "label": {"id": PART, "name": "bug"}}))
    assert hint is not None
    assert (hint.entity, hint.id, hint.project_id, hint.task_id) == (Entity.LABEL, PART, BOARD, None)


def test_people_are_users() -> None:
    hint = parse_webhook(_delivery("updateMember", {"member": {"id": MEMBER}}))
    assert hint is not None
    assert (hint.entity, hint.id, hint.project_id) == (Entity.USER, MEMBER, None)


@pytest.mark.parametrize("kind", ["voteOnCard", "addReaction", "enablePlugin"])
def test_what_is_not_ours_is_left_out(kind: str) -> None:
    assert parse_webhook(_delivery(kind)) is None


def test_workspaces_are_not_ours() -> None:
    assert parse_webhook(_delivery("updateOrganization", {"organization": {"id": PART}})) is None


def test_what_is_missing_is_not_made_up() -> None:
    body = _delivery(idMemberCreator=None, date="yesterday", data={"card": {"id": CARD}, "old": ["x"]})
    hint = parse_webhook(body)
    assert hint is not None
    assert (hint.actor_id, hint.occurred_at, hint.project_id, hint.key) == (None, None, None, None)
    assert hint.changed == ()
    named = parse_webhook(_delivery(idMemberCreator=None, memberCreator={"id": MEMBER}))
    assert named is not None
    assert named.actor_id == MEMBER


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"{}", b'{"action":null}', b'{"action":{}}', b"\xff",
        b'{"action":{"id":"6500000000000000000000aa"}}', b'{"action":{"type":"updateCard","data":{}}}',
        b'{"action":{"id":"../x","type":"updateCard"}}', b'{"action":{"id":1,"type":"updateCard"}}',
        b"[" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_delivery_is_refused(body: bytes) -> None:
    with pytest.raises(ValidationError):
        parse_webhook(body)


def test_a_delivery_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "_MAX_BYTES", 10)
    with pytest.raises(ValidationError, match="bytes"):
        parse_webhook(_delivery())


def test_ids_that_can_be_none_are_not_passed_on() -> None:
    assert parse_webhook(_delivery(data={"card": {"id": "../boards"}})) is None


# recorded and sent


@pytest.mark.parametrize(
    ("name", "entity", "changed"),
    [
        ("webhook_commentcard__Commit451_skyhook__1.json", Entity.COMMENT, ()),
        ("webhook_updatecard__adlio_trello__1.json", Entity.TASK, ("idList",)),
    ],
)
def test_recorded_deliveries(name: str, entity: Entity, changed: tuple[str, ...]) -> None:
    body = need(shared_path("corpus", "trello", name)).read_bytes()
    hint, action = parse_webhook(body), json.loads(body)["action"]
    assert hint is not None
    assert (hint.entity, hint.changed, hint.dedupe_key) == (entity, changed, action["id"])
    assert (hint.task_id, hint.project_id) == (action["data"]["card"]["id"], action["data"]["board"]["id"])
    assert hint.actor_id == action["idMemberCreator"]


def test_recorded_actions_are_deliveries_as_well() -> None:
    """An action in a list looks like one in a delivery; the corpus has more of those."""
    folder = need(shared_path("corpus", "trello"))
    seen = set()
    for file in sorted(folder.glob("actions__*.json")):
        found = json.loads(file.read_text("utf-8"))
        for action in found if isinstance(found, list) else [found]:
            hint = parse_webhook(json.dumps({"action": action}).encode())
            board = "board" in action["data"]
            assert (hint is not None) or not board, action["type"]
            seen.add(action["type"])
    assert len(seen) >= 5


class Receiver(httpx2.AsyncBaseTransport):
    """Answers 200, and keeps what came."""

    def __init__(self) -> None:
        self.requests: list[httpx2.Request] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return httpx2.Response(200)


async def _everything(lab: Lab) -> None:
    provider, task = lab.provider, lab.task
    comment = await provider.create_comment(PMComment(task_id=task, body="Hi"))
    await provider.update_comment(comment.id, {"body": "Ho"})
    await provider.delete_comment(comment.id)
    item = PMChecklistItem(title="One")
    made = await provider.create_checklist(PMChecklist(name="A", task_id=task, items=[item]))
    await provider.update_checklist(made.id, {"name": "B"})
    await provider.update_checklist_item(made.items[0].id, {"is_done": True, "title": "1"}, task_id=task)
    await provider.delete_checklist_item(made.items[0].id, task_id=task)
    await provider.delete_checklist(made.id)
    file = await provider.create_attachment(PMAttachment(task_id=task, file_name="x"), b"x")
    await provider.delete_attachment(file.id, task_id=task)
    label = await provider.create_label(PMLabel(name="bug", project_id=lab.board))
    await provider.update_task(task, {"label_ids": [label.id], "title": "y", "status": "completed"})
    await provider.delete_label(label.id)
    await provider.create_membership(
        PMMembership(project_id=lab.board, user_id=member_id("maya"), roles=["normal"])
    )


async def test_all_that_the_sandbox_sends_is_signed_and_understood() -> None:
    receiver = Receiver()
    async with open_lab() as lab:
        lab.box.webhooks.receiver = receiver
        await lab.send("POST", "webhooks/", callbackURL=URL, idModel=lab.board)
        assert [is_address_check(one.method) for one in receiver.requests] == [True]
        receiver.requests.clear()
        await _everything(lab)
        await lab.box.webhooks.deliver()
        me = (await lab.provider.get_current_user()).id
    found: dict[Entity, set[str]] = {}
    for request in receiver.requests:
        body = request.read()
        verify_webhook(body, request.headers[SIGNATURE_HEADER], API_SECRET, callback_url=URL)
        hint = parse_webhook(body)
        assert hint is not None
        assert (hint.project_id, hint.actor_id) == (lab.board, me)
        found.setdefault(hint.entity, set()).add(hint.action)
    assert found[Entity.COMMENT] == {"commentCard", "updateComment", "deleteComment"}
    assert found[Entity.CHECKLIST] == {"addChecklistToCard", "updateChecklist", "removeChecklistFromCard"}
    assert {"createCheckItem", "updateCheckItemStateOnCard", "deleteCheckItem"} <= found[
        Entity.CHECKLIST_ITEM
    ]
    assert found[Entity.ATTACHMENT] == {"addAttachmentToCard", "deleteAttachmentFromCard"}
    assert {"createLabel", "deleteLabel"} <= found[Entity.LABEL]
    assert {"updateCard", "addLabelToCard"} <= found[Entity.TASK]
    assert "addMemberToBoard" in found[Entity.PROJECT]
