"""The replay's own tools: they find differences, and they translate ids both ways."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.replay.compare import compare_answers, compare_bodies
from tests.sandbox.replay.known import Known
from tests.sandbox.replay.recordings import Step
from tests.sandbox.replay.translate import IdMap


def step(status: int, body: Any) -> Step:
    return Step("10-x", 1, "a step", "call", status=status, answer=body, answer_headers={})


def error(tail: str, attribute: str | None = None) -> dict[str, Any]:
    details = {"_embedded": {"details": {"attribute": attribute}}} if attribute else {}
    return {"_type": "Error", "errorIdentifier": f"urn:x:{tail}", "message": tail, **details}


@pytest.mark.parametrize(
    ("recorded", "ours"),
    [
        ({"a": 1}, {}),
        ({}, {"a": 1}),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": None}),
        ({"a": True}, {"a": 1}),
        ({"a": [1]}, {"a": [1, 2]}),
        ({"createdAt": "2026"}, {"createdAt": None}),
        ({"_links": {"self": {"href": "/a?x=1"}}}, {"_links": {"self": {"href": "/a?x=2"}}}),
    ],
)
def test_differences_are_found(recorded, ours) -> None:
    """Names, values, kinds, lengths, also of volatile members and links."""
    assert list(compare_bodies(recorded, ours))


@pytest.mark.parametrize(
    ("recorded", "ours"),
    [
        ({"createdAt": "2026"}, {"createdAt": "2027"}),
        ({"a": 1}, {"a": 1.0}),
        ({"href": "/a?x=1&y=2"}, {"href": "/a?y=2&x=1"}),
        ({"a": "abc...<shortened: 9 characters, sha256 00>"}, {"a": "abcdefghi"}),
        ({"projects": [{"href": "b"}, {"href": "a"}]}, {"projects": [{"href": "a"}, {"href": "b"}]}),
    ],
)
def test_what_does_not_count(recorded, ours) -> None:
    """Times, the order of parameters, shortened ends, lists without an order."""
    assert not list(compare_bodies(recorded, ours))


def test_errors_are_compared_by_identity() -> None:
    """Status, identifier and attribute count, the message does not; several faults are a set."""
    wanted = step(422, error("A", "x"))
    assert not compare_answers(wanted, 422, {**error("A", "x"), "message": "other"})
    assert compare_answers(wanted, 422, error("A", "y"))
    assert compare_answers(wanted, 422, error("B", "x"))
    assert compare_answers(wanted, 400, error("A", "x"))
    several = {**error("M"), "_embedded": {"errors": [error("A", "x"), error("B")]}}
    turned = {**error("M"), "_embedded": {"errors": [error("B"), error("A", "x")]}}
    assert not compare_answers(step(422, several), 422, turned)
    assert compare_answers(step(422, several), 422, {**error("M"), "_embedded": {"errors": [error("B")]}})


def test_a_body_where_none_was_is_a_difference() -> None:
    """Also a missing one."""
    assert compare_answers(step(204, None), 204, {"a": 1})
    assert compare_answers(step(200, {"a": 1}), 200, None)


def test_ids_are_translated_both_ways() -> None:
    """In paths, bodies and filters; users and groups share their ids; unknown ids stay."""
    ids = IdMap()
    ids.learn("users", 5, 50)
    assert ids.request("/api/v3/users/5/lock") == "/api/v3/users/50/lock"
    assert ids.request({"_links": {"x": {"href": "/api/v3/groups/5"}}})["_links"]["x"]["href"].endswith("/50")
    assert ids.request("/api/v3/projects/5") == "/api/v3/projects/5"
    query = ids.query(
        "filters=%5B%7B%22assignee%22%3A%7B%22operator%22%3A%22%3D%22%2C%22values%22%3A%5B%225%22%5D%7D%7D%5D",
        "/x",
    )
    assert "%2250%22" in query
    ours = {"id": 50, "_links": {"self": {"href": "/api/v3/users/50"}}}
    assert ids.answer(ours) == {"id": 5, "_links": {"self": {"href": "/api/v3/users/5"}}}


def test_created_objects_are_paired() -> None:
    """The new object of both answers is the same one from then on."""
    ids = IdMap()
    recorded = {"id": 7, "_links": {"self": {"href": "/api/v3/versions/7"}}}
    ours = {"id": 9, "_links": {"self": {"href": "/api/v3/versions/9"}}}
    ids.pair(recorded, ours, created=True)
    assert (ids.ours("versions", 7), ids.recorded("versions", 9)) == (9, 7)


def test_raw_bodies_are_sent_as_they_were() -> None:
    """Text and bytes are not encoded again."""
    sender = step(200, None)
    assert sender.body_bytes({"_raw_text_body": "{"}) == b"{"
    assert sender.body_bytes({"_raw_base64_body": "AP8="}) == b"\x00\xff"
    assert json.loads(sender.body_bytes({"a": "ü"})) == {"a": "ü"}


def test_known_differences_name_steps_and_places() -> None:
    """Single steps, ranges, whole files; only matching differences are excused."""
    known = Known("10:1,3-5", "for a good reason", r"^status")
    assert [known.covers(f"10:{n}") for n in range(1, 7)] == [True, False, True, True, True, False]
    assert known.excuses("10:1", "status: 1 is 2")
    assert not known.excuses("10:1", ".a: missing")
    assert Known("11", "the whole of a file").covers("11:99")
    assert not known.covers("11:1")
