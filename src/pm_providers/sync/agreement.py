"""What both sides agree on after a write, or after a decision to write nothing. Pure.

Agreement is per field: a field is agreed on when what one side says was carried to the other, or said there
already. All else that is different now are edits that are still to be decided.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pm_providers.store.sync_links import LINKED, Link
from pm_providers.sync.policy import SIDES, other
from pm_providers.sync.values import SETS, Snapshot

__all__ = ["decided", "differs", "put", "written"]


def put(values: dict[str, Any], name: str, value: Any) -> None:
    """Let a snapshot say something about a field; `None` for nothing."""
    if value is None:
        values.pop(name, None)
    else:
        values[name] = value


def written(
    link: Link,
    side: str,
    after: Snapshot,
    *,
    at: str | None,
    sent: Iterable[str],
    basis: Mapping[str, Any],
    half: Iterable[str] = (),
) -> dict[str, Any]:
    """Columns of a link after a write to one side.

    Args:
        link: row, as it is.
        side: side that was written.
        after: what it says now.
        at: time of the write by that side's clock.
        sent: fields that were written, by their names there.
        basis: what the other side said about these when it was decided, by its own names.
        half: of `sent` those that hold edits of both sides, of which the other side knows only its own: the
            rest is an edit for it. Lists stay as they were agreed on before: their ids are of one side only.
    """
    agreed = {one: dict(link.agreed_on(one)) for one in SIDES}
    for name in sent:
        put(agreed[side], name, after.get(name))
    for name, value in basis.items():
        put(agreed[other(side)], name, value)
    for name in half:
        put(agreed[side], name, link.agreed_on(side).get(name) if name in SETS else basis.get(name))
    now = {side: after, other(side): link.state_on(other(side))}
    return _columns(link, agreed, now, {}) | {f"{side}_at": at or link.at_on(side), f"{side}_gone": None}


def differs(agreed: Mapping[str, Any], now: Mapping[str, Any], apart: Collection[str] = ()) -> bool:
    """Whether a side says something else than was agreed on, but for some fields."""
    return any(agreed.get(name) != now.get(name) for name in {*agreed, *now} - set(apart))


def decided(
    link: Link,
    values: Mapping[str, Mapping[str, Any]],
    apart: Mapping[str, Collection[str]] | None = None,
) -> dict[str, Any]:
    """Columns of a link about which there was a decision.

    Args:
        link: row, as it is.
        values: side -> field there -> what it said when it was decided, for the fields that are settled.
        apart: side -> fields there that are not in step: they stay undecided, and nothing waits for that.
    """
    agreed = {side: dict(link.agreed_on(side)) for side in SIDES}
    for side, said in values.items():
        for name, value in said.items():
            put(agreed[side], name, value)
    return _columns(link, agreed, {side: link.state_on(side) for side in SIDES}, apart or {})


def _columns(
    link: Link,
    agreed: Mapping[str, Snapshot],
    state: Mapping[str, Snapshot],
    apart: Mapping[str, Collection[str]],
) -> dict[str, Any]:
    values: dict[str, Any] = {"state": LINKED}
    dirty = False
    for side in SIDES:
        same = agreed[side] == state[side]
        known = link.left_now if side == "left" else link.right_now
        at = link.at_on(side) if known is None else known.get("at")
        values[f"{side}_agreed"] = agreed[side]
        values[f"{side}_now"] = None if same else {"values": state[side], "at": at}
        values[f"{side}_parent"] = state[side].get("parent")
        open_ones = not same and differs(agreed[side], state[side], apart.get(side, ()))
        dirty = dirty or open_ones or link.gone_on(side) is not None
    values["dirty"] = dirty
    return values
