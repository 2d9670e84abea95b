"""HTML of documents, for `renderedFields` and `renderedBody`: the blocks and marks that people use."""

from __future__ import annotations

from html import escape
from typing import Any

from pm_providers.sandbox.jira.adf import plain_text

__all__ = ["to_html"]

_BLOCKS = {
    "paragraph": "p",
    "bulletList": "ul",
    "orderedList": "ol",
    "listItem": "li",
    "blockquote": "blockquote",
    "table": "table",
    "tableRow": "tr",
    "tableCell": "td",
    "tableHeader": "th",
    "taskList": "ul",
    "taskItem": "li",
}
_MARKS = {"strong": "b", "em": "em", "code": "tt", "strike": "del", "underline": "ins"}


def to_html(node: dict[str, Any] | None) -> str:
    """A document as HTML; the empty text for None."""
    if node is None:
        return ""
    return "\n".join(_node(child) for child in node.get("content", []))


def _node(node: dict[str, Any]) -> str:
    kind = node["type"]
    if kind == "text":
        return _text(node)
    if kind == "hardBreak":
        return "<br/>"
    if kind == "rule":
        return "<hr />"
    if kind == "codeBlock":
        return f'<div class="preformatted panel"><pre>{escape(plain_text(node))}</pre></div>'
    inner = "".join(_node(child) for child in node.get("content", [])) or escape(plain_text(node))
    if kind == "heading":
        return f"<h{node['attrs']['level']}>{inner}</h{node['attrs']['level']}>"
    tag = _BLOCKS.get(kind)
    return f"<{tag}>{inner}</{tag}>" if tag else inner


def _text(node: dict[str, Any]) -> str:
    text = escape(node["text"])
    for mark in node.get("marks", []):
        tag = _MARKS.get(mark["type"])
        if tag:
            text = f"<{tag}>{text}</{tag}>"
        elif mark["type"] == "link":
            text = f'<a href="{escape(str(mark["attrs"]["href"]))}">{text}</a>'
    return text
