"""The parts that only compute: merging, comparing, pairing items and people, options, plans."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pm_providers.errors import ValidationError
from pm_providers.sync.facts import Choice, Person, SideFacts
from pm_providers.sync.matching import Candidate
from pm_providers.sync.merge import merge_texts
from pm_providers.sync.people import Directory
from pm_providers.sync.plan import Act, Decision, LinkView, Step, decide, plan_id, reaches
from pm_providers.sync.policy import LEFT, RIGHT, Policy
from pm_providers.sync.translate import Translator
from tests.sync.pairing_rules import matched

LINES = st.lists(st.sampled_from("abcdefgh"), max_size=8).map("\n".join)
POLICY = Policy()


def facts(side: str, **values: Any) -> SideFacts:
    """A side that can hold everything."""
    return SideFacts(side=side, title=side, project_id="1", **values)


def translator(policy: Policy = POLICY, **values: Any) -> Translator:
    """Between two sides of which the right is as given."""
    table = {("task", LEFT, "l9"): "r9", ("task", RIGHT, "r9"): "l9"}
    return Translator(
        facts(LEFT), facts(RIGHT, **values), policy, lambda entity, side, one: table.get((entity, side, one))
    )


# merging


@given(LINES, LINES)
def test_a_merge_with_what_did_not_change_is_the_edit(base: str, edit: str) -> None:
    """Whatever the edit is."""
    assert merge_texts(base, edit, base) == edit
    assert merge_texts(base, base, edit) == edit
    assert merge_texts(base, edit, edit) == edit


@given(LINES, LINES, LINES)
def test_a_merge_does_not_depend_on_the_side(base: str, left: str, right: str) -> None:
    """Also where there is none."""
    assert merge_texts(base, left, right) == merge_texts(base, right, left)


@given(LINES, LINES, LINES)
def test_a_merge_keeps_the_new_lines_of_both_and_adds_none(base: str, left: str, right: str) -> None:
    """Nothing that somebody wrote is lost, nothing comes from nowhere."""
    found = merge_texts(base, left, right)
    if found is None:
        return
    new = (set(left.split("\n")) | set(right.split("\n"))) - set(base.split("\n"))
    lines = set(found.split("\n"))
    assert new <= lines
    assert lines <= new | set(base.split("\n"))


# comparing

VALUES = st.sampled_from([None, "a", "b", "c"])


def pair(base: Any, left: Any, right: Any, **options: Any) -> LinkView:
    """A pair whose titles' descriptions are these."""

    def said(value: Any) -> dict[str, Any]:
        return {"title": "t"} if value is None else {"title": "t", "description": value}

    return LinkView(
        "1", {LEFT: "l1", RIGHT: "r1"}, agreed={LEFT: said(base), RIGHT: said(base)},
        now={LEFT: said(left), RIGHT: said(right)}, **options,
    )  # fmt: skip


@given(VALUES, VALUES, VALUES, st.sampled_from([LEFT, RIGHT]))
def test_after_a_plan_both_sides_say_the_same_and_nothing_else_is_planned(
    base: Any, left: Any, right: Any, winner: str
) -> None:
    """An edit of one side is carried; of two different ones that of the winner, or both merged."""
    state = {LEFT: left, RIGHT: right}
    found = decide(pair(base, left, right), translator(Policy(conflicts=winner)))
    for one in found:
        for step in one.steps:
            assert step.old == state[one.side]
            state[one.side] = step.new
    assert state[LEFT] == state[RIGHT]
    again = decide(pair(state[LEFT], state[LEFT], state[RIGHT]), translator())
    assert [one.act for one in again] == [Act.SETTLE]
    if left != base and right == base:
        assert state[RIGHT] == left
    if left != base and right not in (base, left):
        assert state[LEFT] == {LEFT: left, RIGHT: right}[winner]


@given(VALUES, VALUES, VALUES)
def test_where_people_decide_nothing_is_written_before(base: Any, left: Any, right: Any) -> None:
    """A conflict waits; all else is carried."""
    found = decide(pair(base, left, right), translator(Policy(conflicts="manual")))
    is_open = left != right and base not in {left, right}
    assert (found[0].act is Act.WAIT) == is_open
    assert not (is_open and any(one.steps for one in found))


