"""What may stand where in an Atlassian document, and what becomes of the rest ([spec] `content` of nodes).

Markdown nests freely, the format does not. What a container does not allow takes the nearest form it allows:
headings are strong paragraphs, quotes and panels in others lose their frame, rules are `---`, tables are code
in Markdown, tasks and decisions items with their sign. Text is never lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pm_providers.providers.jira.mapping.adf_inline_reading import opaque_json
from pm_providers.providers.jira.mapping.adf_inline_writing import marked_text, strengthen
from pm_providers.providers.jira.mapping.adf_nodes import (
    DECISION,
    TASKS,
    Node,
    attributes,
    children,
    node_type,
)

__all__ = ["fit", "paragraph"]

_PLAIN = frozenset({"paragraph", "bulletList", "orderedList", "codeBlock", "mediaSingle", "extension"})
_RICH = _PLAIN | {"heading", "rule", "taskList", "decisionList", "mediaGroup"}
_FULL = _RICH | {"panel", "blockquote", "table", "blockCard", "embedCard"}
_ALLOWED: dict[str, frozenset[str]] = {
    "blockquote": _PLAIN | {"mediaGroup"},
    "listItem": _PLAIN | {"taskList"},
    "panel": _RICH | {"blockCard"},
    "tableCell": (_FULL - {"table"}) | {"nestedExpand"},
    "tableHeader": (_FULL - {"table"}) | {"nestedExpand"},
    "nestedExpand": _RICH | {"panel", "blockquote"},
    "expand": _FULL | {"nestedExpand"},
    "bodiedExtension": _FULL,
    "layoutColumn": _FULL | {"expand", "bodiedExtension"},
    "layoutSection": frozenset({"layoutColumn"}),
    "doc": _FULL | {"expand", "bodiedExtension", "layoutSection", "syncBlock", "bodiedSyncBlock"},
}
_COLUMNS = (2, 3)


def paragraph(nodes: Sequence[Node] = ()) -> Node:
    """A paragraph of the inline nodes."""
    return {"type": "paragraph", **({"content": list(nodes)} if nodes else {})}


def fit(nodes: Sequence[Node], context: str, *, table_text: Callable[[Node], str]) -> list[Node]:
    """The blocks as the container of that type allows them; never empty but for a document.

    Args:
        nodes: the blocks, each valid in itself.
        context: type of the container.
        table_text: Markdown of a table.
    """
    allowed = _ALLOWED[context]
    result: list[Node] = []
    rest = list(reversed(nodes))
    while rest:
        node = rest.pop()
        if _is_allowed(node, allowed):
            result.append(node)
        else:
            rest.extend(reversed(_nearest(node, allowed, table_text)))
    return result or ([] if context == "doc" else [paragraph()])


def _is_allowed(node: Node, allowed: frozenset[str]) -> bool:
    kind = node_type(node)
    if kind == "layoutSection":
        columns = [node_type(child) for child in children(node)]
        return kind in allowed and set(columns) == {"layoutColumn"} and len(columns) in _COLUMNS
    return kind in allowed or kind not in _MOVABLE  # what nobody knows came from a stored document


_Table = Callable[[Node], str]


def _nearest(node: Node, allowed: frozenset[str], table_text: _Table) -> list[Node]:
    kind = node_type(node)
    if kind == "table":
        text = [marked_text(table_text(node).rstrip("\n"), {})]
        return [{"type": "codeBlock", "attrs": {"language": "markdown"}, "content": text}]
    if kind in {"expand", "nestedExpand"}:
        return _expand(node, allowed, table_text)
    return _NEAREST[kind](node)


def _text(text: str) -> Node:
    return paragraph([marked_text(text, {})])


def _heading(node: Node) -> list[Node]:
    return [paragraph(strengthen(children(node)))]


def _panel(node: Node) -> list[Node]:
    return [_text(f"[!{str(attributes(node).get('panelType')).upper()}]"), *children(node)]


def _expand(node: Node, allowed: frozenset[str], table_text: _Table) -> list[Node]:
    attrs = attributes(node)
    if "nestedExpand" in allowed and node_type(node) == "expand":
        inner = fit(children(node), "nestedExpand", table_text=table_text)
        return [{"type": "nestedExpand", "attrs": attrs, "content": inner}]
    if "expand" in allowed:
        return [{**node, "type": "expand"}]
    title = str(attrs.get("title") or "")
    head = [paragraph(strengthen([marked_text(title, {})]))] if title else []
    return [*head, *children(node)]


def _macro(node: Node) -> list[Node]:
    head = opaque_json({"type": node_type(node), "attrs": attributes(node)})
    code = {"type": "codeBlock", "attrs": {"language": "json"}, "content": [marked_text(head, {})]}
    return [code, *children(node)]


def _task_items(node: Node) -> list[Node]:
    signs = {checked: sign for sign, checked in TASKS.items()}
    items: list[Node] = []
    for child in children(node):
        if node_type(child) == "taskList":
            nested = {"type": "bulletList", "content": _task_items(child)}
            if items:
                items[-1]["content"].append(nested)
            else:
                items.append({"type": "listItem", "content": [nested]})
            continue
        sign = marked_text(signs[attributes(child).get("state") == "DONE"], {})
        items.append({"type": "listItem", "content": [paragraph([sign, *children(child)])]})
    return items


def _tasks(node: Node) -> list[Node]:
    return [{"type": "bulletList", "content": _task_items(node)}]


def _decisions(node: Node) -> list[Node]:
    sign = marked_text(DECISION, {})
    items = [
        {"type": "listItem", "content": [paragraph([sign, *children(child)])]} for child in children(node)
    ]
    return [{"type": "bulletList", "content": items}]


def _group(node: Node) -> list[Node]:
    return [
        {"type": "mediaSingle", "attrs": {"layout": "center"}, "content": [child]} for child in children(node)
    ]


def _hoist(node: Node) -> list[Node]:
    return children(node)


_NEAREST: dict[str, Callable[[Node], list[Node]]] = {
    "heading": _heading,
    "rule": lambda _: [_text("---")],
    "panel": _panel,
    "blockquote": _hoist,
    "bodiedExtension": _macro,
    "layoutSection": _hoist,
    "layoutColumn": _hoist,
    "taskList": _tasks,
    "decisionList": _decisions,
    "mediaGroup": _group,
}
_MOVABLE = frozenset({*_NEAREST, "table", "expand", "nestedExpand"})
