"""What the vendor does without a word, about comments, labels, files and members; and recorded answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest

from pm_providers import (
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMAttachment,
    PMComment,
    PMLabel,
    PMMembership,
    ProviderError,
    ValidationError,
)
from pm_providers.providers.trello.mapping.checklists import in_order, new_pos, to_checklist, to_item
from pm_providers.providers.trello.mapping.parts import (
    LABEL_COLORS,
    download_name,
    from_label,
    is_comment,
    role_of,
    to_attachment,
    to_comment,
    to_label,
    to_membership,
)
from tests.providers.trello.wire import Lab, open_lab
from tests.shared_material import need, shared_path, spec_path

UTC = ZoneInfo("UTC")
CARD, BOARD, MEMBER = (f"65000000000000000000000{n}" for n in range(1, 4))


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    async with open_lab() as found:
        yield found


def _action(number: int, **data: Any) -> dict[str, Any]:
    return {
        "id": f"66000000{number:016x}",
        "type": "commentCard",
        "date": "2026-03-17T10:11:06.474Z",
        "idMemberCreator": MEMBER,
        "data": {"text": str(number), "card": {"id": CARD}, **data},
    }


# lists that are cut


async def test_a_board_has_more_than_fifty_labels(lab: Lab) -> None:
    for number in range(55):
        await lab.send("POST", "labels", name=f"label {number}", color=None, idBoard=lab.board)
    found = await lab.provider.list_labels(lab.board)
    assert [one.name for one in found] == [f"label {number}" for number in range(55)]
    assert len(await lab.provider.list_labels(lab.board, limit=3)) == 3


async def test_a_card_has_more_than_fifty_comments(lab: Lab) -> None:
    for number in range(52):
        await lab.send("POST", f"cards/{lab.task}/actions/comments", text=str(number))
    found = await lab.provider.list_comments(lab.task)
    assert [one.body for one in found] == [str(number) for number in range(52)]


async def test_a_card_has_more_comments_than_a_page(lab: Lab) -> None:
    every = [_action(number) for number in range(2100)]

    def page(request: httpx2.Request) -> httpx2.Response | None:
        if not request.url.path.endswith("/actions"):
            return None
        border, limit = request.url.params.get("before", "g"), int(request.url.params["limit"])
        fitting = [one for one in reversed(every) if one["id"] < border]
        return httpx2.Response(200, json=fitting[:limit])

    lab.wire.replace = page
    found = await lab.provider.list_comments(lab.task)
    assert [one.body for one in found] == [str(number) for number in range(2100)]
    assert lab.wire.count("GET cards/") == 3


async def test_comments_that_came_with_a_copied_card_are_comments(lab: Lab) -> None:
    await lab.provider.create_comment(PMComment(task_id=lab.task, body="old"))
    lists = await lab.send("GET", f"boards/{lab.board}/lists")
    copy = await lab.send("POST", "cards", idList=lists[0]["id"], idCardSource=lab.task, keepFromSource="all")
    found = await lab.provider.list_comments(copy["id"])
    assert [one.body for one in found] == ["old"]
    changed = await lab.provider.update_comment(found[0].id, {"body": "new"})
    assert (changed.body, changed.task_id) == ("new", copy["id"])


def test_the_author_of_a_copied_comment_is_not_who_copied_the_card() -> None:
    who = {"id": MEMBER, "fullName": "Copy Cat"}
    own = to_comment({**_action(1), "memberCreator": who})
    assert (own.author_id, own.author_name) == (MEMBER, "Copy Cat")
    copied = to_comment({**_action(1, idOriginalCommenter=BOARD), "memberCreator": who})
    assert (copied.author_id, copied.author_name) == (BOARD, None)


# texts


async def test_long_texts_travel_in_the_body(lab: Lab) -> None:
    text = "ä" * 16_000
    made = await lab.provider.create_comment(PMComment(task_id=lab.task, body=text))
    assert (await lab.provider.update_comment(made.id, {"body": text + "!"})).body == text + "!"
    assert all(len(str(one.url)) < 2000 for one in lab.wire.requests)
    sent = len(lab.wire.sent)
    with pytest.raises(ValidationError) as caught:
        await lab.provider.create_comment(PMComment(task_id=lab.task, body="x" * 16_385))
    assert list(caught.value.fields) == ["body"]
    assert len(lab.wire.sent) == sent


def test_smart_links_are_addresses() -> None:
    text = 'see [https://x.de/a](https://x.de/a "smartCard-inline") **now**'
    assert to_comment(_action(1, text=text)).body == "see https://x.de/a **now**"


def test_actions_come_without_their_creator() -> None:
    found = to_comment(_action(1))
    assert (found.author_id, found.author_name) == (MEMBER, None)
    assert to_comment({**_action(1), "date": None, "idMemberCreator": None}).author_id is None
    with pytest.raises(ProviderError):
        to_comment({"id": CARD})


async def test_an_answer_without_the_author_is_read_again(lab: Lab) -> None:
    made = await lab.provider.create_comment(PMComment(task_id=lab.task, body="x"))

    def bare(request: httpx2.Request) -> httpx2.Response | None:
        answer = {**_action(1, text="y"), "id": made.id}
        return httpx2.Response(200, json=answer) if request.method == "PUT" else None

    lab.wire.replace = bare
    changed = await lab.provider.update_comment(made.id, {"body": "y"})
    assert changed.author_name == made.author_name


# labels


def test_labels_without_a_name_go_by_their_colour() -> None:
    base = {"id": CARD, "idBoard": BOARD, "name": "", "color": "sky_dark"}
    assert (to_label(base).name, to_label(base).color) == ("sky_dark", LABEL_COLORS["sky_dark"])
    bare = to_label({**base, "color": None})
    assert (bare.name, bare.color) == ("(no name)", None)
    assert to_label({**base, "color": "ultraviolet"}).color is None


def test_all_colours_of_the_document_are_known() -> None:
    document = json.loads(need(spec_path("trello.json")).read_text("utf-8"))
    basic = document["components"]["schemas"]["Color"]["enum"]
    shades = {f"{one}{shade}" for one in basic for shade in ("", "_light", "_dark")}
    assert shades == set(LABEL_COLORS)
    assert len(set(LABEL_COLORS.values())) == 30
    for name, color in LABEL_COLORS.items():
        assert from_label({"color": color}) == {"color": name}


async def test_names_of_labels_are_not_unique_to_the_vendor(lab: Lab) -> None:
    twins = [
        (await lab.send("POST", "labels", name="bug", color=None, idBoard=lab.board))["id"] for _ in range(2)
    ]
    assert [one.id for one in await lab.provider.list_labels(lab.board)] == twins
    with pytest.raises(ValidationError, match=twins[0]):
        await lab.provider.create_label(PMLabel(name="Bug", project_id=lab.board))
    with pytest.raises(ValidationError, match=twins[1]):
        await lab.provider.update_label(twins[0], {"name": "bug"})


# files


async def test_a_download_takes_the_credential_in_the_header_and_not_to_the_storage(lab: Lab) -> None:
    made = await lab.provider.create_attachment(PMAttachment(task_id=lab.task, file_name="a b/ü.txt"), b"abc")
    lab.wire.forget()
    assert await lab.provider.download_attachment(made.id, task_id=lab.task) == b"abc"
    asked, served, stored = lab.wire.requests
    assert asked.url.path.endswith(f"/attachments/{made.id}")
    assert served.url.host == asked.url.host
    assert served.headers["authorization"].startswith("OAuth ")
    assert "key" not in served.url.params
    assert "token" not in served.url.params
    assert stored.url.host != served.url.host
    assert "authorization" not in stored.headers


async def test_a_refused_download_is_no_bad_credential(lab: Lab) -> None:
    made = await lab.provider.create_attachment(PMAttachment(task_id=lab.task, file_name="x"), b"abc")

    def refuse(request: httpx2.Request) -> httpx2.Response | None:
        return httpx2.Response(401, text="invalid token") if "/download/" in request.url.path else None

    lab.wire.replace = refuse
    with pytest.raises(PermissionDeniedError):
        await lab.provider.download_attachment(made.id, task_id=lab.task)


def test_files_of_old_cards_are_served_by_the_same_address() -> None:
    old = {"id": CARD, "url": "https://trello-attachments.s3.amazonaws.com/1/2/a%20b%3F.png?x=1"}
    assert download_name(old) == "a%20b%3F.png"
    assert download_name({"id": CARD, "fileName": "../up.png"}) == "..%2Fup.png"
    assert download_name({"id": CARD, "fileName": "a%2Cb.png"}) == "a%2Cb.png"
    assert download_name({"id": CARD, "url": "https://example.com/.."}) == "file"
    assert download_name({"id": CARD}) == "file"


@pytest.mark.parametrize(
    ("value", "size"), [(12345, 12345), ("12345", 12345), (None, None), ("big", None), (True, None)]
)
def test_sizes_are_numbers_or_texts(value: Any, size: int | None) -> None:
    assert to_attachment({"id": CARD, "bytes": value}, CARD).size_bytes == size


# members


async def test_who_is_a_member_already_does_not_get_another_role(lab: Lab) -> None:
    me = await lab.provider.get_current_user()
    with pytest.raises(ConflictError):
        await lab.provider.create_membership(
            PMMembership(project_id=lab.board, user_id=me.id, roles=["observer"])
        )
    assert lab.wire.count("PUT") == 0
    [own] = await lab.provider.list_memberships(lab.board)
    assert own.roles == ["admin"]


async def test_members_of_a_board_that_may_not_be_seen(lab: Lab) -> None:
    await lab.send("PUT", f"boards/{lab.board}", **{"prefs/permissionLevel": "private"})
    async with open_lab(lab.box, token=lab.box.token_of("jonas")) as other:
        for call in (
            other.provider.list_memberships(lab.board),
            other.provider.list_labels(lab.board),
            other.provider.list_watchers(lab.task),
        ):
            with pytest.raises(NotFoundError):
                await call
        with pytest.raises(PermissionDeniedError):
            await other.provider.list_comments(lab.task)


def test_roles_are_three() -> None:
    assert role_of([" Normal ", "ADMIN", "normal"]) == ("admin", ["normal", "admin"])
    with pytest.raises(ValidationError, match="admin, normal, observer"):
        role_of(["owner"])


@pytest.mark.parametrize("wrong", [{}, {"idMember": "x"}, {"memberType": "admin"}, {"idMember": MEMBER}])
def test_a_membership_without_member_or_role_breaks_the_contract(wrong: dict[str, Any]) -> None:
    with pytest.raises(ProviderError):
        to_membership({"id": CARD, **wrong}, BOARD)


# checklists


def test_places_are_numbers_of_any_kind() -> None:
    documents = [{"id": "d"}, {"id": "c", "pos": "16384"}, {"id": "b", "pos": 5.5}, {"id": "a", "pos": 16384}]
    assert [one["id"] for one in in_order(documents)] == ["b", "a", "c", "d"]
    with pytest.raises(ProviderError):
        in_order([{"id": "a", "pos": "bottom"}])


def test_a_place_among_others_becomes_a_number() -> None:
    others = [{"id": "a", "pos": 1}, {"id": "b", "pos": 2}, {"id": "c"}]
    places = [new_pos(others, place) for place in (None, 0, 1, 2, 3, 99)]
    assert places == ["bottom", "top", 1.5, "bottom", "bottom", "bottom"]
    assert new_pos([], 0) == "bottom"


# recorded


def _recorded(kind: str) -> list[tuple[str, Any]]:
    folder = need(shared_path("corpus", "trello"))
    found = []
    for file in sorted(folder.glob(f"{kind}__*.json")):
        value = json.loads(file.read_text("utf-8"))
        found += [(file.name, one) for one in (value if isinstance(value, list) else [value])]
    return found


@pytest.mark.parametrize("kind", ["comment_created", "comment_updated", "action", "actions"])
def test_recorded_comments(kind: str) -> None:
    comments = [one for _name, one in _recorded(kind) if is_comment(one)]
    assert comments or kind == "action"
    for one in comments:
        found = to_comment(one)
        assert found.task_id == one["data"]["card"]["id"]
        assert found.created_at is not None
        assert found.updated_at is not None
        assert (found.updated_at > found.created_at) is ("dateLastEdited" in one["data"])
        assert found.body


@pytest.mark.parametrize("kind", ["label", "labels", "label_updated"])
def test_recorded_labels(kind: str) -> None:
    recorded = _recorded(kind)
    assert recorded
    for name, one in recorded:
        found = to_label(one)
        assert found.name, name
        assert (found.color is None) is (one.get("color") is None), name


@pytest.mark.parametrize("kind", ["attachment", "attachments"])
def test_recorded_attachments(kind: str) -> None:
    recorded = _recorded(kind)
    assert recorded
    for name, one in recorded:
        found = to_attachment(one, CARD)
        assert (found.file_name, found.url, found.size_bytes) == (one["name"], one["url"], one["bytes"]), name
        if one["isUpload"]:
            assert one["url"].endswith(f"/download/{download_name(one)}"), name


@pytest.mark.parametrize("kind", ["checklist", "checklists", "checklist_updated"])
def test_recorded_checklists(kind: str) -> None:
    recorded = [(name, one) for name, one in _recorded(kind) if "idChecklist" not in one]  # items
    assert recorded
    for name, one in recorded:
        found = to_checklist(one, 0, UTC)
        assert (found.name, found.task_id) == (one["name"], one["idCard"]), name
        assert [item.position for item in found.items] == list(range(len(one.get("checkItems", ())))), name


@pytest.mark.parametrize("kind", ["check_item", "check_item_created"])
def test_recorded_items(kind: str) -> None:
    recorded = _recorded(kind)
    assert recorded
    for name, one in recorded:
        assert to_item(one, one.get("idChecklist") or CARD, None, UTC).title == one["name"], name
