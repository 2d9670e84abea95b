"""What writes tell that were made and not read, refused without a name, or leave something behind."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from pm_providers import PMProject, PMSprint, PMTask
from pm_providers.errors import PMError, ValidationError
from pm_providers.providers.trello import TrelloProvider
from tests.providers.trello.box import open_box, with_custom_fields
from tests.providers.trello.world import ADA, BOARD, DONE, TODO, World


def _silent(world: World, after: str) -> None:
    """No board can be read once something was posted."""

    def override(method: str, path: str, _query: dict[str, str]) -> httpx2.Response | None:
        unread = method == "GET" and path.startswith("boards/") and world.count("POST", after)
        return httpx2.Response(500, text="oops") if unread else None

    world.override = override


async def test_a_sprint_that_was_made_is_told(world: World, provider: TrelloProvider) -> None:
    """An error would make callers create it again: nothing tells two labels of a name apart."""
    await provider.list_tasks(BOARD)
    world.forget()
    _silent(world, "labels")
    made = await provider.create_sprint(PMSprint(name="Launch", project_id=BOARD))
    assert world.labels[made.id]["name"] == "Sprint: Launch"
    assert [method for method, _, _ in world.sent] == ["POST"]
    renamed = await provider.update_sprint(made.id, {"name": "Landing"})
    assert (renamed.name, world.labels[made.id]["name"]) == ("Landing", "Sprint: Landing")
    world.override = lambda *_: None
    assert [one.name for one in await provider.list_sprints(BOARD)] == ["Landing"]


async def test_a_board_that_was_made_and_cannot_be_read_is_told(
    world: World, provider: TrelloProvider
) -> None:
    _silent(world, "boards/")
    with pytest.raises(PMError) as caught:
        await provider.create_project(PMProject(name="Venus"))
    assert caught.value.maybe_applied
    assert len(world.boards) == 2


async def test_hours_and_points_that_a_move_loses_are_told() -> None:
    async with open_box(hours_field="Hours", points_field="Points") as (_, provider):
        mars, venus = [(await provider.create_project(PMProject(name=one))).id for one in ("Mars", "Venus")]
        await with_custom_fields(provider, mars, Hours="number", Points="number")
        task = await provider.create_task(
            PMTask(title="x", project_id=mars, estimated_hours=3.0, story_points=5.0)
        )
        assert (task.estimated_hours, task.story_points, task.warnings) == (3.0, 5.0, ())
        moved = await provider.update_task(task.id, {"project_id": venus})
        assert (moved.estimated_hours, moved.story_points) == (None, None)
        assert {one.field for one in moved.warnings} >= {"estimated_hours", "story_points"}


async def test_the_tick_of_completing_goes_when_a_card_is_opened_again(world: World) -> None:
    """Where lists alone count: a tick that people made elsewhere is left alone."""
    async with world.provider(done_mode="list") as provider:
        one, ticked = world.card("one"), world.card("ticked", dueComplete=True)
        await provider.update_task(one, {"status": "completed"})
        assert (world.cards[one]["idList"], world.cards[one]["dueComplete"]) == (DONE, True)
        opened = await provider.update_task(one, {"status": "todo"})
        assert (opened.status, world.cards[one]["dueComplete"]) == ("todo", False)
        await provider.update_task(ticked, {"status": "in_progress"})
        assert world.cards[ticked]["dueComplete"]


@pytest.mark.parametrize(
    "answer", [{"json": {"message": "Invalid objectId", "error": "ERROR"}}, {"text": "invalid id"}]
)
async def test_an_id_that_is_refused_without_its_name_is_no_missing_task(
    world: World, provider: TrelloProvider, answer: dict[str, Any]
) -> None:
    """Said of members who are not on the board, too ([obs] rwjdk/TrelloDotNet#29): the card is there."""
    card = world.card("x")
    world.override = lambda method, _path, _query: (
        httpx2.Response(400, **answer) if method in {"PUT", "POST"} else None
    )
    for field, value in (("assignee_ids", [ADA]), ("assignee_id", ADA)):
        with pytest.raises(ValidationError) as caught:
            await provider.update_task(card, {field: value})
        assert list(caught.value.fields) == [field]
    with pytest.raises(ValidationError):
        await provider.update_task(card, {"title": "y"})


async def test_members_of_a_board_cost_one_request(world: World, provider: TrelloProvider) -> None:
    assert len(await provider.list_users(BOARD)) == 3
    assert len(world.sent) == 1


async def test_a_card_stays_in_a_list_that_means_its_new_status(
    world: World, provider: TrelloProvider
) -> None:
    """Taking a tick off is no reason to put a card into the first list of that meaning."""
    testing = world.list("650000000000000000000019", "QA", pos=2.5)
    card = world.card("x", idList=testing, dueComplete=True)
    opened = await provider.update_task(card, {"status": "in_progress"})
    assert (opened.status, opened.status_name) == ("in_progress", "QA")
    assert not world.cards[card]["dueComplete"]
    assert (await provider.update_task(card, {"status": "todo"})).status_name == "To Do"


async def test_a_card_stays_among_the_done_ones_where_it_is(world: World) -> None:
    shipped = world.list("650000000000000000000019", "Shipped", pos=9)
    async with world.provider(done_mode="complete", done_lists="Done, Shipped") as provider:
        card, other = world.card("x", idList=shipped), world.card("y", idList=TODO)
        done = await provider.update_task(card, {"status": "completed"})
        assert (done.status, done.status_name) == ("completed", "Shipped")
        assert (await provider.update_task(other, {"status": "completed"})).status_name == "Done"
