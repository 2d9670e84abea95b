"""Documents to records and back, without a server."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pm_providers import ProviderError, ValidationError
from pm_providers.model import PMStatus
from pm_providers.providers.jira.mapping.choices import (
    IssueType,
    default_type,
    to_issue_type,
    to_priorities,
    to_status,
)
from pm_providers.providers.jira.mapping.custom_fields import FieldInfo, story_point_rank
from pm_providers.providers.jira.mapping.field_descriptions import to_field, unique_names
from pm_providers.providers.jira.mapping.people import to_user
from pm_providers.providers.jira.mapping.projects import key_for, to_project
from pm_providers.providers.jira.mapping.tasks import SpecialFields, TaskReading, to_task
from pm_providers.providers.jira.mapping.texts import ADF
from pm_providers.providers.jira.mapping.values import timestamp
from tests.shared_material import shared_path

CORPUS = sorted(shared_path("corpus", "jira").glob("*.json"))
READING = TaskReading(
    text=ADF.read,
    status=to_status,
    priority=lambda _, name: name,
    special=SpecialFields(sprint="customfield_10020"),
)


def _files(*kinds: str) -> list[Path]:
    return [one for one in CORPUS if one.name.split("__")[0] in kinds]


def _found(value: Any, key: str) -> list[Any]:
    """All objects in a document that have a property."""
    if isinstance(value, list):
        return [one for item in value for one in _found(item, key)]
    if not isinstance(value, dict):
        return []
    inner = [one for item in value.values() for one in _found(item, key)]
    return [value, *inner] if key in value else inner


# real payloads


@pytest.mark.skipif(not CORPUS, reason="the recorded payloads are not here (PM_SHARED_DIR)")
def test_every_recorded_issue_is_read() -> None:
    count = 0
    for file in _files("issue", "issues", "search", "sprint_issues"):
        for one in _found(json.loads(file.read_text("utf-8")), "fields"):
            if not isinstance(one["fields"], dict) or "summary" not in one["fields"] or "id" not in one:
                continue
            task = to_task(one, READING)
            assert task.title == one["fields"]["summary"], file.name
            assert task.id == str(one["id"])
            if isinstance(one["fields"].get("status"), dict):
                assert task.status_name == one["fields"]["status"]["name"]
            count += 1
    assert count > 50


@pytest.mark.skipif(not CORPUS, reason="the recorded payloads are not here (PM_SHARED_DIR)")
def test_every_recorded_field_user_project_status_and_priority_is_read() -> None:
    names: list[FieldInfo] = []
    for file in _files("fields", "field"):
        found = json.loads(file.read_text("utf-8"))
        fields = [to_field(one) for one in (found if isinstance(found, list) else [found]) if "schema" in one]
        assert len({one.name for one in unique_names(fields)}) == len(fields)
        names += fields
    assert any(one.is_start_date for one in names)
    assert any(one.custom.endswith("gh-lexo-rank") and one.is_modelled for one in names)
    for file in _files("user", "users", "user_myself"):
        for one in _found(json.loads(file.read_text("utf-8")), "displayName"):
            if one.get("accountId") or one.get("name"):
                assert to_user(one).name == one["displayName"]
    for file in _files("project", "projects"):
        for one in _found(json.loads(file.read_text("utf-8")), "key"):
            if "id" in one and "name" in one:
                assert to_project(one).key == one["key"]
    for file in _files("statuses", "status"):
        for one in _found(json.loads(file.read_text("utf-8")), "statusCategory"):
            assert to_status(one).name == one["name"]
    for file in _files("priorities"):
        found = json.loads(file.read_text("utf-8"))
        order = to_priorities(found["values"] if isinstance(found, dict) else found)
        assert [one.priority for one in order] == sorted(
            (one.priority for one in order), key=["lowest", "low", "medium", "high", "highest"].index
        )


# choices


@pytest.mark.parametrize(
    ("name", "category", "expected"),
    [
        ("To Do", "new", "todo"),
        ("Blocked", "new", "blocked"),
        ("Done", "new", "todo"),
        ("In Progress", "indeterminate", "in_progress"),
        ("Waiting", "indeterminate", "blocked"),
        ("Backlog", "indeterminate", "in_progress"),
        ("Shipped", "done", "completed"),
        ("Won't do", "done", "cancelled"),
        ("Whatever", "done", "completed"),
        ("Done", "undefined", "completed"),
        ("Whatever", "undefined", "todo"),
    ],
)
def test_the_category_decides_and_the_name_tells_the_rest(name: str, category: str, expected: str) -> None:
    found = to_status({"id": "1", "name": name, "statusCategory": {"key": category}})
    assert (found.status, found.is_closed) == (expected, expected in {"completed", "cancelled"})


def test_a_status_without_a_category_is_read_by_its_name() -> None:
    assert to_status({"id": 3, "name": "In Progress"}) == PMStatus("3", "In Progress", "in_progress")


def test_levels_are_told_or_guessed() -> None:
    told = to_issue_type({"id": "1", "name": "Initiative", "hierarchyLevel": 2, "subtask": False})
    assert (told.level, told.scope) == (2, None)
    assert to_issue_type({"id": "1", "name": "Sub-task", "subtask": True}).level == -1
    assert to_issue_type({"id": "1", "name": "epic", "subtask": False}).level == 1
    scoped = {"id": "1", "name": "Bug", "scope": {"type": "PROJECT", "project": {"id": "10001"}}}
    assert to_issue_type(scoped).scope == "10001"


def test_the_default_type_is_called_task_or_comes_first() -> None:
    bug, task, epic = IssueType("1", "Bug"), IssueType("2", "task"), IssueType("3", "Epic", 1)
    assert default_type([bug, task, epic]) == task
    assert default_type([bug, epic]) == bug
    assert default_type([bug, epic], 1) == epic
    assert default_type([bug], 2) is None


# custom fields


def _field(schema: dict[str, Any], **more: Any) -> FieldInfo:
    return to_field({"id": "customfield_1", "name": "F", "schema": {"custom": "x:y", **schema}, **more})


OPTIONS = [{"id": "1", "value": "Red"}, {"id": "2", "value": "Blue"}, {"id": "3", "value": "red"}]
PLACES = [{"id": "1", "value": "EU", "children": [{"id": "5", "value": "DE"}]}, {"id": "2", "value": "US"}]


@pytest.mark.parametrize(
    ("field", "asked", "checked", "wire"),
    [
        (_field({"type": "string"}), "x", "x", "x"),
        (_field({"type": "number"}), 3, 3.0, 3.0),
        (_field({"type": "date"}), "2026-02-06", date(2026, 2, 6), "2026-02-06"),
        (
            _field({"type": "datetime"}),
            "2026-02-06T10:30:49.1579+01:00",
            datetime(2026, 2, 6, 9, 30, 49, 157000, tzinfo=UTC),
            "2026-02-06T09:30:49.157+0000",
        ),
        (_field({"type": "option"}, allowedValues=OPTIONS), "Blue", "Blue", {"id": "2"}),
        (_field({"type": "option"}, allowedValues=OPTIONS), "blue", "Blue", {"id": "2"}),
        (_field({"type": "option"}, allowedValues=OPTIONS), "3", "red", {"id": "3"}),
        (_field({"type": "option"}), "free", "free", {"value": "free"}),
        (
            _field({"type": "array", "items": "option"}, allowedValues=OPTIONS),
            ["Red", "Blue", "Red"],
            ["Red", "Blue"],
            [{"id": "1"}, {"id": "2"}],
        ),
        (
            _field({"type": "option-with-child"}, allowedValues=PLACES),
            "eu / de",
            "EU / DE",
            {"id": "1", "child": {"id": "5"}},
        ),
        (_field({"type": "option-with-child"}, allowedValues=PLACES), "US", "US", {"id": "2"}),
        (_field({"type": "user"}), "5b1", "5b1", {"accountId": "5b1"}),
        (_field({"type": "group"}), "staff", "staff", {"name": "staff"}),
        (_field({"type": "array", "items": "string"}), "one", ["one"], ["one"]),
        (_field({"type": "number"}), None, None, None),
        (_field({"type": "array", "items": "option"}), [], None, []),
    ],
)
def test_values_are_checked_and_written(field: FieldInfo, asked: Any, checked: Any, wire: Any) -> None:
    found = field.checked(asked)
    assert found == checked
    assert field.write(found, lambda text: text) == wire


@pytest.mark.parametrize(
    ("field", "asked", "why"),
    [
        (_field({"type": "number"}), "3", "number"),
        (_field({"type": "number"}), True, "number"),
        (_field({"type": "string"}), ["a"], "single"),
        (_field({"type": "date"}), "tomorrow", "isoformat"),
        (_field({"type": "datetime"}), "2026-02-06T10:30:49", "time zone"),
        (_field({"type": "option"}, allowedValues=OPTIONS), "Green", "Red, Blue, red"),
        (_field({"type": "option"}, allowedValues=OPTIONS), "RED", "1, 3"),
        (_field({"type": "any"}), "x", "cannot write"),
    ],
)
def test_values_that_do_not_fit_are_refused_by_the_name_of_the_field(
    field: FieldInfo, asked: Any, why: str
) -> None:
    with pytest.raises(ValidationError, match=why) as error:
        field.checked(asked)
    assert set(error.value.fields) == {"custom_fields.F"}


@pytest.mark.parametrize(
    ("field", "stored", "expected"),
    [
        (_field({"type": "option"}), {"id": "1", "value": "Red"}, "Red"),
        (_field({"type": "option-with-child"}), {"value": "EU", "child": {"value": "DE"}}, "EU / DE"),
        (_field({"type": "array", "items": "user"}), [{"accountId": "a"}, {"name": "b"}], ["a", "b"]),
        (_field({"type": "array", "items": "version"}), [{"id": "1", "name": "1.0"}], ["1.0"]),
        (
            _field({"type": "datetime"}),
            "2026-02-06T10:30:49.157+0100",
            datetime(2026, 2, 6, 9, 30, 49, 157000, tzinfo=UTC),
        ),
        (_field({"type": "any"}), {"weird": 1}, {"weird": 1}),
        (_field({"type": "string"}), "", None),
        (_field({"type": "array", "items": "string"}), [], None),
    ],
)
def test_stored_values_are_read(field: FieldInfo, stored: Any, expected: Any) -> None:
    assert field.read(stored, ADF.read) == expected


def test_a_text_area_holds_markdown() -> None:
    field = _field({"type": "string", "custom": "x:textarea"})
    assert field.kind == "markdown"
    assert field.read(field.write(field.checked("**x**"), ADF.write), ADF.read) == "**x**"


def test_story_points_are_known_by_type_then_by_name() -> None:
    own = _field({"type": "number", "custom": "com.pyxis.greenhopper.jira:jsw-story-points"})
    named = to_field(
        {
            "id": "customfield_2",
            "name": "Story Points",
            "schema": {"type": "number", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:float"},
        }
    )
    assert (story_point_rank(own), story_point_rank(named)) == (0, 1)
    assert story_point_rank(_field({"type": "number"})) is None
    assert own.is_modelled
    assert named.is_modelled


def test_names_that_several_fields_have_carry_the_id() -> None:
    fields = [FieldInfo("a", "Team"), FieldInfo("b", "Team"), FieldInfo("c", "Other")]
    assert [one.name for one in unique_names(fields)] == ["Team", "Team (b)", "Other"]


# the rest


def test_instants_are_written_as_the_vendor_wants_them() -> None:
    assert timestamp(datetime(2026, 2, 6, 9, 30, 49, 157999, tzinfo=UTC)) == "2026-02-06T09:30:49.157+0000"
    assert timestamp(datetime(986, 2, 6, tzinfo=UTC)) == "0986-02-06T00:00:00.000+0000"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Webshop relaunch", "WEBSHOABCD"),
        ("42 things", "THINGSABCD"),
        ("日本", "PABCD"),
        ("Ünïcode", "UNICODABCD"),
    ],
)
def test_keys_are_made_of_names(name: str, expected: str) -> None:
    assert key_for(name, "abcd") == expected


def test_an_old_site_tells_times_in_three_fields() -> None:
    issue = {"id": 1, "fields": {"timeoriginalestimate": 5400, "timeestimate": None, "timespent": 60}}
    task = to_task(issue, READING)
    assert (task.estimated_hours, task.remaining_hours, task.actual_hours) == (1.5, None, 60 / 3600)


def test_when_it_was_done_counts_only_while_it_is() -> None:
    fields = {"resolutiondate": "2026-02-06T10:30:49.157+0100", "status": {"id": "1", "name": "To Do"}}
    assert to_task({"id": "1", "fields": fields}, READING).completed_at is None
    fields["status"] = {"id": "2", "name": "Done", "statusCategory": {"key": "done"}}  # type: ignore[assignment]
    assert to_task({"id": "1", "fields": fields}, READING).completed_at == datetime(
        2026, 2, 6, 9, 30, 49, 157000, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "broken", [None, [], {"fields": {}}, {"id": None}, {"id": True}, {"id": "1", "fields": {"duedate": 5}}]
)
def test_what_is_no_issue_breaks_the_contract(broken: Any) -> None:
    with pytest.raises(ProviderError):
        to_task(broken, READING)
