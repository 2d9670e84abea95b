"""The new inline nodes of a block, with what Markdown cannot say taken from the stored ones.

Both lines are cut into words; words that stayed keep their background and annotation, and the emoji, date,
status, card, mention or file they came from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pm_providers.providers.jira.mapping.adf_inline_reading import date_text, emoji_text
from pm_providers.providers.jira.mapping.adf_inline_writing import join_texts, marked_text
from pm_providers.providers.jira.mapping.adf_nodes import Node, attributes, canonical, media_source, node_type
from pm_providers.text.aligning import align

__all__ = ["merge_inlines"]

_WORDS = r"\w+|[^\S\n]+|."
_HIDDEN = {"backgroundColor", "annotation"}


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of a line: how it is compared, and what it is."""

    key: str
    node: Node  # the text node it is a part of, or the whole other node

    @property
    def is_text(self) -> bool:
        return node_type(self.node) == "text"


def _shown_text(name: str) -> Callable[[Node], str]:
    return lambda attrs: str(attrs.get(name) or "")


_SHOWN: dict[str, Callable[[Node], str]] = {
    "emoji": emoji_text,
    "date": date_text,
    "status": _shown_text("text"),
    "placeholder": _shown_text("text"),
    "inlineCard": _shown_text("url"),
}


def _shown(node: Node) -> str:
    """What a node that Markdown shows as text is there; empty for all others."""
    reader = _SHOWN.get(node_type(node))
    return reader(attributes(node)) if reader else ""


def merge_inlines(old: Sequence[Node], new: Sequence[Node]) -> list[Node]:
    """Inline nodes that say what the new ones say, and keep what the old ones say beyond that."""
    atoms = sorted({text for node in old if (text := _shown(node))}, key=len, reverse=True)
    words = re.compile("|".join([*map(re.escape, atoms), _WORDS]), re.DOTALL)
    before = [token for node in old for token in _old_tokens(node, words)]
    after = [token for node in new for token in _tokens(node, words)]
    result: list[Node] = []
    for equal, i, _, k, m in align([token.key for token in before], [token.key for token in after]):
        for offset, token in enumerate(after[k:m]):
            result.append(_merged(before[i + offset], token) if equal else _piece(token))
    return join_texts(result)


def _old_tokens(node: Node, words: re.Pattern[str]) -> list[_Token]:
    shown = _shown(node)
    return [_Token(shown, node)] if shown else _tokens(node, words)


def _tokens(node: Node, words: re.Pattern[str]) -> list[_Token]:
    if node_type(node) == "text":
        return [_Token(word, node) for word in words.findall(str(node.get("text") or ""))]
    return [_Token("\0" + _reference(node), node)]


def _reference(node: Node) -> str:
    """What makes a node the same one, though attributes that Markdown does not show differ."""
    attrs = attributes(node)
    if node_type(node) == "mention":
        return f"mention {attrs.get('id')}"
    if node_type(node) == "mediaInline":
        return f"media {media_source(attrs)}"
    return node_type(node) if node_type(node) == "hardBreak" else canonical(node)


def _piece(token: _Token) -> Node:
    return {**token.node, "text": token.key} if token.is_text else token.node


def _merged(old: _Token, new: _Token) -> Node:
    if not new.is_text:
        return old.node
    marks = {node_type(mark): mark for mark in new.node.get("marks", ())}
    if not old.is_text:
        return old.node if _may_be(old.node, marks) else _piece(new)
    hidden = {
        node_type(mark): mark
        for mark in old.node.get("marks") or ()
        if isinstance(mark, dict) and node_type(mark) in _HIDDEN
    }
    return marked_text(new.key, {**marks, **hidden})


def _may_be(node: Node, marks: dict[str, Node]) -> bool:
    """Whether text with these marks still shows the node."""
    kind = node_type(node)
    if kind == "status":
        return "code" in marks
    if kind == "inlineCard":
        return "link" in marks and attributes(marks["link"]).get("href") == attributes(node).get("url")
    return "link" not in marks and "code" not in marks
