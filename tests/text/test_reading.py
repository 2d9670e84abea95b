"""What of Markdown becomes which node."""

from __future__ import annotations

import pytest

from pm_providers.errors import ValidationError
from pm_providers.text import (
    MAX_CHARACTERS,
    Block,
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
    Inline,
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
    parse_markdown,
    plain_text,
    render_markdown,
)

A = (Text("a"),)
B = (Text("b"),)


@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        ("*a* _a_", (Emphasis(A), Text(" "), Emphasis(A))),
        ("**a** __a__ <b>a</b>", (Strong(A), Text(" "), Strong(A), Text(" "), Strong(A))),
        ("~~a~~ <del>a</del>", (Strike(A), Text(" "), Strike(A))),
        ("<u>a</u> <INS>a</INS>", (Underline(A), Text(" "), Underline(A))),
        ("<sub>a</sub><sup>a</sup>", (Subscript(A), Superscript(A))),
        ("<span style='color:#F00;'>a</span>", (Colour("#F00", A),)),
        (
            '<span style="color: red">a <span>b</span></span>'.replace("<span>", '<span class="x">'),
            (Colour("red", (Text("a "), HtmlInline('<span class="x">'), Text("b"), HtmlInline("</span>"))),),
        ),
        ("`a`", (Code("a"),)),
        ("`a`{=textile}b", (OpaqueInline("textile", "a"), Text("b"))),
        ("`a`\\{=textile}", (Code("a"), Text("{=textile}"))),
        ("a\nb", (Text("a"), SoftBreak(), Text("b"))),
        ("a  \nb\\\nb<br/>a", (*A, HardBreak(), *B, HardBreak(), *B, HardBreak(), *A)),
        ("[a](u 't')", (Link("u", A, "t"),)),
        ("[a](/ü%20x?a=1&amp;b=2)", (Link("/ü%20x?a=1&b=2", A),)),
        ("[a](javascript:x)", (Link("javascript:x", A),)),
        ("<http://x.y/ü>", (Link("http://x.y/ü", (Text("http://x.y/ü"),)),)),
        ("http://x.y", (Text("http://x.y"),)),
        ("![a *b* `c`](u)", (Image("u", "a b c"),)),
        ("<kbd>a</kbd><!-- b -->", (HtmlInline("<kbd>"), *A, HtmlInline("</kbd>"), HtmlInline("<!-- b -->"))),
        ("a <u>b", (Text("a <u>b"),)),
        ("&eacute;&#x41;\\*", (Text("éA*"),)),
        ("***a* b**", (Strong((Emphasis(A), Text(" b"))),)),
        ("*a **b***", (Emphasis((Text("a "), Strong(B))),)),
        ("**a <b>a</b>**", (Strong((Text("a a"),)),)),
    ],
)
def test_inlines(text: str, nodes: tuple[Inline, ...]) -> None:
    """One paragraph with exactly these inlines."""
    assert parse_markdown(text) == Document((Paragraph(nodes),))


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("# a #\n\nb\n===", (Heading(1, A), Heading(1, B))),
        ("    a\n\n~~~ruby x\nb\n~~~", (CodeBlock("a"), CodeBlock("b", "ruby x"))),
        ("> a\nb", (Quote((Paragraph((*A, SoftBreak(), *B)),)),)),
        ("* * *", (Rule(),)),
        ("<div>\na\n</div>", (HtmlBlock("<div>\na\n</div>"),)),
        ("```{=textile}\nh1. a\n```", (OpaqueBlock("textile", "h1. a"),)),
        ("```{=html}\n<b>\n```", (HtmlBlock("<b>"),)),
        ("3) a", (OrderedList((ListItem((Paragraph(A),)),), 3),)),
        (
            "- [ ] a\n- [X] b\n- [x](u)\n- [ ]",
            (
                BulletList(
                    (
                        ListItem((Paragraph(A),), checked=False),
                        ListItem((Paragraph(B),), checked=True),
                        ListItem((Paragraph((Link("u", (Text("x"),)),)),)),
                        ListItem((), checked=False),
                    )
                ),
            ),
        ),
        ("- \\[ ] a", (BulletList((ListItem((Paragraph((Text("[ ] a"),)),)),)),)),
        (
            "|a|b|c|\n|:-|:-:|-:|\n|a\\|b|",
            (Table((A, B, (Text("c"),)), (((Text("a|b"),), (), ()),), ("left", "center", "right")),),
        ),
        (
            "> |a|\n> |-|\n> |a| `x | y` | |",
            (Quote((Table((A,), (((Text("a | "), Code("x | y")),),), (None,)),)),),
        ),
        ("[a]: u 't'\n\n[b][A]", (Paragraph((Link("u", B, "t"),)),)),
        ("[INFO]: done", (Paragraph((Text("[INFO]: done"),)),)),
        ("[a]: u\n\n[b]: v\n\n[a]", (Paragraph((Text("[b]: v"),)), Paragraph((Link("u", A),)))),
        ("[a]: u\n\n[a]: v\n\n[a]", (Paragraph((Link("u", A), Text(": v"))), Paragraph((Link("u", A),)))),
        (" \n\t\n", ()),
    ],
)
def test_blocks(text: str, blocks: tuple[Block, ...]) -> None:
    """Exactly these blocks."""
    assert parse_markdown(text) == Document(blocks)


