"""Lists of people and labels where one side holds fewer: what it never showed is not lost by its edits."""

from __future__ import annotations

from typing import Any

import pytest

from pm_providers.model import PMLabel
from pm_providers.sync.facts import Person
from pm_providers.sync.lists import Base
from pm_providers.sync.plan import Act, LinkView, decide
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy
from pm_providers.sync.translate import Translator
from tests.sync.parts_world import PartsWorld
from tests.sync.test_pure import facts

NAMES = ("Ada", "Bob", "Cid", "Dan", "Grace")


@pytest.fixture
def world(parts_world: PartsWorld) -> Any:
    return parts_world


async def _people(world: Any) -> dict[str, dict[str, str]]:
    """Side -> name -> id; the right holds one assignee of a task."""
    return await world.people(*NAMES, one_assignee=[RIGHT])


async def _assigned(world: Any, side: str, known: Any) -> list[str]:
    names = {one: name for name, one in known[side].items()}
    task = (await world.tasks(side))["T"]
    ids = task.assignee_ids if side == LEFT else [task.assignee_id]
    return [names[one] for one in ids if one]


async def test_an_edit_of_one_of_three_leaves_the_others(world: Any) -> None:
    """Ada becomes Grace on the side that shows Ada only."""
    known = await _people(world)
    await world.add(LEFT, "T", assignee_ids=[known[LEFT][name] for name in ("Ada", "Bob", "Cid")])
    await world.settled()
    assert await _assigned(world, RIGHT, known) == ["Ada"]
    await world.edit(RIGHT, "T", assignee_id=known[RIGHT]["Grace"])
    await world.settled()
    assert await _assigned(world, LEFT, known) == ["Grace", "Bob", "Cid"]
    assert await _assigned(world, RIGHT, known) == ["Grace"]
    await world.edit(LEFT, "T", assignee_ids=[known[LEFT][name] for name in ("Bob", "Grace", "Dan")])
    await world.settled()
    assert await _assigned(world, RIGHT, known) == ["Grace"]
    await world.edit(RIGHT, "T", assignee_id=None)
    await world.settled()
    assert sorted(await _assigned(world, LEFT, known)) == ["Bob", "Dan"]
    assert await _assigned(world, RIGHT, known) == []
    assert (await world.run()).writes == 0


async def test_edits_of_both_sides_meet(world: Any) -> None:
    """Added here, changed there: both are done, and nothing is asked."""
    known = await _people(world)
    world.policy = Policy(conflicts="manual")
    await world.add(LEFT, "T", assignee_ids=[known[LEFT][name] for name in ("Ada", "Bob")])
    await world.settled()
    await world.edit(LEFT, "T", assignee_ids=[known[LEFT][name] for name in ("Ada", "Bob", "Dan")])
    await world.edit(RIGHT, "T", assignee_id=known[RIGHT]["Grace"])
    await world.settled()
    assert sorted(await _assigned(world, LEFT, known)) == ["Bob", "Dan", "Grace"]
    assert await _assigned(world, RIGHT, known) == ["Grace"]
    assert (await world.run()).writes == 0


async def test_a_side_that_shows_one_of_them_says_the_same_at_first_contact(world: Any) -> None:
    """One of two is no edit."""
    known = await _people(world)
    await world.add(LEFT, "T", assignee_ids=[known[LEFT][name] for name in ("Ada", "Bob")])
    await world.add(RIGHT, "T", assignee_id=known[RIGHT]["Bob"])
    await world.settled()
    assert await _assigned(world, LEFT, known) == ["Ada", "Bob"]
    assert await _assigned(world, RIGHT, known) == ["Bob"]


