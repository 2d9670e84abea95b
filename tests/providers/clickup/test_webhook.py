"""Deliveries: verified in constant time, read into hints, the recorded ones and those of the sandbox too."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, date, datetime
from typing import Any

import httpx2
import pytest

from pm_providers import PMChecklist, PMComment, PMSprint, PMTask, PMTimeEntry
from pm_providers.errors import AuthenticationError, ValidationError
from pm_providers.model import Entity
from pm_providers.providers.clickup import ClickUpProvider, webhook
from pm_providers.providers.clickup.webhook import SIGNATURE_HEADER, parse_webhook, verify_webhook
from pm_providers.toolkit import webhooks
from tests.providers.clickup.site import Site
from tests.providers.clickup.test_recorded import _loaded, _rows
from tests.shared_material import need, shared_path

SECRET = "IFTKSZXXN8NZZN8LMG3Z6GQYQ9ALEYF2"
RIGHT = hmac.new(SECRET.encode(), b"body", hashlib.sha256).hexdigest()
OURS = ("task", "list", "folder", "space")


def _parsed(found: Any, **given: Any) -> Any:
    return parse_webhook(json.dumps(found).encode(), **given)


def _item(**given: Any) -> dict[str, Any]:
    return {
        "id": "2800768061568222238",
        "type": 1,
        "date": "1642734925064",
        "field": "content",
        "parent_id": "162641062",
        "user": {"id": 183},
        "before": None,
        "after": "x",
        **given,
    }


def _event(event: str = "taskUpdated", *items: dict[str, Any], **given: Any) -> dict[str, Any]:
    found = {"event": event, "task_id": "1vj37mc", "webhook_id": "7fa3", **given}
    return {**found, "history_items": list(items)} if items else found


# signatures


@pytest.mark.parametrize("signature", [RIGHT, RIGHT.upper(), f" {RIGHT}\n"])
def test_right_signatures(signature: str):
    verify_webhook(b"body", signature, SECRET)


@pytest.mark.parametrize(
    "signature", [None, "", "00", RIGHT[:-1], f"{RIGHT}0", f"sha256={RIGHT}", "ü", RIGHT[::-1]]
)
def test_other_signatures_are_refused(signature: str | None):
    with pytest.raises(AuthenticationError):
        verify_webhook(b"body", signature, SECRET)


def test_the_raw_body_is_signed():
    for body in (b"body ", b"", b"Body"):
        with pytest.raises(AuthenticationError):
            verify_webhook(body, RIGHT, SECRET)
    with pytest.raises(AuthenticationError):
        verify_webhook(b"body", RIGHT, "other")


def test_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch):
    asked: list[tuple[bytes, bytes]] = []
    monkeypatch.setattr(webhook.hmac, "compare_digest", lambda a, b: asked.append((a, b)) or True)
    verify_webhook(b"body", "00", SECRET)
    assert asked == [(RIGHT.encode(), b"00")]


def test_without_a_secret_nothing_is_verified():
    empty = hmac.new(b"", b"body", hashlib.sha256).hexdigest()
    with pytest.raises(AuthenticationError):
        verify_webhook(b"body", empty, "")


# what they say


def test_a_task_that_changed():
    found = _parsed(_event("taskUpdated", _item(), _item(id="2", field="name"), _item(id="3")))
    assert (found.action, found.entity, found.id, found.task_id) == (
        "taskUpdated",
        Entity.TASK,
        "1vj37mc",
        "1vj37mc",
    )
    assert (found.actor_id, found.changed) == ("183", ("content", "name"))
    assert found.occurred_at == datetime(2022, 1, 21, 3, 15, 25, 64000, UTC)
    assert found.dedupe_key == "7fa3:2800768061568222238", "the key that the vendor documents"
    assert found.project_id is None
    assert _parsed(_event("taskUpdated", _item()), project_level="list").project_id == "162641062"


def test_one_change_has_one_key_whatever_the_event():
    keys = {
        _parsed(_event(one, _item())).dedupe_key for one in ("taskUpdated", "taskStatusUpdated", "taskMoved")
    }
    assert len(keys) == 1
    assert _parsed(_event("taskUpdated", _item(id="9"))).dedupe_key not in keys


def test_events_without_a_history():
    first, again = (_parsed(_event("taskDeleted")) for _ in range(2))
    assert (first.actor_id, first.occurred_at, first.changed) == (None, None, ())
    assert first.dedupe_key == again.dedupe_key != _parsed(_event("taskDeleted", task_id="other")).dedupe_key
    space = {"event": "spaceUpdated", "space_id": "790", "webhook_id": "7fa3"}
    assert _parsed(space).dedupe_key != _parsed(space).dedupe_key, "two changes look alike, and both count"


@pytest.mark.parametrize(
    ("event", "entity", "one"),
    [
        (_event("taskCommentPosted", _item(field="comment", comment={"id": "648893191"}, after=None)), Entity.COMMENT, "648893191"),
        (_event("taskCommentUpdated", _item(field="comment", comment=[{"text": "x"}], after="90090")), Entity.COMMENT, "90090"),
        (_event("taskCommentPosted", _item(field="comment", after={"id": 1})), Entity.TASK, "1vj37mc"),
        (_event("taskCommentPosted"), Entity.TASK, "1vj37mc"),
        (_event("taskTimeTrackedUpdated", _item(), data={"interval_id": "3945907824924425939"}), Entity.TIME_ENTRY, "3945907824924425939"),
        (_event("taskTimeTrackedUpdated", _item()), Entity.TASK, "1vj37mc"),
        (_event("taskTimeEstimateUpdated", _item()), Entity.TASK, "1vj37mc"),
    ],
)  # fmt: skip
def test_what_stands_on_a_task(event: dict[str, Any], entity: Entity, one: str):
    found = _parsed(event)
    assert (found.entity, found.id, found.task_id) == (entity, one, "1vj37mc")


@pytest.mark.parametrize(
    ("level", "entities"),
    [
        ("space", {"space": Entity.PROJECT, "list": Entity.SPRINT}),
        ("folder", {"folder": Entity.PROJECT, "list": Entity.SPRINT}),
        ("list", {"list": Entity.PROJECT}),
    ],
)
def test_places_are_what_the_option_says(level: str, entities: dict[str, Entity]):
    for kind in ("space", "folder", "list"):
        found = _parsed(
            {"event": f"{kind}Created", f"{kind}_id": 790, "webhook_id": "7"}, project_level=level
        )
        assert (None if found is None else found.entity) == entities.get(kind)
        if found is not None:
            assert (found.id, found.task_id) == ("790", None)
            assert found.project_id == ("790" if found.entity is Entity.PROJECT else None)


@pytest.mark.parametrize(
    "event",
    [
        {"event": "goalUpdated", "goal_id": "a-b"},
        {"event": "keyResultCreated", "goal_id": "a", "key_result_id": "b"},
    ],
)
def test_kinds_that_are_not_ours(event: dict[str, Any]):
    assert _parsed(event) is None


AUTOMATION = {
    "id": "b4ced072:main",
    "trigger_id": "4b2a9adf",
    "date": "2024-05-16T18:42:05.693Z",
    "payload": {"id": "868h", "name": "Task"},
    "webhook_id": "7",
}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[1]",
        b"{}",
        b"\xff",
        b"null",
        b'{"event": 1}',
        b'{"event": "taskUpdated"}',
        b'{"event": "taskUpdated", "task_id": ""}',
        b'{"event": "taskUpdated", "task_id": true}',
        b'{"event": "taskUpdated", "task_id": "../1"}',
        b'{"event": "taskUpdated", "list_id": "1"}',
        b'{"event": "task", "task_id": "1"}',
        b'{"event": "docCreated", "task_id": "1"}',
        json.dumps(AUTOMATION).encode(),
        b"[" * 100_000,
    ],
)
def test_what_is_no_delivery_is_refused(body: bytes):
    with pytest.raises(ValidationError):
        parse_webhook(body)


def test_the_size_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(webhooks, "_MAX_BYTES", 10)
    with pytest.raises(ValidationError, match="more than 10 bytes"):
        _parsed(_event())


def test_odd_parts_are_no_error():
    odd = _item(id=None, date="soon", user=[], field=None, comment={"id": [1]}, type={})
    found = _parsed({**_event("taskCommentPosted"), "history_items": [None, odd, 5], "data": []})
    assert (found.entity, found.actor_id, found.occurred_at, found.changed) == (Entity.TASK, None, None, ())
    assert _parsed({**_event(), "history_items": {"a": 1}}).changed == ()
    assert _parsed(_event("taskUpdated", _item(date=10**40))).occurred_at is None


# recorded, and of the sandbox


def _kinds() -> list[str]:
    index = shared_path("corpus", "INDEX.jsonl")
    if not index.exists():
        return []
    rows = (json.loads(line) for line in index.read_text("utf-8").splitlines())
    kinds = {row["kind"] for row in rows if row["vendor"] == "clickup" and row["kind"].startswith("webhook_")}
    return sorted(kinds - {"webhook_registration"})


RECORDED = [pytest.param(row, id=name) for name, row in _rows(*_kinds())] or [None]


@pytest.mark.parametrize("row", RECORDED)
def test_recorded_deliveries(row):
    payload = _loaded(row)
    event = payload["event"]
    found = _parsed(payload)
    if not event.startswith(OURS) or event.startswith("folder"):
        assert found is None
        return
    assert found.action == event
    kind = next(one for one in OURS if event.startswith(one))
    key = payload[f"{kind}_id"]
    assert key in {found.id, found.task_id, found.project_id}
    for item in payload.get("history_items", [])[:1]:
        assert found.actor_id == str(item["user"]["id"])
        assert found.occurred_at is not None
        assert found.dedupe_key == f"{payload['webhook_id']}:{item['id']}"
        assert found.changed[0] == item["field"]
    if "Comment" in event:
        assert (found.entity, found.id) == (Entity.COMMENT, payload["history_items"][0]["after"])


def test_all_kinds_are_recorded():
    need(shared_path("corpus", "INDEX.jsonl"))
    assert len(RECORDED) >= 25


async def test_deliveries_of_the_sandbox_name_what_the_provider_reads(site: Site, provider: ClickUpProvider):
    taken: list[tuple[bytes, str]] = []

    def receiver(request: httpx2.Request) -> httpx2.Response:
        taken.append((request.content, request.headers[SIGNATURE_HEADER]))
        return httpx2.Response(200)

    hook = await provider.request(
        "POST", f"team/{site.team}/webhook", json={"endpoint": "https://r.example", "events": ["*"]}
    )
    task = await provider.create_task(PMTask(title="a", project_id=site.space))
    comment = await provider.create_comment(PMComment(task_id=task.id, body="*x*"))
    entry = await provider.create_time_entry(PMTimeEntry("", task.id, 1.0, date(2026, 3, 5)))
    await provider.create_checklist(PMChecklist("", "L", task.id))
    await provider.create_sprint(PMSprint("", "Sprint 1", site.space))
    await provider.delete_task(task.id)
    await site.box.webhooks.deliver(httpx2.MockTransport(receiver))
    hints = []
    for body, signature in taken:
        verify_webhook(body, signature, hook.data["webhook"]["secret"])
        hints.append(parse_webhook(body))
    found = {(one.entity, one.id) for one in hints if one is not None}
    assert {
        (Entity.TASK, task.id),
        (Entity.COMMENT, comment.id),
        (Entity.TIME_ENTRY, entry.id),
    } <= found
    me = await provider.get_current_user()
    assert {one.actor_id for one in hints if one is not None} <= {me.id, None}
