"""Markdown and Asana's rich text: stable, well-formed, of allowed tags, and without loss of text."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given

from pm_providers.errors import ValidationError
from pm_providers.providers.asana.mapping.html import html_to_markdown, markdown_to_html, same_text
from pm_providers.providers.asana.mapping.html_nodes import content_of, parse_html
from pm_providers.providers.asana.mapping.html_reading import read_html
from pm_providers.text import parse_markdown, render_markdown
from tests.providers.asana.rich_texts import broken_html, stored_html
from tests.shared_material import need, shared_path
from tests.support.examples import examples
from tests.text.trees import documents, markdown

COMMENT_TAGS = {"body", "strong", "em", "u", "s", "code", "ol", "ul", "li", "a", "blockquote", "pre"}
TAGS = COMMENT_TAGS | {"h1", "h2", "hr", "img"}
ATTRIBUTES = {
    "a": {"href", "data-asana-gid", "data-asana-type", "data-asana-dynamic"},
    "img": {"data-asana-gid", "alt"},
}
INLINE = {"strong", "em", "u", "s", "code", "a"}
CHILDREN = {
    "ul": {"li"},
    "ol": {"li"},
    "li": INLINE | {"ul", "ol"},
    "body": TAGS - {"body", "li"},
    "blockquote": INLINE,
    "h1": INLINE,
    "h2": INLINE,
    "pre": set(),
    "code": set(),
    "hr": set(),
    "img": set(),
}
PROFILE = "https://app.asana.com/0/profile/"
ASSET = "https://app.asana.com/app/asana/-/get_asset?asset_id="


def body(text: str) -> str:
    return f"<body>{text}</body>"


def through(text: str, *, comment: bool = False) -> str:
    return html_to_markdown(markdown_to_html(text, comment=comment))


def letters(text: str) -> str:
    return "".join(re.findall(r"\w", text))


def check_allowed(html: str, *, comment: bool = False) -> None:
    """The rules of the guide: XML, known tags where they may stand, attributes of links and pictures alone."""
    root = ET.fromstring(html)
    assert root.tag == "body"
    assert not root.attrib
    for parent in root.iter():
        assert parent.tag in (COMMENT_TAGS if comment else TAGS)
        assert set(parent.attrib) <= ATTRIBUTES.get(parent.tag, set())
        allowed = CHILDREN.get(parent.tag, INLINE)
        assert {child.tag for child in parent} <= allowed, html
        if parent.tag in {"ul", "ol"}:
            assert not "".join([parent.text or "", *(child.tail or "" for child in parent)])
        if parent.tag in {"h1", "h2"}:
            assert "\n" not in "".join(parent.itertext())
        if parent.tag == "a":
            assert re.match(r"https?://|mailto:", parent.get("href", "")) or parent.get("data-asana-gid")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<h1>A <strong>b</strong></h1>", "# A **b**"),
        ("<h2>A</h2>text", "## A\n\ntext"),
        (
            "<strong>b</strong> <em>i</em> <s>d</s> <u>u</u> <code>c &lt; d</code>",
            "**b** *i* ~~d~~ <u>u</u> `c < d`",
        ),
        ("a\nb", "a\\\nb"),
        ("a\n\nb", "a\n\nb"),
        ("a\n<ul><li>b<ol><li>c</li></ol></li><li>d</li></ul>e", "a\n\n- b\n  1. c\n- d\n\ne"),
        ("<ul><li>[ ] a</li><li>[x] b</li></ul>", "- [ ] a\n- [x] b"),
        ("<blockquote>a\n\nb</blockquote>", "> a\n>\n> b"),
        ("<pre>x = 1 &lt; 2\n  y</pre>", "```\nx = 1 < 2\n  y\n```"),
        ("<pre>| a | b |\n| --- | --- |\n| 1 | 2 |</pre>", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ("a\n<hr/>b", "a\n\n---\n\nb"),
        ('<a href="http://x.y/?a=1&amp;b=2">t</a>', "[t](http://x.y/?a=1&b=2)"),
        ('<a href="http://x.y">http://x.y</a>', "<http://x.y>"),
        (
            '<a data-asana-gid="41" data-asana-type="user" data-asana-dynamic="true">@Tim</a> hi',
            f"[@Tim]({PROFILE}41) hi",
        ),
        (
            '<a href="https://app.asana.com/0/5/6" data-asana-dynamic="false">T</a>',
            "[T](https://app.asana.com/0/5/6)",
        ),
        ('<img data-asana-gid="9" alt="shot"/>', f"![shot]({ASSET}9)"),
        ("R&amp;D &lt;b&gt; &amp;nbsp;", "R&D \\<b> \\&nbsp;"),
    ],
)
def test_each_form_has_its_counterpart(html: str, text: str) -> None:
    """The guide's tags, one by one, there and back."""
    assert html_to_markdown(body(html)) == text
    assert markdown_to_html(text) == body(html)
    check_allowed(markdown_to_html(text))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<b>a</b> <i>b</i> <tt>c</tt> <del>d</del>", "**a** *b* `c` ~~d~~"),
        ("<ul><li>a</li><ul><li>b</li></ul><li>c</li></ul>", "- a\n  - b\n- c"),
        ("<STRONG>a</STRONG><br>b", "**a**\\\nb"),
        ("<p>a</p><p>b</p>", "a\n\nb"),
        (
            "<table><tr><td>a</td><td>b</td></tr><tr><td>1</td></tr></table>",
            "| a | b |\n| --- | --- |\n| 1 | |",
        ),
        ('<object type="x"><a href="http://x.y">z</a></object>', "[z](http://x.y)"),
        ("a <mark>b</mark> <!-- c -->", "a b \\<!-- c -->"),
        ("&bull; &nbsp;", "\\&bull; \\&nbsp;"),
        ('<a data-asana-gid="41"/>', "<https://app.asana.com/0/0/41>"),
        ('<a data-asana-gid="41">@Tim</a>', f"[@Tim]({PROFILE}41)"),
        (
            '<a href="https://app.asana.com/0/4/list" data-asana-type="user" data-asana-gid="41">@Tim</a>',
            f"[@Tim]({PROFILE}41)",
        ),
        ('<a href="http://x.y"><strong>a</strong>\nb</a>', "[**a** b](http://x.y)"),
        ("<a>a</a>", "a"),
        ('<img src="https://s3.x/a.png">', "![](https://s3.x/a.png)"),
        ("<strong>a\n\nb</strong>", "**a**\n\n**b**"),
        ("<ol>a<li>b</li></ol>", "1. a\n2. b"),
        ("<h3>a<p>b</p></h3>", "### a<br>b"),
        ("text <ul", "text <ul"),
        ("</em>a</strong>", "a"),
    ],
)
def test_what_is_not_written_is_read(html: str, text: str) -> None:
    """Older tags, tags of later versions, and markup that is not as it should be."""
    assert html_to_markdown(body(html)) == text


