"""Wiki markup (Data Center) read into the tree.

Blocks between tags (`{code}`, `{noformat}`, `{quote}`, `{panel}`) are taken out first and stand as one sign
in their line, wherever that is; lines are read afterwards. Panels are quotes that begin with `[!PANEL]` and
the panel's parameters. What comes after the language of `{code}` follows it behind a bar.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pm_providers.errors import ValidationError
from pm_providers.providers.jira.mapping.adf_nodes import TASKS
from pm_providers.providers.jira.mapping.adf_reading import first_line
from pm_providers.providers.jira.mapping.adf_tables import cell_line
from pm_providers.providers.jira.mapping.wiki_inline_reading import read_wiki_line
from pm_providers.text import (
    Block,
    BulletList,
    CodeBlock,
    Document,
    HardBreak,
    Heading,
    Inline,
    ListItem,
    OrderedList,
    Paragraph,
    Quote,
    Rule,
    SoftBreak,
    Strong,
    Table,
    Text,
)
from pm_providers.text.markdown import MAX_CHARACTERS, normalise

__all__ = ["PANEL", "Chunk", "read_chunks", "read_wiki"]

PANEL = "[!PANEL]"
"""What a quote that stands for a panel begins with."""

_OPEN, _CLOSE = "\ufdd0", "\ufdd1"  # no text holds these: Unicode keeps them for inner use
_VERBATIM = re.compile(r"(?<![\\{])\{(code|noformat)(?::([^{}\n]*))?\}")
_FRAME = re.compile(r"(?<!\\)\{(quote|panel)(?::([^{}\n]*))?\}")
_ENDS = {kind: re.compile(rf"(?<!\\)\{{{kind}\}}") for kind in ("code", "noformat", "quote", "panel")}
_TAKEN = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_SPACE = " \t\n"
_HEADING = re.compile(r"[ \t]*h([1-6])\.(?:[ \t]+(.*))?$")
_QUOTE = re.compile(r"[ \t]*bq\.[ \t]+(.*)$")
_ITEM = re.compile(r"[ \t]*([*#]+|-+)[ \t]+(.*)$")
_RULE = re.compile(r"[ \t]*-{4,}[ \t]*$")
_ROW = re.compile(r"[ \t]*\|")
_CELLS = re.compile(
    r"\\.|\[(?:\\.|[^\]\[\\\n])*\]|\{\{(?:\\.|(?!\}\}).){1,4000}\}\}|!\S[^!\n]*\|[^!|\n]*!|\|\|?", re.DOTALL
)
_MAX_LEVELS = 15


@dataclass(frozen=True, slots=True)
class Chunk:
    """Blocks that stand together in the source.

    Attributes:
        blocks: what they are, not yet in normal form.
        source: what they are written as, with the line ends behind it.
    """

    blocks: tuple[Block, ...]
    source: str


@dataclass(slots=True)
class _Taken:
    """Blocks that were taken out of the text: what they are and how they were written."""

    blocks: list[Block] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)

    def add(self, block: Block, source: str) -> str:
        self.blocks.append(block)
        self.sources.append(self.restore(source))
        return f"{_OPEN}{len(self.blocks) - 1}{_CLOSE}"

    def restore(self, text: str) -> str:
        """The text with its tags again."""
        return _TAKEN.sub(lambda found: self.sources[int(found[1])], text)


def read_wiki(text: str) -> Document:
    """The tree of a text, in normal form. Every text is valid.

    Raises:
        ValidationError: the text is longer than a million characters.
    """
    return normalise(Document(tuple(block for chunk in read_chunks(text) for block in chunk.blocks)))


def read_chunks(text: str) -> list[Chunk]:
    r"""The text as pieces whose sources together are the text, with `\\n` for all line ends.

    Raises:
        ValidationError: as `read_wiki`.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValidationError(
            f"a text of {len(text)} characters is too long: {MAX_CHARACTERS} are read at most"
        )
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace(_OPEN, "\ufffd").replace(_CLOSE, "\ufffd")
    taken = _Taken()
    return [
        Chunk(tuple(blocks), taken.restore(source))
        for blocks, source in _Lines(_take(text, taken), taken).chunks()
    ]


