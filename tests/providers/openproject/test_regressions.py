"""Faults that were found once and must not come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import httpx2
import pytest
from msgspec import structs

from pm_providers import OpenProjectProvider, PMTask
from pm_providers.errors import AuthenticationError, NotFoundError, ValidationError
from tests.providers.openproject.support import Pause, World, config, create


class Between(httpx2.AsyncBaseTransport):
    """A network on which something happens right after one answer."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner
        self._plans: list[tuple[tuple[str, ...], Callable[[], Any]]] = []

    def after(self, *parts: str, do: Callable[[], Any]) -> None:
        """Do something once, after the first request whose line holds all parts."""
        self._plans.append((parts, do))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        line = f"{request.method} {request.url.path} {request.url.query.decode()}&"
        answer = await self._inner.handle_async_request(request)
        for plan in [one for one in self._plans if all(part in line for part in one[0])]:
            self._plans.remove(plan)
            plan[1]()
        return answer


@asynccontextmanager
async def meddled(world: World, **options: Any) -> AsyncIterator[tuple[OpenProjectProvider, Between]]:
    box = world.box
    network = Between(box.transport())
    settings = config(
        box.settings["OPENPROJECT_URL"],
        box.settings["OPENPROJECT_API_KEY"],
        **{"sprint_source": "version", **options},
    )
    async with OpenProjectProvider(settings, transport=network, timing=Pause().timing()) as provider:
        yield provider, network


async def aged(provider: OpenProjectProvider, world: World, count: int) -> list[str]:
    """Ids of new tasks, created a minute after each other."""
    ids = []
    for number in range(count):
        ids.append((await create(provider, world, f"T{number}")).id)
        world.box.clock.advance(60)
    return ids


def remove(world: World, *ids: str) -> None:
    """Tasks deleted by somebody else."""
    for one in ids:
        world.box.state.work_packages.remove(int(one))


class TestListsThatShrinkWhileTheyAreRead:
    async def test_a_task_that_slipped_to_a_page_read_before_is_found(self, world: World) -> None:
        async with meddled(world, page_size=2) as (provider, network):
            ids = await aged(provider, world, 7)
            network.after("/work_packages", "&offset=1&", do=lambda: remove(world, ids[0]))
            assert sorted([one.id async for one in provider.iter_tasks(world.main)]) == sorted(ids)

    async def test_also_where_pages_are_fetched_at_once(self, world: World) -> None:
        async with meddled(world, page_size=2) as (provider, network):
            ids = await aged(provider, world, 9)
            network.after("/work_packages", "&offset=2&", do=lambda: remove(world, ids[0], ids[1]))
            found = [one.id for one in await provider.list_tasks(world.main)]
            assert set(ids[2:]) <= set(found)
            assert len(found) == len(set(found))

    async def test_tasks_deleted_while_they_are_iterated_are_all_met(self, world: World) -> None:
        async with meddled(world, page_size=2) as (provider, _):
            ids = await aged(provider, world, 11)
            met = []
            async for one in provider.iter_tasks(world.main):
                met.append(one.id)
                await provider.delete_task(one.id)
            assert sorted(met) == sorted(ids)
            assert await provider.list_tasks(world.main) == []


async def drained(
    provider: OpenProjectProvider, world: World, cursor: str | None, limit: int | None = None
) -> tuple[set[str], set[str], str]:
    """Upserted ids, deleted ids and the cursor, after so many calls that nothing more comes."""
    upserts: set[str] = set()
    deleted: set[str] = set()
    quiet = 0
    while quiet < 2:
        page = await provider.changes(world.main, cursor, limit=limit)
        cursor = page.cursor
        upserts |= {one.id for one in page.upserts}
        deleted |= set(page.deleted_ids)
        quiet = 0 if page.upserts or page.deleted_ids or page.has_more else quiet + 1
    assert cursor is not None
    return upserts, deleted, cursor


