"""Undo of what stands around tasks: comments, relations, checklists, sprints."""

from __future__ import annotations

from datetime import date

import pytest

from pm_providers.errors import TransportError
from pm_providers.model import PMAttachment, PMChecklist, PMChecklistItem, PMComment, PMRelation, PMSprint
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


async def test_what_was_changed_around_a_task_alone_is_carried_by_the_next_run(world):
    """Nothing of the task itself changed; the run after has nothing to do."""
    await comment(world)
    await checklist(world)
    report = await world.run()
    assert report.writes
    assert await around(world.right, world.there["One"].id) == (["words"], [], [("Steps", ["x", "y"])])
    (words,) = await world.left.list_comments(world.one.id)
    await world.left.update_comment(words.id, {"body": "others"})
    await world.run()
    assert (await around(world.right, world.there["One"].id))[0] == ["others"]
    assert (await world.run()).writes == 0


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


@pytest.fixture
async def deleted(world):
    """All that stood around the first task was deleted on the left, and then by a run on the right."""
    said = await comment(world, "one\n\ntwo")
    related = await world.left.create_relation(
        PMRelation(from_task_id=world.one.id, to_task_id=world.two.id, type="blocks", description="why")
    )
    items = [
        PMChecklistItem(id="a", title="x", is_done=True, due_date=date(2026, 3, 4)),
        PMChecklistItem(title="y", parent_id="a"),
    ]
    steps = await world.left.create_checklist(PMChecklist(name="Steps", task_id=world.one.id, items=items))
    file = await world.left.create_attachment(
        PMAttachment(task_id=world.one.id, file_name="plan.txt"), b"words"
    )
    await world.run(full=True)
    world.whole = await wholly(world)
    await world.left.delete_comment(said.id, task_id=world.one.id)
    await world.left.delete_relation(related.id, task_id=world.one.id)
    await world.left.delete_checklist(steps.id, task_id=world.one.id)
    await world.left.delete_attachment(file.id, task_id=world.one.id)
    world.report = await world.run(full=True, allow_deletes=True)
    assert world.report.counts["delete"] == 4
    assert await wholly(world) == ([], [], [])
    return world


async def wholly(world):
    """All that stands around the first task on the right, ids apart."""
    there = world.there["One"].id
    lists = await world.right.list_checklists(there)
    return (
        sorted(one.body for one in await world.right.list_comments(there)),
        [
            (one.type, one.from_task_id, one.to_task_id, one.description)
            for one in await world.right.list_relations(there)
        ],
        [
            (
                one.name,
                [
                    (
                        item.title,
                        item.is_done,
                        item.due_date,
                        [up.title for up in one.items if up.id == item.parent_id],
                    )
                    for item in one.items
                ],
            )
            for one in lists
        ],
    )


async def test_deleted_parts_are_made_again(deleted):
    planned = await undone(deleted, deleted.report, dry=True)
    assert planned.planned == {
        "comment create": 1, "attachment create": 1, "relation create": 1, "checklist create": 1,
    }  # fmt: skip
    assert await wholly(deleted) == ([], [], [])
    back = await undone(deleted, deleted.report)
    assert (back.state, back.writes) == ("done", 4)
    bodies, relations, lists = await wholly(deleted)
    assert (bodies, relations, lists) == deleted.whole
    assert any("wrote on" in one for one in bodies)
    assert any(one.startswith("Attachment: ") for one in bodies)
    await quiet(deleted)
    assert await around(deleted.left, deleted.one.id) == ([], [], [])
    assert await wholly(deleted) == deleted.whole


async def test_an_undo_that_made_parts_again_can_be_undone(deleted):
    back = await undone(deleted, deleted.report)
    again = await undone(deleted, back)
    assert again.counts["delete"] == 4
    assert await wholly(deleted) == ([], [], [])
    third = await undone(deleted, again)
    assert third.counts["create"] == 4
    assert await wholly(deleted) == deleted.whole
    await quiet(deleted)


async def test_what_a_run_made_and_an_undo_deleted_is_in_step_again_when_it_is_made_again(world):
    made = await comment(world)
    back = await undone(world, await world.run(full=True))
    await undone(world, back)
    await quiet(world)
    await world.left.update_comment(made.id, {"body": "later"}, task_id=world.one.id)
    await world.run(full=True)
    assert (await around(world.right, world.there["One"].id))[0] == ["later"]


async def test_an_item_comes_back_into_its_list_unless_that_is_gone(world):
    steps = await checklist(world)
    await world.run(full=True)
    for item in steps.items:
        await world.left.delete_checklist_item(item.id, checklist_id=steps.id, task_id=world.one.id)
    report = await world.run(full=True)
    there = world.there["One"].id
    assert (await around(world.right, there))[2] == [("Steps", [])]
    await undone(world, report)
    assert (await around(world.right, there))[2] == [("Steps", ["x", "y"])]
    await quiet(world)
    (copy,) = await world.right.list_checklists(there)
    await world.left.delete_checklist(steps.id, task_id=world.one.id)
    await world.right.delete_checklist(copy.id, task_id=there)
    await world.run(full=True)


async def test_a_sprint_comes_back_with_its_tasks(world):
    ours = world.mapping.internal_project_id
    first = await world.left.create_sprint(PMSprint(name="First", project_id=ours, goal="Go"))
    await world.left.update_task(world.one.id, {"sprint_id": first.id})
    await world.run(full=True)
    assert (await world.on_right())["One"].sprint_id is not None
    await world.left.delete_sprint(first.id)
    report = await world.run(full=True)
    theirs = world.mapping.external_project_id
    assert await world.right.list_sprints(theirs) == []
    planned = await undone(world, report, dry=True)
    assert planned.planned == {"sprint create": 1, "update": 1}
    assert [step.new for one in planned.decisions for step in one.steps if step.field == "sprint"] == [
        "new: First"
    ]
    await undone(world, report)
    (back,) = await world.right.list_sprints(theirs)
    assert (back.name, back.goal) == ("First", "Go")
    assert (await world.on_right())["One"].sprint_id == back.id
    await quiet(world)
    assert await world.left.list_sprints(ours) == []


async def test_what_cannot_be_made_again_is_listed(deleted):
    await deleted.right.delete_task(deleted.there["Two"].id)
    back = await undone(deleted, deleted.report)
    assert {one.entity: one.reason for one in back.decisions if one.act is Act.WAIT} == {
        "relation": "the run deleted it, and it cannot be made again: the task at its other end is gone"
    }
    assert back.counts["create"] == 3


@pytest.mark.parametrize("took_effect", [False, True])
async def test_an_answer_to_making_again_that_got_lost_is_settled(deleted, monkeypatch, took_effect):
    create = InternalProvider.create_relation

    async def lost(self, *args, **options):
        if took_effect:
            await create(self, *args, **options)
        raise TransportError("gone for a while", maybe_applied=True)

    with monkeypatch.context() as patch, pytest.raises(TransportError):
        patch.setattr(InternalProvider, "create_relation", lost)
        await undone(deleted, deleted.report)
    for _ in range(2):
        await deleted.run()
    await undone(deleted, deleted.report)
    assert await wholly(deleted) == deleted.whole
    await quiet(deleted)


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
