"""Rich texts: XML in `<body>` on the vendor's side, Markdown on ours. Pure."""

from __future__ import annotations

from pm_providers.providers.asana.mapping.html import html_to_markdown, markdown_to_html

__all__ = ["read_text", "same_text", "write_text"]

EMPTY = "<body></body>"
"""What clears a text."""


def read_text(html: str | None) -> str | None:
    """Markdown of a rich text; `None` where there is none."""
    if not html or html == EMPTY:
        return None
    return html_to_markdown(html) or None


def write_text(markdown: str | None, base: str | None = None) -> str:
    """The rich text to store.

    Args:
        markdown: what to say; `None` clears.
        base: the text that stands there now: what Markdown cannot say of it is kept where it still fits.
    """
    return markdown_to_html(markdown, base=base) if markdown else EMPTY


def same_text(asked: str, got: str | None) -> bool:
    """Whether a stored text says what was asked: spelling and what the vendor has no mark for aside."""
    if asked == (got or ""):
        return True
    return (read_text(write_text(asked)) or "").strip() == (got or "").strip()
