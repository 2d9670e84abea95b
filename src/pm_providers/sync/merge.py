"""Three-way merge of long texts by lines, as version control does it. Pure."""

from __future__ import annotations

from difflib import SequenceMatcher

__all__ = ["merge_texts"]

_LONGEST = 200_000
"""Characters above which texts are not compared line by line: that takes quadratic time at worst."""


def merge_texts(base: str, left: str, right: str) -> str | None:
    """Both edits in one text; `None` where they touch the same or neighbouring lines.

    Args:
        base: what both started from.
        left: one edit of it.
        right: the other.
    """
    if right in {left, base}:
        return left
    if left == base:
        return right
    if max(map(len, (base, left, right))) > _LONGEST:
        return None
    lines = base.split("\n")
    edits = sorted(
        _edits(lines, left.split("\n")) + _edits(lines, right.split("\n")), key=lambda one: one[:2]
    )
    merged: list[str] = []
    at = 0
    previous: tuple[int, int, list[str]] | None = None
    for start, end, new in edits:
        if previous == (start, end, new):
            continue  # the same edit on both sides
        if previous is not None and start <= previous[1]:
            return None
        merged += lines[at:start]
        merged += new
        at, previous = end, (start, end, new)
    return "\n".join(merged + lines[at:])


def _edits(base: list[str], changed: list[str]) -> list[tuple[int, int, list[str]]]:
    """Ranges of lines of `base` that are replaced, with what replaces them."""
    matcher = SequenceMatcher(None, base, changed, autojunk=False)
    return [(i1, i2, changed[j1:j2]) for tag, i1, i2, j1, j2 in matcher.get_opcodes() if tag != "equal"]
