"""Projects at every level, sprints and people."""

from __future__ import annotations

from datetime import date

import pytest

from pm_providers import PMProject, PMSprint, PMTask, PMUser
from pm_providers.errors import (
    ConfigurationError,
    ConflictError,
    NotFoundError,
    UnsupportedError,
    ValidationError,
)
from pm_providers.model import Entity
from pm_providers.providers.clickup import ClickUpProvider
from tests.providers.clickup.site import SPACE, TEAM, Scripted, Site, connected, fault

A, B = date(2026, 3, 2), date(2026, 3, 13)


# projects


async def test_spaces_are_projects(site: Site, provider: ClickUpProvider):
    made = await provider.create_project(PMProject(name="Mars", is_public=False))
    assert (made.name, made.is_public, made.warnings) == ("Mars", False, ())
    features = made.raw_data["features"]
    renamed = await provider.update_project(made.id, {"name": "Venus", "is_public": True})
    assert (renamed.name, renamed.is_public) == ("Venus", True)
    assert renamed.raw_data["features"] == features, "a change keeps what it does not name"
    assert {one.id for one in await provider.list_projects()} == {site.space, made.id}
    assert await provider.get_project(made.id) == renamed
    assert await provider.delete_project(made.id) is True
    assert await provider.delete_project(made.id) is False
    assert await provider.get_project(made.id) is None
    with pytest.raises(NotFoundError):
        await provider.update_project(made.id, {"name": "x"})


@pytest.mark.parametrize("field", ["description", "end_date", "priority", "owner_id"])
async def test_what_spaces_cannot_hold_is_refused_by_name(field):
    server = Scripted({})
    provider = await connected(server)
    value = {"description": "x", "end_date": A, "priority": "high", "owner_id": "183"}[field]
    with pytest.raises(UnsupportedError, match=f"project.{field}"):
        await provider.create_project(PMProject(name="x", **{field: value}))
    assert server.calls == []


async def test_a_space_whose_visibility_failed_is_there_with_a_warning():
    space = {"id": "791", "name": "Mars", "private": False}
    server = Scripted({f"POST team/{TEAM}/space": space, "PUT space/791": fault("No", "ACCESS_1", 403)})
    provider = await connected(server)
    made = await provider.create_project(PMProject(name="Mars", is_public=False))
    assert (made.id, [one.field for one in made.warnings]) == ("791", ["is_public"])


async def test_archived_spaces_come_when_asked_for():
    spaces = {
        "false": [{"id": "1", "name": "A", "archived": False}],
        "true": [{"id": "2", "name": "B", "archived": True}],
    }

    def listed(request):
        from tests.providers.clickup.site import answer

        return answer({"spaces": spaces[request.url.params["archived"]]})

    server = Scripted({f"GET team/{TEAM}/space": listed})
    provider = await connected(server)
    assert [one.id for one in await provider.list_projects()] == ["1"]
    found = await provider.list_projects(include_archived=True)
    assert [(one.id, one.is_archived) for one in found] == [("1", False), ("2", True)]


@pytest.mark.parametrize("level", ["folder", "list"])
async def test_folders_or_lists_are_projects_when_so_configured(site: Site, level: str):
    async with site.provider(project_level=level, space_id=site.space) as provider:
        made = await provider.create_project(PMProject(name="Mars"))
        assert made.id in {one.id for one in await provider.list_projects()}
        task = await provider.create_task(PMTask(title="a", project_id=made.id, status="in progress"))
        assert (task.project_id, task.warnings) == (made.id, ())
        assert [one.id for one in await provider.list_tasks(made.id)] == [task.id]
        assert (await provider.list_statuses(made.id))[0].name == "to do"
        page = await provider.changes(made.id)
        assert [one.id for one in page.upserts] == [task.id]
        assert (await provider.changes(made.id, page.cursor)).upserts == []
        assert (await provider.update_project(made.id, {"name": "Venus"})).name == "Venus"
        assert await provider.delete_project(made.id) is True
        assert await provider.get_project(made.id) is None


