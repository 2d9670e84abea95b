r"""The normal form of a tree: what of it a text can carry.

Markdown is read into normal trees and written from them, so that two trees with one normal form are one text.

- Whitespace at the ends of a block and around breaks is dropped; at the ends of a mark it moves outside.
- Neighbours that say the same are merged; a mark inside its own kind, an empty mark, and everything beyond
  `MAX_INLINE_DEPTH` lose the mark and keep the content. Links do not nest.
- Pairs of HTML tags that a node stands for become that node (`<u>`, `<b>`, `<span style="color: red">`,
  `<br>`); one without its partner is text, other tags stay verbatim. A string that is no tag is text.
- Line ends are `\n`; NUL and lone surrogates, which no text can hold, are U+FFFD.
- Blocks nested beyond `MAX_BLOCK_DEPTH` are paragraphs of their text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from markdown_it.common.html_re import HTML_TAG_RE

from pm_providers.text.document import (
    Code,
    Colour,
    Emphasis,
    HardBreak,
    HtmlInline,
    Image,
    Inline,
    Link,
    Mark,
    OpaqueInline,
    SoftBreak,
    Strike,
    Strong,
    Text,
    Underline,
)
from pm_providers.text.tags import COLOUR, MAX_INLINE_DEPTH, pair

__all__ = ["clean", "normal_line", "one_line"]

_PASSES = 4 * MAX_INLINE_DEPTH  # each takes away at least one level where it changes anything
_UNCLEAN = re.compile(r"[\r\0\ud800-\udfff]")
_UNHOLDABLE = re.compile(r"[\0\ud800-\udfff]")
_LINE_ENDS = re.compile(r"\r\n?")
# Whitespace that no character reference can say either, and what an editor leaves at the ends of a line.
_EDGE = " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85"


@dataclass(frozen=True)
class _Passes:
    """What all passes over one line have in common."""

    single: bool
    """Soft breaks become spaces."""
    literal: bool = False
    """Tags without a partner become text."""


_BREAK_TAG = re.compile(r"<br\s*/?>", re.IGNORECASE)
_ONCE = (Emphasis, Strong, Strike, Underline)


def clean(text: str) -> str:
    r"""The text with `\n` for every line end and U+FFFD for what no text can hold."""
    if not _UNCLEAN.search(text):
        return text
    return _UNHOLDABLE.sub("\ufffd", _LINE_ENDS.sub("\n", text))


def one_line(text: str) -> str:
    """The cleaned text with spaces for line ends."""
    return clean(text).replace("\n", " ")


def normal_line(
    children: Sequence[Inline], *, single: bool = False, literal: bool = True
) -> tuple[Inline, ...]:
    """Normal form of the inlines of one block.

    Args:
        children: the inlines.
        single: the block holds one line only (headings, cells): soft breaks become spaces.
        literal: tags without a partner become text. The writer leaves them to see what it has to escape.
    """
    settled = _settle(tuple(children), _Passes(single=single))
    # Only now it is plain which tags have no partner: dropping a mark may bring two together.
    if literal and _has_tags(settled):
        return _settle(settled, _Passes(single=single, literal=True))
    return settled


def _settle(children: tuple[Inline, ...], passes: _Passes) -> tuple[Inline, ...]:
    for _ in range(_PASSES):
        following = tuple(_trim(_sequence(children, 0, frozenset(), passes)))
        if following == children:
            break
        children = following
    return children


def _has_tags(nodes: tuple[Inline, ...]) -> bool:
    return any(
        isinstance(node, HtmlInline) or (isinstance(node, Mark | Link) and _has_tags(node.children))
        for node in nodes
    )


def _sequence(nodes: Sequence[Inline], depth: int, active: frozenset[type], passes: _Passes) -> list[Inline]:
    """One pass over siblings; `active` holds the kinds that are open around them."""
    flat = _expand(nodes, depth, active, single=passes.single)
    merged = _merge(pair(flat, depth, literal=passes.literal))
    result: list[Inline] = []
    for node in merged:
        if isinstance(node, Link):
            inner = _sequence(node.children, depth + 1, active | {Link}, passes)
            result.append(replace(node, children=tuple(inner)))
        elif isinstance(node, Mark):
            result.extend(_mark(node, depth, active, passes))
        else:
            result.append(node)
    return _breaks(_merge(result))


def _mark(node: Mark, depth: int, active: frozenset[type], passes: _Passes) -> list[Inline]:
    inner = _sequence(node.children, depth + 1, active | {type(node)}, passes)
    lead, middle, trail = _hoist(inner)
    if not middle:
        return lead + trail
    if isinstance(node, Strong) and len(middle) == 1 and isinstance(middle[0], Emphasis):
        # Markdown cannot tell the two orders apart: `***a***` is read this way round.
        return [*lead, Emphasis((Strong(middle[0].children),)), *trail]
    return [*lead, replace(node, children=tuple(middle)), *trail]


# --- one node at a time


def _expand(nodes: Sequence[Inline], depth: int, active: frozenset[type], *, single: bool) -> list[Inline]:
    """Single nodes in normal form; marks that say nothing here are replaced by their content."""
    result: list[Inline] = []
    rest = list(reversed(nodes))
    while rest:
        node = rest.pop()
        if isinstance(node, Mark | Link):
            if _says_nothing(node, depth, active):
                rest.extend(reversed(node.children))
            else:
                result.append(_container(node))
        else:
            result.extend(_leaf(node, single=single))
    return result


def _says_nothing(node: Mark | Link, depth: int, active: frozenset[type]) -> bool:
    if depth >= MAX_INLINE_DEPTH:
        return True
    if isinstance(node, Colour):
        return not COLOUR.fullmatch(node.color.strip())
    return isinstance(node, (*_ONCE, Link)) and type(node) in active


def _container(node: Mark | Link) -> Mark | Link:
    if isinstance(node, Link):
        return Link(one_line(node.target), node.children, one_line(node.title))
    if isinstance(node, Colour):
        return Colour(node.color.strip(), node.children)
    return node


def _leaf(node: Inline, *, single: bool) -> list[Inline]:
    if isinstance(node, Text):
        return _text(node.text, single=single)
    if isinstance(node, SoftBreak):
        return [Text(" ")] if single else [node]
    if isinstance(node, Code):
        return [Code(one_line(node.text))] if node.text else []
    if isinstance(node, Image):
        return [Image(one_line(node.source), one_line(node.alt), one_line(node.title))]
    if isinstance(node, OpaqueInline):
        return _opaque(node, single=single)
    if isinstance(node, HtmlInline):
        return _tag(node.html, single=single)
    return [node]


def _text(text: str, *, single: bool) -> list[Inline]:
    lines = clean(text).split("\n")
    if single:
        lines = [" ".join(lines)]
    result: list[Inline] = []
    for index, line in enumerate(lines):
        if index:
            result.append(SoftBreak())
        if line:
            result.append(Text(line))
    return result


def _opaque(node: OpaqueInline, *, single: bool) -> list[Inline]:
    if not node.markup:
        return []
    if node.dialect == "html":
        return _tag(node.markup, single=single)
    return [OpaqueInline(node.dialect, clean(node.markup))]


def _tag(source: str, *, single: bool) -> list[Inline]:
    tag = re.sub(r"\s*\n\s*", " ", clean(source))
    if _BREAK_TAG.fullmatch(tag):
        return [HardBreak()]
    if not HTML_TAG_RE.fullmatch(tag):
        return _text(source, single=single)
    return [HtmlInline(tag)]


# --- neighbours


def _merge(nodes: list[Inline]) -> list[Inline]:
    """Neighbours of one kind as one node."""
    groups: list[list[Inline]] = []
    for node in nodes:
        if groups and _same(groups[-1][0], node):
            groups[-1].append(node)
        else:
            groups.append([node])
    return [group[0] if len(group) == 1 else _joined(group) for group in groups]


def _same(left: Inline, right: Inline) -> bool:
    if type(left) is not type(right):
        return False
    if isinstance(left, Colour) and isinstance(right, Colour):
        return left.color == right.color
    return isinstance(left, Text | Code | Mark)


def _joined(group: list[Inline]) -> Inline:
    first = group[0]
    if isinstance(first, Text | Code):
        return type(first)("".join(node.text for node in group if isinstance(node, Text | Code)))
    if isinstance(first, Mark):
        return replace(
            first,
            children=tuple(child for node in group if isinstance(node, Mark) for child in node.children),
        )
    return first


def _hoist(nodes: list[Inline]) -> tuple[list[Inline], list[Inline], list[Inline]]:
    """Whitespace at both ends, apart from what is between."""
    start, end = 0, len(nodes)
    while start < end and _blank(nodes[start]):
        start += 1
    while end > start and _blank(nodes[end - 1]):
        end -= 1
    lead, middle, trail = nodes[:start], nodes[start:end], nodes[end:]
    if middle and isinstance(middle[0], Text):
        text = middle[0].text
        rest = text.lstrip()
        lead = [*lead, *_some(text[: len(text) - len(rest)])]
        middle = [Text(rest), *middle[1:]]
    if middle and isinstance(middle[-1], Text):
        text = middle[-1].text
        rest = text.rstrip()
        trail = [*_some(text[len(rest) :]), *trail]
        middle = [*middle[:-1], Text(rest)]
    return lead, middle, trail


def _blank(node: Inline) -> bool:
    return isinstance(node, SoftBreak | HardBreak) or (isinstance(node, Text) and not node.text.strip())


def _some(text: str) -> list[Inline]:
    return [Text(text)] if text else []


def _breaks(nodes: list[Inline]) -> list[Inline]:
    """No spaces around breaks, no soft break beside another break."""
    result: list[Inline] = []
    for node in nodes:
        last = result[-1] if result else None
        if isinstance(node, Text) and isinstance(last, SoftBreak | HardBreak):
            result.extend(_some(node.text.lstrip(" \t")))
        elif isinstance(node, SoftBreak | HardBreak):
            _append_break(result, node)
        else:
            result.append(node)
    return result


def _append_break(result: list[Inline], node: SoftBreak | HardBreak) -> None:
    if result and isinstance(result[-1], Text):
        result[-1:] = _some(result[-1].text.rstrip(" \t"))
    last = result[-1] if result else None
    if isinstance(last, SoftBreak):
        result[-1] = node
    elif not (isinstance(last, HardBreak) and isinstance(node, SoftBreak)):
        result.append(node)


def _trim(nodes: list[Inline]) -> list[Inline]:
    """The line without soft breaks and spaces at its ends."""
    while nodes and (isinstance(nodes[0], SoftBreak) or _strip(nodes, 0, str.lstrip)):
        del nodes[0]
    while nodes and (isinstance(nodes[-1], SoftBreak) or _strip(nodes, -1, str.rstrip)):
        del nodes[-1]
    return nodes


def _strip(nodes: list[Inline], index: int, strip: Callable[[str, str], str]) -> bool:
    """Strip the text at the index; whether nothing is left of it."""
    node = nodes[index]
    if not isinstance(node, Text):
        return False
    nodes[index] = Text(strip(node.text, _EDGE))
    return nodes[index] == Text("")
