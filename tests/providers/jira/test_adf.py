"""Markdown and Atlassian documents: what is written is valid, stable, and loses no text either way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given

from pm_providers.providers.jira.mapping.adf import adf_to_markdown, markdown_to_adf
from pm_providers.providers.jira.mapping.adf_writing import AdfWriter
from pm_providers.text import parse_markdown, render_markdown
from tests.providers.jira.adf_documents import adf_documents
from tests.shared_material import need, shared_path, spec_path
from tests.support.examples import examples
from tests.text.trees import documents, markdown

jsonschema = pytest.importorskip("jsonschema")


def types_of(schema: Any, root: Any) -> set[str]:
    """Node types that a definition is for; empty where it does not say."""
    while "$ref" in schema:
        schema = root["definitions"][schema["$ref"].rpartition("/")[2]]
    if "allOf" in schema:
        return types_of(schema["allOf"][0], root)
    return set(schema.get("properties", {}).get("type", {}).get("enum", ()))


def any_of(validator: Any, options: list[Any], instance: Any, schema: Any) -> Iterator[Any]:
    """`anyOf` that looks only at the definitions for the type of the node: others take hours to refuse it."""
    kind = instance.get("type") if isinstance(instance, dict) else None
    fitting = [one for one in options if not (known := types_of(one, validator.schema_root)) or kind in known]
    if not any(next(validator.descend(instance, one), None) is None for one in fitting):
        yield jsonschema.ValidationError(f"{str(instance)[:300]} fits none of {fitting}")


@cache
def validator() -> Any:
    """Validator of the vendor's schema."""
    schema = json.loads(need(spec_path("adf-schema-full.json")).read_text(encoding="utf-8"))
    kind = jsonschema.validators.extend(jsonschema.Draft4Validator, {"anyOf": any_of})
    kind.schema_root = schema
    return kind(schema)


def check_valid(document: dict[str, Any]) -> None:
    assert [error.message for error in validator().iter_errors(document)] == []


def test_the_checks_refuse() -> None:
    """What the format does not allow is refused by the checks of these tests."""
    empty = {"type": "text", "text": ""}
    for content in ([empty], [{"type": "listItem"}], [{"type": "blockquote", "content": [{"type": "rule"}]}]):
        assert not validator().is_valid({"version": 1, "type": "doc", "content": content})


def nodes(root: Any) -> Iterator[dict[str, Any]]:
    """All nodes below, however the value is built."""
    if isinstance(root, dict):
        if isinstance(root.get("type"), str):
            yield root
        for value in root.values():
            yield from nodes(value)
    elif isinstance(root, list):
        for value in root:
            yield from nodes(value)


def unmerged(stored: dict[str, Any], text: str) -> str:
    """How the text reads back when nothing but macros is taken from the stored document."""
    return adf_to_markdown(AdfWriter(stored).write(parse_markdown(text)))


def letters(text: str) -> str:
    return "".join(re.findall(r"\w", text))


@examples(200)
@given(markdown)
@example("> > a\n> # b")
@example("- [x] a\n\n  b\n- c")
@example("- <> a\n- <> b")
@example("> | a |\n> |---|\n> | b |")
@example('![a](http://x/y.png "t")\nb')
@example("<details>\n<summary>a</summary>\n\n<details>\n\nb\n\n</details>\n\n</details>")
@example('<!-- adf {"type":"layoutSection"} -->\n\na\n\n<!-- /adf -->')
@example('```{=adf}\n{"type":"extension","attrs":{"extensionKey":"a","extensionType":"b"}}\n```')
@example('```{=adf}\n{"type":"extension","attrs":{"extensionKey":"","extensionType":"b"}}\n```')
@example('`{"type":"doc"}`{=adf}')
def test_markdown_is_stable_after_one_pass(text: str) -> None:
    """The first pass may change the form, the second changes nothing."""
    once = adf_to_markdown(markdown_to_adf(text))
    assert adf_to_markdown(markdown_to_adf(once)) == once


@examples(150)
@given(documents.map(render_markdown))
def test_trees_are_stable_after_one_pass(text: str) -> None:
    """So it is for every tree that Markdown can hold."""
    once = adf_to_markdown(markdown_to_adf(text))
    assert adf_to_markdown(markdown_to_adf(once)) == once


@examples(120)
@given(documents.map(render_markdown))
def test_every_document_made_is_valid(text: str) -> None:
    """The vendor's schema allows whatever Markdown is written as."""
    check_valid(markdown_to_adf(text))


