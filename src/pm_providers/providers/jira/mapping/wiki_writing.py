r"""The tree written as wiki markup (Data Center).

What the markup does not know takes the nearest form: soft breaks are spaces, lists begin at 1, tables have no
alignment, a quote inside another loses its frame, further paragraphs of an item are lines of it, blocks that
no item can hold are `{noformat}`, markers of quotes (`> [!NOTE]`) are titles of panels.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pm_providers.providers.jira.mapping.adf_nodes import TASKS
from pm_providers.providers.jira.mapping.wiki_inline_reading import DIALECT
from pm_providers.providers.jira.mapping.wiki_inline_writing import write_wiki_line
from pm_providers.providers.jira.mapping.wiki_reading import PANEL
from pm_providers.text import (
    Block,
    BulletList,
    Code,
    CodeBlock,
    Document,
    HardBreak,
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
    Strong,
    Table,
    Text,
)
from pm_providers.text.markdown import render_markdown

__all__ = ["write_wiki", "write_wiki_block"]

_PANEL = re.compile(r"\[!([A-Za-z]+)\](?: (.*))?")
_PARAMETERS = re.compile(r"[^{}\n]*")
_TAGS = ("{code}", "{noformat}")


def write_wiki(document: Document) -> str:
    """Wiki markup of the document; its tree has to be in normal form."""
    return _blocks(document.blocks, framed=False)


def write_wiki_block(block: Block) -> str:
    """Wiki markup of one block, without line ends around it."""
    return _block(block, framed=False)


def _blocks(blocks: Sequence[Block], *, framed: bool) -> str:
    return "\n\n".join(filter(None, (_block(block, framed=framed) for block in blocks)))


def _block(block: Block, *, framed: bool) -> str:
    match block:
        case Paragraph(inlines):
            return write_wiki_line(inlines)
        case Heading(level, inlines):
            return f"h{level}. {write_wiki_line(inlines, single=True)}"
        case CodeBlock(text, info):
            return _code(text, info)
        case Quote(blocks):
            return _blocks(blocks, framed=True) if framed else _quote(blocks)
        case BulletList() | OrderedList():
            return "\n".join(_list(block, "", framed=framed))
        case Table():
            return _table(block)
        case Rule():
            return "----"
        case HtmlBlock(html):
            return _code(html, "")
        case OpaqueBlock(dialect, markup):
            return markup.strip("\n") if dialect == DIALECT else _code(markup, "")


def _code(text: str, info: str) -> str:
    """Code between tags; where it holds the tags themselves, lines of fixed width."""
    if not any(tag in text for tag in _TAGS):
        if not info:
            return f"{{noformat}}\n{text}\n{{noformat}}"
        head, _, parameters = info.partition("|")
        language = head.split()[0] if head.strip() else ""
        asked = "|".join(part for part in (language, parameters.strip()) if part)
        if _PARAMETERS.fullmatch(asked):
            return f"{{code:{asked}}}\n{text}\n{{code}}"
    for tag in _TAGS:
        if tag not in text:
            return f"{tag}\n{text}\n{tag}"
    lines: list[Inline] = []
    for line in filter(None, text.split("\n")):
        lines.extend((HardBreak(), Code(line)))
    return write_wiki_line(lines[1:])


# --- quotes and panels


def _quote(blocks: Sequence[Block]) -> str:
    if panel := _panel(blocks):
        return panel
    only = blocks[0] if len(blocks) == 1 else None
    if isinstance(only, Paragraph):
        line = write_wiki_line(only.children, single=True)
        if line.strip():
            return f"bq. {line}"
    inner = _blocks(blocks, framed=True)
    return f"{{quote}}\n{inner}\n{{quote}}"


def _panel(blocks: Sequence[Block]) -> str:
    """A quote with a marker as a panel: ours gives the parameters, others the title."""
    first = blocks[0] if blocks else None
    lead = first.children[0] if isinstance(first, Paragraph) else None
    found = _PANEL.fullmatch(lead.text) if isinstance(lead, Text) else None
    if not found or not isinstance(first, Paragraph):
        return ""
    rest = first.children[1:]
    if rest and not isinstance(rest[0], SoftBreak | HardBreak):
        return ""
    if found[1].upper() == PANEL[2:-1]:
        parameters = found[2] or ""
    elif not found[2]:
        parameters = f"title={found[1].capitalize()}"
    else:
        return ""
    if not _PARAMETERS.fullmatch(parameters):
        return ""
    inner = ([Paragraph(rest[1:])] if rest[1:] else []) + list(blocks[1:])
    head = f"{{panel:{parameters}}}" if parameters else "{panel}"
    return f"{head}\n{_blocks(inner, framed=True)}\n{{panel}}"


# --- lists


def _list(block: BulletList | OrderedList, markers: str, *, framed: bool) -> list[str]:
    marker = markers + ("#" if isinstance(block, OrderedList) else "*")
    return [line for item in block.items for line in _item(item, marker, framed=framed)]


def _item(item: ListItem, marker: str, *, framed: bool) -> list[str]:
    blocks = list(item.blocks)
    if item.checked is not None:
        sign = Text(next(box for box, checked in TASKS.items() if checked == item.checked))
        first = blocks[0] if blocks else None
        if isinstance(first, Paragraph):
            blocks[0] = Paragraph((sign, *first.children))
        else:
            blocks.insert(0, Paragraph((sign,)))
    lines: list[str] = []
    for block in blocks:
        if isinstance(block, BulletList | OrderedList):
            lines.extend(
                _list(block, marker, framed=framed)
                if lines
                else [f"{marker} ", *_list(block, marker, framed=framed)]
            )
            continue
        text = _in_item(block, framed=framed)
        if text:
            lines.append(text if lines else f"{marker} {text}")
    return lines or [f"{marker} "]


def _in_item(block: Block, *, framed: bool) -> str:
    """A block as lines that go on with an item: none of them blank outside of tags."""
    match block:
        case Heading(_, inlines):
            return write_wiki_line((Strong(inlines),), single=True) if inlines else ""
        case Rule():
            return "---"
        case Table():
            return _code(render_markdown(Document((block,))).rstrip("\n"), "")
        case Quote(blocks) if framed:
            return "\n".join(filter(None, (_in_item(one, framed=True) for one in blocks)))
        case Quote(blocks):
            panel = _panel(blocks)
            return panel or f"{{quote}}\n{_blocks(blocks, framed=True)}\n{{quote}}"
        case OpaqueBlock(dialect, markup) if dialect == DIALECT:
            return " ".join(markup.split("\n"))
        case BulletList() | OrderedList():
            return " ".join(_list(block, "", framed=framed))
        case _:
            return _block(block, framed=framed)


# --- tables


def _table(table: Table) -> str:
    rows = [_row(row, "|") for row in table.rows]
    if any(table.header) or not rows:
        rows.insert(0, _row(table.header, "||"))
    return "\n".join(rows)


def _row(cells: Sequence[tuple[Inline, ...]], bar: str) -> str:
    written = [write_wiki_line(cell, cell=True).strip(" ") for cell in cells]
    return bar + bar.join(text or " " for text in written) + bar
