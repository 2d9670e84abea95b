"""Lists of tasks: complete, filtered, ordered, limited, and over more than one page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pm_providers.contract import BasePMProvider
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.model import Entity, PMProject, PMTask, TaskStatus
from pm_providers.testing.checks import ids, missing_or, needs, refusal
from pm_providers.testing.harness import ProviderHarness
from pm_providers.testing.samples import create, draft, new_task
from pm_providers.testing.suite.base import SuiteBase

__all__ = ["TaskListSuite"]


class TaskListSuite(SuiteBase):
    """A list is never a silently capped page, and filters are exact."""

    @needs("list_tasks", "create_task")
    async def test_open_and_closed_tasks_are_listed(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """Tasks of every status are listed, each equal to what `get_task` says, and filtered by status."""
        made: dict[str, str] = {}
        for status in await harness.status_names(project.id):
            made[status] = (await new_task(harness, status=status)).id
        fresh = await harness.fresh()
        listed = await fresh.list_tasks(project.id)
        assert sorted(ids(listed)) == sorted(made.values())
        for task in listed:
            assert task == await fresh.get_task(task.id)
        for status, task_id in made.items():
            assert ids(await fresh.list_tasks(project.id, status=status)) == [task_id], status

    @needs("list_tasks", "create_task")
    async def test_status_filter_takes_the_systems_names(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """A filter takes the system's own status name; an unknown status is refused, not "nothing found"."""
        names = await harness.status_names(project.id)
        done = await new_task(harness, status="completed")
        await new_task(harness, status="todo")
        assert ids(await provider.list_tasks(project.id, status=names["completed"])) == [done.id]
        async with refusal(provider, "list_tasks", ValidationError) as caught:
            await provider.list_tasks(project.id, status="no such status")
        assert isinstance(caught.value, ValidationError)
        assert "status" in caught.value.fields

    @needs("list_tasks", "create_task")
    async def test_unified_statuses_always_filter(
        self, provider: BasePMProvider, project: PMProject, task: PMTask
    ) -> None:
        """Every unified status is a filter; where the system has no such status, it finds nothing."""
        for status in TaskStatus:
            expected = [task.id] if status == task.status else []
            assert ids(await provider.list_tasks(project.id, status=status)) == expected

    @needs("list_tasks", "create_task", "list_users")
    async def test_assignee_filter(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """Only the tasks of an assignee, open and closed, are listed."""
        if not provider.capabilities.field(Entity.TASK, "assignee_id").is_writable:
            return
        ada, bob, *_ = await harness.assignees(project.id)
        hers = await new_task(harness, assignee_id=ada)
        done = await new_task(harness, assignee_id=ada, status="completed")
        his = await new_task(harness, assignee_id=bob)
        await new_task(harness)
        fresh = await harness.fresh()
        assert sorted(ids(await fresh.list_tasks(project.id, assignee_id=ada))) == sorted([hers.id, done.id])
        assert ids(await fresh.list_tasks(project.id, assignee_id=bob)) == [his.id]
        assert {hers.id, done.id} <= set(ids(await fresh.list_tasks(assignee_id=ada)))
        both = await fresh.list_tasks(project.id, assignee_id=ada, status="completed")
        assert ids(both) == [done.id]

    @needs("list_tasks", "create_task", "create_sprint")
    async def test_sprint_filter(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """Only the tasks of a sprint, open and closed, are listed."""
        sprint = await create(provider, Entity.SPRINT, await draft(harness, Entity.SPRINT))
        inside = await new_task(harness, sprint_id=sprint.id)
        done = await new_task(harness, sprint_id=sprint.id, status="completed")
        await new_task(harness)
        fresh = await harness.fresh()
        expected = sorted([inside.id, done.id])
        assert sorted(ids(await fresh.list_tasks(project.id, sprint_id=sprint.id))) == expected
        assert sorted(ids(await fresh.list_tasks(sprint_id=sprint.id))) == expected

    @needs("list_tasks", "create_task")
    async def test_updated_since_filter(
        self, provider: BasePMProvider, project: PMProject, task: PMTask
    ) -> None:
        """Tasks changed at or after an instant are listed; instants may have any zone."""
        assert task.updated_at is not None, "updated_at must be filled where tasks are filtered by it"
        assert task.updated_at.utcoffset() == timedelta(0)
        hour = timedelta(hours=1)
        assert ids(await provider.list_tasks(project.id, updated_since=task.updated_at)) == [task.id]
        assert ids(await provider.list_tasks(project.id, updated_since=task.updated_at - hour)) == [task.id]
        assert await provider.list_tasks(project.id, updated_since=task.updated_at + hour) == []
        local = task.updated_at.astimezone(datetime.now().astimezone().tzinfo) - hour
        assert ids(await provider.list_tasks(project.id, updated_since=local)) == [task.id]

    async def test_updated_since_needs_a_zone(self, provider: BasePMProvider, project: PMProject) -> None:
        """An instant without a zone is refused: nobody knows which is meant."""
        naive = datetime(2026, 3, 2, tzinfo=UTC).replace(tzinfo=None)
        async with refusal(provider, "list_tasks", ValidationError) as caught:
            await provider.list_tasks(project.id, updated_since=naive)
        assert isinstance(caught.value, ValidationError)
        assert "updated_since" in caught.value.fields

    @needs("list_tasks", "create_task", "create_project")
    async def test_project_scope(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject, task: PMTask
    ) -> None:
        """A list of one project holds no task of another; a list of all holds both."""
        other = await harness.make_project()
        elsewhere = await provider.create_task(PMTask(title="elsewhere", project_id=other.id))
        assert ids(await provider.list_tasks(project.id)) == [task.id]
        assert ids(await provider.list_tasks(other.id)) == [elsewhere.id]
        assert {task.id, elsewhere.id} <= set(ids(await provider.list_tasks()))

    async def test_unknown_project(self, harness: ProviderHarness, provider: BasePMProvider) -> None:
        """A list of a project that does not exist is an error, not empty."""
        async with refusal(provider, "list_tasks", NotFoundError):
            await provider.list_tasks(harness.missing_id)

    async def test_unknown_assignee_and_sprint(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject, task: PMTask
    ) -> None:
        """A user or sprint that does not exist has no tasks: an empty list, or an error that says so."""
        for name in ("assignee_id", "sprint_id"):
            listed = provider.list_tasks(project.id, **{name: harness.missing_id})  # type: ignore[arg-type]
            try:
                assert await listed == [], name
            except (NotFoundError, ValidationError) as error:
                assert error.operation == "list_tasks"

    @needs("list_tasks", "create_tasks")
    async def test_order_is_stable_and_limit_takes_the_first(
        self, provider: BasePMProvider, project: PMProject
    ) -> None:
        """The same list twice has the same order, the stream too, and `limit` is its beginning."""
        batch = await provider.create_tasks([PMTask(title=f"T{n}", project_id=project.id) for n in range(7)])
        batch.raise_for_errors()
        listed = ids(await provider.list_tasks(project.id))
        assert len(listed) == 7
        assert ids(await provider.list_tasks(project.id)) == listed
        assert [task.id async for task in provider.iter_tasks(project.id)] == listed
        for limit in (0, 1, 3, 7, 100):
            assert ids(await provider.list_tasks(project.id, limit=limit)) == listed[:limit]

    @pytest.mark.parametrize("limit", [-1, 1.5, "3", True])
    async def test_malformed_limit(self, provider: BasePMProvider, project: PMProject, limit: object) -> None:
        """A limit is a whole number from 0."""
        async with refusal(provider, "list_tasks", ValidationError) as caught:
            await provider.list_tasks(project.id, limit=limit)  # type: ignore[arg-type]
        assert isinstance(caught.value, ValidationError)
        assert "limit" in caught.value.fields

    @needs("list_tasks", "create_tasks")
    async def test_all_pages_are_read(self, harness: ProviderHarness, provider: BasePMProvider) -> None:
        """A list over several pages is complete, without repeats, however it is read."""
        if not harness.page_tasks:
            assert provider.capabilities.limits.page_size is None, "set page_options and page_tasks"
            return
        project = await harness.project()
        drafts = [PMTask(title=f"Page {n:04}", project_id=project.id) for n in range(harness.page_tasks)]
        made = (await provider.create_tasks(drafts)).items
        assert len(made) == harness.page_tasks
        fresh = await harness.fresh(**harness.page_options)
        listed = ids(await fresh.list_tasks(project.id))
        assert sorted(listed) == sorted(ids(made))
        assert [task.id async for task in fresh.iter_tasks(project.id)] == listed
        assert [task.id async for task in fresh.iter_tasks(project.id, window=4)] == listed
        assert ids(await fresh.list_tasks(project.id, limit=len(listed) - 1)) == listed[:-1]
        assert len(await fresh.list_tasks(project.id, status="todo")) == len(listed)
        assert len(await fresh.list_tasks(project.id, status="completed")) == 0

    @needs("list_tasks", "create_task")
    async def test_stream_may_be_left_early(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """A stream that is closed half-way leaves the provider usable."""
        for _ in range(3):
            await new_task(harness)
        stream = provider.iter_tasks(project.id)
        first = await anext(stream)
        await stream.aclose()
        assert first.id in ids(await provider.list_tasks(project.id))

    async def test_odd_ids_lead_nowhere(self, provider: BasePMProvider, task: PMTask) -> None:
        """Ids are opaque: none of these is found, and none leads elsewhere."""
        odd = ("nope", "a/b", "../projects", "..%2Fprojects", f"{task.id}/", f"{task.id}?x=1", f"{task.id}#1",
               "' OR 1=1 --", "%", "_", "*", "💥", "-1", "0", "1e3", "٣", "9" * 40, "x" * 500)  # fmt: skip
        for one in odd:
            assert await missing_or(provider.get_task(one), ValidationError) is None, one
            assert await missing_or(provider.get_project(one), ValidationError) is None, one
