"""The mapping: values both ways, and what no document may do to it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_providers.errors import PMError, ProviderError, ValidationError
from pm_providers.model import PMStatus, TaskStatus
from pm_providers.providers.asana.mapping.choices import (
    COMPLETED,
    book_order,
    section_statuses,
    task_status,
    to_priorities,
    type_statuses,
    with_completed,
)
from pm_providers.providers.asana.mapping.custom_fields import (
    FieldInfo,
    Option,
    find_field,
    read_value,
    to_field_info,
    unique_names,
    write_values,
)
from pm_providers.providers.asana.mapping.dates import planned_dates, task_dates
from pm_providers.providers.asana.mapping.people import to_user
from pm_providers.providers.asana.mapping.projects import (
    SEPARATOR,
    SprintPlace,
    from_project,
    from_sprint,
    sprint_place,
    to_project,
    to_sprint,
)
from pm_providers.providers.asana.mapping.tasks import (
    Conventions,
    TaskReading,
    from_task,
    is_task,
    number_value,
    to_task,
)
from pm_providers.providers.asana.mapping.texts import read_text, same_text, write_text
from pm_providers.providers.asana.mapping.values import is_gid

DAY, LATER = date(2026, 3, 5), date(2026, 3, 9)
COLORS = FieldInfo("7", "Color", "enum", options=(Option("71", "Red"), Option("72", "Blue", enabled=False)))


# tasks

TASK = {
    "gid": "12001",
    "resource_type": "task",
    "resource_subtype": "default_task",
    "name": "T",
    "html_notes": "<body><strong>b</strong></body>",
    "completed": False,
    "completed_at": None,
    "due_on": "2026-01-31",
    "due_at": None,
    "start_on": None,
    "created_at": "2026-01-09T08:00:00.000Z",
    "modified_at": "2026-01-10T08:00:00.123Z",
    "assignee": {"gid": "9"},
    "parent": None,
    "memberships": [
        {"project": {"gid": "900"}, "section": {"gid": "901", "name": "Untitled section"}},
        {"project": {"gid": "77"}, "section": {"gid": "501", "name": "Doing"}},
    ],
    "tags": [{"gid": "3", "name": "bug"}],
    "custom_fields": [
        {
            "gid": "55",
            "name": "Priority",
            "resource_subtype": "enum",
            "enum_value": {"gid": "551", "name": "High"},
            "display_value": "High",
        },
        {
            "gid": "56",
            "name": "Estimated time",
            "resource_subtype": "number",
            "format": "duration",
            "number_value": 90,
        },
        {"gid": "57", "name": "Story points", "resource_subtype": "number", "number_value": 5},
        {
            "gid": "58",
            "name": "Ticket",
            "resource_subtype": "text",
            "representation_type": "custom_id",
            "display_value": "ENG-42",
        },
        {"gid": "59", "name": "Note", "resource_subtype": "text", "text_value": "n"},
        {"gid": "60", "name": "Note", "resource_subtype": "text", "text_value": "m"},
    ],
    "num_subtasks": 0,
    "permalink_url": "https://app.asana.com/0/77/12001",
    "created_by": {"gid": "8"},
    "actual_time_minutes": 30,
}
READING = TaskReading(
    sprints={"900": SprintPlace("900", "77", False, {"gid": "900"})},
    statuses={"501": PMStatus("501", "Doing", "in_progress")},
    priority=lambda one, name: {"551": "high"}.get(one),
    conventions=Conventions("priority", "estimated time", "story points"),
)


def test_a_task() -> None:
    task = to_task(TASK, READING)
    assert (task.id, task.title, task.description) == ("12001", "T", "**b**")
    assert (task.status, task.status_name) == ("in_progress", "Doing")
    assert (task.priority, task.priority_name, task.key) == ("high", "High", "ENG-42")
    assert (task.project_id, task.sprint_id, task.assignee_id, task.author_id) == ("77", "900", "9", "8")
    assert (task.estimated_hours, task.actual_hours, task.story_points) == (1.5, 0.5, 5.0)
    assert (task.due_date, task.start_date) == (date(2026, 1, 31), None)
    assert task.updated_at == datetime(2026, 1, 10, 8, 0, 0, 123000, UTC)
    assert task.label_ids == ["3"]
    assert task.custom_fields == {"Note (59)": "n", "Note (60)": "m"}
    assert task.type == "Task"


def test_the_project_that_is_listed_is_the_tasks_own() -> None:
    document = {**TASK, "memberships": [{"project": {"gid": "1"}}, {"project": {"gid": "2"}}]}
    assert to_task(document, TaskReading(project="2")).project_id == "2"
    assert to_task(document, TaskReading()).project_id == "1"
    assert to_task(document, TaskReading(project="3")).project_id == "1"


def test_a_subtask_has_the_project_of_what_is_above_it() -> None:
    document = {**TASK, "memberships": [], "parent": {"gid": "5"}}
    task = to_task(document, TaskReading(homes={"5": "77"}))
    assert (task.project_id, task.parent_task_id, task.status, task.status_name) == ("77", "5", "todo", None)


def test_a_day_of_a_task_with_a_time_only() -> None:
    task = to_task({**TASK, "due_on": None, "due_at": "2026-02-03T04:05:06.000Z"}, READING)
    assert task.due_date == date(2026, 2, 3)


@pytest.mark.parametrize("document", [{"resource_subtype": "section"}, {"is_rendered_as_separator": True}])
def test_separators_are_no_tasks(document: dict[str, Any]) -> None:
    assert not is_task({"gid": "1", **document})


def test_a_sprint_that_is_open_comes_before_closed_ones() -> None:
    places = {one: SprintPlace(one, "77", one != "2", {"gid": one}) for one in ("1", "2", "3")}
    document = {**TASK, "memberships": [{"project": {"gid": one}} for one in ("1", "2", "3")]}
    assert to_task(document, TaskReading(sprints=places)).sprint_id == "2"
    document["memberships"] = [{"project": {"gid": one}} for one in ("1", "3")]
    assert to_task(document, TaskReading(sprints=places)).sprint_id == "3"


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(TASK)), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(TASK)), ODD, max_size=4))
def test_documents_of_any_form_are_read_or_refused(odd: dict[str, Any]) -> None:
    document = {**TASK, **odd}
    try:
        task = to_task(document, READING)
    except PMError:
        return
    assert task.id == document["gid"]


@pytest.mark.parametrize("document", [None, [], "x", {}, {"gid": 5}, {"gid": ""}])
def test_what_is_no_task(document: Any) -> None:
    with pytest.raises(ProviderError):
        to_task(document, READING)


def test_body_of_a_task() -> None:
    fields = {"title": "x", "description": None, "assignee_id": None, "type": "milestone"}
    body = {"name": "x", "html_notes": "<body></body>", "assignee": None, "resource_subtype": "milestone"}
    assert from_task(fields) == body
    assert from_task({"label_ids": ["1"]}) == {}


def test_numbers_of_estimates_are_minutes_where_the_field_is_a_duration() -> None:
    assert number_value("estimate", 1.5, duration=True) == 90
    assert number_value("estimate", 1.5, duration=False) == 1.5
    assert number_value("points", 3.0, duration=False) == 3
    assert number_value("points", None, duration=False) is None


# statuses


def _sections(*names: str) -> list[dict[str, Any]]:
    return [{"gid": str(place), "name": name} for place, name in enumerate(names, 1)]


def test_sections_mean_what_their_names_say_else_their_place() -> None:
    found = section_statuses(_sections("Ideas", "Doing", "Stage X", "Done", "Canceled"), {})
    assert [one.status for one in found] == ["todo", "in_progress", "in_progress", "completed", "cancelled"]
    assert [one.is_closed for one in found] == [False, False, False, True, True]
    assert [one.is_default for one in found] == [True, False, False, False, False]


def test_the_map_and_the_done_section_override_names() -> None:
    found = section_statuses(_sections("Ideas", "Shelf"), {"ideas": "blocked"}, "SHELF")
    assert [(one.status, one.is_closed) for one in found] == [("blocked", False), ("completed", True)]
    found = section_statuses(_sections("Done"), {"Done": "in_progress"})
    assert (found[0].status, found[0].is_closed) == ("in_progress", False)


def test_completed_is_among_the_statuses_and_comes_last_for_its_meaning() -> None:
    found = with_completed(section_statuses(_sections("To do", "Released"), {}))
    assert found[-1] is COMPLETED
    assert [one.name for one in book_order(found) if one.status == "completed"] == ["Released", "Completed"]
    named = section_statuses(_sections("completed"), {})
    assert with_completed(named) == named


@pytest.mark.parametrize("name", [None, "To do", "Done", "Canceled", "Doing"])
def test_a_task_is_done_if_and_only_if_it_is_completed(name: str | None) -> None:
    choice = section_statuses(_sections("x", name), {})[1] if name else None
    done, _ = task_status(choice, completed=True)
    open_one, _ = task_status(choice, completed=False)
    assert TaskStatus(done).is_closed
    assert not TaskStatus(open_one).is_closed


def test_status_options_of_custom_types_tell_whether_they_are_for_finished_tasks() -> None:
    options = [
        {"gid": "1", "name": "Done", "completion_state": "incomplete"},
        {"gid": "2", "name": "Whatever", "completion_state": "complete"},
        {"gid": "3", "name": "Rejected", "completion_state": "complete"},
    ]
    found = type_statuses(options, {})
    assert [one.is_closed for one in found] == [False, True, True]
    assert [one.status for one in found][1:] == ["completed", "cancelled"]


def test_priorities_are_lowest_first_however_the_field_lists_them() -> None:
    field = FieldInfo(
        "1", "Priority", "enum", options=(Option("3", "High"), Option("2", "Medium"), Option("1", "Low"))
    )
    assert [(one.name, one.priority) for one in to_priorities([field], {})] == [
        ("Low", "low"),
        ("Medium", "medium"),
        ("High", "high"),
    ]
    odd = FieldInfo(
        "1", "Priority", "enum", options=(Option("1", "P0"), Option("2", "P1"), Option("3", "P2"))
    )
    assert [(one.name, one.priority) for one in to_priorities([odd], {"P1": "low"})] == [
        ("P2", "lowest"),
        ("P1", "low"),
        ("P0", "highest"),
    ]


# custom fields


@pytest.mark.parametrize(
    ("field", "value", "wire"),
    [
        (FieldInfo("1", "F", "text"), "x", "x"),
        (FieldInfo("1", "F", "number"), 3.5, 3.5),
        (COLORS, "red", "71"),
        (COLORS, "71", "71"),
        (
            FieldInfo("1", "F", "multi_enum", options=(Option("5", "A"), Option("6", "B"))),
            ["B", "5"],
            ["6", "5"],
        ),
        (FieldInfo("1", "F", "people"), ["9", "8"], ["9", "8"]),
        (FieldInfo("1", "F", "people"), "9", ["9"]),
        (FieldInfo("1", "F", "date"), DAY, {"date": "2026-03-05"}),
        (FieldInfo("1", "F", "date"), "2026-03-05", {"date": "2026-03-05"}),
        (
            FieldInfo("1", "F", "date"),
            datetime(2026, 3, 5, 1, tzinfo=UTC),
            {"date_time": "2026-03-05T01:00:00.000Z"},
        ),
        (FieldInfo("1", "F", "reference"), ["44"], ["44"]),
        (FieldInfo("1", "F", "text"), None, None),
        (FieldInfo("1", "F", "multi_enum"), [], None),
    ],
)
def test_values_as_the_vendor_takes_them(field: FieldInfo, value: Any, wire: Any) -> None:
    assert write_values({field.name: field.checked(value)}, [field]) == {field.id: wire}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (FieldInfo("1", "F", "text"), 5),
        (FieldInfo("1", "F", "text"), "x" * 1025),
        (FieldInfo("1", "F", "number"), "5"),
        (COLORS, "Blue"),
        (COLORS, "Green"),
        (FieldInfo("1", "F", "people"), ["ada"]),
        (FieldInfo("1", "F", "date"), "soon"),
        (FieldInfo("1", "F", "date"), datetime(2026, 3, 5)),  # noqa: DTZ001 - that is the point
        (FieldInfo("1", "F", "number", representation="formula"), 1.0),
        (FieldInfo("1", "F", "text", locked=True), "x"),
        (FieldInfo("1", "F", "hologram"), "x"),
    ],
)
def test_values_that_a_field_cannot_hold_are_refused_by_name(field: FieldInfo, value: Any) -> None:
    with pytest.raises(ValidationError) as failed:
        field.checked(value)
    assert set(failed.value.fields) == {f"custom_fields.{field.name}"}


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ({"resource_subtype": "enum", "enum_value": {"gid": "1", "name": "Red"}}, "Red"),
        ({"resource_subtype": "enum", "enum_value": None}, None),
        ({"resource_subtype": "multi_enum", "multi_enum_values": [{"gid": "1", "name": "A"}]}, ["A"]),
        ({"resource_subtype": "number", "number_value": 3}, 3),
        ({"resource_subtype": "text", "text_value": "x"}, "x"),
        ({"resource_subtype": "date", "date_value": {"date": "2026-03-05", "date_time": None}}, DAY),
        ({"resource_subtype": "date", "date_value": "2026-03-05"}, DAY),
        ({"resource_subtype": "people", "people_value": [{"gid": "9"}]}, ["9"]),
        ({"resource_subtype": "people", "display_value": "Ada"}, "Ada"),
        ({"resource_subtype": "number", "representation_type": "formula", "display_value": "4"}, "4"),
        ({"resource_subtype": "hologram", "display_value": "?"}, "?"),
    ],
)
def test_values_as_records_hold_them(document: dict[str, Any], value: Any) -> None:
    info = to_field_info({"gid": "1", "name": "F", **document})
    assert read_value(document, info.subtype, info.representation) == value


@given(st.lists(st.text(max_size=3), max_size=6))
def test_names_of_fields_tell_them_apart(names: list[str]) -> None:
    found = unique_names(FieldInfo(str(place), name, "text") for place, name in enumerate(names))
    assert len({one.name for one in found}) == len(found)


def test_fields_of_conventions_are_found_by_name_or_gid_and_kind() -> None:
    fields = [FieldInfo("1", "Priority", "text"), FieldInfo("2", "priority ", "enum")]
    assert find_field(fields, "PRIORITY", ("enum",)) is fields[1]
    assert find_field(fields, "2", ("enum",)) is fields[1]
    assert find_field(fields, "", ("enum",)) is None


# dates


@pytest.mark.parametrize(
    ("fields", "before", "sent"),
    [
        ({"title": "x"}, {"due_on": "2026-03-09"}, {}),
        ({"due_date": LATER}, {}, {"due_on": "2026-03-09"}),
        ({"due_date": None}, {"due_on": "2026-03-09"}, {"due_on": None}),
        ({"start_date": DAY}, {"due_on": "2026-03-09"}, {"due_on": "2026-03-09", "start_on": "2026-03-05"}),
        ({"start_date": None}, {"due_on": "2026-03-09", "start_on": "2026-03-05"}, {"due_on": "2026-03-09", "start_on": None}),
        ({"due_date": LATER}, {"due_on": "2026-03-08", "start_on": "2026-03-05"}, {"due_on": "2026-03-09", "start_on": "2026-03-05"}),
        ({"start_date": None, "due_date": None}, {"due_on": "2026-03-08", "start_on": "2026-03-05"}, {"due_on": None, "start_on": None}),
        # the time of day stays unless the day changes
        ({"due_date": LATER}, {"due_on": "2026-03-09", "due_at": "2026-03-09T10:00:00.000Z"}, {}),
        ({"start_date": DAY}, {"due_on": "2026-03-09", "due_at": "T"}, {"due_at": "T", "start_on": "2026-03-05"}),
        ({"due_date": DAY}, {"due_on": "2026-03-09", "due_at": "T"}, {"due_on": "2026-03-05"}),
    ],
)  # fmt: skip
def test_dates_of_tasks(fields: dict[str, Any], before: dict[str, Any], sent: dict[str, Any]) -> None:
    assert task_dates(fields, before) == sent


@pytest.mark.parametrize(
    ("fields", "before", "named"),
    [
        ({"start_date": DAY}, {}, "start_date"),
        ({"start_date": DAY, "due_date": None}, {"due_on": "2026-03-09"}, "start_date"),
        ({"due_date": None}, {"due_on": "2026-03-09", "start_on": "2026-03-05"}, "due_date"),
    ],
)
def test_a_start_needs_a_due_date(fields: dict[str, Any], before: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError) as failed:
        task_dates(fields, before)
    assert set(failed.value.fields) == {named}


def test_dates_of_projects_go_together_and_are_two_days() -> None:
    both = {"start_on": "2026-03-05", "due_on": "2026-03-09"}
    assert planned_dates({"start_date": DAY, "end_date": LATER}, {}) == both
    assert planned_dates({"start_date": DAY}, {"due_on": "2026-03-09"}) == both
    assert planned_dates({"end_date": LATER}, {}) == {"due_on": "2026-03-09"}
    with pytest.raises(ValidationError) as failed:
        planned_dates({"start_date": DAY, "end_date": DAY}, {})
    assert set(failed.value.fields) == {"end_date"}
    with pytest.raises(ValidationError):
        planned_dates({"start_date": DAY}, {})
    with pytest.raises(ValidationError):
        planned_dates({"end_date": None}, both)


# projects and sprints


def test_a_project() -> None:
    project = to_project({
        "gid": "5", "name": "Mars", "html_notes": "<body>go</body>", "archived": False, "owner": {"gid": "9"},
        "start_on": "2026-03-05", "due_on": "2026-03-09", "privacy_setting": "private",
        "permalink_url": "https://x", "created_at": "2026-01-01T00:00:00.000Z",
        "custom_fields": [{"gid": "1", "name": "Goal", "type": "text", "text_value": "t"}],
    })  # fmt: skip
    assert (project.name, project.description, project.status, project.owner_id) == (
        "Mars",
        "go",
        "active",
        "9",
    )
    assert (project.start_date, project.end_date, project.is_public) == (DAY, LATER, False)
    assert project.custom_fields == {"Goal": "t"}
    assert to_project({"gid": "5", "completed": True}).status == "completed"
    assert to_project({"gid": "5", "completed": True, "archived": True}).is_archived


def test_body_of_a_project() -> None:
    fields = {"name": "x", "description": "*a*", "owner_id": "9", "is_public": False}
    assert from_project(fields) == {
        "name": "x",
        "html_notes": "<body><em>a</em></body>",
        "owner": "9",
        "privacy_setting": "private",
    }


@given(
    goal=st.sampled_from([None, "win", "**win**\n\n- a\n- b", "a\n\nb"]),
    name=st.sampled_from(["Sprint 1", "X"]),
)
def test_a_sprint_is_read_as_it_was_written(goal: str | None, name: str) -> None:
    body = from_sprint({"name": name, "goal": goal}, project="77", project_name="Mars")
    notes = body["html_notes"].removeprefix("<body>").removesuffix("</body>")
    document = {"gid": "5", **body, "notes": notes, "start_on": "2026-03-05", "due_on": "2026-03-09"}
    place = sprint_place(document, {})
    assert place is not None
    sprint = to_sprint(place, project_name="Mars", today=DAY)
    assert (sprint.name, sprint.project_id, sprint.goal) == (name, "77", goal)
    assert body["name"] == f"Mars{SEPARATOR}{name}"
    again = from_sprint({"goal": "new"}, project="77", project_name="Mars", base_html=body["html_notes"])
    assert again["html_notes"].count("pm:sprint-of=77") == 1


def test_state_of_a_sprint() -> None:
    document = {"gid": "5", "name": "S", "start_on": "2026-03-05", "due_on": "2026-03-09"}
    place = SprintPlace("5", "77", False, document)
    states = [
        to_sprint(place, project_name=None, today=one).status
        for one in (date(2026, 3, 4), DAY, date(2027, 1, 1))
    ]
    assert states == ["planned", "active", "active"]
    assert to_sprint(SprintPlace("5", "77", True, document), project_name=None, today=DAY).status == "closed"
    assert (
        to_sprint(SprintPlace("5", "77", False, {"gid": "5"}), project_name=None, today=DAY).status
        == "planned"
    )


def test_what_is_a_sprint() -> None:
    names = {"Mars": "77"}
    assert sprint_place({"gid": "5", "name": "x", "notes": "goal\npm:sprint-of=77"}, {}) is not None
    assert sprint_place({"gid": "5", "name": "x", "notes": "see pm:sprint-of=77 there"}, {}) is None
    by_name = sprint_place({"gid": "5", "name": f"Mars{SEPARATOR}Sprint 3"}, names)
    assert by_name is not None
    assert by_name.project == "77"
    assert sprint_place({"gid": "5", "name": f"Mars{SEPARATOR}Landing"}, names) is None
    assert sprint_place({"gid": "5", "name": f"Venus{SEPARATOR}Sprint 3"}, names) is None
    held = sprint_place({"gid": "5", "name": "x"}, names, frozenset({"5"}))
    assert held is not None
    assert held.project is None


# people, texts, ids


def test_a_user() -> None:
    user = to_user({"gid": "9", "name": "Ada", "email": "a@b", "photo": {"image_128x128": "https://p"}})
    assert (user.id, user.name, user.email, user.avatar_url) == ("9", "Ada", "a@b", "https://p")
    assert to_user({"gid": "9", "name": "Ada", "photo": None}).avatar_url is None


def test_texts() -> None:
    assert read_text("<body></body>") is None
    assert write_text(None) == write_text("") == "<body></body>"
    assert same_text("* a\n* b", "- a\n- b")
    assert not same_text("a", "b")


@given(st.text(max_size=70))
def test_ids_are_digits(text: str) -> None:
    assert is_gid(text) == (0 < len(text) <= 64 and all(one in "0123456789" for one in text))
