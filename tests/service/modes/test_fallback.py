"""The internal database in front of another system: it goes on while the other is down, then catches up."""

from __future__ import annotations

import asyncio
import random

import pytest

from pm_providers import (
    ConfigurationError,
    NotFoundError,
    PMComment,
    PMTask,
    RateLimitedError,
    TransportError,
)
from pm_providers.registry import build_pm_provider
from pm_providers.sandbox import SANDBOXES
from pm_providers.service.modes import FallbackProvider, open_fallback
from pm_providers.service.sync_setup import MappingRequest, keep_connection, keep_mapping, open_connection
from pm_providers.store import configure_mapping, pause_mapping, resume_mapping
from pm_providers.store.sync_state import release_lease, take_lease


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def front(mapped, weather):
    """The internal database in front of `mapped`'s right side."""
    clock = Clock()
    async with await open_fallback(mapped.db, mapped.mapping.id, fresh_s=30, retry_s=60) as provider:
        provider._clock = provider.clock = clock
        yield provider


def draft(mapped, title, **values):
    return PMTask(title=title, project_id=mapped.mapping.internal_project_id, **values)


async def test_while_all_is_up_writes_arrive_and_edits_from_outside_are_read(mapped, front):
    made = await front.create_task(draft(mapped, "Ours"))
    assert list(await mapped.on_right()) == ["Ours"]
    await front.update_task(made.id, {"status": "completed"})
    assert (await mapped.on_right())["Ours"].status == "completed"
    await mapped.add_right("Theirs")
    assert len(await front.list_tasks(made.project_id)) == 1
    front.clock.now += 31
    found = {one.title: one for one in await front.list_tasks(made.project_id)}
    assert sorted(found) == ["Ours", "Theirs"]
    await front.delete_task(found["Theirs"].id)
    assert list(await mapped.on_right()) == ["Ours"]
    [line] = await front.lines()
    assert (line.is_up, line.waiting, str(line)) == (True, 0, "up, 0 waiting")


async def test_while_the_other_is_down_everything_goes_on_and_arrives_later(mapped, front, weather, caplog):
    kept = await front.create_task(draft(mapped, "Kept"))
    weather.down = True
    made = [await front.create_task(draft(mapped, f"Offline {n}")) for n in range(3)]
    await front.update_task(kept.id, {"title": "Kept and changed"})
    await front.create_comment(PMComment(task_id=kept.id, body="Written offline"))
    await front.delete_task(made[2].id)
    assert sorted(one.title for one in await front.list_tasks(kept.project_id)) == [
        "Kept and changed", "Offline 0", "Offline 1",
    ]  # fmt: skip
    [line] = await front.lines()
    assert not line.is_up
    assert line.waiting >= 3
    assert isinstance(line.problem, TransportError)
    health = await front.check_health()
    assert health.ok
    assert "down since" in health.details[line.name]
    assert [one.levelname for one in caplog.records if "left alone" in one.getMessage()] == ["WARNING"]
    weather.down = False
    [line] = await front.catch_up()
    assert (line.is_up, line.waiting) == (True, 0)
    right = await mapped.on_right()
    assert sorted(right) == ["Kept and changed", "Offline 0", "Offline 1"]
    comments = await mapped.right.list_comments(right["Kept and changed"].id)
    assert [one.body.endswith("Written offline") for one in comments] == [True]
    assert (await mapped.run()).writes == 0


async def test_a_system_that_is_down_is_left_alone_for_a_while(mapped, front, weather):
    await front.list_projects()
    weather.down = True
    await front.create_task(draft(mapped, "One"))
    tried = len(weather.calls)
    await front.create_task(draft(mapped, "Two"))
    await front.list_tasks()
    assert len(weather.calls) == tried
    weather.down = False
    front.clock.now += 61
    await front.list_projects()
    assert sorted(await mapped.on_right()) == ["One", "Two"]


async def test_what_waits_survives_the_process(mapped, front, weather):
    weather.down = True
    await front.create_task(draft(mapped, "Before"))
    await front.aclose()
    weather.down = False
    async with await open_fallback(mapped.db) as later:
        await later.list_projects()
    assert list(await mapped.on_right()) == ["Before"]


async def test_a_write_whose_answer_got_lost_is_not_repeated(mapped, front, weather):
    await front.list_projects()
    weather.broken = 1
    await front.create_task(draft(mapped, "Once"))
    weather.broken = 0
    await front.catch_up()
    await front.catch_up()
    assert [one.title for one in await mapped.right.list_tasks()] == ["Once"]
    assert (await mapped.run()).writes == 0


async def test_writes_at_once_share_runs(mapped, front, weather):
    await front.list_projects()
    before = weather.calls.count("changes")
    await asyncio.gather(*(front.create_task(draft(mapped, f"T{n}")) for n in range(8)))
    assert len(await mapped.on_right()) == 8
    assert weather.calls.count("changes") - before < 8 * 2


async def test_somebody_elses_run_is_no_failure(mapped, front, caplog):
    fence = await take_lease(mapped.db, mapped.mapping.id, "worker 7", 60)
    await front.create_task(draft(mapped, "Waits"))
    [line] = await front.lines()
    assert (line.is_up, line.waiting, await mapped.on_right()) == (True, 1, {})
    assert "left alone" not in caplog.text
    await release_lease(mapped.db, mapped.mapping.id, fence)
    front.clock.now += 2
    await front.list_projects()
    assert list(await mapped.on_right()) == ["Waits"]


