"""Markdown read into the tree.

markdown-it-py splits the text into tokens (CommonMark with tables and strike-through). Changed here:

- Addresses and titles stay as written: nothing is percent-encoded, and no scheme is refused. Who shows a link
  has to judge it.
- A definition (`[a]: b`) that no link uses is text, so that a line such as `[INFO]: done` does not vanish.
- Cells for which the head of a table has no column stand in the last one, where others drop them.
- Quotes and lists nested too deep are text, where markdown-it would drop them; so are images in images.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import mdTrim
from markdown_it.rules_block import StateBlock, reference, table
from markdown_it.rules_block.table import escapedSplit, getLine
from markdown_it.rules_inline import StateInline, image
from markdown_it.token import Token

from pm_providers.errors import ValidationError
from pm_providers.text.document import (
    Alignment,
    Block,
    BulletList,
    CodeBlock,
    Document,
    Heading,
    HtmlBlock,
    Inline,
    ListItem,
    OrderedList,
    Paragraph,
    Quote,
    Rule,
    Table,
    Text,
)
from pm_providers.text.normal import normal_line
from pm_providers.text.normal_blocks import MAX_BLOCK_DEPTH, normalise
from pm_providers.text.reading_inline import labels, read_tokens

__all__ = [
    "MAX_CHARACTERS",
    "TASK",
    "parse_markdown",
    "read_alone",
    "read_heading",
    "read_line",
    "read_paragraph",
]

MAX_CHARACTERS = 1_000_000
"""Longest text that is read."""

TASK = re.compile(r"\[([ xX])\](?=\s|$)")
"""What makes the first paragraph of an item that of a task."""

_MAX_IMAGES = 4  # in each other's alternative text
_MAX_NESTING = MAX_BLOCK_DEPTH + 20


class _Parser(MarkdownIt):
    """markdown-it that leaves addresses as they are written."""

    def validateLink(self, url: str) -> bool:  # noqa: ARG002, N802 - the library's name
        return True

    def normalizeLink(self, url: str) -> str:  # noqa: N802
        return url

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802
        return link


def _too_deep(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Rule: beyond the depth all lines up to a blank one are a paragraph, whatever they look like."""
    if silent or state.level < MAX_BLOCK_DEPTH:
        return False
    line = start + 1
    while line < end and not state.isEmpty(line) and not 0 <= state.sCount[line] < state.blkIndent:
        line += 1
    state.line = line
    state.push("paragraph_open", "p", 1)
    token = state.push("inline", "", 0)
    token.content = state.getLines(start, line, state.blkIndent, False).strip()
    token.children = []
    state.push("paragraph_close", "p", -1)
    return True


