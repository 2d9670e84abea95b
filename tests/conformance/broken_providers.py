"""Providers with one fault each, and the tests of the suite that must find it.

Run by `test_suite_catches.py` in a process where the example provider is installed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from pm_plainfiles import PlainFilesProvider

from pm_providers import Entity, PMProviderConfig, PMTask
from pm_providers.contract import NATIVE, unsupported
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


FAULTS: dict[type[PlainFilesProvider], tuple[str, ...]] = {
    EchoesTheDraft: ("test_blanks_are_kept_or_reported[ padded ]",),
    CapsItsPages: ("test_order_is_stable_and_limit_takes_the_first", "test_batch_creates_in_order"),
    HidesClosedTasks: ("test_open_and_closed_tasks_are_listed",),
    DeletesAnything: ("test_delete_task", "test_batch_deletes"),
    DropsDescriptions: ("test_field_is_held[task.description]", "test_shared_by_many_coroutines"),
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
    Sound: ("test_create_task", "test_every_gap_is_a_test"),
}
"""Provider -> tests that must fail on it. They all pass on the provider without the fault."""


def _harness(kind: type[PlainFilesProvider]) -> type[ProviderHarness]:
    class Harness(ProviderHarness):
        custom_fields: ClassVar = {Entity.TASK: {"Room": ("Kitchen", "Garden")}}
        gaps: ClassVar = (
            (Gap("test_create_task", GapKind.NEVER, "closed"), Gap("test_misspelt", GapKind.NEVER, "wrong"))
            if kind is Sound
            else ()
        )

        async def open(self, **options: Any) -> PlainFilesProvider:
            values = {"folder": str(self.tmp_path / "projects"), **options}
            return kind(PMProviderConfig("plainfiles", additional_config=values))

    return Harness


for _kind in FAULTS:
    _name = f"Test{_kind.__name__}"
    globals()[_name] = type(_name, (ConformanceSuite,), {"harness_class": _harness(_kind)})

__all__ = ["FAULTS"]
