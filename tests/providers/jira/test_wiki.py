"""Markdown and wiki markup: stable, without loss of text, and prose stays prose."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pm_providers.errors import ValidationError
from pm_providers.providers.jira.mapping.wiki import markdown_to_wiki, wiki_to_markdown
from pm_providers.providers.jira.mapping.wiki_reading import read_chunks, read_wiki
from pm_providers.text import parse_markdown, render_markdown
from tests.shared_material import need, shared_path
from tests.support.examples import examples
from tests.text.trees import documents, markdown

PIECES = [
    *("*", "_", "-", "+", "^", "~", "??", "{*}", "{_}", "{{", "}}", "\\", "\\\\", "\\*", "!", "|", "||"),
    *(
        "\n",
        "\n\n",
        " ",
        "h1. ",
        "h6. ",
        "bq. ",
        "* ",
        "** ",
        "# ",
        "*# ",
        "- ",
        "----",
        "\n|",
        "\n||",
        "|\n",
    ),
    *("{code}", "{code:java|title=X}", "{noformat}", "{quote}", "{panel}", "{panel:title=T}", "{anchor:x}"),
    *("{color:red}", "{color}", "{color:#ff0000}", "[", "]", "[a|http://x.y]", "[~bob]", "[^f.txt]", "[#a]"),
    *("!a.png!", "!a.png|width=3!", "http://x.y/a_b", "&amp;", "&", "a", "word", "x y", "é漢😀", "1", "[x] "),
]
wiki_texts = st.lists(st.sampled_from(PIECES), max_size=20).map("".join)


def letters(text: str) -> str:
    return "".join(re.findall(r"\w", text))


def through(text: str) -> str:
    return wiki_to_markdown(markdown_to_wiki(text))


@pytest.mark.parametrize(
    ("wiki", "text"),
    [
        ("h2. A *b*", "## A **b**"),
        ("*b* _i_ -d- +u+ x{^}2{^} H{~}2{~}O", "**b** *i* ~~d~~ <u>u</u> x<sup>2</sup> H<sub>2</sub>O"),
        ("{{a b}}", "`a b`"),
        ("{code:python}\nx = 1\n{code}", "```python\nx = 1\n```"),
        ("{code:java|title=A b.java}\nint x;\n{code}", "```java |title=A b.java\nint x;\n```"),
        ("{noformat}\n* a\n{noformat}", "```\n* a\n```"),
        ("bq. said", "> said"),
        ("{quote}\na\n\nb\n{quote}", "> a\n>\n> b"),
        ("* a\n** b\n*# c\n* d", "- a\n  - b\n  1. c\n- d"),
        ("* [ ] a\n* [x] b", "- [ ] a\n- [x] b"),
        ("||h||i||\n|a|b \\| c|", "| h | i |\n| --- | --- |\n| a | b \\| c |"),
        ("[text|http://x.y]", "[text](http://x.y)"),
        ("[http://x.y]", "<http://x.y>"),
        ("[~bob]", "[@bob](user:bob)"),
        ("[~accountid:5b1]", "[@5b1](accountid:5b1)"),
        ("[^log.txt]", "[log.txt](^log.txt)"),
        ("!a.png!", "![](a.png)"),
        ('!a.png|alt="x y"!', "![x y](a.png)"),
        ("!a.png|thumbnail!", '![](a.png "|thumbnail")'),
        ("{color:red}a *b*{color}", '<span style="color: red">a **b**</span>'),
        ("----", "---"),
        ("a\nb", "a\\\nb"),
        ("{panel:title=T|bgColor=#fff}\na\n{panel}", "> [!PANEL] title=T|bgColor=#fff\n> a"),
        ("{anchor:x} a", "`{anchor:x}`{=jira} a"),
        ("??who??", "<cite>who</cite>"),
        (r"\*no* \{code} a", r"\*no\* {code} a"),
    ],
)
def test_each_form_has_its_counterpart(wiki: str, text: str) -> None:
    """The vendor's notation, form by form, there and back."""
    assert wiki_to_markdown(wiki).strip() == text
    assert markdown_to_wiki(text) == wiki


@pytest.mark.parametrize(
    "text",
    [
        "snake_case and some-words, 3 * 4 - 5 = 7; a+b",
        "See http://x.y/a_b/~c*d-e/, #12 and PROJ-1 (done!)",
        "C:\\dir\\file and 50% of [INFO] lines; why? what!",
        "Wow!! Great - really - 2021-05-06 ~5 *",
    ],
)
def test_prose_gains_no_escapes(text: str) -> None:
    """Text that means nothing as markup is written as it is."""
    assert markdown_to_wiki(text) == text
    assert parse_markdown(wiki_to_markdown(text)) == parse_markdown(text)


