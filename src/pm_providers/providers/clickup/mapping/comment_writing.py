"""Markdown as a comment of the API.

What the document describes is written as there ([doc] comment-formatting): bold, italic, code, blocks of
code, items of lists and checklists, people. Headings, quotes, struck and underlined text, links and depths of
items are written in the form in which comments of the app are read ([obs]). What comments have no form for
stays readable: tables are blocks of code, pictures are links, rules and HTML their source; sub- and
superscripts and colours keep their text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pm_providers.providers.clickup.mapping.comment_parts import DIALECT, MENTION, Part, inline_of, lines_of
from pm_providers.providers.clickup.mapping.comment_reading import normal, sources_of
from pm_providers.text import (
    Block,
    BulletList,
    Code,
    CodeBlock,
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
    Table,
    Text,
    Underline,
    parse_markdown,
    render_markdown,
)
from pm_providers.toolkit.documents import is_number

__all__ = ["is_plain", "parts_of", "plain"]

_MARKS: Mapping[type, str] = {Strong: "bold", Emphasis: "italic", Strike: "strike", Underline: "underline"}
_BREAK: Part = {"text": "\n", "attributes": {}}
_Attributes = Mapping[str, Any]
_NONE: _Attributes = {}


def parts_of(markdown: str, stored: Sequence[Part] = ()) -> list[Part]:
    """Pieces of a comment.

    Args:
        markdown: what it should say.
        stored: the comment that it replaces: blocks that stayed are sent as they were, as are people,
            pictures and files, so that what Markdown cannot say of them outlives an edit.
    """
    writer = _Writer(_kept_inlines(stored))
    old: dict[tuple[Block, ...], list[list[Part]]] = {}
    for block, own in sources_of(stored):
        old.setdefault(normal(block), []).append(own)
    pieces: list[list[Part]] = []
    blocks = parse_markdown(markdown).blocks
    for place, block in enumerate(blocks):
        kept = old.get((block,))
        own = list(kept.pop(0)) if kept else writer.block(block, _NONE)
        if place + 1 < len(blocks):
            own = _closed(own, gap=_runs_on(block, blocks[place + 1]))
        pieces.append(own)
    return _trimmed([part for own in pieces for part in own])


def is_plain(parts: Sequence[Part]) -> bool:
    """Whether pieces are text without any form, which needs no rich comment."""
    return all(set(part) <= {"text", "attributes"} and not part.get("attributes") for part in parts)


def plain(parts: Sequence[Part]) -> str:
    """Text of pieces."""
    return "".join(part["text"] for part in parts)


def _kept_inlines(stored: Sequence[Part]) -> dict[Inline, Part]:
    return {inline_of(part): part for part in stored if part.get("type") not in (None, "", "text")}


_ALIKE = ((Paragraph, Rule, HtmlBlock), (CodeBlock, Table), (Quote,), (BulletList, OrderedList))


def _runs_on(block: Block, following: Block) -> bool:
    """Whether two blocks need a blank line between them to be told apart."""
    return any(isinstance(block, kinds) and isinstance(following, kinds) for kinds in _ALIKE)


def _closed(parts: list[Part], *, gap: bool) -> list[Part]:
    """Pieces that end with a line end, and a blank line where one is needed."""
    ended = bool(parts) and _ends_line(parts[-1])
    result = list(parts) if ended else [*parts, _BREAK]
    return [*result, _BREAK] if gap and not (ended and lines_of(parts)[-1].is_blank) else result


def _ends_line(part: Part) -> bool:
    return part.get("type") in (None, "", "text") and str(part.get("text", "")).endswith("\n")


def _trimmed(parts: list[Part]) -> list[Part]:
    """Without bare line ends after the last line."""
    while parts and is_plain(parts[-1:]) and not parts[-1]["text"].strip():
        parts.pop()
    return parts


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes blocks as lines, each with its line end.

    Attributes:
        kept: pieces of the stored comment that are no text, by what they say.
    """

    kept: Mapping[Inline, Part] = field(default_factory=dict)

    # blocks

    def block(self, block: Block, ending: _Attributes) -> list[Part]:
        """Lines of a block, whose line ends carry `ending` as well."""
        if isinstance(block, Paragraph):
            return self._paragraph(block.children, ending)
        if isinstance(block, Heading):
            return self._line(block.children, {**ending, "header": block.level})
        if isinstance(block, CodeBlock):
            return _code(block.text, block.language, ending)
        if isinstance(block, Quote):
            return self._quote(block.blocks, ending)
        if isinstance(block, BulletList | OrderedList):
            return self._list(block, ending, 0)
        return _source(block, ending)

    def _paragraph(self, children: Sequence[Inline], ending: _Attributes) -> list[Part]:
        return [*self._inlines(children, _NONE, _ending(ending)), _ending(ending)]

    def _line(self, children: Sequence[Inline], ending: _Attributes) -> list[Part]:
        """One line: breaks within it are spaces, as each line end ends the item or heading."""
        return [*self._inlines(children, _NONE, {"text": " ", "attributes": {}}), _ending(ending)]

    def _quote(self, blocks: Sequence[Block], ending: _Attributes) -> list[Part]:
        inside = {**ending, "blockquote": True}
        found: list[Part] = []
        for place, block in enumerate(blocks):
            if place and _runs_on(blocks[place - 1], block):
                found.append(_ending(inside))
            found += self.block(block, inside)
        return found

    def _list(self, block: BulletList | OrderedList, ending: _Attributes, depth: int) -> list[Part]:
        found: list[Part] = []
        for item in block.items:
            found += self._item(item, ending, depth, ordered=isinstance(block, OrderedList))
        return found

    def _item(self, item: ListItem, ending: _Attributes, depth: int, *, ordered: bool) -> list[Part]:
        kind = "ordered" if ordered else "bullet"
        if item.checked is not None:
            kind = "checked" if item.checked else "unchecked"
        own = {**ending, "list": {"list": kind}, **_deep(depth)}
        blocks = item.blocks
        first = blocks[0].children if blocks and isinstance(blocks[0], Paragraph) else ()
        found = self._line(first, own)
        for block in blocks[1:] if first else blocks:
            if isinstance(block, BulletList | OrderedList):
                found += self._list(block, ending, depth + 1)
            else:
                found += self.block(block, {**ending, **_deep(depth + 1)})
        return found

    # inlines

    def _inlines(self, nodes: Sequence[Inline], marks: _Attributes, gap: Part) -> list[Part]:
        return [part for node in nodes for part in self._inline(node, marks, gap)]

    def _inline(self, node: Inline, marks: _Attributes, gap: Part) -> list[Part]:
        kept = self.kept.get(node)
        if kept is not None:
            return [kept]
        if isinstance(node, Text | Code):
            return _text(node.text, {**marks, "code": True} if isinstance(node, Code) else marks)
        if isinstance(node, SoftBreak):
            return _text(" ", marks)
        if isinstance(node, HardBreak):
            return [gap]
        if isinstance(node, Link):
            return self._link(node, marks, gap)
        if isinstance(node, Image):
            return _text(node.alt or node.source, {**marks, "link": node.source} if node.source else marks)
        if isinstance(node, HtmlInline):
            return _text(node.html, marks)
        if isinstance(node, OpaqueInline):
            return [_piece(node.dialect, node.markup) or _text(node.markup, {**marks, "code": True})[0]]
        name = _MARKS.get(type(node))
        return self._inlines(node.children, {**marks, name: True} if name else marks, gap)

    def _link(self, node: Link, marks: _Attributes, gap: Part) -> list[Part]:
        user = node.target.removeprefix(MENTION)
        if user != node.target and is_number(user):
            return [{"type": "tag", "user": {"id": int(user)}}]
        linked = {**marks, "link": node.target} if node.target else marks
        return self._inlines(node.children or (Text(node.target),), linked, gap)