@pytest.mark.parametrize("html", [None, "", "<body></body>", "<body> \n</body>", "<body><emoji/></body>"])
def test_nothing_is_empty(html: str | None) -> None:
    """A text that says nothing is empty Markdown, and the other way round."""
    assert html_to_markdown(html) == ""
    assert markdown_to_html("") == "<body></body>"


def test_a_text_without_body_is_its_content() -> None:
    """As system stories have it (corpus: stories of a task)."""
    text = '<b><a href="https://app.asana.com/0/profile/12">API</a></b> changed'
    assert html_to_markdown(text) == f"**[API]({PROFILE}12)** changed"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("### a\n\n# b #c", "<h2>a</h2><h1>b #c</h1>"),
        ("# a<br>b", "<h1>a b</h1>"),
        ("a\nb", "a b"),
        ("![p](http://x.y/p.png)", '<a href="http://x.y/p.png">p</a>'),
        (f"- ![p]({ASSET}5)", f'<ul><li><a href="{ASSET}5" data-asana-dynamic="false">p</a></li></ul>'),
        ("[a](b.md) [c](javascript:d) [e]()", "a (b.md) c (javascript:d) e"),
        ('[a](http://x.y "t")', '<a href="http://x.y">a</a>'),
        ("[a](<http://x.y/b c>)", '<a href="http://x.y/b%20c">a</a>'),
        (
            f"[Tim]({PROFILE}41)",
            '<a data-asana-gid="41" data-asana-type="user" data-asana-dynamic="false">Tim</a>',
        ),
        (
            "<https://app.asana.com/0/1/2>",
            '<a href="https://app.asana.com/0/1/2">https://app.asana.com/0/1/2</a>',
        ),
        ("H<sub>2</sub>O <kbd>x</kbd>", "H2O &lt;kbd&gt;x&lt;/kbd&gt;"),
        ("<div>\nx\n</div>", "<pre>&lt;div&gt;\nx\n&lt;/div&gt;</pre>"),
        ("> - a\n>   1. b\n> - [x] c", "<blockquote>\u2022 a\n1. b\n\u2022 [x] c</blockquote>"),
        ("> # a\n>\n> > b", "<blockquote><strong>a</strong>\n\nb</blockquote>"),
        ("- a\n\n  ```\n  b\n\n  c\n  ```", "<ul><li>a\n\n<code>b</code>\n<code>c</code></li></ul>"),
        ("- a\n\n  ___", "<ul><li>a\n\n---</li></ul>"),
        ("a\x0bb `\x01`", "a\ufffdb <code>\ufffd</code>"),
        ("#", ""),
    ],
)
def test_what_has_no_tag_takes_the_nearest_form(text: str, html: str) -> None:
    """Losses are those that the writer tells of."""
    assert markdown_to_html(text) == body(html)
    check_allowed(markdown_to_html(text))


def test_comments_hold_less() -> None:
    """Headings, rules and pictures have no tags in comments."""
    html = markdown_to_html(f"# a **b**\n\n---\n\n![c]({ASSET}5)", comment=True)
    link = f'<a href="{ASSET}5" data-asana-dynamic="false">c</a>'
    assert html == body(f"<strong>a b</strong>\n\n---\n\n{link}")
    assert html_to_markdown(html).startswith("**a b**\n\n---\n\n")


