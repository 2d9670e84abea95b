"""Checklists and their items.

An answer to a write tells a raw number for a place, so the checklist is read anew after it. Assignee and due
date of an item need a paid plan; without one they are taken, and forgotten without a word ([obs]
py-trello#334): the write warns.

Checklists go with their card when it is deleted for good. An archived card is still a task, and keeps its
checklists, as it keeps its comments and attachments: whoever reads it as archived reads them, too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import NotFoundError, PMError, ValidationError
from pm_providers.model import PMChecklist, PMChecklistItem, WriteWarning
from pm_providers.providers.trello.connection import Connection
from pm_providers.providers.trello.mapping.checklists import (
    card_of,
    from_item,
    in_order,
    items_of,
    new_pos,
    to_checklist,
    to_item,
)
from pm_providers.providers.trello.mapping.values import is_id, is_object
from pm_providers.toolkit.documents import broken, identifier, optional_text
from pm_providers.toolkit.writes import refuse_clearing

__all__ = ["Checklists"]

_WITH_ITEMS: Mapping[str, str] = {
    "checkItems": "all",
    "checkItem_fields": "name,nameData,pos,state,due,dueReminder,idMember",
}
_PAID = ("assignee_id", "due_date")
_UNPAID = "the board's plan has none of it: the system takes it and forgets it"
_PLACE = "place"  # in items of a new checklist: where they come to stand

Document = Mapping[str, Any]


class Checklists(Connection):
    """Checklists of cards. Items are changed through their card, which their checklist tells."""

    # checklists

    async def _iter_checklists(self, query: ListQuery) -> AsyncIterator[PMChecklist]:
        for place, one in enumerate(await self._checklists_of(query.task_id or "")):
            yield self._to_checklist(one, place)

    async def _checklists_of(self, task: str) -> list[Document]:
        """Checklists of a card with their items, in order.

        Raises:
            NotFoundError: no such task.
        """
        if not is_object(task):
            raise NotFoundError(f"there is no task {task!r:.80}")
        return in_order(await self._api.all(f"cards/{task}/checklists", _WITH_ITEMS))

    def _to_checklist(self, document: Document, place: int | None) -> PMChecklist:
        return to_checklist(document, place, self._rules.timezone, keep_raw=self._options.keep_raw)

    async def _create_checklist(self, fields: Fields, items: list[Fields]) -> PMChecklist:
        """One request for the checklist, one for each item; none is repeated. Read anew in the end.

        Raises:
            ValidationError: no such task.
        """
        task, place = fields["task_id"], fields.get("position")
        async with self._locks.hold(("checklists", task)):
            pos: str | float = "bottom"
            try:
                if place is not None:
                    pos = new_pos(await self._checklists_of(task), place)
                made = await self._api.post(
                    "checklists", {"idCard": task, "name": fields["name"], "pos": pos}
                )
            except NotFoundError as error:
                raise ValidationError(fields={"task_id": f"there is no task {task!r:.80}"}) from error
        numbered = [{**item, _PLACE: number} for number, item in enumerate(items)]
        filled = await self._fill_checklist(self._to_checklist(made, None), numbered)
        return _noted_items(await self._as_stored(filled), items)

    async def _as_stored(self, made: PMChecklist) -> PMChecklist:
        """A new checklist as it is read: with its place, and without what the plan does not hold.

        It is there: an error would make callers create it again. Then it is what the answers told.
        """
        try:
            return await self._read_checklist(made.id, made.task_id)
        except PMError:
            return made

    async def _read_checklist(self, checklist_id: str, task: str) -> PMChecklist:
        for place, one in enumerate(await self._checklists_of(task)):
            if identifier(one, "checklist") == checklist_id.lower():
                return self._to_checklist(one, place)
        raise NotFoundError(f"there is no checklist {checklist_id!r:.80}")

    async def _update_checklist(self, checklist_id: str, fields: Fields, task_id: str | None) -> PMChecklist:
        refuse_clearing(fields, ("name",))
        stored = await self._checklist(checklist_id)
        task = card_of(stored)
        body: dict[str, Any] = {"name": fields["name"]} if "name" in fields else {}
        async with self._locks.hold(("checklists", task)):
            if "position" in fields:
                body["pos"] = new_pos(
                    _others(await self._checklists_of(task), checklist_id), fields["position"]
                )
            await self._api.put(f"checklists/{checklist_id}", body)
            return await self._read_checklist(checklist_id, task)

    async def _checklist(self, checklist_id: str) -> dict[str, Any]:
        """A checklist with its items.

        Raises:
            NotFoundError: there is none, or it may not be seen.
        """
        found = (
            await self._api.find(f"checklists/{checklist_id}", _WITH_ITEMS) if is_id(checklist_id) else None
        )
        if found is None:
            raise NotFoundError(f"there is no checklist {checklist_id!r:.80}")
        return found

    async def _delete_checklist(self, checklist_id: str, task_id: str | None) -> bool:
        return await self._api.delete(f"checklists/{checklist_id}") if is_id(checklist_id) else False

    # items

    async def _create_checklist_item(self, fields: Fields, task_id: str | None) -> PMChecklistItem:
        """Not repeated when its answer got lost.

        Raises:
            NotFoundError: no such checklist.
            ValidationError: somebody who cannot be assigned to an item.
        """
        checklist = fields["checklist_id"]
        if not is_id(checklist):
            raise NotFoundError(f"there is no checklist {checklist!r:.80}")
        body = {**from_item(fields, self._rules.timezone, is_new=True), "pos": "bottom"}
        async with self._locks.hold(("items", checklist)):
            if fields.get("position") is not None:
                body["pos"] = new_pos(items_of(await self._checklist(checklist)), fields["position"])
            made = await self._item_written("POST", f"checklists/{checklist}/checkItems", body)
        if _PLACE in fields:
            return self._to_item(made, checklist, fields[_PLACE])
        try:
            return _noted(await self._read_item(identifier(made, "check item"), checklist), fields)
        except PMError:  # it is there: an error would make callers create it again
            return _noted(self._to_item(made, checklist, None), fields)

    async def _update_checklist_item(
        self, item_id: str, fields: Fields, checklist_id: str | None, task_id: str | None
    ) -> PMChecklistItem:
        """Through the card; where that is not given, the checklist tells it.

        Raises:
            NotFoundError: no such item.
            ValidationError: neither is given, or somebody who cannot be assigned to an item.
        """
        refuse_clearing(fields, ("title",))
        card = await self._card_of_item(item_id, checklist_id, task_id)
        body = from_item(fields, self._rules.timezone, is_new=False)
        async with self._locks.hold(("items of", card)):
            if "position" in fields:
                body["pos"] = await self._item_pos(card, item_id, fields["position"])
            answer = await self._item_written("PUT", f"cards/{card}/checkItem/{item_id}", body)
            checklist = optional_text(answer, "idChecklist") or checklist_id
            if checklist is None:
                raise broken("an item of no checklist")
            return _noted(await self._read_item(item_id, checklist), fields)

    async def _delete_checklist_item(
        self, item_id: str, checklist_id: str | None, task_id: str | None
    ) -> bool:
        if task_id is None and checklist_id is None:
            raise _no_owner()
        path = (
            f"cards/{task_id}/checkItem/{item_id}"
            if task_id is not None
            else f"checklists/{checklist_id}/checkItems/{item_id}"
        )
        owner = is_object(task_id) if task_id is not None else is_id(checklist_id or "")
        return await self._api.delete(path) if is_id(item_id) and owner else False

    async def _card_of_item(self, item_id: str, checklist_id: str | None, task_id: str | None) -> str:
        if task_id is None and checklist_id is None:
            raise _no_owner()
        if not is_id(item_id) or (task_id is not None and not is_object(task_id)):
            raise NotFoundError(f"there is no checklist item {item_id!r:.80}")
        if task_id is not None:
            return task_id
        return card_of(await self._checklist(checklist_id or ""))

    async def _item_pos(self, card: str, item_id: str, place: int) -> str | float:
        for checklist in await self._checklists_of(card):
            items = items_of(checklist)
            others = _others(items, item_id)
            if len(others) < len(items):
                return new_pos(others, place)
        raise NotFoundError(f"there is no checklist item {item_id!r:.80}")

    async def _item_written(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Write an item; refusals name its fields, not those of a task.

        Raises:
            ValidationError: a value is not allowed.
        """
        try:
            answer = await self._api.call(method, path, json=body, safe=method == "PUT")
        except ValidationError as error:
            renamed = {"assignee_ids": "assignee_id", "status": "is_done"}
            error.fields = {renamed.get(name, name): why for name, why in error.fields.items()}
            raise
        return answer.json_object()

    async def _read_item(self, item_id: str, checklist_id: str) -> PMChecklistItem:
        for place, one in enumerate(items_of(await self._checklist(checklist_id))):
            if identifier(one, "check item") == item_id.lower():
                return self._to_item(one, checklist_id.lower(), place)
        raise NotFoundError(f"there is no checklist item {item_id!r:.80}")

    def _to_item(self, document: Document, checklist: str, place: int | None) -> PMChecklistItem:
        return to_item(document, checklist, place, self._rules.timezone, keep_raw=self._options.keep_raw)


def _others(documents: Sequence[Document], own: str) -> list[Document]:
    return [one for one in documents if str(one.get("id")).lower() != own.lower()]


def _no_owner() -> ValidationError:
    return ValidationError(
        fields={"task_id": "is needed, or checklist_id: items are found through their card"}
    )


def _noted(item: PMChecklistItem, asked: Fields) -> PMChecklistItem:
    """The item with warnings for what the plan of its board does not hold."""
    found = tuple(
        WriteWarning(name, asked[name], getattr(item, name), _UNPAID)
        for name in _PAID
        if asked.get(name) is not None and getattr(item, name) is None
    )
    return replace(item, warnings=(*item.warnings, *found)) if found else item


def _noted_items(checklist: PMChecklist, items: Sequence[Fields]) -> PMChecklist:
    if len(items) != len(checklist.items):
        return checklist
    noted = [_noted(item, asked) for item, asked in zip(checklist.items, items, strict=True)]
    return replace(checklist, items=noted)