class TestChangesWhoseWindowShifts:
    async def test_a_delete_during_the_first_scan(self, world: World) -> None:
        async with meddled(world, page_size=2) as (provider, network):
            ids = await aged(provider, world, 7)
            network.after("/work_packages", "&offset=1&pageSize=2&", do=lambda: remove(world, ids[0]))
            upserts, deleted, _ = await drained(provider, world, None, limit=100)
            assert upserts == set(ids)
            assert deleted == {ids[0]}

    async def test_a_delete_and_a_change_between_calls_of_the_first_scan(self, world: World) -> None:
        async with meddled(world, page_size=2) as (provider, _):
            ids = await aged(provider, world, 6)
            first = await provider.changes(world.main, limit=3)
            remove(world, ids[0])
            await provider.update_task(ids[1], {"title": "Changed"})
            upserts, deleted, _ = await drained(provider, world, first.cursor, limit=3)
            assert upserts >= set(ids[3:])
            assert deleted == {ids[0]}

    async def test_a_delete_while_many_changes_are_read(self, world: World) -> None:
        async with meddled(world, page_size=2) as (provider, network):
            ids = await aged(provider, world, 7)
            _, _, cursor = await drained(provider, world, None, limit=100)
            for one in ids:
                await provider.update_task(one, {"title": "Changed"})
                world.box.clock.advance(60)
            network.after("/work_packages", "&offset=1&pageSize=2&", do=lambda: remove(world, ids[0]))
            upserts, deleted, _ = await drained(provider, world, cursor, limit=100)
            assert upserts >= set(ids[1:])
            assert deleted == {ids[0]}

    async def test_a_delete_and_a_creation_while_many_changes_are_read(self, world: World) -> None:
        async with meddled(world, page_size=2) as (provider, network):
            ids = await aged(provider, world, 7)
            moved = (await provider.create_task(PMTask(title="M", project_id=world.other))).id
            _, _, cursor = await drained(provider, world, None, limit=100)
            for one in ids:
                await provider.update_task(one, {"title": "Changed"})
                world.box.clock.advance(60)

            def swap() -> None:
                remove(world, ids[0])
                packages = world.box.state.work_packages
                row, now = packages[int(moved)], world.box.clock.now()
                packages.change(row, project_id=int(world.main), updated=now)

            network.after("/work_packages", "&offset=1&pageSize=2&", do=swap)
            upserts, deleted, _ = await drained(provider, world, cursor, limit=100)
            assert upserts >= {*ids[1:], moved}
            assert deleted == {ids[0]}


class TestCustomFields:
    async def test_an_option_made_after_the_form_was_read(self, world: World) -> None:
        async with meddled(world) as (provider, _):
            task = await create(provider, world, custom_fields={"CF list": "Red"})
            world._option(world.fields["list"], "Mauve")
            found = await provider.update_task(task.id, {"custom_fields": {"CF list": "Mauve"}})
            assert found.custom_fields == {"CF list": "Mauve"}

    async def test_an_exact_name_wins_over_case_and_ids(self, world: World) -> None:
        first = next(one for one in world.box.state.custom_options if one.field_id == world.fields["list"])
        world._option(world.fields["list"], "red")
        world._option(world.fields["list"], str(first.id))
        async with meddled(world) as (provider, _):
            for name in ("red", "Red", str(first.id)):
                task = await create(provider, world, custom_fields={"CF list": name})
                assert task.custom_fields == {"CF list": name}
                assert task.warnings == ()

    async def test_options_of_the_same_name_are_told_apart_by_id(self, world: World) -> None:
        field = world.fields["list"]
        world._option(field, "Red")
        twins = [one for one in world.box.state.custom_options if (one.field_id, one.value) == (field, "Red")]
        async with meddled(world) as (provider, _):
            for twin in twins:
                task = await create(provider, world, custom_fields={"CF list": str(twin.id)})
                assert task.warnings == ()
                link = task.raw_data["_links"][f"customField{field}"]
                assert link["href"].endswith(f"/{twin.id}")
            with pytest.raises(ValidationError, match="several"):
                await create(provider, world, custom_fields={"CF list": "Red"})

    async def test_a_field_that_was_renamed(self, world: World) -> None:
        async with meddled(world) as (provider, _):
            task = await create(provider, world, custom_fields={"CF string": "old"})
            fields = world.box.state.custom_fields
            fields.change(fields[world.fields["string"]], name="Renamed")
            found = await provider.update_task(task.id, {"custom_fields": {"Renamed": "new"}})
            assert found.custom_fields == {"Renamed": "new"}
            assert found.warnings == ()

    async def test_what_is_chosen_twice_is_stored_once(self, world: World) -> None:
        async with meddled(world) as (provider, _):
            task = await create(provider, world, custom_fields={"CF multi": ["Red", "Blue", "red"]})
            assert sorted(task.custom_fields["CF multi"]) == ["Blue", "Red"]
            assert task.warnings == ()

    async def test_a_number_beyond_all_floats(self, world: World) -> None:
        async with meddled(world) as (provider, _):
            with pytest.raises(ValidationError, match="CF float"):
                await create(provider, world, custom_fields={"CF float": 10**400})

    async def test_a_project_without_types(self, world: World) -> None:
        projects = world.box.state.projects
        projects.change(projects[int(world.main)], type_ids=())
        async with meddled(world) as (provider, _):
            with pytest.raises(ValidationError, match="custom_fields"):
                await create(provider, world, custom_fields={"CF string": "x"})