async def test_a_paused_mapping_and_the_fuse_are_told_and_lose_nothing(mapped, front):
    made = await front.create_tasks([draft(mapped, f"T{n}") for n in range(20)])
    await pause_mapping(mapped.db, mapped.mapping.id)
    await front.delete_tasks([one.id for one in made.items[:8]])
    [line] = await front.lines()
    assert (line.is_up, line.waiting) == (False, 8)
    assert "paused" in str(line)
    await resume_mapping(mapped.db, mapped.mapping.id)
    [line] = await front.catch_up()
    assert (line.is_up, line.waiting) == (False, 8)
    assert "8 of 20 items would be deleted" in str(line)
    assert len(await mapped.on_right()) == 20
    await mapped.run(allow_deletes=True)
    [line] = await front.catch_up()
    assert (line.is_up, line.waiting, len(await mapped.on_right())) == (True, 0, 12)


async def test_a_quota_is_obeyed(mapped, front):
    standing = front._standings[0]

    class Full:
        name = "full"

        async def carry(self):
            raise RateLimitedError("too many", retry_after_s=500)

        async def waiting(self):
            return 0

    standing.line = Full()
    await front.list_projects()
    assert standing.due_at == 500


@pytest.mark.parametrize("seed", range(4))
async def test_any_story_ends_with_both_the_same(mapped, front, weather, seed):
    """Random edits on both sides under random weather: nothing lost, nothing doubled, then quiet."""
    dice = random.Random(seed)
    texts: dict[str, str] = {}
    gone: set[str] = set()

    async def edit(titles, provider, by_title):
        title = dice.choice(titles)
        texts[title] = f"{title} {dice.random()}"
        await provider.update_task(by_title[title].id, {"description": texts[title]})

    for step in range(20):
        front.clock.now += dice.choice((0, 5, 100))
        ours = await mapped.on_left()
        mine = sorted(title for title in ours if title.startswith("L"))
        kind = dice.choice(
            ("make", "make", "edit", "edit", "outside", "outside", "delete", "weather", "weather")
        )
        if kind == "make":
            await front.create_task(draft(mapped, f"L{step}"))
            texts[f"L{step}"] = ""
        elif kind == "edit" and mine:
            await edit(mine, front, ours)
        elif kind == "outside":
            theirs = await mapped.on_right()
            known = sorted(title for title in theirs if title.startswith("R"))
            if known and dice.random() < 0.5:
                await edit(known, mapped.right, theirs)
            else:
                await mapped.add_right(f"R{step}")
                texts[f"R{step}"] = ""
        elif kind == "delete" and mine and len(gone) < 3:
            title = dice.choice(mine)
            await front.delete_task(ours[title].id)
            gone.add(title)
        elif kind == "weather":
            weather.down = dice.random() < 0.6
            weather.broken = 0 if weather.down else dice.choice((0, 1, 2))
    weather.down, weather.broken = False, 0
    for _ in range(3):
        await front.catch_up()
    expected = sorted((title, text) for title, text in texts.items() if title not in gone)
    for provider in (mapped.left, mapped.right):
        found = [(one.title, one.description or "") for one in await provider.list_tasks()]
        assert sorted(found) == expected, f"seed {seed}"
    assert (await mapped.run()).writes == 0
    assert [(one.is_up, one.waiting) for one in await front.lines()] == [(True, 0)]


async def test_a_real_api_that_drops_connections(mapped, monkeypatch):
    """The sandbox of a vendor behind a socket: refusing, then answers that get lost, then up."""
    box = SANDBOXES["openproject"](dataset="demo")
    async with box.serve():
        await keep_connection(mapped.db, "op", "openproject", dict(box.settings))
        async with build_pm_provider(provider="internal", db_session=mapped.db) as inner:
            connection = await open_connection(mapped.db, "op")
            project = (await connection.list_projects())[0]
            mapping = await keep_mapping(mapped.db, MappingRequest("op", project.id, config={"settle_s": 0}))
            async with await open_fallback(mapped.db, mapping.id, retry_s=0) as front:
                await front.catch_up()
                there = len(await connection.list_tasks(project.id))
                down = box.faults.add("401;match=GET")  # nothing tries that again, so the test does not wait
                one = await front.create_task(PMTask(title="One", project_id=mapping.internal_project_id))
                box.faults.clear()
                lost = box.faults.add("drop-after;match=POST .*work_packages;times=1")
                two = await front.create_task(PMTask(title="Two", project_id=mapping.internal_project_id))
                box.faults.clear()
                assert down.struck
                assert lost.struck == 1
                assert {one.title, two.title} <= {task.title for task in await inner.list_tasks()}
                await front.catch_up()
                [line] = await front.catch_up()
                assert (line.is_up, line.waiting) == (True, 0)
            titles = [task.title for task in await connection.list_tasks(project.id)]
            assert (titles.count("One"), titles.count("Two"), len(titles)) == (1, 1, there + 2)
            await connection.aclose()


async def test_mappings_that_do_not_begin_here_are_refused(mapped):
    with pytest.raises(NotFoundError):
        await open_fallback(mapped.db, "nothing")
    await configure_mapping(mapped.db, mapped.mapping.id, {"left_connection": "there"})
    with pytest.raises(ConfigurationError, match="internal database"):
        await open_fallback(mapped.db, mapped.mapping.id)
    async with await open_fallback(mapped.db) as front:
        assert isinstance(front, FallbackProvider)
        assert await front.lines() == []
