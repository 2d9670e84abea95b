"""References: links that were lost are found again, and nobody takes a reference for an edit."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, select

from pm_providers.database.runner import database_for
from pm_providers.database.schema_sync import sync_links, sync_states
from pm_providers.errors import ValidationError
from pm_providers.sync.doctor_references import References, examine_references
from pm_providers.sync.engine import RunOptions
from pm_providers.sync.matching import Candidate, Shelf, match
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy
from pm_providers.sync.provenance import address_of, bears, reference_keys
from tests.sync.parts_world import PartsWorld
from tests.sync.test_pure import facts

FIELD = "External reference"


@pytest.fixture
def world(parts_world: PartsWorld) -> Any:
    return parts_world


async def _lost(world: Any) -> None:
    """The state of the sync is gone; what both sides hold is there."""

    def work(conn: Any) -> None:
        for table in (sync_links, sync_states):
            conn.execute(delete(table).where(table.c.mapping_id == world.mapping_id))

    await database_for(world.db).write(work)


async def _pairs(world: Any) -> set[tuple[Any, Any]]:
    """What both sides say of the tasks that are a pair."""
    both = sync_links.c.left_id.is_not(None) & sync_links.c.right_id.is_not(None)
    where = both & (sync_links.c.entity == "task") & (sync_links.c.mapping_id == world.mapping_id)
    columns = (sync_links.c.left_id, sync_links.c.right_id)
    rows = await database_for(world.db).read(lambda conn: conn.execute(select(*columns).where(where)).all())
    said = {side: {task.id: task.description for task in await world.listed(side)} for side in SIDES}
    return {(said[LEFT][left], said[RIGHT][right]) for left, right in rows}


async def test_lost_links_are_found_by_references_where_titles_do_not_tell(world: Any) -> None:
    """Equal titles everywhere, made on both sides: paired rightly, and nothing is made again."""
    for side in SIDES:
        for number in range(4):
            await world.add(side, "Same", description=f"{side} {number}")
            world.policy = Policy()
            await world.run()
    expected = {(f"{side} {number}",) * 2 for side in SIDES for number in range(4)}
    assert await _pairs(world) == expected
    await _lost(world)
    report = await world.run()
    assert report.writes == 0, report.counts
    assert await _pairs(world) == expected
    assert [len(await world.listed(side)) for side in SIDES] == [8, 8]


async def test_without_references_equal_titles_are_doubtful(world: Any) -> None:
    """What the option is for."""
    world.policy = Policy(provenance="none")
    for number in range(2):
        await world.add(LEFT, "Same", description=str(number))
    await world.run()
    assert [task.custom_fields for task in await world.listed(RIGHT)] == [{}, {}]
    await _lost(world)
    report = await world.run()
    assert len(report.doubtful) == 4


async def test_references_are_no_edits_and_no_content(world: Any) -> None:
    """Whatever people do to them: no plan shows it, and no side gets the other's."""
    await world.add(LEFT, "T")
    await world.run()
    (there,) = await world.listed(RIGHT)
    (here,) = await world.listed(LEFT)
    assert there.custom_fields == {FIELD: f"internal:/{here.id}"}
    await world.edit(RIGHT, "T", custom_fields={FIELD: "something else"})
    await world.edit(LEFT, "T", custom_fields={FIELD: "mine"})
    plan = await world.run(RunOptions(dry=True))
    assert (plan.decisions, plan.plan_id) == ([], "")
    assert (await world.run()).writes == 0
    await world.edit(RIGHT, "T", title="U")
    await world.run()
    assert (await world.tasks(LEFT))["U"].custom_fields == {FIELD: "mine"}
    assert (await world.tasks(RIGHT))["U"].custom_fields == {FIELD: "something else"}


async def test_a_copy_bears_the_reference_too_and_is_a_task_of_its_own(world: Any) -> None:
    """People copied it in the other system, with all its fields."""
    await world.add(LEFT, "T", description="original")
    await world.run()
    (there,) = await world.listed(RIGHT)
    await world.add(RIGHT, "T copied", custom_fields=dict(there.custom_fields), description="copy")
    await world.settled()
    assert await _pairs(world) == {("original", "original"), ("copy", "copy")}
    await _lost(world)
    assert (await world.run()).writes == 0
    assert await _pairs(world) == {("original", "original"), ("copy", "copy")}
    (copy,) = [task for task in await world.listed(LEFT) if task.title == "T copied"]
    assert copy.custom_fields[FIELD].endswith(
        next(one.id for one in await world.listed(RIGHT) if one.description == "copy")
    )


