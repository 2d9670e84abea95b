"""Writes the inlines of a document as Textile.

What a character means to RedCloth3 depends on its neighbours, so that the least markup which says a line is
found by trying: a line is written with no more escapes than it always needs, read back, and where that is not
the line, written again with more of them. Escapes are entities, which RedCloth passes on. An empty
`<notextile>` shows nothing and lets a span start or end in the middle of a word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from pm_providers.providers.redmine.mapping.textile_inlines import DIALECT
from pm_providers.providers.redmine.mapping.textile_marks import is_image_source, is_plain_target
from pm_providers.text.document import (
    Code,
    Colour,
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
    Subscript,
    Superscript,
    Text,
    Underline,
)

__all__ = ["GUARD", "LEVELS", "hidden_tags", "write_line"]

GUARD = "<notextile></notextile>"
_MOST, _ALL = 2, 3
LEVELS = _ALL + 1
"""Ways to write a line, from the fewest escapes (0) to all of them."""

_SIGNS: dict[type[Inline], str] = {
    Strong: "*",
    Emphasis: "_",
    Strike: "-",
    Underline: "+",
    Superscript: "^",
    Subscript: "~",
}
_SIGN_CHARACTERS = "*_-+^~%?"
_ESCAPED = _SIGN_CHARACTERS + '@!"[{=(<&'
_RAW_TAG = re.compile(r"<(?=\u200b*/?(?:pre|code|kbd|notextile)\b)", re.IGNORECASE)
_ALWAYS = re.compile(
    r"<(?=/?(?:pre|code|kbd|notextile)\b|!--)|(?<=x)%(?=x%)|(?<= ):(?=redsh#)",
    re.IGNORECASE,
)
_KEPT = re.compile(
    r"!?\{\{\w{1,80}(?:\([^\n]{0,2000}?\))?\}\}"
    r"|\[\[[^\]|\n]{1,300}(?:\|[^\]|\n]{1,300})?\]\]"
    r"|(?:https?|s?ftps?)://\S+"
)
_LINE_START = re.compile(r" *(?:[#*=]+(?:\s|\Z)|[{|>])")
_BESIDE_CODE = re.compile(r"[A-Za-z0-9_@]")
_PUNCTUATION = re.compile(r"[.,:!?)]+(?:\s|\Z)")
_PLAIN_CODE = re.compile(r"(?!\|\w+\|)[^@!<{&\n\u200b]+")
_PLAIN_SOURCE = re.compile(r"[^\s(!\"<>={\[|][^\s(!\"<>|]{0,3000}")
_PLAIN_ALT = re.compile(r"(?:[^()!\"&|<>]|\([^()!\"&|<>]+\)){1,500}")
_PLAIN_TITLE = re.compile(r"[^()\"&|<>]{1,290}")


@dataclass(frozen=True, slots=True)
class _Piece:
    """Part of a line.

    Attributes:
        kind: `text`, `break`, `code`, `open`, `close`, `link`, `unlink`, `image`, `solid`.
        text: The characters of a text or code; the Textile of anything else.
        linked: Inside of a link.
    """

    kind: str
    text: str
    linked: bool = False


def hidden_tags(text: str) -> str:
    """Code that may name the tags which end code: they get a zero-width space, which reading takes away."""
    return _RAW_TAG.sub("<\u200b", text)


def write_line(inlines: tuple[Inline, ...], level: int, *, cell: bool = False, goes_on: bool = False) -> str:
    """Textile of inlines.

    Args:
        inlines: In normal form.
        level: How much is escaped, 0 to `LEVELS` - 1.
        cell: The line stands in a cell of a table, where `|` ends it.
        goes_on: The line follows others of its list item, where list signs would start an item.
    """
    pieces = list(_pieces(inlines, cell=cell, linked=False))
    last = pieces[-1].kind if pieces else ""
    if last == "break" or (level and last == "solid" and len(pieces) == 1):
        pieces.append(_Piece("solid", GUARD))  # breaks at the end go; a comment alone would be a block
    return _Writer(pieces, level, cell=cell).write(goes_on=goes_on)


def _pieces(inlines: tuple[Inline, ...], *, cell: bool, linked: bool) -> Iterator[_Piece]:
    rest = list(inlines)
    at = 0
    while at < len(rest):
        keys = _keys(rest[at : at + 3])
        if keys is not None:
            yield _Piece("solid", keys)
            at += 3
            continue
        yield from _node(rest[at], cell=cell, linked=linked)
        at += 1


def _keys(nodes: list[Inline]) -> str | None:
    """`<kbd>` with its text: the one pair of tags that Redmine's Textile lets through."""
    if nodes[:1] != [HtmlInline("<kbd>")] or nodes[2:] != [HtmlInline("</kbd>")]:
        return None
    text = nodes[1]
    return f"<kbd>{text.text}</kbd>" if isinstance(text, Text) and not _RAW_TAG.search(text.text) else None


