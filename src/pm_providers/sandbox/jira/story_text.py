"""The few marks of the demo story's texts, as Atlassian documents."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["story_document"]

_MARKS = re.compile(r"\*\*(?P<strong>[^*]+)\*\*|\*(?P<em>[^*]+)\*|`(?P<code>[^`]+)`")
Node = dict[str, Any]


def story_document(text: str) -> Node | None:
    """Paragraphs, bullets, one table and three marks; None for an empty text."""
    if not text:
        return None
    return {"type": "doc", "version": 1, "content": [_block(part) for part in text.split("\n\n")]}


def _block(part: str) -> Node:
    lines = part.split("\n")
    if all(line.startswith("- ") for line in lines):
        items = [{"type": "listItem", "content": [_paragraph(line[2:])]} for line in lines]
        return {"type": "bulletList", "content": items}
    if lines[0].startswith("|"):
        return _table(lines)
    return _paragraph(part)


def _table(lines: list[str]) -> Node:
    rows = []
    for number, line in enumerate(lines):
        if set(line) <= set("|-: "):
            continue
        kind = "tableCell" if number else "tableHeader"
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        rows.append(
            {"type": "tableRow", "content": [{"type": kind, "content": [_paragraph(cell)]} for cell in cells]}
        )
    return {"type": "table", "content": rows}


def _paragraph(text: str) -> Node:
    content: list[Node] = []
    for number, line in enumerate(text.split("\n")):
        if number:
            content.append({"type": "hardBreak"})
        content += _inline(line)
    return {"type": "paragraph", "content": content}


def _inline(line: str) -> list[Node]:
    found: list[Node] = []
    end = 0
    for mark in _MARKS.finditer(line):
        if mark.start() > end:
            found.append({"type": "text", "text": line[end : mark.start()]})
        kind = str(mark.lastgroup)
        found.append({"type": "text", "text": mark.group(kind), "marks": [{"type": kind}]})
        end = mark.end()
    if end < len(line):
        found.append({"type": "text", "text": line[end:]})
    return found
