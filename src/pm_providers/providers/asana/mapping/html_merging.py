"""A changed text with what Markdown cannot say taken over from the stored one.

Pieces of the stored text that read as blocks of the new one are kept with all they hold: unknown tags and
attributes, pictures, mentions, blank lines. Pieces that changed are paired with those they replace and
merged: lists item by item, paragraphs and quotes line by line. Within a line that changed, links and
pictures keep their attributes; unknown tags in it are lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pm_providers.providers.asana.mapping.html_nodes import (
    Characters,
    Element,
    Node,
    is_block,
    source_of,
    wrapped,
)
from pm_providers.providers.asana.mapping.html_reading import (
    Chunk,
    read_blocks,
    read_chunks,
    read_item,
)
from pm_providers.providers.asana.mapping.html_writing import HtmlWriter, gap, settled
from pm_providers.text import (
    Block,
    BulletList,
    Document,
    Heading,
    ListItem,
    OrderedList,
    Paragraph,
    Quote,
    normalise,
)
from pm_providers.text.aligning import kept_whole, pair_up

__all__ = ["merge_html"]

_SPACE = " \t\n"


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of the result: its markup, the number of the stored piece it stands for, what followed that."""

    text: str
    owner: int = -1
    tail: str = ""


def merge_html(stored: Sequence[Node], document: Document, writer: HtmlWriter) -> str:
    """The content of a body that says what the document says, with the stored markup where that is the same.

    Args:
        stored: the content of the body before the change.
        document: what it should say, in normal form.
        writer: a writer that knows the stored text.
    """
    lead, chunks, shown = _shown_chunks(stored, writer)
    new = [(block, text) for block in document.blocks if (text := writer.block(block))]
    kept = kept_whole(shown, [text for _, text in new])
    pieces: list[_Piece] = []
    old_at = new_at = 0
    for start in (*kept, len(new)):
        owner = kept.get(start, len(chunks))
        pieces.extend(_changed(chunks, range(old_at, owner), new[new_at:start], writer))
        if start in kept:
            pieces.append(_Piece(chunks[owner].source, owner, chunks[owner].tail))
            old_at, new_at = owner + 1, start + len(shown[owner])
    return lead + _joined(pieces, last=len(chunks) - 1)


def _shown_chunks(stored: Sequence[Node], writer: HtmlWriter) -> tuple[str, list[Chunk], list[list[str]]]:
    """What leads the text without being shown, pieces that something is shown of, and what that is.

    What is not shown follows the piece before it.
    """
    lead = ""
    chunks: list[Chunk] = []
    shown: list[list[str]] = []
    for chunk in read_chunks(stored):
        if written := _written(chunk.blocks, writer):
            chunks.append(chunk)
            shown.append(written)
        elif chunks:
            last = chunks[-1]
            tail = last.tail + chunk.source + chunk.tail
            chunks[-1] = Chunk(last.blocks, last.nodes, last.source, tail)
        else:
            lead += chunk.source + chunk.tail
    return lead, chunks, shown


def _written(blocks: tuple[Block, ...], writer: HtmlWriter) -> list[str]:
    """Each block as it is written now; stored ones may be of a form that is not."""
    _, document = settled(writer, Document(blocks))
    return [text for block in document.blocks if (text := writer.block(block))]


def _joined(pieces: Sequence[_Piece], *, last: int) -> str:
    """The pieces as one text: neighbours in the stored text are as far apart as they were."""
    parts: list[str] = []
    for index, piece in enumerate(pieces):
        following = pieces[index + 1] if index + 1 < len(pieces) else None
        parts.append(piece.text)
        if following is None:
            parts.append(piece.tail if piece.owner == last else piece.tail.rstrip(_SPACE))
        elif piece.owner >= 0 and following.owner == piece.owner + 1:
            parts.append(piece.tail)
        else:
            parts.append(piece.tail.rstrip(_SPACE) + gap(piece.text, following.text))
    return "".join(parts)


def _changed(
    chunks: Sequence[Chunk], old: range, new: Sequence[tuple[Block, str]], writer: HtmlWriter
) -> list[_Piece]:
    """New blocks of one stretch, each merged with the old piece it replaces."""
    pairs = pair_up(
        [(_kind(chunks[index].blocks), chunks[index].source) for index in old],
        [(type(block).__name__, text) for block, text in new],
    )
    pieces: list[_Piece] = []
    for index, (block, text) in enumerate(new):
        if index not in pairs:
            pieces.append(_Piece(text))
            continue
        owner = old[pairs[index]]
        pieces.append(_Piece(_merged(chunks[owner].nodes, block, writer) or text, owner, chunks[owner].tail))
    return pieces


