"""A run in a process of its own, killed at random steps, and run again until it comes to its end."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator

import pytest

from pm_providers.service.sync import run_sync
from pm_providers.store.sync_history import open_writes
from tests.jobs.nursery import NOT_DONE
from tests.jobs.worlds import Mappings, Nursery, RedmineMappings
from tests.support.databases import BOTH, sqlite_database
from tests.support.redmine import redmine_server

DEATHS = 8
DEATHS_OF_REDMINE = 3


@pytest.fixture(params=BOTH)
def databases(request: pytest.FixtureRequest, tmp_path) -> Iterator[tuple[str, str]]:
    """Addresses of two databases."""
    if request.param == "sqlite":
        here, there = (sqlite_database(tmp_path / f"{name}.db") for name in ("here", "there"))
        yield here, there
        return
    server = request.getfixturevalue("postgres_server")
    here, there = (server.create(migrated=True) for _ in range(2))
    yield here, there
    for url in (here, there):
        server.drop(url)


@pytest.fixture
def seed() -> int:
    return secrets.randbelow(1_000_000)


async def test_a_run_that_is_killed_again_and_again_converges(
    databases: tuple[str, str], seed: int, nursery: Nursery, tmp_path
) -> None:
    await survives(Mappings(*databases, seed), seed, nursery, tmp_path, DEATHS)


@pytest.mark.redmine
async def test_a_run_with_a_real_redmine_is_killed_again_and_again_and_converges(
    databases: tuple[str, str], seed: int, nursery: Nursery, tmp_path
) -> None:
    server = redmine_server()
    await survives(RedmineMappings(databases[0], server, seed), seed, nursery, tmp_path, DEATHS_OF_REDMINE)


async def survives(world: Mappings, seed: int, nursery: Nursery, tmp_path, most: int) -> None:
    """Nothing is lost and nothing doubled, however often a process of the sync is killed."""
    try:
        await world.open(1, settle_s=0)
        await killed(world, seed, nursery, tmp_path, most)
    finally:
        await world.close()


async def killed(world: Mappings, seed: int, nursery: Nursery, tmp_path, most: int) -> None:
    dice, (mapping,) = random.Random(seed), world.all
    asked = {"url": world.urls["left"], "mapping_id": mapping.id, "counted": str(tmp_path / "counted")}
    await world.edit(mapping)
    assert await nursery.end(await nursery.start(**asked)) == 0
    steps = int((tmp_path / "counted").read_text())
    deaths = 0
    while deaths < most:
        await world.edit(mapping)
        # A run that comes to its end first is one of those that must leave nothing behind, too.
        code = await nursery.end(await nursery.start(**asked, die_at=dice.randint(1, steps)))
        assert code in {0, NOT_DONE, -9}, f"seed {seed}"
        deaths += code == -9
    codes = [await nursery.end(await nursery.start(**asked)) for _ in range(2)]
    assert codes[-1] == 0, f"seed {seed}"
    assert await world.problem(mapping) is None, f"seed {seed}"
    again = (await run_sync(world.db, mapping.id)).report
    assert (again.state, again.writes) == ("done", 0), f"seed {seed}"
    assert await world.db.read(lambda conn: open_writes(conn, mapping.id)) == [], f"seed {seed}"
