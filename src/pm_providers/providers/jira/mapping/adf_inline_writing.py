"""Inlines of the tree written as nodes of an Atlassian document.

Soft breaks are spaces. HTML tags without a meaning here are text. A picture in running text is a reference to
a stored file where it is one, otherwise a link. Colours that the format cannot say lose the mark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pm_providers.providers.jira.mapping.adf_nodes import (
    MENTION,
    Node,
    hex_colour,
    media_attributes,
    node_type,
)
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
    SoftBreak,
    Strike,
    Strong,
    Subscript,
    Superscript,
    Text,
    Underline,
    plain_text,
)

__all__ = ["MARK_ORDER", "caption_nodes", "join_texts", "marked_text", "strengthen", "write_inlines"]

MARK_ORDER = ("link", "em", "strong", "strike", "subsup", "underline", "textColor", "code")
"""In which order marks are written."""

Marks = dict[str, Node]
OpaqueReader = Callable[[OpaqueInline], Node | None]

_MARKS: dict[type, Node] = {
    Emphasis: {"type": "em"},
    Strong: {"type": "strong"},
    Strike: {"type": "strike"},
    Underline: {"type": "underline"},
    Subscript: {"type": "subsup", "attrs": {"type": "sub"}},
    Superscript: {"type": "subsup", "attrs": {"type": "sup"}},
}
_NOT_IN_CAPTIONS = {"mediaInline", "inlineExtension"}


def write_inlines(inlines: Sequence[Inline], opaque: OpaqueReader) -> list[Node]:
    """Inline nodes of one block.

    Args:
        inlines: in normal form, so that they nest at most as deep as that allows.
        opaque: the node that opaque markup holds; `None` makes it code.
    """
    out: list[Node] = []
    for inline in inlines:
        _write(inline, {}, out, opaque)
    return join_texts(out)


def marked_text(text: str, marks: Marks) -> Node:
    """A text node; code keeps no other mark than a link, as the format demands."""
    if "code" in marks:
        marks = {kind: mark for kind, mark in marks.items() if kind in {"code", "link", "annotation"}}
    ordered = [marks[kind] for kind in MARK_ORDER if kind in marks]
    ordered.extend(mark for kind, mark in marks.items() if kind not in MARK_ORDER)
    return {"type": "text", "text": text, **({"marks": ordered} if ordered else {})}


def join_texts(nodes: Sequence[Node]) -> list[Node]:
    """The nodes with neighbouring texts of the same marks as one, and without empty ones."""
    result: list[Node] = []
    for node in nodes:
        if node_type(node) == "text" and not node["text"]:
            continue
        last = result[-1] if result else None
        if last and node_type(last) == node_type(node) == "text" and last.get("marks") == node.get("marks"):
            result[-1] = {**last, "text": last["text"] + node["text"]}
        else:
            result.append(node)
    return result


def strengthen(nodes: Sequence[Node]) -> list[Node]:
    """The nodes with their text strong: what a heading is where none is allowed."""
    result: list[Node] = []
    for node in nodes:
        if node_type(node) != "text":
            result.append(node)
            continue
        marks: Marks = {node_type(mark): mark for mark in node.get("marks", ())}
        result.append(marked_text(node["text"], {**marks, "strong": {"type": "strong"}}))
    return result


def caption_nodes(nodes: Sequence[Node]) -> list[Node]:
    """The nodes with what no caption may hold as text."""
    return join_texts([_in_caption(node) for node in nodes])


def _in_caption(node: Node) -> Node:
    if node_type(node) not in _NOT_IN_CAPTIONS:
        return node
    attrs = node.get("attrs", {})
    shown = attrs.get("alt") or attrs.get("text") or attrs.get("extensionKey") or attrs.get("id")
    return marked_text(str(shown), {})


def _write(inline: Inline, marks: Marks, out: list[Node], opaque: OpaqueReader) -> None:
    match inline:
        case Text(text):
            out.append(marked_text(text, marks))
        case SoftBreak():
            out.append(marked_text(" ", marks))
        case HardBreak():
            out.append({"type": "hardBreak"})
        case Code(text):
            out.append(marked_text(text, {**marks, "code": {"type": "code"}}))
        case HtmlInline(html):
            out.append(marked_text(html, marks))
        case OpaqueInline():
            out.append(opaque(inline) or marked_text(inline.markup, {**marks, "code": {"type": "code"}}))
        case Image():
            out.extend(_image(inline, marks))
        case Link():
            _link(inline, marks, out, opaque)
        case Colour(color, children):
            found = hex_colour(color)
            mark: Marks = {"textColor": {"type": "textColor", "attrs": {"color": found}}} if found else {}
            _all(children, {**marks, **mark}, out, opaque)
        case _:
            kind = _MARKS[type(inline)]
            _all(inline.children, {**marks, node_type(kind): kind}, out, opaque)


def _all(inlines: Sequence[Inline], marks: Marks, out: list[Node], opaque: OpaqueReader) -> None:
    for inline in inlines:
        _write(inline, marks, out, opaque)


def _link(link: Link, marks: Marks, out: list[Node], opaque: OpaqueReader) -> None:
    shown = plain_text(link.children)
    if link.target.startswith(MENTION) and (name := link.target.removeprefix(MENTION)):
        text = {"text": " ".join(shown.split())} if shown.strip() else {}
        out.append({"type": "mention", "attrs": {"id": name, **text}})
        return
    if link.target:
        title = {"title": link.title} if link.title else {}
        marks = {**marks, "link": {"type": "link", "attrs": {"href": link.target, **title}}}
    _all(link.children or (Text(link.target),), marks, out, opaque)


def _image(image: Image, marks: Marks) -> list[Node]:
    attrs = media_attributes(image.source, image.alt)
    shown = " ".join(image.title.split())
    title = [marked_text(f" {shown}", marks)] if shown else []
    link = marks.get("link")
    if attrs and attrs["type"] != "external":
        return [{"type": "mediaInline", "attrs": attrs, **({"marks": [link]} if link else {})}, *title]
    own: Marks = {"link": {"type": "link", "attrs": {"href": image.source}}} if image.source else {}
    text = image.alt if image.alt.strip() else image.source
    return [*([marked_text(text, {**own, **marks})] if text else []), *title]
