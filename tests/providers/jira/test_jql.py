"""Queries: values stay values, and times are never later than the moment that is meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_providers import ValidationError
from pm_providers.providers.jira import jql


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", '"plain"'),
        ('a" OR project = SC OR text ~ "b', '"a\\" OR project = SC OR text ~ \\"b"'),
        ("back\\slash", '"back\\\\slash"'),
        ('\\" OR 1=1', '"\\\\\\" OR 1=1"'),
        ("two\nlines", '"two\\nlines"'),
    ],
)
def test_values_cannot_leave_their_quotes(value: str, expected: str) -> None:
    assert jql.quoted(value) == expected


@given(st.text(max_size=40))
def test_whatever_the_value_is_the_query_ends_where_the_quotes_do(value: str) -> None:
    text = jql.quoted(value)
    assert jql.split_order(f"summary ~ {text} ORDER BY key") == (f"summary ~ {text}", "key")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Brown Fox", 'text ~ "brown fox"'),
        ("fox AND (NOT dog*)", 'text ~ "fox and not dog"'),
        ('"exact" ~ [x] \\ ^2', 'text ~ "exact x 2"'),
        ("Crème brûlée 日本語", 'text ~ "crème brûlée 日本語"'),
        ("don't", 'text ~ "don\'t"'),
        ("!?*", None),
        ("___", None),
    ],
)
def test_texts_become_words(text: str, expected: str | None) -> None:
    assert jql.containing(text) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("project = A", ("project = A", "")),
        ("project = A order  by key", ("project = A", "key")),
        ("ORDER BY created DESC", ("", "created DESC")),
        (
            'summary ~ \'order by\' AND x = "a \\" order by" ORDER BY key',
            ('summary ~ \'order by\' AND x = "a \\" order by"', "key"),
        ),
        ("reorder = bylaw", ("reorder = bylaw", "")),
    ],
)
def test_the_order_is_found_outside_of_texts(query: str, expected: tuple[str, str]) -> None:
    assert jql.split_order(query) == expected


def test_a_query_is_limited_to_a_project() -> None:
    assert jql.within("a = 1 OR b = 2 ORDER BY key", "ED") == (
        'project = "ED" AND (a = 1 OR b = 2) ORDER BY key'
    )
    assert jql.within("ORDER BY key", "ED") == 'project = "ED" ORDER BY key'
    assert jql.within("a = 1", None) == "a = 1"


def test_a_query_is_never_without_a_restriction() -> None:
    assert jql.all_of([None, None]) == f"{jql.BOUNDED} ORDER BY key ASC"


MOMENT = datetime(2026, 2, 6, 9, 30, 49, 157000, tzinfo=UTC)


def test_milliseconds_have_no_time_zone_and_whole_minutes() -> None:
    assert (
        jql.changed_since(MOMENT)
        == f"updated >= {int(datetime(2026, 2, 6, 9, 30, tzinfo=UTC).timestamp()) * 1000}"
    )


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", "2026-02-06 09:30"),
        ("Europe/Berlin", "2026-02-06 10:30"),
        ("Asia/Kolkata", "2026-02-06 15:00"),
        ("No/Such_Zone", "2026-02-05 19:30"),
    ],
)
def test_texts_are_in_the_zone_of_the_profile(zone: str, expected: str) -> None:
    assert jql.changed_since(MOMENT, zone) == f'updated >= "{expected}"'


ZONES = ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia"]


@given(st.integers(1_577_836_800, 1_893_456_000), st.sampled_from(ZONES))
def test_no_reading_of_a_local_time_is_later_than_the_moment(second: int, zone: str) -> None:
    moment = datetime.fromtimestamp(second, UTC)
    text = jql.changed_since(moment, zone).split('"')[1]
    local = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(zone))
    for fold in (0, 1):
        read = local.replace(fold=fold).astimezone(UTC)
        assert read <= moment
        assert moment - read < timedelta(hours=4)


@pytest.mark.parametrize("text", ["a = 1) OR (b = 2", "(a = 1", "a = 1)", 'a = "1) OR (b', "a = '1"])
def test_a_query_cannot_break_out_of_its_project(text: str) -> None:
    with pytest.raises(ValidationError):
        jql.within(text, "ED")


@pytest.mark.parametrize(
    "text", ['a = "(" AND b in (1, 2)', "(a = ')' OR b = 1)", r'a = "\") OR (" AND b = 1']
)
def test_parentheses_in_strings_do_not_count(text: str) -> None:
    assert jql.within(text, "ED") == f'project = "ED" AND ({text})'
