"""Undo of what a run wrote before it died, and undos that take long or die themselves."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import update

from pm_providers.database.schema_sync import sync_states
from pm_providers.errors import ConflictError, TransportError
from pm_providers.model import PMSprint
from pm_providers.store.sync_history import DONE, FAILED, get_run, list_runs, list_writes
from pm_providers.store.sync_state import get_state, renew_lease
from pm_providers.sync import alive
from pm_providers.sync.engine import RunOptions, RunReport
from pm_providers.sync.policy import LEFT, RIGHT
from pm_providers.sync.undoing import Undoing
from tests.sync.world import Death, mortal


async def undone(world, run_id, **options) -> RunReport:
    return await Undoing(world.engine(), await get_run(world.db, run_id)).play(**options)


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
