"""Tasks that others change too: lock versions, workflows, moves, and many writes at once."""

from __future__ import annotations

from datetime import date

import httpx2
import pytest

from pm_providers import (
    ConflictError,
    OpenProjectProvider,
    PMTask,
    ValidationError,
)
from tests.providers.openproject.support import config, connected, create

FULL = {
    "description": "# Plan\n\n- [ ] one\n- [x] two\n\n| a | b |\n|---|---|\n| 1 | 2 |",
    "status": "in_progress",
    "priority": "high",
    "type": "Bug",
    "estimated_hours": 40.0,
    "start_date": date(2026, 12, 1),
    "due_date": date(2026, 12, 10),
}

# lock version


async def test_expected_version(provider, world):
    made = await create(provider, world)
    fresh = await provider.update_task(made.id, {"title": "Two"}, expected_version=made.version)
    with pytest.raises(ConflictError) as caught:
        await provider.update_task(made.id, {"title": "Three"}, expected_version=made.version)
    assert caught.value.current_version == fresh.version
    assert (await provider.get_task(made.id)).title == "Two"


class Rival:
    """Changes a task between our read and our write: strikes while the transport carries our PATCH."""

    def __init__(self, world, updates, times=1):
        self.world, self.updates, self.left = world, updates, times
        self.inner = world.box.transport()

    async def handle_async_request(self, request):
        if request.method == "PATCH" and self.left:
            self.left -= 1
            async with connected(self.world.box, "ann") as rival:
                await rival.update_task(request.url.path.rpartition("/")[2], self.updates(self.left))
        return await self.inner.handle_async_request(request)

    async def aclose(self):
        await self.inner.aclose()


async def beside(world, rival):
    class Transport(httpx2.AsyncBaseTransport):
        handle_async_request = rival.handle_async_request

    settings_ = world.box.settings
    made = config(settings_["OPENPROJECT_URL"], settings_["OPENPROJECT_API_KEY"], sprint_source="version")
    return OpenProjectProvider(made, transport=Transport())


async def test_a_conflict_in_other_fields_is_merged(provider, world):
    made = await create(provider, world)
    ours = await beside(world, Rival(world, lambda n: {"description": "theirs"}))
    changed = await ours.update_task(made.id, {"title": "ours"})
    assert (changed.title, changed.description) == ("ours", "theirs")
    await ours.aclose()


async def test_a_conflict_in_the_same_field_is_reported_and_nothing_is_written(provider, world):
    made = await create(provider, world)
    ours = await beside(world, Rival(world, lambda n: {"title": "theirs"}))
    with pytest.raises(ConflictError) as caught:
        await ours.update_task(made.id, {"title": "ours", "description": "ours"})
    assert caught.value.fields == ("title",)
    found = await provider.get_task(made.id)
    assert (found.title, found.description) == ("theirs", None)
    assert caught.value.current_version == found.version
    await ours.aclose()


async def test_both_sides_wanting_the_same_is_no_conflict(provider, world):
    made = await create(provider, world)
    ours = await beside(world, Rival(world, lambda n: {"title": "same"}))
    assert (await ours.update_task(made.id, {"title": "same"})).title == "same"
    await ours.aclose()


async def test_endless_conflicts_end(provider, world):
    made = await create(provider, world)
    ours = await beside(world, Rival(world, lambda n: {"description": f"v{n}"}, times=99))
    with pytest.raises(ConflictError):
        await ours.update_task(made.id, {"title": "ours"})
    assert world.box.log.count("PATCH", f"/work_packages/{made.id}$") <= 10
    await ours.aclose()


# workflow


async def test_the_workflow_decides_among_statuses_of_one_meaning(world):
    """A member may not reach Rejected here (recorded 25-…); the form says where the workflow leads."""
    async with connected(world.box, "ann") as provider:
        made = await create(provider, world)
        with pytest.raises(ValidationError, match="leads to") as caught:
            await provider.update_task(made.id, {"status": "cancelled", "title": "half"})
        assert "In progress" in caught.value.fields["status"]
        assert (await provider.get_task(made.id)).title == "Task", "nothing half-written"
        names = {one.name for one in await provider.list_transitions(made.id)}
        assert "Rejected" not in names
        assert "New" not in names, "the current status is no transition"
        assert {"In progress", "Closed"} <= names


async def test_another_status_with_the_same_meaning_is_taken_where_the_workflow_leads(world):
    """The type Task has no "In specification": what fits the workflow of the type is taken."""
    async with connected(
        world.box, "ann", status_map={"Specified": "blocked", "On hold": "blocked"}
    ) as provider:
        made = await create(provider, world)
        changed = await provider.update_task(made.id, {"status": "blocked"})
        assert (changed.status_name, changed.warnings) == ("On hold", ())


# moving


async def test_moving_to_another_project_tells_what_is_lost(provider, world):
    made = await create(provider, world, sprint_id=world.sprint, label_ids=[world.label])
    moved = await provider.update_task(made.id, {"project_id": world.other})
    assert moved.project_id == world.other
    assert {warning.field for warning in moved.warnings} == {"sprint_id", "label_ids"}
    assert moved.sprint_id is None


# batch


async def test_batch_outcomes_are_in_order_and_bounded(world):
    async with connected(world.box, concurrency=3) as provider:
        drafts = [
            PMTask(title=f"T{n}", project_id=world.main, status="nonsense" if n == 4 else None)
            for n in range(12)
        ]
        world.box.log.clear()
        result = await provider.create_tasks(drafts)
        assert [one.index for one in result] == list(range(12))
        assert [one.index for one in result.errors] == [4]
        assert [one.title for one in result.items] == [f"T{n}" for n in range(12) if n != 4]
        assert world.box.log.max_in_flight <= 3
        changed = await provider.update_tasks({task.id: {"title": f"{task.title}!"} for task in result.items})
        assert changed.ok
        gone = await provider.delete_tasks([*(task.id for task in result.items), "99999"])
        assert [one.item for one in gone] == [True] * 11 + [False]


async def test_writes_in_one_tree_wait_for_each_other(world):
    """Each child raises the lock version of its parent: in parallel they would meet."""
    async with connected(world.box, concurrency=8) as provider:
        parent = await create(provider, world, "Parent")
        drafts = [PMTask(title=f"C{n}", project_id=world.main, parent_task_id=parent.id) for n in range(10)]
        world.box.latency_ms = 1
        world.box.log.clear()
        children = await provider.create_tasks(drafts)
        assert children.ok
        posts = world.box.log.select("POST", "/work_packages$")
        assert len(posts) == 10
        await provider.update_tasks([(task.id, {"estimated_hours": 2}) for task in children.items])
        assert world.box.log.statuses()[409] == 0