def _kind(blocks: Sequence[Block]) -> str:
    return type(blocks[0]).__name__ if len(blocks) == 1 else ""


def _merged(old: Sequence[Node], block: Block, writer: HtmlWriter) -> str:
    """One block with what the old one of its kind holds beyond it; empty where nothing is common."""
    only = old[0] if len(old) == 1 else None
    if isinstance(block, Paragraph):
        return "" if any(map(is_block, old)) else _lines(old, writer.block(block), writer.blocks)
    if not isinstance(only, Element):
        return ""
    if isinstance(block, BulletList | OrderedList):
        return _list(only, block, writer)
    if isinstance(block, Quote) and only.name == "blockquote":
        return wrapped(only, _lines(only.children, writer.quoted(block.blocks), writer.quoted))
    if isinstance(block, Heading) and only.name in {"h1", "h2"}:
        return wrapped(only, _content(writer.block(block)))
    return ""


def _content(text: str) -> str:
    """What is between the outer tags."""
    return text[text.index(">") + 1 : text.rindex("<")]


# --- lines


def _lines(old: Sequence[Node], new: str, write: Callable[[Sequence[Block]], str]) -> str:
    """The new lines, those of the old ones that say the same verbatim."""
    stored = [
        (source_of(line).strip(_SPACE), write(normalise(Document(read_blocks(line))).blocks))
        for line in _cut(old)
    ]
    lines = new.split("\n")
    shown = [text.split("\n") for _, text in stored]
    kept = kept_whole(shown, lines)
    result: list[str] = []
    place = 0
    while place < len(lines):
        owner = kept.get(place)
        result.append(lines[place] if owner is None else stored[owner][0])
        place += 1 if owner is None else len(shown[owner])
    return "\n".join(result)


def _cut(nodes: Sequence[Node]) -> list[list[Node]]:
    """The nodes of each line; line ends within elements part nothing."""
    lines: list[list[Node]] = [[]]
    for node in nodes:
        if isinstance(node, Element):
            lines[-1].append(node)
            continue
        first, *rest = node.raw.split("\n")
        lines[-1].append(Characters(first))
        lines.extend([Characters(line)] for line in rest)
    return lines


# --- lists


def _list(old: Element, new: BulletList | OrderedList, writer: HtmlWriter) -> str:
    """The list item by item; empty where the old one holds anything but items, or is of the other kind."""
    if old.name != ("ul" if isinstance(new, BulletList) else "ol"):
        return ""
    items: list[Element] = []
    for node in old.children:
        if isinstance(node, Element) and node.name == "li":
            items.append(node)
        elif isinstance(node, Element) or node.text.strip(_SPACE):
            return ""
    written = [writer.item(item) for item in new.items]
    shown = [_shown_item(item, writer) for item in items]
    kept = kept_whole([[text] for text in shown], written)
    result = list(written)
    old_at = new_at = 0
    for start in (*kept, len(written)):
        owner = kept.get(start, len(items))
        pairs = pair_up(
            [("", text) for text in shown[old_at:owner]], [("", text) for text in written[new_at:start]]
        )
        for right, left in pairs.items():
            result[new_at + right] = _item(items[old_at + left], new.items[new_at + right], writer)
        if start in kept:
            result[start] = source_of([items[owner]])
            old_at, new_at = owner + 1, start + 1
    return wrapped(old, "".join(result))


def _shown_item(item: Element, writer: HtmlWriter) -> str:
    """The item as it would be written now."""
    document = normalise(Document((BulletList((read_item(item),)),)))
    text, _ = settled(writer, document)
    return text.removeprefix("<ul>").removesuffix("</ul>")


def _item(old: Element, new: ListItem, writer: HtmlWriter) -> str:
    """An item that changed: its lists are merged with those of the old one."""
    stored = [node for node in old.children if isinstance(node, Element) and node.name in {"ul", "ol"}]
    lists = [block for block in new.blocks if isinstance(block, BulletList | OrderedList)]
    merged: list[str] = []
    if len(stored) == len(lists):
        merged = [_list(left, right, writer) for left, right in zip(stored, lists, strict=True)]
    return wrapped(old, writer.inside(new, merged))