async def test_a_field_of_another_name(world: Any) -> None:
    """As people call it."""
    world.policy = Policy.of({"provenance": "field:Origin"})
    await world.add(LEFT, "T")
    await world.run()
    (there,) = await world.listed(RIGHT)
    assert list(there.custom_fields) == ["Origin"]


def _shelf(side: str, given: tuple[tuple[str, str], ...]) -> Shelf:
    shelf = Shelf(keys=3)
    for one, text in given:
        keys = reference_keys(side, one, text or None, {LEFT: "l:", RIGHT: "r:"})
        shelf.add(Candidate(one, one, {}), keys)
    return shelf


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ((("a", ""), ("b", "")), (("1", "l:/b"), ("2", "l:/a")), [("a", "2"), ("b", "1")]),
        ((("a", "r:/1"),), (("1", ""),), [("a", "1")]),
        ((("a", "r:/1"),), (("1", "l:/a"),), [("a", "1")]),
        ((("a", ""),), (("1", "l:/a"), ("2", "l:/a")), []),  # copied: neither counts
        ((("a", ""), ("b", "r:/2")), (("1", "l:/a"), ("2", "l:/a")), [("a", "1"), ("b", "2")]),
        ((("a", "r:/1"), ("b", "r:/1")), (("1", ""), ("2", "l:/b")), [("a", "1"), ("b", "2")]),
        ((("a", ""),), (("1", "l:/gone"), ("2", "elsewhere:/a")), []),
        ((("a", ""),), (("1", ""),), []),
    ],
)
def test_a_reference_counts_where_it_is_the_only_one(left: Any, right: Any, expected: Any) -> None:
    """And to an item that has no counterpart. What a copy was made into tells it from what it was copied from."""
    assert sorted(match(_shelf(LEFT, left), _shelf(RIGHT, right), {}).pairs()) == expected


def test_addresses_tell_no_secrets() -> None:
    """Neither user nor password nor query."""
    address = address_of("jira", "https://ada:secret@mars.example.net:8443/jira/?token=x#y")
    assert address == "jira:mars.example.net:8443/jira"
    assert address_of("internal", None) == "internal:"


def test_a_place_that_costs_requests_is_used_only_where_it_is_named() -> None:
    """`auto` adds no request to a creation."""
    apart = facts(RIGHT, texts=frozenset({FIELD}), custom_fields="apart")
    assert not bears(apart, Policy())
    assert bears(apart, Policy(provenance=f"field:{FIELD}"))
    assert bears(facts(RIGHT, texts=frozenset({FIELD})), Policy())
    assert not bears(facts(RIGHT), Policy())


@pytest.mark.parametrize("value", ["field:", "Origin", 3, None, ""])
def test_bad_options_are_refused(value: Any) -> None:
    """With what they may be."""
    with pytest.raises(ValidationError, match="auto, none, or field"):
        Policy.of({"provenance": value})


def test_the_doctor_names_copies_and_places_that_are_missing() -> None:
    """A line each, with what to do."""
    policy = Policy()
    sides = {
        LEFT: facts(LEFT, custom_fields="free", address="l:"),
        RIGHT: facts(RIGHT, address="r:", custom=frozenset({"Size"})),
    }
    marks = References(policy.mark, {LEFT: "l:", RIGHT: "r:"})
    for title, text in (
        ("T", "l:/a"),
        ("T copied", "l:/a"),
        ("U", "l:/b"),
        ("V", "elsewhere"),
        ("W", "elsewhere"),
    ):
        marks.add(RIGHT, {"title": title, policy.mark: text})
    copy, place = examine_references(marks, sides, policy, "m")
    assert copy.kind == "duplicate"
    assert "2 tasks" in copy.text
    assert "'l:/a'" in copy.text
    assert (place.kind, "--option provenance=none" in place.command) == ("field", True)
    assert list(examine_references(References("", {}), sides, Policy(provenance="none"), "m")) == []
    sides[RIGHT] = facts(RIGHT, address="r:", texts=frozenset({FIELD}))
    assert [one.kind for one in examine_references(marks, sides, policy, "m")] == ["duplicate"]
