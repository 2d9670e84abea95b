"""What a run would do: links with what both sides say now -> decisions. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from pm_providers.sync.merge import merge_texts
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy, other
from pm_providers.sync.translate import Translator
from pm_providers.sync.values import CUSTOM, FIELDS, TEXTS, Snapshot, changed_fields

__all__ = ["Act", "Clash", "Decision", "LinkView", "Step", "decide", "plan_id", "without_circles"]

ARCHIVED, DELETED, MOVED = "archived", "deleted", "moved"
"""Why an item is not in its project any more."""


class Act(StrEnum):
    """What a decision does."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    CLOSE = "close"
    SETTLE = "settle"  # remember what both sides say; nothing is written to them
    DETACH = "detach"  # no longer in step; nothing is written
    FORGET = "forget"  # gone on both sides
    WAIT = "wait"  # somebody must decide first


@dataclass(frozen=True, slots=True)
class LinkView:
    """One pair of items, or an item that has no counterpart yet.

    Attributes:
        id: of the link.
        ids: side -> id there.
        agreed: side -> what it said after the last write.
        now: side -> what it says now; missing where that is what was agreed.
        gone: side -> why the item is not there any more.
        edited_at: side -> time of the last edit, by that side's clock.
        detached: it was in step once.
        frozen: fields with an open conflict.
        decided: field -> side that people chose for it.
    """

    id: str
    ids: Mapping[str, str]
    agreed: Mapping[str, Snapshot] = field(default_factory=dict)
    now: Mapping[str, Snapshot] = field(default_factory=dict)
    gone: Mapping[str, str] = field(default_factory=dict)
    edited_at: Mapping[str, datetime] = field(default_factory=dict)
    detached: bool = False
    frozen: frozenset[str] = frozenset()
    decided: Mapping[str, str] = field(default_factory=dict)

    def state(self, side: str) -> Snapshot:
        """What a side says now."""
        found = self.now.get(side)
        return found if found is not None else self.agreed.get(side, {})

    @property
    def title(self) -> str:
        """For people."""
        return str(self.state(LEFT).get("title") or self.state(RIGHT).get("title") or "")


@dataclass(frozen=True, slots=True)
class Clash:
    """One field changed on both sides.

    Attributes:
        field: name on the left.
        left: value there.
        right: value there.
        base: the left's value when both agreed.
        winner: `left`, `right`, `merged`, or `""` while nobody has decided.
        note: how it was decided.
    """

    field: str
    left: Any
    right: Any
    base: Any
    winner: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One field that is written.

    Attributes:
        field: name on the side that is written.
        old: value there now.
        new: value to write, in that side's terms; `None` clears.
        note: what of it is not carried.
    """

    field: str
    old: Any
    new: Any
    note: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done about one link on one side.

    Attributes:
        act: what.
        link_id: link.
        side: side that is written; `""` where none is.
        title: for people.
        remote_id: id of the item that is written; `""` before creation.
        steps: fields that are written.
        held: field -> why its value is not carried; it stays in the agreed state.
        clashes: conflicts, decided or not.
        reason: why, where that is not plain.
        above: id of the link that must be created first.
    """

    act: Act
    link_id: str
    side: str = ""
    title: str = ""
    remote_id: str = ""
    steps: tuple[Step, ...] = ()
    held: Mapping[str, str] = field(default_factory=dict)
    clashes: tuple[Clash, ...] = ()
    reason: str = ""
    above: str = ""


def decide(link: LinkView, translator: Translator) -> list[Decision]:
    """What to do about one link."""
    policy = translator.policy
    if link.detached:
        return []
    if len(link.ids) < len(SIDES):
        return list(_single(link, translator))
    lost = [side for side in SIDES if side in link.gone]
    if len(lost) == len(SIDES):
        return [Decision(Act.FORGET, link.id, title=link.title, reason="gone on both sides")]
    if lost:
        return _lost(link, lost[0], policy, translator)
    return _compared(link, translator)


# items without counterpart


def _single(link: LinkView, translator: Translator) -> Iterator[Decision]:
    side = next(iter(link.ids))
    if side in link.gone:
        yield Decision(Act.FORGET, link.id, title=link.title, reason="it never had a counterpart")
        return
    if side not in link.now or not translator.policy.creates(other(side)):
        return
    yield _creation(link, side, translator)


def _creation(link: LinkView, source: str, translator: Translator, reason: str = "") -> Decision:
    state, policy, target = link.state(source), translator.policy, other(source)
    steps, held = [], {}
    for name in _in_order(state):
        theirs = translator.renamed(name, source)
        if not policy.flows(name, target) and name != "title":
            continue
        told = translator.carry(theirs if name.startswith(CUSTOM) else name, state[name], source)
        if told.held:
            held[name] = told.held
        else:
            steps.append(Step(theirs, None, told.value, told.note))
    return Decision(Act.CREATE, link.id, target, link.title, "", tuple(steps), held, reason=reason)


