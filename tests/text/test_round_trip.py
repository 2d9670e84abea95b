"""What is written reads back the same, and nothing that people see gets lost on the way."""

from __future__ import annotations

import html
import json
import re

import pytest
from hypothesis import example, given
from markdown_it import MarkdownIt

from pm_providers.text import Document, normalise, parse_markdown, render_markdown
from tests.shared_material import need, shared_path
from tests.support.examples import examples
from tests.text.trees import documents, markdown, plain_markdown


def other_reader() -> MarkdownIt:
    """markdown-it as everybody uses it, without anything of ours."""
    return MarkdownIt("commonmark", {"maxNesting": 100}).enable(["table", "strikethrough"])


def visible(text: str) -> str:
    """Characters that a browser would show, whitespace aside."""
    shown = html.unescape(re.sub(r"<[^>]*>", "", other_reader().render(text)))
    return re.sub(r"\s", "", shown)


@examples(300)
@given(markdown)
@example("&#32;<div>")
@example("`a`\\{=textile}")
@example("- a\n  -\n")
@example("*<u>a*</u>")
@example("> > a\nb\n===")
def test_text_means_the_same_after_a_pass(text: str) -> None:
    """Rendering what was read changes the spelling at most, and only once."""
    document = parse_markdown(text)
    written = render_markdown(document)
    assert parse_markdown(written) == document
    assert render_markdown(parse_markdown(written)) == written


@examples(150)
@given(documents)
def test_trees_survive_markdown(document: Document) -> None:
    """Whatever tree a provider builds: its normal form comes back, and that is stable."""
    normal = normalise(document)
    written = render_markdown(document)
    assert normalise(normal) == normal
    assert parse_markdown(written) == normal
    assert render_markdown(normal) == written
    assert render_markdown(parse_markdown(written)) == written


@examples(200)
@given(plain_markdown)
def test_nobody_else_sees_a_difference(text: str) -> None:
    """Another reader shows the same characters for what we wrote as for what we read."""
    assert visible(render_markdown(parse_markdown(text))) == visible(text)


def openproject_texts() -> list[str]:
    """Distinct Markdown texts in recorded answers."""
    found: set[str] = set()

    def walk(value: object) -> None:
        if isinstance(value, dict):
            if value.get("format") == "markdown" and isinstance(value.get("raw"), str):
                found.add(value["raw"])
            for child in value.values():
                walk(child)
        elif isinstance(value, list):
            for child in value:
                walk(child)

    for path in sorted(need(shared_path("corpus", "openproject-live")).rglob("*.json")):
        try:
            walk(json.loads(path.read_text(encoding="utf-8")))
        except ValueError:
            continue  # some recordings are of answers that are no JSON
    return sorted(found)


def test_recorded_texts_survive() -> None:
    """Texts of real use keep their tree and what is seen of them; most keep every byte."""
    texts = openproject_texts()
    same = 0
    for text in texts:
        document = parse_markdown(text)
        written = render_markdown(document)
        assert parse_markdown(written) == document
        assert visible(written) == visible(text)
        same += written == text.replace("\r\n", "\n").strip()
    assert texts
    assert same >= 0.8 * len(texts)


@pytest.mark.parametrize(
    "text",
    [
        "Plain prose, with commas; 3 * 4 = 12, snake_case_name and its _sibling",
        "See #123 and !456, mail a@b.example or https://example.org/a_b_c?x=1&y=2#z (twice).",
        "100% of [brackets], {braces}, $5, ~5 minutes, a|b, 1.5 > 1.4 < 2, AT&T, C:\\new\\path, ^top",
        "Issue 1. is not a list\nand 2) neither - nor is this + that = x",
        '**Bold** and *italic*, ***both***, ~~gone~~, `code`, ``a ` b``, [link](https://x.y "t"), ![alt](a.png)',
        "**bold *and italic* text** with *some **strong** words*",
        "# One\n\n## Two `code`\n\n###### Six",
        "- one\n- two\n  - nested\n    1. deep\n    2. deeper\n- three",
        "1. first\n\n2. second\n\n   with a paragraph\n\n3. third",
        "- [ ] open\n- [x] done",
        "> quoted\n> on two lines\n>\n> - with a list",
        "| a | b |\n| --- | :-: |\n| 1 | `x\\|y` |\n| | 2 |",
        "```python\ndef f():\n    return '```'  # not a fence\n```".replace("'```'", "'`'"),
        "before\n\n---\n\nafter",
        "line one\\\nline two\nline three",
        '<u>under</u> H<sub>2</sub>O x<sup>2</sup> <span style="color: #ff0000">red</span> <kbd>Ctrl</kbd>',
        "<details>\n<summary>More</summary>\n\ntext\n\n</details>",
        "<https://example.org> and <me@example.org>",
        "`h1. x`{=textile} in text\n\n```{=textile}\ntable{a:b}.\n|x|\n```",
        "日本語の*強調*と中文、עברית, العربية, 👩‍👩‍👧‍👦",
        "1986\\. A great year",
        "\\# no heading, \\*no emphasis\\*",
        "- a\n\n* b",
        "- step:\n  ```sh\n  make\n\n  make test\n  ```\n- next",
    ],
)
def test_ordinary_text_keeps_every_byte(text: str) -> None:
    """Markdown as people write it comes back as it was."""
    assert render_markdown(parse_markdown(text)) == text
