"""Machines whose clocks are wrong: what they share goes by the clock of the database."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from pm_providers import PMProject
from pm_providers.database import Database, database_for, ids
from pm_providers.jobs import open_queue
from pm_providers.jobs.schedules import slot_of, submit_due
from pm_providers.service.sync_state import sync_status
from pm_providers.store import add_connection, add_mapping
from pm_providers.store.jobs import claim_slot
from pm_providers.store.sync_history import add_intents, age_s, list_writes, start_run
from pm_providers.store.sync_links import Observed, find_links, observe
from pm_providers.store.sync_state import get_state, take_lease
from tests.support.databases import provider_on

pytestmark = pytest.mark.postgres
DAY = 86_400.0


@contextmanager
def wrong_by(seconds: float) -> Any:
    """On a machine whose clock is wrong."""
    real = time.time
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: real() + seconds)
        yield


@contextmanager
def fresh_process() -> Any:
    """Ids of a process never go back; this one made none yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ids, "_last", dict.fromkeys(ids._last, 0))
        real = time.time_ns
        patch.setattr(time, "time_ns", lambda: real() - int(DAY * 1e9))
        yield


@pytest.fixture
async def shared(postgres_url: str) -> AsyncIterator[SimpleNamespace]:
    """A database that several machines share, with a mapping."""
    db: Database = database_for(postgres_url)
    async with provider_on(postgres_url) as internal:
        project = await internal.create_project(PMProject(name="Webshop"))
    there = await add_connection(db, "there", "internal")
    mapping = await add_mapping(db, project.id, there.id, "7", sync_config={"schedule_s": 3600})
    yield SimpleNamespace(db=db, url=postgres_url, mapping=mapping)
    await db.aclose()


async def test_a_clock_that_is_ahead_takes_no_lease_that_somebody_holds(shared: SimpleNamespace) -> None:
    assert await take_lease(shared.db, shared.mapping.id, "one", 300) == 1
    with wrong_by(DAY):
        assert await take_lease(shared.db, shared.mapping.id, "two", 300) is None
        state = await get_state(shared.db, shared.mapping.id)
        assert state is not None
        assert state.is_held
        assert [one.state for one in await sync_status(shared.db)] == ["running"]


async def test_the_lease_of_a_clock_that_is_ahead_ends_in_time(shared: SimpleNamespace) -> None:
    with wrong_by(DAY):
        assert await take_lease(shared.db, shared.mapping.id, "one", 0) == 1
    assert await take_lease(shared.db, shared.mapping.id, "two", 300) == 2


async def test_what_was_just_sent_is_new_to_a_machine_whose_clock_is_ahead(shared: SimpleNamespace) -> None:
    """Else it would take a creation for never sent, and do it again."""
    row = {
        "mapping_id": shared.mapping.id, "link_id": "1", "entity": "task", "side": "right", "action": "create",
        "wanted": {},
    }  # fmt: skip

    def intend(conn: Any) -> None:
        run_id = start_run(conn, shared.mapping.id, "sync", 1)
        add_intents(conn, [{**row, "run_id": run_id}])

    await shared.db.write(intend)
    (write,) = await list_writes(shared.db, mapping_id=shared.mapping.id)
    with wrong_by(DAY):
        assert 0 <= await shared.db.read(lambda conn: age_s(conn, write)) < DAY / 2


async def test_what_a_machine_sees_whose_clock_is_behind_is_newer_than_the_write_that_made_it(
    shared: SimpleNamespace,
) -> None:
    """By that recovery tells what a creation made from what was there before."""
    row = {
        "mapping_id": shared.mapping.id, "link_id": "1", "entity": "task", "side": "right", "action": "create",
        "wanted": {},
    }  # fmt: skip

    def intend(conn: Any) -> list[str]:
        return add_intents(conn, [{**row, "run_id": start_run(conn, shared.mapping.id, "sync", 1)}])

    def see(conn: Any) -> list[Any]:
        observe(conn, shared.mapping.id, "task", "right", [Observed("7", {"title": "T"})])
        return find_links(conn, shared.mapping.id, "task", "right", ["7"])

    (write_id,) = await shared.db.write(intend)
    with wrong_by(-DAY), fresh_process():
        (link,) = await shared.db.write(see)
    assert link.id > write_id


async def test_a_clock_that_is_ahead_does_not_use_up_the_runs_of_tomorrow(shared: SimpleNamespace) -> None:
    queue = open_queue(shared.url)
    try:
        with wrong_by(DAY):
            assert len(await submit_due(shared.db, queue)) == 1
        in_an_hour = slot_of(shared.mapping.id, 3600, time.time() + 3600)
        assert await claim_slot(shared.db, shared.mapping.id, in_an_hour) is not None
    finally:
        await queue.aclose()
