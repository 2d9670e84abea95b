"""Corners in which edits got lost, items doubled or people were told what is not so."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

import pytest

from pm_providers.errors import PMError, TransportError
from pm_providers.store.sync_history import list_conflicts
from pm_providers.store.sync_state import TakenOverError, get_state, take_lease
from pm_providers.sync.engine import RunOptions
from pm_providers.sync.facts import Person
from pm_providers.sync.matching import Candidate
from pm_providers.sync.plan import LinkView, decide
from pm_providers.sync.policy import LEFT, RIGHT, Policy
from pm_providers.sync.translate import Translator
from tests.sync.pairing_rules import matched
from tests.sync.scenarios import Make
from tests.sync.test_pure import facts
from tests.sync.world import World


async def test_a_run_for_fields_that_the_mapping_leaves_out_carries_nothing(make_world: Make) -> None:
    """Two narrowings that share nothing leave nothing, not everything."""
    world = await make_world(fields=frozenset({"title"}))
    await world.add(LEFT, "T")
    await world.run()
    await world.edit(LEFT, "T", title="T new", description="new")
    await world.run(RunOptions(fields=frozenset({"description"})))
    assert [(one.title, one.description) for one in await world.listed(RIGHT)] == [("T", None)]
    await world.run()
    assert [(one.title, one.description) for one in await world.listed(RIGHT)] == [("T new", None)]


async def test_what_was_made_again_is_not_made_twice_while_a_list_is_late(make_world: Make) -> None:
    """The answer to the second creation got lost, and the list does not show it yet."""
    world = await make_world(settle_s=3600.0)
    await world.add(LEFT, "T")
    await world.run()
    await world.delete(LEFT, "T")
    await world.edit(RIGHT, "T", description="still wanted")
    world.fate.faults = ["after"]
    with contextlib.suppress(PMError):
        await world.run()
    left = world.sides[LEFT]
    left.late = set(left.tasks)
    await world.run()
    await world.settled()
    assert [one.title for one in await world.listed(LEFT)] == ["T"]


async def test_edits_across_while_an_item_was_in_the_archive_are_carried_when_it_is_back(
    world: World,
) -> None:
    """Nothing is written meanwhile."""
    await world.add(LEFT, "T")
    await world.run()
    left, one = world.sides[LEFT], (await world.tasks(LEFT))["T"]
    left._put(one, {"is_archived": True}, left._now())
    await world.run()
    await world.edit(RIGHT, "T", description="meanwhile")
    await world.run()
    assert left.tasks[one.id].description is None
    left._put(left.tasks[one.id], {"is_archived": False}, left._now())
    await world.settled()
    assert left.tasks[one.id].description == "meanwhile"


async def test_a_sweep_that_was_cut_short_is_done_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system takes the cursor no more; what it deleted before is found all the same."""
    for number in range(6):
        await world.add(LEFT, f"T{number}")
    await world.run()
    left = world.sides[LEFT]
    del left.tasks[next(iter(left.tasks))]
    left.log = [*left.tasks][:3]  # an index that was built anew
    look, calls = left._get_task, []

    async def once(task_id: str) -> Any:
        calls.append(task_id)
        if len(calls) == 1:
            raise TransportError("no answer")
        return await look(task_id)

    monkeypatch.setattr(left, "_get_task", once)
    with pytest.raises(TransportError):
        await world.run()
    await world.run()
    assert len(await world.listed(RIGHT)) == 5


def test_equal_ids_of_two_systems_do_not_make_a_place() -> None:
    """Both number their tasks: 5 here is not 5 there."""
    one, two = (
        Candidate(link, item, {"title": "Fix", "parent": "5"}) for link, item in (("a", "7"), ("b", "8"))
    )
    assert matched([one], [two], parents=lambda _: None).pairs == []
    assert matched([one], [two], parents=lambda _: "5").pairs == [("a", "b")]


@pytest.mark.parametrize("both", [True, False])
async def test_conflicts_of_items_that_are_gone_are_closed(make_world: Make, both: bool) -> None:
    """Nobody can decide them any more."""
    world = await make_world(conflicts="manual", deletes="detach")
    await world.add(LEFT, "T")
    await world.run()
    await world.edit(LEFT, "T", title="left")
    await world.edit(RIGHT, "T", title="right")
    await world.run()
    assert len(await list_conflicts(world.db, world.mapping_id)) == 1
    await world.delete(LEFT, "left")
    if both:
        await world.delete(RIGHT, "right")
    await world.run()
    assert await list_conflicts(world.db, world.mapping_id) == []
    (closed,) = await list_conflicts(world.db, world.mapping_id, state=None)
    assert closed.left_value == {"value": "left"}


