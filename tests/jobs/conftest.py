"""A queue of each kind."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from pm_providers.database import upgrade
from pm_providers.jobs import JobQueue, open_queue
from tests.jobs.worlds import Nursery
from tests.support.databases import BOTH, sqlite_database


@pytest.fixture(params=BOTH)
def jobs_url(request: pytest.FixtureRequest, tmp_path) -> str:
    """Address of a database with our schema."""
    if request.param == "sqlite":
        return sqlite_database(tmp_path / "jobs.db")
    url = str(request.getfixturevalue("empty_postgres_url"))
    upgrade(url)
    return url


@pytest.fixture
async def queue(jobs_url: str) -> AsyncIterator[JobQueue]:
    """A queue without jobs."""
    found = open_queue(jobs_url)
    yield found
    await found.aclose()


@pytest.fixture
async def nursery(encryption_key: str) -> AsyncIterator[Nursery]:
    """Begins processes that have the key of kept secrets."""
    found = await Nursery().open()
    yield found
    await found.close()
