r"""Lines of wiki markup read into inlines.

A line is cut into tokens first (escapes, code, links, pictures, addresses, macro tags, marks), marks are
paired afterwards. A mark opens where no letter stands before it and no space behind, and closes the other way
round; `{*}` does both anywhere. Line ends are hard breaks, as the vendor shows them. Macro tags that nothing
here knows are carried verbatim.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pm_providers.text import (
    Code,
    Colour,
    Emphasis,
    HardBreak,
    HtmlInline,
    Image,
    Inline,
    Link,
    OpaqueInline,
    Strike,
    Strong,
    Subscript,
    Superscript,
    Text,
    Underline,
)

__all__ = ["ADDRESS", "DIALECT", "ENTITY", "PICTURE", "can_close", "can_open", "is_link", "read_wiki_line"]

DIALECT = "jira"
"""Dialect of opaque markup: wiki text, verbatim."""

ADDRESS = re.compile(r"(?:https?|ftp|file)://[^\s|\[\]{}<>\"\\]*[^\s|\[\]{}<>\"\\*_+~^.,;:!?()'-]")
"""A bare address: nothing in it is markup."""

ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
"""A character reference."""

PICTURE = re.compile(r"!([^\s!|\[\]{}][^!|\n]*?[./:][^!|\n]*?)((?:\|[^!\n]*)?)!(?!\w)")
"""A picture: a file name or address, and properties after a bar."""

_TAG = re.compile(r"\{[a-zA-Z][a-zA-Z-]*(?::[^{}\n]*)?\}")
_COLOR = re.compile(r"\{color:\s*([^{}\n]+?)\s*\}")
_FORCED = re.compile(r"\{([*_+^~-]|\?\?)\}")
_CODE = re.compile(r"\{\{((?:\\.|(?!\}\}).){1,4000})\}\}")
_LINK = re.compile(r"\[((?:\\.|[^\]\[\\\n])+)\]")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_BREAK = re.compile(r"\\\\(?![\w\\])")
_SCHEME = re.compile(r"(?:[a-zA-Z][a-zA-Z0-9+.-]*:\S|[~^#]\S|//)")
_MAX_DEPTH = 16

_Maker = Callable[[tuple[Inline, ...]], tuple[Inline, ...]]
_MARKS: dict[str, _Maker] = {
    "*": lambda inner: (Strong(inner),),
    "_": lambda inner: (Emphasis(inner),),
    "-": lambda inner: (Strike(inner),),
    "+": lambda inner: (Underline(inner),),
    "^": lambda inner: (Superscript(inner),),
    "~": lambda inner: (Subscript(inner),),
    "??": lambda inner: (HtmlInline("<cite>"), *inner, HtmlInline("</cite>")),
}


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of a line: finished (`node`), or a mark that may open or close (`mark`)."""

    node: Inline | None
    mark: str = ""
    opens: bool = False
    closes: bool = False
    source: str = ""


def is_link(body: str) -> bool:
    """Whether square brackets around the text make it a link."""
    return "|" in body or bool(_SCHEME.match(body))


def can_open(text: str, index: int, size: int = 1) -> bool:
    """Whether a mark at the index may open: no letter or digit before it, no space behind it."""
    before = text[index - 1 : index]
    after = text[index + size : index + size + 1]
    alone = before != text[index] and after != text[index]
    return alone and not before.isalnum() and bool(after) and not after.isspace()


def can_close(text: str, index: int, size: int = 1) -> bool:
    """Whether a mark at the index may close: no space before it, no letter or digit behind it."""
    before = text[index - 1 : index]
    after = text[index + size : index + size + 1]
    alone = before != text[index] and after != text[index]
    return alone and bool(before) and not before.isspace() and not after.isalnum()


def read_wiki_line(text: str, *, depth: int = 0) -> tuple[Inline, ...]:
    """Inlines of a text without blocks; not yet in normal form."""
    return _pair(_tokens(text, depth), 0)


# --- tokens


def _tokens(text: str, depth: int) -> list[_Token]:
    tokens: list[_Token] = []
    plain: list[str] = []
    position = 0
    while position < len(text):
        found = _token(text, position, depth)
        if found is None:
            plain.append(text[position])
            position += 1
            continue
        token, position = found
        if isinstance(token.node, Text):
            plain.append(token.node.text)
            continue
        if plain:
            tokens.append(_Token(Text("".join(plain))))
            plain = []
        tokens.append(token)
    return [*tokens, _Token(Text("".join(plain)))] if plain else tokens


def _token(text: str, position: int, depth: int) -> tuple[_Token, int] | None:
    """The token that begins at the position, and where it ends; `None` for an ordinary character."""
    if text[position] == "[":
        return _bracket(text, position, depth)
    reader = _READERS.get(text[position])
    return reader(text, position) if reader else None


def _backslash(text: str, position: int) -> tuple[_Token, int] | None:
    if _BREAK.match(text, position):
        return _Token(HardBreak()), position + 2
    escape = _ESCAPE.match(text, position)
    return (_Token(Text(escape[1])), escape.end()) if escape and escape[1] != "\\" else None


def _newline(_: str, position: int) -> tuple[_Token, int]:
    return _Token(HardBreak()), position + 1


def _entity(text: str, position: int) -> tuple[_Token, int] | None:
    found = ENTITY.match(text, position)
    return (_Token(Text(html.unescape(found[0]))), found.end()) if found else None


