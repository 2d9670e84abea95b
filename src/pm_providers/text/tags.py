"""Pairs of HTML tags that nodes stand for."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable

from pm_providers.text.document import (
    Colour,
    Emphasis,
    HtmlInline,
    Inline,
    OpaqueInline,
    Strike,
    Strong,
    Subscript,
    Superscript,
    Text,
    Underline,
)

__all__ = ["COLOUR", "MAX_INLINE_DEPTH", "pair"]

MAX_INLINE_DEPTH = 16
"""How deep marks and links nest; deeper ones keep their content only."""

COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]+|[a-zA-Z]+\([0-9a-zA-Z ,.%/+-]*\)")
"""What is a colour of CSS, as far as tags are concerned."""

_Maker = Callable[[tuple[Inline, ...]], Inline]
_TAGS: dict[str, type[Emphasis | Strong | Strike | Underline | Subscript | Superscript]] = {
    "b": Strong,
    "strong": Strong,
    "i": Emphasis,
    "em": Emphasis,
    "s": Strike,
    "strike": Strike,
    "del": Strike,
    "u": Underline,
    "ins": Underline,
    "sub": Subscript,
    "sup": Superscript,
}
_PLAIN_TAG = re.compile(rf"<(/?)({'|'.join(_TAGS)}|span)\s*>", re.IGNORECASE)
_SPAN = re.compile(r"<span\s", re.IGNORECASE)
_COLOUR_SPAN = re.compile(
    r"""<span\s+style\s*=\s*(["'])\s*color\s*:\s*([^"';<>]+?)\s*;?\s*\1\s*>""", re.IGNORECASE
)
_OPAQUE_SPAN = re.compile(r'<span data-dialect="([a-z][a-z0-9-]*)" data-markup="([^"]*)">')


class _Pairs:
    """Finds pairs among the siblings in one pass. Tags without a partner stay where they are."""

    def __init__(self, depth: int, *, literal: bool) -> None:
        self.depth = depth
        self.literal = literal
        self.out: list[Inline | None] = []
        self.open: list[tuple[str, int, _Maker | None]] = []
        self.names: Counter[str] = Counter()
        self.made = 0  # open tags that will become marks

    def add(self, node: Inline) -> None:
        if isinstance(node, HtmlInline):
            plain = _PLAIN_TAG.fullmatch(node.html)
            if plain and plain[1]:
                self._close(plain[2].lower(), node)
                return
            self._open(node.html, plain[2].lower() if plain else "")
        self.out.append(node)

    def _open(self, tag: str, name: str) -> None:
        maker: _Maker | None = None
        if name in _TAGS:
            maker = _TAGS[name]
        elif colour := _COLOUR_SPAN.fullmatch(tag):
            color = colour[2]
            if COLOUR.fullmatch(color):
                maker = lambda children: Colour(color, children)  # noqa: E731
        if not name and not _SPAN.match(tag):
            return
        self.open.append((name or "span", len(self.out), maker))
        self.names[name or "span"] += 1
        self.made += maker is not None

    def _close(self, name: str, node: HtmlInline) -> None:
        if not self.names[name]:
            self.out.append(Text(node.html) if self.literal else node)
            return
        while True:
            opened, start, maker = self.open.pop()
            self.names[opened] -= 1
            self.made -= maker is not None
            if opened == name:
                break
            self._leave(start)
        self._join(start, maker, node)

    def _leave(self, start: int) -> None:
        node = self.out[start]
        if self.literal and isinstance(node, HtmlInline):
            self.out[start] = Text(node.html)

    def finish(self) -> list[Inline]:
        for _, start, _ in self.open:
            self._leave(start)
        return [node for node in self.out if node is not None]

    def _join(self, start: int, maker: _Maker | None, node: HtmlInline) -> None:
        first = self.out[start]
        opaque = _OPAQUE_SPAN.fullmatch(first.html) if isinstance(first, HtmlInline) else None
        if opaque and start == len(self.out) - 1:
            self.out[start:] = [OpaqueInline(opaque[1], html.unescape(opaque[2]))]
        elif maker is None:
            self.out.append(node)
        elif self.depth + self.made >= MAX_INLINE_DEPTH:
            self.out[start] = None
        else:
            inner = tuple(child for child in self.out[start + 1 :] if child is not None)
            self.out[start:] = [maker(inner)]


def pair(nodes: list[Inline], depth: int, *, literal: bool) -> list[Inline]:
    """Siblings at this depth with a node for each pair of tags; tags without a partner stay as they are.

    Args:
        nodes: the siblings.
        depth: marks around them; pairs beyond `MAX_INLINE_DEPTH` keep their content only.
        literal: tags without a partner become text.
    """
    if not any(isinstance(node, HtmlInline) for node in nodes):
        return nodes
    pairs = _Pairs(depth, literal=literal)
    for node in nodes:
        pairs.add(node)
    return pairs.finish()
