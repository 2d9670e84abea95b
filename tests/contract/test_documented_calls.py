"""The calls of the documentation, as written, on the internal database."""

from __future__ import annotations

from datetime import date

import pytest

from pm_providers import PMProject, PMSprint, PMTask, PMUser, build_pm_provider
from pm_providers.database import engine_for, get_db_session


@pytest.fixture
def _database(monkeypatch, tmp_path):
    url = f"sqlite:///{tmp_path / 'pm.db'}"
    monkeypatch.setenv("PM_DATABASE_URL", url)
    monkeypatch.delenv("PM_PROVIDER", raising=False)
    yield
    engine_for(url).dispose()


@pytest.mark.usefixtures("_database")
async def test_documented_calls():
    """`next(get_db_session())`, `build_pm_provider(db_session=db)`, then every documented call."""
    db = next(get_db_session())
    provider = build_pm_provider(db_session=db)
    try:
        project = await provider.create_project(PMProject("", "Relaunch", "The *web shop*", "active"))
        sprint = await provider.create_sprint(
            PMSprint("", "Sprint 1", project.id, date(2026, 3, 2), date(2026, 3, 13))
        )
        user = await provider.create_user(PMUser("", "Ada Lovelace", "ada@example.com", "ada"))
        task = await provider.create_task(
            PMTask(
                id=None, title="Site map", description="", status="todo", priority="high", project_id=project.id,
                parent_task_id=None, assignee_id=user.id, estimated_hours=3.5, actual_hours=None,
                due_date=date(2026, 3, 6), sprint_id=sprint.id,
            )
        )  # fmt: skip
        done = await provider.update_task(task.id, {"status": "completed"})
        assert (done.status, done.assignee_id, done.estimated_hours) == ("completed", user.id, 3.5)
        assert done.completed_at is not None
        assert await provider.list_tasks(
            project.id, assignee_id=user.id, sprint_id=sprint.id, status="completed"
        ) == [done]
        assert await provider.list_tasks(project.id, updated_since=done.updated_at, limit=5) == [done]
        assert [one.id for one in await provider.list_projects()] == [project.id]
        assert [one.id for one in await provider.list_sprints(project.id)] == [sprint.id]
        assert user.id in [one.id for one in await provider.list_users()]
        assert await provider.health_check() is True
        assert (await provider.update_project(project.id, {"end_date": None})).end_date is None
        assert await provider.get_task("no-such-task") is None
        assert [await provider.delete_task(task.id), await provider.delete_task(task.id)] == [True, False]
        assert await provider.delete_sprint(sprint.id)
        assert await provider.delete_project(project.id)
    finally:
        await provider.aclose()
        db.close()


@pytest.mark.usefixtures("_database")
async def test_session_of_the_host_is_not_committed():
    """What the host does not commit is not there for others."""
    db = next(get_db_session())
    async with build_pm_provider(db_session=db) as provider:
        project = await provider.create_project(PMProject(name="Not yet"))
        async with build_pm_provider() as other:
            assert await other.get_project(project.id) is None
        db.commit()
        async with build_pm_provider() as other:
            assert await other.get_project(project.id) is not None
    db.close()
