"""Deliveries: the handshake, signatures in constant time, heartbeats, and hints of all recorded ones."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pm_providers import AuthenticationError, ValidationError
from pm_providers.model import Entity
from pm_providers.providers.asana import webhook
from pm_providers.providers.asana.webhook import (
    SECRET_HEADER,
    answer_handshake,
    parse_webhook,
    verify_webhook,
)
from pm_providers.toolkit import webhooks
from tests.shared_material import need, shared_path

SECRET = "b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81"


def _signed(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _event(**more: Any) -> dict[str, Any]:
    return {
        "user": {"gid": "9", "resource_type": "user"},
        "action": "changed",
        "resource": {"gid": "12", "resource_type": "task", "resource_subtype": "default_task"},
        "parent": None,
        "change": {"field": "due_on", "action": "changed"},
        "created_at": "2026-03-17T10:11:06.474Z",
        **more,
    }


def _parsed(*events: Any) -> Any:
    return parse_webhook(json.dumps({"events": events}).encode())


def test_a_handshake_gives_the_secret_back() -> None:
    assert answer_handshake(SECRET, awaited=True) == {SECRET_HEADER: SECRET}


@pytest.mark.parametrize(
    ("secret", "awaited"),
    [
        (SECRET, False),
        (None, True),
        ("", True),
        ("a b", True),
        ("a\r\nSet-Cookie: x", True),
        ("x" * 513, True),
    ],
)
def test_a_handshake_that_nobody_waits_for_is_refused(secret: str | None, awaited: bool) -> None:
    """A stranger's handshake would replace the key; a broken one would write headers of its own."""
    with pytest.raises(AuthenticationError) as caught:
        answer_handshake(secret, awaited=awaited)
    assert SECRET not in str(caught.value)


def test_a_signature_is_of_the_raw_bytes() -> None:
    """Spaces and escapes count: what a parser would write again has another signature."""
    body = b'{ "events" : [ ], "x": "\\u00fc" }'
    verify_webhook(body, _signed(body), SECRET)
    verify_webhook(body, _signed(body).upper(), SECRET)
    with pytest.raises(AuthenticationError):
        verify_webhook(json.dumps(json.loads(body)).encode(), _signed(body), SECRET)
    with pytest.raises(AuthenticationError):  # the digest of the bytes' name, as a widespread sample has it
        verify_webhook(body, _signed(str(body).encode()), SECRET)


@pytest.mark.parametrize("signature", [None, "", "00", "{right}0", "sha256={right}", "ü", "{other}"])
def test_wrong_signatures(signature: str | None) -> None:
    body = b'{"events": []}'
    given = signature and signature.format(right=_signed(body), other=_signed(body, "other"))
    with pytest.raises(AuthenticationError) as caught:
        verify_webhook(body, given, SECRET)
    assert _signed(body) not in str(caught.value)


def test_without_a_secret_nothing_is_believed() -> None:
    body = b'{"events": []}'
    with pytest.raises(AuthenticationError):
        verify_webhook(body, _signed(body, ""), "")


def test_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return True

    monkeypatch.setattr(webhook.hmac, "compare_digest", compare)
    verify_webhook(b"x", "given", SECRET)
    assert compared == [(_signed(b"x").encode(), b"given")]


def test_a_heartbeat_is_verified_and_says_nothing() -> None:
    body = b'{"events": []}'
    verify_webhook(body, _signed(body), SECRET)
    assert parse_webhook(body) == []
    with pytest.raises(AuthenticationError):
        verify_webhook(body, None, SECRET)


def test_a_change_of_a_task() -> None:
    (hint,) = _parsed(_event())
    assert (hint.action, hint.entity, hint.id, hint.task_id) == ("changed", Entity.TASK, "12", "12")
    assert (hint.project_id, hint.actor_id, hint.changed) == (None, "9", ("due_on",))
    assert hint.occurred_at == datetime(2026, 3, 17, 10, 11, 6, 474000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "parent", "expected"),
    [
        ("story", "task", (Entity.COMMENT, "77", None)),
        ("attachment", "task", (Entity.ATTACHMENT, "77", None)),
        ("attachment", "project", (Entity.ATTACHMENT, None, "77")),
        ("time_tracking_entry", "task", (Entity.TIME_ENTRY, "77", None)),
        ("tag", "workspace", (Entity.LABEL, None, None)),
        ("project", "workspace", (Entity.PROJECT, None, "12")),
        ("project_membership", "project", (Entity.MEMBERSHIP, None, "77")),
        ("task", "project", (Entity.TASK, "12", "77")),
        ("task", "section", (Entity.TASK, "12", None)),
        ("task", "task", (Entity.TASK, "12", None)),
    ],
)
def test_kinds_and_where_they_belong(kind: str, parent: str, expected: tuple[Any, ...]) -> None:
    """The parent of a subtask is a task, and not the one that the hint is about."""
    resource = {"gid": "12", "resource_type": kind}
    (hint,) = _parsed(
        _event(action="added", resource=resource, parent={"gid": "77", "resource_type": parent})
    )
    assert (hint.entity, hint.task_id, hint.project_id) == expected
    assert hint.id == "12"


