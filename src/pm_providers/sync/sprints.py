# ruff: noqa: ARG002 - kinds of parts take the same arguments
"""Sprints: in step before the tasks that refer to them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from pm_providers.model import Entity, PMSprint
from pm_providers.sync.parts_model import Container, Item, Scope, Values, filled, words
from pm_providers.sync.side import Side

__all__ = ["Sprints"]

_MOST = 1000
"""Tasks of a deleted sprint that are remembered."""


class Sprints(Container):
    """Sprints of the two projects. A sprint that people made is never deleted, only what the sync made."""

    entity: ClassVar = Entity.SPRINT.value
    part: ClassVar = "sprints"
    plural: ClassVar = "sprints"
    fields: ClassVar = ("name", "start_date", "end_date", "status", "goal", "capacity_hours")
    gated: ClassVar = {name: name for name in fields}

    def reads(self, side: Side) -> bool:
        """Whether a side has sprints."""
        return side.provider.capabilities.supports("list_sprints")

    async def read(self, side: Side, scope: Scope) -> list[Item]:
        """Sprints of the project, open and closed."""
        return [self._item(one) for one in await side.provider.list_sprints(scope.ids[side.name])]

    def key(self, values: Values) -> Hashable | None:
        """Equal names are the same sprint."""
        return words(values["name"]).casefold() if values.get("name") else None

    async def create(self, side: Side, scope: Scope, source: Item) -> Item:
        """Make it in the project there."""
        barred = self.cannot(side)
        values = {name: source.values.get(name) for name in self.fields if name not in barred}
        made = PMSprint(
            project_id=scope.ids[side.name],
            **{name: value for name, value in self.for_record(values).items() if value is not None},
        )
        return self._item(await side.provider.create_sprint(made))

    async def update(self, side: Side, scope: Scope, item: Item, values: Values) -> Item:
        """Write fields, if nobody changed it meanwhile."""
        updates = self.for_record(values)
        return self._item(await side.provider.update_sprint(item.id, updates, expected_version=item.key))

    def _item(self, one: PMSprint) -> Item:
        return Item(one.id, filled(self.of_record(one)), one.updated_at, key=one.version, record=one)

    async def kept(self, side: Side, scope: Scope, item: Item) -> Values:
        """Its tasks, which stay and are in no sprint when it is gone."""
        found = []
        async for task in side.provider.iter_tasks(scope.ids[side.name], sprint_id=item.id):
            found.append(task.id)
            if len(found) == _MOST:
                break
        return {"tasks": found}

    async def delete(self, side: Side, scope: Scope, item: Item) -> None:
        """Delete it; its tasks stay."""
        await side.provider.delete_sprint(item.id)
