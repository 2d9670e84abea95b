"""What is stored of decisions that write nothing to a side: agreement, conflicts, what waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection as SqlConnection

from pm_providers.store.sync_history import add_conflicts, finish_conflicts
from pm_providers.store.sync_links import (
    DETACHED,
    Link,
    change_many,
    drop_links,
    keep_for_good,
    links_by_id,
    save_link,
)
from pm_providers.store.sync_tries import FRESH, tried_in_vain
from pm_providers.sync.agreement import decided
from pm_providers.sync.creating import problem_of
from pm_providers.sync.plan import Act, Decision

__all__ = ["LET_GO", "Settlement", "is_quiet", "let_go", "settle"]

LET_GO = frozenset({Act.FORGET, Act.DETACH, Act.LEAVE})
"""What ends a link, or leaves it as it is."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is remembered of a link about which there was a decision.

    Attributes:
        link_id: link.
        said: side -> field there -> what it said when it was decided, for the fields that are settled.
        apart: side -> fields there that are out of step.
        conflicts: rows of fields that both sides changed.
        ended: fields about which there is no conflict any more.
        notes: field -> why its value is not carried.
        waits: field -> side whose value waits to be carried.
        has_failed: a side refused the write.
    """

    link_id: str
    said: Mapping[str, Mapping[str, Any]]
    apart: Mapping[str, set[str]]
    conflicts: Sequence[Mapping[str, Any]]
    ended: set[str]
    notes: Mapping[str, str]
    waits: Mapping[str, str]
    has_failed: bool = False

    def columns(self, link: Link) -> dict[str, Any]:
        """Of the link, as it is."""
        changed = decided(link, self.said, self.apart)
        return {**changed, "problem": problem_of(self.notes), "held": dict(self.waits) or None}


def settle(conn: SqlConnection, items: Sequence[Settlement], run_id: str) -> None:
    """Remember what both sides said as agreed, but for fields that stay undecided."""
    add_conflicts(conn, [row for one in items for row in one.conflicts])
    for one in items:
        finish_conflicts(conn, one.link_id, one.ended, "both sides say the same", run_id)
    links = links_by_id(conn, [one.link_id for one in items])
    there = [(links[one.link_id], one) for one in items if one.link_id in links]
    change_many(conn, {link.id: {**one.columns(link), **FRESH} for link, one in there if not one.has_failed})
    for link, one in there:
        if one.has_failed:
            save_link(conn, link.id, **one.columns(link))
            tried_in_vain(conn, link.id, problem_of(one.notes) or "")


def let_go(conn: SqlConnection, items: Sequence[Decision], run_id: str) -> None:
    """End links, or leave them as they are."""
    drop_links(conn, [one.link_id for one in items if one.act is Act.FORGET])
    rows: dict[str, dict[str, Any]] = {
        one.link_id: {"dirty": False, "problem": one.reason} for one in items if one.act is Act.LEAVE
    }
    change_many(conn, rows)
    keep_for_good(conn, list(rows))
    for one in items:
        if one.act not in {Act.FORGET, Act.LEAVE}:
            save_link(conn, one.link_id, state=DETACHED, dirty=False, problem=one.reason)
            finish_conflicts(conn, one.link_id, None, one.reason, run_id)


def is_quiet(decisions: Sequence[Decision]) -> bool:
    """Whether nothing is written to a side."""
    quiet = LET_GO | {Act.SETTLE, Act.WAIT}
    return all(one.act in quiet and not one.steps for one in decisions)
