"""Engines and sessions from `PM_DATABASE_URL`."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from typing import Any, TypeVar

from dotenv import dotenv_values, find_dotenv
from platformdirs import user_data_dir
from sqlalchemy import URL, Engine, StaticPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from pm_providers.errors import ConfigurationError

__all__ = [
    "async_engine_for",
    "data_dir",
    "database_url",
    "engine_for",
    "get_async_db_session",
    "get_db_session",
    "setting",
]

SETTING = "PM_DATABASE_URL"
EXAMPLE = "postgresql://user:password@localhost/pm"
_BUSY_TIMEOUT_MS = 30_000
_POSTGRES_DRIVERS = {"postgres", "postgresql", "postgresql+psycopg"}
_SQLITE_DRIVERS = {"sqlite", "sqlite+pysqlite", "sqlite+aiosqlite"}

T = TypeVar("T")
_engines: dict[str, Engine] = {}
_engines_lock = threading.Lock()


def setting(name: str) -> str | None:
    """Value of a variable: of the process, else of the nearest `.env` file; blank is missing."""
    value = os.environ.get(name, "").strip()
    if not value:
        path = find_dotenv(usecwd=True)
        value = (dotenv_values(path).get(name) or "").strip() if path else ""
    return value or None


def data_dir() -> Path:
    """Folder of our own files, made on demand and readable by its owner only (0700).

    Raises:
        ConfigurationError: it cannot be made.
    """
    path = Path(user_data_dir("pm-providers"))
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"the data folder {path} cannot be made: {error.strerror}; set {SETTING}, for example "
            f"{SETTING}={EXAMPLE} or {SETTING}=sqlite:///pm.db",
            setting=SETTING,
            example=EXAMPLE,
        ) from error
    return path


def database_url(url: str | None = None) -> str:
    """Address of the database in SQLAlchemy's own spelling, password included: never show it.

    Args:
        url: address to normalise; when missing `PM_DATABASE_URL` of the environment, else of `.env`, else a
            SQLite file in the user's data folder. `postgres://`, `postgresql://` and `sqlite:///` are taken.

    Raises:
        ConfigurationError: malformed, or a database that is not supported.
    """
    given = url or setting(SETTING)
    if given is None:
        return f"sqlite:///{data_dir() / 'pm.db'}"
    return _normalised(given).render_as_string(hide_password=False)


def _normalised(given: str) -> URL:
    try:
        parsed = make_url(given)
    except (ArgumentError, ValueError):
        # The parser's own message repeats the address with its password.
        raise _malformed("is not a database address") from None
    if parsed.drivername in _SQLITE_DRIVERS:
        if parsed.host:
            raise _malformed("names a host; a SQLite path takes three slashes, an absolute one four")
        return parsed.set(drivername="sqlite")
    if parsed.drivername not in _POSTGRES_DRIVERS:
        raise _malformed(f"names {parsed.drivername[:40]!r}; supported are sqlite and postgresql")
    return parsed.set(drivername="postgresql+psycopg")


def _malformed(why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{SETTING} {why}, for example {SETTING}={EXAMPLE} or {SETTING}=sqlite:///pm.db",
        setting=SETTING,
        example=EXAMPLE,
    )


def engine_for(url: str | None = None) -> Engine:
    """The engine of a database, one per address and process. See `database_url` for what is taken.

    SQLite: write-ahead log, foreign keys on, 30 seconds of patience with other writers, and every
    transaction that writes takes the write lock at its start (upgrading a read lock is what makes SQLite
    answer "database is locked" at once). An in-memory database is shared by the whole process.
    PostgreSQL: the same patience with locks, unless the address has `options` of its own.

    Raises:
        ConfigurationError: malformed address, or the PostgreSQL driver is not installed.
    """
    address = database_url(url)
    with _engines_lock:
        engine = _engines.get(address)
        if engine is None:
            engine = _engines[address] = _with_driver(lambda: _new_engine(make_url(address)))
    return engine


def async_engine_for(url: str | None = None) -> AsyncEngine:
    """A new async engine of a database; dispose of it when done. As `engine_for` in all else."""
    parsed = make_url(database_url(url))
    if parsed.get_backend_name() != "sqlite":
        return _with_driver(lambda: create_async_engine(parsed, **_postgres_options(parsed)))
    engine = create_async_engine(parsed.set(drivername="sqlite+aiosqlite"), hide_parameters=True)
    _prepare_sqlite(engine.sync_engine)
    return engine


def _new_engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, **_postgres_options(url))
    options: dict[str, Any] = {"hide_parameters": True}
    if url.database in {None, "", ":memory:"}:
        options.update(poolclass=StaticPool, connect_args={"check_same_thread": False})
    engine = create_engine(url, **options)
    _prepare_sqlite(engine)
    return engine


def _postgres_options(url: URL) -> dict[str, Any]:
    options: dict[str, Any] = {"hide_parameters": True, "pool_pre_ping": True}
    if "options" not in url.query:
        options["connect_args"] = {"options": f"-c lock_timeout={_BUSY_TIMEOUT_MS}"}
    return options


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()


def _with_driver(build: Callable[[], T]) -> T:
    try:
        return build()
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"the PostgreSQL driver is not installed ({error.name}): pip install 'pm-providers[postgres]'",
            setting=SETTING,
            example=EXAMPLE,
        ) from error


def get_db_session() -> Generator[Session, None, None]:
    """Yield a session on the database of `PM_DATABASE_URL`, and close it afterwards.

    Nothing is committed for the caller; closing rolls back. Fits FastAPI's `Depends`, and as plain
    `db = next(get_db_session())`: the generator is then collected at once and closes the session, which
    SQLAlchemy leaves usable, so the caller closes it in the end.

    Raises:
        ConfigurationError: `PM_DATABASE_URL` is malformed, or the PostgreSQL schema is missing or old.
    """
    from pm_providers.database.runner import prepare_engine

    engine = engine_for()
    prepare_engine(engine)
    session = Session(engine)
    try:
        yield session
    finally:
        session.close()


async def get_async_db_session() -> AsyncGenerator[AsyncSession, None]:
    """Yield an async session on the database of `PM_DATABASE_URL`, and close it with its engine afterwards.

    Nothing is committed for the caller. Use it with `async for`, `contextlib.aclosing` or FastAPI's
    `Depends`. Errors as in `get_db_session`, raised by the first operation.
    """
    engine = async_engine_for()
    try:
        async with AsyncSession(engine, expire_on_commit=False) as session:
            yield session
    finally:
        await engine.dispose()
