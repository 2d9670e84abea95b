"""How rich text is stored: Atlassian documents on Cloud, wiki markup on Data Center."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pm_providers.providers.jira.mapping.adf import adf_to_markdown, markdown_to_adf
from pm_providers.providers.jira.mapping.wiki import markdown_to_wiki, wiki_to_markdown
from pm_providers.toolkit.documents import broken

__all__ = ["ADF", "WIKI", "TextFormat"]


@dataclass(frozen=True, slots=True)
class TextFormat:
    """One form of stored text.

    Attributes:
        name: `adf` or `wiki`.
        to_markdown: stored text -> Markdown.
        from_markdown: Markdown and the text that it replaces (`None` for a new one) -> text to store.
    """

    name: str
    to_markdown: Callable[[Any], str]
    from_markdown: Callable[[str, Any], Any]

    def read(self, stored: Any) -> str | None:
        """Markdown of a stored text; `None` where it is empty.

        Raises:
            ProviderError: it is neither a text nor a document.
        """
        if not stored:
            return None
        # v2 of the API gives strings on Cloud as well, and so do deliveries.
        if isinstance(stored, str):
            return WIKI.to_markdown(stored) or None
        if not isinstance(stored, dict):
            raise broken("a rich text that is neither text nor document")
        return ADF.to_markdown(stored) or None

    def write(self, markdown: str | None, base: Any = None) -> Any:
        """Text to store; `None` clears.

        Args:
            markdown: what it should say.
            base: the text that it replaces, so that what Markdown cannot say outlives an edit.
        """
        return None if not markdown else self.from_markdown(markdown, base)

    def same(self, asked: str, got: str | None) -> bool:
        """Whether a text was stored: the form has no word for some Markdown, and several for other."""
        there = _plain(got)
        return _plain(asked) == there or _plain(self.read(self.write(asked))) == there


def _plain(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").strip()


def _to_adf(markdown: str, base: Any) -> Any:
    return markdown_to_adf(markdown, base=base if isinstance(base, dict) else None)


def _to_wiki(markdown: str, base: Any) -> Any:
    return markdown_to_wiki(markdown, base=base if isinstance(base, str) else None)


ADF = TextFormat("adf", adf_to_markdown, _to_adf)
WIKI = TextFormat("wiki", wiki_to_markdown, _to_wiki)
