# ruff: noqa: ARG002 - kinds of parts take the same arguments
"""Relations between tasks."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Protocol

from pm_providers.model import Entity, PMRelation
from pm_providers.store.sync_links import LINKED, Link
from pm_providers.sync.parts_model import NEW, Item, Kind, Scope, Values, filled
from pm_providers.sync.policy import LEFT, RIGHT
from pm_providers.sync.side import Side

__all__ = ["ENDS", "Relations", "Tasks"]

ENDS = ("from_task_id", "to_task_id")
"""Names under which the history holds the two tasks of a relation, by their ids on its side."""

_BOTH_WAYS = frozenset({"relates"})
"""Types that say the same from either end."""


class Tasks(Protocol):
    """Links of tasks that are named by others."""

    async def tasks(self, side: Side, ids: Collection[str]) -> Mapping[str, Link]:
        """Id on a side -> link."""

    async def by_link(self, ids: Collection[str]) -> Mapping[str, Link]:
        """Links by id."""

    def coming(self, link: Link, /) -> bool:
        """Whether a task without counterpart is about to get one."""

    def met(self, side: Side, stored: str, owner_id: str, relation: str) -> None:
        """A relation was met at its other end."""


class Relations(Kind):
    """Relations. Each is looked after at one of its ends, so that it is made once.

    `from` and `to` are links of the two tasks: the same on both sides.
    """

    entity: ClassVar = Entity.RELATION.value
    part: ClassVar = "relations"
    plural: ClassVar = "relations"
    fields: ClassVar = ("type", "lag_days", "description")
    gated: ClassVar = {"lag_days": "lag_days", "description": "description"}
    structural: ClassVar = True

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks

    def reads(self, side: Side) -> bool:
        """Whether a side can tell of relations."""
        return side.provider.capabilities.supports("list_relations")

    def held(self, item: Item, target: Side, scope: Scope) -> str:
        """Why a relation is not carried."""
        if not item.values.get("to") or not item.values.get("from"):
            return "the task at its other end is not in step"
        known = target.provider.capabilities.limits.relation_types
        kind = item.values["type"]
        return "" if kind in known else f"{target.title} has no relation {kind!r}"

    async def read(self, side: Side, scope: Scope) -> list[Item]:
        """Relations that are looked after at this task."""
        items = []
        for one, owner in await self._all(side, scope):
            if owner == scope.owner_id:
                items.append(one)
            else:
                self._tasks.met(side, self.stored(one.other_end or "", one.id), owner, one.values["type"])
        return items

    async def everything(self, side: Side, scope: Scope) -> list[Item]:
        """Relations of this task, those included that are looked after at their other end."""
        return [one for one, _ in await self._all(side, scope)]

    async def _all(self, side: Side, scope: Scope) -> list[tuple[Item, str]]:
        """Relations of a task, each with the link of the task at which it is looked after."""
        own = scope.ids[side.name]
        found = await side.provider.list_relations(own)
        ends = {end for one in found for end in (one.from_task_id, one.to_task_id)}
        links = await self._tasks.tasks(side, ends - {own}) if found else {}
        items = []
        for one in found:
            both = [self._link(end, own, scope, links) for end in (one.from_task_id, one.to_task_id)]
            item = replace(_relation(one, both[0], both[1], own), title=_told(one, own, links))
            items.append((item, self._owner(one, both, scope)))
        return items

    def is_placed(self, item: Item, wanted: Mapping[str, Any]) -> bool:
        """Whether it relates the two tasks that were to be related."""
        ends = {wanted[name] for name in ENDS if name in wanted}
        return not ends or ends == {item.record.from_task_id, item.record.to_task_id}

    def _link(self, end: str, own: str, scope: Scope, links: Mapping[str, Link]) -> str:
        if end == own:
            return scope.owner_id or ""
        link = links.get(end)
        is_in_step = link is not None and (link.state == LINKED or self._tasks.coming(link))
        return link.id if link is not None and is_in_step else ""

    @staticmethod
    def _owner(one: PMRelation, both: list[str], scope: Scope) -> str:
        if "" in both:
            return scope.owner_id or ""
        return min(both) if one.type in _BOTH_WAYS else both[0]

    def key(self, values: Values) -> Hashable | None:
        """Equal types between the same tasks are the same relation."""
        ends = (values.get("from"), values.get("to"))
        if not all(ends):
            return None
        return (values["type"], frozenset(ends) if values["type"] in _BOTH_WAYS else ends)

    def title(self, values: Values) -> str:
        """For people."""
        return str(values.get("type", ""))

    async def create(self, side: Side, scope: Scope, source: Item) -> Item:
        """Relate the counterparts."""
        ends = [str(source.values["from"]), str(source.values["to"])]
        links = await self._tasks.by_link(ends)
        ids = [(links[end].id_on(side.name) if end in links else None) or "" for end in ends]
        made = await side.provider.create_relation(
            PMRelation(
                from_task_id=ids[0], to_task_id=ids[1], type=source.values["type"],
                lag_days=source.values.get("lag_days"), description=source.values.get("description"),
            )
        )  # fmt: skip
        if made.from_task_id == ids[1] and made.to_task_id == ids[0]:
            ends.reverse()
        return _relation(made, ends[0], ends[1], scope.ids[side.name])

    async def update(self, side: Side, scope: Scope, item: Item, values: Values) -> Item:
        """Change type, lag or description."""
        made = await side.provider.update_relation(item.id, values, task_id=scope.ids[side.name])
        return _relation(made, item.values["from"], item.values["to"], scope.ids[side.name])

    async def kept(self, side: Side, scope: Scope, item: Item) -> Values:
        """Its two tasks, by their ids there."""
        return {"from_task_id": item.record.from_task_id, "to_task_id": item.record.to_task_id}

    async def hindrance(self, side: Side, scope: Scope, again: Values) -> str:
        """The task at its other end may be gone."""
        ends = [str(again.get(name) or "") for name in ENDS]
        own = scope.ids[side.name]
        far = [end for end in ends if end != own and not end.startswith(NEW)]
        is_there = all([end and await side.provider.get_task(end) is not None for end in far])
        return "" if is_there and own in ends else "the task at its other end is gone"

    async def remake(self, side: Side, scope: Scope, values: Values, again: Values) -> Item:
        """Relate the same tasks again."""
        made = await side.provider.create_relation(
            PMRelation(
                from_task_id=str(again["from_task_id"]), to_task_id=str(again["to_task_id"]),
                type=values["type"], lag_days=values.get("lag_days"), description=values.get("description"),
            )
        )  # fmt: skip
        start, end = str(values.get("from") or ""), str(values.get("to") or "")
        return _relation(made, start, end, scope.ids[side.name])

    async def delete(self, side: Side, scope: Scope, item: Item) -> None:
        """Delete a relation."""
        await side.provider.delete_relation(item.id, task_id=scope.ids[side.name])


def _other_end(one: PMRelation, own: str) -> str:
    return one.to_task_id if one.from_task_id == own else one.from_task_id


def _told(one: PMRelation, own: str, links: Mapping[str, Link]) -> str:
    """A relation with the task at its other end, as it reads from this one."""
    end = _other_end(one, own)
    link = links.get(end)
    titles = () if link is None else (link.state_on(side).get("title") for side in (LEFT, RIGHT))
    arrow = "↔" if one.type in _BOTH_WAYS else "→" if one.from_task_id == own else "←"
    return f"{one.type} {arrow} {next(filter(None, titles), f'task {end}')}"


def _relation(one: PMRelation, start: str, end: str, own: str) -> Item:
    values = {
        "type": one.type, "from": start, "to": end, "lag_days": one.lag_days, "description": one.description,
    }  # fmt: skip
    return Item(one.id, filled(values), other_end=_other_end(one, own), record=one)
