"""The tree written as Markdown, in one style: `*`, `**`, `-`, `1.`, `#`, fences, blank lines between."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pm_providers.text.document import (
    Block,
    BulletList,
    CodeBlock,
    Document,
    Heading,
    HtmlBlock,
    Inline,
    ListItem,
    OpaqueBlock,
    OrderedList,
    Paragraph,
    Quote,
    Rule,
    Table,
    Text,
)
from pm_providers.text.normal_blocks import MAX_NUMBER, normalise
from pm_providers.text.reading import TASK, read_alone, read_heading, read_line, read_paragraph
from pm_providers.text.writing_inline import write_safely

__all__ = ["render_markdown"]

_DASHES = {None: "---", "left": ":--", "center": ":-:", "right": "--:"}
_RULE = re.compile(r"(?:(?:- *){3,}|(?:\* *){3,})")
_CLOSING = re.compile(r"(?:^|(?<=\s))#+$")
_PROBE = Paragraph((Text("x"),))


def render_markdown(document: Document) -> str:
    """Write the normal form of the tree; without a line end at the end, an empty document as `""`.

    `parse_markdown` reads exactly `normalise(document)` from it. The same tree always gives the same text,
    with no more escapes than needed.
    """
    return "\n\n".join(_texts(normalise(document).blocks, in_item=False))


def _texts(blocks: Sequence[Block], *, in_item: bool) -> list[str]:
    """Each block as text. A list beside another of its kind gets the other marker, or they would be one."""
    result: list[str] = []
    other = False
    for index, block in enumerate(blocks):
        previous = blocks[index - 1] if index else None
        is_list = isinstance(block, BulletList | OrderedList)
        other = is_list and type(previous) is type(block) and not other
        if isinstance(block, BulletList | OrderedList):
            result.append(_list(block, other=other))
        else:
            result.append(_block(block, in_item=in_item))
    return result


def _block(block: Block, *, in_item: bool) -> str:
    if isinstance(block, Paragraph):
        return write_safely(block.children, read_paragraph)
    if isinstance(block, Heading):
        return _heading(block)
    if isinstance(block, Quote):
        lines = "\n\n".join(_texts(block.blocks, in_item=False)).split("\n")
        return "\n".join(f"> {line}" if line else ">" for line in lines)
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, CodeBlock):
        return _fenced(block.text, block.info)
    if isinstance(block, OpaqueBlock):
        return _fenced(block.markup, f"{{={block.dialect}}}")
    if isinstance(block, HtmlBlock):
        whole = read_alone(f"{block.html}\n\nx") == (block, _PROBE)
        return block.html if whole else _fenced(block.html, "{=html}")
    # Dashes may underline a heading, or join the marker of an item to a longer rule.
    return "___" if in_item and isinstance(block, Rule) else "---"


def _heading(block: Heading) -> str:
    marker = "#" * block.level

    def read(text: str) -> tuple[Inline, ...] | None:
        return read_heading(f"{marker} {text}")

    text = write_safely(block.children, read, single=True)
    if read(text) != block.children:  # its last `#` would be taken for the end of the heading
        text = _CLOSING.sub(lambda match: f"\\{match[0]}", text)
    return f"{marker} {text}" if text else marker


def _fenced(text: str, info: str) -> str:
    char = "~" if "`" in info else "`"
    longest = max((len(run) for run in re.findall(f"{char}+", text)), default=0)
    fence = char * max(3, longest + 1)
    gap = " " if info.startswith(char) else ""
    body = f"{text}\n" if text else ""
    return f"{fence}{gap}{info}\n{body}{fence}"


def _table(table: Table) -> str:
    dashes = [_DASHES[alignment] for alignment in table.alignments]
    rows = [[_cell(cell) for cell in row] for row in (table.header, *table.rows)]
    return "\n".join(_row(row) for row in (rows[0], dashes, *rows[1:]))


def _row(cells: list[str]) -> str:
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in cells)


def _cell(children: tuple[Inline, ...]) -> str:
    return write_safely(children, read_line, single=True).replace("|", "\\|")


# --- lists


def _list(block: BulletList | OrderedList, *, other: bool) -> str:
    items = [_item(item) for item in block.items]
    markers = _markers(block, other=other)
    if block.tight:
        text = _joined(items, markers, "\n")
        if _is_simple(block, text) or _stays_tight(block, text):
            return text
    return _joined(items, markers, "\n\n")


def _markers(block: BulletList | OrderedList, *, other: bool) -> list[str]:
    if isinstance(block, BulletList):
        return ["*" if other else "-"] * len(block.items)
    numbers = (min(block.start + index, MAX_NUMBER) for index in range(len(block.items)))
    return [f"{number}{')' if other else '.'}" for number in numbers]


def _item(item: ListItem) -> list[str]:
    """Texts of the blocks of an item, the box of a task in the first."""
    texts = _texts(item.blocks, in_item=True)
    running = bool(item.blocks) and isinstance(item.blocks[0], Paragraph)
    if item.checked is None:
        if running and TASK.match(texts[0]):
            texts[0] = f"\\{texts[0]}"
        return texts
    box = "[x]" if item.checked else "[ ]"
    return [f"{box} {texts[0]}", *texts[1:]] if running else [box, *texts]


def _joined(items: list[list[str]], markers: list[str], gap: str) -> str:
    pairs = zip(items, markers, strict=True)
    return gap.join(_indented(gap.join(texts), marker) for texts, marker in pairs)


def _indented(text: str, marker: str) -> str:
    if not text:
        return marker
    indent = " " * (len(marker) + 1)
    first, *rest = text.split("\n")
    lines = [f"{indent}{line}" if line else "" for line in rest]
    if _RULE.fullmatch(f"{marker} {first}"):  # items of items without text look like a rule
        return "\n".join([marker, f"{indent}{first}", *lines])
    return "\n".join([f"{marker} {first}", *lines])


def _is_simple(block: BulletList | OrderedList, text: str) -> bool:
    """Whether it is plain that the text is read as a list without blank lines."""
    return "\n\n" not in text and all(_is_simple_item(item) for item in block.items)


def _is_simple_item(item: ListItem) -> bool:
    if not item.blocks:
        return True
    first, *rest = item.blocks
    if not isinstance(first, Paragraph) or len(rest) > 1:
        return False
    nested = rest[0] if rest else None
    if nested is None:
        return True
    counts = isinstance(nested, BulletList) or (isinstance(nested, OrderedList) and nested.start == 1)
    return counts and _has_text(nested)


def _has_text(block: Block) -> bool:
    if not isinstance(block, BulletList | OrderedList):
        return False
    first = block.items[0]
    return bool(first.blocks) and isinstance(first.blocks[0], Paragraph)


def _stays_tight(block: BulletList | OrderedList, text: str) -> bool:
    read = read_alone(text)
    only = read[0] if len(read) == 1 else None
    return only == block and isinstance(only, BulletList | OrderedList) and only.tight
