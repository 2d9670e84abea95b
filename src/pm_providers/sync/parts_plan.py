"""What is done about parts of a task: what both sides say, and said when they agreed -> decisions. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pm_providers.sync.decisions import Act, Clash, Decision, Step
from pm_providers.sync.merge import merge_texts
from pm_providers.sync.parts_model import TEXTS, Item, Kind, PartView, Values, same_value
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy, other
from pm_providers.sync.values import CUSTOM

__all__ = ["Bars", "agreed_values", "decide_part", "paired"]


@dataclass(frozen=True, slots=True)
class Bars:
    """What one kind cannot do.

    Attributes:
        whole: side -> why nothing can be made there.
        fields: side -> field, or `CUSTOM` for all custom ones -> why it cannot be written there.
    """

    whole: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def paired(kind: Kind, singles: Mapping[str, Sequence[Item]]) -> list[tuple[Item, Item]]:
    """Parts without counterpart that say the same on both sides, in order: left and right.

    Args:
        kind: of them.
        singles: side -> parts without counterpart, oldest first.
    """
    waiting: defaultdict[Hashable, list[Item]] = defaultdict(list)
    for item in singles.get(RIGHT, ()):
        key = kind.key(item.values)
        if key is not None:
            waiting[key].append(item)
    found = []
    for item in singles.get(LEFT, ()):
        across = waiting.get(kind.key(item.values))
        if across:
            found.append((item, across.pop(0)))
    return found


def decide_part(kind: Kind, view: PartView, policy: Policy, bars: Bars, held: str = "") -> list[Decision]:
    """What to do about one part.

    Args:
        kind: of it.
        view: it.
        policy: of the mapping.
        bars: what the sides cannot do.
        held: why it is not carried, if it has no counterpart.
    """
    gone = [side for side in view.ids if side not in view.items]
    if gone and len(gone) == len(view.ids):
        return [_plain(kind, view, Act.FORGET, reason="gone on both sides")]
    if len(view.ids) < len(SIDES):
        return [_single(kind, view, policy, bars, held)]
    if gone:
        return [_lost(kind, view, gone[0], policy, bars)]
    return _Pair(kind, view, policy, bars).run()


def _plain(kind: Kind, view: PartView, act: Act, side: str = "", **values: Any) -> Decision:
    item = next(iter(view.items.values()), None)
    said = next(iter(view.agreed.values()), {})
    title = kind.title(said) if item is None else kind.called(item)
    remote = view.items[side].id if side in view.items else ""
    return Decision(act, view.link_id, side, title, remote, entity=kind.entity, **values)


def _single(kind: Kind, view: PartView, policy: Policy, bars: Bars, held: str, reason: str = "") -> Decision:
    side = next(iter(view.items))
    target = other(side)
    why = bars.whole.get(target) or held
    if not policy.creates(target):
        return _plain(kind, view, Act.LEAVE, reason=f"nothing is created on the {target}")
    if why:
        return _plain(kind, view, Act.LEAVE, held={kind.part: why}, reason=why)
    values = view.items[side].values
    barred = {name: why for name in values if (why := _bar(kind, bars, target, name, values[name]))}
    names = [name for name in kind.names(values) if name in values]
    steps = tuple(Step(name, None, values[name]) for name in names if name not in barred)
    lost = {name: barred[name] for name in names if name in barred}
    return _plain(kind, view, Act.CREATE, target, steps=steps, held=lost, reason=reason)


def _bar(kind: Kind, bars: Bars, target: str, name: str, value: Any) -> str:
    barred = bars.fields.get(target, {})
    every = barred.get(CUSTOM, "") if name.startswith(CUSTOM) else ""
    return barred.get(name, "") or every or kind.portable(name, value)


def _lost(kind: Kind, view: PartView, side: str, policy: Policy, bars: Bars) -> Decision:
    left = other(side)
    base, now = view.agreed.get(left, {}), view.items[left].values
    names = kind.names(base, now)
    edited = [name for name in names if not same_value(name, base.get(name), now.get(name))]
    if policy.deletes == "ignore":
        return _plain(kind, view, Act.DETACH, reason=f"deleted on the {side}; the policy keeps it")
    if edited and policy.creates(side) and not bars.whole.get(side):
        why = f"deleted on the {side}, but edited on the {left} since ({', '.join(edited)})"
        return _single(kind, view, policy, bars, "", why)
    if policy.deletes == "propagate" and policy.creates(left) and (kind.structural or view.copy == left):
        return _plain(kind, view, Act.DELETE, left, reason=f"deleted on the {side}")
    return _plain(kind, view, Act.DETACH, reason=f"deleted on the {side}; the original stays")


class _Pair:
    """Both sides have it: field by field."""

    def __init__(self, kind: Kind, view: PartView, policy: Policy, bars: Bars) -> None:
        self.kind, self.view, self.policy, self.bars = kind, view, policy, bars
        self.steps: dict[str, list[Step]] = {side: [] for side in SIDES}
        self.held: dict[str, str] = {}
        self.clashes: list[Clash] = []
        self.settles = False
        self.apart: set[str] = set()

    def run(self) -> list[Decision]:
        values = [item.values for item in self.view.items.values()]
        for name in self.kind.names(*values, *self.view.agreed.values()):
            self._field(name)
        disputed = {clash.field for clash in self.clashes} | self.apart
        self.settles = self.settles or not disputed.issuperset(self.view.decided)
        said: dict[str, Any] = {
            "held": self.held, "clashes": tuple(self.clashes), "apart": frozenset(self.apart),
        }  # fmt: skip
        found = [
            _plain(self.kind, self.view, Act.UPDATE, side, steps=tuple(steps), **said)
            for side, steps in self.steps.items()
            if steps
        ]
        if found or not (self.settles or self.clashes or self.held or not self.view.agreed):
            return found
        waits = any(not one.winner for one in self.clashes)
        return [_plain(self.kind, self.view, Act.WAIT if waits else Act.SETTLE, **said)]

    def _value(self, side: str, name: str) -> Any:
        return self.view.items[side].values.get(name)

    def _base(self, side: str, name: str) -> Any:
        return self.view.agreed.get(side, {}).get(name)

    def _field(self, name: str) -> None:
        now = {side: self._value(side, name) for side in SIDES}
        is_new = not self.view.agreed
        changed = [
            side for side in SIDES if is_new or not same_value(name, self._base(side, name), now[side])
        ]
        if is_new and (now[LEFT] is None) != (now[RIGHT] is None):
            changed = [
                side for side in SIDES if now[side] is not None
            ]  # first contact: what is empty is filled
        self.settles = self.settles or any(self._base(side, name) != now[side] for side in SIDES)
        if not changed or same_value(name, now[LEFT], now[RIGHT]):
            return
        if len(changed) == 1:
            self._carry(name, changed[0], now[changed[0]])
            return
        only = [side for side in SIDES if self._flows(name, other(side))]
        if len(only) == len(SIDES):
            self._both(name, now)
        elif only:
            self._clash(name, now, only[0], "the only direction")
        else:
            self.apart.add(name)

    def _flows(self, name: str, to: str) -> bool:
        return self.policy.carries(self.kind.entity, name, to)

    def _carry(self, name: str, source: str, value: Any) -> None:
        target = other(source)
        why = _bar(self.kind, self.bars, target, name, value)
        if why:
            self.held[name] = why
        elif self._flows(name, target):
            self.steps[target].append(Step(name, self._value(target, name), value))
        else:
            self.apart.add(name)

    def _both(self, name: str, now: Mapping[str, Any]) -> None:
        merged = self._merged(name, now)
        if merged is not None:
            for side in SIDES:
                if not same_value(name, now[side], merged):
                    self.steps[side].append(Step(name, now[side], merged))
            self._note(name, now, "merged", "lines of both")
            return
        winner, note = self._winner(name)
        self._clash(name, now, winner, note)

    def _clash(self, name: str, now: Mapping[str, Any], winner: str, note: str) -> None:
        self._note(name, now, winner, note)
        if winner:
            self._carry(name, winner, now[winner])

    def _note(self, name: str, now: Mapping[str, Any], winner: str, note: str) -> None:
        base = self._base(LEFT, name)
        self.clashes.append(Clash(name, now[LEFT], now[RIGHT], base, winner, note))

    def _merged(self, name: str, now: Mapping[str, Any]) -> str | None:
        bases = [self._base(side, name) for side in SIDES]
        texts = [*bases, now[LEFT], now[RIGHT]]
        if name not in TEXTS or not all(isinstance(one, str) for one in texts):
            return None
        return merge_texts(*texts[1:]) if same_value(name, *bases) else None

    def _winner(self, name: str) -> tuple[str, str]:
        chosen = self.view.decided.get(name)
        if chosen:
            return chosen, "as people decided"
        rule = self.policy.winner(f"{self.kind.entity}.{name}")
        if rule in SIDES:
            return rule, "as the options say"
        if rule == "manual" or chosen == "":
            return "", "somebody must decide"
        times = {side: self.view.items[side].at for side in SIDES}
        left, right = times[LEFT], times[RIGHT]
        if left is None or right is None:
            return self.policy.tie, "it is not known which is newer"
        doubt = self.policy.uncertainty_s
        if abs(left - right) <= timedelta(seconds=doubt):
            return self.policy.tie, f"edited within {doubt:g} s, by clocks that may differ by as much"
        return (LEFT if left > right else RIGHT), f"newer, by clocks that may differ by {doubt:g} s"


def agreed_values(values: Values, before: Values, undecided: Iterable[str], *, is_copy: bool) -> Values:
    """What is remembered of a side: what it says now, but for fields that stay undecided."""
    found = dict(values)
    for name in undecided:
        found.pop(name, None)
        if name in before:
            found[name] = before[name]
    found.pop("copy", None)
    return {**found, "copy": True} if is_copy else found