def _brace(text: str, position: int) -> tuple[_Token, int] | None:
    if text.find("}}", position) > 0 and (found := _CODE.match(text, position)):
        return _Token(Code(_plain(found[1]))), found.end()
    if found := _FORCED.match(text, position):
        return _Token(None, found[1], opens=True, closes=True, source=found[0]), found.end()
    if found := _TAG.match(text, position):
        source = found[0]
        if source == "{color}":
            return _Token(None, "color", closes=True, source=source), found.end()
        if _COLOR.fullmatch(source):
            return _Token(None, "color", opens=True, source=source), found.end()
        return _Token(OpaqueInline(DIALECT, source)), found.end()
    return None


def _plain(text: str) -> str:
    """Characters of code: escapes and references stand for what they name."""
    return ENTITY.sub(lambda found: html.unescape(found[0]), _ESCAPE.sub(r"\1", text))


def _bracket(text: str, position: int, depth: int) -> tuple[_Token, int] | None:
    found = _LINK.match(text, position)
    if not found or not is_link(found[1]) or depth >= _MAX_DEPTH:
        return None
    return _Token(_link(found[1], depth)), found.end()


def _link(body: str, depth: int) -> Inline:
    parts = [part.strip() for part in re.split(r"(?<!\\)\|", body)]
    if len(parts) == 1:
        return _short_link(_ESCAPE.sub(r"\1", parts[0]))
    target = _ESCAPE.sub(r"\1", parts[1])
    title = _plain("|".join(parts[2:]))
    return Link(_target(target), read_wiki_line(parts[0], depth=depth + 1), title)


def _short_link(target: str) -> Inline:
    if target.startswith("~"):
        return Link(_target(target), (Text("@" + target[1:].removeprefix("accountid:")),))
    if target.startswith("^"):
        return Link(target, (Text(target[1:]),))
    return Link(target, (Text(target),))


def _target(target: str) -> str:
    """Address of a link: users are `user:NAME` or `accountid:ID`."""
    if not target.startswith("~"):
        return target
    return target[1:] if target.startswith("~accountid:") else f"user:{target[1:]}"


def _picture(text: str, position: int) -> tuple[_Token, int] | None:
    found = PICTURE.match(text, position)
    if not found or text[position - 1 : position].isalnum():
        return None
    alt = title = ""
    others: list[str] = []
    for part in filter(None, (one.strip() for one in re.split(r"[|,]", found[2]))):
        name, _, value = part.partition("=")
        value = value.strip().strip('"')
        if name.strip() == "alt":
            alt = _plain(value)
        elif name.strip() == "title":
            title = _plain(value)
        else:
            others.append(part)
    title = f"{title}|{','.join(others)}" if others else title
    return _Token(Image(_plain(found[1].strip()), alt, title)), found.end()


def _address(text: str, position: int) -> tuple[_Token, int] | None:
    found = ADDRESS.match(text, position)
    if not found or text[position - 1 : position].isalnum():
        return None
    return _Token(Text(found[0])), found.end()


def _mark(text: str, position: int) -> tuple[_Token, int] | None:
    size = 2 if text[position] == "?" else 1
    mark = text[position : position + size]
    if mark not in _MARKS:
        return None
    opens, closes = can_open(text, position, size), can_close(text, position, size)
    if not opens and not closes:
        return None
    return _Token(None, mark, opens=opens, closes=closes, source=mark), position + size


_READERS: dict[str, Callable[[str, int], tuple[_Token, int] | None]] = {
    "\\": _backslash,
    "\n": _newline,
    "&": _entity,
    "{": _brace,
    "!": _picture,
    **dict.fromkeys("hf", _address),
    **dict.fromkeys("*_-+^~?", _mark),
}


# --- marks


def _pair(tokens: Sequence[_Token], depth: int) -> tuple[Inline, ...]:
    """Marks with a partner become nodes, others stay as they are written."""
    result: list[Inline] = []
    closers = _Closers(tokens)
    position = 0
    while position < len(tokens):
        token = tokens[position]
        end = closers.after(position) if token.opens and depth < _MAX_DEPTH else None
        if end is not None:
            result.extend(_made(token, _pair(tokens[position + 1 : end], depth + 1)))
            position = end + 1
            continue
        result.append(token.node or _literal(token))
        position += 1
    return tuple(result)


def _literal(token: _Token) -> Inline:
    """A mark without a partner: text, but braces stay what they are."""
    return OpaqueInline(DIALECT, token.source) if token.source.startswith("{") else Text(token.source)


def _made(token: _Token, inner: tuple[Inline, ...]) -> tuple[Inline, ...]:
    if token.mark != "color":
        return _MARKS[token.mark](inner)
    color = _COLOR.fullmatch(token.source)
    return (Colour(color[1] if color else "", inner),)


class _Closers:
    """Where marks close, by kind: each list is walked once."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._places: dict[str, list[int]] = {}
        self._breaks = [index for index, token in enumerate(tokens) if isinstance(token.node, HardBreak)]
        self._next: dict[str, int] = {}
        self._tokens = tokens
        for index, token in enumerate(tokens):
            if token.closes:
                self._places.setdefault(token.mark, []).append(index)

    def after(self, position: int) -> int | None:
        """Place of the mark that closes the one at the position: on its line, and with something between."""
        mark = self._tokens[position].mark
        places = self._places.get(mark, [])
        at = self._next.get(mark, 0)
        while at < len(places) and places[at] <= position + 1:
            at += 1
        self._next[mark] = at
        if at == len(places):
            return None
        return places[at] if mark == "color" or not self._breaks_between(position, places[at]) else None

    def _breaks_between(self, start: int, end: int) -> bool:
        at = self._next.get("\n", 0)
        while at < len(self._breaks) and self._breaks[at] < start:
            at += 1
        self._next["\n"] = at
        return at < len(self._breaks) and self._breaks[at] < end
