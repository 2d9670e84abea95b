"""The port over engines, factories and sessions of a host."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, StaticPool, create_engine, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from pm_providers import (
    ConfigurationError,
    ConflictError,
    PMProject,
    PMTask,
    ProviderError,
    TransportError,
    ValidationError,
)
from pm_providers.database import Database, database_for, engine_for, upgrade
from pm_providers.database.schema import counters
from tests.support.databases import provider_on


def _async_url(url: str) -> str:
    return url.replace("sqlite://", "sqlite+aiosqlite://")


def _mark(name: str) -> Callable[[Connection], None]:
    """Work that leaves a row."""

    def work(connection: Connection) -> None:
        connection.execute(insert(counters).values(name=name, value=1))

    return work


def _marks(connection: Connection) -> list[str]:
    return sorted(connection.scalars(select(counters.c.name).where(counters.c.name != "changes")))


@pytest.fixture
def plain(url: str):
    """An engine as a host makes it, without any of our settings; no rows of ours."""
    upgrade(url)
    engine = create_engine(engine_for(url).url)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM pm_counters WHERE name <> 'changes'"))
    yield engine
    engine.dispose()
    engine_for(url).dispose()


@pytest.fixture
async def plain_async(plain: Engine):
    """The same for an async host."""
    address = _async_url(plain.url.render_as_string(hide_password=False))
    engine = create_async_engine(address)
    yield engine
    await engine.dispose()


COMMITTING = ["engine", "sessionmaker", "async_engine", "async_sessionmaker", "address"]


def _committing(kind: str, plain: Engine, plain_async: Any) -> Database:
    sources = {
        "engine": plain,
        "sessionmaker": sessionmaker(plain),
        "async_engine": plain_async,
        "async_sessionmaker": async_sessionmaker(plain_async),
        "address": plain.url.render_as_string(hide_password=False).replace("+psycopg", ""),
    }
    return database_for(sources[kind])


@pytest.mark.parametrize("kind", COMMITTING)
async def test_operations_are_committed_one_by_one(kind: str, plain: Engine, plain_async: Any) -> None:
    """On everything but a session each operation is a transaction of its own: all of it, or nothing."""
    database = _committing(kind, plain, plain_async)
    assert database.commits

    def fail(connection: Connection) -> None:
        _mark("lost")(connection)
        raise ValidationError("no")

    await database.write(_mark("kept"))
    with pytest.raises(ValidationError):
        await database.write(fail)
    with plain.connect() as connection:
        assert _marks(connection) == ["kept"]
    assert await database.read(_marks) == ["kept"]
    await database.aclose()


class _Host:
    """A host's session of either kind, driven the same way."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.database = database_for(session)

    async def do(self, name: str, *args: Any) -> Any:
        result = getattr(self.session, name)(*args)
        return await result if isinstance(self.session, AsyncSession) else result


@pytest.fixture(params=["sync", "async"])
async def host(request: pytest.FixtureRequest, plain: Engine, plain_async: Any):
    """A session that a host made, in the middle of its own work."""
    session = Session(plain) if request.param == "sync" else AsyncSession(plain_async)
    found = _Host(session)
    await found.do("execute", text("INSERT INTO pm_counters VALUES ('host', 1)"))
    yield found
    await found.do("close")


async def test_nothing_is_committed_on_a_session(host: _Host, plain: Engine) -> None:
    """What was done is seen within the session, and by others once the host commits."""
    assert not host.database.commits
    await host.database.write(_mark("ours"))
    assert await host.database.read(_marks) == ["host", "ours"]
    with plain.connect() as connection:
        assert _marks(connection) == []
    await host.do("commit")
    with plain.connect() as connection:
        assert _marks(connection) == ["host", "ours"]


async def test_rollback_of_the_host_undoes_everything(host: _Host, plain: Engine) -> None:
    """Several operations and the host's own work go together."""
    await host.database.write(_mark("one"))
    await host.database.write(_mark("two"))
    await host.do("rollback")
    await host.do("commit")
    with plain.connect() as connection:
        assert _marks(connection) == []