@pytest.mark.parametrize(
    ("apart", "winner"), [(0, RIGHT), (100, RIGHT), (-100, RIGHT), (500, LEFT), (-500, RIGHT)]
)
def test_the_newest_wins_only_where_clocks_can_tell(apart: int, winner: str) -> None:
    """Closer than the uncertainty is a tie, which the policy decides."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    view = pair("a", "b", "c", edited_at={LEFT: at + timedelta(seconds=apart), RIGHT: at})
    (one,) = decide(view, translator(Policy(tie=RIGHT)))
    (clash,) = one.clashes
    assert (clash.winner, "by clocks that may differ by" in clash.note) == (winner, True)


def test_what_cannot_be_held_is_named_and_nothing_is_written() -> None:
    """It waits until it can."""
    found = decide(pair("a", "b", "a"), translator(cannot={"description": "it has none"}))
    assert [(one.act, dict(one.held), dict(one.waits)) for one in found] == [
        (Act.SETTLE, {"description": "it has none"}, {"description": LEFT})
    ]


def test_a_plan_is_named_by_what_it_does() -> None:
    """Not by its order; by what it overwrites as well."""
    one = Decision(Act.UPDATE, "1", LEFT, steps=(Step("title", "a", "b"),))
    two = Decision(Act.DELETE, "2", RIGHT)
    assert plan_id([one, two]) == plan_id([two, one])
    assert plan_id([one]) != plan_id([replace(one, steps=(Step("title", "c", "b"),))])


@given(st.dictionaries(st.integers(0, 6).map(str), st.integers(0, 6).map(str)))
def test_going_up_ends_in_circles_too(above: dict[str, str]) -> None:
    """And finds what stands above."""
    for child, parent in above.items():
        assert reaches(above, child, parent)


# translating


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        ((), "blocked"),
        (("todo", "in_progress", "completed"), "in_progress"),
        (("todo", "completed"), "todo"),
    ],
)
def test_a_status_that_is_not_offered_becomes_the_nearest(offered: tuple[str, ...], expected: str) -> None:
    """And that is noted."""
    side = translator(statuses=tuple(Choice(one, one.upper(), one) for one in offered))
    told = side.carry("status", {"is": "blocked", "name": "On hold"}, LEFT)
    assert (told.value["is"], bool(told.note)) == (expected, bool(offered))


def test_a_status_that_was_renamed_is_held_where_people_paired_it() -> None:
    """A pair that names nothing is not guessed around."""
    policy = Policy(pairs={"statuses": {"Review": "In review"}})
    told = translator(policy, statuses=(Choice("1", "QA", "in_progress"),)).carry(
        "status", {"is": "in_progress", "name": "Review"}, LEFT
    )
    assert "In review" in told.held


def test_a_parent_that_is_not_in_step_is_held() -> None:
    """One that is becomes its counterpart."""
    assert translator().carry("parent", "l1", LEFT).held
    assert translator().carry("parent", "l9", LEFT).value == "r9"


# pairing


def test_two_users_with_one_email_are_nobodys_counterpart() -> None:
    """It is reported, and what people said goes before."""
    left = {"1": Person("1", "Ada", "a@x.org")}
    right = {one: Person(one, f"Ada {one}", "A@x.org") for one in ("8", "9")}
    found = Directory.of(left, right, Policy())
    assert (found.partner(LEFT, "1"), list(found.doubtful)) == (None, ["1"])
    found = Directory.of(left, right, Policy(pairs={"users": {"Ada": "Ada 9"}}))
    assert (found.partner(LEFT, "1"), found.partner(RIGHT, "9"), found.doubtful) == ("9", "1", {})


TITLES = st.lists(st.sampled_from(["a", "A ", "b", "c"]), max_size=6)


@given(TITLES, TITLES)
def test_items_are_paired_once_and_only_where_it_is_plain(left: list[str], right: list[str]) -> None:
    """Equal titles, one on each side; several candidates are doubtful, never guessed."""

    def candidates(side: str, titles: list[str]) -> list[Candidate]:
        return [Candidate(f"{side}{no}", f"{side}{no}", {"title": one}) for no, one in enumerate(titles)]

    found = matched(candidates("l", left), candidates("r", right), parents=lambda _: None)
    folded = [[one.strip().casefold() for one in titles] for titles in (left, right)]
    plain = {one for one in folded[0] if folded[0].count(one) == folded[1].count(one) == 1}
    assert {folded[0][int(one[1:])] for one, _ in found.pairs} == plain
    assert all(folded[0][int(one[1:])] == folded[1][int(two[1:])] for one, two in found.pairs)
    shared = (set(folded[0]) & set(folded[1])) - plain
    assert len(found.doubtful) == sum(titles.count(one) for one in shared for titles in folded)


# options


def test_options_that_are_malformed_are_all_named() -> None:
    """With what they may be."""
    with pytest.raises(ValidationError) as caught:
        Policy.of(
            {"conflicts": "me", "fuse_share": 2, "nothing": 1, "pairs": {"cats": {}}, "fields": "title"}
        )
    assert set(caught.value.fields) == {"conflicts", "fuse_share", "nothing", "pairs", "fields"}
    assert Policy.of({"deletes": "close", "schedule_s": 60}) == Policy(deletes="close")


def test_a_policy_is_known_by_its_options() -> None:
    """In whatever order they were written."""
    assert Policy(fields=frozenset("ab")).digest == Policy(fields=frozenset("ba")).digest
    assert Policy(pairs={"users": {"a": "b"}}).digest != Policy().digest
