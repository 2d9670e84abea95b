"""Undo of what stands around tasks: comments, relations, checklists, sprints."""

from __future__ import annotations

import pytest

from pm_providers.errors import TransportError
from pm_providers.model import PMChecklist, PMChecklistItem, PMComment, PMRelation, PMSprint
from pm_providers.providers.internal import InternalProvider
from pm_providers.service.sync import undo_run
from pm_providers.store.sync_history import SyncWrite
from pm_providers.sync.decisions import Act
from pm_providers.sync.parts_checklists import Checklists
from pm_providers.sync.undo import decide_part_undo, folded


@pytest.fixture
async def world(mapped):
    """Two tasks in step on both sides."""
    mapped.one = await mapped.add_left("One")
    mapped.two = await mapped.add_left("Two")
    await mapped.run()
    mapped.there = await mapped.on_right()
    return mapped


async def comment(world, body="words", **values):
    return await world.left.create_comment(PMComment(task_id=world.one.id, body=body, **values))


async def checklist(world):
    items = [PMChecklistItem(title="x"), PMChecklistItem(title="y")]
    return await world.left.create_checklist(PMChecklist(name="Steps", task_id=world.one.id, items=items))


async def around(provider, task_id):
    """What stands on a task, in words."""
    return (
        [one.body.rpartition("\n\n")[2] for one in await provider.list_comments(task_id)],
        [one.type for one in await provider.list_relations(task_id)],
        [(one.name, [item.title for item in one.items]) for one in await provider.list_checklists(task_id)],
    )


async def quiet(world):
    """A further run that looks at everything has nothing to write."""
    report = await world.run(full=True)
    assert (report.state, report.writes) == ("done", 0)


async def undone(world, report, **options):
    return (await undo_run(world.db, report.run_id, **options)).report


async def test_parts_that_the_run_made_go_and_stay_away(world):
    await comment(world)
    await world.left.create_relation(
        PMRelation(from_task_id=world.one.id, to_task_id=world.two.id, type="blocks")
    )
    await checklist(world)
    report = await world.run(full=True)
    there = world.there["One"].id
    whole = (["words"], ["blocks"], [("Steps", ["x", "y"])])
    assert await around(world.right, there) == whole
    planned = await undone(world, report, dry=True)
    assert planned.planned == {
        "comment delete": 1, "relation delete": 1, "checklist delete": 1, "checklist_item delete": 2,
    }  # fmt: skip
    assert await around(world.right, there) == whole
    back = await undone(world, report)
    assert (back.state, back.writes, back.counts["checklist_items"]) == ("done", 5, 2)
    assert await around(world.right, there) == ([], [], [])
    assert await around(world.left, world.one.id) == whole
    await quiet(world)
    assert await around(world.right, there) == ([], [], [])


async def test_a_changed_text_is_written_back_and_not_carried_across(world):
    made = await comment(world, "before")
    await world.run(full=True)
    await world.left.update_comment(made.id, {"body": "after"}, task_id=world.one.id)
    report = await world.run(full=True)
    there = world.there["One"].id
    assert (await around(world.right, there))[0] == ["after"]
    back = await undone(world, report)
    assert [(one.entity, one.act) for one in back.decisions] == [("comment", Act.UPDATE)]
    assert (await around(world.right, there))[0] == ["before"]
    await quiet(world)
    assert (await around(world.left, world.one.id))[0] == ["after"]
    await world.left.update_comment(made.id, {"body": "later"}, task_id=world.one.id)
    await world.run(full=True)
    assert (await around(world.right, there))[0] == ["later"]


async def test_an_undo_of_a_changed_text_can_be_undone(world):
    made = await comment(world, "before")
    await world.run(full=True)
    await world.left.update_comment(made.id, {"body": "after"}, task_id=world.one.id)
    back = await undone(world, await world.run(full=True))
    again = await undone(world, back)
    assert dict(again.counts) == {"update": 1, "comments": 1}
    assert (await around(world.right, world.there["One"].id))[0] == ["after"]
    await quiet(world)


async def test_what_somebody_edited_since_stays(world):
    await comment(world)
    report = await world.run(full=True)
    there = world.there["One"].id
    (copy,) = await world.right.list_comments(there)
    head = copy.body.rpartition("\n\n")[0]
    await world.right.update_comment(copy.id, {"body": f"{head}\n\nmine"}, task_id=there)
    back = await undone(world, report)
    (one,) = back.decisions
    assert (one.act, dict(one.held)) == (Act.WAIT, {"body": "edited since"})
    assert (await around(world.right, there))[0] == ["mine"]


async def test_a_checklist_with_an_item_of_somebody_stays(world):
    await checklist(world)
    report = await world.run(full=True)
    there = world.there["One"].id
    (copy,) = await world.right.list_checklists(there)
    mine = PMChecklistItem(title="mine", checklist_id=copy.id)
    await world.right.create_checklist_item(mine, task_id=there)
    back = await undone(world, report)
    assert [one.reason for one in back.decisions if one.act is Act.WAIT] == [
        "the run created it, but 1 items stand in it since"
    ]
    assert (await around(world.right, there))[2] == [("Steps", ["mine"])]


async def test_a_deleted_part_is_not_made_again_and_the_history_has_it(world):
    made = await world.left.create_relation(
        PMRelation(from_task_id=world.one.id, to_task_id=world.two.id, type="blocks")
    )
    await world.run(full=True)
    await world.left.delete_relation(made.id, task_id=world.one.id)
    report = await world.run(full=True)
    assert (await around(world.right, world.there["One"].id))[1] == []
    back = await undone(world, report)
    (one,) = back.decisions
    assert (one.entity, one.act) == ("relation", Act.WAIT)
    assert "stands in the history" in one.reason
    await quiet(world)


