"""Undo of what a run wrote before it died, and undos that take long or die themselves."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import update

from pm_providers.database.schema_sync import sync_states
from pm_providers.errors import ConflictError, TransportError
from pm_providers.model import PMComment, PMRelation, PMSprint
from pm_providers.store.sync_history import DONE, FAILED, list_runs, list_writes, open_writes
from pm_providers.store.sync_state import get_state, renew_lease
from pm_providers.store.sync_views import find_run
from pm_providers.sync import alive
from pm_providers.sync.engine import RunOptions, RunReport
from pm_providers.sync.policy import LEFT, RIGHT, Policy
from pm_providers.sync.undoing import Undoing
from tests.sync.world import Death, mortal

STEPS = range(7, 12) if os.environ.get("CI") else range(14)
"""Awaits that write in an undo of one creation; in `make test` those from its intent to its outcome."""

PART_STEPS = (8, 10) if os.environ.get("CI") else range(22)
"""The same for an undo of two; in `make test` before and after the deletion of the first."""


async def undone(world, run_id, **options) -> RunReport:
    return await Undoing(world.engine(), await find_run(world.db, run_id)).play(**options)


class Torn:
    """A system that takes an update field by field, and fails once, after one; before all with `""`."""

    def __init__(self, inner: Any, call: str, field: str, how: Callable[[], BaseException]) -> None:
        self._inner, self._call, self._field, self._how = inner, call, field, how
        self.is_torn = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._torn(found) if name == self._call and not self.is_torn else found

    def _torn(self, call: Any) -> Any:
        async def written(part_id: str, updates: dict[str, Any], **_: Any) -> None:
            self.is_torn = True
            if self._field:
                await call(part_id, {self._field: updates[self._field]})
            raise self._how()

        return written


async def torn_run(world, call, field, how) -> str:
    """A run whose write to the right takes effect in part, settled by the next one: its id."""
    with mortal(), contextlib.suppress(TransportError):
        await world.run(RunOptions(full=True), right=Torn(world.engine()._providers[RIGHT], call, field, how))
    await world.revive()
    (torn, *_) = await list_runs(world.db, world.mapping_id)
    await world.run(RunOptions(full=True))
    return torn.id


def lost() -> TransportError:
    return TransportError("the connection broke", maybe_applied=True)


def refused() -> ConflictError:
    """As the transport says it, where it sent a request again of which no answer came."""
    error = ConflictError("it was changed meanwhile")
    error.maybe_applied = True
    return error


@pytest.mark.parametrize("how", [Death, lost, refused])
async def test_what_took_effect_in_part_is_taken_back(world, how):
    """It stands in the history as what it is, and what did not take effect beside it."""
    await world.add(LEFT, "One", description="before", priority="low")
    await world.run()
    await world.edit(LEFT, "One", title="Uno", description="after", priority="high")
    torn = await torn_run(world, "update_task", "description", how)
    writes = await list_writes(world.db, run_id=torn)
    first = {name: one.wanted[name] for one in writes for name in one.wanted if one.state == DONE}
    assert first["description"] == "after"
    if how is Death:
        assert [(one.state, sorted(one.wanted)) for one in writes] == [
            (FAILED, ["priority", "title"]), (DONE, ["description"]),
        ]  # fmt: skip
    for run in await list_runs(world.db, world.mapping_id):
        if run.kind == "sync" and run.id >= torn:
            await undone(world, run.id)
    (there,) = (await world.tasks(RIGHT)).values()
    assert (there.title, there.description, there.priority) == ("One", "before", "low")
    assert (await world.run()).writes == 0


async def test_what_took_effect_of_nothing_is_not_claimed(world):
    await world.add(LEFT, "One", description="before")
    await world.run()
    await world.edit(LEFT, "One", description="after")
    torn = await torn_run(world, "update_task", "", Death)
    assert {one.state for one in await list_writes(world.db, run_id=torn)} == {FAILED}


async def test_parts_that_were_written_in_part_are_taken_back(parts_world):
    world, left = parts_world, parts_world.sides[LEFT]
    made = await left.create_sprint(PMSprint(name="One", goal="before", project_id=world.projects[LEFT]))
    await world.run()
    await left.update_sprint(made.id, {"name": "Uno", "goal": "after", "start_date": date(2026, 1, 1)})
    torn = await torn_run(world, "update_sprint", "goal", Death)
    done = [one for one in await list_writes(world.db, run_id=torn) if one.state == DONE]
    assert [set(one.wanted) - {"project_id"} for one in done] == [{"goal"}]
    await undone(world, torn)
    (there,) = await world.sides[RIGHT].list_sprints(world.projects[RIGHT])
    assert (there.name, there.goal) == ("Uno", "before")


async def test_an_undo_that_waits_for_long_keeps_its_lease(world, monkeypatch):
    """A vendor may take longer to answer than a lease lasts."""
    await world.add(LEFT, "One")
    run_id = (await world.run()).run_id
    monkeypatch.setattr(alive, "EVERY_S", 0.0)
    ended = update(sync_states).where(sync_states.c.mapping_id == world.mapping_id).values(lease_until=0.0)

    shown = asyncio.Event()

    async def renewed(*args):
        await renew_lease(*args)
        shown.set()

    async def held_again():
        await world.database.write(lambda conn: conn.execute(ended))
        shown.clear()
        async with asyncio.timeout(10):
            await shown.wait()
        assert (await get_state(world.db, world.mapping_id)).is_held

    monkeypatch.setattr(alive, "renew_lease", renewed)

    for dry in (True, False):
        world.fate.meanwhile = {1: held_again}
        await undone(world, run_id, dry=dry)
        assert not world.fate.meanwhile
    assert await world.tasks(RIGHT) == {}


@pytest.mark.parametrize("steps", STEPS)
async def test_what_an_undo_that_died_did_not_delete_is_in_step_again(world, steps):
    """Edits that people made meanwhile are carried; what was deleted stays away, and what it was made of stays."""
    await world.add(LEFT, "One")
    run_id = (await world.run()).run_id
    await world.dies(steps, lambda: undone(world, run_id))
    await world.edit(LEFT, "One", description="meanwhile")
    for _ in range(2):
        await world.run()
    there = (await world.tasks(RIGHT)).values()
    assert [one.description for one in there] == ["meanwhile"] * len(there)
    assert not await world.database.read(lambda conn: open_writes(conn, world.mapping_id))
    with contextlib.suppress(ConflictError):  # it had come to its end
        await undone(world, run_id)
    assert len(await world.tasks(RIGHT)) == len(there)  # somebody's edit was carried there since
    assert (await world.tasks(LEFT))["One"].description == "meanwhile"
    assert (await world.run()).writes == 0


@pytest.mark.parametrize("steps", STEPS)
async def test_an_undo_that_died_can_be_tried_again_at_once(make_world, steps):
    world = await make_world(settle_s=3600.0)
    await world.add(LEFT, "One")
    run_id = (await world.run()).run_id
    await world.dies(steps, lambda: undone(world, run_id))
    with contextlib.suppress(ConflictError):
        await undone(world, run_id)
    assert (list(await world.tasks(LEFT)), list(await world.tasks(RIGHT))) == (["One"], [])
    (last, *_) = await list_runs(world.db, world.mapping_id)
    assert (last.kind, last.state) == ("undo", "done")
    assert (await world.run()).writes == 0
    deleted = [
        one for one in await list_writes(world.db, mapping_id=world.mapping_id) if one.action == "delete"
    ]
    assert [one.state for one in deleted].count(DONE) == 1


async def test_what_an_undo_may_still_delete_stays_out_of_step(make_world):
    """Its request may be on its way: in step, the counterpart would be deleted after it."""
    world = await make_world(settle_s=3600.0)
    await world.add(LEFT, "One")
    run_id = (await world.run()).run_id
    assert await world.dies(8, lambda: undone(world, run_id))
    assert await world.database.read(lambda conn: open_writes(conn, world.mapping_id))
    assert list(await world.tasks(RIGHT)) == ["One"]
    for _ in range(2):
        assert (await world.run()).writes == 0
    await world.delete(RIGHT, "One")
    world.policy = replace(world.policy, settle_s=0.0)
    await world.settled()
    assert (list(await world.tasks(LEFT)), list(await world.tasks(RIGHT))) == (["One"], [])


@pytest.mark.parametrize("settle_s", [0.0, 3600.0])
async def test_what_the_next_attempt_leaves_alone_is_in_step_again(make_world, settle_s):
    """Somebody edited it between the two: both stay, and the next run after a while goes on with them."""
    world = await make_world(settle_s=settle_s)
    await world.add(LEFT, "One")
    run_id = (await world.run()).run_id
    assert await world.dies(8, lambda: undone(world, run_id))
    await world.edit(RIGHT, "One", description="somebody's")
    report = await undone(world, run_id)
    assert [one.reason for one in report.decisions] == ["the run created it, but it was edited since"]
    world.policy = replace(world.policy, settle_s=0.0)
    await world.settled()
    await world.edit(LEFT, "One", title="Uno")
    await world.settled()
    both = [[(one.title, one.description) for one in await world.listed(side)] for side in (LEFT, RIGHT)]
    assert both == [[("Uno", "somebody's")]] * 2


async def test_so_are_parts_that_the_next_attempt_leaves_alone(parts_world):
    world = parts_world
    world.policy = Policy(settle_s=0.0)
    left, right = world.sides[LEFT], world.sides[RIGHT]
    task = await world.add(LEFT, "One")
    await world.run()
    comment = await left.create_comment(PMComment(task_id=task.id, body="before"))
    run_id = (await world.run(RunOptions(full=True))).run_id
    assert await world.dies(8, lambda: undone(world, run_id))
    there = (await world.tasks(RIGHT))["One"]
    (copy,) = await right.list_comments(there.id)
    await right.update_comment(copy.id, {"body": "edited"})
    await undone(world, run_id)
    await world.run(RunOptions(full=True))
    await left.update_comment(comment.id, {"body": "after"})
    await world.run(RunOptions(full=True))
    assert [one.body for one in await right.list_comments(there.id)] == ["after"]
    assert not await world.database.read(lambda conn: open_writes(conn, world.mapping_id))


@pytest.mark.parametrize("steps", PART_STEPS)
async def test_parts_that_an_undo_that_died_did_not_delete_are_in_step_again(parts_world, steps):
    world = parts_world
    world.policy = Policy(settle_s=0.0)
    left, right = world.sides[LEFT], world.sides[RIGHT]
    one, two = [await world.add(LEFT, title) for title in ("One", "Two")]
    await world.run()
    comment = await left.create_comment(PMComment(task_id=one.id, body="before"))
    await left.create_relation(PMRelation(from_task_id=one.id, to_task_id=two.id, type="blocks"))
    run_id = (await world.run(RunOptions(full=True))).run_id
    await world.dies(steps, lambda: undone(world, run_id))
    await left.update_comment(comment.id, {"body": "after"})
    for _ in range(2):
        await world.run(RunOptions(full=True))
    assert not await world.database.read(lambda conn: open_writes(conn, world.mapping_id))
    there = (await world.tasks(RIGHT))["One"]
    assert [found.body for found in await left.list_comments(one.id)] == ["after"]
    assert len(await left.list_relations(one.id)) == 1
    bodies = [found.body.rpartition("\n\n")[2] for found in await right.list_comments(there.id)]
    assert bodies == ["after"] * len(bodies)
    deleted = [
        one for one in await list_writes(world.db, mapping_id=world.mapping_id) if one.action == "delete"
    ]
    gone = {"comment": not bodies, "relation": not await right.list_relations(there.id)}
    assert gone == {name: DONE in [one.state for one in deleted if one.entity == name] for name in gone}
    assert (await world.run(RunOptions(full=True))).writes == 0
