"""Asana's rich text as a tree of elements and characters: read from any text, always written well-formed.

Stored text is XML in one `<body>` ([guide] rich text, "Reading rich text"). It is cut into tags here rather
than parsed as XML: nothing is expanded or fetched, void tags may stay open as the guide's `<hr>` and `<img>`
do, and broken markup reads as far as it can. What does not look like a tag is text. Of references only the
five of XML mean something: Asana shows `&nbsp;` and `&#8226;` as they are written
([obs] duckduckgo/apple-browsers#4894).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from pm_providers.errors import ValidationError
from pm_providers.text import MAX_CHARACTERS

__all__ = [
    "BLOCKS",
    "Characters",
    "Element",
    "Node",
    "content_of",
    "elements",
    "escape",
    "is_block",
    "open_tag",
    "parse_html",
    "source_of",
    "wrapped",
]

BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "center", "dd", "details", "div", "dl", "dt", "figcaption",
    "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "object",
    "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
})  # fmt: skip
"""Tags that stand on lines of their own: HTML's, and `<object>`, which the guide tells to show as one."""

_VOID = frozenset({"br", "hr", "img"})
_MAX_DEPTH = 64
_TAG = re.compile(
    r"<(/)?([A-Za-z][A-Za-z0-9-]*+)"
    r"((?:\s++[A-Za-z_][\w.-]*+(?:\s*+=\s*+(?:\"[^\"<]*+\"|'[^'<]*+'))?+)*+)\s*+(/)?>",
    re.ASCII,
)
_ATTRIBUTE = re.compile(r"([A-Za-z_][\w.-]*+)(?:\s*+=\s*+(?:\"([^\"<]*+)\"|'([^'<]*+)'))?+", re.ASCII)
_REFERENCES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_REFERENCE = re.compile(r"&(amp|lt|gt|quot|apos);")
_BARE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Characters:
    """Text between tags.

    Attributes:
        raw: as it is stored, with references.
    """

    raw: str

    @property
    def text(self) -> str:
        """What people read; line ends are breaks."""
        return _decoded(self.raw)


@dataclass(frozen=True, slots=True)
class Element:
    """One element.

    Attributes:
        name: its tag, in lower case.
        attributes: names and values, the values without references; an attribute without value is empty.
        children: its content, in order.
        holds_block: whether an element that stands on lines of its own is somewhere in it.
    """

    name: str
    attributes: Mapping[str, str]
    children: Sequence[Node]
    holds_block: bool = False


Node: TypeAlias = Characters | Element
"""What the content of an element consists of."""


@dataclass(slots=True)
class _Open:
    """An element the end of which is not read yet."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    holds_block: bool = False

    def close(self) -> Element:
        return Element(self.name, self.attributes, self.children, self.holds_block)


class _Builder:
    """Builds the tree of the tags as they come; elements nested too deep lose their tags."""

    def __init__(self) -> None:
        self._stack = [_Open("body")]
        self._skipped: Counter[str] = Counter()

    def text(self, raw: str) -> None:
        if raw:
            self._stack[-1].children.append(Characters(raw))

    def open(self, name: str, attributes: dict[str, str], *, empty: bool) -> None:
        if name == "body":
            return
        if empty or name in _VOID:
            self._add(Element(name, attributes, ()))
        elif len(self._stack) > _MAX_DEPTH:
            self._skipped[name] += 1
        else:
            self._stack.append(_Open(name, attributes))

    def close(self, name: str) -> None:
        """End an element; an end tag without a start is none, as in HTML."""
        if self._skipped[name]:
            self._skipped[name] -= 1
        elif any(one.name == name for one in self._stack[1:]):
            while self._end() != name:
                pass

    def finish(self) -> Sequence[Node]:
        while len(self._stack) > 1:
            self._end()
        return self._stack[0].children

    def _end(self) -> str:
        element = self._stack.pop().close()
        self._add(element)
        return element.name

    def _add(self, element: Element) -> None:
        parent = self._stack[-1]
        parent.children.append(element)
        parent.holds_block = parent.holds_block or is_block(element)


def parse_html(html: str) -> Sequence[Node]:
    """The content of the body; of a text without one, the whole text is it. Every text is valid.

    Raises:
        ValidationError: the text is longer than a million characters.
    """
    if len(html) > MAX_CHARACTERS:
        raise ValidationError(
            f"a text of {len(html)} characters is too long: {MAX_CHARACTERS} are read at most"
        )
    html = html.replace("\r\n", "\n").replace("\r", "\n")
    builder = _Builder()
    position = 0
    for found in _TAG.finditer(html):
        builder.text(html[position : found.start()])
        position = found.end()
        name = found[2].lower()
        if found[1]:
            builder.close(name)
        else:
            builder.open(name, _attributes(found[3]), empty=bool(found[4]))
    builder.text(html[position:])
    return builder.finish()


def _attributes(source: str) -> dict[str, str]:
    return {found[1]: _decoded(found[2] or found[3] or "") for found in _ATTRIBUTE.finditer(source)}


def _decoded(raw: str) -> str:
    return _REFERENCE.sub(lambda found: _REFERENCES[found[1]], raw) if "&" in raw else raw


# --- looking at the tree


def is_block(node: Node) -> bool:
    """Whether the node stands on lines of its own, or something in it does."""
    return isinstance(node, Element) and (node.name in BLOCKS or node.holds_block)


def content_of(nodes: Sequence[Node]) -> str:
    """The characters of all nodes, `<br>` as line ends."""
    parts = []
    for node in nodes:
        if isinstance(node, Characters):
            parts.append(node.text)
        else:
            parts.append("\n" if node.name == "br" else content_of(node.children))
    return "".join(parts)


def elements(nodes: Sequence[Node]) -> Iterator[Element]:
    """All elements, outer ones before inner ones."""
    for node in nodes:
        if isinstance(node, Element):
            yield node
            yield from elements(node.children)


# --- writing


def escape(text: str) -> str:
    """Text for XML: the references it needs, and U+FFFD for what XML 1.0 cannot hold."""
    text = _FORBIDDEN.sub("\ufffd", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def open_tag(name: str, attributes: Mapping[str, str], *, empty: bool = False) -> str:
    """A start tag, or that of an element without content."""
    written = "".join(f' {key}="{_quoted(value)}"' for key, value in attributes.items())
    return f"<{name}{written}{'/' if empty else ''}>"


def _quoted(value: str) -> str:
    return escape(value).replace('"', "&quot;").replace("\n", " ").replace("\t", " ")


def wrapped(element: Element, content: str) -> str:
    """The element with this content, which is markup already, instead of its own."""
    return f"{open_tag(element.name, element.attributes)}{content}</{element.name}>"


def source_of(nodes: Sequence[Node]) -> str:
    """Markup of the nodes: what was read, with what would not be well-formed put right."""
    return "".join(
        _as_stored(node.raw) if isinstance(node, Characters) else _element_source(node) for node in nodes
    )


def _as_stored(raw: str) -> str:
    clean = _FORBIDDEN.sub("\ufffd", _BARE.sub("&amp;", raw))
    return clean.replace("<", "&lt;").replace("]]>", "]]&gt;")


def _element_source(element: Element) -> str:
    if not element.children and element.name in {*_VOID, "a"}:
        return open_tag(element.name, element.attributes, empty=True)
    return wrapped(element, source_of(element.children))
