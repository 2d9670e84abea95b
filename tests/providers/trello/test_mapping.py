"""The mapping: payloads that were recorded, and properties that hold for any."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_providers.errors import ProviderError, ValidationError
from pm_providers.providers.trello.config import Conventions
from pm_providers.providers.trello.mapping.custom_fields import CustomField, held, to_custom_fields
from pm_providers.providers.trello.mapping.places import Place, to_place
from pm_providers.providers.trello.mapping.priorities import option_choices, priority_choices
from pm_providers.providers.trello.mapping.projects import to_project, to_user
from pm_providers.providers.trello.mapping.tasks import from_task, is_task, reading_of, to_task
from pm_providers.providers.trello.mapping.values import created_at, day_of, noon, read_text
from tests.shared_material import need, shared_path

ZONES = [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "Pacific/Honolulu", "America/New_York")]
BOARD = "650000000000000000000001"


def _recorded(*kinds: str) -> list[Any]:
    folder = need(shared_path("corpus", "trello"))
    found: list[Any] = []
    for path in sorted(folder.glob("*.json")):
        if path.name.partition("__")[0] in kinds:
            body = json.loads(path.read_text("utf-8"))
            found += body if isinstance(body, list) else [body]
    return [one for one in found if isinstance(one, dict) and isinstance(one.get("id"), str)]


def _place(**parts: Any) -> Place:
    return to_place({"id": BOARD, **parts}, Conventions())


def test_recorded_cards_are_read() -> None:
    cards = _recorded("card", "cards", "card_created", "card_updated")
    assert len(cards) > 20
    reading = reading_of(_place())
    for card in cards:
        task = to_task(card, reading)
        assert task.id == card["id"]
        assert task.title == card.get("name", "")
        assert task.raw_data == card
        assert task.is_archived == bool(card.get("closed"))
        assert task.assignee_ids == card.get("idMembers", [])
        assert set(task.label_ids) <= set(card.get("idLabels") or [])
        assert (task.due_date is None) == (not card.get("due"))
        if card.get("dateLastActivity"):
            assert task.updated_at == datetime.fromisoformat(card["dateLastActivity"])


def test_recorded_boards_are_read() -> None:
    boards = _recorded("board", "boards", "board_created")
    assert boards
    for board in boards:
        project = to_project(board)
        assert (project.id, project.name) == (board["id"], board.get("name", ""))
        assert project.status == ("archived" if board.get("closed") else "active")
        if board.get("shortUrl"):
            assert project.key == board["shortUrl"].rpartition("/")[2]
        place = to_place(board, Conventions())
        assert len(place.labels) == len(board.get("labels") or [])
        assert {one.id for one in place.lists} == {one["id"] for one in board.get("lists") or []}


def test_recorded_members_are_read() -> None:
    for member in _recorded("member", "members"):
        user = to_user(member)
        assert user.id == member["id"]
        assert user.name


def test_recorded_custom_fields_are_read() -> None:
    found = to_custom_fields(_recorded("custom_fields"), ZONES[0])
    assert {one.type for one in found} == {"choice", "text"}
    for one in found:
        assert bool(one.options) == (one.type == "choice")
        for option, text in one.options:
            assert one.read({"idValue": option, "value": None}) == text
            assert one.write(text) == {"idCustomField": one.id, "idValue": option}


def _values() -> Iterator[tuple[dict[str, Any], Any, str]]:
    yield {"value": {"number": "3.5"}}, 3.5, "number"
    yield {"value": {"number": "many"}}, "many", "number"
    yield {"value": {"number": "1e999"}}, "1e999", "number"
    yield {"value": {"checked": "true"}}, True, "checkbox"
    yield {"value": {"checked": "false"}}, None, "checkbox"
    yield {"value": {"text": ""}}, None, "text"
    yield {"value": None}, None, "text"
    yield {"value": {"date": "2026-03-05T23:30:00.000Z"}}, date(2026, 3, 5), "date"
    yield {"idValue": "gone", "value": None}, "gone", "list"


@pytest.mark.parametrize(("item", "expected", "kind"), list(_values()))
def test_values_of_custom_fields_are_texts(item: dict[str, Any], expected: Any, kind: str) -> None:
    field = to_custom_fields([{"id": "f", "name": "F", "type": kind}], ZONES[0])[0]
    assert field.read(item) == expected
    card = {"customFieldItems": [{"idCustomField": "f", **item}, {"idCustomField": "other"}, 5]}
    assert held(card, {"f": field}) == ({} if expected is None else {"F": expected})


def test_custom_fields_of_one_name_wear_their_ids() -> None:
    docs = [{"id": "a", "name": "X", "type": "text"}, {"id": "b", "name": "X", "type": "text"}]
    assert [one.name for one in to_custom_fields(docs, ZONES[0])] == ["X (a)", "X (b)"]


_kinds = {
    "text": st.text(min_size=1),
    "number": st.floats(allow_nan=False, allow_infinity=False, width=32),
    "date": st.dates(date(2, 1, 2), date(9998, 12, 30)),
}


@given(st.data(), st.sampled_from(sorted(_kinds)), st.sampled_from(ZONES))
def test_values_come_back_as_they_are_written(data: st.DataObject, kind: str, zone: ZoneInfo) -> None:
    field = CustomField("f", "F", kind, (), zone)
    value = field.checked(data.draw(_kinds[kind]))
    wire = field.write(value)
    assert field.read(json.loads(json.dumps(wire))) == value
    assert field.write(None) == {"idCustomField": "f", "value": "", "idValue": ""}


@given(st.dates(date(2, 1, 2), date(9998, 12, 30)), st.sampled_from(ZONES))
def test_days_are_noon_and_come_back(day: date, zone: ZoneInfo) -> None:
    assert day_of(noon(day, zone), zone) == day


@given(st.dates())
def test_the_first_and_last_days_do_not_break(day: date) -> None:
    for zone in ZONES:
        found = day_of(noon(day, zone), zone)
        assert found is not None
        assert abs((found - day).days) <= 1


_json = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = ("name", "desc", "idBoard", "idList", "closed", "due", "start", "dueComplete", "idLabels", "idMembers",
           "dateLastActivity", "labels", "customFieldItems", "shortLink")  # fmt: skip


@given(st.dictionaries(st.sampled_from(_FIELDS), _json))
def test_any_card_is_a_task_or_a_clear_error(card: dict[str, Any]) -> None:
    """Answers are not believed: odd values are a `ProviderError`, or are read as missing."""
    try:
        task = to_task({"id": "65100000" + "0" * 16, **card}, reading_of(_place()))
    except ProviderError:
        return
    assert task.id
    assert is_task(card)


def test_a_card_without_id_is_an_error() -> None:
    with pytest.raises(ProviderError):
        to_task({}, reading_of(_place()))


def test_only_what_is_given_is_written() -> None:
    assert from_task({}, ZONES[0]) == {}
    assert from_task({"title": "x", "description": None}, ZONES[0]) == {"name": "x", "desc": ""}
    assert from_task({"due_date": None, "assignee_ids": []}, ZONES[0]) == {"due": None, "idMembers": []}


def test_smart_links_are_links() -> None:
    url = "https://example.com/a?b=c"
    assert read_text(f'see [{url}]({url} "smartCard-inline") now') == f"see {url} now"
    assert read_text(f'[the page](<{url}> "smartCard-block")') == f"[the page]({url})"
    assert read_text(f'[x]({url} "a title")') == f'[x]({url} "a title")'
    assert read_text("") is None


def test_ids_tell_the_time_of_creation() -> None:
    assert created_at("65100000" + "f" * 16) == datetime.fromtimestamp(0x65100000, UTC)
    assert created_at("1234567890") is None


def test_priorities() -> None:
    assert priority_choices("Urgent")[0].id == "highest"
    with pytest.raises(ValidationError):
        priority_choices("P9")
    field = CustomField(
        "f", "Priority", "choice", (("1", "Wichtig"), ("2", "Normal"), ("3", "Egal")), ZONES[0]
    )
    assert [one.priority for one in option_choices(field, Conventions())] == ["lowest", "medium", "highest"]
    mapped = Conventions(priority_map={"egal": "low"})
    assert option_choices(field, mapped)[0].priority == "low"
