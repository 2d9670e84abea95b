"""Comments of the API as lines: what a piece of rich text says, and what ends a line.

A comment is a list of pieces, in order ([doc] comment-formatting): texts with attributes, and pieces of other
types (people, emoji, and [obs] tasks, pictures, files, links, tables). What a whole line is (an item, code, a
heading, a quote) stands on the line end that closes it, nested under its own name in the document and flat in
some answers ([obs]): both are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pm_providers.providers.clickup.mapping.values import optional_id
from pm_providers.text import (
    Code,
    Emphasis,
    Image,
    Inline,
    Link,
    OpaqueInline,
    Strike,
    Strong,
    Text,
    Underline,
)

__all__ = ["DIALECT", "MENTION", "TASKS", "Line", "Part", "inline_of", "lines_of", "unsaid"]

Part = Mapping[str, Any]
"""A piece of a comment, as decoded JSON."""

DIALECT = "clickup"
"""Of pieces that Markdown has no word for: they travel as their JSON."""

MENTION = "clickup:user/"
"""Begin of the target of a link that stands for a person."""

TASKS = "https://app.clickup.com/t/"
"""Begin of the addresses of tasks."""

_LINE_ATTRIBUTES = ("list", "code-block", "header", "blockquote", "indent")
_SAID = frozenset({*_LINE_ATTRIBUTES, "bold", "italic", "strike", "underline", "code", "link"})
_WITHOUT_MEANING = frozenset({"block-id"})
_MAX_INDENT = 20
_MAX_LEVEL = 6
_DEPTH = re.compile(r"[0-9]{1,3}")


@dataclass(slots=True)
class Line:
    """One line of a comment.

    Attributes:
        parts: its pieces, with the line end where there is one.
        inlines: what it says.
        ending: attributes of the line end; empty of the last line, which needs none.
    """

    parts: list[Part] = field(default_factory=list)
    inlines: list[Inline] = field(default_factory=list)
    ending: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_blank(self) -> bool:
        """Whether it is an empty line of no kind."""
        return not any(self._has(name) for name in _LINE_ATTRIBUTES) and all(
            isinstance(one, Text) and not one.text.strip() for one in self.inlines
        )

    @property
    def list_kind(self) -> str | None:
        """`bullet`, `ordered`, `checked`, `unchecked` (or what is new); `None` for no item."""
        return self._text("list")

    @property
    def language(self) -> str | None:
        """Language of a line of code, empty where it has none; `None` for no code."""
        found = self._text("code-block")
        return "" if found == "plain" else found

    @property
    def level(self) -> int | None:
        """Level of a heading; `None` for none."""
        found = self._text("header")
        return (
            min(max(int(found), 1), _MAX_LEVEL) if found and found.isdecimal() and len(found) == 1 else None
        )

    @property
    def is_quote(self) -> bool:
        """Whether it is quoted."""
        return self._has("blockquote")

    @property
    def indent(self) -> int:
        """Depth of an item, from 0."""
        found = self._text("indent")
        return min(int(found), _MAX_INDENT) if found and _DEPTH.fullmatch(found) else 0

    def unquoted(self) -> Line:
        """The line without its quote."""
        rest = {name: value for name, value in self.ending.items() if name != "blockquote"}
        return Line(self.parts, self.inlines, rest)

    def _has(self, name: str) -> bool:
        return self.ending.get(name) not in (None, False)

    def _text(self, name: str) -> str | None:
        value = self.ending.get(name)
        if isinstance(value, Mapping):
            value = value.get(name)
        return None if value is None or isinstance(value, bool) else str(value)


def lines_of(parts: Iterable[Part]) -> list[Line]:
    """Lines of a comment; one text may hold several line ends."""
    lines, line = [], Line()
    for part in parts:
        if _kind(part) != "text":
            line.parts.append(part)
            line.inlines.append(inline_of(part))
            continue
        first, *rest = _text(part).split("\n")
        _add(line, part, first)
        for piece in rest:
            line.ending = _attributes(part)
            line.parts.append({**part, "text": "\n"})
            lines.append(line)
            line = Line()
            _add(line, part, piece)
    return [*lines, line] if line.parts else lines


def _add(line: Line, part: Part, text: str) -> None:
    if text:
        piece = {**part, "text": text}
        line.parts.append(piece)
        line.inlines.append(inline_of(piece))


def _kind(part: Part) -> str:
    found = part.get("type")
    return found if isinstance(found, str) and found else "text"


def _text(part: Part) -> str:
    found = part.get("text")
    return found if isinstance(found, str) else ""


def _attributes(part: Part) -> Mapping[str, Any]:
    found = part.get("attributes")
    return found if isinstance(found, Mapping) else {}


# pieces


def inline_of(part: Part) -> Inline:
    """What a piece says within its line. What is not known travels whole."""
    reader = _READERS.get(_kind(part))
    found = reader(part) if reader is not None else None
    return found if found is not None else OpaqueInline(DIALECT, json.dumps(part, ensure_ascii=False))


def _styled(part: Part) -> Inline:
    attributes, text = _attributes(part), _text(part)
    node: Inline = Code(text) if attributes.get("code") is True else Text(text)
    for name, mark in (("underline", Underline), ("strike", Strike), ("italic", Emphasis), ("bold", Strong)):
        if attributes.get(name) is True:
            node = mark((node,))
    link = attributes.get("link")
    if isinstance(link, Mapping):
        link = link.get("url")
    return Link(link, (node,)) if isinstance(link, str) and link else node


def _person(part: Part) -> Inline | None:
    user = part.get("user")
    found = user if isinstance(user, Mapping) else {}
    one = optional_id(found.get("id"))
    if one is None:
        return None
    shown = _text(part) or f"@{found.get('username') or one}"
    return Link(f"{MENTION}{one}", (Text(shown),))


def _task(part: Part) -> Inline | None:
    found = _inner(part)
    one = optional_id(found.get("task_id"))
    return None if one is None else Link(f"{TASKS}{one}", (Text(_text(part) or one),))


def _emoji(part: Part) -> Inline | None:
    """Emoji are characters; the code has them as hexadecimal numbers, joined by hyphens."""
    code = _inner(part).get("code")
    try:
        return Text("".join(chr(int(one, 16)) for one in code.split("-"))) if isinstance(code, str) else None
    except (ValueError, OverflowError):
        return None


def _picture(part: Part) -> Inline | None:
    found = _inner(part)
    url = found.get("url")
    if not isinstance(url, str) or not url:
        return None
    return Image(url, str(found.get("title") or found.get("name") or _text(part)))


def _address(part: Part) -> Inline | None:
    """A file, a link with a preview, or a page shown in a frame."""
    found = _inner(part)
    url = next((found[one] for one in ("url", "src") if isinstance(found.get(one), str) and found[one]), None)
    if url is None:
        return None
    return Link(url, (Text(str(found.get("title") or _text(part).strip() or url)),))


def _inner(part: Part) -> Mapping[str, Any]:
    found = part.get(_kind(part))
    return found if isinstance(found, Mapping) else {}


_READERS = {
    "text": _styled,
    "tag": _person,
    "followers_tag": lambda part: Text(_text(part)) if _text(part) else None,
    "task_mention": _task,
    "emoticon": _emoji,
    "image": _picture,
    "attachment": _address,
    "bookmark": _address,
    "link_mention": _address,
    "frame": _address,
}


def unsaid(parts: Sequence[Part]) -> set[str]:
    """Names of what pieces have beyond what Markdown says: colours, sizes, types of their own."""
    found: set[str] = set()
    for part in parts:
        kind = _kind(part)
        if kind not in ("text", "emoticon"):
            found.add(kind)
        found.update(name for name in _attributes(part) if name not in _SAID | _WITHOUT_MEANING)
    return found
