"""What two versions of a sequence have in common: bounded in time whatever they hold."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

__all__ = ["Span", "align", "kept_whole", "pair_up"]

Span = tuple[bool, int, int, int, int]
"""Whether the two stretches are equal, and their bounds: `old[i:j]`, `new[k:l]`."""

_MAX_COMPARED = 4_000
_MAX_PAIRED = 60


def align(old: Sequence[str], new: Sequence[str]) -> list[Span]:
    """Stretches of both, in order, that cover them: equal ones and those between.

    Common beginnings and ends are always found; what is between is compared up to a length of 4,000.
    """
    start = 0
    shorter = min(len(old), len(new))
    while start < shorter and old[start] == new[start]:
        start += 1
    end = 0
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    spans: list[Span] = [(True, 0, start, 0, start)]
    old_end, new_end = len(old) - end, len(new) - end
    if max(old_end, new_end) - start <= _MAX_COMPARED:
        matcher = SequenceMatcher(None, old[start:old_end], new[start:new_end])
        spans.extend(
            (tag == "equal", i + start, j + start, k + start, m + start)
            for tag, i, j, k, m in matcher.get_opcodes()
        )
    else:
        spans.append((False, start, old_end, start, new_end))
    spans.append((True, old_end, len(old), new_end, len(new)))
    return [span for span in spans if span[1] != span[2] or span[3] != span[4]]


def kept_whole(shown: Sequence[Sequence[str]], new: Sequence[str]) -> dict[int, int]:
    """Old pieces that are wholly in the new ones: index of the old one by that of its first new one, rising.

    Args:
        shown: what each old piece would be written as now: none, one or several pieces.
        new: the new pieces.
    """
    owners = [index for index, written in enumerate(shown) for _ in written]
    found: dict[int, int] = {}
    for equal, i, j, k, _ in align([text for written in shown for text in written], new):
        place = i
        while equal and place < j:
            owner = owners[place]
            size = len(shown[owner])
            whole = place + size <= j and (place == 0 or owners[place - 1] != owner)
            if whole:
                found[k + place - i] = owner
            place += size if whole else 1
    return found


def pair_up(old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]) -> dict[int, int]:
    """Which new element replaces which old one: old index by new index, both rising.

    Args:
        old: kind and text of each element; only elements of one kind are paired.
        new: the same.

    Long stretches are paired by position, others so that the pairs share the most words.
    """
    if len(old) == len(new) and all(left[0] == right[0] for left, right in zip(old, new, strict=True)):
        return {index: index for index in range(len(new))}
    if max(len(old), len(new)) > _MAX_PAIRED:
        return {
            index: index
            for index, (left, right) in enumerate(zip(old, new, strict=False))
            if left[0] == right[0]
        }
    return _best(old, new)


def _best(old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]) -> dict[int, int]:
    """Pairs of the highest sum of likeness, by dynamic programming."""
    words = [set(text.split()) for _, text in old]
    scores = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            together = _likeness(old[i], new[j], words[i]) + scores[i + 1][j + 1]
            scores[i][j] = max(scores[i + 1][j], scores[i][j + 1], together)
    pairs: dict[int, int] = {}
    i = j = 0
    while i < len(old) and j < len(new):
        likeness = _likeness(old[i], new[j], words[i])
        if likeness and scores[i][j] == likeness + scores[i + 1][j + 1]:
            pairs[j] = i
            i, j = i + 1, j + 1
        elif scores[i][j] == scores[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _likeness(left: tuple[str, str], right: tuple[str, str], words: set[str]) -> float:
    if left[0] != right[0]:
        return 0.0
    others = set(right[1].split())
    return 0.01 + len(words & others) / max(1, len(words | others))
