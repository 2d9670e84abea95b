"""What stands around tasks, read from the vendor's documents; the recorded ones, too."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pm_providers.errors import ProviderError, ValidationError
from pm_providers.providers.clickup.mapping.checklists import checklists_of, items_of, to_checklist
from pm_providers.providers.clickup.mapping.parts import (
    is_part_id,
    new_tag,
    relation_ends,
    relation_id,
    relations_of,
    to_attachment,
    to_comment,
    to_label,
    to_membership,
)
from pm_providers.providers.clickup.mapping.time_entries import (
    changed_entry,
    is_running,
    new_entry,
    to_time_entry,
)
from tests.providers.clickup.test_recorded import _cases, _loaded

YORK = ZoneInfo("America/New_York")


# recorded


@_cases("comments")
def test_recorded_comments(row):
    for document in _loaded(row)["comments"]:
        found = to_comment(document, "86a")
        assert (found.id, found.body) == (document["id"], document["comment_text"])
        assert (found.author_id, found.author_name) == (
            str(document["user"]["id"]),
            document["user"]["username"],
        )
        assert found.created_at is not None
        assert found.created_at.year == 2026


@_cases("comment_created")
def test_the_recorded_answer_of_a_new_comment_has_a_number(row):
    document = _loaded(row)
    assert type(document["id"]) is int
    assert to_comment(document, "86a").id == str(document["id"])


@_cases("attachment_created")
def test_recorded_uploads(row):
    found = to_attachment(_loaded(row), "9hz")
    assert (found.file_name, found.size_bytes, found.content_type) == ("image.png", None, None)
    assert found.url is not None
    assert found.created_at == datetime(2019, 10, 2, 3, 56, 18, 766000, UTC)


@_cases("time_entries", "time_entry", "time_entry_created", "time_entry_updated", "time_entry_deleted")
def test_recorded_time_entries(row):
    data = _loaded(row)["data"]
    for document in data if isinstance(data, list) else [data]:
        found = to_time_entry(document, zone=UTC, level="space")
        assert found.id == document["id"]
        assert is_part_id(found.id), "19 digits are an id"
        assert found.hours == int(document["duration"]) / 3_600_000
        assert found.task_id == (document.get("task") or {}).get("id")
        assert found.user_id == str(document["user"]["id"])
        assert found.project_id == document["task_location"].get("space_id")
        assert found.spent_on is not None
        assert found.updated_at is not None
        assert not is_running(document)


@_cases("checklist_created", "checklist_updated")
def test_recorded_checklists(row):
    document = _loaded(row)["checklist"]
    found = to_checklist(document, document["task_id"], 0)
    assert (found.id, found.name, found.items) == (document["id"], document["name"], [])


@_cases("task_linked", "task_unlinked")
def test_recorded_links(row):
    document = _loaded(row)["task"]
    found = relations_of(document)
    assert [one.id for one in found] == ["relates:9hv:9hz"][: len(document["linked_tasks"])]


# made


def test_relations_are_the_same_from_both_ends():
    row = {"task_id": "b", "depends_on": "a", "type": 1}
    for task in ({"id": "a"}, {"id": "b"}):
        [found] = relations_of({**task, "dependencies": [row, row], "linked_tasks": None})
        assert (found.id, found.from_task_id, found.to_task_id, found.type) == (
            "blocks:a:b",
            "a",
            "b",
            "blocks",
        )
    links = [{"task_id": "b", "link_id": "a"}, {"task_id": "a", "link_id": "b"}]
    assert [one.id for one in relations_of({"linked_tasks": links})] == ["relates:a:b"]
    assert relation_id("relates", "b", "a") == "relates:a:b" != relation_id("blocks", "b", "a")
    assert relation_ends("blocks:b:a") == ("blocks", "b", "a")


@pytest.mark.parametrize("value", ["", "blocks", "blocks:a", "precedes:a:b", "blocks:a:b:c", "blocks:../a:b"])
def test_other_ids_are_of_no_relation(value: str):
    assert relation_ends(value) is None


@pytest.mark.parametrize(
    "task", [{"dependencies": {}}, {"linked_tasks": [5]}, {"dependencies": [{"task_id": "a"}]}]
)
def test_broken_relations_are_said(task: dict[str, Any]):
    with pytest.raises(ProviderError):
        relations_of(task)


def test_tags():
    assert new_tag("a", None)["tag_bg"] == "#87909e"
    assert new_tag("a", "#ffffff")["tag_fg"] == "#000000"
    assert new_tag("a", "#000080")["tag_fg"] == "#ffffff"
    with pytest.raises(ValidationError, match="color"):
        new_tag("a", "red")
    assert to_label({"name": "x", "tag_bg": "red"}, None).color is None
    assert to_label({"name": "x", "bg_color": "#ABCDEF"}, "1").color == "#ABCDEF"
    with pytest.raises(ProviderError):
        to_label({"name": ""}, None)


def test_roles_of_members():
    found = to_membership({"id": 1, "role": 3, "custom_role": {"id": 9, "name": "Auditor"}}, "790")
    assert (found.id, found.roles, found.is_inherited) == ("790:1", ["member", "Auditor"], True)
    assert to_membership({"id": 1, "role": 77}, "790").roles == []


@pytest.mark.parametrize("value", ["", "1,2", "-1", "abc", "../1", "1" * 25, "1 "])
def test_other_ids_are_of_no_part(value: str):
    assert not is_part_id(value)


# time


def test_a_new_entry_begins_at_noon():
    body = new_entry({"spent_on": date(2026, 3, 5), "hours": 1.5, "task_id": "a", "user_id": "184"}, YORK)
    noon = int(datetime(2026, 3, 5, 17, tzinfo=UTC).timestamp() * 1000)
    assert body == {"start": noon, "duration": 5_400_000, "tid": "a", "assignee": 184}
    with pytest.raises(ValidationError, match="hours"):
        new_entry({"spent_on": date(2026, 3, 5), "hours": 1e-9, "task_id": "a"}, YORK)


STORED = {
    "id": "1",
    "start": "1772740800000",  # 2026-03-05 15:00 in New York
    "end": "1772748000000",
    "duration": "7200000",
    "tags": [{"name": "t", "tag_fg": "#fff", "tag_bg": "#000", "creator": 5}],
}


def test_start_and_end_go_together_and_tags_stay():
    tags = {"tags": [{"name": "t", "tag_fg": "#fff", "tag_bg": "#000"}], "tag_action": "add"}
    body = changed_entry({"hours": 1.0}, STORED, YORK)
    assert body == {**tags, "start": 1772740800000, "end": 1772744400000}
    body = changed_entry({"spent_on": date(2026, 3, 6)}, STORED, YORK)
    assert (body["start"], body["end"]) == (1772740800000 + 86_400_000, 1772748000000 + 86_400_000)
    assert changed_entry({"comment": None}, STORED, YORK) == {**tags, "description": ""}
    assert changed_entry({"task_id": "b"}, {"tags": None}, YORK) == {
        "tags": [],
        "tag_action": "add",
        "tid": "b",
    }
    with pytest.raises(ProviderError):
        changed_entry({"hours": 1.0}, {"id": "1"}, YORK)


def test_a_day_whose_hour_does_not_exist_is_still_that_day():
    """02:30 is left out on 2026-03-08 in New York."""
    stored = {**STORED, "start": str(int(datetime(2026, 3, 7, 2, 30, tzinfo=YORK).timestamp() * 1000))}
    body = changed_entry({"spent_on": date(2026, 3, 8)}, stored, YORK)
    assert datetime.fromtimestamp(body["start"] / 1000, YORK).date() == date(2026, 3, 8)


def test_running_timers_and_entries_without_a_task():
    assert is_running({"duration": "-1772740800000"})
    found = to_time_entry({**STORED, "task_location": {"space_id": None}}, zone=YORK, level="space")
    assert (found.task_id, found.project_id, found.spent_on) == (None, None, date(2026, 3, 5))
    placed = {**STORED, "task_location": {"space_id": 7, "list_id": 8, "folder_id": 9}}
    levels = {
        one: to_time_entry(placed, zone=YORK, level=one).project_id for one in ("space", "folder", "list")
    }
    assert levels == {"space": "7", "folder": "9", "list": "8"}


# checklists


def _item(key: str, place: Any, *children: Any, **given: Any) -> dict[str, Any]:
    return {"id": key, "name": key.upper(), "orderindex": place, "children": list(children), **given}


def _shown(items: Any) -> list[tuple[str, str | None, int | None]]:
    return [(one.id, one.parent_id, one.position) for one in items_of({"id": "L", "items": items})]


def test_items_are_one_list_in_the_order_that_people_see():
    items = [
        _item("b", 1, _item("d", "1.5", parent="b"), _item("c", 0, _item("e", None, parent="c"), parent="b")),
        _item("a", 0, resolved=True, assignee={"id": 184}),
    ]
    wanted = [("a", None, 0), ("b", None, 1), ("c", "b", 0), ("e", "c", 0), ("d", "b", 1)]
    assert _shown(items) == wanted
    flat = [
        _item("a", 0),
        _item("b", 1),
        _item("c", 0, parent="b"),
        _item("e", 0, parent="c"),
        _item("d", 5, parent="b"),
    ]
    assert _shown(flat) == wanted, "items that only name their parent stand below it, too"
    first = items_of({"id": "L", "items": items})[0]
    assert (first.title, first.is_done, first.assignee_id, first.checklist_id) == ("A", True, "184", "L")


def test_no_item_is_lost():
    circle = [_item("a", 0, parent="b"), _item("b", 1, parent="a"), _item("c", 2, parent="gone")]
    assert sorted(one for one, _, _ in _shown(circle)) == ["a", "b", "c"]
    assert _shown([_item("a", 0, parent="a")]) == [("a", None, 0)]
    chain = [_item(f"i{n}", n, parent=f"i{n - 1}") for n in range(1, 3000)]
    assert len(_shown([_item("i0", 0), *chain])) == 3000
    assert _shown(None) == _shown([None, 5]) == []
    names = [
        one["id"] for one in checklists_of({"checklists": [_item("y", 7), _item("x", "3"), _item("z", True)]})
    ]
    assert names == ["x", "y", "z"]
    with pytest.raises(ProviderError):
        checklists_of({"checklists": "none"})
