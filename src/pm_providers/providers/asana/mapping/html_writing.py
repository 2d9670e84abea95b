"""The tree written as Asana's rich text.

Tags are those of the guide: `strong em u s code ol ul li a blockquote pre`, and in descriptions also
`h1 h2 hr img`, which comments may not hold (so says the description of `add_comment` in Asana's MCP server).
Only `a` and `img` have attributes. Sources differ on what may stand in items and quotes: only text and lists
in items, only text in quotes and headings is what all of them allow, and what is written here.

What has no tag takes the nearest form:

- soft breaks are blanks; headings below the second are of the second; in comments headings are strong lines
  and rules are `---`, as both are within items and quotes;
- tables, HTML blocks and opaque blocks are `<pre>`, tables in their Markdown, which reads as a table again;
- code blocks, and what would be one, are lines of `<code>` within items and quotes; a quote there has no
  frame, and items of lists within quotes are lines;
- tasks are items that begin with `[ ]` or `[x]`;
- pictures are links to them, but for attachments (`ASSET`) in the paragraphs of descriptions;
- inline HTML and opaque text are their characters;
- links that no `href` may hold (relative ones, other schemes than http, https, mailto) show their address
  behind their text.

What is lost: languages of code, titles of links and pictures, first numbers and alignments, empty headings,
colours, subscript and superscript.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from urllib.parse import quote

from pm_providers.providers.asana.mapping.html_nodes import Node, content_of, elements, escape, open_tag
from pm_providers.providers.asana.mapping.html_reading import (
    ASSET,
    BOXES,
    PROFILE,
    RULE,
    read_html,
    read_target,
)
from pm_providers.text import (
    Block,
    BulletList,
    Code,
    CodeBlock,
    Colour,
    Document,
    Emphasis,
    HardBreak,
    Heading,
    HtmlBlock,
    HtmlInline,
    Image,
    Inline,
    Link,
    ListItem,
    OpaqueBlock,
    OpaqueInline,
    OrderedList,
    Paragraph,
    Quote,
    Rule,
    SoftBreak,
    Strike,
    Strong,
    Subscript,
    Superscript,
    Table,
    Text,
    Underline,
    normalise,
    plain_text,
    render_markdown,
)

__all__ = ["HtmlWriter", "gap", "settled"]

_TAGS: dict[type, str] = {Strong: "strong", Emphasis: "em", Underline: "u", Strike: "s"}
_STARTS_BLOCK = re.compile(r"<(?:h1|h2|hr|pre|ul|ol|blockquote|table)\b")
_LINKABLE = re.compile(r"(?:https?://[^/?#]|mailto:.)", re.IGNORECASE)
_OBJECT = re.compile(r"https://app\.asana\.com/", re.IGNORECASE)
_GID = re.compile(r"[0-9]{1,30}")
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ufffe\uffff\ud800-\udfff]")
_DYNAMIC = "data-asana-dynamic"
_PASSES = 4


def gap(before: str, after: str) -> str:
    """What stands between the markup of two blocks that follow each other: blocks stand alone."""
    if _STARTS_BLOCK.match(before):
        return ""
    return "\n" if _STARTS_BLOCK.match(after) else "\n\n"


def settled(writer: HtmlWriter, tree: Document) -> tuple[str, Document]:
    """Markup of a tree, and the tree it reads back as: written again until that is the same."""
    for _ in range(_PASSES):
        written = writer.blocks(tree.blocks)
        seen = read_html(written)
        if seen == tree:
            break
        tree = seen
    return writer.blocks(tree.blocks), tree


class HtmlWriter:
    """Writes trees in normal form; what a stored text has of links and pictures is taken from there."""

    def __init__(self, stored: Sequence[Node] = (), *, comment: bool = False) -> None:
        """Prepare.

        Args:
            stored: the text to be replaced. Its links and pictures keep their attributes, and tables are
                allowed where it has one.
            comment: the text is one of a comment, which may hold less.
        """
        self._rich = not comment
        self._links: dict[str, tuple[Mapping[str, str], str]] = {}
        self._images: dict[str, Mapping[str, str]] = {}
        self._tables = False
        for element in elements(stored):
            target = read_target(element)
            if element.name == "a" and target:
                self._links.setdefault(target, (element.attributes, content_of(element.children)))
            elif element.name == "img" and target:
                self._images.setdefault(target, element.attributes)
            self._tables = self._tables or element.name == "table"

    # --- blocks

    def blocks(self, blocks: Sequence[Block]) -> str:
        """Markup of blocks that stand in the body."""
        written = [text for block in blocks if (text := self.block(block))]
        parts = [gap(before, text) + text for before, text in pairwise(written)]
        return "".join([*written[:1], *parts])

    def block(self, block: Block) -> str:
        """Markup of one block of the body, without line ends around it; empty where nothing is left of it."""
        match block:
            case Paragraph(inlines):
                return self._line(inlines, pictures=self._rich)
            case Heading(level, inlines):
                return self._heading(level, inlines)
            case Quote(blocks):
                return f"<blockquote>{self.quoted(blocks)}</blockquote>"
            case BulletList() | OrderedList():
                return self.list(block, [self.item(item) for item in block.items])
            case Table() if self._tables:
                return self._table(block)
            case Rule():
                return "<hr/>" if self._rich else RULE
            case _:
                return f"<pre>{escape(_verbatim(block))}</pre>"

    def _heading(self, level: int, inlines: tuple[Inline, ...]) -> str:
        if not self._rich:
            return self._strong(inlines)
        text = self._line(inlines).replace("\n", " ")
        tag = "h1" if level == 1 else "h2"
        return f"<{tag}>{text}</{tag}>" if text.strip() else ""

    def _strong(self, inlines: tuple[Inline, ...]) -> str:
        """A heading where there is none."""
        lines = normalise(Document((Paragraph((Strong(inlines),)),))).blocks
        return "".join(self._line(line.children) for line in lines if isinstance(line, Paragraph))

    def list(self, block: BulletList | OrderedList, items: Sequence[str]) -> str:
        """The list with these items."""
        tag = "ul" if isinstance(block, BulletList) else "ol"
        return f"<{tag}>{''.join(items)}</{tag}>"

    def item(self, item: ListItem) -> str:
        """Markup of an item."""
        return f"<li>{self.inside(item, ())}</li>"

    def inside(self, item: ListItem, lists: Sequence[str]) -> str:
        """Markup of what is in an item.

        Args:
            item: the item.
            lists: markup of its lists, if that is known already.
        """
        known = iter(lists)
        box = next((box for box, checked in BOXES.items() if checked is item.checked), "")
        parts = [box] if box else []
        for block in item.blocks:
            if isinstance(block, BulletList | OrderedList):
                parts.append(next(known, None) or self.block(block))
            elif text := "\n\n".join(self._flat(block)):
                between = gap(parts[-1], text) if parts and parts != [box] else ""
                parts.append(between + text)
        return "".join(parts)

    def quoted(self, blocks: Sequence[Block]) -> str:
        """Markup of what is in a quote: text alone."""
        return "\n\n".join(text for block in blocks for text in self._flat(block) if text)

    def _flat(self, block: Block) -> Iterator[str]:
        """A block where only text may stand, as paragraphs."""
        match block:
            case Paragraph(inlines):
                yield self._line(inlines)
            case Heading(_, inlines):
                yield self._strong(inlines).replace("\n", " ")
            case Quote(blocks):
                for inner in blocks:
                    yield from self._flat(inner)
            case BulletList() | OrderedList():
                yield "\n".join(self._item_lines(block))
            case Rule():
                yield RULE
            case _:
                lines = filter(str.strip, _verbatim(block).split("\n"))
                yield "\n".join(f"<code>{escape(line)}</code>" for line in lines)

    def _item_lines(self, block: BulletList | OrderedList) -> Iterator[str]:
        for index, item in enumerate(block.items):
            sign = "\u2022" if isinstance(block, BulletList) else f"{block.start + index}."
            box = next((box for box, checked in BOXES.items() if checked is item.checked), "")
            inner = (text for one in item.blocks for text in self._flat(one) if text)
            yield f"{sign} {box}" + "\n".join(inner)

    def _table(self, table: Table) -> str:
        rows = [table.header, *table.rows]
        cells = ("".join(f"<td>{self._line(cell)}</td>" for cell in row) for row in rows)
        return "<table>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>"

    # --- lines

    def _line(self, nodes: Sequence[Inline], *, pictures: bool = False) -> str:
        return "".join(self._inline(node, pictures=pictures) for node in nodes)

    def _inline(self, node: Inline, *, pictures: bool) -> str:
        match node:
            case Text(text):
                return escape(text)
            case SoftBreak():
                return " "
            case HardBreak():
                return "\n"
            case Code(text):
                return f"<code>{escape(text)}</code>"
            case Strong() | Emphasis() | Underline() | Strike():
                tag = _TAGS[type(node)]
                return f"<{tag}>{self._line(node.children)}</{tag}>"
            case Subscript() | Superscript() | Colour():
                return self._line(node.children)
            case Link():
                return self._link(node)
            case Image():
                return self._image(node, pictures=pictures)
            case HtmlInline(text) | OpaqueInline(_, text):
                return escape(text).replace("\n", " ")

    def _link(self, node: Link) -> str:
        shown = plain_text(node.children).replace("\n", " ")
        inner = self._line([_without_link(child) for child in node.children]).replace("\n", " ")
        if not inner.strip():
            shown, inner = node.target, escape(node.target)
        attributes = self._link_attributes(node.target, shown)
        if attributes is not None:
            return f"{open_tag('a', attributes)}{inner}</a>"
        return inner if shown == node.target or not node.target else f"{inner} ({escape(node.target)})"

    def _link_attributes(self, target: str, shown: str) -> dict[str, str] | None:
        if target in self._links:
            attributes, name = self._links[target]
            same = shown.strip() == (name.strip() or target)
            fixed = {_DYNAMIC: "false"} if not same and _DYNAMIC in attributes else {}
            return {**attributes, **fixed}
        gid = target.removeprefix(PROFILE)
        if gid != target and _GID.fullmatch(gid):
            # With `dynamic` Asana shows the name of the person, whatever is sent.
            named = "true" if shown.startswith("@") else "false"
            return {"data-asana-gid": gid, "data-asana-type": "user", _DYNAMIC: named}
        if not _LINKABLE.match(target):
            return None
        address = _UNSAFE.sub(lambda found: quote(found[0], safe="", errors="replace"), target)
        own_text = _OBJECT.match(target) and shown != target
        return {"href": address, **({_DYNAMIC: "false"} if own_text else {})}

    def _image(self, node: Image, *, pictures: bool) -> str:
        if pictures and node.source in self._images:
            return open_tag("img", self._images[node.source], empty=True)
        gid = node.source.removeprefix(ASSET)
        if pictures and gid != node.source and _GID.fullmatch(gid):
            alt = {"alt": node.alt} if node.alt else {}
            return open_tag("img", {"data-asana-gid": gid, **alt}, empty=True)
        if not node.source:
            return escape(node.alt)
        return self._link(Link(node.source, (Text(node.alt or node.source),)))


def _without_link(node: Inline) -> Inline:
    """Within a link pictures are their text."""
    return Text(node.alt or node.source) if isinstance(node, Image) else node


def _verbatim(block: Block) -> str:
    match block:
        case CodeBlock(text, _) | HtmlBlock(text) | OpaqueBlock(_, text):
            return text
        case _:
            return render_markdown(Document((block,)))
