"""Calls on what stands around tasks handed on to the systems that hold them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from datetime import date
from typing import Any, TypeVar, cast

from pm_providers.contract import BasePMProvider, Fields, ListQuery
from pm_providers.model import (
    Entity,
    PMAttachment,
    PMChecklist,
    PMChecklistItem,
    PMComment,
    PMField,
    PMLabel,
    PMMembership,
    PMPriority,
    PMRelation,
    PMStatus,
    PMTaskType,
    PMTimeEntry,
    PMTransition,
    PMUser,
    Priority,
)
from pm_providers.service.modes.forwarding import Forwarding
from pm_providers.service.modes.routes import Route, own_fields, own_id

__all__ = ["DiscoveryForwarding", "PartForwarding"]

T = TypeVar("T")
_PRIORITIES = {one.value: place for place, one in enumerate(Priority)}


class PartForwarding(Forwarding):
    """Hooks of comments, labels, relations, attachments, time entries, checklists, members, watchers."""

    def _on_task(self, entity: Entity, query: ListQuery) -> AsyncIterator[Any]:
        """A list of what stands on a task."""
        routes, own = self._narrowed(task_id=query.task_id)
        return self._each(
            routes[:1],
            lambda one: getattr(one, f"iter_{entity.plural}")(
                own["task_id"], limit=query.limit, window=query.window
            ),
        )

    # comments

    def _iter_comments(self, query: ListQuery) -> AsyncIterator[PMComment]:
        return self._on_task(Entity.COMMENT, query)

    async def _create_comment(self, fields: Fields) -> PMComment:
        return cast("PMComment", await self._made(Entity.COMMENT, fields))

    async def _update_comment(self, comment_id: str, fields: Fields, task_id: str | None) -> PMComment:
        return cast("PMComment", await self._changed(Entity.COMMENT, comment_id, fields, task_id=task_id))

    async def _delete_comment(self, comment_id: str, task_id: str | None) -> bool:
        return await self._dropped(Entity.COMMENT, comment_id, task_id=task_id)

    # labels

    def _iter_labels(self, query: ListQuery) -> AsyncIterator[PMLabel]:
        routes, own = self._narrowed(project_id=query.project_id)
        return self._each(
            routes,
            lambda one: one.iter_labels(own.get("project_id"), limit=query.limit, window=query.window),
        )

    async def _create_label(self, fields: Fields) -> PMLabel:
        return cast("PMLabel", await self._made(Entity.LABEL, fields))

    async def _update_label(self, label_id: str, fields: Fields, project_id: str | None) -> PMLabel:
        return cast("PMLabel", await self._changed(Entity.LABEL, label_id, fields, project_id=project_id))

    async def _delete_label(self, label_id: str, project_id: str | None) -> bool:
        return await self._dropped(Entity.LABEL, label_id, project_id=project_id)

    # relations

    def _iter_relations(self, query: ListQuery) -> AsyncIterator[PMRelation]:
        return self._on_task(Entity.RELATION, query)

    async def _create_relation(self, fields: Fields) -> PMRelation:
        return cast("PMRelation", await self._made(Entity.RELATION, fields))

    async def _update_relation(self, relation_id: str, fields: Fields, task_id: str | None) -> PMRelation:
        return cast("PMRelation", await self._changed(Entity.RELATION, relation_id, fields, task_id=task_id))

    async def _delete_relation(self, relation_id: str, task_id: str | None) -> bool:
        return await self._dropped(Entity.RELATION, relation_id, task_id=task_id)

    # attachments

    def _iter_attachments(self, query: ListQuery) -> AsyncIterator[PMAttachment]:
        return self._on_task(Entity.ATTACHMENT, query)

    async def _create_attachment(self, fields: Fields, content: bytes) -> PMAttachment:
        return cast("PMAttachment", await self._made(Entity.ATTACHMENT, fields, content))

    async def _update_attachment(
        self, attachment_id: str, fields: Fields, task_id: str | None
    ) -> PMAttachment:
        changed = await self._changed(Entity.ATTACHMENT, attachment_id, fields, task_id=task_id)
        return cast("PMAttachment", changed)

    async def _delete_attachment(self, attachment_id: str, task_id: str | None) -> bool:
        return await self._dropped(Entity.ATTACHMENT, attachment_id, task_id=task_id)

    async def _download_attachment(self, attachment_id: str, task_id: str | None) -> bytes:
        route, own = self._book.find(attachment_id)
        owners = self._owners(route, {"task_id": task_id})
        return await self._ask(route, lambda one: one.download_attachment(own, **owners))

    # time entries

    async def _iter_time_entries(self, query: ListQuery) -> AsyncIterator[PMTimeEntry]:
        routes, own = self._narrowed(task_id=query.task_id, project_id=query.project_id)

        def source(one: BasePMProvider) -> Any:
            return one.iter_time_entries(
                own.get("task_id"),
                project_id=own.get("project_id"),
                limit=query.limit,
                window=query.window,
            )

        async with AsyncExitStack() as stack:
            streams = [
                await stack.enter_async_context(aclosing(self._flow(route, source))) for route in routes
            ]
            async for entry in _by_day(streams):
                yield entry

    async def _create_time_entry(self, fields: Fields) -> PMTimeEntry:
        return cast("PMTimeEntry", await self._made(Entity.TIME_ENTRY, fields))

    async def _update_time_entry(self, entry_id: str, fields: Fields, task_id: str | None) -> PMTimeEntry:
        return cast("PMTimeEntry", await self._changed(Entity.TIME_ENTRY, entry_id, fields, task_id=task_id))

    async def _delete_time_entry(self, entry_id: str, task_id: str | None) -> bool:
        return await self._dropped(Entity.TIME_ENTRY, entry_id, task_id=task_id)

    # checklists

    def _iter_checklists(self, query: ListQuery) -> AsyncIterator[PMChecklist]:
        return self._on_task(Entity.CHECKLIST, query)

    async def _create_with_items(self, fields: Fields, items: list[Fields]) -> PMChecklist:
        # Warnings and errors name items by their places, so they go on as they were given.
        return await self._create_checklist({**fields, "items": []}, items)

    async def _create_checklist(self, fields: Fields, items: list[Fields]) -> PMChecklist:
        route = self._book.find(fields["task_id"])[0]
        drafts = [self._item(route, place, item) for place, item in enumerate(items)]
        return cast("PMChecklist", await self._made(Entity.CHECKLIST, {**fields, "items": drafts}))

    def _item(self, route: Route, place: int, item: Fields) -> PMChecklistItem:
        values = {name: value for name, value in item.items() if name != "parent_index"}
        above = item.get("parent_index")
        own = own_fields(self._book, route, Entity.CHECKLIST_ITEM, values)
        return PMChecklistItem(id=str(place), parent_id=None if above is None else str(above), **own)

    async def _update_checklist(self, checklist_id: str, fields: Fields, task_id: str | None) -> PMChecklist:
        changed = await self._changed(Entity.CHECKLIST, checklist_id, fields, task_id=task_id)
        return cast("PMChecklist", changed)

    async def _delete_checklist(self, checklist_id: str, task_id: str | None) -> bool:
        return await self._dropped(Entity.CHECKLIST, checklist_id, task_id=task_id)

    async def _create_checklist_item(self, fields: Fields, task_id: str | None) -> PMChecklistItem:
        return cast("PMChecklistItem", await self._made(Entity.CHECKLIST_ITEM, fields, task_id=task_id))

    async def _update_checklist_item(
        self, item_id: str, fields: Fields, checklist_id: str | None, task_id: str | None
    ) -> PMChecklistItem:
        changed = await self._changed(
            Entity.CHECKLIST_ITEM, item_id, fields, checklist_id=checklist_id, task_id=task_id
        )
        return cast("PMChecklistItem", changed)

    async def _delete_checklist_item(
        self, item_id: str, checklist_id: str | None, task_id: str | None
    ) -> bool:
        return await self._dropped(Entity.CHECKLIST_ITEM, item_id, checklist_id=checklist_id, task_id=task_id)

    # members and watchers

    def _iter_memberships(self, query: ListQuery) -> AsyncIterator[PMMembership]:
        routes, own = self._narrowed(project_id=query.project_id)
        return self._each(
            routes[:1],
            lambda one: one.iter_memberships(own["project_id"], limit=query.limit, window=query.window),
        )

    async def _create_membership(self, fields: Fields) -> PMMembership:
        return cast("PMMembership", await self._made(Entity.MEMBERSHIP, fields))

    async def _update_membership(
        self, membership_id: str, fields: Fields, project_id: str | None
    ) -> PMMembership:
        changed = await self._changed(Entity.MEMBERSHIP, membership_id, fields, project_id=project_id)
        return cast("PMMembership", changed)

    async def _delete_membership(self, membership_id: str, project_id: str | None) -> bool:
        return await self._dropped(Entity.MEMBERSHIP, membership_id, project_id=project_id)

    async def _list_watchers(self, task_id: str) -> list[PMUser]:
        route, own = self._book.find(task_id)
        found = await self._ask(route, lambda one: one.list_watchers(own))
        return [route.outward(user) for user in found]

    async def _add_watcher(self, task_id: str, user_id: str) -> bool:
        route, own = self._book.find(task_id)
        user = own_id(self._book, route, "user_id", user_id)
        return await self._tell(route, lambda one: one.add_watcher(own, user))

    async def _remove_watcher(self, task_id: str, user_id: str) -> bool:
        route, own = self._book.find(task_id)
        user = own_id(self._book, route, "user_id", user_id)
        return await self._tell(route, lambda one: one.remove_watcher(own, user))


class DiscoveryForwarding(Forwarding):
    """Hooks of what systems offer to choose from: of one project, or of all systems, equal names once."""

    async def _list_statuses(self, project_id: str | None) -> list[PMStatus]:
        found = await self._all(project_id, lambda one, own: one.list_statuses(own))
        return _once(found, lambda status: (status.name.casefold(), status.status))

    async def _list_priorities(self) -> list[PMPriority]:
        found = await self._all(None, lambda one, _: one.list_priorities())
        if len(self._book.routes) > 1:
            found.sort(key=lambda priority: _PRIORITIES.get(priority.priority, len(_PRIORITIES)))
        return _once(found, lambda priority: (priority.name.casefold(), priority.priority))

    async def _list_types(self, project_id: str | None) -> list[PMTaskType]:
        found = await self._all(project_id, lambda one, own: one.list_types(own))
        return _once(found, lambda kind: kind.name.casefold())

    async def _list_transitions(self, task_id: str) -> list[PMTransition]:
        route, own = self._book.find(task_id)
        return await self._ask(route, lambda one: one.list_transitions(own))

    async def _list_fields(self, project_id: str | None) -> list[PMField]:
        found = await self._all(project_id, lambda one, own: one.list_fields(own))
        if project_id is None and len(self._book.routes) > 1:
            found.sort(key=lambda field: (field.is_custom, field.name.casefold() if field.is_custom else ""))
        return _once(found, lambda field: (field.entity, field.is_custom, field.name.casefold(), field.type))

    async def _all(
        self, project_id: str | None, read: Callable[[BasePMProvider, str | None], Any]
    ) -> list[Any]:
        routes, own = self._narrowed(project_id=project_id)
        found: list[Any] = []
        for route in routes:
            found += await self._ask(route, lambda one: read(one, own.get("project_id")))
        return found


def _once(found: Sequence[T], key: Callable[[T], Any]) -> list[T]:
    """The first of those that say the same."""
    known: dict[Any, T] = {}
    for one in found:
        known.setdefault(key(one), one)
    return list(known.values())


async def _by_day(streams: Sequence[Any]) -> AsyncIterator[PMTimeEntry]:
    """Entries of streams that each are in order, oldest day first."""
    heads: list[tuple[PMTimeEntry, Any]] = []
    for stream in streams:
        async for entry in stream:
            heads.append((entry, stream))
            break
    while heads:
        place = min(range(len(heads)), key=lambda one: heads[one][0].spent_on or date.min)
        entry, stream = heads[place]
        yield entry
        following = await anext(stream, None)
        if following is None:
            del heads[place]
        else:
            heads[place] = (following, stream)
