"""Documents that are plain paragraphs: most descriptions are, and need no tree to become Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["plain_markdown"]

_LETTER = "A-Za-zÀ-ÖØ-öø-ɏ"
_WORD = rf"[0-9{_LETTER}'\"()]"
_PLAIN = re.compile(rf"[{_LETTER}]{_WORD}*(?:(?:[,;:.?]? |[/-]| - ){_WORD}+)*[.?]?")
"""Text that stands in Markdown as it is and begins nothing there: a letter, then words, single blanks, and
signs that mean nothing between words."""


def plain_markdown(document: Mapping[str, Any]) -> str | None:
    """Markdown of a document that is nothing but paragraphs of such text; `None` for any other."""
    if len(document) != 3 or document.get("type") != "doc":  # noqa: PLR2004 - type, version, content
        return None
    found = []
    for block in document.get("content") or ():
        text = _text(block)
        if text is None or not _PLAIN.fullmatch(text) or "www." in text.casefold():
            return None
        found.append(text)
    return "\n\n".join(found) if found else None


def _text(block: Any) -> Any:
    """The text of a paragraph that holds nothing else, without marks."""
    if type(block) is not dict or len(block) != 2 or block.get("type") != "paragraph":  # noqa: PLR2004
        return None
    content = block.get("content")
    if type(content) is not list or len(content) != 1 or type(content[0]) is not dict:
        return None
    inner = content[0]
    text = inner.get("text") if len(inner) == 2 and inner.get("type") == "text" else None  # noqa: PLR2004
    return text if isinstance(text, str) else None
