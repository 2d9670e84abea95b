"""Tables of Atlassian documents: their grid, and what one line of Markdown says of a cell."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from typing import Any

from pm_providers.providers.jira.mapping.adf_nodes import Node, attributes, children, node_type
from pm_providers.text import (
    Alignment,
    Block,
    BulletList,
    Code,
    CodeBlock,
    HardBreak,
    Heading,
    HtmlBlock,
    Inline,
    ListItem,
    OpaqueBlock,
    OpaqueInline,
    OrderedList,
    Paragraph,
    Quote,
    Strong,
    Table,
    Text,
)

__all__ = ["Grid", "aligned_cell", "alignments", "cell_line", "has_spans", "read_grid", "read_table"]

_MAX_COLUMNS = 500
_SUMMARY = re.compile(r"<summary>(.*?)</summary>")
_ALIGNED: dict[str, Alignment] = {"center": "center", "end": "right"}

Grid = list[list[tuple[Node, bool]]]
"""Rows of places: the cell that covers each, and whether it begins there."""

_EMPTY: Node = {"type": "tableCell", "content": []}
_Reader = Callable[[Sequence[Node]], list[Block]]


def _span(cell: Node, name: str) -> int:
    value: Any = attributes(cell).get(name, 1)
    return max(1, min(int(value), _MAX_COLUMNS)) if isinstance(value, int | float) else 1


def has_spans(table: Node) -> bool:
    """Whether a cell covers more than one place."""
    return any(
        _span(cell, name) > 1
        for row in children(table)
        for cell in children(row)
        for name in ("colspan", "rowspan")
    )


def read_grid(table: Node) -> Grid:
    """Places of the table, row by row; rows may differ in length."""
    grid: Grid = []
    hanging: dict[int, tuple[int, Node]] = {}
    for row in children(table):
        places: list[tuple[Node, bool]] = []
        following: dict[int, tuple[int, Node]] = {}
        for cell in children(row):
            _fill(places, hanging, following)
            for offset in range(_span(cell, "colspan")):
                if (rows := _span(cell, "rowspan")) > 1:
                    following[len(places)] = (rows - 1, cell)
                places.append((cell, offset == 0))
        _fill(places, hanging, following)
        hanging = following
        grid.append(places)
    return grid


def _fill(
    places: list[tuple[Node, bool]],
    hanging: dict[int, tuple[int, Node]],
    following: dict[int, tuple[int, Node]],
) -> None:
    """Places that cells of the rows above cover."""
    while (column := len(places)) in hanging and len(places) < _MAX_COLUMNS:
        rows, cell = hanging[column]
        if rows > 1:
            following[column] = (rows - 1, cell)
        places.append((cell, False))


def read_table(table: Node, read: _Reader) -> Table:
    """The table; a first row of nothing but header cells is the header, otherwise that is empty.

    Places that a cell of more than one covers beside its first are empty.
    """
    grid = read_grid(table)
    lines = [
        tuple(cell_line(read(children(cell))) if first else () for cell, first in places) for places in grid
    ]
    width = max((len(line) for line in lines), default=0)
    columns = _alignments(grid)
    if grid and grid[0] and all(node_type(cell) == "tableHeader" for cell, _ in grid[0]):
        return Table(lines[0], tuple(lines[1:]), columns)
    return Table(((),) * width, tuple(lines), columns)


def alignments(table: Node) -> tuple[Alignment | None, ...]:
    """How the columns of the table are aligned."""
    return _alignments(read_grid(table))


def _alignments(grid: Grid) -> tuple[Alignment | None, ...]:
    width = max((len(places) for places in grid), default=0)
    return tuple(_alignment(grid, column) for column in range(width))


def aligned_cell(cell: Node, alignment: Alignment | None) -> Node:
    """The cell with its paragraphs aligned so."""
    found = next((align for align, shown in _ALIGNED.items() if shown == alignment), None)
    mark = [{"type": "alignment", "attrs": {"align": found}}] if found else []
    blocks = []
    for block in children(cell):
        if node_type(block) != "paragraph":
            blocks.append(block)
            continue
        rest = {key: value for key, value in block.items() if key != "marks"}
        blocks.append({**rest, **({"marks": mark} if mark else {})})
    return {**cell, "content": blocks}


def _alignment(grid: Grid, column: int) -> Alignment | None:
    """Alignment that all paragraphs of the column share."""
    cells = [places[column][0] if column < len(places) else _EMPTY for places in grid]
    found = {_aligned(block) for cell in cells for block in children(cell)}
    return _ALIGNED.get(found.pop() or "") if len(found) == 1 else None


def _aligned(block: Node) -> str | None:
    marks = block.get("marks")
    for mark in marks if isinstance(marks, list) else ():
        if isinstance(mark, dict) and node_type(mark) == "alignment":
            return str(attributes(mark).get("align"))
    return None


# --- one line for a cell


def cell_line(blocks: Sequence[Block]) -> tuple[Inline, ...]:
    """Blocks as one line of inlines: hard breaks between them, lists with `-` and numbers."""
    line: list[Inline] = []
    for part in _lines(blocks):
        if line:
            line.append(HardBreak())
        line.extend(part)
    return tuple(line)


def _lines(blocks: Sequence[Block]) -> list[tuple[Inline, ...]]:
    return [line for block in blocks for line in _block_lines(block)]


def _block_lines(block: Block) -> list[tuple[Inline, ...]]:
    if isinstance(block, Paragraph):
        return [block.children] if block.children else []
    if isinstance(block, Heading):
        return [(Strong(block.children),)]
    if isinstance(block, CodeBlock):
        return [(Code(line),) for line in block.text.split("\n") if line]
    if isinstance(block, Quote):
        return _lines(block.blocks)
    if isinstance(block, BulletList | OrderedList):
        first = block.start if isinstance(block, OrderedList) else None
        return [line for index, item in enumerate(block.items) for line in _item_lines(item, first, index)]
    if isinstance(block, OpaqueBlock):
        return [(OpaqueInline(block.dialect, block.markup),)]
    if isinstance(block, HtmlBlock):
        return _html_lines(block.html)
    if isinstance(block, Table):
        return [cell for row in (block.header, *block.rows) for cell in row if cell]
    return [(Text("---"),)]


def _html_lines(source: str) -> list[tuple[Inline, ...]]:
    """Title of an expand; the pieces around blocks say nothing in a cell."""
    title = _SUMMARY.search(source)
    return [(Strong((Text(html.unescape(title[1])),)),)] if title else []


def _item_lines(item: ListItem, first: int | None, index: int) -> list[tuple[Inline, ...]]:
    bullet = "- " if first is None else f"{first + index}. "
    if item.checked is not None:
        bullet += "[x] " if item.checked else "[ ] "
    lines = _lines(item.blocks) or [()]
    return [(Text(bullet), *lines[0]), *lines[1:]]
