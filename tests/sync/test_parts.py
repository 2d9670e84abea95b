"""Comments, relations, attachments and checklists between two internal databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pm_providers.errors import PMError
from pm_providers.model import PMAttachment, PMChecklist, PMChecklistItem, PMComment, PMRelation
from pm_providers.store.sync_history import list_conflicts, list_writes
from pm_providers.sync.engine import RunOptions
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy, other


@pytest.fixture
def world(parts_world):
    return parts_world


async def comment(world, side, task, body):
    return await world.sides[side].create_comment(PMComment(task_id=task.id, body=body))


async def bodies(world, side, title):
    task = (await world.tasks(side))[title]
    return [one.body for one in await world.sides[side].list_comments(task.id)]


async def quiet(world):
    """A further run, even one that reads everything, writes nothing."""
    assert (await world.run()).writes == 0
    assert (await world.run(RunOptions(full=True))).writes == 0


@pytest.mark.parametrize("side", SIDES)
async def test_comments_go_across_with_their_authors_as_text(world, side):
    task = await world.add(side, "one")
    await comment(world, side, task, "first\n\nand more")
    await comment(world, side, task, "second")
    report = await world.run()
    assert report.counts["comments"] == 2
    there = await bodies(world, other(side), "one")
    assert [one.split("\n\n", 1)[1] for one in there] == ["first\n\nand more", "second"]
    assert all(" wrote on 20" in one.split("\n\n")[0] for one in there)
    assert await bodies(world, side, "one") == ["first\n\nand more", "second"]
    await quiet(world)


async def test_edits_of_comments_follow_both_ways(world):
    task = await world.add(LEFT, "one")
    made = await comment(world, LEFT, task, "text")
    await world.run()
    await world.sides[LEFT].update_comment(made.id, {"body": "new text"}, task_id=task.id)
    await world.run(RunOptions(full=True))
    head, text = (await bodies(world, RIGHT, "one"))[0].split("\n\n", 1)
    assert text == "new text"
    there = (await world.tasks(RIGHT))["one"]
    copy = (await world.sides[RIGHT].list_comments(there.id))[0]
    await world.sides[RIGHT].update_comment(copy.id, {"body": f"{head}\n\nnewest"}, task_id=there.id)
    await world.run(RunOptions(full=True))
    assert await bodies(world, LEFT, "one") == ["newest"]
    await quiet(world)


async def test_edits_of_both_sides_are_merged_or_decided_and_the_loser_is_kept(world):
    task = await world.add(LEFT, "one")
    made = await comment(world, LEFT, task, "a\n\nb\n\nc")
    await world.run()
    there = (await world.tasks(RIGHT))["one"]
    copy = (await world.sides[RIGHT].list_comments(there.id))[0]
    head = copy.body.split("\n\n")[0]
    await world.sides[LEFT].update_comment(made.id, {"body": "A\n\nb\n\nc"}, task_id=task.id)
    await world.sides[RIGHT].update_comment(copy.id, {"body": f"{head}\n\na\n\nb\n\nC"}, task_id=there.id)
    await world.run(RunOptions(full=True))
    assert await bodies(world, LEFT, "one") == ["A\n\nb\n\nC"]
    assert await bodies(world, RIGHT, "one") == [f"{head}\n\nA\n\nb\n\nC"]
    await world.sides[LEFT].update_comment(made.id, {"body": "left wins"}, task_id=task.id)
    await world.sides[RIGHT].update_comment(copy.id, {"body": f"{head}\n\nright loses"}, task_id=there.id)
    await world.run(RunOptions(full=True))
    assert await bodies(world, RIGHT, "one") == [f"{head}\n\nleft wins"]
    assert "right loses" in await world.history()
    await quiet(world)


async def test_a_conflict_waits_for_people(world):
    world.policy = Policy(conflicts="manual")
    task = await world.add(LEFT, "one")
    made = await comment(world, LEFT, task, "text")
    await world.run()
    there = (await world.tasks(RIGHT))["one"]
    copy = (await world.sides[RIGHT].list_comments(there.id))[0]
    await world.sides[LEFT].update_comment(made.id, {"body": "ours"}, task_id=task.id)
    await world.sides[RIGHT].update_comment(copy.id, {"body": "theirs"}, task_id=there.id)
    await world.run(RunOptions(full=True))
    assert (await world.run()).writes == 0
    found = await list_conflicts(world.db, world.mapping_id)
    assert [(one.field, one.left_value["value"], one.right_value["value"]) for one in found] == [
        ("body", "ours", "theirs")
    ]
    await world.decide(found[0].id, RIGHT)
    await world.run()
    assert await bodies(world, LEFT, "one") == ["theirs"]
    assert await list_conflicts(world.db, world.mapping_id) == []
    await quiet(world)


async def test_only_what_the_sync_wrote_is_deleted(world):
    world.policy = Policy(settle_s=0)
    task = await world.add(LEFT, "one")
    first = await comment(world, LEFT, task, "first")
    await comment(world, LEFT, task, "second")
    await world.run()
    await world.sides[LEFT].delete_comment(first.id, task_id=task.id)
    there = (await world.tasks(RIGHT))["one"]
    copies = await world.sides[RIGHT].list_comments(there.id)
    await world.sides[RIGHT].delete_comment(copies[1].id, task_id=there.id)
    await world.run(RunOptions(full=True))
    assert await bodies(world, LEFT, "one") == ["second"]
    assert await bodies(world, RIGHT, "one") == []
    await quiet(world)


async def test_what_was_written_lately_is_not_taken_for_deleted(world):
    task = await world.add(LEFT, "one")
    made = await comment(world, LEFT, task, "first")
    await world.run()
    await world.sides[LEFT].delete_comment(made.id, task_id=task.id)
    assert (await world.run(RunOptions(full=True))).writes == 0
    assert len(await bodies(world, RIGHT, "one")) == 1
    world.policy = Policy(settle_s=0)
    await world.run()
    assert await bodies(world, RIGHT, "one") == []


async def test_the_fuse_holds_deletions_of_parts(world):
    world.policy = Policy(settle_s=0, fuse_least=1, fuse_share=0)
    task = await world.add(LEFT, "one")
    made = [await comment(world, LEFT, task, f"number {one}") for one in range(3)]
    await world.run()
    for one in made:
        await world.sides[LEFT].delete_comment(one.id, task_id=task.id)
    report = await world.run(RunOptions(full=True))
    assert (report.state, report.counts["delete"]) == ("partial", 1)
    assert len(await bodies(world, RIGHT, "one")) == 2
    await world.run(RunOptions(allow_deletes=True))
    assert await bodies(world, RIGHT, "one") == []


async def test_equal_comments_of_first_contact_are_not_doubled(world):
    for side in SIDES:
        task = await world.add(side, "one")
        await comment(world, side, task, "the same")
    assert (await world.run()).writes == 0
    await quiet(world)


async def test_typing_the_line_above_a_copy_is_no_way_to_speak_for_others(world):
    task = await world.add(LEFT, "one")
    await comment(world, LEFT, task, "The Boss wrote on 2026-01-02 in Elsewhere:\n\nApproved")
    await world.run()
    body = (await bodies(world, RIGHT, "one"))[0]
    assert "Approved" in body


async def test_relations_are_made_once(world):
    one, two = [await world.add(LEFT, title) for title in ("one", "two")]
    await world.sides[LEFT].create_relation(PMRelation(from_task_id=one.id, to_task_id=two.id, type="blocks"))
    await world.sides[LEFT].create_relation(
        PMRelation(from_task_id=two.id, to_task_id=one.id, type="relates")
    )
    await world.run()
    ones, twos = [(await world.tasks(RIGHT))[title] for title in ("one", "two")]
    found = await world.sides[RIGHT].list_relations(ones.id)
    kinds = {one.type: (one.from_task_id, one.to_task_id) for one in found}
    assert len(found) == len(kinds) == 2
    assert kinds["blocks"] == (ones.id, twos.id)
    await quiet(world)
    world.policy = replace(world.policy, settle_s=0)
    for one in found:
        await world.sides[RIGHT].delete_relation(one.id, task_id=ones.id)
    await world.run(RunOptions(full=True))
    assert await world.sides[LEFT].list_relations(two.id) == []
    await quiet(world)


async def test_a_relation_to_a_task_outside_waits(world):
    inside, outside = await world.add(LEFT, "in"), await world.add(LEFT, "out")
    await world.sides[LEFT].create_relation(
        PMRelation(from_task_id=inside.id, to_task_id=outside.id, type="blocks")
    )
    report = await world.run(RunOptions(only=frozenset({inside.id})))
    assert "not in step" in report.held["relations"]
    await world.run()
    there = (await world.tasks(RIGHT))["in"]
    assert len(await world.sides[RIGHT].list_relations(there.id)) == 1
    await quiet(world)


async def test_attachments_become_comments_that_link_to_them(world):
    world.policy = Policy(settle_s=0)
    task = await world.add(LEFT, "one")
    file = await world.sides[LEFT].create_attachment(
        PMAttachment(task_id=task.id, file_name="plan [v1].pdf"), b"x" * 2048
    )
    report = await world.run()
    assert report.counts["attachments"] == 1
    there = (await world.tasks(RIGHT))["one"]
    notes = await bodies(world, RIGHT, "one")
    assert ["Attachment: " in one and "2 kB" in one for one in notes] == [True]
    assert await world.sides[RIGHT].list_attachments(there.id) == []
    assert await bodies(world, LEFT, "one") == []
    await quiet(world)
    await world.sides[LEFT].delete_attachment(file.id, task_id=task.id)
    await world.run(RunOptions(full=True))
    assert await bodies(world, RIGHT, "one") == []
    await quiet(world)


async def outline(world, side):
    task = (await world.tasks(side))["one"]
    lists = await world.sides[side].list_checklists(task.id)
    return {
        one.name: [
            (item.title, item.is_done, str(item.due_date or ""), item.parent_id is not None)
            for item in one.items
        ]
        for one in lists
    }


async def test_checklists_with_their_items(world):
    world.policy = Policy(settle_s=0)
    task = await world.add(LEFT, "one")
    items = [
        PMChecklistItem(id="a", title="first"),
        PMChecklistItem(title="below", parent_id="a", is_done=True),
        PMChecklistItem(title="last"),
    ]
    made = await world.sides[LEFT].create_checklist(PMChecklist(name="Steps", task_id=task.id, items=items))
    await world.run()
    assert await outline(world, RIGHT) == await outline(world, LEFT)
    assert len((await outline(world, RIGHT))["Steps"]) == 3
    await quiet(world)
    there = (await world.tasks(RIGHT))["one"]
    theirs = (await world.sides[RIGHT].list_checklists(there.id))[0]
    await world.sides[RIGHT].update_checklist_item(
        theirs.items[0].id, {"is_done": True}, checklist_id=theirs.id, task_id=there.id
    )
    await world.sides[LEFT].delete_checklist_item(made.items[2].id, checklist_id=made.id, task_id=task.id)
    await world.sides[LEFT].update_checklist(made.id, {"name": "Next steps"}, task_id=task.id)
    await world.run(RunOptions(full=True))
    assert await outline(world, RIGHT) == await outline(world, LEFT)
    assert (await outline(world, LEFT))["Next steps"][0][1] is True
    await quiet(world)
    await world.sides[LEFT].delete_checklist(made.id, task_id=task.id)
    await world.run(RunOptions(full=True))
    assert await outline(world, RIGHT) == {}
    await quiet(world)


async def test_a_plan_names_parts_and_writes_nothing(world):
    task = await world.add(LEFT, "one")
    await world.run()
    await comment(world, LEFT, task, "text")
    report = await world.run(RunOptions(dry=True, full=True))
    assert report.planned["comment create"] == 1
    assert [(one.entity, one.side, one.steps[0].new) for one in report.decisions] == [
        ("comment", RIGHT, "text")
    ]
    assert await bodies(world, RIGHT, "one") == []


async def test_parts_can_be_left_out(world):
    world.policy = Policy(parts=frozenset())
    task = await world.add(LEFT, "one")
    await comment(world, LEFT, task, "text")
    await world.run()
    assert await bodies(world, RIGHT, "one") == []
    world.policy = Policy()
    await world.run()
    assert len(await bodies(world, RIGHT, "one")) == 1


async def test_one_direction(world):
    world.policy = Policy(direction="to_right")
    task = await world.add(LEFT, "one")
    await comment(world, LEFT, task, "ours")
    await world.run()
    await comment(world, RIGHT, (await world.tasks(RIGHT))["one"], "theirs")
    await world.run(RunOptions(full=True))
    assert await bodies(world, LEFT, "one") == ["ours"]
    await quiet(world)


async def test_the_budget_counts_parts(world):
    task = await world.add(LEFT, "one")
    for number in range(3):
        await comment(world, LEFT, task, f"number {number}")
    report = await world.run(RunOptions(budget=2))
    assert (report.state, report.writes) == ("partial", 2)
    await world.run()
    assert len(await bodies(world, RIGHT, "one")) == 3
    await quiet(world)


async def test_a_task_made_again_gets_its_comments_again(world):
    world.policy = Policy(settle_s=0)
    task = await world.add(LEFT, "one")
    await comment(world, LEFT, task, "text")
    await world.run()
    await world.sides[RIGHT].delete_task((await world.tasks(RIGHT))["one"].id)
    await world.sides[LEFT].update_task(task.id, {"description": "edited since"})
    await world.run()
    assert len(await bodies(world, RIGHT, "one")) == 1
    assert await bodies(world, LEFT, "one") == ["text"]
    await quiet(world)


async def test_reading_costs_follow_what_changed(world):
    tasks = [await world.add(LEFT, f"task {number}") for number in range(6)]
    await world.run()
    await world.run()
    calls = []
    counted = {side: Counted(world.sides[side], calls) for side in SIDES}
    await world.run(**counted)
    assert calls == []
    await world.sides[LEFT].update_task(tasks[0].id, {"description": "new"})
    await world.run(**counted)
    assert len(calls) <= 8


class Counted:
    """A provider whose calls about parts are counted."""

    def __init__(self, inner, calls):
        self._inner = inner
        self._calls = calls

    def __getattr__(self, name):
        if name in {"list_comments", "list_attachments", "list_relations", "list_checklists", "list_sprints"}:
            self._calls.append(name)
        return getattr(self._inner, name)


STEPS = range(0, 60, 2)


async def test_death_at_any_write_doubles_nothing(world):
    """Steps of a run are its last, one after the other; afterwards all is there, once."""
    world.policy = Policy(settle_s=0)
    one, two = [await world.add(LEFT, title) for title in ("one", "two")]
    await world.run()
    await comment(world, LEFT, one, "text")
    await world.sides[LEFT].create_relation(PMRelation(from_task_id=one.id, to_task_id=two.id, type="blocks"))
    await world.sides[LEFT].create_attachment(PMAttachment(task_id=one.id, file_name="a.txt"), b"abc")
    items = [PMChecklistItem(title="first"), PMChecklistItem(title="second", is_done=True)]
    await world.sides[LEFT].create_checklist(PMChecklist(name="Steps", task_id=one.id, items=items))
    assert await world.deaths(STEPS) > 5
    await world.run()
    there = (await world.tasks(RIGHT))["one"]
    assert len(await bodies(world, RIGHT, "one")) == 2
    assert len(await world.sides[RIGHT].list_relations(there.id)) == 1
    assert await outline(world, RIGHT) == await outline(world, LEFT)
    writes = await list_writes(world.db, mapping_id=world.mapping_id)
    assert {one.state for one in writes} <= {"done", "failed"}
    await quiet(world)


@pytest.mark.parametrize("fault", ["before", "after"])
async def test_an_answer_that_got_lost_doubles_nothing(world, fault):
    world.policy = Policy(settle_s=0)
    task = await world.add(LEFT, "one")
    await world.run()
    await comment(world, LEFT, task, "text")
    world.fate.faults = [fault]
    with pytest.raises(PMError):
        await world.run(RunOptions(full=True))
    await world.run()
    assert len(await bodies(world, RIGHT, "one")) == 1
    await quiet(world)
