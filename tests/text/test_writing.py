"""Trees that Markdown has no plain way to say."""

from __future__ import annotations

import pytest

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
    Strong,
    Table,
    Text,
    Underline,
    parse_markdown,
    render_markdown,
)


def line(*nodes: Inline) -> Document:
    return Document((Paragraph(nodes),))


def item(*words: str) -> ListItem:
    return ListItem(tuple(Paragraph((Text(word),)) for word in words))


@pytest.mark.parametrize(
    ("nodes", "written"),
    [
        ((Text("*a* _b_ `c`"),), r"\*a\* \_b\_ \`c\`"),
        ((Text("a * b_c * d"),), "a * b_c * d"),
        ((Text("[a](b)"),), r"[a\](b)"),
        ((Text("# a"),), r"\# a"),
        ((Text("1. a"),), r"1\. a"),
        ((Text("- a\n+ b"),), "\\- a\n\\+ b"),
        ((Text("a\n---"),), "a\n\\---"),
        ((Text("[INFO]: done"),), r"\[INFO]: done"),
        ((Text("&amp; <b> AT&T 1 < 2"),), r"\&amp; \<b> AT&T 1 < 2"),
        ((Text("a\\"), SoftBreak(), Text("b")), "a\\\\\nb"),
        ((Text("\xa0"),), "&nbsp;"),
        ((Text("see!"), Link("u", (Text("x"),))), r"see\![x](u)"),
        ((Strong((Text("bold "),)), Text("text")), "**bold** text"),
        ((Strong((Text("Note:"),)), Text("text")), "<strong>Note:</strong>text"),
        ((Emphasis((Text("a"),)), Strong((Text("b"),))), "*a*<strong>b</strong>"),
        ((Strong((Emphasis((Text("a"),)),)),), "***a***"),
        ((Strong((Text("a"),)), Strong((Text("b"),))), "**ab**"),
        ((Underline((Text("*"),)),), "<u>*</u>"),
        ((Colour(" red ", (Text("a"),)), Colour("x;y", (Text("b"),))), '<span style="color: red">a</span>b'),
        ((Code("`"),), "`` ` ``"),
        ((Code("a\nb"), Code("c")), "`a bc`"),
        ((Code("x"), Text("{=textile}")), "`x`\\{=textile}"),
        (
            (Code("a"), OpaqueInline("textile", "b")),
            '`a`<span data-dialect="textile" data-markup="b"></span>',
        ),
        (
            (OpaqueInline("textile", 'a\n"b"'),),
            '<span data-dialect="textile" data-markup="a&#10;&#34;b&#34;"></span>',
        ),
        ((OpaqueInline("html", "<kbd>"),), "&#32;<kbd>"),
        ((HtmlInline("<u>"), Text("a")), r"\<u>a"),
        ((HtmlInline("no tag"),), "no tag"),
        ((HardBreak(), Text("a"), HardBreak(), Text("b"), HardBreak()), "<br>a\\\nb<br>"),
        ((Link("a b", (Text("x"),), 'say "hi"'),), r'[x](<a b> "say \"hi\"")'),
        ((Link("a)b(", (Text("]"),)),), r"[\]](a\)b\()"),
        ((Link("", (Text("x"),)),), "[x]()"),
        ((Link("u", (Link("v", (Text("x"),)),)),), "[x](u)"),
        ((Image("a.png", "*a*", "t"),), r'![\*a\*](a.png "t")'),
        ((Text("a\r\nb\0\ud800"),), "a\nb\ufffd\ufffd"),
    ],
)
def test_inlines(nodes: tuple[Inline, ...], written: str) -> None:
    """Exactly this is written, and it reads back as written."""
    text = render_markdown(line(*nodes))
    assert text == written
    assert render_markdown(parse_markdown(text)) == written


@pytest.mark.parametrize(
    ("document", "written"),
    [
        (Document(), ""),
        (Document((Paragraph(()), BulletList(()), Table(()))), ""),
        (Document((Heading(9, (Text("a #"),)),)), "###### a \\#"),
        (Document((Heading(0, (Text("a\nb"), HardBreak(), Text("c"))),)), "# a b<br>c"),
        (Document((BulletList((item("a"),)), BulletList((item("b"),)))), "- a\n\n* b"),
        (Document((OrderedList((item("a"),)), OrderedList((item("b"),), 5))), "1. a\n\n5) b"),
        (Document((BulletList((item("a"), item("b")), tight=False),)), "- a\n\n- b"),
        (Document((BulletList((item("a", "b"),)),)), "- a\n\n  b"),
        (Document((BulletList((ListItem((Rule(),)), ListItem(()))),)), "- ___\n-"),
        (Document((BulletList((item("[ ] a"), ListItem((), checked=True))),)), "- \\[ ] a\n- [x]"),
        (Document((OrderedList((item("a"), item("b")), 10**12),)), "999999999. a\n999999999. b"),
        (Document((Quote((Quote(()), Paragraph((Text("a"),)))),)), "> >\n>\n> a"),
        (Document((CodeBlock("```\n"),)), "````\n```\n\n````"),
        (Document((CodeBlock("a", "x`y"),)), "~~~x`y\na\n~~~"),
        (Document((OpaqueBlock("textile", "h1. a"),)), "```{=textile}\nh1. a\n```"),
        (Document((HtmlBlock("<div>\nx"),)), "<div>\nx"),
        (Document((HtmlBlock("<div>\n\nx"),)), "```{=html}\n<div>\n\nx\n```"),
        (
            Document((Table(((Text("a"),),), (((Text("x|y"), HardBreak(), Text("z")), ()),), ("right",)),)),
            "| a | |\n| --: | --- |\n| x\\|y<br>z | |",
        ),
    ],
)
def test_blocks(document: Document, written: str) -> None:
    """Exactly this is written, and it reads back as written."""
    text = render_markdown(document)
    assert text == written
    assert render_markdown(parse_markdown(text)) == written


def test_a_dialect_has_a_plain_name() -> None:
    """Names that the notation cannot carry are refused at once."""
    with pytest.raises(ValueError, match="dialect"):
        OpaqueInline("Textile 2", "x")
    with pytest.raises(ValueError, match="dialect"):
        OpaqueBlock("", "x")
