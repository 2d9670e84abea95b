"""Undo of what a run wrote before it died, and undos that take long or die themselves."""

from __future__ import annotations

import asyncio

from sqlalchemy import update

from pm_providers.database.schema_sync import sync_states
from pm_providers.store.sync_history import get_run
from pm_providers.store.sync_state import get_state, renew_lease
from pm_providers.sync import alive
from pm_providers.sync.engine import RunReport
from pm_providers.sync.policy import LEFT, RIGHT
from pm_providers.sync.undoing import Undoing


async def undone(world, run_id, **options) -> RunReport:
    return await Undoing(world.engine(), await get_run(world.db, run_id)).play(**options)


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
