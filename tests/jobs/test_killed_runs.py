"""A run in a process of its own, killed before random statements, and run again until it comes to its end."""

from __future__ import annotations

import random
import secrets
from collections.abc import AsyncIterator

import pytest

from pm_providers.service.sync import run_sync
from pm_providers.store.sync_history import open_writes
from tests.jobs.nursery import NOT_DONE
from tests.jobs.worlds import Mappings, Nursery
from tests.support.databases import BOTH

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
DEATHS = 8


@pytest.fixture
async def nursery(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Nursery]:
    monkeypatch.setenv("PM_ENCRYPTION_KEY", KEY)
    found = await Nursery().open()
    yield found
    await found.close()


@pytest.fixture(params=BOTH)
async def mappings(
    request: pytest.FixtureRequest, nursery: Nursery, tmp_path
) -> AsyncIterator[tuple[Mappings, int]]:
    seed = secrets.randbelow(1_000_000)
    if request.param == "sqlite":
        here, there = (f"sqlite:///{tmp_path / name}.db" for name in ("here", "there"))
        found = await Mappings(here, there, seed).open(1, settle_s=0)
        yield found, seed
        await found.close()
        return
    server = request.getfixturevalue("postgres_server")
    here, there = (server.create(migrated=True) for _ in range(2))
    found = await Mappings(here, there, seed).open(1, settle_s=0)
    yield found, seed
    await found.close()
    for url in (here, there):
        server.drop(url)


async def test_a_run_that_is_killed_again_and_again_converges(
    mappings: tuple[Mappings, int], nursery: Nursery, tmp_path
) -> None:
    world, seed = mappings
    dice, (mapping,) = random.Random(seed), world.all
    asked = {"url": world.urls["left"], "mapping_id": mapping.id, "counted": str(tmp_path / "counted")}
    await world.edit(mapping)
    assert await nursery.end(await nursery.start(**asked)) == 0
    statements = int((tmp_path / "counted").read_text())
    deaths = 0
    while deaths < DEATHS:
        await world.edit(mapping)
        # A run that comes to its end first is one of those that must leave nothing behind, too.
        code = await nursery.end(await nursery.start(**asked, die_at=dice.randint(1, statements)))
        assert code in {0, NOT_DONE, -9}, f"seed {seed}"
        deaths += code == -9
    codes = [await nursery.end(await nursery.start(**asked)) for _ in range(2)]
    assert codes[-1] == 0, f"seed {seed}"
    assert await world.problem(mapping) is None, f"seed {seed}"
    again = (await run_sync(world.db, mapping.id)).report
    assert (again.state, again.writes) == ("done", 0), f"seed {seed}"
    assert await world.db.read(lambda conn: open_writes(conn, mapping.id)) == [], f"seed {seed}"
