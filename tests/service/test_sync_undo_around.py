"""Undo of the deletion of a task: what stood around it comes back below the new one."""

from __future__ import annotations

import pytest

from pm_providers.errors import TransportError
from pm_providers.model import PMAttachment, PMChecklist, PMChecklistItem, PMComment, PMRelation
from pm_providers.providers.internal import InternalProvider
from pm_providers.service.sync import undo_run
from pm_providers.store.sync_history import list_writes
from pm_providers.store.sync_links import LINKED
from pm_providers.store.sync_views import all_links
from pm_providers.sync.decisions import Act
from pm_providers.sync.parts_comments import Comments


async def quiet(world):
    """A further run that looks at everything has nothing to write."""
    report = await world.run(full=True)
    assert (report.state, report.writes) == ("done", 0)


async def undone(world, report, **options):
    return (await undo_run(world.db, report.run_id, **options)).report


async def wholly(world, title="One"):
    """All that stands around a task on the right, ids apart."""
    tasks = await world.on_right()
    there = tasks[title].id
    titles = {one.id: name for name, one in tasks.items()}
    return (
        [one.body for one in await world.right.list_comments(there)],
        sorted(
            (one.type, titles[one.from_task_id], titles[one.to_task_id], one.description, one.lag_days)
            for one in await world.right.list_relations(there)
        ),
        [
            (
                one.name,
                [
                    (item.title, item.is_done, [up.title for up in one.items if up.id == item.parent_id])
                    for item in one.items
                ],
            )
            for one in await world.right.list_checklists(there)
        ],
    )


async def related(provider, one, two, kind, **values):
    return await provider.create_relation(
        PMRelation(from_task_id=one.id, to_task_id=two.id, type=kind, **values)
    )


@pytest.fixture
async def world(mapped):
    """A task with everything around it, and two others."""
    mapped.one, mapped.two, mapped.three = [await mapped.add_left(one) for one in ("One", "Two", "Three")]
    await mapped.left.create_comment(PMComment(task_id=mapped.one.id, body="first\n\nand more"))
    await mapped.left.create_comment(PMComment(task_id=mapped.one.id, body="second"))
    await related(mapped.left, mapped.one, mapped.two, "blocks", description="why")
    await related(mapped.left, mapped.three, mapped.one, "blocks")
    await related(mapped.left, mapped.two, mapped.one, "relates")
    items = [PMChecklistItem(id="a", title="x", is_done=True), PMChecklistItem(title="y", parent_id="a")]
    await mapped.left.create_checklist(PMChecklist(name="Steps", task_id=mapped.one.id, items=items))
    await mapped.left.create_attachment(PMAttachment(task_id=mapped.one.id, file_name="plan.txt"), b"words")
    mapped.made = await mapped.run()
    mapped.there = await mapped.on_right()
    return mapped


@pytest.fixture
async def deleted(world):
    """The task was deleted on the left, and by a run on the right."""
    theirs = world.there["One"].id
    await world.right.create_comment(PMComment(task_id=theirs, body="nobody saw this"))
    bodies, *rest = await wholly(world)
    head = next(one.partition("\n\n")[0] for one in bodies if " wrote on " in one)
    bodies = [f"{head}\n\n{one}" if one == "nobody saw this" else one for one in bodies]
    world.whole = (bodies, *rest)
    assert [len(one) for one in world.whole] == [4, 3, 1]
    await world.left.delete_task(world.one.id)
    world.report = await world.run()
    assert world.report.counts["delete"] == 1
    assert set(await world.on_right()) == {"Two", "Three"}
    return world


