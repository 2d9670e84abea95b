"""Webhooks: recorded deliveries verify, forged ones do not, and a payload is a hint."""

from __future__ import annotations

import json

import pytest

from pm_providers import AuthenticationError, Entity, ValidationError
from pm_providers.providers.openproject import parse_webhook, verify_webhook
from tests.providers.openproject.support import payload, recordings
from tests.shared_material import need, shared_path

SECRET = "corpus-webhook-secret"


def deliveries() -> list[dict]:
    return [step for step in recordings("24-") if step.get("direction")]


def body_of(step: dict) -> bytes:
    return step["request"]["body"]["_raw_text_body"].encode()


def test_recorded_deliveries_verify():
    signed = 0
    for step in deliveries():
        signature = step["request"]["headers"].get("X-Op-Signature")
        if signature is None:
            with pytest.raises(AuthenticationError):
                verify_webhook(body_of(step), None, SECRET)
            continue
        verify_webhook(body_of(step), signature, SECRET)
        signed += 1
        for body, given, secret in (
            (body_of(step) + b" ", signature, SECRET),
            (body_of(step), signature[:-1] + ("0" if signature[-1] != "0" else "1"), SECRET),
            (body_of(step), signature.upper(), SECRET),
            (body_of(step), signature.removeprefix("sha1="), SECRET),
            (body_of(step), "", SECRET),
            (body_of(step), "sha1=ünïcode", SECRET),
            (body_of(step), signature, "other"),
            (body_of(step), signature, ""),
        ):
            with pytest.raises(AuthenticationError) as caught:
                verify_webhook(body, given, secret)
            assert SECRET not in str(caught.value)
    assert signed > 10


def test_recorded_deliveries_are_read():
    kinds = set()
    for step in deliveries():
        hint = parse_webhook(body_of(step))
        document = json.loads(body_of(step))
        assert hint.action == document["action"]
        kinds.add((hint.action.partition(":")[0], hint.entity))
        key = {"work_package_comment": "activity"}.get(
            hint.action.partition(":")[0], hint.action.partition(":")[0]
        )
        assert hint.id == str(document[key]["id"])
        if hint.entity is Entity.TASK:
            assert hint.task_id == hint.id
            assert hint.project_id == document[key]["_links"]["project"]["href"].rpartition("/")[2]
    assert ("work_package", Entity.TASK) in kinds
    assert ("project", Entity.PROJECT) in kinds
    assert ("time_entry", Entity.TIME_ENTRY) in kinds


def test_the_same_state_delivered_twice_has_one_key():
    """Recorded 24-webhooks: steps 18, 19: two updates, both with the last state."""
    found = {step["n"]: parse_webhook(body_of(step)) for step in deliveries()}
    assert found[18].dedupe_key == found[19].dedupe_key
    assert found[7].dedupe_key != found[18].dedupe_key


def test_actor_and_task():
    body = json.dumps(
        {
            "action": "work_package_comment:comment",
            "activity": {"id": 7, "_links": {"workPackage": {"href": "/api/v3/work_packages/12"}}},
            "actor": {"_type": "User", "id": 4},
        }
    ).encode()
    hint = parse_webhook(body)
    assert (hint.entity, hint.id, hint.task_id, hint.actor_id) == (Entity.COMMENT, "7", "12", "4")


def test_payloads_of_others():
    found = 0
    for path in sorted(need(shared_path("corpus", "openproject")).glob("webhook_*.json")):
        document = payload(path.name)
        if "action" not in document:
            continue
        hint = parse_webhook(json.dumps(document).encode())
        assert hint is not None, path.name
        assert hint.id
        found += 1
    assert found >= 3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"[]",
        b"null",
        b"{}",
        b'{"action": 5}',
        b'{"action": "work_package:created"}',
        b'{"action": "work_package:created", "work_package": null}',
        b'{"action": "work_package:created", "work_package": {"id": "x"}}',
        b'{"action": "work_package:created", "work_package": {"id": true}}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_malformed_payloads(body):
    with pytest.raises(ValidationError):
        parse_webhook(body)


def test_other_kinds_are_left_alone():
    assert parse_webhook(b'{"action": "meeting:created", "meeting": {"id": 1}}') is None


def test_huge_payloads_are_not_read():
    with pytest.raises(ValidationError, match="bytes"):
        parse_webhook(b" " * (32 * 1024 * 1024 + 1))
