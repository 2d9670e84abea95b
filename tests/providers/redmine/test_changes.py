"""The stream of changes against a real server: nothing lost, nothing made up, two requests when nothing happened."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import httpx2
import pytest

from pm_providers import NotFoundError, PMProject, PMProviderConfig, PMTask, ValidationError
from pm_providers.providers.redmine.changes import Changes
from pm_providers.providers.redmine.containers import Projects
from pm_providers.providers.redmine.task_writing import TaskWriter
from pm_providers.toolkit.documents import instant
from pm_providers.transport import Timing
from tests.support.redmine import Remembering, redmine_server

pytestmark = pytest.mark.redmine

_TRIES = 25


class Redmine(Projects, TaskWriter, Changes):
    """What the tests need of the provider."""


class Counting(httpx2.AsyncBaseTransport):
    """The network, with a list of what was asked. Servers behind a proxy tell the time; here none does."""

    def __init__(self) -> None:
        self.inner = httpx2.AsyncHTTPTransport(verify=False)
        self.asked: list[str] = []

    async def handle_async_request(self, request):
        self.asked.append(f"{request.method} {request.url.path}?{request.url.query.decode()}")
        response = await self.inner.handle_async_request(request)
        response.headers.pop("date", None)
        return response

    async def aclose(self) -> None:
        await self.inner.aclose()


class Made(NamedTuple):
    """An issue that a test made."""

    id: str
    updated_at: datetime


@dataclass
class World:
    """One project of the test's own, a client that reads its changes, and one that works in it."""

    reader: Redmine
    worker: Redmine
    network: Counting
    project: str
    later: float = 0.0

    def __post_init__(self) -> None:
        self.cursor: str | None = None
        self.copy: dict[str, str] = {}

    async def make(self, count=1, project=None, parent_task_id=None):
        """Issues by one request each, so that several fit into one second."""
        issue = {"project_id": int(project or self.project), "parent_issue_id": parent_task_id}
        answers = [
            await self.worker._api.post("issues", {"issue": {**issue, "subject": f"T{n}"}})
            for n in range(count)
        ]
        return [Made(str(one["issue"]["id"]), instant(one["issue"]["updated_on"])) for one in answers]

    async def subproject(self, parent=None):
        name = f"C{uuid.uuid4().hex[:12]}"
        made = await self.worker.create_project(
            PMProject(name=name, key=name.lower(), parent_project_id=parent)
        )
        return made.id

    async def call(self, limit=None):
        page = await self.reader.changes(self.project, self.cursor, limit=limit)
        self.cursor = page.cursor
        self.copy |= {one.id: one.title for one in page.upserts}
        for one in page.deleted_ids:
            self.copy.pop(one, None)
        return page

    async def drain(self, limit=None):
        handed, deleted = [], []
        for _ in range(100):
            page = await self.call(limit)
            handed += [one.id for one in page.upserts]
            deleted += page.deleted_ids
            if not page.has_more:
                return handed, deleted
        raise AssertionError("never ends")

    async def change_alone(self, task, seconds):
        """Change a task until it is the only one that changed in its second."""
        for n in range(200):
            found = await self.worker.update_task(task.id, {"title": f"alone {n}"})
            if found.updated_at not in seconds:
                return found
        raise AssertionError("the second never ends")

    async def same(self):
        """Whether the copy is what the project holds now."""
        return self.copy == {one.id: one.title for one in await self.worker.list_tasks(self.project)}


def client(server, network, timing, **options):
    config = PMProviderConfig("redmine", server.url, server.api_key, additional_config=options)
    return Redmine(config, transport=network, timing=timing)


@pytest.fixture(params=[3])
async def world(request):
    server = redmine_server()
    network = Counting()
    found = World.__new__(World)
    timing = Timing(wall=lambda: time.time() + found.later)
    reader = client(server, network, timing, page_size=request.param)
    worker = client(server, Remembering(), Timing())
    name = f"c{uuid.uuid4().hex[:12]}"
    project = await worker.create_project(PMProject(name=name, key=name))
    found.__init__(reader, worker, network, project.id)
    yield found
    await worker.delete_project(project.id)
    await reader.aclose()
    await worker.aclose()


big_pages = pytest.mark.parametrize("world", [100], indirect=True)


