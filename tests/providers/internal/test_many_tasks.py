"""Many tasks: lists, search, batches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select, text

from pm_providers import (
    ConflictError,
    InternalProvider,
    NotFoundError,
    PMError,
    PMLabel,
    PMProject,
    PMSprint,
    PMTask,
    PMUser,
    ValidationError,
)
from pm_providers.database import schema
from tests.support.databases import provider_on


async def _task(provider: InternalProvider, project: PMProject, title: str = "t", **more: object) -> PMTask:
    return await provider.create_task(PMTask(title=title, project_id=project.id, **more))  # type: ignore[arg-type]


def _count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(getattr(schema, table))).scalar_one())


# lists and search


async def test_lists_come_in_the_order_of_creation_over_pages(engine: Engine) -> None:
    """Pages follow each other by id, whatever their size; nothing is lost or doubled."""
    provider = provider_on(engine, page_size=4)
    project = await provider.create_project(PMProject(name="Moon"))
    other = await provider.create_project(PMProject(name="Mars"))
    for number in range(11):
        await _task(provider, project, f"{number}")
        await _task(provider, other, "other")
    expected = [f"{number}" for number in range(11)]
    assert [one.title for one in await provider.list_tasks(project.id)] == expected
    assert [one.title async for one in provider.iter_tasks(project.id)] == expected
    assert [one.title async for one in provider.iter_tasks(project.id, limit=5)] == expected[:5]
    assert len(await provider.list_tasks()) == 22
    await provider.aclose()


async def test_links_among_many_strangers(engine: Engine) -> None:
    """Between the tasks of a page lie more of another project than it pays to read."""
    provider = provider_on(engine, page_size=2)
    project, other = [await provider.create_project(PMProject(name=name)) for name in ("Moon", "Mars")]
    users = [(await provider.create_user(PMUser(name=name))).id for name in "ab"]
    label = await provider.create_label(PMLabel(name="l"))
    first = await _task(provider, project, assignee_ids=users, label_ids=[label.id])
    strangers = [PMTask(title="s", project_id=other.id, assignee_ids=users) for _ in range(300)]
    (await provider.create_tasks(strangers)).raise_for_errors()
    second = await _task(provider, project, assignee_ids=users[::-1])
    assert [one async for one in provider.iter_tasks(project.id)] == [first, second]
    assert (first.assignee_ids, second.assignee_ids) == (users, users[::-1])
    await provider.aclose()


async def test_filters_hold_together(provider: InternalProvider, project: PMProject) -> None:
    """Second assignees count; the instant is inclusive to the microsecond, in any zone."""
    a, b = [(await provider.create_user(PMUser(name=name))).id for name in "ab"]
    sprint = await provider.create_sprint(PMSprint(name="s", project_id=project.id))
    one = await _task(provider, project, "1", assignee_ids=[a, b], sprint_id=sprint.id, status="completed")
    two = await _task(provider, project, "2", assignee_id=b)
    assert await provider.list_tasks(assignee_id=b) == [one, two]
    assert await provider.list_tasks("moon", assignee_id=b, sprint_id=sprint.id, status="Completed") == [one]
    assert await provider.list_tasks(assignee_id="nobody") == []
    assert two.updated_at is not None
    zone = datetime.now(UTC).astimezone().tzinfo
    assert await provider.list_tasks(updated_since=two.updated_at.astimezone(zone)) == [two]
    assert await provider.list_tasks(updated_since=two.updated_at + timedelta(microseconds=1)) == []
    with pytest.raises(NotFoundError):
        await provider.list_tasks("no such project")


async def test_archived_projects_are_left_out(provider: InternalProvider, project: PMProject) -> None:
    """With their tasks, unless asked for by name."""
    task = await _task(provider, project)
    await provider.update_project(project.id, {"status": "archived"})
    assert await provider.list_projects() == []
    assert [one.is_archived for one in await provider.list_projects(include_archived=True)] == [True]
    assert await provider.list_tasks() == []
    assert await provider.list_tasks(include_archived=True) == [task]
    assert await provider.list_tasks(project.id) == [task]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("façade", ["ÉTUDE FAÇADE"]),
        ("étude", ["ÉTUDE FAÇADE"]),
        ("facade étude", []),
        ("ΑΘΉΝΑ", ["Αθήνα 100%"]),
        ("100%", ["Αθήνα 100%"]),
        ("0%", ["Αθήνα 100%"]),
        ("%", ["Αθήνα 100%"]),
        ("_", ["snake_case"]),
        ("a_c", []),
        ("\\", ["back\\slash"]),
        ("DESCRIBED étude", ["ÉTUDE FAÇADE"]),
        ("'; --", []),
    ],
)
async def test_search(provider: InternalProvider, project: PMProject, wanted: str, found: list[str]) -> None:
    """Every word, in title or description, in any case of any script; wildcards are plain characters."""
    await _task(provider, project, "ÉTUDE FAÇADE", description="It is described here")
    for title in ("Αθήνα 100%", "snake_case", "back\\slash", "abc"):
        await _task(provider, project, title)
    assert [one.title for one in await provider.search_tasks(wanted)] == found
    assert [one.title for one in await provider.search_tasks(wanted, project_id="moon")] == found


# batches


async def test_batch_of_good_and_bad(provider: InternalProvider, project: PMProject) -> None:
    """One outcome per item in order, each error by name; the good ones are there."""
    parent = await _task(provider, project, "parent")
    items = [
        PMTask(title="a", project_id="MOON", parent_task_id=parent.id, custom_fields={"n": 1}),
        PMTask(title="", project_id=project.id),
        PMTask(title="b", project_id="nowhere"),
        PMTask(title="c", project_id=project.id, status="Blocked", due_date="2026-03-04"),  # type: ignore[arg-type]
        "no task",
    ]
    seen: list[tuple[int, int]] = []
    result = await provider.create_tasks(items, on_progress=lambda *at: seen.append(at))  # type: ignore[arg-type]
    assert [one.ok for one in result] == [True, False, False, True, False]
    assert [one.index for one in result] == [0, 1, 2, 3, 4]
    assert all(
        (one.error.provider, one.error.operation) == ("internal", "create_tasks")
        for one in result.errors
        if one.error
    )
    assert seen == [(n, 5) for n in range(1, 6)]
    assert result.items == (await provider.list_tasks(project.id))[1:]


async def test_batch_updates_keep_order_and_isolate_failures(
    provider: InternalProvider, project: PMProject
) -> None:
    """Updates of one task apply in turn; a bad one leaves no trace."""
    task = await _task(provider, project)
    label = await provider.create_label(PMLabel(name="l"))
    result = await provider.update_tasks([
        (task.id, {"title": "one"}),
        (task.id, {"label_ids": [label.id], "sprint_id": "nowhere"}),
        ("0" * 32, {"title": "x"}),
        (task.id, {}),
        (task.id, {"title": "two"}),
        (task.id, {"status": None}),
    ])  # fmt: skip
    assert [type(one.error) for one in result] == [
        type(None), ValidationError, NotFoundError, ValidationError, type(None), type(None),
    ]  # fmt: skip
    assert [one.version for one in result.items] == ["2", "3", "3"]
    found = await provider.get_task(task.id)
    assert found is not None
    assert (found.title, found.label_ids) == ("two", [])


async def test_batch_deletes_count_what_was_there(provider: InternalProvider, project: PMProject) -> None:
    """A task that went with its parent, or comes twice, did not exist any more."""
    top = await _task(provider, project)
    low = await _task(provider, project, parent_task_id=top.id)
    other = await _task(provider, project)
    result = await provider.delete_tasks([other.id, top.id, low.id, other.id, "0" * 32, ""])
    assert [one.item for one in result] == [True, True, False, False, False, None]
    assert isinstance(result.outcomes[5].error, ValidationError)
    assert await provider.list_tasks(project.id) == []


async def test_large_batches(provider: InternalProvider, project: PMProject, engine: Engine) -> None:
    """More than one transaction's worth, more than a statement has parameters for."""
    user = await provider.create_user(PMUser(name="Ada"))
    count = 5500
    made = await provider.create_tasks(
        PMTask(title=f"{n}", project_id=project.id, assignee_id=user.id, description="d" if n % 2 else None)
        for n in range(count)
    )
    assert made.ok
    assert made.items == await provider.list_tasks(project.id)
    assert [one.title for one in made.items] == [f"{n}" for n in range(count)]
    gone = await provider.delete_tasks([one.id for one in made.items])
    assert all(one.item is True for one in gone)
    assert _count(engine, "tasks") == _count(engine, "task_assignees") == 0
    assert _count(engine, "tombstones") == count


