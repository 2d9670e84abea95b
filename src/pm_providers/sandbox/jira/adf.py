"""Atlassian documents: a check of their structure, their text, and wiki markup for the older API version."""

from __future__ import annotations

import re
from typing import Any

from pm_providers.sandbox.jira.adf_rules import CHILDREN, MARKS, NOT_EMPTY, REQUIRED

__all__ = ["check_document", "document", "from_wiki", "plain_text", "to_wiki"]

MAX_DEPTH = 100
MAX_TEXT = 32_767


def document(*paragraphs: str) -> dict[str, Any]:
    """A document of plain paragraphs."""
    return {
        "type": "doc",
        "version": 1,
        "content": [_paragraph(text) for text in paragraphs],
    }


def _paragraph(text: str) -> dict[str, Any]:
    lines = text.split("\n")
    content: list[dict[str, Any]] = []
    for number, line in enumerate(lines):
        if number:
            content.append({"type": "hardBreak"})
        if line:
            content.append({"type": "text", "text": line})
    return {"type": "paragraph", "content": content}


def check_document(value: Any) -> str | None:
    """What is wrong with a document; None for a valid one."""
    if not isinstance(value, dict) or value.get("type") != "doc" or value.get("version") != 1:
        return "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
    if not isinstance(value.get("content"), list):
        return "INVALID_INPUT"
    problem = _check_children(value, "doc", 0)
    if problem is None and len(plain_text(value)) > MAX_TEXT:
        return "CONTENT_LIMIT_EXCEEDED"
    return problem


def _check_children(node: dict[str, Any], kind: str, depth: int) -> str | None:
    content = node.get("content", [])
    allowed = CHILDREN[kind]
    if depth > MAX_DEPTH or not isinstance(content, list) or (content and not allowed):
        return "INVALID_INPUT"
    for child in content:
        problem = _check_node(child, allowed, depth + 1)
        if problem:
            return problem
    return None


def _check_node(node: Any, allowed: frozenset[str], depth: int) -> str | None:
    kind = node.get("type") if isinstance(node, dict) else None
    if not isinstance(kind, str) or kind not in allowed:
        return "INVALID_INPUT"
    attrs = node.get("attrs", {})
    if not isinstance(attrs, dict) or not REQUIRED.get(kind, frozenset()) <= attrs.keys():
        return "INVALID_INPUT"
    if kind == "text" and (not isinstance(node.get("text"), str) or not node["text"]):
        return "INVALID_INPUT"
    if kind == "heading" and attrs["level"] not in range(1, 7):
        return "INVALID_INPUT"
    if kind in NOT_EMPTY and not node.get("content"):
        return "INVALID_INPUT"
    return _check_marks(node.get("marks", [])) or _check_children(node, kind, depth)


def _check_marks(marks: Any) -> str | None:
    if not isinstance(marks, list):
        return "INVALID_INPUT"
    for mark in marks:
        kind = mark.get("type") if isinstance(mark, dict) else None
        if not isinstance(kind, str) or kind not in MARKS:
            return "INVALID_INPUT"
        attrs = mark.get("attrs") or {}
        if not isinstance(attrs, dict) or not MARKS[kind] <= attrs.keys():
            return "INVALID_INPUT"
    return None


def plain_text(node: Any) -> str:
    """The text of a document, a line per block, as searches see it."""
    if node is None:
        return ""
    kind = node.get("type")
    if kind == "text":
        return str(node.get("text", ""))
    if kind == "hardBreak":
        return "\n"
    attrs = node.get("attrs") or {}
    if kind in {"mention", "emoji", "status"}:
        return str(attrs.get("text") or attrs.get("shortName") or "")
    if kind in {"inlineCard", "blockCard", "embedCard"}:
        return str(attrs.get("url", ""))
    parts = [plain_text(child) for child in node.get("content", [])]
    return ("" if kind in {"paragraph", "heading", "codeBlock"} else "\n").join(parts)


_WRAP = {"strong": "*", "em": "_", "strike": "-", "underline": "+"}


def to_wiki(node: dict[str, Any]) -> str:
    """Wiki markup of a document, as the older API version and webhooks show it."""
    return "\n\n".join(filter(None, (_block(child, "") for child in node.get("content", []))))


def _block(node: dict[str, Any], bullets: str) -> str:
    kind, content = node["type"], node.get("content", [])
    attrs = node.get("attrs") or {}
    if kind == "heading":
        return f"h{attrs['level']}. {_inline(content)}"
    if kind in {"bulletList", "orderedList", "taskList"}:
        mark = bullets + ("#" if kind == "orderedList" else "*")
        return "\n".join(_item(child, mark) for child in content)
    if kind == "codeBlock":
        language = f":{attrs['language']}" if attrs.get("language") else ""
        return f"{{code{language}}}{plain_text(node)}{{code}}"
    if kind == "rule":
        return "----"
    if kind == "table":
        return "\n".join(_row(row) for row in content)
    inner = (
        "\n\n".join(_block(child, bullets) for child in content) if kind in _CONTAINERS else _inline(content)
    )
    return _CONTAINERS[kind].format(inner) if kind in _CONTAINERS else inner