@pytest.mark.parametrize("value", ["1\u0661", "\u0661", "1\uff11"])
async def test_digits_of_other_scripts_are_no_ids(world: World, value: str) -> None:
    async with meddled(world) as (provider, _):
        await create(provider, world)
        assert await provider.get_task(value) is None
        assert await provider.get_sprint(value) is None
        assert not await provider.delete_task(value)


def leaves(world: World, user: str) -> None:
    """A user is no member of any project any more; the tasks stay with them."""
    for one in list(world.box.state.memberships):
        if one.principal_id == int(user):
            world.box.state.memberships.remove(one.id)


class TestFiltersThatTheServerRefuses:
    async def test_tasks_of_somebody_who_left(self, world: World) -> None:
        async with meddled(world) as (provider, _):
            await create(provider, world)
            task = await create(provider, world, assignee_id=world.ben)
            leaves(world, world.ben)
            for project in (world.main, None):
                found = await provider.list_tasks(project, assignee_id=world.ben)
                assert [one.id for one in found] == [task.id]

    async def test_somebody_leaves_while_the_tasks_are_listed(self, world: World) -> None:
        async with meddled(world, page_size=2) as (provider, network):
            ids = [(await create(provider, world, assignee_id=world.ben)).id for _ in range(6)]
            network.after("/work_packages", "&offset=2&", do=lambda: leaves(world, world.ben))
            found = [one.id async for one in provider.iter_tasks(world.main, assignee_id=world.ben)]
            assert found == ids

    async def test_an_assignee_and_a_sprint_of_another_project(self, world: World) -> None:
        async with meddled(world) as (provider, _):
            await create(provider, world, assignee_id=world.ben)
            leaves(world, world.ben)
            query = {"assignee_id": world.ben, "sprint_id": world.foreign_sprint}
            assert await provider.list_tasks(world.main, **query) == []

    @pytest.mark.parametrize("assigned", [False, True])
    async def test_a_status_that_was_deleted(self, world: World, assigned: bool) -> None:
        who = world.ann if assigned else None
        async with meddled(world) as (provider, _):
            task = await create(provider, world, status="Specified", assignee_id=world.ann)
            await provider.list_tasks(world.main, status="todo")
            gone = next(one for one in world.box.state.statuses if one.name == "Scheduled")
            world.box.state.statuses.remove(gone.id)
            found = await provider.list_tasks(world.main, status="todo", assignee_id=who)
            assert [one.id for one in found] == [task.id]

    async def test_a_status_that_was_made_meanwhile(self, world: World) -> None:
        async with meddled(world) as (provider, _):
            await provider.list_tasks(world.main, status="todo")
            statuses, packages = world.box.state.statuses, world.box.state.work_packages
            model = next(one for one in statuses if one.name == "Scheduled")
            new = statuses.put(structs.replace(model, id=statuses.next_id(), name="To do"))
            task = await create(provider, world)
            packages.change(packages[int(task.id)], status_id=new.id)
            found = await provider.list_tasks(world.main, status="todo")
            assert [one.id for one in found] == [task.id]


class TestWhatIsReadBackIsWhatWasAsked:
    async def test_hours_between_two_seconds(self, world: World) -> None:
        async with meddled(world, strict_writes=True) as (provider, _):
            task = await create(provider, world, estimated_hours=1.333)
            assert task.warnings == ()
            assert task.estimated_hours == pytest.approx(1.333, abs=0.5 / 3600)

    async def test_own_write_whose_answer_got_lost_is_nobody_elses(self, world: World) -> None:
        async with meddled(world) as (provider, _):
            task = await create(provider, world)
            fields = {"estimated_hours": 1.333, "custom_fields": {"CF multi": ["Red", "red"]}}
            world.box.faults.add("drop-after;match=^PATCH;times=1")
            found = await provider.update_task(task.id, fields)
            assert found.warnings == ()
            assert found.custom_fields == {"CF multi": ["Red"]}

    @pytest.mark.parametrize("name", ["type", "priority"])
    async def test_an_id_that_is_younger_than_the_list(self, world: World, name: str) -> None:
        async with meddled(world) as (provider, _):
            task = await create(provider, world, type="Task", priority="Normal")
            state = world.box.state
            table = state.types if name == "type" else state.priorities
            model = next(one for one in table if one.name in {"Task", "Normal"})
            new = table.put(structs.replace(model, id=table.next_id(), name="Brand new"))
            projects = state.projects
            here = projects[int(world.main)]
            projects.change(here, type_ids=tuple(one.id for one in state.types))
            found = await provider.update_task(task.id, {name: str(new.id)})
            assert found.warnings == ()
            assert (found.type if name == "type" else found.priority_name) == "Brand new"


