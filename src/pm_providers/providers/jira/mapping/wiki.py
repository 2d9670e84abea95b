"""Markdown to wiki markup (Data Center) and back: the two functions that the provider uses."""

from __future__ import annotations

from pm_providers.providers.jira.mapping.wiki_reading import Chunk, read_chunks, read_wiki
from pm_providers.providers.jira.mapping.wiki_writing import write_wiki, write_wiki_block
from pm_providers.text import Document
from pm_providers.text.aligning import align
from pm_providers.text.markdown import normalise, parse_markdown, render_markdown

__all__ = ["markdown_to_wiki", "wiki_to_markdown"]


def wiki_to_markdown(text: str | None) -> str:
    """Markdown of wiki markup; empty for `None`.

    Raises:
        ValidationError: the text is longer than can be read.
    """
    return render_markdown(read_wiki(text)) if text else ""


def markdown_to_wiki(markdown: str, *, base: str | None = None) -> str:
    """Wiki markup that says what the Markdown says.

    Args:
        markdown: the new text.
        base: the stored text that the Markdown was read from and that will be replaced. Blocks that the new
            text leaves as they were are taken from it verbatim; a text that changes nothing gives it back.

    Raises:
        ValidationError: a text is longer than can be read.
    """
    document = parse_markdown(markdown)
    if not base:
        return write_wiki(_settled(document))
    if document == parse_markdown(wiki_to_markdown(base)):
        return base
    return _merged(read_chunks(base), _settled(document))


def _settled(document: Document) -> Document:
    """The tree, or the one that its markup reads back as where the markup cannot say it."""
    return read_wiki(write_wiki(document))


def _merged(chunks: list[Chunk], document: Document) -> str:
    """New blocks, and the source of those that are in the stored text."""
    new = [text for block in document.blocks if (text := write_wiki_block(block))]
    shown = [
        [write_wiki_block(block) for block in normalise(Document(chunk.blocks)).blocks] for chunk in chunks
    ]
    owners = [index for index, written in enumerate(shown) for _ in written]
    old = [text for written in shown for text in written]
    pieces: list[tuple[int | None, str]] = []
    for equal, i, _, k, m in align(old, new):
        place = k
        while place < m:
            owner = owners[i + place - k] if equal else None
            size = len(shown[owner]) if owner is not None else 1
            begins = owner is not None and owners.index(owner) == i + place - k
            if owner is not None and begins and place + size <= m:
                pieces.append((owner, chunks[owner].source))
                place += size
            else:
                pieces.append((None, new[place]))
                place += 1
    return _joined(pieces)


def _joined(pieces: list[tuple[int | None, str]]) -> str:
    """The pieces as one text: neighbours of the stored text as far apart as they were."""
    parts: list[str] = []
    followers = [*(owner for owner, _ in pieces[1:]), None]
    for (owner, source), following in zip(pieces, followers, strict=False):
        together = owner is not None and following == owner + 1
        apart = source[len(source.rstrip("\n")) :]
        parts.append(source if together else source.rstrip("\n") + max("\n\n", apart))
    return "".join(parts).rstrip("\n")
