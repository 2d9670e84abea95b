"""Tasks one by one: create, read, update, delete, hierarchy."""

from __future__ import annotations

from pm_providers.contract import BasePMProvider
from pm_providers.errors import ConflictError, NotFoundError, ValidationError
from pm_providers.model import Entity, PMProject, PMTask
from pm_providers.testing.checks import assert_gone, ids, needs, refusal, stored
from pm_providers.testing.harness import ProviderHarness, unique
from pm_providers.testing.samples import new_task
from pm_providers.testing.suite.base import SuiteBase

__all__ = ["TaskSuite"]


class TaskSuite(SuiteBase):
    """Tasks are created, read, updated and deleted."""

    @needs("create_task")
    async def test_create_task(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """A created task has an id, an open unified status, and is what another client reads."""
        created = await provider.create_task(
            PMTask(title="Paint the fence", description="Two *coats*", project_id=project.id)
        )
        assert created.id
        assert created.warnings == ()
        found = await stored(await harness.fresh(), created)
        assert (found.title, found.description) == ("Paint the fence", "Two *coats*")
        assert found.project_id == project.id
        assert found.status == "todo"
        assert found.parent_task_id is None
        assert (found.assignee_ids, found.label_ids) == ([], [])

    @needs("create_task")
    async def test_task_created_positionally(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """The documented positional form works; an id that was given is the system's business."""
        created = await provider.create_task(PMTask("", "Positional", "text", "todo", None, project.id))
        found = await stored(await harness.fresh(), created)
        assert (found.title, found.description, found.status) == ("Positional", "text", "todo")

    @needs("create_task")
    async def test_assigned_fields_are_ignored_on_creation(
        self, provider: BasePMProvider, project: PMProject, task: PMTask
    ) -> None:
        """A task that was read can be created again: what the system assigns is assigned anew."""
        twin = await provider.create_task(
            PMTask(id=task.id, title=task.title, project_id=project.id, version="77", url="https://x.test")
        )
        assert twin.id != task.id
        assert twin.url != "https://x.test"
        assert twin.title == task.title

    @needs("create_task", "update_task")
    async def test_task_update_leaves_the_rest(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """An update changes the fields it names, no other, and returns the task as stored."""
        created = await provider.create_task(
            PMTask(title="Before", description="kept", project_id=project.id)
        )
        changed = await provider.update_task(created.id, {"title": "After"})
        assert (changed.id, changed.title, changed.description) == (created.id, "After", "kept")
        assert changed.status == created.status
        assert changed.warnings == ()
        await stored(await harness.fresh(), changed)

    @needs("create_task", "update_task")
    async def test_documented_status_update(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """`update_task(id, {"status": "completed"})` completes a task, `todo` opens it again."""
        done = await provider.update_task(task.id, {"status": "completed"})
        assert done.status == "completed"
        assert done.warnings == ()
        fresh = await harness.fresh()
        await stored(fresh, done)
        opened = await provider.update_task(task.id, {"status": "todo"})
        assert opened.status == "todo"
        assert opened.completed_at is None
        await stored(fresh, opened)

    @needs("create_task", "update_task", "list_statuses")
    async def test_status_by_the_systems_name(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject, task: PMTask
    ) -> None:
        """A status of the system is taken by its own name and by its id."""
        names = await harness.status_names(project.id)
        known = {status.name: status for status in await provider.list_statuses(project.id)}
        assert "completed" in names
        done = await provider.update_task(task.id, {"status": names["completed"]})
        assert (done.status, done.status_name) == ("completed", names["completed"])
        opened = await provider.update_task(task.id, {"status": known[names["todo"]].id})
        assert (opened.status, opened.status_name) == ("todo", names["todo"])

    @needs("create_task", "update_task")
    async def test_update_of_a_missing_task(self, harness: ProviderHarness, provider: BasePMProvider) -> None:
        """Nothing can be changed on a task that does not exist; reading it is `None`."""
        assert await provider.get_task(harness.missing_id) is None
        async with refusal(provider, "update_task", NotFoundError):
            await provider.update_task(harness.missing_id, {"title": "x"})

    @needs("create_task", "delete_task")
    async def test_delete_task(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject, task: PMTask
    ) -> None:
        """A deleted task is gone for everybody; deleting it again is no error."""
        assert await provider.delete_task(task.id) is True
        fresh = await harness.fresh()
        assert_gone(harness, await fresh.get_task(task.id))
        assert await fresh.list_tasks(project.id) == []
        assert await provider.delete_task(task.id) is False
        assert await provider.delete_task(harness.missing_id) is False
        if harness.deletes_by_archiving:
            changed = await provider.update_task(task.id, {"title": "still there"})
            assert await fresh.list_tasks(project.id, include_archived=True) == [changed]
            assert await fresh.list_tasks(project.id) == []
            return
        async with refusal(provider, "update_task", NotFoundError):
            await provider.update_task(task.id, {"title": "too late"})

    @needs("create_task")
    async def test_task_key_stands_for_the_id(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """Where tasks have keys, every method takes them."""
        if task.key is None:
            return
        found = await provider.get_task(task.key)
        assert found is not None
        assert found.id == task.id
        assert (await provider.update_task(task.key, {"title": "by key"})).id == task.id
        assert await provider.delete_task(task.key) is True
        assert_gone(harness, await provider.get_task(task.id))

    @needs("create_task")
    async def test_subtasks(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """A subtask names its parent, is listed like any task, and can be freed with what is below it."""
        if not provider.capabilities.field(Entity.TASK, "parent_task_id").is_writable:
            return
        task = await new_task(harness, **harness.top_task)
        child = await provider.create_task(
            PMTask(title="Child", project_id=project.id, parent_task_id=task.id)
        )
        grandchild = await provider.create_task(
            PMTask(title="Grandchild", project_id=project.id, parent_task_id=child.id)
        )
        fresh = await harness.fresh()
        listed = {one.id: one.parent_task_id for one in await fresh.list_tasks(project.id)}
        assert listed == {task.id: None, child.id: task.id, grandchild.id: child.id}
        if "task.parent_task_id" in harness.never_empty:
            async with refusal(provider, "update_task", ValidationError) as caught:
                await provider.update_task(child.id, {"parent_task_id": None, "title": "Freed"})
            assert isinstance(caught.value, ValidationError)
            assert set(caught.value.fields) == {"parent_task_id"}
            await stored(await harness.fresh(), child)
            return
        freed = await provider.update_task(child.id, {"parent_task_id": None})
        assert freed.parent_task_id is None
        assert (await stored(fresh, freed)).warnings == ()
        left = await fresh.get_task(grandchild.id)
        assert left is not None
        assert left.parent_task_id == child.id

    @needs("create_task", "update_task")
    async def test_parent_cycles_are_refused(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject, task: PMTask
    ) -> None:
        """No task is above itself, directly or around a corner; nothing is changed by the attempt."""
        if not provider.capabilities.field(Entity.TASK, "parent_task_id").is_writable:
            return
        child = await provider.create_task(
            PMTask(title="Child", project_id=project.id, parent_task_id=task.id)
        )
        for parent in (task.id, child.id):
            async with refusal(provider, "update_task", ValidationError, ConflictError):
                await provider.update_task(task.id, {"parent_task_id": parent})
        unchanged = await (await harness.fresh()).get_task(task.id)
        assert unchanged is not None
        assert unchanged.parent_task_id is None

    @needs("create_task", "delete_task")
    async def test_deleting_a_parent_leaves_no_dangling_child(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject, task: PMTask
    ) -> None:
        """After the parent is gone, the child is gone too or stands alone."""
        if not provider.capabilities.field(Entity.TASK, "parent_task_id").is_writable:
            return
        child = await provider.create_task(
            PMTask(title="Child", project_id=project.id, parent_task_id=task.id)
        )
        assert await provider.delete_task(task.id)
        fresh = await harness.fresh()
        left = await fresh.get_task(child.id)
        assert left is None or left.parent_task_id is None
        assert ids(await fresh.list_tasks(project.id)) == ([] if left is None else [child.id])

    @needs("create_task", "update_task", "create_project")
    async def test_move_to_another_project(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject, task: PMTask
    ) -> None:
        """A task can be moved where `project_id` is writable: it is then in the new project only."""
        if not provider.capabilities.field(Entity.TASK, "project_id").is_writable:
            return
        other = await harness.make_project()
        moved = await provider.update_task(task.id, {"project_id": other.id})
        assert moved.project_id == other.id
        fresh = await harness.fresh()
        assert await fresh.list_tasks(project.id) == []
        assert ids(await fresh.list_tasks(other.id)) == [moved.id]

    @needs("create_task")
    async def test_references_must_exist(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """A project, parent, sprint, user or label that does not exist is refused; nothing is created."""
        missing = harness.missing_id
        async with refusal(provider, "create_task", ValidationError, NotFoundError):
            await provider.create_task(PMTask(title=unique("Lost"), project_id=missing))
        single = ("parent_task_id", "sprint_id", "assignee_id")
        wrong = dict.fromkeys(single, missing) | {"label_ids": [harness.missing_label]}
        for name, value in wrong.items():
            if not provider.capabilities.field(Entity.TASK, name).is_writable:
                continue
            draft = PMTask(title="Lost", project_id=project.id)
            setattr(draft, name, value)
            async with refusal(provider, "create_task", ValidationError, NotFoundError) as caught:
                await provider.create_task(draft)
            if isinstance(caught.value, ValidationError):
                assert name in caught.value.fields, caught.value.fields
        assert await (await harness.fresh()).list_tasks(project.id) == []
