"""Sprints and priorities, which Trello does not have: readable labels, or options of custom fields."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_providers import PMSprint, PMTask
from pm_providers.errors import NotFoundError, UnsupportedError, ValidationError
from pm_providers.providers.trello import TrelloProvider
from pm_providers.providers.trello.config import Conventions
from pm_providers.providers.trello.mapping.labels import (
    SprintName,
    label_kind,
    parse_sprint,
    sprint_text,
)
from pm_providers.transport import Timing
from tests.providers.trello.world import BOARD, BUG, World

MONDAY, FRIDAY = date(2026, 1, 5), date(2026, 1, 16)
DURING, BEFORE, AFTER = 1767960000.0, 1767000000.0, 1770000000.0  # 2026-01-09, 2025-12-29, 2026-02-02


def _at(wall: float) -> Timing:
    return Timing(wall=lambda: wall)


async def test_a_sprint_is_a_label_that_people_can_read(world: World) -> None:
    async with world.provider(timing=_at(DURING)) as provider:
        draft = PMSprint(name="Launch", project_id=BOARD, start_date=MONDAY, end_date=FRIDAY)
        made = await provider.create_sprint(draft)
        assert world.labels[made.id]["name"] == "Sprint: Launch [2026-01-05..2026-01-16]"
        assert (made.name, made.start_date, made.end_date, made.status) == (
            "Launch",
            MONDAY,
            FRIDAY,
            "active",
        )
        assert made == await provider.get_sprint(made.id)
        assert [one.id for one in await provider.list_sprints(BOARD)] == [made.id]
        assert await provider.list_sprints(BOARD, status="closed") == []
        closed = await provider.update_sprint(made.id, {"status": "closed"})
        assert world.labels[made.id]["name"] == "Sprint: Launch [2026-01-05..2026-01-16] (closed)"
        assert (closed.status, closed.end_date) == ("closed", FRIDAY)
        again = await provider.update_sprint(made.id, {"status": "active", "name": "Landing"})
        assert world.labels[made.id]["name"] == "Sprint: Landing [2026-01-05..2026-01-16]"
        assert (again.status, again.name) == ("active", "Landing")
        assert await provider.delete_sprint(made.id) is True
        assert await provider.delete_sprint(made.id) is False
        assert await provider.get_sprint(made.id) is None


@pytest.mark.parametrize(("wall", "status"), [(BEFORE, "planned"), (DURING, "active"), (AFTER, "closed")])
async def test_dates_tell_the_state(world: World, wall: float, status: str) -> None:
    world.label("650000000000000000000501", "Sprint: A [2026-01-05..2026-01-16]")
    async with world.provider(timing=_at(wall)) as provider:
        assert [one.status for one in await provider.list_sprints(BOARD)] == [status]


@pytest.mark.parametrize("status", ["planned", "active", "closed"])
async def test_every_state_can_be_held_whatever_the_dates(world: World, status: str) -> None:
    async with world.provider(timing=_at(DURING)) as provider:
        made = await provider.create_sprint(PMSprint(name="Some day", project_id=BOARD, status=status))
        assert (made.status, made.warnings) == (status, ())


async def test_plain_labels_are_no_sprints(world: World, provider: TrelloProvider) -> None:
    assert await provider.get_sprint(BUG) is None
    assert await provider.delete_sprint(BUG) is False
    with pytest.raises(NotFoundError):
        await provider.update_sprint(BUG, {"name": "x"})
    assert BUG in world.labels
    with pytest.raises(ValidationError):
        await provider.list_sprints(BOARD, status="no such")


async def test_sprint_and_labels_do_not_mix(world: World, provider: TrelloProvider) -> None:
    sprint = world.label("650000000000000000000501", "Sprint: A [2026-01-05..2026-01-16]")
    later = world.label("650000000000000000000502", "Sprint: B")
    high = world.label("650000000000000000000503", "Priority: High")
    one = world.card(idLabels=[BUG, sprint, high])
    task = await provider.get_task(one)
    assert task is not None
    assert (task.label_ids, task.sprint_id, task.priority, task.priority_name) == (
        [BUG],
        sprint,
        "high",
        "High",
    )
    moved = await provider.update_task(one, {"sprint_id": later})
    assert (moved.sprint_id, moved.label_ids, moved.priority) == (later, [BUG], "high")
    bare = await provider.update_task(one, {"label_ids": []})
    assert (bare.sprint_id, bare.label_ids, bare.priority) == (later, [], "high")
    out = await provider.update_task(one, {"sprint_id": None, "priority": None})
    assert (out.sprint_id, out.priority, world.cards[one]["idLabels"]) == (None, None, [])
    for name, value in (
        ("label_ids", [sprint]),
        ("sprint_id", BUG),
        ("label_ids", ["650000000000000000000999"]),
    ):
        with pytest.raises(ValidationError) as caught:
            await provider.update_task(one, {name: value})
        assert name in caught.value.fields
    assert [one.id for one in await provider.list_tasks(sprint_id=sprint)] == []


async def test_a_sprints_tasks_are_listed_without_naming_its_board(
    world: World, provider: TrelloProvider
) -> None:
    sprint = world.label("650000000000000000000501", "Sprint: A")
    inside = world.card(idLabels=[sprint])
    world.card()
    assert [one.id for one in await provider.list_tasks(sprint_id=sprint)] == [inside]


async def test_a_priority_label_is_made_once_and_used_again(world: World, provider: TrelloProvider) -> None:
    first = await provider.create_task(PMTask(title="x", project_id=BOARD, priority="high"))
    second = await provider.create_task(PMTask(title="y", project_id=BOARD, priority="High"))
    assert (first.priority, second.priority, first.label_ids) == ("high", "high", [])
    named = [one for one in world.labels.values() if one["name"] == "Priority: High"]
    assert [one["color"] for one in named] == ["orange"]
    with pytest.raises(ValidationError, match="Lowest, Low, Medium, High, Highest"):
        await provider.create_task(PMTask(title="z", project_id=BOARD, priority="no such"))


async def test_priorities_that_people_already_use_are_taken(world: World) -> None:
    p1 = world.label("650000000000000000000503", "P1", "red")
    async with world.provider(priority_map={"bug": "low"}) as provider:
        made = await provider.create_task(PMTask(title="x", project_id=BOARD, priority="highest"))
        assert (world.cards[made.id]["idLabels"], made.priority_name) == ([p1], "P1")
        assert [one["name"] for one in world.labels.values()] == ["bug", "P1"]
        low = await provider.update_task(made.id, {"priority": "low"})
        assert (world.cards[made.id]["idLabels"], low.priority_name) == ([BUG], "bug")


async def test_modes_can_be_off(world: World) -> None:
    world.label("650000000000000000000501", "Sprint: A")
    world.label("650000000000000000000502", "Priority: High")
    one = world.card(idLabels=["650000000000000000000501", "650000000000000000000502"])
    async with world.provider(sprint_mode="none", priority_mode="none") as provider:
        task = await provider.get_task(one)
        assert task is not None
        assert (task.sprint_id, task.priority, len(task.label_ids)) == (None, None, 2)
        for call in (
            provider.list_sprints(BOARD),
            provider.list_priorities(),
            provider.update_task(one, {"sprint_id": BUG}),
            provider.update_task(one, {"priority": "high"}),
        ):
            with pytest.raises(UnsupportedError, match="mode is none"):
                await call


async def test_custom_field_mode(world: World) -> None:
    small, large = "65000000000000000000e001", "65000000000000000000e002"
    sprint = world.field("65000000000000000000f001", "Sprint", "list", (small, "A [2026-01-05..2026-01-16]"))
    world.field(
        "65000000000000000000f002", "Priority", "list", (large, "Urgent"), ("65000000000000000000e003", "Low")
    )
    one = world.card()
    async with world.provider(
        sprint_mode="custom_field", priority_mode="custom_field", timing=_at(DURING)
    ) as found:
        assert [(s.id, s.name, s.status) for s in await found.list_sprints(BOARD)] == [
            (f"{sprint}.{small}", "A", "active")
        ]
        changed = await found.update_task(one, {"sprint_id": f"{sprint}.{small}", "priority": "highest"})
        assert (changed.sprint_id, changed.priority, changed.priority_name) == (
            f"{sprint}.{small}", "highest", "Urgent",
        )  # fmt: skip
        assert (changed.custom_fields, changed.warnings) == ({}, ())
        assert [entry.name for entry in await found.list_priorities()] == ["Low", "Urgent"]
        with pytest.raises(ValidationError, match="Low, Urgent"):
            await found.update_task(one, {"priority": "medium"})
        with pytest.raises(ValidationError):
            await found.update_task(one, {"sprint_id": f"{sprint}.{large}"})
        with pytest.raises(UnsupportedError, match="cannot be renamed"):
            await found.update_sprint(f"{sprint}.{small}", {"name": "x"})


_days = st.none() | st.dates()
_names = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=40)
_marks = st.sampled_from([None, "planned", "active", "closed"])


@given(_names, _days, _days, _marks, st.sampled_from(["Sprint: ", ""]))
def test_what_a_label_says_is_read_as_it_was_written(
    name: str, start: date | None, end: date | None, mark: str | None, prefix: str
) -> None:
    sprint = SprintName(name.strip(), start, end, mark)
    try:
        text = sprint_text(sprint, prefix)
    except ValidationError:
        assert not name.strip()
        return
    assert parse_sprint(text, prefix) == sprint


@pytest.mark.parametrize(
    "name", ["Q1 (closed)", "X [2026-01-05..2026-01-16]", "[..]", "Sprint: 3", "a (b) [c]"]
)
def test_names_that_end_like_dates_stay_names(name: str) -> None:
    for mark in (None, "closed"):
        sprint = SprintName(name, MONDAY, FRIDAY, mark)
        assert parse_sprint(sprint_text(sprint)) == sprint
        assert parse_sprint(sprint_text(SprintName(name, None, None, mark))) == SprintName(
            name, None, None, mark
        )


def test_hand_made_labels_are_read() -> None:
    assert parse_sprint("sprint:  Launch   [2026-01-05..]") == SprintName("Launch", MONDAY, None)
    assert parse_sprint("Sprint: A [2026-13-45..2026-01-16]") == SprintName("A [2026-13-45..2026-01-16]")
    assert parse_sprint("Sprints") is None
    assert parse_sprint("bug") is None


@given(st.text(max_size=60))
def test_any_label_has_a_kind(name: str) -> None:
    kind = label_kind({"id": BUG, "name": name}, Conventions())
    assert kind.is_plain == (kind.sprint is None and kind.priority is None)
