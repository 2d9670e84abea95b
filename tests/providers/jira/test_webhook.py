"""Deliveries: verified in constant time, read into hints, the recorded ones too."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pm_providers import AuthenticationError, ValidationError
from pm_providers.model import Entity
from pm_providers.providers.jira import webhook
from pm_providers.providers.jira.webhook import parse_webhook, verify_webhook, verify_webhook_token
from pm_providers.toolkit import webhooks
from tests.shared_material import need, shared_path

SECRET = "It's a Secret to Everybody"  # of the vendor's example
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def _issue_event(event: str = "jira:issue_updated", **more: Any) -> dict[str, Any]:
    return {
        "timestamp": 1732877091000,
        "webhookEvent": event,
        "user": {"accountId": "5b1"},
        "issue": {"id": "10002", "key": "ED-1", "fields": {"project": {"id": "10000", "key": "ED"}}},
        "changelog": {"id": "10206", "items": [{"field": "Story Points", "fieldId": "customfield_10016"}]},
        **more,
    }


def _parsed(found: Any, identifier: str | None = None) -> Any:
    return parse_webhook(json.dumps(found).encode(), identifier)


def test_the_vendors_example_of_a_signature() -> None:
    """The secret, payload and digest of the vendor's page on securing webhooks."""
    digest = "a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
    verify_webhook(b"Hello World!", f"sha256={digest}", SECRET)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha256=",
        "sha256=00",
        "sha1={right}",
        "{right}",
        "md5={right}",
        "sha256={right}0",
        "sha256=ü",
    ],
)
def test_other_signatures_are_refused(signature: str | None) -> None:
    right = hmac.new(SECRET.encode(), b"body", hashlib.sha256).hexdigest()
    verify_webhook(b"body", f"sha256={right}", SECRET)
    with pytest.raises(AuthenticationError):
        verify_webhook(b"body", signature and signature.replace("{right}", right), SECRET)
    with pytest.raises(AuthenticationError):
        verify_webhook(b"other", f"sha256={right}", SECRET)


