"""Atlassian documents read into the tree.

Panels are quotes with a marker (`> [!NOTE]`), expands `<details>`, decisions list items that begin with
`<>`, layouts and macros with a body pairs of comments around their blocks; macros without a body and unknown
types are opaque. Marks that Markdown has no form for (background, annotation, alignment of paragraphs) and
attributes of looks are left out: merging with the stored document brings them back.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pm_providers.providers.jira.mapping.adf_inline_reading import INLINES, opaque_json, read_inlines
from pm_providers.providers.jira.mapping.adf_nodes import (
    DECISION,
    DIALECT,
    TASKS,
    WRAPPERS,
    Node,
    attributes,
    children,
    content_text,
    media_source,
    node_type,
)
from pm_providers.providers.jira.mapping.adf_tables import read_table
from pm_providers.text import (
    Block,
    BulletList,
    CodeBlock,
    Document,
    HardBreak,
    Heading,
    HtmlBlock,
    Image,
    Inline,
    Link,
    ListItem,
    OpaqueBlock,
    OrderedList,
    Paragraph,
    Quote,
    Rule,
    SoftBreak,
    Text,
)
from pm_providers.text.markdown import normalise

__all__ = ["first_line", "read_adf", "read_blocks", "read_items"]

_MAX_DEPTH = 60


def read_adf(document: Mapping[str, Any]) -> Document:
    """The tree of a document, in normal form. Anything is read; what is no node holds nothing."""
    return normalise(Document(tuple(read_blocks(children(document)))))


def read_blocks(nodes: Sequence[Node], depth: int = 0) -> list[Block]:
    """Blocks of the nodes; beyond a depth of 60 they are paragraphs of their text."""
    if depth > _MAX_DEPTH:
        return [Paragraph((Text(line),)) for node in nodes for line in content_text(node).split("\n")]
    return [block for node in nodes for block in _block(node, depth)]


def _block(node: Node, depth: int) -> list[Block]:
    kind = node_type(node)
    if reader := _BLOCKS.get(kind):
        return reader(node, depth)
    if kind in WRAPPERS:
        return _wrapped(node, depth)
    if kind in INLINES or kind in {"text", "hardBreak", "inlineExtension"}:
        return [Paragraph(read_inlines([node]))]
    if kind in {"listItem", "taskItem", "blockTaskItem", "decisionItem", "doc", "caption"}:
        return _content(node, depth)
    return [OpaqueBlock(DIALECT, opaque_json(node))]


def _content(node: Node, depth: int) -> list[Block]:
    """Blocks of a container, also where it holds inline nodes directly."""
    inner = children(node)
    if any(node_type(one) in INLINES or node_type(one) in {"text", "hardBreak"} for one in inner):
        return [Paragraph(read_inlines(inner))]
    return read_blocks(inner, depth + 1)


def _code(node: Node) -> CodeBlock:
    text = "".join(str(child.get("text") or "") for child in children(node))
    return CodeBlock(text, str(attributes(node).get("language") or ""))


def _heading(node: Node) -> Heading:
    level = attributes(node).get("level")
    return Heading(int(level) if isinstance(level, int | float) else 1, read_inlines(children(node)))


def _panel(node: Node, depth: int) -> list[Block]:
    marker: tuple[Inline, ...] = (Text(f"[!{str(attributes(node).get('panelType') or 'info').upper()}]"),)
    blocks = read_blocks(children(node), depth + 1)
    line = first_line(blocks)
    if line and not isinstance(line[0], HardBreak):
        return [Quote((Paragraph((*marker, SoftBreak(), *line)), *blocks[1:]))]
    return [Quote((Paragraph(marker), *blocks))]


def first_line(blocks: Sequence[Block]) -> tuple[Inline, ...]:
    """Inlines of the first block in normal form, if that is a paragraph that holds any."""
    shown = normalise(Document(tuple(blocks[:1]))).blocks
    return shown[0].children if shown and isinstance(shown[0], Paragraph) else ()


def _expand(node: Node, depth: int) -> list[Block]:
    title = " ".join(str(attributes(node).get("title") or "").split())
    summary = f"\n<summary>{html.escape(title, quote=False)}</summary>" if title else ""
    inner = read_blocks(children(node), depth + 1)
    return [HtmlBlock(f"<details>{summary}"), *inner, HtmlBlock("</details>")]


def _wrapped(node: Node, depth: int) -> list[Block]:
    head = {key: value for key, value in node.items() if key in {"type", "attrs"}}
    opening = opaque_json(head).replace("--", "-\\u002d")  # a comment ends with two hyphens
    return [
        HtmlBlock(f"<!-- adf {opening} -->"),
        *read_blocks(children(node), depth + 1),
        HtmlBlock("<!-- /adf -->"),
    ]


# --- lists


def _bullets(node: Node, depth: int) -> list[Block]:
    return [BulletList(read_items(node, depth))]


def _numbers(node: Node, depth: int) -> list[Block]:
    order = attributes(node).get("order", 1)
    start = int(order) if isinstance(order, int | float) else 1
    return [OrderedList(read_items(node, depth), start)]


def read_items(node: Node, depth: int = 0) -> tuple[ListItem, ...]:
    """Items of an ordinary list; a box at their beginning makes them tasks."""
    return tuple(_item(_content(child, depth + 1)) for child in children(node))


def _item(blocks: list[Block]) -> ListItem:
    first = blocks[0] if blocks else None
    lead = first.children[0] if isinstance(first, Paragraph) and first.children else None
    if isinstance(first, Paragraph) and isinstance(lead, Text):
        for box, checked in TASKS.items():
            if lead.text.startswith(box) or lead.text == box.rstrip():
                rest = Text(lead.text[len(box) :])
                return ListItem((Paragraph((rest, *first.children[1:])), *blocks[1:]), checked)
    return ListItem(tuple(blocks))


def _tasks(node: Node, depth: int) -> list[Block]:
    items: list[ListItem] = []
    for child in children(node):
        if node_type(child) != "taskList":
            items.append(ListItem(tuple(_content(child, depth)), attributes(child).get("state") == "DONE"))
            continue
        nested = (
            tuple(_tasks(child, depth + 1)) if depth < _MAX_DEPTH else tuple(read_blocks([child], depth + 1))
        )
        parent = items.pop() if items else ListItem((), checked=False)
        items.append(ListItem((*parent.blocks, *nested), parent.checked))
    return [BulletList(tuple(items))]


def _decisions(node: Node) -> list[Block]:
    items = tuple(
        ListItem((Paragraph((Text(DECISION), *read_inlines(children(child)))),)) for child in children(node)
    )
    return [BulletList(items)]


# --- media and cards


def _media_single(node: Node) -> list[Block]:
    """A picture as a paragraph of its own; its caption is the line below it."""
    inner = children(node)
    pictures = [_picture(child, node) for child in inner if node_type(child) != "caption"]
    captions = [read_inlines(children(child)) for child in inner if node_type(child) == "caption"]
    line: list[Inline] = list(pictures)
    for caption in captions:
        line.extend((SoftBreak(), *caption))
    return [Paragraph(tuple(line))]


def _picture(media: Node, around: Node) -> Inline:
    attrs = attributes(media)
    source = media_source(attrs)
    picture: Inline = Image(source, str(attrs.get("alt") or "")) if source else read_inlines([media])[0]
    for holder in (media, around):
        marks = holder.get("marks")
        for mark in marks if isinstance(marks, list) else ():
            if isinstance(mark, dict) and node_type(mark) == "link":
                return Link(str(attributes(mark).get("href") or ""), (picture,))
    return picture


def _media_group(node: Node) -> list[Block]:
    pictures: list[Inline] = []
    for child in children(node):
        pictures.extend((_picture(child, {}), Text(" ")))
    return [Paragraph(tuple(pictures))]


def _card(node: Node) -> list[Block]:
    url = attributes(node).get("url")
    if isinstance(url, str) and url.strip():
        return [Paragraph((Link(url, (Text(url),)),))]
    return [OpaqueBlock(DIALECT, opaque_json(node))]


_BLOCKS: dict[str, Callable[[Node, int], list[Block]]] = {
    "paragraph": lambda node, _: [Paragraph(read_inlines(children(node)))],
    "heading": lambda node, _: [_heading(node)],
    "codeBlock": lambda node, _: [_code(node)],
    "rule": lambda _node, _depth: [Rule()],
    "blockquote": lambda node, depth: [Quote(tuple(read_blocks(children(node), depth + 1)))],
    "panel": _panel,
    "expand": _expand,
    "nestedExpand": _expand,
    "bulletList": _bullets,
    "orderedList": _numbers,
    "taskList": _tasks,
    "decisionList": lambda node, _: _decisions(node),
    "table": lambda node, depth: [read_table(node, lambda inner: read_blocks(inner, depth + 3))],
    "mediaSingle": lambda node, _: _media_single(node),
    "mediaGroup": lambda node, _: _media_group(node),
    "blockCard": lambda node, _: _card(node),
    "embedCard": lambda node, _: _card(node),
}