def _definition(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Rule: a definition, unless `env["wanted"]` says which ones are used and this is none of them."""
    wanted = state.env.get("wanted")
    if wanted is None or silent:
        return reference(state, start, end, silent)
    known = state.env.setdefault("references", {})
    line = state.line
    state.env["references"] = {}
    found = reference(state, start, end, silent)
    new: dict[str, Any] = state.env["references"]
    state.env["references"] = known
    if not found:
        return False
    if all(label in wanted and label not in known for label in new):
        known.update(new)
        return True
    state.line = line
    return False


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Rule: a table, with nothing dropped."""
    first = len(state.tokens)
    if not table(state, start, end, silent):
        return False
    cells: list[Token] = []
    for token in state.tokens[first:]:
        if token.type == "tr_open":
            cells = []
        elif token.type == "inline":
            cells.append(token)
        elif token.type == "tr_close" and cells and cells[-1].map:
            surplus = _cells(getLine(state, cells[-1].map[0]))[len(cells) :]
            cells[-1].content = " | ".join(filter(None, (cells[-1].content, *surplus)))
    return True


def _cells(line: str) -> list[str]:
    """Cells of a row as markdown-it cuts them."""
    found = escapedSplit(mdTrim(line))
    return [mdTrim(one) for one in (found if found[0] else found[1:])]


def _image(state: StateInline, silent: bool) -> bool:
    """Rule: an image, unless it stands in the text of too many others."""
    depth = state.env.get("images", 0)
    if depth >= _MAX_IMAGES:
        return False
    state.env["images"] = depth + 1
    try:
        return image(state, silent)
    finally:
        state.env["images"] = depth


def _parser() -> MarkdownIt:
    parser = _Parser("commonmark", {"maxNesting": _MAX_NESTING, "store_labels": True})
    parser.enable(["table", "strikethrough"])
    parser.disable("text_join")  # an escaped character stays a token of its own
    parser.block.ruler.before("table", "too_deep", _too_deep)
    parser.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    parser.block.ruler.at("reference", _definition)
    parser.inline.ruler.at("image", _image)
    return parser


_PARSER = _parser()


def parse_markdown(text: str) -> Document:
    """Read Markdown: CommonMark with tables, strike-through, task items and the HTML that nodes stand for.

    Every text is valid. The tree is in normal form. Bare addresses stay text; links by reference become
    links, and definitions that are used disappear.

    Raises:
        ValidationError: the text is longer than `MAX_CHARACTERS`.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValidationError(
            f"a text of {len(text)} characters is too long: {MAX_CHARACTERS} are read at most"
        )
    env: dict[str, Any] = {}
    tokens = _PARSER.parse(text, env)
    if env.get("references"):
        used = labels(tokens)
        if env.get("duplicate_refs") or not used.issuperset(env["references"]):
            tokens = _PARSER.parse(text, {"wanted": used})
    return normalise(Document(_Reader(tokens).blocks()))


def read_alone(text: str) -> tuple[Block, ...]:
    """Blocks of a text every definition of which counts as one; what the writer checks its work with."""
    return normalise(Document(_blocks(text))).blocks


def read_paragraph(text: str) -> tuple[Inline, ...] | None:
    """Inlines of the only paragraph as any reader sees them: stray tags are tags; `None` for other blocks."""
    blocks = _blocks(text)
    only = blocks[0] if len(blocks) == 1 else None
    return normal_line(only.children, literal=False) if isinstance(only, Paragraph) else None


def read_heading(text: str) -> tuple[Inline, ...] | None:
    """The same for the only heading."""
    blocks = _blocks(text)
    only = blocks[0] if len(blocks) == 1 else None
    return normal_line(only.children, single=True, literal=False) if isinstance(only, Heading) else None


def read_line(text: str) -> tuple[Inline, ...]:
    """The same for one line without any block, such as a cell."""
    (token,) = _PARSER.parseInline(text)
    return normal_line(read_tokens(token.children or ()), single=True, literal=False)


def _blocks(text: str) -> tuple[Block, ...]:
    return _Reader(_PARSER.parse(text)).blocks()


class _Reader:
    """Reads tokens in order; recursion ends with the depth the parser allows."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.position = 0

    def _next(self) -> Token:
        token = self.tokens[self.position]
        self.position += 1
        return token

    def _until(self, kind: str) -> Iterator[Token]:
        """Tokens up to the closing one, which is taken too."""
        while (token := self._next()).type != kind:
            yield token

    def blocks(self) -> tuple[Block, ...]:
        result: list[Block] = []
        while self.position < len(self.tokens):
            result.append(self._block(self._next()))
        return tuple(result)

    def _block(self, token: Token) -> Block:
        match token.type:
            case "paragraph_open":
                return Paragraph(self._line("paragraph_close"))
            case "heading_open":
                return Heading(int(token.tag[1:]), self._line("heading_close"))
            case "blockquote_open":
                return Quote(tuple(self._block(inner) for inner in self._until("blockquote_close")))
            case "bullet_list_open":
                items, tight = self._items("bullet_list_close")
                return BulletList(items, tight)
            case "ordered_list_open":
                items, tight = self._items("ordered_list_close")
                return OrderedList(items, int(token.attrs.get("start", 1)), tight)
            case "table_open":
                return self._table()
            case _:
                return _verbatim(token)

    def _line(self, close: str) -> tuple[Inline, ...]:
        return tuple(node for token in self._until(close) for node in read_tokens(token.children or ()))

    def _items(self, close: str) -> tuple[tuple[ListItem, ...], bool]:
        items: list[ListItem] = []
        tight = True
        for _ in self._until(close):
            item, item_tight = self._item()
            items.append(item)
            tight = tight and item_tight
        return tuple(items), tight

    def _item(self) -> tuple[ListItem, bool]:
        blocks: list[Block] = []
        tight = True
        checked: bool | None = None
        for token in self._until("list_item_close"):
            first = not blocks
            task = TASK.match(self.tokens[self.position].content) if first else None
            block = self._block(token)
            if token.type == "paragraph_open":
                tight = tight and token.hidden
                if task and isinstance(block, Paragraph):
                    block, checked = _task(block, task)
            blocks.append(block)
        return ListItem(tuple(blocks), checked), tight

    def _table(self) -> Table:
        rows: list[tuple[tuple[Inline, ...], ...]] = []
        alignments: list[Alignment | None] = []
        cells: list[tuple[Inline, ...]] = []
        for token in self._until("table_close"):
            if token.type == "tr_open":
                cells = []
            elif token.type in {"th_open", "td_open"}:
                if token.type == "th_open":
                    alignments.append(_alignment(token.attrs))
                cells.append(self._line(token.type.replace("open", "close")))
            elif token.type == "tr_close":
                rows.append(tuple(cells))
        return Table(rows[0], tuple(rows[1:]), tuple(alignments))


def _verbatim(token: Token) -> Block:
    if token.type == "hr":
        return Rule()
    content = token.content.removesuffix("\n")
    if token.type == "html_block":
        return HtmlBlock(content)
    return CodeBlock(content, token.info if token.type == "fence" else "")


def _task(block: Paragraph, task: re.Match[str]) -> tuple[Paragraph, bool | None]:
    """The paragraph without its box, and whether that is ticked; a link `[x]` is no box."""
    first = block.children[0] if block.children else None
    if not isinstance(first, Text) or not first.text.startswith(task[0]):
        return block, None
    rest = Text(first.text.removeprefix(task[0]))
    return Paragraph((rest, *block.children[1:])), task[1] != " "


def _alignment(attrs: Mapping[str, str | int | float]) -> Alignment | None:
    match attrs.get("style"):
        case "text-align:left":
            return "left"
        case "text-align:center":
            return "center"
        case "text-align:right":
            return "right"
        case _:
            return None
