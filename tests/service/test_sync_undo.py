"""Undo: a run is taken back, edits since are left alone, and the next run does not carry it again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pm_providers.errors import ConflictError, NotFoundError, TransportError
from pm_providers.providers.internal import InternalProvider
from pm_providers.service.sync import undo_run
from pm_providers.service.sync_state import history, run_view
from pm_providers.store.sync_history import SyncWrite
from pm_providers.sync.decisions import Act
from pm_providers.sync.undo import decide_undo, folded


async def quiet(world):
    """A further run has nothing to write."""
    report = await world.run()
    assert (report.state, report.writes) == ("done", 0)


@pytest.fixture
def world(mapped):
    return mapped


async def test_fields_come_back(world):
    task = await world.add_left("One", description="before", priority="low")
    await world.run()
    await world.left.update_task(task.id, {"description": "after", "priority": "high", "title": "Uno"})
    report = await world.run()
    undone = (await undo_run(world.db, report.run_id)).report
    assert (undone.state, dict(undone.counts)) == ("done", {"update": 1})
    there = (await world.on_right())["One"]
    assert (there.description, there.priority) == ("before", "low")
    assert (await world.on_left())["Uno"].description == "after"
    await quiet(world)
    await world.left.update_task(task.id, {"description": "later"})
    await world.run()
    assert (await world.on_right())["One"].description == "later"


async def test_nothing_is_written_by_a_dry_run(world):
    await world.add_left("One")
    report = await world.run()
    planned = (await undo_run(world.db, report.run_id[-8:], dry=True)).report
    assert (planned.state, planned.planned, planned.run_id) == ("planned", {"delete": 1}, "")
    assert set(await world.on_right()) == {"One"}
    assert len(await history(world.db)) == 1


async def test_created_items_go_children_first_and_stay_away(world):
    parent = await world.add_left("Parent")
    await world.add_left("Child", parent_task_id=parent.id)
    report = await world.run()
    assert dict((await undo_run(world.db, report.run_id)).report.counts) == {"delete": 2}
    assert await world.on_right() == {}
    assert set(await world.on_left()) == {"Parent", "Child"}
    await quiet(world)
    await world.left.update_task(parent.id, {"title": "Parent 2"})
    await quiet(world)
    assert await world.on_right() == {}


async def test_what_was_edited_since_is_left_alone(world):
    task = await world.add_left("One", description="a", priority="low")
    await world.add_left("Two")
    await world.run()
    await world.left.update_task(task.id, {"description": "b", "priority": "high"})
    report = await world.run()
    there = (await world.on_right())["One"]
    await world.right.update_task(there.id, {"description": "mine"})
    undone = (await undo_run(world.db, report.run_id)).report
    (one,) = undone.decisions
    assert [step.field for step in one.steps] == ["priority"]
    assert dict(one.held) == {"description": "edited since"}
    there = (await world.on_right())["One"]
    assert (there.description, there.priority) == ("mine", "low")


async def test_a_created_item_that_was_edited_or_has_new_children_stays(world):
    await world.add_left("Edited")
    await world.add_left("Parent")
    report = await world.run()
    there = await world.on_right()
    await world.right.update_task(there["Edited"].id, {"description": "work of somebody"})
    await world.add_right("New child", parent_task_id=there["Parent"].id)
    undone = (await undo_run(world.db, report.run_id)).report
    assert undone.writes == 0
    assert {one.title: one.act for one in undone.decisions} == {"Edited": Act.WAIT, "Parent": Act.WAIT}
    assert set(await world.on_right()) == {"Edited", "Parent", "New child"}


async def test_deleted_items_come_back_with_their_places(world):
    parent = await world.add_left("Parent", description="text")
    child = await world.add_left("Child", parent_task_id=parent.id, priority="high")
    await world.run()
    await world.left.delete_task(child.id)
    await world.left.delete_task(parent.id)
    report = await world.run()
    assert await world.on_right() == {}
    undone = (await undo_run(world.db, report.run_id)).report
    assert dict(undone.counts) == {"create": 2}
    there = await world.on_right()
    assert (there["Parent"].description, there["Child"].priority) == ("text", "high")
    assert there["Child"].parent_task_id == there["Parent"].id
    await quiet(world)
    assert await world.on_left() == {}


async def test_an_undo_is_undone(world):
    task = await world.add_left("One", description="a")
    made = await world.run()
    await world.left.update_task(task.id, {"description": "b"})
    changed = await world.run()
    first = (await undo_run(world.db, changed.run_id)).report
    with pytest.raises(ConflictError, match="undone already"):
        await undo_run(world.db, changed.run_id)
    await undo_run(world.db, first.run_id)
    assert (await world.on_right())["One"].description == "b"
    await quiet(world)
    await undo_run(world.db, changed.run_id)
    gone = (await undo_run(world.db, made.run_id)).report
    assert await world.on_right() == {}
    await undo_run(world.db, gone.run_id)
    assert (await world.on_right())["One"].description == "a"
    await quiet(world)
    await world.left.update_task(task.id, {"title": "Uno"})
    await world.run()
    assert set(await world.on_right()) == {"Uno"}


async def test_both_sides_of_a_merge_come_back(world):
    task = await world.add_left("One", description="a\n\nb\n\nc")
    await world.run()
    there = (await world.on_right())["One"]
    await world.left.update_task(task.id, {"description": "A\n\nb\n\nc"})
    await world.right.update_task(there.id, {"description": "a\n\nb\n\nC"})
    report = await world.run()
    assert (await world.on_left())["One"].description == "A\n\nb\n\nC"
    await undo_run(world.db, report.run_id)
    assert (await world.on_left())["One"].description == "A\n\nb\n\nc"
    assert (await world.on_right())["One"].description == "a\n\nb\n\nC"
    await quiet(world)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("what", ["update", "delete", "create"])
async def test_a_fault_in_the_middle(world, monkeypatch, what, after):
    """An answer that got lost is settled by the next run; the undo then goes on, and doubles nothing.

    A deletion that another attempt repeats doubles nothing either.
    """
    task = await world.add_left("One", description="a")
    report = await world.run()
    if what == "update":
        await world.left.update_task(task.id, {"description": "b"})
        report = await world.run()
    if what == "create":
        await world.left.delete_task(task.id)
        report = await world.run()
    name = f"{what}_task"
    real = getattr(InternalProvider, name)

    async def broken(self, *args, **options):
        if after:
            await real(self, *args, **options)
        raise TransportError("the connection broke", maybe_applied=True)

    with monkeypatch.context() as patch:
        patch.setattr(InternalProvider, name, broken)
        with pytest.raises(TransportError):
            await undo_run(world.db, report.run_id)
    (newest, *_) = await history(world.db)
    assert (newest.kind, newest.state) == ("undo", "failed")
    if what != "delete":
        with pytest.raises(ConflictError, match="cut short"):
            await undo_run(world.db, report.run_id)
        assert (await world.run()).writes == 0
    again = (await undo_run(world.db, report.run_id)).report
    assert again.writes == (0 if after else 1)
    there = await world.right.list_tasks(world.mapping.external_project_id)
    assert [(one.title, one.description) for one in there] == ([] if what == "delete" else [("One", "a")])
    await quiet(world)


def write(action, **values):
    blank = dict.fromkeys(SyncWrite.__dataclass_fields__)
    given = {
        "id": "w", "run_id": "r", "mapping_id": "m", "link_id": "l", "entity": "task", "side": "right",
        "action": action, "remote_id": "7", "title": "T", "wanted": {}, "state": "done",
        "created_at": datetime.now(UTC),
    }  # fmt: skip
    return SyncWrite(**{**blank, **given, **values})


def test_writes_about_one_item_are_one():
    first = write("update", wanted={"title": "B"}, before={"title": "A"}, after={"title": "B"})
    second = write("update", wanted={"title": "C"}, before={"title": "B"}, after={"title": "C"})
    (one,) = folded([second, first])
    assert (one.act, one.before, one.after) == (Act.UPDATE, {"title": "A"}, {"title": "C"})
    made = write("create", wanted={"title": "A"}, after={"title": "A"})
    (one,) = folded([second, first, made])
    assert (one.act, one.after) == (Act.DELETE, {"title": "C"})
    gone = write("delete", before={"title": "C", "priority": {"is": "low", "name": ""}})
    assert folded([gone, second, made]) == []
    (one,) = folded([gone, second, first])
    assert (one.act, one.before["title"]) == (Act.CREATE, "A")
    assert folded([write("update", state="failed"), write("create", state="unsure")]) == []


def test_what_is_there_already_is_not_written():
    changed = write("update", wanted={"title": "B"}, before={"title": "A"}, after={"title": "B"})
    (one,) = folded([changed])
    assert decide_undo(one, {"title": "A"}) is None
    assert decide_undo(one, None).reason == "it does not exist any more"
    (cleared,) = folded([write("update", wanted={"sprint": "4"}, before={}, after={"sprint": "4"})])
    (step,) = decide_undo(cleared, {"title": "A", "sprint": "4"}).steps
    assert (step.field, step.old, step.new) == ("sprint", "4", None)


async def test_unknown_runs(world):
    with pytest.raises(NotFoundError, match="no run"):
        await undo_run(world.db, "ffffffff")
    with pytest.raises(NotFoundError):
        await run_view(world.db, "x")
