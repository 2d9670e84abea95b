"""Single tasks: hierarchy, references, moves, versions."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import Engine, func, select

from pm_providers import (
    ConflictError,
    InternalProvider,
    PMAttachment,
    PMComment,
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