def _node(node: Inline, *, cell: bool, linked: bool) -> Iterator[_Piece]:
    if isinstance(node, Text):
        yield _Piece("text", node.text, linked)
    elif isinstance(node, SoftBreak | HardBreak):
        yield (
            _Piece("text", " ", linked)
            if linked
            else _Piece("break", "\n" if isinstance(node, HardBreak) else " \n")
        )
    elif isinstance(node, Code):
        yield _Piece("code", node.text)
    elif isinstance(node, Link):
        yield from _link(node, cell=cell)
    elif isinstance(node, Image):
        yield _Piece("image", _image(node))
    elif isinstance(node, HtmlInline | OpaqueInline):
        yield _Piece("solid", _verbatim(node, cell=cell))
    else:
        start, end = _signs(node)
        yield _Piece("open", start)
        yield from _pieces(node.children, cell=cell, linked=linked)
        yield _Piece("close", end)


def _signs(node: Inline) -> tuple[str, str]:
    if isinstance(node, Colour):
        return f"%{{color:{node.color}}}", "%"
    sign = _SIGNS[type(node)]
    return sign, sign


def _link(node: Link, *, cell: bool) -> Iterator[_Piece]:
    only = node.children[0] if len(node.children) == 1 else None
    plain = is_plain_target(node.target)
    if isinstance(only, Image) and plain and not node.title + only.title and _is_plain_image(only):
        yield _Piece("image", f"{_image(only)}:{node.target}")
        return
    yield _Piece("link", '"' if plain else "[")
    yield from _pieces(node.children, cell=cell, linked=True) if node.children else [_Piece("solid", GUARD)]
    if plain:
        title = node.title if not node.title or _PLAIN_TITLE.fullmatch(node.title) else _entities(node.title)
        yield _Piece("unlink", (f"({title})" if title else "") + f'":{node.target}')
    else:
        title = f' "{_entities(node.title)}"' if node.title else ""
        yield _Piece("unlink", f"]({_entities(node.target)}{title})")


def _image(node: Image) -> str:
    if _is_plain_image(node):
        title = f"<!--title {_entities(node.title, keep=' ')}-->" if node.title else ""
        return (f"!{node.source}({node.alt})!" if node.alt else f"!{node.source}!") + title
    title = f' "{_entities(node.title)}"' if node.title else ""
    return f"![{_entities(node.alt)}]({_entities(node.source)}{title})"


def _is_plain_image(node: Image) -> bool:
    if not _PLAIN_SOURCE.fullmatch(node.source) or not is_image_source(node.source):
        return False
    return not node.alt or (_PLAIN_ALT.fullmatch(node.alt) is not None and node.alt == node.alt.strip())


def _verbatim(node: HtmlInline | OpaqueInline, *, cell: bool) -> str:
    if isinstance(node, OpaqueInline):
        lone = "==" in node.markup or (cell and re.search(r"[|\n]", node.markup))  # not what it is elsewhere
        if node.dialect == DIALECT and not lone:
            return node.markup
        return f'<code class="={node.dialect}">{hidden_tags(node.markup)}</code>'
    if (
        node.html.startswith("<!--")
        and "-->" not in node.html[4:-3]
        and not node.html.startswith(("<!--html ", "<!--title "))
    ):
        return node.html
    return f"<!--html {_entities(node.html, keep=' /=')}-->"


def _entities(text: str, keep: str = "/:.,;#?") -> str:
    """Text in which nothing is markup: other characters than letters, digits and `keep` are entities."""
    return "".join(
        character if _is_harmless(text, at, keep) else f"&#{ord(character)};"
        for at, character in enumerate(text)
    )


def _is_harmless(text: str, at: int, keep: str) -> bool:
    character = text[at]
    if character in " \n\t" or "!" <= character <= "~":
        return character.isalnum() or character in keep or (character in "-_=" and _is_inside(text, at))
    return True


def _is_inside(text: str, at: int) -> bool:
    return text[at - 1 : at].isalnum() and text[at + 1 : at + 2].isalnum()


