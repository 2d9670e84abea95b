"""The tree written as an Atlassian document that the vendor's schema allows.

What the format does not know: soft breaks are spaces, HTML is code, of the words after a fence only the first
(the language) is kept, and what may not stand in its place is moved into the nearest form (`adf_fitting`).
"""

from __future__ import annotations

import html
import json
import re
import uuid
from collections.abc import Iterator, Sequence

from pm_providers.providers.jira.mapping.adf_fitting import fit, paragraph
from pm_providers.providers.jira.mapping.adf_inline_reading import opaque_json
from pm_providers.providers.jira.mapping.adf_inline_writing import caption_nodes, marked_text, write_inlines
from pm_providers.providers.jira.mapping.adf_nodes import (
    DECISION,
    DIALECT,
    PANELS,
    TASKS,
    WRAPPERS,
    Node,
    attributes,
    children,
    is_known_opaque,
    media_attributes,
    node_type,
    wrapper_attributes,
)
from pm_providers.providers.jira.mapping.adf_reading import read_adf
from pm_providers.providers.jira.mapping.adf_tables import aligned_cell
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
    SoftBreak,
    Table,
    Text,
)
from pm_providers.text.markdown import render_markdown

__all__ = ["AdfWriter", "as_document"]

_MARKER = re.compile(r"\[!([A-Za-z]+)\]\s*")
_DETAILS = re.compile(r"<details(?:\s+open)?\s*>\s*(?:<summary>(.*?)</summary>)?", re.DOTALL | re.IGNORECASE)
_DETAILS_END = re.compile(r"</details\s*>", re.IGNORECASE)
_WRAPPER = re.compile(r"<!-- adf (\{.*\}) -->")
_WRAPPER_END = "<!-- /adf -->"
_MAX_NESTING = 50  # brackets in opaque markup that is parsed


def as_document(nodes: Sequence[Node]) -> Node:
    """A whole document of these blocks."""
    return {"version": 1, "type": "doc", "content": list(nodes)}


def _table_text(node: Node) -> str:
    return render_markdown(read_adf(as_document([node])))


def _parsed(markup: str) -> Node | None:
    """The node that opaque markup holds, if it is JSON of one."""
    if sum(map(markup.count, "[{")) > _MAX_NESTING * 20:
        return None
    try:
        node = json.loads(markup)
    except (ValueError, RecursionError):
        return None
    return node if isinstance(node, dict) else None


