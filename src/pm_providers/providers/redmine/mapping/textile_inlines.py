"""From marked Textile to the inlines of a document."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pm_providers.providers.redmine.mapping.textile_base import BR, Mark, Marks, decoded, plain, split_marks
from pm_providers.providers.redmine.mapping.textile_marks import mark_inline
from pm_providers.providers.redmine.mapping.textile_opaque import COLOUR, is_opaque, opaque_ends, span_name
from pm_providers.text import parse_markdown
from pm_providers.text.document import (
    Block,
    Code,
    CodeBlock,
    Colour,
    Emphasis,
    HardBreak,
    HtmlBlock,
    HtmlInline,
    Image,
    Inline,
    Link,
    OpaqueBlock,
    OpaqueInline,
    Paragraph,
    SoftBreak,
    Strike,
    Strong,
    Subscript,
    Superscript,
    Text,
    Underline,
)

__all__ = ["DIALECT", "read_inlines", "read_paragraphs"]

DIALECT = "textile"
HIDDEN_HTML = re.compile(r"<!--html ([^\n<>]*)-->")
HIDDEN_TITLE = re.compile(r"<!--title ([^\n<>]*)-->")

_BREAK = re.compile(f"( *)([{BR}\n])")
_OPAQUE_CODE = re.compile(r"=([a-z][a-z0-9-]*)")
_BLOCK_MARKS = ("pre", "macro")

_SPAN_NODES: dict[str, Callable[[tuple[Inline, ...]], Inline]] = {
    "strong": Strong,
    "b": Strong,
    "em": Emphasis,
    "i": Emphasis,
    "del": Strike,
    "ins": Underline,
    "sub": Subscript,
    "sup": Superscript,
}


def read_inlines(text: str, marks: Marks) -> tuple[Inline, ...] | None:
    """Inlines of a block's marked text; `None` where it holds what only a block can, as lines of code."""
    items = list(split_marks(mark_inline(text, marks), marks))
    if any(isinstance(item, Mark) and item.kind in _BLOCK_MARKS for item in items):
        return None
    return _inlines(items)


def read_paragraphs(text: str, marks: Marks) -> list[Block]:
    """Blocks of a text without a block sign: paragraphs, and the code and macros that stand among them."""
    blocks: list[Block] = []
    run: list[str | Mark] = []
    for item in split_marks(mark_inline(text.strip(f" \n{BR}"), marks), marks):
        if isinstance(item, Mark) and item.kind in _BLOCK_MARKS:
            _close_run(run, blocks)
            blocks.extend(_blocks(item))
        else:
            run.append(item)
    _close_run(run, blocks)
    return blocks


def _close_run(run: list[str | Mark], blocks: list[Block]) -> None:
    if run and isinstance(run[0], str):
        run[0] = run[0].lstrip(f" \n{BR}")
    if run and isinstance(run[-1], str):
        run[-1] = run[-1].rstrip(f" \n{BR}")
    only = [item for item in run if item != ""]
    run.clear()
    if len(only) == 1 and isinstance(only[0], Mark) and only[0].kind == "comment":
        blocks.append(HtmlBlock(only[0].source))
    elif only:
        blocks.append(Paragraph(_inlines(only)))


def _blocks(mark: Mark) -> tuple[Block, ...]:
    if mark.kind == "macro":
        return (OpaqueBlock(DIALECT, mark.source),)
    dialect = _OPAQUE_CODE.fullmatch(mark.extra)
    if dialect is None:
        return (CodeBlock(mark.text, mark.extra),)
    if dialect[1] == "markdown":
        return parse_markdown(mark.text).blocks
    return (HtmlBlock(mark.text) if dialect[1] == "html" else OpaqueBlock(dialect[1], mark.text),)


@dataclass(slots=True)
class _Open:
    """A span or link whose end is still to come."""

    mark: Mark
    nodes: list[Inline] = field(default_factory=list)

    def closed(self) -> Inline | None:
        children = tuple(self.nodes)
        if self.mark.kind == "link":
            return Link(self.mark.url, children, self.mark.text)
        if not children:
            return None
        if self.mark.text == "span":
            found = COLOUR.fullmatch(self.mark.extra)
            return Colour(found[1] if found else "", children)
        return _SPAN_NODES[self.mark.text](children)


