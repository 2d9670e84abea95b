"""Checklists and their items, against the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import httpx2
import pytest

from pm_providers import (
    NotFoundError,
    PMAttachment,
    PMChecklist,
    PMChecklistItem,
    PMComment,
    PMError,
    ValidationError,
)
from pm_providers.sandbox.trello import TrelloSandbox
from pm_providers.sandbox.trello.demo import member_id
from tests.providers.trello.wire import Lab, open_lab

DAY = date(2026, 3, 5)
MISSING = "6500000000000000000000ff"


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    async with open_lab() as found:
        yield found


async def _checklist(lab: Lab, *titles: str, name: str = "Steps") -> PMChecklist:
    items = [PMChecklistItem(title=one) for one in titles]
    return await lab.provider.create_checklist(PMChecklist(name=name, task_id=lab.task, items=items))


async def _titles(lab: Lab) -> list[list[str]]:
    return [[item.title for item in one.items] for one in await lab.provider.list_checklists(lab.task)]


async def test_a_checklist_costs_a_request_for_itself_and_each_item_and_one_to_read(lab: Lab) -> None:
    made = await _checklist(lab, "One", "Two", "Three")
    assert lab.wire.count("POST checklists") == 4
    assert len(lab.wire.sent) == 5
    assert [item.position for item in made.items] == [0, 1, 2]
    assert await lab.provider.list_checklists(lab.task) == [made]


async def test_items_hold_who_and_until_when_on_paid_plans(lab: Lab) -> None:
    me = (await lab.provider.get_current_user()).id
    item = PMChecklistItem(title="One", is_done=True, assignee_id=me, due_date=DAY)
    made = await lab.provider.create_checklist(PMChecklist(name="A", task_id=lab.task, items=[item]))
    [kept] = made.items
    assert (kept.is_done, kept.assignee_id, kept.due_date, made.warnings) == (True, me, DAY, ())
    assert lab.wire.body(f"POST checklists/{made.id}/checkItems")["due"] == "2026-03-05T12:00:00.000Z"
    place = {"task_id": lab.task}
    bare = await lab.provider.update_checklist_item(kept.id, {"assignee_id": None, "due_date": None}, **place)
    assert (bare.assignee_id, bare.due_date, bare.is_done) == (None, None, True)


async def test_days_are_noon_in_the_zone_of_the_connection() -> None:
    async with open_lab(timezone="Pacific/Auckland") as lab:
        made = await _checklist(lab, "One")
        item = await lab.provider.update_checklist_item(
            made.items[0].id, {"due_date": DAY}, checklist_id=made.id
        )
        assert item.due_date == DAY
        assert lab.wire.body("PUT")["due"] == "2026-03-04T23:00:00.000Z"


async def test_without_a_paid_plan_the_write_says_what_is_not_held() -> None:
    async with open_lab(TrelloSandbox(dataset="demo", plan="free", search_lag_s=0)) as lab:
        me = (await lab.provider.get_current_user()).id
        item = PMChecklistItem(title="One", assignee_id=me, due_date=DAY)
        made = await lab.provider.create_checklist(PMChecklist(name="A", task_id=lab.task, items=[item]))
        assert {one.field for one in made.warnings} == {"items[0].assignee_id", "items[0].due_date"}
        assert all("plan" in (one.reason or "") for one in made.warnings)
        single = await lab.provider.create_checklist_item(
            PMChecklistItem(title="Two", checklist_id=made.id, due_date=DAY)
        )
        assert [(one.field, one.asked) for one in single.warnings] == [("due_date", DAY)]
        changed = await lab.provider.update_checklist_item(
            single.id, {"assignee_id": me}, checklist_id=made.id
        )
        assert [one.field for one in changed.warnings] == ["assignee_id"]
        cleared = await lab.provider.update_checklist_item(
            single.id, {"due_date": None}, checklist_id=made.id
        )
        assert cleared.warnings == ()


async def test_who_is_no_member_is_refused_by_name(lab: Lab) -> None:
    made = await _checklist(lab, "One")
    for user in (MISSING, member_id("wen")):
        with pytest.raises(ValidationError) as caught:
            await lab.provider.update_checklist_item(
                made.items[0].id, {"assignee_id": user}, task_id=lab.task
            )
        assert list(caught.value.fields) == ["assignee_id"]
        item = PMChecklistItem(title="x", checklist_id=made.id, assignee_id=user)
        with pytest.raises(ValidationError) as caught:
            await lab.provider.create_checklist_item(item)
        assert list(caught.value.fields) == ["assignee_id"]
    assert await _titles(lab) == [["One"]]


async def test_checklists_take_the_place_that_is_asked_for(lab: Lab) -> None:
    for name in "ABC":
        await _checklist(lab, name=name)
    made = await lab.provider.create_checklist(PMChecklist(name="D", task_id=lab.task, position=1))
    assert made.position == 1
    for place, names in ((0, "DABC"), (2, "ABDC"), (3, "ABCD")):
        moved = await lab.provider.update_checklist(made.id, {"position": place})
        assert (moved.position, moved.warnings) == (place, ())
        listed = await lab.provider.list_checklists(lab.task)
        assert "".join(one.name for one in listed) == names
    far = await lab.provider.update_checklist(made.id, {"position": 9})
    assert (far.position, [one.field for one in far.warnings]) == (3, ["position"])


async def test_items_can_be_put_between_others_again_and_again(lab: Lab) -> None:
    """Until no number is left between two: then the write says where it came to stand instead."""
    made = await _checklist(lab, "first", "last")
    for number in range(30):
        draft = PMChecklistItem(title=str(number), checklist_id=made.id, position=1)
        item = await lab.provider.create_checklist_item(draft)
        [titles] = await _titles(lab)
        assert titles.index(str(number)) == item.position
        assert item.position == 1 or (number > 10 and [one.field for one in item.warnings] == ["position"])


@pytest.mark.parametrize("owner", ["task_id", "checklist_id"])
async def test_an_item_is_found_through_its_card_or_its_checklist(lab: Lab, owner: str) -> None:
    made = await _checklist(lab, "One", "Two")
    place = {owner: lab.task if owner == "task_id" else made.id}
    item = made.items[0]
    ticked = await lab.provider.update_checklist_item(item.id, {"is_done": True}, **place)
    assert (ticked.is_done, ticked.checklist_id, ticked.position) == (True, made.id, 0)
    assert await lab.provider.delete_checklist_item(item.id, **place) is True
    assert await lab.provider.delete_checklist_item(item.id, **place) is False
    with pytest.raises(NotFoundError):
        await lab.provider.update_checklist_item(item.id, {"is_done": True}, **place)
    assert await _titles(lab) == [["Two"]]


async def test_an_item_alone_is_not_found(lab: Lab) -> None:
    for call in (
        lab.provider.update_checklist_item(MISSING, {"is_done": True}),
        lab.provider.delete_checklist_item(MISSING),
    ):
        with pytest.raises(ValidationError) as caught:
            await call
        assert list(caught.value.fields) == ["task_id"]
    assert lab.wire.sent == []


async def test_an_item_below_another_is_refused(lab: Lab) -> None:
    with pytest.raises(PMError, match="nested"):
        await lab.provider.create_checklist_item(
            PMChecklistItem(title="x", checklist_id=MISSING, parent_id=MISSING)
        )
    assert lab.wire.sent == []


async def test_a_checklist_whose_item_fails_is_taken_away(lab: Lab) -> None:
    def full(request: httpx2.Request) -> httpx2.Response | None:
        is_second = request.url.path.endswith("/checkItems") and lab.wire.count("POST checklists/") == 2
        return httpx2.Response(403, text="checkItems limit") if is_second else None

    lab.wire.replace = full
    with pytest.raises(PMError, match="limit") as caught:
        await _checklist(lab, "One", "Two", "Three")
    assert not caught.value.maybe_applied
    assert await _titles(lab) == []


async def test_a_checklist_that_cannot_be_read_again_was_made(lab: Lab) -> None:
    def fail(request: httpx2.Request) -> httpx2.Response | None:
        return httpx2.Response(404, text="gone") if request.method == "GET" else None

    lab.wire.replace = fail
    made = await _checklist(lab, "One")
    assert ([item.title for item in made.items], made.position) == (["One"], None)
    item = await lab.provider.create_checklist_item(PMChecklistItem(title="Two", checklist_id=made.id))
    assert (item.title, item.position) == ("Two", None)
    assert lab.wire.count("POST") == 3


@pytest.mark.parametrize("path", ["POST checklists", "POST checklists/"])
async def test_a_lost_answer_is_not_asked_for_again(lab: Lab, path: str) -> None:
    lab.wire.lose = path
    with pytest.raises(PMError) as caught:
        await _checklist(lab, "One", "Two")
    assert lab.wire.count(path) == 1
    lab.wire.lose = ""
    # What was made without our knowing is told; a checklist whose item got lost is taken away.
    assert caught.value.maybe_applied is (path == "POST checklists")
    assert await _titles(lab) == ([[]] if path == "POST checklists" else [])


async def test_a_lost_answer_to_a_delete_is_looked_up(lab: Lab) -> None:
    made = await _checklist(lab, "One")
    lab.wire.lose = "DELETE"
    assert await lab.provider.delete_checklist_item(made.items[0].id, task_id=lab.task) is True
    assert await lab.provider.delete_checklist(made.id) is True
    lab.wire.lose = ""
    assert await lab.provider.delete_checklist(made.id) is False


async def test_a_change_whose_answer_got_lost_is_made_again(lab: Lab) -> None:
    """Ticked twice is ticked once."""
    made = await _checklist(lab, "One")
    failed: list[str] = []

    def fail_once(request: httpx2.Request) -> httpx2.Response | None:
        if request.method != "PUT" or failed:
            return None
        failed.append(request.url.path)
        return httpx2.Response(503, text="busy")

    lab.wire.replace = fail_once
    item = await lab.provider.update_checklist_item(made.items[0].id, {"is_done": True}, task_id=lab.task)
    assert item.is_done
    assert lab.wire.count("PUT") == 2


async def test_parts_go_with_a_card_that_is_deleted_for_good() -> None:
    async with open_lab(delete_mode="permanent") as lab:
        made = await _checklist(lab, "One")
        comment = await lab.provider.create_comment(PMComment(task_id=lab.task, body="x"))
        assert await lab.provider.delete_task(lab.task) is True
        for listing in (
            lab.provider.list_checklists(lab.task),
            lab.provider.list_comments(lab.task),
            lab.provider.list_attachments(lab.task),
            lab.provider.update_checklist(made.id, {"name": "x"}),
            lab.provider.update_checklist_item(made.items[0].id, {"is_done": True}, checklist_id=made.id),
            lab.provider.update_comment(comment.id, {"body": "x"}),
        ):
            with pytest.raises(NotFoundError):
                await listing
        assert await lab.provider.delete_checklist(made.id) is False
        assert await lab.provider.delete_comment(comment.id) is False


async def test_an_archived_card_is_a_task_and_keeps_its_parts(lab: Lab) -> None:
    """By default deleting archives: the task can still be read, and what stands on it with it."""
    made = await _checklist(lab, "One")
    comment = await lab.provider.create_comment(PMComment(task_id=lab.task, body="x"))
    file = await lab.provider.create_attachment(PMAttachment(task_id=lab.task, file_name="x"), b"x")
    assert await lab.provider.delete_task(lab.task) is True
    task = await lab.provider.get_task(lab.task)
    assert task is not None
    assert task.is_archived
    assert await lab.provider.list_checklists(lab.task) == [made]
    assert await lab.provider.list_comments(lab.task) == [comment]
    assert await lab.provider.list_attachments(lab.task) == [file]
    assert await lab.provider.delete_checklist(made.id) is True