@pytest.mark.parametrize(
    "text",
    [
        "\\*a\\*",
        "h1\\. a",
        "\\# a",
        "\\* a",
        "a{b}c",
        "\\[a|b]",
        "\\!a.png!",
        "\\\\\\\\server\\\\x",
        "\\---- x",
        "&amp;amp;",
        "bq. a",
    ],
)
def test_what_looks_like_markup_is_escaped(text: str) -> None:
    """Characters that are text in Markdown are text in wiki markup."""
    once = through(text)
    assert parse_markdown(once) == parse_markdown(text)


@examples(200)
@given(markdown)
@example("*a*b **c**d")
@example("> > a\n> - b\n> # c")
@example("- a\n\n  b\n  - c\n\n  d")
def test_markdown_is_stable_after_one_pass(text: str) -> None:
    """The first pass may change the form, the second changes nothing."""
    once = through(text)
    assert through(once) == once


@examples(100)
@given(documents.map(render_markdown))
@example('[](<a\\&#10;> "t")')
@example('| **![\\!\\[- ](& "__")** |\n|---|')
@example('| *![*[*![](*)*](! "*") |\n| --- |')
def test_trees_are_stable_after_one_pass(text: str) -> None:
    """So it is for every tree that Markdown can hold."""
    once = through(text)
    assert through(once) == once


@examples(300)
@given(wiki_texts)
def test_wiki_markup_is_read_without_loss(text: str) -> None:
    """All letters come through; what is not changed stays verbatim; another pass changes nothing more."""
    read = wiki_to_markdown(text)
    for word in ("word", "é漢😀"):
        assert read.count(word) >= text.count(word)
    assert markdown_to_wiki(read, base=text) == text
    once = through(read)
    assert through(once) == once


@examples(200)
@given(wiki_texts)
def test_pieces_are_the_text(text: str) -> None:
    """Sources of all pieces together are what was read."""
    assert "".join(chunk.source for chunk in read_chunks(text)) == text


@examples(150)
@given(wiki_texts, wiki_texts)
def test_merging_never_changes_what_the_text_says(stored: str, other: str) -> None:
    """Whatever text is replaced: Markdown reads back as if there were none, up to the form of one pass."""
    text = wiki_to_markdown(other)
    assert through(wiki_to_markdown(markdown_to_wiki(text, base=stored))) == through(through(text))


def test_a_changed_paragraph_leaves_the_rest() -> None:
    """Everything around the change is taken from the stored text, spelling and distances included."""
    stored = "h1. A\n{color:red}a{color}\n\n|| h | c |\n\n{code:title=X|java}\nx\n{code}\n\n\nlast *b*"
    changed = wiki_to_markdown(stored).replace("last", "new")
    assert markdown_to_wiki(changed, base=stored) == stored.replace("last", "new")


def test_too_long_a_text_is_refused() -> None:
    """Texts are bounded."""
    with pytest.raises(ValidationError):
        wiki_to_markdown("a" * 1_000_001)


def test_signs_without_end_are_read_in_one_walk() -> None:
    """Openers that nothing closes do not make reading quadratic: this would run into the time limit."""
    for piece in (
        "{quote",
        "{code:a}",
        "*a ",
        "{quote}a{panel}",
        "{color:red}",
        "[a|",
        "!a.",
        "{{a",
        "_a\n",
        "??a ",
    ):
        assert read_wiki(piece * 5_000).blocks


def real_texts() -> list[str]:
    """Distinct texts of recorded issues that are wiki markup."""
    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for key, child in value.items():
                if key in {"description", "body", "comment", "environment"} and isinstance(child, str):
                    found.add(child)
                walk(child)
        elif isinstance(value, list):
            for child in value:
                walk(child)

    for path in sorted(need(shared_path("corpus", "jira")).glob("*.json")):
        try:
            walk(json.loads(path.read_text(encoding="utf-8")))
        except ValueError:
            continue
    return sorted(found)


def test_real_texts_keep_their_words() -> None:
    """Every real text reads without loss, comes back verbatim, and is stable."""
    texts = real_texts()
    assert len(texts) > 20
    for text in texts:
        read = wiki_to_markdown(text)
        words = re.findall(r"[^\W_]{3,}", re.sub(r"\{[a-z]+(:[^}]*)?\}|\bh\d\.|!.*?!", " ", text))
        assert not set(words) - set(re.findall(r"[^\W_]{3,}", read.replace("&lt;", "<"))), text
        assert markdown_to_wiki(read, base=text) == text
        once = through(read)
        assert through(once) == once
