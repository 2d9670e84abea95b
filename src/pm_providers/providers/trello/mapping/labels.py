"""What a label is: a sprint, a priority, or a label. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from pm_providers.contract import override
from pm_providers.errors import ValidationError
from pm_providers.model import Priority, SprintStatus, guess_priority
from pm_providers.providers.trello.config import Conventions
from pm_providers.toolkit.documents import identifier

__all__ = [
    "PRIORITY_COLORS",
    "PRIORITY_NAMES",
    "PRIORITY_PREFIX",
    "SPRINT_PREFIX",
    "LabelKind",
    "SprintName",
    "label_kind",
    "parse_sprint",
    "priority_label",
    "sprint_text",
]

SPRINT_PREFIX = "Sprint: "
PRIORITY_PREFIX = "Priority: "

PRIORITY_NAMES: Mapping[str, str] = {one.value: one.value.capitalize() for one in Priority}
"""Unified priority -> what stands behind `Priority:` in the label that is made for it."""

PRIORITY_COLORS: Mapping[str, str | None] = {
    "lowest": "sky",
    "low": "blue",
    "medium": "yellow",
    "high": "orange",
    "highest": "red",
}
"""Colours of the labels that are made for priorities ([spec] Color)."""

_SHORT_PRIORITIES = {"p1": "highest", "p2": "high", "p3": "medium", "p4": "low", "p5": "lowest"}
_DAY = r"\d{4}-\d{2}-\d{2}"
_SPRINT = re.compile(
    rf"(?P<name>\S(?:.*?\S)??)"
    rf"(?:\s+\[(?P<start>{_DAY})?\.\.(?P<end>{_DAY})?\])?"
    r"(?:\s+\((?P<mark>planned|active|closed)\))?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class SprintName:
    """A sprint as the name of a label tells it: `Sprint: Launch [2026-01-05..2026-01-16] (closed)`.

    Attributes:
        name: without prefix, dates and mark.
        start: first day.
        end: last day.
        mark: state that holds whatever the dates say; `None` where the dates say it.
    """

    name: str
    start: date | None = None
    end: date | None = None
    mark: str | None = None

    def status(self, today: date) -> SprintStatus:
        """State: the mark, else by the dates. Without any it is planned."""
        if self.mark is not None:
            return SprintStatus(self.mark)
        if self.end is not None and self.end < today:
            return SprintStatus.CLOSED
        if self.start is None or self.start > today:
            return SprintStatus.PLANNED
        return SprintStatus.ACTIVE

    def marked(self, status: str, today: date) -> SprintName:
        """The same in another state: closed is always said, others where the dates say something else."""
        bare = replace(self, mark=None)
        if status != SprintStatus.CLOSED and bare.status(today) == status:
            return bare
        return replace(self, mark=status)


def parse_sprint(text: str, prefix: str = SPRINT_PREFIX) -> SprintName | None:
    """The sprint that a name describes; `None` where it describes none.

    Args:
        text: name of a label, or text of an option.
        prefix: how it begins; compared without case, blanks around it do not count.
    """
    head = prefix.strip().casefold()
    stripped = text.strip()
    if head and not stripped.casefold().startswith(head):
        return None
    found = _SPRINT.fullmatch(stripped[len(head) :].strip())
    if found is None:
        return None
    start, end = _day(found["start"]), _day(found["end"])
    if (found["start"] and start is None) or (found["end"] and end is None):
        return SprintName(stripped[len(head) :].strip())
    return SprintName(found["name"], start, end, found["mark"])


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def sprint_text(sprint: SprintName, prefix: str = SPRINT_PREFIX) -> str:
    """The name that describes a sprint; reading it gives the same sprint.

    Raises:
        ValidationError: the name of the sprint cannot be told from dates or a mark.
    """
    first, last = (one.isoformat() if one else "" for one in (sprint.start, sprint.end))
    mark = f" ({sprint.mark})" if sprint.mark else ""
    shown = replace(sprint, name=sprint.name.strip())
    plain = f"{prefix}{shown.name}"
    # Empty brackets part a name that itself ends like a date or a mark from what follows.
    for dates in ("" if not (first or last) else f" [{first}..{last}]", f" [{first}..{last}]"):
        text = f"{plain}{dates}{mark}"
        if parse_sprint(text, prefix) == shown:
            return text
    raise ValidationError(fields={"name": f"{sprint.name!r:.60} cannot be the name of a sprint"})


@dataclass(frozen=True, slots=True)
class LabelKind:
    """What a label stands for; a plain label has neither.

    Attributes:
        sprint: the sprint.
        priority: unified priority.
        priority_name: what people see of it.
    """

    sprint: SprintName | None = None
    priority: str | None = None
    priority_name: str | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is a label and nothing else."""
        return self.sprint is None and self.priority is None


_PLAIN = LabelKind()


def label_kind(label: Mapping[str, Any], conventions: Conventions) -> LabelKind:
    """What a label stands for under the conventions of the connection.

    Raises:
        ConfigurationError: `priority_map` holds a value that is not unified.
    """
    name = str(label.get("name") or "")
    if conventions.sprint_mode == "label":
        sprint = parse_sprint(name)
        if sprint is not None:
            return LabelKind(sprint=sprint)
    if conventions.priority_mode == "label":
        return priority_label(identifier(label, "label"), name, conventions) or _PLAIN
    return _PLAIN


def priority_label(one: str, name: str, conventions: Conventions) -> LabelKind | None:
    """The priority that a label stands for: `priority_map`, `Priority: High`, or `P1` (highest) to `P5`."""
    stripped = name.strip()
    head = PRIORITY_PREFIX.strip().casefold()
    prefixed = stripped.casefold().startswith(head)
    shown = stripped[len(head) :].strip() if prefixed else stripped
    meaning = override(conventions.priority_map, one, stripped, Priority, option="priority_map")
    if meaning is None and prefixed:
        meaning = override(conventions.priority_map, one, shown, Priority, option="priority_map")
        meaning = meaning or guess_priority(shown) or _SHORT_PRIORITIES.get(shown.casefold())
    if meaning is None:
        meaning = _SHORT_PRIORITIES.get(stripped.casefold())
    return None if meaning is None else LabelKind(priority=str(meaning), priority_name=shown)
