"""Rich text as a tree: what every markup can be read into and written from.

A `Document` holds blocks, blocks hold blocks or inlines, inlines hold inlines or text. Nodes are frozen and
compare by value, so that two texts mean the same where their trees are equal. Sequences are tuples.

Blocks::

    Paragraph(children)              Heading(level, children)      Rule()
    CodeBlock(text, info)            Quote(blocks)                 HtmlBlock(html)
    BulletList(items, tight)         OrderedList(items, start, tight)
      ListItem(blocks, checked)      Table(header, rows, alignments)
    OpaqueBlock(dialect, markup)

Inlines::

    Text(text)                       Code(text)                    HtmlInline(html)
    SoftBreak()                      HardBreak()                   OpaqueInline(dialect, markup)
    Emphasis  Strong  Strike  Underline  Subscript  Superscript    (children), called marks
    Colour(color, children)          Link(target, children, title) Image(source, alt, title)

Trees may be built freely (nested marks of one kind, text with line ends, empty marks); `normalise` says what
of such a tree a text can carry, and Markdown is read into and written from normalised trees only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

__all__ = [
    "Alignment",
    "Block",
    "BulletList",
    "Code",
    "CodeBlock",
    "Colour",
    "Document",
    "Emphasis",
    "HardBreak",
    "Heading",
    "HtmlBlock",
    "HtmlInline",
    "Image",
    "Inline",
    "Link",
    "ListItem",
    "Mark",
    "OpaqueBlock",
    "OpaqueInline",
    "OrderedList",
    "Paragraph",
    "Quote",
    "Rule",
    "SoftBreak",
    "Strike",
    "Strong",
    "Subscript",
    "Superscript",
    "Table",
    "Text",
    "Underline",
    "plain_text",
]

_DIALECT = re.compile(r"[a-z][a-z0-9-]*")


def _check_dialect(dialect: str) -> None:
    if not _DIALECT.fullmatch(dialect):
        raise ValueError(f"a dialect is lower-case letters, digits and hyphens, not {dialect!r}")


@dataclass(frozen=True, slots=True)
class Text:
    """Characters as they are read by people: no markup, no escapes. Line ends count as soft breaks."""

    text: str


@dataclass(frozen=True, slots=True)
class SoftBreak:
    """Line end of the source which is shown as a space."""


@dataclass(frozen=True, slots=True)
class HardBreak:
    """Line end which is shown as one (`<br>`)."""


@dataclass(frozen=True, slots=True)
class Code:
    """Characters in a fixed-width font, on one line: line ends count as spaces."""

    text: str


@dataclass(frozen=True, slots=True)
class Emphasis:
    """Stressed, usually italic (`*a*`)."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Strong:
    """Important, usually bold (`**a**`)."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Strike:
    """Struck through, or marked as deleted (`~~a~~`)."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Underline:
    """Underlined, or marked as inserted (`<u>a</u>`)."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Subscript:
    """Below the line (`<sub>a</sub>`)."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Superscript:
    """Above the line (`<sup>a</sup>`)."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Colour:
    """In a colour (`<span style="color: red">a</span>`).

    Attributes:
        color: a CSS colour: a name, `#rrggbb`, or a function such as `rgb(0, 0, 0)`. Anything else is no
            colour: `normalise` keeps the content and drops the mark.
        children: what is coloured.
    """

    color: str
    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A link. Links do not nest: `normalise` keeps the outer one.

    Attributes:
        target: address exactly as written, neither percent-encoded nor checked; may be relative or empty.
        children: what is shown. A bare address in running text is `Text`, not a link; `<address>` is a link
            that shows its own target.
        title: shown on hovering; empty means none.
    """

    target: str
    children: tuple[Inline, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture in the text.

    Attributes:
        source: address exactly as written.
        alt: plain text that stands for the picture.
        title: shown on hovering; empty means none.
    """

    source: str
    alt: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class HtmlInline:
    """One HTML tag or comment that no other node says (`<kbd>`), verbatim, on one line."""

    html: str


@dataclass(frozen=True, slots=True)
class OpaqueInline:
    """Markup of a dialect that no other node says, verbatim. Markdown shows it as `` `markup`{=dialect} ``.

    Attributes:
        dialect: whose markup it is, for example `"textile"`: lower-case letters, digits and hyphens.
        markup: the source, untouched; may hold line ends.
    """

    dialect: str
    markup: str

    def __post_init__(self) -> None:
        _check_dialect(self.dialect)


Mark: TypeAlias = Emphasis | Strong | Strike | Underline | Subscript | Superscript | Colour
"""Inlines that change how their children look and nothing else."""

Inline: TypeAlias = Text | SoftBreak | HardBreak | Code | Mark | Link | Image | HtmlInline | OpaqueInline
"""What a line of text consists of."""

Alignment: TypeAlias = Literal["left", "center", "right"]
"""How the cells of a column are aligned."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text. A paragraph without content is none: `normalise` drops it."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading on one line: soft breaks count as spaces.

    Attributes:
        level: 1 (highest) to 6; other numbers are moved to the nearest.
        children: its text; may be empty.
    """

    level: int
    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """Lines in a fixed-width font.

    Attributes:
        text: the lines, without the line end of the last one.
        info: the language and whatever else stood after the opening fence; empty means nothing.
    """

    text: str
    info: str = ""

    @property
    def language(self) -> str:
        """First word of `info`; empty where none is given."""
        return self.info.split(maxsplit=1)[0] if self.info.strip() else ""


@dataclass(frozen=True, slots=True)
class Quote:
    """A block quote; may be empty."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class ListItem:
    """One item of a list.

    Attributes:
        blocks: its content, nested lists included; may be empty.
        checked: `True` or `False` make it a task item, done or not; `None` an ordinary one.
    """

    blocks: tuple[Block, ...]
    checked: bool | None = None


@dataclass(frozen=True, slots=True)
class BulletList:
    """A list without numbers. A list without items is none: `normalise` drops it.

    Attributes:
        items: its items, in order.
        tight: written without blank lines between the items, where that is possible. A matter of looks:
            lists that differ in nothing else are equal.
    """

    items: tuple[ListItem, ...]
    tight: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True)