async def test_what_stood_around_a_deleted_task_comes_back(deleted):
    planned = await undone(deleted, deleted.report, dry=True)
    wanted = {
        "create": 1, "comment create": 3, "attachment create": 1, "relation create": 3, "checklist create": 1,
    }  # fmt: skip
    assert planned.planned == wanted
    assert set(await deleted.on_right()) == {"Two", "Three"}
    back = await undone(deleted, deleted.report)
    assert (back.state, back.planned, back.counts["create"]) == ("done", wanted, 9)
    bodies, *rest = await wholly(deleted)
    assert (sorted(bodies), rest) == (sorted(deleted.whole[0]), list(deleted.whole[1:]))
    assert [one.split("\n\n")[-1] for one in bodies[:3]] == ["and more", "second", "nobody saw this"]
    for _ in range(2):
        await quiet(deleted)
    assert set(await deleted.on_left()) == {"Two", "Three"}
    assert (await wholly(deleted))[1:] == tuple(rest)


async def test_an_undo_of_it_can_be_undone_as_often_as_one_likes(deleted):
    report = await undone(deleted, deleted.report)
    for _ in range(2):
        planned = await undone(deleted, report, dry=True)
        report = await undone(deleted, report)
        assert planned.planned == report.planned == {"delete": 1}
        assert {one.act for one in report.decisions} == {Act.DELETE}
        assert set(await deleted.on_right()) == {"Two", "Three"}
        await quiet(deleted)
        report = await undone(deleted, report)
        bodies, *rest = await wholly(deleted)
        assert (sorted(bodies), rest) == (sorted(deleted.whole[0]), list(deleted.whole[1:]))
        await quiet(deleted)


async def test_a_task_that_an_undo_deleted_is_in_step_again_with_all_around_it(mapped):
    """Also relations that are looked after at tasks that were there before."""
    mapped.two = await mapped.add_left("Two")
    await mapped.run()
    mapped.one = await mapped.add_left("One")
    await related(mapped.left, mapped.two, mapped.one, "blocks")
    made = await mapped.left.create_comment(PMComment(task_id=mapped.one.id, body="words"))
    items = [PMChecklistItem(title="x"), PMChecklistItem(title="y")]
    await mapped.left.create_checklist(PMChecklist(name="Steps", task_id=mapped.one.id, items=items))
    report = await mapped.run()
    whole = await wholly(mapped)
    assert [len(one) for one in whole] == [1, 1, 1]
    gone = await undone(mapped, report)
    assert set(await mapped.on_right()) == {"Two"}
    await quiet(mapped)
    assert [one.type for one in await mapped.left.list_relations(mapped.one.id)] == ["blocks"]
    await undone(mapped, gone)
    assert await wholly(mapped) == whole
    await quiet(mapped)
    await mapped.left.update_comment(made.id, {"body": "later"}, task_id=mapped.one.id)
    await mapped.run(full=True)
    assert (await wholly(mapped))[0][0].endswith("\n\nlater")
    assert (await wholly(mapped))[1:] == whole[1:]


async def test_what_cannot_come_back_is_listed_with_its_reason(world):
    theirs = world.there["One"].id
    await world.right.create_attachment(PMAttachment(task_id=theirs, file_name="theirs.txt"), b"words")
    await world.left.delete_task(world.one.id)
    report = await world.run()
    await world.right.delete_task(world.there["Two"].id)
    for dry in (True, False):
        back = await undone(world, report, dry=dry)
        found = [(one.entity, one.title, one.reason) for one in back.decisions if one.act is Act.WAIT]
        why = "the run deleted it, and it cannot be made again: "
        assert sorted(found) == [
            ("attachment", "One: theirs.txt", f"{why}it was a file, and the history keeps no files"),
            ("relation", "One: blocks → Two", f"{why}the task at its other end is gone"),
            ("relation", "One: relates ↔ Two", f"{why}its task is gone"),
        ]
    assert [len(one) for one in await wholly(world)] == [3, 1, 1]


async def test_both_tasks_of_a_relation_come_back_with_it_once(world):
    whole = await wholly(world)
    await world.left.delete_task(world.one.id)
    await world.left.delete_task(world.two.id)
    report = await world.run()
    assert report.counts["delete"] == 2
    planned = await undone(world, report, dry=True)
    assert planned.planned["relation create"] == 3
    back = await undone(world, report)
    assert back.planned == planned.planned
    assert await wholly(world) == whole
    await quiet(world)