async def test_labels_of_both_sides_meet(world: Any) -> None:
    """By name: what each added is there, and what each took away is not."""
    ids: dict[str, dict[str, str]] = {side: {} for side in SIDES}
    for side in SIDES:
        for name in ("red", "green", "blue", "black"):
            made = await world.sides[side].create_label(PMLabel(name=name))
            ids[side][name] = made.id
    await world.add(LEFT, "T", label_ids=[ids[LEFT]["red"], ids[LEFT]["green"]])
    await world.settled()
    await world.edit(LEFT, "T", label_ids=[ids[LEFT]["red"], ids[LEFT]["green"], ids[LEFT]["blue"]])
    await world.edit(RIGHT, "T", label_ids=[ids[RIGHT]["green"], ids[RIGHT]["black"]])
    await world.settled()
    for side in SIDES:
        names = {one: name for name, one in ids[side].items()}
        worn = (await world.tasks(side))["T"].label_ids
        assert sorted(names[one] for one in worn) == ["black", "blue", "green"], side
    assert (await world.run()).writes == 0


@pytest.mark.parametrize("steps", range(1, 14, 2))
async def test_death_while_lists_meet_loses_nothing(world: Any, steps: int) -> None:
    """At each await that writes."""
    ids: dict[str, dict[str, str]] = {side: {} for side in SIDES}
    for side in SIDES:
        for name in ("red", "blue", "black"):
            ids[side][name] = (await world.sides[side].create_label(PMLabel(name=name))).id
    await world.add(LEFT, "T", label_ids=[ids[LEFT]["red"]])
    await world.settled()
    await world.edit(LEFT, "T", label_ids=[ids[LEFT]["red"], ids[LEFT]["blue"]])
    await world.edit(RIGHT, "T", label_ids=[ids[RIGHT]["black"]])
    died = await world.dies(steps)
    await world.settled()
    for side in SIDES:
        names = {one: name for name, one in ids[side].items()}
        worn = (await world.tasks(side))["T"].label_ids
        assert sorted(names[one] for one in worn) == ["black", "blue"], (side, died)


def _translator(**right: Any) -> Translator:
    people = {name: Person(name, name, f"{name}@x") for name in NAMES}
    return Translator(
        facts(LEFT, people=people), facts(RIGHT, people=people, **right), Policy(), lambda *_: None
    )


@pytest.mark.parametrize(
    ("value", "current", "here", "there", "expected"),
    [
        (["Grace"], ["Ada", "Bob"], ["Ada"], ["Ada", "Bob"], ["Grace", "Bob"]),
        ([], ["Ada", "Bob"], ["Ada"], ["Ada", "Bob"], ["Bob"]),
        (["Ada", "Cid"], ["Ada", "Dan"], ["Ada", "Bob"], ["Ada", "Bob"], ["Ada", "Dan", "Cid"]),
        (["Bob", "Ada"], ["Ada", "Bob"], ["Ada", "Bob"], ["Ada", "Bob"], ["Bob", "Ada"]),
        (["Ada"], [], [], [], ["Ada"]),
    ],
)
def test_what_was_never_shown_stays(value: Any, current: Any, here: Any, there: Any, expected: Any) -> None:
    """What is added and taken away is; who was replaced gives the place."""
    told = _translator().carry("assignees", value, LEFT, current=current, base=Base(here, there))
    assert told.value == expected


def test_who_is_there_stays_where_only_some_can() -> None:
    """An edit of the others does not swap the one who is shown."""
    base = Base(["Ada", "Bob"], ["Bob"])
    told = _translator(most_assignees=1).carry(
        "assignees", ["Ada", "Bob", "Cid"], LEFT, current=["Bob"], base=base
    )
    assert told.value == ["Bob"]


def test_a_list_that_people_chose_is_taken_as_it_is() -> None:
    """No merge then."""
    view = LinkView(
        "1", {LEFT: "l", RIGHT: "r"},
        agreed={LEFT: {"assignees": ["Ada"]}, RIGHT: {"assignees": ["Ada"]}},
        now={LEFT: {"assignees": ["Ada", "Bob"]}, RIGHT: {"assignees": ["Cid"]}},
        decided={"assignees": LEFT},
    )  # fmt: skip
    (one,) = decide(view, _translator())
    assert (one.act, one.side, one.steps[0].new) == (Act.UPDATE, RIGHT, ["Ada", "Bob"])