class AdfWriter:
    """Writes one document.

    Args:
        stored: the document that is being changed. Opaque markup that is a node of it is taken over whatever
            its type; other opaque markup only where the format surely allows it, and is shown as code else.
    """

    def __init__(self, stored: Node | None = None) -> None:
        self._stored = stored
        self._known: dict[str, Node] | None = None
        self._ids: set[str] = set(_local_ids(stored)) if stored else set()
        self._counter = 0

    def write(self, document: Document) -> Node:
        """The document; its tree has to be in normal form."""
        return as_document(self._fit(self.blocks(document.blocks), "doc"))

    def blocks(self, blocks: Sequence[Block]) -> list[Node]:
        """Nodes of the blocks, not yet fitted into a container."""
        frames = _Frames(self)
        for block in blocks:
            if not (isinstance(block, HtmlBlock) and frames.takes(block)):
                frames.add(self._block(block))
        return frames.finish()

    def inlines(self, inlines: Sequence[Inline]) -> list[Node]:
        """Inline nodes of one line."""
        return write_inlines(inlines, lambda inline: self._opaque(inline.dialect, inline.markup, inline=True))

    def fitted(self, nodes: Sequence[Node], context: str) -> list[Node]:
        """Nodes as the container of that type allows them."""
        return self._fit(nodes, context)

    def _fit(self, nodes: Sequence[Node], context: str) -> list[Node]:
        return fit(nodes, context, table_text=_table_text)

    def _local_id(self) -> str:
        while True:
            self._counter += 1
            made = str(uuid.uuid5(uuid.NAMESPACE_OID, f"adf {self._counter}"))
            if made not in self._ids:
                return made

    # --- blocks

    def _block(self, block: Block) -> list[Node]:
        match block:
            case Paragraph(inlines):
                return self._paragraph(inlines)
            case Heading(level, inlines):
                return [{"type": "heading", "attrs": {"level": level}, "content": self.inlines(inlines)}]
            case CodeBlock(text):
                return [_code(text, block.language)]
            case Quote(blocks):
                return [self._quote(blocks)]
            case BulletList() | OrderedList():
                return [self._list(block)]
            case Table():
                return [self._table(block)]
            case HtmlBlock(source):
                return [_code(source, "html")]
            case OpaqueBlock(dialect, markup):
                return [self._opaque(dialect, markup, inline=False) or _code(markup, dialect)]
            case _:
                return [{"type": "rule"}]

    def _opaque(self, dialect: str, markup: str, *, inline: bool) -> Node | None:
        if dialect != DIALECT:
            return None
        if self._known is None:
            self._known = {opaque_json(node): node for node in _nodes(self._stored)} if self._stored else {}
        if stored := self._known.get(markup):
            return stored
        node = _parsed(markup)
        return node if node is not None and is_known_opaque(node, inline=inline) else None

    def _quote(self, blocks: Sequence[Block]) -> Node:
        first = blocks[0] if blocks else None
        lead = first.children[0] if isinstance(first, Paragraph) else None
        marker = _MARKER.fullmatch(lead.text) if isinstance(lead, Text) else None
        panel = PANELS.get(marker[1].upper()) if marker else None
        rest = first.children[1:] if isinstance(first, Paragraph) else ()
        if panel is None or (rest and not isinstance(rest[0], SoftBreak | HardBreak)):
            return {"type": "blockquote", "content": self._fit(self.blocks(blocks), "blockquote")}
        inner = ([Paragraph(rest[1:])] if rest[1:] else []) + list(blocks[1:])
        content = self._fit(self.blocks(inner), "panel")
        return {"type": "panel", "attrs": {"panelType": panel}, "content": content}

    # --- pictures

    def _paragraph(self, inlines: tuple[Inline, ...]) -> list[Node]:
        if pictures := _pictures(inlines):
            return self._media(pictures)
        lead = _pictures(inlines[:1])
        below = inlines[2:]
        if (
            lead
            and below
            and isinstance(inlines[1], SoftBreak | HardBreak)
            and not isinstance(below[0], HardBreak)
        ):
            return [self._single(lead[0], below)]
        return [paragraph(self.inlines(inlines))]

    def _media(self, pictures: Sequence[Inline]) -> list[Node]:
        """Stored files beside each other are a group; others, and those with a title, stand alone."""
        nodes = [node for one in pictures if (node := _media_node(one))]
        stored = all(node["attrs"]["type"] != "external" for node in nodes)
        if len(nodes) > 1 and stored and not any(map(_title, pictures)):
            return [{"type": "mediaGroup", "content": nodes}]
        return [self._single(one) for one in pictures]

    def _single(self, picture: Inline, caption: Sequence[Inline] = ()) -> Node:
        title = _title(picture)
        lines = [line for line in ((Text(title),) if title else (), tuple(caption)) if line]
        shown = [node for line in lines for node in ({"type": "hardBreak"}, *self.inlines(line))][1:]
        below = [{"type": "caption", "content": caption_nodes(shown)}] if shown else []
        return {
            "type": "mediaSingle",
            "attrs": {"layout": "center"},
            "content": [_media_node(picture), *below],
        }

    # --- lists

    def _list(self, block: BulletList | OrderedList) -> Node:
        if isinstance(block, BulletList):
            if _is_task_list(block):
                return self._task_list(block)
            if all(_decision(item) is not None for item in block.items):
                return self._decision_list(block)
        items = [{"type": "listItem", "content": self._item(item)} for item in block.items]
        if isinstance(block, BulletList):
            return {"type": "bulletList", "content": items}
        order = {"attrs": {"order": block.start}} if block.start != 1 else {}
        return {"type": "orderedList", **order, "content": items}

    def _item(self, item: ListItem) -> list[Node]:
        blocks = item.blocks
        if item.checked is not None:
            sign = Text(next(box for box, checked in TASKS.items() if checked == item.checked))
            first = blocks[0] if blocks else None
            if isinstance(first, Paragraph):
                blocks = (Paragraph((sign, *first.children)), *blocks[1:])
            else:
                blocks = (Paragraph((sign,)), *blocks)
        return self._fit(self.blocks(blocks), "listItem")

    def _task_list(self, block: BulletList) -> Node:
        content: list[Node] = []
        node: Node = {"type": "taskList", "attrs": {"localId": self._local_id()}, "content": content}
        for item in block.items:
            state = {"localId": self._local_id(), "state": "DONE" if item.checked else "TODO"}
            task: Node = {"type": "taskItem", "attrs": state}
            content.append(task)
            for child in item.blocks:
                if isinstance(child, Paragraph):
                    task["content"] = self.inlines(child.children)
                elif isinstance(child, BulletList):
                    content.append(self._task_list(child))
        return node

    def _decision_list(self, block: BulletList) -> Node:
        items: list[Node] = []
        for item in block.items:
            attrs = {"localId": self._local_id(), "state": "DECIDED"}
            items.append(
                {"type": "decisionItem", "attrs": attrs, "content": self.inlines(_decision(item) or ())}
            )
        return {"type": "decisionList", "attrs": {"localId": self._local_id()}, "content": items}

    # --- tables

    def _table(self, table: Table) -> Node:
        rows = [self._row(row, "tableCell", table) for row in table.rows]
        if any(table.header) or not rows:
            rows.insert(0, self._row(table.header, "tableHeader", table))
        return {"type": "table", "content": rows}

    def _row(self, cells: Sequence[tuple[Inline, ...]], kind: str, table: Table) -> Node:
        content = []
        for column, cell in enumerate(cells):
            node = {"type": kind, "content": self._fit(self._paragraph(cell), "tableCell")}
            alignment = table.alignments[column]
            content.append(aligned_cell(node, alignment) if alignment else node)
        return {"type": "tableRow", "content": content}


