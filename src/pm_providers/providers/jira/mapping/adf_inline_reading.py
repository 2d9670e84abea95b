"""Inline nodes of an Atlassian document read into the tree.

Mentions are links (`[@Mia](accountid:5b1…)`), stored pictures images (`media:`), smart links links to their
own address. Emoji, dates and statuses read as the text people see; merging with the stored document brings
their nodes back. Anything else is opaque.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from pm_providers.providers.jira.mapping.adf_nodes import (
    DIALECT,
    MENTION,
    Node,
    attributes,
    hex_colour,
    media_source,
    node_type,
)
from pm_providers.text import (
    Code,
    Colour,
    Emphasis,
    HardBreak,
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

__all__ = ["INLINES", "date_text", "emoji_text", "mention_text", "opaque_json", "read_inlines"]

_Maker = Callable[[tuple[Inline, ...]], Inline]
_SIMPLE: dict[str, _Maker] = {
    "underline": Underline,
    "strike": Strike,
    "strong": Strong,
    "em": Emphasis,
}


def opaque_json(node: Node) -> str:
    """The node as one line of JSON."""
    return json.dumps(node, ensure_ascii=False, separators=(",", ":"))


def read_inlines(nodes: Sequence[Node]) -> tuple[Inline, ...]:
    """Inlines of the nodes of one block; not yet in normal form."""
    return _nest([(_leaf(node), _marks(node)) for node in nodes])


def _nest(items: list[tuple[Inline, dict[str, _Maker]]]) -> tuple[Inline, ...]:
    """Marks as a tree: at each place the mark that holds on longest goes outside."""
    result: list[Inline] = []
    position = 0
    while position < len(items):
        leaf, marks = items[position]
        if not marks:
            result.append(leaf)
            position += 1
            continue
        ends = {key: _run(items, position, key) for key in marks}
        key = max(ends, key=lambda name: ends[name])
        inner = [
            (one, {name: maker for name, maker in kept.items() if name != key})
            for one, kept in items[position : ends[key]]
        ]
        result.append(marks[key](_nest(inner)))
        position = ends[key]
    return tuple(result)


def _run(items: list[tuple[Inline, dict[str, _Maker]]], start: int, key: str) -> int:
    end = start
    while end < len(items) and key in items[end][1]:
        end += 1
    return end


def _marks(node: Node) -> dict[str, _Maker]:
    """What wraps the node, by a key that says the whole mark; outermost kinds first."""
    found: dict[str, _Maker] = {}
    marks = node.get("marks")
    for mark in marks if isinstance(marks, list) else ():
        if isinstance(mark, dict) and (made := _mark(mark)):
            found[made[0]] = made[1]
    return dict(sorted(found.items(), key=lambda item: not item[0].startswith("link")))


def _mark(mark: Node) -> tuple[str, _Maker] | None:
    kind, attrs = node_type(mark), attributes(mark)
    if kind in _SIMPLE:
        return kind, _SIMPLE[kind]
    if kind == "subsup":
        return ("sub", Subscript) if attrs.get("type") == "sub" else ("sup", Superscript)
    if kind == "textColor":
        color = hex_colour(str(attrs.get("color", "")))
        return (f"color {color}", lambda inner: Colour(color, inner)) if color else None
    if kind == "link" and isinstance(target := attrs.get("href"), str):
        title = str(attrs.get("title") or "")
        return f"link {target} {title}", lambda inner: Link(target, inner, title)
    return None


def _leaf(node: Node) -> Inline:
    kind, attrs = node_type(node), attributes(node)
    if kind == "text":
        return _text(node)
    if kind == "hardBreak":
        return HardBreak()
    reader = INLINES.get(kind)
    return (reader(attrs) if reader else None) or OpaqueInline(DIALECT, opaque_json(node))


def _text(node: Node) -> Inline:
    text = str(node.get("text") or "")
    marks = node.get("marks")
    code = isinstance(marks, list) and any(
        isinstance(one, dict) and node_type(one) == "code" for one in marks
    )
    return Code(text) if code else Text(text)


def mention_text(attrs: Node) -> str:
    """What a mention shows: its text, else `@` and the account id."""
    return str(attrs.get("text") or "") or f"@{attrs.get('id', '')}"


def _mention(attrs: Node) -> Inline | None:
    if not isinstance(name := attrs.get("id"), str) or not name:
        return None
    return Link(MENTION + name, (Text(mention_text(attrs)),))


def emoji_text(attrs: Node) -> str:
    """What an emoji shows: its character, else its name between colons."""
    return str(attrs.get("text") or attrs.get("shortName") or "")


def date_text(attrs: Node) -> str:
    """The day of a date node, `YYYY-MM-DD` in UTC; what is no number of milliseconds stays as it is."""
    stamp = str(attrs.get("timestamp") or "")
    try:
        return datetime.fromtimestamp(int(stamp) / 1000, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return stamp


def _status(attrs: Node) -> Inline | None:
    text = str(attrs.get("text") or "")
    return Code(text) if text.strip() else None


def _card(attrs: Node) -> Inline | None:
    url: Any = attrs.get("url")
    return Link(url, (Text(url),)) if isinstance(url, str) and url.strip() else None


def _media(attrs: Node) -> Inline | None:
    source = media_source(attrs)
    return Image(source, str(attrs.get("alt") or "")) if source else None


def _shown(text: str) -> Inline | None:
    return Text(text) if text.strip() else None


INLINES: dict[str, Callable[[Node], Inline | None]] = {
    "mention": _mention,
    "emoji": lambda attrs: _shown(emoji_text(attrs)),
    "date": lambda attrs: _shown(date_text(attrs)),
    "status": _status,
    "placeholder": lambda attrs: _shown(str(attrs.get("text") or "")),
    "inlineCard": _card,
    "mediaInline": _media,
    "media": _media,
}
"""Readers of inline nodes other than text and breaks, by type: from attributes; `None` makes them opaque."""
