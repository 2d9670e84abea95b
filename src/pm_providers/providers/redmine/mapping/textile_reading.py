"""Reads Textile into a document: quotes, tables, lists, headings, paragraphs, in RedCloth3's order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pm_providers.providers.redmine.mapping.textile_base import BR, END, START, Marks
from pm_providers.providers.redmine.mapping.textile_inlines import DIALECT, read_inlines, read_paragraphs
from pm_providers.providers.redmine.mapping.textile_marks import ATTRIBUTES, mark_source
from pm_providers.text.document import (
    Alignment,
    Block,
    BulletList,
    CodeBlock,
    Document,
    Heading,
    Inline,
    ListItem,
    OpaqueBlock,
    OrderedList,
    Paragraph,
    Quote,
    Rule,
    Table,
)

__all__ = ["MAX_DEPTH", "read_textile"]

MAX_DEPTH = 40
"""Quotes and lists nested deeper than this are read as if they were this deep."""

_BLANK = f" \n{BR}"
_ALIGN = r"[<>=()]*[\-^~]?[<>=()]*"
_HARD_BREAK = re.compile(r"(?<=[^\n])\n(?!\n|\Z|\n\Z| *(?:[#*=]+(?:\s|\Z)|[{|]))")
_BLOCKS = re.compile(r"\n{2,}(?! )")
_INDENTED = re.compile(r"\n\n(?= )")
_QUOTE_LINE = re.compile(r"[> ]+")
_PREFIX = re.compile(rf"(p|bq|h[1-6])({_ALIGN}{ATTRIBUTES})\.(:\S+)? (.*)", re.DOTALL)
_RULE = re.compile(r"(?: ?\* ?){3,}|(?: ?- ?){3,}|(?: ?_ ?){3,}")
_TABLE_LINE = re.compile(rf"{_ALIGN}{ATTRIBUTES}\.? ?\|")
_TABLE_HEAD = re.compile(rf"table[_\\/0-9]*{_ALIGN}{ATTRIBUTES}\. ?")
_LIST_LINE = re.compile(rf"[#*]+{ATTRIBUTES} ")
_ITEM = re.compile(rf"([#*]+)({_ALIGN}{ATTRIBUTES}) (.*)", re.DOTALL)
_JOINED_ROW = re.compile(r"([^|\s])[ \t]*\n")
_CELL = re.compile(
    rf"\|(_?(?:\\\d+)?(?:/\d+)?(?:\\\d+)?{_ALIGN}{ATTRIBUTES}\. ?)?((?:\[\[[^|\]]*\|[^|\]]*\]\]|[^|])*)(?=\|)"
)
_FIRST_MARK = re.compile(f"{START}(\\d+){END}")
HIDDEN_NUMBER = re.compile(r"<!--([0-9]{1,9})\.-->")
_TASK = re.compile(r"\[([ xX])\](?: |\Z)")
_ALIGNMENTS: dict[str, Alignment | None] = {"": None, "<": "left", "=": "center", ">": "right"}


def read_textile(text: str) -> Document:
    """Document of a Textile text, as Redmine shows it; what no node says is opaque."""
    marks = Marks()
    return Document(tuple(_quoted(mark_source(text, marks).split("\n"), marks, 0)))


def _quoted(lines: list[str], marks: Marks, depth: int) -> list[Block]:
    """Blocks of lines; runs of lines that start with `>` are quotes."""
    levels = [(_level(line), line) for line in lines]
    return _nested(
        [(level, _QUOTE_LINE.sub("", line, count=1) if level else line) for level, line in levels],
        marks,
        depth,
    )


def _level(line: str) -> int:
    if not line.startswith(">"):
        return 0
    found = _QUOTE_LINE.match(line)
    return min(found[0].count(">") if found else 0, MAX_DEPTH)


def _nested(lines: list[tuple[int, str]], marks: Marks, depth: int) -> list[Block]:
    blocks: list[Block] = []
    at = 0
    while at < len(lines):
        quoted = lines[at][0] > depth
        end = at
        while end < len(lines) and (lines[end][0] > depth) == quoted:
            end += 1
        if quoted:
            blocks.append(Quote(tuple(_nested(lines[at:end], marks, depth + 1))))
        else:
            blocks += _plain("\n".join(text for _, text in lines[at:end]), marks)
        at = end
    return blocks


def _plain(text: str, marks: Marks) -> Iterator[Block]:
    for chunk in _BLOCKS.split(_HARD_BREAK.sub(BR, re.sub(r"\n{3,}", "\n\n", text))):
        yield from _chunk(chunk, marks)


def _chunk(chunk: str, marks: Marks) -> list[Block]:
    """Blocks of what stands between blank lines."""
    if chunk.startswith(START):
        return read_paragraphs(chunk, marks)
    text = chunk.strip(_BLANK)
    if not text:
        return []
    head, *indented = _INDENTED.split(text)
    if _LIST_LINE.match(head):  # indented text belongs to the last item
        return _ruled(f"{BR}&nbsp;{BR}".join([head, *map(_flushed, indented)]), marks)
    blocks = _ruled(head, marks)
    for part in indented:
        blocks += _indented(_flushed(part), head[0] not in "#*> ", marks)
    return blocks


def _flushed(part: str) -> str:
    return _HARD_BREAK.sub(BR, re.sub(r"(?m)^ +", "", part.replace(BR, "\n")))


def _indented(part: str, code: bool, marks: Marks) -> list[Block]:
    blocks = _chunk(part, marks)
    if code and all(isinstance(block, Paragraph) for block in blocks):
        return [CodeBlock(marks.source(part))]
    return blocks


def _ruled(text: str, marks: Marks) -> list[Block]:
    lines = text.split("\n")
    table = _table_start(lines)
    head = lines if table is None else lines[:table]
    items = next((at for at, line in enumerate(head) if _LIST_LINE.match(line)), len(head))
    blocks = _prefixed("\n".join(head[:items]), marks)
    blocks += _lists(head[items:], marks)
    if table is not None:
        blocks.append(_table("\n".join(lines[table:]), marks))
    return blocks


def _prefixed(text: str, marks: Marks) -> list[Block]:
    if not text.strip(_BLANK):
        return []
    if _RULE.fullmatch(text):
        return [Rule()]
    found = _PREFIX.match(text)
    if found is None:
        return read_paragraphs(text, marks)
    sign, attributes, cite, content = found.groups()
    opaque: list[Block] = [OpaqueBlock(DIALECT, marks.source(text))]
    if attributes or cite:
        return opaque
    if sign == "p":
        return read_paragraphs(content, marks)
    if sign == "bq":
        return [Quote(tuple(read_paragraphs(content, marks)))]
    children = read_inlines(content.strip(f" {BR}"), marks)
    return opaque if children is None else [Heading(int(sign[1]), children)]


@dataclass(slots=True)
class _Item:
    """A list item that is being read."""

    text: str
    lists: list[_List] = field(default_factory=list)


@dataclass(slots=True)
class _List:
    """A list that is being read."""

    level: int
    ordered: bool
    items: list[_Item] = field(default_factory=list)


def _lists(lines: list[str], marks: Marks) -> list[Block]:
    """Lists of the lines of one chunk; opaque where an item has attributes."""
    found: list[_List] = []
    opened: list[_List] = []
    for line in lines:
        item = _ITEM.match(line)
        if item is None:
            last = opened[-1].items[-1]
            last.text = f"{last.text.rstrip(' ')} {BR}{line.strip(_BLANK)}"
        elif item[2]:
            return [OpaqueBlock(DIALECT, marks.source("\n".join(lines)))]
        else:
            _add_item(item[1], _Item(item[3]), opened, found)
    return [_list(entry, marks) for entry in found]


def _add_item(signs: str, item: _Item, opened: list[_List], found: list[_List]) -> None:
    level, ordered = len(signs), signs.endswith("#")
    while opened and opened[-1].level > level:
        opened.pop()
    if opened and opened[-1].level == level and opened[-1].ordered != ordered:
        opened.pop()
    if (not opened or opened[-1].level < level) and len(opened) < MAX_DEPTH:
        made = _List(level, ordered)
        (opened[-1].items[-1].lists if opened else found).append(made)
        opened.append(made)
    opened[-1].items.append(item)


def _list(entry: _List, marks: Marks) -> Block:
    if not entry.ordered:
        return BulletList(tuple(_item(item, marks) for item in entry.items))
    start = _hidden_number(entry.items[0], marks)
    return OrderedList(tuple(_item(item, marks) for item in entry.items), start)


def _hidden_number(item: _Item, marks: Marks) -> int:
    """Takes the number of a list off its first item, where a comment holds it: RedCloth counts from 1."""
    found = _FIRST_MARK.match(item.text)
    number = HIDDEN_NUMBER.fullmatch(marks.get(found[1]).source) if found else None
    if found is None or number is None:
        return 1
    item.text = item.text[found.end() :]
    return int(number[1])


def _item(item: _Item, marks: Marks) -> ListItem:
    task = _TASK.match(item.text)
    text = item.text[task.end() :] if task else item.text
    blocks = _body(text.split(BR), marks)
    blocks += [_list(entry, marks) for entry in item.lists]
    return ListItem(tuple(blocks), None if task is None else task[1] != " ")


def _body(lines: list[str], marks: Marks) -> list[Block]:
    """Blocks of an item's lines: a paragraph in Textile; what else items hold has forms of our own."""
    blocks: list[Block] = []
    for kind, run in _runs(lines):
        if kind == "quote":
            blocks.append(Quote(tuple(_body([line[4:].removeprefix(" ") for line in run], marks))))
        elif kind == "rule":
            blocks += [Rule()] * len(run)
        elif kind == "text":
            blocks += read_paragraphs(BR.join(run), marks)
    return blocks