async def test_everything_first_then_only_what_changed(world):
    made = await world.make(7)
    handed, deleted = await world.drain()
    assert (handed, deleted) == ([one.id for one in made], [])
    assert await world.drain() == ([], [])
    await world.worker.update_task(made[1].id, {"title": "changed"})
    new = (await world.make())[0]
    assert await world.drain() == ([made[1].id, new.id], [])
    assert await world.drain() == ([], [])
    assert await world.same()


@big_pages
async def test_an_idle_call_is_two_requests(world):
    await world.make(12)
    await world.drain()
    await world.drain()
    world.network.asked.clear()
    assert await world.drain() == ([], [])
    first, second = world.network.asked
    assert "updated_on=%3E%3D" in first
    assert "limit=1" in second


async def test_an_idle_call_is_two_requests_however_much_changed_last_once_that_settled(world):
    """The server shows whole seconds and keeps fractions: its filter lets the last second through for good."""
    made = await world.make(10)
    last = await world.change_alone(made[9], {one.updated_at for one in made})
    await world.drain()
    await world.drain()
    world.network.asked.clear()
    await world.drain()
    assert len(world.network.asked) in range(2, 7), "within the overlap all of them may come again"
    world.later = 700.0
    await world.drain()
    world.network.asked.clear()
    assert await world.drain() == ([], [])
    assert len(world.network.asked) == 2
    # The server does not know how late it is here: its second must be over all the same.
    await world.change_alone(made[4], {last.updated_at})
    assert await world.drain() == ([made[4].id], [])
    assert await world.same()


async def test_three_changes_in_one_second_around_the_border_of_a_page(world):
    for _ in range(_TRIES):
        made = await world.make(6)
        if len({one.updated_at for one in made[1:4]}) == 1:
            break
    else:
        pytest.skip("the server is too slow for three issues in one second")
    for limit in (1, 2, 3, 4, None):
        world.cursor, world.copy = None, {}
        handed, deleted = await world.drain(limit)
        assert len(handed) == len(set(handed))
        assert deleted == []
        assert await world.same()
        assert await world.drain(limit) == ([], [])


async def test_twice_in_one_second_by_somebody_else(world):
    one = (await world.make())[0]
    await world.drain()
    for n in range(_TRIES):
        first = await world.worker.update_task(one.id, {"title": f"first {n}"})
        await world.drain()
        assert world.copy[one.id] == f"first {n}"
        second = await world.worker.update_task(one.id, {"title": f"second {n}"})
        assert await world.drain() == ([one.id], [])
        assert world.copy[one.id] == f"second {n}"
        if first.updated_at == second.updated_at:
            return
    pytest.skip("the server is too slow for two changes in one second")


async def test_a_delete_while_paging_hides_nothing(world):
    made = await world.make(10)
    await world.call(limit=3)
    await world.worker.delete_task(made[0].id)
    await world.worker.delete_task(made[1].id)
    await world.drain(limit=3)
    await world.drain()
    assert await world.same()
    assert made[0].id not in world.copy


async def test_changes_while_paging_hide_nothing(world):
    made = await world.make(8)
    await world.drain()
    await world.drain()
    for one in made:
        await world.worker.update_task(one.id, {"title": "first"})
    await world.call(limit=2)
    for one in (made[0], made[5], made[7]):
        await world.worker.update_task(one.id, {"title": "second"})
    await world.worker.delete_task(made[3].id)
    await world.drain(limit=2)
    await world.drain()
    assert await world.same()


async def test_deletes_are_reported_once(world):
    made = await world.make(5)
    await world.drain()
    await world.worker.delete_task(made[0].id)
    await world.worker.delete_task(made[3].id)
    assert await world.drain() == ([], [made[0].id, made[3].id])
    assert await world.drain() == ([], [])


async def test_a_delete_and_a_creation_between_two_calls(world):
    made = await world.make(3)
    await world.drain()
    await world.worker.delete_task(made[0].id)
    new = (await world.make())[0]
    assert await world.drain() == ([new.id], [made[0].id])
    assert await world.same()


async def test_an_id_that_is_given_out_again_is_an_upsert(world):
    """SQLite does; where the system does not, it is a delete and a creation."""
    made = await world.make(3)
    await world.drain()
    await world.worker.delete_task(made[2].id)
    new = await world.worker.create_task(PMTask(title="another one", project_id=world.project))
    handed, deleted = await world.drain()
    assert handed == [new.id]
    assert deleted == ([] if new.id == made[2].id else [made[2].id])
    assert world.copy[new.id] == "another one"
    assert await world.same()


