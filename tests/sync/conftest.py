"""Fixtures of the tests of the sync engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from pm_providers.sync.policy import Policy
from tests.sync.parts_world import PartsWorld
from tests.sync.play import PlayProvider
from tests.sync.world import World, memory_database


@pytest.fixture(scope="session")
def sync_db() -> Iterator[Engine]:
    """One database in memory for all worlds: each has a mapping of its own."""
    engine = memory_database()
    yield engine
    engine.dispose()


@pytest.fixture
def make_world(sync_db: Engine) -> Callable[..., Awaitable[World]]:
    """Opens a world of two systems in memory; keywords are options of the policy."""

    async def made(**options: Any) -> World:
        policy = Policy(**{"settle_s": 0.0, **options})
        return await World(sync_db, (PlayProvider("l"), PlayProvider("r")), policy).open()

    return made


@pytest.fixture
async def world(make_world: Callable[..., Awaitable[World]]) -> World:
    """Two systems in memory, with the policy as it is by default."""
    return await make_world()


@pytest.fixture
async def parts_world(sync_db: Engine, tmp_path: Path) -> AsyncIterator[PartsWorld]:
    """Two internal databases, with the policy as it is by default."""
    found = await PartsWorld.of(sync_db, tmp_path)
    yield found
    await found.close()
