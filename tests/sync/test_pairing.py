"""Pairing at first contact, against its rules."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_providers.database import database_for
from pm_providers.store.sync_history import list_writes
from pm_providers.store.sync_links import count_links
from pm_providers.sync import matching
from pm_providers.sync.matching import Candidate
from pm_providers.sync.policy import LEFT, RIGHT
from tests.sync.pairing_rules import by_the_rules, matched
from tests.sync.scenarios import Make

TITLES = st.sampled_from(["a", " A", "b", "c\td", "C  D", "", "ß", "SS"])
KEYS = st.sampled_from([None, "", "k1", "K1 ", "k2"])
LINKED = {"l100": "r100", "l101": "r101"}
"""Parents that are in step already."""


@st.composite
def items(draw: st.DrawFn, side: str) -> list[Candidate]:
    """Of one side, below each other, below what is in step, or below what nobody knows; circles as well."""
    count = draw(st.integers(0, 9))
    parents = st.sampled_from([None, *(f"{side}{one}" for one in (*range(count), 100, 101, 200))])
    found = []
    for one in range(count):
        values = {"title": draw(TITLES), "parent": draw(parents), "key": draw(KEYS)}
        told = {name: value for name, value in values.items() if value is not None}
        found.append(Candidate(f"{side}-link-{one}", f"{side}{one}", told))
    return found


@given(items("l"), items("r"), st.sampled_from([None, "key"]))
def test_pairs_are_those_of_the_rules(left: list[Candidate], right: list[Candidate], by: str | None) -> None:
    """However items stand below each other; and so is what could be several."""
    found = matched(left, right, parents=LINKED.get, by=by)
    plain = by_the_rules(left, right, parents=LINKED.get, by=by)
    assert sorted(found.pairs) == sorted(plain.pairs)
    assert found.doubtful == plain.doubtful


def test_a_deep_tree_is_paired_from_the_top_in_one_go() -> None:
    """A level costs what stands on it: 3,000 levels are no trouble."""

    def chain(side: str) -> list[Candidate]:
        above: list[Mapping[str, str]] = [{}, *({"parent": f"{side}{one}"} for one in range(2999))]
        return [
            Candidate(f"{side}{one}", f"{side}{one}", {"title": "T", **at}) for one, at in enumerate(above)
        ]

    found = matched(chain("l"), chain("r")[::-1], parents=lambda _: None)
    assert found.pairs == [(f"l{one}", f"r{one}") for one in range(3000)]


async def test_equal_numbers_of_unequal_texts_are_no_pair(
    make_world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Items are compared by numbers; what is paired is compared by its texts."""
    world = await make_world()
    await world.add(LEFT, "one")
    await world.add(RIGHT, "two")
    monkeypatch.setattr(matching, "hash", lambda _: 7, raising=False)
    await world.run()
    monkeypatch.undo()
    assert [one.action for one in await list_writes(world.db, mapping_id=world.mapping_id)] == ["create"] * 2
    await world.settled()
    assert set(await world.tasks(LEFT)) == set(await world.tasks(RIGHT)) == {"one", "two"}


@pytest.mark.parametrize("count", [3, 450])
async def test_sides_that_are_full_are_paired_and_nothing_is_made(make_world: Make, count: int) -> None:
    """With what stands below what, also where it takes several transactions."""
    world = await make_world()
    for side in (LEFT, RIGHT):
        above = None
        for one in range(count):
            made = await world.add(side, f"T {one}", parent_task_id=above if one % 3 else None)
            above = above if one % 3 else made.id
    await world.run()
    assert await list_writes(world.db, mapping_id=world.mapping_id) == []
    counts = await database_for(world.db).read(lambda conn: count_links(conn, world.mapping_id))
    assert counts == {("task", "linked", False): count}
