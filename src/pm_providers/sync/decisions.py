"""What a plan is made of: views of links, and decisions about them. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pm_providers.sync.policy import LEFT, RIGHT
from pm_providers.sync.values import Snapshot

__all__ = ["ARCHIVED", "DELETED", "MOVED", "Act", "Clash", "Decision", "LinkView", "Step"]

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
    LEAVE = "leave"  # stays as it is: the policy wants nothing done


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
        held: field -> side whose value could not be carried yet.
        alive_below: title of an item that nobody deleted, below this one, which was deleted on one side.
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
    held: Mapping[str, str] = field(default_factory=dict)
    alive_below: str | None = None

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
        kept: fields that stay undecided, by their names on the left.
        waits: field -> side whose value waits until it can be carried.
        entity: kind of record.
        name: of what is no task: what it is to plans, which name it before its link is stored.
        apart: fields that the policy does not carry: what both sides say of them stays undecided until it
            does, and nothing waits for that. By their names on the left.
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
    kept: frozenset[str] = frozenset()
    waits: Mapping[str, str] = field(default_factory=dict)
    entity: str = "task"
    name: str = ""
    apart: frozenset[str] = frozenset()