# --- properties


@examples(200)
@given(markdown)
@example("- a\n\n  b\n  - c\n\n  d")
@example("<br>a<br><br>b<br>")
@example("\\---\n\n`a`\\\n`b`")
def test_markdown_is_stable_after_one_pass(text: str) -> None:
    """The first pass may change the form, the second changes nothing."""
    for comment in (False, True):
        once = through(text, comment=comment)
        assert through(once, comment=comment) == once


@examples(120)
@given(documents.map(render_markdown))
def test_trees_are_stable_and_allowed(text: str) -> None:
    """So it is for every tree that Markdown can hold, and all that is written is allowed."""
    for comment in (False, True):
        html = markdown_to_html(text, comment=comment)
        check_allowed(html, comment=comment)
        once = html_to_markdown(html)
        assert through(once, comment=comment) == once


@examples(200)
@given(stored_html)
def test_reading_loses_no_text(html: str) -> None:
    """All that stands between tags is in the Markdown, and back in the text written from it, in order."""
    written = iter(letters(content_of(parse_html(markdown_to_html(html_to_markdown(html))))))
    assert all(letter in written for letter in letters(content_of(parse_html(html))))


@examples(200)
@given(broken_html)
def test_broken_markup_is_read_and_never_written(html: str) -> None:
    """Whatever is stored can be read; what is written over it is well-formed and says what was asked for."""
    text = html_to_markdown(html)
    assert parse_markdown(text) == read_html(html)
    ET.fromstring(markdown_to_html(f"{text}\n\nmore", base=html).encode("utf-8"))


@examples(200)
@given(broken_html)
@example("<body>a\n b  \n\n \n\nc</body>")
@example("<body>a\xa0\nb</body>")
def test_the_short_way_is_the_long_way(html: str) -> None:
    """Texts without tags are read without a tree, and read the same."""
    assert html_to_markdown(html) == render_markdown(read_html(html))


# --- limits


def test_long_texts_are_refused() -> None:
    """More than a million characters are neither read nor written."""
    with pytest.raises(ValidationError, match="too long"):
        html_to_markdown("<b>" + "a" * 1_000_000)
    with pytest.raises(ValidationError, match="too long"):
        markdown_to_html("a" * 1_000_001)


@pytest.mark.parametrize("tag", ["strong", "ul", "li", "blockquote", "table", "a", "x"])
def test_depth_is_bounded(tag: str) -> None:
    """Tags within tags without end neither break the reading nor hide the text."""
    deep = f"<{tag}>" * 20_000 + "word" + f"</{tag}>" * 20_000
    assert "word" in html_to_markdown(body(deep))
    ET.fromstring(markdown_to_html("word\n\nmore", base=body(deep)))


@pytest.mark.parametrize(
    "piece", ["<a b", '<a b="', "<a b=' ", "<a ", "</", "&amp", "<ul><li>", "\n\n", "<hr>", "<a b c d "]
)
def test_time_is_linear(piece: str) -> None:
    """Markup that is never closed is read in one go; the time limit of a test is what fails otherwise."""
    assert html_to_markdown(body("x" + piece * (60_000 // len(piece)))).startswith("x")


def test_entities_of_a_document_type_are_text() -> None:
    """Nothing is expanded: neither what a document declares nor what it points to."""
    bomb = '<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c SYSTEM "file:///etc/hosts">]><body>&a;&c;</body>'
    assert "&a;&c;" in html_to_markdown(bomb).replace("\\", "")


# --- recorded


def test_recorded_texts() -> None:
    """Texts that Asana gave are given back unchanged, and nothing in them is lost."""
    texts = list(_recorded())
    assert texts
    for html in texts:
        text = html_to_markdown(html)
        assert letters(content_of(parse_html(html))) in letters(text) or "<a" in html
        assert markdown_to_html(text, base=html) == html
        check_allowed(markdown_to_html(text))
        assert through(text) == text


def _recorded() -> set[str]:
    found: set[str] = set()
    for path in sorted(need(shared_path("corpus", "asana")).glob("*.json")):
        rest = [json.loads(path.read_text(encoding="utf-8"))]
        while rest:
            node = rest.pop()
            if isinstance(node, dict):
                found.update(
                    value for key, value in node.items() if key.startswith("html_") and isinstance(value, str)
                )
                rest.extend(node.values())
            elif isinstance(node, list):
                rest.extend(node)
    return found


# --- sameness


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        ("* a\n* b\n", "- a\n- b"),
        ("see http://x.y/z", "see <http://x.y/z>"),
        ("a\nb", "a b"),
        ("```python\nx\n```", "```\nx\n```"),
        ("", None),
    ],
)
def test_a_text_that_was_stored_is_known_again(asked: str, got: str | None) -> None:
    """Asana has one form for several of Markdown."""
    assert same_text(asked, got)
    assert not same_text(asked, "other")
    assert not same_text(f"{asked}\n\nmore", got)
