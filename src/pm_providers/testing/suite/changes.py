"""`changes()`: nothing lost, nothing invented, quiet when nothing happens."""

from __future__ import annotations

import pytest

from pm_providers.contract import BasePMProvider
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.model import Entity, PMProject, PMTask
from pm_providers.testing.checks import Stream, ids, needs, refusal
from pm_providers.testing.harness import ProviderHarness
from pm_providers.testing.samples import new_task
from pm_providers.testing.suite.base import SuiteBase

__all__ = ["ChangeSuite"]


class ChangeSuite(SuiteBase):
    """A reader of the change stream holds an exact copy of the project."""

    @needs("changes", "create_task")
    async def test_first_read_is_everything(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """Without a cursor every task, open and closed, is an upsert, equal to what `get_task` says."""
        made = [await new_task(harness), await new_task(harness, status="completed")]
        await harness.settle()
        stream = await Stream(provider, project.id).drain()
        assert sorted(stream.tasks) == sorted(ids(made))
        assert stream.deleted == []
        for task_id, task in stream.tasks.items():
            assert task == await provider.get_task(task_id)

    @needs("changes", "create_task")
    async def test_idle_is_quiet(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """When nothing happened, nothing is reported, in one page, any number of times."""
        await new_task(harness)
        await harness.settle()
        stream = await Stream(provider, project.id).drain()
        for _ in range(3):
            await harness.settle()
            await stream.drain()
            assert (stream.upserted, stream.deleted, stream.pages) == ([], [], 1)

    @needs("changes")
    async def test_empty_project(self, provider: BasePMProvider, project: PMProject) -> None:
        """An empty project has no changes, and a cursor from which later ones are seen."""
        stream = await Stream(provider, project.id).drain()
        assert (stream.upserted, stream.deleted) == ([], [])
        task = await provider.create_task(PMTask(title="first", project_id=project.id))
        assert (await stream.drain()).upserted == [task.id]

    @needs("changes", "create_task", "update_task")
    async def test_upserts_since_the_cursor(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """Only what was created or changed since is reported, as it is now."""
        kept, changed = await new_task(harness), await new_task(harness)
        await harness.settle()
        stream = await Stream(provider, project.id).drain()
        await harness.settle()
        await provider.update_task(changed.id, {"title": "once"})
        await provider.update_task(changed.id, {"title": "twice"})
        added = await new_task(harness)
        await stream.drain()
        assert sorted(set(stream.upserted)) == sorted([changed.id, added.id])
        assert stream.tasks[changed.id].title == "twice"
        assert stream.tasks[kept.id] == kept
        assert stream.deleted == []

    @needs("changes", "create_task", "delete_task")
    async def test_deletes_since_the_cursor(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """A deleted task is reported once by its id; one that came and went between reads may be left out."""
        kept, doomed = await new_task(harness), await new_task(harness)
        await harness.settle()
        stream = await Stream(provider, project.id).drain()
        await provider.delete_task(doomed.id)
        brief = await new_task(harness)
        await provider.delete_task(brief.id)
        await harness.settle()
        await stream.drain()
        gone = _gone(harness, stream)
        assert doomed.id in gone
        assert set(gone) <= {doomed.id, brief.id}
        assert list(_there(harness, stream)) == [kept.id]
        await harness.settle()
        await stream.drain()
        assert (stream.upserted, stream.deleted) == ([], [])

    @needs("changes", "create_task", "delete_task")
    async def test_replaced_tasks_are_told_apart(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """As many deleted as created: the number of tasks is the same, the tasks are not.

        Systems that give the id of a deleted task out again tell of the new one under it.
        """
        old = [await new_task(harness) for _ in range(2)]
        await harness.settle()
        stream = await Stream(provider, project.id).drain()
        for task in old:
            await provider.delete_task(task.id)
        new = [await new_task(harness) for _ in range(2)]
        await harness.settle()
        await stream.drain()
        there = _there(harness, stream)
        assert {key: one.title for key, one in there.items()} == {one.id: one.title for one in new}
        assert set(_gone(harness, stream)) == set(ids(old)) - set(ids(new))

    @needs("changes", "update_task", "create_project")
    async def test_moved_tasks_leave_and_arrive(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject, task: PMTask
    ) -> None:
        """A task that moves out is a delete for the old project and an upsert for the new one."""
        if not provider.capabilities.field(Entity.TASK, "project_id").is_writable:
            return
        other = await harness.make_project()
        await harness.settle()
        here = await Stream(provider, project.id).drain()
        there = await Stream(provider, other.id).drain()
        moved = await provider.update_task(task.id, {"project_id": other.id})
        await harness.settle()
        await here.drain()
        await there.drain()
        assert (here.deleted, here.tasks) == ([task.id], {})
        assert (there.upserted, there.deleted) == ([moved.id], [])

    @needs("changes", "create_tasks", "update_tasks")
    @pytest.mark.parametrize("limit", [1, 3])
    async def test_pages_lose_nothing(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject, limit: int
    ) -> None:
        """Small pages add up to the whole, also when tasks change between pages."""
        made = (
            await provider.create_tasks([PMTask("", f"T{n}", project_id=project.id) for n in range(8)])
        ).items
        await harness.settle()
        stream = Stream(provider, project.id, limit=limit)
        assert await stream.page()
        first = stream.upserted[0]
        await provider.update_task(first, {"title": "changed between pages"})
        added = await new_task(harness)
        await stream.drain()
        assert sorted(stream.tasks) == sorted([*ids(made), added.id])
        assert stream.tasks[first].title == "changed between pages"
        await harness.settle()
        await stream.drain()
        assert (stream.upserted, stream.deleted) == ([], [])

    @needs("changes", "create_task", "update_task", "delete_task")
    async def test_cursor_may_be_used_again(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """A cursor is a value: read from it twice, by another client too, and the same is found."""
        kept, doomed = await new_task(harness), await new_task(harness)
        await harness.settle()
        cursor = (await Stream(provider, project.id).drain()).cursor
        await provider.update_task(kept.id, {"title": "changed"})
        await provider.delete_task(doomed.id)
        await harness.settle()
        for client in (provider, provider, await harness.fresh()):
            stream = await Stream(client, project.id, cursor=cursor).drain()
            gone = _gone(harness, stream)
            assert gone == [doomed.id]
            assert [one for one in stream.upserted if one not in gone] == [kept.id]

    @needs("changes")
    async def test_changes_by_key(self, provider: BasePMProvider, project: PMProject, task: PMTask) -> None:
        """The project's key stands for its id, also with a cursor that was got by id."""
        if not project.key:
            return
        stream = await Stream(provider, project.key).drain()
        assert list(stream.tasks) == [task.id]
        stream.project_id = project.id
        assert (await stream.drain()).upserted == []

    @needs("changes")
    async def test_refused_arguments(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """An unknown project, a foreign or damaged cursor and a senseless limit are refused."""
        async with refusal(provider, "changes", NotFoundError):
            await provider.changes(harness.missing_id)
        good = (await provider.changes(project.id)).cursor
        for cursor in ("nonsense", "", good[:-4], good[::-1], "ä"):
            async with refusal(provider, "changes", ValidationError) as caught:
                await provider.changes(project.id, cursor)
            assert isinstance(caught.value, ValidationError)
            assert "cursor" in caught.value.fields
        async with refusal(provider, "changes", ValidationError):
            await provider.changes(project.id, limit=0)


def _gone(harness: ProviderHarness, stream: Stream) -> list[str]:
    """Ids that the last drain told to be deleted: as deletes, or as archived where deleting archives."""
    if not harness.deletes_by_archiving:
        return stream.deleted
    assert stream.deleted == [], "deleting archives, and a delete was told"
    return [one for one in stream.upserted if stream.tasks[one].is_archived]


def _there(harness: ProviderHarness, stream: Stream) -> dict[str, PMTask]:
    """The copy without what was deleted."""
    if not harness.deletes_by_archiving:
        return stream.tasks
    return {key: task for key, task in stream.tasks.items() if not task.is_archived}