class _Frames:
    """Blocks between an opening and a closing piece of HTML become what the pair stands for."""

    def __init__(self, writer: AdfWriter) -> None:
        self._writer = writer
        self._open: list[tuple[HtmlBlock, Node, list[Node]]] = []
        self._nodes: list[Node] = []

    def add(self, nodes: Sequence[Node]) -> None:
        self._nodes.extend(nodes)

    def takes(self, block: HtmlBlock) -> bool:
        """Whether the piece opens or closes a frame."""
        source = block.html.strip()
        if head := _opening(source):
            self._open.append((block, head, self._nodes))
            self._nodes = []
            return True
        kind = "details" if _DETAILS_END.fullmatch(source) else "adf" if source == _WRAPPER_END else ""
        if kind and self._open and (self._open[-1][1]["type"] == "expand") == (kind == "details"):
            self._close()
            return True
        return False

    def _close(self) -> None:
        _, head, outer = self._open.pop()
        content = self._writer.fitted(self._nodes, head["type"])
        if head["type"] == "layoutSection" and {node_type(node) for node in content} != {"layoutColumn"}:
            outer.extend(content)
        else:
            outer.append({**head, "content": content})
        self._nodes = outer

    def finish(self) -> list[Node]:
        """All nodes; pieces that nothing closes are code."""
        while self._open:
            block, _, outer = self._open.pop()
            self._nodes = [*outer, _code(block.html, "html"), *self._nodes]
        return self._nodes


def _opening(source: str) -> Node | None:
    if details := _DETAILS.fullmatch(source):
        title = " ".join(html.unescape(details[1] or "").split())
        return {"type": "expand", "attrs": {"title": title} if title else {}}
    wrapper = _WRAPPER.fullmatch(source)
    head = _parsed(wrapper[1]) if wrapper else None
    if head is None or node_type(head) not in WRAPPERS or set(head) - {"type", "attrs"}:
        return None
    attrs = wrapper_attributes(node_type(head), head.get("attrs", {}))
    return None if attrs is None else {"type": node_type(head), **({"attrs": attrs} if attrs else {})}


def _code(text: str, language: str) -> Node:
    attrs = {"attrs": {"language": language}} if language else {}
    return {"type": "codeBlock", **attrs, **({"content": [marked_text(text, {})]} if text else {})}


def _pictures(inlines: Sequence[Inline]) -> list[Inline]:
    """The pictures of a line that holds nothing else and all of which can stand alone; otherwise none."""
    found: list[Inline] = [one for one in inlines if not isinstance(one, SoftBreak | HardBreak)]
    found = [one for one in found if not (isinstance(one, Text) and not one.text.strip())]
    return found if all(_media_node(one) for one in found) else []


def _media_node(inline: Inline) -> Node | None:
    """A media node for a picture, alone or as the whole of a link."""
    if isinstance(inline, Link) and len(inline.children) == 1 and inline.target:
        media = _media_node(inline.children[0]) if isinstance(inline.children[0], Image) else None
        title = {"title": inline.title} if inline.title else {}
        mark = {"type": "link", "attrs": {"href": inline.target, **title}}
        return {**media, "marks": [mark]} if media else None
    if not isinstance(inline, Image):
        return None
    attrs = media_attributes(inline.source, inline.alt)
    return {"type": "media", "attrs": attrs} if attrs else None


def _title(inline: Inline) -> str:
    if isinstance(inline, Link) and inline.children:
        return _title(inline.children[0])
    return " ".join(inline.title.split()) if isinstance(inline, Image) else ""


def _is_task_list(block: Block) -> bool:
    """Whether a task list can hold it: nothing but tasks, each one line and task lists below it."""
    return isinstance(block, BulletList) and all(
        item.checked is not None
        and all(
            _is_task_list(child) or (index == 0 and isinstance(child, Paragraph))
            for index, child in enumerate(item.blocks)
        )
        for item in block.items
    )


def _decision(item: ListItem) -> tuple[Inline, ...] | None:
    """Text of a decision without its sign; `None` where the item is none."""
    only = item.blocks[0] if len(item.blocks) == 1 and item.checked is None else None
    lead = only.children[0] if isinstance(only, Paragraph) else None
    if not isinstance(only, Paragraph) or not isinstance(lead, Text):
        return None
    if not (lead.text + " ").startswith(DECISION):
        return None
    return (Text(lead.text[len(DECISION) :]), *only.children[1:])


def _nodes(root: Node) -> Iterator[Node]:
    rest = [root]
    while rest:
        node = rest.pop()
        yield node
        rest.extend(children(node))


def _local_ids(root: Node) -> Iterator[str]:
    return (str(attributes(node)["localId"]) for node in _nodes(root) if "localId" in attributes(node))
