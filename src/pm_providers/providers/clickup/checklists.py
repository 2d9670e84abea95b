"""Checklists of tasks, with items below items. They are read with their task only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextvars import ContextVar
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import NotFoundError, PMError, ProviderError, ValidationError
from pm_providers.model import PMChecklist, PMChecklistItem
from pm_providers.providers.clickup.connection import Connection
from pm_providers.providers.clickup.mapping.checklists import (
    checklists_of,
    is_list_id,
    item_of,
    items_of,
    to_checklist,
)
from pm_providers.toolkit.documents import identifier, part

__all__ = ["Checklists"]

_NEEDED = "is needed: the API shows checklists on their task only"

_FILLED: ContextVar[dict[str, list[PMChecklistItem]]] = ContextVar("filled")
"""Items of the checklist that is being filled, so that the task is not read again for each new one."""


class Checklists(Connection):
    """Checklists and their items."""

    async def _iter_checklists(self, query: ListQuery) -> AsyncIterator[PMChecklist]:
        for one in await self._checklists(query.task_id or ""):
            yield one

    async def _checklists(self, task_id: str) -> list[PMChecklist]:
        """Checklists of a task in their order.

        Raises:
            NotFoundError: no such task.
        """
        task = await self._task_document(task_id)
        key, raw = identifier(task, "task"), self._options.keep_raw
        return [to_checklist(one, key, place, keep_raw=raw) for place, one in enumerate(checklists_of(task))]

    async def _stored_list(self, checklist_id: str, task_id: str | None) -> PMChecklist:
        """A checklist of a task.

        Raises:
            ValidationError: no task is given.
            NotFoundError: the task has none of this id.
        """
        if not task_id:
            raise ValidationError(fields={"task_id": _NEEDED})
        found = next((one for one in await self._checklists(task_id) if one.id == checklist_id), None)
        if found is None:
            raise NotFoundError(f"there is no checklist {checklist_id!r:.80} on task {task_id!r:.80}")
        return found

    # checklists

    async def _create_checklist(self, fields: Fields, items: list[Fields]) -> PMChecklist:
        """Items are made one by one, with what a new item cannot have in a second request each.

        Raises:
            ValidationError: no such task.
        """
        task = fields["task_id"]
        try:
            made = part(await self._api.post(f"task/{task}/checklist", {"name": fields["name"]}), "checklist")
        except NotFoundError as error:
            raise ValidationError(fields={"task_id": f"there is no task {task!r:.80}"}) from error
        one = identifier(made, "checklist")
        if fields.get("position") is not None:
            await self._api.put(f"checklist/{one}", {"position": fields["position"]})
        stored = await self._stored_list(one, task)
        known = _FILLED.set({one: []})
        try:
            return await self._fill_checklist(stored, items) if items else stored
        finally:
            _FILLED.reset(known)

    async def _update_checklist(self, checklist_id: str, fields: Fields, task_id: str | None) -> PMChecklist:
        await self._stored_list(checklist_id, task_id)
        body = {name: fields[name] for name in ("name", "position") if name in fields}
        await self._api.put(f"checklist/{checklist_id}", body)
        return await self._stored_list(checklist_id, task_id)

    async def _delete_checklist(self, checklist_id: str, task_id: str | None) -> bool:
        """Where the task is given, it tells after a lost answer whether the checklist is gone."""
        if not is_list_id(checklist_id):
            return False
        try:
            return await self._api.delete(f"checklist/{checklist_id}")
        except PMError as error:
            if not error.maybe_applied or not task_id or await self._is_there(checklist_id, task_id):
                raise
            return True

    async def _is_there(self, checklist_id: str, task_id: str) -> bool:
        try:
            return await self._stored_list(checklist_id, task_id) is not None
        except NotFoundError:
            return False

    # items

    async def _create_checklist_item(self, fields: Fields, task_id: str | None) -> PMChecklistItem:
        """The answer is the whole checklist, and does not say which item is new: those before are read.

        Raises:
            ValidationError: no task is given; no such checklist; no such item to stand below.
        """
        one = fields["checklist_id"]
        async with self._locks.hold(f"checklist {one}"):
            before = _FILLED.get({}).get(one)
            if before is None:
                before = (await self._list_of_item(one, task_id)).items
            _check_parent(fields.get("parent_id"), None, before)
            body: dict[str, Any] = {"name": fields["title"]}
            if fields.get("assignee_id"):
                body["assignee"] = int(fields["assignee_id"])
            answer = await self._api.post(f"checklist/{one}/checklist_item", body)
            items = self._items(answer)
            made = _new_item(items, before, fields["title"])
            _FILLED.get({})[one] = items
            later = {name: fields[name] for name in ("is_done", "parent_id") if fields.get(name)}
            return await self._write_item(one, made.id, later) if later else made

    async def _list_of_item(self, checklist_id: str, task_id: str | None) -> PMChecklist:
        try:
            return await self._stored_list(checklist_id, task_id)
        except NotFoundError as error:
            raise ValidationError(fields={"checklist_id": error.message}) from None

    def _items(self, answer: Mapping[str, Any]) -> list[PMChecklistItem]:
        """Items of the checklist that a write answers."""
        return items_of(part(answer, "checklist"), keep_raw=self._options.keep_raw)

    async def _write_item(self, checklist_id: str, item_id: str, fields: Fields) -> PMChecklistItem:
        """A person is written as a text here, and as a number in a new item ([spec] both)."""
        body: dict[str, Any] = {}
        for ours, theirs in _NAMES.items():
            if ours in fields:
                body[theirs] = fields[ours]
        answer = await self._api.put(f"checklist/{checklist_id}/checklist_item/{item_id}", body)
        found = item_of(self._items(answer), item_id)
        if found is None:
            raise ProviderError(f"the system took item {item_id}, and does not show it")
        return found

    async def _update_checklist_item(
        self, item_id: str, fields: Fields, checklist_id: str | None, task_id: str | None
    ) -> PMChecklistItem:
        """With its checklist alone an item is found, but not put below another one.

        Raises:
            ValidationError: what is needed is not given; no such item to stand below, or one below it.
            NotFoundError: no such item.
        """
        if task_id:
            owner = await self._owner_of(item_id, checklist_id, task_id)
            if owner is None:
                raise _missing(item_id)
            _check_parent(fields.get("parent_id"), item_id, owner.items)
            return await self._write_item(owner.id, item_id, fields)
        if not checklist_id:
            raise ValidationError(fields={"checklist_id": "is needed, or the task: items have no address"})
        if fields.get("parent_id"):
            raise ValidationError(fields={"task_id": _NEEDED})
        if not is_list_id(checklist_id) or not is_list_id(item_id):
            raise _missing(item_id)
        return await self._write_item(checklist_id, item_id, fields)

    async def _owner_of(self, item_id: str, checklist_id: str | None, task_id: str) -> PMChecklist | None:
        """The checklist of a task that an item stands in; `None` where there is none."""
        try:
            known = await self._checklists(task_id)
        except NotFoundError:
            return None
        for one in known:
            if checklist_id in (None, one.id) and item_of(one.items, item_id) is not None:
                return one
        return None

    async def _delete_checklist_item(
        self, item_id: str, checklist_id: str | None, task_id: str | None
    ) -> bool:
        """Those below it go with it; where the task is given, what stayed is deleted after it.

        Raises:
            ValidationError: neither checklist nor task is given.
        """
        if not task_id:
            if not checklist_id:
                raise ValidationError(
                    fields={"checklist_id": "is needed, or the task: items have no address"}
                )
            return await self._drop_item(checklist_id, item_id)
        owner = await self._owner_of(item_id, checklist_id, task_id)
        if owner is None:
            return False
        below = _below(item_id, owner.items)
        await self._drop_stored(owner, item_id, task_id)
        left = {one.id for one in await self._left(owner, task_id)} if below else set()
        for one in reversed(below):
            if one in left:
                await self._drop_item(owner.id, one)
        return True

    async def _drop_stored(self, owner: PMChecklist, item_id: str, task_id: str) -> None:
        """Delete an item that was there; after a lost answer the task tells whether it is gone."""
        try:
            await self._drop_item(owner.id, item_id)
        except PMError as error:
            if not error.maybe_applied or item_of(await self._left(owner, task_id), item_id) is not None:
                raise

    async def _left(self, owner: PMChecklist, task_id: str) -> list[PMChecklistItem]:
        return next((one.items for one in await self._checklists(task_id) if one.id == owner.id), [])

    async def _drop_item(self, checklist_id: str, item_id: str) -> bool:
        if not is_list_id(checklist_id) or not is_list_id(item_id):
            return False
        try:
            return await self._api.delete(f"checklist/{checklist_id}/checklist_item/{item_id}")
        except ValidationError:
            return False  # nothing but the two ids was sent: one of them is unknown


_NAMES: Mapping[str, str] = {
    "title": "name",
    "is_done": "resolved",
    "assignee_id": "assignee",
    "parent_id": "parent",
}


def _missing(item_id: str) -> NotFoundError:
    return NotFoundError(f"there is no checklist item {item_id!r:.80}")


def _below(item_id: str, items: list[PMChecklistItem]) -> list[str]:
    """Ids of the items below one, each after the one above it."""
    found: dict[str, None] = {}
    for one in items:
        if one.parent_id is not None and (one.parent_id == item_id or one.parent_id in found):
            found[one.id] = None
    return list(found)


def _check_parent(parent: str | None, item_id: str | None, items: list[PMChecklistItem]) -> None:
    """Refuse what an item cannot stand below: a circle would take the items out of sight.

    Raises:
        ValidationError: names the reason.
    """
    if parent is None:
        return
    if item_of(items, parent) is None:
        why = f"there is no item {parent!r:.80} in the checklist"
    elif item_id is not None and parent in (item_id, *_below(item_id, items)):
        why = "an item cannot stand below itself, nor below one that stands below it"
    else:
        return
    raise ValidationError(fields={"parent_id": why})


def _new_item(items: list[PMChecklistItem], before: list[PMChecklistItem], title: str) -> PMChecklistItem:
    """The item that was not there before; of several, the last one of the title.

    Raises:
        ProviderError: there is none.
    """
    known = {one.id for one in before}
    new = [one for one in items if one.id not in known]
    named = [one for one in new if one.title == title] or new
    if not named:
        raise ProviderError("the system took the item, and does not show it")
    return named[-1]
