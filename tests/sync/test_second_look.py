"""What a second look at the engine found."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from pm_providers.errors import PMError, ProviderError, TransportError
from pm_providers.model import PMChecklist, PMChecklistItem, PMComment, PMLabel, PMSprint
from pm_providers.store import sync_parts
from pm_providers.store.sync_history import list_conflicts, list_runs, resolve_conflict
from pm_providers.sync.engine import RunOptions
from pm_providers.sync.parts import Parts
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy
from pm_providers.sync.provenance import bears
from pm_providers.sync.undoing import Undoing
from tests.sync.parts_world import PartsWorld
from tests.sync.scenarios import Make
from tests.sync.test_pure import facts

NAMES = ("Ada", "Dan", "Grace")


@pytest.fixture
def full(parts_world: PartsWorld) -> Any:
    return parts_world


async def _people(world: Any) -> dict[str, dict[str, str]]:
    """Side -> name -> id; both sides hold one assignee of a task."""
    return await world.people(*NAMES, one_assignee=SIDES)


async def _assigned(world: Any, side: str, known: Any) -> str:
    names = {one: name for name, one in known[side].items()}
    return names[(await world.tasks(side))["T"].assignee_id]


@pytest.mark.parametrize("winner", SIDES)
async def test_one_assignee_that_both_sides_changed_is_a_conflict(full: Any, winner: str) -> None:
    known = await _people(full)
    full.policy = Policy(conflicts=winner)
    await full.add(LEFT, "T", assignee_id=known[LEFT]["Ada"])
    await full.settled()
    await full.edit(LEFT, "T", assignee_id=known[LEFT]["Dan"])
    await full.edit(RIGHT, "T", assignee_id=known[RIGHT]["Grace"])
    await full.settled()
    name = "Dan" if winner == LEFT else "Grace"
    assert [await _assigned(full, side, known) for side in SIDES] == [name, name]
    (found,) = await list_conflicts(full.db, full.mapping_id, state=None)
    assert (found.state, found.decision) == ("resolved", winner)


@pytest.mark.parametrize("winner", SIDES)
async def test_one_assignee_that_both_sides_changed_waits_for_people(full: Any, winner: str) -> None:
    known = await _people(full)
    full.policy = Policy(conflicts="manual")
    await full.add(LEFT, "T", assignee_id=known[LEFT]["Ada"])
    await full.settled()
    await full.edit(LEFT, "T", assignee_id=known[LEFT]["Dan"])
    await full.edit(RIGHT, "T", assignee_id=known[RIGHT]["Grace"])
    await full.settled()
    (found,) = await list_conflicts(full.db, full.mapping_id)
    await resolve_conflict(full.db, found.id, winner)
    await full.settled()
    name = "Dan" if winner == LEFT else "Grace"
    assert [await _assigned(full, side, known) for side in SIDES] == [name, name]


async def test_one_assignee_that_differs_at_first_contact_is_a_conflict(full: Any) -> None:
    known = await _people(full)
    full.policy = Policy(conflicts=RIGHT)
    await full.add(LEFT, "T", assignee_id=known[LEFT]["Dan"])
    await full.add(RIGHT, "T", assignee_id=known[RIGHT]["Grace"])
    await full.settled()
    assert [await _assigned(full, side, known) for side in SIDES] == ["Grace", "Grace"]


async def test_undo_takes_off_the_labels_that_a_run_put_on(full: Any) -> None:
    label = await full.sides[LEFT].create_label(PMLabel(name="Urgent", project_id=full.projects[LEFT]))
    await full.add(LEFT, "T")
    await full.settled()
    await full.edit(LEFT, "T", label_ids=[label.id])
    await full.run()
    assert (await full.tasks(RIGHT))["T"].label_ids
    (run, *_) = await list_runs(full.db, full.mapping_id)
    await Undoing(full.engine(), run).play()
    assert not (await full.tasks(RIGHT))["T"].label_ids


async def test_comments_of_a_task_that_was_made_again_stay(full: Any) -> None:
    full.policy = Policy(settle_s=0.0)
    task = await full.add(LEFT, "T")
    await full.sides[LEFT].create_comment(PMComment(task_id=task.id, body="important"))
    await full.settled()
    await full.delete(RIGHT, "T")
    await full.edit(LEFT, "T", description="edited")
    await full.settled()
    assert [one.body for one in await full.sides[LEFT].list_comments(task.id)] == ["important"]
    there = (await full.tasks(RIGHT))["T"]
    assert len(await full.sides[RIGHT].list_comments(there.id)) == 1


async def test_undo_leaves_tasks_on_which_somebody_wrote(full: Any) -> None:
    task = await full.add(LEFT, "T")
    await full.sides[LEFT].create_comment(PMComment(task_id=task.id, body="of the run"))
    await full.sides[LEFT].create_checklist(
        PMChecklist(name="Steps", task_id=task.id, items=[PMChecklistItem(title="x")])
    )
    await full.add(LEFT, "U")
    await full.sides[LEFT].create_checklist(
        PMChecklist(
            name="Steps", task_id=(await full.tasks(LEFT))["U"].id, items=[PMChecklistItem(title="x")]
        )
    )
    await full.run()
    (run, *_) = await list_runs(full.db, full.mapping_id)
    there = (await full.tasks(RIGHT))["T"]
    await full.sides[RIGHT].create_comment(PMComment(task_id=there.id, body="important"))
    planned = await Undoing(full.engine(), run).play(dry=True)
    (left,) = [one for one in planned.decisions if one.entity == "task" and one.title == "T"]
    assert left.reason == "the run created it, but others put 1 comment on it since"
    await Undoing(full.engine(), run).play()
    assert list(await full.tasks(RIGHT)) == ["T"]


async def test_a_decision_is_not_lost_to_a_run_about_other_fields(make_world: Make) -> None:
    world = await make_world(conflicts="manual")
    await world.add(LEFT, "T", description="one")
    await world.run()
    await world.edit(LEFT, "T", description="left")
    await world.edit(RIGHT, "T", description="right")
    await world.run()
    (found,) = await list_conflicts(world.db, world.mapping_id)
    await world.edit(LEFT, "T", priority="high")
    await world.run(RunOptions(fields=frozenset({"priority"})))
    assert [one.id for one in await list_conflicts(world.db, world.mapping_id)] == [found.id]
    await resolve_conflict(world.db, found.id, LEFT)
    await world.run(RunOptions(fields=frozenset({"priority"})))
    await world.run()
    assert (await world.tasks(RIGHT))["T"].description == "left"


async def test_a_deletion_does_not_wait_for_what_failed_before(make_world: Make) -> None:
    world = await make_world()
    await world.add(LEFT, "T")
    await world.run()
    world.sides[RIGHT].refuses = lambda fields: {"project_id": "not now"}
    await world.edit(LEFT, "T", title="U")
    await world.run(RunOptions(patient=True))
    await world.delete(LEFT, "U")
    await world.run(RunOptions(patient=True))
    assert not await world.listed(RIGHT)


class _Labels:
    """A side whose first label is made late, and whose answer is lost."""

    def __init__(self, side: Any, error: PMError) -> None:
        self.make, self.list, self.error = side.create_label, side.list_labels, error
        self.asked: list[Any] = []
        side.create_label, side.list_labels = self.created, self.listed

    async def created(self, one: PMLabel) -> PMLabel:
        self.asked.append(one)
        if len(self.asked) == 1:
            raise self.error
        return await self.make(one)

    async def listed(self, *args: Any) -> list[PMLabel]:
        return await self.list(*args)

    async def arrive(self) -> None:
        await self.make(self.asked[0])


@pytest.mark.parametrize("kind", [TransportError, ProviderError])
async def test_a_label_is_made_once_where_the_answer_is_lost(full: Any, kind: type[PMError]) -> None:
    label = await full.sides[LEFT].create_label(PMLabel(name="Urgent", project_id=full.projects[LEFT]))
    labels = _Labels(full.sides[RIGHT], kind("the connection broke", maybe_applied=True))
    await full.add(LEFT, "one", label_ids=[label.id])
    await full.add(LEFT, "two", label_ids=[label.id])
    with contextlib.suppress(TransportError):
        await full.run()
    await full.run()
    assert (len(labels.asked), await full.listed(RIGHT)) == (1, [])
    await labels.arrive()
    await full.settled()
    assert (len(labels.asked), len(await full.listed(RIGHT))) == (1, 2)
    assert len(await full.sides[RIGHT].list_labels(full.projects[RIGHT])) == 1


@pytest.mark.parametrize("deletes", [False, True])
async def test_sprints_that_somebody_edits_while_a_plan_is_compared_stay(
    full: Any, monkeypatch: pytest.MonkeyPatch, deletes: bool
) -> None:
    """Also on systems without versions."""
    full.policy = Policy(settle_s=0.0)
    left, right = full.sides[LEFT], full.sides[RIGHT]
    one = await left.create_sprint(PMSprint(name="A", project_id=full.projects[LEFT]))
    await full.settled()
    (two,) = await right.list_sprints(full.projects[RIGHT])
    await (left.delete_sprint(one.id) if deletes else left.update_sprint(one.id, {"name": "A2"}))
    plan = await full.run(RunOptions(dry=True, full=True))
    assert plan.planned == {"sprint delete" if deletes else "sprint update": 1}
    compared, write = Parts.approve, right.update_sprint

    async def meanwhile(*args: Any) -> None:
        await write(two.id, {"name": "B"})
        await compared(*args)

    monkeypatch.setattr(right, "update_sprint", lambda which, values, **_: write(which, values))
    monkeypatch.setattr(Parts, "approve", meanwhile)
    report = await full.run(RunOptions(plan_id=plan.plan_id, full=True))
    assert (report.state, report.writes) == ("partial", 0)
    assert [sprint.name for sprint in await right.list_sprints(full.projects[RIGHT])] == ["B"]


async def test_labels_that_differ_in_case_are_one_label_across(full: Any) -> None:
    left, right = full.sides[LEFT], full.sides[RIGHT]
    ids = [
        (await left.create_label(PMLabel(name=name, project_id=full.projects[LEFT]))).id
        for name in ("Bug", "other")
    ]
    listed = left.list_labels

    async def alike(*args: Any) -> list[PMLabel]:
        return [replace(one, name="bug") if one.name == "other" else one for one in await listed(*args)]

    left.list_labels = alike  # some systems take both
    await full.add(LEFT, "one", label_ids=ids)
    await full.add(LEFT, "two", label_ids=ids[1:])
    plan = await full.run(RunOptions(dry=True))
    assert plan.planned == {"create": 2, "label create": 1}
    report = await full.run(RunOptions(plan_id=plan.plan_id))
    assert (report.counts["labels"], report.counts["create"]) == (1, 3)
    (label,) = await right.list_labels(full.projects[RIGHT])
    assert [one.label_ids for one in await full.listed(RIGHT)] == [[label.id], [label.id]]
    assert (await full.run()).writes == 0


async def test_a_status_that_cannot_close_a_task_is_tried_less_and_less(make_world: Make) -> None:
    world = await make_world(deletes="close")
    await world.add(LEFT, "T")
    await world.run()
    world.sides[RIGHT].refuses = lambda fields: {"status": "not this"} if "status" in fields else {}
    await world.delete(LEFT, "T")
    assert (await world.run(RunOptions(patient=True))).counts["failed"] == 1
    assert (await world.run(RunOptions(patient=True))).counts["failed"] == 0


async def test_what_people_decided_does_not_wait_for_what_failed_before(make_world: Make) -> None:
    world = await make_world(conflicts="manual")
    await world.add(LEFT, "T", description="one")
    await world.run()
    for side in SIDES:
        await world.edit(side, "T", description=side)
    await world.edit(LEFT, "T", priority="high")
    world.sides[RIGHT].refuses = lambda fields: {"project_id": "not now"}
    await world.run(RunOptions(patient=True))
    world.sides[RIGHT].refuses = lambda fields: {}
    (found,) = await list_conflicts(world.db, world.mapping_id)
    await resolve_conflict(world.db, found.id, LEFT)
    await world.run(RunOptions(patient=True))
    assert (await world.tasks(RIGHT))["T"].description == "left"


def test_a_field_that_people_carry_elsewhere_takes_no_reference() -> None:
    there = replace(facts(RIGHT), custom_fields="free")
    assert bears(there, Policy())
    assert not bears(there, Policy(pairs={"custom_fields": {"Ref": "External reference"}}))


async def test_how_old_a_part_is_goes_by_the_databases_clock(
    full: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine that wrote it may be an hour behind: what is not listed yet is not taken for deleted."""

    class Behind(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return super().now(tz) - timedelta(hours=1)

    left, right = full.sides[LEFT], full.sides[RIGHT]
    task = await full.add(LEFT, "T")
    await left.create_checklist(PMChecklist(name="Steps", task_id=task.id))
    with monkeypatch.context() as patched:
        patched.setattr(sync_parts, "datetime", Behind)
        await full.run()
    there = (await full.tasks(RIGHT))["T"]
    assert len(await right.list_checklists(there.id)) == 1
    with monkeypatch.context() as patched:
        patched.setattr(right, "list_checklists", lambda *_: asyncio.sleep(0, []))
        await full.run(RunOptions(full=True))
    assert len(await left.list_checklists(task.id)) == 1


async def _merging(world: Any) -> tuple[Any, Any]:
    """A comment of which both sides changed a line of their own; the task on both."""
    world.policy = Policy(settle_s=0.0)
    left, right = world.sides[LEFT], world.sides[RIGHT]
    task = await world.add(LEFT, "T")
    made = await left.create_comment(PMComment(task_id=task.id, body="a\n\nb\n\nc"))
    await world.settled()
    there = (await world.tasks(RIGHT))["T"]
    (copy,) = await right.list_comments(there.id)
    head = copy.body.split("\n\n")[0]
    await left.update_comment(made.id, {"body": "A\n\nb\n\nc"}, task_id=task.id)
    await right.update_comment(copy.id, {"body": f"{head}\n\na\n\nb\n\nC"}, task_id=there.id)
    return task, there


async def _said(world: Any, both: tuple[Any, Any]) -> list[str]:
    found = [
        (await world.sides[side].list_comments(task.id))[0].body
        for side, task in zip(SIDES, both, strict=True)
    ]
    return [found[0], found[1].split("\n\n", 1)[1]]


@pytest.mark.parametrize("steps", range(22, 28))
async def test_a_comment_that_both_sides_changed_is_merged_though_the_run_dies(full: Any, steps: int) -> None:
    both = await _merging(full)
    await full.dies(steps, lambda: full.run(RunOptions(full=True)))
    await full.run(RunOptions(full=True))
    await full.run(RunOptions(full=True))
    assert await _said(full, both) == ["A\n\nb\n\nC"] * 2


@pytest.mark.parametrize("side", SIDES)
async def test_a_comment_that_both_sides_changed_is_merged_though_one_write_fails(
    full: Any, side: str
) -> None:
    both = await _merging(full)
    with pytest.MonkeyPatch.context() as patched:

        async def refused(*_: Any, **__: Any) -> Any:
            raise ProviderError("not now")

        patched.setattr(full.sides[side], "update_comment", refused)
        assert (await full.run(RunOptions(full=True))).counts["failed"] == 1
    await full.run(RunOptions(full=True))
    assert await _said(full, both) == ["A\n\nb\n\nC"] * 2
