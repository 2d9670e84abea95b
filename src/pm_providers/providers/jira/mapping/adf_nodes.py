"""What reading, writing and merging Atlassian documents share: nodes as decoded JSON, references, checks.

Facts are of the vendor's JSON schema of the format ([spec] adf-schema-full.json).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, TypeAlias
from urllib.parse import parse_qs, quote, unquote

__all__ = [
    "DECISION",
    "DIALECT",
    "MENTION",
    "PANELS",
    "TASKS",
    "WRAPPERS",
    "Node",
    "attributes",
    "canonical",
    "children",
    "content_text",
    "hex_colour",
    "is_known_opaque",
    "media_attributes",
    "media_source",
    "node_type",
    "wrapper_attributes",
]

Node: TypeAlias = dict[str, Any]
"""One decoded node: `type`, and `attrs`, `content`, `marks`, `text` where the type has them."""

DIALECT = "adf"
"""Dialect of opaque markup: the JSON of one node."""

MENTION = "accountid:"
"""Scheme of links that stand for mentions: `[@Mia](accountid:5b1…)`."""

DECISION = "<> "
"""What items of a decision list begin with in Markdown, as people type them in the vendor's editor."""

TASKS = {"[ ] ": False, "[x] ": True}
"""What items of an ordinary list begin with where a task list cannot hold what they hold."""

PANELS = {
    "INFO": "info",
    "NOTE": "note",
    "TIP": "tip",
    "WARNING": "warning",
    "ERROR": "error",
    "SUCCESS": "success",
    "CUSTOM": "custom",
    "IMPORTANT": "note",
    "CAUTION": "error",
}
"""Panel types by the marker of a quote (`> [!NOTE]`); the last two are those other systems write."""

WRAPPERS = frozenset({"layoutSection", "layoutColumn", "bodiedExtension"})
"""Containers that Markdown shows as a pair of comments around their blocks."""

_NAMED = {
    "aqua": "#00ffff", "black": "#000000", "blue": "#0000ff", "brown": "#a52a2a", "cyan": "#00ffff",
    "fuchsia": "#ff00ff", "gray": "#808080", "green": "#008000", "grey": "#808080", "lime": "#00ff00",
    "magenta": "#ff00ff", "maroon": "#800000", "navy": "#000080", "olive": "#808000", "orange": "#ffa500",
    "pink": "#ffc0cb", "purple": "#800080", "red": "#ff0000", "silver": "#c0c0c0", "teal": "#008080",
    "white": "#ffffff", "yellow": "#ffff00",
}  # fmt: skip
_HEX = re.compile(r"#(?:[0-9a-fA-F]{6}(?:[0-9a-fA-F]{2})?|[0-9a-fA-F]{3})")
_RGB = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)", re.IGNORECASE)
_MEDIA = re.compile(r"media:([^?]+)(?:\?(.*))?")
_EXTENSION_KEYS = frozenset({"extensionKey", "extensionType", "parameters", "text", "localId"})
_LAYOUTS = frozenset({"wide", "full-width", "default"})


def node_type(node: Mapping[str, Any]) -> str:
    """Type of the node; empty where it says none."""
    kind = node.get("type")
    return kind if isinstance(kind, str) else ""


def attributes(node: Mapping[str, Any]) -> Node:
    """Attributes of the node; an empty mapping where it has none."""
    found = node.get("attrs")
    return found if isinstance(found, dict) else {}


def children(node: Mapping[str, Any]) -> list[Node]:
    """Nodes inside the node, in order."""
    found = node.get("content")
    return [child for child in found if isinstance(child, dict)] if isinstance(found, list) else []


def content_text(node: Mapping[str, Any]) -> str:
    """Characters of all text below the node, however deep; blocks are parted by line ends."""
    parts: list[str] = []
    rest: list[Mapping[str, Any]] = [node]
    while rest:
        current = rest.pop()
        text = current.get("text")
        if isinstance(text, str):
            parts.append(text)
        inner = children(current)
        if parts and inner and node_type(inner[0]) == "text":
            parts.append("\n")
        rest.extend(reversed(inner))
    return "".join(parts).strip("\n")