def _text(text: str, marks: _Attributes) -> list[Part]:
    """A piece of text; a line end within it would end the line."""
    return [{"text": text.replace("\n", " "), "attributes": dict(marks)}] if text else []


def _ending(attributes: _Attributes) -> Part:
    return {"text": "\n", "attributes": dict(attributes)}


def _deep(depth: int) -> dict[str, int]:
    return {"indent": depth} if depth else {}


def _code(text: str, language: str, ending: _Attributes) -> list[Part]:
    own = _ending({**ending, "code-block": {"code-block": language or "plain"}})
    return [part for line in text.split("\n") for part in (*_text(line, _NONE), own)]


def _source(block: Block, ending: _Attributes) -> list[Part]:
    """A block that comments have no form for: as its source, tables in a font of fixed width."""
    if isinstance(block, OpaqueBlock):
        piece = _piece(block.dialect, block.markup)
        return [piece, _ending(ending)] if piece else _code(block.markup, "", ending)
    if isinstance(block, Table):
        return _code(render_markdown(Document((block,))), "", ending)
    source = "---" if isinstance(block, Rule) else block.html if isinstance(block, HtmlBlock) else ""
    return [part for line in source.split("\n") for part in (*_text(line, _NONE), _ending(ending))]


def _piece(dialect: str, markup: str) -> Part | None:
    """A piece that travelled as its JSON; `None` where it is none."""
    if dialect != DIALECT:
        return None
    try:
        found = json.loads(markup)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("type"), str) else None
