"""The check of documents against the vendor's schema, and markup of the older version."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft4Validator

from pm_providers.sandbox.jira.adf import check_document, from_wiki, plain_text, to_wiki
from tests.sandbox.jira.support import adf
from tests.shared_material import need, shared_path


def text(value, *marks):
    return {"type": "text", "text": value, **({"marks": list(marks)} if marks else {})}


def block(kind, *content, **attrs):
    return {"type": kind, **({"attrs": attrs} if attrs else {}), "content": list(content)}


def doc(*content):
    return {"type": "doc", "version": 1, "content": list(content)}


ITEM = block("listItem", block("paragraph", text("x")))
GOOD = [
    doc(),
    adf("one", "two"),
    doc(block("heading", text("h"), level=2), {"type": "rule"}),
    doc(block("bulletList", ITEM, block("listItem", block("paragraph"), block("orderedList", ITEM)))),
    doc(block("codeBlock", text("x = 1"), language="python")),
    doc(block("table", block("tableRow", block("tableHeader", block("paragraph", text("a")))))),
    doc(block("panel", block("paragraph", text("a")), panelType="info")),
    doc(block("taskList", block("taskItem", text("t"), localId="1", state="TODO"), localId="0")),
    doc(block("paragraph", text("b", {"type": "strong"}), {"type": "hardBreak"}, text("c", {"type": "em"}))),
    doc(
        block(
            "paragraph",
            {"type": "mention", "attrs": {"id": "u"}},
            {"type": "emoji", "attrs": {"shortName": ":a:"}},
        )
    ),
]
BAD = [
    "text",
    None,
    {"type": "doc", "version": 2, "content": []},
    {"type": "doc", "version": 1},
    doc(text("loose")),
    doc(block("paragraph", text(""))),
    doc(block("heading", text("h"))),
    doc(block("heading", text("h"), level=7)),
    doc(block("bulletList")),
    doc(block("bulletList", block("paragraph", text("x")))),
    doc(block("paragraph", block("paragraph"))),
    doc(block("paragraph", {"type": "mention", "attrs": {}})),
    doc(block("paragraph", text("x", {"type": "link", "attrs": {}}))),
    doc(block("paragraph", text("x", {"type": "loud"}))),
    doc(block("dream", text("x"))),
    doc(block("panel", block("paragraph"))),
]


@pytest.mark.parametrize("value", GOOD)
def test_good_documents(value):
    assert check_document(value) is None


@pytest.mark.parametrize("value", BAD)
def test_bad_documents(value):
    assert check_document(value)


def test_the_check_agrees_with_the_vendors_schema():
    schema = json.loads(need(shared_path("specs", "adf-schema-full.json")).read_text())
    validator = Draft4Validator(schema)
    assert [value for value in GOOD if not validator.is_valid(value)] == []
    assert [value for value in BAD if validator.is_valid(value)] == []


def _documents(value):
    if isinstance(value, dict):
        if value.get("type") == "doc" and "content" in value:
            yield value
        for part in value.values():
            yield from _documents(part)
    elif isinstance(value, list):
        for part in value:
            yield from _documents(part)


def test_every_recorded_document_passes():
    folder = need(shared_path("corpus", "jira"))
    found = [
        doc for path in sorted(folder.glob("*.json")) for doc in _documents(json.loads(path.read_text()))
    ]
    assert len(found) > 20
    assert [doc for doc in found if check_document(doc)] == []
    assert all(isinstance(to_wiki(doc), str) and isinstance(plain_text(doc), str) for doc in found)


def test_too_deep_and_too_long_documents_are_refused():
    node = block("paragraph", text("x"))
    for _ in range(200):
        node = block("bulletList", block("listItem", node))
    assert check_document(doc(node)) == "INVALID_INPUT"
    assert check_document(adf("x" * 40_000)) == "CONTENT_LIMIT_EXCEEDED"


@pytest.mark.parametrize(
    "markup",
    [
        "h2. Title",
        "plain words",
        "two\nlines",
        "some *bold* here",
        "* a\n* b",
        "# a\n# b",
        "----",
        "{code:sql}select 1{code}",
        "first\n\nsecond",
    ],
)
def test_markup_survives_both_ways(markup):
    assert check_document(from_wiki(markup)) is None
    assert to_wiki(from_wiki(markup)) == markup
