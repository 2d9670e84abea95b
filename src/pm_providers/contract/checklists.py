"""Checklists on tasks, and their items."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from pm_providers.contract.queries import ListQuery, part_query
from pm_providers.contract.time_entries import TimeEntryOperations
from pm_providers.contract.validation import Fields, compare_written, draft_fields
from pm_providers.contract.values import check_id, check_optional_id
from pm_providers.effects import writes_undone
from pm_providers.errors import PMError, ValidationError
from pm_providers.model import Entity, PMChecklist, PMChecklistItem, WriteWarning

__all__ = ["ChecklistOperations"]

_UNMADE = "new"
_ITEM = re.compile(r"items\[(\d+)\]")


class ChecklistOperations(TimeEntryOperations):
    """Checklists and their items.

    `task_id=` and `checklist_id=` of changes and deletes are needed only with vendors that find a checklist
    through its task, or an item through its checklist; the others ignore them.
    """

    # checklists

    def iter_checklists(
        self, task_id: str, *, limit: int | None = None, window: int = 1
    ) -> AsyncGenerator[PMChecklist, None]:
        """Checklists of a task, one page in memory. See `list_checklists`."""
        return self._stream(
            "list_checklists",
            lambda: self._iter_checklists(part_query(check_id(task_id, "task_id"), limit, window)),
            limit,
        )

    async def list_checklists(self, task_id: str, *, limit: int | None = None) -> list[PMChecklist]:
        """All checklists of a task with all their items, in the order that people see.

        Raises:
            NotFoundError: no such task.
        """
        return [one async for one in self.iter_checklists(task_id, limit=limit, window=self._window)]

    async def create_checklist(self, checklist: PMChecklist) -> PMChecklist:
        """Create a checklist with its items on `checklist.task_id`; returns it as the system answered.

        All or nothing: when an item fails, the checklist is taken away again; where that fails too, the error
        says `maybe_applied`. What an item does not hold as asked stands in the warnings of the checklist, as
        `items[2].due_date`.

        Raises:
            NotFoundError, ValidationError: no such task.
            ValidationError: a value is not allowed; `fields` names it, as `items[2].title` for an item.
            UnsupportedError: a field is set that the provider cannot hold.
        """
        items: list[Fields] = []
        with self._operation("create_checklist"):
            self.capabilities.require("create_checklist", self.name)
            if isinstance(checklist, PMChecklist):
                items = self._drafted_items(checklist.items)
        return await self._create(
            Entity.CHECKLIST, checklist, lambda fields: self._create_with_items(fields, items)
        )

    async def update_checklist(
        self, checklist_id: str, updates: Mapping[str, Any], *, task_id: str | None = None
    ) -> PMChecklist:
        """Rename or move a checklist; its items are changed one by one.

        Args:
            checklist_id: id.
            updates: field -> value.
            task_id: the task it stands on; some systems find checklists only through it.

        Raises:
            NotFoundError: no such checklist.
            ValidationError: the system needs `task_id`, or a value is not allowed.
        """
        task = self._owner("update_checklist", "task_id", task_id)
        return cast(
            "PMChecklist",
            await self._update(
                Entity.CHECKLIST,
                checklist_id,
                updates,
                lambda one, fields: self._update_checklist(one, fields, task),
            ),
        )

    async def delete_checklist(self, checklist_id: str, *, task_id: str | None = None) -> bool:
        """Delete a checklist with its items; `False` when it did not exist."""
        task = self._owner("delete_checklist", "task_id", task_id)
        return await self._delete(
            Entity.CHECKLIST, checklist_id, lambda one: self._delete_checklist(one, task)
        )

    # items

    async def create_checklist_item(
        self, item: PMChecklistItem, *, task_id: str | None = None
    ) -> PMChecklistItem:
        """Add an item to `item.checklist_id`; returns it as the system answered.

        Raises:
            NotFoundError, ValidationError: no such checklist.
            ValidationError: the system needs `task_id`, or a value is not allowed.
        """
        task = self._owner("create_checklist_item", "task_id", task_id)
        return await self._create(
            Entity.CHECKLIST_ITEM, item, lambda fields: self._create_checklist_item(fields, task)
        )

    async def update_checklist_item(
        self,
        item_id: str,
        updates: Mapping[str, Any],
        *,
        checklist_id: str | None = None,
        task_id: str | None = None,
    ) -> PMChecklistItem:
        """Change the fields given; `None` clears (`is_done`: not done).

        Args:
            item_id: id.
            updates: field -> value.
            checklist_id: the checklist it stands in; some systems find items only through it.
            task_id: the task of that checklist; likewise.

        Raises:
            NotFoundError: no such item.
            ValidationError: the system needs `checklist_id` or `task_id`, or a value is not allowed.
        """
        checklist = self._owner("update_checklist_item", "checklist_id", checklist_id)
        task = self._owner("update_checklist_item", "task_id", task_id)
        if isinstance(updates, Mapping) and "is_done" in updates and updates["is_done"] is None:
            updates = {**updates, "is_done": False}
        return cast(
            "PMChecklistItem",
            await self._update(
                Entity.CHECKLIST_ITEM,
                item_id,
                updates,
                lambda one, fields: self._update_checklist_item(one, fields, checklist, task),
            ),
        )

    async def delete_checklist_item(
        self, item_id: str, *, checklist_id: str | None = None, task_id: str | None = None
    ) -> bool:
        """Delete an item with those below it; `False` when it did not exist."""
        checklist = self._owner("delete_checklist_item", "checklist_id", checklist_id)
        task = self._owner("delete_checklist_item", "task_id", task_id)
        return await self._delete(
            Entity.CHECKLIST_ITEM, item_id, lambda one: self._delete_checklist_item(one, checklist, task)
        )

    # help for hooks

    async def _fill_checklist(self, checklist: PMChecklist, items: list[Fields]) -> PMChecklist:
        """The new `checklist` with `items` made in it one by one; on an error it is taken away again.

        For the `_create_checklist` of systems that make a checklist and each item by a request of its own.
        """
        made: list[PMChecklistItem] = []
        try:
            for item in items:
                fields = {name: value for name, value in item.items() if name != "parent_index"}
                fields["checklist_id"] = checklist.id
                if "parent_index" in item:
                    fields["parent_id"] = made[item["parent_index"]].id
                made.append(await self._create_checklist_item(fields, checklist.task_id))
        except PMError as error:
            if isinstance(error, ValidationError):
                error.fields = {f"items[{len(made)}].{name}": text for name, text in error.fields.items()}
            error.maybe_applied = not await self._took_away(checklist)
            if not error.maybe_applied:
                writes_undone()
            raise
        return replace(checklist, items=made)

    async def _took_away(self, checklist: PMChecklist) -> bool:
        try:
            await self._delete_checklist(checklist.id, checklist.task_id)
        except PMError:
            return False
        return True

    def _owner(self, operation: str, name: str, value: str | None) -> str | None:
        with self._operation(operation):
            return check_optional_id(value, name)

    def _drafted_items(self, items: object) -> list[Fields]:
        """Checked fields of the items of a new checklist; what is no list of items is refused later."""
        if not isinstance(items, list | tuple):
            return []
        found: list[Fields] = []
        seen: dict[str, int] = {}
        for index, item in enumerate(items):
            if not isinstance(item, PMChecklistItem):
                return []
            found.append(self._drafted_item(item, f"items[{index}]", seen))
            if item.id:
                seen[item.id] = index
        return found

    def _drafted_item(self, item: PMChecklistItem, place: str, seen: Mapping[str, int]) -> Fields:
        draft = replace(item, checklist_id=_UNMADE, position=None)
        try:
            fields = draft_fields(self.capabilities, Entity.CHECKLIST_ITEM, draft)
        except ValidationError as error:
            problems = {f"{place}.{name}": text for name, text in error.fields.items()}
            raise ValidationError(fields=problems) from None
        del fields["checklist_id"]
        parent = fields.pop("parent_id", None)
        if parent is not None:
            if parent not in seen:
                raise ValidationError(
                    fields={f"{place}.parent_id": "is the id of no earlier item of the list"}
                )
            fields["parent_index"] = seen[parent]
        return fields

    async def _create_with_items(self, fields: Fields, items: list[Fields]) -> PMChecklist:
        fields.pop("items", None)
        order = _depth_first(items)
        places = {before: after for after, before in enumerate(order)}
        in_order = [_moved(items[one], places) for one in order]
        resolved = [await self._resolve(Entity.CHECKLIST_ITEM, item) for item in in_order]
        try:
            made = await self._create_checklist(fields, resolved)
        except ValidationError as error:
            error.fields = {_as_given(name, order): text for name, text in error.fields.items()}
            raise
        return replace(made, warnings=(*made.warnings, *self._item_warnings(resolved, made, order)))

    def _item_warnings(self, items: list[Fields], made: PMChecklist, order: list[int]) -> list[WriteWarning]:
        if len(items) != len(made.items):
            return [WriteWarning("items", f"{len(items)} items", f"{len(made.items)} items")]
        found: list[WriteWarning] = []
        for index, asked, item in zip(order, items, made.items, strict=True):
            known = {warning.field for warning in item.warnings}
            wanted = {name: value for name, value in asked.items() if name not in {"parent_index", *known}}
            noted = (*item.warnings, *compare_written(wanted, item, self._holds))
            found += [replace(one, field=f"items[{index}].{one.field}") for one in noted]
            above = made.items[asked["parent_index"]] if "parent_index" in asked else None
            if above is not None and item.parent_id != above.id:
                found.append(WriteWarning(f"items[{index}].parent_id", above.id, item.parent_id))
        return found

    # hooks

    def _iter_checklists(self, query: ListQuery) -> AsyncIterator[PMChecklist]:
        """Hook: checklists of `query.task_id` (always set) with their items, as `PMChecklist` says."""
        raise self._refuse("list_checklists")

    async def _create_checklist(self, fields: Fields, items: list[Fields]) -> PMChecklist:
        """Hook: `fields` hold `task_id`, `name` and maybe `position`; `items` the checked items in order.

        An item holds `title` and what else is set but `checklist_id`, `parent_id` and `position`;
        `parent_index` is the place in `items` of the one it stands below, which comes earlier: each item is
        followed by those below it. The answer holds all items in this order. `_fill_checklist` makes them
        one by one.
        """
        raise self._refuse("create_checklist")

    async def _update_checklist(self, checklist_id: str, fields: Fields, task_id: str | None) -> PMChecklist:
        raise self._refuse("update_checklist")

    async def _delete_checklist(self, checklist_id: str, task_id: str | None) -> bool:
        raise self._refuse("delete_checklist")

    async def _create_checklist_item(self, fields: Fields, task_id: str | None) -> PMChecklistItem:
        raise self._refuse("create_checklist_item")

    async def _update_checklist_item(
        self, item_id: str, fields: Fields, checklist_id: str | None, task_id: str | None
    ) -> PMChecklistItem:
        raise self._refuse("update_checklist_item")

    async def _delete_checklist_item(
        self, item_id: str, checklist_id: str | None, task_id: str | None
    ) -> bool:
        raise self._refuse("delete_checklist_item")


def _depth_first(items: list[Fields]) -> list[int]:
    """Places of the items in the order that people see: each is followed by those below it."""
    below: dict[int | None, list[int]] = {}
    for index in reversed(range(len(items))):
        below.setdefault(items[index].get("parent_index"), []).append(index)
    found: list[int] = []
    waiting = below.get(None, [])
    while waiting:
        found.append(waiting.pop())
        waiting += below.get(found[-1], [])
    return found


def _moved(item: Fields, places: Mapping[int, int]) -> Fields:
    parent = item.get("parent_index")
    return item if parent is None else {**item, "parent_index": places[parent]}


def _as_given(name: str, order: Sequence[int]) -> str:
    """The name of a field of an item, with the place of the item in the caller's draft."""
    found = _ITEM.match(name)
    if found is None or int(found[1]) >= len(order):
        return name
    return f"items[{order[int(found[1])]}]{name[found.end() :]}"
