"""Comments of the API as trees of rich text: lines are put together to paragraphs, lists, code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from itertools import groupby
from typing import Any, TypeAlias

from pm_providers.providers.clickup.mapping.comment_parts import Line, Part, lines_of
from pm_providers.text import (
    Block,
    BulletList,
    CodeBlock,
    Document,
    HardBreak,
    Heading,
    Inline,
    ListItem,
    OrderedList,
    Paragraph,
    Quote,
    SoftBreak,
    Text,
    normalise,
    parse_markdown,
    plain_text,
    render_markdown,
)

__all__ = ["Source", "markdown_of", "normal", "same_text", "sources_of"]

Source: TypeAlias = tuple[Block, list[Part]]
"""A block, and the pieces that say it."""

_ORDERED = "ordered"
_CHECKS = {"checked": True, "unchecked": False}


def markdown_of(parts: Iterable[Part]) -> str:
    """Markdown of a comment; line ends that people see stay, blank lines part paragraphs."""
    blocks = tuple(block for block, _ in sources_of(parts))
    return render_markdown(Document(blocks))


def sources_of(parts: Iterable[Part]) -> list[Source]:
    """Blocks of a comment with the pieces that they were read from; blank lines go with the block before."""
    found: list[Source] = []
    for name, run in groupby(lines_of(parts), _run):
        lines = list(run)
        if name == "blank":
            if found:
                found[-1][1].extend(part for line in lines for part in line.parts)
            continue
        found += [
            (block, [part for line in own for part in line.parts]) for block, own in _READERS[name](lines)
        ]
    return found


def _run(line: Line) -> str:
    if line.is_quote:
        return "quote"
    if line.language is not None:
        return "code"
    if line.list_kind is not None:
        return "list"
    if line.level is not None:
        return "heading"
    return "blank" if line.is_blank else "text"


_Read: TypeAlias = list[tuple[Block, Sequence[Line]]]


def _paragraph(lines: Sequence[Line]) -> _Read:
    children: list[Inline] = []
    for line in lines:
        children += [*([HardBreak()] if children else []), *line.inlines]
    return [(Paragraph(tuple(children)), lines)]


def _headings(lines: Sequence[Line]) -> _Read:
    return [(Heading(line.level or 1, tuple(line.inlines)), [line]) for line in lines]


def _code(lines: Sequence[Line]) -> _Read:
    found: _Read = []
    for language, run in groupby(lines, lambda line: line.language):
        own = list(run)
        text = "\n".join(plain_text(tuple(line.inlines)) for line in own)
        found.append((CodeBlock(text, language or ""), own))
    return found


def _quote(lines: Sequence[Line]) -> _Read:
    """The quoted lines without their quote, read anew; blank ones part paragraphs there, too."""
    inner: list[Block] = []
    for name, run in groupby([line.unquoted() for line in lines], _run):
        if name != "blank":
            inner += [block for block, _ in _READERS[name](list(run))]
    return [(Quote(tuple(inner)), lines)]


def _lists(lines: Sequence[Line]) -> _Read:
    """Lists of items one below the other; another kind begins another list, a deeper item a list within."""
    found: _Read = []
    base = lines[0].indent
    for ordered, run in groupby(_with_inner(lines, base), lambda item: item[0].list_kind == _ORDERED):
        items = list(run)
        made = tuple(_item(first, inner) for first, inner in items)
        own = [line for first, inner in items for line in (first, *inner)]
        found.append((OrderedList(made) if ordered else BulletList(made), own))
    return found


def _with_inner(lines: Sequence[Line], base: int) -> list[tuple[Line, list[Line]]]:
    """Items of the outermost depth, each with the deeper ones that follow it."""
    found: list[tuple[Line, list[Line]]] = []
    for line in lines:
        if found and line.indent > base:
            found[-1][1].append(line)
        else:
            found.append((line, []))
    return found


def _item(line: Line, inner: Sequence[Line]) -> ListItem:
    below = [block for block, _ in _lists(inner)] if inner else []
    return ListItem((Paragraph(tuple(line.inlines)), *below), _CHECKS.get(line.list_kind or ""))


_READERS: dict[str, Callable[[Sequence[Line]], _Read]] = {
    "text": _paragraph,
    "heading": _headings,
    "code": _code,
    "quote": _quote,
    "list": _lists,
}


def normal(block: Block) -> tuple[Block, ...]:
    """A block as Markdown would give it back: to be compared with one that was read from there."""
    return normalise(Document((block,))).blocks


def same_text(asked: str, got: str) -> bool:
    """Whether two Markdown texts say the same: line ends that are shown as spaces are spaces in comments."""
    return _spaced(parse_markdown(asked)) == _spaced(parse_markdown(got))


def _spaced(document: Document) -> Document:
    return normalise(_with_spaces(document))


def _with_spaces(node: Any) -> Any:
    if isinstance(node, SoftBreak):
        return Text(" ")
    if isinstance(node, tuple):
        return tuple(_with_spaces(one) for one in node)
    if not is_dataclass(node) or isinstance(node, type):
        return node
    inner = {one.name: getattr(node, one.name) for one in fields(node)}
    changed = {name: _with_spaces(value) for name, value in inner.items() if isinstance(value, tuple)}
    return replace(node, **changed) if changed else node