async def test_rollback_on_a_session_that_did_nothing_before(plain: Engine) -> None:
    """The driver of SQLite opens no transaction for a SAVEPOINT: without care its release would commit."""
    session = Session(plain)
    await database_for(session).write(_mark("lost"))
    session.rollback()
    session.close()
    with plain.connect() as connection:
        assert _marks(connection) == []


async def test_failed_operation_leaves_the_host_usable(host: _Host, plain: Engine) -> None:
    """Neither an error of ours nor one of the database spoils the host's transaction or leaves half of it."""

    def refuse(connection: Connection) -> None:
        _mark("half")(connection)
        raise ValidationError("no")

    def break_it(connection: Connection) -> None:
        _mark("half")(connection)
        _mark("host")(connection)

    with pytest.raises(ValidationError):
        await host.database.write(refuse)
    with pytest.raises(ConflictError):
        await host.database.write(break_it)
    with pytest.raises(ProviderError):
        await host.database.read(lambda connection: connection.execute(text("SELECT * FROM nowhere")))
    await host.database.write(_mark("after"))
    await host.do("commit")
    with plain.connect() as connection:
        assert _marks(connection) == ["after", "host"]


async def test_coroutines_on_one_session_take_turns(host: _Host) -> None:
    """A session is never used by two at a time, whatever number of providers share it."""
    inside = most = 0
    guard = threading.Lock()

    def work(connection: Connection) -> None:
        nonlocal inside, most
        with guard:
            inside += 1
            most = max(most, inside)
        connection.execute(select(counters)).all()
        with guard:
            inside -= 1

    others = [database_for(host.session) for _ in range(3)]
    await asyncio.gather(*(database.write(work) for database in [host.database, *others] for _ in range(10)))
    assert most == 1


async def test_sync_work_runs_beside_the_event_loop(plain: Engine) -> None:
    """Statements run in another thread, always the same one for a session; the loop goes on meanwhile."""
    session = Session(plain)
    database = database_for(session)
    threads = [await database.read(lambda _connection: threading.get_ident()) for _ in range(3)]
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()
    turn = threading.Event()
    waiting = asyncio.ensure_future(database.read(lambda _connection: turn.wait(30)))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(turn.set)  # only a loop that is not blocked gets here
    assert await waiting is True
    session.close()


async def test_cancelled_work_is_waited_for_and_undone(plain: Engine) -> None:
    """After a cancellation nobody uses the session any more, and nothing is written."""
    session = Session(plain)
    database = database_for(session)
    started, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        _mark("lost")(connection)
        started.set()
        assert go_on.wait(30)

    task = asyncio.ensure_future(database.write(slow))
    await asyncio.get_running_loop().run_in_executor(None, started.wait)
    task.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()  # being impatient changes nothing
    await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    await database.write(_mark("next"))
    session.commit()
    session.close()
    with plain.connect() as connection:
        assert _marks(connection) == ["next"]


async def test_cancelled_while_waiting_its_turn(plain: Engine) -> None:
    """Work that was not started is not started."""
    session = Session(plain)
    database = database_for(session)
    go_on = threading.Event()
    first = asyncio.ensure_future(database.read(lambda _connection: go_on.wait(30)))
    second = asyncio.ensure_future(database.write(_mark("lost")))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    go_on.set()
    assert await first is True
    assert await database.read(_marks) == []
    session.close()


async def test_cancelled_async_work_keeps_the_transaction(plain_async: Any, plain: Engine) -> None:
    """A cancellation neither cuts a statement short nor costs the host its transaction."""
    async with AsyncSession(plain_async) as session:
        await session.execute(text("INSERT INTO pm_counters VALUES ('host', 1)"))
        database = database_for(session)
        task = asyncio.ensure_future(database.write(_mark("lost")))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await database.write(_mark("next"))
        await session.commit()
    with plain.connect() as connection:
        assert _marks(connection) == ["host", "next"]


