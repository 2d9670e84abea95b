"""Items of checklists: added, ticked off, changed, moved and deleted one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from pm_providers.contract import BasePMProvider, Support
from pm_providers.errors import UnsupportedError, ValidationError
from pm_providers.model import Entity, PMChecklist, PMChecklistItem, PMTask, field_specs
from pm_providers.testing.calls import PLACEHOLDERS
from pm_providers.testing.checks import assert_holds, needs, refusal
from pm_providers.testing.harness import ProviderHarness
from pm_providers.testing.samples import any_value
from pm_providers.testing.suite.base import SuiteBase
from pm_providers.testing.suite.checklists import (
    item_writable,
    items_of,
    new_checklist,
    only_checklist,
    place_of_item,
    positions_of,
    titles_of,
)

__all__ = ["ChecklistItemSuite"]

_PLAIN = ("title", "is_done", "assignee_id", "due_date")
_FIELDS = ("title", "is_done", "assignee_id", "due_date", "parent_id", "position")


async def _sample(harness: ProviderHarness, name: str, made: PMChecklist) -> tuple[Any, Any]:
    """Two values of a field of an item; `made` has two items that it can stand below."""
    if name == "assignee_id":
        first, second, *_ = await harness.assignees((await harness.project()).id)
        return first, second
    values: dict[str, tuple[Any, Any]] = {
        "title": ("First value", "Zweiter Wert äöü"),
        "is_done": (True, False),
        "due_date": (date(2026, 3, 2), date(2026, 3, 4)),
        "parent_id": (made.items[0].id, made.items[1].id),
        "position": (0, 1),
    }
    given = harness.samples.get((Entity.CHECKLIST_ITEM, name))
    return (given[0], given[1]) if given is not None else values[name]


class ChecklistItemSuite(SuiteBase):
    """Items keep what they are given, in order, and change one by one."""

    @needs("create_checklist", "create_checklist_item")
    async def test_items_are_added_at_the_end(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """A new item is the last of its checklist, and of no other."""
        await new_checklist(provider, task, "Other", name="Other")
        made = await new_checklist(provider, task, "One")
        for title, is_done in (("Two", True), ("Three", False)):
            item = await provider.create_checklist_item(
                PMChecklistItem(title=title, checklist_id=made.id, is_done=is_done), task_id=task.id
            )
            assert (item.title, item.is_done, item.checklist_id) == (title, is_done, made.id)
            assert item.warnings == ()
            first, found = await (await harness.fresh()).list_checklists(task.id)
            assert found.items[-1] == item
            assert titles_of(first) == ["Other"]
        assert titles_of(found) == ["One", "Two", "Three"]

    @needs("create_checklist", "update_checklist_item")
    async def test_items_are_ticked_off(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """An item is done, and not done again; those beside it stay as they are, and in order."""
        made = await new_checklist(provider, task, "One", "Two", "Three")
        item = made.items[1]
        for value, is_done in ((True, True), (True, True), (False, False), (True, True), (None, False)):
            ticked = await provider.update_checklist_item(
                item.id, {"is_done": value}, **place_of_item(item, task)
            )
            assert ticked == replace(item, is_done=is_done)
            assert ticked.warnings == ()
            found = await only_checklist(harness, task)
            assert found.items == [made.items[0], ticked, made.items[2]]

    @needs("create_checklist", "create_checklist_item", "update_checklist_item")
    @pytest.mark.parametrize("name", _FIELDS)
    async def test_item_field_is_held(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask, name: str
    ) -> None:
        """A field of an item holds what it is created with and updated to, and is empty once cleared."""
        if not item_writable(provider, name):
            await _assert_refused(harness, name)
            return
        made = await new_checklist(provider, task, "Above", "Other")
        first, second = await _sample(harness, name, made)
        draft = PMChecklistItem(title="Item", checklist_id=made.id)
        item = await provider.create_checklist_item(replace(draft, **{name: first}), task_id=task.id)
        await _assert_stored(harness, task, item, name, first)
        place = place_of_item(item, task)
        changed = await provider.update_checklist_item(item.id, {name: second}, **place)
        await _assert_stored(harness, task, changed, name, second)
        if name in {"assignee_id", "due_date", "parent_id"}:
            cleared = await provider.update_checklist_item(item.id, {name: None}, **place)
            assert getattr(cleared, name) is None
            await _assert_stored(harness, task, cleared, name, None)

    @needs("create_checklist")
    @pytest.mark.parametrize("name", _PLAIN)
    async def test_items_are_made_with_their_fields(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask, name: str
    ) -> None:
        """What an item of a new checklist asks for is held; what cannot be is refused before any request."""
        if not item_writable(provider, name):
            await _assert_refused(harness, name)
            return
        values = await _sample(harness, name, PMChecklist(items=items_of("", "")))
        items = [replace(PMChecklistItem(title="Item"), **{name: value}) for value in values]
        made = await provider.create_checklist(PMChecklist(name="Steps", task_id=task.id, items=items))
        assert made.warnings == ()
        found = await only_checklist(harness, task)
        assert found == made
        for item, value in zip(found.items, values, strict=True):
            assert_holds(item, **{name: value})

    @needs("create_checklist", "create_checklist_item", "delete_checklist_item")
    async def test_delete_item(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """A deleted item is gone, those beside it close up; deleting again is no error."""
        made = await new_checklist(provider, task, "One", "Two", "Three")
        item = made.items[1]
        assert await provider.delete_checklist_item(item.id, **place_of_item(item, task)) is True
        found = await only_checklist(harness, task)
        assert titles_of(found) == ["One", "Three"]
        if provider.capabilities.field(Entity.CHECKLIST_ITEM, "position").is_supported:
            assert positions_of(found.items) == [0, 1]
        assert await provider.delete_checklist_item(item.id, **place_of_item(item, task)) is False
        missing = replace(item, id=harness.missing_id)
        assert await provider.delete_checklist_item(missing.id, **place_of_item(missing, task)) is False

    @needs("create_checklist", "create_checklist_item", "update_checklist_item", "delete_checklist_item")
    async def test_items_below_items(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """Items below others follow them, in every list, and go with them."""
        if not item_writable(provider, "parent_id"):
            return
        items = [
            PMChecklistItem("a", "A"), PMChecklistItem("b", "B"), PMChecklistItem("", "A1", parent_id="a"),
            PMChecklistItem("c", "A2", parent_id="a"), PMChecklistItem("", "A2x", parent_id="c"),
        ]  # fmt: skip
        made = await provider.create_checklist(PMChecklist(name="Tree", task_id=task.id, items=items))
        assert made.warnings == ()
        found = await only_checklist(harness, task)
        assert titles_of(found) == ["A", "A1", "A2", "A2x", "B"]
        by_title = {item.title: item for item in found.items}
        above = {item.title: item.parent_id for item in found.items}
        assert above == {
            "A": None, "B": None, "A1": by_title["A"].id, "A2": by_title["A"].id, "A2x": by_title["A2"].id,
        }  # fmt: skip
        await _assert_no_circle(harness, task, found)
        moved = await provider.update_checklist_item(
            by_title["A2"].id, {"parent_id": by_title["B"].id}, **place_of_item(by_title["A2"], task)
        )
        assert moved.parent_id == by_title["B"].id
        assert titles_of(await only_checklist(harness, task)) == ["A", "A1", "B", "A2", "A2x"]
        assert await provider.delete_checklist_item(by_title["B"].id, **place_of_item(moved, task)) is True
        assert titles_of(await only_checklist(harness, task)) == ["A", "A1"]

    @needs("create_checklist", "create_checklist_item", "update_checklist_item")
    async def test_items_are_moved(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """An item takes the place that is asked for; one beyond the end is the end, and the write says so."""
        if not item_writable(provider, "position"):
            return
        made = await new_checklist(provider, task, "One", "Two", "Three")
        item = made.items[2]
        for place, titles in ((0, "Three One Two"), (1, "One Three Two"), (2, "One Two Three")):
            moved = await provider.update_checklist_item(
                item.id, {"position": place}, **place_of_item(item, task)
            )
            assert (moved.position, moved.warnings) == (place, ())
            found = await only_checklist(harness, task)
            assert titles_of(found) == titles.split()
            assert positions_of(found.items) == [0, 1, 2]
        first = PMChecklistItem(title="Zero", checklist_id=made.id, position=0)
        assert (await provider.create_checklist_item(first, task_id=task.id)).position == 0
        assert titles_of(await only_checklist(harness, task)) == ["Zero", "One", "Two", "Three"]
        last = await provider.update_checklist_item(item.id, {"position": 99}, **place_of_item(item, task))
        assert (last.position, [one.field for one in last.warnings]) == (3, ["position"])
        for wrong in (-1, None, "1", True):
            async with refusal(provider, "update_checklist_item", ValidationError):
                await provider.update_checklist_item(
                    item.id, {"position": wrong}, **place_of_item(item, task)
                )
        assert titles_of(await only_checklist(harness, task)) == ["Zero", "One", "Two", "Three"]


async def _assert_stored(
    harness: ProviderHarness, task: PMTask, item: PMChecklistItem, name: str, asked: Any
) -> None:
    """The write's result is what is stored, and holds what was asked for, or says that it does not."""
    found = next(one for one in (await only_checklist(harness, task)).items if one.id == item.id)
    assert found == item, f"{name}: the write returned something else than what is stored"
    warned = {warning.field for warning in item.warnings}
    support = harness.provider.capabilities.field(Entity.CHECKLIST_ITEM, name).support
    assert name not in warned or support is Support.MAPPED, f"{name} is declared native, but not held"
    if name not in warned:
        assert_holds(found, **{name: asked})


