"""The few marks of the demo story's texts, as the vendor's rich text."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

__all__ = ["story_html"]

_MARKS = re.compile(r"\*\*([^*]+)\*\*|\*([^*]+)\*|`([^`]+)`")


def story_html(text: str) -> str:
    """Bullets become a list, three marks become tags; a table stays the text that it is."""
    blocks = [_block(part) for part in text.split("\n\n")] if text else []
    return f"<body>{_joined(blocks)}</body>"


def _joined(blocks: list[str]) -> str:
    out = ""
    for block in blocks:
        out += ("\n\n" if out and not block.startswith("<ul>") else "") + block
    return out


def _block(part: str) -> str:
    lines = part.split("\n")
    if all(line.startswith("- ") for line in lines):
        return "<ul>" + "".join(f"<li>{_inline(line[2:])}</li>" for line in lines) + "</ul>"
    return "\n".join(_inline(line) for line in lines)


def _inline(line: str) -> str:
    return _MARKS.sub(_mark, escape(line))


def _mark(found: re.Match[str]) -> str:
    strong, em, code = found.groups()
    if strong is not None:
        return f"<strong>{strong}</strong>"
    return f"<em>{em}</em>" if em is not None else f"<code>{code}</code>"
