"""The mapping: values, choices, places, custom fields and tasks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_providers.errors import ProviderError, ValidationError
from pm_providers.providers.clickup.mapping.choices import (
    PRIORITIES,
    merged_statuses,
    priorities,
    priority_named,
    to_types,
    type_named,
)
from pm_providers.providers.clickup.mapping.custom_fields import read_custom, to_custom_field, to_field
from pm_providers.providers.clickup.mapping.people import from_user, to_user
from pm_providers.providers.clickup.mapping.places import from_list, from_space, to_project
from pm_providers.providers.clickup.mapping.sprints import (
    SprintReading,
    SprintRule,
    dates_in_name,
    name_with_dates,
    plain_name,
    sprint_status,
    to_sprint,
)
from pm_providers.providers.clickup.mapping.tasks import TaskReading, from_task, to_task
from pm_providers.providers.clickup.mapping.values import (
    day_ms,
    hours,
    milliseconds,
    moment,
    moment_day,
    zone_of,
)
from tests.providers.clickup.site import STATUSES, task

ZONES = [
    ZoneInfo(one) for one in ("America/Los_Angeles", "Pacific/Kiritimati", "Europe/Berlin", "Asia/Kolkata")
]
NEW_YORK = ZoneInfo("America/New_York")
TODAY = date(2026, 3, 10)
RULE = SprintRule()
DAYS = st.dates(date(1971, 1, 1), date(2200, 12, 31))
UUID = "0a52c486-5f05-403b-b4fd-c512ff05131c"


def reading(**given: Any) -> TaskReading:
    return TaskReading(
        **{
            "level": "space",
            "zone": NEW_YORK,
            "rule": RULE,
            "types": {"0": "Task", "1": "Milestone"},
            **given,
        }
    )


# values


@given(DAYS, st.sampled_from(ZONES))
def test_a_day_comes_back_from_noon_and_from_the_four_o_clock_that_the_vendor_makes_of_it(day, zone):
    assert moment_day(day_ms(day, zone), zone) == day
    snapped = datetime(day.year, day.month, day.day, 4, tzinfo=zone)
    assert moment_day(str(round(snapped.timestamp() * 1000)), zone) == day


def test_midnight_in_utc_is_the_day_before_in_america():
    assert moment_day(1767571200000, NEW_YORK) == date(2026, 1, 4)
    assert moment_day(day_ms(date(2026, 1, 5), NEW_YORK), NEW_YORK) == date(2026, 1, 5)


def test_the_first_and_last_days_that_there_are_can_be_written_and_read():
    for day in (date.min, date.max):
        for zone in ZONES:
            assert abs(moment_day(day_ms(day, zone), zone) - day) <= timedelta(days=1)


@given(st.integers(0, 4_000_000_000_000))
def test_an_instant_is_exact_to_the_millisecond_as_text_and_number(ms):
    found = moment(str(ms))
    assert found == moment(ms)
    assert (found - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1) == ms


@pytest.mark.parametrize("value", [None, ""])
def test_no_time_is_none(value):
    assert milliseconds(value) is None
    assert moment(value) is None
    assert hours(value) is None


@pytest.mark.parametrize("value", ["soon", {}, [], True, "1e999", 10**20])
def test_a_time_that_is_none_breaks_the_contract(value):
    with pytest.raises(ProviderError):
        moment(value)


def test_an_estimate_comes_as_number_text_or_nothing():
    assert hours(8_640_000) == hours("8640000") == 2.4
    assert hours(0) is None


def test_a_zone_that_is_unknown_or_missing_is_utc():
    assert zone_of({"timezone": "Mars/Olympus"}) is UTC
    assert zone_of({}) is UTC
    assert zone_of({"timezone": "Asia/Kolkata"}) == ZoneInfo("Asia/Kolkata")


# choices


@pytest.mark.parametrize(
    ("name", "kind", "unified"),
    [
        ("to do", "open", "todo"),
        ("anything", "open", "todo"),
        ("later", "unstarted", "todo"),
        ("in progress", "custom", "in_progress"),
        ("design", "custom", "in_progress"),
        ("blocked", "custom", "blocked"),
        ("on hold", "custom", "blocked"),
        ("shipped", "done", "completed"),
        ("complete", "closed", "completed"),
        ("cancelled", "closed", "cancelled"),
        ("rejected", "done", "cancelled"),
    ],
)
def test_a_status_reads_by_its_type_then_by_its_name(name, kind, unified):
    document = {"id": "x", "status": name, "type": kind, "orderindex": 0, "color": "#111111"}
    assert merged_statuses([[document]], {})[0].status == unified
    assert to_task(task(status=document), reading()).status == unified


def test_statuses_of_several_lists_are_one_by_name_in_the_order_of_the_first():
    other = [
        {"id": "q1", "status": "TO DO", "type": "open"},
        {"id": "q2", "status": "review", "type": "custom"},
    ]
    found = merged_statuses([list(reversed(STATUSES)), other], {"review": "blocked"})
    assert [one.name for one in found] == ["to do", "in progress", "complete", "review"]
    assert [one.id for one in found] == [one.name for one in found]
    assert found[-1].status == "blocked"
    assert [one.is_closed for one in found] == [False, False, True, False]


def test_lowest_is_written_as_low_and_unknown_ones_are_refused():
    known = priorities({})
    assert [priority_named(one, known).id for one in ("lowest", "low", "medium", "high", "highest")] == list(
        "44321"
    )
    assert priority_named("URGENT", known).name == "urgent"
    assert priority_named("3", known).name == "normal"
    with pytest.raises(ValidationError) as caught:
        priority_named("asap", known)
    assert "urgent" in caught.value.fields["priority"]


@pytest.mark.parametrize(
    "value", [{"id": "3", "priority": "normal", "orderindex": "3"}, {"id": 3}, 3, "3", "normal"]
)
def test_a_priority_reads_in_all_its_forms(value):
    found = to_task(task(priority=value), reading())
    assert (found.priority, found.priority_name) == ("medium", "normal")


def test_types_are_the_two_of_the_vendor_and_the_workspace_s():
    found = to_types([{"id": 1300, "name": "Bug"}, {"id": 1, "name": "Own milestone"}, {"name": "none"}])
    assert [(one.id, one.name) for one in found] == [("0", "Task"), ("1", "Milestone"), ("1300", "Bug")]
    assert type_named("bug", found) is type_named("1300", found) is found[2]
    assert type_named("Epic", found) is None
    assert found[1].is_milestone


# people


def test_people_without_a_name_are_called_by_their_address():
    invited = {
        "id": 184,
        "username": None,
        "email": "mia@example.com",
        "color": None,
        "role": 4,
        "date_joined": None,
    }
    found = to_user(invited)
    assert (found.name, found.username, found.is_admin, found.created_at) == (
        "mia@example.com",
        None,
        False,
        None,
    )
    assert to_user({"id": 1}).name == "1"
    assert from_user({"name": "Mia"}, invited) == {"username": "Mia", "admin": False}
    assert from_user({}, {"id": 1, "username": "A", "role": 1, "custom_role": {"id": 5}}) == {
        "username": "A",
        "admin": True,
        "custom_role_id": 5,
    }


# places


def test_a_space_is_a_project_and_is_written_as_it_was():
    document = {
        "id": "790",
        "name": "Mars",
        "private": True,
        "color": None,
        "features": {"tags": {"enabled": True}},
        "multiple_assignees": True,
        "archived": False,
        "statuses": [],
    }
    found = to_project(document, "space", UTC)
    assert (found.id, found.name, found.is_public, found.status) == ("790", "Mars", False, "active")
    body = from_space({"name": "Venus", "is_public": True}, document)
    assert body == {
        "name": "Venus",
        "private": False,
        "features": {"tags": {"enabled": True}},
        "multiple_assignees": True,
    }


def test_a_list_is_a_project_with_dates_owner_and_priority():
    document = {
        "id": "124",
        "name": "L",
        "content": "text",
        "due_date": str(day_ms(date(2026, 3, 5), NEW_YORK)),
        "start_date": None,
        "priority": {"priority": "high", "color": "#f00"},
        "assignee": {"id": 183},
        "archived": True,
    }
    found = to_project(document, "list", NEW_YORK)
    assert (found.description, found.end_date, found.priority, found.owner_id) == (
        "text",
        date(2026, 3, 5),
        "high",
        "183",
    )
    assert found.is_archived
    assert found.status == "archived"
    cleared = from_list(
        {"description": None, "end_date": None, "priority": None, "owner_id": None}, "L", NEW_YORK
    )
    assert cleared == {"name": "L", "content": " ", "due_date": None, "priority": None, "assignee": "none"}
    assert to_project({**document, "content": " "}, "list", NEW_YORK).description is None


# sprints


@given(DAYS, st.integers(0, 700), st.booleans(), st.booleans())
def test_the_dates_of_a_sprint_come_back_out_of_its_name(start, length, day_first, with_end):
    end = start + timedelta(days=length)
    name = name_with_dates("Sprint 7", start, end, day_first=day_first)
    assert plain_name(name) == "Sprint 7"
    if length <= 360:
        assert dates_in_name(name, start, end=end, day_first=day_first) == (start, end)
    alone = name_with_dates(name, start, None, day_first=day_first)
    assert dates_in_name(alone, TODAY, day_first=day_first) == (start, None)
    assert name_with_dates(alone, None, end) == "Sprint 7"
    assert name_with_dates(name, start, end, day_first=day_first) == name


def test_a_name_as_the_vendor_writes_it_tells_the_dates_nearest_to_today():
    assert dates_in_name("Sprint 1 (2/5 - 2/18)", TODAY) == (date(2026, 2, 5), date(2026, 2, 18))
    assert dates_in_name("Sprint 9 (12/24 - 1/6)", date(2026, 1, 2)) == (date(2025, 12, 24), date(2026, 1, 6))
    assert dates_in_name("S (5/2 - 18/2)", TODAY, day_first=True) == (date(2026, 2, 5), date(2026, 2, 18))


@pytest.mark.parametrize(
    "name", ["Sprint 1", "S (13/45 - 1/2)", "S (2/30 - 3/5)", "(a - b)", "S (2/5 - 2/18) x"]
)
def test_other_names_tell_no_dates(name):
    assert dates_in_name(name, TODAY) == (None, None)
    assert plain_name("(2/5 - 2/18)") == "(2/5 - 2/18)"


def test_the_dates_of_the_list_go_before_those_of_the_name():
    reading_ = SprintReading(zone=NEW_YORK, today=TODAY)
    document = {
        "id": "1",
        "name": "Sprint 1 (2/5 - 2/18)",
        "due_date": str(day_ms(date(2026, 3, 20), NEW_YORK)),
    }
    found = to_sprint(document, "790", reading_)
    assert (found.name, found.start_date, found.end_date) == ("Sprint 1", date(2026, 2, 5), date(2026, 3, 20))
    assert found.status == "active"
    both = {**document, "start_date": str(day_ms(date(2026, 3, 12), NEW_YORK)), "content": "g"}
    assert to_sprint(both, "790", reading_).status == "planned"
    assert to_sprint({**both, "archived": True}, "790", reading_).status == "closed"


def test_a_sprint_stands_where_its_dates_say():
    a, b = date(2026, 3, 1), date(2026, 3, 14)
    days = [date(2026, 2, 28), a, b, date(2026, 3, 15)]
    assert [sprint_status(a, b, one, archived=False) for one in days] == [
        "planned",
        "active",
        "active",
        "closed",
    ]
    assert sprint_status(None, None, TODAY, archived=False) == "planned"


def test_which_lists_are_sprints_is_a_convention():
    sprints, other = {"id": "1", "name": "Team SPRINTS"}, {"id": "2", "name": "Other"}
    assert RULE.is_folder(sprints)
    assert not RULE.is_folder(other)
    named = SprintRule(folder_ids=("2",))
    assert named.is_folder(other)
    assert not named.is_folder(sprints)
    of_folders = SprintRule(level="folder")
    assert not of_folders.is_folder(sprints)
    assert of_folders.is_list({"name": "Sprint 4"}, other)
    assert not of_folders.is_list({"name": "Sprint 4"}, {"name": "hidden", "hidden": True})


# custom fields


def field(kind: str, **config: Any) -> dict[str, Any]:
    return {"id": UUID, "name": "F", "type": kind, "type_config": config}


OPTIONS = [{"id": "u1", "name": "Red", "orderindex": 0}, {"id": "u2", "name": "Blue", "orderindex": 1}]
LABELS = [{"id": "l1", "label": "One"}, {"id": "l2", "label": "Two"}]
NOON = day_ms(date(2026, 3, 5), NEW_YORK)


@pytest.mark.parametrize(
    ("document", "asked", "wire", "came", "read"),
    [
        (field("drop_down", options=OPTIONS), "blue", {"value": "u2"}, 1, "Blue"),
        (field("drop_down", options=OPTIONS), "u1", {"value": "u1"}, 0, "Red"),
        (
            field("labels", options=LABELS),
            ["Two", "l1"],
            {"value": ["l2", "l1"]},
            ["l2", "l1"],
            ["Two", "One"],
        ),
        (field("users"), ["183"], {"value": {"add": [183], "rem": []}}, [{"id": 183}], ["183"]),
        (field("tasks"), ["86a"], {"value": {"add": ["86a"], "rem": []}}, [{"id": "86a"}], ["86a"]),
        (field("number"), 2.5, {"value": 2.5}, "2.5", 2.5),
        (field("currency"), 3.0, {"value": 3.0}, "3", 3),
        (
            field("date"),
            date(2026, 3, 5),
            {"value": NOON, "value_options": {"time": False}},
            str(NOON),
            date(2026, 3, 5),
        ),
        (field("checkbox"), True, {"value": True}, "true", True),
        (field("checkbox"), False, {"value": False}, "false", False),
        (field("emoji", count=5), 4, {"value": 4}, "4", 4),
        (
            field("manual_progress", start=0, end=100),
            40.0,
            {"value": {"current": 40.0}},
            {"current": "40"},
            40,
        ),
        (field("short_text"), "x", {"value": "x"}, "x", "x"),
        (field("text"), "a\nb", {"value": "a\nb"}, "a\nb", "a\nb"),
        (field("url"), "https://x", {"value": "https://x"}, "https://x", "https://x"),
    ],
)
def test_what_is_written_and_what_is_read_of_each_type(document, asked, wire, came, read):
    known = to_custom_field(document)
    checked = known.checked(asked)
    assert known.wire(checked, None, NEW_YORK) == wire
    assert known.initial(checked, NEW_YORK) == {"id": UUID, **wire}
    assert read_custom([{**document, "value": came}], NEW_YORK, {}) == {"F": read}
    assert checked == read


@pytest.mark.parametrize(
    ("document", "value"),
    [
        (field("drop_down", options=OPTIONS), "Green"),
        (field("labels", options=LABELS), "One"),
        (field("labels", options=LABELS), ["Three"]),
        (field("users"), ["ada"]),
        (field("number"), "many"),
        (field("emoji", count=5), 6),
        (field("manual_progress", start=0, end=10), 11.0),
        (field("date"), "soon"),
        (field("checkbox"), "yes"),
        (field("location"), "Berlin"),
        (field("formula"), 1),
        (field("automatic_progress"), 50),
    ],
)
def test_what_a_field_cannot_hold_is_refused_by_its_name(document, value):
    with pytest.raises(ValidationError) as caught:
        to_custom_field(document).checked(value)
    assert list(caught.value.fields) == ["custom_fields.F"]


def test_people_of_a_field_are_written_as_a_difference():
    known = to_custom_field(field("users"))
    assert known.wire(["2", "3"], ["1", "2"], UTC) == {"value": {"add": [3], "rem": [1]}}


def test_an_option_in_a_delivery_is_its_uuid_and_an_unknown_one_stays():
    document = field("drop_down", options=OPTIONS)
    assert read_custom([{**document, "value": "u2"}], UTC, {}) == {"F": "Blue"}
    assert read_custom([{**document, "value": 7}], UTC, {}) == {"F": "7"}


def test_fields_that_are_not_set_are_left_out_and_two_of_one_name_are_told_apart():
    one, two = {**field("number"), "value": "1"}, {**field("number"), "id": "11111111-2", "value": "2"}
    assert read_custom([one, two, field("text"), {**field("users"), "value": []}], UTC, {}) == {
        "F": 1,
        "F [11111111]": 2,
    }


def test_a_field_of_discovery():
    found = to_field({**field("labels", options=LABELS), "required": True})
    assert (found.type, found.is_multiple, found.allowed_values, found.is_required) == (
        "choice",
        True,
        ("One", "Two"),
        True,
    )
    assert not to_field(field("formula")).is_writable


# tasks


def test_a_task_reads_whole():
    found = to_task(
        task(
            custom_id="DEV-42",
            custom_item_id=1,
            markdown_description="**b**",
            description="b",
            assignees=[{"id": 183}, {"id": 184}],
            tags=[{"name": "bug", "tag_fg": "#fff"}],
            parent="86p",
            due_date=str(NOON),
            start_date=NOON,
            points=3,
            time_estimate="8640000",
            time_spent=3_600_000,
            date_done="1767607200000",
            custom_fields=[{**field("number"), "value": "1"}],
        ),
        reading(),
    )
    assert found.description == "**b**"
    assert found.key == "DEV-42"
    assert found.type == "Milestone"
    assert (found.assignee_id, found.assignee_ids) == ("183", ["183", "184"])
    assert found.label_ids == ["bug"]
    assert found.parent_task_id == "86p"
    assert found.due_date == found.start_date == date(2026, 3, 5)
    assert (found.story_points, found.estimated_hours, found.actual_hours) == (3.0, 2.4, 1.0)
    assert found.completed_at == found.updated_at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert found.created_at == datetime(2026, 1, 5, 9, tzinfo=UTC)
    assert (found.project_id, found.sprint_id) == ("790", None)
    assert found.custom_fields == {"F": 1}
    assert found.raw_data["id"] == found.id


def test_a_task_that_lacks_nearly_everything_still_reads():
    found = to_task({"id": "9hx", "name": "T", "space": {"id": 7}}, reading(keep_raw=False))
    assert (found.id, found.project_id, found.status, found.type) == ("9hx", "7", None, "Task")
    assert found.raw_data is None


def test_the_project_is_the_space_the_folder_or_the_home_list():
    document = task(folder=None, project={"id": "6"})
    assert [to_task(document, reading(level=one)).project_id for one in ("space", "folder", "list")] == [
        "790",
        "6",
        "124",
    ]


def test_the_sprint_is_the_home_list_in_a_sprint_folder_or_one_of_the_others():
    home = task(list={"id": "5", "name": "Sprint 5"}, folder={"id": "6", "name": "Sprints"})
    assert to_task(home, reading()).sprint_id == "5"
    extra = task(locations=[{"id": "8", "name": "Other"}, {"id": "9", "name": "Sprint 9"}])
    assert to_task(extra, reading()).sprint_id is None
    assert to_task(extra, reading(sprint_ids={"9"})).sprint_id == "9"


@given(
    st.dictionaries(st.sampled_from(["due_date", "start_date"]), st.none() | DAYS),
    st.none() | st.text(min_size=1, max_size=20),
    st.none() | st.floats(0.001, 10_000),
    st.sampled_from(ZONES),
)
def test_what_is_written_is_what_is_read(days, text, length, zone):
    fields = {**days, "description": text, "estimated_hours": length}
    body = from_task(fields, zone)
    assert all(body[f"{one}_time"] is False for one, day in days.items() if day is not None)
    shown = {**body, "markdown_description": body.get("markdown_content", body.get("description"))}
    found = to_task(task(**shown), reading(zone=zone))
    assert all(getattr(found, one) == day for one, day in days.items())
    assert (found.description or "") == (text if (text or "").strip() else "")
    if length is not None:
        assert abs((found.estimated_hours or 0) - length) < 0.001
    else:
        assert body["time_estimate"] is None


def test_a_text_is_cleared_with_a_blank():
    assert from_task({"description": None}, UTC) == {"description": " "}
    assert from_task({"description": "  "}, UTC) == {"description": " "}
    assert from_task({"description": "x"}, UTC) == {"markdown_content": "x"}


def test_null_clears_and_what_is_absent_is_untouched():
    assert from_task({"due_date": None, "priority": None, "story_points": None}, UTC) == {
        "due_date": None,
        "priority": None,
        "points": None,
    }
    assert from_task({"priority": PRIORITIES[0].id, "type": "1300"}, UTC) == {
        "priority": 4,
        "custom_item_id": 1300,
    }
