"""Renders markdown roughly as the vendor does; clients must not depend on the details of `html`."""

from __future__ import annotations

import re
from functools import lru_cache

from markdown_it import MarkdownIt

__all__ = ["render"]

_PARSER = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
_CLASSES = {
    "p": "op-uc-p",
    "ul": "op-uc-list",
    "ol": "op-uc-list",
    "li": "op-uc-list--item",
    "a": "op-uc-link",
    "code": "op-uc-code",
    "pre": "op-uc-code-block",
    "blockquote": "op-uc-blockquote",
    "img": "op-uc-image",
    "table": "op-uc-table",
    "thead": "op-uc-table--head",
    "tr": "op-uc-table--row",
    "td": "op-uc-table--cell",
    "th": "op-uc-table--cell op-uc-table--cell_head",
    "h1": "op-uc-h1",
    "h2": "op-uc-h2",
    "h3": "op-uc-h3",
    "h4": "op-uc-h4",
    "h5": "op-uc-h5",
    "h6": "op-uc-h6",
}
_TAG = re.compile(r"<(p|ul|ol|li|a|code|pre|blockquote|img|table|thead|tr|td|th|h[1-6])(?=[\s>])")


@lru_cache(maxsize=2048)
def render(raw: str) -> str:
    """HTML of a markdown text, with the vendor's CSS classes; raw HTML is escaped."""
    html = _PARSER.render(raw).strip()
    html = _TAG.sub(lambda m: f'<{m.group(1)} class="{_CLASSES[m.group(1)]}"', html)
    html = html.replace("<br />", "<br>").replace("<hr />", "<hr>")
    return re.sub(
        r"<table.*?</table>",
        lambda m: (
            f'<figure class="op-uc-figure"><div class="op-uc-figure--content">{m.group(0)}</div></figure>'
        ),
        html,
        flags=re.DOTALL,
    )
