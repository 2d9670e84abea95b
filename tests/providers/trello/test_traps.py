"""Each trap of the vendor by name, against the sandbox, which has them all."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pm_providers import PMProject, PMSprint, PMTask
from pm_providers.errors import AuthenticationError, NotFoundError, ValidationError
from pm_providers.providers.trello import TrelloProvider
from pm_providers.sandbox.trello import ADMIN_TOKEN, TrelloSandbox
from tests.providers.trello.box import open_box, with_custom_fields

DAY = date(2026, 3, 5)


async def _board(provider: TrelloProvider, **fields: Any) -> str:
    return (await provider.create_project(PMProject(name="Mars", **fields))).id


async def _raw(provider: TrelloProvider, method: str, path: str, **body: Any) -> Any:
    return (await provider.request(method, path, json=body or None)).data


async def test_the_silent_cap_of_a_thousand_cards() -> None:
    async with open_box(TrelloSandbox(dataset="demo", scale=3500), workspace=False) as (_box, provider):
        board = next(one.id for one in await provider.list_projects() if one.name == "Scale")
        capped = await _raw(provider, "GET", f"boards/{board}/cards/all?fields=id")
        assert len(capped) == 1000
        listed = await provider.list_tasks(board)
        assert len({one.id for one in listed}) == 3500
        assert [one.id async for one in provider.iter_tasks(board)] == [one.id for one in listed]


async def test_deleting_archives_unless_asked_for_good() -> None:
    async with open_box() as (box, provider):
        board = await _board(provider)
        task = await provider.create_task(PMTask(title="x", project_id=board))
        assert await provider.delete_task(task.id) is True
        assert await provider.delete_task(task.id) is False
        assert await provider.list_tasks(board) == []
        assert [one.is_archived for one in await provider.list_tasks(board, include_archived=True)] == [True]
        async with open_box(box, delete_mode="permanent") as (_, other):
            assert await other.delete_task(task.id) is True
            assert await other.get_task(task.id) is None
            assert await other.delete_task(task.id) is False


async def test_replace_all_lists_of_labels_do_not_undo_what_others_do() -> None:
    async with open_box() as (_box, provider):
        board = await _board(provider)
        labels = [(await _raw(provider, "POST", "labels", name=name, color=None, idBoard=board))["id"]
                  for name in "abc"]  # fmt: skip
        task = await provider.create_task(PMTask(title="x", project_id=board, label_ids=[labels[0]]))
        put = provider._api.put

        async def meanwhile(path: str, body: Any) -> Any:
            await provider._api.call("POST", f"cards/{task.id}/idLabels", json={"value": labels[2]})
            return await put(path, body)

        provider._api.put = meanwhile  # type: ignore[method-assign]
        changed = await provider.update_task(task.id, {"title": "y", "label_ids": [labels[0], labels[1]]})
        assert sorted(changed.label_ids) == sorted(labels)
        assert [one.field for one in changed.warnings] == ["label_ids"]


async def test_errors_in_plain_text_are_understood() -> None:
    async with open_box() as (_box, provider):
        board = await _board(provider)
        answer = {"assignee_ids": ["6500000000000000000000ff"]}
        with pytest.raises(ValidationError) as caught:
            await provider.create_task(PMTask(title="x", project_id=board, **answer))  # type: ignore[arg-type]
        assert "assignee_ids" in caught.value.fields
        with pytest.raises(ValidationError) as caught:
            await provider.create_task(
                PMTask(title="x", project_id=board, assignee_id=answer["assignee_ids"][0])
            )
        assert "assignee_id" in caught.value.fields
        with pytest.raises(NotFoundError):
            await provider.list_tasks("6500000000000000000000ff")


async def test_label_edits_never_show_in_the_action_feed() -> None:
    async with open_box() as (_box, provider):
        board = await _board(provider)
        label = (await _raw(provider, "POST", "labels", name="bug", color="red", idBoard=board))["id"]
        task = await provider.create_task(PMTask(title="x", project_id=board))
        page = await provider.changes(board)
        await _raw(provider, "POST", f"cards/{task.id}/idLabels", value=label)
        types = {one["type"] for one in await _raw(provider, "GET", f"boards/{board}/actions?limit=1000")}
        assert "addLabelToCard" not in types
        page = await provider.changes(board, page.cursor)
        assert [one.label_ids for one in page.upserts] == [[label]]


async def test_labels_beyond_the_default_fifty_are_known() -> None:
    async with open_box() as (_box, provider):
        board = await _board(provider)
        for number in range(60):
            await _raw(provider, "POST", "labels", name=f"Sprint: S{number}", color=None, idBoard=board)
        assert len(await _raw(provider, "GET", f"boards/{board}/labels")) == 50
        assert len(await provider.list_sprints(board)) == 60


async def test_search_gives_ten_by_default_and_all_to_us() -> None:
    async with open_box() as (_box, provider):
        board = await _board(provider)
        await provider.create_tasks([PMTask(title=f"rover {n}", project_id=board) for n in range(15)])
        assert len(await provider.search_tasks("rover")) == 15


async def test_the_search_lags_and_is_never_used_to_read() -> None:
    async with open_box(TrelloSandbox(dataset="empty", search_lag_s=1000)) as (_box, provider):
        board = await _board(provider)
        await provider.create_task(PMTask(title="rover", project_id=board))
        assert await provider.search_tasks("rover") == []
        assert len(await provider.list_tasks(board)) == 1


async def test_days_do_not_shift_with_the_zone() -> None:
    for zone in ("UTC", "America/New_York", "Asia/Tokyo", "Pacific/Honolulu"):
        async with open_box(timezone=zone) as (_, provider):
            board = await _board(provider)
            task = await provider.create_task(
                PMTask(title="x", project_id=board, due_date=DAY, start_date=DAY)
            )
            assert (task.due_date, task.start_date, task.warnings) == (DAY, DAY, ())


async def test_a_time_of_day_that_people_set_stays() -> None:
    async with open_box() as (_box, provider):
        board = await _board(provider)
        task = await provider.create_task(PMTask(title="x", project_id=board))
        await _raw(provider, "PUT", f"cards/{task.id}", due="2026-03-05T08:30:00.000Z")
        await provider.update_task(task.id, {"title": "y", "due_date": DAY})
        assert (await _raw(provider, "GET", f"cards/{task.id}"))["due"] == "2026-03-05T08:30:00.000Z"


async def test_cards_in_an_archived_list_are_archived() -> None:
    async with open_box() as (_box, provider):
        board = await _board(provider)
        task = await provider.create_task(PMTask(title="x", project_id=board, status="Doing"))
        doing = next(one.id for one in await provider.list_statuses(board) if one.name == "Doing")
        page = await provider.changes(board)
        await _raw(provider, "PUT", f"lists/{doing}", closed=True)
        assert (await _raw(provider, "GET", f"cards/{task.id}"))["closed"] is False
        assert await provider.list_tasks(board) == []
        page = await provider.changes(board, page.cursor)
        assert [one.is_archived for one in page.upserts] == [True]


async def test_new_boards_have_the_lists_that_cards_need_in_their_order() -> None:
    async with open_box(board_lists="Ideas, Doing, Done") as (_, provider):
        board = await _board(provider)
        assert [one.name for one in await provider.list_statuses(board)] == ["Ideas", "Doing", "Done"]


async def test_custom_fields_need_their_power_up_and_are_texts() -> None:
    async with open_box() as (_, provider):
        board = await _board(provider)
        await with_custom_fields(provider, board, Room="text", Mass="number", Safe="checkbox", Day="date",
                                 Size=["S", "L"])  # fmt: skip
        values = {"Room": "Lab", "Mass": 3.5, "Safe": True, "Day": DAY, "Size": "L"}
        task = await provider.create_task(PMTask(title="x", project_id=board, custom_fields=values))
        assert (task.custom_fields, task.warnings) == (values, ())
        listed = await provider.list_tasks(board)
        assert listed[0].custom_fields == values
        cleared = await provider.update_task(task.id, {"custom_fields": dict.fromkeys(values)})
        assert (cleared.custom_fields, cleared.warnings) == ({}, ())


async def test_long_texts_do_not_break() -> None:
    """In a query they break at about 2,000 characters."""
    text = "word " * 3000
    async with open_box() as (_, provider):
        board = await _board(provider)
        task = await provider.create_task(
            PMTask(title="x" * 2500, description=text.strip(), project_id=board)
        )
        assert (len(task.title), task.description, task.warnings) == (2500, text.strip(), ())
        with pytest.raises(ValidationError, match="16384"):
            await provider.update_task(task.id, {"description": "x" * 16385})


async def test_a_board_that_is_hidden_is_no_deletion() -> None:
    box = TrelloSandbox(dataset="demo")
    async with open_box(box, token=box.token_of("jonas"), workspace=False) as (_, provider):
        board = (await provider.list_projects())[0].id
        page = await provider.changes(board)
        while page.has_more:
            page = await provider.changes(board, page.cursor)
        async with open_box(box, token=ADMIN_TOKEN, workspace=False) as (_, admin):
            me = (await provider.get_current_user()).id
            await admin.request("PUT", f"boards/{board}", json={"prefs/permissionLevel": "private"})
            await admin.request("DELETE", f"boards/{board}/members/{me}")
        with pytest.raises(NotFoundError):
            await provider.changes(board, page.cursor)
        assert await provider.get_project(board) is None


async def test_wrong_tokens_are_told_from_missing_access() -> None:
    async with open_box() as (box, _):
        with pytest.raises(AuthenticationError):
            async with open_box(box, token="f" * 64):
                pass


async def test_idle_changes_are_one_request() -> None:
    async with open_box() as (box, provider):
        board = await _board(provider)
        await provider.create_tasks([PMTask(title=f"T{n}", project_id=board) for n in range(30)])
        page = await provider.changes(board)
        while page.has_more:
            page = await provider.changes(board, page.cursor)
        before = box.log.count()
        page = await provider.changes(board, page.cursor)
        assert (page.upserts, page.deleted_ids, page.has_more) == ([], [], False)
        assert box.log.count() - before == 1


async def test_the_story_reads_as_it_is_told() -> None:
    """The demo data, made by other hands, read through all conventions."""
    async with open_box(TrelloSandbox(dataset="demo"), workspace=False) as (_, provider):
        projects = await provider.list_projects()
        shop = next(one for one in projects if one.name == "Webshop relaunch")
        statuses = {one.name: one.status for one in await provider.list_statuses(shop.id)}
        assert statuses == {"To do": "todo", "Doing": "in_progress", "Testing": "in_progress", "On hold": "blocked",
                            "Done": "completed", "Rejected": "cancelled"}  # fmt: skip
        sprints = {one.id: one for one in await provider.list_sprints(shop.id)}
        assert sprints
        assert all(one.start_date and one.end_date for one in sprints.values())
        tasks = await provider.list_tasks(shop.id)
        assert {one.sprint_id for one in tasks if one.sprint_id} <= set(sprints)
        assert {one.status for one in tasks} == set(statuses.values())
        assert any(one.custom_fields for one in tasks)
        for one in tasks:
            assert one == await provider.get_task(one.id)


async def test_sprints_are_readable_in_the_vendors_own_interface() -> None:
    async with open_box() as (_, provider):
        board = await _board(provider)
        sprint = await provider.create_sprint(
            PMSprint(name="Launch", project_id=board, start_date=DAY, end_date=DAY, status="closed")
        )
        label = await _raw(provider, "GET", f"labels/{sprint.id}")
        assert label["name"] == "Sprint: Launch [2026-03-05..2026-03-05] (closed)"


async def test_moves_match_labels_and_tell_what_is_lost() -> None:
    async with open_box() as (_, provider):
        mars, venus = await _board(provider), await _board(provider)
        made = [(await _raw(provider, "POST", "labels", name=name, color="red", idBoard=board))["id"]
                for name, board in (("both", mars), ("here", mars), ("both", venus), ("there", venus))]  # fmt: skip
        both, here, same, there = made
        first = await provider.create_task(PMTask(title="x", project_id=mars, label_ids=[both, here]))
        moved = await provider.update_task(first.id, {"project_id": venus})
        assert moved.project_id == venus
        assert here not in moved.label_ids
        assert "label_ids" in {one.field for one in moved.warnings}
        second = await provider.create_task(
            PMTask(title="y", project_id=mars, label_ids=[both, here], priority="high", status="completed")
        )
        wanted = {"project_id": venus, "label_ids": [there], "priority": "low", "title": "z"}
        moved = await provider.update_task(second.id, wanted)
        assert (moved.label_ids, moved.priority, moved.title) == ([there], "low", "z")
        assert (moved.status, moved.warnings) == ("completed", ())
        assert same not in moved.label_ids
        with pytest.raises(ValidationError):
            await provider.update_task(second.id, {"project_id": mars, "label_ids": [there]})
        assert (await provider.get_task(second.id)) == moved  # refused before the move


async def test_where_only_ticks_count_the_list_of_done_cards_is_no_place_for_open_ones() -> None:
    async with open_box(done_mode="complete", board_lists="To do, Done") as (_box, provider):
        board = await _board(provider)
        todo, done = await provider.list_statuses(board)
        assert (todo.status, done.status, done.is_closed) == ("todo", "completed", True)
        task = await provider.create_task(PMTask(title="x", project_id=board))
        with pytest.raises(ValidationError) as caught:
            await provider.update_task(task.id, {"status": "in_progress"})
        assert "To do, Done" in caught.value.fields["status"]
        moved = await provider.update_task(task.id, {"status": done.id})
        assert (moved.status, moved.status_name, moved.warnings) == ("completed", "Done", ())
        await _raw(provider, "PUT", f"cards/{task.id}", dueComplete=False)
        seen = await provider.get_task(task.id)
        assert seen is not None
        assert (seen.status, seen.status_name) == ("in_progress", "Done")


@pytest.mark.parametrize(("cards", "most"), [(999, 1), (1000, 2), (2500, 4)])
async def test_listing_a_board_costs_a_request_for_each_thousand_and_one(cards: int, most: int) -> None:
    box = TrelloSandbox(scale=cards)
    async with open_box(box, workspace=False) as (_box, provider):
        board = next(one.id for one in await provider.list_projects() if one.name == "Scale")
        async with open_box(box, workspace=False) as (_, fresh):
            before = box.log.count()
            assert len(await fresh.list_tasks(board, include_archived=True)) == cards
            assert box.log.count() - before <= most
