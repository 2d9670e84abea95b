"""Projects: the container of everything else."""

from __future__ import annotations

from pm_providers.contract import BasePMProvider
from pm_providers.errors import ConflictError, NotFoundError, ValidationError
from pm_providers.model import Entity, PMProject, PMTask
from pm_providers.testing.checks import assert_gone, ids, needs, refusal, stored
from pm_providers.testing.harness import ProviderHarness, unique
from pm_providers.testing.suite.base import SuiteBase

__all__ = ["ProjectSuite"]


class ProjectSuite(SuiteBase):
    """Projects are listed, read, written and deleted."""

    @needs("list_projects", "get_project")
    async def test_project_is_listed_and_read(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """A project is in the list once, equal to what `get_project` says; unknown ones are `None`."""
        listed = await provider.list_projects()
        assert ids(listed).count(project.id) == 1
        assert len(set(ids(listed))) == len(listed)
        found = await provider.get_project(project.id)
        assert found is not None
        assert found == next(one for one in listed if one.id == project.id)
        assert found.name == project.name
        assert await provider.get_project(harness.missing_id) is None

    @needs("create_project")
    async def test_create_project(self, harness: ProviderHarness, provider: BasePMProvider) -> None:
        """A created project has an id, and is what another client reads."""
        name, text = unique("Relaunch"), _text(provider, "First *draft*")
        created = await provider.create_project(PMProject(name=name, description=text))
        assert created.id
        assert created.name == name
        found = await stored(await harness.fresh(), created)
        assert found.description == text
        assert not found.is_archived

    @needs("create_project")
    async def test_project_created_positionally(
        self, harness: ProviderHarness, provider: BasePMProvider
    ) -> None:
        """The documented positional form works: id, name, description."""
        name, text = unique("Positional"), _text(provider, "text")
        created = await provider.create_project(PMProject("", name, text))
        found = await stored(await harness.fresh(), created)
        assert (found.name, found.description) == (name, text)

    @needs("create_project", "update_project")
    async def test_project_update_leaves_the_rest(
        self, harness: ProviderHarness, provider: BasePMProvider
    ) -> None:
        """An update changes the fields it names and no other."""
        text, name = _text(provider, "kept"), unique("After")
        created = await provider.create_project(PMProject(name=unique("Before"), description=text))
        changed = await provider.update_project(created.id, {"name": name})
        assert (changed.id, changed.name, changed.description) == (created.id, name, text)
        assert changed.warnings == ()
        await stored(await harness.fresh(), changed)

    @needs("update_project")
    async def test_update_of_a_missing_project(
        self, harness: ProviderHarness, provider: BasePMProvider
    ) -> None:
        """Nothing can be changed on a project that does not exist."""
        async with refusal(provider, "update_project", NotFoundError):
            await provider.update_project(harness.missing_id, {"name": "x"})

    @needs("create_project", "delete_project")
    async def test_delete_project(self, harness: ProviderHarness, provider: BasePMProvider) -> None:
        """A deleted project is gone with its tasks, an archived one keeps them; again is no error."""
        doomed = await harness.make_project()
        task = await provider.create_task(PMTask(title="goes too", project_id=doomed.id))
        assert await provider.delete_project(doomed.id) is True
        await harness.settle()
        fresh = await harness.fresh()
        assert_gone(harness, await fresh.get_project(doomed.id))
        assert await fresh.get_task(task.id) == (task if harness.deletes_by_archiving else None)
        listed = ids(await fresh.list_projects(include_archived=True))
        assert (doomed.id in listed) is harness.deletes_by_archiving
        assert doomed.id not in ids(await fresh.list_projects())
        assert await provider.delete_project(doomed.id) is False
        assert await provider.delete_project(harness.missing_id) is False

    @needs("create_project")
    async def test_project_key_stands_for_the_id(
        self, harness: ProviderHarness, provider: BasePMProvider
    ) -> None:
        """Wherever a project id is taken, the key is taken too."""
        project = await harness.project()
        if not project.key:
            assert not provider.capabilities.field(Entity.PROJECT, "key").is_writable
            return
        found = await provider.get_project(project.key)
        assert found is not None
        assert found.id == project.id
        task = await provider.create_task(PMTask(title="by key", project_id=project.key))
        assert task.project_id == project.id
        assert task.warnings == ()
        assert ids(await provider.list_tasks(project.key)) == [task.id]
        changed = await provider.update_project(project.key, {"name": unique("By key")})
        assert changed.id == project.id

    @needs("create_project")
    async def test_key_is_unique(self, harness: ProviderHarness, provider: BasePMProvider) -> None:
        """A second project with a key that is taken is refused."""
        project = await harness.project()
        if not project.key or not provider.capabilities.field(Entity.PROJECT, "key").is_writable:
            return
        async with refusal(provider, "create_project", ValidationError, ConflictError):
            await provider.create_project(PMProject(name=unique("Twin"), key=project.key))

    @needs("create_project", "update_project")
    async def test_archived_projects_are_hidden(
        self, harness: ProviderHarness, provider: BasePMProvider
    ) -> None:
        """An archived project is left out of lists unless asked for, and can still be read."""
        shelved = await harness.make_project()
        if not provider.capabilities.field(Entity.PROJECT, "is_archived").is_supported:
            return
        if provider.capabilities.field(Entity.PROJECT, "status").is_writable:
            archived = await provider.update_project(shelved.id, {"status": "archived"})
        else:
            await harness.archive_project(shelved.id)
            shown = await provider.get_project(shelved.id)
            assert shown is not None
            archived = await stored(await harness.fresh(), shown)
        assert (archived.status, archived.is_archived) == ("archived", True)
        fresh = await harness.fresh()
        assert shelved.id not in ids(await fresh.list_projects())
        assert shelved.id in ids(await fresh.list_projects(include_archived=True))
        found = await fresh.get_project(shelved.id)
        assert found is not None
        assert found.is_archived

    @needs("create_project")
    async def test_streamed_and_limited(self, harness: ProviderHarness, provider: BasePMProvider) -> None:
        """`iter_projects` yields what `list_projects` lists, in the same order; `limit` takes the first."""
        for _ in range(3):
            await harness.make_project()
        listed = ids(await provider.list_projects())
        assert [one.id async for one in provider.iter_projects()] == listed
        assert ids(await provider.list_projects(limit=2)) == listed[:2]
        assert await provider.list_projects(limit=0) == []

    @needs("create_project")
    async def test_subproject(self, harness: ProviderHarness, provider: BasePMProvider) -> None:
        """A subproject names its parent, is listed, and its tasks are not its parent's."""
        if not provider.capabilities.field(Entity.PROJECT, "parent_project_id").is_writable:
            return
        parent = await harness.project()
        child = await harness.make_project(parent_project_id=parent.id)
        assert child.parent_project_id == parent.id
        task = await provider.create_task(PMTask(title="in the child", project_id=child.id))
        fresh = await harness.fresh()
        assert {parent.id, child.id} <= set(ids(await fresh.list_projects()))
        assert ids(await fresh.list_tasks(child.id)) == [task.id]
        assert await fresh.list_tasks(parent.id) == []
        if provider.capabilities.supports("update_project"):
            async with refusal(provider, "update_project", ValidationError, ConflictError):
                await provider.update_project(parent.id, {"parent_project_id": child.id})


def _text(provider: BasePMProvider, text: str) -> str | None:
    """A description where projects have one."""
    return text if provider.capabilities.field(Entity.PROJECT, "description").is_writable else None