@pytest.mark.parametrize("subtype", ["comment_added", None])
def test_comments_are_stories(subtype: str | None) -> None:
    resource = {"gid": "12", "resource_type": "story"} | ({"resource_subtype": subtype} if subtype else {})
    assert [one.entity for one in _parsed(_event(resource=resource))] == [Entity.COMMENT]


@pytest.mark.parametrize(
    ("kind", "subtype"),
    [
        ("story", "section_changed"),
        ("story", "comment_liked"),
        ("section", None),
        ("goal", None),
        ("new", None),
    ],
)
def test_what_is_not_ours_is_left_out(kind: str, subtype: str | None) -> None:
    """Each comes with an event of its task; a kind that nobody knows yet breaks nothing."""
    resource = {"gid": "12", "resource_type": kind, "resource_subtype": subtype}
    assert [one.id for one in _parsed(_event(resource=resource), _event())] == ["12"]


def test_what_the_system_does_has_no_actor() -> None:
    (hint,) = _parsed(_event(user=None))
    assert hint.actor_id is None


def test_the_order_is_kept_and_repetitions_are_known() -> None:
    """Two events of one move differ; the same delivery again does not."""
    left = _event(action="removed", parent={"gid": "5", "resource_type": "section"}, change=None)
    came = _event(action="added", parent={"gid": "6", "resource_type": "section"}, change=None)
    other = _event(change={"field": "name", "action": "changed"})
    later = _event(created_at="2026-03-17T10:11:07.000Z")
    added = _event(change={"field": "followers", "action": "added", "added_value": {"gid": "1"}})
    again = _event(change={"field": "followers", "action": "added", "added_value": {"gid": "2"}})
    first = _parsed(left, came, _event(), other, later, added, again)
    assert [one.action for one in first[:2]] == ["removed", "added"]
    keys = [one.dedupe_key for one in first]
    assert len(set(keys)) == 7
    assert [one.dedupe_key for one in _parsed(left, came, _event(), other, later, added, again)] == keys


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b"{}",
        b'{"events": {}}',
        b'{"events": null}',
        b'{"events": [1]}',
        b'{"events": [{}]}',
        b'{"events": [{"action": "changed"}]}',
        b'{"events": [{"action": "changed", "resource": {"resource_type": "task"}}]}',
        b'{"events": [{"action": "changed", "resource": {"gid": 12, "resource_type": "task"}}]}',
        b'{"events": [{"action": "changed", "resource": {"gid": "../1", "resource_type": "task"}}]}',
        b'{"events": [{"action": null, "resource": {"gid": "12", "resource_type": "task"}}]}',
        b'{"events": ' + b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_broken_deliveries(body: bytes) -> None:
    with pytest.raises(ValidationError):
        parse_webhook(body)


def test_large_deliveries_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "_MAX_BYTES", 10)
    with pytest.raises(ValidationError, match="more than 10 bytes"):
        parse_webhook(b'{"events": []}')


@pytest.mark.parametrize("moment", ["yesterday", 5, None, {}])
def test_moments_that_are_none(moment: Any) -> None:
    assert _parsed(_event(created_at=moment))[0].occurred_at is None


RECORDED = {
    "webhook_events__unknown_stored-file-52844268799__1.json": [
        ("added", Entity.TASK, "1234567890987654321", "123123123"),
        ("added", Entity.TASK, "1234567890987654321", None),
    ],
    "webhook_events_subtask__unknown_stored-file-52844268799__1.json": [
        ("added", Entity.TASK, "1234567890987654321", None)
    ],
    "webhook_heartbeat__Asana_developer-docs__1.json": [],
}


def test_recorded_deliveries() -> None:
    """All that the corpus has; a new one must be added here."""
    folder = need(shared_path("corpus", "asana"))
    assert {one.name for one in folder.glob("webhook*.json")} == set(RECORDED)
    for name, expected in RECORDED.items():
        hints = parse_webhook((folder / name).read_bytes())
        assert [(one.action, one.entity, one.task_id, one.project_id) for one in hints] == expected
        assert all(one.actor_id and one.occurred_at for one in hints)
        assert len({one.dedupe_key for one in hints}) == len(hints)
