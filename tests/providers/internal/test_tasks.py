"""Tasks: hierarchy, references, moves, versions, lists, search, batches."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select, text

from pm_providers import (
    ConflictError,
    InternalProvider,
    NotFoundError,
    PMAttachment,
    PMComment,
    PMError,
    PMLabel,
    PMProject,
    PMRelation,
    PMSprint,
    PMTask,
    PMTimeEntry,
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


# hierarchy


async def test_circles_are_refused(provider: InternalProvider, project: PMProject) -> None:
    """A task stands neither below itself nor below its own subtasks."""
    top = await _task(provider, project)
    middle = await _task(provider, project, parent_task_id=top.id)
    low = await _task(provider, project, parent_task_id=middle.id)
    for parent in (top, middle, low):
        with pytest.raises(ValidationError) as caught:
            await provider.update_task(top.id, {"parent_task_id": parent.id})
        assert list(caught.value.fields) == ["parent_task_id"]
    assert (await provider.update_task(low.id, {"parent_task_id": top.id})).parent_task_id == top.id


async def test_two_moves_at_once_make_no_circle(provider: InternalProvider, project: PMProject) -> None:
    """Each alone is fine, both together would close a circle: one of them loses, every time."""
    for _ in range(10):
        one, two = await _task(provider, project), await _task(provider, project)
        results = await asyncio.gather(
            provider.update_task(one.id, {"parent_task_id": two.id}),
            provider.update_task(two.id, {"parent_task_id": one.id}),
            return_exceptions=True,
        )
        assert sorted(isinstance(result, ValidationError) for result in results) == [False, True]


async def test_deleting_takes_everything_along(
    provider: InternalProvider, project: PMProject, engine: Engine
) -> None:
    """Subtasks and all that stands on them go; nothing dangles."""
    user = await provider.create_user(PMUser(name="Ada"))
    label = await provider.create_label(PMLabel(name="l"))
    keeps = await _task(provider, project)
    top = await _task(provider, project)
    low = await _task(provider, project, parent_task_id=top.id, assignee_id=user.id, label_ids=[label.id])
    await provider.create_comment(PMComment(task_id=low.id, body="b"))
    await provider.create_relation(PMRelation(from_task_id=keeps.id, to_task_id=low.id, type="blocks"))
    await provider.create_attachment(PMAttachment(task_id=low.id, file_name="f"), b"content")
    await provider.create_time_entry(PMTimeEntry(task_id=low.id, hours=1, spent_on="2026-03-02"))  # type: ignore[arg-type]
    assert await provider.delete_task(top.id) is True
    assert await provider.delete_task(low.id) is False
    assert [one.id for one in await provider.list_tasks(project.id)] == [keeps.id]
    for table in ("comments", "relations", "attachments", "time_entries", "task_assignees", "task_labels"):
        assert _count(engine, table) == 0
    assert await provider.list_relations(keeps.id) == []


async def test_deleting_a_project_takes_everything_along(
    provider: InternalProvider, project: PMProject, engine: Engine
) -> None:
    """Its subprojects stay and move up."""
    middle = await provider.create_project(PMProject(name="Middle", parent_project_id=project.id))
    low = await provider.create_project(PMProject(name="Low", parent_project_id="middle"))
    top = await _task(provider, middle)
    await _task(provider, middle, parent_task_id=top.id)
    elsewhere = await _task(provider, project)
    await provider.create_relation(PMRelation(from_task_id=elsewhere.id, to_task_id=top.id))
    await provider.create_sprint(PMSprint(name="s", project_id=middle.id))
    await provider.create_label(PMLabel(name="l", project_id=middle.id))
    assert await provider.delete_project(middle.id) is True
    found = await provider.get_project(low.id)
    assert found is not None
    assert (found.parent_project_id, found.version) == (project.id, "2")
    assert [_count(engine, table) for table in ("tasks", "sprints", "labels", "relations")] == [1, 0, 0, 0]


async def test_project_circles_are_refused(provider: InternalProvider, project: PMProject) -> None:
    """Neither directly nor through others."""
    low = await provider.create_project(PMProject(name="Low", parent_project_id=project.id))
    for parent in (project.id, low.id, "MOON"):
        with pytest.raises(ValidationError) as caught:
            await provider.update_project(project.id, {"parent_project_id": parent})
        assert list(caught.value.fields) == ["parent_project_id"]


# references


@pytest.mark.parametrize(
    "field", ["project_id", "parent_task_id", "assignee_id", "assignee_ids", "sprint_id", "label_ids"]
)
@pytest.mark.parametrize("missing", ["0" * 32, "no such thing", "x'; DROP TABLE pm_tasks; --"])
async def test_dangling_references_are_refused(
    provider: InternalProvider, project: PMProject, field: str, missing: str
) -> None:
    """On creation, update and in a batch alike: the error names field and value, nothing is written."""
    value = [missing] if field.endswith("ids") else missing
    task = await _task(provider, project)
    draft = PMTask(**({"title": "bad", "project_id": project.id} | {field: value}))
    batch = await provider.create_tasks([draft])
    for act in (
        lambda: provider.create_task(draft),
        lambda: provider.update_task(task.id, {field: value}),
        batch.raise_for_errors,
    ):
        with pytest.raises(ValidationError) as caught:
            result = act()
            if result is not None:
                await result
        assert list(caught.value.fields) == [field]
        assert repr(missing) in caught.value.fields[field]
    assert await provider.list_tasks(project.id) == [task]


async def test_parts_of_other_projects_are_refused(provider: InternalProvider, project: PMProject) -> None:
    """Parent, sprint and labels belong to the task's own project, or to none."""
    other = await provider.create_project(PMProject(name="Mars"))
    foreign = {
        "parent_task_id": (await _task(provider, other)).id,
        "sprint_id": (await provider.create_sprint(PMSprint(name="s", project_id=other.id))).id,
        "label_ids": [(await provider.create_label(PMLabel(name="l", project_id=other.id))).id],
    }
    general = await provider.create_label(PMLabel(name="general"))
    task = await _task(provider, project, label_ids=[general.id])
    for field, value in foreign.items():
        with pytest.raises(ValidationError, match="another project") as caught:
            await provider.update_task(task.id, {field: value})
        assert list(caught.value.fields) == [field]