def _in_order(names: Iterable[str]) -> list[str]:
    known = set(names)
    return [one for one in FIELDS if one in known] + sorted(known - set(FIELDS))


# items whose counterpart is gone


def _lost(link: LinkView, side: str, policy: Policy, translator: Translator) -> list[Decision]:
    target, why = other(side), link.gone[side]
    if why != DELETED:
        reason = f"{why} on the {side}"
        return [Decision(Act.DETACH, link.id, title=link.title, reason=reason)]
    edited = changed_fields(link.agreed.get(target, {}), link.state(target))
    edited = [name for name in edited if policy.flows(name, side)]
    if edited and policy.creates(side) and policy.winner("title") != side:
        reason = f"deleted on the {side}, but edited on the {target} since ({', '.join(edited)})"
        return [_creation(link, target, translator, reason)]
    if policy.deletes == "ignore" or not policy.creates(target):
        return []
    remote = link.ids[target]
    if policy.deletes == "detach":
        return [Decision(Act.DETACH, link.id, title=link.title, reason=f"deleted on the {side}")]
    if policy.deletes == "close":
        return [_closing(link, target, translator, side)]
    return [Decision(Act.DELETE, link.id, target, link.title, remote, reason=f"deleted on the {side}")]


def _closing(link: LinkView, target: str, translator: Translator, side: str) -> Decision:
    old = link.state(target).get("status")
    offered = {one.value for one in translator.facts[target].statuses}
    closed = "cancelled" if not offered or "cancelled" in offered else "completed"
    steps: tuple[Step, ...] = ()
    if not (isinstance(old, dict) and old.get("is") in {"cancelled", "completed"}):
        steps = (Step("status", old, {"is": closed, "name": ""}),)
    reason = f"deleted on the {side}"
    return Decision(Act.CLOSE, link.id, target, link.title, link.ids[target], steps, reason=reason)


# pairs


class _Pair:
    """One pair, compared field by field."""

    def __init__(self, link: LinkView, translator: Translator) -> None:
        self.link = link
        self.translator = translator
        self.policy = translator.policy
        self.steps: dict[str, list[Step]] = {LEFT: [], RIGHT: []}
        self.held: dict[str, dict[str, str]] = {LEFT: {}, RIGHT: {}}
        self.clashes: list[Clash] = []

    def run(self) -> list[Decision]:
        """Decisions for both sides; one to settle where nothing is written."""
        for name in self._names():
            self._field(name)
        link = self.link
        found = [
            Decision(
                Act.UPDATE, link.id, side, link.title, link.ids[side],
                tuple(self.steps[side]), self.held[side], tuple(self.clashes),
            )
            for side in SIDES if self.steps[side]
        ]  # fmt: skip
        if found:
            return found
        held = {**self.held[LEFT], **self.held[RIGHT]}
        waiting = [one for one in self.clashes if not one.winner]
        act = Act.WAIT if waiting else Act.SETTLE
        return [Decision(act, link.id, title=link.title, held=held, clashes=tuple(self.clashes))]

    def _names(self) -> list[str]:
        """Fields that changed on either side, by their names on the left; all at first contact."""
        changed = set(changed_fields(self._agreed(LEFT), self.link.state(LEFT)))
        changed |= {
            self.translator.renamed(name, RIGHT)
            for name in changed_fields(self._agreed(RIGHT), self.link.state(RIGHT))
        }
        return _in_order(changed | set(self.link.decided))

    def _agreed(self, side: str) -> Snapshot:
        return self.link.agreed.get(side, {})

    def _name_on(self, side: str, name: str) -> str:
        return name if side == LEFT else self.translator.renamed(name, LEFT)

    def _value(self, side: str, name: str) -> Any:
        return self.link.state(side).get(self._name_on(side, name))

    def _field(self, name: str) -> None:
        moved = [side for side in SIDES if self._moved(side, name)]
        chosen = self.link.decided.get(name)
        if chosen:
            self._carry(name, chosen)
        elif len(moved) == len(SIDES) or not self.link.agreed:
            self._both(name)
        elif moved:
            self._carry(name, moved[0])

    def _moved(self, side: str, name: str) -> bool:
        theirs = self._name_on(side, name)
        return bool(self._agreed(side).get(theirs) != self.link.state(side).get(theirs))

    def _carry(self, name: str, source: str) -> None:
        """The value of one side to the other."""
        target = other(source)
        if not self.policy.flows(name, target):
            return
        theirs = self._name_on(target, name)
        current = self.link.state(target).get(theirs)
        shown = theirs if name.startswith(CUSTOM) else name
        told = self.translator.carry(shown, self._value(source, name), source, current=current)
        if told.held:
            self.held[target][name] = told.held
        elif not self.translator.same(name, told.value, current):
            self.steps[target].append(Step(theirs, current, told.value, told.note))

    def _both(self, name: str) -> None:
        left, right = self._value(LEFT, name), self._value(RIGHT, name)
        if self.translator.agrees(name, left, right):
            return
        only = [side for side in SIDES if self.policy.flows(name, other(side))]
        if not only:
            return
        if len(only) == 1:
            self._settle(name, only[0], f"only the {only[0]} is carried")
            return
        if not self.link.agreed and (left is None or right is None):
            self._carry(name, LEFT if right is None else RIGHT)  # first contact: what is empty is filled
            return
        if name in TEXTS and self._merged(name, left, right):
            return
        self._judged(name)

    def _merged(self, name: str, left: Any, right: Any) -> bool:
        base = self._agreed(LEFT).get(name)
        same_base = self.translator.agrees(name, base, self._agreed(RIGHT).get(name))
        if not (isinstance(base, str) and isinstance(left, str) and isinstance(right, str) and same_base):
            return False
        found = merge_texts(base, left, right)
        if found is None:
            return False
        if any(self.translator.facts[side].cannot.get(name) for side in SIDES):
            return False
        for side, value in ((LEFT, left), (RIGHT, right)):
            if not self.translator.same(name, found, value):
                self.steps[side].append(Step(name, value, found))
        self.clashes.append(Clash(name, left, right, base, "merged", "edits of different lines"))
        return True

    def _judged(self, name: str) -> None:
        rule = self.policy.winner(name)
        if rule == "manual" or name in self.link.frozen:
            self._settle(name, "", "somebody must decide")
        elif rule == "newest":
            self._settle(name, *self._newest())
        else:
            self._settle(name, rule, f"the {rule} wins by policy")

    def _newest(self) -> tuple[str, str]:
        times = self.link.edited_at
        facts = self.translator.facts
        tie = self.policy.tie
        if len(times) < len(SIDES) or not all(facts[side].has_order for side in SIDES):
            return tie, f"the times of the edits are not known: the {tie} wins"
        apart = (times[LEFT] - times[RIGHT]).total_seconds()
        doubt = self.policy.uncertainty_s + max(facts[side].precision_s for side in SIDES)
        if abs(apart) <= doubt:
            return tie, f"edited within {doubt:g} s, which clocks do not tell apart: the {tie} wins"
        newer = LEFT if apart > 0 else RIGHT
        return newer, f"edited {abs(apart):.0f} s later, give or take {doubt:g}"

    def _settle(self, name: str, winner: str, note: str) -> None:
        left, right = self._value(LEFT, name), self._value(RIGHT, name)
        self.clashes.append(Clash(name, left, right, self._agreed(LEFT).get(name), winner, note))
        if winner:
            self._carry(name, winner)


