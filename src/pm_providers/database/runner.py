"""Where database work runs: one port over engines, session factories and sessions, sync and async.

Work is a plain function of a SQLAlchemy `Connection`. Sync databases run it in a worker thread, async ones
through SQLAlchemy's greenlet bridge; the event loop is never blocked. The one exception is a database that
lives in one connection (in-memory SQLite): its work runs where it is called, as it has no disk to wait for
and its driver refuses other threads.

Given an engine or a factory, each operation is a transaction of its own. Given a session, the transaction
is the host's: each operation is a SAVEPOINT in it, nothing is committed, and a failed operation leaves it
usable.

A cancelled operation is waited for before the cancellation goes on, so that a session is never used by two at
a time; unless it was committed already, it is undone.
"""

from __future__ import annotations

import abc
import asyncio
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, SingletonThreadPool, StaticPool
from sqlalchemy.exc import UnboundExecutionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_scoped_session, async_sessionmaker
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from pm_providers.database.failures import translated
from pm_providers.database.session import engine_for
from pm_providers.database.transactions import Guard, in_host_transaction, in_own_transaction
from pm_providers.database.upgrade import ensure_schema
from pm_providers.errors import ConfigurationError

__all__ = ["Database", "Work", "database_for", "prepare_engine"]

T = TypeVar("T")
Work = Callable[[Connection], T]
"""Database work: SQL in, plain values out. Must not keep the connection."""

_THREADS = 4
_LANE = "pm_providers.lane"


class Database(abc.ABC):
    """A database to run work on; safe to share between coroutines.

    Attributes:
        commits: whether each operation is committed when it ends; False on a session that a host gave.
    """

    commits: bool = True

    async def read(self, work: Work[T]) -> T:
        """Run work that only reads.

        Raises:
            PMError: whatever went wrong in the database, or what `work` raised.
        """
        return await self._run(work, write=False)

    async def write(self, work: Work[T]) -> T:
        """Run work that writes: all of it takes effect, or nothing. Errors as in `read`."""
        return await self._run(work, write=True)

    @abc.abstractmethod
    async def _run(self, work: Work[T], *, write: bool) -> T: ...

    async def aclose(self) -> None:  # noqa: B027 - most kinds have nothing to release
        """Release threads of our own. Engines and sessions stay with whoever made them."""


class _Lane:
    """Where sync jobs run: worker threads, or in place (0 threads). Its threads end with it."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._executor: ThreadPoolExecutor | None = None
        self._changing = threading.Lock()

    async def run(self, job: Callable[[Guard], T]) -> T:
        guard = Guard()
        if not self._threads:
            return job(guard)
        with self._changing:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self._threads, thread_name_prefix="pm-database")
            queued = self._executor.submit(job, guard)

        def abandon() -> None:
            guard.abandon()
            queued.cancel()

        return await _to_the_end(asyncio.wrap_future(queued), abandon)

    def close(self) -> None:
        """Let the threads end after the work they have; later work gets new ones."""
        with self._changing:
            if self._executor is not None:
                self._executor.shutdown(wait=False)
            self._executor = None


async def _to_the_end(future: asyncio.Future[T], abandon: Callable[[], None]) -> T:
    """Result of a job; when the caller is cancelled, the job is told and its end is waited for."""
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        abandon()
        while not future.done():
            try:
                await asyncio.wait([future])
            except asyncio.CancelledError:
                continue  # the first cancellation is on its way already
        if not future.cancelled():
            future.exception()  # seen: it must not be reported as never retrieved
        raise


class _EngineDatabase(Database):
    """Sync engine: a transaction per operation, in worker threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lane = _lane_of(engine)

    async def _run(self, work: Work[T], *, write: bool) -> T:
        return await self._lane.run(lambda guard: self._job(guard, work, write))

    def _job(self, guard: Guard, work: Work[T], write: bool) -> T:
        with translated(), _turn(self._engine, write), self._engine.connect() as connection:
            return in_own_transaction(connection, work, guard, write=write)

    async def aclose(self) -> None:
        self._lane.close()


class _FactoryDatabase(Database):
    """Sync session factory: a session and transaction per operation, in worker threads."""

    def __init__(self, factory: sessionmaker[Session]) -> None:
        self._factory = factory
        with factory() as session:
            self._engine = _engine_of(session)
        self._lane = _lane_of(self._engine)

    async def _run(self, work: Work[T], *, write: bool) -> T:
        return await self._lane.run(lambda guard: self._job(guard, work, write))

    def _job(self, guard: Guard, work: Work[T], write: bool) -> T:
        with translated(), _turn(self._engine, write), self._factory() as session:
            result = in_host_transaction(session.connection(), work, guard, write=write)
            guard.check()
            session.commit()
            return result

    async def aclose(self) -> None:
        self._lane.close()


class _SessionDatabase(Database):
    """Sync session of a host: one worker thread for all who use that session."""

    commits = False

    def __init__(self, session: Session) -> None:
        self._session = session
        lane = session.info.get(_LANE)
        if lane is None:
            lane = session.info[_LANE] = _Lane(0 if _is_bound(_engine_of(session)) else 1)
        self._lane: _Lane = lane

    async def _run(self, work: Work[T], *, write: bool) -> T:
        return await self._lane.run(lambda guard: self._job(guard, work, write))

    def _job(self, guard: Guard, work: Work[T], write: bool) -> T:
        with translated():
            return in_host_transaction(self._session.connection(), work, guard, write=write)


