"""Hypothesis strategies: pieces of Markdown in every order, and trees as any provider may build them."""

from __future__ import annotations

from hypothesis import strategies as st

from pm_providers.text import (
    BulletList,
    Code,
    CodeBlock,
    Colour,
    Document,
    Emphasis,
    HardBreak,
    Heading,
    HtmlBlock,
    HtmlInline,
    Image,
    Link,
    ListItem,
    OpaqueBlock,
    OpaqueInline,
    OrderedList,
    Paragraph,
    Quote,
    Rule,
    SoftBreak,
    Strike,
    Strong,
    Subscript,
    Superscript,
    Table,
    Text,
    Underline,
)

__all__ = ["PLAIN_PIECES", "documents", "markdown", "plain_markdown"]

PLAIN_PIECES = [
    *(
        "*",
        "**",
        "_",
        "__",
        "~~",
        "`",
        "``",
        "```",
        "~~~",
        "\n",
        "\n\n",
        " ",
        "  ",
        "    ",
        "\t",
        "\\",
        "\\\n",
    ),
    *("- ", "-", "+ ", "* ", "1. ", "2) ", "1986. ", "> ", ">", "#", "## ", "---", "===", "|", "| - |", "!"),
    *(
        "[",
        "]",
        "(",
        ")",
        "](u)",
        "![",
        "[ ] ",
        "[x] ",
        '"t"',
        "&amp;",
        "&",
        "&nbsp;",
        "&#10;",
        ".",
        "1",
        "{=x}",
    ),
    *(
        "a",
        "b",
        "foo",
        "x y",
        "é",
        "漢",
        "😀",
        "שלום",
        "http://x.y/a_b",
        "snake_case",
        "3 * 4",
        "\xa0",
        "\u2003",
    ),
]
"""Markdown that every reader of it understands in the same way."""

_HTML_PIECES = [
    *(
        "<",
        "<u>",
        "</u>",
        "<b>",
        "</b>",
        "<sub>",
        "</sub>",
        "<br>",
        "<div>",
        "</div>",
        "<kbd>",
        "</span>",
        "<?x?>",
    ),
    *(
        '<span style="color: red">',
        '<span class="x">',
        "<!-- x -->",
        "<!--",
        "<http://x>",
        "<a@b.c>",
        "{=html}",
    ),
    *("[a]: u", "[a]", "[INFO]: x", "```{=textile}\n", "\x0b", "\x1f", "\x00", "\r", "\r\n"),
]


def _joined(pieces: list[str], size: int) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(pieces), max_size=size).map("".join)


plain_markdown = _joined(PLAIN_PIECES, 25)
markdown = _joined(PLAIN_PIECES + _HTML_PIECES, 30) | st.text(max_size=60)

_words = _joined([*PLAIN_PIECES, "<b", "<div>", "\x0b", "\0", "\r\n", "{", "[a]: b"], 4)
_leaves = st.one_of(
    _words.map(Text),
    _words.map(Text),
    st.sampled_from([SoftBreak(), HardBreak(), HtmlInline("<kbd>"), HtmlInline("</u>"), HtmlInline("<div>")]),
    _words.map(Code),
    _words.map(HtmlInline),
    st.builds(OpaqueInline, st.sampled_from(["textile", "html"]), _words),
    st.builds(Image, _words, _words, _words),
    st.just(Link("http://x.y", (Text("http://x.y"),))),
)


def _containers(inner: st.SearchStrategy) -> st.SearchStrategy:
    children = st.lists(inner, max_size=4).map(tuple)
    marks = [
        st.builds(kind, children) for kind in (Emphasis, Strong, Strike, Underline, Subscript, Superscript)
    ]
    colours = st.builds(Colour, st.sampled_from(["red", "#fff", "rgb(1, 2, 3)", "no;colour"]), children)
    return st.one_of(*marks, colours, st.builds(Link, _words, children, _words))


_lines = st.lists(st.recursive(_leaves, _containers, max_leaves=8), max_size=4).map(tuple)
_codes = st.builds(CodeBlock, _words, st.sampled_from(["", "ruby", "a`b", "~x", "{=textile}", "{=html}"]))
_html = (
    st.sampled_from(["<div>\nx\n</div>", "<pre>\n\n a\n \n</pre>", "<!-- a", "<div>\n\nx", "<kbd>"]) | _words
)
_plain_blocks = st.one_of(
    st.builds(Paragraph, _lines),
    st.builds(Paragraph, _lines),
    st.builds(Heading, st.integers(0, 7), _lines),
    _codes,
    st.just(Rule()),
    _html.map(HtmlBlock),
    st.builds(OpaqueBlock, st.sampled_from(["textile", "html"]), _words),
    st.builds(
        Table,
        st.lists(_lines, max_size=3).map(tuple),
        st.lists(st.lists(_lines, max_size=3).map(tuple), max_size=2).map(tuple),
        st.lists(st.sampled_from([None, "left", "center", "right"]), max_size=3).map(tuple),
    ),
)


def _nested(inner: st.SearchStrategy) -> st.SearchStrategy:
    blocks = st.lists(inner, max_size=3).map(tuple)
    items = st.lists(st.builds(ListItem, blocks, st.sampled_from([None, None, True, False])), max_size=3).map(
        tuple
    )
    starts = st.sampled_from([1, 1, 0, 7, -3, 999_999_999, 10**12])
    return st.one_of(
        st.builds(Quote, blocks),
        st.builds(BulletList, items, st.booleans()),
        st.builds(OrderedList, items, starts, st.booleans()),
    )


documents = st.builds(
    Document, st.lists(st.recursive(_plain_blocks, _nested, max_leaves=6), max_size=3).map(tuple)
)
