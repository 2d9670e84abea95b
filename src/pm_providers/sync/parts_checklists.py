# ruff: noqa: ARG002 - kinds of parts take the same arguments
"""Checklists and their items. New items come last; later changes of their order are not carried."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date
from typing import Any, ClassVar

from pm_providers.model import Entity, PMChecklist, PMChecklistItem
from pm_providers.sync.parts_comments import People
from pm_providers.sync.parts_model import Item, Kind, Scope, Values, filled, words
from pm_providers.sync.policy import LEFT
from pm_providers.sync.side import Side

__all__ = ["ChecklistItems", "Checklists", "line_of"]

LIST, ITEM = Entity.CHECKLIST.value, Entity.CHECKLIST_ITEM.value
_STRANGER = "?"
"""Before the id of a user who has no counterpart."""


async def _lists(side: Side, scope: Scope) -> list[PMChecklist]:
    key = ("checklists", side.name)
    if key not in scope.cache:
        scope.cache[key] = await side.provider.list_checklists(scope.ids[side.name])
    found: list[PMChecklist] = scope.cache[key]
    return found


class Checklists(Kind):
    """Checklists by name; what stands in them is `ChecklistItems`."""

    entity: ClassVar = LIST
    part: ClassVar = "checklists"
    plural: ClassVar = "checklists"
    fields: ClassVar = ("name",)
    structural: ClassVar = True

    def reads(self, side: Side) -> bool:
        """Whether a side can tell of checklists."""
        return side.provider.capabilities.supports("list_checklists")

    async def read(self, side: Side, scope: Scope) -> list[Item]:
        """Checklists of a task."""
        return [_list(one) for one in await _lists(side, scope)]

    def key(self, values: Values) -> Hashable | None:
        """Equal names are the same checklist."""
        return words(values["name"]).casefold() if values.get("name") else None

    async def create(self, side: Side, scope: Scope, source: Item) -> Item:
        """Make an empty one."""
        made = PMChecklist(name=source.values["name"], task_id=scope.ids[side.name])
        return _list(await side.provider.create_checklist(made))

    async def update(self, side: Side, scope: Scope, item: Item, values: Values) -> Item:
        """Rename it."""
        return _list(await side.provider.update_checklist(item.id, values, task_id=scope.ids[side.name]))

    async def kept(self, side: Side, scope: Scope, item: Item) -> Values:
        """Its items, which go with it."""
        record: PMChecklist = item.record
        return {"items": [line_of(one) for one in record.items]}

    async def remake(self, side: Side, scope: Scope, values: Values, again: Values) -> Item:
        """Make it again with its items."""
        items = [PMChecklistItem(**_typed(one)) for one in again.get("items") or ()]
        made = PMChecklist(name=values["name"], task_id=scope.ids[side.name], items=items)
        return _list(await side.provider.create_checklist(made))

    async def delete(self, side: Side, scope: Scope, item: Item) -> None:
        """Delete it with its items."""
        await side.provider.delete_checklist(item.id, task_id=scope.ids[side.name])
        known = scope.cache.get(("checklists", side.name), [])
        scope.cache["checklists", side.name] = [one for one in known if one.id != item.id]


def _list(one: PMChecklist) -> Item:
    return Item(one.id, filled({"name": one.name}), record=one)


def line_of(one: PMChecklistItem) -> Values:
    """An item as the history keeps it."""
    return filled(
        {
            "id": one.id, "title": one.title, "is_done": one.is_done or None, "parent_id": one.parent_id,
            "due_date": one.due_date.isoformat() if one.due_date else None, "assignee_id": one.assignee_id,
        }
    )  # fmt: skip


def _typed(values: Values) -> dict[str, Any]:
    due = values.get("due_date")
    return {**values, **({"due_date": date.fromisoformat(due)} if due else {})}


class ChecklistItems(Kind):
    """Items of checklists that are in step."""

    entity: ClassVar = ITEM
    part: ClassVar = "checklists"
    plural: ClassVar = "items of checklists"
    fields: ClassVar = ("title", "is_done", "due_date", "assignee")
    gated: ClassVar = {"due_date": "due_date", "assignee": "assignee_id"}
    structural: ClassVar = True

    def __init__(self, people: People) -> None:
        self._people = people

    def reads(self, side: Side) -> bool:
        """Whether a side can tell of checklists."""
        return side.provider.capabilities.supports("list_checklists")

    def portable(self, name: str, value: Any) -> str:
        """Why a value is not carried: a user who has no counterpart."""
        is_stranger = name == "assignee" and str(value).startswith(_STRANGER)
        return f"nobody there is user {str(value)[1:]}" if is_stranger else ""

    async def read(self, side: Side, scope: Scope) -> list[Item]:
        """Items in the order of their lists."""
        found = []
        for one in await _lists(side, scope):
            link = scope.link_of(LIST, side.name, one.id)
            if link is not None:
                found += [await self._item(side, item, link) for item in one.items]
        return found

    async def _item(self, side: Side, one: PMChecklistItem, link: str) -> Item:
        values = {
            "list": link,
            "title": one.title,
            "is_done": one.is_done or None,
            "due_date": one.due_date.isoformat() if one.due_date else None,
            "assignee": await self._person(side, one.assignee_id),
        }
        return Item(one.id, filled(values), record=one)

    async def _person(self, side: Side, user_id: str | None) -> str | None:
        """A user by the id on the left."""
        if user_id is None:
            return None
        directory = await self._people.directory()
        partner = directory.partner(side.name, user_id)
        if partner is None:
            return f"{_STRANGER}{user_id}"
        return user_id if side.name == LEFT else partner

    def key(self, values: Values) -> Hashable | None:
        """Equal titles in the same list are the same item."""
        return (values["list"], words(values["title"]).casefold()) if values.get("title") else None

    async def create(self, side: Side, scope: Scope, source: Item) -> Item:
        """Add it to the counterpart of its list, below the counterpart of what it stands below."""
        lists = scope.id_of(LIST, side.name, source.values["list"])
        across = next(name for name in scope.ids if name != side.name)
        above = scope.link_of(ITEM, across, source.record.parent_id)
        nests = side.provider.capabilities.field(Entity.CHECKLIST_ITEM, "parent_id").is_writable
        fields = await self._fields(side, {name: source.values.get(name) for name in self.fields})
        made = await side.provider.create_checklist_item(
            PMChecklistItem(
                checklist_id=lists or "",
                parent_id=scope.id_of(ITEM, side.name, above) if nests and above else None,
                **{name: value for name, value in fields.items() if value is not None},
            ),
            task_id=scope.ids[side.name],
        )
        return await self._item(side, made, source.values["list"])

    async def _fields(self, side: Side, values: Values) -> dict[str, Any]:
        found = {name: value for name, value in values.items() if name not in self.cannot(side)}
        if found.get("due_date"):
            found["due_date"] = date.fromisoformat(found["due_date"])
        if "is_done" in found:
            found["is_done"] = bool(found["is_done"])
        if "assignee" in found:
            wanted = found.pop("assignee")
            if wanted is not None and side.name != LEFT:
                wanted = (await self._people.directory()).partner(LEFT, wanted)
            if not str(wanted).startswith(_STRANGER):
                found["assignee_id"] = wanted
        return found

    async def update(self, side: Side, scope: Scope, item: Item, values: Values) -> Item:
        """Write fields."""
        made = await side.provider.update_checklist_item(
            item.id,
            await self._fields(side, values),
            checklist_id=item.record.checklist_id,
            task_id=scope.ids[side.name],
        )
        return await self._item(side, made, item.values["list"])

    async def kept(self, side: Side, scope: Scope, item: Item) -> Values:
        """Its checklist, what it stands below, and who is to do it, by their ids there."""
        record: PMChecklistItem = item.record
        return {**line_of(record), "checklist_id": record.checklist_id}

    async def hindrance(self, side: Side, scope: Scope, again: Values) -> str:
        """Its checklist may be gone."""
        lists = await side.provider.list_checklists(scope.ids[side.name])
        is_there = any(one.id == again.get("checklist_id") for one in lists)
        return "" if is_there else "its checklist is gone"

    async def remake(self, side: Side, scope: Scope, values: Values, again: Values) -> Item:
        """Add it again, below what it stood below if that is there."""
        lists = await side.provider.list_checklists(scope.ids[side.name])
        known = {item.id for one in lists for item in one.items}
        cannot = self.cannot(side)
        lost = {"id"} | ({"due_date"} & set(cannot)) | ({"assignee_id"} if "assignee" in cannot else set())
        lost |= set() if again.get("parent_id") in known else {"parent_id"}
        fields = {name: value for name, value in _typed(again).items() if name not in lost}
        made = await side.provider.create_checklist_item(
            PMChecklistItem(**fields), task_id=scope.ids[side.name]
        )
        return await self._item(side, made, str(values.get("list") or ""))

    async def delete(self, side: Side, scope: Scope, item: Item) -> None:
        """Delete it with those below it."""
        await side.provider.delete_checklist_item(
            item.id, checklist_id=item.record.checklist_id, task_id=scope.ids[side.name]
        )