class _AsyncDatabase(Database):
    """Async kinds: the operation is a task of its own, so that a cancellation cannot cut a statement short.

    SQLAlchemy drops the connection of a statement that is cancelled, and with it a host's transaction.
    """

    def __init__(self, turn: asyncio.Lock | None) -> None:
        self._turn = turn

    async def _run(self, work: Work[T], *, write: bool) -> T:
        guard = Guard()
        return await _to_the_end(asyncio.ensure_future(self._in_turn(work, guard, write)), guard.abandon)

    async def _in_turn(self, work: Work[T], guard: Guard, write: bool) -> T:
        if self._turn is None:
            return await self._job(work, guard, write)
        async with self._turn:
            guard.check()
            return await self._job(work, guard, write)

    @abc.abstractmethod
    async def _job(self, work: Work[T], guard: Guard, write: bool) -> T: ...


class _AsyncEngineDatabase(_AsyncDatabase):
    def __init__(self, engine: AsyncEngine) -> None:
        # One connection for everybody (in-memory SQLite) has one transaction: operations take turns.
        super().__init__(asyncio.Lock() if isinstance(engine.sync_engine.pool, StaticPool) else None)
        self._engine = engine

    async def _job(self, work: Work[T], guard: Guard, write: bool) -> T:
        with translated():
            async with self._engine.connect() as connection:
                return await connection.run_sync(in_own_transaction, work, guard, write=write)


class _AsyncFactoryDatabase(_AsyncDatabase):
    def __init__(self, factory: async_sessionmaker[AsyncSession]) -> None:
        engine = _engine_of(factory().sync_session)
        super().__init__(asyncio.Lock() if isinstance(engine.pool, StaticPool) else None)
        self._factory = factory

    async def _job(self, work: Work[T], guard: Guard, write: bool) -> T:
        with translated():
            async with self._factory() as session:
                result = await session.run_sync(_on_session, work, guard, write)
                guard.check()
                await session.commit()
                return result


class _AsyncSessionDatabase(_AsyncDatabase):
    commits = False

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session.info.setdefault(_LANE, asyncio.Lock()))
        self._session = session

    async def _job(self, work: Work[T], guard: Guard, write: bool) -> T:
        with translated():
            return await self._session.run_sync(_on_session, work, guard, write)


def _on_session(session: Session, work: Work[T], guard: Guard, write: bool) -> T:
    return in_host_transaction(session.connection(), work, guard, write=write)


_write_locks: weakref.WeakKeyDictionary[Engine, AbstractContextManager[object]] = weakref.WeakKeyDictionary()
_lanes: weakref.WeakKeyDictionary[Engine, _Lane] = weakref.WeakKeyDictionary()
_engines_guard = threading.Lock()


def _turn(engine: Engine, write: bool) -> AbstractContextManager[object]:
    """Writers of this process take turns on SQLite by a lock: its own waiting is by polling.

    So do readers where all threads share one connection (in-memory SQLite), as they share its transaction.
    """
    if engine.dialect.name != "sqlite" or not (write or isinstance(engine.pool, StaticPool)):
        return nullcontext()
    with _engines_guard:
        return _write_locks.setdefault(engine, threading.RLock())


def _lane_of(engine: Engine) -> _Lane:
    """The threads of an engine, shared by all that work on it."""
    with _engines_guard:
        return _lanes.setdefault(engine, _Lane(0 if _is_bound(engine) else _THREADS))


def _is_bound(engine: Engine) -> bool:
    """Whether the database lives in one connection, which may be bound to its thread."""
    return engine.dialect.name == "sqlite" and isinstance(engine.pool, SingletonThreadPool | StaticPool)


def _engine_of(session: Session) -> Engine:
    try:
        return session.get_bind().engine
    except UnboundExecutionError:
        raise ConfigurationError("db_session: the session is not bound to a database") from None


def prepare_engine(engine: Engine) -> None:
    """Check the schema of a database; create or upgrade it on SQLite.

    Raises:
        ConfigurationError: the schema is missing or old (PostgreSQL), or newer than this version.
    """
    with translated(), engine.connect() as connection:
        ensure_schema(connection)


def database_for(source: Any = None) -> Database:
    """The database port over whatever a caller has.

    Args:
        source: a SQLAlchemy `Session`, `AsyncSession`, `sessionmaker`, `async_sessionmaker`, `Engine` or
            `AsyncEngine`; the scoped kinds stand for their current session; text is an address as in
            `PM_DATABASE_URL`; a `Database` is returned as it is; nothing is that of `PM_DATABASE_URL`.

    Raises:
        ConfigurationError: none of these, or `PM_DATABASE_URL` is malformed.
    """
    if isinstance(source, scoped_session | async_scoped_session):
        source = source()
    if source is None or isinstance(source, str):
        return _EngineDatabase(engine_for(source))
    if isinstance(source, Database):
        return source
    for kind, build in _KINDS:
        if isinstance(source, kind):
            return build(source)
    raise ConfigurationError(
        f"db_session: {type(source).__name__} is no SQLAlchemy session, sessionmaker or engine"
    )


_KINDS: tuple[tuple[type, Callable[[Any], Database]], ...] = (
    (Session, _SessionDatabase),
    (AsyncSession, _AsyncSessionDatabase),
    (sessionmaker, _FactoryDatabase),
    (async_sessionmaker, _AsyncFactoryDatabase),
    (Engine, _EngineDatabase),
    (AsyncEngine, _AsyncEngineDatabase),
)
