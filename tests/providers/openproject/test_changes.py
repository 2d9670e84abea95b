"""The stream of changes: nothing lost, nothing made up, and next to nothing asked when nothing happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest

from pm_providers import NotFoundError, OpenProjectProvider, PMComment, PMTask, ProviderError, ValidationError
from pm_providers.contract import encode_cursor
from pm_providers.toolkit.change_state import ChangeState
from tests.providers.openproject.support import World, config, connected

START = datetime(2026, 1, 1, tzinfo=UTC)
MS = timedelta(milliseconds=1)


@pytest.fixture
def world() -> World:
    world = World()
    world.box.clock.freeze(START)
    return world


async def make(provider, world, count=1, project=None, seconds=10):
    made = []
    for n in range(count):
        world.box.clock.advance(seconds)
        made.append(await provider.create_task(PMTask(title=f"T{n}", project_id=project or world.main)))
    return made


async def drain(provider, project, cursor=None, **options):
    """All pages: upserts and deleted ids in order, and the last cursor."""
    upserts, deleted, rounds = [], [], 0
    while True:
        page = await provider.changes(project, cursor, **options)
        upserts += page.upserts
        deleted += page.deleted_ids
        cursor = page.cursor
        rounds += 1
        assert rounds < 200
        if not page.has_more:
            return upserts, deleted, cursor


async def test_everything_first_then_only_what_changed(provider, world):
    made = await make(provider, world, 5)
    await make(provider, world, 2, project=world.child)
    upserts, deleted, cursor = await drain(provider, "main")
    assert [one.id for one in upserts] == [one.id for one in made]
    assert deleted == []
    assert await drain(provider, world.main, cursor) == (
        [],
        [],
        (await drain(provider, world.main, cursor))[2],
    )
    world.box.clock.advance(60)
    await provider.update_task(made[1].id, {"title": "changed"})
    new = (await make(provider, world, 1))[0]
    upserts, deleted, cursor = await drain(provider, world.main, cursor)
    assert [(one.id, one.title) for one in upserts] == [(made[1].id, "changed"), (new.id, new.title)]
    assert deleted == []
    assert (await drain(provider, world.main, cursor))[:2] == ([], [])


async def test_an_idle_call_costs_two_requests(provider, world):
    await make(provider, world, 30)
    _, _, cursor = await drain(provider, world.main)
    world.box.log.clear()
    page = await provider.changes(world.main, cursor)
    assert (page.upserts, page.deleted_ids, page.has_more) == ([], [], False)
    assert len(world.box.log) == 2
    assert "select=total" in list(world.box.log)[1].query


async def test_pages_with_a_limit_lose_nothing(world):
    async with connected(world.box, page_size=3) as provider:
        made = await make(provider, world, 20, seconds=0)
        for limit in (1, 2, 3, 7, None):
            upserts, deleted, cursor = await drain(provider, world.main, limit=limit)
            assert [one.id for one in upserts] == [one.id for one in made], "all in one instant"
            assert deleted == []
            assert (await drain(provider, world.main, cursor))[:2] == ([], [])


async def test_a_limit_is_kept(world):
    async with connected(world.box, page_size=10) as provider:
        await make(provider, world, 9)
        cursor = None
        for size in (4, 4, 1):
            page = await provider.changes(world.main, cursor, limit=4)
            assert len(page.upserts) == size
            cursor = page.cursor
        assert not page.has_more


async def test_deletes_and_moves_are_reported_once(provider, world):
    made = await make(provider, world, 4)
    _, _, cursor = await drain(provider, world.main)
    world.box.clock.advance(60)
    await provider.delete_task(made[0].id)
    await provider.update_task(made[1].id, {"project_id": world.other})
    upserts, deleted, cursor = await drain(provider, world.main, cursor)
    assert (upserts, sorted(deleted)) == ([], sorted([made[0].id, made[1].id]))
    assert (await drain(provider, world.main, cursor))[:2] == ([], [])
    world.box.clock.advance(60)
    await provider.update_task(made[1].id, {"project_id": world.main})
    upserts, deleted, _ = await drain(provider, world.main, cursor)
    assert ([one.id for one in upserts], deleted) == ([made[1].id], [])


async def test_a_delete_and_a_creation_between_two_calls(provider, world):
    """The count alone would add up: the created one is known from the filter, so the deleted one is missed."""
    made = await make(provider, world, 3)
    _, _, cursor = await drain(provider, world.main)
    world.box.clock.advance(60)
    await provider.delete_task(made[2].id)
    new = (await make(provider, world))[0]
    upserts, deleted, _ = await drain(provider, world.main, cursor)
    assert ([one.id for one in upserts], deleted) == ([new.id], [made[2].id])


async def test_comments_count_as_changes_and_logged_time_does_not(provider, world):
    made = (await make(provider, world))[0]
    _, _, cursor = await drain(provider, world.main)
    world.box.clock.advance(60)
    await provider.create_comment(PMComment(task_id=made.id, body="x"))
    upserts, _, cursor = await drain(provider, world.main, cursor)
    assert [one.id for one in upserts] == [made.id]
    assert (await drain(provider, world.main, cursor))[:2] == ([], [])


async def test_what_becomes_visible_late_is_found(provider, world):
    """A transaction that took two seconds shows up behind a change that we know."""
    made = await make(provider, world, 2)
    _, _, cursor = await drain(provider, world.main)
    state = world.box.state
    row = state.work_packages[int(made[0].id)]
    late = world.box.clock.now() - timedelta(seconds=1.5)
    state.work_packages.change(row, subject="late", lock=row.lock + 1, updated=late)
    upserts, _, _ = await drain(provider, world.main, cursor)
    assert [(one.id, one.title) for one in upserts] == [(made[0].id, "late")]


async def test_what_the_filter_never_showed_is_found_by_the_count(provider, world):
    """A task that becomes visible without being changed."""
    made = await make(provider, world, 3)
    _, _, cursor = await drain(provider, world.main)
    other = (await make(provider, world, 1, project=world.other))[0]
    state = world.box.state
    row = state.work_packages[int(other.id)]
    state.work_packages.change(row, project_id=int(world.main), updated=START)
    upserts, deleted, cursor = await drain(provider, world.main, cursor, limit=1)
    assert ([one.id for one in upserts], deleted) == ([other.id], [])
    assert (await drain(provider, world.main, cursor))[:2] == ([], [])
    assert len(made) == 3


async def test_changes_while_the_first_scan_is_under_way(world):
    async with connected(world.box, page_size=4) as provider:
        made = await make(provider, world, 12)
        page = await provider.changes(world.main)
        world.box.clock.advance(60)
        await provider.update_task(made[0].id, {"title": "again"})
        await provider.update_task(made[5].id, {"title": "again"})
        await provider.delete_task(made[6].id)
        seen = {one.id: one.title for one in page.upserts}
        upserts, deleted, cursor = await drain(provider, world.main, page.cursor)
        seen |= {one.id: one.title for one in upserts}
        more, gone, cursor = await drain(provider, world.main, cursor)
        seen |= {one.id: one.title for one in more}
        for one in (*deleted, *gone):
            seen.pop(one, None)
    now = {one.id: one.title for one in await _tasks(world)}
    assert seen == now


async def _tasks(world):
    async with connected(world.box) as provider:
        return await provider.list_tasks(world.main)


async def test_a_bulk_change_between_pages_loses_nothing(world):
    async with connected(world.box, page_size=5) as provider:
        made = await make(provider, world, 23)
        _, _, cursor = await drain(provider, world.main)
        world.box.clock.advance(60)
        for one in made:
            await provider.update_task(one.id, {"title": "first"})
        seen: dict[str, str] = {}
        changed = iter(made)
        for _ in range(40):
            page = await provider.changes(world.main, cursor, limit=5)
            cursor = page.cursor
            seen |= {one.id: one.title for one in page.upserts}
            again = next(changed, None)
            if again is not None:
                await provider.update_task(again.id, {"title": "second"})
            elif not page.has_more:
                break
    assert seen == {one.id: one.title for one in await _tasks(world)}


async def test_a_sweep_is_forced_now_and_then(provider, world):
    await make(provider, world, 2)
    _, _, cursor = await drain(provider, world.main)
    state = ChangeState.read("openproject", cursor, MS)
    state.calls = 99
    world.box.log.clear()
    page = await provider.changes(world.main, state.write("openproject"))
    assert any("select=total%2Ccount" in one.query or "elements" in one.query for one in world.box.log)
    assert ChangeState.read("openproject", page.cursor, MS).calls == 0
    state.calls, state.swept_at = 0, 0.0
    world.box.log.clear()
    await provider.changes(world.main, state.write("openproject"))
    assert any("elements" in one.query for one in world.box.log), "the last sweep is long ago"


async def test_an_empty_project(provider, world):
    upserts, deleted, cursor = await drain(provider, world.main)
    assert (upserts, deleted) == ([], [])
    made = (await make(provider, world))[0]
    upserts, _, cursor = await drain(provider, world.main, cursor)
    assert [one.id for one in upserts] == [made.id]
    assert (await drain(provider, world.main, cursor))[:2] == ([], [])


async def test_a_project_that_is_gone_is_an_error_and_no_delete(provider, world):
    await make(provider, world, 3)
    _, _, cursor = await drain(provider, world.main)
    state = world.box.state
    state.projects.change(state.projects[int(world.main)], active=False)
    async with connected(world.box, "ann") as ann:
        with pytest.raises(NotFoundError):
            await ann.changes(world.main, cursor)
    with pytest.raises(NotFoundError):
        await provider.changes("nowhere")


async def test_cursors_are_checked(provider, world):
    _, _, cursor = await drain(provider, world.main)
    for bad in ("", "x", cursor[:-4], encode_cursor("jira", {}), encode_cursor("openproject", {"p": "1"}),
                encode_cursor("openproject", {"p": 1, "t": "x", "s": [], "i": "", "n": 0, "w": 0})):  # fmt: skip
        with pytest.raises(ValidationError) as caught:
            await provider.changes(world.main, bad)
        assert "cursor" in caught.value.fields
    with pytest.raises(ValidationError, match="another project"):
        await provider.changes(world.other, cursor)


async def test_a_list_that_never_ends_is_noticed(provider, world):
    await make(provider, world, 3)
    world.box.faults.add("cyclic-next;match=GET .*/projects/.*/work_packages")
    with pytest.raises(ProviderError):
        await drain(provider, world.main)


# the server's clock


class Dated(httpx2.AsyncBaseTransport):
    """Adds the `Date` header that every real server sends."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.inner = world.box.transport()

    async def handle_async_request(self, request):
        response = await self.inner.handle_async_request(request)
        response.headers["date"] = format_datetime(self.world.box.clock.now(), usegmt=True)
        return response


async def test_a_project_imported_in_one_instant_is_cheap_once_it_settled(world):
    made = config(
        world.box.base_url, world.box.settings["OPENPROJECT_API_KEY"], sprint_source="version", page_size=5
    )
    provider = OpenProjectProvider(made, transport=Dated(world))
    tasks = await make(provider, world, 40, seconds=0)
    _, _, cursor = await drain(provider, world.main)
    world.box.log.clear()
    await drain(provider, world.main, cursor)
    assert len(world.box.log) > 2, "within the overlap all of them come again"
    world.box.clock.advance(3600)
    upserts, deleted, cursor = await drain(provider, world.main, cursor)
    assert (upserts, deleted) == ([], [])
    world.box.log.clear()
    assert (await drain(provider, world.main, cursor))[:2] == ([], [])
    assert len(world.box.log) == 2
    await provider.update_task(tasks[0].id, {"title": "x"})
    upserts, _, cursor = await drain(provider, world.main, cursor)
    assert [one.id for one in upserts] == [tasks[0].id]
    assert (await drain(provider, world.main, cursor))[:2] == ([], [])
    await provider.aclose()
