"""Defects that were found once and must not come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TypeVar

import psycopg
import pytest
from sqlalchemy import Engine, StaticPool, create_engine, make_url
from sqlalchemy.orm import Session

from pm_providers import InternalProvider, PMComment, PMLabel, PMProject, PMTask, PMTimeEntry, PMUser
from pm_providers.database import engine_for
from tests.support.databases import provider_on

T = TypeVar("T")


@pytest.fixture
async def rival(postgres_url: str) -> AsyncIterator[tuple[InternalProvider, InternalProvider, Session]]:
    """Two providers on PostgreSQL: one that commits, one on a session that does not; and that session."""
    engine = engine_for(postgres_url)
    with Session(engine) as session:
        async with provider_on(engine) as own, provider_on(session) as hosted:
            yield own, hosted, session
    engine.dispose()


async def _behind(session: Session, blocked: Awaitable[T]) -> T:
    """Result of an operation that has to wait for the session, which is committed once it does."""
    waiting = asyncio.ensure_future(blocked)
    url = make_url(session.get_bind().engine.url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as watcher:
        while not waiting.done() and not _anybody_waits(watcher):
            await asyncio.wait([waiting], timeout=0)
    session.commit()
    return await waiting


def _anybody_waits(watcher: psycopg.Connection[tuple[int]]) -> bool:
    found = watcher.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    ).fetchone()
    return found is not None and found[0] > 0


async def _two_projects(own: InternalProvider) -> tuple[PMProject, PMProject, PMTask]:
    old = await own.create_project(PMProject(name="Old"))
    new = await own.create_project(PMProject(name="New"))
    return old, new, await own.create_task(PMTask(title="A", project_id=old.id))


@pytest.mark.postgres
async def test_a_task_deleted_while_it_moves_is_gone_from_its_new_project(
    rival: tuple[InternalProvider, InternalProvider, Session],
) -> None:
    own, hosted, session = rival
    _, new, task = await _two_projects(own)
    await hosted.update_task(task.id, {"project_id": new.id})
    assert await _behind(session, own.delete_task(task.id))
    assert (await own.changes(new.id)).deleted_ids == [task.id]


@pytest.mark.postgres
async def test_two_deletes_at_once_delete_once(
    rival: tuple[InternalProvider, InternalProvider, Session],
) -> None:
    own, hosted, session = rival
    _, _, task = await _two_projects(own)
    assert await hosted.delete_task(task.id)
    assert not await _behind(session, own.delete_task(task.id))


@pytest.mark.postgres
async def test_a_task_that_leaves_a_project_as_that_is_deleted_keeps_what_stands_on_it(
    rival: tuple[InternalProvider, InternalProvider, Session],
) -> None:
    own, hosted, session = rival
    old, new, task = await _two_projects(own)
    await own.create_comment(PMComment(task_id=task.id, body="keep me"))
    await hosted.update_task(task.id, {"project_id": new.id})
    assert await _behind(session, own.delete_project(old.id))
    assert [one.body for one in await own.list_comments(task.id)] == ["keep me"]


@pytest.mark.postgres
async def test_a_time_entry_deleted_while_it_moves_counts_nowhere(
    rival: tuple[InternalProvider, InternalProvider, Session],
) -> None:
    own, hosted, session = rival
    old, _, task = await _two_projects(own)
    other = await own.create_task(PMTask(title="B", project_id=old.id))
    entry = await own.create_time_entry(PMTimeEntry(task_id=task.id, hours=2.0, spent_on=date(2026, 3, 1)))
    await hosted.update_time_entry(entry.id, {"task_id": other.id})
    assert await _behind(session, own.delete_time_entry(entry.id))
    hours = [one.actual_hours for one in await own.list_tasks(old.id)]
    assert hours == [None, None]


async def test_a_change_after_a_rolled_back_savepoint_is_seen(
    engine: Engine, provider: InternalProvider, project: PMProject
) -> None:
    task = await provider.create_task(PMTask(title="A", project_id=project.id))
    with Session(engine) as session:
        hosted = provider_on(session)
        savepoint = session.begin_nested()
        await hosted.update_task(task.id, {"title": "undone"})
        read = await hosted.changes(project.id)
        savepoint.rollback()
        await hosted.update_task(task.id, {"title": "kept"})
        page = await hosted.changes(project.id, read.cursor)
        await hosted.aclose()
    assert [one.title for one in page.upserts] == ["kept"]


def test_threads_that_share_one_connection_do_not_undo_each_other() -> None:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})

    async def work(number: int) -> int:
        provider = provider_on(engine)
        project = await provider.create_project(PMProject(name=f"P{number}"))
        for _ in range(30):
            task = await provider.create_task(PMTask(title="A", project_id=project.id))
            assert await provider.get_task(task.id) is not None
        return len(await provider.list_tasks(project.id))

    with ThreadPoolExecutor(6) as threads:
        counts = list(threads.map(lambda number: asyncio.run(work(number)), range(6)))
    assert counts == [30] * 6
    engine.dispose()


@pytest.mark.postgres
async def test_a_label_and_a_user_given_to_a_task_meanwhile_can_be_deleted(
    rival: tuple[InternalProvider, InternalProvider, Session],
) -> None:
    own, hosted, session = rival
    _, _, task = await _two_projects(own)
    label = await own.create_label(PMLabel(name="Bug"))
    user = await own.create_user(PMUser(name="Bob"))
    await hosted.update_task(task.id, {"label_ids": [label.id]})
    assert await _behind(session, own.delete_label(label.id))
    await hosted.update_task(task.id, {"assignee_ids": [user.id]})
    assert await _behind(session, own.delete_user(user.id))
    found = await own.get_task(task.id)
    assert found is not None
    assert (found.label_ids, found.assignee_ids) == ([], [])
