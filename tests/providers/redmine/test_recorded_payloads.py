"""Every payload that a real server sent is read, with the values that are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from pm_providers.providers.redmine.mapping.choices import to_priorities, to_status, to_types
from pm_providers.providers.redmine.mapping.custom_fields import carried, to_custom_field
from pm_providers.providers.redmine.mapping.fields import to_custom_fields, to_system_fields
from pm_providers.providers.redmine.mapping.parts import (
    is_partly_inherited,
    note_text,
    to_attachment,
    to_comment,
    to_membership,
    to_relation,
    to_time_entry,
)
from pm_providers.providers.redmine.mapping.people import to_group, to_user
from pm_providers.providers.redmine.mapping.projects import ProjectReading, to_project
from pm_providers.providers.redmine.mapping.sprints import to_label, to_sprint
from pm_providers.providers.redmine.mapping.tasks import TaskReading, to_task
from tests.providers.redmine.recordings import body, documents, recordings


def same(stored: str | None) -> str | None:
    return stored


def fields() -> dict[str, Any]:
    found = [to_custom_field(one) for one in body("04", 11)["custom_fields"]]
    return {one.id: one for one in found}


def reading(known: dict[str, Any]) -> TaskReading:
    return TaskReading(
        text=same,
        status=lambda one: one,
        priority=lambda one: one,
        is_closed=lambda one: one in {"5", "6"},
        fields=known,
        base_url="https://redmine.example",
    )


def _whole(*keys: str) -> Callable[[dict[str, Any]], bool]:
    """Others under the same name are references: an id and a name."""
    return lambda found: all(key in found for key in keys)


def test_all_of_them():
    """Nothing that was recorded is an error, and nothing that has an id loses it."""
    known = fields()
    tasks, projects = reading(known), ProjectReading(text=same, fields=known)
    issue = (lambda one: to_task(one, tasks), _whole("subject", "author"))
    project = (lambda one: to_project(one, projects), _whole("identifier", "created_on"))
    parsers: dict[str, tuple[Callable[[dict[str, Any]], Any], Callable[[dict[str, Any]], bool]]] = {
        **dict.fromkeys(("issue", "issues"), issue),
        **dict.fromkeys(("project", "projects"), project),
        **dict.fromkeys(("version", "versions"), (to_sprint, _whole("sharing"))),
        **dict.fromkeys(("user", "users", "author", "assigned_to"), (to_user, _whole())),
        **dict.fromkeys(("group", "groups"), (to_group, _whole())),
        **dict.fromkeys(("time_entry", "time_entries"), (to_time_entry, _whole("hours"))),
        **dict.fromkeys(("relation", "relations"), (to_relation, _whole("relation_type"))),
        "journals": (lambda one: to_comment(one, "1", text=same), _whole("created_on")),
        **dict.fromkeys(
            ("attachment", "attachments"),
            (lambda one: to_attachment(one, "1"), _whole("filename")),
        ),
        # Those of users and groups name no member: they are read with their project.
        **dict.fromkeys(
            ("membership", "memberships"),
            (to_membership, lambda one: "user" in one or "group" in one),
        ),
        **dict.fromkeys(("issue_category", "issue_categories"), (to_label, _whole())),
        **dict.fromkeys(("issue_statuses", "allowed_statuses"), (to_status, _whole())),
    }
    seen: Counter[str] = Counter()
    for where, one in recordings():
        for name, found in documents(one["response"]["body"]):
            parse, fits = parsers.get(name, (None, None))
            if parse is None or not fits(found):
                continue
            record = parse(found)
            assert record.id == str(found["id"]), (where, one["n"])
            seen[name.removesuffix("s")] += 1
    least = {"issue": 228, "project": 40, "version": 11, "user": 110, "time_entrie": 15, "time_entry": 15}
    more = {"journal": 60, "relation": 15, "attachment": 2, "membership": 7, "allowed_statuse": 18}
    assert {name: seen[name] for name, count in (least | more).items() if seen[name] < count} == {}


def test_issue_with_everything():
    """Every property of the densest issue, by name."""
    known = fields()
    found = max(
        (one for _, step in recordings() for name, one in documents(step["response"]["body"])
         if name == "issue" and "subject" in one),
        key=lambda one: sum(1 for value in one.values() if value not in (None, [], "")),
    )  # fmt: skip
    task = to_task(found, reading(known))
    assert (task.title, task.description) == (found["subject"], found["description"] or None)
    assert (task.type, task.status_name) == (found["tracker"]["name"], found["status"]["name"])
    assert task.start_date == (date.fromisoformat(found["start_date"]) if found["start_date"] else None)
    assert task.progress == found["done_ratio"]
    assert task.url == f"https://redmine.example/issues/{found['id']}"
    held = {one["name"] for one in carried(found) if one["value"] not in (None, "", [])}
    assert set(task.custom_fields) == held


def test_reopened_issues_are_not_completed():
    """`closed_on` stays when an issue is opened again."""
    both = set()
    for _, step in recordings():
        for name, found in documents(step["response"]["body"]):
            if name in {"issue", "issues"} and found.get("closed_on"):
                task = to_task(found, reading({}))
                closed = found["status"]["is_closed"]
                assert (task.completed_at is not None) == closed
                both.add(closed)
    assert both == {True, False}


def test_relations_are_read_one_way():
    """`follows` and `blocked` come back turned round."""
    follows, blocked, copied = (to_relation(body("09", number)["relation"]) for number in (3, 4, 17))
    assert (follows.from_task_id, follows.to_task_id, follows.type) == ("57", "58", "precedes")
    assert follows.lag_days == 0
    assert (blocked.from_task_id, blocked.to_task_id, blocked.type) == ("58", "55", "blocks")
    assert blocked.lag_days is None
    assert (copied.from_task_id, copied.type) == ("56", "relates")


def test_attachment():
    """The address is ours, whatever host the administration names."""
    found = to_attachment(body("09", 44)["attachment"], "1", base_url="https://here/redmine")
    assert (found.file_name, found.size_bytes, found.content_type) == ("Übersicht 1.txt", 9, "text/plain")
    assert (found.description, found.author_id, found.task_id) == ("d", "1", "1")
    assert found.url == "https://here/redmine/attachments/download/1"


def test_time_entry():
    """Hours, day and activity; one on a project has no task."""
    found = to_time_entry(body("11", 1)["time_entry"])
    assert (found.task_id, found.hours, found.spent_on) == ("1", 1.5, date(2026, 11, 23))
    assert (found.activity, found.user_id, found.project_id) == ("Design", "1", "1")
    assert found.comment == "Did it ✓"
    assert found.created_at is not None
    assert found.created_at.tzinfo is UTC
    assert to_time_entry(body("11", 2)["time_entry"]).task_id is None


def test_memberships():
    """Groups are members; inherited roles are told."""
    group = to_membership(body("03", 3)["membership"])
    assert (group.user_id, group.roles, group.is_inherited) == ("8", ["Developer"], False)
    inherited = body("03", 15)["memberships"][0]
    assert to_membership(inherited).is_inherited
    assert is_partly_inherited(inherited)


def test_comments():
    """Changes without text are no comments; private ones are told."""
    entries = [
        one
        for _, step in recordings()
        for name, one in documents(step["response"]["body"])
        if name == "journals"
    ]
    comments = [to_comment(one, "7", text=same) for one in entries if note_text(one)]
    assert 0 < len(comments) < len(entries)
    assert all(one.body and one.author_name and one.created_at for one in comments)
    assert {one.is_internal for one in comments} == {True, False}
    assert {type(one.created_at) for one in comments} == {datetime}
    assert comments[0].url == f"/issues/7#change-{comments[0].id}"


def test_people_without_keys():
    """The API key of a user, which administrators are shown, is in no record."""
    shown = 0
    for _, step in recordings():
        for name, found in documents(step["response"]["body"]):
            if name in {"user", "users"}:
                shown += "api_key" in found
                assert "api_key" not in (to_user(found).raw_data or {})
    assert shown


def test_choices():
    """The default data."""
    [priorities] = [
        one["response"]["body"]["issue_priorities"]
        for _, one in recordings()
        if one["request"]["path"] == "/enumerations/issue_priorities.json"
        and one["response"]["status"] == 200
    ][:1]
    assert [one.priority for one in to_priorities(priorities)][:2] == ["low", "medium"]
    [trackers] = [
        one["response"]["body"]["trackers"]
        for _, one in recordings()
        if one["request"]["path"] == "/trackers.json" and one["response"]["status"] == 200
    ][:1]
    assert [one.name for one in to_types(trackers)] == ["Bug", "Feature", "Support"]
    assert {one.id for one in to_system_fields(trackers, {})} >= {"subject", "done_ratio", "due_date"}


def test_custom_fields():
    """All formats, with their options."""
    found = {one.name: one for one in to_custom_fields(body("04", 11)["custom_fields"])}
    assert len(found) == 16
    assert {one.type for one in found.values()} >= {
        "text", "integer", "number", "flag", "date", "url", "choice", "user", "sprint",
    }  # fmt: skip
    assert all(one.allowed_values for one in found.values() if one.type == "choice")
    assert [one for one in found.values() if one.is_multiple]
