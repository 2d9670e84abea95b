"""Checklists of tasks, and their items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pm_providers.contract import BasePMProvider, Support
from pm_providers.errors import NotFoundError, UnsupportedError, ValidationError
from pm_providers.model import Entity, PMChecklist, PMChecklistItem, PMTask
from pm_providers.testing.checks import ids, needs, refusal
from pm_providers.testing.harness import ProviderHarness
from pm_providers.testing.samples import new_task
from pm_providers.testing.suite.base import SuiteBase

__all__ = [
    "ChecklistSuite",
    "item_writable",
    "items_of",
    "new_checklist",
    "only_checklist",
    "place_of_item",
    "positions_of",
    "titles_of",
]


def items_of(*titles: str, done: Sequence[str] = ()) -> list[PMChecklistItem]:
    """Drafts of items with these titles."""
    return [PMChecklistItem(title=one, is_done=one in done) for one in titles]


def titles_of(checklist: PMChecklist) -> list[str]:
    """Titles of the items, in order."""
    return [item.title for item in checklist.items]


async def new_checklist(
    provider: BasePMProvider, task: PMTask, *titles: str, name: str = "Steps"
) -> PMChecklist:
    """A checklist with items of these titles on a task."""
    return await provider.create_checklist(PMChecklist(name=name, task_id=task.id, items=items_of(*titles)))


async def only_checklist(harness: ProviderHarness, task: PMTask) -> PMChecklist:
    """The one checklist of a task, as another client reads it."""
    [found] = await (await harness.fresh()).list_checklists(task.id)
    return found


def place_of_item(item: PMChecklistItem, task: PMTask) -> dict[str, str]:
    """Where an item stands, as updates and deletes of it are told."""
    return {"checklist_id": item.checklist_id, "task_id": task.id}


def positions_of(records: Sequence[PMChecklist] | Sequence[PMChecklistItem]) -> list[int | None]:
    """Places, in order."""
    return [one.position for one in records]


def item_writable(provider: BasePMProvider, name: str) -> bool:
    """Whether a field of items can be written."""
    return provider.capabilities.field(Entity.CHECKLIST_ITEM, name).is_writable


class ChecklistSuite(SuiteBase):
    """Checklists stand on their task in order, with their items; none is half made."""

    @needs("list_checklists", "create_checklist")
    async def test_checklists_of_a_task(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """Checklists and their items come back in the order in which they were made, on their task only."""
        other = await new_task(harness)
        made = []
        for name, titles in (("Packing", ("Zip", "Amp", "Cup")), ("Empty", ()), ("Again", ("Zip", "Zip"))):
            items = items_of(*titles, done=("Amp",))
            made.append(await provider.create_checklist(PMChecklist("", name, task.id, items)))
        assert [one.warnings for one in made] == [(), (), ()]
        fresh = await harness.fresh()
        listed = await fresh.list_checklists(task.id)
        assert listed == made
        assert [(one.name, one.task_id) for one in listed] == [
            ("Packing", task.id), ("Empty", task.id), ("Again", task.id),
        ]  # fmt: skip
        assert [titles_of(one) for one in listed] == [["Zip", "Amp", "Cup"], [], ["Zip", "Zip"]]
        assert [item.is_done for item in listed[0].items] == [False, True, False]
        assert {item.checklist_id for item in listed[0].items} == {made[0].id}
        assert len({item.id for one in listed for item in one.items}) == 5
        assert ids(await fresh.list_checklists(task.id, limit=2)) == ids(listed)[:2]
        assert [one async for one in fresh.iter_checklists(task.id)] == listed
        assert await fresh.list_checklists(other.id) == []
        if provider.capabilities.field(Entity.CHECKLIST, "position").is_supported:
            assert positions_of(listed) == [0, 1, 2]
        if provider.capabilities.field(Entity.CHECKLIST_ITEM, "position").is_supported:
            assert positions_of(listed[0].items) == [0, 1, 2]

    @needs("create_checklist", "update_checklist")
    async def test_update_checklist(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """A renamed checklist keeps its items; what belongs to it for good is refused."""
        made = await new_checklist(provider, task, "One", "Two")
        changed = await provider.update_checklist(made.id, {"name": "Renamed"}, task_id=task.id)
        assert changed == replace(made, name="Renamed")
        assert await only_checklist(harness, task) == changed
        refused: tuple[dict[str, Any], ...] = (
            {"name": ""}, {"name": None}, {"items": []}, {"task_id": task.id}, {"position": -1}, {},
        )  # fmt: skip
        for wrong in refused:
            async with refusal(provider, "update_checklist", ValidationError):
                await provider.update_checklist(made.id, wrong, task_id=task.id)
        async with refusal(provider, "update_checklist", NotFoundError):
            await provider.update_checklist(harness.missing_id, {"name": "x"}, task_id=task.id)
        assert await only_checklist(harness, task) == changed

    @needs("create_checklist", "delete_checklist")
    async def test_delete_checklist(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """A deleted checklist is gone with its items, and no other is; deleting again is no error."""
        made = await new_checklist(provider, task, "One")
        kept = await new_checklist(provider, task, "Two")
        assert await provider.delete_checklist(made.id, task_id=task.id) is True
        found = await only_checklist(harness, task)
        assert (found.id, found.items) == (kept.id, kept.items)
        assert await provider.delete_checklist(made.id, task_id=task.id) is False
        assert await provider.delete_checklist(harness.missing_id, task_id=task.id) is False
        [item] = made.items
        async with refusal(provider, "update_checklist_item", NotFoundError):
            await provider.update_checklist_item(item.id, {"is_done": True}, **place_of_item(item, task))

    @needs("create_checklist", "update_checklist")
    async def test_checklists_are_moved(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """A checklist takes the place that is asked for among those of its task."""
        if not provider.capabilities.field(Entity.CHECKLIST, "position").is_writable:
            await _assert_place_refused(harness)
            return
        for name in ("One", "Two", "Three"):
            made = await new_checklist(provider, task, f"{name} step", name=name)
        fresh = await harness.fresh()
        for place, names in ((0, "Three One Two"), (1, "One Three Two"), (2, "One Two Three")):
            moved = await provider.update_checklist(made.id, {"position": place}, task_id=task.id)
            assert (moved.position, moved.warnings, titles_of(moved)) == (place, (), ["Three step"])
            listed = await fresh.list_checklists(task.id)
            assert [one.name for one in listed] == names.split()
            assert positions_of(listed) == [0, 1, 2]
        first = await provider.create_checklist(PMChecklist(name="Zero", task_id=task.id, position=0))
        assert first.position == 0
        assert [one.name for one in await fresh.list_checklists(task.id)] == ["Zero", "One", "Two", "Three"]

    @needs("list_checklists", "create_checklist")
    async def test_all_or_nothing(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """A checklist with an item that is refused is not made; the error names the item and the field."""
        before = harness.request_count()
        wrong: list[tuple[Any, str]] = [
            (PMChecklistItem(title=" "), "items[1].title"),
            (PMChecklistItem(title="two\nlines"), "items[1].title"),
            (PMChecklistItem(title="x", is_done="yes"), "items[1].is_done"),  # type: ignore[arg-type]
            ("no item", "items"),
        ]
        if item_writable(provider, "parent_id"):
            wrong.append((PMChecklistItem(title="x", parent_id="z"), "items[1].parent_id"))
        for item, name in wrong:
            draft = PMChecklist(name="Steps", task_id=task.id, items=[PMChecklistItem("a", "fine"), item])
            async with refusal(provider, "create_checklist", ValidationError) as caught:
                await provider.create_checklist(draft)
            assert isinstance(caught.value, ValidationError)
            assert list(caught.value.fields) == [name]
        assert harness.request_count() == before
        assert await (await harness.fresh()).list_checklists(task.id) == []

    @needs("list_checklists", "create_checklist")
    async def test_unknown_assignee(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """An item for somebody who does not exist is refused, and its checklist is not left behind."""
        if not item_writable(provider, "assignee_id"):
            return
        items = [PMChecklistItem(title="fine"), PMChecklistItem(title="x", assignee_id=harness.missing_id)]
        async with refusal(provider, "create_checklist", ValidationError, NotFoundError) as caught:
            await provider.create_checklist(PMChecklist(name="Steps", task_id=task.id, items=items))
        assert not caught.value.maybe_applied
        assert await (await harness.fresh()).list_checklists(task.id) == []

    @needs("list_checklists", "create_checklist", "create_checklist_item", "update_checklist_item")
    async def test_what_does_not_exist(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """A missing task has no checklists and takes none, a missing checklist no items; none is changed."""
        missing = harness.missing_id
        async with refusal(provider, "list_checklists", NotFoundError):
            await provider.list_checklists(missing)
        async with refusal(provider, "create_checklist", NotFoundError, ValidationError):
            await provider.create_checklist(PMChecklist(name="x", task_id=missing, items=items_of("One")))
        async with refusal(provider, "create_checklist_item", NotFoundError, ValidationError):
            item = PMChecklistItem(title="x", checklist_id=missing)
            await provider.create_checklist_item(item, task_id=task.id)
        made = await new_checklist(provider, task, "One")
        async with refusal(provider, "update_checklist_item", NotFoundError):
            await provider.update_checklist_item(
                missing, {"title": "x"}, checklist_id=made.id, task_id=task.id
            )
        assert await only_checklist(harness, task) == made

    @needs("list_checklists", "create_checklist", "delete_task", "update_checklist_item")
    async def test_gone_with_their_task(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """Checklists go with their task; those of other tasks stay."""
        made = await new_checklist(provider, task, "One")
        other = await new_task(harness)
        kept = await new_checklist(provider, other, "Two")
        assert await provider.delete_task(task.id) is True
        async with refusal(provider, "list_checklists", NotFoundError):
            await (await harness.fresh()).list_checklists(task.id)
        [item] = made.items
        async with refusal(provider, "update_checklist_item", NotFoundError):
            await provider.update_checklist_item(item.id, {"is_done": True}, **place_of_item(item, task))
        assert await only_checklist(harness, other) == kept


async def _assert_place_refused(harness: ProviderHarness) -> None:
    provider, capability = harness.provider, harness.provider.capabilities.field(Entity.CHECKLIST, "position")
    expected = ValidationError if capability.support is Support.READ_ONLY else UnsupportedError
    async with refusal(provider, "update_checklist", expected) as caught:
        await provider.update_checklist("1", {"position": 0})
    assert capability.note in str(caught.value)
