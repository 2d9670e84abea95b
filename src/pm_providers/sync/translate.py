# ruff: noqa: ARG002, SLF001 - carriers of all fields take the same arguments, and stand in one table
"""Values of one side in the terms of the other. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isclose
from typing import Any

from pm_providers.sync.facts import Choice, SideFacts
from pm_providers.sync.lists import Base, cut, is_full, united
from pm_providers.sync.people import Directory
from pm_providers.sync.policy import LEFT, RIGHT, Policy, other
from pm_providers.sync.values import CUSTOM, SETS, TEXTS
from pm_providers.text import MAX_CHARACTERS, parse_markdown

__all__ = ["NEW_LABEL", "Translated", "Translator"]

Partner = Callable[[str, str, str], str | None]
"""Entity, side and id there -> id of its counterpart on the other side; `None` while it has none."""

NEW_LABEL = "+"
"""Before the name of a label that is to be made."""

_NUMBERS = frozenset({"estimated_hours", "actual_hours", "remaining_hours", "story_points", "progress"})


@dataclass(frozen=True, slots=True)
class Translated:
    """A value in the terms of the other side.

    Attributes:
        value: what should stand there; `None` clears.
        held: why it cannot be carried; then nothing is written, and the value stays in the agreed state.
        note: what of it is not carried.
    """

    value: Any = None
    held: str = ""
    note: str = ""


class Translator:
    """Carries values between two sides.

    Args:
        left: facts of the left side.
        right: facts of the right side.
        policy: pairs that people said.
        partner: counterparts of tasks and sprints.
        people: pairs of users; made of the facts when missing.
    """

    def __init__(
        self,
        left: SideFacts,
        right: SideFacts,
        policy: Policy,
        partner: Partner,
        people: Directory | None = None,
    ) -> None:
        self.facts = {left.side: left, right.side: right}
        self.policy = policy
        self.partner = partner
        self.people = people or Directory.of(left.people, right.people, policy)

    def carry(
        self,
        name: str,
        value: Any,
        source: str,
        *,
        current: Any = None,
        base: Base | None = None,
    ) -> Translated:
        """A field's value for the side across.

        Args:
            name: field.
            value: in the terms of `source`; `None` where it holds nothing.
            source: `left` or `right`.
            current: what stands there now: it stays where it says the same.
            base: what both sides said of a list when they agreed; `None` where that is not known, or people
                chose this side's list as it is.
        """
        target = self.facts[other(source)]
        reason = self._barred(name, target)
        if reason:
            return Translated(held=reason)
        if value is None and name in SETS:
            value = []  # what cannot be said here stays there
        if value is None:
            return self._cleared(name)
        special = _SPECIAL.get(name)
        if special is not None:
            return special(self, name, value, source, current, base)
        if name.startswith(CUSTOM):
            return Translated(value)
        return self._fitting(name, value, target)

    def renamed(self, name: str, source: str) -> str:
        """Name of a field on the side across; only custom fields have other names there."""
        if not name.startswith(CUSTOM):
            return name
        theirs = self.policy.partner("custom_fields", name[len(CUSTOM) :], source)
        return name if theirs is None else f"{CUSTOM}{theirs}"

    def _barred(self, name: str, target: SideFacts) -> str:
        if not name.startswith(CUSTOM):
            return target.cannot.get(name, "")
        known = name[len(CUSTOM) :] in target.custom or target.custom_fields == "free"
        return "" if known else f"{target.title} has no such custom field that can be written"

    @staticmethod
    def _cleared(name: str) -> Translated:
        if name in {"title", "status", "type"}:
            return Translated(held="it cannot be empty there")
        return Translated()

    @staticmethod
    def _fitting(name: str, value: Any, target: SideFacts) -> Translated:
        most = target.lengths.get(name)
        if most is None or not isinstance(value, str) or len(value) <= most:
            return Translated(value)
        if name == "title":
            return Translated(value[: most - 1] + "…", note=f"cut to {most} characters")
        return Translated(held=f"longer than the {most} characters that {target.title} takes")

    # choices

    def _choice(self, name: str, value: Any, source: str, current: Any, base: Any) -> Translated:
        target = self.facts[other(source)]
        kind = "statuses" if name == "status" else "priorities"
        offered = target.statuses if name == "status" else target.priorities
        said = self.policy.partner(kind, str(value.get("name") or value.get("is")), source)
        if said is not None:
            found = _named(offered, said)
            if found is None:
                return Translated(held=f"{target.title} has no {name} {said!r:.60}, which it is paired with")
            return Translated({"is": found.value, "name": found.name})
        same = _named(offered, str(value.get("name", "")))
        if same is not None:
            return Translated({"is": same.value, "name": same.name})
        unified = value.get("is")
        if isinstance(current, dict) and current.get("is") == unified:
            return Translated(current)
        if offered and unified not in {one.value for one in offered}:
            return self._nearest(name, str(unified), offered, target)
        return Translated({"is": unified, "name": ""})

    @staticmethod
    def _nearest(name: str, unified: str, offered: Sequence[Choice], target: SideFacts) -> Translated:
        for step in _NEAR.get(unified, ()):
            if step in {one.value for one in offered}:
                return Translated(
                    {"is": step, "name": ""}, note=f"{target.title} has no {name} for {unified}"
                )
        return Translated(held=f"{target.title} has no {name} for {unified!r:.40}")

    def _type(self, name: str, value: Any, source: str, current: Any, base: Any) -> Translated:
        target = self.facts[other(source)]
        said = self.policy.partner("types", str(value), source)
        wanted = said or str(value)
        for one in target.types:
            if one.casefold() == wanted.casefold():
                return Translated(one)
        if target.any_type:
            return Translated(wanted)
        return Translated(held=f"{target.title} has no type {wanted!r:.60}")

    # references

    def _parent(self, name: str, value: Any, source: str, current: Any, base: Any) -> Translated:
        found = self.partner("task", source, str(value))
        if found is None:
            return Translated(held="the task above it is not in step")
        return Translated(found)

    def _sprint(self, name: str, value: Any, source: str, current: Any, base: Any) -> Translated:
        found = self.partner("sprint", source, str(value))
        if found is None:
            return Translated(held="its sprint is not in step")
        return Translated(found)

    def _assignees(self, name: str, value: Any, source: str, current: Any, base: Base | None) -> Translated:
        """Known people only; who is there and unknown here stays, so that nobody is thrown out unseen."""
        target = self.facts[other(source)]
        partner = self.people.partner
        found = [partner(source, one) for one in value]
        lost = [one for one, theirs in zip(value, found, strict=True) if theirs is None]
        wanted = [one for one in found if one is not None]
        note = ", ".join(f"nobody there is {self._person(source, one)}" for one in lost)
        if lost and not wanted:
            return Translated(held=note)
        kept = {one for one in current or () if partner(other(source), one) is None}
        shown = None if base is None else {partner(source, one) for one in base.here}
        full = is_full(value, self.facts[source].most_assignees)
        whole = united(wanted, current or (), kept, shown, base, full=full)
        first = () if base is not None and base.both else wanted
        fitting, lack = cut(whole, kept, current or (), target.most_assignees, target.title, wanted=first)
        return Translated(fitting, note="; ".join(filter(None, (note, lack))))

    def _person(self, side: str, user_id: str) -> str:
        known = self.facts[side].people.get(user_id)
        return known.name or known.username or user_id if known else f"user {user_id}"

    def _labels(self, name: str, value: Any, source: str, current: Any, base: Base | None) -> Translated:
        """By name. What is missing there is made, as `NEW_LABEL` and its name, where that can be."""
        here, target = self.facts[source], self.facts[other(source)]
        ids = {label.strip().casefold(): one for one, label in target.labels.items()}
        asked: dict[str, str] = {}
        lost = []
        for one in value:
            label = here.labels.get(one, one)
            folded = label.strip().casefold()
            if folded not in ids and not target.takes_label(label):
                lost.append(label)
            else:
                asked.setdefault(folded, ids.get(folded, f"{NEW_LABEL}{label}"))
        wanted = list(asked.values())
        note = f"{target.title} has no label {', '.join(map(repr, lost))}" if lost else ""
        shown = None if base is None else {
            ids.get(here.labels.get(one, one).strip().casefold()) for one in base.here
        }  # fmt: skip
        if lost and not wanted and not (shown and shown & set(current or ())):  # else that was taken away
            return Translated(held=note)
        kept = set(self._unsayable(current or (), source))
        full = is_full(value, here.most_labels)
        whole = united(wanted, current or (), kept, shown, base, full=full)
        first = () if base is not None and base.both else wanted
        fitting, lack = cut(whole, kept, current or (), target.most_labels, target.title, wanted=first)
        return Translated(sorted(fitting), note="; ".join(filter(None, (note, lack))))

    def _unsayable(self, current: Sequence[str], source: str) -> list[str]:
        """Labels across that cannot be on this side: nobody took them away here."""
        here, names = self.facts[source], self.facts[other(source)].labels
        if here.creates_labels and "labels" not in here.cannot:
            return []
        known = {label.strip().casefold() for label in here.labels.values()}
        said = {one: names.get(one, one).strip() for one in current}
        strange = {one: name for one, name in said.items() if name.casefold() not in known}
        return [one for one, name in strange.items() if "labels" in here.cannot or not here.takes_label(name)]

    # comparing

    def same(self, name: str, wanted: Any, there: Any) -> bool:
        """Whether a side holds what a value says, both in its terms."""
        if wanted in (None, "", [], {}) or there in (None, "", [], {}):
            return wanted in (None, "", [], {}) and there in (None, "", [], {})
        if name in {"status", "priority"}:
            return _same_choice(wanted, there)
        if name in {"assignees", "labels"}:
            return set(wanted) == set(there)
        if name in TEXTS:
            return _same_text(wanted, there)
        if name in _NUMBERS and isinstance(wanted, int | float) and isinstance(there, int | float):
            return isclose(wanted, there, rel_tol=1e-9, abs_tol=1e-6)
        if name in {"title", "type"}:
            return _words(str(wanted)) == _words(str(there))
        return bool(wanted == there)

    def agrees(self, name: str, left: Any, right: Any) -> bool:
        """Whether both sides say the same, each in its own terms."""
        if name in SETS and (not left) != (not right):
            return False
        if self._tells(name, left, LEFT, right):
            return True
        # A side that holds fewer tells only a part of what the other says.
        return name in SETS and self._tells(name, right, RIGHT, left)

    def _tells(self, name: str, value: Any, source: str, there: Any) -> bool:
        told = self.carry(name, value, source, current=there)
        return not told.held and self.same(name, told.value, there)


_SPECIAL: dict[str, Callable[[Translator, str, Any, str, Any, Any], Translated]] = {
    "status": Translator._choice,
    "priority": Translator._choice,
    "type": Translator._type,
    "parent": Translator._parent,
    "sprint": Translator._sprint,
    "assignees": Translator._assignees,
    "labels": Translator._labels,
}

_NEAR: dict[str, tuple[str, ...]] = {
    "blocked": ("in_progress", "todo"),
    "cancelled": ("completed",),
    "in_progress": ("todo",),
    "todo": ("in_progress",),
    "completed": ("cancelled",),
    "lowest": ("low",),
    "low": ("lowest", "medium"),
    "medium": ("high", "low"),
    "high": ("highest", "medium"),
    "highest": ("high",),
}
"""Unified value -> the values that say most of it, best first, where a system has fewer."""


def _named(offered: Sequence[Choice], name: str) -> Choice | None:
    folded = name.casefold()
    return next((one for one in offered if folded in {one.name.casefold(), one.id.casefold()}), None)


def _same_choice(wanted: Any, there: Any) -> bool:
    if wanted.get("name") and there.get("name"):
        return bool(wanted["name"].casefold() == there["name"].casefold())
    return bool(wanted.get("is") == there.get("is"))


def _same_text(wanted: str, there: str) -> bool:
    if wanted == there:
        return True
    if max(len(wanted), len(there)) > MAX_CHARACTERS:
        return False
    return parse_markdown(wanted) == parse_markdown(there)


def _words(text: str) -> str:
    return " ".join(text.split())