async def test_parts_go_with_the_tasks_that_the_run_made(mapped):
    mapped.one = await mapped.add_left("One")
    await comment(mapped)
    await checklist(mapped)
    back = await undone(mapped, await mapped.run())
    assert [one.entity for one in back.decisions] == ["task"]
    assert await mapped.on_right() == {}
    await quiet(mapped)


async def test_a_sprint_goes_unless_somebody_put_a_task_into_it(world):
    ours = world.mapping.internal_project_id
    first = await world.left.create_sprint(PMSprint(name="First", project_id=ours))
    second = await world.left.create_sprint(PMSprint(name="Second", project_id=ours))
    await world.left.update_task(world.one.id, {"sprint_id": first.id})
    report = await world.run(full=True)
    theirs = world.mapping.external_project_id
    made = {one.name: one for one in await world.right.list_sprints(theirs)}
    assert set(made) == {"First", "Second"}
    await world.right.update_task(world.there["Two"].id, {"sprint_id": made["Second"].id})
    back = await undone(world, report)
    assert [one.reason for one in back.decisions if one.act is Act.WAIT] == [
        "the run created it, but 1 tasks stand in it since"
    ]
    assert {one.name for one in await world.right.list_sprints(theirs)} == {"Second"}
    assert (await world.on_right())["One"].sprint_id is None
    assert (await world.left.get_task(world.one.id)).sprint_id == first.id
    assert second.id in {one.id for one in await world.left.list_sprints(ours)}


async def test_an_undo_that_fails_midway_is_finished_by_another(world, monkeypatch):
    await comment(world, "one")
    await comment(world, "two")
    report = await world.run(full=True)
    delete, calls = InternalProvider.delete_comment, []

    async def once(self, *args, **options):
        calls.append(args)
        if len(calls) == 2:
            raise TransportError("gone for a while")
        return await delete(self, *args, **options)

    monkeypatch.setattr(InternalProvider, "delete_comment", once)
    with pytest.raises(TransportError):
        await undone(world, report)
    assert len((await around(world.right, world.there["One"].id))[0]) == 1
    back = await undone(world, report)
    assert dict(back.counts) == {"delete": 1, "comments": 1}
    assert (await around(world.right, world.there["One"].id))[0] == []
    await quiet(world)


def write(action, **values):
    """A write to a checklist, carried out."""
    base = dict.fromkeys(SyncWrite.__dataclass_fields__)
    told = {"entity": "checklist", "side": "right", "remote_id": "7", "state": "done", "link_id": "L"}
    return SyncWrite(**{**base, **told, "action": action, "wanted": {"task_id": "3"}, **values})


def test_where_a_part_stands_is_no_field_of_it():
    changed = write(
        "update",
        wanted={"name": "B", "task_id": "3"},
        before={"name": "A", "task_id": "3"},
        after={"name": "B"},
    )
    made = write("create", wanted={"name": "A", "task_id": "3"}, after={"name": "A"})
    (one,) = folded([changed])
    assert (one.act, one.place, one.before, one.after) == (Act.UPDATE, "3", {"name": "A"}, {"name": "B"})
    (one,) = folded([changed, made])
    assert (one.act, one.place, one.after) == (Act.DELETE, "3", {"name": "B"})
    assert folded([write("delete", before={"name": "A", "task_id": "3"}), made]) == []


def test_containers_are_taken_back_last_and_tasks_first():
    kinds = ("sprint", "checklist", "comment", "task")
    found = folded([write("create", entity=one, remote_id=one) for one in kinds])
    assert [one.entity for one in found] == ["task", "comment", "checklist", "sprint"]


@pytest.mark.parametrize(
    ("now", "more", "act", "reason"),
    [
        ({"name": "A"}, {}, Act.DELETE, "the run created it"),
        ({"name": " A  "}, {}, Act.DELETE, "the run created it"),
        ({"name": "B"}, {}, Act.WAIT, "the run created it, but it was edited since"),
        ({"name": "A"}, {"bound": "2 items"}, Act.WAIT, "the run created it, but 2 items stand in it since"),
        (None, {"hidden": "no right"}, Act.WAIT, "no right"),
    ],
)
def test_what_the_run_made(now, more, act, reason):
    (one,) = folded([write("create", after={"name": "A"})])
    decision = decide_part_undo(Checklists(), one, now, **more)
    assert (decision.act, decision.reason, decision.entity) == (act, reason, "checklist")


def test_what_is_gone_or_as_it_was_needs_nothing():
    (made,) = folded([write("create", after={"name": "A"})])
    assert decide_part_undo(Checklists(), made, None) is None
    wanted = {"name": "B", "task_id": "3"}
    (changed,) = folded([write("update", wanted=wanted, before={"name": "A"}, after={"name": "B"})])
    assert decide_part_undo(Checklists(), changed, {"name": "A"}) is None
    assert decide_part_undo(Checklists(), changed, None).reason == "it does not exist any more"
    assert dict(decide_part_undo(Checklists(), changed, {"name": "C"}).held) == {"name": "edited since"}
    (step,) = decide_part_undo(Checklists(), changed, {"name": "B"}).steps
    assert (step.field, step.old, step.new) == ("name", "B", "A")
