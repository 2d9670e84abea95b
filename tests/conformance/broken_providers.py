"""Providers with one fault each, and the tests of the suite that must find it.

Run by `test_suite_catches.py` in a process where the example provider is installed; it copies this file, hence
one file for all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from pm_plainfiles import PlainFilesProvider

from pm_providers import (
    Entity,
    PMChecklist,
    PMChecklistItem,
    PMMembership,
    PMProviderConfig,
    PMTask,
    PMUser,
)
from pm_providers.contract import NATIVE, mapped, unsupported
from pm_providers.errors import ConflictError, NotFoundError, ValidationError
from pm_providers.testing import ConformanceSuite, Gap, GapKind, ProviderHarness

GOOD = PlainFilesProvider.CAPABILITIES


class EchoesTheDraft(PlainFilesProvider):
    """Trims what it stores, and answers with what it was given."""

    async def _create_task(self, fields: Any) -> PMTask:
        stored = await super()._create_task({**fields, "title": fields["title"].strip()})
        return replace(stored, title=fields["title"])


class CapsItsPages(PlainFilesProvider):
    """Lists the first five tasks, silently."""

    async def _iter_tasks(self, query: Any) -> Any:
        count = 0
        async for task in super()._iter_tasks(query):
            count += 1
            if count <= 5:
                yield task


class HidesClosedTasks(PlainFilesProvider):
    """Lists open tasks only, as many systems do by default."""

    async def _iter_tasks(self, query: Any) -> Any:
        async for task in super()._iter_tasks(query):
            if query.status or task.status != "completed":
                yield task


class DeletesAnything(PlainFilesProvider):
    """Says that it deleted what never existed."""

    async def _delete_task(self, task_id: str) -> bool:
        await super()._delete_task(task_id)
        return True


class DropsDescriptions(PlainFilesProvider):
    """Ignores a field in updates."""

    async def _update_task(self, task_id: str, fields: Any, expected_version: str | None) -> PMTask:
        kept = {name: value for name, value in fields.items() if name != "description"}
        return await super()._update_task(task_id, kept, expected_version)


class WarnsOfEveryDescription(DropsDescriptions):
    """Never holds a field, which each write tells, and calls that a convention."""

    CAPABILITIES = GOOD.narrowed(fields={(Entity.TASK, "description"): mapped("somehow")})


class CannotClear(PlainFilesProvider):
    """Takes None for "unchanged"."""

    async def _update_task(self, task_id: str, fields: Any, expected_version: str | None) -> PMTask:
        kept = {name: value for name, value in fields.items() if value is not None}
        return await super()._update_task(task_id, kept, expected_version)


class RemembersTasks(PlainFilesProvider):
    """Answers from a cache that nobody clears."""

    def __init__(self, config: PMProviderConfig) -> None:
        super().__init__(config)
        self._seen: dict[str, PMTask | None] = {}

    async def _get_task(self, task_id: str) -> PMTask | None:
        if task_id not in self._seen:
            self._seen[task_id] = await super()._get_task(task_id)
        return self._seen[task_id]


class ListsNothingForUnknownProjects(PlainFilesProvider):
    """Takes a project that does not exist for an empty one."""

    async def _iter_tasks(self, query: Any) -> Any:
        try:
            async for task in super()._iter_tasks(query):
                yield task
        except NotFoundError:
            return


class ForgetsItsName(PlainFilesProvider):
    """Raises errors around the base, without provider and operation."""

    async def update_task(self, task_id: Any, updates: Any, *, expected_version: str | None = None) -> PMTask:
        if await self.get_task(task_id) is None:
            raise NotFoundError("no such task")
        return await super().update_task(task_id, updates, expected_version=expected_version)


class ChangesASignature(PlainFilesProvider):
    """Adds a parameter of its own to a public method."""

    async def get_task(self, task_id: str, expand: bool = False) -> PMTask | None:
        return await super().get_task(task_id)


class DeclaresTooMuch(PlainFilesProvider):
    """Declares an operation without a hook."""

    CAPABILITIES = GOOD.narrowed(operations={"list_priorities": NATIVE})


class DeclaresTooLittle(PlainFilesProvider):
    """Has a hook for an operation that it declares unsupported."""

    CAPABILITIES = GOOD.narrowed(operations={"search_tasks": unsupported("too hard")})


class FillsUndeclaredFields(PlainFilesProvider):
    """Fills a field that it declares unsupported."""

    CAPABILITIES = GOOD.narrowed(fields={(Entity.TASK, "created_at"): unsupported("none")})


class ShowsItsKey(PlainFilesProvider):
    """Puts the credential into an error."""

    def __init__(self, config: PMProviderConfig) -> None:
        super().__init__(replace(config, api_key="key-1234567890"))

    async def _update_task(self, task_id: str, fields: Any, expected_version: str | None) -> PMTask:
        if await self._get_task(task_id) is None:
            raise NotFoundError(f"GET /tasks/{task_id}?key={self.config.api_key} answered 404")
        return await super()._update_task(task_id, fields, expected_version)


class SwallowsBatchErrors(PlainFilesProvider):
    """Leaves out the items that failed."""

    async def _create_tasks(self, tasks: Any, progress: Any) -> Any:
        result = await super()._create_tasks(tasks, progress)
        return type(result)(tuple(outcome for outcome in result if outcome.ok))


class Sound(PlainFilesProvider):
    """Has no fault; its gaps do."""


_CREWS: dict[str, Any] = {}
_PEOPLE = ("ada", "bob", "cyd", "dan", "eve", "fay", "gus", "hal")
_ROLES = {"boss": "Boss", "hand": "Hand"}
_CREW_OPERATIONS = (
    "list_memberships create_membership update_membership delete_membership "
    "list_watchers add_watcher remove_watcher"
)


class Crew(PlainFilesProvider):
    """Has no fault: members and watchers in memory, for all clients of one folder."""

    CAPABILITIES = GOOD.narrowed(
        operations=dict.fromkeys(_CREW_OPERATIONS.split(), NATIVE),
        fields={(Entity.MEMBERSHIP, name): NATIVE for name in ("project_id", "user_id", "roles")},
    )

    def __init__(self, config: PMProviderConfig) -> None:
        super().__init__(config)
        self.members, self.watching = _CREWS.setdefault(config.option("folder"), ({}, {}))

    async def _iter_users(self, query: Any) -> Any:
        async for user in super()._iter_users(query):
            yield user
        for name in _PEOPLE:
            yield PMUser(id=name, name=name, username=name)

    async def _get_user(self, user_id: str) -> PMUser | None:
        found = await super()._get_user(user_id)
        return PMUser(id=user_id, name=user_id, username=user_id) if user_id in _PEOPLE else found

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
        unknown = [one for one in fields["roles"] if one.casefold() not in _ROLES]
        if unknown:
            text = f"{unknown[0]!r} is unknown; there is: {', '.join(_ROLES.values())}"
            raise ValidationError(fields={"roles": text})
        fields["roles"] = list(dict.fromkeys(_ROLES[one.casefold()] for one in fields["roles"]))

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


class AddsMembersTwice(Crew):
    """Makes a second membership of the same user."""

    async def _create_membership(self, fields: Any) -> PMMembership:
        self._name_roles(fields)
        made = PMMembership(id=f"m{len(self.members) + 1}", **fields)
        self.members[made.id] = made
        return replace(made)


class TakesAnyRole(Crew):
    """Leaves out roles that it does not know, without a word."""

    def _name_roles(self, fields: Any) -> None:
        fields["roles"] = [one for one in fields["roles"] if one.casefold() in _ROLES]
        super()._name_roles(fields)


class KeepsOldRoles(Crew):
    """Adds roles where they should be replaced."""

    async def _update_membership(self, membership_id: str, fields: Any, project_id: Any) -> PMMembership:
        before = self.members[membership_id].roles if membership_id in self.members else []
        return await super()._update_membership(
            membership_id, {"roles": [*before, *fields["roles"]]}, project_id
        )


class HasMembersOfNothing(Crew):
    """Takes a project that does not exist for one without members."""

    async def _iter_memberships(self, query: Any) -> Any:
        try:
            async for one in super()._iter_memberships(query):
                yield one
        except NotFoundError:
            return


class AlwaysAdds(Crew):
    """Says that it added who watched already."""

    async def _add_watcher(self, task_id: str, user_id: str) -> bool:
        await super()._add_watcher(task_id, user_id)
        return True


class WatchesForNobody(Crew):
    """Lets users watch who do not exist."""

    async def _get_user(self, user_id: str) -> PMUser | None:
        return await super()._get_user(user_id) or PMUser(id=user_id, name=user_id)


_PILES: dict[Any, Any] = {}
_LIST_OPERATIONS = (
    "list_checklists create_checklist update_checklist delete_checklist "
    "create_checklist_item update_checklist_item delete_checklist_item"
)


class Lister(PlainFilesProvider):
    """Has no fault: plain checklists in memory, for all clients of one folder."""

    CAPABILITIES = GOOD.narrowed(
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


class TurnsItemsRound(Lister):
    """Lists the newest item first."""

    def _whole(self, one: PMChecklist) -> PMChecklist:
        found = super()._whole(one)
        return replace(found, items=found.items[::-1])


class ForgetsTicks(Lister):
    """Makes every item undone, and says that it is as asked."""

    async def _create_checklist_item(self, fields: Any, task_id: Any) -> PMChecklistItem:
        made = await super()._create_checklist_item(fields, task_id)
        self.items[made.id] = replace(made, is_done=False)
        return made


class OnlyTicks(Lister):
    """Cannot take a tick back."""

    async def _update_checklist_item(
        self, item_id: str, fields: Any, checklist_id: Any, task_id: Any
    ) -> PMChecklistItem:
        done = item_id in self.items and self.items[item_id].is_done
        fields = {**fields, "is_done": fields.get("is_done", False) or done}
        return await super()._update_checklist_item(item_id, fields, checklist_id, task_id)


class LeavesItemsBehind(Lister):
    """Deletes a checklist, not its items."""

    async def _delete_checklist(self, checklist_id: str, task_id: Any) -> bool:
        return self.lists.pop(checklist_id, None) is not None


class AddsToAnything(Lister):
    """Takes items for a checklist that does not exist."""

    async def _create_checklist_item(self, fields: Any, task_id: Any) -> PMChecklistItem:
        made = PMChecklistItem(id=f"{fields['checklist_id']}-{len(self.items)}", **fields)
        self.items[made.id] = made
        return replace(made)


class HasChecklistsOfNothing(Lister):
    """Takes a task that does not exist for one without checklists."""

    async def _iter_checklists(self, query: Any) -> Any:
        try:
            async for one in super()._iter_checklists(query):
                yield one
        except NotFoundError:
            return


class DeletesTheRest(Lister):
    """Deletes all items of the checklist of one."""

    async def _delete_checklist_item(self, item_id: str, checklist_id: Any, task_id: Any) -> bool:
        for one in [x.id for x in self.items.values() if x.checklist_id == checklist_id]:
            del self.items[one]
        return True


FAULTS: dict[type[PlainFilesProvider], tuple[str, ...]] = {
    EchoesTheDraft: ("test_blanks_are_kept_or_reported[ padded ]",),
    CapsItsPages: ("test_order_is_stable_and_limit_takes_the_first", "test_batch_creates_in_order"),
    HidesClosedTasks: ("test_open_and_closed_tasks_are_listed",),
    DeletesAnything: ("test_delete_task", "test_batch_deletes"),
    DropsDescriptions: ("test_field_is_held[task.description]", "test_shared_by_many_coroutines"),
    WarnsOfEveryDescription: ("test_field_is_held[task.description]",),
    CannotClear: ("test_field_is_held[task.due_date]",),
    RemembersTasks: ("test_reads_see_what_others_wrote",),
    ListsNothingForUnknownProjects: ("test_unknown_project",),
    ForgetsItsName: ("test_update_of_a_missing_task",),
    ChangesASignature: ("test_public_methods_are_those_of_the_base",),
    DeclaresTooMuch: ("test_declared_is_written",),
    DeclaresTooLittle: ("test_declared_is_written",),
    FillsUndeclaredFields: ("test_declared_fields_are_filled[task]",),
    ShowsItsKey: ("test_no_secret_is_shown",),
    SwallowsBatchErrors: ("test_bad_items_do_not_stop_the_others", "test_raise_for_errors"),
    AddsMembersTwice: ("test_nobody_is_a_member_twice", "test_members_of_nothing_and_nobody"),
    TakesAnyRole: ("test_roles_are_known_by_name",),
    KeepsOldRoles: ("test_roles_are_replaced",),
    HasMembersOfNothing: ("test_members_of_an_unknown_project",),
    AlwaysAdds: ("test_watchers_come_and_go",),
    WatchesForNobody: ("test_watchers_that_do_not_exist",),
    TurnsItemsRound: ("test_checklists_of_a_task", "test_items_are_added_at_the_end"),
    ForgetsTicks: ("test_checklists_of_a_task", "test_item_field_is_held[is_done]"),
    OnlyTicks: ("test_items_are_ticked_off",),
    LeavesItemsBehind: ("test_delete_checklist", "test_gone_with_their_task"),
    AddsToAnything: ("test_what_does_not_exist",),
    HasChecklistsOfNothing: ("test_what_does_not_exist", "test_gone_with_their_task"),
    DeletesTheRest: ("test_delete_item",),
    Sound: ("test_create_task", "test_every_gap_is_a_test"),
}
"""Provider -> tests that must fail on it. They all pass on the provider without the fault: `Crew`,
`Lister`, or the example."""


def _harness(kind: type[PlainFilesProvider]) -> type[ProviderHarness]:
    class Harness(ProviderHarness):
        custom_fields: ClassVar = {Entity.TASK: {"Room": ("Kitchen", "Garden")}}
        gaps: ClassVar = (
            (Gap("test_create_task", GapKind.NEVER, "closed"), Gap("test_misspelt", GapKind.NEVER, "wrong"))
            if kind is Sound
            else ()
        )

        roles: ClassVar = tuple(_ROLES.values())

        async def outsiders(self, project_id: str) -> list[str]:
            members = {one.user_id for one in await self.provider.list_memberships(project_id)}
            return [one for one in _PEOPLE if one not in members][:2]

        async def watchers(self, project_id: str) -> list[str]:
            return list(_PEOPLE[:2])

        async def open(self, **options: Any) -> PlainFilesProvider:
            values = {"folder": str(self.tmp_path / "projects"), **options}
            return kind(PMProviderConfig("plainfiles", additional_config=values))

    return Harness


for _kind in (*FAULTS, Crew, Lister):
    _name = f"Test{_kind.__name__}"
    globals()[_name] = type(_name, (ConformanceSuite,), {"harness_class": _harness(_kind)})

__all__ = ["FAULTS"]
