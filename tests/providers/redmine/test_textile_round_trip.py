"""Markdown to Textile and back, and the other way round: nothing changes but what is named."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from pm_providers.providers.redmine.mapping.textile import to_markdown, to_textile
from pm_providers.providers.redmine.mapping.textile_writing import write_textile
from pm_providers.text import (
    Block,
    BulletList,
    Document,
    Image,
    ListItem,
    OrderedList,
    Paragraph,
    Text,
    parse_markdown,
    render_markdown,
)
from tests.providers.redmine.textile_losses import after_textile
from tests.support.examples import examples
from tests.text.trees import documents, markdown

TEXTILE_PIECES = [
    *(
        "*",
        "_",
        "-",
        "+",
        "^",
        "~",
        "%",
        "@",
        "**",
        "__",
        "??",
        " ",
        " ",
        "a",
        "foo",
        "Bar",
        "é",
        "中",
        "🎉",
        "(",
    ),
    *(
        ")",
        ".",
        ",",
        "!",
        '"',
        ":",
        '"x":http://a.bc',
        "!i.png!",
        "@c d@",
        "*b*",
        "_i_",
        "[",
        "]",
        "|",
        "=",
        "==",
    ),
    *(
        "{",
        "}",
        "<b>",
        "&amp;",
        "&lt;",
        "&",
        "#1",
        "1",
        "--",
        "<code>x</code>",
        "<notextile></notextile>",
        "<",
        ">",
    ),
    *(
        "(a)",
        "{color:red}",
        "\n\n",
        "\n",
        "\n",
        "* ",
        "** ",
        "# ",
        "## ",
        "> ",
        ">> ",
        "|_. ",
        "h1. ",
        "bq. ",
        "p. ",
    ),
    *(
        "\n---\n",
        "<pre>x\ny</pre>",
        "<pre>",
        "</pre>",
        "<!-- c -->",
        "{{toc}}",
        "{{collapse\nx\n}}",
        "  ",
        "\n* ",
    ),
    *(
        "\n# ",
        "\n> ",
        "\n|a|",
        "\n\nh2. ",
        "fn1. ",
        "[[W|x]]",
        "[l](m.md)",
        "&nbsp;",
        "<kbd>k</kbd>",
        "\t",
        "\r\n",
    ),
]


def textile() -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(TEXTILE_PIECES), max_size=14).map("".join)


CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def out_of_scope(text: str) -> bool:
    """Textile in the Markdown says whatever it says; control characters are named as a loss."""
    return "{=textile}" in text or 'data-dialect="textile"' in text or CONTROL.search(text) is not None


@given(markdown)
@examples(100)
@example("<sub>😀</sub>")
def test_markdown_keeps_its_meaning(text: str) -> None:
    assume(not out_of_scope(text))
    assert parse_markdown(to_markdown(to_textile(text))) == after_textile(parse_markdown(text))


def _in_item(*blocks: Block) -> Document:
    return Document((BulletList((ListItem(blocks),)),))


@given(documents)
@examples(100)
@example(_in_item(OrderedList((ListItem(()),)), OrderedList((ListItem(()),), 0)))
@example(_in_item(OrderedList((ListItem(()),)), Paragraph((Text("a"),)), OrderedList((ListItem(()),), 7)))
@example(Document((Paragraph((Image("*http://x.y/a_b", "", ""),)),)))
def test_trees_keep_their_meaning(document: Document) -> None:
    assume(not out_of_scope(render_markdown(document)))
    assert parse_markdown(to_markdown(write_textile(document))) == after_textile(document)


@given(st.text(max_size=60))
@examples(100)
def test_any_text_is_read_and_written(text: str) -> None:
    assume(not out_of_scope(text))
    assert parse_markdown(to_markdown(to_textile(text))) == after_textile(parse_markdown(text))
    once = to_markdown(text)
    assert to_markdown(to_textile(once)) == once


@given(textile())
@examples(200)
@example("&lt;🎉🎉\n<notextile></notextile>")
@example('&lt;&amp;foo|"x":http://a.bc')
@example("# ---\n<pre>x</pre>** p.")
@example("**%*%")
@example("*{{collapse\nx\n}}%*%")
@example("*{{collapse\nx\n}} a %*% b")
@example("\n* *(a)\n|a|*")
def test_textile_is_stable_after_one_pass(text: str) -> None:
    once = to_markdown(text)
    written = to_textile(once)
    assert to_markdown(written) == once
    assert to_textile(to_markdown(written)) == written


@pytest.mark.parametrize(
    "text",
    [
        "snake_case, 3 * 4 * 5, a - b - c, ~/home, 50%, C++, x^2, user@host and me@home",
        '#123, #12-3, [[Page]], [[Page|a text]], {{toc}}, {{include(A_b_c)}}, !#4, version:"1.0", document#1',
        "commit:c6f4d0fd source:trunk/a_b.rb@12 attachment:file_a_b.zip user:jsmith @jsmith and @alice",
        "https://example.org/a_b_c/-d-?x=*y*&z=@w@ www.example.org mail@example.org",
        'say "hi", "x": y, (c), [a], [1] {b}, a|b, <3, a<b>c, a && b, R&D; it\'s 5" wide',
        "-v --verbose; f(x) = g(y)[0]; a == b != c; $HOME; C:\\path; 1. one; 2) two",
        "漢字とかな、한국어, עברית, العربية, emoji 🎉👩‍👩‍👧 and é",
    ],
)
def test_plain_text_is_the_same_in_textile(text: str) -> None:
    markdown_text = to_markdown(text)
    assert to_textile(markdown_text) == text
    assert parse_markdown(markdown_text) == parse_markdown(to_markdown(to_textile(markdown_text)))
