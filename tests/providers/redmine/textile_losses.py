"""What a document is after it has been Textile: the losses that `mapping.textile` names, and no others."""

from __future__ import annotations

from dataclasses import replace

from pm_providers.text import (
    Block,
    BulletList,
    Document,
    HardBreak,
    Heading,
    Inline,
    Link,
    ListItem,
    Mark,
    OrderedList,
    Paragraph,
    Quote,
    SoftBreak,
    Table,
    Text,
    normalise,
)

__all__ = ["after_textile"]

Lists = BulletList | OrderedList


def after_textile(document: Document) -> Document:
    """The document with the named losses, in normal form."""
    return normalise(Document(tuple(_block(block) for block in normalise(document).blocks)))


def _block(block: Block) -> Block:
    if isinstance(block, Paragraph | Heading):
        return replace(block, children=_line(block.children))
    if isinstance(block, Quote):
        return Quote(tuple(_block(child) for child in block.blocks))
    if isinstance(block, Lists):
        return replace(block, items=tuple(_item(item) for item in block.items))
    if isinstance(block, Table):
        rows = tuple(tuple(_line(cell) for cell in row) for row in block.rows)
        return Table(tuple(_line(cell) for cell in block.header), rows, block.alignments)
    return block


def _line(inlines: tuple[Inline, ...], inside: frozenset[type[Inline]] = frozenset()) -> tuple[Inline, ...]:
    result: list[Inline] = []
    for node in inlines:
        if Link in inside and isinstance(node, SoftBreak | HardBreak):
            result.append(Text(" "))
        elif isinstance(node, Link | Mark):
            children = _line(node.children, inside | {type(node)})
            result += children if type(node) in inside else [replace(node, children=children)]
        else:
            result.append(node)
    return tuple(result)


def _in_item(block: Block) -> Block:
    """Items hold some blocks as Markdown, which loses nothing."""
    simple = isinstance(block, Quote) and all(isinstance(child, Paragraph) for child in block.blocks)
    return _block(block) if simple or isinstance(block, Paragraph | BulletList | OrderedList) else block


def _item(item: ListItem) -> ListItem:
    blocks: list[Block] = []
    for block in (_in_item(child) for child in item.blocks):
        last = blocks[-1] if blocks else None
        if isinstance(last, Lists) and isinstance(block, Lists):
            if type(last) is type(block):
                blocks[-1] = replace(last, items=last.items + block.items)
            else:
                blocks.append(block)
        elif isinstance(last, Lists):
            blocks[-1] = _appended(last, block)
        else:
            blocks.append(block)
    return ListItem(tuple(blocks), item.checked)


def _appended(target: Lists, block: Block) -> Lists:
    """The list with a block at the end of its last item, however deep that is."""
    *items, item = target.items
    last = item.blocks[-1] if item.blocks else None
    if isinstance(last, Lists):
        return replace(
            target, items=(*items, replace(item, blocks=(*item.blocks[:-1], _appended(last, block))))
        )
    return replace(target, items=(*items, replace(item, blocks=(*item.blocks, block))))