async def _assert_refused(harness: ProviderHarness, name: str) -> None:
    """A field of items that cannot be written is refused everywhere, with its reason, without a request."""
    provider, capability = harness.provider, harness.provider.capabilities.field(Entity.CHECKLIST_ITEM, name)
    expected = ValidationError if capability.support is Support.READ_ONLY else UnsupportedError
    value, before = any_value(Entity.CHECKLIST_ITEM, name), harness.request_count()
    item = replace(PLACEHOLDERS[Entity.CHECKLIST_ITEM], **{name: value})
    assert isinstance(item, PMChecklistItem)
    calls: list[tuple[str, Any]] = [("create_checklist_item", lambda: provider.create_checklist_item(item))]
    if name != "position":  # the order of the list says it
        whole = PMChecklist(name="Steps", task_id="1", items=[item])
        calls.append(("create_checklist", lambda: provider.create_checklist(whole)))
    calls.append(("update_checklist_item", lambda: provider.update_checklist_item("1", {name: value})))
    for operation, call in calls:
        async with refusal(provider, operation, expected) as caught:
            await call()
        assert capability.note in str(caught.value)
    assert harness.request_count() == before


async def _assert_no_circle(harness: ProviderHarness, task: PMTask, tree: PMChecklist) -> None:
    """An item stands neither below itself or those below it, nor below one of another checklist."""
    other = await new_checklist(harness.provider, task, "Foreign", name="Other")
    top, below = tree.items[0], tree.items[-2]
    for wrong in (top.id, below.id, other.items[0].id, harness.missing_id):
        async with refusal(harness.provider, "update_checklist_item", ValidationError) as caught:
            await harness.provider.update_checklist_item(
                top.id, {"parent_id": wrong}, **place_of_item(top, task)
            )
        assert isinstance(caught.value, ValidationError)
        assert "parent_id" in caught.value.fields
    assert await harness.provider.delete_checklist(other.id, task_id=task.id) is True
    assert await only_checklist(harness, task) == tree


assert set(_FIELDS) < set(field_specs(PMChecklistItem))
