"""A changed document with what Markdown cannot say taken over from the stored one.

Blocks of the stored document that read as blocks of the new one are kept verbatim, with all they hold. Blocks
that were changed are paired with those they replace and merged: containers block by block, tables row by row
and cell by cell, lines word by word. So a change of one paragraph costs nothing outside of it, and only the
words that changed within it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pm_providers.providers.jira.mapping.adf_inline_merging import merge_inlines
from pm_providers.providers.jira.mapping.adf_nodes import (
    Node,
    attributes,
    canonical,
    children,
    content_text,
    media_source,
    node_type,
)
from pm_providers.providers.jira.mapping.adf_reading import read_adf
from pm_providers.providers.jira.mapping.adf_tables import aligned_cell, alignments, has_spans, read_grid
from pm_providers.providers.jira.mapping.adf_writing import AdfWriter, as_document
from pm_providers.text.aligning import align, kept_whole, pair_up

__all__ = ["merge_adf"]

_LINES = {"paragraph", "heading", "taskItem", "decisionItem", "caption"}
_CONTAINERS = {
    "bulletList", "orderedList", "listItem", "taskList", "decisionList", "blockquote", "panel", "expand",
    "nestedExpand", "layoutSection", "layoutColumn", "bodiedExtension", "tableRow",
}  # fmt: skip
_PARENTS = {
    "listItem": "bulletList",
    "taskItem": "taskList",
    "decisionItem": "decisionList",
    "layoutColumn": "layoutSection",
}
_MAX_DEPTH = 40


def merge_adf(stored: Node, new: Node) -> Node:
    """The new document, with the stored one's nodes wherever it says the same.

    Args:
        stored: the document before the change.
        new: the document that Markdown was written as.
    """
    return as_document(_blocks(children(stored), children(new), 0))


def _blocks(old: Sequence[Node], new: Sequence[Node], depth: int) -> list[Node]:
    """Siblings merged. Old blocks that Markdown does not show stay behind the block they follow."""
    shown = [_rewritten(node) for node in old]
    kept = kept_whole(
        [[canonical(node) for node in written] for written in shown], [canonical(node) for node in new]
    )
    result: list[Node] = []
    if 0 in kept:
        result.extend(_unseen(old, shown, -1))
    old_at = new_at = 0
    for start in (*sorted(kept), len(new)):
        owner = kept[start] if start in kept else len(old)
        result.extend(_changed(old[old_at:owner], new[new_at:start], depth))
        if owner == len(old):
            break
        result.append(old[owner])
        result.extend(_unseen(old, shown, owner))
        old_at, new_at = owner + 1, start + len(shown[owner])
    return result


def _rewritten(node: Node) -> list[Node]:
    """What the node is written as after it went through Markdown."""
    parent = _PARENTS.get(node_type(node))
    wrapped = {"type": parent, "content": [node]} if parent else node
    written = children(AdfWriter(as_document([node])).write(read_adf(as_document([wrapped]))))
    if parent is None:
        return written
    return [child for outer in written if node_type(outer) == parent for child in children(outer)]


def _unseen(old: Sequence[Node], shown: Sequence[Sequence[Node]], index: int) -> Iterator[Node]:
    """Blocks after the index that Markdown does not show, such as empty paragraphs."""
    for following in range(index + 1, len(old)):
        if shown[following]:
            return
        yield old[following]


def _changed(old: Sequence[Node], new: Sequence[Node], depth: int) -> list[Node]:
    """New blocks of one stretch, each merged with the old one it replaces."""
    if not old or depth >= _MAX_DEPTH:
        return list(new)
    pairs = pair_up(
        [(node_type(node), content_text(node)) for node in old],
        [(node_type(node), content_text(node)) for node in new],
    )
    return [
        _merged(old[pairs[index]], node, depth + 1) if index in pairs else node
        for index, node in enumerate(new)
    ]


def _merged(old: Node, new: Node, depth: int) -> Node:
    """One block, changed; both are of one type."""
    kind = node_type(new)
    if kind in _LINES:
        return _with(old, new, merge_inlines(children(old), children(new)))
    if kind in _CONTAINERS:
        return _with(old, new, _blocks(children(old), children(new), depth))
    if kind == "codeBlock":
        return _with(old, new, children(new))
    if kind == "table":
        return _table(old, new, depth)
    if kind in {"mediaSingle", "mediaGroup"}:
        return _media(old, new)
    return new


def _with(old: Node, new: Node, content: list[Node]) -> Node:
    """The new node with attributes and marks of the old one that Markdown does not show."""
    kept = dict(attributes(old))
    if node_type(new) == "panel" and kept.get("panelType") != attributes(new)["panelType"]:
        kept = {key: value for key, value in kept.items() if key == "localId"}
    for visible in ("order", "title", "language"):
        kept.pop(visible, None)
    made = {key: value for key, value in attributes(new).items() if key != "localId" or key not in kept}
    result = {key: value for key, value in old.items() if key not in {"attrs", "content"}}
    attrs = {**kept, **made}
    result = {**result, **({"attrs": attrs} if attrs or "attrs" in new else {})}
    return {**result, **({"content": content} if content or "content" in new else {})}


def _media(old: Node, new: Node) -> Node:
    """A picture keeps its size and place where it is the same file; its text is the new one."""
    stored = {media_source(attributes(child)): child for child in children(old)}
    content = []
    for child in children(new):
        same = stored.get(media_source(attributes(child))) if node_type(child) == "media" else None
        content.append(_same_media(same, child) if same else child)
    captions = [child for child in children(old) if node_type(child) == "caption"]
    content = [
        _with(captions[0], child, merge_inlines(children(captions[0]), children(child)))
        if node_type(child) == "caption" and captions
        else child
        for child in content
    ]
    same_file = bool(content) and media_source(attributes(content[0])) in stored
    return {**(old if same_file else new), "content": content}


def _same_media(old: Node, new: Node) -> Node:
    kept = {key: value for key, value in attributes(old).items() if key != "alt"}
    marks = [mark for mark in old.get("marks") or () if node_type(mark) != "link"] + new.get("marks", [])
    return {"type": "media", "attrs": {**kept, **attributes(new)}, **({"marks": marks} if marks else {})}


# --- tables


def _table(old: Node, new: Node, depth: int) -> Node:
    """Row by row where the columns are the same; otherwise the new table in the old one's frame."""
    before, after = _Shown(old), _Shown(new)
    if before.width != after.width or (has_spans(old) and len(before.rows) != len(after.rows)):
        return _with(old, new, children(new))
    pairs = _row_pairs(before, after, positional=has_spans(old))
    rows: list[Node] = []
    for index, row in enumerate(children(new)):
        stored = children(old)[pairs[index]] if index in pairs else None
        covered = before.starts[pairs[index]] if index in pairs else []
        rows.append(_row(stored, row, covered, depth) if stored else row)
    if has_spans(old) and any(_covers_text(before, after, index) for index in range(len(rows))):
        return _with(old, new, children(new))
    return _realigned(_with(old, new, rows), new)


