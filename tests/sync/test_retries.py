"""Items whose writes fail: tried less and less often, told with their reason, tried anew when it may help."""

from __future__ import annotations

from typing import Any

import pytest

from pm_providers.errors import PermissionDeniedError, TransportError
from pm_providers.model import PMComment, PMTask
from pm_providers.service.sync_doctor import examine
from pm_providers.service.sync_state import sync_status
from pm_providers.store import sync_tries
from pm_providers.store.sync_links import Link, links_by_id
from pm_providers.store.sync_tries import FIRST_S, LONGEST_S, failing, wait_s
from pm_providers.store.sync_views import all_links
from pm_providers.sync.engine import RunOptions, RunReport
from pm_providers.sync.policy import LEFT, RIGHT
from tests.sync.parts_world import PartsWorld
from tests.sync.world import Mortal, World

PATIENT = RunOptions(patient=True)


class Refusing(Mortal):
    """A system that refuses writes whose text says so, and deletions."""

    def __init__(self, world: World) -> None:
        super().__init__(world.sides[RIGHT], world.fate)
        self.sent = 0
        self.is_open = False

    def _written(self, name: str, call: Any) -> Any:
        async def create_tasks(tasks: list[PMTask]) -> Any:
            self._refuse([one.description for one in tasks])
            return await call(tasks)

        async def update_task(task_id: str, updates: Any, **options: Any) -> Any:
            self._refuse([updates.get("description")])
            return await call(task_id, updates, **options)

        async def delete_task(task_id: str) -> Any:
            self._refuse(["forbidden"])
            return await call(task_id)

        return {"create_tasks": create_tasks, "update_task": update_task, "delete_task": delete_task}[name]

    def _refuse(self, texts: list[str | None]) -> None:
        self.sent += 1
        if not self.is_open and any("forbidden" in (text or "") for text in texts):
            raise PermissionDeniedError("you may not write that")


