"""Marks: what stands in a Textile text for the parts of it that have been understood.

A mark remembers the source it stands for, so that any stretch of text can be had back verbatim. Marks are
written with lone surrogates, which a proper text cannot contain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

__all__ = [
    "AMPERSAND",
    "BR",
    "END",
    "GREATER",
    "LESS",
    "QUOTE",
    "START",
    "Mark",
    "Marks",
    "decoded",
    "plain",
    "split_marks",
]

START, END, BR = "\ud800", "\ud801", "\ud802"
LESS, GREATER, QUOTE = "\ud803", "\ud804", "\ud805"
AMPERSAND = "x%x%"  # as in RedCloth, where it counts as a word with per cent signs in it

_MARK = re.compile(f"{START}(\\d+){END}")
_ENTITY = re.compile(r"&[#a-z0-9]{1,40};", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a mark stands for.

    Attributes:
        kind: `pre`, `code`, `verbatim` (text as it is), `comment`, `macro` (one of several lines), `guard`
            (shows nothing), `image`, `link`, `unlink`, `open`, `close`; `opaque` is everything else.
        source: The Textile that it replaces.
        text: Code, verbatim text, alternative text of an image, name of a span (`strong`), title of a link.
        url: Of an image or a link.
        extra: Language of code, attributes of a span, target of an image that is a link.
        title: Of an image.
    """

    kind: str
    source: str
    text: str = ""
    url: str = ""
    extra: str = ""
    title: str = ""


@dataclass(slots=True)
class Marks:
    """The marks of one text."""

    _all: list[Mark] = field(default_factory=list)

    def put(self, mark: Mark) -> str:
        """Remembers a mark; the characters that stand for it."""
        self._all.append(mark)
        return f"{START}{len(self._all) - 1}{END}"

    def get(self, number: str) -> Mark:
        """Mark of a number found by `MARK`."""
        return self._all[int(number)]

    def source(self, text: str) -> str:
        """Textile that a marked text was made of."""
        text = _MARK.sub(lambda found: self.get(found[1]).source, text)
        return plain(text)


def plain(text: str) -> str:
    """Text with the stand-ins of single characters turned back."""
    text = text.replace(BR, "\n").replace(LESS, "<").replace(GREATER, ">").replace(QUOTE, '"')
    return text.replace(AMPERSAND, "&")


def decoded(text: str) -> str:
    """Text with stand-ins and entities turned into the characters that a browser shows."""
    return _ENTITY.sub(lambda found: unescape(found[0]), plain(text))


def split_marks(text: str, marks: Marks) -> Iterator[str | Mark]:
    """Stretches of text and the marks between them, in order; no empty stretches."""
    at = 0
    for found in _MARK.finditer(text):
        if found.start() > at:
            yield text[at : found.start()]
        yield marks.get(found[1])
        at = found.end()
    if at < len(text):
        yield text[at:]