class OrderedList:
    """A numbered list. A list without items is none: `normalise` drops it.

    Attributes:
        items: its items, in order.
        start: number of the first item, 0 to 999,999,999; the others follow it.
        tight: see `BulletList`.
    """

    items: tuple[ListItem, ...]
    start: int = 1
    tight: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True)
class Table:
    """A table with one header row. Cells hold one line: soft breaks count as spaces, hard breaks stay.

    Attributes:
        header: cells of the header row, which says how many columns there are; all empty where the source has
            no header. A table without columns is none: `normalise` drops it.
        rows: the other rows; short ones are filled with empty cells. Columns beyond the header's get an empty
            header cell.
        alignments: one per column; missing ones are `None`, the reader's default.
    """

    header: tuple[tuple[Inline, ...], ...]
    rows: tuple[tuple[tuple[Inline, ...], ...], ...] = ()
    alignments: tuple[Alignment | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the page (`---`)."""


@dataclass(frozen=True, slots=True)
class HtmlBlock:
    """Lines of HTML, verbatim, without the last line end. They are carried, never interpreted."""

    html: str


@dataclass(frozen=True, slots=True)
class OpaqueBlock:
    """Markup of a dialect that no other node says, verbatim. Markdown shows it fenced, with `{=dialect}`.

    Attributes:
        dialect: whose markup it is, for example `"textile"`: lower-case letters, digits and hyphens.
        markup: the source, untouched, without the line end of its last line.
    """

    dialect: str
    markup: str

    def __post_init__(self) -> None:
        _check_dialect(self.dialect)


Block: TypeAlias = (
    Paragraph
    | Heading
    | CodeBlock
    | Quote
    | BulletList
    | OrderedList
    | Table
    | Rule
    | HtmlBlock
    | OpaqueBlock
)
"""What a document, a quote or a list item consists of."""


@dataclass(frozen=True, slots=True)
class Document:
    """A whole text; no blocks mean an empty one."""

    blocks: tuple[Block, ...] = ()


def plain_text(inlines: tuple[Inline, ...]) -> str:
    """The characters of inlines without any markup: hard breaks as line ends, soft breaks as spaces.

    Images give their `alt`, raw HTML nothing, opaque markup itself.
    """
    parts: list[str] = []
    rest: list[Inline] = list(reversed(inlines))
    while rest:
        node = rest.pop()
        if isinstance(node, Text | Code):
            parts.append(node.text)
        elif isinstance(node, SoftBreak):
            parts.append(" ")
        elif isinstance(node, HardBreak):
            parts.append("\n")
        elif isinstance(node, Image):
            parts.append(node.alt)
        elif isinstance(node, OpaqueInline):
            parts.append(node.markup)
        elif not isinstance(node, HtmlInline):
            rest.extend(reversed(node.children))
    return "".join(parts)
