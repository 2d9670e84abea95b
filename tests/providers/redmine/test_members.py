"""Members and watchers against a real server: inherited roles, groups, rights."""

from __future__ import annotations

import httpx2
import pytest

from pm_providers import (
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMMembership,
    ProviderError,
    ValidationError,
)
from tests.providers.redmine.office import DEVELOPER, MANAGER, REPORTER, Faulty

pytestmark = pytest.mark.redmine

MISSING = "99999999"


class TestMemberships:
    """Roles of users and groups in projects."""

    async def test_life_of_a_membership(self, provider, office, project):
        """Roles by name, whatever its case, or id."""
        person = office.person()
        made = await provider.create_membership(
            PMMembership("", project, person.id, roles=["manager", str(REPORTER)])
        )
        assert (made.roles, made.is_inherited, made.warnings) == (["Manager", "Reporter"], False, ())
        changed = await provider.update_membership(made.id, {"roles": ["Developer"]})
        assert (changed.id, changed.roles, changed.warnings) == (made.id, ["Developer"], ())
        assert await provider.list_memberships(project) == [changed]
        key = office.call("GET", f"projects/{project}")["project"]["identifier"]
        assert await provider.list_memberships(key) == [changed]
        assert await provider.delete_membership(made.id) is True
        assert await provider.delete_membership(made.id) is False

    async def test_users_by_login(self, provider, office, project):
        """Administrators may name a user by login."""
        person = office.person()
        made = await provider.create_membership(PMMembership("", project, person.login, roles=["Manager"]))
        assert made.user_id == person.id

    async def test_groups(self, provider, office, project):
        """Members of a group inherit its roles: they are listed, and cannot be changed themselves."""
        person = office.person()
        group = office.group(person.id)
        made = await provider.create_membership(PMMembership("", project, group, roles=["Developer"]))
        assert (made.user_id, made.is_inherited) == (group, False)
        [own, inherited] = await provider.list_memberships(project)
        assert own == made
        assert (inherited.user_id, inherited.is_inherited) == (person.id, True)
        with pytest.raises(ValidationError, match="come from a group"):
            await provider.update_membership(inherited.id, {"roles": ["Manager"]})
        with pytest.raises(ValidationError, match="come from a group"):
            await provider.delete_membership(inherited.id)
        assert await provider.list_memberships(project) == [own, inherited]

    async def test_partly_inherited(self, provider, office, project):
        """Own roles can be changed beside inherited ones, which stay and are told."""
        person = office.person()
        group = office.group(person.id)
        office.member(project, group, DEVELOPER)
        inherited = next(one for one in await provider.list_memberships(project) if one.user_id == person.id)
        office.call("PUT", f"memberships/{inherited.id}", {"membership": {"role_ids": [REPORTER]}})
        changed = await provider.update_membership(inherited.id, {"roles": ["Manager"]})
        assert sorted(changed.roles) == ["Developer", "Manager"]
        assert changed.is_inherited is False
        assert [warning.field for warning in changed.warnings] == ["roles"]
        with pytest.raises(ValidationError, match="some come from"):
            await provider.delete_membership(inherited.id)

    @pytest.mark.parametrize("language", ["en", "de"])
    async def test_members_already_and_nobody(self, office, project, language):
        """Told apart, whichever language the account speaks."""
        manager, person = office.person(project, MANAGER, language=language), office.person()
        async with office.provider(manager) as provider:
            made = await provider.create_membership(PMMembership("", project, person.id, roles=["Developer"]))
            with pytest.raises(ConflictError, match=f"update membership {made.id}"):
                await provider.create_membership(PMMembership("", project, person.id, roles=["Reporter"]))
            for field, other in (("user_id", (project, MISSING)), ("project_id", (MISSING, person.id))):
                with pytest.raises(ValidationError) as caught:
                    await provider.create_membership(PMMembership("", *other, roles=["Developer"]))
                assert list(caught.value.fields) == [field]

    async def test_unknown_roles(self, provider, office, project):
        """With those that there are; those of nobody in particular are none."""
        person = office.person()
        for wrong in ("Boss", "1", "Non member"):
            with pytest.raises(ValidationError) as caught:
                await provider.create_membership(PMMembership("", project, person.id, roles=[wrong]))
            assert "there is: Manager, Developer, Reporter" in caught.value.fields["roles"]
        assert await provider.list_memberships(project) == []

    async def test_without_the_right(self, office, project):
        """Developers manage no members; a private project is hidden from others."""
        person = office.person(project)
        async with office.provider(person) as provider:
            [mine] = await provider.list_memberships(project)
            with pytest.raises(PermissionDeniedError):
                await provider.update_membership(mine.id, {"roles": ["Manager"]})
            with pytest.raises(PermissionDeniedError):
                await provider.delete_membership(mine.id)
        private = office.project(is_public=False)
        async with office.provider(person) as provider:
            with pytest.raises(PermissionDeniedError):
                await provider.list_memberships(private)

    async def test_roles_that_may_not_be_taken(self, office, project):
        """The server refuses with no word."""
        refused = Faulty(answer=lambda request: httpx2.Response(422) if request.method == "DELETE" else None)
        member = office.member(project, office.person().id, DEVELOPER)
        async with office.provider(transport=refused) as provider:
            with pytest.raises(PermissionDeniedError, match="may not take away all roles"):
                await provider.delete_membership(member)

    async def test_ids_of_no_use(self, provider, project):
        """Ids that are no numbers are not sent."""
        for wrong in ("x", "../1", MISSING):
            assert await provider.delete_membership(wrong) is False
            with pytest.raises(NotFoundError):
                await provider.update_membership(wrong, {"roles": ["Manager"]})
            with pytest.raises(NotFoundError):
                await provider.list_memberships(wrong)


