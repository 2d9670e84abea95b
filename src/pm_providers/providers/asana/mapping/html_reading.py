"""Asana's rich text read into the tree.

- Line ends are breaks, blank lines part paragraphs; blanks and blank lines beyond that are not kept.
- `<b>`, `<i>`, `<del>` and `<tt>` count as the tags that replaced them. Unknown tags are not shown, their
  content is, as the guide tells ("How to handle new tags"); around it stand line ends where HTML has a block.
- People are links to their profile (`PROFILE`), whichever address Asana gives: the id is in it, and a mention
  can be written from it. Other objects are links to the address given.
- Pictures have the address of their file (`ASSET`): that given by Asana ends after minutes.
- Items that begin with `[ ]` or `[x]` are tasks, a line `---` that stands alone is a rule, and `<pre>` that
  holds nothing but a table in Markdown is that table: so they are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pm_providers.providers.asana.mapping.html_nodes import (
    Characters,
    Element,
    Node,
    content_of,
    is_block,
    parse_html,
    source_of,
)
from pm_providers.text import (
    Block,
    BulletList,
    Code,
    CodeBlock,
    Document,
    Emphasis,
    HardBreak,
    Heading,
    Image,
    Inline,
    Link,
    ListItem,
    OrderedList,
    Paragraph,
    Quote,
    Rule,
    Strike,
    Strong,
    Table,
    Text,
    Underline,
    normalise,
    parse_markdown,
    render_markdown,
)

__all__ = [
    "ASSET",
    "BOXES",
    "PROFILE",
    "RULE",
    "Chunk",
    "read_blocks",
    "read_chunks",
    "read_html",
    "read_item",
    "read_target",
]

PROFILE = "https://app.asana.com/0/profile/"
"""Address of a person, before the id ([recorded] asana stories of "story" type)."""

ASSET = "https://app.asana.com/app/asana/-/get_asset?asset_id="
"""Address of an attachment's file, before the id: what Asana links attachments in text to."""

RULE = "---"
"""What a rule is where there is no tag for it."""

BOXES = {"[ ] ": False, "[x] ": True}
"""What the items of tasks begin with."""

_TASK = "https://app.asana.com/0/0/"
_GID = re.compile(r"[0-9]{1,30}")
_BLANK = re.compile(r"\n[ \t]*\n[ \t\n]*")
_SPACE = " \t\n"

_Mark = type[Strong | Emphasis | Underline | Strike]
_MARKS: dict[str, _Mark] = {
    "strong": Strong,
    "b": Strong,
    "em": Emphasis,
    "i": Emphasis,
    "u": Underline,
    "ins": Underline,
    "s": Strike,
    "del": Strike,
    "strike": Strike,
}
_CODE = {"code", "tt", "kbd", "samp"}


@dataclass(frozen=True, slots=True)
class Chunk:
    """Blocks that stand together in the stored text.

    Attributes:
        blocks: what they are, in normal form; none where nothing is shown of it.
        nodes: what they were read from.
        source: their markup, without blanks around it.
        tail: what follows it up to the next chunk: blanks.
    """

    blocks: tuple[Block, ...]
    nodes: Sequence[Node]
    source: str
    tail: str


def read_html(html: str) -> Document:
    """The tree of a text, in normal form. Every text is valid.

    Raises:
        ValidationError: the text is longer than a million characters.
    """
    return normalise(Document(read_blocks(parse_html(html))))


def read_chunks(nodes: Sequence[Node]) -> list[Chunk]:
    """The content of a body cut into pieces, which together are all of it but the blanks it begins with."""
    chunks: list[Chunk] = []
    for stretch in _stretches(nodes):
        source = source_of(stretch)
        lead = source[: len(source) - len(source.lstrip(_SPACE))]
        if chunks and lead:
            chunks[-1] = replace(chunks[-1], tail=chunks[-1].tail + lead)
        body = source.strip(_SPACE)
        if body:
            blocks = normalise(Document(tuple(_stretch(stretch)))).blocks
            chunks.append(Chunk(blocks, stretch, body, source[len(lead) + len(body) :]))
    return chunks


