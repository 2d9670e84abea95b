"""Cards as tasks: read, written, moved, archived."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import httpx2
import pytest

from pm_providers import PMTask
from pm_providers.errors import NotFoundError, PMError, UnsupportedError, ValidationError
from pm_providers.providers.trello import TrelloProvider
from tests.providers.trello.world import ADA, BOARD, BOB, BUG, DOING, DONE, ME, TODO, World

DAY = date(2026, 3, 5)


async def test_creation_is_one_request_and_fills_the_record(world: World, provider: TrelloProvider) -> None:
    await provider.list_statuses(BOARD)
    world.forget()
    made = await provider.create_task(
        PMTask(title="Land", description="**softly**", project_id=BOARD, status="in_progress",
               assignee_ids=[BOB, ADA], label_ids=[BUG], start_date=DAY, due_date=DAY)
    )  # fmt: skip
    assert len(world.sent) == 1
    assert (made.title, made.status, made.status_name) == ("Land", "in_progress", "Doing")
    assert (made.assignee_id, made.assignee_ids, made.label_ids) == (BOB, [BOB, ADA], [BUG])
    assert (made.start_date, made.due_date, made.warnings) == (DAY, DAY, ())
    assert made.url == f"https://trello.com/c/{made.key}"
    assert made.created_at == datetime.fromtimestamp(int(made.id[:8], 16), UTC)
    assert made == await provider.get_task(made.id) == await provider.get_task(made.key or "")
    assert world.bodies[0]["pos"] == "bottom"
    assert "Land" not in str(world.sent)  # texts travel in bodies, where no length breaks them


async def test_new_cards_go_to_the_first_list_that_means_to_do(
    world: World, provider: TrelloProvider
) -> None:
    world.list("650000000000000000000020", "Ideas", pos=0.5)
    assert (await provider.create_task(PMTask(title="x", project_id=BOARD))).status_name == "Ideas"
    world.lists["650000000000000000000020"]["name"] = "Reviewing"
    await provider.list_statuses(BOARD)
    made = await provider.create_task(PMTask(title="x", project_id=BOARD, status="To Do"))
    assert (made.status, made.status_name) == ("todo", "To Do")


async def test_a_board_without_lists_takes_no_cards(world: World, provider: TrelloProvider) -> None:
    for one in world.lists.values():
        one["closed"] = True
    with pytest.raises(ValidationError, match="no open list"):
        await provider.create_task(PMTask(title="x", project_id=BOARD))
    assert world.count("POST") == 0


async def test_update_is_read_and_write_where_the_answer_holds_all(
    world: World, provider: TrelloProvider
) -> None:
    one = world.card()
    await provider.list_statuses(BOARD)
    world.forget()
    changed = await provider.update_task(one, {"title": "new", "due_date": DAY})
    assert [verb for verb, _, _ in world.sent] == ["GET", "PUT"]
    assert (changed.title, changed.due_date) == ("new", DAY)
    assert world.bodies[1] == {"name": "new", "due": "2026-03-05T12:00:00.000Z"}
    world.field("65000000000000000000f001", "Hours", "number")
    await provider.list_fields(BOARD)
    world.forget()
    await provider.update_task(one, {"title": "newer"})
    assert [verb for verb, _, _ in world.sent] == ["GET", "PUT", "GET"]


async def test_nothing_to_change_writes_nothing(world: World, provider: TrelloProvider) -> None:
    one = world.card(dueComplete=True, due="2026-03-05T09:30:00.000Z")
    same = await provider.update_task(one, {"status": "completed", "due_date": DAY})
    assert (same.status, same.due_date) == ("completed", DAY)
    assert world.count("PUT") == 0  # the time of day that people set stays


async def test_clearing(world: World, provider: TrelloProvider) -> None:
    one = world.card(desc="text", due="2026-03-05T12:00:00.000Z", idMembers=[ADA, BOB], idLabels=[BUG])
    clear = {"description": None, "due_date": None, "assignee_ids": None, "label_ids": None}
    changed = await provider.update_task(one, clear)
    assert (changed.description, changed.due_date, changed.assignee_ids, changed.label_ids) == (
        None,
        None,
        [],
        [],
    )
    for name in ("title", "status", "project_id"):
        with pytest.raises(ValidationError) as caught:
            await provider.update_task(one, {name: None})
        assert name in caught.value.fields


async def test_the_first_assignee_is_swapped_and_the_others_stay(
    world: World, provider: TrelloProvider
) -> None:
    one = world.card(idMembers=[ADA, BOB])
    assert (await provider.update_task(one, {"assignee_id": ME})).assignee_ids == [ME, BOB]
    assert (await provider.update_task(one, {"assignee_id": None})).assignee_ids == [BOB]
    assert (await provider.update_task(one, {"assignee_id": "ada"})).assignee_ids == [ADA]
    with pytest.raises(ValidationError) as caught:
        await provider.update_task(one, {"assignee_id": "nobody"})
    assert "assignee_id" in caught.value.fields


@pytest.mark.parametrize(
    ("mode", "card", "status"),
    [
        ("either", {"idList": TODO}, "todo"),
        ("either", {"idList": DOING, "dueComplete": True}, "completed"),
        ("either", {"idList": DONE}, "completed"),
        ("list", {"idList": DOING, "dueComplete": True}, "in_progress"),
        ("list", {"idList": DONE}, "completed"),
        ("complete", {"idList": DONE}, "in_progress"),
        ("complete", {"idList": TODO, "dueComplete": True}, "completed"),
    ],
)
async def test_what_is_done(world: World, mode: str, card: dict[str, Any], status: str) -> None:
    one = world.card(**card)
    async with world.provider(done_mode=mode) as provider:
        found = await provider.get_task(one)
        assert found is not None
        assert found.status == status
        assert [task.id for task in await provider.list_tasks(BOARD, status=status)] == [one]
        for value in ("completed", "todo"):
            changed = await provider.update_task(one, {"status": value})
            assert (changed.status, changed.warnings) == (value, ())


async def test_completing_ticks_and_moves(world: World, provider: TrelloProvider) -> None:
    one = world.card()
    await provider.update_task(one, {"status": "completed"})
    assert (world.cards[one]["idList"], world.cards[one]["dueComplete"]) == (DONE, True)
    await provider.update_task(one, {"status": "Doing"})
    assert (world.cards[one]["idList"], world.cards[one]["dueComplete"]) == (DOING, False)
    changed = await provider.update_task(one, {"status": DONE})
    assert (changed.status, changed.status_name, changed.warnings) == ("completed", "Done", ())
    with pytest.raises(ValidationError, match="To Do, Doing, Done"):
        await provider.update_task(one, {"status": "blocked"})


async def test_lists_without_known_names_go_by_place_and_map(world: World) -> None:
    for one, name in ((TODO, "Ideen"), (DOING, "In Arbeit"), (DONE, "Fertig")):
        world.lists[one]["name"] = name
    async with world.provider() as provider:
        assert [one.status for one in await provider.list_statuses(BOARD)] == [
            "todo",
            "in_progress",
            "in_progress",
        ]
    async with world.provider(done_lists="fertig", status_map={"in arbeit": "blocked"}) as provider:
        assert [one.status for one in await provider.list_statuses(BOARD)] == ["todo", "blocked", "completed"]


async def test_filters(world: World, provider: TrelloProvider) -> None:
    first = world.card("first", idMembers=[ADA])
    second = world.card("second", idList=DOING, idMembers=[BOB, ADA])
    assert {one.id for one in await provider.list_tasks(BOARD, assignee_id=ADA)} == {first, second}
    assert [one.id for one in await provider.list_tasks(BOARD, assignee_id="bob")] == [second]
    assert [one.id for one in await provider.list_tasks(BOARD, status="doing")] == [second]
    assert [one.id for one in await provider.list_tasks(BOARD, status=DOING)] == [second]
    assert await provider.list_tasks(BOARD, status="blocked") == []
    with pytest.raises(ValidationError, match="there are: To Do"):
        await provider.list_tasks(BOARD, status="no such")
    assert await provider.list_tasks(BOARD, assignee_id="nobody") == []
    assert await provider.list_tasks(BOARD, sprint_id="999") == []
    changed = (await provider.get_task(second)).updated_at  # type: ignore[union-attr]
    assert [one.id for one in await provider.list_tasks(BOARD, updated_since=changed)] == [second]


async def test_all_boards(world: World, provider: TrelloProvider) -> None:
    here = world.card("here")
    other = "650000000000000000000002"
    world.board(other)
    there = world.card(
        "there", idBoard=other, idList=world.list("650000000000000000000030", "Go", board=other)
    )
    world.board("650000000000000000000003", closed=True)
    assert {one.id for one in await provider.list_tasks()} == {here, there}
    assert [one.id for one in await provider.list_tasks(world.boards[BOARD]["shortUrl"][-8:])] == [here]
    with pytest.raises(NotFoundError):
        await provider.list_tasks("999999999")
    with pytest.raises(NotFoundError):
        await provider.list_tasks("6500000000000000000000ff")


async def test_moves_to_another_board_tell_what_got_lost(world: World, provider: TrelloProvider) -> None:
    other = "650000000000000000000002"
    world.board(other)
    goal = world.list("650000000000000000000030", "doing", board=other)
    one = world.card(idList=DOING, idLabels=[BUG])
    moved_away = world.touch

    def touch(card: str, **fields: Any) -> None:
        moved_away(card, **fields, **({"idLabels": []} if "idBoard" in fields else {}))

    world.touch = touch  # type: ignore[method-assign]
    moved = await provider.update_task(one, {"project_id": other})
    assert (moved.project_id, moved.status_name) == (other, "doing")
    assert world.cards[one]["idList"] == goal
    assert [(warning.field, warning.got) for warning in moved.warnings] == [("label_ids", [])]


async def test_custom_fields_of_all_kinds(world: World, provider: TrelloProvider) -> None:
    kinds = {"Room": "text", "Points": "number", "Checked": "date", "Safe": "checkbox"}
    for place, (name, kind) in enumerate(kinds.items()):
        world.field(f"65000000000000000000f00{place}", name, kind)
    world.field("65000000000000000000f009", "Size", "list", ("65000000000000000000e001", "Small"),
                ("65000000000000000000e002", "Large"))  # fmt: skip
    values = {"Room": "Lab", "Points": 3.5, "Checked": DAY, "Safe": True, "Size": "Large"}
    made = await provider.create_task(PMTask(title="x", project_id=BOARD, custom_fields=values))
    assert (made.custom_fields, made.warnings) == (values, ())
    sent = next(body for body in world.bodies if body and "customFieldItems" in body)["customFieldItems"]
    assert [one.get("value") or one["idValue"] for one in sent] == [
        {"text": "Lab"}, {"number": "3.5"}, {"date": "2026-03-05T12:00:00.000Z"}, {"checked": "true"},
        "65000000000000000000e002",
    ]  # fmt: skip
    cleared = dict.fromkeys(values) | {"Safe": False}
    changed = await provider.update_task(made.id, {"custom_fields": cleared})
    assert (changed.custom_fields, changed.warnings) == ({}, ())
    for name, value, why in (
        ("Size", "Huge", "Small, Large"),
        ("Points", "3", "number"),
        ("None", 1, "unknown"),
    ):
        with pytest.raises(ValidationError, match=why):
            await provider.update_task(made.id, {"custom_fields": {name: value}})


async def test_hours_and_points_need_a_field(world: World, provider: TrelloProvider) -> None:
    one = world.card()
    with pytest.raises(UnsupportedError):
        await provider.update_task(one, {"estimated_hours": 3.0})
    async with world.provider(hours_field="Estimate", points_field="Points") as other:
        with pytest.raises(ValidationError, match="Estimate"):
            await other.update_task(one, {"estimated_hours": 3.0})
        world.field("65000000000000000000f001", "Estimate", "number")
        world.field("65000000000000000000f002", "Points", "number")
        changed = await other.update_task(one, {"estimated_hours": 3.5, "story_points": 5})
        assert (changed.estimated_hours, changed.story_points, changed.custom_fields) == (3.5, 5.0, {})
        assert changed.warnings == ()


async def test_custom_fields_that_cannot_be_set_on_a_new_card_are_told(
    world: World, provider: TrelloProvider
) -> None:
    """The card is there: an error would make callers create it again."""
    world.field("65000000000000000000f001", "Room", "text")

    def refuse(method: str, path: str, _query: dict[str, str]) -> httpx2.Response | None:
        return httpx2.Response(403, text="no") if method == "PUT" and "customFields" in path else None

    world.override = refuse
    made = await provider.create_task(PMTask(title="x", project_id=BOARD, custom_fields={"Room": "Lab"}))
    assert [warning.field for warning in made.warnings] == ["custom_fields"]
    assert made.id in world.cards


async def test_batches_read_ten_cards_in_a_request(world: World, provider: TrelloProvider) -> None:
    ids = [world.card(f"T{n}") for n in range(25)]
    await provider.list_statuses(BOARD)
    world.forget()
    result = await provider.update_tasks({one: {"title": "new"} for one in ids} | {"nope": {"title": "x"}})
    assert [outcome.ok for outcome in result] == [True] * 25 + [False]
    assert (world.count("GET", "batch"), world.count("GET", "cards/"), world.count("PUT")) == (3, 0, 25)
    world.forget()
    deleted = await provider.delete_tasks([*ids, ids[0], "nope"])
    assert [outcome.item for outcome in deleted] == [True] * 25 + [False, False]
    assert (world.count("GET", "batch"), world.count("GET", "cards/")) == (3, 1)


async def test_several_updates_of_one_task_keep_their_order(world: World, provider: TrelloProvider) -> None:
    one, other = world.card(), world.card()
    updates = [(one, {"title": "first"}), (other, {"title": "x"}), (one, {"title": "second"})]
    (await provider.update_tasks(updates)).raise_for_errors()
    assert world.cards[one]["name"] == "second"


async def test_search_takes_operators_for_text(world: World, provider: TrelloProvider) -> None:
    one = world.card("label:red -plan")
    world.card("label red plan")
    world.card("100% sure")
    assert [task.id for task in await provider.search_tasks("label:red -plan")] == [one]
    assert world.sent[0][2]["query"] == "label red plan"
    assert len(await provider.search_tasks("red, label!")) == 2
    world.forget()
    assert [task.title for task in await provider.search_tasks("%", project_id=BOARD)] == ["100% sure"]
    assert world.count("GET", "search") == 0


async def test_search_asks_for_as_many_as_there_are(world: World, provider: TrelloProvider) -> None:
    """Ten is the default of the vendor."""
    ids = {world.card(f"rover {n}") for n in range(12)}
    assert {task.id for task in await provider.search_tasks("rover")} == ids
    assert world.sent[0][2]["cards_limit"] == "1000"


async def test_ids_that_are_none_are_not_sent(world: World, provider: TrelloProvider) -> None:
    for one in ("nope", "a/b", "../members", "x" * 500, "💥", f"{ADA}/", "9" * 40):
        assert await provider.get_task(one) is None
        assert await provider.delete_task(one) is False
        with pytest.raises(NotFoundError):
            await provider.update_task(one, {"title": "x"})
    assert world.sent == []


async def test_transitions_are_the_other_open_lists(world: World, provider: TrelloProvider) -> None:
    one = world.card()
    found = await provider.list_transitions(one)
    assert [(step.id, step.to_status.status) for step in found] == [
        (DOING, "in_progress"),
        (DONE, "completed"),
    ]


async def test_an_error_after_the_first_step_says_so(world: World, provider: TrelloProvider) -> None:
    one = world.card()

    def refuse(method: str, path: str, _query: dict[str, str]) -> httpx2.Response | None:
        return httpx2.Response(400, text="invalid value for value") if path.endswith("idLabels") else None

    world.override = refuse
    with pytest.raises(PMError) as caught:
        await provider.update_task(one, {"title": "new", "label_ids": [BUG]})
    assert caught.value.maybe_applied


async def test_search_reads_again_only_what_custom_fields_need(
    world: World, provider: TrelloProvider
) -> None:
    world.card("rover", idBoard="6500000000000000000000ee")  # the index knows boards that are gone
    ids = [world.card(f"rover {n}") for n in range(25)]
    found = await provider.search_tasks("rover")
    assert sorted(one.id for one in found) == ids
    assert world.count("GET", "batch") == 0
    room = world.field("65000000000000000000f001", "Room", "text")
    for one in ids:
        world.cards[one]["customFieldItems"] = [{"idCustomField": room, "value": {"text": "Lab"}}]
    await provider.list_fields(BOARD)
    world.forget()
    some = await provider.search_tasks("rover", limit=12)
    assert [one.custom_fields for one in some] == [{"Room": "Lab"}] * 12
    assert world.count("GET", "batch") == 2
    assert world.sent[0][2]["cards_limit"] == "24"


async def test_a_card_that_the_index_still_knows_is_left_out(world: World, provider: TrelloProvider) -> None:
    world.field("65000000000000000000f001", "Room", "text")
    gone, kept = world.card("rover"), world.card("rover")
    answer = world._get_search([], {"query": "rover"})[1]
    del world.cards[gone]

    def index(_method: str, path: str, _query: dict[str, str]) -> httpx2.Response | None:
        return httpx2.Response(200, json=answer) if path == "search" else None

    world.override = index
    assert [one.id for one in await provider.search_tasks("rover")] == [kept]


async def test_boards_that_vanish_meanwhile_are_left_out(world: World, provider: TrelloProvider) -> None:
    kept = world.card()
    other = "650000000000000000000002"
    world.board(other)

    def hidden(_method: str, path: str, _query: dict[str, str]) -> httpx2.Response | None:
        text = "unauthorized permission requested"
        return httpx2.Response(401, text=text) if path.startswith(f"boards/{other}") else None

    world.override = hidden
    assert [one.id for one in await provider.list_tasks()] == [kept]
    assert [one.id async for one in provider.iter_tasks()] == [kept]
    assert [one async for one in provider.iter_sprints()] == []
    assert len(await provider.list_statuses()) == 3
    assert len(await provider.list_users()) == 3
    for call in (provider.list_tasks(other), provider.changes(other), provider.list_users(other)):
        with pytest.raises(NotFoundError):
            await call


@pytest.mark.parametrize("status", [449, 500, 504])
async def test_a_board_that_is_too_much_at_once_is_asked_for_once(
    world: World, provider: TrelloProvider, status: int
) -> None:
    """Answers that take the server half a minute are not asked for again and again."""
    ids = {world.card(f"T{n}") for n in range(5)}

    def tired(_method: str, _path: str, query: dict[str, str]) -> httpx2.Response | None:
        return httpx2.Response(status, text="<html>") if "cards" in query else None

    world.override = tired
    assert {one.id for one in await provider.list_tasks(BOARD)} == ids
    assert len(world.sent) == 3


async def test_what_others_write_before_it_is_read_again_is_not_told_as_ours(
    world: World, provider: TrelloProvider
) -> None:
    """Who keeps two systems in step would take it for what was written, and never carry it."""
    world.field("65000000000000000000f001", "Hours", "number")
    one = world.card("before")

    def then(method: str, path: str, _query: dict[str, str]) -> None:
        if (method, path) == ("GET", f"cards/{one}") and world.cards[one]["name"] == "ours":
            world.touch(one, name="theirs", desc="theirs")

    world.override = then  # type: ignore[assignment]
    told = await provider.update_task(one, {"title": "ours"})
    assert (told.title, told.description) == ("ours", "theirs")
    assert world.cards[one]["name"] == "theirs"