class TestWatchers:
    """Watchers of issues."""

    async def test_they_come_and_go(self, provider, office, project, task):
        """By id or login; a group is listed with the rest."""
        person, group = office.person(project), office.group()
        before = await provider.list_watchers(task)
        assert await provider.add_watcher(task, person.login) is True
        assert await provider.add_watcher(task, person.id) is False
        assert await provider.add_watcher(task, group) is True
        found = {one.id: one for one in await provider.list_watchers(task)}
        assert set(found) == {person.id, group, *(one.id for one in before)}
        assert found[person.id].name == "Ada Byron"
        assert await provider.remove_watcher(task, person.login) is True
        assert await provider.remove_watcher(task, person.id) is False
        assert await provider.remove_watcher(task, group) is True
        assert await provider.list_watchers(task) == before

    async def test_nobody(self, provider, office, project, task):
        """The server answers 204 to a watcher that does not exist, or is locked."""
        locked = office.person(project)
        office.call("PUT", f"users/{locked.id}", {"user": {"status": 3}})
        for wrong in (MISSING, locked.id, "nobody at all", "../1"):
            with pytest.raises(ValidationError) as caught:
                await provider.add_watcher(task, wrong)
            assert "user_id" in caught.value.fields
            assert await provider.remove_watcher(task, wrong) is False

    async def test_without_the_right(self, office, project, task):
        """Who may not see watchers is told so, instead of an empty list."""
        reporter = office.person()
        transport = Faulty()
        async with office.provider(reporter, transport) as provider:
            for call in (
                provider.list_watchers(task),
                provider.add_watcher(task, reporter.id),
                provider.remove_watcher(task, reporter.id),
            ):
                with pytest.raises(PermissionDeniedError, match="may not see who watches"):
                    await call
        assert transport.count("POST") == transport.count("DELETE") == 0

    async def test_lost_answers(self, office, project, task):
        """The list tells whether a removal whose answer got lost was done."""
        person = office.person(project)
        transport = Faulty(lose=lambda request: request.method == "DELETE")
        async with office.provider(transport=transport) as provider:
            await provider.add_watcher(task, person.id)
            assert await provider.remove_watcher(task, person.id) is True
            assert person.id not in {one.id for one in await provider.list_watchers(task)}

    async def test_removal_that_is_none(self, office, project, task):
        """204 is no success."""
        person = office.person(project)
        transport = Faulty(
            answer=lambda request: httpx2.Response(204) if request.method == "DELETE" else None
        )
        async with office.provider(transport=transport) as provider:
            await provider.add_watcher(task, person.id)
            with pytest.raises(ProviderError, match="still watches"):
                await provider.remove_watcher(task, person.id)
