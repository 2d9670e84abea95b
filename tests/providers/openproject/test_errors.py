"""What error answers say: every recorded one is understood, whatever its language."""

from __future__ import annotations

import httpx2
import pytest

from pm_providers import (
    NotFoundError,
    PMError,
    UnsupportedError,
    ValidationError,
)
from pm_providers.providers.openproject.errors import parse_fault
from pm_providers.transport import Answer
from pm_providers.transport.errors import Where, kind_for_status
from tests.providers.openproject.support import KEY, all_recordings, canned, no_secret, payload
from tests.shared_material import need, shared_path

# the words of the server


def fault_of(status: int, body: object, path: str = "/api/v3/work_packages/1"):
    import msgspec

    where = Where(provider="openproject", operation="x", method="POST", path=path)
    return parse_fault(
        Answer(status, {"content-type": "application/hal+json"}, msgspec.json.encode(body), where=where)
    )


def test_every_recorded_error_is_understood():
    seen = 0
    for name, step in all_recordings():
        answer = step.get("response") or {}
        body = answer.get("body")
        if not isinstance(body, dict) or body.get("_type") != "Error":
            continue
        fault = fault_of(answer["status"], body, step["request"]["path"])
        assert fault.code == body["errorIdentifier"].rpartition(":")[2], (name, step["n"])
        assert fault.message
        details = [one.get("_embedded", {}).get("details", {}).get("attribute")
                   for one in (body.get("_embedded", {}).get("errors") or [body])]  # fmt: skip
        assert len(fault.fields) <= len([one for one in details if one])
        assert bool(fault.fields) == any(details)
        seen += 1
    assert seen > 300


def test_every_other_real_error_is_understood():
    for path in sorted(need(shared_path("corpus", "openproject")).glob("error_*.json")):
        body = payload(path.name)
        if isinstance(body, dict) and body.get("_type") == "Error":
            assert fault_of(422, body).message, path.name


@pytest.mark.parametrize(
    ("attribute", "path", "field"),
    [
        ("subject", "/api/v3/work_packages", "title"),
        ("parent", "/api/v3/work_packages/5", "parent_task_id"),
        ("parent", "/api/v3/projects/5", "parent_project_id"),
        ("identifier", "/api/v3/projects", "key"),
        ("effectiveDate", "/api/v3/versions", "end_date"),
        ("base", "/api/v3/projects", "base"),
    ],
)
def test_attributes_become_fields(attribute, path, field):
    body = {"_type": "Error", "errorIdentifier": "urn:openproject-org:api:v3:errors:PropertyConstraintViolation",
            "message": "no", "_embedded": {"details": {"attribute": attribute}}}  # fmt: skip
    assert fault_of(422, body, path).fields == {field: "no"}


@pytest.mark.parametrize("body", [[], None, 5, "x"])
def test_an_error_that_is_no_error_document(body):
    assert fault_of(500, body) is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": None},
        {"_embedded": None},
        {"_embedded": {"errors": "x", "details": []}},
        {"message": [1, "two"]},
    ],
)
def test_a_crippled_error_document(body):
    fault = fault_of(500, body)
    assert fault.fields == {}


async def test_missing_enterprise_token_comes_as_500():
    body = {
        "_type": "Error",
        "errorIdentifier": "urn:openproject-org:api:v3:errors:MissingEnterpriseToken",
        "message": "Upgrade",
    }
    async with canned(lambda request: httpx2.Response(500, json=body), sprint_source="version") as provider:
        with pytest.raises(UnsupportedError, match="Upgrade"):
            await provider.list_statuses()


async def test_plain_text_errors():
    """Recorded 02-…: step 65: 406 with plain text under a HAL content type."""
    answer = httpx2.Response(
        406, content=b"Missing content-type header", headers={"content-type": "application/hal+json"}
    )
    async with canned(lambda request: answer, sprint_source="version") as provider:
        with pytest.raises(PMError) as caught:
            await provider.list_statuses()
    assert caught.value.status == 406


async def test_messages_are_short_and_clean():
    body = {
        "_type": "Error",
        "errorIdentifier": "urn:openproject-org:api:v3:errors:BadRequest",
        "message": f"\x1b[31m{KEY} " + "x" * 5000,
    }
    async with canned(lambda request: httpx2.Response(400, json=body), sprint_source="version") as provider:
        with pytest.raises(ValidationError) as caught:
            await provider.list_statuses()
    assert len(str(caught.value)) < 500
    assert "\x1b" not in str(caught.value)
    no_secret(caught.value)


def test_statuses_without_a_word():
    assert kind_for_status(404) is NotFoundError