def _inlines(items: list[str | Mark]) -> tuple[Inline, ...]:
    ends = opaque_ends(items)
    root: list[Inline] = []
    opened: list[_Open] = []
    at = 0
    while at < len(items):
        item = items[at]
        nodes = opened[-1].nodes if opened else root
        if isinstance(item, str):
            nodes.extend(_texts(item))
        elif at in ends:
            nodes.append(OpaqueInline(DIALECT, _source(items[at : ends[at] + 1])))
            at = ends[at]
        elif item.kind in ("open", "link"):
            if is_opaque(item):
                nodes.append(Text(item.source))
            else:
                opened.append(_Open(item))
        elif item.kind in ("close", "unlink"):
            _close(item, opened, root)
        elif not _titled(item, nodes):
            nodes.extend(_marked(item))
        at += 1
    while opened:
        _pop(opened, root)
    return tuple(root)


def _close(mark: Mark, opened: list[_Open], root: list[Inline]) -> None:
    """Closes the span; others that were opened inside it end with it and go on after it, as in browsers."""
    name = span_name(mark)
    depth = next(
        (at for at in range(len(opened) - 1, -1, -1) if span_name(opened[at].mark) == name),
        None,
    )
    if depth is None:
        if mark.text in ("cite", "span"):
            (opened[-1].nodes if opened else root).append(Text(mark.source))
        return
    again = [entry.mark for entry in opened[depth + 1 :]]
    while len(opened) > depth:
        _pop(opened, root)
    opened.extend(_Open(entry) for entry in again)


def _pop(opened: list[_Open], root: list[Inline]) -> None:
    node = opened.pop().closed()
    if node is not None:
        (opened[-1].nodes if opened else root).append(node)


def _source(items: list[str | Mark]) -> str:
    return "".join(plain(item) if isinstance(item, str) else item.source for item in items)


def _texts(text: str) -> list[Inline]:
    """Text with its line ends: each is a hard break, one after a space a soft break (see `textile`)."""
    nodes: list[Inline] = []
    at = 0
    for found in _BREAK.finditer(text):
        if found.start() > at:
            nodes.append(Text(decoded(text[at : found.start()])))
        nodes.append(SoftBreak() if found[1] or found[2] == "\n" else HardBreak())
        at = found.end()
    if at < len(text):
        nodes.append(Text(decoded(text[at:])))
    return nodes


def _marked(mark: Mark) -> list[Inline]:
    if mark.kind == "guard":
        return []
    if mark.kind == "verbatim":
        return [Text(mark.text)]
    if mark.kind == "code":
        return _code(mark.text)
    if mark.kind == "image":
        image = Image(mark.url, mark.text, mark.title)
        return [Link(mark.extra, (image,)) if mark.extra else image]
    if mark.kind == "comment":
        return _comment(mark.source)
    return _rare(mark)


def _rare(mark: Mark) -> list[Inline]:
    dialect = _OPAQUE_CODE.fullmatch(mark.extra)
    if dialect:
        return [OpaqueInline(dialect[1], mark.text)]
    if mark.source == f"<kbd>{mark.text}</kbd>" and mark.text.strip() and "\n" not in mark.text:
        return [HtmlInline("<kbd>"), Text(mark.text), HtmlInline("</kbd>")]
    return [OpaqueInline(DIALECT, mark.source)]


def _code(text: str) -> list[Inline]:
    nodes: list[Inline] = []
    for line in text.split("\n"):
        if nodes:
            nodes.append(HardBreak())
        if line:
            nodes.append(Code(line))
    return nodes


def _titled(mark: Mark, nodes: list[Inline]) -> bool:
    """Whether this is the title of the image before it; images of Textile have none."""
    title = HIDDEN_TITLE.fullmatch(mark.source) if mark.kind == "comment" else None
    if title is None or not nodes or not isinstance(nodes[-1], Image):
        return False
    nodes[-1] = replace(nodes[-1], title=decoded(title[1]))
    return True


def _comment(source: str) -> list[Inline]:
    hidden = HIDDEN_HTML.fullmatch(source)
    if hidden:
        return [HtmlInline(decoded(hidden[1]))]
    return [OpaqueInline(DIALECT, source) if "\n" in source else HtmlInline(source)]
