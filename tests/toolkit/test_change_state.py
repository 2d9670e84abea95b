"""State of a change stream: what is news, when a window settles, and the cursor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pm_providers.contract import encode_cursor, pack_ids
from pm_providers.errors import ValidationError
from pm_providers.toolkit.change_state import OVERLAP_S, SETTLED_S, ChangedItem, ChangeState

START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def item(one, seconds=0.0, mark="1"):
    return ChangedItem(one, START + timedelta(seconds=seconds), mark, {})


def state(**more):
    return ChangeState("4", **{"since": START, "scanning": False, "precision": SECOND, **more})


def test_the_state_survives_its_cursor():
    given = state(noted_at=3.5, settled=True, page=3, size=50, seen={"1": ("2026-01-01T00:00:00+00:00", "x")},
                  ids={"1", "2", "99"}, calls=7, swept_at=12.5)  # fmt: skip
    assert ChangeState.read("acme", given.write("acme"), SECOND) == given
    empty = ChangeState("4", precision=SECOND)
    assert ChangeState.read("acme", empty.write("acme"), SECOND) == empty


GOOD = {"p": "4", "t": None, "b": 0, "f": True, "e": False, "g": 1, "z": 0, "s": {}, "i": "", "n": 0, "w": 0}


@pytest.mark.parametrize(
    "change",
    [
        {"t": "x"},
        {"t": 3},
        {"s": []},
        {"s": {"1": "x:y"}},
        {"s": {"1": 2}},
        {"i": "!"},
        {"g": "x"},
        {"b": None},
        {"n": 1e999},
    ],
)
def test_damaged_cursors_are_refused(change):
    whole = {**GOOD, "i": pack_ids([])}
    assert ChangeState.read("acme", encode_cursor("acme", whole), SECOND).project == "4"
    with pytest.raises(ValidationError) as caught:
        ChangeState.read("acme", encode_cursor("acme", {**whole, **change}), SECOND)
    assert "cursor" in caught.value.fields


def test_a_cursor_without_a_part_or_of_another_provider_is_refused():
    whole = {**GOOD, "i": pack_ids([])}
    for name in whole:
        with pytest.raises(ValidationError):
            ChangeState.read(
                "acme", encode_cursor("acme", {k: v for k, v in whole.items() if k != name}), SECOND
            )
    with pytest.raises(ValidationError, match="another provider"):
        ChangeState.read("acme", encode_cursor("umbrella", whole), SECOND)


def test_ids_in_a_cursor_are_small():
    given = state(ids={str(n) for n in range(1, 10_001)})
    assert len(given.write("acme")) < 2_000


def test_the_same_time_with_another_mark_is_news():
    given = state()
    given.note([item("1")])
    assert not given.is_news(item("1"))
    assert given.is_news(item("1", mark="2"))
    assert given.is_news(item("1", seconds=1))
    assert given.is_news(item("2"))


def test_what_a_filter_shows_from_before_the_window_is_news_once():
    """Where the database keeps fractions of a second that the answer does not show."""
    given = state(ids={"1"})
    early = -OVERLAP_S - 1
    assert not given.is_news(item("1", early))
    assert given.is_news(item("2", early))
    given.note([item("2", early)])
    assert not given.is_news(item("2", early))


def test_a_window_moves_to_the_last_change_and_keeps_the_overlap():
    given = state()
    given.note([item("1", 5), item("2", 40), item("3", 60)])
    given.move_on(None, now=100.0)
    assert (given.since, given.settled, given.noted_at) == (START + timedelta(seconds=60), False, -1.0)
    assert given.edge == START + timedelta(seconds=60 - OVERLAP_S)
    assert set(given.seen) == {"2", "3"}
    assert given.ids == {"1", "2", "3"}


def test_a_window_settles_by_the_clock_of_the_server():
    given = state(noted_at=0.0)
    given.note([item("1")])
    given.move_on(START + timedelta(seconds=SETTLED_S), now=10**9)
    assert not given.settled
    given.move_on(START + timedelta(seconds=SETTLED_S + 1), now=0.0)
    assert (given.settled, given.edge, given.seen) == (True, START + SECOND, {})


def test_a_window_settles_by_our_clock_where_the_server_tells_none():
    given = state(noted_at=50.0)
    given.note([item("1")])
    given.move_on(None, now=50.0 + SETTLED_S)
    assert not given.settled
    given.move_on(None, now=51.0 + SETTLED_S)
    assert given.settled
    given.note([item("2", 5)])
    given.move_on(None, now=10_000.0)
    assert (given.settled, given.noted_at) == (False, -1.0), "a new change settles from the next call on"
    given.move_on(None, now=20_000.0)
    assert (given.settled, given.noted_at) == (False, 20_000.0)


def test_an_empty_project_never_settles():
    given = state(since=None)
    given.move_on(START, now=10**9)
    assert (given.edge, given.settled) == (None, False)


def test_the_first_instant_has_no_window_before_it():
    given = state(since=datetime.min.replace(tzinfo=UTC))
    assert given.edge == datetime.min.replace(tzinfo=UTC)


def test_what_is_gone_is_news_when_it_comes_back():
    given = state()
    given.note([item("1")])
    given.forget(["1", "7"])
    assert given.ids == set()
    assert given.is_news(item("1"))
