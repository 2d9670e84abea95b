"""Markdown of comments, to and from the pieces of the vendor."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pm_providers.providers.clickup.mapping.comment_parts import unsaid
from pm_providers.providers.clickup.mapping.comment_reading import markdown_of, same_text
from pm_providers.providers.clickup.mapping.comment_writing import is_plain, parts_of, plain

ROUND_TRIPS = [
    "plain",
    "Comment *0*",
    "**bold *both*** `code` ~~gone~~ <u>under</u>",
    "[link](https://x.example/a_b) and [**bold**](https://x.example)",
    "a\\\nb",
    "one\n\ntwo\n\nthree",
    "# H1\n\n###### H6\n\ntext",
    "- a\n- b\n  - c\n    - d\n- e",
    "1. a\n2. b\n   - c\n3. d",
    "- [ ] open\n- [x] done",
    "- a\n\n1. b",
    "> quoted\n>\n> twice\n\nnot",
    "> # H\n>\n> - a",
    "```\nplain\n\nlines\n```",
    "```python\nx = 1\n```",
    "```\none\n```\n\n```\ntwo\n```",
    "text\n\n- list\n\ntext",
    "😀 Ünï a_b \\*x\\* \\<b>",
    "[@Mia](clickup:user/184) look",
]


@pytest.mark.parametrize("text", ROUND_TRIPS)
def test_markdown_comes_back(text: str):
    parts = _named(parts_of(text))
    assert markdown_of(parts) == text
    assert parts_of(text, parts) == parts, "an edit that changes nothing sends what was there"


def _named(parts: list[Any]) -> list[Any]:
    """Mentions get their text from the vendor."""
    return [{**one, "text": "@Mia"} if one.get("type") == "tag" else one for one in parts]


def _line(text: str, **ending: Any) -> list[dict[str, Any]]:
    named = {name.replace("_", "-"): value for name, value in ending.items()}
    return [{"text": text, "attributes": {}}, {"text": "\n", "attributes": named}]


def test_the_forms_of_the_document():
    """[doc] comment-formatting: attributes of a line stand on its end, nested under their own name."""
    assert parts_of("- a") == _line("a", list={"list": "bullet"})
    assert parts_of("1. a") == _line("a", list={"list": "ordered"})
    assert parts_of("- [ ] a\n- [x] b") == [
        *_line("a", list={"list": "unchecked"}),
        *_line("b", list={"list": "checked"}),
    ]
    assert parts_of("```\na\n```") == _line("a", code_block={"code-block": "plain"})
    assert parts_of("**a** *b* `c`") == [
        {"text": "a", "attributes": {"bold": True}},
        {"text": " ", "attributes": {}},
        {"text": "b", "attributes": {"italic": True}},
        {"text": " ", "attributes": {}},
        {"text": "c", "attributes": {"code": True}},
    ]
    assert parts_of("[@Mia](clickup:user/184)") == [{"type": "tag", "user": {"id": 184}}]


def test_flat_forms_are_read_too():
    """Comments that were written flat come back flat ([obs])."""
    parts = [
        *_line("h", header=2),
        *_line("a", list="bullet"),
        *_line("b", list="checked", indent=1),
        *_line("q", blockquote={}),
        *_line("x = 1", code_block="python"),
    ]
    assert markdown_of(parts) == "## h\n\n- a\n  - [x] b\n\n> q\n\n```python\nx = 1\n```"


def test_what_has_no_form_stays_readable():
    assert markdown_of(parts_of("| a | b |\n| --- | --- |\n| 1 | 2 |")) == (
        "```\n| a | b |\n| --- | --- |\n| 1 | 2 |\n```"
    )
    assert markdown_of(parts_of("![alt](https://x.example/p.png)")) == "[alt](https://x.example/p.png)"
    assert markdown_of(parts_of("a\n\n---\n\nb")) == "a\n\n\\---\n\nb"
    assert plain(parts_of("<kbd>k</kbd> x<sub>2</sub>")) == "<kbd>k</kbd> x2"
    assert plain(parts_of("<div>\nhtml\n</div>")) == "<div>\nhtml\n</div>"
    assert markdown_of(parts_of("- a\n\n  second")) == "- a\n\nsecond"
    assert markdown_of(parts_of("`raw`{=textile}")) == "`raw`"
    assert markdown_of(parts_of("- # h\n- b\\\n  c")) == "-\n\n# h\n\n- b c"


def test_text_without_form_is_plain():
    assert is_plain(parts_of("a\n\nb"))
    assert plain(parts_of("a\n\nb")) == "a\n\nb"
    assert not is_plain(parts_of("*a*"))
    assert parts_of("") == []


def test_soft_line_ends_are_spaces():
    assert plain(parts_of("a\nb")) == "a b"
    assert same_text("a\nb\n\n- c\n  d", "a b\n\n- c d")
    assert not same_text("a\nb", "a\\\nb")


SPECIAL = {
    "tag": ({"type": "tag", "user": {"id": 184, "username": "Mia"}, "text": "@Mia"}, "[@Mia](clickup:user/184)"),
    "nameless": ({"type": "tag", "user": {"id": 184}}, "[@184](clickup:user/184)"),
    "task": (
        {"type": "task_mention", "task_mention": {"task_id": "86a"}, "text": "Fix"},
        "[Fix](https://app.clickup.com/t/86a)",
    ),
    "emoji": ({"type": "emoticon", "emoticon": {"code": "1f468-200d-1f680"}, "text": "U1"}, "\U0001f468‍\U0001f680"),
    "image": (
        {"type": "image", "image": {"url": "https://f.example/a.png", "title": "a.png", "width": 5}, "text": "a.png"},
        "![a.png](https://f.example/a.png)",
    ),
    "file": (
        {"type": "attachment", "attachment": {"url": "https://f.example/b.pdf", "title": "b.pdf"}},
        "[b.pdf](https://f.example/b.pdf)",
    ),
    "link": (
        {"type": "link_mention", "link_mention": {"url": "https://l.example", "width": "9"}, "text": ""},
        "<https://l.example>",
    ),
    "frame": ({"type": "frame", "frame": {"src": "https://v.example", "service": "x"}}, "<https://v.example>"),
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(SPECIAL))
def test_pieces_of_other_types_are_shown_and_outlive_an_edit(kind: str):
    piece, shown = SPECIAL[kind]
    stored = [{"text": "see "}, piece, {"text": " now"}]
    markdown = markdown_of(stored)
    assert markdown == f"see {shown} now"
    edited = parts_of(f"{markdown} and then", stored)
    if kind != "emoji":  # a character is a character
        assert piece in edited


def test_what_is_not_known_travels_whole():
    table = {"type": "table-embed", "table-embed": {"rows": [{"id": "r"}], "cells": {"1:1": {"content": []}}}}
    stored = [{"text": "t: "}, table, *_line("", list={"list": "bullet"})[1:]]
    markdown = markdown_of(stored)
    assert "{=clickup}" in markdown
    assert json.loads(markdown.partition("`")[2].rpartition("`")[0].strip("`")) == table
    assert table in parts_of(f"{markdown}\n\nmore", stored)
    assert table in parts_of(markdown), "it comes from another place as well"
    assert markdown_of([{"type": "tag", "user": None}]).endswith("{=clickup}")
    assert markdown_of([{"type": "emoticon", "emoticon": {"code": "zz"}}]).endswith("{=clickup}")


def test_blocks_that_stay_keep_what_markdown_cannot_say():
    coloured = {"text": "red", "attributes": {"color": "#ff0000"}}
    stored = [
        coloured,
        {"text": "\n", "attributes": {"block-id": "block-1"}},
        {"text": "\n", "attributes": {"block-id": "block-2"}},
        {"text": "old", "attributes": {}},
    ]
    assert markdown_of(stored) == "red\n\nold"
    kept = parts_of("red\n\nnew", stored)
    assert kept == [*stored[:3], {"text": "new", "attributes": {}}]
    assert unsaid(stored) - unsaid(kept) == set()
    lost = parts_of("reddish\n\nold", stored)
    assert unsaid(stored) - unsaid(lost) == {"color"}


def test_a_block_without_a_line_end_gets_one_when_another_follows():
    stored = [{"text": "end"}]
    assert plain(parts_of("end\n\nmore", stored)) == "end\n\nmore"
    assert plain(parts_of("first\n\nend", stored)) == "first\n\nend"


def test_one_text_may_hold_many_lines():
    assert markdown_of([{"text": "a\nb\n\n\nc\n"}]) == "a\\\nb\n\nc"
    assert markdown_of([{"text": "a\nb\n", "attributes": {"list": {"list": "bullet"}}}]) == "- a\n- b"


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [{}],
        [{"text": None}],
        [{"text": 5, "attributes": []}],
        [{"text": "\n", "attributes": {"list": {}, "indent": "x", "header": "99", "code-block": None}}],
        [{"text": "\n" * 500}],
    ],
)
def test_odd_comments_are_empty(parts: list[Any]):
    assert markdown_of(parts) == ""


def test_depths_and_levels_are_bounded():
    deep = [part for depth in range(300) for part in _line("x", list={"list": "bullet"}, indent=depth)]
    assert markdown_of(deep).count("x") == 300
    assert markdown_of(_line("h", header=9)) == "###### h"
    assert markdown_of(_line("a", list="new-kind")) == "- a"
