"""Mapping of the parts around tasks: without any server, and on recorded payloads."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from pm_providers import ProviderError, ValidationError
from pm_providers.providers.asana.mapping.members import LEVELS, level_of, to_membership
from pm_providers.providers.asana.mapping.parts import (
    TAG_COLORS,
    comment_text,
    from_label,
    is_comment,
    is_of_task,
    relation_ends,
    relation_id,
    relations_of,
    sent_name,
    to_attachment,
    to_comment,
    to_label,
)
from pm_providers.providers.asana.mapping.time_entries import from_time_entry, to_time_entry
from tests.shared_material import need, shared_path


def _recorded(name: str) -> Any:
    return json.loads(need(shared_path("corpus", "asana", name)).read_text("utf-8"))


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        ({"type": "comment", "resource_subtype": "comment_added"}, True),
        ({"type": "comment"}, True),
        ({"resource_subtype": "comment_added"}, True),
        ({"type": "system", "resource_subtype": "comment_liked"}, False),
        ({"type": "system", "resource_subtype": "assigned"}, False),
        ({}, False),
    ],
)
def test_comments_among_stories(story: dict[str, Any], expected: bool) -> None:
    assert is_comment(story) is expected


def test_a_comment_of_nobody() -> None:
    """Whoever left the workspace is told as null."""
    found = to_comment({"gid": "1", "created_by": None, "html_text": "<body>x</body>"}, "2")
    assert (found.task_id, found.author_id, found.author_name, found.created_at) == ("2", None, None, None)


def test_raw_data_is_left_out_on_request() -> None:
    assert to_comment({"gid": "1", "text": "x"}, "2", keep_raw=False).raw_data is None
    assert to_comment({"gid": "1", "text": "x"}, "2").raw_data == {"gid": "1", "text": "x"}


@pytest.mark.parametrize("body", ["", " ", "&nbsp;", "> ", "- "])
def test_comments_that_say_nothing(body: str) -> None:
    with pytest.raises(ValidationError) as caught:
        comment_text(body)
    assert list(caught.value.fields) == ["body"]


def test_colors_are_unique_and_are_read_as_written() -> None:
    assert len(set(TAG_COLORS.values())) == len(TAG_COLORS) == 18
    for name, color in TAG_COLORS.items():
        assert from_label({"color": color}) == {"color": name}
        assert to_label({"gid": "1", "name": "x", "color": name}).color == color


@pytest.mark.parametrize("color", [None, "none", "light-yellow"])
def test_tags_without_a_known_color(color: str | None) -> None:
    """Old tags have colours that are no longer documented: their names are in `raw_data`."""
    found = to_label({"gid": "1", "name": "x", "color": color})
    assert found.color is None
    assert found.raw_data is not None
    assert found.raw_data["color"] == color


def test_label_bodies_hold_what_is_given() -> None:
    assert from_label({"name": " x "}) == {"name": "x"}
    assert from_label({"color": None}) == {"color": None}


def test_relations_of_both_ends() -> None:
    found = relations_of({"gid": "5", "dependencies": [{"gid": "1"}], "dependents": [{"gid": "9"}]})
    assert [(one.id, one.from_task_id, one.to_task_id) for one in found] == [
        ("1:5", "1", "5"),
        ("5:9", "5", "9"),
    ]
    assert relations_of({"gid": "5"}) == []


@pytest.mark.parametrize("text", ["", ":", "1", "1:", ":1", "1:2:3", "a:1", "1:-2", "1: 2", "١:٢"])
def test_what_is_no_relation(text: str) -> None:
    assert relation_ends(text) is None


def test_relation_ids_go_both_ways() -> None:
    assert relation_ends(relation_id("1", "2")) == ("1", "2")


@pytest.mark.parametrize(
    ("name", "sent"), [("a b.txt", "a b.txt"), ("ä/ö.txt", "%C3%A4%2F%C3%B6.txt"), ("100%.txt", "100%.txt")]
)
def test_names_of_files(name: str, sent: str) -> None:
    assert sent_name(name) == sent


@pytest.mark.parametrize(
    ("parent", "expected"),
    [({"gid": "1", "resource_type": "task"}, True), ({"gid": "1"}, True), (None, False),
     ({"gid": "1", "resource_type": "project"}, False), ({"gid": "1", "resource_type": "project_brief"}, False)],
)  # fmt: skip
def test_attachments_of_tasks(parent: Any, expected: bool) -> None:
    assert is_of_task({"parent": parent}) is expected


def test_addresses_of_attachments() -> None:
    """Of our own files the lasting address; of others where they are seen. Short-lived ones are none."""
    short = {"download_url": "https://s/x?token=1", "view_url": "https://s/v?token=1"}
    own = {
        "gid": "1",
        "name": "a.png",
        "resource_subtype": "asana",
        "permanent_url": "https://app/p",
        **short,
    }
    assert to_attachment(own, "2").url == "https://app/p"
    assert to_attachment(own | {"permanent_url": None}, "2").url is None
    link = {"gid": "1", "name": "a.png", "resource_subtype": "dropbox", "view_url": "https://d/x"}
    found = to_attachment(link, "2")
    assert (found.url, found.content_type, found.size_bytes) == ("https://d/x", None, None)


def test_time_entries_go_both_ways() -> None:
    body = from_time_entry({"hours": 1.5, "spent_on": date(2026, 3, 5), "comment": None})
    assert body == {"duration_minutes": 90, "entered_on": "2026-03-05", "description": ""}
    found = to_time_entry({"gid": "1", **body, "task": {"gid": "2"}})
    assert (found.hours, found.spent_on, found.comment, found.task_id) == (1.5, date(2026, 3, 5), None, "2")
    assert from_time_entry({}) == {}


@pytest.mark.parametrize("hours", [0.0, 0.008])
def test_less_than_a_minute_is_no_time(hours: float) -> None:
    with pytest.raises(ValidationError) as caught:
        from_time_entry({"hours": hours})
    assert list(caught.value.fields) == ["hours"]


def test_roles() -> None:
    assert level_of(["Commenter", " EDITOR "]) == ("editor", ["commenter", "editor"])
    assert [level_of([one])[0] for one in LEVELS] == list(LEVELS)
    with pytest.raises(ValidationError, match="admin, editor, commenter, viewer"):
        level_of(["editor", "Owner"])


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (to_comment, {"gid": "1"}),
        (to_comment, {"gid": 1, "target": {"gid": "2"}}),
        (to_comment, []),
        (to_label, {"name": "x"}),
        (to_attachment, {"gid": "1"}),
        (to_attachment, {"gid": "1", "parent": {"gid": "2"}, "size": "large"}),
        (to_time_entry, {"gid": "1"}),
        (to_time_entry, {"gid": "1", "duration_minutes": "5"}),
        (to_time_entry, {"gid": "1", "duration_minutes": 5, "entered_on": "soon"}),
        (to_membership, {"gid": "1", "parent": {"gid": "2"}}),
        (to_membership, {"gid": "1", "member": {"gid": "2"}}),
    ],
)
def test_broken_answers(read: Any, value: Any) -> None:
    with pytest.raises(ProviderError):
        read(value)


# recorded


def test_recorded_stories() -> None:
    """Four stories of a task, of which one is a comment."""
    found = _recorded("stories__NangoHQ_integration-templates__1.json")["data"]
    (comment,) = [to_comment(one, "12") for one in found if is_comment(one)]
    assert comment.body == "Test story for Nango delete action"
    assert comment.author_id == "1211440844472372"
    assert comment.created_at == datetime(2026, 4, 27, 14, 33, 28, 246000, tzinfo=UTC)


def test_a_recorded_comment_that_was_made() -> None:
    found = to_comment(_recorded("story_created__NangoHQ_integration-templates__1.json")["data"])
    assert (found.task_id, found.body) == ("1214301141292050", "Hello from Nango action dryrun")


def test_recorded_stories_of_other_clients() -> None:
    names = [f"story__airbytehq_airbyte__{n}.json" for n in range(1, 6)]
    assert [is_comment(_recorded(one)) for one in names] == [False, False, True, False, False]
    assert "https://app.asana.com/0/1200364004931181/list" in to_comment(_recorded(names[2]), "1").body


def test_recorded_tags() -> None:
    for name in ("tag__NangoHQ_integration-templates__1.json", "tag__airbytehq_airbyte__1.json"):
        document = _recorded(name)
        found = to_label(document.get("data", document))
        assert found.name
        assert found.color is None
    for number in (1, 2):
        rows = _recorded(f"tags__NangoHQ_integration-templates__{number}.json")["data"]
        assert all(to_label(one).id for one in rows)


def test_recorded_attachments() -> None:
    (one,) = _recorded("attachments__NangoHQ_integration-templates__1.json")["data"]
    found = to_attachment(one, "12")
    assert (found.id, found.file_name, found.content_type) == (
        "1214321122589416",
        "test-attachment.txt",
        "text/plain",
    )