class Clock:
    """Moves the database's clock as far as retries go by it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.later = 0.0
        real = sync_tries.clock
        patch.setattr(sync_tries, "clock", lambda conn: real(conn) + self.later)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def right(world: World) -> Refusing:
    return Refusing(world)


async def link(world: World, title: str) -> Link:
    links = await world.database.read(lambda conn: all_links(conn, world.mapping_id, "task"))
    return next(one for one in links if one.state_on(LEFT).get("title") == title)


async def run(world: World, right: Refusing, options: RunOptions = PATIENT) -> RunReport:
    return await world.run(options, right=right)


async def test_a_creation_that_is_refused_waits_longer_each_time(
    world: World, right: Refusing, clock: Clock
) -> None:
    await world.add(LEFT, "T", description="forbidden")
    for tries in range(1, 5):
        report = await run(world, right)
        assert report.counts["failed"] == 1
        assert right.sent == tries
        assert (await run(world, right)).counts["failed"] == 0
        assert right.sent == tries, "it is not sent before its time"
        found = (await failing(world.database))[world.mapping_id]
        assert (found.number, found.attempts) == (1, tries)
        assert "may not write" in str(found.worst.problem)
        assert 0 < found.wait_s <= wait_s(tries)
        clock.later += wait_s(tries) + 1
    right.is_open = True
    assert (await run(world, right)).writes == 1
    assert world.mapping_id not in await failing(world.database)
    assert (await link(world, "T")).problem is None


@pytest.mark.parametrize("what", ["update", "delete"])
async def test_what_is_refused_does_not_hold_up_other_items(world: World, right: Refusing, what: str) -> None:
    for title in ("A", "B"):
        await world.add(LEFT, title)
    await run(world, right)
    if what == "update":
        await world.edit(LEFT, "A", description="forbidden")
    else:
        await world.delete(LEFT, "A")
    await world.edit(LEFT, "B", description="fine")
    await run(world, right)
    sent = right.sent
    await world.edit(LEFT, "B", description="finer")
    assert (await run(world, right)).writes == 1
    assert right.sent == sent + 1
    assert (await world.tasks(RIGHT))["B"].description == "finer"
    assert (await failing(world.database))[world.mapping_id].attempts == 1


async def test_an_edit_ends_the_wait(world: World, right: Refusing) -> None:
    await world.add(LEFT, "T")
    await run(world, right)
    await world.edit(LEFT, "T", description="forbidden")
    await run(world, right)
    await world.edit(LEFT, "T", description="allowed")
    assert (await run(world, right)).writes == 1
    assert (await world.tasks(RIGHT))["T"].description == "allowed"
    assert (await link(world, "T")).attempts == 0


@pytest.mark.parametrize(
    "options", [RunOptions(), RunOptions(full=True, patient=True)], ids=["asked", "full"]
)
async def test_people_who_ask_for_a_run_and_full_runs_do_not_wait(
    world: World, right: Refusing, options: RunOptions
) -> None:
    await world.add(LEFT, "T", description="forbidden")
    await run(world, right)
    right.is_open = True
    assert (await run(world, right, options)).writes == 1


async def test_what_stands_below_a_task_that_waits_is_made_and_put_there_later(
    world: World, right: Refusing, clock: Clock
) -> None:
    above = await world.add(LEFT, "above", description="forbidden")
    await run(world, right)
    await world.add(LEFT, "below", parent_task_id=above.id)
    await run(world, right)
    assert [one.title for one in await world.listed(RIGHT)] == ["below"]
    right.is_open = True
    clock.later += wait_s(5)
    await run(world, right)
    tasks = await world.tasks(RIGHT)
    assert tasks["below"].parent_task_id == tasks["above"].id


async def test_a_fault_of_the_system_is_no_failure_of_an_item(world: World) -> None:
    await world.add(LEFT, "T")
    world.fate.faults = ["before"]
    with pytest.raises(TransportError):
        await world.run(PATIENT)
    await world.revive()
    assert (await world.run(PATIENT)).writes == 1


def test_the_wait_doubles_up_to_a_day() -> None:
    waits = [wait_s(tries) for tries in range(1, 100)]
    assert waits[:3] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S]
    assert max(waits) == LONGEST_S
    assert waits == sorted(waits)


async def test_links_that_are_gone_are_no_failures(world: World) -> None:
    await world.database.write(lambda conn: sync_tries.tried_in_vain(conn, "nobody", "gone"))
    assert await world.database.read(lambda conn: links_by_id(conn, ["nobody"])) == {}


async def test_status_and_doctor_say_what_fails_how_often_and_what_tries_it_again(
    world: World, right: Refusing, clock: Clock
) -> None:
    await world.add(LEFT, "fine")
    await run(world, right)
    one = await world.add(LEFT, "T", description="forbidden")
    await run(world, right)
    clock.later += wait_s(1) + 1
    await run(world, right)
    (status,) = await sync_status(world.db, world.mapping_id)
    assert (status.state, status.problem) == ("ok", None)
    assert str(status.failing).startswith(
        "one item could not be written, tried up to 2 times, tried again in 2 min"
    )
    assert "'T': you may not write that" in str(status.failing)
    # The other side of this mapping cannot be opened from here: what is stored is told all the same.
    _, findings = await examine(world.db, world.mapping_id)
    (found,) = [one for one in findings if one.kind == "problem"]
    assert "could not be written, tried 2 times: 'T'; you may not write that" in found.text
    assert f"sync run {world.mapping_id[-8:]} --task {one.id}" in found.command


async def test_a_comment_that_is_refused_waits_until_its_task_is_edited_or_its_time_has_come(
    parts_world: PartsWorld, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = parts_world
    task = await world.add(LEFT, "T")
    await world.sides[LEFT].create_comment(PMComment(task_id=task.id, body="forbidden"))
    sent: list[str] = []
    real = world.sides[RIGHT].create_comment

    async def refusing(comment: PMComment) -> PMComment:
        sent.append(str(comment.body))
        if len(sent) < 3:
            raise PermissionDeniedError("you may not write that")
        return await real(comment)

    monkeypatch.setattr(world.sides[RIGHT], "create_comment", refusing)
    for _ in range(3):
        await world.run(PATIENT)
    assert len(sent) == 1
    assert (await failing(world.database))[world.mapping_id].worst.entity == "comment"
    _, findings = await examine(world.db, world.mapping_id)
    assert any("comment of 'T'" in one.text for one in findings)
    clock.later += wait_s(1) + 1
    await world.run(PATIENT)
    assert len(sent) == 2
    await world.run(PATIENT)
    assert len(sent) == 2
    await world.edit(LEFT, "T", title="T new")
    await world.run(PATIENT)
    assert len(sent) == 3
    assert world.mapping_id not in await failing(world.database)
