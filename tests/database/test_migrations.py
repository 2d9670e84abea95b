"""The schema: created, upgraded from every revision, checked before use."""

from __future__ import annotations

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.orm import Session

from pm_providers import ConfigurationError, PMProject, PMTask
from pm_providers.database import HEAD, REVISIONS, current, engine_for, history, upgrade
from pm_providers.database.schema import metadata
from tests.support.databases import provider_on


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"version_table": "pm_schema_version", "compare_type": True}
    )
    return list(compare_metadata(context, metadata))


def test_revisions_are_those_of_the_scripts() -> None:
    """The list in the code, which spares loading Alembic at every start, is the truth."""
    assert tuple(one.id for one in history()) == REVISIONS
    assert all(one.title for one in history())


def test_migrations_make_what_the_tables_say(empty_url: str) -> None:
    """No difference between the migrated schema and the tables that statements are built on."""
    assert current(empty_url) is None
    assert upgrade(empty_url) == HEAD
    with engine_for(empty_url).connect() as connection:
        assert _differences(connection) == []
    engine_for(empty_url).dispose()


@pytest.mark.parametrize("revision", REVISIONS)
async def test_upgrade_keeps_the_data_of_every_earlier_revision(empty_url: str, revision: str) -> None:
    """A database of any age is brought up to date with all its rows, and works."""
    assert upgrade(empty_url, revision) == revision
    row = {"id": "0" * 31 + "1", "now": "2026-01-02T03:04:05.000006+00:00"}
    with engine_for(empty_url).begin() as connection:
        connection.execute(
            text(
                "INSERT INTO pm_projects (id, name, status, key, key_folded, created_at, updated_at, version) "
                "VALUES (:id, 'Old project', 'active', 'Old', 'old', :now, :now, 7)"
            ),
            row,
        )
        connection.execute(
            text(
                "INSERT INTO pm_tasks (id, title, status, project_id, created_at, updated_at, version, "
                "change_tx, change_no) VALUES (:id, 'Old task', 'todo', :id, :now, :now, 3, 0, 1)"
            ),
            row,
        )
    assert upgrade(empty_url) == HEAD
    assert current(empty_url) == HEAD
    provider = provider_on(empty_url)
    project = await provider.get_project("OLD")
    assert project is not None
    assert (project.name, project.version) == ("Old project", "7")
    (task,) = await provider.list_tasks(project.id)
    assert task.created_at is not None
    assert (task.title, task.created_at.isoformat()) == ("Old task", row["now"])
    await provider.create_task(PMTask(title="New task", project_id=project.id))
    page = await provider.changes(project.id)
    assert [one.title for one in page.upserts] == ["Old task", "New task"]
    await provider.aclose()
    with engine_for(empty_url).connect() as connection:
        assert _differences(connection) == []
    engine_for(empty_url).dispose()


def test_upgrading_twice_at_once(empty_url: str) -> None:
    """Several processes that start together do not disturb each other."""
    failures: list[BaseException] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        try:
            upgrade(empty_url)
        except BaseException as error:  # noqa: BLE001 - whatever goes wrong in the thread fails the test
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert current(empty_url) == HEAD
    engine_for(empty_url).dispose()


def test_unknown_revision_is_refused(empty_url: str) -> None:
    """A typo lists what there is."""
    with pytest.raises(ConfigurationError, match="0001, 0002, 0003, 0004, 0005, 0006, 0007, 0008"):
        upgrade(empty_url, "0009")


async def test_newer_database_is_refused(empty_url: str) -> None:
    """Old code does not touch what it does not know."""
    upgrade(empty_url)
    with engine_for(empty_url).begin() as connection:
        connection.execute(text("UPDATE pm_schema_version SET version_num = '0099'"))
    engine_for(empty_url).dispose()
    engine = create_engine(engine_for(empty_url).url)
    with pytest.raises(ConfigurationError, match="'0099', newer than") as caught:
        await provider_on(engine).list_projects()
    engine.dispose()
    assert "update pm-providers" in str(caught.value)
    with pytest.raises(ConfigurationError, match="newer"):
        upgrade(empty_url)
    engine_for(empty_url).dispose()


@pytest.mark.postgres
@pytest.mark.parametrize("revision", [None, *REVISIONS[:-1]])
async def test_postgres_is_never_upgraded_by_itself(empty_postgres_url: str, revision: str | None) -> None:
    """In production an administrator decides: the error says how."""
    if revision:
        upgrade(empty_postgres_url, revision)
    with pytest.raises(ConfigurationError, match="pm-providers db upgrade"):
        await provider_on(empty_postgres_url).list_projects()
    assert current(empty_postgres_url) == revision


async def test_host_session_in_a_transaction_takes_the_schema_along(tmp_path) -> None:
    """On SQLite the schema is made in the host's open transaction, and made again after its rollback."""
    engine = create_engine(f"sqlite:///{tmp_path / 'host.db'}")
    with Session(engine) as session:
        session.execute(text("CREATE TABLE host (x INTEGER)"))
        session.execute(text("INSERT INTO host VALUES (1)"))
        provider = provider_on(session)
        await provider.create_project(PMProject(name="Alpha"))
        session.rollback()
        assert not inspect(engine).has_table("pm_projects")
        await provider.create_project(PMProject(name="Beta"))
        session.commit()
    with Session(engine) as session:
        assert [one.name for one in await provider_on(session).list_projects()] == ["Beta"]
    engine.dispose()


async def test_host_session_at_rest_keeps_the_schema(tmp_path) -> None:
    """On SQLite a session without open transaction gets the schema for good; its rollback undoes only data."""
    engine = create_engine(f"sqlite:///{tmp_path / 'host.db'}")
    with Session(engine) as session:
        await provider_on(session).create_project(PMProject(name="Alpha"))
        session.rollback()
        assert inspect(engine).has_table("pm_projects")
        assert await provider_on(session).list_projects() == []
    engine.dispose()


@pytest.mark.postgres
async def test_upgrade_repairs_numbers_of_another_server(postgres_url: str) -> None:
    """After a restore, changes that look like the future are in the past again, and old cursors start anew."""
    provider = provider_on(postgres_url)
    project = await provider.create_project(PMProject(name="Moon"))
    await provider.create_task(PMTask(title="Old", project_id=project.id))
    with engine_for(postgres_url).begin() as connection:
        connection.execute(text("UPDATE pm_tasks SET change_tx = 4000000000000"))
    assert (await provider.changes(project.id)).upserts == []
    upgrade(postgres_url)
    page = await provider.changes(project.id)
    assert [one.title for one in page.upserts] == ["Old"]
    await provider.aclose()