@examples(120)
@given(markdown)
def test_every_document_made_of_text_is_valid(text: str) -> None:
    """Also for text that nobody meant as Markdown."""
    check_valid(markdown_to_adf(text))


@examples(150)
@given(adf_documents)
def test_no_text_is_lost_in_markdown(document: dict[str, Any]) -> None:
    """All characters of text nodes are in the Markdown, in order."""
    shown = letters(adf_to_markdown(document))
    for node in nodes(document):
        if node["type"] == "text":
            assert letters(node["text"]) in shown


@examples(100)
@given(adf_documents)
def test_what_is_not_changed_stays_verbatim(document: dict[str, Any]) -> None:
    """Markdown that was read and not touched gives the stored document back."""
    assert markdown_to_adf(adf_to_markdown(document), base=document) == document


@examples(120)
@given(adf_documents)
def test_adding_a_paragraph_keeps_everything_else(document: dict[str, Any]) -> None:
    """Nothing but the new paragraph differs from the stored document."""
    text = adf_to_markdown(document)
    made = markdown_to_adf(f"{text}\n\nbrand new", base=document)
    new = {"type": "paragraph", "content": [{"type": "text", "text": "brand new"}]}
    read = adf_to_markdown(made)
    if made["content"][-1:] == [new]:  # otherwise the text before took it in, as an open piece of HTML does
        assert made["content"][:-1] == document["content"]
    assert unmerged(document, read) == unmerged(document, f"{text}\n\nbrand new")


@examples(150)
@given(adf_documents, adf_documents)
def test_merging_never_changes_what_the_text_says(stored: dict[str, Any], other: dict[str, Any]) -> None:
    """Whatever document is replaced: Markdown reads back as if there were none, up to the form of one pass."""
    text = adf_to_markdown(other)
    made = markdown_to_adf(text, base=stored)
    assert unmerged(stored, adf_to_markdown(made)) == unmerged(stored, text)


@examples(100)
@given(adf_documents, markdown)
def test_merged_documents_are_valid(stored: dict[str, Any], text: str) -> None:
    """Valid parts of a stored document and new ones make a valid whole."""
    stored["content"] = [node for node in stored["content"] if node["type"] != "futureBlock"]
    check_valid(stored)
    half = adf_to_markdown(stored)[::2]
    check_valid(markdown_to_adf(text, base=stored))
    check_valid(markdown_to_adf(half, base=stored))


def text(words: str, *marks: dict[str, Any]) -> dict[str, Any]:
    return {"type": "text", "text": words, **({"marks": list(marks)} if marks else {})}


def node(kind: str, *content: dict[str, Any], **attrs: Any) -> dict[str, Any]:
    return {
        "type": kind,
        **({"attrs": attrs} if attrs else {}),
        **({"content": list(content)} if content else {}),
    }


def document(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"version": 1, "type": "doc", "content": list(blocks)}


YELLOW = {"type": "backgroundColor", "attrs": {"color": "#f8e6a0"}}
MIA = node("mention", id="5b1", text="@Mia", localId="m1", accessLevel="CONTAINER")
DATE = node("date", timestamp="1582152559000")
STATUS = node("status", text="DONE", color="green", localId="s1")


def test_an_edited_line_keeps_what_its_other_words_are() -> None:
    """Mention, date, status and background stay in a paragraph in which a word changed."""
    base = document(
        node("paragraph", text("Ask "), MIA, text(" by "), DATE, text(" "), STATUS, text(" now", YELLOW))
    )
    read = adf_to_markdown(base)
    assert read.strip() == "Ask [@Mia](accountid:5b1) by 2020-02-19 `DONE` now"
    made = markdown_to_adf(read.replace("Ask", "Tell"), base=base)
    line = made["content"][0]["content"]
    assert line == [text("Tell "), MIA, text(" by "), DATE, text(" "), STATUS, text(" now", YELLOW)]


def test_an_edited_panel_and_macro_stay_what_they_are() -> None:
    """Attributes of a container stay when its text changes; a changed type takes the old looks away."""
    panel = node(
        "panel", node("paragraph", text("old")), panelType="custom", panelColor="#eee", panelIcon=":x:"
    )
    toc = node("extension", extensionKey="toc", extensionType="com.x", parameters={"a": 1}, layout="wide")
    base = document(panel, toc)
    read = adf_to_markdown(base)
    made = markdown_to_adf(read.replace("old", "new"), base=base)
    assert made["content"][0] == {**panel, "content": [node("paragraph", text("new"))]}
    assert made["content"][1] == toc
    noted = markdown_to_adf(read.replace("[!CUSTOM]", "[!NOTE]"), base=base)
    assert noted["content"][0]["attrs"] == {"panelType": "note"}


