"""The normal form of blocks; `normal` has the rules, and those of inlines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pm_providers.text.document import (
    Block,
    BulletList,
    CodeBlock,
    Document,
    Heading,
    HtmlBlock,
    Inline,
    ListItem,
    OpaqueBlock,
    OrderedList,
    Paragraph,
    Quote,
    Rule,
    SoftBreak,
    Table,
    Text,
)
from pm_providers.text.normal import clean, normal_line, one_line

__all__ = ["MAX_BLOCK_DEPTH", "MAX_NUMBER", "OPAQUE_INFO", "normalise"]

MAX_BLOCK_DEPTH = 40
"""How deep blocks nest: a quote counts one, a list two (itself and its item)."""

MAX_NUMBER = 999_999_999
"""Largest number of a list item: Markdown knows nine digits."""

OPAQUE_INFO = re.compile(r"\{=([a-z][a-z0-9-]*)\}")
"""What stands after a fence around opaque markup."""


def normalise(document: Document) -> Document:
    """What of the tree a text can carry: reading back what was written gives exactly this."""
    return Document(_blocks(document.blocks, 0))


def _blocks(blocks: Sequence[Block], depth: int) -> tuple[Block, ...]:
    if depth >= MAX_BLOCK_DEPTH:
        return _flat(blocks)
    found = (_block(block, depth) for block in blocks)
    return tuple(block for block in found if block is not None)


def _block(block: Block, depth: int) -> Block | None:
    if isinstance(block, Paragraph):
        children = normal_line(block.children)
        return Paragraph(children) if children else None
    if isinstance(block, Heading):
        return Heading(min(max(block.level, 1), 6), normal_line(block.children, single=True))
    if isinstance(block, Quote):
        return Quote(_blocks(block.blocks, depth + 1))
    if isinstance(block, BulletList | OrderedList):
        return _list(block, depth) if block.items else None
    if isinstance(block, Table):
        return _table(block)
    return _verbatim(block)


def _verbatim(block: CodeBlock | HtmlBlock | OpaqueBlock | Rule) -> Block | None:
    if isinstance(block, CodeBlock):
        info = one_line(block.info).strip()
        if opaque := OPAQUE_INFO.fullmatch(info):
            return _verbatim(OpaqueBlock(opaque[1], block.text))
        return CodeBlock(clean(block.text), info)
    if isinstance(block, OpaqueBlock) and block.dialect != "html":
        return OpaqueBlock(block.dialect, clean(block.markup))
    if isinstance(block, Rule):
        return block
    html = clean(block.html if isinstance(block, HtmlBlock) else block.markup).strip(" \t\n")
    return HtmlBlock(html) if html else None


def _list(block: BulletList | OrderedList, depth: int) -> BulletList | OrderedList:
    items = tuple(ListItem(_blocks(item.blocks, depth + 2), item.checked) for item in block.items)
    running = any(isinstance(child, Paragraph) for item in items for child in item.blocks)
    tight = block.tight or not running  # only paragraphs show blank lines
    if isinstance(block, BulletList):
        return BulletList(items, tight)
    return OrderedList(items, min(max(block.start, 0), MAX_NUMBER), tight)


def _table(table: Table) -> Table | None:
    width = max([len(table.header), *map(len, table.rows)])
    if not width:
        return None
    alignments = (*table.alignments[:width], *[None] * (width - len(table.alignments)))
    return Table(_row(table.header, width), tuple(_row(row, width) for row in table.rows), alignments)


def _row(cells: tuple[tuple[Inline, ...], ...], width: int) -> tuple[tuple[Inline, ...], ...]:
    filled = (*cells, *[()] * (width - len(cells)))
    return tuple(normal_line(cell, single=True) for cell in filled)


def _flat(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """The text of blocks as paragraphs; without recursion, they may nest without end."""
    result: list[Block] = []
    rest = list(reversed(blocks))
    while rest:
        block = rest.pop()
        if isinstance(block, Quote):
            rest.extend(reversed(block.blocks))
        elif isinstance(block, BulletList | OrderedList):
            rest.extend(child for item in reversed(block.items) for child in reversed(item.blocks))
        else:
            result.extend(Paragraph(line) for line in map(normal_line, _lines(block)) if line)
    return tuple(result)


def _lines(block: Block) -> list[tuple[Inline, ...]]:
    if isinstance(block, Paragraph | Heading):
        return [block.children]
    if isinstance(block, Table):
        return [_cells(row) for row in (block.header, *block.rows)]
    if isinstance(block, CodeBlock):
        return [(Text(block.text),)]
    if isinstance(block, HtmlBlock):
        return [(Text(block.html),)]
    return [(Text(block.markup),)] if isinstance(block, OpaqueBlock) else []


def _cells(row: tuple[tuple[Inline, ...], ...]) -> tuple[Inline, ...]:
    return tuple(node for cell in row for node in (*cell, SoftBreak()))
