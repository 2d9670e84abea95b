"""Inlines read from the tokens of one line."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from markdown_it.token import Token

from pm_providers.text.document import (
    Code,
    Emphasis,
    HardBreak,
    HtmlInline,
    Image,
    Inline,
    Link,
    OpaqueInline,
    SoftBreak,
    Strike,
    Strong,
    Text,
)

__all__ = ["OPAQUE_MARK", "labels", "read_tokens"]

OPAQUE_MARK = re.compile(r"\{=([a-z][a-z0-9-]*)\}")
"""What stands after a code span that is opaque markup."""

_MARKS: dict[str, type[Emphasis | Strong | Strike]] = {
    "em_close": Emphasis,
    "strong_close": Strong,
    "s_close": Strike,
}
_LEAVES: dict[str, Callable[[Token], Inline]] = {
    "softbreak": lambda _: SoftBreak(),
    "hardbreak": lambda _: HardBreak(),
    "code_inline": lambda token: Code(token.content),
    "html_inline": lambda token: HtmlInline(token.content),
    "image": lambda token: Image(_attr(token, "src"), _alt(token.children or ()), _attr(token, "title")),
}


def read_tokens(tokens: Sequence[Token]) -> tuple[Inline, ...]:
    """The tree of the tokens, not yet in normal form; without recursion, they may nest without end."""
    stack: list[tuple[Token | None, list[Inline]]] = [(None, [])]
    previous = ""
    for token in tokens:
        nodes = stack[-1][1]
        if token.nesting > 0:
            stack.append((token, []))
        elif token.nesting < 0:
            opened, inner = stack.pop()
            stack[-1][1].append(_closed(token, opened, tuple(inner)))
        elif token.type in _LEAVES:
            nodes.append(_LEAVES[token.type](token))
        else:
            _add_text(nodes, token, after_code=previous == "code_inline")
        previous = token.type
    return tuple(stack[0][1])


def _add_text(nodes: list[Inline], token: Token, *, after_code: bool) -> None:
    """Text, or the mark that makes the code span before it opaque (an escaped brace is another token)."""
    text = token.content
    code = nodes[-1] if nodes and after_code else None
    if isinstance(code, Code) and token.type == "text" and (mark := OPAQUE_MARK.match(text)):
        nodes[-1] = OpaqueInline(mark[1], code.text)
        text = text[mark.end() :]
    nodes.append(Text(text))


def _closed(token: Token, opened: Token | None, children: tuple[Inline, ...]) -> Inline:
    if token.type in _MARKS:
        return _MARKS[token.type](children)
    if opened is None:
        raise AssertionError(f"{token.type} closes nothing")  # the parser balances its tokens
    return Link(_attr(opened, "href"), children, _attr(opened, "title"))


def _attr(token: Token, name: str) -> str:
    return str(token.attrs.get(name, ""))


def _alt(tokens: Sequence[Token]) -> str:
    """Characters of an image's text: marks are lost in it, tags stay as they are written."""
    parts: list[str] = []
    for token in tokens:
        if token.type == "image":
            parts.append(_alt(token.children or ()))
        else:
            parts.append(" " if token.type in {"softbreak", "hardbreak"} else token.content)
    return "".join(parts)


def labels(tokens: Sequence[Token]) -> frozenset[str]:
    """Labels of the definitions that links and images of these tokens use."""
    return frozenset(
        str(child.meta["label"])
        for token in tokens
        for child in token.children or ()
        if "label" in child.meta
    )