async def test_moving_says_what_it_leaves_behind(provider: InternalProvider, project: PMProject) -> None:
    """Parent, sprint and labels of the old project stay there, with a warning each; subtasks come along."""
    other = await provider.create_project(PMProject(name="Mars", key="mars"))
    sprint = await provider.create_sprint(PMSprint(name="s", project_id=project.id))
    own = await provider.create_label(PMLabel(name="own", project_id=project.id))
    general = await provider.create_label(PMLabel(name="general"))
    top = await _task(provider, project)
    task = await _task(
        provider, project, parent_task_id=top.id, sprint_id=sprint.id, label_ids=[own.id, general.id]
    )
    low = await _task(provider, project, parent_task_id=task.id, sprint_id=sprint.id, label_ids=[own.id])
    moved = await provider.update_task(task.id, {"project_id": "MARS"})
    assert (moved.project_id, moved.parent_task_id, moved.sprint_id) == (other.id, None, None)
    assert moved.label_ids == [general.id]
    assert sorted(one.field for one in moved.warnings) == ["label_ids", "parent_task_id", "sprint_id"]
    below = await provider.get_task(low.id)
    assert below is not None
    assert (below.project_id, below.parent_task_id, below.sprint_id) == (other.id, task.id, None)
    assert (below.label_ids, below.version) == ([], "2")


# versions and status


async def test_stale_version_is_refused(provider: InternalProvider, project: PMProject) -> None:
    """The error carries the current version; nothing is written."""
    task = await _task(provider, project)
    await provider.update_task(task.id, {"title": "one"}, expected_version=task.version)
    with pytest.raises(ConflictError) as caught:
        await provider.update_task(task.id, {"title": "two"}, expected_version=task.version)
    assert caught.value.current_version == "2"
    found = await provider.get_task(task.id)
    assert found is not None
    assert (found.title, found.version) == ("one", "2")


