"""Mapping: what is written reads back equal, for every native field, over odd values."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_providers import ProviderError, ValidationError
from pm_providers.providers.openproject.mapping import hal
from pm_providers.providers.openproject.mapping.choices import (
    to_priorities,
    to_status,
    to_types,
)
from pm_providers.providers.openproject.mapping.custom_fields import CustomField, Option, to_custom_field
from pm_providers.providers.openproject.mapping.parts import (
    from_time_entry,
    lag_name_of_version,
    relation_type_to_write,
    relation_write,
    to_relation,
    to_time_entry,
)
from pm_providers.providers.openproject.mapping.people import from_user
from pm_providers.providers.openproject.mapping.projects import ProjectReading, from_project, to_project
from pm_providers.providers.openproject.mapping.sprints import from_sprint, version_to_sprint
from pm_providers.providers.openproject.mapping.tasks import TaskReading, from_task, to_task
from pm_providers.toolkit.choices import preferred_first

READING = TaskReading(status=lambda key, name: (key, name), priority=lambda key, name: (key, name))
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=300)
LINE = TEXT.map(lambda text: text.replace("\n", " ").replace("\r", " ")).filter(str.strip)
DATES = st.none() | st.dates() | st.sampled_from([date.min, date.max, date(2024, 2, 29)])
HOURS = st.none() | st.integers(0, 360_000_000).map(lambda seconds: seconds / 3600)
IDS = st.none() | st.integers(1, 10**17).map(str)


def served(body: dict[str, Any], kind: str, **more: Any) -> dict[str, Any]:
    """The document that a server keeping everything would answer with."""
    texts = {key: {"format": "markdown", "raw": value["raw"], "html": ""} for key, value in body.items()
             if isinstance(value, dict) and "raw" in value}  # fmt: skip
    return {**body, **texts, "_type": kind, "id": 7, "_links": {**body.get("_links", {}), **more}}


@given(
    fields=st.fixed_dictionaries(
        {},
        optional={
            "title": LINE,
            "description": st.none() | TEXT,
            "start_date": DATES,
            "due_date": DATES,
            "estimated_hours": HOURS,
            "remaining_hours": HOURS,
            "progress": st.none() | st.integers(0, 100),
            "story_points": st.none() | st.integers(0, 9999).map(float),
            "parent_task_id": IDS,
            "assignee_id": IDS,
            "sprint_id": IDS | st.integers(1, 10**17).map("sprints/{}".format),
            "project_id": IDS,
            "label_ids": st.lists(st.integers(1, 10**17).map(str), max_size=1),
        },
    ),
    several=st.booleans(),
    before=st.sampled_from([{}, {"sprint": {"href": "/api/v3/sprints/9"}}]),
)
def test_task_round_trip(fields, several, before):
    body = from_task(fields, milestone=False, target_versions=several, leave_native=bool(before))
    links = {**before, **body.get("_links", {})}
    task = to_task(served(body, "WorkPackage", **links), READING)
    for name, value in fields.items():
        got = getattr(task, name)
        if isinstance(value, float):
            assert got == pytest.approx(value, abs=1e-9)
        else:
            assert (got or None) == (value or None), name


@given(day=st.dates(), other=DATES)
def test_milestone_round_trip(day, other):
    body = from_task({"due_date": day, "start_date": other}, milestone=True)
    assert set(body) == {"date"}
    task = to_task(served(body, "WorkPackage"), READING)
    assert (task.start_date, task.due_date) == (day, day)


@given(hours=st.floats(0, 10_000_000))
def test_durations_are_whole_seconds(hours):
    assert hal.hours(hal.duration(hours)) == pytest.approx(hours, abs=0.51 / 3600)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("PT0S", 0),
        ("P1DT16H", 40),
        ("P7D", 168),
        ("PT07H42M", 7.7),
        ("P11D", 264),
        ("PT1H30M45S", 5445 / 3600),
        ("P1W", 168),
    ],
)
def test_durations_of_the_vendor(text, hours):
    assert hal.hours(text) == pytest.approx(hours)


@pytest.mark.parametrize("text", ["P1M", "P1Y", "8h", "1.5", 5, [], "P"])
def test_odd_durations_are_refused(text):
    with pytest.raises(ProviderError):
        hal.hours(text)


@pytest.mark.parametrize("value", ["tomorrow", "2026-02-30", 5, "2026-13-01", {}])
def test_odd_dates_are_refused(value):
    with pytest.raises(ProviderError):
        hal.day(value)


def test_dates_beyond_ours():
    assert hal.day("10000-01-01") == date.max
    assert hal.day("-0044-03-15") == date.min
    assert hal.day("0000-03-15") == date.min
    assert hal.day(None) is None


@given(
    fields=st.fixed_dictionaries(
        {"name": LINE},
        optional={
            "description": st.none() | TEXT,
            "status_note": st.none() | TEXT,
            "key": st.from_regex(r"[a-z][a-z0-9_-]{0,30}", fullmatch=True),
            "is_public": st.booleans(),
            "parent_project_id": IDS,
            "status": st.none() | st.sampled_from(["on_track", "at_risk", "finished"]),
        },
    )
)
def test_project_round_trip(fields):
    body = from_project(fields)
    project = to_project(served(body, "Project"), ProjectReading(status=lambda code: code))
    for name, value in fields.items():
        assert (getattr(project, name) or None) == (value or None), name


@given(
    fields=st.fixed_dictionaries(
        {"name": LINE, "project_id": st.just("4")},
        optional={"goal": st.none() | TEXT, "start_date": DATES, "end_date": DATES},
    )
)
def test_sprint_round_trip(fields):
    body = from_sprint(fields, create=True)
    sprint = version_to_sprint(served(body, "Version"), today=date(2026, 1, 1))
    for name, value in fields.items():
        assert (getattr(sprint, name) or None) == (value or None), name


@given(
    hours=st.integers(1, 36_000_000).map(lambda seconds: seconds / 3600),
    day=st.dates(),
    comment=st.none() | LINE,
    link=st.sampled_from(["entity", "workPackage"]),
)
def test_time_entry_round_trip(hours, day, comment, link):
    fields = {"hours": hours, "spent_on": day, "comment": comment, "task_id": "12", "user_id": "4"}
    entry = to_time_entry(served(from_time_entry(fields, entity_link=link), "TimeEntry"))
    assert entry.hours == pytest.approx(hours, abs=1e-9)
    assert (entry.spent_on, entry.comment or None, entry.task_id, entry.user_id) == (
        day,
        comment or None,
        "12",
        "4",
    )


@pytest.mark.parametrize("kind", ["relates", "blocks", "precedes", "duplicates", "includes", "requires"])
@pytest.mark.parametrize("name", ["lag", "delay"])
def test_relation_round_trip(kind, name):
    fields = {"from_task_id": "1", "to_task_id": "2", "type": kind, "description": "why"}
    lag = 2 if kind == "precedes" else None
    source, body = relation_write({**fields, "lag_days": lag}, (name,))
    assert {"lag", "delay"} & body.keys() == {name}
    assert body["_links"]["from"] == {"href": f"/api/v3/work_packages/{source}"}
    relation = to_relation({**body, "id": 5})
    assert (relation.from_task_id, relation.type, relation.to_task_id) == ("1", kind, "2")
    assert (relation.lag_days, relation.description) == (lag, "why")


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("13.4.1", "delay"),
        ("14.0.0", "lag"),
        ("17.6", "lag"),
        ("9", "delay"),
        (None, None),
        ("", None),
        ("x.1", None),
    ],
)
def test_the_name_of_a_lag_goes_by_the_version(version, name):
    assert lag_name_of_version(version) == name


def test_the_type_of_a_stored_relation_is_changed_from_its_own_side():
    """Recorded 16-…: steps 37, 38: the word counts from the stored `from`, a reversed one swaps the ends."""
    assert relation_type_to_write({"type": "relates"}, "blocks") == "blocks"
    assert relation_type_to_write({"type": "follows"}, "blocks") == "blocked"
    assert relation_type_to_write({"type": "follows"}, "precedes") == "follows"
    assert relation_type_to_write({"type": "blocks"}, "precedes") == "precedes"
    assert relation_type_to_write({"type": "follows"}, "relates") == "relates"


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "text",
        {},
        {"id": 1},
        {"id": 1, "_links": None},
        {"id": None, "_links": {}},
        {"id": True, "_links": {}},
        {"id": 1, "_links": {}, "description": None},
        {"id": 1, "_links": {}, "description": "text"},
        {"id": 1, "_links": {}, "description": {"raw": 5}},
        {"id": 1, "_links": {}, "lockVersion": "x"},
        {"id": 1, "_links": {}, "updatedAt": "yesterday"},
        {"id": 1, "_links": {}, "estimatedTime": 5},
        {"id": 1, "_links": {}, "dueDate": "soon"},
    ],
)
def test_null_where_an_object_was_expected_is_an_error(document):
    with pytest.raises(ProviderError):
        to_task(document, READING)


@pytest.mark.parametrize(
    ("href", "one"),
    [
        ("/api/v3/users/5", "5"),
        ("/op/api/v3/users/5", "5"),
        ("https://op.example/api/v3/users/5", "5"),
        ("/api/v3/time_entries/activities/3", "3"),
        ("urn:openproject-org:api:v3:undisclosed", None),
        (None, None),
        (5, None),
        ("", None),
    ],
)
def test_ids_of_hrefs(href, one):
    assert hal.href_id(href) == one


def test_an_undisclosed_parent_is_none():
    links = {"parent": {"href": "urn:openproject-org:api:v3:undisclosed", "title": "Undisclosed"}}
    project = to_project({"id": 1, "_links": links}, ProjectReading(status=lambda code: code))
    assert project.parent_project_id is None


def status(name: str, *, closed: bool = False, default: bool = False) -> str:
    return to_status({"id": 1, "name": name, "isClosed": closed, "isDefault": default, "_links": {}}).status


@pytest.mark.parametrize(
    ("name", "closed", "default", "meaning"),
    [
        ("New", False, True, "todo"),
        ("In progress", False, False, "in_progress"),
        ("On hold", False, False, "blocked"),
        ("Closed", True, False, "completed"),
        ("Rejected", True, False, "cancelled"),
        ("Erledigt", True, False, "completed"),
        ("Resolved", False, False, "in_progress"),
        ("Irgendwas", False, False, "in_progress"),
        ("Irgendwas", False, True, "todo"),
        ("In progress", True, False, "completed"),
    ],
)
def test_what_a_status_means(name, closed, default, meaning):
    assert status(name, closed=closed, default=default) == meaning


def test_the_plainest_status_of_a_meaning_comes_first():
    names = ["In specification", "Confirmed", "In progress", "Tested", "On hold"]
    found = preferred_first(
        [to_status({"id": n, "name": name, "_links": {}}) for n, name in enumerate(names, 1)]
    )
    assert next(one.name for one in found if one.status == "in_progress") == "In progress"


def test_priorities_without_telling_names_are_read_by_place():
    found = to_priorities([{"id": n, "name": f"P{n}", "position": 6 - n, "_links": {}} for n in range(1, 6)])
    assert [(one.id, one.priority) for one in found] == [
        ("5", "lowest"), ("4", "low"), ("3", "medium"), ("2", "high"), ("1", "highest"),
    ]  # fmt: skip


def test_the_first_type_by_position_is_the_default():
    found = to_types(
        [
            {"id": 2, "name": "B", "position": 2, "_links": {}},
            {"id": 1, "name": "A", "position": 1, "_links": {}},
        ]
    )
    assert [(one.name, one.is_default) for one in found] == [("A", True), ("B", False)]


OPTIONS = (Option("/api/v3/custom_options/1", "Red"), Option("/api/v3/custom_options/2", "Green"))
LIST = CustomField("customField1", "Colour", "choice", linked=True, options=OPTIONS)
MULTI = CustomField("customField2", "Platforms", "choice", multiple=True, linked=True, options=OPTIONS)


def custom(kind: str) -> CustomField:
    return to_custom_field("customField9", {"type": kind, "name": "X", "writable": True})


@pytest.mark.parametrize(
    ("field", "value", "wire"),
    [
        (LIST, "red", {"href": "/api/v3/custom_options/1"}),
        (LIST, "2", {"href": "/api/v3/custom_options/2"}),
        (LIST, None, {"href": None}),
        (
            MULTI,
            ["Green", "Red"],
            [{"href": "/api/v3/custom_options/2"}, {"href": "/api/v3/custom_options/1"}],
        ),
        (MULTI, "Green", [{"href": "/api/v3/custom_options/2"}]),
        (MULTI, None, []),
        (custom("String"), "x", "x"),
        (custom("String"), None, None),
        (custom("Formattable"), "x", {"raw": "x"}),
        (custom("Formattable"), None, {"raw": ""}),
        (custom("Integer"), 5, 5),
        (custom("Float"), 5, 5.0),
        (custom("Boolean"), False, False),
        (custom("Date"), "2026-01-02", "2026-01-02"),
        (custom("Date"), date(2026, 1, 2), "2026-01-02"),
        (custom("Link"), "https://x", "https://x"),
        (custom("User"), "5", {"href": "/api/v3/users/5"}),
        (custom("Version"), 5, {"href": "/api/v3/versions/5"}),
        (custom("[]User"), ["5", "6"], [{"href": "/api/v3/users/5"}, {"href": "/api/v3/users/6"}]),
    ],
)
def test_custom_values_round_trip(field, value, wire):
    checked = field.checked(value)
    assert field.write(checked) == wire
    holder = (
        {"_links": {field.key: _titled(wire)}} if field.linked else {field.key: _served(wire), "_links": {}}
    )
    assert field.read(holder) == checked


def _titled(wire: Any) -> Any:
    names = {one.href: one.name for one in OPTIONS}
    if isinstance(wire, list):
        return [_titled(one) for one in wire]
    return {**wire, "title": names.get(wire["href"])}


def _served(wire: Any) -> Any:
    return {"format": "markdown", "html": "", **wire} if isinstance(wire, dict) else wire


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (LIST, "Blue"),
        (LIST, ["Red", "Green"]),
        (MULTI, ["Red", "Blue"]),
        (custom("String"), 5),
        (custom("Integer"), "5"),
        (custom("Integer"), 1.5),
        (custom("Integer"), True),
        (custom("Float"), "x"),
        (custom("Boolean"), "yes"),
        (custom("Date"), "24.12.2026"),
        (custom("User"), "5; x"),
        (to_custom_field("customField9", {"type": "String", "name": "X", "writable": False}), "x"),
    ],
)
def test_custom_values_that_cannot_be_held_are_refused(field, value):
    with pytest.raises(ValidationError, match=r"custom_fields\."):
        field.checked(value)


def test_names_of_one_word_are_refused():
    assert from_user({"name": "Dave van Dürer"}) == {"firstName": "Dave van", "lastName": "Dürer"}
    with pytest.raises(ValidationError, match="first and a last name"):
        from_user({"name": "Dave"})
    with pytest.raises(ValidationError, match="by e-mail"):
        from_user({"name": "Dave Dürer"}, invite=True)


def test_story_points_are_whole():
    with pytest.raises(ValidationError, match="whole number"):
        from_task({"story_points": 2.5}, milestone=False)