async def test_a_list_holds_more_than_a_name(site: Site):
    async with site.provider(project_level="list", space_id=site.space) as provider:
        made = await provider.create_project(
            PMProject(name="L", description="a *b*", end_date=B, priority="high", owner_id=site.mia)
        )
        assert made.warnings == ()
        assert (made.description, made.end_date, made.priority, made.owner_id) == (
            "a *b*",
            B,
            "high",
            site.mia,
        )
        bare = await provider.update_project(
            made.id, {"end_date": None, "owner_id": None, "description": None}
        )
        assert (bare.description, bare.end_date, bare.owner_id) == (None, None, None)
        assert not provider.capabilities.supports("list_sprints")
        assert not provider.capabilities.field(Entity.TASK, "sprint_id").is_supported


async def test_which_space_new_folders_get_into_must_be_known():
    server = Scripted({f"GET team/{TEAM}/space": {"spaces": [{"id": "1"}, {"id": "2"}]}})
    provider = await connected(server, project_level="folder")
    with pytest.raises(ConfigurationError, match="space_id"):
        await provider.create_project(PMProject(name="x"))
    assert not [one for one in server.calls if one.startswith("POST")]


# sprints


async def test_a_sprint_is_a_list_in_a_sprint_folder_with_its_dates_in_the_name(
    site: Site, provider: ClickUpProvider
):
    made = await provider.create_sprint(
        PMSprint(name="Sprint 7", project_id=site.space, start_date=A, end_date=B, goal="Land *softly*")
    )
    assert made.warnings == ()
    assert (made.name, made.start_date, made.end_date, made.goal) == ("Sprint 7", A, B, "Land *softly*")
    assert made.raw_data["name"] == "Sprint 7 (3/2 - 3/13)"
    assert made.raw_data["folder"]["name"] == "Sprints"
    second = await provider.create_sprint(PMSprint(name="Sprint 8", project_id=site.space))
    assert second.raw_data["folder"]["id"] == made.raw_data["folder"]["id"], "the folder is made once"
    assert [one.id for one in await provider.list_sprints(site.space)] == [made.id, second.id]
    assert await provider.get_sprint(made.id) == made
    changed = await provider.update_sprint(made.id, {"name": "Sprint X", "start_date": None, "goal": None})
    assert (changed.name, changed.start_date, changed.end_date, changed.goal) == ("Sprint X", None, B, None)
    assert changed.raw_data["name"] == "Sprint X"
    moved = await provider.update_sprint(made.id, {"end_date": None, "start_date": A})
    assert (moved.start_date, moved.end_date, moved.warnings) == (A, None, ())
    assert await provider.delete_sprint(second.id) is True
    assert await provider.delete_sprint(second.id) is False
    with pytest.raises(NotFoundError):
        await provider.update_sprint(second.id, {"name": "x"})


async def test_a_list_that_is_no_sprint_is_none(site: Site, provider: ClickUpProvider):
    plain = next(one for one in site.box.state.lists if one.name == "Project 1")
    assert await provider.get_sprint(plain.id) is None
    assert await provider.delete_sprint(plain.id) is False
    assert await provider.get_project(plain.id) is None


async def test_sprint_folders_may_be_configured(site: Site):
    async with site.provider() as provider:
        folder = (
            await provider.request("POST", f"space/{site.space}/folder", json={"name": "Iterations"})
        ).data["id"]
    async with site.provider(sprint_folder_ids=[folder], sprint_day_first=True) as provider:
        made = await provider.create_sprint(
            PMSprint(name="I 1", project_id=site.space, start_date=A, end_date=B)
        )
        assert (made.raw_data["folder"]["id"], made.raw_data["name"]) == (folder, "I 1 (2/3 - 13/3)")
        assert (made.start_date, made.end_date) == (A, B)
    async with site.provider() as provider:
        assert await provider.get_sprint(made.id) is None


