"""Markdown to Atlassian documents and back: the two functions that the provider uses.

`adf_to_markdown(markdown_to_adf(text))` is stable after one pass, and every document made is one the vendor's
schema allows. What Markdown says and a document cannot (see `adf_writing`) shows in the Markdown that is read
back; what a document says and Markdown cannot stays in it as long as `base` is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pm_providers.providers.jira.mapping.adf_merging import merge_adf
from pm_providers.providers.jira.mapping.adf_nodes import Node, children
from pm_providers.providers.jira.mapping.adf_plain import plain_markdown
from pm_providers.providers.jira.mapping.adf_reading import read_adf
from pm_providers.providers.jira.mapping.adf_writing import AdfWriter
from pm_providers.text import Document
from pm_providers.text.markdown import parse_markdown, render_markdown

__all__ = ["adf_to_markdown", "markdown_to_adf"]


def adf_to_markdown(document: Mapping[str, Any] | None) -> str:
    """Markdown of a document; empty for `None` and for anything that is no document."""
    if not document:
        return ""
    plain = plain_markdown(document)
    return render_markdown(read_adf(document)) if plain is None else plain


def markdown_to_adf(markdown: str, *, base: Mapping[str, Any] | None = None) -> Node:
    """The document that says what the Markdown says.

    Args:
        markdown: the new text; empty makes a document without content.
        base: the stored document that the text was read from and that will be replaced. Whatever the new text
            leaves as it was is taken from it verbatim; a text that changes nothing gives it back.

    Raises:
        ValidationError: the text is longer than can be read.
    """
    tree = parse_markdown(markdown)
    stored: Node | None = dict(base) if base and children(base) else None
    if stored is None:
        return _settled(AdfWriter(), tree)
    if tree == parse_markdown(adf_to_markdown(stored)):
        return stored
    return merge_adf(stored, _settled(AdfWriter(stored), tree))


def _settled(writer: AdfWriter, tree: Document) -> Node:
    """The tree as a document; one that reads back as another tree is written as that."""
    document = writer.write(tree)
    seen = read_adf(document)
    return document if seen == tree else writer.write(seen)
