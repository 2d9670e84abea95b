"""Checklists in SQL: places without gaps, pages, several writers, and what goes with what."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, Table, func, select

from pm_providers import InternalProvider, PMChecklist, PMChecklistItem, PMProject, PMTask, PMUser
from pm_providers.database.schema import checklist_items, checklists
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.providers.internal.checklist_mapping import in_order
from tests.support.databases import provider_on


def _count(engine: Engine, table: Table) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _items(*titles: str) -> list[PMChecklistItem]:
    return [PMChecklistItem(title=title) for title in titles]


async def _task(provider: InternalProvider, project: PMProject, **fields: Any) -> PMTask:
    return await provider.create_task(PMTask(title="Task", project_id=project.id, **fields))


async def _made(provider: InternalProvider, task: PMTask, *titles: str, name: str = "Steps") -> PMChecklist:
    return await provider.create_checklist(PMChecklist(name=name, task_id=task.id, items=_items(*titles)))


async def test_nothing_is_left_behind(provider: InternalProvider, project: PMProject, engine: Engine) -> None:
    """Items go with their checklist, checklists with their task, its parent, and their project."""
    for doomed in ("checklist", "task", "parent", "project"):
        other = await provider.create_project(PMProject(name=doomed))
        parent = await _task(provider, other)
        task = await _task(provider, other, parent_task_id=parent.id)
        made = await _made(provider, task, "One", "Two")
        below = PMChecklistItem(title="Below", checklist_id=made.id, parent_id=made.items[0].id)
        await provider.create_checklist_item(below)
        assert (_count(engine, checklists), _count(engine, checklist_items)) == (1, 3)
        if doomed == "checklist":
            assert await provider.delete_checklist(made.id)
        elif doomed == "project":
            assert await provider.delete_project(other.id)
        else:
            assert await provider.delete_task(parent.id if doomed == "parent" else task.id)
        assert (_count(engine, checklists), _count(engine, checklist_items)) == (0, 0)


async def test_a_deleted_user_leaves_the_items_without_one(
    provider: InternalProvider, project: PMProject
) -> None:
    """The item stays, for nobody."""
    ada = await provider.create_user(PMUser(name="Ada"))
    task = await _task(provider, project)
    made = await _made(provider, task, "One")
    await provider.update_checklist_item(made.items[0].id, {"assignee_id": ada.id})
    assert await provider.delete_user(ada.id)
    [found] = await provider.list_checklists(task.id)
    assert [(item.title, item.assignee_id) for item in found.items] == [("One", None)]


async def test_unknown_references_are_named(provider: InternalProvider, project: PMProject) -> None:
    """Each by its field; in a new checklist by the item."""
    task = await _task(provider, project)
    items = [*_items("One"), PMChecklistItem(title="Two", assignee_id="nobody")]
    with pytest.raises(ValidationError) as caught:
        await provider.create_checklist(PMChecklist(name="Steps", task_id=task.id, items=items))
    assert caught.value.fields == {"items[1].assignee_id": "there is no user 'nobody'"}
    with pytest.raises(ValidationError) as caught:
        await provider.create_checklist(PMChecklist(name="Steps", task_id="nothing"))
    assert caught.value.fields == {"task_id": "there is no task 'nothing'"}
    made = await _made(provider, task, "One")
    for fields, name in (
        ({"assignee_id": "nobody", "checklist_id": made.id}, "assignee_id"),
        ({"parent_id": "nothing", "checklist_id": made.id}, "parent_id"),
        ({"checklist_id": "nothing"}, "checklist_id"),
    ):
        with pytest.raises(ValidationError) as caught:
            await provider.create_checklist_item(PMChecklistItem(title="x", **fields))
        assert list(caught.value.fields) == [name]
    with pytest.raises(ValidationError, match="there is no user 'nobody'"):
        await provider.update_checklist_item(made.items[0].id, {"assignee_id": "nobody"})
    assert [one.items for one in await provider.list_checklists(task.id)] == [made.items]


async def test_small_pages(url: str) -> None:
    """Pages of two lose nothing and double nothing."""
    async with provider_on(url, page_size=2) as provider:
        task = await _task(provider, await provider.create_project(PMProject(name="P")))
        made = [await _made(provider, task, *"ab"[:n], name=f"{n}") for n in (0, 1, 2, 1, 0)]
        assert [one async for one in provider.iter_checklists(task.id)] == made
        assert [one.position for one in made] == [0, 1, 2, 3, 4]


async def test_places_stay_without_gaps(provider: InternalProvider, project: PMProject) -> None:
    """Whatever is moved, put below another or deleted."""
    task = await _task(provider, project)
    made = await _made(provider, task, *"abcdef")
    ids = {item.title: item.id for item in made.items}
    await provider.update_checklist_item(ids["b"], {"parent_id": ids["a"]})
    await provider.update_checklist_item(ids["e"], {"parent_id": ids["a"], "position": 0})
    await provider.delete_checklist_item(ids["d"])
    await provider.update_checklist_item(ids["f"], {"position": 0, "title": "F"})
    [found] = await provider.list_checklists(task.id)
    assert [(item.title, item.position) for item in found.items] == [
        ("F", 0), ("a", 1), ("e", 0), ("b", 1), ("c", 2),
    ]  # fmt: skip
    moved = await provider.update_checklist_item(ids["b"], {"parent_id": None, "position": 1})
    assert (moved.parent_id, moved.position, moved.warnings) == (None, 1, ())
    [found] = await provider.list_checklists(task.id)
    assert [(item.title, item.position) for item in found.items] == [
        ("F", 0), ("b", 1), ("a", 2), ("e", 0), ("c", 3),
    ]  # fmt: skip


async def test_writers_at_the_same_time_give_each_item_its_own_place(
    provider: InternalProvider, project: PMProject, url: str
) -> None:
    """Twelve new items by two clients: places from 0 to 12."""
    task = await _task(provider, project)
    made = await _made(provider, task, "first")
    async with provider_on(url) as other:
        await asyncio.gather(*(
            (provider, other)[n % 2].create_checklist_item(
                PMChecklistItem(title=f"{n}", checklist_id=made.id)
            )
            for n in range(12)
        ))  # fmt: skip
    [found] = await provider.list_checklists(task.id)
    assert [item.position for item in found.items] == list(range(13))
    assert len({item.id for item in found.items}) == 13


async def test_deleting_while_items_are_added(
    provider: InternalProvider, project: PMProject, url: str, engine: Engine
) -> None:
    """An item is added before its task goes, or refused; none is left behind, and nobody waits for ever."""
    task = await _task(provider, project)
    made = await _made(provider, task, "first")
    async with provider_on(url) as other:
        results = await asyncio.gather(
            *(
                other.create_checklist_item(PMChecklistItem(title=f"{n}", checklist_id=made.id))
                for n in range(6)
            ),
            provider.delete_task(task.id),
            return_exceptions=True,
        )
    assert results[-1] is True
    assert all(isinstance(one, PMChecklistItem | ValidationError) for one in results[:-1])
    assert (_count(engine, checklists), _count(engine, checklist_items)) == (0, 0)


async def test_checklists_travel_with_their_task(provider: InternalProvider, project: PMProject) -> None:
    """A task that moves to another project keeps its checklists."""
    task = await _task(provider, project)
    made = await _made(provider, task, "One")
    other = await provider.create_project(PMProject(name="Other"))
    await provider.update_task(task.id, {"project_id": other.id})
    assert await provider.list_checklists(task.id) == [made]
    with pytest.raises(NotFoundError):
        await provider.list_checklists("nothing")


async def test_raw_data(url: str) -> None:
    """The rows travel along, unless they are switched off."""
    async with provider_on(url) as provider:
        task = await _task(provider, await provider.create_project(PMProject(name="P")))
        made = await _made(provider, task, "One")
        assert made.raw_data is not None
        assert made.raw_data["name"] == "Steps"
        assert made.items[0].raw_data is not None
        assert made.items[0].raw_data["title"] == "One"
    async with provider_on(url, raw_data=False) as provider:
        [found] = await provider.list_checklists(task.id)
        assert (found.raw_data, found.items[0].raw_data, found) == (None, None, made)


@given(st.lists(st.none() | st.integers(0, 30), max_size=30), st.randoms())
def test_every_item_stands_once_right_below_its_parent(parents: list[int | None], random: Any) -> None:
    """For any forest, whatever the order of the rows: parents first, siblings in order of their places."""
    rows = []
    for index, parent in enumerate(parents):
        above = None if parent is None or parent >= index else str(parent)
        rows.append({"id": str(index), "parent_id": above, "position": index})
    random.shuffle(rows)
    found = in_order(rows)
    assert sorted(row["id"] for row in found) == sorted(row["id"] for row in rows)
    path: list[str] = []
    last: dict[str | None, int] = {}
    for row in found:
        while path and path[-1] != row["parent_id"]:
            path.pop()
        assert (path[-1] if path else None) == row["parent_id"]
        path.append(row["id"])
        assert last.get(row["parent_id"], -1) < row["position"]
        last[row["parent_id"]] = row["position"]
