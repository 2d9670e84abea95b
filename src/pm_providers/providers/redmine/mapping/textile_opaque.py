"""Finds the stretches of a marked line that no node of a document says."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from pm_providers.providers.redmine.mapping.textile_base import Mark

__all__ = ["COLOUR", "is_opaque", "opaque_ends", "span_name"]

COLOUR = re.compile(r"\{\s*color\s*:\s*([^;{}\"]+?)\s*;?\s*\}")
"""Attributes of a span that only give its text a colour; the group is the colour."""


def is_opaque(mark: Mark) -> bool:
    """Whether a span or link that starts here has attributes or a meaning that no node says."""
    if mark.kind == "link":
        return bool(mark.extra)
    if mark.text == "span":
        return COLOUR.fullmatch(mark.extra) is None
    return bool(mark.extra) or mark.text == "cite"


def span_name(mark: Mark) -> str:
    """What the start and the end of a span have in common; empty for links."""
    return "" if mark.kind in ("link", "unlink") else mark.text


@dataclass(slots=True)
class _Group:
    """Spans that overlap each other, from the first start among them on."""

    start: int
    open: Counter[str]
    opaque: bool


def opaque_ends(items: list[str | Mark]) -> dict[int, int]:
    """Places of the last marks of opaque stretches, by the places of their first.

    A span that overlaps an opaque one is part of its stretch: half of it would mean something else. Where
    one of them does not end among the items, the opaque one stands alone; it is left out if that has no end,
    and if something ends within it that a block before it began.
    """
    ends: dict[int, int] = {}
    whole: dict[int, int] = {}
    starts: defaultdict[str, list[int]] = defaultdict(list)
    groups: list[_Group] = []
    strays: list[int] = []
    for at, item in enumerate(items):
        if isinstance(item, str):
            continue
        name = span_name(item)
        if item.kind in ("open", "link"):
            starts[name].append(at)
            groups.append(_Group(at, Counter([name]), is_opaque(item)))
        elif item.kind in ("close", "unlink") and not starts[name]:
            strays.append(at)
        elif item.kind in ("close", "unlink"):
            start = starts[name].pop()
            opening = items[start]
            if isinstance(opening, Mark) and is_opaque(opening):
                ends[start] = at
            group = _ended(name, groups)
            if group is not None and group.opaque:
                whole[group.start] = at
    found = ends | whole
    return {start: end for start, end in found.items() if not any(start < at < end for at in strays)}


def _ended(name: str, groups: list[_Group]) -> _Group | None:
    """Ends the last open span of a name, which all that started since overlap; its group if that ends."""
    last = groups[-1]
    while not last.open[name]:
        inner = groups.pop()
        last = groups[-1]
        last.open += inner.open
        last.opaque = last.opaque or inner.opaque
    last.open[name] -= 1
    return None if last.open.total() else groups.pop()
