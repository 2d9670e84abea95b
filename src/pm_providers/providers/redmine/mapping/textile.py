"""Textile, as Redmine understands it, to Markdown and back."""

from __future__ import annotations

from pm_providers.providers.redmine.mapping.textile_reading import read_textile
from pm_providers.providers.redmine.mapping.textile_writing import write_textile
from pm_providers.text import parse_markdown, render_markdown

__all__ = ["to_markdown", "to_textile"]


def to_markdown(textile: str) -> str:
    """Markdown of a Textile text."""
    return render_markdown(read_textile(textile))


def to_textile(markdown: str) -> str:
    """Textile of a Markdown text."""
    return write_textile(parse_markdown(markdown))