async def test_many_writers_on_an_engine(engine: Engine) -> None:
    """Writers wait for each other instead of failing: a hundred increments add up."""
    database = database_for(engine)

    def increase(connection: Connection) -> None:
        statement = select(counters.c.value).where(counters.c.name == "n").with_for_update()
        value = connection.execute(statement).scalar_one()
        connection.execute(counters.update().where(counters.c.name == "n").values(value=value + 1))

    await database.write(
        lambda connection: connection.execute(text("DELETE FROM pm_counters WHERE name = 'n'")) and None
    )
    await database.write(
        lambda connection: connection.execute(insert(counters).values(name="n", value=0)) and None
    )
    await asyncio.gather(*(database.write(increase) for _ in range(100)))
    assert (
        await database.read(
            lambda c: c.execute(text("SELECT value FROM pm_counters WHERE name = 'n'")).scalar()
        )
        == 100
    )
    await database.write(
        lambda connection: connection.execute(text("DELETE FROM pm_counters WHERE name = 'n'")) and None
    )
    await database.aclose()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Session(create_engine("sqlite://")),
        lambda: create_engine("sqlite://"),
        lambda: sessionmaker(create_engine("sqlite://")),
        lambda: create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}),
        lambda: create_async_engine("sqlite+aiosqlite://"),
        lambda: AsyncSession(create_async_engine("sqlite+aiosqlite://")),
        lambda: scoped_session(sessionmaker(create_engine("sqlite://"))),
        lambda: "sqlite://",
    ],
)
async def test_in_memory_sqlite(make: Callable[[], Any]) -> None:
    """A database that lives in one connection works with every kind of source."""
    source = make()
    provider = provider_on(source)
    project = await provider.create_project(PMProject(name="Alpha"))
    await asyncio.gather(
        *(provider.create_task(PMTask(title=f"{n}", project_id=project.id)) for n in range(10))
    )
    assert len(await provider.list_tasks(project.id)) == 10
    await provider.delete_project(project.id)
    await _close(source)


async def _close(source: Any) -> None:
    """Close a session, if it is one, and the pool below."""
    if isinstance(source, scoped_session | sessionmaker):
        source = source()
    if isinstance(source, AsyncSession):
        await source.close()
        await source.bind.dispose()
    elif isinstance(source, Session):
        source.close()
        source.get_bind().dispose()
    elif isinstance(source, AsyncEngine):
        await source.dispose()
    elif isinstance(source, Engine):
        source.dispose()


@pytest.mark.parametrize("source", [42, object(), {"url": "sqlite://"}, Session()])
def test_anything_else_is_refused(source: object) -> None:
    """A wrong or unbound session is an error of configuration, at once."""
    with pytest.raises(ConfigurationError, match="db_session"):
        database_for(source)


async def test_busy_database_is_retryable(tmp_path: Path) -> None:
    """A lock that another program holds is a passing state."""
    path = tmp_path / "pm.db"
    upgrade(f"sqlite:///{path}")
    impatient = create_engine(f"sqlite:///{path}", connect_args={"timeout": 0})
    with engine_for(f"sqlite:///{path}").connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(TransportError, match="busy") as caught:
            await database_for(impatient).write(_mark("never"))
    assert caught.value.retryable
    impatient.dispose()
    engine_for(f"sqlite:///{path}").dispose()


async def test_unreachable_server_is_a_transport_error() -> None:
    """No server, no password in the error."""
    database = database_for("postgresql://ada:s3cret@127.0.0.1:1/nothing")
    with pytest.raises(TransportError) as caught:
        await database.read(_marks)
    assert caught.value.retryable
    assert "s3cret" not in f"{caught.value}{caught.value!r}"
    await database.aclose()


async def test_values_stay_out_of_errors(plain: Engine) -> None:
    """Statements carry what people write: an error shows neither them nor their values."""

    def work(connection: Connection) -> None:
        connection.execute(text("INSERT INTO nowhere VALUES (:secret)"), {"secret": "s3cret"})

    with pytest.raises(ProviderError) as caught:
        await database_for(plain).write(work)
    chain = f"{caught.value}{caught.value!r}{caught.value.__cause__}"
    assert "s3cret" not in chain
