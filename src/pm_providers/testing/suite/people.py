"""Members of projects, and watchers of tasks."""

from __future__ import annotations

from typing import Any

import pytest

from pm_providers.contract import BasePMProvider
from pm_providers.errors import ConflictError, NotFoundError, ValidationError
from pm_providers.model import Entity, PMMembership, PMProject, PMTask
from pm_providers.testing.checks import ids, needs, refusal, stored
from pm_providers.testing.harness import ProviderHarness
from pm_providers.testing.samples import new_task, role_names
from pm_providers.testing.suite.base import SuiteBase

__all__ = ["MembershipSuite", "WatcherSuite"]


async def _member(harness: ProviderHarness, **fields: object) -> PMMembership:
    """A new member of the test's project, with the first role."""
    project = await harness.project()
    values = {"project_id": project.id, "roles": [role_names(harness)[0]], **fields}
    if "user_id" not in values:
        values["user_id"] = (await harness.outsiders(project.id))[0]
    return await harness.provider.create_membership(PMMembership(**values))  # type: ignore[arg-type]


class MembershipSuite(SuiteBase):
    """Members are listed with their roles, added, changed and removed."""

    @needs("list_memberships", "create_membership")
    async def test_members_are_listed_with_their_roles(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """A new member stands in the list of its project and in no other."""
        first, second, *_ = await harness.outsiders(project.id)
        before = ids(await provider.list_memberships(project.id))
        made = [await _member(harness, user_id=user) for user in (first, second)]
        assert [(one.project_id, one.user_id, one.warnings) for one in made] == [
            (project.id, first, ()),
            (project.id, second, ()),
        ]
        fresh = await harness.fresh()
        for one in made:
            assert one.roles == [role_names(harness)[0]]
            assert not one.is_inherited
            await stored(fresh, one)
        listed = ids(await fresh.list_memberships(project.id))
        assert sorted(listed) == sorted([*before, *ids(made)])
        assert [one.id async for one in fresh.iter_memberships(project.id)] == listed
        assert ids(await fresh.list_memberships(project.id, limit=1)) == listed[:1]
        assert await fresh.list_memberships(project.id, limit=0) == []
        other = await harness.make_project()
        assert not set(ids(made)) & set(ids(await fresh.list_memberships(other.id)))

    @needs("create_membership", "list_users", "update_task")
    async def test_members_can_be_assigned(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject, task: PMTask
    ) -> None:
        """A member is a user of the project, and with the first role of the harness tasks go to him."""
        member = await _member(harness)
        fresh = await harness.fresh()
        assert member.user_id in ids(await fresh.list_users(project.id))
        if provider.capabilities.field(Entity.TASK, "assignee_id").is_writable:
            assigned = await fresh.update_task(task.id, {"assignee_id": member.user_id})
            assert (assigned.assignee_id, assigned.warnings) == (member.user_id, ())

    @needs("list_memberships", "create_membership", "update_membership")
    async def test_roles_are_replaced(self, harness: ProviderHarness, provider: BasePMProvider) -> None:
        """The roles given replace the old ones; several are held, or the write says which are not."""
        first, second = role_names(harness)
        made = await _member(harness)
        changed = await provider.update_membership(made.id, {"roles": [second]}, project_id=made.project_id)
        assert (changed.id, changed.user_id, changed.roles) == (made.id, made.user_id, [second])
        fresh = await harness.fresh()
        await stored(fresh, changed)
        both = await provider.update_membership(
            made.id, {"roles": [first, second]}, project_id=made.project_id
        )
        await stored(fresh, both)
        assert set(both.roles) == {first, second} or [one.field for one in both.warnings] == ["roles"]
        refused: tuple[dict[str, Any], ...]
        refused = ({"roles": []}, {"roles": None}, {"roles": second}, {"user_id": made.user_id})
        for wrong in refused:
            async with refusal(provider, "update_membership", ValidationError):
                await provider.update_membership(made.id, wrong, project_id=made.project_id)
        async with refusal(provider, "update_membership", NotFoundError):
            await provider.update_membership(
                harness.missing_id, {"roles": [first]}, project_id=made.project_id
            )

    @needs("list_memberships", "create_membership")
    async def test_roles_are_known_by_name(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """Case does not matter; an unknown role is refused with those that there are, and nobody is added."""
        first, second = role_names(harness)
        made = await _member(harness, roles=[f" {first.upper()} ", first])
        assert (made.roles, made.warnings) == ([first], ())
        before = await provider.list_memberships(project.id)
        user = (await harness.outsiders(project.id))[0]
        async with refusal(provider, "create_membership", ValidationError) as caught:
            await _member(harness, user_id=user, roles=[first, "No such role"])
        assert isinstance(caught.value, ValidationError)
        for part in ("No such role", first, second):
            assert part in caught.value.fields["roles"]
        assert await (await harness.fresh()).list_memberships(project.id) == before

    @needs("list_memberships", "create_membership")
    async def test_nobody_is_a_member_twice(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """A second membership of the same user is a conflict, and leaves the first as it was."""
        made = await _member(harness)
        before = await provider.list_memberships(project.id)
        async with refusal(provider, "create_membership", ConflictError):
            await _member(harness, user_id=made.user_id, roles=[role_names(harness)[1]])
        assert await (await harness.fresh()).list_memberships(project.id) == before

    @needs("create_membership")
    async def test_members_of_nothing_and_nobody(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """Users and projects that do not exist are refused by field."""
        async with refusal(provider, "create_membership", ValidationError) as caught:
            await _member(harness, user_id=harness.missing_id)
        assert isinstance(caught.value, ValidationError)
        assert "user_id" in caught.value.fields
        user = (await harness.outsiders(project.id))[0]
        async with refusal(provider, "create_membership", ValidationError, NotFoundError):
            await _member(harness, user_id=user, project_id=harness.missing_id)

    @needs("list_memberships")
    async def test_members_of_an_unknown_project(
        self, harness: ProviderHarness, provider: BasePMProvider
    ) -> None:
        """Members of a project that does not exist are an error, not empty."""
        async with refusal(provider, "list_memberships", NotFoundError):
            await provider.list_memberships(harness.missing_id)

    @needs("list_memberships", "create_membership", "delete_membership")
    async def test_end_a_membership(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """A membership that ended is gone, the user is not; ending it again is no error."""
        made = await _member(harness)
        assert await provider.delete_membership(made.id, project_id=project.id) is True
        fresh = await harness.fresh()
        assert made.id not in ids(await fresh.list_memberships(project.id))
        if provider.capabilities.supports("get_user"):
            assert await fresh.get_user(made.user_id) is not None
        assert await provider.delete_membership(made.id, project_id=project.id) is False
        assert await provider.delete_membership(harness.missing_id, project_id=project.id) is False


class WatcherSuite(SuiteBase):
    """Users watch tasks, and stop to."""

    @needs("list_watchers", "add_watcher", "remove_watcher")
    async def test_watchers_come_and_go(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject, task: PMTask
    ) -> None:
        """Adding and removing say whether it was so already; others and other tasks are left alone."""
        other = await new_task(harness)
        users = (await harness.watchers(project.id))[:2]
        ada, *more = users
        fresh = await harness.fresh()
        before = set(ids(await fresh.list_watchers(task.id))) - set(users)
        elsewhere = ids(await fresh.list_watchers(other.id))
        for user in users:
            await provider.remove_watcher(task.id, user)
        added = [await provider.add_watcher(task.id, user) for user in (*users, ada)]
        assert added == [True] * len(users) + [False]
        watching = await fresh.list_watchers(task.id)
        assert set(ids(watching)) == before | set(users)
        assert len(watching) == len(set(ids(watching)))
        assert all(user.name.strip() for user in watching)
        assert [await provider.remove_watcher(task.id, user) for user in (ada, ada)] == [True, False]
        assert set(ids(await fresh.list_watchers(task.id))) == before | set(more)
        assert ids(await fresh.list_watchers(other.id)) == elsewhere

    @needs("list_watchers", "add_watcher")
    async def test_only_some_can_watch(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject, task: PMTask
    ) -> None:
        """Where one account alone can be made to watch, others are refused by name, and nobody is added."""
        users = await harness.watchers(project.id)
        if len(users) > 1:
            return
        before = ids(await provider.list_watchers(task.id))
        others = set(await harness.assignees(project.id)) - set(users)
        assert others, "the harness names one who can watch, and nobody who cannot"
        for user in others:
            async with refusal(provider, "add_watcher", ValidationError) as caught:
                await provider.add_watcher(task.id, user)
            assert isinstance(caught.value, ValidationError)
            assert "user_id" in caught.value.fields
        assert ids(await (await harness.fresh()).list_watchers(task.id)) == before

    @needs("list_watchers", "add_watcher")
    async def test_watching_leaves_the_task_alone(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject, task: PMTask
    ) -> None:
        """A new watcher changes nothing of what the task says."""
        await provider.add_watcher(task.id, (await harness.watchers(project.id))[0])
        found = await (await harness.fresh()).get_task(task.id)
        assert found is not None
        assert (found.title, found.status, found.assignee_id) == (task.title, task.status, task.assignee_id)

    @needs("list_watchers")
    @pytest.mark.parametrize("operation", ["list_watchers", "add_watcher", "remove_watcher"])
    async def test_watchers_of_a_missing_task(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject, operation: str
    ) -> None:
        """A task that does not exist has no watchers to list, add or remove."""
        if not provider.capabilities.supports(operation):
            pytest.skip(f"{operation} is unsupported")
        more = () if operation == "list_watchers" else ((await harness.watchers(project.id))[0],)
        async with refusal(provider, operation, NotFoundError):
            await getattr(provider, operation)(harness.missing_id, *more)

    @needs("add_watcher", "remove_watcher", "list_watchers")
    async def test_watchers_that_do_not_exist(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """Nobody cannot watch, and does not watch."""
        before = ids(await provider.list_watchers(task.id))
        async with refusal(provider, "add_watcher", ValidationError) as caught:
            await provider.add_watcher(task.id, harness.missing_id)
        assert isinstance(caught.value, ValidationError)
        assert "user_id" in caught.value.fields
        assert await provider.remove_watcher(task.id, harness.missing_id) is False
        assert ids(await (await harness.fresh()).list_watchers(task.id)) == before
