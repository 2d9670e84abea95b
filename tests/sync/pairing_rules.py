"""The rules of pairing, as plain as they can be said; and the same asked of the engine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pm_providers.sync.matching import Candidate, Shelf, folded, match, number


@dataclass
class Found:
    """Pairs of link ids, and the links that could be several."""

    pairs: list[tuple[str, str]] = field(default_factory=list)
    doubtful: dict[str, str] = field(default_factory=dict)


def matched(
    left: Sequence[Candidate],
    right: Sequence[Candidate],
    *,
    parents: Callable[[str], str | None],
    by: str | None = None,
) -> Found:
    """As the engine pairs.

    Args:
        left: items of the left without a counterpart.
        right: those of the right.
        parents: id of a linked task on the left -> id of its counterpart.
        by: field whose equal values make a pair.
    """
    shelves = []
    for items in (left, right):
        shelves.append(Shelf(keys=1))
        for one in items:
            shelves[-1].add(one, [folded(one.values.get(by)) if by else None])
    own = {one.id for one in left}
    above = {str(one.values["parent"]) for one in left if "parent" in one.values} - own
    linked = {number(one): number(there) for one in above if (there := parents(one)) is not None}
    found = match(*shelves, linked)
    return Found(list(found.pairs()), dict(found.doubtful()))


def by_the_rules(
    left: Sequence[Candidate],
    right: Sequence[Candidate],
    *,
    parents: Callable[[str], str | None],
    by: str | None = None,
) -> Found:
    """As people would: round by round, with all in sight. Arguments as in `matched`."""
    found = Found()
    ours, theirs = {one.id: one for one in left}, {one.id: one for one in right}
    known: dict[str, str] = {}
    if by is not None:
        _pair_up(
            ours,
            theirs,
            lambda one: _text(one.values.get(by)),
            lambda one: _text(one.values.get(by)),
            known,
            found,
        )
    while True:
        before = len(known)
        found.doubtful = {}
        _pair_up(
            ours,
            theirs,
            lambda one: _place(one, lambda parent: known.get(parent) or parents(parent), ours),
            lambda one: _place(one, lambda parent: parent, theirs),
            known,
            found,
        )
        if len(known) == before:
            return found


def _text(value: object) -> str | None:
    return None if value in (None, "") else str(value).strip().casefold()


def _place(
    one: Candidate, across: Callable[[str], str | None], waiting: Mapping[str, Candidate]
) -> str | None:
    """Title and counterpart of the parent; `None` while the parent has none (ids do not compare)."""
    title = " ".join(str(one.values.get("title") or "").split()).casefold()
    parent = one.values.get("parent")
    if not title:
        return None
    if parent is None:
        return f"\n{title}"
    if str(parent) in waiting:
        return None
    there = across(str(parent))
    return None if there is None else f"{there}\n{title}"


def _pair_up(
    ours: dict[str, Candidate],
    theirs: dict[str, Candidate],
    our_key: Callable[[Candidate], str | None],
    their_key: Callable[[Candidate], str | None],
    known: dict[str, str],
    found: Found,
) -> None:
    left, right = _grouped(ours.values(), our_key), _grouped(theirs.values(), their_key)
    for key, group in left.items():
        across = right.get(key, [])
        if len(group) == len(across) == 1:
            one, two = group[0], across[0]
            found.pairs.append((one.link_id, two.link_id))
            known[one.id] = two.id
            del ours[one.id], theirs[two.id]
        elif group and across:
            why = f"{len(group)} items on the left and {len(across)} on the right could be the same"
            found.doubtful |= dict.fromkeys((one.link_id for one in (*group, *across)), why)


def _grouped(
    items: Iterable[Candidate], key: Callable[[Candidate], str | None]
) -> dict[str, list[Candidate]]:
    found: defaultdict[str, list[Candidate]] = defaultdict(list)
    for one in items:
        name = key(one)
        if name is not None:
            found[name].append(one)
    return found