async def test_a_sprint_that_tasks_are_at_home_in_is_not_deleted_with_them(site: Site):
    async with site.provider(sprint_membership="home") as provider:
        sprint = await provider.create_sprint(PMSprint(name="Sprint", project_id=site.space))
        task = await provider.create_task(PMTask(title="a", project_id=site.space, sprint_id=sprint.id))
        with pytest.raises(ConflictError):
            await provider.delete_sprint(sprint.id)
        assert await provider.get_task(task.id) is not None


async def test_sprints_of_folders_are_their_lists_of_the_name(site: Site):
    async with site.provider(project_level="folder", space_id=site.space) as provider:
        project = await provider.create_project(PMProject(name="Mars"))
        with pytest.raises(ValidationError, match="sprint"):
            await provider.create_sprint(PMSprint(name="Iteration", project_id=project.id))
        made = await provider.create_sprint(PMSprint(name="Sprint 1", project_id=project.id, end_date=B))
        assert (made.project_id, made.warnings) == (project.id, ())
        await provider.create_task(PMTask(title="a", project_id=project.id))
        assert [one.id for one in await provider.list_sprints(project.id)] == [made.id]


async def test_where_a_sprint_stands_cannot_be_written(provider: ClickUpProvider, site: Site):
    with pytest.raises(ValidationError, match="status"):
        await provider.create_sprint(PMSprint(name="S", project_id=site.space, status="active"))


# people


async def test_members_are_users(site: Site, provider: ClickUpProvider):
    users = {one.id: one for one in await provider.list_users(site.space)}
    me = await provider.get_current_user()
    assert users[me.id].is_admin
    assert users[site.mia].name == "Mia Sand"
    assert (await provider.get_user("mia@example.com")).id == site.mia
    assert await provider.get_user("999") is None


async def test_people_of_a_private_space_are_those_it_is_shared_with():
    space = {"id": SPACE, "private": True, "members": [{"user": {"id": 184}}]}
    server = Scripted({f"GET space/{SPACE}": space})
    provider = await connected(server)
    assert [one.id for one in await provider.list_users(SPACE)] == ["184"]
    assert [one.id for one in await provider.list_users()] == ["183", "184"]
    with pytest.raises(NotFoundError):
        await provider.list_users("999")


async def test_people_are_invited_renamed_and_removed_on_enterprise(site: Site, provider: ClickUpProvider):
    made = await provider.create_user(PMUser(name="Ben", email="ben@example.com"))
    assert (made.name, made.email, made.warnings) == ("Ben", "ben@example.com", ())
    with pytest.raises(ConflictError):
        await provider.create_user(PMUser(name="Ben", email="ben@example.com"))
    assert (await provider.update_user(made.id, {"name": "Benny"})).name == "Benny"
    with pytest.raises(ValidationError, match="email"):
        await provider.update_user(made.id, {"email": "x@example.com"})
    assert await provider.delete_user(made.id) is True
    assert await provider.delete_user(made.id) is False
    with pytest.raises(ValidationError, match="email"):
        await provider.create_user(PMUser(name="Nobody"))


async def test_other_plans_refuse_to_invite_people():
    site = Site(plan="business")
    async with site.provider() as provider:
        with pytest.raises(UnsupportedError, match=r"(?i)plan"):
            await provider.create_user(PMUser(name="Ben", email="ben@example.com"))


async def test_dates_that_a_sprint_is_called_by_are_its_dates(site: Site, provider: ClickUpProvider):
    made = await provider.create_sprint(
        PMSprint(name="Sprint 1 (3/2 - 3/13)", project_id=site.space, end_date=B)
    )
    assert (made.name, made.start_date, made.end_date, made.warnings) == ("Sprint 1", A, B, ())
    changed = await provider.update_sprint(made.id, {"name": "Sprint 2 (3/4 - 3/13)"})
    assert (changed.name, changed.start_date, changed.end_date) == ("Sprint 2", date(2026, 3, 4), B)
    assert changed.warnings == ()