async def test_raw_data_is_the_row_and_can_be_dropped(engine: Engine) -> None:
    """For debugging, at a price."""
    provider, lean = provider_on(engine), provider_on(engine, raw_data=False)
    project = await provider.create_project(PMProject(name="Moon"))
    task = await _task(provider, project)
    assert task.raw_data is not None
    assert task.raw_data["title"] == "t"
    assert project.raw_data is not None
    assert project.raw_data["key_folded"] == "moon"
    assert [one.raw_data for one in await lean.list_tasks()] == [None]
    assert [one.raw_data for one in await lean.list_projects()] == [None]
    for one in (provider, lean):
        await one.aclose()


async def test_row_that_vanishes_midway_is_a_conflict(provider: InternalProvider, engine: Engine) -> None:
    """What the database itself refuses arrives as an error of ours."""
    if engine.dialect.name == "postgresql":
        statement = "INSERT INTO pm_sprints (id, name, project_id, status, created_at, updated_at, version) VALUES ('1', 's', 'nowhere', 'planned', now(), now(), 1)"
    else:
        statement = "INSERT INTO pm_sprints (id, name, project_id, status, created_at, updated_at, version) VALUES ('1', 's', 'nowhere', 'planned', '', '', 1)"
    with pytest.raises(ConflictError) as caught:
        await provider._db.write(lambda connection: connection.execute(text(statement)) and None)
    assert isinstance(caught.value, PMError)
    assert "nowhere" not in str(caught.value)