def _realigned(table: Node, new: Node) -> Node:
    """The table with the columns aligned as in the new one."""
    have, want = alignments(table), alignments(new)
    wrong = {column for column, (left, right) in enumerate(zip(have, want, strict=False)) if left != right}
    if not wrong:
        return table
    grid = read_grid(table)
    rows = []
    for row, places in zip(children(table), grid, strict=True):
        starts = [column for column, (_, first) in enumerate(places) if first]
        cells = [
            aligned_cell(cell, want[column]) if column in wrong else cell
            for cell, column in zip(children(row), starts, strict=True)
        ]
        rows.append({**row, "content": cells})
    return {**table, "content": rows}


class _Shown:
    """What Markdown shows of a table: per row a key, and the columns in which cells begin."""

    def __init__(self, table: Node) -> None:
        grid = read_grid(table)
        self.rows = children(table)
        self.width = max((len(places) for places in grid), default=0)
        self.starts = [[column for column, (_, first) in enumerate(places) if first] for places in grid]
        self.texts = [[_cell_key(cell) if first else "" for cell, first in places] for places in grid]

    def key(self, index: int) -> str:
        return "\0".join(self.texts[index])


def _cell_key(cell: Node) -> str:
    written = [node for child in children(cell) for node in _in_cell(child)]
    return " ".join(canonical(node.get("content")) for node in written)


def _in_cell(node: Node) -> list[Node]:
    table = {
        "type": "table",
        "content": [{"type": "tableRow", "content": [{"type": "tableCell", "content": [node]}]}],
    }
    (written,) = children(AdfWriter(as_document([node])).write(read_adf(as_document([table]))))
    return [block for row in children(written) for cell in children(row) for block in children(cell)]


def _row_pairs(before: _Shown, after: _Shown, *, positional: bool) -> dict[int, int]:
    if positional:
        return {index: index for index in range(len(after.rows))}
    old = [before.key(index) for index in range(len(before.rows))]
    new = [after.key(index) for index in range(len(after.rows))]
    pairs: dict[int, int] = {}
    for equal, i, j, k, m in align(old, new):
        if equal:
            pairs.update({k + offset: i + offset for offset in range(j - i)})
        else:
            found = pair_up(_row_texts(before.rows[i:j]), _row_texts(after.rows[k:m]))
            pairs.update({k + right: i + left for right, left in found.items()})
    return pairs


def _row_texts(rows: Sequence[Node]) -> list[tuple[str, str]]:
    return [("", "\n".join(map(content_text, children(row)))) for row in rows]


def _covers_text(before: _Shown, after: _Shown, index: int) -> bool:
    """Whether the new row says something where a cell of the old one covers the place."""
    starts = set(before.starts[index])
    return any(
        text and column not in starts
        for column, text in enumerate(after.texts[index])
        if text != _cell_key({"content": [{"type": "paragraph"}]})
    )


def _row(old: Node, new: Node, starts: Sequence[int], depth: int) -> Node:
    """A row whose cells keep what they are (header or not, width, colour), each merged."""
    made = children(new)
    cells = [
        _cell(cell, made[column], depth)
        for cell, column in zip(children(old), starts, strict=False)
        if column < len(made)
    ]
    return _with(old, new, cells)


def _cell(old: Node, new: Node, depth: int) -> Node:
    if _cell_key(old) == _cell_key(new):
        return old
    content = _blocks(children(old), children(new), depth + 1)
    return {**old, "content": content}