async def test_simultaneous_updates_all_count(provider: InternalProvider, project: PMProject) -> None:
    """Without an expected version writers queue up; with one only the first gets through."""
    task = await _task(provider, project)
    await asyncio.gather(*(provider.update_task(task.id, {"title": f"{n}"}) for n in range(8)))
    found = await provider.get_task(task.id)
    assert found is not None
    assert found.version == "9"
    results = await asyncio.gather(
        *(provider.update_task(task.id, {"title": f"v{n}"}, expected_version="9") for n in range(5)),
        return_exceptions=True,
    )
    assert sorted(isinstance(one, ConflictError) for one in results) == [False, True, True, True, True]


async def test_closing_and_reopening(provider: InternalProvider, project: PMProject) -> None:
    """The instant of closing is kept from one closed status to the other, and goes on reopening."""
    task = await _task(provider, project, status="Completed")
    assert task.completed_at is not None
    cancelled = await provider.update_task(task.id, {"status": "cancelled"})
    assert cancelled.completed_at == task.completed_at
    reopened = await provider.update_task(task.id, {"status": "In Progress"})
    assert (reopened.status, reopened.status_name, reopened.completed_at) == (
        "in_progress",
        "In progress",
        None,
    )
    cleared = await provider.update_task(task.id, {"status": None})
    assert (cleared.status, [one.field for one in cleared.warnings]) == ("todo", ["status"])


async def test_status_of_another_entity_is_unknown(provider: InternalProvider, project: PMProject) -> None:
    """A project's status is none of a task's, in all the ways it may come."""
    task = await _task(provider, project)
    (outcome,) = await provider.create_tasks([PMTask(title="t", project_id=project.id, status="on_hold")])
    assert isinstance(outcome.error, ValidationError)
    for act in (
        lambda: provider.update_task(task.id, {"status": "planning"}),
        lambda: provider.list_tasks(project.id, status="planning"),
        lambda: provider.update_project(project.id, {"status": "todo"}),
    ):
        with pytest.raises(ValidationError) as caught:
            await act()
        assert "the system has:" in caught.value.fields["status"]


async def test_dates_in_order_against_what_is_stored(provider: InternalProvider, project: PMProject) -> None:
    """A patch of one date is checked against the other."""
    task = await _task(provider, project, start_date="2026-03-05")
    with pytest.raises(ValidationError) as caught:
        await provider.update_task(task.id, {"due_date": "2026-03-04"})
    assert list(caught.value.fields) == ["due_date"]
    sprint = await provider.create_sprint(PMSprint(name="s", project_id=project.id, end_date="2026-03-05"))  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        await provider.update_sprint(sprint.id, {"start_date": "2026-03-06"})


async def test_first_assignee_is_swapped(provider: InternalProvider, project: PMProject) -> None:
    """Writing `assignee_id` leaves the others, and never doubles one."""
    a, b, c = [(await provider.create_user(PMUser(name=name))).id for name in "abc"]
    task = await _task(provider, project, assignee_ids=[a, b])
    assert (await provider.update_task(task.id, {"assignee_id": c})).assignee_ids == [c, b]
    assert (await provider.update_task(task.id, {"assignee_id": b})).assignee_ids == [b]
    assert (await provider.update_task(task.id, {"assignee_ids": [c, a, b]})).assignee_ids == [c, a, b]
    first_gone = await provider.update_task(task.id, {"assignee_id": None})
    assert (first_gone.assignee_ids, first_gone.assignee_id) == ([a, b], a)
    assert [one.field for one in first_gone.warnings] == ["assignee_id"]


async def test_custom_fields_merge(provider: InternalProvider, project: PMProject) -> None:
    """Only the names given change; `None` removes one; no names change nothing."""
    task = await _task(provider, project, custom_fields={"a": 1, "b": {"$date": "x"}})
    changed = await provider.update_task(task.id, {"custom_fields": {"a": None, "c": [1.5, "ü"]}})
    assert changed.custom_fields == {"b": {"$date": "x"}, "c": [1.5, "ü"]}
    assert changed.warnings == ()
    same = await provider.update_task(task.id, {"custom_fields": {}})
    assert (same, same.warnings) == (changed, ())


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
