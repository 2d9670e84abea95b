"""Versions and native sprints side by side, as `sprint_source` says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import httpx2
import pytest

from pm_providers import (
    ConflictError,
    NotFoundError,
    OpenProjectProvider,
    PMSprint,
    UnsupportedError,
    ValidationError,
)
from pm_providers.sandbox.openproject.records import Membership, Role
from tests.providers.openproject.document_check import Recorder
from tests.providers.openproject.support import Pause, World, canned, config, connected, create

CHANGING = {"POST", "PATCH", "DELETE"}


@pytest.fixture
def native(world: World) -> str:
    return world.native_sprint("Iteration 1")


@pytest.fixture
async def both(world: World, native: str) -> AsyncIterator[OpenProjectProvider]:
    """A connection with the default setting."""
    async with connected(world.box, sprint_source="auto") as found:
        yield found


def recording(world: World, **options: str) -> tuple[OpenProjectProvider, Recorder]:
    recorder = Recorder(world.box.transport())
    settings = world.box.settings
    made = config(settings["OPENPROJECT_URL"], settings["OPENPROJECT_API_KEY"], **options)
    return OpenProjectProvider(made, transport=recorder, timing=Pause().timing()), recorder


async def ids(provider: OpenProjectProvider, *args: str, **options: str) -> list[str]:
    return [one.id for one in await provider.list_sprints(*args, **options)]


# reading


async def test_both_kinds_are_listed_versions_first(both, world, native):
    later = world.native_sprint("Iteration 0", "in_planning")
    elsewhere = world.native_sprint("Elsewhere", "completed", world.other)
    mine = [world.sprint, world.closed_sprint, native, later]
    assert await ids(both, "main") == await ids(both, world.main) == mine
    everything = [world.sprint, world.foreign_sprint, world.closed_sprint, native, later, elsewhere]
    assert await ids(both) == everything
    assert await ids(both, world.main, status="active") == [world.sprint, native]
    assert await ids(both, world.main, status="open") == [world.sprint]
    assert await ids(both, world.main, status="in_planning") == [later]
    assert await ids(both, status="closed") == [world.closed_sprint, elsewhere]
    assert [one.id for one in await both.list_sprints(limit=4)] == everything[:4]
    with pytest.raises(NotFoundError):
        await both.list_sprints("nowhere")


async def test_a_native_sprint_is_read(both, world, native):
    found = await both.get_sprint(native)
    assert (found.id, found.name, found.status, found.project_id) == (
        native,
        "Iteration 1",
        "active",
        world.main,
    )
    assert (found.start_date, found.end_date) == (date(2026, 1, 5), date(2026, 1, 16))
    assert found in await both.list_sprints(world.main)
    assert (await both.get_sprint(world.sprint)).name == "Sprint A"
    for unknown in (
        "sprints/99",
        "sprints/0",
        "sprints/1\u0661",
        "sprints/x",
        "sprints/1/..",
        "versions/1",
        "/api/v3/sprints/1",
    ):
        assert await both.get_sprint(unknown) is None, unknown


@pytest.mark.parametrize("source", ["version", "sprint"])
async def test_one_kind_only(world, native, source):
    mine, others = ([world.sprint, world.closed_sprint], [native])[:: 1 if source == "version" else -1]
    task, hidden = {}, {}
    async with connected(world.box, sprint_source="auto") as provider:
        for one in (world.sprint, native):
            task[one] = (await create(provider, world, sprint_id=one)).id
        hidden = await create(provider, world, sprint_id=world.sprint)
        await provider.update_task(hidden.id, {"sprint_id": native})
    async with connected(world.box, sprint_source=source) as provider:
        assert await ids(provider, world.main) == mine
        assert (await provider.get_task(hidden.id)).sprint_id == mine[0]
        assert await provider.get_sprint(others[0]) is None
        assert (await provider.get_task(task[others[0]])).sprint_id is None
        for project in (None, world.main):
            assert await provider.list_tasks(project, sprint_id=others[0]) == []
            assert {one.id for one in await provider.list_tasks(project, sprint_id=mine[0])} == {
                task[mine[0]], hidden.id,
            }  # fmt: skip
        with pytest.raises(ValidationError, match="none of the project's"):
            await create(provider, world, sprint_id=others[0])
        cleared = await provider.update_task(hidden.id, {"sprint_id": None})
        assert (cleared.sprint_id, cleared.warnings) == (None, ())
    left = {"version": (None, native), "sprint": (world.sprint, None)}[source]
    assert world.links(hidden.id) == left, "the other kind is none of its business"


async def test_native_sprints_that_may_not_be_seen_are_left_out(world, native):
    """Versions are shown all the same; with native ones alone there would be nothing to show: an error."""
    state = world.box.state
    role = state.roles.put(
        Role(
            id=state.roles.next_id(),
            name="Plans",
            permissions=frozenset({"view_work_packages", "manage_versions"}),
            **state.stamps(),
        )
    )
    state.memberships.put(
        Membership(
            id=state.memberships.next_id(),
            principal_id=int(world.zoe),
            project_id=int(world.main),
            role_ids=(role.id,),
            **state.stamps(),
        )
    )
    async with connected(world.box, "zoe", sprint_source="auto") as provider:
        assert await ids(provider, world.main) == [world.sprint, world.closed_sprint]
        assert native not in await ids(provider)


@pytest.mark.parametrize("status", [403, 404])
async def test_a_system_without_native_sprints_is_asked_once(status):
    """Before 17.3 there is no such address; where nobody may see sprints it is refused."""
    asked: list[str] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path)
        if request.url.path.endswith("/versions"):
            return httpx2.Response(
                200, json={"_type": "Collection", "total": 0, "_embedded": {"elements": []}}
            )
        return httpx2.Response(status, json={"_type": "Error", "errorIdentifier": "x", "message": "no"})

    async with canned(handle, sprint_source="auto") as provider:
        assert await provider.list_sprints() == await provider.list_sprints("7") == []
        assert await provider.get_sprint("sprints/1") is None
        assert await provider.list_tasks(sprint_id="sprints/1") == []
        assert await provider.delete_sprint("sprints/1") is False
        with pytest.raises(NotFoundError):
            await provider.update_sprint("sprints/1", {"name": "x"})
    assert asked.count("/api/v3/sprints") == 1
    assert {one for one in asked if "sprint" in one} == {"/api/v3/sprints"}


# writing sprints


async def test_versions_are_written_where_there_are_native_sprints(both, world, native):
    made = await both.create_sprint(PMSprint(name="Release", project_id=world.main, goal="ship"))
    assert made.id.isdecimal()
    assert (await both.update_sprint(made.id, {"name": "Release 2"})).name == "Release 2"
    assert await both.delete_sprint(made.id) is True
    assert await both.delete_sprint(made.id) is False


@pytest.mark.parametrize("source", ["auto", "sprint"])
async def test_a_native_sprint_is_refused_by_name_before_anything_is_written(world, native, source):
    provider, recorder = recording(world, sprint_source=source)
    calls = [lambda: provider.update_sprint(native, {"name": "x"}), lambda: provider.delete_sprint(native)]
    if source == "sprint":
        calls.append(lambda: provider.create_sprint(PMSprint(name="x", project_id=world.main)))
    async with provider:
        for call in calls:
            with pytest.raises(UnsupportedError, match="the API has no call") as caught:
                await call()
            assert caught.value.provider == "openproject"
            assert caught.value.operation in {"create_sprint", "update_sprint", "delete_sprint"}
            assert "native sprints" in caught.value.reason
        assert (await provider.get_sprint(native)).name == "Iteration 1"
    assert not [one for one in recorder.sent if one.method in CHANGING]


# tasks


async def test_a_task_goes_from_one_kind_to_the_other(world, native):
    """What is written reads back; only the links that this takes are sent, all in one request."""
    provider, recorder = recording(world)
    version, second = world.sprint, world._version("Sprint B", world.main)
    steps = [
        (version, (version, None), {"version"}),
        (native, (version, native), {"sprint"}),
        (second, (second, None), {"version", "sprint"}),
        (native, (second, native), {"sprint"}),
        (None, (None, None), {"version", "sprint"}),
        (native, (None, native), {"sprint"}),
        (version, (version, None), {"version", "sprint"}),
        (None, (None, None), {"version"}),
    ]
    async with provider:
        task = await create(provider, world)
        for number, (asked, kept, sent) in enumerate(steps):
            changed = await provider.update_task(task.id, {"sprint_id": asked})
            assert (changed.sprint_id, changed.warnings) == (asked, ()), number
            assert world.links(task.id) == kept, number
            assert set(recorder.sent[-1].json()["_links"]) == sent, number
            assert (await provider.get_task(task.id)).sprint_id == asked
    assert len([one for one in recorder.sent if one.method == "PATCH"]) == len(steps)


async def test_a_task_is_created_in_either_kind(both, world, native):
    for sprint, kept in ((native, (None, native)), (world.sprint, (world.sprint, None))):
        made = await create(both, world, sprint_id=sprint)
        assert (made.sprint_id, made.warnings) == (sprint, ())
        assert world.links(made.id) == kept


async def test_an_unrelated_update_keeps_both_links(both, world, native):
    made = await create(both, world, sprint_id=world.sprint)
    await both.update_task(made.id, {"sprint_id": native})
    changed = await both.update_task(
        made.id, {"title": "New", "status": "in_progress", "label_ids": [world.label]}
    )
    assert (changed.sprint_id, changed.title, changed.warnings) == (native, "New", ())
    assert world.links(made.id) == (world.sprint, native)
    await both.update_task(made.id, {"sprint_id": native, "due_date": date(2030, 1, 1)})
    assert world.links(made.id) == (world.sprint, native)


async def test_tasks_are_listed_by_the_sprint_that_they_read_back(both, world, native):
    free = await create(both, world, "None")
    versioned = await create(both, world, "Version", sprint_id=world.sprint)
    iterated = await create(both, world, "Native", sprint_id=native)
    double = await create(both, world, "Both", sprint_id=world.sprint)
    await both.update_task(double.id, {"sprint_id": native})
    for project in (None, world.main):

        async def found(sprint: str, project: str | None = project, **more: int) -> list[str]:
            return [one.id for one in await both.list_tasks(project, sprint_id=sprint, **more)]

        assert await found(world.sprint) == [versioned.id]
        assert await found(native) == [iterated.id, double.id]
        assert await found(native, limit=1) == [iterated.id]
        assert await found(world.sprint, limit=1) == [versioned.id]
        assert await found("sprints/99") == []
    assert free.id not in {one.id for one in await both.list_tasks(sprint_id=native)}
    with pytest.raises(ValidationError):
        await both.delete_sprint(world.sprint)


async def test_unknown_sprints_are_refused_and_the_projects_own_named(both, world, native):
    foreign = world.native_sprint("Elsewhere", project=world.other)
    task = await create(both, world)
    for unknown in ("sprints/99", foreign, "99999", world.foreign_sprint, "sprints/x", "Iteration 1"):
        with pytest.raises(
            ValidationError, match=rf"Sprint A \({world.sprint}\).*Iteration 1 \({native}\)"
        ) as caught:
            await both.update_task(task.id, {"sprint_id": unknown})
        assert "sprint_id" in caught.value.fields
    late = world.native_sprint("Late")
    assert (await both.update_task(task.id, {"sprint_id": late})).sprint_id == late, (
        "asked anew before refusing"
    )


class Meanwhile(httpx2.AsyncBaseTransport):
    """Changes a task in the system just before our first change of it arrives."""

    def __init__(self, world: World, **change: int | None) -> None:
        self.world, self.change, self.inner = world, change, world.box.transport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "PATCH" and self.change:
            rows = self.world.box.state.work_packages
            row = rows[int(request.url.path.rpartition("/")[2])]
            rows.change(row, lock=row.lock + 1, **self.change)
            self.change = {}
        return await self.inner.handle_async_request(request)


@pytest.mark.parametrize(
    ("asked", "conflict"), [("second", True), (None, True), ("third", False), ("native", False)]
)
async def test_a_hidden_version_that_somebody_changed_is_not_overwritten(
    both, world, native, asked, conflict
):
    """The native sprint hides it, so the two states of the task read the same."""
    second, third = world._version("Sprint B", world.main), world._version("Sprint C", world.main)
    task = await create(both, world, sprint_id=world.sprint)
    await both.update_task(task.id, {"sprint_id": native})
    settings = world.box.settings
    ours = OpenProjectProvider(
        config(settings["OPENPROJECT_URL"], settings["OPENPROJECT_API_KEY"]),
        transport=Meanwhile(world, version_id=int(third)),
        timing=Pause().timing(),
    )
    value = {"second": second, "third": third, "native": native, None: None}[asked]
    async with ours:
        if conflict:
            with pytest.raises(ConflictError) as caught:
                await ours.update_task(task.id, {"sprint_id": value})
            assert caught.value.fields == ("sprint_id",)
            assert world.links(task.id) == (third, native)
        else:
            assert (await ours.update_task(task.id, {"sprint_id": value})).sprint_id == value
            assert world.links(task.id) == (third, native if asked == "native" else None)
