"""Writes a document as Textile, in forms that read back as the same document wherever there is one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from pm_providers.providers.redmine.mapping.textile_base import Marks, split_marks
from pm_providers.providers.redmine.mapping.textile_inlines import DIALECT
from pm_providers.providers.redmine.mapping.textile_lines import (
    GUARD,
    LEVELS,
    attribute,
    hidden_tags,
    write_line,
)
from pm_providers.providers.redmine.mapping.textile_marks import ATTRIBUTES
from pm_providers.providers.redmine.mapping.textile_raw import mark_raw
from pm_providers.providers.redmine.mapping.textile_reading import read_textile
from pm_providers.text import normalise, render_markdown
from pm_providers.text.document import (
    Block,
    BulletList,
    CodeBlock,
    Document,
    HardBreak,
    Heading,
    HtmlBlock,
    Inline,
    Link,
    ListItem,
    Mark,
    OpaqueBlock,
    OrderedList,
    Paragraph,
    Quote,
    Rule,
    SoftBreak,
    Table,
    Text,
)
from pm_providers.text.normal import normal_line

__all__ = ["write_textile"]

_GAP = "&nbsp;"  # between two paragraphs of a list item
_NEEDS_SIGN = re.compile(
    rf"[#*]+{ATTRIBUTES} |>|[<>=()\-^~]*{ATTRIBUTES}\.? ?\||(?:p|bq|h[1-6])[^\s]*\. |table\S*\. ?\n|<"
    r"|(?: ?[*\-_] ?){3,}\Z"
)
_COMMENT = re.compile(r"<!--(?!html )(?:(?!-->).)*-->", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_HELD = re.compile("\ud800(\\d+)\ud801")
_ALIGNMENT_SIGNS = {None: "", "left": "<", "center": "=", "right": ">"}


def write_textile(document: Document) -> str:
    """Textile of a document, in normal form."""
    return _Writer().text(normalise(document))


class _Writer:
    """Writes one document. Lines that must stay as they are (code in quotes) are held back until the end."""

    def __init__(self) -> None:
        self.held: list[str] = []

    def text(self, document: Document) -> str:
        text = "\n\n".join(self._blocks(document.blocks))
        return _HELD.sub(lambda found: self.held[int(found[1])], text)

    def _hold(self, text: str) -> str:
        self.held.append(text)
        return f"\ud800{len(self.held) - 1}\ud801"

    def _blocks(self, blocks: tuple[Block, ...]) -> list[str]:
        return [self._block(block) for block in blocks]

    def _block(self, block: Block) -> str:
        if isinstance(block, Paragraph):
            return _paragraph(block)
        if isinstance(block, Heading):
            return _heading(block)
        if isinstance(block, Quote):
            return self._quote(block)
        if isinstance(block, BulletList | OrderedList):
            return "\n".join(self._list(block, ""))
        if isinstance(block, Table):
            return _table(block)
        return "---" if isinstance(block, Rule) else self._verbatim(block)

    def _verbatim(self, block: CodeBlock | HtmlBlock | OpaqueBlock) -> str:
        if isinstance(block, CodeBlock):
            return self._code(block.text, block.info)
        if isinstance(block, HtmlBlock):
            return (
                self._hold(block.html) if _COMMENT.fullmatch(block.html) else self._code(block.html, "=html")
            )
        if block.dialect != DIALECT:
            return self._code(block.markup, f"={block.dialect}")
        return self._held_raw(block.markup)

    def _held_raw(self, markup: str) -> str:
        """Textile whose raw parts are held back: their lines have no signs of a quote."""
        marks = Marks()
        parts = split_marks(mark_raw(_SURROGATE.sub("\ufffd", markup), marks), marks)
        return "".join(part if isinstance(part, str) else self._hold(part.source) for part in parts)

    def _code(self, text: str, info: str) -> str:
        if info:
            return self._hold(f'<pre><code class="{attribute(info)}">\n{hidden_tags(text)}\n</code></pre>')
        return self._hold(f"<pre>\n{hidden_tags(text)}\n</pre>")

    def _quote(self, block: Quote) -> str:
        text = "\n\n".join(self._blocks(block.blocks)) or GUARD
        return "\n".join(f"> {line}".rstrip() if not line else f"> {line}" for line in text.split("\n"))

    def _list(
        self, block: BulletList | OrderedList, signs: str, above: BulletList | OrderedList | None = None
    ) -> list[str]:
        """Lines of a list; it goes on with the numbers of the list above it in its item, if that has any."""
        signs += "#" if isinstance(block, OrderedList) else "*"
        signs = signs[-1] * len(signs)
        start = block.start if isinstance(block, OrderedList) and not isinstance(above, OrderedList) else 1
        number = "" if start == 1 else f"<!--{start}.-->"
        lines = self._item(block.items[0], signs, number)
        return lines + [line for item in block.items[1:] for line in self._item(item, signs)]

    def _item(self, item: ListItem, signs: str, number: str = "") -> list[str]:
        lines: list[str] = []
        previous: Block | None = None
        above: BulletList | OrderedList | None = None
        for block in item.blocks:
            if isinstance(block, BulletList | OrderedList):
                lines += ([] if lines else [""]) + self._list(block, signs, above)
                above = block
            else:
                lines += self._part(block, previous)
            previous = block
        task = "" if item.checked is None else f"[{'x' if item.checked else ' '}] "
        first = lines[0] if lines else ""
        return [f"{signs} {number}{task}{first or GUARD}", *lines[1:]]

    def _part(self, block: Block, previous: Block | None) -> list[str]:
        """Lines of a block in a list item: Textile has text and code there, the rest has forms of our own."""
        gap = [_GAP] if _needs_gap(previous, block) else []
        if isinstance(block, Paragraph):
            return gap + _in_item(block, goes_on=previous is not None).split("\n")
        if isinstance(block, Rule):
            return ["---"]
        if isinstance(block, Quote) and _is_simple(block):
            return gap + self._quoted(block)
        if isinstance(block, OpaqueBlock) and block.dialect == DIALECT and not block.markup.startswith("{{"):
            return [
                self._code(block.markup, f"={DIALECT}")
            ]  # would mean something at the start of a block only
        if isinstance(block, CodeBlock | HtmlBlock | OpaqueBlock):
            return [*gap, self._verbatim(block)]
        return [self._code(render_markdown(Document((block,))).rstrip("\n"), "=markdown")]

    def _quoted(self, block: Quote) -> list[str]:
        lines: list[str] = []
        previous: Block | None = None
        for child in block.blocks:
            lines += [f"&gt; {line}" for line in self._part(child, previous)]
            previous = child
        return lines


def _needs_gap(previous: Block | None, block: Block) -> bool:
    """Whether two blocks of an item would run into each other."""
    if isinstance(block, Quote):
        return isinstance(previous, Quote)
    running = Paragraph | HtmlBlock
    return isinstance(block, running) and isinstance(previous, running | BulletList | OrderedList)


def _is_simple(quote: Quote) -> bool:
    return bool(quote.blocks) and all(isinstance(child, Paragraph) for child in quote.blocks)


def _best(write: Callable[[int], str], frame: str, wanted: Document) -> str:
    """The first way to write a line that reads back as it is wanted; the last one where none does."""
    text = ""
    for level in range(LEVELS):
        text = write(level)
        if normalise(read_textile(frame.replace("\0", text))) == wanted:
            break
    return text


def _sayable(inlines: tuple[Inline, ...]) -> tuple[Inline, ...]:
    """Inlines without what Textile cannot say: line ends in the text of a link, marks in their own kind."""
    return normal_line(_said(inlines, frozenset()))


def _said(inlines: tuple[Inline, ...], inside: frozenset[type[Inline]]) -> tuple[Inline, ...]:
    result: list[Inline] = []
    for node in inlines:
        if Link in inside and isinstance(node, SoftBreak | HardBreak):
            result.append(Text(" "))
        elif isinstance(node, Link | Mark):
            children = _said(node.children, inside | {type(node)})
            result += children if type(node) in inside else [replace(node, children=children)]
        else:
            result.append(node)
    return tuple(result)


def _paragraph(block: Paragraph) -> str:
    children = _sayable(block.children)

    def write(level: int) -> str:
        text = write_line(children, level)
        return f"p. {text}" if _NEEDS_SIGN.match(text) else text

    return _best(write, "\0", Document((Paragraph(children),)))


def _heading(block: Heading) -> str:
    sign = f"h{block.level}. "
    if not block.children:
        return sign + GUARD
    children = _sayable(block.children)
    wanted = Document((Heading(block.level, children),))
    return sign + _best(lambda level: write_line(children, level), f"{sign}\0", wanted)


def _in_item(block: Paragraph, *, goes_on: bool) -> str:
    children = _sayable(block.children)
    blocks = (Rule(), Paragraph(children)) if goes_on else (Paragraph(children),)
    return _best(
        lambda level: write_line(children, level, goes_on=goes_on),
        "* ---\n\0" if goes_on else "* \0",
        Document((BulletList((ListItem(blocks),)),)),
    )


def _table(table: Table) -> str:
    rows = [_row(row, table, "") for row in table.rows]
    if any(table.header) or not rows:
        rows.insert(0, _row(table.header, table, "_"))
    return "\n".join(rows)


def _row(cells: tuple[tuple[Inline, ...], ...], table: Table, sign: str) -> str:
    return (
        "".join(
            _cell(cell, sign + _ALIGNMENT_SIGNS[align])
            for cell, align in zip(cells, table.alignments, strict=True)
        )
        + "|"
    )


def _cell(cell: tuple[Inline, ...], signs: str) -> str:
    lead = f"|{signs}. " if signs else "| "
    if not cell:
        return lead
    inlines = _sayable(cell)
    wanted = normalise(Document((Table(((),), ((inlines,),)),)))
    return lead + _best(lambda level: write_line(inlines, level, cell=True), "| \0 |", wanted) + " "
