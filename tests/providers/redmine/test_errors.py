"""What refusals say: texts without field names, in the language of the account."""

from __future__ import annotations

import msgspec
import pytest

from pm_providers import ConflictError
from pm_providers.model import MODELS, Entity, field_specs
from pm_providers.providers.redmine.errors import parse_fault
from pm_providers.transport import Answer
from pm_providers.transport.errors import Where
from tests.providers.redmine.recordings import recordings

UNMAPPED = (
    "Password ",  # no field of ours
    "Cf ",  # custom fields, whose names are changed in these texts
    "This relation would create a circular dependency",
    "An issue cannot be linked to one of its subtasks",
    "1 file(s) could not be saved.",
    "Updated is invalid",  # a filter
    "Cannot log more than ",
    "An issue assigned to a closed version cannot be reopened",
    "An open issue cannot be attached to a closed parent task",
    "Thema ",  # another language
)
"""Beginnings of texts that name no field, on purpose."""


def fault_of(status: int, body: object, path: str = "/issues/1.json"):
    where = Where(provider="redmine", operation="x", method="PUT", path=path)
    content = msgspec.json.encode(body)
    return parse_fault(Answer(status, {"content-type": "application/json"}, content, where=where))


def test_every_recorded_refusal():
    """Each text is in the message; each English one names its field, but those that name none."""
    seen, named = 0, set()
    for where, one in recordings():
        body, status = one["response"]["body"], one["response"]["status"]
        if not isinstance(body, dict) or not body.get("errors"):
            continue
        fault = fault_of(status, body, one["request"]["path"])
        assert fault is not None
        for text in body["errors"]:
            seen += 1
            assert text in fault.message
            found = [name for name, why in fault.fields.items() if text in why.split("; ")]
            assert len(found) == (not text.startswith(UNMAPPED)), (where, one["n"], text, fault.fields)
            named.update(found)
    assert seen > 100
    assert named <= {name for entity in Entity for name in field_specs(MODELS[entity])}
    assert named >= {"title", "sprint_id", "to_task_id", "roles", "spent_on", "end_date", "key", "username"}


@pytest.mark.parametrize(
    ("text", "path", "field"),
    [
        ("Due date is not a valid date", "/projects/1/versions.json", "end_date"),
        ("Due date is not a valid date", "/issues.json", "due_date"),
        ("Description is too long (maximum is 255 characters)", "/versions/1.json", "goal"),
        ("Description is too long (maximum is 255 characters)", "/attachments/1.json", "description"),
        ("File is too long (maximum is 255 characters)", "/uploads.json", "file_name"),
        ("Parent task is invalid", "/issues.json", "parent_task_id"),
        ("Duedate is wrong", "/issues.json", None),
        ("Date of order cannot be blank", "/issues.json", None),
        ("Priority for us is not included in the list", "/issues.json", None),
    ],
)
def test_words_depend_on_the_place(text, path, field):
    """The same word names different fields."""
    fault = fault_of(422, {"errors": [text]}, path)
    assert fault.fields == ({} if field is None else {field: text})


def test_several_texts_about_one_field():
    """All are told."""
    fault = fault_of(422, {"errors": ["Project cannot be blank", "Project is invalid"]})
    assert fault.fields == {"project_id": "Project cannot be blank; Project is invalid"}


def test_somebody_was_faster():
    """An empty list is all that a stale lock version leaves."""
    assert fault_of(422, {"errors": []}).kind is ConflictError


def test_bodies_that_say_little():
    """No object, no list: nothing is made up."""
    assert fault_of(500, ["x"]) is None
    assert fault_of(404, {"status": 404, "error": "Not Found"}).message == "Not Found"
    assert fault_of(422, {"errors": [1, None, "Subject cannot be blank"]}).fields == {
        "title": "Subject cannot be blank"
    }
    assert len(fault_of(422, {"errors": ["x"] * 1000}).message) < 200
