"""What is kept is asked anew when it no longer fits, and what the workflow refuses is tried another way."""

from __future__ import annotations

import httpx2
import pytest

from pm_providers import (
    ConflictError,
    NotFoundError,
    OpenProjectProvider,
    PMProject,
    PMSprint,
    PMTask,
    PMUser,
    ProviderError,
    ValidationError,
)
from pm_providers.sandbox.openproject.records import Priority, Status, Type
from tests.providers.openproject.support import Pause, World, config, connected, create

REFUSED = {
    "_type": "Error",
    "errorIdentifier": "urn:openproject-org:api:v3:errors:PropertyConstraintViolation",
    "message": "Status is invalid because no valid transition exists from old to new status.",
    "_embedded": {"details": {"attribute": "status"}},
}


class Between(httpx2.AsyncBaseTransport):
    """The sandbox, with some answers replaced.

    Args:
        world: whose sandbox.
        answers: (method, end of the path) -> answers to give first, one for each request.
    """

    def __init__(self, world: World, answers: dict[tuple[str, str], list[httpx2.Response]]) -> None:
        self.inner = world.box.transport()
        self.answers = answers

    async def handle_async_request(self, request):
        for (method, end), prepared in self.answers.items():
            if request.method == method and request.url.path.endswith(end) and prepared:
                return prepared.pop(0)
        return await self.inner.handle_async_request(request)


def behind(world: World, answers=None, pause: Pause | None = None) -> OpenProjectProvider:
    settings = config(world.box.base_url, world.box.settings["OPENPROJECT_API_KEY"], sprint_source="version")
    timing = (pause or Pause()).timing()
    return OpenProjectProvider(settings, transport=Between(world, answers or {}), timing=timing)


async def test_on_creation_another_status_with_the_same_meaning_is_tried(world):
    answers = {("POST", "/api/v3/work_packages"): [httpx2.Response(422, json=REFUSED)]}
    async with behind(world, answers) as provider:
        made = await create(provider, world, type="Bug", status="in_progress")
        assert made.status == "in_progress"
        assert made.status_name != "In progress", "that one was refused"
        assert made.warnings == ()


async def test_on_an_update_another_status_with_the_same_meaning_is_tried(world):
    async with connected(world.box) as provider:
        made = await create(provider, world, type="Bug")
    answers = {("PATCH", f"/work_packages/{made.id}"): [httpx2.Response(422, json=REFUSED)]}
    async with behind(world, answers) as provider:
        changed = await provider.update_task(made.id, {"status": "in_progress", "title": "x"})
        assert (changed.status, changed.title) == ("in_progress", "x")
        assert changed.status_name != "In progress"


async def test_a_status_that_is_named_is_not_replaced(world):
    refused = [httpx2.Response(422, json=REFUSED)]
    async with behind(world, {("POST", "/api/v3/work_packages"): refused}) as provider:
        with pytest.raises(ValidationError, match="leads to"):
            await create(provider, world, type="Bug", status="Tested")
    assert world.box.log.count("POST", "/work_packages$") == 0


async def test_a_race_under_an_expected_version(world):
    async with connected(world.box) as provider:
        made = await create(provider, world)
    stale = {
        "_type": "Error",
        "errorIdentifier": "urn:openproject-org:api:v3:errors:UpdateConflict",
        "message": "x",
    }
    async with behind(
        world, {("PATCH", f"/work_packages/{made.id}"): [httpx2.Response(409, json=stale)]}
    ) as provider:
        with pytest.raises(ConflictError) as caught:
            await provider.update_task(made.id, {"title": "x"}, expected_version=made.version)
    assert caught.value.current_version == made.version


async def test_a_server_error_with_a_parent_that_exists_stays_one(world):
    async with connected(world.box) as provider:
        parent = await create(provider, world)
    broken = httpx2.Response(500, json={"_type": "Error", "errorIdentifier": "x", "message": "broken"})
    async with behind(world, {("POST", "/api/v3/work_packages"): [broken]}) as provider:
        with pytest.raises(ProviderError, match="broken"):
            await create(provider, world, parent_task_id=parent.id)


async def test_a_project_that_does_not_exist_is_named(provider):
    for fields in ({}, {"type": "Task"}):
        with pytest.raises(ValidationError) as caught:
            await provider.create_task(PMTask(title="x", project_id="99999", **fields))
        assert "project_id" in caught.value.fields


async def test_new_statuses_priorities_and_types_are_found(provider, world):
    made = await create(provider, world)
    await provider.list_types()
    state = world.box.state
    status = state.statuses.put(
        Status(id=state.statuses.next_id(), name="Waiting", position=99, **state.stamps())
    )
    rank = state.priorities.put(
        Priority(id=state.priorities.next_id(), name="Lowest", position=0, **state.stamps())
    )
    kind = state.types.put(Type(id=state.types.next_id(), name="Chore", position=99, **state.stamps()))
    project = state.projects[int(world.main)]
    state.projects.change(project, type_ids=(*project.type_ids, kind.id))
    row = state.work_packages[int(made.id)]
    state.work_packages.change(row, status_id=status.id, priority_id=rank.id, type_id=kind.id)
    found = await provider.get_task(made.id)
    assert (found.status, found.status_name) == ("blocked", "Waiting")
    assert (found.priority, found.priority_name, found.type) == ("lowest", "Lowest", "Chore")
    changed = await provider.update_task(made.id, {"title": "x"})
    assert changed.title == "x"
    assert (await create(provider, world, type="Chore", priority="lowest")).warnings == ()


async def test_new_versions_categories_and_fields_are_found(provider, world):
    await create(
        provider, world, sprint_id=world.sprint, label_ids=[world.label], custom_fields={"CF int": 1}
    )
    sprint, label = world._version("Late", world.main), world._category("Late", world.main)
    for one in ("WorkPackage", "Project", "Version", "User"):
        world._field(f"Late {one}", "string", owner=one)
    made = await create(
        provider, world, sprint_id=sprint, label_ids=[label], custom_fields={"Late WorkPackage": "x"}
    )
    assert made.warnings == ()
    project = await provider.create_project(PMProject(name="P", custom_fields={"Late Project": "x"}))
    assert project.custom_fields == {"Late Project": "x"}
    version = await provider.create_sprint(
        PMSprint(name="V", project_id=world.main, custom_fields={"Late Version": "x"})
    )
    assert (version.custom_fields, version.warnings) == ({"Late Version": "x"}, ())
    user = await provider.create_user(
        PMUser(name="A B", email="ab@example.com", custom_fields={"Late User": "x"})
    )
    assert (user.custom_fields, user.warnings) == ({"Late User": "x"}, ())


async def test_a_field_that_a_kept_schema_lacks_is_read_after_a_while(world):
    pause = Pause()
    async with behind(world, pause=pause) as provider:
        made = await create(provider, world)
        await provider.get_task(made.id)
        number = world._field("CF late", "string")
        state = world.box.state
        state.work_packages.change(state.work_packages[int(made.id)], custom={number: "here"})
        pause.slept.append(60)
        assert (await provider.get_task(made.id)).custom_fields == {"CF late": "here"}


async def test_filters_by_what_does_not_exist(provider, world):
    await create(provider, world)
    assert await provider.list_tasks(world.main, sprint_id="x") == []
    assert await provider.list_tasks(world.main, assignee_id="nobody") == []
    assert await provider.list_tasks(sprint_id="99999") == []
    with pytest.raises(NotFoundError):
        await provider.search_tasks("x", project_id="nowhere")