def _runs(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    run: list[str] = []
    last = ""
    for line in lines:
        kind = _line_kind(line)
        if kind != last and run:
            yield last, run
            run = []
        run.append(line)
        last = kind
    if run:
        yield last, run


def _line_kind(line: str) -> str:
    bare = line.strip(" ")
    if bare in ("&nbsp;", "&#160;"):
        return "gap"
    if bare == "---":
        return "rule"
    return "quote" if line.startswith(("&gt; ", "&gt;&gt;")) or line == "&gt;" else "text"


def _table_start(lines: list[str]) -> int | None:
    if not lines[-1].rstrip().endswith("|"):
        return None
    for at, line in enumerate(lines):
        if _TABLE_LINE.match(line):
            return at
        if _TABLE_HEAD.fullmatch(line) and at + 1 < len(lines) and _TABLE_LINE.match(lines[at + 1]):
            return at
    return None


@dataclass(frozen=True, slots=True)
class _Cell:
    header: bool
    alignment: Alignment | None
    inlines: tuple[Inline, ...]


def _table(text: str, marks: Marks) -> Block:
    """A table; opaque where Markdown cannot say it: spans, attributes, row headings, cells aligned alone."""
    opaque = OpaqueBlock(DIALECT, marks.source(text))
    rows: list[list[_Cell]] = []
    for line in _JOINED_ROW.sub(rf"\1{BR}", text).split("\n"):
        if not line.startswith("|"):
            return opaque
        row = _row(line, marks)
        if row is None:
            return opaque
        rows.append(row)
    head = rows[0] if rows[0] and all(cell.header for cell in rows[0]) else []
    body = rows[1:] if head else rows
    if any(cell.header for row in body for cell in row):
        return opaque
    return _aligned(head, body) or opaque


def _row(line: str, marks: Marks) -> list[_Cell] | None:
    cells: list[_Cell] = []
    for found in _CELL.finditer(line):
        signs = (found[1] or "").rstrip(" ").removesuffix(".")
        alignment = signs.removeprefix("_")
        children = read_inlines(found[2].strip(f" {BR}"), marks)
        if alignment not in _ALIGNMENTS or children is None:
            return None
        cells.append(_Cell(signs.startswith("_"), _ALIGNMENTS[alignment], children))
    return cells


def _aligned(head: list[_Cell], body: list[list[_Cell]]) -> Table | None:
    width = max(map(len, [head, *body]))
    alignments: list[Alignment | None] = []
    for column in range(width):
        seen = {row[column].alignment for row in body or [head] if column < len(row)}
        own = head[column].alignment if column < len(head) else None
        if len(seen | ({own} if own else set())) > 1:
            return None
        alignments.append(seen.pop() if seen else own)
    empty: tuple[Inline, ...] = ()
    header = tuple(head[at].inlines if at < len(head) else empty for at in range(width))
    rows = tuple(tuple(cell.inlines for cell in row) + (empty,) * (width - len(row)) for row in body)
    return Table(header, rows, tuple(alignments)) if width else None
