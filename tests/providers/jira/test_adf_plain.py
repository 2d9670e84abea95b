"""Plain documents become Markdown by a short way, which must lead to the same text as the long one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pm_providers.providers.jira.mapping.adf_plain import plain_markdown
from pm_providers.providers.jira.mapping.adf_reading import read_adf
from pm_providers.text.markdown import parse_markdown, render_markdown

SIGNS = "aZé019 ,;?/-().'\":"
WORDS = ("a", "Be", "e.g", "www", "http", "http://a", "1", "22", "TODO", "x)", "(c)", "it's", '"q"', "ß", "ſ")
GLUE = (" ", ", ", ". ", ": ", "; ", "? ", "-", "/", " - ", "?", ".", " -- ")
pairs = st.tuples(st.sampled_from(WORDS), st.sampled_from(GLUE)).map("".join)
texts = st.one_of(
    st.text(SIGNS, max_size=30), st.lists(pairs, max_size=8).map(lambda one: "".join(one).strip())
)


def _document(*paragraphs: Any) -> dict[str, Any]:
    blocks = [{"type": "paragraph", "content": [{"type": "text", "text": one}]} for one in paragraphs]
    return {"type": "doc", "version": 1, "content": blocks}


@given(st.lists(texts, min_size=1, max_size=3))
@example(["Row 5, made for load."])
@example(["See www.example.com", "x"])
@example(["a. b", "Ask: who? (me)"])
def test_the_short_way_leads_where_the_long_one_does(paragraphs: list[str]) -> None:
    found = plain_markdown(_document(*paragraphs))
    tree = read_adf(_document(*paragraphs))
    assert found in (None, render_markdown(tree))
    if found is not None:
        assert parse_markdown(found) == tree


@pytest.mark.parametrize(
    "paragraphs", [["Row 5, made for load."], ["It's 3 o'clock (or later).", "Who comes? All of us"]]
)
def test_words_go_the_short_way(paragraphs: list[str]) -> None:
    assert plain_markdown(_document(*paragraphs)) == "\n\n".join(paragraphs)


@pytest.mark.parametrize(
    "text",
    [
        "*x*",
        "1. x",
        "- x",
        "# x",
        "a  b",
        " a",
        "a ",
        "a\nb",
        "a@b.c",
        "x_y_z",
        "a.b",
        "[a]",
        "",
        "http://a",
        "&amp;",
    ],
)
def test_anything_else_goes_the_long_one(text: str) -> None:
    assert plain_markdown(_document(text)) is None


@pytest.mark.parametrize(
    "block",
    [
        {"type": "paragraph"},
        {"type": "paragraph", "content": []},
        {"type": "paragraph", "content": [{"type": "text", "text": "a", "marks": [{"type": "strong"}]}]},
        {"type": "paragraph", "content": [{"type": "text", "text": "a"}, {"type": "hardBreak"}]},
        {"type": "paragraph", "attrs": {"localId": "1"}, "content": [{"type": "text", "text": "a"}]},
        {"type": "heading", "content": [{"type": "text", "text": "a"}]},
        {"type": "paragraph", "content": [{"type": "text", "text": 5}]},
        {"type": "paragraph", "content": "a"},
        {"type": "paragraph", "content": ["a"]},
        "a",
        None,
    ],
)
def test_other_blocks_go_the_long_one(block: Any) -> None:
    assert plain_markdown({"type": "doc", "version": 1, "content": [block]}) is None
