"""Markdown to Asana's rich text and back: the functions that the provider uses.

`html_to_markdown(markdown_to_html(text))` is stable after one pass, and all that is written is well-formed
XML of the tags that Asana takes. What Markdown says and Asana cannot (see `html_writing`) shows in the
Markdown that is read back; what Asana's text says and Markdown cannot stays in it as long as `base` is given.
"""

from __future__ import annotations

import re

from pm_providers.providers.asana.mapping.html_merging import merge_html
from pm_providers.providers.asana.mapping.html_nodes import parse_html
from pm_providers.providers.asana.mapping.html_reading import read_html
from pm_providers.providers.asana.mapping.html_writing import HtmlWriter, settled
from pm_providers.text import parse_markdown, render_markdown
from pm_providers.text.writing_inline import is_plain

__all__ = ["html_to_markdown", "markdown_to_html", "same_text"]

_PLAIN = re.compile(r"(?:<body>)?+([^<>&\r\ud800-\udfff]*+)(?:</body>)?+")
_BLANK = re.compile(r"\n[ \t]*\n[ \t\n]*")
_ADDRESS = re.compile(r"<((?:https?://|mailto:)[^<>\s]+)>")


def html_to_markdown(html: str | None) -> str:
    """Markdown of rich text; empty for `None`. A text without `<body>`, as some stories have, is its content.

    Raises:
        ValidationError: the text is longer than a million characters.
    """
    if not html:
        return ""
    plain = _plain_markdown(html)
    return render_markdown(read_html(html)) if plain is None else plain


def _plain_markdown(html: str) -> str | None:
    """Markdown of a text without tags that means nothing there: most need no tree; `None` for any other."""
    found = _PLAIN.fullmatch(html)
    if found is None or not is_plain(text := found[1].strip(" \t\n")):
        return "" if found and not found[1].strip(" \t\n") else None
    if "\n" not in text:
        return text
    paragraphs = [[line.strip(" \t") for line in one.split("\n")] for one in _BLANK.split(text)]
    if not all(is_plain(line) for lines in paragraphs for line in lines):
        return None
    return "\n\n".join("\\\n".join(lines) for lines in paragraphs)


def markdown_to_html(markdown: str, *, base: str | None = None, comment: bool = False) -> str:
    """Rich text that says what the Markdown says: XML in one `<body>`; empty Markdown makes an empty body.

    Args:
        markdown: the new text.
        base: the stored text that the Markdown was read from and that will be replaced. Whatever the new text
            leaves as it was is taken from it; a text that changes nothing gives it back.
        comment: the text is one of a comment, which holds no headings, rules or pictures.

    Raises:
        ValidationError: a text is longer than a million characters.
    """
    tree = parse_markdown(markdown)
    if not base:
        return _body(settled(HtmlWriter(comment=comment), tree)[0])
    if tree == read_html(base):  # what its Markdown would be read as
        return base
    stored = parse_html(base)
    writer = HtmlWriter(stored, comment=comment)
    written, document = settled(writer, tree)
    merged = merge_html(stored, document, writer)
    # Compared as it would be written: the stored text may hold what is not, such as lists in quotes.
    return _body(merged if settled(writer, read_html(merged))[0] == written else written)


def _body(content: str) -> str:
    return f"<body>{content}</body>"


def same_text(asked: str, got: str | None, *, comment: bool = False) -> bool:
    """Whether a text was stored: Asana has no tag for some Markdown, and makes links of addresses.

    Args:
        asked: the Markdown that was sent.
        got: the Markdown that was read back.
        comment: it is the text of a comment.
    """
    there = _comparable(got or "")
    if _comparable(asked) == there:
        return True
    return _comparable(html_to_markdown(markdown_to_html(asked, comment=comment))) == there


def _comparable(text: str) -> str:
    plain = _ADDRESS.sub(r"\1", text.replace("\r\n", "\n").replace("\r", "\n"))
    return render_markdown(parse_markdown(plain))
