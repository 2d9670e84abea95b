"""Parts as real sites sent them: each becomes a record, and nothing that it says is lost on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC
from typing import Any

from pm_providers.providers.jira.mapping.links import link_types, to_relation, writable_types
from pm_providers.providers.jira.mapping.members import members_of
from pm_providers.providers.jira.mapping.parts import from_worklog, to_attachment, to_comment, to_time_entry
from pm_providers.providers.jira.mapping.people import to_user
from pm_providers.providers.jira.mapping.sprints import to_sprint
from pm_providers.providers.jira.mapping.texts import ADF
from tests.shared_material import need, shared_path


def _recorded(*prefixes: str) -> Iterator[Any]:
    for prefix in prefixes:
        for path in sorted(need(shared_path("corpus", "jira")).glob(f"{prefix}__*.json")):
            yield json.loads(path.read_text(encoding="utf-8"))


def _objects(found: Any, *needed: str) -> Iterator[dict[str, Any]]:
    """Objects with all of these properties, however deep, but in the forms for people that nobody asks for."""
    if isinstance(found, dict):
        if all(name in found for name in needed):
            yield found
        found = [inner for name, inner in found.items() if name != "renderedFields"]
    for inner in found if isinstance(found, list) else ():
        yield from _objects(inner, *needed)


def test_recorded_comments() -> None:
    found = list(
        _objects(list(_recorded("comment", "comments", "issue_comments", "issue")), "id", "body", "author")
    )
    assert len(found) > 10
    for one in found:
        record = to_comment(one, "7", text=ADF.read)
        assert (record.id, record.task_id) == (str(one["id"]), "7")
        assert record.created_at is not None
        assert record.body or not one["body"] or not one["body"].get("content")


def test_recorded_attachments() -> None:
    found = [
        one
        for one in _objects(list(_recorded("attachment", "issue", "search")), "filename", "size", "mimeType")
        if "id" in one
    ]
    assert len(found) > 5
    for one in found:
        record = to_attachment(one, "7")
        assert (record.file_name, record.size_bytes) == (one["filename"], one["size"])
        assert (record.created_at is None) == ("created" not in one)


def test_recorded_worklogs() -> None:
    """Written back unchanged, a worklog keeps its time, its length and its comment."""
    found = [
        one
        for one in _objects(list(_recorded("worklog*", "issue*")), "timeSpentSeconds", "started")
        if "id" in one
    ]
    assert len(found) > 10
    for one in found:
        record = to_time_entry(one, task_id="7", project_id=None, zone=UTC)
        assert record.hours * 3600 == one["timeSpentSeconds"]
        body = from_worklog({"comment": record.comment}, UTC, adf=True, stored=one)
        again = to_time_entry({**one, **body}, task_id="7", project_id=None, zone=UTC)
        assert again == record
        assert body.get("comment") == (one.get("comment") or None)


def test_recorded_sprints() -> None:
    found = list(_objects(list(_recorded("sprint", "sprints")), "id", "state", "name"))
    assert len(found) > 20
    for one in found:
        record = to_sprint(one, project_id=None, zone=UTC)
        assert record.status_name == one["state"].lower()
        assert record.status is not None
        assert (record.start_date is None) == (not one.get("startDate"))


def test_recorded_links() -> None:
    """Seen from both ends, a link is the same."""
    types = link_types(_objects(list(_recorded("issue_link_types")), "inward", "outward", "id"))
    assert {"relates", "blocks", "duplicates"} <= set(writable_types(types))
    found = [one for one in _objects(list(_recorded("issue", "search")), "type", "id") if _is_link(one)]
    assert len(found) > 5
    for one in found:
        name, inverse = (
            ("outwardIssue", "inwardIssue") if "outwardIssue" in one else ("inwardIssue", "outwardIssue")
        )
        there = {"id": one["id"], "type": one["type"], inverse: {"id": "7"}}
        here = to_relation(one, "7", {})
        assert here == to_relation(there, str(one[name]["id"]), {})
        assert {here.from_task_id, here.to_task_id} == {"7", str(one[name]["id"])}


def _is_link(one: dict[str, Any]) -> bool:
    return isinstance(one["type"], dict) and ("outwardIssue" in one or "inwardIssue" in one) and (
        "id" in one.get("outwardIssue", one.get("inwardIssue"))
    )  # fmt: skip


def test_recorded_watchers_and_roles() -> None:
    [one] = [
        one for one in _recorded("watchers") if one.get("watchers") and "accountId" in one["watchers"][0]
    ]
    assert [to_user(user).id for user in one["watchers"]] == [user["accountId"] for user in one["watchers"]]
    for role in _recorded("role"):
        [member] = members_of([(str(role["id"]), role["name"], role["actors"])])
        assert member.record("5").user_id == "group:jira-administrators"
        assert member.record("5").roles == [role["name"]]
