"""Parts of both sides by their links, and by what they say where they have none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pm_providers.database.ids import new_id
from pm_providers.store.sync_links import DETACHED
from pm_providers.store.sync_parts import PartLink
from pm_providers.sync.parts_model import Item, Kind, PartView, Scope
from pm_providers.sync.parts_plan import paired
from pm_providers.sync.policy import SIDES

__all__ = ["is_early", "views_of"]


def views_of(
    kind: Kind,
    scope: Scope,
    rows: Sequence[PartLink],
    read: Mapping[str, Sequence[Item]],
    conflicts: Mapping[str, Mapping[str, str]],
) -> list[PartView]:
    """One view for each part; those that are in step are noted in the scope.

    Args:
        kind: of the parts.
        scope: what they belong to.
        rows: their links.
        read: side -> what is there, oldest first.
        conflicts: link -> field with an open conflict -> side that people chose, or `""`.
    """
    items = {side: {kind.stored(scope.ids[side], one.id): one for one in read[side]} for side in SIDES}
    views = [_view(kind, scope, row, items, conflicts.get(row.id, {})) for row in rows]
    taken = {(side, one) for view in views for side, one in view.ids.items()}
    taken |= {(side, str(row.id_on(side))) for row in rows for side in SIDES if row.state == DETACHED}
    views = [view for view in views if view.row is None or view.row.state != DETACHED]
    free = {
        side: [one for stored, one in items[side].items() if (side, stored) not in taken] for side in SIDES
    }
    joined = _joined(kind, scope, views, free)
    replaced = {view.replaces for view in views if view.replaces}
    views = [view for view in views if view.link_id not in replaced] + joined
    for view in views:
        if len(view.items) == len(SIDES):
            for side, item in view.items.items():
                scope.pairs[kind.entity, side, item.id] = view.link_id
    return [view for view in views if view.ids or view.row is not None]


def _view(
    kind: Kind,
    scope: Scope,
    row: PartLink,
    items: Mapping[str, Mapping[str, Item]],
    decided: Mapping[str, str],
) -> PartView:
    """A stored link with what is there. What stood on a task that is no more counts as never made."""
    view = PartView(row.id, row, {}, {}, decided=decided)
    for side in SIDES:
        stored, agreed = row.id_on(side), row.agreed_on(side)
        if stored is None or kind.unstored(scope.ids[side], stored) is None:
            continue
        view.ids[side] = stored
        if stored in items[side]:
            view.items[side] = items[side][stored]
        if agreed:
            view.agreed[side] = agreed
        if agreed.get("copy"):
            view.copy = side
    return view


def _joined(
    kind: Kind, scope: Scope, views: Sequence[PartView], free: Mapping[str, Sequence[Item]]
) -> list[PartView]:
    """Views of parts that have no link; those that say the same as one without counterpart join it."""
    lonely = {side: [one for one in views if set(one.ids) == {side} == set(one.items)] for side in SIDES}
    owners = {side: {id(view.items[side]): view for view in lonely[side]} for side in SIDES}
    singles = {side: [view.items[side] for view in lonely[side]] + list(free[side]) for side in SIDES}
    made: list[PartView] = []
    used: set[int] = set()
    for pair in paired(kind, singles):
        both = dict(zip(SIDES, pair, strict=True))
        known = [owners[side][id(item)] for side, item in both.items() if id(item) in owners[side]]
        view = known[0] if known else PartView(new_id(), None, {}, {})
        view.items = both
        view.ids = {side: kind.stored(scope.ids[side], item.id) for side, item in both.items()}
        view.agreed, view.replaces = {}, known[1].link_id if len(known) > 1 else ""
        made += [] if known else [view]
        used |= {id(item) for item in pair}
    for side in SIDES:
        for item in free[side]:
            if id(item) not in used:
                stored = kind.stored(scope.ids[side], item.id)
                made.append(PartView(new_id(), None, {side: item}, {side: stored}))
    return made


def is_early(view: PartView, settle_s: float) -> bool:
    """Whether a part that is not listed was written so lately that the list may be behind."""
    if view.row is None or set(view.ids) == set(view.items):
        return False
    return view.seen_at - view.row.updated_at.timestamp() < settle_s
