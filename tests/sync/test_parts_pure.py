"""What only computes about parts: plans, pairs, views, texts that stand for authors and files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_providers.errors import TransportError, ValidationError
from pm_providers.store.sync_links import DETACHED, LINKED
from pm_providers.store.sync_parts import PartLink
from pm_providers.sync.decisions import Act
from pm_providers.sync.parts_checklists import Checklists
from pm_providers.sync.parts_comments import Comments, People
from pm_providers.sync.parts_model import Item, PartView, Scope
from pm_providers.sync.parts_plan import Bars, agreed_values, decide_part, paired
from pm_providers.sync.parts_records import less
from pm_providers.sync.parts_texts import (
    attachment_name,
    attachment_note,
    is_lasting,
    split_header,
    written_by,
)
from pm_providers.sync.parts_views import views_of
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy

COMMENTS, LISTS = Comments(People()), Checklists()
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
names = st.text("ab ", min_size=1, max_size=4).filter(str.strip)
lines = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=60)


def view(left=None, right=None, base=None, *, copy="", ids=SIDES, name="body"):
    """A part that said `base` on both sides, and says this now; gone where `None`."""
    said = {LEFT: left, RIGHT: right}
    items = {side: Item(f"{side}-1", {name: text}, NOON) for side, text in said.items() if text is not None}
    agreed = {} if base is None else {side: {name: base} for side in SIDES}
    return PartView("L", None, items, {side: f"t/{side}-1" for side in ids}, agreed, copy)


def decided(one, kind=COMMENTS, policy=None, bars=None):
    """Act, side and new values of each decision."""
    found = decide_part(kind, one, policy or Policy(), bars or Bars())
    return [(each.act, each.side, {step.field: step.new for step in each.steps}) for each in found]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (view("a", "a", "a"), []),
        (view("b", "a", "a"), [(Act.UPDATE, RIGHT, {"body": "b"})]),
        (view("a", "b", "a"), [(Act.UPDATE, LEFT, {"body": "b"})]),
        (view("b", "b", "a"), [(Act.SETTLE, "", {})]),
        (view("a", None, None, ids=(LEFT,)), [(Act.CREATE, RIGHT, {"body": "a"})]),
        (view(None, "a", None, ids=(RIGHT,)), [(Act.CREATE, LEFT, {"body": "a"})]),
        (view(None, None, "a"), [(Act.FORGET, "", {})]),
        (view(None, "a", "a", copy=RIGHT), [(Act.DELETE, RIGHT, {})]),
        (view("a", None, "a", copy=RIGHT), [(Act.DETACH, "", {})]),
        (view(None, "b", "a", copy=RIGHT), [(Act.CREATE, LEFT, {"body": "b"})]),
    ],
)
def test_a_comment(one, expected):
    assert decided(one) == expected


def test_a_deleted_checklist_goes_whoever_made_it():
    gone = view("a", None, "a", name="name")
    assert decided(gone, LISTS) == [(Act.DELETE, LEFT, {})]
    assert decided(gone, LISTS, Policy(deletes="ignore")) == [(Act.DETACH, "", {})]
    assert decided(gone, LISTS, Policy(direction="to_right")) == [(Act.DETACH, "", {})]


@given(names, names, names)
def test_a_plan_that_is_carried_out_leaves_nothing_to_do(left, right, base):
    now = {LEFT: left, RIGHT: right}
    for act, side, values in decided(view(left, right, base), policy=Policy(conflicts=LEFT)):
        if act is Act.UPDATE:
            now[side] = values["body"]
    assert now[LEFT].split() == now[RIGHT].split()
    after = decide_part(COMMENTS, view(now[LEFT], now[RIGHT], now[LEFT]), Policy(), Bars())
    assert [one.act for one in after if one.act is not Act.SETTLE] == []


@given(names, names, names)
def test_one_direction_never_writes_back(left, right, base):
    for one in decide_part(COMMENTS, view(left, right, base), Policy(direction="to_right"), Bars()):
        assert one.side != LEFT


def test_a_losing_text_is_named():
    (one,) = decide_part(LISTS, view("b", "c", "a", name="name"), Policy(conflicts=RIGHT), Bars())
    (clash,) = one.clashes
    assert (one.side, clash.winner, clash.left, clash.right, clash.base) == (LEFT, RIGHT, "b", "c", "a")
    (waits,) = decide_part(LISTS, view("b", "c", "a", name="name"), Policy(conflicts="manual"), Bars())
    assert (waits.act, waits.clashes[0].winner) == (Act.WAIT, "")


def test_what_a_side_cannot_do_is_held_and_said():
    bars = Bars({RIGHT: "no comments"}, {RIGHT: {"body": "comments are not edited"}})
    single = decide_part(COMMENTS, view("a", ids=(LEFT,)), Policy(), bars)
    assert [(one.act, dict(one.held)) for one in single] == [(Act.LEAVE, {"comments": "no comments"})]
    pair = decide_part(COMMENTS, view("b", "a", "a"), Policy(), bars)
    assert [(one.act, dict(one.held)) for one in pair] == [(Act.SETTLE, {"body": "comments are not edited"})]


@given(st.lists(names), st.lists(names))
def test_pairs_say_the_same_and_nothing_is_paired_twice(left, right):
    singles = {
        side: [Item(f"{side}{number}", {"name": name}) for number, name in enumerate(found)]
        for side, found in ((LEFT, left), (RIGHT, right))
    }
    pairs = paired(LISTS, singles)
    assert all(LISTS.key(one.values) == LISTS.key(two.values) for one, two in pairs)
    assert len({one.id for one, _ in pairs}) == len({two.id for _, two in pairs}) == len(pairs)
    alone = {side: {one.id for one in found} for side, found in singles.items()}
    alone[LEFT] -= {one.id for one, _ in pairs}
    alone[RIGHT] -= {two.id for _, two in pairs}
    keys = [{LISTS.key(one.values) for one in singles[side] if one.id in alone[side]} for side in SIDES]
    assert not keys[0] & keys[1]


def row(link_id, left, right, state=LINKED):
    agreed = {"name": "x"}
    return PartLink(link_id, "checklist", "T", left, right, agreed, agreed, None, None, state, None, NOON)


def test_views_keep_what_is_in_step_apart_from_what_is_not():
    scope = Scope("T", {LEFT: "l", RIGHT: "r"})
    read = {
        LEFT: [Item("1", {"name": "x"}), Item("2", {"name": "out"}), Item("3", {"name": "new"})],
        RIGHT: [Item("7", {"name": "y"}), Item("9", {"name": "New"}), Item("5", {"name": "alone"})],
    }
    rows = [row("A", "l/1", "r/7"), row("B", "l/2", "r/8", DETACHED), row("C", "gone/4", "r/6")]
    found = {tuple(sorted(one.ids.values())): one for one in views_of(LISTS, scope, rows, read, {})}
    assert set(found) == {("l/1", "r/7"), ("r/6",), ("l/3", "r/9"), ("r/5",)}
    assert found["r/6",].items == {}
    assert found["l/3", "r/9"].agreed == {}
    assert scope.pairs["checklist", LEFT, "1"] == scope.pairs["checklist", RIGHT, "7"] == "A"
    assert ("checklist", LEFT, "2") not in scope.pairs


@given(st.dictionaries(st.sampled_from("abc"), names), st.dictionaries(st.sampled_from("abc"), names))
def test_undecided_fields_keep_what_was_agreed(now, before):
    kept = agreed_values(now, before, ["a"], is_copy=False)
    assert kept.get("a") == before.get("a")
    assert {name: value for name, value in kept.items() if name != "a"} == {
        name: value for name, value in now.items() if name != "a"
    }
    assert agreed_values(now, before, (), is_copy=True) == {**now, "copy": True}


def test_rejected_fields_are_left_out_unless_that_leaves_nothing():
    error = ValidationError("no", fields={"assignee_id": "no such user"})
    values = {"title": "x", "assignee": "3"}
    assert less(values, error) == ({"title": "x"}, {"assignee": "no such user"})
    assert less({"assignee": "3"}, error) is None
    assert less(values, ValidationError("no", fields={"title": "too long"})) is None
    assert less(values, TransportError("gone")) is None


@given(lines, st.none() | st.datetimes(timezones=st.just(UTC)), lines, lines)
def test_who_wrote_it_is_told_apart_from_the_text(name, at, system, body):
    head = written_by(name, at, system)
    assert split_header(f"{head}\n\n{body}") == (head, body.lstrip("\n"))


@given(lines)
def test_what_people_type_has_no_author_above_it(text):
    assert split_header(text)[1] == text or " wrote on " in text


@given(lines.filter(str.strip), st.none() | st.integers(0, 10**13), lines.filter(str.strip))
def test_a_file_is_known_by_the_comment_that_stands_for_it(name, size, system):
    plain = attachment_note(name, size, system, None)
    linked = attachment_note(name, size, system, "https://example.org/file?id=1")
    assert attachment_name(plain) == attachment_name(linked) is not None


@given(st.text("Atchmen: ()B,i", max_size=40))
def test_other_comments_stand_for_no_file(text):
    assert attachment_name(text) is None


@pytest.mark.parametrize(
    ("url", "lasts"),
    [
        ("https://example.org/a.txt", True),
        ("https://example.org/a.txt?id=3", True),
        ("https://example.org/a.txt?X-Amz-Signature=1", False),
        ("https://example.org/a.txt?token=1", False),
        ("https://ada@example.org/a.txt", False),
        ("ftp://example.org/a.txt", False),
        (None, False),
    ],
)
def test_addresses_with_keys_are_not_written_down(url, lasts):
    assert is_lasting(url) is lasts


def test_clocks_break_ties_only_where_they_can():
    one = view("b", "c", "a", name="name")
    one.items[RIGHT] = Item("right-1", {"name": "c"}, NOON + timedelta(hours=1))
    (decision,) = decide_part(LISTS, one, Policy(conflicts="newest"), Bars())
    assert (decision.side, decision.clashes[0].winner) == (LEFT, RIGHT)
    one.items[RIGHT] = Item("right-1", {"name": "c"}, None)
    (decision,) = decide_part(LISTS, one, Policy(conflicts="newest", tie=LEFT), Bars())
    assert (decision.clashes[0].winner, decision.clashes[0].note) == (LEFT, "it is not known which is newer")
