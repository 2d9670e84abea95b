"""Which items without a counterpart are the same thing on both sides. Pure.

Two sides may be full of items that were never seen together. So no text of them is kept but numbers that
stand for texts, some 80 bytes for an item: whoever makes pairs of what is found compares the texts then.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pm_providers.sync.values import Snapshot

__all__ = ["Candidate", "Doubts", "Matches", "Shelf", "folded", "match", "number", "title_of"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item of one side that has no counterpart.

    Attributes:
        link_id: its link.
        id: on its side.
        values: snapshot, as much of it as pairing goes by.
    """

    link_id: str
    id: str
    values: Snapshot


class Shelf:
    """Items of one side.

    Args:
        keys: how many texts of an item make a pair wherever they are equal.
    """

    def __init__(self, keys: int = 0) -> None:
        self._links = bytearray()
        self._ends = array("Q")
        self.own = array("q")
        self.titles = array("q")
        self.parents = array("q")
        self.keys = tuple(array("q") for _ in range(keys))

    def __len__(self) -> int:
        return len(self.own)

    def add(self, one: Candidate, keys: Sequence[str | None] = ()) -> None:
        """Put an item there, with its texts that make a pair; `None` for one that it does not have."""
        self._links += one.link_id.encode()
        self._ends.append(len(self._links))
        self.own.append(number(one.id))
        self.titles.append(number(title_of(one.values)))
        self.parents.append(number(one.values.get("parent")))
        for kept, key in zip(self.keys, keys, strict=True):
            kept.append(number(key))

    def link_id(self, index: int) -> str:
        """Link of an item."""
        start = self._ends[index - 1] if index else 0
        return self._links[start : self._ends[index]].decode()


class Doubts:
    """Links of items that could be the same as several: nothing is created for these.

    Numbers of them are kept. To take one for another costs no more than that it waits.
    """

    def __init__(self, link_ids: Iterable[str] = ()) -> None:
        self._numbers = array("q", sorted(map(number, link_ids)))

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, link_id: object) -> bool:
        one = number(link_id)
        at = bisect_left(self._numbers, one)
        return at < len(self._numbers) and self._numbers[at] == one


class Matches:
    """What was found."""

    def __init__(self, left: Shelf, right: Shelf) -> None:
        self.left, self.right = left, right
        self._doubts: list[tuple[array[int], array[int]]] = []
        self.taken = bytearray(len(left)), bytearray(len(right))
        self._indexes = array("Q"), array("Q")

    def __len__(self) -> int:
        return len(self._indexes[0])

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Link ids, left and right; pairs by keys first, and what stands above before what stands below."""
        for ours, theirs in zip(*self._indexes, strict=True):
            yield self.left.link_id(ours), self.right.link_id(theirs)

    def own(self) -> Iterator[tuple[int, int]]:
        """Numbers of the ids of what is paired."""
        for ours, theirs in zip(*self._indexes, strict=True):
            yield self.left.own[ours], self.right.own[theirs]

    def put(self, ours: int, theirs: int) -> None:
        """A pair, by indexes."""
        for side, index in enumerate((ours, theirs)):
            self.taken[side][index] = 1
            self._indexes[side].append(index)

    def doubt(self, ours: Sequence[int], theirs: Sequence[int]) -> None:
        """Several that could be the same, by indexes."""
        self._doubts.append((array("Q", ours), array("Q", theirs)))

    def doubtful(self) -> Iterator[tuple[str, str]]:
        """Link ids, and why they are not paired though there are candidates."""
        for ours, theirs in self._doubts:
            why = f"{len(ours)} items on the left and {len(theirs)} on the right could be the same"
            for shelf, indexes in ((self.left, ours), (self.right, theirs)):
                yield from ((shelf.link_id(one), why) for one in indexes)


def match(left: Shelf, right: Shelf, linked: Mapping[int, int]) -> Matches:
    """Pair items: by equal keys first, then by equal titles under the same parent.

    Only what is plain is paired: one item on each side. What stands below an item that has no counterpart has
    none either.

    Args:
        left: items of the left without a counterpart.
        right: those of the right.
        linked: number of the id of a task on the left -> that of its counterpart, of parents in step.
    """
    found = Matches(left, right)
    for keys in zip(left.keys, right.keys, strict=True):
        for ours, theirs in _shared(*map(_in_order, keys, found.taken)):
            if len(ours) == len(theirs) == 1:
                found.put(ours[0], theirs[0])
    sides = _Places(left, found.taken[0]), _Places(right, found.taken[1])
    places = [(0, 0), *linked.items(), *((one, two) for one, two in found.own() if one in sides[0].above)]
    while places:
        below: list[tuple[int, int]] = []
        for place in places:
            below += _paired_below(found, sides, place)
        places = below
    return found


def number(text: object) -> int:
    """Stands for a text: equal for equal ones, 0 for none."""
    return 0 if text in (None, "") else hash(str(text)) or 1


def folded(value: object) -> str | None:
    """A text as keys are compared."""
    return None if value in (None, "") else str(value).strip().casefold()


def title_of(values: Snapshot) -> str:
    """A title as titles are compared."""
    return " ".join(str(values.get("title") or "").split()).casefold()


_Numbered = tuple[Sequence[int], Sequence[int]]
"""A number for each item, and the indexes of some of them in the order of these numbers."""


class _Places:
    """Items in the order of what they stand below, then of their titles."""

    def __init__(self, shelf: Shelf, taken: bytearray) -> None:
        order = [one for one in range(len(shelf)) if shelf.titles[one] and not taken[one]]
        order.sort(key=shelf.titles.__getitem__)
        order.sort(key=shelf.parents.__getitem__)
        self._order = array("Q", order)
        self._shelf = shelf
        self.above = {shelf.parents[one] for one in order}

    def below(self, parent: int) -> _Numbered:
        """Titles of what stands below an item; at the top for 0."""
        if parent not in self.above:
            return self._shelf.titles, ()
        above = self._shelf.parents.__getitem__
        start = bisect_left(self._order, parent, key=above)
        end = bisect_right(self._order, parent, lo=start, key=above)
        return self._shelf.titles, self._order[start:end]


def _in_order(keys: array[int], taken: bytearray) -> _Numbered:
    free = (one for one, key in enumerate(keys) if key and not taken[one])
    return keys, array("Q", sorted(free, key=keys.__getitem__))


def _paired_below(
    found: Matches, sides: tuple[_Places, _Places], place: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    """Pair what stands below two items that are the same; new pairs below which something stands."""
    for ours, theirs in _shared(sides[0].below(place[0]), sides[1].below(place[1])):
        if len(ours) > 1 or len(theirs) > 1:
            found.doubt(ours, theirs)
            continue
        found.put(ours[0], theirs[0])
        one = found.left.own[ours[0]]
        if one in sides[0].above:
            yield one, found.right.own[theirs[0]]


def _shared(left: _Numbered, right: _Numbered) -> Iterator[tuple[list[int], list[int]]]:
    """Indexes of both sides that have the same number."""
    at = [0, 0]
    ends = len(left[1]), len(right[1])
    while at[0] < ends[0] and at[1] < ends[1]:
        ours, theirs = left[0][left[1][at[0]]], right[0][right[1][at[1]]]
        if ours != theirs:
            at[ours > theirs] += 1
            continue
        groups: tuple[list[int], list[int]] = ([], [])
        for side, (numbers, indexes) in enumerate((left, right)):
            while at[side] < ends[side] and numbers[indexes[at[side]]] == ours:
                groups[side].append(indexes[at[side]])
                at[side] += 1
        yield groups