# --- blocks between tags


def _take(text: str, taken: _Taken) -> str:
    text = _take_all(text, _VERBATIM, taken)
    return _take_all(text, _FRAME, taken)


def _take_all(text: str, opening: re.Pattern[str], taken: _Taken) -> str:
    """The text with a sign for each pair of tags and what is between; a tag without a partner stays."""
    parts: list[str] = []
    position = start = 0
    hopeless: set[str] = set()
    while found := opening.search(text, position):
        position = found.end()
        kind = found[1]
        end = None if kind in hopeless else _ENDS[kind].search(text, position)
        if end is None:
            hopeless.add(kind)
            continue
        block = _framed(kind, found[2] or "", text[position : end.start()], taken)
        parts.extend((text[start : found.start()], taken.add(block, text[found.start() : end.end()])))
        position = start = end.end()
    return "".join((*parts, text[start:]))


def _framed(kind: str, parameters: str, inner: str, taken: _Taken) -> Block:
    if kind in {"code", "noformat"}:
        return CodeBlock(inner.removeprefix("\n").removesuffix("\n"), _info(parameters))
    blocks = [block for found, _ in _Lines(inner, taken).chunks() for block in found]
    if kind == "quote":
        return Quote(tuple(blocks))
    head = (Text(f"{PANEL} {parameters}".strip()),)
    line = first_line(blocks)
    if line and not isinstance(line[0], HardBreak):
        return Quote((Paragraph((*head, SoftBreak(), *line)), *blocks[1:]))
    return Quote((Paragraph(head), *blocks))


def _info(parameters: str) -> str:
    """Language, and the other parameters behind a bar."""
    parts = [part.strip() for part in parameters.split("|") if part.strip()]
    language = parts.pop(0) if parts and "=" not in parts[0] else ""
    return f"{language} |{'|'.join(parts)}".strip() if parts else language


# --- lines


class _Lines:
    """Reads the lines of a text in which blocks between tags are signs."""

    def __init__(self, text: str, taken: _Taken) -> None:
        self._lines = text.split("\n")
        self._source = tuple(self._lines)
        self._taken = taken
        self._at = 0

    def chunks(self) -> list[tuple[list[Block], str]]:
        """Blocks, and the source of each with the blank lines behind it."""
        result: list[tuple[list[Block], str]] = []
        while self._at < len(self._lines):
            start = self._at
            blocks = self._next()
            while self._at < len(self._lines) and not self._lines[self._at].strip(_SPACE):
                self._at += 1
            source = "\n".join(self._source[start : self._at])
            result.append((blocks, source if self._at == len(self._lines) else source + "\n"))
        return result

    def _next(self) -> list[Block]:
        line = self._lines[self._at]
        if not line.strip(_SPACE):
            return []
        if _ITEM.match(line) and not _RULE.match(line):
            return self._list()
        if _ROW.match(line):
            return [self._table()]
        if block := self._single(line):
            self._at += 1
            return [block]
        return self._paragraph()

    def _single(self, line: str) -> Block | None:
        """A block that is one line, whatever follows."""
        if _TAKEN.search(line):
            return None
        if found := _HEADING.match(line):
            return Heading(int(found[1]), read_wiki_line(found[2] or ""))
        if found := _QUOTE.match(line):
            return Quote((Paragraph(read_wiki_line(found[1])),))
        return Rule() if _RULE.match(line) else None

    def _is_running(self) -> bool:
        """Whether the line goes on with the text before it."""
        if self._at >= len(self._lines) or not (line := self._lines[self._at]).strip(_SPACE):
            return False
        return not (_ITEM.match(line) or _ROW.match(line) or self._single(line))

    def _running(self) -> list[Block]:
        """Blocks of this line and those that go on with it."""
        lines = [self._lines[self._at]]
        self._at += 1
        while self._is_running():
            lines.append(self._lines[self._at])
            self._at += 1
        return self._mixed("\n".join(line.strip(_SPACE) for line in lines))

    def _paragraph(self) -> list[Block]:
        return self._running()

    def _mixed(self, text: str) -> list[Block]:
        """Text with signs for blocks in it."""
        blocks: list[Block] = []
        for index, part in enumerate(_TAKEN.split(text)):
            if index % 2:
                blocks.append(self._taken.blocks[int(part)])
            elif part.strip(_SPACE):
                blocks.append(Paragraph(read_wiki_line(part.strip(_SPACE))))
        return blocks

    # --- lists

    def _list(self) -> list[Block]:
        items: list[tuple[str, list[Block]]] = []
        while self._at < len(self._lines) and (found := _ITEM.match(self._lines[self._at])):
            if _RULE.match(self._lines[self._at]):
                break
            self._lines[self._at] = found[2] or " "
            items.append((found[1][:_MAX_LEVELS], self._running()))
        return _lists(items, 0)

    # --- tables

    def _table(self) -> Table:
        rows: list[list[tuple[bool, tuple[Inline, ...]]]] = []
        while self._at < len(self._lines) and _ROW.match(self._lines[self._at]):
            line = self._lines[self._at]
            self._at += 1
            while not line.rstrip(_SPACE).endswith("|") and self._is_running():
                line += "\n" + self._lines[self._at]
                self._at += 1
            rows.append([(header, self._cell(text)) for header, text in _cells(line.strip(_SPACE))])
        if rows and all(header for header, _ in rows[0]):
            return Table(tuple(cell for _, cell in rows[0]), tuple(map(_row, rows[1:])))
        width = max((len(row) for row in rows), default=0)
        return Table(((),) * width, tuple(map(_row, rows)))

    def _cell(self, text: str) -> tuple[Inline, ...]:
        return cell_line(self._mixed(text.strip(_SPACE)))