async def test_the_due_date_of_a_milestone_stays_when_its_start_is_cleared(world: World) -> None:
    async with meddled(world) as (provider, _):
        task = await create(provider, world, type="Milestone", due_date=date(2026, 2, 3))
        found = await provider.update_task(task.id, {"start_date": None})
        assert found.due_date == date(2026, 2, 3)
        assert [one.field for one in found.warnings] == ["start_date"]
        cleared = await provider.update_task(task.id, {"start_date": None, "due_date": None})
        assert (cleared.due_date, cleared.warnings) == (None, ())


def test_a_failed_start_in_one_event_loop_leaves_the_next_one_usable() -> None:
    world = World()
    broken = True

    async def answer(request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(0)
        if broken:
            return httpx2.Response(401, json={})
        return await world.box.transport().handle_async_request(request)

    provider = OpenProjectProvider(
        config(world.box.base_url, world.box.settings["OPENPROJECT_API_KEY"]),
        transport=httpx2.MockTransport(answer),
        timing=Pause().timing(),
    )

    async def three() -> list[Any]:
        return await asyncio.gather(*(provider.get_task("1") for _ in range(3)), return_exceptions=True)

    assert {type(one) for one in asyncio.run(three())} == {AuthenticationError}
    broken = False
    assert asyncio.run(three()) == [None, None, None]


async def test_a_change_that_is_committed_late(world: World) -> None:
    async with meddled(world) as (provider, _):
        ids = await aged(provider, world, 2)
        await provider.update_task(ids[0], {"title": "Soon"})
        _, _, cursor = await drained(provider, world, None)
        world.box.clock.advance(-10)
        await provider.update_task(ids[1], {"title": "Late"})
        upserts, _, _ = await drained(provider, world, cursor)
        assert upserts == {ids[1]}


async def test_what_there_is_to_choose_from_is_asked_anew(world: World) -> None:
    async with meddled(world) as (provider, _):
        state = world.box.state

        async def names() -> set[str]:
            found = [
                *await provider.list_statuses(),
                *await provider.list_priorities(),
                *await provider.list_types(),
                *await provider.list_fields(world.main),
            ]
            return {one.name for one in found}

        before = await names()
        for table in (state.statuses, state.priorities, state.types, state.custom_fields):
            model = next(iter(table))
            table.put(structs.replace(model, id=table.next_id(), name=f"Added {type(model).__name__}"))
        added = await names() - before
        assert added == {"Added Status", "Added Priority", "Added Type", "Added CustomField"}


async def test_fields_without_raw_data(world: World) -> None:
    async with meddled(world, raw_data=False) as (provider, _):
        assert {one.raw_data is None for one in await provider.list_fields(world.main)} == {True}


@pytest.mark.parametrize("project", ["nope", "999999"])
@pytest.mark.parametrize("query", [{"assignee_id": "nobody"}, {"sprint_id": "none"}])
async def test_a_project_that_does_not_exist_is_told_before_a_filter_that_nothing_fits(
    world: World, project: str, query: dict[str, str]
) -> None:
    async with meddled(world) as (provider, _):
        with pytest.raises(NotFoundError):
            await provider.list_tasks(project, **query)
        assert await provider.list_tasks("main", **query) == []


@pytest.mark.parametrize("name", ["form", "schema"])
async def test_addresses_beside_projects_and_users_are_none(world: World, name: str) -> None:
    async with meddled(world) as (provider, _):
        assert await provider.get_user(name) is None
        assert await provider.get_project(name) is None
        assert not await provider.delete_project(name)
        with pytest.raises(ValidationError, match="assignee_id"):
            await create(provider, world, assignee_id=name)