@pytest.mark.parametrize(
    ("text", "tight"), [("- a\n- b", True), ("- a\n\n- b", False), ("- a\n\n  b", False)]
)
def test_lists_know_their_blank_lines(text: str, tight: bool) -> None:
    """Blank lines between items or their blocks make a list loose, which is no difference of meaning."""
    (found,) = parse_markdown(text).blocks
    assert isinstance(found, BulletList)
    assert found.tight is tight
    assert found == BulletList(found.items, not tight)


def test_language_is_the_first_word() -> None:
    """The rest of the line after a fence is kept, too."""
    assert CodeBlock("", "ruby startline=3").language == "ruby"
    assert not CodeBlock("").language


def test_plain_text_is_what_is_seen() -> None:
    """Without markup, with the text of images."""
    (paragraph,) = parse_markdown("a *b `c`*\nd\\\n![e](f)<kbd> [g](h) `i`{=textile}").blocks
    assert isinstance(paragraph, Paragraph)
    assert plain_text(paragraph.children) == "a b c d\ne g i"


def test_too_long_is_refused_by_name() -> None:
    """The limit is said, the text is not."""
    with pytest.raises(ValidationError, match=str(MAX_CHARACTERS)) as refused:
        parse_markdown("secret " * MAX_CHARACTERS)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "> " * 1000 + "deep",
        "- " * 1000 + "deep",
        "1. " * 1000 + "deep",
        "".join("  " * depth + "- deep\n" for depth in range(100)),
        "[" * 1000 + "deep" + "](u)" * 1000,
        "![" * 1000 + "deep" + "](u)" * 1000,
        "*a **b " * 1000 + "deep",
        "*" * 1000 + "deep" + "*" * 1000,
        "<sub><sup>" * 1000 + "deep" + "</sup></sub>" * 1000,
        "<u>" * 1000 + "deep" + "</sub>" * 1000,
        "".join("`" * length + " " for length in range(1, 200)) + "deep",
        "<!-- " * 1000 + "deep",
        ">" * 100 + "a\n" + "deep\n" * 100,
    ],
)
def test_deep_nesting_loses_nothing(text: str) -> None:
    """However deep: no recursion error, no lost words, and what is written means the same."""
    document = parse_markdown(text)
    written = render_markdown(document)
    assert written.count("deep") == text.count("deep")
    assert parse_markdown(written) == document


def test_work_grows_with_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice the brackets take about twice the steps of the parser, not four times as many."""
    from markdown_it.parser_inline import ParserInline

    steps = 0
    skip = ParserInline.skipToken

    def counted(self: ParserInline, state: object) -> None:
        nonlocal steps
        steps += 1
        skip(self, state)

    monkeypatch.setattr(ParserInline, "skipToken", counted)
    counts = []
    for size in (500, 1000):
        steps = 0
        parse_markdown("[" * size)
        counts.append(steps)
    assert 0 < counts[1] < 3 * counts[0]
