"""What undoes a run: its writes, folded item by item, against what the items say now. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pm_providers.model import Entity
from pm_providers.store.sync_history import DONE, SyncWrite
from pm_providers.sync.decisions import Act, Decision, Step
from pm_providers.sync.parts_model import Kind, Values, same_value
from pm_providers.sync.parts_records import AGAIN
from pm_providers.sync.parts_relations import ENDS
from pm_providers.sync.values import CUSTOM, FIELDS, Snapshot, changed_fields

__all__ = ["PLACES", "Undone", "decide_part_undo", "decide_undo", "folded"]

_ORDER = {Act.CREATE: 0, Act.UPDATE: 1, Act.DELETE: 2}
"""What hangs below something comes off before that is deleted; what was deleted comes back first."""

PLACES = ("task_id", "project_id", *ENDS)
"""What says in the history where a part stands; no fields of it."""

_STANDS = defaultdict(lambda: 1, {Entity.TASK.value: 0, Entity.CHECKLIST.value: 2, Entity.SPRINT.value: 3})
"""Parts go with their tasks where these go; containers when they are empty."""


@dataclass(slots=True)
class Undone:
    """What a run did to one item, to be taken back.

    Attributes:
        act: what takes it back.
        side: where the item is.
        link_id: its link.
        remote_id: its id there; of a deleted one its former.
        title: for people.
        entity: kind of record.
        place: of parts of a task its id on that side, of sprints the project's.
        before: field -> value before the run; of a deleted item all that it held; of a task that is
            about to be deleted what stands around it.
        after: field -> value as the run left it; of a created item all that it held.
    """

    act: Act
    side: str
    link_id: str
    remote_id: str
    title: str
    entity: str = Entity.TASK.value
    place: str = ""
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


def folded(writes: Iterable[SyncWrite]) -> list[Undone]:
    """What a run did, one entry for each item, in the order in which it is taken back.

    Args:
        writes: of one run, newest first. Those that were not carried out do not count.
    """
    found: dict[tuple[str, str, str], Undone] = {}
    for one in writes:
        if one.state != DONE or one.remote_id is None:
            continue
        key = (one.entity, one.side, one.remote_id)
        known = found.get(key)
        if known is None:
            found[key] = _first(one)
        elif not _folded_in(known, one):
            del found[key]  # made and deleted by the same run: nothing is left of it
    inner = [one for one in found.values() if _comes_back(one)]
    rest = [one for one in found.values() if not _comes_back(one)]
    around = [part for one in rest for part in _taken_along(one)]
    return sorted([*inner[::-1], *rest, *around], key=_turn)


def _taken_along(task: Undone) -> list[Undone]:
    """What went with a task; it comes back below the new one."""
    if task.entity != Entity.TASK.value or task.act is not Act.CREATE:
        return []
    kept = task.before.pop(AGAIN, None) or {}
    return [
        Undone(
            Act.CREATE, task.side, one["link"], one["id"], f"{task.title}: {one['title']}"[:500],
            one["entity"], one["place"], before={**one["values"], AGAIN: one[AGAIN]},
        )
        for one in kept.get("parts", ())
    ]  # fmt: skip


def _comes_back(one: Undone) -> bool:
    """Parts come back in the order in which they went: what stood above went first."""
    return one.act is Act.CREATE and one.entity != Entity.TASK.value


def _turn(one: Undone) -> tuple[int, int]:
    """Containers that come back come before what stands in them."""
    if one.act is Act.CREATE and one.entity == Entity.SPRINT.value:
        return -1, 0
    if one.act is Act.CREATE and one.entity == Entity.CHECKLIST.value:
        return _STANDS[Entity.CHECKLIST_ITEM.value], -1
    return _STANDS[one.entity], _ORDER[one.act]


def _first(one: SyncWrite) -> Undone:
    """The last write about an item."""
    undone = Undone(Act.UPDATE, one.side, one.link_id, one.remote_id or "", one.title or "", one.entity)
    undone.place = next((str(one.wanted[name]) for name in PLACES if name in one.wanted), "")
    if one.action == "create":
        undone.act, undone.after = Act.DELETE, dict(one.after or {})
    elif one.action == "delete":
        undone.act, undone.before = Act.CREATE, dict(one.before or {})
    else:
        for name in _fields(one):
            undone.before[name] = (one.before or {}).get(name)
            undone.after[name] = (one.after or {}).get(name)
    return undone


def _folded_in(undone: Undone, one: SyncWrite) -> bool:
    """Take an earlier write about the same item in; `False` where both cancel out."""
    if one.action == "create":
        if undone.act is Act.CREATE:
            return False
        undone.act, undone.after = Act.DELETE, {**(one.after or {}), **undone.after}
        undone.before = {}
        return True
    for name in _fields(one):
        undone.before[name] = (one.before or {}).get(name)
        if undone.act is Act.UPDATE:
            undone.after.setdefault(name, (one.after or {}).get(name))
    return True


def _fields(one: SyncWrite) -> list[str]:
    """Fields that a write set; what says where a part stands is none."""
    is_part = one.entity != Entity.TASK.value
    return [name for name in one.wanted if not (is_part and name in PLACES)]


def decide_undo(
    undone: Undone,
    now: Snapshot | None,
    *,
    children: int = 0,
    around: str = "",
    cannot: Mapping[str, str] | None = None,
) -> Decision | None:
    """How to take it back; `None` where there is nothing to do any more.

    Args:
        undone: what the run did.
        now: what the item says now; `None` where it does not exist.
        children: items below it that stay.
        around: what somebody put on it, in words.
        cannot: field -> why it cannot be written there.

    Returns:
        A decision to create, update or delete. One to wait says by its reason why nothing is done; what was
        edited since stands in `held` and is left alone.
    """
    if undone.act is Act.CREATE:
        return None if now is not None else _returned(undone, cannot or {})
    if now is None:
        if undone.act is Act.DELETE:
            return None
        return _left_alone(undone, "it does not exist any more")
    if undone.act is Act.DELETE:
        return _removed(undone, now, f"{children} items stand below it" if children else around)
    return _restored(undone, now)


def decide_part_undo(
    kind: Kind,
    undone: Undone,
    now: Values | None,
    *,
    bound: str = "",
    hidden: str = "",
    barred: Mapping[str, str] | None = None,
) -> Decision | None:
    """How to take back what was done to a part; see `decide_undo`.

    Args:
        kind: of it.
        undone: what the run did.
        now: what it says now; `None` where it does not exist.
        bound: what stands in it and stays.
        hidden: why it cannot be read, or not be made again.
        barred: field -> why it cannot be written when it is made again.
    """
    if hidden and undone.act is Act.CREATE:
        return _left_alone(undone, f"the run deleted it, and it cannot be made again: {hidden}")
    if hidden:
        return _left_alone(undone, hidden)
    if undone.act is Act.CREATE:
        return None if now is not None else _remade(kind, undone, barred or {})
    if now is None:
        return None if undone.act is Act.DELETE else _left_alone(undone, "it does not exist any more")
    return (_part_removed if undone.act is Act.DELETE else _part_restored)(kind, undone, now, bound)


def _remade(kind: Kind, undone: Undone, barred: Mapping[str, str]) -> Decision:
    names = kind.names(undone.before)
    said = {name: undone.before[name] for name in names if undone.before.get(name) is not None}
    steps = tuple(Step(name, None, value) for name, value in said.items() if name not in barred)
    held = {name: barred[name] for name in said if name in barred}
    reason = "the run deleted it; it comes back under a new id"
    return replace(_about(undone, Act.CREATE, steps=steps, held=held, reason=reason), remote_id="")


def _part_removed(kind: Kind, undone: Undone, now: Values, bound: str) -> Decision:
    names = kind.names(undone.after, now)
    edited = [name for name in names if not same_value(name, undone.after.get(name), now.get(name))]
    if edited:
        held = dict.fromkeys(edited, "edited since")
        return _left_alone(undone, "the run created it, but it was edited since", held)
    if bound:
        return _left_alone(undone, f"the run created it, but {bound} stand in it since")
    return _about(undone, Act.DELETE, reason="the run created it")


def _part_restored(_: Kind, undone: Undone, now: Values, _bound: str) -> Decision | None:
    changed = [name for name, value in undone.before.items() if not same_value(name, now.get(name), value)]
    edited = [name for name in changed if not same_value(name, undone.after.get(name), now.get(name))]
    held = dict.fromkeys(edited, "edited since")
    steps = tuple(Step(name, now.get(name), undone.before[name]) for name in changed if name not in held)
    if not steps:
        return _left_alone(undone, "edited since", held) if held else None
    return _about(undone, Act.UPDATE, steps=steps, held=held)


def _about(undone: Undone, act: Act, **values: Any) -> Decision:
    return Decision(
        act, undone.link_id, undone.side, undone.title, undone.remote_id, entity=undone.entity, **values
    )


def _left_alone(undone: Undone, why: str, held: Mapping[str, str] | None = None) -> Decision:
    return _about(undone, Act.WAIT, held=held or {}, reason=why)


def _returned(undone: Undone, cannot: Mapping[str, str]) -> Decision:
    names = [name for name in _in_order(undone.before) if undone.before[name] is not None]
    steps = tuple(Step(name, None, undone.before[name]) for name in names if name not in cannot)
    held = {name: cannot[name] for name in names if name in cannot and undone.before[name]}
    return Decision(
        Act.CREATE, undone.link_id, undone.side, undone.title, "", steps, held,
        reason="the run deleted it; it comes back under a new id",
    )  # fmt: skip


def _removed(undone: Undone, now: Snapshot, bound: str) -> Decision:
    edited = changed_fields(undone.after, now)
    if edited:
        held = dict.fromkeys(edited, "edited since")
        return _left_alone(undone, "the run created it, but it was edited since", held)
    if bound:
        return _left_alone(undone, f"the run created it, but {bound} since")
    return Decision(
        Act.DELETE, undone.link_id, undone.side, undone.title, undone.remote_id, reason="the run created it"
    )


def _restored(undone: Undone, now: Snapshot) -> Decision | None:
    steps, held = [], {}
    for name in _in_order(undone.before):
        value, before = now.get(name), undone.before[name]
        if value == before:
            continue
        if value != undone.after.get(name):
            held[name] = "edited since"
        else:
            steps.append(Step(name, value, before))
    if not steps:
        return _left_alone(undone, "edited since", held) if held else None
    return Decision(
        Act.UPDATE, undone.link_id, undone.side, undone.title, undone.remote_id, tuple(steps), held
    )


def _in_order(names: Iterable[str]) -> list[str]:
    known = set(names)
    return [one for one in FIELDS if one in known] + sorted(
        one for one in known if one not in FIELDS or one.startswith(CUSTOM)
    )
