"""Sprints and users."""

from __future__ import annotations

from pm_providers.contract import BasePMProvider
from pm_providers.errors import ConflictError, NotFoundError, ValidationError
from pm_providers.model import Entity, PMProject, PMSprint, PMTask, PMUser
from pm_providers.testing.checks import ids, needs, refusal, stored
from pm_providers.testing.harness import ProviderHarness, unique
from pm_providers.testing.samples import create, draft, new_task
from pm_providers.testing.suite.base import SuiteBase

__all__ = ["SprintSuite", "UserSuite"]


class SprintSuite(SuiteBase):
    """Sprints are listed, read, written and deleted."""

    @needs("create_sprint", "get_sprint", "list_sprints")
    async def test_sprint_is_listed_and_read(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """A sprint is in its project's list and equal to what `get_sprint` says; others are `None`."""
        created = await provider.create_sprint(PMSprint("", unique("Sprint"), project.id))
        told = {warning.field for warning in created.warnings}
        assert (created.project_id == project.id) != ("project_id" in told)
        assert created.status in {"planned", "active", "closed"}
        fresh = await harness.fresh()
        await stored(fresh, created)
        assert ids(await fresh.list_sprints(project.id)) == [created.id]
        assert created.id in ids(await fresh.list_sprints())
        assert await fresh.list_sprints(project.id, limit=0) == []
        assert [one.id async for one in fresh.iter_sprints(project.id)] == [created.id]
        assert await fresh.get_sprint(harness.missing_id) is None

    @needs("list_sprints")
    async def test_sprints_of_an_unknown_project(
        self, harness: ProviderHarness, provider: BasePMProvider
    ) -> None:
        """Sprints of a project that does not exist are an error, not empty."""
        async with refusal(provider, "list_sprints", NotFoundError):
            await provider.list_sprints(harness.missing_id)

    @needs("create_sprint", "list_sprints")
    async def test_sprint_status_filter(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """Sprints are filtered by unified status; each is in exactly one such list."""
        created = await provider.create_sprint(PMSprint(name=unique("Sprint"), project_id=project.id))
        for status in ("planned", "active", "closed"):
            expected = [created.id] if created.status == status else []
            assert ids(await provider.list_sprints(project.id, status=status)) == expected

    @needs("create_sprint", "update_sprint")
    async def test_sprint_update_leaves_the_rest(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """An update changes the fields it names and no other."""
        created = await provider.create_sprint(PMSprint(name=unique("Sprint before"), project_id=project.id))
        name = unique("Sprint after")
        changed = await provider.update_sprint(created.id, {"name": name})
        assert (changed.id, changed.name, changed.status) == (created.id, name, created.status)
        await stored(await harness.fresh(), changed)
        async with refusal(provider, "update_sprint", NotFoundError):
            await provider.update_sprint(harness.missing_id, {"name": "x"})

    @needs("create_sprint", "delete_sprint")
    async def test_delete_sprint(self, harness: ProviderHarness, provider: BasePMProvider) -> None:
        """A deleted sprint is gone; deleting it again is no error."""
        sprint = await create(provider, Entity.SPRINT, await draft(harness, Entity.SPRINT))
        assert await provider.delete_sprint(sprint.id) is True
        assert await (await harness.fresh()).get_sprint(sprint.id) is None
        assert await provider.delete_sprint(sprint.id) is False
        assert await provider.delete_sprint(harness.missing_id) is False

    @needs("create_sprint", "delete_sprint", "create_task")
    async def test_delete_sprint_with_tasks(self, harness: ProviderHarness, provider: BasePMProvider) -> None:
        """Tasks outlive their sprint, without it; or the system refuses, and then nothing is changed."""
        sprint = await create(provider, Entity.SPRINT, await draft(harness, Entity.SPRINT))
        task = await new_task(harness, sprint_id=sprint.id)
        expected: str | None = None
        try:
            assert await provider.delete_sprint(sprint.id) is True
        except (ValidationError, ConflictError) as error:
            assert error.operation == "delete_sprint"
            expected = sprint.id
        fresh = await harness.fresh()
        assert (await fresh.get_sprint(sprint.id) is None) == (expected is None)
        left = await fresh.get_task(task.id)
        assert left is not None
        assert left.sprint_id == expected


class UserSuite(SuiteBase):
    """Users are listed, read, and assigned; created and deleted where the system lets us."""

    @needs("list_users", "get_user")
    async def test_user_is_listed_and_read(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """Listed users have ids and names, once each, and can be read by id; others are `None`."""
        if provider.capabilities.field(Entity.TASK, "assignee_id").is_writable:
            await harness.assignees(project.id)
        users = await provider.list_users()
        assert users
        assert len(set(ids(users))) == len(users)
        for user in users[:5]:
            assert user.name.strip()
            found = await provider.get_user(user.id)
            assert found is not None
            assert (found.id, found.name) == (user.id, user.name)
        assert [one.id async for one in provider.iter_users()] == ids(users)
        assert ids(await provider.list_users(limit=1)) == ids(users)[:1]
        assert await provider.get_user(harness.missing_id) is None

    @needs("list_users", "create_task", "update_task")
    async def test_users_of_a_project_can_be_assigned(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject, task: PMTask
    ) -> None:
        """Users listed for a project can be assigned to its tasks, the first of many is `assignee_id`."""
        if not provider.capabilities.field(Entity.TASK, "assignee_id").is_writable:
            return
        offered = await harness.assignees(project.id)
        assert set(offered) <= set(ids(await provider.list_users(project.id)))
        ada, bob, *_ = offered
        assigned = await provider.update_task(task.id, {"assignee_id": ada})
        assert (assigned.assignee_id, assigned.assignee_ids) == (ada, [ada])
        if (provider.capabilities.limits.assignees or 2) > 1:
            both = await provider.update_task(task.id, {"assignee_ids": [bob, ada]})
            assert (both.assignee_id, both.assignee_ids) == (bob, [bob, ada])
            async with refusal(provider, "update_task", ValidationError):
                await provider.update_task(task.id, {"assignee_id": ada, "assignee_ids": [bob, ada]})
        nobody = await provider.update_task(task.id, {"assignee_id": None})
        fresh = await harness.fresh()
        await stored(fresh, nobody)
        assert bob not in nobody.assignee_ids

    @needs("list_users")
    async def test_users_of_an_unknown_project(
        self, harness: ProviderHarness, provider: BasePMProvider
    ) -> None:
        """Users of a project that does not exist are an error, not empty."""
        async with refusal(provider, "list_users", NotFoundError):
            await provider.list_users(harness.missing_id)

    @needs("create_user", "update_user", "get_user")
    async def test_create_and_update_user(self, harness: ProviderHarness, provider: BasePMProvider) -> None:
        """A created user is what another client reads, and can be renamed."""
        created = await harness.make_user()
        fresh = await harness.fresh()
        await stored(fresh, created)
        assert created.id in ids(await fresh.list_users())
        name, mutable = unique("Grace Hopper"), await harness.changeable(created)
        assert isinstance(mutable, PMUser)
        renamed = await provider.update_user(mutable.id, {"name": name})
        assert (renamed.id, renamed.name, renamed.email) == (mutable.id, name, mutable.email)
        async with refusal(provider, "update_user", NotFoundError):
            await provider.update_user(harness.missing_id, {"name": "Nobody Nowhere"})

    @needs("create_user")
    async def test_login_is_unique(self, harness: ProviderHarness, provider: BasePMProvider) -> None:
        """A second user with a login that is taken is refused."""
        created = await harness.make_user()
        if not created.username:
            return
        twin = harness.user_draft()
        twin.username = created.username
        async with refusal(provider, "create_user", ValidationError, ConflictError):
            await provider.create_user(twin)

    @needs("create_user", "delete_user")
    async def test_delete_user(self, harness: ProviderHarness, provider: BasePMProvider) -> None:
        """A deleted user is gone; deleting again is no error."""
        created = await harness.make_user()
        assert await provider.delete_user(created.id) is True
        await harness.settle()
        assert await (await harness.fresh()).get_user(created.id) is None
        assert await provider.delete_user(created.id) is False
        assert await provider.delete_user(harness.missing_id) is False
