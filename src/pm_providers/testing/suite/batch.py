"""Batches: one outcome per item, in order, whatever becomes of the others."""

from __future__ import annotations

from typing import Any

from pm_providers.contract import BasePMProvider
from pm_providers.errors import NotFoundError, PMError, UnsupportedError, ValidationError
from pm_providers.model import Entity, PMProject, PMTask
from pm_providers.testing.checks import ids, needs
from pm_providers.testing.harness import ProviderHarness
from pm_providers.testing.suite.base import SuiteBase

__all__ = ["BatchSuite"]


class BatchSuite(SuiteBase):
    """Many tasks at once."""

    @needs("create_tasks", "list_tasks")
    async def test_batch_creates_in_order(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """Outcomes come in the order of the input, each equal to what is stored."""
        drafts = [PMTask(title=f"Item {n:02}", project_id=project.id) for n in range(12)]
        result = await provider.create_tasks(drafts)
        assert result.ok
        assert [outcome.index for outcome in result] == list(range(12))
        assert [task.title for task in result.items] == [draft.title for draft in drafts]
        stored = {task.id: task for task in await (await harness.fresh()).list_tasks(project.id)}
        assert stored == {task.id: task for task in result.items}

    @needs("create_tasks", "list_tasks")
    async def test_bad_items_do_not_stop_the_others(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """Items that cannot be created have their error; the others are created; nothing else is."""
        drafts: list[Any] = [
            PMTask(title="good 1", project_id=project.id),
            PMTask(title="", project_id=project.id),
            PMTask(title="lost", project_id=harness.missing_id),
            "not a task",
            PMTask(title="good 2", project_id=project.id),
        ]
        result = await provider.create_tasks(drafts)
        assert [outcome.ok for outcome in result] == [True, False, False, False, True]
        assert [outcome.index for outcome in result.errors] == [1, 2, 3]
        for outcome in result.errors:
            assert outcome.item is None
            assert isinstance(outcome.error, ValidationError | NotFoundError)
            assert outcome.error.provider == provider.name
            assert outcome.error.operation in {"create_task", "create_tasks"}
        listed = await (await harness.fresh()).list_tasks(project.id)
        assert sorted(task.title for task in listed) == ["good 1", "good 2"]

    @needs("create_tasks")
    async def test_unsupported_fields_in_a_batch(self, provider: BasePMProvider, project: PMProject) -> None:
        """A field that the provider cannot hold is refused in a batch as it is alone."""
        table = provider.capabilities.fields[Entity.TASK]
        refused = [name for name in ("progress", "story_points") if not table[name].is_writable]
        for name in refused:
            draft = PMTask(title="x", project_id=project.id)
            setattr(draft, name, 5 if name == "progress" else 5.0)
            [outcome] = await provider.create_tasks([draft])
            assert isinstance(outcome.error, UnsupportedError | ValidationError)

    @needs("create_tasks", "update_tasks", "delete_tasks")
    async def test_empty_batches(self, provider: BasePMProvider) -> None:
        """Nothing in, nothing out, no request needed."""
        calls: list[tuple[int, int]] = []

        def progress(done: int, total: int) -> None:
            calls.append((done, total))

        for result in (
            await provider.create_tasks([], on_progress=progress),
            await provider.update_tasks({}, on_progress=progress),
            await provider.delete_tasks([], on_progress=progress),
        ):
            assert result.ok
            assert len(result) == 0
        assert all(done == total == 0 for done, total in calls)

    @needs("create_tasks", "update_tasks")
    async def test_batch_updates(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """Updates are taken as a dict or as pairs; a missing task has its error; the rest is changed."""
        made = (
            await provider.create_tasks([PMTask("", f"T{n}", project_id=project.id) for n in range(3)])
        ).items
        first, second, third = ids(made)
        result = await provider.update_tasks(
            {
                first: {"title": "A"},
                harness.missing_id: {"title": "B"},
                second: {"nonsense": 1},
                third: {"title": "C"},
            }
        )
        assert [outcome.ok for outcome in result] == [True, False, False, True]
        assert isinstance(result.outcomes[1].error, NotFoundError)
        assert isinstance(result.outcomes[2].error, ValidationError)
        assert [task.title for task in result.items] == ["A", "C"]
        again = await provider.update_tasks([(first, {"title": "D"}), (second, {"title": "E"})])
        again.raise_for_errors()
        titles = {task.id: task.title for task in await (await harness.fresh()).list_tasks(project.id)}
        assert titles == {first: "D", second: "E", third: "C"}

    @needs("create_task", "update_tasks")
    async def test_updates_of_one_task_keep_their_order(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """The last of several updates of the same task wins, and each outcome is its own."""
        updates = [(task.id, {"title": f"Version {n}"}) for n in range(6)]
        result = await provider.update_tasks(updates)
        result.raise_for_errors()
        assert [one.title for one in result.items] == [f"Version {n}" for n in range(6)]
        found = await (await harness.fresh()).get_task(task.id)
        assert found is not None
        assert found.title == "Version 5"

    @needs("create_tasks", "delete_tasks")
    async def test_batch_deletes(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """Each outcome says whether the task existed; the same one twice existed once."""
        made = (
            await provider.create_tasks([PMTask("", f"T{n}", project_id=project.id) for n in range(3)])
        ).items
        first, second, third = ids(made)
        result = await provider.delete_tasks([first, harness.missing_id, second, second])
        assert result.ok
        assert [outcome.item for outcome in result][:2] == [True, False]
        assert sorted(bool(outcome.item) for outcome in result) == [False, False, True, True]
        assert ids(await (await harness.fresh()).list_tasks(project.id)) == [third]

    @needs("create_tasks", "update_tasks", "delete_tasks")
    async def test_progress_is_reported(self, provider: BasePMProvider, project: PMProject) -> None:
        """Progress rises to the total; the last call says that all is done."""
        calls: list[tuple[int, int]] = []

        def progress(done: int, total: int) -> None:
            calls.append((done, total))

        drafts = [PMTask("", f"T{n}", project_id=project.id) for n in range(5)]
        made = ids((await provider.create_tasks(drafts, on_progress=progress)).items)
        batches = (
            lambda: provider.update_tasks({one: {"title": "x"} for one in made}, on_progress=progress),
            lambda: provider.delete_tasks(made, on_progress=progress),
        )
        _assert_progress(calls, 5)
        for batch in batches:
            calls.clear()
            await batch()
            _assert_progress(calls, 5)

    @needs("create_tasks")
    async def test_raise_for_errors(self, harness: ProviderHarness, provider: BasePMProvider) -> None:
        """A caller who wants all or an exception gets the first error."""
        result = await provider.create_tasks([PMTask(title="lost", project_id=harness.missing_id)])
        assert not result.ok
        try:
            result.raise_for_errors()
        except PMError as error:
            assert error is result.outcomes[0].error
        else:
            raise AssertionError("raise_for_errors() did not raise")


def _assert_progress(calls: list[tuple[int, int]], total: int) -> None:
    assert calls
    assert calls[-1] == (total, total)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    assert {known for _, known in calls} == {total}
