"""Archived tasks, and tasks of archived lists."""

from __future__ import annotations

import pytest

from pm_providers import PMProject, PMSprint, PMTask
from pm_providers.errors import ValidationError
from pm_providers.providers.clickup import ClickUpProvider
from tests.providers.clickup.site import Site


async def closed_sprint(site: Site, provider: ClickUpProvider, count: int) -> tuple[str, list[str]]:
    """A sprint that is the home list of some tasks, and was archived in the app."""
    sprint = await provider.create_sprint(PMSprint(name="Sprint 1", project_id=site.space))
    made = [
        await provider.request("POST", f"list/{sprint.id}/task", json={"name": f"t{one}"})
        for one in range(count)
    ]
    return sprint.id, [one.data["id"] for one in made]


def archive(site: Site, list_id: str) -> None:
    lists = site.box.state.lists
    lists.change(lists[list_id], archived=True)


async def test_tasks_of_archived_lists_come_with_the_archived_ones(site: Site, provider: ClickUpProvider):
    sprint, ids = await closed_sprint(site, provider, 2)
    archive(site, sprint)
    assert await provider.list_tasks(site.space) == []
    found = await provider.list_tasks(site.space, include_archived=True)
    assert sorted(one.id for one in found) == sorted(ids)


async def test_archived_tasks_of_a_sprint_come_from_their_second_list_too(
    site: Site, provider: ClickUpProvider
):
    sprint = await provider.create_sprint(PMSprint(name="Sprint 1", project_id=site.space))
    task = await provider.create_task(PMTask(title="a", project_id=site.space, sprint_id=sprint.id))
    await provider.request("PUT", f"task/{task.id}", json={"archived": True})
    found = await provider.list_tasks(site.space, sprint_id=sprint.id, include_archived=True)
    assert [(one.id, one.is_archived) for one in found] == [(task.id, True)]
    other = await provider.create_project(PMProject(name="Other"))
    assert await provider.list_tasks(other.id, sprint_id=sprint.id, include_archived=True) == []


async def test_archived_tasks_come_when_asked_for_and_from_their_lists_only(
    site: Site, provider: ClickUpProvider
):
    kept = await provider.create_task(PMTask(title="kept", project_id=site.space))
    old = await provider.create_task(PMTask(title="old", project_id=site.space))
    await provider.request("PUT", f"task/{old.id}", json={"archived": True})
    assert [one.id for one in await provider.list_tasks(site.space)] == [kept.id]
    found = await provider.list_tasks(site.space, include_archived=True)
    assert {one.id: one.is_archived for one in found} == {kept.id: False, old.id: True}
    assert {one.id for one in await provider.list_tasks(include_archived=True)} >= {kept.id, old.id}


async def test_a_default_list_that_was_archived_is_named(site: Site, provider: ClickUpProvider):
    """Its name stays taken, so that no other one can be made."""
    await provider.create_task(PMTask(title="a", project_id=site.space))
    archive(site, next(one.id for one in site.box.state.lists if one.name == "Backlog"))
    async with site.provider() as again:
        with pytest.raises(ValidationError) as caught:
            await again.create_task(PMTask(title="b", project_id=site.space))
    assert "default_list" in caught.value.fields["project_id"]