def read_blocks(nodes: Sequence[Node]) -> tuple[Block, ...]:
    """Blocks of the content of an element, not yet in normal form."""
    return tuple(block for stretch in _stretches(nodes) for block in _stretch(stretch))


def _stretches(nodes: Sequence[Node]) -> Iterator[list[Node]]:
    """Each block alone, and what is between them up to and with the next blank lines."""
    run: list[Node] = []
    for node in nodes:
        if is_block(node):
            if run:
                yield run
            yield [node]
            run = []
            continue
        if isinstance(node, Element):
            run.append(node)
            continue
        cuts = [0, *(found.end() for found in _BLANK.finditer(node.raw)), len(node.raw)]
        for index, (start, end) in enumerate(pairwise(cuts)):
            if index:
                yield run
                run = []
            if start < end:
                run.append(Characters(node.raw[start:end]))
    if run:
        yield run


def _stretch(nodes: Sequence[Node]) -> Iterator[Block]:
    first = nodes[0]
    if isinstance(first, Element) and is_block(first):
        yield from _block(first)
    else:
        yield from _paragraphs(nodes)


# --- blocks


def _block(element: Element) -> Sequence[Block]:
    match element.name:
        case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
            line = _line(element.children)
            return [] if all(map(_is_blank, line)) else [Heading(int(element.name[1]), line)]
        case "pre":
            return [_verbatim(content_of(element.children))]
        case "ul":
            return [BulletList(tuple(_items(element)))]
        case "ol":
            return [OrderedList(tuple(_items(element)))]
        case "blockquote":
            return [Quote(read_blocks(element.children))]
        case "hr":
            return [Rule()]
        case "table":
            return _table(element)
        case _:
            return read_blocks(element.children)


def _verbatim(text: str) -> Block:
    """Lines of code, or the table they are."""
    if text.startswith("|"):
        document = parse_markdown(text)
        only = document.blocks[0] if len(document.blocks) == 1 else None
        if isinstance(only, Table) and render_markdown(document) == text:
            return only
    return CodeBlock(text)


def _items(element: Element) -> list[ListItem]:
    """Items of a list; a list that stands between items, as in older texts, belongs to the one before."""
    items: list[ListItem] = []
    for node in element.children:
        if isinstance(node, Element) and node.name == "li":
            items.append(read_item(node))
        elif isinstance(node, Element) and node.name in {"ul", "ol"} and items:
            items[-1] = replace(items[-1], blocks=(*items[-1].blocks, *_block(node)))
        elif isinstance(node, Element) or node.text.strip(_SPACE):
            items.append(ListItem(read_blocks([node])))
    return items


def read_item(element: Element) -> ListItem:
    """An item of a list, with its box if it begins with one."""
    blocks = read_blocks(element.children)
    first = blocks[0] if blocks else None
    lead = first.children[0] if isinstance(first, Paragraph) and first.children else None
    if isinstance(first, Paragraph) and isinstance(lead, Text):
        text = lead.text.lstrip(_SPACE)
        for box, checked in BOXES.items():
            if text.startswith(box) or (text == box.rstrip() and len(first.children) == 1):
                rest = Paragraph((Text(text[len(box) :]), *first.children[1:]))
                return ListItem((rest, *blocks[1:]), checked)
    return ListItem(blocks)


def _table(element: Element) -> Sequence[Block]:
    """A table, the first row as its header, as there is none in Asana; its content if not all is in cells."""
    rows = [list(_named(row, "td", "th")) for row in _named(element, "tr")]
    inside = "".join(content_of(cell.children) for row in rows for cell in row)
    if not any(rows) or inside.split() != content_of(element.children).split():
        return read_blocks(element.children)
    header, *others = [tuple(_line(cell.children) for cell in row) for row in rows]
    return [Table(header, tuple(others))]


def _named(element: Element, *names: str) -> Iterator[Element]:
    """The next elements of these names in the element, however they are wrapped."""
    for node in element.children:
        if isinstance(node, Element):
            if node.name in names:
                yield node
            else:
                yield from _named(node, *names)


