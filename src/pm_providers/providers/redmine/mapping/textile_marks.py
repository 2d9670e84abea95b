"""Textile's inline markup as Redmine's RedCloth3 finds it, with marks in place of its HTML.

RedCloth3 is a row of regular expressions that rewrite the whole text; what a character means depends on what
the passes before have left beside it. The passes here go in the same order over the same patterns ([code]
lib/redmine/wiki_formatting/textile/redcloth3.rb), but a pass leaves a mark where RedCloth leaves a tag, and
the searches are bounded, so that no text takes more than about n log n steps.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator

from pm_providers.providers.redmine.mapping.textile_base import (
    AMPERSAND,
    BR,
    END,
    GREATER,
    LESS,
    QUOTE,
    START,
    Mark,
    Marks,
    decoded,
    plain,
)
from pm_providers.providers.redmine.mapping.textile_raw import mark_raw

__all__ = ["ATTRIBUTES", "is_image_source", "is_plain_target", "mark_inline", "mark_source"]


_SURROGATE = re.compile("[\ud800-\udfff]")
_INDENT = re.compile(r"^ *\t[ \t]*", re.MULTILINE)
_LONE_AMPERSAND = re.compile(r"&(?![#a-z0-9]+;)", re.IGNORECASE)

CLASS, STYLE, LANGUAGE = r'(?:\([^")\n]{1,200}\))', r'(?:\{[^{\n][^"}\n]{1,400}\})', r"(?:\[[a-z\-_]{1,40}\])"
ATTRIBUTES = f"(?:{CLASS}?{STYLE}?{LANGUAGE}?|{STYLE}?{LANGUAGE}?{CLASS}?|{LANGUAGE}?{STYLE}?{CLASS}?)"

_SPANS = (
    ("**", "b"),
    ("*", "strong"),
    ("??", "cite"),
    ("-", "del"),
    ("__", "i"),
    ("_", "em"),
    ("%", "span"),
    ("+", "ins"),
    ("^", "sup"),
    ("~", "sub"),
)
_SPACES = r" \t\n\r\f\v"  # what Ruby's \s means; Python's means more
_BLANK = " \t\n\r\f\v"
_BEFORE_SPAN = f"{_BLANK}>({END}{BR}"
_SPAN_SIGNS = tuple(sign for sign, _ in _SPANS)
_SPAN_ATTRIBUTES = re.compile(f"({ATTRIBUTES})(.+)$", re.DOTALL)

_STOP = f"{_SPACES}{START}{BR}"
_LINK = re.compile(
    rf'"({ATTRIBUTES})([^"\n{BR}]{{1,3000}}?)[{_SPACES}]?(?:\(([^)\n{BR}{START}]{{1,300}}?)\)(?="))?":'
    rf"((?:/|[a-zA-Z]{{1,30}}://|www\.|mailto:)[\w/])([^{_STOP}<]{{1,4000}}+)(?=[<{_STOP}]|\Z)"
)
_IMAGE = re.compile(
    rf"(?:(?<=[>{_SPACES}{BR}{END}])|^)!([<=>]?)({ATTRIBUTES})(?:\. )?([^(!{_STOP}]{{1,4000}}?)[{_SPACES}]?"
    rf"(?:\(((?:[^()\n{BR}{START}]|\([^)\n{BR}{START}]{{1,200}}\)){{1,600}}?)\))?!"
    rf"(?::([^{_STOP}]{{1,4000}}?)(?=[^\w/;=?{_STOP}]{{0,40}}?(?:[<{_STOP}]|\Z)))?",
    re.MULTILINE,
)
_CODE_LANGUAGE = re.compile(r"\|(\w+?)\|(?=.)", re.ASCII)
_NO_TEXTILE = re.compile(r"(^|\s)==([^=\n]+[^\n]*?)==", re.MULTILINE)
_TAG = re.compile(f"<(/?[!\\w][^<>\n{START}{BR}]*)(>?)")
PLAIN_TARGET = re.compile(r"(?:/|[a-zA-Z]{1,30}://|www\.|mailto:)[\w/][^\s\"<>|]{0,3000}[\w=/;()\-]")
_LITERAL = re.compile(
    rf"(?<![\w!])\[([^\[\]\n{BR}]{{0,3000}}?)\]"
    rf"\(([^{_STOP}()<>\"]{{0,4000}})(?: \"([^\"\n{BR}]{{0,600}})\")?\)"
)
_LITERAL_IMAGE = re.compile(_LITERAL.pattern.replace("(?<![\\w!])", "!"))
_UNSAFE_LINK = re.compile(r"\s*([^/#]*?)(?::|&#0*58|&#x0*3a)", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*")


def mark_source(text: str, marks: Marks) -> str:
    """First passes, over a whole text: line ends, raw parts, comments, macros, `==`, tags as text."""
    text = _SURROGATE.sub("\ufffd", text).replace("\r\n", "\n").replace("\r", "\n")
    text = mark_raw(text, marks)
    text = _LONE_AMPERSAND.sub(AMPERSAND, text)
    text = _INDENT.sub(lambda found: found[0].replace("\t", "    "), text)
    text = re.sub(r"^ +$", "", text, flags=re.MULTILINE)
    text = _NO_TEXTILE.sub(lambda found: _unguarded(found, marks), text)
    return _TAG.sub(_tag_as_text, _dedented(text))


def mark_inline(text: str, marks: Marks) -> str:
    """Passes over one block's text: images, code, spans, links."""
    if "!" in text:
        text = _IMAGE.sub(lambda found: _image(found, marks), text)
    if text.count("@") > 1:
        text = _mark_code(text, marks)
    for sign, name in _SPANS:
        if sign in text:
            text = _mark_span(text, sign, name, marks)
    if '":' in text:
        text = _LINK.sub(lambda found: _link(found, marks), text)
    if "](" in text:
        text = _LITERAL_IMAGE.sub(lambda found: _literal_image(found, marks), text)
        text = _LITERAL.sub(lambda found: _literal(found, marks), text)
    return text