def test_an_edited_table_keeps_its_looks() -> None:
    """Widths, colours and header columns stay; a new row is a plain one."""

    def cell(kind: str, words: str, **attrs: Any) -> dict[str, Any]:
        return node(kind, node("paragraph", text(words)), **attrs)

    rows = [
        node("tableRow", cell("tableHeader", "h", colwidth=[90]), cell("tableHeader", "i")),
        node("tableRow", cell("tableHeader", "a"), cell("tableCell", "b", background="#eeeeee")),
    ]
    base = document(node("table", *rows, layout="wide", isNumberColumnEnabled=True))
    read = adf_to_markdown(base)
    made = markdown_to_adf(read.replace("| b |", "| c |") + "\n| x | y |", base=base)["content"][0]
    assert made["attrs"] == base["content"][0]["attrs"]
    assert made["content"][0] == rows[0]
    assert made["content"][1]["content"] == [
        cell("tableHeader", "a"),
        cell("tableCell", "c", background="#eeeeee"),
    ]
    assert made["content"][2] == node("tableRow", cell("tableCell", "x"), cell("tableCell", "y"))


def test_a_moved_file_keeps_its_size() -> None:
    """A picture with a new text is the same file with the same looks."""
    media = node("media", type="file", id="f-1", collection="c", width=100, height=50)
    base = document({**node("mediaSingle", media, layout="wide", width=50)}, node("paragraph", text("a")))
    read = adf_to_markdown(base)
    assert read.startswith("![](media:f-1?collection=c)")
    made = markdown_to_adf(read.replace("![]", "![shot]"), base=base)["content"][0]
    assert made["attrs"] == {"layout": "wide", "width": 50}
    assert made["content"][0]["attrs"] == {**media["attrs"], "alt": "shot"}


def test_markup_of_strangers_is_code() -> None:
    """Opaque markup that neither the format surely allows nor the stored document holds stays visible."""
    strange = '```{=adf}\n{"type":"futureBlock","attrs":{"x":1}}\n```'
    assert markdown_to_adf(strange)["content"][0]["type"] == "codeBlock"
    base = document({"type": "futureBlock", "attrs": {"x": 1}}, node("paragraph", text("a")))
    made = markdown_to_adf(strange + "\n\nb", base=base)
    assert made["content"][0] == base["content"][0]


def test_nesting_without_end_is_bounded() -> None:
    """Documents as deep as a decoder lets through are read."""
    deep = node("paragraph", text("bottom"))
    for _ in range(300):
        deep = node("blockquote", deep)
    assert "bottom" in adf_to_markdown(document(deep))
    assert adf_to_markdown(None) == ""
    assert markdown_to_adf("") == document()


def corpus() -> list[tuple[str, dict[str, Any]]]:
    """Real documents: as nodes, and inside strings."""
    found: list[tuple[str, dict[str, Any]]] = []
    for path in sorted(need(shared_path("corpus", "jira")).glob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            continue
        found.extend(
            (path.name, node) for node in nodes(content) if node["type"] == "doc" and "content" in node
        )
    return found


def test_real_documents_keep_their_text() -> None:
    """Every real document reads without loss, comes back verbatim, and survives a change of its first words."""
    real = corpus()
    assert len(real) > 20
    for name, document in real:
        text = adf_to_markdown(document)
        shown = letters(text)
        for node in nodes(document):
            attrs = node.get("attrs", {})
            said = node.get("text") or attrs.get("text") or (attrs.get("url") if "url" in attrs else "")
            if node["type"] not in {"hardBreak", "extension"} and said:
                assert letters(said) in shown, name
        assert markdown_to_adf(text, base=document) == document, name
        again = adf_to_markdown(markdown_to_adf(text))
        assert adf_to_markdown(markdown_to_adf(again)) == again, name
        changed = markdown_to_adf(f"Changed.\n\n{text}", base=document)
        assert changed["content"][1:] == document["content"], name
        assert parse_markdown(adf_to_markdown(changed)) == parse_markdown(f"Changed.\n\n{text}"), name
