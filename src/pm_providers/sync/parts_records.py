"""What is written down about writes to parts, and what becomes of those that were rejected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pm_providers.errors import (
    NotFoundError,
    PermissionDeniedError,
    PMError,
    UnsupportedError,
)
from pm_providers.store.sync_history import DONE, FAILED, UNSURE, SyncWrite
from pm_providers.sync.decisions import Act, Decision
from pm_providers.sync.parts_model import Item, Kind, PartView, Scope, Values, same_value
from pm_providers.sync.policy import LEFT, RIGHT, other
from pm_providers.sync.rejections import rejected
from pm_providers.sync.side import Side
from pm_providers.sync.values import CUSTOM

__all__ = [
    "ACTIONS",
    "AGAIN",
    "WHY",
    "became",
    "intent_of",
    "is_all_rejected",
    "kept_of",
    "less",
    "problem_of",
    "short_of",
    "taken_for_ours",
]

AGAIN = "again"
"""Under this name the history holds what it takes to make a deleted part again, besides its values."""

WHY = "why"
"""Under this name in what is kept as `AGAIN`: why it cannot be made again."""

ACTIONS = {Act.CREATE: "create", Act.UPDATE: "update", Act.DELETE: "delete"}
"""Decision -> name in the history."""


def intent_of(kind: Kind, scope: Scope, view: PartView, one: Decision) -> dict[str, Any]:
    """Row of a write that is about to be sent; run and mapping are added by who sends it."""
    source = view.items.get(other(one.side))
    current = view.items.get(one.side)
    lost = {
        clash.field: {"winner": clash.winner, LEFT: clash.left, RIGHT: clash.right, "note": clash.note}
        for clash in one.clashes
        if clash.winner
    }
    place = {"task_id" if scope.owner_id else "project_id": scope.ids[one.side]}
    return {
        "link_id": view.link_id,
        "entity": kind.entity,
        "side": one.side,
        "action": ACTIONS[one.act],
        "remote_id": one.remote_id or None,
        "title": f"{scope.title}: {one.title}"[:500] if scope.title else one.title,
        "wanted": {**{step.field: step.new for step in one.steps}, **place},
        "basis": None if source is None else dict(source.values),
        "before": None if current is None or one.act is Act.CREATE else {**current.values, **place},
        "lost": lost or None,
    }


def became(kind: Kind, view: PartView, one: SyncWrite, is_early: bool) -> tuple[str, str | None]:
    """State of a write that a run left open, by what is there now, and why.

    Args:
        kind: of the part.
        view: what is there now.
        one: the write.
        is_early: whether what it made may not be listed yet.
    """
    item = view.items.get(one.side)
    if one.action == "delete":
        return (DONE, None) if item is None else (FAILED, "not carried out")
    if one.action == "create":
        if item is not None:
            return DONE, None
        return (UNSURE, "not found yet") if is_early else (FAILED, "it was never created")
    return (FAILED, "not carried out") if item is None or short_of(kind, item, one) else (DONE, None)


def short_of(kind: Kind, item: Item, one: SyncWrite) -> set[str]:
    """Fields of an update that do not say what was wanted."""
    return {
        name
        for name, value in one.wanted.items()
        if kind.holds(name) and not same_value(name, value, item.values.get(name))
    }


def taken_for_ours(kind: Kind, view: PartView, writes: Iterable[SyncWrite]) -> bool:
    """Agree on what updates that a run left open did write, so that nobody takes it for an edit.

    Args:
        kind: of the part.
        view: what is there now; what was agreed on is changed.
        writes: open ones, oldest first.

    Returns:
        Whether any did.
    """
    found = False
    for one in writes:
        item = view.items.get(one.side)
        if one.action != "update" or item is None or not view.agreed:
            continue
        for name in filter(kind.holds, one.wanted):
            if not same_value(name, one.wanted[name], item.values.get(name)):
                continue
            theirs = (one.basis or {}).get(name)
            is_merged = ((one.lost or {}).get(name) or {}).get("winner") == "merged"
            is_half = is_merged and not same_value(name, theirs, one.wanted[name])
            _put(view, one.side, name, theirs if is_half else item.values.get(name))
            _put(view, other(one.side), name, theirs)
            found = True
    return found


def _put(view: PartView, side: str, name: str, value: Any) -> None:
    agreed = {key: kept for key, kept in view.agreed.get(side, {}).items() if key != name}
    view.agreed[side] = agreed if value is None else {**agreed, name: value}


def problem_of(notes: Mapping[str, str]) -> str | None:
    """What of a part is not carried, in one line."""
    return "; ".join(f"{name}: {why}" for name, why in notes.items()) or None


async def kept_of(kind: Kind, side: Side, scope: Scope, item: Item) -> Values:
    """What it takes to make a part again; as little as the side tells where it does not tell all.

    Raises:
        PMError: no further call would succeed.
    """
    try:
        return await kind.kept(side, scope, item)
    except (NotFoundError, PermissionDeniedError, UnsupportedError):
        return {}


_OURS = {"assignee_id": "assignee", "file_name": "name"}


def less(values: Values, error: PMError) -> tuple[Values, dict[str, str]] | None:
    """Values without those that were rejected; `None` where that cannot help."""
    named = _named(error)
    left = {name: value for name, value in values.items() if name not in named}
    required = {"name", "title", "body", "type", "from", "to", "list"}
    if not left or len(left) == len(values) or required & set(named):
        return None
    return left, {name: why for name, why in named.items() if name in values}


def is_all_rejected(values: Values, error: PMError) -> bool:
    """Whether these are custom fields that a system does not hold: they wait until somebody edits them.

    Other fields may be taken later: a sprint is begun once another one has ended.
    """
    named = _named(error)
    return all(name in named and name.startswith(CUSTOM) for name in values)


def _named(error: PMError) -> dict[str, str]:
    return {_OURS.get(name, name): why for name, why in rejected(error).items()}