class _Writer:
    """Puts the pieces of one line together."""

    def __init__(self, pieces: list[_Piece], level: int, *, cell: bool) -> None:
        self.pieces = pieces
        self.level = level
        self.cell = cell
        self.out: list[str] = []
        self.last = ""  # last character written
        self.counts = Counter("".join(piece.text for piece in pieces))

    def write(self, *, goes_on: bool) -> str:
        for at, piece in enumerate(self.pieces):
            before = self.pieces[at - 1] if at else (_Piece("break", "") if goes_on else None)
            after = self.pieces[at + 1] if at + 1 < len(self.pieces) else None
            self._piece(piece, before, after)
        return "".join(self.out)

    def _put(self, text: str) -> None:
        if text:
            self.out.append(text)
            self.last = text[-1]

    def _piece(self, piece: _Piece, before: _Piece | None, after: _Piece | None) -> None:
        if piece.kind == "text":
            self._put(self._escaped(piece, before, after))
        elif piece.kind == "code":
            self._put(self._code(piece.text, after))
        elif piece.kind == "break":
            self._put((GUARD if before is None or before.kind == "break" else "") + piece.text)
        elif piece.kind in ("open", "link", "image"):
            self._guard_before(piece, before)
            self._put(piece.text)
            if piece.kind == "image":
                self._guard_after(after, linked=True)
        else:
            self._put(piece.text)
            if piece.kind in ("close", "unlink"):
                self._guard_after(after, linked=piece.kind == "unlink")

    def _guard_before(self, piece: _Piece, before: _Piece | None) -> None:
        if self.level == 0 or (before is None and self.level < _ALL):
            return
        if piece.kind == "link":
            if piece.text == "[" and (self.last.isalnum() or self.last == "_"):
                self._put(GUARD)
            return
        nested = before is not None and before.kind == "open" and self.level < _MOST
        if not nested and (self.level == _ALL or self.last not in (" ", "\n", "(", ">")):
            self._put(GUARD)

    def _guard_after(self, after: _Piece | None, *, linked: bool = False) -> None:
        if self.level == 0 or after is None or after.kind == "break":
            return
        if self.level < _MOST:
            if after.kind == "close" and not linked:
                return
            if after.kind == "text" and (after.text[0] == " " or _PUNCTUATION.match(after.text)):
                return
        self._put(GUARD)

    def _code(self, text: str, after: _Piece | None) -> str:
        follows = after.text[:1] if after is not None else ""
        beside = _BESIDE_CODE.match(self.last) or _BESIDE_CODE.match(follows)
        plain = _PLAIN_CODE.fullmatch(text) and not beside and "==" not in text and text.strip()
        if plain and self.level < _MOST and not (self.cell and "|" in text):
            return f"@{text}@"
        return f"<code>{hidden_tags(text)}</code>"

    def _escaped(self, piece: _Piece, before: _Piece | None, after: _Piece | None) -> str:
        text = piece.text
        out: list[str] = []
        if before is not None and before.kind == "break" and _LINE_START.match(text):
            lead = len(text) - len(text.lstrip(" "))
            kept = text.startswith("{{", lead) and _KEPT.match(text, lead)
            out = [GUARD] if kept else [f"&#{ord(text[lead])};"]
            text = text if kept else text[lead + 1 :]
        elif self._is_lone(text, before, after):
            return f"&#{ord(text)};"
        elif before is not None and before.kind in ("open", "link") and text[:1] in ("(", "[", "{"):
            out, text = [f"&#{ord(text[0])};"], text[1:]
        follows = after.text[:1] if after is not None else ""
        at = 0
        for kept in _KEPT.finditer(text) if self.level < _ALL else ():
            out += [self._marked(text[at : kept.start()], piece, out, kept[0][0]), kept[0]]
            at = kept.end()
        out.append(self._marked(text[at:], piece, out, follows))
        return "".join(out)

    def _is_lone(self, text: str, before: _Piece | None, after: _Piece | None) -> bool:
        """Whether this would be all of a span: RedCloth makes none of a single character but of letters."""
        inside = before is not None and before.kind == "open" and after is not None and after.kind == "close"
        return inside and self.level > 0 and len(text) == 1 and not text.isalnum() and not text.isspace()

    def _marked(self, text: str, piece: _Piece, out: list[str], follows: str) -> str:
        previous = out[-1][-1] if out and out[-1] else self.last
        pieces: list[str] = []
        for at, character in enumerate(text):
            following = text[at + 1] if at + 1 < len(text) else follows
            always = (
                _ALWAYS.match(text, at) or self._ends_cell(character) or (piece.linked and character in '"[]')
            )
            always = always or (piece.linked and character == "(" and self.counts[")"] > 0)
            always = always or (character == "<" and at + 1 == len(text) and following not in ("", " "))
            if always or self._means(character, previous, following):
                pieces.append(f"&#{ord(character)};" if character not in _NAMED else _NAMED[character])
            else:
                pieces.append(character)
            previous = character
        return "".join(pieces)

    def _ends_cell(self, character: str) -> bool:
        return self.cell and character == "|"

    def _means(self, character: str, previous: str, following: str) -> bool:
        """Whether a character is to be escaped here."""
        if self.level == _ALL:
            return "!" <= character <= "~" and not character.isalnum()
        if self.level == 0 or character not in _ESCAPED:
            return False
        if self.level == _MOST:
            return not (previous.isalnum() and following.isalnum()) or character in '@"[{<&'
        return self._may_mean(character, previous, following)

    def _may_mean(self, character: str, previous: str, following: str) -> bool:
        starts = previous in ("", " ", "\n", "(", ">", '"') or previous in _SIGN_CHARACTERS
        if character in _SIGN_CHARACTERS:
            return starts and following not in ("", " ") and self.counts[character] > 1
        if character == "@":
            return self.counts["@"] > 1 and not _BESIDE_CODE.match(previous)
        if character == '"':
            return following == ":"
        if character == "!":
            return starts and following not in ("", " ") and self.counts["!"] > 1
        if character == "=":
            return following == "="
        return character == "[" and self.counts["]"] > 0 and self.counts["("] > 0


_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def attribute(text: str) -> str:
    """Value for an attribute of a tag."""
    return escape(text, quote=True)
