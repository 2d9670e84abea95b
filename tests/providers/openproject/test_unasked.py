"""What the server ignores, alters or does besides is told: a warning that names the field, an error in strict mode."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx2
import pytest

from pm_providers import (
    OpenProjectProvider,
    PMAttachment,
    PMComment,
    PMRelation,
    PMTask,
    PMTimeEntry,
    ValidationError,
)
from pm_providers.sandbox.openproject.defaults import MEMBER
from tests.providers.openproject.support import Pause, World, config, connected, create

FRIDAY, SATURDAY, MONDAY = date(2026, 12, 4), date(2026, 12, 5), date(2026, 12, 7)
FEATURE, BUG, TASK = 4, 7, 1


def warned(task: PMTask) -> dict[str, Any]:
    """Field -> what is stored instead."""
    return {warning.field: warning.got for warning in task.warnings}


async def strictly(world: World, task_id: str, updates: dict[str, Any]) -> set[str]:
    """Fields that strict mode names."""
    async with connected(world.box, strict_writes=True) as strict:
        with pytest.raises(ValidationError) as caught:
            await strict.update_task(task_id, updates)
        assert caught.value.maybe_applied
        return set(caught.value.fields)


@pytest.fixture
async def oldest():
    """A world before manual scheduling was the rule."""
    world = World("13.0")
    async with connected(world.box) as provider:
        yield world, provider


class TestDates:
    async def test_a_day_off(self, world, provider):
        made = await create(provider, world, due_date=SATURDAY)
        assert (made.due_date, warned(made)) == (MONDAY, {"due_date": MONDAY})
        assert "working day" in made.warnings[0].reason
        changed = await provider.update_task(made.id, {"start_date": SATURDAY, "title": "x"})
        assert (changed.start_date, warned(changed)) == (MONDAY, {"start_date": MONDAY})
        assert await strictly(world, made.id, {"start_date": SATURDAY}) == {"start_date"}

    async def test_dates_of_the_parent_are_not_taken_over(self, oldest):
        world, provider = oldest
        parent = await create(provider, world, "Parent", start_date=FRIDAY, due_date=MONDAY)
        child = await create(provider, world, parent_task_id=parent.id)
        assert (child.start_date, child.due_date, child.warnings) == (None, None, ())

    @pytest.mark.parametrize("version", ["13.0", "15.4", "17.6"])
    @pytest.mark.parametrize("children", [1, 2])
    async def test_dates_of_a_parent_are_its_childrens(self, version, children):
        world = World(version)
        async with connected(world.box) as provider:
            parent = await create(provider, world, "Parent", start_date=FRIDAY, due_date=FRIDAY)
            for _ in range(children):
                await create(provider, world, parent_task_id=parent.id, start_date=MONDAY, due_date=MONDAY)
            found = await provider.get_task(parent.id)
            assert (found.start_date, found.due_date) == (MONDAY, MONDAY)
            for name in ("start_date", "due_date"):
                with pytest.raises(ValidationError) as caught:
                    await provider.update_task(parent.id, {name: FRIDAY, "title": "half"})
                assert name in caught.value.fields
            assert await provider.get_task(parent.id) == found, "nothing half-written"

    async def test_the_start_of_a_follower_is_the_servers(self, world, provider):
        before = await create(provider, world, start_date=FRIDAY, due_date=FRIDAY)
        after = await create(provider, world, start_date=date(2026, 12, 1), due_date=date(2026, 12, 1))
        await provider.create_relation(
            PMRelation(from_task_id=before.id, to_task_id=after.id, type="precedes")
        )
        assert (await provider.get_task(after.id)).start_date == MONDAY
        wanted = date(2026, 12, 16)
        changed = await provider.update_task(after.id, {"start_date": wanted})
        assert (changed.start_date, warned(changed)) == (MONDAY, {"start_date": MONDAY})
        assert await strictly(world, after.id, {"start_date": wanted}) == {"start_date"}
        kept = await provider.update_task(after.id, {"due_date": wanted})
        assert (kept.start_date, kept.due_date, kept.warnings) == (MONDAY, wanted, ())

    async def test_a_new_parent_moves_its_child(self, oldest):
        world, provider = oldest
        before = await create(provider, world, start_date=FRIDAY, due_date=FRIDAY)
        parent = await create(provider, world, "Parent")
        await provider.create_relation(
            PMRelation(from_task_id=before.id, to_task_id=parent.id, type="precedes")
        )
        early = date(2026, 12, 1)
        child = await create(provider, world, start_date=early, due_date=early)
        moved = await provider.update_task(child.id, {"parent_task_id": parent.id})
        assert warned(moved) == {"start_date": MONDAY, "due_date": MONDAY}
        assert {warning.asked for warning in moved.warnings} == {early}
        assert "parent" in moved.warnings[0].reason
        other = await create(provider, world, start_date=early, due_date=early)
        asked = {"parent_task_id": parent.id, "start_date": early}
        assert await strictly(world, other.id, asked) == {"start_date", "due_date"}


class TestProgress:
    @pytest.mark.parametrize("children", [1, 2])
    async def test_progress_and_remaining_work_of_a_parent(self, oldest, children):
        world, provider = oldest
        parent = await create(provider, world, "Parent")
        for _ in range(children):
            await create(
                provider,
                world,
                parent_task_id=parent.id,
                progress=50,
                estimated_hours=4.0,
                remaining_hours=2.0,
            )
        found = await provider.get_task(parent.id)
        assert (found.progress, found.remaining_hours) == (50, 2.0 * children)
        for updates in ({"progress": 90}, {"remaining_hours": 1.0}):
            with pytest.raises(ValidationError) as caught:
                await provider.update_task(parent.id, updates)
            assert set(caught.value.fields) == set(updates)
        changed = await provider.update_task(parent.id, {"estimated_hours": 9.0, "priority": "high"})
        assert (changed.estimated_hours, changed.priority, changed.warnings) == (9.0, "high", ())

    async def test_cleared_hours_come_back_before_14(self, oldest):
        world, provider = oldest
        made = await create(provider, world, estimated_hours=12.5)
        cleared = await provider.update_task(made.id, {"estimated_hours": None})
        assert warned(cleared) == {"estimated_hours": 12.5}
        assert await strictly(world, made.id, {"estimated_hours": None}) == {"estimated_hours"}

    @pytest.mark.parametrize("version", ["14.2", "17.6"])
    async def test_progress_that_the_server_computes(self, version):
        world = World(version)
        if version == "17.6":
            state = world.box.state
            state.settings["done_ratio"] = "status"
            state.statuses.change(state.statuses[7], done_ratio=60)
        async with connected(world.box) as provider:
            made = await create(provider, world, estimated_hours=10.0)
            made = await provider.update_task(made.id, {"status": "In progress"})
            with pytest.raises(ValidationError) as caught:
                await provider.update_task(made.id, {"progress": 10})
            assert "progress" in caught.value.fields
            assert await provider.get_task(made.id) == made


class TestTypes:
    async def test_a_status_that_the_type_lacks(self, world, provider):
        made = await create(provider, world, status="Specified")
        assert (made.status_name, warned(made)) == ("New", {"status": "todo"})

    async def test_the_status_that_the_type_has_is_chosen_of_several(self, world):
        meanings = {"Specified": "blocked", "On hold": "blocked"}
        async with connected(world.box, status_map=meanings) as provider:
            made = await create(provider, world, status="blocked")
            assert (made.status_name, made.warnings) == ("On hold", ())
            feature = await create(provider, world, status="Specified", type="Feature")
            changed = await provider.update_task(feature.id, {"type": "Bug", "status": "blocked"})
            assert (changed.type, changed.status) == ("Bug", "blocked")

    async def test_a_new_type_resets_the_status(self, world, provider):
        made = await create(provider, world, type="Feature", status="Specified")
        changed = await provider.update_task(made.id, {"type": "Task"})
        assert (changed.status_name, warned(changed)) == ("New", {"status": "New"})
        [warning] = changed.warnings
        assert (warning.asked, "type" in warning.reason) == ("Specified", True)
        other = await create(provider, world, type="Feature", status="Specified")
        assert await strictly(world, other.id, {"type": "Task"}) == {"status"}

    async def test_a_milestone_has_one_date(self, world, provider):
        made = await create(provider, world, start_date=FRIDAY, due_date=MONDAY)
        changed = await provider.update_task(made.id, {"type": "Milestone"})
        assert warned(changed) == {"start_date": MONDAY}

    async def test_fields_that_the_type_lacks_are_lost(self, world, provider):
        state = world.box.state
        field = state.custom_fields[world.fields["string"]]
        state.custom_fields.change(field, type_ids=(FEATURE,))
        made = await create(
            provider, world, type="Feature", story_points=5.0,
            custom_fields={"CF string": "gone", "CF int": 3},
        )  # fmt: skip
        assert made.warnings == ()
        updates = {"type": "Task", "custom_fields": {"CF int": 4}}
        changed = await provider.update_task(made.id, updates)
        assert warned(changed) == {"story_points": None, "custom_fields": {"CF string": None}}
        assert changed.custom_fields["CF int"] == 4

    async def test_subjects_of_types_that_make_their_own(self, world, provider):
        types = world.box.state.types
        types.change(types[TASK], subject_pattern="{{type}} {{id}}")
        made = await create(provider, world, "Mine")
        assert (made.title, warned(made)) == (f"Task {made.id}", {"title": f"Task {made.id}"})
        changed = await provider.update_task(made.id, {"title": "Yours"})
        assert warned(changed) == {"title": f"Task {made.id}"}
        assert await strictly(world, made.id, {"title": "Yours"}) == {"title"}

    async def test_texts_of_types(self, world, provider):
        types = world.box.state.types
        types.change(types[TASK], template="## Steps")
        types.change(types[BUG], template="## Bug")
        assert (await create(provider, world)).description == "## Steps"
        made = await create(provider, world, description="## Bug")
        assert warned(made) == {"description": "## Steps"}

    async def test_story_points_of_types_without(self, world, provider):
        made = await create(provider, world, story_points=5.0)
        assert warned(made) == {"story_points": None}


class TestMoves:
    async def test_everything_that_the_new_project_lacks(self, world, provider):
        made = await create(provider, world, sprint_id=world.sprint, label_ids=[world.label])
        moved = await provider.update_task(made.id, {"project_id": world.other})
        assert warned(moved) == {"sprint_id": None, "label_ids": []}
        assert {warning.asked for warning in moved.warnings if warning.field == "sprint_id"} == {world.sprint}

    async def test_the_type_changes_up_to_14(self):
        world = World("14.2")
        state = world.box.state
        state.projects.change(state.projects[int(world.other)], type_ids=(TASK,))
        async with connected(world.box) as provider:
            made = await create(provider, world, type="Feature", status="Specified")
            moved = await provider.update_task(made.id, {"project_id": world.other})
            assert warned(moved) == {"type": "Task", "status": "New"}

    async def test_the_parent_stays_behind_where_projects_do_not_mix(self, world, provider):
        world.box.state.settings["cross_project_relations"] = False
        parent = await create(provider, world, "Parent")
        made = await create(provider, world, parent_task_id=parent.id)
        moved = await provider.update_task(made.id, {"project_id": world.other})
        assert warned(moved) == {"parent_task_id": None}

    async def test_a_plain_task_takes_the_version_of_its_story(self, oldest):
        world, provider = oldest
        story = await create(provider, world, "Story", type="Feature", sprint_id=world.sprint)
        made = await create(provider, world)
        moved = await provider.update_task(made.id, {"parent_task_id": story.id})
        assert warned(moved) == {"sprint_id": world.sprint}


class TestRights:
    @pytest.mark.parametrize(
        ("permission", "name"), [("assign_versions", "sprint_id"), ("manage_subtasks", "parent_task_id")]
    )
    async def test_what_a_role_lacks_is_refused_by_name(self, world, permission, name):
        roles = world.box.state.roles
        roles.change(roles[MEMBER], permissions=roles[MEMBER].permissions - {permission})
        async with connected(world.box, "ann") as provider:
            value = world.sprint if name == "sprint_id" else (await create(provider, world, "Parent")).id
            made = await create(provider, world)
            with pytest.raises(ValidationError) as caught:
                await provider.update_task(made.id, {name: value, "title": "half"})
            assert name in caught.value.fields
            with pytest.raises(ValidationError) as caught:
                await create(provider, world, **{name: value})
            assert name in caught.value.fields
            assert await provider.get_task(made.id) == made, "nothing half-written"

    async def test_a_read_only_status(self, world, provider):
        state = world.box.state
        state.statuses.change(state.statuses[13], readonly=True)
        made = await create(provider, world, status="On hold")
        with pytest.raises(ValidationError) as caught:
            await provider.update_task(made.id, {"title": "x"})
        assert "title" in caught.value.fields
        left = await provider.update_task(made.id, {"title": "x", "status": "New"})
        assert (left.title, left.warnings) == ("x", ())

    async def test_a_task_that_is_blocked_is_not_closed(self, world, provider):
        one, other = await create(provider, world), await create(provider, world)
        await provider.create_relation(PMRelation(from_task_id=one.id, to_task_id=other.id, type="blocks"))
        with pytest.raises(ValidationError, match="leads to") as caught:
            await provider.update_task(other.id, {"status": "completed"})
        assert "status" in caught.value.fields


class TestParts:
    async def test_comments_are_not_internal_before_16_1(self):
        world = World("15.4")
        async with connected(world.box) as provider:
            made = await create(provider, world)
            comment = await provider.create_comment(PMComment(task_id=made.id, body="psst", is_internal=True))
        assert {warning.field for warning in comment.warnings} == {"is_internal"}

    async def test_time_is_ones_own_before_13(self):
        """Recorded 17-time-entries: step 25."""
        world = World("12.0")
        async with connected(world.box) as provider:
            made = await create(provider, world)
            draft = PMTimeEntry(task_id=made.id, hours=1.5, spent_on=FRIDAY, user_id=world.ann)
            entry = await provider.create_time_entry(draft)
            me = await provider.get_current_user()
        assert [(warning.field, warning.got) for warning in entry.warnings] == [("user_id", me.id)]

    async def test_names_of_files_are_sanitised(self, world, provider):
        made = await create(provider, world)
        draft = PMAttachment(task_id=made.id, file_name="a b.txt", content_type="text/plain")
        stored = await provider.create_attachment(draft, b"x")
        assert [(warning.field, warning.got) for warning in stored.warnings] == [("file_name", "a_b.txt")]


class Others(httpx2.AsyncBaseTransport):
    """Others change the task right before our write; or ours is carried out and its answer lost."""

    def __init__(self, world: World, *, lost: bool) -> None:
        self.world, self.lost, self.struck = world, lost, False
        self.inner = world.box.transport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method != "PATCH" or self.struck:
            return await self.inner.handle_async_request(request)
        self.struck = True
        if self.lost:
            await self.inner.handle_async_request(request)
            raise httpx2.ReadError("gone", request=request)
        async with connected(self.world.box) as other:
            task_id = request.url.path.rpartition("/")[2]
            await other.update_task(task_id, {"sprint_id": self.world.sprint, "due_date": FRIDAY})
        return await self.inner.handle_async_request(request)


@pytest.mark.parametrize("lost", [False, True], ids=["merged", "lost-answer"])
async def test_what_others_changed_is_not_taken_for_a_side_effect(
    world: World, provider: OpenProjectProvider, lost: bool
) -> None:
    """And what our own write did is told even if its first answer never came."""
    made = await create(provider, world, type="Feature", status="Specified")
    box = world.box.settings
    client = OpenProjectProvider(
        config(box["OPENPROJECT_URL"], box["OPENPROJECT_API_KEY"], sprint_source="version"),
        transport=Others(world, lost=lost),
        timing=Pause().timing(),
    )
    async with client as ours:
        changed = await ours.update_task(made.id, {"type": "Task"})
    assert (changed.sprint_id, changed.due_date) == ((None, None) if lost else (world.sprint, FRIDAY))
    assert warned(changed) == {"status": "New"}