async def test_a_task_without_anything_around_it_is_kept_as_it_was(mapped):
    task = await mapped.add_left("One")
    await mapped.run()
    await mapped.left.delete_task(task.id)
    report = await mapped.run()
    (one,) = await list_writes(mapped.db, run_id=report.run_id)
    assert "again" not in one.before
    assert dict((await undone(mapped, report)).counts) == {"create": 1}


async def test_nothing_is_deleted_that_cannot_be_read_now(world, monkeypatch):
    await world.left.delete_task(world.one.id)

    async def broken(*_args, **_options):
        raise TransportError("gone for a while")

    with monkeypatch.context() as patch:
        patch.setattr(InternalProvider, "list_checklists", broken)
        with pytest.raises(TransportError):
            await world.run()
    assert "One" in await world.on_right()
    assert (await world.run()).counts["delete"] == 1


async def test_what_is_kept_of_one_task_is_bounded(world, monkeypatch):
    monkeypatch.setattr("pm_providers.sync.keeping._MOST", 5)
    await world.left.delete_task(world.one.id)
    report = await world.run()
    back = await undone(world, report)
    assert [(one.title, one.reason.rpartition(": ")[2]) for one in back.decisions if one.act is Act.WAIT] == [
        ("One: 1 comments", "it is more than the history keeps of one task"),
        ("One: 1 attachments", "it is more than the history keeps of one task"),
    ]


CREATIONS = ("create_task", "create_checklist", "create_relation", "create_comment")


@pytest.mark.parametrize("took_effect", [False, True])
@pytest.mark.parametrize("name", CREATIONS)
async def test_an_answer_that_got_lost_is_settled_and_nothing_is_doubled(
    deleted, monkeypatch, name, took_effect
):
    real = getattr(InternalProvider, name)
    calls = []

    async def lost(self, *args, **options):
        calls.append(args)
        if len(calls) == 2 or name in {"create_task", "create_checklist"}:
            if took_effect:
                await real(self, *args, **options)
            raise TransportError("gone for a while", maybe_applied=True)
        return await real(self, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(InternalProvider, name, lost)
        with pytest.raises(TransportError):
            await undone(deleted, deleted.report)
    for _ in range(2):
        settled = await deleted.run()
        assert (settled.state, settled.writes) == ("done", 0)
    links = await deleted.db.read(lambda conn: all_links(conn, deleted.mapping.id, "task"))
    assert all(one.left_id and one.right_id for one in links if one.state == LINKED)
    await undone(deleted, deleted.report)
    bodies, *rest = await wholly(deleted)
    assert (sorted(bodies), rest) == (sorted(deleted.whole[0]), list(deleted.whole[1:]))
    assert list(await deleted.on_right()).count("One") == 1
    await quiet(deleted)


async def test_a_relation_of_somebody_is_not_taken_for_the_one_that_comes_back(deleted, monkeypatch):
    """Both have the same type, and stand at the same task."""
    there = await deleted.on_right()
    real = InternalProvider.create_relation

    async def lost(self, relation):
        if relation.from_task_id == there["Three"].id:
            raise TransportError("gone for a while", maybe_applied=True)
        return await real(self, relation)

    with monkeypatch.context() as patch:
        patch.setattr(InternalProvider, "create_relation", lost)
        with pytest.raises(TransportError):
            await undone(deleted, deleted.report)
    await related(deleted.right, there["Three"], there["Two"], "blocks")
    await deleted.run()
    await undone(deleted, deleted.report)
    assert (await wholly(deleted))[1] == deleted.whole[1]


async def test_comments_come_back_with_their_texts_where_none_can_be_changed(deleted, monkeypatch):
    """To make one is no change of it."""
    monkeypatch.setattr(Comments, "cannot", lambda *_: {"body": "comments cannot be changed there"})
    await undone(deleted, deleted.report)
    assert sorted((await wholly(deleted))[0]) == sorted(deleted.whole[0])
