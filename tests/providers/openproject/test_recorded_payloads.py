"""Every payload that a real server sent parses, with the values that are known."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import pytest

from pm_providers.providers.openproject.mapping.choices import to_status
from pm_providers.providers.openproject.mapping.parts import (
    comment_text,
    to_attachment,
    to_comment,
    to_label,
    to_relation,
    to_time_entry,
)
from pm_providers.providers.openproject.mapping.people import is_anonymous, to_user
from pm_providers.providers.openproject.mapping.projects import ProjectReading, to_project
from pm_providers.providers.openproject.mapping.sprints import native_to_sprint, version_to_sprint
from pm_providers.providers.openproject.mapping.tasks import TaskReading, to_task
from tests.providers.openproject.support import all_recordings, payload, recorded
from tests.shared_material import need, shared_path

READING = TaskReading(status=lambda key, name: (key, name), priority=lambda key, name: (key, name))
PROJECTS = ProjectReading(status=lambda code: code)
TODAY = date(2026, 11, 23)
PARSERS: dict[str, Any] = {
    "WorkPackage": lambda found: to_task(found, READING),
    "Project": lambda found: to_project(found, PROJECTS),
    "Version": lambda found: version_to_sprint(found, today=TODAY),
    "Sprint": native_to_sprint,
    "User": to_user,
    "Group": to_user,
    "PlaceholderUser": to_user,
    "Activity": to_comment,
    "Activity::Comment": to_comment,
    "Relation": to_relation,
    "TimeEntry": to_time_entry,
    "Attachment": to_attachment,
    "Category": to_label,
    "Status": to_status,
}


def parse_all(value: Any, found: Counter[str]) -> None:
    """Parse every resource within a document; what has no links is no full resource."""
    if isinstance(value, dict):
        kind = value.get("_type")
        if kind in PARSERS and isinstance(value.get("_links"), dict) and "id" in value:
            record = PARSERS[kind](value)
            assert record.id == str(value["id"])
            found[kind] += 1
        for inner in value.values():
            parse_all(inner, found)
    elif isinstance(value, list):
        for inner in value:
            parse_all(inner, found)


def test_every_recorded_answer_parses():
    found: Counter[str] = Counter()
    for _, step in all_recordings():
        parse_all((step.get("response") or {}).get("body"), found)
    assert found["WorkPackage"] > 400
    assert {"Project", "Version", "User", "Relation", "TimeEntry", "Attachment", "Activity"} <= set(found)


def test_every_real_payload_parses():
    found: Counter[str] = Counter()
    for path in sorted(need(shared_path("corpus", "openproject")).glob("*.json")):
        parse_all(payload(path.name), found)
    assert found["WorkPackage"] >= 5
    assert {"PlaceholderUser", "Activity::Comment", "Version"} <= set(found)


def test_work_package_with_all_fields():
    task = to_task(recorded("10-", 4)["response"]["body"], READING)
    assert task.title == "All fields"
    assert task.description == "# H\n\n- [ ] a\n- [x] b"
    assert (task.start_date, task.due_date) == (date(2026, 12, 1), date(2026, 12, 10))
    assert (task.estimated_hours, task.remaining_hours, task.actual_hours) == (40.0, 8.0, 0.0)
    assert task.progress == 30
    assert (task.status, task.status_name) == ("7", "In progress")
    assert (task.priority, task.priority_name) == ("9", "High")
    assert (task.type, task.project_id) == ("Task", "4")
    assert task.version == "1"
    assert task.created_at == datetime(2026, 11, 23, 1, 15, 48, tzinfo=UTC)


@pytest.mark.parametrize(("step", "hours"), [(6, 40.0), (7, 26.0), (8, 1.5), (9, 0.5), (10, 168.0), (11, 730.0),
                                             (12, 1 + 30 / 60 + 45 / 3600), (13, 0.0), (16, 100_000.0)])  # fmt: skip
def test_durations_have_days_of_24_hours(step, hours):
    task = to_task(recorded("10-", step)["response"]["body"], READING)
    assert task.estimated_hours == pytest.approx(hours)
    assert task.remaining_hours == pytest.approx(hours), "the server copies the estimate"


def test_milestone_has_one_date():
    task = to_task(recorded("10-", 98)["response"]["body"], READING)
    assert (task.start_date, task.due_date) == (date(2026, 12, 24), date(2026, 12, 24))
    both = to_task(recorded("10-", 99)["response"]["body"], READING)
    assert both.due_date == date(2026, 12, 25), "of start and due the vendor keeps the due date"


def test_year_10000_is_the_last_day_that_there_is():
    assert to_task(recorded("10-", 95)["response"]["body"], READING).due_date == date(9999, 12, 31)
    far = to_task(recorded("10-", 96)["response"]["body"], READING)
    assert far.due_date == date.max
    assert far.raw_data["dueDate"] == "10000-01-01"


def test_project_with_all_fields():
    project = to_project(recorded("02-", 3)["response"]["body"], PROJECTS)
    assert project.name == "Corpus Full ✓ Ünïcode 🚀"
    assert (project.key, project.id, project.parent_project_id) == ("corpus-full", "5", "4")
    assert project.description == "A **bold** plan\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    assert (project.status, project.status_name, project.status_note) == (
        "on_track",
        "On track",
        "All *good*",
    )
    assert project.is_public is True
    assert project.is_archived is False


def test_archived_project():
    project = to_project(recorded("02-", 53)["response"]["body"], PROJECTS)
    assert (project.status, project.is_archived) == ("archived", True)
    outside = to_project(payload("project_archived__kar-thik_openproject-mcp__1.json"), PROJECTS)
    assert (outside.status, outside.key, outside.parent_project_id) == ("archived", "legacy", None)


def test_version():
    sprint = version_to_sprint(recorded("06-", 2)["response"]["body"], today=TODAY)
    assert (sprint.name, sprint.goal, sprint.project_id) == ("Sprint 2 ✓", "Goal: **ship**", "4")
    assert (sprint.start_date, sprint.end_date) == (date(2026, 12, 1), date(2026, 12, 14))
    assert (sprint.status, sprint.status_name) == ("planned", "open")
    for step, status in ((5, "closed"), (6, "closed"), (1, "active")):
        assert version_to_sprint(recorded("06-", step)["response"]["body"], today=TODAY).status == status


def test_relations_are_read_in_one_direction():
    follows = to_relation(recorded("16-", 2)["response"]["body"])
    assert (follows.from_task_id, follows.type, follows.to_task_id) == ("107", "precedes", "106")
    assert (follows.lag_days, follows.description) == (3, "after")
    blocked = to_relation(recorded("16-", 5)["response"]["body"])
    assert (blocked.from_task_id, blocked.type, blocked.to_task_id) == ("109", "blocks", "105")
    docs = to_relation(payload("docs_relation__opf_openproject__1.json"))
    assert (docs.from_task_id, docs.type, docs.to_task_id) == ("78", "duplicates", "108")


def test_time_entry():
    entry = to_time_entry(recorded("17-", 2)["response"]["body"])
    assert (entry.task_id, entry.project_id, entry.user_id) == ("34", "4", "3")
    assert (entry.hours, entry.spent_on, entry.comment) == (1.5, date(2026, 11, 23), "Did *it* ✓")
    assert entry.activity == "Management"
    assert to_time_entry(recorded("17-", 3)["response"]["body"]).task_id is None, "logged on a project"
    assert to_time_entry(recorded("17-", 12)["response"]["body"]).hours == 25.0


def test_comments():
    comment = to_comment(recorded("19-", 6)["response"]["body"])
    assert (comment.id, comment.task_id, comment.body) == ("249", "114", "Hello **you** 🚀 <b>x</b>")
    assert comment_text(recorded("19-", 21)["response"]["body"]) is None, "an emptied comment is none"
    internal = to_comment(payload("activity_comment__kar-thik_openproject-mcp__2.json"))
    assert (internal.is_internal, internal.author_name) == (True, "Ada Lovelace")


def test_attachment():
    found = to_attachment(recorded("20-", 2)["response"]["body"], base_url="https://openproject.example")
    assert (found.file_name, found.size_bytes, found.task_id) == ("Übersicht_漢字__.txt", 9, "114")
    assert found.url == "https://openproject.example/api/v3/attachments/4/content"


def test_people():
    hidden = to_user(payload("user_hidden__kar-thik_openproject-mcp__1.json"))
    assert (hidden.name, hidden.email, hidden.username) == ("Alan Turing", None, None)
    everybody = [
        to_user(one)
        for one in payload("principals__kar-thik_openproject-mcp__1.json")["_embedded"]["elements"]
    ]
    assert [one.kind for one in everybody] == ["user", "group", "placeholder", "user"]
    assert is_anonymous(recorded("01-", 8)["response"]["body"])
    assert not is_anonymous(recorded("01-", 7)["response"]["body"])
    assert not is_anonymous(recorded("01-", 12)["response"]["body"])


def test_work_package_of_version_17():
    task = to_task(payload("work_package__kar-thik_openproject-mcp__2.json"), READING)
    assert (task.id, task.version, task.title) == ("1234", "7", "Ship the client layer")
    assert (task.estimated_hours, task.actual_hours, task.progress) == (7.5, 2.25, 40)
    assert (task.assignee_id, task.parent_task_id, task.sprint_id) == ("12", "1000", "3")
    assert task.updated_at == datetime(2026, 7, 20, 14, 12, tzinfo=UTC)


def test_native_sprint_of_the_api_document():
    sprint = native_to_sprint(
        {
            "_type": "Sprint",
            "id": 3,
            "name": "Iteration 3",
            "startDate": "2026-03-02",
            "finishDate": "2026-03-13",
            "createdAt": "2026-02-06T09:30:49.157Z",
            "updatedAt": "2026-02-06T09:30:49.157Z",
            "_links": {
                "self": {"href": "/api/v3/sprints/3"},
                "status": {"href": "urn:openproject-org:api:v3:sprints:status:in_planning"},
                "definingWorkspace": {"href": "/op/api/v3/projects/7", "title": "P"},
            },
        }
    )
    assert (sprint.id, sprint.status, sprint.status_name) == ("sprints/3", "planned", "in_planning")
    assert sprint.project_id == "7"
    assert sprint.end_date == date(2026, 3, 13)
    assert sprint.updated_at == datetime(2026, 2, 6, 9, 30, 49, 157000, tzinfo=UTC)
