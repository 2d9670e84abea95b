"""Providers with one fault each, and the tests of the suite that must find it.

Run by `test_suite_catches.py` in a process where the example provider is installed; it copies this file, and
`sound_providers.py` with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from pm_plainfiles import PlainFilesProvider
from sound_providers import PEOPLE, ROLES, Crew, Lister

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
from pm_providers.errors import NotFoundError
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
        fields["roles"] = [one for one in fields["roles"] if one.casefold() in ROLES]
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

        roles: ClassVar = tuple(ROLES.values())

        async def outsiders(self, project_id: str) -> list[str]:
            members = {one.user_id for one in await self.provider.list_memberships(project_id)}
            return [one for one in PEOPLE if one not in members][:2]

        async def watchers(self, project_id: str) -> list[str]:
            return list(PEOPLE[:2])

        async def open(self, **options: Any) -> PlainFilesProvider:
            values = {"folder": str(self.tmp_path / "projects"), **options}
            return kind(PMProviderConfig("plainfiles", additional_config=values))

    return Harness


for _kind in (*FAULTS, Crew, Lister):
    _name = f"Test{_kind.__name__}"
    globals()[_name] = type(_name, (ConformanceSuite,), {"harness_class": _harness(_kind)})

__all__ = ["FAULTS"]
