"""The demo data, the command line's table, cards for load and injected faults."""

from __future__ import annotations

import httpx2
import pytest

from pm_providers.sandbox import SANDBOXES
from pm_providers.sandbox.kit.story import PEOPLE, PROJECTS
from pm_providers.sandbox.trello import TrelloSandbox
from pm_providers.sandbox.trello.demo import LISTS, member_id
from pm_providers.sandbox.trello.ids import born
from tests.sandbox.trello.support import header, open_box, token_of


def test_the_whole_story_is_told():
    state = TrelloSandbox(dataset="demo").state
    tasks = [task for project in PROJECTS for task in project.tasks]
    assert len(state.cards) == len(tasks)
    by_name = {card.name: card for card in state.cards}
    fields = {(row.board_id, row.name): row.id for row in state.fields}
    for task in tasks:
        card = by_name[task.title]
        assert (card.desc, card.comments, card.due_complete) == (
            task.text,
            len(task.comments),
            task.status in {"done", "rejected"},
        )
        assert state.lists[card.list_id].name == LISTS[task.status]
        assert card.member_ids == ((member_id(task.assignee),) if task.assignee else ())
        assert (card.due is None) is (task.due is None)
        values = {item.field_id: item for item in card.items}
        assert values[fields[card.board_id, "Reference"]].value == {"text": f"DEMO-{task.key}"}
        parts = [one for one in tasks if one.parent == task.key]
        assert card.check_items == len(parts)
        assert card.attachments == len(task.files) + len(task.blocks) + len(task.after)
        labels = [state.labels[key].name for key in card.label_ids]
        assert (task.label in labels) is bool(task.label)
        assert sum(name.startswith("Sprint: ") for name in labels) == bool(task.sprint)
    assert len(state.members) == len(PEOPLE) + 1


def test_sprints_are_labels_with_dates_and_a_mark_when_closed():
    state = TrelloSandbox(dataset="demo").state
    names = sorted(row.name for row in state.labels if row.name.startswith("Sprint: "))
    assert len(names) == 3
    assert [name.endswith(" (closed)") for name in names] == [True, False, False]


async def test_every_person_can_log_in():
    box = TrelloSandbox(dataset="demo")
    for person in PEOPLE:
        async with httpx2.AsyncClient(
            transport=box.transport(), base_url=box.base_url, headers=header(box.token_of(person.login))
        ) as client:
            me = (await client.get("/1/members/me")).json()
            assert me["fullName"] == f"{person.first} {person.last}"
            boards = (await client.get("/1/members/me/boards?fields=name")).json()
            assert len(boards) == sum(person.login in project.members for project in PROJECTS)
    with pytest.raises(KeyError):
        box.token_of("nobody")


def test_the_story_fits_the_free_plan_without_custom_fields():
    state = TrelloSandbox(dataset="demo", plan="free").state
    assert len(state.cards) == 19
    assert not len(state.fields)


def test_the_command_line_makes_it_by_name():
    box = SANDBOXES["trello"](dataset="demo", scale=5, latency_ms=0, faults=["500;times=1"])
    assert set(box.settings) == {"TRELLO_URL", "TRELLO_API_KEY", "TRELLO_TOKEN", "TRELLO_ORGANIZATION_ID"}
    with pytest.raises(ValueError, match="versions"):
        SANDBOXES["trello"](version="2")


def test_cards_for_load_have_ids_of_their_days():
    box = TrelloSandbox(scale=100, seed=3)
    cards = sorted(box.state.cards, key=lambda card: card.id)
    assert [card.name for card in cards] == [f"Card {n}" for n in range(1, 101)]
    assert 28 <= (born(cards[-1].id) - born(cards[0].id)).days <= 30
    again = TrelloSandbox(scale=100, seed=3)
    assert [card.due_complete for card in again.state.cards] == [
        card.due_complete for card in box.state.cards
    ]


async def test_long_lists_are_kept_until_something_is_written():
    async with open_box(filled=False, scale=150) as place:
        board = next(iter(place.state.boards)).id
        path = f"/boards/{board}/cards/all?fields=name,dueComplete"
        first = await place.client.get(path)
        assert (await place.client.get(path)).content == first.content
        key = first.json()[0]["id"]
        await place("PUT", f"/cards/{key}", {"name": "Written"})
        again = {row["id"]: row["name"] for row in (await place.client.get(path)).json()}
        assert again[key] == "Written"
        other = await place.client.get(path, headers=header(token_of("ben")))
        assert other.status_code == 401


@pytest.mark.parametrize(
    ("fault", "status", "kind", "text"),
    [
        ("401", 401, "text/plain", "invalid token"),
        ("429", 429, "application/json", "API_TOKEN_LIMIT_EXCEEDED"),
        ("503", 503, "text/html", "<html>"),
    ],
)
async def test_injected_faults_have_the_vendors_words(fault, status, kind, text):
    async with open_box(filled=False, faults=[fault]) as place:
        answer = await place.client.get("/members/me")
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith(kind)
        assert text in answer.text


async def test_a_stale_search_shows_the_state_before_the_last_writes():
    async with open_box(search_lag_s=0) as place:
        await place.make("Fish")
        place.box.faults.add("stale-search;match=/search;times=1")
        query = "/search?query=fish&modelTypes=cards"
        assert (await place("GET", query))["cards"] == []
        assert [row["name"] for row in (await place("GET", query))["cards"]] == ["Fish"]