# --- lines


def _paragraphs(nodes: Sequence[Node]) -> Iterator[Block]:
    """Paragraphs of running text, parted where lines are blank."""
    lines: list[list[Inline]] = [[]]
    for leaf in _leaves(nodes, (), code=False):
        if isinstance(leaf, HardBreak):
            lines.append([])
        else:
            lines[-1].append(leaf)
    run: list[list[Inline]] = []
    for line in (*lines, []):
        if not all(map(_is_blank, line)):
            run.append(line)
        elif run:
            yield _paragraph(run)
            run = []


def _paragraph(lines: Sequence[Sequence[Inline]]) -> Block:
    texts = [leaf.text for leaf in lines[0] if isinstance(leaf, Text)]
    if len(lines) == 1 and len(texts) == len(lines[0]) and "".join(texts).strip(_SPACE) == RULE:
        return Rule()
    joined = [leaf for line in lines for leaf in (HardBreak(), *line)]
    return Paragraph(tuple(joined[1:]))


def _is_blank(leaf: Inline) -> bool:
    while isinstance(leaf, Strong | Emphasis | Underline | Strike):
        leaf = leaf.children[0]
    return isinstance(leaf, HardBreak) or (isinstance(leaf, Text) and not leaf.text.strip(_SPACE))


def _line(nodes: Sequence[Node]) -> tuple[Inline, ...]:
    """All that is in the nodes as one line, without breaks at its ends."""
    leaves = list(_leaves(nodes, (), code=False))
    while leaves and isinstance(leaves[0], HardBreak):
        del leaves[0]
    while leaves and isinstance(leaves[-1], HardBreak):
        del leaves[-1]
    return tuple(leaves)


def _leaves(nodes: Sequence[Node], marks: tuple[_Mark, ...], *, code: bool) -> Iterator[Inline]:
    """Pieces of text, links, pictures and breaks in order, each but breaks with all marks around it."""
    for node in nodes:
        if isinstance(node, Characters):
            yield from _text(node.text, marks, code=code)
        elif node.name in _MARKS:
            mark = _MARKS[node.name]
            inner = marks if mark in marks else (*marks, mark)
            yield from _leaves(node.children, inner, code=code)
        elif node.name == "br":
            yield HardBreak()
        elif node.name == "a":
            yield from (_marked(leaf, marks) for leaf in _link(node, code=code))
        elif node.name == "img":
            yield _marked(_image(node), marks)
        elif is_block(node):
            yield HardBreak()
            yield from _leaves(node.children, marks, code=code)
            yield HardBreak()
        else:
            yield from _leaves(node.children, marks, code=code or node.name in _CODE)


def _text(text: str, marks: tuple[_Mark, ...], *, code: bool) -> Iterator[Inline]:
    for index, line in enumerate(text.split("\n")):
        if index:
            yield HardBreak()
        if line:
            yield _marked(Code(line) if code else Text(line), marks)


def _marked(leaf: Inline, marks: tuple[_Mark, ...]) -> Inline:
    for mark in reversed(marks):
        leaf = mark((leaf,))
    return leaf


def _link(element: Element, *, code: bool) -> Sequence[Inline]:
    children = tuple(
        Text(" ") if isinstance(leaf, HardBreak) else leaf
        for leaf in _leaves(element.children, (), code=code)
    )
    target = read_target(element)
    if not target:
        return children
    return [Link(target, children or (Text(target),))]


def read_target(element: Element) -> str:
    """What an `<a>` or `<img>` leads to; empty where it says nothing."""
    given = element.attributes
    gid = given.get("data-asana-gid", "")
    if not _GID.fullmatch(gid):
        return given.get("href") or given.get("src") or ""
    if element.name == "img":
        return ASSET + gid
    kind = given.get("data-asana-type") or ""
    if kind == "user" or (not kind and content_of(element.children).startswith("@")):
        return PROFILE + gid
    return given.get("href") or _TASK + gid


def _image(element: Element) -> Image:
    return Image(read_target(element), element.attributes.get("alt", "").strip())
