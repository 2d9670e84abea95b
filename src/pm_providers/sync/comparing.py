"""One pair of items, compared field by field. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pm_providers.sync.decisions import Act, Clash, Decision, LinkView, Step
from pm_providers.sync.lists import Base, is_full
from pm_providers.sync.merge import merge_texts
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, other
from pm_providers.sync.translate import Translator
from pm_providers.sync.values import CUSTOM, FIELDS, SETS, TEXTS, Snapshot, changed_fields

__all__ = ["Pair", "in_order"]


def in_order(names: Iterable[str]) -> list[str]:
    """Fields in the order in which people read them, custom ones last."""
    known = set(names)
    return [one for one in FIELDS if one in known] + sorted(known - set(FIELDS))


class Pair:
    """One pair, compared field by field."""

    def __init__(self, link: LinkView, translator: Translator) -> None:
        self.link = link
        self.translator = translator
        self.policy = translator.policy
        self.steps: dict[str, list[Step]] = {LEFT: [], RIGHT: []}
        self.held: dict[str, dict[str, str]] = {LEFT: {}, RIGHT: {}}
        self.waits: dict[str, str] = {}
        self.clashes: list[Clash] = []
        self.apart: set[str] = set()

    def run(self) -> list[Decision]:
        """Decisions for both sides; one to settle where nothing is written."""
        for name in self._names():
            self._field(name)
        link, held = self.link, {**self.held[LEFT], **self.held[RIGHT]}
        found = [
            Decision(
                Act.UPDATE, link.id, side, link.title, link.ids[side],
                tuple(self.steps[side]), held, tuple(self.clashes), waits=self.waits,
                apart=frozenset(self.apart),
            )
            for side in SIDES if self.steps[side]
        ]  # fmt: skip
        if found:
            return found
        waiting = [one for one in self.clashes if not one.winner]
        act = Act.WAIT if waiting else Act.SETTLE
        return [
            Decision(
                act, link.id, title=link.title, held=held, clashes=tuple(self.clashes), waits=self.waits,
                apart=frozenset(self.apart),
            )
        ]  # fmt: skip

    def _names(self) -> list[str]:
        """Fields that changed on either side, by their names on the left; all at first contact."""
        changed = set(changed_fields(self._agreed(LEFT), self.link.state(LEFT)))
        changed |= {
            self.translator.renamed(name, RIGHT)
            for name in changed_fields(self._agreed(RIGHT), self.link.state(RIGHT))
        }
        return in_order(changed | set(self.link.decided) | set(self.link.held))

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
            self._carry(name, moved[0], base=self._base(name, moved[0]))
        elif name in self.link.held:
            source = self.link.held[name]
            self._carry(name, source, base=self._base(name, source))

    def _moved(self, side: str, name: str) -> bool:
        theirs = self._name_on(side, name)
        return bool(self._agreed(side).get(theirs) != self.link.state(side).get(theirs))

    def _base(self, name: str, source: str) -> Base | None:
        """What both said of a list when they agreed."""
        if name not in SETS or not self.link.agreed:
            return None
        here, there = (tuple(self._agreed(side).get(name) or ()) for side in (source, other(source)))
        return Base(here, there)

    def _carry(self, name: str, source: str, *, base: Base | None = None) -> None:
        """The value of one side to the other."""
        target = other(source)
        if not self.policy.flows(name, target):
            self._leave_out(name)
            return
        theirs = self._name_on(target, name)
        current = self.link.state(target).get(theirs)
        shown = theirs if name.startswith(CUSTOM) else name
        told = self.translator.carry(shown, self._value(source, name), source, current=current, base=base)
        if told.held:
            self.held[target][name] = told.held
            self.waits[name] = source
        elif not self.translator.same(name, told.value, current):
            self.steps[target].append(Step(theirs, current, told.value, told.note))

    def _leave_out(self, name: str) -> None:
        """It is out of step. References always are, and nobody has to decide about them later."""
        if name != self.policy.mark:
            self.apart.add(name)

    def _both(self, name: str) -> None:
        left, right = self._value(LEFT, name), self._value(RIGHT, name)
        if self.translator.agrees(name, left, right):
            return
        only = [side for side in SIDES if self.policy.flows(name, other(side))]
        if not only:
            self._leave_out(name)
            return
        if len(only) == 1:
            self._settle(name, only[0], f"only the {only[0]} is carried")
            return
        if not self.link.agreed and (left is None or right is None):
            self._carry(name, LEFT if right is None else RIGHT)  # first contact: what is empty is filled
            return
        if name in TEXTS and self._merged(name, left, right):
            return
        if name in SETS and self.link.agreed and not self._is_apart(name) and name not in self.link.frozen:
            self._united(name, left, right)
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

    def _is_apart(self, name: str) -> bool:
        """Whether neither side of a list has room for what the other says."""
        return all(is_full(self._value(side, name) or (), self._facts_most(side, name)) for side in SIDES)

    def _facts_most(self, side: str, name: str) -> int | None:
        facts = self.translator.facts[side]
        return facts.most_assignees if name == "assignees" else facts.most_labels

    def _united(self, name: str, left: Any, right: Any) -> None:
        """What both added and took away, on both sides."""
        for source in SIDES:
            base = self._base(name, source)
            self._carry(name, source, base=None if base is None else replace(base, both=True))
        base = self._agreed(LEFT).get(name)
        self.clashes.append(Clash(name, left, right, base, "merged", "what both added and took away"))

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
            return tie, f"edited within {doubt:g} s, by clocks that may differ by as much: the {tie} wins"
        newer = LEFT if apart > 0 else RIGHT
        return newer, f"edited {abs(apart):.0f} s later, by clocks that may differ by {doubt:g} s"

    def _settle(self, name: str, winner: str, note: str) -> None:
        left, right = self._value(LEFT, name), self._value(RIGHT, name)
        self.clashes.append(Clash(name, left, right, self._agreed(LEFT).get(name), winner, note))
        if winner:
            self._carry(name, winner)
