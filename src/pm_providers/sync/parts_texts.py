"""What the sync writes above and instead of things that it cannot copy as they are. Pure.

A comment is written by the account of the connection. Who wrote it really stands above it as text; a file
stays where it is, and a comment says where. Both are recognised only in comments of the own account:
what other people type is never taken for it.
"""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from pm_providers.text import Document, Link, Paragraph, Text, parse_markdown, plain_text, render_markdown

__all__ = ["attachment_name", "attachment_note", "is_lasting", "split_header", "written_by"]

_HEADER = re.compile(r"(?:\S.{0,200}) wrote on (?:\d{4}-\d\d-\d\d|an unknown day) in .{1,100}:")
_NOTE = re.compile(r"Attachment: (?P<name>.+) \((?:[\d.]+ (?:B|kB|MB|GB)|size unknown)\), in .{1,100}")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_PASSES = {"sig", "signature", "token", "expires", "policy", "key-pair-id", "jwt", "auth", "access_token"}
_UNITS = ("B", "kB", "MB", "GB")
_STEP = 1000
_LONGEST = 5_000
"""Characters of a comment that may stand for a file."""


def written_by(name: str, at: datetime | None, system: str) -> str:
    """One paragraph of Markdown: who wrote what follows, when, and where."""
    day = "an unknown day" if at is None else at.date().isoformat()
    where = _line(system)[:100] or "another system"
    line = f"{_line(name)[:200] or 'Somebody'} wrote on {day} in {where}:"
    return render_markdown(Document((Paragraph((Text(line),)),))).strip()


def split_header(body: str) -> tuple[str, str]:
    """The paragraph that `written_by` made, or `""`, and the text below it."""
    head, _, rest = body.lstrip("\n").partition("\n\n")
    if "\n" not in head and _HEADER.fullmatch(_ESCAPE.sub(r"\1", head.strip())):
        return head.strip(), rest.lstrip("\n")
    return "", body


def attachment_note(name: str, size: int | None, system: str, url: str | None) -> str:
    """A comment that stands for a file: its name, linked to where it is."""
    label = Text(_line(name))
    shown = Link(url, (label,)) if url else label
    end = Text(f" ({_size(size)}), in {_line(system)[:100]}")
    return render_markdown(Document((Paragraph((Text("Attachment: "), shown, end)),))).strip()


def attachment_name(body: str) -> str | None:
    """Name of the file that a comment stands for; `None` for every other comment."""
    if len(body) > _LONGEST or "Attachment: " not in body:
        return None
    blocks = parse_markdown(body).blocks
    if len(blocks) != 1 or not isinstance(blocks[0], Paragraph):
        return None
    found = _NOTE.fullmatch(plain_text(blocks[0].children).strip())
    return found["name"].strip() if found else None


def is_lasting(url: str | None) -> bool:
    """Whether an address may be written down: it has no key in it, and does not end soon."""
    if not url or urlsplit(url).scheme not in {"http", "https"} or urlsplit(url).username:
        return False
    names = {name.casefold() for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
    return not names & _PASSES and not any(name.startswith(("x-amz-", "x-goog-")) for name in names)


def _size(size: int | None) -> str:
    if size is None:
        return "size unknown"
    number, unit = float(size), 0
    while number >= _STEP and unit < len(_UNITS) - 1:
        number, unit = number / _STEP, unit + 1
    return f"{number:.0f} {_UNITS[unit]}"


def _line(text: str) -> str:
    return " ".join(text.split())