def _dedented(text: str) -> str:
    margins = [len(found[1]) for found in re.finditer(r"^( *)\S", text, re.MULTILINE)]
    margin = min(margins, default=0)
    return re.sub(rf"^ {{{margin}}}", "", text, flags=re.MULTILINE) if margin else text


def _tag_as_text(found: re.Match[str]) -> str:
    inner = found[1].replace('"', QUOTE)
    return f"{LESS}{inner}{GREATER if found[2] else ''}"


def _unguarded(found: re.Match[str], marks: Marks) -> str:
    guard = marks.put(Mark("guard", "=="))
    return f"{found[1]}{guard}{found[2]}{guard}"


def _image(found: re.Match[str], marks: Marks) -> str:
    align, attributes, url, title, target = found.groups()
    if not is_image_source(url):
        return found[0]
    if target and not _safe(target):
        return found[0]
    source = marks.source(found[0])
    extra = (align or "") + (attributes or "")
    if extra:
        return marks.put(Mark("opaque", source))
    return marks.put(Mark("image", source, decoded(title or ""), plain(url), plain(target or "")))


def is_image_source(url: str) -> bool:
    """Whether Redmine shows an image of this address."""
    return ":" not in url or _safe(url, allowed=("http", "https", "ftp", "mailto"))


def _safe(url: str, allowed: tuple[str, ...] = ()) -> bool:
    """Whether Redmine makes a link or image of an address ([code] lib/redmine/helpers/url.rb)."""
    found = _UNSAFE_LINK.match(url)
    if found is None:
        return True
    scheme = found[1].lower()
    if not _SCHEME.fullmatch(scheme) or (allowed and scheme not in allowed):
        return False
    return scheme not in ("data", "javascript", "vbscript")


def _link(found: re.Match[str], marks: Marks) -> str:
    attributes, text, title, start, rest = found.groups()
    inside = max(len(rest.rstrip(_after_links(rest))), 1)
    url, after = start + rest[:inside], rest[inside:]
    if url.endswith(")") and url.count("(") < url.count(")"):
        url, after = url[:-1], ")" + after
    if not _safe(url):
        return found[0]
    kept = "" if title is None else f"({title})"
    tail = plain(f'{kept}":{url}')
    opening = Mark("link", '"' + attributes, decoded(title or ""), plain(url), attributes)
    return marks.put(opening) + text + marks.put(Mark("unlink", tail)) + after


def _after_links(text: str) -> str:
    """Characters of a text that do not belong to an address if they end it."""
    return "".join({character for character in text if not (character.isalnum() or character in "_=/;()-")})


def is_plain_target(url: str) -> bool:
    """Whether a link of Textile leads to this address and nothing is lost."""
    if url.endswith(")") and url.count("(") < url.count(")"):
        return False
    return PLAIN_TARGET.fullmatch(url) is not None and _safe(url)


def _literal_image(found: re.Match[str], marks: Marks) -> str:
    text, target, title = found.groups()
    alt = decoded(marks.source(text))
    return marks.put(Mark("image", marks.source(found[0]), alt, decoded(target), title=decoded(title or "")))