def _row(row: Sequence[tuple[bool, tuple[Inline, ...]]]) -> tuple[tuple[Inline, ...], ...]:
    """Cells of a row that is not the header; header cells in it are strong."""
    return tuple((Strong(cell),) if header and cell else cell for header, cell in row)


def _cells(line: str) -> list[tuple[bool, str]]:
    """Cells of a row, and whether each is a header: bars in links, code and pictures part nothing."""
    cells: list[tuple[bool, str]] = []
    start: int | None = None
    header = False
    for found in _CELLS.finditer(line):
        if not found[0].startswith("|"):
            continue
        if start is not None:
            cells.append((header, line[start : found.start()]))
        header, start = found[0] == "||", found.end()
    if start is not None and line[start:].strip(_SPACE):
        cells.append((header, line[start:]))
    return cells


def _lists(items: Sequence[tuple[str, list[Block]]], level: int) -> list[Block]:
    """Lists of the items at that level, each kind of sign one of its own."""
    result: list[Block] = []
    position = 0
    while position < len(items):
        kind = _ordered(items[position][0], level)
        end = position
        while end < len(items) and _ordered(items[end][0], level) == kind:
            end += 1
        found = _items(items[position:end], level)
        result.append(OrderedList(found) if kind else BulletList(found))
        position = end
    return result


def _ordered(marker: str, level: int) -> bool:
    return marker[min(level, len(marker) - 1)] == "#"


def _items(items: Sequence[tuple[str, list[Block]]], level: int) -> tuple[ListItem, ...]:
    found: list[ListItem] = []
    position = 0
    while position < len(items):
        marker, blocks = items[position]
        own = [] if len(marker) > level + 1 else blocks
        position += len(marker) <= level + 1
        end = position
        while end < len(items) and len(items[end][0]) > level + 1:
            end += 1
        nested = _lists(items[position:end], level + 1) if end > position else []
        found.append(_item(own, nested))
        position = end
    return tuple(found)


def _item(own: list[Block], nested: list[Block]) -> ListItem:
    first = own[0] if own else None
    lead = first.children[0] if isinstance(first, Paragraph) and first.children else None
    if isinstance(first, Paragraph) and isinstance(lead, Text):
        for box, checked in TASKS.items():
            if lead.text.startswith(box) or lead.text == box.rstrip():
                rest = Paragraph((Text(lead.text[len(box) :]), *first.children[1:]))
                return ListItem((rest, *own[1:], *nested), checked)
    return ListItem((*own, *nested))
