"""The installation's text formatting: Textile, or a Markdown that is stored as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pm_providers.providers.redmine.mapping.textile import to_markdown, to_textile

__all__ = ["MARKDOWN", "TEXTILE", "UNKNOWN", "TextFormat", "format_in_page"]

_TOOLBAR = re.compile(r"jstoolbar/(textile|markdown|common_mark)\b")


@dataclass(frozen=True, slots=True)
class TextFormat:
    """How texts are stored.

    Attributes:
        name: `textile`, `markdown`, or `unknown` where it could not be found out: texts are then stored and
            read as they are, so that none is damaged.
    """

    name: str

    def read(self, stored: str | None) -> str | None:
        """Markdown of a stored text; `None` where it is empty. Line ends become plain ones."""
        if not stored:
            return None
        text = stored.replace("\r\n", "\n")
        return to_markdown(text) if self.name == "textile" else text

    def write(self, markdown: str | None) -> str | None:
        """Text to store."""
        return to_textile(markdown) if markdown and self.name == "textile" else markdown


TEXTILE, MARKDOWN, UNKNOWN = TextFormat("textile"), TextFormat("markdown"), TextFormat("unknown")


def format_in_page(page: str) -> TextFormat | None:
    """Format that the toolbar of a page's editor is for; `None` on a page without an editor.

    The API does not tell the setting. Pages with an editor load the toolbar of the format ([code]
    lib/redmine/wiki_formatting/*/helper.rb); asset digests follow the name from 6.0 on.
    """
    found = _TOOLBAR.search(page)
    if found is None:
        return None
    return TEXTILE if found[1] == "textile" else MARKDOWN
