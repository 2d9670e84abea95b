r"""Inlines written as Markdown with no more escapes than needed.

Whether `*`, `_` or `[` mean something depends on everything around them, so the writer tries: the text is
written with the fewest escapes, read back, and written more carefully until the same tree comes back: `Care`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from enum import IntEnum

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
    Subscript,
    Superscript,
    Text,
    Underline,
)
from pm_providers.text.reading_inline import OPAQUE_MARK

__all__ = ["Care", "code_span", "is_plain", "write_line", "write_safely"]


class Care(IntEnum):
    """How carefully text is written."""

    NONE = 0
    """As it is."""
    STARTS = 1
    """What would start another block is escaped."""
    SPECIALS = 2
    """Characters that may mean something where they stand are escaped, too."""
    ALL = 3
    """All punctuation is escaped, and marks are HTML."""


_DELIMITERS: dict[type, tuple[str, str]] = {
    Emphasis: ("*", "em"),
    Strong: ("**", "strong"),
    Strike: ("~~", "del"),
}
_TAGS: dict[type, str] = {Underline: "u", Subscript: "sub", Superscript: "sup"}

# Nothing in a line without these can be read as anything but text.
_SPECIAL = re.compile(r"[\\`*_~\[<&|\x00-\x09\x0b-\x1f\x7f-\xa0]|^[#>+\-=:\d]", re.MULTILINE)
_ENTITY = re.compile(r"&(?=#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[a-zA-Z][a-zA-Z0-9]{1,31};)")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_AUTOLINK = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{1,31}:[^<>\x00-\x20]*")
_EMAIL = re.compile(r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9-]{1,63}(?:\.[a-zA-Z0-9-]{1,63})*")
_MAX_PARENTHESES = 30

# One pattern per character that may need an escape, with what must stand around it.
_SPECIALS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\\(?=[!-/:-@\[-`{-~]|\Z)"), r"\\\\"),
    (re.compile(r"(`)"), r"\\\1"),
    (re.compile(r"(\*)(?!(?<=\s\*)\s)"), r"\\\1"),
    (re.compile(r"(_)(?!(?<=[^\W_]_)[^\W_]|(?<=\s_)\s)"), r"\\\1"),
    (re.compile(r"(~)(?=~|\Z)|(?<=~)(~)|\A(~)"), r"\\~"),
    (re.compile(r"(<)(?=[a-zA-Z/!?]|\Z)"), r"\\\1"),
    (re.compile(r"(!)(?=\[|\Z)"), r"\\\1"),
    (_ENTITY, r"\\&"),
)
_BRACKET = re.compile(r"(\])(?=\(|\Z)")
_BRACKET_IN_LINK = re.compile(r"([\[\]])")

_DEFINITION = re.compile(r"()\[[^\]]*\]:")
# What would start a block at the start of a line: the pattern, and where the backslash goes.
_STARTS: tuple[re.Pattern[str], ...] = (
    re.compile(r"()#{1,6}(?:[ \t]|$)"),
    re.compile(r"()[-+*](?:[ \t]|$)"),
    re.compile(r"()>"),
    re.compile(r"(\d{1,9})[.)](?:[ \t]|$)"),
    re.compile(r"()(?:=+|-+)[ \t]*$"),
    re.compile(r"()([-_*])[ \t]*(?:\2[ \t]*){2,}$"),
    re.compile(r"()(?:`{3,}[^`]*|~{3,}.*)$"),
    _DEFINITION,
    re.compile(r"()[|:\- \t]+$"),
)


def write_safely(
    children: tuple[Inline, ...],
    read: Callable[[str], tuple[Inline, ...] | None],
    *,
    single: bool = False,
) -> str:
    """Write the inlines of one block (in normal form) with the least care that reads back the same.

    Args:
        children: the inlines.
        read: what reads the text back where it will stand; `None` when it is no longer one block.
        single: the block holds one line, hard breaks are `<br>`.
    """
    text = write_line(children, Care.NONE, single=single)
    if _harmless(children, text) or read(text) == children:
        return text
    for care in (Care.STARTS, Care.SPECIALS):
        text = write_line(children, care, single=single)
        if read(text) == children:
            return text
    return write_line(children, Care.ALL, single=single)


def _harmless(children: tuple[Inline, ...], text: str) -> bool:
    return all(isinstance(node, Text | SoftBreak) for node in children) and is_plain(text)


def is_plain(text: str) -> bool:
    """Whether the lines of a paragraph mean nothing in Markdown, so that they stand in it as they are."""
    return not _SPECIAL.search(text) and text == text.strip()


def write_line(children: Sequence[Inline], care: Care, *, single: bool = False) -> str:
    """The inlines as Markdown, with this much care."""
    text = _edges(_Writer(care, single=single).line(children))
    if care is Care.NONE:
        return text
    return "\n".join(_guard(line, care) for line in text.split("\n"))


def _guard(line: str, care: Care) -> str:
    """The line with a backslash before what would start a block."""
    if care is Care.ALL:  # tags and links are all that is not escaped, and they cannot be
        return f"&#32;{line}" if line.startswith("<") or _DEFINITION.match(line) else line
    for pattern in _STARTS:
        if match := pattern.match(line):
            at = match.end(1)
            return f"{line[:at]}\\{line[at:]}"
    return line


def _edges(text: str) -> str:
    """The text with references for whitespace at its ends, which would be stripped; one keeps the rest."""
    if text[:1].isspace():
        text = _reference(text[0]) + text[1:]
    if text[-1:].isspace():
        text = text[:-1] + _reference(text[-1])
    return text


def _reference(char: str) -> str:
    return "&nbsp;" if char == "\xa0" else f"&#{ord(char)};"


class _Writer:
    """Writes siblings from left to right, knowing what stands before and after each."""

    def __init__(self, care: Care, *, single: bool) -> None:
        self.care = care
        self.single = single

    def line(self, nodes: Sequence[Inline]) -> str:
        """A whole line; hard breaks at its ends must be tags, as nothing follows or precedes them."""
        start, end = 0, len(nodes)
        while start < end and isinstance(nodes[start], HardBreak):
            start += 1
        while end > start and isinstance(nodes[end - 1], HardBreak):
            end -= 1
        lead, trail = "<br>" * start, "<br>" * (len(nodes) - end)
        return lead + self.write(nodes[start:end], "", "", linked=False) + trail

    def write(self, nodes: Sequence[Inline], before: str, after: str, *, linked: bool) -> str:
        """Siblings; `before` and `after` are the characters around them, empty at the ends of the line."""
        parts: list[str] = []
        last = before
        starred = False  # a run of `*` must not grow by the next mark's
        for index, node in enumerate(nodes):
            following = nodes[index + 1] if index + 1 < len(nodes) else None
            right = (
                after
                if following is None
                else _first(following, after_star=isinstance(node, Emphasis | Strong))
            )
            text = self._node(node, last, right, linked=linked, starred=starred)
            starred = isinstance(node, Emphasis | Strong) and text.endswith("*")
            if isinstance(node, Text) and text.startswith("{") and index:
                text = self._brace(nodes[index - 1], text)
            parts.append(text)
            last = text[-1:] or last
        return "".join(parts)

    def _brace(self, previous: Inline, text: str) -> str:
        if isinstance(previous, Code) and OPAQUE_MARK.match(text):
            return f"\\{text}"
        return text

    def _node(self, node: Inline, before: str, after: str, *, linked: bool, starred: bool) -> str:
        if isinstance(node, Text):
            return self._text(node.text, linked=linked)
        if isinstance(node, SoftBreak):
            return "\n"
        if isinstance(node, HardBreak):
            return "<br>" if self.single else "\\\n"
        if isinstance(node, Code):
            return code_span(node.text)
        if isinstance(node, HtmlInline):
            return node.html
        if isinstance(node, OpaqueInline):
            return _opaque(node, in_span=before != "`")
        if isinstance(node, Image):
            return f"![{self._text(node.alt, linked=True)}]({_target(node.source, node.title)})"
        if isinstance(node, Link):
            return self._link(node)
        return self._mark(node, before, after, linked=linked, starred=starred)

    def _link(self, node: Link) -> str:
        shown = node.children[0] if len(node.children) == 1 else None
        if isinstance(shown, Text) and not node.title and _is_autolink(node.target, shown.text):
            return f"<{shown.text}>"
        return f"[{self.write(node.children, '[', ']', linked=True)}]({_target(node.target, node.title)})"

    def _mark(self, node: Mark, before: str, after: str, *, linked: bool, starred: bool) -> str:
        if isinstance(node, Colour):
            inner = self.write(node.children, ">", "<", linked=linked)
            return f'<span style="color: {node.color}">{inner}</span>'
        if not isinstance(node, Emphasis | Strong | Strike):
            tag = _TAGS[type(node)]
            return f"<{tag}>{self.write(node.children, '>', '<', linked=linked)}</{tag}>"
        delimiter, tag = _DELIMITERS[type(node)]
        if self.care < Care.ALL and not (starred and delimiter != "~~"):
            inner = self.write(node.children, before, after, linked=linked)
            if _flanks(inner, before, after, delimiter[0]):
                return f"{delimiter}{inner}{delimiter}"
        return f"<{tag}>{self.write(node.children, '>', '<', linked=linked)}</{tag}>"

    def _text(self, text: str, *, linked: bool) -> str:
        if self.care < Care.SPECIALS:
            return text
        if self.care is Care.ALL:
            return _PUNCTUATION.sub(r"\\\1", text)
        for pattern, replacement in _SPECIALS:
            text = pattern.sub(replacement, text)
        return (_BRACKET_IN_LINK if linked else _BRACKET).sub(r"\\\1", text)


def _first(node: Inline, *, after_star: bool) -> str:
    """The character that what follows starts with, once a delimiter stands between."""
    if isinstance(node, Text):
        return node.text[:1]
    if isinstance(node, SoftBreak | HardBreak):
        return "\n"
    if isinstance(node, Emphasis | Strong) and after_star:
        return "<"
    return "*"  # any punctuation


def _flanks(inner: str, before: str, after: str, delimiter: str) -> bool:
    """Whether delimiters around the text are read as such between these characters."""
    bare = inner.strip(delimiter)
    if not bare or bare[0].isspace() or bare[-1].isspace():
        return False
    return (not _is_mark(bare[0]) or _is_apart(before)) and (not _is_mark(bare[-1]) or _is_apart(after))


def _is_mark(char: str) -> bool:
    return unicodedata.category(char)[0] in "PS"


def _is_apart(char: str) -> bool:
    return not char or char.isspace() or _is_mark(char)


def _is_autolink(target: str, shown: str) -> bool:
    if target == shown:
        return bool(_AUTOLINK.fullmatch(target))
    return target == f"mailto:{shown}" and bool(_EMAIL.fullmatch(shown))


def code_span(text: str) -> str:
    """A code span around one line of text, which is not empty."""
    runs = {len(run) for run in re.findall("`+", text)}
    ticks = "`" * next(length for length in range(1, len(runs) + 2) if length not in runs)
    edges = text[0] + text[-1]
    padded = "`" in edges or (edges == "  " and text.strip(" "))
    return f"{ticks} {text} {ticks}" if padded else f"{ticks}{text}{ticks}"


def _opaque(node: OpaqueInline, *, in_span: bool) -> str:
    """A marked code span; a tag where there are lines, or where the span would grow into the one before."""
    if in_span and "\n" not in node.markup:
        return f"{code_span(node.markup)}{{={node.dialect}}}"
    markup = node.markup
    for char in '&<>"\n`':
        markup = markup.replace(char, f"&#{ord(char)};" if char != "&" else "&amp;")
    return f'<span data-dialect="{node.dialect}" data-markup="{markup}"></span>'


def _target(address: str, title: str) -> str:
    written = _address(address) if address or title else ""
    return f'{written} "{_quoted(title)}"' if title else written


def _address(address: str) -> str:
    escaped = _unescapable(address)
    if not address or re.search(r"[\x00-\x20\x7f<>]", address):
        inside = re.sub(r"([<>])", r"\\\1", escaped)
        return f"<{inside}>"
    return escaped if _balanced(address) else re.sub(r"([()])", r"\\\1", escaped)


def _balanced(address: str) -> bool:
    depth = 0
    for char in address:
        depth += (char == "(") - (char == ")")
        if not 0 <= depth <= _MAX_PARENTHESES:
            return False
    return not depth


def _quoted(title: str) -> str:
    return _unescapable(title).replace('"', '\\"')


def _unescapable(text: str) -> str:
    """The text with backslashes and references that would be read as escapes escaped."""
    text = re.sub(r"\\(?=[!-/:-@\[-`{-~]|\Z)", r"\\\\", text)
    return _ENTITY.sub(r"\\&", text)