def _literal(found: re.Match[str], marks: Marks) -> str:
    """A link that Textile cannot say: it stands in the text in Markdown's form, and is shown so."""
    text, target, title = found.groups()
    url = decoded(target)
    if is_plain_target(url):
        return found[0]
    tail = marks.source(found[0])[len(marks.source(f"[{text}")) :]
    start = Mark("link", "[", decoded(title or ""), url)
    return marks.put(start) + text + marks.put(Mark("unlink", tail))


def _mark_code(text: str, marks: Marks) -> str:
    ends = [at for at in _places(text, "@") if at + 1 == len(text) or not _is_ascii_word(text[at + 1])]
    lines = list(_places(text, "\n"))
    pieces: list[str] = []
    done = free = 0
    for start in _places(text, "@"):
        if start and (start - 1 < free or _is_ascii_word(text[start - 1])):
            continue
        end = _first(ends, start + 2, lines)
        if end is None:
            continue
        language = _CODE_LANGUAGE.match(text, start + 1, end)
        code = text[language.end() if language else start + 1 : end]
        source = marks.source(text[start : end + 1])
        kind = "opaque" if language else "code"
        pieces += [text[done:start], marks.put(Mark(kind, source, decoded(marks.source(code))))]
        done = free = end + 1
    return "".join(pieces) + text[done:]


def _places(text: str, sign: str) -> Iterator[int]:
    at = text.find(sign)
    while at >= 0:
        yield at
        at = text.find(sign, at + 1)


def _first(ends: list[int], start: int, lines: list[int]) -> int | None:
    """First of the sorted `ends` from `start` on; `None` if a line ends before it."""
    at = bisect_left(ends, start)
    if at == len(ends):
        return None
    line = bisect_left(lines, start)
    return ends[at] if line == len(lines) or ends[at] < lines[line] else None


def _mark_span(text: str, sign: str, name: str, marks: Marks) -> str:
    places = list(_places(text, sign))
    ends = [at for at in places if _can_end(text, at, sign)]
    if not ends:
        return text
    lines = list(_places(text, "\n"))
    pieces: list[str] = []
    done = free = 0
    for lead, start in sorted(_starts(text, places), key=lambda pair: (pair[0], -pair[1])):
        if start < done or (lead and lead - 1 < free):
            continue
        end = _span_end(text, start + len(sign), ends, lines)
        if end is None:
            continue
        pieces += [text[done:start], *_span(text[start + len(sign) : end], sign, name, marks)]
        done = end + len(sign)
        free = done + _trailing_sign(text, done)
    return "".join(pieces) + text[done:]


def _span(content: str, sign: str, name: str, marks: Marks) -> tuple[str, str, str]:
    found = _SPAN_ATTRIBUTES.match(content)
    attributes, inner = (found[1], found[2]) if found else ("", content)
    start = Mark("open", sign + attributes, name, extra=attributes)
    return marks.put(start), inner, marks.put(Mark("close", sign, name))


def _starts(text: str, places: list[int]) -> Iterator[tuple[int, int]]:
    """Places where a span can start, each with the place of its run: another sign may stand before it."""
    for start in places:
        for other in ("", *_SPAN_SIGNS):
            lead = start - len(other)
            if lead < 0 or not text.startswith(other, lead) or text.startswith("--", lead):
                continue
            if lead == 0 or text[lead - 1] in _BEFORE_SPAN:
                yield lead, start


def _span_end(text: str, inner: int, ends: list[int], lines: list[int]) -> int | None:
    if inner >= len(text) or text[inner] in _BLANK:
        return None
    end = _first(ends, inner + 1, lines)
    if end == inner + 1 and not _is_word(text[inner]):
        end = _first(ends, inner + 2, lines)
    return end


def _can_end(text: str, at: int, sign: str) -> bool:
    if at == 0 or text[at - 1] in _BLANK or text.startswith("--", at):
        return False
    return _is_boundary(text, at + len(sign))


def _trailing_sign(text: str, at: int) -> int:
    for other in _SPAN_SIGNS:
        if text.startswith(other, at) and _is_boundary(text, at + len(other)):
            return len(other)
    return 0


def _is_boundary(text: str, at: int) -> bool:
    if at >= len(text):
        return True
    character = text[at]
    if character.isascii():
        return (not character.isalnum() and character.isprintable()) or character.isspace()
    return _SURROGATE.match(character) is not None or unicodedata.category(character)[0] == "P"


def _is_ascii_word(character: str) -> bool:
    return character == "_" or (character.isascii() and character.isalnum())


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_" or unicodedata.category(character)[0] == "M"