def test_fields_have_their_name_on_the_left_also_where_items_are_made() -> None:
    """What is left out stays out, whichever side it comes from."""
    policy = Policy(pairs={"custom_fields": {"Size": "Grösse"}}, without=frozenset({"custom:Size"}))
    sides = [facts(LEFT, custom=frozenset({"Size"})), facts(RIGHT, custom=frozenset({"Grösse"}))]
    translator = Translator(*sides, policy, lambda *_: None)
    said = {"title": "T", "custom:Grösse": 3}
    (made,) = decide(LinkView("1", {RIGHT: "r1"}, now={RIGHT: said}), translator)
    assert [step.field for step in made.steps] == ["title"]


def _people() -> Translator:
    here = facts(LEFT, people={"1": Person("1", "Ada", "ada@x")}, labels={"l": "red"})
    there = facts(
        RIGHT,
        people={"7": Person("7", "Ada", "ada@x"), "8": Person("8", "Bob")},
        labels={"r": "red", "s": "own"},
    )
    return Translator(here, there, Policy(), lambda *_: None)


@pytest.mark.parametrize("assigned", [None, ["1"]])
def test_who_cannot_be_known_here_stays_there(assigned: Any) -> None:
    """Also when the last one of those who are known here goes."""
    told = _people().carry("assignees", assigned, LEFT, current=["7", "8"])
    assert told.value == (["7", "8"] if assigned else ["8"])


@pytest.mark.parametrize("worn", [None, ["l"]])
def test_labels_that_cannot_be_here_stay_there(worn: Any) -> None:
    """Nobody took them away."""
    told = _people().carry("labels", worn, LEFT, current=["r", "s"])
    assert told.value == (["r", "s"] if worn else ["s"])


async def test_a_plan_tells_what_keeps_it_from_being_run(make_world: Make) -> None:
    """And does not take the word back from the mapping."""
    world = await make_world(fuse_least=1, fuse_share=0.0)
    for number in range(4):
        await world.add(LEFT, f"T{number}")
    await world.run()
    for number in range(3):
        await world.delete(LEFT, f"T{number}")
    assert (await world.run()).state == "refused"
    plan = await world.run(RunOptions(dry=True))
    assert (plan.state, "3 of 4 items" in plan.reason, bool(plan.next_step)) == ("planned", True, True)
    state = await get_state(world.db, world.mapping_id)
    assert state is not None
    assert state.problem == plan.reason


async def test_an_approved_plan_is_all_that_is_done(world: World) -> None:
    """What people do meanwhile waits for the next plan."""
    await world.add(LEFT, "T0")
    await world.run()
    await world.edit(LEFT, "T0", description="planned")
    plan = await world.run(RunOptions(dry=True))

    async def meanwhile() -> None:
        await world.add(LEFT, "unseen")

    world.fate.meanwhile = {3: meanwhile}
    report = await world.run(RunOptions(plan_id=plan.plan_id))
    assert (dict(report.counts), await world.tasks(RIGHT)) == ({"update": 1}, await world.tasks(RIGHT))
    assert "unseen" not in await world.tasks(RIGHT)
    await world.run()
    assert "unseen" in await world.tasks(RIGHT)


async def test_a_full_run_tries_again_what_was_rejected(world: World) -> None:
    """The value is not forgotten: it waits."""
    await world.add(LEFT, "T")
    await world.run()
    right = world.sides[RIGHT]
    right.refuses = lambda fields: {"priority": "not now"} if "priority" in fields else {}
    await world.edit(LEFT, "T", priority="high", description="d")
    await world.add(LEFT, "U", priority="low")
    await world.run()
    assert {one.priority for one in await world.listed(RIGHT)} == {None}
    right.refuses = lambda _: {}
    await world.run()
    await world.run(RunOptions(full=True))
    assert {one.title: one.priority for one in await world.listed(RIGHT)} == {"T": "high", "U": "low"}


async def test_what_came_back_before_its_counterpart_is_deleted_saves_it(world: World) -> None:
    """Somebody took it out of the bin during the run."""
    task = await world.add(LEFT, "T")
    await world.add(LEFT, "U")
    await world.run()
    await world.delete(LEFT, "T")
    await world.edit(LEFT, "U", description="d")
    left = world.sides[LEFT]

    async def back() -> None:
        left._put(task, {}, left._now() + timedelta(hours=1))

    world.fate.meanwhile = {4: back}
    await world.settled()
    assert not world.fate.meanwhile
    assert sorted(await world.tasks(LEFT)) == sorted(await world.tasks(RIGHT)) == ["T", "U"]


async def test_a_run_that_was_taken_over_sends_nothing_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frozen worker that wakes up in the middle of a batch would double what the other one makes."""
    for number in range(30):
        await world.add(LEFT, f"T{number}")
    right, calls = world.sides[RIGHT], []
    make = right._create_task

    async def frozen(fields: Any) -> Any:
        calls.append(fields)
        if len(calls) == 3:
            await world.revive()  # its lease ends
            await take_lease(world.db, world.mapping_id, "other", 60)
        return await make(fields)

    monkeypatch.setattr(right, "_create_task", frozen)
    with pytest.raises(TakenOverError):
        await world.run()
    assert len(right.tasks) <= right.capabilities.limits.concurrency
