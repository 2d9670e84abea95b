"""The example provider with members, watchers and checklists in memory: the faults of `broken_providers.py` need them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pm_plainfiles import PlainFilesProvider

from pm_providers import Entity, PMChecklist, PMChecklistItem, PMMembership, PMProviderConfig, PMUser
from pm_providers.contract import NATIVE
from pm_providers.errors import ConflictError, NotFoundError, ValidationError

__all__ = ["PEOPLE", "ROLES", "Crew", "Lister"]

_CREWS: dict[str, Any] = {}
PEOPLE = ("ada", "bob", "cyd", "dan", "eve", "fay", "gus", "hal")
ROLES = {"boss": "Boss", "hand": "Hand"}
_CREW_OPERATIONS = (
    "list_memberships create_membership update_membership delete_membership "
    "list_watchers add_watcher remove_watcher"
)


class Crew(PlainFilesProvider):
    """Has no fault: members and watchers in memory, for all clients of one folder."""

    CAPABILITIES = PlainFilesProvider.CAPABILITIES.narrowed(
        operations=dict.fromkeys(_CREW_OPERATIONS.split(), NATIVE),
        fields={(Entity.MEMBERSHIP, name): NATIVE for name in ("project_id", "user_id", "roles")},
    )

    def __init__(self, config: PMProviderConfig) -> None:
        super().__init__(config)
        self.members, self.watching = _CREWS.setdefault(config.option("folder"), ({}, {}))

    async def _iter_users(self, query: Any) -> Any:
        async for user in super()._iter_users(query):
            yield user
        for name in PEOPLE:
            yield PMUser(id=name, name=name, username=name)

    async def _get_user(self, user_id: str) -> PMUser | None:
        found = await super()._get_user(user_id)
        return PMUser(id=user_id, name=user_id, username=user_id) if user_id in PEOPLE else found

    async def _iter_memberships(self, query: Any) -> Any:
        await self._project(query.project_id)
        for one in list(self.members.values()):
            if one.project_id == query.project_id:
                yield replace(one)

    async def _create_membership(self, fields: Any) -> PMMembership:
        self._name_roles(fields)
        if await self._get_user(fields["user_id"]) is None:
            raise ValidationError(fields={"user_id": "there is no such user"})
        async for one in self._iter_memberships(PMMembership(project_id=fields["project_id"])):
            if one.user_id == fields["user_id"]:
                raise ConflictError("is a member already")
        made = PMMembership(id=f"m{len(self.members) + 1}", **fields)
        self.members[made.id] = made
        return replace(made)

    async def _update_membership(self, membership_id: str, fields: Any, project_id: Any) -> PMMembership:
        if membership_id not in self.members:
            raise NotFoundError("no such membership")
        self._name_roles(fields)
        self.members[membership_id] = replace(self.members[membership_id], roles=list(fields["roles"]))
        return replace(self.members[membership_id])

    async def _delete_membership(self, membership_id: str, project_id: Any) -> bool:
        return self.members.pop(membership_id, None) is not None

    def _name_roles(self, fields: Any) -> None:
        unknown = [one for one in fields["roles"] if one.casefold() not in ROLES]
        if unknown:
            text = f"{unknown[0]!r} is unknown; there is: {', '.join(ROLES.values())}"
            raise ValidationError(fields={"roles": text})
        fields["roles"] = list(dict.fromkeys(ROLES[one.casefold()] for one in fields["roles"]))

    async def _list_watchers(self, task_id: str) -> list[PMUser]:
        await self._task(task_id)
        return [PMUser(id=one, name=one) for one in self.watching.get(task_id, ())]

    async def _add_watcher(self, task_id: str, user_id: str) -> bool:
        watching = [one.id for one in await self._list_watchers(task_id)]
        if await self._get_user(user_id) is None:
            raise ValidationError(fields={"user_id": "there is no such user"})
        self.watching[task_id] = list(dict.fromkeys([*watching, user_id]))
        return user_id not in watching

    async def _remove_watcher(self, task_id: str, user_id: str) -> bool:
        watching = [one.id for one in await self._list_watchers(task_id)]
        self.watching[task_id] = [one for one in watching if one != user_id]
        return user_id in watching


_PILES: dict[Any, Any] = {}
_LIST_OPERATIONS = (
    "list_checklists create_checklist update_checklist delete_checklist "
    "create_checklist_item update_checklist_item delete_checklist_item"
)


class Lister(PlainFilesProvider):
    """Has no fault: plain checklists in memory, for all clients of one folder."""

    CAPABILITIES = PlainFilesProvider.CAPABILITIES.narrowed(
        operations=dict.fromkeys(_LIST_OPERATIONS.split(), NATIVE),
        fields={
            **{(Entity.CHECKLIST, name): NATIVE for name in ("name", "task_id", "items")},
            **{(Entity.CHECKLIST_ITEM, name): NATIVE for name in ("title", "checklist_id", "is_done")},
        },
    )

    def __init__(self, config: PMProviderConfig) -> None:
        super().__init__(config)
        self.lists, self.items = _PILES.setdefault(config.option("folder"), ({}, {}))

    async def _iter_checklists(self, query: Any) -> Any:
        await self._task(query.task_id)
        for one in list(self.lists.values()):
            if one.task_id == query.task_id:
                yield self._whole(one)

    def _whole(self, one: PMChecklist) -> PMChecklist:
        return replace(one, items=[replace(x) for x in self.items.values() if x.checklist_id == one.id])

    async def _create_checklist(self, fields: Any, items: Any) -> PMChecklist:
        await self._task(fields["task_id"])
        made = self.lists[f"l{len(self.lists)}"] = PMChecklist(id=f"l{len(self.lists)}", **fields)
        return await self._fill_checklist(made, items)

    async def _update_checklist(self, checklist_id: str, fields: Any, task_id: Any) -> PMChecklist:
        if checklist_id not in self.lists:
            raise NotFoundError("no such checklist")
        self.lists[checklist_id] = replace(self.lists[checklist_id], **fields)
        return self._whole(self.lists[checklist_id])

    async def _delete_checklist(self, checklist_id: str, task_id: Any) -> bool:
        for one in [x.id for x in self.items.values() if x.checklist_id == checklist_id]:
            del self.items[one]
        return self.lists.pop(checklist_id, None) is not None

    async def _delete_task(self, task_id: str) -> bool:
        for one in [x.id for x in self.lists.values() if x.task_id == task_id]:
            await self._delete_checklist(one, task_id)
        return await super()._delete_task(task_id)

    async def _create_checklist_item(self, fields: Any, task_id: Any) -> PMChecklistItem:
        if fields["checklist_id"] not in self.lists:
            raise ValidationError(fields={"checklist_id": "there is no such checklist"})
        made = PMChecklistItem(id=f"{fields['checklist_id']}-{len(self.items)}", **fields)
        self.items[made.id] = made
        return replace(made)

    async def _update_checklist_item(
        self, item_id: str, fields: Any, checklist_id: Any, task_id: Any
    ) -> PMChecklistItem:
        if item_id not in self.items:
            raise NotFoundError("no such item")
        self.items[item_id] = replace(self.items[item_id], **fields)
        return replace(self.items[item_id])

    async def _delete_checklist_item(self, item_id: str, checklist_id: Any, task_id: Any) -> bool:
        return self.items.pop(item_id, None) is not None