def canonical(node: Any) -> str:
    """The node as text without what each writing makes anew (`localId`): equal for equal nodes."""
    return json.dumps(_without_ids(node), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_ids(item) for key, item in value.items() if key != "localId"}
        return {key: item for key, item in kept.items() if item != {} or key != "attrs"}
    return [_without_ids(item) for item in value] if isinstance(value, list) else value


def hex_colour(color: str) -> str | None:
    """A CSS colour as `#rrggbb`, the only form the format knows; `None` where it has no such form."""
    if _HEX.fullmatch(color):
        return "#" + "".join(digit * 2 for digit in color[1:]) if len(color) == 4 else color[:7]  # noqa: PLR2004
    if rgb := _RGB.fullmatch(color):
        return "#" + "".join(f"{min(int(part), 255):02x}" for part in rgb.groups())
    return _NAMED.get(color.lower())


def media_source(attrs: Mapping[str, Any]) -> str | None:
    """Address of a stored file in Markdown: `media:ID`, with `?collection=` and `&type=` where they matter.

    An external picture is its own address. `None` where the attributes name neither.
    """
    if isinstance(url := attrs.get("url"), str):
        return url
    if not isinstance(name := attrs.get("id"), str) or not name:
        return None
    given = {key: attrs.get(key) for key in ("collection", "type")}
    asked = [
        f"{key}={quote(value, safe='')}"
        for key, value in given.items()
        if isinstance(value, str) and value and (key, value) != ("type", "file")
    ]
    return f"media:{quote(name, safe='')}" + ("?" + "&".join(asked) if asked else "")


def media_attributes(source: str, alt: str) -> Node | None:
    """Attributes of a media node for an address and its text; `None` where it can only be a link."""
    shown = {"alt": alt} if alt else {}
    if found := _MEDIA.fullmatch(source):
        asked = parse_qs(found[2] or "")
        kind = asked.get("type", ["file"])[0]
        collection = asked.get("collection", [""])[0]
        kind = kind if kind in {"link", "file"} else "file"
        return {"type": kind, "id": unquote(found[1]), "collection": collection, **shown}
    if source.lower().startswith(("http://", "https://")):
        return {"type": "external", "url": source, **shown}
    return None


def is_known_opaque(node: Mapping[str, Any], *, inline: bool) -> bool:
    """Whether a node that came as markup is one the format surely allows here."""
    if node_type(node) != ("inlineExtension" if inline else "extension") or set(node) != {"type", "attrs"}:
        return False
    return _is_extension(attributes(node), layout=not inline)


def wrapper_attributes(kind: str, attrs: Any) -> Node | None:
    """Attributes of a container that came as a comment, checked; `None` where the format allows them not."""
    if not isinstance(attrs, dict):
        return None
    if kind == "layoutColumn":
        width = attrs.get("width")
        fits = isinstance(width, int | float) and not isinstance(width, bool) and 0 <= width <= 100  # noqa: PLR2004
        valign = attrs.get("valign", "top") in {"top", "middle", "bottom"}
        return attrs if fits and valign and _ids_only(attrs, {"width", "valign"}) else None
    if kind == "bodiedExtension":
        return attrs if _is_extension(attrs, layout=True) else None
    return attrs if _ids_only(attrs, set()) else None


def _ids_only(attrs: Node, allowed: set[str]) -> bool:
    return set(attrs) <= {*allowed, "localId"} and isinstance(attrs.get("localId", ""), str)


def _is_extension(attrs: Node, *, layout: bool) -> bool:
    keys = _EXTENSION_KEYS | ({"layout"} if layout else set())
    named = all(isinstance(attrs.get(key), str) and attrs[key] for key in ("extensionKey", "extensionType"))
    text = isinstance(attrs.get("text", ""), str)
    local = isinstance(attrs.get("localId", "x"), str) and attrs.get("localId", "x") != ""
    known = attrs.get("layout", "default") in _LAYOUTS if isinstance(attrs.get("layout", ""), str) else False
    return named and text and local and known and set(attrs) <= keys