async def test_an_id_that_is_given_out_again_in_another_project_is_gone_here(world):
    made = await world.make(3)
    other = await world.subproject()
    await world.drain()
    await world.worker.delete_task(made[2].id)
    await world.make(1, other)
    assert await world.drain() == ([], [made[2].id])
    await world.worker.delete_project(other)


async def test_moves_between_projects(world):
    made = await world.make(3)
    other = await world.subproject()
    stranger = (await world.make(1, other))[0]
    await world.drain()
    await world.worker.update_task(made[1].id, {"project_id": other})
    await world.worker.update_task(stranger.id, {"project_id": world.project})
    assert await world.drain() == ([stranger.id], [made[1].id])
    await world.worker.update_task(made[1].id, {"project_id": world.project})
    assert await world.drain() == ([made[1].id], [])
    assert await world.same()
    await world.worker.delete_project(other)


async def test_subprojects_are_projects_of_their_own(world):
    child = await world.subproject(world.project)
    mine = await world.make(2)
    theirs = await world.make(3, child)
    assert await world.drain() == ([one.id for one in mine], [])
    await world.worker.update_task(theirs[0].id, {"title": "x"})
    assert await world.drain() == ([], [])
    moved = await world.worker.update_task(mine[0].id, {"project_id": child})
    assert await world.drain() == ([], [moved.id])
    world.project, world.cursor, world.copy = child, None, {}
    handed, _ = await world.drain()
    assert sorted(handed, key=int) == sorted([moved.id, *(one.id for one in theirs)], key=int)
    assert await world.same()
    world.project = (await world.worker.get_project(child)).parent_project_id


async def test_closed_tasks_are_no_deleted_ones(world):
    made = await world.make(3)
    await world.drain()
    closed = await world.worker.update_task(made[1].id, {"status": "Closed"})
    assert closed.status == "completed"
    assert await world.drain() == ([made[1].id], [])
    world.cursor = None
    handed, _ = await world.drain()
    assert sorted(handed) == sorted(one.id for one in made)


async def test_a_child_that_moves_its_parent_reports_both(world):
    parent = (await world.make())[0]
    await world.drain()
    child = (await world.make(1, parent_task_id=parent.id))[0]
    handed, _ = await world.drain()
    assert child.id in handed
    world.copy.clear()
    await world.worker.delete_task(parent.id)
    assert sorted((await world.drain())[1]) == sorted([parent.id, child.id])


async def test_an_empty_project_and_its_first_task(world):
    assert await world.drain() == ([], [])
    one = (await world.make())[0]
    assert await world.drain() == ([one.id], [])
    await world.worker.delete_task(one.id)
    assert await world.drain() == ([], [one.id])


async def test_a_forced_sweep_finds_nothing_where_nothing_is_wrong(world):
    await world.make(7)
    await world.drain()
    await world.drain()
    world.later = 25 * 3600.0
    world.network.asked.clear()
    assert await world.drain() == ([], [])
    assert any("sort=id%3Aasc" in one for one in world.network.asked)


@pytest.mark.parametrize("end", ["deleted", "archived"])
async def test_a_project_that_is_gone_is_an_error_and_no_delete(world, end):
    other = await world.subproject()
    await world.make(2, other)
    page = await world.reader.changes(other)
    if end == "deleted":
        await world.worker.delete_project(other)
    else:
        await world.worker.update_project(other, {"status": "archived"})
    with pytest.raises(NotFoundError):
        await world.reader.changes(other, page.cursor)
    if end == "archived":
        await world.worker.delete_project(other)


async def test_cursors_are_checked(world):
    await world.drain()
    with pytest.raises(ValidationError) as caught:
        await world.reader.changes(world.project, "x")
    assert "cursor" in caught.value.fields
    other = await world.subproject()
    with pytest.raises(ValidationError, match="another project"):
        await world.reader.changes(other, world.cursor)
    key = (await world.worker.get_project(world.project)).key
    assert (await world.reader.changes(key, world.cursor)).upserts == []
    with pytest.raises(NotFoundError):
        await world.reader.changes("nowhere-at-all")
    await world.worker.delete_project(other)
