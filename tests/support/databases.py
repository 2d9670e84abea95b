"""Databases of tests, on SQLite and on PostgreSQL."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from pm_providers import InternalProvider, PMProject, PMProviderConfig
from pm_providers.database import database_for, engine_for, upgrade

BOTH = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgres", marks=pytest.mark.postgres, id="postgres"),
]


@functools.cache
def migrated_sqlite() -> bytes:
    """A SQLite file with the current schema and no rows: it is copied twenty times as fast as it is migrated."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.db"
        upgrade(f"sqlite:///{path}")
        engine_for(f"sqlite:///{path}").dispose()
        return path.read_bytes()


def sqlite_database(path: Path) -> str:
    """Address of a new SQLite file with the current schema and no rows."""
    path.write_bytes(migrated_sqlite())
    return f"sqlite:///{path}"


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a database of the test's own, with the current schema."""
    if request.param == "sqlite":
        return sqlite_database(tmp_path / "pm.db")
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'pm.db'}"
    return str(request.getfixturevalue("empty_postgres_url"))


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """Our engine on the database."""
    found = engine_for(url)
    yield found
    found.dispose()


def provider_on(source: object, **options: object) -> InternalProvider:
    """An internal provider on anything that is taken for a database."""
    config = PMProviderConfig("internal", username="ada", additional_config=dict(options))
    return InternalProvider(config, database_for(source))


@pytest.fixture
async def provider(engine: Engine) -> AsyncIterator[InternalProvider]:
    """A provider whose operations are committed one by one."""
    async with provider_on(engine) as found:
        yield found


@pytest.fixture
async def project(provider: InternalProvider) -> PMProject:
    """A project."""
    return await provider.create_project(PMProject(name="Moon base", key="moon"))