def test_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison is `hmac.compare_digest`, and its word is final."""
    asked: list[tuple[bytes, bytes]] = []
    monkeypatch.setattr(webhook.hmac, "compare_digest", lambda a, b: asked.append((a, b)) or True)
    verify_webhook(b"body", "sha256=00", SECRET)
    [(computed, given)] = asked
    assert (len(computed), given) == (64, b"00")


def test_without_a_secret_nothing_is_verified() -> None:
    empty = hmac.new(b"", b"body", hashlib.sha256).hexdigest()
    with pytest.raises(AuthenticationError):
        verify_webhook(b"body", f"sha256={empty}", "")


def _token(claims: dict[str, Any], *, alg: str = "HS256", secret: str = SECRET) -> str:
    parts = [json.dumps(one).encode() for one in ({"alg": alg, "typ": "JWT"}, claims)]
    signed = b".".join(base64.urlsafe_b64encode(one).rstrip(b"=") for one in parts)
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return (signed + b"." + base64.urlsafe_b64encode(digest).rstrip(b"=")).decode()


def test_tokens_of_dynamic_webhooks() -> None:
    soon = NOW.timestamp() + 60
    verify_webhook_token(f"Bearer {_token({'exp': soon})}", SECRET, now=NOW)
    for wrong in (
        None,
        "Bearer ",
        "Bearer a.b.c",
        _token({"exp": soon}, secret="other"),  # no secret at all
        _token({"exp": soon}, alg="none"),
        _token({"exp": NOW.timestamp() - 3600}),
        _token({"exp": True}),
        _token({}),
    ):
        with pytest.raises(AuthenticationError):
            verify_webhook_token(wrong, SECRET, now=NOW)
    with pytest.raises(AuthenticationError):
        verify_webhook_token(_token({"exp": soon}, secret=""), "", now=NOW)


def test_an_issue_that_changed() -> None:
    found = _parsed(_issue_event())
    assert (found.action, found.entity, found.id, found.key) == (
        "jira:issue_updated",
        Entity.TASK,
        "10002",
        "ED-1",
    )
    assert (found.task_id, found.project_id, found.actor_id) == ("10002", "10000", "5b1")
    assert found.occurred_at == datetime(2024, 11, 29, 10, 44, 51, tzinfo=UTC)
    assert found.changed == ("customfield_10016",)


@pytest.mark.parametrize(
    ("event", "entity", "one", "task"),
    [
        ({"webhookEvent": "worklog_created", "worklog": {"id": "7", "issueId": "9"}}, Entity.TIME_ENTRY, "7", "9"),
        (
            {"webhookEvent": "issuelink_created", "issueLink": {"id": 5, "sourceIssueId": 9}},
            Entity.RELATION,
            "5",
            "9",
        ),
        ({"webhookEvent": "attachment_deleted", "attachment": {"id": "4"}}, Entity.ATTACHMENT, "4", None),
        ({"webhookEvent": "sprint_started", "sprint": {"id": 3}}, Entity.SPRINT, "3", None),
        ({"webhookEvent": "project_soft_deleted", "project": {"id": 2, "key": "ED"}}, Entity.PROJECT, "2", None),
        ({"webhookEvent": "user_created", "user": {"accountId": "712020:ab"}}, Entity.USER, "712020:ab", None),
        (
            {"webhookEvent": "comment_created", "comment": {"id": "6", "self": "https://j/rest/api/2/issue/9/comment/6"}},
            Entity.COMMENT,
            "6",
            "9",
        ),
    ],
)  # fmt: skip
def test_other_kinds(event: dict[str, Any], entity: Entity, one: str, task: str | None) -> None:
    found = _parsed(event)
    assert (found.entity, found.id, found.task_id) == (entity, one, task)
    assert found.project_id == ("2" if entity is Entity.PROJECT else None)


@pytest.mark.parametrize(
    "event", ["board_created", "jira:version_released", "issue_property_set", "option_x"]
)
def test_kinds_that_are_not_ours(event: str) -> None:
    assert _parsed({"webhookEvent": event, "issue": {"id": "1"}}) is None


def test_repeated_deliveries_have_one_key() -> None:
    first, again = _parsed(_issue_event()), _parsed(_issue_event())
    later = _parsed(_issue_event(timestamp=1732877091001))
    assert first.dedupe_key == again.dedupe_key != later.dedupe_key
    assert _parsed(_issue_event(), "delivery-1").dedupe_key == "delivery-1"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[1]",
        b"{}",
        b"\xff",
        b'{"webhookEvent": 1}',
        b'{"webhookEvent": "jira:issue_updated"}',
        b'{"webhookEvent": "jira:issue_updated", "issue": []}',
        b'{"webhookEvent": "jira:issue_updated", "issue": {"id": true}}',
        b'{"webhookEvent": "jira:issue_updated", "issue": {"id": "../1"}}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_delivery_is_refused(body: bytes) -> None:
    with pytest.raises(ValidationError):
        parse_webhook(body)


def test_the_size_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "_MAX_BYTES", 10)
    with pytest.raises(ValidationError, match="more than 10 bytes"):
        parse_webhook(b'{"webhookEvent": "jira:issue_updated"}')


def test_odd_parts_are_no_error() -> None:
    found = _parsed(_issue_event(timestamp=10**40, changelog={"items": [None, {"field": 2}]}, user=[]))
    assert (found.occurred_at, found.changed, found.actor_id) == (None, (), None)
    odd = _issue_event()
    odd["issue"]["fields"]["project"] = {"id": [1]}
    assert _parsed(odd).project_id is None


@pytest.mark.parametrize("items", [5, True, "text", {"field": "status"}, [None, 5]])
def test_a_change_log_of_another_kind_is_no_error(items: Any) -> None:
    assert _parsed(_issue_event(changelog={"items": items})).changed == ()


@pytest.mark.parametrize(
    ("event", "actor"), [("comment_deleted", None), ("comment_updated", "ed"), ("comment_created", "ann")]
)
def test_who_deleted_a_comment_is_not_taken_to_be_its_author(event: str, actor: str | None) -> None:
    """Otherwise the delete of our own comment by somebody else would look like an echo of ours."""
    comment: dict[str, Any] = {"id": "6", "author": {"accountId": "ann"}}
    if event == "comment_updated":
        comment["updateAuthor"] = {"accountId": "ed"}
    assert _parsed({"webhookEvent": event, "comment": comment}).actor_id == actor


def test_recorded_deliveries() -> None:
    """All recorded ones are read, but the one that names no event."""
    folder = need(shared_path("corpus", "jira"))
    paths = sorted(folder.glob("webhook_*.json"))
    refused = []
    for path in paths:
        try:
            _check_recorded(path)
        except ValidationError:
            refused.append(path.name)
    assert len(paths) > 60
    assert refused == ["webhook_custom_no_event__Commit451_skyhook__1.json"]


def _check_recorded(path: Path) -> None:
    body = path.read_bytes()
    document, found = json.loads(body), parse_webhook(body)
    assert found is not None
    assert found.action == document["webhookEvent"]
    if "issue_" in found.action:
        issue = document["issue"]
        assert (found.id, found.task_id, found.key) == (issue["id"], issue["id"], issue["key"])
        project = issue["fields"].get("project")
        assert found.project_id == (project["id"] if project else None)
        assert found.changed or not document.get("changelog", {}).get("items")
    else:
        assert found.entity is Entity.COMMENT
        assert f"/issue/{found.task_id}/" in document["comment"]["self"] or "issue" in document
    # Cloud does not name who deleted a comment.
    assert found.actor_id or (found.action == "comment_deleted" and "user" not in document)
    assert found.occurred_at is not None