_CONTAINERS = {
    "blockquote": "{{quote}}{0}{{quote}}",
    "panel": "{{panel}}\n{0}\n{{panel}}",
    "expand": "{0}",
    "nestedExpand": "{0}",
    "mediaSingle": "{0}",
    "mediaGroup": "{0}",
    "layoutSection": "{0}",
    "layoutColumn": "{0}",
    "decisionList": "{0}",
}


def _item(node: dict[str, Any], mark: str) -> str:
    if node["type"] in {"taskItem", "decisionItem"}:
        return f"{mark} {_inline(node.get('content', []))}"
    lines = []
    for number, child in enumerate(node.get("content", [])):
        text = _block(child, mark)
        lines.append(f"{mark} {text}" if number == 0 else text)
    return "\n".join(lines)


def _row(node: dict[str, Any]) -> str:
    cells = node.get("content", [])
    head = bool(cells) and all(cell["type"] == "tableHeader" for cell in cells)
    bar = "||" if head else "|"
    texts = (" ".join(_block(child, "") for child in cell.get("content", [])) for cell in cells)
    return bar + bar.join(text or " " for text in texts) + bar


def _inline(nodes: list[dict[str, Any]]) -> str:
    return "".join(_span(node) for node in nodes)


def _span(node: dict[str, Any]) -> str:
    attrs = node.get("attrs") or {}
    if node["type"] == "mention":
        return f"[~accountid:{attrs['id']}]"
    if node["type"] == "media":
        return f"!{attrs.get('alt') or attrs.get('id')}!"
    text = plain_text(node)
    for mark in node.get("marks", []):
        if mark["type"] == "code":
            text = f"{{{{{text}}}}}"
        elif mark["type"] == "link":
            text = f"[{text}|{mark['attrs']['href']}]"
        elif mark["type"] in _WRAP:
            text = _WRAP[mark["type"]] + text + _WRAP[mark["type"]]
    return text


_HEADING = re.compile(r"h([1-6])\. (.+)")
_BULLET = re.compile(r"([*#])\s+(.+)")


def from_wiki(text: str) -> dict[str, Any]:
    """A document of wiki markup: headings, simple lists, code blocks, rules, paragraphs with bold words."""
    content: list[dict[str, Any]] = []
    for part in re.split(r"(\{code(?::[^}\n]*)?\}.*?\{code\})", text, flags=re.DOTALL):
        code = re.fullmatch(r"\{code(?::([^}\n]*))?\}(.*?)\{code\}", part, flags=re.DOTALL)
        if code is None:
            for chunk in re.split(r"\n\s*\n", part.replace("\r", "")):
                content += _chunk(chunk.strip("\n"))
        else:
            content.append(_code(code.group(1), code.group(2).strip("\n")))
    return {"type": "doc", "version": 1, "content": content}


def _code(language: str | None, text: str) -> dict[str, Any]:
    node: dict[str, Any] = {"type": "codeBlock", "content": [{"type": "text", "text": text}] if text else []}
    return {**node, "attrs": {"language": language}} if language else node


def _chunk(text: str) -> list[dict[str, Any]]:
    if not text.strip():
        return []
    if text.strip() == "----":
        return [{"type": "rule"}]
    found: list[dict[str, Any]] = []
    rest: list[str] = []
    for line in text.split("\n"):
        heading, bullet = _HEADING.fullmatch(line), _BULLET.fullmatch(line)
        if heading is None and bullet is None:
            rest.append(line)
            continue
        found += _flush(rest)
        if heading is not None:
            level = int(heading.group(1))
            found.append({"type": "heading", "attrs": {"level": level}, "content": _words(heading.group(2))})
        elif bullet is not None:
            _add_bullet(found, bullet)
    return found + _flush(rest)


def _add_bullet(found: list[dict[str, Any]], bullet: re.Match[str]) -> None:
    kind = "orderedList" if bullet.group(1) == "#" else "bulletList"
    item = {"type": "listItem", "content": [{"type": "paragraph", "content": _words(bullet.group(2))}]}
    if found and found[-1]["type"] == kind:
        found[-1]["content"].append(item)
    else:
        found.append({"type": kind, "content": [item]})


def _flush(lines: list[str]) -> list[dict[str, Any]]:
    if not lines:
        return []
    content: list[dict[str, Any]] = []
    for number, line in enumerate(lines):
        if number:
            content.append({"type": "hardBreak"})
        content += _words(line)
    lines.clear()
    return [{"type": "paragraph", "content": content}]


def _words(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for part in re.split(r"((?<!\S)\*[^*\s](?:[^*\n]*[^*\s])?\*(?!\w))", text):
        if not part:
            continue
        if len(part) > 2 and part.startswith("*") and part.endswith("*"):
            found.append({"type": "text", "text": part[1:-1], "marks": [{"type": "strong"}]})
        else:
            found.append({"type": "text", "text": part})
    return found
