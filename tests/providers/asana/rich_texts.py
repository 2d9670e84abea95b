"""Hypothesis strategies: rich text as Asana may store it, and what stands in tags anywhere."""

from __future__ import annotations

from hypothesis import strategies as st

__all__ = ["broken_html", "stored_html"]

_WORDS = [
    *(
        "a",
        "word",
        "two words",
        "é漢😀",
        "1. x",
        "- y",
        "# z",
        "[ ] t",
        "[x] t",
        "---",
        "*a*",
        "_b_",
        "| c |",
        "`",
        "\\",
    ),
    *(
        "&amp;",
        "&lt;b&gt;",
        "&quot;",
        "Don&apos;t",
        "&amp;nbsp;",
        "&bull;",
        "http://x.y/a_b",
        "\xa0",
        "  ",
        "@Tim",
    ),
]
_BREAKS = ["\n", "\n\n", "\n\n\n", " \n ", " "]
_USER = (
    '<a href="https://app.asana.com/0/4/list" data-asana-accessible="true" data-asana-dynamic="true"'
    ' data-asana-type="user" data-asana-gid="41">@Tim</a>'
)
_LEAVES = [
    _USER,
    '<a href="https://app.asana.com/0/5/6" data-asana-dynamic="false" data-asana-type="task" data-asana-gid="6">T</a>',
    '<a href="https://app.asana.com/0/7/list" data-asana-accessible="false" data-asana-dynamic="true">Private Link</a>',
    '<a href="http://x.y/?a=1&amp;b=2">link</a>',
    '<a href="http://x.y/z">http://x.y/z</a>',
    '<img data-asana-gid="9" src="https://s3.x/1?sig=2" alt="shot" data-src-width="5"/>',
    '<emoji name="x"/>',
    "<code>x &lt; y</code>",
]
_text = st.sampled_from([*_WORDS, *_WORDS, *_BREAKS, *_LEAVES])


def _join(pieces: st.SearchStrategy[str], size: int) -> st.SearchStrategy[str]:
    return st.lists(pieces, max_size=size).map("".join)


def _in_marks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    tags = st.sampled_from(["strong", "em", "u", "s", "code", 'span class="q"', "mark"])
    return st.builds(lambda tag, text: f"<{tag}>{text}</{tag.split()[0]}>", tags, _join(inner, 3))


_lines = _join(st.recursive(_text, _in_marks, max_leaves=5), 6)


def _lists(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    items = st.lists(inner | _lines, min_size=1, max_size=3)
    return st.builds(
        lambda tag, found: f"<{tag}>" + "".join(f"<li>{one}</li>" for one in found) + f"</{tag}>",
        st.sampled_from(["ul", "ol"]),
        items,
    )


def _nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        _lists(st.builds(str.__add__, _lines, inner)),
        st.builds("<blockquote>{}</blockquote>".format, st.builds(str.__add__, _lines, inner)),
        st.builds('<object type="x/y" data-asana-gid="3">{}</object>'.format, inner),
    )


_blocks = st.recursive(
    st.one_of(
        st.builds("<h1>{}</h1>".format, _lines),
        st.builds("<h2>{}</h2>".format, _lines),
        st.builds("<pre>{}</pre>".format, _join(st.sampled_from([*_WORDS, "\n", "  "]), 4)),
        st.sampled_from(["<hr/>", "<hr>", "<pre>| a |\n| --- |\n| b |</pre>"]),
        st.builds('<table><tr><td width="3">{}</td><td>{}</td></tr></table>'.format, _lines, _lines),
        _lists(_lines),
    ),
    _nested,
    max_leaves=3,
)

stored_html = st.lists(_lines | _blocks, max_size=5).map(lambda parts: f"<body>{''.join(parts)}</body>")
"""What Asana may give: allowed tags, with all attributes, and tags that are not known."""

_TAGS = [
    "body",
    "strong",
    "em",
    "code",
    "ul",
    "ol",
    "li",
    "a",
    "pre",
    "h1",
    "blockquote",
    "table",
    "tr",
    "td",
    "x",
]
_PIECES = [
    *(f"<{tag}>" for tag in _TAGS),
    *(f"</{tag}>" for tag in _TAGS),
    *(
        "<",
        ">",
        "&",
        "&#10;",
        "&x;",
        "<!DOCTYPE x [",
        "<!ENTITY a 'b'>",
        "]>",
        "&a;",
        "<?xml?>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
    ),
    *(
        "<a href='x\"y'>",
        '<a href="javascript:x">',
        "<a b>",
        '<img src="',
        "<hr>",
        "<br/>",
        "<p>",
        "</p>",
        "\x00",
        "\x0b",
        "\ud800",
        "\ufffe",
    ),
    *("<x:y>", '<a x:y="1">', '<a a="1" a="2">', "<A HREF='u'>", "\r\n", "\r", "text"),
]
broken_html = _join(st.sampled_from([*_PIECES, *_WORDS, *_BREAKS]), 20) | st.text(max_size=40)
"""What nobody should store."""