def _compared(link: LinkView, translator: Translator) -> list[Decision]:
    return _Pair(link, translator).run()


# all decisions of a run


def without_circles(
    decisions: Sequence[Decision], parents: Mapping[str, str], side: str
) -> tuple[list[Decision], dict[str, str]]:
    """Take out moves below a task of its own that edits on both sides would make together.

    Args:
        decisions: of one run.
        parents: item id -> id of its parent on `side`, as it is now, of all items whose ancestors matter.
        side: side that is written.

    Returns:
        The decisions, and link id -> why its move was taken out.
    """
    above = dict(parents)
    refused: dict[str, str] = {}
    result = []
    for one in decisions:
        step = next((step for step in one.steps if step.field == "parent" and one.side == side), None)
        if one.act is not Act.UPDATE or step is None or step.new is None:
            result.append(one)
            continue
        if _reaches(above, str(step.new), one.remote_id):
            refused[one.link_id] = "it would stand below a task that stands below it"
            rest = tuple(other_step for other_step in one.steps if other_step is not step)
            held = {**one.held, "parent": refused[one.link_id]}
            result.append(replace(one, steps=rest, held=held, act=Act.UPDATE if rest else Act.SETTLE))
            continue
        above[one.remote_id] = str(step.new)
        result.append(one)
    return result, refused


def _reaches(above: Mapping[str, str], start: str, goal: str) -> bool:
    seen: set[str] = set()
    at: str | None = start
    while at is not None and at not in seen:
        if at == goal:
            return True
        seen.add(at)
        at = above.get(at)
    return False


def plan_id(decisions: Iterable[Decision]) -> str:
    """Names a plan by what it does: equal plans have equal ids, whatever the order of their decisions."""
    import hashlib
    import json

    lines = sorted(json.dumps(_shape(one), sort_keys=True, default=str) for one in decisions)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _shape(one: Decision) -> list[Any]:
    steps = [[step.field, step.new] for step in one.steps]
    clashes = [[clash.field, clash.winner] for clash in one.clashes]
    return [one.act.value, one.link_id, one.side, one.remote_id, steps, clashes]
