"""What the base does around checklists and their items, whatever the provider."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from datetime import date

import pytest

from pm_providers import PMChecklist, PMChecklistItem, PMProviderConfig
from pm_providers.contract import NATIVE, OPERATIONS, declare_operations, read_only, unsupported
from pm_providers.errors import ConflictError, TransportError, UnsupportedError, ValidationError
from pm_providers.model import Entity, field_specs
from tests.contract.memory import MemoryProvider

NAMES = tuple(name for name in OPERATIONS if "_checklist" in name)


class Lists(MemoryProvider):
    """Checklists in memory, their items made one by one. `refused` is a title that it does not take."""

    CAPABILITIES = MemoryProvider.CAPABILITIES.narrowed(
        operations=dict.fromkeys(NAMES, NATIVE),
        fields={
            (entity, name): NATIVE
            for entity, model in ((Entity.CHECKLIST, PMChecklist), (Entity.CHECKLIST_ITEM, PMChecklistItem))
            for name in field_specs(model)
            if name not in {"id", "raw_data"}
        },
    )

    def __init__(self, config: PMProviderConfig | None = None) -> None:
        super().__init__(config)
        self.lists: dict[str, PMChecklist] = {}
        self.items: list[PMChecklistItem] = []
        self.refused: Exception | None = None
        self.stuck = False
        self.asked: tuple[object, ...] = ()

    async def _iter_checklists(self, query):
        for one in self.lists.values():
            yield replace(one, items=[item for item in self.items if item.checklist_id == one.id])

    async def _create_checklist(self, fields, items):
        made = PMChecklist(id=f"l{len(self.lists)}", **fields)
        self.lists[made.id] = made
        return await self._fill_checklist(made, items)

    async def _update_checklist(self, checklist_id, fields, task_id):
        self.asked = (checklist_id, fields, task_id)
        return replace(self.lists[checklist_id], **fields)

    async def _delete_checklist(self, checklist_id, task_id):
        self.asked = (checklist_id, task_id)
        if self.stuck:
            raise TransportError("the connection broke")
        return self.lists.pop(checklist_id, None) is not None

    async def _create_checklist_item(self, fields, task_id):
        self.asked = (fields, task_id)
        if self.refused is not None and fields["title"] == "bad":
            raise copy(self.refused)
        made = PMChecklistItem(id=f"i{len(self.items)}", **fields)
        made.title = made.title[:20]
        self.items.append(made)
        return made

    async def _update_checklist_item(self, item_id, fields, checklist_id, task_id):
        self.asked = (item_id, fields, checklist_id, task_id)
        return PMChecklistItem(id=item_id, title="x", checklist_id="l0", **fields)

    async def _delete_checklist_item(self, item_id, checklist_id, task_id):
        self.asked = (item_id, checklist_id, task_id)
        return True


def steps(*items: PMChecklistItem) -> PMChecklist:
    return PMChecklist(name="Steps", task_id="7", items=list(items))


def item(title: str, mark: str = "", **fields: object) -> PMChecklistItem:
    return PMChecklistItem(mark, title, **fields)


async def test_items_are_made_depth_first_below_their_parents():
    """However they are given, each item is followed by those below it; the ids given are marks only."""
    provider = Lists()
    made = await provider.create_checklist(
        steps(
            item("A", "a", position=5, checklist_id="elsewhere"),
            item("B", "b"),
            item("A1", "c", parent_id="a"),
            item("B1", parent_id="b"),
            item("A2", parent_id="a"),
            item("A1x", parent_id="c", due_date=date(2026, 3, 2)),
        )
    )
    assert [one.title for one in made.items] == ["A", "A1", "A1x", "A2", "B", "B1"]
    ids = {one.title: one.id for one in made.items}
    assert {one.title: one.parent_id for one in made.items} == {
        "A": None, "A1": ids["A"], "A1x": ids["A1"], "A2": ids["A"], "B": None, "B1": ids["B"],
    }  # fmt: skip
    assert {one.checklist_id for one in made.items} == {made.id}
    assert made.warnings == ()
    assert [one.items for one in await provider.list_checklists("7")] == [made.items]


async def test_what_items_do_not_hold_is_told_by_their_place_in_the_draft():
    provider = Lists()
    draft = steps(item("A", "a"), item("B"), item("b" * 21, parent_id="a"))
    made = await provider.create_checklist(draft)
    [warning] = made.warnings
    assert (warning.field, warning.asked, warning.got) == ("items[2].title", "b" * 21, "b" * 20)
    strict = Lists(PMProviderConfig("memory", additional_config={"strict_writes": True}))
    with pytest.raises(ValidationError, match="written, but not as asked") as caught:
        await strict.create_checklist(draft)
    assert list(caught.value.fields) == ["items[2].title"]


async def test_parents_and_numbers_that_are_not_as_asked_are_told():
    class Flat(Lists):
        async def _create_checklist(self, fields, items):
            made = await super()._create_checklist(fields, items)
            return replace(made, items=[replace(one, parent_id=None) for one in made.items])

    class Loses(Lists):
        async def _create_checklist(self, fields, items):
            made = await super()._create_checklist(fields, items)
            return replace(made, items=made.items[:1])

    draft = steps(item("A", "a"), item("B", parent_id="a"))
    [warning] = (await Flat().create_checklist(draft)).warnings
    assert (warning.field, warning.asked, warning.got) == ("items[1].parent_id", "i0", None)
    [warning] = (await Loses().create_checklist(draft)).warnings
    assert (warning.field, warning.asked, warning.got) == ("items", "2 items", "1 items")


@pytest.mark.parametrize("stuck", [False, True])
async def test_a_checklist_whose_item_fails_is_taken_away(stuck):
    provider = Lists()
    provider.stuck = stuck
    provider.refused = ValidationError(fields={"title": "is rude"})
    with pytest.raises(ValidationError) as caught:
        await provider.create_checklist(steps(item("good"), item("bad")))
    assert caught.value.fields == {"items[1].title": "is rude"}
    assert caught.value.operation == "create_checklist"
    assert caught.value.maybe_applied is stuck
    assert bool(provider.lists) is stuck
    with pytest.raises(ValidationError) as caught:
        await provider.create_checklist(steps(item("A", "a"), item("bad"), item("A1", parent_id="a")))
    assert caught.value.fields == {"items[1].title": "is rude"}, (
        "the place in the draft, not in the order made"
    )
    provider.refused = ConflictError("busy")
    with pytest.raises(ConflictError):
        await provider.create_checklist(steps(item("bad")))


@pytest.mark.parametrize(
    ("items", "name"),
    [
        ([item("a"), item(" ")], "items[1].title"),
        ([item("a", due_date="soon")], "items[0].due_date"),
        ([item("a", parent_id="b")], "items[0].parent_id"),
        ([item("a", "a", parent_id="a")], "items[0].parent_id"),
        ([item("a", parent_id="b"), item("b", "b")], "items[0].parent_id"),
        ([item("a"), "b"], "items"),
        ("ab", "items"),
        ([item("a")] * 10_001, "items"),
    ],
)
async def test_wrong_items_are_refused(items, name):
    provider = Lists()
    with pytest.raises(ValidationError) as caught:
        await provider.create_checklist(PMChecklist(name="x", task_id="7", items=items))
    assert list(caught.value.fields) == [name]
    assert caught.value.operation == "create_checklist"
    assert provider.lists == {}


async def test_no_draft():
    with pytest.raises(ValidationError, match="expected a PMChecklist, got PMChecklistItem"):
        await Lists().create_checklist(item("a"))


async def test_drafts_are_left_alone():
    draft = steps(item("A", "a", position=3), item("B", parent_id="a"))
    copy = steps(item("A", "a", position=3), item("B", parent_id="a"))
    await Lists().create_checklist(draft)
    assert draft == copy


async def test_owners_are_passed_on():
    provider = Lists()
    made = await provider.create_checklist(steps())
    await provider.update_checklist(made.id, {"name": "New"}, task_id="7")
    assert provider.asked == (made.id, {"name": "New"}, "7")
    await provider.create_checklist_item(item("a", checklist_id=made.id), task_id="7")
    assert provider.asked[1] == "7"
    updated = await provider.update_checklist_item("i", {"is_done": None}, checklist_id="l0", task_id="7")
    assert provider.asked == ("i", {"is_done": False}, "l0", "7")
    assert updated.warnings == ()
    await provider.delete_checklist_item("i", checklist_id="l0", task_id="7")
    assert provider.asked == ("i", "l0", "7")
    await provider.delete_checklist(made.id, task_id="7")
    assert provider.asked == (made.id, "7")


async def test_owners_that_are_no_ids_are_refused():
    provider = Lists()
    for call in (
        provider.update_checklist("1", {"name": "x"}, task_id=""),
        provider.delete_checklist("1", task_id=" "),
        provider.create_checklist_item(item("a", checklist_id="1"), task_id=7),
        provider.update_checklist_item("1", {"title": "x"}, checklist_id=""),
        provider.delete_checklist_item("1", task_id="a\nb"),
        provider.list_checklists(""),
        provider.list_checklists(None),
    ):
        with pytest.raises(ValidationError, match=r"memory \w+_checklists?(_item)?: (task|checklist)_id"):
            await call
    assert provider.asked == ()


@pytest.mark.parametrize("value", [-1, None, True, "1", 1.0])
async def test_places_that_are_none(value):
    provider = Lists()
    for update in (provider.update_checklist, provider.update_checklist_item):
        with pytest.raises(ValidationError) as caught:
            await update("1", {"position": value})
        assert list(caught.value.fields) == ["position"]


async def test_fields_that_the_system_has_not():
    provider = Lists()
    provider._capabilities = provider.capabilities.narrowed(
        fields={
            (Entity.CHECKLIST_ITEM, "due_date"): unsupported("items have no dates"),
            (Entity.CHECKLIST_ITEM, "position"): read_only("items stay where they are"),
            (Entity.CHECKLIST_ITEM, "parent_id"): read_only("items are not moved"),
            (Entity.CHECKLIST, "items"): unsupported("made empty"),
        }
    )
    with pytest.raises(UnsupportedError, match="items have no dates"):
        await provider.create_checklist(steps(item("a", due_date=date(2026, 3, 2))))
    with pytest.raises(ValidationError, match="items are not moved"):
        await provider.create_checklist(steps(item("a", "a"), item("b", parent_id="a")))
    with pytest.raises(ValidationError, match="items stay where they are"):
        await provider.create_checklist_item(item("a", checklist_id="1", position=1))
    with pytest.raises(UnsupportedError, match="made empty"):
        await provider.create_checklist(steps(item("a", position=3)))
    assert (await provider.create_checklist(steps())).items == []


async def test_without_checklists_everything_is_refused():
    for name in NAMES:
        assert MemoryProvider.CAPABILITIES.operation(name).note == "memory does not have it"
    with pytest.raises(UnsupportedError, match="memory create_checklist: not supported"):
        await MemoryProvider().create_checklist(steps())


def test_checklists_are_declared_as_one():
    table = declare_operations(checklists=unsupported("none"), list_checklists=NATIVE)
    assert table["list_checklists"] is NATIVE
    assert {name for name, one in table.items() if not one.is_supported} == set(NAMES) - {"list_checklists"}
    assert declare_operations(default=unsupported("x"), checklists=NATIVE)["delete_checklist_item"] is NATIVE
    assert declare_operations()["create_checklist"] is NATIVE
