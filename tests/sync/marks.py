"""What people add and take away around items on either side: sets, and single values, of which nothing may get lost.

Of each set it keeps what both sides agreed on last, and the last thing that was done to each member on each side
since. A member that was only added stands on both sides in the end, one that was only taken away on neither; of
one that was added here and taken away there nobody knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pm_providers.sync.policy import LEFT, RIGHT, SIDES

Key = tuple[str, str]
"""Kind, and the name of what it stands around; `""` for the projects."""


@dataclass
class State:
    """What one side shows.

    Attributes:
        sets: key -> members.
        values: key -> single value.
    """

    sets: dict[Key, set[str]] = field(default_factory=dict)
    values: dict[Key, Any] = field(default_factory=dict)


class Marks:
    """Keeps count of what people did around items.

    Attributes:
        most: kind -> side -> members that a side can show; missing for no bound.
        lacks: kind -> members that one of the sides cannot show at all.
        free: keys of which nobody knows what should stand there: only that both sides say the same.
    """

    def __init__(self) -> None:
        self.most: dict[str, dict[str, int]] = {}
        self.lacks: dict[str, set[str]] = {}
        self.free: set[str] = set()
        self.common: dict[Key, set[str]] = {}
        self.done: dict[Key, dict[str, dict[str, bool]]] = {}
        self.emptied: set[Key] = set()
        self.value: dict[Key, Any] = {}
        self.said: dict[Key, dict[str, Any]] = {}

    def changed(self, side: str, key: Key, before: set[str], after: set[str]) -> None:
        """People made a set another."""
        done = self.done.setdefault(key, {})
        for one in before ^ after:
            done.setdefault(one, {})[side] = one in after
        if before - after:
            self.emptied.add(key)

    def wrote(self, side: str, key: Key, value: Any) -> None:
        """People wrote a single value."""
        self.said.setdefault(key, {})[side] = value

    def agreed(self, states: Mapping[str, State], kinds: set[str]) -> None:
        """A run ended well: from here on what both sides say counts.

        Args:
            states: of both sides.
            kinds: what the run looked at.
        """
        for key in {*states[LEFT].sets, *states[RIGHT].sets}:
            if key[0] in kinds and self.wrong_set(key, states) is None:
                whole = self._whole(key[0])
                self.common[key] = set(states[whole].sets.get(key, ()))
                self.done.pop(key, None)
        for key in {*states[LEFT].values, *states[RIGHT].values}:
            left, right = (states[side].values.get(key) for side in SIDES)
            if key[0] in kinds and left == right:
                self.value[key] = left
                self.said.pop(key, None)

    def _whole(self, kind: str) -> str:
        """A side that shows all."""
        bounds = self.most.get(kind, {})
        return next((side for side in SIDES if side not in bounds), LEFT)

    def check(self, states: Mapping[str, State]) -> None:
        """Both sides say the same, and what people said."""
        for key in sorted({*states[LEFT].sets, *states[RIGHT].sets}):
            wrong = self.wrong_set(key, states)
            assert wrong is None, f"{key}: {wrong}; people did {self.done.get(key)}"
        for key in sorted({*states[LEFT].values, *states[RIGHT].values}):
            left, right = (states[side].values.get(key) for side in SIDES)
            assert left == right, f"{key} is {left!r} on the left, {right!r} on the right"
            said = self.said.get(key)
            allowed = list(said.values()) if said else [self.value.get(key)]
            is_free = bool(self.free & {key[1], *key[1].split()})
            assert is_free or left in allowed, f"{key} is {left!r}; people wrote {allowed!r}"

    def wrong_set(self, key: Key, states: Mapping[str, State]) -> str | None:
        """What is wrong about a set; `None` for nothing."""
        now = {side: states[side].sets.get(key, set()) for side in SIDES}
        bounds = self.most.get(key[0], {})
        told = f"{sorted(now[LEFT])} on the left, {sorted(now[RIGHT])} on the right"
        if len(bounds) < len(SIDES):
            whole = self._whole(key[0])
            for side in SIDES:
                if side in bounds:
                    some = now[whole] - self.lacks.get(key[0], set())
                    is_part = now[side] <= now[whole] and (now[side] or not some or key in self.emptied)
                    if not is_part or len(now[side]) > bounds[side]:
                        return told
                elif now[side] != now[whole]:
                    return told
            return self._unexpected(key, now[whole])
        return told if now[LEFT] != now[RIGHT] else self._unexpected_one(key, now[LEFT])

    def _members(self, key: Key) -> tuple[set[str], set[str]]:
        """What must stand there, and what may."""
        must = set(self.common.get(key, ()))
        may = set(must)
        for one, by_side in self.done.get(key, {}).items():
            if any(by_side.values()):
                may.add(one)
            must = must | {one} if all(by_side.values()) else must - {one}
            if not any(by_side.values()):
                may.discard(one)
        return must, may

    def _unexpected(self, key: Key, now: set[str]) -> str | None:
        must, may = self._members(key)
        if key[1] in self.free:
            return None
        must = {one for one in must if not self.free & set(one.split())}
        lost, extra = must - now, {one for one in now - may if not self.free & set(one.split())}
        if lost or extra:
            return f"{sorted(now)} on both sides: {sorted(lost)} lost, {sorted(extra)} of nobody"
        return None

    def _unexpected_one(self, key: Key, now: set[str]) -> str | None:
        """Of sides that show one member each: one that somebody chose last, or nobody."""
        must, may = self._members(key)
        if key[1] in self.free or (now <= may and (now or not must or key in self.emptied)):
            return None
        return f"{sorted(now)} on both sides; people chose {sorted(may)}"
