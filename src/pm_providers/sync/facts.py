"""What is known about one side before anything is planned; plain data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Choice", "Person", "SideFacts"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A status or priority that a side offers.

    Attributes:
        id: the vendor's.
        name: the vendor's.
        value: unified.
        is_default: new items get it; not all systems tell.
    """

    id: str
    name: str
    value: str
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """A user of one side.

    Attributes:
        id: on that side.
        name: display name.
        email: where it may be seen.
        username: where it may be seen.
    """

    id: str
    name: str = ""
    email: str = ""
    username: str = ""


@dataclass(frozen=True, slots=True)
class SideFacts:
    """One side: what it can hold.

    Attributes:
        side: `left` or `right`.
        title: name of the system, for people.
        project_id: the project on this side.
        cannot: field -> why this side cannot be written there.
        statuses: in order of preference; empty where they are not known.
        priorities: the same.
        types: names of task types.
        any_type: a task may be of another.
        people: id -> user, as far as users may be seen.
        labels: id -> name; a label that is not in it is called as its id.
        creates_labels: labels that are missing can be made.
        any_label: regular expression of texts that are labels, whether a task wears them yet or not.
        custom: names of custom fields that can be written.
        texts: of these the ones that hold a line of any text.
        custom_fields: how they are written, as `Limits.custom_fields` says.
        address: what references to items of this side begin with.
        most_assignees: of one task; `None` for no bound.
        most_labels: the same.
        lengths: field -> characters at most.
        has_order: its `updated_at` tells the order of its own edits.
        precision_s: seconds that its times resolve.
    """

    side: str
    title: str
    project_id: str
    cannot: Mapping[str, str] = field(default_factory=dict)
    statuses: tuple[Choice, ...] = ()
    priorities: tuple[Choice, ...] = ()
    types: tuple[str, ...] = ()
    any_type: bool = False
    people: Mapping[str, Person] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    creates_labels: bool = False
    any_label: str = ""
    custom: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    custom_fields: str = "defined"
    address: str = ""
    most_assignees: int | None = None
    most_labels: int | None = None
    lengths: Mapping[str, int] = field(default_factory=dict)
    has_order: bool = True
    precision_s: float = 0.0

    def takes_label(self, name: str) -> bool:
        """Whether a task can wear a label that is not there yet."""
        return self.creates_labels or bool(self.any_label and re.fullmatch(self.any_label, name.strip()))
